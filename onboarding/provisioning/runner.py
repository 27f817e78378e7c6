"""Runs the plan of one case as far as it goes, and plans when to go on.

A step that is done is never run again unless an operator reruns from it. Every outcome is written before the
next step starts; a crash between a step's effect and that write is the step's to survive (see `step.py`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import retry
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.nudges import has_left
from onboarding.domain.records import StepRecord, StepStatus, TimelineEntry
from onboarding.errors import DeployerError, NotYetVisible, OperatorError, RetryLater, StoreConflict
from onboarding.ports import REPLICATION, WORK_QUEUE, Services
from onboarding.provisioning import existing, holds, pass_guards, refused, timing
from onboarding.provisioning.linking import hidden_until
from onboarding.provisioning.plan import Planned, steps
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Wait
from onboarding.provisioning.steps import issue_access_pass, set_manager

log = logging.getLogger(__name__)
#: Reason code of somebody whose last day is over.
ENDED = "end_date_passed"
#: … and of somebody whose account was deleted while the plan ran.
ACCOUNT_GONE = "account_gone"
FINISHED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
#: A step that did not fail for so long, because it waited for working time, is tried twice before it is given up.
NIGHT = timedelta(hours=24)
#: A delayed message may be there a moment before our clock agrees.
EARLY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Lane:
    """What one run through the plan shares: what holds steps back, and the queue that the case came from."""

    gate: holds.Gate
    queue: str


async def advance(s: Services, case: Case, now: datetime, *, queue: str = WORK_QUEUE) -> None:
    """Take a case in `waiting_start` or `provisioning` as far as it goes now. `queue` takes what follows at once."""
    if case.state is State.WAITING_START and not await _begin(s, case, now):
        return
    lane, ctx = Lane(holds.Gate(s.cases), queue), Context(s, case, now)
    for planned in steps():
        name = planned.step.name
        known = case.steps.get(name)
        finished = known is not None and known.status in FINISHED and not _is_looked_for_again(ctx, name)
        if finished or not planned.step.applies(s, case):
            continue
        if _is_early(case, name, now) or not await _take(ctx, planned, case.step(name), lane):
            return
    case.apply(Event.PROVISIONED)
    note = casework.entry(now, "provisioned")
    await casework.hand_on(s, case, now, "follow_up", "provisioned", note, queue=queue)


async def _begin(s: Services, case: Case, now: datetime) -> bool:
    """True: the start is near enough, and the case is in `provisioning`."""
    try:
        opens = timing.opens_at(case, s.policy, timing.CREATE)
    except OperatorError as exc:
        await casework.block(s, case, now, exc.code)
        return False
    if now < opens:
        until = min(opens, _visible_at(case, now))
        planned = case.next_action
        if planned.what == "provision" and planned.when == until and now < until:
            return False
        if not await _is_made(s, case):
            await casework.wait(s, case, now, "provision", until, "start_is_far")
            return False
    case.apply(Event.START_NEAR)
    await casework.hand_over(s, case, now, "provision", casework.entry(now, "provisioning_started"))
    return True


def _visible_at(case: Case, now: datetime) -> datetime:
    """When an account shows that the last try may have made, before the first day moved away. The far future where that
    was long ago, or nothing was tried."""
    tried = case.steps.get(existing.CREATES, StepRecord()).at
    last = max(filter(None, (case.intent.at, tried))) if case.intent and not case.account else None
    return last + REPLICATION if last and now < last + REPLICATION else datetime.max.replace(tzinfo=UTC)


async def _is_made(s: Services, case: Case) -> bool:
    """A try before the first day moved away took effect, and its answer was lost: the account is taken up at once."""
    intent = case.intent
    if case.account is not None or intent is None:
        return False
    try:
        user = await s.directory.get_user(intent.user_principal_name)
    except (OperatorError, DeployerError):
        return False  # whoever creates it on its day says why
    return user is not None and existing.is_ours(user, intent)


def _is_early(case: Case, name: str, now: datetime) -> bool:
    """This step has a planned moment, and it is not there yet: a second or stray message changes nothing.

    Without this, every message would cut short what Retry-After asked for, and would write over the case of a
    worker that holds a claim. Whoever wants it now (HR's update, an operator) plans "provision", now.
    """
    planned = case.next_action
    return planned.what == name and planned.when is not None and now < planned.when - EARLY


def _is_looked_for_again(ctx: Context, name: str) -> bool:
    """A manager who could not be found: once more when the pass may go out. An account that was made before HR said
    that nothing is made here: so that nobody is given it, or once HR takes that back (`refused`)."""
    if name == existing.CREATES:
        return refused.is_due(ctx) or refused.is_to_look(ctx.case, ctx.now)
    if name != set_manager.STEP.name or not set_manager.looks_again(ctx.case.steps.get(name), ctx.now):
        return False
    issue = issue_access_pass.STEP.name
    issued = ctx.case.steps.get(issue)
    if (issued and issued.status in FINISHED) or _is_early(ctx.case, issue, ctx.now):
        return False
    return pass_guards.too_early(ctx) is None


async def _take(ctx: Context, planned: Planned, record: StepRecord, lane: Lane) -> bool:
    """Run one step and write what came of it. True: go on with the next."""
    name = planned.step.name
    with observe.request_ids() as requests:
        try:
            outcome = (
                _is_over(ctx, planned) or _too_early(ctx, planned) or await holds.run(ctx, planned, lane.gate)
            )
        except StoreConflict:
            raise
        except RetryLater as exc:
            await _plan_retry(ctx, planned, record, exc, requests, lane)
            return False
        except (OperatorError, DeployerError) as exc:
            outcome = Block(exc.code)
    record.at = ctx.now
    return await _record(ctx, name, record, outcome, requests, lane)


def _is_over(ctx: Context, planned: Planned) -> Block | None:
    """The last day that HR named is over, however long the case was held or blocked: nothing is given any more."""
    over = not planned.step.after_end and has_left(ctx.case, ctx.s.policy, ctx.now)
    return Block(ENDED) if over else None


def _too_early(ctx: Context, planned: Planned) -> Wait | None:
    """The lead time of this step has not come. That of the first ones is the case's own (`waiting_start`), which an
    operator may cut short."""
    lead = planned.step.lead
    if lead is None or lead == timing.CREATE:
        return None
    opens = timing.opens_at(ctx.case, ctx.s.policy, lead)
    return Wait(opens, "start_is_far") if ctx.now < opens else None


async def _record(
    ctx: Context, name: str, record: StepRecord, outcome: Outcome, requests: list[str], lane: Lane
) -> bool:
    s, case, now = ctx.s, ctx.case, ctx.now
    record.code = None
    match outcome:
        case Done(detail):
            record.status, record.detail, record.first_failed_at = StepStatus.DONE, detail, None
            record.attempts += 1
            await casework.save(s, case, now, _entry(now, "step_done", name, requests, detail=detail))
            return True
        case Skip(why):
            unchanged = record.status is StepStatus.SKIPPED and record.detail == why
            record.status, record.detail, record.first_failed_at = StepStatus.SKIPPED, why, None
            entries = [] if unchanged else [_entry(now, "step_skipped", name, requests, why=why)]
            await casework.save(s, case, now, *entries)
            return True
        case Wait(until, why, put_off):
            unchanged = record.status is StepStatus.WAITING and record.detail == why
            record.status, record.detail = StepStatus.WAITING, why
            if not put_off:
                _calm(record)
            about = case.intent.restores if case.intent else None  # the account that the wait is for
            entries = (
                [] if unchanged else [_entry(now, "step_waits", name, requests, why=why, object_id=about)]
            )
            await casework.wait(s, case, now, name, until, why, *entries, queue=lane.queue)
            return False
        case Block(reason):
            record.status, record.code = StepStatus.BLOCKED, reason
            _calm(record)
            observe.event(log, "case_blocked", case_id=case.case_id, step=name, reason=reason)
            await casework.block(s, case, now, reason, step=name, request_id=_last(requests))
            return False


def _calm(record: StepRecord) -> None:
    """The failures are over: the next one starts a new count, and 72 new hours."""
    record.attempts, record.first_failed_at = 0, None


async def _plan_retry(
    ctx: Context, planned: Planned, record: StepRecord, error: RetryLater, requests: list[str], lane: Lane
) -> None:
    s, case, now, name = ctx.s, ctx.case, ctx.now, planned.step.name
    record.at, record.code = now, error.code
    lately = record.failed_at is not None and now - record.failed_at < NIGHT
    record.failed_at = now
    policy, fraction = s.policy.retry_of(planned.step.retry), s.entropy.fraction()
    decision = retry.failed(policy, record, now=now, fraction=fraction, retry_after=error.retry_after)
    if isinstance(decision, retry.GiveUp) and not lately:  # the 72 hours were a long weekend
        decision = retry.decide(
            policy, attempts=record.attempts, first_failed_at=now, now=now, fraction=fraction,
            retry_after=error.retry_after,
        )  # fmt: skip
    gone = isinstance(error, NotYetVisible) and await _is_gone(ctx, name, record)
    if gone or isinstance(decision, retry.GiveUp):
        record.status = StepStatus.BLOCKED
        _calm(record)
        reason = ACCOUNT_GONE if gone else "retries_exhausted"
        record.code = reason if gone else record.code
        await casework.block(s, case, now, reason, step=name, last=error.code)
        return
    record.status = StepStatus.RETRYING
    entry = _entry(now, "step_retries", name, requests, why=error.code, attempt=record.attempts)
    await casework.wait(s, case, now, name, decision.when, error.code, entry, queue=lane.queue)


async def _is_gone(ctx: Context, name: str, record: StepRecord) -> bool:
    """The account of this case is out of sight, and among the deleted ones or for longer than replication takes.
    (`create_account` decides by itself what becomes of one that was there.)"""
    account, directory = ctx.case.account, ctx.s.directory
    if account is None or name == existing.CREATES or ctx.now < hidden_until(account):
        return False
    try:
        if await directory.get_user(account.id) is not None:
            return False
        long_ago = ctx.now >= (record.first_failed_at or ctx.now) + REPLICATION
        return long_ago or await directory.get_deleted(account.id) is not None
    except (RetryLater, OperatorError, DeployerError):
        return False  # nobody can say


def _entry(now: datetime, action: str, step: str, requests: list[str], **detail: object) -> TimelineEntry:
    return casework.entry(now, action, step=step, request_id=_last(requests), **detail)


def _last(requests: list[str]) -> str | None:
    return requests[-1] if requests else None
