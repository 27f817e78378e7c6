"""Doubles for the follow-up, named like the ports, and a service set on the embedded store in memory."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from onboarding.domain.account import Account
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.evidence import Evidence, Registration
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.errors import EffectUnknown
from onboarding.followup.messages import CatalogueMessages
from onboarding.graph import stream
from onboarding.ports import (
    AccessPass,
    DirectoryPerson,
    DirectoryUser,
    DraftState,
    GroupFacts,
    Licence,
    LicenceUnits,
    Mail,
    NewUser,
    PassLimits,
    SeenEvidence,
    SeenRegistration,
    Services,
    SignInMethod,
)
from onboarding.settings import Settings
from onboarding.storage.embedded import EmbeddedStore, open_embedded

#: A Monday, 10:00 in Berlin.
MONDAY = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
USER = "7d0a6f5e-0000-4000-8000-000000000001"
MANAGER = "7d0a6f5e-0000-4000-8000-0000000000aa"


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Tripwire:
    """Counts the points at which a process can die, and dies at one of them."""

    at: int | None = None
    seen: int = 0
    names: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        self.names.append(name)
        self.seen += 1
        if self.seen - 1 == self.at:
            raise Killed(name)


class Wired:
    """A port whose every awaited method passes the tripwire before and after its effect."""

    def __init__(self, inner: Any, wire: Tripwire) -> None:
        self._inner, self._wire = inner, wire

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._wire.step(f"before {name}")
            result = await found(*args, **kwargs)
            self._wire.step(f"after {name}")
            return result

        return call


class FixedClock:
    def __init__(self, now: datetime) -> None:
        self.at = now

    async def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        return None


class CountingEntropy:
    def __init__(self) -> None:
        self._n = itertools.count(1)

    def case_id(self) -> str:
        return f"c_{next(self._n):020d}"

    def operation_id(self) -> str:
        return f"o_{next(self._n):020d}"

    def token(self, length: int) -> str:
        return "t" * length

    def password(self) -> str:
        return "unused"

    def fraction(self) -> float:
        return 0.0


class MemoryDirectory:
    def __init__(self) -> None:
        self.users: dict[str, DirectoryUser] = {
            MANAGER: DirectoryUser(
                MANAGER, "boss@contoso.example", mail="boss@contoso.example", account_enabled=True
            ),
            USER: DirectoryUser(USER, "juergen.gross@contoso.example", account_enabled=True),
        }

    def people(self, *, named: bool = False) -> AsyncIterator[Sequence[DirectoryPerson]]:
        raise AssertionError("follow-up reads no directory")

    async def create_user(self, user: NewUser) -> DirectoryUser:
        raise NotImplementedError

    async def get_user(self, id_or_upn: str) -> DirectoryUser | None:
        return self.users.get(id_or_upn)

    async def find_by_employee_id(self, employee_id: str) -> list[DirectoryUser]:
        return []

    async def find_by_address(self, address: str, *, aliases: bool = False) -> list[DirectoryUser]:
        return []

    async def disable_user(self, user_id: str) -> None:
        raise AssertionError("follow-up disables nobody")

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        raise NotImplementedError

    async def get_manager(self, user_id: str) -> DirectoryUser | None:
        return None

    async def revoke_sessions(self, user_id: str) -> None:
        raise NotImplementedError

    async def enable_user(self, user_id: str) -> None:
        raise NotImplementedError

    async def restore_user(self, user_id: str) -> None:
        raise NotImplementedError

    async def find_deleted(self, employee_id: str) -> list[DirectoryUser]:
        return []

    async def get_deleted(self, user_id: str) -> DirectoryUser | None:
        return None

    async def set_usage_location(self, user_id: str, location: str) -> None:
        raise NotImplementedError

    async def set_hire_date(self, user_id: str, at: datetime) -> None:
        raise NotImplementedError

    async def get_leave_date(self, user_id: str) -> datetime | None:
        return None

    async def set_leave_date(self, user_id: str, at: datetime | None) -> None:
        raise NotImplementedError

    async def groups(self, group_ids: Sequence[str]) -> list[GroupFacts]:
        return []

    async def memberships(self, user_id: str) -> frozenset[str]:
        return frozenset()

    async def add_to_group(self, group_id: str, user_id: str) -> None:
        raise NotImplementedError

    async def licence_units(self) -> list[LicenceUnits]:
        return []

    async def assign_licenses(self, user_id: str, licences: Sequence[Licence]) -> None:
        raise NotImplementedError

    async def has_privileges(self, user_id: str) -> bool:
        return False

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        raise AssertionError("follow-up gives no names")

    async def check(self) -> Mapping[str, str]:
        return {}


class ScriptedSecurityInfo:
    """`events`, `rows` and `methods` are what the tenant would say; errors are raised where they are set."""

    def __init__(self) -> None:
        self.events: list[SeenEvidence] = []
        self.rows: list[SeenRegistration] = []
        self.methods: dict[str, tuple[str, ...]] = {}
        self.absent: set[str] = set()
        self.page = 2
        self.asked: list[tuple[datetime, datetime]] = []
        self.reports = 0
        self.targeted = 0
        self.report_error: Exception | None = None
        self.targeted_error: Exception | None = None
        self.after_page: Callable[[], Awaitable[None]] | None = None

    async def audit_events(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[SeenEvidence]]:
        self.asked.append((since, until))
        rows = [e for e in self.events if since <= e.evidence.at <= until]
        for start in range(0, len(rows), self.page):
            yield rows[start : start + self.page]
            if self.after_page:
                await self.after_page()

    def streamed(self, message: bytes) -> Sequence[SeenEvidence]:
        return stream.read(message)

    async def registration_report(self) -> AsyncIterator[Sequence[SeenRegistration]]:
        self.reports += 1
        if self.report_error:
            raise self.report_error
        for start in range(0, len(self.rows), self.page):
            yield self.rows[start : start + self.page]

    async def registration_of(self, user_id: str, now: datetime) -> Registration:
        self.targeted += 1
        if self.targeted_error:
            raise self.targeted_error
        present = user_id not in self.absent
        return Registration(self.methods.get(user_id, ()), now, present=present, direct=True)

    async def sign_in_methods(self, user_id: str) -> list[SignInMethod] | None:
        raise NotImplementedError

    async def delete_method(self, user_id: str, method: str, method_id: str) -> None:
        raise NotImplementedError

    async def pass_limits(self) -> PassLimits:
        return PassLimits(True)

    async def create_pass(self, user_id: str, usable_from: datetime, minutes: int) -> AccessPass:
        raise NotImplementedError

    async def add_phone(self, user_id: str, number: str) -> None:
        raise NotImplementedError

    async def passes(self, user_id: str) -> list[AccessPass]:
        return []

    async def void_pass(self, user_id: str, pass_id: str) -> None:
        return None


class MemoryMailer:
    """A mailbox. `faults` maps a method to errors, each ("before"|"after", error), taken one a call."""

    def __init__(self, *, can_draft: bool = True) -> None:
        self.can_draft = can_draft
        self.drafts: dict[str, Mail] = {}
        self.sent: list[Mail] = []
        self.sent_ids: set[str] = set()
        self.calls: list[str] = []
        self.faults: dict[str, list[tuple[str, Exception]]] = {}
        #: Sent Items lag: look-ups of sent messages say gone.
        self.sent_items_lag = False
        self._n = itertools.count(1)

    def _fault(self, name: str, moment: str) -> None:
        queue = self.faults.get(name, [])
        if queue and queue[0][0] == moment:
            raise queue.pop(0)[1]

    async def create_draft(self, mail: Mail) -> str:
        self.calls.append("create_draft")
        self._fault("create_draft", "before")
        draft_id = f"draft-{next(self._n)}"
        self.drafts[draft_id] = mail
        self._fault("create_draft", "after")
        return draft_id

    async def send_draft(self, draft_id: str) -> None:
        self.calls.append("send_draft")
        self._fault("send_draft", "before")
        if draft_id not in self.drafts:
            raise EffectUnknown("not a draft")
        self.sent.append(self.drafts.pop(draft_id))
        self.sent_ids.add(draft_id)
        self._fault("send_draft", "after")

    async def look_up(self, draft_id: str) -> DraftState:
        self.calls.append("look_up")
        if draft_id in self.drafts:
            return DraftState.DRAFT
        return DraftState.SENT if draft_id in self.sent_ids and not self.sent_items_lag else DraftState.GONE

    async def send_now(self, mail: Mail, *, save: bool) -> None:
        self.calls.append("send_now")
        self._fault("send_now", "before")
        self.sent.append(mail)
        self._fault("send_now", "after")

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.sent if address in mail.to]


@dataclass
class World:
    """Everything a follow-up test needs."""

    s: Services
    store: EmbeddedStore
    clock: FixedClock
    mailer: MemoryMailer
    security: ScriptedSecurityInfo
    directory: MemoryDirectory

    async def add(self, case: Case) -> Case:
        await self.s.cases.create(case)
        if case.account:
            await self.s.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, case.account.id), case.case_id)
        return case

    async def load(self, case_id: str) -> Case:
        case = await self.s.cases.get(case_id)
        assert case is not None
        return case

    async def actions(self, case_id: str) -> list[str]:
        return [entry.action for entry in await self.s.cases.timeline(case_id)]

    def wired(self, wire: Tripwire) -> Services:
        return replace(
            self.s,
            cases=Wired(self.s.cases, wire),
            usage=Wired(self.s.usage, wire),
            mailer=Wired(self.mailer, wire),
            queue=Wired(self.s.queue, wire),
        )


def world(
    now: datetime = MONDAY, *, policy: Policy | None = None, can_draft: bool = True, **settings: Any
) -> World:
    chosen = Settings(**{"service_desk": "desk@contoso.example", "sspr_scope": "all", **settings})
    store = open_embedded(":memory:", lambda: now)
    clock, mailer = FixedClock(now), MemoryMailer(can_draft=can_draft)
    security, directory = ScriptedSecurityInfo(), MemoryDirectory()
    rules = policy or Policy()
    services = Services(
        settings=chosen,
        policy=rules,
        clock=clock,
        entropy=CountingEntropy(),
        cases=store.cases,
        deliveries=store.deliveries,
        usage=store.usage,
        queue=store.queue,
        directory=directory,
        security=security,
        mailer=mailer,
        messages=CatalogueMessages(chosen, rules),
    )
    return World(services, store, clock, mailer, security, directory)


def make_case(case_id: str = "c_00000000000000000001", **changes: Any) -> Case:
    """Somebody in Berlin who started on Monday 5 October 2026, with an account since two weeks before."""
    hire = Hire(
        employee_id="007",
        given_name="Jürgen",
        family_name="Groß",
        personal_email="j.gross@private.example",
        work_country="DE",
        start_date=date(2026, 10, 5),
        locale="en-GB",
    )
    created = datetime(2026, 9, 21, 8, 0, tzinfo=UTC)
    account = Account(USER, "juergen.gross@contoso.example", "007", created, manager_id=MANAGER)
    case = Case(case_id, "custom", State.FOLLOWING_UP, hire, created, created, account=account)
    hire_changes = changes.pop("hire", {})
    account_changes = changes.pop("on_account", {})
    for name, value in changes.items():
        setattr(case, name, value)
    case.hire = replace(case.hire, **hire_changes)
    if case.account:
        for name, value in account_changes.items():
            setattr(case.account, name, value)
    return case


def audit(event_id: str, act: str, by: str, method: str | None, at: datetime) -> Evidence:
    from onboarding.domain.evidence import Act, By

    return Evidence(event_id, "audit", Act(act), By(by), method, at)
