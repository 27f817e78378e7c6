"""From a stored delivery to cases. Everything here may be killed at any await and done again.

The delivery is parsed again from its bytes, so an operator's replay uses the mapping of today. A case
remembers which events it has seen; one that it has seen does nothing. An event of a replay is seen anew, and says what
it says as of the time when it came: a newer word stands.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import beginning, people_policy, run
from onboarding.domain.account import OWN_ORIGINS, PassStatus
from onboarding.domain.case import Case, delivery_of, event_mark
from onboarding.domain.hire import HireEvent
from onboarding.domain.lifecycle import State
from onboarding.errors import StoreConflict
from onboarding.intake import answers, catalog, joining, leavers, number_words, numbers, passed_on, quality
from onboarding.intake.adapter import SILENT, Adapter, UnreadableEvent
from onboarding.intake.decide import apply_event, apply_join
from onboarding.intake.erasure import BeingForgotten
from onboarding.intake.identity import Located, holder, locate
from onboarding.intake.laying_down import lay_down as lay_down
from onboarding.intake.merging import event_time
from onboarding.intake.outcome import APPROVE_SAME_PERSON, Circumstances, Outcome, block
from onboarding.intake.payload import Unreadable
from onboarding.intake.settle import asked_first, is_over_already, settle
from onboarding.ports import WORK_QUEUE, Delivery, DeliveryStatus, Services

#: Events that a case remembers. One that is older than these many others only fills gaps if it comes again.
REMEMBERED = 200

_DONE = frozenset({DeliveryStatus.PROCESSED, DeliveryStatus.IGNORED})

log = logging.getLogger(__name__)


async def process_delivery(s: Services, delivery_id: str, *, queue: str = WORK_QUEUE) -> None:
    """Apply a delivery to the cases it is about, and mark it. `queue` takes the messages for those cases.

    Raises StoreConflict when somebody else wrote first (do it again), Unavailable, and nothing for what a
    sender or an operator has to mend: that is marked on the delivery.
    """
    delivery = await s.deliveries.get(delivery_id)
    if delivery is None:
        observe.event(log, "delivery.gone", delivery_id=delivery_id)  # erased since it was queued
        return
    adapter = catalog.of_source(s.settings, delivery.source, delivery.adapter)
    if delivery.body is None and delivery.status in _DONE:
        return  # worked off before, and its body is gone by now
    if adapter is None or delivery.body is None:
        reason = "no_adapter" if adapter is None else "body_erased"
        await _mark(s, delivery, DeliveryStatus.FAILED, reason=reason, body=delivery.body)
        return
    try:
        events = adapter.events(delivery.source, delivery.body, delivery.headers)
    except Unreadable as error:
        await _mark(
            s, delivery, DeliveryStatus.UNREADABLE, reason=error.reason, path=error.path, body=delivery.body
        )
        return
    events = [replace(event, recruiting=adapter.recruits) for event in events]
    await _process(s, adapter, delivery, events, queue)


async def reconsider(s: Services, case: Case, now: datetime, *, queue: str = WORK_QUEUE) -> Case:
    """Lead a case on that an operator put back to `received` or `awaiting_fetch` (unblock, resume, reopen).

    In other states nothing happens. Returns the case as stored.
    """
    if case.state not in {State.RECEIVED, State.AWAITING_FETCH}:
        return case
    noted = await answers.drop_answered(s, case, now)
    outcome = settle(case, now, ask_rehire=s.policy.account.rehire == "ask")
    return await lay_down(s, case, replace(outcome, entries=(*noted, *outcome.entries)), now, queue)


async def ask_first(s: Services, case: Case, now: datetime) -> bool:
    """Stop whoever would go on although the hire is over (a withdrawal came with another case), or with a question
    still open: one answer may leave another. True: stopped, and written."""
    if case.state in joining.STOPPABLE and (over := is_over_already(case, now)) is not None:
        await lay_down(s, case, over, now, WORK_QUEUE)
        return True
    if case.listed:
        await answers.tell_others(s, case)
    if case.state not in joining.STOPPABLE:
        return False
    doubts = case.others(APPROVE_SAME_PERSON)
    noted = await answers.drop_answered(s, case, now)
    outcome = None if case.others(APPROVE_SAME_PERSON) == doubts else Outcome(())
    if case.state is State.BLOCKED:
        if outcome is not None and case.reason_code == APPROVE_SAME_PERSON:
            outcome = apply_join(case, now, ask_rehire=s.policy.account.rehire == "ask")
    elif (asked := asked_first(case)) is not None:
        outcome = block(case, now, asked)
    if outcome is None:
        return False
    if outcome.what is None and case.next_action.when is not None:
        outcome = replace(outcome, why="two_people_said", look_now=True)  # what was due still is
    await lay_down(s, case, replace(outcome, entries=(*noted, *outcome.entries)), now, WORK_QUEUE)
    return True


async def unite(s: Services, case: Case, now: datetime, *, queue: str = WORK_QUEUE) -> None:
    """An approver said that this case and another are one person's: join them, and look at what is left."""
    wanted = joining.to_unite(case)
    lead = await joining.unite(s, case, now)
    leads = lead.case_id == case.case_id
    # Where it is not said any more, the case asks about it anew.
    if leads and wanted is not None and lead.is_said(APPROVE_SAME_PERSON, wanted):
        joining.united(lead, wanted)
    await quality.note_accounts(s, lead, now)
    noted = await answers.drop_answered(s, lead, now)
    outcome = apply_join(lead, now, ask_rehire=s.policy.account.rehire == "ask")
    await lay_down(s, lead, replace(outcome, entries=(*noted, *outcome.entries)), now, queue)
    if not leads:
        joining.united(case, wanted)
        await casework.save(s, case, now)


async def _process(
    s: Services, adapter: Adapter, delivery: Delivery, events: list[HireEvent], queue: str
) -> None:
    case_ids: list[str] = []
    for index, event in enumerate(events):
        if event.event_type not in SILENT:
            case_id = await _apply(s, delivery, index, event, queue)
            case_ids += [case_id] if case_id and case_id not in case_ids else []
    pruned = delivery.body and adapter.prune(delivery.body)
    bad = next((event.error for event in events if isinstance(event, UnreadableEvent)), None)
    if bad is not None:
        # Whole, and as one that waits for an operator: once the item can be read, a replay applies it too.
        await _mark(
            s, delivery, DeliveryStatus.UNREADABLE,
            reason=bad.reason, path=bad.path, case_ids=tuple(case_ids), body=delivery.body,
        )  # fmt: skip
    elif case_ids:
        await _mark(s, delivery, DeliveryStatus.PROCESSED, case_ids=tuple(case_ids), body=pruned)
    elif all(event.event_type in SILENT for event in events):
        await _mark(s, delivery, DeliveryStatus.IGNORED, reason="not_mapped", body=pruned)
    else:
        # About somebody whom we do not know and need not know: nothing of it is kept.
        await _mark(s, delivery, DeliveryStatus.IGNORED, reason="no_case", body=None)


async def _apply(s: Services, delivery: Delivery, index: int, event: HireEvent, queue: str) -> str | None:
    """Find or open the case, apply the event, lay the case down. Returns the case id, None without a case."""
    now = await s.clock.now()
    at = event_time(event, delivery.received_at)
    try:
        found = await _whose(s, event, at, now)
    except BeingForgotten as stopped:
        if _began(stopped.case, delivery):
            return stopped.case.case_id  # it came before the erasure, and goes with the case
        raise
    if found is None:
        await leavers.remember(s, event, delivery.delivery_id, at, now)
        # Whoever was hired since, and looked before it was noted, does not know of it.
        if await _whose(s, event, at, now) is not None:
            raise StoreConflict("the person was hired meanwhile: look again")
        return None
    case = found.case
    if event_mark(delivery.delivery_id, index, delivery.replays) in case.deliveries:
        await passed_on.tell_others(s, found, event, now, queue)  # a worker may have died before that
    else:
        await _apply_to(s, found, delivery, index, event, queue)
    return case.case_id


async def _whose(s: Services, event: HireEvent, at: datetime, now: datetime) -> Located | None:
    found = await locate(s, event, now, at=at)
    return found if found is None or not numbers.alone(event) else await holder(s, event, at, found)


async def _apply_to(
    s: Services, found: Located, delivery: Delivery, index: int, event: HireEvent, queue: str
) -> None:
    """Apply the event to its case, and lay the case down."""
    case, now = found.case, await s.clock.now()
    at = event_time(event, delivery.received_at)
    await leavers.recall(s, case, event, at if event.occurred_at or not found.opened else None, now)
    if numbers.alone(event):
        number_words.note(case, number_words.of_event(case, event, at, delivery.delivery_id, now))
    about = Circumstances(
        delivery.delivery_id,
        delivery.received_at,
        opened=found.opened,
        shared_id=found.shared_id,
        ask_rehire=s.policy.account.rehire == "ask",
        read_lag=s.hr.settles_in(event.source) if event.needs_fetch else timedelta(0),
    )
    noted = await answers.drop_answered(s, case, now)
    before = people_policy.called(s.policy.people, case)
    outcome = apply_event(case, event, about, now)
    outcome = replace(outcome, entries=(*noted, *outcome.entries))
    _note_called(s, case, before, now)
    await quality.note_event(s, case, event, delivery.delivery_id, now)
    seen = event_mark(delivery.delivery_id, index, delivery.replays)
    case.deliveries = [*case.deliveries, seen][-REMEMBERED:]
    await passed_on.lay_down_with(s, found, event, outcome, now, queue)
    observe.event(
        log, "hire_event.applied", delivery_id=delivery.delivery_id, case_id=case.case_id,
        event=event.event_type, state=case.state, reason=case.reason_code,
    )  # fmt: skip


def _note_called(s: Services, case: Case, before: str | None, now: datetime) -> None:
    """HR calls the person a guest, or somebody of Active Directory, no more: nothing is said of that any longer, and
    whether they got another account meanwhile is looked for (`provisioning.refused`)."""
    account, after = case.account, people_policy.called(s.policy.people, case)
    if account is None or after == before:
        return
    kept, account.contradicted = account.contradicted is not None or run.is_kept(case), None
    passed = case.access_pass is not None and case.access_pass.status is PassStatus.DELIVERED
    theirs = kept or passed or beginning.is_in_use(case) or beginning.has_begun(case, now)
    ours = account.origin in OWN_ORIGINS and not account.synced
    taken_back = before == "synced" and after is None and ours and not theirs
    account.taken_back_at = now if taken_back else None


def _began(case: Case, delivery: Delivery) -> bool:
    """An event of this delivery was applied to the case already."""
    return any(delivery_of(seen) == delivery.delivery_id for seen in case.deliveries)


async def _mark(
    s: Services,
    delivery: Delivery,
    status: DeliveryStatus,
    *,
    reason: str | None = None,
    path: str | None = None,
    case_ids: tuple[str, ...] = (),
    body: bytes | None,
) -> None:
    """Write what became of the delivery on the row as it is now: the door may have marked it since.

    Status and pruned body are one write. A body that was erased or has expired meanwhile does not come back. One that
    the sender mended meanwhile stays, and has a message of its own: nothing is said of it that was said of the old.
    """
    fresh = await s.deliveries.get(delivery.delivery_id)
    if fresh is None or (fresh.body is None and fresh.status in _DONE):
        return
    if fresh.body_sha256 != delivery.body_sha256:
        observe.event(log, "delivery.replaced", delivery_id=delivery.delivery_id)
        return
    marked = replace(
        fresh,
        status=status,
        reason_code=reason,
        reason_detail=path,
        case_ids=case_ids or fresh.case_ids,
        body=body if fresh.body is not None else None,
    )
    await s.deliveries.update(marked if marked.body is not None else marked.emptied(await s.clock.now()))
    level = logging.WARNING if status in {DeliveryStatus.FAILED, DeliveryStatus.UNREADABLE} else logging.INFO
    observe.event(
        log, "delivery.marked", level=level, delivery_id=delivery.delivery_id, status=status, reason=reason
    )
