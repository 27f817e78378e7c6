"""The runner: takes a case as far as it goes, writes every outcome, and always plans when to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding import observe
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import AccountPolicy, Policy
from onboarding.domain.records import StepStatus
from onboarding.errors import (
    ConfigurationError,
    OperatorError,
    StoreConflict,
    Throttled,
    Unavailable,
)
from onboarding.provisioning import runner
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step, Wait
from tests.support.doubles import T0, World, advance, drive, hire, look_now, make_case

MakeWorld = Callable[..., World]
Answer = Outcome | Exception


class Script:
    """A plan of one or two steps that answer what the test says, call by call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[Answer]) -> None:
        self.calls: list[str] = []
        planned = tuple(Planned(Step(name, name), self._run(name, given)) for name, given in answers.items())
        monkeypatch.setattr(runner, "steps", lambda: planned)

    def _run(self, name: str, answers: list[Answer]) -> Any:
        async def run(ctx: Context) -> Outcome:
            self.calls.append(name)
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return run


async def start(world: World, **changes: Any) -> Case:
    await world.file(make_case(**{"state": State.PROVISIONING, **changes}))
    return await advance(world)


# --- the window before the start -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "opens"),
    [
        ("DE", datetime(2026, 9, 30, 22, 0, tzinfo=UTC)),
        ("JP", datetime(2026, 9, 30, 15, 0, tzinfo=UTC)),
        ("US", None),
        (None, datetime(2026, 10, 1, 0, 0, tzinfo=UTC)),
    ],
)
async def test_a_case_waits_until_local_midnight_14_days_before_the_start(
    world: World, country: str | None, opens: datetime | None
) -> None:
    person = hire(start_date=date(2026, 10, 15), work_country=country, home_country=None)
    case = await start(world, state=State.WAITING_START, hire=person)
    assert case.state is State.WAITING_START
    assert opens is None or case.next_action.when == opens
    assert world.tenant.created == []
    planned = case.next_action.when
    assert planned is not None
    world.clock.at = planned - timedelta(seconds=1)
    assert (await advance(world)).state is State.WAITING_START
    world.clock.at = planned
    assert (await advance(world)).state is State.PROVISIONING
    assert len(world.tenant.created) == 1


async def test_looking_again_at_a_far_start_writes_nothing(world: World) -> None:
    first = await start(world, state=State.WAITING_START, hire=hire(start_date=date(2026, 12, 24)))
    assert (await advance(world)).etag == first.etag


async def test_a_changed_policy_applies_when_the_case_is_looked_at(make_world: MakeWorld) -> None:
    world = make_world(policy=Policy(account=AccountPolicy(create_days_before_start=300)))
    await start(world, state=State.WAITING_START, hire=hire(start_date=date(2026, 12, 24)))
    assert len(world.tenant.created) == 1


async def test_a_start_date_that_is_missing_blocks(world: World) -> None:
    case = await start(world, state=State.WAITING_START, hire=hire(start_date=None))
    assert (case.state, case.reason_code) == (State.BLOCKED, "missing_start_date")


@pytest.mark.parametrize("start_date", [date(1900, 1, 1), date(2199, 12, 31), date(2028, 2, 29)])
async def test_no_start_date_that_intake_lets_through_breaks_it(world: World, start_date: date) -> None:
    await start(world, state=State.WAITING_START, hire=hire(start_date=start_date))


# --- outcomes ------------------------------------------------------------------------------------------


async def test_done_and_skip_are_written_and_the_next_step_follows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Script(monkeypatch, one=[Done("code")], two=[Skip("not_wanted")])
    case = await start(world)
    assert case.state is State.FOLLOWING_UP
    assert (case.steps["one"].status, case.steps["one"].detail) == (StepStatus.DONE, "code")
    assert (case.steps["two"].status, case.steps["two"].detail) == (StepStatus.SKIPPED, "not_wanted")
    assert (case.next_action.what, case.next_action.when) == ("follow_up", T0)
    assert [item.action for item in await world.story()] == ["step_done", "step_skipped", "provisioned"]
    assert world.queue.sent[-1][0].case_id == case.case_id


async def test_wait_plans_the_moment_and_says_so_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    until = T0 + timedelta(hours=2)
    script = Script(monkeypatch, one=[Wait(until, "not_yet"), Wait(until + timedelta(hours=1), "not_yet")])
    case = await start(world)
    assert case.steps["one"].status is StepStatus.WAITING
    assert (case.next_action.what, case.next_action.when, case.next_action.why) == ("one", until, "not_yet")
    assert world.queue.sent == [], "a long wait is a due row"
    await look_now(world)
    assert script.calls == ["one", "one"]
    assert [item.action for item in await world.story()] == ["step_waits"]


async def test_a_short_wait_is_a_delayed_message_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Script(monkeypatch, one=[Wait(T0 + timedelta(seconds=12), "soon")])
    await start(world)
    assert [delay for _, delay in world.queue.sent] == [12.0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Block("some_reason"), "some_reason"),
        (OperatorError("x", code="graph_bad_value"), "graph_bad_value"),
        (ConfigurationError("x"), "configuration"),
    ],
)
async def test_what_no_retry_can_mend_blocks_with_its_reason_and_plans_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: Answer, reason: str
) -> None:
    Script(monkeypatch, one=[answer], two=[])
    case = await start(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, reason)
    assert case.return_state is State.PROVISIONING
    assert (case.steps["one"].status, case.steps["one"].code) == (StepStatus.BLOCKED, reason)
    assert case.next_action.when is None
    assert await world.store.cases.due(datetime(2100, 1, 1, tzinfo=UTC), 5) == []


async def test_a_conflict_is_not_a_retry_it_propagates(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Script(monkeypatch, one=[StoreConflict("somebody else")])
    await world.file(make_case(state=State.PROVISIONING))
    with pytest.raises(StoreConflict):
        await advance(world)
    assert (await world.case()).steps == {}


async def test_an_unforeseen_error_propagates_to_the_host(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Script(monkeypatch, one=[ZeroDivisionError("bug")])
    await world.file(make_case(state=State.PROVISIONING))
    with pytest.raises(ZeroDivisionError):
        await advance(world)


# --- retries -------------------------------------------------------------------------------------------


async def test_a_retry_counts_waits_and_then_succeeds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.entropy.fixed = 0.5
    Script(monkeypatch, one=[Unavailable("x"), Unavailable("x"), Done()])
    case = await start(world)
    assert (case.steps["one"].status, case.steps["one"].attempts) == (StepStatus.RETRYING, 1)
    assert case.next_action.when == T0 + timedelta(seconds=2.5)
    case = await look_now(world)
    assert case.next_action.when == T0 + timedelta(seconds=2.5 + 5)
    assert case.steps["one"].first_failed_at == T0
    case = await look_now(world)
    assert case.state is State.FOLLOWING_UP
    assert (case.steps["one"].attempts, case.steps["one"].first_failed_at) == (3, None)


async def test_a_message_that_comes_before_the_planned_moment_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise any second message would cut short what Retry-After asked for."""
    script = Script(monkeypatch, one=[Throttled("x", retry_after=600.5), Done()])
    case = await start(world)
    world.clock.move(seconds=599)
    assert (await advance(world)).etag == case.etag
    assert script.calls == ["one"]
    world.clock.move(seconds=1.5)
    assert (await advance(world)).state is State.FOLLOWING_UP


async def test_somebody_who_wants_it_now_need_not_wait_for_the_planned_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Script(monkeypatch, one=[Throttled("x", retry_after=600), Done()])
    case = await start(world)
    case.next_action = replace(case.next_action, what="provision", when=T0, why="rerun")
    await world.store.cases.save(case)
    assert (await advance(world)).state is State.FOLLOWING_UP


async def test_72_hours_of_failures_block_and_a_rerun_gets_72_hours_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.entropy.fixed = 0.99
    Script(monkeypatch, one=[Unavailable("x") for _ in range(200)])
    await world.file(make_case(state=State.PROVISIONING))
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "retries_exhausted")
    assert timedelta(hours=72) <= world.clock.at - T0 < timedelta(hours=77)
    (last,) = [item for item in await world.story() if item.action == "blocked"]
    assert last.detail["last"] == "unavailable"
    assert case.steps["one"].first_failed_at is None


async def test_time_spent_waiting_on_purpose_is_not_time_without_success(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure, ten planned days, another failure: that is not 72 hours of failures."""
    Script(
        monkeypatch,
        one=[Unavailable("x"), Wait(T0 + timedelta(days=10), "not_yet"), Unavailable("x"), Done()],
    )
    await start(world)
    await look_now(world)
    case = await look_now(world)
    assert case.state is State.PROVISIONING
    assert case.steps["one"].attempts == 1
    assert (await look_now(world)).state is State.FOLLOWING_UP


async def test_steps_that_are_done_are_not_run_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, one=[Done()], two=[Unavailable("x"), Done()])
    await start(world)
    await look_now(world)
    assert script.calls == ["one", "two", "two"]


async def test_the_request_id_of_graph_is_in_the_timeline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(ctx: Context) -> Outcome:
        observe.note_request("6d1c…first")
        observe.note_request("6d1c…last")
        return Done()

    monkeypatch.setattr(runner, "steps", lambda: (Planned(Step("one", "x"), run),))
    await start(world)
    assert (await world.story())[0].detail["request_id"] == "6d1c…last"


async def test_what_is_written_holds_no_value_that_came_from_hr(world: World) -> None:
    await world.file(make_case())
    await drive(world)
    told = " ".join(str(item) for item in await world.story()).lower()
    for value in ("müller", "zoë", "zoe", "4711", "zoe.private", "3456789", "chef@"):
        assert value not in told
