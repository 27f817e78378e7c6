"""Who behaves how: what is kept of the people that act by themselves (people.py says what they do)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

#: One behaviour for everybody, or several with their weights; None: people do nothing by themselves.
Default = str | dict[str, float] | None


@dataclass(slots=True)
class Plan:
    """Where one person is: `step` is the next one of the behaviour, due at `at`; None: nothing is left to do.
    `held_back`: how often the step could not be done yet."""

    behaviour: str
    step: int
    at: datetime | None
    held_back: int = 0


@dataclass(slots=True)
class Crowd:
    """`default` is for users that the app creates. `queue` is a heap of (due, number, object id); an entry counts
    while its number is the plan's latest. `seen`: so many people have been looked at."""

    default: Default = None
    plans: dict[str, Plan] = field(default_factory=dict)
    queue: list[tuple[datetime, int, str]] = field(default_factory=list)
    latest: dict[str, int] = field(default_factory=dict)
    numbers: int = 0
    seen: int = 0
