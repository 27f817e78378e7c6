"""Two deliveries that belong together are worked off at once, or the worker of one dies before it is done: what becomes
of it is what would have, had one come after the other.

The second worker runs whole before each call of the first one in turn. The calls are recorded from a clean run.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.case import PEOPLE, Alias, AliasKind
from onboarding.errors import StoreConflict
from onboarding.intake import receive as door
from onboarding.intake.openings import GIVEN_UP, MOST, is_given_up
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from tests.intake.test_twins import ADAPTER, ATS, HRIS, alive
from tests.intake.test_twins_order import ats, hris
from tests.support.intake_services import Killed, World, hire_body, make_world, secrets_of, signed, source

Told = tuple[str, dict[str, Any]]

DAY = {"start_date": "2027-02-01"}
ANN = {"given_name": "Ann", "family_name": "Lee", **DAY}
MAIL = {"personal_email": "ann@example.net"}
ANNA = hris(5, employee_number="11", given_name="Anna", family_name="Berg", **DAY)
END, DELETION = {"event_type": "employment.terminated"}, {"event_type": "employee.deleted"}
#: What came before; the two deliveries, of which the first is the one that is interrupted.
STORIES: dict[str, tuple[list[Told], Told, Told]] = {
    "two people, one number, both new": (
        [],
        ANNA,
        hris(6, employee_id="8", employee_number="11", given_name="Bert", family_name="Berg", **DAY),
    ),
    "a number that somebody has is given to somebody new": (
        [hris(1, given_name="Anna", family_name="Berg", **DAY)],
        hris(6, employee_id="8", employee_number="11", given_name="Bert", family_name="Colm", **DAY),
        hris(5, event_type="hire.updated", employee_number="11"),
    ),
    "HR's case gets its name as recruiting hires": (
        [hris(1, event_type="hire.updated", job_title="Cook")],
        hris(2, **ANN, **MAIL),
        ats(3, **ANN, **MAIL),
    ),
    "recruiting's case gets its name as HR hires": (
        [ats(1, event_type="hire.updated", certainty="offer", job_title="Cook")],
        ats(3, **ANN, **MAIL),
        hris(2, **ANN, **MAIL),
    ),
    "HR's case gets its name, there is only the first day to go by": (
        [hris(1, event_type="hire.updated", job_title="Cook")],
        hris(2, **ANN),
        ats(3, **ANN),
    ),
    "HR's hire event with the name of before comes late": (
        [hris(4, event_type="hire.updated", family_name="Wong")],
        hris(3, **ANN),
        ats(8, **ANN, **MAIL),
    ),
    "the private address comes with an update": (
        [hris(1, **ANN | {"start_date": "2027-06-01"})],
        hris(2, event_type="hire.updated", **DAY, **MAIL),
        ats(3, **ANN, **MAIL),
    ),
    "both are new": ([], hris(2, **ANN, **MAIL), ats(3, **ANN, **MAIL)),
    "HR's case is joined to recruiting's as its number is given to somebody else": (
        [ats(5, **ANN, **MAIL)],
        hris(2, **ANN, **MAIL, employee_number="11"),
        hris(7, employee_id="8", employee_number="11", given_name="Bert", family_name="Lee", **DAY, **MAIL),
    ),
    "an end while the hire is worked off": ([], hris(2, **ANN), hris(3, **END)),
    "a hire while its end is worked off": ([], hris(3, **END), hris(2, **ANN)),
    "a deletion while the hire is worked off": ([], hris(2, **ANN), hris(3, **DELETION)),
    "a hire while its deletion is worked off": ([], hris(3, **DELETION), hris(2, **ANN)),
    "a hire while an end of its number is worked off": (
        [],
        hris(3, **END, employee_id=None, employee_number="11"),
        hris(2, **ANN, employee_number="11"),
    ),
    "an end of a number that is given to somebody": (
        [hris(1, **ANN, employee_number="10"), hris(2, event_type="hire.updated", employee_number="11")],
        hris(4, **END, employee_id=None, employee_number="10"),
        hris(3, employee_id="8", given_name="Bert", family_name="Colm", employee_number="10", **DAY),
    ),
}


async def deliver(world: World, number: int, told: Told) -> str:
    to, said = told
    world.clock.move(minutes=1)
    nothing = dict.fromkeys(("given_name", "family_name", "start_date", "work_country", "employee_id"))
    call = signed(ADAPTER, hire_body(**nothing | said), world.clock.at, message_id=f"m{number}")
    found: str = json.loads((await receive(world.services, to, call)).body)["delivery_id"]
    return found


async def work(world: World, delivery_id: str) -> bool:
    """Works the delivery off. False: it has to be done again."""
    with contextlib.suppress(StoreConflict):
        await process_delivery(world.services, delivery_id)
        return True
    return False


async def prepared(before: list[Told], *two: Told) -> tuple[World, list[str]]:
    door._arrivals = Arrivals()
    world = make_world(*(source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (ATS, HRIS)))
    for number, told in enumerate(before):
        assert await work(world, await deliver(world, number, told))
    return world, [await deliver(world, 90 + number, told) for number, told in enumerate(two)]


async def outcome(world: World) -> str:
    """Who there is, by ids and name, and how they stand. Of two about whom somebody is asked, either may ask."""
    cases = await alive(world)
    asked = sorted(str(case.reason_code) for case in cases)
    found = sorted(
        str((case.hire.given_name, case.hire.start_date, sorted(case.ids.items()))) for case in cases
    )
    world.store.close()
    return f"{found} {asked}"


async def in_turn(before: list[Told], one: Told, other: Told) -> tuple[str, int]:
    """Also the calls of the first one."""
    world, (first, second) = await prepared(before, one, other)
    world.wire.calls.clear()
    assert await work(world, first)
    calls = len(world.wire.calls)
    assert await work(world, second)
    return await outcome(world), calls


async def interrupted(before: list[Told], one: Told, other: Told, at: int, *, dies: bool) -> str:
    world, (first, second) = await prepared(before, one, other)
    inner, left, todo = world.wire.call, [at], [first, second]

    async def call(name: str, run: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            world.wire.call = inner  # type: ignore[method-assign]
            if await work(world, second):
                todo.remove(second)
            if dies:
                todo.append(first)
                raise Killed
        return await run(*args, **named)

    world.wire.call = call  # type: ignore[method-assign]
    for _ in range(16):
        with contextlib.suppress(Killed):
            delivery_id = todo.pop(0)
            todo += [] if await work(world, delivery_id) else [delivery_id]
        if not todo:
            break
    assert not todo, "it never came to an end"
    return await outcome(world)


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("story", STORIES)
async def test_two_at_once_are_as_one_after_the_other(story: str, dies: bool) -> None:
    before, one, other = STORIES[story]
    (wanted, calls), (also, _) = await in_turn(before, one, other), await in_turn(before, other, one)
    for at in range(calls):
        assert await interrupted(before, one, other, at, dies=dies) in {wanted, also}, f"before call {at}"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = make_world(*(source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (ATS, HRIS)))
    yield made
    made.store.close()


async def test_a_number_whose_worker_died_for_good_keeps_nobody_waiting_for_ever(world: World) -> None:
    number = Alias(HRIS, AliasKind.EMPLOYEE_NUMBER, "11")
    await world.store.cases.claim_alias(number, "c_dead")
    delivery_id = await deliver(world, 1, ANNA)
    assert not await work(world, delivery_id)
    world.clock.at += GIVEN_UP - timedelta(seconds=1)
    assert not await work(world, delivery_id)
    assert await world.store.cases.owners([number]) == {number: "c_dead"}
    world.clock.at += timedelta(seconds=1)
    assert not await work(world, delivery_id)  # released
    assert await work(world, delivery_id)
    assert (await world.store.cases.owners([number]))[number] == (await world.only_case()).case_id


async def test_neither_does_a_key(world: World) -> None:
    await work(world, await deliver(world, 1, hris(1, **ANN, **MAIL)))
    case = await world.only_case()
    keys = [alias for alias, _ in (await world.store.cases.walk_aliases()).items if alias.source == PEOPLE]
    for key in keys:
        await world.store.cases.move_alias(key, case.case_id, "c_dead")
    delivery_id = await deliver(world, 2, ats(3, **ANN, **MAIL))
    assert not await work(world, delivery_id)
    world.clock.at += GIVEN_UP
    tries = 0
    while not await work(world, delivery_id) and tries < 20:  # one key after the other is found, and released
        tries, world.clock.at = tries + 1, world.clock.at + timedelta(seconds=2)
    assert tries < 20
    assert len(await world.all_cases()) == 2
    owners = await world.store.cases.owners(keys)
    assert "c_dead" not in owners.values()


async def test_as_many_are_waited_for_as_there_is_room_and_each_for_its_own_hour(world: World) -> None:
    for number in range(MOST + 10):
        assert not await is_given_up(world.services, f"c_{number}", world.clock.at)
    world.clock.at += GIVEN_UP
    given_up = [
        await is_given_up(world.services, f"c_{number}", world.clock.at) for number in range(MOST + 10)
    ]
    assert given_up == [True] * MOST + [False] * 10
    world.clock.at += timedelta(days=1)  # the room is free again
    assert not await is_given_up(world.services, "c_new", world.clock.at)
    world.clock.at += GIVEN_UP
    assert await is_given_up(world.services, "c_new", world.clock.at)


async def test_the_claim_of_a_case_that_is_there_is_never_released(world: World) -> None:
    """A row of an older version does not say whose the number is: the alias does."""
    await work(world, await deliver(world, 1, hris(1, employee_id=None, employee_number="11", **ANN)))
    case = await world.only_case()
    case.numbers, case.hire = {}, replace(case.hire, employee_number="P11")
    await world.store.cases.save(case)
    delivery_id = await deliver(world, 2, hris(2, employee_number="11", **ANN))
    assert not await work(world, delivery_id)
    world.clock.at += GIVEN_UP
    assert await work(world, delivery_id)
    assert (await world.only_case()).case_id == case.case_id


async def test_an_end_waits_for_the_hire_that_is_worked_off_and_is_noted_where_none_comes(
    world: World,
) -> None:
    await world.store.cases.claim_alias(Alias(HRIS, AliasKind.EMPLOYEE_ID, "7"), "c_dead")
    delivery_id = await deliver(world, 1, hris(3, **END))
    assert not await work(world, delivery_id)
    world.clock.at += GIVEN_UP
    assert not await work(world, delivery_id)  # released
    assert await work(world, delivery_id)
    assert await work(world, await deliver(world, 2, hris(2, **ANN)))
    assert (await world.only_case()).reason_code == "employment_ended"


async def test_who_met_a_key_that_its_owner_has_outgrown_is_two_people_and_costs_one_write(
    world: World,
) -> None:
    """HR put in another's address, and corrected it with the name."""
    await work(world, await deliver(world, 1, hris(1, **ANN, **MAIL)))
    await work(
        world,
        await deliver(
            world, 2,
            hris(2, event_type="hire.updated", given_name="Bo", family_name="Berg", start_date="2027-05-01",
                 personal_email="bo@example.net"),
        ),
    )  # fmt: skip
    saves = []
    for number in range(3):
        world.wire.calls.clear()
        await work(world, await deliver(world, 10 + number, ats(3 + number, **ANN, **MAIL)))
        saves.append(world.wire.calls.count("cases.save"))
    assert saves == [1, 1, 1]  # the other's; then the own one
    first, second = await world.all_cases()
    assert (list(first.met), second.met) == ([second.case_id], {})
    assert {first.reason_code, second.reason_code} == {None}


async def test_who_was_noted_and_never_opened_keeps_nobody_waiting_for_ever(world: World) -> None:
    await work(world, await deliver(world, 1, hris(1, **ANN)))
    case = await world.only_case()
    case.met = {"c_dead": world.clock.at}
    await world.store.cases.save(case)
    delivery_id = await deliver(world, 2, hris(2, event_type="hire.updated", job_title="Cook"))
    assert not await work(world, delivery_id)
    world.clock.at += GIVEN_UP
    assert await work(world, delivery_id)
