"""The end of a stop: everybody who waited for it is sent, and goes on.

A stop ends in one write (`safeguards.stops`); the follow-up timer then walks the list of the cases that carry its
reason and puts each on a queue. It may die anywhere: until the whole list was walked the next pass walks it again, and
a case that went on already has no such reason any more. Where a permission came, those are sent, too, who were refused
while others were not: it may have been the permission after all, and if not, they are blocked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from onboarding import casework
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, StepStatus
from onboarding.errors import IllegalTransition
from onboarding.operate import rerun_plan
from onboarding.ports import BULK_QUEUE, WORK_QUEUE, CaseQuery, Services, WorkMessage
from onboarding.provisioning import holds, withdraw
from onboarding.safeguards import limits, stops
from onboarding.safeguards.stops import REASONS, RELEASED, Board, Release

_PAGE, _AT_ONCE = 200, 25
#: More than this at once is a mass.
_BULK_AFTER = 20
#: How long the end of a stop is remembered, for the timelines of those who waited.
_REMEMBERED = timedelta(days=1)


async def wake(s: Services) -> int:
    """Send everybody who waits for something that has ended; returns how many messages."""
    board = await _without_switched_off(s, await stops.read(s.cases))
    ended = {key: item for key, item in board.released.items() if item.wake}
    if not ended:
        return 0
    sent = 0
    for reason in sorted({REASONS[key.partition(":")[0]] for key in ended}):
        sent += await _send_all(s, reason)
    sent += await _send_suspects(s, board, ended)
    now = await s.clock.now()
    await stops.change(s.cases, lambda found: _woken(found, ended, now))
    return sent


async def _without_switched_off(s: Services, board: Board) -> Board:
    """End the stops of limits that the policy no longer has: nobody can reach those, or has to approve them."""
    if not any(limits.is_off(item, s.policy.limits) for item in board.stops.values()):
        return board
    ends = Release(await s.clock.now(), reason="the limit was switched off in the policy")

    def decide(found: Board) -> bool:
        gone = [item for item in found.stops.values() if limits.is_off(item, s.policy.limits)]
        for item in gone:
            found.end(item, replace(ends))
        return bool(gone)

    await stops.change(s.cases, decide)
    return await stops.read(s.cases)


def _woken(board: Board, ended: dict[str, Release], now: datetime) -> bool:
    """Done with these; a release that is newer than what was walked stays to be walked."""
    for key, item in ended.items():
        found = board.released.get(key)
        if found is not None and found.at == item.at:
            found.wake = False
    board.released = {
        key: item for key, item in board.released.items() if item.wake or now - item.at < _REMEMBERED
    }
    return True


async def _send_suspects(s: Services, board: Board, ended: Mapping[str, Release]) -> int:
    """Those who are blocked because a step whose stop has ended was refused to them alone."""
    sent = 0
    for step in (key.partition(":")[2] for key in ended if key.startswith(f"{stops.PERMISSION}:")):
        for case_id in board.suspects.get(step, {}):
            case = await s.cases.get(case_id)
            if case is not None and _is_refused(case, step):
                await s.queue.send(WorkMessage(case_id=case_id, why=RELEASED))
                sent += 1
    return sent


def _is_refused(case: Case, step: str) -> bool:
    record = case.steps.get(step)
    return record is not None and record.status is StepStatus.BLOCKED and record.code in holds.REFUSALS


async def _send_all(s: Services, reason: str) -> int:
    sent, page = 0, None
    while True:
        found = await s.cases.search(CaseQuery(reason_code=reason), page, _PAGE)
        for start in range(0, len(found.items), _AT_ONCE):
            group = found.items[start : start + _AT_ONCE]
            queue = WORK_QUEUE if sent < _BULK_AFTER else BULK_QUEUE
            await asyncio.gather(
                *(
                    s.queue.send(WorkMessage(case_id=item.case_id, why=RELEASED), queue=queue)
                    for item in group
                )
            )
            sent += len(group)
        if (page := found.next_page) is None:
            return sent


async def resume(s: Services, case: Case, now: datetime) -> None:
    """Plan a case that waits for the end of a stop for now, and say in its timeline who let it go on.

    Nothing for a case that does not wait so, and was not refused alone. What waits beside it (a pass called back, a
    lost phone) is planned for now as well. It may meet the same stop again, or another, and wait again.
    """
    beside = stops.beside(case)
    for task in beside:
        task.when = now
    if await _try_again(s, case, now):
        return
    held, over = stops.waits_for(case), withdraw.is_due(case)
    if held is None or not (over or case.state in {State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED}):
        if beside:
            await casework.save(s, case, now)
        return
    kind = next(kind for kind, reason in REASONS.items() if reason == held)
    since = case.updated_at
    if over:  # its reason says why it is over, and stays
        what = case.next_action.what
    else:
        what, case.reason_code = ("provision" if case.state is State.PROVISIONING else "follow_up"), None
    case.next_action = NextAction(what, now, RELEASED)
    ends = (await stops.read(s.cases)).released.items()
    notes = [
        casework.entry(item.at, "released", item.actor, what=key.partition(":")[2], reason=item.reason)
        for key, item in sorted(ends)
        if key.startswith(f"{kind}:") and item.at >= since
    ]
    await casework.save(s, case, now, *notes)


async def _try_again(s: Services, case: Case, now: datetime) -> bool:
    """Run the step again that was refused to this case alone, where a stop of it has ended since. False: none."""
    board = await stops.read(s.cases)
    ended = {key: item for key, item in board.released.items() if key.startswith(f"{stops.PERMISSION}:")}
    for key, item in sorted(ended.items()):
        step = key.partition(":")[2]
        known = case.case_id in board.suspects.get(step, {})
        if not (known and _is_refused(case, step)) or (case.steps[step].at or now) >= item.at:
            continue
        try:
            what = rerun_plan.prepare(case, now, None)
        except IllegalTransition:
            continue
        case.next_action = NextAction(what, now, RELEASED)
        note = casework.entry(item.at, "released", item.actor, what=step, reason=item.reason)
        await casework.save(s, case, now, note)
        return True
    return False
