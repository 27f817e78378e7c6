"""`POST reruns`, `GET cases/{case_id}/plan`, `GET plan` and `POST plan`, as the design's contracts say them."""

from __future__ import annotations

from typing import Any

import pytest

from onboarding.domain.lifecycle import State
from tests.support.outer import Outer, case_id, make_case, rich_case


@pytest.fixture
async def stuck(outer: Outer) -> Outer:
    """Two blocked, one of them from another source, and one who is followed up."""
    blocked = {"reason_code": "permission_missing", "return_state": State.PROVISIONING}
    await outer.put(make_case(1, State.BLOCKED, **blocked))
    await outer.put(make_case(2, State.BLOCKED, source="greenhouse", **blocked))
    await outer.put(rich_case(3))
    return outer


async def reruns(outer: Outer, body: Any, role: str = "operator") -> tuple[int, Any]:
    return await outer.json("reruns", "POST", body=body, headers={"x-dev-role": role})


async def test_a_preview_and_the_rerun_by_its_hash(stuck: Outer) -> None:
    asked = {"filter": {"state": "blocked", "reason_code": "permission_missing", "source": None}}
    status, seen = await reruns(stuck, {**asked, "dry_run": True})
    assert status == 200
    assert {"matched", "items", "plan_hash"} <= seen.keys()
    assert seen["matched"] == 2
    assert {item["case_id"] for item in seen["items"]} == {case_id(1), case_id(2)}
    assert (await reruns(stuck, asked))[1] == seen, "nothing is run unless dry_run says false"
    body = {**asked, "dry_run": False, "reason": "granted", "plan_hash": seen["plan_hash"]}
    status, done = await reruns(stuck, body)
    assert status == 200
    assert [item["result"] for item in done["items"]] == ["rerun", "rerun"]
    operation = {"operation_id": done["items"][0]["operation_id"]}
    assert (await stuck.json("operation", params=operation))[1]["status"] == "done"
    status, said = await reruns(stuck, body)
    assert (status, said["code"]) == (409, "plan_stale")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"dry_run": False, "reason": "x"}, "plan_hash_required"),
        ({"dry_run": False, "plan_hash": "x"}, "reason_required"),
        ({"dry_run": "no"}, "unreadable"),
        ({"filter": "blocked"}, "unreadable"),
        ({"filter": {"state": 7}}, "unreadable"),
        ({"filter": {"state": "blockd"}}, "unknown_filter_value"),
        ({"filter": {"status": "partial"}}, "unknown_filter"),
        ({"from_step": "make_coffee"}, "unknown_step"),
        ({"dryrun": True}, "unknown_member"),
    ],
)
async def test_what_cannot_be_understood_is_400_and_runs_nobody(stuck: Outer, body: Any, code: str) -> None:
    status, said = await reruns(stuck, body)
    assert (status, said["code"]) == (400, code)
    case = await stuck.s.cases.get(case_id(1))
    assert case.state is State.BLOCKED


async def test_a_rerun_of_one_case_takes_the_hash_of_its_plan(stuck: Outer) -> None:
    call = {"params": {"case_id": case_id(1), "action": "rerun"}}
    status, said = await stuck.json(
        "case_action", "POST", body={"reason": "x", "plan_hash": "0" * 32}, **call
    )
    assert (status, said["code"]) == (409, "plan_stale")
    _, found = await reruns(stuck, {"filter": {"source": "standard-webhooks", "state": "blocked"}})
    body = {"reason": "x", "plan_hash": found["items"][0]["plan_hash"]}
    assert (await stuck.json("case_action", "POST", body=body, **call))[0] == 202
    pause = {"params": {"case_id": case_id(1), "action": "pause"}}
    assert (await stuck.json("case_action", "POST", body=body, **pause))[1]["code"] == "unknown_member"


async def test_the_plan_of_a_case_that_cannot_be_rerun_says_why(stuck: Outer) -> None:
    await stuck.put(rich_case(4, State.PAUSED, return_state=State.FOLLOWING_UP))
    status, said = await stuck.json("case_plan", params={"case_id": case_id(4)})
    assert (status, said["possible"], said["would"]) == (200, False, None)
    assert "resume" in said["why_not"]
    for query, code in (({"from_step": "x"}, "unknown_step"), ({"step": "x"}, "unknown_filter")):
        status, said = await stuck.json("case_plan", params={"case_id": case_id(4)}, query=query)
        assert (status, said["code"]) == (400, code)
    assert (await stuck.json("case_plan", params={"case_id": "c_" + "9" * 20}))[0] == 404


async def test_a_tenant_that_does_not_answer_is_said_and_nothing_is_made_up(stuck: Outer) -> None:
    status, said = await stuck.json("case_plan", params={"case_id": case_id(1)})
    assert status == 200
    assert said["would"]["ends"] == {"state": "provisioning", "why": "unavailable"}
    assert said["would"]["actions"] == []


@pytest.mark.parametrize("limit", ["0", "501", "x", "-1", "²"])
async def test_a_plan_has_a_limit(outer: Outer, limit: str) -> None:
    assert (await outer.json("plan", query={"limit": limit}))[0] == 400


async def test_an_empty_plan_can_be_shown_and_a_stale_one_is_409(outer: Outer) -> None:
    status, said = await outer.json("plan")
    assert status == 200
    assert (said["matched"], said["items"], said["mode"]) == (0, [], "live")
    body = {"plan_hash": "0" * 32, "reason": "x"}
    assert (await outer.json("plan_apply", "POST", body=body))[0] == 409
    for wrong in ({**body, "limit": "5"}, {**body, "limit": True}, {**body, "more": 1}, {"reason": "x"}):
        assert (await outer.json("plan_apply", "POST", body=wrong))[0] == 400
