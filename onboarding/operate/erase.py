"""Taking a person's data out of the store: what `forget` does once nothing works on the case any more.

Everything here may be killed at any await and done again. The case goes last, so that whoever comes next finds
what is left to do; its compare-and-swap proves that nothing was added in the meantime. What a worker claimed for
the case at the very moment of its erasure is found by a second look, after the longest time a worker lives.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onboarding.domain.case import JOINED, Case, delivery_of
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.errors import RetryLater, StoreConflict
from onboarding.intake import process
from onboarding.intake.erasure import FORGET, BeingForgotten
from onboarding.ports import CLAIM_LEASE, DeliveryStatus, Services

#: Marker of the cases that were erased and want a second look: case id → when.
FORGOTTEN = "forgotten"
#: As many as fit into one row of every store.
NOTED_AT_MOST = 300
#: Takes the place of the free text of earlier operations, which may say anything about the person.
ERASED_TEXT = "(erased)"
#: Reason code of what is left of a delivery.
REASON = "forgotten"
#: A request that died in the middle is taken up by the follow-up timer after this.
RESUME = timedelta(minutes=2)
#: More entries than any case has.
_WHOLE = 100_000
_OPEN = frozenset({DeliveryStatus.RECEIVED, DeliveryStatus.QUEUED})
_UNRESOLVED = frozenset({DeliveryStatus.FAILED, DeliveryStatus.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Member:
    """A case that goes, with its timeline. `traces`: cases that were joined into it."""

    case: Case
    story: Sequence[TimelineEntry]
    traces: Sequence[Member] = ()

    def all(self) -> list[Member]:
        """Traces first: whoever finds the case finds them through it."""
        return [*self.traces, self]


async def gather(s: Services, case: Case) -> Member:
    """The case and every case of the same person that was joined into it."""
    story = await s.cases.timeline(case.case_id, _WHOLE)
    traces: list[Member] = []
    seen, wanted = {case.case_id}, _joined(story)
    while wanted:
        trace_id = wanted.pop(0)
        trace = None if trace_id in seen else await s.cases.get(trace_id)
        seen.add(trace_id)
        if trace is None or trace.account or trace.intent:
            continue  # with an account of its own it was not joined after all
        told = await s.cases.timeline(trace_id, _WHOLE)
        traces.append(Member(trace, told))
        wanted += _joined(told)
    return Member(case, story, traces)


def _joined(story: Iterable[TimelineEntry]) -> list[str]:
    return [item.detail["other"] for item in story if item.action == "joined"]


async def survivor(s: Services, case: Case) -> Case:
    """The case into which this one was joined, or the case itself."""
    seen: set[str] = set()
    while case.state is State.CLOSED and case.reason_code == JOINED and case.case_id not in seen:
        seen.add(case.case_id)
        story = await s.cases.timeline(case.case_id)
        into = [item.detail["other"] for item in story if item.action == "joined_into"]
        found = await s.cases.get(into[-1]) if into else None
        if found is None:
            break
        case = found
    return case


async def deliveries(s: Services, member: Member, now: datetime) -> None:
    """Empty every delivery that the case took something from. Raises what processing one raises."""
    gone = {item.case.case_id for item in member.all()}
    ids: dict[str, None] = {}
    for item in member.all():
        ids |= dict.fromkeys(delivery_of(seen) for seen in item.case.deliveries)
        ids |= dict.fromkeys(told.detail["delivery"] for told in item.story if "delivery" in told.detail)
    for delivery_id in ids:
        await _delivery(s, delivery_id, gone, now)


async def _delivery(s: Services, delivery_id: str, gone: set[str], now: datetime) -> None:
    delivery = await s.deliveries.get(delivery_id)
    if delivery is not None and delivery.status in _OPEN and delivery.body is not None:
        # It may name other people whose turn has not come: their hire must not be lost with this one.
        try:
            await process.process_delivery(s, delivery_id)
        except BeingForgotten as stopped:
            if stopped.case.case_id not in gone:
                raise
        delivery = await s.deliveries.get(delivery_id)
    if delivery is None:
        return
    others = tuple(item for item in delivery.case_ids if item not in gone)
    left = replace(delivery.emptied(now), case_ids=others, reason_detail=None)
    if delivery.status not in _UNRESOLVED:
        status = DeliveryStatus.PROCESSED if others else DeliveryStatus.IGNORED
        left = replace(left, status=status, reason_code=REASON)
    if left != delivery:
        await s.deliveries.update(left)


async def remove(s: Services, members: Sequence[Member], now: datetime) -> int:
    """Aliases, what was written about the cases, then the cases. Returns how many members went; one that was
    written meanwhile stays, to be looked at again."""
    family = {item.case.case_id for member in members for item in member.all()}
    await _note(s, family, now)
    await _release(s, family)
    await _blank(s, family)
    count = 0
    for member in members:
        with contextlib.suppress(StoreConflict):
            for item in member.all():
                await s.cases.erase(item.case)
            count += 1
    return count


async def _note(s: Services, family: set[str], now: datetime) -> None:
    """Before anything goes, so that a crash cannot lose the second look."""
    marker = await s.cases.read_marker(FORGOTTEN)
    noted: dict[str, str] = dict(marker.value["cases"]) if marker else {}
    noted |= {case_id: now.isoformat() for case_id in family}
    if len(noted) > NOTED_AT_MOST:
        raise RetryLater("Many people are being erased at once: this one follows later.", code="many_at_once")
    await s.cases.write_marker(FORGOTTEN, {"cases": noted}, marker.etag if marker else None)


async def _release(s: Services, family: set[str]) -> int:
    """Every alias of these cases. A case does not list them all (vendors know people under more ids than one),
    so all are read: rare work, a few hundred pages for 100,000 people."""
    page: str | None = None
    count = 0
    while True:
        found = await s.cases.walk_aliases(page)
        for alias, owner in found.items:
            if owner in family:
                await s.cases.release_alias(alias, owner)
                count += 1
        if (page := found.next_page) is None:
            return count


async def _blank(s: Services, family: set[str]) -> None:
    """The free text of earlier operations on these cases; who did what and when stays."""
    page: str | None = None
    while True:
        found = await s.cases.walk_operations(page)
        for item in found.items:
            if item.case_id in family and item.action != FORGET and item.reason != ERASED_TEXT:
                await s.cases.put_operation(replace(item, reason=ERASED_TEXT))
        if (page := found.next_page) is None:
            return


async def look_again(s: Services, now: datetime) -> int:
    """The second look at cases that were erased a worker's lifetime ago. Returns how many aliases were left.

    The case's id is taken while we look, so that nobody opens a case under it from a left-over alias meanwhile.
    """
    marker = await s.cases.read_marker(FORGOTTEN)
    noted: dict[str, str] = dict(marker.value["cases"]) if marker else {}
    ripe = {case_id for case_id, at in noted.items() if now - datetime.fromisoformat(at) >= CLAIM_LEASE}
    if marker is None or not ripe:
        return 0
    taken = [case for case_id in sorted(ripe) if (case := await _take(s, case_id, now)) is not None]
    family = {case.case_id for case in taken}
    count = await _release(s, family)
    await _blank(s, family)
    with contextlib.suppress(StoreConflict):  # whoever wrote it first looks at the same cases
        for case in taken:
            await s.cases.erase(case)
        left = {case_id: at for case_id, at in noted.items() if case_id not in ripe}
        await s.cases.write_marker(FORGOTTEN, {"cases": left}, marker.etag)
    return count


async def _take(s: Services, case_id: str, now: datetime) -> Case | None:
    """An empty case of this id; None: HR announced the person again under it, and that case has its aliases."""
    empty = Case(case_id, REASON, State.EXCLUDED, Hire(), created_at=now, updated_at=now)
    empty.next_action = NextAction(FORGET, now + RESUME, "second_look")
    try:
        return await s.cases.create(empty)
    except StoreConflict:
        return None
