"""assign_groups and assign_licenses: what is missing is given, what is there is kept, what may not be given is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.domain.records import StepStatus
from onboarding.errors import NotYetVisible, OperatorError
from onboarding.intake import outcome
from onboarding.ports import Licence
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip
from onboarding.provisioning.steps import assign_groups, assign_licenses
from tests.support.doubles import T0, Killed, World, advance, drive, hire, make_case, sides
from tests.support.full_policy import E3, F1, GERMANY, SSPR, STAFF, full_policy, full_world
from tests.support.hr_says import says
from tests.support.kinds import account

Make = Callable[..., World]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[World] = []

    def begin(policy: Policy | None = None) -> World:
        made.append(full_world(policy=policy or full_policy()))
        return made[-1]

    yield begin
    for world in made:
        world.close()


async def stand(world: World, *, origin: str = "created", synced: bool = False, **on_user: Any) -> Context:
    """A case with an account from an earlier run."""
    user = world.tenant.add(account(**{"licences": (), **on_user}))
    case = make_case(state=State.PROVISIONING)
    case.account = Account(user.id, user.user_principal_name, "4711", T0, origin=origin, synced=synced)
    return Context(world.s, await world.file(case), world.clock.at)


# --- groups ------------------------------------------------------------------------------------------------


async def test_the_sspr_group_and_those_of_the_rules_are_given_and_remembered(make: Make) -> None:
    world = make()
    ctx = await stand(world)
    assert await assign_groups.run(ctx) == Done("in_all_groups")
    assert world.tenant.held.added == [(SSPR, "old-1"), (STAFF, "old-1"), (GERMANY, "old-1")]
    assert ctx.account.groups == [SSPR, STAFF, GERMANY]


async def test_only_what_is_missing_is_added(make: Make) -> None:
    world = make()
    ctx = await stand(world)
    world.tenant.held.members[STAFF] = {"old-1"}
    await assign_groups.run(ctx)
    assert [group for group, _ in world.tenant.held.added] == [SSPR, GERMANY]


async def test_what_an_administrator_took_away_is_not_given_again(make: Make) -> None:
    world = make()
    ctx = await stand(world)
    await assign_groups.run(ctx)
    world.tenant.held.members[STAFF].clear()
    for _ in range(3):
        again = Context(world.s, ctx.case, world.clock.at)
        assert await assign_groups.run(again) == Done("left_out_what_an_administrator_took_away")
    assert len(world.tenant.held.added) == 3
    assert world.tenant.held.members[STAFF] == set()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"role_assignable": True}, "group_role_assignable"),
        ({"role_assignable": True, "dynamic": True}, "group_role_assignable"),
        ({"dynamic": True}, "group_dynamic"),
        ({"synced": True}, "group_synced"),
        (None, "group_missing"),
    ],
)
async def test_a_group_that_may_not_be_given_is_told_after_the_others_were(
    make: Make, facts: dict[str, bool] | None, reason: str
) -> None:
    world = make()
    ctx = await stand(world)
    if facts is None:
        del world.tenant.held.groups[SSPR]
    else:
        world.tenant.held.group(SSPR, **facts)
    assert await assign_groups.run(ctx) == Block(reason)
    assert [group for group, _ in world.tenant.held.added] == [STAFF, GERMANY]


async def test_a_group_that_is_mended_is_given_on_the_next_run(make: Make) -> None:
    world = make()
    ctx = await stand(world)
    world.tenant.held.group(SSPR, dynamic=True)
    await assign_groups.run(ctx)
    world.tenant.held.group(SSPR)
    assert await assign_groups.run(Context(world.s, ctx.case, world.clock.at)) == Done("in_all_groups")
    assert ctx.account.groups == [STAFF, GERMANY, SSPR]


async def test_a_fresh_account_costs_no_look_at_memberships(make: Make) -> None:
    world = make()
    await world.file(make_case())
    case = await drive(world)
    assert case.steps["assign_groups"].status is StepStatus.DONE
    calls = world.tape.calls
    assert "directory.memberships" not in calls
    assert calls.count("directory.groups") == 1
    assert calls.count("directory.add_to_group") == 3


async def test_without_a_rule_for_the_person_there_is_no_such_step(make: Make) -> None:
    world = make(
        load(f'[groups]\nallowed = ["{STAFF}"]\nrules = [{{ group = "{STAFF}", country = ["AT"] }}]')
    )
    await world.file(make_case())
    case = await drive(world)
    assert "assign_groups" not in case.steps
    assert "assign_licenses" not in case.steps
    assert not {"directory.groups", "directory.licence_units"} & set(world.tape.calls)


async def test_replication_is_waited_for(make: Make) -> None:
    world = make()
    await world.file(make_case())
    world.tenant.faults.works("add_to_group")
    for _ in range(4):
        world.tenant.faults.before("add_to_group", _not_yet())
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert sorted(world.tenant.held.added) == sorted({(g, u) for g, u in world.tenant.held.added})


def _not_yet() -> Exception:
    from onboarding.errors import NotYetVisible

    return NotYetVisible("lag")


# --- licences ----------------------------------------------------------------------------------------------


async def give(ctx: Context) -> Outcome:
    return await assign_licenses.run(ctx)


async def test_what_is_missing_is_assigned_in_one_request(make: Make) -> None:
    world = make(load(f'[licences]\nrules = [{{ sku = "{E3.upper()}" }}, {{ sku = "{F1}" }}]'))
    ctx = await stand(world, licences=(F1,))
    assert await give(ctx) == Done("assigned")
    assert world.tenant.held.assigned == [("old-1", Licence(E3))]
    assert world.tape.calls.count("directory.assign_licenses") == 1
    assert world.tenant.users["old-1"].licences == (F1, E3)


async def test_whoever_has_them_all_costs_nothing(make: Make) -> None:
    world = make()
    assert await give(await stand(world, licences=(E3,))) == Done("already_licensed")
    assert world.tenant.held.units[E3] == 5
    assert "directory.licence_units" not in world.tape.calls


async def test_plans_that_stay_off_are_named(make: Make) -> None:
    teams = "57ff2da0-773e-42df-b2af-ffb7a2317929"
    world = make(load(f'[licences]\nrules = [{{ sku = "{E3}", disabled_plans = ["{teams.upper()}"] }}]'))
    await give(await stand(world))
    assert world.tenant.held.assigned == [("old-1", Licence(E3, (teams,)))]


async def test_what_a_group_brings_is_not_assigned(make: Make) -> None:
    world = make(load(f'[licences]\nrules = [{{ sku = "{E3}", by_group = true, mailbox = true }}]'))
    assert await give(await stand(world)) == Skip("by_group")
    assert world.tape.calls == []


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ({E3: 0}, "no_free_licence"),
        ({}, "licence_not_bought"),
    ],
)
async def test_what_cannot_be_given_is_told_before_graph_is_asked_for_it(
    make: Make, units: dict[str, int], reason: str
) -> None:
    world = make()
    world.tenant.held.units = units
    assert await give(await stand(world)) == Block(reason)
    assert "directory.assign_licenses" not in world.tape.calls


@pytest.mark.parametrize(
    ("origin", "country", "written"),
    [("created", "DE", True), ("restored", "DE", True), ("adopted", "DE", False), ("created", None, False)],
)
async def test_a_usage_location_is_written_where_the_account_is_ours_and_hr_knows_the_country(
    make: Make, origin: str, country: str | None, written: bool
) -> None:
    world = make()
    ctx = await stand(world, origin=origin, usage_location=None)
    ctx.case.hire = replace(ctx.case.hire, work_country=country, locale=None)
    assert await give(ctx) == (Done("assigned") if written else Block("no_usage_location"))
    assert world.tenant.users["old-1"].usage_location == (country if written else None)
    assert ("directory.assign_licenses" in world.tape.calls) is written


async def test_a_usage_location_that_stands_there_is_not_changed(make: Make) -> None:
    world = make()
    assert await give(await stand(world, usage_location="FR")) == Done("assigned")
    assert world.tenant.users["old-1"].usage_location == "FR"


async def test_a_usage_location_that_is_not_known_everywhere_yet_is_waited_for(make: Make) -> None:
    world = make()
    world.faults.before("assign_licenses", OperatorError("no usageLocation", code="no_usage_location"))
    with pytest.raises(NotYetVisible):
        await give(await stand(world, usage_location=None))


@pytest.mark.parametrize("country", ["DE", "Germany", "nowhere"])
async def test_a_country_that_comes_after_the_account_lets_the_case_go_on_by_itself(
    make: Make, country: str
) -> None:
    world = make()
    await world.file(make_case(hire=hire(work_country=None, locale=None)))
    assert (await drive(world)).reason_code == "no_usage_location"
    await says(world, EventType.HIRE_UPDATED, job_title="Other")
    assert (await world.case()).state is State.BLOCKED, "it says nothing of the country"
    await says(world, EventType.HIRE_UPDATED, work_country=country)
    case = await world.case()
    if country == "nowhere":
        assert (case.state, case.reason_code) == (State.BLOCKED, "no_usage_location")
        return
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert case.account is not None
    assert world.tenant.users[case.account.id].usage_location == "DE"
    assert world.tape.calls.count("directory.set_usage_location") == 1


async def test_an_account_of_somebody_else_waits_for_its_administrators(make: Make) -> None:
    world = make()
    world.tenant.add(account(usage_location=None, licences=()))
    await world.file(
        make_case(hire=hire(work_country=None, locale=None), approvals=["needs_approval_adopt:old-1"])
    )
    assert (await drive(world)).reason_code == "no_usage_location"
    await says(world, EventType.HIRE_UPDATED, work_country="DE")
    assert (await world.case()).reason_code == "no_usage_location"


async def test_a_death_at_any_call_after_the_country_came_ends_with_one_licence(make: Make) -> None:
    number, killed = 0, True
    while killed:
        for side in sides(number):
            world = make()
            await world.file(make_case(hire=hire(work_country=None, locale=None)))
            await drive(world)
            await says(world, EventType.HIRE_UPDATED, work_country="DE")
            world.tape.calls.clear()
            world.tape.kill_at = (number, side)
            with contextlib.suppress(Killed):
                await advance(world)
            killed, world.tape.kill_at = world.tape.killed, None
            case = await drive(world)
            assert case.account is not None
            assert world.tenant.users[case.account.id].usage_location == "DE", (number, side)
            assert [item[1].sku for item in world.tenant.held.assigned] == [E3], (number, side)
        number += 1
    assert number > 5


def test_intake_mends_what_the_step_blocks_by_the_name_that_it_has() -> None:
    assert outcome.NO_LOCATION == assign_licenses.NO_LOCATION


async def test_the_last_unit_that_somebody_else_takes_meanwhile_blocks_and_a_rerun_goes_on(
    make: Make,
) -> None:
    world = make()
    world.faults.before("assign_licenses", OperatorError("gone", code="no_free_licence"))
    await world.file(make_case())
    case = await drive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "no_free_licence")
    case = await _rerun(world, case)
    assert case.state is State.FOLLOWING_UP
    assert world.tenant.held.units[E3] == 4


async def _rerun(world: World, case: Case) -> Case:
    from onboarding.operate.actions import Ask, act

    await act(world.s, "rerun", case.case_id, Ask("o-1", "bought"))
    return await drive(world)


async def test_an_account_from_active_directory_is_left_alone(make: Make) -> None:
    for step in (assign_groups, assign_licenses):
        world = make()
        ctx = await stand(world, synced=True)
        assert await step.run(ctx) == Skip("synced_account")
        assert world.tape.calls == []


async def test_a_licence_comes_after_the_usage_location_that_the_account_was_made_with(make: Make) -> None:
    world = make()
    await world.file(make_case())
    await drive(world)
    assert world.tenant.created[0].usage_location == "DE"
    order = [call for call in world.tape.calls if call.startswith("directory.")]
    assert order.index("directory.create_user") < order.index("directory.assign_licenses")
    assert replace(world.tenant.held.assigned[0][1]) == Licence(E3)
