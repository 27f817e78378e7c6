"""What a response function receives and gives back; nothing of HTTP servers in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from onboarding.simulator.errors import bad_request, not_modelled
from onboarding.simulator.models.tenant import Tenant

#: No `$top` has more digits.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request to Graph as it arrived, over HTTP or inside a batch.

    path: percent-encoded, with version. shown: path and query as a person would write them. query: decoded
    pairs. headers: lower-case names. body: parsed JSON or None; an Exception where it could not be read.
    """

    method: str
    path: str
    shown: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: Any
    root: str
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` None means an empty body; text of another content type is sent as it is, all else as JSON.
    `dropped`: no answer reaches the client."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    dropped: bool = False


Dispatch = Callable[[Incoming], Awaitable[Answer]]


async def _nowhere(asked: Incoming) -> Answer:
    raise not_modelled(f"{asked.method} {asked.path} from here")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `query` has decoded names and values; `body` is parsed JSON or None; `root` is the
    address before `/v1.0`; `lag` is extra replication lag in seconds that a fault ordered; `dispatch` sends
    another request through the whole of Graph."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    root: str = "http://localhost"
    lag: float = 0.0
    dispatch: Dispatch = _nowhere

    @property
    def eventual(self) -> bool:
        """`ConsistencyLevel: eventual`."""
        return self.headers.get("consistencylevel", "").strip().lower() == "eventual"

    @property
    def counts(self) -> bool:
        """`$count=true`."""
        return self.query.get("$count", "").strip().lower() == "true"

    def json_object(self) -> dict[str, Any]:
        """The body as an object; 400 when it is none."""
        if not isinstance(self.body, dict):
            raise bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set."
            )
        return self.body

    def context(self, fragment: str) -> str:
        return f"{self.root}/v1.0/$metadata#{fragment}"

    def link(self, query: Mapping[str, str]) -> str:
        """This address with another query."""
        pairs = [f"{name}={quote(value, safe='')}" for name, value in query.items()]
        return f"{self.root}{self.path}?{'&'.join(pairs)}"

    def next_link(self, token: str) -> str:
        """The same address with a `$skiptoken`: opaque, to be used whole."""
        kept = {name: value for name, value in self.query.items() if name != "$skiptoken"}
        return self.link({**kept, "$skiptoken": token})

    def top(self, default: int, maximum: int = 999) -> int:
        """`$top`, 400 when it is no number from 1 to `maximum`."""
        text = self.query.get("$top")
        if text is None:
            return default
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
        if not 1 <= number <= maximum:
            raise bad_request(f"Invalid page size specified. Must be between 1 and {maximum} inclusive.")
        return number

    def selected(self, known: frozenset[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """The properties to answer: `$select`, else `default`. 501 for one that is not modelled."""
        text = self.query.get("$select")
        return default if text is None else chosen(text, known)


def chosen(text: str, known: frozenset[str]) -> tuple[str, ...]:
    """Names of a `$select`, spelled as Graph spells them whatever the case. 501 for one that is not modelled,
    400 for none at all."""
    spelled = {name.lower(): name for name in known}
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise bad_request("Parsing OData Select and Expand failed: $select names no property.")
    if unknown := [name for name in names if name.lower() not in spelled]:
        raise not_modelled(f"$select={unknown[0]}")
    return tuple(dict.fromkeys(spelled[name.lower()] for name in names))


Handler = Callable[[Tenant, Call], Answer]
#: A handler that waits: for the requests of a batch.
Waiting = Callable[[Tenant, Call], Awaitable[Answer]]
