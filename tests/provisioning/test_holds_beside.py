"""What is done beside the cases' own actions takes part in the hold: a reorganisation without the permission for passes
is one alert, one case at a time probes, and everybody goes on when it gets through."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, LostMethod, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction
from onboarding.errors import PermissionMissing, TenantHeld
from onboarding.operate import due, explain, work
from onboarding.ports import AccessPass, CaseQuery, DirectoryUser, WorkMessage
from onboarding.provisioning import recall
from onboarding.safeguards import stops
from tests.support.doubles import T0, World, make_case

MANY = 40
HELD = "held_for_permission"
REFUSED = PermissionMissing("grant the application permission UserAuthMethod-TAP.ReadWrite.All")


def name(n: int) -> str:
    return f"c_{n:020d}"


async def followed(world: World, n: int, **changes: Any) -> Case:
    """At work for a week, with a pass that is out; the next look is far away."""
    user = f"user-{n}"
    world.tenant.add(DirectoryUser(user, f"p{n}@contoso.example", account_enabled=True, created_at=T0))
    world.tenant.passes[user] = [AccessPass(f"pass-{n}", T0, 480, "")]
    record = PassRecord(PassStatus.DELIVERED, T0, "manager", pass_id=f"pass-{n}", delivered_at=T0)
    values: dict[str, Any] = {
        "state": State.FOLLOWING_UP,
        "account": Account(user, f"p{n}@contoso.example", str(n), T0),
        "access_pass": record,
        "next_action": NextAction("follow_up", T0 + timedelta(days=9), "next_rung"),
        **changes,
    }
    return await world.file(make_case(name(n), **values))


async def called_back(world: World, n: int, **changes: Any) -> Case:
    case = await followed(world, n, **changes)
    assert case.access_pass is not None
    case.access_pass.call_back(world.clock.at, timedelta(0))
    return await world.store.cases.save(case)


async def timers(world: World, hours: float) -> None:
    """The follow-up timer every five minutes, and the worker on whatever it sends."""
    end = world.clock.at + timedelta(hours=hours)
    while world.clock.at < end:
        await due.enqueue_due(world.s)
        messages, world.queue.sent = list(world.queue.sent), []
        for message, _ in messages:
            await work.handle(world.s, message)
        world.clock.move(minutes=5)


def refuse(world: World, *calls: str) -> None:
    for call in calls:
        world.faults.before(call, *[REFUSED] * 10_000)


def told(caplog: pytest.LogCaptureFixture) -> Counter[str]:
    return Counter(record.message for record in caplog.records if record.levelno >= logging.WARNING)


def asked(world: World, call: str) -> int:
    return 10_000 - len(world.faults.plan[call])


async def listed(world: World, reason: str) -> set[str]:
    found = await world.store.cases.search(CaseQuery(reason_code=reason), None, 2 * MANY)
    return {item.case_id for item in found.items}


async def test_many_changed_managers_without_the_permission_are_one_alert(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(MANY):
        await called_back(world, n)
    refuse(world, "passes")
    await timers(world, 0.05)
    assert told(caplog) == {"permission_hold_opened": 1}
    assert asked(world, "passes") == 1, "the others ask nothing"
    assert await listed(world, HELD) == {name(n) for n in range(MANY)}
    case = await world.case(name(7))
    assert (case.state, case.reason_code) == (State.FOLLOWING_UP, None)
    assert case.next_action.why != HELD, "the follow-up goes on meanwhile"
    assert "permission" in explain.explain(case, world.clock.at)
    await timers(world, 12)
    assert told(caplog) == {"permission_hold_opened": 1}
    assert 20 <= asked(world, "passes") <= 40, "one at a time, half an hour apart in the end"
    for n in range(MANY):
        story = [item.action for item in await world.store.cases.timeline(name(n))]
        assert story.count("pass_recall_held") == 1
    world.faults.plan.clear()
    await timers(world, 0.7)
    assert {f"pass-{n}" for n in range(MANY)} <= set(world.tenant.voided)
    assert await listed(world, HELD) == set()
    assert (await stops.read(world.store.cases)).stops == {}


async def test_everybody_is_sent_when_the_probe_gets_through(world: World) -> None:
    for n in range(5):
        await called_back(world, n)
    refuse(world, "passes")
    for n in range(5):
        await work.handle(world.s, WorkMessage(case_id=name(n), why="due"))
    world.faults.plan.clear()
    world.clock.move(minutes=3)
    await work.handle(world.s, WorkMessage(case_id=name(0), why="due"))
    assert world.tenant.voided == ["pass-0"]
    world.queue.sent.clear()
    await due.enqueue_due(world.s)
    sent = {message.case_id for message, _ in world.queue.sent if message.why == "released"}
    assert sent == {name(n) for n in range(1, 5)}
    for message, _ in list(world.queue.sent):
        await work.handle(world.s, message)
    assert set(world.tenant.voided) == {f"pass-{n}" for n in range(5)}


async def test_whoever_is_blocked_keeps_the_reason_and_has_the_pass_voided_all_the_same(world: World) -> None:
    reason = "needs_approval_same_person"
    await called_back(
        world, 0, state=State.BLOCKED, return_state=State.FOLLOWING_UP, reason_code=reason,
        next_action=NextAction("operator", None, reason),
    )  # fmt: skip
    refuse(world, "passes")
    await timers(world, 2)
    assert (await listed(world, reason), await listed(world, HELD)) == ({name(0)}, set())
    world.faults.plan.clear()
    await timers(world, 0.7)
    case = await world.case(name(0))
    assert (case.state, case.reason_code, world.tenant.voided) == (State.BLOCKED, reason, ["pass-0"])


async def test_what_the_case_itself_waits_for_stays_as_it_is(world: World) -> None:
    reason = "paused_by_limit"
    await called_back(
        world, 0, reason_code=reason, next_action=NextAction("follow_up", T0 + timedelta(hours=5), reason)
    )
    await recall.advance(world.s, await world.case(name(0)), world.clock.at)
    case = await world.case(name(0))
    assert (world.tenant.voided, case.reason_code, case.next_action.why) == (["pass-0"], reason, reason)


async def test_whoever_is_refused_alone_is_told_once_and_tried_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(2):
        await called_back(world, n)
    world.faults.before("passes", REFUSED)  # of the first one's account alone
    await work.handle(world.s, WorkMessage(case_id=name(0), why="due"))
    world.clock.move(minutes=2)
    await work.handle(world.s, WorkMessage(case_id=name(1), why="due"))
    assert world.tenant.voided == ["pass-1"]
    refuse(world, "passes")
    await timers(world, 6)
    assert told(caplog)["permission_hold_opened"] == 1
    assert told(caplog)["pass_not_voided"] == 1
    world.faults.plan.clear()
    await timers(world, 0.6)
    assert world.tenant.voided == ["pass-1", "pass-0"]


async def test_a_tenant_that_does_not_answer_is_no_try(world: World) -> None:
    await called_back(world, 0)
    world.faults.before("passes", TenantHeld("nobody answers", retry_after=90))
    await work.handle(world.s, WorkMessage(case_id=name(0), why="due"))
    case = await world.case(name(0))
    assert case.access_pass is not None
    assert case.access_pass.recall is not None
    assert (case.access_pass.recall.attempts, case.access_pass.recall.code) == (0, "held_for_tenant")
    assert case.access_pass.recall.when == world.clock.at + timedelta(seconds=90)


async def test_lost_phones_without_the_permission_are_one_alert_and_every_session_ends_at_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(6):
        case = await followed(world, n)
        world.tenant.methods[f"user-{n}"] = ("mobilePhone",)
        case.lost_method = LostMethod("id-mobilePhone", "mobilePhone", world.clock.at, world.clock.at)
        await world.store.cases.save(case)
    refuse(world, "delete_method")
    await timers(world, 3)
    assert told(caplog) == {"permission_hold_opened": 1}
    assert sorted(world.tenant.revoked) == [f"user-{n}" for n in range(6)]
    assert await listed(world, HELD) == {name(n) for n in range(6)}
    world.faults.plan.clear()
    await timers(world, 0.7)
    assert sorted(world.tenant.deleted_methods) == [(f"user-{n}", "mobilePhone") for n in range(6)]
    assert await listed(world, HELD) == set()
    for n in range(6):
        assert (await world.case(name(n))).lost_method is None


async def test_a_paused_case_has_its_pass_voided_when_the_permission_comes(world: World) -> None:
    case = await called_back(world, 0)
    case.apply(Event.PAUSE)
    await world.store.cases.save(replace(case))
    refuse(world, "void_pass")
    await timers(world, 1)
    assert world.tenant.voided == []
    world.faults.plan.clear()
    await timers(world, 0.7)
    assert (world.tenant.voided, (await world.case(name(0))).state) == (["pass-0"], State.PAUSED)
