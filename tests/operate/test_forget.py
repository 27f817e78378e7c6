"""Forgetting a person: nothing of them is left, wherever the process dies, and nothing else is lost with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding import casework
from onboarding.api import views
from onboarding.domain.account import PassRecord, PassStatus
from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import RungRecord, RungStatus
from onboarding.errors import (
    Ambiguous,
    NotFound,
    PermissionMissing,
    Refused,
    RequestError,
    StoreConflict,
    Unavailable,
)
from onboarding.intake import catalog, process
from onboarding.intake.erasure import BeingForgotten, being_forgotten
from onboarding.intake.payload import read_json
from onboarding.operate import actions, cases, deliveries, erase, forget, retention, work
from onboarding.operate.actions import Ask
from onboarding.operate.explain import explain
from onboarding.operate.next_step import next_words
from onboarding.ports import CLAIM_LEASE, DeliveryStatus, Operation, WorkMessage
from onboarding.web import Request
from tests.support import people
from tests.support.doubles import Killed, World, make_case, sides
from tests.support.people import EMPLOYEE_ID, SOURCE, arrived, body, deliver, employed, recover, traces

ASK = Ask("approver-1", "  asked for under article 17  ")


async def operation(world: World, operation_id: str) -> Operation:
    found = await world.store.cases.get_operation(operation_id)
    assert found is not None
    return await forget.settled(world.s, found)


async def all_operations(world: World) -> list[Operation]:
    return list((await world.store.cases.walk_operations()).items)


# --- everything goes ---------------------------------------------------------------------------------------


async def test_the_dump_would_notice_what_is_left(world: World) -> None:
    await employed(world)
    found = {table for table, _ in await traces(world)}
    assert found >= {"cases", "search", "words", "ids", "aliases", "deliveries"}


async def test_of_an_employed_person_not_a_byte_is_left_but_who_asked_and_why(world: World) -> None:
    case = await employed(world)
    await actions.act(world.s, "pause", case.case_id, Ask("o", "Zzyzx is ill"))
    done = await forget.forget(world.s, EMPLOYEE_ID, ASK)
    assert (done.status, done.result, done.case_id) == ("done", forget.ACCOUNT_STAYS, case.case_id)
    assert await traces(world) == []
    assert await world.store.cases.get(case.case_id) is None
    kept = {item.action: item for item in await all_operations(world)}
    assert kept["forget"].reason == "asked for under article 17"
    assert (kept["forget"].actor, kept["forget"].at) == ("approver-1", world.clock.at)
    assert (kept["pause"].reason, kept["pause"].actor) == (erase.ERASED_TEXT, "o")
    assert await world.store.cases.due(world.clock.at + timedelta(days=9999), 9) == []
    with pytest.raises(NotFound):
        await cases.find(world.s, EMPLOYEE_ID)


async def test_the_account_stays_and_the_pass_is_void(world: World) -> None:
    case = await employed(world)
    assert case.account is not None
    assert world.tenant.usable_passes(case.account.id)
    await forget.forget(world.s, case.case_id, ASK)
    assert case.account.id in world.tenant.users
    assert world.tenant.usable_passes(case.account.id) == []


async def test_a_pass_that_ended_is_left_alone(world: World) -> None:
    case = await employed(world)
    world.clock.move(days=3)
    await forget.forget(world.s, case.case_id, ASK)
    assert world.tenant.voided == []


async def test_what_is_left_of_a_delivery_recognises_a_repeat_and_nothing_more(world: World) -> None:
    await arrived(world)
    await forget.forget(world.s, EMPLOYEE_ID, ASK)
    for number in (1, 2):
        left = await world.store.deliveries.get(f"d_{number:026d}")
        assert left is not None
        assert (left.status, left.reason_code) == (DeliveryStatus.IGNORED, "forgotten")
        assert (left.body, left.headers, left.case_ids) == (None, {}, ())
        assert left.pruned_at == world.clock.at
        with pytest.raises(Refused):
            await deliveries.replay(world.s, left.delivery_id, ASK)
        await process.process_delivery(world.s, left.delivery_id)
        assert await world.store.deliveries.get(left.delivery_id) == left


@pytest.mark.parametrize("state", State)
async def test_every_state_can_be_forgotten(world: World, state: State) -> None:
    back = State.FOLLOWING_UP if state in {State.BLOCKED, State.PAUSED} else None
    case = await world.file(make_case(state=state, return_state=back))
    done = await forget.forget(world.s, case.case_id, ASK)
    assert (done.status, done.result) == ("done", "erased")
    assert await world.store.cases.get(case.case_id) is None
    assert "müller" not in str(await people.dump(world))


async def test_messages_that_are_still_queued_do_nothing(world: World) -> None:
    case = await arrived(world)
    await forget.forget(world.s, case.case_id, ASK)
    for message in (WorkMessage(case_id=case.case_id), WorkMessage(delivery_id=f"d_{1:026d}")):
        await work.handle(world.s, message)
        await work.poisoned(world.s, message)
    assert await traces(world) == []


async def test_a_later_event_opens_a_new_case(world: World) -> None:
    case = await arrived(world)
    await forget.forget(world.s, case.case_id, ASK)
    again = await deliver(world, 3, body(occurred_at="2026-08-17T08:00:00Z"))
    (case_id,) = again.case_ids
    assert case_id != case.case_id
    assert (await world.case(case_id)).state is State.WAITING_START


# --- who may, and what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_reason_is_asked_for(world: World, reason: str) -> None:
    case = await arrived(world)
    with pytest.raises(RequestError):
        await forget.forget(world.s, case.case_id, Ask("o", reason))
    assert await world.store.cases.get(case.case_id) is not None
    assert await all_operations(world) == []


async def test_nobody_is_forgotten_by_an_ambiguous_id(world: World) -> None:
    await world.file(make_case())
    other = make_case("c_" + "2" * 20, source="bamboohr")
    await world.file(other)
    with pytest.raises(Ambiguous):
        await forget.forget(world.s, "4711", ASK)
    assert not being_forgotten(await world.case())


async def test_forgetting_twice_is_not_found(world: World) -> None:
    case = await arrived(world)
    await forget.forget(world.s, case.case_id, ASK)
    with pytest.raises(NotFound):
        await forget.forget(world.s, case.case_id, ASK)


# --- nothing is erased under a worker's hands ------------------------------------------------------------------


def claimed(case: Case, world: World) -> None:
    case.rungs["1:x"] = RungRecord("x", 1, "person", RungStatus.CLAIMED, world.clock.at)


def issuing(case: Case, world: World) -> None:
    later = world.clock.at + timedelta(hours=8)
    case.access_pass = PassRecord(
        PassStatus.INTENDED, world.clock.at, "manager", usable_from=world.clock.at, usable_until=later
    )


@pytest.mark.parametrize("held", [claimed, issuing])
async def test_work_under_way_ends_first(world: World, held: Any) -> None:
    case = await employed(world)
    held(case, world)
    await world.store.cases.save(case)
    asked = await forget.forget(world.s, case.case_id, ASK)
    assert (asked.status, asked.result) == ("accepted", forget.WORKING)
    stopped = await world.case(case.case_id)
    assert stopped.state is State.EXCLUDED
    assert "being erased" in explain(stopped)
    assert next_words(stopped) == "Erase everything about this person"
    await recover(world, 14)
    assert await world.store.cases.get(case.case_id) is not None
    await recover(world, 10)
    assert await traces(world) == []
    assert (await operation(world, asked.operation_id)).status == "done"


async def test_an_account_in_the_making_is_waited_for(world: World) -> None:
    """The worker died, or is still at it: its POST may arrive, so its name is not given up at once."""
    case = await arrived(world)
    world.tape.calls.clear()
    world.faults.before("create_user", Unavailable("down"))
    await people.run(world)
    case = await world.case(case.case_id)
    assert case.state is State.PROVISIONING
    assert case.intent is not None
    asked = await forget.forget(world.s, case.case_id, ASK)
    assert (asked.status, asked.result) == ("accepted", forget.WORKING)
    again = await forget.forget(world.s, case.case_id, ASK)
    assert again.status == "accepted"
    await recover(world, 16)
    assert await traces(world) == []
    for item in (asked, again):
        done = await operation(world, item.operation_id)
        assert (done.status, done.result) == ("done", forget.ACCOUNT_MAY_EXIST)


async def test_asking_again_does_not_prolong_the_wait(world: World) -> None:
    case = await employed(world)
    claimed(case, world)
    await world.store.cases.save(case)
    start = world.clock.at
    await forget.forget(world.s, case.case_id, ASK)
    world.clock.move(minutes=14)
    await forget.forget(world.s, case.case_id, ASK)
    assert (await world.case(case.case_id)).next_action.when == start + CLAIM_LEASE
    world.clock.move(minutes=1)
    assert (await forget.forget(world.s, case.case_id, ASK)).status == "done"


async def test_a_worker_that_saves_afterwards_finds_the_case_gone(world: World) -> None:
    case = await arrived(world)
    theirs = await world.case(case.case_id)
    await forget.forget(world.s, case.case_id, ASK)
    with pytest.raises(StoreConflict):
        await world.s.cases.save(theirs)
    await work.handle(world.s, WorkMessage(case_id=case.case_id))
    assert await traces(world) == []


async def test_nothing_else_can_be_done_to_a_case_that_is_being_erased(world: World) -> None:
    case = await employed(world)
    claimed(case, world)
    await world.store.cases.save(case)
    await forget.forget(world.s, case.case_id, ASK)
    for action in actions.ACTIONS:
        with pytest.raises(Refused) as caught:
            await actions.act(world.s, action, case.case_id, Ask("o", "x"))
        assert caught.value.code == "being_forgotten"


async def test_what_hr_says_meanwhile_waits_and_is_news_afterwards(world: World) -> None:
    case = await employed(world)
    claimed(case, world)
    await world.store.cases.save(case)
    await forget.forget(world.s, case.case_id, ASK)
    before = await world.case(case.case_id)
    new_id = Alias(SOURCE, AliasKind.CANDIDATE_ID, "new-1")
    late = await people.put(world, 7, body(event_type="hire.updated", candidate_id="new-1"))
    with pytest.raises(BeingForgotten):
        await process.process_delivery(world.s, late.delivery_id)
    await work.handle(world.s, WorkMessage(delivery_id=late.delivery_id))
    assert world.queue.sent[-1][0] == WorkMessage(delivery_id=late.delivery_id, why="event")
    assert await world.case(case.case_id) == before
    assert await world.store.cases.owners([new_id]) == {}, "nothing is claimed for a case that is about to go"
    await recover(world, 20)
    assert await world.store.cases.get(case.case_id) is None
    found = await cases.find(world.s, EMPLOYEE_ID)
    assert found.deliveries == [late.delivery_id]


async def test_a_worker_that_was_slow_does_not_bring_a_body_back(world: World) -> None:
    """It read the delivery, was overtaken by the erasure, and marks it afterwards."""
    case = await arrived(world)
    slow = await world.store.deliveries.get(f"d_{2:026d}")
    assert slow is not None
    await forget.forget(world.s, case.case_id, ASK)
    left = await world.store.deliveries.get(slow.delivery_id)
    await process._mark(
        world.s, slow, DeliveryStatus.PROCESSED, case_ids=(case.case_id,), body=slow.body or b"x"
    )
    assert await world.store.deliveries.get(slow.delivery_id) == left


# --- the tenant refuses ----------------------------------------------------------------------------------------


async def test_the_pass_that_the_case_knows_is_void_also_when_the_list_lags(world: World) -> None:
    case = await employed(world)
    assert case.account is not None
    assert case.access_pass is not None
    world.tenant.passes[case.account.id] = []
    await forget.forget(world.s, case.case_id, ASK)
    assert world.tenant.voided == [case.access_pass.pass_id]


async def test_a_pass_that_cannot_be_voided_holds_the_erasure_up_until_it_has_ended(world: World) -> None:
    case = await employed(world)
    assert case.access_pass is not None
    assert case.access_pass.usable_until is not None
    for _ in range(200):
        world.faults.before("passes", PermissionMissing("no"))
    asked = await forget.forget(world.s, case.case_id, ASK)
    assert (asked.status, asked.result) == ("accepted", "permission_missing")
    stopped = await world.case(case.case_id)
    assert stopped.state is State.EXCLUDED
    assert "permission missing" in explain(stopped)
    left = (case.access_pass.usable_until - world.clock.at) / timedelta(minutes=1)
    await recover(world, int(left) - 5)
    assert await world.store.cases.get(case.case_id) is not None
    await recover(world, 70)
    assert await traces(world) == []
    assert (await operation(world, asked.operation_id)).status == "done"


async def test_an_outage_of_the_tenant_is_waited_out(world: World) -> None:
    case = await employed(world)
    world.faults.before("passes", Unavailable("down", retry_after=900))
    asked = await forget.forget(world.s, case.case_id, ASK)
    assert (asked.status, asked.result) == ("accepted", "unavailable")
    await recover(world, 14)
    assert await world.store.cases.get(case.case_id) is not None
    await recover(world, 5)
    assert await traces(world) == []


# --- several people, several cases -----------------------------------------------------------------------------


async def test_a_delivery_about_several_people_loses_its_body_and_still_belongs_to_the_others(
    world: World,
) -> None:
    case = await arrived(world)
    other = "c_" + "7" * 20
    first = await world.store.deliveries.get(f"d_{1:026d}")
    assert first is not None
    await world.store.deliveries.update(replace(first, case_ids=(other, case.case_id)))
    await forget.forget(world.s, case.case_id, ASK)
    left = await world.store.deliveries.get(first.delivery_id)
    assert left is not None
    assert (left.status, left.reason_code) == (DeliveryStatus.PROCESSED, "forgotten")
    assert (left.case_ids, left.body) == ((other,), None)


async def test_of_a_delivery_that_is_not_worked_off_nobody_elses_hire_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker died between the two people of one delivery; then the first is forgotten."""
    one = body()
    two = body(employee_id="other-1", employee_number=None, given_name="Ægir", family_name="Þórsson",
               preferred_name=None, personal_email=None, phones=None, manager=None)  # fmt: skip
    _batch(monkeypatch, one, two)
    made = await people.put(world, 1, b"both")
    at = await _first_save_of(world, made.delivery_id)
    world.tape.calls.clear()
    world.tape.kill_at = (at, "after")
    with pytest.raises(Killed):
        await process.process_delivery(world.s, made.delivery_id)
    world.tape.kill_at = None
    assert (await forget.forget(world.s, EMPLOYEE_ID, ASK)).status == "done"
    assert await traces(world) == []
    other = await cases.find(world.s, "other-1")
    assert other.hire.given_name == "Ægir"
    left = await world.store.deliveries.get(made.delivery_id)
    assert left is not None
    assert (left.body, left.case_ids) == (None, (other.case_id,))


def _batch(monkeypatch: pytest.MonkeyPatch, *bodies: bytes) -> None:
    """A vendor whose deliveries name several people."""
    plain = catalog.adapters()[SOURCE]

    def parse(payload: Any, headers: Any) -> Any:
        return [event for one in bodies for event in plain.parse(read_json(one), headers)]

    batch = replace(plain, parse=parse, read=lambda headers, raw: read_json(bodies[0]))
    monkeypatch.setattr(catalog, "of_source", lambda settings, source, slug: batch)


async def _first_save_of(world: World, delivery_id: str) -> int:
    """Number of the call that writes the first case, from a world of its own."""
    clean = World()
    await clean.store.deliveries.put_if_absent(await _same(world, delivery_id))
    await process.process_delivery(clean.s, delivery_id)
    at = clean.tape.calls.index("cases.create")
    clean.close()
    return at


async def _same(world: World, delivery_id: str) -> Any:
    found = await world.store.deliveries.get(delivery_id)
    assert found is not None
    return found


async def test_cases_that_were_joined_go_together_whichever_is_named(world: World) -> None:
    for named in ("survivor", "trace"):
        await deliver(world, 10, body(employee_id=None, employee_number=None, candidate_id="planted-4619-c",
                                      certainty="candidate"))  # fmt: skip
        await deliver(world, 11, body())
        done = await deliver(world, 12, body(candidate_id="planted-4619-c", event_type="hire.updated"))
        (survivor,) = done.case_ids
        story = await world.store.cases.timeline(survivor)
        (trace,) = [item.detail["other"] for item in story if item.action == "joined"]
        asked = await forget.forget(world.s, survivor if named == "survivor" else trace, ASK)
        assert (asked.status, asked.case_id) == ("done", survivor)
        assert await traces(world) == []
        for number in (10, 11, 12):
            left = await world.store.deliveries.get(f"d_{number:026d}")
            assert left is not None
            await world.store.deliveries.remove(left)


async def test_two_cases_with_an_account_each_are_two_erasures(world: World) -> None:
    case = await employed(world)
    other = make_case("c_" + "8" * 20)
    other.account = case.account
    await world.file(other)
    note = casework.entry(world.clock.at, "joined", other=other.case_id)
    await world.store.cases.save(case, [note])
    await forget.forget(world.s, case.case_id, ASK)
    assert await world.store.cases.get(other.case_id) is not None


# --- the process dies --------------------------------------------------------------------------------------------


async def prepared(kind: str) -> World:
    world = World()
    case = await employed(world)
    await actions.act(world.s, "pause", case.case_id, Ask("o", "Zzyzx is ill"))
    if kind == "work under way":
        case = await world.case(case.case_id)
        claimed(case, world)
        await world.store.cases.save(case)
    world.queue.sent.clear()
    world.tape.calls.clear()
    return world


async def ask_once(world: World, case_id: str) -> None:
    with contextlib.suppress(Killed):
        await forget.forget(world.s, case_id, ASK)


async def live_on(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.clock.at += timedelta(minutes=1)
        for _ in range(10):
            try:
                await people.run(world)
            except Killed:
                world.queue.sent.clear()  # the message is lost with its worker
                continue
            break


@pytest.mark.parametrize("kind", ["at rest", "work under way"])
async def test_wherever_the_process_dies_the_person_is_erased_without_anybody_asking_again(kind: str) -> None:
    clean = await prepared(kind)
    case_id = (await cases.find(clean.s, EMPLOYEE_ID)).case_id
    clean.tape.calls.clear()
    await ask_once(clean, case_id)
    await live_on(clean, 25)
    stopped_at = clean.tape.calls.index("cases.save")
    last = max(n for n, name in enumerate(clean.tape.calls) if name == "cases.put_operation")
    assert await traces(clean) == []
    clean.close()
    assert last > 20
    for number in range(last + 1):
        for side in sides(number):
            world = await prepared(kind)
            world.tape.kill_at = (number, side)
            await ask_once(world, case_id)
            await live_on(world, 60)
            assert world.tape.killed, (number, side)
            where = f"died {side} call {number}, {world.tape.calls[number]}"
            if number < stopped_at or (number, side) == (stopped_at, "before"):
                assert await world.store.cases.get(case_id) is not None, f"{where}: nothing had begun"
                await ask_once(world, case_id)
                await live_on(world, 60)
            assert await traces(world) == [], where
            for item in await all_operations(world):
                if item.action == "forget" and number >= stopped_at:
                    assert (await forget.settled(world.s, item)).status == "done", where
            assert world.tenant.usable_passes("user-2") == [], where
            world.close()


@pytest.mark.parametrize("seed", range(8))
async def test_several_who_ask_at_once_and_a_worker_come_to_one_end(seed: int) -> None:
    world = await prepared("at rest")
    case_id = (await cases.find(world.s, EMPLOYEE_ID)).case_id
    world.tape.shuffle = random.Random(seed)
    late = await people.put(world, 9, body(event_type="hire.updated", occurred_at="2026-08-17T07:45:00Z"))
    answers = await asyncio.gather(
        forget.forget(world.s, case_id, ASK),
        forget.forget(world.s, EMPLOYEE_ID, ASK),
        work.handle(world.s, WorkMessage(delivery_id=late.delivery_id)),
        work.handle(world.s, WorkMessage(case_id=case_id)),
        return_exceptions=True,
    )
    assert all(
        isinstance(answer, Operation | NotFound | StoreConflict) for answer in answers if answer is not None
    ), answers
    await live_on(world, 40)
    assert await world.store.cases.get(case_id) is None
    left = await world.store.deliveries.get(late.delivery_id)
    assert left is not None
    if left.reason_code == "forgotten":
        assert await traces(world) == []
    else:  # it came after the erasure: a new case
        (new,) = left.case_ids
        assert new != case_id
        assert (await world.case(new)).deliveries == [late.delivery_id]
    for item in await all_operations(world):
        assert (await forget.settled(world.s, item)).status in {"done", "refused"}
    world.close()


# --- the second look -----------------------------------------------------------------------------------------------


async def test_what_a_worker_claimed_during_the_erasure_is_found_by_the_second_look(world: World) -> None:
    case = await arrived(world)
    await forget.forget(world.s, case.case_id, ASK)
    upn = people.tenant_alias(AliasKind.UPN, "zzyzx.qwxyplanted@contoso.example")
    await world.store.cases.claim_alias(upn, case.case_id)
    world.clock.move(minutes=14)
    assert (await retention.prune(world.s)).aliases == 0
    world.clock.move(minutes=1)
    assert (await retention.prune(world.s)).aliases == 1
    assert await traces(world) == []
    assert await world.store.cases.get(case.case_id) is None
    assert (await retention.prune(world.s)) == retention.Pruned()
    marker = await world.store.cases.read_marker(erase.FORGOTTEN)
    assert marker is not None
    assert marker.value == {"cases": {}}


async def test_somebody_announced_again_under_the_old_id_keeps_their_aliases(world: World) -> None:
    case = await arrived(world)
    await forget.forget(world.s, case.case_id, ASK)
    left = Alias(SOURCE, AliasKind.EMPLOYEE_ID, EMPLOYEE_ID)
    await world.store.cases.claim_alias(left, case.case_id)
    again = await deliver(world, 3, body(occurred_at="2026-08-17T08:00:00Z"))
    assert again.case_ids == (case.case_id,)
    world.clock.move(minutes=20)
    assert (await retention.prune(world.s)).aliases == 0
    assert (await cases.find(world.s, EMPLOYEE_ID)).case_id == case.case_id


async def test_the_second_look_survives_a_death_anywhere() -> None:
    async def ready() -> World:
        world = World()
        case = await arrived(world)
        await forget.forget(world.s, case.case_id, ASK)
        await world.store.cases.claim_alias(
            people.tenant_alias(AliasKind.UPN, "zzyzx@contoso.example"), case.case_id
        )
        world.clock.move(minutes=15)
        world.tape.calls.clear()
        return world

    clean = await ready()
    await erase.look_again(clean.s, clean.clock.at)
    calls = len(clean.tape.calls)
    clean.close()
    for number in range(calls):
        for side in sides(number):
            world = await ready()
            world.tape.kill_at = (number, side)
            with pytest.raises(Killed):
                await erase.look_again(world.s, world.clock.at)
            for _ in range(40):
                await live_on(world, 1)
                await retention.prune(world.s)
            assert await traces(world) == [], (number, side)
            assert (await world.store.cases.walk()).items == [], (number, side)
            marker = await world.store.cases.read_marker(erase.FORGOTTEN)
            assert marker is not None
            assert marker.value == {"cases": {}}, (number, side)
            world.close()


async def test_more_erasures_at_once_than_one_row_holds_follow_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "NOTED_AT_MOST", 1)
    one, two = await arrived(world), await world.file(make_case())
    assert (await forget.forget(world.s, one.case_id, ASK)).status == "done"
    asked = await forget.forget(world.s, two.case_id, ASK)
    assert (asked.status, asked.result) == ("accepted", "many_at_once")
    for _ in range(30):
        await live_on(world, 1)
        await retention.prune(world.s)
    assert (await operation(world, asked.operation_id)).status == "done"


async def test_the_operation_is_recorded_as_json_without_the_person(world: World) -> None:
    await employed(world)
    done = await forget.forget(world.s, EMPLOYEE_ID, ASK)
    who: Any = None
    request = Request("GET", "/x", params={"operation_id": done.operation_id})
    answer = json.loads((await views.show_operation(world.s, request, who)).body)
    assert answer["status"] == "done"
    assert not [trace for trace in people.TRACES if trace in json.dumps(answer, ensure_ascii=False).lower()]
