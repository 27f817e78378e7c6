"""The at-risk report of a whole workforce: peak memory of 100,000 people against 10,000, and its requests,
counted by the simulator. Every row is written with names, which reads the users a second time."""

from __future__ import annotations

from collections import Counter

from tests.bench import processes
from tests.bench.row import Row, judged
from tests.bench.rows.status_requests import PAGE, REPORT, fill
from tests.bench.tenant import Control

MUST = 30.0
READER = "tests.bench.children.at_risk_reader"
USERS = "/v1.0/users"


def run(many: int = 100_000, few: int = 10_000) -> Row:
    """Two child processes after each other, each against a tenant of its size; two of three people are at risk."""
    (small, _), (large, asked) = _read(few), _read(many)
    difference = large["peak_mb"] - small["peak_mb"]
    pages = -(-many // PAGE) + 1
    others = sum(asked.values()) - asked[REPORT] - asked[USERS]
    return judged(
        "at_risk",
        f"{many:,} people within {MUST:.0f} MB of {few:,}; ≤ {pages} report pages, {2 * pages} of users, 1 other",
        f"{difference:+.1f} MB ({large['peak_mb']:.0f} MB against {small['peak_mb']:.0f} MB); {asked[REPORT]} report "
        f"pages, {asked[USERS]} of users, {others} others",
        difference <= MUST and asked[REPORT] <= pages and asked[USERS] <= 2 * pages and others <= 1,
        f"{large['rows']:,.0f} of {large['people']:,.0f} people are at risk, each row written with names; peak "
        "resident size of the reading process (VmHWM)",
        {
            "difference_mb": difference,
            "many_mb": large["peak_mb"],
            "few_mb": small["peak_mb"],
            "report_pages": asked[REPORT],
            "user_pages": asked[USERS],
            "others": others,
        },
    )


def _read(people: int) -> tuple[dict[str, float], Counter[str]]:
    with processes.simulator() as base:
        control = Control(base)
        fill(control, people)
        before = len(control.requests())
        found = processes.report_of(READER, base)
        asked = Counter(item["path"].partition("?")[0] for item in control.requests(before))
        control.close()
    assert found["people"] >= people, found
    return found, asked
