"""The queue's way in and the due timer: nothing is lost, nothing happens twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from onboarding import observe
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.errors import OperatorError, StoreConflict, Throttled, Unavailable
from onboarding.operate import due, work
from onboarding.ports import BULK_QUEUE, CLAIM_LEASE, WORK_QUEUE, WorkMessage
from onboarding.provisioning import runner
from tests.storage.stores import make_delivery
from tests.support.doubles import CASE_ID, T0, World, make_case

MESSAGE = WorkMessage(case_id=CASE_ID)
ACCOUNT = Account("user-1", "zoe@contoso.example", "4711", T0)


async def start(world: World, state: State = State.WAITING_START, **changes: Any) -> Case:
    return await world.file(make_case(**{"state": state, **changes}))


# --- due ---------------------------------------------------------------------------------------------------


async def test_what_is_due_is_sent_once_and_moved_a_quarter_of_an_hour_on(world: World) -> None:
    await start(world)
    assert await due.enqueue_due(world.s) == 1
    assert [message for message, _ in world.queue.sent] == [WorkMessage(case_id=CASE_ID, why="due")]
    assert await due.enqueue_due(world.s) == 0
    (row,) = await world.store.cases.due(T0 + CLAIM_LEASE, 5)
    assert row.when == T0 + CLAIM_LEASE


async def test_a_lost_message_comes_back_after_a_quarter_of_an_hour(world: World) -> None:
    await start(world)
    await due.enqueue_due(world.s)
    world.queue.sent.clear()
    world.clock.move(minutes=14, seconds=59)
    assert await due.enqueue_due(world.s) == 0
    world.clock.move(seconds=1)
    assert await due.enqueue_due(world.s) == 1


async def test_once_the_worker_has_saved_nothing_comes_twice(world: World) -> None:
    await start(world)
    await due.enqueue_due(world.s)
    await work.handle(world.s, world.queue.sent[0][0])
    case = await world.case()
    assert case.next_action.when is not None
    assert case.next_action.when > T0 + CLAIM_LEASE
    world.clock.move(minutes=15)
    assert await due.enqueue_due(world.s) == 0


async def test_more_than_a_page_is_sent_in_one_pass(world: World) -> None:
    for n in range(due.PAGE + 3):
        await world.store.cases.create(make_case(f"c_{n:020d}"))
    assert await due.enqueue_due(world.s) == due.PAGE + 3


async def test_what_is_not_due_yet_is_left_alone(world: World) -> None:
    case = make_case()
    case.next_action.when = T0 + timedelta(microseconds=1)
    await world.file(case)
    assert await due.enqueue_due(world.s) == 0


async def test_rows_that_somebody_else_moves_do_not_keep_the_timer_for_ever(world: World) -> None:
    await start(world)

    async def postpone(row: Any, until: Any) -> bool:
        return False

    world.store.cases.postpone = postpone  # type: ignore[method-assign]
    assert await due.enqueue_due(world.s) == 0


async def test_a_queue_that_is_down_loses_nothing(world: World) -> None:
    await start(world)
    world.queue.faults.before("send", Unavailable("down"))
    with pytest.raises(Unavailable):
        await due.enqueue_due(world.s)
    world.clock.at += CLAIM_LEASE
    assert await due.enqueue_due(world.s) == 1


# --- work --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [State.RECEIVED, State.BLOCKED, State.PAUSED, State.CANCELLED, State.EXCLUDED, State.CLOSED]
)
async def test_a_message_for_a_case_at_rest_does_nothing(world: World, state: State) -> None:
    case = make_case(state=state, next_action=NextAction("operator", None, "x"))
    filed = await world.file(case)
    await work.handle(world.s, MESSAGE)
    assert (await world.case()).etag == filed.etag
    assert world.tape.calls == ["cases.get", "clock.now"] or "cases.save" not in world.tape.calls


async def test_a_message_for_a_case_that_is_gone_does_nothing(world: World) -> None:
    await work.handle(world.s, WorkMessage(case_id="c_00000000000000000099"))


async def test_the_same_message_twice_does_the_work_once(world: World) -> None:
    await start(world)
    await work.handle(world.s, MESSAGE)
    once = await world.case()
    await work.handle(world.s, MESSAGE)
    assert (await world.case()).etag == once.etag
    assert len(world.tenant.created) == 1


@pytest.mark.parametrize(
    ("error", "least", "most"), [(StoreConflict("x"), 1, 3), (Unavailable("store down"), 10, 30)]
)
async def test_what_nobody_has_to_act_on_is_sent_again_a_little_later(
    world: World, error: Exception, least: float, most: float
) -> None:
    await start(world)

    async def save(case: Case, timeline: Any = ()) -> Case:
        raise error

    world.store.cases.save = save  # type: ignore[method-assign]
    await work.handle(world.s, MESSAGE)
    ((message, delay),) = world.queue.sent
    assert message == MESSAGE
    assert least <= delay <= most


async def test_a_bug_is_the_hosts_to_count(world: World) -> None:
    await start(world)

    async def get(case_id: str) -> Case:
        raise ZeroDivisionError

    world.store.cases.get = get  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await work.handle(world.s, MESSAGE)
    assert world.queue.sent == []


def _follow_up(monkeypatch: pytest.MonkeyPatch, error: Exception, meanwhile: Any = None) -> None:
    async def advance(s: Any, case: Case, now: Any) -> None:
        if meanwhile:
            await meanwhile()
        raise error

    monkeypatch.setattr("onboarding.operate.work.followup.advance", advance)


@pytest.mark.parametrize("state", [State.FOLLOWING_UP, State.CONFIRMED])
async def test_an_outage_in_follow_up_is_postponed_and_not_before_what_was_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    await start(world, state, account=ACCOUNT)
    _follow_up(monkeypatch, Throttled("x", retry_after=1234.5))
    await work.handle(world.s, MESSAGE)
    case = await world.case()
    assert case.state is state
    assert (case.next_action.when, case.next_action.why) == (T0 + timedelta(seconds=1234.5), "throttled")


async def test_what_an_operator_has_to_mend_in_follow_up_blocks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(world, State.FOLLOWING_UP, account=ACCOUNT)
    _follow_up(monkeypatch, OperatorError("x", code="report_needs_premium"))
    await work.handle(world.s, MESSAGE)
    case = await world.case()
    assert (case.state, case.reason_code) == (State.BLOCKED, "report_needs_premium")


@pytest.mark.parametrize("error", [Unavailable("x"), OperatorError("x")])
async def test_who_was_paused_during_an_outage_stays_paused(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The outage must not put a case at rest back into the due index."""
    await start(world, State.FOLLOWING_UP, account=ACCOUNT)

    async def pause() -> None:
        from onboarding.operate import actions

        await actions.act(world.s, "pause", CASE_ID, actions.Ask("o-1", "x"))

    _follow_up(monkeypatch, error, pause)
    await work.handle(world.s, MESSAGE)
    case = await world.case()
    assert (case.state, case.next_action.when) == (State.PAUSED, None)


# --- poison ------------------------------------------------------------------------------------------------


async def test_what_the_queue_gave_up_on_is_recorded_on_the_case(world: World) -> None:
    await start(world)
    await work.poisoned(world.s, MESSAGE)
    case = await world.case()
    assert (case.state, case.reason_code, case.next_action.what) == (State.BLOCKED, "poison", "operator")
    assert (await world.story())[-1].detail == {"reason": "poison"}
    await work.poisoned(world.s, MESSAGE)
    assert (await world.case()).etag == case.etag


@pytest.mark.parametrize(
    ("status", "expected"),
    [("received", "failed"), ("queued", "failed"), ("processed", "processed"), ("ignored", "ignored")],
)
async def test_what_the_queue_gave_up_on_is_recorded_on_the_delivery_unless_it_was_done(
    world: World, status: str, expected: str
) -> None:
    from onboarding.ports import DeliveryStatus

    delivery = make_delivery(status=DeliveryStatus(status))
    await world.store.deliveries.put_if_absent(delivery)
    await work.poisoned(world.s, WorkMessage(delivery_id=delivery.delivery_id))
    found = await world.store.deliveries.get(delivery.delivery_id)
    assert found is not None
    assert found.status == expected
    assert (found.reason_code == "poison") is (expected == "failed")


async def test_poison_is_recorded_although_somebody_writes_at_the_same_moment(world: World) -> None:
    await start(world)
    inner = world.store.cases.save
    raced: list[bool] = []

    async def save(case: Case, timeline: Any = ()) -> Case:
        if not raced:
            raced.append(True)
            await inner(await world.case())
        return await inner(case, timeline)

    world.store.cases.save = save  # type: ignore[method-assign]
    await work.poisoned(world.s, MESSAGE)
    assert (await world.case()).reason_code == "poison"


@pytest.mark.parametrize("message", [MESSAGE, WorkMessage(delivery_id="d_" + "0" * 26)])
async def test_poison_about_something_that_is_gone_is_no_error(world: World, message: WorkMessage) -> None:
    await work.poisoned(world.s, message)


# --- hints -------------------------------------------------------------------------------------------------


def _mends(world: World, *codes: str) -> list[str]:
    """A store in which the hints of every case are wrong, once."""
    asked: list[str] = []

    async def mend(case: Case) -> tuple[str, ...]:
        asked.append(case.case_id)
        return codes if len(asked) == 1 else ()

    world.store.cases.mend = mend  # type: ignore[method-assign]
    return asked


@pytest.mark.parametrize(
    ("message", "redelivered", "asked"),
    [
        (MESSAGE, False, 0),
        (MESSAGE, True, 1),
        (WorkMessage(case_id=CASE_ID, why="due"), False, 0),
        (WorkMessage(case_id=CASE_ID, why="watchdog"), False, 1),
    ],
)
async def test_after_a_worker_that_may_have_died_the_hints_are_put_right_first(
    world: World, message: WorkMessage, redelivered: bool, asked: int
) -> None:
    await start(world)
    mended = _mends(world, "due_row", "list_row")
    await work.handle(world.s, message, redelivered=redelivered)
    assert len(mended) == asked
    told = [entry for entry in await world.story() if entry.action == "hints_mended"]
    assert [entry.detail for entry in told] == [{"hints": "due_row, list_row"}] * asked
    assert len(world.tenant.created) == 1, "and then the work is done"


async def test_hints_that_are_right_leave_no_trace(world: World) -> None:
    filed = await world.file(make_case(state=State.PAUSED, next_action=NextAction("operator", None, "x")))
    await work.handle(world.s, MESSAGE, redelivered=True)
    assert (await world.case()).etag == filed.etag
    assert await world.story() == []


async def test_somebody_who_writes_the_case_while_it_is_mended_sends_the_message_round_again(
    world: World,
) -> None:
    await start(world)
    inner = world.store.cases.mend

    async def mend(case: Case) -> tuple[str, ...]:
        await world.store.cases.save(await world.case())
        return (*await inner(case), "due_row")

    world.store.cases.mend = mend  # type: ignore[method-assign]
    await work.handle(world.s, MESSAGE, redelivered=True)
    ((message, delay),) = world.queue.sent
    assert (message, 1 <= delay <= 3) == (MESSAGE, True)


async def test_many_at_once_go_to_the_bulk_queue_so_that_single_hires_overtake_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues: list[str] = []
    send = world.queue.send

    async def noted(message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        queues.append(queue)
        await send(message, queue=queue, delay=delay)

    monkeypatch.setattr(world.queue, "send", noted)
    for n in range(due.BULK_AFTER + 7):
        await world.store.cases.create(make_case(f"c_{n:020d}"))
    await due.enqueue_due(world.s)
    assert queues == [WORK_QUEUE] * due.BULK_AFTER + [BULK_QUEUE] * 7


async def test_a_backlog_is_not_doubled_and_whoever_has_no_message_gets_one_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = due.BACKLOG

    async def backlog(queue: str) -> int:
        assert queue == BULK_QUEUE
        return waiting

    monkeypatch.setattr(world.queue, "backlog", backlog)
    for n in range(50):
        await world.store.cases.create(make_case(f"c_{n:020d}"))
    assert await due.enqueue_due(world.s) == due.BULK_AFTER
    assert await due.enqueue_due(world.s) == 0, "all rows are moved on"
    waiting = 0
    world.clock.at += CLAIM_LEASE
    assert await due.enqueue_due(world.s) == 50


async def test_what_follows_at_once_stays_in_the_lane_of_a_mass_arrival(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues: list[str] = []
    send = world.queue.send

    async def noted(message: WorkMessage, *, queue: str = WORK_QUEUE, delay: float = 0.0) -> None:
        queues.append(queue)
        await send(message, queue=queue, delay=delay)

    await start(world)
    monkeypatch.setattr(world.queue, "send", noted)
    world.entropy.fixed = 0.0
    world.faults.before("create_user", Unavailable("down"))
    await work.handle(world.s, MESSAGE, queue=BULK_QUEUE)
    assert queues == [BULK_QUEUE], "a short wait"
    world.clock.move(days=8)
    await work.handle(world.s, MESSAGE, queue=BULK_QUEUE)
    case = await world.case()
    assert case.state is State.FOLLOWING_UP
    assert queues == [BULK_QUEUE] * 2


async def test_whose_work_it_is_is_known_while_it_is_done_and_forgotten_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage is told from one case's own trouble by it."""
    seen: list[str] = []

    async def noted(*args: Any, **more: Any) -> None:
        seen.append(observe.subject.get())

    monkeypatch.setattr(runner, "advance", noted)
    await start(world)
    await work.handle(world.s, MESSAGE)
    assert seen == [CASE_ID]
    assert observe.subject.get() == "-"
