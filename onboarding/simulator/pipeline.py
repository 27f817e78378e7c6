"""One request through Graph: token, faults, quotas, the route, errors, headers and the log.

Free of HTTP servers, so that the requests of a batch go the same way.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from urllib.parse import unquote

from onboarding.simulator import clouds
from onboarding.simulator.call import Answer, Call, Incoming
from onboarding.simulator.errors import (
    GraphError,
    bad_request,
    mailbox_busy,
    not_modelled,
    throttled,
    unauthorized,
)
from onboarding.simulator.models.faults import Fault
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.models.throttle import APP_TENANT, Budget, Cost, Refusal
from onboarding.simulator.router import Router
from onboarding.simulator.urls.route import Route

#: Headers that change what Graph does: refused unless the route models them.
_BEHAVIOUR = ("consistencylevel", "prefer", "if-match", "if-none-match")
#: Without and with all annotations (json format of OData 4); minimal is the default.
_METADATA = re.compile(r"odata\.metadata=(?!\"?minimal)", re.IGNORECASE)
_FAULT_CODES = {
    404: "Request_ResourceNotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
#: What may be sent back as client-request-id.
_TRACE = re.compile(r"[\x21-\x7e]{1,128}")
_WRITES = ("POST", "PATCH", "PUT", "DELETE")
_CHEAP_TOP = 20
_OVERLOAD = Budget("overload", APP_TENANT, "ReadWrite", 0, 0, "requests", "CPULimitExceeded")
_VERSION = "/v1.0/"
#: A route and the parameters of its path.
Found = tuple[Route, Mapping[str, str]]


@dataclass
class _Trip:
    """One request on its way. `told`: headers that it has earned so far."""

    asked: Incoming
    trace: str
    route: Found | None
    fault: Fault | None = None
    told: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> str:
        """client-request-id: the client's, where it can be sent back."""
        given = self.asked.headers.get("client-request-id", "")
        return given if _TRACE.fullmatch(given) else self.trace

    def met(self, mode: str) -> bool:
        """A fault of this mode was ordered for it."""
        return self.fault is not None and self.fault.mode == mode


class Graph:
    """The routes over one tenant."""

    def __init__(self, tenant: Tenant, routes: Iterable[Route]) -> None:
        self.tenant = tenant
        self._router = Router(routes)

    async def answer(self, asked: Incoming, route: Found | None = None) -> Answer:
        """Never raises for what a client can send. `route`: where it is known already."""
        tenant = self.tenant
        trip = _Trip(asked, tenant.ids.request_id(), route)
        try:
            answer = await self._reached(trip)
        except GraphError as exc:
            body = exc.body(at=tenant.now(), request_id=trip.trace, client_request_id=trip.client)
            answer = Answer(exc.status, body, exc.headers)
        if trip.met("drop_after_effect"):
            answer = Answer(500, dropped=True)
        more = {} if asked.inside is None else {"inside": asked.inside}
        tenant.log(tenant.now(), asked.method, asked.shown, 0 if answer.dropped else answer.status, **more)
        tenant.unsaved = tenant.unsaved or asked.method != "GET"
        return replace(answer, headers={**answer.headers, **trip.told, **self._headers(trip)})

    async def _reached(self, trip: _Trip) -> Answer:
        """Past the token, the faults that lose a request, and the four at a time of a mailbox."""
        asked = trip.asked
        authorized(asked.headers)
        self.tenant.tick()
        trip.fault = self.tenant.take_fault(asked.method, unquote(asked.path))
        if trip.route is None and asked.path.startswith(_VERSION):
            trip.route = self._router.find(asked.method, asked.path.removeprefix(_VERSION))
        with self._one_of_four(trip.route):
            if trip.fault is not None and trip.met("delay"):
                await asyncio.sleep(trip.fault.seconds)
            if trip.met("drop_before"):
                return Answer(500, dropped=True)
            return await self._answered(trip)

    async def _answered(self, trip: _Trip) -> Answer:
        asked, tenant = trip.asked, self.tenant
        if isinstance(asked.body, Exception):
            raise _unreadable(asked, trip.route)
        if trip.fault is not None and trip.met("status"):
            raise self._ordered(trip.fault)
        if trip.route is None:
            raise _unknown(asked)
        route, params = trip.route
        query = _query(asked)
        _modelled(tenant, route, query, asked.headers)
        trip.told = self._charged(trip.route, query)
        lag = tenant.take_lag(asked.method, unquote(asked.path))
        call = Call(
            asked.method, asked.path, params, query, asked.headers, asked.body, asked.root, lag, self.answer
        )
        answer = route.handler(tenant, call)
        return await answer if inspect.isawaitable(answer) else answer

    @contextmanager
    def _one_of_four(self, route: Found | None) -> Iterator[None]:
        """Exchange runs four requests to one mailbox at a time for one app (throttling-limits)."""
        mailbox = self._mailbox(route) if "mailbox" in self.tenant.policy.enforced else None
        if mailbox is None:
            yield
            return
        if not self.tenant.throttle.enter(mailbox):
            raise mailbox_busy()
        try:
            yield
        finally:
            self.tenant.throttle.leave(mailbox)

    def _mailbox(self, route: Found | None) -> str | None:
        if route is None or not route[0].outlook:
            return None
        person = self.tenant.people.get(route[1]["id"])
        return person.id if person else route[1]["id"].lower()

    def _charged(self, route: Found, query: Mapping[str, str]) -> dict[str, str]:
        """Charge the published budgets: 429 with scope and reason, or how full they are."""
        which = route[0]
        if which.path == "/$batch":
            return {}  # its requests are charged one by one
        spent = self.tenant.spend(
            Cost(
                cost(which, query),
                1 if which.method in _WRITES else 0,
                which.quota,
                self._mailbox(route),
                which.quota == "message",
            )
        )
        if isinstance(spent, Refusal):
            raise throttled(spent.wait, self._scope(spent.budget))
        return {} if spent is None else {"x-ms-throttle-limit-percentage": f"{spent:g}"}

    def _scope(self, budget: Budget) -> dict[str, str]:
        if budget.information is None:
            return {}
        app = (self.tenant.app.app or {}).get("appId")
        return {
            "x-ms-throttle-scope": f"{budget.scope}/{budget.limit}/{app}/{self.tenant.id}",
            "x-ms-throttle-information": budget.information,
        }

    def _ordered(self, fault: Fault) -> GraphError:
        """The status that a test ordered, in Graph's dress."""
        code = _FAULT_CODES.get(fault.status, "UnknownError")
        busy = fault.status == 429
        message = "Please retry again later." if busy else "A fault was ordered for this request."
        headers = self._scope(_OVERLOAD) if busy else {}
        if fault.retry_after is not None:
            headers["Retry-After"] = fault.retry_after
        return GraphError(fault.status, code, message, headers=headers)

    def _headers(self, trip: _Trip) -> dict[str, str]:
        """request-id and the echo of client-request-id on every answer, and the cost that Graph charges."""
        names = {name.lower(): value for name, value in trip.asked.query}
        return {
            "request-id": trip.trace,
            "client-request-id": trip.client,
            "x-ms-resource-unit": str(cost(trip.route[0], names) if trip.route else 1),
            "Date": format_datetime(self.tenant.now(), usegmt=True),
        }


def _unknown(asked: Incoming) -> GraphError:
    return not_modelled(f"{asked.method} {unquote(asked.path)}")


def _unreadable(asked: Incoming, route: Found | None) -> GraphError:
    """400 for a body that is no JSON; 501 where the pages send other bodies: photos and files to addresses that are
    not modelled, and whole messages as text/plain (outlook-send-mime-message)."""
    if route is None:
        return _unknown(asked)
    if route[0].outlook and asked.headers.get("content-type", "").lower().startswith("text/plain"):
        return not_modelled("a message in MIME format")
    return bad_request(
        "Unable to read JSON request payload. Please ensure Content-Type header is set "
        "and payload is of valid JSON format."
    )


def authorized(headers: Mapping[str, str]) -> None:
    """401 without a bearer token; any will do."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized()


def cost(route: Route, query: Mapping[str, str]) -> int:
    """Resource units: one less with `$select`, one less with `$top` under 20, one more with `$expand`, at
    least 1 (throttling-limits)."""
    units = route.units - ("$select" in query) + ("$expand" in query)
    top = query.get("$top", "")
    units -= top.isascii() and top.isdigit() and len(top) < 3 and int(top) < _CHEAP_TOP
    return max(1, units)


def _query(asked: Incoming) -> dict[str, str]:
    """System options by their lower-case names; 400 for one that is given twice."""
    names = [name.lower() if name.startswith("$") else name for name, _ in asked.query]
    for name, times in Counter(names).items():
        if times > 1:
            raise GraphError(
                400,
                "BadRequest",
                f"Query option '{name}' was specified more than once, but it must be specified at most once.",
            )
    return dict(zip(names, (value for _, value in asked.query), strict=True))


def _modelled(tenant: Tenant, route: Route, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """501 for a query option or behaviour header that the route does not model, 400 for a call that the
    tenant's cloud does not have (text as Graph words an unknown segment)."""
    cloud = tenant.policy.cloud
    segment = clouds.lacking(cloud, route.path)
    if segment is None and cloud in route.cloudless:
        segment = route.path.rstrip("/").split("/")[-1]
    if segment is not None:
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
    for name in query:
        if name not in route.options:
            raise not_modelled(f"the query option {name} here")
    for name in _BEHAVIOUR:
        if name in headers and name not in route.headers:
            raise not_modelled(f"the header {name} here")
    if _METADATA.search(headers.get("accept", "")):
        raise not_modelled("odata.metadata other than minimal")
    prefer = headers.get("prefer", "").replace(" ", "").lower()
    if prefer and prefer not in route.prefers:
        raise not_modelled("this Prefer header")
