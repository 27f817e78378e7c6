"""The story that the kill harness tells: one hire from bytes to a confirmation after both escalations.

The event names the person only by an id; the rest is read from the pretend HR system.

Phases are what the outside world does. A child process plays from a given phase on; when it is killed, the next
child starts at the same phase, as a sender would send again and a timer would tick again.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from onboarding import bootstrap
from onboarding.domain.hire import FetchRef
from onboarding.errors import StoreConflict
from onboarding.intake import signing
from onboarding.intake.vendors.bamboohr import ADAPTER
from onboarding.ports import WORK_QUEUE, HrApi, HrRecord, LeasedMessage, WorkMessage, WorkQueue
from onboarding.settings import Settings
from tests.faults import power
from tests.support.host import LEASE, WORKERS, Host, Tenant
from tests.support.tracing import KILLED, Point, Tracer, trace_http, trace_storage, traced

SECRET = "whsec_" + "a2lsbC1oYXJuZXNzLXNlY3JldC0wMDAwMDAwMQ=="
EMPLOYEE = "4711"
STAFF, SSPR = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
#: Every step of a hire but the phone, which would register for the person; and a short ladder, every kind of rung once.
POLICY = f"""
[account]
enable_days_before_start = 5
leave_date = true
[groups]
allowed = ["{STAFF}", "{SSPR}"]
sspr_scope = "{SSPR}"
rules = [{{ group = "{STAFF}" }}]
[licences]
rules = [{{ sku = "{E3}", mailbox = true }}]
[[follow_up.ladder]]
rung = "person_day_0"
audience = "person"
day = 0
message = "nudge_first"
[[follow_up.ladder]]
rung = "manager_day_1"
audience = "manager"
day = 1
message = "escalate_manager"
[[follow_up.ladder]]
rung = "desk_day_2"
audience = "desk"
day = 2
message = "escalate_desk"
"""
#: A Monday, far enough from every clock change.
START = date(2027, 3, 8)
BEGIN = datetime(2027, 3, 1, 6, 0, tzinfo=UTC)
MANAGER = "petra.vogel@contoso.example"


class SeededEntropy(bootstrap.SystemEntropy):
    """The same ids and the same jitter in every run, another sequence in every process."""

    def __init__(self, salt: int) -> None:
        self._count = salt * 1_000_000

    def token(self, length: int) -> str:
        self._count += 1
        return f"{self._count:0{length}d}"[-length:]

    def fraction(self) -> float:
        return 0.0


def environment(folder: Path, simulator: str, storage: str | None) -> dict[str, str]:
    """Settings of the story's service. `storage`: a connection string; None: the embedded store in the folder."""
    return {
        "ONBOARDING_STORE": "azure" if storage else "embedded",
        "AzureWebJobsStorage": storage or "",
        "ONBOARDING_STORE_PATH": str(folder / "store.db"),
        "ONBOARDING_GRAPH": "simulated",
        "ONBOARDING_GRAPH_BASE_URL": simulator,
        "ONBOARDING_CLOCK": "simulator",
        "ONBOARDING_DOMAIN": "contoso.example",
        "ONBOARDING_SERVICE_DESK": "servicedesk@contoso.example",
        "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": SECRET,
        "ONBOARDING_HR_BAMBOOHR_SECRET": SECRET,
        "ONBOARDING_HR_BAMBOOHR_API_URL": f"{simulator}/vendors/bamboohr",
        "ONBOARDING_HR_BAMBOOHR_API_TOKEN": "kill-harness",
        "ONBOARDING_HASH_KEY": "kill-harness",
        "ONBOARDING_POLICY_FILE": str(folder / "policy.toml"),
    }


def settings(folder: Path, simulator: str, storage: str | None) -> Settings:
    """The same, read."""
    (folder / "policy.toml").write_text(POLICY)
    return Settings.from_env(environment(folder, simulator, storage))


def prepare(tenant: Tenant) -> None:
    """A fresh tenant at the story's beginning, with the manager in it."""
    tenant.reset(1)
    tenant.move_to(BEGIN)
    tenant.post(
        "/_control/users", {"userPrincipalName": MANAGER, "employeeId": "M1", "displayName": "Petra Vogel"}
    )
    tenant.http.put(f"/_control/vendors/{ADAPTER.slug}/people/{EMPLOYEE}", json=PERSON).raise_for_status()
    for group, name in ((STAFF, "Staff"), (SSPR, "SSPR")):
        tenant.post("/_control/groups", {"id": group, "displayName": name})
    tenant.post("/_control/skus", {"skuId": E3, "enabled": 1_000})
    tenant.post("/_control/policy", {"audit_latency_minutes": 0})
    tenant.post("/_control/report", {"lag_hours": 0})


#: The hire, as the HR system has it. The delivery names only the id.
PERSON = {
    "given_name": "Søren",
    "family_name": "O'Neill-Groß",
    "personal_email": "soren@personal.example",
    "work_country": "Ireland",
    "manager": {"email": MANAGER},
    "start_date": START.isoformat(),
    "end_date": "2027-12-31",
    "phones": {"mobile": "+49 151 23456789"},
}


def body() -> bytes:
    """The delivery: the same bytes each time it is sent."""
    said = {"companyId": "1", "employeeId": EMPLOYEE, "changedFields": []}
    return json.dumps(
        {"type": "employee.created", "timestamp": "2027-03-01T05:59:00Z", "data": said}
    ).encode()


Phase = Callable[[Host, Tenant], Awaitable[None]]


async def _hire(host: Host, tenant: Tenant) -> None:
    data = body()
    headers = signing.sign(ADAPTER, SECRET, data, now=tenant.now(), message_id="msg_story")
    answer = await host.post(ADAPTER.slug, data, headers)
    assert answer.status_code == ADAPTER.success_status, answer.get_body()
    await host.settle("followup")


def _at(days: int, hour: int, *timers: str) -> Phase:
    """The clock moves to an hour in Berlin (UTC+1), counted from the start date; these timers tick."""

    async def phase(host: Host, tenant: Tenant) -> None:
        moment = datetime.combine(START + timedelta(days=days), time(hour - 1), UTC)
        tenant.move_to(moment)
        await host.settle(*timers)

    return phase


async def _register(host: Host, tenant: Tenant) -> None:
    user = tenant.user(employeeId=EMPLOYEE)
    assert user
    if not any(m["method"] == "microsoftAuthenticatorPush" for m in user["methods"]):
        for method in ("microsoftAuthenticatorPush", "mobilePhone"):
            value = {"value": "+49 15123456789"} if method == "mobilePhone" else {}
            tenant.post(f"/_control/users/{user['id']}/methods", {"method": method, "actor": "user", **value})
    tenant.move_to(tenant.now() + timedelta(minutes=30))
    await host.settle("track", "followup")


#: (name, phase). After each the clock moves a little, so that doubt older than a claim is settled.
PHASES: list[tuple[str, Phase]] = [
    ("the hire arrives", _hire),
    ("a little later", _at(-7, 8, "followup")),
    ("the day before", _at(-3, 10, "followup")),
    ("the day before, later", _at(-3, 11, "watchdog", "followup")),
    ("the first day", _at(0, 10, "track", "followup")),
    ("the first day, later", _at(0, 11, "followup")),
    ("day one: the manager is told", _at(1, 12, "followup")),
    ("day two: the service desk is told", _at(2, 13, "track", "followup")),
    ("day two, later", _at(2, 14, "followup")),
    ("the person registers", _register),
    ("a little later still", _at(2, 16, "followup")),
    ("a day later", _at(3, 11, "track", "followup", "watchdog")),
]


def play(config: dict[str, Any]) -> None:
    """Entry of a child process: play from `config['phase']`; die at the first of `config['targets']`."""
    folder = Path(config["folder"])

    def note(point: Point) -> None:
        (folder / "died_at.json").write_text(json.dumps(point))

    tracer = Tracer(frozenset(tuple(target) for target in config["targets"]), note)
    trace_http(tracer, reads=not config["storage"])
    if config["storage"]:
        trace_storage(tracer)
    asyncio.run(_play(folder, config, tracer))
    (folder / "points.json").write_text(json.dumps(tracer.seen))
    os._exit(0)


class AzureHost(Host):
    """A host over real queues, whose clock nobody can move: the leases of the dead are handed back instead.

    Half of the story would be looks into empty queues: it listens to the one in use, and looks at the others once.
    """

    queues = (WORK_QUEUE,)

    async def nothing_else(self) -> None:
        """AssertionError if a message lies in a queue that was not listened to."""
        depths = {name: await self.app.queue_host.depth(name) for name in WORKERS if name not in self.queues}
        assert set(depths.values()) <= {(0, 0)}, depths

    def __init__(self, app: bootstrap.App, leases: Path) -> None:
        super().__init__(app)
        self._leases = leases

    async def take(self, queue: str) -> list[LeasedMessage]:
        messages = await super().take(queue)
        with self._leases.open("a") as file:
            for message in messages:
                file.write(json.dumps([queue, message.message_id, message.receipt, message.body]) + "\n")
        return messages

    async def bury(self) -> None:
        """As if the lease of every message that a dead process held had passed."""
        if not self._leases.exists():
            return
        for line in self._leases.read_text().splitlines():
            queue, message_id, receipt, body = json.loads(line)
            held = LeasedMessage(message_id, receipt, body, 1, BEGIN)
            with contextlib.suppress(StoreConflict):  # it was done with
                await self.app.queue_host.release(queue, held, 0)
        self._leases.unlink()


class Prompt:
    """HR systems that show at once what happened: the story is told a hundred times."""

    def __init__(self, hr: HrApi) -> None:
        self._hr = hr

    def settles_in(self, source: str) -> timedelta:
        return timedelta(0)

    async def read(self, source: str, ref: FetchRef) -> HrRecord:
        return await self._hr.read(source, ref)


class Impatient:
    """A work queue that delays by no more than a second."""

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue

    async def send(self, message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        await self._queue.send(message, queue=queue, delay=min(delay, 1.0))

    async def backlog(self, queue: str) -> int:
        return await self._queue.backlog(queue)


async def _play(folder: Path, config: dict[str, Any], tracer: Tracer) -> None:
    with Tenant(config["simulator"]) as tenant:
        # A process that starts again after a death finds the leases of the dead one expired.
        passed = timedelta(seconds=(LEASE + 1) * config["salt"])
        plain = bootstrap.build(
            settings(folder, config["simulator"], config["storage"]),
            entropy=SeededEntropy(config["salt"]),
            wall=lambda: bootstrap.system_time() + passed,
        )
        if config["power"]:
            power.watch(folder, plain.store.database)
        prompt = dataclasses.replace(plain.services, hr=Prompt(plain.services.hr))
        host = await _host(dataclasses.replace(plain, services=prompt), folder, config, tracer)
        for number in range(config["phase"], len(PHASES)):
            tracer.phase = number
            await PHASES[number][1](host, tenant)
        if isinstance(host, AzureHost):
            tracer.muted = True
            await host.nothing_else()
        await plain.aclose()


async def _host(plain: bootstrap.App, folder: Path, config: dict[str, Any], tracer: Tracer) -> Host:
    if not config["storage"]:
        return Host(dataclasses.replace(plain, services=traced(plain.services, tracer)))
    # The points of this store are its requests; what the ports are asked lies between them.
    tracer.muted = True
    services = dataclasses.replace(plain.services, queue=Impatient(plain.services.queue))
    host = AzureHost(dataclasses.replace(plain, services=services), folder / "leases")
    await host.bury()
    tracer.muted = False
    return host


__all__ = ["BEGIN", "EMPLOYEE", "KILLED", "PHASES", "play", "prepare", "settings"]
