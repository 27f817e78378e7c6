"""`$batch`: up to 20 requests in one ("Combine multiple HTTP requests using JSON batching").

Each inner request goes through all of Graph by itself: its own faults, quotas and errors; 200 outside says nothing
about the inside. Requests without `dependsOn` run at the same time; those to Outlook four at a time, and where the
budget of mailboxes is enforced, whatever is beyond four for one mailbox is refused (microsoft-graph-docs issues
2886 and 8760). Answers come in another order than the requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from onboarding.simulator.addresses import segments
from onboarding.simulator.call import Answer, Call, Incoming
from onboarding.simulator.errors import GraphError, bad_request, mailbox_busy, not_modelled
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.models.throttle import CONCURRENT

MOST = 20
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_KEYS = {"id", "method", "url", "headers", "body", "dependsOn"}
#: Path segments of Exchange's own resources.
_OUTLOOK = {"messages", "sendmail", "mailfolders", "mailboxsettings", "events", "calendar", "contacts"}


@dataclass(frozen=True, slots=True)
class _Inner:
    """One request of a batch. `id` as the client wrote it; ids compare without regard to case."""

    id: str
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    depends: tuple[str, ...]

    @property
    def mailbox(self) -> str | None:
        """Whose mailbox it goes to; None where it goes to none."""
        parts = [segment.text.lower() for segment in segments(self.url.partition("?")[0])]
        return parts[1] if len(parts) > 2 and parts[0] == "users" and _OUTLOOK & set(parts[2:]) else None


async def run(tenant: Tenant, call: Call) -> Answer:
    """200 with one answer a request, or 400 for an envelope that is none."""
    inner = _requests(call.json_object())
    refused = _beyond_four(inner) if "mailbox" in tenant.policy.enforced else set()
    four = asyncio.Semaphore(CONCURRENT)
    running: dict[str, asyncio.Task[dict[str, Any]]] = {}
    for request in _in_order(inner):
        waits = [running[key] for key in request.depends]
        work = (
            _error(request, mailbox_busy()) if request.id in refused else _after(waits, request, call, four)
        )
        running[request.id.lower()] = asyncio.ensure_future(work)
    answers = [await running[request.id.lower()] for request in inner]
    return Answer(200, {"responses": answers[::-1]})


async def _after(
    waits: Iterable[asyncio.Task[dict[str, Any]]], request: _Inner, call: Call, four: asyncio.Semaphore
) -> dict[str, Any]:
    before = [await task for task in waits]
    if any(answer["status"] >= 400 for answer in before):
        failed = "A request that this one depends on has failed."
        return await _error(request, GraphError(424, "FailedDependency", failed))
    if request.mailbox is not None:
        async with four:
            return await _one(request, call)
    return await _one(request, call)


def _beyond_four(inner: list[_Inner]) -> set[str]:
    """Ids of the requests that find four to the same mailbox under way; those with `dependsOn` wait their turn."""
    at_once: Counter[str] = Counter()
    refused = set()
    for request in inner:
        if request.mailbox is not None and not request.depends:
            at_once[request.mailbox] += 1
            if at_once[request.mailbox] > CONCURRENT:
                refused.add(request.id)
    return refused


async def _error(request: _Inner, exc: GraphError) -> dict[str, Any]:
    body = {"error": {"code": exc.code, "message": exc.message}}
    headers = {**exc.headers, "Content-Type": "application/json"}
    return {"id": request.id, "status": exc.status, "headers": headers, "body": body}


async def _one(request: _Inner, call: Call) -> dict[str, Any]:
    path, _, query = request.url.partition("?")
    path = "/v1.0/" + path.lstrip("/")
    asked = Incoming(
        request.method,
        path,
        unquote(path) + (f"?{unquote(query)}" if query else ""),
        tuple(parse_qsl(query, keep_blank_values=True)),
        {**request.headers, "authorization": call.headers.get("authorization", "")},
        request.body,
        call.root,
        inside="$batch",
    )
    answer = await call.dispatch(asked)
    if answer.dropped:
        # Nobody hangs up inside a batch: the gateway's patience ends instead.
        return await _error(request, GraphError(504, "GatewayTimeout", "The request timed out."))
    found: dict[str, Any] = {"id": request.id, "status": answer.status, "headers": _headers(answer)}
    return found if answer.body is None else {**found, "body": answer.body}


def _headers(answer: Answer) -> dict[str, str]:
    kind = {} if answer.body is None else {"Content-Type": answer.content_type}
    return {"Cache-Control": "no-cache", **answer.headers, **kind}


# --- the envelope ------------------------------------------------------------------------------------


def _bad(message: str, code: str = "BadRequest") -> GraphError:
    return GraphError(400, code, message)


def _requests(body: dict[str, Any]) -> list[_Inner]:
    if unknown := set(body) - {"requests"}:
        raise not_modelled(f"the property '{sorted(unknown)[0][:60]}' of a batch")
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise _bad("Invalid batch payload format.")
    if len(requests) > MOST:
        raise _bad(
            f"Number of batch request steps exceeds the maximum value of {MOST}.", "MaximumValueExceeded"
        )
    inner = [_inner(entry) for entry in requests]
    twice = [key for key, times in Counter(request.id.lower() for request in inner).items() if times > 1]
    if twice:
        raise _bad(f"The id '{twice[0][:60]}' is not unique in the batch.")
    return inner


def _inner(entry: Any) -> _Inner:
    if not isinstance(entry, dict):
        raise _bad("Invalid batch payload format.")
    if unknown := set(entry) - _KEYS:
        raise not_modelled(f"the property '{sorted(unknown)[0][:60]}' of a request in a batch")
    key, method, url = entry.get("id"), entry.get("method"), entry.get("url")
    if not isinstance(key, str) or not key:
        raise _bad("Each request of a batch needs an id, a string.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise _bad(f"Invalid batch payload format: the method of request '{key[:60]}'.")
    if not isinstance(url, str) or not url.strip("/ ") or "://" in url.partition("?")[0] or "#" in url:
        raise _bad(f"The url of request '{key[:60]}' is not relative to the service root.")
    if url.strip("/").partition("?")[0].lower() == "$batch":
        raise _bad("A batch cannot hold a batch.")
    return _Inner(key, method.upper(), url, _own_headers(entry, key), entry.get("body"), _depends(entry))


def _own_headers(entry: dict[str, Any], key: str) -> dict[str, str]:
    """With a body, a Content-Type must be there; JSON is the only one that is modelled."""
    headers = entry.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise _bad(f"The headers of request '{key[:60]}' are an object of strings.")
    lowered = {name.lower(): value for name, value in headers.items()}
    if entry.get("body") is not None:
        kind = lowered.get("content-type")
        if kind is None:
            raise _bad(f"Content-Type header is required for request '{key[:60]}', which has a body.")
        if "json" not in kind.lower():
            raise not_modelled("a body in a batch that is not JSON")
    return lowered


def _depends(entry: dict[str, Any]) -> tuple[str, ...]:
    depends = entry.get("dependsOn") or []
    if not isinstance(depends, list) or not all(isinstance(key, str) for key in depends):
        raise _bad("dependsOn is a collection of ids.")
    return tuple(dict.fromkeys(key.lower() for key in depends))


def _in_order(inner: list[_Inner]) -> list[_Inner]:
    """Every request after those that it depends on. 400 for unknown ids and for circles."""
    known = {request.id.lower() for request in inner}
    for request in inner:
        if unknown := [key for key in request.depends if key not in known]:
            raise bad_request(
                f"The request '{request.id[:60]}' depends on '{unknown[0][:60]}', which is not there."
            )
    placed: list[_Inner] = []
    done: set[str] = set()
    while len(placed) < len(inner):
        ready = [r for r in inner if r.id.lower() not in done and set(r.depends) <= done]
        if not ready:
            raise _bad("The requests of the batch depend on each other in a circle.")
        placed += ready
        done |= {request.id.lower() for request in ready}
    return placed
