"""The plan: the onboarding steps of the closed package `steps`, in a topological order of what they declare.

A step stands behind everything that it names in `after`; among those that could stand at the same place the name
decides, so that the order is the same everywhere. Adding a step is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from onboarding.domain.case import Case
from onboarding.errors import DeployerError, RequestError
from onboarding.provisioning import steps as package
from onboarding.provisioning.step import ONBOARDING, Run, Step, always


@dataclass(frozen=True, slots=True)
class Planned:
    """A step with its function."""

    step: Step
    run: Run


@cache
def every() -> tuple[Planned, ...]:
    """All steps of all tracks, by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    loaded = [importlib.import_module(f"{package.__name__}.{name}") for name in modules]
    return tuple(Planned(module.STEP, module.run) for module in loaded)


@cache
def steps() -> tuple[Planned, ...]:
    """The onboarding steps in the order of the plan. DeployerError `plan_broken` if they have none."""
    return ordered([planned for planned in every() if planned.step.track == ONBOARDING])


def shown(case: Case) -> tuple[Planned, ...]:
    """The steps that views list: everybody's, and those that this case has met."""
    return tuple(
        planned for planned in steps() if planned.step.applies is always or planned.step.name in case.steps
    )


def ordered(found: Sequence[Planned]) -> tuple[Planned, ...]:
    """These steps, each behind those that it names. Raises DeployerError `plan_broken`, which says where."""
    by_name = {planned.step.name: planned.step for planned in found}
    depths: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            raise DeployerError(
                f"The steps wait for each other: {circle}. Take one name out of an `after`.",
                code="plan_broken",
            )
        if name not in depths:
            before = by_name[name].after
            if unknown := [other for other in before if other not in by_name]:
                raise DeployerError(
                    f"The step {name} comes after {unknown[0]}, and there is no such step. Steps: "
                    f"{', '.join(sorted(by_name))}.",
                    code="plan_broken",
                )
            depths[name] = 1 + max((depth(other, (*path, name)) for other in before), default=-1)
        return depths[name]

    return tuple(sorted(found, key=lambda planned: (depth(planned.step.name, ()), planned.step.name)))


def names_from(name: str) -> list[str]:
    """The named step and every step after it. RequestError (400) if there is no such step."""
    names = [planned.step.name for planned in steps()]
    if name not in names:
        raise RequestError(f"There is no step of that name. Steps: {', '.join(names)}.", code="unknown_step")
    return names[names.index(name) :]
