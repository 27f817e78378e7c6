"""A read may show for up to half an hour what was there before a write: what this service wrote itself weighs more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepStatus
from onboarding.errors import DeployerError, Throttled
from onboarding.operate.actions import Ask, act
from onboarding.operate.explain import explain
from onboarding.ports import CLAIM_LEASE
from tests.provisioning.test_refused import FIRST_DAY, PEOPLE, WHO, delivers, enabled, look, until
from tests.support.doubles import CASE_ID, T0, Killed, World, sides
from tests.support.full_policy import SETTINGS, full_case, full_policy, full_world

LAGS = pytest.mark.parametrize("lag", [0, 1, 10, 30])
CREDENTIALS = pytest.mark.parametrize("credential", ["none", "access_pass_to_manager"])
#: The account that is made a week ahead is enabled then.
ENABLED_AT = datetime(2026, 8, 20, 22, tzinfo=UTC)
BACK: dict[str, Any] = {
    "start_date": date(2026, 8, 24),
    "given_name": "Zoë",
    "family_name": "Müller-Strauß",
    "work_country": "DE",
    "manager": ManagerRef(email="chef@contoso.example"),
}


def lagging(lag: int, *, credential: str = "none", more: str = 'rehire = "restore"') -> World:
    settings = replace(SETTINGS, first_credential=credential, prepopulate_phone=False)
    world = full_world(settings=settings, policy=replace(full_policy(more), people=PEOPLE))
    world.tenant.reads_lag = timedelta(minutes=lag)
    return world


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.close()


async def hired(world: World) -> None:
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1)))


async def soon(world: World) -> Case:
    """A minute later."""
    return await until(world, world.clock.at + timedelta(minutes=1))


async def withdrawn(world: World, word: str) -> None:
    if word == "cancel":
        await delivers(world, EventType.HIRE_CANCELLED)
    else:
        await delivers(world, employment_type=word)


async def taken_back(world: World, word: str) -> None:
    if word == "cancel":
        await delivers(world, EventType.HIRE_CREATED, **BACK)
    else:
        await delivers(world, employment_type="Employee")
    if word == "guest":
        await act(world.s, "rerun", CASE_ID, WHO)


# --- enabled, and disabled minutes later -------------------------------------------------------------------------


@LAGS
@pytest.mark.parametrize("word", ["cancel", "guest", "onprem"])
async def test_what_was_enabled_a_moment_ago_is_disabled_though_it_still_looks_so(
    worlds: list[World], lag: int, word: str
) -> None:
    world = lagging(lag)
    worlds.append(world)
    await hired(world)
    await until(world, ENABLED_AT + timedelta(minutes=1))
    assert enabled(world) == [True]
    await withdrawn(world, word)
    await until(world, FIRST_DAY)
    assert enabled(world) == [False]
    assert world.tape.calls.count("directory.disable_user") == 1


async def test_nothing_is_written_where_it_was_disabled_all_the_time(worlds: list[World]) -> None:
    """Made disabled, and withdrawn before the day on which it is enabled."""
    world = lagging(30)
    worlds.append(world)
    await hired(world)
    await until(world, T0 + timedelta(hours=2))
    await withdrawn(world, "cancel")
    case = await until(world, FIRST_DAY)
    assert case.steps["disable_account"].detail == "already_disabled"
    assert "directory.disable_user" not in world.tape.calls


async def test_wherever_it_dies_while_it_is_enabled_a_withdrawn_hires_account_is_disabled(
    worlds: list[World],
) -> None:
    """Between the request and the note that it was made, nobody knows that it was, and a read does not show it."""
    number, killed = 0, True
    while killed:
        for side in sides(number):
            world = lagging(30)
            worlds.append(world)
            await hired(world)
            await until(world, ENABLED_AT - timedelta(minutes=1))
            world.clock.at = ENABLED_AT
            world.tape.calls.clear()
            world.tape.kill_at = (number, side)
            with contextlib.suppress(Killed):
                await look(world)
            killed, world.tape.kill_at = world.tape.killed, None
            await withdrawn(world, "cancel")
            await until(world, FIRST_DAY)
            assert enabled(world) == [False], (number, side)
        number += 1
    assert number > 8


# --- disabled, and enabled minutes later -------------------------------------------------------------------------


@LAGS
@CREDENTIALS
@pytest.mark.parametrize("word", ["cancel", "guest", "onprem"])
async def test_what_was_disabled_a_moment_ago_is_enabled_though_it_still_looks_so(
    worlds: list[World], lag: int, credential: str, word: str
) -> None:
    world = lagging(lag, credential=credential)
    worlds.append(world)
    await hired(world)
    await until(world, datetime(2026, 8, 20, 23, tzinfo=UTC))
    await withdrawn(world, word)
    await soon(world)
    assert enabled(world) == [False]
    await taken_back(world, word)
    case = await until(world, FIRST_DAY + timedelta(days=1))
    assert enabled(world) == [True]
    assert "Somebody disabled" not in explain(case)
    assert case.account is not None
    assert not case.account.disabled_by_us
    if word == "cancel" and credential != "none":
        assert case.reason_code == "needs_approval_pass"
    else:
        assert case.state is State.FOLLOWING_UP
        assert bool(world.tenant.issued) is (credential != "none")


@pytest.mark.parametrize("word", ["cancel", "guest", "onprem"])
async def test_wherever_it_dies_while_it_is_disabled_it_is_enabled_again(
    worlds: list[World], word: str
) -> None:
    number, killed = 0, True
    while killed:
        for side in sides(number):
            world = lagging(30)
            worlds.append(world)
            await hired(world)
            await until(world, datetime(2026, 8, 20, 23, tzinfo=UTC))
            await withdrawn(world, word)
            world.tape.calls.clear()
            world.tape.kill_at = (number, side)
            with contextlib.suppress(Killed):
                await look(world)
            killed, world.tape.kill_at = world.tape.killed, None
            world.clock.at += CLAIM_LEASE if killed else timedelta(0)
            await taken_back(world, word)
            await until(world, FIRST_DAY + timedelta(days=1))
            assert enabled(world) == [True], (number, side)
        number += 1
    assert number > 5


@LAGS
async def test_of_many_words_within_minutes_the_last_one_counts(worlds: list[World], lag: int) -> None:
    for words in (1, 2, 3, 4, 5):
        world = lagging(lag)
        worlds.append(world)
        await hired(world)
        await until(world, datetime(2026, 8, 20, 23, tzinfo=UTC))
        for number in range(words):
            await (taken_back if number % 2 else withdrawn)(world, "onprem")
            await soon(world)
        await until(world, FIRST_DAY + timedelta(days=1))
        assert enabled(world) == [words % 2 == 0], words


async def test_whoever_disables_it_later_is_not_overruled(worlds: list[World]) -> None:
    """Once a read can be believed: an administrator did it, and nobody but an approver takes that back."""
    world = lagging(30, more="")
    worlds.append(world)
    await hired(world)
    await until(world, ENABLED_AT + timedelta(hours=2))
    world.tenant.replaced("user-2", account_enabled=False)
    world.clock.move(hours=1)
    await withdrawn(world, "cancel")
    await soon(world)
    await taken_back(world, "cancel")
    case = await until(world, FIRST_DAY)
    assert (case.reason_code, enabled(world)) == ("needs_approval_rehire", [False])


# --- enabled and judged in one run ---------------------------------------------------------------------------------


@LAGS
async def test_somebody_who_is_enabled_on_the_day_of_the_pass_gets_it(worlds: list[World], lag: int) -> None:
    """Paused until then, so that the account is enabled and looked at in one second."""
    world = lagging(lag, credential="access_pass_to_manager")
    worlds.append(world)
    await hired(world)
    await until(world, T0 + timedelta(hours=1))
    await act(world.s, "pause", CASE_ID, WHO)
    world.clock.at = datetime(2026, 8, 21, 8, tzinfo=UTC)
    await act(world.s, "resume", CASE_ID, WHO)
    case = await until(world, world.clock.at + timedelta(hours=1))
    assert case.state is not State.BLOCKED
    assert next(mail.to for mail in world.tenant.mail) == ("chef@contoso.example",)
    case = await until(world, FIRST_DAY)
    assert (case.state, len(world.tenant.issued), enabled(world)) == (State.FOLLOWING_UP, 1, [True])


async def test_one_that_somebody_disables_right_after_is_said_to_be(worlds: list[World]) -> None:
    world = lagging(1, credential="access_pass_to_manager")
    worlds.append(world)
    await hired(world)
    await until(world, ENABLED_AT + timedelta(minutes=5))
    world.tenant.replaced("user-2", account_enabled=False)
    case = await until(world, FIRST_DAY)
    assert (case.reason_code, world.tenant.issued) == ("account_disabled", [])


@LAGS
async def test_somebody_who_is_enabled_on_the_first_day_is_not_taken_for_absent(
    worlds: list[World], lag: int
) -> None:
    world = lagging(lag)
    worlds.append(world)
    await hired(world)
    await until(world, T0 + timedelta(hours=1))
    await act(world.s, "pause", CASE_ID, WHO)
    world.clock.at = FIRST_DAY
    await act(world.s, "resume", CASE_ID, WHO)
    case = await until(world, FIRST_DAY + timedelta(minutes=40))
    assert case.status != "absent"


# --- dates ---------------------------------------------------------------------------------------------------------


def dates(world: World) -> tuple[datetime | None, datetime | None]:
    return world.tenant.users["user-2"].employee_hire_date, world.tenant.held.leave_dates.get("user-2")


@LAGS
@pytest.mark.parametrize("at_work", [False, True])
async def test_dates_that_are_corrected_and_corrected_back_within_minutes_are_hrs_in_the_end(
    worlds: list[World], lag: int, at_work: bool
) -> None:
    world = lagging(lag)
    worlds.append(world)
    await hired(world)
    await until(world, FIRST_DAY + timedelta(days=3) if at_work else T0 + timedelta(hours=1))
    for day in (25, 24):
        await delivers(world, EventType.START_DATE_CHANGED, start_date=date(2026, 8, day))
        await soon(world)
    for end in (date(2026, 12, 31), date(2027, 1, 31)):
        await delivers(world, end_date=end)
        await soon(world)
    case = await until(world, world.clock.at + timedelta(days=1))
    assert dates(world) == (
        datetime(2026, 8, 23, 22, tzinfo=UTC),
        datetime(2027, 1, 31, 23, tzinfo=UTC),
    )
    assert case.steps["set_leave_date"].status is StepStatus.DONE


@LAGS
async def test_a_last_day_that_is_named_and_taken_back_within_minutes_is_taken_away(
    worlds: list[World], lag: int
) -> None:
    world = lagging(lag)
    worlds.append(world)
    await world.file(full_case(begun=False, hired_at=T0 - timedelta(days=1), hire={"end_date": None}))
    await until(world, T0 + timedelta(hours=1))
    await delivers(world, end_date=date(2026, 12, 31))
    await soon(world)
    assert dates(world)[1] is not None
    await delivers(world, cleared=("end_date",))
    case = await until(world, FIRST_DAY)
    assert dates(world)[1] is None
    assert case.steps["set_leave_date"].detail == "cleared"


@pytest.mark.parametrize("what", ["start_date", "end_date"])
async def test_wherever_it_dies_the_date_that_hr_named_last_is_there_in_the_end(
    worlds: list[World], what: str
) -> None:
    first = {"start_date": date(2026, 8, 24), "end_date": date(2027, 1, 31)}[what]
    number, killed = 0, True
    while killed:
        for side in sides(number):
            world = lagging(30)
            worlds.append(world)
            await hired(world)
            await until(world, T0 + timedelta(hours=1))
            before = dates(world)
            await delivers(world, EventType.HIRE_UPDATED, **{what: date(2026, 12, 31)})
            world.tape.calls.clear()
            world.tape.kill_at = (number, side)
            with contextlib.suppress(Killed):
                await look(world)
            killed, world.tape.kill_at = world.tape.killed, None
            await delivers(world, EventType.HIRE_UPDATED, **{what: first})
            await until(world, FIRST_DAY)
            assert dates(world) == before, (number, side)
        number += 1
    assert number > 4


async def test_dates_that_stay_cost_no_second_request(worlds: list[World]) -> None:
    world = lagging(30)
    worlds.append(world)
    await hired(world)
    await until(world, T0 + timedelta(hours=3))
    await act(world.s, "rerun", CASE_ID, Ask("op", "to be sure", from_step="set_leave_date"))
    await until(world, FIRST_DAY)
    assert world.tape.calls.count("directory.set_leave_date") == 1
    assert "directory.set_hire_date" not in world.tape.calls


@pytest.mark.parametrize(
    ("call", "told"), [("disable_user", "disable_intended"), ("set_leave_date", "leave_date_intended")]
)
async def test_a_write_that_is_put_off_again_and_again_is_announced_once(
    worlds: list[World], call: str, told: str
) -> None:
    worlds.append(world := lagging(0))
    world.faults.before(call, *[Throttled("429", retry_after=600)] * 20)
    await hired(world)
    await until(world, ENABLED_AT + timedelta(hours=1))
    if call == "disable_user":
        await withdrawn(world, "cancel")
        await until(world, world.clock.at + timedelta(days=1))
    assert [entry.action for entry in await world.story()].count(told) == 1


async def test_what_was_refused_was_not_written(worlds: list[World]) -> None:
    """Of one account, as in a restricted unit: whoever is hired again within the hour goes on with it, enabled."""
    worlds.append(world := lagging(0))
    await hired(world)
    await until(world, ENABLED_AT + timedelta(hours=1))
    refused = DeployerError("403 for this account", code="graph_forbidden")
    world.faults.before("disable_user", refused)
    await withdrawn(world, "cancel")
    case = await soon(world)
    assert case.account is not None
    assert (case.account.disabled_by_us, enabled(world)) == (False, [True])
    world.faults.before("enable_user", refused, refused, refused)
    await taken_back(world, "cancel")
    case = await until(world, FIRST_DAY + timedelta(hours=1))
    assert (case.state, case.reason_code, enabled(world)) == (State.FOLLOWING_UP, None, [True])
