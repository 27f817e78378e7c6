"""The settings that the assessment of a person depends on, and the days on which SSPR itself changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from onboarding.domain.policy import Policy
from onboarding.domain.provenance import QUESTIONS_END
from onboarding.settings import Settings

#: Microsoft's own SMS and voice calls end (Learn, "SMS and voice retirement").
PHONE_SERVICE_END = date(2027, 2, 1)
#: The same of Global Administrators and guests. The report says who is an administrator, and not of which kind.
PHONE_SERVICE_END_GLOBAL = date(2027, 7, 1)
#: Days from which on SSPR takes less than before, the deadline apart.
ENDS = (PHONE_SERVICE_END, QUESTIONS_END, PHONE_SERVICE_END_GLOBAL)


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the answer depends on."""

    methods_required: int = 1
    #: `report`, `all` or `none`.
    sspr_scope: str = "report"
    writeback: bool = False
    #: From this day on SSPR ignores directory data.
    deadline: date = date(2026, 9, 7)
    #: This service may write the HR phone to `mobilePhone`.
    directory_data: bool = True
    accept_reviewed: bool = False
    #: Audit records are kept this long: 30 days on P1/P2, 7 on Free (Learn, "Data retention").
    audit_retention_days: int = 30
    #: An older list does not carry "nothing is there".
    stale_hours: int = 48
    #: The report stands still: what it says as of this time or before carries no "nothing is there" either.
    frozen_as_of: datetime | None = None
    #: Audit records of this time were deleted before anybody read them; None: none were.
    audit_gap: tuple[datetime, datetime] | None = None
    #: Since when `methods_required` is what it is; None: as long as anything is known. (One or two: before, it was the
    #: other one.)
    required_since: datetime | None = None

    def key(self, now: datetime) -> str:
        """Changes whenever the same evidence may get another answer than at another time, or by other settings."""
        day = now.date()
        sides = [int(day >= end) for end in (self.deadline, *ENDS)]
        flags = [self.writeback, self.accept_reviewed, self.directory_data, self.frozen_as_of is not None]
        flags.append(self.audit_gap is not None)
        return "".join(str(int(bit)) for bit in sides + flags) + f"{self.methods_required}{self.sspr_scope}"

    @classmethod
    def of(cls, settings: Settings, policy: Policy | None = None) -> Rules:
        """Rules of this installation; without a policy its built-in staleness."""
        return cls(
            methods_required=settings.methods_required,
            sspr_scope=settings.sspr_scope,
            writeback=settings.writeback,
            deadline=settings.deadline,
            directory_data=settings.phone_attribute == "mobilePhone",
            accept_reviewed=settings.accept_reviewed,
            stale_hours=(policy or Policy()).follow_up.report_stale_hours,
        )
