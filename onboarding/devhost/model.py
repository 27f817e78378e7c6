"""What the host knows of one function: read from its function.json form, as the real host reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

HTTP = "httptrigger"
QUEUE = "queuetrigger"
TIMER = "timertrigger"
POISON = "-poison"


class IndexedFunction(Protocol):
    """The public part of `azure.functions.Function` that is used here, the same in 1.26 and 2.x."""

    def get_function_name(self) -> str | None: ...

    def get_function_json(self) -> str: ...

    def get_user_function(self) -> Callable[..., Any]: ...


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One indexed function. `binding` is the trigger's function.json object with lower-case keys."""

    name: str
    call: Callable[..., Any]
    #: Trigger type in lower case; empty if there is not exactly one trigger.
    trigger: str
    binding: Mapping[str, Any] = field(default_factory=dict)
    #: Every binding, the trigger included.
    bindings: Sequence[Mapping[str, Any]] = ()

    @property
    def argument(self) -> str:
        """Name of the parameter that takes the trigger's value."""
        return str(self.binding.get("name") or "")

    @property
    def route(self) -> str:
        """Route without prefix; a function without one answers at its own name."""
        route = self.binding.get("route")
        return self.name if route is None else str(route)

    @property
    def methods(self) -> frozenset[str] | None:
        """Upper-case methods; None: all of them."""
        methods = self.binding.get("methods")
        return frozenset(str(method).upper() for method in methods) if methods else None

    @property
    def auth_level(self) -> str:
        """`anonymous`, `function` (also when nothing is said) or `admin`."""
        return str(self.binding.get("authlevel") or "function").lower()

    @property
    def queue(self) -> str:
        return str(self.binding.get("queuename") or "")

    @property
    def schedule(self) -> str:
        return str(self.binding.get("schedule") or "")

    @property
    def run_on_startup(self) -> bool:
        return bool(self.binding.get("runonstartup"))


def spec_of(function: IndexedFunction) -> FunctionSpec:
    """Read an indexed function through its public methods."""
    described = json.loads(function.get_function_json())
    bindings = [
        {str(key).lower(): value for key, value in binding.items()} for binding in described["bindings"]
    ]
    triggers = [b for b in bindings if str(b.get("type", "")).lower().endswith("trigger")]
    trigger = triggers[0] if len(triggers) == 1 else {}
    return FunctionSpec(
        name=function.get_function_name() or "",
        call=function.get_user_function(),
        trigger=str(trigger.get("type", "")).lower(),
        binding=trigger,
        bindings=tuple(bindings),
    )
