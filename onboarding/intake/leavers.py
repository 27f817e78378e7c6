"""Ends and deletions of people whom we do not know: remembered for a while, without a name, without a case.

HR systems announce the end of every employment and the deletion of every record, also of people whom this service
never saw; nothing is opened for them. But such an event may overtake the hire that it speaks of, and then the hire
must not bring the person back. So a hash of the id stays, with the time: in a few small rows, of which each keeps the
newest `KEPT` of the last `DAYS` days. What falls out of them was either no hire of ours, or came in an order that no
sender's retries can make (three days at most). Not remembered: that two ids in such an event are one person's.

Recruiting puts away the applications of everybody whom nobody hired; those have rows of their own, so that many
applicants push no leaver out.

An employee number alone names nobody for sure (`intake.identity`): what was noted under one counts for nobody whose
employee id is known to be another, and, where no employee id was said, only for whom that number was given before.

An end that lies ahead has not happened: it is remembered as the last day, and becomes the end date of the hire that
comes, unless that hire begins on that day or later.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from onboarding.domain.case import Alias, AliasKind, Case, aliases_of, ids_in
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.records import NumberWord, Said
from onboarding.intake import deletions, ends, leave_date, number_words, numbers
from onboarding.intake.candidates import applications_of
from onboarding.intake.identity import event_aliases
from onboarding.intake.merging import drop_dates_of_before, newest_withdrawal, planned_end, take_end
from onboarding.ports import Services

#: Rows: one for each first hex digit of the hash.
MARKER = "leavers-"
KEPT = 200
DAYS = 30
#: When it was noted.
_NOTED = "noted_at"
#: When an end that lies ahead was said, which day it is, and in which delivery.
_PLANNED, _LAST_DAY, _DELIVERY = "planned_at", "last_day", "delivery"
#: Of each kind that was said under an employee number: the hash of the employee id that was said with it.
_OF = "{}.of"
_KINDS = {EventType.EMPLOYMENT_TERMINATED: "ended_at", EventType.EMPLOYEE_DELETED: "deleted_at"}
#: Of an application that was put away; and of a number, which may be given to somebody later.
WITHDRAWN, _CANCELLED = "withdrawn-", "cancelled_at"
_OF_NUMBERS = {kind: event_type for event_type, kind in _KINDS.items()} | {
    _CANCELLED: EventType.HIRE_CANCELLED,
    _PLANNED: EventType.EMPLOYMENT_TERMINATED,
}


async def remember(s: Services, event: HireEvent, delivery: str, at: datetime, now: datetime) -> None:
    """Note an end or a deletion of somebody unknown, or that an application nobody was hired by was put away.

    Raises StoreConflict when another worker notes one too.

    What recruiting deletes is not noted: it does not stand against the hire that may come.
    """
    if event.certainty is not Certainty.EMPLOYEE:
        return
    if (kind := _KINDS.get(event.event_type)) is not None:
        said = {kind: at.isoformat()}
        if kind == "ended_at" and (end := planned_end(event, event.hire.start_date, now)) is not None:
            kind = _PLANNED
            said = {_PLANNED: at.isoformat(), _LAST_DAY: end.isoformat(), _DELIVERY: delivery}
        of = _id_of(s, event.source, event.hire.employee_id)
        for alias in event_aliases(event):
            by_number = {_OF.format(kind): of} if alias.kind is AliasKind.EMPLOYEE_NUMBER else {}
            await _note(s, MARKER, _digest(s, alias), kind, {**said, **by_number}, now)
    if event.event_type is EventType.HIRE_CANCELLED:
        if numbers.alone(event):
            said = {_CANCELLED: at.isoformat()}
            await _note(s, MARKER, _digest(s, event_aliases(event)[0]), _CANCELLED, said, now)
        for alias in _applications(event):
            await _note(s, WITHDRAWN, _digest(s, alias), _CANCELLED, {_CANCELLED: at.isoformat()}, now)


async def _note(
    s: Services, row: str, digest: str, kind: str, said: Mapping[str, Any], now: datetime
) -> None:
    """`said[kind]` is when it was said: an older word of that kind changes nothing."""
    marker = await s.cases.read_marker(row + digest[0])
    noted: dict[str, Any] = dict(marker.value) if marker else {}
    known = noted.get(digest, {})
    if kind in known and datetime.fromisoformat(known[kind]) >= datetime.fromisoformat(said[kind]):
        return
    noted[digest] = {**known, **said, _NOTED: now.isoformat()}
    await s.cases.write_marker(row + digest[0], _newest(noted, now), marker.etag if marker else None)


async def recall(s: Services, case: Case, event: HireEvent, at: datetime | None, now: datetime) -> None:
    """Tell a case what was noted of the person, under the ids that the event is the first to give it. `at`: when HR
    said that; None: it does not say, and the event opens the case."""
    before = newest_withdrawal(case)
    known = set(aliases_of(case))
    employee_id = event.hire.employee_id or ids_in(case, event.source).get("employee_id")
    for alias in event_aliases(event):
        if alias in known and not _is_news(case, alias, at):
            continue
        told = await _told(s, MARKER, alias, now)
        if alias.kind is AliasKind.EMPLOYEE_NUMBER:
            told = _of_this_person(told, _id_of(s, event.source, employee_id), at)
            told = _keep_words(case, event, told, at, now)
        for kind in told.keys() & set(_KINDS.values()):
            moment = datetime.fromisoformat(told[kind])
            if kind == "deleted_at":
                deletions.note(case, event, moment)
            else:
                ends.note(case, event.source, moment)
        if _PLANNED in told:
            _recall_planned(case, event, told)
    for alias in _applications(event):
        if alias not in known and (told := await _told(s, WITHDRAWN, alias, now)):
            moment = datetime.fromisoformat(told[_CANCELLED])
            case.cancelled_by[alias.value] = max(moment, case.cancelled_by.get(alias.value, moment))
    newest = newest_withdrawal(case)
    if newest is not None and newest != before and case.hired_at is not None and case.hired_at > newest:
        facts = case.hire
        leave_date.note(case)
        drop_dates_of_before(case, newest)
        leave_date.follow(case, facts)


def _is_news(case: Case, alias: Alias, at: datetime | None) -> bool:
    """That the number was theirs at `at`, too: then what was said of it since may be about them."""
    if alias.kind is not AliasKind.EMPLOYEE_NUMBER or at is None:
        return False
    words = case.numbers.get(f"{alias.source}:{alias.value}", [at])
    return at < words[0] or len(numbers.of_source(case, alias.source)) > 1


def _of_this_person(told: Mapping[str, Any], person: str | None, at: datetime | None) -> Mapping[str, Any]:
    """Of what was noted under an employee number, what may be about this `person` (the hash of the employee id, where
    one is known), to whom HR gave the number at `at`."""

    def is_theirs(kind: str) -> bool:
        of = told.get(_OF.format(kind), told.get("of"))  # rows of before have one for all kinds
        if of is not None and person is not None:
            return bool(of == person)
        return at is None or datetime.fromisoformat(told[kind]) > at

    others = {kind for kind in _OF_NUMBERS.keys() & told.keys() if not is_theirs(kind)}
    return {key: value for key, value in told.items() if key not in others}


def _keep_words(
    case: Case, event: HireEvent, told: Mapping[str, Any], at: datetime | None, now: datetime
) -> Mapping[str, Any]:
    """Of what was noted under the number alone, the case keeps apart what may turn out to be another's, as it would of
    such an event (`intake.number_words`). Returns what is this person's as far as is known."""
    others, number = set(), event.hire.employee_number or ""
    for kind in _OF_NUMBERS.keys() & told.keys():
        if at is None or told.get(_OF.format(kind), told.get("of")) is not None:
            continue
        moment, words = datetime.fromisoformat(told[kind]), numbers.with_event(case, event, at)
        if numbers.since(words, event.source, number, moment) is None:
            others.add(kind)
            continue
        end = date.fromisoformat(told[_LAST_DAY]) if kind == _PLANNED else None
        start = event.hire.start_date or case.hire.start_date
        ahead = end is not None and not (start is not None and end <= start)
        word = NumberWord(
            _OF_NUMBERS[kind], event.source, number, moment, told.get(_DELIVERY, ""), end, ahead
        )
        number_words.note(case, word)
        if kind == "deleted_at":
            deletions.note(case, number_words.event_of(word), moment)
            others.add(kind)
        if kind == _CANCELLED:
            case.cancelled_at = max(moment, case.cancelled_at or moment)
    return {key: value for key, value in told.items() if key not in others}


def _recall_planned(case: Case, event: HireEvent, told: Mapping[str, str]) -> None:
    end, at = date.fromisoformat(told[_LAST_DAY]), datetime.fromisoformat(told[_PLANNED])
    start = event.hire.start_date or case.hire.start_date
    if start is not None and end <= start:
        ends.note(case, event.source, at)
        return
    before = case.hire
    leave_date.note(case)
    take_end(case, end, Said(at, True, told[_DELIVERY], event.source))
    leave_date.announce(case)
    leave_date.follow(case, before)


async def _told(s: Services, row: str, alias: Alias, now: datetime) -> Mapping[str, Any]:
    digest = _digest(s, alias)
    marker = await s.cases.read_marker(row + digest[0])
    told: Mapping[str, Any] = marker.value.get(digest, {}) if marker else {}
    return told if told and datetime.fromisoformat(told[_NOTED]) >= now - timedelta(days=DAYS) else {}


def _applications(event: HireEvent) -> list[Alias]:
    named = applications_of(event)
    return [alias for alias in event_aliases(event) if alias.value in named]


def _newest(noted: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Those that are still of use, newest first."""
    oldest = (now - timedelta(days=DAYS)).isoformat()
    ordered = sorted(noted.items(), key=lambda item: str(item[1][_NOTED]), reverse=True)
    return {digest: told for digest, told in ordered[:KEPT] if told[_NOTED] >= oldest}


def _id_of(s: Services, source: str, employee_id: str | None) -> str | None:
    return _digest(s, Alias(source, AliasKind.EMPLOYEE_ID, employee_id)) if employee_id else None


def _digest(s: Services, alias: Alias) -> str:
    text = "\0".join((alias.source, alias.kind.value, alias.value)).encode()
    return hmac.new(s.settings.hash_key.reveal().encode(), text, hashlib.sha256).hexdigest()[:32]
