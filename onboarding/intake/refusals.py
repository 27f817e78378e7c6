"""What the door refused for its signature: counted by source, day and reason, so that an operator sees it.

A secret that was changed on one side only looks like silence everywhere else. Anybody can send wrong signatures, so
counting them is bounded: one row a configured source, the reasons are the three of `signatures.verify`, days older than
`DAYS` go, and an instance writes at most `WRITES` times a minute and source; what it keeps to itself goes with the next
write, and with the process if it ends before. So a count is a lower bound. Nothing that was sent is kept, and a store
that does not answer makes no difference to the answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from onboarding.errors import RetryLater
from onboarding.ports import CaseStore, Marker

PREFIX = "refused_"
#: Writes of one instance for one source within a minute.
WRITES = 5
MINUTE = timedelta(minutes=1)
#: Days that are kept, today included (UTC).
DAYS = 7


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused from one source within the days that are kept; `reasons`: code → at least so many."""

    source: str
    reasons: Mapping[str, int]
    last: datetime

    @property
    def number(self) -> int:
        return sum(self.reasons.values())


@dataclass(slots=True)
class _Source:
    """What this process knows of one source."""

    written: deque[datetime] = field(default_factory=lambda: deque(maxlen=WRITES))
    #: (day, code) → refusals that the store has not heard of.
    untold: Counter[tuple[str, str]] = field(default_factory=Counter)

    def may_write(self, now: datetime) -> bool:
        # A clock that was set back (tests, demos) leaves times in the future: they count for nothing.
        return sum(now - MINUTE < at <= now for at in self.written) < WRITES


class Refusals:
    """Of one process."""

    def __init__(self) -> None:
        self._sources: defaultdict[str, _Source] = defaultdict(_Source)

    async def note(self, cases: CaseStore, source: str, code: str, now: datetime) -> None:
        """Count one refusal of a configured source. Never raises for a store that does not answer."""
        here = self._sources[source]
        here.untold[now.date().isoformat(), code] += 1
        if not here.may_write(now):
            return
        here.written.append(now)
        told, here.untold = here.untold, Counter()
        try:
            marker = await cases.read_marker(PREFIX + source)
            await cases.write_marker(
                PREFIX + source, _added(marker, told, now), marker.etag if marker else None
            )
        except RetryLater:
            here.untold += told  # with the next one


async def read(cases: CaseStore, source: str, now: datetime) -> Refused | None:
    """What was refused lately; None: nothing."""
    marker = await cases.read_marker(PREFIX + source)
    if marker is None:
        return None
    total: Counter[str] = Counter()
    for reasons in _kept(marker, now).values():
        total.update(reasons)
    return Refused(source, dict(sorted(total.items())), _last(marker)) if total else None


def _added(marker: Marker | None, told: Mapping[tuple[str, str], int], now: datetime) -> dict[str, Any]:
    """The row: day → code → number, and when the last one came."""
    days = _kept(marker, now) if marker else {}
    for (day, code), number in told.items():
        reasons = days.setdefault(day, {})
        reasons[code] = reasons.get(code, 0) + number
    last = max(now, _last(marker)) if marker else now
    return {"days": days, "last": last.isoformat()}


def _kept(marker: Marker, now: datetime) -> dict[str, dict[str, int]]:
    first = (now.date() - timedelta(days=DAYS - 1)).isoformat()
    return {day: dict(reasons) for day, reasons in marker.value["days"].items() if day >= first}


def _last(marker: Marker) -> datetime:
    return datetime.fromisoformat(marker.value["last"])
