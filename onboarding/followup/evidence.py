"""Taking what was seen into a case: the list of methods, and audit events, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from onboarding import casework
from onboarding.domain import roles, run
from onboarding.domain.case import Case
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Act, By, Evidence, Registration, Status
from onboarding.domain.lists import content, is_of_run, merged
from onboarding.domain.provenance import PHONES, SOME_PHONE
from onboarding.domain.records import TimelineEntry
from onboarding.domain.rules import Rules

#: A row that says the same again is written only this often, or before what is known would be too old to carry that
#: nothing is there (`followed`), to keep "as of" fresh without a write per report …
SAME_AGAIN = timedelta(hours=24)
#: … and this often for those who have confirmed: their status rests on what was done, not on what is missing.
SAME_AGAIN_CONFIRMED = timedelta(days=14)


def take_list(case: Case, seen: Registration, *, again: bool = False) -> bool:
    """Merge a list of methods into the case; True when the case has to be written. `again`: also where a newer list
    says the same again.

    A method that is listed for the first time becomes a piece of evidence: that it is there, not who added it. The time
    of a list that says the same is on the case in any case: an older one that comes after it is not taken for news, nor
    one that may tell of the time before the person came back.
    """
    if not is_of_run(case, seen):
        return False
    known = case.registration
    now_known = merged(known, seen)
    fresh = take_events(case, _listed(case, seen))
    # A case from before roles were kept begins with the row that it has.
    was = case.role_rows or roles.row_of(known)
    case.role_rows = roles.kept(was, [] if seen.direct else roles.row_of(seen))
    case.registration = now_known
    same = known is not None and not fresh and content(known) == content(now_known)
    admin = bool(now_known.is_admin)
    same = same and roles.since(was, admin) == roles.since(case.role_rows, admin)
    patience = timedelta.resolution if again else SAME_AGAIN
    return known is None or not same or _moved(known, now_known) >= patience


def _moved(known: Registration, now_known: Registration) -> timedelta:
    """By how much the list got newer; its row may have, and the list as a whole not."""
    was, now = known.reported_at or now_known.reported_at, now_known.reported_at
    return max(now_known.newest - known.newest, now - was if now and was else timedelta(0))


def _listed(case: Case, seen: Registration) -> list[Evidence]:
    """Evidence of methods that no list of this time or before has said yet in this run. Of an account that had a life
    before it also that nothing was listed (no method): what the person registers after it was not there before."""
    said: dict[str | None, datetime] = {}
    for event in run.seen(case):
        if event.act is Act.LISTED:
            said[event.method] = min(event.at, said.get(event.method, event.at))
    kind, at = ("methods" if seen.direct else "report"), seen.as_of
    names: list[str | None] = [*sorted(set(seen.methods))]
    if not names and seen.present and not run.is_made_for_it(case):
        names = [None]
    return [
        Evidence(f"{kind}:{name or 'nothing'}:{at:%Y%m%dT%H%M%SZ}", kind, Act.LISTED, By.UNKNOWN, name, at)
        for name in names
        # Two of one instant: both, so that which one is named does not depend on which came first.
        if name not in said or said[name] >= at
    ]


def take_events(case: Case, events: Iterable[Evidence]) -> list[Evidence]:
    """Append what the case does not have yet, by id; returns that. Of two copies of one record, each part is taken from
    the one that says more (`joined`): what the stream brings, before or after, may say less than the audit log.

    Anybody who knows a user name can try to reset its password, as often as they like: of failed attempts only the
    newest are kept, in whatever order they come, and the others change nothing, in this pass and in the next.
    """
    known = {event.id: event for event in case.evidence}
    fresh: dict[str, Evidence] = {}
    for event in events:
        had = known.get(event.id)
        both = event if had is None else joined(had, event)
        if both != had:
            known[event.id] = fresh[event.id] = both
    for gone in _crowded(known.values()):
        known.pop(gone)
        fresh.pop(gone, None)
    if fresh:
        case.evidence[:] = known.values()
    return list(fresh.values())


def joined(one: Evidence, other: Evidence) -> Evidence:
    """Two copies of one record as one, the same whichever comes first: the more exact method, a known actor, the reason
    of a failed reset, and the earlier time: that of the stream's envelope is later. Of two actors the less trusted."""
    return Evidence(
        id=one.id,
        kind=min(one.kind, other.kind),
        act=max(one.act, other.act, key=lambda act: (act is not Act.RESET_FAILED, act)),
        by=max(one.by, other.by, key=_TRUST.index),
        method=max(one.method, other.method, key=_exactness),
        at=min(one.at, other.at),
        said=max(one.said or "", other.said or "") or None,
    )


_TRUST = (By.UNKNOWN, By.USER, By.APP, By.ADMIN)


def _exactness(method: str | None) -> tuple[int, str]:
    """Of phones the mobile one says least: "phone" of a copy without the particulars is read as that
    (`graph.evidence`)."""
    if method in (None, SOME_PHONE):
        return (0 if method is None else 1), ""
    return (2 if method not in PHONES else 3 if method == "mobilePhone" else 4), method or ""


_ATTEMPTS = frozenset({Act.RESET_FAILED, Act.RESET_NO_METHODS})
#: Failed attempts of one kind that are kept: the newest of a day (UTC), and of those the newest of all.
MOST_A_DAY, MOST_ATTEMPTS = 10, 200


def _crowded(events: Iterable[Evidence]) -> set[str]:
    """Ids of attempts that newer ones of their kind leave no room for."""
    found: set[str] = set()
    kept: Counter[object] = Counter()
    attempts = [event for event in events if event.act in _ATTEMPTS]
    for event in sorted(attempts, key=lambda one: (one.at, one.id), reverse=True):
        day = event.act, event.at.astimezone(UTC).date()
        if kept[day] >= MOST_A_DAY or kept[event.act] >= MOST_ATTEMPTS:
            found.add(event.id)
        else:
            kept.update((day, event.act))
    return found


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


#: What a confirmed case must look like to be followed up again. Unknown, absent and excluded only wait.
_LOST = frozenset(
    {
        Status.REMOVED,
        Status.DIRECTORY_ONLY,
        Status.PARTIAL,
        Status.ADMIN_REGISTERED,
        Status.USER_REVIEWED,
    }
)


def lost(found: Assessment) -> bool:
    """Whoever was confirmed is not any more, or SSPR has turned them away for want of methods since."""
    return not found.confirmed and (found.status in _LOST or found.status is Status.USER_REGISTERED)


def new_episode(case: Case, now: datetime) -> None:
    """Another run through the ladder, from today."""
    case.episode += 1
    case.episode_started_at = now


def codes(values: Iterable[str], limit: int = 8) -> str | None:
    """Ids or method names in one field of a timeline entry; None when there are none."""
    return ",".join(list(values)[:limit]) or None
