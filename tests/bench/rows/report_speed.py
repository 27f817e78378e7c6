"""100,000 registration rows read, parsed and matched, against plain httpx and json on the same pages."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Coroutine
from typing import Any

from tests.bench import processes
from tests.bench.children import report_reader as reader
from tests.bench.row import Row, judged, ratio

MUST = 1.3


def run(rows: int = 100_000, rounds: int = 7) -> Row:
    """Ours: `registration_report()` and the owners of every page from an embedded store that knows 1 %."""
    with processes.report_pages() as base, tempfile.TemporaryDirectory() as folder:
        same = asyncio.run(_measure(f"{base}/{rows}", f"{folder}/store.db", rows, rounds))
        varied = asyncio.run(
            _measure(f"{base}/{rows}-varied", f"{folder}/store2.db", rows, max(rounds // 2, 1))
        )
    found = ratio(same)
    worst = ratio(varied)
    return judged(
        "report_speed",
        f"≤ {MUST} × plain httpx + json",
        f"{found.value:.2f} × ({found.ours:.2f} s against {found.other:.2f} s)",
        found.value <= MUST,
        f"{rows:,} rows, {rounds} pairs, first one dropped; {worst.value:.2f} × if every row had a time of its own",
        {"ratio": found.value, "ours_s": found.ours, "plain_s": found.other, "ratio_varied": worst.value},
    )


async def _measure(url: str, store_path: str, rows: int, rounds: int) -> list[tuple[float, float]]:
    store = await reader.store_with_people(store_path, rows)
    graph = reader.adapter_at(url)
    pairs = []
    try:
        # The first pair fills the server's pages and imports the SDK.
        for number in range(rounds + 1):
            ours = (graph, store.cases)
            if number % 2:
                plain, read = await _timed(reader.by_httpx(url))
                mine, found = await _timed(reader.by_adapter(*ours))
            else:
                mine, found = await _timed(reader.by_adapter(*ours))
                plain, read = await _timed(reader.by_httpx(url))
            assert found == (rows, len(range(0, rows, reader.OURS))), found
            assert read == rows, read
            pairs.append((mine, plain))
    finally:
        await graph.aclose()
        store.close()
    return pairs[1:]


async def _timed(work: Coroutine[Any, Any, Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = await work
    return time.perf_counter() - begin, result
