# mypy: allow-untyped-defs, allow-untyped-calls
"""`phone.plan` against libphonenumber itself, question by question: the same answers, faster."""

from __future__ import annotations

import random

import phonenumbers
from phonenumbers import (
    CountryCodeSource,
    NumberParseException,
    PhoneNumber,
    PhoneNumberType,
    ValidationResult,
)

from onboarding.domain.phone.library import international_number, national_number
from onboarding.domain.phone.plan import Length, country_code_of, judge, plan_of, plans_of
from onboarding.domain.phone.types import PhoneKind
from tests.support.numbering import KINDS, PLANS, Known, national, world

KIND = {
    PhoneNumberType.FIXED_LINE: PhoneKind.FIXED_LINE,
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: PhoneKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: PhoneKind.PREMIUM,
    PhoneNumberType.SHARED_COST: PhoneKind.SHARED_COST,
    PhoneNumberType.VOIP: PhoneKind.VOIP,
    PhoneNumberType.PERSONAL_NUMBER: PhoneKind.PERSONAL,
    PhoneNumberType.PAGER: PhoneKind.PAGER,
    PhoneNumberType.UAN: PhoneKind.UAN,
    PhoneNumberType.VOICEMAIL: PhoneKind.OTHER,
    PhoneNumberType.UNKNOWN: PhoneKind.UNKNOWN,
}
LENGTH = {
    ValidationResult.IS_POSSIBLE: Length.POSSIBLE,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Length.LOCAL_ONLY,
    ValidationResult.TOO_SHORT: Length.TOO_SHORT,
    ValidationResult.TOO_LONG: Length.TOO_LONG,
    ValidationResult.INVALID_LENGTH: Length.NEVER,
}


def everybody() -> list[Known]:
    """Drawn when a test runs: every process of a run collects this file."""
    return world(1, (*KINDS, PhoneNumberType.FIXED_LINE_OR_MOBILE), seed=3)


def _variants():
    """Each number, and what a slip makes of it: a digit more, fewer, a trunk prefix, anything."""
    rng = random.Random(1)
    for number in everybody():
        trunk = "".join(filter(str.isdigit, national(number)))
        yield number, number.national
        yield number, trunk
        slips = ("0" + number.national, number.national[:-1], trunk + "5", f"{number.code}{number.national}")
        yield number, rng.choice(slips)
        yield number, str(rng.randrange(10**4, 10**11))


def _parsed(code, digits):
    zeros = min(len(digits) - len(digits.lstrip("0")), len(digits) - 1)
    return PhoneNumber(code, int(digits), None, bool(zeros) or None, zeros if zeros > 1 else None)


def test_region_kind_and_length_are_those_of_the_library():
    bad = []
    for number, digits in _variants():
        parsed = _parsed(number.code, digits)
        theirs = (
            phonenumbers.region_code_for_number(parsed),
            KIND[phonenumbers.number_type(parsed)],
            LENGTH[phonenumbers.is_possible_number_with_reason(parsed)],
        )
        ours = (*judge(number.code, digits), plans_of(number.code)[0].length(digits))
        if theirs != ours:
            bad.append((number.code, digits, theirs, ours))
    assert not bad, bad[:10]


def test_numbers_without_a_country_are_judged_like_the_library():
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        example = phonenumbers.example_number_for_non_geo_entity(code)
        digits = phonenumbers.national_significant_number(example)
        assert judge(code, digits) == ("001", KIND[phonenumbers.number_type(example)])


def test_an_international_number_is_taken_apart_as_the_library_does():
    bad = []
    for number, digits in _variants():
        if number.region in ("MX", "AR"):
            continue  # old forms that only we know
        try:
            theirs = phonenumbers.parse(f"+{number.code}{digits}")
            expected = (theirs.country_code, phonenumbers.national_significant_number(theirs))
        except NumberParseException:
            expected = None
        found = international_number(f"{number.code}{digits}")
        if (found and (found.code, found.national)) != expected:
            bad.append((number.code, digits, found, expected))
    assert not bad, bad[:10]


def test_a_national_number_is_read_as_the_library_does_where_it_does_not_guess():
    guesses = (CountryCodeSource.FROM_NUMBER_WITH_IDD, CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN)
    bad, compared = [], 0
    for number, digits in _variants():
        try:
            theirs = phonenumbers.parse(digits, number.region, keep_raw_input=True)
        except NumberParseException:
            continue
        if number.region == "MX" or theirs.country_code_source in guesses:
            continue
        compared += 1
        found = national_number(digits, number.region)
        expected = (theirs.country_code, phonenumbers.national_significant_number(theirs))
        if (found and (found.code, found.national)) != expected:
            bad.append((number.region, digits, found, expected))
    assert not bad, bad[:10]
    assert compared > len(everybody())


def test_every_country_code_is_found_and_nothing_else():
    codes = set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    found = {country_code_of(f"{first}0000") for first in range(1, 1000)} - {0}
    assert found == codes
    assert country_code_of("") == country_code_of("0") == country_code_of("999") == 0


def test_every_plan_can_be_laid_out():
    assert all(plan_of(region).region == region for region in PLANS)
