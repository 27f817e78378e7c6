"""Subscriptions to change notifications: kept until they end, never served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

#: Longest life for users and groups ("subscription resource type", lifetimes).
LONGEST = timedelta(minutes=41_760)


@dataclass
class Subscription:
    """`given` holds the properties as the client sent them; `since` is the position in the change log."""

    id: str
    given: dict[str, Any]
    expires: datetime
    since: int

    def alive(self, now: datetime) -> bool:
        return now < self.expires
