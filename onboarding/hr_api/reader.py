"""What one file in `onboarding.hr_api.vendors` says about one vendor's API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from onboarding.domain.hire import FetchRef
from onboarding.hr_api.client import Client
from onboarding.ports import HrRecord

#: A little patience with every vendor, so that one read answers the events of one save.
USUAL_LAG = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Reader:
    """One vendor. `slug` is the adapter's."""

    slug: str
    #: Addresses of the pages that the calls and the mapping follow.
    documents: tuple[str, ...]
    #: Kinds of `FetchRef` that it can read.
    kinds: frozenset[str]
    read: Callable[[Client, FetchRef], Awaitable[HrRecord]]
    #: The vendor's own host; None: each customer has one of their own, which must be set.
    root: str | None = None
    #: What the token is and how it is written, for whoever has to set it.
    credential: str = "the API token"
    #: How long after an event a read may show what was before it.
    lag: timedelta = USUAL_LAG
