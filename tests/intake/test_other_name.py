"""An id that HR gives again: the next person inherits nothing of the one before, and an approver is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, ManagerRef, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.records import Said
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WORK_QUEUE, WorkMessage
from tests.support.doubles import CASE_ID, T0, World, make_case

ANNA: dict[str, Any] = {
    "given_name": "Anna",
    "family_name": "Berg",
    "personal_email": "anna@private.example",
    "phones": (Phone("+4915112345678", "mobile"),),
    "manager": ManagerRef(email="boss@contoso.example"),
    "work_country": "DE",
    "start_date": date(2026, 9, 14),
}
BERT: dict[str, Any] = {"given_name": "Bert", "family_name": "Colm", "start_date": date(2026, 9, 21)}
CODE = "needs_approval_other_name"


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


async def hr(
    world: World, kind: EventType, *, at: datetime | None = None, snapshot: bool = False, **said: Any
) -> Case:
    world.clock.move(minutes=1)
    case, now = await world.case(), world.clock.at
    event = HireEvent(
        "scim",
        kind,
        Hire(employee_id="100", employee_number="100", **said),
        "x",
        certainty=Certainty.EMPLOYEE,
        occurred_at=at or now,
        snapshot=snapshot,
    )
    outcome = apply_event(case, event, Circumstances(f"d_{now:%j%H%M}", now), now)
    await lay_down(world.s, case, outcome, now, WORK_QUEUE)
    for _ in range(5):
        case = await world.case()
        if case.wakes_at is None or case.wakes_at > world.clock.at:
            break
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


async def anna(world: World, end: EventType | None) -> None:
    person = Hire(employee_id="100", employee_number="100", **ANNA)
    await world.file(make_case(hire=person, source="scim", hired_at=T0 - timedelta(days=1)))
    await hr(world, EventType.HIRE_UPDATED, **ANNA)
    if end is not None:
        assert (await hr(world, end)).state in {State.CANCELLED, State.CLOSED}


def inherits(case: Case) -> list[object]:
    hire = case.hire
    return [item for item in (hire.personal_email, hire.phones, hire.manager, hire.work_country) if item]


@pytest.mark.parametrize("end", [EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED, None])
async def test_a_stranger_under_the_id_inherits_nothing_and_somebody_is_asked(
    world: World, end: EventType | None
) -> None:
    await anna(world, end)
    case = await hr(world, EventType.HIRE_CREATED, **BERT)
    assert (case.state, case.reason_code, inherits(case)) == (State.BLOCKED, CODE, [])
    assert (case.hire.given_name, case.hire.start_date) == ("Bert", date(2026, 9, 21))
    await act(world.s, "approve", CASE_ID, Ask("o-1", "HR says it is the same person", reason_code=CODE))
    case = await hr(world, EventType.HIRE_UPDATED, department="Sales")
    assert (case.state, case.reason_code) == (State.WAITING_START, None)


async def test_a_whole_record_that_is_put_in_place_of_another_is_asked_about(world: World) -> None:
    await anna(world, None)
    case = await hr(world, EventType.HIRE_UPDATED, snapshot=True, **BERT)
    assert (case.reason_code, inherits(case)) == (CODE, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"given_name": "Anna", "family_name": "Colm"},
        {"given_name": "Anne-Marie", "family_name": "Berg"},
        {"given_name": "ANNA", "family_name": None},
        {"given_name": None, "family_name": None},
    ],
)
async def test_whoever_keeps_a_word_of_the_name_is_the_same_person(
    world: World, changes: dict[str, Any]
) -> None:
    await anna(world, EventType.HIRE_CANCELLED)
    case = await hr(world, EventType.HIRE_CREATED, **{**BERT, **changes})
    assert (case.state, len(inherits(case))) == (State.WAITING_START, 4)


@pytest.mark.parametrize(
    "changes",
    [
        {"start_date": ANNA["start_date"]},
        {"given_name": "山田", "family_name": "太郎"},
    ],
)
async def test_a_name_that_is_written_otherwise_is_no_other_person(
    world: World, changes: dict[str, Any]
) -> None:
    await anna(world, None)
    case = await hr(world, EventType.HIRE_CREATED, **{**BERT, **changes})
    assert (case.state, len(inherits(case))) == (State.WAITING_START, 4)


async def test_an_older_word_that_comes_late_takes_nothing_from_the_one_that_stands(world: World) -> None:
    await anna(world, None)
    old = world.clock.at - timedelta(days=3)
    case = await hr(world, EventType.HIRE_CREATED, at=old, department="Sales", **BERT)
    assert (case.reason_code, case.hire.given_name, len(inherits(case))) == (CODE, "Anna", 4)
    assert case.hire.department is None, "it is that of the one before her"


@pytest.mark.parametrize("kind", [EventType.HIRE_CREATED, EventType.HIRE_UPDATED])
async def test_what_was_said_of_the_one_before_is_void_whenever_it_comes(
    world: World, kind: EventType
) -> None:
    """Also after an approver's word: that somebody else has the id is known by then."""
    await anna(world, EventType.HIRE_CANCELLED)
    old = world.clock.at - timedelta(minutes=1)
    await hr(world, EventType.HIRE_CREATED, **BERT)
    await act(world.s, "approve", CASE_ID, Ask("o-1", "another person", reason_code=CODE))
    case = await hr(world, kind, at=old, **ANNA)
    assert (case.state, case.hire.given_name, inherits(case)) == (State.WAITING_START, "Bert", [])


async def test_what_comes_late_of_the_one_before_is_void_where_the_account_is_made(world: World) -> None:
    await world.file(make_case(hire=Hire(employee_id="100"), source="scim", hired_at=None))
    await hr(world, EventType.HIRE_CREATED, **{**BERT, "start_date": ANNA["start_date"]})
    while (case := await world.case()).account is None:
        assert case.wakes_at is not None
        world.clock.at = max(world.clock.at, case.wakes_at)
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    state = case.state
    old = {**ANNA, "start_date": date(2026, 9, 7)}
    case = await hr(world, EventType.HIRE_CREATED, at=world.clock.at - timedelta(days=40), **old)
    assert (case.state, case.hire.given_name, inherits(case)) == (state, "Bert", [])


async def test_whoever_works_is_followed_up_under_whatever_name(world: World) -> None:
    await anna(world, None)
    while (case := await world.case()).state is not State.FOLLOWING_UP:
        assert case.wakes_at is not None
        world.clock.at = max(world.clock.at, case.wakes_at)
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    case = await hr(
        world, EventType.HIRE_UPDATED, snapshot=True, **{**BERT, "start_date": ANNA["start_date"]}
    )
    assert (case.state, case.reason_code) == (State.FOLLOWING_UP, None)


async def test_the_next_name_is_asked_about_again(world: World) -> None:
    await anna(world, None)
    await hr(world, EventType.HIRE_CREATED, **BERT)
    await act(world.s, "approve", CASE_ID, Ask("o-1", "the same person", reason_code=CODE))
    case = await hr(
        world, EventType.HIRE_CREATED, given_name="Carla", family_name="Dorn", start_date=date(2026, 10, 5)
    )
    assert case.reason_code == CODE


async def test_what_recruiting_said_of_the_one_before_does_not_come_up_in_its_place(world: World) -> None:
    await anna(world, None)
    case = await hr(world, EventType.HIRE_UPDATED, department="Sales")
    case.behind = Hire(department="Law")
    case.behind_said = {"department": Said(T0, True, "d_0", "greenhouse", True)}
    await world.store.cases.save(case)
    case = await hr(world, EventType.HIRE_CREATED, **BERT)
    assert (case.reason_code, case.hire.department, case.behind) == (CODE, None, Hire())
