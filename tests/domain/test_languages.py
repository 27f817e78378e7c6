# mypy: allow-untyped-defs, allow-untyped-calls
"""Languages: what HR's field means, what a country speaks, and which of ours a person gets."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.places.codes import KNOWN
from onboarding.domain.places.country import (
    language,
    languages,
    main_language,
    preferred_language,
    read_language,
)
from scripts import place_index
from tests.support.tables import check


def test_codes():
    check(
        {
            "de": "de", "DE": "de", "de_AT": "de-AT", "DE_at": "de-AT", "de_CH.UTF-8": "de-CH",
            "deu": "de", "ger": "de",
            "en-UK": "en-GB", "en_US": "en-US", "es-419": "es-419", "zh-Hans": "zh-Hans", "zh_hant_tw": "zh-Hant-TW",
            "zh-CHS": "zh-Hans", "zh-CHT": "zh-Hant", "sr_RS@latin": "sr-Latn-RS", "sr-Latn-RS": "sr-Latn-RS",
            "no": "nb", "nn": "nn", "iw": "he", "in": "id", "ca-ES-valencia": "ca-ES", "fr-FR-1990": "fr-FR",
            "de-DE-u-co-phonebk": "de-DE", "de-XX": "de", "pt-br": "pt-BR",
            "xx": None, "tlh": None, "US": None, "GB": None, "i-klingon": None, "1031": None,
            "en-US-": None, "-": None,
        },
        read_language,
    )  # fmt: skip


def test_names():
    check(
        {
            "German": "de", "Deutsch": "de", "GERMAN": "de", "allemand": "de", "alemán": "de", "немецкий": "de",
            "English (United States)": "en-US", "English - UK": "en-GB", "English/United Kingdom": "en-GB",
            "US English": "en-US", "English US": "en-US", "British English": "en-GB", "English (Fluent)": "en",
            "Français (Canada)": "fr-CA", "Portuguese (Brazil)": "pt-BR", "Brazilian Portuguese": "pt-BR",
            "Chinese (Simplified)": "zh-Hans", "Chinese, Traditional": "zh-Hant", "Simplified Chinese": "zh-Hans",
            "中文": "zh", "简体中文": "zh-Hans", "繁體中文": "zh-Hant", "日本語": "ja", "한국어": "ko", "العربية": "ar",
            "Serbian (Latin)": "sr-Latn", "Spanish (Latin America)": "es", "Norwegian": "nb", "Flemish": "nl-BE",
            "Swiss German": "gsw", "Farsi": "fa", "Tagalog": "fil", "Mandarin": "zh", "en - English": "en",
            "German/English": None, "German, French": None, "Klingon": None, "English or German": None, "n/a": None,
            "": None, " ": None, "\x00": None, None: None, "German" * 50: None,
        },
        read_language,
    )  # fmt: skip


def test_the_file_of_names_is_what_babel_has():
    assert (place_index.DATA / "languages.tsv").read_text(encoding="utf-8") == place_index.languages(), (
        "run python -m scripts.place_index"
    )


#: Codes for one language and for the group that it stands for (CLDR's own aliases).
SAME_LANGUAGE = {"no": "nb", "tl": "fil", "tw": "ak", "cr": "crk"}


def test_no_name_of_a_language_is_taken_for_another_one():
    """Of the languages with a code of two letters; the others are understood where they are official somewhere."""
    wrong = []
    for locale, names in place_index.locales("languages"):
        if locale not in place_index.READERS:
            continue
        for tag, name in names.items():
            found = read_language(name)
            base = SAME_LANGUAGE.get(tag.split("_")[0], tag.split("_")[0])
            if len(base) == 2 and found is not None and found.split("-")[0] != base:
                wrong.append((locale, tag, name, found))
    assert not wrong


def test_the_languages_of_a_country():
    check(
        {
            "DE": (("de",), "de"), "CH": (("de", "fr", "it", "gsw"), "de"), "BE": (("nl", "fr", "de"), "nl"),
            "TW": (("zh-Hant", "nan-Hant", "hak-Hant"), "zh-Hant"), "NO": (("nb", "nn"), "nb"),
            "IN": (("hi", "en"), "en"), "ZA": (("en",), "en"), "PH": (("en", "fil"), "en"),
            "Deutschland": (("de",), "de"), "AQ": ((), None), None: ((), None),
        },
        lambda country: (languages(country), main_language(country)),
    )  # fmt: skip


def test_the_preferred_language_is_hrs_else_the_countrys_and_says_what_was_assumed():
    def choice(locale, country):
        found = preferred_language(locale, country)
        return found and (found.tag, found.assumed)

    check(
        {
            ("German", "AT"): ("de-AT", False), ("de-AT", "DE"): ("de-AT", False), ("de", "LU"): ("de-LU", False),
            ("English", "DE"): ("en", False), ("zh-Hans", "CN"): ("zh-CN", False),
            ("zh-Hant", "TW"): ("zh-TW", False),
            ("zh-Hant", "CN"): ("zh-Hant-CN", False), ("sr-Latn", "RS"): ("sr-Latn-RS", False),
            ("ca", "ES"): ("ca-ES", False), ("no", "NO"): ("nb-NO", False), ("pt", "BR"): ("pt-BR", False),
            (None, "DE"): ("de-DE", False), (None, "US"): ("en-US", False), (None, "JP"): ("ja-JP", False),
            ("Klingon", "DE"): ("de-DE", False), (None, "Brasil"): ("pt-BR", False),
            # several official languages: the main one, said so
            (None, "CH"): ("de-CH", True), (None, "BE"): ("nl-BE", True), (None, "CA"): ("en-CA", True),
            (None, "LU"): ("fr-LU", True), (None, "FI"): ("fi-FI", True), (None, "IN"): ("en-IN", True),
            (None, "IE"): ("en-IE", True), (None, "SG"): ("en-SG", True), (None, "TW"): ("zh-TW", True),
            (None, "AQ"): None, (None, None): None, ("", "Congo"): None, ("fr", None): ("fr", False),
        },
        choice,
    )  # fmt: skip
    instead = preferred_language("Klingon", "DE")
    assert instead is not None
    assert "not one that we know" in instead.why


def test_the_countrys_language_has_the_form_that_entra_wants():
    """Graph, user resource type: a language and a country, "en-US"."""
    for code in sorted(KNOWN - {"XK"}):
        found = preferred_language(None, code)
        assert found is None or re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?-[A-Z]{2}", found.tag), (
            code,
            found,
        )


SUPPORTED = ["en", "de", "fr", "pt-BR", "nb", "sr-Latn", "zh-Hans", "zh-Hant"]


def test_the_language_of_a_mail_is_the_locales_then_its_bases_then_the_countrys_then_english():
    check(
        {
            ("de", None): "de", ("de-AT", None): "de", ("de_CH.UTF-8", "FR"): "de", ("DE", None): "de",
            ("pt-BR", None): "pt-BR", ("pt-PT", None): "pt-BR", ("no", None): "nb", ("zh-TW", None): "zh-Hant",
            ("zh_Hant_HK", None): "zh-Hant", ("zh-CN", None): "zh-Hans",
            ("sr", None): "en",  # Cyrillic readers are not sent Latin script
            ("sr-Latn-RS", None): "sr-Latn", ("xx", "AT"): "de", ("tlh", None): "en", (None, "CH"): "de",
            (None, "BE"): "en",  # Dutch first, and French is not a substitute for it
            (None, "TW"): "zh-Hant", (None, "IN"): "en", ("", "France"): "fr",
            ("en-US", "DE"): "en", (None, None): "en",
            ("German", "FR"): "de", ("Français (Canada)", "US"): "fr", ("Chinese (Traditional)", None): "zh-Hant",
        },
        lambda locale, country: language(locale, country, SUPPORTED),
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_gives_a_supported_language_and_a_tag_or_none(locale, country):
    assert language(locale, country, SUPPORTED) in SUPPORTED
    found = preferred_language(locale, country)
    assert found is None or re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})*", found.tag)
