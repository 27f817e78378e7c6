"""The store of deliveries: webhook calls as they arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from onboarding.domain.hire import Verification
from onboarding.errors import RequestError
from onboarding.ports.cases import Page


class DeliveryStatus(StrEnum):
    """`received` is stored and not yet queued: a repeat of it must be queued again."""

    RECEIVED = "received"
    QUEUED = "queued"
    PROCESSED = "processed"
    IGNORED = "ignored"
    UNREADABLE = "unreadable"
    FAILED = "failed"

    @classmethod
    def asked_for(cls, value: str | None) -> str | None:
        """A filter as somebody typed it. RequestError for a status that does not exist."""
        if value and value not in list(cls):
            raise RequestError(f"Unknown status. Known: {', '.join(cls)}.", code="unknown_filter_value")
        return value or None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook call as it arrived. `body` is None once it was pruned or erased."""

    delivery_id: str
    source: str
    adapter: str
    received_at: datetime
    status: DeliveryStatus
    body_sha256: str
    body: bytes | None
    #: Only the headers that the adapter reads; never a credential.
    headers: Mapping[str, str] = field(default_factory=dict)
    verification: Verification | None = None
    vendor_event_type: str | None = None
    reason_code: str | None = None
    #: Where the body could not be used, as a path, without values.
    reason_detail: str | None = None
    case_ids: tuple[str, ...] = ()
    #: When it was last put on the queue; None: not yet.
    queued_at: datetime | None = None
    #: How often it was put back on purpose: each time its events are applied once more.
    replays: int = 0
    #: When body and headers were taken out of the row. Set exactly when `body` is gone, also where the body is
    #: left out of a list.
    pruned_at: datetime | None = None
    etag: str | None = None

    def emptied(self, at: datetime) -> Delivery:
        """What is left once nobody needs its content: that it came, not what it said. Repeats are recognised."""
        return replace(self, body=None, headers={}, pruned_at=self.pruned_at or at)


class DeliveryStore(Protocol):
    """Deliveries, keyed by an id that is derived from the dedupe key."""

    async def put_if_absent(self, delivery: Delivery) -> tuple[Delivery, bool]:
        """Insert. Returns (what the store holds now, with its etag; whether this call inserted it)."""
        ...

    async def get(self, delivery_id: str) -> Delivery | None: ...

    async def update(self, delivery: Delivery) -> Delivery:
        """Replace if the etag is current, else StoreConflict."""
        ...

    async def page(
        self, *, status: str | None = None, source: str | None = None, page: str | None = None, size: int = 50
    ) -> Page[Delivery]:
        """Newest first, bodies left out."""
        ...

    async def older(
        self, status: DeliveryStatus, before: datetime, limit: int, *, unpruned: bool = False
    ) -> list[Delivery]:
        """Deliveries of this status received before `before`, bodies left out, oldest not necessarily first.

        `unpruned`: only those whose `pruned_at` is None; costs by those, however many pruned rows are kept.
        """
        ...

    async def remove(self, delivery: Delivery) -> None:
        """Remove row and body, if the etag is current, else StoreConflict."""
        ...

    async def walk(self, page: str | None = None, size: int = 100) -> Page[Delivery]:
        """Every delivery once, with its body."""
        ...
