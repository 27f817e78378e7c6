"""What HR said of an employee number alone goes to whoever had the number then, as that is known now.

Each event may tell more about who had a number since when: that of the case it is about, and by that also what two
cases are to each other. So words of a number move from one case to another, or are remembered for somebody who may
come (`intake.leavers`), and a question about a number that two people never had at once is taken back. Whoever gains a
word is written first, and whoever loses it last: a crash between leaves it with both, and the delivery, done again,
takes it away.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import HireEvent
from onboarding.domain.records import NumberWord
from onboarding.intake import leavers, number_words, numbers, stand_again
from onboarding.intake.decide import apply_event
from onboarding.intake.erasure import being_forgotten, refuse_forgotten
from onboarding.intake.identity import Located
from onboarding.intake.laying_down import lay_down
from onboarding.intake.merging import HIRING, newest_withdrawal
from onboarding.intake.number_holders import asks, holders, still_shares
from onboarding.intake.outcome import Circumstances, Outcome
from onboarding.ports import Services


async def lay_down_with(
    s: Services, found: Located, event: HireEvent, outcome: Outcome, now: datetime, queue: str
) -> None:
    """Lay down the case that the event was applied to, and the others that it tells something about."""
    if not _concerns(found, event):
        await lay_down(s, found.case, outcome, now, queue)
        return
    outcome = await _follow(s, found.case, event.source, outcome, now, queue)
    await lay_down(s, found.case, outcome, now, queue)
    await tell_others(s, found, event, now, queue)


def _concerns(found: Located, event: HireEvent) -> bool:
    """The event may tell more about whose a number was."""
    case = found.case
    mine = numbers.of_source(case, event.source)
    if found.strangers or case.by_number or asks(case) or len(mine) > 1:
        return True
    gone = event.event_type in numbers.ENDS
    back = event.event_type in HIRING and bool(newest_withdrawal(case) or case.deleted_at)
    return bool(mine) and (gone or back)


async def _follow(
    s: Services, case: Case, source: str, outcome: Outcome, now: datetime, queue: str
) -> Outcome:
    """After an event was applied to the case, which is not written yet. Returns what to lay it down with."""
    ask_rehire = s.policy.account.rehire == "ask"
    lost: list[NumberWord] = []
    for number in numbers.of_source(case, source):
        cases = await holders(s, source, number, now_as=case)
        for of, word, right in _misplaced(cases, source, number):
            if of is case:
                await _give(s, right, word, now, queue)
                lost.append(word)
            elif right is case:
                outcome = _both(outcome, _apply(case, word, now, ask_rehire))
    if lost:
        outcome = _both(outcome, stand_again.without(case, lost, now, ask_rehire=ask_rehire))
    if asks(case) and not await still_shares(s, case):
        outcome = _both(outcome, stand_again.unshared(case, now, ask_rehire=ask_rehire))
    return outcome


async def tell_others(s: Services, found: Located, event: HireEvent, now: datetime, queue: str) -> None:
    """After the case was written: the others who have, or had, one of its numbers."""
    if not _concerns(found, event):
        return
    case, source, ask_rehire = found.case, event.source, s.policy.account.rehire == "ask"
    for number in numbers.of_source(case, source):
        cases = await holders(s, source, number)
        lost: dict[str, list[NumberWord]] = {}
        for of, word, right in _misplaced(cases, source, number):
            if of.case_id != case.case_id:
                if right is None or right.case_id != case.case_id:
                    await _give(s, right, word, now, queue)
                lost.setdefault(of.case_id, []).append(word)
        for of in cases:
            if of.case_id == case.case_id:
                continue
            fresh = await s.cases.get(of.case_id) or of
            if being_forgotten(fresh):
                continue  # gone in a moment
            words = lost.get(of.case_id, [])
            outcome = stand_again.without(fresh, words, now, ask_rehire=ask_rehire) if words else Outcome(())
            unshared = asks(fresh) and not await still_shares(s, fresh)
            if unshared:
                outcome = _both(outcome, stand_again.unshared(fresh, now, ask_rehire=ask_rehire))
            if words or unshared:
                await lay_down(s, fresh, outcome, now, queue)


def _misplaced(cases: list[Case], source: str, number: str) -> list[tuple[Case, NumberWord, Case | None]]:
    """Whose case the word is on, the word, and whose it is."""
    found = [
        (of, word) for of in cases for word in of.by_number if (word.source, word.number) == (source, number)
    ]
    judged = ((of, word, numbers.holder(cases, source, number, word.at)) for of, word in found)
    return [(of, word, right) for of, word, right in judged if right is not of]


async def _give(s: Services, right: Case | None, word: NumberWord, now: datetime, queue: str) -> None:
    if right is None:
        await leavers.remember(s, number_words.event_of(word), word.delivery, word.at, now)
        return
    fresh = await s.cases.get(right.case_id) or right  # it may have been given another one a moment ago
    refuse_forgotten([fresh])
    if word not in fresh.by_number:
        await lay_down(s, fresh, _apply(fresh, word, now, s.policy.account.rehire == "ask"), now, queue)


def _apply(case: Case, word: NumberWord, now: datetime, ask_rehire: bool) -> Outcome:
    event, about = number_words.event_of(word), Circumstances(word.delivery, now, ask_rehire=ask_rehire)
    word = number_words.of_event(case, event, word.at, word.delivery, now)
    number_words.note(case, word)
    return apply_event(case, event, about, now)


def _both(one: Outcome, other: Outcome) -> Outcome:
    """The entries of both; what is to be done is what the later one says, if it says so."""
    entries = (*one.entries, *other.entries)
    return replace(one if other.what is None else other, entries=entries)
