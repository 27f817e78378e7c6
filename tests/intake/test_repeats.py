"""There and back again: what comes once more with the same body is a repeat, or news."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import VENDORS, World, make_world, signed

FIRST, SECOND = date(2026, 12, 1), date(2026, 12, 15)
MAP: dict[str, Any] = {
    "event": {"default": "hire.updated"},
    "fields": {"employee_id": "/id", "given_name": "/n", "start_date": "/s"},
}
HMAC = {"kind": "hmac", "header": "x-sig", "timestamp_header": "x-ts", "id_header": "x-id"}
SIGNED_ID = {**MAP, "auth": {**HMAC, "template": "{id}.{ts}.{body}", "tolerance_seconds": 300}}
SIGNED_TIME = {**MAP, "auth": {**HMAC, "template": "{ts}.{body}", "tolerance_seconds": 300}}
SIGNED_BODY = {**MAP, "auth": {"kind": "hmac", "header": "x-sig"}}


def a_source(slug: str, options: Mapping[str, Any] | None = None, name: str | None = None) -> SourceSettings:
    return SourceSettings(name or slug, slug, Secret("s3cret"), options=options or {})


async def post(
    world: World,
    source: SourceSettings,
    body: Mapping[str, Any],
    *,
    method: str = "POST",
    message_id: str = "m",
    headers: Mapping[str, str] | None = None,
    work: bool = True,
) -> tuple[str, str]:
    """Result and delivery id; worked off where it was queued."""
    adapter = catalog.bound(source, source.adapter)
    assert adapter is not None
    call = signed(
        adapter, json.dumps(body).encode(), world.clock.at, secret="s3cret", message_id=message_id,
        headers=headers, method=method,
    )  # fmt: skip
    answer = json.loads((await receive(world.services, source.source, call)).body)
    if work and answer["result"] == "queued":
        await process_delivery(world.services, answer["delivery_id"])
    return answer["result"], answer["delivery_id"]


def user(day: date, identifier: str = "7") -> dict[str, Any]:
    return {"externalId": identifier, "name": {"givenName": "Ada"}, "hireDate": day.isoformat()}


SCIM = a_source("scim", {"start_date": "hireDate"})


async def test_a_scim_day_that_is_moved_back_is_news_and_its_repeat_is_a_duplicate():
    world = make_world(SCIM)
    ids = set()
    for day in (FIRST, SECOND, FIRST, SECOND):
        world.clock.move(hours=2)
        result, delivery = await post(world, SCIM, user(day), method="PUT")
        assert (result, (await world.only_case()).hire.start_date) == ("queued", day)
        assert await post(world, SCIM, user(day), method="PUT") == ("duplicate", delivery)
        ids.add(delivery)
    assert len(ids) == 4
    world.store.close()


async def test_news_that_is_stored_and_not_queued_is_queued_by_the_senders_repeat():
    world = make_world(SCIM)
    for day in (FIRST, SECOND):
        world.clock.move(hours=2)
        await post(world, SCIM, user(day), method="PUT")
    world.clock.move(hours=2)
    world.wire.fail["queue.send"] = ConnectionError()
    with pytest.raises(ConnectionError):
        await post(world, SCIM, user(FIRST), method="PUT")
    world.wire.fail.clear()
    assert (await post(world, SCIM, user(FIRST), method="PUT"))[0] == "queued"
    assert (await world.only_case()).hire.start_date == FIRST
    world.store.close()


async def test_what_others_say_in_between_makes_no_news():
    other = a_source("scim", {"start_date": "hireDate"}, name="scim-two")
    world = make_world(SCIM, other)
    await post(world, SCIM, user(FIRST), method="PUT")
    world.clock.move(hours=2)
    await post(world, SCIM, user(FIRST, "8"), method="PUT")
    assert (await post(world, SCIM, user(FIRST), method="PUT"))[0] == "duplicate"
    world.store.close()


async def test_a_bulk_request_is_news_when_one_of_its_people_was_changed_since():
    world = make_world(SCIM)
    bulk = {"Operations": [{"method": "PUT", "path": "/Users", "data": user(FIRST, i)} for i in "78"]}
    await post(world, SCIM, bulk)
    assert (await post(world, SCIM, bulk))[0] == "duplicate"
    world.clock.move(hours=2)
    await post(world, SCIM, user(SECOND, "8"), method="PUT")
    world.clock.move(hours=2)
    assert (await post(world, SCIM, bulk))[0] == "queued"
    assert [case.hire.start_date for case in await world.all_cases()] == [FIRST, FIRST]
    world.store.close()


async def moved(options: Mapping[str, Any]) -> tuple[list[str], date | None]:
    """Results of there and back again, two hours apart, under ids of their own, and where the start stands."""
    source = a_source("custom", options)
    world = make_world(source)
    results = []
    for index, day in enumerate((FIRST, SECOND, FIRST)):
        world.clock.move(hours=2)
        said = {"id": "7", "n": "Ada", "s": day.isoformat()}
        results.append((await post(world, source, said, message_id=f"msg{index}"))[0])
        assert (await post(world, source, said, message_id=f"msg{index}"))[0] == "duplicate"
    start = (await world.only_case()).hire.start_date
    world.store.close()
    return results, start


@pytest.mark.parametrize("options", [MAP, SIGNED_ID, SIGNED_TIME])
async def test_a_custom_day_that_is_moved_back_is_news(options: Mapping[str, Any]):
    assert await moved(options) == (["queued"] * 3, FIRST)


async def test_a_body_that_is_signed_alone_counts_once():
    """Whoever has recorded it could send it again."""
    assert await moved(SIGNED_BODY) == (["queued", "queued", "duplicate"], SECOND)


async def test_a_signed_id_counts_once_whatever_its_body_and_another_header_is_no_id():
    source = a_source("custom", SIGNED_ID)
    world = make_world(source)
    said = {"id": "7", "n": "Ada", "s": FIRST.isoformat()}
    assert (await post(world, source, said))[0] == "queued"
    assert (await post(world, source, {**said, "s": SECOND.isoformat()}))[0] == "duplicate"
    world.store.close()
    unsigned = a_source("custom", SIGNED_TIME)
    world = make_world(unsigned)
    assert (await post(world, unsigned, said))[0] == "queued"
    assert (await post(world, unsigned, said, message_id="another"))[0] == "duplicate"
    world.store.close()


async def test_the_start_of_an_accepted_offer_goes_to_and_fro_and_a_hire_is_never_replayed():
    source = a_source("greenhouse")
    world = make_world(source)
    hire = json.loads((VENDORS / "greenhouse" / "hire_candidate.json").read_bytes())
    offer = json.loads((VENDORS / "greenhouse" / "offer_updated_accepted.json").read_bytes())
    world.clock.move(days=20)
    assert (await post(world, source, hire, headers={"greenhouse-event-id": "0"}))[0] == "queued"
    for index, start in enumerate(("09/21/2026", "09/28/2026", "09/21/2026")):
        world.clock.move(hours=3)
        offer["payload"]["start_date"] = start
        for result in ("queued", "duplicate"):
            assert (await post(world, source, offer, headers={"greenhouse-event-id": f"e{index}"}))[
                0
            ] == result
    assert (await world.only_case()).hire.start_date == date(2026, 9, 21)
    assert (await post(world, source, hire, headers={"greenhouse-event-id": "9"}))[0] == "duplicate"
    offer["payload"]["offer_status"] = "Rejected"
    results = [
        (await post(world, source, offer, headers={"greenhouse-event-id": f"r{n}"}))[0] for n in range(2)
    ]
    assert results == ["queued", "duplicate"]
    world.store.close()
