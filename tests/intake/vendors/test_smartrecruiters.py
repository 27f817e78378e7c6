"""SmartRecruiters' signature against the vector of its own page, its handshake, and its many keys."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from onboarding.intake.receive import receive
from onboarding.settings import SourceSettings
from tests.support.intake_services import make_world, request
from tests.support.vendor_vectors import verdict

# https://developers.smartrecruiters.com/reference/subscriptionsgeneratesecretkey-1. The page prints the body with a
# blank before "cid" and the text that was hashed without it; web copies have lost the angle brackets.
KEY = "HeBVky2bccvvkcXPimH8c"
BODY = b'{"job_id":"jid","candidate_id":"cid"}'
SIGNED_AT = datetime.fromtimestamp(1574080897, UTC)
SIGNATURE = "2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f"
HEADERS = {
    "smartrecruiters-timestamp": "1574080897",
    "event-id": "123",
    "event-name": "application.created",
    "event-version": "v201910",
    "link": "<http://smartrecruiters.com/endpoint>; rel=self",
    "smartrecruiters-signature": f"v1={SIGNATURE}",
}


def test_the_vector_of_the_page_holds_and_every_signed_part_counts():
    assert verdict("smartrecruiters", HEADERS, BODY, SIGNED_AT, KEY) == "current"
    for name in HEADERS.keys() - {"smartrecruiters-signature", "smartrecruiters-timestamp"}:
        for headers in ({**HEADERS, name: HEADERS[name] + "x"}, {**HEADERS, name: ""}):
            assert verdict("smartrecruiters", headers, BODY, SIGNED_AT, KEY) == "signature_wrong", name
    assert verdict("smartrecruiters", HEADERS, BODY + b" ", SIGNED_AT, KEY) == "signature_wrong"
    late = SIGNED_AT + timedelta(days=4, seconds=1)
    assert verdict("smartrecruiters", HEADERS, BODY, late, KEY) == "signature_expired"


def test_a_signature_for_each_of_sixteen_keys_is_found_wherever_it_stands():
    keys = [f"key-{number}" for number in range(16)]
    signed = b".".join(
        (b"1574080897", BODY, b"123", b"application.created", b"v201910", HEADERS["link"].encode())
    )
    made = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    headers = {**HEADERS, "smartrecruiters-signature": ";".join(f"v1={item}" for item in made)}
    for key in (keys[0], keys[15]):
        assert verdict("smartrecruiters", headers, BODY, SIGNED_AT, key) == "current"
    only_last = {**HEADERS, "smartrecruiters-signature": f"v2=00;v1={made[15]}"}
    assert verdict("smartrecruiters", only_last, BODY, SIGNED_AT, *keys) == "previous-15"


def test_absent_headers_are_signed_as_empty_text():
    signed = b"1574080897." + BODY + b"...."
    made = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    headers = {"smartrecruiters-timestamp": "1574080897", "smartrecruiters-signature": f"v1={made}"}
    assert verdict("smartrecruiters", headers, BODY, SIGNED_AT, KEY) == "current"


def test_a_border_between_signed_parts_cannot_be_moved_into_the_event_id():
    shifted = {**HEADERS, "event-id": "123.application", "event-name": "created"}
    assert verdict("smartrecruiters", shifted, BODY, SIGNED_AT, KEY) == "signature_wrong"


async def test_the_activation_is_answered_with_its_own_value_even_without_a_secret():
    world = make_world(SourceSettings("smartrecruiters", "smartrecruiters"))
    call = request({"x-hook-secret": "4jn8fs9011jj8"}, b"")
    response = await receive(world.services, "smartrecruiters", call)
    assert (response.status, response.headers["X-Hook-Secret"]) == (200, "4jn8fs9011jj8")
    assert world.wire.calls == []
    for value in ("", "two words", "a\r\nSet-Cookie: b", "ü", "x" * 300):
        response = await receive(world.services, "smartrecruiters", request({"x-hook-secret": value}, b""))
        assert response.status == 411, value
    world.store.close()
