"""The usage report over the real pass of tracking: counted once, whatever dies, and read without reading a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from onboarding.domain.policy import Policy, ReportsPolicy
from onboarding.domain.usage import week_of
from onboarding.errors import RequestError
from onboarding.followup.track import track
from onboarding.operate import retention, usage
from onboarding.ports import SeenEvidence
from tests.support.followup_doubles import MONDAY, USER, Killed, Tripwire, World, audit, make_case, world

HOUR = timedelta(hours=1)
FIRST = "c_00000000000000000001"


def seen(event_id: str, act: str = "registered", by: str = "user", method: str | None = "mobilePhone",
         user: str = USER, ago: timedelta = HOUR) -> SeenEvidence:  # fmt: skip
    return SeenEvidence(user, audit(event_id, act, by, method, MONDAY - ago))


EVENTS = [
    seen("e1"),
    seen("e2", method="all"),
    seen("e3", "reset_succeeded", method=None),
    seen("e4", "reset_by_admin", "admin", None),
    seen("e5", "reset_no_methods", method=None, ago=timedelta(days=8)),
]


async def filed(w: World, number: int, department: str | None, country: str = "DE") -> str:
    """A case whose account has the object id `user-<number>`."""
    case = make_case(f"c_{number:020d}")
    case.hire = replace(case.hire, department=department, work_country=country)
    assert case.account is not None
    case.account.id = f"user-{number}"
    await w.add(case)
    return case.account.id


async def test_a_report_by_week_with_every_week_in_it() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = EVENTS
    await track(w.s)
    found = (await usage.report(w.s, usage.Ask())).as_json()
    assert len(found["items"]) == 12
    assert (found["since"], found["until"]) == ("2026-07-20", "2026-10-11")
    usage_week = week_of(MONDAY - HOUR)
    by_week = {item["week"]: item for item in found["items"]}
    assert by_week["2026-W39"]["failed_no_methods"] == 1
    assert by_week[usage_week]["registrations"] == 1
    total = found["total"]
    assert (total["registrations"], total["completed"], total["resets_by_desk"]) == (1, 1, 1)
    assert (total["resets_self_service"], total["calls_saved"]) == (1, 1.0)
    assert total["methods"] == {"mobilePhone": 1}
    assert found["assumptions"]["calls_per_reset"]["source"].startswith("assumption")


async def test_killed_at_any_await_each_event_is_counted_once() -> None:
    clean, point = None, 0
    while True:
        w = world()
        await w.add(make_case())
        w.security.events = EVENTS
        try:
            await track(w.wired(Tripwire(at=point)))
        except Killed:
            point += 1
        else:
            break
        await track(w.s)
        found = (await usage.report(w.s, usage.Ask())).as_json()
        assert found["total"]["registrations"] == found["total"]["failed_no_methods"] == 1
        assert clean in {None, repr(found)}
        clean = repr(found)
    assert clean == repr((await usage.report(w.s, usage.Ask())).as_json())
    assert point > 15


async def test_small_departments_go_into_the_rest_and_the_total_is_whole() -> None:
    w = world(policy=Policy(reports=ReportsPolicy(least_people=3, calls_per_reset=0.5)))
    departments = ["Sales"] * 5 + ["Legal"] * 3 + ["Board"] * 1 + [None]
    users = [await filed(w, n, department) for n, department in enumerate(departments)]
    w.security.events = [seen(f"r{n}", user=user) for n, user in enumerate(users)]
    w.security.events += [
        seen(f"s{n}", "reset_succeeded", method=None, user=user) for n, user in enumerate(users)
    ]
    await track(w.s)
    found = await usage.report(w.s, usage.Ask("department"))
    rows = {name: row.registrations for name, row in found.rows}
    assert rows == {"Sales": 5, usage.REST: 5}, "Board and the unnamed one are two people: Legal goes along"
    assert (found.total.registrations, found.hidden) == (10, 3)
    assert found.as_json()["total"]["calls_saved"] == 5.0
    assert [name for name, _ in (await usage.report(w.s, usage.Ask("country"))).rows] == ["DE"]
    table = list(found.table())
    assert set(table[0]) == set(found.columns)
    assert table[0]["method_mobilePhone"] == 5


async def test_who_moves_is_counted_where_they_were_and_forgetting_leaves_the_counts() -> None:
    w = world(policy=Policy(reports=ReportsPolicy(least_people=1)))
    await filed(w, 1, "Sales")
    w.security.events = [seen("e1", user="user-1")]
    await track(w.s)
    case = await w.load(FIRST)
    case.hire = replace(case.hire, department="Legal")
    await w.s.cases.save(case)
    w.security.events.append(seen("e2", user="user-1", method="email"))
    await track(w.s)
    rows = {name: row.registrations for name, row in (await usage.report(w.s, usage.Ask("department"))).rows}
    assert rows == {"Sales": 1, "Legal": 1}
    await w.s.cases.erase(await w.load(FIRST))
    rows = {name: row.registrations for name, row in (await usage.report(w.s, usage.Ask("department"))).rows}
    assert rows == {"Sales": 1, "Legal": 1}
    assert FIRST not in repr((await w.s.usage.walk()).items)
    assert "user-1" not in repr((await w.s.usage.walk()).items)


@pytest.mark.parametrize(
    "ask",
    [
        usage.Ask("manager"),
        usage.Ask(since=date(2026, 10, 6), until=date(2026, 10, 5)),
        usage.Ask(since=date(2010, 1, 1), until=date(2026, 1, 1)),
    ],
)
async def test_what_cannot_be_asked_is_refused(ask: usage.Ask) -> None:
    with pytest.raises(RequestError):
        await usage.report(world().s, ask)


async def test_the_report_reads_no_case() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = EVENTS
    await track(w.s)

    class NoCases:
        """Every call fails."""

    await usage.report(replace(w.s, cases=NoCases()), usage.Ask("country"))  # type: ignore[arg-type]


async def test_marks_go_after_their_time_and_the_counts_stay() -> None:
    w = world()
    await w.add(make_case())
    w.security.events = EVENTS
    await track(w.s)
    ask = usage.Ask(until=MONDAY.date())
    before = (await usage.report(w.s, ask)).as_json()
    for _ in range(12):
        await retention.prune(w.s)
    assert [row.kind for row in (await w.s.usage.walk()).items].count("event") == 5
    w.clock.at += timedelta(weeks=12)
    for _ in range(4):
        await retention.prune(w.s)
    assert {row.kind for row in (await w.s.usage.walk()).items} == {"count"}
    assert (await usage.report(w.s, ask)).as_json() == before
