# mypy: allow-untyped-defs, allow-untyped-calls
"""The cleaning stage and the masked form: what may be dropped, what may be shown."""

from __future__ import annotations

import pytest

from onboarding.domain.phone import normalise
from onboarding.domain.phone.clean import MAX_INPUT, MAX_MASK, clean, mask


@pytest.mark.parametrize(
    ("raw", "masked", "with_tail"),
    [
        ("+49 176 12345678", "+** *** ********", "+** *** ******78"),
        ("(425) 882-8080 x9", "(***) ***-**** a*", "(***) ***-***0 a9"),
        ("911", "***", "***"),
        ("12345678", "********", "********"),
        ("123456789", "*********", "*******89"),
        ("Jane's: 07911 123456", "a'a: ***** ******", "a'a: ***** ****56"),
        ("山田 090-1234-5678", "a ***-****-****", "a ***-****-**78"),
        ("٠١٠٠١٢٣٤٥٦٧", "***********", "*********67"),
        ("0176 1234567²", "**** ********", "**** ******72"),
        ("\ud800+49 176 12345678\u202e", "?+** *** ********?", "?+** *** ******78?"),
        ("jane.doe+hr@example.com", "a.a+a?a.a", "a.a+a?a.a"),
        ("=1+1|cmd", "=*+*|a", "=*+*|a"),
        ("", "", ""),
        (None, "", ""),
    ],
)
def test_the_masked_form_shows_the_shape_and_at_most_two_digits(raw, masked, with_tail):
    assert mask(raw) == masked
    assert mask(raw, tail=True) == with_tail


def test_a_long_field_is_cut_and_shows_no_digit():
    for long in ("07911 123456, 07911 654321, 07400 123456 and 07400 654321", "1 " * MAX_INPUT):
        masked = mask(long, tail=True)
        assert len(masked) == MAX_MASK
        assert masked.endswith("...")
        assert not any(character.isdigit() for character in masked)


def test_two_digits_are_shown_of_a_number_and_none_of_anything_else():
    """A rejected field may hold a birth date, a card or an insurance number."""
    for raw, countries, masked in (
        ("0176 12345678", ("DE",), "**** ******78"),
        ("0176 12345678", (), "**** ******78"),
        ("17.03.1985", ("DE",), "**.**.****"),
        ("DE89 3704 0044 0532 0130 00", (), "a** **** **** **** **** **"),
        ("Erika Mustermann 0176 12345678", ("DE",), "a a **** ********"),
        ("0800 123 4567", ("GB",), "**** *** ****"),
    ):
        assert normalise(raw, countries).raw_masked == masked


def test_the_result_carries_nothing_of_the_raw_text_but_the_masked_form():
    result = normalise("Erika Mustermann 0176 12345678", ("DE",))
    assert "Erika" not in repr(result)
    assert "12345" not in repr(result)


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        ("+49 176 12345678", ["+49 176 12345678"]),
        ("0049 176 12345678", ["+49 176 12345678"]),
        ("+49 30 1 / +49 30 2", ["+49 30 1", "+49 30 2"]),
        ("1;2", ["1"]),
        ("030 1234567, 030 7654321", ["030 1234567", "030 7654321"]),
        ("030 1234567 (privat) 0176 1234567", ["030 1234567", "0176 1234567"]),
    ],
)
def test_separators_that_never_stand_inside_a_number_part_two(raw, texts):
    assert [part.text for part in clean(raw).parts] == texts


def test_only_a_link_or_a_prefix_makes_a_number_international():
    assert clean("wa.me/4917612345678").parts[0].international
    assert clean("0049 1").parts[0].international
    assert not clean("49 176 12345678").parts[0].international
    assert not clean("000 49 176").parts[0].international


def test_a_field_longer_than_the_bound_is_not_read():
    assert clean("+49 176 12345678" + " " * MAX_INPUT).problem == "too_long"


@pytest.mark.parametrize("symbol", ["²", "①", "Ⅷ", "½", "㊀", "\u20ac", "\x00", "\ud83d", "\U0001f600"])
def test_a_symbol_never_becomes_a_digit(symbol):
    result = normalise(f"+49 176 1234567{symbol}")
    assert result.reason in ("invalid", "letters")


@pytest.mark.parametrize("letter", [*"xXoOlIzZaeеОΟ", "ß", "Ø", "山", "一", "७a"])
def test_a_letter_inside_a_number_never_becomes_a_digit(letter):
    assert normalise(f"+49 176 12{letter}45678").e164 is None
