"""A slow round over everything of a kind, some pages a call; the place is kept in a marker.

A page is looked at again if the process dies in it, so what is done with a page must bear repetition. A place that
another version or another store wrote down (its token is refused) begins a new round.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from onboarding.errors import RequestError, StoreConflict
from onboarding.ports import Services


class _Paged(Protocol):
    @property
    def next_page(self) -> str | None: ...


P = TypeVar("P", bound=_Paged)


@dataclass(slots=True)
class Place:
    """Where a round stands."""

    name: str
    #: When this round began, and the one before it (None: this is the first).
    began: datetime
    before: datetime | None = None
    page: str | None = None
    #: Rounds that were finished.
    number: int = 0
    #: Items seen in this round, and in the last.
    seen: int = 0
    last: int = 0
    #: What the round remembers from page to page.
    notes: dict[str, Any] = field(default_factory=dict)
    etag: str | None = None
    done: bool = False

    async def read(self, walk: Callable[[str | None, int], Awaitable[P]], size: int) -> P:
        """The page at this place, which moves on by it. `done`: it was the last."""
        try:
            found = await walk(self.page, size)
        except RequestError:
            self.seen, self.page = 0, None
            found = await walk(None, size)
        self.page = found.next_page
        self.done = self.page is None
        return found

    async def keep(self, s: Services) -> None:
        """Write the place down. Somebody who was faster has seen the same: that is fine."""
        value = {
            "began": self.began.isoformat(),
            "before": self.before.isoformat() if self.before else None,
            "page": self.page,
            "number": self.number + self.done,
            "seen": 0 if self.done else self.seen,
            "last": self.seen if self.done else self.last,
            "notes": self.notes,
        }
        with contextlib.suppress(StoreConflict):
            await s.cases.write_marker(self.name, value, self.etag)


async def place(s: Services, name: str, now: datetime, every: timedelta) -> Place | None:
    """Where the round goes on. None: it was finished, and the next is not due: `every` after it began."""
    marker = await s.cases.read_marker(name)
    if marker is None:
        return Place(name, now)
    said = marker.value
    began = datetime.fromisoformat(str(said["began"]))
    before = datetime.fromisoformat(str(said["before"])) if said.get("before") else None
    known = Place(
        name,
        began,
        before,
        said.get("page"),
        int(said["number"]),
        int(said["seen"]),
        int(said["last"]),
        dict(said.get("notes") or {}),
        marker.etag,
    )
    if known.page is not None:
        return known
    if timedelta(0) <= now - began < every:  # a clock that was set back begins anew
        return None
    known.began, known.before = now, began
    return known
