"""The pretend tenant: one object holds all state."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from onboarding.simulator.clock import VirtualClock, to_micros, to_seconds
from onboarding.simulator.models.audit import Actor, AuditLog, by_app, by_user
from onboarding.simulator.models.crowd import Crowd
from onboarding.simulator.models.entra import Entra
from onboarding.simulator.models.faults import Fault
from onboarding.simulator.models.ids import Ids
from onboarding.simulator.models.mail import Mailboxes
from onboarding.simulator.models.people import People, Person
from onboarding.simulator.models.policy import Policy
from onboarding.simulator.models.record import Record
from onboarding.simulator.models.teams import Teams

DEFAULT_DOMAIN = "contoso.example"
DEFAULT_REPORT_LAG = timedelta(hours=4)
#: Published for "identity and access reports": 5 requests per 10 seconds per app and tenant.
REPORT_QUOTA = (5, 10.0)
#: 3,000 writes per 2.5 minutes per app and tenant, as 20 a second.
WRITE_QUOTA = (20, 1.0)
QUOTAS = {
    "report": REPORT_QUOTA,
    "write": WRITE_QUOTA,
    "conditional_access": (1, 1.0),
    "activity": (5, 1.0),
    "chat": (20, 1.0),
}


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
        self._spent: dict[str, deque[datetime]] = {name: deque() for name in QUOTAS}
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

    def replicated(self, person: Person, extra_lag: float = 0.0) -> bool:
        return self.now() >= max(person.visible_at, person.created + timedelta(seconds=extra_lag))

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

    def spend(self, quota: str) -> float | None:
        """Take one request from a published budget; the seconds to wait when it is used up."""
        limit, window = QUOTAS[quota]
        spent, now = self._spent[quota], self.now()
        while spent and (now - spent[0]).total_seconds() >= window:
            spent.popleft()
        if len(spent) >= limit:
            return max(0.001, round(window - (now - spent[0]).total_seconds(), 3))
        spent.append(now)
        return None

    def log(self, at: datetime, method: str, path: str, status: int) -> None:
        entry = {"n": len(self.requests) + 1, "at": to_micros(at), "method": method, "path": path}
        self.requests.append({**entry, "status": status})
