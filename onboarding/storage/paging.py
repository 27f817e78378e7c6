"""Opaque page tokens: where the next page starts (keyset paging), base64url of JSON, marked by kind."""

from __future__ import annotations

import base64
import json

from onboarding.errors import RequestError

MAX_SIZE = 500


def page_size(size: int) -> int:
    """`size`, at least 1 and at most `MAX_SIZE`."""
    return max(1, min(size, MAX_SIZE))


def make_token(kind: str, at: int, key: str | int) -> str:
    """Token for the page after the row with this time and key."""
    text = json.dumps([kind, at, key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(kind: str, token: str) -> tuple[int, str | int]:
    """Time and key of a token that `make_token` made for this kind; otherwise RequestError."""
    refused = RequestError(
        "the page token is not one of ours: start at the first page", code="bad_page_token"
    )
    try:
        row = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as exc:
        raise refused from exc
    match row:
        case [str(found), int(at), (str() | int()) as key] if found == kind and abs(at) < 2**62:
            if isinstance(key, int) and not -(2**62) < key < 2**62:
                raise refused
            return at, key
    raise refused


def walk_start(kind: str, token: str | None) -> int:
    """The row number after which a walk goes on; -1 at its beginning. RequestError for a token not of ours."""
    if token is None:
        return -1
    _, key = read_token(kind, token)
    if not isinstance(key, int):
        raise RequestError(
            "the page token is not one of ours: start at the first page", code="bad_page_token"
        )
    return key


def make_key(*parts: str) -> str:
    """Token of a walk in the order of text keys."""
    return base64.urlsafe_b64encode(json.dumps(["keys", *parts]).encode()).decode().rstrip("=")


def walk_key(token: str | None, length: int = 3) -> tuple[str, ...]:
    """The parts after which a walk goes on; empty ones at its beginning. RequestError for another token."""
    if token is None:
        return ("",) * length
    try:
        row = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        row = None
    match row:
        case ["keys", *parts] if len(parts) == length and all(isinstance(part, str) for part in parts):
            return tuple(parts)
    raise RequestError("the page token is not one of ours: start at the first page", code="bad_page_token")
