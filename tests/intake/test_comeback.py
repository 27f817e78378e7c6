"""Somebody comes back, or a termination is taken back, and the HR system has no event of its own for it.

And the other way round: an end that only the record tells, before the first day, today, or ahead.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, Hire
from onboarding.domain.lifecycle import State
from onboarding.errors import Unavailable
from onboarding.intake import catalog, fetch
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.operate.actions import Ask, act
from onboarding.ports import HrRecord
from onboarding.settings import SourceSettings
from tests.support.hr_api import HrApi
from tests.support.intake_services import World, make_world, secrets_of, signed, source

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
ADA = Hire(
    employee_id="7", given_name="Ada", family_name="Berg", start_date=date(2026, 8, 1), status="Active"
)
STANDS = HrRecord(ADA, cleared=("end_date",))
LEFT = HrRecord(replace(ADA, status="Inactive", end_date=date(2026, 8, 10)), ended=True)
AGAIN = HrRecord(replace(ADA, start_date=date(2026, 12, 1)), cleared=("end_date",))
HIBOB = catalog.adapters()["hibob"]
FIELDS = SourceSettings("bamboohr", "bamboohr", options={"hook": "fields"})
BAMBOOHR = catalog.bound(FIELDS, "bamboohr")
_numbers = itertools.count(1)


@pytest.fixture
def hr() -> HrApi:
    return HrApi(records={"7": STANDS})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, hr: HrApi) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    assert BAMBOOHR is not None
    fields = replace(source("bamboohr", "bamboohr", *secrets_of(BAMBOOHR)), options=FIELDS.options)
    made = make_world(source(HIBOB.slug, HIBOB.slug, *secrets_of(HIBOB)), fields)
    made.services = replace(made.services, hr=hr)
    made.clock.at = NOW
    yield made
    made.store.close()


async def take(
    world: World, kind: str = "updated", at: datetime | None = None, effective: str | None = None
) -> None:
    """A notice of HiBob that names the person only. Without `at` it happens now."""
    stamp = at or world.clock.at + timedelta(microseconds=next(_numbers))
    body = {
        "companyId": 636192,
        "type": f"employee.{kind}",
        "triggeredAt": stamp.replace(tzinfo=None).isoformat(timespec="microseconds"),
        "version": "v2",
        "data": {"employeeId": "7", **({"effectiveDate": effective} if effective else {})},
    }
    await send(world, signed(HIBOB, json.dumps(body).encode(), world.clock.at), HIBOB.slug)


async def post(world: World, start: str, end: str, status: str, at: datetime | None = None) -> None:
    """A whole record of BambooHR, by a field-based webhook."""
    assert BAMBOOHR is not None
    said = {
        "First name": "Ada",
        "Last name": "Berg",
        "Hire Date": start,
        "Status": status,
        "Termination Date": end,
    }
    person = {
        "id": "7",
        "action": "Updated",
        "timestamp": (at or world.clock.at + timedelta(microseconds=next(_numbers))).isoformat(),
        "fields": {name: {"value": value} for name, value in said.items()},
    }
    body = json.dumps({"employees": [person]}).encode()
    await send(world, signed(BAMBOOHR, body, world.clock.at), "bamboohr")


async def send(world: World, call: Any, to: str) -> None:
    answer = json.loads((await receive(world.services, to, call)).body)
    await process_delivery(world.services, answer["delivery_id"])


async def tick(world: World, **move: float) -> Case:
    """Time passes, and every read that is due is made."""
    world.clock.move(**move)
    for row in await world.store.cases.due(world.clock.at, 50):
        case = await world.store.cases.get(row.case_id)
        assert case is not None
        await fetch.advance(world.services, case, world.clock.at)
    return await world.only_case()


async def closed(world: World, hr: HrApi) -> Case:
    """Hired, read, and ended by a read."""
    await take(world, "created")
    assert (await tick(world, seconds=21)).state is not State.CLOSED
    hr.records["7"] = LEFT
    await take(world)
    case = await tick(world, seconds=21)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")
    world.clock.move(days=5)
    return case


# --- read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [STANDS, AGAIN, HrRecord(replace(ADA, end_date=date(2027, 1, 31)))])
async def test_a_record_that_stands_again_is_a_hire(world: World, hr: HrApi, record: HrRecord):
    before = await closed(world, hr)
    hr.records["7"] = record
    await take(world)
    case = await tick(world, seconds=21)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, record.hire.start_date)
    assert case.hired_at is not None
    assert before.ended_at is not None
    assert case.hired_at > before.ended_at
    assert "reopened" in await world.actions(case.case_id)
    await take(world)
    assert (await tick(world, seconds=21)).state is State.WAITING_START


@pytest.mark.parametrize(
    "record",
    [
        LEFT,
        replace(AGAIN, hire=replace(AGAIN.hire, status="Inactive")),
        replace(AGAIN, hire=replace(AGAIN.hire, start_date=None)),
        replace(AGAIN, withdrawn=True),
        replace(AGAIN, certainty=Certainty.DRAFT),
        HrRecord(ADA, withheld=("end_date",)),
        HrRecord(replace(AGAIN.hire, end_date=date(2026, 11, 20), status="Inactive"), ended=True),
    ],
)
async def test_a_record_that_does_not_say_so_leaves_the_hire_over_and_is_read_once(
    world: World, hr: HrApi, record: HrRecord
):
    await closed(world, hr)
    hr.records["7"], reads = record, len(hr.reads)
    await take(world)
    await tick(world, seconds=21)
    case = await tick(world, days=2)
    assert (case.state, case.reason_code, len(hr.reads)) == (State.CLOSED, "employment_ended", reads + 1)
    assert case.hire.start_date == ADA.start_date


async def test_an_account_that_exists_needs_an_approver(world: World, hr: HrApi):
    case = await closed(world, hr)
    case.account = Account("o-1", "a@contoso.example", "7", NOW)
    await world.store.cases.save(case)
    hr.records["7"] = AGAIN
    await take(world)
    case = await tick(world, seconds=21)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")


async def test_an_end_that_the_record_never_named_is_doubt_and_an_approver_decides(world: World, hr: HrApi):
    await take(world, "created")
    await tick(world, seconds=21)
    await take(world, "left")
    assert (await world.only_case()).state is State.CLOSED
    world.clock.move(days=1)
    await take(world)
    case = await tick(world, seconds=21)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    await act(world.services, "approve", case.case_id, Ask("approver", "HR confirms"))
    assert (await world.only_case()).state is State.WAITING_START


async def test_an_event_that_is_older_than_the_end_asks_for_no_read(world: World, hr: HrApi):
    await take(world, "created")
    await take(world, "left")
    case = await tick(world, hours=1)
    assert (case.state, hr.reads) == (State.CLOSED, [])


async def test_an_end_that_comes_late_is_checked_against_the_record(world: World, hr: HrApi):
    """The change came first and was read; then the end that it took back arrives."""
    ended = NOW + timedelta(days=1)
    await take(world, "created")
    hr.records["7"] = replace(STANDS, hire=replace(ADA, end_date=date(2026, 8, 31)))
    await take(world)
    await tick(world, seconds=21)
    world.clock.move(days=2)
    hr.records["7"] = AGAIN
    await take(world)
    await tick(world, seconds=21)
    await take(world, "left", at=ended)
    case = await tick(world, seconds=21)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")


async def test_a_withdrawal_after_the_event_that_asked_outweighs_the_read(world: World, hr: HrApi):
    await closed(world, hr)
    hr.records["7"] = AGAIN
    await take(world)
    left_again = world.clock.at + timedelta(seconds=10)
    await tick(world, seconds=21)
    await take(world, "left", at=left_again)
    assert (await world.only_case()).state is State.CLOSED


async def test_a_host_that_is_down_is_tried_again_for_somebody_who_may_come_back(world: World, hr: HrApi):
    await closed(world, hr)
    hr.records["7"] = AGAIN
    hr.errors = [Unavailable("down"), Unavailable("down")]
    await take(world)
    assert (await tick(world, seconds=21)).state is State.CLOSED
    for _ in range(4):
        case = await tick(world, hours=1)
    assert case.state is State.WAITING_START


@pytest.mark.parametrize("cleared", [(), ("end_date",)])
@pytest.mark.parametrize(
    ("start", "state"), [(date(2026, 9, 10), State.WAITING_START), (date(2026, 8, 1), State.CLOSED)]
)
async def test_somebody_unknown_left_and_is_back_by_a_first_day_after_the_end(
    world: World, hr: HrApi, start: date, state: State, cleared: tuple[str, ...]
):
    await take(world, "left", NOW - timedelta(hours=1))
    assert await world.all_cases() == []
    world.clock.move(days=9)
    hr.records["7"] = HrRecord(replace(ADA, start_date=start), cleared=cleared)
    await take(world)
    case = await tick(world, seconds=21)
    if cleared and state is State.CLOSED:  # no end any more, and nobody knows of which employment
        assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    else:
        assert case.state is state


async def test_an_end_that_was_announced_and_is_over_does_not_stop_a_record_that_begins_after_it(
    world: World, hr: HrApi
):
    await take(world, "left", effective="2026-08-25")
    world.clock.move(days=20)
    hr.records["7"] = HrRecord(replace(ADA, start_date=date(2026, 12, 1)))
    await take(world)
    case = await tick(world, seconds=21)
    assert (case.state, case.hire.end_date) == (State.WAITING_START, None)


async def test_an_end_that_was_announced_is_read_at_once_and_the_day_after(world: World, hr: HrApi):
    await take(world, "created")
    await tick(world, seconds=21)
    hr.records["7"] = HrRecord(replace(ADA, end_date=date(2026, 8, 31)))
    await take(world, "left", effective="2026-08-31")
    case = await world.only_case()
    assert (case.state, case.hire.end_date, len(hr.reads)) == (State.WAITING_START, date(2026, 8, 31), 1)
    await tick(world, seconds=21)
    assert len(hr.reads) == 2
    world.clock.at = datetime(2026, 9, 1, 0, 1, tzinfo=UTC)
    case = await tick(world)
    assert (case.state, case.reason_code, len(hr.reads)) == (State.CLOSED, "employment_ended", 3)


# --- posted whole ------------------------------------------------------------------------------------------------


async def test_a_whole_record_that_stands_again_is_a_hire(world: World):
    for start, end, status, state in (
        ("2026-08-01", "", "Active", State.WAITING_START),
        ("2026-08-01", "2026-08-10", "Inactive", State.CLOSED),
        ("2026-08-01", "2026-08-10", "Inactive", State.CLOSED),
        ("2026-08-01", "", "Active", State.WAITING_START),
        ("2026-08-01", "2026-08-12", "Inactive", State.CLOSED),
        ("2026-12-01", "", "Active", State.WAITING_START),
        ("2026-12-01", "2026-12-01", "Inactive", State.CLOSED),
        ("2026-12-01", "2026-12-01", "Active", State.CLOSED),
    ):
        world.clock.move(days=1)
        await post(world, start, end, status)
        case = await world.only_case()
        assert (case.state, str(case.hire.start_date)) == (state, start), (start, end, status)


async def test_whole_records_come_in_any_order_and_the_newest_counts(world: World):
    told = [
        ("2026-08-01", "", "Active", NOW - timedelta(days=3)),
        ("2026-08-01", "2026-08-10", "Inactive", NOW - timedelta(days=2)),
        ("2026-12-01", "", "Active", NOW - timedelta(days=1)),
    ]
    for order in itertools.permutations(told):
        inner = make_world(*world.services.settings.sources.values())
        inner.clock.at = NOW
        for start, end, status, at in order:
            await post(inner, start, end, status, at)
            await post(inner, start, end, status, at)
        case = await inner.only_case()
        inner.store.close()
        assert (case.state, case.hire.start_date) == (State.WAITING_START, date(2026, 12, 1)), order


# --- ends that only the record tells -----------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("end", "ended"), [("2026-12-01", False), ("2026-12-01", True), ("2026-11-20", True)]
)
async def test_an_end_on_or_before_the_first_day_withdraws_the_hire(
    world: World, hr: HrApi, end: str, ended: bool, known: bool
):
    await take(world, "created")
    if known:
        hr.records["7"] = AGAIN
        assert (await tick(world, seconds=21)).state is State.WAITING_START
    hr.records["7"] = HrRecord(replace(AGAIN.hire, end_date=date.fromisoformat(end)), ended=ended)
    await take(world)
    case = await tick(world, seconds=21)
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


async def test_an_end_before_the_first_day_of_somebody_who_works_there_is_an_earlier_employments(
    world: World, hr: HrApi
):
    hr.records["7"] = HrRecord(replace(AGAIN.hire, end_date=date(2026, 8, 10)))
    await take(world, "created")
    assert (await tick(world, seconds=21)).state is State.WAITING_START


@pytest.mark.parametrize("days", [0, 30])
async def test_an_end_that_is_not_over_is_read_again_the_day_after(world: World, hr: HrApi, days: int):
    end = NOW.date() + timedelta(days=days)
    hr.records["7"] = HrRecord(replace(ADA, end_date=end))
    await take(world, "created")
    case = await tick(world, seconds=21)
    assert (case.state, len(hr.reads)) == (State.WAITING_START, 1)
    world.clock.at = datetime(end.year, end.month, end.day, 23, 59, tzinfo=UTC)
    case.next_action.when = None
    await world.store.cases.save(case)
    assert (await tick(world)).state is State.WAITING_START
    hr.errors = [Unavailable("down")]
    case = await tick(world, minutes=2)
    assert (case.state, len(hr.reads)) == (State.WAITING_START, 2)
    case = await tick(world, hours=1)
    assert (case.state, case.reason_code, len(hr.reads)) == (State.CLOSED, "employment_ended", 3)


async def test_an_end_that_was_put_off_is_read_again_the_day_after_that(world: World, hr: HrApi):
    hr.records["7"] = HrRecord(replace(ADA, end_date=date(2026, 8, 31)))
    await take(world, "created")
    await tick(world, seconds=21)
    hr.records["7"] = HrRecord(replace(ADA, end_date=date(2026, 9, 30)))
    await take(world)
    case = await tick(world, seconds=21)
    assert [item.look_at for item in case.fetches.values()] == [datetime(2026, 10, 1, tzinfo=UTC)]
    hr.records["7"] = STANDS
    await take(world)
    case = await tick(world, seconds=21)
    assert [item.due_at for item in case.fetches.values()] == [None]
