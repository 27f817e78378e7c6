"""What vendors write loosely: a hint that cannot be read is left out; an id and a day never are."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.reading import Moment, day, first_id, moment, names, narrowed, only


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


def test_a_body_is_cut_down_to_what_is_used():
    body = '{"data": [{"id": 1, "pay": 2}, "x", null], "name": "Ø"}'.encode()
    kept = narrowed(body, lambda tree: {key: only(value, {"id"}) for key, value in tree.items()})
    assert kept == '{"data":[{"id":1},"x",null],"name":"Ø"}'.encode()
