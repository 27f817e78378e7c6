"""NCRONTAB schedules as the Functions host reads them: six fields, in UTC.

`{second} {minute} {hour} {day} {month} {day-of-week}`; five fields mean "second 0". Names (`jan`, `Monday`),
lists, ranges and steps are allowed; **day and day-of-week must both match** (unlike Vixie cron). Source:
"Timer trigger for Azure Functions", NCRONTAB expressions. `?`, `L`, `W`, `#` and macros do not exist there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
#: Field, lowest and highest value, names (the first stands for the lowest value).
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, tuple(_MONTHS)),
    ("day of the week", 0, 6, tuple(_DAYS)),
)
_TIMESPAN = re.compile(r"^-?(\d+\.)?\d{1,2}:\d{1,2}(:\d{1,2})?(\.\d+)?$")
#: Further ahead than any calendar repeats (29 February on a given weekday comes back within 40 years).
_HORIZON_DAYS = 366 * 41


class BadSchedule(ValueError):
    """The expression is not NCRONTAB; the text says which part."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression. Sets are sorted, values as written in the fields (Sunday is 0)."""

    expression: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def after(self, moment: datetime) -> datetime | None:
        """First occurrence strictly after `moment` (aware), in UTC; None if it never comes (30 February)."""
        start = (moment.astimezone(UTC) + timedelta(seconds=1)).replace(microsecond=0)
        first = self._time_from(start.time()) if self._matches(start.date()) else None
        if first is not None:
            return datetime.combine(start.date(), first, UTC)
        midnight = time(self.hours[0], self.minutes[0], self.seconds[0])
        for ahead in range(1, _HORIZON_DAYS):
            day = start.date() + timedelta(days=ahead)
            if self._matches(day):
                return datetime.combine(day, midnight, UTC)
        return None

    def _matches(self, day: date) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            # date.isoweekday(): Monday 1 … Sunday 7
            and day.isoweekday() % 7 in self.weekdays
        )

    def _time_from(self, earliest: time) -> time | None:
        for hour in self.hours:
            for minute in self.minutes:
                if (hour, minute) < (earliest.hour, earliest.minute):
                    continue
                for second in self.seconds:
                    if time(hour, minute, second) >= earliest:
                        return time(hour, minute, second)
        return None


def parse(expression: str) -> Schedule:
    """Parse five or six fields. Raises BadSchedule."""
    text = expression.strip()
    if _TIMESPAN.match(text):
        raise BadSchedule("a TimeSpan works on App Service plans only; write it as NCRONTAB")
    parts = text.split()
    if len(parts) == 5:
        parts = ["0", *parts]
    if len(parts) != 6:
        raise BadSchedule(f"six fields are needed (second minute hour day month weekday), found {len(parts)}")
    sets = [_field(part, *_FIELDS[position]) for position, part in enumerate(parts)]
    schedule = Schedule(text, *sets)
    if schedule.after(datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise BadSchedule("no such date exists")
    return schedule


def _field(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> tuple[int, ...]:
    values: set[int] = set()
    for item in text.split(","):
        body, slash, step_text = item.partition("/")
        step = _number(step_text, name, 1, high) if slash else 1
        if body == "*":
            first, last = low, high
        else:
            start, dash, end = body.partition("-")
            first = _value(start, name, low, high, names)
            # "5/15" is "from 5, every 15", as in NCrontab.
            last = _value(end, name, low, high, names) if dash else (high if slash else first)
        if first > last:
            raise BadSchedule(f"the range of the {name} runs backwards")
        values.update(range(first, last + 1, step))
    return tuple(sorted(values))


def _value(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if len(text) >= 3 and text.isalpha():
        for offset, full in enumerate(names):
            if full.startswith(text.lower()):
                return low + offset
    return _number(text, name, low, high)


def _number(text: str, name: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise BadSchedule(f"the {name} must be from {low} to {high}")
    return int(text)
