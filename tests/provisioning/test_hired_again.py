"""Somebody who left, and whom IT took everything from, is hired again: what the policy gives is there again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.operate.actions import Ask, act
from tests.support.doubles import World, drive
from tests.support.full_policy import E3, full_case, full_world
from tests.support.hr_says import says


@pytest.fixture
def world() -> Iterator[World]:
    made = full_world()
    yield made
    made.close()


def groups(world: World, user_id: str) -> set[str]:
    return {group for group, members in world.tenant.held.members.items() if user_id in members}


async def approved(world: World) -> Case:
    """To the end, with an approver who says yes to everything."""
    case = await drive(world)
    while case.state is State.BLOCKED and (case.reason_code or "").startswith("needs_approval_"):
        await act(world.s, "approve", case.case_id, Ask("approver", "the same person"))
        case = await drive(world)
    return case


async def test_whoever_is_hired_again_is_given_the_groups_and_licences_again(world: World) -> None:
    await world.file(full_case())
    case = await drive(world)
    assert case.account is not None
    user_id = case.account.id
    given = groups(world, user_id)
    assert len(given) == 3

    world.clock.move(days=60)
    await says(world, EventType.EMPLOYMENT_TERMINATED, end_date=world.clock.at.date())
    await world.s.directory.disable_user(user_id)
    for members in world.tenant.held.members.values():
        members.discard(user_id)
    world.tenant.users[user_id] = replace(world.tenant.users[user_id], licences=())

    world.clock.move(days=100)
    start = (world.clock.at + timedelta(days=5)).date()
    await says(world, EventType.HIRE_CREATED, ("end_date",), start_date=start, end_date=None)
    case = await approved(world)
    assert case.state is State.FOLLOWING_UP
    assert case.steps["assign_groups"].detail == "in_all_groups"
    assert groups(world, user_id) == given
    assert world.tenant.users[user_id].licences == (E3,)


async def test_what_an_administrator_takes_from_somebody_who_stays_is_not_given_again(world: World) -> None:
    await world.file(full_case())
    await drive(world)
    world.clock.move(days=60)
    await says(world, EventType.HIRE_CREATED, start_date=(world.clock.at + timedelta(days=5)).date())
    case = await world.case()
    assert case.account is not None
    for members in world.tenant.held.members.values():
        members.discard(case.account.id)
    await act(world.s, "rerun", case.case_id, Ask("op", "look", from_step="assign_groups"))
    case = await approved(world)
    assert case.steps["assign_groups"].detail == "left_out_what_an_administrator_took_away"
    assert groups(world, case.account.id if case.account else "") == set()
