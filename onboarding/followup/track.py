"""Read the audit log and the registration report into the cases of the people we know.

Each source has a module of its own and a marker that moves only after what was read was applied, so a crash repeats
work and loses nothing. A message of the diagnostic stream is a third way to the same evidence.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from onboarding import observe
from onboarding.domain.rules import Rules
from onboarding.followup import audit_tail, report_pass, sources
from onboarding.followup.apply import Run, apply_events
from onboarding.ports import Services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrackResult:
    """New pieces of evidence, rows of the report read, and cases that were handed on."""

    events: int
    rows: int
    changed: int


async def track(s: Services) -> TrackResult:
    """One pass. Raises what the tenant raises (RetryLater, DeployerError); nothing that was read is lost."""
    run = await _begin(s)
    try:
        await audit_tail.read(run)
    finally:
        # The report says who is in scope and who is an administrator: an audit outage must not hide that.
        await report_pass.read(run)
    return _done(run, "tracked")


async def take_stream(s: Services, messages: Sequence[bytes]) -> TrackResult:
    """Evidence in messages of the diagnostic stream (Event Hub), which comes within seconds. The audit log stays the
    source that is complete: what the stream loses is read there, and what came twice is known by its id."""
    run = await _begin(s)
    for message in messages:
        await apply_events(run, s.security.streamed(message))
    return _done(run, "stream_taken")


async def _begin(s: Services) -> Run:
    now = await s.clock.now()
    found = await sources.alarm(s, now)
    return Run(s, now, sources.with_sources(Rules.of(s.settings, s.policy), found))


def _done(run: Run, action: str) -> TrackResult:
    observe.event(log, action, events=run.events, rows=run.rows, changed=run.changed)
    return TrackResult(run.events, run.rows, run.changed)
