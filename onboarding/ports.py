"""What the service needs from the world, in its own words. Adapters and test doubles share these names.

Rules for every adapter: times are aware UTC; errors are those of `onboarding.errors`, wrapped once;
a write that is not idempotent and got no answer raises `EffectUnknown`; nothing is logged that HR sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from onboarding.domain.case import Alias, Case, Evidence, Registration, RungRecord, Status, TimelineEntry
from onboarding.domain.hire import Verification
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.errors import RequestError
from onboarding.settings import Settings

WORK_QUEUE = "onboarding-work"
BULK_QUEUE = "onboarding-bulk"
QUEUES = (WORK_QUEUE, BULK_QUEUE)
POISON = "-poison"
#: How long a claim (of a rung, of a pass) is taken to be held by a living worker: the host's 10-minute lease
#: and a margin. After it, what is not finished is doubt.
CLAIM_LEASE = timedelta(minutes=15)

T = TypeVar("T")


class Clock(Protocol):
    """The time that decides what is due."""

    async def now(self) -> datetime:
        """Aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait in real time, for seconds at most; anything over 30 s is a due row instead."""
        ...


class Entropy(Protocol):
    """Ids and randomness."""

    def case_id(self) -> str:
        """`c_` and twenty of a-z0-9."""
        ...

    def operation_id(self) -> str:
        """`o_` and twenty of a-z0-9."""
        ...

    def token(self, length: int) -> str:
        """Random a-z0-9, for marks."""
        ...

    def password(self) -> str:
        """A random initial password that satisfies Entra's rules; used once, never kept."""
        ...

    def fraction(self) -> float:
        """In [0, 1), for jitter."""
        ...


# --- store -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DueRow:
    """A hint that a case may have something to do."""

    case_id: str
    when: datetime


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One search row: what a list shows."""

    case_id: str
    source: str
    state: str
    reason_code: str | None
    status: str
    recoverable: str
    display_name: str
    employee_id: str | None
    user_principal_name: str | None
    start_date: str | None
    next_what: str
    next_when: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Filters of a list; None: not filtered. `q` matches the start of any word of name, UPN or ids."""

    state: str | None = None
    status: str | None = None
    source: str | None = None
    reason_code: str | None = None
    #: Equals employee_id, employee_number or candidate_id.
    employee_id: str | None = None
    q: str | None = None

    def __post_init__(self) -> None:
        """RequestError for a state or status that does not exist: an empty list would look like good news."""
        for name, value, known in (("state", self.state, State), ("status", self.status, Status)):
            if value is not None and value not in list(known):
                raise RequestError(f"Unknown {name}. Known: {', '.join(known)}.", code="unknown_filter_value")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items and an opaque token for the next page (None: the last)."""

    items: Sequence[T]
    next_page: str | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A small named row with compare-and-swap: cursors, budgets, switches."""

    value: Mapping[str, Any]
    etag: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operator asked for, and what came of it."""

    operation_id: str
    case_id: str | None
    action: str
    actor: str
    reason: str
    at: datetime
    #: `accepted`, `done` or `refused`.
    status: str
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What one page of a sweep removed (orphaned hints), and where the next page starts (None: the round is done)."""

    removed: int
    next_page: str | None = None


class CaseStore(Protocol):
    """Cases with aliases, due index, search rows and timeline. Compare-and-swap on every write."""

    async def create(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """Insert; the returned case carries its etag. StoreConflict if the id exists."""
        ...

    async def get(self, case_id: str) -> Case | None: ...

    async def save(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """Write if `case.etag` is still current, else StoreConflict; sets and returns the new etag.

        Case and timeline are written together. The due row follows `case.next_action.when` (None: no row)
        and is written first where no transaction spans both; the search row follows after.
        """
        ...

    async def timeline(self, case_id: str, limit: int = 500) -> list[TimelineEntry]:
        """Oldest first; the newest `limit` entries."""
        ...

    async def claim_alias(self, alias: Alias, case_id: str) -> str:
        """Insert if absent. Returns the owning case id: ours, or whoever was first."""
        ...

    async def release_alias(self, alias: Alias, case_id: str) -> None:
        """Remove if `case_id` owns it; otherwise nothing."""
        ...

    async def move_alias(self, alias: Alias, from_case: str, to_case: str) -> None:
        """Change the owner; StoreConflict if `from_case` does not own it."""
        ...

    async def owners(self, aliases: Sequence[Alias]) -> dict[Alias, str]:
        """Owners of those aliases that exist."""
        ...

    async def find_aliases(self, value: str) -> list[tuple[Alias, str]]:
        """Every alias with this value, over all sources and kinds."""
        ...

    async def due(self, before: datetime, limit: int) -> list[DueRow]:
        """Due rows at or before `before`, oldest first. Costs by what is due."""
        ...

    async def postpone(self, row: DueRow, until: datetime) -> bool:
        """Move a due row if it is still as read; False if somebody else took it."""
        ...

    async def walk(self, page: str | None = None, size: int = 200) -> Page[Case]:
        """Every case once, in the order of the store, the truth itself: for exports and the watchdog's round."""
        ...

    async def walk_aliases(self, page: str | None = None, size: int = 500) -> Page[tuple[Alias, str]]:
        """Every alias with its owner, once."""
        ...

    async def walk_markers(self, page: str | None = None, size: int = 500) -> Page[tuple[str, Marker]]:
        """Every marker with its name, once."""
        ...

    async def walk_operations(self, page: str | None = None, size: int = 500) -> Page[Operation]:
        """Every operation, once."""
        ...

    async def mend(self, case: Case) -> tuple[str, ...]:
        """Put the hints of this case (due row, list row, words) right where they do not say what the case says.

        Returns what was mended: `due_row`, `list_row`, `words`. A store whose write is one transaction has
        nothing to mend. Does not change the case.
        """
        ...

    async def sweep(self, page: str | None = None, size: int = 500) -> Swept:
        """Remove hints that belong to no case or to an older version of one, a page at a time."""
        ...

    async def erase(self, case: Case) -> None:
        """Remove the case with its timeline and every hint, if `case.etag` is still current, else StoreConflict.

        Aliases are the caller's: release them before.
        """
        ...

    async def search(self, query: CaseQuery, page: str | None = None, size: int = 50) -> Page[CaseSummary]:
        """Newest change first, `Case.listed` ones only. RequestError for a page token that is not ours."""
        ...

    async def counts(self) -> dict[str, int]:
        """Cases by state."""
        ...

    async def read_marker(self, name: str) -> Marker | None: ...

    async def write_marker(self, name: str, value: Mapping[str, Any], etag: str | None) -> Marker:
        """Insert (etag None) or replace; StoreConflict when it is not as read."""
        ...

    async def put_operation(self, operation: Operation) -> None:
        """Insert or replace by operation_id."""
        ...

    async def get_operation(self, operation_id: str) -> Operation | None: ...

    async def ping(self) -> None:
        """Raises Unavailable when the store cannot be read and written."""
        ...


class DeliveryStatus(StrEnum):
    """`received` is stored and not yet queued: a repeat of it must be queued again."""

    RECEIVED = "received"
    QUEUED = "queued"
    PROCESSED = "processed"
    IGNORED = "ignored"
    UNREADABLE = "unreadable"
    FAILED = "failed"

    @classmethod
    def asked_for(cls, value: str | None) -> str | None:
        """A filter as somebody typed it. RequestError for a status that does not exist."""
        if value and value not in list(cls):
            raise RequestError(f"Unknown status. Known: {', '.join(cls)}.", code="unknown_filter_value")
        return value or None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook call as it arrived. `body` is None once it was pruned or erased."""

    delivery_id: str
    source: str
    adapter: str
    received_at: datetime
    status: DeliveryStatus
    body_sha256: str
    body: bytes | None
    #: Only the headers that the adapter reads; never a credential.
    headers: Mapping[str, str] = field(default_factory=dict)
    verification: Verification | None = None
    vendor_event_type: str | None = None
    reason_code: str | None = None
    #: Where the body could not be used, as a path, without values.
    reason_detail: str | None = None
    case_ids: tuple[str, ...] = ()
    #: When it was last put on the queue; None: not yet.
    queued_at: datetime | None = None
    #: When body and headers were taken out of the row. Set exactly when `body` is gone, also where the body is
    #: left out of a list.
    pruned_at: datetime | None = None
    etag: str | None = None

    def emptied(self, at: datetime) -> Delivery:
        """What is left once nobody needs its content: that it came, not what it said. Repeats are recognised."""
        return replace(self, body=None, headers={}, pruned_at=self.pruned_at or at)


class DeliveryStore(Protocol):
    """Deliveries, keyed by an id that is derived from the dedupe key."""

    async def put_if_absent(self, delivery: Delivery) -> tuple[Delivery, bool]:
        """Insert. Returns (what the store holds now, with its etag; whether this call inserted it)."""
        ...

    async def get(self, delivery_id: str) -> Delivery | None: ...

    async def update(self, delivery: Delivery) -> Delivery:
        """Replace if the etag is current, else StoreConflict."""
        ...

    async def page(
        self, *, status: str | None = None, source: str | None = None, page: str | None = None, size: int = 50
    ) -> Page[Delivery]:
        """Newest first, bodies left out."""
        ...

    async def older(
        self, status: DeliveryStatus, before: datetime, limit: int, *, unpruned: bool = False
    ) -> list[Delivery]:
        """Deliveries of this status received before `before`, bodies left out, oldest not necessarily first.

        `unpruned`: only those whose `pruned_at` is None; costs by those, however many pruned rows are kept.
        """
        ...

    async def remove(self, delivery: Delivery) -> None:
        """Remove row and body, if the etag is current, else StoreConflict."""
        ...

    async def walk(self, page: str | None = None, size: int = 100) -> Page[Delivery]:
        """Every delivery once, with its body."""
        ...


@dataclass(frozen=True, slots=True)
class WorkMessage:
    """ "Look now": exactly one of the ids, and a code for why. Never personal data."""

    case_id: str | None = None
    delivery_id: str | None = None
    why: str = "event"


class WorkQueue(Protocol):
    """Sending side of the work queues. Messages never expire."""

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        """Enqueue; invisible for `delay` seconds (30 at most). Unavailable when the queue cannot take it."""
        ...


@dataclass(frozen=True, slots=True)
class LeasedMessage:
    """A message as the host holds it. `receipt` proves the lease."""

    message_id: str
    receipt: str
    #: Decoded text of the message.
    body: str
    dequeue_count: int
    inserted_at: datetime


class QueueHost(Protocol):
    """Receiving side, used only by a host: lease, renew, delete, release, poison twin."""

    async def receive(self, queue: str, count: int, lease_seconds: float) -> list[LeasedMessage]: ...

    async def renew(self, queue: str, message: LeasedMessage, lease_seconds: float) -> LeasedMessage: ...

    async def delete(self, queue: str, message: LeasedMessage) -> None: ...

    async def release(self, queue: str, message: LeasedMessage, visible_in: float) -> None: ...

    async def to_poison(self, queue: str, message: LeasedMessage) -> None:
        """Copy to `<queue>-poison` and delete."""
        ...

    async def depth(self, queue: str) -> tuple[int, int]:
        """(visible now, leased or delayed)."""
        ...


# --- tenant ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewUser:
    """POST /users. `password` is random, forced to change, and never kept; repr leaves it out."""

    user_principal_name: str
    mail_nickname: str
    display_name: str
    employee_id: str
    password: str = field(repr=False)
    given_name: str | None = None
    surname: str | None = None
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    usage_location: str | None = None
    preferred_language: str | None = None
    employee_hire_date: datetime | None = None
    mobile_phone: str | None = None
    account_enabled: bool = True


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """What the service reads of a user. Fields that were not selected are None."""

    id: str
    user_principal_name: str
    employee_id: str | None = None
    display_name: str | None = None
    mail: str | None = None
    account_enabled: bool | None = None
    created_at: datetime | None = None
    user_type: str | None = None
    synced: bool | None = None


class NameTaken(Exception):
    """POST /users said ObjectConflict: another object has this userPrincipalName (or a proxy address)."""


class Directory(Protocol):
    """Users in the tenant. `request_id` of the last call is put into the timeline by the caller."""

    async def create_user(self, user: NewUser) -> DirectoryUser:
        """Raises NameTaken, EffectUnknown (look before trying again), RetryLater, OperatorError."""
        ...

    async def get_user(self, id_or_upn: str) -> DirectoryUser | None:
        """None on 404, which right after a create means "not visible yet"."""
        ...

    async def find_by_employee_id(self, employee_id: str) -> list[DirectoryUser]: ...

    async def find_by_address(self, address: str) -> list[DirectoryUser]:
        """Users whose UPN or mail equals the address."""
        ...

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        """NotYetVisible when either is not replicated."""
        ...

    async def get_manager(self, user_id: str) -> DirectoryUser | None: ...

    async def has_privileges(self, user_id: str) -> bool:
        """True with any directory role assignment or membership of a role-assignable group."""
        ...

    async def check(self) -> Mapping[str, str]:
        """For doctor: finding code → ok or what is missing. Reads only."""
        ...


@dataclass(frozen=True, slots=True)
class AccessPass:
    """A Temporary Access Pass. The secret exists only in the answer to its creation; repr leaves it out."""

    id: str
    usable_from: datetime
    lifetime_minutes: int
    secret: str = field(repr=False, default="")
    usable: bool = True
    #: methodUsabilityReason as Graph spells it.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PassLimits:
    """The tenant's TAP policy: limits in minutes; `enabled` False: no passes in this tenant."""

    enabled: bool
    minimum_minutes: int = 60
    maximum_minutes: int = 480


@dataclass(frozen=True, slots=True)
class SeenEvidence:
    """Evidence of one person, from the audit log."""

    user_id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class SeenRegistration:
    """One person's row of the registration report."""

    user_id: str
    registration: Registration


class SecurityInfo(Protocol):
    """Authentication methods, passes, audit log and registration report."""

    def audit_events(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[SeenEvidence]]:
        """Pages of evidence about authentication methods, oldest first; unknown activities left out."""
        ...

    def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        """Pages of the whole report, streamed. OperatorError `report_needs_premium` on a Free tenant."""
        ...

    async def registration_of(self, user_id: str, now: datetime) -> Registration:
        """The targeted read: this person's methods right now (`/authentication/methods`)."""
        ...

    async def pass_limits(self) -> PassLimits: ...

    async def create_pass(self, user_id: str, usable_from: datetime, minutes: int) -> AccessPass:
        """One-time. Replaces a pass that exists. EffectUnknown when no answer came."""
        ...

    async def passes(self, user_id: str) -> list[AccessPass]:
        """Without secrets."""
        ...

    async def void_pass(self, user_id: str, pass_id: str) -> None:
        """Delete; a pass that is gone already is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `html` is complete; the text form is made by the mail system or the sender's adapter."""

    to: tuple[str, ...]
    subject: str
    html: str
    text: str
    language: str
    #: Opaque, for X-Onboarding-Ref: lets "yes, we sent this" be answered. No personal data.
    ref: str = ""


class DraftState(StrEnum):
    """What a look-up of a message says. `gone` may also be lag: Sent Items follow late."""

    DRAFT = "draft"
    SENT = "sent"
    GONE = "gone"


class Mailer(Protocol):
    """The sender mailbox."""

    #: False where the permission allows only sendMail: then a claim that got no answer stays uncertain.
    can_draft: bool

    async def create_draft(self, mail: Mail) -> str:
        """Immutable id of the draft."""
        ...

    async def send_draft(self, draft_id: str) -> None:
        """EffectUnknown when no answer came: look the id up."""
        ...

    async def look_up(self, draft_id: str) -> DraftState: ...

    async def send_now(self, mail: Mail, *, save: bool) -> None:
        """sendMail. `save=False` leaves no copy in Sent Items: for the pass mail."""
        ...


class Messages(Protocol):
    """Composing and delivering the messages of the ladder; made by `onboarding.followup`."""

    def compose(
        self,
        message: str,
        case: Case,
        to: tuple[str, ...],
        *,
        now: datetime,
        facts: Mapping[str, str] | None = None,
    ) -> Mail:
        """The message in the person's language (fallback chain). `facts` fill what the case does not hold."""
        ...

    async def deliver(
        self, s: Services, case: Case, rung: str, audience: str, mail: Mail, now: datetime
    ) -> RungRecord:
        """At most once: claim → draft → send → sent, each written to the case with compare-and-swap.

        Resumable after a crash. Returns the record; a status that is not final (claimed, drafted) means that
        another worker holds the claim or that a look-up must wait: come back at `claimed_at + CLAIM_LEASE`.
        """
        ...


# --- the set that a use case gets ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a use case may touch. Built once per process by `onboarding.bootstrap`."""

    settings: Settings
    policy: Policy
    clock: Clock
    entropy: Entropy
    cases: CaseStore
    deliveries: DeliveryStore
    queue: WorkQueue
    directory: Directory
    security: SecurityInfo
    mailer: Mailer
    messages: Messages
