"""Active Directory takes over an account that was made in the cloud (a soft match): the same object, then read-only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType

import pytest

from onboarding.domain.evidence import Recoverable
from onboarding.operate.work import handle
from onboarding.ports import WorkMessage
from onboarding.provisioning.step import Context, Skip
from onboarding.provisioning.steps import (
    assign_groups,
    enable_account,
    set_hire_date,
    set_leave_date,
    set_manager,
)
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, T0, World, drive, make_case

METHODS = ("microsoftAuthenticatorPush", "softwareOneTimePasscode")


@pytest.mark.parametrize(
    "step",
    [set_manager, assign_groups, set_hire_date, set_leave_date, enable_account],
    ids=lambda s: s.STEP.name,
)
async def test_nothing_is_written_to_it_any_more(world: World, step: ModuleType) -> None:
    await world.file(make_case())
    case = await drive(world)
    assert case.account is not None
    user = world.tenant.users[case.account.id]
    world.tenant.users[user.id] = replace(user, synced=True, account_enabled=False)
    before = dict(world.tenant.users), dict(world.tenant.managers)
    assert await step.run(Context(world.s, case, world.clock.at)) == Skip("synced_account")
    assert (world.tenant.users, world.tenant.managers) == before
    assert case.account.synced


@pytest.mark.parametrize(("linked", "now"), [(False, True), (True, False)])
async def test_whose_it_is_follows_what_the_tenant_shows(
    make_world: Callable[..., World], linked: bool, now: bool
) -> None:
    """Without writeback, somebody of Active Directory cannot reset, whatever they registered."""
    world = make_world(settings=Settings(service_desk="d@contoso.example", writeback=False))
    await world.file(make_case())
    case = await drive(world)
    assert case.account is not None
    case.account.synced = linked
    await world.store.cases.save(case)
    user = world.tenant.users[case.account.id]
    world.tenant.users[user.id] = replace(user, synced=now)
    world.tenant.methods[user.id] = METHODS
    world.clock.at = T0 + timedelta(days=9)
    await handle(world.s, WorkMessage(case_id=CASE_ID))
    case = await world.case()
    assert case.account is not None
    assert case.account.synced is now
    assert (case.recoverable is Recoverable.NO) is now
