"""The read that an event without content asks for: when it is due, one read answers every event before it.

A read changes nothing outside, so a crash costs one more read: what is due stays due until the case is written. The
facts of a read are as of the moment before its request left; if the case was written while it was under way, it is
thrown away and done again, so that the last read wins and a slow one never overwrites what is newer.

What the HR system answers, and what becomes of the case:

| answer | before the account | after it |
|---|---|---|
| a record | the case goes on by what is known now | the case goes on; nothing waits |
| 429, 5xx, no connection | again, by the policy's back-off, and Retry-After | the same, beside the work |
| no answer for `retry.give_up_after_hours` | blocked: `hr_unreachable` | noted |
| no such record, once confirmed | blocked: `hr_record_gone` | noted |
| no record of recruiting, of an HR system's employee | the case goes on without it | the same |
| refused, or cannot be asked | blocked, with the reason | noted |

While a record that is gone is looked for once more, and before a case is blocked so, it is put back to where it waits
for a read (`awaiting_fetch`), also from `provisioning`: no account is made meanwhile.

A hire that is over is read when an event asks for it that is newer than the withdrawal: many HR systems have no event
for somebody who comes back (`intake.comeback`). A record that names an end ahead is read again the day after it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from onboarding import casework, observe
from onboarding.domain import retry
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, FetchRef
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import Fetch, NextAction
from onboarding.errors import DeployerError, OperatorError, RetryLater, StoreConflict
from onboarding.intake import passed_on, quality
from onboarding.intake.answers import drop_answered
from onboarding.intake.comeback import Verdict
from onboarding.intake.decide import apply_event
from onboarding.intake.identity import locate
from onboarding.intake.merging import READ
from onboarding.intake.outcome import FETCH, OVER, Circumstances
from onboarding.intake.planned_reads import take_up
from onboarding.intake.process import reconsider
from onboarding.intake.read_records import APPLICANTS, counted, decides, event_of, is_taken_back, verdict_of
from onboarding.ports import WORK_QUEUE, HrRecord, RecordGone, Services

#: A delayed message may be there a moment before our clock agrees.
EARLY = timedelta(seconds=1)
#: A record that is not there is looked for once more: a fresh one may not be readable yet.
SECOND_LOOK = timedelta(minutes=1)
#: States in which the case waits for the read.
_WAITS = frozenset({State.AWAITING_FETCH})
_WITHDRAWALS = frozenset({EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED})

log = logging.getLogger(__name__)


async def advance(s: Services, case: Case, now: datetime, *, queue: str = WORK_QUEUE) -> bool:
    """Read what is due now, one source. True: something was read or tried, and the case was written.

    Raises StoreConflict when somebody wrote the case meanwhile.
    """
    fetch = _due(case, now)
    if fetch is None:
        return False
    try:
        record = await s.hr.read(fetch.source, FetchRef(fetch.kind, fetch.id))
    except RecordGone as exc:
        if _is_put_away(case, fetch):
            await _drop(s, case, fetch, now, queue)
        else:
            await _gone(s, case, fetch, exc.code, now)
    except StoreConflict:
        raise
    except RetryLater as exc:
        await _later(s, case, fetch, exc, now)
    except (OperatorError, DeployerError) as exc:
        observe.failure(log, "hr_read_refused", exc, case_id=case.case_id, code=exc.code)
        await _give_up(s, case, fetch, exc.code, now)
    else:
        await _apply(s, case, fetch, record, now, queue)
    return True


def _due(case: Case, now: datetime) -> Fetch | None:
    due = [item for item in case.reads if (item.due_at or now) <= now + EARLY]
    found = min(due, key=lambda item: item.due_at or now, default=None)
    if found is not None:
        take_up(found, now + EARLY)
    return found


async def _apply(s: Services, case: Case, fetch: Fetch, record: HrRecord, now: datetime, queue: str) -> None:
    """Treat the record as one more event about the person, as of `now`."""
    record = counted(case, fetch, record, now.date())
    event, verdict = event_of(case, fetch, record, now), None
    if case.state in OVER:
        verdict = verdict_of(case, fetch, record, now)
        if verdict is Verdict.OVER:
            _done(case, fetch, record, s.hr.settles_in(fetch.source), now)
            await casework.save(s, case, now, casework.entry(now, "hr_record_read"))
            return
        # As of the event that asked: a withdrawal that comes after that one outweighs it.
        event = replace(event, event_type=EventType.HIRE_CREATED, occurred_at=fetch.asked_at)
    found = await locate(s, event, now, known=case)
    if found is None:
        raise StoreConflict("The case's ids are gone: look again.")
    mine = found.case
    if record.certainty is not None and is_taken_back(mine, fetch, record):
        mine.certainty = record.certainty  # it was an employee's by this system's word alone
    if mine.case_id == case.case_id and found.etag != case.etag:
        raise StoreConflict("The case was written while the HR system was read: read again.")
    _done(mine, replace(fetch), record, s.hr.settles_in(fetch.source), now)
    about = Circumstances(
        READ,
        now,
        shared_id=found.shared_id,
        is_read=True,
        withheld=tuple(sorted(record.withheld)),
        doubtful=verdict is Verdict.DOUBT,
        unclear=record.unclear and event.event_type not in _WITHDRAWALS and decides(mine, fetch),
        ask_rehire=s.policy.account.rehire == "ask",
    )
    noted = await drop_answered(s, mine, now)
    outcome = apply_event(mine, event, about, now)
    outcome = replace(outcome, entries=(*noted, *outcome.entries))
    await quality.note_read(s, mine, record, fetch.source, now)
    await passed_on.lay_down_with(s, found, event, outcome, now, queue)
    observe.event(log, "hr_record_read", case_id=mine.case_id, state=mine.state, reason=mine.reason_code)


def _done(case: Case, fetch: Fetch, record: HrRecord, lag: timedelta, now: datetime) -> None:
    """Nothing is planned any more, unless the newest event was too young for this read to show what it meant, or the
    record names an end that is not over: it is read again the day after."""
    known = case.fetches.get(fetch.source, fetch)  # another one, where the read joined two cases
    asked_at = max(fetch.asked_at, known.asked_at)
    again = asked_at + lag if asked_at + lag > now + EARLY else None
    case.fetches[fetch.source] = replace(
        fetch,
        when=again,
        asked_at=asked_at,
        first_asked_at=asked_at,
        read_at=now,
        attempts=0,
        first_failed_at=None,
        code=None,
        look_at=_day_after(record.hire.end_date, now),
    )


def _day_after(end: date | None, now: datetime) -> datetime | None:
    """When an end that is not over yet is over; None: there is none."""
    if end is None or end < now.date() or end.year >= date.max.year:
        return None
    return datetime.combine(end + timedelta(days=1), time.min, UTC)


async def _later(s: Services, case: Case, fetch: Fetch, error: RetryLater, now: datetime) -> None:
    decision = retry.failed(
        s.policy.retry, fetch, now=now, fraction=s.entropy.fraction(), retry_after=error.retry_after
    )
    if isinstance(decision, retry.GiveUp):
        await _give_up(s, case, fetch, "hr_unreachable", now)
        return
    await _again(s, case, fetch, decision.when, error.code, now)


async def _gone(s: Services, case: Case, fetch: Fetch, code: str, now: datetime) -> None:
    _hold(case)  # no account is made while it is looked for once more
    if fetch.code == code:
        await _give_up(s, case, fetch, code, now)
    else:
        await _again(s, case, fetch, now + SECOND_LOOK, code, now)


def _is_put_away(case: Case, fetch: Fetch) -> bool:
    """A recruiting system's record of somebody whom an HR system has as an employee: many companies erase them then."""
    others = (known for source, known in case.ids.items() if source != fetch.source)
    known = case.certainty is Certainty.EMPLOYEE and any("employee_id" in ids for ids in others)
    return known and fetch.kind in APPLICANTS


async def _drop(s: Services, case: Case, fetch: Fetch, now: datetime, queue: str) -> None:
    """Nothing is to be read there any more, also when an operator runs the case again; it goes on without."""
    del case.fetches[fetch.source]
    stored = await casework.save(s, case, now, casework.entry(now, "candidate_record_gone"))
    await reconsider(s, stored, now, queue=queue)


async def _again(s: Services, case: Case, fetch: Fetch, when: datetime, code: str, now: datetime) -> None:
    first = fetch.code is None
    fetch.when, fetch.code = when, code
    entries = [casework.entry(now, "hr_read_retries", why=code)] if first else []
    if case.state in _WAITS:
        await casework.wait(s, case, now, FETCH, when, code, *entries)
    else:
        await casework.save(s, case, now, *entries)


def _hold(case: Case) -> None:
    """Where there is no account yet, nothing is done before the read: the case waits for it, from wherever it is. A
    restore that is under way is ended first, so that the account is on a case, and closed until its time comes."""
    if case.account is not None or (case.intent is not None and case.intent.restores):
        return
    if case.state is State.PROVISIONING:
        case.apply(Event.START_MOVED)
    if case.state is State.WAITING_START:
        case.apply(Event.FETCH_NEEDED)


async def _give_up(s: Services, case: Case, fetch: Fetch, code: str, now: datetime) -> None:
    """An operator has to act; where the account is there already, nobody is stopped for it."""
    _hold(case)
    fetch.when, fetch.code, fetch.first_failed_at = None, code, None
    await quality.note_failed_read(s, case, code, now)
    if case.state in _WAITS:
        case.apply(Event.BLOCK, reason=code)
        case.next_action = NextAction("operator", None, code)
        await casework.save(s, case, now, casework.entry(now, "blocked", reason=code))
    else:
        await casework.save(s, case, now, casework.entry(now, "hr_read_failed", reason=code))
