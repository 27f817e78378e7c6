"""The lifecycle table: what is in it moves a case, what is not raises and leaves the case as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from onboarding.domain.case import Case
from onboarding.domain.case_rows import encode
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import (
    ACTIVE,
    RESTING,
    RETURNABLE,
    TABLE,
    Event,
    Return,
    State,
    allowed,
    next_state,
)
from onboarding.domain.lifecycle_diagram import markdown
from onboarding.errors import IllegalTransition
from tests.support.doubles import CASE_ID, T0

PAIRS = [(state, event) for state in State for event in Event]


def case_in(state: State, back: State | None = None) -> Case:
    case = Case(CASE_ID, "greenhouse", state, Hire(), T0, T0)
    case.return_state, case.reason_code = back, "why"
    return case


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_of_state_and_event_moves_or_raises_and_changes_nothing(
    state: State, event: Event
) -> None:
    case = case_in(state, State.FOLLOWING_UP)
    before = encode(case)
    target = TABLE.get((state, event))
    if target is None:
        with pytest.raises(IllegalTransition) as caught:
            case.apply(event, reason="new")
        assert encode(case) == before
        assert str(event) in caught.value.message
        return
    expected = State.FOLLOWING_UP if isinstance(target, Return) else target
    assert case.apply(event, reason="new") is expected
    assert (case.state, case.reason_code) == (expected, "new")


@pytest.mark.parametrize("back", [None, State.BLOCKED, State.PAUSED, State.CANCELLED, State.CLOSED])
@pytest.mark.parametrize(("state", "event"), [(State.BLOCKED, Event.UNBLOCK), (State.PAUSED, Event.RESUME)])
def test_a_way_back_to_nowhere_or_to_rest_is_refused(state: State, event: Event, back: State | None) -> None:
    case = case_in(state, back)
    before = encode(case)
    with pytest.raises(IllegalTransition):
        case.apply(event)
    assert encode(case) == before


@pytest.mark.parametrize(("there", "back"), [(Event.BLOCK, Event.UNBLOCK), (Event.PAUSE, Event.RESUME)])
@pytest.mark.parametrize("state", sorted(RETURNABLE))
def test_blocked_and_paused_remember_where_they_came_from(state: State, there: Event, back: Event) -> None:
    case = case_in(state)
    case.apply(there, reason="x")
    assert case.return_state is state
    assert case.apply(back) is state
    forgotten: list[str | None] = [case.return_state, case.reason_code]
    assert forgotten == [None, None]


def test_every_state_is_either_worked_on_or_at_rest() -> None:
    assert set(State) == ACTIVE | RESTING
    assert not ACTIVE & RESTING


def test_every_state_can_be_reached_and_left() -> None:
    reached = {State.RECEIVED}
    while more := {
        target
        for (state, _), target in TABLE.items()
        if state in reached and isinstance(target, State) and target not in reached
    }:
        reached |= more
    assert reached == set(State)
    assert {state for state, _ in TABLE} == set(State)


def test_nothing_but_an_operator_or_hr_leads_out_of_rest() -> None:
    """But for one: whoever was watched to the end and loses what counted."""
    outward = {(state, event) for (state, event) in TABLE if state in RESTING - {State.RECEIVED}}
    service = {
        Event.START_NEAR,
        Event.PROVISIONED,
        Event.CONFIRM,
        Event.METHOD_REMOVED,
        Event.FETCHED,
        Event.WATCH_AGAIN,
    }
    assert {pair for pair in outward if pair[1] in service} == {(State.CLOSED, Event.WATCH_AGAIN)}


@pytest.mark.parametrize("state", [State.PAUSED, State.CANCELLED, State.EXCLUDED, State.CLOSED])
def test_whoever_is_left_alone_is_not_run_again(state: State) -> None:
    with pytest.raises(IllegalTransition):
        next_state(state, Event.RERUN)


def test_allowed_lists_exactly_what_the_table_has() -> None:
    for state in State:
        assert allowed(state) == sorted(str(event) for event in Event if (state, event) in TABLE)


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    text = Path("docs/states.md").read_text(encoding="utf-8")
    assert text == markdown(), "run: python -m onboarding.domain.lifecycle_diagram > docs/states.md"
    for state, event in TABLE:
        assert str(state) in text
        assert str(event) in text
