"""Opaque `$skiptoken`s."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from onboarding.simulator.errors import bad_request


def pack(value: Any) -> str:
    """An opaque `$skiptoken`."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unpack(token: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise bad_request("Skip token is invalid.") from None
