"""An open-loop load generator: requests leave on time, whatever became of those before them."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Shot:
    """One prepared request."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """What came of it: HTTP status (0: none) and seconds from the moment it was due to the whole answer."""

    status: int
    seconds: float


async def fire(shots: Sequence[Shot], per_second: float) -> list[Hit]:
    """Send each at its moment. Waiting of ours counts: latency is from the planned moment, not the actual one."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        gc.collect()
        gc.freeze()
        begin = time.perf_counter() + 0.05
        tasks = []
        for number, shot in enumerate(shots):
            due = begin + number / per_second
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            tasks.append(asyncio.create_task(_one(session, shot, due)))
        hits = await asyncio.gather(*tasks)
        gc.unfreeze()
        return hits


async def _one(session: aiohttp.ClientSession, shot: Shot, due: float) -> Hit:
    try:
        async with session.post(shot.url, data=shot.body, headers=shot.headers) as answer:
            await answer.read()
            status = answer.status
    except (aiohttp.ClientError, TimeoutError):
        status = 0
    return Hit(status, time.perf_counter() - due)
