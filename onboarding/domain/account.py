"""What a case knows of the Entra account, its first credential, and a lost phone's method.

Plain data. Nothing in here is a credential: only that and when one was issued, and to whom it went.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from onboarding.domain.hire import ManagerRef


@dataclass(slots=True)
class AccountIntent:
    """Written before POST /users: the reserved name, the mark that makes the account ours, and when."""

    user_principal_name: str
    mark: str
    at: datetime
    #: The request writes HR's phone into the directory, where it counts before the deadline.
    with_phone: bool = False
    #: Object id of a deleted account that is about to be restored instead.
    restores: str | None = None
    #: Marks of earlier tries, before HR corrected its number: one of them may have taken effect.
    former_marks: list[str] = field(default_factory=list)
    #: Since when Entra says, to every request, that the name is taken, and shows nobody who has it.
    taken_since: datetime | None = None
    #: A request after such an answer was about to leave: without an answer of its own it may have taken effect.
    unanswered: bool = False
    #: No request for it has taken effect, for certain: the name can be given back.
    unmade: bool = False


#: So long after a write a read may show what was there before it (Microsoft, "Designing for eventual consistency": a
#: successful write does not guarantee that an immediate read sees it; trust the answer to the write), and a search by
#: number may miss what was made.
READS_LAG = timedelta(hours=1)
#: What `Account.written` knows. Two directions of one property: what was written the other way round puts a read in
#: doubt.
ENABLED, DISABLED = "enabled", "disabled"
HIRE_DATE, LEAVE_DATE = "hire_date", "leave_date"

#: Origins of accounts that were made for this hire, or are theirs again: what is empty in them is filled by HR's words.
OWN_ORIGINS = frozenset({"created", "restored"})


@dataclass(slots=True)
class Account:
    """The Entra account of this case."""

    id: str
    user_principal_name: str
    mark: str
    created_at: datetime
    #: `created` by us, `adopted` on an approver's word, `restored` for somebody who came back, `synced` from Active
    #: Directory.
    origin: str = "created"
    synced: bool = False
    #: Object id of the manager in Entra; None while nobody is known for sure. It is told what escalates.
    manager_id: str | None = None
    #: Whom HR named when `manager_id` was found; None: Active Directory decides, or nobody was found.
    manager_named: ManagerRef | None = None
    #: We made it disabled, or disabled it when HR withdrew the hire. Whoever else disabled it is not overruled.
    disabled_by_us: bool = False
    #: The run in which this service enabled it, or found it enabled (`run.of`): whoever disables or deletes it
    #: after that is not overruled.
    enabled_for: datetime | None = None
    #: Groups that we put it into in this run: one that is missing later was taken away, and is not given again.
    groups: list[str] = field(default_factory=list)
    #: True: there is a mailbox. False: none is expected, or it did not come in time. None: not known.
    mailbox: bool | None = None
    #: What this service last wrote into it, or was about to, and when (`may_lag`).
    written: dict[str, datetime] = field(default_factory=dict)
    #: Every end date that we wrote into it, or were about to: another one is somebody else's, and stays.
    leave_dates: list[datetime] = field(default_factory=list)
    #: HR's number was added as an authentication method, or is about to be.
    phone_added: bool = False
    #: By what it is told from the person's own: when it was asked for, its last two digits, and that it was there.
    phone_asked_at: datetime | None = None
    phone_ends: str | None = None
    phone_there: bool = False
    #: When this service was last about to restore it.
    restored_at: datetime | None = None
    #: It was among the deleted ones when it was last looked for.
    seen_deleted: bool = False
    #: When an approver last spoke of it, or it was first missed among the deleted ones: somebody may have restored it.
    doubted_at: datetime | None = None
    #: When it took the place of another account of this case: what was seen until then is of that one.
    instead_since: datetime | None = None
    #: It is the person's, and HR calls them since: a `guest`, or `synced` from Active Directory.
    contradicted: str | None = None
    #: HR called the person one of these before anybody was given it: it is closed, or an administrator decides.
    withheld: bool = False
    #: When HR took back that the person is one of Active Directory's: whether another account came meanwhile is looked
    #: for at once, and once more when it has replicated. None: it was, or nobody has to.
    taken_back_at: datetime | None = None
    #: When it was first found disabled, or disabled, for that: whoever enables it after that is not overruled.
    closed_at: datetime | None = None
    #: What HR called the person when it was closed, or was about to be: `guest` or `synced`.
    closed_as: str | None = None
    #: The run in which that was found, or that somebody signs in with it (`run.is_kept`): it is not closed any more.
    kept_for: datetime | None = None

    def may_lag(self, what: str, now: datetime) -> bool:
        """This service wrote that so lately that a read may show what was before. No such read says that there is
        nothing to do: what is wanted is written once more, which changes nothing where it is so already."""
        at = self.written.get(what)
        return at is not None and now < at + READS_LAG

    def is_disabled(self, shown: bool | None, now: datetime) -> bool:
        """A read says so (`accountEnabled` as it shows it), and it can be believed."""
        return shown is False and not self.may_lag(ENABLED, now)

    def note_synced(self, synced: bool | None) -> None:
        """What a read of the account says: Active Directory may take over an account that was made in the cloud (a soft
        match), and let go of one that was its own. None: nothing was said."""
        if synced is not None:
            self.synced = synced


class PassStatus(StrEnum):
    """`intended` and `created` are doubt after a crash: void, issue anew, send again."""

    INTENDED = "intended"
    CREATED = "created"
    DELIVERED = "delivered"
    VOID = "void"


@dataclass(slots=True)
class Recall:
    """A pass that has to be made void whatever becomes of the case (`provisioning.recall`). Gone once it is void."""

    #: Not before this moment.
    when: datetime
    attempts: int = 0
    #: Why the last try failed.
    code: str | None = None


@dataclass(slots=True)
class PassRecord:
    """That a Temporary Access Pass was issued, to whom it went, and until when. Never the pass."""

    status: PassStatus
    claimed_at: datetime
    #: `manager` or `desk`.
    recipient: str
    pass_id: str | None = None
    delivered_at: datetime | None = None
    usable_from: datetime | None = None
    usable_until: datetime | None = None
    #: The days on which nobody begins, when it was issued (`domain.pass_day`).
    days_off: str = ""
    #: When an approver had checked who the person is, where it was asked for by that.
    proofed_at: datetime | None = None
    recall: Recall | None = None

    def doubt(self, claimed_at: datetime) -> None:
        """What was handed over is of no use any more: the step voids it before it issues another. A claim that a worker
        holds right now keeps its time."""
        if self.status is PassStatus.DELIVERED:
            self.status, self.claimed_at = PassStatus.CREATED, claimed_at

    def call_back(self, at: datetime, lease: timedelta) -> Recall:
        """It is with the wrong person, or for a day that is no first day any more: made void from `at` on, in whatever
        state the case is. One that may be in the making is waited for over the claim's `lease`: whoever makes it cannot
        write the case any more, and so sends it to nobody."""
        self.doubt(at - lease)
        making = self.status is PassStatus.INTENDED
        self.recall = self.recall or Recall(max(at, self.claimed_at + lease) if making else at)
        return self.recall


@dataclass(slots=True)
class LostMethod:
    """A lost phone's sign-in methods that are being deleted, on an approver's word, one after the other. Gone from the
    case once it is done; the timeline keeps what was done."""

    #: Graph's id of the method that is at hand, and its name in the vocabulary of `methodsRegistered`.
    method_id: str
    method: str
    asked_at: datetime
    #: Not before this moment.
    when: datetime
    #: Written before the first try to delete: whatever is gone later, we may have deleted.
    deleting: bool = False
    #: What else was on the phone, as id and name: deleted after this one.
    rest: list[tuple[str, str]] = field(default_factory=list)
    #: Names of what the person still has, on the approver's word. Whatever else was there before confirms nobody.
    kept: list[str] = field(default_factory=list)
    #: Each of them is gone, whoever deleted it, or the tenant refused to delete it.
    settled: bool = False
    #: The tenant refused one: it is still there. And: one at least is gone.
    refused: bool = False
    gone: bool = False
    #: The sessions were ended while the deletion waits; they are ended again when the method is gone.
    signed_out: bool = False
    attempts: int = 0
    #: Why the last try failed.
    code: str | None = None
