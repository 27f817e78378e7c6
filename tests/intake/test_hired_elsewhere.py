"""The hire is over; the next one of the same person is another system's, under ids that do not meet: nobody is lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from onboarding.domain.account import Account
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.receive import Arrivals
from tests.intake.test_twins import alive
from tests.intake.test_twins_order import NAME, UPDATED, _told, ats, hris, payroll
from tests.support.intake_services import World, hire_body, secrets_of, source
from tests.support.read_world import post, read_source, read_world

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
HRIS = "standard-webhooks"
ENDS = ["hire.cancelled", "employment.terminated"]
ASKED = ("blocked", "needs_approval_same_person", "Lee", "2026-09-21")
PERSON = {"id": "i1", "first_name": "Ann", "last_name": "Lee", "phone_numbers": [],
          "emails": [{"data": "ann@example.net", "type": "personal"}]}  # fmt: skip
JOB = {"id": "i1", "title": "Developer", "end_date": None, "employment_status": "active", "is_active": True}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_arrivals", Arrivals())


@pytest.fixture
def world() -> Iterator[World]:
    def answer(call: httpx.Request) -> Any:
        body = PERSON if call.url.path.endswith("/individual") else JOB | {"start_date": "2026-09-14"}
        return {"responses": [{"individual_id": "i1", "code": 200, "body": body}]}

    hr = source(HRIS, HRIS, *secrets_of(catalog.adapters()[HRIS]))
    made = read_world(NOW, answer, read_source("finch"), hr)
    yield made
    made.store.close()


async def hr_says(world: World, kind: str, day: int, start: str | None) -> None:
    world.clock.move(hours=1)
    nothing = {"given_name": None, "family_name": None, "work_country": None}
    said = hire_body(
        event_type=kind, occurred_at=f"2026-08-{day}T08:00:00Z", employee_id="7", start_date=start,
        **(NAME | {"work_country": "GB"} if start else nothing),
    )  # fmt: skip
    await post(world, HRIS, json.loads(said))


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", ["individual.created", "individual.updated", "employment.updated"])
async def test_a_later_hire_that_a_read_shows_opens_the_case_that_is_over_again(
    world: World, kind: str, end: str, first: int, account: bool
):
    told = [("hire.created", 10, "2026-08-24"), (end, 11, None)]
    for word in told if first == 0 else reversed(told):
        await hr_says(world, *word)
    (case,) = await alive(world)
    assert case.state in {State.CANCELLED, State.CLOSED}
    if account:
        case.account = Account("u-1", "ann@contoso.example", "7", NOW)
        await world.store.cases.save(case)
    world.clock.move(days=5)
    said = {"company_id": "c", "account_id": "a", "event_type": kind, "data": {"individual_id": "i1"}}
    await post(world, "finch", said)
    (case,) = await alive(world)
    wanted = ("blocked", "needs_approval_rehire") if account else ("waiting_start", None)
    assert (str(case.state), case.reason_code, str(case.hire.start_date)) == (*wanted, "2026-09-14")


@pytest.mark.parametrize("kind", ["hire.updated", "start_date.changed"])
@pytest.mark.parametrize("system", [payroll, ats])
async def test_a_later_hire_that_only_an_update_shows_is_asked_about(system: Any, kind: str):
    over = ("cancelled", "cancelled_by_hr", "Lee", "2026-09-01")
    events = [
        hris(1, **NAME, start_date="2026-09-01"),
        hris(2, event_type="hire.cancelled"),
        system(3, **NAME, event_type=kind, start_date="2026-09-21"),
    ]
    for order in itertools.permutations(range(3)):
        found = await _told([events[item] for item in order])
        # Where the end is heard after the two were joined, it is that of both (docs/joining.md, known limits).
        late = order.index(1) == 2
        assert late or sorted(found, key=str) == [ASKED, over]


async def test_a_later_hire_that_only_an_update_shows_is_asked_about_after_an_end_as_well():
    hired, ended = hris(1, **NAME, start_date="2026-08-10"), hris(2, event_type="employment.terminated")
    updated = payroll(3, **NAME, **UPDATED, start_date="2026-09-07")
    for first in ([hired, ended], [ended, hired]):
        found = await _told([*first, updated])
        assert [item[:2] for item in sorted(found, key=str)] == [ASKED[:2], ("closed", "employment_ended")]


@pytest.mark.parametrize("system", [payroll, ats])
async def test_a_later_hire_that_is_announced_stands_in_every_order(system: Any):
    events = [
        hris(1, **NAME, start_date="2026-09-01"),
        hris(2, event_type="hire.cancelled"),
        system(3, **NAME, start_date="2026-09-21"),
    ]
    for order in itertools.permutations(events):
        assert await _told(list(order)) == [("waiting_start", None, "Lee", "2026-09-21")]
