"""Read the audit log and the registration report into the cases of the people we know.

The audit log is read from a cursor with an overlap, since records arrive minutes late, and evidence is kept once
by event id; the cursor moves only after every page was applied, so a crash repeats work and loses nothing. The
report is streamed: memory is bounded by one page and by the ids of cases in follow-up. Who is missing from the
report is *not* taken as unregistered: it lags up to 36 hours and leaves out disabled accounts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onboarding import casework, observe
from onboarding.domain.case import (
    TENANT,
    Act,
    Alias,
    AliasKind,
    Case,
    Evidence,
    Registration,
    Status,
    TimelineEntry,
)
from onboarding.domain.confirmation import Assessment, Rules, assess
from onboarding.domain.lifecycle import ACTIVE, State
from onboarding.errors import OperatorError, StoreConflict
from onboarding.followup.evidence import codes, note, take_events, take_list
from onboarding.ports import CaseQuery, SeenEvidence, SeenRegistration, Services

log = logging.getLogger(__name__)

AUDIT_CURSOR = "audit_cursor"
REPORT_READ = "report_read_at"
REPORT_STATE = "report_state"
#: Records arrive late: 5 minutes at the 99th percentile by an old Microsoft table, nobody promises it.
OVERLAP = timedelta(minutes=60)
#: The report itself lags by many hours; reading it more often says nothing new.
REPORT_EVERY = timedelta(hours=4)
#: States in which evidence is still kept; the others are over, and keep no new data about a person.
_OPEN = ACTIVE | {State.BLOCKED, State.PAUSED}
_FOLLOWED = (State.FOLLOWING_UP, State.CONFIRMED)
_MATTERS = frozenset({Act.CANCELLED, Act.DELETED})
_TRIES = 5
_SEARCH_PAGE = 500


@dataclass(frozen=True, slots=True)
class TrackResult:
    """New pieces of evidence, rows of the report read, and cases that were handed on."""

    events: int
    rows: int
    changed: int


@dataclass(slots=True)
class _Run:
    s: Services
    now: datetime
    rules: Rules
    events: int = 0
    rows: int = 0
    changed: int = 0


async def track(s: Services) -> TrackResult:
    """One pass. Raises what the tenant raises (RetryLater, DeployerError); nothing that was read is lost."""
    now = await s.clock.now()
    run = _Run(s, now, Rules.of(s.settings, s.policy))
    try:
        await _audit(run)
    finally:
        # The report says who is in scope and who is an administrator: an audit outage must not hide that.
        await _report(run)
    observe.event(log, "tracked", events=run.events, rows=run.rows, changed=run.changed)
    return TrackResult(run.events, run.rows, run.changed)


# --- audit log -------------------------------------------------------------------------------------------


async def _audit(run: _Run) -> None:
    marker = await run.s.cases.read_marker(AUDIT_CURSOR)
    oldest = run.now - timedelta(days=run.rules.audit_retention_days)
    since = oldest
    if marker is not None:
        since = max(oldest, min(_time(marker.value, "until"), run.now) - OVERLAP)
        if _time(marker.value, "until") < oldest:
            observe.event(log, "audit_gap", level=logging.WARNING, hours=_hours(marker.value, oldest))
    async for page in run.s.security.audit_events(since, run.now):
        await _apply_events(run, page)
    await _move(run, AUDIT_CURSOR, {"until": run.now.isoformat()}, marker.etag if marker else None)


def _hours(value: Mapping[str, Any], oldest: datetime) -> int:
    return int((oldest - _time(value, "until")) / timedelta(hours=1))


def _time(value: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(str(value[name]))


async def _move(run: _Run, name: str, value: Mapping[str, Any], etag: str | None) -> None:
    """Another tracker that was faster has read the same and moved it as far: that is fine."""
    try:
        await run.s.cases.write_marker(name, value, etag)
    except StoreConflict:
        observe.event(log, "marker_moved_elsewhere", marker=name)


async def _apply_events(run: _Run, page: Sequence[SeenEvidence]) -> None:
    by_user: dict[str, list[Evidence]] = {}
    for seen in page:
        by_user.setdefault(seen.user_id, []).append(seen.evidence)
    for user_id, case_id in (await _owners(run.s, by_user)).items():
        events = by_user[user_id]

        def take(case: Case, events: list[Evidence] = events) -> list[Evidence] | None:
            return take_events(case, events) or None

        run.events += await _change(run, case_id, take)


async def _owners(s: Services, user_ids: Mapping[str, object]) -> dict[str, str]:
    """Object id → case id, for those we know."""
    found = await s.cases.owners([Alias(TENANT, AliasKind.OBJECT_ID, user_id) for user_id in user_ids])
    return {alias.value: case_id for alias, case_id in found.items()}


# --- report ----------------------------------------------------------------------------------------------


async def _report(run: _Run) -> None:
    marker = await run.s.cases.read_marker(REPORT_READ)
    if marker is not None and run.now - _time(marker.value, "at") < REPORT_EVERY:
        return
    state: dict[str, Any] = {"state": "ok", "at": run.now.isoformat()}
    try:
        state["as_of"] = await _read_report(run)
    except OperatorError as exc:
        if exc.code != "report_needs_premium":
            raise
        # A Free tenant has no report: the audit log, and one person's methods at a time, go on.
        state["state"] = "needs_premium"
        observe.event(log, "report_needs_premium", level=logging.WARNING)
    known = await run.s.cases.read_marker(REPORT_STATE)
    await _move(run, REPORT_STATE, state | {"rows": run.rows}, known.etag if known else None)
    await _move(run, REPORT_READ, {"at": run.now.isoformat()}, marker.etag if marker else None)


async def _read_report(run: _Run) -> str | None:
    """Stream the pages. Returns the newest time of the report itself: a frozen one shows by it."""
    followed = await _followed(run.s)
    newest: datetime | None = None
    async for page in run.s.security.registration_report():
        run.rows += len(page)
        if page:
            latest = max(row.registration.as_of for row in page)
            newest = latest if newest is None else max(newest, latest)
        if followed:
            await _apply_rows(run, page, followed)
    return newest.isoformat() if newest else None


async def _followed(s: Services) -> set[str]:
    """Ids of the cases that the report can matter to: closed ones are not even loaded."""
    found: set[str] = set()
    for state in _FOLLOWED:
        page: str | None = None
        while True:
            rows = await s.cases.search(CaseQuery(state=state), page, _SEARCH_PAGE)
            found.update(row.case_id for row in rows.items)
            page = rows.next_page
            if page is None:
                break
    return found


async def _apply_rows(run: _Run, page: Sequence[SeenRegistration], followed: set[str]) -> None:
    rows = {row.user_id: row.registration for row in page}
    for user_id, case_id in (await _owners(run.s, rows)).items():
        if case_id in followed:
            registration = rows[user_id]

            def take(case: Case, seen: Registration = registration) -> list[Evidence] | None:
                return [] if take_list(case, seen) else None

            await _change(run, case_id, take)


# --- one case --------------------------------------------------------------------------------------------


async def _change(run: _Run, case_id: str, take: Callable[[Case], list[Evidence] | None]) -> int:
    """Apply `take` with compare-and-swap; hand the case on if that changes the answer. Returns new events.

    `take` returns None when it changed nothing. After a few lost races StoreConflict goes up: the cursor stays.
    """
    for attempt in range(1, _TRIES + 1):
        case = await run.s.cases.get(case_id)
        if case is None or case.state not in _OPEN:
            return 0
        before = assess(case, run.rules, run.now)
        fresh = take(case)
        if fresh is None:
            return 0
        after, entries = note(case, run.rules, run.now)
        entries = [*_entries(run.now, fresh), *entries]
        try:
            await _lay_down(run, case, entries, wake=_wakes(before, after, fresh))
        except StoreConflict:
            if attempt == _TRIES:
                raise
            continue
        return len(fresh)
    return 0


def _wakes(before: Assessment, after: Assessment, fresh: Sequence[Evidence]) -> bool:
    def answer(found: Assessment) -> tuple[object, ...]:
        return found.status, found.recoverable, found.counted, found.confirmed, found.because

    return answer(before) != answer(after) or any(event.act in _MATTERS for event in fresh)


async def _lay_down(run: _Run, case: Case, entries: list[TimelineEntry], *, wake: bool) -> None:
    if wake and case.state in _FOLLOWED:
        await casework.hand_on(run.s, case, run.now, "follow_up", "evidence", *entries)
        run.changed += 1
    elif wake and case.state is State.PROVISIONING and case.status is Status.USER_REGISTERED:
        # Registered before we were done: what was only meant to lead there is left out.
        await casework.hand_on(run.s, case, run.now, case.next_action.what, "evidence", *entries)
        run.changed += 1
    else:
        await casework.save(run.s, case, run.now, *entries)


def _entries(now: datetime, fresh: Sequence[Evidence]) -> list[TimelineEntry]:
    """One line for what arrived together: acts and methods as codes, ids of the events."""
    if not fresh:
        return []
    what = codes(dict.fromkeys(f"{e.by}_{e.act}_{e.method or 'unnamed'}" for e in fresh))
    return [casework.entry(now, "evidence", count=len(fresh), what=what, events=codes(e.id for e in fresh))]
