"""`POST cases/{case_id}/forget`: an approver's word, an operation that stays, and a door closed behind it."""

from __future__ import annotations

from typing import Any

import pytest

from onboarding.domain.lifecycle import State
from onboarding.intake import process
from tests.support import planted
from tests.support.outer import Outer, case_id, make_case, rich_case

APPROVER = {"x-dev-role": "approver"}


async def ask(outer: Outer, wanted: str, role: str = "approver", **body: Any) -> tuple[int, Any]:
    return await outer.json(
        "case_action",
        "POST",
        params={"case_id": wanted, "action": "forget"},
        body={"reason": "article 17", **body},
        headers={"x-dev-role": role},
    )


@pytest.mark.parametrize("role", ["none", "viewer", "operator"])
async def test_only_an_approver_forgets(outer: Outer, role: str) -> None:
    await outer.put(make_case(1))
    status, _ = await ask(outer, case_id(1), role)
    assert status == (401 if role == "none" else 403)
    assert (await outer.json("case", params={"case_id": case_id(1)}))[0] == 200


async def test_it_is_accepted_done_and_gone(outer: Outer) -> None:
    await outer.put(rich_case(1))
    outer.clock.move(days=1)
    status, said = await ask(outer, f"{planted.EMPLOYEE}-1")
    assert status == 202
    assert said["case_id"] == case_id(1)
    assert "account in Entra" in said["note"]
    _, operation = await outer.json("operation", params={"operation_id": said["operation_id"]})
    assert (operation["status"], operation["result"]) == ("done", "erased_account_stays")
    assert (operation["action"], operation["actor"], operation["reason"]) == (
        "forget",
        "pretend",
        "article 17",
    )
    for wanted in (case_id(1), f"{planted.EMPLOYEE}-1"):
        assert (await outer.json("case", params={"case_id": wanted}))[0] == 404
    assert await outer.json("cases") == (200, {"items": [], "next_page": None})
    assert (await ask(outer, case_id(1)))[0] == 404


async def test_the_tenant_is_down_and_a_pass_is_usable_so_it_stays_accepted(outer: Outer) -> None:
    case = rich_case(1, rungs={})
    await outer.put(case)
    status, said = await ask(outer, case_id(1))
    assert status == 202
    _, operation = await outer.json("operation", params={"operation_id": said["operation_id"]})
    assert (operation["status"], operation["result"]) == ("accepted", "unavailable")
    _, shown = await outer.json("case", params={"case_id": case_id(1)})
    assert (shown["state"], shown["next_action"]["what"]) == ("excluded", "forget")
    for action in ("resume", "rerun", "approve"):
        status, said = await outer.json(
            "case_action", "POST", params={"case_id": case_id(1), "action": action}, body={"reason": "x"},
            headers=APPROVER,
        )  # fmt: skip
        assert (status, said["code"]) == (409, "being_forgotten")


@pytest.mark.parametrize(
    ("body", "code"),
    [({"reason": ""}, "reason_required"), ({"from_step": "create_account"}, "unknown_member")],
)
async def test_a_wrong_request_changes_nothing(outer: Outer, body: dict[str, str], code: str) -> None:
    await outer.put(make_case(1))
    status, said = await ask(outer, case_id(1), **body)
    assert (status, said["code"]) == (400, code)
    assert (await outer.json("case", params={"case_id": case_id(1)}))[0] == 200


@pytest.mark.parametrize("state", State)
async def test_every_state_can_be_forgotten(outer: Outer, state: State) -> None:
    await outer.put(make_case(1, state))
    status, _ = await ask(outer, case_id(1))
    assert status == 202
    assert (await outer.json("case", params={"case_id": case_id(1)}))[0] == 404


async def test_a_delivery_says_when_it_was_emptied(outer: Outer) -> None:
    await outer.deliver(planted.body())
    _, listed = await outer.json("deliveries")
    (delivery,) = listed["items"]
    assert delivery["pruned_at"] is None
    await process.process_delivery(outer.s, delivery["delivery_id"])
    outer.clock.move(minutes=5)
    assert (await ask(outer, planted.EMPLOYEE))[0] == 202
    _, shown = await outer.json("delivery", params={"delivery_id": delivery["delivery_id"]})
    assert (shown["status"], shown["reason_code"], shown["case_ids"]) == ("ignored", "forgotten", [])
    assert shown["pruned_at"] == outer.clock.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    replay = await outer.json(
        "delivery_replay", "POST", params={"delivery_id": delivery["delivery_id"]}, body={"reason": "x"}
    )
    assert replay[0] == 409
