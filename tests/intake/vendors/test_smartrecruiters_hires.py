"""SmartRecruiters: a candidate may be hired by several applications, of which one may be of years ago."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog
from onboarding.intake.outcome import MISSING_START_DATE
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.intake.standing import APPROVE_UNCLEAR
from tests.support.intake_services import World, signed
from tests.support.read_world import read_due, read_source, read_world

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
INTERN, SUMMER, DEVELOPER = date(2019, 3, 1), date(2026, 6, 1), date(2026, 9, 14)
_numbers = itertools.count(1)


def application(status: str, start: date | None = None, title: str = "Developer") -> dict[str, Any]:
    return {"status": status, "startDate": start.isoformat() if start else None, "job": {"title": title}}


@pytest.fixture
def candidate() -> dict[str, Any]:
    return {"id": "c-1", "firstName": "Ann", "lastName": "Lee", "email": "ann@example.net",
            "phoneNumber": "+447700900123", "location": {"country": "gb"}}  # fmt: skip


@pytest.fixture
def world(candidate: dict[str, Any]) -> Iterator[World]:
    made = read_world(NOW, lambda request: candidate, read_source("smartrecruiters"))
    yield made
    made.store.close()


async def say(world: World, event: str = "application.status.updated") -> Case:
    """Something changed, and the candidate is read."""
    world.clock.move(hours=1)
    number = next(_numbers)
    headers = {"event-name": event, "event-id": f"e{number}", "event-version": "v1", "link": "x"}
    body = json.dumps({"candidate_id": "c-1", "application_id": "a-1"}).encode()
    adapter = catalog.adapters()["smartrecruiters"]
    call = signed(adapter, body, world.clock.at, message_id=f"m{number}", headers=headers)
    answer = json.loads((await receive(world.services, "smartrecruiters", call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    world.clock.move(minutes=2)
    await read_due(world)
    return await world.only_case()


@pytest.mark.parametrize("event", ["application.status.updated", "application.onboarding-status.updated"])
@pytest.mark.parametrize("status", ["WITHDRAWN", "REJECTED", "IN_REVIEW", "OFFERED"])
async def test_a_hire_that_is_taken_back_is_over_whatever_hired_the_person_years_ago(
    world: World, candidate: dict[str, Any], status: str, event: str
):
    candidate["secondaryAssignments"] = [application("HIRED", INTERN, "Intern")]
    candidate["primaryAssignment"] = application("HIRED", DEVELOPER)
    case = await say(world, event)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, DEVELOPER)
    candidate["primaryAssignment"] = application(status, DEVELOPER)
    case = await say(world)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")
    assert (case.hire.start_date, case.hire.job_title) == (DEVELOPER, "Developer")
    candidate["primaryAssignment"] = application("HIRED", DEVELOPER)
    case = await say(world)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, DEVELOPER)


@pytest.mark.parametrize("status", ["WITHDRAWN", "REJECTED", "IN_REVIEW"])
@pytest.mark.parametrize("main", [True, False])
async def test_this_summers_intern_whose_new_hire_is_withdrawn_is_asked_about(
    world: World, candidate: dict[str, Any], main: bool, status: str
):
    """Nobody is given an account for the first day of the internship, whichever is the main application."""

    def shown(status: str) -> None:
        new, old = application(status, DEVELOPER), application("HIRED", SUMMER, "Intern")
        candidate["primaryAssignment"], second = (new, old) if main else (old, new)
        candidate["secondaryAssignments"] = [second]

    shown("HIRED")
    case = await say(world)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, DEVELOPER)
    shown(status)
    for _ in range(2):
        case = await say(world)
        assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)
        assert (case.hire.start_date, case.hire.job_title) == (DEVELOPER, "Developer")
    shown("HIRED")
    case = await say(world)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, DEVELOPER)


async def test_a_first_day_that_is_moved_earlier_is_asked_about_by_nobody(
    world: World, candidate: dict[str, Any]
):
    candidate["secondaryAssignments"] = [application("REJECTED", None, "Cook")]
    for day in (DEVELOPER, date(2026, 9, 1), date(2026, 8, 10)):
        candidate["primaryAssignment"] = application("HIRED", day)
        case = await say(world)
        assert (case.reason_code, case.hire.start_date) == (None, day)


async def test_where_the_other_hire_has_no_first_day_an_approver_is_asked(
    world: World, candidate: dict[str, Any]
):
    candidate["secondaryAssignments"] = [application("HIRED", None, "Intern")]
    candidate["primaryAssignment"] = application("HIRED", DEVELOPER)
    await say(world)
    candidate["primaryAssignment"] = application("WITHDRAWN", DEVELOPER)
    case = await say(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)
    assert (case.hire.start_date, case.hire.job_title) == (DEVELOPER, "Developer")
    candidate["secondaryAssignments"] = [application("HIRED", INTERN, "Intern")]
    case = await say(world)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")


@pytest.mark.parametrize("main", ["REJECTED", "IN_REVIEW", "WITHDRAWN"])
async def test_whoever_is_hired_by_another_application_than_the_main_one_comes(
    world: World, candidate: dict[str, Any], main: str
):
    candidate["primaryAssignment"] = application(main, None, "Cook")
    candidate["secondaryAssignments"] = [
        application("HIRED", INTERN, "Intern"),
        application("HIRED", DEVELOPER),
    ]
    case = await say(world)
    assert (case.state, case.hire.start_date, case.hire.job_title) == (
        State.WAITING_START,
        DEVELOPER,
        "Developer",
    )


async def test_an_applicant_who_was_an_intern_years_ago_is_an_applicant(
    world: World, candidate: dict[str, Any]
):
    candidate["primaryAssignment"] = application("IN_REVIEW")
    candidate["secondaryAssignments"] = [application("HIRED", INTERN, "Intern")]
    case = await say(world)
    assert (case.state, case.hire.given_name, case.hire.start_date) == (State.RECEIVED, None, None)


async def test_whoever_applies_for_another_job_months_later_still_works_here(
    world: World, candidate: dict[str, Any]
):
    """The hire that the case knows is not of years ago, however long it takes."""
    candidate["primaryAssignment"] = application("HIRED", DEVELOPER)
    case = await say(world)
    case.account, case.state = Account("u-1", "ann@contoso.example", "c-1", NOW), State.FOLLOWING_UP
    await world.store.cases.save(case)
    world.clock.move(days=200)
    candidate["primaryAssignment"] = application("REJECTED", None, "Team lead")
    candidate["secondaryAssignments"] = [application("HIRED", DEVELOPER)]
    case = await say(world)
    assert (case.state, case.hire.start_date, case.hire.job_title) == (
        State.FOLLOWING_UP,
        DEVELOPER,
        "Developer",
    )


@pytest.mark.parametrize("event", ["application.status.updated", "application.onboarding-status.updated"])
async def test_a_new_hire_whose_first_day_is_missing_is_not_lost_behind_one_of_years_ago(
    world: World, candidate: dict[str, Any], event: str
):
    candidate["primaryAssignment"] = application("HIRED", INTERN, "Intern")
    candidate["secondaryAssignments"] = [application("HIRED")]
    case = await say(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, MISSING_START_DATE)
    case = await say(world, event)
    assert (case.state, case.reason_code, case.hire.job_title) == (State.BLOCKED, MISSING_START_DATE, None)
    candidate["secondaryAssignments"] = [application("HIRED", DEVELOPER)]
    case = await say(world, "application.fields.updated")
    assert (case.state, case.hire.start_date, case.hire.job_title) == (
        State.WAITING_START,
        DEVELOPER,
        "Developer",
    )


async def test_whoever_is_hired_again_after_years_comes_and_goes_also_where_the_old_hire_is_the_main_one(
    world: World, candidate: dict[str, Any]
):
    candidate["primaryAssignment"] = application("HIRED", INTERN, "Intern")
    candidate["secondaryAssignments"] = [application("IN_REVIEW")]
    case = await say(world)
    assert (case.state, case.hire.given_name, case.hire.start_date) == (State.RECEIVED, None, None)
    for status, state in (("HIRED", State.WAITING_START), ("REJECTED", State.CANCELLED)) * 2:
        candidate["secondaryAssignments"] = [application(status, DEVELOPER)]
        case = await say(world)
        assert (case.state, case.hire.start_date) == (state, DEVELOPER), status


async def test_of_a_hire_that_is_announced_and_began_long_ago_an_approver_is_asked(
    world: World, candidate: dict[str, Any]
):
    candidate["primaryAssignment"] = application("HIRED", INTERN, "Intern")
    case = await say(world, "application.onboarding-status.updated")
    assert (case.state, case.reason_code, case.hire.start_date) == (State.BLOCKED, MISSING_START_DATE, None)
    candidate["primaryAssignment"] = application("HIRED", DEVELOPER)
    case = await say(world, "application.fields.updated")
    assert (case.state, case.hire.start_date) == (State.WAITING_START, DEVELOPER)


async def test_a_first_day_long_past_that_is_corrected_takes_nobody_back(
    world: World, candidate: dict[str, Any]
):
    candidate["primaryAssignment"] = application("HIRED", DEVELOPER)
    case = await say(world)
    case.account, case.state = Account("u-1", "ann@contoso.example", "c-1", NOW), State.FOLLOWING_UP
    await world.store.cases.save(case)
    world.clock.move(days=200)
    candidate["primaryAssignment"] = application("HIRED", date(2026, 9, 21))
    case = await say(world)
    assert (case.state, case.hire.start_date) == (State.FOLLOWING_UP, date(2026, 9, 21))
