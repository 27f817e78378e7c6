"""Reading the registration report: as our adapter does, as plain httpx does, as the SDK's own models do.

As a program: `python -m tests.bench.children.report_reader adapter|models URL` reads once and prints
`{"rows", "matched", "seconds", "peak_mb"}`. Memory is the peak of this process alone (VmHWM: ru_maxrss would
count the parent's memory between fork and exec).
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.graph import Graph, open_graph
from onboarding.ports import CaseStore
from onboarding.settings import Settings
from onboarding.storage.embedded import EmbeddedStore, open_embedded
from tests.bench.children.report_pages import PATH, user_id

#: One person in a hundred of the tenant is one of ours.
OURS = 100


def tenant(url: str) -> Settings:
    """Settings of a service whose Graph is at `url`."""
    return Settings(graph="simulated", graph_base_url=url, mode="live")


def adapter_at(url: str) -> Graph:
    """The adapter as the bootstrap builds it."""
    return open_graph(tenant(url), sleep=asyncio.sleep, fraction=random.random)


def _no_wall() -> Any:
    raise AssertionError("no queue is used here")


async def store_with_people(path: str, people: int) -> EmbeddedStore:
    """An embedded store that knows every hundredth person of a tenant with `people` people."""
    store = open_embedded(path, _no_wall)
    numbers = range(0, people, OURS)
    wanted = [Alias(TENANT, AliasKind.OBJECT_ID, user_id(n)) for n in numbers]
    await asyncio.gather(
        *(store.cases.claim_alias(a, f"c_{n:020}") for a, n in zip(wanted, numbers, strict=True))
    )
    return store


async def by_adapter(graph: Graph, cases: CaseStore) -> tuple[int, int]:
    """Read, parse and match: rows, and rows whose owner we know. The report and look-ups of `track`."""
    rows = matched = 0
    async for page in graph.security.registration_report():
        rows += len(page)
        known = await cases.owners([Alias(TENANT, AliasKind.OBJECT_ID, seen.user_id) for seen in page])
        matched += len(known)
    return rows, matched


async def by_httpx(url: str) -> int:
    """The floor: the same pages, fetched and decoded, nothing else."""
    rows, following = 0, f"{url}{PATH}?$top=999"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        while following:
            answer = await client.get(following)
            data = json.loads(answer.content)
            rows += len(data["value"])
            following = data.get("@odata.nextLink", "")
    return rows


async def by_models(url: str) -> tuple[int, float]:
    """Through the SDK's models: rows and seconds. What it imports on its first answer is not counted."""
    from kiota_http.kiota_client_factory import KiotaClientFactory
    from msgraph import GraphServiceClient
    from msgraph.graph_request_adapter import GraphRequestAdapter

    from onboarding.graph.credentials import authentication_provider

    http = KiotaClientFactory.create_with_default_middleware()
    adapter = GraphRequestAdapter(authentication_provider(tenant(url), None), client=http)
    root = url.rpartition("/")[0]
    details = GraphServiceClient(
        request_adapter=adapter
    ).reports.authentication_methods.user_registration_details
    await details.with_url(f"{root}/1{PATH}").get()
    rows, following, begin = 0, f"{url}{PATH}", time.perf_counter()
    while following:
        page = await details.with_url(following).get()
        rows += len(page.value)
        following = page.odata_next_link
    return rows, time.perf_counter() - begin


def peak_mb() -> float:
    """Largest resident size of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


async def _adapter(url: str) -> dict[str, float]:
    store = await store_with_people(":memory:", 100_000)
    graph = adapter_at(url)
    begin = time.perf_counter()
    rows, matched = await by_adapter(graph, store.cases)
    seconds = time.perf_counter() - begin
    await graph.aclose()
    store.close()
    return {"rows": rows, "matched": matched, "seconds": seconds, "peak_mb": peak_mb()}


async def _models(url: str) -> dict[str, float]:
    rows, seconds = await by_models(url)
    return {"rows": rows, "matched": 0, "seconds": seconds, "peak_mb": peak_mb()}


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    ways: dict[str, Callable[[str], Any]] = {"adapter": _adapter, "models": _models}
    print(json.dumps(asyncio.run(ways[sys.argv[1]](sys.argv[2]))))
