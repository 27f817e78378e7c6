"""The shared write budget: 20 directory writes a second, leased in blocks from storage. Not built."""

from __future__ import annotations

from tests.bench.row import Row, not_built


def run() -> Row:
    """Prints `not built` until instances share a budget."""
    return not_built(
        "write_budget",
        "≥ 90 % of 20 writes/s, no 429 storm",
        "instances do not lease blocks of the write budget from storage yet",
    )
