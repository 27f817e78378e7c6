"""What an approver or operator says about two cases is about these two, and no word about a third."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.intake import receive as door
from onboarding.intake.receive import Arrivals
from onboarding.operate import rerun_plan, work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WorkMessage
from tests.intake.test_twins import ADAPTER, ATS, HRIS, alive, candidate, employee, take, two_accounts
from tests.support.intake_services import START, Killed, World, make_world, secrets_of, source

ASK = Ask("boss", "asked HR", answers=rerun_plan.answers(approver=True))
PAYROLL = "our-payroll"


def new_world() -> World:
    return make_world(
        *(source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (ATS, HRIS, PAYROLL))
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = new_world()
    yield made
    made.store.close()


NUMBER = ["+45 20 12 34 56"]


async def asked(world: World) -> Case:
    """The employee's case waits for word about the candidate's."""
    await candidate(world)
    await employee(world, start_date="2027-04-01", phones=NUMBER)
    return next(case for case in await alive(world) if case.state is State.BLOCKED)


async def a_third(world: World, **said: Any) -> None:
    """Payroll knows somebody of the employee's name and telephone number."""
    alone = {"candidate_id": None, "personal_email": None, "employee_id": "P-1", "start_date": "2027-06-01"}
    await take(world, PAYROLL, **{**alone, "phones": NUMBER, **said})


async def of(world: World, name: str, value: str) -> Case:
    return next(case for case in await alive(world) if getattr(case.hire, name) == value)


async def test_two_people_is_a_word_about_these_two(world: World):
    waiting = await asked(world)
    await act(world.services, "rerun", waiting.case_id, ASK)
    await employee(world, event_type="hire.updated", occurred_at="2026-08-17T09:40:00Z", job_title="Cook")
    await a_third(world)
    third = await of(world, "employee_id", "P-1")
    assert (third.reason_code, third.maybe_same) == ("needs_approval_same_person", waiting.case_id)
    first, employed = await of(world, "candidate_id", "c-9"), await of(world, "employee_id", "7315")
    assert {first.reason_code, employed.reason_code} == {None}


async def test_one_person_is_a_word_about_these_two(world: World):
    """Whoever is found to be alike afterwards is asked about, and not joined unasked."""
    waiting = await asked(world)
    await act(world.services, "approve", waiting.case_id, ASK)
    await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    (one,) = await alive(world)
    assert (one.approvals, one.hire.candidate_id, one.hire.employee_id) == ([], "c-9", "7315"), "used up"
    other = ["+45 20 12 34 57"]
    await a_third(world, phones=other)
    news = {"event_type": "hire.updated", "start_date": "2027-04-01", "phones": other}
    await employee(world, occurred_at="2026-08-17T09:50:00Z", **news)
    for case in await alive(world):
        await work.handle(world.services, WorkMessage(case_id=case.case_id))
    assert len(await alive(world)) == 2
    assert "needs_approval_same_person" in [case.reason_code for case in await alive(world)]


async def test_a_yes_is_about_the_case_that_was_shown(world: World):
    """Before the worker comes, an event finds another one that is alike."""
    waiting = await asked(world)
    await act(world.services, "approve", waiting.case_id, ASK)
    other = ["+45 20 12 34 57"]
    await a_third(world, phones=other)
    news = {
        "event_type": "hire.updated",
        "start_date": "2027-04-01",
        "personal_email": "none",
        "phones": other,
    }
    await employee(world, occurred_at="2026-08-17T09:50:00Z", **news)
    for case in await alive(world):
        await work.handle(world.services, WorkMessage(case_id=case.case_id))
    ids = sorted((case.hire.candidate_id or "", case.hire.employee_id or "") for case in await alive(world))
    assert ids == [("", "P-1"), ("c-9", "7315")]


async def test_wherever_it_dies_two_that_are_one_person_are_one_case_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
):
    number = 0
    while True:
        for after in (False, True):
            monkeypatch.setattr(door, "_arrivals", Arrivals())
            world = new_world()
            try:
                waiting = await asked(world)
                await act(world.services, "approve", waiting.case_id, ASK)
                begin = len(world.wire.calls)
                world.wire.kill = (begin + number, after)
                with contextlib.suppress(Killed):
                    await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
                done = len(world.wire.calls) - begin <= number
                world.wire.kill = None
                for case in await alive(world):
                    await work.handle(world.services, WorkMessage(case_id=case.case_id))
                cases = await alive(world)
                assert len(cases) == 1, world.wire.calls[begin:]
                assert cases[0].maybe_same is None
                if done:
                    assert number > 5
                    return
            finally:
                world.store.close()
        number += 1


async def test_two_accounts_is_a_word_about_these_two(world: World):
    seen, other = await two_accounts(world)
    await act(world.services, "rerun", seen.case_id, ASK)
    await candidate(world, personal_email=None, candidate_id="c-11", given_name="Bob")
    third = await of(world, "candidate_id", "c-11")
    third.account = Account("o-3", "c@contoso.example", "m", START)
    await world.store.cases.save(third)
    later = {"event_type": "hire.updated", "personal_email": None}
    for minute, candidate_id in ((50, "c-9"), (51, "c-10")):
        at = f"2026-08-17T09:{minute}:00Z"
        await candidate(world, candidate_id=candidate_id, employee_id="E-1", occurred_at=at, **later)
    asks = [await world.store.cases.get(item.case_id) for item in (seen, other)]
    assert [case.reason_code for case in asks if case] == [None, None], "whichever of them the event leads to"
    await candidate(
        world, candidate_id="c-11", employee_id="E-1", occurred_at="2026-08-17T09:55:00Z", **later
    )
    reasons = [case.reason_code for case in await alive(world)]
    assert reasons.count("two_accounts") == 1


async def test_what_was_said_of_other_accounts_and_people_goes_on_with_the_person(world: World):
    waiting = await asked(world)
    other = await of(world, "candidate_id", "c-9")
    other.approvals = ["not_this:o-9", "two_people:c_00000000000000000099", "needs_approval_pass"]
    await world.store.cases.save(other)
    await act(world.services, "approve", waiting.case_id, ASK)
    await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    (one,) = await alive(world)
    assert one.case_id == waiting.case_id
    assert one.approvals == ["not_this:o-9", "two_people:c_00000000000000000099"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_whoever_is_like_two_others_is_asked_about_both(world: World, at_once: bool):
    """The one by telephone, the other by the private address: an answer about one is none about the other."""
    await candidate(world, personal_email=None, phones=NUMBER)
    await a_third(world, phones=["+45 20 12 34 57"], given_name="Bob", personal_email="soren@example.net")
    known: dict[str, Any] = {"start_date": "2027-04-01", "phones": NUMBER}
    await employee(world, **known, **({} if at_once else {"personal_email": None}))
    if not at_once:
        await employee(world, event_type="hire.updated", occurred_at="2026-08-17T09:40:00Z", **known)
    waiting = await of(world, "employee_id", "7315")
    both = {(await of(world, "candidate_id", "c-9")).case_id, (await of(world, "employee_id", "P-1")).case_id}
    assert set(waiting.others("needs_approval_same_person")) == both
    for _ in both:
        waiting = await of(world, "employee_id", "7315")
        assert waiting.reason_code == "needs_approval_same_person"
        await act(world.services, "rerun", waiting.case_id, ASK)
        with contextlib.suppress(AssertionError):  # provisioning has no tenant here
            await work.handle(world.services, WorkMessage(case_id=waiting.case_id))
    waiting = await of(world, "employee_id", "7315")
    assert set(waiting.approvals) == {f"two_people:{other}" for other in both}
    assert (waiting.state, waiting.maybe_same, waiting.questions) == (State.WAITING_START, None, [])
