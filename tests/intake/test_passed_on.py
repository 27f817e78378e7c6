"""Ids and numbers that HR gives again: whatever order its words come in, they lead to the same end."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.domain.case import Case
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.process import ask_first, process_delivery
from onboarding.intake.receive import Arrivals, receive
from tests.support.intake_services import World, hire_body, make_world, secrets_of, signed, source

SOURCE = "standard-webhooks"
NOTHING = dict.fromkeys(("employee_id", "given_name", "family_name", "start_date", "work_country"))
ASKED = "needs_approval_other_name"
Said = dict[str, Any]


def said(kind: str, hour: int, **fields: Any) -> Said:
    return {"event_type": kind, "occurred_at": f"2026-08-16T{hour:02d}:00:00Z", **fields}


def orders(story: list[Said]) -> list[tuple[Said, ...]]:
    """Every order of a short story, many of a long one."""
    every = list(itertools.permutations(story))
    return every if len(every) <= 24 else random.Random(len(story)).sample(every, 40)


async def play(story: list[Said]) -> list[Case]:
    """One delivery each, in this order; then whoever works looks at every case."""
    door._arrivals = Arrivals()
    adapter = catalog.adapters()[SOURCE]
    world = make_world(source(SOURCE, SOURCE, *secrets_of(adapter)))
    for number, item in enumerate(story):
        world.clock.move(minutes=1)
        body = hire_body(**{**NOTHING, **item})
        call = signed(adapter, body, world.clock.at, message_id=f"m{number}")
        answer = json.loads((await receive(world.services, SOURCE, call)).body)
        await process_delivery(world.services, answer["delivery_id"])
    for case in await listed(world):
        await ask_first(world.services, case, world.clock.at)
    found = await listed(world)
    world.store.close()
    return found


async def listed(world: World) -> list[Case]:
    return [case for case in await world.all_cases() if case.listed]


def ends(cases: list[Case], *facts: str) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (case.hire.given_name, str(case.state), case.reason_code, *(getattr(case.hire, name) for name in facts))
            for case in cases
        ),
        key=str,
    )  # fmt: skip


# --- an id that is given again ------------------------------------------------------------------------------------

ANNA = {"given_name": "Anna", "family_name": "Berg"}
BERT = {"given_name": "Bert", "family_name": "Colm", "start_date": "2026-09-21"}
HERS = {
    "personal_email": "anna@private.example",
    "phones": ["+4915112345678"],
    "manager": {"email": "annas-boss@contoso.example"},
    "work_country": "DE",
}
HIRED = said("hire.created", 1, start_date="2026-09-14", **ANNA, **HERS)
BARE = said("hire.created", 1, start_date="2026-09-14", **ANNA)
THIN = said("hire.updated", 2, **HERS)
NAMED = said("hire.updated", 2, **ANNA, **HERS)
NEXT = said("hire.created", 4, **BERT)
SAME_DAY = {**NEXT, "start_date": "2026-09-14"}
LATER = said("hire.updated", 5, department="Sales", manager={"email": "berts-boss@contoso.example"})
RENAMED = said("hire.updated", 6, given_name="Bert", family_name="Dorn")
MOVED = said("hire.updated", 6, start_date="2026-09-28", job_title="Cook")
GIVEN = said("hire.updated", 6, given_name="Bert")
ALL, DAY = said("hire.updated", 3, **BERT), said("hire.updated", 3, start_date="2026-09-21")
SHOWN = {**HIRED, "display_name": "Anna Berg"}
FIRST = said("hire.updated", 3, given_name="Bert", family_name="Colm")
STORIES = {
    "hired": [HIRED, NEXT, LATER],
    "updated": [BARE, THIN, NEXT, LATER],
    "named by an update": [BARE, NAMED, NEXT, LATER],
    "named by an update alone": [NAMED, NEXT, LATER],
    "cancelled": [HIRED, THIN, said("hire.cancelled", 3), NEXT, LATER],
    "left": [HIRED, said("employment.terminated", 3), NEXT, LATER],
    "the same first day, cancelled": [HIRED, said("hire.cancelled", 3), SAME_DAY, LATER],
    "the next one's name is said again": [HIRED, NEXT, LATER, RENAMED],
    "the next one is shown again": [HIRED, THIN, NEXT, said("employment.started", 7, **BERT)],
    "the next one's day is moved": [HIRED, NEXT, MOVED],
    "left, the next one's day is moved": [HIRED, said("employment.terminated", 3), NEXT, MOVED],
    "the next one's day is said again": [HIRED, NEXT, said("hire.updated", 6, start_date="2026-09-21")],
    "left, one name is said again": [HIRED, said("employment.terminated", 3), NEXT, GIVEN],
    "one name is said again": [HIRED, NEXT, GIVEN],
    "the other name is said again": [HIRED, NEXT, said("hire.updated", 6, family_name="Colm"), LATER],
    "an update names the next one first": [HIRED, FIRST, NEXT, LATER],
    "left, an update names the next one first": [HIRED, said("employment.terminated", 2), FIRST, NEXT],
    "left, an update says all of the next one first": [HIRED, said("employment.terminated", 2), ALL, NEXT],
    "cancelled, the names are written out": [SHOWN, said("hire.cancelled", 2), FIRST, NEXT, GIVEN],
    "left, an update says the next one's day first": [HIRED, said("hire.cancelled", 2), DAY, NEXT],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_whoever_is_given_the_id_inherits_nothing_and_an_approver_is_asked(story: list[Said]) -> None:
    facts = ("start_date", "personal_email", "phones", "manager", "work_country", "department")
    wanted = ends(await play([{**item, "employee_id": "100"} for item in story]), *facts)
    ((name, state, reason, _, mail, phones, manager, country, _),) = wanted
    assert (name, state, reason, mail, phones or None, country) == (
        "Bert",
        "blocked",
        ASKED,
        None,
        None,
        None,
    )
    assert manager is None or manager.email == "berts-boss@contoso.example"
    for order in orders(story):
        told = [{**item, "employee_id": "100"} for item in order]
        assert ends(await play(told), *facts) == wanted, [item["occurred_at"][11:13] for item in order]


SAME = {
    "the same first day: a name that was corrected": [HIRED, {**SAME_DAY, "event_type": "hire.created"}],
    "a name that the person prefers": [
        HIRED,
        said("hire.updated", 4, preferred_name="Bert"),
        {**HIRED, "occurred_at": "2026-08-16T03:00:00Z", "start_date": "2026-09-21"},
    ],
    "one of two names": [
        HIRED,
        said("hire.updated", 4, given_name="Bert"),
        {**HIRED, "occurred_at": "2026-08-16T03:00:00Z", "start_date": "2026-09-21"},
    ],
    "no more than an update: a name that was corrected": [HIRED, said("hire.updated", 4, **BERT)],
}


@pytest.mark.parametrize("story", SAME.values(), ids=SAME)
async def test_a_name_that_is_corrected_asks_nobody_in_any_order(story: list[Said]) -> None:
    for order in orders([*story, LATER]):
        (case,) = await play([{**item, "employee_id": "100"} for item in order])
        assert (case.reason_code, case.hire.personal_email) == (None, "anna@private.example")
        assert "Bert" in {case.hire.given_name, case.hire.preferred_name}


STARTED = said("employment.started", 5, **ANNA, start_date="2026-09-14")
ORDINARY = {
    "a marriage": [HIRED, said("hire.updated", 2, family_name="Colm"), {**STARTED, "family_name": "Colm"}],
    "a moved day": [HIRED, said("hire.updated", 3, start_date="2026-09-21"), STARTED],
    "a typo": [{**HIRED, "given_name": "Ana"}, said("hire.updated", 3, given_name="Anna"), STARTED],
    "a day that is moved after a marriage": [
        HIRED,
        said("hire.updated", 2, family_name="Colm"),
        said("hire.updated", 3, start_date="2026-09-21"),
        {**STARTED, "family_name": "Colm", "start_date": "2026-09-21"},
    ],
    "hired again": [
        HIRED,
        said("hire.cancelled", 2),
        {**HIRED, "occurred_at": "2026-08-16T04:00:00Z", "start_date": "2026-10-05"},
    ],
    "nothing but ids": [HIRED, said("hire.updated", 2), said("employment.started", 5)],
}


@pytest.mark.parametrize("story", ORDINARY.values(), ids=ORDINARY)
async def test_an_ordinary_hire_goes_on_unasked_in_any_order(story: list[Said]) -> None:
    for order in orders(story):
        (case,) = await play([{**item, "employee_id": "100"} for item in order])
        assert (str(case.state), case.reason_code) == ("waiting_start", None)
        assert case.hire.personal_email == "anna@private.example"


async def test_a_name_that_stood_in_for_another_is_corrected_unasked() -> None:
    """In the order in which HR says it: the name by an update, then the day, then that the person has begun."""
    day = said("hire.updated", 4, start_date="2026-09-21")
    begun = said("employment.started", 5, **BERT)
    for story in ([HIRED, FIRST, begun | {"start_date": "2026-09-14"}], [HIRED, FIRST, day, begun]):
        (case,) = await play([{**item, "employee_id": "100"} for item in story])
        assert (case.reason_code, case.hire.personal_email) == (None, "anna@private.example")


# --- a number that is given again ---------------------------------------------------------------------------------

ANN = {"employee_id": "7", "given_name": "Ann", "family_name": "Lee", "start_date": "2026-09-14"}
BEN = {"employee_id": "8", "given_name": "Ben", "family_name": "Colm", "start_date": "2026-09-21"}
COMES = said("hire.created", 1, employee_number="42", **ANN)
CORRECTED = said("hire.updated", 3, employee_id="7", employee_number="43")
PASSED_ON = said("hire.created", 4, employee_number="42", **BEN)
END = {"employment.terminated": "closed", "hire.cancelled": "cancelled", "employee.deleted": "blocked"}
REASON = {"closed": "employment_ended", "cancelled": "cancelled_by_hr", "blocked": "hr_deleted_record"}
GOES_ON = ("Ann", "waiting_start", None)


def over(name: str, kind: str) -> tuple[str, str, str]:
    return (name, END[kind], REASON[END[kind]])


async def in_any_order(story: list[Said], *wanted: tuple[Any, ...]) -> None:
    for order in orders(story):
        told = [(item["event_type"], item["occurred_at"][11:13]) for item in order]
        assert ends(await play(list(order))) == sorted(wanted, key=str), told


@pytest.mark.parametrize("kind", END)
async def test_an_end_of_a_number_that_was_corrected_before_is_nobodys(kind: str) -> None:
    await in_any_order([COMES, CORRECTED, said(kind, 4, employee_number="42")], GOES_ON)


@pytest.mark.parametrize("kind", END)
async def test_an_end_of_a_number_from_before_it_was_corrected_is_theirs(kind: str) -> None:
    await in_any_order([COMES, CORRECTED, said(kind, 2, employee_number="42")], over("Ann", kind))


@pytest.mark.parametrize("kind", END)
async def test_an_end_of_a_number_that_was_passed_on_is_of_the_next_one(kind: str) -> None:
    story = [COMES, CORRECTED, PASSED_ON, said(kind, 5, employee_number="42")]
    await in_any_order(story, GOES_ON, over("Ben", kind))


@pytest.mark.parametrize("kind", END)
async def test_so_it_is_where_the_next_one_has_another_by_now(kind: str) -> None:
    again = said("hire.updated", 6, employee_id="8", employee_number="44")
    story = [COMES, CORRECTED, PASSED_ON, said(kind, 5, employee_number="42"), again]
    await in_any_order(story, GOES_ON, over("Ben", kind))


@pytest.mark.parametrize("by_id", END)
@pytest.mark.parametrize("kind", END)
async def test_what_was_said_of_the_person_by_an_id_stands(kind: str, by_id: str) -> None:
    words = [said(by_id, 2, employee_id="7"), said(kind, 4, employee_number="42")]
    await in_any_order([COMES, CORRECTED, *words], over("Ann", by_id))


async def test_two_ends_of_a_number_are_each_of_whoever_had_it() -> None:
    words = [
        said("employment.terminated", 2, employee_number="42"),
        said("hire.cancelled", 5, employee_number="42"),
    ]
    story = [COMES, CORRECTED, PASSED_ON, *words]
    await in_any_order(story, over("Ann", "employment.terminated"), over("Ben", "hire.cancelled"))


async def test_an_announced_end_goes_with_the_number() -> None:
    planned = said("employment.terminated", 5, employee_number="42", effective_date="2026-12-31")
    term = said("hire.updated", 2, employee_id="7", end_date="2027-06-30")
    for order in orders([COMES, term, CORRECTED, PASSED_ON, planned]):
        ann, ben = sorted(await play(list(order)), key=lambda case: case.hire.given_name or "")
        assert (ann.state, str(ann.hire.end_date), ann.ends_at) == ("waiting_start", "2027-06-30", None)
        assert (ben.state, str(ben.hire.end_date), ben.ends_at is None) == (
            "waiting_start",
            "2026-12-31",
            False,
        )


async def test_a_number_that_two_people_have_at_once_is_asked_about() -> None:
    for order in orders([COMES, PASSED_ON]):
        found = {case.reason_code for case in await play(list(order))}
        assert found == {None, "needs_approval_shared_id"}


async def test_a_number_that_was_never_two_peoples_at_once_is_not() -> None:
    await in_any_order([COMES, CORRECTED, PASSED_ON], GOES_ON, ("Ben", "waiting_start", None))


# --- any two people under one id ----------------------------------------------------------------------------------

FACTS = st.fixed_dictionaries(
    {},
    optional={
        "department": st.sampled_from(["Sales", "Law"]),
        "manager": st.sampled_from([{"email": "one@contoso.example"}, {"email": "two@contoso.example"}]),
        "personal_email": st.sampled_from(["one@private.example", "two@private.example"]),
        "end_date": st.just("2027-01-31"),
    },
)
KINDS = ["thin", "named", "start_date.changed", "hire.cancelled", "employment.terminated"]
WORDS = st.lists(st.tuples(st.sampled_from(KINDS), FACTS), max_size=3)


def life(name: Said, start: str, facts: Said, words: list[tuple[str, Said]], hour: int) -> list[Said]:
    """A hire, and what HR says of it in the hours after."""
    told = [said("hire.created", hour, start_date=start, **name, **facts)]
    for place, (kind, more) in enumerate(words):
        at = hour + 1 + place
        if kind in {"thin", "named"}:
            told.append(said("hire.updated", at, **more, **(name if kind == "named" else {})))
        else:
            day = {"start_date": f"{start[:-2]}{at:02d}"} if kind == "start_date.changed" else {}
            told.append(said(kind, at, **day))
    return told


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(FACTS, WORDS, FACTS, WORDS, st.randoms(use_true_random=False))
def test_any_two_people_under_one_id_end_as_if_all_had_come_in_order(
    hers: Said,
    of_her: list[tuple[str, Said]],
    his: Said,
    of_him: list[tuple[str, Said]],
    chance: random.Random,
) -> None:
    told = life(ANNA, "2026-10-01", hers, of_her, 1)
    told += life({"given_name": "Bert", "family_name": "Colm"}, "2026-11-01", his, of_him, 11)
    told = [{**item, "employee_id": "100"} for item in told]
    wanted = asyncio.run(play(told))
    over = {str(case.state) for case in wanted} <= {
        "closed",
        "cancelled",
    }  # when facts of which hire are kept is open
    names = (
        "family_name",
        *(() if over else ("start_date", "end_date")),
        "department",
        "manager",
        "personal_email",
    )
    chance.shuffle(told)
    found = asyncio.run(play(told))
    assert ends(found, *names) == ends(wanted, *names)
