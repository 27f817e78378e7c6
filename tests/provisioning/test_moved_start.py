"""A first day that moves away after its pass went out: the pass is void at once, the new day has its own, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Evidence, Registration, Status
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.places.place import place_of
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepStatus
from onboarding.errors import Unavailable
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import plan, work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WORK_QUEUE, AccessPass, DirectoryUser, WorkMessage
from onboarding.settings import Settings
from tests.support.doubles import (
    CASE_ID,
    Killed,
    World,
    advance,
    drive,
    hire,
    look_now,
    make_case,
    sides,
)

MakeWorld = Callable[..., World]
#: Friday before the start on Monday 24 August 2026, 09:00 in Berlin.
FRIDAY = datetime(2026, 8, 21, 7, 0, tzinfo=UTC)
OLD, NEW = date(2026, 8, 24), date(2026, 9, 28)
NEW_FRIDAY = datetime(2026, 9, 25, 7, 0, tzinfo=UTC)


async def says(world: World, start: date, *, at: datetime | None = None, **more: Any) -> Case:
    """HR says that this is the first day, and the case is laid down."""
    case, now = await world.case(), world.clock.at
    said = Hire(employee_id="4711", start_date=start, **more)
    event = HireEvent("greenhouse", EventType.START_DATE_CHANGED, said, "moved", occurred_at=at or now)
    outcome = apply_event(case, event, Circumstances(f"d_{now:%j%H%M}", now), now)
    return await lay_down(world.s, case, outcome, now, WORK_QUEUE)


async def look(world: World) -> Case:
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    return await world.case()


def told(world: World) -> list[tuple[str, ...]]:
    """Recipients of every mail with a pass in it."""
    return [mail.to for mail in world.tenant.mail if "TAP-PLANTED" in mail.text + mail.html]


def welcomes(world: World) -> int:
    return sum("zoe.private@example.org" in mail.to for mail in world.tenant.mail)


def usable(world: World, case: Case) -> list[str]:
    assert case.account is not None
    return [item.id for item in world.tenant.usable_passes(case.account.id)]


async def handed_over(world: World, **person: Any) -> Case:
    """Followed up: the pass for Monday is with the manager since Friday, two hours ago."""
    await world.file(make_case(hire=hire(**person)))
    case = await drive(world)
    assert (case.state, usable(world, case)) == (State.FOLLOWING_UP, ["pass-1"])
    world.clock.move(hours=2)
    return case


async def test_the_old_pass_is_void_at_once_and_the_new_day_has_its_own(world: World) -> None:
    await handed_over(world)
    case = await says(world, NEW)
    assert (case.state, case.next_action.what) == (State.PROVISIONING, "provision")
    case = await look(world)
    assert usable(world, case) == []
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.VOID
    assert (case.next_action.what, case.next_action.when) == ("issue_access_pass", NEW_FRIDAY)
    case = await look_now(world)
    assert (case.state, usable(world, case), len(told(world))) == (State.FOLLOWING_UP, ["pass-2"], 2)
    assert case.access_pass is not None
    assert case.access_pass.usable_from == datetime(2026, 9, 28, 6, 0, tzinfo=UTC)
    assert welcomes(world) == 1


async def test_a_move_back_issues_another_for_the_old_day(world: World) -> None:
    await handed_over(world)
    await says(world, NEW)
    await look(world)
    world.clock.move(minutes=5)
    await says(world, OLD)
    case = await look(world)
    assert (case.state, usable(world, case), len(told(world))) == (State.FOLLOWING_UP, ["pass-2"], 2)


async def test_before_the_welcome_the_welcome_goes_with_the_new_pass(world: World) -> None:
    await world.file(make_case())
    await advance(world)
    world.clock.at = FRIDAY
    world.faults.before("create_draft", Unavailable("down", retry_after=3600))
    case = await advance(world)
    assert (case.state, usable(world, case), welcomes(world)) == (State.PROVISIONING, ["pass-1"], 0)
    await says(world, NEW)
    case = await look(world)
    assert (usable(world, case), welcomes(world)) == ([], 0)
    case = await drive(world)
    assert (usable(world, case), welcomes(world), world.clock.at.date()) == (
        ["pass-2"],
        1,
        NEW_FRIDAY.date(),
    )


@pytest.mark.parametrize(
    ("start", "country", "voided"),
    [
        (date(2026, 8, 25), "DE", True),
        (date(2026, 8, 25), "US", True),
        (date(2026, 8, 25), "NZ", True),
        (OLD, "DE", False),
        # Today: Monday's pass cannot be used. Saturday is no working day, so that it is for Monday, too.
        (date(2026, 8, 21), "DE", True),
        (date(2026, 8, 22), "DE", False),
        # Another Monday by way of a Saturday.
        (date(2026, 8, 29), "DE", True),
        # Wednesday is over, and whoever began then has nothing until Monday.
        (date(2026, 8, 19), "DE", True),
    ],
)
async def test_a_pass_that_serves_on_the_new_day_stays(
    world: World, start: date, country: str, voided: bool
) -> None:
    await handed_over(world, work_country=country)
    case = await says(world, start)
    assert (case.state is State.PROVISIONING) is voided
    case = await look(world)
    assert (usable(world, case) == ["pass-1"]) is not voided


async def test_an_earlier_first_day_has_a_pass_that_can_be_used_on_it(
    make_world: Callable[..., World],
) -> None:
    """Monday's pass is with the manager since Friday; HR moves the first day to Saturday, on which people begin."""
    world = make_world(policy=load("[first_credential]\nbegins_on_days_off = true"))
    await handed_over(world)
    saturday = date(2026, 8, 22)
    await says(world, saturday)
    case = await look(world)
    assert (case.state, usable(world, case), len(told(world))) == (State.FOLLOWING_UP, ["pass-2"], 2)
    assert case.access_pass is not None
    assert case.access_pass.usable_from == datetime(2026, 8, 22, 6, 0, tzinfo=UTC)
    assert world.tenant.voided == ["pass-1"]


async def test_a_pass_that_can_be_used_by_now_stays_whatever_earlier_day_hr_names(world: World) -> None:
    await handed_over(world)
    world.clock.at = datetime(2026, 8, 24, 7, 0, tzinfo=UTC)
    case = await says(world, date(2026, 8, 22))
    assert (case.state, usable(world, await look(world))) == (State.FOLLOWING_UP, ["pass-1"])


async def test_a_longer_pass_that_lasts_until_the_new_day_stays(world: World) -> None:
    case = await handed_over(world)
    assert case.access_pass is not None
    assert case.access_pass.usable_until is not None
    case.access_pass.usable_until += timedelta(days=1)
    await world.store.cases.save(case)
    assert (await says(world, date(2026, 8, 25))).state is State.FOLLOWING_UP


async def test_an_older_word_that_comes_late_moves_nothing(world: World) -> None:
    case = await handed_over(world)
    await says(world, OLD, job_title="Clerk")
    case = await says(world, NEW, at=FRIDAY - timedelta(days=1))
    assert case.state is State.FOLLOWING_UP
    assert usable(world, case) == ["pass-1"]


async def test_a_date_that_is_corrected_long_afterwards_needs_no_other_pass(world: World) -> None:
    await handed_over(world)
    world.clock.at = datetime(2026, 9, 10, 8, 0, tzinfo=UTC)
    assert (await says(world, date(2026, 8, 26))).state is State.FOLLOWING_UP


@pytest.mark.parametrize("sign", ["registered", "partial", "confirmed", "removed"])
async def test_whoever_is_in_use_keeps_what_they_have(world: World, sign: str) -> None:
    case = await handed_over(world)
    if sign == "registered":
        case.evidence.append(Evidence("e", "audit", Act.REGISTERED, By.USER, "email", FRIDAY))
    elif sign == "confirmed":
        case.apply(Event.CONFIRM)
        case.confirmed_at = FRIDAY
    else:
        case.status = Status(sign)
    state = case.state
    await world.store.cases.save(case)
    case = await says(world, NEW)
    assert (case.state, usable(world, case)) == (state, ["pass-1"])


async def test_a_failed_try_to_reset_the_password_is_no_sign_of_use(world: World) -> None:
    """Anybody can type in somebody else's user name."""
    case = await handed_over(world)
    case.evidence.append(Evidence("e", "audit", Act.RESET_NO_METHODS, By.USER, None, FRIDAY))
    await world.store.cases.save(case)
    assert (await says(world, NEW)).state is State.PROVISIONING


@pytest.mark.parametrize("sign", ["pass", "method"])
async def test_whoever_turns_out_to_be_in_use_is_followed_up_again_at_once(world: World, sign: str) -> None:
    """The audit log comes late; the tenant knows."""
    case = await handed_over(world)
    assert case.account is not None
    if sign == "pass":
        used = AccessPass("pass-1", FRIDAY, 480, usable=False, reason="OneTimeUsed")
        world.tenant.passes[case.account.id] = [used]
    else:
        world.tenant.methods[case.account.id] = ("microsoftAuthenticatorPush",)
    await says(world, NEW)
    case = await look(world)
    assert (case.state, case.steps["issue_access_pass"].detail) == (State.FOLLOWING_UP, "already_in_use")
    assert len(told(world)) == 1


@pytest.mark.parametrize("stop", [Event.PAUSE, Event.BLOCK])
async def test_whoever_is_stopped_has_it_voided_when_they_go_on(world: World, stop: Event) -> None:
    case = await handed_over(world)
    case.apply(stop, reason="poison")
    await world.store.cases.save(case)
    case = await says(world, NEW)
    assert case.state in {State.PAUSED, State.BLOCKED}
    action = "resume" if stop is Event.PAUSE else "rerun"
    await act(world.s, action, CASE_ID, Ask("op", "go on"))
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.PROVISIONING, [])
    case = await look_now(world)
    assert (case.state, len(told(world))) == (State.FOLLOWING_UP, 2)


async def test_an_excluded_person_is_left_alone(world: World) -> None:
    await handed_over(world)
    await act(world.s, "exclude", CASE_ID, Ask("op", "own way"))
    await look(world)
    before = await world.case()
    case = await says(world, NEW)
    assert (case.state, case.access_pass) == (State.EXCLUDED, before.access_pass)


async def test_a_cancellation_that_follows_still_voids_the_pass(world: World) -> None:
    await handed_over(world)
    case = await says(world, NEW)
    assert case.pass_at_large(world.clock.at)
    event = HireEvent("greenhouse", EventType.HIRE_CANCELLED, Hire(employee_id="4711"), "off")
    outcome = apply_event(case, event, Circumstances("d_off", world.clock.at), world.clock.at)
    await lay_down(world.s, case, outcome, world.clock.at, WORK_QUEUE)
    case = await look(world)
    assert (case.state, usable(world, case)) == (State.CANCELLED, [])


async def test_the_old_pass_is_void_also_where_the_tenants_list_lags_behind_it(world: World) -> None:
    case = await handed_over(world)
    assert case.account is not None
    there, world.tenant.passes[case.account.id] = world.tenant.passes[case.account.id], []
    await says(world, NEW)
    case = await look(world)
    assert world.tenant.voided == [there[0].id]
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.VOID


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_void_whose_answer_is_lost_is_done_again(world: World, where: str) -> None:
    await handed_over(world)
    getattr(world.faults, where)("void_pass", *[Unavailable("down")] * 2)
    await says(world, NEW)
    case = await look(world)
    assert case.pass_at_large(world.clock.at), "nobody can say yet whether it is void"
    assert case.wakes_at is not None
    assert case.wakes_at < world.clock.at + timedelta(hours=1)
    world.clock.at = case.wakes_at
    case = await look(world)
    assert (usable(world, case), case.pass_at_large(world.clock.at)) == ([], False)
    case = await drive(world)
    assert (usable(world, case), len(told(world)), world.clock.at) == (["pass-2"], 2, NEW_FRIDAY)


async def test_an_adopted_account_asks_again(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(service_desk="desk@contoso.example"))
    case = await handed_over(world)
    assert case.account is not None
    case.account.origin = "adopted"
    await world.store.cases.save(case)
    await says(world, NEW)
    await look(world)
    case = await look_now(world)
    assert (case.reason_code, usable(world, case)) == ("needs_approval_pass", [])


async def test_a_list_of_methods_without_a_persons_act_is_judged_in_the_tenant(world: World) -> None:
    case = await handed_over(world)
    case.registration = Registration(("temporaryAccessPass",), FRIDAY)
    await world.store.cases.save(case)
    assert (await says(world, NEW)).state is State.PROVISIONING


async def test_wherever_it_dies_one_pass_is_usable_and_it_is_the_new_days(make_world: MakeWorld) -> None:
    async def play(kill_at: tuple[int, str] | None) -> World:
        world = make_world()
        await handed_over(world)
        world.tape.calls.clear()
        world.tape.kill_at = kill_at
        for _ in range(4):
            try:
                if (await world.store.cases.get(CASE_ID)).hire.start_date == OLD:  # type: ignore[union-attr]
                    await says(world, NEW)
                await drive(world)
                break
            except Killed:
                world.tape.kill_at = None
        return world

    calls = list((await play(None)).tape.calls)
    assert {"security.void_pass", "security.create_pass", "mailer.send_now", "queue.send"} <= set(calls)
    for number, name in enumerate(calls):
        for when in sides(number):
            world = await play((number, when))
            case = await world.case()
            where = f"killed {when} call {number}, {name}"
            assert world.tape.killed, where
            assert case.access_pass is not None
            assert (case.state, case.access_pass.status) == (State.FOLLOWING_UP, PassStatus.DELIVERED), where
            assert usable(world, case) == [case.access_pass.pass_id], where
            assert case.access_pass.usable_from is not None
            assert case.access_pass.usable_from.date() == NEW, where
            assert "pass-1" in world.tenant.voided, where
            secret = {item.id: item.secret for item in world.tenant.issued}[case.access_pass.pass_id or ""]
            assert secret in [m for m in world.tenant.mail if "TAP-PLANTED" in m.text][-1].text, where
            assert welcomes(world) == 1, where
            assert case.steps["issue_access_pass"].status is StepStatus.DONE, where


# --- before there is an account ------------------------------------------------------------------------------

FAR = date(2027, 2, 1)
#: Midnight in Berlin, 14 days before.
FAR_OPENS = datetime(2027, 1, 17, 23, 0, tzinfo=UTC)
WHO = Ask("o-1", "asked HR")


async def begun(world: World, hold: str) -> Case:
    """A user name is reserved and no account made, and the case is held."""
    await world.file(make_case())
    if hold in {"paused", "none"}:
        world.faults.before("create_user", Unavailable("down"))
    else:
        world.tenant.add(
            DirectoryUser("old-1", "z@contoso.example", employee_id="4711", account_enabled=True)
        )
    case = await advance(world)
    if hold == "paused":
        await act(world.s, "pause", CASE_ID, WHO)
    assert (await world.case()).state == {"none": "provisioning"}.get(hold, hold)
    assert case.intent is not None
    world.clock.move(hours=1)
    return case


async def let_go(world: World, hold: str) -> Case:
    """Whatever held the case is over."""
    world.tenant.users.pop("old-1", None)
    if hold != "none":
        await act(world.s, {"paused": "resume", "blocked": "rerun"}[hold], CASE_ID, WHO)
    return await look(world)


@pytest.mark.parametrize("hold", ["none", "paused", "blocked"])
async def test_the_account_waits_for_the_new_day_whatever_held_the_case(world: World, hold: str) -> None:
    await begun(world, hold)
    await says(world, FAR)
    world.clock.move(hours=1)
    case = await let_go(world, hold)
    assert (case.state, world.tenant.created) == (State.WAITING_START, [])
    case = await look_now(world)
    assert (case.next_action.what, case.next_action.when) == ("provision", FAR_OPENS)
    case = await look_now(world)
    assert (case.account is not None, len(world.tenant.created)) == (True, 1)


@pytest.mark.parametrize("hold", ["paused", "blocked"])
async def test_a_day_that_moves_back_near_while_it_is_held_is_begun_at_once(world: World, hold: str) -> None:
    await begun(world, hold)
    await says(world, FAR)
    world.clock.move(hours=1)
    await says(world, OLD)
    assert (await let_go(world, hold)).state is State.PROVISIONING


async def test_an_approval_does_not_bring_the_account_before_its_time(world: World) -> None:
    await begun(world, "blocked")
    await says(world, FAR)
    await act(world.s, "approve", CASE_ID, WHO)
    case = await look(world)
    assert (case.state, case.account) == (State.WAITING_START, None)


async def test_an_operator_may_still_cut_the_wait_short(world: World) -> None:
    await begun(world, "paused")
    await says(world, FAR)
    await let_go(world, "paused")
    await act(world.s, "rerun", CASE_ID, WHO)
    assert (await look(world)).account is not None


async def test_the_failures_of_before_do_not_count_on_the_new_day(world: World) -> None:
    await begun(world, "none")
    await says(world, FAR)
    await look(world)
    world.clock.at = FAR_OPENS
    world.faults.before("create_user", Unavailable("down"))
    case = await look(world)
    assert (case.state, case.steps["create_account"].attempts) == (State.PROVISIONING, 1)


@pytest.mark.parametrize("lags", [False, True])
async def test_an_account_that_a_try_of_before_made_is_taken_up_and_not_left_alone(
    world: World, lags: bool
) -> None:
    await world.file(make_case())
    world.faults.after("create_user", Unavailable("no answer"))
    case = await advance(world)
    assert (case.account, len(world.tenant.created)) == (None, 1)
    await says(world, FAR)
    world.tenant.lag = lags
    case = await look(world)
    if lags:
        assert (case.state, case.next_action.why) == (State.WAITING_START, "start_is_far")
        world.tenant.lag = False
        case = await look_now(world)
    assert case.account is not None
    assert (case.account.origin, world.clock.at < FAR_OPENS) == ("created", True)
    assert (case.next_action.what, len(world.tenant.created)) == ("issue_access_pass", 1)


async def test_a_plan_applied_by_its_hash_makes_the_account_when_it_says(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(mode="dry_run", service_desk="desk@contoso.example"))
    await world.file(make_case())
    assert (await drive(world)).reason_code == "dry_run"
    await says(world, FAR)
    seen = await plan.survey(world.s)
    (when,) = [str(item.at) for item in seen.people[0].actions if item.what == "create_account"]
    assert when == str(FAR_OPENS)
    world.settings = replace(world.settings, mode="live")
    world.s = world.services()
    await plan.carry_out(world.s, replace(WHO, plan_hash=seen.plan_hash))
    case = await look(world)
    assert (case.state, world.tenant.created) == (State.WAITING_START, [])


@pytest.mark.parametrize(("first", "then", "usable_on"), [("FR", "DE", 11), ("DE", "FR", 12)])
async def test_a_corrected_place_whose_days_off_are_others_moves_the_day_of_the_pass(
    world: World, first: str, then: str, usable_on: int
) -> None:
    """11 November is a public holiday in France and none in Germany."""
    await handed_over(world, start_date=date(2026, 11, 11), work_country=first)
    await says(world, date(2026, 11, 11), work_country=then)
    await look(world)
    case = await drive(world)
    record = case.access_pass
    assert record is not None
    assert record.usable_from is not None
    assert (record.status, record.usable_from.day) == (PassStatus.DELIVERED, usable_on)
    assert len(usable(world, case)) == 1


@pytest.mark.parametrize(("first", "then"), [("US", "DE"), ("DE", "US"), ("US", "IN"), ("DE", "SG")])
async def test_a_corrected_place_in_another_zone_moves_the_hours_of_the_pass(
    world: World, first: str, then: str
) -> None:
    await handed_over(world, work_country=first)
    await says(world, OLD, work_country=then)
    await look(world)
    case = await drive(world)
    record, zone = case.access_pass, ZoneInfo(place_of(case.hire).zone.zone)
    assert record is not None
    assert record.usable_from is not None
    assert record.status is PassStatus.DELIVERED
    assert "2026-08-24T08:00" <= record.usable_from.astimezone(zone).isoformat() < "2026-08-24T12:00"
    assert len(usable(world, case)) == 1
