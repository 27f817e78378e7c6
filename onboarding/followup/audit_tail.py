"""Reading the audit log on from where it was read to, in windows, so that no outage shorter than the retention loses a
record: the cursor moves after each window, and an alarm sounds long before the oldest unread record is deleted.

Records arrive minutes late (5 minutes at the 99th percentile by an old Microsoft table, nobody promises it), so every
pass reads an hour again, and one pass in four hours a day; evidence is kept once, by the record's id.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from onboarding import observe
from onboarding.errors import StoreConflict
from onboarding.followup.apply import Run, apply_events
from onboarding.followup.sources import AUDIT_CURSOR, REPORT_EVERY, moment
from onboarding.ports import Marker

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=60)
#: With each reading of the report: what shows up to 20 hours late is read all the same.
AGAIN, AGAIN_EVERY = timedelta(hours=24), REPORT_EVERY
#: After an outage; the very first reading, which meets few people of ours, takes longer strides.
WINDOW, FIRST_WINDOW = timedelta(days=1), timedelta(days=7)


async def read(run: Run) -> None:
    """Everything up to now. What was read before something fails stays read.

    The marker: `until`, read up to there · `again`, when a whole day was last read again · `since`, the first try,
    until something is read · `gap_from` and `gap_to`, what was lost.
    """
    marker = await run.s.cases.read_marker(AUDIT_CURSOR)
    if marker is None:
        # Written before the first try: a log that can never be read has an age all the same.
        marker = await _move(run, {"since": run.now.isoformat()}, None)
    if marker is None:
        return
    value: dict[str, Any] = dict(marker.value)
    oldest = run.now - timedelta(days=run.rules.audit_retention_days)
    until, again = moment(value, "until"), moment(value, "again")
    stride = FIRST_WINDOW if until is None else WINDOW
    if until is not None and until < oldest:
        value |= {"gap_from": until.isoformat(), "gap_to": oldest.isoformat()}
        hours = int((oldest - until) / timedelta(hours=1))
        observe.event(log, "audit_gap", level=logging.ERROR, hours=hours)
        run.rules = replace(run.rules, audit_gap=(until, oldest))
    wide = again is None or run.now - again >= AGAIN_EVERY
    back = AGAIN if wide else OVERLAP
    start = oldest if until is None else max(oldest, min(until, run.now) - back)
    if wide:
        # Kept with the first window already, which is that day: catching up begins with it once, not at every try.
        value["again"] = run.now.isoformat()
    value.pop("since", None)
    while True:
        stop = run.now if run.now - start <= stride + OVERLAP else start + stride
        async for page in run.s.security.audit_events(start, stop):
            await apply_events(run, page)
        reached = stop if until is None else max(stop, min(until, run.now))
        moved = await _move(run, value | {"until": reached.isoformat()}, marker)
        if moved is None:
            return
        marker = moved
        if stop >= run.now:
            return
        start = stop


async def _move(run: Run, value: dict[str, Any], marker: Marker | None) -> Marker | None:
    """The marker as it is now; None: another tracker was faster. It has read the same, and goes on from there."""
    try:
        return await run.s.cases.write_marker(AUDIT_CURSOR, value, marker.etag if marker else None)
    except StoreConflict:
        observe.event(log, "marker_moved_elsewhere", marker=AUDIT_CURSOR)
        return None
