"""The page of reports: a table beside each chart, no script, nobody named, whatever HR calls a department."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from onboarding import bootstrap
from onboarding.dashboard import charts
from onboarding.domain.usage import Group, UsageEvent, week_of
from onboarding.operate import at_risk
from tests.dashboard.test_pages import HOSTILE, Page
from tests.operate.test_at_risk import RULES, over, small
from tests.support.doubles import T0
from tests.support.followup_doubles import world
from tests.support.outer import Outer

WEEK = week_of(T0)


async def fetch(
    outer: Outer, query: dict[str, str] | None = None, role: str = "viewer", status: int = 200
) -> Page:
    answer = await outer.http("dashboard_reports", "GET", "/api/x", {}, b"", {"x-dev-role": role}, query)
    assert answer.status_code == status, answer.get_body().decode()[-500:]
    page = Page(answer.get_body())
    assert not page.open
    return page


async def counted(department: str, people: int = 6) -> None:
    s = bootstrap.app().services
    groups = (Group(), Group("department", department), Group("country", "DE"))
    for n in range(people):
        events = [
            UsageEvent(f"{department}{n}a", WEEK, "registered:user:mobilePhone:-"),
            UsageEvent(f"{department}{n}b", WEEK, "reset_succeeded:user:-:-"),
        ]
        await s.usage.count(f"{department}-{n}", groups, events)


async def summary() -> dict[str, Any]:
    w = world(policy=RULES, sspr_scope="report", writeback=True)
    return (await at_risk.read(over(w, small()))).summary()


async def test_an_empty_page_says_what_to_do(outer: Outer) -> None:
    page = await fetch(outer)
    assert "Not read yet" in page.text
    assert "0\nresets by self-service" in page.text
    assert not page.all("script")
    assert not page.all("rect"), "a bar of nothing is not drawn"


async def test_numbers_stand_beside_the_charts_and_charts_have_names(outer: Outer) -> None:
    await counted("Sales")
    await at_risk.keep(bootstrap.app().services, await summary())
    page = await fetch(outer)
    for part in ("6\nmethods registered in person", "6\nresets by self-service", "mobilePhone 6", WEEK):
        assert part in page.text, part
    assert "7\nof 8 people could not reset" in page.text
    assert "Synced from Active Directory" in page.text
    drawings = page.all("svg")
    assert len(drawings) == 3
    ids = {item.get("id") for tag in ("title", "desc") for item in page.all(tag)}
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert set(str(drawing["aria-labelledby"]).split()) <= ids
    assert len(page.all("table")) == 4
    assert len(page.all("caption")) == 4
    assert all(header.get("scope") in {"col", "row"} for header in page.all("th"))
    assert page.all("rect")
    for foreign in ("script", "link", "img", "iframe", "object"):
        assert not page.all(foreign)


@pytest.mark.parametrize("name", [item for item in HOSTILE if "\x00" not in item])
async def test_a_department_is_text_and_nothing_else(outer: Outer, name: str) -> None:
    plain = await fetch(outer, {"by": "department"})
    await counted(name)
    said = await summary()
    said["departments"].append({"department": name, "people": 9, "at_risk": 1})
    await at_risk.keep(bootstrap.app().services, said)
    page = await fetch(outer, {"by": "department"})
    drawn = {"rect", "desc", "bdi", "line", "text", "svg", "title", "figure", "figcaption"}
    known = {tag for tag, _ in plain.tags} | drawn
    assert {tag for tag, _ in page.tags} <= known
    assert not [attrs for _, attrs in page.tags if any(key.startswith("on") for key in attrs)]


async def test_small_groups_are_not_named(outer: Outer) -> None:
    await counted("Sales", 6)
    await counted("Board", 2)
    page = await fetch(outer, {"by": "department"})
    assert "Board" not in page.text
    assert "(fewer people)" in page.text


async def test_a_tenant_without_the_report_is_said(outer: Outer) -> None:
    said = {"report": "at-risk", "read_at": "2026-11-23T09:00:00Z", "error": "report_needs_premium"}
    await at_risk.keep(bootstrap.app().services, said)
    assert "P1 or P2" in (await fetch(outer)).text


@pytest.mark.parametrize(
    "query", [{"by": "manager"}, {"since": "yesterday"}, {"since": "2026-02-01", "until": "2026-01-01"}]
)
async def test_what_cannot_be_asked_is_a_page_that_says_so(outer: Outer, query: dict[str, str]) -> None:
    await fetch(outer, query, status=400)


async def test_without_a_role_there_is_no_page(outer: Outer) -> None:
    await fetch(outer, role="none", status=401)


def test_bars_are_inside_and_in_proportion() -> None:
    chart = charts.bars("x", "Title", ["a", "b", "c"], {"One": [0, 5, 10], "Two": [3, 0, 1]})
    assert chart.ticks[-1][1] == "10"
    heights = {(bar.series, round(bar.x)): bar.height for bar in chart.bars}
    tall = [bar.height for bar in chart.bars if bar.series == 1]
    assert tall[0] == 0
    assert tall[2] == pytest.approx(2 * tall[1], abs=0.2)
    assert len(heights) == 6
    for bar in chart.bars:
        assert chart.left <= bar.x <= bar.x + bar.width <= chart.right
        assert 0 <= bar.y <= bar.y + bar.height <= chart.base + 0.1
    assert chart.description == "a to c. One: 15 in all, most in c (10). Two: 4 in all, most in a (3)."


@pytest.mark.parametrize(
    ("value", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (5, 10), (11, 20), (250, 400), (1001, 2000)]
)
def test_the_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert charts.bars("x", "T", ["a"], {"One": [value]}).ticks[-1][1] == f"{top:g}"


def test_many_names_are_thinned_out_and_none_is_fine() -> None:
    chart = charts.bars("x", "T", [str(n) for n in range(52)], {"One": [1.0] * 52})
    assert 12 < len(chart.labels) <= 52
    long = charts.bars("x", "T", ["Department of long names and more"] * 30, {"One": [1.0] * 30})
    places = [x for x, _ in long.labels]
    assert all(right - left >= 7 * 14 for left, right in pairwise(places))
    assert {text for _, text in long.labels} == {"Department of…"[:13] + "…"}
    assert charts.bars("x", "T", [], {"One": []}).description == "Nothing to show."
