"""What several vendor files need, because their vendors write loosely: times without a zone or with stray blanks,
ids that may stand in several places, names of changed fields, and bodies cut down to what the mapping uses.

A time and the list of changed fields are hints, so what cannot be read of them is left out; a hire is not lost for
it. Ids and dates of employment are read strictly, by `Payload`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from onboarding.intake.dates import instant, iso_date
from onboarding.intake.payload import MAX_TEXT, Payload, Unreadable

_ZONE = re.compile(r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$")
_CLOCK = re.compile(r"[0-9][Tt ][0-9]")


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
    if not _CLOCK.search(text) or len(text) > 64:
        return None
    if "T" in text.upper():
        text = "".join(text.split())  # Deel's samples: `2024-09-05T08:32:51. 658Z`
    zoned = _ZONE.search(text) is not None
    found = instant(text if zoned else f"{text}Z")
    return Moment(found, zone_assumed=not zoned) if found else None


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


# --- pruning -------------------------------------------------------------------------------------------------


def narrowed(body: bytes, narrow: Callable[[dict[str, Any]], Mapping[str, Any]]) -> bytes:
    """A JSON object's bytes as `narrow` leaves them. Only bodies that were read come here."""
    return json.dumps(narrow(json.loads(body)), ensure_ascii=False, separators=(",", ":")).encode()


def only(value: Any, keys: Collection[str]) -> Any:
    """An object, or each object of a list, without the keys that are not among `keys`."""
    if isinstance(value, list):
        return [only(item, keys) for item in value]
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key in keys}
    return value
