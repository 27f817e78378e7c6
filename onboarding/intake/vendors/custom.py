"""A generic door for an HR system that posts JSON of its own: a field map, and how the sender proves itself, as data.

Everything comes from the source's options (`field_map` shows the map):

    [auth]
    kind = "header"                 # a static header: the secret itself
    header = "x-api-key"            # default: X-Onboarding-Token, or Authorization with or without Bearer
    # kind = "basic"                # the secret is user:password (RFC 7617)
    # kind = "hmac"                 # a signature; keys as in onboarding.intake.scheme:
    # header = "x-signature"; algorithm = "sha256"; encoding = "hex"; prefix = "sha256="; template = "{ts}.{body}"
    # separator = ","; timestamp_header = "x-timestamp"; timestamp_item = "t="; timestamp = "seconds"
    # tolerance_seconds = 300; id_header = "x-id"; key = "text"        # or "base64"

    pings = [{ test = true }]       # bodies that a set-up posts, signed or not: answered, nothing else happens

RFC 6901 is the pointers' grammar. Without options the door answers 503: nothing can be read.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from onboarding.domain.hire import HireEvent
from onboarding.errors import ConfigurationError
from onboarding.intake import field_events
from onboarding.intake.adapter import Adapter, Evidence, Greeting, Headers, Need, Role, body_hash
from onboarding.intake.field_map import FieldMap, compiled
from onboarding.intake.options import Options
from onboarding.intake.payload import Payload, Unreadable, read_tree
from onboarding.intake.scheme import (
    BASIC,
    DIGEST_SIZES,
    ENCODINGS,
    TOKEN,
    SignatureScheme,
    read_iso,
    read_milliseconds,
    read_seconds,
    read_seconds_or_iso,
    text_key,
)
from onboarding.intake.signatures import signed_time
from onboarding.settings import SourceSettings
from onboarding.web import Request

#: Key of the payload under which the body stands, so that it may be a list or an object.
WHOLE = "body"
TIMES = {
    "seconds": read_seconds,
    "milliseconds": read_milliseconds,
    "iso": read_iso,
    "seconds-or-iso": read_seconds_or_iso,
}
MAX_PING = 2048
#: Headers that say something about the call, or carry a credential: never part of a map.
FORBIDDEN = frozenset({"authorization", "cookie", "x-onboarding-token", "content-length"})


def base64_key(secret: str) -> bytes:
    """Base64, with or without padding. Raises ValueError without the secret in its text."""
    try:
        return base64.b64decode(secret + "=" * (-len(secret) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None


KEYS: dict[str, Callable[[str], bytes]] = {"text": text_key, "base64": base64_key}


def read(headers: Headers, body: bytes) -> Payload:
    """Any JSON, an object or a list."""
    return Payload({WHOLE: read_tree(body)})


def unbound(payload: Payload, headers: Headers) -> list[HireEvent]:
    raise ConfigurationError("The source has no options: a field map is needed.", code="source_options")


def bind(adapter: Adapter, source: SourceSettings) -> Adapter:
    """Raises ConfigurationError that names the option and says what it may be."""
    options = Options(source)
    if not source.options:
        raise options.wrong("", "must say how to read this source: see docs/vendors/custom.md.")
    scheme = _scheme(options.table("auth"))
    found = compiled(options)
    pings = options.raw("pings")
    if pings is not None and not isinstance(pings, list):
        raise options.wrong("pings", "must be a list of bodies: [{ test = true }].")
    options.done()
    for header in found.headers:
        if header in FORBIDDEN or header in scheme.headers:
            raise options.wrong("event", f"must not read the header {header}: it would be stored.")

    def parse(payload: Payload, headers: Headers) -> list[HireEvent]:
        return field_events.events(found, payload.value[WHOLE], headers)

    return replace(
        adapter,
        scheme=scheme,
        parse=parse,
        greet=_greeter(pings) if pings else adapter.greet,
        headers=(*adapter.headers, *found.headers),
        pruner=_pruner(found),
        doubts=() if scheme.signs else adapter.doubts,
        dedupe_key=_keyed(scheme),
        says_again=not scheme.signs,
    )


def _keyed(scheme: SignatureScheme) -> Callable[[Headers, bytes], str]:
    """By what is signed: an id, else body and time, else the body alone. What nobody signed proves nothing."""
    id_header = scheme.id_header
    if scheme.signs and id_header is not None and "{id}" in scheme.slots:
        return lambda headers, body: f"id {headers[id_header]}"
    if scheme.signs and "{ts}" in scheme.slots:
        return lambda headers, body: f"{signed_time(scheme, headers)} {body_hash(headers, body)}"
    return body_hash


def _greeter(pings: list[Any]) -> Callable[[Request], Greeting | None]:
    """Recruitee posts {"test": true} when a web hook is set up, JazzHR {"data": "JazzHR Verify Event"}."""

    def greet(request: Request) -> Greeting | None:
        if not 0 < len(request.body) <= MAX_PING:
            return None
        try:
            tree = read_tree(request.body)
        except Unreadable:
            return None
        # Not ==, to which true and 1 are the same.
        return Greeting() if any(_same(tree, ping) for ping in pings) else None

    return greet


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True, default=str)


def _pruner(found: FieldMap) -> Callable[[bytes], bytes]:
    def prune(body: bytes) -> bytes:
        tree = field_events.kept(found, read_tree(body))
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()

    return prune


def _scheme(auth: Options) -> SignatureScheme:
    kind = auth.choice("kind", "header", "header", "basic", "hmac")
    if kind == "basic":
        auth.done()
        return BASIC
    header = auth.text("header")
    if kind == "header":
        prefix = auth.text("prefix", "") or ""
        auth.done()
        return (
            TOKEN
            if header is None
            else SignatureScheme("header", header.lower(), algorithm="token", prefix=prefix)
        )
    return _hmac(auth, auth.needed("header", "the header that carries the signature.").lower())


def _hmac(auth: Options, header: str) -> SignatureScheme:
    id_header, timestamp_header = auth.text("id_header"), auth.text("timestamp_header")
    values = {
        "template": auth.text("template", "{body}"),
        "algorithm": auth.choice("algorithm", "sha256", *DIGEST_SIZES),
        "encoding": auth.choice("encoding", "hex", *ENCODINGS),
        "prefix": auth.text("prefix", "") or "",
        "separator": auth.text("separator"),
        "timestamp_header": timestamp_header and timestamp_header.lower(),
        "timestamp_item": auth.text("timestamp_item"),
        "timestamp": TIMES[auth.choice("timestamp", "seconds", *TIMES)],
        "id_header": id_header and id_header.lower(),
        "tolerance_seconds": auth.number("tolerance_seconds", 1, 7 * 24 * 3600),
        "key": KEYS[auth.choice("key", "text", *KEYS)],
    }
    auth.done()
    try:
        return SignatureScheme("hmac", header, **values)  # type: ignore[arg-type]
    except ValueError as exc:
        raise auth.wrong("", f"does not fit together: {exc}.") from None


ADAPTER = Adapter(
    slug="custom",
    title="Custom JSON with a field map",
    documents=("https://www.rfc-editor.org/rfc/rfc6901",),
    scheme=TOKEN,
    parse=unbound,
    evidence=Evidence.VENDOR,
    doubts=(
        "The sender proves itself by a secret and signs nothing, so that whoever holds the secret can say anything.",
    ),
    success_status=202,
    read=read,
    headers=("content-type",),
    needs=(Need.SECRET, Need.OPTIONS),
    lacks={
        Role.THIN: "The map reads what the system posts: there is no API behind this door to ask.",
    },
    bind=bind,
)
