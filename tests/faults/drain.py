"""Hires posted at once to hosts that are real processes, until their queues are empty; and what the store then holds.

Nobody starts for two years, so nothing is provisioned: this is the door, the queues, the deliveries and the cases.
Used by `tests/faults/test_drain.py` and by the benchmark rows on Azurite.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from onboarding.domain.lifecycle import State
from onboarding.intake import catalog, receive, signing
from onboarding.ports import POISON, QUEUES, CaseQuery, DeliveryStatus
from onboarding.settings import Secret, StorageSettings
from onboarding.storage.azure import open_azure
from onboarding.storage.embedded import open_embedded
from tests.bench import processes, tenant
from tests.bench.load import Shot

#: A second source, of which a single hire comes while the first floods.
QUIET = "quiet-hr"
#: Of so many hires one is delivered twice, to two hosts at the same time.
REPEATED = 10
#: Nobody listens there: nothing here may need the tenant.
NO_TENANT = "http://127.0.0.1:9"


def environment(path: str, storage: str | None) -> dict[str, str]:
    """Settings of a host on Azurite (`storage`: its connection string) or on one SQLite file."""
    found = tenant.settings(path, NO_TENANT, clock="system")
    if storage:
        found |= {"ONBOARDING_STORE": "azure", "AzureWebJobsStorage": storage}
    return found | {
        "ONBOARDING_SOURCES": f"{QUIET}={tenant.SOURCE}",
        f"ONBOARDING_HR_{QUIET.upper().replace('-', '_')}_SECRET": tenant.SECRET,
    }


def open_store(path: str, storage: str | None) -> Any:
    """The hosts' store, seen from outside."""
    if storage:
        return open_azure(StorageSettings(connection_string=Secret(storage)))
    return open_embedded(path, lambda: datetime.now(UTC))


async def closed(store: Any) -> None:
    """Let go of it."""
    if hasattr(store, "aclose"):
        await store.aclose()
    else:
        store.close()


@contextmanager
def hosts(count: int, env: dict[str, str]) -> Iterator[list[str]]:
    """So many development hosts on one store, with host.json and lease as they are in Azure; their URLs."""
    with ExitStack() as stack:
        yield [stack.enter_context(processes.devhost("function_app.py", env)) for _ in range(count)]


def shot(root: str, number: int, source: str = tenant.SOURCE) -> Shot:
    """A signed hire that starts in two years: the same delivery each time, under the number's message id."""
    now = datetime.now(UTC)
    start = (now + timedelta(days=730)).date().isoformat()
    body = json.dumps(
        tenant.hire(number, start, "2026-01-05T08:00:00+00:00"), ensure_ascii=False, sort_keys=True
    )
    data = body.encode()
    adapter = catalog.adapters()[tenant.SOURCE]
    signed = signing.sign(adapter, tenant.SECRET, data, now=now, message_id=message_id(number))
    return Shot(f"{root}/api/hr/{source}", data, signed)


def message_id(number: int) -> str:
    """The id under which HR sends this hire, however often."""
    return f"msg_{number:06}"


def delivery_id(number: int, source: str = tenant.SOURCE) -> str:
    """The delivery that it becomes."""
    return receive.delivery_id(source, message_id(number))


# --- the flood ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Flood:
    """Seconds since the first byte left, and how often something had to be sent again."""

    hires: int
    accepted: float = 0.0
    slowest_answer: float = 0.0
    again: int = 0
    drained: float = 0.0
    #: When the single hire of the other source was posted, and how long it took to be answered and processed.
    single_at: float = 0.0
    single_answered: float = 0.0
    single_processed: float = 0.0
    _answers: int = field(default=0, repr=False)


async def flood(roots: Sequence[str], store: Any, hires: int, patience: float = 900.0) -> Flood:
    """Post them all at once, one in `REPEATED` twice; in the middle a single hire of another source; wait until
    every queue is empty."""
    found, begin = Flood(hires), time.perf_counter()
    half = asyncio.Event()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        jobs = [_deliver(session, roots, n, n, found, half) for n in range(hires)]
        jobs += [_deliver(session, roots, n, n + 1, found, half) for n in range(0, hires, REPEATED)]
        posting = asyncio.gather(*jobs)
        while not (half.is_set() or posting.done()):
            await asyncio.sleep(0.05)
        single = asyncio.create_task(_single(session, roots, store, hires, found, begin))
        await posting
        found.accepted = time.perf_counter() - begin
        await single
    await emptied(store, patience)
    found.drained = time.perf_counter() - begin
    return found


async def _deliver(
    session: aiohttp.ClientSession,
    roots: Sequence[str],
    n: int,
    first: int,
    found: Flood,
    half: asyncio.Event,
) -> None:
    """As an HR system does: again until the answer is 2xx."""
    for attempt in range(60):
        begin = time.perf_counter()
        status = await _send(session, shot(roots[(first + attempt) % len(roots)], n))
        if 200 <= status < 300:
            found.slowest_answer = max(found.slowest_answer, time.perf_counter() - begin)
            found._answers += 1
            if found._answers * 2 >= found.hires:
                half.set()
            return
        assert status == 0 or status >= 500, f"refused for good: {status}"
        found.again += 1
        await asyncio.sleep(1)
    raise AssertionError(f"hire {n} was never accepted")


async def _send(session: aiohttp.ClientSession, one: Shot) -> int:
    try:
        async with session.post(one.url, data=one.body, headers=one.headers) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


async def _single(
    session: aiohttp.ClientSession, roots: Sequence[str], store: Any, n: int, found: Flood, begin: float
) -> None:
    """One hire of another source, until it has been worked off."""
    posted = time.perf_counter()
    found.single_at = posted - begin
    while not 200 <= await _send(session, shot(roots[0], n, QUIET)) < 300:
        found.again += 1
    found.single_answered = time.perf_counter() - posted
    while True:
        delivery = await store.deliveries.get(delivery_id(n, QUIET))
        if delivery is not None and delivery.status is DeliveryStatus.PROCESSED:
            break
        await asyncio.sleep(0.5)
    found.single_processed = time.perf_counter() - posted


async def emptied(store: Any, patience: float = 900.0) -> None:
    """Until no queue holds a message, seen twice in a row."""
    names = [queue + suffix for queue in reversed(QUEUES) for suffix in ("", POISON)]
    deadline, seen = time.perf_counter() + patience, 0
    while seen < 2:
        busy = await _busy(store, names)
        seen = 0 if busy else seen + 1
        if time.perf_counter() > deadline:
            raise AssertionError(f"{busy or 'some queue'} does not drain within {patience:.0f} s")
        await asyncio.sleep(0.5 if busy else 0.1)


async def _busy(store: Any, names: Sequence[str]) -> str | None:
    """The first queue that holds a message, seen or hidden. (To count costs the emulator as much as to work.)"""
    for name in names:
        if sum(await store.queue_host.depth(name)):
            return name
    return None


# --- the books ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Books:
    """What the store holds, person by person; each a list of what is wrong there, empty if nothing is."""

    cases: int
    lost: list[str]
    double: list[str]
    #: Deliveries not worked off, or not by exactly one case; cases that are not where they should be.
    astray: list[str]
    #: Lists, counters and aliases that say something else than the cases, after what the watchdog does was done.
    hints: list[str]
    #: Cases whose hints had to be mended: their list row failed, and was left to the watchdog (docs/storage.md).
    late: int

    @property
    def wrong(self) -> list[str]:
        """Everything."""
        return [*self.lost, *self.double, *self.astray, *self.hints]


async def audit(
    store: Any, numbers: Iterable[int], *, quiet: Iterable[int] = (), doubtful: Iterable[int] = ()
) -> Books:
    """Compare the store, all of it, with the hires that were accepted (`quiet`: of the other source).

    `doubtful` were posted and got no answer: they may be there or not, but whole.
    """
    wanted = {delivery_id(n): str(10_000 + n) for n in numbers}
    wanted |= {delivery_id(n, QUIET): str(10_000 + n) for n in quiet}
    deliveries = {each.delivery_id: each async for each in _walk(store.deliveries)}
    asked = {delivery_id(n): str(10_000 + n) for n in doubtful}
    wanted |= {key: person for key, person in asked.items() if key in deliveries}
    cases = {each.case_id: each async for each in _walk(store.cases)}
    people = Counter(case.hire.employee_id for case in cases.values())
    lost = [f"delivery {each}" for each in wanted.keys() - deliveries.keys()]
    lost += [f"person {each}" for each in set(wanted.values()) - people.keys()]
    double = [f"person {each}: {count} cases" for each, count in people.items() if count != 1]
    double += [f"case {key} of nobody" for key in cases if cases[key].hire.employee_id not in wanted.values()]
    astray = [f"delivery {key}: unknown" for key in deliveries.keys() - wanted.keys()]
    for key, person in wanted.items():
        there = deliveries.get(key)
        owner = cases.get(there.case_ids[0]) if there and len(there.case_ids) == 1 else None
        if there is None or owner is None:
            astray.append(f"delivery {key} has no case")
        elif there.status is not DeliveryStatus.PROCESSED or owner.deliveries != [key]:
            astray.append(f"delivery {key}: {there.status}, its case has seen {owner.deliveries}")
        elif (owner.hire.employee_id, owner.state, owner.account) != (person, State.WAITING_START, None):
            astray.append(f"case {owner.case_id}: {owner.state}")
    late = await _mend(store, cases) if await _hints(store, cases) else 0
    return Books(len(cases), lost, double, astray, await _hints(store, cases), late)


async def _mend(store: Any, cases: dict[str, Any]) -> int:
    """One round of the watchdog; how many cases it found something to mend at."""
    mended = sum([bool(await store.cases.mend(case)) for case in cases.values()])
    swept = await store.cases.sweep()
    while swept.next_page is not None:
        swept = await store.cases.sweep(swept.next_page)
    return mended


async def _hints(store: Any, cases: dict[str, Any]) -> list[str]:
    found = []
    listed: Counter[str] = Counter()
    page = None
    while True:
        shown = await store.cases.search(CaseQuery(state="waiting_start"), page, 200)
        listed.update(item.case_id for item in shown.items)
        page = shown.next_page
        if page is None:
            break
    if dict(listed) != dict.fromkeys(cases, 1):
        found.append(f"the list shows {len(listed)} of {len(cases)} cases, {listed.total()} rows")
    if (counted := await store.cases.counts()) != {"waiting_start": len(cases)}:
        found.append(f"the counters say {counted}")
    owners = Counter([owner async for _, owner in _walk(store.cases, "walk_aliases")])
    if owners.keys() != cases.keys():
        found.append(f"aliases lead to {len(owners)} cases")
    return found


async def _walk(part: Any, method: str = "walk") -> Any:
    page = None
    while True:
        found = await getattr(part, method)(page, 200)
        for each in found.items:
            yield each
        page = found.next_page
        if page is None:
            return
