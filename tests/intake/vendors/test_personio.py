"""Personio: where the ids may stand, and the token in either header."""

from __future__ import annotations

import json

import pytest

from onboarding.domain.hire import EventType, FetchRef
from onboarding.errors import SenderError
from onboarding.intake import catalog
from onboarding.intake.adapter import LinkedEvent
from onboarding.intake.payload import Unreadable
from onboarding.intake.signatures import verify
from tests.support.intake_services import START, source

PERSONIO = catalog.adapters()["personio"]
SETTINGS = source("personio", "personio", "a-long-random-text", "the-one-before")


def ids(name: str, payload: object) -> tuple[str | None, tuple[str, ...]]:
    """(person, other ids) of the one event."""
    body = json.dumps({"event_name": name, "company_id": "1", "payload": payload}).encode()
    (event,) = PERSONIO.events("personio", body, {})
    return event.hire.employee_id, getattr(event, "also_known_as", ())


def test_ids_are_found_wherever_they_may_stand():
    for payload in ({"person_id": "007"}, {"id": "007"}, {"person": {"id": "007"}}, {"employee_id": "007"}):
        assert ids("person.updated", payload) == ("007", ()), payload
    several: list[object] = [
        {"person_id": 7, "id": 8},
        {"person": {"id": 7}, "employment": {"id": 8}},
        {"person_id": "7", "employment_id": "8"},
    ]
    for said in several:
        assert ids("employment.updated", said) == ("7", ("employment:8",)), said
    assert ids("employment.updated", {"id": 8}) == (None, ("employment:8",)), (
        "the id of the employment, not of the person"
    )


@pytest.mark.parametrize(
    ("name", "payload", "opens"),
    [
        ("employment.created", {"id": "E77"}, True),
        ("employment.updated", {"id": "E77"}, False),
        ("employment.started", {"employment_id": "E77"}, False),
        ("employment.updated", {"id": "E77", "person_id": "1"}, True),
        ("person.updated", {"id": "1"}, True),
    ],
)
def test_a_change_of_an_employment_that_is_nobodys_opens_no_case(
    name: str, payload: dict[str, str], opens: bool
):
    body = json.dumps({"event_name": name, "company_id": "1", "payload": payload}).encode()
    (event,) = PERSONIO.events("personio", body, {})
    assert isinstance(event, LinkedEvent)
    assert event.opens is opens


@pytest.mark.parametrize("payload", [{}, {"id": None}, {"id": " "}, {"uuid": "x"}])
@pytest.mark.parametrize(
    "name", ["person.created", "person.deleted", "employment.created", "employment.deleted"]
)
def test_a_notice_without_any_id_is_named(name: str, payload: object):
    with pytest.raises(Unreadable) as caught:
        ids(name, payload)
    assert (caught.value.reason, caught.value.path) == ("missing", "$.payload.person_id")


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ({"x-onboarding-token": "a-long-random-text"}, "current"),
        ({"authorization": "a-long-random-text"}, "current"),
        ({"authorization": "Bearer the-one-before"}, "previous"),
        ({"authorization": "Basic a-long-random-text"}, "signature_wrong"),
        ({"x-onboarding-token": "a-long-random-tex"}, "signature_wrong"),
        ({}, "signature_missing"),
    ],
)
def test_the_token_comes_as_it_is_in_either_header(headers: dict[str, str], who: str):
    try:
        assert verify(PERSONIO.scheme, SETTINGS, headers, b"{}", START).key_id == who
    except SenderError as error:
        assert error.code == who  # noqa: PT017


def test_the_end_of_one_employment_is_read_and_ends_nobody_by_itself():
    body = json.dumps(
        {
            "event_name": "employment.terminated",
            "company_id": "1",
            "payload": {"person_id": "7", "employment_id": "8"},
        }
    ).encode()
    (event,) = PERSONIO.events("personio", body, {})
    assert isinstance(event, LinkedEvent)
    assert (event.event_type, event.needs_fetch, event.opens) == (
        EventType.HIRE_UPDATED,
        FetchRef("person", "7"),
        False,
    )
