"""Workable: drafts, the day of a start, and the encodings of its signature. It published no vector."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.errors import ConfigurationError
from onboarding.intake import catalog, fetch
from onboarding.intake import receive as door
from onboarding.intake.adapter import Adapter
from onboarding.intake.payload import Unreadable
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.intake.signatures import verify
from onboarding.intake.standing import APPROVE_UNCLEAR
from onboarding.operate.actions import Ask, act
from onboarding.ports import HrRecord
from onboarding.settings import SourceSettings
from tests.support.hr_api import HrApi
from tests.support.intake_services import START, VENDORS, World, make_world, secrets_of, signed, source
from tests.support.read_world import post, read_source, read_world

WORKABLE = catalog.adapters()["workable"]


def bound(options: object) -> Adapter:
    found = catalog.bound(SourceSettings("workable", "workable", options=options), "workable")  # type: ignore[arg-type]
    assert found is not None
    return found


def event(adapter: Adapter, name: str = "employee_created", **data: object) -> HireEvent:
    body = json.dumps({"event_type": name, "id": "4d3", "data": {"id": "4d3", **data}}).encode()
    (found,) = adapter.events("workable", body, {})
    return found


@pytest.mark.parametrize(
    ("said", "zone", "day"),
    [
        ("2026-09-13T16:56:33.000Z", None, date(2026, 9, 13)),
        ("2026-09-13T15:00:00.000Z", "Asia/Tokyo", date(2026, 9, 14)),
        ("2026-09-13T14:59:59.999Z", "Asia/Tokyo", date(2026, 9, 13)),
        ("2026-09-14T03:59:59Z", "America/New_York", date(2026, 9, 13)),
        ("2026-09-14", "Asia/Tokyo", date(2026, 9, 14)),
        ("2026-09-14T00:00:00+09:00", None, date(2026, 9, 14)),
    ],
)
def test_the_start_is_a_day_in_the_companys_zone(said: str, zone: str | None, day: date):
    adapter = bound({"time_zone": zone} if zone else {})
    assert event(adapter, start_date=said).hire.start_date == day


@pytest.mark.parametrize("said", ["14/09/2026", "2026-9-14", "2026-02-30", "2026-09-14T", "soon", 20260914])
def test_a_start_in_another_form_is_named_and_not_guessed(said: object):
    with pytest.raises(Unreadable) as caught:
        event(WORKABLE, start_date=said)
    assert caught.value.path == "$.data.start_date"


@pytest.mark.parametrize("options", [{"time_zone": "Nowhere/Land"}, {"time_zone": 7}, {"time_zone": ""},
                                     {"time_zone": "../etc"}, {"time_zone": "Europe"}, {"zone": "UTC"},
                                     {"member_id": 13}, {"member_id": ""}, {"member_id": " "}])  # fmt: skip
def test_an_option_that_cannot_be_used_says_what_to_mend(options: dict[str, object]):
    with pytest.raises(ConfigurationError, match="ONBOARDING_HR_WORKABLE_OPTIONS"):
        bound(options)


def test_a_source_without_a_member_is_told_what_a_token_of_the_account_needs():
    assert "member_id" in bound({}).doubts[0]
    assert not any("member_id" in text for text in bound({"member_id": "13e0eb0e"}).doubts)


@pytest.mark.parametrize(
    ("name", "status", "certainty", "fetched"),
    [
        ("employee_created", "status_draft", Certainty.DRAFT, False),
        ("employee_created", None, Certainty.DRAFT, False),
        ("employee_created", "status_active", Certainty.EMPLOYEE, True),
        ("employee_updated", None, Certainty.DRAFT, True),
        ("employee_updated", "Draft", Certainty.DRAFT, True),
        ("employee_updated", "DRAFT_EMPLOYEE", Certainty.DRAFT, True),
        ("employee_updated", "published", Certainty.EMPLOYEE, True),
        ("employee_published", None, Certainty.EMPLOYEE, True),
    ],
)
def test_a_draft_never_counts_as_an_employee(
    name: str, status: str | None, certainty: Certainty, fetched: bool
):
    found = event(WORKABLE, name, status=status)
    assert (found.certainty, found.needs_fetch is not None) == (certainty, fetched)


@pytest.mark.parametrize(
    ("said", "certainty"),
    [
        ({"state": "draft"}, Certainty.DRAFT),
        ({"state": "Draft", "status": "status_active"}, Certainty.DRAFT),
        ({"state": "published"}, Certainty.EMPLOYEE),
        ({"state": 1}, Certainty.DRAFT),
    ],
)
def test_a_draft_is_told_by_its_state_too(said: dict[str, object], certainty: Certainty):
    assert event(WORKABLE, "employee_updated", **said).certainty is certainty


async def test_a_record_without_a_status_makes_no_account_of_a_draft(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    hr = HrApi(lag=timedelta(seconds=2))
    hr.records["4d3"] = HrRecord(
        Hire(employee_id="4d3", given_name="Ada", start_date=date(2026, 12, 1)), certainty=None
    )
    world = make_world(source("workable", "workable", *secrets_of(WORKABLE)))
    world.services = replace(world.services, hr=hr)

    async def told(name: str, **data: object) -> Case:
        body = json.dumps(
            {
                "event_type": name,
                "id": "4d3",
                "data": {"id": "4d3", **data},
                "fired_at": f"{world.clock.at:%FT%TZ}",
            }
        )
        call = signed(WORKABLE, body.encode(), world.clock.at)
        answer = json.loads((await receive(world.services, "workable", call)).body)
        await process_delivery(world.services, answer["delivery_id"])
        world.clock.move(seconds=3)
        case = await world.only_case()
        await fetch.advance(world.services, case, world.clock.at)
        return await world.only_case()

    await told("employee_created", status="status_draft", firstname="Ada", start_date="2026-12-01")
    case = await told("employee_updated", job_title="Cook")
    assert len(hr.reads) == 1
    assert (case.state, case.certainty, case.next_action.what) == (
        State.RECEIVED,
        Certainty.DRAFT,
        "await_hire",
    )
    case = await told("employee_published")
    assert (case.state, case.certainty) == (State.WAITING_START, Certainty.EMPLOYEE)
    case = await told("employee_updated", job_title="Chef")
    assert len(hr.reads) == 3
    assert (case.state, case.certainty) == (State.WAITING_START, Certainty.EMPLOYEE)
    world.store.close()


def test_a_signature_is_read_in_hex_and_in_base64():
    settings = source("workable", "workable", "account-token")
    made = hmac.new(b"account-token", b"{}", hashlib.sha256).digest()
    for text in (made.hex(), base64.b64encode(made).decode(), base64.urlsafe_b64encode(made).decode()):
        assert (
            verify(WORKABLE.scheme, settings, {"x-workable-signature": text}, b"{}", START).key_id
            == "current"
        )


def test_what_is_kept_of_employees_and_of_applicants():
    updated = json.loads(WORKABLE.prune((VENDORS / "workable" / "employee_updated.json").read_bytes()))
    assert set(updated["data"]) == {"id", "personal_email"}
    draft = b'{"event_type":"employee_updated","data":{"id":"4d3","state":"draft","birthdate":"1990-01-01"}}'
    assert json.loads(WORKABLE.prune(draft))["data"] == {"id": "4d3", "state": "draft"}
    applicant = json.loads(WORKABLE.prune((VENDORS / "workable" / "candidate_moved.json").read_bytes()))
    assert applicant["data"] == {"id": "108d1748"}


# --- whoever is known by updates alone ---------------------------------------------------------------------------

ANN = {"id": "e1", "firstname": "Ann", "lastname": "Lee", "start_date": "2026-09-01T00:00:00.000Z",
       "phone_group": [{"value": {"phone": "+447700900123", "phone_type": "phone_type_mobile"}}]}  # fmt: skip


@pytest.fixture
def record() -> dict[str, Any]:
    return dict(ANN)


@pytest.fixture
def world(record: dict[str, Any]) -> Iterator[World]:
    made = read_world(START, lambda _: record, read_source("workable", member_id="m1"))
    yield made
    made.store.close()


async def say(world: World, name: str, **data: Any) -> Case:
    world.clock.move(hours=1)
    body = {
        "event_type": name,
        "id": "e1",
        "fired_at": f"{world.clock.at:%FT%TZ}",
        "data": {"id": "e1", **data},
    }
    await post(world, "workable", body)
    return await world.only_case()


async def test_of_staff_who_is_known_by_updates_no_more_than_the_id_is_kept(
    world: World, record: dict[str, Any]
):
    """The vendor's sample of the event has no status, and the record may have none either."""
    record["start_date"] = "2015-03-01T00:00:00.000Z"
    for name in ("employee_updated", "onboarding_completed"):
        case = await say(world, name, firstname="Ann", lastname="Lee")
        assert (case.state, case.reason_code, case.questions) == (State.CLOSED, "existing_staff", [])
        assert case.hire == Hire(employee_id="e1")


async def test_a_hire_of_before_anybody_listened_is_asked_about(world: World):
    for name in ("employee_updated", "onboarding_completed"):
        case = await say(world, name, firstname="Ann")
        assert (case.state, case.reason_code) == (State.BLOCKED, APPROVE_UNCLEAR)
    await act(world.services, "approve", case.case_id, Ask("a-1", "HR says so"))
    assert (await say(world, "employee_updated", lastname="Lee")).state is State.WAITING_START


async def test_a_draft_of_before_anybody_listened_is_a_draft(world: World, record: dict[str, Any]):
    case = await say(world, "employee_updated", state="draft")
    assert (case.state, case.certainty) == (State.RECEIVED, Certainty.DRAFT)
    record["status"] = "status_draft"
    case = await say(world, "employee_updated")
    assert (case.state, case.certainty) == (State.RECEIVED, Certainty.DRAFT)
    record["status"] = "status_active"
    assert (await say(world, "employee_updated")).state is State.WAITING_START


async def test_the_word_that_publishes_answers_the_question(world: World):
    assert (await say(world, "employee_updated")).reason_code == APPROVE_UNCLEAR
    assert (await say(world, "employee_published")).state is State.WAITING_START


@pytest.mark.parametrize(
    "said", [{"state": "archived"}, {"status": "Inactive"}, {"status": "status_inactive"}]
)
@pytest.mark.parametrize("name", ["employee_updated", "employee_published"])
async def test_whoever_is_inactive_has_left(
    world: World, record: dict[str, Any], name: str, said: dict[str, str]
):
    record |= said
    case = await say(world, name)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")
    record |= dict.fromkeys(said, "active")
    case = await say(world, "employee_updated")
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire"), "restored"
