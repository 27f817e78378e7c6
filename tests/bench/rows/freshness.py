"""How long after somebody registered, or lost a method, the case says so: at the audit log's worst published delay.

The service's own timer reads the log every five minutes of a working day, in virtual time, and its queue is worked
off; the tenant is the simulator. People who are followed up register, and some of them lose their method again, at
moments drawn from all of the day. What is measured is the saved case, not what was read.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from onboarding import bootstrap
from onboarding.domain.account import Account
from onboarding.domain.case import Case, aliases_of
from onboarding.domain.evidence import Status
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.followup.track import track
from onboarding.settings import Settings
from tests.bench import processes, tenant
from tests.bench.row import Row, judged, percentile
from tests.support.doubles import FixedClock
from tests.support.host import Host

MUST = 15.0
BEGIN = datetime(2026, 9, 1, 7, tzinfo=UTC)
DAY = timedelta(hours=10)
#: As in function_app.
EVERY = timedelta(minutes=5)
#: Of one in so many the method is deleted again, two hours later.
DELETED = 5
#: Minutes until a record shows: Microsoft's 99th percentile, here of every record.
LATENCY = 5


def run(people: int = 300) -> Row:
    """Minutes from the act in the tenant to the saved case, for everybody."""
    with tenant.quiet():
        confirmed, lost = asyncio.run(_measure(people))
    waits = [wait.total_seconds() / 60 for wait in confirmed + lost]
    p95 = percentile(waits, 0.95)
    return judged(
        "freshness",
        f"p95 ≤ {MUST:.0f} min",
        f"p95 {p95:.1f} min, slowest {max(waits):.1f} min",
        p95 <= MUST,
        f"{len(confirmed)} registrations and {len(lost)} deletions over ten hours; the timer every five minutes; every "
        f"record shows after {LATENCY} minutes; virtual time",
        {"p95_min": p95, "max_min": max(waits), "median_min": percentile(waits, 0.5)},
    )


async def _measure(people: int) -> tuple[list[timedelta], list[timedelta]]:
    with (
        processes.simulator(start=BEGIN.isoformat().replace("+00:00", "Z")) as base,
        tempfile.TemporaryDirectory() as folder,
    ):
        control, clock = tenant.Control(base), FixedClock(BEGIN)
        control.post("/_control/policy", {"audit_latency_minutes": LATENCY})
        app = bootstrap.build(Settings.from_env(tenant.settings(f"{folder}/store.db", base)), clock=clock)
        try:
            return await _play(app, control, clock, people)
        finally:
            control.close()
            await app.aclose()


async def _play(
    app: bootstrap.App, control: tenant.Control, clock: FixedClock, people: int
) -> tuple[list[timedelta], list[timedelta]]:
    host, cases = Host(app), app.services.cases
    made = control.post("/_control/users", [{"userPrincipalName": _upn(n)} for n in range(people)])
    ids = {n: user["id"] for n, user in enumerate(made["items"])}
    for number, user_id in ids.items():
        await cases.create(case := _case(number, user_id))
        for alias in aliases_of(case):
            await cases.claim_alias(alias, case.case_id)
    acts = _acts(people)
    waiting: dict[int, tuple[datetime, bool]] = {}
    waits: dict[bool, list[timedelta]] = {True: [], False: []}
    act = next(acts, None)
    while act is not None or waiting:
        tick = clock.at + EVERY
        while act is not None and act[0] < tick:
            at, number, here = act
            control.post("/_control/clock", {"to": at.isoformat()})
            path = f"/_control/users/{ids[number]}/methods"
            if here:
                control.post(path, {"method": "microsoftAuthenticatorPush", "actor": "user"})
            else:
                control.delete(f"{path}/microsoftAuthenticatorPush", actor="user")
            waiting[number] = (at, here)
            act = next(acts, None)
        control.post("/_control/clock", {"to": tick.isoformat()})
        clock.at = tick
        await track(app.services)
        await host.drain()
        for number, (at, here) in list(waiting.items()):
            found = await cases.get(_case_id(number))
            if found is not None and found.status is (Status.USER_REGISTERED if here else Status.REMOVED):
                waits[here].append(tick - at)
                del waiting[number]
        assert tick < BEGIN + 2 * DAY, f"{len(waiting)} were never noticed"
    return waits[True], waits[False]


def _acts(people: int) -> Iterator[tuple[datetime, int, bool]]:
    """(when, whose, registered or deleted), in order of time."""
    chance = random.Random(5)
    acts = []
    for number in range(people):
        at = BEGIN + DAY * chance.random()
        acts.append((at, number, True))
        if number % DELETED == 0:
            acts.append((at + timedelta(hours=2), number, False))
    return iter(sorted(acts))


def _upn(number: int) -> str:
    return f"person.{number}@{tenant.DOMAIN}"


def _case_id(number: int) -> str:
    return f"c_{number:020}"


def _case(number: int, user_id: str) -> Case:
    """Somebody in the middle of the ladder, of whom nothing is known."""
    hire = Hire(
        employee_id=str(10_000 + number),
        given_name="Emma",
        family_name="Hall",
        work_country="DE",
        start_date=date(2026, 8, 31),
    )
    at = BEGIN - timedelta(days=10)
    account = Account(user_id, _upn(number), str(10_000 + number), at)
    return Case(
        _case_id(number),
        tenant.SOURCE,
        State.FOLLOWING_UP,
        hire,
        created_at=at,
        updated_at=at,
        account=account,
    )
