"""The pretend tenant: one object holds all state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zlib import crc32

from onboarding.simulator.clock import VirtualClock, to_micros, to_seconds
from onboarding.simulator.models.audit import Actor, AuditLog, by_app, by_user
from onboarding.simulator.models.changes import CREATED, UPDATED, Changes
from onboarding.simulator.models.crowd import Crowd
from onboarding.simulator.models.entra import Entra
from onboarding.simulator.models.faults import Fault
from onboarding.simulator.models.groups import Groups
from onboarding.simulator.models.ids import Ids
from onboarding.simulator.models.licences import bought
from onboarding.simulator.models.mail import Mailboxes
from onboarding.simulator.models.people import People, Person
from onboarding.simulator.models.policy import Policy
from onboarding.simulator.models.record import Record
from onboarding.simulator.models.subscriptions import Subscription
from onboarding.simulator.models.teams import Teams
from onboarding.simulator.models.throttle import Cost, Refusal, Throttle, size_of

DEFAULT_DOMAIN = "contoso.example"
DEFAULT_REPORT_LAG = timedelta(hours=4)


class Replicated(Protocol):
    """What becomes visible some time after it was made."""

    created: datetime
    visible_at: datetime


@dataclass(slots=True)
class Report:
    """The registration report: as of `lag` ago, or of one frozen moment; each person's row up to `spread` later
    still, always by the same share of it."""

    lag: timedelta = DEFAULT_REPORT_LAG
    frozen_at: datetime | None = None
    spread: timedelta = timedelta(0)

    def as_of(self, now: datetime) -> datetime:
        return self.frozen_at if self.frozen_at is not None else now - self.lag

    def row_of(self, person_id: str, at: datetime) -> datetime:
        """The moment that this person's row shows when the report is as of `at`."""
        return at - self.spread * (crc32(person_id.encode()) / 2**32)


class Tenant:
    """State of one run. `reset` starts afresh in place, so that whoever holds the object keeps it."""

    def __init__(self, *, seed: int = 1, domain: str = DEFAULT_DOMAIN, start: datetime | None = None) -> None:
        self.domain = domain.lower()
        self._start = start
        self.reset(seed)

    def reset(self, seed: int) -> None:
        self.seed = seed
        self.ids = Ids(seed)
        self.clock = VirtualClock(self._start)
        self.people = People()
        self.groups = Groups()
        self.skus = bought()
        self.changes = Changes()
        self.subscriptions: dict[str, Subscription] = {}
        self.audit = AuditLog(self.ids, seed)
        self.mail = Mailboxes()
        self.policy = Policy()
        self.report = Report()
        self.entra = Entra()
        self.teams = Teams()
        self.crowd = Crowd()
        self.faults: list[Fault] = []
        self.requests: Record[dict[str, Any]] = Record()
        self.vendors: dict[tuple[str, str], Any] = {}
        #: Something changed since a file was last written (state.py).
        self.unsaved = True
        self.throttle = Throttle()
        #: Licensed people whose mailbox is still being made.
        self.mailboxes_due: list[Person] = []
        self.id = self.ids.guid()
        self.app = by_app(self.ids.guid(), self.ids.guid(), "Onboarding (pretend app)")
        self._furnish()

    @property
    def domains(self) -> tuple[str, str]:
        """Verified domains: the company's and the initial one."""
        return self.domain, f"{self.domain.split('.')[0]}.onmicrosoft.com"

    def now(self) -> datetime:
        return self.clock.now()

    def _furnish(self) -> None:
        """What every tenant of this kind has: two shared mailboxes and an administrator."""
        for name, local in (("Onboarding", "onboarding"), ("Service Desk", "servicedesk")):
            self._resident(local, name, enabled=False)
        admin = self._resident("admin", "Ada Admin", enabled=True)
        admin.roles = ["Global Administrator"]
        self.admin = by_user(admin.id, "Ada Admin", admin.upn)

    def _resident(self, local: str, name: str, *, enabled: bool) -> Person:
        upn = f"{local}@{self.domain}"
        created = self.now() - timedelta(days=400)
        person = Person(
            self.ids.guid(),
            {
                "userPrincipalName": upn,
                "displayName": name,
                "mailNickname": local,
                "mail": upn,
                "accountEnabled": enabled,
                "userType": "Member",
                "createdDateTime": to_seconds(created),
            },
            created,
            created,
            "tenant",
        )
        self.people.add(person)
        return person

    def visible(self, key: str, extra_lag: float = 0.0) -> Person | None:
        """A live user by id or UPN, unless replication has not brought it here yet."""
        person = self.people.get(key)
        return person if person is not None and self.replicated(person, extra_lag) else None

    def replicated(self, thing: Replicated, extra_lag: float = 0.0) -> bool:
        """Reads see this user or group."""
        return self.now() >= max(thing.visible_at, thing.created + timedelta(seconds=extra_lag))

    def add_user(self, person: Person) -> None:
        self.people.add(person)
        self.changes.add(person.created, person.id, CREATED)

    def change_user(self, person: Person, changes: dict[str, Any]) -> None:
        """Change properties, for reads, the report, the lagging index and the change log."""
        now = self.now()
        if lag := self.policy.index_lag_seconds:
            oldest = now - timedelta(seconds=lag)
            person.past = [entry for entry in person.past if entry[0] > oldest]
            person.past.append((now, dict(person.properties)))
        self.people.change(person, changes)
        person.note(now)
        self.changes.add(now, person.id, UPDATED, tuple(changes))

    def tick(self) -> None:
        """What comes to pass by itself: mailboxes of the newly licensed, whose address then is their UPN."""
        due = [person for person in self.mailboxes_due if (person.mailbox_at or self.now()) <= self.now()]
        if not due:
            return
        self.mailboxes_due = [person for person in self.mailboxes_due if person not in due]
        for person in due:
            if person.mailbox_at is not None and person.deleted_at is None:
                self.change_user(person, {"mail": person.properties.get("mail") or person.upn})
        self.unsaved = True

    def self_actor(self, person: Person) -> Actor:
        return by_user(person.id, str(person.properties.get("displayName")), person.upn)

    def actor(self, name: str, person: Person) -> Actor:
        return {"admin": self.admin, "app": self.app}.get(name) or self.self_actor(person)

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The first fault that fits, replication lag left aside; one of its times is used up."""
        fits = (fault for fault in self.faults if not fault.lags and fault.fits(method, path))
        return self._used(next(fits, None))

    def take_lag(self, method: str, path: str) -> float:
        """Seconds of the first replication lag that fits, else 0; one of its times is used up. Without a path
        it waits for the next POST /users."""
        creates = method == "POST" and path in ("/v1.0/users", "/users")
        lags = (fault for fault in self.faults if fault.lags and (creates or fault.path is not None))
        fault = self._used(next((lag for lag in lags if lag.fits(method, path)), None))
        return fault.seconds if fault is not None else 0.0

    def _used(self, fault: Fault | None) -> Fault | None:
        """A fault that is used up leaves the list."""
        if fault is not None and fault.times is not None:
            self.unsaved = True
            fault.times -= 1
            if fault.times == 0:
                self.faults = [other for other in self.faults if other is not fault]
        return fault

    def spend(self, cost: Cost) -> Refusal | float | None:
        """Take one request from the published budgets that hold (models/throttle.py)."""
        policy, enforced = self.policy, self.policy.enforced
        if not enforced:
            return None
        return self.throttle.spend(
            cost,
            self.now(),
            enforced=enforced,
            size=policy.tenant_size or size_of(len(self.people.by_id)),
            share=policy.quota_share,
            others=policy.used_by_others,
        )

    def log(self, at: datetime, method: str, path: str, status: int, **more: str) -> None:
        """`more` marks a request that came inside another one."""
        entry = {"n": len(self.requests) + 1, "at": to_micros(at), "method": method, "path": path}
        self.requests.append({**entry, "status": status, **more})
