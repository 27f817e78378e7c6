"""Reading the audit log on from where it was read to, in windows, so that no outage shorter than the retention loses a
record: the cursor moves after each window, and an alarm sounds long before the oldest unread record is deleted.

Records arrive minutes late (5 minutes at the 99th percentile by an old Microsoft table, nobody promises it), so every
pass reads an hour again; evidence is kept once, by the record's id.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from onboarding import observe
from onboarding.errors import StoreConflict
from onboarding.followup.apply import Run, apply_events
from onboarding.followup.sources import AUDIT_CURSOR, moment

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=60)
#: After an outage; the very first reading, which meets few people of ours, takes longer strides.
WINDOW, FIRST_WINDOW = timedelta(days=1), timedelta(days=7)


async def read(run: Run) -> None:
    """Everything up to now. What was read before something fails stays read."""
    marker = await run.s.cases.read_marker(AUDIT_CURSOR)
    value: dict[str, Any] = dict(marker.value) if marker else {}
    oldest = run.now - timedelta(days=run.rules.audit_retention_days)
    until = moment(value, "until")
    stride = FIRST_WINDOW if until is None else WINDOW
    if until is not None and until < oldest:
        value |= {"gap_from": until.isoformat(), "gap_to": oldest.isoformat()}
        hours = int((oldest - until) / timedelta(hours=1))
        observe.event(log, "audit_gap", level=logging.ERROR, hours=hours)
    start = oldest if until is None else max(oldest, min(until, run.now) - OVERLAP)
    while True:
        stop = run.now if run.now - start <= stride + OVERLAP else start + stride
        async for page in run.s.security.audit_events(start, stop):
            await apply_events(run, page)
        try:
            marker = await run.s.cases.write_marker(
                AUDIT_CURSOR, value | {"until": stop.isoformat()}, marker.etag if marker else None
            )
        except StoreConflict:
            # Another tracker was faster; it has read the same, and goes on from there.
            observe.event(log, "marker_moved_elsewhere", marker=AUDIT_CURSOR)
            return
        if stop >= run.now:
            return
        start = stop
