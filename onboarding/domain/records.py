"""What a case keeps of what was done and said: steps, messages, reads, HR's words field by field, the timeline.

Plain data, parts of `domain.case.Case`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from onboarding.domain.hire import EventType


class StepStatus(StrEnum):
    """Where one step of provisioning stands."""

    PENDING = "pending"
    WAITING = "waiting"
    RETRYING = "retrying"
    DONE = "done"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


@dataclass(slots=True)
class StepRecord:
    """One step of one case. `detail` holds codes and ids, never personal data."""

    status: StepStatus = StepStatus.PENDING
    attempts: int = 0
    at: datetime | None = None
    first_failed_at: datetime | None = None
    code: str | None = None
    detail: str | None = None
    #: The last failure that a later try may mend.
    failed_at: datetime | None = None


class RungStatus(StrEnum):
    """Life of one message. `uncertain` is final: never sent again."""

    CLAIMED = "claimed"
    DRAFTED = "drafted"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"


@dataclass(slots=True)
class RungRecord:
    """One message of one episode. Keyed `episode:rung` in `Case.rungs`."""

    rung: str
    episode: int
    #: `person`, `manager` or `desk`.
    audience: str
    status: RungStatus
    claimed_at: datetime
    message_id: str | None = None
    sent_at: datetime | None = None
    language: str | None = None
    why: str | None = None
    #: Keyed hash of recipients and text, while it is claimed or drafted: a draft that says something else is outdated.
    content: str | None = None


@dataclass(slots=True)
class NextAction:
    """What happens next, when (None: when somebody acts), and why, as stable codes for the views."""

    what: str
    when: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """When, how firmly, and in which delivery HR said one field of the hire. Decides which of two facts is newer."""

    at: datetime
    #: False: an offer or a draft said so, which gives way to whatever a hire or a record says.
    firm: bool
    #: Delivery id, or `hr_api` for a read.
    delivery: str
    #: The HR system that said so; None in cases from before this was noted.
    source: str | None = None
    #: A recruiting system said so, which gives way to what an HR system says (`intake.words`).
    recruiting: bool = False

    def gives_way_to(self, other: Said) -> bool:
        """The other one is as firm and not older, or firmer. Of two equal ones the later arrival wins."""
        return (other.firm, other.at) >= (self.firm, self.at)


@dataclass(frozen=True, slots=True)
class DaySaid:
    """A first day as one HR system last said it: what it says anew may be no news (`intake.comeback`)."""

    day: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Naming:
    """Since when one HR system means the person who is called what the case says: its ids may have been another's
    before (`intake.other_name`)."""

    #: When it first showed them, by a hire or a whole record; None: not yet.
    shown_at: datetime | None = None
    #: When it last called somebody by another name before that.
    former_at: datetime | None = None
    #: That was another person: what it said before `shown_at` is of them.
    another: bool = False


@dataclass(frozen=True, slots=True)
class NumberWord:
    """An end, a deletion or a cancellation that HR said of an employee number alone (`intake.number_words`). Two of one
    kind, number and moment are the same word."""

    kind: EventType
    source: str
    number: str
    at: datetime
    delivery: str = field(default="", compare=False)
    #: The last day that it names, and whether that lay ahead.
    last_day: date | None = field(default=None, compare=False)
    ahead: bool = field(default=False, compare=False)
    #: The last day that was known before, who had said so, and when an end was announced for.
    end_before: date | None = field(default=None, compare=False)
    said_before: Said | None = field(default=None, compare=False)
    ends_before: datetime | None = field(default=None, compare=False)


@dataclass(slots=True)
class Fetch:
    """What to read from one HR system's API about this person, and how that goes. Kept after the read, so that an
    operator can ask for another."""

    source: str
    kind: str
    id: str
    #: When the newest event arrived that named the person only by id.
    asked_at: datetime
    #: When the first one arrived that no read has answered yet: a stream of events must not put the read off for ever.
    first_asked_at: datetime
    #: Not before this moment; None: nothing is to be read.
    when: datetime | None
    read_at: datetime | None = None
    attempts: int = 0
    first_failed_at: datetime | None = None
    #: Why the last try failed.
    code: str | None = None
    #: The day after the end that the record names, from 00:00 UTC: it is read once more then, and nothing waits for it.
    look_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When to read next, whatever for; None: never."""
        return min(filter(None, (self.when, self.look_at)), default=None)


@dataclass(frozen=True, slots=True)
class Finding:
    """A value from HR that could not be used. `masked` shows at most its first and last characters."""

    code: str
    field: str
    #: Delivery id, or `hr_api` for a read.
    delivery: str
    at: datetime
    masked: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a case's history. `action` is stable; `detail` holds codes, counts and ids only."""

    at: datetime
    #: `service`, `hr`, or `operator:<opaque principal id>`.
    actor: str
    action: str
    detail: dict[str, str] = field(default_factory=dict)
