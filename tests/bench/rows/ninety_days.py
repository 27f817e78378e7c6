"""Ninety simulated days of 1,000 people, the whole flow: webhook to confirmation or escalation.

The real functions on the real embedded store (a file) and the real adapter, in this process, with a host that works
off up to sixteen messages at a time as the queue trigger does; the simulator in a process of its own. The clock
moves by `MOVES`, and after each move every timer runs once, as `settle` does. The service's clock is in this process,
as it is in Azure, and moves with the simulator's: asking the simulator for the time costs as much as a request.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from onboarding import bootstrap
from onboarding.domain.case import Alias, AliasKind, Case, RungStatus
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog, signing
from onboarding.settings import Settings
from tests.bench import processes, tenant
from tests.bench.row import Row, judged
from tests.support.host import LEASE, WORKERS, Host

MUST = 60.0
MOVES = timedelta(hours=6)
#: 09:30 UTC is working time in Berlin, in winter and in summer.
BEGIN = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
#: HR announces so many days before the first day.
NOTICE = 10
BATCH = 16
#: Day on which each kind of person registers, counted from the first day; None: never. The last cancels once before.
BEHAVIOURS: tuple[int | None, ...] = (0, 0, 0, 0, 1, 3, 4, 9, None, 0)


class BatchHost(Host):
    """Works off a batch of each queue at once."""

    async def drain(self, patience: float = 60.0) -> None:
        deadline = time.monotonic() + patience
        while True:
            worked = 0
            for queue, function in WORKERS.items():
                batch = await self.app.queue_host.receive(queue, BATCH, LEASE)
                await asyncio.gather(*(self._deliver(queue, function, message) for message in batch))
                worked += len(batch)
            if worked:
                continue
            left = [await self.app.queue_host.depth(queue) for queue in WORKERS]
            if not any(visible or hidden for visible, hidden in left):
                return
            assert time.monotonic() < deadline, f"queues do not drain: {left}"
            await asyncio.sleep(0.02)


class MovedClock:
    """The simulator's time without asking it: set after each move, running at real speed between."""

    def __init__(self) -> None:
        self._at, self._mark = BEGIN, time.monotonic()

    def move(self, to: datetime) -> None:
        self._at, self._mark = to, time.monotonic()

    async def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._mark)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Story:
    """Who arrives and who registers at which move."""

    people: int
    days: int
    step: timedelta
    arrivals: dict[int, list[int]] = field(default_factory=dict)
    registrations: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        a_day = int(timedelta(days=1) / self.step)
        # Everybody's last rung and an answer to it lie within the days played.
        window = max((self.days - NOTICE - 20) * a_day, 1)
        for number in range(self.people):
            arrives = number * window // self.people
            self.arrivals.setdefault(arrives, []).append(number)
            day = BEHAVIOURS[number % len(BEHAVIOURS)]
            if day is not None:
                first_day = arrives // a_day + NOTICE
                self.registrations.setdefault((first_day + day) * a_day + 1, []).append(number)

    def registers(self) -> int:
        return sum(len(numbers) for numbers in self.registrations.values())

    def moves(self) -> Iterator[tuple[int, datetime]]:
        for number in range(int(timedelta(days=self.days) / self.step)):
            yield number, BEGIN + self.step * number


def run(people: int = 1_000, days: int = 90, step: timedelta = MOVES) -> Row:
    """Seconds for everything, simulator included; the outcome is checked."""
    seconds, asked = played(people, days, step)
    return judged(
        "ninety_days",
        f"≤ {MUST:.0f} s",
        f"{seconds:.0f} s",
        seconds <= MUST,
        f"{people:,} people, {days} days, {timedelta(days=1) / step:.0f} moves a day with all timers; {asked:,} Graph "
        f"requests; {seconds / max(people, 1) * 1000:.0f} ms a person",
        {"seconds": seconds, "requests": asked},
    )


def played(people: int, days: int, step: timedelta = MOVES) -> tuple[float, int]:
    """Play the story; (seconds, Graph requests). AssertionError when anybody ends otherwise than they should."""
    with tempfile.TemporaryDirectory() as folder, tenant.quiet():
        start = (BEGIN - step).isoformat().replace("+00:00", "Z")
        with processes.simulator(start=start) as base:
            control = tenant.Control(base)
            control.manager()
            story = Story(people, days, step)
            begin = time.perf_counter()
            asyncio.run(_play(story, control, tenant.settings(f"{folder}/store.db", base)))
            seconds = time.perf_counter() - begin
            asked = len(control.requests())
            control.close()
    return seconds, asked


async def _play(story: Story, control: tenant.Control, env: dict[str, str]) -> None:
    clock = MovedClock()
    host = BatchHost(bootstrap.build(Settings.from_env(env), clock=clock))
    async with httpx.AsyncClient(
        base_url=env["ONBOARDING_GRAPH_BASE_URL"], trust_env=False, timeout=60
    ) as people:
        for number, moment in story.moves():
            control.post("/_control/clock", {"to": moment.isoformat()})
            clock.move(moment)
            for arriving in story.arrivals.get(number, ()):
                await _announce(host, arriving, moment)
            for registering in story.registrations.get(number, ()):
                await _register(host, people, registering)
            await host.settle()
    try:
        await _check(host, story)
    finally:
        await host.app.aclose()


async def _announce(host: Host, number: int, now: datetime) -> None:
    start = (now + timedelta(days=NOTICE)).date().isoformat()
    body = json.dumps(tenant.hire(number, start, now.isoformat()), ensure_ascii=False).encode()
    adapter = catalog.adapters()[tenant.SOURCE]
    headers = signing.sign(adapter, tenant.SECRET, body, now=now, message_id=f"msg_{number:06}")
    answer = await host.post(tenant.SOURCE, body, headers)
    assert answer.status_code == 202, answer.get_body()


async def _case(host: Host, number: int) -> Case:
    cases = host.app.services.cases
    alias = Alias(tenant.SOURCE, AliasKind.EMPLOYEE_ID, str(10_000 + number))
    case = await cases.get((await cases.owners([alias]))[alias])
    assert case is not None
    return case


async def _register(host: Host, people: httpx.AsyncClient, number: int) -> None:
    case = await _case(host, number)
    assert case.account is not None, (number, case.state, case.reason_code, case.next_action)
    path = f"/_control/users/{case.account.id}"
    if number % 10 == 9:
        (await people.post(f"{path}/cancel", json={})).raise_for_status()
    for body in _methods():
        (await people.post(f"{path}/methods", json=body)).raise_for_status()


def _methods() -> tuple[dict[str, Any], ...]:
    return (
        {"method": "microsoftAuthenticatorPush", "actor": "user"},
        {"method": "mobilePhone", "actor": "user", "value": "+15550100"},
    )


async def _check(host: Host, story: Story) -> None:
    """Who registered is confirmed; who did not was told about, up to the service desk."""
    cases = [await _case(host, number) for number in range(story.people)]
    states = Counter(case.state for case in cases)
    assert states[State.CONFIRMED] == story.registers(), states
    assert states[State.FOLLOWING_UP] == story.people - story.registers(), states
    for case in cases:
        if case.state is State.FOLLOWING_UP:
            sent = [rung.rung for rung in case.rungs.values() if rung.status is RungStatus.SENT]
            assert "desk_day_10" in sent, (case.case_id, sent)
