"""The usage report: what people and the service desk did with security info, from counters kept as evidence is taken.

It costs by weeks and groups, not by people: no case is read. What each column means: docs/reports.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from onboarding.domain import usage
from onboarding.domain.policy import ReportsPolicy
from onboarding.domain.usage import COUNTRY, DEPARTMENT, NUMBERS
from onboarding.errors import RequestError
from onboarding.ports import Services

WEEK = "week"
BY = (WEEK, DEPARTMENT, COUNTRY)
#: Weeks of a report where nothing is said, and at most.
USUAL, MOST = 12, 260
#: Name of the row of everything that is not shown by name.
REST = "(fewer people)"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a report is about. `until` None: today; `since` None: twelve weeks."""

    by: str = WEEK
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The report. `rows` are (name, figures), the rest last; `since` and `until` are whole weeks."""

    by: str
    since: date
    until: date
    rows: list[tuple[str, usage.Figures]]
    total: usage.Figures
    policy: ReportsPolicy
    #: Groups of a week that went into the rest.
    hidden: int = 0
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """`items[]` and `total` have the columns of `COLUMNS`, and `methods`."""
        rate = self.policy.calls_per_reset
        return {
            "report": "usage",
            "by": self.by,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "items": [{self.by: name, **row.as_json(rate)} for name, row in self.rows],
            "total": self.total.as_json(rate),
            "assumptions": {
                "calls_per_reset": {"value": rate, "source": self.policy.calls_source},
                "least_people": self.policy.least_people,
            },
            "not_shown_by_name": self.hidden,
            "notes": self.notes,
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Of CSV and XLSX; a column for each method that somebody registered."""
        methods = sorted({name for _, row in self.rows for name in row.methods})
        return (self.by, *NUMBERS, "calls_saved", *(f"method_{name}" for name in methods))

    def table(self) -> Iterator[Mapping[str, Any]]:
        """Rows of CSV and XLSX."""
        for name, row in self.rows:
            found = row.as_json(self.policy.calls_per_reset)
            methods = {f"method_{key}": count for key, count in found.pop("methods").items()}
            columns = {column: 0 for column in self.columns if column.startswith("method_")}
            yield {self.by: name, **found, **columns, **methods}


async def report(s: Services, ask: Ask) -> Usage:
    """Raises RequestError for a grouping or a time that cannot be."""
    if ask.by not in BY:
        raise RequestError(f"by is one of: {', '.join(BY)}.", code="unknown_filter")
    until = ask.until or (await s.clock.now()).date()
    since = ask.since or until - timedelta(weeks=USUAL - 1)
    if since > until:
        raise RequestError("since is after until: turn them round.", code="unknown_filter")
    if (until - since).days > MOST * 7:
        raise RequestError(
            f"A report is over {MOST} weeks at most: choose a later since.", code="unknown_filter"
        )
    weeks = usage.weeks(usage.week_of_day(since), usage.week_of_day(until))
    everybody = await s.usage.cells(weeks, "")
    total: dict[str, int] = {}
    for cell in everybody:
        usage.add(total, cell.counts)
    policy = s.policy.reports
    rows, hidden = [], 0
    if ask.by == WEEK:
        by_week = {cell.week: cell.counts for cell in everybody}
        rows = [(week, usage.figures(by_week.get(week, {}))) for week in weeks]
    else:
        found = usage.shown(await s.usage.cells(weeks, ask.by), policy.least_people)
        rows = [(name, usage.figures(counts)) for name, counts in sorted(found.groups.items())]
        rows += [(REST, usage.figures(found.rest))] if found.rest else []
        hidden = found.hidden
    return Usage(
        ask.by,
        usage.monday(weeks[0]),
        usage.monday(weeks[-1]) + timedelta(days=6),
        rows,
        usage.figures(total),
        policy,
        hidden,
        _notes(policy, ask.by),
    )


def _notes(policy: ReportsPolicy, by: str) -> list[str]:
    """What a reader has to know beside the numbers."""
    notes = [
        "People who have, or had, a case in this service; the rest of the workforce is not in here.",
        "Weeks are ISO weeks in UTC, by the time of the event in the audit log; the newest events may be minutes late.",
        f"calls_saved = resets_self_service × {policy.calls_per_reset:g} ({policy.calls_source}).",
        "The audit log does not say which method a reset used: methods are those that people registered.",
        "A failed reset is logged step by step, so failures are steps, not people.",
    ]
    if by != WEEK:
        notes.append(
            f"Groups of fewer than {policy.least_people} people in a week are in the row “{REST}”, and as many more as "
            "it takes for that row to tell nothing of a few. Group names are HR's, at the time of the event."
        )
    return notes
