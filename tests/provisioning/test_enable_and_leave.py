"""enable_account, set_leave_date, and what ends with a contractor's last day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepStatus
from onboarding.errors import PermissionMissing
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WorkMessage
from onboarding.provisioning import timing, withdraw
from onboarding.provisioning.plan import steps
from onboarding.provisioning.step import Block, Context, Done
from onboarding.provisioning.steps import enable_account
from tests.support.doubles import CASE_ID, T0, World, advance, drive, hire, look_now, make_case, sides
from tests.support.full_policy import full_case, full_world
from tests.support.hr_says import says
from tests.support.kinds import OLD, account

MakeWorld = Callable[..., World]


def policy(days: int, more: str = "") -> Policy:
    return load(f"[account]\nenable_days_before_start = {days}\n{more}")


# --- lead time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "start", "opens"),
    [
        (3, date(2026, 8, 24), datetime(2026, 8, 20, 22, tzinfo=UTC)),
        (5, date(2026, 8, 24), datetime(2026, 8, 18, 22, tzinfo=UTC)),
        # Never later than the working day before the start, on which the first credential goes out: a Friday.
        (0, date(2026, 8, 24), datetime(2026, 8, 20, 22, tzinfo=UTC)),
        (1, date(2026, 8, 26), datetime(2026, 8, 24, 22, tzinfo=UTC)),
        (0, date(2026, 8, 26), datetime(2026, 8, 24, 22, tzinfo=UTC)),
        # The first of January is a holiday, the second a Saturday.
        (0, date(2027, 1, 4), datetime(2026, 12, 30, 23, tzinfo=UTC)),
    ],
)
def test_the_lead_time_begins_at_midnight_where_the_person_works(
    days: int, start: date, opens: datetime
) -> None:
    assert timing.opens_at(make_case(hire=hire(start_date=start)), policy(days), timing.ENABLE) == opens


def test_the_first_rule_that_fits_has_another_lead_time() -> None:
    rules = '[[account.enable]]\ndays_before_start = 6\nemployment_type = ["contractor"]\n'
    contractor = make_case(hire=hire(employment_type="Contractor", start_date=date(2026, 8, 26)))
    chosen = policy(2, rules)
    assert timing.opens_at(contractor, chosen, timing.ENABLE) == datetime(2026, 8, 19, 22, tzinfo=UTC)
    other = make_case(hire=hire(start_date=date(2026, 8, 26)))
    assert timing.opens_at(other, chosen, timing.ENABLE) == datetime(2026, 8, 23, 22, tzinfo=UTC)


async def test_before_the_lead_time_the_account_is_made_disabled_and_enabled_when_it_comes(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=policy(3))
    await world.file(make_case())
    case = await advance(world)
    assert world.tenant.created[0].account_enabled is False
    assert case.account is not None
    assert case.account.disabled_by_us
    assert (case.next_action.what, case.next_action.why) == ("enable_account", "start_is_far")
    assert case.next_action.when == datetime(2026, 8, 20, 22, tzinfo=UTC)
    case = await look_now(world)
    assert world.tenant.users[case.account.id].account_enabled is True  # type: ignore[union-attr]
    assert world.tenant.held.enabled == [case.account.id]  # type: ignore[union-attr]
    case = await drive(world)
    assert case.account is not None
    assert not case.account.disabled_by_us


async def test_within_the_lead_time_it_is_made_enabled_and_there_is_nothing_to_enable(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=policy(14))
    await world.file(make_case())
    case = await drive(world)
    assert world.tenant.created[0].account_enabled is True
    assert "enable_account" not in case.steps
    assert "directory.enable_user" not in world.tape.calls


async def test_an_administrator_who_disables_it_later_is_not_overruled(make_world: MakeWorld) -> None:
    world = make_world(policy=policy(3))
    await world.file(make_case())
    case = await drive(world)
    assert case.account is not None
    await world.s.directory.disable_user(case.account.id)
    case.state = State.PROVISIONING
    case.next_action.when = world.clock.at
    await world.store.cases.save(case)
    await drive(world)
    assert world.tenant.users[case.account.id].account_enabled is False
    assert len(world.tenant.held.enabled) == 1


async def test_somebody_elses_disabling_needs_an_approver_when_the_person_comes_back(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    user = world.tenant.add(account(account_enabled=False))
    case = make_case(state=State.PROVISIONING, rehired_at=T0)
    case.account = Account(user.id, user.user_principal_name, "4711", T0)
    filed = await world.file(case)
    assert await enable_account.run(Context(world.s, filed, T0)) == Block("needs_approval_restore")
    filed.approvals = ["needs_approval_rehire"]
    assert await enable_account.run(Context(world.s, filed, T0)) == Done("enabled")
    assert await enable_account.run(Context(world.s, filed, T0)) == Done("already_enabled")


def _disabled(world: World) -> None:
    world.tenant.add(account(account_enabled=False))


def _deleted(world: World) -> None:
    world.tenant.held.deleted["old-1"] = account(account_enabled=False)


async def _followed_up(world: World, *, rehired: bool = False) -> Case:
    """Somebody who came back, with every approval that was asked for, and is followed up."""
    case = make_case(rehired_at=T0 if rehired else None)
    if rehired:
        case.account = Account("old-1", "z.mueller@contoso.example", "4711", T0)
        case.approvals = ["needs_approval_rehire"]
    await world.file(case)
    return await _approved(world, await drive(world))


async def _approved(world: World, case: Case) -> Case:
    while case.state is State.BLOCKED:
        await act(world.s, "approve", case.case_id, Ask("ap", "it is the same person"))
        case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    return case


RESTORE = load('[account]\nrehire = "restore"')
COMES_BACK = pytest.mark.parametrize(
    ("chosen", "setup", "rehired"),
    [
        (Policy(), _disabled, False),
        (Policy(), _deleted, False),
        (RESTORE, _disabled, False),
        (RESTORE, _deleted, False),
        (Policy(), _disabled, True),
        (RESTORE, _disabled, True),
    ],
)
Setup = Callable[[World], None]


@COMES_BACK
@pytest.mark.parametrize("of_before", [False, True], ids=["noted", "a_case_of_before"])
async def test_what_is_disabled_after_the_person_came_back_is_enabled_on_a_new_word_alone(
    make_world: MakeWorld, chosen: Policy, setup: Setup, rehired: bool, of_before: bool
) -> None:
    world = make_world(policy=chosen)
    setup(world)
    case = await _followed_up(world, rehired=rehired)
    assert world.tenant.users["old-1"].account_enabled is True
    if of_before:
        assert case.account is not None
        case.account.enabled_for, case.approvals = None, ["needs_approval_restore", "needs_approval_rehire"]
        await world.store.cases.save(case)
    await world.s.directory.disable_user("old-1")  # an administrator, for a reason of theirs
    for _ in range(2):
        await act(world.s, "rerun", case.case_id, Ask("op", "another manager", from_step="set_manager"))
        case = await drive(world)
        assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_restore")
        assert world.tenant.users["old-1"].account_enabled is False
    await _approved(world, case)
    assert world.tenant.users["old-1"].account_enabled is True
    await world.s.directory.disable_user("old-1")
    await act(world.s, "rerun", case.case_id, Ask("op", "once more", from_step="enable_account"))
    assert (await drive(world)).reason_code == "needs_approval_restore", "a word counts once"


async def test_the_next_time_that_hr_hires_the_person_the_policy_agrees_again(make_world: MakeWorld) -> None:
    world = make_world(policy=RESTORE)
    _disabled(world)
    case = make_case(state=State.PROVISIONING, rehired_at=T0)
    case.account = Account("old-1", "z.mueller@contoso.example", "4711", OLD, enabled_for=OLD)
    filed = await world.file(case)
    assert await enable_account.run(Context(world.s, filed, T0)) == Done("enabled")
    await world.s.directory.disable_user("old-1")
    again = Context(world.s, filed, T0)
    assert await enable_account.run(again) == Block("needs_approval_restore")


@pytest.mark.parametrize("chosen", [Policy(), RESTORE])
async def test_what_is_deleted_after_the_person_came_back_is_restored_on_a_new_word_alone(
    make_world: MakeWorld, chosen: Policy
) -> None:
    world = make_world(policy=chosen)
    _disabled(world)
    case = await _followed_up(world, rehired=True)
    world.tenant.held.deleted["old-1"] = world.tenant.users.pop("old-1")
    await act(world.s, "rerun", case.case_id, Ask("op", "it is gone", from_step="create_account"))
    case = await drive(world)
    assert (case.reason_code, world.tenant.held.restored) == ("needs_approval_restore", [])
    await _approved(world, case)
    assert world.tenant.held.restored == ["old-1"]


# --- withdrawn, then hired again ---------------------------------------------------------------------------


async def test_what_we_disabled_for_a_withdrawn_hire_is_ours_to_enable_wherever_it_died(
    make_world: MakeWorld,
) -> None:
    clean = make_world()
    await _withdraw(clean)
    calls = list(clean.tape.calls)
    assert "directory.disable_user" in calls
    for number in range(len(calls)):
        for when in sides(number):
            world = make_world()
            await _withdraw(world, (number, when))
            case = await world.case()
            assert world.tenant.users["old-1"].account_enabled is False
            assert case.account is not None
            assert case.account.disabled_by_us, f"{when} {calls[number]}"


async def _withdraw(world: World, kill: tuple[int, str] | None = None) -> None:
    from tests.support.doubles import Killed

    user = world.tenant.add(account())
    case = make_case(state=State.CANCELLED, reason_code="cancelled_by_hr")
    case.account = Account(user.id, user.user_principal_name, "4711", T0)
    case.next_action.what = withdraw.DISABLE
    await world.file(case)
    world.tape.kill_at = kill
    for _ in range(2):
        try:
            await withdraw.advance(world.s, await world.case(), world.clock.at)
        except Killed:
            world.tape.kill_at = None
            continue
        break
    assert kill is None or world.tape.killed


# --- the last day ------------------------------------------------------------------------------------------


async def test_the_leave_date_is_the_end_of_the_last_day_where_the_person_works(
    make_world: MakeWorld,
) -> None:
    world = make_world(policy=load("[account]\nleave_date = true"))
    await world.file(make_case(hire=hire(end_date=date(2026, 12, 31))))
    case = await drive(world)
    assert case.account is not None
    assert world.tenant.held.leave_dates == {case.account.id: datetime(2026, 12, 31, 23, tzinfo=UTC)}


@pytest.mark.parametrize(("text", "end"), [("", date(2026, 12, 31)), ("[account]\nleave_date = true", None)])
async def test_without_the_policy_or_an_end_date_nothing_is_written(
    make_world: MakeWorld, text: str, end: date | None
) -> None:
    world = make_world(policy=load(text))
    await world.file(make_case(hire=hire(end_date=end)))
    case = await drive(world)
    assert "set_leave_date" not in case.steps
    assert world.tenant.held.leave_dates == {}


@pytest.mark.parametrize(("end", "made"), [(date(2026, 8, 16), 0), (date(2026, 8, 17), 1)])
async def test_whose_last_day_is_over_gets_no_account(make_world: MakeWorld, end: date, made: int) -> None:
    world = make_world()
    await world.file(make_case(hire=hire(end_date=end)))
    case = await advance(world)
    assert len(world.tenant.created) == made
    assert (case.reason_code == "end_date_passed") is (made == 0)


async def test_an_end_before_the_pass_and_the_welcome_leaves_both_out(make_world: MakeWorld) -> None:
    world = make_world()
    await world.file(make_case(hire=hire(end_date=date(2026, 8, 19))))
    await advance(world)
    world.clock.at += timedelta(days=5)
    case = await drive(world)
    assert len(world.tenant.created) == 1
    assert case.steps["issue_access_pass"].detail == "employment_ended"
    assert case.steps["send_welcome"].detail == "employment_ended"
    assert world.tenant.mail == []
    assert case.steps["issue_access_pass"].status is StepStatus.SKIPPED


def given(world: World) -> tuple[Any, ...]:
    held = world.tenant.held
    return list(held.added), list(held.assigned), list(held.enabled), list(held.phones), world.tenant.mail


@pytest.mark.parametrize("stopped_by", ["add_to_group", "add_phone", "assign_licenses", "enable_user"])
async def test_whoever_was_held_past_the_last_day_is_given_nothing_more(stopped_by: str) -> None:
    world = full_world()
    await world.file(full_case(hire={"end_date": date(2026, 8, 27)}))
    world.faults.before(stopped_by, *[PermissionMissing("grant it")] * 200)
    while world.clock.at < datetime(2026, 8, 23, tzinfo=UTC):
        case = await look_now(world)
    assert case.reason_code == "held_for_permission"
    before = given(world)
    world.faults.plan.clear()
    world.clock.at = datetime(2026, 9, 20, 9, tzinfo=UTC)
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "end_date_passed")
    assert given(world) == before

    case.hire = replace(case.hire, end_date=date(2026, 12, 31))  # HR writes a later one
    await world.store.cases.save(case)
    await act(world.s, "rerun", CASE_ID, Ask("op", "extended"))
    case = await advance(world)
    assert case.reason_code != "end_date_passed"
    assert given(world) != before
    world.close()


def test_a_new_step_ends_with_the_last_day_unless_it_says_otherwise() -> None:
    giving = {item.step.name for item in steps() if not item.step.after_end}
    assert giving == {
        "reserve_username",
        "create_account",
        "assign_groups",
        "prepopulate_phone",
        "assign_licenses",
        "enable_account",
    }


@pytest.mark.parametrize("held", [None, "pause", "exclude"])
@pytest.mark.parametrize("end", [date(2026, 9, 11), None])
async def test_what_an_end_left_out_is_done_after_all_where_hr_moves_it_on(
    make_world: MakeWorld, end: date | None, held: str | None
) -> None:
    """An engagement that is postponed: HR moves the first day, and the last one only on the eve."""
    world = make_world()
    await world.file(make_case(hire=hire(end_date=date(2026, 8, 28)), hired_at=T0 - timedelta(days=1)))
    await until(world, datetime(2026, 8, 20, 9, tzinfo=UTC))
    await says(world, EventType.HIRE_UPDATED, start_date=date(2026, 9, 7))
    case = await until(world, datetime(2026, 9, 4, 7, tzinfo=UTC))
    assert (case.state, case.steps["issue_access_pass"].detail) == (State.FOLLOWING_UP, "employment_ended")
    if held:
        await act(world.s, held, CASE_ID, Ask("o-1", "HR is asked"))
        world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, ("end_date",) if end is None else (), end_date=end)
    if held:
        await act(world.s, "resume", CASE_ID, Ask("o-1", "HR has answered"))
    case = await until(world, datetime(2026, 9, 7, 10, tzinfo=UTC))
    assert case.account is not None
    assert (case.state, len(world.tenant.usable_passes(case.account.id))) == (State.FOLLOWING_UP, 1)
    assert case.steps["send_welcome"].detail == "sent"


async def until(world: World, at: datetime) -> Case:
    """Whatever is due by then."""
    while (when := (await world.case()).wakes_at) is not None and when <= at:
        world.clock.at = max(world.clock.at, when)
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    world.clock.at = max(world.clock.at, at)
    return await world.case()
