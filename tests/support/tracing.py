"""Counting every call of every port and every HTTP request, and dying at a chosen one."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from onboarding.ports import Services

PORTS = ("clock", "cases", "deliveries", "queue", "directory", "security", "mailer", "messages")
KILLED = 77


class Tracer:
    """`hit` is called before and after each call; in a killing run one of them ends the process."""

    def __init__(self, target: tuple[str, int, str] | None = None) -> None:
        self.target = target
        self.seen: list[tuple[str, int]] = []
        self.counts: Counter[str] = Counter()

    def enter(self, name: str) -> int:
        """Number of this call among those of its name."""
        self.counts[name] += 1
        number = self.counts[name]
        self.seen.append((name, number))
        self._die((name, number, "before"))
        return number

    def leave(self, name: str, number: int) -> None:
        self._die((name, number, "after"))

    def _die(self, here: tuple[str, int, str]) -> None:
        if here == self.target:
            os._exit(KILLED)


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
        number = tracer.enter(point)
        result = await method(*args, **kwargs)
        tracer.leave(point, number)
        return result

    return traced


def _pages(method: Callable[..., Any], point: str, tracer: Tracer) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        number = tracer.enter(point)
        async for page in method(*args, **kwargs):
            yield page
        tracer.leave(point, number)

    return traced


def traced(services: Services, tracer: Tracer) -> Services:
    """The same services with every port a row of points."""
    return dataclasses.replace(
        services, **{name: Traced(name, getattr(services, name), tracer) for name in PORTS}
    )


def trace_http(tracer: Tracer) -> None:
    """Make every asynchronous HTTP request of this process a point (the clock's own look-ups left out)."""
    import httpx

    plain = httpx.AsyncHTTPTransport.handle_async_request

    async def handle(self: Any, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/_control"):
            return await plain(self, request)
        number = tracer.enter(f"http {request.method} {_shape(path)}")
        response = await plain(self, request)
        tracer.leave(f"http {request.method} {_shape(path)}", number)
        return response

    httpx.AsyncHTTPTransport.handle_async_request = handle  # type: ignore[method-assign]


def _shape(path: str) -> str:
    """The path with ids and names left out, so that a point has the same name in every run."""
    return "/".join(
        part if part.isalpha() or part in {"v1.0", "$ref"} else "{}" for part in path.split("/") if part
    )
