"""What HR says about a person, field by field: the newest word on each field stands, in whatever order words come.

- Each field remembers when it was said (`Case.said`). A word that is older than the one that stands does nothing;
  one that is as old wins, because it came later. A recruiting system's gives way to an HR system's (`intake.words`).
- A field that an HR system has emptied takes back what the same system said of it before, with what that had outdated,
  and nothing else: that the HR record never had a number does not void the one that the applicant gave. Once the
  account is begun, name and first day stay as they were used.
- An offer or a draft is no firm word: it fills gaps, and whatever a hire or a record says stands over it. A moved
  start date of an offer that was accepted is firm.
- Another manager than before is looked for anew where the account is there already; the same one in fewer words is not
  (`intake.named_manager`).
- Raw numbers leave a case once its account exists (design: storage); they do not come back by an update.
- A withdrawn hire takes its dates with it: what was said about start, end and status before HR withdrew the hire
  says nothing about the hire that follows. An end that HR announced ahead goes with a newer hire that begins after it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime

from onboarding.domain.case import Case, ids_in
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, ManagerRef, Phone
from onboarding.domain.records import DaySaid, Said
from onboarding.intake import deletions, ends, named_manager, numbers, words
from onboarding.intake.candidates import applications_of
from onboarding.intake.planned_reads import tells_more

#: Events that say "this person is coming": only they reopen what HR withdrew.
HIRING = frozenset({EventType.HIRE_CREATED, EventType.EMPLOYMENT_STARTED})
#: Under this name a field says that it comes from a read of the HR system's API.
READ = "hr_api"

#: Ids that each system gives one person one of.
IDS = ("employee_id", "candidate_id")
#: What a hire that is over takes with it.
DATED = ("start_date", "end_date", "status")
RANK = {Certainty.DRAFT: 0, Certainty.CANDIDATE: 0, Certainty.OFFER: 1, Certainty.EMPLOYEE: 2}
_UNSURE = frozenset({Certainty.OFFER, Certainty.DRAFT})


def event_time(event: HireEvent, received_at: datetime) -> datetime:
    """When it happened, as far as that can be believed: never after it arrived."""
    return min(event.occurred_at or received_at, received_at)


def planned_end(event: HireEvent, start: date | None, now: datetime) -> date | None:
    """The last day that an announced end names, where it lies ahead and after the first day; None: it ends now, or
    never begins."""
    end = event.effective_date or event.hire.end_date
    return end if end is not None and end > now.date() and (start is None or end > start) else None


def take_end(case: Case, end: date, said: Said) -> None:
    """A last day that was announced before there was a case. What HR withdrew since took it along."""
    newest = newest_withdrawal(case)
    if newest is None or said.at > newest:
        words.take(case, Hire(end_date=end), said)


def merge(case: Case, event: HireEvent, delivery: str, received_at: datetime, *, opened: bool) -> str:
    """Merge the hire; returns the names of the fields whose value changed, comma-separated."""
    at, before = event_time(event, received_at), case.hire
    firm = event.certainty not in _UNSURE or event.event_type is EventType.START_DATE_CHANGED
    hire = replace(event.hire, phones=None if case.account else _numbers(case, event))
    cleared = set(event.cleared) - (words.USED if case.account or case.intent else frozenset())
    if is_of_an_earlier_hire(case, at):
        hire = replace(hire, **dict.fromkeys(DATED))
        cleared -= set(DATED)
    said = Said(at, firm, delivery, event.source, event.recruiting)
    _note_ids(case, event)
    note_hire(case, event, at)
    if firm and event.hire.start_date is not None:
        _note_first_days(case, {event.source: DaySaid(event.hire.start_date, at)})
    words.take(case, hire, said)
    for name in cleared:
        words.empty(case, name, said)
    _judge_manager(case, event, before.manager, said, received_at, opened=opened)
    if firm or case.hire_as_of is None:
        case.hire_as_of = max(at, case.hire_as_of or at)
    if (event.snapshot or delivery == READ) and event.certainty is Certainty.EMPLOYEE:
        case.recorded_at = max(at, case.recorded_at or at)
    if event.event_type in HIRING or event.snapshot or delivery == READ:
        _drop_earlier_end(case, at)
    if RANK[event.certainty] > RANK[case.certainty]:
        case.certainty = event.certainty
    return ",".join(name for name in words.FIELDS if getattr(before, name) != getattr(case.hire, name))


def note_hire(case: Case, event: HireEvent, at: datetime) -> None:
    """When HR hired, and by which application."""
    if event.event_type not in HIRING:
        return
    case.hired_at = max(at, case.hired_at or at)
    manager = case.hire.manager
    words.hired(case, at)
    named_manager.succeed(case, manager)
    _note_newest(case.hired_by, dict.fromkeys(applications_of(event), at))


def note_cancelled(case: Case, event: HireEvent, at: datetime) -> None:
    """When the hire was taken back: that by an application, or any."""
    named = applications_of(event)
    _note_newest(case.cancelled_by, dict.fromkeys(named, at))
    if not named:
        case.cancelled_at = max(at, case.cancelled_at or at)


def _note_newest(known: dict[str, datetime], said: Mapping[str, datetime]) -> None:
    for name, at in said.items():
        known[name] = max(at, known.get(name, at))


def _note_first_days(case: Case, said: Mapping[str, DaySaid]) -> None:
    for source, word in said.items():
        known = case.first_days.get(source)
        if known is None or word.at >= known.at:
            case.first_days[source] = word


def join_facts(case: Case, other: Case) -> None:
    """What HR said about the same person in another case, as if it had been said in this one."""
    before = case.hire.manager
    words.join(case, other)
    _note_first_days(case, other.first_days)
    named_manager.join(case, other, before, by_read=_is_by_read(case))
    ends.join(case, other)
    for name in ("hired_at", "cancelled_at", "recorded_at"):
        moments = [moment for moment in (getattr(case, name), getattr(other, name)) if moment is not None]
        setattr(case, name, max(moments, default=None))
    numbers.join(case, other)
    deletions.join(case, other)
    _note_newest(case.hired_by, other.hired_by)
    _note_newest(case.cancelled_by, other.cancelled_by)
    newest = newest_withdrawal(case)
    if newest is not None and case.hired_at is not None and case.hired_at > newest:
        drop_dates_of_before(case, newest)
    if shown := max(filter(None, (case.hired_at, case.recorded_at)), default=None):
        _drop_earlier_end(case, shown)
    for source, fetch in other.fetches.items():
        known = case.fetches.get(source)
        if known is None or (fetch.when is not None and (known.when is None or tells_more(fetch, known))):
            case.fetches[source] = fetch
    ids = {
        name: {**ids_in(other, name), **ids_in(case, name)} for name in _id_sources(case) | _id_sources(other)
    }
    case.ids = {name: known for name, known in ids.items() if known}
    noted = {(item.code, item.field) for item in case.findings}
    case.findings += [item for item in other.findings if (item.code, item.field) not in noted]


def _judge_manager(
    case: Case,
    event: HireEvent,
    before: ManagerRef | None,
    said: Said,
    received_at: datetime,
    *,
    opened: bool,
) -> None:
    """Whether the manager who stands after this word of HR's may have the first credential. What creates an account is
    a hire event, or an employee's whole record that is the first word of them."""
    sure = event.certainty is Certainty.EMPLOYEE
    first = opened or case.certainty is not Certainty.EMPLOYEE
    creates = sure and (event.event_type in HIRING or (first and event.snapshot))
    named_manager.judge(
        case,
        before,
        received_at,
        announced=event.hire.manager if creates else None,
        read=sure and said.delivery == READ and case.said.get("manager") == said,
        by_read=_is_by_read(case),
    )
    named_manager.forget(case, before)


def _is_by_read(case: Case) -> bool:
    """The manager who stands is the one whom a read named."""
    said = case.said.get("manager")
    return said is not None and said.delivery == READ


def _numbers(case: Case, event: HireEvent) -> tuple[Phone, ...] | None:
    """All numbers as they are after this event, which may speak of some of them only."""
    said = event.hire.phones
    if event.phones_of is None or said is None:
        return said
    replaced = {item.raw for item in said}
    stay = (item for item in case.hire.phones or () if item.label not in event.phones_of)
    return (*(item for item in stay if item.raw not in replaced), *said)


def _note_ids(case: Case, event: HireEvent) -> None:
    """Whose id is whose: two of one kind in one system are two people, those of two systems say nothing."""
    if not case.ids:
        case.ids = {name: known for name in _id_sources(case) if (known := ids_in(case, name))}
    said = {name: value for name in IDS if (value := getattr(event.hire, name))}
    if said:
        case.ids[event.source] = {**case.ids.get(event.source, {}), **said}


def _id_sources(case: Case) -> set[str]:
    """Systems that may have given ids."""
    return {case.source, *case.ids, *(said.source for said in case.said.values() if said.source)}


def newest_withdrawal(case: Case) -> datetime | None:
    """When HR last cancelled the hire or ended the employment; None: never.

    Recruiting cancels by application: as long as the hire by one of them stands, the hire does.
    """
    by_application = [] if _stands_by_one(case) else list(case.cancelled_by.values())
    return max(filter(None, (case.cancelled_at, case.ended_at, *by_application)), default=None)


def _stands_by_one(case: Case) -> bool:
    cancelled = case.cancelled_by
    return any(name not in cancelled or at > cancelled[name] for name, at in case.hired_by.items())


def is_of_an_earlier_hire(case: Case, at: datetime) -> bool:
    """HR withdrew the hire after this was said, and has hired the person again since."""
    newest = newest_withdrawal(case)
    return newest is not None and at <= newest and case.hired_at is not None and case.hired_at > newest


def drop_dates_of_before(case: Case, until: datetime) -> None:
    """As `drop_dates`, where the hire that stands was said after `until`. The first day that an account was made for
    stays until HR says another one, or a new run begins."""
    made = case.account is not None or case.intent is not None
    drop_dates(case, until, ("start_date",) if made else ())


def drop_dates(case: Case, until: datetime, kept: Collection[str] = ()) -> None:
    """Forget start, end and status as far as they were said at `until` or before, or nobody knows when."""
    manager = case.hire.manager
    words.begin_anew(case, until)
    named_manager.succeed(case, manager)
    for name in DATED:
        if name in kept:
            continue
        said, waits = case.said.get(name), case.behind_said.get(name)
        if waits is not None and waits.at <= until:
            words.forget_behind(case, name)
        if said is None or said.at <= until:
            words.drop(case, name)
        emptied = {source: word for source, word in case.emptied.get(name, {}).items() if word.at > until}
        if name in case.emptied:
            case.emptied[name] = emptied


def _drop_earlier_end(case: Case, hired: datetime) -> None:
    """An end before the first day, said before the hire or the record: that of the employment before."""
    start, end, said = case.hire.start_date, case.hire.end_date, case.said.get("end_date")
    if start and end and end <= start and said is not None and said.at < hired:
        words.drop(case, "end_date")
