"""Times as every view prints them."""

from __future__ import annotations

from datetime import UTC, date, datetime


def stamp(value: datetime | date | None) -> str | None:
    """RFC 3339 in UTC with whole seconds; a date as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return value.isoformat() if value else None
