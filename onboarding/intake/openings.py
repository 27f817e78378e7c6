"""An id or a key that is claimed for a case that nobody has created yet, or that does not show the id yet.

Between the claim and the case lies a moment; whoever comes then does its delivery again, and finds the case. Where the
worker died, its message comes again once the lease of ten minutes is over, five times at most. Where the case is not
there after that, it was given up (an unforeseen error, which an operator reads of on the delivery), and nobody waits
for it any longer: the claim is released. Done again after all, the delivery finds what became of the id meanwhile.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import NoReturn

from onboarding.domain.case import Alias
from onboarding.errors import StoreConflict
from onboarding.ports import Services

#: Row with what is waited for (a hash of the id and the case) and since when.
MARKER = "openings"
#: A claim that has no case for so long has no worker: host.json gives a message five leases of ten minutes.
GIVEN_UP = timedelta(hours=1)
_KEPT, _DAY = 200, timedelta(days=1)


async def look_again(s: Services, alias: Alias, owner: str, now: datetime) -> NoReturn:
    """Raises StoreConflict; the claim of `owner`, which nothing but the alias shows, is released first if given up."""
    marker = await s.cases.read_marker(MARKER)
    waits: dict[str, str] = dict(marker.value) if marker else {}
    name = _name(s, alias, owner)
    since = waits.pop(name, None)
    if since is None:
        waits = dict(list(waits.items())[-_KEPT:]) | {name: now.isoformat()}
    elif now - datetime.fromisoformat(since) >= GIVEN_UP:
        await s.cases.release_alias(alias, owner)
    else:
        raise conflict()
    kept = {item: at for item, at in waits.items() if now - datetime.fromisoformat(at) < _DAY}
    await s.cases.write_marker(MARKER, kept, marker.etag if marker else None)
    raise conflict()


def conflict() -> StoreConflict:
    return StoreConflict("another delivery is opening a case that may be this person's: look again")


def _name(s: Services, alias: Alias, owner: str) -> str:
    text = "\0".join((alias.source, alias.kind.value, alias.value, owner)).encode()
    return hmac.new(s.settings.hash_key.reveal().encode(), text, hashlib.sha256).hexdigest()[:32]
