"""Opaque tokens of links: `$skiptoken`, `$deltatoken`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from onboarding.simulator.errors import bad_request

_DIGEST = 6


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(b"simulator" + text).digest()[:_DIGEST]


def pack(value: Any) -> str:
    """An opaque token. Its check sum lets `unpack` trust what it holds."""
    text = json.dumps(value).encode()
    return base64.urlsafe_b64encode(_digest(text) + text).decode().rstrip("=")


def unpack(token: str) -> Any:
    """What `pack` packed. 400 for anything else."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    text = raw[_DIGEST:]
    if not text or raw[:_DIGEST] != _digest(text):
        raise bad_request("Skip token is invalid.")
    return json.loads(text)
