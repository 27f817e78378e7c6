# mypy: allow-untyped-defs, allow-untyped-calls
"""Time zones: HR's field, the place, the country; and what is assumed, said so."""

from __future__ import annotations

from importlib import resources
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.places.codes import KNOWN
from onboarding.domain.places.country import ZoneChoice, region, time_zone, valid_zone, zones
from onboarding.domain.places.regions import REGION_ZONES, is_region
from onboarding.domain.places.zone_names import clock
from tests.support.tables import check


def choice(country, hr_zone=None, place=None):
    found = time_zone(country, hr_zone, place)
    return found.zone, found.assumed


def test_every_country_has_a_zone_that_exists():
    for code in sorted(KNOWN):
        found = time_zone(code)
        assert ZoneInfo(found.zone).key == found.zone
        assert found.zone in zones(code)
        assert found.zone != "UTC"


def test_names_that_hr_systems_send():
    check(
        {
            "Europe/Berlin": "Europe/Berlin", "europe/berlin": "Europe/Berlin",
            "America/New York": "America/New_York",
            "Asia/Calcutta": "Asia/Calcutta", "US/Eastern": "US/Eastern", "Etc/GMT+5": "Etc/GMT+5", "UTC": "UTC",
            "etc/utc": "Etc/UTC", "Pacific Standard Time": "America/Los_Angeles",
            "pacific standard time": "America/Los_Angeles",
            "W. Europe Standard Time": "Europe/Berlin", "India Standard Time": "Asia/Calcutta",
            "Nepal Standard Time": "Asia/Katmandu", "Line Islands Standard Time": "Pacific/Kiritimati",
            "(GMT-05:00) America/New_York": "America/New_York", "America/New_York (EST)": "America/New_York",
            "(UTC+01:00) W. Europe Standard Time": "Europe/Berlin",
            "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna": "Europe/Amsterdam",
            "(UTC+10:00) Canberra, Melbourne, Sydney": "Australia/Canberra",
            "(UTC+02:00) Berlin": "Europe/Berlin",  # the summer's offset
            "(UTC-05:00) Berlin": None, "Berlin": None, "(UTC+01:00) Berlin, Moscow": None,
            "EST": None, "CET": None, "CEST": None, "IST": None, "UTC+2": None, "+02:00": None,
            "GMT-0800": None, "-5": None,
            "Factory": None, "localtime": None, "posixrules": None, "../../etc/passwd": None, "Mars/Olympus": None,
            "": None, " ": None, None: None, "x" * 1000: None,
        },
        valid_zone,
    )  # fmt: skip


def test_every_windows_name_and_every_iana_name_is_understood():
    from babel.core import get_global

    for name in get_global("windows_zone_mapping"):
        assert ZoneInfo(valid_zone(name) or "").key == valid_zone(name), name
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    for name in names:
        assert valid_zone(name) == name or ("/" not in name and valid_zone(name) is None), name


def test_the_zone_is_hrs_then_the_places_then_the_countrys():
    check(
        {
            ("DE",): ("Europe/Berlin", False),  # Büsingen has the same clock
            ("Nepal",): ("Asia/Kathmandu", False), ("AR",): ("America/Argentina/Buenos_Aires", False),
            ("US",): ("America/New_York", True), ("RU",): ("Europe/Moscow", True),
            ("AU",): ("Australia/Sydney", True),
            ("BR",): ("America/Sao_Paulo", True), ("CA",): ("America/Toronto", True),
            ("ES",): ("Europe/Madrid", True),
            ("UA",): ("Europe/Kyiv", True), ("KI",): ("Pacific/Tarawa", True), ("ID",): ("Asia/Jakarta", True),
            ("MX",): ("America/Mexico_City", True), ("KZ",): ("Asia/Almaty", False), ("CN",): ("Asia/Shanghai", True),
            ("US", "America/Denver"): ("America/Denver", False),
            ("US", "america/denver", "Chicago"): ("America/Denver", False),
            ("DE", "W. Europe Standard Time"): ("Europe/Berlin", False),
            ("DE", "+02:00"): ("Europe/Berlin", False), ("US", "-08:00"): ("America/New_York", True),
            ("DE", "../../etc/passwd"): ("Europe/Berlin", False), (None, "Asia/Kolkata"): ("Asia/Kolkata", False),
            # what an HR system stores when nobody chose a zone
            ("US", "UTC", "Seattle, WA"): ("America/Los_Angeles", False), ("DE", "Etc/UTC"): ("Europe/Berlin", False),
            ("GB", "GMT"): ("Europe/London", False), (None, "UTC"): ("UTC", False),
            # words that mean something in the country only
            ("US", "EST"): ("America/New_York", False), ("US", "PST"): ("America/Los_Angeles", False),
            ("US", "Eastern Time (US & Canada)"): ("America/New_York", False),
            ("US", "(GMT-08:00) Pacific Time (US & Canada)"): ("America/Los_Angeles", False),
            ("CA", "Newfoundland Time"): ("America/St_Johns", False), ("ID", "WIB"): ("Asia/Jakarta", False),
            ("AU", "AEST"): ("Australia/Sydney", True), ("US", "Mountain Time"): ("America/Denver", True),
            ("US", "MST", "Phoenix, AZ"): ("America/Phoenix", False), ("US", "CET"): ("America/New_York", True),
            # places
            ("US", None, "Los Angeles"): ("America/Los_Angeles", False),
            ("BR", None, "SAO PAULO"): ("America/Sao_Paulo", False),
            ("US", None, "Springfield"): ("America/New_York", True),
            ("US", None, "San Jose, CA"): ("America/Los_Angeles", False),
            ("US", None, "Austin, TX, USA"): ("America/Chicago", True),
            ("US", None, "Denver, NC"): ("America/New_York", False),
            ("US", None, "Remote - California"): ("America/Los_Angeles", False),
            ("CA", None, "Vancouver, BC"): ("America/Vancouver", False),
            ("AU", None, "Perth, WA"): ("Australia/Perth", False),
            ("US", None, "Washington, DC"): ("America/New_York", False),
            ("ES", None, "Las Palmas, Canarias"): ("Atlantic/Canary", False),
            ("PT", None, "Azores"): ("Atlantic/Azores", False),
            (None,): ("UTC", True), ("Congo",): ("UTC", True), (None, "nonsense", "Paris"): ("UTC", True),
        },
        choice,
    )  # fmt: skip


def test_a_choice_says_why_and_never_repeats_what_hr_wrote():
    found = time_zone("US", "Jane's zone", "Janetown")
    assert found == ZoneChoice("America/New_York", True, found.why)
    assert "not an IANA" in found.why
    assert "Jane" not in found.why
    assert "names no place" in time_zone("US", "UTC").why


def test_every_zone_of_a_region_exists_in_its_country():
    for code, zone in REGION_ZONES.items():
        country, _, part = code.partition("-")
        assert is_region(country, part), code
        assert zone in zones(country) or clock(zone) in {clock(other) for other in zones(country)}, code


def test_regions():
    check(
        {
            ("DE", "DE-BY"): "DE-BY", ("DE", "Germany", "München, Bayern"): "DE-BY", ("DE", None, "Bavaria"): "DE-BY",
            ("GB", "England"): "GB-ENG", ("GB", "UK", "Edinburgh, Scotland"): "GB-SCT", ("US", "Austin, TX"): "US-TX",
            ("US", "Washington, DC"): "US-DC", ("US", "Ontario, CA"): "US-CA", ("CA", "Ontario, CA"): "CA-ON",
            ("CA", "Montréal (Québec)"): "CA-QC", ("CH", "Zürich"): "CH-ZH", ("MY", "Kota Bharu, Kelantan"): "MY-03",
            ("AE", "Sharjah"): "AE-SH", ("US", "US-CA"): "US-CA", ("AU", "Sydney NSW 2000"): None,
            ("DE", "DE"): None, ("US", "IN"): None, ("US", "Springfield"): None,
            ("FR", "Berlin"): None, ("NR", "Yaren"): None,
            (None, "Bayern"): None, ("DE", None): None, ("DE", ""): None,
        },
        region,
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([*sorted(KNOWN), None, "?"]),
    st.none() | st.text(max_size=40),
    st.none() | st.text(max_size=40),
)
def test_any_text_gives_a_zone_that_exists(country, hr_zone, place):
    found = time_zone(country, hr_zone, place)
    assert ZoneInfo(found.zone).key == found.zone
    assert found.why
    part = region(country if country in KNOWN else None, hr_zone, place)
    assert part is None or part.startswith(f"{country}-")
