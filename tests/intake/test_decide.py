"""Thin events, and the edges of the rules that no built adapter reaches yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from onboarding.domain.account import Account, AccountIntent
from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import NextAction
from onboarding.intake.decide import apply_event
from onboarding.intake.merging import event_time
from onboarding.intake.outcome import Circumstances
from onboarding.intake.settle import settle

NOW = datetime(2026, 8, 17, 10, tzinfo=UTC)
ABOUT = Circumstances("d_1", NOW)
FULL = Hire(employee_id="7", given_name="Ng", start_date=date(2026, 9, 1))
THIN = HireEvent(
    "x",
    EventType.HIRE_UPDATED,
    Hire(employee_id="7"),
    "employee.updated",
    needs_fetch=FetchRef("employee", "7"),
)


def make_case(state: State = State.RECEIVED, hire: Hire = FULL) -> Case:
    return Case("c_1", "x", state, hire, NOW, NOW)


def says(kind: EventType = EventType.HIRE_UPDATED, **hire: object) -> HireEvent:
    return HireEvent("x", kind, replace(Hire(employee_id="7"), **hire), str(kind))  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [State.RECEIVED, State.AWAITING_FETCH, State.WAITING_START])
def test_a_thin_event_waits_for_a_read_until_the_answer_cannot_be_old(state: State):
    case = make_case(state, Hire(employee_id="7"))
    outcome = apply_event(case, THIN, replace(ABOUT, read_lag=timedelta(seconds=20)), NOW)
    assert case.state is State.AWAITING_FETCH
    assert (outcome.what, outcome.when, outcome.look_now) == ("fetch", NOW + timedelta(seconds=20), False)


def test_one_read_answers_a_burst_of_events_and_a_stream_does_not_put_it_off_for_ever():
    case = make_case(State.RECEIVED, Hire(employee_id="7"))
    whens = []
    for seconds in range(0, 400, 10):
        arrived = NOW + timedelta(seconds=seconds)
        about = replace(ABOUT, received_at=arrived, read_lag=timedelta(seconds=20))
        apply_event(case, THIN, about, arrived)
        whens.append(case.fetches["x"].when)
    assert len(case.fetches) == 1
    assert whens[:3] == [NOW + timedelta(seconds=n) for n in (20, 30, 40)]
    assert whens[-1] == NOW + timedelta(minutes=2)


def test_an_employment_of_somebody_who_is_read_as_a_person_is_read_as_that_person():
    case = make_case(State.RECEIVED, Hire(employee_id="7"))
    for kind, identifier, read in (
        ("employment", "E77", ("employment", "E77")),
        ("person", "7", ("person", "7")),
        ("employment", "E77", ("person", "7")),
        ("employment", "E78", ("person", "7")),
    ):
        apply_event(case, replace(THIN, needs_fetch=FetchRef(kind, identifier)), ABOUT, NOW)
        fetch = case.fetches["x"]
        assert (fetch.kind, fetch.id) == read


@pytest.mark.parametrize("state", [State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED])
def test_a_thin_event_about_somebody_who_is_further_on_stops_nothing(state: State):
    case = make_case(state)
    case.account = Account("o", "ng@contoso.example", "m", NOW)
    assert apply_event(case, THIN, ABOUT, NOW).what is None
    assert case.state is state


@pytest.mark.parametrize(
    ("intent", "state"),
    [
        (None, State.AWAITING_FETCH),
        (AccountIntent("ng@contoso.example", "7", NOW), State.AWAITING_FETCH),
        (AccountIntent("ng@contoso.example", "7", NOW, restores="user-9"), State.PROVISIONING),
    ],
)
def test_whatever_holds_a_creation_up_it_waits_for_the_read_that_a_thin_event_asks_for(
    intent: AccountIntent | None, state: State
):
    """Except for a restore, which is ended first."""
    case = make_case(State.PROVISIONING)
    case.intent = intent
    outcome = apply_event(case, THIN, replace(ABOUT, read_lag=timedelta(minutes=5)), NOW)
    assert case.state is state
    if state is State.AWAITING_FETCH:
        assert (outcome.what, outcome.when) == ("fetch", NOW + timedelta(minutes=5))


def test_a_complete_event_mends_a_failed_read_and_an_incomplete_one_does_not():
    case = make_case(State.AWAITING_FETCH, Hire(employee_id="7"))
    case.apply(Event.BLOCK, reason="hr_sign_in")
    apply_event(case, says(given_name="Ng"), ABOUT, NOW)
    assert case.reason_code == "hr_sign_in"
    outcome = apply_event(case, says(start_date=date(2026, 9, 1)), ABOUT, NOW)
    assert (case.state, outcome.what) == (State.WAITING_START, "provision")


def test_another_thin_event_after_a_failed_read_asks_again():
    case = make_case(State.AWAITING_FETCH, Hire(employee_id="7"))
    case.apply(Event.BLOCK, reason="hr_sign_in")
    outcome = apply_event(case, THIN, ABOUT, NOW)
    assert (case.state, outcome.what, outcome.when) == (State.AWAITING_FETCH, "fetch", NOW)


@pytest.mark.parametrize(
    ("hire", "certainty", "state", "reason"),
    [
        (FULL, Certainty.EMPLOYEE, State.WAITING_START, None),
        (Hire(employee_id="7"), Certainty.EMPLOYEE, State.BLOCKED, "no_hr_reader"),
        (FULL, Certainty.OFFER, State.RECEIVED, None),
    ],
)
def test_what_an_operator_put_back_to_fetching_is_judged_anew(
    hire: Hire, certainty: Certainty, state: State, reason: str | None
):
    case = make_case(State.AWAITING_FETCH, hire)
    case.certainty = certainty
    settle(case, NOW)
    assert (case.state, case.reason_code) == (state, reason)


def test_a_time_from_the_future_is_not_believed():
    event = replace(says(), occurred_at=NOW + timedelta(days=3650))
    assert event_time(event, NOW) == NOW
    assert event_time(replace(event, occurred_at=None), NOW) == NOW
    assert event_time(replace(event, occurred_at=NOW - timedelta(1)), NOW) == NOW - timedelta(1)


@pytest.mark.parametrize(
    ("again", "state"),
    [
        (None, State.CLOSED),
        (date(2026, 9, 1), State.CLOSED),
        (date(2026, 8, 1), State.CLOSED),
        (date(2027, 3, 1), State.BLOCKED),
    ],
)
def test_an_echo_of_the_first_hire_does_not_reopen_a_finished_case_and_a_later_start_does(
    again: date | None, state: State
):
    case = make_case(State.CONFIRMED)
    case.account = Account("o", "ng@contoso.example", "m", NOW)
    case.apply(Event.CLOSE, reason="done")
    apply_event(case, says(EventType.HIRE_CREATED, start_date=again, given_name="Ng"), ABOUT, NOW)
    assert case.state is state


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (EventType.EMPLOYMENT_TERMINATED, "employment_ended"),
        (EventType.HIRE_CANCELLED, "cancelled_by_hr"),
        (EventType.EMPLOYEE_DELETED, None),
    ],
)
def test_whoever_leaves_after_the_watch_is_not_read_on(what: EventType, reason: str | None):
    case = make_case(State.CONFIRMED)
    case.account = Account("o", "ng@contoso.example", "m", NOW)
    case.apply(Event.CLOSE)
    case.next_action = NextAction("none", None, WATCH_ENDED)
    assert case.watch_ended
    apply_event(case, says(what), ABOUT, NOW)
    assert (case.state, case.reason_code, case.watch_ended) == (State.CLOSED, reason, False)


def test_a_second_run_begins_with_nothing_dated_of_the_first():
    case = make_case(State.CONFIRMED, replace(FULL, end_date=date(2026, 8, 1), status="left", phones=()))
    case.account = Account("o", "ng@contoso.example", "m", NOW)
    apply_event(
        case, replace(says(EventType.EMPLOYMENT_TERMINATED), occurred_at=NOW - timedelta(2)), ABOUT, NOW
    )
    assert case.state is State.CLOSED
    offer = replace(says(EventType.HIRE_CREATED, start_date=date(2027, 3, 1)), certainty=Certainty.OFFER)
    apply_event(case, offer, ABOUT, NOW)
    assert (case.state, case.certainty) == (State.RECEIVED, Certainty.OFFER)
    assert (case.hire.end_date, case.hire.status, case.hire.start_date) == (None, None, date(2027, 3, 1))


def test_a_deleted_record_outweighs_a_pause():
    case = make_case(State.FOLLOWING_UP)
    case.apply(Event.PAUSE)
    apply_event(case, says(EventType.EMPLOYEE_DELETED), ABOUT, NOW)
    assert (case.state, case.reason_code, case.return_state) == (
        State.BLOCKED,
        "hr_deleted_record",
        State.FOLLOWING_UP,
    )


def test_a_termination_closes_a_cancelled_case():
    case = make_case(State.WAITING_START)
    apply_event(case, says(EventType.HIRE_CANCELLED), ABOUT, NOW)
    apply_event(case, says(EventType.EMPLOYMENT_TERMINATED), ABOUT, NOW)
    assert case.state is State.CLOSED


END = replace(says(EventType.EMPLOYMENT_TERMINATED), effective_date=date(2026, 12, 31))


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (State.WAITING_START, "provision"),
        (State.PROVISIONING, "provision"),
        (State.FOLLOWING_UP, "follow_up"),
        (State.CONFIRMED, "follow_up"),
        (State.AWAITING_FETCH, None),
        (State.PAUSED, None),
    ],
)
def test_an_end_that_lies_ahead_is_the_end_date(state: State, what: str | None):
    case = make_case(state)
    outcome = apply_event(case, END, ABOUT, NOW)
    assert (case.state, case.hire.end_date, case.ended_at) == (state, date(2026, 12, 31), None)
    assert (outcome.what, outcome.look_now) == (what, what is not None)
    assert [item.action for item in outcome.entries] == ["termination_planned"]
    assert apply_event(case, END, ABOUT, NOW).what is None


def test_of_two_ends_that_lie_ahead_the_newest_word_stands_and_a_record_may_take_it_back():
    case = make_case(State.WAITING_START)
    later = replace(END, effective_date=date(2027, 3, 31), occurred_at=NOW - timedelta(hours=1))
    for event in (later, replace(END, occurred_at=NOW - timedelta(hours=2))):
        apply_event(case, event, ABOUT, NOW)
        assert case.hire.end_date == date(2027, 3, 31)
    apply_event(case, replace(says(), cleared=("end_date",)), ABOUT, NOW)
    assert case.hire.end_date is None


def test_an_end_that_lies_ahead_of_somebody_named_only_by_id_is_read_and_nothing_waits_for_it():
    case = make_case(State.WAITING_START)
    about = replace(ABOUT, read_lag=timedelta(seconds=20))
    apply_event(case, replace(END, needs_fetch=FetchRef("employee", "7")), about, NOW)
    assert (case.state, case.fetches["x"].when) == (State.WAITING_START, NOW + timedelta(seconds=20))


def test_an_end_that_lies_ahead_and_is_not_after_the_first_day_withdraws_the_hire():
    case = make_case(State.WAITING_START)
    apply_event(case, replace(END, effective_date=date(2026, 9, 1)), ABOUT, NOW)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


@pytest.mark.parametrize(
    ("again", "end"),
    [(date(2026, 9, 1), date(2026, 12, 31)), (date(2027, 1, 1), None), (None, date(2026, 12, 31))],
)
def test_a_newer_hire_that_begins_after_the_end_has_none(again: date | None, end: date | None):
    case = make_case(State.WAITING_START)
    apply_event(case, replace(END, occurred_at=NOW - timedelta(hours=1)), ABOUT, NOW)
    apply_event(case, says(EventType.HIRE_CREATED, start_date=again), ABOUT, NOW)
    assert case.hire.end_date == end


@pytest.mark.parametrize("reason", ["existing_staff", "joined"])
def test_of_existing_staff_no_more_is_kept_than_before(reason: str):
    case = make_case(State.WAITING_START, Hire(employee_id="7"))
    case.apply(Event.CLOSE, reason=reason)
    apply_event(case, END, ABOUT, NOW)
    assert (case.state, case.hire) == (State.CLOSED, Hire(employee_id="7"))
