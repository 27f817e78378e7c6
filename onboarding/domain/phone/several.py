"""A phone field → its one number, or the answer for a field that holds several. Third part of `phone`.

Separators that never stand inside a number are cut in `phone.clean`; here are those that may part two numbers
or belong to one (`/` stands after the area code in Germany and Austria), so both sides are read first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from onboarding.domain.phone.clean import Cleaned, Written, clean
from onboarding.domain.phone.library import MAX_DIGITS
from onboarding.domain.phone.read import Evidence, Reading, groups_of, read
from onboarding.domain.phone.types import PhoneReason

#: Separated by what never stands inside a number, halves of these kinds count as numbers too.
_NEARLY = frozenset({PhoneReason.POSSIBLE_ONLY, PhoneReason.AMBIGUOUS_PREFIX})
#: May part two numbers, or an area code from its number (`030/1234567` in Germany and Austria).
_SOFT_SEPARATOR = re.compile(r"\s*/\s*|\s+-\s+|\s{2,}")


def read_field(field: Cleaned, evidence: Evidence) -> tuple[Written, Reading]:
    """Read a field that has no problem: its first number as written, and what the field as a whole means."""
    parts = _parts(field, evidence)
    first = parts[0]
    return first, read(first, evidence) if len(parts) == 1 else _read_many(parts, evidence)


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
        if len(one.digits) > MAX_DIGITS and len(pieces) == 2 and min(len(p.digits) for p in pieces) >= 7:
            return pieces
    if not one.international and len(one.digits) >= 10 and (twice := _written_twice(text)):
        return _split_written(one, twice)
    if len(text) > MAX_DIGITS and len(one.digits) > MAX_DIGITS:
        for blank in re.finditer(r"[ \-]", text):
            pieces = _split_written(one, [text[: blank.start()], text[blank.end() :]])
            if _all_numbers(pieces, evidence):
                return pieces
    return field.parts


def _written_twice(text: str) -> list[str]:
    """`62944 62944`: the same groups of digits again; joined they may be a number of a country with longer ones."""
    groups = groups_of(text)
    half = len(groups) // 2
    if len(groups) % 2 or groups[:half] != groups[half:]:
        return []
    return [" ".join(groups[:half])] * 2


def _split_written(one: Written, texts: list[str]) -> tuple[Written, ...]:
    """Each side is cleaned again, so that `0049 …` after a slash is international too."""
    pieces = [part for text in texts for part in clean(text).parts]
    if pieces and one.extension:
        pieces[-1] = Written(pieces[-1].text, one.extension, pieces[-1].international, pieces[-1].dialled)
    return tuple(pieces)


def _is_number(written: Written, evidence: Evidence) -> bool:
    return len(written.digits) >= 5 and read(written, evidence).number is not None


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
    readings = [read(part, evidence) for part in parts]
    if all(map(_may_be_number, readings)) or _has_alternative_ending(parts, evidence):
        return Reading(reason=PhoneReason.TWO_NUMBERS)
    for missing in (PhoneReason.UNKNOWN_COUNTRY, PhoneReason.NO_REGION):
        if any(reading.reason is missing for reading in readings):
            return Reading(reason=missing)
    return Reading(reason=PhoneReason.INVALID)
