"""HTTP around the pretend HR APIs: faults, budget, log, 501 for what no vendor's file models."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from aiohttp import web

from onboarding.simulator import vendors
from onboarding.simulator.call import Answer
from onboarding.simulator.models.faults import Fault
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.vendors import people
from onboarding.simulator.vendors.people import Api, Handler, VendorError, Visit

Keep = Callable[[Tenant], Awaitable[None]]
_HEADERS = {"X-Simulated": "true"}


@cache
def apis() -> dict[str, Api]:
    """Every vendor's file that has an `API`."""
    modules = (import_module(f"{vendors.__name__}.{item.name}") for item in iter_modules(vendors.__path__))
    return {module.API.vendor: module.API for module in modules if hasattr(module, "API")}


def mount(app: web.Application, tenant: Tenant, keep: Keep) -> None:
    """Serve `/vendors/{source}/…`; routes that were added before keep their paths."""

    async def serve(request: web.Request) -> web.StreamResponse:
        return await _serve(tenant, keep, request)

    app.router.add_route("*", "/vendors/{source}/{tail:.*}", serve)


async def _serve(tenant: Tenant, keep: Keep, request: web.Request) -> web.StreamResponse:
    fault: Fault | None = tenant.take_fault(request.method, request.path)
    if fault is not None and fault.mode == "delay":
        await asyncio.sleep(fault.seconds)
    answer = Answer(0)
    if fault is None or fault.mode not in {"drop_before", "status"}:
        answer = await _answer(tenant, request)
    elif fault.mode == "status":
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        answer = Answer(fault.status, {"error": "ordered"}, headers)
    dropped = fault is not None and fault.mode in {"drop_before", "drop_after_effect"}
    tenant.log(tenant.now(), request.method, request.rel_url.human_repr(), 0 if dropped else answer.status)
    tenant.unsaved = True
    await keep(tenant)
    if dropped and request.transport is not None:
        request.transport.close()
        return web.Response(status=500)
    text = "" if answer.body is None else json.dumps(answer.body, ensure_ascii=False)
    return web.Response(
        status=answer.status,
        text=text,
        content_type="application/json",
        headers={**_HEADERS, **answer.headers},
    )


async def _answer(tenant: Tenant, request: web.Request) -> Answer:
    source = request.match_info["source"]
    wait = people.throttled(tenant, source)
    if wait is not None:
        return Answer(429, {"error": "rate limit"}, {"Retry-After": f"{wait:g}"})
    api = apis().get(people.vendor_of(tenant, source))
    found = _route(api, request) if api else None
    if api is None or found is None:
        return Answer(501, {"error": "The simulator does not model this call of an HR system."})
    handler, params, names = found
    unknown = sorted(set(request.query) - set(names))
    if unknown:
        return Answer(501, {"error": f"The simulator does not model the parameter {unknown[0]} here."})
    try:
        visit = Visit(
            tenant,
            source,
            request.method,
            "/" + request.match_info["tail"],
            params,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            await _body(request),
            api.lag,
        )
        return handler(visit)
    except VendorError as exc:
        return exc.answer


def _route(api: Api, request: web.Request) -> tuple[Handler, dict[str, str], tuple[str, ...]] | None:
    for method, path, names, handler in api.routes:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        match = re.fullmatch(pattern, "/" + request.match_info["tail"])
        if match and method == request.method:
            return handler, match.groupdict(), names
    return None


async def _body(request: web.Request) -> Any:
    raw = await request.read()
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        raise VendorError(400, {"error": "the body is not JSON"}) from None
