"""Greenhouse: what the end of an application does to whom, and data that recruiting has erased."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog
from onboarding.intake.process import ask_first, process_delivery, reconsider
from onboarding.intake.receive import receive
from onboarding.intake.signing import sign
from onboarding.operate.actions import Ask, act
from onboarding.operate.deliveries import replay
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import VENDORS, make_world, request

GREENHOUSE = catalog.adapters()["greenhouse"]
OFFER, HIRED, UNHIRED = "offer_created.json", "hire_candidate.json", "unhire_candidate.json"
REJECTED, DELETED = "reject_candidate.json", "delete_application.json"


async def after(*names: str) -> Case | None:
    """The one case after these deliveries, None without one."""
    world = make_world(SourceSettings("greenhouse", "greenhouse", Secret("secret")))
    for name in names:
        body = (VENDORS / "greenhouse" / name).read_bytes()
        if name == OFFER:  # the sample is of another application
            said = json.loads(body)
            said["payload"]["application_id"] = 46194062
            body = json.dumps(said).encode()
        call = request(sign(GREENHOUSE, "secret", body, now=world.clock.at, message_id=name), body)
        assert (await receive(world.services, "greenhouse", call)).status == 200
        for _, message in world.queue.sent:
            if message.delivery_id:
                await process_delivery(world.services, message.delivery_id)
        world.queue.sent.clear()
        world.clock.move(minutes=1)
    cases = await world.all_cases()
    world.store.close()
    assert len(cases) <= 1
    return replace(cases[0]) if cases else None


@pytest.mark.parametrize(
    ("names", "state", "reason"),
    [
        ((OFFER, REJECTED), State.CANCELLED, "cancelled_by_hr"),
        ((OFFER, DELETED), State.BLOCKED, "hr_deleted_record"),
        # Recruiting is tidied up, or asked to forget, long after somebody began.
        ((HIRED, DELETED), State.WAITING_START, None),
        ((DELETED, HIRED), State.WAITING_START, None),
        ((OFFER, DELETED, HIRED), State.WAITING_START, None),
        ((HIRED, "delete_candidate.json"), State.WAITING_START, None),
        (("delete_candidate.json", HIRED), State.WAITING_START, None),
        ((REJECTED,), None, None),
        ((DELETED,), None, None),
        (("update_candidate.json",), None, None),
        (("update_candidate_anonymized.json",), None, None),
    ],
    ids=lambda value: "+".join(name.partition(".")[0] for name in value) if isinstance(value, tuple) else "",
)
async def test_the_end_of_an_application(names: tuple[str, ...], state: State | None, reason: str | None):
    case = await after(*names)
    if state is None:
        assert case is None, "nothing is kept about people whom nobody hired"
        return
    assert case is not None
    assert (case.state, case.reason_code) == (state, reason)


async def test_a_rejection_says_nothing_about_somebody_who_is_hired():
    hired, rejected = await after(HIRED), await after(HIRED, REJECTED)
    assert hired is not None
    assert rejected is not None
    assert (rejected.state, rejected.hire) == (hired.state, hired.hire)


async def test_what_recruiting_erased_does_not_rename_the_hire():
    case = await after(HIRED, "update_candidate_anonymized.json")
    assert case is not None
    assert case.hire.given_name == "Zoë"
    assert case.hire.phones


@pytest.mark.parametrize("name", ["Anonymized", "Anonymous"])
def test_only_the_documented_form_counts_as_erased(name: str):
    said = {
        "action": "update_candidate",
        "payload": {"candidate": {"id": 7, "first_name": name, "last_name": "8"}},
    }
    assert (
        GREENHOUSE.events("greenhouse", json.dumps(said).encode(), {})[0].event_type is EventType.HIRE_UPDATED
    )


@pytest.mark.parametrize("payload", [{"application": {"id": 7}}, {"id": 7}])
def test_a_deleted_application_is_known_in_both_forms(payload: dict[str, object]):
    body = json.dumps({"action": "delete_application", "payload": payload}).encode()
    (event,) = GREENHOUSE.events("greenhouse", body, {})
    assert getattr(event, "also_known_as", ()) == ("application:7",)


@pytest.mark.parametrize(
    ("location", "country"),
    [
        ("Wien, Austria", "Austria"),
        ({"name": "Wien, Austria"}, "Austria"),
        ({"name": None}, None),
        (17, None),
    ],
)
def test_an_offices_location_in_whatever_form_loses_no_hire(location: object, country: str | None):
    body = json.loads((VENDORS / "greenhouse" / HIRED).read_bytes())
    body["payload"]["application"]["jobs"][0]["offices"] = [{"id": 1, "name": "Wien", "location": location}]
    (event,) = GREENHOUSE.events("greenhouse", json.dumps(body).encode(), {})
    assert (event.event_type, event.hire.work_country) == (EventType.HIRE_CREATED, country)


async def with_dates(**offer: object) -> Case:
    """The case of a hire whose offer says this."""
    world = make_world(SourceSettings("greenhouse", "greenhouse", Secret("secret")))
    said = json.loads((VENDORS / "greenhouse" / HIRED).read_bytes())
    said["payload"]["application"]["offer"].update(offer)
    body = json.dumps(said).encode()
    call = request(sign(GREENHOUSE, "secret", body, now=world.clock.at, message_id="1"), body)
    response = await receive(world.services, "greenhouse", call)
    assert response.status == 200, response.body
    await process_delivery(world.services, json.loads(response.body)["delivery_id"])
    case = await world.only_case()
    world.store.close()
    return case


@pytest.mark.parametrize("start", ["2026-09-14T00:00:00Z", "09/14/2026", "soon", 20260914])
async def test_a_start_in_another_form_is_left_out_and_told_and_the_hire_is_not_lost(start: object):
    case = await with_dates(starts_at=start)
    assert (case.state, case.reason_code, case.hire.start_date) == (State.BLOCKED, "missing_start_date", None)
    assert ("bad_date", "start_date") in {(item.code, item.field) for item in case.findings}
    assert case.hire.family_name


@pytest.mark.parametrize("when", ["2026-08-20", "yesterday", 5])
async def test_when_an_offer_was_accepted_is_a_hint_and_no_hire_is_lost_for_it(when: object):
    case = await with_dates(resolved_at=when)
    assert case.state is State.WAITING_START
    assert "bad_date" not in {item.code for item in case.findings}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (UNHIRED, ("application", "last_activity_at")),
        (REJECTED, ("application", "rejected_at")),
        ("offer_updated_accepted.json", ("start_date",)),
    ],
)
def test_no_other_date_refuses_an_event(name: str, place: tuple[str, ...]):
    said = json.loads((VENDORS / "greenhouse" / name).read_bytes())
    inner = said["payload"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "2026-08-20"
    (event,) = GREENHOUSE.events("greenhouse", json.dumps(said).encode(), {})
    assert event.event_type is not EventType.IGNORED
    assert (event.occurred_at, event.hire.start_date) == (None, None)
    assert event.warnings == (("bad_date:start_date",) if place == ("start_date",) else ())


# --- several applications of one person ------------------------------------------------------------------------------


def hired(application: int, at: str, *, offer_made: str | None = None) -> bytes:
    """The hire by this application; `at`: when the offer was accepted."""
    said = json.loads((VENDORS / "greenhouse" / HIRED).read_bytes())
    found = said["payload"]["application"]
    found["id"] = application
    found["offer"] |= {"resolved_at": at, "created_at": offer_made or "2026-08-10T22:49:14Z"}
    return json.dumps(said).encode()


def unhired(application: int, at: str) -> bytes:
    said = json.loads((VENDORS / "greenhouse" / UNHIRED).read_bytes())
    said["payload"]["application"] |= {"id": application, "last_activity_at": at}
    return json.dumps(said).encode()


async def state_after(*bodies: bytes) -> tuple[State, str | None]:
    world = make_world(SourceSettings("greenhouse", "greenhouse", Secret("secret")))
    world.clock.at = datetime(2026, 8, 30, tzinfo=UTC)
    for number, body in enumerate(bodies):
        call = request(sign(GREENHOUSE, "secret", body, now=world.clock.at, message_id=str(number)), body)
        assert (await receive(world.services, "greenhouse", call)).status == 200
        for _, message in world.queue.sent:
            if message.delivery_id:
                await process_delivery(world.services, message.delivery_id)
        world.queue.sent.clear()
    case = await world.only_case()
    world.store.close()
    return case.state, case.reason_code


FIRST, SECOND = hired(1, "2026-08-20T10:00:00Z"), hired(2, "2026-08-22T10:00:00Z")


@pytest.mark.parametrize(
    ("bodies", "state"),
    [
        ([FIRST, SECOND, unhired(1, "2026-08-25T10:00:00Z")], State.WAITING_START),
        ([FIRST, SECOND, unhired(2, "2026-08-25T10:00:00Z")], State.WAITING_START),
        (
            [FIRST, SECOND, unhired(2, "2026-08-25T10:00:00Z"), unhired(1, "2026-08-26T10:00:00Z")],
            State.CANCELLED,
        ),
        ([FIRST, unhired(1, "2026-08-25T10:00:00Z"), hired(1, "2026-08-27T10:00:00Z")], State.WAITING_START),
        ([FIRST, unhired(1, "2026-08-25T10:00:00Z")], State.CANCELLED),
        ([FIRST, unhired(9, "2026-08-25T10:00:00Z")], State.WAITING_START),
    ],
)
async def test_the_hire_stands_as_long_as_one_application_does_in_any_order(
    bodies: list[bytes], state: State
):
    for order in itertools.permutations(bodies):
        if b"unhire" in order[0]:
            continue  # of somebody who is not known yet: `leavers`
        assert (await state_after(*order))[0] is state, [json.loads(body)["action"] for body in order]


async def test_whoever_is_hired_again_by_an_offer_that_is_newer_than_the_unhire_is_hired():
    """The acceptance is dated back, as the offer's form allows."""
    again = hired(1, "2026-08-20T10:00:00Z", offer_made="2026-08-26T09:00:00Z")
    assert await state_after(FIRST, unhired(1, "2026-08-25T10:00:00Z"), again) == (State.WAITING_START, None)


UNHIRE = unhired(1, "2026-08-25T10:00:00Z")


def corrected(start: str, *, active: str | None = None) -> bytes:
    """The hire by the offer that stays accepted as it was, with another first day."""
    said = json.loads(FIRST)
    said["payload"]["application"]["offer"]["starts_at"] = start
    if active:
        said["payload"]["application"]["last_activity_at"] = active
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("bodies", "state", "reason"),
    [
        ([FIRST, UNHIRE, corrected("2026-09-21")], State.BLOCKED, "needs_approval_rehire"),
        ([UNHIRE, FIRST, corrected("2026-09-21")], State.BLOCKED, "needs_approval_rehire"),
        ([FIRST, UNHIRE, FIRST], State.CANCELLED, "cancelled_by_hr"),
        ([UNHIRE, FIRST], State.CANCELLED, "cancelled_by_hr"),
        # A last activity dates the hire.
        ([FIRST, UNHIRE, corrected("2026-09-21", active="2026-08-25T11:00:00Z")], State.WAITING_START, None),
        (
            [FIRST, UNHIRE, corrected("2026-09-21", active="2026-08-25T09:00:00Z")],
            State.CANCELLED,
            "cancelled_by_hr",
        ),
        # Taken back a second time.
        (
            [FIRST, UNHIRE, corrected("2026-09-21"), unhired(1, "2026-08-25T10:01:00Z")],
            State.CANCELLED,
            "cancelled_by_hr",
        ),
        # By another application, which was not taken back.
        ([FIRST, SECOND, UNHIRE, corrected("2026-09-21")], State.WAITING_START, None),
    ],
)
async def test_a_second_hire_that_may_be_older_than_the_unhire_is_asked_about(
    bodies: list[bytes], state: State, reason: str | None
):
    assert await state_after(*bodies) == (state, reason)


@pytest.mark.parametrize("account", [False, True])
async def test_an_approver_says_that_the_corrected_hire_stands(account: bool):
    world = make_world(SourceSettings("greenhouse", "greenhouse", Secret("secret")))
    world.clock.at = datetime(2026, 8, 30, tzinfo=UTC)
    ids: list[str] = []

    async def send(body: bytes) -> Case:
        call = request(sign(GREENHOUSE, "secret", body, now=world.clock.at, message_id="m"), body)
        ids.append(json.loads((await receive(world.services, "greenhouse", call)).body)["delivery_id"])
        await process_delivery(world.services, ids[-1])
        world.clock.move(minutes=1)
        return await world.only_case()

    case = await send(FIRST)
    if account:
        case.account = Account("o-1", "z@contoso.example", "7", world.clock.at)
        await world.store.cases.save(case, ())
    await send(UNHIRE)
    case = await send(corrected("2026-09-21"))
    assert case.reason_code == "needs_approval_rehire"
    assert str(case.hire.start_date) == "2026-09-21"
    await act(world.services, "approve", case.case_id, Ask("o", "recruiting says so"))
    case = await world.only_case()
    await reconsider(world.services, case, world.clock.at)
    case = await world.only_case()
    assert (case.state, case.next_action.what) == (State.WAITING_START, "provision")
    # Whatever comes again now, changes nothing of that.
    assert await ask_first(world.services, case, world.clock.at) is False
    for body in (corrected("2026-09-21"), UNHIRE, FIRST):
        assert (await send(body)).state is State.WAITING_START
    world.store.close()


async def test_of_somebody_excluded_the_question_waits_until_they_are_included():
    world = make_world(SourceSettings("greenhouse", "greenhouse", Secret("secret")))
    world.clock.at = datetime(2026, 8, 30, tzinfo=UTC)
    for number, body in enumerate((FIRST, UNHIRE, corrected("2026-09-21"))):
        call = request(sign(GREENHOUSE, "secret", body, now=world.clock.at, message_id="m"), body)
        found = json.loads((await receive(world.services, "greenhouse", call)).body)
        await process_delivery(world.services, found["delivery_id"])
        case = await world.only_case()
        if number == 0:
            await act(world.services, "exclude", case.case_id, Ask("o", "why"))
        world.clock.move(minutes=1)
    assert case.state is State.EXCLUDED
    await act(world.services, "resume", case.case_id, Ask("o", "why"))
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    world.store.close()


@pytest.mark.parametrize(
    ("bodies", "state", "reason"),
    [
        # The hire that was taken back stays so.
        ((FIRST, UNHIRE), State.CANCELLED, "cancelled_by_hr"),
        # The first one that came at all came after an unhire: it may be the second.
        ((UNHIRE, FIRST), State.BLOCKED, "needs_approval_rehire"),
    ],
)
async def test_what_an_operator_processes_again_counts_as_of_when_it_came(
    bodies: tuple[bytes, ...], state: State, reason: str
):
    world = make_world(SourceSettings("greenhouse", "greenhouse", Secret("secret")))
    world.clock.at = datetime(2026, 8, 21, tzinfo=UTC)
    for body in bodies:
        call = request(sign(GREENHOUSE, "secret", body, now=world.clock.at, message_id="m"), body)
        found = json.loads((await receive(world.services, "greenhouse", call)).body)
        await process_delivery(world.services, found["delivery_id"])
        if body == FIRST:
            first = found["delivery_id"]
        world.clock.at = datetime(2026, 8, 26, tzinfo=UTC)
    await replay(world.services, first, Ask("o", "why"))
    await process_delivery(world.services, first)
    case = await world.only_case()
    assert (case.state, case.reason_code) == (state, reason)
    world.store.close()


@pytest.mark.parametrize("where", ["email", "phone"])
def test_what_has_a_type_of_its_own_is_neither_lost_nor_written_to(where: str):
    said = json.loads((VENDORS / "greenhouse" / HIRED).read_bytes())
    candidate = said["payload"]["application"]["candidate"]
    if where == "email":
        candidate["email_addresses"] = [{"value": "zoe@example.net", "type": "other"}]
    else:
        candidate["phone_numbers"] = [{"value": "+49 151 23456789", "type": "Handy"}]
    (event,) = GREENHOUSE.events("greenhouse", json.dumps(said).encode(), {})
    if where == "email":
        assert event.hire.personal_email is None
        assert "address_type:personal_email" in event.warnings
    else:
        assert [(phone.raw, phone.label) for phone in event.hire.phones or ()] == [
            ("+49 151 23456789", "other")
        ]
