"""HTTP triggers: find the function, decode the request, encode the answer.

Rules of the real host: `facts` are its own sources and pages (FunctionInvocationMiddleware, GrpcMessage-
ConversionExtensions, "Azure Functions HTTP trigger"): 404 for an unknown path **and** for a method that no
function of that route has; HEAD is not implied by GET; a body without Content-Length does not arrive;
exceptions and functions that return nothing are a 500 with an empty body.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from onboarding import observe
from onboarding.devhost import bindings, routes
from onboarding.devhost.config import Options
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.model import FunctionSpec

log = logging.getLogger(__name__)

#: Set by App Service Authentication; a caller must not be able to set them.
_PRINCIPAL = "x-ms-client-principal"
#: Made by the server from the answer itself.
_FRAMING = {"content-length", "transfer-encoding", "connection"}


#: Where somebody wants to be who types the host's address.
HOME = "/api/dashboard"
#: Seconds without a byte after which a body that was announced is taken as it is.
_IDLE = 3.0


async def _body(request: web.Request) -> bytes:
    """The body, or as much of it as came: a sender that announces bytes and withholds them must not hang a door
    that would refuse the request by its header alone. (In Azure the front end ends such a request.)
    """
    found = bytearray()
    try:
        while chunk := await asyncio.wait_for(request.content.readany(), _IDLE):
            found += chunk
    except TimeoutError:
        pass
    return bytes(found)


@dataclass(frozen=True, slots=True)
class Route:
    """A function with its parsed template."""

    template: routes.Template
    spec: FunctionSpec


class HttpSide:
    """The HTTP functions of one app."""

    def __init__(
        self, specs: Sequence[FunctionSpec], prefix: str, invoker: Invoker, options: Options
    ) -> None:
        found = [Route(routes.parse(spec.route), spec) for spec in specs]
        # Stable: equal precedence keeps the order of definition.
        self.routes = sorted(found, key=lambda route: route.template.precedence)
        self._prefix = [part.lower() for part in prefix.split("/") if part]
        self._invoker = invoker
        self._options = options

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path, query = _target(request)
        found = self._find(request.method, path)
        if found is None and request.method == "GET" and path in {"", "/"} and self._find("GET", HOME):
            # Ours alone: a real app shows a page of the platform here, which is of no use to anybody.
            return web.Response(status=302, headers={"Location": HOME})
        if found is None:
            return web.Response(status=404)
        route, values = found
        parameters = _joined(parse_qsl(query, keep_blank_values=True))
        if not self._allowed(route.spec, request.headers, parameters):
            return web.Response(status=401)
        headers = _joined((name.lower(), value) for name, value in request.headers.items())
        if not self._options.easy_auth:
            headers = {name: value for name, value in headers.items() if not name.startswith(_PRINCIPAL)}
        body = await _body(request) if request.content_length else b""
        url = f"{request.scheme}://{request.host}{path}{'?' if query else ''}{query}"
        given = {name: value for name, value in parameters.items() if value}
        value = bindings.http_request(request.method, url, headers, given, values, body)
        return await self._run(route.spec, value)

    async def _run(self, spec: FunctionSpec, value: object) -> web.Response:
        try:
            answer = bindings.http_answer(await self._invoker.call(spec, value))
            response = web.Response(status=answer.status, body=answer.body)
        except Exception as exc:
            observe.failure(log, "function.failed", exc, function=spec.name)
            return web.Response(status=500)
        response.headers.popall("Content-Type", None)
        for name, text in answer.headers:
            if name.lower() not in _FRAMING:
                response.headers.add(name, text)
        return response

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        parts = path.strip("/").split("/")
        size = len(self._prefix)
        if [part.lower() for part in parts[:size]] != self._prefix:
            return None
        rest = "/".join(parts[size:])
        for route in self.routes:
            methods = route.spec.methods
            if methods is not None and method.upper() not in methods:
                continue
            values = route.template.match(rest)
            if values is not None:
                return route, values
        return None

    def _allowed(self, spec: FunctionSpec, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """Keys by header or `code`; the master key opens everything, a function key the level function."""
        if not self._options.enforce_keys or spec.auth_level == "anonymous":
            return True
        level = ("master",) if spec.auth_level == "admin" else ("master", "function")
        return has_key(self._options, headers.get("x-functions-key") or _code(query), level)


def has_key(options: Options, given: str | None, levels: Iterable[str]) -> bool:
    """Is `given` one of the keys of these levels (`master`, `function`)?"""
    keys = {"master": options.master_key, "function": options.function_key}
    offered = (given or "").encode("utf-8", "surrogateescape")
    return any(keys[level] and hmac.compare_digest(offered, keys[level].encode()) for level in levels)


def _code(query: Mapping[str, str]) -> str | None:
    return next((value for name, value in query.items() if name.lower() == "code"), None)


def _target(request: web.Request) -> tuple[str, str]:
    """Path and query as they came, still encoded; an absolute request target loses its authority."""
    target = request.raw_path
    if "://" in target.partition("?")[0]:
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("#")[0].partition("?")
    return path, query


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Repeated names joined with a comma, without a space; names compare case-insensitively."""
    values: dict[str, str] = {}
    spelled: dict[str, str] = {}
    for name, value in pairs:
        first = spelled.setdefault(name.lower(), name)
        values[first] = f"{values[first]},{value}" if first in values else value
    return values
