"""A host over a small function app in tmp_path, on a free port, with queues and a clock of the test's own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from onboarding.devhost.config import Options
from onboarding.devhost.host import DevHost
from onboarding.devhost.serving import prepare
from onboarding.errors import StoreConflict, Unavailable
from onboarding.ports import POISON, LeasedMessage
from onboarding.storage.azure import open_azure
from onboarding.storage.embedded import open_embedded
from tests.support.azurite import shared

HEAD = """
import asyncio, threading, time
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
EVENTS = []
"""


@dataclass
class Row:
    n: int
    body: str
    visible_at: float
    count: int = 0
    receipt: int = 0


@dataclass
class MemoryQueues:
    """ports.QueueHost in memory: leases by receipt, dequeue count, delay, poison twin. Real time."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    renewed: int = 0
    down: bool = False
    #: Real seconds between the effect of a renewal, or a look at the depth, and its answer.
    lag: float = 0.0
    number: int = 0

    def now(self) -> float:
        return datetime.now(UTC).timestamp()

    async def put(self, queue: str, body: str, delay: float = 0.0) -> None:
        self.number += 1
        self.rows.setdefault(queue, []).append(Row(self.number, body, self.now() + delay))

    async def receive(self, queue: str, count: int, lease_seconds: float) -> list[LeasedMessage]:
        if self.down:
            raise Unavailable("down")
        now, found = self.now(), []
        for row in [r for r in self.rows.get(queue, []) if r.visible_at <= now][:count]:
            row.count, row.receipt, row.visible_at = row.count + 1, row.receipt + 1, now + lease_seconds
            found.append(LeasedMessage(str(row.n), str(row.receipt), row.body, row.count, datetime.now(UTC)))
        self.taken += [message.body for message in found]
        return found

    def held(self, queue: str, message: LeasedMessage) -> Row:
        for row in self.rows.get(queue, []):
            if (str(row.n), str(row.receipt)) == (message.message_id, message.receipt):
                return row
        raise StoreConflict("not held")

    async def renew(self, queue: str, message: LeasedMessage, lease_seconds: float) -> LeasedMessage:
        row = self.held(queue, message)
        row.receipt, row.visible_at, self.renewed = (
            row.receipt + 1,
            self.now() + lease_seconds,
            self.renewed + 1,
        )
        answer = replace(message, receipt=str(row.receipt))
        await asyncio.sleep(self.lag)
        return answer

    async def delete(self, queue: str, message: LeasedMessage) -> None:
        self.rows[queue].remove(self.held(queue, message))

    async def release(self, queue: str, message: LeasedMessage, visible_in: float) -> None:
        row = self.held(queue, message)
        row.receipt, row.visible_at = row.receipt + 1, self.now() + visible_in

    async def to_poison(self, queue: str, message: LeasedMessage) -> None:
        await self.delete(queue, message)
        await self.put(queue + POISON, message.body)

    async def depth(self, queue: str) -> tuple[int, int]:
        rows = self.rows.get(queue, [])
        visible = sum(row.visible_at <= self.now() for row in rows)
        answer = visible, len(rows) - visible
        await asyncio.sleep(self.lag)
        return answer

    async def aclose(self) -> None:
        """Nothing to close."""


class StoreQueues:
    """A store's queue with the double's `put`, so that all run the same tests."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.queue: Any = store.queue_host

    async def put(self, queue: str, body: str, delay: float = 0.0) -> None:
        await self.queue.put_raw(queue, base64.b64encode(body.encode()).decode(), delay)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queue, name)

    async def aclose(self) -> None:
        await self.store.aclose()


class MovedClock:
    """A service clock that stands still until a test moves it, as the simulator's nearly does."""

    jumps = True

    def __init__(self) -> None:
        #: Real seconds between looking at the time and answering, as over HTTP.
        self.lag = 0.0
        self.moment = datetime(2028, 2, 28, 23, 0, 0, tzinfo=UTC)

    async def now(self) -> datetime:
        moment = self.moment
        await asyncio.sleep(self.lag)
        return moment

    def advance(self, **parts: float) -> None:
        self.moment += timedelta(**parts)

    async def close(self) -> None:
        """Nothing to close."""


@dataclass
class Served:
    """A running host, a client for it, and what its functions have noted."""

    host: DevHost
    client: aiohttp.ClientSession
    clock: MovedClock
    queues: Any

    @property
    def events(self) -> list[Any]:
        return list(sys.modules["function_app"].EVENTS)

    async def get(self, path: str, method: str = "GET", **more: Any) -> tuple[int, bytes, Any]:
        async with self.client.request(method, self.host.url + path, **more) as answer:
            return answer.status, await answer.read(), answer.headers

    async def settle(self, timeout: float = 5.0) -> tuple[int, dict[str, Any]]:
        body = {"timeout_s": timeout}
        async with self.client.post(self.host.url + "/_dev/settle", json=body) as answer:
            return answer.status, await answer.json()


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Served]]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment of the test's own, that the host may write to."""
    fresh = {"PATH": os.environ["PATH"], "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    monkeypatch.setattr("os.environ", fresh)
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.setitem(sys.modules, "function_app", sys)
    return fresh


@pytest.fixture
def write_app(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Path]:
    """Write function_app.py and host.json; returns the app's path."""

    def write(code: str, host_json: str = '{"version": "2.0"}') -> Path:
        (tmp_path / "host.json").write_text(host_json)
        path = tmp_path / "function_app.py"
        path.write_text(HEAD + textwrap.dedent(code))
        return path

    return write


@pytest.fixture(params=["memory", "embedded", "azure"])
async def queues(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Every implementation of QueueHost."""
    made: Any = MemoryQueues()
    if request.param == "embedded":
        made = StoreQueues(open_embedded(str(tmp_path / "queues.db"), lambda: datetime.now(UTC)))
    elif request.param == "azure":
        made = StoreQueues(open_azure(shared().settings(shared().account())))
    yield made
    await made.aclose()


@pytest.fixture
def memory() -> MemoryQueues:
    return MemoryQueues()


@pytest.fixture
def serve(write_app: Callable[..., Path], memory: MemoryQueues) -> Serve:
    """`async with serve(code, host_json=…, queues=…, **options) as served`."""

    @contextlib.asynccontextmanager
    async def start(
        code: str, host_json: str = '{"version": "2.0"}', queues: Any = None, **options: Any
    ) -> AsyncIterator[Served]:
        used, clock = queues or memory, MovedClock()
        settings = {"port": 0, "poll_seconds": 0.1, "tick_seconds": 3600.0, **options}
        made = Options(app=write_app(code, host_json), **settings)
        host = prepare(made, queue_host=lambda _: used, clock=clock)
        assert host is not None, "a start-up check failed"
        async with host, aiohttp.ClientSession() as client:
            # The first look of the background loop is over; with the default tick there is no second.
            await asyncio.sleep(0.01)
            yield Served(host, client, clock, used)

    return start
