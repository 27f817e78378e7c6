"""Numbering plans: what libphonenumber's metadata say of a region, laid out for many numbers a second.

`phonenumbers` answers four questions per number (parse, type, region, length), each from text and each searching
anew; that alone costs more than the 15,000 numbers/s of design section 7 leave. Here the same metadata, by the
same rules, answer them from digits: `Plan` is one region, or one country code without a country. A test
(`tests/domain/test_phone_plan.py`) holds every answer against the library's own over all regions and kinds.

The library is imported here only, and on first use: most calls of the service need no phone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from onboarding.domain.phone.types import PhoneKind

#: Region of numbers that belong to no country (+800, +870 …), as libphonenumber names it.
NO_COUNTRY = "001"

#: In the order in which libphonenumber asks; fixed lines and mobiles come last, since those two may overlap.
_KINDS = {
    "premium_rate": PhoneKind.PREMIUM,
    "toll_free": PhoneKind.TOLL_FREE,
    "shared_cost": PhoneKind.SHARED_COST,
    "voip": PhoneKind.VOIP,
    "personal_number": PhoneKind.PERSONAL,
    "pager": PhoneKind.PAGER,
    "uan": PhoneKind.UAN,
    "voicemail": PhoneKind.OTHER,
    "fixed_line": PhoneKind.FIXED_LINE,
    "mobile": PhoneKind.MOBILE,
}

#: Read once: an enumeration's members are slow to look up, and these are needed for every number.
_UNKNOWN, _FIXED_LINE, _MOBILE = PhoneKind.UNKNOWN, PhoneKind.FIXED_LINE, PhoneKind.MOBILE
_FIXED_LINE_OR_MOBILE = PhoneKind.FIXED_LINE_OR_MOBILE

Whole = Callable[[str], "re.Match[str] | None"]


class Length(Enum):
    """How many digits a national number has, against what its plan allows."""

    TOO_SHORT = "too short"
    LOCAL_ONLY = "possible without its area code only"
    POSSIBLE = "possible"
    NEVER = "between two possible lengths"
    TOO_LONG = "too long"


@cache
def library() -> Any:
    """phonenumbers, on first use (it has no type hints, hence `Any`), with its pattern cache: it is bounded."""
    import phonenumbers

    phonenumbers.enable_pattern_cache()
    return phonenumbers


class Plan:
    """One numbering plan.

    exit_code matches what is dialled there before a country code, carriers included; longest: digits of its
    longest fixed line; leading: how the region's numbers begin, where several regions share the country code.
    """

    def __init__(self, metadata: Any) -> None:
        self.region: str = metadata.id
        self.code: int = metadata.country_code
        general = metadata.general_desc
        self._general: Whole = re.compile(general.national_number_pattern).fullmatch
        self._lengths = frozenset(general.possible_length)
        self._local_lengths = frozenset(general.possible_length_local_only)
        self._kinds = _by_length(metadata, self._lengths)
        fixed = metadata.fixed_line
        self.longest = max(fixed.possible_length if fixed is not None else (), default=0)
        self._same_pattern = bool(metadata.same_mobile_and_fixed_line_pattern)
        self._trunk = _optional(metadata.national_prefix_for_parsing)
        self._trunk_rule: str | None = metadata.national_prefix_transform_rule
        self.leading = _optional(metadata.leading_digits)
        self.exit_code = _optional(metadata.international_prefix)

    def kind(self, national: str) -> PhoneKind:
        """The kind of a national number, `UNKNOWN` when the plan has no such number."""
        length = len(national)
        if length not in self._lengths or self._general(national) is None:
            return _UNKNOWN
        for kind, whole in self._kinds.get(length, ()):
            if whole(national) is not None:
                return self._also_mobile(national) if kind is _FIXED_LINE else kind
        return _UNKNOWN

    def _also_mobile(self, national: str) -> PhoneKind:
        if self._same_pattern:
            return _FIXED_LINE_OR_MOBILE
        kind, whole = self._kinds[len(national)][-1]
        mobile = kind is _MOBILE and whole(national) is not None
        return _FIXED_LINE_OR_MOBILE if mobile else _FIXED_LINE

    def length(self, national: str) -> Length:
        """Whether a number of this length exists, whatever its first digits."""
        length = len(national)
        if length in self._local_lengths:
            return Length.LOCAL_ONLY
        if length in self._lengths:
            return Length.POSSIBLE
        if length < min(self._lengths):
            return Length.TOO_SHORT
        return Length.TOO_LONG if length > max(self._lengths) else Length.NEVER

    def without_trunk(self, digits: str) -> str:
        """The national number in what was dialled: without trunk prefix and carrier code, where those stand."""
        rest = self._stripped(digits)
        return rest if self.length(rest) in (Length.POSSIBLE, Length.TOO_LONG) else digits

    def _stripped(self, digits: str) -> str:
        """Without the trunk prefix, unless that would take a digit away from what was a number before."""
        if self._trunk is None or (found := self._trunk.match(digits)) is None:
            return digits
        if self._trunk_rule and found.group(self._trunk.groups) is not None:
            rest = self._trunk.sub(self._trunk_rule, digits, count=1)
        else:
            rest = digits[found.end() :]
        return digits if self._general(digits) is not None and self._general(rest) is None else rest

    def has_own_code(self, digits: str) -> bool:
        """Digits that fit this plan only when its country code in front is taken off."""
        code = str(self.code)
        if not digits.startswith(code):
            return False
        if self.length(digits) is Length.TOO_LONG:
            return True
        rest = self._stripped(digits[len(code) :])
        return self._general(digits) is None and self._general(rest) is not None


def _optional(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


def _by_length(metadata: Any, lengths: frozenset[int]) -> dict[int, tuple[tuple[PhoneKind, Whole], ...]]:
    """For each length the kinds that have such numbers; most numbers then meet two or three patterns."""
    found: dict[int, list[tuple[PhoneKind, Whole]]] = {}
    for name, kind in _KINDS.items():
        desc = getattr(metadata, name)
        if desc is None or not desc.national_number_pattern or desc.national_number_pattern == "NA":
            continue
        whole = re.compile(desc.national_number_pattern).fullmatch
        for length in desc.possible_length or lengths:
            found.setdefault(length, []).append((kind, whole))
    return {length: tuple(kinds) for length, kinds in found.items()}


# ── finding plans ─────────────────────────────────────────────────────────────────────────────────────────


@cache
def plan_of(region: str) -> Plan:
    """The plan of a region that the library supports."""
    return Plan(library().PhoneMetadata.metadata_for_region(region, None))


@cache
def plans_of(code: int) -> tuple[Plan, ...]:
    """The plans that share a country code, the main one first; none for a code that is not assigned."""
    regions = library().COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    if regions == (NO_COUNTRY,):
        return (Plan(library().PhoneMetadata.metadata_for_nongeo_region(code)),)
    return tuple(plan_of(region) for region in regions)


def has_plan(region: str) -> bool:
    return region in library().SUPPORTED_REGIONS


def country_code_of(digits: str) -> int:
    """The country code that digits begin with, 0 for none. No country code is the beginning of another."""
    return _country_code(digits[:3])


@lru_cache(maxsize=1024)
def _country_code(first: str) -> int:
    if first[:1] in ("", "0"):
        return 0
    codes = library().COUNTRY_CODE_TO_REGION_CODE
    return next((code for end in (1, 2, 3) if (code := int(first[:end])) in codes), 0)


def judge(code: int, national: str) -> tuple[str | None, PhoneKind]:
    """Region and kind of a number, as libphonenumber's `region_code_for_number` and `number_type` say."""
    plans = plans_of(code)
    if len(plans) == 1:
        return plans[0].region, plans[0].kind(national)
    for plan in plans:
        if plan.leading is not None:
            if plan.leading.match(national):
                return plan.region, plan.kind(national)
        elif (kind := plan.kind(national)) is not _UNKNOWN:
            return plan.region, kind
    return None, _UNKNOWN
