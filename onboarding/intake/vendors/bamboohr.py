"""BambooHR web hooks: event-based (an id only) and the older field-based ones, each as JSON or as a form.

Signature: lower-case hex of HMAC-SHA256 over the raw body, then the timestamp header's text, nothing between them.
Recomputed from a request that was captured in July 2022; guides that join them the other way round, or with a dot,
fail it. 2xx is taken, a 4xx is never sent again, a 5xx five more times within about 2 h 35 min.

What the API reader fetches:

| kind | id | read |
|---|---|---|
| employee | BambooHR's employee id | `GET /api/v1/employees/{id}?fields=firstName,lastName,preferredName,…` |

The answer also decides what an event left open: with status Inactive and a termination date the employment ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent, ManagerRef, Phone
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Headers, Role
from onboarding.intake.dates import iso_date
from onboarding.intake.forms import FORM, form_pairs, is_form, parts, read_form
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.pruning import narrowed
from onboarding.intake.reading import Moment, ignored, moment, names
from onboarding.intake.scheme import SignatureScheme, read_seconds_or_iso

TIMESTAMP = "x-bamboohr-timestamp"
#: Five repeats take 2 h 35 min. Doubt: whether a repeat is signed anew.
TOLERANCE_SECONDS = 3 * 3600

#: https://documentation.bamboohr.com/docs/event-based-webhooks
EVENTS = {
    "employee.created": EventType.HIRE_CREATED,  # an employee.updated follows at once
    "employee.updated": EventType.HIRE_UPDATED,
    "employee.update": EventType.HIRE_UPDATED,  # so the page calls it once; the sample says `updated`
    "employee.deleted": EventType.EMPLOYEE_DELETED,
}
#: The same page family: they are about the company's lists and settings.
PASSED_OVER = ("company.",)
#: https://documentation.bamboohr.com/docs/field-based-webhooks. Doubt: `action` is in samples, not in the capture.
ACTIONS = {
    "created": ("employee_with_fields.created", EventType.HIRE_CREATED),
    "updated": ("employee_with_fields.updated", EventType.HIRE_UPDATED),
    "deleted": ("employee_with_fields.deleted", EventType.EMPLOYEE_DELETED),
}
START_FIELD = "hiredate"

#: Field names of the field-based form, without case, blanks and signs → ours. Customers may rename them; the
#: names here are BambooHR's labels ("First name") and its API's ("firstName").
TEXTS = {
    "firstname": "given_name",
    "lastname": "family_name",
    "preferredname": "preferred_name",
    "displayname": "display_name",
    "workemail": "work_email",
    "homeemail": "personal_email",
    "jobtitle": "job_title",
    "department": "department",
    "location": "location",
    "country": "home_country",  # stands with the address lines
    "status": "status",
}
IDS = {"employee": "employee_number", "employeenumber": "employee_number"}  # the label is "Employee #"
DATES = {"hiredate": "start_date", "originalhiredate": "original_start_date", "terminationdate": "end_date"}
PHONES = {"mobilephone": "mobile", "workphone": "work", "homephone": "home"}
EXTENSIONS = ("workext", "workphoneextension")
#: "Reporting to" is a name.
MANAGER = {"reportingto": "name", "reportsto": "name", "supervisor": "name", "supervisoremail": "email",
           "supervisoreid": "id"}  # fmt: skip
MAPPED = frozenset({*TEXTS, *IDS, *DATES, *PHONES, *EXTENSIONS, *MANAGER})


def read(headers: Headers, body: bytes) -> Payload:
    """JSON or a form, as the customer chose when making the hook."""
    return read_form(body) if is_form(headers.get("content-type", "")) else read_json(body)


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """Event-based: one event. Field-based: one for each employee in it."""
    if payload.has("employees") and not payload.has("type"):
        found = [_with_fields(item) for item in payload.items("employees")]
        return found or [ignored("employee_with_fields", known=True)]
    name = payload.text("type")
    if name not in EVENTS:
        return [ignored(name, known=name.startswith(PASSED_OVER))]
    changed = names(payload, "data.changedFields")
    return [
        _thin(
            name, EVENTS[name], payload.identifier("data.employeeId"), moment(payload, "timestamp"), changed
        )
    ]


def _thin(
    name: str,
    kind: EventType,
    employee_id: str,
    at: Moment,
    changed: tuple[str, ...],
    hire: Hire | None = None,
) -> HireEvent:
    """An event whose person is to be read, unless the record is gone or `hire` says enough already."""
    if kind is EventType.HIRE_UPDATED and START_FIELD in map(plain, changed):
        kind = EventType.START_DATE_CHANGED
    said = hire or Hire(employee_id=employee_id)
    enough = said.start_date and (said.given_name or said.family_name or said.display_name)
    fetched = not enough and kind is not EventType.EMPLOYEE_DELETED
    return HireEvent(
        source="",
        event_type=kind,
        hire=said,
        vendor_event_type=name,
        occurred_at=at.at,
        occurred_at_zone_assumed=at.zone_assumed,
        effective_date=said.end_date if kind is EventType.EMPLOYMENT_TERMINATED else None,
        needs_fetch=FetchRef("employee", employee_id) if fetched else None,
        changed_fields=changed,
    )


# --- field-based ---------------------------------------------------------------------------------------------


def _with_fields(item: Payload) -> HireEvent:
    action = item.optional_text("action") or "updated"
    if action.lower() not in ACTIONS:
        return ignored(f"employee_with_fields.{action}", known=False)
    name, kind = ACTIONS[action.lower()]
    employee_id = item.identifier("id")
    hire = _hire(employee_id, _fields(item))
    if kind is EventType.HIRE_UPDATED and (hire.status or "").lower() == "inactive" and hire.end_date:
        kind = EventType.EMPLOYMENT_TERMINATED
    return _thin(name, kind, employee_id, moment(item, "timestamp"), names(item, "changedFields"), hire)


def plain(name: str) -> str:
    """`Employee #`, `employee_number`, `employeeNumber` → letters and digits alone, in lower case."""
    return "".join(char for char in name.lower() if char.isalnum())


def _fields(item: Payload) -> Payload:
    """Fields by their plain names. The value stands under `value`, in some samples by itself."""
    found = {}
    said = item.optional_object("fields")
    for name, value in (said.value if said else {}).items():  # "Work Ext." holds a dot
        if plain(name) in MAPPED:
            found[plain(name)] = value.get("value") if isinstance(value, dict) else value
    return Payload(found, item.place("fields"))


def _hire(employee_id: str, fields: Payload) -> Hire:
    said: dict[str, Any] = {ours: fields.optional_text(name) for name, ours in TEXTS.items()}
    for name, ours in IDS.items():
        said[ours] = said.get(ours) or fields.optional_identifier(name)
    for name, ours in DATES.items():
        said[ours] = _date(fields, name)
    manager: dict[str, str | None] = {}
    for name, part in MANAGER.items():
        manager[part] = manager.get(part) or fields.optional_identifier(name)
    said["manager"] = ManagerRef(**manager) or None
    return Hire(employee_id=employee_id, phones=_phones(fields), **said)


def _date(fields: Payload, name: str) -> date | None:
    """YYYY-MM-DD; `0000-00-00` is "none". Doubt: the form in a hook is not documented, so another is left out."""
    return iso_date(fields.optional_text(name) or "")


def _phones(fields: Payload) -> tuple[Phone, ...] | None:
    """None: no phone field was posted."""
    if not any(name in PHONES for name in fields):
        return None
    extension = next((found for name in EXTENSIONS if (found := fields.optional_identifier(name))), None)
    return tuple(
        Phone(raw, label, name, extension=extension if label == "work" else None)
        for name, label in PHONES.items()
        if (raw := fields.optional_identifier(name))
    )


# --- storage -------------------------------------------------------------------------------------------------


def prune(body: bytes) -> bytes:
    """Without the values of fields that are not mapped: customers choose any, salaries and birth dates among them."""
    try:
        read_json(body)
    except Unreadable:
        pairs = [(name, value) for name, value in form_pairs(body) if _is_used(parts(name))]
        return urlencode(pairs).encode()
    return narrowed(body, _without_unmapped) if "employees" in json.loads(body) else body


def _is_used(path: list[str]) -> bool:
    """`employees[0][fields][Pay rate][value]` is not."""
    return not (
        len(path) > 3 and path[0] == "employees" and path[2] == "fields" and plain(path[3]) not in MAPPED
    )


def _without_unmapped(tree: dict[str, Any]) -> dict[str, Any]:
    employees = tree.get("employees")
    for item in employees if isinstance(employees, list) else []:
        if isinstance(item, dict) and isinstance(item.get("fields"), dict):
            item["fields"] = {name: value for name, value in item["fields"].items() if plain(name) in MAPPED}
    return tree


def dedupe_key(headers: Headers, body: bytes) -> str:
    """There is no event id, and two field-based events may have the same body: the signed time tells them apart."""
    return hashlib.sha256(body + b"\n" + headers.get(TIMESTAMP, "").encode("utf-8", "replace")).hexdigest()


ADAPTER = Adapter(
    slug="bamboohr",
    title="BambooHR",
    documents=(
        "https://documentation.bamboohr.com/docs/webhooks",
        "https://documentation.bamboohr.com/docs/event-based-webhooks",
        "https://documentation.bamboohr.com/docs/field-based-webhooks",
    ),
    scheme=SignatureScheme(
        name="bamboohr",
        header="x-bamboohr-signature",
        template="{body}{ts}",
        timestamp_header=TIMESTAMP,
        timestamp=read_seconds_or_iso,
        tolerance_seconds=TOLERANCE_SECONDS,
    ),
    parse=parse,
    doubts=(
        "Whether BambooHR signs a repeated delivery anew is not documented, so signatures of up to three hours "
        "are accepted.",
        "Dates in field-based hooks are read as YYYY-MM-DD; another form is left out and asked of the API.",
        "Field-based hooks are known from one captured request and from samples; field names that you changed "
        "are not recognised.",
    ),
    dedupe_key=dedupe_key,
    media_types=("application/json", FORM),
    headers=("content-type",),
    read=read,
    pruner=prune,
    needs=THIN_NEEDS,
    lacks={Role.PING: "BambooHR documents no test message."},
)
