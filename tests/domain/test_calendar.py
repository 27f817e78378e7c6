# mypy: allow-untyped-defs, allow-untyped-calls
"""Working time and local dates, on ordinary days and on the nights when clocks change."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.calendar import (
    WorkingTime,
    at_local,
    days_after,
    is_working,
    local_midnight,
    moved,
    next_working_moment,
    working_day_before,
    working_day_on_or_after,
    working_days_after,
)
from onboarding.domain.calendar.public_holidays import is_public_holiday
from tests.support.tables import check

BERLIN = WorkingTime("Europe/Berlin", "DE")
NEW_YORK = WorkingTime("America/New_York", "US")
RIYADH = WorkingTime("Asia/Riyadh", "SA")
DUBAI = WorkingTime("Asia/Dubai", "AE")
KATHMANDU = WorkingTime("Asia/Kathmandu", "NP")
GERMANY = WorkingTime("Europe/Berlin", "DE", holidays=is_public_holiday)
BAVARIA = WorkingTime("Europe/Berlin", "DE", holidays=is_public_holiday, region="DE-BY")
KIRITIMATI = WorkingTime("Pacific/Kiritimati", "KI")
CHATHAM = WorkingTime("Pacific/Chatham", "NZ")
APIA = WorkingTime("Pacific/Apia", "WS")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wt", "at", "working"),
    [
        (BERLIN, "2026-03-27T08:00", True),  # Friday 09:00
        (BERLIN, "2026-03-27T07:59:59.999999", False),
        (BERLIN, "2026-03-27T15:59:59", True),
        (BERLIN, "2026-03-27T16:00", False),  # 17:00 is outside
        (BERLIN, "2026-03-28T09:00", False),  # Saturday
        (BERLIN, "2026-03-30T07:00", True),  # Monday after the clocks moved: 09:00 is now 07:00 UTC
        (RIYADH, "2026-03-27T08:00", False),  # Friday
        (RIYADH, "2026-03-29T06:00", True),  # Sunday 09:00
        (DUBAI, "2026-03-27T05:00", True),  # Friday 09:00
        (DUBAI, "2026-03-29T05:00", False),  # Sunday
        (KATHMANDU, "2026-03-27T03:15", True),  # 09:00 at +05:45
        (KATHMANDU, "2026-03-27T03:14", False),
    ],
)
def test_working_time_is_read_off_the_local_clock(wt, at, working):
    assert is_working(utc(at), wt) is working


@pytest.mark.parametrize(
    ("wt", "at", "expected"),
    [
        (BERLIN, "2026-03-27T12:34:56", "2026-03-27T12:34:56"),  # inside: itself
        (BERLIN, "2026-03-27T16:00", "2026-03-30T07:00"),  # over the weekend and the clock change
        (BERLIN, "2026-10-23T15:00", "2026-10-26T08:00"),  # and back
        (NEW_YORK, "2026-03-06T22:00", "2026-03-09T13:00"),
        (NEW_YORK, "2026-10-30T21:00", "2026-11-02T14:00"),
        (RIYADH, "2026-03-26T14:00", "2026-03-29T06:00"),  # Thursday evening → Sunday
        (DUBAI, "2026-03-27T13:00", "2026-03-30T05:00"),  # Friday evening → Monday
        (KATHMANDU, "2024-02-28T20:00", "2024-02-29T03:15"),  # 29 February is a Thursday
        (BERLIN, "2026-12-31T23:30", "2027-01-01T08:00"),  # without public holidays
        (GERMANY, "2026-12-31T23:30", "2027-01-04T08:00"),
        (GERMANY, "2026-12-24T16:00", "2026-12-28T08:00"),
        (GERMANY, "2027-03-25T16:00", "2027-03-30T07:00"),  # Easter, and the clock change
        (BAVARIA, "2027-01-05T16:00", "2027-01-07T08:00"),  # Epiphany
        (GERMANY, "2027-01-05T16:00", "2027-01-06T08:00"),
        (KIRITIMATI, "2026-06-30T18:59:59", "2026-06-30T19:00"),  # already 1 July there
        (CHATHAM, "2026-07-01T00:00", "2026-07-01T00:00"),  # 12:45
        (CHATHAM, "2026-06-30T20:00", "2026-06-30T20:15"),  # 09:00 at +12:45
        (APIA, "2011-12-29T20:00", "2011-12-29T20:00"),  # Thursday 10:00; Friday the 30th never was
        (APIA, "2011-12-30T04:00", "2012-01-01T19:00"),  # Thursday 18:00, then Saturday: Monday 09:00 (+14)
    ],
)
def test_the_next_working_moment(wt, at, expected):
    assert next_working_moment(utc(at), wt) == utc(expected)


def test_a_moment_in_another_zone_is_the_same_moment():
    at = datetime(2026, 3, 27, 18, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert next_working_moment(at, BERLIN) == utc("2026-03-27T09:00")
    assert next_working_moment(at, BERLIN).tzinfo is UTC


def test_a_holiday_is_no_working_day():
    def unity_day(day: date, country: str) -> bool:
        return country == "DE" and (day.month, day.day) == (10, 2)

    wt = WorkingTime("Europe/Berlin", "DE", holidays=unity_day)
    assert not is_working(utc("2026-10-02T08:00"), wt)
    assert next_working_moment(utc("2026-10-02T08:00"), wt) == utc("2026-10-05T07:00")
    assert working_day_before(date(2026, 10, 5), wt) == date(2026, 10, 1)
    assert is_working(utc("2026-10-02T15:00"), WorkingTime("America/New_York", "US", holidays=unity_day))


def test_a_calendar_without_working_days_is_refused_and_does_not_loop():
    wt = WorkingTime("UTC", None, holidays=lambda day, country: True)
    for call in (
        lambda: next_working_moment(utc("2026-01-01T00:00"), wt),
        lambda: working_day_on_or_after(date(2026, 1, 1), wt),
        lambda: working_day_before(date(2026, 1, 1), wt),
    ):
        with pytest.raises(ValueError, match="No working day"):
            call()


@pytest.mark.parametrize(
    ("wt", "day", "on_or_after", "before"),
    [
        (BERLIN, date(2026, 3, 28), date(2026, 3, 30), date(2026, 3, 27)),
        (BERLIN, date(2026, 3, 30), date(2026, 3, 30), date(2026, 3, 27)),
        (BERLIN, date(2024, 2, 29), date(2024, 2, 29), date(2024, 2, 28)),
        (RIYADH, date(2026, 3, 27), date(2026, 3, 29), date(2026, 3, 26)),
        (DUBAI, date(2026, 3, 29), date(2026, 3, 30), date(2026, 3, 27)),
    ],
)
def test_working_days_around_a_date(wt, day, on_or_after, before):
    assert working_day_on_or_after(day, wt) == on_or_after
    assert working_day_before(day, wt) == before


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-28T23:00"),
        (date(2026, 3, 30), "Europe/Berlin", "2026-03-29T22:00"),
        (date(2024, 2, 29), "America/New_York", "2024-02-29T05:00"),
        (date(2026, 7, 1), "Asia/Kathmandu", "2026-06-30T18:15"),
        (date(2026, 7, 1), "Pacific/Apia", "2026-06-30T11:00"),
        (date(2026, 7, 1), "Pacific/Kiritimati", "2026-06-30T10:00"),
        (date(2026, 7, 1), "Pacific/Pago_Pago", "2026-07-01T11:00"),
        (date(2026, 3, 29), "Asia/Beirut", "2026-03-28T22:00"),  # 00:00 is skipped: the day begins at 01:00
        (date(2026, 9, 6), "America/Santiago", "2026-09-06T04:00"),  # the same
        (date(2026, 11, 1), "America/Havana", "2026-11-01T04:00"),  # 00:00 comes twice: the first
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00"),  # a day that never was: the next one begins
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00"),
        (date(1919, 3, 31), "America/Toronto", "1919-03-31T04:30"),  # 23:30 → 00:30: the day begins at 00:30
    ],
)
def test_a_day_begins_at_its_first_local_moment(day, zone, expected):
    assert local_midnight(day, zone) == utc(expected)


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), "Europe/Berlin", "2026-03-29T01:30"),  # skipped: moved on by an hour
        (date(2026, 10, 25), time(2, 30), "Europe/Berlin", "2026-10-25T00:30"),  # doubled: the first
        (date(2026, 10, 25), time(2, 30, fold=1), "Europe/Berlin", "2026-10-25T00:30"),
        (date(2026, 3, 8), time(2, 30), "America/New_York", "2026-03-08T07:30"),
        (date(2026, 3, 8), time(8), "America/New_York", "2026-03-08T12:00"),
        (date(2026, 3, 8), time(8), "Asia/Kathmandu", "2026-03-08T02:15"),
    ],
)
def test_a_wall_clock_time_becomes_one_moment(day, at, zone, expected):
    assert at_local(day, at, zone) == utc(expected)


def test_a_window_that_opens_in_the_gap_opens_with_the_first_moment_after_it():
    night = WorkingTime(
        "Europe/Berlin", "SA", start=time(2, 30), end=time(6)
    )  # Sunday is a working day there
    assert next_working_moment(utc("2026-03-29T00:59:59"), night) == utc("2026-03-29T01:00")


def test_a_window_within_the_gap_does_not_exist_that_night():
    night = WorkingTime("Europe/Berlin", "SA", start=time(2, 10), end=time(2, 50))
    assert next_working_moment(utc("2026-03-29T00:30"), night) == utc("2026-03-30T00:10")


def test_a_window_that_comes_twice_opens_twice():
    night = WorkingTime("Europe/Berlin", "SA", start=time(2, 30), end=time(2, 50))
    assert next_working_moment(utc("2026-10-25T00:00"), night) == utc("2026-10-25T00:30")
    assert next_working_moment(utc("2026-10-25T00:55"), night) == utc("2026-10-25T01:30")


def test_a_naive_datetime_is_refused():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        is_working(naive, BERLIN)
    with pytest.raises(ValueError, match="naive"):
        next_working_moment(naive, BERLIN)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe", "/etc/localtime", "x\0y"])
def test_a_zone_that_does_not_exist_is_refused(zone):
    with pytest.raises(ValueError, match="IANA"):
        WorkingTime(zone)
    with pytest.raises(ValueError, match="IANA"):
        local_midnight(date(2026, 1, 1), zone)


@pytest.mark.parametrize(
    ("start", "end"), [(time(9), time(9)), (time(17), time(9)), (time(9, tzinfo=UTC), time(17, tzinfo=UTC))]
)
def test_hours_that_are_no_window_of_one_day_are_refused(start, end):
    with pytest.raises(ValueError, match="Working hours"):
        WorkingTime("UTC", None, start, end)


def test_days_are_counted_without_the_public_holidays_between():
    check(
        {
            (date(2026, 12, 23), 0): date(2026, 12, 23),
            (date(2026, 12, 23), 2): date(2026, 12, 26),  # the 25th is a Friday
            (date(2026, 12, 23), 3): date(2026, 12, 27),  # the 26th is a Saturday anyway
            (date(2027, 3, 25), 2): date(2027, 3, 28),
            (date(2027, 3, 25), 5): date(2027, 4, 1),
            (date(2026, 9, 7), 10): date(2026, 9, 17),
        },
        lambda day, days: days_after(day, days, GERMANY),
    )
    assert days_after(date(2027, 3, 25), 5, BERLIN) == date(2027, 3, 30)
    assert days_after(date(2026, 1, 1), 1_000_000, GERMANY) > date(4763, 1, 1)


def test_working_days_are_counted():
    check(
        {
            (date(2026, 12, 24), 0): date(2026, 12, 24),
            (date(2026, 12, 24), 1): date(2026, 12, 28),
            (date(2026, 12, 26), 0): date(2026, 12, 28),
            (date(2027, 3, 25), 3): date(2027, 4, 1),
        },
        lambda day, days: working_days_after(day, days, GERMANY),
    )


def test_a_date_does_not_leave_what_a_calendar_can_hold():
    far = date(2026, 1, 1)
    assert moved(far, -1_000_000) == moved(far, -(10**9)) == date(2, 1, 1)
    assert moved(far, 10**7) == moved(far, 10**12) == date(9997, 12, 31)
    assert moved(far, 31) == date(2026, 2, 1)
    for day in (date.min, date.max):
        for call in (
            lambda day=day: local_midnight(day, "Asia/Tokyo"),
            lambda day=day: at_local(day, time(9), "America/New_York"),
            lambda day=day: working_day_before(day, GERMANY),
            lambda day=day: next_working_moment(datetime.combine(day, time(9), tzinfo=UTC), GERMANY),
        ):
            with pytest.raises(ValueError, match="year 2 to 9997"):
                call()


# --- the nights on which clocks change, in every zone of the world ------------------------------------------


def changes(zone: str, year: int) -> Iterator[date]:
    """Days of `year` around which the zone's offset changes."""
    info, day = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    before = day.astimezone(info).utcoffset()
    for _ in range(365):
        day += timedelta(days=1)
        after = day.astimezone(info).utcoffset()
        if after != before:
            yield day.date()
        before = after


def test_no_night_skips_or_doubles_a_day_or_a_working_window():
    """Around each change: days begin in order, and each has one window, eight hours long and open where it says."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    nights = [(zone, day) for zone in names if "/" in zone for day in changes(zone, 2026)]
    assert len(nights) > 250
    for zone, night in nights:
        wt = WorkingTime(zone, None, holidays=lambda day, place: False)
        days = [night + timedelta(days=n) for n in range(-3, 4)]
        begins = [local_midnight(day, zone) for day in days]
        for day, begin, end in zip(days, begins, begins[1:], strict=False):
            assert timedelta(hours=22) <= end - begin <= timedelta(hours=26), (zone, day)  # Troll: two hours
            if not wt.is_working_day(day):
                assert next_working_moment(begin, wt) >= end, (zone, day)
                continue
            opening = next_working_moment(begin, wt)
            assert opening.astimezone(ZoneInfo(zone)).time() == time(9), (zone, day)
            assert begin < opening < end, (zone, day)
            closing = at_local(day, time(17), zone)
            assert closing - opening == timedelta(hours=8), (zone, day)
            assert next_working_moment(closing, wt) >= end, (zone, day)


ZONES = ["Europe/Berlin", "America/New_York", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "UTC"]
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
hours = st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] < pair[1])


@settings(max_examples=300, deadline=None)
@given(moments, st.sampled_from(ZONES), st.sampled_from(["DE", "SA", "AE", None]), hours)
def test_the_next_working_moment_is_working_and_none_lies_before_it(at, zone, country, window):
    wt = WorkingTime(zone, country, window[0].replace(fold=0), window[1].replace(fold=0))
    found = next_working_moment(at, wt)
    assert found >= at
    assert found.tzinfo is UTC
    assert is_working(found, wt)
    assert next_working_moment(found, wt) == found
    span = found - at
    for part in range(50):
        probe = at + span * part / 50
        assert probe == found or not is_working(probe, wt)


everywhere = st.sampled_from(
    [
        ("Asia/Riyadh", "SA"),
        ("Asia/Kathmandu", "NP"),
        ("Pacific/Kiritimati", "KI"),
        ("America/St_Johns", "CA"),
        ("Europe/Kyiv", "UA"),
        ("Asia/Kolkata", "IN"),
        ("Pacific/Apia", "WS"),
        ("Australia/Lord_Howe", "AU"),
    ]
)
any_moment = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=200, deadline=None)
@given(any_moment, st.integers(0, 10**7), everywhere)
def test_with_holidays_too_the_next_moment_is_working_and_later_ones_are_not_earlier(at, seconds, where):
    wt = WorkingTime(where[0], where[1], holidays=is_public_holiday)
    found, later = next_working_moment(at, wt), next_working_moment(at + timedelta(seconds=seconds), wt)
    assert at <= found <= later
    assert is_working(found, wt)
    assert next_working_moment(found, wt) == found
    day = found.astimezone(ZoneInfo(wt.zone)).date()
    assert working_day_on_or_after(day, wt) == day
    assert working_day_on_or_after(at.astimezone(ZoneInfo(wt.zone)).date(), wt) <= day
    assert working_day_before(day, wt) < day


@settings(max_examples=100, deadline=None)
@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.integers(0, 400), everywhere)
def test_counting_days_goes_forward(day, days, where):
    wt = WorkingTime(where[0], where[1], holidays=is_public_holiday)
    assert day + timedelta(days=days) <= days_after(day, days, wt) < days_after(day, days + 1, wt)
    few = days % 20
    assert working_days_after(day, few, wt) < working_days_after(day, few + 1, wt)


@settings(max_examples=300, deadline=None)
@given(
    st.dates(date(1970, 1, 1), date(2037, 12, 31)), st.sampled_from([*ZONES, "Africa/Cairo", "Pacific/Apia"])
)
def test_no_moment_of_the_day_lies_before_its_midnight(day, zone):
    begin = local_midnight(day, zone)
    local = begin.astimezone(ZoneInfo(zone))
    before = (begin - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    assert local.date() >= day
    assert before.date() < day


def test_importing_the_module_loads_no_language_data():
    import subprocess

    code = "import sys, onboarding.domain.calendar; print('babel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
