"""The same body once more: a repeat of the sender's, or news, since something else was said of the person meanwhile.

For doors that get neither an event id nor a signed time (`Adapter.says_again`). What is moved from the 1st to the 15th
and back to the 1st comes as a body that is known. It is a duplicate where it still is the last word of this source on
everybody it is about. A repeat that a sender has kept back until after its own next word is taken for news; only a
time in the body (`occurred_at`) tells the two apart.

And another body under a known id: it replaces what could not be read, and else is a duplicate.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

from onboarding.domain.case import delivery_of
from onboarding.errors import SenderError
from onboarding.intake import catalog
from onboarding.intake.adapter import Adapter, UnreadableEvent
from onboarding.ports import Delivery, DeliveryStatus, Services

#: Deliveries of other sources that are passed over on the way to the last one of this source.
FAR = 20
#: Worked off, as far as it could be read.
_APPLIED = frozenset({DeliveryStatus.PROCESSED, DeliveryStatus.UNREADABLE})
#: Stored, and not worked off: a repeat of it is queued again.
RETRIED = frozenset({DeliveryStatus.RECEIVED, DeliveryStatus.FAILED})
#: Whether the stored body can be read is not known yet, or not any more.
_UNDECIDED = RETRIED | {DeliveryStatus.QUEUED}


def delivery_id(source: str, dedupe_key: str) -> str:
    """`d_` and 26 lower-case base32 characters of SHA-256 over source, NUL and key."""
    digest = hashlib.sha256(f"{source}\0{dedupe_key}".encode()).digest()
    return "d_" + base64.b32encode(digest).decode("ascii").lower()[:26]


async def or_news(s: Services, adapter: Adapter, delivery: Delivery) -> Delivery:
    """The delivery, under an id of its own where its body was known and is said anew.

    The id follows from what came in between, so that a repeat of the news is found again. What is not worked off yet
    does not count as come in between.
    """
    there = await s.deliveries.get(delivery.delivery_id) if adapter.says_again else None
    if there is None or there.status not in _APPLIED:
        return delivery
    for case_id in there.case_ids:
        last = await _last_word(s, case_id, delivery.source)
        if last is not None and last.body_sha256 != delivery.body_sha256:
            anew = delivery_id(delivery.source, f"{there.delivery_id}\0{last.delivery_id}")
            return replace(delivery, delivery_id=anew)
        there = last or there
    return replace(delivery, delivery_id=there.delivery_id)  # of the last time it was said


async def _last_word(s: Services, case_id: str, source: str) -> Delivery | None:
    """The delivery of this source that was applied to the case last; None: the case or the delivery is gone."""
    case = await s.cases.get(case_id)
    for seen in reversed(case.deliveries[-FAR:] if case else ()):
        found = await s.deliveries.get(delivery_of(seen))
        if found is not None and found.source == source:
            return found
    return None


def gives_way(s: Services, there: Delivery, delivery: Delivery) -> bool:
    """What is stored under this id never said anything: the new body takes its place."""
    return _cannot_be_read(s, there, delivery) or _expired(there, delivery)


def _cannot_be_read(s: Services, there: Delivery, delivery: Delivery) -> bool:
    """It is marked so, or another body waits for its turn (an operator's replay, say) and will be marked so."""
    if there.status is DeliveryStatus.UNREADABLE:
        return True
    if there.status not in _UNDECIDED or there.body is None or there.body_sha256 == delivery.body_sha256:
        return False
    adapter = catalog.of_source(s.settings, there.source, there.adapter)
    if adapter is None:
        return False
    try:
        events = adapter.events(there.source, there.body, there.headers)
    except SenderError:
        return True
    return any(isinstance(event, UnreadableEvent) for event in events)


def _expired(there: Delivery, delivery: Delivery) -> bool:
    """Never worked off, and its body is gone by now: HR was asked to send it again."""
    return there.status in RETRIED and there.body is None and there.body_sha256 == delivery.body_sha256
