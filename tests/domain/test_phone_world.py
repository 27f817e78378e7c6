# mypy: allow-untyped-defs, allow-untyped-calls
"""All numbering plans × kinds × written forms: read as the number they are, or not at all. And hostile text.

The larger matrix, with as many drawn numbers as one likes: `python -m tests.support.phone_matrix 20`.
"""

from __future__ import annotations

import itertools
import random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberType

from onboarding.domain.phone import (
    PhoneKind,
    PhoneReason,
    PhoneResult,
    PhoneStatus,
    directory_phone,
    normalise,
)
from tests.support import phone_forms as forms
from tests.support.numbering import PLANS, SHARED, Known, draw, international, national, world

_OTHERS = ("US", "DE", "GB", "IT", "BR", "JP", "RU", "AU", "IN", "FR")
KIND = {
    PhoneNumberType.TOLL_FREE: PhoneKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: PhoneKind.PREMIUM,
    PhoneNumberType.SHARED_COST: PhoneKind.SHARED_COST,
    PhoneNumberType.PAGER: PhoneKind.PAGER,
    PhoneNumberType.UAN: PhoneKind.UAN,
    PhoneNumberType.VOICEMAIL: PhoneKind.OTHER,
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.FIXED_LINE_OR_MOBILE,
}


def _evidence(number: Known, turn: int) -> str | None:
    """No country, the right one and a wrong one, in turn."""
    return (None, number.region, _OTHERS[turn % len(_OTHERS)])[turn % 3]


def _other(number: Known, turn: int) -> str:
    others = [c for c in _OTHERS if phonenumbers.country_code_for_region(c) != number.code]
    return others[turn % len(others)]


class Count:
    """Of one written form: what was read wrong, and what was missed."""

    def __init__(self) -> None:
        self.total = 0
        self.wrong: list[str] = []
        self.missed: list[str] = []

    def ask(self, number: Known, raw: str, country: str | None) -> PhoneResult:
        result = normalise(raw, (country,))
        self.total += 1
        if result.e164 not in (None, number.e164):
            self.wrong.append(f"{country} {raw!r}: {result.e164}, not {number.e164}")
        elif result.e164 is None:
            self.missed.append(f"{country} {raw!r}: {result.reason}, is {number.e164}")
        return result


# ── right, and not missed ─────────────────────────────────────────────────────────────────────────────────


def test_every_number_in_every_international_form_is_read_right_whatever_the_evidence():
    """Measured with `phone_matrix 5`: none wrong, and at most 0.1 % of any form missed."""
    people = world(1)
    bad = []
    for place, (name, form) in enumerate(forms.INTERNATIONAL.items()):
        count = Count()
        for turn, number in enumerate(people[place % 2 :: 2], place):
            result = count.ask(number, form(number), _evidence(number, turn))
            if result.e164:
                assert result.assumed_region is False, name
                assert result.entra == f"+{number.code} {number.national}"
                assert result.kind == KIND[number.kind]
        bad += [f"{name}: {line}" for line in count.wrong]
        bad += count.missed if len(count.missed) > 0.01 * count.total else []
    assert not bad, bad[:20]


def test_a_trunk_prefix_after_the_country_code_is_taken_off_where_it_does_not_belong():
    count = Count()
    for turn, number in enumerate(world(1)):
        for raw in forms.trunk_kept(number):
            count.ask(number, raw, _evidence(number, turn))
    assert not count.wrong
    assert len(count.missed) < 0.01 * count.total, count.missed


def test_every_number_in_every_national_form_is_read_right_in_its_country():
    """At most 1 % of each form missed, and 3 % of bare digits: those can be a number that lost its +."""
    bad = []
    for name, form in forms.NATIONAL.items():
        count = Count()
        for number in world(1) if name in ("national", "digits") else world(0):
            assert count.ask(number, form(number), number.region).assumed_region is True
        bad += [f"{name}: {line}" for line in count.wrong]
        allowed = 0.03 if name == "digits" else 0.01
        bad += count.missed if len(count.missed) > allowed * count.total else []
    assert not bad, bad[:20]


def test_what_is_dialled_abroad_in_any_country_is_read_right_or_not_at_all():
    """Every exit code of every plan, carriers included. Set apart it is read; among bare digits a carrier is not."""
    rng = random.Random(4)
    people = world(1)
    bare, apart = Count(), Count()
    for region in PLANS:
        pattern = PhoneMetadata.metadata_for_region(region, None).international_prefix
        for exit_code in sorted({draw(pattern, rng) for _ in range(3)}):
            for number in rng.sample(people, 8):
                if number.code == phonenumbers.country_code_for_region(region):
                    continue
                bare.ask(number, exit_code + number.e164[1:], region)
                apart.ask(number, f"{exit_code} {international(number)[1:]}", region)
                apart.ask(number, f"{exit_code}-{number.code}-{number.national}", region)
    assert not bare.wrong + apart.wrong
    assert len(apart.missed) < 0.01 * apart.total, apart.missed
    assert len(bare.missed) < 0.3 * bare.total


@pytest.mark.parametrize("form", forms.LOOSE)
def test_a_damaged_number_is_never_read_as_another_one(form):
    """What the plan allows to detect; a digit too many or too few may still be a number, but not this one's."""
    count = Count()
    for number in world(1):
        count.ask(number, forms.LOOSE[form](number), number.region)
        count.ask(number, forms.LOOSE[form](number), None)
    if form in forms.UNDETECTABLE:
        assert len(count.wrong) < 0.06 * count.total
    else:
        assert not count.wrong, count.wrong[:10]


def test_a_lost_plus_is_never_taken_for_a_national_number_of_any_country():
    """`441843297700` and its like, read in its own and in ten other countries."""
    count = Count()
    for number, country in itertools.product(world(1), _OTHERS):
        count.ask(number, number.e164[1:], country)
    assert not count.wrong, count.wrong[:10]


def test_no_number_in_national_format_is_accepted_without_a_country():
    for number in world(1):
        result = normalise(national(number))
        assert result.reason in (
            PhoneReason.NO_REGION, PhoneReason.AMBIGUOUS_PREFIX, PhoneReason.TOO_SHORT
        ), number  # fmt: skip
        assert result.e164 is None


def test_in_a_wrong_country_a_number_may_pass_but_never_reaches_the_directory():
    """About an eighth of the pairs pass, which is why the mark keeps them out."""
    passed = 0
    people = world(1)
    for turn, number in enumerate(people):
        result = normalise(national(number), (_other(number, turn),))
        passed += result.status is PhoneStatus.OK
        assert result.assumed_region
        assert directory_phone(result) is None
    assert 0 < passed < 0.3 * len(people)


def test_what_was_read_is_read_again_as_itself():
    for number in world(1):
        first = normalise(international(number), (number.region,))
        for text in (first.e164, first.entra):
            again = normalise(text, ("DE",))
            assert (again.e164, again.entra, again.kind) == (first.e164, first.entra, first.kind), number


# ── never ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_that_belong_to_nobody_are_never_accepted():
    for number, form in itertools.product(
        world(1, SHARED), ("e164", "00", "full width", "x12", "label behind")
    ):
        result = normalise(forms.INTERNATIONAL[form](number))
        assert (result.reason, result.kind) == ("not_a_personal_number", KIND[number.kind]), (form, number)
    damaged = [form for name, form in forms.LOOSE.items() if name not in forms.UNDETECTABLE]
    damaged += [forms.NATIONAL[name] for name in ("national", "digits", "label", "x12")]
    for turn, number in enumerate(world(1, SHARED)):
        for damage in damaged[turn % 3 :: 3]:
            assert normalise(damage(number), (number.region,)).status is not PhoneStatus.OK, number


def test_country_codes_without_a_country_are_never_accepted():
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        example = phonenumbers.example_number_for_non_geo_entity(code)
        result = normalise(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))
        assert result.reason is PhoneReason.NOT_A_PERSONAL_NUMBER
        assert result.region is None


def test_short_and_emergency_numbers_are_nobodys():
    wrong = []
    for region in PLANS:
        metadata = PhoneMetadata.short_metadata_for_region(region)
        for name in ("emergency", "toll_free", "premium_rate", "short_code", "carrier_specific"):
            desc = metadata and getattr(metadata, name)
            if desc and desc.example_number:
                result = normalise(desc.example_number, (region,))
                if result.status is PhoneStatus.OK:
                    wrong.append((region, name, desc.example_number, result.e164))
    assert not wrong, wrong
    for country, raw in itertools.product((None, *_OTHERS), ("112", "911", "1-1-2")):
        assert normalise(raw, (country,)).status is PhoneStatus.REJECTED


# ── hostile text ────────────────────────────────────────────────────────────────────────────────────────

_phoneish = st.text(
    "0123456789+()-./ xX#,;~|&\\'\"=*[]{}<>extEOoru\u0660\uff10\u202d\ud800\n²ー", max_size=60
)
_hints = st.lists(st.none() | st.text(max_size=12) | st.sampled_from(PLANS), max_size=3)


def _holds(raw: str, result: PhoneResult) -> None:
    ok = result.status is PhoneStatus.OK
    assert ok == (result.reason is None) == (result.e164 is not None) == (result.entra is not None)
    assert len(result.raw_masked) <= 40
    assert result.raw_masked.isascii()
    shown = sum(character.isdigit() for character in result.raw_masked)
    assert shown == 0 or (shown == 2 and sum(map(str.isdigit, raw)) >= 9)
    assert shown == 0 or result.status is not PhoneStatus.REJECTED
    assert set(filter(str.isalpha, result.raw_masked)) <= {"a"}
    if result.e164 is not None:
        parsed = phonenumbers.parse(result.e164)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == result.e164
        assert len(result.e164) <= 16
        assert normalise(result.e164).e164 == result.e164


@given(st.text(max_size=300), _hints)
@settings(max_examples=300, deadline=None)
def test_no_text_raises_or_breaks_a_promise(raw, countries):
    _holds(raw, normalise(raw, countries))


@given(_phoneish, _hints)
@settings(max_examples=600, deadline=None)
def test_no_text_that_looks_like_a_phone_raises_or_breaks_a_promise(raw, countries):
    _holds(raw, normalise(raw, countries))


#: Drawn when a test runs: every process of a run collects this file.
ANYBODY = st.deferred(lambda: st.sampled_from(world(1)))


@given(ANYBODY, st.text(" -.()\u00a0\u2011\u200e", max_size=3), st.data())
@settings(max_examples=300, deadline=None)
def test_separators_and_invisible_marks_do_not_change_an_international_number(number, noise, data):
    e164 = number.e164
    at = data.draw(st.integers(2, len(e164) - 3))  # a last `.0` or `.00` is a decimal, tested elsewhere
    assert normalise(e164[:at] + noise + e164[at:]).e164 == e164


@given(ANYBODY, st.data())
@settings(max_examples=300, deadline=None)
def test_a_letter_anywhere_never_yields_a_number(number, data):
    at = data.draw(st.integers(2, len(number.e164) - 1))
    letter = data.draw(st.characters(categories=["Lu", "Ll", "Lo"], exclude_characters="xXｘＸ"))
    result = normalise(number.e164[:at] + letter + number.e164[at:])
    # A word that marks an extension may be one ideograph; then it says so.
    assert result.e164 is None or result.extension is not None


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 250,
        "+" * 250,
        "1/" * 125,
        "1 " * 125,
        "," * 250,
        "1," * 125,
        "(a)" * 83,
        "1 or " * 50,
        "x" * 249 + "1",
        "1x" * 125,
        "1-" * 125,
        "00" * 125,
        "\ufdfa" * 250,
        "1e" * 125,
        ";ext=" * 50,
        " -" * 120 + "1",
        "0176 1234567/" * 19,
        "8" + "~" * 249,
        "1" * 249 + ".",
        "(1" * 125 + ".0",
    ],
)
def test_hostile_text_does_not_take_hold_of_the_reader(hostile):
    """Fifty of each: a pattern that backtracks without bound would need minutes."""
    for _ in range(50):
        assert normalise(hostile, ("DE",)).status is not PhoneStatus.OK
