"""What the door asks of a request before and after the signature, apart from what it says."""

from __future__ import annotations

import re

from onboarding.errors import SenderError
from onboarding.intake.adapter import Adapter
from onboarding.web import Request

#: Largest body. Standard Webhooks advises senders to stay under 20 kB; Greenhouse needs some tens of kB.
MAX_BODY = 256 * 1024

_LENGTH = re.compile(r"[0-9]{1,18}")


def method_not_allowed(adapter: Adapter) -> SenderError:
    allow = ", ".join(adapter.methods)
    return SenderError(f"Use {allow}.", status=405, code="method_not_allowed", headers={"Allow": allow})


def method(adapter: Adapter, request: Request) -> None:
    """405, unless a delivery or a handshake may come so."""
    if request.method.upper() not in (*adapter.methods, *adapter.greeting_methods):
        raise method_not_allowed(adapter)


def size(request: Request) -> None:
    """413, by what is announced and by what came: the one may lie about the other."""
    if max(_length(request) or 0, len(request.body)) > MAX_BODY:
        raise SenderError(f"A body may have {MAX_BODY} bytes.", status=413, code="too_large")


def length(adapter: Adapter, request: Request) -> None:
    """A chunked body reaches a function empty (facts: functions, trap 11), so a length is demanded."""
    if request.method.upper() not in adapter.methods:
        raise method_not_allowed(adapter)  # it was no handshake after all
    if _length(request) is None:
        raise SenderError(
            "Send a Content-Length; chunked bodies are not taken.", status=411, code="length_required"
        )
    if not request.body:
        raise SenderError("The body is empty. Send the event as JSON.", status=400, code="empty_body")


def media_type(adapter: Adapter, request: Request) -> None:
    """415, after the signature: what was signed is kept for an operator."""
    kind, _, parameters = (request.header("content-type") or "").lower().partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters)
    encoded = (request.header("content-encoding") or "identity").strip().lower() != "identity"
    foreign = charset is not None and charset[1] not in {"utf-8", "utf8", "us-ascii"}
    if kind.strip() not in adapter.media_types or foreign or encoded:
        wanted = " or ".join(adapter.media_types)
        raise SenderError(f"Send {wanted} in UTF-8, uncompressed.", status=415, code="media_type")


def _length(request: Request) -> int | None:
    said = request.header("content-length") or ""
    return int(said) if _LENGTH.fullmatch(said) else None
