"""Limits of an hour: counted over instances, never exceeded, and ended by an approver alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import LIMITED, LimitsPolicy, Policy
from onboarding.domain.policy_file import load
from onboarding.errors import (
    ConfigurationError,
    DeployerError,
    EffectUnknown,
    IllegalTransition,
    LimitReached,
    NotFound,
    NotYetVisible,
    OperatorError,
    RequestError,
    StoreConflict,
    Throttled,
    Unavailable,
)
from onboarding.operate import due, trouble, work
from onboarding.operate.actions import Ask
from onboarding.ports import CaseStore, NameTaken
from onboarding.safeguards import limits, stops
from onboarding.safeguards.circuit import Circuit
from onboarding.safeguards.guard import Guarded
from onboarding.safeguards.limits import Limits
from tests.storage.stores import FACTORIES, PLACES, StoreUnderTest, open_store
from tests.support.doubles import T0, FixedClock, Killed, Tape, World, advance, hire, make_case

ASK = Ask("approver-1", "they are all new: checked with HR")


@pytest.fixture(params=sorted(FACTORIES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreUnderTest]:
    opened = open_store(request.param, PLACES[request.param](tmp_path))
    yield opened
    await opened.close_all()


def policy(**values: int) -> LimitsPolicy:
    return LimitsPolicy(**values)


async def taken(instance: Limits, kind: str, tries: int) -> int:
    """How many of so many tries were let through."""
    through = 0
    for _ in range(tries):
        try:
            await instance.take(kind)
        except LimitReached:
            continue
        through += 1
    return through


# --- the policy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "people", "cap"),
    [
        ({}, 0, 100),
        ({}, 1_000, 200),
        ({}, 100_000, 500),
        ({"creations_percent": 0}, 0, 500),
        ({"creations_per_hour": 0}, 1_000, None),
        ({"creations_per_hour": 30}, 10_000, 30),
        ({"percent_from": 5}, 10, 5),
    ],
)
def test_an_hour_holds_the_lower_of_a_number_and_a_share_of_the_people(
    values: dict[str, int], people: int, cap: int | None
) -> None:
    assert policy(**values).cap("creations", people) == cap


def test_the_section_is_read_and_a_floor_of_nothing_is_refused() -> None:
    assert load("[limits]\nmessages_per_hour = 7").limits.cap("messages", 0) == 7
    for text in ("percent_from = 0", "creations_per_hour = -1", "creation_per_hour = 5"):
        with pytest.raises(ConfigurationError):
            load(f"[limits]\n{text}")


def somebody(n: int) -> Case:
    """Nobody's namesake."""
    person = hire(employee_id=str(5000 + n), family_name=f"Berg{chr(97 + n)}")
    return make_case(f"c_{n:020d}", hire=person)


# --- counting ------------------------------------------------------------------------------------------------


class Waiting(FixedClock):
    """Whoever sleeps lets the others go first."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def test_whoever_loses_every_race_waits_longer_each_time_and_then_comes_again_later(
    world: World,
) -> None:
    class Contended:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.store.cases, name)

        async def write_marker(self, name: str, value: object, etag: str | None) -> str:
            raise StoreConflict("somebody else was first")

    instance = Limits(Contended(), world.clock, policy(creations_per_hour=9, creations_percent=0))  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await instance.take("creations")
    slept = world.clock.slept
    assert slept[:4] == [0.01, 0.02, 0.04, 0.08]
    assert max(slept) == 0.25


async def test_two_instances_at_once_never_do_more_than_the_limit(store: StoreUnderTest) -> None:
    clock = Waiting()
    some = policy(creations_per_hour=120, creations_percent=0)
    instances = [Limits(each.cases, clock, some) for each in (store, store.second())]
    through = await asyncio.gather(*(taken(instances[n % 2], "creations", 25) for n in range(8)))
    assert 116 <= sum(through) <= 120, "a block of two can be left with an instance"
    board = await stops.read(store.cases)
    assert [stop.key for stop in board.stops.values()] == ["limit:creations"]


async def test_kinds_are_counted_apart_and_what_is_switched_off_is_not_counted(store: StoreUnderTest) -> None:
    some = policy(creations_per_hour=2, creations_percent=0, messages_per_hour=0)
    instance = Limits(store.cases, FixedClock(), some)
    assert await taken(instance, "creations", 5) == 2
    assert await taken(instance, "passes", 5) == 5
    assert await taken(instance, "messages", 300) == 300
    assert await store.cases.read_marker(limits.PREFIX + "messages") is None


async def test_an_instance_that_died_has_spent_its_block_and_no_more(store: StoreUnderTest) -> None:
    """Too much is counted, by the rest of a block; never too little."""
    some = policy(creations_per_hour=500, creations_percent=0)
    dead = Limits(store.cases, FixedClock(), some)
    await dead.take("creations")
    living = Limits(store.second().cases, FixedClock(), some)
    assert await taken(living, "creations", 600) == 490


async def test_the_hour_moves_and_a_stop_does_not_end_with_it(world: World) -> None:
    some = policy(creations_per_hour=60, creations_percent=0)
    instance = Limits(world.store.cases, world.clock, some)
    assert await taken(instance, "creations", 40) == 40
    world.clock.move(minutes=45)
    assert await taken(instance, "creations", 20) == 20
    world.clock.move(minutes=30)
    assert await taken(instance, "creations", 40) == 40, "the first forty are older than an hour"
    assert await taken(instance, "creations", 1) == 0
    world.clock.move(hours=5)
    assert await taken(instance, "creations", 1) == 0, "only an approver ends it"


async def test_a_share_is_of_the_people_who_are_in_and_not_of_those_who_are_announced(world: World) -> None:
    """Else a flood of false hires would raise the limit that is there to stop it."""
    inside = (State.FOLLOWING_UP, State.CONFIRMED, State.CLOSED)
    for n in range(12):
        case = make_case(f"c_{n:020d}")
        case.state = inside[n % 3]
        await world.store.cases.create(case)
    for n in range(100, 200):
        await world.store.cases.create(make_case(f"c_{n:020d}"))
    some = policy(passes_percent=50, percent_from=1)
    assert await taken(Limits(world.store.cases, world.clock, some), "passes", 20) == 6


async def test_what_is_more_than_one_is_counted_as_so_many(world: World) -> None:
    some = policy(licences_per_hour=10, licences_percent=0)
    instance = Limits(world.store.cases, world.clock, some)
    await instance.take("licences", 3)
    await instance.take("licences", 3)
    await instance.put_back("licences", 3)
    await instance.take("licences", 3)
    with pytest.raises(LimitReached):
        await instance.take("licences", 5)
    spent, _ = await limits.read(world.store.cases, "licences")
    assert spent.within_hour(world.clock.at) <= 10


@pytest.mark.parametrize("named", [True, False])
async def test_an_assignment_of_three_licences_is_three(world: World, named: bool) -> None:
    given: list[Any] = []

    class Adapter:
        async def assign_licenses(self, user_id: str, licences: Any) -> None:
            given.append(len(licences))

    some = policy(licences_per_hour=10, licences_percent=0)
    guarded = Guarded(
        Adapter(),
        Circuit("directory", world.store.cases, world.clock, lambda: 0.0),
        Limits(world.store.cases, world.clock, some),
    )
    three = ("a", "b", "c")
    for _ in range(5):
        try:
            await (
                guarded.assign_licenses("u", licences=three) if named else guarded.assign_licenses("u", three)
            )
        except LimitReached:
            break
    assert given == [3, 3, 3]


async def test_it_is_said_once_and_in_numbers_only(world: World, caplog: pytest.LogCaptureFixture) -> None:
    some = policy(passes_per_hour=1, passes_percent=0)
    for _ in range(3):
        await taken(Limits(world.store.cases, world.clock, some), "passes", 2)
    said = [r for r in caplog.records if r.message == "limit_reached"]
    assert [r.levelno for r in said] == [logging.ERROR]
    fields = said[0].onboarding_fields  # type: ignore[attr-defined]
    assert fields == {"kind": "passes", "used": 1, "allowed": 1, "people": 0}


async def test_a_clock_that_was_set_back_begins_anew_and_does_not_stop_for_ever(world: World) -> None:
    some = policy(creations_per_hour=5, creations_percent=0)
    assert await taken(Limits(world.store.cases, world.clock, some), "creations", 4) == 4
    world.clock.move(days=-3)
    assert await taken(Limits(world.store.cases, world.clock, some), "creations", 4) == 4


# --- approving -----------------------------------------------------------------------------------------------


def stopped_policy(**more: int) -> Policy:
    return Policy(limits=policy(creations_per_hour=3, creations_percent=0, **more))


async def test_an_approval_begins_the_count_anew_for_everybody(world: World) -> None:
    s = limited(world, stopped_policy())
    one, two = (Limits(world.store.cases, world.clock, s.policy.limits) for _ in range(2))
    assert await taken(one, "creations", 9) == 3
    operation = await trouble.approve(s, "creations", ASK)
    assert (operation.status, operation.action, operation.case_id) == ("done", "approve_limit", None)
    assert await world.store.cases.get_operation(operation.operation_id) == operation
    assert await taken(two, "creations", 9) == 3
    with pytest.raises(LimitReached):
        await one.take("creations")


async def test_an_approver_may_allow_more_for_a_day(world: World) -> None:
    s = limited(world, stopped_policy())
    instance = Limits(world.store.cases, world.clock, s.policy.limits)
    await taken(instance, "creations", 4)
    await trouble.approve(s, "creations", ASK, 20)
    assert await taken(instance, "creations", 15) == 15
    world.clock.move(hours=23)
    assert await taken(instance, "creations", 15) == 8, (
        "five of the extra are left, and an hour's three are there anew"
    )


async def test_what_was_allowed_on_top_ends_after_a_day(world: World) -> None:
    s = limited(world, stopped_policy())
    instance = Limits(world.store.cases, world.clock, s.policy.limits)
    await taken(instance, "creations", 4)
    await trouble.approve(s, "creations", ASK, 20)
    world.clock.move(hours=24)
    assert await taken(instance, "creations", 15) == 3


async def test_an_approver_who_allows_fewer_than_the_limit_gets_no_more(world: World) -> None:
    s = limited(world, Policy(limits=policy(creations_per_hour=100, creations_percent=0)))
    instance = Limits(world.store.cases, world.clock, s.policy.limits)
    await taken(instance, "creations", 101)
    await trouble.approve(s, "creations", ASK, 5)
    assert await taken(instance, "creations", 3) == 3
    world.clock.move(hours=5)
    assert await taken(instance, "creations", 100) <= 2, "not an hour's hundred"
    stop = (await stops.read(world.store.cases)).find(stops.LIMIT, "creations")
    assert stop is not None
    assert "An approver allowed fewer" in stop.text
    await trouble.approve(s, "creations", ASK)
    assert await taken(instance, "creations", 200) == 100, "and the next word is another one"


async def test_the_lower_number_ends_after_a_day_too(world: World) -> None:
    s = limited(world, stopped_policy())
    instance = Limits(world.store.cases, world.clock, s.policy.limits)
    await taken(instance, "creations", 4)
    await trouble.approve(s, "creations", ASK, 2)
    world.clock.move(hours=24)
    assert await taken(instance, "creations", 9) == 3


async def test_what_one_person_needs_is_named_and_an_approval_of_fewer_is_refused(world: World) -> None:
    s = limited(world, Policy(limits=policy(licences_per_hour=2, licences_percent=0)))
    instance = Limits(world.store.cases, world.clock, s.policy.limits)
    with pytest.raises(LimitReached):
        await instance.take("licences", 3)
    (stop,) = (await stops.read(world.store.cases)).stops.values()
    assert stop.text.endswith("One person needs 3 at once: allow at least as many.")
    for allow in (None, 1, 2):
        with pytest.raises(RequestError) as caught:
            await trouble.approve(s, "licences", ASK, allow)
        assert caught.value.code == "allow_too_few"
    await trouble.approve(s, "licences", ASK, 3)
    await instance.take("licences", 3)
    with pytest.raises(LimitReached):
        await instance.take("licences")


async def test_a_stop_and_a_count_that_an_older_version_wrote_are_gone_on_with(world: World) -> None:
    s = limited(world, stopped_policy())
    spent = {"pieces": {}, "extra": 0, "extra_until": None, "people": 0, "counted_at": None}
    await world.store.cases.write_marker(limits.PREFIX + "creations", spent, None)
    old = {"kind": "limit", "what": "creations", "since": T0.isoformat()}
    await world.store.cases.write_marker(stops.MARKER, {"stops": {"limit:creations": old}}, None)
    await trouble.approve(s, "creations", ASK)
    assert await taken(Limits(world.store.cases, world.clock, s.policy.limits), "creations", 9) == 3


async def test_what_cannot_be_approved(world: World) -> None:
    s = limited(world, stopped_policy())
    with pytest.raises(IllegalTransition):
        await trouble.approve(s, "creations", ASK)
    with pytest.raises(NotFound):
        await trouble.approve(s, "firings", ASK)
    await taken(Limits(world.store.cases, world.clock, s.policy.limits), "creations", 4)
    for allow in (0, -1, trouble.MOST_ALLOWED + 1):
        with pytest.raises(RequestError):
            await trouble.approve(s, "creations", ASK, allow)
    with pytest.raises(RequestError):
        await trouble.approve(s, "creations", Ask("a", "  "))
    assert (await stops.read(world.store.cases)).stops


def limited(world: World, chosen: Policy, cases: CaseStore | None = None) -> Any:
    """The world's services behind the guard, as bootstrap puts it there."""
    from dataclasses import replace

    store = cases or world.store.cases
    counted = Limits(store, world.clock, chosen.limits)

    def front(api: str, adapter: Any) -> Any:
        return Guarded(adapter, Circuit(api, store, world.clock, lambda: 0.0), counted)

    return replace(
        world.s,
        policy=chosen,
        cases=store,
        directory=front("directory", world.s.directory),
        security=front("security", world.s.security),
        mailer=front("mail", world.s.mailer),
    )


async def test_every_counted_method_is_one_of_a_port_and_every_kind_has_one() -> None:
    from onboarding import ports
    from onboarding.safeguards.guard import COUNTED

    methods = {name for port in (ports.Directory, ports.SecurityInfo, ports.Mailer) for name in vars(port)}
    later = {"assign_licenses", "restore_user"}
    assert COUNTED.keys() - methods <= later
    found = [counted(("u", ("sku",)), {"save": True}) for counted in COUNTED.values()]
    assert {each[0] for each in found if each} == set(LIMITED)


# --- the whole way -------------------------------------------------------------------------------------------


async def through(world: World, s: Any) -> None:
    """What the due timer and the queue do, until nothing moves; Killed where it is planned."""
    for _ in range(8):
        await due.enqueue_due(s)
        messages, world.queue.sent = list(world.queue.sent), []
        if not messages:
            return
        for message, _ in messages:
            await work.handle(s, message)


async def test_cases_wait_by_themselves_and_go_on_with_the_approvers_name(world: World) -> None:
    world.s = limited(world, stopped_policy())
    for n in range(5):
        await world.store.cases.create(somebody(n))
    await through(world, world.s)
    assert len(world.tenant.created) == 3
    waiting = [await world.case(f"c_{n:020d}") for n in range(5)]
    assert [case.reason_code for case in waiting].count("paused_by_limit") == 2
    assert all(case.steps["create_account"].attempts <= 1 for case in waiting)
    world.clock.move(hours=30)
    await through(world, world.s)
    assert len(world.tenant.created) == 3, "time does not end it"
    await trouble.approve(world.s, "creations", ASK)
    await through(world, world.s)
    assert len(world.tenant.created) == 5
    late = [case.case_id for case in waiting if case.reason_code]
    for case_id in late:
        case = await world.case(case_id)
        assert case.reason_code is None
        (told,) = [entry for entry in await world.story(case_id) if entry.action == "released"]
        assert (told.actor, told.detail["reason"], told.detail["what"]) == (
            "operator:approver-1", ASK.reason, "creations",
        )  # fmt: skip


async def test_messages_of_the_ladder_wait_too_and_none_is_lost_or_sent_twice(world: World) -> None:
    """The claim is given back; the same rung goes out once the limit is approved."""
    s = limited(world, Policy(limits=policy(messages_per_hour=1, messages_percent=0)))
    world.s = s
    for n in range(3):
        await world.store.cases.create(somebody(n))
    for hours in range(24 * 12):
        world.clock.at = T0 + timedelta(hours=hours)
        await through(world, s)
        if (await stops.read(world.store.cases)).find(stops.LIMIT, "messages"):
            await trouble.approve(s, "messages", ASK, 1)
    rungs = [r for n in range(3) for r in (await world.case(f"c_{n:020d}")).rungs.values()]
    sent = [r for r in rungs if r.status == "sent"]
    assert len(sent) >= 6
    assert {r.status for r in rungs} <= {"sent", "skipped"}
    assert len(world.tenant.sent_drafts) == len(sent), "the passes are no drafts"


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_death_at_any_write_of_an_approval_loses_nothing(side: str) -> None:
    """Die at each port call between the approval and the last account; the approver and the timer come again."""
    number = 0
    while True:
        world = World()
        try:
            tape = Tape()
            s = limited(world, stopped_policy(), tape.wrap("cases", world.store.cases))
            for n in range(4):
                await world.store.cases.create(somebody(n))
            await through(world, s)
            assert len(world.tenant.created) == 3
            tape.calls.clear()
            tape.kill_at = (number, side)
            try:
                await trouble.approve(s, "creations", ASK)
                await through(world, s)
            except Killed:
                world.queue.sent.clear()
            if not tape.killed:
                assert number > 15
                return
            tape.kill_at = None
            if (await stops.read(world.store.cases)).stops:
                await trouble.approve(s, "creations", ASK)
            for _ in range(3):
                await through(world, s)
                world.clock.move(hours=1)
            assert len(world.tenant.created) == 4, (number, side)
            assert [(await world.case(f"c_{n:020d}")).state for n in range(4)] != [State.BLOCKED] * 4
            number += 1
        finally:
            world.close()


async def test_an_outage_uses_up_no_limit(world: World) -> None:
    from onboarding.errors import TenantHeld

    s = limited(world, stopped_policy())
    stop = stops.Stop(stops.TENANT, "directory", T0, T0 + timedelta(hours=1))

    def decide(board: stops.Board) -> bool:
        board.open(stop)
        return True

    await stops.change(world.store.cases, decide)
    for _ in range(9):
        with pytest.raises(TenantHeld):
            await s.directory.create_user(None)
    assert await world.store.cases.read_marker(limits.PREFIX + "creations") is None


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (NameTaken("taken"), 0),
        (OperatorError("refused", code="refused_by_graph"), 0),
        (DeployerError("forbidden", code="forbidden"), 0),
        (Throttled("429", retry_after=5), 0),
        (NotYetVisible("404"), 0),
        (Throttled("503 with Retry-After", retry_after=5, code="tenant_busy"), 1),
        (EffectUnknown("no answer"), 1),
        (Unavailable("no answer"), 1),
    ],
)
async def test_what_the_tenant_refused_is_not_counted_and_what_may_have_happened_is(
    world: World, answer: Exception, counted: int
) -> None:
    class Tenant:
        async def create_user(self) -> None:
            raise answer

    chosen = policy(creations_per_hour=100, creations_percent=0)  # blocks of two
    counted_by = Limits(world.store.cases, world.clock, chosen)
    circuit = Circuit("directory", world.store.cases, world.clock, lambda: 0.0)
    with pytest.raises(type(answer)):
        await Guarded(Tenant(), circuit, counted_by).create_user()
    assert await taken(counted_by, "creations", 110) == 100 - counted


async def test_a_tenant_that_puts_off_what_it_is_asked_for_does_not_use_the_limit_up(world: World) -> None:
    world.s = limited(world, stopped_policy())
    await world.store.cases.create(somebody(0))
    world.faults.before("create_user", *[Throttled("429", retry_after=60)] * 9)
    for _ in range(9):
        await through(world, world.s)
        case = await world.case(somebody(0).case_id)
        assert case.reason_code is None
        world.clock.at = case.next_action.when or world.clock.at
    await through(world, world.s)
    assert len(world.tenant.created) == 1
    assert not (await stops.read(world.store.cases)).stops


async def test_a_limit_that_is_reached_is_no_answer_of_the_tenant(world: World) -> None:
    s = limited(world, stopped_policy())
    await taken(Limits(world.store.cases, world.clock, s.policy.limits), "creations", 4)
    stop = stops.Stop(stops.TENANT, "directory", T0, T0)

    def decide(board: stops.Board) -> bool:
        board.open(stop)
        return True

    await stops.change(world.store.cases, decide)
    with pytest.raises(LimitReached):
        await s.directory.create_user(None)
    assert (await stops.read(world.store.cases)).find(stops.TENANT, "directory") is not None


async def test_a_dry_run_counts_nothing(world: World) -> None:
    from onboarding import dry_run

    s = limited(world, stopped_policy())
    directory = dry_run.DryRun(s.directory, dry_run.DIRECTORY_WRITES)
    with pytest.raises(Exception, match="Dry run"):
        await directory.create_user(None)
    assert await world.store.cases.read_marker(limits.PREFIX + "creations") is None


async def test_looking_at_a_case_that_waits_changes_it_only_when_its_time_has_come(world: World) -> None:
    world.s = limited(world, Policy(limits=policy(creations_per_hour=1, creations_percent=0)))
    for n in range(2):
        await world.store.cases.create(somebody(n))
    await through(world, world.s)
    before = await world.case("c_00000000000000000001")
    assert before.reason_code == "paused_by_limit"
    assert (await advance(world, before.case_id)).etag == before.etag


# --- what is said of it --------------------------------------------------------------------------------------


async def test_it_is_said_who_waits_and_what_the_policy_allows_today(world: World) -> None:
    bare = world.s
    world.s = limited(world, stopped_policy())
    for n in range(5):
        await world.store.cases.create(somebody(n))
    await through(world, world.s)
    (said,) = (await trouble.survey(world.s)).as_json()["stops"]
    assert said["waiting_words"] == "2 people wait for this."
    assert (said["waiting"]["number"], said["waiting"]["complete"]) == (2, True)
    waiting = {
        case_id for n in range(5) if (case_id := f"c_{n:020d}") and (await world.case(case_id)).reason_code
    }
    assert {item["case_id"] for item in said["waiting"]["some"]} == waiting
    assert "approve limit:creations --reason" in said["ends"]
    world.s = bare
    world.s = limited(world, Policy(limits=policy(creations_per_hour=70, creations_percent=0)))
    (stop,) = await trouble.held(world.s)
    assert "the policy allowed 3" in stop.text
    assert "70 more may follow" in stop.text


async def test_a_limit_that_is_switched_off_holds_nobody_and_says_nothing(world: World) -> None:
    bare = world.s
    world.s = limited(world, stopped_policy())
    for n in range(5):
        await world.store.cases.create(somebody(n))
    await through(world, world.s)
    assert len(world.tenant.created) == 3
    world.s = bare
    world.s = limited(world, Policy(limits=policy(creations_per_hour=0)))
    assert await trouble.held(world.s) == ()
    with pytest.raises(IllegalTransition):
        await trouble.approve(world.s, "creations", ASK)
    await through(world, world.s)
    assert len(world.tenant.created) == 5
    board = await stops.read(world.store.cases)
    assert (board.stops, board.released["limit:creations"].actor) == ({}, "service")
