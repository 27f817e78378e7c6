"""Peak memory of reading 100,000 rows against 10,000: the report is streamed, so it must hardly differ."""

from __future__ import annotations

import statistics

from tests.bench import processes
from tests.bench.row import Row, judged
from tests.bench.rows.report_sdk import READER

MUST = 30.0


def run(many: int = 100_000, few: int = 10_000, rounds: int = 3) -> Row:
    """Child processes, in turn; medians of their peaks. Both match against the same 1,000 known people."""
    with processes.report_pages() as base:
        peaks = [
            [processes.report_of(READER, "adapter", f"{base}/{rows}")["peak_mb"] for rows in (few, many)]
            for _ in range(rounds)
        ]
    small = statistics.median(pair[0] for pair in peaks)
    large = statistics.median(pair[1] for pair in peaks)
    return judged(
        "report_memory",
        f"{many:,} rows within {MUST:.0f} MB of {few:,}",
        f"{large - small:+.1f} MB ({large:.0f} MB against {small:.0f} MB)",
        large - small <= MUST,
        "peak resident size of the reading process (VmHWM), SDK and store included",
        {"difference_mb": large - small, "many_mb": large, "few_mb": small},
    )
