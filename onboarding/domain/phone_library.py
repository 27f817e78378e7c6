"""libphonenumber (`phonenumbers`): digits → a number with its kind and country, read abroad or in one country.

The only module that imports the library, and on first use: loading it costs start-up time, and most calls need
no phone. Validity, kinds and formats are the library's (it has no type hints, hence `Any`); what it guesses
about a missing `+` is not taken over: rule 4 of `onboarding.domain.phone`. Rule 7, old forms, is here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from onboarding.domain.phone_types import PhoneKind


@cache
def library() -> Any:
    """phonenumbers, on first use. Its pattern cache (bounded by the metadata) makes it 40 times faster."""
    import phonenumbers

    phonenumbers.enable_pattern_cache()
    return phonenumbers


@cache
def _kinds() -> dict[int, PhoneKind]:
    kinds = library().PhoneNumberType
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


@dataclass(frozen=True, slots=True)
class Number:
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


def _number(parsed: Any) -> Number:
    """`is_valid_number` and `number_type` in one pass: a type is unknown exactly when the number is invalid."""
    lib = library()
    kind = _kinds().get(lib.number_type(parsed), PhoneKind.UNKNOWN)
    national = lib.national_significant_number(parsed)
    valid = kind is not PhoneKind.UNKNOWN and len(national) + len(str(parsed.country_code)) <= 15
    region = lib.region_code_for_number(parsed) if valid else None
    return Number(parsed.country_code, national, kind, region, valid, parsed)


@lru_cache(maxsize=1024)
def region_with_plan(name: str) -> str | None:
    """ISO alpha-2 of a country that has a numbering plan in the metadata, else None."""
    supported = library().SUPPORTED_REGIONS
    if name in supported:
        return name
    from onboarding.domain.country import alpha2

    found = alpha2(name)
    return found if found in supported else None


def international_number(digits: str) -> Number | None:
    """Read digits that begin with a country code. None when there is no such code or far too few digits."""
    if digits[:1] in ("", "0") or len(digits) > 19:
        return None
    if digits.startswith("521") and len(digits) == 13:
        digits = "52" + digits[3:]  # Mexico's mobile 1, ended August 2019: the subscriber is the same
    lib = library()
    try:
        return _number(lib.parse("+" + digits, None))
    except lib.NumberParseException:
        return None


#: Mexico's 01, 044 and 045, ended August 2019 with the mobile 1 above.
_MEXICAN_TRUNK = re.compile(r"(?:01|04[45])(?=\d{10}\Z)")


def national_number(digits: str, region: str) -> Number | None:
    """Read as dialled inside `region`, without the library's guesses about a missing `+` or an exit code."""
    lib = library()
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


def number_dialled_abroad(digits: str, region: str) -> Number | None:
    """Exit codes that cannot begin a national number: 011 in North America, 8~10 in Russia and neighbours."""
    exit_code = library().PhoneMetadata.metadata_for_region(region, None).international_prefix
    if exit_code not in ("011", "810") or not digits.startswith(exit_code):
        return None
    number = international_number(digits[3:])
    return number if number is not None and number.valid else None


def national_format(number: Number) -> str:
    """As people of its own country write it, trunk prefix included: `030 123456`."""
    lib = library()
    text: str = lib.format_number(number.parsed, lib.PhoneNumberFormat.NATIONAL)
    return text
