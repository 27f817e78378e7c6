"""The people of pretend HR systems, with what they were a moment ago."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import ControlError
from onboarding.simulator.models.tenant import Tenant

#: (requests, seconds) of one source, with `enforce_quota`.
BUDGET = (10, 10.0)
_HISTORY, _SPENT = "\0history", "\0spent"


def put(tenant: Tenant, call: Call) -> Answer:
    """Any JSON. See the package."""
    _remember(tenant, call, call.body)
    tenant.vendors[(call.params["source"], call.params["id"])] = call.body
    return Answer(204)


def delete(tenant: Tenant, call: Call) -> Answer:
    if tenant.vendors.pop((call.params["source"], call.params["id"]), None) is None:
        raise ControlError("vendors: there is no such person", status=404)
    _remember(tenant, call, None)
    return Answer(204)


def _remember(tenant: Tenant, call: Call, body: Any) -> None:
    key = (_HISTORY + call.params["source"], call.params["id"])
    tenant.vendors.setdefault(key, []).append((tenant.now(), body))


def as_of(tenant: Tenant, source: str, identifier: str, moment: datetime) -> Mapping[str, Any] | None:
    """What was put last at that moment; None: nothing, or it was deleted."""
    story = tenant.vendors.get((_HISTORY + source, identifier), [])
    known = [body for at, body in story if at <= moment]
    return known[-1] if known and isinstance(known[-1], Mapping) else None


def vendor_of(tenant: Tenant, source: str) -> str:
    """The vendor whose shapes this source speaks: named in a body, else the source's own name."""
    for (owner, _), body in tenant.vendors.items():
        if owner == source and isinstance(body, Mapping) and isinstance(body.get("vendor"), str):
            return str(body["vendor"])
    return source


def throttled(tenant: Tenant, source: str) -> float | None:
    """Spend one request; the seconds to wait when the budget is used up."""
    if not tenant.policy.enforce_quota:
        return None
    limit, window = BUDGET
    spent: list[datetime] = tenant.vendors.setdefault((_SPENT, source), [])
    spent[:] = [at for at in spent if tenant.now() - at < timedelta(seconds=window)]
    if len(spent) < limit:
        spent.append(tenant.now())
        return None
    return max(0.001, round(window - (tenant.now() - spent[0]).total_seconds(), 3))


class VendorError(Exception):
    """An answer other than 2xx, in the vendor's dress."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.answer = Answer(status, body, headers or {})


@dataclass(frozen=True, slots=True)
class Person:
    """One person in our words, as the vendor's file sees them."""

    id: str
    said: Mapping[str, Any]
    hidden: frozenset[str] = frozenset()

    def get(self, name: str) -> Any:
        """A field; None when it is not set. Ask `hides` first where the vendor leaves out what is hidden."""
        return self.said.get(name)

    def hides(self, name: str) -> bool:
        return name in self.hidden

    def phone(self, label: str) -> str | None:
        phones = self.said.get("phones")
        return phones.get(label) if isinstance(phones, Mapping) else None

    @property
    def raw(self) -> Any:
        return self.said.get("raw")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a pretend HR API. `path` is what follows `/vendors/{source}`."""

    tenant: Tenant
    source: str
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    lag: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def find(self, identifier: str) -> Person | None:
        """The person as this vendor shows them now, its lag included."""
        moment = self.tenant.now() - timedelta(seconds=self.lag)
        said = as_of(self.tenant, self.source, identifier, moment)
        if said is None:
            return None
        hidden = said.get("hidden")
        return Person(identifier, said, frozenset(hidden) if isinstance(hidden, list) else frozenset())

    def everybody(self) -> list[Person]:
        """All who are known at this source now."""
        known = [name for owner, name in self.tenant.vendors if owner == self.source]
        return [found for name in known if (found := self.find(name)) is not None]

    def person(self, missing: VendorError) -> Person:
        """The person named in the path; the given error when there is none."""
        found = self.find(self.params["id"])
        if found is None:
            raise missing
        return found

    def bearer(self) -> str | None:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def basic(self) -> tuple[str, str] | None:
        scheme, _, text = self.headers.get("authorization", "").partition(" ")
        try:
            user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if scheme.lower() == "basic" and user and colon else None

    def object(self) -> Mapping[str, Any]:
        """The body as an object; 400 when it is none."""
        if not isinstance(self.body, Mapping):
            raise VendorError(400, {"error": "a JSON object is needed"})
        return self.body


Handler = Callable[[Visit], Answer]


@dataclass(frozen=True, slots=True)
class Api:
    """One vendor: (method, path, query names, handler) of each modelled call."""

    vendor: str
    routes: tuple[tuple[str, str, tuple[str, ...], Handler], ...]
    #: Seconds by which reads lag behind.
    lag: float = 0.0
