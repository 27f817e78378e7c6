"""A withdrawal that the tenant does not let through yet is waited for like any other work, and is then carried out."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding import dry_run
from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction, StepRecord, StepStatus
from onboarding.errors import DeployerError, OperatorError, PermissionMissing, Unavailable
from onboarding.operate import due, rerun_plan, work
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import explain
from onboarding.operate.next_step import next_words
from onboarding.ports import CLAIM_LEASE, CaseQuery, WorkMessage
from onboarding.provisioning import holds
from onboarding.safeguards import stops
from onboarding.safeguards.stops import Stop
from tests.support.doubles import CASE_ID, T0, Killed, World, drive, make_case

MakeWorld = Callable[..., World]
HELD = "held_for_permission"
NO_TOKEN = DeployerError("no token", code="graph_sign_in")
REFUSED = PermissionMissing("grant the application permission User.ReadWrite.All")
#: Calls of a withdrawal that the tenant can refuse.
CALLS = ("void_pass", "passes", "get_user", "has_privileges", "disable_user")
ENDS = {
    State.CANCELLED: "cancelled_by_hr",
    State.CLOSED: "employment_ended",
    State.EXCLUDED: "needs_approval_pass",
}


async def at_large(world: World, state: State = State.CANCELLED) -> Case:
    """A hire whose pass is with the manager, and who is over since just now."""
    world.entropy.fixed = 0.0
    await world.file(make_case())
    case = await drive(world)
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED
    assert case.access_pass.usable_until is not None
    case.hire = replace(case.hire, start_date=(world.clock.at + timedelta(days=60)).date())
    case.access_pass.usable_until = world.clock.at + timedelta(days=20)
    event = {State.CANCELLED: Event.CANCEL, State.CLOSED: Event.CLOSE, State.EXCLUDED: Event.EXCLUDE}[state]
    case.apply(event, reason=ENDS[state])
    case.next_action = NextAction("revoke_pass", world.clock.at, ENDS[state])
    world.queue.sent.clear()
    world.tape.calls.clear()
    return await world.store.cases.save(case)


def refuse(world: World, *calls: str, error: Exception = NO_TOKEN) -> None:
    for call in calls:
        world.faults.before(call, *[error] * 200)


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    return await world.case()


async def timers(world: World, hours: float) -> None:
    """Only what the follow-up timer and the queue do."""
    end = world.clock.at + timedelta(hours=hours)
    while world.clock.at < end:
        await due.enqueue_due(world.s)
        messages, world.queue.sent = list(world.queue.sent), []
        for message, _delay in messages:
            await work.handle(world.s, message)
        world.clock.move(minutes=5)


def usable(world: World) -> int:
    return sum(len(world.tenant.usable_passes(user)) for user in world.tenant.users)


def enabled(world: World) -> list[bool | None]:
    return [user.account_enabled for user in world.tenant.users.values() if user.id.startswith("user-")]


async def listed(world: World, reason: str) -> int:
    return len((await world.store.cases.search(CaseQuery(reason_code=reason), None, 10)).items)


@pytest.mark.parametrize("error", [NO_TOKEN, REFUSED], ids=lambda error: error.code)
@pytest.mark.parametrize("state", ENDS)
async def test_without_token_or_permission_it_is_held_for_everybody_and_carried_out_afterwards(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture, state: State, error: Exception
) -> None:
    world = make_world()
    await at_large(world, state)
    refuse(world, *CALLS, error=error)
    case = await look(world)
    held = {"revoke_pass", "disable_account"} if state is State.CANCELLED else {"revoke_pass"}
    assert {stop.what for stop in (await stops.read(world.store.cases)).stops.values()} == held
    assert [r.levelno for r in caplog.records if r.message == "permission_hold_opened"] == [
        logging.ERROR
    ] * len(held)
    assert (case.reason_code, case.next_action.why) == (ENDS[state], HELD), "why it is over is not forgotten"
    assert await listed(world, HELD) == 1
    assert "permission" in explain(case)
    assert "permission" in next_words(case)
    await timers(world, 30)
    case = await world.case()
    assert case.next_action.when is not None, "it is not given up"
    assert {record.attempts for name, record in case.steps.items() if name in held} == {0}
    waits = [entry for entry in await world.story() if entry.detail.get("why") == HELD]
    assert sorted(entry.detail["step"] for entry in waits) == sorted(held), (
        "said once, however often it is tried"
    )
    assert (usable(world), enabled(world)) == (1, [True])
    world.faults.plan.clear()
    await timers(world, 1.5)
    case = await world.case()
    assert (case.access_pass and case.access_pass.status, usable(world)) == (PassStatus.VOID, 0)
    assert enabled(world) == [state is not State.CANCELLED]
    assert (case.next_action.when, case.reason_code) == (None, ENDS[state])
    assert (await listed(world, HELD), await listed(world, ENDS[state])) == (0, 1)
    assert (await stops.read(world.store.cases)).stops == {}


@pytest.mark.parametrize("state", ENDS)
async def test_whoever_waits_is_sent_when_somebody_else_got_through(world: World, state: State) -> None:
    await at_large(world, state)
    stop = Stop(
        stops.PERMISSION, "revoke_pass", T0, until=world.clock.at + timedelta(hours=1), raised_by="c_other"
    )

    def open_it(board: stops.Board) -> bool:
        board.open(stop)
        return True

    def end_it(board: stops.Board) -> bool:
        board.end(stop, stops.Release(world.clock.at))
        return True

    await stops.change(world.store.cases, open_it)
    case = await look(world)
    assert (usable(world), case.next_action.why) == (1, HELD)
    assert enabled(world) == [state is not State.CANCELLED], "the account does not wait for the pass"
    world.clock.move(minutes=2)
    await stops.change(world.store.cases, end_it)
    await timers(world, 0.1)
    assert usable(world) == 0
    case = await world.case()
    assert (case.next_action.when, case.reason_code) == (None, ENDS[state])
    assert "released" in [entry.action for entry in await world.story()]


async def test_the_pass_does_not_wait_for_the_account(world: World) -> None:
    await at_large(world)
    refuse(world, "disable_user", error=REFUSED)
    case = await look(world)
    assert (usable(world), enabled(world)) == (0, [True])
    assert (case.next_action.what, case.next_action.why) == ("disable_account", HELD)


@pytest.mark.parametrize("calls", [("void_pass",), ("disable_user",), CALLS])
async def test_an_outage_is_waited_for_and_each_is_done_as_soon_as_it_can(
    world: World, calls: tuple[str, ...]
) -> None:
    await at_large(world)
    for call in calls:
        world.faults.before(call, Unavailable("down"))
    case = await look(world)
    assert case.next_action.when is not None
    await timers(world, 3)
    assert (usable(world), enabled(world)) == (0, [False])
    assert (await world.case()).next_action.what == "none"


async def test_an_account_that_was_disabled_already_proves_nothing_about_the_permission(world: World) -> None:
    """Else the one that was refused would be taken for the only one that is."""
    case = await at_large(world)
    assert case.account is not None
    user = world.tenant.users[case.account.id]
    world.tenant.users[user.id] = replace(user, account_enabled=False)
    stop = Stop(stops.PERMISSION, "disable_account", T0, until=world.clock.at, raised_by="c_other")
    stop.calls = ["disable_user"]

    def open_it(board: stops.Board) -> bool:
        board.open(stop)
        return True

    await stops.change(world.store.cases, open_it)
    case = await look(world)
    assert case.steps["disable_account"].detail == "already_disabled"
    board = await stops.read(world.store.cases)
    assert board.find(stops.PERMISSION, "disable_account") is not None
    assert board.suspects == {}


# --- the pass that the case knows ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ENDS)
async def test_the_pass_that_the_case_knows_is_void_also_when_the_list_lags(
    world: World, state: State
) -> None:
    case = await at_large(world, state)
    assert case.account is not None
    assert case.access_pass is not None
    known = case.access_pass.pass_id
    world.tenant.passes[case.account.id] = []  # a replica that has not heard of it
    case = await look(world)
    assert world.tenant.voided == [known]
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.VOID


async def test_a_pass_that_a_worker_may_be_issuing_is_looked_for_again(world: World) -> None:
    case = await at_large(world, State.CLOSED)
    assert case.account is not None
    assert case.access_pass is not None
    there, world.tenant.passes[case.account.id] = world.tenant.passes[case.account.id], []
    case.access_pass = replace(
        case.access_pass,
        status=PassStatus.INTENDED,
        pass_id=None,
        claimed_at=world.clock.at,
        usable_until=None,
    )
    await world.store.cases.save(case)
    case = await look(world)
    assert (case.next_action.what, case.next_action.why) == ("revoke_pass", "pass_in_doubt")
    world.tenant.passes[case.account.id if case.account else ""] = there
    world.clock.at += CLAIM_LEASE
    case = await look(world)
    assert (usable(world), case.next_action.when) == (0, None)


# --- what an operator runs again -----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ENDS)
async def test_a_refusal_of_this_one_pass_is_told_and_a_rerun_begins_with_it(
    world: World, state: State
) -> None:
    await at_large(world, state)
    world.faults.before("void_pass", OperatorError("no", code="graph_bad_value"))
    case = await look(world)
    assert "pass_not_voided" in [entry.action for entry in await world.story()]
    assert (case.next_action.what, case.next_action.when) == ("revoke_pass", None)
    assert "may still be used" in explain(case)
    assert enabled(world) == [state is not State.CANCELLED]
    assert "rerun" in possible(case)
    plan = rerun_plan.of(world.s, case, world.clock.at, None)
    assert plan.why_not is None
    assert plan.steps[0].name == "revoke_pass"
    await act(world.s, "rerun", CASE_ID, Ask("op", "mended"))
    case = await look(world)
    assert (case.state, usable(world)) == (state, 0)
    assert (case.next_action.when, case.reason_code) == (None, ENDS[state])
    assert "rerun" not in possible(case)


@pytest.mark.parametrize("state", ENDS)
async def test_a_pass_that_an_older_version_gave_up_on_can_be_run_again(world: World, state: State) -> None:
    """It wrote `pass_not_voided`, and then laid the case down as if only the account were left."""
    case = await at_large(world, state)
    case.next_action = NextAction("disable_account", None, "graph_sign_in")
    if state is State.CANCELLED:
        case.steps["disable_account"] = StepRecord(StepStatus.BLOCKED, code="graph_sign_in")
    await world.store.cases.save(case)
    assert "rerun" in possible(case)
    await act(world.s, "rerun", CASE_ID, Ask("op", "the token is back"))
    await look(world)
    assert usable(world) == 0
    assert enabled(world) == [state is not State.CANCELLED]


async def test_a_case_whose_pass_had_ended_before_it_was_over_is_not_offered_a_rerun(world: World) -> None:
    case = await at_large(world, State.CLOSED)
    assert case.access_pass is not None
    case.access_pass.usable_until = world.clock.at - timedelta(days=1)
    case.next_action = NextAction("disable_account", None, "employment_ended")
    case.updated_at = world.clock.at
    assert "rerun" not in possible(case)


# --- dry run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ENDS)
async def test_what_comes_in_a_dry_run_is_carried_out_once_it_is_over(world: World, state: State) -> None:
    await at_large(world, state)
    live = world.s
    world.s = replace(
        live,
        directory=dry_run.DryRun(live.directory, dry_run.DIRECTORY_WRITES),
        security=dry_run.DryRun(live.security, dry_run.SECURITY_WRITES),
    )
    await timers(world, 30)
    case = await world.case()
    assert (usable(world), enabled(world)) == (1, [True])
    assert case.next_action.why == "dry_run"
    assert case.next_action.when is not None
    assert (await stops.read(world.store.cases)).stops == {}
    waits = [entry.detail["step"] for entry in await world.story() if entry.action == "step_waits"]
    assert len(waits) == len(set(waits)), "said once"
    world.s = live
    await timers(world, 2)
    assert usable(world) == 0
    assert enabled(world) == [state is not State.CANCELLED]


# --- a death at any call -------------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "granted"])
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("state", [State.CANCELLED, State.EXCLUDED])
async def test_a_death_at_any_call_leaves_a_withdrawal_that_is_carried_out(
    make_world: MakeWorld, state: State, side: str, refused: bool
) -> None:
    """By due rows and messages alone."""
    for number in itertools.count():
        world = make_world()
        await at_large(world, state)
        if refused:
            refuse(world, "void_pass", "disable_user", error=REFUSED)
        world.tape.kill_at = (number, side)
        try:
            await look(world)
        except Killed:
            world.queue.sent.clear()
        calls = len(world.tape.calls)
        world.tape.kill_at = None
        world.faults.plan.clear()
        world.clock.at += CLAIM_LEASE + holds.PROBE_LEASE
        await timers(world, 3)
        case = await world.case()
        assert usable(world) == 0, (number, side)
        assert enabled(world) == [state is not State.CANCELLED], (number, side)
        assert (case.next_action.when, case.reason_code) == (None, ENDS[state]), (number, side)
        assert (await stops.read(world.store.cases)).stops == {}, (number, side)
        if number >= calls:
            assert number >= 5
            return


async def test_the_end_of_a_hold_lets_an_account_be_disabled_that_was_refused_alone(world: World) -> None:
    """HR says a withdrawal once: nobody else would come back to it."""
    case = await at_large(world)
    await stops.change(
        world.store.cases,
        lambda board: bool(board.suspects.update(disable_account={case.case_id: world.clock.at})) or True,
    )
    refuse(world, "disable_user", error=REFUSED)
    case = await look(world)
    assert (case.steps["disable_account"].code, case.next_action.when) == ("permission_missing", None)
    world.clock.move(hours=1)
    other = Stop(stops.PERMISSION, "disable_account", T0, raised_by="c_other")

    def end_it(board: stops.Board) -> bool:
        board.end(other, stops.Release(world.clock.at))
        return True

    await stops.change(world.store.cases, end_it)
    world.faults.plan.clear()
    await timers(world, 0.2)
    case = await world.case()
    assert (enabled(world), case.state) == ([False], State.CANCELLED)
    assert case.reason_code == ENDS[State.CANCELLED]
