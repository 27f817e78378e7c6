"""Finch: one API in front of Workday, ADP, UKG and other payroll systems. Its events are thin.

Signature: Standard Webhooks under other header names, HMAC-SHA256 over `id.timestamp.body`, the secret in base64
without `whsec_`. The vector of Finch's own client library is recomputed in `tests/intake/vendors/test_finch.py`.
Five attempts within about 2 h 40 min (at once, after 5 s, 5 min, 30 min, 2 h); repeats keep the event id. Events may
come in any order, an update before its create included.

What the API reader fetches, with the connection's access token and the header `Finch-API-Version: 2020-09-17`:

| kind | id | read |
|---|---|---|
| individual | `data.individual_id` | `POST /employer/individual` and `POST /employer/employment` |

Both take `{"requests": [{"individual_id": id}]}`. `individual`: `first_name last_name preferred_name
emails[{data,type}] phone_numbers[{data,type}] residence`; it also holds `dob`, `ssn` and `ethnicity`, which are never
kept. `employment`: `title department.name manager.id start_date end_date employment_status location source_id`, and
`income`, which is never kept. The person has left when `employment_status` is `terminated`, `retired` or `deceased`.
"""

from __future__ import annotations

from collections.abc import Mapping

from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Headers
from onboarding.intake.payload import Payload
from onboarding.intake.reading import ignored, meaning
from onboarding.intake.scheme import SignatureScheme, standard_webhooks_key

EVENT_ID = "finch-event-id"

#: https://developer.tryfinch.com/developer-resources/Webhooks, "Data changes"; names by Finch's client libraries.
EVENTS = {
    "individual.created": EventType.HIRE_CREATED,
    "individual.updated": EventType.HIRE_UPDATED,
    "individual.deleted": EventType.EMPLOYEE_DELETED,
    "employment.created": EventType.HIRE_CREATED,
    "employment.updated": EventType.HIRE_UPDATED,  # a moved start date and a termination come so too
    "employment.deleted": EventType.EMPLOYEE_DELETED,
    "directory.created": EventType.HIRE_CREATED,
    "directory.updated": EventType.HIRE_UPDATED,
    "directory.deleted": EventType.EMPLOYEE_DELETED,
    "account.*": EventType.IGNORED,  # the connection's state
    "job.*": EventType.IGNORED,  # a synchronisation ended
    "company.*": EventType.IGNORED,
    "payment.*": EventType.IGNORED,
    "pay_statement.*": EventType.IGNORED,
    "test": EventType.TEST_PING,  # from the developer dashboard
}


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event. Finch puts no time into it: it counts as of its arrival, and the person is read anew."""
    name = payload.text("event_type")
    kind, event_id = meaning(EVENTS, name), headers.get(EVENT_ID)
    if kind is EventType.TEST_PING:
        return [HireEvent("", kind, Hire(), name, event_id)]
    if kind in {None, EventType.IGNORED}:
        return [ignored(name, event_id, known=kind is not None)]
    person = payload.identifier("data.individual_id")
    gone = kind is EventType.EMPLOYEE_DELETED
    return [
        HireEvent(
            source="",
            event_type=kind or EventType.IGNORED,
            hire=Hire(employee_id=person),
            vendor_event_type=name,
            vendor_event_id=event_id,
            needs_fetch=None if gone else FetchRef("individual", person),
        )
    ]


def dedupe_key(headers: Headers, body: bytes) -> str:
    """The signed event id."""
    return headers[EVENT_ID]


ADAPTER = Adapter(
    slug="finch",
    title="Finch",
    documents=(
        "https://developer.tryfinch.com/developer-resources/Webhooks",
        "https://github.com/Finch-API/finch-api-python/tree/main/src/finch/types",
    ),
    scheme=SignatureScheme(
        name="finch",
        header="finch-signature",
        template="{id}.{ts}.{body}",
        encoding="base64",
        prefix="v1,",
        separator=" ",
        timestamp_header="finch-timestamp",
        id_header=EVENT_ID,
        tolerance_seconds=300,
        key=standard_webhooks_key,
    ),
    parse=parse,
    doubts=(
        "Finch may report everybody who already works at the company as created when a connection is made or "
        "repaired: leave out the data events until its first synchronisation is done.",
        "Whether a repeated delivery is signed with the time of its own attempt is not said in so many words; "
        "Finch's libraries refuse a time older than five minutes, and so does this service.",
        "Where one connection spans several legal entities, the event names the entity; the person is read "
        "without it.",
    ),
    dedupe_key=dedupe_key,
    headers=(EVENT_ID, "content-type"),
    needs=THIN_NEEDS,
)
