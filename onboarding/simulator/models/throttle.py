"""Graph's published budgets ("Microsoft Graph service-specific throttling limits").

A window forgets what is older than its length. A request that one budget refuses is charged to none, which is
milder than the service, where refused requests count as well.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

#: Names of the budgets that `enforce_quota` switches on.
ENFORCED = frozenset(
    {"global", "units", "writes", "writes_per_second", "reports", "conditional_access", "activities", "chats"}
)
#: Only by name, in the policy's `quotas`: they concern one mailbox.
MAILBOX = frozenset({"mailbox", "messages"})
NAMES = tuple(sorted(ENFORCED | MAILBOX))
SIZES: Mapping[str, int] = {"S": 3500, "M": 5000, "L": 8000}
_SMALL, _MEDIUM = 50, 500
#: Requests to one mailbox that run at the same time, for one app.
CONCURRENT = 4
#: From this share of a budget on, answers say how much of it is used.
_TELL = 0.8

UNITS, WRITE = "ResourceUnitLimitExceeded", "WriteLimitExceeded"
APP_TENANT, APP, TENANT = "Tenant_Application", "Application", "Tenant"


class Budget(NamedTuple):
    """`amount` per `window` seconds, shared by `scope`. `counts`: units, writes or requests. `others`: the key
    of what other apps or tenants have used of it. retry_after False: the 429 names no time."""

    name: str
    scope: str
    limit: str
    amount: int
    window: float
    counts: str
    information: str | None = None
    retry_after: bool = True
    others: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request takes: `quota` names its service, `mailbox` the mailbox it goes to."""

    units: int
    writes: int
    quota: str | None = None
    mailbox: str | None = None
    message: bool = False


class Refusal(NamedTuple):
    """Why and for how long (seconds; None: not told)."""

    budget: Budget
    wait: float | None


_REPORTS = Budget("reports", APP_TENANT, "ReadWrite", 5, 10.0, "requests")
_ACCESS = Budget("conditional_access", TENANT, "ReadWrite", 1, 1.0, "requests", retry_after=False)
_ACTIVITIES = Budget("activities", APP_TENANT, "ReadWrite", 5, 1.0, "requests")
_CHATS = Budget("chats", APP_TENANT, "ReadWrite", 20, 1.0, "requests")
#: A route's `quota` → its budget, where it has one of its own.
_SERVICES = {
    "report": _REPORTS,
    "conditional_access": _ACCESS,
    "activity": _ACTIVITIES,
    "chat": _CHATS,
}
_WRITES = (
    #: 3,000 writes per 2.5 minutes, spread evenly.
    Budget("writes_per_second", APP_TENANT, "Write", 20, 1.0, "writes", WRITE),
    Budget("writes", APP_TENANT, "Write", 3000, 150.0, "writes", WRITE),
    Budget("writes", APP, "Write", 70_000, 300.0, "writes", WRITE, others="application_writes"),
    Budget("writes", TENANT, "Write", 18_000, 300.0, "writes", WRITE, others="tenant_writes"),
)
_APP_UNITS = Budget("units", APP, "ReadWrite", 150_000, 20.0, "units", UNITS, others="application_units")
_GLOBAL = Budget("global", APP, "ReadWrite", 2000, 1.0, "requests")
OTHERS = ("application_units", "application_writes", "tenant_writes")
_DIRECTORY = (None, "write")


def size_of(users: int) -> str:
    """S under 50 users, M to 500, L above."""
    return "S" if users < _SMALL else "M" if users <= _MEDIUM else "L"


def budgets(cost: Cost, size: str) -> list[Budget]:
    """All that a request is held against."""
    found = [_GLOBAL]
    if cost.quota in _SERVICES:
        found.append(_SERVICES[cost.quota])
    if cost.quota in _DIRECTORY:
        found.append(Budget("units", APP_TENANT, "ReadWrite", SIZES[size], 10.0, "units", UNITS))
        found.append(_APP_UNITS)
    if cost.writes and cost.quota in _DIRECTORY:
        found += _WRITES
    if cost.mailbox is not None:
        found.append(Budget("mailbox", APP_TENANT, "ReadWrite", 10_000, 600.0, "requests"))
    if cost.message:
        found.append(Budget("messages", APP_TENANT, "Write", 30, 60.0, "requests"))
    return found


class _Window:
    """Charges of the last `seconds`, and their sum."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.charges: deque[tuple[datetime, int]] = deque()
        self.used = 0

    def forget(self, now: datetime) -> None:
        while self.charges and (now - self.charges[0][0]).total_seconds() >= self.seconds:
            self.used -= self.charges.popleft()[1]

    def charge(self, now: datetime, amount: int) -> None:
        self.charges.append((now, amount))
        self.used += amount

    def wait(self, now: datetime, excess: int) -> float:
        """Seconds until `excess` of what is used now is forgotten; the whole window where that is not enough."""
        for at, amount in self.charges:
            excess -= amount
            if excess <= 0:
                return max(0.001, round(self.seconds - (now - at).total_seconds(), 3))
        return self.seconds


class Throttle:
    """Windows by budget (and mailbox); requests under way by mailbox, which no file keeps."""

    def __init__(self) -> None:
        self._windows: dict[tuple[Any, ...], _Window] = {}
        self._running: Counter[str] = Counter()

    def __getstate__(self) -> tuple[dict[tuple[Any, ...], _Window]]:
        return (self._windows,)

    def __setstate__(self, state: tuple[dict[tuple[Any, ...], _Window]]) -> None:
        (self._windows,), self._running = state, Counter()

    def spend(
        self,
        cost: Cost,
        now: datetime,
        *,
        enforced: Iterable[str],
        size: str,
        share: float = 1.0,
        others: Mapping[str, int] | None = None,
    ) -> Refusal | float | None:
        """Charge the request to all its enforced budgets, or to none and say which one refuses.

        Otherwise the largest used share of a directory budget, where it is above 0.8, else None.
        """
        chosen = frozenset(enforced)
        held = [budget for budget in budgets(cost, size) if budget.name in chosen]
        told = 0.0
        for budget in held:
            window, amount = self._window(budget, cost, now), _amount(budget, cost)
            most = max(1, int(budget.amount * share) - (others or {}).get(budget.others or "", 0))
            if window.used + amount > most:
                wait = window.wait(now, window.used + amount - most)
                return Refusal(budget, wait if budget.retry_after else None)
            if budget.information is not None and budget.name != "writes_per_second":
                told = max(told, (window.used + amount) / most)
        for budget in held:
            self._window(budget, cost, now).charge(now, _amount(budget, cost))
        return round(told, 2) if told > _TELL else None

    def _window(self, budget: Budget, cost: Cost, now: datetime) -> _Window:
        mailbox = cost.mailbox if budget.name in MAILBOX else None
        key = (budget.name, budget.scope, budget.limit, mailbox)
        window = self._windows.setdefault(key, _Window(budget.window))
        window.forget(now)
        return window

    def enter(self, mailbox: str) -> bool:
        """False when four requests to this mailbox are under way; otherwise one more is, until `leave`."""
        if self._running[mailbox] >= CONCURRENT:
            return False
        self._running[mailbox] += 1
        return True

    def leave(self, mailbox: str) -> None:
        self._running[mailbox] -= 1
        if self._running[mailbox] <= 0:
            del self._running[mailbox]


def _amount(budget: Budget, cost: Cost) -> int:
    return {"units": cost.units, "writes": cost.writes}.get(budget.counts, 1)
