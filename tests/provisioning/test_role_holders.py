"""Nobody gets a name that reads like a role holder's; the list is read once an hour, and its absence is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from onboarding.domain.lifecycle import State
from onboarding.errors import DeployerError, PermissionMissing, Throttled, Unavailable
from onboarding.operate import actions
from onboarding.ports import DirectoryUser
from onboarding.safeguards.holders import LIFETIME, REFUSED_FOR, HoldersKept
from tests.support.doubles import CASE_ID, Directory, World, advance, drive, hire, look_now, make_case

DENIED = PermissionMissing("Grant RoleManagement.Read.Directory.")
REFUSED = DeployerError("Not how it should answer.", code="graph_refused")


def promote(world: World, upn: str, **more: Any) -> DirectoryUser:
    """An account of long ago, with a role from now on."""
    user = DirectoryUser(f"holder-{len(world.tenant.users)}", upn, account_enabled=True, **more)
    world.tenant.privileged.add(user.id)
    return world.tenant.add(user)


async def start(world: World, given: str, family: str, case_id: str = CASE_ID, **more: Any) -> None:
    await world.file(make_case(case_id, hire=hire(given_name=given, family_name=family, **more)))


def local(world: World) -> list[str]:
    return [user.user_principal_name.partition("@")[0] for user in world.tenant.created]


def reads(world: World) -> list[None]:
    """Makes the reads of the tenant countable: each takes one away."""
    world.faults.works("role_holders", 100)
    return world.faults.plan["role_holders"]  # type: ignore[return-value]


# --- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ("Lan", "Lewis"),
        ("Іan", "Lеwіs"),  # Cyrillic І, е, і
        ("Ιan", "Lewιs"),  # Greek Ι, ι
        ("Ian", "Levvis"),
    ],
    ids=["latin", "cyrillic", "greek", "vv"],
)
async def test_a_lookalike_of_a_role_holder_waits_for_an_approver(
    world: World, given: str, family: str
) -> None:
    promote(world, "ian_lewis@contoso.onmicrosoft.com")
    await start(world, given, family, locale="en")
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_lookalike")
    assert local(world) == []
    await actions.act(world.s, "approve", CASE_ID, actions.Ask("a", "seen the passport"))
    assert (await advance(world)).account is not None


async def test_a_namesake_of_a_role_holder_gets_a_number_and_no_suspicion(world: World) -> None:
    promote(world, "ian.lewis@contoso.onmicrosoft.com")
    await start(world, "Ian", "Lewis")
    assert (await advance(world)).account is not None
    assert local(world) == ["ian.lewis2"]


async def test_a_role_holder_s_colleague_without_a_role_is_no_reason_for_suspicion(world: World) -> None:
    world.tenant.add(DirectoryUser("other", "ian.lewis@contoso.example"))
    await start(world, "Lan", "Lewis")
    await advance(world)
    assert local(world) == ["lan.lewis"]


@pytest.mark.parametrize(
    ("number", "reason"), [("4711", "protected_privileged"), ("1", "needs_approval_lookalike")]
)
async def test_who_has_a_role_already_is_not_taken_for_an_impostor(
    world: World, number: str, reason: str
) -> None:
    """HR announces an administrator whom it knows: their account is refused as every role holder's is, and nobody is
    asked whether somebody pretends to be them."""
    promote(world, "ian-lewis@contoso.example", employee_id=number)
    await start(world, "Ian", "Lewis", employee_id="4711")
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, reason)
    assert (case.account, local(world)) == (None, [])


# --- how often -------------------------------------------------------------------------------------------


async def test_a_holder_who_is_new_is_known_within_the_hour(world: World) -> None:
    left = reads(world)
    await start(world, "Anna", "Berg")
    await advance(world)
    promote(world, "ian.lewis@contoso.example")
    world.clock.at += LIFETIME - LIFETIME / 60
    await start(world, "Lan", "Lewis", "c_00000000000000000002", employee_id="2")
    await advance(world, "c_00000000000000000002")
    assert (local(world), len(left)) == (["anna.berg", "lan.lewis"], 99)
    world.clock.at += LIFETIME / 60
    await start(world, "Ian", "Levvis", "c_00000000000000000003", employee_id="3")
    case = await advance(world, "c_00000000000000000003")
    assert (case.reason_code, len(left)) == ("needs_approval_lookalike", 98)


async def test_a_clock_that_went_back_makes_the_list_old(world: World) -> None:
    left = reads(world)
    await world.s.directory.role_holders()
    world.clock.move(hours=-5)
    await world.s.directory.role_holders()
    assert len(left) == 98


async def test_many_hires_at_once_wait_for_one_read(world: World) -> None:
    left = reads(world)
    promote(world, "ian.lewis@contoso.example")
    found = await asyncio.gather(*(world.s.directory.role_holders() for _ in range(50)))
    assert {user.user_principal_name for users in found for user in users} == {"ian.lewis@contoso.example"}
    assert len(left) == 99


async def test_many_hires_at_once_share_one_failure_and_the_next_reads_again(world: World) -> None:
    world.faults.before("role_holders", Unavailable("down"))
    left = reads(world)
    found = await asyncio.gather(
        *(world.s.directory.role_holders() for _ in range(50)), return_exceptions=True
    )
    assert {type(each) for each in found} == {Unavailable}
    assert len(left) == 100
    assert await world.s.directory.role_holders() == ()


async def test_everything_else_is_the_adapter_s(world: World) -> None:
    kept = HoldersKept(Directory(world.tenant), world.clock)
    assert await kept.check() == {"users": "ok"}


# --- when it cannot be read ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Unavailable("down"), Throttled("slow down", retry_after=7.5)])
async def test_nobody_gets_a_name_while_the_tenant_does_not_answer(world: World, error: Exception) -> None:
    promote(world, "ian.lewis@contoso.example")
    world.faults.before("role_holders", error, error)
    await start(world, "Lan", "Lewis")
    for _ in range(2):
        case = await look_now(world)
        assert (case.state, case.steps["reserve_username"].status) == (State.PROVISIONING, "retrying")
        assert (case.intent, local(world)) == (None, [])
    assert (await look_now(world)).reason_code == "needs_approval_lookalike"


@pytest.mark.parametrize("error", [DENIED, REFUSED])
async def test_where_the_tenant_will_not_say_hires_go_on_and_it_is_told(
    world: World, error: DeployerError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    promote(world, "ian.lewis@contoso.example")
    world.faults.before("role_holders", error, error)
    left = world.faults.plan["role_holders"]
    await start(world, "Lan", "Lewis")
    case = await drive(world)
    assert case.steps["reserve_username"].detail == "without_role_holders"
    assert "without_role_holders" in [entry.detail.get("detail") for entry in await world.story()]
    assert local(world) == ["lan.lewis"]
    world.clock.at += REFUSED_FOR
    with pytest.raises(DeployerError):
        await world.s.directory.role_holders()
    assert [record.message for record in caplog.records].count("role_holders.unread") == 1
    assert not left, "asked once, and once more after a while"
    world.clock.at += REFUSED_FOR
    assert len(await world.s.directory.role_holders()) == 1


async def test_a_refusal_is_remembered_for_a_while(world: World) -> None:
    world.faults.before("role_holders", DENIED)
    for _ in range(3):
        with pytest.raises(PermissionMissing):
            await world.s.directory.role_holders()
    world.clock.at += REFUSED_FOR
    assert await world.s.directory.role_holders() == ()


async def test_the_policy_s_own_list_holds_where_the_tenant_will_not_say(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    account = replace(world.policy.account, protected_names=("ian.lewis",))
    world.s = replace(world.s, policy=replace(world.policy, account=account))
    world.faults.before("role_holders", DENIED)
    await start(world, "Lan", "Lewis")
    assert (await advance(world)).reason_code == "needs_approval_lookalike"


async def test_an_identity_that_cannot_sign_in_is_for_the_deployer_and_gives_no_name(world: World) -> None:
    world.faults.before("role_holders", DeployerError("No token.", code="graph_sign_in"))
    await start(world, "Lan", "Lewis")
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.PROVISIONING, "held_for_permission")
    assert case.intent is None
