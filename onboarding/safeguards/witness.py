"""Which calls of the tenant one run of a step made: what came through, and which one was refused.

Whether a permission is there now is told by the call that needs it, and by nothing else: a step can be done without
it, because all is there already.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from onboarding.errors import OnboardingError
from onboarding.ports import NameTaken, Services


@dataclass(slots=True)
class Witness:
    """The calls of one run, by their names in the ports."""

    #: The tenant did what it was asked, or said that the name is taken.
    passed: set[str] = field(default_factory=set)
    _failed: tuple[str, OnboardingError] | None = None

    def refused(self, error: OnboardingError) -> str | None:
        """The call that raised this very error; None: no call of the tenant did."""
        return self._failed[0] if self._failed is not None and self._failed[1] is error else None

    def watch(self, s: Services) -> Services:
        """The same services, seen by this witness."""
        seen: dict[str, Any] = {
            name: _Watched(self, getattr(s, name)) for name in ("directory", "security", "mailer")
        }
        return replace(s, **seen)

    async def call(self, name: str, made: Callable[[], Any]) -> Any:
        """Make one call, and remember what came of it."""
        try:
            answer = await made()
        except OnboardingError as exc:
            self._failed = name, exc
            raise
        except NameTaken:
            self.passed.add(name)
            raise
        self.passed.add(name)
        return answer


class _Watched:
    """Stands in front of one adapter. What is no coroutine is the adapter's own."""

    def __init__(self, witness: Witness, adapter: Any) -> None:
        self._witness = witness
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._adapter, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def watched(*args: Any, **kwargs: Any) -> Any:
            return await self._witness.call(name, lambda: found(*args, **kwargs))

        return watched
