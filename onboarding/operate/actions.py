"""What an operator may do to a case. Each action is one transition of the lifecycle table, with a reason.

An action writes its operation first, then the case, then the outcome: whoever asked can always see what came of
it (`GET operations/{operation_id}`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from onboarding import casework
from onboarding.domain import left_alone
from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import StepRecord
from onboarding.errors import IllegalTransition, Refused, RequestError, StoreConflict
from onboarding.intake import answers, settle
from onboarding.intake.erasure import being_forgotten
from onboarding.intake.outcome import KEPT_QUESTIONS
from onboarding.intake.planned_reads import read_again
from onboarding.intake.process import lay_down
from onboarding.operate import desk, rerun_plan, whose, without_pass
from onboarding.operate.asks import Ask, check_named, check_question, check_reason, names_question
from onboarding.operate.cases import find
from onboarding.operate.rerun_plan import APPROVABLE, ASKED_AGAIN, RERUNNABLE, possible
from onboarding.ports import WORK_QUEUE, Operation, Services
from onboarding.provisioning import withdraw
from onboarding.provisioning.steps import issue_access_pass

__all__ = ["ACTIONS", "APPROVABLE", "ASKED_AGAIN", "RERUNNABLE", "Ask", "act", "check_reason", "possible"]

#: A worker may write the case between our read and our write: decide again on what it wrote.
_TRIES = 5


async def act(s: Services, action: str, wanted: str, ask: Ask) -> Operation:
    """Carry out one action. Raises RequestError (400), NotFound, Ambiguous, IllegalTransition, Refused."""
    if action not in ACTIONS:
        raise RequestError(f"Unknown action. Known: {', '.join(sorted(ACTIONS))}.", code="unknown_action")
    check_reason(ask)
    case = await find(s, wanted)
    now = await s.clock.now()
    operation = Operation(
        s.entropy.operation_id(), case.case_id, action, ask.actor, ask.reason.strip(), now, "accepted"
    )
    await s.cases.put_operation(operation)
    try:
        case = await _carry_out(s, action, case, now, ask)
    except (RequestError, StoreConflict) as exc:
        await s.cases.put_operation(replace(operation, status="refused", result=exc.code))
        raise
    done = replace(operation, status="done", result=str(case.state))
    await s.cases.put_operation(done)
    return done


async def _carry_out(s: Services, action: str, case: Case, now: datetime, ask: Ask) -> Case:
    for _ in range(_TRIES):
        if being_forgotten(case):
            raise Refused(
                "This case is being erased; nothing else can be done to it.", code="being_forgotten"
            )
        check_question(case, ask)
        try:
            await ACTIONS[action](s, case, now, ask)
        except StoreConflict:
            case = await find(s, case.case_id)
        else:
            return case
    raise StoreConflict("The case is being worked on: try again in a moment.")


async def _go_on(s: Services, case: Case, now: datetime, action: str, ask: Ask) -> None:
    note = casework.entry(now, action, f"operator:{ask.actor}", reason=ask.reason.strip())
    # In `received` and `awaiting_fetch` the worker decides by what is known of the hire (intake.reconsider).
    await casework.hand_on(s, case, now, rerun_plan.NEXT.get(case.state, "provision"), action, note)


async def _rerun(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    if ask.plan_hash is not None and ask.plan_hash != rerun_plan.of(s, case, now, ask.from_step).digest:
        raise Refused(
            "The case has changed since its plan was shown: look at the plan again.", code=rerun_plan.STALE
        )
    answered = ask.answers if names_question(case, ask) else ()
    what = rerun_plan.prepare(case, now, ask.from_step, answered)
    note = casework.entry(
        now, "rerun", f"operator:{ask.actor}", reason=ask.reason.strip(), from_step=ask.from_step
    )
    await casework.hand_on(s, case, now, what, "rerun", note, queue=ask.queue)


async def _approve(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    code = case.reason_code or ""
    if case.state is not State.BLOCKED or not code.startswith(APPROVABLE):
        raise IllegalTransition("This case does not wait for an approval.")
    await check_named(s, case, now, ask, "approve")
    case.apply(Event.UNBLOCK)
    case.grant(code, now)
    await _go_on(s, case, now, "approve", ask)


async def _pause(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    rerun_plan.apply(case, "pause")
    note = casework.entry(now, "pause", f"operator:{ask.actor}", reason=ask.reason.strip())
    await casework.rest(s, case, now, "operator", "pause", note)


async def _resume(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    for record in case.steps.values():
        record.first_failed_at = None  # the pause does not count as time without success
    if case.state is State.EXCLUDED:
        return await _include(s, case, now, ask)
    rerun_plan.apply(case, "resume")
    await _go_on(s, case, now, "resume", ask)


async def _include(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """Back to where HR's newest words lead, as if the case had just been opened by them. Whatever waited for a decision
    waits for it again."""
    code = case.reason_code or ""
    if code in KEPT_QUESTIONS and code not in case.approvals:
        case.open_question = code
    _forget_pass(case, now)
    if settle.lacking(case) or any(fetch.code for fetch in case.fetches.values()):
        read_again(case, now)  # what could not be read then is asked for now
    known = await answers.drop_answered(s, case, now)
    case.apply(Event.REOPEN)
    outcome = settle.settle(case, now, ask_rehire=s.policy.account.rehire == "ask")
    note = casework.entry(now, "resume", f"operator:{ask.actor}", reason=ask.reason.strip())
    told = () if case.state is State.WAITING_START else outcome.entries  # HR said nothing now
    await lay_down(s, case, replace(outcome, entries=(note, *known, *told)), now, WORK_QUEUE)


def _forget_pass(case: Case, now: datetime) -> None:
    """The pass that the exclusion made void, or is making void now, is issued anew, past the same guards. A worker
    that is about to make it void must not meet the next one, which waits until the worker's time is over."""
    record, name = case.access_pass, issue_access_pass.STEP.name
    if record is None or name not in case.steps:  # none of this run
        return
    if case.next_action.what == withdraw.REVOKE or record.status is PassStatus.VOID:
        record.doubt(now)
        case.steps[name] = StepRecord()


async def _exclude(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    code = case.reason_code or ""
    rerun_plan.apply(case, "exclude", reason=code if code.startswith(APPROVABLE) else None)
    note = casework.entry(now, "exclude", f"operator:{ask.actor}", reason=ask.reason.strip())
    if case.pass_at_large(now):
        await casework.hand_on(s, case, now, "revoke_pass", "exclude", note)
    else:
        planned = left_alone.next_of(case)
        await casework.rest(s, case, now, planned.what, planned.why, note)


ACTIONS: dict[str, Callable[[Services, Case, datetime, Ask], Awaitable[None]]] = {
    "rerun": _rerun,
    "approve": _approve,
    "pause": _pause,
    "resume": _resume,
    "exclude": _exclude,
    desk.LOST_PHONE: desk.report_lost,
    desk.NEW_PASS: desk.new_pass,
    desk.HANDOUT: desk.hand_out,
    whose.OTHER_PERSON: whose.other_person,
    whose.PURGED: whose.purged,
    without_pass.WITHOUT_PASS: without_pass.carry_out,
}
