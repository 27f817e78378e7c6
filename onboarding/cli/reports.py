"""`report usage` and `report at-risk`: for people, as JSON, as CSV, or into a workbook."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from onboarding.bootstrap import App
from onboarding.cli import context
from onboarding.operate import sheets, usage


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


REPORTS = {"usage": _usage}
