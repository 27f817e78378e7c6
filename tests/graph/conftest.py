"""A scripted transport below the SDK: everything above it (builders, authentication, middleware) is real.

And the adapter against the pretend tenant over HTTP (`graph`, `control`)."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from onboarding.graph import Graph, batch, client, open_graph, urls
from onboarding.graph.client import GraphConnection
from onboarding.graph.directory import GraphDirectory
from onboarding.graph.mailer import GraphMailer
from onboarding.graph.security import GraphSecurityInfo
from onboarding.settings import Settings
from onboarding.simulator.server import SimulatorThread, running_simulator

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
DOMAIN = "contoso.example"

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Time:
    """Sleeping moves this clock and nothing else."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


class Wire(httpx.AsyncBaseTransport):
    """Answers from `replies`, in order; the last one goes on for ever. Keeps what was asked, and when."""

    def __init__(self, time: Time) -> None:
        self.replies: list[Reply] = []
        self.requests: list[httpx.Request] = []
        self.at: list[float] = []
        self._time = time

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        self.at.append(self._time.now)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, httpx.Response):
            # A response is read once: the same reply may go out again.
            return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
        return reply(request)

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)

    def target(self, index: int = -1) -> str:
        """Method and raw path with query, as on the wire."""
        request = self.requests[index]
        return f"{request.method} {request.url.raw_path.decode()}"


@dataclass
class Rig:
    """The three ports on one connection, a wire and a clock."""

    wire: Wire
    time: Time
    connection: GraphConnection
    fraction: list[float] = field(default_factory=lambda: [0.5])

    def __post_init__(self) -> None:
        self.directory = GraphDirectory(self.connection)
        self.security = GraphSecurityInfo(self.connection)
        self.mailer = GraphMailer(self.connection)

    def reply(self, *replies: Reply) -> None:
        self.wire.replies = list(replies)


@pytest.fixture(autouse=True)
def urls_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every URL of these tests is what the SDK would have made of the same request."""

    def both(info: Any, base_url: str) -> str:
        ours = urls.expand(info, base_url)
        if info.RAW_URL_KEY in info.path_parameters:
            return ours  # a next link, as it came
        assert ours == urls._by_sdk(copy.copy(info), base_url)
        return ours

    monkeypatch.setattr(client, "expand", both)
    monkeypatch.setattr(batch, "expand", both)


@pytest.fixture
def settings() -> Settings:
    return Settings(graph_base_url="http://127.0.0.1:9")


@pytest.fixture
async def rig(settings: Settings) -> AsyncIterator[Rig]:
    time = Time()
    wire = Wire(time)
    fraction = [0.5]
    connection = GraphConnection(
        settings,
        sleep=time.sleep,
        fraction=lambda: fraction[0],
        monotonic=time.monotonic,
        pace=True,
        transport=wire,
    )
    yield Rig(wire, time, connection, fraction)
    await connection.aclose()


def batched(*replies: httpx.Response) -> httpx.Response:
    """The answer to a `$batch`, in the order of the facts: none is kept."""
    rows = [
        {
            "id": str(place),
            "status": reply.status_code,
            "headers": dict(reply.headers),
            **({"body": json.loads(reply.content)} if reply.content else {}),
        }
        for place, reply in enumerate(replies)
    ]
    return httpx.Response(200, json={"responses": rows[::-1]})


@pytest.fixture
def graph_error() -> Callable[..., httpx.Response]:
    """Graph's error object, as in "Microsoft Graph error responses and resource types"."""

    def make(
        status: int,
        code: str,
        message: str = "",
        *details: dict[str, str],
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        error: dict[str, Any] = {"code": code, "message": message, "innerError": {"request-id": "r"}}
        if details:
            error["details"] = list(details)
        return httpx.Response(
            status, json={"error": error}, headers={"request-id": "req-1", **(headers or {})}
        )

    return make


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(start=START) as running:
        yield running


class Control:
    """The control interface of the simulator."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.client.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def person(self, name: str, **members: Any) -> str:
        made = await self.post("users", {"userPrincipalName": f"{name}@{DOMAIN}", **members})
        return str(made["id"])

    async def requests(self) -> list[tuple[str, str, int]]:
        items = (await self.client.get("/_control/requests")).json()["items"]
        return [(item["method"], item["path"], item["status"]) for item in items]


@pytest.fixture
async def control(simulator: SimulatorThread) -> AsyncIterator[Control]:
    async with httpx.AsyncClient(base_url=simulator.base_url) as client:
        await client.post("/_control/reset", json={"seed": 7})
        yield Control(client)


class Slept(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
async def graph(simulator: SimulatorThread, control: Control, slept: Slept) -> AsyncIterator[Graph]:
    settings = Settings(graph_base_url=simulator.base_url, domain=DOMAIN, sender=f"onboarding@{DOMAIN}")
    opened = open_graph(settings, sleep=slept, fraction=lambda: 0.5)
    yield opened
    await opened.aclose()
