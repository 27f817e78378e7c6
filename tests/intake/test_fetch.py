"""Thin events: the case waits, one read answers many events, failures say who mends what, nothing stale wins."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from onboarding.domain.account import Account, AccountIntent
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, Hire, ManagerRef, Phone
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import Fetch
from onboarding.errors import StoreConflict, Throttled, Unavailable
from onboarding.intake import catalog, fetch
from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.operate import work
from onboarding.operate.actions import Ask, act, possible
from onboarding.operate.explain import REASONS, explain
from onboarding.ports import HrRecord, ReaderRefused, RecordGone, WorkMessage
from tests.support.hr_api import HrApi
from tests.support.intake_services import START, World, make_world, secrets_of, signed, source

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
SOREN = Hire(
    employee_id="7",
    given_name="Søren",
    family_name="O'Neill",
    start_date=date(2026, 12, 1),
    phones=(Phone("+45 20 12 34 56", "mobile"),),
    manager=ManagerRef(email="petra@contoso.example"),
)
#: Its events name the person only by an id, and nothing else.
HIBOB = catalog.adapters()["hibob"]
_numbers = itertools.count(1)


@pytest.fixture
def hr() -> HrApi:
    return HrApi(people={"7": SOREN})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, hr: HrApi) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    made = make_world(source(HIBOB.slug, HIBOB.slug, *secrets_of(HIBOB)))
    made.services = replace(made.services, hr=hr)
    made.clock.at = NOW
    yield made
    made.store.close()


async def take(world: World, kind: str = "created", identifier: str = "7", at: datetime | None = None) -> str:
    """An event of HiBob: its times have microseconds and no zone. Without `at` it happens now."""
    stamp = at or world.clock.at + timedelta(microseconds=next(_numbers))
    body = {
        "companyId": 636192,
        "type": f"employee.{kind}",
        "triggeredAt": stamp.replace(tzinfo=None).isoformat(timespec="microseconds"),
        "version": "v2",
        "data": {"employeeId": identifier},
    }
    call = signed(HIBOB, json.dumps(body).encode(), world.clock.at)
    answer = json.loads((await receive(world.services, HIBOB.slug, call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    found: str = answer["delivery_id"]
    return found


async def tick(world: World, **move: float) -> Case:
    """Time passes, and every case that is due is looked at."""
    world.clock.move(**move)
    for row in await world.store.cases.due(world.clock.at, 50):
        await work.handle(world.services, WorkMessage(case_id=row.case_id, why="due"))
    return (await world.all_cases())[0]


async def test_the_case_waits_until_a_read_can_show_what_happened_and_then_goes_on(world: World, hr: HrApi):
    await take(world)
    case = await world.only_case()
    assert (case.state, case.next_action.what) == (State.AWAITING_FETCH, "fetch")
    assert case.next_action.when == NOW + timedelta(seconds=20)
    assert await tick(world, seconds=15) == case
    assert hr.reads == []
    case = await tick(world, seconds=5)
    assert (case.state, case.next_action.what) == (State.WAITING_START, "provision")
    assert case.hire == SOREN
    assert [ref.id for _, ref in hr.reads] == ["7"]
    assert "hr_record_read" in await world.actions(case.case_id)
    assert not case.manager_changed


async def test_a_short_wait_is_a_delayed_message_too(world: World):
    await take(world)
    assert [message.why for _, message in world.queue.sent if message.case_id] == ["fetch"]


async def test_a_burst_is_one_read_and_an_event_that_is_too_young_gets_one_of_its_own(
    world: World, hr: HrApi
):
    for _ in range(10):
        await take(world, "updated")
        world.clock.move(seconds=1)
    await tick(world, seconds=19)
    assert len(hr.reads) == 1
    await tick(world, hours=1)
    assert len(hr.reads) == 1
    for _ in range(25):  # somebody types for four minutes
        await take(world, "updated")
        await tick(world, seconds=10)
    await tick(world, minutes=5)
    assert 3 <= len(hr.reads) <= 5, "two minutes at most are waited, and the last event is read after its lag"
    last = (await world.only_case()).fetches[HIBOB.slug]
    assert last.read_at is not None
    assert last.read_at >= last.asked_at + hr.lag


async def test_an_update_reads_again_and_the_last_read_wins(world: World, hr: HrApi):
    await take(world)
    await tick(world, seconds=20)
    hr.people["7"] = replace(SOREN, start_date=date(2026, 10, 1), job_title="Cook")
    await take(world, "updated")
    assert (await world.only_case()).state is State.AWAITING_FETCH
    case = await tick(world, seconds=20)
    assert (case.state, case.hire.start_date, case.hire.job_title) == (
        State.WAITING_START,
        date(2026, 10, 1),
        "Cook",
    )
    moved = [
        item for item in await world.store.cases.timeline(case.case_id) if item.action == "start_date_moved"
    ]
    assert [item.detail["days"] for item in moved] == ["-61"]
    assert case.next_action.what == "provision"


@pytest.mark.parametrize("state", [State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED])
async def test_after_the_account_is_begun_nothing_waits_for_a_read(world: World, hr: HrApi, state: State):
    await take(world)
    case = await tick(world, seconds=20)
    path = [Event.START_NEAR, Event.PROVISIONED, Event.CONFIRM]
    for event in path[: [State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED].index(state) + 1]:
        case.apply(event)
    case.account = Account("o-1", "s@contoso.example", "7", START)
    case.next_action.when = NOW + timedelta(days=3)
    await world.store.cases.save(case)
    hr.people["7"] = replace(SOREN, locale="da-DK")
    await take(world, "updated")
    waiting = await world.only_case()
    assert (waiting.state, waiting.next_action.when) == (state, NOW + timedelta(days=3))
    assert waiting.wakes_at == world.clock.at + timedelta(seconds=20)
    world.clock.move(seconds=20)
    assert await fetch.advance(world.services, waiting, world.clock.at)
    case = await world.only_case()
    assert (case.state, case.hire.locale, case.hire.phones) == (state, "da-DK", SOREN.phones)
    hr.errors = [ReaderRefused("no", code="hr_sign_in")]
    await take(world, "updated")
    world.clock.move(seconds=20)
    assert await fetch.advance(world.services, await world.only_case(), world.clock.at)
    case = await world.only_case()
    assert (case.state, case.reason_code) == (state, None)
    assert "hr_read_failed" in await world.actions(case.case_id)


@pytest.mark.parametrize(
    "code", ["no_hr_reader", "hr_not_configured", "hr_sign_in", "hr_permission", "hr_unreadable", "hr_option"]
)
async def test_what_no_patience_mends_blocks_with_a_sentence_and_a_rerun_reads_again(
    world: World, hr: HrApi, code: str
):
    hr.errors = [ReaderRefused("no", code=code)]
    await take(world)
    case = await tick(world, seconds=20)
    assert (case.state, case.reason_code, case.next_action.when) == (State.BLOCKED, code, None)
    assert explain(case).startswith(REASONS[code][0])
    assert "rerun" in possible(case)
    await act(world.services, "rerun", case.case_id, Ask("op", "mended"))
    case = await tick(world, seconds=1)
    assert (case.state, case.hire.given_name) == (State.WAITING_START, "Søren")


async def test_a_record_that_is_gone_is_looked_for_twice(world: World, hr: HrApi):
    hr.errors = [RecordGone("gone"), RecordGone("gone")]
    await take(world)
    assert (await tick(world, seconds=20)).state is State.AWAITING_FETCH
    case = await tick(world, minutes=2)
    assert (case.state, case.reason_code) == (State.BLOCKED, "hr_record_gone")
    hr.errors = [RecordGone("gone")]
    await act(world.services, "rerun", case.case_id, Ask("op", "HR says it is back"))
    await tick(world, seconds=1)
    assert (await tick(world, minutes=2)).state is State.WAITING_START


@pytest.mark.parametrize("state", [State.WAITING_START, State.PROVISIONING])
@pytest.mark.parametrize("back", [False, True], ids=["for good", "back at the second look"])
async def test_whose_record_is_gone_before_there_is_an_account_waits_and_gets_none(
    world: World, hr: HrApi, state: State, back: bool
):
    """Nothing is made while it is looked for once more, nor after that; an event that brings it leads on."""
    await take(world)
    case = await tick(world, seconds=20)
    if state is State.PROVISIONING:
        case.apply(Event.START_NEAR)
    case.fetches["hibob"].when = world.clock.at  # as of an event that came while the case went on
    case.next_action.when = world.clock.at
    await world.store.cases.save(case)
    hr.errors = [RecordGone("gone")] * (1 if back else 2)
    case = await tick(world)
    assert (case.state, case.next_action.why) == (State.AWAITING_FETCH, "hr_record_gone")
    case = await tick(world, minutes=2)
    if back:
        assert (case.state, case.next_action.what) == (State.WAITING_START, "provision")
        return
    assert (case.state, case.reason_code) == (State.BLOCKED, "hr_record_gone")
    await take(world, "updated")
    assert (await tick(world, seconds=20)).state is State.WAITING_START


async def test_a_host_that_is_down_is_tried_with_back_off_and_given_up_after_the_policys_hours(
    world: World, hr: HrApi
):
    hr.errors = [Throttled("slow", retry_after=600.5), *[Unavailable("down") for _ in range(500)]]
    await take(world)
    case = await tick(world, seconds=20)
    assert case.next_action.when == world.clock.at + timedelta(seconds=600.5)
    assert (case.next_action.what, case.next_action.why) == ("fetch", "throttled")
    for _ in range(300):
        if case.state is State.BLOCKED:
            break
        assert case.wakes_at is not None
        world.clock.at = max(world.clock.at, case.wakes_at)
        case = await tick(world, minutes=5)
    assert (case.state, case.reason_code) == (State.BLOCKED, "hr_unreachable")
    assert world.clock.at - NOW >= timedelta(hours=72)
    assert len(hr.reads) < 80
    story = await world.actions(case.case_id)
    assert story.count("hr_read_retries") == 1
    assert [(item.code, item.field) for item in case.findings] == [("read_failed", "hr_unreachable")]
    hr.errors = []
    await take(world, "updated")
    case = await tick(world, seconds=20)
    assert (case.state, case.findings) == (State.WAITING_START, [])


async def test_events_do_not_hurry_a_host_that_is_down(world: World, hr: HrApi):
    hr.errors = [Throttled("slow", retry_after=3600)]
    await take(world)
    await tick(world, seconds=20)
    for _ in range(5):
        await take(world, "updated")
        await tick(world, minutes=1)
    assert len(hr.reads) == 1
    assert (await tick(world, hours=1)).state is State.WAITING_START


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (HrRecord(replace(SOREN, start_date=None)), "missing_start_date"),
        (HrRecord(Hire(employee_id="7", start_date=SOREN.start_date)), "missing_name"),
        (HrRecord(replace(SOREN, start_date=None), withheld=("start_date",)), "hr_field_withheld"),
    ],
)
async def test_an_incomplete_record_says_what_is_missing_and_the_next_event_mends_it(
    world: World, hr: HrApi, record: HrRecord, reason: str
):
    hr.records["7"] = record
    await take(world)
    case = await tick(world, seconds=20)
    assert (case.state, case.reason_code) == (State.BLOCKED, reason)
    assert explain(case)
    del hr.records["7"]
    await take(world, "updated")
    assert (await tick(world, seconds=20)).state is State.WAITING_START


async def test_what_permissions_hide_is_a_finding_and_no_phone_is_none(world: World, hr: HrApi):
    hr.records["7"] = HrRecord(
        replace(SOREN, phones=()), withheld=("phones[mobile]",), unusable=(("bad_date", "end_date"),)
    )
    await take(world)
    case = await tick(world, seconds=20)
    assert {(item.code, item.field) for item in case.findings} == {
        ("no_permission", "phones[mobile]"),
        ("bad_date", "end_date"),
    }
    hr.records["7"] = HrRecord(replace(SOREN, phones=()))
    await take(world, "updated")
    case = await tick(world, seconds=20)
    assert "no_permission" not in {item.code for item in case.findings}


async def test_a_read_that_was_overtaken_is_thrown_away_and_done_again(world: World, hr: HrApi):
    await take(world)
    world.clock.move(seconds=20)

    async def hr_changes_meanwhile() -> None:
        hr.people["7"] = replace(SOREN, given_name="Sören")
        await take(world, "updated")

    hr.meanwhile = hr_changes_meanwhile
    with pytest.raises(StoreConflict):
        await fetch.advance(world.services, await world.only_case(), world.clock.at)
    assert (await world.only_case()).hire.given_name is None
    case = await tick(world, seconds=20)
    assert (case.state, case.hire.given_name, len(hr.reads)) == (State.WAITING_START, "Sören", 2)


async def test_a_slow_read_does_not_overwrite_what_a_later_one_brought(world: World, hr: HrApi):
    """Two workers read; the one that asked first answers last."""
    await take(world)
    world.clock.move(seconds=20)
    slow, asked = await world.only_case(), world.clock.at
    hr.people["7"] = replace(SOREN, given_name="Newer")
    await tick(world, seconds=1)
    hr.people["7"] = replace(SOREN, given_name="Older")
    with pytest.raises(StoreConflict):
        await fetch.advance(world.services, slow, asked)
    assert (await world.only_case()).hire.given_name == "Newer"


async def test_an_end_or_a_withdrawal_in_the_record_ends_the_case(world: World, hr: HrApi):
    table = [
        (
            "1",
            HrRecord(replace(SOREN, employee_id="1", end_date=date(2026, 8, 1), start_date=date(2026, 7, 1))),
            State.CLOSED,
        ),
        ("2", HrRecord(replace(SOREN, employee_id="2"), withdrawn=True), State.CANCELLED),
        ("3", HrRecord(replace(SOREN, employee_id="3", end_date=date(2027, 8, 1))), State.WAITING_START),
        ("4", HrRecord(replace(SOREN, employee_id="4"), certainty=Certainty.DRAFT), State.RECEIVED),
    ]
    for identifier, record, _ in table:
        hr.records[identifier] = record
        await take(world, "updated", identifier)
    await tick(world, seconds=20)
    found = {case.hire.employee_id: case.state for case in await world.all_cases()}
    drafts = {"4": State.WAITING_START}  # the event itself said employee
    assert found == {identifier: drafts.get(identifier, state) for identifier, _, state in table}


async def test_an_update_of_somebody_who_began_long_ago_is_no_hire_and_leaves_no_name(
    world: World, hr: HrApi
):
    hr.people["7"] = replace(SOREN, start_date=date(2019, 1, 1))
    await take(world, "updated")
    case = await tick(world, seconds=20)
    assert (case.state, case.reason_code) == (State.CLOSED, "existing_staff")
    assert case.hire == Hire(employee_id="7")
    await take(world, "updated")
    await tick(world, seconds=20)
    assert len(hr.reads) == 1
    await take(world, "created")
    case = await world.only_case()
    assert case.state is State.AWAITING_FETCH
    world.clock.move(seconds=20)
    await fetch.advance(world.services, case, world.clock.at)
    assert (await world.only_case()).state is State.WAITING_START


async def test_the_end_of_somebody_unknown_is_remembered_for_the_hire_that_it_overtook(
    world: World, hr: HrApi
):
    for kind, state in (("left", State.CLOSED), ("deleted", State.BLOCKED)):
        identifier = f"9-{kind}"
        hr.people[identifier] = replace(SOREN, employee_id=identifier)
        await take(world, kind, identifier, at=datetime(2026, 8, 17, 12, tzinfo=UTC))
        assert [case for case in await world.all_cases() if case.hire.employee_id == identifier] == []
        await take(world, "created", identifier, at=datetime(2026, 8, 17, 9, tzinfo=UTC))
        (case,) = [case for case in await world.all_cases() if case.hire.employee_id == identifier]
        assert case.state is state
    await take(world, "created", "9-left", at=datetime(2026, 8, 17, 13, tzinfo=UTC))
    await tick(world, seconds=20)
    states = {case.hire.employee_id: case.state for case in await world.all_cases()}
    assert states["9-left"] is State.WAITING_START


async def test_operators_can_pause_and_exclude_somebody_who_is_being_read(world: World, hr: HrApi):
    await take(world)
    case = await world.only_case()
    await act(world.services, "pause", case.case_id, Ask("op", "wait"))
    await tick(world, hours=1)
    assert hr.reads == []
    await act(world.services, "resume", case.case_id, Ask("op", "go on"))
    assert (await tick(world, seconds=1)).state is State.WAITING_START


async def test_what_hr_has_emptied_is_gone_and_what_it_keeps_from_us_stays(world: World, hr: HrApi):
    full = replace(SOREN, department="Finance", job_title="Cook", end_date=date(2027, 1, 1))
    hr.people["7"] = replace(full, phones=(*(SOREN.phones or ()), Phone("+45 33 12 34 56", "work")))
    await take(world)
    await tick(world, seconds=20)
    less = replace(SOREN, manager=None, phones=(Phone("+45 33 99 99 99", "work"),))
    hr.records["7"] = HrRecord(
        less, withheld=("department", "phones[mobile]"), cleared=("end_date", "job_title", "manager")
    )
    await take(world, "updated")
    hire = (await tick(world, seconds=20)).hire
    assert (hire.manager, hire.job_title, hire.end_date, hire.department) == (None, None, None, "Finance")
    assert {item.raw for item in hire.phones or ()} == {"+45 33 99 99 99", "+45 20 12 34 56"}
    hr.records["7"] = HrRecord(replace(less, phones=()))
    await take(world, "updated")
    assert (await tick(world, seconds=20)).hire.phones == ()


async def test_a_value_that_could_be_read_the_next_time_is_no_finding_any_more(world: World, hr: HrApi):
    hr.records["7"] = HrRecord(SOREN, unusable=(("bad_date", "end_date"), ("wrong_type", "job_title")))
    await take(world)
    case = await tick(world, seconds=20)
    assert {(item.code, item.field) for item in case.findings} == {
        ("bad_date", "end_date"),
        ("wrong_type", "job_title"),
    }
    hr.errors = [ReaderRefused("no", code="hr_sign_in")]
    await take(world, "updated")
    assert len((await tick(world, seconds=20)).findings) == 3, (
        "a read that failed says nothing about the rest"
    )
    hr.records["7"] = HrRecord(SOREN)
    await take(world, "updated")
    assert (await tick(world, seconds=20)).findings == []


async def test_a_restore_that_is_under_way_is_ended_before_anything_else(world: World, hr: HrApi):
    """Its answer was lost: what it brought back is to be on the case, and closed, before the case stops."""
    await take(world)
    case = await tick(world, seconds=20)
    case.apply(Event.START_NEAR)
    case.intent = AccountIntent("zoe@contoso.example", "4711", world.clock.at, restores="old-1")
    case.fetches["hibob"].when = case.next_action.when = world.clock.at
    await world.store.cases.save(case)
    hr.errors = [RecordGone("gone")] * 2
    for minutes in (0, 2):
        world.clock.move(minutes=minutes)
        await fetch.advance(world.services, await world.only_case(), world.clock.at)
        case = await world.only_case()
        assert (case.state, case.reason_code) == (State.PROVISIONING, None)
    assert case.intent is not None


@pytest.mark.parametrize("state", [State.AWAITING_FETCH, State.PROVISIONING])
async def test_a_recruiting_record_that_was_erased_stops_nobody_whom_hr_has(
    world: World, hr: HrApi, state: State
):
    """Many companies erase it once the person is hired. A rerun does not look for it again either."""
    await take(world)
    case = await tick(world, seconds=20)
    if state is State.PROVISIONING:
        case.apply(Event.START_NEAR)
    else:
        case.apply(Event.FETCH_NEEDED)
    case.ids["greenhouse"] = {"candidate_id": "g-9"}
    asked = world.clock.at - timedelta(days=1)
    case.fetches["greenhouse"] = Fetch("greenhouse", "candidate", "g-9", asked, asked, world.clock.at)
    case.next_action.when = world.clock.at
    await world.store.cases.save(case)
    hr.errors = [RecordGone("gone")]
    assert await fetch.advance(world.services, await world.only_case(), world.clock.at)
    case = await world.only_case()
    wanted = State.WAITING_START if state is State.AWAITING_FETCH else state
    assert (case.state, case.reason_code, "greenhouse" in case.fetches) == (wanted, None, False)
    assert case.next_action.when is not None
