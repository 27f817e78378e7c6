"""What a response function receives and gives back; nothing of HTTP servers in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from onboarding.simulator.errors import bad_request, not_modelled
from onboarding.simulator.models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `query` has decoded names and values; `body` is parsed JSON or None; `root` is the
    address before `/v1.0`; `lag` is extra replication lag in seconds that a fault ordered."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    root: str = "http://localhost"
    lag: float = 0.0

    def json_object(self) -> dict[str, Any]:
        """The body as an object; 400 when it is none."""
        if not isinstance(self.body, dict):
            raise bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set."
            )
        return self.body

    def context(self, fragment: str) -> str:
        return f"{self.root}/v1.0/$metadata#{fragment}"

    def next_link(self, token: str) -> str:
        """The same address with a `$skiptoken`: opaque, to be used whole."""
        kept = [(name, value) for name, value in self.query.items() if name != "$skiptoken"]
        pairs = [f"{name}={quote(value, safe='')}" for name, value in [*kept, ("$skiptoken", token)]]
        return f"{self.root}{self.path}?{'&'.join(pairs)}"

    def top(self, default: int, maximum: int = 999) -> int:
        """`$top`, 400 when it is no number from 1 to `maximum`."""
        text = self.query.get("$top")
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= maximum:
            raise bad_request("Invalid page size specified. Must be between 1 and 999 inclusive.")
        return int(text)

    def selected(self, known: frozenset[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """The properties to answer: `$select`, else `default`. 501 for one that is not modelled."""
        text = self.query.get("$select")
        if text is None:
            return default
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if unknown := [name for name in names if name not in known]:
            raise not_modelled(f"$select={unknown[0]}")
        return names


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` None means an empty body; a str is sent as HTML, all else as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Tenant, Call], Answer]
