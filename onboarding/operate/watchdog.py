"""The watchdog: nothing stays for more than 15 minutes without progress or a planned next action, whatever was lost.

| lost | found by | what is done |
|---|---|---|
| a queue message of a case, or the due timer | due rows 15 minutes past | the case goes back on the queue |
| a queue message of a delivery | deliveries received 15 minutes ago and not worked off | so does the delivery |
| the due row, the list row, both | a round over the cases themselves | back on the queue; hints put right |
| the worker that held a claim (a rung, a pass), where nobody looks soon | the same round | back on the queue |
| the list row of a delivery | a round over the deliveries themselves | back on the queue |
| the case of an alias (its worker died before it was written, or it was erased) | a round over the aliases | freed |
| the case of a hint, or its older version | a round over the hints (`CaseStore.sweep`) | removed |

Each mending of a case is in its timeline. Many at once go to the bulk queue, so that single hires overtake. Every
part is bounded and may die anywhere: the next pass does it again.

What is late costs by what is late. The rounds cost, in a pass (every five minutes) at 100,000 people: 4 pages of 200
cases (at 1,000 people one of 84) and about 35 times `mend`, 100 aliases with up to 100 cases, 200 hints, 25 deliveries
with bodies, and 5 markers; in Azure some 500 reads, about 150,000 a day. A round over the cases then takes under 12
hours, over the aliases half a week and over the hints some weeks, which nobody waits for: an alias without a case is
taken over by whoever hires the person, or released for whoever has waited an hour for it (`intake.openings`), and a
hint is verified when it is read. A store of 1,000 people looks at every case once an hour. What is planned for later
and lost its due row meanwhile is thus found once it is late, at the latest one round after.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain.case import Alias, Case
from onboarding.domain.records import TimelineEntry
from onboarding.errors import OnboardingError, StoreConflict, Unavailable
from onboarding.operate import mending, rounds
from onboarding.operate.mending import LATE
from onboarding.ports import (
    BULK_QUEUE,
    CLAIM_LEASE,
    WORK_QUEUE,
    Delivery,
    DeliveryStatus,
    Services,
    WorkMessage,
)

log = logging.getLogger(__name__)
#: Rows that are late, in one pass.
PASS = 200
#: More than this at once is a mass arrival.
BULK_AFTER = 20

#: Markers of the rounds. They are about this store, and are not exported (`archive.LOCAL`).
CASES, DELIVERIES, ALIASES, HINTS = (
    "watchdog_cases",
    "watchdog_deliveries",
    "watchdog_aliases",
    "watchdog_hints",
)
#: A round begins this long after the last one began; a page of it has this many items.
CASES_EVERY, CASES_PAGE = timedelta(hours=1), 200
#: A smaller page is enough for a round within `CASES_EVERY`, in so many passes.
CASES_HOUR, CASES_LEAST = 12, 50
DELIVERIES_EVERY, DELIVERIES_PAGE = timedelta(hours=6), 25
ALIASES_EVERY, ALIASES_PAGE = timedelta(days=1), 100
HINTS_EVERY, HINTS_PAGE = timedelta(days=1), 200
#: Passes within which a round over the cases shall end (12 hours), and pages of a pass at most.
CASES_PASSES, CASES_PAGES = 144, 10
#: Hints go wrong when a case is written: a case is looked at in the round after that, and in each 24th anyhow.
MEND_EACH = 24
#: An alias is claimed a moment before its case is written, and a message is leased for ten minutes: whatever has no
#: case a day later has none for good.
ORPHAN_AFTER = timedelta(days=1)
#: Orphans in mind at once; the others have their turn when these are gone.
ORPHANS = 400

_WAITING = (DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED)


@dataclass(slots=True)
class Mended:
    """What one pass put right."""

    #: Put back on the queue for want of progress.
    cases: int = 0
    deliveries: int = 0
    #: Put back on the queue because something was begun and left.
    claims: int = 0
    #: Cases whose own hints were wrong.
    hints: int = 0
    #: Hints and aliases that belonged to nothing.
    swept: int = 0
    aliases: int = 0


@dataclass(slots=True)
class _Run:
    s: Services
    now: datetime
    done: Mended

    def lane(self) -> str:
        return WORK_QUEUE if self.done.cases + self.done.claims < BULK_AFTER else BULK_QUEUE


async def watch(s: Services) -> Mended:
    """One pass. What fails in one part does not keep the others from their work, and is raised at the end."""
    run = _Run(s, await s.clock.now(), Mended())
    failed: OnboardingError | None = None
    for part in PARTS:
        try:
            await part(run)
        except OnboardingError as exc:
            observe.failure(log, "watchdog_part_failed", exc, part=part.__name__)
            failed = failed or exc
            if isinstance(exc, Unavailable):
                break
    if run.done != Mended():
        done = run.done
        observe.event(
            log, "watchdog_mended", cases=done.cases, deliveries=done.deliveries, claims=done.claims,
            hints=done.hints, swept=done.swept, aliases=done.aliases,
        )  # fmt: skip
    if failed:
        raise failed
    return run.done


# --- cases -------------------------------------------------------------------------------------------------------


async def late_cases(run: _Run) -> None:
    """Due rows that nobody turned into messages, or whose messages were lost."""
    for row in await run.s.cases.due(run.now - LATE, PASS):
        case = await run.s.cases.get(row.case_id)
        if case is not None and mending.is_late(case, run.now):
            await _late(run, case)
        else:
            # Nothing to do for this row: it is dropped where it is out of date, and must not stand in the way.
            await run.s.cases.postpone(row, run.now + CLAIM_LEASE)


async def all_cases(run: _Run) -> None:
    """Some pages of the round over the cases themselves."""
    place = await rounds.place(run.s, CASES, run.now, CASES_EVERY)
    if place is None:
        return
    known = max(place.last, place.seen)
    wanted = -(-known // (CASES_PAGE * CASES_PASSES))
    size = min(CASES_PAGE, max(CASES_LEAST, -(-known // CASES_HOUR)))
    for _ in range(min(max(wanted, 1), CASES_PAGES)):
        found = await place.read(run.s.cases.walk, size)
        for case in found.items:
            with contextlib.suppress(
                StoreConflict
            ):  # somebody works on it: that is the progress that was missed
                await _look(run, case, place)
        place.seen += len(found.items)
        if place.done:
            break
    await place.keep(run.s)


async def _look(run: _Run, case: Case, place: rounds.Place) -> None:
    if mending.is_late(case, run.now):
        await _late(run, case)
    elif found := await mending.stale_claim(run.s, case, run.now):
        claim, at = found
        note = casework.entry(run.now, mending.STALE_CLAIM, claim=claim, claimed_at=at.isoformat())
        await _requeue(run, case, note)
        run.done.claims += 1
    elif _has_turn(case, place):
        fresh = await run.s.cases.get(case.case_id)
        if fresh is not None and fresh.etag == case.etag:  # whoever wrote it since wrote its hints too
            run.done.hints += bool(await mending.hints(run.s, fresh, run.now))


def _has_turn(case: Case, place: rounds.Place) -> bool:
    """Written since the last round looked, or its turn anyhow."""
    if place.before is None or case.updated_at >= place.before - LATE:
        return True
    return zlib.crc32(case.case_id.encode()) % MEND_EACH == place.number % MEND_EACH


async def _late(run: _Run, case: Case) -> None:
    note = casework.entry(run.now, "watchdog_requeued", was=case.next_action.what)
    with contextlib.suppress(StoreConflict):  # somebody is working on it
        await _requeue(run, case, note)
        run.done.cases += 1


async def _requeue(run: _Run, case: Case, note: TimelineEntry) -> None:
    """The worker that gets the message puts the case's hints right first (`why`)."""
    await casework.hand_on(run.s, case, run.now, case.next_action.what, "watchdog", note, queue=run.lane())


# --- deliveries ----------------------------------------------------------------------------------------------------


async def late_deliveries(run: _Run) -> None:
    """Stored, and not worked off: the message was lost, or never sent."""
    for status in _WAITING:
        for delivery in await run.s.deliveries.older(status, run.now - LATE, 5 * PASS):
            await _delivery(run, delivery)


async def all_deliveries(run: _Run) -> None:
    """A page of the round over the deliveries themselves."""
    place = await rounds.place(run.s, DELIVERIES, run.now, DELIVERIES_EVERY)
    if place is None:
        return
    found = await place.read(run.s.deliveries.walk, DELIVERIES_PAGE)
    for delivery in found.items:
        await _delivery(run, delivery)
    await place.keep(run.s)


async def _delivery(run: _Run, seen: Delivery) -> None:
    """Send first, then note when: a backlog gets one message a quarter of an hour, not one a pass."""
    if seen.status not in _WAITING or (seen.queued_at or seen.received_at) >= run.now - LATE:
        return
    delivery = await run.s.deliveries.get(seen.delivery_id)
    if delivery is None or delivery.status not in _WAITING or delivery.queued_at != seen.queued_at:
        return
    queue = WORK_QUEUE if run.done.deliveries < BULK_AFTER else BULK_QUEUE
    await run.s.queue.send(WorkMessage(delivery_id=delivery.delivery_id, why="watchdog"), queue=queue)
    with contextlib.suppress(StoreConflict):  # a worker has it: that is the progress that was missed
        await run.s.deliveries.update(replace(delivery, status=DeliveryStatus.QUEUED, queued_at=run.now))
    run.done.deliveries += 1


# --- aliases and hints -----------------------------------------------------------------------------------------------


async def all_aliases(run: _Run) -> None:
    """A page of the round over the aliases: one whose case is missing is freed once it was seen so for a day.

    Until then nobody is kept out: an event about the person opens the case under the id that the alias names, and who
    may be somebody else waits an hour at most (`intake.openings`).
    """
    place = await rounds.place(run.s, ALIASES, run.now, ALIASES_EVERY)
    if place is None:
        return
    _forget_outdated(place)
    found = await place.read(run.s.cases.walk_aliases, ALIASES_PAGE)
    there = await run.s.cases.there({owner for _, owner in found.items})
    for alias, owner in found.items:
        key = _orphan(alias, owner)
        if owner in there:
            place.notes.pop(key, None)
        elif await _is_orphan(run, place.notes, key, owner):
            await run.s.cases.release_alias(alias, owner)
            run.done.aliases += 1
    await place.keep(run.s)


async def _is_orphan(run: _Run, notes: dict[str, str], key: str, owner: str) -> bool:
    """Seen without its case for long enough, and without it still."""
    if key not in notes:
        if len(notes) < ORPHANS:
            notes[key] = run.now.isoformat()
        return False
    if run.now - datetime.fromisoformat(notes[key]) < ORPHAN_AFTER:
        return False
    del notes[key]
    return await run.s.cases.get(owner) is None


def _forget_outdated(place: rounds.Place) -> None:
    """At the beginning of a round: what should have been freed in the last one is gone already."""
    if place.page is None and place.before is not None:
        oldest = (place.before - ORPHAN_AFTER).isoformat()
        place.notes = {key: at for key, at in place.notes.items() if at >= oldest}


def _orphan(alias: Alias, owner: str) -> str:
    """The alias in a marker: a value is about a person, its hash is not for reading."""
    text = "\0".join((alias.source, alias.kind.value, alias.value, owner))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


async def all_hints(run: _Run) -> None:
    """A page of the round over the hints."""
    place = await rounds.place(run.s, HINTS, run.now, HINTS_EVERY)
    if place is None:
        return
    run.done.swept += (await place.read(run.s.cases.sweep, HINTS_PAGE)).removed
    await place.keep(run.s)


PARTS: tuple[Callable[[_Run], Awaitable[None]], ...] = (
    late_cases,
    late_deliveries,
    all_cases,
    all_deliveries,
    all_aliases,
    all_hints,
)
