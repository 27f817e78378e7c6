"""Two cases of one person become one: what that does to the one that goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from onboarding import casework
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, Said
from onboarding.errors import OperatorError, Unavailable
from onboarding.intake.decide import apply_event
from onboarding.intake.joining import join
from onboarding.intake.outcome import APPROVE_SAME_PERSON, Circumstances
from onboarding.intake.process import lay_down
from onboarding.operate import rerun_plan, work
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import explain
from onboarding.ports import WORK_QUEUE, WorkMessage
from tests.support.doubles import CASE_ID, T0, Killed, World, hire, make_case

OTHER = "c_00000000000000000002"
BOSS = Ask("boss", "asked HR")
#: What HR said when it announced the hire, a day ago.
HIRED = T0 - timedelta(days=1)
FRIDAY = datetime(2026, 8, 21, 9, 0, tzinfo=UTC)
FIRST_DAY = datetime(2026, 8, 24, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def said(at: datetime, source: str) -> dict[str, Said]:
    return {
        name: Said(at, True, "d_1", source) for name in ("given_name", "family_name", "start_date", "manager")
    }


async def file(world: World, **changes: Any) -> Case:
    """The case that hears of the other one."""
    at = changes.pop("at", T0)
    given: dict[str, Any] = {
        "hired_at": at - timedelta(days=1),
        "said": said(at - timedelta(days=1), "greenhouse"),
    }
    return await world.file(make_case(at=at, **{**given, **changes}))


async def file_other(world: World, **changes: Any) -> Case:
    """The same person's, in another HR system."""
    at = changes.pop("at", world.clock.at)
    given: dict[str, Any] = {
        "source": "bamboohr",
        "hired_at": at,
        "said": said(at, "bamboohr"),
        "hire": hire(employee_id="b-9"),
    }
    return await world.file(make_case(OTHER, at=at, **{**given, **changes}))


async def asked(world: World, **changes: Any) -> Case:
    """The case waits for an approver's word about the other one."""
    await file(world, **changes)
    return await ask(world)


async def ask(world: World) -> Case:
    case = await world.case()
    case.maybe_same = OTHER
    return await casework.block(world.s, case, world.clock.at, APPROVE_SAME_PERSON)


async def hr(world: World, kind: EventType, case_id: str = CASE_ID, **facts: Any) -> Case:
    case, now = await world.case(case_id), world.clock.at
    ids = {"employee_id": case.hire.employee_id}
    event = HireEvent(case.source, kind, Hire(**{**ids, **facts}), "x", occurred_at=now)
    outcome = apply_event(case, event, Circumstances(f"d_{kind}_{now:%j%H%M}", now), now)
    return await lay_down(world.s, case, outcome, now, WORK_QUEUE)


async def by_ids(world: World) -> Case:
    """An event of HR has ids of both."""
    world.clock.move(minutes=1)
    lead = await join(world.s, await world.case(), await world.case(OTHER), OTHER, [], world.clock.at)
    return await hr(world, EventType.HIRE_UPDATED, lead.case_id, job_title="Cook")


async def by_word(world: World) -> Case:
    """An approver says that the two are one person's. Returns the case that was asked about."""
    world.clock.move(minutes=1)
    await act(world.s, "approve", CASE_ID, BOSS)
    await look(world)
    return await world.case()


async def look(world: World, case_id: str = CASE_ID) -> None:
    await work.handle(world.s, WorkMessage(case_id=case_id, why="look"))


async def until(world: World, at: datetime, case_id: str = CASE_ID) -> Case:
    """Whatever is due for either case by then, in order. Returns the one."""
    for _ in range(500):
        due = [
            (when, name)
            for name in (CASE_ID, OTHER)
            if (case := await world.store.cases.get(name)) and (when := case.wakes_at) and when <= at
        ]
        if not due:
            break
        when, name = min(due)
        world.clock.at = max(world.clock.at, when)
        await look(world, name)
    world.clock.at = max(world.clock.at, at)
    return await world.case(case_id)


def made(world: World) -> list[str]:
    return [user.user_principal_name for user in world.tenant.created]


def usable(world: World) -> list[str]:
    return [item.id for user in world.tenant.passes for item in world.tenant.usable_passes(user)]


# --- what follows from the other one's facts --------------------------------------------------------------------


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_a_first_day_that_the_other_case_moves_has_a_pass_of_its_own(world: World, way: Any) -> None:
    await file(world)
    case = await until(world, FRIDAY)
    assert (case.state, usable(world)) == (State.FOLLOWING_UP, ["pass-1"])
    await file_other(world, state=State.WAITING_START, hire=hire(employee_id="b-9", start_date=LATER.date()))
    if way is by_word:
        await ask(world)
    await way(world)
    assert "start_date_moved" in [item.action for item in await world.story()]
    case = await until(world, FIRST_DAY)
    assert (case.hire.start_date, case.state, usable(world)) == (LATER.date(), State.PROVISIONING, [])
    case = await until(world, LATER)
    assert (case.state, usable(world)) == (State.FOLLOWING_UP, ["pass-2"])
    assert case.account is not None
    written = world.tenant.users[case.account.id].employee_hire_date
    assert written is not None
    assert written.date() == date(2026, 11, 1), "midnight in Berlin"


async def test_nothing_is_begun_before_the_first_day_of_the_other_case(world: World) -> None:
    await file(world)
    world.faults.before("create_user", Unavailable("down"), Unavailable("down"))
    await look(world)
    await look(world)
    case = await world.case()
    assert (case.state, case.intent is not None, case.account) == (State.PROVISIONING, True, None)
    await file_other(world, hire=hire(employee_id="b-9", start_date=LATER.date()))
    case = await by_ids(world)
    assert case.state is State.WAITING_START
    case = await until(world, LATER - timedelta(days=40))
    assert (case.state, made(world)) == (State.WAITING_START, [])
    assert (await until(world, LATER)).state is State.FOLLOWING_UP


async def test_another_manager_whom_the_other_case_names_takes_the_pass_away(world: World) -> None:
    await file(world)
    await until(world, FRIDAY)
    boss = ManagerRef(email="neu@contoso.example")
    await file_other(world, state=State.WAITING_START, hire=hire(employee_id="b-9", manager=boss))
    await by_ids(world)
    case = await until(world, FRIDAY + timedelta(minutes=5))
    assert (usable(world), case.manager_changed) == (["pass-2"], True)
    assert case.access_pass is not None
    assert case.access_pass.recipient == "desk"


# --- one of them is over ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EventType.EMPLOYMENT_TERMINATED, EventType.HIRE_CANCELLED])
@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_a_hire_of_somebody_whose_case_is_over_is_not_lost(
    world: World, kind: EventType, way: Any
) -> None:
    await file_other(world)
    await until(world, FRIDAY, OTHER)
    if kind is EventType.EMPLOYMENT_TERMINATED:
        world.clock.at = datetime(2027, 6, 30, 9, 0, tzinfo=UTC)
    former = await hr(world, kind, OTHER)
    assert former.state in {State.CLOSED, State.CANCELLED}
    start = datetime(2028, 3, 6, 9, 0, tzinfo=UTC)
    world.clock.at = start - timedelta(days=6)
    new = {"at": world.clock.at, "hire": hire(start_date=start.date())}
    await (asked if way is by_word else file)(world, **new)
    if way is by_word:
        await by_word(world)
    else:
        await join(world.s, await world.case(OTHER), await world.case(), CASE_ID, [], world.clock.at)
        await hr(world, EventType.HIRE_UPDATED, OTHER, job_title="Cook")
    case = await world.case(OTHER)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert case.hire.start_date == start.date()
    assert ((await world.case()).reason_code) == "joined"
    await act(world.s, "approve", OTHER, BOSS)
    case = await until(world, start, OTHER)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_pass"), (
        "on the way to a first day"
    )


async def test_a_case_that_was_watched_to_its_end_goes_on_with_a_later_start(world: World) -> None:
    await file_other(world)
    await until(world, FRIDAY, OTHER)
    former = await world.case(OTHER)
    former.state, former.next_action = State.CLOSED, NextAction("none", None, "watch_ended")
    await world.store.cases.save(former)
    world.clock.at = datetime(2028, 3, 1, 9, 0, tzinfo=UTC)
    await asked(world, at=world.clock.at, hire=hire(start_date=date(2028, 3, 6)))
    await by_word(world)
    case = await world.case(OTHER)
    assert (case.state, case.reason_code, case.hire.start_date) == (
        State.BLOCKED,
        "needs_approval_rehire",
        date(2028, 3, 6),
    )


async def test_a_withdrawal_that_is_newer_than_the_other_hire_stands(world: World) -> None:
    await file_other(world, hired_at=HIRED)
    await until(world, T0 + timedelta(hours=1), OTHER)
    await hr(world, EventType.HIRE_CANCELLED, OTHER)
    await asked(world, at=T0)
    await by_word(world)
    case = await world.case(OTHER)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")


@pytest.mark.parametrize("over_leads", [True, False])
@pytest.mark.parametrize(
    ("shown", "start", "stands"),
    [
        (T0 + timedelta(hours=2), date(2026, 11, 2), True),
        (T0 + timedelta(hours=2), date(2026, 8, 24), False),
        (T0, date(2026, 11, 2), False),
        (None, date(2026, 11, 2), False),
    ],
)
async def test_a_newer_record_with_a_later_start_is_a_hire_and_a_word_on_the_start_is_none(
    world: World, shown: datetime | None, start: date, stands: bool, over_leads: bool
) -> None:
    await file_other(world, hired_at=HIRED)
    if over_leads:
        await until(world, T0 + timedelta(hours=1), OTHER)
    world.clock.at = T0 + timedelta(hours=1)
    await hr(world, EventType.HIRE_CANCELLED, OTHER)
    world.clock.at = at = T0 + timedelta(hours=2)
    await file(
        world, hired_at=None, recorded_at=shown, said=said(at, "greenhouse"), hire=hire(start_date=start)
    )
    lead, other = (OTHER, CASE_ID) if over_leads else (CASE_ID, OTHER)
    await join(world.s, await world.case(lead), await world.case(other), other, [], at)
    case = await until(world, at + timedelta(hours=1), lead)
    assert (case.state is not State.CANCELLED) is stands
    assert case.hired_at == (shown if stands else HIRED)


@pytest.mark.parametrize("state", [State.PROVISIONING, State.BLOCKED])
async def test_a_hire_by_the_event_that_brought_the_cancellation_is_a_new_run(
    world: World, state: State
) -> None:
    """Hired, cancelled in the other system, hired again: nobody looked in between, and it is as if somebody had."""
    await file(world)
    await until(world, T0 + timedelta(hours=1))
    case = await world.case()
    if state is State.BLOCKED:
        await casework.block(world.s, case, world.clock.at, "graph_bad_value")
    await file_other(world, hired_at=HIRED)
    await hr(world, EventType.HIRE_CANCELLED, OTHER)
    world.clock.move(minutes=1)
    case = await join(world.s, await world.case(), await world.case(OTHER), OTHER, [], world.clock.at)
    assert case.account is not None
    case = await hr(world, EventType.HIRE_CREATED, start_date=LATER.date())
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert case.hire.start_date == LATER.date()
    assert case.rehired_at == world.clock.at


async def test_an_offer_that_was_withdrawn_withdraws_no_hire(world: World) -> None:
    await file(world)
    at = world.clock.at
    await file_other(
        world,
        hired_at=None,
        certainty=Certainty.OFFER,
        state=State.CANCELLED,
        reason_code="cancelled_by_hr",
        withdrawn_at=at,
    )
    case = await by_ids(world)
    assert (case.state, case.withdrawn_at) == (State.WAITING_START, None)


# --- several others at once ------------------------------------------------------------------------------------

THIRD = "c_00000000000000000003"
TWO = Ask("boss", "two people", answers=rerun_plan.answers(approver=True))


async def test_whoever_is_asked_about_two_others_is_asked_one_after_the_other(world: World) -> None:
    await asked(world)
    await file_other(world)
    await world.file(make_case(THIRD, source="workday", hire=hire(employee_id="w-1")))
    case = await world.case()
    case.ask_about(APPROVE_SAME_PERSON, THIRD)
    await world.store.cases.save(case)
    assert (await world.case()).asked_about == [OTHER], "the oldest first"
    await act(world.s, "rerun", CASE_ID, TWO)
    case = await until(world, T0 + timedelta(minutes=1))
    assert (case.reason_code, case.asked_about, case.account) == (APPROVE_SAME_PERSON, [THIRD], None)
    await act(world.s, "approve", CASE_ID, BOSS)
    case = await until(world, T0 + timedelta(hours=1))
    assert (await world.case(THIRD)).reason_code == "joined"
    assert (case.approvals, case.questions, case.maybe_same) == ([f"two_people:{OTHER}"], [], None)
    assert len(made(world)) == 2, "the other one's is another person's"


async def test_one_person_leaves_the_next_question_open(world: World) -> None:
    await asked(world)
    await file_other(world)
    case = await world.case()
    case.ask_about(APPROVE_SAME_PERSON, THIRD)
    await world.store.cases.save(case)
    await by_word(world)
    case = await until(world, T0 + timedelta(hours=1))
    assert (await world.case(OTHER)).reason_code == "joined"
    assert (case.reason_code, case.asked_about, made(world)) == (APPROVE_SAME_PERSON, [THIRD], [])


async def test_what_the_other_one_is_asked_about_is_asked_of_the_one_that_goes_on(world: World) -> None:
    await file(world)
    await file_other(world, maybe_same=THIRD, questions=[f"{APPROVE_SAME_PERSON}:{CASE_ID}"])
    case = await by_ids(world)
    assert (case.state, case.reason_code, case.asked_about) == (State.BLOCKED, APPROVE_SAME_PERSON, [THIRD])
    assert (await until(world, FIRST_DAY)).account is None


async def test_an_id_that_both_have_leaves_the_question_about_a_third_open(world: World) -> None:
    await asked(world)
    await file_other(world)
    case = await world.case()
    case.ask_about(APPROVE_SAME_PERSON, THIRD)
    await world.store.cases.save(case)
    case = await by_ids(world)
    assert (case.reason_code, case.asked_about) == (APPROVE_SAME_PERSON, [THIRD])
    shown = [item.detail["other"] for item in await world.story() if item.action == "maybe_same_person"]
    assert shown == [THIRD]


@pytest.mark.parametrize("state", [State.PROVISIONING, State.FOLLOWING_UP])
async def test_the_next_question_is_asked_wherever_the_case_is(world: World, state: State) -> None:
    await asked(world, state=state)
    case = await world.case()
    case.ask_about(APPROVE_SAME_PERSON, THIRD)
    await world.store.cases.save(case)
    await act(world.s, "rerun", CASE_ID, TWO)
    case = await until(world, T0 + timedelta(minutes=1))
    assert (case.return_state, case.asked_about, made(world)) == (state, [THIRD], [])
    await act(world.s, "rerun", CASE_ID, TWO)
    assert (await world.case()).state is state


async def two_accounts_twice(world: World) -> Case:
    """Three accounts of one person, as two events say."""
    await file_other(world, state=State.FOLLOWING_UP, account=Account("o-2", "b@contoso.example", "b-9", T0))
    third = make_case(THIRD, source="workday", hire=hire(employee_id="w-1"), state=State.FOLLOWING_UP)
    third.account = Account("o-3", "c@contoso.example", "w-1", T0)
    await world.file(third)
    await file(world, state=State.FOLLOWING_UP, account=Account("o-1", "a@contoso.example", "4711", T0))
    for name in (OTHER, THIRD):
        await join(world.s, await world.case(), await world.case(name), name, [], world.clock.at)
    return await world.case()


async def test_two_other_accounts_are_decided_one_after_the_other(world: World) -> None:
    case = await two_accounts_twice(world)
    assert (case.reason_code, case.asked_about) == ("two_accounts", [OTHER])
    await act(world.s, "rerun", CASE_ID, TWO)
    await look(world)
    case = await world.case()
    assert (case.reason_code, case.asked_about) == ("two_accounts", [THIRD])
    await act(world.s, "rerun", CASE_ID, TWO)
    case = await world.case()
    assert (case.state, case.approvals) == (
        State.FOLLOWING_UP,
        [f"two_accounts:{OTHER}", f"two_accounts:{THIRD}"],
    )


def test_a_row_from_before_there_could_be_several_questions_is_read() -> None:
    row = msgspec.json.decode(encode(make_case(maybe_same=OTHER, second_account=THIRD)))
    del row["questions"]
    case = decode(msgspec.json.encode(row), "e")
    assert (case.maybe_same, case.second_account, case.questions) == (OTHER, THIRD, [])
    case.ask_about(APPROVE_SAME_PERSON, THIRD)
    assert case.others(APPROVE_SAME_PERSON) == [OTHER, THIRD]


def test_a_row_from_before_a_yes_ended_the_question_goes_on_to_the_next() -> None:
    case = make_case(maybe_same=OTHER, approvals=[f"{APPROVE_SAME_PERSON}:{OTHER}"])
    case.ask_about(APPROVE_SAME_PERSON, OTHER)
    assert case.others(APPROVE_SAME_PERSON) == [OTHER]
    case.ask_about(APPROVE_SAME_PERSON, THIRD)
    assert case.others(APPROVE_SAME_PERSON) == [THIRD]


# --- how the other one was stopped -----------------------------------------------------------------------------


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_an_operators_pause_holds_for_the_person(world: World, way: Any) -> None:
    await (file if way is by_ids else asked)(world)
    await file_other(world)
    await act(world.s, "pause", OTHER, Ask("op", "HR doubts that the person is real"))
    case = await way(world)
    assert (case.state, case.next_action.what, case.questions) == (State.PAUSED, "operator", [])
    assert (await world.case(OTHER)).reason_code == "joined"
    assert [item.detail["other"] for item in await world.story() if item.action == "pause_joined"] == [OTHER]
    case = await until(world, FIRST_DAY)
    assert (case.state, made(world)) == (State.PAUSED, [])
    assert "resume" in possible(case)
    await act(world.s, "resume", CASE_ID, Ask("op", "the person is real"))
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.state, len(made(world))) == (State.FOLLOWING_UP, 1)


async def test_an_operators_pause_holds_also_where_something_else_stops_the_case(world: World) -> None:
    blocked = {"state": State.BLOCKED, "return_state": State.PROVISIONING, "reason_code": "graph_bad_value"}
    await file(world, **blocked)
    await file_other(world)
    await act(world.s, "pause", OTHER, Ask("op", "HR doubts that the person is real"))
    case = await by_ids(world)
    assert case.reason_code == "graph_bad_value"
    await act(world.s, "rerun", CASE_ID, Ask("op", "mended"))
    case = await until(world, FIRST_DAY)
    assert (case.state, case.return_state, made(world)) == (State.PAUSED, State.PROVISIONING, [])


@pytest.mark.parametrize("code", ["needs_approval_shared_id", "needs_approval_rehire"])
@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_a_question_about_the_other_one_is_asked_of_the_one_that_goes_on(
    world: World, way: Any, code: str
) -> None:
    await (file if way is by_ids else asked)(world)
    await file_other(world, state=State.BLOCKED, return_state=State.WAITING_START, reason_code=code)
    await way(world)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code, made(world)) == (State.BLOCKED, code, [])
    assert "approve" in possible(case)
    await act(world.s, "approve", CASE_ID, BOSS)
    await until(world, FIRST_DAY + timedelta(days=1))
    assert len(made(world)) == 1


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_a_record_that_hr_deleted_is_asked_about_before_anything_is_made(
    world: World, way: Any
) -> None:
    await (file if way is by_ids else asked)(world)
    await file_other(world, hired_at=HIRED)
    assert (await hr(world, EventType.EMPLOYEE_DELETED, OTHER)).reason_code == "hr_deleted_record"
    await way(world)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.reason_code, made(world)) == (State.BLOCKED, "hr_deleted_record", [])
    assert "rerun" in possible(case)
    await act(
        world.s, "rerun", CASE_ID, Ask("op", "the hire stands", answers=rerun_plan.answers(approver=False))
    )
    await until(world, FIRST_DAY + timedelta(days=1))
    assert len(made(world)) == 1


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_a_deletion_while_the_other_one_waited_for_an_approver_is_asked_about(
    world: World, way: Any
) -> None:
    code = "needs_approval_shared_id"
    await (file if way is by_ids else asked)(world)
    await file_other(
        world, hired_at=HIRED, state=State.BLOCKED, return_state=State.WAITING_START, reason_code=code
    )
    assert (await hr(world, EventType.EMPLOYEE_DELETED, OTHER)).reason_code == code
    await way(world)
    seen = []
    for action in ("approve", "rerun"):
        case = await until(world, FIRST_DAY)
        seen.append(case.reason_code)
        assert action in possible(case)
        await act(world.s, action, CASE_ID, TWO)
    assert seen == [code, "hr_deleted_record"]
    assert made(world) == []
    await until(world, FIRST_DAY + timedelta(days=1))
    assert len(made(world)) == 1


# --- one of them is excluded -----------------------------------------------------------------------------------

NEVER = Ask("op", "never make an account for this person")


async def excluded_other(world: World, **changes: Any) -> Case:
    await file_other(world, **changes)
    await act(world.s, "exclude", OTHER, NEVER)
    return await world.case(OTHER)


async def test_one_person_makes_the_exclusion_hold_for_the_person(world: World) -> None:
    await asked(world)
    await excluded_other(world)
    case = await by_word(world)
    assert (case.state, case.next_action.what, case.questions) == (State.EXCLUDED, "none", [])
    assert [item.detail["other"] for item in await world.story() if item.action == "exclude_joined"] == [
        OTHER
    ]
    assert (await world.case(OTHER)).reason_code == "joined"
    case = await until(world, FIRST_DAY)
    assert (case.state, made(world)) == (State.EXCLUDED, [])
    assert "resume" in possible(case)
    await act(world.s, "resume", CASE_ID, Ask("op", "again"))
    await until(world, FIRST_DAY + timedelta(days=1))
    assert len(made(world)) == 1


async def test_the_pass_of_whoever_turns_out_to_be_excluded_is_made_void(world: World) -> None:
    await file(world)
    await until(world, FRIDAY)
    assert usable(world) == ["pass-1"]
    await excluded_other(world)
    await ask(world)
    case = await by_word(world)
    assert (case.state, case.next_action.what) == (State.EXCLUDED, "revoke_pass")
    case = await until(world, FRIDAY + timedelta(minutes=5))
    assert (case.state, usable(world)) == (State.EXCLUDED, [])


async def test_the_one_that_is_excluded_goes_on_where_it_has_the_account(world: World) -> None:
    await excluded_other(world, account=Account("o-2", "b@contoso.example", "b-9", T0))
    await asked(world)
    await by_word(world)
    assert ((await world.case(OTHER)).state, (await world.case()).reason_code) == (State.EXCLUDED, "joined")
    await until(world, FIRST_DAY)
    assert made(world) == []


async def test_an_id_that_somebody_shares_with_who_is_excluded_is_asked_about(world: World) -> None:
    await file(world)
    await excluded_other(world)
    case = await by_ids(world)
    assert (case.state, case.reason_code, case.asked_about) == (State.BLOCKED, APPROVE_SAME_PERSON, [OTHER])
    other = await world.case(OTHER)
    assert (other.state, other.maybe_same) == (State.EXCLUDED, CASE_ID)
    case = await by_ids(world)
    assert [item.action for item in await world.story()].count("blocked") == 1, "asked once"
    await by_word(world)
    await until(world, FIRST_DAY)
    assert ((await world.case()).state, made(world)) == (State.EXCLUDED, [])


async def test_whoever_is_included_while_the_other_one_is_asked_about_is_asked_about_as_well(
    world: World,
) -> None:
    await file(world)
    await excluded_other(world)
    await by_ids(world)
    await act(world.s, "resume", OTHER, Ask("op", "again"))
    other = await until(world, FIRST_DAY, OTHER)
    assert (other.reason_code, other.asked_about, made(world)) == (APPROVE_SAME_PERSON, [CASE_ID], [])
    await by_word(world)
    await until(world, FIRST_DAY + timedelta(days=1))
    assert ((await world.case(OTHER)).reason_code, len(made(world))) == ("joined", 1)


async def test_two_people_is_said_once_of_who_is_excluded_and_another(world: World) -> None:
    await file(world)
    await excluded_other(world)
    await by_ids(world)
    await act(world.s, "rerun", CASE_ID, TWO)
    await by_ids(world)
    await until(world, FIRST_DAY)
    assert len(made(world)) == 1, "an approver said so"
    await act(world.s, "resume", OTHER, Ask("op", "again"))
    other = await until(world, FIRST_DAY + timedelta(days=1), OTHER)
    assert (other.maybe_same, len(made(world))) == (None, 2)


# --- accounts that are begun -----------------------------------------------------------------------------------


async def begun(world: World, error: Exception) -> Case:
    """This one has its account; the request for the other one's was not answered, or refused."""
    await file(world)
    await until(world, T0 + timedelta(minutes=30))
    await file_other(world)
    world.faults.before("create_user", error)
    await look(world, OTHER)
    await look(world, OTHER)
    other = await world.case(OTHER)
    assert (other.intent is not None, other.account, len(made(world))) == (True, None, 1)
    return other


@pytest.mark.parametrize("error", [Unavailable("down"), OperatorError("no", code="graph_bad_value")])
async def test_of_two_that_hr_calls_one_person_neither_makes_a_second_account(
    world: World, error: Exception
) -> None:
    before = await begun(world, error)
    await by_ids(world)
    case, other = await world.case(), await world.case(OTHER)
    assert (case.reason_code, case.asked_about) == ("two_accounts", [OTHER])
    assert (other.state, other.second_account) == (State.BLOCKED, CASE_ID)
    if before.state is State.BLOCKED:
        assert other.reason_code == "graph_bad_value"
        await act(world.s, "rerun", OTHER, Ask("op", "HR corrected the value"))
    other = await until(world, FIRST_DAY, OTHER)
    assert (other.reason_code, other.account, len(made(world))) == ("two_accounts", None, 1)
    assert "or one that was begun" in explain(other)
    await by_ids(world)
    for name in (CASE_ID, OTHER):
        assert [item.action for item in await world.story(name)].count("two_cases") == 1
    await act(world.s, "exclude", OTHER, NEVER)
    await act(world.s, "rerun", CASE_ID, TWO)
    await by_ids(world)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert (case.state, case.reason_code, len(made(world))) == (State.FOLLOWING_UP, None, 1)
    await act(world.s, "resume", OTHER, Ask("op", "by mistake"))
    other = await until(world, FIRST_DAY + timedelta(days=2), OTHER)
    assert (other.reason_code, len(made(world))) == ("two_accounts", 1), "asked again"


async def test_the_one_whose_account_is_only_begun_may_be_the_one_that_stays(world: World) -> None:
    await begun(world, Unavailable("down"))
    await by_ids(world)
    await act(world.s, "exclude", CASE_ID, NEVER)
    await act(world.s, "rerun", OTHER, TWO)
    other = await until(world, FIRST_DAY, OTHER)
    assert (other.state, other.account is not None) == (State.FOLLOWING_UP, True)


# --- the other one has gone elsewhere --------------------------------------------------------------------------


async def test_one_person_is_joined_with_the_case_in_which_the_other_one_goes_on(world: World) -> None:
    await asked(world)
    await file_other(world)
    third = await world.file(make_case(THIRD, source="workday", hire=hire(employee_id="w-1")))
    await join(world.s, third, await world.case(OTHER), OTHER, [], world.clock.at)
    await by_word(world)
    await until(world, FIRST_DAY)
    assert [(await world.case(name)).reason_code for name in (OTHER, THIRD)] == ["joined"] * 2
    assert len(made(world)) == 1


async def test_a_yes_goes_with_the_person_into_a_third_case(world: World) -> None:
    await asked(world)
    await file_other(world)
    third = make_case(THIRD, source="workday", hire=hire(employee_id="w-1"))
    third.account = Account("o-3", "c@contoso.example", "w-1", T0)
    await world.file(third)
    await act(world.s, "approve", CASE_ID, BOSS)
    await join(world.s, await world.case(THIRD), await world.case(), CASE_ID, [], world.clock.at)
    for name in (CASE_ID, THIRD):
        await look(world, name)
    assert [(await world.case(name)).reason_code for name in (CASE_ID, OTHER)] == ["joined"] * 2
    third = await world.case(THIRD)
    assert (third.state, third.approvals) == (State.WAITING_START, [])


@pytest.mark.parametrize("stop", ["pause", "exclude", "nothing"])
@pytest.mark.parametrize("side", ["before", "after"])
async def test_wherever_it_dies_a_stop_is_kept_and_a_hire_is_not_lost(stop: str, side: Any) -> None:
    number, died = 0, True
    while died:
        world = World()
        await asked(world)
        await file_other(world)
        if stop != "nothing":
            await act(world.s, stop, OTHER, NEVER)
        await act(world.s, "approve", CASE_ID, BOSS)
        world.tape.calls.clear()
        world.tape.kill_at = (number, side)
        with contextlib.suppress(Killed):
            await look(world)
        died, world.tape.kill_at = world.tape.killed, None
        await look(world)  # a message that was not worked off comes again
        case = await until(world, FIRST_DAY)
        wanted = {"pause": State.PAUSED, "exclude": State.EXCLUDED, "nothing": State.FOLLOWING_UP}[stop]
        assert (case.state, (await world.case(OTHER)).reason_code) == (wanted, "joined"), number
        assert len(made(world)) == (1 if stop == "nothing" else 0), number
        assert (case.approvals, case.questions, case.maybe_same) == ([], [], None), number
        world.close()
        number += 1
    assert number > 5


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("why", ["excluded", "two accounts"])
async def test_wherever_it_dies_both_are_asked_about_and_said_once(why: str, side: Any) -> None:
    number, died = 0, True
    while died:
        world = World()
        if why == "excluded":
            await file(world)
            await excluded_other(world)
        else:
            await begun(world, Unavailable("down"))
        lead, other = await world.case(), await world.case(OTHER)
        world.tape.calls.clear()
        world.tape.kill_at = (number, side)
        with contextlib.suppress(Killed):
            await join(world.s, lead, other, OTHER, [], world.clock.at)
        died, world.tape.kill_at = world.tape.killed, None
        await by_ids(world)  # the delivery comes again
        code, noted = (
            (APPROVE_SAME_PERSON, "maybe_same_person") if why == "excluded" else ("two_accounts", "two_cases")
        )
        for name, about in ((CASE_ID, OTHER), (OTHER, CASE_ID)):
            case = await world.case(name)
            assert case.others(code) == [about], (number, name)
            assert [item.action for item in await world.story(name)].count(noted) == 1, (number, name)
        assert (await world.case()).reason_code == code
        await until(world, FIRST_DAY)
        assert len(made(world)) == (0 if why == "excluded" else 1), number
        world.close()
        number += 1
    assert number >= 2


@pytest.mark.parametrize("way", [by_ids, by_word])
async def test_what_both_waited_for_is_asked_once(world: World, way: Any) -> None:
    code = "needs_approval_shared_id"
    stopped = {"state": State.BLOCKED, "return_state": State.WAITING_START, "reason_code": code}
    await file_other(world, **stopped)
    if way is by_ids:
        await file(world, **stopped)
    else:
        await asked(world, approvals=[code])
    case = await way(world)
    if way is by_ids:
        assert (case.reason_code, case.questions) == (code, [])
        await act(world.s, "approve", CASE_ID, BOSS)
    case = await until(world, FIRST_DAY)
    assert (case.state, case.questions, len(made(world))) == (State.FOLLOWING_UP, [], 1)


async def test_whoever_is_excluded_by_a_join_is_left_alone_as_anybody_else(world: World) -> None:
    await asked(world)
    await excluded_other(world)
    before = (await world.case(OTHER)).next_action
    case = await by_word(world)
    assert case.next_action == before


async def test_the_one_that_would_go_on_is_asked_before_the_one_who_is_excluded(world: World) -> None:
    """Whoever dies between the two leaves it to its due row."""
    await file(world)
    lead, other = await world.case(), await excluded_other(world)
    world.tape.calls.clear()
    world.tape.kill_at = (0, "after")
    with contextlib.suppress(Killed):
        await join(world.s, lead, other, OTHER, [], world.clock.at)
    assert world.tape.calls == ["cases.save"]
    world.tape.kill_at = None
    case = await until(world, FIRST_DAY)
    assert (case.reason_code, made(world)) == (APPROVE_SAME_PERSON, [])


@pytest.mark.parametrize("start", [date(2026, 8, 24), None])
async def test_an_offer_that_was_withdrawn_leads_on_by_the_hire_of_the_other_case(
    world: World, start: date | None
) -> None:
    """Recruiting's application is put away as HR's record of the same person is there."""
    await file(world, hired_at=HIRED)
    at = world.clock.at
    await file_other(
        world,
        hired_at=None,
        certainty=Certainty.OFFER,
        state=State.CANCELLED,
        reason_code="cancelled_by_hr",
        withdrawn_at=at,
        hire=hire(employee_id="b-9", start_date=start),
        said={"start_date": Said(HIRED, False, "d_1", "bamboohr")} if start else {},
    )
    await join(world.s, await world.case(OTHER), await world.case(), CASE_ID, [], at)
    case = await until(world, at + timedelta(hours=1), OTHER)
    assert (case.state, case.withdrawn_at) == (State.PROVISIONING, None)
    assert len(made(world)) == 1
    assert case.hire.start_date == date(2026, 8, 24)
