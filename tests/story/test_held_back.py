"""Trouble that is everybody's: a permission that is missing, an outage, a limit. The real adapter, over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from onboarding.domain.case import Case
from onboarding.safeguards import stops
from tests.story.world import World

PEOPLE = ("Anna Berg", "Bo Lind", "Cara Voss", "Dag Moen", "Eva Hahn")
SOON = timedelta(minutes=5)


async def arrive(world: World) -> None:
    """Five hires at once."""
    for number, name in enumerate(PEOPLE):
        given, family = name.split()
        await world.post(world.body(employee_id=f"H-{number}", given_name=given, family_name=family))
    await world.host.drain()


async def cases(world: World) -> list[Case]:
    return [await world.case(f"H-{number}") for number in range(len(PEOPLE))]


async def pass_hours(world: World, hours: float, every: timedelta = SOON) -> None:
    """Timers tick as they do."""
    end = world.now() + timedelta(hours=hours)
    while world.now() < end:
        world.pass_time(every.total_seconds())
        await world.tick("followup", "watchdog")


def creations(world: World) -> list[dict[str, Any]]:
    return [item for item in world.requests("POST") if item["path"] == "/v1.0/users"]


async def test_a_permission_that_is_missing_holds_everybody_and_its_grant_lets_everybody_go(
    world: World,
) -> None:
    world.fault("status", "POST", "/users", status=403, times=None)
    await arrive(world)
    assert {case.reason_code for case in await cases(world)} == {"held_for_permission"}
    assert len(creations(world)) == 1
    await pass_hours(world, 4)
    tried = creations(world)
    at = [datetime.fromisoformat(item["at"]) for item in tried]
    assert len(tried) <= 12, "an hour apart in the end"
    assert max(later - sooner for sooner, later in pairwise(at)) < timedelta(hours=1, minutes=20)
    found = await cases(world)
    assert {case.steps["create_account"].attempts for case in found} == {0}
    assert any("permission_hold_opened" in line for line in world.log.lines)
    world.no_faults()
    await pass_hours(world, 1.6)
    assert len(world.ours()) == len(PEOPLE)
    assert {case.reason_code for case in await cases(world)} == {None}
    assert (await stops.read(world.host.app.services.cases)).stops == {}


async def test_an_outage_across_cases_is_waited_out_by_one_request_at_a_time(world: World) -> None:
    """More than three days: longer than any case may fail by itself."""
    world.fault("status", "*", "/users**", status=500, times=None)
    world.fault("status", "*", "/$batch", status=500, times=None)
    await arrive(world)
    await pass_hours(world, 2)
    before = len(world.requests())
    assert {case.reason_code for case in await cases(world)} <= {"held_for_tenant", None}
    assert "held_for_tenant" in {case.reason_code for case in await cases(world)}
    await pass_hours(world, 76, timedelta(hours=2))
    assert {case.state for case in await cases(world)} == {"provisioning"}, "nobody gave up"
    asked = len(world.requests()) - before
    assert asked < 38 * 30, (
        "a probe or two each time, with the repetitions inside one call, and the timers' own"
    )
    world.no_faults()
    await pass_hours(world, 3)
    assert len(world.ours()) == len(PEOPLE)
    assert {case.reason_code for case in await cases(world)} == {None}


async def test_a_limit_stops_the_service_and_an_approver_lets_it_go_on(world: World) -> None:
    text = "[limits]\ncreations_per_hour = 2\ncreations_percent = 0\n"
    await world.restart(POLICY_FILE=world.policy(text))
    await arrive(world)
    assert len(world.ours()) == 2
    await pass_hours(world, 5)
    assert len(world.ours()) == 2
    answer = await world.host.http(
        "limit_approve", "POST", "/api/limits/creations/approve", {"kind": "creations"},
        b'{"reason": "a new office", "allow": 10}',
        {"x-dev-role": "approver", "content-type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 202, answer.get_body()
    await pass_hours(world, 0.2)
    assert len(world.ours()) == len(PEOPLE)
    told = [
        entry
        for case in await cases(world)
        for entry in await world.host.app.services.cases.timeline(case.case_id)
        if entry.action == "released"
    ]
    assert len(told) == 3
    assert {entry.detail["reason"] for entry in told} == {"a new office"}
