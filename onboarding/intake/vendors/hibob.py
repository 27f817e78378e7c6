"""HiBob webhooks v2: signed bodies that name an employee and little else. The older v1 is read for its id alone.

Signature: base64 of HMAC-SHA512 over the raw body; no time is signed. 200 is taken; what fails is repeated for three
days, then HiBob switches the hook off. A read may show the state before the event for up to 20 seconds.

What the API reader fetches:

| kind | id | read |
|---|---|---|
| employee | HiBob's employee id | `POST /v1/people/{id}` with the field ids that we use, in machine form |

A field that the service user may not see is missing from the answer, without a word. The answer also decides what
`employee.inactivated` leaves open (on leave, or gone).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Greeting
from onboarding.intake.dates import iso_date
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.pruning import narrowed, only
from onboarding.intake.reading import first_id, ignored, moment, names
from onboarding.intake.scheme import SignatureScheme
from onboarding.web import Request

#: What HiBob sends when a hook is saved: first a bare text, and if that failed the object. Doubt: whether signed,
#: and whether the text comes in quotation marks.
PINGS = (b"Ping test", b'"Ping test"')
PING = "Ping test"
MAX_PING = 64

#: https://apidocs.hibob.com/reference/employee-data-webhooks and the page of each event beside it.
EVENTS = {
    "employee.created": EventType.HIRE_CREATED,  # the record was typed in, perhaps weeks ahead
    "employee.updated": EventType.HIRE_UPDATED,
    "employee.deleted": EventType.EMPLOYEE_DELETED,
    "employee.joined": EventType.EMPLOYMENT_STARTED,  # at midnight of the site, on the day
    "employee.left": EventType.EMPLOYMENT_TERMINATED,  # terminated, or on garden leave
    "employee.activated": EventType.HIRE_UPDATED,
    "employee.inactivated": EventType.HIRE_UPDATED,  # "on leave or terminated": the record tells which
    # A deleted row of a table sends nothing. Doubt: which table holds a start date that was moved.
    "table.entry.created": EventType.HIRE_UPDATED,
    "table.entry.updated": EventType.HIRE_UPDATED,
}
#: Absences, tasks, documents and the rest of the catalogue.
PASSED_OVER = ("timeoff.", "task.", "tasks.", "document.", "docs.", "employee.temporary", "position.", "job.")
#: Ids of the field "start date". Doubt: taken from the People API, not from a recorded event.
START_FIELDS = frozenset({"work.startDate", "work.originalStartDate"})


def greet(request: Request) -> Greeting | None:
    """The test message of a new hook: exactly its documented bodies, and nothing is done but answering."""
    body = request.body.strip()
    if len(request.body) > MAX_PING:
        return None
    return Greeting() if body in PINGS or _is_ping(body) else None


def _is_ping(body: bytes) -> bool:
    try:
        return bool(json.loads(body) == {"text": PING})
    except (ValueError, RecursionError):
        return False


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event. v2 says `data`, v1 `employee`; of v1 only the id is used."""
    name = payload.text("type")
    if name not in EVENTS:
        return [ignored(name, known=name.startswith(PASSED_OVER))]
    employee_id = first_id(payload, "data.employeeId", "employee.id")
    if employee_id is None:
        raise Unreadable("missing", payload.place("data.employeeId"))
    changed = _changed(payload)
    kind = EVENTS[name]
    if kind is EventType.HIRE_UPDATED and START_FIELDS & set(changed):
        kind = EventType.START_DATE_CHANGED
    at = moment(payload, "triggeredAt")
    gone = kind is EventType.EMPLOYEE_DELETED
    return [
        HireEvent(
            source="",
            event_type=kind,
            hire=Hire(employee_id=employee_id),
            vendor_event_type=name,
            occurred_at=at.at,
            occurred_at_zone_assumed=at.zone_assumed,
            effective_date=iso_date(_text(payload, "data.effectiveDate")),
            needs_fetch=None if gone else FetchRef("employee", employee_id),
            changed_fields=changed,
        )
    ]


def _changed(payload: Payload) -> tuple[str, ...]:
    """The page calls the list `fieldUpdates`, another sample `fieldUpdatesIds`; of a table we have the name."""
    table = _text(payload, "data.tableId")
    found = names(payload, "data.fieldUpdates") or names(payload, "data.fieldUpdatesIds")
    return (table, *found) if table else found


def _text(payload: Payload, path: str) -> str:
    value = payload.raw(path)
    return value.strip()[:100] if isinstance(value, str) else ""


def prune(body: bytes) -> bytes:
    """Of v1's `employee`, which is the whole record, the id is kept."""
    return narrowed(body, _narrowed)


def _narrowed(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: only(value, {"id"}) if key == "employee" else value for key, value in tree.items()}


ADAPTER = Adapter(
    slug="hibob",
    title="HiBob",
    documents=(
        "https://apidocs.hibob.com/reference/getting-started-webhooks",
        "https://apidocs.hibob.com/reference/employee-data-webhooks",
        "https://apidocs.hibob.com/docs/working-with-webhooks",
    ),
    scheme=SignatureScheme(name="hibob", header="bob-signature", algorithm="sha512", encoding="base64"),
    parse=parse,
    doubts=(
        "The list of changed fields is called fieldUpdates on HiBob's page and fieldUpdatesIds in another sample; "
        "both are read.",
        "Whether the test message of a new webhook is signed is not documented, so it is answered either way.",
        "Which table holds a start date that was moved is not documented, so every change leads to a read.",
        "HiBob's times name no zone and are taken as UTC.",
    ),
    greet=greet,
    pruner=prune,
    needs=THIN_NEEDS,
)
