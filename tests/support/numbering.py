# mypy: allow-untyped-defs, allow-untyped-calls
"""Valid numbers of every region and kind, drawn from libphonenumber's own patterns, with a seed.

The example numbers are one a region and kind, and everybody tests with them; a plan has millions of others.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

PLANS = sorted(phonenumbers.SUPPORTED_REGIONS)
#: Attribute of the metadata for each type; FIXED_LINE_OR_MOBILE is found among the first two.
KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
PERSONAL = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
#: Never `ok`, by design.md section 6, and what nobody owns.
SHARED = (
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
)


@dataclass(frozen=True)
class Known:
    """A valid number and what the library says of it: the truth that every written form is held against."""

    region: str
    kind: int
    code: int
    national: str
    parsed: Any

    @property
    def e164(self) -> str:
        return f"+{self.code}{self.national}"


def draw(pattern: str, rng: random.Random) -> str:
    """One string that the pattern matches whole; the metadata use only literals, classes, groups and counts."""
    return "".join(_draw(re._parser.parse(pattern), rng))  # type: ignore[attr-defined]


def _draw(parsed: Any, rng: random.Random) -> Iterator[str]:
    for op, value in parsed:
        name = str(op)
        if name == "LITERAL":
            yield chr(value)
        elif name == "IN":
            yield rng.choice(_members(value))
        elif name == "MAX_REPEAT":
            low, high, inner = value
            for _ in range(rng.randint(low, high)):
                yield from _draw(inner, rng)
        elif name == "SUBPATTERN":
            yield from _draw(value[-1], rng)
        elif name == "BRANCH":
            yield from _draw(rng.choice(value[1]), rng)
        else:
            raise NotImplementedError(name)


def _members(inside: Any) -> str:
    found = ""
    for op, value in inside:
        if str(op) == "LITERAL":
            found += chr(value)
        elif str(op) == "RANGE":
            found += "".join(map(chr, range(value[0], value[1] + 1)))
        else:
            found += "0123456789"  # CATEGORY: \d is the only one there is
    return found


def known(code: int, national: str, region: str) -> Known | None:
    """The number if it is valid and fits E.164, else None."""
    zeros = len(national) - len(national.lstrip("0"))
    parsed = PhoneNumber(
        country_code=code, national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )  # fmt: skip
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN or len(national) + len(str(code)) > 15:
        return None
    if code == 241 and len(national) == 7:
        return None  # Gabon's old mobiles: the library writes their national form as today's longer number
    return Known(region, kind, code, national, parsed)


def numbers(region: str, attribute: str, count: int, seed: int = 0) -> list[Known]:
    """The example number and up to `count` others that the pattern of this region and type matches."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    desc = getattr(metadata, attribute)
    if desc is None or not desc.national_number_pattern or desc.national_number_pattern == "NA":
        return []
    rng = random.Random(f"{region} {attribute} {seed}")
    drawn = [desc.example_number] if desc.example_number else []
    drawn += [draw(desc.national_number_pattern, rng) for _ in range(4 * count)]
    found: dict[str, Known] = {}
    for national in drawn:
        if desc.possible_length and len(national) not in desc.possible_length:
            continue
        if number := known(metadata.country_code, national, region):
            found.setdefault(number.e164, number)
        if len(found) > count:
            break
    return list(found.values())


@functools.cache
def world(count: int = 0, kinds: tuple[int, ...] = PERSONAL, seed: int = 0) -> list[Known]:
    """Example numbers (and `count` more each) of all regions, of these kinds by the library's own judgement."""
    return [
        number
        for region in PLANS
        for attribute in KINDS.values()
        for number in numbers(region, attribute, count, seed)
        if number.kind in kinds
    ]


def format_as(number: Known, how: int) -> str:
    text: str = phonenumbers.format_number(number.parsed, how)
    return text


def national(number: Known) -> str:
    return format_as(number, PhoneNumberFormat.NATIONAL)


def international(number: Known) -> str:
    return format_as(number, PhoneNumberFormat.INTERNATIONAL)
