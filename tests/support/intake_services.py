"""Services over the embedded store in memory, with a clock and ids that a test controls, and faults.

`World` holds the parts; every call of a port goes through a `Wire`, which records it and can break it: fail
with a given error, or die (`Killed`, like a process) before or after its effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from onboarding.domain.case import Case
from onboarding.domain.policy import Policy
from onboarding.intake import receive
from onboarding.intake.adapter import Adapter
from onboarding.intake.arrivals import Arrivals
from onboarding.intake.refusals import Refusals
from onboarding.intake.scheme import basic_key, standard_webhooks_key, text_key
from onboarding.intake.signing import sealed
from onboarding.ports import CaseQuery, Delivery, Services, WorkMessage
from onboarding.settings import Secret, Settings, SourceSettings
from onboarding.storage.embedded import EmbeddedStore, open_embedded
from onboarding.web import Request

START = datetime(2026, 8, 17, 10, 0, tzinfo=UTC)
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
WHSEC_OLD = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"
#: Current and previous secret by form.
SECRETS: dict[Callable[[str], bytes], tuple[str, str]] = {
    standard_webhooks_key: (WHSEC, WHSEC_OLD),
    basic_key: ("hr:s3cret", "hr:older-s3cret"),
}
VENDORS = Path(__file__).parents[1] / "vendors"


class Killed(BaseException):
    """The process died here."""


@dataclass
class Wire:
    """Everything that passes through the ports. `kill` is (number of the call, after its effect?)."""

    calls: list[str] = field(default_factory=list)
    kill: tuple[int, bool] | None = None
    fail: dict[str, Exception] = field(default_factory=dict)

    async def call(self, name: str, run: Callable[..., Any], *args: Any, **named: Any) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]
        if self.kill == (number, False):
            raise Killed
        answer = await run(*args, **named)
        if self.kill == (number, True):
            raise Killed
        return answer


class _Port:
    """A port whose every call goes through the wire."""

    def __init__(self, name: str, wire: Wire, inner: Any) -> None:
        self._name, self._wire, self._inner = name, wire, inner

    def __getattr__(self, method: str) -> Any:
        run = getattr(self._inner, method)

        async def call(*args: Any, **named: Any) -> Any:
            return await self._wire.call(f"{self._name}.{method}", run, *args, **named)

        return call


class FixedClock:
    """Stands until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    async def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def move(self, **delta: float) -> None:
        self.at += timedelta(**delta)


class CountedIds:
    """c_00…01, c_00…02 …"""

    def __init__(self) -> None:
        self._given = 0

    def case_id(self) -> str:
        self._given += 1
        return f"c_{self._given:020d}"

    def operation_id(self) -> str:
        return f"o_{self.token(20)}"

    def token(self, length: int) -> str:
        self._given += 1
        return f"{self._given:0{length}d}"

    def password(self) -> str:
        raise AssertionError("intake makes no passwords")

    def fraction(self) -> float:
        return 0.5


class Unused:
    """A port that intake must not touch."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"intake must not use this port: {name}")


class SentMessages:
    """Queue that keeps what was sent, as (queue, message)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, WorkMessage]] = []

    async def send(self, message: WorkMessage, *, queue: str = "onboarding-work", delay: float = 0.0) -> None:
        self.sent.append((queue, message))

    async def backlog(self, queue: str) -> int:
        return len(self.sent)


@dataclass
class World:
    """One service, its clock, its store and its wire."""

    services: Services
    clock: FixedClock
    queue: SentMessages
    wire: Wire
    store: EmbeddedStore

    async def all_cases(self) -> list[Case]:
        """Cases in the store, oldest first, with those that are no longer listed because they were joined."""
        page = await self.store.cases.search(CaseQuery(), size=100)
        ids = [item.case_id for item in page.items]
        for case_id in list(ids):
            joined = [item for item in await self.store.cases.timeline(case_id) if item.action == "joined"]
            ids += [item.detail["other"] for item in joined]
        found = [await self.store.cases.get(case_id) for case_id in dict.fromkeys(ids)]
        return sorted((case for case in found if case is not None), key=lambda case: case.case_id)

    async def only_case(self) -> Case:
        (case,) = await self.all_cases()
        return case

    async def delivery(self, delivery_id: str) -> Delivery:
        found = await self.store.deliveries.get(delivery_id)
        assert found is not None
        return found

    async def actions(self, case_id: str) -> list[str]:
        return [item.action for item in await self.store.cases.timeline(case_id)]


def source(name: str, adapter: str, secret: str | None, previous: str | None = None) -> SourceSettings:
    def wrap(value: str | None) -> Secret | None:
        return None if value is None else Secret(value)

    return SourceSettings(name, adapter, wrap(secret), wrap(previous))


def secrets_of(adapter: Adapter) -> tuple[str, str]:
    """Current and previous secret for an adapter, in the form that it wants."""
    if adapter.scheme.key is text_key:
        return "s3cret-of-" + adapter.slug, "older-s3cret-of-" + adapter.slug
    return SECRETS[adapter.scheme.key]


def make_world(*sources: SourceSettings) -> World:
    """A service with these sources. Close `world.store` when done."""
    receive._arrivals = Arrivals()  # what a process has seen: this is a new one
    receive._refusals = Refusals()
    clock, wire, queue = FixedClock(), Wire(), SentMessages()
    store = open_embedded(":memory:", lambda: START)
    services = Services(
        settings=Settings(sources={item.source: item for item in sources}),
        policy=Policy(),
        clock=clock,
        entropy=CountedIds(),
        cases=cast("Any", _Port("cases", wire, store.cases)),
        deliveries=cast("Any", _Port("deliveries", wire, store.deliveries)),
        usage=store.usage,
        queue=cast("Any", _Port("queue", wire, queue)),
        directory=cast("Any", Unused()),
        security=cast("Any", Unused()),
        mailer=cast("Any", Unused()),
        messages=cast("Any", Unused()),
    )
    return World(services, clock, queue, wire, store)


def request(headers: dict[str, str], body: bytes, method: str = "POST") -> Request:
    return Request(method, "/api/hr/x", headers=headers, body=body)


def signed(
    adapter: Adapter,
    body: bytes,
    now: datetime,
    *,
    secret: str | None = None,
    message_id: str = "msg_1",
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> Request:
    """A request that the adapter accepts."""
    secret = secret or secrets_of(adapter)[0]
    made, body = sealed(adapter, secret, body, now=now, message_id=message_id, headers=headers)
    return request(made, body, method)


def hire_body(**said: object) -> bytes:
    """Body of the `standard-webhooks` door; a complete hire unless overwritten. None takes a field out."""
    body: dict[str, object] = {
        "event_type": "hire.created",
        "occurred_at": "2026-08-17T09:00:00Z",
        "employee_id": "7315",
        "given_name": "Søren",
        "family_name": "O'Neill-Weiß",
        "start_date": "2026-09-01",
        "work_country": "Denmark",
    }
    body.update(said)
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()


def lean(value: Any) -> Any:
    """A dataclass as JSON data, without the fields that have their default: how expectations are written."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: lean(said)
            for item in fields(value)
            if (said := getattr(value, item.name)) != (None if item.default is MISSING else item.default)
        }
    if isinstance(value, list | tuple):
        return [lean(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


#: What `logging` itself counts and measures: an employee number may be among the digits of a time.
_NUMBERS = frozenset({"created", "msecs", "relativeCreated", "thread", "process"})


def logged(records: list[Any]) -> str:
    """Every value that log records hold, before any redaction."""
    return "\n".join(
        repr(value)
        for record in records
        for value in (record.getMessage(), *(v for k, v in vars(record).items() if k not in _NUMBERS))
    )
