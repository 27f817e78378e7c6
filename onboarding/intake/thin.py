"""What adapters have in common whose events name the person by an id and say little else.

The mapping of such a vendor is a table, name of the event → what it means to us. A name that stands in the table
with IGNORED was looked at and concerns nobody whom we create; a name that does not stand in it is new to us, and
the event says so with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.intake.dates import YEARS, instant
from onboarding.intake.payload import Payload

#: Longest vendor's name of an event that is repeated.
MAX_NAME = 100
#: Warning on an event of a type that the mapping does not name, not even to pass it over.
UNKNOWN_EVENT = "unknown_event_type"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 10**17


def ignored(name: str, event_id: str | None = None, *, known: bool = True) -> HireEvent:
    """An event that concerns nobody whom we create. `known`: the mapping names it."""
    warnings = () if known else (UNKNOWN_EVENT,)
    return HireEvent("", EventType.IGNORED, Hire(), name[:MAX_NAME], event_id, warnings=warnings)


def meaning(table: Mapping[str, EventType], name: str) -> EventType | None:
    """What `name` means by the table, whose names may end in `*`; None when it names no such event."""
    if name in table:
        return table[name]
    starts = (key for key in table if key.endswith("*") and name.startswith(key[:-1]))
    longest = max(starts, key=len, default=None)
    return None if longest is None else table[longest]


def moment(payload: Payload, path: str) -> datetime | None:
    """RFC 3339 with a zone, as aware UTC; a hint as in `epoch`, so what is not that is left out."""
    value = payload.raw(path)
    return instant(value.strip()) if isinstance(value, str) and len(value) <= MAX_NAME else None


def epoch(payload: Payload, path: str, *, per_second: int = 1) -> datetime | None:
    """A count since 1970 as aware UTC: of seconds, or of milliseconds with `per_second=1000`.

    When something happened is a hint, so what cannot be read is left out and no hire is lost for it.
    """
    value = payload.raw(path)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LONGEST:
        return None
    try:
        found = _EPOCH + timedelta(seconds=value / per_second)
    except OverflowError:
        return None
    return found if found.year in YEARS else None
