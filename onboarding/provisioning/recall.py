"""A first credential that has to go: it is with somebody who is not the manager any more, for a day that is no first
day any more, left of a hire that HR withdrew and announced again, or of a record that HR deleted.

Not part of the plan: HR's word put it on the case (`PassRecord.recall`) with a due row of its own, and it is made void
before anything else happens to the case, whatever state that is in. Look, void, record:

    called back → list of passes → void what is not spent, and the one that the case knows, listed or not → void on the
    case, together with what follows from it, in one write

A worker that dies in between is followed by one that does it again; a pass that is gone is fine. One that was used
stays in the tenant: it is the sign of use. While nobody has used it, the step that issues passes is undone and whoever
is followed up goes back to provisioning, where every guard is asked anew.

An outage is waited for without end, and so is a missing permission or token: that holds everybody who needs it, with
one alert, until a probe gets through (`provisioning.holds`). Of what is refused otherwise, or to this account alone, an
administrator is told once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import run
from onboarding.domain.account import Account, PassRecord, PassStatus, Recall
from onboarding.domain.beginning import is_in_use
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction, StepRecord, TimelineEntry
from onboarding.errors import DeployerError, Held, OperatorError, RetryLater, StoreConflict
from onboarding.ports import Services
from onboarding.provisioning import holds
from onboarding.provisioning.step import Context
from onboarding.provisioning.steps import issue_access_pass, revoke_pass

log = logging.getLogger(__name__)

#: A delayed message may be there a moment before our clock agrees.
_EARLY = timedelta(seconds=1)
_ISSUE = issue_access_pass.STEP.name


async def advance(s: Services, case: Case, now: datetime) -> None:
    """Make the pass void, if it was called back and its moment has come; `case` is as it was stored then.

    Raises StoreConflict (load the case again).
    """
    record = case.access_pass
    task = record.recall if record is not None else None
    if record is None or task is None or now < task.when - _EARLY:
        return
    notes, used = [], False
    with observe.request_ids() as requests:
        try:
            if case.account is not None and case.pass_at_large(now):
                used = await _void(Context(s, case, now), case.account, record)
                notes = [] if used else [_entry(now, "pass_voided", requests)]
        except StoreConflict:
            raise
        except (RetryLater, OperatorError, DeployerError) as exc:
            return await _again(s, case, task, now, exc, requests)
    _settle(case, record, now, used=used)
    await casework.save(s, case, now, *notes)


async def _void(ctx: Context, account: Account, record: PassRecord) -> bool:
    """Held together with the passes of hires that are over: it is the same permission. True: it was used."""

    async def void(s: Services) -> bool:
        return await revoke_pass.void_unspent(s, account, record, run.began(ctx.case))

    return await holds.beside(ctx, revoke_pass.STEP.name, void)


def _settle(case: Case, record: PassRecord, now: datetime, *, used: bool) -> None:
    """Void, and what follows from it: another one for whoever has not signed in yet, or whose identity was checked for
    it. Where that was too long ago by now, the step says that it has to be checked again."""
    record.status, record.recall = PassStatus.VOID, None
    if _ISSUE not in case.steps:
        case.access_pass = None  # of a run before, and the new one needs one of its own
        return
    if used or (is_in_use(case) and record.proofed_at is None):
        return
    # Another check since then, for the pass that an approver asked for meanwhile, is the one that counts.
    checks = filter(None, (case.identity_proofed_at, record.proofed_at))
    case.identity_proofed_at = max(checks, default=None)
    case.steps[_ISSUE] = StepRecord()
    if case.state in {State.FOLLOWING_UP, State.CONFIRMED}:
        case.apply(Event.CREDENTIAL_RECALLED)
    elif case.return_state in {State.FOLLOWING_UP, State.CONFIRMED}:
        case.return_state = State.PROVISIONING
    if case.state is State.PROVISIONING:
        case.next_action = NextAction("provision", now, "credential_recalled")


async def _again(
    s: Services,
    case: Case,
    task: Recall,
    now: datetime,
    error: RetryLater | OperatorError | DeployerError,
    requests: list[str],
) -> None:
    """Plan the next try. What an administrator has to mend is told once: here, and in the log."""
    notes = []
    if isinstance(error, Held):
        if error.code != task.code:
            notes = [_entry(now, "pass_recall_held", requests, reason=error.code)]
    elif isinstance(error, RetryLater):
        observe.event(log, "pass_recall_retries", level=logging.WARNING, case_id=case.case_id, why=error.code)
    elif error.code != task.code:
        observe.failure(log, "pass_not_voided", error, case_id=case.case_id, code=error.code)
        notes = [_entry(now, "pass_not_voided", requests, reason=error.code)]
    casework.try_later(s, task, now, error)
    await casework.save(s, case, now, *notes)


def _entry(now: datetime, action: str, requests: list[str], **detail: object) -> TimelineEntry:
    return casework.entry(now, action, request_id=requests[-1] if requests else None, **detail)
