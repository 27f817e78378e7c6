"""HR ends a hire whose case asks whether another one is the same person's: the other one does not go on unasked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.errors import StoreConflict
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery, unite
from onboarding.intake.receive import Arrivals, receive
from onboarding.operate.actions import Ask, act
from onboarding.operate.rerun_plan import answers
from tests.intake.test_twins import ADAPTER, ATS, HRIS, alive
from tests.intake.test_twins_order import PAYROLL, ats, hris
from tests.support.intake_services import Killed, World, hire_body, make_world, secrets_of, signed, source

ANN = {"given_name": "Ann", "family_name": "Lee", "start_date": "2027-02-01"}
NOTHING = dict.fromkeys(("given_name", "family_name", "start_date", "work_country", "employee_id"))
#: HR does not know the private address: an ordinary company's webhook does not carry it.
OFFERED = ats(1, **ANN, personal_email="ann@example.net")
HIRED = hris(2, **ANN)
OVER = {
    "hire.cancelled": ("cancelled", "cancelled_by_hr"),
    "employment.terminated": ("closed", "employment_ended"),
}
ASKED = ("blocked", "needs_approval_same_person")
APPROVER = Ask("approver", "HR says so", answers=answers(approver=True))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = a_world()
    yield made
    made.store.close()


def a_world() -> World:
    return make_world(
        *(source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (ATS, HRIS, PAYROLL))
    )


async def accepted(world: World, number: int, to: str, said: dict[str, Any]) -> str:
    world.clock.move(minutes=1)
    call = signed(ADAPTER, hire_body(**NOTHING | said), world.clock.at, message_id=f"m{number}")
    found: str = json.loads((await receive(world.services, to, call)).body)["delivery_id"]
    return found


async def tell(world: World, *told: tuple[str, dict[str, Any]]) -> None:
    for number, (to, said) in enumerate(told):
        await process_delivery(world.services, await accepted(world, number, to, said))


async def states(world: World) -> list[tuple[str, str | None]]:
    return sorted((str(case.state), case.reason_code) for case in await alive(world))


async def the_candidates(world: World) -> Case:
    (found,) = [case for case in await alive(world) if case.hire.candidate_id]
    return found


@pytest.mark.parametrize("end", OVER)
@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_whoever_may_be_whom_hr_took_back_is_asked_about_in_every_order(
    world: World, order: tuple[int, ...], end: str
):
    told = [OFFERED, HIRED, hris(3, event_type=end)]
    await tell(world, *(told[item] for item in order))
    assert await states(world) == sorted([ASKED, OVER[end]])
    assert (await the_candidates(world)).state is State.BLOCKED


@pytest.mark.parametrize("one", [True, False])
async def test_the_answer_is_given_on_the_case_that_would_go_on(world: World, one: bool):
    await tell(world, OFFERED, HIRED, hris(3, event_type="hire.cancelled"))
    case = await the_candidates(world)
    await act(world.services, "approve" if one else "rerun", case.case_id, APPROVER)
    if one:
        await unite(world.services, await the_candidates(world), world.clock.at)
        assert await states(world) == [OVER["hire.cancelled"]]
    else:
        assert await states(world) == [OVER["hire.cancelled"], ("waiting_start", None)]
        await tell_again(world)
        assert await states(world) == [OVER["hire.cancelled"], ("waiting_start", None)]


async def tell_again(world: World) -> None:
    """HR goes on to edit the record of who never came."""
    to, said = hris(4, event_type="hire.updated", job_title="Cook")
    await process_delivery(world.services, await accepted(world, 9, to, said))


async def test_whoever_works_by_then_is_asked_about_as_well(world: World):
    await tell(world, OFFERED, HIRED)
    case = await the_candidates(world)
    case.account, case.state = Account("o-1", "ann@c.example", "7", world.clock.at), State.FOLLOWING_UP
    await world.store.cases.save(case)
    to, said = hris(3, event_type="employment.terminated")
    await process_delivery(world.services, await accepted(world, 9, to, said))
    assert await states(world) == [ASKED, OVER["employment.terminated"]]


async def test_of_two_people_nobody_is_asked_about_anew(world: World):
    await tell(world, OFFERED, HIRED)
    (asks,) = [case for case in await alive(world) if case.state is State.BLOCKED]
    await act(world.services, "rerun", asks.case_id, APPROVER)
    to, said = hris(3, event_type="hire.cancelled")
    await process_delivery(world.services, await accepted(world, 9, to, said))
    assert await states(world) == [OVER["hire.cancelled"], ("waiting_start", None)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("end", OVER)
async def test_wherever_it_dies_the_other_one_is_stopped_first(
    monkeypatch: pytest.MonkeyPatch, end: str, after: bool
):
    number, died = 0, True
    while died:
        monkeypatch.setattr(door, "_arrivals", Arrivals())
        world, died = a_world(), False
        await tell(world, OFFERED, HIRED)
        delivery = await accepted(world, 9, *hris(3, event_type=end))
        world.wire.calls.clear()
        world.wire.kill = (number, after)
        try:
            await process_delivery(world.services, delivery)
        except Killed:
            died = True
        world.wire.kill = None
        assert ASKED in await states(world)
        for _ in range(3):
            try:
                await process_delivery(world.services, delivery)
                break
            except StoreConflict:
                continue
        assert await states(world) == sorted([ASKED, OVER[end]]), number
        assert (await the_candidates(world)).state is State.BLOCKED
        world.store.close()
        number += 1
    assert number > 5
