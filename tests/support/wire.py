"""The way to the pretend tenant without sockets: the Graph adapter's transport, over the simulator's own pipeline.

For tests and benchmarks whose subject is not HTTP. What goes over sockets is proved by tests/graph, tests/faults,
tests/demo and the main story.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import msgspec

from onboarding.simulator.call import Answer, Incoming
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.pipeline import Graph
from onboarding.simulator.urls import GRAPH


async def _at_once() -> None:
    """No way is that short, but for a test."""


class Wire(httpx.AsyncBaseTransport):
    """`way` is waited for before the tenant hears of a request, and before its answer is back. An answer that is
    dropped or late raises what httpx raises over a socket."""

    def __init__(self, tenant: Tenant, way: Callable[[], Awaitable[None]] = _at_once) -> None:
        self._graph = Graph(tenant, GRAPH)
        self._way = way

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = _incoming(request, await request.aread())
        await self._way()
        patience = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(patience):
                answer = await self._graph.answer(asked)
        except TimeoutError as exc:
            raise httpx.ReadTimeout("no answer in time", request=request) from exc
        await self._way()
        if answer.dropped:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        return _response(answer)


def _incoming(request: httpx.Request, raw: bytes) -> Incoming:
    path, _, query = request.url.raw_path.decode().partition("?")
    shown = f"{unquote(path)}?{unquote(query)}" if query else unquote(path)
    return Incoming(
        request.method,
        path,
        shown,
        tuple(parse_qsl(query, keep_blank_values=True)),
        {name.lower(): value for name, value in request.headers.items()},
        _body(raw),
        f"{request.url.scheme}://{request.url.netloc.decode()}",
    )


def _body(raw: bytes) -> Any:
    return json.loads(raw) if raw else None


def _response(answer: Answer) -> httpx.Response:
    body = b"" if answer.body is None else msgspec.json.encode(answer.body)
    return httpx.Response(
        answer.status, headers={"content-type": answer.content_type, **answer.headers}, content=body
    )
