"""From stored deliveries to cases: order, repeats, withdrawals, identities, and what nothing undoes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from onboarding.domain.account import Account, AccountIntent
from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.policy_file import load
from onboarding.domain.records import NextAction, StepRecord, StepStatus
from onboarding.errors import StoreConflict
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery, reconsider
from onboarding.intake.receive import Arrivals, receive
from onboarding.ports import BULK_QUEUE, DeliveryStatus
from tests.support.intake_services import (
    START,
    VENDORS,
    World,
    hire_body,
    lean,
    make_world,
    secrets_of,
    signed,
    source,
)

STANDARD = catalog.adapters()["standard-webhooks"]
GREENHOUSE = catalog.adapters()["greenhouse"]
T = "2026-08-17T{:02d}:00:00Z"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    world = make_world(
        source("standard-webhooks", "standard-webhooks", *secrets_of(STANDARD)),
        source("greenhouse", "greenhouse", *secrets_of(GREENHOUSE)),
    )
    world.clock.at = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
    yield world
    world.store.close()


_numbers = itertools.count(1)


async def take(world: World, body: bytes, *, to: str = "standard-webhooks") -> str:
    """Through the door and the worker; returns the delivery id."""
    adapter = catalog.adapters()[to]
    call = signed(adapter, body, world.clock.at, message_id=f"msg_{next(_numbers)}")
    answer = json.loads((await receive(world.services, to, call)).body)
    assert answer["accepted"] is True
    if answer["result"] == "queued":
        await process_delivery(world.services, answer["delivery_id"])
    found: str = answer["delivery_id"]
    return found


def event(kind: str, hour: int, **said: Any) -> bytes:
    """An event with ids and a time, and nothing else unless said."""
    return json.dumps(
        {"event_type": kind, "occurred_at": T.format(hour), "employee_id": "7315", **said}
    ).encode()


def case_messages(world: World) -> list[tuple[str | None, str]]:
    return [(item.case_id, item.why) for _, item in world.queue.sent if item.case_id]


async def force(world: World, case: Case, *events: Event) -> Case:
    """Put a case into another state, as the other stages would."""
    for item in events:
        case.apply(item)
    return await world.store.cases.save(case)


# --- opening and completing ----------------------------------------------------------------------------


async def test_a_complete_hire_waits_for_its_start_with_a_due_row_and_a_message(world: World):
    delivery_id = await take(world, hire_body())
    case = await world.only_case()
    assert (case.state, case.source, case.certainty) == (State.WAITING_START, "standard-webhooks", "employee")
    assert (case.next_action.what, case.next_action.when) == ("provision", world.clock.at)
    assert case_messages(world) == [(case.case_id, "hire_complete")]
    assert case.deliveries == [delivery_id]
    assert case.hire.family_name == "O'Neill-Weiß"
    assert await world.actions(case.case_id) == ["hire_received", "hire_complete"]
    delivery = await world.delivery(delivery_id)
    assert (delivery.status, delivery.case_ids) == (DeliveryStatus.PROCESSED, (case.case_id,))
    assert [row.case_id for row in await world.store.cases.due(world.clock.at, 10)] == [case.case_id]


async def test_the_timeline_holds_no_value_from_hr(world: World):
    await take(world, hire_body(phones=["+45 20 12 34 56"], manager={"name": "Grace Hopper"}))
    case = await world.only_case()
    text = repr(await world.store.cases.timeline(case.case_id))
    for value in ("Søren", "O'Neill", "+45", "20 12", "Hopper", "7315", "2026-09-01", "Denmark"):
        assert value not in text


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"start_date": None}, "missing_start_date"),
        ({"given_name": None, "family_name": None}, "missing_name"),
    ],
)
async def test_what_is_missing_blocks_with_a_reason_and_a_later_event_unblocks(
    world: World, missing: dict, reason: str
):
    await take(world, hire_body(**missing))
    case = await world.only_case()
    assert (case.state, case.reason_code, case.next_action.when) == (State.BLOCKED, reason, None)
    assert case_messages(world) == []
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(11)))
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.WAITING_START, None)
    assert len(case_messages(world)) == 1


async def test_a_block_for_two_reasons_is_mended_one_after_the_other(world: World):
    await take(world, event("hire.created", 9))
    assert (await world.only_case()).reason_code == "missing_name"
    await take(world, event("hire.updated", 10, display_name="山田"))
    assert (await world.only_case()).reason_code == "missing_start_date"
    await take(world, event("hire.updated", 11, job_title="Cook"))
    case = await world.only_case()
    assert (case.reason_code, case.hire.job_title) == ("missing_start_date", "Cook")
    await take(world, event("hire.updated", 12, start_date="2028-02-29"))
    assert (await world.only_case()).state is State.WAITING_START


async def test_one_word_and_preferred_names_are_names(world: World):
    for number, name in enumerate(
        ({"given_name": "Björk"}, {"family_name": "X" * 64}, {"preferred_name": "Mononym"})
    ):
        await take(
            world,
            event("hire.created", 9, start_date="2026-09-01", **name).replace(b"7315", str(number).encode()),
        )
    assert {case.state for case in await world.all_cases()} == {State.WAITING_START}


@pytest.mark.parametrize("certainty", ["offer", "candidate", "draft"])
async def test_anything_less_than_an_employee_stays_received_until_hr_is_sure(world: World, certainty: str):
    await take(world, hire_body(certainty=certainty))
    case = await world.only_case()
    assert (case.state, case.next_action.what, case.next_action.when) == (State.RECEIVED, "await_hire", None)
    assert case_messages(world) == []
    await take(world, hire_body(occurred_at=T.format(12)))
    case = await world.only_case()
    assert (case.state, case.certainty) == (State.WAITING_START, Certainty.EMPLOYEE)


async def test_an_employee_record_outranks_a_newer_offer(world: World):
    await take(
        world,
        hire_body(certainty="offer", occurred_at=T.format(15), start_date="2026-12-01", job_title="Draft"),
    )
    await take(world, hire_body(occurred_at=T.format(9), start_date="2026-09-01", job_title="Cook"))
    await take(
        world, hire_body(certainty="offer", occurred_at=T.format(18), start_date="2027-01-01", location="Ulm")
    )
    hire = (await world.only_case()).hire
    assert (hire.start_date, hire.job_title, hire.location) == (date(2026, 9, 1), "Cook", "Ulm")


# --- order and repeats ---------------------------------------------------------------------------------


async def test_an_update_before_its_create_opens_and_the_create_only_fills_gaps(world: World):
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(12), start_date="2026-10-01"))
    await take(world, hire_body(occurred_at=T.format(9), start_date="2026-09-01", department="Finance"))
    case = await world.only_case()
    assert (case.hire.start_date, case.hire.department) == (date(2026, 10, 1), "Finance")
    assert case.hire_as_of == datetime(2026, 8, 17, 12, tzinfo=UTC)


async def test_without_a_time_the_arrival_counts_and_the_future_does_not(world: World):
    await take(world, hire_body(occurred_at="2036-01-01T00:00:00Z", job_title="From the future"))
    world.clock.move(hours=1)
    await take(world, hire_body(occurred_at=None, job_title="Now"))
    case = await world.only_case()
    assert case.hire.job_title == "Now"
    assert case.hire_as_of == world.clock.at


async def test_processing_twice_changes_nothing_at_all(world: World):
    delivery_id = await take(world, hire_body())
    before, sent = await world.only_case(), list(world.queue.sent)
    for _ in range(3):
        await process_delivery(world.services, delivery_id)
    after = await world.only_case()
    assert after.etag == before.etag
    assert world.queue.sent == sent
    assert (await world.delivery(delivery_id)).status is DeliveryStatus.PROCESSED


async def test_a_hundred_repeats_do_not_grow_a_case_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("onboarding.intake.process.REMEMBERED", 5)
    for number in range(12):
        await take(world, hire_body(occurred_at=T.format(number)))
    assert len((await world.only_case()).deliveries) == 5


async def test_messages_for_cases_follow_the_queue_of_their_delivery(world: World):
    delivery_id = await take(world, b'{"type": "shoe.bought"}')
    call = signed(STANDARD, hire_body(), world.clock.at, message_id="bulk")
    delivery_id = json.loads((await receive(world.services, "standard-webhooks", call)).body)["delivery_id"]
    await process_delivery(world.services, delivery_id, queue=BULK_QUEUE)
    assert world.queue.sent[-1][0] == BULK_QUEUE


# --- start dates ---------------------------------------------------------------------------------------


async def test_a_moved_start_is_planned_anew(world: World):
    await take(world, hire_body())
    world.queue.sent.clear()
    await take(world, event("start_date.changed", 12, start_date="2026-10-01"))
    case = await world.only_case()
    assert (case.state, case.next_action.why) == (State.WAITING_START, "start_date_moved")
    assert case_messages(world) == [(case.case_id, "start_date_moved")]
    (moved,) = [
        item for item in await world.store.cases.timeline(case.case_id) if item.action == "start_date_moved"
    ]
    assert moved.detail == {"days": "30"}


@pytest.mark.parametrize(
    ("start", "account", "intent", "state"),
    [
        ("2026-10-01", False, False, State.WAITING_START),
        ("2026-08-25", False, False, State.PROVISIONING),
        ("2026-10-01", True, True, State.PROVISIONING),
        ("2026-10-01", False, True, State.WAITING_START),  # which looks whether a try took effect
    ],
)
async def test_a_start_that_moves_away_takes_a_case_back_only_before_the_account(
    world: World, start: str, account: bool, intent: bool, state: State
):
    await take(world, hire_body())
    case = await world.only_case()
    if intent:
        case.intent = AccountIntent("s.oneill@contoso.example", "mark", START)
    if account:
        case.account = Account("o-1", "s.oneill@contoso.example", "mark", START)
    await force(world, case, Event.START_NEAR)
    await take(world, event("hire.updated", 12, start_date=start))
    assert (await world.only_case()).state is state


async def test_an_update_of_a_followed_up_person_looks_at_the_ladder_and_brings_no_phone_back(world: World):
    await take(world, hire_body(phones=["+45 20 12 34 56"]))
    case = await world.only_case()
    case.account = Account("o-1", "s.oneill@contoso.example", "mark", START)
    case.hire = replace(case.hire, phones=None)
    await force(world, case, Event.START_NEAR, Event.PROVISIONED)
    world.queue.sent.clear()
    await take(world, event("hire.updated", 12, phones=["+45 20 65 43 21"], locale="da-DK"))
    case = await world.only_case()
    assert (case.state, case.hire.phones, case.hire.locale) == (State.FOLLOWING_UP, None, "da-DK")
    assert case.next_action.what == "follow_up"
    assert case_messages(world) == [(case.case_id, "hire_updated")]


async def test_an_update_that_changes_nothing_is_noted_and_wakes_nobody(world: World):
    await take(world, hire_body())
    world.queue.sent.clear()
    await take(world, event("hire.updated", 12))
    assert case_messages(world) == []
    assert (await world.actions((await world.only_case()).case_id))[-1] == "hire_updated"


# --- withdrawals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "account", "word"), [(0, 0, "none"), (1, 0, "may_exist"), (1, 1, "exists")]
)
async def test_a_cancelled_hire_stops_and_says_whether_an_account_exists(
    world: World, intent: int, account: int, word: str
):
    await take(world, hire_body())
    case = await world.only_case()
    case.intent = AccountIntent("s@contoso.example", "m", START) if intent else None
    case.account = Account("o-1", "s@contoso.example", "m", START) if account else None
    await world.store.cases.save(case)
    await take(world, event("hire.cancelled", 12))
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")
    assert (case.next_action.what, case.next_action.when) == (
        ("none", None) if word == "none" else ("disable_account", world.clock.at)
    )
    assert (await world.store.cases.timeline(case.case_id))[-1].detail["account"] == word


async def test_an_older_hire_event_does_not_reopen_and_a_newer_one_does(world: World):
    await take(world, hire_body(occurred_at=T.format(9)))
    await take(world, event("hire.cancelled", 12))
    for hour, state in ((10, State.CANCELLED), (12, State.CANCELLED), (13, State.WAITING_START)):
        await take(world, hire_body(occurred_at=T.format(hour), start_date="2026-10-01"))
        assert (await world.only_case()).state is state
    case = await world.only_case()
    assert (case.withdrawn_at, case.hire.start_date) == (None, date(2026, 10, 1))


@pytest.mark.parametrize(
    ("start", "state", "end"),
    [
        ("2027-01-04", State.WAITING_START, date(2027, 6, 30)),
        ("2027-06-30", State.CLOSED, None),
        ("2027-07-01", State.CLOSED, None),
    ],
)
@pytest.mark.parametrize("first", ["hire", "end"])
async def test_an_end_that_lies_ahead_may_overtake_its_hire(
    world: World, first: str, start: str, state: State, end: date | None
):
    hired = hire_body(start_date=start, occurred_at=T.format(8))
    ended = event("employment.terminated", 9, effective_date="2027-06-30")
    for body in (hired, ended) if first == "hire" else (ended, hired):
        await take(world, body)
    case = await world.only_case()
    assert (case.state, case.hire.end_date) == (state, end)


async def test_of_two_ends_of_somebody_unknown_the_newer_word_stands_and_a_withdrawal_takes_it_along(
    world: World,
):
    for hour, day in ((10, "2027-03-31"), (9, "2027-02-28")):
        await take(world, event("employment.terminated", hour, effective_date=day))
    await take(world, hire_body(occurred_at=T.format(8)))
    assert (await world.only_case()).hire.end_date == date(2027, 3, 31)
    others = {"employee_id": "8"}
    await take(world, event("employment.terminated", 9, effective_date="2027-02-28", **others))
    await take(world, event("employment.terminated", 10, **others))
    await take(world, hire_body(occurred_at=T.format(11), **others))
    (case,) = [case for case in await world.all_cases() if case.hire.employee_id == "8"]
    assert (case.state, case.hire.end_date) == (State.WAITING_START, None)


async def test_a_cancellation_that_overtakes_its_hire_leaves_a_case_that_the_hire_finds(world: World):
    await take(world, event("hire.cancelled", 12))
    case = await world.only_case()
    assert (case.state, case.withdrawn_at) == (State.CANCELLED, datetime(2026, 8, 17, 12, tzinfo=UTC))
    await take(world, hire_body(occurred_at=T.format(9)))
    assert (await world.only_case()).state is State.CANCELLED
    assert case_messages(world) == []


async def test_a_cancellation_from_before_the_second_hire_comes_too_late(world: World):
    await take(world, hire_body(occurred_at=T.format(9)))
    await take(world, hire_body(occurred_at=T.format(14)))
    await take(world, event("hire.cancelled", 12))
    case = await world.only_case()
    assert case.state is State.WAITING_START
    assert (await world.actions(case.case_id))[-1] == "withdrawal_outdated"


async def test_a_cancellation_older_than_a_mere_update_still_counts(world: World):
    await take(world, hire_body(occurred_at=T.format(9)))
    await take(world, event("hire.updated", 13, job_title="Cook"))
    await take(world, event("hire.cancelled", 12))
    assert (await world.only_case()).state is State.CANCELLED


async def test_an_update_does_not_bring_a_withdrawn_person_back(world: World):
    await take(world, hire_body())
    await take(world, event("hire.cancelled", 12))
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(13)))
    case = await world.only_case()
    assert case.state is State.CANCELLED
    assert (await world.actions(case.case_id))[-1] == "event_recorded"


async def test_a_withdrawn_offer_does_not_stop_somebody_who_is_hired(world: World):
    await take(world, hire_body())
    await take(world, event("hire.cancelled", 12, certainty="offer"))
    assert (await world.only_case()).state is State.WAITING_START
    await take(world, event("hire.cancelled", 12, certainty="offer", employee_id="nobody"))
    assert len(await world.all_cases()) == 1


async def test_coming_back_to_an_account_needs_an_approver_and_starts_a_new_episode(world: World):
    await take(world, hire_body())
    case = await world.only_case()
    case.account = Account("o-1", "s@contoso.example", "m", START)
    case.steps["send_welcome"] = StepRecord()
    case.approvals = ["needs_approval_rehire", "needs_approval_adopt"]
    await world.store.cases.save(case)
    await take(world, event("employment.terminated", 12))
    case = await world.only_case()
    assert (case.state, case.reason_code, case.next_action.what) == (
        State.CLOSED,
        "employment_ended",
        "disable_account",
    )
    await take(world, hire_body(occurred_at=T.format(13), start_date="2027-01-01"))
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert (case.approvals, case.steps) == ([], {})
    case.apply(Event.UNBLOCK)
    assert case.state is State.WAITING_START


async def test_words_about_the_run_before_are_not_words_about_this_one(world: World):
    await take(world, hire_body())
    case = await world.only_case()
    case.account = Account("o-1", "s@contoso.example", "m", START)
    case.approvals = ["needs_approval_restore", "needs_approval_pass", "needs_approval_lookalike"]
    await world.store.cases.save(case)
    await take(world, event("hire.cancelled", 12))
    await take(world, hire_body(occurred_at=T.format(13), start_date="2027-01-01"))
    case = await world.only_case()
    assert case.approvals == ["needs_approval_lookalike"]
    assert case.rehired_at is not None


async def test_the_policy_may_let_somebody_come_back_without_asking(world: World):
    world.services = replace(world.services, policy=load('[account]\nrehire = "restore"'))
    await take(world, hire_body())
    case = await world.only_case()
    case.account = Account("o-1", "s@contoso.example", "m", START)
    await world.store.cases.save(case)
    await take(world, event("hire.cancelled", 12))
    await take(world, hire_body(occurred_at=T.format(13), start_date="2027-01-01"))
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.WAITING_START, None)
    assert case.rehired_at is not None, "the first credential is asked about all the same"


async def test_a_first_hire_is_no_rehire(world: World):
    await take(world, hire_body())
    await take(world, event("hire.cancelled", 12))
    await take(world, hire_body(occurred_at=T.format(13), start_date="2027-01-01"))
    case = await world.only_case()
    assert (case.state, case.rehired_at) == (State.WAITING_START, None)


async def test_an_end_that_lies_ahead_is_noted_and_changes_nothing_yet(world: World):
    await take(world, hire_body())
    await take(world, event("employment.terminated", 12, effective_date="2026-12-31", end_date="2026-12-31"))
    case = await world.only_case()
    assert (case.state, case.hire.end_date) == (State.WAITING_START, date(2026, 12, 31))
    await take(world, event("employment.terminated", 13, effective_date="2026-08-17"))
    assert (await world.only_case()).state is State.CLOSED


async def test_existing_staff_who_leave_open_no_case(world: World):
    for kind in ("employment.terminated", "employee.deleted"):
        delivery = await world.delivery(await take(world, event(kind, 12)))
        assert (delivery.status, delivery.reason_code) == (DeliveryStatus.IGNORED, "no_case")
    assert await world.all_cases() == []


async def test_a_deleted_record_is_an_operators_question_whatever_the_case_waited_for(world: World):
    await take(world, hire_body(start_date=None))
    assert (await world.only_case()).reason_code == "missing_start_date"
    await take(world, event("employee.deleted", 12))
    case = await world.only_case()
    assert (case.state, case.reason_code, case.return_state) == (
        State.BLOCKED,
        "hr_deleted_record",
        State.RECEIVED,
    )
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(13)))
    assert (await world.only_case()).reason_code == "hr_deleted_record"


async def test_events_for_excluded_cases_are_kept_and_do_nothing(world: World):
    await take(world, hire_body())
    await force(world, await world.only_case(), Event.EXCLUDE)
    world.queue.sent.clear()
    for number, kind in enumerate(("hire.updated", "start_date.changed", "hire.cancelled", "hire.created",
                                   "employee.deleted")):  # fmt: skip
        await take(world, event(kind, 10 + number, given_name=kind))
    case = await world.only_case()
    assert (case.state, case.hire.given_name) == (State.EXCLUDED, "hire.created")
    assert case_messages(world) == []
    assert (await world.actions(case.case_id))[-5:] == [*["event_kept"] * 4, "hr_record_deleted"]


async def test_events_for_closed_cases_are_recorded_and_do_nothing(world: World):
    await take(world, hire_body())
    before = await force(world, await world.only_case(), Event.CLOSE)
    state, hire = before.state, before.hire
    world.queue.sent.clear()
    for number, kind in enumerate(("hire.updated", "hire.created", "start_date.changed", "hire.cancelled",
                                   "employment.terminated", "employee.deleted")):  # fmt: skip
        await take(world, event(kind, 10 + number, given_name="Other"))
    case = await world.only_case()
    assert (case.state, case.hire) == (state, hire)
    assert case_messages(world) == []
    assert len(await world.actions(case.case_id)) == 8


async def test_a_paused_case_takes_in_what_hr_says_and_stays_paused(world: World):
    await take(world, hire_body())
    await force(world, await world.only_case(), Event.PAUSE)
    await take(world, event("hire.updated", 12, job_title="Cook"))
    case = await world.only_case()
    assert (case.state, case.hire.job_title) == (State.PAUSED, "Cook")


async def test_a_block_that_is_not_intakes_own_is_not_lifted_by_data(world: World):
    await take(world, hire_body())
    case = await world.only_case()
    case.apply(Event.BLOCK, reason="name_taken")
    await world.store.cases.save(case)
    await take(world, event("hire.updated", 12, job_title="Cook"))
    assert (await world.only_case()).reason_code == "name_taken"


async def test_an_operators_unblock_is_reconsidered_by_the_same_rules(world: World):
    await take(world, hire_body(start_date=None))
    case = await force(world, await world.only_case(), Event.UNBLOCK)
    case = await reconsider(world.services, case, world.clock.at)
    assert (case.state, case.reason_code) == (State.BLOCKED, "missing_start_date")
    waiting = await force(world, case, Event.CANCEL)
    assert await reconsider(world.services, waiting, world.clock.at) is waiting


# --- manager -------------------------------------------------------------------------------------------


async def test_only_the_event_that_announces_the_hire_is_trusted_with_the_manager(world: World):
    """Design, first credential: a manager whom a later event names, or changes, needs more than its word."""
    await take(world, hire_body(manager={"email": "ada@contoso.example"}))
    named = world.clock.at
    world.clock.move(hours=1)
    await take(world, event("hire.updated", 12, manager={"email": "ada@contoso.example"}))
    case = await world.only_case()
    assert (case.manager_named_at, case.manager_changed) == (named, False)
    await take(world, event("hire.updated", 11, manager={"email": "older@contoso.example"}))
    assert (await world.only_case()).manager_changed is False
    await take(world, event("hire.updated", 14, manager={"email": "mallory@contoso.example"}))
    case = await world.only_case()
    assert (case.manager_named_at, case.manager_changed) == (named, True)


async def test_a_manager_whom_only_a_later_event_names_counts_as_changed(world: World):
    await take(world, hire_body())
    world.clock.move(hours=1)
    await take(world, event("hire.updated", 12, manager={"email": "mallory@contoso.example"}))
    assert (await world.only_case()).manager_changed is True


async def test_an_update_that_overtook_its_hire_event_names_the_manager_as_well(world: World):
    await take(world, event("hire.updated", 12, manager={"email": "ada@contoso.example"}))
    await take(world, hire_body(manager={"email": "ada@contoso.example"}))
    assert (await world.only_case()).manager_changed is False


# --- who is who ----------------------------------------------------------------------------------------


async def test_a_candidate_becomes_an_employee_in_one_case(world: World):
    await take(world, hire_body(employee_id=None, candidate_id="c-9", certainty="candidate"))
    await take(world, hire_body(candidate_id="c-9", employee_number="0042"))
    for ids in ({"employee_id": "7315"}, {"employee_id": None, "employee_number": "0042"}):
        await take(world, hire_body(event_type="hire.updated", **ids))
    case = await world.only_case()
    assert (case.hire.employee_id, case.hire.candidate_id, case.hire.employee_number) == (
        "7315",
        "c-9",
        "0042",
    )


async def test_two_people_of_one_name_are_two_cases(world: World):
    await take(world, hire_body())
    await take(world, hire_body(employee_id="7316"))
    assert [case.hire.employee_id for case in await world.all_cases()] == ["7315", "7316"]


async def test_leading_zeros_count(world: World):
    await take(world, hire_body(employee_id="7"))
    await take(world, hire_body(employee_id="007"))
    assert len(await world.all_cases()) == 2


async def test_a_shared_number_does_not_make_two_people_one(world: World):
    await take(world, hire_body(employee_number="42"))
    await take(world, hire_body(employee_id="7316", employee_number="42", given_name="Zoë"))
    first, second = await world.all_cases()
    assert (first.state, first.hire.given_name) == (State.WAITING_START, "Søren")
    assert (second.state, second.reason_code) == (State.BLOCKED, "needs_approval_shared_id")
    second.approvals.append("needs_approval_shared_id")
    await force(world, second, Event.UNBLOCK)
    await take(
        world,
        hire_body(event_type="hire.updated", employee_id="7316", employee_number="42", job_title="Cook"),
    )
    assert [case.state for case in await world.all_cases()] == [State.WAITING_START] * 2


async def test_a_number_shared_by_two_candidates_does_not_make_them_one(world: World):
    for candidate in ("c-1", "c-2"):
        await take(world, hire_body(employee_id=None, candidate_id=candidate, employee_number="42"))
    assert [case.reason_code for case in await world.all_cases()] == [None, "needs_approval_shared_id"]


async def test_two_cases_that_turn_out_to_be_one_person_are_joined(world: World):
    await take(
        world,
        hire_body(
            employee_id=None, candidate_id="c-9", certainty="candidate", personal_email="s@example.net"
        ),
    )
    await take(world, hire_body())
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(12), candidate_id="c-9"))
    other, case = await world.all_cases()
    assert (other.state, other.reason_code) == (State.CLOSED, "joined")
    assert (case.state, case.hire.personal_email, case.hire.candidate_id) == (
        State.WAITING_START,
        "s@example.net",
        "c-9",
    )
    await take(
        world,
        hire_body(
            event_type="hire.updated",
            occurred_at=T.format(13),
            employee_id=None,
            candidate_id="c-9",
            job_title="Cook",
        ),
    )
    assert (await world.all_cases())[1].hire.job_title == "Cook"
    assert (await world.all_cases())[0].hire.job_title is None


async def test_an_alias_left_with_a_joined_case_is_followed(world: World):
    """An offer names only the application; its alias is not among the case's own and moves when it is used."""
    await take(world, hire_body(employee_id=None, candidate_id="c-9", certainty="candidate"))
    left = Alias("standard-webhooks", AliasKind.CANDIDATE_ID, "application:1")
    await world.store.cases.claim_alias(left, (await world.only_case()).case_id)
    await take(world, hire_body())
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(12), candidate_id="c-9"))
    closed, case = await world.all_cases()
    assert (await world.store.cases.owners([left]))[left] == closed.case_id
    moved = event(
        "start_date.changed", 13, candidate_id="application:1", employee_id=None, start_date="2026-12-01"
    )
    await take(world, moved)
    closed, case = await world.all_cases()
    assert (closed.state, case.hire.start_date) == (State.CLOSED, date(2026, 12, 1))
    assert (await world.store.cases.owners([left]))[left] == case.case_id


async def test_an_offer_and_a_hire_that_did_not_name_its_application_are_joined_when_one_does(world: World):
    offer = json.loads((VENDORS / "greenhouse" / "offer_created.json").read_bytes())
    await take(world, json.dumps(offer).encode(), to="greenhouse")
    hire = json.loads((VENDORS / "greenhouse" / "hire_candidate.json").read_bytes())
    hire["payload"]["application"]["id"] = None
    await take(world, json.dumps(hire).encode(), to="greenhouse")
    assert len(await world.all_cases()) == 2
    hire["payload"]["application"]["id"] = offer["payload"]["application_id"]
    await take(world, json.dumps(hire).encode(), to="greenhouse")
    closed, case = await world.all_cases()
    assert (closed.reason_code, case.state) == ("joined", State.WAITING_START)


async def test_two_accounts_are_not_joined(world: World):
    await take(world, hire_body(employee_id=None, candidate_id="c-9"))
    await take(world, hire_body(start_date="2026-10-01"))
    for case in await world.all_cases():
        case.account = Account("o-" + case.case_id, "x@contoso.example", "m", START)
        await world.store.cases.save(case)
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(12), candidate_id="c-9"))
    other, case = await world.all_cases()
    assert (other.state, case.state, case.reason_code) == (State.WAITING_START, State.BLOCKED, "two_accounts")
    await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(13), candidate_id="c-9"))
    assert (await world.actions(case.case_id)).count("two_cases") == 1
    assert (await world.actions(case.case_id)).count("blocked") == 1
    assert (await world.all_cases())[1].hire_as_of == datetime(2026, 8, 17, 13, tzinfo=UTC)


async def test_an_alias_of_a_case_that_was_never_created_is_taken_up(world: World):
    alias = Alias("standard-webhooks", AliasKind.EMPLOYEE_ID, "7315")
    claimed = "c_" + "z" * 20
    assert await world.store.cases.claim_alias(alias, claimed) == claimed
    with pytest.raises(StoreConflict):  # until the case is there
        await take(world, event("employee.deleted", 8))
    assert await world.all_cases() == []
    await take(world, hire_body())
    assert (await world.only_case()).case_id == claimed


async def test_who_loses_the_race_for_a_case_finds_the_winner(world: World, monkeypatch: pytest.MonkeyPatch):
    """Two workers hold two deliveries of one new person; the second claims after the first looked."""
    owners = world.store.cases.owners

    async def blind(aliases: Any) -> Any:
        return {}

    await take(world, hire_body())
    monkeypatch.setattr(world.store.cases, "owners", blind)
    with pytest.raises(StoreConflict):
        await take(world, hire_body(event_type="hire.updated", occurred_at=T.format(12)))
    monkeypatch.setattr(world.store.cases, "owners", owners)
    waiting = [item.delivery_id for _, item in world.queue.sent if item.delivery_id]
    await process_delivery(world.services, waiting[-1] or "")
    assert len((await world.only_case()).deliveries) == 2


# --- deliveries that lead nowhere ----------------------------------------------------------------------


async def test_an_erased_delivery_and_an_unknown_adapter_end_without_an_error(world: World):
    await process_delivery(world.services, "d_" + "a" * 26)
    delivery_id = await take(world, hire_body())
    for change, reason in (({"body": None}, "body_erased"), ({"adapter": "gone"}, "no_adapter")):
        delivery = await world.delivery(delivery_id)
        await world.store.deliveries.update(replace(delivery, status=DeliveryStatus.QUEUED, **change))
        await process_delivery(world.services, delivery_id)
        delivery = await world.delivery(delivery_id)
        assert (delivery.status, delivery.reason_code) == (DeliveryStatus.FAILED, reason)


async def test_an_operators_replay_reads_an_unreadable_body_with_todays_mapping(world: World):
    call = signed(STANDARD, hire_body(start_date="soon"), world.clock.at)
    assert (await receive(world.services, "standard-webhooks", call)).status == 400
    (kept,) = (await world.store.deliveries.page(status="unreadable")).items
    await process_delivery(world.services, kept.delivery_id)
    delivery = await world.delivery(kept.delivery_id)
    assert (delivery.status, delivery.reason_detail) == (DeliveryStatus.UNREADABLE, "$.start_date")
    await world.store.deliveries.update(replace(delivery, body=hire_body()))
    await process_delivery(world.services, kept.delivery_id)
    assert (await world.delivery(kept.delivery_id)).status is DeliveryStatus.PROCESSED


# --- Greenhouse, as a story ------------------------------------------------------------------------------


async def test_greenhouse_from_offer_to_hire_to_moved_start_to_unhire(world: World):
    async def send(name: str, blanks: bytes = b"") -> str:
        world.clock.move(minutes=5)
        body = (VENDORS / "greenhouse" / f"{name}.json").read_bytes()
        return await take(world, body + blanks, to="greenhouse")

    world.clock.at = datetime(2026, 8, 21, 9, tzinfo=UTC)
    applicant = await world.delivery(await send("update_candidate", b" "))
    assert (applicant.reason_code, applicant.body) == ("no_case", None)  # nothing is kept about applicants
    assert await world.all_cases() == []
    await send("offer_created")
    case = await world.only_case()
    assert (case.state, case.certainty) == (State.RECEIVED, Certainty.OFFER)
    await send("hire_candidate")
    case = await world.only_case()
    assert (case.state, case.hire.start_date, case.hire.candidate_id) == (
        State.WAITING_START,
        date(2026, 9, 14),
        "35897443",
    )
    await send("offer_updated_deprecated")
    assert (await world.only_case()).hire.start_date == date(2026, 9, 14)
    await send("offer_updated_accepted")
    assert (await world.only_case()).hire.start_date == date(2026, 9, 21)
    await send("update_candidate")
    await send("merge_candidate")
    await send("offer_deleted")
    case = await world.only_case()
    assert (case.state, case.hire.family_name) == (State.WAITING_START, "Ødegård")
    world.clock.at = datetime(2026, 8, 29, 9, tzinfo=UTC)
    await send("unhire_candidate")
    assert (await world.only_case()).state is State.CANCELLED
    pruned = [item for item in (await world.store.deliveries.page()).items]
    for item in pruned:
        body = (await world.delivery(item.delivery_id)).body or b""
        assert b"80123" not in body
        assert b"salary" not in body
        assert b"Planted College" not in body


async def test_greenhouse_an_unhire_that_overtakes_the_hire_wins(world: World):
    world.clock.at = datetime(2026, 8, 30, 9, tzinfo=UTC)
    for name in ("unhire_candidate", "hire_candidate"):
        await take(world, (VENDORS / "greenhouse" / f"{name}.json").read_bytes(), to="greenhouse")
    assert (await world.only_case()).state is State.CANCELLED


async def test_greenhouse_a_hire_without_an_offer_waits_for_its_start_date(world: World):
    body = (VENDORS / "greenhouse" / "hire_candidate_without_offer.json").read_bytes()
    await take(world, body, to="greenhouse")
    case = await world.only_case()
    assert (case.reason_code, case.hire.given_name) == ("missing_start_date", "山田")


# --- values that HR has emptied, and people who were there before ----------------------------------------------


async def test_a_first_day_that_hr_takes_back_blocks_the_case_until_there_is_another(world: World):
    await take(world, hire_body())
    await take(world, event("hire.updated", 11, cleared_fields=["start_date"]))
    case = await world.only_case()
    assert (case.state, case.reason_code, case.hire.start_date) == (State.BLOCKED, "missing_start_date", None)
    await take(world, event("start_date.changed", 10, start_date="2026-10-01"))
    assert (await world.only_case()).hire.start_date is None, "what was said before does not come back"
    await take(world, event("start_date.changed", 12, start_date="2026-10-01"))
    assert (await world.only_case()).state is State.WAITING_START


async def test_a_first_day_that_is_taken_back_stops_provisioning_before_there_is_anything(world: World):
    await take(world, hire_body())
    await force(world, await world.only_case(), Event.START_NEAR)
    await take(world, event("hire.updated", 11, cleared_fields=["start_date"]))
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.BLOCKED, "missing_start_date")


async def test_what_an_account_was_made_from_stays_as_it_was_used(world: World):
    await take(world, hire_body(department="Finance", manager={"email": "petra@contoso.example"}))
    case = await force(world, await world.only_case(), Event.START_NEAR)
    case.intent = AccountIntent("s@contoso.example", "7315", START)
    await world.store.cases.save(case)
    emptied = ["given_name", "family_name", "start_date", "department", "manager"]
    await take(world, event("hire.updated", 11, cleared_fields=emptied))
    case = await world.only_case()
    assert (case.state, case.hire.given_name, case.hire.start_date) == (
        State.PROVISIONING,
        "Søren",
        date(2026, 9, 1),
    )
    assert (case.hire.department, case.hire.manager) == (None, None)


@pytest.mark.parametrize("order", list(itertools.permutations((9, 11, 12))))
async def test_a_manager_who_comes_after_one_was_taken_away_was_changed_in_whatever_order(
    world: World, order: tuple[int, ...]
):
    """Else an empty update between two announcements would let a stranger have the first credential."""
    told = {
        9: hire_body(manager={"email": "petra@contoso.example"}),
        11: event("hire.updated", 11, cleared_fields=["manager"]),
        12: event("hire.updated", 12, manager={"email": "mallory@contoso.example"}),
    }
    for hour in order:
        await take(world, told[hour])
    case = await world.only_case()
    assert case.hire.manager is not None
    assert (case.hire.manager.email, case.manager_changed) == ("mallory@contoso.example", True)


def posted(action: str, hour: int, **fields: str) -> bytes:
    """A field-based event of BambooHR, which carries the whole record."""
    item = {"id": "7", "action": action, "timestamp": T.format(hour), "fields": fields}
    return json.dumps({"employees": [item]}).encode()


@pytest.fixture
def bamboohr(world: World) -> World:
    sources = {**world.services.settings.sources, "bamboohr": source("bamboohr", "bamboohr", "k")}
    world.services = replace(world.services, settings=replace(world.services.settings, sources=sources))
    return world


async def tell(world: World, action: str, hour: int, **fields: str) -> Case:
    adapter = catalog.adapters()["bamboohr"]
    call = signed(adapter, posted(action, hour, **fields), world.clock.at, secret="k")
    answer = json.loads((await receive(world.services, "bamboohr", call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    return await world.only_case()


async def test_a_whole_record_of_somebody_who_began_long_ago_is_no_hire_and_leaves_no_name(bamboohr: World):
    for hour in (9, 10):
        case = await tell(
            bamboohr, "Updated", hour, firstName="Søren", hireDate="2019-03-01", jobTitle="Cook"
        )
        assert (case.state, case.reason_code) == (State.CLOSED, "existing_staff")
        assert lean(case.hire) == {"employee_id": "7"}
    assert case_messages(bamboohr) == []
    case = await tell(bamboohr, "Created", 11, firstName="Søren", hireDate="2026-12-01")
    assert (case.state, case.hire.given_name) == (State.WAITING_START, "Søren")


async def test_a_whole_record_of_somebody_who_begins_now_opens_a_case_though_its_create_never_came(
    bamboohr: World,
):
    case = await tell(bamboohr, "Updated", 9, firstName="Søren", hireDate="2026-09-01", department="Finance")
    assert (case.state, case.hire.department) == (State.WAITING_START, "Finance")
    case = await tell(bamboohr, "Updated", 11, firstName="Søren", hireDate="2026-09-01", department="")
    assert case.hire.department is None
    case = await tell(bamboohr, "Created", 8, firstName="Søren", hireDate="2026-09-01", department="Finance")
    assert case.hire.department is None


@pytest.mark.parametrize("state", [State.WAITING_START, State.FOLLOWING_UP, State.CONFIRMED, State.BLOCKED])
async def test_what_recruiting_deletes_does_not_disturb_somebody_who_is_hired(world: World, state: State):
    await take(world, hire_body(candidate_id="C1"))
    path = {State.WAITING_START: [], State.BLOCKED: [Event.BLOCK]}.get(
        state, [Event.START_NEAR, Event.PROVISIONED, Event.CONFIRM][: 3 if state is State.CONFIRMED else 2]
    )
    before = await world.only_case()
    for item in path:
        before.apply(item, reason="no_free_username" if item is Event.BLOCK else None)
    before = await world.store.cases.save(before)
    gone = event("employee.deleted", 12, employee_id=None, candidate_id="C1", certainty="candidate")
    await take(world, gone)
    case = await world.only_case()
    assert (case.state, case.reason_code, case.next_action) == (state, before.reason_code, before.next_action)
    assert (await world.actions(case.case_id))[-1] == "candidate_deleted"


async def test_a_deletion_of_the_employee_record_is_still_an_operators_question(world: World):
    await take(world, hire_body(candidate_id="C1"))
    await take(world, event("employee.deleted", 12))
    assert (await world.only_case()).reason_code == "hr_deleted_record"
    await take(
        world, event("employee.deleted", 13, employee_id=None, candidate_id="C1", certainty="candidate")
    )
    assert (await world.only_case()).reason_code == "hr_deleted_record"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_offer_deletion_and_hire_end_the_same_in_any_order(world: World, order: tuple[int, ...]):
    ids = {"employee_id": None, "candidate_id": "C1"}
    told = [
        event("hire.updated", 9, certainty="offer", start_date="2026-12-01", **ids),
        event("employee.deleted", 12, certainty="candidate", **ids),
        hire_body(occurred_at=T.format(10), **ids),
    ]
    for number in order:
        await take(world, told[number])
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.WAITING_START, None)


# --- hired again, after this service itself disabled the account ------------------------------------------------

AGAIN = {
    "cancel": event("hire.cancelled", 11),
    "update": event("hire.updated", 12, department="Finance"),
    "rehire": hire_body(occurred_at=T.format(13), start_date="2027-03-01"),
}


async def disabled_by_us(world: World) -> None:
    """What the step `disable_account` leaves on a case that waits for it."""
    case = await world.only_case()
    if case.next_action.what == "disable_account":
        case.step("disable_account").status = StepStatus.DONE
        case.step("disable_account").detail = "disabled"
        case.next_action = NextAction("none", None, case.reason_code or "")
        await world.store.cases.save(case)


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("order", list(itertools.permutations(AGAIN)), ids="-".join)
async def test_a_rehire_after_we_disabled_the_account_waits_for_an_approver(
    world: World, order: tuple[str, ...], twice: bool
):
    """The oracle: facts are the newest of each field. Where the case stands depends on whether the withdrawal was ever
    acted on: a rehire that overtook it leaves nothing to approve, and the account was never disabled."""
    await take(world, hire_body())
    case = await force(world, await world.only_case(), Event.START_NEAR, Event.PROVISIONED)
    case.account = Account("o-1", "s@contoso.example", "7315", START)
    case.approvals = ["needs_approval_rehire"]
    case.steps["create_account"] = StepRecord(StepStatus.DONE)
    await world.store.cases.save(case)
    for name in order * (2 if twice else 1):
        await take(world, AGAIN[name])
        await disabled_by_us(world)
    case = await world.only_case()
    assert (case.hire.start_date, case.hire.department) == (date(2027, 3, 1), "Finance")
    assert case.account is not None, "the same account"
    story = await world.actions(case.case_id)
    if order.index("rehire") < order.index("cancel"):
        steps = ["create_account", "set_hire_date"]  # the first day is another one
        assert (case.state, list(case.steps)) == (State.FOLLOWING_UP, steps)
        assert "withdrawal_outdated" in story
        return
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert (case.return_state, case.next_action.what) == (State.WAITING_START, "operator")
    assert (case.steps, case.approvals, case.withdrawn_at) == ({}, [], None), (
        "a whole new run, newly approved"
    )
    assert story.count("reopened") == 1


async def test_a_rehire_that_is_withdrawn_too_is_disabled_again(world: World):
    await take(world, hire_body())
    case = await force(world, await world.only_case(), Event.START_NEAR, Event.PROVISIONED)
    case.account = Account("o-1", "s@contoso.example", "7315", START)
    await world.store.cases.save(case)
    for name in ("cancel", "rehire"):
        await take(world, AGAIN[name])
        await disabled_by_us(world)
    await take(world, event("hire.cancelled", 14))
    case = await world.only_case()
    assert (case.state, case.next_action.what, case.next_action.when) == (
        State.CANCELLED,
        "disable_account",
        world.clock.at,
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_an_empty_field_of_one_system_takes_nothing_back_of_another(
    bamboohr: World, order: tuple[int, ...]
):
    """The applicant gave a number; the HR record has none yet, and never had."""
    records: list[Any] = [
        hire_body(employee_id=None, candidate_id="C1", personal_email="s@example.net", start_date="2026-09-01",
                  phones=["+45 20 12 34 56"], job_title="Cook"),
        ("Created", 10, {"jobTitle": ""}),
        ("Updated", 11, {"jobTitle": "", "mobilePhone": "", "department": "Finance"}),
    ]  # fmt: skip
    for number in order:
        told = records[number]
        if isinstance(told, bytes):
            await take(bamboohr, told)
            continue
        action, hour, fields = told
        same = {"firstName": "Søren", "lastName": "O'Neill-Weiß", "homeEmail": "s@example.net"}
        body = posted(action, hour, hireDate="2026-09-01", **same, **fields)
        call = signed(catalog.adapters()["bamboohr"], body, bamboohr.clock.at, secret="k")
        answer = json.loads((await receive(bamboohr.services, "bamboohr", call)).body)
        await process_delivery(bamboohr.services, answer["delivery_id"])
    (case,) = [case for case in await bamboohr.all_cases() if case.reason_code != "joined"]
    assert (case.hire.job_title, case.hire.department) == ("Cook", "Finance")
    assert [phone.raw for phone in case.hire.phones or ()] == ["+45 20 12 34 56"]


async def test_a_date_that_cannot_be_read_is_a_finding_until_there_is_another(bamboohr: World):
    case = await tell(bamboohr, "Created", 9, firstName="Søren", hireDate="14/09/2026")
    assert [(item.code, item.field) for item in case.findings] == [("bad_date", "start_date")]
    case = await tell(bamboohr, "Updated", 10, firstName="Søren", jobTitle="Cook")
    assert [item.code for item in case.findings] == ["bad_date"]
    bamboohr.clock.move(hours=5)
    stamp = bamboohr.clock.at.isoformat()
    body = posted("Updated", 10, firstName="Søren", hireDate="2026-09-14").replace(
        T.format(10).encode(), stamp.encode()
    )
    call = signed(catalog.adapters()["bamboohr"], body, bamboohr.clock.at, secret="k")
    answer = json.loads((await receive(bamboohr.services, "bamboohr", call)).body)
    await process_delivery(bamboohr.services, answer["delivery_id"])
    assert (await bamboohr.only_case()).findings == []


# --- an employee number is nobody's for sure --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaver", "number_said_at", "state"),
    [
        ({"employee_id": "bob"}, 9, State.WAITING_START),  # another person, by the id
        ({"employee_id": "bob"}, 7, State.WAITING_START),
        ({"employee_id": "7315"}, 9, State.CLOSED),  # the same person, and the word on the number comes late
        (
            {"employee_id": None},
            9,
            State.WAITING_START,
        ),  # nobody knows who left; HR gave the number again after it
        ({"employee_id": None}, 7, State.CLOSED),  # … or the end overtook the word on the number
    ],
)
async def test_the_end_of_somebody_who_had_the_number_is_a_word_about_them(
    world: World, leaver: dict[str, Any], number_said_at: int, state: State
) -> None:
    hired = {"given_name": "Zoë", "family_name": "Maier", "start_date": "2026-09-01", "work_country": "DE"}
    await take(world, event("hire.created", 6, **hired))
    await take(world, event("employment.terminated", 8, **{**leaver, "employee_number": "77"}))
    await take(world, event("hire.updated", number_said_at, employee_number="77"))
    case = await world.only_case()
    assert (case.state, case.hire.employee_number) == (state, "77")


@pytest.mark.parametrize("number_said_at", [7, 9])
async def test_an_announced_end_of_somebody_who_had_the_number_is_theirs(
    world: World, number_said_at: int
) -> None:
    hired = {"given_name": "Zoë", "family_name": "Maier", "start_date": "2026-09-01", "work_country": "DE"}
    await take(world, event("hire.created", 6, **hired))
    left = {"employee_id": None, "employee_number": "77", "effective_date": "2026-12-31"}
    await take(world, event("employment.terminated", 8, **left))
    await take(world, event("hire.updated", number_said_at, employee_number="77"))
    case = await world.only_case()
    assert case.hire.end_date == (date(2026, 12, 31) if number_said_at == 7 else None)


async def test_an_end_by_number_alone_is_no_earlier_leavers(world: World) -> None:
    """Bob had the number, and Zoë has it when she leaves before her hire is heard of."""
    hired = {"given_name": "Zoë", "family_name": "Maier", "start_date": "2026-09-01", "employee_number": "77"}
    await take(world, event("employment.terminated", 8, employee_id="bob", employee_number="77"))
    await take(world, event("employment.terminated", 10, employee_id=None, employee_number="77"))
    await take(world, event("hire.created", 9, **hired))
    assert (await world.only_case()).state is State.CLOSED
