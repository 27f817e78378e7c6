"""What an operator may do to a case. Each action is one transition of the lifecycle table, with a reason.

An action writes its operation first, then the case, then the outcome: whoever asked can always see what came of
it (`GET operations/{operation_id}`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from onboarding import casework
from onboarding.domain.case import Case, PassStatus, StepRecord, StepStatus
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import Event, State, allowed
from onboarding.errors import IllegalTransition, Refused, RequestError, StoreConflict
from onboarding.intake.decide import (
    APPROVE_SAME_PERSON,
    HR_DELETED_RECORD,
    MENDABLE,
    TWO_PEOPLE,
    lacking,
    read_again,
)
from onboarding.intake.identity import being_forgotten
from onboarding.operate.cases import find
from onboarding.ports import CLAIM_LEASE, Operation, Services
from onboarding.provisioning import existing, withdraw
from onboarding.provisioning.plan import names_from
from onboarding.provisioning.steps import create_account, issue_access_pass, reserve_username

APPROVABLE = "needs_approval_"
#: Approvals that a step asks for again by itself, so that running it again gives nothing away.
ASKED_AGAIN = frozenset(
    {
        reserve_username.NEEDS_APPROVAL,
        create_account.NEEDS_APPROVAL,
        existing.NEEDS_APPROVAL_RESTORE,
        issue_access_pass.NEEDS_APPROVAL,
        issue_access_pass.NEEDS_APPROVAL_MANAGER,
    }
)
#: Questions that an operator answers by running the case again: two people, after all.
RERUNNABLE = ASKED_AGAIN | {APPROVE_SAME_PERSON}
_BEFORE_PLAN = frozenset({State.RECEIVED, State.AWAITING_FETCH})
REASON_LENGTH = 500
#: A worker may write the case between our read and our write: decide again on what it wrote.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what, and why. `actor` is an opaque principal id, not a name."""

    actor: str
    reason: str
    from_step: str | None = None


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


def check_reason(ask: Ask) -> None:
    """RequestError (400) without a reason, or with a text in place of one."""
    if not ask.reason.strip():
        raise RequestError("Give a reason: it is kept with what was done.", code="reason_required")
    if len(ask.reason) > REASON_LENGTH:
        raise RequestError(f"Keep the reason under {REASON_LENGTH} characters.", code="reason_too_long")


async def _carry_out(s: Services, action: str, case: Case, now: datetime, ask: Ask) -> Case:
    for _ in range(_TRIES):
        if being_forgotten(case):
            raise Refused(
                "This case is being erased; nothing else can be done to it.", code="being_forgotten"
            )
        try:
            await ACTIONS[action](s, case, now, ask)
        except StoreConflict:
            case = await find(s, case.case_id)
        else:
            return case
    raise StoreConflict("The case is being worked on: try again in a moment.")


_NEXT = {
    State.FOLLOWING_UP: "follow_up",
    State.CONFIRMED: "follow_up",
    State.RECEIVED: "await_hire",
    State.AWAITING_FETCH: "await_hire",
}


#: Actions that are one event of the lifecycle table, in the order in which they are offered.
_EVENTS = {"rerun": Event.RERUN, "pause": Event.PAUSE, "resume": Event.RESUME, "exclude": Event.EXCLUDE}


def possible(case: Case) -> list[str]:
    """Actions that this case would take now, by the names that all views use; to erase it is always possible."""
    code = case.reason_code or ""
    waits = case.state is State.BLOCKED and code.startswith(APPROVABLE)
    refused = {"rerun"} if _is_incomplete(case) or (waits and code not in RERUNNABLE) else set()
    taken = allowed(case.state)
    found = ["approve"] if waits else []
    found += [name for name, event in _EVENTS.items() if event in taken and name not in refused]
    found += ["rerun"] if _is_undisabled(case) else []
    if case.state is State.EXCLUDED:
        found.append("resume")
    return [*found, "forget"]


def _is_incomplete(case: Case) -> bool:
    """Nothing can be run, and there is no HR system that could be asked for what is missing."""
    return (case.certainty is not Certainty.EMPLOYEE or bool(lacking(case))) and not case.fetches


def _apply(case: Case, action: str, *, reason: str | None = None) -> None:
    """`Case.apply`; the refusal names what an operator can do, not events that only HR or time can bring."""
    try:
        case.apply(_EVENTS[action], reason=reason)
    except IllegalTransition as exc:
        raise IllegalTransition(
            f"A case in state '{case.state}' cannot take '{action}'. Possible now: {', '.join(possible(case))}."
        ) from exc


async def _go_on(s: Services, case: Case, now: datetime, action: str, ask: Ask) -> None:
    note = casework.entry(
        now, action, f"operator:{ask.actor}", reason=ask.reason.strip(), from_step=ask.from_step
    )
    # In `received` and `awaiting_fetch` the worker decides by what is known of the hire (intake.reconsider).
    await casework.hand_on(s, case, now, _NEXT.get(case.state, "provision"), action, note)


async def _stop(s: Services, case: Case, now: datetime, action: str, ask: Ask) -> None:
    note = casework.entry(now, action, f"operator:{ask.actor}", reason=ask.reason.strip())
    await casework.rest(s, case, now, "operator", action, note)


def _is_undisabled(case: Case) -> bool:
    """The account of a withdrawn hire could not be disabled; what stood in the way may be gone."""
    planned = case.next_action
    return case.state is State.CANCELLED and planned.what == withdraw.DISABLE and planned.when is None


async def _rerun(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    if _is_undisabled(case):
        case.steps.pop(withdraw.DISABLE, None)
        note = casework.entry(now, "rerun", f"operator:{ask.actor}", reason=ask.reason.strip())
        await casework.hand_on(s, case, now, withdraw.DISABLE, "rerun", note)
        return
    reset = names_from(ask.from_step) if ask.from_step else list(case.steps)
    if _is_incomplete(case):
        raise IllegalTransition(
            "The hire is not complete, so there is nothing to run again yet: HR has to send what is missing."
        )
    code = case.reason_code or ""
    if case.state is State.BLOCKED and code.startswith(APPROVABLE) and code not in RERUNNABLE:
        raise IllegalTransition("This case waits for an approver's word, which a rerun cannot replace.")
    _decide_by_rerun(case, code)
    if code in MENDABLE or lacking(case):
        read_again(case, now)  # whoever asks for another try asks the HR system, too
    if case.state is State.BLOCKED and case.return_state in _BEFORE_PLAN:
        case.apply(Event.UNBLOCK)  # whatever stopped it there, it goes the usual way
    elif case.state is State.BLOCKED and code == APPROVE_SAME_PERSON:
        case.apply(Event.UNBLOCK)
    else:
        _apply(case, "rerun")
    for name in reset:
        record = case.step(name)
        if ask.from_step or record.status not in {StepStatus.DONE, StepStatus.SKIPPED}:
            case.steps[name] = StepRecord()
    if ask.from_step == issue_access_pass.STEP.name:
        _doubt_pass(case, now)
    await _go_on(s, case, now, "rerun", ask)


def _decide_by_rerun(case: Case, code: str) -> None:
    """What an operator says by running a case again that stopped for a question."""
    if code == HR_DELETED_RECORD:
        case.deleted_at = None
    elif code == APPROVE_SAME_PERSON and TWO_PEOPLE not in case.approvals:
        case.approvals.append(TWO_PEOPLE)
        case.maybe_same = None


def _doubt_pass(case: Case, now: datetime) -> None:
    """Whoever asks for another pass says that the first is of no use: the step voids it before it issues one.

    A claim that a worker holds right now keeps its time.
    """
    if case.access_pass and case.access_pass.status is PassStatus.DELIVERED:
        case.access_pass.status, case.access_pass.claimed_at = PassStatus.CREATED, now - CLAIM_LEASE


async def _approve(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    code = case.reason_code or ""
    if case.state is not State.BLOCKED or not code.startswith(APPROVABLE):
        raise IllegalTransition("This case does not wait for an approval.")
    case.apply(Event.UNBLOCK)
    if code not in case.approvals:
        case.approvals.append(code)
    await _go_on(s, case, now, "approve", ask)


async def _pause(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    _apply(case, "pause")
    await _stop(s, case, now, "pause", ask)


async def _resume(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    if case.state is State.EXCLUDED:
        return await _include(s, case, now, ask)
    _apply(case, "resume")
    for record in case.steps.values():
        record.first_failed_at = None  # the pause does not count as time without success
    await _go_on(s, case, now, "resume", ask)


async def _include(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """Back to work. Who waited for an approver when they were excluded, waits again."""
    waited_for = case.reason_code
    case.apply(Event.REOPEN)
    if case.certainty is Certainty.EMPLOYEE and not lacking(case):
        case.apply(Event.HIRE_COMPLETE)
        if waited_for and waited_for not in case.approvals:
            case.apply(Event.BLOCK, reason=waited_for)
            return await _stop(s, case, now, "resume", ask)
    await _go_on(s, case, now, "resume", ask)


async def _exclude(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    code = case.reason_code or ""
    _apply(case, "exclude", reason=code if code.startswith(APPROVABLE) else None)
    if case.pass_at_large(now):
        note = casework.entry(now, "exclude", f"operator:{ask.actor}", reason=ask.reason.strip())
        await casework.hand_on(s, case, now, "revoke_pass", "exclude", note)
    else:
        await _stop(s, case, now, "exclude", ask)


ACTIONS: dict[str, Callable[[Services, Case, datetime, Ask], Awaitable[None]]] = {
    "rerun": _rerun,
    "approve": _approve,
    "pause": _pause,
    "resume": _resume,
    "exclude": _exclude,
}
