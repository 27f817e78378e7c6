"""Working time and local dates: when may a message go out, and when does a day begin somewhere.

Datetimes go in aware and come out in UTC; a naive one raises ValueError. Wall-clock times are computed in the
local zone and converted once, so nights on which the clocks change come out right:

- a time that occurs twice means the first of the two (PEP 495, fold=0);
- a time that does not occur: a day or a working window begins with the first moment after the gap; a single
  appointment (`at_local`) is moved on by the length of the gap, as RFC 5545 section 3.3.5 says.

Dates are good from year 2 to 9997; beyond, a zone or a search would leave what `datetime` can hold: ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onboarding.domain.calendar.weekends import weekend as weekend

#: (day, place: an ISO 3166-2 region, else an alpha-2 country, else "") → is this a public holiday?
Holidays = Callable[[date, str], bool]

EARLIEST = date(2, 1, 1)
LATEST = date(9997, 12, 31)
#: A calendar in which nothing is a working day for this long is wrong, and would loop for ever.
_HORIZON_DAYS = 370


def no_holidays(day: date, place: str) -> bool:
    """The default of `WorkingTime.holidays`: no day is a public holiday."""
    return False


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When and where somebody works: local hours from `start` up to, not including, `end`.

    `zone` is an IANA name, `country` an alpha-2 code or None (weekend Saturday and Sunday), `region` an ISO 3166-2
    code within it. ValueError for an unknown zone, hours that are not start < end, or hours with a zone of their own.
    """

    zone: str
    country: str | None = None
    start: time = time(9)
    end: time = time(17)
    holidays: Holidays = no_holidays
    region: str | None = None

    def __post_init__(self) -> None:
        _zone(self.zone)
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("Working hours are local times without a zone of their own.")
        if self.start >= self.end:
            raise ValueError("Working hours need start before end, on one day.")

    @property
    def weekend(self) -> frozenset[int]:
        """Days off, as `date.weekday()` numbers (Monday is 0)."""
        return weekend(self.country, self.region)

    def is_working_day(self, day: date) -> bool:
        """Neither weekend nor public holiday. The weekend is asked first: it costs nothing."""
        return day.weekday() not in self.weekend and not self.holidays(day, self.region or self.country or "")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:  # a directory name gives an OSError
        raise ValueError("Not a zone of the IANA time zone database.") from exc


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("A naive datetime has no meaning here: give an aware one, in UTC.")
    _in_range(at.date())
    return at.astimezone(UTC)


def _in_range(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError("The calendar goes from year 2 to 9997.")
    return day


def days_after(day: date, days: int, wt: WorkingTime) -> date:
    """`days` calendar days after `day`; public holidays in between are not counted, weekends are.

    A holiday on a weekend day takes nothing away. Beyond a year it is calendar days: nobody counts that far.
    """
    near = min(days, _HORIZON_DAYS)
    for _ in range(_HORIZON_DAYS * 2):
        if not near:
            break
        day = moved(day, 1)
        if day.weekday() in wt.weekend or wt.is_working_day(day):
            near -= 1
    return moved(day, max(days - _HORIZON_DAYS, 0))


def moved(day: date, days: int) -> date:
    """`day` that many days later (negative: earlier), kept within what this calendar can hold."""
    try:
        return min(max(day + timedelta(days=days), EARLIEST), LATEST)
    except OverflowError:
        return LATEST if days > 0 else EARLIEST


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
    local = datetime.combine(_in_range(day), at.replace(fold=0, tzinfo=None), tzinfo=_zone(zone))
    return local.astimezone(UTC)


def local_midnight(day: date, zone: str) -> datetime:
    """The first moment of `day` in `zone`, in UTC; a start date begins then.

    Where midnight is skipped (Beirut, Cairo, Santiago in spring) that is the moment after the gap; a day that
    the zone skipped altogether (Samoa, 30 December 2011) begins with the next one.
    """
    return next(_moments(_in_range(day), time(0), _zone(zone)))


def is_working(at: datetime, wt: WorkingTime) -> bool:
    """Is `at` (aware) within the working hours of a working day, by the local clock?"""
    local = _utc(at).astimezone(_zone(wt.zone))
    return wt.start <= local.time() < wt.end and wt.is_working_day(local.date())


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
        if not wt.is_working_day(day):
            continue
        for opening in _moments(day, wt.start, zone):
            if opening > moment and is_working(opening, wt):
                return opening
    raise ValueError("No working day within a year: the holidays of this calendar are wrong.")


def _step(day: date, wt: WorkingTime, days: int) -> date:
    for _ in range(_HORIZON_DAYS):
        if wt.is_working_day(_in_range(day)):
            return day
        day += timedelta(days=days)
    raise ValueError("No working day within a year: the holidays of this calendar are wrong.")


def working_day_on_or_after(day: date, wt: WorkingTime) -> date:
    """`day` itself when it is a working day, else the next one."""
    return _step(day, wt, 1)


def working_day_before(day: date, wt: WorkingTime) -> date:
    """The last working day strictly before `day`."""
    return _step(_in_range(day) - timedelta(days=1), wt, -1)


def working_days_after(day: date, days: int, wt: WorkingTime) -> date:
    """The working day that comes `days` working days after the first one on or after `day`."""
    day = working_day_on_or_after(day, wt)
    for _ in range(days):
        day = working_day_on_or_after(day + timedelta(days=1), wt)
    return day
