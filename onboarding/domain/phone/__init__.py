"""Phone numbers from HR → E.164 and the form Entra wants, or a reason why not. Nothing is guessed.

Validity comes from libphonenumber's metadata (`phonenumbers`), the form from ITU-T E.164. The rules:

1. `phone.clean` turns the field into digits, an extension and separators, or names the problem.
2. `+`, `00` and links such as wa.me are international: the country evidence is not used to read them.
3. Everything else is read in the first country of the evidence. Nothing present → `no_region`. Present but
   not a country we know → `unknown_country`, also when a later entry is known: what stands nearest to the
   number counts, and skipping a typo there would read the number in another country. A number read this way
   carries `assumed_region=True`.
4. A number without `+` may have lost it (`447911123456`), so both readings are made:
   * only the national one is valid, or both are the same number (`1 212 …` in the US) → accepted;
   * both valid and different → accepted when *grouped* as that country groups it (`435-223-4567` in the US,
     where the other reading is Austrian, +43 5223 4567), else `ambiguous_prefix`. Of bare numbers drawn from the
     plans this asks about 5 % in the US, 11 % in Canada and 58 % of Chinese mobiles (+1 …); asking is cheap (such
     numbers are never written to Entra), somebody else's number is not;
   * only the international one is valid → `ambiguous_prefix`: probable, but never repaired silently;
   * a fixed line without the trunk prefix it needs → `ambiguous_prefix` when the international reading has a
     possible length, or when the digits stand bare and are few: fixed-line patterns are loose enough to swallow
     foreign numbers, postcodes and employee numbers;
   * the country's own exit code in front (`011`, `0011`, `8~10`, `001` and carriers) → read as dialled, when set
     apart or when nothing else can be meant, else `ambiguous_prefix`.
   A country code that stands twice (`+49 49 …`, `049 …`) is `ambiguous_prefix` too, `+` or not.
5. Valid means `is_valid_number`. What is only *possible* (the length fits, no such range is known) is
   `needs_review/possible_only`: ranges open faster than metadata follows, so a human looks; it is never
   stored. So are placeholders (one digit repeated, 1234567890, 01234567890) and fixed lines of five digits and
   fewer where others have four more: fragments. Other invalid numbers are rejected.
6. Rejected as not personal: toll-free, premium, shared-cost, UAN, pager, voicemail, short and emergency
   numbers, and codes without a country (+800, +808, +870 …). VoIP and personal numbers (UK 070) are `ok` with
   their kind, since both are assigned to one person; `directory_phone` takes neither.
7. Old forms with one documented meaning are modernised, only when the outcome is valid: Mexico's `+52 1`,
   01, 044 and 045 (ended August 2019) in `phone.library`; Argentina's 15 in libphonenumber, 15 and 9 together here.

Where they are: 1 in `phone.clean` and `phone.marks`, 2 to 6 in `phone.read` and, for fields with several numbers,
`phone.several`; 7 in `phone.library`, the numbering plans in `phone.plan`, the words of the answer in
`phone.types`; this module is the door, and what may be stored.

The space after the country code: Microsoft, "Authentication methods in Microsoft Entra ID - phone options".
Extensions are kept beside the number; by the same page they are supported for office phones only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from onboarding.domain.phone.clean import Written, clean, ending, mask
from onboarding.domain.phone.library import Number
from onboarding.domain.phone.plan import NO_COUNTRY, plan_of
from onboarding.domain.phone.read import Evidence, Reading, nearest_country
from onboarding.domain.phone.several import read_field
from onboarding.domain.phone.types import PhoneKind, PhoneReason, PhoneResult, PhoneStatus

__all__ = ["PhoneKind", "PhoneReason", "PhoneResult", "PhoneStatus", "directory_phone", "ending", "normalise"]


def normalise(raw: str | None, countries: Sequence[str | None] = ()) -> PhoneResult:
    """Read one HR phone field. Pure, never raises on any text.

    countries: evidence in order of nearness (hint beside the number, home country, work country); each an ISO
    3166-1 alpha-2 code or a name that `country.alpha2` knows. The first that is present decides.
    """
    if raw is None or not raw or raw.isspace():
        return _refused(raw, PhoneReason.EMPTY, assumed=False)
    field = clean(raw)
    if field.problem is not None:
        return _refused(raw, PhoneReason(field.problem), assumed=_names_no_country(raw))
    evidence = nearest_country(countries)
    written, reading = read_field(field, evidence)
    if reading.reason is None and reading.number is not None:
        return _accepted(raw, written, reading.number, evidence)
    return _unclear(raw, written, reading, evidence)


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


# ── the result ────────────────────────────────────────────────────────────────────────────────────────────

_REVIEW = frozenset(list(PhoneReason)[:5])


def _refused(raw: str | None, reason: PhoneReason, assumed: bool) -> PhoneResult:
    return PhoneResult(
        mask(raw), PhoneStatus.REJECTED, reason, None, None, PhoneKind.UNKNOWN, None, assumed, None
    )


def _unclear(raw: str, written: Written, reading: Reading, evidence: Evidence) -> PhoneResult:
    """A field that was read, and what keeps it from being used."""
    review = reading.reason in _REVIEW
    number, assumed = reading.number, not written.international
    region = number.region if number else evidence.region if assumed else None
    return PhoneResult(
        raw_masked=mask(raw, tail=review),
        status=PhoneStatus.NEEDS_REVIEW if review else PhoneStatus.REJECTED,
        reason=reading.reason,
        e164=None,
        entra=None,
        kind=number.kind if number else PhoneKind.UNKNOWN,
        region=_iso(region),
        assumed_region=assumed,
        extension=written.extension if review else None,
    )


def _accepted(raw: str, written: Written, number: Number, evidence: Evidence) -> PhoneResult:
    return PhoneResult(
        raw_masked=mask(raw, tail=True),
        status=PhoneStatus.OK,
        reason=None,
        e164=f"+{number.code}{number.national}",
        entra=f"+{number.code} {number.national}",
        kind=number.kind,
        region=_region_of(number, evidence.region),
        assumed_region=not written.international,
        extension=written.extension,
    )


def _iso(region: str | None) -> str | None:
    return None if region == NO_COUNTRY else region


def _region_of(number: Number, near: str | None) -> str | None:
    """Country codes shared by several regions: the evidence decides where the plan allows it.

    Mobile ranges under +44 that the metadata gives to Guernsey, Jersey or Man are used all over the United
    Kingdom, so they are GB unless the evidence says otherwise.
    """
    region = number.region
    if near is not None and near != region:
        plan = plan_of(near)
        if plan.code == number.code and plan.kind(number.national) is not PhoneKind.UNKNOWN:
            return near
    if number.code == 44 and number.kind is PhoneKind.MOBILE and region != near:
        return "GB"
    return _iso(region)
