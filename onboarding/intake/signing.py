"""The sender's side of a signature: what the demo and the tests sign deliveries with."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

from onboarding.errors import SenderError
from onboarding.intake.adapter import Adapter
from onboarding.intake.scheme import SignatureScheme, read_iso, read_milliseconds
from onboarding.intake.signatures import digest, signed_bytes, with_body


def sign(
    adapter: Adapter,
    secret: str,
    body: bytes,
    *,
    now: datetime,
    message_id: str,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Headers of a delivery that this adapter accepts, lower case, length and media type included.

    `secret` is the configured text (`whsec_…` for Standard Webhooks). `headers` are sent along, and signed where
    the vendor signs them. Raises ValueError when the secret is malformed.
    """
    return sealed(adapter, secret, body, now=now, message_id=message_id, headers=headers)[0]


def sealed(
    adapter: Adapter,
    secret: str,
    body: bytes,
    *,
    now: datetime,
    message_id: str,
    headers: Mapping[str, str] | None = None,
) -> tuple[dict[str, str], bytes]:
    """Headers and body. The body differs from the one given only where the vendor signs inside it."""
    scheme = adapter.scheme
    made = {"content-type": adapter.media_types[0], **(headers or {})}
    if scheme.into_body is not None:
        body = _inside(scheme, secret, body)
    elif scheme.signs:
        made |= _outside(scheme, secret, body, made, now, message_id)
    else:
        made[scheme.header] = scheme.prefix + credential(scheme, secret)
    return {**made, "content-length": str(len(body))}, body


def credential(scheme: SignatureScheme, secret: str) -> str:
    """What stands in the header where nothing is signed: the token, or `user:password` in base64."""
    key = scheme.key(secret)
    return base64.b64encode(key).decode("ascii") if scheme.algorithm == "basic" else secret


def stamp(scheme: SignatureScheme, now: datetime) -> str:
    """The time as this vendor writes it."""
    if scheme.timestamp is read_milliseconds:
        return str(int(now.timestamp() * 1000))
    if scheme.timestamp is read_iso:
        return now.astimezone(UTC).isoformat(timespec="seconds")
    return str(int(now.timestamp()))


def _outside(
    scheme: SignatureScheme, secret: str, body: bytes, sent: Mapping[str, str], now: datetime, message_id: str
) -> dict[str, str]:
    made: dict[str, str] = {}
    if scheme.timestamp_header is not None:
        made[scheme.timestamp_header] = sent.get(scheme.timestamp_header) or stamp(scheme, now)
    if scheme.id_header is not None:
        made[scheme.id_header] = sent.get(scheme.id_header) or message_id
    front = ""
    if scheme.timestamp_item is not None:
        front = f"{scheme.timestamp_item}{stamp(scheme, now)}"
        made[scheme.header] = front
        front += scheme.separator or ""
    signed = signed_bytes(scheme, {**sent, **made}, body)
    made[scheme.header] = front + scheme.prefix + encoded(scheme, digest(scheme, scheme.key(secret), signed))
    return made


def _inside(scheme: SignatureScheme, secret: str, body: bytes) -> bytes:
    if scheme.into_body is None:
        return body
    try:
        signed = signed_bytes(scheme, with_body(scheme, {}, body), body)
    except SenderError:
        return body  # there is nothing in it to sign: it goes as it is, for the door to refuse
    made = encoded(scheme, digest(scheme, scheme.key(secret), signed))
    return scheme.into_body(body, {scheme.header: made})


def encoded(scheme: SignatureScheme, made: bytes) -> str:
    """A digest as the vendor writes it."""
    if scheme.encoding == "hex":
        return made.hex()
    text = (base64.urlsafe_b64encode if scheme.encoding == "base64url" else base64.b64encode)(made)
    return text.decode("ascii")
