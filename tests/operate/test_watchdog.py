"""The watchdog: whatever is lost is found and put right, once, and says so; and a pass costs by what is late."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding import casework
from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.evidence import Status
from onboarding.domain.lifecycle import ACTIVE, State
from onboarding.domain.records import NextAction, RungRecord, RungStatus
from onboarding.errors import DeployerError, StoreConflict, Unavailable
from onboarding.intake import catalog, receive, signing
from onboarding.operate import due, mending, rounds, watchdog, work
from onboarding.operate.watchdog import Mended, watch
from onboarding.ports import (
    BULK_QUEUE,
    CLAIM_LEASE,
    WORK_QUEUE,
    CaseQuery,
    DeliveryStatus,
    Page,
    Swept,
    WorkMessage,
)
from onboarding.settings import Secret, Settings, SourceSettings
from onboarding.web import Request
from tests.storage.stores import FACTORIES, PLACES, StoreUnderTest, open_store
from tests.storage.stores import make_case as stored_case
from tests.storage.stores import make_delivery as stored_delivery
from tests.support.doubles import CASE_ID, T0, Killed, World, make_case, sides

ACCOUNT = Account("user-1", "zoe@contoso.example", "4711", T0)
LONG_AGO = T0 - timedelta(days=40)
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
DOOR = "standard-webhooks"


def make_delivery(n: int = 1, status: str = "received", *, minutes: float = 16, **more: Any) -> Any:
    return stored_delivery(n, status=DeliveryStatus(status), at=T0 - timedelta(minutes=minutes), **more)


def upon(world: World, store: StoreUnderTest) -> World:
    """The world over this store."""
    world.store.close()
    inner: Any = store
    world.store = inner
    world.s = world.services()
    return world


@pytest.fixture(params=sorted(FACTORIES))
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world over every store in turn."""
    store = open_store(request.param, PLACES[request.param](tmp_path))
    world = upon(World(), store)
    yield world
    await store.close_all()


async def rest(world: World) -> None:
    """The first round is over: from here on a pass looks only at what is its turn."""
    while (await watch(world.s)) != Mended():
        pass
    for name, every in ((watchdog.CASES, watchdog.CASES_EVERY), (watchdog.ALIASES, watchdog.ALIASES_EVERY)):
        while await rounds.place(world.s, name, world.clock.at, every) is not None:
            await watch(world.s)
    world.queue.sent.clear()


async def again(world: World, **by: float) -> Mended:
    world.clock.move(**(by or {"hours": 1}))
    return await watch(world.s)


def actions(story: list[Any]) -> list[str]:
    return [entry.action for entry in story]


# --- cases that are late -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    ("planned", "late"),
    [
        (None, True),
        (timedelta(minutes=-15, seconds=-1), True),
        (timedelta(minutes=-14), False),
        (timedelta(days=3), False),
    ],
)
async def test_a_working_case_without_progress_goes_back_to_work_and_says_so(
    world: World, state: State, planned: timedelta | None, late: bool
) -> None:
    when = T0 + planned if planned is not None else None
    await world.file(make_case(state=state, next_action=NextAction("provision", when, "x")))
    mended = await watch(world.s)
    # A case that HR has announced works when something is planned for it, and otherwise waits for HR.
    wanted = int(late and state in (ACTIVE if when is None else ACTIVE | {State.RECEIVED}))
    assert mended == Mended(cases=wanted)
    assert len(world.queue.sent) == wanted
    case = await world.case()
    if wanted:
        assert case.next_action == NextAction("provision", T0, "watchdog")
        assert [message for message, _ in world.queue.sent] == [WorkMessage(case_id=CASE_ID, why="watchdog")]
        assert actions(await world.story()) == ["watchdog_requeued"]
        assert (await watch(world.s)).cases == 0
    else:
        assert case.next_action.when == when
        assert await world.story() == []


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (State.CANCELLED, "revoke_pass"),
        (State.CLOSED, "revoke_pass"),
        (State.EXCLUDED, "revoke_pass"),
        (State.EXCLUDED, "forget"),
        (State.CLOSED, "forget"),
    ],
)
async def test_what_is_planned_for_a_case_that_is_over_is_not_lost_either(
    world: World, state: State, what: str
) -> None:
    """A pass that is to be made void, a person who is to be erased."""
    planned = NextAction(what, T0 - timedelta(minutes=16), "x")
    await world.file(make_case(state=state, next_action=planned))
    assert (await watch(world.s)).cases == 1
    assert (await world.case()).next_action.what == what


async def test_a_row_of_a_case_at_rest_does_not_stand_in_the_way_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "PASS", 3)
    monkeypatch.setattr(watchdog, "PARTS", (watchdog.late_cases,))
    for n in range(3):
        planned = NextAction("operator", T0 - timedelta(days=9), "x")
        await world.store.cases.create(make_case(f"c_{n:020d}", state=State.PAUSED, next_action=planned))
    await world.store.cases.create(
        make_case(f"c_{9:020d}", next_action=NextAction("provision", T0 - timedelta(hours=1), "x"))
    )
    assert (await watch(world.s)).cases == 0
    assert (await watch(world.s)).cases == 1


async def test_a_case_that_somebody_works_on_at_that_moment_is_left_alone(world: World) -> None:
    await world.file(make_case(next_action=NextAction("provision", None, "x")))

    async def save(case: Case, timeline: Any = ()) -> Case:
        raise StoreConflict("x")

    world.store.cases.save = save  # type: ignore[method-assign]
    assert await watch(world.s) == Mended()


async def test_a_mass_of_late_cases_takes_the_bulk_lane(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: Counter[str] = Counter()

    async def send(message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        lanes[queue] += 1

    monkeypatch.setattr(world.queue, "send", send)
    late = NextAction("provision", T0 - timedelta(hours=1), "x")
    for n in range(30):
        await world.store.cases.create(make_case(f"c_{n:020d}", next_action=late))
    assert (await watch(world.s)).cases == 30
    assert lanes == {WORK_QUEUE: watchdog.BULK_AFTER, BULK_QUEUE: 10}


# --- what was really lost ------------------------------------------------------------------------------------------

Plant = Callable[[Any, Case], Awaitable[None]]


async def _sql(store: Any, *statements: str, **values: object) -> None:
    def run(connection: Any) -> None:
        for statement in statements:
            connection.execute(statement, values)

    await store.cases._database.write(run)


async def _drop_due_row(store: Any, case: Case) -> None:
    if hasattr(store.cases, "_database"):
        await _sql(store, "DELETE FROM due WHERE case_id = :id", id=case.case_id)
    else:
        pointer = await store.cases._due.pointer(case.case_id)
        await store.cases._due.drop(case.case_id, pointer.at, pointer.version)


async def _drop_list_row(store: Any, case: Case) -> None:
    if hasattr(store.cases, "_database"):
        await _sql(store, "DELETE FROM search WHERE case_id = :id", id=case.case_id)
    else:
        from onboarding.storage.azure import rows

        await store.cases._listings.drop(rows.place_of(case))


async def _drop_both(store: Any, case: Case) -> None:
    await _drop_due_row(store, case)
    await _drop_list_row(store, case)


@pytest.mark.parametrize("plant", [_drop_due_row, _drop_list_row, _drop_both])
async def test_a_case_that_lost_its_hints_comes_back_to_work_within_a_round(
    kept: World, plant: Plant
) -> None:
    planned = NextAction("provision", T0 + timedelta(minutes=5), "x")
    case = await kept.file(make_case(next_action=planned))
    await rest(kept)
    fresh = await kept.case()
    await plant(kept.store, fresh)
    kept.clock.move(minutes=25)
    for _ in range(13):
        await watch(kept.s)
        kept.clock.move(minutes=5)
    assert CASE_ID in [message.case_id for message, _ in kept.queue.sent]
    while kept.queue.sent:
        message, _ = kept.queue.sent.pop(0)
        await work.handle(kept.s, message)
    assert (await kept.case()).state is not State.WAITING_START
    story = actions(await kept.story())
    assert story[0] == "watchdog_requeued"
    found = await kept.store.cases.search(CaseQuery(employee_id=case.hire.employee_id))
    assert [item.case_id for item in found.items] == [CASE_ID]


async def test_hints_of_a_resting_case_are_put_right_in_azure(tmp_path: Path) -> None:
    """It is planned for later and at rest: nothing would ever write it again before its time."""
    store: Any = open_store("azure", PLACES["azure"](tmp_path))
    world = upon(World(), store)
    blocked = make_case(
        state=State.BLOCKED, reason_code="no_account", next_action=NextAction("operator", None, "x")
    )
    waiting = make_case("c_" + "2" * 20, next_action=NextAction("provision", T0 + timedelta(days=9), "x"))
    for case in (blocked, waiting):
        await world.store.cases.create(case)
        await _drop_list_row(store, case)
        await store.cases._words.drop_keys([key for key in await store.cases._words.page("", 500)])
    await _drop_due_row(store, waiting)
    assert (await world.store.cases.search(CaseQuery(state="blocked"))).items == []
    assert (await watch(world.s)).hints == 2
    assert [i.case_id for i in (await world.store.cases.search(CaseQuery(state="blocked"))).items] == [
        CASE_ID
    ]
    assert len((await world.store.cases.search(CaseQuery(q="zoe"))).items) == 2
    assert len(await world.store.cases.due(T0 + timedelta(days=10), 9)) == 1
    (told,) = await world.story(waiting.case_id)
    assert (told.action, told.detail) == ("hints_mended", {"hints": "due_row, list_row, words"})
    await world.store.cases.get(CASE_ID)
    assert (await again(world)).hints == 0
    await store.close_all()


async def test_the_round_goes_over_the_truth_a_page_a_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cases that no list and no due row knows: the walk alone finds them."""
    monkeypatch.setattr(watchdog, "CASES_PAGE", 10)
    for n in range(43):
        case = make_case(f"c_{n:020d}", next_action=NextAction("provision", None, "x"))
        await world.store.cases.create(case)
    await _sql(world.store, "DELETE FROM search", "DELETE FROM due")
    found = [(await watch(world.s)).cases for _ in range(5)]
    assert found == [10, 10, 10, 10, 3]
    assert world.tape.calls.count("cases.search") == 0


async def test_a_round_begins_once_an_hour(world: World) -> None:
    await rest(world)

    async def walked(**by: float) -> int:
        world.tape.calls.clear()
        await again(world, **by)
        return world.tape.calls.count("cases.walk")

    assert [await walked(minutes=minutes) for minutes in (5, 5, 49, 1, 5)] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("hours", [-1, -24 * 365])
async def test_a_clock_that_was_set_back_begins_a_round(world: World, hours: int) -> None:
    await rest(world)
    world.tape.calls.clear()
    await again(world, hours=hours)
    assert world.tape.calls.count("cases.walk") == 1


@pytest.mark.parametrize("name", [watchdog.CASES, watchdog.ALIASES, watchdog.DELIVERIES, watchdog.HINTS])
async def test_a_place_of_another_store_begins_the_round_anew(kept: World, name: str) -> None:
    """After an upgrade, or where a marker was copied from another store."""
    value = {"began": T0.isoformat(), "page": "somebody-elses-token", "number": 3, "seen": 7, "last": 9}
    await kept.store.cases.write_marker(name, value, None)
    await kept.file(make_case(next_action=NextAction("provision", None, "x")))
    assert (await watch(kept.s)).cases == 1
    marker = await kept.store.cases.read_marker(name)
    assert marker is not None
    if name != watchdog.HINTS:  # which may take more than a page in an empty store
        assert marker.value["page"] is None


@pytest.mark.parametrize(
    ("people", "pages", "size"),
    [
        (0, 1, 50),
        (1_000, 1, 84),
        (2_400, 1, 200),
        (28_800, 1, 200),
        (28_801, 2, 200),
        (100_000, 4, 200),
        (1_000_000, 10, 200),
    ],
)
async def test_a_pass_reads_more_of_a_large_store_and_never_more_than_ten_pages(
    world: World, people: int, pages: int, size: int
) -> None:
    value = {"began": LONG_AGO.isoformat(), "page": None, "number": 1, "seen": 0, "last": people}
    await world.store.cases.write_marker(watchdog.CASES, value, None)

    wanted = size

    async def walk(page: str | None = None, size: int = 0) -> Page[Case]:
        assert size == wanted
        return Page([], "more")

    world.store.cases.walk = walk  # type: ignore[method-assign]
    await watch(world.s)
    assert world.tape.calls.count("cases.walk") == pages


async def test_a_page_whose_pass_dies_is_looked_at_again(world: World) -> None:
    await world.file(make_case(next_action=NextAction("provision", None, "x")))
    control = World()
    await control.file(make_case(next_action=NextAction("provision", None, "x")))
    await watch(control.s)
    total = len(control.tape.calls)
    control.close()
    for number in range(total):
        for moment in sides(number):
            dying = World()
            await dying.file(make_case(next_action=NextAction("provision", None, "x")))
            dying.tape.kill_at = (number, moment)
            with pytest.raises(Killed):
                await watch(dying.s)
            dying.tape.kill_at = None
            for _ in range(5):
                await again(dying, minutes=16)
                await due.enqueue_due(dying.s)
            assert CASE_ID in [message.case_id for message, _ in dying.queue.sent], (number, moment)
            assert "watchdog_requeued" in actions(await dying.story())
            dying.close()


async def test_two_watchdogs_at_once_put_a_case_back_once(kept: World) -> None:
    for n in range(5):
        await kept.store.cases.create(
            make_case(f"c_{n:020d}", next_action=NextAction("provision", None, "x"))
        )
    done = await asyncio.gather(watch(kept.s), watch(kept.s))
    assert sum(mended.cases for mended in done) == 5
    for n in range(5):
        assert actions(await kept.story(f"c_{n:020d}")) == ["watchdog_requeued"]


# --- claims ------------------------------------------------------------------------------------------------------


def _claimed(
    status: RungStatus = RungStatus.CLAIMED,
    *,
    ago: timedelta = timedelta(hours=2),
    rung: str = "person_day_0",
) -> dict[str, RungRecord]:
    return {f"1:{rung}": RungRecord(rung, 1, "person", status, T0 - ago, "draft-9")}


FAR = NextAction("follow_up", T0 + timedelta(hours=20), "next_rung")


@pytest.mark.parametrize(
    ("changes", "stale"),
    [
        ({"rungs": _claimed()}, True),
        ({"rungs": _claimed(RungStatus.DRAFTED)}, True),
        ({"rungs": _claimed(RungStatus.SENT)}, False),
        ({"rungs": _claimed(RungStatus.UNCERTAIN)}, False),
        ({"rungs": _claimed(RungStatus.SKIPPED)}, False),
        ({"rungs": _claimed(ago=CLAIM_LEASE)}, False),
        ({"rungs": _claimed(ago=CLAIM_LEASE + timedelta(minutes=15))}, True),
        ({"rungs": _claimed(), "episode": 2}, False),
        ({"rungs": _claimed(), "next_action": replace(FAR, when=T0 + timedelta(minutes=59))}, False),
        ({"rungs": _claimed(), "next_action": replace(FAR, why="working_time")}, False),
        ({"rungs": _claimed(), "state": State.CONFIRMED}, False),
        ({"rungs": _claimed(rung="resolved_desk"), "state": State.CONFIRMED}, True),
        ({"rungs": _claimed(), "state": State.PAUSED}, False),
        ({"rungs": _claimed(), "state": State.BLOCKED}, False),
        ({"rungs": _claimed(rung="welcome"), "state": State.PROVISIONING}, True),
        (
            {
                "rungs": _claimed(rung="welcome"),
                "state": State.PROVISIONING,
                "next_action": replace(FAR, what="send_welcome"),
            },
            False,
        ),
    ],
)
async def test_a_message_that_was_begun_and_is_nobodys_is_taken_up_again(
    world: World, changes: dict[str, Any], stale: bool
) -> None:
    await world.file(
        make_case(**{"state": State.FOLLOWING_UP, "account": ACCOUNT, "next_action": FAR, **changes})
    )
    assert (await watch(world.s)).claims == int(stale)
    assert actions(await world.story()) == ["watchdog_stale_claim"] * stale
    assert len(world.queue.sent) == int(stale)


@pytest.mark.parametrize(
    ("status", "what", "stale"),
    [
        (PassStatus.INTENDED, "provision", True),
        (PassStatus.CREATED, "provision", True),
        (PassStatus.DELIVERED, "provision", False),
        (PassStatus.VOID, "provision", False),
        (PassStatus.CREATED, "issue_access_pass", False),
    ],
)
async def test_a_pass_whose_delivery_is_in_doubt_is_taken_up_again(
    world: World, status: PassStatus, what: str, stale: bool
) -> None:
    record = PassRecord(status, T0 - timedelta(hours=2), "manager", "p")
    await world.file(
        make_case(
            state=State.PROVISIONING, account=ACCOUNT, access_pass=record, next_action=replace(FAR, what=what)
        )
    )
    assert (await watch(world.s)).claims == int(stale)
    if stale:
        (told,) = await world.story()
        assert told.detail == {"claim": "pass", "claimed_at": record.claimed_at.isoformat()}


@pytest.mark.parametrize("status", [RungStatus.CLAIMED, RungStatus.DRAFTED])
async def test_the_worker_then_settles_what_was_begun_and_sends_nothing_twice(
    kept: World, status: RungStatus
) -> None:
    world = kept
    world.tenant.add(replace(next(iter(world.tenant.users.values())), id="user-1"))
    world.tenant.sent_drafts.add("draft-9")
    await world.file(
        make_case(
            state=State.FOLLOWING_UP,
            account=ACCOUNT,
            next_action=FAR,
            rungs=_claimed(status),
            status=Status.PARTIAL,
        )
    )
    assert (await watch(world.s)).claims == 1
    for message, _ in world.queue.sent:
        await work.handle(world.s, message)
    record = (await world.case()).rungs["1:person_day_0"]
    assert record.status is (RungStatus.SENT if status is RungStatus.DRAFTED else RungStatus.UNCERTAIN)
    assert world.tenant.mail == []
    assert (await again(world)).claims == 0


async def test_a_claim_that_stays_open_is_taken_up_once(world: World) -> None:
    """Nobody settles it, for a reason of their own: the watchdog does not ask every hour."""
    await world.file(make_case(state=State.FOLLOWING_UP, account=ACCOUNT, next_action=FAR, rungs=_claimed()))
    assert (await watch(world.s)).claims == 1
    for _ in range(3):
        case = await world.case()
        await casework.wait(
            world.s, case, world.clock.at, "follow_up", world.clock.at + timedelta(hours=20), "x"
        )
        assert await again(world) == Mended()
    case = await world.case()
    case.rungs["1:person_day_0"].claimed_at = world.clock.at  # somebody began anew
    await casework.wait(world.s, case, world.clock.at, "follow_up", world.clock.at + timedelta(hours=20), "x")
    assert (await again(world)).claims == 1


# --- hints of a case ---------------------------------------------------------------------------------------------


class Mends:
    """Cases whose hints are wrong: the first look at each mends them."""

    def __init__(self, world: World, wrong: Mapping[str, tuple[str, ...]]) -> None:
        self.looked: list[str] = []
        self.wrong = dict(wrong)
        world.store.cases.mend = self.mend  # type: ignore[method-assign]

    async def mend(self, case: Case) -> tuple[str, ...]:
        self.looked.append(case.case_id)
        return self.wrong.pop(case.case_id, ())


def _resting(n: int, **more: Any) -> Case:
    case = make_case(f"c_{n:020d}", state=State.CLOSED, next_action=NextAction("none", None, "x"), **more)
    case.created_at = case.updated_at = LONG_AGO
    return case


async def test_hints_that_were_wrong_are_named_in_the_timeline(world: World) -> None:
    for n in range(3):
        await world.store.cases.create(_resting(n))
    Mends(world, {f"c_{1:020d}": ("due_row", "words")})
    assert await watch(world.s) == Mended(hints=1)
    (told,) = await world.story(f"c_{1:020d}")
    assert (told.at, told.actor, told.action) == (T0, "service", "hints_mended")
    assert told.detail == {"hints": "due_row, words"}
    assert await world.story(f"c_{0:020d}") == []
    case = await world.case(f"c_{1:020d}")
    assert case.updated_at == LONG_AGO, "nothing happened to the person"
    assert await watch(world.s) == Mended()


async def test_after_the_first_round_a_case_is_looked_at_when_it_was_written_and_each_24th_round(
    world: World,
) -> None:
    for n in range(48):
        await world.store.cases.create(_resting(n))
    mends = Mends(world, {})
    await watch(world.s)
    assert sorted(mends.looked) == [f"c_{n:020d}" for n in range(48)]
    mends.looked.clear()
    for _ in range(watchdog.MEND_EACH):
        await again(world)
    assert sorted(mends.looked) == [f"c_{n:020d}" for n in range(48)], "each once, and not all at once"
    mends.looked.clear()
    case = await world.case(f"c_{7:020d}")
    await casework.save(world.s, case, world.clock.move(minutes=30))
    turns = []
    for _ in range(3):
        mends.looked.clear()
        await again(world)
        turns.append(case.case_id in mends.looked)
    assert turns[0]
    assert not all(turns)


async def test_a_case_that_is_written_while_the_page_is_in_hand_is_left_to_its_writer(world: World) -> None:
    for n in range(2):
        await world.store.cases.create(_resting(n))
    mends = Mends(world, {f"c_{1:020d}": ("list_row",)})
    first = mends.mend

    async def mend(case: Case) -> tuple[str, ...]:
        other = await world.case(f"c_{1:020d}")
        await world.store.cases.save(other)
        return await first(case)

    world.store.cases.mend = mend  # type: ignore[method-assign]
    await watch(world.s)
    assert mends.looked == [f"c_{0:020d}"]


async def test_a_case_that_is_being_erased_is_left_alone(world: World) -> None:
    await world.store.cases.create(
        make_case(state=State.EXCLUDED, next_action=NextAction("forget", T0 + timedelta(minutes=2), "asked"))
    )
    mends = Mends(world, {CASE_ID: ("list_row",)})
    assert await watch(world.s) == Mended()
    assert mends.looked == []


# --- deliveries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "minutes", "sent"),
    [
        ("received", 16, 1),
        ("queued", 16, 1),
        ("received", 14, 0),
        ("queued", 14, 0),
        ("processed", 999, 0),
        ("failed", 999, 0),
        ("unreadable", 999, 0),
        ("ignored", 999, 0),
    ],
)
async def test_a_delivery_that_was_stored_and_not_processed_goes_back_on_the_queue(
    kept: World, status: str, minutes: int, sent: int
) -> None:
    delivery = make_delivery(1, status, minutes=minutes)
    await kept.store.deliveries.put_if_absent(delivery)
    assert (await watch(kept.s)).deliveries == sent
    assert [message for message, _ in kept.queue.sent] == [
        WorkMessage(delivery_id=delivery.delivery_id, why="watchdog")
    ] * sent
    there = await kept.store.deliveries.get(delivery.delivery_id)
    assert there is not None
    assert there.body == delivery.body
    if sent:
        assert (there.status, there.queued_at) == (DeliveryStatus.QUEUED, T0)


async def test_a_backlog_gets_one_message_a_quarter_of_an_hour_and_only_the_first_overtake(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[str] = []

    async def send(message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        lanes.append(queue)

    monkeypatch.setattr(world.queue, "send", send)
    for n in range(230):
        await world.store.deliveries.put_if_absent(make_delivery(n, "queued"))
    counts = [(await again(world, minutes=5)).deliveries for _ in range(6)]
    assert counts == [230, 0, 0, 0, 230, 0]
    assert Counter(lanes[:230]) == {WORK_QUEUE: watchdog.BULK_AFTER, BULK_QUEUE: 230 - watchdog.BULK_AFTER}


async def test_a_delivery_that_no_list_knows_is_found_by_the_round(kept: World) -> None:
    await kept.store.deliveries.put_if_absent(make_delivery())

    async def older(*args: Any, **more: Any) -> list[Any]:
        return []

    kept.store.deliveries.older = older  # type: ignore[method-assign]
    assert (await watch(kept.s)).deliveries == 1
    assert (await watch(kept.s)).deliveries == 0


async def test_a_delivery_that_a_worker_ends_meanwhile_is_left_alone(world: World) -> None:
    await world.store.deliveries.put_if_absent(make_delivery())
    older = world.store.deliveries.older

    async def slow(*args: Any, **more: Any) -> Any:
        found = await older(*args, **more)
        for item in found:
            there = await world.store.deliveries.get(item.delivery_id)
            assert there is not None
            await world.store.deliveries.update(replace(there, status=DeliveryStatus.PROCESSED))
        return found

    world.store.deliveries.older = slow  # type: ignore[method-assign]
    assert (await watch(world.s)).deliveries == 0
    assert world.queue.sent == []


# --- aliases -----------------------------------------------------------------------------------------------------

ORPHAN = Alias("greenhouse", AliasKind.EMPLOYEE_ID, "0815/ß")
NOBODY = "c_" + "z" * 20


async def test_an_alias_without_case_is_freed_once_it_was_seen_so_for_a_day(kept: World) -> None:
    upn = Alias(TENANT, AliasKind.UPN, "zoe@contoso.example")
    mine = await kept.file(make_case())
    for alias in (ORPHAN, upn):
        await kept.store.cases.claim_alias(alias, NOBODY)
    assert (await watch(kept.s)).aliases == 0
    assert (await again(kept, hours=23)).aliases == 0
    assert await kept.store.cases.owners([ORPHAN, upn]) == {ORPHAN: NOBODY, upn: NOBODY}
    assert (await again(kept, hours=1)).aliases == 2
    assert await kept.store.cases.owners([ORPHAN, upn]) == {}
    own = Alias(mine.source, AliasKind.EMPLOYEE_ID, "4711")
    assert await kept.store.cases.owners([own]) == {own: mine.case_id}
    marker = await kept.store.cases.read_marker(watchdog.ALIASES)
    assert marker is not None
    assert marker.value["notes"] == {}
    assert "0815" not in repr(marker.value)


async def test_an_alias_whose_case_was_only_slow_is_kept(world: World) -> None:
    await world.store.cases.claim_alias(ORPHAN, CASE_ID)
    await watch(world.s)
    await world.store.cases.create(make_case())
    for _ in range(3):
        assert (await again(world, hours=25)).aliases == 0
    assert await world.store.cases.owners([ORPHAN]) == {ORPHAN: CASE_ID}


async def test_the_day_begins_anew_when_somebody_else_claims_the_alias(world: World) -> None:
    await world.store.cases.claim_alias(ORPHAN, NOBODY)
    await watch(world.s)
    await world.store.cases.release_alias(ORPHAN, NOBODY)
    await world.store.cases.claim_alias(ORPHAN, CASE_ID)
    assert (await again(world, hours=25)).aliases == 0
    assert await world.store.cases.owners([ORPHAN]) == {ORPHAN: CASE_ID}
    assert (await again(world, hours=25)).aliases == 1


async def test_a_case_that_appears_at_the_last_moment_keeps_its_alias(world: World) -> None:
    await world.store.cases.claim_alias(ORPHAN, CASE_ID)
    await watch(world.s)
    inner = world.store.cases.there

    async def there(case_ids: Collection[str]) -> set[str]:
        found = await inner(case_ids)
        assert CASE_ID not in found
        await world.store.cases.create(make_case())
        return found

    world.store.cases.there = there  # type: ignore[method-assign]
    assert (await again(world, hours=25)).aliases == 0
    assert await world.store.cases.owners([ORPHAN]) == {ORPHAN: CASE_ID}


async def test_more_orphans_than_the_marker_holds_are_freed_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "ORPHANS", 4)
    monkeypatch.setattr(watchdog, "ALIASES_PAGE", 3)
    for n in range(10):
        await world.store.cases.claim_alias(replace(ORPHAN, value=str(n)), NOBODY)
    freed = sum([(await again(world, hours=7)).aliases for _ in range(60)])
    assert freed == 10


async def test_what_was_freed_by_somebody_else_does_not_fill_the_marker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "ORPHANS", 2)
    gone = [replace(ORPHAN, value=f"gone-{n}") for n in range(2)]
    for alias in gone:
        await world.store.cases.claim_alias(alias, NOBODY)
    await watch(world.s)
    for alias in gone:
        await world.store.cases.release_alias(alias, NOBODY)
    await world.store.cases.claim_alias(ORPHAN, NOBODY)
    assert sum([(await again(world, hours=25)).aliases for _ in range(6)]) == 1


def _posting(world: World) -> Callable[..., Awaitable[None]]:
    """HR posts, and the worker works it off."""

    async def post(message_id: str, **said: Any) -> None:
        import json

        body = {
            "event_type": "hire.created", "occurred_at": "2026-08-16T09:00:00Z", "employee_id": "0815",
            "given_name": "Søren", "family_name": "O'Neill-Weiß", "start_date": "2026-08-24", "work_country": "DE",
            **said,
        }  # fmt: skip
        text = json.dumps(body).encode()
        headers = signing.sign(
            catalog.adapters()[DOOR], WHSEC, text, now=world.clock.at, message_id=message_id
        )
        answer = await receive.receive(world.s, DOOR, Request("POST", f"/api/hr/{DOOR}", headers, body=text))
        assert answer.status == 202
        while world.queue.sent:
            message, _ = world.queue.sent.pop(0)
            await work.handle(world.s, message)

    return post


@pytest.mark.parametrize("freed", [False, True])
async def test_a_worker_that_died_between_claim_and_case_keeps_nobody_out(
    make_world: Callable[..., World], freed: bool
) -> None:
    """Before the alias is freed the person's case takes the id that was claimed, afterwards a new one."""
    secret = SourceSettings(DOOR, DOOR, Secret(WHSEC))
    world = make_world(settings=Settings(service_desk="desk@contoso.example", sources={DOOR: secret}))
    claimed = Alias(DOOR, AliasKind.EMPLOYEE_ID, "0815")
    await world.store.cases.claim_alias(claimed, NOBODY)
    await watch(world.s)
    if freed:
        assert (await again(world, hours=25)).aliases == 1
    post = _posting(world)
    await post("msg_1")
    await post("msg_2", event_type="hire.updated", job_title="Chefin")
    (item,) = (await world.store.cases.search(CaseQuery())).items
    assert (item.case_id == NOBODY) is not freed
    assert await world.store.cases.owners([claimed]) == {claimed: item.case_id}
    assert len(world.tenant.created) == 1
    for _ in range(3):
        assert (await again(world, hours=25)).aliases == 0


# --- hints that belong to nothing --------------------------------------------------------------------------------


async def test_a_sweep_goes_on_a_page_a_pass_and_begins_once_a_day(world: World) -> None:
    pages: list[str | None] = []

    async def sweep(page: str | None = None, size: int = 500) -> Swept:
        pages.append(page)
        place = int(page or 0)
        return Swept(place + 1, str(place + 1) if place < 3 else None)

    world.store.cases.sweep = sweep  # type: ignore[method-assign]
    counts = [(await again(world, minutes=5)).swept for _ in range(6)]
    assert (counts, pages) == ([1, 2, 3, 4, 0, 0], [None, "1", "2", "3"])
    assert (await again(world, hours=23)).swept == 0
    assert (await again(world, hours=1)).swept == 1


async def test_hints_of_nobody_are_swept_away_in_azure(tmp_path: Path) -> None:
    store: Any = open_store("azure", PLACES["azure"](tmp_path))
    world = upon(World(), store)
    case = await world.store.cases.create(stored_case(1, display_name="Anna"))
    from onboarding.storage.azure import rows

    await world.store.cases.erase(case)
    ghost = rows.CaseRow.of(stored_case(1, display_name="Anna"))
    await store.cases._listings.move("", ghost)
    await store.cases._words.put(ghost.case_id, ghost.words, ghost.ids)
    swept = 0
    for _ in range(6):
        swept += (await again(world, minutes=5)).swept
    assert swept >= 2
    assert await store.cases._words.page("", 50) == []
    assert (await world.store.cases.search(CaseQuery())).items == []
    await store.close_all()


# --- the pass ----------------------------------------------------------------------------------------------------


async def test_what_fails_in_one_part_does_not_keep_the_others_from_their_work(world: World) -> None:
    await world.store.deliveries.put_if_absent(make_delivery())
    await world.store.cases.claim_alias(ORPHAN, NOBODY)

    async def walk(page: str | None = None, size: int = 200) -> Page[Case]:
        raise DeployerError("row c_1 cannot be read", code="store_damaged")

    world.store.cases.walk = walk  # type: ignore[method-assign]
    with pytest.raises(DeployerError, match="c_1"):
        await watch(world.s)
    assert len(world.queue.sent) == 1
    world.clock.move(hours=25)
    with pytest.raises(DeployerError):
        await watch(world.s)
    assert await world.store.cases.owners([ORPHAN]) == {}


async def test_a_store_that_is_down_is_asked_once(world: World) -> None:
    async def down(*args: Any) -> Any:
        raise Unavailable("down")

    world.store.cases.due = down  # type: ignore[method-assign,assignment]
    world.tape.calls.clear()
    with pytest.raises(Unavailable):
        await watch(world.s)
    assert world.tape.calls == ["cases.due"]


async def test_a_queue_that_is_down_loses_nothing(world: World) -> None:
    await world.file(make_case(next_action=NextAction("provision", None, "x")))
    await world.store.deliveries.put_if_absent(make_delivery())
    world.queue.faults.before("send", Unavailable("down"), Unavailable("down"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await watch(world.s)
    world.clock.at += timedelta(minutes=20)
    await due.enqueue_due(world.s)
    await watch(world.s)
    sent = [message for message, _ in world.queue.sent]
    assert {message.case_id for message in sent} == {CASE_ID, None}
    assert len([message for message in sent if message.delivery_id]) == 1


async def test_a_pass_over_people_for_whom_all_is_well_costs_a_page_of_each_round(world: World) -> None:
    for n in range(450):
        case = _resting(n)
        await world.store.cases.create(case)
        await world.store.cases.claim_alias(replace(ORPHAN, value=str(n)), case.case_id)
    await watch(world.s)
    world.tape.calls.clear()
    await watch(world.s)
    calls = Counter(world.tape.calls)
    assert calls["cases.walk"] == calls["cases.walk_aliases"] == 1
    assert calls["cases.get"] <= watchdog.ALIASES_PAGE + 200
    assert calls["cases.save"] == calls["queue.send"] == 0
    await rest(world)
    world.tape.calls.clear()
    await again(world, minutes=5)
    assert Counter(world.tape.calls) == {
        "cases.due": 1, "deliveries.older": 2, "cases.read_marker": 4,
    }  # fmt: skip


def test_the_markers_of_the_rounds_stay_in_their_store() -> None:
    from onboarding.operate import archive

    for name in (watchdog.CASES, watchdog.DELIVERIES, watchdog.ALIASES, watchdog.HINTS):
        assert name.startswith(archive.LOCAL)


def test_its_entries_are_told_in_words() -> None:
    from onboarding.operate.story import sentence

    told = [
        sentence("watchdog_requeued", {"was": "provision"}),
        sentence(mending.STALE_CLAIM, {"claim": "person_day_0", "claimed_at": "2026"}),
        sentence("hints_mended", {"hints": "due_row, list_row"}),
    ]
    assert "person day 0" in told[1]
    assert "due row, list row" in told[2]
    assert not any("_" in text or "{" in text for text in told)
