"""Recruiting systems that never say "hired": every step of every applicant is looked up, and what is read decides."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, Hire, Phone
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog, fetch, process
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.ports import HrRecord
from tests.support.hr_api import HrApi
from tests.support.intake_services import World, hire_body, make_world, secrets_of, signed, source

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
RECRUITING, HRIS = catalog.adapters()["smartrecruiters"], catalog.adapters()["standard-webhooks"]
ADA = Hire(
    candidate_id="c-1",
    given_name="Ada",
    family_name="Byron",
    personal_email="ada@personal.example",
    phones=(Phone("no number", "mobile"),),
    start_date=date(2026, 12, 1),
)
HIRED = HrRecord(ADA)
REJECTED = HrRecord(ADA, certainty=Certainty.CANDIDATE, withdrawn=True)
IN_REVIEW = HrRecord(ADA, certainty=Certainty.CANDIDATE)
OFFERED = HrRecord(ADA, certainty=Certainty.OFFER)
_numbers = itertools.count(1)


@pytest.fixture
def hr() -> HrApi:
    return HrApi(people={})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, hr: HrApi) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = make_world(*(source(item.slug, item.slug, *secrets_of(item)) for item in (RECRUITING, HRIS)))
    made.services = replace(made.services, hr=hr)
    made.clock.at = NOW
    yield made
    made.store.close()


async def post(world: World, to: str, body: bytes, **headers: str) -> None:
    call = signed(
        catalog.adapters()[to], body, world.clock.at, message_id=f"m{next(_numbers)}", headers=headers
    )
    answer = json.loads((await receive(world.services, to, call)).body)
    await process_delivery(world.services, answer["delivery_id"])


async def step(world: World, hr: HrApi, record: HrRecord) -> Case:
    """The application's status changed, and the candidate is read as this record."""
    hr.records["c-1"] = record
    body = json.dumps({"application_id": "a-1", "candidate_id": "c-1"}).encode()
    said = {"event-name": "application.status.updated", "event-id": f"e{next(_numbers)}"}
    await post(world, RECRUITING.slug, body, **said)
    world.clock.move(minutes=1)
    for case in await world.all_cases():
        if not await fetch.advance(world.services, case, world.clock.at):
            continue
        read = await world.store.cases.get(case.case_id)
        assert read is not None
        await process.reconsider(world.services, read, world.clock.at)
    return next(case for case in await world.all_cases() if case.listed)


@pytest.mark.parametrize("record", [REJECTED, IN_REVIEW])
async def test_of_an_applicant_whom_nobody_hired_the_ids_alone_are_kept(
    world: World, hr: HrApi, record: HrRecord
):
    case = await step(world, hr, record)
    assert (case.hire, case.findings, case.state) == (Hire(candidate_id="c-1"), [], State.RECEIVED)


@pytest.mark.parametrize("before", [REJECTED, IN_REVIEW, OFFERED])
async def test_whoever_is_hired_in_the_end_is_a_hire_whatever_came_before(
    world: World, hr: HrApi, before: HrRecord
):
    await step(world, hr, before)
    await step(world, hr, REJECTED)
    case = await step(world, hr, HIRED)
    assert (case.state, case.hire.given_name) == (State.WAITING_START, "Ada")


@pytest.mark.parametrize("after", [REJECTED, IN_REVIEW])
async def test_a_hire_that_recruiting_takes_back_is_withdrawn_and_may_come_again(
    world: World, hr: HrApi, after: HrRecord
):
    await step(world, hr, HIRED)
    case = await step(world, hr, after)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")
    assert "hire_cancelled" in await world.actions(case.case_id)
    case = await step(world, hr, HIRED)
    assert case.state is State.WAITING_START


async def test_what_an_hr_system_has_confirmed_recruiting_does_not_take_back(world: World, hr: HrApi):
    await step(world, hr, HIRED)
    body = hire_body(
        employee_id="7315",
        given_name="Ada",
        family_name="Byron",
        personal_email="ada@personal.example",
        start_date="2026-12-01",
    )
    await post(world, HRIS.slug, body)
    case = await step(world, hr, REJECTED)
    assert (case.state, case.hire.employee_id) == (State.WAITING_START, "7315")
