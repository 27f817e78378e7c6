"""The functions of Bicep that `infra/` uses, as far as a test needs them, and what only Azure knows.

Source: learn.microsoft.com, "Bicep functions".
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any


class BicepError(Exception):
    """A file that cannot be read, or a parameter that a deployment would refuse."""


class Reference(str):
    """A value that only Azure knows, as text: `<identity.app.properties.clientId>`."""

    __slots__ = ("path",)

    def __new__(cls, path: str) -> Reference:
        made = super().__new__(cls, f"<{path}>")
        made.path = path
        return made

    path: str

    def member(self, key: str) -> Reference:
        return Reference(f"{self.path}.{key}")


def _unique(*parts: str) -> str:
    """13 lower-case letters and digits made of the arguments, as the real one; not the same ones."""
    digest = hashlib.sha256("|".join(parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:13]


def _union(first: Any, *others: Any) -> Any:
    if isinstance(first, dict):
        return {key: value for part in (first, *others) for key, value in part.items()}
    return list(dict.fromkeys(item for part in (first, *others) for item in part))


def _to_object(items: list[Any], key: Callable[[Any], str], value: Callable[[Any], Any]) -> dict[str, Any]:
    return {key(item): value(item) for item in items}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": lambda *parts: [item for part in parts for item in part],
    "empty": lambda value: not value,
    "environment": lambda: Reference("environment()"),
    "filter": lambda items, keep: [item for item in items if keep(item)],
    "guid": lambda *parts: "guid(" + ", ".join(parts) + ")",
    "join": lambda items, glue: glue.join(items),
    "map": lambda items, change: [change(item) for item in items],
    "replace": lambda value, old, new: value.replace(old, new),
    "string": _text,
    "subscription": lambda: Reference("subscription()"),
    "subscriptionResourceId": lambda kind, name: f"<subscription>/providers/{kind}/{name}",
    "tenant": lambda: Reference("tenant()"),
    "toLower": lambda value: value.lower(),
    "toObject": _to_object,
    "toUpper": lambda value: value.upper(),
    "union": _union,
    "uniqueString": _unique,
}
