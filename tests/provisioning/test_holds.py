"""A step that the tenant refuses for want of a permission is held for everybody, and a probe lets everybody go on."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction, StepStatus
from onboarding.errors import DeployerError, LimitReached, PermissionMissing, TenantHeld, Unavailable
from onboarding.operate import due, work
from onboarding.ports import CLAIM_LEASE, DirectoryUser
from onboarding.provisioning import holds, runner
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Context, Done, Outcome, Skip, Wait
from onboarding.safeguards import stops
from tests.support.doubles import T0, Killed, World, advance, make_case

HELD = "held_for_permission"
REFUSED = PermissionMissing("grant the application permission User.ReadWrite.All")


def name(n: int) -> str:
    return f"c_{n:020d}"


def someone(n: int) -> Case:
    account = Account(f"user-{n}", f"person.{n}@contoso.example", str(n), T0)
    return make_case(name(n), state=State.PROVISIONING, account=account)


class Tenant:
    """One step that is refused while `refuses`; for `alone` always. Counts whom it was asked about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuses: Exception | None = REFUSED
        self.alone: set[str] = set()
        self.asked: list[str] = []
        self.answer: Outcome = Done()
        plan = (Planned(_step("one"), self._run), Planned(_step("two"), self._two))
        monkeypatch.setattr(runner, "steps", lambda: plan)

    async def _run(self, ctx: Context) -> Outcome:
        self.asked.append(ctx.case.case_id)
        await asyncio.sleep(0)
        if ctx.case.case_id in self.alone:
            raise REFUSED
        if self.refuses is not None:
            raise self.refuses
        return self.answer

    async def _two(self, ctx: Context) -> Outcome:
        return Done()


def _step(name: str) -> Any:
    from onboarding.provisioning.steps.set_manager import STEP

    return dataclasses.replace(STEP, name=name)


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> Tenant:
    return Tenant(monkeypatch)


@pytest.fixture
def quiet(world: World) -> World:
    world.entropy.fixed = 0.0
    return world


async def crowd(world: World, number: int) -> list[Case]:
    """So many cases, each looked at once."""
    for n in range(number):
        await world.store.cases.create(someone(n))
    return [await advance(world, name(n)) for n in range(number)]


async def held(world: World) -> stops.Stop:
    found = (await stops.read(world.store.cases)).find(stops.PERMISSION, "one")
    assert found is not None
    return found


async def test_one_refusal_holds_everybody_and_spends_nobodys_tries(
    quiet: World, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    cases = await crowd(quiet, 6)
    assert tenant.asked == [name(0)], "the others are not sent there"
    assert {(case.state, case.reason_code) for case in cases} == {(State.PROVISIONING, HELD)}
    for case in cases:
        record = case.steps["one"]
        assert (record.status, record.attempts, record.first_failed_at) == (StepStatus.WAITING, 0, None)
        assert case.next_action.when is not None
    alerts = [r for r in caplog.records if r.message == "permission_hold_opened"]
    assert [r.levelno for r in alerts] == [logging.ERROR]
    assert (await held(quiet)).text == REFUSED.message


async def test_no_token_is_held_and_another_fault_of_the_deployment_blocks(
    quiet: World, tenant: Tenant
) -> None:
    tenant.refuses = DeployerError("no token", code="graph_sign_in")
    assert [case.reason_code for case in await crowd(quiet, 2)] == [HELD, HELD]
    await stops.change(quiet.store.cases, lambda board: board.stops.popitem() is not None)
    tenant.refuses = DeployerError("x", code="graph_refused")
    await quiet.store.cases.create(someone(9))
    assert (await advance(quiet, name(9))).reason_code == "graph_refused"


async def test_probes_are_one_case_at_growing_intervals(quiet: World, tenant: Tenant) -> None:
    """Only what due rows do, over six hours and four cases."""
    await crowd(quiet, 4)
    tenant.asked.clear()
    at, end = [], T0 + timedelta(hours=6)
    while quiet.clock.at < end:
        before = len(tenant.asked)
        for row in await quiet.store.cases.due(quiet.clock.at, 50):
            await quiet.store.cases.postpone(row, quiet.clock.at + CLAIM_LEASE)
            await advance(quiet, row.case_id)
        assert len(tenant.asked) - before <= 1, "one at a time"
        at += [quiet.clock.at] * (len(tenant.asked) - before)
        quiet.clock.move(seconds=15)
    gaps = [(later - sooner) / timedelta(minutes=1) for sooner, later in zip([T0, *at], at, strict=False)]
    assert gaps[0] == pytest.approx(1, abs=0.6)
    assert gaps[:5] == sorted(gaps[:5])
    assert 50 <= max(gaps) <= 70
    assert 8 <= len(at) <= 14
    assert {(await quiet.case(name(n))).steps["one"].attempts for n in range(4)} == {0}


async def test_once_a_probe_gets_through_everybody_is_sent_and_goes_on(
    quiet: World, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    await crowd(quiet, 5)
    tenant.refuses = None
    quiet.clock.move(minutes=1)
    probe = await advance(quiet, name(1))
    assert (probe.state, probe.reason_code) == (State.FOLLOWING_UP, None)
    assert "permission_hold_lifted" in caplog.messages
    quiet.queue.sent.clear()
    assert await due.enqueue_due(quiet.s) >= 4
    for message, _ in list(quiet.queue.sent):
        await work.handle(quiet.s, message)
    after = [await quiet.case(name(n)) for n in range(5)]
    assert {(case.state, case.reason_code) for case in after} == {(State.FOLLOWING_UP, None)}
    assert (await stops.read(quiet.store.cases)).stops == {}
    assert "released" in [entry.action for entry in await quiet.story(name(3))]
    assert not [m for m, _ in quiet.queue.sent if m.why == stops.RELEASED][4:], "each is sent once"


async def test_somebody_new_who_comes_by_when_a_probe_is_due_is_the_probe(
    quiet: World, tenant: Tenant
) -> None:
    await crowd(quiet, 1)
    tenant.refuses = None
    quiet.clock.move(minutes=2)
    await quiet.store.cases.create(someone(7))
    assert (await advance(quiet, name(7))).state is State.FOLLOWING_UP


@pytest.mark.parametrize("answer", [Skip("no_manager_named"), Wait(T0 + timedelta(hours=3), "near_start")])
async def test_a_probe_that_asked_nothing_proves_nothing(
    quiet: World, tenant: Tenant, answer: Outcome
) -> None:
    await crowd(quiet, 2)
    tenant.refuses, tenant.answer = None, answer
    quiet.clock.move(minutes=1)
    await advance(quiet, name(1))
    assert (await held(quiet)).until == quiet.clock.at + holds.FIRST


async def test_an_outage_during_a_probe_proves_nothing_and_spends_no_try(
    quiet: World, tenant: Tenant
) -> None:
    await crowd(quiet, 2)
    tenant.refuses = Unavailable("down")
    quiet.clock.move(minutes=1)
    case = await advance(quiet, name(1))
    assert (case.reason_code, case.steps["one"].attempts) == (HELD, 0)
    assert (await held(quiet)).until == quiet.clock.at + holds.FIRST


async def test_a_refusal_of_one_account_alone_blocks_that_case_and_holds_nobody(
    quiet: World, tenant: Tenant
) -> None:
    """Entra protects people with a role. The second time it is known that others get through."""
    tenant.refuses, tenant.alone = None, {name(0)}
    await crowd(quiet, 3)
    quiet.clock.move(minutes=1)
    assert (await advance(quiet, name(1))).state is State.FOLLOWING_UP
    quiet.clock.move(minutes=10)
    again = await advance(quiet, name(0))
    assert (again.state, again.reason_code) == (State.BLOCKED, "permission_missing")
    assert (await stops.read(quiet.store.cases)).stops == {}
    quiet.clock.move(days=8)
    again.apply(Event.UNBLOCK)
    again.next_action = NextAction("provision", quiet.clock.at, "rerun")
    await quiet.store.cases.save(again)
    assert (await advance(quiet, name(0))).reason_code == HELD, "what was known a week ago is not known now"


async def test_two_instances_that_are_refused_at_once_raise_one_alert(
    quiet: World, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(2):
        await quiet.store.cases.create(someone(n))
    await asyncio.gather(advance(quiet, name(0)), advance(quiet, name(1)))
    assert sorted(tenant.asked) == [name(0), name(1)]
    assert caplog.messages.count("permission_hold_opened") == 1
    assert (await held(quiet)).tries == 0, "a try that was under way is no probe"


async def test_a_probe_whose_process_died_is_followed_by_another(quiet: World, tenant: Tenant) -> None:
    await crowd(quiet, 2)
    quiet.clock.move(minutes=1)
    tenant.refuses = Killed("here")  # type: ignore[assignment]
    with pytest.raises(Killed):
        await advance(quiet, name(1))
    tenant.refuses = None
    assert (await advance(quiet, name(0))).reason_code == HELD, (
        "the probe is still under way, for all we know"
    )
    quiet.clock.at += holds.PROBE_LEASE + holds.OTHERS_FIRST
    assert (await advance(quiet, name(0))).state is State.FOLLOWING_UP


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_death_at_any_write_of_a_hold_leaves_a_case_that_comes_back(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    """Every port call of: refused, held, probed, lifted, woken."""
    number = 0
    while True:
        world = make_world()
        world.entropy.fixed = 0.0
        tenant = Tenant(monkeypatch)
        for n in range(2):
            await world.store.cases.create(someone(n))
        world.tape.calls.clear()
        world.tape.kill_at = (number, side)
        await _through(world, tenant)
        if not world.tape.killed:
            assert number > 20
            return
        world.tape.kill_at = None
        await _through(world, tenant, refused=False)
        for n in range(2):
            case = await world.case(name(n))
            assert case.state is State.FOLLOWING_UP, (number, side, case.next_action, case.reason_code)
        assert (await stops.read(world.store.cases)).stops == {}
        number += 1


async def _through(world: World, tenant: Tenant, *, refused: bool = True) -> None:
    """Refused for a while, then granted, by due rows and messages alone; ends at the planned death."""
    try:
        for hours in (0, 1, 2, 3, 4):
            world.clock.at = max(world.clock.at, T0 + timedelta(hours=hours))
            tenant.refuses = REFUSED if hours == 0 and refused else None
            for _ in range(3):
                await due.enqueue_due(world.s)
                messages, world.queue.sent = list(world.queue.sent), []
                for message, _ in messages:
                    await work.handle(world.s, message)
                if hours == 0:
                    break
                world.clock.move(minutes=16)
    except Killed:
        world.queue.sent.clear()


@pytest.mark.parametrize(
    ("error", "code"),
    [(LimitReached("x"), "paused_by_limit"), (TenantHeld("x", retry_after=30.0), "held_for_tenant")],
)
async def test_what_is_held_for_everybody_is_no_try_of_the_case(
    quiet: World, tenant: Tenant, error: Exception, code: str
) -> None:
    tenant.refuses = error
    await quiet.store.cases.create(someone(0))
    for _ in range(4):
        case = await advance(quiet, name(0))
        assert (case.state, case.reason_code) == (State.PROVISIONING, code)
        assert case.steps["one"].attempts == 0
        assert case.next_action.when is not None
        quiet.clock.at = case.next_action.when
    tenant.refuses = None
    assert (await advance(quiet, name(0))).reason_code is None
    waits = [entry for entry in await quiet.story(name(0)) if entry.action == "step_waits"]
    assert len(waits) == 1, "said once, however often it is looked at"


# --- what proves that the permission is there ---------------------------------------------------------------


GRANTED = "group"


class Groups(Tenant):
    """The step looks, and writes where something is missing: whoever is in `has` has it already."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        super().__init__(monkeypatch)
        self.has: set[str] = set()
        self._world = world

    async def _run(self, ctx: Context) -> Outcome:
        self.asked.append(ctx.case.case_id)
        await ctx.s.directory.memberships(ctx.account.id)
        if ctx.case.case_id not in self.has:
            if ctx.case.case_id in self.alone:
                self._world.faults.before("add_to_group", REFUSED)
            await ctx.s.directory.add_to_group(GRANTED, ctx.account.id)
        return Done()


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch, quiet: World) -> Groups:
    quiet.tenant.held.group(GRANTED)
    quiet.faults.before("add_to_group", *[REFUSED] * 10_000)
    return Groups(monkeypatch, quiet)


async def of_group(world: World, number: int) -> list[Case]:
    for n in range(number):
        world.tenant.add(DirectoryUser(f"user-{n}", f"person.{n}@contoso.example", user_type="Member"))
    return await crowd(world, number)


async def test_a_probe_that_only_read_lifts_nothing_and_makes_nobody_a_suspect(
    quiet: World, groups: Groups
) -> None:
    groups.has = {name(1)}
    await of_group(quiet, 3)
    assert (await held(quiet)).calls == ["add_to_group"]
    quiet.clock.move(minutes=1)
    assert (await advance(quiet, name(1))).steps["one"].status is StepStatus.DONE
    assert (await held(quiet)).until == quiet.clock.at + holds.FIRST
    assert (await stops.read(quiet.store.cases)).suspects == {}
    quiet.clock.move(minutes=5)
    assert (await advance(quiet, name(0))).reason_code == HELD, "the first one is not blocked"


async def test_the_refused_call_itself_lifts_it_also_where_the_step_then_stops_for_something_else(
    quiet: World, groups: Groups
) -> None:
    await of_group(quiet, 2)
    quiet.faults.plan.clear()
    quiet.clock.move(minutes=1)
    assert (await advance(quiet, name(1))).state is State.FOLLOWING_UP
    assert (await stops.read(quiet.store.cases)).stops == {}


async def test_where_two_calls_were_refused_each_has_to_get_through(quiet: World, groups: Groups) -> None:
    groups.has = {name(2)}
    await of_group(quiet, 4)
    quiet.clock.move(minutes=1)
    quiet.faults.before("memberships", REFUSED)
    await advance(quiet, name(1))
    assert sorted((await held(quiet)).calls) == ["add_to_group", "memberships"]
    quiet.clock.move(hours=2)
    await advance(quiet, name(2))
    assert (await held(quiet)).calls == ["add_to_group"]
    quiet.faults.plan.clear()
    quiet.clock.move(hours=2)
    await advance(quiet, name(3))
    assert (await stops.read(quiet.store.cases)).stops == {}


async def test_any_call_tells_that_there_is_a_token_again(quiet: World, groups: Groups) -> None:
    groups.has = {name(1)}
    quiet.faults.plan.clear()
    quiet.faults.before("memberships", DeployerError("no token", code="graph_sign_in"))
    await of_group(quiet, 2)
    assert (await held(quiet)).calls == [stops.ANY]
    quiet.clock.move(minutes=1)
    await advance(quiet, name(1))
    assert (await stops.read(quiet.store.cases)).stops == {}


async def test_the_grant_lets_those_go_on_who_were_blocked_alone(quiet: World, groups: Groups) -> None:
    """Refused, granted, taken away again: the first one is taken for the only one, and is not, after all."""
    await of_group(quiet, 4)
    quiet.faults.plan.clear()
    quiet.clock.move(minutes=1)
    await advance(quiet, name(1))
    quiet.faults.before("add_to_group", *[REFUSED] * 10_000)
    quiet.clock.move(minutes=9)
    assert (await advance(quiet, name(0))).reason_code == "permission_missing"
    quiet.clock.move(hours=1)
    assert (await advance(quiet, name(2))).reason_code == HELD, "everybody is refused, once more"
    quiet.faults.plan.clear()
    quiet.clock.move(hours=2)
    await advance(quiet, name(3))
    quiet.queue.sent.clear()
    await due.enqueue_due(quiet.s)
    assert name(0) in [message.case_id for message, _ in quiet.queue.sent]
    for message, _ in list(quiet.queue.sent):
        await work.handle(quiet.s, message)
    assert {(await quiet.case(name(n))).state for n in range(4)} == {State.FOLLOWING_UP}
    assert "released" in [entry.action for entry in await quiet.story(name(0))]


async def test_one_who_really_is_alone_is_blocked_again_and_holds_nobody(
    quiet: World, groups: Groups
) -> None:
    await of_group(quiet, 4)
    groups.alone = {name(0)}
    quiet.faults.plan.clear()
    quiet.clock.move(minutes=1)
    await advance(quiet, name(1))
    quiet.clock.move(minutes=9)
    assert (await advance(quiet, name(0))).reason_code == "permission_missing"
    quiet.faults.plan.clear()
    quiet.faults.before("add_to_group", REFUSED)
    quiet.clock.move(hours=2)
    await advance(quiet, name(2))
    quiet.clock.move(hours=2)
    await advance(quiet, name(3))
    quiet.queue.sent.clear()
    await due.enqueue_due(quiet.s)
    for message, _ in list(quiet.queue.sent):
        await work.handle(quiet.s, message)
    assert (await quiet.case(name(0))).reason_code == "permission_missing"
    assert (await stops.read(quiet.store.cases)).stops == {}
