"""Ninety simulated days of 1,000 people, the whole flow: webhook to confirmation or escalation.

The real functions on the real embedded store (a file), the real adapter with the SDK's pipeline and the simulator, all
in this process, with a host that works off up to sixteen messages at a time as the queue trigger does. The clock moves
by `MOVES`, and after each move every timer runs once, as `settle` does. Time is virtual (`tests.bench.virtual`): a
message that comes back in two seconds and a place in a budget are waited for in no time, and the tenant is next door,
so that the row measures work, and not waits. HTTP is left out on both sides; rows `provisioning` and `webhook` have it.
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

from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungStatus
from onboarding.intake import catalog, signing
from tests.bench import tenant, virtual
from tests.bench.row import Row, judged
from tests.support.host import LEASE, WORKERS, Host

MUST = 60.0
MOVES = timedelta(hours=6)
#: 09:30 UTC is working time in Berlin, in winter and in summer.
BEGIN = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
#: HR announces so many days before the first day.
NOTICE = 10
BATCH = 16
#: Seconds between two looks into queues whose messages all come back later.
POLL = 1.0
#: Day on which each kind of person registers, counted from the first day; None: never. The last cancels once before.
BEHAVIOURS: tuple[int | None, ...] = (0, 0, 0, 0, 1, 3, 4, 9, None, 0)


class BatchHost(Host):
    """Works off a batch of each queue at once."""

    async def drain(self, patience: float = 3600.0) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
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
            assert loop.time() < deadline, f"queues do not drain: {left}"
            await asyncio.sleep(POLL)


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
    story = Story(people, days, step)
    with tempfile.TemporaryDirectory() as folder, tenant.quiet():
        begin = time.perf_counter()
        asked = virtual.run(lambda loop: _play(loop, story, f"{folder}/store.db"))
        return time.perf_counter() - begin, asked


async def _play(loop: virtual.VirtualLoop, story: Story, path: str) -> int:
    world = virtual.World(loop, BEGIN - story.step, quotas=[], half_way=None)
    control = tenant.NextDoor(world.tenant)
    try:
        control.manager()
        host = BatchHost(await world.instance(tenant.settings(path, tenant.NEXT_DOOR)))
        for number, moment in story.moves():
            loop.jump((moment - world.clock.at()).total_seconds())
            for arriving in story.arrivals.get(number, ()):
                await _announce(host, arriving, moment)
            for registering in story.registrations.get(number, ()):
                await _register(host, control, registering)
            await host.settle()
        await _check(host, story)
    finally:
        await world.close()
    return len(world.seen)


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


async def _register(host: Host, control: tenant.Control, number: int) -> None:
    case = await _case(host, number)
    assert case.account is not None, (number, case.state, case.reason_code, case.next_action)
    path = f"/_control/users/{case.account.id}"
    if number % 10 == 9:
        control.post(f"{path}/cancel", {})
    for body in _methods():
        control.post(f"{path}/methods", body)


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
