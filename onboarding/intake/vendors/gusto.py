"""Gusto: thin events with the best vocabulary of all, for partners that hold an application with Gusto.

Signature: HMAC-SHA256 of the raw body with the subscription's verification token as the key. Set-up: Gusto posts
`{"verification_token": "…"}`, unsigned; somebody then hands that token back by
`PUT /v1/webhook_subscriptions/{uuid}/verify`, and only after that do events come. Anything but a 2xx is repeated, up
to 16 times within about three days.

What the API reader fetches (`Authorization: Bearer`, `X-Gusto-API-Version`):

| kind | id | read |
|---|---|---|
| employee | `entity_uuid` | `GET /v1/employees/{uuid}`; manager: `GET /v1/employees/{manager_uuid}` |

`first_name last_name preferred_first_name email (personal) work_email phone department manager_uuid terminated
terminations[].effective_date onboarded current_employment_status`, and of the primary of `jobs[]`: `title hire_date`.
`ssn`, `has_ssn`, `date_of_birth` and `jobs[].compensations` are never kept. What the answer decides: an
`employee.terminated` only announces an end, so its date is read; a termination or rehire that was called off is gone
from the record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from onboarding.domain.hire import EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Greeting, Headers, body_hash
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.reading import epoch, ignored, meaning
from onboarding.intake.scheme import SignatureScheme
from onboarding.web import Request

MAX_HANDSHAKE = 1024

#: https://docs.gusto.com/app-integrations/docs/employee-events
EVENTS = {
    "employee.created": EventType.HIRE_CREATED,
    "employee.updated": EventType.HIRE_UPDATED,
    "employee.onboarded": EventType.HIRE_CREATED,
    "employee.self_onboarding_completed": EventType.HIRE_UPDATED,
    "employee.terminated": EventType.HIRE_UPDATED,  # "a termination has been created": its day may lie ahead
    "employee.terminated_effective": EventType.EMPLOYMENT_TERMINATED,  # the day after the last day
    "employee.termination_effective": EventType.EMPLOYMENT_TERMINATED,  # so the changelog calls it
    "employee.termination_cancelled": EventType.HIRE_UPDATED,
    "employee.rehired": EventType.HIRE_CREATED,  # "a rehire has been created"
    "employee.rehire_effective": EventType.EMPLOYMENT_STARTED,
    "employee.rehire_cancelled": EventType.HIRE_CANCELLED,
    "employee.deleted": EventType.EMPLOYEE_DELETED,
    "employee.marked_for_self_onboarding": EventType.IGNORED,
    "employee.invited_to_partner_portal": EventType.IGNORED,
    # Their `entity_uuid` is that of an account, an address, a pay rate: nothing in them names the person.
    "employee.bank_account.*": EventType.IGNORED,
    "employee.job_compensation.*": EventType.IGNORED,
    "employee.home_address.*": EventType.IGNORED,
    "employee.work_address.*": EventType.IGNORED,
    "employee.benefit.*": EventType.IGNORED,
    # The other pages under "Webhook Events". Contractors get no account from here.
    "bank_account.*": EventType.IGNORED,
    "company.*": EventType.IGNORED,
    "company_benefit.*": EventType.IGNORED,
    "contractor.*": EventType.IGNORED,
    "contractor_payment.*": EventType.IGNORED,
    "external_payroll.*": EventType.IGNORED,
    "form.*": EventType.IGNORED,
    "location.*": EventType.IGNORED,
    "pay_schedule.*": EventType.IGNORED,
    "payroll.*": EventType.IGNORED,
    "signatory.*": EventType.IGNORED,
}
#: What says all there is to say.
TOLD_WHOLE = frozenset(
    {EventType.EMPLOYMENT_TERMINATED, EventType.HIRE_CANCELLED, EventType.EMPLOYEE_DELETED}
)

#: What every event has, and no handshake.
EVENT_KEYS = frozenset({"event_type", "entity_uuid", "resource_type"})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event."""
    name, event_id = payload.text("event_type"), payload.optional_identifier("uuid")
    kind = meaning(EVENTS, name)
    if kind is None or kind is EventType.IGNORED:
        return [ignored(name, event_id, known=kind is not None)]
    person = payload.identifier("entity_uuid")
    return [
        HireEvent(
            source="",
            event_type=kind,
            hire=Hire(employee_id=person),
            vendor_event_type=name,
            vendor_event_id=event_id,
            occurred_at=epoch(payload, "timestamp"),
            needs_fetch=None if kind in TOLD_WHOLE else FetchRef("employee", person),
        )
    ]


def greet(request: Request) -> Greeting | None:
    """The token of a new subscription: the first one, or the next secret of a source that has one.

    The page shows nothing else in the body. Doubt: whether the subscription's own id stands beside it; whatever is no
    event may.
    """
    if len(request.body) > MAX_HANDSHAKE:
        return None
    try:
        said = read_json(request.body)
        token = said.optional_text("verification_token")
    except Unreadable:
        return None
    if not EVENT_KEYS.isdisjoint(said) or token is None or not _TOKEN.fullmatch(token):
        return None
    return Greeting(kept=token)


def dedupe_key(headers: Headers, body: bytes) -> str:
    """The event's `uuid`, which stands in the signed body."""
    try:
        return read_json(body).optional_identifier("uuid") or body_hash(headers, body)
    except Unreadable:
        return body_hash(headers, body)


ADAPTER = Adapter(
    slug="gusto",
    title="Gusto",
    documents=(
        "https://docs.gusto.com/app-integrations/docs/webhooks",
        "https://docs.gusto.com/app-integrations/docs/employee-events",
        "https://docs.gusto.com/embedded-payroll/changelog/added-webhooks-for-effective-employee-terminations-and-rehires",
    ),
    scheme=SignatureScheme(name="gusto", header="x-gusto-signature"),
    parse=parse,
    doubts=(
        "Gusto's pages do not say whether the signature is written in hex or base64; both are accepted.",
        "Gusto's pages name the event of a termination that took effect in two ways; both are accepted.",
        "Whether a moved start date sends employee.updated is not documented: it belongs to the job, whose own "
        "events do not name the person.",
    ),
    dedupe_key=dedupe_key,
    greet=greet,
    needs=THIN_NEEDS,
)
