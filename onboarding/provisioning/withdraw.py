"""A hire that is over, withdrawn or excluded: no pass of it stays usable, and what was made in vain is disabled.

Not part of the plan: it runs in states in which nothing else happens, because the next action says so. Where the person
never began (`cancelled`, or an employment that ended before the first day), the step `disable_account` follows
`revoke_pass`; whoever began leaves an account that an administrator decides about. The two do not wait for each other:
an account that is disabled is safe from a pass that cannot be made void yet, and the other way round.

What everybody waits for (`holds`) is waited for here, too, and so is the end of a dry run: HR said it once and does not
say it again. A refusal of this one account is written on the case, with its reason; nothing is ever deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import beginning, left_alone, retry
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, StepRecord, StepStatus, TimelineEntry
from onboarding.errors import DeployerError, OperatorError, RetryLater, StoreConflict
from onboarding.ports import Services
from onboarding.provisioning import holds
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Block, Context, Outcome, Skip, Wait
from onboarding.provisioning.steps import disable_account, revoke_pass
from onboarding.safeguards.stops import HELD

log = logging.getLogger(__name__)
OVER = frozenset({State.CANCELLED, State.CLOSED, State.EXCLUDED})
REVOKE, DISABLE = revoke_pass.STEP.name, disable_account.STEP.name
#: Code of what a dry run refuses.
DRY_RUN = "dry_run"
#: Step → timeline entry of what nobody can do by trying again.
_NOT_DONE = {REVOKE: "pass_not_voided", DISABLE: "account_not_disabled"}
_OVER_STEP = frozenset({StepStatus.DONE, StepStatus.BLOCKED})
#: A delayed message may be there a moment before our clock agrees.
_EARLY = timedelta(seconds=1)


def is_due(case: Case) -> bool:
    """Something of this is left to do, now or later."""
    planned = case.next_action
    return case.state in OVER and planned.what in {REVOKE, DISABLE} and planned.when is not None


def unfinished(case: Case) -> str | None:
    """The step with which a rerun begins, where one of them came to rest undone, or found no account; None: nobody has
    to run it again."""
    planned = case.next_action
    if case.state not in OVER or planned.when is not None:
        return None
    # A pass that could be used when the case was last written was never made void.
    if planned.what == REVOKE or (planned.what == DISABLE and case.pass_at_large(case.updated_at)):
        return REVOKE
    undisabled = planned.what == DISABLE or disable_account.found_none(case)
    return DISABLE if undisabled and beginning.is_in_vain(case, case.updated_at) else None


def track(case: Case, what: str) -> tuple[Planned, ...]:
    """The steps of a case that is over, from the one named `what` on, by what held when it was last written."""
    revoke = (Planned(revoke_pass.STEP, revoke_pass.run),) if what == REVOKE else ()
    in_vain = beginning.is_in_vain(case, case.updated_at) and (case.account or case.intent)
    return (*revoke, Planned(disable_account.STEP, disable_account.run)) if in_vain else revoke


async def advance(s: Services, case: Case, now: datetime) -> None:
    """Void the pass, and disable the account of whoever never began. Raises StoreConflict (load the case again)."""
    if case.next_action.when is not None and now < case.next_action.when - _EARLY:
        return
    ctx, gate = Context(s, case, now), holds.Gate(s.cases)
    waits: list[NextAction] = []
    left = _left(case, now)
    notes: Sequence[TimelineEntry] = ()
    for planned in left:
        if planned is not left[0]:
            # Due still: a crash here must not leave the account as it is.
            case.next_action = NextAction(DISABLE, now, case.next_action.why)
            await casework.save(s, case, now, *notes)
        outcome = await _outcome(ctx, planned, gate)
        notes = _written(planned.step.name, case.step(planned.step.name), outcome, now)
        if isinstance(outcome, Wait):
            waits.append(NextAction(planned.step.name, outcome.until, outcome.why))
    await _lay_down(s, case, now, waits, notes)


def _left(case: Case, now: datetime) -> list[Planned]:
    """The steps that are still to be done; of one that came to rest, only an operator makes another try."""
    planned = case.next_action.what
    rested = {name: _rested(case, name) for name in (REVOKE, DISABLE)}
    revoke = planned == REVOKE or (case.pass_at_large(now) and not rested[REVOKE])
    found = track(case, REVOKE if revoke else DISABLE)
    return [item for item in found if item.step.name != DISABLE or planned == DISABLE or not rested[DISABLE]]


def _rested(case: Case, name: str) -> bool:
    record = case.steps.get(name)
    return record is not None and record.status in _OVER_STEP


async def _outcome(ctx: Context, planned: Planned, gate: holds.Gate) -> Outcome:
    """Run one step past what holds it, and say what is to be made of its errors."""
    record = ctx.case.step(planned.step.name)
    record.at, record.code = ctx.now, None
    try:
        return await holds.run(ctx, planned, gate)
    except StoreConflict:
        raise
    except RetryLater as exc:
        return _again(ctx, planned, record, exc)
    except (OperatorError, DeployerError) as exc:
        if exc.code == DRY_RUN:
            return Wait(ctx.now + holds.LOOK_AGAIN * (0.5 + ctx.s.entropy.fraction()), DRY_RUN)
        name = planned.step.name
        observe.failure(log, _NOT_DONE[name], exc, case_id=ctx.case.case_id, code=exc.code)
        return Block(exc.code)


def _again(ctx: Context, planned: Planned, record: StepRecord, error: RetryLater) -> Outcome:
    """An outage: when to try again, by the policy."""
    policy = ctx.s.policy.retry_of(planned.step.retry)
    fraction = ctx.s.entropy.fraction()
    decision = retry.failed(policy, record, now=ctx.now, fraction=fraction, retry_after=error.retry_after)
    if isinstance(decision, retry.GiveUp):
        return Block("retries_exhausted")
    record.status, record.code = StepStatus.RETRYING, error.code
    return Wait(decision.when, error.code)


def _written(name: str, record: StepRecord, outcome: Outcome, now: datetime) -> Sequence[TimelineEntry]:
    """Put the outcome on the step's record; returns what the timeline says of it."""
    match outcome:
        case Wait(_, why):
            if record.code is not None:
                return ()  # an outage, noted already
            unchanged = record.status is StepStatus.WAITING and record.detail == why
            record.status, record.detail = StepStatus.WAITING, why
            if why in HELD:
                record.attempts, record.first_failed_at = 0, None
            return () if unchanged else (casework.entry(now, "step_waits", step=name, why=why),)
        case Block(reason):
            record.status, record.code = StepStatus.BLOCKED, reason
            return (casework.entry(now, _NOT_DONE[name], reason=reason),)
        case _:
            said = outcome.why if isinstance(outcome, Skip) else outcome.detail
            record.status, record.detail, record.first_failed_at = StepStatus.DONE, said, None
            if name == REVOKE:
                return () if isinstance(outcome, Skip) else (casework.entry(now, "pass_voided"),)
            return (casework.entry(now, "step_done", step=name, detail=said),)


async def _lay_down(
    s: Services, case: Case, now: datetime, waits: Sequence[NextAction], notes: Sequence[TimelineEntry]
) -> None:
    """Write the case with what comes next: the sooner of the waits, or whoever has to act."""
    if waits:
        first = min(waits, key=lambda wait: wait.when or now)
        await casework.wait(s, case, now, first.what, first.when or now, first.why, *notes)
        return
    in_vain = beginning.is_in_vain(case, now)
    asked = {REVOKE: case.pass_at_large(now), DISABLE: in_vain}
    for name in (name for name, still in asked.items() if still):
        record = case.steps.get(name)
        if record is not None and record.status is StepStatus.BLOCKED:
            await casework.rest(s, case, now, name, record.code or str(record.status), *notes)
            return
    if case.state is State.EXCLUDED:
        planned = left_alone.next_of(case)
        await casework.rest(s, case, now, planned.what, planned.why, *notes)
        return
    what = "none" if in_vain else DISABLE
    await casework.rest(s, case, now, what, case.reason_code or str(case.state), *notes)
