# mypy: allow-untyped-defs, allow-untyped-calls
"""How a person is shown, and that no text from HR can do harm by being shown."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.names import (
    NameUnusable,
    PersonName,
    clean,
    display_name,
    given_name,
    looks_like,
    mail_nickname,
    surname,
    truncate,
)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (None, ""),
        ("", ""),
        ("  Ana \t María\n\r López\u00a0", "Ana María López"),
        ("Jose\u0301", "José"),
        ("\ufeffEvil\u202etxt.exe\u202c", "Eviltxt.exe"),
        ("Jo\u200bhn\u2066 D\u00adoe\u2069", "John Doe"),
        ("Jo\x00hn\x1b[31m", "John[31m"),
        ("\ud800Lone", "Lone"),
        ("\u3164\u2800\u115f", ""),
        ("❤\ufe0f", "❤"),
        ("Tag\U000e0041ged", "Tagged"),
        ("Bcc: x\r\nSubject: y", "Bcc: x Subject: y"),
        ("ÅSE ﬁ", "ÅSE ﬁ"),
    ],
)
def test_clean_keeps_what_is_seen_and_drops_what_hides(text, cleaned):
    assert clean(text) == cleaned


@settings(max_examples=500, deadline=None)
@given(st.text())
def test_cleaning_twice_changes_nothing_and_leaves_nothing_invisible(text):
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in once)
    assert once == " ".join(once.split())


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 64, "short"),
        ("x" * 64, 64, "x" * 64),
        ("x" * 65, 64, "x" * 64),
        ("ab cd", 3, "ab"),
        ("aq\u0307\u0323", 3, "a"),  # q with two marks goes as one
        ("aq\u0307\u0323", 4, "aq\u0307\u0323"),
        ("a😀", 2, "a"),  # an emoji is two UTF-16 units
        ("a😀", 3, "a😀"),
        ("q" + "\u0307" * 9, 4, "q\u0307\u0307\u0307"),
        ("कि" * 3, 3, "कि"),
        ("", 3, ""),
    ],
)
def test_truncate_cuts_between_characters_as_readers_see_them(text, limit, cut):
    assert truncate(text, limit) == cut


@settings(max_examples=300, deadline=None)
@given(st.text(), st.integers(1, 40))
def test_truncate_never_exceeds_the_limit_in_utf_16_units(text, limit):
    cut = truncate(text, limit)
    assert text.startswith(cut)
    assert len(cut.encode("utf-16-le", "surrogatepass")) // 2 <= limit


@pytest.mark.parametrize(
    ("name", "locale", "country", "shown"),
    [
        (PersonName("Anna", "Schmidt"), None, None, "Anna Schmidt"),
        (PersonName("Robert", "Smith", "Bob"), None, "US", "Bob Smith"),
        (PersonName("Robert", "Smith", "Bob Smith"), None, "US", "Bob Smith"),
        (PersonName("Robert", "Smith", "SMITH, Bob"), None, "US", "Bob Smith"),
        (PersonName("Robert", "Smith", "  "), None, "US", "Robert Smith"),
        (PersonName("Robert", "Smith", "Smith"), None, "US", "Robert Smith"),
        (PersonName("Robert", "Smith", "Bob", "Dr. Robert Smith (he)"), None, "US", "Dr. Robert Smith (he)"),
        (PersonName("Robert", "Smith", None, "🎉"), None, "US", "Robert Smith"),
        (PersonName("Suharto", None), None, "ID", "Suharto"),
        (PersonName(None, "Suharto"), None, "ID", "Suharto"),
        (PersonName("FNU", "Suharto"), None, "US", "Suharto"),
        (PersonName("Suharto", "."), None, "ID", "Suharto"),
        (PersonName("Christopher", "Null"), None, "US", "Christopher Null"),
        (PersonName("Miles", "O'Neill"), None, "IE", "Miles O'Neill"),
        (PersonName("Søren", "Groß"), None, "DK", "Søren Groß"),
        # family name first
        (PersonName("太郎", "山田"), "ja-JP", None, "山田太郎"),
        (PersonName("太郎", "山田"), "en", None, "山田太郎"),
        (PersonName("さくら", "タナカ"), None, None, "タナカさくら"),
        (PersonName("小明", "王"), None, "CN", "王小明"),
        (PersonName("민준", "김"), None, "KR", "김민준"),
        (PersonName("Anna", "Nagy"), "hu", None, "Nagy Anna"),
        (PersonName("Anna", "Nagy"), None, "HU", "Nagy Anna"),
        (PersonName("Anna", "Nagy"), "en-GB", "HU", "Anna Nagy"),
        (PersonName("Thị Ánh", "Nguyễn"), "vi-VN", None, "Nguyễn Thị Ánh"),
        (PersonName("Taro", "山田"), "ja", None, "山田 Taro"),
        # written in Latin letters, a name keeps its own order in Tokyo
        (PersonName("John", "Smith"), None, "JP", "John Smith"),
        # other scripts
        (PersonName("محمد", "الفارسي"), "ar", None, "محمد الفارسي"),
        (PersonName("Ελένη", "Παπαδοπούλου"), "el", None, "Ελένη Παπαδοπούλου"),
        # nothing hidden
        (PersonName("Eve\u202e", "Mal\u200blory\r\n"), None, None, "Eve Mallory"),
    ],
)
def test_the_display_name(name, locale, country, shown):
    assert display_name(name, locale, country) == shown


def test_the_display_name_is_cut_to_256():
    assert display_name(PersonName("x" * 200, "y" * 200)) == "x" * 200 + " " + "y" * 55
    assert given_name(PersonName("x" * 65)) == "x" * 64
    assert surname(PersonName(None, "y" * 65)) == "y" * 64
    assert surname(PersonName("Suharto", None)) is None
    assert given_name(PersonName("Robert", "Smith", "Bob")) == "Bob"


@pytest.mark.parametrize(
    "name",
    [PersonName(), PersonName("", " "), PersonName(".", "-"), PersonName("\u200b"), PersonName("🎉", "🎈")],
)
def test_a_name_without_a_letter_is_unusable_and_the_error_does_not_repeat_it(name):
    with pytest.raises(NameUnusable) as caught:
        display_name(name)
    assert str(caught.value) == "The hire has no name that can be shown; HR has to send one."


texts = st.one_of(st.none(), st.text(max_size=300), st.text("aä山م\u0301\u202e .-'", max_size=20))
locales = st.one_of(st.none(), st.sampled_from(["hu", "ja-JP", "zh_TW", "vi"]), st.text(max_size=5))
names = st.builds(PersonName, texts, texts, texts, texts)


@settings(max_examples=200, deadline=None)
@given(names, locales, st.sampled_from([None, "HU", "JP", "VN", "XX"]))
def test_any_name_is_shown_within_the_limit_or_unusable(name, locale, country):
    try:
        shown = display_name(name, locale, country)
    except NameUnusable:
        assert not any(
            c.isalnum() for field in (name.given, name.family, name.preferred) for c in clean(field)
        )
        return
    assert 0 < len(shown.encode("utf-16-le")) // 2 <= 256
    assert clean(shown) == shown
    assert display_name(name, locale, country) == shown


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("admin", "adrnin"),
        ("admin", "Adm1n"),
        ("admin", "аdmin"),  # Cyrillic а
        ("root", "r00t"),
        ("ian.lewis", "lan.lewis"),
        ("john.smith", "john-smith"),
        ("john.smith", "JOHN_SMITH"),
        ("dan.clark", "clan.dark"),
        ("wade", "vvade"),
        ("jose", "josé"),
        ("paul", "ρaul"),  # Greek ρ
    ],
)
def test_names_that_read_alike(a, b):
    assert looks_like(a, b)
    assert looks_like(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("john.smith", "john.smith2"),
        ("anna.berg", "anne.berg"),
        ("admin", "adman"),
        ("ed.wood", "ted.wood"),
        ("a", ""),
    ],
)
def test_names_that_do_not(a, b):
    assert not looks_like(a, b)


@pytest.mark.parametrize(
    ("upn", "nickname"),
    [
        ("anna.schmidt@contoso.com", "anna.schmidt"),
        ("Anna.O'Neill@contoso.com", "Anna.O'Neill"),
        ("x" * 70 + "@contoso.com", "x" * 64),
        ("x" * 63 + ".y@contoso.com", "x" * 63),
        ('a(b)c[d]"e;f:g<h>i,j k\\l@contoso.com', "abcdefghijkl"),
        ("åse@contoso.com", "se"),
        ("a..b.@contoso.com", "a.b"),
    ],
)
def test_the_mail_nickname_is_the_local_part(upn, nickname):
    assert mail_nickname(upn) == nickname


@pytest.mark.parametrize("upn", ["", "@contoso.com", "山田@contoso.com", "...@contoso.com"])
def test_a_mail_nickname_is_never_empty(upn):
    with pytest.raises(NameUnusable):
        mail_nickname(upn)


def test_importing_the_module_loads_no_library_data():
    code = "import sys, onboarding.domain.names; print({'babel', 'anyascii'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
