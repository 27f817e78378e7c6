"""One number as written → what it is, or the reason why not. Second part of `onboarding.domain.phone`.

Takes one number that `phone.clean` found and the country evidence, and applies rules 2 to 6 of
`onboarding.domain.phone`. Fields that hold several numbers are in `phone.several`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onboarding.domain.phone.clean import Written, digits_of
from onboarding.domain.phone.library import (
    MAX_DIGITS,
    Dialled,
    Number,
    after_exit_code,
    international_format,
    international_number,
    national_format,
    national_number,
    region_with_plan,
)
from onboarding.domain.phone.plan import NO_COUNTRY, Length, library, plan_of, plans_of
from onboarding.domain.phone.types import PhoneKind, PhoneReason

_MOBILE = (PhoneKind.MOBILE, PhoneKind.FIXED_LINE_OR_MOBILE)
_PERSONAL = (*_MOBILE, PhoneKind.FIXED_LINE, PhoneKind.VOIP, PhoneKind.PERSONAL)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The country a number without `+` is read in. unknown: one was named, but none that we know."""

    region: str | None = None
    unknown: bool = False


@dataclass(slots=True)
class Reading:
    """Accepted when there is no reason; a number beside a reason was read, but must not be used."""

    number: Number | None = None
    reason: PhoneReason | None = None


_AMBIGUOUS = Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)


def nearest_country(countries: Sequence[str | None]) -> Evidence:
    """Rule 3: the first entry that is present decides, known or not."""
    for name in countries:
        if name is not None and (name := name.strip()):
            region = region_with_plan(name)
            return Evidence(region, unknown=region is None)
    return Evidence()


def read(written: Written, evidence: Evidence) -> Reading:
    """What one number is, in the light of the country evidence."""
    if written.decimal_tail:
        return _read_decimal(written, evidence)
    digits = written.digits
    if 4 < len(digits) <= MAX_DIGITS and digits.count("0") == len(digits):
        return Reading(reason=PhoneReason.INVALID)  # a placeholder in every country
    if written.international:
        return _read_international(written, digits, evidence)
    if evidence.region is None:
        return _read_without_region(written, digits, evidence)
    return _read_national(written, digits, evidence.region)


def _read_decimal(written: Written, evidence: Evidence) -> Reading:
    """`+4917610042069.0`: without the tail when only that is a number; when both are, nobody can tell."""
    head = Written(written.text.rsplit(".", 1)[0], None, written.international, written.dialled)
    short = read(head, evidence)
    whole = read(Written(written.text, None, written.international, written.dialled), evidence)
    if whole.reason is None:
        return Reading(reason=PhoneReason.POSSIBLE_ONLY)
    return short


def groups_of(text: str) -> list[str]:
    """`0049 (0)30-123` → ["0049", "0", "30", "123"]."""
    return re.findall(r"\d+", text)


# ── with a country code ───────────────────────────────────────────────────────────────────────────────────

_TRUNK_MARK = re.compile(r"(?<=\d)[\s.\-)]*\(\s*0\s*\)")


def _read_international(written: Written, digits: str, evidence: Evidence) -> Reading:
    """`(0)` after the country code is dropped or kept, whichever gives a number (Italy keeps it)."""
    bare = digits
    if "(" in written.text and (shorter := _TRUNK_MARK.sub("", written.text)) != written.text:
        bare = digits_of(shorter)
    number = international_number(bare)
    if bare != digits and (kept := international_number(digits)) and kept.valid:
        if number is None or not number.valid:
            number = kept
        elif number.e164 != kept.e164:
            return _AMBIGUOUS
    if number is not None and number.valid and _code_twice(number):
        return _AMBIGUOUS
    if written.dialled:
        return _read_dialled(written, number, evidence)
    return _judge(number, len(digits))


def _code_twice(number: Number) -> bool:
    """`+49 49 176 …`, `049 176 …`: the country code stands where an area code should, and loose plans take it.

    Of 10,000 valid numbers drawn from all plans, four (German ones) look so by themselves.
    """
    national = number.national.lstrip("0")  # Italy keeps the zero of `039 06 …`
    if not national.startswith(str(number.code)):
        return False
    inner = international_number(national)
    return inner is not None and inner.valid


def _read_dialled(written: Written, number: Number | None, evidence: Evidence) -> Reading:
    """`00…` is what most of the world dials before a country code, but `001`, `0055` or `0011` may be too.

    Where the country of the evidence has such exit codes, both readings are made. The way the digits are
    grouped may tell which was meant (`0057 321 …`, `005 7 321 …`); otherwise nobody can.
    """
    valid = number is not None and number.valid
    groups = groups_of(written.dialled)
    plain = valid and groups[0] in ("00", f"00{number.code}" if number else "")
    region = evidence.region
    away = after_exit_code("00" + written.digits, region) if region else None
    if away is not None and away.code != "00":
        if not valid:
            return _judge_dialled(groups, away)
        carrier = _set_apart(groups, away)
        if number is not None and number.e164 != away.number.e164:
            meant = away.number if carrier else number
            return _AMBIGUOUS if plain == carrier else _judge(meant, len(written.digits))
    elif valid and written.digits[:2] == "11" and not plain:
        return _AMBIGUOUS  # 0011 is Australia's exit code; +1 1 … would be a trunk prefix too many
    return _judge(number, len(written.digits))


def _set_apart(groups: list[str], dialled: Dialled) -> bool:
    """The exit code is a group of its own, or two (`8 10`), or one with the country code behind it."""
    code = str(dialled.number.code)
    return (
        groups[0] == dialled.code + code
        or groups[:2] == [dialled.code, code]
        or ("".join(groups[:2]) == dialled.code and groups[2:3] == [code])
    )


def _judge_dialled(groups: list[str], dialled: Dialled) -> Reading:
    """Accepted when the exit code is set apart; or is the only one of its country, and long digits follow.

    Otherwise Argentina's `011 4321-1234` read in the United States would be a short Austrian number, and a
    typing slip in Brazil a call through one of its carriers.
    """
    digits = len(dialled.number.e164) - 1
    certain = _set_apart(groups, dialled) or (dialled.only and digits >= 10)
    return _judge(dialled.number, digits) if certain else _AMBIGUOUS


# ── without a country ─────────────────────────────────────────────────────────────────────────────────────

#: Emergency numbers of larger countries; with a country, libphonenumber's short-number metadata decides.
_EMERGENCY = re.compile(r"000|10[01238]|11[01235789]|12[02]|19[01]|911|999")


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
    if abroad is not None and abroad.valid and groups_of(written.text)[0] in (digits, str(abroad.code)):
        return _AMBIGUOUS
    return Reading(reason=PhoneReason.NO_REGION)


# ── in a country ──────────────────────────────────────────────────────────────────────────────────────────


def _read_national(written: Written, digits: str, region: str) -> Reading:
    """Rule 4 of `onboarding.domain.phone`: as dialled at home, abroad, or with a lost `+`, and which one stands."""
    home = national_number(digits, region)
    home_valid = home is not None and home.valid
    dialled = after_exit_code(digits, region)
    if dialled is not None:
        return _AMBIGUOUS if home_valid else _judge_dialled(groups_of(written.text), dialled)
    away = international_number(digits)
    away_valid = away is not None and away.valid
    if home is None or not home_valid:
        return _AMBIGUOUS if away_valid else _judge(home, len(digits))
    if _code_twice(home) or not _stands(written.text, digits, home, away):
        return _AMBIGUOUS
    if digits in _COUNTED:
        return Reading(reason=PhoneReason.POSSIBLE_ONLY)  # a placeholder wherever it may be a number
    return _judge(home, len(digits))


#: Counted up on the keypad, and in the plan of some country (`01234 567890` is Bedford's).
_COUNTED = ("1234567890", "01234567890")

#: Postcodes, employee numbers and dates have fewer digits; fixed-line patterns are loose enough to take them.
_MIN_WITHOUT_TRUNK = 9


def _stands(text: str, digits: str, home: Number, away: Number | None) -> bool:
    """Whether a valid national reading is the only one, and complete."""
    if away is not None and away.e164 == home.e164:
        return True
    if away is not None and away.valid:
        return _grouped_as_national(text, home, away)
    if home.kind in _MOBILE or digits_of(national_format(home)) == digits:
        return True
    # A fixed line without the trunk prefix it needs.
    if text == digits and len(digits) < min(_MIN_WITHOUT_TRUNK, plans_of(home.code)[0].longest):
        return False
    return away is None or away.length is not Length.POSSIBLE


def _grouped_as_national(text: str, home: Number, away: Number) -> bool:
    """The writer separated the digits as this country does, and not as readers abroad would see the other one."""
    groups = groups_of(text)
    if len(groups) == 1:
        return False
    expected = national_format(home)
    if groups[0] != str(away.code):
        return groups[0] in (groups_of(expected)[0], groups_of(international_format(home))[1])
    abroad = international_format(away)[1:]
    return text == expected and text != abroad and (groups != groups_of(abroad) or "(" in text)


# ── the verdict ───────────────────────────────────────────────────────────────────────────────────────────


def _judge(number: Number | None, written_digits: int) -> Reading:
    """A parsed number → accepted, or the reason why not."""
    if number is None:
        if written_digits < 5:
            return Reading(reason=PhoneReason.TOO_SHORT)
        return Reading(reason=PhoneReason.TOO_LONG if written_digits > 17 else PhoneReason.INVALID)
    if number.valid:
        if number.kind not in _PERSONAL or number.region == NO_COUNTRY:
            return Reading(number, PhoneReason.NOT_A_PERSONAL_NUMBER)
        return Reading(number, PhoneReason.POSSIBLE_ONLY if _doubtful(number) else None)
    if number.kind is not PhoneKind.UNKNOWN:
        return Reading(reason=PhoneReason.TOO_LONG)  # in the plan, but beyond E.164
    if len(number.national) <= 6 and library().is_valid_short_number(number.parsed):
        return Reading(reason=PhoneReason.NOT_A_PERSONAL_NUMBER)
    return Reading(reason=_BY_LENGTH[number.length])


#: Local only: the area code is missing.
_BY_LENGTH = {
    Length.TOO_SHORT: PhoneReason.TOO_SHORT,
    Length.LOCAL_ONLY: PhoneReason.TOO_SHORT,
    Length.TOO_LONG: PhoneReason.TOO_LONG,
    Length.NEVER: PhoneReason.INVALID,
    Length.POSSIBLE: PhoneReason.POSSIBLE_ONLY,
}


def _doubtful(number: Number) -> bool:
    """Valid by the metadata, and yet more likely a placeholder or a fragment of a longer number."""
    national = number.national
    if len(national) > 5:
        return national.count(national[0]) == len(national)
    return number.region is not None and plan_of(number.region).longest >= len(national) + 4
