"""Taking what was seen into a case: the list of methods, and audit events, each once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from onboarding import casework
from onboarding.domain.case import Act, By, Case, Evidence, Registration, Status, TimelineEntry
from onboarding.domain.confirmation import Assessment, Rules, assess, merged

#: A row that says the same again is written only this often, to keep "as of" fresh without a write per report.
SAME_AGAIN = timedelta(hours=12)


def take_list(case: Case, seen: Registration, *, targeted: bool = False) -> bool:
    """Merge a list of methods into the case; True when the case has to be written.

    A method that is listed for the first time becomes a piece of evidence: that it is there, not who added it.
    """
    known = case.registration
    now_known = merged(known, seen, targeted=targeted)
    if known is not None and _same(known, now_known) and now_known.as_of - known.as_of < SAME_AGAIN:
        if targeted:
            case.registration = now_known
        return False
    case.registration = now_known
    before = set(known.methods) if known else set()
    kind = "methods" if targeted else "report"
    take_events(case, [_listed(kind, name, seen.as_of) for name in now_known.methods if name not in before])
    return True


def _same(one: Registration, other: Registration) -> bool:
    return (
        one.methods,
        one.is_admin,
        one.sspr_enabled,
        one.sspr_registered,
        one.sspr_capable,
        one.present,
    ) == (
        other.methods,
        other.is_admin,
        other.sspr_enabled,
        other.sspr_registered,
        other.sspr_capable,
        other.present,
    )


def _listed(kind: str, method: str, at: datetime) -> Evidence:
    return Evidence(f"{kind}:{method}:{at:%Y%m%dT%H%M%SZ}", kind, Act.LISTED, By.UNKNOWN, method, at)


def take_events(case: Case, events: Iterable[Evidence]) -> list[Evidence]:
    """Append what the case does not have yet, by id; returns that."""
    known = {event.id for event in case.evidence}
    fresh = []
    for event in events:
        if event.id not in known:
            known.add(event.id)
            fresh.append(event)
    case.evidence.extend(fresh)
    return fresh


def note(case: Case, rules: Rules, now: datetime) -> tuple[Assessment, list[TimelineEntry]]:
    """Assess and write the answer on the case, with a timeline entry when the status changed.

    Whoever comes into the follow-up (into SSPR's scope, or no longer excluded) begins at day 0, in a new episode.
    """
    found, was = assess(case, rules, now), case.status
    case.status, case.recoverable, case.status_as_of = found.status, found.recoverable, found.as_of
    if was == found.status:
        return found, []
    changed = casework.entry(
        now,
        "status_changed",
        was=was,
        status=found.status,
        because=found.because,
        methods=codes(found.counted),
    )
    if was is Status.EXCLUDED and found.nudge:
        new_episode(case, now)
        return found, [changed, casework.entry(now, "came_into_scope", episode=case.episode)]
    return found, [changed]


def new_episode(case: Case, now: datetime) -> None:
    """Another run through the ladder, from today."""
    case.episode += 1
    case.episode_started_at = now


def codes(values: Iterable[str], limit: int = 8) -> str | None:
    """Ids or method names in one field of a timeline entry; None when there are none."""
    return ",".join(list(values)[:limit]) or None
