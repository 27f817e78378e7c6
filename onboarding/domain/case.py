"""Our record of one person's onboarding. The case is the truth; everything else is a hint to it.

Plain data, changed only by the stage that holds it and written with compare-and-swap (`etag`). Its parts are in
`domain.account`, `domain.evidence` and `domain.records`, its one JSON form in `domain.case_rows`.
Nothing in here is a credential: passwords and passes are never kept, only that and when they were issued.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from onboarding.domain.account import Account, AccountIntent, LostMethod, PassRecord, PassStatus
from onboarding.domain.evidence import Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import Certainty, Hire
from onboarding.domain.lifecycle import ACTIVE, REMEMBERS, Event, State, next_state
from onboarding.domain.records import (
    DaySaid,
    Fetch,
    Finding,
    Naming,
    NextAction,
    NumberWord,
    RungRecord,
    Said,
    StepRecord,
)

SCHEMA = 1


class AliasKind(StrEnum):
    """What a value in an alias row is."""

    EMPLOYEE_ID = "employee_id"
    EMPLOYEE_NUMBER = "employee_number"
    CANDIDATE_ID = "candidate_id"
    UPN = "upn"
    OBJECT_ID = "object_id"
    #: A keyed hash by which the same person is found under other ids (`onboarding.intake.twins`).
    PERSON = "person"


#: In `Case.questions`, with a case id: an operator had paused, or excluded, that case.
PAUSED, EXCLUDED = "paused", "excluded"
#: Reason of a closed case whose person goes on in another case.
JOINED = "joined"
#: Reason codes by which an approver is asked about one account (`provisioning.existing`).
ABOUT_ACCOUNT = frozenset({"needs_approval_adopt", "needs_approval_instead", "needs_approval_restore"})
#: … and those by which somebody may have the account back.
_ABOUT_RETURN = frozenset({"needs_approval_restore", "needs_approval_rehire"})
#: … and those by which somebody is asked about another case: whether it is the same person's (`intake.twins`), and
#: which of two accounts stays.
SAME_PERSON, TWO_ACCOUNTS = "needs_approval_same_person", "two_accounts"
#: Reason codes of questions about another case → the field that holds the one that is asked about.
ABOUT_CASE = {SAME_PERSON: "maybe_same", TWO_ACCOUNTS: "second_account"}
#: … and the one by which somebody is asked what HR's record leaves open; a later read may answer it.
UNCLEAR = "needs_approval_unclear"
#: … and the one by which somebody is asked about a user name (`provisioning.steps.reserve_username`).
LOOKALIKE = "needs_approval_lookalike"
#: … or an operator, because it is taken and nobody who can be read has it (`provisioning.steps.create_account`).
NAME_HELD = "username_held"
ABOUT_NAME = frozenset({LOOKALIKE, NAME_HELD})
#: … and the one by which somebody is asked whether the hire stands (`intake.deletions`).
HR_DELETED_RECORD = "hr_deleted_record"
#: An approver's words about an account, with its object id behind a colon: it is another person's, for good; …
NOT_THIS = "not_this"
#: … it was deleted for good, until it is seen again.
PURGED = "purged"
#: Reads that are due so long after an announced end come before it: that of the day after is due at 00:00 UTC.
_READ_FIRST = timedelta(days=1)
#: `NextAction.why` of a closed case that was watched to its end.
WATCH_ENDED = "watch_ended"
#: Source under which UPNs and object ids are filed: they belong to the tenant, not to an HR system.
TENANT = "tenant"
#: Source under which keys of persons are filed, across all HR systems.
PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name under which a case can be found: (source, kind, value) → case. UPNs are kept in lower case."""

    source: str
    kind: AliasKind
    value: str


@dataclass(slots=True)
class Case:
    """One person's onboarding. `etag` is the store's and is None before the first write."""

    case_id: str
    source: str
    state: State
    hire: Hire
    created_at: datetime
    updated_at: datetime
    schema: int = SCHEMA
    etag: str | None = None
    reason_code: str | None = None
    #: Of the last failure that nobody foresaw: type of the error and its place in the program.
    cause: str | None = None
    #: Where UNBLOCK and RESUME lead.
    return_state: State | None = None
    #: Greatest certainty seen: only `employee` may lead to an account.
    certainty: Certainty = Certainty.EMPLOYEE
    #: occurred_at of the newest applied event.
    hire_as_of: datetime | None = None
    #: Field of the hire → who said it last. A field that is not here and has a value is as of `hire_as_of`.
    said: dict[str, Said] = field(default_factory=dict)
    #: Field of the hire → source → when that source last said that the field is empty. Its older words on it are void.
    #: Beside the sources: what an HR system took back, by which the older words of all are void (`intake.words`).
    emptied: dict[str, dict[str, Said]] = field(default_factory=dict)
    #: The other word on a field, of recruiting beside an HR system's or the reverse, and who said it when: it stands
    #: once the one before it goes (`intake.words`).
    behind: Hire = field(default_factory=Hire)
    behind_said: dict[str, Said] = field(default_factory=dict)
    #: System → the first day that it last said for good, whoever's word stands (`intake.comeback`).
    first_days: dict[str, DaySaid] = field(default_factory=dict)
    #: What was said until then is of a hire that is over.
    over_until: datetime | None = None
    #: When HR hired, oldest first; the newest of many.
    hires: list[datetime] = field(default_factory=list)
    #: HR system → field of the hire → the id by which that system knows the person (`employee_id`, `candidate_id`).
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    #: HR system → since when it means by its ids the person who bears the name that stands (`intake.other_name`).
    namings: dict[str, Naming] = field(default_factory=dict)
    #: HR system and employee number (`bamboohr:00731`; without a number: that there is none) → when that system said
    #: so, oldest first (`intake.numbers`).
    numbers: dict[str, list[datetime]] = field(default_factory=dict)
    #: Ends, deletions and cancellations that were said of a number alone; and, as long as there are any, the newest
    #: ones of the fields below that named the person by an id (`intake.number_words`).
    by_number: list[NumberWord] = field(default_factory=list)
    by_id: dict[str, datetime] = field(default_factory=dict)
    #: Newest event of each kind: together they say where the hire stands, whatever order they came in.
    hired_at: datetime | None = None
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None
    deleted_at: datetime | None = None
    #: HR system → when it last ended the employment (the newest is `ended_at`), as far as it has not taken that back;
    #: and when its record last said, by a flag that may also end it, that the person works there (`intake.ends`).
    ended_by: dict[str, datetime] = field(default_factory=dict)
    active_by: dict[str, datetime] = field(default_factory=dict)
    #: As of when an HR system last showed the whole record of an employee, posted or read.
    recorded_at: datetime | None = None
    #: HR system and record (`bamboohr:4711`) → when it was last deleted, as far as nobody has said that the hire stands
    #: (the newest one is `deleted_at`), and the newest deletion of which an operator has said so (`intake.deletions`).
    deleted_by: dict[str, datetime] = field(default_factory=dict)
    deletions_answered: dict[str, datetime] = field(default_factory=dict)
    #: Application (`application:46194062`) → when recruiting last hired the person by it, and last took that back.
    hired_by: dict[str, datetime] = field(default_factory=dict)
    cancelled_by: dict[str, datetime] = field(default_factory=dict)
    #: When HR hired somebody again who has an account of this case.
    rehired_at: datetime | None = None
    #: A first day came, with an account to work with (`domain.beginning`). None: nobody has judged it yet.
    begun: bool | None = None
    #: The end of the last day, where HR announced that the employment ends; None: it did not, or took that back.
    ends_at: datetime | None = None
    #: When HR withdrew the hire, as long as that stands.
    withdrawn_at: datetime | None = None
    #: source → what to read there.
    fetches: dict[str, Fetch] = field(default_factory=dict)
    #: Values that could not be used, oldest first.
    findings: list[Finding] = field(default_factory=list)
    #: Case id of somebody who may be the same person, while an approver decides about it.
    maybe_same: str | None = None
    #: Case id of the same person's other account, while an operator has not decided which of the two stays.
    second_account: str | None = None
    #: What comes after these two when the case is led on, oldest first, one at a time: the same about further cases,
    #: `needs_approval_same_person:<case id>` and `two_accounts:<case id>`; and how a case was stopped that was joined
    #: to this one, or this one before a graver question: `paused:<case id>`, `excluded:<case id>`, and reason codes of
    #: questions that nothing else tells.
    questions: list[str] = field(default_factory=list)
    #: Events that were applied, oldest first: `d_…`, `d_….2` for the third event of a delivery, and `d_…#1.2` once an
    #: operator had it processed again (`event_mark`, `delivery_of`).
    deliveries: list[str] = field(default_factory=list)
    #: When the delivery that named the manager first arrived; a later change is not trusted with a pass.
    manager_named_at: datetime | None = None
    manager_changed: bool = False
    #: Nobody was named yet by what creates an account, or by a read: whom they name is still to come.
    manager_unannounced: bool = False
    #: Hash of the HR phone (keyed) and its last two digits, once the raw value is gone.
    phone_hash: str | None = None
    phone_tail: str | None = None
    phone_reason: str | None = None
    #: Approvals given by an approver: reason codes; `needs_approval_adopt:<object id>` where one is about one account
    #: (`grant`); `not_this:<object id>` and `purged:<object id>` (`other_person`, `purged`); with a case id where one
    #: is about another case: `needs_approval_same_person`, `two_people`, `asked_anew`, `two_accounts`; with a user name
    #: where one is about that: `needs_approval_lookalike`, `username_held`.
    approvals: list[str] = field(default_factory=list)
    #: A question for an approver that was open when the person was excluded; asked again when they are included and the
    #: hire stands. Those that can be told from the rest of the case are not kept here.
    open_question: str | None = None
    #: Names that turned out to belong to somebody else.
    refused_names: list[str] = field(default_factory=list)
    #: The user name that an approver is, or was last, asked about because it can be mistaken for another.
    lookalike: str | None = None
    intent: AccountIntent | None = None
    #: userPrincipalName of an account that was there before us, while an approver decides about it; where
    #: several carry the number, all of them, separated by commas.
    found_account: str | None = None
    #: Object ids of what `found_account` names, in the same order, while an approver decides about it; and when one was
    #: asked for a yes, or spoke.
    found_ids: list[str] = field(default_factory=list)
    found_at: datetime | None = None
    #: HR's number, where the account that carries it is another person's: ours carries a token in its place.
    number_of_another: str | None = None
    account: Account | None = None
    #: What an account of this case that is gone carried in `employeeId`; the next one carries it, too, where HR has no
    #: number that fits.
    mark: str | None = None
    steps: dict[str, StepRecord] = field(default_factory=dict)
    access_pass: PassRecord | None = None
    #: When an approver confirmed who the person is, for one new pass.
    identity_proofed_at: datetime | None = None
    #: A lost phone that is being taken care of.
    lost_method: LostMethod | None = None
    episode: int = 1
    #: Day that counts as day 0 of this episode's ladder; None: the start date.
    episode_started_at: datetime | None = None
    rungs: dict[str, RungRecord] = field(default_factory=dict)
    status: Status = Status.UNKNOWN
    recoverable: Recoverable = Recoverable.UNKNOWN
    status_as_of: datetime | None = None
    confirmed_at: datetime | None = None
    evidence: list[Evidence] = field(default_factory=list)
    registration: Registration | None = None
    #: Rows of the report as far as they tell since when the role is what it is (`domain.roles`): time, administrator.
    role_rows: list[tuple[datetime, bool]] = field(default_factory=list)
    next_action: NextAction = field(default_factory=lambda: NextAction("start", None, "new"))

    @property
    def employee_key(self) -> str | None:
        """The id under which HR knows the person: employee_id, else number, else candidate id."""
        return self.hire.employee_id or self.hire.employee_number or self.hire.candidate_id

    @property
    def listed(self) -> bool:
        """False for the empty trace of a case that turned out to be another one: lists leave it out."""
        return not (self.state is State.CLOSED and self.reason_code == JOINED)

    @property
    def watch_ended(self) -> bool:
        """Confirmed, watched to the end, and still employed as far as HR has said: read on, not looked at."""
        if (
            self.state is not State.CLOSED
            or self.next_action.why != WATCH_ENDED
            or self.reason_code is not None
        ):
            return False
        over = max(
            filter(None, (self.withdrawn_at, self.ended_at, self.cancelled_at, self.deleted_at)), default=None
        )
        return over is None or (self.hired_at is not None and self.hired_at > over)

    @property
    def asked_about(self) -> list[str]:
        """What the question is about that the case is blocked with: object ids of accounts that were found, the id of
        another case, a user name, or HR's records that were deleted and when. Empty: there is none, or it is about
        this person alone."""
        if self.state is not State.BLOCKED:
            return []
        code = self.reason_code or ""
        if code == HR_DELETED_RECORD:
            return [
                f"{quote(name, safe=':')}@{at.isoformat()}" for name, at in sorted(self.deleted_by.items())
            ]
        other: str | None = None
        if (name := ABOUT_CASE.get(code)) is not None:
            other = getattr(self, name)
        elif code == LOOKALIKE:
            other = self.lookalike
        elif code == NAME_HELD and self.intent is not None:
            other = self.intent.user_principal_name
        return [other] if other else list(self.found_ids)

    def apply(self, event: Event, *, reason: str | None = None) -> State:
        """Move through the lifecycle table. Returns the new state; raises IllegalTransition unchanged."""
        target = next_state(self.state, event, self.return_state)
        if event in REMEMBERS:
            self.return_state = self.state
        elif event not in {Event.CANCEL, Event.EXCLUDE, Event.CLOSE}:
            self.return_state = None
        self.state = target
        self.reason_code = reason
        return target

    def grant(self, code: str, now: datetime) -> None:
        """An approver said yes to what the case waits for. About an account that was found, the word is for that one
        alone; where several were found, a yes chooses none. The same of another case, and of a user name."""
        about = self.found_ids[0] if code in ABOUT_ACCOUNT and len(self.found_ids) == 1 else None
        if code == SAME_PERSON:
            about = self.maybe_same
        elif code == LOOKALIKE:
            about = self.lookalike
        word = f"{code}:{about}" if about else code
        if word not in self.approvals:
            self.approvals.append(word)
        if code == SAME_PERSON and about:
            self.answered(code, about)
        if self.found_ids:
            self.found_at = now
        if self.account is not None and code in _ABOUT_RETURN:
            self.account.doubted_at = now

    def ask_about(self, code: str, other_id: str) -> None:
        """Somebody has to decide about this other case, now or after those that are asked about before it."""
        if self.is_said(code, other_id) or self.asks_about(code, other_id):
            return
        now: str | None = getattr(self, ABOUT_CASE[code])
        if now is None or self.is_said(code, now):
            setattr(self, ABOUT_CASE[code], other_id)
        else:
            self.questions.append(f"{code}:{other_id}")

    def asks_about(self, code: str, other_id: str) -> bool:
        """This is still to be decided about this other case."""
        return getattr(self, ABOUT_CASE[code]) == other_id or f"{code}:{other_id}" in self.questions

    def others(self, code: str) -> list[str]:
        """Ids of the other cases about which this is still to be decided, the one that is asked about now first."""
        now: str | None = getattr(self, ABOUT_CASE[code])
        words = (word.partition(":") for word in self.questions)
        return [*([now] if now else []), *(other for name, _, other in words if name == code and other)]

    def answered(self, code: str, other_id: str) -> None:
        """Nothing is to be decided about this other case any more: the next one is asked about."""
        self.questions = [word for word in self.questions if word != f"{code}:{other_id}"]
        if getattr(self, ABOUT_CASE[code]) != other_id:
            return
        rest = [word for word in self.questions if word.startswith(f"{code}:")]
        self.questions = [word for word in self.questions if word not in rest[:1]]
        setattr(self, ABOUT_CASE[code], rest[0].partition(":")[2] if rest else None)

    def other_person(self, object_ids: Collection[str]) -> None:
        """An approver said that these accounts, of those that were found, are another person's. That is for good; about
        the others somebody is asked anew."""
        self._say(NOT_THIS, object_ids)
        self.take_back(ABOUT_ACCOUNT)
        self.found_ids = [item for item in self.found_ids if item not in object_ids]
        self.found_account = None
        if self.intent is not None and self.intent.restores in object_ids:
            self.intent.restores = None

    def purged(self, object_ids: Collection[str]) -> None:
        """An approver said that these accounts were deleted for good, so that nobody needs to wait for them."""
        self._say(PURGED, object_ids)

    def _say(self, word: str, object_ids: Collection[str]) -> None:
        said = [f"{word}:{object_id}" for object_id in object_ids]
        self.approvals += [item for item in said if item not in self.approvals]

    def is_said(self, word: str, of: str) -> bool:
        """This was said of this account, or of this other case."""
        return f"{word}:{of}" in self.approvals

    @property
    def found(self) -> dict[str, str]:
        """User name → object id of the accounts that an approver is asked about."""
        names = self.found_account.split(", ") if self.found_account else []
        return dict(zip(names, self.found_ids, strict=True)) if len(names) == len(self.found_ids) else {}

    def take_back(self, codes: Collection[str]) -> None:
        """Approvals with these codes count no more, whatever account they are about."""
        self.approvals = [word for word in self.approvals if word.partition(":")[0] not in codes]

    @property
    def wakes_at(self) -> datetime | None:
        """When somebody must look at this case: its next action, or a read, an announced end, a lost phone or a pass
        that is called back, where that is due before it. None: never."""
        moments = [self.next_action.when, self.ending_at, *(item.due_at for item in self.reads)]
        if self.lost_method is not None:
            moments.append(self.lost_method.when)
        moments.append(self.recall_at)
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def recall_at(self) -> datetime | None:
        """When a pass that was called back is to be made void; None: there is none."""
        recall = self.access_pass.recall if self.access_pass is not None else None
        return recall.when if recall is not None else None

    @property
    def ending_at(self) -> datetime | None:
        """When the end that HR announced comes true without another word; None: never, or a read of the HR system comes
        first, which may say otherwise."""
        moment = self.ends_at
        if moment is None or (self.ended_at is not None and self.ended_at >= moment):
            return None
        over = self.state in {State.CANCELLED, State.EXCLUDED} or (
            self.state is State.CLOSED and not self.watch_ended
        )
        soon = moment + _READ_FIRST
        reads = any(item.due_at is not None and item.due_at <= soon for item in self.reads)
        return None if over or reads else moment

    @property
    def reads(self) -> list[Fetch]:
        """Reads that are planned and may happen in this state.

        Of a hire that HR withdrew only those that were asked for since: they tell whether somebody came back.
        """
        if self.state in ACTIVE or (self.state is State.BLOCKED and self.reason_code == UNCLEAR):
            return [item for item in self.fetches.values() if item.due_at is not None]
        if self.withdrawn_at is None or self.state not in {State.CANCELLED, State.CLOSED} or not self.listed:
            return []
        since = max(filter(None, (self.withdrawn_at, self.cancelled_at, self.ended_at)))
        return [item for item in self.fetches.values() if item.when is not None and item.asked_at > since]

    def pass_at_large(self, now: datetime) -> bool:
        """A pass of this case may still be usable: issued or in doubt, not voided, not expired."""
        record = self.access_pass
        if record is None or record.status is PassStatus.VOID:
            return False
        return record.usable_until is None or now < record.usable_until

    def step(self, name: str) -> StepRecord:
        """The record of one step, made on first use."""
        return self.steps.setdefault(name, StepRecord())


def aliases_of(case: Case) -> list[Alias]:
    """Every alias that this case's own data gives it."""
    hire, found = case.hire, []
    for kind, value in (
        (AliasKind.EMPLOYEE_ID, hire.employee_id),
        (AliasKind.EMPLOYEE_NUMBER, hire.employee_number),
        (AliasKind.CANDIDATE_ID, hire.candidate_id),
    ):
        if value:
            found.append(Alias(case.source, kind, value))
    if case.account:
        found.append(Alias(TENANT, AliasKind.UPN, case.account.user_principal_name.lower()))
        found.append(Alias(TENANT, AliasKind.OBJECT_ID, case.account.id))
    return found


def ids_in(case: Case, source: str) -> dict[str, str]:
    """The ids that `source` knows this person by. Of a case from before they were kept apart, by who said them last."""
    if case.ids:
        return case.ids.get(source, {})
    found = {}
    for name in ("employee_id", "candidate_id"):
        value, said = getattr(case.hire, name), case.said.get(name)
        if value and source == ((said.source if said else None) or case.source):
            found[name] = value
    return found


def event_mark(delivery_id: str, index: int, replays: int = 0) -> str:
    """How a case remembers that it has seen this event of a delivery."""
    return delivery_id + (f"#{replays}" if replays else "") + (f".{index}" if index else "")


def delivery_of(mark: str) -> str:
    """Id of the delivery of an entry of `Case.deliveries`."""
    return mark.partition(".")[0].partition("#")[0]
