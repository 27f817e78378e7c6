"""Employee numbers that are corrected, passed on, and ended by the number alone: the cases are those of an oracle that
knows no order (`tests.intake.oracle`, once it is told whose each end is)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.intake import receive as door
from onboarding.intake.receive import Arrivals
from tests.intake.oracle import CANCELLED, CREATED, ENDED, UPDATED, Told
from tests.intake.test_any_order import compare, deliver, new_world

PEOPLE, NUMBERS = ("E1", "E2", "E3"), ("42", "43")
SHARED = "needs_approval_shared_id"


def of(person: str) -> tuple[tuple[str, str], ...]:
    return (("employee_id", person),)


def alone(number: str) -> tuple[tuple[str, str], ...]:
    return (("employee_number", number),)


def said(kind: str, person: str | None, number: str | None, start: int) -> Told:
    if kind in {CANCELLED, ENDED}:
        return Told(kind, 0, of(person) if person else alone(number or "42"))
    person = person or "E1"
    fields: tuple[tuple[str, str], ...] = (("employee_number", number),) if number else ()
    if kind == CREATED:
        fields += (("given_name", person), ("start_date", f"2027-0{start}-01"))
    return Told(kind, 0, of(person), fields)


EVENTS = st.builds(
    said,
    st.sampled_from([CREATED, CREATED, UPDATED, UPDATED, ENDED, CANCELLED]),
    st.sampled_from([*PEOPLE, None]),
    st.sampled_from([*NUMBERS, None]),
    st.integers(1, 9),
)


# --- the oracle -----------------------------------------------------------------------------------------------------


def numbered(told: Iterable[Told]) -> dict[str, list[tuple[int, str]]]:
    """Person → minutes and numbers that HR said are theirs, in order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for event in sorted(told, key=lambda item: item.minute):
        number = dict(event.fields).get("employee_number")
        if number is not None:
            found.setdefault(dict(event.ids)["employee_id"], []).append((event.minute, number))
    return found


def spans(words: list[tuple[int, str]], number: str) -> list[tuple[int, int]]:
    """From when until when it was theirs."""
    ends = [*(minute for minute, _ in words[1:]), 10**9]
    found = [(minute, end) for (minute, mine), end in zip(words, ends, strict=True) if mine == number]
    runs: list[tuple[int, int]] = []
    for start, end in found:
        if runs and runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def has_left(told: Iterable[Told], person: str, minute: int) -> bool:
    mine = [event for event in told if event.ids == of(person)]
    newest = [
        max((event.minute for event in mine if event.kind == kind), default=minute)
        for kind in (ENDED, CANCELLED)
    ]
    gone = max((moment for moment in newest if moment < minute), default=None)
    hired = max((event.minute for event in mine if event.kind == CREATED), default=-1)
    return gone is not None and not gone < hired <= minute


def attributed(told: Sequence[Told]) -> set[Told]:
    """The same events, each end of a number as one of the person whose it was; without those of nobody."""
    known, found = numbered(told), set()
    for event in told:
        if "employee_id" in dict(event.ids):
            facts = tuple(item for item in event.fields if item[0] != "employee_number")
            found.add(replace(event, fields=facts))
            continue
        number = dict(event.ids)["employee_number"]
        having = [
            (not has_left(told, person, event.minute), start, person)
            for person, words in known.items()
            for start, end in spans(words, number)
            if start <= event.minute < end
        ]
        if having:
            found.add(replace(event, ids=of(max(having)[2])))
    return found


def overlapping(told: Sequence[Told]) -> bool:
    known = numbered(told)
    for number in NUMBERS:
        having = sorted(span for words in known.values() for span in spans(words, number))
        if any(one[1] > other[0] for one, other in itertools.pairwise(having)):
            return True
    return False


# --- any order ------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_numbers_that_are_passed_on_end_the_same_in_any_order(events: list[Told], chance: object) -> None:
    told = [replace(event, minute=minute + 1) for minute, event in enumerate(events)]
    named = {value for event in told for key, value in event.fields if key == "employee_number"}
    # A cancellation of a number that nobody ever has is a case of its own.
    told = [event for event in told if event.ids[0][0] == "employee_id" or event.ids[0][1] in named]
    sent = list(told)
    chance.shuffle(sent)  # type: ignore[attr-defined]
    assert asyncio.run(_wrong(told, sent)) == []


async def _wrong(told: list[Told], sent: list[Told]) -> list[str]:
    door._arrivals = Arrivals()
    world = new_world()
    for number, event in enumerate(sent):
        await deliver(world, event, number)
    wrong = await compare(world, attributed(told))
    world.store.close()
    if not overlapping(told):
        return wrong
    # Of two who have a number at once, one is asked about: also where an end of the number alone was that one's, which
    # nobody can know while both have it.
    asked = f"'state': 'blocked', 'reason': '{SHARED}'"
    instead = ["and not {'state': 'waiting_start'"]
    if any(event.ids[0][0] == "employee_number" for event in told):
        instead += ["and not {'state': 'cancelled'", "and not {'state': 'closed'"]
    return [line for line in wrong if asked not in line or not any(text in line for text in instead)]
