"""Every file in `provisioning/steps` keeps the step contract. A new file is held to it by being there."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from onboarding.domain.case import StepStatus
from onboarding.domain.lifecycle import State
from onboarding.errors import RequestError, Throttled
from onboarding.operate.explain import NEXT
from onboarding.provisioning import steps as package
from onboarding.provisioning.plan import names_from, steps
from onboarding.provisioning.step import ONBOARDING, WITHDRAWAL, Step
from tests.support.doubles import World, drive, make_case

EVERY = [
    importlib.import_module(f"{package.__name__}.{item.name}")
    for item in pkgutil.iter_modules(package.__path__)
]
#: Those of the plan; the others have a story of their own (`tests/provisioning/test_withdraw.py`).
MODULES = [module for module in EVERY if module.STEP.track == ONBOARDING]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
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


def test_the_plan_holds_every_file_once_in_an_order_without_ties() -> None:
    planned = [item.step for item in steps()]
    assert {step.name for step in planned} == {module.STEP.name for module in MODULES}
    orders = [step.order for step in planned]
    assert orders == sorted(set(orders))


def test_a_rerun_from_a_step_repeats_it_and_all_after_it() -> None:
    names = [item.step.name for item in steps()]
    assert names_from(names[0]) == names
    assert names_from(names[-1]) == names[-1:]
    with pytest.raises(RequestError):
        names_from("make_coffee")


async def test_a_step_that_ran_already_does_nothing_to_the_tenant_when_it_runs_again(
    module: ModuleType, world: World
) -> None:
    await world.file(make_case())
    case = await drive(world)
    done = (len(world.tenant.created), dict(world.tenant.managers), len(world.tenant.issued))
    mails = len(world.tenant.mail)
    case.state = State.PROVISIONING
    for name in names_from(module.STEP.name):
        case.steps.pop(name)
    case.next_action.when = world.clock.at
    await world.store.cases.save(case)
    assert (await drive(world)).state is State.FOLLOWING_UP
    assert (len(world.tenant.created), dict(world.tenant.managers), len(world.tenant.issued)) == done
    assert len(world.tenant.mail) == mails


PORTS_OF_STEP = {
    "reserve_username": ["role_holders"],
    "create_account": ["create_user"],
    "set_manager": ["find_by_address", "set_manager"],
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
    await world.file(make_case())
    case = await drive(world)
    assert case.state is State.FOLLOWING_UP
    assert case.steps[name].status in {StepStatus.DONE, StepStatus.SKIPPED}
    assert (len(world.tenant.created), len(world.tenant.mail)) == (1, 2)
