"""Bodies cut down for storage: without named keys, or to what a mapping uses. Only bodies that were read come here."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode


def without(body: bytes, names: frozenset[str]) -> bytes:
    """JSON or a form without the keys of these names. Only bodies that were read come here."""
    try:
        tree = json.loads(body)
    except ValueError:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return urlencode([(key, value) for key, value in pairs if key not in names]).encode()
    return json.dumps(_without_keys(tree, names), ensure_ascii=False, separators=(",", ":")).encode()


def _without_keys(value: Any, names: frozenset[str]) -> Any:
    # Recursion is bounded: only bodies that `read_json` took (64 levels) come here.
    if isinstance(value, dict):
        return {key: _without_keys(inner, names) for key, inner in value.items() if key not in names}
    if isinstance(value, list):
        return [_without_keys(inner, names) for inner in value]
    return value


def narrowed(body: bytes, narrow: Callable[[dict[str, Any]], Mapping[str, Any]]) -> bytes:
    """A JSON object's bytes as `narrow` leaves them. Only bodies that were read come here."""
    return json.dumps(narrow(json.loads(body)), ensure_ascii=False, separators=(",", ":")).encode()


def only(value: Any, keys: Collection[str]) -> Any:
    """An object, or each object of a list, without the keys that are not among `keys`."""
    if isinstance(value, list):
        return [only(item, keys) for item in value]
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key in keys}
    return value
