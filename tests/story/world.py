"""The world of a story: HR posts bytes, people act in the pretend tenant, time passes, timers tick.

Everything of ours is real: the functions of `function_app`, the store (embedded in a file, or azure over Azurite),
the Graph adapter (over HTTP in the main story, in the others without sockets). Only waiting is replaced: whoever
sleeps moves the tenant's clock, and a delayed message is waited for by moving both clocks. The clock of a real queue
cannot be moved, so there a delay is one second.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import azure.functions as func

import function_app
from onboarding import bootstrap
from onboarding.bootstrap import App
from onboarding.domain.case import Case
from onboarding.errors import RetryLater
from onboarding.followup.messages import reference
from onboarding.followup.shapes import MESSAGES
from onboarding.intake import catalog, signing
from onboarding.operate.cases import find
from onboarding.ports import POISON, QUEUES, WORK_QUEUE, CaseQuery, WorkMessage, WorkQueue
from onboarding.settings import Settings
from onboarding.simulator.server import SimulatorThread
from tests.support import planted
from tests.support.doubles import SeededEntropy
from tests.support.host import LEASE, WORKERS, Host, Tenant
from tests.support.wire import Wire

#: Tuesday; the tenant's clock begins here. Clocks go back in Europe on 25 October.
BEGIN = datetime(2026, 9, 29, 6, 0, tzinfo=UTC)
#: Monday: day 0 of most stories.
START = date(2026, 10, 12)
EMPLOYEE = planted.EMPLOYEE
MANAGER = "wqzplanted.boss@contoso.example"
DESK = "servicedesk@contoso.example"
TIMERS = ("track", "followup", "watchdog")
EVERY = timedelta(hours=23)
ENV = {
    "ONBOARDING_GRAPH": "simulated",
    "ONBOARDING_CLOCK": "simulator",
    "ONBOARDING_DOMAIN": "contoso.example",
    "ONBOARDING_SERVICE_DESK": DESK,
    "ONBOARDING_DEV_ROLE": "operator",
    "ONBOARDING_HASH_KEY": "story-tests-hash-key",
    "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": planted.WHSEC,
    "ONBOARDING_HR_GREENHOUSE_SECRET": planted.GREENHOUSE,
}


class StoryClock(bootstrap.SimulatorClock):
    """The tenant's clock; sleeping moves it instead of waiting."""

    def __init__(self, base_url: str, world: World) -> None:
        super().__init__(base_url)
        self._world = world

    async def now(self) -> datetime:
        return self._world.now()  # without the way over HTTP: a story asks thousands of times

    async def sleep(self, seconds: float) -> None:
        self._world.pass_time(seconds)


class Hasty:
    """A work queue that waits a second where it would wait longer; the story's clock moves by the rest."""

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        await self._queue.send(message, queue=queue, delay=min(delay, 1.0))

    async def backlog(self, queue: str) -> int:
        return await self._queue.backlog(queue)


class StoryHost(Host):
    """A host for which waiting costs nothing."""

    def __init__(self, app: App, world: World) -> None:
        super().__init__(app)
        self._world = world
        #: Messages in the hands of a function: meanwhile nobody's lease runs out.
        self._working = 0
        #: Timers that met an outage.
        self.failed: list[str] = []

    async def drain(self, patience: float = 10.0) -> None:
        """Deliver until the queues are empty; while every message is hidden, time passes."""
        for _ in range(5000):
            depths = {queue: await self.app.queue_host.depth(queue) for queue in WORKERS}
            if not any(map(sum, depths.values())):
                return
            if await self._round([queue for queue, (visible, _) in depths.items() if visible]):
                continue
            if self._working:
                await asyncio.sleep(0.01)
                continue
            self._world.pass_time(1.0)
            if self._world.storage:
                await asyncio.sleep(0.2)
        raise AssertionError("the queues do not drain")

    async def _round(self, queues: list[str]) -> bool:
        worked = False
        self._working += 1  # from before the lease: whoever waits for it holds nothing yet
        try:
            for queue in queues:
                for message in await self.app.queue_host.receive(queue, 8, LEASE):
                    worked = True
                    await self._deliver(queue, WORKERS[queue], message)
        finally:
            self._working -= 1
        return worked

    async def left(self) -> int:
        """Messages in all queues, visible or not."""
        names = [name + twin for name in QUEUES for twin in ("", POISON)]
        return sum([sum(await self.app.queue_host.depth(name)) for name in names])

    async def stopped(self, *timers: str) -> None:
        """Only these timers tick: the others are down."""
        await self.drain()
        for timer in timers:
            try:
                await getattr(function_app, timer)(None)
            except RetryLater:
                self.failed.append(timer)  # the real host logs it, and ticks again
            await self.drain()


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that left, by what it is."""

    case_id: str
    episode: int
    message: str
    to: tuple[str, ...]
    at: datetime
    subject: str
    text: str


class Lines(logging.Handler):
    """Every record, as our log lines show it, and those of our own loggers as they were made."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        from tests.support.logscan import RawLines

        self.raw = RawLines()
        self.setFormatter(self.raw)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.split(".")[0] in {"onboarding", "function_app"}:
            self.lines.append(self.raw.format(record))


class World:
    """One story. `tenant` is the simulator's control interface; `storage` a connection string, or None: embedded."""

    def __init__(
        self, simulator: SimulatorThread, folder: Path, storage: str | None = None, *, over_http: bool = False
    ) -> None:
        self.simulator = simulator
        self._graph_options = {} if over_http else {"transport": Wire(simulator.tenant)}
        self.folder = folder
        self.storage = storage
        self.tenant = Tenant(simulator.base_url)
        self.tenant.reset(1)
        self.env = {
            **ENV,
            "ONBOARDING_GRAPH_BASE_URL": simulator.base_url,
            "ONBOARDING_STORE": "azure" if storage else "embedded",
            "ONBOARDING_STORE_PATH": str(folder / "store.db"),
            "AzureWebJobsStorage": storage or "",
        }
        self.skew = timedelta(0)
        #: Where the person works: for the invariants.
        self.zone = "Europe/Berlin"
        self.weekend = frozenset({5, 6})
        self.personal: set[str] = set()
        self.log = Lines()
        self._seeds = iter(range(1, 100))
        self._deliveries = iter(range(1, 1000))
        self._before = bootstrap._app
        self.host = self._build()

    # --- the process ---------------------------------------------------------------------------------

    def _build(self) -> StoryHost:
        app = bootstrap.build(
            Settings.from_env(self.env),
            clock=StoryClock(self.simulator.base_url, self),
            entropy=SeededEntropy(next(self._seeds)),
            wall=lambda: bootstrap.system_time() + self.skew,
            graph_options=self._graph_options,
        )
        if self.storage:
            app = replace(app, services=replace(app.services, queue=Hasty(app.services.queue)))
        return StoryHost(app, self)

    async def restart(self, **env: str) -> None:
        """A new process with other settings on the same store: ONBOARDING_ is put before each name."""
        await self.host.app.aclose()
        self.env |= {f"ONBOARDING_{name}": value for name, value in env.items()}
        self.host = self._build()

    def policy(self, text: str) -> str:
        """A policy file; returns its path, for `restart(POLICY_FILE=…)`."""
        path = self.folder / "policy.toml"
        path.write_text(text)
        return str(path)

    async def close(self) -> None:
        await self.host.app.aclose()
        bootstrap._app = self._before
        self.tenant.close()

    # --- time ----------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.simulator.tenant.now()

    def pass_time(self, seconds: float) -> None:
        self.skew += timedelta(seconds=seconds)
        self.simulator.tenant.clock.advance(timedelta(seconds=seconds))

    def local(self, day: int | date, clock: str) -> datetime:
        """A wall-clock time in the story's zone; `day` counts from START."""
        when = day if isinstance(day, date) else START + timedelta(days=day)
        return datetime.combine(when, time.fromisoformat(clock), ZoneInfo(self.zone)).astimezone(UTC)

    async def tick(self, *timers: str) -> None:
        """Queues and timers, once, now."""
        await self.host.stopped(*(timers or TIMERS))

    async def jump(self, day: int | date, clock: str, *timers: str) -> None:
        """Nothing ticks until then: an outage, or a short way."""
        self.tenant.move_to(self.local(day, clock))
        await self.tick(*timers)

    async def until(
        self,
        day: int | date,
        clock: str = "12:00",
        *,
        every: timedelta = EVERY,
        timers: tuple[str, ...] = TIMERS,
    ) -> None:
        """Time passes as it does: timers tick when something is due, and at least `every` so often."""
        end = self.local(day, clock)
        while (now := self.now()) < end:
            target = min([end, now + every, *[at + timedelta(seconds=1) for at in await self._planned(now)]])
            self.simulator.tenant.clock.move_to(max(target, now + timedelta(seconds=1)))
            await self.tick(*timers)

    async def _planned(self, now: datetime) -> list[datetime]:
        found = await self.host.app.services.cases.search(CaseQuery())
        return [item.next_when for item in found.items if item.next_when and item.next_when > now]

    # --- HR ------------------------------------------------------------------------------------------

    def body(self, **said: Any) -> dict[str, Any]:
        """A complete hire about the planted person; None takes a field out."""
        base = {
            "occurred_at": self.now().isoformat(),
            "manager": {"email": MANAGER},
            "start_date": START.isoformat(),
            "locale": "en-GB",
            "timezone": self.zone,
        }
        return planted.hire(**{**base, **said})

    async def post(
        self,
        body: Mapping[str, Any],
        *,
        message_id: str | None = None,
        source: str = "standard-webhooks",
    ) -> func.HttpResponse:
        """One delivery arrives; the queue is not worked off."""
        self._remember(body)
        data = json.dumps(body, ensure_ascii=False).encode()
        secret = planted.GREENHOUSE if source == "greenhouse" else planted.WHSEC
        headers = signing.sign(
            catalog.adapters()[source],
            secret,
            data,
            now=self.now(),
            message_id=message_id or f"msg_{next(self._deliveries)}",
        )
        answer = await self.host.post(source, data, headers)
        assert answer.status_code in {200, 202}, answer.get_body()
        return answer

    async def hire(self, **said: Any) -> None:
        """HR says something, and the queue is worked off."""
        await self.post(self.body(**said))
        await self.host.drain()

    async def greenhouse(self, body: Mapping[str, Any]) -> None:
        await self.post(body, source="greenhouse")
        await self.host.drain()

    def _remember(self, body: Mapping[str, Any]) -> None:
        """What must not be seen in a log."""
        for text in _texts(body):
            if len(text) > 3 and not text.isdigit():
                self.personal.add(text)

    # --- the tenant ----------------------------------------------------------------------------------

    def furnish(self) -> None:
        """The manager, and sources without lag."""
        self.tenant.move_to(BEGIN)
        self.person(MANAGER, displayName=planted.MANAGER, employeeId="M-1")
        self.sources(latency=0, lag=0)

    def person(self, upn: str, **more: Any) -> dict[str, Any]:
        """Somebody who is in the tenant without us."""
        made: dict[str, Any] = self.tenant.post("/_control/users", {"userPrincipalName": upn, **more})
        return made

    def sources(
        self, *, latency: float | None = None, lag: float | None = None, frozen: bool | None = None
    ) -> None:
        """How late the audit log (minutes) and the report (hours) are."""
        if latency is not None:
            self.tenant.post("/_control/policy", {"audit_latency_minutes": latency})
        report = {"lag_hours": lag, "frozen": frozen}
        if any(value is not None for value in report.values()):
            self.tenant.post("/_control/report", {k: v for k, v in report.items() if v is not None})

    def fault(self, mode: str, method: str, path: str, **more: Any) -> None:
        self.tenant.post("/_control/faults", {"mode": mode, "method": method, "path": path, **more})

    def no_faults(self) -> None:
        assert self.tenant.http.delete("/_control/faults").is_success

    def accounts(self, mark: str = EMPLOYEE) -> list[dict[str, Any]]:
        """Accounts with this mark, made by anybody."""
        return [user for user in self.tenant.users() if user.get("employeeId") == mark]

    def account(self, mark: str = EMPLOYEE) -> dict[str, Any]:
        (found,) = self.accounts(mark)
        return found

    def ours(self) -> list[dict[str, Any]]:
        """Accounts made by POST /users."""
        return [user for user in self.tenant.users() if user["origin"] not in {"control", "tenant"}]

    async def register(self, *methods: str, actor: str = "user", mark: str = EMPLOYEE) -> None:
        """Somebody adds methods to the person's account."""
        user = await self._user(mark)
        for method in methods:
            phone = {"value": "+49 15199999901"} if "Phone" in method else {}
            self.tenant.post(f"/_control/users/{user}/methods", {"method": method, "actor": actor, **phone})

    async def unregister(self, method: str, actor: str = "user", mark: str = EMPLOYEE) -> None:
        user = await self._user(mark)
        answer = self.tenant.http.delete(f"/_control/users/{user}/methods/{method}", params={"actor": actor})
        assert answer.is_success, answer.text

    async def does(self, what: str, mark: str = EMPLOYEE) -> None:
        """`cancel` or `review`."""
        self.tenant.post(f"/_control/users/{await self._user(mark)}/{what}", {})

    async def _user(self, mark: str) -> str:
        case = await self.case(mark)
        assert case.account, case.state
        return case.account.id

    def requests(self, *methods: str) -> list[dict[str, Any]]:
        """What Graph was asked."""
        items: list[dict[str, Any]] = self.tenant.get("/_control/requests")["items"]
        return [item for item in items if not methods or item["method"] in methods]

    # --- ours ----------------------------------------------------------------------------------------

    async def case(self, wanted: str = EMPLOYEE) -> Case:
        return await find(self.host.app.services, wanted)

    async def cases(self) -> list[Case]:
        found = await self.host.app.services.cases.search(CaseQuery(), None, 200)
        loaded = [await self.host.app.services.cases.get(item.case_id) for item in found.items]
        return [case for case in loaded if case]

    async def call(
        self, name: str, method: str, path: str, role: str = "operator", body: Any = None, **params: str
    ) -> tuple[int, Any]:
        headers = {"content-type": "application/json", "x-dev-role": role}
        data = b"" if body is None else json.dumps(body).encode()
        answer = await self.host.http(name, method, f"/api/{path}", params, data, headers)
        return answer.status_code, json.loads(answer.get_body() or b"null")

    async def show(self, wanted: str = EMPLOYEE) -> dict[str, Any]:
        """`GET cases/{case_id}` as a viewer sees it."""
        status, found = await self.call("case", "GET", f"cases/{wanted}", "viewer", case_id=wanted)
        assert status == 200, found
        return dict(found)

    async def operator(
        self, action: str, wanted: str = EMPLOYEE, *, role: str = "operator", **more: Any
    ) -> tuple[int, Any]:
        """An operator acts by the API; the queue is worked off."""
        case_id = (await self.case(wanted)).case_id
        answer = await self.call(
            "case_action",
            "POST",
            f"cases/{case_id}/{action}",
            role,
            {"reason": "asked by the story", **more},
            case_id=case_id,
            action=action,
        )
        await self.host.drain()
        return answer

    async def sent(self) -> list[Sent]:
        """Everything that left the mailbox, in order, by what it is."""
        known = {}
        key = self.env["ONBOARDING_HASH_KEY"]
        for case in await self.cases():
            for episode in range(1, case.episode + 1):
                for message in MESSAGES:
                    known[reference(key, case.case_id, episode, message)] = (case.case_id, episode, message)
        return [_sent(item, known) for item in self.tenant.mail()]

    async def heard(self, wanted: str = EMPLOYEE) -> list[str]:
        """Names of the messages about one person, in order."""
        case_id = (await self.case(wanted)).case_id
        return [item.message for item in await self.sent() if item.case_id == case_id]


def _sent(item: Mapping[str, Any], known: Mapping[str, tuple[str, int, str]]) -> Sent:
    hits = {what for ref, what in known.items() if ref in item["text"]}
    assert len(hits) == 1, f"a mail of which nobody knows what it is: {item['subject']}"
    case_id, episode, message = hits.pop()
    at = datetime.fromisoformat(item["sent_at"]).astimezone(UTC)
    return Sent(case_id, episode, message, tuple(item["to"]), at, item["subject"], item["text"])


_PERSONAL = {
    "given_name",
    "family_name",
    "preferred_name",
    "display_name",
    "personal_email",
    "raw",
    "email",
    "name",
}
_PERSONAL |= {"first_name", "last_name", "value"}


def _texts(body: Any, key: str = "") -> Iterator[str]:
    if isinstance(body, Mapping):
        for name, value in body.items():
            yield from _texts(value, str(name))
    elif isinstance(body, list):
        for value in body:
            yield from _texts(value, key)
    elif isinstance(body, str) and key in _PERSONAL:
        yield body


def only(messages: list[str], *audience: str) -> list[str]:
    """The messages for these audiences (`person`, `manager`, `desk`)."""
    return [name for name in messages if MESSAGES[name].audience in audience]


__all__ = ["BEGIN", "DESK", "EMPLOYEE", "MANAGER", "START", "Sent", "World", "only"]
