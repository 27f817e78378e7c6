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
