"""Lever's signature in the body: what it proves, what it does not, and that a token is good once."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.hire import Certainty
from onboarding.intake import catalog
from onboarding.intake.payload import Unreadable
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.intake.vendors.lever import from_body, greet
from onboarding.settings import SourceSettings
from tests.support.intake_services import make_world, request
from tests.support.vendor_fixtures import fixtures
from tests.support.vendor_vectors import verdict

BYTES = {item.path.stem: item for item in fixtures("lever")}
HIRED: dict[str, Any] = json.loads(BYTES["candidate_hired"].body)
NOW = datetime.fromtimestamp(HIRED["triggeredAt"] / 1000, UTC)
HIRED_KEY, ARCHIVE_KEY, DELETED_KEY = "a7d66f63", "0b675964", "c0ffee00"


def body(key: str = HIRED_KEY, **said: Any) -> bytes:
    """A body that is signed by its token and time, as the documentation says: hex, nothing between the two."""
    made = {**HIRED, **said}
    text = f"{made['token']}{made['triggeredAt']}".encode()
    return json.dumps(
        {"signature": hmac.new(key.encode(), text, hashlib.sha256).hexdigest(), **made}
    ).encode()


def test_token_and_time_are_signed_and_each_hook_has_its_own_key():
    keys = (HIRED_KEY, ARCHIVE_KEY, DELETED_KEY)
    for key, expected in zip(keys, ("current", "previous", "previous-2"), strict=True):
        assert verdict("lever", {}, body(key), NOW, *keys) == expected
    for changed in ({"token": "x" * 48}, {"triggeredAt": HIRED["triggeredAt"] + 1}):
        mixed = json.dumps({**json.loads(body()), **changed}).encode()
        assert verdict("lever", {}, mixed, NOW, *keys) == "signature_wrong", changed


def test_the_border_between_token_and_time_cannot_be_moved():
    token, at = HIRED["token"], str(HIRED["triggeredAt"])
    for shifted in ((token + at[0], at[1:]), (token[:-1], token[-1] + at)):
        mixed = json.dumps({**json.loads(body()), "token": shifted[0], "triggeredAt": shifted[1]}).encode()
        assert verdict("lever", {}, mixed, NOW, HIRED_KEY) == "signature_wrong", shifted


def test_a_late_repeat_is_taken_and_an_old_one_is_not():
    for days, expected in ((2.9, "current"), (3.1, "signature_expired")):
        assert verdict("lever", {}, body(), NOW + timedelta(days=days), HIRED_KEY) == expected


def test_headers_that_pretend_to_be_parts_of_the_body_are_not_read():
    unsigned = json.dumps(HIRED).encode()
    said = from_body(body())
    assert verdict("lever", said, unsigned, NOW, HIRED_KEY) == "signature_missing"


def test_only_a_good_form_is_taken_out_of_a_body():
    odd: list[Any] = [None, 7, True, 1.5, [], {}, "", "short", "with blank in it", "x" * 300]
    for value in odd:
        assert "body:token" not in from_body(json.dumps({"token": value}).encode()), value
    for value in [None, True, 1.5, [], {}]:
        assert from_body(json.dumps({"triggeredAt": value, "signature": value}).encode()) == {}, value
    for junk in (b"", b"[", b"[]", b"\xff", b'{"token": "a", "token": "b"}'):
        assert from_body(junk) == {}


async def test_other_data_under_a_signature_that_was_used_is_a_duplicate_and_changes_nothing():
    world = make_world(BYTES["candidate_hired"].settings)
    key = "s3cret-of-lever"
    answers = []
    for said in ({}, {"data": {"opportunityId": "somebody-else"}}, {"event": "candidateDeleted"}):
        content = body(key, **said)
        call = request({"content-type": "application/json", "content-length": str(len(content))}, content)
        answers.append(json.loads((await receive(world.services, "lever", call)).body)["result"])
    assert answers == ["queued", "duplicate", "duplicate"]
    for _, message in list(world.queue.sent):
        await process_delivery(world.services, message.delivery_id or "")
    case = await world.only_case()
    assert case.hire.candidate_id == HIRED["data"]["opportunityId"]
    world.store.close()


async def test_no_event_of_lever_leads_to_an_account_before_it_was_read():
    for name in ("candidate_hired", "candidate_archive_change", "candidate_deleted"):
        (event,) = BYTES[name].adapter.events("lever", BYTES[name].body, {})
        assert event.certainty is Certainty.CANDIDATE, name
        assert event.needs_fetch is not None, name


def test_an_id_that_is_no_id_is_refused_since_it_becomes_part_of_an_address():
    for value in ("../users", "a/b", "a?b", "a b", "%2e%2e", "ü", "x" * 65):
        with pytest.raises(Unreadable):
            catalog.adapters()["lever"].events("lever", body(data={"opportunityId": value}), {})


async def test_the_test_message_is_answered_before_any_secret_is_there_and_nothing_else_is():
    world = make_world(SourceSettings("lever", "lever"))
    test = body(data={})
    assert (await receive(world.services, "lever", request({}, test))).status == 200
    assert world.wire.calls == []
    for content in (b"", b"{}", b'{"data": {}}', b'{"event": 7, "data": {}}', body(), body(data=None)):
        assert greet(request({}, content)) is None, content
    world.store.close()
