"""What vendors write loosely: a hint that cannot be read is left out; an id and a day never are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from onboarding.domain.hire import EventType
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.reading import Moment, day, epoch, first_id, ignored, meaning, moment, names

TABLE = {
    "job.*": EventType.IGNORED,
    "job.person.*": EventType.HIRE_UPDATED,
    "job.person.gone": EventType.EMPLOYEE_DELETED,
}


@pytest.mark.parametrize(
    ("text", "said", "assumed"),
    [
        ("2026-08-03T13:06:26.915906", "2026-08-03T13:06:26.915906+00:00", True),
        ("2026-08-03T13:06:26Z", "2026-08-03T13:06:26+00:00", False),
        ("2026-08-03T13:06:26+0200", "2026-08-03T11:06:26+00:00", False),
        ("2026-08-03T13:06:26. 119Z", "2026-08-03T13:06:26.119000+00:00", False),
        (" 2026-08-03 13:06:26 ", "2026-08-03T13:06:26+00:00", True),
    ],
)
def test_a_time_is_read_with_or_without_a_zone(text: str, said: str, assumed: bool):
    found = moment(Payload({"at": text}), "at")
    assert found.at is not None
    assert (found.at.isoformat(), found.zone_assumed) == (said, assumed)


@pytest.mark.parametrize("value", [None, 7, "", "soon", "2026-08-03", "2026-08-03T25:00:00Z", "0001-01-01T00:00:00Z",
                                   "1 1" * 40, [], {"at": "x"}])  # fmt: skip
def test_what_is_no_time_is_left_out_and_the_next_place_is_asked(value: object):
    assert moment(Payload({"at": value}), "at") == Moment()
    assert moment(Payload({"at": value, "then": "2026-08-03T13:06:26Z"}), "at", "then").at is not None


def test_a_day_is_the_one_that_is_written_unless_a_zone_is_given():
    said = Payload({"at": "2026-09-13T23:30:00-05:00", "day": "2026-09-13", "none": None})
    assert day(said, "at") == date(2026, 9, 13)
    assert day(said, "at", ZoneInfo("Europe/Berlin")) == date(2026, 9, 14)
    assert day(said, "day", ZoneInfo("Asia/Tokyo")) == date(2026, 9, 13)
    assert day(said, "none") is None
    with pytest.raises(Unreadable):
        day(Payload({"at": "13.09.2026"}), "at")


def test_the_first_id_that_is_there():
    said = Payload({"a": {"id": None}, "b": {"id": "007"}, "c": 7, "d": []})
    assert first_id(said, "a.id", "b.id", "c") == "007"
    assert first_id(said, "c", "b.id") == "7"
    assert first_id(said, "a.id", "x.y") is None
    with pytest.raises(Unreadable):
        first_id(said, "d", "c")


def test_names_of_changed_fields_in_either_form():
    said = Payload(
        {"texts": ["a", " b ", "", None, 7], "objects": [{"id": "a"}, {"name": "b"}, {"id": 1}], "no": "a"}
    )
    assert names(said, "texts") == ("a", "b")
    assert names(said, "objects") == ("a",)
    assert names(said, "objects", key="name") == ("b",)
    assert names(said, "no") == names(said, "absent") == ()


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
