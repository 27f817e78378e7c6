"""Three cases that ask about each other: whatever is answered, in whichever order, on whichever of them.

No account is made before every question about the person is answered; "two people" is never overridden but by an
answer to a question that says so; and there are as many accounts as the answers make people.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.errors import IllegalTransition
from onboarding.intake import twins, two_cases
from onboarding.intake.joining import join
from onboarding.intake.outcome import APPROVE_SAME_PERSON
from onboarding.operate import rerun_plan, work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WorkMessage
from tests.support.doubles import CASE_ID, T0, Killed, World, hire, make_case

A, B, C = NAMES = (CASE_ID, "c_00000000000000000002", "c_00000000000000000003")
BOSS = Ask("boss", "asked HR", answers=rerun_plan.answers(approver=True))
Pair = frozenset[str]
T = TypeVar("T")


def pair(one: str, other: str) -> Pair:
    return frozenset({one, other})


PAIRS = (pair(A, B), pair(A, C), pair(B, C))


async def file(world: World, asks: dict[str, list[str]]) -> None:
    """Three of one name, each blocked with what it asks about the others."""
    for number, name in enumerate(NAMES):
        case = make_case(name, source=f"hr-{number}", hire=hire(employee_id=f"e-{number}"), hired_at=T0)
        for other in asks.get(name, []):
            case.ask_about(APPROVE_SAME_PERSON, other)
        if case.maybe_same:
            case.state, case.return_state = State.BLOCKED, State.WAITING_START
            case.reason_code, case.next_action.when = APPROVE_SAME_PERSON, None
        await world.store.cases.create(case)


EACH_OTHER = {name: [other for other in NAMES if other != name] for name in NAMES}


async def drain(world: World) -> None:
    """Every message that is there, and whatever is due now, until everybody who gets an account has it."""
    for _ in range(60):
        names = [message.case_id for message, _ in world.queue.sent if message.case_id]
        names += [row.case_id for row in await world.store.cases.due(world.clock.at, 10)]
        wanted = [name for name in dict.fromkeys(names) if (await world.case(name)).account is None]
        world.queue.sent.clear()
        if not wanted:
            return
        for name in wanted:
            await work.handle(world.s, WorkMessage(case_id=name, why="look"))
    raise AssertionError("no end in sight")


async def asking(world: World) -> list[Case]:
    cases = [await world.case(name) for name in NAMES]
    return [case for case in cases if case.state is State.BLOCKED and case.reason_code == APPROVE_SAME_PERSON]


async def say(world: World, case_id: str, *, one: bool) -> None:
    await act(world.s, "approve" if one else "rerun", case_id, BOSS)


async def groups(world: World) -> dict[str, frozenset[str]]:
    """Case that goes on → every case of its person."""
    found: dict[str, set[str]] = {}
    for name in NAMES:
        live = await two_cases.survivor(world.s, name)
        assert live is not None
        found.setdefault(live.case_id, set()).add(name)
    return {name: frozenset(members) for name, members in found.items()}


async def actions(world: World, name: str) -> list[str]:
    return [item.action for item in await world.story(name)]


# --- every order of answers ------------------------------------------------------------------------------------


@dataclass
class Run:
    """One way through. `turns`: which of the choices is taken, as far as that is laid down; then the first."""

    truth: dict[Pair, bool]
    #: The worker comes after every answer, or only when nobody asks any more.
    at_once: bool
    turns: tuple[int, ...]
    #: How many choices there were each time.
    widths: list[int] = field(default_factory=list)
    yes: list[Pair] = field(default_factory=list)
    no: list[Pair] = field(default_factory=list)

    def choose(self, among: list[T]) -> T:
        turn = len(self.widths)
        self.widths.append(len(among))
        return among[self.turns[turn] if turn < len(self.turns) else 0]


async def play(run: Run) -> None:
    world = World()
    try:
        await file(world, EACH_OTHER)
        while True:
            waiting = await asking(world)
            if not waiting:
                await drain(world)
                waiting = await asking(world)
            if not waiting:
                break
            case = run.choose(waiting)
            assert case.maybe_same is not None
            about = pair(case.case_id, case.maybe_same)
            one = run.truth[about]
            if _is_anew(case) and (one := run.choose([False, True])):
                run.no = []  # said to somebody who was told that it contradicts
            await say(world, case.case_id, one=one)
            (run.yes if one else run.no).append(about)
            if run.at_once:
                await drain(world)
            await judge(world, run)
        people = await groups(world)
        await judge(world, run)
        assert len(world.tenant.created) == len(people), run
        cases = [await world.case(name) for name in people]
        assert all(case.account and not case.others(APPROVE_SAME_PERSON) for case in cases), run
    finally:
        world.close()


def _is_anew(case: Case) -> bool:
    return any(word.startswith(two_cases.ASKED_ANEW) for word in case.approvals)


async def judge(world: World, run: Run) -> None:
    """What has to hold at every moment."""
    people = await groups(world)
    for one, members in people.items():
        for said in run.no:
            assert not said <= members, f"two people were made one: {run}"
        case = await world.case(one)
        if case.account is None and case.intent is None:
            continue
        for others in (found for name, found in people.items() if name != one):
            answered = any(pair(x, y) in {*run.no, *run.yes} for x in members for y in others)
            assert answered, f"an account before an answer: {run}"


def ways(truth: dict[Pair, bool], *, at_once: bool) -> Iterator[Run]:
    """Every way: of each run that was played, the last choice that can be taken otherwise."""
    turns: tuple[int, ...] | None = ()
    while turns is not None:
        run = Run(truth, at_once, turns)
        yield run
        taken = [*turns, *[0] * (len(run.widths) - len(turns))]
        while taken and taken[-1] + 1 >= run.widths[len(taken) - 1]:
            taken.pop()
        turns = (*taken[:-1], taken[-1] + 1) if taken else None


TRUTHS = [dict(zip(PAIRS, said, strict=True)) for said in itertools.product([True, False], repeat=3)]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: "".join("ny"[said] for said in truth.values()))
async def test_every_order_of_answers(truth: dict[Pair, bool], at_once: bool) -> None:
    for run in ways(truth, at_once=at_once):
        await play(run)


# --- one at a time ----------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


async def joined_without(world: World) -> None:
    """B and C ask about each other. A and B turn out to be one person, and not C."""
    await file(world, {A: [B], B: [C], C: [B]})
    await say(world, A, one=True)
    await drain(world)
    assert (await world.case(A)).asked_about == [C]
    await say(world, A, one=False)


async def test_an_answer_about_a_third_is_one_on_both_sides(world: World) -> None:
    await joined_without(world)
    await drain(world)
    third = await world.case(C)
    assert (third.state, third.maybe_same, third.reason_code) == (State.PROVISIONING, None, None)
    assert "two_people_said" in await actions(world, C)
    assert len(world.tenant.created) == 2
    with pytest.raises(IllegalTransition):
        await say(world, C, one=True)


@pytest.mark.parametrize("again", [True, False])
async def test_a_yes_against_two_people_is_asked_anew(world: World, again: bool) -> None:
    """The third was answered before the worker came to tell it."""
    await joined_without(world)
    await say(world, C, one=True)
    await drain(world)
    third = await world.case(C)
    assert (third.reason_code, third.asked_about, third.account) == (APPROVE_SAME_PERSON, [A], None)
    assert (await actions(world, C))[-3:] == ["asked_anew", "maybe_same_person", "blocked"]
    assert (await world.case(A)).is_said(two_cases.TWO_PEOPLE, C)
    await drain(world)
    assert (await world.case(C)).state is State.BLOCKED, "nobody answers it in between"
    await say(world, C, one=again)
    await drain(world)
    third = await world.case(C)
    assert third.reason_code == ("joined" if again else None)
    assert len(world.tenant.created) == (1 if again else 2)
    assert not [word for word in third.approvals if word.startswith("needs_approval")]


async def test_a_yes_against_ones_own_word_is_asked_anew(world: World) -> None:
    await file(world, {A: [C, B], B: [C]})
    await say(world, A, one=False)
    await drain(world)
    await say(world, B, one=True)
    await drain(world)
    assert (await world.case(A)).asked_about == [B]
    await say(world, A, one=True)
    await drain(world)
    (waiting,) = await asking(world)
    assert (waiting.case_id, len(await groups(world))) == (A, 2)
    await say(world, A, one=False)
    await drain(world)
    assert len(world.tenant.created) == 2


async def test_what_is_asked_anew_is_asked_again_after_an_exclusion(world: World) -> None:
    await file(world, {A: [B, C], C: [B]})
    await say(world, A, one=False)
    await drain(world)
    await say(world, C, one=True)
    await drain(world)
    assert (await world.case(A)).asked_about == [C]
    await say(world, A, one=True)
    await drain(world)
    assert (await world.case(A)).asked_about == [B], "in which the third goes on"
    for action in ("exclude", "resume"):
        await act(world.s, action, A, BOSS)
        await drain(world)
    assert (await world.case(A)).asked_about == [B]
    assert len(world.tenant.created) == 1


@pytest.mark.parametrize("first", [A, B])
@pytest.mark.parametrize("no", [A, B])
@pytest.mark.parametrize("again", [True, False])
async def test_two_words_of_two_approvers_about_one_pair(
    world: World, first: str, no: str, again: bool
) -> None:
    """Both are asked, and both have answered before the worker comes."""
    await file(world, {A: [B], B: [A]})
    await say(world, no, one=False)
    yes = B if no == A else A
    await say(world, yes, one=True)
    await work.handle(world.s, WorkMessage(case_id=first, why="look"))
    await drain(world)
    asked = await world.case(yes)
    assert (asked.reason_code, asked.asked_about, asked.account) == (APPROVE_SAME_PERSON, [no], None)
    assert asked.is_said(two_cases.ASKED_ANEW, no)
    await say(world, yes, one=again)
    await drain(world)
    assert len(world.tenant.created) == (2 if again else 3), "the third has one"


async def test_nobody_is_joined_by_grounds_against_a_word_about_a_case_of_before(world: World) -> None:
    """HR's next event makes two alike of whom it was said, when one of them was another case, that they are two."""
    await file(world, {A: [B], C: [B]})
    await say(world, C, one=False)
    await say(world, A, one=True)
    await drain(world)
    first, third = await world.case(A), await world.case(C)
    assert await two_cases.is_decided(world.s, first, third)
    assert await two_cases.is_decided(world.s, third, first)
    event = HireEvent("hr-0", EventType.HIRE_UPDATED, first.hire, "x", occurred_at=T0)
    for case in (third, first):  # each files the keys of the same address
        assert await twins.find(world.s, case, event, T0) == []


async def test_a_question_about_a_case_that_became_this_one_is_none(world: World) -> None:
    await file(world, {A: [B, C]})
    for name in (C, B):
        await join(world.s, await world.case(A), await world.case(name), name, [], T0)
    case = await world.case(A)
    case.ask_about(APPROVE_SAME_PERSON, B)  # as it was asked meanwhile
    case.state, case.return_state, case.reason_code = State.BLOCKED, State.WAITING_START, APPROVE_SAME_PERSON
    await world.store.cases.save(case)
    await work.handle(world.s, WorkMessage(case_id=A, why="look"))
    assert ((await world.case(A)).state, (await world.case(A)).maybe_same) == (State.WAITING_START, None)


async def test_the_next_question_follows_the_one_that_was_answered_elsewhere(world: World) -> None:
    await file(world, {A: [B], B: [A, C], C: [A]})
    await say(world, A, one=False)
    await drain(world)
    second = await world.case(B)
    assert (second.reason_code, second.asked_about, second.account) == (APPROVE_SAME_PERSON, [C], None)
    assert (await actions(world, B))[-2:] == ["two_people_said", "maybe_same_person"]


@pytest.mark.parametrize("action", ["pause", "exclude"])
async def test_whoever_answered_and_is_stopped_then_has_told_the_other_one(world: World, action: str) -> None:
    await file(world, {A: [B], B: [A]})
    await say(world, A, one=False)
    await act(world.s, action, A, BOSS)
    await drain(world)
    assert len(world.tenant.created) == 2, "the second and the third"
    assert (await world.case(A)).account is None


async def test_whoever_is_paused_meanwhile_is_not_asked_what_was_answered(world: World) -> None:
    await file(world, {A: [B], B: [A]})
    second = await world.case(B)
    second.state, second.reason_code = State.PAUSED, None
    await world.store.cases.save(second)
    await say(world, A, one=False)
    await drain(world)
    assert (await world.case(B)).state is State.PAUSED
    await act(world.s, "resume", B, BOSS)
    await drain(world)
    assert ((await world.case(B)).maybe_same, len(world.tenant.created)) == (None, 3)


async def test_a_join_that_was_begun_is_ended_whatever_is_said_meanwhile(world: World) -> None:
    """The facts of both are in one of them already."""
    await file(world, {A: [B], B: [A]})
    await say(world, A, one=True)
    world.tape.calls.clear()
    number = None
    while number is None or "cases.save" not in world.tape.calls:
        number = len(world.tape.calls) if number is None else number + 1
        world.tape.calls.clear()
        world.tape.kill_at = (number, "after")
        with contextlib.suppress(Killed):
            await work.handle(world.s, WorkMessage(case_id=A, why="look"))
    world.tape.kill_at = None
    assert ((await world.case(A)).hire.employee_id, (await world.case(B)).reason_code) == (
        "e-1",
        APPROVE_SAME_PERSON,
    )
    await say(world, B, one=False)
    await drain(world)
    assert len(await groups(world)) == 2
    assert len(world.tenant.created) == 2


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("again", [True, False])
async def test_wherever_it_dies_the_two_words_are_asked_about_once(side: Any, again: bool) -> None:
    number, died = 0, True
    while died:
        world = World()
        await joined_without(world)
        await say(world, C, one=True)
        world.tape.calls.clear()
        world.tape.kill_at = (number, side)
        with contextlib.suppress(Killed):
            await work.handle(world.s, WorkMessage(case_id=C, why="approve"))
        died, world.tape.kill_at = world.tape.killed, None
        await drain(world)
        assert ((await world.case(C)).reason_code, (await world.case(C)).asked_about) == (
            APPROVE_SAME_PERSON,
            [A],
        ), number
        assert (await actions(world, C)).count("asked_anew") == 1, number
        await say(world, C, one=again)
        await drain(world)
        assert len(world.tenant.created) == (1 if again else 2), number
        world.close()
        number += 1
    assert number > 3


async def test_a_yes_of_before_that_comes_with_another_case_is_no_answer_to_what_is_asked_anew(
    world: World,
) -> None:
    """The two words about A and B contradict; C's yes about B was given before anybody was told so."""
    await file(world, {A: [B, C], B: [A], C: [B]})
    await say(world, A, one=True)
    await say(world, B, one=False)
    await work.handle(world.s, WorkMessage(case_id=A, why="look"))
    assert (await world.case(A)).is_said(two_cases.ASKED_ANEW, B)
    await say(world, C, one=True)
    await join(world.s, await world.case(A), await world.case(C), C, [], T0)  # by an id that both have
    await drain(world)
    case = await world.case(A)
    assert (case.reason_code, case.asked_about) == (APPROVE_SAME_PERSON, [B])
    assert set((await groups(world)).values()) == {frozenset({A, C}), frozenset({B})}


async def test_of_several_questions_about_one_that_is_asked_anew_no_other_is_left(world: World) -> None:
    await file(world, {A: [B], B: [C], C: [A, B]})
    await say(world, B, one=False)
    await say(world, A, one=True)
    for name in (A, B):
        await work.handle(world.s, WorkMessage(case_id=name, why="look"))
    assert (await world.case(C)).others(APPROVE_SAME_PERSON) == [A, B], "nobody has told it yet"
    await say(world, C, one=True)
    await drain(world)
    (waiting,) = await asking(world)
    assert (waiting.case_id, waiting.others(APPROVE_SAME_PERSON)) == (C, [A]), "in which B goes on"
    assert waiting.is_said(two_cases.ASKED_ANEW, A)


async def test_only_an_answer_to_what_is_asked_anew_overrides_two_people(world: World) -> None:
    """C is asked about B first, which becomes one with A before anybody has answered."""
    await file(world, {A: [C, B], C: [A, B]})
    await say(world, A, one=False)
    await say(world, C, one=True)
    for name in (C, A):
        await work.handle(world.s, WorkMessage(case_id=name, why="look"))
    assert (await world.case(C)).others(APPROVE_SAME_PERSON) == [B, A]
    await say(world, A, one=True)
    await work.handle(world.s, WorkMessage(case_id=A, why="approve"))
    assert frozenset({A, B}) in (await groups(world)).values()
    await say(world, C, one=True)
    await drain(world)
    (waiting,) = await asking(world)
    assert (waiting.case_id, waiting.others(APPROVE_SAME_PERSON)) == (C, [A])
    assert waiting.approvals == [f"asked_anew:{A}"]
