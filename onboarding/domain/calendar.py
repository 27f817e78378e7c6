"""Working time and local dates: when may a message go out, and when does a day begin somewhere.

Datetimes go in aware and come out in UTC; a naive one raises ValueError. Wall-clock times are computed in the
local zone and converted once, so nights on which the clocks change come out right:

- a time that occurs twice means the first of the two (PEP 495, fold=0);
- a time that does not occur: a day or a working window begins with the first moment after the gap; a single
  appointment (`at_local`) is moved on by the length of the gap, as RFC 5545 section 3.3.5 says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: (day, alpha-2 country or "") → is this a public holiday?
Holidays = Callable[[date, str], bool]

_SATURDAY_SUNDAY = frozenset({5, 6})
#: A calendar in which nothing is a working day for this long is wrong, and would loop for ever.
_HORIZON_DAYS = 370


def no_holidays(day: date, country: str) -> bool:
    """The default of `WorkingTime.holidays`: no day is a public holiday."""
    return False


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When and where somebody works: local hours from `start` up to, not including, `end`.

    `zone` is an IANA name, `country` an alpha-2 code or None (weekend Saturday and Sunday). ValueError for an
    unknown zone, hours that are not start < end, or hours with a zone of their own.
    """

    zone: str
    country: str | None = None
    start: time = time(9)
    end: time = time(17)
    holidays: Holidays = no_holidays

    def __post_init__(self) -> None:
        _zone(self.zone)
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("Working hours are local times without a zone of their own.")
        if self.start >= self.end:
            raise ValueError("Working hours need start before end, on one day.")

    @property
    def weekend(self) -> frozenset[int]:
        """Days off, as `date.weekday()` numbers (Monday is 0)."""
        return weekend(self.country)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:  # a directory name gives an OSError
        raise ValueError("Not a zone of the IANA time zone database.") from exc


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("A naive datetime has no meaning here: give an aware one, in UTC.")
    return at.astimezone(UTC)


@lru_cache(maxsize=512)
def weekend(country: str | None) -> frozenset[int]:
    """The days off in a country (alpha-2), as `date.weekday()` numbers: CLDR's weekData, through Babel.

    Saturday and Sunday where unknown. Where CLDR has a single day (India and Uganda Sunday, Iran Friday) the
    day before counts as well: it is a half or a free day in most offices, and a message on a day off is worse
    than the same message one day later.
    """
    days = _cldr_weekend(country) if country else _SATURDAY_SUNDAY
    if len(days) == 1:
        (day,) = days
        return frozenset({day, (day - 1) % 7})
    return days


def _cldr_weekend(country: str) -> frozenset[int]:
    """Babel keeps week data per locale only, so read it from any locale of that country."""
    from babel import localedata
    from babel.core import get_global

    for language in get_global("territory_languages").get(country, {}):
        name = f"{language}_{country}"
        if localedata.exists(name):
            data = localedata.load(name)["week_data"]
            first, last = data["weekend_start"], data["weekend_end"]
            return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    return _SATURDAY_SUNDAY


def _moments(day: date, at: time, zone: ZoneInfo) -> Iterator[datetime]:
    """The UTC moments at which clocks in `zone` reach `at` on `day`: one, two, or one after a gap."""
    first, second = (
        datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(UTC) for fold in (0, 1)
    )
    if first > second:  # PEP 495: in a gap the two readings stand in reverse order, around the transition
        yield _transition(second, first, zone)
        return
    yield first
    if second > first:
        yield second


def _transition(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first whole second with the new offset; the two moments stand on either side of one transition."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def at_local(day: date, at: time, zone: str) -> datetime:
    """The UTC moment of a wall-clock time: moved on by the length of a gap, and the first of a doubled one."""
    return datetime.combine(day, at.replace(fold=0, tzinfo=None), tzinfo=_zone(zone)).astimezone(UTC)


def local_midnight(day: date, zone: str) -> datetime:
    """The first moment of `day` in `zone`, in UTC; a start date begins then.

    Where midnight is skipped (Beirut, Cairo, Santiago in spring) that is the moment after the gap; a day that
    the zone skipped altogether (Samoa, 30 December 2011) begins with the next one.
    """
    return next(_moments(day, time(0), _zone(zone)))


def _working_day(day: date, wt: WorkingTime) -> bool:
    return day.weekday() not in wt.weekend and not wt.holidays(day, wt.country or "")


def is_working(at: datetime, wt: WorkingTime) -> bool:
    """Is `at` (aware) within the working hours of a working day, by the local clock?"""
    local = _utc(at).astimezone(_zone(wt.zone))
    return wt.start <= local.time() < wt.end and _working_day(local.date(), wt)


def next_working_moment(at: datetime, wt: WorkingTime) -> datetime:
    """`at` itself when inside working time, else the start of the next working window, in UTC.

    ValueError for a naive `at`, and when no day of the coming year is a working day.
    """
    moment = _utc(at)
    if is_working(moment, wt):
        return moment
    zone = _zone(wt.zone)
    today = moment.astimezone(zone).date()
    for ahead in range(_HORIZON_DAYS):
        day = today + timedelta(days=ahead)
        if not _working_day(day, wt):
            continue
        for opening in _moments(day, wt.start, zone):
            if opening > moment and is_working(opening, wt):
                return opening
    raise ValueError("No working day within a year: the holidays of this calendar are wrong.")


def _step(day: date, wt: WorkingTime, days: int) -> date:
    for _ in range(_HORIZON_DAYS):
        if _working_day(day, wt):
            return day
        day += timedelta(days=days)
    raise ValueError("No working day within a year: the holidays of this calendar are wrong.")


def working_day_on_or_after(day: date, wt: WorkingTime) -> date:
    """`day` itself when it is a working day, else the next one."""
    return _step(day, wt, 1)


def working_day_before(day: date, wt: WorkingTime) -> date:
    """The last working day strictly before `day`."""
    return _step(day - timedelta(days=1), wt, -1)
