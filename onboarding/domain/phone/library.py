"""Digits → a number with its kind and region, read as international or as dialled in one country.

Kinds, regions and trunk prefixes are libphonenumber's, through `phone.plan`; what the library guesses about a
missing `+` is not taken over: rule 4 of `onboarding.domain.phone`. Rule 7, old forms, is here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from onboarding.domain.phone.plan import (
    Length,
    country_code_of,
    has_plan,
    judge,
    library,
    plan_of,
    plans_of,
)
from onboarding.domain.phone.types import PhoneKind

_UNKNOWN = PhoneKind.UNKNOWN
#: E.164: country code and national number together.
MAX_DIGITS = 15


@dataclass(slots=True)
class Number:
    """A number that was read.

    kind: `UNKNOWN` exactly when no plan has it; region then is None. valid: in a plan, and within E.164.
    """

    code: int
    national: str
    kind: PhoneKind
    region: str | None
    valid: bool

    @property
    def e164(self) -> str:
        return f"+{self.code}{self.national}"

    @property
    def length(self) -> Length:
        """Judged by the main plan of the country code, as `is_possible_number` does."""
        return plans_of(self.code)[0].length(self.national)

    @property
    def parsed(self) -> Any:
        """The library's object, for the rare questions that `phone.plan` does not answer."""
        zeros = len(self.national) - len(self.national.lstrip("0"))
        zeros = min(zeros, len(self.national) - 1)  # of nothing but zeros the last one is the number
        return library().PhoneNumber(
            self.code, int(self.national), None, bool(zeros) or None, zeros if zeros > 1 else None
        )


def _number(code: int, national: str) -> Number | None:
    """None for what is no number in any country: fewer than 2 digits, more than 17 (libphonenumber's bounds)."""
    if not 2 <= len(national) <= 17:
        return None
    region, kind = judge(code, national)
    if kind is _UNKNOWN:
        return Number(code, national, kind, None, False)
    return Number(code, national, kind, region, len(national) + len(str(code)) <= MAX_DIGITS)


@lru_cache(maxsize=1024)
def region_with_plan(name: str) -> str | None:
    """ISO alpha-2 of a country that has a numbering plan in the metadata, else None."""
    if has_plan(name):
        return name
    from onboarding.domain.places.country import alpha2

    found = alpha2(name)
    return found if found is not None and has_plan(found) else None


def international_number(digits: str) -> Number | None:
    """Read digits that begin with a country code. None when there is no such code or far too few digits."""
    code = country_code_of(digits)
    if not code or len(digits) > 19:
        return None
    national = digits[len(str(code)) :]
    if code == 52:
        national = _MEXICAN.sub("", national)
    rest = plans_of(code)[0].without_trunk(national)
    if rest != national and (whole := _number(code, national)) and whole.valid:
        return whole  # Belarus has numbers that begin like its trunk prefix
    number = _number(code, rest)
    if code == 54 and national[:1] == "9" and not (number and number.valid):
        return _argentine_mobile(national[1:]) or number
    return number


#: Mexico's mobile 1 and its trunk prefixes 01, 044 and 045 ended in August 2019: the subscriber is the same.
_MEXICAN = re.compile(r"(?:0?1|04[45])(?=\d{10}\Z)")


def _argentine_mobile(national: str) -> Number | None:
    """`9 11 15 2345 6789`, `9 011 2345 6789`: the international 9 and the national 15 or 0 together."""
    rest = plan_of("AR").without_trunk(national)
    number = _number(54, rest if rest[:1] == "9" else "9" + rest)
    return number if number is not None and number.valid else None


def national_number(digits: str, region: str) -> Number | None:
    """Read as dialled inside `region`, without a guess about a missing `+`."""
    if region == "MX" and digits[:1] == "0":
        digits = _MEXICAN.sub("", digits)
    plan = plan_of(region)
    if plan.has_own_code(digits):
        # In North America the country code is also the trunk prefix: `1 212 …` is the national form.
        return _number(1, plan.without_trunk(digits)) if plan.code == 1 else None
    return _number(plan.code, plan.without_trunk(digits))


@dataclass(slots=True)
class Dialled:
    """A valid number behind an exit code. only: the country has this one code, and no choice of carriers."""

    code: str
    number: Number
    only: bool


def after_exit_code(digits: str, region: str) -> Dialled | None:
    """What is dialled in `region` to reach another country."""
    exit_code = plan_of(region).exit_code
    if exit_code is None or (found := exit_code.match(digits)) is None:
        return None
    number = international_number(digits[found.end() :])
    if number is None or not number.valid:
        return None
    return Dialled(found[0], number, only=exit_code.pattern.isdigit() or found[0] == "0011")


def national_format(number: Number) -> str:
    """As people of its own country write it, trunk prefix included: `030 123456`."""
    lib = library()
    text: str = lib.format_number(number.parsed, lib.PhoneNumberFormat.NATIONAL)
    return text


def international_format(number: Number) -> str:
    """As people write it for readers abroad: `+49 30 123456`."""
    lib = library()
    text: str = lib.format_number(number.parsed, lib.PhoneNumberFormat.INTERNATIONAL)
    return text
