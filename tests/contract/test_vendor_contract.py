"""What every vendor adapter must do at the door, run over the whole catalog and the captured-shape bytes."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.errors import Unavailable
from onboarding.intake import catalog
from onboarding.intake.adapter import SILENT, Adapter
from onboarding.intake.payload import MAX_DEPTH, Unreadable
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import MAX_BODY, receive
from onboarding.ports import DeliveryStatus
from onboarding.web import Response
from tests.support.intake_services import (
    VENDORS,
    World,
    lean,
    logged,
    make_world,
    request,
    secrets_of,
    signed,
    source,
)

ADAPTERS = list(catalog.adapters().values())
FIXTURES = [
    (adapter, path) for adapter in ADAPTERS for path in sorted((VENDORS / adapter.slug).glob("*.json"))
]
HEADERS = {"webhook-id": "msg_1", "greenhouse-event-id": "ev_1"}
PLANTED = ("Planted Ødegård", "+49 151 99887766", "planted@secret.example")

BAD_BODIES = {
    "not JSON": b"{'%s': 1}",
    "cut off": b'{"event_type": "hire.created", "name": "%s',
    "nothing but text": b"%s",
    "an array": b'["%s"]',
    "a bare number": b"17",
    "deep nesting": b'{"name": "%s", "x": ' + b"[" * (MAX_DEPTH + 5) + b"]" * (MAX_DEPTH + 5) + b"}",
    "nesting beyond any stack": b'{"name": "%s", "x": ' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}",
    "duplicate keys": b'{"name": "%s", "name": "x"}',
    "duplicate keys deep down": b'{"a": [{"b": {"name": "%s", "name": "%s"}}]}',
    "NaN": b'{"name": "%s", "x": NaN}',
    "infinity": b'{"name": "%s", "x": [-Infinity]}',
    "a number beyond floats": b'{"name": "%s", "x": 1e999}',
    "a huge integer": b'{"name": "%s", "x": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"name": "%s", "x": "\\ud800"}',
    "a lone surrogate as a key": b'{"name": "%s", "\\udc00": 1}',
    "NUL": b'{"name": "%s", "x": "a\\u0000b"}',
    "a raw control character": b'{"name": "%s", "x": "a\x00b"}',
    "not UTF-8": b'{"name": "%s", "x": "\xe9\xff"}',
    "UTF-16": '{"name": 1}'.encode("utf-16"),
    "wrong types": b'{"event_type": ["%s"], "action": {"%s": 1}}',
    "a hire without anything": b'{"event_type": "hire.created", "action": "hire_candidate", "payload": "%s"}',
}


def plant(template: bytes) -> bytes:
    for value in PLANTED * 2:
        template = template.replace(b"%s", value.encode(), 1)
    return template


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.slug)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    found: Adapter = request.param
    return found


@pytest.fixture
def world(adapter: Adapter) -> Iterator[World]:
    world = make_world(source(adapter.slug, adapter.slug, *secrets_of(adapter)))
    yield world
    world.store.close()


def hiring_body(adapter: Adapter) -> bytes:
    """The first fixture that is queued."""
    for path in sorted((VENDORS / adapter.slug).glob("*.json")):
        body = path.read_bytes()
        if any(event.event_type not in SILENT for event in adapter.events(adapter.slug, body, HEADERS)):
            return body
    raise AssertionError(f"tests/vendors/{adapter.slug} needs the bytes of a hire")


def said(response: Response) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(response.body)
    return data


async def test_every_adapter_has_bytes_documents_and_a_signature(adapter: Adapter):
    assert list((VENDORS / adapter.slug).glob("*.json"))
    assert adapter.documents
    assert all(address.startswith("https://") for address in adapter.documents)
    assert adapter.scheme.header == adapter.scheme.header.lower()
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", adapter.slug)
    assert adapter.success_status in {200, 202}
    assert not {"authorization", adapter.scheme.header} & set(adapter.headers)


@pytest.mark.parametrize(
    ("adapter", "path"), FIXTURES, ids=lambda item: getattr(item, "name", None) or item.slug
)
async def test_fixtures_parse_to_the_expected_events(adapter: Adapter, path: Path):
    events = adapter.events(adapter.slug, path.read_bytes(), HEADERS)
    expected = json.loads((path.parent / "expected" / path.name).read_text("utf-8"))
    assert [lean(event) for event in events] == expected


@pytest.mark.parametrize(
    ("adapter", "path"), FIXTURES, ids=lambda item: getattr(item, "name", None) or item.slug
)
async def test_a_pruned_body_means_the_same_and_is_free_of_what_is_not_used(adapter: Adapter, path: Path):
    body = path.read_bytes()
    pruned = adapter.prune(body)
    assert adapter.events("x", pruned, HEADERS) == adapter.events("x", body, HEADERS)
    assert not [key for key in adapter.pruned_keys if f'"{key}":'.encode() in pruned]


async def test_a_signed_delivery_is_stored_queued_and_answered(adapter: Adapter, world: World):
    response = await receive(
        world.services, adapter.slug, signed(adapter, hiring_body(adapter), world.clock.at)
    )
    assert response.status == adapter.success_status
    answer = said(response)
    assert answer["accepted"] is True
    assert answer["result"] == "queued"
    assert re.fullmatch(r"d_[a-z2-7]{26}", answer["delivery_id"])
    delivery = await world.delivery(answer["delivery_id"])
    assert delivery.status is DeliveryStatus.QUEUED
    assert delivery.body == hiring_body(adapter)
    assert delivery.verification is not None
    assert delivery.verification.key_id == "current"
    assert [message.delivery_id for _, message in world.queue.sent] == [answer["delivery_id"]]


async def test_the_previous_secret_is_accepted_and_named(adapter: Adapter, world: World):
    call = signed(adapter, hiring_body(adapter), world.clock.at, secret=secrets_of(adapter)[1])
    answer = said(await receive(world.services, adapter.slug, call))
    delivery = await world.delivery(answer["delivery_id"])
    assert delivery.verification is not None
    assert delivery.verification.key_id == "previous"


async def test_a_replay_is_a_duplicate_and_is_queued_once(adapter: Adapter, world: World):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    first = said(await receive(world.services, adapter.slug, call))
    again = await receive(world.services, adapter.slug, call)
    assert again.status == adapter.success_status
    assert said(again) == {**first, "result": "duplicate"}
    assert len(world.queue.sent) == 1


async def test_a_missing_signature_is_401(adapter: Adapter, world: World):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    headers = {name: value for name, value in call.headers.items() if name != adapter.scheme.header}
    response = await receive(world.services, adapter.slug, request(headers, call.body))
    assert (response.status, said(response)["code"]) == (401, "signature_missing")
    assert world.queue.sent == []


@pytest.mark.parametrize(
    "junk",
    [
        "",
        " ",
        ",",
        "v1",
        "v1,",
        "v1,,",
        "v1,%%%",
        "sha256 ",
        "sha256 zz",
        "sha256=00",
        "ü",
        "\ud800",
        "0" * 64,
        "A" * 9000,
    ],
)
async def test_junk_for_a_signature_is_401_and_never_an_error(adapter: Adapter, world: World, junk: str):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    for value in (junk, adapter.scheme.prefix + junk):
        headers = {**call.headers, adapter.scheme.header: value}
        response = await receive(world.services, adapter.slug, request(headers, call.body))
        assert response.status == 401


async def test_one_changed_byte_is_401(adapter: Adapter, world: World):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    response = await receive(world.services, adapter.slug, request(dict(call.headers), call.body + b" "))
    assert (response.status, said(response)["code"]) == (401, "signature_wrong")


async def test_another_sources_secret_is_401(adapter: Adapter, world: World):
    stranger = (
        "whsec_" + "QUJD" * 12 if adapter.scheme.key.__name__ == "standard_webhooks_key" else "stranger"
    )
    call = signed(adapter, hiring_body(adapter), world.clock.at, secret=stranger)
    assert (await receive(world.services, adapter.slug, call)).status == 401


async def test_a_signed_time_outside_the_tolerance_is_401(adapter: Adapter, world: World):
    tolerance = adapter.scheme.tolerance_seconds
    if tolerance is None:
        pytest.skip("this vendor signs no time: a replay is caught by its body's hash")
    for seconds, status in ((-tolerance, 202), (tolerance, 202), (-tolerance - 1, 401), (tolerance + 1, 401)):
        call = signed(adapter, hiring_body(adapter), world.clock.at + timedelta(seconds=seconds))
        assert (await receive(world.services, adapter.slug, call)).status == status


@pytest.mark.parametrize("kind", BAD_BODIES)
async def test_a_signed_body_that_cannot_be_used_is_400_and_kept(
    adapter: Adapter, world: World, kind: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    body = plant(BAD_BODIES[kind])
    if len(body) > MAX_BODY:
        body = body[:MAX_BODY]
    call = signed(adapter, body, world.clock.at)
    response = await receive(world.services, adapter.slug, call)
    assert (response.status, said(response)["code"]) == (400, "unreadable")
    page = await world.store.deliveries.page(status="unreadable")
    (kept,) = page.items
    assert kept.reason_code == said(response)["reason"]
    assert (await world.delivery(kept.delivery_id)).body == body
    assert world.queue.sent == []
    everything = logged(caplog.records) + response.body.decode() + str(kept.reason_detail)
    assert not [value for value in PLANTED if value in everything]


async def test_an_unreadable_delivery_answers_the_same_again(adapter: Adapter, world: World):
    call = signed(adapter, b"[]", world.clock.at)
    assert [(await receive(world.services, adapter.slug, call)).status for _ in range(2)] == [400, 400]


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "",
        "application/xml",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
    ],
)
async def test_a_wrong_media_type_is_415_after_the_signature_and_kept(
    adapter: Adapter, world: World, media_type: str
):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    wrong = request({**call.headers, "content-type": media_type}, call.body)
    response = await receive(world.services, adapter.slug, wrong)
    assert (response.status, said(response)["code"]) == (415, "media_type")
    assert [item.reason_code for item in (await world.store.deliveries.page(status="unreadable")).items] == [
        "media_type"
    ]
    mended = await receive(world.services, adapter.slug, call)
    assert said(mended)["result"] == "queued"


async def test_a_compressed_body_is_415(adapter: Adapter, world: World):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    zipped = request({**call.headers, "content-encoding": "gzip"}, call.body)
    assert (await receive(world.services, adapter.slug, zipped)).status == 415


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_another_method_is_405_with_allow(adapter: Adapter, world: World, method: str):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    response = await receive(world.services, adapter.slug, request(dict(call.headers), call.body, method))
    assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_too_large_is_413_by_announced_and_by_true_length(adapter: Adapter, world: World):
    small = signed(adapter, hiring_body(adapter), world.clock.at)
    announced = request({**small.headers, "content-length": str(MAX_BODY + 1)}, small.body)
    large = signed(adapter, b" " * (MAX_BODY + 1), world.clock.at)
    lying = request({**large.headers, "content-length": "17"}, large.body)
    for call in (announced, large, lying):
        response = await receive(world.services, adapter.slug, call)
        assert (response.status, said(response)["code"]) == (413, "too_large")


async def test_without_a_length_411_and_empty_400(adapter: Adapter, world: World):
    call = signed(adapter, hiring_body(adapter), world.clock.at)
    for length in (None, "", "x", "-1", "1, 1", "²"):
        headers = {name: value for name, value in call.headers.items() if name != "content-length"}
        headers |= {} if length is None else {"content-length": length}
        assert (await receive(world.services, adapter.slug, request(headers, call.body))).status == 411
    empty = await receive(world.services, adapter.slug, signed(adapter, b"", world.clock.at))
    assert (empty.status, said(empty)["code"]) == (400, "empty_body")


async def test_without_a_secret_503_and_never_401(adapter: Adapter):
    world = make_world()
    response = await receive(world.services, adapter.slug, request({"content-length": "2"}, b"{}"))
    assert (response.status, said(response)["code"]) == (503, "secret_missing")
    assert int(response.headers["Retry-After"]) > 0
    world.store.close()


@pytest.mark.parametrize("call", ["deliveries.put_if_absent", "queue.send"])
async def test_store_or_queue_down_is_503_and_a_repeat_is_queued(adapter: Adapter, world: World, call: str):
    message = signed(adapter, hiring_body(adapter), world.clock.at)
    world.wire.fail[call] = Unavailable("down", retry_after=2.5)
    response = await receive(world.services, adapter.slug, message)
    assert (response.status, response.headers["Retry-After"]) == (503, "3")
    world.wire.fail.clear()
    again = await receive(world.services, adapter.slug, message)
    assert said(again)["result"] == "queued"
    assert (await world.delivery(said(again)["delivery_id"])).status is DeliveryStatus.QUEUED


@pytest.mark.parametrize(
    ("adapter", "path"), FIXTURES, ids=lambda item: getattr(item, "name", None) or item.slug
)
async def test_no_value_of_a_body_is_logged_from_the_door_to_the_case(
    adapter: Adapter, path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    world = make_world(source(adapter.slug, adapter.slug, *secrets_of(adapter)))
    response = await receive(world.services, adapter.slug, signed(adapter, path.read_bytes(), world.clock.at))
    assert response.status == adapter.success_status
    for _, message in list(world.queue.sent):
        await process_delivery(world.services, message.delivery_id or "")
    text = logged([record for record in caplog.records if record.name.startswith("onboarding")])
    assert text
    assert not [value for value in values(json.loads(path.read_bytes())) if value in text]
    world.store.close()


def values(tree: Any) -> Iterator[str]:
    """Every text of five characters or more in a body, but for names of event types and the like."""
    if isinstance(tree, dict):
        for inner in tree.values():
            yield from values(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from values(inner)
    elif isinstance(tree, str) and len(tree) >= 5 and not re.fullmatch(r"[a-z_.]+", tree):
        yield tree


ODD: list[Any] = [
    None,
    7,
    -1.5,
    True,
    "",
    " ",
    "x",
    "x" * 2000,
    [],
    [1],
    [None],
    ["x"],
    [{}],
    {},
    {"a": 1},
    {"id": []},
]


@pytest.mark.parametrize(
    ("adapter", "path"), FIXTURES, ids=lambda item: getattr(item, "name", None) or item.slug
)
async def test_whatever_stands_anywhere_in_a_body_is_read_or_named(adapter: Adapter, path: Path):
    """Every node that a mapping may touch replaced by every odd value: an answer or Unreadable."""
    tree = json.loads(adapter.prune(path.read_bytes()))
    for parent, key in list(nodes(tree)):
        kept = parent[key]
        for odd in ODD:
            parent[key] = odd
            body = json.dumps(tree).encode()
            try:
                adapter.events("x", body, HEADERS)
            except Unreadable as error:
                assert error.path.startswith("$"), (key, odd)  # noqa: PT017
                assert "x" * 50 not in error.message  # noqa: PT017
            else:
                adapter.events("x", adapter.prune(body), HEADERS)
        parent[key] = kept


def nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key or index) of every node, containers before what they hold."""
    for key, inner in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(inner, dict | list):
            yield from nodes(inner)
