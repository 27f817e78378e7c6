"""The one engine that checks signatures; how a vendor signs is data (`onboarding.intake.scheme`).

What it holds to, whatever a header contains:

- It verifies the raw bytes, before anything is decoded, and never raises on junk: what cannot be read is a
  wrong signature (401).
- The header is decoded to digest bytes (hex, base64 or base64url, with or without padding), which are compared
  in constant time; text is never compared, because `hmac.compare_digest` raises on non-ASCII text.
- A junk item in a list of signatures does not hide a good one behind it.
- Joined strings cannot be shifted: a timestamp has one of two strict forms, an id holds none of the template's
  own separators, and what follows a JSON body without a separator leaves no other body that parses.
- Several secrets may be active; the answer says which one matched, so that an operator knows when a previous
  one is out of use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from onboarding.domain.hire import Verification
from onboarding.errors import ConfigurationError, SenderError
from onboarding.intake.scheme import AHEAD_SECONDS, ANY_ZONE_SECONDS, DIGEST_SIZES, SignatureScheme
from onboarding.settings import PREFIX, Secret, SourceSettings

#: More items than any sender has live secrets; the rest of a longer list is not looked at.
MAX_SIGNATURES = 17

_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ID = re.compile(r"[\x21-\x7e]{1,256}")
_VALUE = re.compile(r"[\x20-\x7e]{0,2048}")
_STAMP = re.compile(r"[\x21-\x7e]{1,40}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,63}")
_BEARER = re.compile(r"bearer +", re.IGNORECASE)


def verify(
    scheme: SignatureScheme, source: SourceSettings, headers: Mapping[str, str], body: bytes, now: datetime
) -> Verification:
    """Who signed, with which of the secrets. Header names are lower case.

    Raises SenderError 401 (`signature_missing`, `signature_wrong`, `signature_expired`), and
    ConfigurationError when the secret that has to be used is malformed.
    """
    headers = with_body(scheme, headers, body)
    present = [name for name in scheme.headers if headers.get(name)]
    if not present:
        raise _refusal("signature_missing", f"Send it in the header '{scheme.header}'.")
    signed = signed_bytes(scheme, headers, body) if scheme.signs else b""
    given = [digest for name in present for digest in _given_digests(scheme, name, headers[name])]
    key_id = next((name for name, key in _keys(scheme, source) if _matches(scheme, key, signed, given)), None)
    if key_id is None:
        raise _refusal("signature_wrong", "Use the secret configured for this source, on the raw body.")
    _check_age(scheme, headers, now)
    return Verification(
        scheme.name, key_id, scheme.tolerance_seconds is not None, label=_label(scheme, headers)
    )


def with_body(scheme: SignatureScheme, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """Headers, and what a vendor puts into the body instead of them. No header that was sent begins so."""
    if scheme.from_body is None:
        return headers
    sent = {name: value for name, value in headers.items() if not name.startswith("body:")}
    return {**sent, **scheme.from_body(body)}


def signed_bytes(scheme: SignatureScheme, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes that the template describes. Raises SenderError 401 when a part is missing or malformed."""
    return b"".join(_piece(scheme, piece, headers, body) for piece in scheme.pieces)


def _piece(scheme: SignatureScheme, piece: str, headers: Mapping[str, str], body: bytes) -> bytes:
    if piece == "{body}":
        return body
    if piece == "{ts}":
        text = signed_time(scheme, headers)
        if scheme.timestamp(text) is None:
            raise _refusal("signature_wrong", "The signed time does not have the documented form.")
        return text.encode("ascii")
    if piece == "{id}" and scheme.id_header is not None:
        return _part(scheme, headers, scheme.id_header, _ID)
    if piece.startswith("{header:"):
        name = piece[len("{header:") : -1]
        return _part(scheme, headers, name, _VALUE) if headers.get(name) else b""
    return piece.encode()


def _part(scheme: SignatureScheme, headers: Mapping[str, str], header: str, shape: re.Pattern[str]) -> bytes:
    value = headers.get(header)
    if not value:
        raise _refusal("signature_missing", f"Send the header '{header}', which is part of what is signed.")
    if not shape.fullmatch(value):
        raise _refusal("signature_wrong", f"The header '{header}' does not have the documented form.")
    strict = header == scheme.id_header or header in scheme.unseparated
    if strict and any(mark in value for mark in scheme.literals):
        raise _refusal("signature_wrong", f"The header '{header}' must not hold a separator.")
    return value.encode("ascii")


def signed_time(scheme: SignatureScheme, headers: Mapping[str, str]) -> str:
    """The signed time as it was sent: visible ASCII, so that it can be read and signed."""
    where = scheme.header if scheme.timestamp_item is not None else scheme.timestamp_header or ""
    text = headers.get(where) or ""
    if scheme.timestamp_item is not None:
        items = [item for item in _items(scheme, text) if item.startswith(scheme.timestamp_item)]
        text = items[0][len(scheme.timestamp_item) :] if len(items) == 1 else ""
    if not text:
        raise _refusal("signature_missing", f"Send the time in the header '{where}': it is signed too.")
    if not _STAMP.fullmatch(text):
        raise _refusal("signature_wrong", "The signed time does not have the documented form.")
    return text


def _check_age(scheme: SignatureScheme, headers: Mapping[str, str], now: datetime) -> None:
    if scheme.tolerance_seconds is None:
        return
    stamp = scheme.timestamp(signed_time(scheme, headers))
    assert stamp is not None  # noqa: S101 - it was read when the signed bytes were made
    age = (now - stamp.at).total_seconds()
    more = 0 if stamp.zoned else ANY_ZONE_SECONDS
    ahead = min(scheme.tolerance_seconds, AHEAD_SECONDS)
    if not -ahead - more <= age <= scheme.tolerance_seconds + more:
        raise _refusal("signature_expired", "Sign each attempt anew, with a correct clock.")


def _label(scheme: SignatureScheme, headers: Mapping[str, str]) -> str | None:
    """The vendor's name of the key, if it looks like a name. It is not signed, so it decides nothing."""
    said = headers.get(scheme.label_header or "", "")
    return said if _LABEL.fullmatch(said) else None


def digest(scheme: SignatureScheme, key: bytes, signed: bytes) -> bytes:
    """The HMAC; where nothing is signed, SHA-256 of the credential, so that the same comparison serves."""
    return hmac.new(key, signed, scheme.algorithm).digest() if scheme.signs else hashlib.sha256(key).digest()


def decode_digest(text: str, size: int) -> bytes | None:
    """`size` bytes from hex (twice as many digits) or any base64 form; None when it is neither."""
    if len(text) == 2 * size and _HEX.fullmatch(text):
        return bytes.fromhex(text)
    decoded = _base64(text) if len(text) <= 2 * size else None
    return decoded if decoded is not None and len(decoded) == size else None


def _base64(text: str) -> bytes | None:
    plain = text.replace("-", "+").replace("_", "/")
    if not _BASE64.fullmatch(plain):
        return None
    plain = plain.rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _items(scheme: SignatureScheme, text: str) -> list[str]:
    if scheme.separator is None:
        return [text]
    items = text.split(scheme.separator, MAX_SIGNATURES)[:MAX_SIGNATURES]
    return [item.strip() for item in items]


def _given_digests(scheme: SignatureScheme, header: str, text: str) -> Iterator[bytes]:
    for item in _items(scheme, text):
        # The scheme's name in `Authorization` is case-insensitive (RFC 9110, 11.1); a vendor's own prefix is not.
        start = item[: len(scheme.prefix)]
        if start != scheme.prefix and not (
            header == "authorization" and start.lower() == scheme.prefix.lower()
        ):
            continue
        found = _given(scheme, header, item[len(scheme.prefix) :].strip())
        if found is not None:
            yield found


def _given(scheme: SignatureScheme, header: str, text: str) -> bytes | None:
    if scheme.signs:
        return decode_digest(text, DIGEST_SIZES[scheme.algorithm])
    if scheme.algorithm == "basic":
        decoded = _base64(text)
        return None if decoded is None else hashlib.sha256(decoded).digest()
    if header == "authorization":
        text = _BEARER.sub("", text, count=1) if _BEARER.match(text) else text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _matches(scheme: SignatureScheme, key: bytes, signed: bytes, given: list[bytes]) -> bool:
    expected = digest(scheme, key, signed)
    return any(hmac.compare_digest(expected, item) for item in given)


def _keys(scheme: SignatureScheme, source: SourceSettings) -> Iterator[tuple[str, bytes]]:
    """Key ids and keys, the current one first. A previous one is read only when those before did not fit."""
    for key_id, secret in source.secrets:
        yield key_id, read_key(scheme, secret, source.source, key_id)


def read_key(scheme: SignatureScheme, secret: Secret, source: str, key_id: str) -> bytes:
    """Key bytes of a configured secret. Raises ConfigurationError that names the setting, not the value."""
    try:
        return scheme.key(secret.reveal())
    except ValueError as exc:
        name = f"{PREFIX}HR_{source.upper().replace('-', '_')}_SECRET"
        name += "_PREVIOUS" if key_id != "current" else ""
        raise ConfigurationError(
            f"{name} {exc}. Copy it again from the HR system.", code="secret_malformed"
        ) from None


def _refusal(code: str, hint: str) -> SenderError:
    return SenderError(f"The signature was not accepted. {hint}", status=401, code=code)
