"""HiBob: what passes for its test message, and what of the older version is kept. It published no vector."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from onboarding.intake import catalog
from onboarding.intake.signing import sign
from tests.support.intake_services import START, VENDORS, request

HIBOB = catalog.adapters()["hibob"]


@pytest.mark.parametrize(
    "body",
    [b"Ping test", b'"Ping test"', b"Ping test\n", b'{"text":"Ping test"}', b'{ "text": "Ping test" }'],
)
def test_the_test_message_is_answered(body: bytes):
    assert HIBOB.greet(request({}, body)) is not None


@pytest.mark.parametrize(
    "body",
    [b"", b"ping test", b"Ping test!", b'{"text":"Ping test","type":"employee.created"}', b'{"text":"Ping"}', b"[",
     b"\xff", b'{"text":{"text":"Ping test"}}', b" " * 100 + b"Ping test", b"[" * 64],
)  # fmt: skip
def test_nothing_else_passes_for_the_test_message(body: bytes):
    assert HIBOB.greet(request({}, body)) is None


def test_a_signature_is_base64_of_sha512_over_the_body_alone():
    body = (VENDORS / "hibob" / "employee_created.json").read_bytes()
    made = sign(HIBOB, "secret", body, now=START, message_id="unused")["bob-signature"]
    assert base64.b64decode(made) == hmac.new(b"secret", body, hashlib.sha512).digest()


def test_of_the_older_version_only_the_id_is_kept():
    body = (VENDORS / "hibob" / "employee_created_v1.json").read_bytes()
    kept = HIBOB.prune(body)
    assert json.loads(kept)["employee"] == {"id": "3332883854254932743"}
    assert b"1990-02-28" not in kept


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ([{"id": "root.surname"}, {"id": "work.title"}], ("root.surname", "work.title")),
        (["root.surname"], ("root.surname",)),
        ([{"name": "x"}, None, 7, [], {"id": 7}, {"id": " "}], ()),
        ({"id": "root.surname"}, ()),
        ("root.surname", ()),
    ],
)
@pytest.mark.parametrize("key", ["fieldUpdates", "fieldUpdatesIds"])
def test_the_list_of_changed_fields_is_a_hint_in_whatever_form(
    key: str, changed: object, names: tuple[str, ...]
):
    said = {"type": "employee.updated", "data": {"employeeId": "1", key: changed}}
    (event,) = HIBOB.events("hibob", json.dumps(said).encode(), {})
    assert event.changed_fields == names
