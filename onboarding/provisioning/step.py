"""The step contract: what a step is given and what it may answer.

A step looks, acts on the difference, records, and goes on. It may be run again at any moment, after a crash at
any await, and twice at once: whatever cannot be looked up is claimed on the case first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from onboarding import casework
from onboarding.domain.account import Account, AccountIntent
from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.errors import NotYetVisible, OperatorError
from onboarding.ports import DirectoryUser, Services
from onboarding.safeguards import protection

#: Tracks: what a hire goes through, and what is left to do for one that HR withdrew.
ONBOARDING, WITHDRAWAL = "onboarding", "withdrawal"
#: Why a step is left out for an account that comes from Active Directory.
SYNCED_ACCOUNT = "synced_account"


class Retries(StrEnum):
    """Which back-off of the policy a step has: the section's name there."""

    STANDARD = "retry"
    #: Near the first day: asked again within minutes, not hours.
    FIRST_DAY = "retry_first_day"


def always(_s: Services, _case: Case) -> bool:
    """This step is part of everybody's plan."""
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """Metadata of one step."""

    #: Stable: it is stored in cases and named in reruns.
    name: str
    #: What is true once it is done, for operators.
    outcome: str
    #: Names of the steps that come before. The plan is a topological order of these.
    after: tuple[str, ...] = ()
    retry: Retries = Retries.STANDARD
    #: The value of the policy that says how many days before the start date it may run (`timing.LEADS`); None: when
    #: its turn comes.
    lead: str | None = None
    #: Application permissions of Microsoft Graph, the least for each call that it makes; `Mail.*` is Exchange's.
    permissions: tuple[str, ...] = ()
    track: str = ONBOARDING
    #: Also after the last day that HR named: it gives nobody anything, or asks by itself. All others end there.
    after_end: bool = False
    #: Whether this case has such a step at all, by settings, policy and case alone: nothing is asked, and nothing is
    #: written where it has none.
    applies: Callable[[Services, Case], bool] = always


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome holds. `detail` is a code or an id of ours."""

    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """Not wanted or not possible for this person, for a reason that is not an error."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: look again at `until`."""

    until: datetime
    why: str
    #: Nothing was tried, for the hour or for doubt about the last try: failures before it go on being counted. Every
    #: other wait ends the count.
    put_off: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """An operator has to act; `reason` becomes the case's reason code."""

    reason: str


Outcome = Done | Skip | Wait | Block
Run = Callable[["Context"], Awaitable[Outcome]]


@dataclass(slots=True)
class Context:
    """What a step works with. `case` is the loaded case; every write goes through `save`."""

    s: Services
    case: Case
    now: datetime
    #: The account as POST /users answered, where this very run made it: nobody else has touched it yet.
    made: DirectoryUser | None = None
    #: The intent that this very run wrote: no request was made for it before.
    reserved: AccountIntent | None = None
    _seen: DirectoryUser | Block | None = None

    @property
    def hire(self) -> Hire:
        return self.case.hire

    @property
    def account(self) -> Account:
        """The account; steps after `create_account` have one."""
        if self.case.account is None:
            raise OperatorError(
                "The case has no account yet: rerun it from create_account.", code="no_account"
            )
        return self.case.account

    async def writable(self, *, thorough: bool = False) -> DirectoryUser | Block:
        """The account as the tenant shows it, or why nothing may be written to it (`safeguards.protection`). Every step
        that writes to it asks first; the answer holds for this run, unless `thorough` asks anew.

        Raises NotYetVisible while it cannot be read.
        """
        if self._seen is None or thorough:
            made = None if thorough else self.made
            user = made or await self.s.directory.get_user(self.account.id)
            if user is None:
                raise NotYetVisible("The account is not readable yet; waiting for replication.")
            reason = await protection.refusal(
                self.s,
                user,
                ours=self.account.origin == "created",
                made_now=made is not None,
            )
            self._seen = Block(reason) if reason else user
            self.account.note_synced(user.synced)
        return self._seen

    async def editable(self) -> DirectoryUser | Block | Skip:
        """`writable`, or left out where Active Directory alone may change it, also where it took the account over since
        it was linked (a soft match)."""
        if self.account.synced:
            return Skip(SYNCED_ACCOUNT)
        user = await self.writable()
        return Skip(SYNCED_ACCOUNT) if isinstance(user, DirectoryUser) and user.synced else user

    def changed(self, user: DirectoryUser) -> None:
        """The account is so now, by our own write."""
        self._seen = user

    async def about_to_write(self, what: str, action: str | None = None) -> None:
        """Noted before the request: should this process die before it notes what came of it, the next one knows that a
        read may not show it (`Account.may_lag`). `action`: for the timeline, which is told once and not at each try.
        Raises StoreConflict if somebody else was first."""
        self.account.written[what] = self.now
        told = () if action is None else (casework.entry(self.now, action),)
        await casework.save(self.s, self.case, self.now, *told)

    async def save(self, action: str, **detail: object) -> None:
        """Write the case with one timeline entry. Raises StoreConflict if somebody else was first."""
        await casework.save(self.s, self.case, self.now, casework.entry(self.now, action, **detail))
