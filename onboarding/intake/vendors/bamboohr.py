"""BambooHR web hooks: event-based (an id only) and the older field-based ones, each as JSON or as a form.

Signature: lower-case hex of HMAC-SHA256 over the raw body, then the timestamp header's text, nothing between them.
Recomputed from a request that was captured in July 2022; guides that join them the other way round, or with a dot,
fail it. 2xx is taken, a 4xx is never sent again, a 5xx five more times within about 2 h 35 min.

What the API reader fetches:

| kind | id | read |
|---|---|---|
| employee | BambooHR's employee id | `GET /api/v1/employees/{id}?fields=firstName,lastName,preferredName,…` |

The answer also decides what an event left open. With status Inactive and a termination date that has come, or is not
after the hire date, the employment ended; a termination date ahead is read again the day after; a record that stands
again reopens what was over, since BambooHR has no event for a rehire (`onboarding.intake.comeback`).

Field-based hooks post the values that the company chose, so a source that has only those (option `hook = "fields"`)
works without the API; what a delivery does not say is then asked of HR and not of the API.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent, ManagerRef, Phone
from onboarding.domain.places.offices import country_of_office
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Evidence, Headers, Need, Role, each
from onboarding.intake.dates import DATE_FORMATS
from onboarding.intake.forms import FORM, form_pairs, is_form, parts, read_form
from onboarding.intake.options import Options
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.pruning import narrowed
from onboarding.intake.reading import Moment, ignored, moment, names
from onboarding.intake.scheme import SignatureScheme, read_seconds_or_iso
from onboarding.settings import SourceSettings

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

#: What a source without the API is told about itself.
NOT_ASKED = (
    "BambooHR's API is not asked: whatever the field-based webhook does not post is missing here, and a case without "
    "a name or a hire date waits until BambooHR posts it."
)

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


@dataclass(frozen=True, slots=True)
class Choices:
    """What a source may choose about its field-based events."""

    #: What they do not say is asked of the API.
    fetched: bool = True
    #: Reader of their dates. Doubt: the form is not documented.
    date: Callable[[str], date | None] = DATE_FORMATS["iso"]


USUAL = Choices()


def read(headers: Headers, body: bytes) -> Payload:
    """JSON or a form, as the customer chose when making the hook."""
    return read_form(body) if is_form(headers.get("content-type", "")) else read_json(body)


def parse(payload: Payload, headers: Mapping[str, str], choices: Choices = USUAL) -> list[HireEvent]:
    """Event-based: one event. Field-based: one for each employee in it."""
    if payload.has("employees") and not payload.has("type"):
        found = each(payload.items("employees"), lambda item: [_with_fields(item, choices)])
        return found or [ignored("employee_with_fields", known=True)]
    name = payload.text("type")
    if name not in EVENTS:
        return [ignored(name, known=name.startswith(PASSED_OVER))]
    employee_id, kind = payload.identifier("data.employeeId"), EVENTS[name]
    fetch = None if kind is EventType.EMPLOYEE_DELETED else FetchRef("employee", employee_id)
    at, changed = moment(payload, "timestamp"), names(payload, "data.changedFields")
    return [_event(name, kind, Hire(employee_id=employee_id), at, changed, fetch)]


def _event(
    name: str,
    kind: EventType,
    hire: Hire,
    at: Moment,
    changed: tuple[str, ...],
    fetch: FetchRef | None,
) -> HireEvent:
    if kind is EventType.HIRE_UPDATED and START_FIELD in map(plain, changed):
        kind = EventType.START_DATE_CHANGED
    return HireEvent(
        source="",
        event_type=kind,
        hire=hire,
        vendor_event_type=name,
        occurred_at=at.at,
        occurred_at_zone_assumed=at.zone_assumed,
        effective_date=hire.end_date if kind is EventType.EMPLOYMENT_TERMINATED else None,
        needs_fetch=fetch,
        changed_fields=changed,
    )


# --- field-based ---------------------------------------------------------------------------------------------


def _with_fields(item: Payload, choices: Choices) -> HireEvent:
    action = item.optional_text("action") or "updated"
    if action.lower() not in ACTIONS:
        return ignored(f"employee_with_fields.{action}", known=False)
    name, kind = ACTIONS[action.lower()]
    employee_id, fields = item.identifier("id"), _fields(item)
    hire, odd = _hire(employee_id, fields, choices)
    empty = () if kind is EventType.EMPLOYEE_DELETED else _emptied(fields, hire, odd)
    if kind is EventType.HIRE_UPDATED and (hire.status or "").lower() == "inactive" and hire.end_date:
        kind = EventType.EMPLOYMENT_TERMINATED
    enough = hire.start_date and (hire.given_name or hire.family_name or hire.display_name)
    asked = choices.fetched and not enough and kind is not EventType.EMPLOYEE_DELETED
    fetch = FetchRef("employee", employee_id) if asked else None
    at, changed = moment(item, "timestamp"), names(item, "changedFields")
    event = _event(name, kind, hire, at, changed, fetch)
    return replace(event, warnings=odd, cleared=empty, snapshot=True)


def _emptied(fields: Payload, hire: Hire, odd: tuple[str, ...]) -> tuple[str, ...]:
    """Every field that the company posts is in every delivery, so one that is posted empty was emptied."""
    posted = {ours for name, ours in {**TEXTS, **DATES}.items() if name in fields}
    posted |= {"work_country"} if "location" in fields else set()
    posted |= {"manager"} if any(name in fields for name in MANAGER) else set()
    gone = {ours for ours in posted if getattr(hire, ours) is None and f"bad_date:{ours}" not in odd}
    return tuple(sorted(gone))


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


def _hire(employee_id: str, fields: Payload, choices: Choices) -> tuple[Hire, tuple[str, ...]]:
    """The hire, and a warning for each date that cannot be read and is left out; `0000-00-00` is "none"."""
    said: dict[str, Any] = {ours: fields.optional_text(name) for name, ours in TEXTS.items()}
    said["work_country"] = country_of_office(said["location"])
    for name, ours in IDS.items():
        said[ours] = said.get(ours) or fields.optional_identifier(name)
    odd = []
    for name, ours in DATES.items():
        text = fields.optional_text(name) or ""
        said[ours] = choices.date(text)
        if said[ours] is None and text.strip("0-/. "):
            odd.append(f"bad_date:{ours}")
    manager: dict[str, str | None] = {}
    for name, part in MANAGER.items():
        manager[part] = manager.get(part) or fields.optional_identifier(name)
    said["manager"] = ManagerRef(**manager) or None
    return Hire(employee_id=employee_id, phones=_phones(fields), **said), tuple(odd)


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
        # The name stays: it may be all that there is of an employee, who would be nobody without it.
        pairs = [(name, value if _is_used(parts(name)) else "") for name, value in form_pairs(body)]
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


def bind(adapter: Adapter, source: SourceSettings) -> Adapter:
    """`hook` (events | fields): what kind of web hook posts here. `dates` (a format): of field-based events."""
    options = Options(source)
    hook = options.choice("hook", "events", "events", "fields")
    form = options.choice("dates", "iso", *DATE_FORMATS)
    options.done()
    api = bool(source.api_url or source.api_token)  # one without the other is a setting that is missing
    if hook == "fields" and not api:
        doubts = (NOT_ASKED, *adapter.doubts)
        adapter = replace(adapter, needs=(Need.SECRET,), evidence=Evidence.CAPTURED, doubts=doubts)
    choices = Choices(fetched=hook == "events" or api, date=DATE_FORMATS[form])
    return replace(adapter, parse=partial(parse, choices=choices))


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
        "In which form field-based hooks write dates is not documented: YYYY-MM-DD is read, or the form that you "
        "set as dates in the source's options.",
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
    bind=bind,
)
