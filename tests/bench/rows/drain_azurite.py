"""Two thousand hires at once on Azurite: two hosts work them off, none is lost, none is there twice."""

from __future__ import annotations

import asyncio
import resource
import tempfile

from tests.bench import azurite
from tests.bench.row import Row, judged, not_built
from tests.faults import drain
from tests.faults.drain import Books, Flood

MUST = "all worked off by two hosts, 0 lost, 0 double; a single hire overtakes"


def run(hires: int = 2000, counted: int = 40) -> Row:
    """Lease and batches as in Azure. The books are the store's, read to the last row, not the hosts' counters."""
    if not azurite.installed():
        return not_built("drain_azurite", MUST, azurite.MISSING)
    with tempfile.TemporaryDirectory() as folder, azurite.account(folder) as storage:
        door, work = azurite.requests_per_hire(storage, counted)
    with tempfile.TemporaryDirectory() as folder, azurite.account(folder) as storage:
        before = _children()
        with drain.hosts(2, drain.environment("", storage)) as roots:
            flood = asyncio.run(_flood(roots, storage, hires))
        cpu = (_children() - before) / hires
        books = asyncio.run(_audit(storage, hires))
    return _row(flood, books, door + work, cpu, door)


async def _flood(roots: list[str], storage: str, hires: int) -> Flood:
    store = drain.open_store("", storage)
    found = await drain.flood(roots, store, hires)
    await drain.closed(store)
    return found


async def _audit(storage: str, hires: int) -> Books:
    store = drain.open_store("", storage)
    found = await drain.audit(store, range(hires), quiet=[hires])
    await drain.closed(store)
    return found


def _children() -> float:
    """CPU seconds of child processes that have ended: the hosts, start included; Azurite ends later."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _row(flood: Flood, books: Books, requests: float, cpu: float, door: float) -> Row:
    left = flood.drained - flood.single_at - flood.single_processed
    faults = books.astray + books.hints
    return judged(
        "drain_azurite",
        MUST,
        f"{flood.hires:,} in {flood.drained:.0f} s ({flood.hires / flood.drained:.1f}/s), {len(books.lost)} lost, "
        f"{len(books.double)} double; the single one {left:.0f} s before the end",
        not books.wrong and left > 0,
        f"all accepted after {flood.accepted:.1f} s (slowest answer {flood.slowest_answer:.1f} s, {flood.again} sent "
        f"again, one in {drain.REPEATED} sent twice); the single hire of another source, posted after "
        f"{flood.single_at:.1f} s, was worked off {flood.single_processed:.1f} s later; {books.cases:,} cases, "
        f"{books.late} list rows left to the watchdog; "
        f"{requests:.1f} storage requests a hire, {door:.1f} of them at the door; {cpu * 1000:.0f} ms of the hosts' "
        f"CPU a hire" + (f"; WRONG: {len(faults)}, such as {faults[0]}" if faults else ""),
        {
            "seconds": flood.drained,
            "per_second": flood.hires / flood.drained,
            "lost": len(books.lost),
            "double": len(books.double),
            "wrong": len(books.wrong),
            "late": books.late,
            "accepted_s": flood.accepted,
            "slowest_answer_s": flood.slowest_answer,
            "single_s": flood.single_processed,
            "requests": requests,
            "cpu_s": cpu,
        },
    )
