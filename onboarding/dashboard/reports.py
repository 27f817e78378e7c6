"""The page of both reports: usage from its counters, at risk from the last summary. Counts only; nobody is named."""

from __future__ import annotations

from datetime import date
from typing import Any

from onboarding.access import Principal
from onboarding.dashboard import charts
from onboarding.dashboard.charts import Chart
from onboarding.dashboard.forms import Again
from onboarding.dashboard.render import page
from onboarding.errors import RequestError
from onboarding.operate import at_risk, usage
from onboarding.ports import Services
from onboarding.web import Request, Response

#: Column of the usage report → its heading.
COLUMNS = (
    ("registrations", "Registered"),
    ("completed", "Completed"),
    ("registrations_by_others", "By others"),
    ("cancelled", "Cancelled"),
    ("deleted", "Deleted"),
    ("resets_self_service", "Self-service resets"),
    ("resets_by_desk", "Resets by desk"),
    ("failed_no_methods", "Failed: no methods"),
    ("failed_blocked", "Failed: blocked"),
    ("failed_other", "Failed: other"),
    ("calls_saved", "Calls saved"),
)
FIRST = {
    "administrator": "Administrators",
    "finance": "Finance",
    "director": "Directors",
    "other": "Everybody else",
}
GROUPS = {
    "new_never_registered": "New, and never registered",
    "little_pc": "Little use of a PC",
    "hybrid": "Synced from Active Directory",
}


async def reports(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/reports?by=&since=&until=`; `again`: the usual weeks stand under the fields as they were."""
    ask = usage.Ask(usage.WEEK, None, None) if again else _asked(request)
    found = await usage.report(s, ask)
    rate = s.policy.reports.calls_per_reset
    rows = [(name, row.as_json(rate)) for name, row in found.rows]
    summary = await at_risk.kept(s)
    return page(
        200,
        "reports.html",
        again=again,
        who=who,
        now=await s.clock.now(),
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
        kinds=usage.BY,
        usage=found,
        total=found.total.as_json(rate),
        rate=rate,
        rate_source=s.policy.reports.calls_source,
        columns=COLUMNS,
        rows=rows,
        charts=_charts(found, rows) if rows else [],
        risk=summary,
        forecast=_forecast(summary) if summary and "error" not in summary else None,
        first_words=FIRST,
        group_words=GROUPS,
    )


def _asked(request: Request) -> usage.Ask:
    return usage.Ask(request.query.get("by") or usage.WEEK, _day(request, "since"), _day(request, "until"))


def _day(request: Request, name: str) -> date | None:
    text = request.query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as exc:
        raise RequestError(f"{name} is a day such as 2026-11-23.", code="unknown_filter") from exc


def _charts(found: usage.Usage, rows: list[tuple[str, dict[str, Any]]]) -> list[Chart]:
    names = [name for name, _ in rows]
    if found.by == usage.WEEK and len({name[:4] for name in names}) == 1:
        names = [name[5:] for name in names]  # all of one year

    def values(column: str) -> list[float]:
        return [row[column] for _, row in rows]

    wanted = {
        "Registered": values("registrations"),
        "Cancelled": values("cancelled"),
    }
    resets = {
        "By self-service": values("resets_self_service"),
        "By the service desk": values("resets_by_desk"),
        "Failed": [row["failed_no_methods"] + row["failed_blocked"] + row["failed_other"] for _, row in rows],
    }
    return [
        charts.bars("registrations", f"Registrations by {found.by}", names, wanted),
        charts.bars("resets", f"Password resets by {found.by}", names, resets),
    ]


def _forecast(summary: Any) -> Chart:
    days = summary["forecast"]
    series = {"Calls": [day["calls"] for day in days]}
    if any(day["calls_if_phones_end"] != day["calls"] for day in days):
        series["Calls if phones end"] = [day["calls_if_phones_end"] for day in days]
    return charts.bars(
        "forecast", "Calls to the service desk by day", [day["day"][5:] for day in days], series
    )
