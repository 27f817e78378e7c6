"""No number is lost without a word: a change of one number leaves the others, and every place for one is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from onboarding.intake import catalog
from onboarding.intake.adapter import METHOD, Adapter
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import World, make_world, signed

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOBILE, WORK = "+491701234567", "+49301234567"
BOTH = [("mobile", MOBILE), ("work", WORK)]
USER: dict[str, Any] = {
    "externalId": "7",
    "name": {"givenName": "Ada"},
    "phoneNumbers": [{"type": "mobile", "value": MOBILE}, {"type": "work", "value": WORK}],
}


# --- scim ----------------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[World]:
    made = make_world(SourceSettings("scim", "scim", Secret("s3cret")))
    yield made
    made.store.close()


async def post(world: World, body: dict[str, Any], method: str) -> list[tuple[str, str]]:
    """The numbers of the case afterwards."""
    world.clock.move(hours=1)
    adapter = catalog.adapters()["scim"]
    call = signed(adapter, json.dumps(body).encode(), world.clock.at, secret="s3cret", method=method)
    answer = json.loads((await receive(world.services, "scim", call)).body)
    assert answer["result"] == "queued", answer
    await process_delivery(world.services, answer["delivery_id"])
    return [(phone.label, phone.raw) for phone in (await world.only_case()).hire.phones or ()]


def operation(op: str, path: str | None, value: Any = None) -> dict[str, Any]:
    return {"op": op, **({"path": path} if path else {}), **({} if value is None else {"value": value})}


def typed(kind: str, sub: str = ".value") -> str:
    return f'phoneNumbers[type eq "{kind}"]{sub}'


NEW = "+493055"


@pytest.mark.parametrize(
    ("operations", "numbers"),
    [
        ([operation("add", typed("fax"), "+493099")], BOTH),
        ([operation("replace", typed("work"), NEW)], [("mobile", MOBILE), ("work", NEW)]),
        ([operation("Replace", typed("WORK", ""), {"value": NEW})], [("mobile", MOBILE), ("work", NEW)]),
        ([operation("add", typed("home"), NEW)], [*BOTH, ("home", NEW)]),
        (
            [operation("replace", typed("mobile"), NEW), operation("replace", typed("work"), NEW + "1")],
            [("mobile", NEW), ("work", NEW + "1")],
        ),
        ([operation("replace", None, {typed("work"): NEW})], [("mobile", MOBILE), ("work", NEW)]),
        ([operation("add", typed("mobile", ".primary"), True)], BOTH),
        ([operation("add", "phoneNumbers", [{"type": "home", "value": NEW}])], [*BOTH, ("home", NEW)]),
        (
            [operation("add", None, {"phoneNumbers": [{"type": "home", "value": NEW}]})],
            [*BOTH, ("home", NEW)],
        ),
        ([operation("add", "phoneNumbers", [{"type": "work", "value": WORK}])], BOTH),
        ([operation("remove", typed("work"))], [("mobile", MOBILE)]),
        ([operation("remove", typed("work", ""))], [("mobile", MOBILE)]),
        ([operation("remove", typed("pager", ""))], BOTH),
        ([operation("replace", typed("work"), "")], [("mobile", MOBILE)]),
        ([operation("replace", "phoneNumbers", [{"type": "work", "value": NEW}])], [("work", NEW)]),
        (
            [
                operation("replace", "phoneNumbers", [{"type": "work", "value": NEW}]),
                operation("add", typed("home"), NEW + "1"),
            ],
            [("work", NEW), ("home", NEW + "1")],
        ),
        ([operation("remove", "phoneNumbers")], []),
        ([operation("replace", "title", "Cook")], BOTH),
    ],
)
async def test_a_patch_of_one_number_leaves_the_others(
    world: World, operations: list[dict[str, Any]], numbers: list[tuple[str, str]]
):
    assert await post(world, USER, "POST") == BOTH
    patch = {"schemas": [PATCH], "externalId": "7", "Operations": operations}
    assert sorted(await post(world, patch, "PATCH")) == sorted(numbers)


async def test_a_patch_that_comes_first_gives_its_number_and_a_whole_record_is_all_there_is(world: World):
    patch = {"schemas": [PATCH], "externalId": "7", "Operations": [operation("add", typed("work"), NEW)]}
    assert await post(world, patch, "PATCH") == [("work", NEW)]
    assert await post(world, USER, "PUT") == BOTH
    assert await post(world, {**USER, "phoneNumbers": [{"type": "fax", "value": NEW}]}, "PUT") == []


def test_a_resource_cannot_say_what_only_a_patch_says():
    said = {**USER, "phone_types": ["work"], "#phones": ["work"]}
    (event,) = catalog.adapters()["scim"].events("x", json.dumps(said).encode(), {METHOD: "PUT"})
    assert event.phones_of is None


# --- custom --------------------------------------------------------------------------------------------------


def custom(*phones: dict[str, Any]) -> Adapter:
    options = {"event": {"default": "hire.created"}, "fields": {"employee_id": "/id"}, "phones": list(phones)}
    found = catalog.bound(SourceSettings("custom", "custom", Secret("s"), options=options), "custom")
    assert found is not None
    return found


def numbers(adapter: Adapter, **body: Any) -> list[str] | None:
    (event,) = adapter.events("custom", json.dumps({"id": "7", **body}).encode(), {})
    return None if event.hire.phones is None else [phone.raw for phone in event.hire.phones]


def test_every_pointer_of_a_number_is_a_place_for_it():
    either = custom({"at": ["/mobile", "/cell"], "label": "mobile"})
    assert numbers(either, cell=MOBILE) == [MOBILE]
    assert numbers(either, mobile=None, cell=MOBILE) == [MOBILE]
    assert numbers(either, cell=None) == []
    assert numbers(either, mobile="") == []
    assert numbers(either) is None


def test_a_number_in_parts_may_lack_its_code():
    workday = custom({"parts": ["/International_Phone_Code", "/Area_Code", "/Phone_Number"], "plus": True})
    assert numbers(workday, International_Phone_Code="49", Phone_Number="1701234567") == ["+49 1701234567"]
    assert numbers(workday, Phone_Number=MOBILE) == [MOBILE]
    assert numbers(workday, Area_Code="0170", Phone_Number="1234567") == ["0170 1234567"], "no code, no plus"
    assert numbers(workday, Phone_Number=None) == []
    assert numbers(workday) is None


def test_a_list_and_a_single_number_stand_beside_each_other():
    both = custom({"at": "/mobile", "label": "mobile"}, {"list": "/more", "at": "/n"})
    assert numbers(both, more=[{"n": MOBILE}]) == [MOBILE]
    assert numbers(both, more=[]) == []
    assert numbers(both, mobile=WORK, more=[{"n": MOBILE}]) == [WORK, MOBILE]
    assert numbers(both) is None
