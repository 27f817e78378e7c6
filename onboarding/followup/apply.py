"""Taking evidence into one case, with compare-and-swap, and handing the case on where that changes the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from onboarding import casework
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Act, Evidence, Status
from onboarding.domain.lifecycle import ACTIVE, Event, State
from onboarding.domain.records import TimelineEntry
from onboarding.domain.rules import Rules
from onboarding.domain.usage import UsageEvent, groups_of, to_correct, to_count
from onboarding.errors import StoreConflict
from onboarding.followup.evidence import codes, lost, note, take_events
from onboarding.ports import SeenEvidence, Services

#: States in which evidence is still kept, beside `Case.watch_ended`; the others are over, and keep no new data about a
#: person.
OPEN = ACTIVE | {State.BLOCKED, State.PAUSED}
FOLLOWED = (State.FOLLOWING_UP, State.CONFIRMED)
#: Looked at even where the answer stays the same.
_MATTERS = frozenset({Act.CANCELLED, Act.DELETED, Act.RESET_NO_METHODS, Act.RESET_BY_ADMIN})
_TRIES = 5
#: Cases that are written at once.
_AT_ONCE = 16


@dataclass(slots=True)
class Run:
    """One pass of reading, and what came of it."""

    s: Services
    now: datetime
    rules: Rules
    events: int = 0
    rows: int = 0
    changed: int = 0


async def owners(s: Services, user_ids: Mapping[str, object]) -> dict[str, str]:
    """Object id → case id, for those we know."""
    if not user_ids:
        return {}
    found = await s.cases.owners([Alias(TENANT, AliasKind.OBJECT_ID, user_id) for user_id in user_ids])
    return {alias.value: case_id for alias, case_id in found.items()}


async def apply_events(run: Run, page: Sequence[SeenEvidence]) -> None:
    """Audit events into the cases of those we know; the others are nobody's."""
    by_user: dict[str, list[Evidence]] = {}
    for seen in page:
        by_user.setdefault(seen.user_id, []).append(seen.evidence)

    async def apply(user_id: str, case_id: str) -> None:
        events = by_user[user_id]
        new = await change(run, case_id, lambda case: take_events(case, events) or None, events, of=user_id)
        run.events += new  # not before: others count meanwhile

    await each(apply(*found) for found in (await owners(run.s, by_user)).items())


async def each(changes: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Some cases at a time: a store writes several in the time of one. Raises the first failure, after those that were
    begun have ended."""
    waiting = iter(changes)
    while batch := list(islice(waiting, _AT_ONCE)):
        ended = await asyncio.gather(*batch, return_exceptions=True)
        for failure in ended:
            if failure is not None:
                raise failure


async def change(
    run: Run,
    case_id: str,
    take: Callable[[Case], list[Evidence] | None],
    seen: Sequence[Evidence] = (),
    *,
    of: str | None = None,
    again: bool = False,
) -> int:
    """Apply `take` with compare-and-swap; hand the case on if that changes the answer. Returns new events.

    `take` returns None when it changed nothing. `seen` is what was read: all of it is counted in usage, also what
    `take` has no room for. `of`: the account it is about, by its object id; of one that the case had before, nothing
    is taken. `again`: it is known to say the same as before. After a few lost races StoreConflict goes up: the cursor
    stays.
    """
    for attempt in range(1, _TRIES + 1):
        case = await run.s.cases.get(case_id)
        if case is None or not is_read(case) or not _is_of(case, of):
            return 0
        known = {event.id: event for event in case.evidence}
        if seen and all(known.get(event.id) == event for event in seen):
            return 0  # every pass reads the last hour again
        before = None if again else assess(case, run.rules, run.now)
        shown = case.status, case.recoverable
        fresh = take(case)
        # Counted first, once for each id: a process that dies before the case is written counts nothing twice.
        await run.s.usage.count(case.case_id, groups_of(case.hire), _to_count(seen, known, case))
        after, entries = note(case, run.rules, run.now)
        if fresh is None and shown == (case.status, case.recoverable):
            return 0
        entries = [*_entries(run.now, fresh or []), *entries]
        try:
            if case.watch_ended:
                wake = lost(after)
            elif before is None:
                wake = shown != (case.status, case.recoverable)
            else:
                wake = _wakes(before, after, fresh or [])
            await _lay_down(run, case, entries, wake=wake)
        except StoreConflict:
            if attempt == _TRIES:
                raise
            continue
        return len(fresh or [])
    return 0


def _is_of(case: Case, object_id: str | None) -> bool:
    return object_id is None or (case.account is not None and case.account.id == object_id)


def _to_count(seen: Sequence[Evidence], known: Mapping[str, Evidence], case: Case) -> list[UsageEvent]:
    """What is new, as the case has it; and what a more exact copy says other than the one that was counted."""
    taken = {event.id: event for event in case.evidence}
    new = [taken.get(event.id, event) for event in seen if event.id not in known]
    again = dict.fromkeys(event.id for event in seen if event.id in known and event.id in taken)
    return to_count(new) + to_correct((known[name], taken[name]) for name in again)


def _wakes(before: Assessment, after: Assessment, fresh: Sequence[Evidence]) -> bool:
    def answer(found: Assessment) -> tuple[object, ...]:
        return found.status, found.recoverable, found.counted, found.confirmed, found.because

    return answer(before) != answer(after) or any(event.act in _MATTERS for event in fresh)


def is_read(case: Case) -> bool:
    """Evidence of this person is taken and judged."""
    return case.state in OPEN or case.watch_ended


async def _lay_down(run: Run, case: Case, entries: list[TimelineEntry], *, wake: bool) -> None:
    if wake and case.watch_ended:
        # Watched again first: one person's methods are read before follow-up resumes.
        case.apply(Event.WATCH_AGAIN)
    if wake and case.state in FOLLOWED:
        await casework.hand_on(run.s, case, run.now, "follow_up", "evidence", *entries)
        run.changed += 1
    elif wake and case.state is State.PROVISIONING and case.status is Status.USER_REGISTERED:
        # Registered before we were done: what was only meant to lead there is left out.
        await casework.hand_on(run.s, case, run.now, case.next_action.what, "evidence", *entries)
        run.changed += 1
    else:
        await casework.save(run.s, case, run.now, *entries)


def _entries(now: datetime, fresh: Sequence[Evidence]) -> list[TimelineEntry]:
    """One line for what arrived together: acts and methods as codes, ids of the events."""
    if not fresh:
        return []
    what = codes(dict.fromkeys(f"{e.by}_{e.act}_{e.method or 'unnamed'}" for e in fresh))
    return [casework.entry(now, "evidence", count=len(fresh), what=what, events=codes(e.id for e in fresh))]
