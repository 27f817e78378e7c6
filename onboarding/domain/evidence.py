"""What was seen of a person's methods, and what follows: evidence, what the report last listed, and the two answers.

Plain data; which answer follows from which evidence is `domain.provenance` and `domain.recovery`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Provenance status: did the person confirm in person? (design section 2)"""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    DIRECTORY_ONLY = "directory_only"
    ADMIN_REGISTERED = "admin_registered"
    UNATTRIBUTED = "unattributed"
    PARTIAL = "partial"
    USER_REVIEWED = "user_reviewed"
    USER_REGISTERED = "user_registered"
    REMOVED = "removed"
    EXCLUDED = "excluded"


class Recoverable(StrEnum):
    """Would SSPR let this person reset today?"""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Act(StrEnum):
    """What a piece of evidence says was done to a method."""

    REGISTERED = "registered"
    REVIEWED = "reviewed"
    UPDATED = "updated"
    DELETED = "deleted"
    CANCELLED = "cancelled"
    #: The registration report lists the method: that it exists, not who added it.
    LISTED = "listed"
    #: A phone was lost, and nobody said that the person still has this method: what was done before counts no more.
    DOUBTED = "doubted"
    #: A self-service reset by the person was seen to fail or succeed.
    RESET_FAILED = "reset_failed"
    #: … to end at once, because too few methods are registered: the person is locked out.
    RESET_NO_METHODS = "reset_no_methods"
    RESET_SUCCEEDED = "reset_succeeded"
    #: Somebody at the service desk reset the password.
    RESET_BY_ADMIN = "reset_by_admin"


class By(StrEnum):
    """Who did it."""

    USER = "user"
    ADMIN = "admin"
    APP = "app"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One audit event or one report row's method. `id` is the audit event's id, opaque, and de-duplicates."""

    id: str
    #: `audit`, `report`, `methods` (the targeted read of one person's methods) or `desk` (an approver's word).
    kind: str
    act: Act
    by: By
    #: Name in the vocabulary of `methodsRegistered`; `all` where the event speaks of all of them; `phone` where it
    #: does not say which; None: unknown.
    method: str | None
    #: When it happened (audit) or the report's own time.
    at: datetime
    #: Provider's text for what happened, without personal data; shown in the evidence drawer.
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registration report, or the targeted read, last said about this person.

    The flags are the report's alone. `confirmation.merged` puts two of these together.
    """

    methods: tuple[str, ...]
    #: Of `methods`.
    as_of: datetime
    is_admin: bool | None = None
    sspr_enabled: bool | None = None
    sspr_registered: bool | None = None
    sspr_capable: bool | None = None
    #: False: the person was not in the report (disabled or deleted, or too new).
    present: bool = True
    #: `methods` come from the targeted read, which lags by seconds; else from the report, which lags by hours.
    direct: bool = False
    #: With `direct`: the time of the report that the flags, and the kinds that the read leaves out, come from.
    report_as_of: datetime | None = None
    #: … and its names: some the read leaves out, or cannot tell apart, and what is new may be in them first.
    report_methods: tuple[str, ...] = ()

    @property
    def reported_at(self) -> datetime | None:
        """Time of the newest report row in here; None: there was none."""
        return self.report_as_of if self.direct else self.as_of

    @property
    def newest(self) -> datetime:
        """Time of the newest of what is in here: a row can be newer than the targeted read, and still be behind it."""
        return max(self.as_of, self.reported_at or self.as_of)
