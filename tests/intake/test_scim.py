"""SCIM through the door: when something happened, and an `active` that ends the employment and takes that back."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.operate.actions import Ask, act
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import World, make_world, signed

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
URN = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
FIRST, MOVED = "2026-09-14", "2026-10-01"
OLD = "2011-05-13T04:42:34Z"
STAMPED = {"last_modified": "happened"}
Message = tuple[str, dict[str, Any]]


def a_world(**options: Any) -> World:
    made = make_world(SourceSettings("scim", "scim", Secret("s3cret"), options=options))
    made.clock.at = NOW
    return made


def user(start: str | None = FIRST, **said: Any) -> dict[str, Any]:
    first = {} if start is None else {URN: {"HireDate": start}}
    return {"externalId": "100", "name": {"givenName": "Ann", "familyName": "Lee"}, **first, **said}


def patch(said: dict[str, Any], **beside: Any) -> dict[str, Any]:
    operations = [{"op": "Replace", "path": path, "value": value} for path, value in said.items()]
    return {"schemas": [PATCH], "externalId": "100", "Operations": operations, **beside}


def stamp(at: str) -> dict[str, Any]:
    return {"meta": {"resourceType": "User", "created": at, "lastModified": at}}


async def say(world: World, method: str, body: dict[str, Any]) -> Case | None:
    """The case an hour later, and after this; None: there is none."""
    world.clock.move(hours=1)
    adapter = catalog.of_source(world.services.settings, "scim", "scim")
    assert adapter is not None
    call = signed(adapter, json.dumps(body).encode(), world.clock.at, secret="s3cret", method=method)
    answer = json.loads((await receive(world.services, "scim", call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    cases = [case for case in await world.all_cases() if case.listed]
    assert len(cases) <= 1
    return cases[0] if cases else None


def stands(case: Case | None) -> tuple[str, str | None, str, str | None]:
    assert case is not None
    return str(case.state), case.reason_code, str(case.hire.start_date), case.hire.job_title


# --- when it happened --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["2026-08-17T19:00:00Z", OLD, "2030-01-01T00:00:00Z", "yesterday", None, 7])
async def test_a_client_puts_back_the_meta_that_it_was_given_and_its_word_is_of_today(at: Any):
    """RFC 7643, 3.1: meta is the provider's, and is ignored when a client sends it."""
    world = a_world()
    await say(world, "POST", user(title="Cook"))
    await say(world, "PATCH", patch({"title": "Guide"}))
    case = await say(world, "PUT", user(MOVED, title="Chef", **stamp(at)))
    assert stands(case) == ("waiting_start", None, MOVED, "Chef")
    deleted = {"Operations": [{"method": "DELETE", "path": "/Users/100"}]}
    assert stands(await say(world, "POST", deleted))[1] == "hr_deleted_record"
    case = await say(world, "POST", user(MOVED, title="Back", **stamp(at)))
    assert stands(case) == ("waiting_start", None, MOVED, "Back")
    world.store.close()


async def test_a_system_that_stamps_its_messages_is_heard_in_any_order():
    told: list[Message] = [
        ("POST", user(title="Cook", **stamp("2026-08-17T10:00:00Z"))),
        (
            "PATCH",
            patch({f"{URN}:HireDate": "2026-09-21", "title": "Guide"}, **stamp("2026-08-17T11:00:00Z")),
        ),
        ("PUT", user(MOVED, title="Chef", **stamp("2026-08-17T12:00:00Z"))),
    ]
    for order in itertools.permutations(told):
        world = a_world(**STAMPED)
        for method, body in order:
            case = await say(world, method, body)
        assert stands(case) == ("waiting_start", None, MOVED, "Chef")
        world.store.close()


async def test_the_same_message_again_is_a_duplicate_and_what_is_said_again_is_news():
    world = a_world()
    for start in (FIRST, MOVED, FIRST):
        case = await say(world, "PUT", user(start, **stamp(OLD)))
        again = await say(world, "PUT", user(start, **stamp(OLD)))
        assert case is not None
        assert again is not None
        assert (len(again.deliveries), str(again.hire.start_date)) == (len(case.deliveries), start)
    world.store.close()


# --- an `active` that ends the employment, and takes that back -----------------------------------------------------


def inactive(method: str, at: str, active: Any, **said: Any) -> Message:
    if method == "PATCH":
        return method, patch({"active": active}, **stamp(at))
    return method, user(active=active, **said, **stamp(at))


T1, T2, T3, T4 = (f"2026-08-17T1{hour}:00:00Z" for hour in range(4))
HIRED = ("POST", user(active=True, **stamp(T1)))
LATER = ("PATCH", patch({f"{URN}:HireDate": MOVED}, **stamp(T2)))


@pytest.mark.parametrize(
    "told",
    [
        [HIRED, inactive("PATCH", T2, "False"), inactive("PATCH", T3, "True")],
        [HIRED, inactive("PUT", T2, False), inactive("PUT", T3, True)],
        [HIRED, inactive("PUT", T2, False, title="Cook"), inactive("PATCH", T3, True)],
        [HIRED, inactive("PATCH", T2, False), inactive("POST", T3, True)],
        [("POST", user(**stamp(T1))), inactive("PATCH", T2, False), inactive("PATCH", T3, True)],
        [HIRED, inactive("PUT", T2, False, endDate="2026-12-31"), inactive("PATCH", T3, True)],
        [HIRED, LATER, inactive("PATCH", T3, False), inactive("PATCH", T4, True)],
        [
            HIRED,
            inactive("PATCH", T2, False),
            inactive("PATCH", T3, True),
            ("PATCH", patch({"nickName": "Annie"}, **stamp(T4))),
        ],
        [
            HIRED,
            inactive("PATCH", T2, False),
            inactive("PATCH", T3, True),
            inactive("PATCH", T1.replace("10:00", "10:30"), False),
        ],
    ],
)
async def test_whoever_is_set_active_again_goes_on_with_the_first_day_in_any_order(told: list[Message]):
    first = MOVED if LATER in told else FIRST
    for order in itertools.permutations(told):
        world = a_world(inactive="ends", start_date=f"{URN}:HireDate", end_date="endDate", **STAMPED)
        for method, body in order:
            case = await say(world, method, body)
        assert case is not None
        assert (*stands(case)[:3], case.ends_at) == ("waiting_start", None, first, None), order
        world.store.close()


@pytest.mark.parametrize(
    "told",
    [
        [HIRED, inactive("PATCH", T2, True), inactive("PATCH", T3, False)],
        [HIRED, inactive("PUT", T2, True), inactive("PUT", T3, False)],
        [HIRED, LATER, inactive("PUT", T1.replace("10:00", "10:30"), False)],
        [
            HIRED,
            inactive("PATCH", T2, False),
            inactive("PATCH", T3, True),
            inactive("PATCH", T4, False),
        ],
    ],
)
async def test_whoever_is_set_inactive_last_has_left_in_any_order(told: list[Message]):
    for order in itertools.permutations(told):
        world = a_world(inactive="ends", **STAMPED)
        for method, body in order:
            case = await say(world, method, body)
        if case is not None:  # of somebody whom nobody hired here nothing is kept
            assert stands(case)[:2] == ("closed", "employment_ended"), order
        world.store.close()


async def test_a_client_without_a_stamp_sets_somebody_active_again():
    for start in (FIRST, MOVED):
        world = a_world(inactive="ends")
        await say(world, "POST", user(active=True))
        assert stands(await say(world, "PATCH", patch({"active": "False"})))[0] == "closed"
        back = {"active": "True"} if start == FIRST else {"active": "True", f"{URN}:HireDate": start}
        assert stands(await say(world, "PATCH", patch(back)))[:3] == ("waiting_start", None, start)
        world.store.close()


async def test_an_account_that_exists_needs_an_approver():
    world = a_world(inactive="ends")
    case = await say(world, "POST", user(active=True))
    assert case is not None
    case.account = Account("o-1", "a@contoso.example", "7", NOW)
    await world.store.cases.save(case)
    assert stands(await say(world, "PATCH", patch({"active": False})))[0] == "closed"
    case = await say(world, "PATCH", patch({"active": True}))
    assert stands(case)[:3] == ("blocked", "needs_approval_rehire", FIRST)
    world.store.close()


async def test_what_another_system_ended_stays_ended():
    world = a_world(inactive="ends")
    case = await say(world, "POST", user(active=True))
    assert case is not None
    case.ended_by = {"hris": NOW}
    case.ended_at = case.withdrawn_at = NOW
    case.state, case.reason_code = State.CLOSED, "employment_ended"
    case.hired_at = None
    await world.store.cases.save(case)
    for active in (True, False, True):
        assert stands(await say(world, "PATCH", patch({"active": active})))[0] == "closed"
    world.store.close()


async def test_existing_staff_set_inactive_and_active_again_is_existing_staff():
    for method in ("PUT", "PATCH"):
        world = a_world(inactive="ends")
        assert stands(await say(world, "PUT", user("2019-03-01", active=True)))[1] == "existing_staff"
        for active in (False, True):
            body = patch({"active": active}) if method == "PATCH" else user("2019-03-01", active=active)
            case = await say(world, method, body)
            assert stands(case)[:2] == ("closed", "existing_staff")
            assert case is not None
            assert case.hire.given_name is None
        world.store.close()


async def test_somebody_who_is_excluded_is_put_back_for_when_they_are_included():
    world = a_world(inactive="ends")
    case = await say(world, "POST", user(active=True))
    assert case is not None
    await act(world.services, "exclude", case.case_id, Ask("operator", "a test"))
    for active in (False, True):
        assert stands(await say(world, "PATCH", patch({"active": active})))[0] == "excluded"
    await act(world.services, "resume", case.case_id, Ask("operator", "no test"))
    assert stands(await world.only_case())[:3] == ("waiting_start", None, FIRST)
    world.store.close()


async def test_whoever_was_watched_to_the_end_is_watched_on():
    world = a_world(inactive="ends")
    case = await say(world, "POST", user(active=True))
    assert case is not None
    case.state, case.next_action = State.CLOSED, NextAction("none", None, WATCH_ENDED)
    await world.store.cases.save(case)
    case = await say(world, "PATCH", patch({"active": False}))
    assert case is not None
    assert (case.reason_code, case.watch_ended) == ("employment_ended", False)
    case = await say(world, "PATCH", patch({"active": True}))
    assert case is not None
    assert (case.state, case.reason_code, case.watch_ended) == (State.CLOSED, None, True)
    world.store.close()
