"""HR corrects a misspelt name between the reservation of the user name and the account."""

from __future__ import annotations

import contextlib
from typing import cast

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.domain.hire import EventType
from onboarding.errors import EffectUnknown, LimitReached, StoreConflict, Throttled
from onboarding.ports import DirectoryUser, NewUser
from tests.support.doubles import Directory, Killed, World, advance, drive, hire, look_now, make_case
from tests.support.hr_says import says

WRONG, RIGHT = "zeo.mueler@contoso.example", "zoe.mueller@contoso.example"
LIMIT = LimitReached("limit", retry_after=600)


async def owners(world: World) -> dict[str, str]:
    aliases = [Alias(TENANT, AliasKind.UPN, name) for name in (WRONG, RIGHT)]
    return {alias.value: owner for alias, owner in (await world.store.cases.owners(aliases)).items()}


async def held(world: World, *errors: Exception) -> None:
    world.faults.before("create_user", *errors)
    await world.file(make_case(hire=hire(given_name="Zeo", family_name="Mueler")))
    await advance(world)
    for _ in errors[1:]:
        await look_now(world)


@pytest.mark.parametrize(
    "errors", [[LIMIT], [LIMIT, LIMIT], [Throttled("429", retry_after=600)]], ids=["limit", "twice", "429"]
)
async def test_a_name_for_which_nothing_was_made_is_given_back(world: World, errors: list[Exception]) -> None:
    await held(world, *errors)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, given_name="Zoe", family_name="Mueller")
    case = await drive(world)
    assert case.account is not None
    assert case.account.user_principal_name == RIGHT
    assert await owners(world) == {RIGHT: case.case_id}
    assert "username_released" in [entry.action for entry in await world.story()]


async def test_the_same_name_is_kept_while_it_is_held(world: World) -> None:
    await held(world, LIMIT)
    case = await drive(world)
    assert case.account is not None
    assert case.account.user_principal_name == WRONG
    assert "username_released" not in [entry.action for entry in await world.story()]


@pytest.mark.parametrize("dies", [False, True])
async def test_a_request_that_may_have_taken_effect_keeps_its_name(world: World, dies: bool) -> None:
    """After one that was held; nothing shows the account that it made yet."""
    await held(world, LIMIT)
    world.faults.after("create_user", cast(Exception, Killed()) if dies else EffectUnknown("no answer"))
    with contextlib.suppress(Killed):
        await look_now(world)
    world.faults.before("create_user", LIMIT)
    world.tenant.hidden |= {
        WRONG,
        *(user.id for user in world.tenant.users.values() if user.user_principal_name == WRONG),
    }
    await look_now(world)
    world.tenant.hidden.clear()
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, given_name="Zoe", family_name="Mueller")
    case = await drive(world)
    assert case.account is not None
    assert case.account.user_principal_name == WRONG
    assert len(world.tenant.created) == 1


@pytest.mark.parametrize("hidden", [False, True], ids=["seen at once", "seen later"])
async def test_another_workers_request_that_took_effect_meanwhile_keeps_the_name(
    world: World, hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message is delivered twice: one worker's request meets 429 while the other's takes effect without an answer."""
    real, asked = Directory.create_user, []

    async def create(directory: Directory, wanted: NewUser) -> DirectoryUser:
        asked.append(wanted)
        if len(asked) == 1:
            with contextlib.suppress(StoreConflict):
                await advance(world)
            raise Throttled("429", retry_after=600)
        user = await real(directory, wanted)
        if len(asked) == 2:
            world.tenant.hidden |= {user.id, WRONG} if hidden else set()
            raise EffectUnknown("no answer")
        return user

    monkeypatch.setattr(Directory, "create_user", create)
    await world.file(make_case(hire=hire(given_name="Zeo", family_name="Mueler", employee_id="x" * 20)))
    with contextlib.suppress(StoreConflict):
        await advance(world)
    world.clock.move(minutes=1)
    await says(world, EventType.HIRE_UPDATED, given_name="Zoe", family_name="Mueller")
    with contextlib.suppress(StoreConflict):
        await look_now(world)
    world.clock.move(hours=1)
    world.tenant.hidden.clear()
    case = await drive(world)
    assert case.account is not None
    assert [
        user.user_principal_name for user in world.tenant.users.values() if user.id.startswith("user-")
    ] == [WRONG]
