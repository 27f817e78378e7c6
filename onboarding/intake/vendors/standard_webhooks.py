"""The generic door: Standard Webhooks around our own `HireEvent` JSON.

Specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
Body: `domain.hire.HireEventBody`, published as `docs/schemas/hire-event.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from onboarding.domain.hire import CLEARABLE, Certainty, EventType, Hire, HireEvent, ManagerRef, Phone
from onboarding.intake.adapter import Adapter, Role
from onboarding.intake.payload import MAX_TEXT, Payload, Unreadable
from onboarding.intake.scheme import SignatureScheme, standard_webhooks_key

E = TypeVar("E", bound=StrEnum)

#: Objects that may hold the person's fields, beside the top level ("").
PLACES = ("", "person", "data")
IDS = ("employee_id", "employee_number", "candidate_id")
FLAGS = ("department_is_id",)
DATES = ("start_date", "original_start_date", "end_date")
LISTS = ("phones",)
OBJECTS = ("manager",)
PERSON_FIELDS = tuple(item.name for item in fields(Hire))
TEXTS = tuple(name for name in PERSON_FIELDS if name not in (*IDS, *FLAGS, *DATES, *LISTS, *OBJECTS))

#: Ours → names that senders use for it. The first is ours; `type` and `timestamp` are the specification's.
ENVELOPE = {
    "schema_version": ("schema_version",),
    "event_type": ("event_type", "type"),
    "certainty": ("certainty",),
    "occurred_at": ("occurred_at", "timestamp"),
    "effective_date": ("effective_date",),
    "changed_fields": ("changed_fields",),
    "cleared_fields": ("cleared_fields",),
}
PHONE_RAW = ("raw", "value", "number")
PHONE_LABEL = ("label", "type")
PHONE_KEYS = (*PHONE_RAW, *PHONE_LABEL, "country_hint", "extension", "is_primary")
MANAGER_KEYS = ("id", "email", "name")
#: What senders call a label → ours. Anything else is `other`.
LABELS = {
    "mobile": "mobile",
    "cell": "mobile",
    "cellphone": "mobile",
    "work": "work",
    "business": "work",
    "office": "work",
    "home": "home",
    "personal": "home",
    "private": "home",
}


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event. A type that we do not know is IGNORED, so that senders may add types at any time."""
    said_type = _envelope(payload, "event_type")
    vendor_type = payload.text(said_type or "event_type")
    event_id = headers.get("webhook-id")
    if vendor_type not in {str(item) for item in EventType}:
        return [HireEvent("", EventType.IGNORED, Hire(), vendor_type[:100], event_id)]
    _check_version(payload)
    occurred = _envelope(payload, "occurred_at")
    hire = _hire(payload)
    return [
        HireEvent(
            source="",
            event_type=EventType(vendor_type),
            hire=hire,
            vendor_event_type=vendor_type,
            vendor_event_id=event_id,
            certainty=_choice(payload, "certainty", Certainty, Certainty.EMPLOYEE),
            occurred_at=payload.optional_instant(occurred) if occurred else None,
            effective_date=payload.optional_date("effective_date"),
            changed_fields=payload.texts("changed_fields"),
            unmapped_keys=_unmapped(payload),
            cleared=_cleared(payload, hire),
        )
    ]


def _envelope(payload: Payload, name: str) -> str | None:
    """The one name under which the envelope says `name`; None when it does not."""
    said = [alias for alias in ENVELOPE[name] if payload.has(alias)]
    if len(said) > 1:
        raise Unreadable("said_twice", payload.place(said[1]))
    return said[0] if said else None


def _check_version(payload: Payload) -> None:
    version = payload.optional_text("schema_version")
    if version is not None and version.partition(".")[0] != "1":
        raise Unreadable("unknown_schema_version", payload.place("schema_version"))


def _choice(payload: Payload, path: str, kind: type[E], default: E) -> E:
    text = payload.optional_text(path)
    if text is None:
        return default
    if text not in {str(item) for item in kind}:
        raise Unreadable("unknown_value", payload.place(path))
    return kind(text)


def _cleared(payload: Payload, hire: Hire) -> tuple[str, ...]:
    """Fields that HR has emptied. One that is emptied and said is neither."""
    found = payload.texts("cleared_fields")
    for index, name in enumerate(found):
        where = f"{payload.place('cleared_fields')}[{index}]"
        if name not in CLEARABLE:
            raise Unreadable("unknown_value", where)
        if getattr(hire, name) is not None:
            raise Unreadable("said_twice", where)
    return tuple(dict.fromkeys(found))


def _hire(payload: Payload) -> Hire:
    said: dict[str, Any] = {}
    for name in PERSON_FIELDS:
        place = _place_of(payload, name)
        if place is not None:
            said[name] = _read_field(place, name)
    return Hire(**said)


def _place_of(payload: Payload, name: str) -> Payload | None:
    """The one object that holds the field. Two of them might disagree, so two are refused."""
    found = None
    for scope in _scopes(payload):
        if scope.has(name):
            if found is not None:
                raise Unreadable("said_twice", scope.place(name))
            found = scope
    return found


def _scopes(payload: Payload) -> list[Payload]:
    scopes = [payload if place == "" else payload.optional_object(place) for place in PLACES]
    return [scope for scope in scopes if scope is not None]


def _read_field(place: Payload, name: str) -> Any:
    if name in IDS:
        return place.optional_identifier(name)
    if name in FLAGS:
        return place.optional_flag(name)
    if name in DATES:
        return place.optional_date(name)
    if name == "phones":
        return _phones(place)
    if name == "manager":
        return _manager(place.object(name))
    return place.optional_text(name)


def _manager(said: Payload) -> ManagerRef | None:
    return (
        ManagerRef(said.optional_identifier("id"), said.optional_text("email"), said.optional_text("name"))
        or None
    )


def _phones(place: Payload) -> tuple[Phone, ...] | None:
    """Numbers as text, or as objects. Blank ones are dropped; an empty list says "has none"."""
    found = []
    for index, value in enumerate(place.list("phones") or ()):
        where = f"{place.place('phones')}[{index}]"
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise Unreadable("too_long", where)
            phone = Phone(value.strip(), source_field=f"phones[{index}]")
        elif isinstance(value, dict):
            phone = _phone(Payload(value, where), index)
        else:
            raise Unreadable("expected_text_or_object", where)
        if phone.raw:
            found.append(phone)
    return tuple(found)


def _phone(said: Payload, index: int) -> Phone:
    raw = [name for name in PHONE_RAW if said.has(name)]
    if len(raw) > 1:
        raise Unreadable("said_twice", said.place(raw[1]))
    label = next((text for name in PHONE_LABEL if (text := said.optional_text(name))), "other")
    return Phone(
        raw=(said.optional_text(raw[0]) or "") if raw else "",
        label=LABELS.get(label.lower(), "other"),
        source_field=f"phones[{index}]",
        is_primary=said.optional_flag("is_primary") or False,
        country_hint=said.optional_text("country_hint"),
        extension=said.optional_identifier("extension"),
    )


def _unmapped(payload: Payload) -> tuple[str, ...]:
    """Names of keys that nothing here reads, as places; never values."""
    aliases = {alias for names in ENVELOPE.values() for alias in names}
    known = {*PERSON_FIELDS, *aliases, *PLACES}
    found = [payload.place(key) for key in payload if key not in known]
    for scope in _scopes(payload)[1:]:
        found += [scope.place(key) for key in scope if key not in PERSON_FIELDS]
    return tuple(sorted(found)[:50])


ADAPTER = Adapter(
    slug="standard-webhooks",
    title="Standard Webhooks (HireEvent JSON)",
    documents=("https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",),
    scheme=SignatureScheme(
        name="standard-webhooks",
        header="webhook-signature",
        template="{id}.{ts}.{body}",
        encoding="base64",
        prefix="v1,",
        separator=" ",
        timestamp_header="webhook-timestamp",
        id_header="webhook-id",
        tolerance_seconds=300,
        key=standard_webhooks_key,
    ),
    parse=parse,
    # The id is signed and, by the specification, the same for every attempt at one message.
    dedupe_key=lambda headers, body: headers["webhook-id"],
    success_status=202,
    lacks={Role.THIN: "The sender says all it knows: there is no API behind this door to ask."},
    headers=("webhook-id", "webhook-timestamp", "content-type"),
)
