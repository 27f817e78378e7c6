"""A generic door: CloudEvents 1.0 over HTTP, structured, batched and binary, with our HireEvent or SCIM as data.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md (modes, `ce-` headers)
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md (OPTIONS, status codes, authorisation)

Two stated deviations: the token is taken in `Authorization` only, since one in the query (3.2) would stand in every
access log; and permission is never granted by `WebHook-Request-Callback`, which would make us call an address that
anybody may name.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.intake.adapter import Adapter, Greeting, Headers, Role, body_hash, each
from onboarding.intake.options import Options
from onboarding.intake.payload import Payload, Unreadable, read_tree
from onboarding.intake.scheme import SignatureScheme
from onboarding.intake.vendors import scim, standard_webhooks
from onboarding.settings import SourceSettings
from onboarding.web import Request

STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
REQUIRED = ("id", "source", "specversion", "type")
#: Attributes that are read. All of them are headers in binary mode.
ATTRIBUTES = (*REQUIRED, "time", "subject", "dataschema")
#: Keys of the payload under which one event stands, or those of a batch.
EVENT, EVENTS = "event", "events"
MAX_EVENTS = 200

_JSON = re.compile(r"(?:application|text)/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_ORIGIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?::[0-9]{1,5})?")
_RATE = re.compile(r"[1-9][0-9]{0,5}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Choices:
    """What a source may set."""

    #: Who may register this address: DNS names, or `*` for everybody.
    origins: tuple[str, ...] = ()
    #: Requests a minute that are granted; None: no limit is named.
    rate: int | None = None
    #: CloudEvents type → our event type; a type that ends in one of ours needs no entry.
    types: Mapping[str, str] = field(default_factory=dict)
    scim: scim.Reading = field(default_factory=scim.Reading)


# --- the three modes -----------------------------------------------------------------------------------------


def read(headers: Headers, body: bytes) -> Payload:
    """Every mode as `{"event": {attribute…, "data": …}}`, a batch as `{"events": […]}`. Raises Unreadable."""
    kind = headers.get("content-type", STRUCTURED).partition(";")[0].strip().lower()
    if kind == BATCHED:
        tree = read_tree(body)
        if not isinstance(tree, list):
            raise Unreadable("expected_list", "$")
        return Payload({EVENTS: tree})
    if kind == STRUCTURED or "ce-specversion" not in headers:
        tree = read_tree(body)
        if not isinstance(tree, dict):
            raise Unreadable("not_an_object", "$")
        return Payload({EVENT: tree})
    event: dict[str, Any] = {name: _header(headers, name) for name in ATTRIBUTES if f"ce-{name}" in headers}
    return Payload({EVENT: {**event, "data": read_tree(body)}})


def _header(headers: Headers, name: str) -> str:
    """One attribute: unquoted, then percent-decoded once (HTTP binding, 3.1.3.2)."""
    text = headers[f"ce-{name}"].strip()
    if (quoted := _QUOTED.fullmatch(text)) is not None:
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise Unreadable("not_utf8", f"$.{name}") from None


# --- the events ----------------------------------------------------------------------------------------------


def items_of(payload: Payload) -> list[Payload]:
    """Every CloudEvent, with its place in the body as it was sent."""
    one = payload.optional_object(EVENT)
    if one is not None:
        return [Payload(one.value)]
    items = payload.items(EVENTS)
    if len(items) > MAX_EVENTS:
        raise Unreadable("too_many", "$")
    return [Payload(item.value, "$" + item.path.removeprefix(f"$.{EVENTS}")) for item in items]


def events_of(payload: Payload, choices: Choices) -> list[HireEvent]:
    """Events of every CloudEvent, in order. A batch may be empty."""
    return each(items_of(payload), lambda item: _events(item, choices))


def _events(item: Payload, choices: Choices) -> list[HireEvent]:
    for name in REQUIRED:
        item.text(name)
    if item.text("specversion") != "1.0":
        raise Unreadable("unknown_specversion", item.place("specversion"))
    said = item.text("type")
    data, kind = _data(item), _kind(said, choices)
    if data is not None and _is_scim(data):
        found = scim.events_of(data, _method(kind, said), choices.scim)
        found = [event if event.event_type is EventType.IGNORED or kind is None else replace(event, event_type=kind)
                 for event in found]  # fmt: skip
    elif kind is None and not (data is not None and (data.has("event_type") or data.has("type"))):
        found = [HireEvent("", EventType.IGNORED, Hire(), said[:100])]
    else:
        found = standard_webhooks.parse(_as_body(data, kind, item), {})
    at = item.optional_instant("time")
    return [
        replace(
            event,
            vendor_event_type=said[:100],
            vendor_event_id=item.text("id")[:200],
            occurred_at=event.occurred_at or at,
        )
        for event in found
    ]


def _data(item: Payload) -> Payload | None:
    """The data as an object. 415 for what is not JSON (webhook specification, 2.2)."""
    kind = item.optional_text("datacontenttype")
    if kind is not None and not _JSON.match(kind):
        raise Unreadable("datacontenttype", item.place("datacontenttype"), "Send JSON as data.", status=415)
    encoded = item.optional_text("data_base64") if item.has("data_base64") and not item.has("data") else None
    if encoded is None:
        return item.optional_object("data")
    try:
        tree = read_tree(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise Unreadable("not_base64", item.place("data_base64")) from None
    if not isinstance(tree, dict):
        raise Unreadable("expected_object", item.place("data_base64"))
    return Payload(tree, item.place("data_base64"))


def _kind(said: str, choices: Choices) -> EventType | None:
    """By the source's own table, else by our name, alone or at the end: `com.contoso.hire.created`."""
    name = choices.types.get(said)
    if name is not None:
        return EventType(name)
    for kind in EventType:
        if said == kind or said.endswith(f".{kind}"):
            return kind
    return None


def _is_scim(data: Payload) -> bool:
    value = data.value.get("schemas")
    return isinstance(value, list) and any(isinstance(item, str) and ":scim:" in item for item in value)


def _method(kind: EventType | None, said: str) -> str:
    if kind is EventType.EMPLOYEE_DELETED or said.endswith((".deleted", ".delete")):
        return "DELETE"
    return "PUT" if kind is EventType.HIRE_UPDATED or said.endswith((".updated", ".update")) else "POST"


def _as_body(data: Payload | None, kind: EventType | None, item: Payload) -> Payload:
    """The data as the body of the standard-webhooks door; the CloudEvent's type counts where it is ours."""
    value = dict(data.value) if data is not None else {}
    if kind is not None:
        value = {key: inner for key, inner in value.items() if key not in {"event_type", "type"}}
        value["event_type"] = str(kind)
    return Payload(value, item.place("data"))


# --- the door ------------------------------------------------------------------------------------------------


def dedupe_key(headers: Headers, body: bytes) -> str:
    """`source` and `id` together name one event (specification, "id"); a batch is known by its bytes."""
    try:
        items = items_of(read(headers, body))
        if len(items) == 1:
            item = items[0]
            return "\0".join(item.text(name) for name in ("source", "id"))
    except Unreadable:
        pass  # it is kept for an operator, under its hash
    return body_hash(headers, body)


def greeter(choices: Choices) -> Any:
    """Answer to OPTIONS (webhook specification, 4): 200 for an origin of the list, nothing for others."""

    def greet(request: Request) -> Greeting | None:
        origin = (request.header("webhook-request-origin") or "").strip()
        if request.method.upper() != "OPTIONS" or not _ORIGIN.fullmatch(origin):
            return None
        if "*" not in choices.origins and origin.lower() not in choices.origins:
            return None
        asked = (request.header("webhook-request-rate") or "").strip()
        rate = int(asked) if _RATE.fullmatch(asked) else choices.rate
        granted = "*" if choices.rate is None else str(min(rate or choices.rate, choices.rate))
        headers = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": granted, "Allow": "POST"}
        return Greeting(200, b"", headers=headers)

    return greet


def parse(payload: Payload, headers: Headers) -> list[HireEvent]:
    """With nothing set for the source."""
    return events_of(payload, Choices())


def bind(adapter: Adapter, source: SourceSettings) -> Adapter:
    """`origins`, `rate`, `types`, and `scim` (a table with the options of that door)."""
    options = Options(source)
    kinds = [str(kind) for kind in EventType]
    origins = tuple(origin.lower() for origin in options.texts("origins"))
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise options.wrong("origins", "must list DNS names, as eventgrid.azure.net, or * for everybody.")
    choices = Choices(
        origins=origins,
        rate=options.number("rate", 1, 100_000),
        types=options.mapped("types", lambda text: text if text in kinds else None, ", ".join(kinds)),
        scim=scim.reading_of(options.table("scim")),
    )
    options.done()
    return replace(
        adapter, parse=lambda payload, headers: events_of(payload, choices), greet=greeter(choices)
    )


ADAPTER = Adapter(
    slug="cloudevents",
    title="CloudEvents 1.0 (HireEvent or SCIM as data)",
    documents=(
        "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md",
        "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md",
        "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md",
    ),
    scheme=SignatureScheme("bearer", "authorization", algorithm="token", also=("x-onboarding-token",)),
    parse=parse,
    doubts=(
        "CloudEvents defines no signature: the sender proves itself by a token and can say anything who holds it.",
        "A token in the address (access_token=…) is refused, against the specification: it would be in every log.",
    ),
    dedupe_key=dedupe_key,
    success_status=202,
    media_types=(STRUCTURED, BATCHED, "application/json", "application/scim+json"),
    greeting_methods=("OPTIONS",),
    headers=("content-type", *(f"ce-{name}" for name in ATTRIBUTES)),
    read=read,
    pruned_keys=scim.PRUNED,
    lacks={Role.THIN: "The sender says all it knows: there is no API behind this door to ask."},
    bind=bind,
)
