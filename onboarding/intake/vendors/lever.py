"""Lever: thin events whose signature stands in the body and covers nothing of what they say.

`signature` is the hex HMAC-SHA256 of `token` and `triggeredAt`, joined, with the web hook's signature token as the
key; each web hook (one event each) has its own. So `data` and `event` are **not authenticated**: whoever holds one
unused signature can put anything beside it. Hence everything here is a candidate's event that leads to no account by
itself, and everything is read anew. A token is good once. `triggeredAt` is the time of the event, and a failed delivery
is repeated five times, so an old time proves nothing wrong. A redirect counts as a failure.

What the API reader fetches (Basic with the API key, times in milliseconds since 1970):

| kind | id | read |
|---|---|---|
| opportunity | `data.opportunityId` | `GET /v1/opportunities/{id}` and `…/{id}/offers` |

`name emails[] phones[{value,type}] location`, of the signed offer the start date and title among its `fields[]`;
compensation is never kept. **What is read decides**: hired is an opportunity whose `archived.reason` is one of
`GET /v1/archive_reasons?type=hired`, and nothing else makes an employee of the case. An opportunity that was hired and
is so no more withdraws the hire. 404 is what a deletion looks like.

Opportunities are the key of the events; `contact` of what is read is the person. Opportunities of one contact that are
hired are one case's; one that led to nothing changes nothing of it. `contactId` in an event is not signed: not used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Evidence, Greeting, Headers, LinkedEvent, body_hash
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.reading import epoch, ignored, meaning
from onboarding.intake.scheme import SignatureScheme, read_milliseconds
from onboarding.web import Request

#: At least 24 hours (five repeats, whose gaps are not documented). A token that was used is a duplicate for as long
#: as deliveries are remembered, so a long time costs nothing.
TOLERANCE_SECONDS = 3 * 24 * 3600
MAX_TEST = 4096

SIGNATURE, TOKEN, TRIGGERED = "body:signature", "body:token", "body:triggeredat"

#: https://hire.lever.co/developer/documentation, "Webhooks".
EVENTS = {
    "candidateHired": EventType.HIRE_CREATED,
    "candidateArchiveChange": EventType.HIRE_UPDATED,  # of everybody who is rejected, too, and of a hire undone
    "candidateDeleted": EventType.EMPLOYEE_DELETED,
    "applicationCreated": EventType.IGNORED,
    "candidateStageChange": EventType.IGNORED,
    "contactCreated": EventType.IGNORED,
    "contactUpdated": EventType.IGNORED,
    "interviewCreated": EventType.IGNORED,
    "interviewDeleted": EventType.IGNORED,
    "interviewUpdated": EventType.IGNORED,
}

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,256}")


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event. Nothing in it is proven, so it only says where to look."""
    name, event_id = payload.text("event"), payload.optional_identifier("id")
    kind = meaning(EVENTS, name)
    if _is_test(payload):
        return [HireEvent("", EventType.TEST_PING, Hire(), name[:100], event_id)]
    if kind is None or kind is EventType.IGNORED:
        return [ignored(name, event_id, known=kind is not None)]
    opportunity = _opportunity(payload.object("data"))
    return [
        LinkedEvent(
            source="",
            event_type=kind,
            hire=Hire(candidate_id=opportunity),
            vendor_event_type=name,
            vendor_event_id=event_id,
            certainty=Certainty.CANDIDATE,
            occurred_at=epoch(payload, "triggeredAt", per_second=1000),
            needs_fetch=FetchRef("opportunity", opportunity),
            opens=kind is EventType.HIRE_CREATED,
        )
    ]


def _opportunity(data: Payload) -> str:
    """`candidateId` is the same id under its older name. Unsigned text becomes part of an address: ids only."""
    found = data.optional_identifier("opportunityId") or data.identifier("candidateId")
    if not _ID.fullmatch(found):
        raise Unreadable("expected_id", data.place("opportunityId"))
    return found


def _is_test(payload: Payload) -> bool:
    """What Lever sends to try an address out has the form of an event, with nothing in it."""
    return bool(payload.raw("data") == {})


def greet(request: Request) -> Greeting | None:
    """The test message. It says nothing and changes nothing, so it is answered whatever it is signed with."""
    if len(request.body) > MAX_TEST:
        return None
    try:
        said = read_json(request.body)
    except Unreadable:
        return None
    return Greeting() if isinstance(said.raw("event"), str) and _is_test(said) else None


def from_body(body: bytes) -> dict[str, str]:
    """Signature, token and time, as headers. What is missing, or has another form, is left out."""
    try:
        said = read_json(body)
    except Unreadable:
        return {}
    signature, token, at = said.raw("signature"), said.raw("token"), said.raw("triggeredAt")
    found: dict[str, str] = {}
    if isinstance(signature, str):
        found[SIGNATURE] = signature
    if isinstance(token, str) and _TOKEN.fullmatch(token):
        found[TOKEN] = token
    if isinstance(at, int | str) and not isinstance(at, bool):
        found[TRIGGERED] = str(at)
    return found


def into_body(body: bytes, made: Mapping[str, str]) -> bytes:
    """The body with its signature in it. Only bodies that `from_body` read come here."""
    return json.dumps({**json.loads(body), "signature": made[SIGNATURE]}, ensure_ascii=False).encode()


def dedupe_key(headers: Headers, body: bytes) -> str:
    """The token: it is signed, and good once, whatever else the body says the second time."""
    return from_body(body).get(TOKEN) or body_hash(headers, body)


ADAPTER = Adapter(
    slug="lever",
    title="Lever",
    documents=(
        "https://hire.lever.co/developer/documentation",
        "https://help.lever.co/hc/en-us/articles/20087284427677-Configuring-webhooks",
    ),
    scheme=SignatureScheme(
        name="lever",
        header=SIGNATURE,
        template="{header:body:token}{ts}",
        timestamp_header=TRIGGERED,
        timestamp=read_milliseconds,
        tolerance_seconds=TOLERANCE_SECONDS,
        from_body=from_body,
        into_body=into_body,
    ),
    parse=parse,
    recruits=True,
    evidence=Evidence.SECONDARY,
    doubts=(
        "Lever signs a one-time token and a time, not the data: every event is a hint only, and what counts is "
        "read from Lever's API.",
        "The bodies follow a copy of Lever's documentation and the code of three receivers; guides that speak of "
        "a header Lever-Signature contradict them.",
        "How far apart Lever's five repeats lie is not documented, so times of up to three days are accepted, "
        "each token once.",
        "Whether Lever's test message is signed is not documented; it is answered either way and changes nothing.",
        "Changes of a person's phone or address in Lever after the hire are not followed.",
    ),
    dedupe_key=dedupe_key,
    greet=greet,
    needs=THIN_NEEDS,
    pruned_keys=frozenset({"signature", "token"}),
)
