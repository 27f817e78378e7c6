"""SCIM through the door: when something happened, and an `active` that ends the employment and takes that back."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
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


def stands(case: Case | None) -> tuple[str, str | None, str | None, str | None]:
    assert case is not None
    hire = case.hire
    return str(case.state), case.reason_code, hire.start_date and str(hire.start_date), hire.job_title


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
