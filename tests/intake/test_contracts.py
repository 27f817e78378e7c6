"""Events about a contract reach the hire whom the contract is about, in whatever order they come."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.errors import StoreConflict
from onboarding.hr_api import HrApis
from onboarding.intake import catalog, fetch
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.settings import Secret
from tests.support.intake_services import Killed, World, make_world, secrets_of, signed, source

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
DEEL = catalog.adapters()["deel"]
_numbers = itertools.count(1)


class Company:
    """What Deel's API answers."""

    def __init__(self) -> None:
        self.contracts: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.hire("P1", "C1")

    def hire(self, person: str, *contracts: str, status: str = "in_progress") -> None:
        listed = [{"id": item, "is_ended": False, "contract_status": status} for item in contracts]
        self.people[person] = {"id": person, "first_name": "Ada", "last_name": "Berg", "start_date": "2026-12-01",
                               "employments": listed}  # fmt: skip
        for item in contracts:
            self.contracts[item] = {"id": item, "status": status, "worker": {"id": person, "first_name": "Ada"},
                                    "start_date": "2026-12-01"}  # fmt: skip

    def __call__(self, request: httpx.Request) -> httpx.Response:
        *_, kind, identifier = request.url.path.split("/")
        found = (self.contracts if kind == "contracts" else self.people).get(identifier)
        return httpx.Response(200, json={"data": found}) if found else httpx.Response(404)


@pytest.fixture
def company() -> Company:
    return Company()


def fresh(company: Company) -> World:
    door._arrivals = Arrivals()
    api: dict[str, Any] = {"api_url": "https://api.letsdeel.com", "api_token": Secret("t")}
    made = make_world(replace(source("deel", "deel", *secrets_of(DEEL)), **api))
    hr = HrApis(
        made.services.settings,
        sleep=made.clock.sleep,
        fraction=lambda: 0.0,
        transport=httpx.MockTransport(company),
    )
    made.services = replace(made.services, hr=hr)
    made.clock.at = NOW
    return made


@pytest.fixture
def world(company: Company) -> Iterator[World]:
    made = fresh(company)
    yield made
    made.store.close()


async def take(world: World, name: str, identifier: str, **said: Any) -> None:
    at = world.clock.at + timedelta(microseconds=next(_numbers))
    body = {
        "data": {"meta": {"event_type": name}, "resource": {"id": identifier, **said}},
        "timestamp": at.isoformat(),
    }
    answer = json.loads(
        (await receive(world.services, "deel", signed(DEEL, json.dumps(body).encode(), world.clock.at))).body
    )
    await process_delivery(world.services, answer["delivery_id"])


async def tick(world: World, **move: float) -> None:
    """Time passes, and every read that is due is made, until none is; what died or lost a race comes again."""
    world.clock.move(**(move or {"seconds": 5}))
    for _ in range(8):
        for row in await world.store.cases.due(world.clock.at, 50):
            case = await world.store.cases.get(row.case_id)
            assert case is not None
            try:
                await fetch.advance(world.services, case, world.clock.at)
            except (Killed, StoreConflict):
                continue


async def listed(world: World) -> list[Case]:
    return [case for case in await world.all_cases() if case.listed]


async def states(world: World) -> list[tuple[State, str | None]]:
    return [(case.state, case.hire.employee_id) for case in await listed(world)]


CANCELLED = [(State.CANCELLED, "P1")]


@pytest.mark.parametrize("listed_there", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("together", [True, False])
async def test_a_cancelled_contract_withdraws_the_hire_it_is_about(
    world: World, company: Company, order: tuple[int, ...], together: bool, listed_there: bool
):
    company.hire("P1", "C1", status="cancelled")
    if not listed_there:
        company.people["P1"].pop("employments")
    told: list[tuple[str, str, dict[str, str]]] = [
        ("contract.created", "C1", {"status": "new"}),
        ("employee.created.direct", "P1", {}),
        ("contract.status.updated", "C1", {"status": "cancelled"}),
    ]
    for number in order:
        name, identifier, said = told[number]
        await take(world, name, identifier, **said)
        if not together:
            await tick(world)
    await tick(world)
    assert await states(world) == CANCELLED


async def test_another_contract_that_runs_keeps_the_hire(world: World, company: Company):
    await take(world, "employee.created.direct", "P1")
    await tick(world)
    company.hire("P1", "C1", "C2")
    company.contracts["C1"]["status"] = company.people["P1"]["employments"][0]["contract_status"] = (
        "cancelled"
    )
    await take(world, "contract.status.updated", "C1", status="cancelled")
    await tick(world)
    await take(world, "contract.terminated", "C1")
    await tick(world)
    assert await states(world) == [(State.WAITING_START, "P1")]


async def test_an_amended_contract_moves_the_start_of_the_hire(world: World, company: Company):
    await take(world, "employee.created.direct", "P1")
    await tick(world)
    company.contracts["C1"]["start_date"] = "2027-02-01"
    await take(world, "contract.amended", "C1")
    await tick(world)
    (case,) = await listed(world)
    assert (case.state, str(case.hire.start_date)) == (State.WAITING_START, "2027-02-01")


@pytest.mark.parametrize("date", [None, "2026-08-17", "2026-08-01"])
async def test_a_terminated_contract_ends_the_employment(world: World, company: Company, date: str | None):
    await take(world, "employee.created.direct", "P1")
    await tick(world)
    for record in (company.contracts["C1"], company.people["P1"]):
        record["start_date"] = "2026-07-01"
    company.contracts["C1"]["termination_date"] = date
    await take(world, "contract.terminated", "C1")
    await tick(world)
    (case,) = await listed(world)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


async def test_contracts_of_people_we_do_not_know_open_nothing(world: World):
    for name in ("contract.created", "contract.amended", "contract.terminated"):
        await take(world, name, "C1")
    assert await world.all_cases() == []


@pytest.mark.parametrize("contracts", [1, 2])
async def test_a_cancelled_contract_of_nobody_keeps_no_name_and_makes_no_hire(
    world: World, company: Company, contracts: int
):
    company.hire("P1", *[f"C{number + 1}" for number in range(contracts)])
    company.contracts["C1"]["status"] = "cancelled"
    await take(world, "contract.status.updated", "C1", status="cancelled")
    await tick(world)
    (case,) = await listed(world)
    assert case.state is (State.CANCELLED if contracts == 1 else State.RECEIVED)
    assert (case.hire.given_name is None) is (contracts == 1)


async def test_wherever_the_process_dies_while_it_reads_the_hire_is_withdrawn(company: Company):
    """The hire is known by its person, and the contract by itself: the read joins the two."""
    calls = 1
    number = 0
    while number < calls:
        for after in (False, True):
            world = fresh(company)
            company.hire("P1", "C1")
            company.people["P1"].pop("employments")
            await take(world, "employee.created.direct", "P1")
            await tick(world)
            company.contracts["C1"]["status"] = "cancelled"
            await take(world, "contract.status.updated", "C1", status="cancelled")
            world.wire.calls.clear()
            world.wire.kill = (number, after)
            await tick(world)
            calls = len(world.wire.calls)
            found = await states(world)
            world.store.close()
            assert found == CANCELLED, (number, after)
        number += 1
    assert calls > 5
