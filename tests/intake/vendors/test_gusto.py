"""Gusto's handshake, and signatures in whichever encoding it uses (no vector is published)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from onboarding.intake.receive import handshake_id, receive
from onboarding.intake.vendors.gusto import greet
from onboarding.settings import SourceSettings
from tests.support.intake_services import make_world, request
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
