"""`python -m tests.bench [ROW …]`: run the rows, print a table, write build/bench.json.

Exit code 0, or 1 when a ratio is missed, or 2 for an unknown row. A row that breaks is a missed row.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.processes import ROOT
from tests.bench.row import Row, Verdict

#: In the order of design.md section 7; each is a module of `tests.bench.rows` with `run() -> Row`.
ROWS = (
    "report_speed",
    "report_sdk",
    "report_memory",
    "status_requests",
    "at_risk",
    "freshness",
    "webhook",
    "webhook_azurite",
    "drain_azurite",
    "cold_import",
    "cold_modules",
    "provisioning",
    "write_budget",
    "mass_arrival",
    "followup_due",
    "ninety_days",
    "phone_rate",
)
RESULT = ROOT / "build" / "bench.json"


def main(arguments: Sequence[str]) -> int:
    """Run the named rows, or all."""
    unknown = [name for name in arguments if name not in ROWS]
    if unknown:
        sys.stderr.write(f"unknown row {', '.join(unknown)}; known: {', '.join(ROWS)}\n")
        return 2
    finished: list[tuple[Row, float]] = []
    for name in arguments or ROWS:
        sys.stderr.write(f"{name} …\n")
        begin = time.monotonic()
        row = _run(name)
        finished.append((row, time.monotonic() - begin))
        print(_line(row), flush=True)
    _write(finished)
    missed = [row.name for row, _ in finished if row.verdict is Verdict.MISSED]
    print(
        f"{RESULT.relative_to(ROOT)} written; "
        + (f"missed: {', '.join(missed)}" if missed else "none missed")
    )
    return 1 if missed else 0


def _run(name: str) -> Row:
    try:
        row: Row = importlib.import_module(f"tests.bench.rows.{name}").run()
    except Exception as exc:
        traceback.print_exc()
        return Row(name, "to run", f"{type(exc).__name__}", Verdict.MISSED, "the row itself failed")
    return row


def _line(row: Row) -> str:
    head = f"{row.name:<16} {row.verdict.value.upper():<10} must {row.must}"
    return f"{head}\n{'':17}measured {row.measured}\n{'':17}{row.detail}"


def _write(finished: Sequence[tuple[Row, float]]) -> None:
    rows: list[dict[str, Any]] = [{**asdict(row), "seconds": round(seconds, 1)} for row, seconds in finished]
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.system()}
    RESULT.parent.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine, "rows": rows}, ensure_ascii=False, indent=1)
    RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
