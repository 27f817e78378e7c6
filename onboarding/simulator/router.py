"""From an address to a route.

Segments compare without regard to case ("OData URL conventions" leave that to the service; Microsoft's own pages
write deleteditems and deletedItems). `users('id')` is `users/id`, `delta()` and `microsoft.graph.delta` are
`delta`, `graph.group` is `microsoft.graph.group` (the SDK's spelling).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from onboarding.simulator.addresses import Segment, segments
from onboarding.simulator.errors import GraphError
from onboarding.simulator.urls.route import Route

_NAMESPACE = "microsoft.graph."
#: Functions and actions: with or without namespace and brackets.
_BOUND = frozenset({"delta", "assignlicense", "revokesigninsessions", "restore", "sendmail", "send"})
#: Functions, casts and system segments. Never keys: where no route names one, it is not modelled rather than absent.
_NO_KEY = re.compile(
    r"delta|creationoptions|\$(?:count|ref|value|links)|[a-z.]+\(.*\)|(?:microsoft\.)?graph\.[a-z]+",
    re.I | re.S,
)


def _literal(text: str) -> str:
    """A segment as routes spell it, in lower case."""
    bare = text.lower().removesuffix("()")
    if bare.startswith("graph."):
        bare = "microsoft." + bare
    short = bare.removeprefix(_NAMESPACE)
    return short if short in _BOUND else bare


class Router:
    """Literal segments go before parameters: `/users/delta` before `/users/{id}`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in routes:
            parts = route.path.strip("/").split("/")
            self._routes.setdefault((route.method, len(parts)), []).append((parts, route))
        for known in self._routes.values():
            known.sort(key=lambda entry: [part.startswith("{") for part in entry[0]])

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its parameters; None where there is none. GraphError 400 for a key that begins with `$`
        outside brackets (user-get)."""
        asked = segments(path)
        for parts, route in self._routes.get((method, len(asked)), []):
            params = _fit(parts, asked)
            if params is not None:
                return route, params
        return None


def _fit(parts: list[str], asked: list[Segment]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for part, segment in zip(parts, asked, strict=True):
        if not part.startswith("{"):
            if segment.key or _literal(segment.text) != part.lower():
                return None
        elif not segment.text or (not segment.key and _NO_KEY.fullmatch(segment.text)):
            return None
        else:
            params[part.strip("{}")] = segment.text
    for part, segment in zip(parts, asked, strict=True):
        if part.startswith("{") and segment.text.startswith("$") and not segment.key:
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment.text}'.")
    return params
