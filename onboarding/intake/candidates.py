"""What the events of applicant tracking systems have in common: a candidate, known by their own id and by the
applications they sent; offers that name only an application; records that are merged or deleted.

A candidate is not an employee. Nothing here makes one, and only an offer that says something opens a case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.intake.adapter import Greeting, LinkedEvent
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.web import Request

_APPLICATION = "application:"


@dataclass(frozen=True, slots=True)
class Named:
    """The vendor's name of an event, and its id."""

    name: str
    event_id: str | None = None


#: Reads what an event carries.
Reader = Callable[[Payload, Named], HireEvent]


def application(value: str | None) -> tuple[str, ...]:
    """The alias of an application, in the namespace of candidate ids."""
    return (f"{_APPLICATION}{value}",) if value else ()


def applications_of(event: HireEvent) -> tuple[str, ...]:
    """The applications that an event names, as aliases."""
    if not isinstance(event, LinkedEvent):
        return ()
    return tuple(alias for alias in event.also_known_as if alias.startswith(_APPLICATION))


def offer(
    event: Named,
    kind: EventType,
    application_id: str,
    hire: Hire | None = None,
    *,
    at: datetime | None = None,
    opens: bool = True,
) -> LinkedEvent:
    """An offer, which names the application alone. Withdrawn or deleted, it ends what was an offer only."""
    return LinkedEvent(
        source="",
        event_type=kind,
        hire=hire or Hire(),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        certainty=Certainty.OFFER,
        occurred_at=at,
        also_known_as=application(application_id),
        opens=opens,
    )


def merged(event: Named, *, stays: str, goes: str) -> LinkedEvent:
    """Two records of one person: one goes, later events name the other."""
    return LinkedEvent(
        source="",
        event_type=EventType.HIRE_UPDATED,
        hire=Hire(candidate_id=stays),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        certainty=Certainty.CANDIDATE,
        also_known_as=(goes,),
        opens=False,
    )


def deleted(event: Named, candidate_id: str, *, at: datetime | None = None) -> LinkedEvent:
    """The record is gone. Of somebody who is hired this is only noted."""
    return LinkedEvent(
        source="",
        event_type=EventType.EMPLOYEE_DELETED,
        hire=Hire(candidate_id=candidate_id),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        certainty=Certainty.CANDIDATE,
        occurred_at=at,
        opens=False,
    )


def ping(payload: Payload, event: Named) -> HireEvent:
    """A test message that was signed."""
    return HireEvent("", EventType.TEST_PING, Hire(), event.name, event.event_id)


def pinged(request: Request, *, holds: bytes, longest: int) -> Greeting | None:
    """The answer to `{"action": "ping", …}`, which is sent when a hook is saved and disables it when it fails.

    Whether it is signed is not documented. Answering it changes nothing, so it is answered either way. `holds`: what
    stands in every such body of this vendor.
    """
    if len(request.body) > longest or holds not in request.body:
        return None
    try:
        return Greeting() if read_json(request.body).raw("action") == "ping" else None
    except Unreadable:
        return None
