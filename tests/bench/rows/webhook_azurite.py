"""Accepting webhooks at 50 a second over Azurite: none that was accepted may be lost."""

from __future__ import annotations

import asyncio
import tempfile

from tests.bench import azurite, processes
from tests.bench.load import Hit, fire
from tests.bench.row import Row, judged, not_built, percentile
from tests.bench.rows import webhook
from tests.faults import drain
from tests.faults.drain import Books

MUST = "nothing lost on Azurite"


def run(seconds: float = 20.0, warm_up: float = 3.0) -> Row:
    """One host's door under load; then a host with the workers, over the same store, handles what came."""
    if not azurite.installed():
        return not_built("webhook_azurite", MUST, azurite.MISSING)
    with tempfile.TemporaryDirectory() as folder, azurite.account(folder) as storage:
        env = drain.environment("", storage)
        warm, count = round(warm_up * webhook.RATE), round(seconds * webhook.RATE)
        with processes.devhost(webhook.APP, env) as root:
            first = _load(root, range(warm))
            hits = _load(root, range(warm, warm + count))
        accepted = [number for number, hit in enumerate(first + hits) if hit.status == 202]
        with drain.hosts(1, env):
            books = asyncio.run(_worked_off(storage, accepted, warm + count))
    return _row(hits, books, warm + count - len(accepted), seconds)


def _load(root: str, numbers: range) -> list[Hit]:
    return asyncio.run(fire([drain.shot(root, number) for number in numbers], webhook.RATE))


async def _worked_off(storage: str, accepted: list[int], posted: int) -> Books:
    store = drain.open_store("", storage)
    await drain.emptied(store)
    found = await drain.audit(store, accepted, doubtful=set(range(posted)) - set(accepted))
    await drain.closed(store)
    return found


def _row(hits: list[Hit], books: Books, refused: int, seconds: float) -> Row:
    p99, p50 = (percentile([hit.seconds for hit in hits], share) for share in (0.99, 0.5))
    return judged(
        "webhook_azurite",
        MUST,
        f"{len(books.lost)} lost, {len(books.double)} double; p99 {p99 * 1000:.0f} ms",
        not books.wrong,
        f"{webhook.RATE:.0f}/s for {seconds:.0f} s; p50 {p50 * 1000:.1f} ms; {refused} not accepted; HTTP functions "
        f"alone in their process, as Azure scales them; then {books.cases:,} cases from a host with the workers"
        + (f"; WRONG: {len(books.wrong)}, such as {books.wrong[0]}" if books.wrong else ""),
        {
            "p99_s": p99,
            "p50_s": p50,
            "lost": len(books.lost),
            "double": len(books.double),
            "wrong": len(books.wrong),
            "refused": refused,
            "cases": books.cases,
        },
    )
