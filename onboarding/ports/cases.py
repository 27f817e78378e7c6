"""The store of cases: what a list shows, what is due, and the truth itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from onboarding.domain.case import Alias, Case
from onboarding.domain.evidence import Status
from onboarding.domain.lifecycle import State
from onboarding.domain.records import TimelineEntry
from onboarding.errors import RequestError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DueRow:
    """A hint that a case may have something to do."""

    case_id: str
    when: datetime


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One search row: what a list shows."""

    case_id: str
    source: str
    state: str
    reason_code: str | None
    status: str
    recoverable: str
    display_name: str
    employee_id: str | None
    user_principal_name: str | None
    start_date: str | None
    next_what: str
    next_when: datetime | None
    updated_at: datetime
    #: Object id of the account.
    object_id: str | None = None
    #: `domain.lists.fingerprint` of the newest list of methods; None: none was read yet.
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Filters of a list; None: not filtered. `q` matches the start of any word of name, UPN or ids."""

    state: str | None = None
    status: str | None = None
    source: str | None = None
    reason_code: str | None = None
    #: Equals employee_id, candidate_id, or an employee number that HR ever gave the person.
    employee_id: str | None = None
    q: str | None = None

    def __post_init__(self) -> None:
        """RequestError for a state or status that does not exist: an empty list would look like good news."""
        for name, value, known in (("state", self.state, State), ("status", self.status, Status)):
            if value is not None and value not in list(known):
                raise RequestError(f"Unknown {name}. Known: {', '.join(known)}.", code="unknown_filter_value")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items and an opaque token for the next page (None: the last)."""

    items: Sequence[T]
    next_page: str | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A small named row with compare-and-swap: cursors, budgets, switches."""

    value: Mapping[str, Any]
    etag: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operator asked for, and what came of it."""

    operation_id: str
    case_id: str | None
    action: str
    actor: str
    reason: str
    at: datetime
    #: `accepted`, `done` or `refused`.
    status: str
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What one page of a sweep removed (orphaned hints), and where the next page starts (None: the round is done)."""

    removed: int
    next_page: str | None = None


class CaseStore(Protocol):
    """Cases with aliases, due index, search rows and timeline. Compare-and-swap on every write."""

    async def create(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """Insert; the returned case carries its etag. StoreConflict if the id exists."""
        ...

    async def get(self, case_id: str) -> Case | None: ...

    async def there(self, case_ids: Collection[str]) -> set[str]:
        """Those of them that exist, without reading the cases."""
        ...

    async def save(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """Write if `case.etag` is still current, else StoreConflict; sets and returns the new etag.

        Case and timeline are written together. The due row follows `case.wakes_at` (None: no row)
        and is written first where no transaction spans both; the search row follows after.
        """
        ...

    async def timeline(self, case_id: str, limit: int = 500) -> list[TimelineEntry]:
        """Oldest first; the newest `limit` entries."""
        ...

    async def claim_alias(self, alias: Alias, case_id: str) -> str:
        """Insert if absent. Returns the owning case id: ours, or whoever was first."""
        ...

    async def release_alias(self, alias: Alias, case_id: str) -> None:
        """Remove if `case_id` owns it; otherwise nothing."""
        ...

    async def move_alias(self, alias: Alias, from_case: str, to_case: str) -> None:
        """Change the owner; StoreConflict if `from_case` does not own it."""
        ...

    async def owners(self, aliases: Sequence[Alias]) -> dict[Alias, str]:
        """Owners of those aliases that exist."""
        ...

    async def find_aliases(self, value: str) -> list[tuple[Alias, str]]:
        """Every alias with this value, over all sources and kinds."""
        ...

    async def due(self, before: datetime, limit: int) -> list[DueRow]:
        """Due rows at or before `before`, oldest first. Costs by what is due."""
        ...

    async def postpone(self, row: DueRow, until: datetime) -> bool:
        """Move a due row if it is still as read; False if somebody else took it."""
        ...

    async def walk(self, page: str | None = None, size: int = 200) -> Page[Case]:
        """Every case once, in the order of the store, the truth itself: for exports and the watchdog's round."""
        ...

    async def walk_aliases(self, page: str | None = None, size: int = 500) -> Page[tuple[Alias, str]]:
        """Every alias with its owner, once."""
        ...

    async def walk_markers(self, page: str | None = None, size: int = 500) -> Page[tuple[str, Marker]]:
        """Every marker with its name, once."""
        ...

    async def walk_operations(self, page: str | None = None, size: int = 500) -> Page[Operation]:
        """Every operation, once."""
        ...

    async def mend(self, case: Case) -> tuple[str, ...]:
        """Put the hints of this case (due row, list row, words) right where they do not say what the case says.

        Returns what was mended: `due_row`, `list_row`, `words`. A store whose write is one transaction has
        nothing to mend. Does not change the case.
        """
        ...

    async def sweep(self, page: str | None = None, size: int = 500) -> Swept:
        """Remove hints that belong to no case or to an older version of one, a page at a time."""
        ...

    async def erase(self, case: Case) -> None:
        """Remove the case with its timeline and every hint, if `case.etag` is still current, else StoreConflict.

        Aliases are the caller's: release them before.
        """
        ...

    async def search(self, query: CaseQuery, page: str | None = None, size: int = 50) -> Page[CaseSummary]:
        """Newest change first, `Case.listed` ones only. RequestError for a page token that is not ours."""
        ...

    async def counts(self) -> dict[str, int]:
        """Cases by state."""
        ...

    async def read_marker(self, name: str) -> Marker | None: ...

    async def write_marker(self, name: str, value: Mapping[str, Any], etag: str | None) -> Marker:
        """Insert (etag None) or replace; StoreConflict when it is not as read."""
        ...

    async def put_operation(self, operation: Operation) -> None:
        """Insert or replace by operation_id."""
        ...

    async def get_operation(self, operation_id: str) -> Operation | None: ...

    async def ping(self) -> None:
        """Raises Unavailable when the store cannot be read and written."""
        ...
