"""`report usage` and `report at-risk`: for people, as JSON, as CSV, or into a workbook."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from onboarding.bootstrap import App
from onboarding.cli import context
from onboarding.operate import at_risk, sheets, usage


async def run(app: App, args: argparse.Namespace) -> int:
    """The report named in `args.report`."""
    return await REPORTS[args.report](app, args)


async def _usage(app: App, args: argparse.Namespace) -> int:
    found = await usage.report(app.services, usage.Ask(args.by, args.since, args.until))
    if args.json:
        context.out_json(found.as_json())
    elif args.csv or args.xlsx:
        _sheet(args, "Usage", found.columns, found.table(), found.notes)
    else:
        rate = app.services.policy.reports.calls_per_reset
        rows = [{found.by: name, **row.as_json(rate)} for name, row in found.rows]
        rows.append({found.by: "total", **found.total.as_json(rate)})
        context.table(rows, [(found.by, found.by.upper()), *_USAGE])
        _tell(found.notes)
    return context.OK


_USAGE = [
    ("registrations", "REGISTERED"),
    ("completed", "COMPLETED"),
    ("cancelled", "CANCELLED"),
    ("deleted", "DELETED"),
    ("resets_self_service", "SELF-SERVICE"),
    ("resets_by_desk", "BY DESK"),
    ("failed_no_methods", "NO METHODS"),
    ("failed_blocked", "BLOCKED"),
    ("failed_other", "OTHER FAILURE"),
    ("calls_saved", "CALLS SAVED"),
]


#: People of the table on a screen.
_SHOWN = 50


async def _at_risk(app: App, args: argparse.Namespace) -> int:
    found = await at_risk.read(app.services)
    summary = found.summary()
    await at_risk.keep(app.services, summary)
    columns = (*at_risk.NAMES, *at_risk.COLUMNS) if args.names else at_risk.COLUMNS
    table = await at_risk.named(app.services, found) if args.names else found.table()
    if args.json:
        _stream(summary, table)
    elif args.csv or args.xlsx:
        _sheet(args, "At risk", columns, table, summary["notes"])
    else:
        for line in _words(summary):
            context.out(line)
        context.out()
        rows = [dict(row) for row in islice(table, _SHOWN)]
        context.table(rows, [(name, name.upper().replace("_", " ")) for name in columns])
        if found.total > _SHOWN:
            context.note(f"{found.total - _SHOWN} more: --csv, --xlsx FILE or --json")
        _tell(summary["notes"])
    return context.OK


def _words(summary: Mapping[str, Any]) -> Iterator[str]:
    people, risk, data = summary["people"], summary["at_risk"], summary["at_risk"]["directory_data"]
    yield f"{risk['total']} of {people['in_scope']} people in scope are at risk (report as of {summary['as_of']})."
    yield f"nothing registered: {risk['nothing']}   too few: {risk['too_few']}"
    yield f"directory data, yes / no / unknown: {data['yes']} / {data['no']} / {data['unknown']}"
    for name, counts in summary["groups"].items():
        yield f"{name}: {counts['yes']} (unknown: {counts['unknown']})"
    for name, counts in summary["first"].items():
        yield f"{name}: {counts['at_risk']} of {counts['people']}"
    gap = summary["administrators"]
    yield f"administrators that lack one method: {gap['missing_1']}, two: {gap['missing_2']}"
    calls = sum(day["calls"] for day in summary["forecast"])
    yield f"calls to expect in {len(summary['forecast'])} days: {calls:.0f}"


def _stream(summary: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON document, written row by row: the summary's members, then `items`."""
    head = json.dumps(summary, ensure_ascii=False, indent=2)
    sys.stdout.write(head.rstrip()[:-1].rstrip() + ',\n  "items": [')
    between = "\n    "
    for row in rows:
        sys.stdout.write(between + json.dumps(row, ensure_ascii=False))
        between = ",\n    "
    sys.stdout.write("\n  ]\n}\n")


def _sheet(
    args: argparse.Namespace,
    title: str,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    notes: Sequence[str],
) -> None:
    """CSV on standard output, the notes beside it; or a workbook that holds both."""
    if args.csv:
        sys.stdout.writelines(line.replace("\r\n", "\n") for line in sheets.csv_lines(columns, rows))
        _tell(notes)
        return
    count = sheets.xlsx(Path(args.xlsx), title, columns, rows, notes)
    context.note(f"{args.xlsx}: {count} rows")


def _tell(notes: Sequence[str]) -> None:
    for text in notes:
        context.note(text)


REPORTS = {"usage": _usage, "at-risk": _at_risk}
