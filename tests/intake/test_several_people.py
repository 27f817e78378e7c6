"""A body about several people: one value that cannot be used keeps nobody else from starting, and is not forgotten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.operate.actions import Ask
from onboarding.operate.deliveries import replay
from onboarding.operate.delivery_words import explain
from onboarding.ports import Delivery, DeliveryStatus
from onboarding.settings import Secret, Settings, SourceSettings
from tests.support.intake_services import World, make_world, signed

LONG = "x" * 1100


def scim(*days: Any) -> dict[str, Any]:
    return {
        "Operations": [
            {"method": "POST", "path": "/Users", "data": {"externalId": f"p{n}", "displayName": "A", "hireDate": day}}
            for n, day in enumerate(days)
        ]
    }  # fmt: skip


def bamboo(*names: Any) -> dict[str, Any]:
    return {
        "employees": [
            {"id": f"p{n}", "fields": {"First name": {"value": name}, "Hire Date": {"value": "2026-12-01"}}}
            for n, name in enumerate(names)
        ]
    }


def custom(*days: Any) -> list[dict[str, Any]]:
    return [{"id": f"p{n}", "name": "A", "day": day} for n, day in enumerate(days)]


def cloud(*days: Any) -> list[dict[str, Any]]:
    person = {"given_name": "A", "type": "hire.created"}
    return [
        {"specversion": "1.0", "id": str(n), "source": "/hr", "type": "hire.created",
         "data": {**person, "employee_id": f"p{n}", "start_date": day}}
        for n, day in enumerate(days)
    ]  # fmt: skip


OPTIONS: dict[str, Mapping[str, Any]] = {
    "scim": {"start_date": "hireDate"},
    "bamboohr": {"hook": "fields"},
    "custom": {
        "event": {"items": "", "default": "hire.created"},
        "fields": {"employee_id": "/id", "given_name": "/name", "start_date": "/day"},
    },
    "cloudevents": {},
}
GOOD = "2026-12-01"
#: source → body, reason, place and status of the door.
ONE_BAD: list[tuple[str, Any, str, str, int]] = [
    ("scim", scim(GOOD, "01.12.2026", GOOD), "expected_iso_day", "$.Operations[1].data.hiredate", 202),
    ("scim", {"Operations": [*scim(GOOD)["Operations"], {"path": "/Users"}]}, "missing",
     "$.Operations[1].method", 202),
    ("bamboohr", bamboo("Ada", 5), "expected_text", "$.employees[1].fields.firstname", 200),
    ("bamboohr", bamboo(LONG, "Ada"), "too_long", "$.employees[0].fields.firstname", 200),
    ("custom", custom(GOOD, "01.12.2026"), "expected_iso_date", "$/1/day", 202),
    ("custom", [*custom(GOOD), {"name": "B"}], "missing_id", "$", 202),
    ("cloudevents", cloud(GOOD, "soon", GOOD), "expected_iso_date", "$[1].data.start_date", 202),
]  # fmt: skip
ALL_BAD: list[tuple[str, Any]] = [
    ("scim", scim("soon", "01.12.2026")),
    ("bamboohr", bamboo(5, LONG)),
    ("custom", custom("soon")),
    ("cloudevents", cloud("soon", "later")),
]


def a_source(slug: str, options: Mapping[str, Any] | None = None) -> SourceSettings:
    return SourceSettings(slug, slug, Secret("s3cret"), options=options or OPTIONS[slug])


async def post(world: World, slug: str, body: Any) -> tuple[int, dict[str, Any]]:
    adapter = catalog.bound(world.services.settings.sources[slug], slug)
    assert adapter is not None
    kind = {"content-type": "application/cloudevents-batch+json"} if slug == "cloudevents" else None
    call = signed(adapter, json.dumps(body).encode(), world.clock.at, secret="s3cret", headers=kind)
    response = await receive(world.services, slug, call)
    return response.status, json.loads(response.body)


async def taken(world: World, slug: str, body: Any, status: int) -> Delivery:
    answered, answer = await post(world, slug, body)
    assert (answered, answer.get("result")) == (status, "queued"), answer
    await process_delivery(world.services, answer["delivery_id"])
    return await world.delivery(answer["delivery_id"])


@pytest.mark.parametrize(("slug", "body", "reason", "path", "status"), ONE_BAD)
async def test_the_others_are_taken_over_and_the_delivery_waits_for_an_operator(
    slug: str, body: Any, reason: str, path: str, status: int
):
    world = make_world(a_source(slug))
    delivery = await taken(world, slug, body, status)
    cases = await world.all_cases()
    people = body if isinstance(body, list) else next(iter(body.values()))
    assert len(cases) == len(people) - 1
    assert {case.hire.start_date for case in cases} == {date(2026, 12, 1)}
    assert (delivery.status, delivery.reason_code) == (DeliveryStatus.UNREADABLE, reason)
    assert delivery.reason_detail == path
    assert set(delivery.case_ids) == {case.case_id for case in cases}
    assert delivery.body == json.dumps(body).encode(), "whole, so that it can be processed again"
    assert "the others were taken over" in explain(delivery)
    assert delivery.vendor_event_type != "unreadable"
    world.store.close()


@pytest.mark.parametrize(("slug", "body", "reason", "path", "status"), ONE_BAD)
async def test_the_senders_repeat_and_a_message_that_comes_twice_change_nothing(
    slug: str, body: Any, reason: str, path: str, status: int
):
    world = make_world(a_source(slug))
    first = await taken(world, slug, body, status)
    await process_delivery(world.services, first.delivery_id)
    cases = await world.all_cases()
    again = await taken(world, slug, body, status)
    assert await world.all_cases() == cases
    assert (again.delivery_id, again.status, again.case_ids) == (
        first.delivery_id,
        DeliveryStatus.UNREADABLE,
        first.case_ids,
    )
    world.store.close()


@pytest.mark.parametrize(("slug", "body"), ALL_BAD)
async def test_where_nothing_can_be_used_the_sender_is_told(slug: str, body: Any):
    world = make_world(a_source(slug))
    status, answer = await post(world, slug, body)
    assert (status, answer["code"]) == (400, "unreadable")
    assert await world.all_cases() == []
    (kept,) = (await world.store.deliveries.page(status="unreadable")).items
    assert kept.reason_code == answer["reason"]
    world.store.close()


async def test_a_group_beside_a_person_who_cannot_be_read_hides_nothing():
    world = make_world(a_source("scim"))
    body = scim("01.12.2026")
    body["Operations"].append({"method": "POST", "path": "/Groups", "data": {"displayName": "Cooks"}})
    assert (await post(world, "scim", body))[0] == 400
    world.store.close()


async def test_once_the_option_is_mended_a_replay_brings_who_was_left_out():
    world = make_world(a_source("custom"))
    delivery = await taken(world, "custom", custom("01.12.2026", GOOD, "02.12.2026"), 202)
    assert len(await world.all_cases()) == 1
    options = dict(OPTIONS["custom"])
    options["fields"] = {**options["fields"], "start_date": {"at": "/day", "dates": "eu"}}
    settings = Settings(sources={"custom": a_source("custom", options)})
    object.__setattr__(world.services, "settings", settings)
    await replay(world.services, delivery.delivery_id, Ask("o", "dates"))
    await process_delivery(world.services, delivery.delivery_id)
    found = {case.hire.employee_id: case.hire.start_date for case in await world.all_cases()}
    assert found == {"p0": date(2026, 12, 1), "p1": date(2026, 12, 1), "p2": date(2026, 12, 2)}
    delivery = await world.delivery(delivery.delivery_id)
    assert (delivery.status, delivery.reason_code) == (DeliveryStatus.UNREADABLE, "expected_eu_date")
    assert len(delivery.case_ids) == 2
    await world.store.deliveries.update(
        replace(delivery, body=json.dumps(custom("01.12.2026", "01.12.2026")).encode())
    )
    await replay(world.services, delivery.delivery_id, Ask("o", "dates"))
    await process_delivery(world.services, delivery.delivery_id)
    assert (await world.delivery(delivery.delivery_id)).status is DeliveryStatus.PROCESSED
    world.store.close()


async def test_a_filter_turns_people_away_and_not_the_one_who_cannot_be_read():
    source = replace(a_source("scim"), events=("scim.put",))
    world = make_world(source)
    assert (await post(world, "scim", scim(GOOD, "soon")))[0] == 400
    assert (await post(world, "scim", scim(GOOD, GOOD)))[1]["result"] == "ignored"
    world.store.close()
