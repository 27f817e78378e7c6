"""What happened to users, in order: what `users/delta` reads and what notifications would tell."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from onboarding.simulator.models.record import Record

CREATED, UPDATED, DELETED, RESTORED, PURGED = "created", "updated", "deleted", "restored", "purged"


class Change(NamedTuple):
    """One change of one user; `names` are the changed properties of an update."""

    at: datetime
    user_id: str
    what: str
    names: tuple[str, ...] = ()


class Changes:
    """Append-only; a delta token is a position in it."""

    def __init__(self) -> None:
        self.entries: Record[Change] = Record()

    def add(self, at: datetime, user_id: str, what: str, names: tuple[str, ...] = ()) -> None:
        self.entries.append(Change(at, user_id, what, names))

    def since(self, position: int) -> dict[str, list[Change]]:
        """Changes from a position on, by user, in the order of each user's first one."""
        found: dict[str, list[Change]] = {}
        for change in self.entries[position:]:
            found.setdefault(change.user_id, []).append(change)
        return found
