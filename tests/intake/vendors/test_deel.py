"""Deel: `POST` before the body, ids of profiles and of contracts, and what is kept. Its vector lacks key and body."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from onboarding.domain.hire import EventType, HireEvent
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
    ("status", "kind"),
    [("cancelled", EventType.HIRE_CANCELLED), (" Canceled", EventType.HIRE_CANCELLED),
     ("user_cancelled", EventType.HIRE_CANCELLED), ("in_progress", EventType.HIRE_UPDATED),
     (None, EventType.HIRE_UPDATED), (["cancelled"], EventType.HIRE_UPDATED)],
)  # fmt: skip
def test_a_contract_is_withdrawn_by_its_status_alone(status: object, kind: EventType):
    (event,) = events("contract.status.updated", {"id": "c1", "status": status})
    assert event.event_type is kind
    (created,) = events("contract.created", {"id": "c1", "status": status})
    assert created.event_type is EventType.HIRE_UPDATED


@pytest.mark.parametrize("resource", [None, [], {}, [{}], [{"id": "1"}, {}], [None], "x"])
def test_a_resource_without_an_id_is_named(resource: object):
    with pytest.raises(Unreadable) as caught:
        events("worker.v2.created", resource)
    assert caught.value.path.startswith("$.data.resource")


def test_pay_and_birth_dates_are_not_kept():
    for name in ("contract_status_updated", "employee_created_contractor", "worker_created_scim"):
        kept = json.loads(DEEL.prune((VENDORS / "deel" / f"{name}.json").read_bytes()))
        assert set(kept["data"]["resource"]) <= {"id", "status"}, name
