"""An Azurite of a row's own, and what the storage account is asked for one hire."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from onboarding import bootstrap
from onboarding.cli.azurite import SCRIPT, find_node
from onboarding.observe import setup
from onboarding.settings import Settings
from tests.bench import tenant
from tests.bench.load import Shot
from tests.bench.processes import ROOT
from tests.faults import drain
from tests.support.azurite import Azurite
from tests.support.host import Host

MISSING = (
    "Azurite is not installed: run `make tools` (npm packages, and Node.js from PyPI where there is none)"
)


def installed() -> bool:
    """Without it a row says `not built`, with `MISSING`."""
    return find_node() is not None and (ROOT / SCRIPT).is_file()


@contextlib.contextmanager
def account(folder: str) -> Iterator[str]:
    """The connection string of an empty account in an Azurite that ends with the context. Data in memory."""
    azurite = Azurite(Path(folder), persistent=False)
    azurite.start()
    try:
        yield azurite.connection_string()
    finally:
        azurite.kill()


def requests_per_hire(storage: str, hires: int) -> tuple[float, float]:
    """(at the door, by the workers): one process, one hire after the other, polls of empty queues included.

    Tables, queues, facets and counters exist: a hire comes before that is not counted.
    """
    seen: Counter[str] = Counter()
    plain = aiohttp.ClientSession._request

    async def request(self: Any, method: str, url: Any, **kwargs: Any) -> Any:
        seen["requests"] += 1
        return await plain(self, method, url, **kwargs)

    aiohttp.ClientSession._request = request  # type: ignore[method-assign,assignment]
    try:
        return asyncio.run(_counted(storage, hires, seen))
    finally:
        aiohttp.ClientSession._request = plain  # type: ignore[method-assign]


async def _counted(storage: str, hires: int, seen: Counter[str]) -> tuple[float, float]:
    setup()
    host = Host(bootstrap.build(Settings.from_env(drain.environment("", storage))))
    try:
        await _post(host, drain.shot("", 0))
        await host.drain()
        seen.clear()
        for number in range(1, hires + 1):
            await _post(host, drain.shot("", number))
        door = seen.total()
        await host.drain()
        return door / hires, (seen.total() - door) / hires
    finally:
        await bootstrap.close()


async def _post(host: Host, one: Shot) -> None:
    answer = await host.post(tenant.SOURCE, one.body, one.headers)
    assert answer.status_code == 202, answer.get_body()
