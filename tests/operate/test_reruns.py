"""Reruns: the preview says what would run, its hash is that of exactly this, and nobody is run twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.hire import Hire, ManagerRef, Phone
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.policy_file import load
from onboarding.domain.records import RungStatus, StepRecord, StepStatus
from onboarding.errors import IllegalTransition, NotFound, Refused, RequestError, StoreConflict
from onboarding.operate import actions, deciding, release, rerun_plan, reruns
from onboarding.operate.actions import Ask
from onboarding.ports import BULK_QUEUE, CaseQuery, WorkMessage
from onboarding.provisioning.plan import names_from, steps
from onboarding.safeguards import stops
from onboarding.settings import Secret
from tests.support.doubles import CASE_ID, MANAGER, T0, Killed, World, drive, hire, make_case
from tests.support.full_policy import full_policy

BLOCKED = CaseQuery(state="blocked", reason_code="permission_missing")
ASK = Ask("o-1", "the permission was granted")


def numbered(n: int) -> str:
    return f"c_{n:020d}"


async def stuck(world: World, n: int, **changes: Any) -> Case:
    values = {"state": State.BLOCKED, "reason_code": "permission_missing", "return_state": State.PROVISIONING}
    person = hire(employee_id=f"E-{n}", employee_number=None)
    return await world.file(make_case(numbered(n), hire=person, **{**values, **changes}))


async def told(world: World, case_id: str) -> list[tuple[str, str]]:
    return [(entry.action, entry.actor) for entry in await world.story(case_id)]


# --- the preview ---------------------------------------------------------------------------------------------


async def test_a_preview_names_the_steps_of_each_case_and_writes_nothing(world: World) -> None:
    done = {"reserve_username": StepRecord(StepStatus.DONE), "create_account": StepRecord(StepStatus.BLOCKED)}
    await stuck(world, 1, steps=done)
    await stuck(world, 2, reason_code="needs_approval_adopt")
    world.tape.calls.clear()
    found = await reruns.preview(world.s, CaseQuery(state="blocked"), None)
    data = found.as_json()
    assert (data["matched"], data["more"], found.possible) == (2, 0, 2)
    first = data["items"][0]
    assert first["steps"][0] == {
        "step": "create_account",
        "outcome": "The Entra account exists, once",
        "now": "blocked",
    }
    assert "reserve_username" not in [step["step"] for step in first["steps"]]
    assert {call.partition(".")[2] for call in world.tape.calls} <= {"search", "get"}


async def test_from_a_step_on_it_names_that_one_and_all_after_it(world: World) -> None:
    done = {item.step.name: StepRecord(StepStatus.DONE) for item in steps()}
    case = await stuck(world, 1, state=State.FOLLOWING_UP, reason_code=None, return_state=None, steps=done)
    plan = rerun_plan.of(world.s, case, T0, "set_manager")
    wanted = [item.step.name for item in steps() if item.step.applies(world.s, case)]
    assert [step.name for step in plan.steps] == [n for n in names_from("set_manager") if n in wanted]
    assert rerun_plan.of(world.s, case, T0, None).steps == []
    with pytest.raises(RequestError):
        rerun_plan.of(world.s, case, T0, "make_coffee")
    with pytest.raises(RequestError):
        await reruns.preview(world.s, CaseQuery(), "make_coffee")


async def test_a_case_that_cannot_be_rerun_says_why_and_is_left_alone(world: World) -> None:
    await stuck(world, 1, state=State.PAUSED, reason_code=None)
    found = await reruns.preview(world.s, CaseQuery(state="paused"), None)
    assert found.plans[0].why_not is not None
    assert "resume" in found.plans[0].why_not
    done = await reruns.carry_out(world.s, CaseQuery(state="paused"), with_hash(found))
    assert done.results == {}
    assert (await world.case(numbered(1))).state is State.PAUSED


async def test_a_row_of_the_list_that_is_out_of_date_is_no_match(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stuck(world, 1, state=State.EXCLUDED, reason_code=None)
    await stuck(world, 2)

    async def listed(_s: object, _query: CaseQuery) -> list[str]:
        return [numbered(1), numbered(2), numbered(3)]  # excluded, as asked for, erased

    monkeypatch.setattr(reruns, "matching", listed)
    found = await reruns.preview(world.s, BLOCKED, None)
    assert [plan.case_id for plan in found.plans] == [numbered(2)]
    assert found.matched == 1


@pytest.mark.parametrize("given", [{"status": "partial"}, {"state": "blockd"}, {"reason": "x"}])
def test_a_filter_that_does_not_exist_is_refused_and_not_taken_for_everybody(given: dict[str, str]) -> None:
    with pytest.raises(RequestError):
        reruns.query_of(given)


# --- the hash ------------------------------------------------------------------------------------------------


def with_hash(found: reruns.Reruns, **more: Any) -> Ask:
    return replace(ASK, plan_hash=found.plan_hash, **more)


CHANGES: dict[str, Callable[[Case], None]] = {
    "it was excluded": lambda case: setattr(case, "state", State.EXCLUDED),
    "another reason": lambda case: setattr(case, "reason_code", "no_free_licence"),
    "a step is done": lambda case: case.steps.update(create_account=StepRecord(StepStatus.DONE)),
    "it has an account": lambda case: setattr(case, "account", Account("u", "u@c.example", "m", T0)),
    "a pass is out": lambda case: setattr(
        case, "access_pass", PassRecord(PassStatus.DELIVERED, T0, "manager")
    ),
}


def _says(**changes: Any) -> Callable[[Case], None]:
    return lambda case: setattr(case, "hire", replace(case.hire, **changes))


_SAID: dict[str, Any] = {
    "department": "Factory",
    "work_country": "FR",
    "home_country": "FR",
    "employment_type": "Contractor",
    "legal_entity": "Other Ltd",
    "start_date": date(2026, 10, 1),
    "end_date": date(2027, 1, 31),
    "personal_email": "other@example.org",
    "work_email": "other@contoso.example",
    "manager": ManagerRef(email="other@contoso.example"),
    "phones": (Phone("+49 151 23456789", "mobile"),),
    "family_name": "Other",
    "job_title": "Other",
    "location": "Other",
}
CHANGES |= {f"HR changed {name}": _says(**{name: value}) for name, value in _SAID.items()}
CHANGES |= {
    "it was approved": lambda case: case.approvals.append("needs_approval_pass"),
    "the manager was changed": lambda case: setattr(case, "manager_changed", True),
    "another run": lambda case: setattr(case, "rehired_at", T0),
}


@pytest.mark.parametrize("name", [item.name for item in fields(Hire)])
async def test_every_word_of_hr_is_in_the_hash_unless_nothing_looks_at_it(world: World, name: str) -> None:
    case = await stuck(world, 1)
    before = deciding.digest(world.s, case)
    values: dict[str, Any] = {name: "another"}
    case.hire = replace(case.hire, **values)
    unused = name in {"candidate_id", "original_start_date", "status"}
    assert (deciding.digest(world.s, case) == before) is unused


async def test_the_hash_gives_no_address_away(world: World) -> None:
    """Whoever sees a plan, and knows all else, cannot try out addresses."""
    await stuck(world, 1)
    case = await world.case(numbered(1))
    keyed = replace(
        world.s, settings=replace(world.s.settings, hash_key=Secret("another key, of the company"))
    )
    assert deciding.digest(world.s, case) != deciding.digest(keyed, case)


async def test_the_groups_of_the_policy_are_in_the_hash(world: World) -> None:
    await stuck(world, 1)
    case = await world.case(numbered(1))
    given = replace(world.s, policy=full_policy())
    assert deciding.digest(world.s, case) != deciding.digest(given, case)


@pytest.mark.parametrize("name", deciding._SETTINGS)
async def test_settings_that_decide_are_in_the_hash(world: World, name: str) -> None:
    case = await stuck(world, 1)
    before = deciding.digest(world.s, case)
    now = getattr(world.s.settings, name)
    values: dict[str, Any] = {name: not now if isinstance(now, bool) else "another"}
    other = replace(world.s, settings=replace(world.s.settings, **values))
    assert deciding.digest(other, case) != before


@pytest.mark.parametrize(
    "text",
    [
        "[account]\nrehire = 'restore'",
        "[account]\nusername_pattern = '{family}'",
        "[people]\nprotected_accounts = ['kiosk@contoso.example']",
        "[mailbox]\nnone_for = [{ department = ['Factory'] }]",
        "[first_credential]\nlifetime_minutes = 60",
    ],
)
async def test_what_the_policy_decides_is_in_the_hash(world: World, text: str) -> None:
    case = await stuck(world, 1)
    before = deciding.digest(world.s, case)
    assert deciding.digest(replace(world.s, policy=load(text)), case) != before


async def test_a_preview_from_before_the_passes_went_to_the_manager_is_stale(world: World) -> None:
    await stuck(world, 1)
    world.s = replace(world.s, settings=replace(world.settings, first_credential="access_pass_to_desk"))
    found = await reruns.preview(world.s, BLOCKED, None)
    world.s = replace(world.s, settings=replace(world.settings, first_credential="access_pass_to_manager"))
    with pytest.raises(Refused) as caught:
        await reruns.carry_out(world.s, BLOCKED, with_hash(found))
    assert caught.value.code == rerun_plan.STALE
    assert (await world.case(numbered(1))).state is State.BLOCKED


@pytest.mark.parametrize("name", sorted(set(deciding._ACCOUNT)))
async def test_whose_account_it_is_is_in_the_hash(world: World, name: str) -> None:
    await stuck(world, 1)
    case = await world.case(numbered(1))
    case.account = Account("u", "u@c.example", "m", T0)
    before = deciding.digest(world.s, case)
    now = getattr(case.account, name)
    setattr(case.account, name, not now if isinstance(now, bool) else T0 if now is None else f"{now}x")
    assert deciding.digest(world.s, case) != before


@pytest.mark.parametrize("change", CHANGES)
async def test_a_plan_is_stale_when_a_case_has_moved_on(world: World, change: str) -> None:
    await stuck(world, 1)
    await stuck(world, 2)
    found = await reruns.preview(world.s, BLOCKED, None)
    case = await world.case(numbered(1))
    CHANGES[change](case)
    await world.store.cases.save(case)
    with pytest.raises(Refused) as caught:
        await reruns.carry_out(world.s, BLOCKED, with_hash(found))
    assert caught.value.code == "plan_stale"
    assert (await world.case(numbered(2))).state is State.BLOCKED, "nobody was run"


async def test_what_an_automatic_retry_writes_does_not_make_it_stale(world: World) -> None:
    waiting = {"create_account": StepRecord(StepStatus.RETRYING, 1, T0, T0, "throttled")}
    case = await stuck(world, 1, state=State.PROVISIONING, reason_code=None, return_state=None, steps=waiting)
    query = CaseQuery(state="provisioning")
    found = await reruns.preview(world.s, query, None)
    case.steps["create_account"] = StepRecord(StepStatus.RETRYING, 7, T0, T0, "unavailable")
    case.updated_at = world.clock.move(minutes=3)
    await world.store.cases.save(case)
    done = await reruns.carry_out(world.s, query, with_hash(found))
    assert done.results[case.case_id][0] == "rerun"


@pytest.mark.parametrize("other", ["from_step", "filter"])
async def test_a_hash_is_good_for_its_own_question_only(world: World, other: str) -> None:
    await stuck(world, 1)
    found = await reruns.preview(world.s, BLOCKED, None)
    query = CaseQuery(state="blocked") if other == "filter" else BLOCKED
    step = "create_account" if other == "from_step" else None
    with pytest.raises(Refused):
        await reruns.carry_out(world.s, query, with_hash(found, from_step=step))


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (ASK, "plan_hash_required"),
        (Ask("o-1", " ", plan_hash="x"), "reason_required"),
        (Ask("o-1", "x" * 501, plan_hash="x"), "reason_too_long"),
    ],
)
async def test_without_reason_or_hash_nothing_is_run(world: World, ask: Ask, code: str) -> None:
    await stuck(world, 1)
    with pytest.raises(RequestError) as caught:
        await reruns.carry_out(world.s, BLOCKED, ask)
    assert caught.value.code == code
    assert (await world.case(numbered(1))).state is State.BLOCKED


# --- carrying it out -----------------------------------------------------------------------------------------


async def test_each_case_is_run_once_with_actor_reason_and_operation(world: World) -> None:
    for n in (1, 2, 3):
        await stuck(world, n)
    await stuck(world, 4, reason_code="no_free_licence")
    found = await reruns.preview(world.s, BLOCKED, None)
    done = (await reruns.carry_out(world.s, BLOCKED, with_hash(found))).as_json()
    assert [item["result"] for item in done["items"]] == ["rerun"] * 3
    for item in done["items"]:
        entry = (await world.story(item["case_id"]))[-1]
        assert (entry.action, entry.actor) == ("rerun", "operator:o-1")
        assert entry.detail["reason"] == ASK.reason
        operation = await world.s.cases.get_operation(item["operation_id"])
        assert operation is not None
        assert (operation.status, operation.case_id) == ("done", item["case_id"])
    assert (await world.case(numbered(4))).state is State.BLOCKED
    assert (await drive(world, numbered(1))).state is State.FOLLOWING_UP


async def test_many_go_through_the_lane_of_mass_arrivals(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues: list[str] = []
    original = world.queue.send

    async def send(message: WorkMessage, *, queue: str = "onboarding-work", delay: float = 0.0) -> None:
        queues.append(queue)
        await original(message, queue=queue, delay=delay)

    monkeypatch.setattr(world.queue, "send", send)
    for n in range(reruns.FEW + 1):
        await stuck(world, n)
    found = await reruns.preview(world.s, BLOCKED, None)
    await reruns.carry_out(world.s, BLOCKED, with_hash(found))
    assert queues == [BULK_QUEUE] * (reruns.FEW + 1)


async def test_more_than_one_plan_holds_are_counted_and_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reruns, "MOST", 2)
    monkeypatch.setattr(reruns, "_PAGE", 2)
    for n in range(5):
        await stuck(world, n)
    found = await reruns.preview(world.s, BLOCKED, None)
    assert (found.matched, found.as_json()["more"], len(found.plans)) == (5, 3, 2)
    await reruns.carry_out(world.s, BLOCKED, with_hash(found))
    again = await reruns.preview(world.s, BLOCKED, None)
    assert again.matched == 3
    assert not {plan.case_id for plan in found.plans} & {plan.case_id for plan in again.plans}


# --- questions that are answered person by person -------------------------------------------------------------

QUESTIONS: dict[str, dict[str, Any]] = {
    "needs_approval_same_person": {"maybe_same": numbered(9)},
    "two_accounts": {"second_account": numbered(9)},
    "hr_deleted_record": {"deleted_at": T0},
}


def decided(case: Case) -> tuple[object, ...]:
    return case.state, case.reason_code, case.approvals, case.maybe_same, case.second_account, case.deleted_at


@pytest.mark.parametrize("code", QUESTIONS)
@pytest.mark.parametrize("from_step", [None, "create_account"])
async def test_a_filter_answers_no_question_about_a_person(
    world: World, code: str, from_step: str | None
) -> None:
    await stuck(world, 1)
    before = await stuck(world, 2, reason_code=code, return_state=State.WAITING_START, **QUESTIONS[code])
    query = CaseQuery(state="blocked")
    found = await reruns.preview(world.s, query, from_step)
    assert [(plan.why_not is None, bool(plan.steps)) for plan in found.plans] == [
        (True, True),
        (False, False),
    ]
    assert rerun_plan.ANSWERED[code] == found.plans[1].why_not
    done = await reruns.carry_out(world.s, query, with_hash(found, from_step=from_step))
    assert [result for result, _ in done.results.values()] == ["rerun"]
    assert decided(await world.case(numbered(2))) == decided(before)


@pytest.mark.parametrize("code", QUESTIONS)
async def test_a_case_that_stops_for_a_question_after_the_preview_is_left_alone(
    world: World, code: str
) -> None:
    await stuck(world, 1, reason_code=code, return_state=State.WAITING_START, **QUESTIONS[code])
    plan = rerun_plan.of(world.s, await world.case(numbered(1)), T0, None)
    ask = Ask("o-1", "again", plan_hash=plan.digest)
    assert await reruns.release(world.s, numbered(1), ask) == ("refused", None)
    assert decided(await world.case(numbered(1)))[1] == code


async def test_the_end_of_a_hold_answers_no_question_about_a_person(world: World) -> None:
    refused = {"create_account": StepRecord(StepStatus.BLOCKED, 1, T0, code="permission_missing")}
    await stuck(world, 1, reason_code="hr_deleted_record", deleted_at=T0, steps=refused)

    def end(board: stops.Board) -> bool:
        board.suspects["create_account"] = {numbered(1): T0}
        board.released[f"{stops.PERMISSION}:create_account"] = stops.Release(
            T0 + timedelta(hours=1), "service", ""
        )
        return True

    await stops.change(world.s.cases, end)
    before = await world.case(numbered(1))
    await release.resume(world.s, before, T0 + timedelta(hours=2))
    case = await world.case(numbered(1))
    assert (case.state, case.reason_code, case.deleted_at) == (State.BLOCKED, "hr_deleted_record", T0)


def named(case: Case, *, approver: bool = True) -> Ask:
    """A rerun of somebody who names what the case asks."""
    about = tuple(case.asked_about)
    answers = rerun_plan.answers(approver=approver)
    return Ask("o-1", "asked HR", reason_code=case.reason_code, about=about, answers=answers, by_name=True)


@pytest.mark.parametrize("code", QUESTIONS)
@pytest.mark.parametrize("named_by", ["nothing", "code", "other code", "other case", "plan", "older plan"])
async def test_a_rerun_answers_the_question_that_it_names(world: World, code: str, named_by: str) -> None:
    """Somebody asked for it for another reason, and the case stopped for a question a moment before."""
    older = rerun_plan.of(world.s, await stuck(world, 1, return_state=State.WAITING_START), T0, None)
    await stuck(world, 2, reason_code=code, return_state=State.WAITING_START, **QUESTIONS[code])
    before = await world.case(numbered(2))
    plan = rerun_plan.of(world.s, before, T0, None)
    ask = {
        "nothing": replace(named(before), reason_code=None, about=None),
        "code": replace(named(before), about=None),
        "other code": replace(named(before), reason_code="retries_exhausted"),
        "other case": replace(named(before), about=(numbered(8),)),
        "plan": replace(named(before), reason_code=None, about=None, plan_hash=plan.digest),
        "older plan": replace(named(before), reason_code=None, about=None, plan_hash=older.digest),
    }[named_by]
    if named_by == "plan" or (named_by == "code" and not before.asked_about):
        await actions.act(world.s, "rerun", numbered(2), ask)
        assert (await world.case(numbered(2))).state is State.WAITING_START
        return
    refused = IllegalTransition if named_by in {"nothing", "code"} else Refused
    with pytest.raises(refused) as caught:
        await actions.act(world.s, "rerun", numbered(2), ask)
    if refused is IllegalTransition:
        assert "reason_code" in caught.value.message
    assert decided(await world.case(numbered(2))) == decided(before)


@pytest.mark.parametrize("code", ["needs_approval_same_person", "two_accounts"])
async def test_whoever_answers_from_a_step_on_has_the_steps_run(world: World, code: str) -> None:
    """Two people, and the mail with the pass is lost: the other one is made void, and a new one goes out."""
    await world.file(make_case(CASE_ID))
    case = await drive(world)
    assert (case.state, len(world.tenant.issued)) == (State.FOLLOWING_UP, 1)
    for name, value in QUESTIONS[code].items():
        setattr(case, name, value)
    case.apply(Event.BLOCK, reason=code)
    await world.store.cases.save(case)
    plan = rerun_plan.of(world.s, case, world.clock.at, "issue_access_pass")
    assert [step.name for step in plan.steps] == ["issue_access_pass", "send_welcome"]
    ask = replace(named(case), plan_hash=plan.digest, from_step="issue_access_pass")
    await actions.act(world.s, "rerun", CASE_ID, ask)
    case = await drive(world)
    assert (case.state, len(world.tenant.issued)) == (State.FOLLOWING_UP, 2)
    assert {case.steps[step.name].status for step in plan.steps} == {StepStatus.DONE}
    assert case.access_pass is not None
    assert case.access_pass.status is PassStatus.DELIVERED


@pytest.mark.parametrize("code", QUESTIONS)
@pytest.mark.parametrize("approver", [False, True])
async def test_a_rerun_of_one_case_answers_what_is_that_persons_to_answer(
    world: World, code: str, approver: bool
) -> None:
    await stuck(world, 1, reason_code=code, return_state=State.WAITING_START, **QUESTIONS[code])
    before = await world.case(numbered(1))
    ask = named(before, approver=approver)
    if code == "needs_approval_same_person" and not approver:
        with pytest.raises(IllegalTransition, match="an approver decides"):
            await actions.act(world.s, "rerun", numbered(1), ask)
        assert decided(await world.case(numbered(1))) == decided(before)
        return
    await actions.act(world.s, "rerun", numbered(1), ask)
    case = await world.case(numbered(1))
    assert case.state in {State.WAITING_START, State.PROVISIONING}
    assert (case.maybe_same, case.second_account, case.deleted_at) == (None, None, None)


@pytest.mark.parametrize("from_step", [None, "create_account"])
async def test_two_operators_at_once_run_each_case_once(world: World, from_step: str | None) -> None:
    for n in range(6):
        await stuck(world, n, steps={"create_account": StepRecord(StepStatus.DONE)})
    found = await reruns.preview(world.s, BLOCKED, from_step)
    both = await asyncio.gather(
        *(
            reruns.carry_out(world.s, BLOCKED, with_hash(found, actor=who, from_step=from_step))
            for who in ("first", "second")
        ),
        return_exceptions=True,
    )
    results = [r.results for r in both if isinstance(r, reruns.Reruns)]
    assert results, both
    for n in range(6):
        came = sorted(r[numbered(n)][0] for r in results)
        assert came.count("rerun") == 1, came
        assert set(came) <= {"rerun", "changed"}
        assert [action for action, _ in await told(world, numbered(n))].count("rerun") == 1


async def test_a_case_that_changes_between_the_two_looks_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stuck(world, 1)
    await stuck(world, 2)
    found = await reruns.preview(world.s, BLOCKED, None)
    original = reruns.release

    async def late(s: Any, case_id: str, ask: Ask) -> tuple[str, str | None]:
        if case_id == numbered(1):
            await actions.act(s, "exclude", case_id, Ask("o-2", "was faster"))
        return await original(s, case_id, ask)

    monkeypatch.setattr(reruns, "release", late)
    done = await reruns.carry_out(world.s, BLOCKED, with_hash(found))
    assert {case_id: result for case_id, (result, _) in done.results.items()} == {
        numbered(1): "changed",
        numbered(2): "rerun",
    }
    assert (await world.case(numbered(1))).state is State.EXCLUDED


@pytest.mark.parametrize("error", [StoreConflict("busy"), NotFound("erased")])
async def test_one_case_that_fails_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await stuck(world, 1)
    await stuck(world, 2)
    found = await reruns.preview(world.s, BLOCKED, None)
    original = actions.act

    async def act(s: Any, action: str, wanted: str, ask: Ask) -> Any:
        if wanted == numbered(1):
            raise error
        return await original(s, action, wanted, ask)

    monkeypatch.setattr(actions, "act", act)
    done = await reruns.carry_out(world.s, BLOCKED, with_hash(found))
    assert [done.results[numbered(n)][0] for n in (1, 2)] in (["refused", "rerun"], ["gone", "rerun"])


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_whoever_dies_in_the_middle_leaves_the_rest_for_the_next_preview(
    make_world: Callable[..., World], moment: str
) -> None:
    number, died = 0, True
    while died:
        world = make_world()
        for n in range(3):
            await stuck(world, n)
        found = await reruns.preview(world.s, BLOCKED, None)
        world.tape.calls.clear()
        world.tape.kill_at = (number, moment)
        with contextlib.suppress(Killed):
            await reruns.carry_out(world.s, BLOCKED, with_hash(found))
        died, world.tape.kill_at = world.tape.killed, None
        again = await reruns.preview(world.s, BLOCKED, None)
        await reruns.carry_out(world.s, BLOCKED, with_hash(again))
        due = {row.case_id for row in await world.store.cases.due(world.clock.at, 10)}
        for n in range(3):
            assert (await world.case(numbered(n))).state is State.PROVISIONING, (number, moment)
            assert [a for a, _ in await told(world, numbered(n))].count("rerun") == 1, (number, moment)
            assert numbered(n) in due, "also where the message was not sent"
        number += 1
    assert number > 15


# --- beside automatic work -----------------------------------------------------------------------------------


async def test_a_rerun_beside_a_worker_ends_in_one_account_one_pass_and_one_welcome(world: World) -> None:
    """Reruns fall in at every port call of a whole first day."""
    import random

    await world.file(make_case())

    async def operator() -> None:
        for n in range(30):
            for _ in range(n % 7):
                await asyncio.sleep(0)
            try:
                await actions.act(world.s, "rerun", CASE_ID, Ask("o-1", "again"))
            except (StoreConflict, Refused):
                continue

    world.tape.shuffle = random.Random(4)
    await asyncio.gather(drive(world), operator())
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    made = [user for user in world.tenant.users.values() if user.id != MANAGER.id]
    assert len(made) == 1
    assert case.account is not None
    assert len(world.tenant.usable_passes(case.account.id)) == 1
    assert [rung.status for rung in case.rungs.values()] == [RungStatus.SENT]
    assert [action for action, _ in await told(world, CASE_ID)].count("message_sent") == 1
