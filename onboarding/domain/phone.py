"""Phone numbers from HR → E.164 and the form Entra wants, or a reason why not. Nothing is guessed.

Validity comes from libphonenumber's metadata (`phonenumbers`), the form from ITU-T E.164. The rules:

1. `phone_clean` turns the field into digits, an extension and separators, or names the problem.
2. `+`, `00` and links such as wa.me are international: the country evidence is not used to read them.
3. Everything else is read in the first country of the evidence. Nothing present → `no_region`. Present but
   not a country we know → `unknown_country`, also when a later entry is known: what stands nearest to the
   number counts, and skipping a typo there would read the number in another country. A number read this way
   carries `assumed_region=True`.
4. A number without `+` may have lost it (`447911123456`), so both readings are made:
   * only the national one is valid, or both are the same number (`1 212 …` in the US) → accepted;
   * both valid and different → accepted when *grouped* as that country groups it (`435-223-4567` in the US,
     where the other reading is Austrian, +43 5223 4567), else `ambiguous_prefix`. This asks about one bare
     ten-digit number in nine from North America and two in five bare Chinese mobiles; asking is cheap (such
     numbers are never written to Entra), somebody else's number is not;
   * only the international one is valid → `ambiguous_prefix`: probable, but never repaired silently;
   * a fixed line without the trunk prefix it needs, while the international reading has a possible length →
     `ambiguous_prefix`: fixed-line patterns are loose enough to swallow foreign numbers.
5. Valid means `is_valid_number`. What is only *possible* (the length fits, no such range is known) is
   `needs_review/possible_only`: ranges open faster than metadata follows, so a human looks; it is never
   stored. Other invalid numbers are rejected.
6. Rejected as not personal: toll-free, premium, shared-cost, UAN, pager, voicemail, short and emergency
   numbers, and codes without a country (+800, +808, +870 …). VoIP and personal numbers (UK 070) are `ok` with
   their kind, since both are assigned to one person; `directory_phone` takes neither.
7. Old forms with one documented meaning are modernised, only when the outcome is valid: Mexico's `+52 1`,
   01, 044 and 045 (ended August 2019) here; Argentina's 15 in libphonenumber.

The space after the country code: Microsoft, "Authentication methods in Microsoft Entra ID - phone options".
Extensions are kept beside the number; by the same page they are supported for office phones only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from onboarding.domain.phone_clean import Cleaned, Written, clean, mask


class PhoneStatus(StrEnum):
    OK = "ok"
    NEEDS_REVIEW = "needs_review"
    REJECTED = "rejected"


class PhoneReason(StrEnum):
    """Why a number is not `ok`. The first five ask a human; the others go back to HR."""

    NO_REGION = "no_region"
    UNKNOWN_COUNTRY = "unknown_country"
    TWO_NUMBERS = "two_numbers"
    AMBIGUOUS_PREFIX = "ambiguous_prefix"
    POSSIBLE_ONLY = "possible_only"
    EMPTY = "empty"
    INVALID = "invalid"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LETTERS = "letters"
    SCIENTIFIC_NOTATION = "scientific_notation"
    NOT_A_PERSONAL_NUMBER = "not_a_personal_number"


class PhoneKind(StrEnum):
    MOBILE = "mobile"
    FIXED_LINE = "fixed_line"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PhoneResult:
    """What became of one phone field; the JSON contract of the CLI verb `phone`.

    raw_masked: shape of the input, at most its last two digits; the only part that may be logged.
    reason: None exactly when status is ok. e164, entra: None unless ok (`+4917…`, `+49 17…`).
    region: ISO alpha-2 of the number; where it could not be read, the country it was tried in, or None.
    assumed_region: the number itself named no country (no `+`, `00`, `tel:+`); such a number must not become
        a recovery factor without the person's own confirmation.
    extension: digits set aside, never part of e164 or entra.
    """

    raw_masked: str
    status: PhoneStatus
    reason: PhoneReason | None
    e164: str | None
    entra: str | None
    kind: PhoneKind
    region: str | None
    assumed_region: bool
    extension: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "raw_masked": self.raw_masked,
            "status": self.status.value,
            "reason": self.reason.value if self.reason else None,
            "e164": self.e164,
            "entra": self.entra,
            "kind": self.kind.value,
            "region": self.region,
            "assumed_region": self.assumed_region,
            "extension": self.extension,
        }


def normalise(raw: str | None, countries: Sequence[str | None] = ()) -> PhoneResult:
    """Read one HR phone field. Pure, never raises on any text.

    countries: evidence in order of nearness (hint beside the number, home country, work country); each an ISO
    3166-1 alpha-2 code or a name that `country.alpha2` knows. The first that is present decides.
    """
    masked = mask(raw)
    if raw is None or not raw or raw.isspace():
        return _refused(masked, PhoneReason.EMPTY)
    field = clean(raw)
    if field.problem is not None:
        return _refused(masked, PhoneReason(field.problem), assumed=_names_no_country(raw))
    evidence = _evidence(countries)
    parts = _parts(field, evidence)
    first = parts[0]
    reading = _read(first, evidence) if len(parts) == 1 else _read_many(parts, evidence)
    return _result(masked, first, reading, evidence)


def directory_phone(result: PhoneResult) -> str | None:
    """The value for Entra's `mobilePhone` (`+CC NNN…`), or None when this number must not be written there.

    Only a mobile (or what may be one) whose country the number itself named, and without an extension: that
    is a switchboard, and a shared line must not become somebody's recovery factor.
    """
    personal = result.kind in (PhoneKind.MOBILE, PhoneKind.FIXED_LINE_OR_MOBILE)
    if result.status is not PhoneStatus.OK or result.assumed_region or result.extension or not personal:
        return None
    return result.entra


def _names_no_country(raw: str) -> bool:
    return not re.match(r"[\s(\"'=]*(?:tel:)?[\s(]*(?:[+\uff0b]|00)", raw, re.IGNORECASE)


# ── the library ───────────────────────────────────────────────────────────────────────────────────────────


@cache
def _lib() -> Any:
    """phonenumbers, on first use. Its pattern cache (bounded by the metadata) makes it 40 times faster."""
    import phonenumbers

    phonenumbers.enable_pattern_cache()
    return phonenumbers


@cache
def _kinds() -> dict[int, PhoneKind]:
    kinds = _lib().PhoneNumberType
    return {
        kinds.MOBILE: PhoneKind.MOBILE,
        kinds.FIXED_LINE: PhoneKind.FIXED_LINE,
        kinds.FIXED_LINE_OR_MOBILE: PhoneKind.FIXED_LINE_OR_MOBILE,
        kinds.VOIP: PhoneKind.VOIP,
        kinds.TOLL_FREE: PhoneKind.TOLL_FREE,
        kinds.PREMIUM_RATE: PhoneKind.PREMIUM,
        kinds.SHARED_COST: PhoneKind.SHARED_COST,
        kinds.PERSONAL_NUMBER: PhoneKind.PERSONAL,
        kinds.PAGER: PhoneKind.PAGER,
        kinds.UAN: PhoneKind.UAN,
        kinds.VOICEMAIL: PhoneKind.OTHER,
    }


_MOBILE = frozenset({PhoneKind.MOBILE, PhoneKind.FIXED_LINE_OR_MOBILE})
_PERSONAL = _MOBILE | {PhoneKind.FIXED_LINE, PhoneKind.VOIP, PhoneKind.PERSONAL}


@dataclass(frozen=True, slots=True)
class _Number:
    """A parsed number; `valid` is is_valid_number and the E.164 limit of 15 digits."""

    country_code: int
    national: str
    kind: PhoneKind
    region: str | None
    valid: bool
    parsed: Any

    @property
    def e164(self) -> str:
        return f"+{self.country_code}{self.national}"


@dataclass(frozen=True, slots=True)
class _Evidence:
    region: str | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    number: _Number | None = None
    reason: PhoneReason | None = None


def _number(parsed: Any) -> _Number:
    """`is_valid_number` and `number_type` in one pass: a type is unknown exactly when the number is invalid."""
    lib = _lib()
    kind = _kinds().get(lib.number_type(parsed), PhoneKind.UNKNOWN)
    national = lib.national_significant_number(parsed)
    valid = kind is not PhoneKind.UNKNOWN and len(national) + len(str(parsed.country_code)) <= 15
    region = lib.region_code_for_number(parsed) if valid else None
    return _Number(parsed.country_code, national, kind, region, valid, parsed)


# ── evidence ──────────────────────────────────────────────────────────────────────────────────────────────


def _evidence(countries: Sequence[str | None]) -> _Evidence:
    for name in countries:
        if name is not None and (name := name.strip()):
            region = _region(name)
            return _Evidence(region, unknown=region is None)
    return _Evidence()


@lru_cache(maxsize=1024)
def _region(name: str) -> str | None:
    """ISO alpha-2 of a country that has a numbering plan in the metadata, else None."""
    supported = _lib().SUPPORTED_REGIONS
    if name in supported:
        return name
    from onboarding.domain.country import alpha2

    found = alpha2(name)
    return found if found in supported else None


# ── one number ────────────────────────────────────────────────────────────────────────────────────────────

#: Australia dials 0011 abroad, which looks like 00 and +11.
_EXIT_0011 = frozenset({"AU", "CC", "CX"})
_TRUNK_MARK = re.compile(r"(?<=\d)[\s.\-)]*\(\s*0\s*\)")


def _read(written: Written, evidence: _Evidence) -> _Reading:
    if written.decimal_tail:
        return _read_decimal(written, evidence)
    if written.international:
        return _read_international(written, evidence)
    digits = written.digits
    if evidence.region is None:
        return _read_without_region(written, digits, evidence)
    return _read_national(written, digits, evidence.region)


def _read_decimal(written: Written, evidence: _Evidence) -> _Reading:
    """`+4917610042069.0`: without the tail when only that is a number; when both are, nobody can tell."""
    head = Written(written.text.rsplit(".", 1)[0], None, written.international)
    short = _read(head, evidence)
    whole = _read(Written(written.text, None, written.international), evidence)
    if whole.reason is None:
        return _Reading(reason=PhoneReason.POSSIBLE_ONLY)
    return short


def _read_international(written: Written, evidence: _Evidence) -> _Reading:
    """`(0)` after the country code is dropped or kept, whichever gives a number (Italy keeps it)."""
    bare = _TRUNK_MARK.sub("", written.text)
    number = _international(_digits(bare))
    if bare != written.text and (kept := _international(written.digits)) and kept.valid:
        if number is None or not number.valid:
            number = kept
        elif number.e164 != kept.e164:
            return _Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)
    if (number is None or not number.valid) and evidence.region in _EXIT_0011 and _digits(bare)[:2] == "11":
        number = _international(_digits(bare)[2:])
    if number is not None and number.valid and _code_twice(number):
        return _Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)
    return _judge(number, len(written.digits))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _international(digits: str) -> _Number | None:
    """Read digits that begin with a country code. None when there is no such code or far too few digits."""
    if digits[:1] in ("", "0") or len(digits) > 19:
        return None
    if digits.startswith("521") and len(digits) == 13:
        digits = "52" + digits[3:]  # Mexico's mobile 1, ended August 2019: the subscriber is the same
    lib = _lib()
    try:
        return _number(lib.parse("+" + digits, None))
    except lib.NumberParseException:
        return None


def _code_twice(number: _Number) -> bool:
    """`+49 49 176 …`: the country code typed twice; loose fixed-line patterns would take it for a number."""
    code = str(number.country_code)
    if number.kind in _MOBILE or not number.national.startswith(code):
        return False
    inner = _international(number.national)
    return inner is not None and inner.valid and inner.kind in _MOBILE


def _read_without_region(written: Written, digits: str, evidence: _Evidence) -> _Reading:
    """No country: say what is missing. Only what is wrong in every country is refused."""
    if evidence.unknown:
        return _Reading(reason=PhoneReason.UNKNOWN_COUNTRY)
    if len(digits) <= 4:
        emergency = _EMERGENCY.fullmatch(digits) is not None
        return _Reading(reason=PhoneReason.NOT_A_PERSONAL_NUMBER if emergency else PhoneReason.TOO_SHORT)
    if len(digits) > 18:
        return _Reading(reason=PhoneReason.TOO_LONG)
    abroad = _international(digits)
    if (
        abroad is not None
        and abroad.valid
        and _first_group(written.text) in (digits, str(abroad.country_code))
    ):
        return _Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)
    return _Reading(reason=PhoneReason.NO_REGION)


#: Emergency numbers of larger countries; with a country, libphonenumber's short-number metadata decides.
_EMERGENCY = re.compile(r"000|10[01238]|11[01235789]|12[02]|19[01]|911|999")


def _read_national(written: Written, digits: str, region: str) -> _Reading:
    """Rule 4 of the module docstring."""
    if (abroad := _dialled_abroad(digits, region)) is not None:
        return _judge(abroad, len(digits))
    home = _national(digits, region)
    away = _international(digits)
    home_valid = home is not None and home.valid
    away_valid = away is not None and away.valid
    if home is None or not home_valid:
        return _Reading(reason=PhoneReason.AMBIGUOUS_PREFIX) if away_valid else _judge(home, len(digits))
    if away is None or home.e164 == away.e164:
        return _judge(home, len(digits))
    certain = _grouped_as_national(written.text, home, away) if away_valid else _has_trunk(digits, home, away)
    return _judge(home, len(digits)) if certain else _Reading(reason=PhoneReason.AMBIGUOUS_PREFIX)


_MEXICAN_TRUNK = re.compile(r"(?:01|04[45])(?=\d{10}\Z)")


def _national(digits: str, region: str) -> _Number | None:
    """Read as dialled inside `region`, without the library's guesses about a missing `+` or an exit code."""
    lib = _lib()
    if region == "MX":
        digits = _MEXICAN_TRUNK.sub("", digits)
    try:
        parsed = lib.parse(digits, region, keep_raw_input=True)
    except lib.NumberParseException:
        return None
    source = lib.CountryCodeSource
    plain = parsed.country_code_source == source.FROM_DEFAULT_COUNTRY
    # In North America the country code is also the trunk prefix: `1 212 …` is the national form.
    trunk = parsed.country_code_source == source.FROM_NUMBER_WITHOUT_PLUS_SIGN and parsed.country_code == 1
    return _number(parsed) if plain or trunk else None


def _dialled_abroad(digits: str, region: str) -> _Number | None:
    """Exit codes that cannot begin a national number: 011 in North America, 8~10 in Russia and neighbours."""
    exit_code = _lib().PhoneMetadata.metadata_for_region(region, None).international_prefix
    if exit_code not in ("011", "810") or not digits.startswith(exit_code):
        return None
    number = _international(digits[3:])
    return number if number is not None and number.valid else None


def _first_group(text: str) -> str:
    match = re.search(r"\d+", text)
    return match[0] if match else ""


def _national_format(number: _Number) -> str:
    lib = _lib()
    text: str = lib.format_number(number.parsed, lib.PhoneNumberFormat.NATIONAL)
    return text


def _grouped_as_national(text: str, home: _Number, away: _Number) -> bool:
    """The writer separated the first group as this country does, and it is not the other one's country code."""
    first = _first_group(text)
    if first in (_digits(text), str(away.country_code)):
        return False
    return first == _first_group(_national_format(home))


def _has_trunk(digits: str, home: _Number, away: _Number) -> bool:
    """False for a fixed line without the trunk prefix it needs, if it is possible as an international number."""
    if home.kind in _MOBILE or not _lib().is_possible_number(away.parsed):
        return True
    return _digits(_national_format(home)) == digits


def _judge(number: _Number | None, written_digits: int) -> _Reading:
    """A parsed number → accepted, or the reason why not."""
    lib = _lib()
    if number is None:
        if written_digits < 5:
            return _Reading(reason=PhoneReason.TOO_SHORT)
        return _Reading(reason=PhoneReason.TOO_LONG if written_digits > 17 else PhoneReason.INVALID)
    if number.valid:
        personal = number.kind in _PERSONAL and number.region != "001"
        return _Reading(number, None if personal else PhoneReason.NOT_A_PERSONAL_NUMBER)
    if len(number.national) <= 6 and lib.is_valid_short_number(number.parsed):
        return _Reading(reason=PhoneReason.NOT_A_PERSONAL_NUMBER)
    length = lib.is_possible_number_with_reason(number.parsed)
    result = lib.ValidationResult
    if length in (result.TOO_SHORT, result.IS_POSSIBLE_LOCAL_ONLY):
        return _Reading(reason=PhoneReason.TOO_SHORT)  # local only: the area code is missing
    if length == result.TOO_LONG or number.kind is not PhoneKind.UNKNOWN:
        return _Reading(reason=PhoneReason.TOO_LONG)  # a known kind here means: more than 15 digits
    possible = length == result.IS_POSSIBLE
    return _Reading(reason=PhoneReason.POSSIBLE_ONLY if possible else PhoneReason.INVALID)


# ── more than one number ──────────────────────────────────────────────────────────────────────────────────

#: Separated by what never stands inside a number, halves of these kinds count as numbers too.
_NEARLY = frozenset({PhoneReason.POSSIBLE_ONLY, PhoneReason.AMBIGUOUS_PREFIX})
#: May part two numbers, or an area code from its number (`030/1234567` in Germany and Austria).
_SOFT_SEPARATOR = re.compile(r"\s*/\s*|\s+-\s+|\s{2,}")


def _parts(field: Cleaned, evidence: _Evidence) -> tuple[Written, ...]:
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


def _is_number(written: Written, evidence: _Evidence) -> bool:
    return len(written.digits) >= 5 and _read(written, evidence).number is not None


def _all_numbers(pieces: Sequence[Written], evidence: _Evidence) -> bool:
    return 1 < len(pieces) <= 5 and all(_is_number(piece, evidence) for piece in pieces)


def _may_be_number(reading: _Reading) -> bool:
    return reading.number is not None or reading.reason in _NEARLY


def _has_alternative_ending(pieces: Sequence[Written], evidence: _Evidence) -> bool:
    """`0301234 56/57`: two lines written once; joined they would be a third."""
    if len(pieces) != 2 or not 1 <= len(pieces[1].digits) <= 4:
        return False
    return _is_number(pieces[0], evidence)


def _read_many(parts: Sequence[Written], evidence: _Evidence) -> _Reading:
    """Two numbers: never choose. Without a country nobody knows what they are; else the field is bad."""
    readings = [_read(part, evidence) for part in parts]
    if all(map(_may_be_number, readings)) or _has_alternative_ending(parts, evidence):
        return _Reading(reason=PhoneReason.TWO_NUMBERS)
    for missing in (PhoneReason.UNKNOWN_COUNTRY, PhoneReason.NO_REGION):
        if any(reading.reason is missing for reading in readings):
            return _Reading(reason=missing)
    return _Reading(reason=PhoneReason.INVALID)


# ── the result ────────────────────────────────────────────────────────────────────────────────────────────

_REVIEW = frozenset(list(PhoneReason)[:5])


def _refused(masked: str, reason: PhoneReason, assumed: bool = False) -> PhoneResult:
    return PhoneResult(
        masked, PhoneStatus.REJECTED, reason, None, None, PhoneKind.UNKNOWN, None, assumed, None
    )


def _result(masked: str, written: Written, reading: _Reading, evidence: _Evidence) -> PhoneResult:
    number, reason = reading.number, reading.reason
    assumed = not written.international
    extension = written.extension
    if number is None or reason is not None:
        status = PhoneStatus.NEEDS_REVIEW if reason in _REVIEW else PhoneStatus.REJECTED
        kind = number.kind if number else PhoneKind.UNKNOWN
        region = number.region if number else evidence.region if assumed else None
        return PhoneResult(masked, status, reason, None, None, kind, _iso(region), assumed, extension)
    return PhoneResult(
        raw_masked=masked,
        status=PhoneStatus.OK,
        reason=None,
        e164=number.e164,
        entra=f"+{number.country_code} {number.national}",
        kind=number.kind,
        region=_region_of(number, evidence),
        assumed_region=assumed,
        extension=extension,
    )


def _iso(region: str | None) -> str | None:
    return None if region == "001" else region


def _region_of(number: _Number, evidence: _Evidence) -> str | None:
    """Country codes shared by several regions: the evidence decides where the plan allows it.

    Mobile ranges under +44 that the metadata gives to Guernsey, Jersey or Man are used all over the United
    Kingdom, so they are GB unless the evidence says otherwise.
    """
    region = number.region
    near = evidence.region
    if near is not None and near != region and _lib().is_valid_number_for_region(number.parsed, near):
        return near
    if number.country_code == 44 and number.kind is PhoneKind.MOBILE and region != evidence.region:
        return "GB"
    return _iso(region)
