"""JSON Pointer, RFC 6901: `/worker/phones/0/number`, with `~1` for `/` and `~0` for `~`."""

from __future__ import annotations

import re
from typing import Any

from onboarding.intake.payload import Unreadable

_TOKEN = re.compile(r"(?:[^~/]|~[01])*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")


def parse(text: str) -> tuple[str, ...]:
    """The keys of a pointer; none for the whole. Raises ValueError that says what is wrong."""
    if text == "":
        return ()
    if not text.startswith("/"):
        raise ValueError("must begin with / (RFC 6901), as /worker/id")
    tokens = text[1:].split("/")
    if not all(_TOKEN.fullmatch(token) for token in tokens):
        raise ValueError("has a ~ that is neither ~0 (for ~) nor ~1 (for /)")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)


def shown(tokens: tuple[str, ...]) -> str:
    """The pointer as text."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def resolve(tree: Any, tokens: tuple[str, ...], place: str = "$") -> Any:
    """What stands there; None when it, or something on the way, is missing or null.

    Raises Unreadable where the way goes through a text, a number or a list without that kind of index: then the
    map does not fit the body.
    """
    for depth, token in enumerate(tokens):
        if tree is None:
            return None
        if isinstance(tree, dict):
            tree = tree.get(token)
        elif isinstance(tree, list) and _INDEX.fullmatch(token):
            tree = tree[int(token)] if int(token) < len(tree) else None
        else:
            raise Unreadable("expected_object", place + shown(tokens[:depth]))
    return tree
