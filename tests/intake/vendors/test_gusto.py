"""Gusto's handshake, and signatures in whichever encoding it uses (no vector is published)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import handshake_id, receive
from onboarding.intake.vendors.gusto import greet
from onboarding.operate import vendors
from onboarding.ports import DeliveryStatus
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import make_world, request, signed
from tests.support.vendor_vectors import verdict

TOKEN = "6590f590-3dba-495e-9bea-c361e1e2efc0"  # of the vendor's page
HANDSHAKE = f'{{"verification_token": "{TOKEN}"}}'.encode()


def test_the_token_is_the_key_and_hex_and_base64_are_read():
    body, now = b'{"event_type":"employee.created"}', datetime(2026, 8, 17, tzinfo=UTC)
    digest = hmac.new(TOKEN.encode(), body, hashlib.sha256).digest()
    for text in (digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode()):
        assert verdict("gusto", {"x-gusto-signature": text}, body, now, TOKEN) == "current", text
        assert verdict("gusto", {"x-gusto-signature": text}, body + b" ", now, TOKEN) == "signature_wrong"


def test_a_token_beside_the_id_of_its_subscription_is_a_handshake_too():
    body = f'{{"webhook_subscription_uuid": "fe5fe8fb", "verification_token": "{TOKEN}"}}'.encode()
    found = greet(request({}, body))
    assert found is not None
    assert found.kept == TOKEN


def test_only_a_token_without_an_event_is_a_handshake():
    for body in (
        b"", b"[]", b'"x"', b"{}", b'{"verification_token": null}', b'{"verification_token": 7}',
        b'{"verification_token": "short"}', b'{"verification_token": "with blank inside"}',
        b'{"verification_token": "abcdefgh", "event_type": "employee.created"}',
        b'{"verification_token": "%s"}' % (b"a" * 300), b" " * 2000 + HANDSHAKE,
    ):  # fmt: skip
        assert greet(request({}, body)) is None, body


async def test_the_token_waits_for_the_operator_until_a_secret_is_there():
    world = make_world(SourceSettings("gusto", "gusto"))
    response = await receive(world.services, "gusto", request({"content-length": "60"}, HANDSHAKE))
    assert response.status == 200
    assert (await world.delivery(handshake_id("gusto"))).body == TOKEN.encode()
    assert world.queue.sent == []
    world.store.close()


def event(kind: str, number: int) -> bytes:
    said = {"uuid": f"u-{number}", "event_type": kind, "resource_type": "Company", "resource_uuid": "c"}
    person = {"entity_type": "Employee", "entity_uuid": "emp-1", "timestamp": 1787000000 + number}
    return json.dumps(said | person).encode()


async def test_a_greeting_beside_a_secret_never_makes_a_delivery_verify():
    world = make_world(SourceSettings("gusto", "gusto", Secret("in-force-0123")))
    await receive(world.services, "gusto", request({"content-length": "60"}, HANDSHAKE))
    assert (await world.delivery(handshake_id("gusto"))).body == TOKEN.encode()
    adapter, body = catalog.adapters()["gusto"], event("employee.created", 1)
    for secret, status in ((TOKEN, 401), ("in-force-0123", 200)):
        call = signed(adapter, body, world.clock.at, secret=secret, message_id="m")
        assert (await receive(world.services, "gusto", call)).status == status, secret
    world.store.close()


async def test_the_token_is_changed_within_one_source_and_the_person_stays_one():
    """docs/vendors/gusto.md, step by step: ids belong to a source, so that a second one would not know them."""
    world = make_world(
        SourceSettings("gusto", "gusto", Secret("the-first-token"), api_url="https://x.example")
    )
    adapter = catalog.adapters()["gusto"]

    async def send(kind: str, number: int, secret: str) -> tuple[int, DeliveryStatus]:
        call = signed(adapter, event(kind, number), world.clock.at, secret=secret, message_id=f"m{number}")
        response = await receive(world.services, "gusto", call)
        delivery_id = json.loads(response.body)["delivery_id"]
        await process_delivery(world.services, delivery_id)
        return response.status, (await world.delivery(delivery_id)).status

    await send("employee.created", 1, "the-first-token")
    await receive(world.services, "gusto", request({"content-length": "60"}, HANDSHAKE))
    token = await vendors.token(world.services, "gusto")
    source = SourceSettings(
        "gusto", "gusto", Secret(token), Secret("the-first-token"), api_url="https://x.example"
    )
    changed = replace(world.services.settings, sources={"gusto": source})
    world.services = replace(world.services, settings=changed)
    for number, secret in enumerate(("the-first-token", token), start=2):
        assert await send("employee.updated", number, secret) == (200, DeliveryStatus.PROCESSED)
    assert await send("employee.deleted", 4, token) == (200, DeliveryStatus.PROCESSED)
    case = await world.only_case()
    assert case.deleted_at is not None
    world.store.close()
