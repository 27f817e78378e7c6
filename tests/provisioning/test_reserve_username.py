"""reserve_username: nobody gets a name that can be mistaken for a protected account's without an approver's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import AccountPolicy, Policy
from onboarding.errors import Refused
from onboarding.operate import actions
from onboarding.settings import Settings
from tests.support.doubles import CASE_ID, World, advance, hire, make_case

MakeWorld = Callable[..., World]
PROTECTED = Policy(account=AccountPolicy(protected_names=("ian.lewis@contoso.example",)))
TWO_PROTECTED = Policy(account=AccountPolicy(protected_names=("ian.lewis", "b0b.b0ss")))


async def start(world: World, given: str, family: str | None, **more: Any) -> None:
    await world.file(make_case(hire=hire(given_name=given, family_name=family, **more)))


def local(world: World) -> list[str]:
    return [user.user_principal_name.partition("@")[0] for user in world.tenant.created]


@pytest.mark.parametrize(("given", "family"), [("Lan", "Lewis"), ("Ian-Lewis", None), ("ĺan", "Lеwіs")])
async def test_a_lookalike_of_a_protected_account_waits_for_an_approver(
    make_world: MakeWorld, given: str, family: str | None
) -> None:
    world = make_world(policy=PROTECTED)
    await start(world, given, family, locale="en")
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_lookalike")
    assert (case.intent, local(world)) == (None, [])
    assert await world.store.cases.find_aliases("lan.lewis@contoso.example") == []


async def test_the_approver_releases_it_and_the_name_is_used(make_world: MakeWorld) -> None:
    world = make_world(policy=PROTECTED)
    await start(world, "Lan", "Lewis")
    await advance(world)
    await actions.act(world.s, "rerun", CASE_ID, actions.Ask("o", "again"))
    assert (await advance(world)).reason_code == "needs_approval_lookalike", "a rerun is no approval"
    await actions.act(world.s, "approve", CASE_ID, actions.Ask("a", "seen her passport"))
    case = await advance(world)
    assert case.account is not None
    assert local(world) == ["lan.lewis"]


async def test_the_approvers_word_is_about_that_name_alone_and_for_once(make_world: MakeWorld) -> None:
    """HR sends another name before the worker comes, which looks like another protected account."""
    world = make_world(policy=TWO_PROTECTED)
    await start(world, "Lan", "Lewis")
    case = await advance(world)
    assert case.asked_about == ["lan.lewis@contoso.example"]
    await actions.act(world.s, "approve", CASE_ID, actions.Ask("a", "seen her passport"))
    case = await world.case()
    assert case.approvals == ["needs_approval_lookalike:lan.lewis@contoso.example"]
    case.hire = replace(case.hire, given_name="Bob", family_name="Boss", display_name=None)
    await world.store.cases.save(case)
    case = await advance(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_lookalike")
    assert case.asked_about == ["bob.boss@contoso.example"]
    assert local(world) == []
    await actions.act(world.s, "approve", CASE_ID, actions.Ask("a", "seen the passport"))
    case = await advance(world)
    assert local(world) == ["bob.boss"]
    assert not [word for word in case.approvals if word.startswith("needs_approval_lookalike:bob")]


async def test_a_word_that_names_no_name_is_asked_for_again(make_world: MakeWorld) -> None:
    """As it was written before words were about one name."""
    world = make_world(policy=PROTECTED)
    await start(world, "Lan", "Lewis")
    case = await world.case()
    case.approvals = ["needs_approval_lookalike"]
    await world.store.cases.save(case)
    assert (await advance(world)).reason_code == "needs_approval_lookalike"


async def test_an_answer_that_came_for_another_name_is_refused(make_world: MakeWorld) -> None:
    world = make_world(policy=PROTECTED)
    await start(world, "Lan", "Lewis")
    await advance(world)
    late = actions.Ask("a", "x", reason_code="needs_approval_lookalike", about=("bob.boss@contoso.example",))
    with pytest.raises(Refused):
        await actions.act(world.s, "approve", CASE_ID, late)


async def test_a_lookalike_that_somebody_else_holds_already_needs_no_word(make_world: MakeWorld) -> None:
    world = make_world(policy=PROTECTED)
    taken = Alias(TENANT, AliasKind.UPN, "lan.lewis@contoso.example")
    await world.store.cases.claim_alias(taken, "c_00000000000000000009")
    await start(world, "Lan", "Lewis")
    await advance(world)
    assert local(world) == ["lan.lewis2"]


async def test_the_protected_name_itself_is_passed_over(make_world: MakeWorld) -> None:
    """A namesake of the administrator is no impostor."""
    world = make_world(policy=PROTECTED)
    await start(world, "Ian", "Lewis")
    await advance(world)
    assert local(world) == ["ian.lewis2"]
    assert await world.store.cases.find_aliases("ian.lewis@contoso.example") == []


@pytest.mark.parametrize(
    ("given", "expected"), [("Zuhause", "zuhause2"), ("Kümmerer", "kuemmerer2"), ("Jemand", "jemand")]
)
async def test_our_own_sender_and_the_service_desk_are_protected_without_being_listed(
    make_world: MakeWorld, given: str, expected: str
) -> None:
    settings = Settings(sender="zuhause@contoso.example", service_desk="kuemmerer@contoso.example")
    world = make_world(settings=settings)
    await start(world, given, None)
    await advance(world)
    assert local(world) == [expected]


async def test_a_reserved_word_gets_user_behind_it(make_world: MakeWorld) -> None:
    world = make_world(policy=Policy(account=AccountPolicy(username_pattern="{g}{family}")))
    await start(world, "Adalbert", "Buse")
    await advance(world)
    assert local(world) == ["abuse.user"]


async def test_an_id_of_hr_can_be_the_user_name(make_world: MakeWorld) -> None:
    world = make_world(policy=Policy(account=AccountPolicy(username_pattern="{employee_id}")))
    await start(world, "太郎", "山田", work_country="JP")
    await advance(world)
    assert local(world) == ["4711"]
