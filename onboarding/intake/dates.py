"""Readers of dates and times, each bound to one format. Nothing here sniffs: 04/05 is two different days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

#: Years that a date of employment may have; outside it is a typing error, and overflows in time zones.
YEARS = range(1900, 2200)

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_US_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_EU_DATE = re.compile(r"([0-9]{2})[./]([0-9]{2})[./]([0-9]{4})")
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_ISO_DAY = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ][0-9:.,]{4,20})?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_EPOCH = re.compile(r"-?[0-9]{1,13}")
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))"
)


def iso_date(text: str) -> date | None:
    """`2026-02-28`; None when it is not exactly that, or no such day."""
    found = _ISO_DATE.fullmatch(text)
    return _day(found[1], found[2], found[3]) if found else None


def us_date(text: str) -> date | None:
    """`02/28/2026`, month first; None when it is not exactly that, or no such day."""
    found = _US_DATE.fullmatch(text)
    return _day(found[3], found[1], found[2]) if found else None


def eu_date(text: str) -> date | None:
    """`28.02.2026` or `28/02/2026`, day first; None when it is not exactly that, or no such day."""
    found = _EU_DATE.fullmatch(text)
    return _day(found[3], found[2], found[1]) if found else None


def compact_date(text: str) -> date | None:
    """`20260228`; None when it is not exactly that, or no such day."""
    found = _COMPACT_DATE.fullmatch(text)
    return _day(found[1], found[2], found[3]) if found else None


def iso_day(text: str) -> date | None:
    """The day of an ISO date or date-time, as it is written: the sender's own day, whatever the offset says."""
    found = _ISO_DAY.fullmatch(text)
    return _day(found[1], found[2], found[3]) if found else None


def epoch_day(text: str) -> date | None:
    """The day in UTC of milliseconds since 1970, as digits; None when it is not that."""
    if not _EPOCH.fullmatch(text):
        return None
    found = date(1970, 1, 1) + timedelta(days=int(text) // 86_400_000)
    return found if found.year in YEARS else None


#: Name in a field map → reader. Each knows one format.
DATE_FORMATS: dict[str, Callable[[str], date | None]] = {
    "iso": iso_date,
    "iso-day": iso_day,
    "us": us_date,
    "eu": eu_date,
    "compact": compact_date,
    "epoch-ms": epoch_day,
}


def instant(text: str) -> datetime | None:
    """RFC 3339 with a zone, as aware UTC; None when it is not exactly that. A leap second reads as :59."""
    found = _INSTANT.fullmatch(text)
    if found is None or int(found[1]) not in YEARS:
        return None
    offset = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0))
    try:
        zone = timezone(-offset if found[8] == "-" else offset)
        year, month, day, hour, minute, second = (int(found[n]) for n in range(1, 7))
        micros = int((found[7] or "0")[:6].ljust(6, "0"))
        return datetime(year, month, day, hour, minute, min(second, 59), micros, zone).astimezone(UTC)
    except ValueError:
        return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if int(year) in YEARS else None
    except ValueError:
        return None
