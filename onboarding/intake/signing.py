"""The sender's side of a signature: what the demo and the tests sign deliveries with."""

from __future__ import annotations

import base64
from datetime import datetime

from onboarding.intake.adapter import Adapter
from onboarding.intake.signatures import digest, signed_bytes


def sign(adapter: Adapter, secret: str, body: bytes, *, now: datetime, message_id: str) -> dict[str, str]:
    """Headers of a delivery that this adapter accepts, lower case, length and media type included.

    `secret` is the configured text (`whsec_…` for Standard Webhooks). Raises ValueError when it is malformed.
    """
    scheme = adapter.scheme
    headers = {"content-type": adapter.media_types[0], "content-length": str(len(body))}
    if scheme.timestamp_header is not None:
        headers[scheme.timestamp_header] = str(int(now.timestamp()))
    if scheme.id_header is not None:
        headers[scheme.id_header] = message_id
    if scheme.algorithm == "token":
        headers[scheme.header] = scheme.prefix + secret
        return headers
    made = digest(scheme, scheme.key(secret), signed_bytes(scheme, headers, body))
    text = made.hex() if scheme.encoding == "hex" else base64.b64encode(made).decode("ascii")
    headers[scheme.header] = scheme.prefix + text
    return headers
