"""Forgetting a person, on an approver's word: everything that this service holds about them goes.

    operation on record → case stopped (compare-and-swap) → pass voided → deliveries emptied → aliases released
    → case erased, with its timeline and every hint → operation done

In prose:
- A stopped case is `excluded` (or stays `cancelled`, `closed`), its next action is `forget`, and its due row is
  the insurance: whatever dies in the middle, the follow-up timer goes on from there.
- Nothing is erased under a worker's hands. Where a message, a pass or an account may be in the making, the case
  rests for a worker's lifetime first (`CLAIM_LEASE`); the operation is `accepted` until then.
- Where the tenant refuses to void a usable pass, nothing is erased before the pass has ended by itself.
- What HR sends meanwhile waits, and is applied afterwards as news about somebody unknown.

What stays: the operation (who asked, when, and the reason in their own words), the emptied rows of deliveries,
the account in Entra and messages that were sent. See docs/retention.md.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State, allowed
from onboarding.domain.records import NextAction, RungStatus, TimelineEntry
from onboarding.errors import DeployerError, OperatorError, RequestError, RetryLater, StoreConflict
from onboarding.intake.erasure import FORGET, being_forgotten
from onboarding.operate import erase
from onboarding.operate.actions import Ask, check_reason
from onboarding.operate.cases import find
from onboarding.operate.erase import RESUME, Member
from onboarding.ports import CLAIM_LEASE, Operation, Services
from onboarding.provisioning.steps import revoke_pass

ACTION = FORGET
#: What every view tells whoever asks.
KEPT = (
    "Kept: that you asked, when, and the reason as you wrote it. Not erased: the account in Entra and messages "
    "already sent. If HR sends this person again, a new case opens; to leave somebody alone, exclude them."
)
#: `next_action.why`: somebody is at it (or died), or a worker has to end first; else the code of what stood in the way.
ASKED, WORKING = "asked", "work_in_progress"
#: After an outage, and after a refusal that somebody has to mend.
AGAIN, AGAIN_REFUSED = timedelta(minutes=5), timedelta(hours=1)
ERASED, ACCOUNT_STAYS, ACCOUNT_MAY_EXIST = "erased", "erased_account_stays", "erased_account_may_exist"
_EARLY = timedelta(seconds=1)
_TRIES = 5

log = logging.getLogger(__name__)


async def forget(s: Services, wanted: str, ask: Ask) -> Operation:
    """Erase the person. The operation is `done`, or `accepted` with a `result` that says what it waits for.

    Raises RequestError (400), NotFound, Ambiguous, StoreConflict; after that nothing is lost, whatever raises.
    """
    check_reason(ask)
    case = await erase.survivor(s, await find(s, wanted))
    now = await s.clock.now()
    operation = Operation(
        s.entropy.operation_id(), case.case_id, ACTION, ask.actor, ask.reason.strip(), now, "accepted"
    )
    await s.cases.put_operation(operation)
    try:
        case = await _stop(s, case, now, operation)
    except (RequestError, StoreConflict) as exc:
        await s.cases.put_operation(replace(operation, status="refused", result=exc.code))
        raise
    if case.next_action.why != WORKING:
        await _go_on(s, [case], now)
    return await settled(s, operation)


async def forget_all(s: Services, cases: Sequence[Case], ask: Ask, now: datetime) -> int:
    """The same for many, with one reading of the aliases. Returns how many are gone; the others follow by their
    due rows."""
    stopped: list[Case] = []
    for case in cases:
        operation = Operation(
            s.entropy.operation_id(), case.case_id, ACTION, ask.actor, ask.reason, now, "accepted"
        )
        await s.cases.put_operation(operation)
        try:
            stopped.append(await _stop(s, case, now, operation))
        except (RequestError, StoreConflict) as exc:
            await s.cases.put_operation(replace(operation, status="refused", result=exc.code))
    return await _go_on(s, [case for case in stopped if case.next_action.why != WORKING], now)


async def resume(s: Services, case: Case, now: datetime) -> None:
    """A queue message or due row for a case that is being forgotten: take it up, unless it is not time yet."""
    if case.next_action.when is not None and now < case.next_action.when - _EARLY:
        return
    case.next_action = NextAction(FORGET, now + RESUME, ASKED)
    await _go_on(s, [await casework.save(s, case, now)], now)


async def settled(s: Services, operation: Operation) -> Operation:
    """The operation as it stands now: its last write may have been lost, the case's absence says the same."""
    if operation.action != ACTION or operation.status != "accepted" or operation.case_id is None:
        return operation
    case = await s.cases.get(operation.case_id)
    if case is not None:
        return replace(operation, result=case.next_action.why) if being_forgotten(case) else operation
    fresh = await s.cases.get_operation(operation.operation_id) or operation
    if fresh.status != "accepted":
        return fresh
    done = replace(fresh, status="done", result=ERASED)
    await s.cases.put_operation(done)
    return done


# --- stopping ------------------------------------------------------------------------------------------------


async def _stop(s: Services, case: Case, now: datetime, operation: Operation) -> Case:
    """From here on nobody else works on the case: every other writer's compare-and-swap fails."""
    note = casework.entry(
        now,
        ACTION,
        f"operator:{operation.actor}",
        reason=operation.reason,
        operation=operation.operation_id,
    )
    for _ in range(_TRIES):
        until = _held_until(case, now)
        if Event.EXCLUDE in allowed(case.state):
            case.apply(Event.EXCLUDE)
        when, why = (until, WORKING) if until else (now + RESUME, ASKED)
        case.next_action = NextAction(FORGET, when, why)
        try:
            return await casework.save(s, case, now, note)
        except StoreConflict:
            case = await find(s, case.case_id)
    raise StoreConflict("The case is being worked on: try again in a moment.")


def _held_until(case: Case, now: datetime) -> datetime | None:
    """When the last worker that may be at it has ended; None: nobody is. An effect in the tenant is announced on
    the case first (a claimed message or pass), but for the creation of the account, which only has its intent."""
    if being_forgotten(case):  # asked again: that was judged when it was stopped
        planned = case.next_action
        return planned.when if planned.why == WORKING and planned.when and planned.when > now else None
    held = [
        record.claimed_at
        for record in case.rungs.values()
        if record.status in {RungStatus.CLAIMED, RungStatus.DRAFTED}
    ]
    if case.access_pass and case.access_pass.status in {PassStatus.INTENDED, PassStatus.CREATED}:
        held.append(case.access_pass.claimed_at)
    if case.intent and not case.account and case.state is not State.BLOCKED:
        # A worker that blocked the case has ended; one that was stopped by somebody else may still be at it.
        held.append(now if case.state is State.PROVISIONING else case.updated_at)
    until = max(held) + CLAIM_LEASE if held else now
    return until if until > now else None


# --- erasing -------------------------------------------------------------------------------------------------


async def _go_on(s: Services, cases: Sequence[Case], now: datetime) -> int:
    """Erase stopped cases; returns how many are gone. Where something stands in the way, the case says so and
    comes back by its due row."""
    count, left = 0, list(cases)
    for _ in range(_TRIES):
        ready = [member for case in left if (member := await _prepared(s, case, now)) is not None]
        try:
            count += await erase.remove(s, ready, now) if ready else 0
        except StoreConflict:
            observe.event(log, "forget_conflict", cases=len(ready))
        except RetryLater as exc:
            for member in ready:
                await _later(s, member.case, now, now + AGAIN, exc.code)
        for member in ready:
            await _close(s, member)
        left = await _unfinished(s, left)
        if not left:
            break
    return count


async def _unfinished(s: Services, cases: Sequence[Case]) -> list[Case]:
    """Cases, as they are now, that somebody wrote between our reading and our writing."""
    found = [await s.cases.get(case.case_id) for case in cases]
    return [case for case in found if case is not None and case.next_action.why == ASKED]


async def _prepared(s: Services, case: Case, now: datetime) -> Member | None:
    """Passes voided and deliveries emptied; None: not now."""
    try:
        await _void_passes(s, case, now)
        member = await erase.gather(s, case)
        await erase.deliveries(s, member, now)
    except StoreConflict:
        return None
    except RetryLater as exc:
        await _later(s, case, now, now + max(AGAIN, timedelta(seconds=exc.retry_after or 0)), exc.code)
        return None
    except (OperatorError, DeployerError) as exc:
        observe.failure(log, "forget_refused", exc, case_id=case.case_id, code=exc.code)
        await _later(s, case, now, now + AGAIN_REFUSED, exc.code)
        return None
    return member


async def _void_passes(s: Services, case: Case, now: datetime) -> None:
    """No pass stays usable that nobody remembers."""
    if case.account is not None and case.access_pass is not None and case.pass_at_large(now):
        await revoke_pass.void_all(s, case.account, case.access_pass)


async def _later(s: Services, case: Case, now: datetime, when: datetime, why: str) -> None:
    fresh = await s.cases.get(case.case_id)
    if fresh is not None and being_forgotten(fresh):
        with contextlib.suppress(StoreConflict):  # whoever wrote it planned it too
            await casework.wait(s, fresh, now, FORGET, when, why)


async def _close(s: Services, member: Member) -> None:
    """Every operation that asked for this, if the case is gone."""
    asked = [item.detail["operation"] for item in member.story if _asks(item)]
    if not asked or await s.cases.get(member.case.case_id) is not None:
        return
    observe.event(log, "case_forgotten", case_id=member.case.case_id)
    for operation_id in asked:
        operation = await s.cases.get_operation(operation_id)
        if operation is not None and operation.status == "accepted":
            await s.cases.put_operation(replace(operation, status="done", result=_result(member.case)))


def _asks(item: TimelineEntry) -> bool:
    return item.action == ACTION and "operation" in item.detail


def _result(case: Case) -> str:
    """What the operation says: an account in Entra is left to an administrator."""
    if case.account is not None:
        return ACCOUNT_STAYS
    return ACCOUNT_MAY_EXIST if case.intent is not None else ERASED
