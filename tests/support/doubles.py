"""Doubles of the ports, with the ports' names, that can be told to fail before or after an effect, or to lag.

`World` puts them together with the real embedded store in memory. `Faults` breaks single calls; `Tape` numbers
every call of every port and can kill the process at any of them (`Killed`, which nothing catches).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import string
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from onboarding import dry_run
from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.evidence import Registration
from onboarding.domain.hire import Hire, ManagerRef, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.domain.records import NextAction, RungRecord, RungStatus, TimelineEntry
from onboarding.errors import EffectUnknown, NotYetVisible, StoreConflict
from onboarding.followup.messages import CatalogueMessages
from onboarding.graph import stream
from onboarding.ports import (
    CLAIM_LEASE,
    WORK_QUEUE,
    AccessPass,
    DirectoryPerson,
    DirectoryUser,
    DraftState,
    NameTaken,
    NewUser,
    PassLimits,
    SeenEvidence,
    SeenRegistration,
    Services,
    SignInMethod,
    WorkMessage,
)
from onboarding.ports import Mail as MailMessage
from onboarding.provisioning import runner
from onboarding.safeguards.holders import HoldersKept
from onboarding.settings import Settings
from onboarding.storage.embedded import EmbeddedStore, open_embedded
from tests.support.entitlement_doubles import EntitlementCalls, Holdings

#: A Monday, 10:00 in Berlin.
T0 = datetime(2026, 8, 17, 8, 0, tzinfo=UTC)
CASE_ID = "c_00000000000000000001"
MANAGER = DirectoryUser(
    "manager-1",
    "chef@contoso.example",
    employee_id="1",
    mail="chef@contoso.example",
    account_enabled=True,
    created_at=datetime(2020, 1, 1, tzinfo=UTC),
    user_type="Member",
)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Faults:
    """What shall go wrong: for each method a list, consumed call by call (None: this call works).

    `("before", error)` raises without the effect, `("after", error)` raises after it.
    """

    plan: dict[str, list[tuple[str, Exception] | None]] = field(default_factory=dict)

    def before(self, method: str, *errors: Exception) -> None:
        self.plan.setdefault(method, []).extend(("before", error) for error in errors)

    def after(self, method: str, *errors: Exception) -> None:
        self.plan.setdefault(method, []).extend(("after", error) for error in errors)

    def works(self, method: str, times: int = 1) -> None:
        self.plan.setdefault(method, []).extend([None] * times)

    async def run(self, method: str, effect: Callable[[], Any]) -> Any:
        planned = self.plan.get(method)
        fault = planned.pop(0) if planned else None
        await asyncio.sleep(0)
        if fault and fault[0] == "before":
            raise fault[1]
        answer = effect()
        await asyncio.sleep(0)
        if fault:
            raise fault[1]
        return answer


@dataclass
class FixedClock:
    """Stands until it is moved."""

    at: datetime = T0
    slept: list[float] = field(default_factory=list)

    async def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def move(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


class SeededEntropy:
    """Ids and randomness that come again with the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.passwords: list[str] = []
        #: Set it to have every fraction the same.
        self.fixed: float | None = None

    def token(self, length: int) -> str:
        return "".join(self._random.choices(string.ascii_lowercase + string.digits, k=length))

    def case_id(self) -> str:
        return "c_" + self.token(20)

    def operation_id(self) -> str:
        return "o_" + self.token(20)

    def password(self) -> str:
        self.passwords.append(f"Pw-PLANTED-{self.token(16)}")
        return self.passwords[-1]

    def fraction(self) -> float:
        return self._random.random() if self.fixed is None else self.fixed


@dataclass
class Tenant:
    """What the pretend Entra holds. `clock` stamps what it creates, in whole seconds."""

    clock: FixedClock
    faults: Faults = field(default_factory=Faults)
    users: dict[str, DirectoryUser] = field(default_factory=dict)
    created: list[NewUser] = field(default_factory=list)
    managers: dict[str, str] = field(default_factory=dict)
    #: user id → other addresses of theirs, in lower case.
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Addresses of groups and contacts, in lower case: no read of users shows them.
    contacts: set[str] = field(default_factory=set)
    privileged: set[str] = field(default_factory=set)
    methods: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: (user id, method) → createdDateTime, where Graph gives it.
    made_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    passes: dict[str, list[AccessPass]] = field(default_factory=dict)
    #: Every pass ever made, with its secret, and every one that was voided.
    issued: list[AccessPass] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    #: (user id, method) of deleted methods, and users whose sessions were ended.
    deleted_methods: list[tuple[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    limits: PassLimits = field(default_factory=lambda: PassLimits(True, 60, 480))
    #: User ids and names that answer 404 although they exist.
    hidden: set[str] = field(default_factory=set)
    mail: list[MailMessage] = field(default_factory=list)
    #: What lies in the sender's Sent Items or drafts, apart from `drafts`.
    saved: list[MailMessage] = field(default_factory=list)
    drafts: dict[str, MailMessage] = field(default_factory=dict)
    sent_drafts: set[str] = field(default_factory=set)
    lag: bool = False
    #: Reads show for so long what was before a write (`replaced`).
    reads_lag: timedelta = timedelta(0)
    held: Holdings = field(default_factory=Holdings)
    #: Every write to what was there: when, whose, and what was there before.
    writes: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)

    def replaced(self, user_id: str, **values: Any) -> None:
        """A write to an account: these properties are so now, and are seen later where reads lag."""
        user = self.users[user_id]
        self.writes.append((self.clock.at, user_id, {name: getattr(user, name) for name in values}))
        self.users[user_id] = replace(user, **values)

    def stale(self, user_id: str) -> dict[str, Any]:
        """What reads show still, of properties that were written lately: what was before the oldest such write."""
        late = [
            item for item in self.writes if item[1] == user_id and self.clock.at < item[0] + self.reads_lag
        ]
        return {name: value for _, _, before in reversed(late) for name, value in before.items()}

    def add(self, user: DirectoryUser) -> DirectoryUser:
        self.users[user.id] = user
        return user

    def named(self, upn: str) -> DirectoryUser | None:
        return next((u for u in self.users.values() if u.user_principal_name.lower() == upn.lower()), None)

    def has(self, address: str) -> bool:
        """Some object has this user name or address (lower case): neither can be given twice."""
        if self.named(address) or address in self.contacts:
            return True
        return any(
            address == (user.mail or "").lower() or address in self.aliases.get(user.id, ())
            for user in self.users.values()
        )

    def seen(self, user: DirectoryUser | None) -> DirectoryUser | None:
        if user is None or self.lag or {user.id, user.user_principal_name} & self.hidden:
            return None
        user = self.shown(user)
        made = self.held.mailbox_at.get(user.id)
        there = made is not None and made <= self.clock.at
        return replace(user, mail=user.user_principal_name) if there and not user.mail else user

    def shown(self, user: DirectoryUser) -> DirectoryUser:
        """As reads show it."""
        before = {name: value for name, value in self.stale(user.id).items() if hasattr(user, name)}
        return replace(user, **before)

    def usable_passes(self, user_id: str) -> list[AccessPass]:
        return [item for item in self.passes.get(user_id, []) if item.reason != "OneTimeUsed"]


class Directory(EntitlementCalls):
    """`ports.Directory` over a `Tenant`."""

    tenant: Tenant

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def people(self, *, named: bool = False) -> AsyncIterator[Sequence[DirectoryPerson]]:
        yield [
            DirectoryPerson(user.id, created_at=user.created_at, enabled=user.account_enabled is not False)
            for user in self.tenant.users.values()
        ]

    async def create_user(self, user: NewUser) -> DirectoryUser:
        def effect() -> DirectoryUser:
            if self.tenant.has(user.user_principal_name.lower()):
                raise NameTaken
            made = DirectoryUser(
                f"user-{len(self.tenant.users) + 1}",
                user.user_principal_name,
                employee_id=user.employee_id,
                display_name=user.display_name,
                account_enabled=user.account_enabled,
                created_at=self.tenant.clock.at.replace(microsecond=0),
                user_type="Member",
                usage_location=user.usage_location,
                employee_hire_date=user.employee_hire_date,
                licences=(),
            )
            self.tenant.created.append(user)
            return self.tenant.add(made)

        made: DirectoryUser = await self.tenant.faults.run("create_user", effect)
        return made

    async def get_user(self, id_or_upn: str) -> DirectoryUser | None:
        tenant = self.tenant

        def effect() -> DirectoryUser | None:
            return tenant.seen(tenant.users.get(id_or_upn) or tenant.named(id_or_upn))

        found: DirectoryUser | None = await tenant.faults.run("get_user", effect)
        return found

    async def _find(self, method: str, match: Callable[[DirectoryUser], bool]) -> list[DirectoryUser]:
        def effect() -> list[DirectoryUser]:
            found = [u for u in self.tenant.users.values() if self.tenant.seen(u) and match(u)]
            return [self.tenant.shown(user) for user in found]

        found: list[DirectoryUser] = await self.tenant.faults.run(method, effect)
        return found

    async def find_by_employee_id(self, employee_id: str) -> list[DirectoryUser]:
        return await self._find("find_by_employee_id", lambda user: user.employee_id == employee_id)

    async def find_by_address(self, address: str, *, aliases: bool = False) -> list[DirectoryUser]:
        wanted = address.lower()
        others = self.tenant.aliases if aliases else {}
        found = await self._find(
            "find_by_address",
            lambda user: (
                wanted in {user.user_principal_name.lower(), (user.mail or "").lower()}
                or wanted in others.get(user.id, ())
            ),
        )
        return [replace(user, addresses=others.get(user.id, ())) for user in found]

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        def effect() -> None:
            if not {user_id, manager_id} <= self.tenant.users.keys() or user_id in self.tenant.hidden:
                raise NotYetVisible("not there yet")
            self.tenant.managers[user_id] = manager_id

        await self.tenant.faults.run("set_manager", effect)

    async def revoke_sessions(self, user_id: str) -> None:
        await self.tenant.faults.run("revoke_sessions", lambda: self.tenant.revoked.append(user_id))

    async def disable_user(self, user_id: str) -> None:
        def effect() -> None:
            if user_id not in self.tenant.users or user_id in self.tenant.hidden:
                raise NotYetVisible("not there yet")
            self.tenant.replaced(user_id, account_enabled=False)

        await self.tenant.faults.run("disable_user", effect)

    async def get_manager(self, user_id: str) -> DirectoryUser | None:
        return self.tenant.users.get(self.tenant.managers.get(user_id, ""))

    async def has_privileges(self, user_id: str) -> bool:
        found: bool = await self.tenant.faults.run(
            "has_privileges", lambda: user_id in self.tenant.privileged
        )
        return found

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        tenant = self.tenant

        def effect() -> tuple[DirectoryUser, ...]:
            return tuple(user for user in tenant.users.values() if user.id in tenant.privileged)

        found: tuple[DirectoryUser, ...] = await tenant.faults.run("role_holders", effect)
        return found

    async def check(self) -> Mapping[str, str]:
        found: Mapping[str, str] = await self.tenant.faults.run("check", lambda: {"users": "ok"})
        return found


class SecurityInfo:
    """`ports.SecurityInfo` over a `Tenant`: a new pass replaces the one that is there, as Graph documents."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def audit_events(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[SeenEvidence]]:
        nothing: Sequence[SeenEvidence] = ()
        yield nothing

    def streamed(self, message: bytes) -> Sequence[SeenEvidence]:
        return stream.read(message)

    async def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        nothing: Sequence[SeenRegistration] = ()
        yield nothing

    async def registration_of(self, user_id: str, now: datetime) -> Registration:
        tenant = self.tenant

        def effect() -> Registration:
            if tenant.seen(tenant.users.get(user_id)) is None:
                return Registration((), now, present=False, direct=True)
            tap = ("temporaryAccessPass",) if tenant.passes.get(user_id) else ()
            return Registration((*tenant.methods.get(user_id, ()), *tap), now, direct=True)

        found: Registration = await tenant.faults.run("registration_of", effect)
        return found

    async def sign_in_methods(self, user_id: str) -> list[SignInMethod] | None:
        tenant = self.tenant

        def effect() -> list[SignInMethod] | None:
            if tenant.seen(tenant.users.get(user_id)) is None:
                return None
            numbers = dict(tenant.held.phones)
            return [
                SignInMethod(
                    f"id-{name}",
                    name,
                    f"…{numbers.get(user_id, '01')[-2:] if name == 'mobilePhone' else '01'}",
                    tenant.made_at.get((user_id, name)),
                )
                for name in tenant.methods.get(user_id, ())
            ]

        found: list[SignInMethod] | None = await tenant.faults.run("sign_in_methods", effect)
        return found

    async def delete_method(self, user_id: str, method: str, method_id: str) -> None:
        def effect() -> None:
            left = tuple(name for name in self.tenant.methods.get(user_id, ()) if f"id-{name}" != method_id)
            if left != self.tenant.methods.get(user_id, ()):
                self.tenant.deleted_methods.append((user_id, method))
            self.tenant.methods[user_id] = left

        await self.tenant.faults.run("delete_method", effect)

    async def pass_limits(self) -> PassLimits:
        found: PassLimits = await self.tenant.faults.run("pass_limits", lambda: self.tenant.limits)
        return found

    async def create_pass(self, user_id: str, usable_from: datetime, minutes: int) -> AccessPass:
        def effect() -> AccessPass:
            number = len(self.tenant.issued) + 1
            made = AccessPass(f"pass-{number}", usable_from, minutes, f"TAP-PLANTED-{number}")
            waiting = usable_from > self.tenant.clock.at
            stored = replace(
                made, secret="", usable=not waiting, reason="NotYetValid" if waiting else "EnabledByPolicy"
            )
            self.tenant.issued.append(made)
            self.tenant.passes[user_id] = [stored]
            return made

        made: AccessPass = await self.tenant.faults.run("create_pass", effect)
        return made

    async def add_phone(self, user_id: str, number: str) -> None:
        def effect() -> None:
            assert "mobilePhone" not in self.tenant.methods.get(user_id, ()), "one phone of a type"
            self.tenant.methods[user_id] = (*self.tenant.methods.get(user_id, ()), "mobilePhone")
            self.tenant.made_at[user_id, "mobilePhone"] = self.tenant.clock.at
            self.tenant.held.phones.append((user_id, number))

        await self.tenant.faults.run("add_phone", effect)

    async def passes(self, user_id: str) -> list[AccessPass]:
        found: list[AccessPass] = await self.tenant.faults.run(
            "passes", lambda: list(self.tenant.passes.get(user_id, []))
        )
        return found

    async def void_pass(self, user_id: str, pass_id: str) -> None:
        def effect() -> None:
            kept = [item for item in self.tenant.passes.get(user_id, []) if item.id != pass_id]
            self.tenant.passes[user_id] = kept
            self.tenant.voided.append(pass_id)

        await self.tenant.faults.run("void_pass", effect)


class Mailer:
    """`ports.Mailer` over a `Tenant`."""

    def __init__(self, tenant: Tenant, *, can_draft: bool = True) -> None:
        self.tenant = tenant
        self.can_draft = can_draft

    async def create_draft(self, mail: MailMessage) -> str:
        def effect() -> str:
            draft_id = f"draft-{len(self.tenant.drafts) + 1}"
            self.tenant.drafts[draft_id] = mail
            return draft_id

        made: str = await self.tenant.faults.run("create_draft", effect)
        return made

    async def send_draft(self, draft_id: str) -> None:
        def effect() -> None:
            if draft_id in self.tenant.sent_drafts:
                raise EffectUnknown("no draft any more")
            self.tenant.sent_drafts.add(draft_id)
            self.tenant.mail.append(self.tenant.drafts[draft_id])

        await self.tenant.faults.run("send_draft", effect)

    async def look_up(self, draft_id: str) -> DraftState:
        def effect() -> DraftState:
            if draft_id in self.tenant.sent_drafts:
                return DraftState.SENT
            return DraftState.DRAFT if draft_id in self.tenant.drafts else DraftState.GONE

        found: DraftState = await self.tenant.faults.run("look_up", effect)
        return found

    async def send_now(self, mail: MailMessage, *, save: bool) -> None:
        def effect() -> None:
            self.tenant.mail.append(mail)
            if save:
                self.tenant.saved.append(mail)

        await self.tenant.faults.run("send_now", effect)


class Messages:
    """`ports.Messages` that says what it was asked, and answers with the records that it was given."""

    def __init__(self, *statuses: RungStatus) -> None:
        self.statuses = list(statuses)
        self.composed: list[tuple[str, tuple[str, ...], dict[str, str]]] = []
        self.delivered: list[MailMessage] = []

    def compose(
        self,
        message: str,
        case: Case,
        to: tuple[str, ...],
        *,
        now: datetime,
        facts: Mapping[str, str] | None = None,
    ) -> MailMessage:
        self.composed.append((message, to, dict(facts or {})))
        return MailMessage(to, message, f"<p>{message}</p>", message, "en")

    async def deliver(
        self, s: Services, case: Case, rung: str, audience: str, mail: MailMessage, now: datetime
    ) -> RungRecord:
        self.delivered.append(mail)
        status = self.statuses.pop(0) if self.statuses else RungStatus.SENT
        return RungRecord(rung, case.episode, audience, status, now)


class WorkQueue:
    """`ports.WorkQueue` that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[WorkMessage, float]] = []
        self.faults = Faults()

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        assert 0 <= delay <= 30, "a longer wait is a due row"
        await self.faults.run("send", lambda: self.sent.append((message, delay)))

    async def backlog(self, queue: str) -> int:
        return len(self.sent)


@dataclass
class Tape:
    """Numbers every call of every wrapped port. `kill_at`: (number, "before" or "after"); `kill_on`: (method, side)."""

    calls: list[str] = field(default_factory=list)
    kill_at: tuple[int, str] | None = None
    kill_on: tuple[str, str] | None = None
    killed: bool = False
    #: Yields to other workers this many times before each call, drawn from here.
    shuffle: random.Random | None = None

    def wrap(self, name: str, port: Any) -> Any:
        return _Taped(self, name, port)

    async def play(self, name: str, call: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        for _ in range(self.shuffle.randrange(6) if self.shuffle else 0):
            await asyncio.sleep(0)
        method = name.rpartition(".")[2]
        if self.kill_at == (number, "before") or self.kill_on == (method, "before"):
            self.killed = True
            raise Killed(f"before {name}")
        answer = await call()
        if self.kill_at == (number, "after") or self.kill_on == (method, "after"):
            self.killed = True
            raise Killed(f"after {name}")
        return answer


def sides(number: int) -> tuple[str, ...]:
    """On which sides of this call a process has to die, of all calls in turn: what the call before has left is what
    a death before this one finds."""
    return ("after",) if number else ("before", "after")


class _Taped:
    def __init__(self, tape: Tape, name: str, port: Any) -> None:
        self._tape, self._name, self._port = tape, name, port

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._tape.play(f"{self._name}.{method}", lambda: found(*args, **kwargs))

        return call


def hire(**changes: Any) -> Hire:
    """Somebody with everything, who starts next Monday in Berlin."""
    values: dict[str, Any] = {
        "employee_id": "4711",
        "given_name": "Zoë",
        "family_name": "Müller-Strauß",
        "personal_email": "zoe.private@example.org",
        "phones": (Phone("+49 1512 3456789", "mobile"),),
        "work_country": "DE",
        "job_title": "Engineer",
        "department": "R&D",
        "manager": ManagerRef(email="chef@contoso.example"),
        "start_date": date(2026, 8, 24),
        "locale": "de-DE",
    }
    return Hire(**{**values, **changes})


def make_case(case_id: str = CASE_ID, *, at: datetime = T0, **changes: Any) -> Case:
    """A case that waits for its start, as intake leaves it."""
    person = changes.pop("hire", None) or hire()
    values: dict[str, Any] = {
        "source": "greenhouse",
        "state": State.WAITING_START,
        "manager_named_at": at if person.manager else None,
    }
    values["next_action"] = NextAction("provision", at, "hire_complete")
    return Case(case_id, hire=person, created_at=at, updated_at=at, **{**values, **changes})


class World:
    """Services over doubles and an embedded store in memory."""

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        policy: Policy | None = None,
        messages: Any = None,
        can_draft: bool = True,
        seed: int = 1,
    ) -> None:
        self.clock = FixedClock()
        self.entropy = SeededEntropy(seed)
        self.tenant = Tenant(self.clock)
        self.tenant.add(MANAGER)
        self.queue = WorkQueue()
        self.settings = settings or Settings(service_desk="desk@contoso.example")
        self.policy = policy or Policy()
        self.store: EmbeddedStore = open_embedded(":memory:", lambda: datetime.now(UTC))
        self.tape = Tape()
        self.messages = messages or CatalogueMessages(self.settings, self.policy)
        self.can_draft = can_draft
        self.s = self.services()

    @property
    def faults(self) -> Faults:
        return self.tenant.faults

    def services(self) -> Services:
        """As `bootstrap.build` puts them together, with every port on the tape."""
        directory: Any = Directory(self.tenant)
        security: Any = SecurityInfo(self.tenant)
        mailer: Any = Mailer(self.tenant, can_draft=self.can_draft)
        if self.settings.mode == "dry_run":
            directory = dry_run.DryRun(directory, dry_run.DIRECTORY_WRITES)
            security = dry_run.DryRun(security, dry_run.SECURITY_WRITES)
            mailer = dry_run.DryRun(mailer, dry_run.MAILER_WRITES)
        wrap = self.tape.wrap
        return Services(
            settings=self.settings,
            policy=self.policy,
            clock=self.clock,
            entropy=self.entropy,
            cases=wrap("cases", self.store.cases),
            deliveries=wrap("deliveries", self.store.deliveries),
            usage=wrap("usage", self.store.usage),
            queue=wrap("queue", self.queue),
            directory=wrap("directory", HoldersKept(directory, self.clock)),
            security=wrap("security", security),
            mailer=wrap("mailer", mailer),
            messages=self.messages,
        )

    async def file(self, case: Case) -> Case:
        """Store a case as intake does: with its aliases."""
        for kind, value in (
            (AliasKind.EMPLOYEE_ID, case.hire.employee_id),
            (AliasKind.EMPLOYEE_NUMBER, case.hire.employee_number),
        ):
            if value:
                await self.store.cases.claim_alias(Alias(case.source, kind, value), case.case_id)
        return await self.store.cases.create(case)

    async def case(self, case_id: str = CASE_ID) -> Case:
        found = await self.store.cases.get(case_id)
        assert found is not None
        return found

    async def story(self, case_id: str = CASE_ID) -> list[TimelineEntry]:
        return await self.store.cases.timeline(case_id)

    def close(self) -> None:
        self.store.close()


# --- driving a case through provisioning ---------------------------------------------------------------

PROVISIONED = frozenset({State.WAITING_START, State.PROVISIONING})


async def advance(world: World, case_id: str = CASE_ID) -> Case:
    """One message for this case, at the clock's time. Returns the case as stored."""
    case = await world.case(case_id)
    if case.state in PROVISIONED:
        await runner.advance(world.s, case, world.clock.at)
    return await world.case(case_id)


async def look_now(world: World, case_id: str = CASE_ID) -> Case:
    """Move the clock to the case's planned moment (never back), and send one message."""
    case = await world.case(case_id)
    assert case.next_action.when is not None, "nothing is planned"
    world.clock.at = max(world.clock.at, case.next_action.when)
    return await advance(world, case_id)


async def drive(world: World, case_id: str = CASE_ID, *, limit: int = 200) -> Case:
    """Only what the follow-up timer does, until the case leaves provisioning: due rows alone must be enough.

    Fails if a case in a working state is not in the due index (nothing would ever come back to it).
    """
    far = datetime(2100, 1, 1, tzinfo=UTC)
    for _ in range(limit):
        case = await world.case(case_id)
        if case.state not in PROVISIONED:
            return case
        rows = [row for row in await world.store.cases.due(far, 50) if row.case_id == case_id]
        assert rows, f"stuck in {case.state}: {case.next_action}"
        world.clock.at = max(world.clock.at, rows[0].when)
        await world.store.cases.postpone(rows[0], world.clock.at + CLAIM_LEASE)
        with contextlib.suppress(StoreConflict):
            await runner.advance(world.s, await world.case(case_id), world.clock.at)
    raise AssertionError(f"no end in sight: {case.state} {case.next_action} {case.steps}")
