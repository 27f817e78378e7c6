"""The plan: the onboarding steps of the closed package `steps`, in order."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from onboarding.errors import RequestError
from onboarding.provisioning import steps as package
from onboarding.provisioning.step import ONBOARDING, Run, Step


@dataclass(frozen=True, slots=True)
class Planned:
    """A step with its function."""

    step: Step
    run: Run


@cache
def steps() -> tuple[Planned, ...]:
    """All steps in the order of the plan."""
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        if loaded.STEP.track == ONBOARDING:
            found.append(Planned(loaded.STEP, loaded.run))
    return tuple(sorted(found, key=lambda planned: planned.step.order))


def names_from(name: str) -> list[str]:
    """The named step and every step after it. RequestError (400) if there is no such step."""
    names = [planned.step.name for planned in steps()]
    if name not in names:
        raise RequestError(f"There is no step of that name. Steps: {', '.join(names)}.", code="unknown_step")
    return names[names.index(name) :]
