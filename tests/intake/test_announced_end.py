"""An end that HR announced once, through a door without reads: on the day after, the employment has ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.evidence import Status
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.domain.records import Fetch, NextAction
from onboarding.intake import leavers
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import mending, work
from onboarding.operate.actions import Ask, act
from onboarding.operate.due import enqueue_due
from onboarding.ports import WORK_QUEUE, WorkMessage
from tests.support.doubles import CASE_ID, T0, World, hire, make_case

LAST = date(2026, 10, 30)
#: Midnight after it in Berlin.
OVER = datetime(2026, 10, 30, 23, tzinfo=UTC)
WHO = Ask("o-1", "asked HR")


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


async def says(world: World, kind: EventType, *, cleared: tuple[str, ...] = (), **said: Any) -> Case:
    """One event of HR, now; the case as it is laid down."""
    case, now = await world.case(), world.clock.at
    effective = said.pop("effective_date", None)
    event = HireEvent(
        "greenhouse", kind, Hire(employee_id="4711", **said), "x",
        occurred_at=now, effective_date=effective, cleared=cleared,
    )  # fmt: skip
    outcome = apply_event(case, event, Circumstances(f"d_{kind}_{now:%j%H%M}", now), now)
    return await lay_down(world.s, case, outcome, now, WORK_QUEUE)


async def announced(world: World, state: State = State.FOLLOWING_UP, **changes: Any) -> Case:
    """Somebody at work gives notice; HR says so once."""
    account = Account("user-1", "zoe@contoso.example", "4711", T0)
    values: dict[str, Any] = {"state": state, "account": account, "begun": True, **changes}
    case = await world.file(make_case(**values))
    case.next_action = values.get("next_action", NextAction("operator", None, "waits"))
    await world.store.cases.save(case)
    world.clock.at = datetime(2026, 9, 28, 8, tzinfo=UTC)
    return await says(world, EventType.EMPLOYMENT_TERMINATED, effective_date=LAST)


async def look(world: World, at: datetime) -> Case:
    world.clock.at = at
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="due"))
    return await world.case()


@pytest.mark.parametrize("state", [State.FOLLOWING_UP, State.CONFIRMED, State.BLOCKED, State.PAUSED])
async def test_the_case_closes_when_the_last_day_is_over_and_not_before(world: World, state: State) -> None:
    held = {"return_state": State.FOLLOWING_UP} if state in {State.BLOCKED, State.PAUSED} else {}
    case = await announced(world, state, confirmed_at=T0, status=Status.USER_REGISTERED, **held)
    assert case.state is state
    case = await look(world, OVER - timedelta(seconds=1))
    assert case.state not in {State.CLOSED, State.CANCELLED}
    case = await look(world, OVER)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")
    assert (case.ended_at, case.withdrawn_at) == (OVER, OVER)
    assert (case.next_action.what, case.next_action.when) == ("disable_account", None)
    (ended,) = [item for item in await world.story() if item.action == "employment_ended"]
    assert ended.detail["delivery"].startswith("d_employment.terminated")


async def test_the_due_row_brings_it_and_the_watchdog_misses_it(world: World) -> None:
    case = await announced(world, State.PAUSED, return_state=State.FOLLOWING_UP)
    assert case.wakes_at == OVER
    world.clock.at = OVER + timedelta(minutes=1)
    assert await enqueue_due(world.s) == 1
    assert mending.works(case)
    assert not mending.is_late(case, world.clock.at)
    assert mending.is_late(case, OVER + timedelta(days=1))
    case = await look(world, world.clock.at)
    assert (case.state, case.wakes_at, mending.works(case)) == (State.CLOSED, None, False)


async def test_a_pass_that_is_out_is_made_void(world: World) -> None:
    record = PassRecord(PassStatus.DELIVERED, T0, "manager", pass_id="pass-9")
    await announced(world, access_pass=record)
    case = await look(world, OVER)
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.VOID


@pytest.mark.parametrize(
    ("change", "moment"),
    [
        ({"end_date": date(2026, 11, 30)}, datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ({"end_date": date(2026, 10, 16)}, datetime(2026, 10, 16, 22, tzinfo=UTC)),
        ({"cleared": ("end_date",)}, None),
        ({"work_country": "IN"}, datetime(2026, 10, 30, 18, 30, tzinfo=UTC)),
    ],
)
async def test_the_newest_word_on_the_last_day_stands(
    world: World, change: dict[str, Any], moment: datetime | None
) -> None:
    await announced(world)
    world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_UPDATED, **change)
    assert case.ending_at == moment
    case = await look(world, moment or OVER + timedelta(days=90))
    assert (case.state is State.CLOSED) is (moment is not None)


async def test_a_newer_hire_that_begins_after_it_goes_on(world: World) -> None:
    await announced(world)
    world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2026, 11, 2))
    assert (case.hire.end_date, case.ending_at) == (None, None)


async def test_an_end_date_that_nobody_announced_closes_nothing(world: World) -> None:
    await announced(world)
    case = await world.case()
    case.ends_at = None  # as of a contractor's record
    await world.store.cases.save(case)
    assert (await look(world, OVER + timedelta(days=1))).state is State.FOLLOWING_UP


async def test_somebody_whose_watch_is_over_is_read_on_no_more(world: World) -> None:
    case = await announced(
        world, State.CLOSED, confirmed_at=T0, next_action=NextAction("none", None, WATCH_ENDED)
    )
    assert (case.watch_ended, case.ending_at) == (True, OVER)
    case = await look(world, OVER)
    assert (case.watch_ended, case.reason_code, case.wakes_at) == (False, "employment_ended", None)


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXCLUDED])
async def test_who_is_left_alone_is_left_alone(world: World, state: State) -> None:
    case = await announced(world, state)
    assert case.wakes_at is None
    assert (await look(world, OVER)).state is state


async def test_whoever_is_taken_back_after_all_is_closed_by_the_end_that_stands_then(world: World) -> None:
    await announced(world)
    await look(world, OVER)
    world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2026, 12, 1))
    assert (case.state, case.ending_at) == (State.BLOCKED, None)
    assert case.reason_code == "needs_approval_rehire"


async def test_a_read_of_the_day_after_comes_first(world: World) -> None:
    case = await announced(world)
    fetch = Fetch("hibob", "employee", "7", T0, T0, None, look_at=datetime(2026, 10, 31, tzinfo=UTC))
    case.fetches["hibob"] = fetch
    assert case.ending_at is None
    case.fetches["hibob"] = replace(fetch, look_at=None, when=OVER + timedelta(days=2))  # it does not answer
    assert case.ending_at == OVER
    case.fetches["hibob"] = replace(fetch, look_at=None)
    assert case.ending_at == OVER


async def test_an_end_that_overtook_its_hire_comes_true_too(world: World) -> None:
    world.clock.at = T0
    event = HireEvent(
        "greenhouse", EventType.EMPLOYMENT_TERMINATED, Hire(employee_id="4711"), "x", effective_date=LAST
    )
    await leavers.remember(world.s, event, "d_1", T0, T0)
    case = make_case(hire=hire(employee_id=None))
    created = replace(event, event_type=EventType.HIRE_CREATED, hire=hire())
    await leavers.recall(world.s, case, created, T0, T0)
    assert (case.hire.end_date, case.ends_at) == (LAST, OVER)


async def test_an_operator_who_includes_somebody_again_finds_the_end(world: World) -> None:
    await announced(world, State.EXCLUDED)
    world.clock.at = OVER + timedelta(hours=1)
    await act(world.s, "resume", CASE_ID, WHO)
    case = await look(world, world.clock.at)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


async def comes_back(world: World, *, updated: bool = False, **said: Any) -> Case:
    """Left as announced, hired again a year later as a contractor whose record has an end date."""
    await announced(world)
    await look(world, OVER)
    world.clock.at = datetime(2028, 3, 1, 8, tzinfo=UTC)
    if updated:
        await says(world, EventType.HIRE_UPDATED, end_date=date(2028, 9, 29))
        world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2028, 3, 6), **said)
    assert case.state is State.BLOCKED
    return case


@pytest.mark.parametrize("updated", [False, True], ids=["with the hire", "by an update before it"])
async def test_an_end_that_came_true_is_not_announced_of_the_next_hire(world: World, updated: bool) -> None:
    """An end date that nobody announced of this hire ends nothing, whatever was announced of the one before."""
    case = await comes_back(world, updated=updated, end_date=date(2028, 9, 30))
    assert (case.hire.end_date, case.ends_at) == (date(2028, 9, 30), None)


async def test_an_end_of_the_next_hire_that_overtook_it_stays_announced(world: World) -> None:
    await announced(world)
    await look(world, OVER)
    world.clock.at = datetime(2028, 3, 1, 8, tzinfo=UTC)
    await says(world, EventType.EMPLOYMENT_TERMINATED, effective_date=date(2028, 9, 30))
    world.clock.move(hours=1)
    case = await says(world, EventType.HIRE_CREATED, start_date=date(2028, 3, 6))
    assert case.ends_at == datetime(2028, 9, 30, 22, tzinfo=UTC)
