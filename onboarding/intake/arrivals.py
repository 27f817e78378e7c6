"""Is this one hire of many? Mass arrivals take the bulk queue, so that single hires overtake them.

A source that brings more than `BULK_AFTER` events within a minute is in a mass arrival, for a minute from the last time
that this was so. An instance sees that for itself at once; what it sees is added up in the store, in one row a source,
so that many instances that see a few each know it too. An instance tells the store each `TELL` events, and in a mass
arrival each half minute: most calls cost nothing, and a single hire costs nothing at all. All of it is a hint: a store
that does not answer makes no difference to a delivery that is stored already.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from onboarding.errors import StoreConflict, Unavailable
from onboarding.ports import BULK_QUEUE, WORK_QUEUE, CaseStore, Marker

PREFIX = "arrivals_"
#: More events of one source than this within a minute are a mass arrival.
BULK_AFTER = 20
#: Events that an instance keeps to itself.
TELL = 5
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class _Source:
    """What this process knows of one source."""

    #: (when, events) of the last minute, newest last; the older ones only as far as they matter.
    seen: deque[tuple[datetime, int]] = field(default_factory=deque)
    #: Events of this minute that the store has not heard of.
    untold: int = 0
    minute: int = 0
    #: The mass arrival goes on until then, as far as the store has said.
    mass_until: datetime | None = None

    def note(self, events: int, now: datetime) -> int:
        """Events of the last minute."""
        # A clock that was set back (tests, demos) leaves times in the future: they count for nothing.
        while self.seen and not now - MINUTE < self.seen[0][0] <= now:
            self.seen.popleft()
        self.seen.append((now, events))
        total = sum(number for _, number in self.seen)
        while total - self.seen[0][1] > BULK_AFTER:
            total -= self.seen.popleft()[1]
        minute = _minute(now)[0]
        self.untold = events + (self.untold if minute == self.minute else 0)
        self.minute = minute
        return total

    def known(self, now: datetime) -> bool:
        return self.mass_until is not None and now < self.mass_until <= now + MINUTE


class Arrivals:
    """Of one process."""

    def __init__(self) -> None:
        self._sources: defaultdict[str, _Source] = defaultdict(_Source)

    async def queue_for(self, cases: CaseStore, source: str, now: datetime, events: int = 1) -> str:
        """Note one delivery with so many events, and say which queue it takes."""
        here = self._sources[source]
        mass = here.note(events, now) > BULK_AFTER
        if here.untold >= TELL and not (here.known(now) and _fresh(here, now)):
            with contextlib.suppress(StoreConflict, Unavailable):
                await _tell(cases, source, here, now)
        return BULK_QUEUE if mass or here.known(now) else WORK_QUEUE


def _fresh(here: _Source, now: datetime) -> bool:
    return here.mass_until is not None and here.mass_until - now > MINUTE / 2


async def _tell(cases: CaseStore, source: str, here: _Source, now: datetime) -> None:
    """Add what was seen here to the row, and take over what it says."""
    told, here.untold = here.untold, 0
    try:
        marker = await cases.read_marker(PREFIX + source)
        value = _added(marker, told, now)
        await cases.write_marker(PREFIX + source, value, marker.etag if marker else None)
    except (StoreConflict, Unavailable):
        here.untold += told
        raise
    until = value["mass_until"]
    here.mass_until = None if until is None else datetime.fromisoformat(until)


def _added(marker: Marker | None, events: int, now: datetime) -> dict[str, Any]:
    """The row: events of this minute and of the one before, and until when the arrival is one of many."""
    minute, gone = _minute(now)
    value = dict(marker.value) if marker else {}
    last, count, before = int(value.get("minute", 0)), int(value.get("count", 0)), int(value.get("before", 0))
    if last != minute:
        before, count = (count, 0) if last == minute - 1 else (0, 0)
    count += events
    until = value.get("mass_until")
    # Of the minute before counts what lies less than a minute back, taken as spread evenly.
    if count + before * (1 - gone) > BULK_AFTER:
        until = (now + MINUTE).isoformat()
    return {"minute": minute, "count": count, "before": before, "mass_until": until}


def _minute(now: datetime) -> tuple[int, float]:
    """The number of the minute, and the share of it that has gone."""
    minute, gone = divmod(now.timestamp(), MINUTE.total_seconds())
    return int(minute), gone / MINUTE.total_seconds()
