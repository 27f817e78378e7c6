"""How the two sources of evidence stand: the audit log's cursor and the registration report, kept in two markers.

From here come the rules by which people are judged (a report that stands still carries no "nothing is registered"),
the alarms before audit records would be lost, and the sentences that operators read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from onboarding import observe
from onboarding.domain.provenance import LISTING_LAG
from onboarding.domain.rules import Rules
from onboarding.errors import StoreConflict
from onboarding.ports import Marker, Services

log = logging.getLogger(__name__)

AUDIT_CURSOR = "audit_cursor"
REPORT_READ = "report_read_at"
REPORT_STATE = "report_state"
#: Audit records are kept for 30 days with Entra ID P1 or P2, for 7 without (Learn, "Data retention").
KEPT_DAYS, KEPT_DAYS_FREE = 30, 7
#: Shares of that time after which a cursor that does not move is an alarm: a warning, an error, a loss.
HALF, MOST = 0.5, 0.8
#: The report itself lags by many hours; reading it more often says nothing new.
REPORT_EVERY = timedelta(hours=4)
#: Readings in two days: what is older is called stale.
_USUAL_MOST = 12
#: So many of the last runs of equal readings say what is usual.
_RUNS = 5
#: Before any run is known: a daily report is met six times, and one reading is spare. Every four hours, a report that
#: stands still is found in less than a day and a half.
_USUAL_AT_FIRST = 7
#: A loss is told for so long.
_GAP_SHOWN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Sources:
    """Both sources at one moment.

    audit: `ok`, `behind` (half of the retention), `at_risk` (80 %), `lost` (records are gone unread), `never`.
    `never` becomes the next three by the time since the first try (`audit_since`).
    report: `ok`, `frozen` (it does not move on), `stale`, `needs_premium`, `empty` (though it should not be), `nobody`
    (empty, and nobody could be in it yet), `never`.
    """

    audit: str
    audit_until: datetime | None
    report: str
    report_as_of: datetime | None
    report_read_at: datetime | None
    kept_days: int
    #: Since when audit records were lost, and until when; None: none were.
    gap: tuple[datetime, datetime] | None = None
    #: Names of methods in the report that this version does not know.
    unknown_methods: tuple[str, ...] = ()
    #: `Rules.key` under which the last whole report was judged.
    judged_by: str | None = None
    #: Since when `ONBOARDING_METHODS_REQUIRED` has its value; None: as long as anything is known.
    required_since: datetime | None = None
    #: When the audit log was tried for the first time, as long as it was never read.
    audit_since: datetime | None = None

    @property
    def audit_says(self) -> tuple[bool, str]:
        """Is the audit log read as it should be, and how it stands."""
        if (text := _AUDIT.get(self.audit)) is not None:
            return False, (_NEVER_READ if self.audit_until is None else text).format_map(self._facts())
        if self.gap is not None:
            return False, _GAP.format_map(self._facts())
        if self.audit_until is not None:
            return True, f"read up to {_day(self.audit_until)}"
        return (
            True,
            f"not read yet, tried since {_day(self.audit_since)}" if self.audit_since else "not read yet",
        )

    @property
    def report_says(self) -> tuple[bool, str]:
        """Can the report carry that nothing is registered, and how it stands."""
        if (text := _REPORT.get(self.report)) is not None:
            return self.report == "needs_premium", text.format_map(self._facts())
        said = _REPORT_WELL.get(self.report) or f"as of {_day(self.report_as_of)}"
        if self.unknown_methods:
            said += f"; methods that this version does not know, and does not count: {', '.join(self.unknown_methods)}"
        return True, said

    @property
    def sentences(self) -> list[str]:
        """What an operator has to know, most urgent first; empty when both sources are well."""
        found = []
        if self.audit in _AUDIT or self.gap is not None:
            found.append(self.audit_says[1])
        if self.report in _REPORT:
            found.append(self.report_says[1])
        return found

    def _facts(self) -> dict[str, str]:
        gap = self.gap or (None, None)
        return {
            "until": _day(self.audit_until),
            "since": _day(self.audit_since),
            "as_of": _day(self.report_as_of),
            "days": str(self.kept_days),
            "from": _day(gap[0]),
            "to": _day(gap[1]),
        }


_AUDIT: Mapping[str, str] = {
    "behind": "The audit log was last read up to {until}. Its records are kept for {days} days only: find out why "
    "before evidence is lost.",
    "at_risk": "The audit log was last read up to {until}, and its records are kept for {days} days only: evidence "
    "will be lost within days unless it is read.",
    "lost": "The audit log was last read up to {until}, longer ago than its records are kept ({days} days): what "
    "people registered before that and was not read can no longer be told from what others added.",
}
_NEVER_READ = (
    "The audit log has never been read, though it was tried since {since}, and its records are kept for {days} days "
    "only: nobody's registration can be told from what others added. See what `doctor` says of the permission "
    "AuditLog.Read.All."
)
_GAP = (
    "Audit records from {from} to {to} were deleted before they could be read: who registered what in that time "
    "cannot be told."
)
_REPORT: Mapping[str, str] = {
    "needs_premium": "This tenant has no Entra ID P1 or P2, so there is no registration report: the service goes by "
    "the audit log, which such a tenant keeps for 7 days, and by one person's methods before an escalation.",
    "frozen": "The registration report stands still: it is as of {as_of} since it was last read. Until it moves on "
    "nobody is said to have registered nothing.",
    "stale": "The registration report is as of {as_of}, which is too old. Until it moves on nobody is said to have "
    "registered nothing.",
    "empty": "The registration report is empty: check that the app may read it.",
}
_REPORT_WELL = {"never": "not read yet", "nobody": "read, and nobody is in it yet"}


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


async def look(s: Services, now: datetime) -> Sources:
    """How the sources stand at `now`. Two marker reads."""
    cursor = await s.cases.read_marker(AUDIT_CURSOR)
    report = await s.cases.read_marker(REPORT_STATE)
    return _sources(s, now, cursor.value if cursor else {}, report.value if report else {})


def of_report(s: Services, now: datetime, report: Mapping[str, Any]) -> Sources:
    """The same as `look`, of a marker that is not written yet, and without the audit log."""
    return _sources(s, now, {}, report)


def _sources(s: Services, now: datetime, cursor: Mapping[str, Any], report: Mapping[str, Any]) -> Sources:
    kept = KEPT_DAYS_FREE if report.get("state") == "needs_premium" else KEPT_DAYS
    until, as_of = moment(cursor, "until"), moment(report, "as_of")
    since = moment(cursor, "since") if until is None else None
    state = str(report.get("state", "never"))
    stale = timedelta(hours=s.policy.follow_up.report_stale_hours)
    if state in {"ok", "frozen"} and as_of is not None and now - as_of > stale:
        state = "stale"
    lost = moment(cursor, "gap_from"), moment(cursor, "gap_to")
    return Sources(
        audit=_audit_state(until, since, now, kept),
        audit_until=until,
        report=state,
        report_as_of=as_of,
        report_read_at=moment(report, "at"),
        kept_days=kept,
        gap=(lost[0], lost[1]) if lost[0] and lost[1] and now - lost[1] < _GAP_SHOWN else None,
        unknown_methods=tuple(report.get("unknown_methods") or ()),
        judged_by=report.get("judged_by"),
        required_since=_required_since(s.settings.methods_required, report, now),
        audit_since=since,
    )


def _required_since(required: int, report: Mapping[str, Any], now: datetime) -> datetime | None:
    known = report.get("required")
    return moment(report, "required_since") if known in {None, required} else now


def required(s: Services, known: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """For the report's marker: how many methods are required, and since when, if it was another number before."""
    since = _required_since(s.settings.methods_required, known, now)
    value: dict[str, Any] = {"required": s.settings.methods_required}
    return value if since is None else value | {"required_since": since.isoformat()}


def _audit_state(until: datetime | None, since: datetime | None, now: datetime, kept_days: int) -> str:
    """By the age of what was read last; of a log that was never read, by the time since the first try."""
    begin = until or since
    share = (now - begin) / timedelta(days=kept_days) if begin else 0.0
    if share > 1:
        return "lost"
    if share >= HALF:
        return "at_risk" if share >= MOST else "behind"
    return "never" if until is None else "ok"


async def rules(s: Services, now: datetime) -> Rules:
    """Rules of this installation, with what is known of the sources."""
    found = await look(s, now)
    return with_sources(Rules.of(s.settings, s.policy), found)


def with_sources(base: Rules, found: Sources) -> Rules:
    """A frozen report, how long audit records are kept and which were lost, and since when so many methods are required
    belong to the rules."""
    still = found.report in {"frozen", "stale"}
    return replace(
        base,
        audit_retention_days=found.kept_days,
        audit_gap=found.gap,
        required_since=found.required_since,
        frozen_as_of=found.report_as_of if still else None,
    )


async def alarm(s: Services, now: datetime) -> Sources:
    """Log what must not wait: a cursor that will lose records, a report that stands still."""
    found = await look(s, now)
    begin = found.audit_until or found.audit_since
    hours = int((now - begin) / timedelta(hours=1)) if begin else None
    if found.audit == "behind":
        observe.event(log, "audit_falling_behind", level=logging.WARNING, hours=hours, kept=found.kept_days)
    elif found.audit in {"at_risk", "lost"}:
        observe.event(
            log, f"audit_evidence_{found.audit}", level=logging.ERROR, hours=hours, kept=found.kept_days
        )
    if found.report in {"frozen", "stale", "empty"}:
        observe.event(log, f"report_{found.report}", level=logging.WARNING)
    return found


# --- the report's marker -----------------------------------------------------------------------------------


def next_report(
    known: Mapping[str, Any], now: datetime, as_of: datetime | None, *, followed: bool = False
) -> dict[str, Any]:
    """The marker after a whole report was read, whose newest row is as of `as_of`; None: it has no row, which is
    `_without_a_row`. `followed`: somebody with an account is followed.

    How often a tenant's report moves on is documented nowhere, so it is learned: `same` counts the readings in a row
    that said the same, `runs` are the last of these counts, and one reading more than usual is a report that stands
    still. A run that was called so is not usual (`odd`), unless the run directly before it was called so too: then the
    tenant has become slower.
    """
    value: dict[str, Any] = {"at": now.isoformat(), "as_of": as_of.isoformat() if as_of else None}
    runs = _runs(known)
    if as_of is None:
        return value | {**_without_a_row(known, now, followed=followed), "runs": runs}
    before, same, odd = moment(known, "as_of"), int(known.get("same") or 0), known.get("odd")
    usual = _usual(runs)
    if before is None:
        return value | {"state": "ok", "same": 0, "runs": runs}
    if as_of <= before:
        state = "frozen" if same >= usual else "ok"
        return value | {"state": state, "same": same + 1, "runs": runs, "odd": odd}
    if not runs:
        same = max(same, _first_run(known, now, as_of - before))
    same = min(same, _USUAL_MOST)
    # A daily report is met five or six times: one more than usual is no freeze to be set aside.
    if same > usual + bool(usual):
        runs, odd = (runs, same) if odd is None else ([*runs, int(odd), same], same)
    else:
        runs, odd = [*runs, same], None
    return value | {"state": "ok", "same": 0, "runs": runs[-_RUNS:], "odd": odd}


def _without_a_row(known: Mapping[str, Any], now: datetime, *, followed: bool) -> dict[str, Any]:
    """A new account comes into the report within `LISTING_LAG`: until somebody has been followed for so long, an empty
    one is no news (`nobody`). Where somebody was in it before, it is one at once."""
    if known.get("state") not in {None, "nobody", "needs_premium"}:
        return {"state": "empty"}
    if not followed:
        return {"state": "nobody"}
    since = moment(known, "awaited_since") or now
    state = "empty" if now - since >= LISTING_LAG else "nobody"
    return {"state": state, "awaited_since": since.isoformat()}


def _runs(known: Mapping[str, Any]) -> list[int]:
    if "runs" in known:
        return [int(run) for run in known["runs"]]
    # A marker of an older version: the longest run, and nothing of the others.
    return [int(known["usual"])] if "usual" in known else []


def _usual(runs: Sequence[int]) -> int:
    """The upper median, or one reading more where that was met."""
    if not runs:
        return _USUAL_AT_FIRST
    middle = sorted(runs)[len(runs) // 2]
    return max(run for run in runs if run <= middle + 1) if middle else 0


def _first_run(known: Mapping[str, Any], now: datetime, moved: timedelta) -> int:
    """The first run began before the service did: where nothing kept us from reading, it is as long as the report took
    to move on. Readings."""
    last = moment(known, "at")
    if last is None or now - last >= 2 * REPORT_EVERY:
        return 0
    return ceil(moved / REPORT_EVERY) - 1


def moment(value: Mapping[str, Any], name: str) -> datetime | None:
    """A time in a marker; None where there is none."""
    text = value.get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) else None


async def move(s: Services, name: str, value: Mapping[str, Any], marker: Marker | None) -> None:
    """Write a marker. Another tracker that was faster has read the same and moved it as far: that is fine."""
    try:
        await s.cases.write_marker(name, value, marker.etag if marker else None)
    except StoreConflict:
        observe.event(log, "marker_moved_elsewhere", marker=name)
