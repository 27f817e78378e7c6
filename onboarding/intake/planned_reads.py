"""Which reads of the HR system a case waits for. Pure; the reading itself is `intake.fetch`."""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.domain.case import Case
from onboarding.domain.hire import FetchRef, HireEvent
from onboarding.domain.records import Fetch

#: Events that come while a read is planned put it off, but never longer than this after the first of them.
PUT_OFF_AT_MOST = timedelta(minutes=2)
#: Reads that tell more than others about the same person, Deel's contracts: one that is planned is not given up for one
#: that tells less.
TELLS_MORE = {"contract": 1, "ended_contract": 2}


def tells_more(one: Fetch | FetchRef, other: Fetch | FetchRef) -> bool:
    """The read of the one says all that the other's would, and more."""
    return TELLS_MORE.get(one.kind, 0) > TELLS_MORE.get(other.kind, 0)


def pending(case: Case) -> Fetch | None:
    """The read that is planned next, of those that are."""
    planned = [item for item in case.fetches.values() if item.when is not None]
    return min(planned, key=lambda item: item.when or item.asked_at, default=None)


def read_again(case: Case, now: datetime) -> bool:
    """Plan a read of everything that was ever read for this case, now. False: there is nothing to read."""
    for item in case.fetches.values():
        item.when, item.attempts, item.first_failed_at, item.code = now, 0, None, None
        item.first_asked_at = now
    return bool(case.fetches)


def ask(case: Case, event: HireEvent, received_at: datetime, lag: timedelta) -> None:
    """Plan a read for an event that names the person only by id: one for all events that come before it.

    `lag`: how long after an event the HR system may still show what was before it.
    """
    ref = event.needs_fetch
    if ref is None:
        return
    known, wish = case.fetches.get(event.source), received_at + lag
    if ref.kind == "employment" and known is not None and known.kind == "person":
        ref = FetchRef(known.kind, known.id)  # Personio has no call from an employment to the person
    first, attempts = received_at, 0
    if known is not None and known.when is not None:
        if tells_more(known, ref):
            ref = FetchRef(known.kind, known.id)
        first, attempts = known.first_asked_at, known.attempts
        # A host that does not answer is not asked sooner because there is more to ask.
        wish = known.when if attempts else min(max(known.when, wish), first + PUT_OFF_AT_MOST)
    case.fetches[event.source] = Fetch(
        event.source,
        ref.kind,
        ref.id,
        asked_at=max(received_at, known.asked_at if known else received_at),
        first_asked_at=first,
        when=wish,
        read_at=known.read_at if known else None,
        attempts=attempts,
        first_failed_at=known.first_failed_at if known and attempts else None,
        code=known.code if known and attempts else None,
        look_at=known.look_at if known else None,
    )


def look_back(case: Case, source: str, withdrawn: datetime, when: datetime) -> None:
    """A withdrawal came after an event that is newer than it: what that event led to is read once more."""
    fetch = case.fetches.get(source)
    if fetch is not None and fetch.when is None and fetch.asked_at > withdrawn:
        fetch.when = fetch.first_asked_at = when


def take_up(fetch: Fetch, now: datetime) -> None:
    """A read for the day after the end is due: from here on it is like any other."""
    if fetch.look_at is not None and fetch.look_at <= now:
        fetch.when = fetch.when or fetch.look_at
        fetch.look_at = None
