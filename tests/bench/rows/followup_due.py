"""A follow-up pass costs by what is due: 1,000 due cases among 100,000 closed ones against 1,000 due ones alone."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta

from onboarding import bootstrap
from onboarding.domain.account import Account
from onboarding.domain.case import Case, aliases_of
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.operate.due import enqueue_due
from onboarding.ports import QUEUES, CaseQuery, LeasedMessage, QueueHost, Services
from onboarding.settings import Settings
from onboarding.storage import messages
from tests.bench import tenant
from tests.bench.row import Row, judged, ratio
from tests.support.doubles import FixedClock

MUST = 1.5
NOW = datetime(2026, 9, 1, 10, tzinfo=UTC)
_LATER = NOW + timedelta(days=1)


def run(due: int = 1_000, closed: int = 100_000, rounds: int = 9) -> Row:
    """In one process, in turn, over two files."""
    pairs = asyncio.run(_measure(due, closed, rounds))
    found = ratio(pairs)
    return judged(
        "followup_due",
        f"≤ {MUST} × {due:,} due alone",
        f"{found.value:.2f} × ({found.ours:.2f} s against {found.other:.2f} s)",
        found.value <= MUST,
        f"a pass: enqueue_due, the list of who is followed up, and for each due case the look-up, the save with "
        f"its due and search rows, and the deletion of the message; no tenant and no mail, which would hide the "
        f"store. {closed:,} closed cases, {rounds} pairs, fastest pair {min(a / b for a, b in pairs):.2f} ×",
        {
            "ratio": found.value,
            "among_s": found.ours,
            "alone_s": found.other,
            "mean_s": statistics.mean(a for a, _ in pairs),
        },
    )


async def _measure(due: int, closed: int, rounds: int) -> list[tuple[float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        among, alone = _open(f"{folder}/among.db"), _open(f"{folder}/alone.db")
        try:
            await _fill(among.services, due, closed)
            await _fill(alone.services, due, 0)
            pairs = []
            for number in range(rounds + 1):
                first, second = (among, alone) if number % 2 else (alone, among)
                seconds = {id(app): await _pass(app, due) for app in (first, second)}
                pairs.append((seconds[id(among)], seconds[id(alone)]))
        finally:
            await among.aclose()
            await alone.aclose()
    return pairs[1:]


def _open(path: str) -> bootstrap.App:
    env = tenant.settings(path, "http://127.0.0.1:9", clock="system")
    return bootstrap.build(Settings.from_env(env), clock=FixedClock(NOW))


async def _fill(s: Services, due: int, closed: int) -> None:
    """Closed cases were changed last month, the due ones somewhere in between."""
    cases = [_case(n, State.CLOSED if n < closed else State.FOLLOWING_UP) for n in range(closed + due)]
    for start in range(0, len(cases), 640):
        part = cases[start : start + 640]
        await asyncio.gather(*(s.cases.create(case) for case in part))
        claims = [(alias, case.case_id) for case in part for alias in aliases_of(case)]
        await asyncio.gather(*(s.cases.claim_alias(*claim) for claim in claims))


def _case(number: int, state: State) -> Case:
    upn = f"person.{number}@{tenant.DOMAIN}"
    at = NOW - timedelta(days=30, seconds=number)
    hire = Hire(
        employee_id=str(10_000 + number),
        given_name="Søren",
        family_name=f"O'Neill-Groß {number % 1000}",
        work_country="DE",
        start_date=date(2026, 8, 3),
    )
    return Case(
        case_id=f"c_{number:020}",
        source=tenant.SOURCE,
        state=state,
        hire=hire,
        created_at=at,
        updated_at=at,
        account=Account(f"object-{number}", upn, str(number), at),
        next_action=NextAction("follow_up", NOW if state is State.FOLLOWING_UP else None, "ladder"),
    )


async def _pass(app: bootstrap.App, due: int) -> float:
    """Seconds of one pass; afterwards everything is due again."""
    s, host = app.services, app.queue_host
    begin = time.perf_counter()
    sent = await enqueue_due(s)
    await _list(s)
    handled = [case for queue in QUEUES for case in await _work(s, host, queue)]
    seconds = time.perf_counter() - begin
    assert sent == len(handled) == due, (sent, len(handled))
    for case in handled:
        case.next_action = NextAction("follow_up", NOW, "ladder")
    await asyncio.gather(*(s.cases.save(case) for case in handled))
    return seconds


async def _list(s: Services) -> None:
    page: str | None = None
    while True:
        rows = await s.cases.search(CaseQuery(state="following_up"), page, 500)
        page = rows.next_page
        if page is None:
            return


async def _work(s: Services, host: QueueHost, queue: str) -> list[Case]:
    """What a worker does with the store for each message, eight at a time."""
    done: list[Case] = []
    while batch := await host.receive(queue, 8, 600):

        async def one(index: int, batch: list[LeasedMessage] = batch) -> None:
            message = messages.from_json(batch[index].body)
            case = await s.cases.get(message.case_id or "")
            assert case
            case.next_action = NextAction("follow_up", _LATER, "ladder")
            done.append(await s.cases.save(case))
            await host.delete(queue, batch[index])

        await asyncio.gather(*(one(index) for index in range(len(batch))))
    return done
