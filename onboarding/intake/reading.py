"""How vendor files read what vendors write loosely: an event's name, when it happened, whom it is about, what changed.

The mapping of a vendor is a table, name of the event → what it means to us. A name that stands in the table with
IGNORED was looked at and concerns nobody whom we create; a name that does not stand in it is new to us, and the event
says so with a warning.

A time and the list of changed fields are hints, so what cannot be read of them is left out; a hire is not lost for
it. Ids are read strictly, by `Payload`; so are dates of employment, or by `day_or_warning` where the sender could do
nothing about a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.intake.dates import YEARS, instant, iso_date
from onboarding.intake.payload import MAX_TEXT, Payload, Unreadable

#: Longest vendor's name of an event that is repeated.
MAX_NAME = 100
#: Longest text that is looked at for a time.
MAX_TIME = 64
#: Warning on an event of a type that the mapping does not name, not even to pass it over.
UNKNOWN_EVENT = "unknown_event_type"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 10**17
_ZONE = re.compile(r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$")
_CLOCK = re.compile(r"[0-9][Tt ][0-9]")


# --- names of events -----------------------------------------------------------------------------------------


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


# --- times and days ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, as far as the vendor says so. `zone_assumed`: it named no zone, UTC was taken."""

    at: datetime | None = None
    zone_assumed: bool = False


def moment(payload: Payload, *paths: str) -> Moment:
    """The first of these that is a time: ISO 8601 with or without a zone, blanks inside allowed."""
    for path in paths:
        text = payload.raw(path)
        found = _moment(text) if isinstance(text, str) else None
        if found is not None:
            return found
    return Moment()


def _moment(text: str) -> Moment | None:
    text = text.strip()
    if not _CLOCK.search(text) or len(text) > MAX_TIME:
        return None
    if "T" in text.upper():
        text = "".join(text.split())  # Deel's samples: `2024-09-05T08:32:51. 658Z`
    zoned = _ZONE.search(text) is not None
    found = instant(text if zoned else f"{text}Z")
    return Moment(found, zone_assumed=not zoned) if found else None


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


def day(payload: Payload, path: str, zone: ZoneInfo | None = None) -> date | None:
    """The day of an ISO date or of a point in time: in `zone`, or as it is written. Raises Unreadable."""
    text = payload.optional_text(path)
    if text is None:
        return None
    at = instant(text)
    found = at.astimezone(zone).date() if at and zone else iso_date(text[:10] if at else text)
    if found is None:
        raise Unreadable("expected_iso_date", payload.place(path))
    return found


def day_or_warning(
    payload: Payload, path: str, field: str, read: Callable[[str], date | None] = iso_date
) -> tuple[date | None, tuple[str, ...]]:
    """A date in the one format that `read` knows; what is none is left out, with the warning that tells HR of it."""
    value = payload.raw(path)
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None, ()
    found = read(text) if isinstance(text, str) else None
    return found, () if found else (f"bad_date:{field}",)


# --- addresses -----------------------------------------------------------------------------------------------


def address_of_type(items: Sequence[Payload], kind: str) -> str | None:
    """The first address of this type."""
    found = (item.optional_text("value") for item in items if _type(item) == kind)
    return next((value for value in found if value), None)


def unmarked(items: Sequence[Payload], *, personal: str, work: str = "work") -> tuple[str, ...]:
    """The warning that tells HR of an address that nobody may be written to: its type does not say whose it is."""
    if address_of_type(items, personal):
        return ()
    return ("address_type:personal_email",) if any(_type(item) != work for item in items) else ()


def _type(item: Payload) -> str:
    return (item.optional_text("type") or "").strip().lower()


# --- whom, and what of them ----------------------------------------------------------------------------------


def first_id(payload: Payload, *paths: str) -> str | None:
    """The first of these ids that is there. Raises Unreadable where one has a type that no id has."""
    return next((found for path in paths if (found := payload.optional_identifier(path))), None)


def names(payload: Payload, path: str, key: str = "id") -> tuple[str, ...]:
    """Names of changed fields: texts, or objects with the text under `key`. What is neither is left out."""
    value = payload.raw(path)
    found = []
    for item in value if isinstance(value, list) else []:
        name = item.get(key) if isinstance(item, dict) else item
        if isinstance(name, str) and 0 < len(name.strip()) <= MAX_TEXT:
            found.append(name.strip())
    return tuple(found)
