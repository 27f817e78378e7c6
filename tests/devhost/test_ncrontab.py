"""NCRONTAB in UTC, as "Timer trigger for Azure Functions" describes it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from onboarding.devhost.ncrontab import BadSchedule, parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "now", "expected"),
    [
        ("0 */5 * * * *", "2026-11-22T10:02:11", "2026-11-22T10:05:00"),
        ("0 */5 * * * *", "2026-11-22T10:05:00", "2026-11-22T10:10:00"),
        ("*/5 * * * *", "2026-11-22T10:05:00", "2026-11-22T10:10:00"),
        ("30 */5 * * * *", "2026-11-22T23:56:00", "2026-11-23T00:00:30"),
        ("0 30 9 * jan mon", "2026-11-22T10:00:00", "2027-01-04T09:30:00"),
        ("0 0 9 * * Monday-Friday", "2026-11-20T09:00:00", "2026-11-23T09:00:00"),
        ("0 0 9 * * 0", "2026-11-16T09:00:00", "2026-11-22T09:00:00"),
        ("0 0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 29 2 mon", "2028-03-01T00:00:00", "2044-02-29T00:00:00"),
        ("5/20 0 9-11/2,23 * * *", "2026-11-22T09:00:45", "2026-11-22T11:00:05"),
        ("0 0 12 1,15 * *", "2026-12-15T12:00:00", "2027-01-01T12:00:00"),
        ("59 59 23 31 12 *", "2026-12-31T23:59:58.999999", "2026-12-31T23:59:59"),
        ("* * * * * *", "2026-11-22T10:00:00.5", "2026-11-22T10:00:01"),
    ],
)
def test_next_occurrence_is_strictly_later(expression: str, now: str, expected: str) -> None:
    assert parse(expression).after(at(now)) == at(expected)


def test_day_and_weekday_must_both_match() -> None:
    """Vixie cron would take either: the 13th or any Friday."""
    assert parse("0 0 0 13 * fri").after(at("2026-11-14T00:00:00")) == at("2027-08-13T00:00:00")


@pytest.mark.parametrize("night", ["2026-03-29T00:59:00", "2026-10-25T00:59:00"])
def test_nights_of_clock_change_are_ordinary_because_ticks_are_utc(night: str) -> None:
    berlin_like = timezone(timedelta(hours=2))
    found = parse("0 0 * * * *").after(at(night).astimezone(berlin_like))
    assert found == at(night) + timedelta(minutes=1)
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "expression",
    [
        "61 * * * * *",
        "* * * *",
        "* * * * * * *",
        "0 0 0 30 2 *",
        "0 0 24 * * *",
        "0 */0 * * * *",
        "0 0 0 * * 7",
        "0 0 5-3 * * *",
        "0 0 0 L * *",
        "@daily",
        "00:05:00",
        "0 0 0 * foo *",
        "",
        "0 0 0 ٣ * *",
        "0 , * * * *",
        "0 1- * * * *",
    ],
)
def test_what_the_host_would_not_take_is_refused(expression: str) -> None:
    with pytest.raises(BadSchedule):
        parse(expression)
