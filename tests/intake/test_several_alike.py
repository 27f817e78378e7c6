"""Somebody new is alike to several at once: what is sure is joined, and what is doubtful is not lost by that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.intake import receive as door
from onboarding.intake.receive import Arrivals
from onboarding.operate.actions import Ask, act
from tests.intake.test_pairs import ASK, PAYROLL, new_world
from tests.intake.test_twins import ATS, HRIS, alive, take
from tests.support.intake_services import World

SAME_PERSON = "needs_approval_same_person"
ADDRESS, NUMBER = "soren@example.net", "0077"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = new_world()
    yield made
    made.store.close()


async def known(world: World, to: str, employee_id: str, **said: Any) -> Case:
    """A hire of one HR system, who is known by what is `said` alone. Returns the case."""
    alone: dict[str, Any] = {"candidate_id": None, "personal_email": None, "start_date": "2027-02-01"}
    await take(world, to, employee_id=employee_id, **{**alone, **said})
    return await of(world, employee_id)


async def of(world: World, employee_id: str) -> Case:
    return next(case for case in await alive(world) if employee_id in str(case.ids))


async def by_address(world: World) -> Case:
    """Alike by the private address; the first day is another one than that of who comes: doubt."""
    return await known(world, HRIS, "g-1", personal_email=ADDRESS, start_date="2026-12-28")


async def by_number(world: World) -> Case:
    """Alike by number and name: the same."""
    return await known(world, ATS, "b-1", employee_number=NUMBER)


async def newcomer(world: World) -> Case:
    return await known(world, PAYROLL, "w-1", personal_email=ADDRESS, employee_number=NUMBER)


@pytest.mark.parametrize("order", [(by_address, by_number), (by_number, by_address)])
async def test_a_doubt_is_asked_of_the_case_into_which_the_new_one_is_joined(
    world: World, order: Any
) -> None:
    for make in order:
        await make(world)
    case = await newcomer(world)
    doubtful = await of(world, "g-1")
    assert case.case_id == (await of(world, "b-1")).case_id != doubtful.case_id
    assert (case.state, case.reason_code, case.asked_about) == (
        State.BLOCKED,
        SAME_PERSON,
        [doubtful.case_id],
    )


async def test_who_is_excluded_is_asked_about_the_case_that_goes_on(world: World) -> None:
    excluded = await by_address(world)
    await act(world.services, "exclude", excluded.case_id, Ask("op", "never an account"))
    sure = await by_number(world)
    case = await newcomer(world)
    assert (case.case_id, case.reason_code, case.asked_about) == (
        sure.case_id,
        SAME_PERSON,
        [excluded.case_id],
    )
    other = await world.store.cases.get(excluded.case_id)
    assert other is not None
    assert (other.state, other.maybe_same) == (State.EXCLUDED, sure.case_id)


async def two_that_are_one(world: World) -> tuple[Case, Case]:
    """Both are the same as who comes: the one by number, the other by address."""
    return await known(world, HRIS, "g-1", personal_email=ADDRESS), await by_number(world)


async def test_whoever_is_the_same_as_two_joins_them(world: World) -> None:
    await two_that_are_one(world)
    case = await newcomer(world)
    assert [item.case_id for item in await alive(world)] == [case.case_id]
    assert case.state is State.WAITING_START


async def test_two_of_whom_it_was_said_that_they_are_two_are_not_joined_by_a_third(world: World) -> None:
    first, second = await two_that_are_one(world)
    first.ask_about(SAME_PERSON, second.case_id)
    first.state, first.return_state, first.reason_code = State.BLOCKED, State.WAITING_START, SAME_PERSON
    await world.store.cases.save(first)
    await act(world.services, "rerun", first.case_id, ASK)
    case = await newcomer(world)
    assert len(await alive(world)) == 3
    assert (case.reason_code, set(case.others(SAME_PERSON))) == (
        SAME_PERSON,
        {first.case_id, second.case_id},
    )


async def test_two_ids_of_one_system_are_not_joined_by_a_third(world: World) -> None:
    first = await known(world, HRIS, "g-1", personal_email=ADDRESS)
    second = await known(world, HRIS, "g-2", employee_number=NUMBER)
    case = await newcomer(world)
    assert len(await alive(world)) == 3
    assert set(case.others(SAME_PERSON)) == {first.case_id, second.case_id}
