"""The same report through the SDK's own models: measured on 2,000 rows and scaled, since all would take long."""

from __future__ import annotations

import asyncio
import statistics

from tests.bench import processes
from tests.bench.children import report_reader as reader
from tests.bench.row import Row, judged

MUST = 100.0
READER = "tests.bench.children.report_reader"


def run(rows: int = 100_000, modelled: int = 2_000, rounds: int = 3) -> Row:
    """Each reading in a process of its own; the models' once, ours `rounds` times (median)."""
    with processes.report_pages() as base:
        asyncio.run(reader.by_httpx(f"{base}/{rows}"))  # fills the server's pages
        ours = statistics.median(
            processes.report_of(READER, "adapter", f"{base}/{rows}")["seconds"] for _ in range(rounds)
        )
        models = processes.report_of(READER, "models", f"{base}/{modelled}")
    assert models["rows"] == modelled, models
    scaled = models["seconds"] / modelled * rows
    return judged(
        "report_sdk",
        f"≥ {MUST:.0f} × faster than the SDK's models",
        f"{scaled / ours:.0f} × ({ours:.2f} s against {scaled:.0f} s, scaled)",
        scaled / ours >= MUST,
        f"the models: {models['seconds']:.1f} s for {modelled:,} rows, scaled to {rows:,}; their imports not "
        "counted. Ours: the first reading of a process, the SDK's import included",
        {"times": scaled / ours, "ours_s": ours, "models_s_scaled": scaled, "models_rows": modelled},
    )
