"""Workable webhooks: employees in full while they are drafts, and by id once they are published.

Signature: HMAC-SHA256 over the raw body; hex by secondary sources, any encoding is read. Only 200 is taken for "I
have it". `id` is the employee's, the same for every event, so a delivery is known by its body; a repeat may carry
newer data under the same `fired_at`, since the body shows the state when it is sent.

What the API reader fetches:

| kind | id | read |
|---|---|---|
| employee | Workable's employee id | `GET /spi/v3/employees/{id}?member_id={option member_id}` |

A record that still is a draft has certainty `draft`. Its `department` is an id in events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent, Phone
from onboarding.intake import candidates
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Role
from onboarding.intake.candidates import Named
from onboarding.intake.options import Options
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.pruning import narrowed, only
from onboarding.intake.reading import day, first_id, ignored, moment
from onboarding.intake.scheme import SignatureScheme
from onboarding.settings import SourceSettings

#: https://workable.readme.io/reference/employee-events
EVENTS = {
    "employee_created": EventType.HIRE_CREATED,
    "employee_updated": EventType.HIRE_UPDATED,
    "employee_published": EventType.HIRE_CREATED,  # the id alone; from here on the employee is real
    "onboarding_completed": EventType.HIRE_UPDATED,  # by the person, of Workable's own forms
}
#: https://workable.readme.io/reference/webhook-subscriptions-candidates-employees: applicants, and absences. Nothing
#: is kept about people whom nobody hired; who is hired becomes an employee, with events of their own.
PASSED_OVER = ("candidate_created", "candidate_moved", "timeoff_updated")
#: What a source without the option is told about itself.
NO_MEMBER = (
    "Workable's documentation demands a member's id of whoever reads employees with a token of the account: set "
    "member_id in the source's options, unless the token is a user's."
)
#: `status: status_draft` is in the sample. Doubts: how a published employee is called, and whether a `state` says it.
STATES = ("status", "state")
DRAFT = "draft"

#: `phone_type` → ours. `phone_type_mobile` is in the sample; the others follow it.
LABELS = {"phone_type_mobile": "mobile", "phone_type_work": "work", "phone_type_home": "home"}
#: Keys of `data` that the mapping uses. The rest (address, birth date, salary, documents …) is not kept.
USED = frozenset(
    {"id", "status", "state", "firstname", "lastname", "preferred_name", "job_title", "department", "start_date",
     "phone_group", "personal_email", "work_email", "employee_number"}
)  # fmt: skip


def parse(payload: Payload, headers: Mapping[str, str], zone: ZoneInfo | None = None) -> list[HireEvent]:
    """One event. `zone`: in which zone a start, sent as a point in time, is a day; None: as it is written."""
    name = payload.text("event_type")
    if name == "candidate_deleted":
        return [_candidate_deleted(payload, name)]
    if name not in EVENTS:
        return [ignored(name, known=name in PASSED_OVER)]
    employee_id = first_id(payload, "data.id", "id")
    if employee_id is None:
        raise Unreadable("missing", payload.place("id"))
    hire = replace(_hire(payload, zone), employee_id=employee_id)
    at, certainty = moment(payload, "fired_at"), _certainty(name, payload)
    created = name == "employee_created"
    return [
        HireEvent(
            source="",
            event_type=EVENTS[name],
            hire=hire,
            vendor_event_type=name,
            certainty=certainty,
            occurred_at=at.at,
            occurred_at_zone_assumed=at.zone_assumed,
            # A draft says what it has; what else there is, is read once it is published.
            needs_fetch=None
            if created and certainty is Certainty.DRAFT
            else FetchRef("employee", employee_id),
        )
    ]


def _certainty(name: str, payload: Payload) -> Certainty:
    """Published employees are employees; of an update that does not say, the record that is read tells."""
    said = [payload.raw(f"data.{key}") for key in STATES]
    words = [word for word in said if isinstance(word, str) and word.strip()]
    sure = bool(words) and not any(is_draft(word) for word in words)
    return Certainty.EMPLOYEE if sure or name == "employee_published" else Certainty.DRAFT


def is_draft(word: str) -> bool:
    """`status_draft`, `draft`, `Draft` …; the same as of what is read."""
    return DRAFT in word.casefold()


def _candidate_deleted(payload: Payload, name: str) -> HireEvent:
    candidate_id = first_id(payload, "data.id", "id")
    if candidate_id is None:
        raise Unreadable("missing", payload.place("id"))
    return candidates.deleted(Named(name), candidate_id, at=moment(payload, "fired_at").at)


def _hire(payload: Payload, zone: ZoneInfo | None) -> Hire:
    said = payload.optional_object("data")
    if said is None:
        return Hire()
    department = said.optional_identifier("department")
    return Hire(
        employee_number=said.optional_identifier("employee_number"),
        given_name=said.optional_text("firstname"),
        family_name=said.optional_text("lastname"),
        preferred_name=said.optional_text("preferred_name"),
        work_email=said.optional_text("work_email"),
        personal_email=_primary(said, "personal_email"),
        phones=_phones(said),
        department=department,
        department_is_id=True if department else None,
        job_title=said.optional_text("job_title"),
        start_date=day(said, "start_date", zone),
        status=said.optional_text("status") or _state(said),
    )


def _state(said: Payload) -> str | None:
    """Doubt: whether it is a word."""
    return said.optional_text("state") if isinstance(said.raw("state"), str) else None


def _primary(said: Payload, path: str) -> str | None:
    """Of a list of `{value, is_primary}` the primary one, else the first. Doubt: whether it may be plain text."""
    if isinstance(said.raw(path), str):
        return said.optional_text(path)
    items = sorted(said.items(path), key=lambda item: item.optional_flag("is_primary") is not True)
    return next((text for item in items if (text := item.optional_text("value"))), None)


def _phones(said: Payload) -> tuple[Phone, ...] | None:
    if not said.has("phone_group"):
        return None
    found = []
    for index, item in enumerate(said.items("phone_group")):
        label = LABELS.get(item.optional_text("value.phone_type") or "", "other")
        if raw := item.optional_text("value.phone"):
            primary = item.optional_flag("is_primary") or False
            found.append(Phone(raw, label, f"phone_group[{index}]", is_primary=primary))
    return tuple(found)


def prune(body: bytes) -> bytes:
    """Of applicants only the id is kept."""
    return narrowed(body, _narrowed)


def _narrowed(tree: dict[str, Any]) -> dict[str, Any]:
    used = USED if tree.get("event_type") in EVENTS else {"id"}
    return {key: only(value, used) if key == "data" else value for key, value in tree.items()}


def bind(adapter: Adapter, source: SourceSettings) -> Adapter:
    """`time_zone`, such as `Asia/Tokyo`: where the company's days begin. `member_id`: in whose name the API is read."""
    options = Options(source)
    member, name = options.text("member_id"), options.text("time_zone")
    options.done()
    if member is None:
        adapter = replace(adapter, doubts=(NO_MEMBER, *adapter.doubts))
    elif not member.strip():
        raise options.wrong("member_id", "must be a member's id.")
    if name is None:
        return adapter
    try:
        return replace(adapter, parse=partial(parse, zone=ZoneInfo(name)))
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise options.wrong("time_zone", "must name a time zone, such as Europe/Berlin.") from None


ADAPTER = Adapter(
    slug="workable",
    title="Workable",
    documents=(
        "https://workable.readme.io/reference/employee-events",
        "https://workable.readme.io/reference/webhook-subscriptions-candidates-employees",
    ),
    scheme=SignatureScheme(name="workable", header="x-workable-signature"),
    parse=parse,
    doubts=(
        "How Workable writes the signature is not documented: hex and base64 are read.",
        "Workable sends the start date as a point in time in UTC; it is taken as the day that is written, or as the "
        "day in the time zone that you set in the source's options.",
        "How a published employee's status is called is not documented: whatever has no draft in "
        "it counts. A record without one leaves it at what the messages said.",
    ),
    pruner=prune,
    needs=THIN_NEEDS,
    lacks={
        Role.CANCEL: "Workable documents no event for an employee who was withdrawn or deleted.",
        Role.PING: "Workable documents no test message.",
    },
    bind=bind,
)
