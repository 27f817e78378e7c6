"""SmartRecruiters: thin events whose facts stand in headers, about candidates of whom few are hired.

Signature: `smartrecruiters-signature: v1=hex;v1=hex`, one for each of up to 16 live keys, HMAC-SHA256 over
`timestamp.body.event-id.event-name.event-version.link`, an absent header counting as empty. The vector of the
vendor's page is recomputed in `tests/intake/vendors/test_smartrecruiters.py`. Only 202 within 5 seconds counts as
delivered; ten repeats, the last gaps 24 hours long. Activation: they post `X-Hook-Secret`, and want it back in a 200.

What the API reader fetches (`Authorization: Bearer`, or `X-SmartToken`):

| kind | id | read |
|---|---|---|
| candidate | candidate id | `GET /candidates/{id}`: the person, and `primaryAssignment` |
| application | application id | nothing reads it: the case says so until an event names the candidate |

`firstName lastName email phoneNumber location.country`, of the assignment that is hired its job, status and start date.
No event says "hired": **what is read decides**. Only an assignment with status HIRED makes an employee of the case.
Somebody who is not hired is none of our business: of a case that was opened for the question the candidate's id stays,
and a hire whose assignment is hired no more was withdrawn, whatever hired the person years ago.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Greeting, Headers, LinkedEvent, body_hash
from onboarding.intake.payload import Payload, Unreadable
from onboarding.intake.reading import ignored, meaning
from onboarding.intake.scheme import SignatureScheme
from onboarding.web import Request

EVENT_ID, EVENT_NAME, LINK, HOOK_SECRET = "event-id", "event-name", "link", "x-hook-secret"
#: Ten repeats take up to 3 days and 8 hours, "longer in case of excessive failures". Doubt: whether each is signed
#: anew ("timestamp of request"). The signed event id makes a duplicate of whatever comes twice.
TOLERANCE_SECONDS = 4 * 24 * 3600

#: https://developers.smartrecruiters.com/reference/subscriptionscreate-1, "Callbacks"; names as their SDK lists them.
EVENTS = {
    "application.onboarding-status.updated": EventType.HIRE_CREATED,  # set for candidates who are hired
    "application.status.updated": EventType.HIRE_UPDATED,  # into Hired or out of it, or any other step
    "application.fields.updated": EventType.HIRE_UPDATED,
    "candidate.updated": EventType.HIRE_UPDATED,
    "candidate.deleted": EventType.EMPLOYEE_DELETED,
    "application.*": EventType.IGNORED,
    "candidate.created": EventType.IGNORED,
    "interview.*": EventType.IGNORED,
    "job.*": EventType.IGNORED,
    "offer.*": EventType.IGNORED,  # the body names the offer only; a hire changes the application's status
    "position.*": EventType.IGNORED,
}
#: They may be the first that we hear of a hire. The others concern people who are known, or nobody.
OPENING = frozenset({"application.onboarding-status.updated", "application.status.updated"})

_HOOK_SECRET = re.compile(r"[\x21-\x7e]{1,256}")
_CANDIDATE = re.compile(r"/candidates/([A-Za-z0-9-]{1,64})[/?>]")


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event. All of them are a candidate's: only what is read makes an employee."""
    name, event_id = headers.get(EVENT_NAME, "").strip(), headers.get(EVENT_ID)
    if not name:
        raise Unreadable("missing", "$", f"Say in the header '{EVENT_NAME}' what happened.")
    kind = meaning(EVENTS, name)
    if kind is None or kind is EventType.IGNORED:
        return [ignored(name, event_id, known=kind is not None)]
    candidate, application = _ids(payload, name, headers.get(LINK, ""))
    ref = FetchRef("candidate", candidate) if candidate else FetchRef("application", application or "")
    return [
        LinkedEvent(
            source="",
            event_type=kind,
            hire=Hire(candidate_id=candidate),
            vendor_event_type=name,
            vendor_event_id=event_id,
            certainty=Certainty.CANDIDATE,
            needs_fetch=None if kind is EventType.EMPLOYEE_DELETED else ref,
            also_known_as=(f"application:{application}",) if application else (),
            opens=name in OPENING,
        )
    ]


def _ids(payload: Payload, name: str, link: str) -> tuple[str | None, str | None]:
    """Candidate and application. The pages show `{"id"}` of the changed resource, and once ids with names.

    Raises Unreadable when neither is said.
    """
    changed = payload.optional_identifier("id")
    candidate = payload.optional_identifier("candidate_id")
    application = payload.optional_identifier("application_id")
    if name.startswith("candidate."):
        candidate = candidate or changed
    else:
        application = application or changed
    linked = _CANDIDATE.search(link)
    candidate = candidate or (linked[1] if linked else None)
    if not candidate and not application:
        raise Unreadable("missing", payload.place("id"))
    return candidate, application


def greet(request: Request) -> Greeting | None:
    """Activation of a subscription: their value comes back in a 200."""
    value = request.header(HOOK_SECRET) or ""
    if request.method.upper() != "POST" or not _HOOK_SECRET.fullmatch(value):
        return None
    return Greeting(status=200, headers={"X-Hook-Secret": value})


def dedupe_key(headers: Headers, body: bytes) -> str:
    """The signed event id; without one, what is signed beside the time."""
    said = headers.get(EVENT_ID)
    return said or "\n".join((body_hash(headers, body), headers.get(EVENT_NAME, ""), headers.get(LINK, "")))


ADAPTER = Adapter(
    slug="smartrecruiters",
    title="SmartRecruiters",
    documents=(
        "https://developers.smartrecruiters.com/docs/receiving-webhook-notifications",
        "https://developers.smartrecruiters.com/reference/subscriptionsgeneratesecretkey-1",
        "https://developers.smartrecruiters.com/reference/subscriptionsactivate-1",
    ),
    scheme=SignatureScheme(
        name="smartrecruiters",
        header="smartrecruiters-signature",
        template="{ts}.{body}.{header:event-id}.{header:event-name}.{header:event-version}.{header:link}",
        prefix="v1=",
        separator=";",
        timestamp_header="smartrecruiters-timestamp",
        tolerance_seconds=TOLERANCE_SECONDS,
        unseparated=frozenset({EVENT_ID}),
    ),
    parse=parse,
    recruits=True,
    doubts=(
        "No event says that somebody was hired: every change of an application's status is looked up in the API, "
        "and only a status of Hired counts.",
        "That the onboarding status is set for hired candidates only is our reading; it is looked up all the same.",
        "Which ids the body of an application's event holds is shown in two ways; both are read.",
        "Whether a repeated delivery carries the time of its own attempt is not documented, so times of up to "
        "four days are accepted, each event once.",
    ),
    dedupe_key=dedupe_key,
    success_status=202,
    headers=(EVENT_ID, EVENT_NAME, "event-version", LINK, "content-type"),
    greet=greet,
    needs=THIN_NEEDS,
)
