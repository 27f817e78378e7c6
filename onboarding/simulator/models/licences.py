"""Subscriptions that the company bought, and who holds a licence of them.

Ids and part numbers: "Product names and service plan identifiers for licensing".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: After licensing, mailbox and files may give 404 for about 15 minutes (Graph's known issues of 2021).
MAILBOX_AFTER = timedelta(minutes=15)
#: Plans that bring a mailbox. EXCHANGE_S_FOUNDATION is part of many SKUs and brings none.
_MAILBOX_PREFIX = "EXCHANGE_S_"
_NO_MAILBOX = "EXCHANGE_S_FOUNDATION"


@dataclass(frozen=True, slots=True)
class Plan:
    """One service plan of a SKU. applies_to: User or Company."""

    id: str
    name: str
    applies_to: str = "User"

    @property
    def mailbox(self) -> bool:
        return self.name.startswith(_MAILBOX_PREFIX) and self.name != _NO_MAILBOX


@dataclass
class Sku:
    """subscribedSku. `holders`: ids of the live users who hold it."""

    id: str
    part_number: str
    enabled: int
    plans: tuple[Plan, ...]
    status: str = "Enabled"
    applies_to: str = "User"
    holders: dict[str, None] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return max(0, self.enabled - len(self.holders)) if self.status == "Enabled" else 0


@dataclass
class Licence:
    """A person's licence, seen by reads from `visible_at` on."""

    sku_id: str
    disabled: tuple[str, ...]
    assigned: datetime
    visible_at: datetime


#: What every pretend tenant has bought: Microsoft 365 E3, 25 units.
E3 = (
    "05e9a617-0261-4cee-bb44-138d3ef5d965",
    "SPE_E3",
    (
        Plan("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE"),
        Plan("57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"),
        Plan("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM"),
        Plan("5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE"),
        Plan("113feb6c-3fe4-4440-bddc-54d774bf0318", "EXCHANGE_S_FOUNDATION", "Company"),
    ),
)
DEFAULT_UNITS = 25


def bought() -> dict[str, Sku]:
    """A fresh tenant's subscriptions by skuId."""
    key, part_number, plans = E3
    return {key: Sku(key, part_number, DEFAULT_UNITS, plans)}
