"""Personio webhooks (API v2): dataless notices that carry a static token and no signature.

The token stands as it is in a header: our own `X-Onboarding-Token` (authentication type CUSTOM) or `Authorization`
(type TOKEN). Nobody vouches for the body, so it is a hint: what counts is what the API answers. 2xx within 3 seconds
is taken; only a timeout or a 5xx other than 501 is repeated, six times within three days.

What the API reader fetches:

| kind | id | read |
|---|---|---|
| person | Personio's person id, its employee id of API v1 | the person, with the employment that is open |
| employment | id of an employment, where the event names no person | the person, if known; else nothing |

The answer's hire carries the person's id as employee id. An event that names person and employment files the employment
as `employment:{id}`, and a later one that names the employment alone is then known to be that person's. Known weakness:
the read itself tells no ids of employments, so an employment that no event has named together with its person is
nobody's. One that is created is blocked (`no_hr_reader`) and an operator looks who it is; other events about it are
passed over. A read also decides what `employment.updated` leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping

from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Evidence, LinkedEvent, Role
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.reading import first_id, ignored, moment
from onboarding.intake.scheme import TOKEN

TERMINATED = "employment.terminated"
#: https://developer.personio.de/v2.0/reference/webhooks, "Event Catalog".
EVENTS = {
    "person.created": EventType.HIRE_CREATED,
    "person.updated": EventType.HIRE_UPDATED,  # of some attributes only; a phone may not be among them
    "person.deleted": EventType.EMPLOYEE_DELETED,
    "employment.created": EventType.HIRE_CREATED,
    "employment.updated": EventType.HIRE_UPDATED,  # a moved start date among others: the read tells
    # A person may have several employments, so one that is deleted may be a correction: an operator decides.
    "employment.deleted": EventType.EMPLOYEE_DELETED,
    "employment.started": EventType.EMPLOYMENT_STARTED,  # on the day
    # On the day. Of one employment among several, perhaps: the read tells.
    TERMINATED: EventType.HIRE_UPDATED,
}
#: Money, absences, attendance and documents.
PASSED_OVER = (
    "employment.updated.cost-centers",
    "absence",
    "attendance",
    "document",
    "project",
    "compensation",
)

#: Where the ids may stand. Doubt: the page says of `payload` only that it varies.
PERSON_IDS = ("payload.person_id", "payload.person.id", "payload.employee_id")
EMPLOYMENT_IDS = ("payload.employment_id", "payload.employment.id", "payload.id")


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    name = payload.text("event_name")
    if name not in EVENTS:
        return [ignored(name, known=name.startswith(PASSED_OVER))]
    of_person = name.startswith("person.")
    person = first_id(payload, *PERSON_IDS, *(("payload.id",) if of_person else ()))
    employment = None if of_person else first_id(payload, *EMPLOYMENT_IDS)
    kind, at = EVENTS[name], moment(payload, "occurred_at")
    return [
        LinkedEvent(
            source="",
            event_type=kind,
            hire=Hire(employee_id=person),
            vendor_event_type=name,
            occurred_at=at.at,
            occurred_at_zone_assumed=at.zone_assumed,
            needs_fetch=_fetch(payload, kind, person, employment),
            also_known_as=(f"employment:{employment}",) if employment else (),
            # Whoever leaves and is not known here need not be known.
            opens=name != TERMINATED and (person is not None or name == "employment.created"),
        )
    ]


def _fetch(payload: Payload, kind: EventType, person: str | None, employment: str | None) -> FetchRef | None:
    if person is None and employment is None:
        raise Unreadable("missing", payload.place("payload.person_id"))
    if kind is EventType.EMPLOYEE_DELETED:
        return None
    return FetchRef("person", person) if person else FetchRef("employment", employment or "")


ADAPTER = Adapter(
    slug="personio",
    title="Personio",
    documents=(
        "https://developer.personio.de/v2.0/reference/webhooks",
        "https://developer.personio.de/v2.0/reference/post_v2-webhooks",
    ),
    scheme=TOKEN,
    parse=parse,
    evidence=Evidence.UNCONFIRMED,  # the token, the envelope and the names of events are the page's; the ids are not
    doubts=(
        "Personio signs nothing: whoever has the token can send anything, so every event is checked by reading "
        "the record.",
        "Under which names the ids stand in a notice is not documented; the likely ones are read.",
        "Changes of a phone number or of the job may send no notice at all.",
    ),
    needs=THIN_NEEDS,
    lacks={Role.PING: "Personio documents no test message."},
)
