"""The door: what an answer says, in which order it judges, and what it keeps."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from onboarding.errors import StoreConflict, Unavailable
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import BULK_AFTER, MAX_BODY, Arrivals, delivery_id, receive
from onboarding.ports import BULK_QUEUE, WORK_QUEUE, DeliveryStatus
from tests.support.intake_services import (
    START,
    VENDORS,
    WHSEC,
    World,
    hire_body,
    logged,
    make_world,
    request,
    secrets_of,
    signed,
    source,
)

STANDARD = catalog.adapters()["standard-webhooks"]
GREENHOUSE = catalog.adapters()["greenhouse"]
PING = (VENDORS / "greenhouse" / "ping.json").read_bytes()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    world = make_world(
        source("standard-webhooks", "standard-webhooks", *secrets_of(STANDARD)),
        source("greenhouse", "greenhouse", *secrets_of(GREENHOUSE)),
        source("acme-hr", "standard-webhooks", WHSEC),
        source("not-ready", "greenhouse", None),
        source("misspelt", "greenhose", "x"),
        source("malformed", "standard-webhooks", "too-short"),
    )
    yield world
    world.store.close()


async def post(
    world: World, body: bytes, *, to: str = "standard-webhooks", message_id: str = "msg_1"
) -> dict:
    response = await receive(
        world.services, to, signed(STANDARD, body, world.clock.at, message_id=message_id)
    )
    return {"status": response.status, **json.loads(response.body)}


@pytest.mark.parametrize(
    "name",
    [
        "nobody",
        "",
        "Greenhouse",
        "greenhouse/",
        "../greenhouse",
        "green house",
        "ü",
        "a" * 5000,
        "\ud800",
        "-",
        "workday",
    ],
)
async def test_an_unknown_source_is_404_and_reveals_nothing(
    world: World, name: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    for method in ("POST", "GET", "DELETE"):
        response = await receive(world.services, name, request({}, b"", method))
        assert (response.status, json.loads(response.body)["code"]) == (404, "unknown_source")
        assert "Allow" not in response.headers
    assert len(name) < 3 or name not in logged(caplog.records)


async def test_a_source_is_an_instance_of_an_adapter_under_its_own_name(world: World):
    answer = await post(world, hire_body(), to="acme-hr")
    assert (answer["status"], answer["result"]) == (202, "queued")
    delivery = await world.delivery(answer["delivery_id"])
    assert (delivery.source, delivery.adapter) == ("acme-hr", "standard-webhooks")


@pytest.mark.parametrize(
    ("name", "code"),
    [("not-ready", "secret_missing"), ("misspelt", "no_adapter"), ("malformed", "secret_malformed")],
)
async def test_what_the_deployer_has_to_mend_is_503(world: World, name: str, code: str):
    response = await receive(world.services, name, signed(STANDARD, hire_body(), world.clock.at))
    assert (response.status, json.loads(response.body)["code"]) == (503, code)
    assert response.headers["Retry-After"] == "300"


async def test_checks_come_in_the_documented_order(world: World):
    """Every fault at once; mended one by one, the next in the order answers."""
    faults = [
        ("nobody", "GET", {"content-length": str(MAX_BODY + 1)}, b"", 404),
        ("not-ready", "GET", {"content-length": str(MAX_BODY + 1)}, b"", 405),
        ("not-ready", "POST", {"content-length": str(MAX_BODY + 1)}, b"", 413),
        ("not-ready", "POST", {}, PING, 200),
        ("not-ready", "POST", {}, b"", 411),
        ("not-ready", "POST", {"content-length": "0"}, b"", 400),
        ("not-ready", "POST", {"content-length": "2"}, b"[]", 503),
        ("greenhouse", "POST", {"content-length": "2"}, b"[]", 401),
    ]
    for name, method, headers, body, status in faults:
        assert (await receive(world.services, name, request(headers, body, method))).status == status
    call = signed(GREENHOUSE, b"[]", START)
    wrong_type = replace(call, headers={**call.headers, "content-type": "text/plain"})
    assert (await receive(world.services, "greenhouse", wrong_type)).status == 415
    world.wire.fail["queue.send"] = Unavailable("down")
    assert (await receive(world.services, "greenhouse", call)).status == 400
    hire = (VENDORS / "greenhouse" / "hire_candidate.json").read_bytes()
    assert (await receive(world.services, "greenhouse", signed(GREENHOUSE, hire, START))).status == 503


async def test_the_ping_on_saving_a_hook_is_answered_unsigned_and_changes_nothing(world: World):
    response = await receive(world.services, "greenhouse", request({}, PING))
    assert (response.status, json.loads(response.body)) == (
        200,
        {"accepted": True, "delivery_id": None, "result": "ping"},
    )
    assert world.wire.calls == []


@pytest.mark.parametrize(
    "body",
    [
        PING.replace(b'"ping"', b'"hire_candidate"'),
        b'{"action": "hire_candidate", "payload": {"web_hook_id": 1, "action": "ping"}}',
        b'{"action": "ping"}',
        PING + b" " * 3000,
        b'web_hook_id "action": "ping"',
    ],
)
async def test_only_exactly_a_ping_passes_without_a_signature(world: World, body: bytes):
    call = request({"content-length": str(len(body))}, body)
    assert (await receive(world.services, "greenhouse", call)).status == 401


async def test_a_signed_test_event_is_a_ping_and_is_not_stored(world: World):
    answer = await post(world, b'{"event_type": "test.ping"}')
    assert (answer["status"], answer["result"], answer["delivery_id"]) == (202, "ping", None)
    assert world.wire.calls == []


async def test_an_event_type_that_is_not_mapped_is_ignored_kept_and_not_queued(world: World):
    answer = await post(world, b'{"type": "shoe.bought", "data": {"size": 43}}')
    assert (answer["status"], answer["result"]) == (202, "ignored")
    delivery = await world.delivery(answer["delivery_id"])
    assert (delivery.status, delivery.vendor_event_type) == (DeliveryStatus.IGNORED, "shoe.bought")
    assert world.queue.sent == []
    assert (await post(world, b'{"type": "shoe.bought", "data": {"size": 43}}'))["result"] == "duplicate"


async def test_an_ignored_body_is_pruned_at_once(world: World):
    body = b'{"action": "job_created", "payload": {"job": {"custom_fields": {"salary": {"value": 80123}}}}}'
    response = await receive(world.services, "greenhouse", signed(GREENHOUSE, body, START))
    delivery = await world.delivery(json.loads(response.body)["delivery_id"])
    assert delivery.body == b'{"action":"job_created","payload":{"job":{}}}'


async def test_headers_are_kept_only_if_the_adapter_reads_them(world: World):
    answer = await post(world, hire_body())
    headers = (await world.delivery(answer["delivery_id"])).headers
    assert set(headers) == {"webhook-id", "webhook-timestamp", "content-type"}


async def test_the_same_id_with_another_body_is_a_duplicate_and_is_warned_of_by_hashes(
    world: World, caplog: pytest.LogCaptureFixture
):
    first = await post(world, hire_body())
    second = await post(world, hire_body(given_name="Mallory"))
    assert (second["status"], second["result"]) == (202, "duplicate")
    assert second["delivery_id"] == first["delivery_id"]
    assert b"Mallory" not in ((await world.delivery(first["delivery_id"])).body or b"")
    (record,) = [record for record in caplog.records if record.message == "delivery.same_id_other_body"]
    assert record.levelno == logging.WARNING
    assert "Mallory" not in logged([record])


async def test_the_same_id_from_two_sources_is_two_deliveries(world: World):
    one, two = await post(world, hire_body()), await post(world, hire_body(), to="acme-hr")
    assert one["delivery_id"] != two["delivery_id"]
    assert delivery_id("a", "b") != delivery_id("ab", "")


async def test_a_mended_body_under_the_same_id_replaces_the_unreadable_one(world: World):
    assert (await post(world, hire_body(start_date="soon")))["status"] == 400
    answer = await post(world, hire_body())
    assert answer["result"] == "queued"
    delivery = await world.delivery(answer["delivery_id"])
    assert (delivery.status, delivery.reason_code) == (DeliveryStatus.QUEUED, None)
    assert delivery.body == hire_body()


async def test_an_error_names_the_path_and_not_the_value(world: World):
    answer = await post(world, hire_body(start_date="31.12.2026"))
    assert (answer["reason"], answer["path"]) == ("expected_iso_date", "$.start_date")
    assert "31.12.2026" not in json.dumps(answer)


async def test_a_repeat_of_what_was_stored_and_not_queued_is_queued(world: World):
    world.wire.fail["queue.send"] = Unavailable("down")
    assert (await post(world, hire_body()))["status"] == 503
    world.wire.fail.clear()
    assert (await post(world, hire_body()))["result"] == "queued"
    assert (await post(world, hire_body()))["result"] == "duplicate"
    assert len(world.queue.sent) == 1


async def test_a_repeat_of_what_failed_is_queued_again(world: World):
    answer = await post(world, hire_body())
    delivery = await world.delivery(answer["delivery_id"])
    await world.store.deliveries.update(replace(delivery, status=DeliveryStatus.FAILED))
    assert (await post(world, hire_body()))["result"] == "queued"


@pytest.mark.parametrize("error", [StoreConflict("a worker was faster"), Unavailable("store went away")])
async def test_once_the_queue_has_it_the_sender_may_go(world: World, error: Exception):
    world.wire.fail["deliveries.update"] = error
    assert (await post(world, hire_body()))["result"] == "queued"
    world.wire.fail.clear()
    again = await post(world, hire_body())  # still `received`, so it is queued once more, which does no harm
    for _, message in world.queue.sent:
        if message.delivery_id:
            await process_delivery(world.services, message.delivery_id)
    assert again["result"] == "queued"
    assert len(await world.all_cases()) == 1


async def test_the_age_of_a_signature_is_judged_by_the_services_clock(world: World):
    call = signed(STANDARD, hire_body(), START)
    world.clock.move(days=30)
    assert (await receive(world.services, "standard-webhooks", call)).status == 401
    world.clock.move(days=-30)
    assert (await receive(world.services, "standard-webhooks", call)).status == 202


async def test_a_mass_arrival_takes_the_bulk_queue_and_another_source_overtakes_it(world: World):
    for number in range(BULK_AFTER + 5):
        await post(world, hire_body(employee_id=str(number)), message_id=f"msg_{number}")
    await post(world, hire_body(), to="acme-hr")
    queues = [queue for queue, _ in world.queue.sent]
    assert queues == [WORK_QUEUE] * BULK_AFTER + [BULK_QUEUE] * 5 + [WORK_QUEUE]
    world.clock.move(seconds=61)
    await post(world, hire_body(employee_id="late"), message_id="late")
    assert world.queue.sent[-1][0] == WORK_QUEUE


async def test_an_identical_greenhouse_body_under_another_event_id_is_a_duplicate(world: World):
    """The event id is not signed: somebody who replays a body may change it."""
    call = signed(GREENHOUSE, (VENDORS / "greenhouse" / "hire_candidate.json").read_bytes(), START)
    results = []
    for event_id in ("1", "2"):
        headers = {**call.headers, "greenhouse-event-id": event_id}
        response = await receive(world.services, "greenhouse", replace(call, headers=headers))
        results.append(json.loads(response.body)["result"])
    assert results == ["queued", "duplicate"]
