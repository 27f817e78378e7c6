"""What adapters of thin events share: the table with wildcards, times since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from onboarding.domain.hire import EventType
from onboarding.intake.payload import Payload
from onboarding.intake.thin import epoch, ignored, meaning, moment

TABLE = {
    "job.*": EventType.IGNORED,
    "job.person.*": EventType.HIRE_UPDATED,
    "job.person.gone": EventType.EMPLOYEE_DELETED,
}


def test_the_longest_name_of_a_table_decides():
    names = ("job.person.gone", "job.person.new", "job.closed", "jobs", "", "job.*")
    assert [meaning(TABLE, name) for name in names] == [
        EventType.EMPLOYEE_DELETED,
        EventType.HIRE_UPDATED,
        EventType.IGNORED,
        None,
        None,
        EventType.IGNORED,
    ]


def test_what_is_not_in_the_table_says_so_and_is_not_repeated_at_length():
    assert ignored("x" * 500, known=False).warnings == ("unknown_event_type",)
    assert len(ignored("x" * 500).vendor_event_type) == 100


def test_a_time_since_1970_is_read_or_left_out():
    cases: list[tuple[Any, int, datetime | None]] = [
        (1671058841, 1, datetime(2022, 12, 14, 23, 0, 41, tzinfo=UTC)),
        (1671058841123, 1000, datetime(2022, 12, 14, 23, 0, 41, 123000, tzinfo=UTC)),
        (1671058841.5, 1, datetime(2022, 12, 14, 23, 0, 41, 500000, tzinfo=UTC)),
        (1671058841123, 1, None),  # milliseconds where seconds are documented
        (-(10**11), 1, None),
        (10**40, 1, None),
        (float("nan"), 1, None),
        (True, 1, None),
        ("1671058841", 1, None),
        (None, 1, None),
    ]
    for value, per_second, expected in cases:
        assert epoch(Payload({"t": value}), "t", per_second=per_second) == expected, value


def test_a_time_as_text_is_read_with_its_zone_or_left_out():
    assert moment(Payload({"a": {"t": " 2026-08-15T12:00:00.5+02:00 "}}), "a.t") == datetime(
        2026, 8, 15, 10, 0, 0, 500000, tzinfo=UTC
    )
    odd: list[Any] = [7, None, {}, []]
    for value in ("2026-08-15T12:00:00", "2026-08-15", "x", "", "2" * 5000, *odd):
        assert moment(Payload({"t": value}), "t") is None, value
