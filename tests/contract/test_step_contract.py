"""Every file in `provisioning/steps` keeps the step contract. A new file is held to it by being there."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy, RetryPolicy
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import DeployerError, RequestError, Throttled
from onboarding.operate.next_step import NEXT
from onboarding.provisioning import steps as package
from onboarding.provisioning.plan import Planned, names_from, ordered, steps
from onboarding.provisioning.step import ONBOARDING, WITHDRAWAL, Done, Step
from onboarding.provisioning.timing import LEADS
from scripts import permissions, role_plan
from tests.support.doubles import World, advance, drive
from tests.support.full_policy import full_case, full_world
from tests.support.hr_says import says
from tests.support.port_calls import GRAPH_CALLS, calls_in

EVERY = [
    importlib.import_module(f"{package.__name__}.{item.name}")
    for item in pkgutil.iter_modules(package.__path__)
]
#: Those of the plan; the others have a story of their own (`tests/provisioning/test_withdraw.py`).
MODULES = [module for module in EVERY if module.STEP.track == ONBOARDING]


@pytest.fixture
def world() -> Iterator[World]:
    """Every step of the plan has something to do."""
    made = full_world()
    yield made
    made.close()


@pytest.fixture(params=EVERY, ids=lambda module: module.__name__.rpartition(".")[2])
def any_step(request: pytest.FixtureRequest) -> ModuleType:
    found: ModuleType = request.param
    return found


@pytest.fixture(params=MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def module(request: pytest.FixtureRequest) -> ModuleType:
    found: ModuleType = request.param
    return found


def test_a_step_is_named_like_its_file_and_says_its_outcome(any_step: ModuleType) -> None:
    module = any_step
    assert module.STEP.track in {ONBOARDING, WITHDRAWAL}
    assert isinstance(module.STEP, Step)
    assert module.STEP.name == module.__name__.rpartition(".")[2]
    assert module.STEP.outcome
    assert (module.__doc__ or "").startswith("Outcome: ")
    assert module.STEP.name in NEXT, "the views need words for it"


def test_a_step_has_one_function_that_takes_the_context(any_step: ModuleType) -> None:
    module = any_step
    assert inspect.iscoroutinefunction(module.run)
    assert list(inspect.signature(module.run).parameters) == ["ctx"]
    assert module.run.__doc__


def test_a_step_reads_no_clock_no_environment_and_no_randomness_of_its_own(any_step: ModuleType) -> None:
    module = any_step
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
    }
    assert not imported & {"os", "random", "secrets", "time", "uuid", "msgraph", "azure", "httpx"}


def test_a_step_fits_on_two_screens(any_step: ModuleType) -> None:
    module = any_step
    assert len(Path(module.__file__ or "").read_text(encoding="utf-8").splitlines()) <= 200


#: The plan, pinned: whoever adds a step says here where it stands.
PLAN = [
    "reserve_username",
    "create_account",
    "assign_groups",
    "prepopulate_phone",
    "set_hire_date",
    "set_leave_date",
    "set_manager",
    "assign_licenses",
    "enable_account",
    "issue_access_pass",
    "wait_for_mailbox",
    "send_welcome",
]


def test_the_plan_holds_every_file_once_and_each_behind_what_it_names() -> None:
    planned = [item.step for item in steps()]
    assert [step.name for step in planned] == PLAN
    assert sorted(PLAN) == sorted(module.STEP.name for module in MODULES)
    for place, step in enumerate(planned):
        assert set(step.after) <= {before.name for before in planned[:place]}, step.name
    assert all(step.after for step in planned[1:]), "a step that names none before it would come first"


def made_up(**after: tuple[str, ...]) -> list[Planned]:
    async def run(_ctx: object) -> Done:
        return Done()

    return [Planned(Step(name, name, after=before), run) for name, before in after.items()]


def test_the_order_does_not_depend_on_the_order_in_which_the_files_are_found() -> None:
    found = made_up(d=("b", "c"), c=("a",), b=("a",), a=(), e=("d",))
    assert [item.step.name for item in ordered(found)] == list("abcde")
    assert ordered(found[::-1]) == ordered(found)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"a": ("b",), "b": ("c",), "c": ("a",)}, "a → b → c → a"),
        ({"a": ("a",)}, "a → a"),
        ({"a": (), "b": ("coffee",)}, "b comes after coffee"),
    ],
)
def test_a_circle_or_an_unknown_name_is_told_with_its_place(
    after: dict[str, tuple[str, ...]], said: str
) -> None:
    with pytest.raises(DeployerError) as caught:
        ordered(made_up(**after))
    assert caught.value.code == "plan_broken"
    assert said in caught.value.message


def test_a_step_names_a_back_off_and_a_lead_time_that_the_policy_has(any_step: ModuleType) -> None:
    step = any_step.STEP
    assert isinstance(Policy().retry_of(step.retry), RetryPolicy)
    if step.lead is not None:
        section, _, key = step.lead.partition(".")
        assert getattr(getattr(Policy(), section), key) >= 0
        assert step.lead in LEADS


def test_a_step_names_the_least_permission_of_each_call_that_it_makes_and_no_other(
    any_step: ModuleType,
) -> None:
    """Read from the source of the step and of what it calls: a new call without its permission fails here."""
    role_of = {call.name: call.role for call in permissions.CALLS}
    needed = {role_of[call] for port in calls_in(any_step) for call in GRAPH_CALLS[port]}
    assert set(any_step.STEP.permissions) == needed


def test_what_a_step_needs_is_granted_by_the_role_plan_and_on_the_page(any_step: ModuleType) -> None:
    page = (Path(permissions.__file__).parents[1] / "docs" / "permissions.md").read_text(encoding="utf-8")
    tenant = {role.name: role.id for role in permissions.ROLES.values()}
    rows = role_plan.make(tenant, [], role_plan.Wishes(features=list(permissions.FEATURES))).rows
    granted = {row.role for row in rows}.union(*(permissions.COVERS.get(row.role, ()) for row in rows))
    for needed in any_step.STEP.permissions:
        assert f"`{needed}`" in page or f"`Application {needed}`" in page, needed
        assert needed in granted or needed.startswith(permissions.FORBIDDEN_PREFIX), needed


def test_a_rerun_from_a_step_repeats_it_and_all_after_it() -> None:
    names = [item.step.name for item in steps()]
    assert names_from(names[0]) == names
    assert names_from(names[-1]) == names[-1:]
    with pytest.raises(RequestError):
        names_from("make_coffee")


async def lived(world: World) -> Case:
    """Everybody's way through the plan, and the first day moves while the account waits for it."""
    await world.file(full_case())
    await advance(world)
    start = (await world.case()).hire.start_date
    assert start is not None
    await says(world, EventType.START_DATE_CHANGED, start_date=start + timedelta(days=7))
    return await drive(world)


async def test_a_step_that_ran_already_does_nothing_to_the_tenant_when_it_runs_again(
    module: ModuleType, world: World
) -> None:
    case = await lived(world)
    assert case.steps[module.STEP.name].status is StepStatus.DONE
    done = effects(world)
    case.state = State.PROVISIONING
    for name in names_from(module.STEP.name):
        case.steps[name] = StepRecord()
    case.next_action.when = world.clock.at
    await world.store.cases.save(case)
    assert (await drive(world)).state is State.FOLLOWING_UP
    assert effects(world) == done


def effects(world: World) -> tuple[object, ...]:
    """Everything that was done to the tenant, with how often."""
    tenant, held = world.tenant, world.tenant.held
    return (
        len(tenant.created), dict(tenant.managers), len(tenant.issued), len(tenant.mail), list(held.added),
        list(held.assigned), list(held.enabled), list(held.phones), dict(held.leave_dates), dict(held.units),
        world.tape.calls.count("directory.set_hire_date"),
    )  # fmt: skip


PORTS_OF_STEP = {
    "reserve_username": ["role_holders"],
    "create_account": ["create_user"],
    "assign_groups": ["groups", "add_to_group"],
    "prepopulate_phone": ["registration_of", "add_phone"],
    "set_hire_date": ["set_hire_date"],
    "set_leave_date": ["set_leave_date"],
    "set_manager": ["find_by_address", "set_manager"],
    "assign_licenses": ["licence_units", "assign_licenses"],
    "enable_account": ["get_user", "has_privileges", "enable_user"],
    "wait_for_mailbox": ["get_user"],
    "issue_access_pass": ["has_privileges", "registration_of", "passes", "pass_limits", "create_pass"],
    "send_welcome": ["create_draft", "send_draft"],
}


async def test_a_step_that_meets_a_throttled_tenant_is_tried_again_and_comes_through(
    module: ModuleType, world: World
) -> None:
    name = module.STEP.name
    assert name in PORTS_OF_STEP, "say which calls the step makes"
    for call in PORTS_OF_STEP[name]:
        world.faults.before(call, Throttled("slow down", retry_after=0.75))
    case = await lived(world)
    assert case.state is State.FOLLOWING_UP
    assert case.steps[name].status is StepStatus.DONE
    assert (len(world.tenant.created), len(world.tenant.mail)) == (1, 2)
