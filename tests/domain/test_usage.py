"""Counters, the columns made of them, and which groups are shown by name."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.evidence import Act, By, Evidence
from onboarding.domain.hire import Hire
from onboarding.domain.usage import (
    NUMBERS,
    Cell,
    Group,
    figures,
    groups_of,
    monday,
    shown,
    to_count,
    week_of,
    week_of_day,
    weeks,
)

AT = datetime(2027, 1, 3, 23, 59, tzinfo=UTC)  # a Sunday of the last week of 2026


def event(
    act: Act, by: By = By.USER, method: str | None = None, said: str | None = None, **more: str
) -> Evidence:
    return Evidence(more.get("id", "e1"), more.get("kind", "audit"), act, by, method, AT, said)


@pytest.mark.parametrize(
    ("evidence", "column"),
    [
        (event(Act.REGISTERED, By.USER, "mobilePhone"), "registrations"),
        (event(Act.REGISTERED, By.USER, None), "registrations"),
        (event(Act.REGISTERED, By.USER, "all"), "completed"),
        (event(Act.REGISTERED, By.ADMIN, "mobilePhone"), "registrations_by_others"),
        (event(Act.REGISTERED, By.APP, "email"), "registrations_by_others"),
        (event(Act.REGISTERED, By.UNKNOWN, "email"), "registrations_by_others"),
        (event(Act.REVIEWED, By.USER, "all"), "reviewed"),
        (event(Act.CANCELLED), "cancelled"),
        (event(Act.DELETED, By.USER, "email"), "deleted"),
        (event(Act.RESET_SUCCEEDED), "resets_self_service"),
        (event(Act.RESET_BY_ADMIN, By.ADMIN), "resets_by_desk"),
        (event(Act.RESET_NO_METHODS), "failed_no_methods"),
        (event(Act.RESET_FAILED, said="Blocked from self-service password reset"), "failed_blocked"),
        (event(Act.RESET_FAILED, said="Self-service password reset flow activity progress"), "failed_other"),
        (event(Act.RESET_FAILED), "failed_other"),
        (event(Act.UPDATED, By.USER, "mobilePhone"), None),
    ],
)
def test_each_event_has_one_column(evidence: Evidence, column: str | None) -> None:
    (counted,) = to_count([evidence])
    assert counted.week == "2026-W53"
    row = figures({counted.counter: 3})
    assert {name: getattr(row, name) for name in NUMBERS if getattr(row, name)} == (
        {column: 3} if column else {}
    )


def test_a_list_of_methods_is_no_event():
    assert to_count([event(Act.LISTED, By.UNKNOWN, "email", kind="report")]) == []


def test_methods_are_those_that_the_person_registered():
    row = figures(
        {
            "registered:user:email:-": 2,
            "registered:user:-:-": 1,
            "registered:admin:mobilePhone:-": 5,
            "registered:user:all:-": 4,
            "deleted:user:email:-": 9,
            "something:new": 7,
        }
    )
    assert row.methods == {"email": 2, "unnamed": 1}
    assert row.as_json(0.5)["calls_saved"] == 0
    assert figures({"reset_succeeded:user:-:-": 3}).as_json(0.5)["calls_saved"] == 1.5


def test_groups_are_hrs_words_and_nobody_is_left_out():
    assert groups_of(Hire(department="  R&D \n Nord ", work_country="de")) == (
        Group(),
        Group("department", "R&D Nord"),
        Group("country", "DE"),
    )
    assert [group.name for group in groups_of(Hire())] == ["", "(not said)", "(not said)"]


def test_weeks_over_the_turn_of_a_year():
    assert weeks("2026-W52", "2027-W02") == ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]
    assert monday("2026-W53") == date(2026, 12, 28)
    assert week_of(AT) == week_of_day(AT.date()) == "2026-W53"
    with pytest.raises(ValueError, match=r"invalid literal"):
        monday("2026")


cells = st.lists(
    st.tuples(st.sampled_from(["2026-W01", "2026-W02"]), st.sampled_from("ABCDEF"), st.integers(1, 12)),
    unique_by=lambda item: item[:2],
    max_size=12,
)


@given(cells, st.integers(1, 6))
def test_no_row_tells_of_few(given_cells: list[tuple[str, str, int]], least: int) -> None:
    """For each week: what is named has enough people, and so has the rest, unless nothing is named."""
    for week in ("2026-W01", "2026-W02"):
        of_week = [item for item in given_cells if item[0] == week]
        made = [Cell(w, Group("department", name), people, {"x": people}) for w, name, people in of_week]
        found = shown(made, least)
        named = {name: people for _, name, people in of_week if name in found.groups}
        rest = sum(people for _, name, people in of_week if name not in found.groups)
        assert all(people >= least for people in named.values())
        assert rest == 0 or rest >= least or not named
        assert sum(found.rest.values()) == rest
        assert found.hidden == len(of_week) - len(named)


@given(cells, st.integers(1, 6))
def test_reports_cannot_be_subtracted_from_each_other(
    given_cells: list[tuple[str, str, int]], least: int
) -> None:
    """Two weeks less one of them is what the other one alone says."""
    made = [Cell(w, Group("department", name), people, {"x": people}) for w, name, people in given_cells]
    both = shown(made, least)
    one, other = (
        shown([cell for cell in made if cell.week == week], least) for week in ("2026-W01", "2026-W02")
    )
    for name in "ABCDEF":
        parts = [part.groups.get(name, {}).get("x", 0) for part in (one, other)]
        assert both.groups.get(name, {}).get("x", 0) == sum(parts)
    assert both.rest.get("x", 0) == one.rest.get("x", 0) + other.rest.get("x", 0)
