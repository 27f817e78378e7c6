"""Names of what the storage account holds. The infrastructure's Bicep says the same; a test compares.

What each table is keyed by and why: docs/storage.md.
"""

from __future__ import annotations

from onboarding.ports import POISON, QUEUES

CASES = "cases"
ALIASES = "aliases"
DUE = "due"
LISTINGS = "listings"
WORDS = "words"
MARKERS = "markers"
OPERATIONS = "operations"
DELIVERIES = "deliveries"
USAGE = "usage"
TABLES = (CASES, ALIASES, DUE, LISTINGS, WORDS, MARKERS, OPERATIONS, DELIVERIES, USAGE)

#: Blob container of the raw deliveries.
BODIES = "deliveries"
CONTAINERS = (BODIES,)

ALL_QUEUES = tuple(name + suffix for name in QUEUES for suffix in ("", POISON))
