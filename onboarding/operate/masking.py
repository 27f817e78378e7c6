"""A stored body for operators' eyes: its shape, not its values.

Letters become `a` or `A`, digits `9`; punctuation, lengths, types and the names of fields stay, so that a date in the
wrong order, a number without a country or a field that is not there can be seen, and nobody's name or number is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

LONGEST = 60
MOST_ITEMS = 50
#: A name of a field, also one that a customer chose ("Employee #"). Data that stand as keys are not shown.
_FIELD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$ .:#/()+-]{0,99}")
_DIGITS = re.compile(r"[0-9]{4}")


def shape(text: str) -> str:
    """`Søren, 1990-02-28` → `Aaaaa, 9999-99-99`; what is longer is cut."""
    made = "".join(_masked(char) for char in text[:LONGEST])
    return made if len(text) <= LONGEST else f"{made}… ({len(text)} characters)"


def body(raw: bytes, headers: Mapping[str, str]) -> Any:
    """The body's structure: JSON as JSON, a form as an object, anything else as one masked text."""
    try:
        return _tree(json.loads(raw))
    except (ValueError, RecursionError):
        pass
    text = raw.decode("utf-8", "replace")
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {_key(name, n): shape(value) for n, (name, value) in enumerate(parse_qsl(text)[:MOST_ITEMS])}
    return shape(text)


def _tree(value: Any, depth: int = 0) -> Any:
    if depth > 20:
        return "…"
    if isinstance(value, dict):
        items = list(value.items())[:MOST_ITEMS]
        return {_key(name, number): _tree(inner, depth + 1) for number, (name, inner) in enumerate(items)}
    if isinstance(value, list):
        return [_tree(inner, depth + 1) for inner in value[:MOST_ITEMS]]
    if isinstance(value, bool) or value is None:
        return value
    return shape(value if isinstance(value, str) else str(value))


def _key(name: str, number: int) -> str:
    plain = name.startswith("urn:") or not _DIGITS.search(name)
    return name if _FIELD.fullmatch(name) and plain else f"<key {number + 1}>"


def _masked(char: str) -> str:
    if char.isdigit():
        return "9"
    if char.isalpha():
        return "A" if char.isupper() else "a"
    return char if char.isprintable() else " "
