"""Which message of the ladder is due now, for whom, and when to look again. Computed, never scheduled.

Pure: `due(case, policy, now)` compares the ladder with the rungs that the case records. Rules in prose:

- Day 0 is the start date, or the day the account came to be if that was later (a hire that HR sent late must
  not meet the last rung first), or the local day on which a later episode began; never before the start date.
- A rung falls on day 0 + its day, public holidays not counted (Easter must not bring the manager's message nearer
  to the person's first one), moved to the next working day, at the start of the working time; it may go
  out from then on, only in working time. The recipient is judged by the person's working time: nobody tells us
  the manager's.
- After an outage each audience gets one message, its newest overdue rung; older ones are skipped and named. A
  rung that a changed ladder puts before one that went out already is skipped as well.
- Two messages to the person are `min_gap_hours` apart, the welcome included.
- A rung with a claim or a draft is finished first: `Due.resume`.
- Whoever tries to reset the password and is turned away for want of methods is locked out, and climbs: what would come
  next is due then, and what follows keeps its distance to it. Once in `CLIMB_EVERY`, and not before day 0: anybody can
  type in somebody else's user name.
- After the last day that HR named (contractors) nothing is due.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from onboarding.domain import calendar, run
from onboarding.domain.calendar import WorkingTime
from onboarding.domain.calendar.public_holidays import is_public_holiday
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act
from onboarding.domain.hire import Hire
from onboarding.domain.places.place import place_of
from onboarding.domain.policy import Policy, Rung
from onboarding.domain.records import RungRecord, RungStatus

#: One attempt to reset brings up one rung; more attempts in this time are one.
CLIMB_EVERY = timedelta(hours=24)
#: Order within one pass: the person hears first.
AUDIENCES = ("person", "manager", "desk")
#: `why` when the last day is over.
EMPLOYMENT_ENDED = "employment_ended"
OPEN = frozenset({RungStatus.CLAIMED, RungStatus.DRAFTED})


@dataclass(frozen=True, slots=True)
class Due:
    """Deliver this rung now. `skipped` are keys of older rungs that will never be sent."""

    rung: Rung
    key: str
    #: From when on it could have gone out.
    since: datetime
    skipped: tuple[str, ...] = ()
    #: It was claimed or drafted before: finish it.
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may go out before `until` (UTC). `why` is a code."""

    until: datetime
    why: str
    skipped: tuple[str, ...] = ()
    #: The rung that it waits for.
    rung: Rung | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """The ladder is climbed, or cannot begin (`why`)."""

    why: str
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    rung: Rung
    key: str
    at: datetime
    record: RungRecord | None


def rung_key(episode: int, rung: str) -> str:
    """Key in `Case.rungs`."""
    return f"{episode}:{rung}"


def country_of(case: Case) -> str | None:
    """Alpha-2 of the work country, else of the home country."""
    return place_of(case.hire).country


def working_time_of(case: Case, policy: Policy) -> WorkingTime:
    """The person's working time where they work (`domain.place`), by the policy's hours."""
    where, hours = place_of(case.hire), policy.working_time
    holidays = is_public_holiday if hours.public_holidays else calendar.no_holidays
    return WorkingTime(where.zone.zone, where.country, hours.start, hours.end, holidays, where.region)


def leaves_at(case: Case, policy: Policy) -> datetime | None:
    """The end of the last day that HR named, where the person works, in UTC; None: HR named none."""
    return end_of_last_day(case.hire)


def end_of_last_day(hire: Hire) -> datetime | None:
    """The same, of any words of HR."""
    end = hire.end_date
    return calendar.local_midnight(calendar.moved(end, 1), place_of(hire).zone.zone) if end else None


def has_left(case: Case, policy: Policy, now: datetime) -> bool:
    """The last day is over: nothing is sent and nothing is given any more."""
    end = leaves_at(case, policy)
    return end is not None and now >= end


def day_zero(case: Case, policy: Policy) -> date | None:
    """Local date from which the rungs count; None while HR has given no start date and no episode has begun."""
    zone = ZoneInfo(working_time_of(case, policy).zone)
    days = []
    if case.episode_started_at is not None:
        days.append(case.episode_started_at.astimezone(zone).date())
    if case.hire.start_date is not None:
        days.append(case.hire.start_date)
    if case.account and case.account.origin == "created":
        days.append(case.account.created_at.astimezone(zone).date())
    return max(days, default=None)


def planned_at(day: date, time: WorkingTime) -> datetime:
    """The moment from which a rung of local date `day` may go out, in UTC."""
    working = calendar.working_day_on_or_after(day, time)
    return calendar.next_working_moment(calendar.at_local(working, time.start, time.zone), time)


def due(case: Case, policy: Policy, now: datetime) -> Due | Wait | Nothing:
    """What the ladder says at `now` (aware). One `Due` at a time: deliver it, record it, ask again."""
    if has_left(case, policy, now):
        return Nothing(EMPLOYMENT_ENDED)
    zero = day_zero(case, policy)
    if zero is None:
        return Nothing("no_start_date")
    time = working_time_of(case, policy)
    ladder = _plan(case, policy, zero, time)
    skipped = _passed_over(ladder, now)
    waiting: list[Wait] = []
    for audience in AUDIENCES:
        rungs = [p for p in ladder if p.rung.audience == audience and p.key not in skipped]
        verdict = _of_audience(case, policy, rungs, time, now)
        if isinstance(verdict, Due):
            return Due(verdict.rung, verdict.key, verdict.since, skipped, verdict.resume)
        if verdict:
            waiting.append(verdict)
    if not waiting:
        return Nothing("ladder_done", skipped)
    first = min(waiting, key=lambda wait: wait.until)
    return replace(first, skipped=skipped)


def _plan(case: Case, policy: Policy, zero: date, time: WorkingTime) -> list[_Planned]:
    """The ladder with its moments, in the order in which an audience meets it.

    Days count from the first working day: else a start on a Saturday would put days 0 and 2 on one Monday.
    """
    zero = calendar.working_day_on_or_after(zero, time)
    rows = []
    for rung in sorted(policy.follow_up.ladder, key=lambda rung: rung.day):
        key = rung_key(case.episode, rung.rung)
        rows.append(_Planned(rung, key, _falls_on(zero, rung.day, time), case.rungs.get(key)))
    for moment in _locked_out(case):
        rows = _climbed(rows, moment)
    return rows


@lru_cache(maxsize=4096)
def _falls_on(zero: date, days: int, time: WorkingTime) -> datetime:
    """Those who begin on one day in one place are many, and each is looked at often."""
    return planned_at(calendar.days_after(zero, days, time), time)


def _locked_out(case: Case) -> list[datetime]:
    """When the person was turned away in this episode, `CLIMB_EVERY` apart."""
    since = case.episode_started_at
    found: list[datetime] = []
    for moment in sorted(e.at for e in run.seen(case) if e.act is Act.RESET_NO_METHODS):
        if (since is None or moment >= since) and (not found or moment - found[-1] >= CLIMB_EVERY):
            found.append(moment)
    return found


def _climbed(rows: list[_Planned], moment: datetime) -> list[_Planned]:
    """Rungs after `moment` moved up so that the first of them falls on it; unchanged before day 0."""
    later = [row.at for row in rows if row.at > moment]
    if not later or len(later) == len(rows):
        return rows
    shift = min(later) - moment
    return [replace(row, at=row.at - shift) if row.at > moment else row for row in rows]


def _passed_over(ladder: list[_Planned], now: datetime) -> tuple[str, ...]:
    """Rungs without a record that stand before one that is overdue or was recorded, for the same audience."""
    skipped = []
    for audience in AUDIENCES:
        rungs = [p for p in ladder if p.rung.audience == audience]
        reached = [i for i, p in enumerate(rungs) if p.record or p.at <= now]
        last = max(reached, default=0)
        skipped += [p.key for p in rungs[:last] if p.record is None]
    return tuple(skipped)


def _of_audience(
    case: Case, policy: Policy, rungs: list[_Planned], time: WorkingTime, now: datetime
) -> Due | Wait | None:
    """`rungs` are one audience's, without those passed over."""
    unfinished = [p for p in rungs if p.record is None or p.record.status in OPEN]
    if not unfinished:
        return None
    item = unfinished[0]
    resume = item.record is not None
    if item.at > now and not resume:
        return Wait(item.at, "next_rung", rung=item.rung)
    ready = now
    if item.rung.audience == "person" and not resume:
        ready = max(now, _gap_end(case, policy))
    moment = calendar.next_working_moment(ready, time)
    if moment > now:
        return Wait(moment, "least_gap" if ready > now else "working_time", rung=item.rung)
    return Due(item.rung, item.key, item.at, resume=resume)


def _gap_end(case: Case, policy: Policy) -> datetime:
    """When the next message to the person may follow the last one that went out, or may have."""
    gap = timedelta(hours=policy.follow_up.min_gap_hours)
    went_out = [
        record.sent_at or record.claimed_at
        for record in case.rungs.values()
        if record.audience == "person" and record.status is not RungStatus.SKIPPED
    ]
    return max((at + gap for at in went_out), default=case.created_at)
