"""Reading the registration report as a stream: memory is bounded by one page and by what `followed` keeps a person.

Who is not in a whole, moving report is `absent` (disabled, deleted), never "unregistered", once the account is old
enough to be in it; a report that has lost half of the people we follow is not believed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from onboarding import observe
from onboarding.domain.case import Case
from onboarding.domain.evidence import Evidence, Registration
from onboarding.domain.provenance import LISTING_LAG, METHODS, REFUSED
from onboarding.domain.rules import Rules
from onboarding.errors import OperatorError
from onboarding.followup import followed, sources
from onboarding.followup.apply import Run, change, each, owners
from onboarding.followup.evidence import take_list
from onboarding.ports import SeenRegistration

log = logging.getLogger(__name__)

#: Fewer people than this may all be away.
_FEW = 20
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9]{0,39}$")
_NAMES = 20


class _Reading:
    """One reading of the whole report."""

    def __init__(self, run: Run, people: followed.Followed, judge: bool) -> None:
        self.run, self.people, self.judge = run, people, judge
        self.newest: datetime | None = None
        #: Two readings before it is too old: one of them may fail.
        self.fading = run.now - timedelta(hours=run.rules.stale_hours) + 2 * sources.REPORT_EVERY
        self.unknown: set[str] = set()
        self._names: set[tuple[str, ...]] = set()

    async def take(self, page: Sequence[SeenRegistration]) -> None:
        """One page."""
        self.run.rows += len(page)
        wanted: dict[str, SeenRegistration] = {}
        again: set[str] = set()
        unplaced: dict[str, SeenRegistration] = {}
        for row in page:
            registration = row.registration
            if self.newest is None or registration.as_of > self.newest:
                self.newest = registration.as_of
            if registration.methods not in self._names:
                self._look_at(registration.methods)
            news = self.people.news(row.user_id, registration, judge=self.judge, fading=self.fading)
            if news is not None:
                wanted[news.case_id] = row
                if news.again:
                    again.add(news.case_id)
            if self.people.unplaced:
                unplaced[row.user_id] = row
        for user_id, case_id in (await owners(self.run.s, unplaced)).items():
            if case_id in self.people.unplaced:
                wanted[case_id] = unplaced[user_id]
        await each(
            self._change(
                case_id, _taking(row.registration, again=case_id in again), row.user_id, case_id in again
            )
            for case_id, row in wanted.items()
        )

    async def _change(self, case_id: str, take: Any, of: str | None = None, again: bool = False) -> None:
        await change(self.run, case_id, take, of=of, again=again)

    def _look_at(self, names: tuple[str, ...]) -> None:
        """Methods that this version does not know are told to whoever looks after it; never fatal."""
        if len(self._names) < 4096:
            self._names.add(names)
        strange = set(names) - METHODS.keys() - REFUSED
        self.unknown.update(name for name in strange if _NAME.match(name))

    async def absent(self) -> None:
        """Mark those who are not in the report and are old enough to be."""
        if self.newest is None:
            return
        missing = self.people.missing()
        if len(missing) > max(_FEW, len(self.people) // 2):
            observe.event(log, "report_incomplete", level=logging.WARNING, missing=len(missing))
            return
        absent = [*missing, *self.people.still_missing(self.newest, self.fading)]
        await each(self._change(case_id, _not_in(self.newest)) for case_id in absent)


def _taking(seen: Registration, *, again: bool) -> Any:
    def take(case: Case) -> list[Evidence] | None:
        return [] if take_list(case, seen, again=again) else None

    return take


def _not_in(as_of: datetime) -> Any:
    def take(case: Case) -> list[Evidence] | None:
        if case.account is None or case.account.created_at > as_of - LISTING_LAG:
            return None
        return [] if take_list(case, Registration((), as_of, present=False), again=True) else None

    return take


async def read(run: Run) -> None:
    """Read the report if it is time to, and keep how it stands."""
    marker = await run.s.cases.read_marker(sources.REPORT_READ)
    last = sources.moment(marker.value, "at") if marker else None
    if last is not None and run.now - last < sources.REPORT_EVERY:
        return
    known = await run.s.cases.read_marker(sources.REPORT_STATE)
    before = dict(known.value) if known else {}
    people = await followed.load(run.s.cases)
    reading = _Reading(run, people, judge=before.get("judged_by") != run.rules.key(run.now))
    try:
        async for page in run.s.security.registration_report():
            await reading.take(page)
        after = sources.next_report(before, run.now, reading.newest, followed=len(people) > 0)
    except OperatorError as exc:
        if exc.code != "report_needs_premium":
            raise
        # A Free tenant has no report: the audit log, and one person's methods at a time, go on.
        after = {"state": "needs_premium", "at": run.now.isoformat()}
        observe.event(log, "report_needs_premium", level=logging.WARNING)
    if after["state"] == "ok":
        await reading.absent()
    after |= sources.required(run.s, before, run.now)
    after |= {"rows": run.rows, "unknown_methods": sorted(reading.unknown)[:_NAMES]}
    await _judge_again(run, people, after)
    await sources.move(run.s, sources.REPORT_STATE, after, known)
    await sources.move(run.s, sources.REPORT_READ, {"at": run.now.isoformat()}, marker)


async def _judge_again(run: Run, people: followed.Followed, after: dict[str, Any]) -> None:
    """When the report stops, or moves on again, whoever is judged by it is judged anew."""
    rules = sources.with_sources(
        Rules.of(run.s.settings, run.s.policy), sources.of_report(run.s, run.now, after)
    )
    rules = replace(rules, audit_gap=run.rules.audit_gap)
    after["judged_by"] = rules.key(run.now)
    if rules.key(run.now) == run.rules.key(run.now):
        return
    run.rules = rules
    for case_id in people.shaky():
        await change(run, case_id, lambda case: None)
