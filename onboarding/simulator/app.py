"""HTTP around Graph (pipeline.py), the control interface and the pages."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from aiohttp import web

from onboarding.simulator import pages
from onboarding.simulator.call import Answer, Call, Handler, Incoming
from onboarding.simulator.errors import ControlError
from onboarding.simulator.locks import PROXY_HEADERS, is_loopback, refuse_in_azure
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.pipeline import Graph
from onboarding.simulator.urls import CONTROL, GRAPH, VENDORS, Route
from onboarding.simulator.vendors.mount import mount

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
SIMULATED = {"X-Simulated": "true"}
_MAX_BODY = 16 * 1024 * 1024
_HTML = "text/html"


Keep = Callable[[Tenant], Awaitable[None]]


async def keep_nothing(tenant: Tenant) -> None:
    """The tenant lives in memory only."""


def build(state: Tenant, keep: Keep = keep_nothing) -> web.Application:
    """The application over this state; `keep` saves it before an answer leaves. ConfigurationError where Azure
    runs it."""
    refuse_in_azure(os.environ)
    app = web.Application(middlewares=[_only_this_machine], client_max_size=_MAX_BODY)
    graph = Graph(state, GRAPH)
    app.router.add_route("*", "/{version:(?:v1.0|beta)}/{tail:.*}", _graph(graph, None, keep))
    for method, path, handler in CONTROL:
        app.router.add_route(method, path, _control(state, handler, keep))
    for method, path, handler in VENDORS:
        app.router.add_route(method, path, _graph(graph, Route(method, path, handler, "inferred", ""), keep))
    mount(app, state, keep)
    app.router.add_get("/", _page(state, pages.overview))
    app.router.add_get("/mail", _page(state, pages.mail))
    return app


@web.middleware
async def _only_this_machine(request: web.Request, handler: Serve) -> web.StreamResponse:
    """403 for another machine, for what came through a proxy, and for a page that renamed 127.0.0.1."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    host = request.host.rsplit(":", 1)[0].strip("[]")
    forwarded = any(name in request.headers for name in PROXY_HEADERS)
    if not (isinstance(peer, tuple) and is_loopback(peer[0]) and is_loopback(host)) or forwarded:
        refusal = {"error": {"code": "Forbidden", "message": "The simulator answers this machine only."}}
        return web.json_response(refusal, status=403, headers=SIMULATED)
    try:
        return await handler(request)
    except web.HTTPException as exc:
        exc.headers.update(SIMULATED)
        raise


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


async def _body(request: web.Request) -> Any:
    """Parsed JSON; None for no body; ValueError for anything else, half a surrogate pair included."""
    raw = await request.read()
    if not raw:
        return None
    if "json" not in request.content_type:
        raise ValueError("not JSON")
    try:
        found = json.loads(raw, parse_constant=_no_constant)
        if b"\\ud" in raw.lower():
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


# --- control and pages -------------------------------------------------------------------------------


def _control(tenant: Tenant, handler: Handler, keep: Keep) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            body = await _body(request)
            # Whatever is no read may have changed something, also where it is refused.
            tenant.unsaved = tenant.unsaved or request.method != "GET"
            call = Call(
                request.method,
                request.path,
                dict(request.match_info),
                dict(request.query),
                _headers(request),
                body,
                f"http://{request.host}",
            )
            answer = handler(tenant, call)
        except ValueError:
            answer = Answer(400, {"error": {"message": "the body is not JSON, or not sent as JSON"}})
        except ControlError as exc:
            answer = Answer(exc.status, {"error": {"message": exc.message}})
        await keep(tenant)
        return _response(answer)

    return serve


def _response(answer: Answer) -> web.Response:
    merged = {**SIMULATED, **answer.headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=merged)
    if answer.content_type == "application/json":
        text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    else:
        text = str(answer.body)
    return web.Response(status=answer.status, text=text, content_type=answer.content_type, headers=merged)


def _page(tenant: Tenant, render: Callable[[Tenant], str]) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        headers = {**SIMULATED, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return web.Response(text=render(tenant), content_type=_HTML, headers=headers)

    return serve


# --- Graph -------------------------------------------------------------------------------------------


def _graph(graph: Graph, route: Route | None, keep: Keep) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        asked = await _incoming(request)
        found = None if route is None else (route, dict(request.match_info))
        answer = await graph.answer(asked, found)
        await keep(graph.tenant)
        if answer.dropped and request.transport is not None:
            request.transport.close()
        return _response(answer)

    return serve


async def _incoming(request: web.Request) -> Incoming:
    """Path and query as a person would write them (`@`, `$filter`) are for the log."""
    try:
        body = await _body(request)
    except ValueError as exc:
        body = exc
    return Incoming(
        request.method,
        request.rel_url.raw_path,
        request.rel_url.human_repr(),
        tuple(request.query.items()),
        _headers(request),
        body,
        f"http://{request.host}",
    )
