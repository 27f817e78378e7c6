"""An id or a key that is claimed for a case that nobody has created yet, or that does not show the id yet.

Between the claim and the case lies a moment; whoever comes then does its delivery again, and finds the case. Where the
worker died, its message comes again once the lease of ten minutes is over, five times at most. Where the case is not
there after that, it was given up (an unforeseen error, which an operator reads of on the delivery), and nobody waits
for it any longer: its claims are released as they are met. Done again after all, the delivery finds what became of the
ids meanwhile. A case that is there, and still does not show the id, is what the alias says: that is never released.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NoReturn

from onboarding.domain.case import Alias
from onboarding.errors import StoreConflict
from onboarding.ports import Services

#: Row with the cases that are waited for (hashes of their ids) and since when.
MARKER = "openings"
#: A claim that has no case for so long has no worker: host.json gives a message five leases of ten minutes.
GIVEN_UP = timedelta(hours=1)
#: Cases that are waited for at once; for more than that the watchdog frees the claims, a day later.
MOST, _DAY = 500, timedelta(days=1)


async def look_again(s: Services, claims: Iterable[Alias], owner: str, now: datetime) -> NoReturn:
    """Raises StoreConflict; the claims of `owner`, a case that is not there, are released first if it was given up."""
    if await is_given_up(s, owner, now):
        for alias in claims:
            await s.cases.release_alias(alias, owner)
    raise conflict()


async def is_given_up(s: Services, owner: str, now: datetime) -> bool:
    """Somebody waits for this case for long enough. The clock begins with the first who asks."""
    marker = await s.cases.read_marker(MARKER)
    waits: dict[str, str] = dict(marker.value) if marker else {}
    name = _name(s, owner)
    if (since := waits.get(name)) is not None and now - datetime.fromisoformat(since) < _DAY:
        return now - datetime.fromisoformat(since) >= GIVEN_UP
    kept = {item: at for item, at in waits.items() if now - datetime.fromisoformat(at) < _DAY}
    if len(kept) < MOST:
        kept[name] = now.isoformat()
        await s.cases.write_marker(MARKER, kept, marker.etag if marker else None)
    return False


def conflict() -> StoreConflict:
    return StoreConflict("another delivery is opening a case that may be this person's: look again")


def _name(s: Services, owner: str) -> str:
    return hmac.new(s.settings.hash_key.reveal().encode(), owner.encode(), hashlib.sha256).hexdigest()[:20]
