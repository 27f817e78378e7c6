"""Finch: who has left by the employment's own word, whatever dates stand beside it, and who is yet to begin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from onboarding.domain.account import Account
from onboarding.domain.lifecycle import Event, State
from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.intake.standing import APPROVE_UNCLEAR
from onboarding.operate.actions import Ask, act
from tests.support.intake_services import World, signed
from tests.support.read_world import post, read_due, read_source, read_world

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
ANN = {"id": "i1", "first_name": "Ann", "last_name": "Lee", "emails": [], "phone_numbers": []}
HIRED = {"id": "i1", "title": "Developer", "start_date": "2026-09-01", "end_date": None,
         "employment_status": "active", "is_active": True}  # fmt: skip


@pytest.fixture
def job() -> dict[str, Any]:
    return dict(HIRED)


@pytest.fixture
def world(job: dict[str, Any]) -> Iterator[World]:
    def answer(request: httpx.Request) -> Any:
        body = ANN if request.url.path.endswith("/individual") else job
        return {"responses": [{"individual_id": "i1", "code": 200, "body": body}]}

    made = read_world(NOW, answer, read_source("finch"))
    yield made
    made.store.close()


async def say(world: World, what: str) -> None:
    body = {"company_id": "c", "account_id": "a", "event_type": what, "data": {"individual_id": "i1"}}
    world.clock.move(hours=1)
    await post(world, "finch", body)


@pytest.mark.parametrize("status", ["terminated", "Terminated", "retired", "deceased"])
@pytest.mark.parametrize("end", [None, "2026-08-10", "2026-09-01"])
async def test_whoever_has_left_gets_no_account_whatever_the_end_says(
    world: World, job: dict[str, Any], status: str, end: str | None
):
    await say(world, "individual.created")
    assert (await world.only_case()).state is State.WAITING_START
    job |= {"employment_status": status, "is_active": False, "end_date": end}
    await say(world, "employment.updated")
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


async def test_whoever_had_left_before_they_were_seen_gets_none_either(world: World, job: dict[str, Any]):
    job |= {"employment_status": "terminated", "is_active": False}
    await say(world, "individual.created")
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


@pytest.mark.parametrize(
    ("status", "active"),
    [("prehire", False), ("onboarding", False), ("leave", False), ("active", True), (None, None)],
)
async def test_whoever_is_yet_to_begin_is_awaited(
    world: World, job: dict[str, Any], status: str | None, active: bool | None
):
    job |= {"employment_status": status, "is_active": active}
    await say(world, "individual.created")
    assert (await world.only_case()).state is State.WAITING_START


async def test_an_end_ahead_is_awaited_and_read_again(world: World, job: dict[str, Any]):
    await say(world, "individual.created")
    job |= {"employment_status": "terminated", "is_active": True, "end_date": "2026-12-31"}
    await say(world, "employment.updated")
    case = await world.only_case()
    assert (case.state, case.hire.end_date) == (State.WAITING_START, date(2026, 12, 31))


async def test_whoever_comes_back_is_a_hire_once_the_status_says_so(world: World, job: dict[str, Any]):
    await say(world, "individual.created")
    job |= {"employment_status": "terminated", "is_active": False}
    await say(world, "employment.updated")
    job |= {"start_date": "2026-11-02"}
    await say(world, "employment.updated")
    assert (await world.only_case()).state is State.CLOSED
    job |= {"employment_status": "prehire"}
    await say(world, "employment.updated")
    assert (await world.only_case()).state is State.WAITING_START


# --- not active, and nothing says why ---------------------------------------------------------------------------

SILENT = {"employment_status": None, "is_active": False, "start_date": "2026-08-10"}


@pytest.mark.parametrize("end", [None, "2026-08-05", "2026-12-31"])
@pytest.mark.parametrize("start", ["2026-09-01", "2026-08-17"])
async def test_who_is_yet_to_begin_need_not_be_active(
    world: World, job: dict[str, Any], end: str | None, start: str
):
    """The provider has no statuses, and nobody is active before the first day."""
    job |= {**SILENT, "start_date": start, "end_date": end}
    for what in ("individual.created", "employment.updated"):
        await say(world, what)
        assert (await world.only_case()).state is State.WAITING_START


@pytest.mark.parametrize("end", [None, "2026-08-05", "2026-12-31"])
async def test_who_is_not_active_without_a_status_is_asked_about(
    world: World, job: dict[str, Any], end: str | None
):
    await say(world, "individual.created")
    job |= {**SILENT, "end_date": end}
    await say(world, "employment.updated")
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)


async def test_an_end_that_is_over_says_enough(world: World, job: dict[str, Any]):
    await say(world, "individual.created")
    job |= {**SILENT, "start_date": "2026-08-03", "end_date": "2026-08-14"}
    await say(world, "employment.updated")
    assert (await world.only_case()).reason_code == "employment_ended"


async def test_an_approvers_word_holds_until_the_record_says_more(world: World, job: dict[str, Any]):
    job |= SILENT
    await say(world, "individual.created")
    await act(world.services, "approve", (await world.only_case()).case_id, Ask("a-1", "HR says so"))
    case = await world.only_case()
    assert (case.state, case.approvals) == (State.WAITING_START, [APPROVE_UNCLEAR])
    await say(world, "individual.updated")
    assert (await world.only_case()).state is State.WAITING_START
    job |= {"is_active": True}
    await say(world, "employment.updated")
    job |= SILENT
    await say(world, "employment.updated")
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"employment_status": "prehire"}, State.WAITING_START),
        ({"is_active": True}, State.WAITING_START),
        ({"employment_status": "terminated"}, State.CLOSED),
    ],
)
async def test_a_record_that_says_more_answers(
    world: World, job: dict[str, Any], said: dict[str, Any], state: State
):
    job |= SILENT
    await say(world, "individual.created")
    assert (await world.only_case()).reason_code == APPROVE_UNCLEAR
    job |= said
    await say(world, "employment.updated")
    assert (await world.only_case()).state is state


async def test_who_works_there_already_is_asked_about_too(world: World, job: dict[str, Any]):
    await say(world, "individual.created")
    case = await world.only_case()
    case.apply(Event.START_NEAR)
    await world.store.cases.save(case)
    job |= SILENT
    await say(world, "employment.updated")
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)


@pytest.mark.parametrize("begun", [False, True])
async def test_what_leaves_it_open_stays_asked_and_an_event_alone_answers_nothing(
    world: World, job: dict[str, Any], begun: bool
):
    await say(world, "individual.created")
    case = await world.only_case()
    if begun:
        case.apply(Event.START_NEAR)
        case.account = Account("o-1", "ann@contoso.example", "i1", NOW)
        await world.store.cases.save(case)
    job |= SILENT
    for what in ("employment.updated", "individual.updated"):
        await say(world, what)
        case = await world.only_case()
        assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)
    adapter = catalog.adapters()["finch"]
    body = {
        "company_id": "c",
        "account_id": "a",
        "event_type": "individual.updated",
        "data": {"individual_id": "i1"},
    }
    call = signed(adapter, json.dumps(body).encode(), world.clock.at, message_id="msg_unread")
    answer = json.loads((await receive(world.services, "finch", call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)
    assert case.wakes_at == world.clock.at + timedelta(seconds=2), "it is read all the same"


# --- recruiting knows the person, too ---------------------------------------------------------------------------

APPLIED = {"id": "cand-1", "firstName": "Ann", "lastName": "Lee", "email": "ann@example.net",
           "primaryAssignment": {"status": "HIRED", "startDate": "2026-08-10"}}  # fmt: skip


@pytest.fixture
def both(job: dict[str, Any]) -> Iterator[World]:
    person = {**ANN, "emails": [{"data": "ann@example.net", "type": "personal"}]}

    def answer(request: httpx.Request) -> Any:
        if "/employer" not in request.url.path:
            return APPLIED
        body = person if request.url.path.endswith("/individual") else job
        return {"responses": [{"individual_id": "i1", "code": 200, "body": body}]}

    made = read_world(NOW, answer, read_source("finch"), read_source("smartrecruiters"))
    yield made
    made.store.close()


async def recruiting(world: World) -> None:
    """SmartRecruiters names the candidate, who is read."""
    world.clock.move(hours=1)
    headers = {
        "event-name": "application.status.updated",
        "event-id": f"e-{world.clock.at}",
        "event-version": "v1",
        "link": "x",
    }
    adapter = catalog.of_source(world.services.settings, "smartrecruiters", "smartrecruiters")
    assert adapter is not None
    body = json.dumps({"candidate_id": "cand-1", "id": "x"}).encode()
    call = signed(adapter, body, world.clock.at, headers=headers)
    answer = json.loads((await receive(world.services, "smartrecruiters", call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    world.clock.move(minutes=2)
    await read_due(world)


async def test_finchs_own_word_answers_what_it_had_left_open_although_recruiting_was_read_too(
    both: World, job: dict[str, Any]
):
    job |= SILENT
    await recruiting(both)
    await say(both, "individual.created")
    (case,) = [case for case in await both.all_cases() if case.listed]
    assert (case.reason_code, {*case.fetches}) == (APPROVE_UNCLEAR, {"finch", "smartrecruiters"})
    await recruiting(both)
    again = await both.store.cases.get(case.case_id)
    assert again is not None
    assert again.reason_code == APPROVE_UNCLEAR, "recruiting cannot say"
    job |= {"employment_status": "active", "is_active": True}
    await say(both, "employment.updated")
    again = await both.store.cases.get(case.case_id)
    assert again is not None
    assert (again.state, again.questions) == (State.WAITING_START, [])
