"""Finch's signature against the vector of its own client library, and what its events mean beyond the fixtures."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from onboarding.domain.hire import EventType
from onboarding.intake import catalog
from onboarding.intake.vendors.finch import EVENTS
from tests.support.vendor_vectors import verdict

# Finch-API/finch-api-python@2952dfa, tests/api_resources/test_webhooks.py.
SECRET = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
BODY = b'{"company_id":"720be419-0293-4d32-a707-32179b0827ab"}'
SIGNED_AT = datetime.fromtimestamp(1676312382, UTC)
SIGNATURE = "m7y0TV2C+hlHxU42wCieApTSTaA8/047OAplBqxIV/s="
HEADERS = {
    "finch-event-id": "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj",
    "finch-timestamp": "1676312382",
    "finch-signature": f"v1,{SIGNATURE}",
}


def test_the_vector_of_finchs_own_library_holds_with_its_variations():
    """The library's own test goes through the same cases with the same outcomes."""
    cases = {
        f"v1,{SIGNATURE}": "current",
        f"v1,bXlfc2ln v1,{SIGNATURE}": "current",
        f"v2,{SIGNATURE} v1,{SIGNATURE}": "current",
        f"v2,{SIGNATURE}": "signature_wrong",
        SIGNATURE: "signature_wrong",
    }
    for signature, expected in cases.items():
        headers = {**HEADERS, "finch-signature": signature}
        assert verdict("finch", headers, BODY, SIGNED_AT, SECRET) == expected, signature
    assert verdict("finch", HEADERS, BODY + b" ", SIGNED_AT, SECRET) == "signature_wrong"
    for minutes in (6, -6):
        assert (
            verdict("finch", HEADERS, BODY, SIGNED_AT + timedelta(minutes=minutes), SECRET)
            == "signature_expired"
        )


def test_the_secret_is_taken_with_and_without_the_prefix_of_standard_webhooks():
    assert verdict("finch", HEADERS, BODY, SIGNED_AT, f"whsec_{SECRET}") == "current"


def test_every_event_that_names_a_person_asks_for_the_individual_unless_the_record_is_gone():
    adapter = catalog.adapters()["finch"]
    for name, kind in EVENTS.items():
        if kind in {EventType.IGNORED, EventType.TEST_PING}:
            continue
        body = json.dumps({"event_type": name, "data": {"individual_id": "ea996879"}}).encode()
        (event,) = adapter.events("finch", body, {})
        assert (event.event_type, event.hire.employee_id) == (kind, "ea996879"), name
        assert (event.needs_fetch is None) == (kind is EventType.EMPLOYEE_DELETED), name
