"""Opaque page tokens: where the next page starts (keyset paging), base64url of JSON, marked by kind."""

from __future__ import annotations

import base64
import json

from onboarding.errors import RequestError

MAX_SIZE = 500
#: Characters of a token: the longest keys, and more.
_LONGEST = 8192


def page_size(size: int) -> int:
    """`size`, at least 1 and at most `MAX_SIZE`."""
    return max(1, min(size, MAX_SIZE))


def make_token(kind: str, at: int, key: str | int) -> str:
    """Token for the page after the row with this time and key."""
    text = json.dumps([kind, at, key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(kind: str, token: str) -> tuple[int, str | int]:
    """Time and key of a token that `make_token` made for a list of this kind; otherwise RequestError."""
    at, key = _position(kind, token)
    if _is_walk(at, key):
        raise _refused()
    return at, key


def walk_start(kind: str, token: str | None) -> int:
    """The row number after which a walk goes on; -1 at its beginning. RequestError for a token not of ours.

    A walk's tokens are those with the time 0 and a number: a walk knows no times.
    """
    if token is None:
        return -1
    at, key = _position(kind, token)
    if not _is_walk(at, key):
        raise _refused()
    return int(key)


def make_key(*parts: str, kind: str = "") -> str:
    """Token of a walk in the order of text keys. `kind` tells the walks apart."""
    return base64.urlsafe_b64encode(json.dumps(["keys", kind, *parts]).encode()).decode().rstrip("=")


def walk_key(token: str | None, length: int = 3, *, kind: str = "") -> tuple[str, ...]:
    """The parts after which a walk goes on; empty ones at its beginning. RequestError for another token."""
    if token is None:
        return ("",) * length
    match _decoded(token):
        case ["keys", str(found), *parts] if found == kind and len(parts) == length:
            texts = tuple(part for part in parts if isinstance(part, str))
            if len(texts) == length:
                return texts
    raise _refused()


def _position(kind: str, token: str) -> tuple[int, str | int]:
    match _decoded(token):
        case [str(found), int(at), (str() | int()) as key] if found == kind and abs(at) < 2**62:
            if not isinstance(key, int) or -(2**62) < key < 2**62:
                return at, key
    raise _refused()


def _is_walk(at: int, key: str | int) -> bool:
    return at == 0 and isinstance(key, int)


def _decoded(token: str) -> object:
    """What a token holds; RequestError if it is no JSON in base64url."""
    if len(token) > _LONGEST:
        raise _refused()
    try:
        found = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        json.dumps(found, ensure_ascii=False).encode()  # half a character can be in no key
    except (ValueError, RecursionError) as exc:
        raise _refused() from exc
    return found


def _refused() -> RequestError:
    return RequestError("the page token is not one of ours: start at the first page", code="bad_page_token")
