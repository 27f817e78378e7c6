"""How a vendor signs, as data. The engine that checks it is `onboarding.intake.signatures`.

Sources: the Standard Webhooks specification, and the vendors' pages that each adapter names. One class describes
signed bodies (BambooHR, HiBob, Greenhouse, Deel, SmartRecruiters …), static tokens (Personio, and whoever cannot
sign) and Basic. Lever is the one exception: it puts its signature into the body, hence `from_body`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from onboarding.intake.dates import instant

DIGEST_SIZES = {"sha256": 32, "sha512": 64}
#: `token`: the header carries the secret itself. `basic`: the secret is `user:password` (RFC 7617).
ALGORITHMS = (*DIGEST_SIZES, "token", "basic")
ENCODINGS = ("hex", "base64", "base64url")
#: How far ahead of ours a sender's clock may be, whatever its retries need backwards.
AHEAD_SECONDS = 300
#: A time without a zone may be meant in any zone, so that many seconds are added to the tolerance.
ANY_ZONE_SECONDS = 14 * 3600

_SLOT = re.compile(r"(\{(?:body|ts|id|header:[a-z0-9:_-]+)\})")
#: Seconds since 1970, from 2001 to 2286. Only ASCII digits: no sign, fraction, exponent or other script.
_SECONDS = re.compile(r"[0-9]{10}")
_MILLISECONDS = re.compile(r"[0-9]{13}")
_ZONE = re.compile(r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$")


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


def basic_key(secret: str) -> bytes:
    """`user:password`, both there. Raises ValueError without the secret in its text."""
    user, colon, password = secret.partition(":")
    if not (user and colon and password):
        raise ValueError("must be a user name, a colon and a password")
    return secret.encode()


@dataclass(frozen=True, slots=True)
class Stamp:
    """A signed time. `zoned` False: the text named no zone, and UTC was assumed."""

    at: datetime
    zoned: bool = True


def read_seconds(text: str) -> Stamp | None:
    """`1786960800`, ten ASCII digits; None when it is not exactly that."""
    return Stamp(datetime.fromtimestamp(int(text), UTC)) if _SECONDS.fullmatch(text) else None


def read_milliseconds(text: str) -> Stamp | None:
    """`1786960800123`, thirteen ASCII digits."""
    if not _MILLISECONDS.fullmatch(text):
        return None
    return Stamp(datetime.fromtimestamp(int(text[:10]), UTC) + timedelta(milliseconds=int(text[10:])))


def read_iso(text: str) -> Stamp | None:
    """ISO 8601 in full, with or without a zone."""
    zoned = _ZONE.search(text) is not None
    found = instant(text if zoned else f"{text}Z")
    return Stamp(found, zoned) if found else None


def read_seconds_or_iso(text: str) -> Stamp | None:
    """Either form (BambooHR: a capture has seconds, a secondary source shows ISO)."""
    return read_seconds(text) or read_iso(text)


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """How a vendor signs. Header names are lower case.

    `template` names what is signed, in order: `{body}`, `{ts}`, `{id}`, `{header:name}` (empty when that header is
    absent) and literals. Raises ValueError, in words for whoever wrote the data, when it makes no sense.
    """

    #: Name for logs and the stored verification.
    name: str
    #: Header with the signature, token or Basic credentials.
    header: str
    template: str = "{body}"
    #: One of ALGORITHMS.
    algorithm: str = "sha256"
    #: How `sign` writes it: one of ENCODINGS. Reading accepts all three.
    encoding: str = "hex"
    #: What stands before each signature: `sha256 `, `v1,`.
    prefix: str = ""
    #: Between several signatures; None: there is one.
    separator: str | None = None
    timestamp_header: str | None = None
    #: Where the time is an item of the signature header itself (`t=1786960800,v1=…`): what stands before it.
    timestamp_item: str | None = None
    #: Reads the signed time; the signed bytes are always the text as it was received.
    timestamp: Callable[[str], Stamp | None] = read_seconds
    id_header: str | None = None
    #: Greatest age of the signed time; ahead of us at most AHEAD_SECONDS. None: no time is signed or checked.
    tolerance_seconds: int | None = None
    #: Other headers that may carry the same credential.
    also: tuple[str, ...] = ()
    #: Header that names the key, for operators only: it is not signed.
    label_header: str | None = None
    #: Headers in the template whose values hold none of its literals, so that a border cannot be moved.
    unseparated: frozenset[str] = frozenset()
    #: What the vendor puts into the body instead of headers, as headers under names that begin with `body:`.
    #: Never raises: a body that cannot be read says nothing.
    from_body: Callable[[bytes], Mapping[str, str]] | None = None
    #: The opposite, for `sign`.
    into_body: Callable[[bytes, Mapping[str, str]], bytes] | None = None
    #: From the configured text to key bytes; raises ValueError when malformed.
    key: Callable[[str], bytes] = text_key

    def __post_init__(self) -> None:
        for wrong, text in (
            (self.algorithm not in ALGORITHMS, f"algorithm must be one of {', '.join(ALGORITHMS)}"),
            (self.encoding not in ENCODINGS, f"encoding must be one of {', '.join(ENCODINGS)}"),
            (self.header != self.header.lower(), "header names are written in lower case"),
            (
                self.signs and "{body}" not in self.slots and self.from_body is None,
                "template must contain {body}",
            ),
            ("{ts}" in self.slots and not self.timed, "template has {ts}, so name the timestamp's header"),
            ("{id}" in self.slots and self.id_header is None, "template has {id}, so name the id's header"),
            (self.separator == "", "separator must not be empty"),
            (
                self.tolerance_seconds is not None and "{ts}" not in self.slots,
                "a tolerance needs {ts} in the template: a time that is not signed proves nothing",
            ),
        ):
            if wrong:
                raise ValueError(text)

    @property
    def signs(self) -> bool:
        """False: the header carries the credential itself, and nothing is signed."""
        return self.algorithm in DIGEST_SIZES

    @property
    def timed(self) -> bool:
        return self.timestamp_header is not None or self.timestamp_item is not None

    @property
    def slots(self) -> list[str]:
        """`{body}`, `{ts}` … of the template, in order."""
        return [piece for piece in self.pieces if _SLOT.fullmatch(piece)]

    @property
    def pieces(self) -> list[str]:
        """The template cut at its slots: slots and literals, in order."""
        return [piece for piece in _SLOT.split(self.template) if piece]

    @property
    def literals(self) -> list[str]:
        return [piece for piece in self.pieces if not _SLOT.fullmatch(piece)]

    @property
    def headers(self) -> tuple[str, ...]:
        """Headers that may carry the credential."""
        return (self.header, *self.also)


#: For vendors that only send a static text: in our own header, or in `Authorization`, with or without `Bearer`.
TOKEN = SignatureScheme("token", "x-onboarding-token", algorithm="token", also=("authorization",))
BASIC = SignatureScheme("basic", "authorization", algorithm="basic", prefix="Basic ", key=basic_key)
