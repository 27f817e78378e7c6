"""Teams: for whom our app is installed, and the activity notifications that people received."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Teams:
    """`installed`: installation id by object id of the user. `activity_types`: what the app's manifest declares
    (None: anything); systemDefault needs no declaration."""

    installed: dict[str, str] = field(default_factory=dict)
    activity_types: list[str] | None = None
    notifications: list[dict[str, Any]] = field(default_factory=list)
