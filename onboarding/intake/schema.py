"""JSON Schema of the `standard-webhooks` body, generated from `domain.hire`.

`python -m onboarding.intake.schema > docs/schemas/hire-event.json`; a test compares the file with `text()`,
and validates the fixtures and examples with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, get_args, get_type_hints

from onboarding.domain.hire import CLEARABLE, EventType, Hire, HireEventBody, ManagerRef, Phone
from onboarding.intake.payload import MAX_TEXT
from onboarding.intake.vendors.standard_webhooks import ENVELOPE, IDS, PHONE_LABEL, PHONE_RAW

_MEANING = {
    EventType.HIRE_CREATED: "somebody was hired",
    EventType.HIRE_UPDATED: "something about them changed",
    EventType.START_DATE_CHANGED: "the first day moved",
    EventType.HIRE_CANCELLED: "the hire was withdrawn",
    EventType.EMPLOYMENT_STARTED: "the first day has come",
    EventType.EMPLOYMENT_TERMINATED: "the employment ended (effective_date or end_date in the future: will end)",
    EventType.EMPLOYEE_DELETED: "the record was deleted in the HR system; an operator decides what that means",
    EventType.TEST_PING: "a test; nothing is stored",
    EventType.IGNORED: "nothing",
}

#: Descriptions of the fields, by class. Every field has one; a test says so.
ABOUT: dict[type, dict[str, str]] = {
    HireEventBody: {
        "schema_version": "Version of this format. Anything under major version 1 is taken.",
        "event_type": "What happened: "
        + "; ".join(f"{kind}: {text}" for kind, text in _MEANING.items())
        + ". "
        "A type that is not listed is accepted and ignored.",
        "certainty": "How sure HR is. Only `employee` leads to an account; the others open or update a case.",
        "occurred_at": "When it happened, RFC 3339 with a zone. Decides which of two events is newer. Without "
        "it, the time of arrival counts.",
        "effective_date": "The day from which it holds, for example the last day of an employment.",
        "changed_fields": "Names of the fields that changed, as the HR system calls them. Empty: not known.",
        "cleared_fields": "Names of the person's fields that hold nothing any more, as they are called here. Ids "
        "cannot be cleared; phones are cleared by an empty list.",
        "person": "The person, as HR describes them.",
    },
    Hire: {
        "employee_id": "The HR system's own id of the employee record.",
        "employee_number": "Payroll or staff number. Leading zeros count.",
        "candidate_id": "Id in the applicant tracking system.",
        "given_name": "Given name, in the person's own spelling.",
        "family_name": "Family name; may be missing for people with one name.",
        "preferred_name": "What the person is called.",
        "display_name": "The full name as it should be shown.",
        "work_email": "Address at the company, where one exists already.",
        "personal_email": "Private address.",
        "phones": "Telephone numbers, as HR wrote them. An empty list says that there are none.",
        "work_country": "Country of work: ISO 3166-1 alpha-2 or a name.",
        "home_country": "Country of residence: ISO 3166-1 alpha-2 or a name.",
        "location": "Office or place of work.",
        "department": "Department, by name (or id, see department_is_id).",
        "department_is_id": "True where `department` is an id of the HR system and no name.",
        "job_title": "Job title.",
        "legal_entity": "Employing company.",
        "employment_type": "For example full-time, part-time, contractor.",
        "manager": "The manager. Any one of the three is enough.",
        "start_date": "First day of work, YYYY-MM-DD.",
        "original_start_date": "First day of the first employment, for people who come back.",
        "end_date": "Last day of work, YYYY-MM-DD.",
        "status": "Status of the record, as the HR system calls it.",
        "locale": "Language for messages, BCP 47: de-AT.",
        "timezone": "Time zone for messages, IANA name: Europe/Vienna.",
    },
    Phone: {
        "raw": "The number exactly as HR has it; it is normalised here, with its country never guessed.",
        "label": "mobile, work, home or other.",
        "source_field": "Name of the field it comes from; set by the service.",
        "is_primary": "The number HR would call first.",
        "country_hint": "Country that HR stores beside the number.",
        "extension": "Extension, where HR keeps it apart.",
    },
    ManagerRef: {
        "id": "The manager's employee id or number in the same HR system.",
        "email": "The manager's work address.",
        "name": "The manager's name; never enough to send a credential to.",
    },
}

EXAMPLES: list[dict[str, Any]] = [
    {
        "schema_version": "1.0",
        "event_type": "hire.created",
        "occurred_at": "2026-08-17T09:12:04Z",
        "person": {
            "employee_id": "7315",
            "employee_number": "00731",
            "given_name": "Søren",
            "family_name": "Weiß-Ødegård",
            "personal_email": "soren@example.net",
            "phones": [{"raw": "0151 23456789", "label": "mobile", "country_hint": "DE"}],
            "work_country": "Germany",
            "department": "Finance",
            "job_title": "Controller",
            "manager": {"email": "ada.lovelace@contoso.example"},
            "start_date": "2026-09-01",
            "locale": "de-DE",
        },
    },
    {
        "type": "hire.cancelled",
        "timestamp": "2026-08-20T15:00:00+02:00",
        "data": {"employee_id": "7315"},
    },
    {"event_type": "start_date.changed", "employee_id": 7315, "start_date": "2026-10-01"},
    {"event_type": "hire.updated", "employee_id": 7315, "cleared_fields": ["department", "manager"]},
    {"event_type": "test.ping"},
]


def schema() -> dict[str, Any]:
    """The schema as plain data, keys in a fixed order."""
    person = {item.name: _property(Hire, item.name) for item in fields(Hire)}
    envelope = {alias: _envelope(name, alias) for name, aliases in ENVELOPE.items() for alias in aliases}
    about_people = [kind for kind in EventType if kind not in {EventType.TEST_PING, EventType.IGNORED}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "hire-event.json",
        "title": "HireEvent",
        "description": "One event about one person, posted to `/api/hr/standard-webhooks` and signed as Standard "
        "Webhooks say. The person's fields may stand at the top level, under `person` or under `data`, each only "
        "once. Null, an empty text and a missing field all mean: not said (but see `cleared_fields`). Unknown keys "
        "are passed over.",
        "type": "object",
        "properties": {
            **envelope,
            "person": {"$ref": "#/$defs/person"},
            "data": {"$ref": "#/$defs/person"},
            **person,
        },
        "oneOf": [{"required": ["event_type"]}, {"required": ["type"]}],
        "if": {"anyOf": [_says(alias, about_people) for alias in ENVELOPE["event_type"]]},
        "then": {"anyOf": [_holds_an_id(place) for place in ("", "person", "data")]},
        "examples": EXAMPLES,
        "$defs": {
            "person": {
                "type": ["object", "null"],
                "description": ABOUT[HireEventBody]["person"],
                "properties": person,
            },
            "phone": _phone(),
            "manager": _manager(),
        },
    }


def text() -> str:
    """The file's content."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _envelope(name: str, alias: str) -> dict[str, Any]:
    # An unknown type is ignored, not refused, so that `event_type` is no enum here.
    made: dict[str, Any] = (
        {"type": "string", "minLength": 1} if name == "event_type" else _property(HireEventBody, name)
    )
    made["description"] = ABOUT[HireEventBody][name]
    if alias != name:
        made["description"] = f"The same as `{name}`, under the name that Standard Webhooks suggests."
    return made


def _property(owner: type, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {"description": ABOUT[owner][name]}
    if name == "cleared_fields":
        return {"type": ["array", "null"], "items": {"enum": sorted(CLEARABLE)}, **made}
    if name in IDS or (owner is ManagerRef and name == "id") or name == "extension":
        return {"type": ["string", "integer", "null"], "maxLength": MAX_TEXT, **made}
    return {**_type(get_type_hints(owner)[name]), **made}


def _type(hint: Any) -> dict[str, Any]:
    """JSON Schema of a field's annotation; None is always allowed and means "not said"."""
    kinds = [kind for kind in get_args(hint) if kind is not type(None)] or [hint]
    kind = kinds[0]
    if kind is ManagerRef:
        return {"anyOf": [{"$ref": "#/$defs/manager"}, {"type": "null"}]}
    if kind is datetime:
        return {"type": ["string", "null"], "format": "date-time"}
    if kind is date:
        return {"type": ["string", "null"], "format": "date"}
    if kind is bool:
        return {"type": ["boolean", "null"]}
    if kind is Phone or get_args(kind)[:1] == (Phone,):
        return {"type": ["array", "null"], "items": {"$ref": "#/$defs/phone"}}
    if hint == tuple[str, ...]:
        return {"type": ["array", "null"], "items": {"type": "string", "maxLength": MAX_TEXT}}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [*(str(item) for item in kind), None]}
    return {"type": ["string", "null"], "maxLength": MAX_TEXT}


def _phone() -> dict[str, Any]:
    given = {item.name: _property(Phone, item.name) for item in fields(Phone) if item.name != "source_field"}
    for aliases in (PHONE_RAW, PHONE_LABEL):
        for alias in aliases[1:]:
            given[alias] = {**given[aliases[0]], "description": f"The same as `{aliases[0]}`."}
    return {
        "description": "One number: as text, or with what HR knows about it.",
        "type": ["string", "object"],
        "maxLength": MAX_TEXT,
        "properties": given,
    }


def _manager() -> dict[str, Any]:
    given = {item.name: _property(ManagerRef, item.name) for item in fields(ManagerRef)}
    return {"description": ABOUT[Hire]["manager"], "type": "object", "properties": given}


def _says(alias: str, kinds: Sequence[EventType]) -> dict[str, Any]:
    return {"required": [alias], "properties": {alias: {"enum": [str(kind) for kind in kinds]}}}


def _holds_an_id(place: str) -> dict[str, Any]:
    said = {"type": ["string", "integer"], "minLength": 1}
    here = {"anyOf": [{"required": [name], "properties": {name: said}} for name in IDS]}
    return {"required": [place], "properties": {place: here}} if place else here


if __name__ == "__main__":
    sys.stdout.write(text())
