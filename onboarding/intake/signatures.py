"""Signatures described as data, and the one engine that checks them.

Sources of the rules: the Standard Webhooks specification (id.timestamp.body, ±5 minutes, a list of signatures)
and the vendors' pages that each adapter names. What the engine holds to, whatever a header contains:

- It verifies the raw bytes, before anything is decoded, and never raises on junk: what cannot be read is a
  wrong signature (401).
- The header is decoded to digest bytes (hex, base64 or base64url, with or without padding), which are compared
  in constant time; text is never compared, because `hmac.compare_digest` raises on non-ASCII text.
- A junk item in a list of signatures does not hide a good one behind it.
- Joined strings cannot be shifted: a timestamp is ASCII digits, and an id holds none of the template's own
  separators.
- Two secrets may be active; the answer says which one matched, so that an operator knows when the previous
  one is out of use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.hire import Verification
from onboarding.errors import ConfigurationError, SenderError
from onboarding.settings import PREFIX, Secret, SourceSettings

#: More items than any sender has live secrets; the rest of a longer list is not looked at.
MAX_SIGNATURES = 16

_DIGEST_SIZE = {"sha256": 32, "sha512": 64}
_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
#: Seconds since 1970, from 2001 to 2286. Only ASCII digits: no sign, fraction, exponent or other script.
_SECONDS = re.compile(r"[0-9]{10}")
_ID = re.compile(r"[\x21-\x7e]{1,256}")
_SLOT = re.compile(r"(\{body\}|\{ts\}|\{id\})")


def text_key(secret: str) -> bytes:
    """The secret's own characters are the key."""
    return secret.encode()


def standard_webhooks_key(secret: str) -> bytes:
    """`whsec_` and base64 of 24 to 64 bytes (Standard Webhooks specification, "Signature scheme").

    The prefix may be missing and the padding too. Raises ValueError without the secret in its text.
    """
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not 'whsec_' followed by base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("must encode 24 to 64 bytes")
    return key


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """How a vendor signs. `template` names what is signed, in order: `{id}`, `{ts}`, `{body}` and literals."""

    #: Name for logs and the stored verification.
    name: str
    #: Header with the signature, lower case.
    header: str
    template: str = "{body}"
    #: `sha256`, `sha512`, or `token`: the header carries the secret itself and nothing is signed.
    algorithm: str = "sha256"
    #: How `sign` writes it: `hex` or `base64`. Reading accepts both, and base64url.
    encoding: str = "hex"
    #: What stands before each signature: `sha256 `, `v1,`.
    prefix: str = ""
    #: Between several signatures; None: there is one.
    separator: str | None = None
    timestamp_header: str | None = None
    id_header: str | None = None
    #: Greatest difference between the signed time and now, either way; None: no time is signed.
    tolerance_seconds: int | None = None
    #: From the configured text to key bytes; raises ValueError when malformed.
    key: Callable[[str], bytes] = text_key


def verify(
    scheme: SignatureScheme, source: SourceSettings, headers: Mapping[str, str], body: bytes, now: datetime
) -> Verification:
    """Who signed, with which of the two secrets. Header names are lower case.

    Raises SenderError 401 (`signature_missing`, `signature_wrong`, `signature_expired`), and
    ConfigurationError when the secret that has to be used is malformed.
    """
    if not headers.get(scheme.header):
        raise _refusal("signature_missing", f"Send the signature in the header '{scheme.header}'.")
    signed = signed_bytes(scheme, headers, body)
    given = list(_given_digests(scheme, headers[scheme.header]))
    key_id = next((name for name, key in _keys(scheme, source) if _matches(scheme, key, signed, given)), None)
    if key_id is None:
        raise _refusal("signature_wrong", "Sign the raw body with the secret configured for this source.")
    if scheme.tolerance_seconds is not None and scheme.timestamp_header is not None:
        age = now.timestamp() - int(headers[scheme.timestamp_header])
        if abs(age) > scheme.tolerance_seconds:
            raise _refusal("signature_expired", "Sign each attempt anew, with a correct clock.")
    return Verification(scheme.name, key_id, timestamp_checked=scheme.tolerance_seconds is not None)


def signed_bytes(scheme: SignatureScheme, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes that the template describes. Raises SenderError 401 when a part is missing or malformed."""
    parts = {"{body}": body}
    if scheme.timestamp_header is not None:
        parts["{ts}"] = _part(headers, scheme.timestamp_header, _SECONDS)
    if scheme.id_header is not None:
        parts["{id}"] = _part(headers, scheme.id_header, _ID)
        if any(mark.encode() in parts["{id}"] for mark in _literals(scheme.template)):
            raise _refusal("signature_wrong", f"The header '{scheme.id_header}' must not hold a separator.")
    return b"".join(parts.get(piece, piece.encode()) for piece in _SLOT.split(scheme.template))


def digest(scheme: SignatureScheme, key: bytes, signed: bytes) -> bytes:
    """The HMAC; for `token`, the key itself, so that the same comparison serves."""
    return key if scheme.algorithm == "token" else hmac.new(key, signed, scheme.algorithm).digest()


def decode_digest(text: str, size: int) -> bytes | None:
    """`size` bytes from hex (twice as many digits) or any base64 form; None when it is neither."""
    if len(text) == 2 * size and _HEX.fullmatch(text):
        return bytes.fromhex(text)
    plain = text.replace("-", "+").replace("_", "/")
    if len(plain) > 2 * size or not _BASE64.fullmatch(plain):
        return None
    plain = plain.rstrip("=")
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == size else None


def _part(headers: Mapping[str, str], header: str, shape: re.Pattern[str]) -> bytes:
    value = headers.get(header)
    if not value:
        raise _refusal("signature_missing", f"Send the header '{header}', which is part of what is signed.")
    if not shape.fullmatch(value):
        raise _refusal("signature_wrong", f"The header '{header}' does not have the documented form.")
    return value.encode("ascii")


def _literals(template: str) -> list[str]:
    return [piece for piece in _SLOT.split(template) if piece and not _SLOT.fullmatch(piece)]


def _given_digests(scheme: SignatureScheme, header: str) -> Iterator[bytes]:
    items = header.split(scheme.separator, MAX_SIGNATURES)[:MAX_SIGNATURES] if scheme.separator else [header]
    for item in items:
        if not item.startswith(scheme.prefix):
            continue
        text = item[len(scheme.prefix) :].strip()
        if scheme.algorithm == "token":
            yield hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        elif (found := decode_digest(text, _DIGEST_SIZE[scheme.algorithm])) is not None:
            yield found


def _matches(scheme: SignatureScheme, key: bytes, signed: bytes, given: list[bytes]) -> bool:
    expected = digest(scheme, key, signed)
    if scheme.algorithm == "token":
        expected = hashlib.sha256(expected).digest()
    return any(hmac.compare_digest(expected, item) for item in given)


def _keys(scheme: SignatureScheme, source: SourceSettings) -> Iterator[tuple[str, bytes]]:
    """Key ids and keys, the current one first. The previous one is read only when the current did not fit."""
    for key_id, secret in (("current", source.secret), ("previous", source.secret_previous)):
        if secret:
            yield key_id, read_key(scheme, secret, source.source, key_id)


def read_key(scheme: SignatureScheme, secret: Secret, source: str, key_id: str) -> bytes:
    """Key bytes of a configured secret. Raises ConfigurationError that names the setting, not the value."""
    try:
        return scheme.key(secret.reveal())
    except ValueError as exc:
        name = f"{PREFIX}HR_{source.upper().replace('-', '_')}_SECRET"
        name += "_PREVIOUS" if key_id == "previous" else ""
        raise ConfigurationError(
            f"{name} {exc}. Copy it again from the HR system.", code="secret_malformed"
        ) from None


def _refusal(code: str, hint: str) -> SenderError:
    return SenderError(f"The signature was not accepted. {hint}", status=401, code=code)
