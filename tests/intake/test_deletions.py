"""HR deletes a record: an operator's answer is about the deletions that were known then, each of one record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.errors import IllegalTransition, Refused
from onboarding.intake import deletions
from onboarding.intake.decide import apply_event
from onboarding.intake.joining import join
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate.actions import Ask, act
from onboarding.ports import WORK_QUEUE
from tests.intake.test_joining import (
    FIRST_DAY,
    FRIDAY,
    HIRED,
    LATER,
    OTHER,
    TWO,
    ask,
    by_ids,
    by_word,
    file,
    file_other,
    hr,
    look,
    made,
    until,
    usable,
)
from tests.support.doubles import CASE_ID, T0, World, hire, make_case


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


async def deleted(world: World, source: str, employee_id: str, at: datetime) -> Case:
    return await deleted_as(world, at, source, employee_id=employee_id)


async def deleted_as(world: World, at: datetime, source: str = "greenhouse", **ids: Any) -> Case:
    """The HR system deletes the record that it names by these ids."""
    case, now = await world.case(), world.clock.at
    event = HireEvent(source, EventType.EMPLOYEE_DELETED, Hire(**ids), "x", occurred_at=at)
    outcome = apply_event(case, event, Circumstances(f"d_{source}_{now:%H%M}", now), now)
    return await lay_down(world.s, case, outcome, now, WORK_QUEUE)


async def stands(world: World, case_id: str = CASE_ID) -> Case:
    """An operator says that the hire stands all the same."""
    await act(world.s, "rerun", case_id, TWO)
    await look(world, case_id)
    return await world.case(case_id)


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_an_answer_about_one_record_is_none_about_an_older_deletion_in_another_system(
    world: World, way: Any
) -> None:
    await file(world)
    await file_other(world, hired_at=HIRED)
    await hr(world, EventType.EMPLOYEE_DELETED, OTHER)
    world.clock.move(minutes=30)
    await hr(world, EventType.EMPLOYEE_DELETED)
    answered = await stands(world)
    assert answered.reason_code is None
    if way is by_word:
        await ask(world)
    await way(world)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code) == (State.BLOCKED, "hr_deleted_record")
    await stands(world)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.deleted_at, len(made(world))) == (None, 1)


@pytest.mark.parametrize(
    ("source", "employee_id", "asked"),
    [("greenhouse", "4711", False), ("greenhouse", "4712", True), ("bamboohr", "b-9", True)],
)
async def test_a_deletion_that_comes_late_is_answered_only_of_the_same_record(
    world: World, source: str, employee_id: str, asked: bool
) -> None:
    await file(world)
    world.clock.move(minutes=30)
    earlier = world.clock.at - timedelta(minutes=10)
    await deleted(world, "greenhouse", "4711", world.clock.at)
    assert (await stands(world)).reason_code is None
    world.clock.move(minutes=30)
    case = await deleted(world, source, employee_id, earlier)
    assert case.reason_code == ("hr_deleted_record" if asked else None)


async def test_an_answer_is_about_all_that_were_known(world: World) -> None:
    await file(world)
    first = world.clock.at
    await deleted(world, "greenhouse", "4711", first)
    world.clock.move(minutes=30)
    await deleted(world, "bamboohr", "b-9", world.clock.at)
    assert (await stands(world)).reason_code is None
    assert (await deleted(world, "greenhouse", "4711", first)).reason_code is None


async def test_a_join_that_is_done_again_brings_back_no_deletion_that_was_answered(world: World) -> None:
    """Whoever joined them died before the other one was closed, and somebody answered meanwhile."""
    await file(world)
    await file_other(world, hired_at=HIRED)
    before = await hr(world, EventType.EMPLOYEE_DELETED, OTHER)
    world.clock.move(minutes=1)
    await join(world.s, await world.case(), before, OTHER, [], world.clock.at)
    await look(world)
    assert (await stands(world)).deleted_at is None
    lead = await join(world.s, await world.case(), before, OTHER, [], world.clock.at)
    assert lead.deleted_at is None


async def test_a_deletion_from_before_records_were_told_apart_goes_with_the_person(world: World) -> None:
    await file(world)
    other = await file_other(world, hired_at=HIRED)
    other.deleted_at = world.clock.at
    assert other.etag is not None
    other = decode(encode(other), other.etag)
    assert other.deleted_by == {}
    lead = await join(world.s, await world.case(), other, OTHER, [], world.clock.at)
    assert lead.deleted_at == world.clock.at
    await look(world)
    assert (await world.case()).reason_code == "hr_deleted_record"


PAUSE = Ask("op", "HR doubts that the person is real")


@pytest.mark.parametrize("begun", [False, True])
async def test_a_pause_holds_after_the_answer(world: World, begun: bool) -> None:
    await file(world)
    if begun:
        assert (await until(world, FRIDAY)).state is State.FOLLOWING_UP
    await act(world.s, "pause", CASE_ID, PAUSE)
    world.clock.move(hours=1)
    assert (await hr(world, EventType.EMPLOYEE_DELETED)).reason_code == "hr_deleted_record"
    await stands(world)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.questions, len(made(world))) == (State.PAUSED, [], int(begun))
    assert usable(world) == []
    assert [item.action for item in await world.story()].count("paused_again") == 1
    await act(world.s, "resume", CASE_ID, PAUSE)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.state, len(made(world))) == (State.FOLLOWING_UP, 1)


async def test_a_pause_holds_where_hr_hires_again(world: World) -> None:
    await file(world)
    await act(world.s, "pause", CASE_ID, PAUSE)
    world.clock.move(hours=1)
    await hr(world, EventType.EMPLOYEE_DELETED)
    world.clock.move(hours=1)
    case = await hr(world, EventType.HIRE_CREATED, start_date=FIRST_DAY.date())
    assert (case.state, case.return_state) == (State.PAUSED, State.WAITING_START)


async def test_a_pause_goes_with_the_person_into_another_case(world: World) -> None:
    await file(world, hired_at=T0 + timedelta(hours=2))
    await file_other(world, hired_at=HIRED)
    await act(world.s, "pause", OTHER, PAUSE)
    await hr(world, EventType.EMPLOYEE_DELETED, OTHER)
    await join(world.s, await world.case(), await world.case(OTHER), OTHER, [], world.clock.at)
    case = await until(world, FIRST_DAY)
    assert (case.state, made(world)) == (State.PAUSED, [])
    assert [item.action for item in await world.story()].count("pause_joined") == 1


async def test_the_pause_of_a_hire_that_hr_withdrew_is_none_of_the_next_one(world: World) -> None:
    await file(world)
    await act(world.s, "pause", CASE_ID, PAUSE)
    for kind in (EventType.EMPLOYEE_DELETED, EventType.HIRE_CANCELLED):
        world.clock.move(hours=1)
        await hr(world, kind)
    world.clock.move(hours=1)
    case = await hr(world, EventType.HIRE_CREATED, start_date=LATER.date())
    assert (case.state, case.questions) == (State.WAITING_START, [])


IDS = {"employee_id": "4711", "employee_number": "77", "candidate_id": "c-5"}


@pytest.mark.parametrize("later", IDS)
@pytest.mark.parametrize("first", IDS)
async def test_one_deletion_that_is_told_under_two_ids_is_answered_once(
    world: World, first: str, later: str
) -> None:
    await file(world, hire=hire(**IDS))
    at = world.clock.at
    await deleted_as(world, at, **{first: IDS[first]})
    world.clock.move(minutes=30)
    assert (await stands(world)).reason_code is None
    world.clock.move(minutes=30)
    case = await deleted_as(world, at, **{later: IDS[later]})
    assert (case.reason_code, case.deleted_at) == (None, None)


async def test_a_number_that_another_record_has_as_well_answers_for_that_one_alone(world: World) -> None:
    await file(world, hire=hire(**IDS))
    at = world.clock.at
    await deleted_as(world, at, **IDS)
    world.clock.move(minutes=30)
    assert (await stands(world)).reason_code is None
    case = await deleted_as(world, at, employee_id="4712", employee_number="77")
    assert case.reason_code == "hr_deleted_record"


async def test_an_answer_from_before_records_were_told_apart_is_about_all_of_that_system(
    world: World,
) -> None:
    case = await file(world)
    at = world.clock.at
    world.clock.move(minutes=30)
    case.deletions_answered = {"greenhouse:": world.clock.at}
    await world.store.cases.save(case)
    assert (await deleted(world, "greenhouse", "4711", at)).reason_code is None
    assert (await deleted(world, "bamboohr", "b-9", at)).reason_code == "hr_deleted_record"


async def test_an_answer_is_not_given_twice_to_two_deletions(world: World) -> None:
    """A request whose answer was lost is sent again, and another record was deleted meanwhile."""
    await file(world)
    case = await deleted(world, "greenhouse", "4711", world.clock.at)
    asked = replace(TWO, reason_code="hr_deleted_record", about=tuple(case.asked_about), by_name=True)
    await act(world.s, "rerun", CASE_ID, asked)
    await look(world)
    world.clock.move(minutes=1)
    case = await deleted(world, "bamboohr", "z 9", world.clock.at)
    assert [item.partition("@")[0] for item in case.asked_about] == ["bamboohr:z%209"]
    with pytest.raises(Refused) as refused:
        await act(world.s, "rerun", CASE_ID, asked)
    assert refused.value.code == "question_changed"
    with pytest.raises(IllegalTransition, match="Say with it which question is answered"):
        await act(world.s, "rerun", CASE_ID, replace(asked, about=None))


@pytest.mark.parametrize("first", ["77", "4711"])
async def test_one_deletion_that_was_told_to_two_cases_is_answered_once(first: str) -> None:
    by_number = make_case(hire=hire(employee_id=None, employee_number="77"))
    by_id = make_case(OTHER, hire=hire(employee_id="4711", employee_number=None))
    for case, ids in ((by_number, {"employee_number": "77"}), (by_id, {"employee_id": "4711"})):
        event = HireEvent("greenhouse", EventType.EMPLOYEE_DELETED, Hire(**ids), "x", occurred_at=T0)  # type: ignore[arg-type]
        assert deletions.note(case, event, T0)
    lead, other = (by_number, by_id) if first == "77" else (by_id, by_number)
    deletions.answer(lead)
    deletions.join(lead, other)
    assert (lead.deleted_at, lead.deleted_by) == (None, {})


async def test_a_deletion_of_another_record_of_one_system_stands_after_the_join() -> None:
    lead = make_case(hire=hire(employee_id="4711", employee_number=None))
    other = make_case(OTHER, hire=hire(employee_id="4712", employee_number=None))
    for case, employee_id in ((lead, "4711"), (other, "4712")):
        event = HireEvent(
            "greenhouse", EventType.EMPLOYEE_DELETED, Hire(employee_id=employee_id), "x", occurred_at=T0
        )
        assert deletions.note(case, event, T0)
    deletions.answer(lead)
    deletions.join(lead, other)
    assert list(lead.deleted_by) == ["greenhouse:4712"]
