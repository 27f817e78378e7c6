"""Somebody comes back: what was known of the employment before confirms nothing and takes nothing away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import EventType, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.followup.evidence import take_events, take_list
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.operate.cases import show
from onboarding.ports import AccessPass, WorkMessage
from tests.support.doubles import CASE_ID, MANAGER, T0, World, make_case
from tests.support.hr_says import says

APP, PHONE = "microsoftAuthenticatorPush", "mobilePhone"
#: HR hires the person again on 1 March 2028, for Monday the 13th.
AGAIN, START = datetime(2028, 3, 1, 9, tzinfo=UTC), date(2028, 3, 13)
#: Friday before, when the pass may go out.
FRIDAY = datetime(2028, 3, 10, 12, tzinfo=UTC)
MONDAY = datetime(2028, 3, 13, 12, tzinfo=UTC)


def registered(method: str, at: datetime) -> Evidence:
    return Evidence(f"e-{method}-{at:%Y%m%d}", "audit", Act.REGISTERED, By.USER, method, at)


async def until(world: World, at: datetime) -> Case:
    """What timers and queue do until then; an approver says yes to everything."""
    for _ in range(400):
        case = await world.case()
        if case.state is State.BLOCKED and (case.reason_code or "").startswith("needs_approval_"):
            await act(world.s, "approve", CASE_ID, Ask("approver", "yes"))
            case = await world.case()
        if case.wakes_at is None or case.wakes_at > at:
            break
        world.clock.at = max(world.clock.at, case.wakes_at)
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    world.clock.at = max(world.clock.at, at)
    return await world.case()


async def left(world: World, *methods: str, status: Status = Status.USER_REGISTERED) -> str:
    """Worked here for a year, registered these methods in person, and left. Returns the id of the account."""
    await world.file(make_case(begun=False, hired_at=T0 - timedelta(days=1)))
    case = await until(world, datetime(2026, 8, 24, 12, tzinfo=UTC))
    assert case.account is not None
    at = world.clock.at
    case.evidence = [registered(method, at) for method in methods]
    case.registration = Registration(methods, at, direct=True)
    case.status, case.recoverable, case.status_as_of = status, Recoverable.YES, at
    if status is Status.USER_REGISTERED:
        case.state, case.confirmed_at = State.CONFIRMED, at
    await world.store.cases.save(case)
    world.clock.at = datetime(2027, 6, 30, 9, tzinfo=UTC)
    await says(world, EventType.EMPLOYMENT_TERMINATED)
    await until(world, datetime(2027, 7, 2, tzinfo=UTC))
    world.tenant.passes[case.account.id] = []
    world.tenant.users[case.account.id] = replace(world.tenant.users[case.account.id], account_enabled=False)
    world.clock.at = AGAIN
    return case.account.id


async def hired(world: World) -> Case:
    return await says(
        world, EventType.HIRE_CREATED, ("end_date",), start_date=START, end_date=None,
        manager=ManagerRef(email="chef@contoso.example"),
    )  # fmt: skip


def usable(world: World, user_id: str) -> list[str]:
    return [item.id for item in world.tenant.usable_passes(user_id)]


async def test_a_new_account_has_a_pass_and_a_welcome_of_its_own(world: World) -> None:
    gone = await left(world, APP)
    del world.tenant.users[gone]
    await hired(world)
    case = await until(world, FRIDAY)
    assert case.account is not None
    assert case.account.created_at >= AGAIN
    assert usable(world, case.account.id), "nobody could sign in without one"
    assert (case.steps["issue_access_pass"].detail, case.steps["send_welcome"].detail) == ("manager", "sent")
    case = await until(world, MONDAY)
    assert (case.state, case.confirmed_at) == (State.FOLLOWING_UP, None)
    assert case.status is not Status.USER_REGISTERED


async def test_an_account_that_is_replaced_in_the_middle_of_a_run_has_a_pass_of_its_own(world: World) -> None:
    user_id = await left(world, APP)
    await hired(world)
    await until(world, FRIDAY)
    assert usable(world, user_id) == ["pass-2"]
    world.clock.move(days=2)
    del world.tenant.users[user_id]
    world.tenant.passes.clear()
    await act(world.s, "rerun", CASE_ID, Ask("op", "it is gone", "create_account"))
    case = await until(world, MONDAY)
    assert case.account is not None
    assert case.account.created_at > FRIDAY
    assert (usable(world, case.account.id), case.steps["issue_access_pass"].detail) == (["pass-3"], "manager")


async def test_a_new_account_of_a_hire_that_hr_takes_back_is_disabled(world: World) -> None:
    """The first day that came was another account's."""
    gone = await left(world, APP)
    del world.tenant.users[gone]
    await hired(world)
    await until(world, FRIDAY)
    await says(world, EventType.HIRE_CANCELLED)
    case = await until(world, MONDAY)
    assert case.account is not None
    assert world.tenant.users[case.account.id].account_enabled is False


async def test_an_account_whose_methods_were_taken_away_has_a_pass_and_is_followed_up(world: World) -> None:
    user_id = await left(world, APP)
    case = await hired(world)
    assert (case.status, case.confirmed_at, case.registration) == (Status.UNKNOWN, None, None)
    case = await until(world, FRIDAY)
    assert (case.state, len(usable(world, user_id))) == (State.FOLLOWING_UP, 1)
    case = await until(world, MONDAY)
    assert (case.state, case.status, case.confirmed_at) == (
        State.FOLLOWING_UP, Status.DIRECTORY_ONLY, None,
    )  # fmt: skip
    assert any(
        record.episode == case.episode and record.rung == "person_day_0" for record in case.rungs.values()
    )


async def test_a_registration_that_still_stands_is_found_and_not_asked_for_again(world: World) -> None:
    user_id = await left(world, APP)
    world.tenant.methods[user_id] = (APP,)
    await hired(world)
    case = await until(world, MONDAY)
    assert (case.steps["issue_access_pass"].detail, usable(world, user_id)) == ("already_in_use", [])
    assert (case.state, case.status) == (State.CONFIRMED, Status.USER_REGISTERED)
    assert case.confirmed_at is not None
    assert case.confirmed_at >= AGAIN
    sent = [r.rung for r in case.rungs.values() if r.episode == case.episode and r.sent_at is not None]
    assert sent == ["welcome"]


async def test_of_a_method_that_others_could_have_added_since_nobody_is_nagged(world: World) -> None:
    user_id = await left(world, PHONE)
    world.tenant.methods[user_id] = (PHONE,)
    await hired(world)
    case = await until(world, MONDAY)
    assert (case.state, case.status) == (State.FOLLOWING_UP, Status.UNATTRIBUTED)
    shown = await show(world.s, CASE_ID)
    assert shown["because"] == "registered_before"
    assert "what was there when the person came back may be anybody's" in shown["missing"]
    assert [item["counts"] for item in shown["evidence"]] == [False, True]
    sent = [r.rung for r in case.rungs.values() if r.episode == case.episode and r.sent_at is not None]
    assert sent == ["welcome"]


async def test_what_was_known_stays_in_the_timeline_and_on_the_page(world: World) -> None:
    await left(world, APP)
    known = (await world.case()).status_as_of
    case = await hired(world)
    entry = next(item for item in await world.story() if item.action == "known_before")
    assert known is not None
    assert entry.detail == {
        "status": "user_registered", "as_of": known.isoformat(), "confirmed_at": known.isoformat(),
    }  # fmt: skip
    assert [item.id for item in case.evidence] == [f"e-{APP}-20260824"]
    again = await hired(world)
    assert (again.rehired_at, len(again.evidence)) == (case.rehired_at, 1)
    assert [item.action for item in await world.story()].count("known_before") == 1


@pytest.mark.parametrize("what", ["manager", "day", "earlier"])
async def test_a_pass_that_nobody_used_in_this_run_is_called_back_as_usual(world: World, what: str) -> None:
    world.tenant.add(
        replace(MANAGER, id="manager-2", user_principal_name="m2@contoso.example", mail="m2@contoso.example")
    )
    user_id = await left(world, PHONE, status=Status.PARTIAL)
    await hired(world)
    case = await until(world, FRIDAY)
    assert (case.state, usable(world, user_id)) == (State.FOLLOWING_UP, ["pass-2"])
    if what == "manager":
        await says(world, EventType.HIRE_UPDATED, manager=ManagerRef(email="m2@contoso.example"))
    else:
        await says(
            world,
            EventType.START_DATE_CHANGED,
            start_date=date(2028, 4, 3) if what == "day" else date(2028, 3, 10),
        )
    case = await until(world, datetime(2028, 4, 3, 5, tzinfo=UTC) if what == "day" else MONDAY)
    assert world.tenant.voided == ["pass-2"]
    assert len(world.tenant.issued) == 3
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED


async def test_a_pass_that_was_used_in_the_employment_before_is_no_sign_of_use(world: World) -> None:
    user_id = await left(world)
    used = AccessPass("old", datetime(2026, 8, 24, 6, tzinfo=UTC), 480, usable=False, reason="OneTimeUsed")
    world.tenant.passes[user_id] = [used]
    case = await hired(world)
    for _ in range(200):
        if case.reason_code == "needs_approval_pass":
            break
        if case.reason_code == "needs_approval_rehire":
            await act(world.s, "approve", CASE_ID, Ask("approver", "yes"))
        case = await world.case()
        assert case.wakes_at is not None, case.steps["issue_access_pass"]
        world.clock.at = max(world.clock.at, case.wakes_at)
        await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
        case = await world.case()
    assert case.reason_code == "needs_approval_pass", "the approver is asked, and not passed over"


async def test_what_is_read_late_of_the_time_before_changes_nothing(world: World) -> None:
    """The audit log's records come in any order, and again; a report may be older than the word of HR."""
    await left(world)
    case = await hired(world)
    take_events(case, [registered(APP, AGAIN - timedelta(days=2))])
    assert not take_list(case, Registration((APP,), AGAIN + timedelta(hours=1)))
    assert not take_list(case, Registration((), AGAIN + timedelta(hours=1), present=False))
    assert take_list(case, Registration((APP,), AGAIN + timedelta(hours=1), direct=True))
    await world.store.cases.save(case)
    shown = await show(world.s, CASE_ID)
    assert (shown["status"], shown["because"]) == ("user_registered", "person_only_method")
    assert [item["counts"] for item in shown["evidence"]] == [False, True]


async def test_whoever_has_another_account_for_one_that_is_gone_is_followed_up_from_that_day_on(
    world: World,
) -> None:
    """Every rung was sent about the first account, and nobody registered; IT deleted it for good."""
    await world.file(make_case(hired_at=T0 - timedelta(days=1)))
    case = await until(world, datetime(2026, 10, 20, tzinfo=UTC))
    assert (case.episode, case.account is not None) == (1, True)
    assert case.account is not None
    del world.tenant.users[case.account.id]
    world.tenant.passes.pop(case.account.id, None)
    case = await until(world, datetime(2026, 10, 25, tzinfo=UTC))
    before = len(world.tenant.mail)
    again = world.clock.at
    await act(world.s, "rerun", CASE_ID, Ask("op", "deleted by mistake", from_step="create_account"))
    case = await until(world, again + timedelta(days=30))
    assert case.account is not None
    assert (len(world.tenant.created), case.episode) == (2, 2)
    assert case.episode_started_at is not None
    assert case.episode_started_at >= again
    to_person = [mail for mail in world.tenant.mail[before:] if "TAP-PLANTED" not in mail.text + mail.html]
    assert len(to_person) >= 4, [mail.subject for mail in to_person]
    rungs = {name.partition(":")[2] for name in case.rungs if name.startswith("2:")}
    assert {"welcome", "desk_day_10"} <= rungs, rungs
