"""What `onboarding.domain.phone` answers: status, reason, kind, and the result that carries them.

The words are the JSON contract of the CLI verb `phone`; `phone.read` and `phone` share them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from onboarding.domain.phone.clean import ending


class PhoneStatus(StrEnum):
    """What may be done with the number: use it, ask a human, or give it back to HR."""

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
    """libphonenumber's `PhoneNumberType` in our words; voicemail is `other`, an invalid number `unknown`."""

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

    @property
    def shown(self) -> str:
        """What the views show of it: its `ending`, where `raw_masked` has digits; else nothing."""
        return ending(self.raw_masked) and ending(self.e164 or self.raw_masked)

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
