"""What somebody wrote → one number, or the reason why not. Second half of `onboarding.domain.phone`.

Takes the numbers that `phone_clean` found in a field and the country evidence, and applies rules 2 to 6 of
`onboarding.domain.phone`: the ways of writing one number first, then fields that hold several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onboarding.domain.phone_clean import Cleaned, Written, clean
from onboarding.domain.phone_library import (
    Number,
    international_number,
    library,
    national_format,
    national_number,
    number_dialled_abroad,
    region_with_plan,
)
from onboarding.domain.phone_types import PhoneKind, PhoneReason

_MOBILE = frozenset({PhoneKind.MOBILE, PhoneKind.FIXED_LINE_OR_MOBILE})
_PERSONAL = _MOBILE | {PhoneKind.FIXED_LINE, PhoneKind.VOIP, PhoneKind.PERSONAL}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The country a number without `+` is read in. unknown: one was named, but none that we know."""

    region: str | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Accepted when there is no reason; a number beside a reason was read, but must not be used."""

    number: Number | None = None
    reason: PhoneReason | None = None


def nearest_country(countries: Sequence[str | None]) -> Evidence:
    """Rule 3: the first entry that is present decides, known or not."""
    for name in countries:
        if name is not None and (name := name.strip()):
            region = region_with_plan(name)
            return Evidence(region, unknown=region is None)
    return Evidence()


def read_field(field: Cleaned, evidence: Evidence) -> tuple[Written, Reading]:
    """Read a field that has no problem: its first number as written, and what the field as a whole means."""
    parts = _parts(field, evidence)
    first = parts[0]
    return first, _read(first, evidence) if len(parts) == 1 else _read_many(parts, evidence)


# ── one number ────────────────────────────────────────────────────────────────────────────────────────────

#: Australia dials 0011 abroad, which looks like 00 and +11.
_EXIT_0011 = frozenset({"AU", "CC", "CX"})
_TRUNK_MARK = re.compile(r"(?<=\d)[\s.\-)]*\(\s*0\s*\)")


def _read(written: Written, evidence: Evidence) -> Reading:
    if written.decimal_tail:
        return _read_decimal(written, evidence)
    if written.international:
        return _read_international(written, evidence)
    digits = written.digits
    if evidence.region is None:
        return _read_without_region(written, digits, evidence)
    return _read_national(written, digits, evidence.region)


def _read_decimal(written: Written, evidence: Evidence) -> Reading:
    """`+4917610042069.0`: without the tail when only that is a number; when both are, nobody can tell."""
    head = Written(written.text.rsplit(".", 1)[0], None, written.international)
    short = _read(head, evidence)
    whole = _read(Written(written.text, None, written.international), evidence)
    if whole.reason is None:
        return Reading(reason=PhoneReason.POSSIBLE_ONLY)
    return short


def _read_international(written: Written, evidence: Evidence) -> Reading:
    """`(0)` after the country code is dropped or kept, whichever gives a number (Italy keeps it)."""
    bare = _TRUNK_MARK.sub("", written.text)
    number = international_number(_digits(bare))
    if bare != written.text and (kept := international_number(written.digits)) and kept.valid:
        if number is None or not number.valid:
            number = kept
        elif number.e164 != kept.e164:
            return Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)
    if (number is None or not number.valid) and evidence.region in _EXIT_0011 and _digits(bare)[:2] == "11":
        number = international_number(_digits(bare)[2:])
    if number is not None and number.valid and _code_twice(number):
        return Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)
    return _judge(number, len(written.digits))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _code_twice(number: Number) -> bool:
    """`+49 49 176 …`: the country code typed twice; loose fixed-line patterns would take it for a number."""
    code = str(number.country_code)
    if number.kind in _MOBILE or not number.national.startswith(code):
        return False
    inner = international_number(number.national)
    return inner is not None and inner.valid and inner.kind in _MOBILE


def _read_without_region(written: Written, digits: str, evidence: Evidence) -> Reading:
    """No country: say what is missing. Only what is wrong in every country is refused."""
    if evidence.unknown:
        return Reading(reason=PhoneReason.UNKNOWN_COUNTRY)
    if len(digits) <= 4:
        emergency = _EMERGENCY.fullmatch(digits) is not None
        return Reading(reason=PhoneReason.NOT_A_PERSONAL_NUMBER if emergency else PhoneReason.TOO_SHORT)
    if len(digits) > 18:
        return Reading(reason=PhoneReason.TOO_LONG)
    abroad = international_number(digits)
    if (
        abroad is not None
        and abroad.valid
        and _first_group(written.text) in (digits, str(abroad.country_code))
    ):
        return Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)
    return Reading(reason=PhoneReason.NO_REGION)


#: Emergency numbers of larger countries; with a country, libphonenumber's short-number metadata decides.
_EMERGENCY = re.compile(r"000|10[01238]|11[01235789]|12[02]|19[01]|911|999")


def _read_national(written: Written, digits: str, region: str) -> Reading:
    """Rule 4 of `onboarding.domain.phone`: both readings, national and international, and which one stands."""
    if (abroad := number_dialled_abroad(digits, region)) is not None:
        return _judge(abroad, len(digits))
    home = national_number(digits, region)
    away = international_number(digits)
    home_valid = home is not None and home.valid
    away_valid = away is not None and away.valid
    if home is None or not home_valid:
        return Reading(reason=PhoneReason.AMBIGUOUS_PREFIX) if away_valid else _judge(home, len(digits))
    if away is None or home.e164 == away.e164:
        return _judge(home, len(digits))
    certain = _grouped_as_national(written.text, home, away) if away_valid else _has_trunk(digits, home, away)
    return _judge(home, len(digits)) if certain else Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)


def _first_group(text: str) -> str:
    match = re.search(r"\d+", text)
    return match[0] if match else ""


def _grouped_as_national(text: str, home: Number, away: Number) -> bool:
    """The writer separated the first group as this country does, and it is not the other one's country code."""
    first = _first_group(text)
    if first in (_digits(text), str(away.country_code)):
        return False
    return first == _first_group(national_format(home))


def _has_trunk(digits: str, home: Number, away: Number) -> bool:
    """False for a fixed line without the trunk prefix it needs, if it is possible as an international number."""
    if home.kind in _MOBILE or not library().is_possible_number(away.parsed):
        return True
    return _digits(national_format(home)) == digits


def _judge(number: Number | None, written_digits: int) -> Reading:
    """A parsed number → accepted, or the reason why not."""
    lib = library()
    if number is None:
        if written_digits < 5:
            return Reading(reason=PhoneReason.TOO_SHORT)
        return Reading(reason=PhoneReason.TOO_LONG if written_digits > 17 else PhoneReason.INVALID)
    if number.valid:
        personal = number.kind in _PERSONAL and number.region != "001"
        return Reading(number, None if personal else PhoneReason.NOT_A_PERSONAL_NUMBER)
    if len(number.national) <= 6 and lib.is_valid_short_number(number.parsed):
        return Reading(reason=PhoneReason.NOT_A_PERSONAL_NUMBER)
    length = lib.is_possible_number_with_reason(number.parsed)
    result = lib.ValidationResult
    if length in (result.TOO_SHORT, result.IS_POSSIBLE_LOCAL_ONLY):
        return Reading(reason=PhoneReason.TOO_SHORT)  # local only: the area code is missing
    if length == result.TOO_LONG or number.kind is not PhoneKind.UNKNOWN:
        return Reading(reason=PhoneReason.TOO_LONG)  # a known kind here means: more than 15 digits
    possible = length == result.IS_POSSIBLE
    return Reading(reason=PhoneReason.POSSIBLE_ONLY if possible else PhoneReason.INVALID)


# ── more than one number ──────────────────────────────────────────────────────────────────────────────────

#: Separated by what never stands inside a number, halves of these kinds count as numbers too.
_NEARLY = frozenset({PhoneReason.POSSIBLE_ONLY, PhoneReason.AMBIGUOUS_PREFIX})
#: May part two numbers, or an area code from its number (`030/1234567` in Germany and Austria).
_SOFT_SEPARATOR = re.compile(r"\s*/\s*|\s+-\s+|\s{2,}")


def _parts(field: Cleaned, evidence: Evidence) -> tuple[Written, ...]:
    """The numbers of a field. A soft separator parts numbers only when both sides are numbers."""
    if len(field.parts) != 1:
        return field.parts
    [one] = field.parts
    text = one.text
    if "/" in text or "  " in text or " - " in text:
        pieces = _split_written(one, _SOFT_SEPARATOR.split(text))
        if _all_numbers(pieces, evidence) or ("/" in text and _has_alternative_ending(pieces, evidence)):
            return pieces
        if len(one.digits) > 15 and len(pieces) == 2 and min(len(piece.digits) for piece in pieces) >= 7:
            return pieces
    if len(one.digits) > 15:
        for blank in re.finditer(r"[ \-]", text):
            pieces = _split_written(one, [text[: blank.start()], text[blank.end() :]])
            if _all_numbers(pieces, evidence):
                return pieces
    return field.parts


def _split_written(one: Written, texts: list[str]) -> tuple[Written, ...]:
    """Each side is cleaned again, so that `0049 …` after a slash is international too."""
    pieces = [part for text in texts for part in clean(text).parts]
    if pieces and one.extension:
        pieces[-1] = Written(pieces[-1].text, one.extension, pieces[-1].international)
    return tuple(pieces)


def _is_number(written: Written, evidence: Evidence) -> bool:
    return len(written.digits) >= 5 and _read(written, evidence).number is not None


def _all_numbers(pieces: Sequence[Written], evidence: Evidence) -> bool:
    return 1 < len(pieces) <= 5 and all(_is_number(piece, evidence) for piece in pieces)


def _may_be_number(reading: Reading) -> bool:
    return reading.number is not None or reading.reason in _NEARLY


def _has_alternative_ending(pieces: Sequence[Written], evidence: Evidence) -> bool:
    """`0301234 56/57`: two lines written once; joined they would be a third."""
    if len(pieces) != 2 or not 1 <= len(pieces[1].digits) <= 4:
        return False
    return _is_number(pieces[0], evidence)


def _read_many(parts: Sequence[Written], evidence: Evidence) -> Reading:
    """Two numbers: never choose. Without a country nobody knows what they are; else the field is bad."""
    readings = [_read(part, evidence) for part in parts]
    if all(map(_may_be_number, readings)) or _has_alternative_ending(parts, evidence):
        return Reading(reason=PhoneReason.TWO_NUMBERS)
    for missing in (PhoneReason.UNKNOWN_COUNTRY, PhoneReason.NO_REGION):
        if any(reading.reason is missing for reading in readings):
            return Reading(reason=missing)
    return Reading(reason=PhoneReason.INVALID)
