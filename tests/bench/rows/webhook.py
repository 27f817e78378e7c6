"""Accepting webhooks at 50 a second, against an empty function on the same host; and whether any is lost."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx

from onboarding.intake import catalog, signing
from onboarding.ports import DeliveryStatus
from onboarding.storage.embedded import open_embedded
from tests.bench import processes, tenant
from tests.bench.load import Hit, Shot, fire
from tests.bench.row import Row, judged, percentile, ratio

MUST = 3.0
RATE = 50.0
APP = "tests/bench/apps/door_app.py"


def run(seconds: float = 20.0, rounds: int = 3, warm_up: float = 3.0) -> Row:
    """Both functions in turn on one host process; then the workers, over the same store, handle what came."""
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:
        env = tenant.settings(f"{folder}/store.db", "http://127.0.0.1:9", clock="system")
        with processes.devhost(APP, env) as root:
            _phase(root, "hr", warm_up, numbers)
            _phase(root, "empty", warm_up, count())
            accepted = round(warm_up * RATE)
            pairs: list[tuple[float, float]] = []
            medians: list[tuple[float, float]] = []
            for _ in range(rounds):
                empty = _phase(root, "empty", seconds, count())
                ours = _phase(root, "hr", seconds, numbers)
                accepted += sum(hit.status == 202 for hit in ours)
                pairs.append((_p(ours, 0.99), _p(empty, 0.99)))
                medians.append((_p(ours, 0.5), _p(empty, 0.5)))
        sent = next(numbers)
        with processes.devhost("function_app.py", env) as root:
            httpx.post(f"{root}/_dev/settle", json={"timeout_s": 600}, timeout=630).raise_for_status()
        processed, cases = asyncio.run(_kept(f"{folder}/store.db"))
    found, middle = ratio(pairs), ratio(medians)
    lost = sent - min(accepted, processed, cases)
    return judged(
        "webhook",
        f"p99 ≤ {MUST:.0f} × an empty function, nothing lost",
        f"{found.value:.2f} × ({found.ours * 1000:.1f} ms against {found.other * 1000:.1f} ms), "
        f"{lost} lost of {sent:,}",
        found.value <= MUST and lost == 0,
        f"{RATE:.0f}/s for {seconds:.0f} s, {rounds} times each; p50 {middle.value:.2f} × ({middle.ours * 1000:.1f} ms "
        f"against {middle.other * 1000:.1f} ms); HTTP functions alone in their process, as Azure scales them; "
        f"then {processed:,} deliveries processed into {cases:,} cases",
        {
            "ratio_p99": found.value,
            "p99_s": found.ours,
            "empty_p99_s": found.other,
            "ratio_p50": middle.value,
            "sent": sent,
            "lost": lost,
        },
    )


def _p(hits: list[Hit], share: float) -> float:
    return percentile([hit.seconds for hit in hits], share)


def _phase(root: str, function: str, seconds: float, numbers: Iterator[int]) -> list[Hit]:
    shots = [
        _shot(f"{root}/api/{function}/{tenant.SOURCE}", next(numbers)) for _ in range(round(seconds * RATE))
    ]
    hits = asyncio.run(fire(shots, RATE))
    assert all(hit.status == 202 for hit in hits), {hit.status for hit in hits}
    return hits


def _shot(url: str, number: int) -> Shot:
    """A signed hire that starts in two years: taken, processed, and then it waits."""
    now = datetime.now(UTC)
    start = (now + timedelta(days=730)).date().isoformat()
    body = json.dumps(tenant.hire(number, start, now.isoformat()), ensure_ascii=False).encode()
    adapter = catalog.adapters()[tenant.SOURCE]
    return Shot(url, body, signing.sign(adapter, tenant.SECRET, body, now=now, message_id=f"msg_{number:06}"))


async def _kept(path: str) -> tuple[int, int]:
    """(deliveries processed, cases) in the store."""
    store = open_embedded(path, lambda: datetime.now(UTC))
    processed, page = 0, None
    while True:
        listed = await store.deliveries.page(status=DeliveryStatus.PROCESSED, page=page, size=200)
        processed += len(listed.items)
        page = listed.next_page
        if page is None:
            break
    cases = sum((await store.cases.counts()).values())
    store.close()
    return processed, cases
