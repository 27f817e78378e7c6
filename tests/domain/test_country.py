# mypy: allow-untyped-defs, allow-untyped-calls
"""Countries as HR writes them; the zone and the language that follow from one."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.country import (
    ZoneChoice,
    alpha2,
    language,
    languages,
    main_language,
    time_zone,
    usage_location,
    valid_zone,
    zones,
)
from onboarding.domain.country_names import ISO, KNOWN


def iso_rows() -> list[list[str]]:
    text = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_the_codes_are_those_of_the_iana_copy_of_iso_3166():
    assert {row[0] for row in iso_rows()} == ISO


@pytest.mark.parametrize(("code", "name"), [row[:2] for row in iso_rows()])
def test_every_country_is_known_by_code_and_by_its_everyday_english_name(code, name):
    assert alpha2(code) == alpha2(code.lower()) == code
    assert alpha2(name) == code
    assert alpha2(name.upper()) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # codes
        ("DEU", "DE"),
        ("gbr", "GB"),
        ("UK", "GB"),
        ("uk", "GB"),
        ("U.K.", "GB"),
        ("EL", "GR"),
        ("U.S.", "US"),
        ("U.S.A", "US"),
        (" us ", "US"),
        ("AO", "AO"),
        ("NGA", "NG"),
        ("XK", "XK"),
        ("GB-SCT", "GB"),
        # HR spellings
        ("USA", "US"),
        ("United States of America", "US"),
        ("United States (USA)", "US"),
        ("The Netherlands", "NL"),
        ("Netherlands, The", "NL"),
        ("Netherlands (the)", "NL"),
        ("Holland", "NL"),
        ("Korea, Republic of", "KR"),
        ("Korea (Republic of)", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("South Korea", "KR"),
        ("Türkiye", "TR"),
        ("Turkiye", "TR"),
        ("Turkey/Türkiye", "TR"),
        ("Türkiye, Republic of", "TR"),
        ("Czech Republic", "CZ"),
        ("England", "GB"),
        ("Great Britain", "GB"),
        ("Northern Ireland", "GB"),
        ("Republic of Ireland", "IE"),
        ("Russian Federation", "RU"),
        ("Moldova (Republic of)", "MD"),
        ("Tanzania, United Republic of", "TZ"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Bolivia (Plurinational State of)", "BO"),
        ("Micronesia (Federated States of)", "FM"),
        ("Congo (Democratic Republic of the)", "CD"),
        ("Republic of the Congo", "CG"),
        ("DR Congo", "CD"),
        ("Bosnia-Herzegovina", "BA"),
        ("Bosnia & Herzegovina", "BA"),
        ("Cote d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("St. Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("Viet Nam", "VN"),
        ("Hong Kong", "HK"),
        ("Macau", "MO"),
        ("Taiwan, Province of China", "TW"),
        ("Swaziland", "SZ"),
        ("Burma", "MM"),
        ("UAE", "AE"),
        ("Virgin Islands, British", "VG"),
        ("DE - Germany", "DE"),
        ("Germany (DE)", "DE"),
        ("Georgia", "GE"),
        ("Kingdom of Denmark", "DK"),
        ("Kosovo", "XK"),
        # names in their own and in other languages
        ("Deutschland", "DE"),
        ("DEUTSCHLAND", "DE"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("osterreich", "AT"),
        ("Schweiz", "CH"),
        ("Suisse", "CH"),
        ("Svizzera", "CH"),
        ("Allemagne", "DE"),
        ("España", "ES"),
        ("Espagne", "ES"),
        ("Brasil", "BR"),
        ("Nederländerna", "NL"),
        ("Norge", "NO"),
        ("Suomi", "FI"),
        ("Ísland", "IS"),
        ("Polska", "PL"),
        ("Česko", "CZ"),
        ("Magyarország", "HU"),
        ("Ελλάδα", "GR"),
        ("ΕΛΛΆΔΑ", "GR"),
        ("Россия", "RU"),
        ("Україна", "UA"),
        ("საქართველო", "GE"),
        ("Հայաստան", "AM"),
        ("ישראל", "IL"),
        ("السعودية", "SA"),
        ("المملكة العربية السعودية", "SA"),
        ("ایران", "IR"),
        ("भारत", "IN"),
        ("ไทย", "TH"),
        ("ประเทศไทย", "TH"),
        ("Việt Nam", "VN"),
        ("Áo", "AT"),
        ("日本", "JP"),
        ("中国", "CN"),
        ("台灣", "TW"),
        ("대한민국", "KR"),
        ("ドイツ", "DE"),
        ("Amerika Serikat", "US"),
        ("🇩🇪", "DE"),
    ],
)
def test_hr_spellings(text, code):
    assert alpha2(text) == code


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  ",
        ".",
        "-",
        "n/a",
        "XX",
        "ZZ",
        "EU",
        "QQ",
        "Mars",
        "Unknown",
        "Congo",
        "Kongo",
        "Congo (the)",
        "Korea",
        "Corée",
        "Republic of China",
        "Virgin Islands",
        "America",
        "Yugoslavia",
        "Nga",  # Russia in Vietnamese, Nigeria as a code
        "State of Georgia",
        "Atlanta, Georgia",
        "New Jersey",
        "Germany / France",
        "Germany or so",
        "380",  # Italy in ISO 3166, Ukraine on the telephone
        "276",
        "\x00",
        "Germany" * 50,
    ],
)
def test_unknown_and_ambiguous_texts_are_not_guessed(text):
    assert alpha2(text) is None


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_known_code_or_none(text):
    assert alpha2(text) in KNOWN | {None}


@pytest.mark.parametrize(
    ("text", "code"), [("UK", "GB"), ("Deutschland", "DE"), ("XK", None), ("Congo", None), (None, None)]
)
def test_only_iso_codes_become_a_usage_location(text, code):
    assert usage_location(text) == code


@pytest.mark.parametrize("code", sorted(KNOWN))
def test_every_country_has_a_zone_that_exists(code):
    choice = time_zone(code)
    assert ZoneInfo(choice.zone).key == choice.zone
    assert choice.zone in zones(code)
    assert choice.zone != "UTC"


@pytest.mark.parametrize(
    ("arguments", "zone", "assumed"),
    [
        ({"country": "DE"}, "Europe/Berlin", False),  # Büsingen has the same clock
        ({"country": "Nepal"}, "Asia/Kathmandu", False),
        ({"country": "AR"}, "America/Argentina/Buenos_Aires", False),
        ({"country": "US"}, "America/New_York", True),
        ({"country": "RU"}, "Europe/Moscow", True),
        ({"country": "AU"}, "Australia/Sydney", True),
        ({"country": "BR"}, "America/Sao_Paulo", True),
        ({"country": "CA"}, "America/Toronto", True),
        ({"country": "ES"}, "Europe/Madrid", True),
        ({"country": "UA"}, "Europe/Kyiv", True),
        ({"country": "US", "city": "Los Angeles"}, "America/Los_Angeles", False),
        ({"country": "BR", "city": "SAO PAULO"}, "America/Sao_Paulo", False),
        ({"country": "US", "city": "Springfield"}, "America/New_York", True),
        ({"country": "US", "hr_zone": "America/Denver"}, "America/Denver", False),
        ({"country": "US", "hr_zone": "america/denver", "city": "Chicago"}, "America/Denver", False),
        ({"country": "DE", "hr_zone": "W. Europe Standard Time"}, "Europe/Berlin", False),
        ({"country": "US", "hr_zone": "EST"}, "America/New_York", True),
        ({"country": "DE", "hr_zone": "+02:00"}, "Europe/Berlin", False),
        ({"country": "DE", "hr_zone": "../../etc/passwd"}, "Europe/Berlin", False),
        ({"country": None, "hr_zone": "Asia/Kolkata"}, "Asia/Kolkata", False),
        ({"country": None}, "UTC", True),
        ({"country": "Congo"}, "UTC", True),
    ],
)
def test_the_zone_is_hrs_then_the_citys_then_the_countrys(arguments, zone, assumed):
    choice = time_zone(**arguments)
    assert (choice.zone, choice.assumed) == (zone, assumed)


def test_a_choice_says_why_and_never_repeats_what_hr_wrote():
    choice = time_zone("US", "Jane's zone", "Janetown")
    assert choice == ZoneChoice("America/New_York", True, choice.why)
    assert "not an IANA" in choice.why
    assert "Jane" not in choice.why


@pytest.mark.parametrize(
    "text", [None, "", " ", "EST", "CET", "Factory", "localtime", "posixrules", "UTC+2", "CEST"]
)
def test_abbreviations_and_offsets_are_no_zones(text):
    assert valid_zone(text) is None


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("UTC", "UTC"),
        ("etc/utc", "Etc/UTC"),
        ("America/New York", "America/New_York"),
        ("pacific standard time", "America/Los_Angeles"),
    ],
)
def test_zone_names_in_any_case_are_understood(text, zone):
    assert valid_zone(text) == zone


@pytest.mark.parametrize(
    ("country", "tags", "main"),
    [
        ("DE", ("de",), "de"),
        ("CH", ("de", "fr", "it", "gsw"), "de"),
        ("BE", ("nl", "fr", "de"), "nl"),
        ("TW", ("zh-Hant", "nan-Hant", "hak-Hant"), "zh-Hant"),
        ("NO", ("nb", "nn"), "nb"),
        ("IN", ("hi", "en"), "en"),
        ("ZA", ("en",), "en"),
        ("PH", ("en", "fil"), "en"),
        ("Deutschland", ("de",), "de"),
        ("AQ", (), None),
        (None, (), None),
    ],
)
def test_the_languages_of_a_country(country, tags, main):
    assert languages(country) == tags
    assert main_language(country) == main


SUPPORTED = ["en", "de", "fr", "pt-BR", "nb", "sr-Latn", "zh-Hans", "zh-Hant"]


@pytest.mark.parametrize(
    ("locale", "country", "expected"),
    [
        ("de", None, "de"),
        ("de-AT", None, "de"),
        ("de_CH.UTF-8", "FR", "de"),
        ("DE", None, "de"),
        ("pt-BR", None, "pt-BR"),
        ("pt-PT", None, "pt-BR"),
        ("no", None, "nb"),
        ("zh-TW", None, "zh-Hant"),
        ("zh_Hant_HK", None, "zh-Hant"),
        ("zh-CN", None, "zh-Hans"),
        ("sr", None, "en"),  # Cyrillic readers are not sent Latin script
        ("sr-Latn-RS", None, "sr-Latn"),
        ("xx", "AT", "de"),
        ("tlh", None, "en"),
        (None, "CH", "de"),
        (None, "BE", "en"),  # Dutch first, and French is not a substitute for it
        (None, "TW", "zh-Hant"),
        (None, "IN", "en"),
        ("", "France", "fr"),
        ("en-US", "DE", "en"),
        (None, None, "en"),
    ],
)
def test_the_language_is_the_locales_then_its_bases_then_the_countrys_then_english(locale, country, expected):
    assert language(locale, country, SUPPORTED) == expected


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_locale_gives_a_supported_language(locale, country):
    assert language(locale, country, SUPPORTED) in SUPPORTED


def test_importing_the_module_loads_no_language_data():
    code = "import sys, onboarding.domain.country; print('babel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
