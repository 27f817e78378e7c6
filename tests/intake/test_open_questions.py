"""What the event alone tells, or the read: it is asked, or read, whatever the case waits for and wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, StepStatus
from onboarding.errors import Unavailable
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import APPROVE_SAME_PERSON, APPROVE_SHARED_ID, Circumstances
from onboarding.intake.process import lay_down
from onboarding.intake.standing import APPROVE_REHIRE
from onboarding.operate.actions import Ask, act
from onboarding.ports import WORK_QUEUE
from tests.intake.test_joining import (
    BOSS,
    FIRST_DAY,
    FRIDAY,
    HIRED,
    OTHER,
    TWO,
    excluded_other,
    file,
    look,
    made,
    until,
)
from tests.support.doubles import CASE_ID, T0, World, hire

OP = Ask("op", "asked HR")


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


async def says(
    world: World, kind: EventType = EventType.HIRE_UPDATED, *, shared: bool = True, **facts: Any
) -> Case:
    """HR's word, with a number that also belongs to somebody else."""
    case, now = await world.case(), world.clock.at
    ids: dict[str, Any] = {"employee_id": "4711", "employee_number": "77" if shared else None}
    event = HireEvent("greenhouse", kind, Hire(**ids, **facts), "x", occurred_at=now)
    about = Circumstances(f"d_{kind}_{now:%j%H%M}", now, shared_id=shared)
    return await lay_down(world.s, case, apply_event(case, event, about, now), now, WORK_QUEUE)


async def is_asked(world: World, code: str = APPROVE_SHARED_ID) -> None:
    """Nothing is made before an approver has spoken, who is asked once."""
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code, case.questions) == (State.BLOCKED, code, [])
    assert made(world) == []
    await act(world.s, "approve", CASE_ID, BOSS)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.state, len(made(world))) == (State.FOLLOWING_UP, 1)


async def test_a_shared_id_is_asked_about_after_another_question(world: World) -> None:
    await excluded_other(world)
    await file(world, maybe_same=OTHER)
    case = await says(world)
    assert (case.reason_code, case.questions) == (APPROVE_SAME_PERSON, [APPROVE_SHARED_ID])
    await says(world, job_title="Cook")
    await act(world.s, "rerun", CASE_ID, TWO)
    await is_asked(world)


@pytest.mark.parametrize("action", ["pause", "exclude"])
async def test_a_shared_id_that_comes_while_the_case_is_stopped_is_asked_about(
    world: World, action: str
) -> None:
    await file(world)
    await act(world.s, action, CASE_ID, OP)
    await says(world)
    await act(world.s, "resume", CASE_ID, OP)
    await is_asked(world)


async def test_a_shared_id_that_comes_while_the_creation_is_retried_is_asked_about(world: World) -> None:
    await file(world)
    world.faults.before("create_user", Unavailable("503"))
    await look(world)
    assert (await world.case()).state is State.PROVISIONING
    assert (await says(world)).reason_code == APPROVE_SHARED_ID
    await is_asked(world)


async def test_a_shared_id_that_came_before_the_hire_is_asked_about_with_it(world: World) -> None:
    """HR cancelled, and hires again with an event that does not name the number."""
    await file(world)
    await says(world, EventType.HIRE_CANCELLED)
    world.clock.move(hours=1)
    await says(world, EventType.HIRE_CREATED, shared=False, start_date=FIRST_DAY.date())
    await is_asked(world)


async def test_a_shared_id_of_whom_an_account_is_there_stops_nobody(world: World) -> None:
    """It carries the number that it was made with."""
    await file(world)
    assert (await until(world, FRIDAY)).state is State.FOLLOWING_UP
    case = await says(world)
    assert (case.state, case.questions) == (State.FOLLOWING_UP, [])


async def test_whoever_was_told_about_a_shared_id_is_not_asked_again(world: World) -> None:
    await file(world, hired_at=HIRED)
    assert (await says(world)).reason_code == APPROVE_SHARED_ID
    assert (await says(world, job_title="Cook")).questions == []
    await act(world.s, "approve", CASE_ID, BOSS)
    assert (await says(world, job_title="Baker")).questions == []
    await until(world, FIRST_DAY)
    assert len(made(world)) == 1


# --- whether somebody is back ----------------------------------------------------------------------------------


async def over(world: World, **changes: Any) -> None:
    """The employment ended before anything was made; nobody knows the last day."""
    left = T0 - timedelta(days=10)
    await file(
        world,
        state=State.CLOSED,
        reason_code="employment_ended",
        hired_at=T0 - timedelta(days=30),
        said={},
        ended_at=left,
        withdrawn_at=left,
        next_action=NextAction("none", None, "employment_ended"),
        **changes,
    )


async def doubtful_read(world: World) -> Case:
    """HR's record names no end, which it may never have named."""
    case, now = await world.case(), world.clock.at
    event = HireEvent("greenhouse", EventType.HIRE_CREATED, hire(), "x", occurred_at=now)
    about = Circumstances("hr_api", now, is_read=True, doubtful=True)
    return await lay_down(world.s, case, apply_event(case, event, about, now), now, WORK_QUEUE)


async def test_whether_somebody_is_back_is_asked(world: World) -> None:
    await over(world)
    assert (await doubtful_read(world)).reason_code == APPROVE_REHIRE
    await is_asked(world, APPROVE_REHIRE)


async def test_whether_somebody_is_back_is_asked_after_another_question(world: World) -> None:
    await excluded_other(world)
    await over(world, maybe_same=OTHER)
    case = await doubtful_read(world)
    assert (case.reason_code, case.questions) == (APPROVE_SAME_PERSON, [APPROVE_REHIRE])
    await act(world.s, "rerun", CASE_ID, TWO)
    await is_asked(world, APPROVE_REHIRE)


async def test_whether_somebody_is_back_is_asked_once_hr_has_said_the_rest(world: World) -> None:
    await over(world, deleted_at=T0 + timedelta(hours=1))
    world.clock.move(minutes=30)
    assert (await doubtful_read(world)).reason_code == "hr_deleted_record"
    await act(world.s, "rerun", CASE_ID, TWO)
    await is_asked(world, APPROVE_REHIRE)


# --- what a read has to tell first -----------------------------------------------------------------------------


async def test_no_account_is_made_by_a_retry_before_the_record_is_read(world: World) -> None:
    await file(world)
    world.faults.before("create_user", Unavailable("503"))
    await look(world)
    case, now = await world.case(), world.clock.at
    assert case.step("create_account").status is StepStatus.RETRYING
    thin = HireEvent(
        "greenhouse",
        EventType.HIRE_UPDATED,
        Hire(employee_id="4711"),
        "x",
        needs_fetch=FetchRef("employee", "4711"),
    )
    about = Circumstances("d_thin", now, read_lag=timedelta(minutes=5))
    await lay_down(world.s, case, apply_event(case, thin, about, now), now, WORK_QUEUE)
    world.clock.move(minutes=4)
    await look(world)
    case = await world.case()
    assert (case.state, case.wakes_at, made(world)) == (
        State.AWAITING_FETCH,
        now + timedelta(minutes=5),
        [],
    )
