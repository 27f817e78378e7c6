"""What operators may do: each action in each state, always with a reason, always with its operation on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import TABLE, Event, State
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import IllegalTransition, NotFound, Refused, RequestError, StoreConflict
from onboarding.operate import actions, work
from onboarding.operate.actions import Ask
from onboarding.ports import CLAIM_LEASE, Operation, WorkMessage
from tests.support.doubles import CASE_ID, T0, World, drive, hire, make_case

ASK = Ask("o-1", "  Ø: the manager called  ")
BACK = State.PROVISIONING


async def start(world: World, state: State = State.PROVISIONING, **changes: Any) -> Case:
    back = BACK if state in {State.BLOCKED, State.PAUSED} else None
    return await world.file(make_case(**{"state": state, "return_state": back, **changes}))


async def act(world: World, action: str, ask: Ask = ASK) -> Case:
    await actions.act(world.s, action, CASE_ID, ask)
    return await world.case()


async def operations(world: World) -> list[Operation]:
    rows = await world.store.database.read(
        lambda c: [row for (row,) in c.execute("SELECT operation_id FROM operations").fetchall()]
    )
    found = [await world.store.cases.get_operation(row) for row in rows]
    return [item for item in found if item]


# --- legal and illegal -------------------------------------------------------------------------------------

LEGAL = {
    "rerun": {s for s, e in TABLE if e is Event.RERUN},
    "pause": {s for s, e in TABLE if e is Event.PAUSE},
    "resume": {State.PAUSED, State.EXCLUDED},
    "exclude": {s for s, e in TABLE if e is Event.EXCLUDE},
    "approve": {State.BLOCKED},
}


@pytest.mark.parametrize("action", LEGAL)
@pytest.mark.parametrize("state", State)
async def test_each_action_in_each_state(world: World, action: str, state: State) -> None:
    before = await start(world, state, reason_code="needs_approval_pass" if state is State.BLOCKED else None)
    if state in LEGAL[action]:
        case = await act(world, action)
        (operation,) = await operations(world)
        assert (operation.status, operation.result) == ("done", str(case.state))
        entry = (await world.story())[-1]
        assert (entry.actor, entry.action) == ("operator:o-1", action)
        assert entry.detail["reason"] == "Ø: the manager called"
        return
    with pytest.raises(IllegalTransition):
        await act(world, action)
    assert (await world.case()).etag == before.etag, "nothing was changed"
    (operation,) = await operations(world)
    assert (operation.status, operation.result) == ("refused", "illegal_transition")


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (Ask("o-1", ""), "reason_required"),
        (Ask("o-1", " \t\n"), "reason_required"),
        (Ask("o-1", "x" * 501), "reason_too_long"),
        (Ask("o-1", "x", "make_coffee"), "unknown_step"),
    ],
)
async def test_a_request_that_cannot_be_carried_out_changes_nothing(
    world: World, ask: Ask, code: str
) -> None:
    before = await start(world)
    with pytest.raises(RequestError) as caught:
        await act(world, "rerun", ask)
    assert caught.value.code == code
    assert type(caught.value) is RequestError, "the caller's mistake: 400"
    assert (await world.case()).etag == before.etag


async def test_an_unknown_action_and_an_unknown_case_leave_no_operation(world: World) -> None:
    await start(world)
    with pytest.raises(RequestError):
        await actions.act(world.s, "explode", CASE_ID, ASK)
    with pytest.raises(NotFound):
        await actions.act(world.s, "pause", "c_00000000000000000099", ASK)
    assert await operations(world) == []


async def test_a_worker_that_writes_at_the_same_moment_does_not_turn_the_operator_away(world: World) -> None:
    await start(world)
    inner = world.store.cases.save
    raced: list[bool] = []

    async def save(case: Case, timeline: Any = ()) -> Case:
        if not raced:
            raced.append(True)
            other = await world.case()
            other.refused_names.append("a@contoso.example")
            await inner(other)
        return await inner(case, timeline)

    world.store.cases.save = save  # type: ignore[method-assign]
    case = await act(world, "pause")
    assert case.state is State.PAUSED
    assert case.refused_names == ["a@contoso.example"], "nothing of the worker's was lost"


async def test_an_operator_who_never_gets_a_turn_is_told_and_the_operation_says_so(world: World) -> None:
    await start(world)

    async def save(case: Case, timeline: Any = ()) -> Case:
        raise StoreConflict("always")

    world.store.cases.save = save  # type: ignore[method-assign]
    with pytest.raises(StoreConflict):
        await act(world, "pause")
    assert [item.status for item in await operations(world)] == ["refused"]


# --- rerun -------------------------------------------------------------------------------------------------


async def test_rerun_repeats_what_is_not_done_and_leaves_the_rest(world: World) -> None:
    steps = {
        "reserve_username": StepRecord(StepStatus.DONE, 1),
        "create_account": StepRecord(StepStatus.BLOCKED, 9, code="graph_bad_value"),
    }
    await start(world, State.BLOCKED, steps=steps, reason_code="graph_bad_value")
    case = await act(world, "rerun")
    assert (case.state, case.reason_code) == (State.PROVISIONING, None)
    assert case.steps["reserve_username"].status is StepStatus.DONE
    assert case.steps["create_account"] == StepRecord()
    assert case.next_action.when == T0
    assert world.queue.sent[-1][0] == WorkMessage(case_id=CASE_ID, why="rerun")
    assert (await drive(world)).state is State.FOLLOWING_UP


async def test_rerun_from_a_step_repeats_it_and_everything_after_it(world: World) -> None:
    await world.file(make_case())
    await drive(world)
    case = await act(world, "rerun", Ask("o-1", "x", "set_manager"))
    assert [name for name, item in case.steps.items() if item.status is StepStatus.DONE] == [
        "reserve_username",
        "create_account",
    ]
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert (len(world.tenant.created), len(world.tenant.issued), len(world.tenant.mail)) == (1, 1, 2)


async def test_rerun_of_the_pass_voids_the_old_one_and_sends_a_new_one(world: World) -> None:
    await world.file(make_case())
    await drive(world)
    await act(world, "rerun", Ask("o-1", "the manager deleted the mail", "issue_access_pass"))
    case = await drive(world)
    assert world.tenant.voided == ["pass-1"]
    assert case.account is not None
    assert [item.id for item in world.tenant.usable_passes(case.account.id)] == ["pass-2"]


async def test_rerun_of_the_pass_leaves_a_claim_that_a_worker_holds_its_time(world: World) -> None:
    record = PassRecord(PassStatus.INTENDED, T0, "manager")
    await start(world, access_pass=record)
    case = await act(world, "rerun", Ask("o-1", "x", "issue_access_pass"))
    assert case.access_pass is not None
    assert (case.access_pass.status, case.access_pass.claimed_at) == (PassStatus.INTENDED, T0)


@pytest.mark.parametrize(
    "changes",
    [
        {"certainty": Certainty.OFFER},
        {"hire": hire(start_date=None)},
        {"hire": hire(given_name=None, family_name=None)},
    ],
)
async def test_a_hire_that_is_not_complete_is_not_run(world: World, changes: dict[str, Any]) -> None:
    await start(world, State.BLOCKED, return_state=State.RECEIVED, reason_code="x", **changes)
    with pytest.raises(IllegalTransition):
        await act(world, "rerun")


@pytest.mark.parametrize("reason", ["needs_approval_rehire", "needs_approval_shared_id"])
async def test_a_rerun_does_not_replace_an_approvers_word(world: World, reason: str) -> None:
    await start(world, State.BLOCKED, return_state=State.WAITING_START, reason_code=reason)
    with pytest.raises(IllegalTransition):
        await act(world, "rerun")


@pytest.mark.parametrize(
    "reason",
    ["needs_approval_adopt", "needs_approval_pass", "needs_approval_manager", "needs_approval_lookalike"],
)
async def test_a_rerun_may_repeat_a_step_that_will_ask_again(world: World, reason: str) -> None:
    await start(world, State.BLOCKED, reason_code=reason)
    case = await act(world, "rerun")
    assert case.approvals == []


async def test_a_complete_case_that_stopped_before_provisioning_goes_the_usual_way(world: World) -> None:
    far = hire(start_date=(T0 + timedelta(days=90)).date())
    await start(world, State.BLOCKED, return_state=State.RECEIVED, reason_code="poison", hire=far)
    assert (await act(world, "rerun")).state is State.RECEIVED
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    case = await world.case()
    assert case.state is State.WAITING_START
    assert world.tenant.created == []


# --- approve -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [None, "poison", "missing_start_date"])
async def test_only_what_waits_for_an_approval_is_approved(world: World, reason: str | None) -> None:
    await start(world, State.BLOCKED, reason_code=reason)
    with pytest.raises(IllegalTransition):
        await act(world, "approve")


async def test_an_approval_is_kept_and_the_case_goes_on_where_it_stopped(world: World) -> None:
    await start(world, State.BLOCKED, reason_code="needs_approval_rehire", return_state=State.WAITING_START)
    case = await act(world, "approve")
    assert (case.state, case.approvals) == (State.WAITING_START, ["needs_approval_rehire"])
    assert case.next_action.when == T0


ADOPT = Ask("a-1", "same person", reason_code="needs_approval_adopt", about=("user-7",))


async def test_an_answer_that_comes_twice_does_not_answer_the_next_question(world: World) -> None:
    """The answer of the first request was lost; by the time of the second the case asks for the pass."""
    waits = {
        "reason_code": "needs_approval_adopt",
        "found_ids": ["user-7"],
        "found_account": "z@contoso.example",
    }
    case = await start(world, State.BLOCKED, **waits)
    await act(world, "approve", ADOPT)
    case = await world.case()
    with pytest.raises(Refused) as caught:
        await act(world, "approve", ADOPT)
    assert caught.value.code == "question_changed", "the case goes on already"
    case.apply(Event.BLOCK, reason="needs_approval_pass")
    case.found_ids = []
    await world.store.cases.save(case)
    with pytest.raises(Refused):
        await act(world, "approve", ADOPT)
    case = await world.case()
    assert (case.state, case.approvals) == (State.BLOCKED, ["needs_approval_adopt:user-7"])
    assert [item.result for item in await operations(world)].count("question_changed") == 2


@pytest.mark.parametrize("found", [["user-8"], ["user-7", "user-8"], []])
async def test_a_yes_is_for_the_accounts_that_were_seen(world: World, found: list[str]) -> None:
    await start(world, State.BLOCKED, reason_code="needs_approval_adopt", found_ids=found)
    with pytest.raises(Refused):
        await act(world, "approve", ADOPT)
    assert (await world.case()).approvals == []


async def test_a_yes_to_one_other_case_is_none_to_the_next(world: World) -> None:
    other = "c_00000000000000000002"
    await start(world, State.BLOCKED, reason_code="needs_approval_same_person", maybe_same=other)
    ask = replace(ADOPT, reason_code="needs_approval_same_person", about=("c_00000000000000000003",))
    with pytest.raises(Refused):
        await act(world, "approve", ask)
    assert (await act(world, "approve", replace(ask, about=(other,)))).state is BACK


async def test_who_does_not_say_what_is_answered_answers_what_is_asked(world: World) -> None:
    await start(world, State.BLOCKED, reason_code="needs_approval_adopt", found_ids=["user-8"])
    assert (await act(world, "approve")).approvals == ["needs_approval_adopt:user-8"]


@pytest.mark.parametrize(("minutes", "refused"), [(2, True), (11, False)])
async def test_an_approval_that_comes_again_answers_no_other_question_about_an_account(
    world: World, minutes: int, refused: bool
) -> None:
    """The answer to the first one was lost, and it is sent again."""
    await start(world, State.BLOCKED, reason_code="needs_approval_lookalike", lookalike="zoe@contoso.example")
    view = replace(ASK, by_name=True)
    case = await act(world, "approve", view)
    case.apply(Event.BLOCK, reason="needs_approval_adopt")
    case.found_ids = ["user-8"]
    await world.store.cases.save(case)
    world.clock.at += timedelta(minutes=minutes)
    if refused:
        with pytest.raises(Refused, match="of the account") as caught:
            await act(world, "approve", view)
        assert caught.value.code == "question_not_named"
    else:
        assert "needs_approval_adopt:user-8" in (await act(world, "approve", view)).approvals


@pytest.mark.parametrize(
    "code",
    ["needs_approval_pass", "needs_approval_manager", "needs_approval_rehire", "needs_approval_unclear"],
)
async def test_an_approval_that_comes_again_answers_no_question_about_the_person(
    world: World, code: str
) -> None:
    """The adoption was approved; the pass for the adopted account was not."""
    await start(world, State.BLOCKED, reason_code="needs_approval_adopt", found_ids=["user-8"])
    view = replace(ASK, by_name=True)
    case = await act(world, "approve", view)
    case.apply(Event.BLOCK, reason=code)
    case.found_ids = []
    await world.store.cases.save(case)
    world.clock.at += timedelta(minutes=3)
    with pytest.raises(Refused, match="a moment ago") as caught:
        await act(world, "approve", view)
    assert caught.value.code == "question_not_named"
    assert code not in (await world.case()).approvals


@pytest.mark.parametrize(
    ("changed", "minutes"),
    [
        ({"actor": "a-2"}, 3),
        ({"reason": "The pass, too"}, 3),
        ({"reason_code": "needs_approval_pass"}, 3),
        ({}, 11),
    ],
    ids=["another approver", "another reason", "named", "later"],
)
async def test_a_word_of_its_own_answers_the_question_about_the_person(
    world: World, changed: dict[str, Any], minutes: int
) -> None:
    await start(world, State.BLOCKED, reason_code="needs_approval_adopt", found_ids=["user-8"])
    view = replace(ASK, by_name=True)
    case = await act(world, "approve", view)
    case.apply(Event.BLOCK, reason="needs_approval_pass")
    case.found_ids = []
    await world.store.cases.save(case)
    world.clock.at += timedelta(minutes=minutes)
    case = await act(world, "approve", replace(view, **changed))
    assert "needs_approval_pass" in case.approvals


async def test_other_person_said_twice_is_not_said_of_the_next_account(world: World) -> None:
    await start(world, State.BLOCKED, reason_code="needs_approval_adopt", found_ids=["user-8"])
    view = replace(ASK, by_name=True)
    case = await act(world, "other-person", view)
    case.apply(Event.BLOCK, reason="needs_approval_restore")
    case.found_ids, case.found_account = ["user-9"], "zoe@contoso.example"
    await world.store.cases.save(case)
    with pytest.raises(Refused, match="Say which question"):
        await act(world, "other-person", view)
    named = replace(view, reason_code="needs_approval_restore", about=("user-9",))
    assert "not_this:user-9" in (await act(world, "other-person", named)).approvals


async def test_that_two_cases_are_one_person_is_said_of_the_case_that_is_named(world: World) -> None:
    """A request that came twice, because its answer was lost, joins nobody who is asked about by then."""
    other, third = "c_00000000000000000002", "c_00000000000000000003"
    code = "needs_approval_same_person"
    await start(world, State.BLOCKED, reason_code=code, maybe_same=other, questions=[f"{code}:{third}"])
    view = replace(ASK, by_name=True)
    for unnamed in (view, replace(view, reason_code=code)):
        with pytest.raises(Refused, match="asked_about") as caught:
            await act(world, "approve", unnamed)
        assert caught.value.code == "question_not_named"
    named = replace(view, reason_code=code, about=(other,))
    case = await act(world, "approve", named)
    assert (case.approvals, case.maybe_same) == ([f"{code}:{other}"], third)
    case.apply(Event.BLOCK, reason=code)
    await world.store.cases.save(case)
    with pytest.raises(Refused):
        await act(world, "approve", named)


# --- pause, exclude, resume --------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["pause", "exclude"])
async def test_who_is_stopped_is_not_in_the_due_index(world: World, action: str) -> None:
    await start(world)
    case = await act(world, action)
    assert case.next_action.when is None
    assert await world.store.cases.due(T0 + timedelta(days=1000), 5) == []
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    assert (await world.case()).etag == case.etag


async def test_a_pause_is_not_time_without_success(world: World) -> None:
    record = StepRecord(StepStatus.RETRYING, 3, T0, T0)
    await start(world, State.PAUSED, steps={"create_account": record})
    case = await act(world, "resume")
    assert case.steps["create_account"].first_failed_at is None
    assert case.state is State.PROVISIONING


async def test_an_excluded_person_is_included_again_and_goes_on(world: World) -> None:
    await start(world)
    await act(world, "exclude")
    case = await act(world, "resume")
    assert case.state is State.WAITING_START
    assert (await drive(world)).state is State.FOLLOWING_UP


async def test_excluding_and_including_does_not_replace_an_approvers_word(world: World) -> None:
    await start(world, State.BLOCKED, reason_code="needs_approval_rehire", return_state=State.WAITING_START)
    await act(world, "exclude")
    case = await act(world, "resume")
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    case = await act(world, "approve")
    assert case.state is State.WAITING_START


async def test_an_incomplete_hire_that_is_included_again_waits_for_hr(world: World) -> None:
    await start(world, State.EXCLUDED, certainty=Certainty.CANDIDATE)
    assert (await act(world, "resume")).state is State.RECEIVED
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    case = await world.case()
    assert (case.state, case.next_action.what, case.next_action.when) == (State.RECEIVED, "await_hire", None)


@pytest.mark.parametrize("complete", [True, False])
async def test_a_case_that_is_resumed_while_it_waits_for_hrs_record_is_not_stuck(
    world: World, complete: bool
) -> None:
    person = hire() if complete else hire(start_date=None)
    await start(world, State.PAUSED, return_state=State.AWAITING_FETCH, hire=person)
    await act(world, "resume")
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    case = await world.case()
    if complete:
        assert case.state is State.WAITING_START
    else:
        assert (case.state, case.reason_code) == (State.BLOCKED, "no_hr_reader")


async def test_a_claim_lease_is_the_longest_that_a_rerun_waits(world: World) -> None:
    """An operator's rerun meets a young claim: the case waits for its end and then goes on by itself."""
    account = Account("user-1", "z@contoso.example", "4711", T0)
    done = {n: StepRecord(StepStatus.DONE) for n in ("reserve_username", "create_account", "set_manager")}
    record = PassRecord(PassStatus.INTENDED, T0, "manager")
    await start(world, account=account, steps=done, access_pass=record)
    await act(world, "rerun")
    await work.handle(world.s, WorkMessage(case_id=CASE_ID))
    assert (await world.case()).next_action.when == T0 + CLAIM_LEASE


@pytest.mark.parametrize(
    ("state", "action", "named"),
    [
        (State.CANCELLED, "pause", "exclude, forget|forget"),
        (State.PAUSED, "pause", "resume, exclude, forget"),
        (State.EXCLUDED, "exclude", "resume, forget"),
        (State.CLOSED, "rerun", "forget"),
        (State.FOLLOWING_UP, "resume", "rerun, pause, exclude, forget"),
    ],
)
async def test_a_refused_action_names_what_an_operator_can_do_and_no_event_of_the_service(
    world: World, state: State, action: str, named: str
) -> None:
    await start(world, state)
    with pytest.raises(IllegalTransition, match=rf"Possible now: ({named})\.$") as caught:
        await act(world, action)
    for event in set(Event) - set(actions.ACTIONS):
        assert event not in caught.value.message.partition("Possible now:")[2]


@pytest.mark.parametrize("action", LEGAL)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("code", [None, "dry_run", "needs_approval_rehire", "needs_approval_pass"])
async def test_what_is_called_possible_is_taken(
    world: World, state: State, action: str, code: str | None
) -> None:
    case = await start(world, state, reason_code=code if state is State.BLOCKED else None)
    named = actions.possible(case)
    if action in named:
        await act(world, action)
    else:
        with pytest.raises(IllegalTransition):
            await act(world, action)
