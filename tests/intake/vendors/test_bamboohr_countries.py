"""BambooHR: the employee's address says where they live, an office where they work, by whichever way it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from onboarding.domain.places.offices import country_of_office
from onboarding.domain.places.place import usage_location
from onboarding.intake.outcome import APPROVE_SAME_PERSON
from tests.support.intake_services import VENDORS, World
from tests.support.read_world import post, read_source, read_world
from tests.support.tables import check

NOW = datetime(2026, 8, 21, 8, 0, tzinfo=UTC)
AOIFE = {
    "id": "77",
    "firstName": "Aoife",
    "lastName": "Byrne",
    "hireDate": "2026-09-14",
    "country": "Ireland",
    "location": "London",
    "status": "Active",
}
LABELS = {"firstName": "First Name", "lastName": "Last Name", "hireDate": "Hire Date", "country": "Country",
          "location": "Location", "status": "Status"}  # fmt: skip


@pytest.fixture(params=["events", "fields"])
def hook(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def record() -> dict[str, Any]:
    return dict(AOIFE)


@pytest.fixture
def world(hook: str, record: dict[str, Any]) -> Iterator[World]:
    made = read_world(NOW, lambda _: record, read_source("greenhouse"), read_source("bamboohr", hook=hook))
    yield made
    made.store.close()


async def say(world: World, hook: str, record: dict[str, Any], what: str = "created") -> None:
    body: dict[str, Any]
    if hook == "events":
        data = {"employeeId": "77"}
        body = {"type": f"employee.{what}", "timestamp": world.clock.at.isoformat(), "data": data}
    else:
        fields = {LABELS[name]: {"value": value} for name, value in record.items() if name in LABELS}
        at = world.clock.at.isoformat()
        body = {"employees": [{"id": "77", "action": what.title(), "timestamp": at, "fields": fields}]}
    await post(world, "bamboohr", body)


async def test_whoever_lives_in_one_country_and_works_in_another_is_asked_about(
    world: World, hook: str, record: dict[str, Any]
):
    """Greenhouse's office is in the United Kingdom; an address in Ireland contradicts that in nothing."""
    hired = json.loads((VENDORS / "greenhouse" / "hire_candidate.json").read_bytes())
    hired["payload"]["application"]["candidate"] |= {
        "first_name": "Aoife", "last_name": "Byrne", "external_id": None, "phone_numbers": [],
        "email_addresses": [{"value": "aoife@example.net", "type": "personal"}],
    }  # fmt: skip
    await post(world, "greenhouse", hired)
    await say(world, hook, record)
    first, second = await world.all_cases()
    assert second.reason_code == APPROVE_SAME_PERSON
    assert (second.maybe_same, second.hire.start_date) == (first.case_id, first.hire.start_date)


async def test_an_office_that_is_called_by_its_country_says_where_somebody_works(
    world: World, hook: str, record: dict[str, Any]
):
    record["location"] = "Germany"
    await say(world, hook, record)
    hire = (await world.only_case()).hire
    assert (hire.home_country, hire.work_country, usage_location(hire)) == ("Ireland", "Germany", "DE")
    record["location"] = "London"
    world.clock.move(hours=1)
    await say(world, hook, record, "updated")
    hire = (await world.only_case()).hire
    assert (hire.home_country, hire.work_country, usage_location(hire)) == ("Ireland", None, "IE")


def test_the_name_of_an_office_is_a_country_only_where_it_is_called_by_nothing_else():
    check(
        {
            "Ireland": "Ireland", " United Kingdom ": "United Kingdom", "Deutschland": "Deutschland", "London": None,
            "Österreich": "Österreich", "España": "España", "Suisse": "Suisse", "Great Britain": "Great Britain",
            "Hong Kong": "Hong Kong", "the Netherlands": "the Netherlands", "Czech Republic": "Czech Republic",
            "Salvador": None, "Granada": None, "Holland": None, "Lebanon": None, "Jersey": None, "Panama": None,
            "Cuba": None, "Peru": None, "San Marino": None, "Mónaco": None, "Luxemburg": "Luxemburg",
            "Georgia": None, "CA": None, "IND": None, "Dublin, Ireland": None, "Remote": None, "": None, None: None,
        },
        country_of_office,
    )  # fmt: skip
