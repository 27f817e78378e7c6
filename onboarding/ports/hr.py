"""Reading a person from an HR system's API, for events that name the person only by an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from onboarding.domain.hire import Certainty, FetchRef, Hire
from onboarding.errors import DeployerError, OperatorError

#: Reason codes of the errors below; `onboarding.operate.explain` has a sentence for each.
NO_READER = "no_hr_reader"
NOT_CONFIGURED = "hr_not_configured"
SIGN_IN = "hr_sign_in"
PERMISSION = "hr_permission"
RECORD_GONE = "hr_record_gone"
UNREADABLE = "hr_unreadable"
#: The read was refused, and an option of the source that it needs is missing or wrong.
OPTION = "hr_option"
#: Given by whoever waits for the read: no answer for as long as the policy tries.
UNREACHABLE = "hr_unreachable"


@dataclass(frozen=True, slots=True)
class HrRecord:
    """A person as the HR system has them now. The hire holds at least one id by which the person is known."""

    hire: Hire
    #: Fields of `Hire` that were asked for and left out of the answer: the vendor does so where the permission to
    #: read them is missing, so that their absence says nothing about the person.
    withheld: tuple[str, ...] = ()
    #: (reason code, field) of values that could not be used, without the values.
    unusable: tuple[tuple[str, str], ...] = ()
    #: `draft` and the like where the record itself says that nothing is settled; None: it says neither, and what was
    #: said of the person before stands.
    certainty: Certainty | None = Certainty.EMPLOYEE
    #: Fields of the hire that the record has and that are empty there: HR cleared them, or never filled them in.
    cleared: tuple[str, ...] = ()
    #: The record itself says that nobody is coming: the application was withdrawn, the hire undone.
    withdrawn: bool = False
    #: The record itself says that the person left, or never begins, on its `end_date`; without one, already.
    ended: bool = False
    #: The record does not say whether the person is to begin or has left: an approver is asked.
    unclear: bool = False
    #: The record says that the person does not work there now, and nothing of why: yet to begin, or has left.
    inactive: bool = False
    #: What the record says without the hire that it names beside its own one, which may be one of years ago.
    otherwise: HrRecord | None = None
    #: Other names of the person's in that system, in the form of its events: `contract:{id}`.
    also_known_as: tuple[str, ...] = ()

    def leaves_open(self, today: date) -> bool:
        """It does not say whether the person is to begin or has left. Nobody has left whose first day lies ahead."""
        start = self.hire.start_date
        return self.unclear or (self.inactive and (start is None or start < today))


class RecordGone(OperatorError):
    """The HR system answered that it has no such record."""

    code = RECORD_GONE


class ReaderRefused(DeployerError):
    """The HR system refused us, or cannot be asked; `code` is one of the above and says what to mend."""


class HrApi(Protocol):
    """Every HR system that is configured. Reading twice is harmless and costs one more request."""

    def settles_in(self, source: str) -> timedelta:
        """How long after an event a read may still show what was before it."""
        ...

    async def read(self, source: str, ref: FetchRef) -> HrRecord:
        """Raises RecordGone, ReaderRefused, Throttled, Unavailable."""
        ...


class NoHrApi:
    """No HR system can be read."""

    def settles_in(self, source: str) -> timedelta:
        return timedelta(0)

    async def read(self, source: str, ref: FetchRef) -> HrRecord:
        raise ReaderRefused("No HR system's API is configured for this source.", code=NO_READER)
