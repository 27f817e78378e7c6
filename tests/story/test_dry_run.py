"""A deployment from its first start in dry run to live, over HTTP: nothing is written before somebody said so."""

from __future__ import annotations

import json
from typing import Any

from tests.story.world import World


async def test_from_the_first_start_in_dry_run_to_live_by_the_plan(world: World) -> None:
    await world.restart(MODE="dry_run")
    await world.hire()
    await world.until(-6)
    assert (await world.show())["reason_code"] == "dry_run"
    status, plan = await call(world, "plan")
    assert status == 200
    assert (plan["mode"], plan["stopped"], plan["totals"]["create_account"]) == ("dry_run", 1, 1)
    (person,) = plan["items"]
    named = [action["what"] for action in person["actions"]]
    assert named[:2] == ["create_account", "set_manager"]
    assert named.count("create_pass") == 1
    assert writes(world) == [], "counted in the pretend tenant"

    body = {"plan_hash": plan["plan_hash"], "reason": "looked at with HR"}
    status, said = await call(world, "plan_apply", "POST", body)
    assert (status, said["code"]) == (409, "dry_run")
    await world.restart(MODE="live")
    await world.tick()
    assert writes(world) == [], "to be live alone releases nobody"
    assert (await call(world, "plan"))[1]["plan_hash"] == plan["plan_hash"]
    status, done = await call(world, "plan_apply", "POST", body)
    assert (status, [item["result"] for item in done["items"]]) == (200, ["rerun"])
    status, again = await call(world, "plan_apply", "POST", body)
    assert (status, [item["result"] for item in again["items"]]) == (200, [None]), (
        "nobody is stopped any more"
    )
    await world.tick()
    (account,) = world.ours()
    assert account["userPrincipalName"] == person["user_principal_name"]
    assert ("POST", "/v1.0/users") in writes(world)
    entry = next(e for e in (await world.show())["timeline"] if e["action"] == "rerun")
    assert (entry["actor"], entry["detail"]["reason"]) == ("operator:pretend", "looked at with HR")


async def test_a_live_service_shows_its_plan_without_a_write(world: World) -> None:
    await world.hire(start_date="2026-12-01")
    await world.tick()
    before = writes(world)
    status, plan = await call(world, "plan")
    assert (status, plan["totals"]["create_account"], plan["stopped"]) == (200, 1, 0)
    assert plan["items"][0]["actions"][0]["at"] > "2026-11"
    assert writes(world) == before == []


async def call(world: World, name: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
    answer = await world.host.http(
        name,
        method,
        f"/api/{name}",
        body=json.dumps(body).encode() if body else b"",
        headers={"content-type": "application/json"},
    )
    return answer.status_code, json.loads(answer.get_body())


def writes(world: World) -> list[tuple[str, str]]:
    """Requests of ours to Graph that are no reads."""
    return [
        (item["method"], item["path"])
        for item in world.requests()
        if item["method"] != "GET" and not item["path"].startswith("/_control")
    ]
