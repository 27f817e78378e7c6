"""Counting every call of every port and every HTTP request, and dying at a chosen one.

Dying is SIGKILL: nothing is flushed, closed or awaited.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

from onboarding.ports import Services
from onboarding.storage.names import TABLES

PORTS = ("clock", "cases", "deliveries", "queue", "directory", "security", "mailer", "messages")
#: Exit code of a child that died at a point, as multiprocessing tells it.
KILLED = -signal.SIGKILL


Point = tuple[int, str, int, str]


class Tracer:
    """`enter` and `leave` are called around each call; at one of the targets the process ends.

    A point is (phase, name, number within the phase, side): it has the same identity in every process that
    plays that phase.
    """

    def __init__(
        self, targets: frozenset[Point] = frozenset(), note: Callable[[Point], None] | None = None
    ) -> None:
        self.targets = targets
        self.note = note or (lambda point: None)
        self.seen: list[tuple[int, str, int]] = []
        self.counts: Counter[tuple[int, str]] = Counter()
        self.phase = 0
        #: While true, nothing is a point.
        self.muted = False

    def enter(self, name: str) -> tuple[int, str, int]:
        """The call's identity."""
        if self.muted:
            return (self.phase, "muted", 0)
        self.counts[self.phase, name] += 1
        here = (self.phase, name, self.counts[self.phase, name])
        self.seen.append(here)
        self._die((*here, "before"))
        return here

    def leave(self, here: tuple[int, str, int]) -> None:
        self._die((*here, "after"))

    def _die(self, here: Point) -> None:
        if here in self.targets:
            self.note(here)
            os.kill(os.getpid(), signal.SIGKILL)


class Traced:
    """A port whose async methods are points. Everything else passes through."""

    def __init__(self, name: str, target: Any, tracer: Tracer) -> None:
        self._name, self._target, self._tracer = name, target, tracer

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._target, attribute)
        point = f"{self._name}.{attribute}"
        if inspect.iscoroutinefunction(value):
            return _call(value, point, self._tracer)
        if inspect.isasyncgenfunction(value):
            return _pages(value, point, self._tracer)
        return value


def _call(method: Callable[..., Any], point: str, tracer: Tracer) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        here = tracer.enter(point)
        result = await method(*args, **kwargs)
        tracer.leave(here)
        return result

    return traced


def _pages(method: Callable[..., Any], point: str, tracer: Tracer) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        here = tracer.enter(point)
        async for page in method(*args, **kwargs):
            yield page
        tracer.leave(here)

    return traced


def traced(services: Services, tracer: Tracer) -> Services:
    """The same services with every port a row of points."""
    ports: dict[str, Any] = {name: Traced(name, getattr(services, name), tracer) for name in PORTS}
    return dataclasses.replace(services, **ports)


def trace_http(tracer: Tracer, *, reads: bool = True) -> None:
    """Make every asynchronous HTTP request of this process a point (the clock's own look-ups left out)."""
    import httpx

    plain = httpx.AsyncHTTPTransport.handle_async_request

    async def handle(self: Any, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/_control") or (request.method == "GET" and not reads):
            return await plain(self, request)
        here = tracer.enter(f"http {request.method} {_shape(path)}")
        response = await plain(self, request)
        tracer.leave(here)
        return response

    httpx.AsyncHTTPTransport.handle_async_request = handle  # type: ignore[method-assign]


def trace_storage(tracer: Tracer) -> None:
    """Make every write to the storage account a point. Reads change nothing: dying beside one is dying after the
    write before it."""
    import aiohttp

    plain = aiohttp.ClientSession._request

    async def request(self: Any, method: str, url: Any, **kwargs: Any) -> Any:
        if method == "GET" or method == "HEAD":
            return await plain(self, method, url, **kwargs)
        here = tracer.enter(f"storage {method} {_place(str(url), kwargs.get('data'))}")
        answer = await plain(self, method, url, **kwargs)
        tracer.leave(here)
        return answer

    aiohttp.ClientSession._request = request  # type: ignore[method-assign,assignment]


#: The tables that a transaction can be about.
_TABLES = b"|".join(name.encode() for name in TABLES)
_TABLE = re.compile(rb"(?:PUT|POST|PATCH|MERGE|DELETE) [^\r\n]*?/(" + _TABLES + rb")\b")


def _place(url: str, data: Any) -> str:
    """Table, queue or container of a request, of a transaction its table; keys and receipts left out."""
    path = [part for part in url.partition("?")[0].split("/")[4:] if part]
    place = path[0].partition("(")[0] if path else ""
    if place == "$batch":
        found = _TABLE.search(data if isinstance(data, bytes) else str(data).encode())
        return f"transaction {found[1].decode() if found else 'unknown'}"
    return place


def _shape(path: str) -> str:
    """The path with ids and names left out, so that a point has the same name in every run."""
    return "/".join(
        part if part.isalpha() or part in {"v1.0", "$ref"} else "{}" for part in path.split("/") if part
    )
