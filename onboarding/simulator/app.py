"""HTTP around the responses: peers, tokens, faults, quotas, the request log and the headers of Graph."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from email.utils import format_datetime
from typing import Any, NoReturn

from aiohttp import web

from onboarding.simulator import pages
from onboarding.simulator.call import Answer, Call, Handler
from onboarding.simulator.errors import (
    ControlError,
    GraphError,
    bad_request,
    not_modelled,
    throttled,
    unauthorized,
)
from onboarding.simulator.locks import PROXY_HEADERS, is_loopback, refuse_in_azure
from onboarding.simulator.models.faults import Fault
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.urls import CONTROL, GRAPH, VENDORS, Route
from onboarding.simulator.vendors.mount import mount

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
SIMULATED = {"X-Simulated": "true"}
_MAX_BODY = 16 * 1024 * 1024
#: Headers that change what Graph does: refused unless the route models them.
_BEHAVIOUR = ("consistencylevel", "prefer", "if-match", "if-none-match")
_FAULT_CODES = {
    404: "Request_ResourceNotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
_HTML = "text/html"


Keep = Callable[[Tenant], Awaitable[None]]


async def keep_nothing(tenant: Tenant) -> None:
    """The tenant lives in memory only."""


def build(state: Tenant, keep: Keep = keep_nothing) -> web.Application:
    """The application over this state; `keep` saves it before an answer leaves. ConfigurationError where Azure
    runs it."""
    refuse_in_azure(os.environ)
    app = web.Application(middlewares=[_only_this_machine], client_max_size=_MAX_BODY)
    for route in GRAPH:
        app.router.add_route(route.method, "/v1.0" + _pattern(route.path), _graph(state, route, keep))
    app.router.add_route("*", "/{version:(?:v1.0|beta)}/{tail:.*}", _graph(state, None, keep))
    for method, path, handler in CONTROL:
        app.router.add_route(method, path, _control(state, handler, keep))
    for method, path, handler in VENDORS:
        app.router.add_route(method, path, _graph(state, Route(method, path, handler, "inferred", ""), keep))
    mount(app, state, keep)
    app.router.add_get("/", _page(state, pages.overview))
    app.router.add_get("/mail", _page(state, pages.mail))
    return app


def _pattern(path: str) -> str:
    """Clients may write the cast with the schema's alias: `graph.group` for `microsoft.graph.group`."""
    return path.replace("microsoft.graph.group", r"{cast:(?:microsoft\.)?graph\.group}")


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
    """Parsed JSON; None for no body; ValueError for anything else."""
    raw = await request.read()
    if not raw:
        return None
    if "json" not in request.content_type:
        raise ValueError("not JSON")
    return json.loads(raw, parse_constant=_no_constant)


async def _call(request: web.Request, body: Any) -> Call:
    return Call(
        method=request.method,
        path=request.path,
        params=dict(request.match_info),
        query=dict(request.query),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        root=f"http://{request.host}",
    )


# --- control and pages -------------------------------------------------------------------------------


def _control(tenant: Tenant, handler: Handler, keep: Keep) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            call = await _call(request, await _body(request))
            _note_change(tenant, request)
            answer = handler(tenant, call)
        except ValueError:
            answer = Answer(400, {"error": {"message": "the body is not JSON, or not sent as JSON"}})
        except ControlError as exc:
            answer = Answer(exc.status, {"error": {"message": exc.message}})
        await keep(tenant)
        return _json(answer)

    return serve


def _note_change(tenant: Tenant, request: web.Request) -> None:
    """Whatever is no read may have changed something, also where it is refused."""
    tenant.unsaved = tenant.unsaved or request.method != "GET"


def _json(answer: Answer, headers: Mapping[str, str] | None = None) -> web.Response:
    merged = {**SIMULATED, **answer.headers, **(headers or {})}
    if answer.body is None:
        return web.Response(status=answer.status, headers=merged)
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=answer.status, text=text, content_type="application/json", headers=merged)


def _page(tenant: Tenant, render: Callable[[Tenant], str]) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        headers = {**SIMULATED, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return web.Response(text=render(tenant), content_type=_HTML, headers=headers)

    return serve


# --- Graph -------------------------------------------------------------------------------------------


def _graph(tenant: Tenant, route: Route | None, keep: Keep) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        trace = tenant.ids.request_id()
        fault: Fault | None = None
        try:
            _authorized(request)
            fault = tenant.take_fault(request.method, request.path)
            if fault is not None and fault.mode == "delay":
                await asyncio.sleep(fault.seconds)
            if fault is not None and fault.mode == "drop_before":
                return await _dropped(tenant, request, keep)
            answer = await _answer(tenant, route, request, fault)
        except GraphError as exc:
            answer = _error(tenant, exc, trace, request)
        if fault is not None and fault.mode == "drop_after_effect":
            return await _dropped(tenant, request, keep)
        tenant.log(tenant.now(), request.method, _logged(request), answer.status)
        _note_change(tenant, request)
        await keep(tenant)
        return _json(answer, _headers(tenant, route, request, trace))

    return serve


def _authorized(request: web.Request) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()


async def _answer(tenant: Tenant, route: Route | None, request: web.Request, fault: Fault | None) -> Answer:
    try:
        body = await _body(request)
    except ValueError:
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set "
            "and payload is of valid JSON format."
        ) from None
    if fault is not None and fault.mode == "status":
        raise _ordered(fault)
    if route is None:
        raise not_modelled(f"{request.method} {request.path}")
    _modelled(tenant, route, request)
    if route.quota and tenant.policy.enforce_quota:
        wait = tenant.spend(route.quota)
        if wait is not None:
            raise throttled(wait)
    call = await _call(request, body)
    return route.handler(tenant, replace(call, lag=tenant.take_lag(request.method, request.path)))


def _ordered(fault: Fault) -> GraphError:
    """The status that a test ordered, in Graph's dress."""
    code = _FAULT_CODES.get(fault.status, "UnknownError")
    message = "Please retry again later." if fault.status == 429 else "A fault was ordered for this request."
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return GraphError(fault.status, code, message, headers=headers)


def _modelled(tenant: Tenant, route: Route, request: web.Request) -> None:
    """501 for a query option or behaviour header that the route does not model, 400 for a call that the
    tenant's cloud does not have (text as Graph words an unknown segment)."""
    if tenant.policy.cloud in route.cloudless:
        segment = route.path.rstrip("/").split("/")[-1]
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
    for name in request.query:
        if name not in route.options:
            raise not_modelled(f"the query option {name} here")
    for name in _BEHAVIOUR:
        if name in request.headers and name not in route.headers:
            raise not_modelled(f"the header {name} here")
    prefer = request.headers.get("Prefer", "")
    if prefer and prefer.replace(" ", "").lower() != 'idtype="immutableid"':
        raise not_modelled("this Prefer header")


def _error(tenant: Tenant, exc: GraphError, trace: str, request: web.Request) -> Answer:
    client = request.headers.get("client-request-id", trace)
    body = exc.body(at=tenant.now(), request_id=trace, client_request_id=client)
    return Answer(exc.status, body, exc.headers)


def _headers(tenant: Tenant, route: Route | None, request: web.Request, trace: str) -> dict[str, str]:
    """request-id and the echo of client-request-id on every answer, and the cost that Graph would charge
    (throttling-limits: GET on users 2, others 1, one less with $select, at least 1)."""
    cost = 2 if route and route.method == "GET" and route.path.startswith("/users") else 1
    cost -= 1 if cost > 1 and "$select" in request.query else 0
    return {
        "request-id": trace,
        "client-request-id": request.headers.get("client-request-id", trace),
        "x-ms-resource-unit": str(cost),
        "Date": format_datetime(tenant.now(), usegmt=True),
    }


def _logged(request: web.Request) -> str:
    """Path and query as a person would write them: `@` and `$filter`, however the client encoded them."""
    return request.rel_url.human_repr()


async def _dropped(tenant: Tenant, request: web.Request, keep: Keep) -> web.Response:
    """Close the connection without an answer; the log says 0."""
    tenant.log(tenant.now(), request.method, _logged(request), 0)
    _note_change(tenant, request)
    await keep(tenant)
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
