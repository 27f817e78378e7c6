"""The tenant's clock: starts at the real now, runs at real speed between moves, never backwards."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_FRACTION = re.compile(r"\.(\d+)")


def parse_time(text: str) -> datetime:
    """An RFC 3339 time with offset as an aware UTC datetime; seven fraction digits are accepted.

    ValueError, with a text for people, for anything else, a missing offset included.
    """
    shortened = _FRACTION.sub(lambda hit: "." + hit.group(1)[:6].ljust(6, "0"), text.strip())
    try:
        parsed = datetime.fromisoformat(shortened.replace("Z", "+00:00").replace("z", "+00:00"))
        if parsed.tzinfo is None:
            raise ValueError("the time has no offset")
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not an RFC 3339 time with an offset such as 2026-03-01T09:00:00Z") from None


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds ("PT6H"). ValueError otherwise."""
    hit = _DURATION.fullmatch(text)
    if hit is None or text in ("P", "PT") or text.endswith("T"):
        raise ValueError("not an ISO 8601 duration such as PT6H or P2D")
    return timedelta(**{unit: float(amount) for unit, amount in hit.groupdict().items() if amount})


def to_micros(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as the control interface prints it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(maxsize=1024)
def to_ticks(at: datetime) -> str:
    """Graph's form for audit and method times: seven fraction digits (directoryaudit-list, example 2)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "0Z"


def to_seconds(at: datetime) -> str:
    """Graph's form for `user.createdDateTime` and message times: whole seconds, the rest cut off."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class VirtualClock:
    """Real speed between moves. `start` None means the real now."""

    def __init__(
        self, start: datetime | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._base = (start or datetime.now(UTC)).astimezone(UTC)
        self._monotonic = monotonic
        self._mark = monotonic()

    def __getstate__(self) -> datetime:
        """What a file keeps of it: the virtual now. The monotonic clock means nothing to another process."""
        return self.now()

    def __setstate__(self, now: datetime) -> None:
        self._base, self._monotonic, self._mark = now, time.monotonic, time.monotonic()

    def now(self) -> datetime:
        return self._base + timedelta(seconds=self._monotonic() - self._mark)

    def move_to(self, to: datetime) -> datetime:
        """Jump forward and return the new now. ValueError when `to` lies in the past."""
        if to < self.now():
            raise ValueError("the clock does not run backwards")
        self._base, self._mark = to, self._monotonic()
        return self.now()

    def advance(self, by: timedelta) -> datetime:
        """Jump forward, also by nothing, and return the new now. ValueError for less than nothing."""
        now = self.now()  # read once: it runs on
        if by < timedelta(0):
            raise ValueError("the clock does not run backwards")
        self._base, self._mark = now + by, self._monotonic()
        return self.now()
