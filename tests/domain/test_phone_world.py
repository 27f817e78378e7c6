# mypy: allow-untyped-defs, allow-untyped-calls
"""All numbering plans, the wrong country, hostile text, and the cost of it."""

from __future__ import annotations

import functools
import time

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from onboarding.domain.phone import PhoneKind, PhoneReason, PhoneResult, PhoneStatus, normalise

PLANS = sorted(phonenumbers.SUPPORTED_REGIONS)
_BIG = [
    *("US", "GB", "DE", "FR", "IT", "ES", "NL", "AT", "CH", "PL"),
    *("SE", "NO", "DK", "IN", "CN", "JP", "BR", "MX", "RU", "AU"),
]
PERSONAL = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
SHARED = {
    PhoneNumberType.TOLL_FREE: PhoneKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: PhoneKind.PREMIUM,
    PhoneNumberType.SHARED_COST: PhoneKind.SHARED_COST,
    PhoneNumberType.PAGER: PhoneKind.PAGER,
    PhoneNumberType.UAN: PhoneKind.UAN,
    PhoneNumberType.VOICEMAIL: PhoneKind.OTHER,
}


@functools.cache
def _examples(kinds=PERSONAL):
    """(region, parsed example) for each plan and kind that has one."""
    found = []
    for region in PLANS:
        for kind in kinds:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None and phonenumbers.is_valid_number(number):
                found.append((region, number))
    return found


def _e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _national_with_country(region, number):
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), (region,)


FORMS = {
    "international": lambda r, n: (phonenumbers.format_number(n, PhoneNumberFormat.INTERNATIONAL), ()),
    "international, wrong country": lambda r, n: (
        phonenumbers.format_number(n, PhoneNumberFormat.INTERNATIONAL),
        ("DE" if r != "DE" else "US",),
    ),
    "e164": lambda r, n: (_e164(n), ()),
    "double zero": lambda r, n: ("00" + _e164(n)[1:], ()),
    "rfc3966": lambda r, n: (phonenumbers.format_number(n, PhoneNumberFormat.RFC3966), ()),
    "national, right country": _national_with_country,
    "national, label": lambda r, n: (_national_with_country(r, n)[0] + " (home)", (r,)),
    "international, extension": lambda r, n: (
        phonenumbers.format_number(n, PhoneNumberFormat.INTERNATIONAL) + " ext. 12",
        (),
    ),
    "full width": lambda r, n: (_e164(n).translate({ord(d): ord(d) + 0xFEE0 for d in "+0123456789"}), ()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_numbering_plan_in_every_form_is_read_right_or_not_at_all(form):
    """Never another number; at most 2 % missed (measured: none, but one national form of MP in 489)."""
    missed = []
    for region, number in _examples():
        result = normalise(*FORMS[form](region, number))
        if result.status is PhoneStatus.OK:
            assert result.e164 == _e164(number), region
            assert result.entra is not None
            assert result.entra.replace(" ", "") == result.e164
            assert result.entra.count(" ") == 1
        else:
            missed.append((region, result.reason))
    assert len(missed) <= 0.02 * len(_examples()), missed


def test_bare_national_digits_are_read_right_or_reviewed():
    """Digits alone may be a number that lost its +; the few that can be both are asked about."""
    missed = 0
    for region, number in _examples():
        national, countries = _national_with_country(region, number)
        result = normalise("".join(filter(str.isdigit, national)), countries)
        assert result.e164 in (None, _e164(number)), region
        missed += result.e164 is None
    assert missed <= 0.025 * len(_examples())


def test_a_lost_plus_is_never_taken_for_a_national_number_of_any_country():
    """`441843297700` and its like, read in its own and in 20 other countries."""
    for region, number in _examples():
        for country in (region, *_BIG):
            result = normalise(_e164(number)[1:], (country,))
            assert result.e164 in (None, _e164(number)), (region, country)


def test_no_number_in_national_format_is_accepted_without_a_country():
    for region, number in _examples():
        national, _ = _national_with_country(region, number)
        result = normalise(national)
        assert result.status is not PhoneStatus.OK
        assert result.reason in (PhoneReason.NO_REGION, PhoneReason.AMBIGUOUS_PREFIX, PhoneReason.TOO_SHORT)


def test_in_a_wrong_country_a_number_may_pass_but_is_always_marked_as_assumed():
    """About a fifth of the pairs pass, which is why the mark keeps them out of the directory."""
    passed = pairs = 0
    mobiles = [(r, n) for r, n in _examples((PhoneNumberType.MOBILE,)) if len(r) == 2][::8]
    for region, number in mobiles:
        national, _ = _national_with_country(region, number)
        for other, _ in mobiles:
            if phonenumbers.country_code_for_region(other) == number.country_code:
                continue
            result = normalise(national, (other,))
            pairs += 1
            passed += result.status is PhoneStatus.OK
            assert result.assumed_region
    assert 0 < passed < 0.3 * pairs


@pytest.mark.parametrize(("kind", "ours"), SHARED.items(), ids=[str(k) for k in SHARED.values()])
def test_lines_that_belong_to_nobody_are_never_accepted(kind, ours):
    examples = _examples((kind,))
    assert examples
    for region, number in examples:
        for raw, countries in ((_e164(number), ()), _national_with_country(region, number)):
            result = normalise(raw, countries)
            assert result.status is not PhoneStatus.OK, region
        international = normalise(_e164(number))
        assert international.reason == PhoneReason.NOT_A_PERSONAL_NUMBER
        assert international.kind == ours


def test_country_codes_without_a_country_are_never_accepted():
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        result = normalise(_e164(phonenumbers.example_number_for_non_geo_entity(code)))
        assert result.reason is PhoneReason.NOT_A_PERSONAL_NUMBER
        assert result.region is None


@pytest.mark.parametrize("country", [None, "US", "DE", "GB", "FR", "IN", "JP", "AU", "BR", "ZA"])
def test_emergency_numbers_are_nobodys(country):
    for raw in ("112", "911", "1-1-2"):
        result = normalise(raw, (country,))
        assert result.status is PhoneStatus.REJECTED


# ── hostile text ────────────────────────────────────────────────────────────────────────────────────────

_phoneish = st.text(
    "0123456789+()-./ xX#,;~|&\\'\"=*[]{}<>extEOoru\u0660\uff10\u202d\ud800\n²ー", max_size=60
)
_hints = st.lists(st.none() | st.text(max_size=12) | st.sampled_from(PLANS), max_size=3)


def _holds(result: PhoneResult) -> None:
    ok = result.status is PhoneStatus.OK
    assert ok == (result.reason is None) == (result.e164 is not None) == (result.entra is not None)
    assert len(result.raw_masked) <= 40
    assert result.raw_masked.isascii()
    assert sum(character.isdigit() for character in result.raw_masked) <= 2
    if result.e164 is not None:
        parsed = phonenumbers.parse(result.e164)
        assert phonenumbers.is_valid_number(parsed)
        assert _e164(parsed) == result.e164
        assert len(result.e164) <= 16


@given(st.text(max_size=300), _hints)
@settings(max_examples=400, deadline=None)
def test_no_text_raises_or_breaks_a_promise(raw, countries):
    _holds(normalise(raw, countries))


@given(_phoneish, _hints)
@settings(max_examples=1500, deadline=None)
def test_no_text_that_looks_like_a_phone_raises_or_breaks_a_promise(raw, countries):
    _holds(normalise(raw, countries))


@given(st.sampled_from(_examples()), st.text(" -.()\u00a0\u2011\u200e", max_size=3), st.data())
@settings(max_examples=300, deadline=None)
def test_separators_and_invisible_marks_do_not_change_an_international_number(example, noise, data):
    region, number = example
    e164 = _e164(number)
    at = data.draw(st.integers(2, len(e164) - 3))  # a last `.0` or `.00` is a decimal, tested elsewhere
    result = normalise(e164[:at] + noise + e164[at:])
    assert result.e164 == e164, region


@given(st.sampled_from(_examples()), st.data())
@settings(max_examples=300, deadline=None)
def test_a_letter_anywhere_never_yields_a_number(example, data):
    e164 = _e164(example[1])
    at = data.draw(st.integers(2, len(e164) - 1))
    letter = data.draw(st.characters(categories=["Lu", "Ll", "Lo"], exclude_characters="xXｘＸ"))
    result = normalise(e164[:at] + letter + e164[at:])
    # A word that marks an extension may be one ideograph; then it says so.
    assert result.e164 is None or result.extension is not None


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
    ],
)
def test_hostile_text_costs_milliseconds(hostile):
    normalise(hostile, ("DE",))
    started = time.perf_counter()
    for _ in range(5):
        normalise(hostile, ("DE",))
    assert time.perf_counter() - started < 0.5


def test_numbers_are_read_fast_enough_for_a_bulk_file():
    """The benchmark asks for 15,000 a second; here a loose bound that only a lost cache would break."""
    rows = [
        FORMS[f](r, n) for r, n in _examples() for f in ("international", "e164", "national, right country")
    ]
    for raw, countries in rows:
        normalise(raw, countries)
    started = time.process_time()
    for raw, countries in rows:
        normalise(raw, countries)
    assert len(rows) / (time.process_time() - started) > 4_000
