"""At least once, in any order, any number of events a hire: the cases are those of the oracle, which knows no order.

A Hypothesis state machine looks for the shortest story that goes wrong; a shuffled summer with many people looks for
the unlikely one. `--deliveries 10000` makes it as long as the acceptance asks for.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.operate.actions import Ask, act
from onboarding.operate.rerun_plan import possible
from tests.intake import oracle
from tests.intake.oracle import CREATED, WITHDRAWALS, Told
from tests.support.intake_services import World, make_world, secrets_of, signed, source

SOURCE = "standard-webhooks"
FACTS = ("given_name", "start_date", "end_date", "job_title", "department")


def new_world() -> World:
    made = make_world(source(SOURCE, SOURCE, *secrets_of(catalog.adapters()[SOURCE])))
    made.clock.at = oracle.BEGIN.replace(month=11)
    return made


async def deliver(world: World, told: Told, number: int) -> str:
    """Through the door, and worked off at once; a repeat is known by its id."""
    adapter = catalog.adapters()[SOURCE]
    body = json.dumps(told.body()).encode()
    answer = await receive(
        world.services, SOURCE, signed(adapter, body, world.clock.at, message_id=f"m{number}")
    )
    accepted = json.loads(answer.body)
    assert accepted["accepted"]
    if accepted["result"] == "queued":
        await process_delivery(world.services, accepted["delivery_id"])
    found: str = accepted["delivery_id"]
    return found


async def listed(world: World) -> list[Case]:
    """Every case in the store but the traces of joined ones."""
    found: list[Case] = []
    page = None
    while True:
        walked = await world.store.cases.walk(page)
        found += [case for case in walked.items if case.listed]
        if (page := walked.next_page) is None:
            return found


def line(case: Case, *, over: bool) -> dict[str, Any]:
    hire = case.hire
    facts = {name: str(value) for name in FACTS if (value := getattr(hire, name)) is not None}
    return {"state": str(case.state), "reason": case.reason_code, "facts": None if over else facts}


async def compare(world: World, told: set[Told]) -> list[str]:
    """Differences between the store and the oracle, person by person."""
    wanted = {min(item.ids): item for item in oracle.expected(told)}
    aliases = [alias async for alias in _aliases(world)]
    cases = {case.case_id: case for case in await listed(world)}
    wrong = [] if len(cases) == len(wanted) else [f"{len(cases)} cases for {len(wanted)} people"]
    for key, person in wanted.items():
        owners = {
            owner for alias, owner in aliases if (str(alias.kind), alias.value) in person.ids
        } & cases.keys()
        if len(owners) != 1:
            wrong.append(f"{key}: {len(owners)} cases")
            continue
        found = line(cases[owners.pop()], over=person.facts is None)
        expected = {"state": person.state, "reason": person.reason, "facts": person.facts}
        if found != expected:
            wrong.append(f"{key}: {found} and not {expected}")
    return wrong


async def _aliases(world: World) -> Any:
    page = None
    while True:
        found = await world.store.cases.walk_aliases(page)
        for item in found.items:
            yield item
        if (page := found.next_page) is None:
            return


# --- the shortest story that goes wrong ------------------------------------------------------------------------

IDS = st.sampled_from(
    [
        (("employee_id", "E1"),),
        (("candidate_id", "C1"),),
        (("employee_id", "E1"), ("candidate_id", "C1")),
        (("employee_id", "E2"),),
    ]
)
VALUES = {
    "given_name": st.sampled_from(["Søren", "山田"]),
    "start_date": st.sampled_from(["2027-02-01", "2028-02-29", "2027-06-01"]),
    "job_title": st.sampled_from(["Cook", "Baker"]),
}
#: Ends that lie ahead, later than every first day.
LAST_DAYS = st.sampled_from(["2028-03-31", "2029-12-31"])
SOME = st.dictionaries(st.sampled_from(sorted(VALUES)), st.integers(0, 2), max_size=3)


class AnyOrder(RuleBasedStateMachine):
    """Events come with any time, any ids, again, and are worked off again."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = new_world()
        self.told: list[Told] = []
        self.deliveries: list[str] = []

    @initialize()
    def quiet(self) -> None:
        door._arrivals = Arrivals()

    @rule(
        kind=st.sampled_from([CREATED, oracle.UPDATED, oracle.MOVED, *WITHDRAWALS]),
        minute=st.integers(1, 60),
        ids=IDS,
        name=st.none() | VALUES["given_name"],
        start=st.none() | VALUES["start_date"],
        job=st.none() | VALUES["job_title"],
        last_day=st.none() | LAST_DAYS,
        emptied=st.sets(st.sampled_from([*sorted(VALUES), "end_date"]), max_size=1),
    )
    def hr_says(
        self,
        kind: str,
        minute: int,
        ids: Any,
        name: Any,
        start: Any,
        job: Any,
        last_day: Any,
        emptied: set[str],
    ) -> None:
        said = (
            () if kind in WITHDRAWALS else (("given_name", name), ("start_date", start), ("job_title", job))
        )
        # Of people whom nobody knows no more is kept than that they left: not that two ids are theirs.
        ids = ids[:1] if kind == oracle.ENDED else ids
        minute = minute * 100 + len(self.told)  # no two at the same moment
        facts = tuple((key, value) for key, value in said if value and key not in emptied)
        cleared = () if kind in WITHDRAWALS else tuple(emptied)
        told = Told(kind, minute, ids, facts, cleared, last_day if kind == oracle.ENDED else None)
        self.told.append(told)
        self.deliveries.append(self.run(deliver(self.world, told, len(self.told))))

    @rule(which=st.integers(0, 10**6))
    def hr_says_it_again(self, which: int) -> None:
        if self.told:
            number = which % len(self.told)
            self.run(deliver(self.world, self.told[number], number + 1))

    @rule(which=st.integers(0, 10**6))
    def a_worker_takes_it_again(self, which: int) -> None:
        if self.deliveries:
            self.run(process_delivery(self.world.services, self.deliveries[which % len(self.deliveries)]))

    @invariant()
    def the_cases_are_the_oracles(self) -> None:
        assert self.run(compare(self.world, set(self.told))) == []

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.world.store.close()
        self.loop.close()


AnyOrder.TestCase.settings = settings(
    max_examples=2000, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase


# --- stories that were found, and went wrong ----------------------------------------------------------------------

E, C = ("employee_id", "E1"), ("candidate_id", "C1")
START = (("start_date", "2027-02-01"),)
FOUND = {
    "the other one is cancelled, and hired again by the event that joins them": [
        Told(CREATED, 100, (E,), START),
        Told(oracle.CANCELLED, 101, (C,)),
        Told(CREATED, 102, (E, C)),
    ],
    "in the other one the name was taken back": [
        Told(CREATED, 200, (C,), (), ("given_name",)),
        Told(CREATED, 103, (E,), (*START, ("given_name", "Søren"))),
        Told(CREATED, 104, (E, C)),
    ],
    "the other one is a newer hire, and the event that joins them takes it back": [
        Told(CREATED, 300, (C,)),
        Told(CREATED, 101, (E,)),
        Told(oracle.CANCELLED, 202, (E,)),
        Told(oracle.CANCELLED, 304, (E, C)),
    ],
    "an end of somebody unknown turns out to be theirs, and lies between two hires": [
        Told(oracle.ENDED, 200, (C,)),
        Told(CREATED, 201, (E,)),
        Told(CREATED, 102, (E,), START),
        Told(CREATED, 103, (E, C)),
    ],
    "of the other one only a first day was said, which hires nobody": [
        Told(CREATED, 100, (E,)),
        Told(oracle.CANCELLED, 204, (E,)),
        Told(oracle.UPDATED, 205, (C,), START),
        Told(CREATED, 107, (E, C)),
    ],
    "of the other one only a later first day was said, which hires nobody": [
        Told(CREATED, 100, (E,), (("start_date", "2027-01-04"),)),
        Told(oracle.CANCELLED, 204, (E,)),
        Told(oracle.UPDATED, 205, (C,), START),
        Told(CREATED, 107, (E, C)),
    ],
}


@pytest.mark.parametrize("story", FOUND.values(), ids=FOUND)
async def test_a_story_that_once_went_wrong(monkeypatch: pytest.MonkeyPatch, story: list[Told]) -> None:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    world = new_world()
    for number, told in enumerate(story):
        await deliver(world, told, number)
        assert await compare(world, set(story[: number + 1])) == []
    world.store.close()


# --- the unlikely one ------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
async def test_a_shuffled_summer_with_repeats_ends_in_exactly_the_oracles_cases(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    wanted = int(pytestconfig.getoption("deliveries"))
    chance = random.Random(wanted)
    told: list[Told] = []
    person = 0
    while len(told) < wanted * 10 // 13:
        told += oracle.history(chance, person)
        person += 1
    sent = [*enumerate(told), *chance.choices(list(enumerate(told)), k=len(told) * 3 // 10)]
    chance.shuffle(sent)
    world = new_world()
    for number, event in sent:
        await deliver(world, event, number)
    wrong = await compare(world, set(told))
    world.store.close()
    assert wrong == []
    assert person > 20


# --- left alone for a while ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
async def test_whoever_was_excluded_for_a_while_ends_where_hrs_words_lead(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """An operator excludes people anywhere in the story, and includes everybody in the end."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    chance = random.Random(seed)
    told = [
        replace(event, ids=event.ids[:1])  # nobody is joined with who is excluded
        for person in range(40)
        for event in oracle.history(chance, person)
    ]
    sent = [*enumerate(told)]
    chance.shuffle(sent)
    world, ask, excluded = new_world(), Ask("o-1", "wait"), 0
    for number, event in sent:
        await deliver(world, event, number)
        for case in await _of(world, event):
            if "exclude" in possible(case) and chance.random() < 0.3:
                await act(world.services, "exclude", case.case_id, ask)
                excluded += 1
    for case in await listed(world):
        if case.state is State.EXCLUDED:
            await act(world.services, "resume", case.case_id, ask)
    wrong = await compare(world, set(told))
    world.store.close()
    assert wrong == []
    assert excluded > 20


async def _of(world: World, told: Told) -> list[Case]:
    """The case that the event is about, if there is one."""
    ((_, value),) = told.ids
    owners = {owner for _, owner in await world.store.cases.find_aliases(value)}
    found = [await world.store.cases.get(owner) for owner in owners]
    return [case for case in found if case is not None]
