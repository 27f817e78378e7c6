"""Deel: `POST` before the body, ids of profiles and of contracts, and what is kept. Its vector lacks key and body."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from onboarding.domain.hire import Certainty, EventType, FetchRef, HireEvent
from onboarding.errors import SenderError
from onboarding.intake import catalog
from onboarding.intake.adapter import LinkedEvent
from onboarding.intake.payload import Unreadable
from onboarding.intake.signatures import verify
from tests.support.intake_services import START, VENDORS, source

DEEL = catalog.adapters()["deel"]
SETTINGS = source("deel", "deel", "signing-key")


def events(name: str, resource: object, **meta: object) -> list[HireEvent]:
    said = {"data": {"meta": {"event_type": name, **meta}, "resource": resource}}
    return DEEL.events("deel", json.dumps(said).encode(), {})


def test_the_word_post_is_signed_before_the_body_and_the_keys_name_is_shown():
    body = b'{"data":{}}'
    made = hmac.new(b"signing-key", b"POST" + body, hashlib.sha256).hexdigest()
    found = verify(
        DEEL.scheme, SETTINGS, {"x-deel-signature": made, "x-deel-hmac-label": "New Webhook"}, body, START
    )
    assert (found.key_id, found.label) == ("current", "New Webhook")
    bare = hmac.new(b"signing-key", body, hashlib.sha256).hexdigest()
    with pytest.raises(SenderError):
        verify(DEEL.scheme, SETTINGS, {"x-deel-signature": bare}, body, START)


@pytest.mark.parametrize("name", ["employee.created.contractor", "employee.created.eor", "contract.amended"])
def test_the_id_of_a_contract_is_never_taken_for_the_persons(name: str):
    (event,) = events(name, {"id": "3w4zdd9"})
    assert isinstance(event, LinkedEvent)
    assert (event.hire.employee_id, event.also_known_as) == (None, ("contract:3w4zdd9",))
    assert event.needs_fetch is not None
    assert (event.needs_fetch.kind, event.needs_fetch.id) == ("contract", "3w4zdd9")


@pytest.mark.parametrize(
    ("status", "opens"),
    [("cancelled", True), (" Canceled", True), ("user_cancelled", True), ("in_progress", False), (None, False),
     (["cancelled"], False)],
)  # fmt: skip
def test_a_contract_that_is_cancelled_is_read_and_kept_even_if_it_overtakes_its_hire(
    status: object, opens: bool
):
    for name, kept in (("contract.status.updated", opens), ("contract.created", False)):
        (event,) = events(name, {"id": "c1", "status": status})
        assert isinstance(event, LinkedEvent)
        assert (event.event_type, event.certainty) == (EventType.HIRE_UPDATED, Certainty.OFFER)
        assert (event.needs_fetch, event.opens) == (FetchRef("contract", "c1"), kept)


def test_a_contract_that_is_terminated_is_read_as_one():
    (event,) = events("contract.terminated", {"id": "c1"})
    assert isinstance(event, LinkedEvent)
    assert (event.event_type, event.needs_fetch, event.opens) == (
        EventType.HIRE_UPDATED,
        FetchRef("ended_contract", "c1"),
        False,
    )


@pytest.mark.parametrize("resource", [None, [], {}, [{}], [{"id": "1"}, {}], [None], "x"])
def test_a_resource_without_an_id_is_named(resource: object):
    with pytest.raises(Unreadable) as caught:
        events("worker.v2.created", resource)
    assert caught.value.path.startswith("$.data.resource")


def test_pay_and_birth_dates_are_not_kept():
    for name in ("contract_status_updated", "employee_created_contractor", "worker_created_scim"):
        kept = json.loads(DEEL.prune((VENDORS / "deel" / f"{name}.json").read_bytes()))
        assert set(kept["data"]["resource"]) <= {"id", "status"}, name
