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
from onboarding.domain.lifecycle import Event, State
from onboarding.errors import IllegalTransition, RequestError
from onboarding.operate.cases import find
from onboarding.ports import Operation, Services
from onboarding.provisioning.plan import names_from

APPROVABLE = "needs_approval_"
REASON_LENGTH = 500


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
    if not ask.reason.strip():
        raise RequestError("Give a reason: it is kept in the case's timeline.", code="reason_required")
    if len(ask.reason) > REASON_LENGTH:
        raise RequestError(f"Keep the reason under {REASON_LENGTH} characters.", code="reason_too_long")
    case = await find(s, wanted)
    now = await s.clock.now()
    operation = Operation(
        s.entropy.operation_id(), case.case_id, action, ask.actor, ask.reason.strip(), now, "accepted"
    )
    await s.cases.put_operation(operation)
    try:
        await ACTIONS[action](s, case, now, ask)
    except RequestError as exc:
        await s.cases.put_operation(replace(operation, status="refused", result=exc.code))
        raise
    done = replace(operation, status="done", result=str(case.state))
    await s.cases.put_operation(done)
    return done


async def _go_on(s: Services, case: Case, now: datetime, action: str, ask: Ask) -> None:
    note = casework.entry(
        now, action, f"operator:{ask.actor}", reason=ask.reason.strip(), from_step=ask.from_step
    )
    what = "follow_up" if case.state in {State.FOLLOWING_UP, State.CONFIRMED} else "provision"
    if case.state is State.RECEIVED:
        await casework.rest(s, case, now, "await_hire", action, note)
    else:
        await casework.hand_on(s, case, now, what, action, note)


async def _stop(s: Services, case: Case, now: datetime, action: str, ask: Ask) -> None:
    note = casework.entry(now, action, f"operator:{ask.actor}", reason=ask.reason.strip())
    await casework.rest(s, case, now, "operator", action, note)


async def _rerun(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    incomplete = case.state is State.BLOCKED and case.return_state in {State.RECEIVED, State.AWAITING_FETCH}
    if incomplete or case.certainty is not Certainty.EMPLOYEE:
        raise IllegalTransition(
            "The hire is not complete, so there is nothing to run again yet: HR has to send what is missing."
        )
    reset = names_from(ask.from_step) if ask.from_step else list(case.steps)
    case.apply(Event.RERUN)
    for name in reset:
        record = case.step(name)
        if ask.from_step or record.status not in {StepStatus.DONE, StepStatus.SKIPPED}:
            case.steps[name] = StepRecord()
    if ask.from_step == "issue_access_pass" and case.access_pass:
        case.access_pass.status = PassStatus.VOID
    await _go_on(s, case, now, "rerun", ask)


async def _approve(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    code = case.reason_code or ""
    if case.state is not State.BLOCKED or not code.startswith(APPROVABLE):
        raise IllegalTransition("This case does not wait for an approval.")
    case.apply(Event.UNBLOCK)
    if code not in case.approvals:
        case.approvals.append(code)
    await _go_on(s, case, now, "approve", ask)


async def _pause(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    case.apply(Event.PAUSE)
    await _stop(s, case, now, "pause", ask)


async def _resume(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    if case.state is State.EXCLUDED:
        case.apply(Event.REOPEN)
        if case.hire.start_date and case.certainty is Certainty.EMPLOYEE:
            case.apply(Event.HIRE_COMPLETE)
    else:
        case.apply(Event.RESUME)
    await _go_on(s, case, now, "resume", ask)


async def _exclude(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    case.apply(Event.EXCLUDE)
    await _stop(s, case, now, "exclude", ask)


ACTIONS: dict[str, Callable[[Services, Case, datetime, Ask], Awaitable[None]]] = {
    "rerun": _rerun,
    "approve": _approve,
    "pause": _pause,
    "resume": _resume,
    "exclude": _exclude,
}

#: Which role an action needs; everything not named needs `operator`.
APPROVER_ACTIONS = frozenset({"approve"})
