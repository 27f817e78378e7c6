"""The door: one webhook call in, one answer out. Store first, queue, then answer.

The answer says what the sender should do next: 2xx "I have it", 4xx "do not send this again", 503 "send it
again later" (the only answer that BambooHR, Personio and Ashby retry). The order of checks is fixed (design:
contracts) and is the order of `_take`. Nothing of a body is logged, and no header but by name.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import math
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from onboarding import observe, web
from onboarding.domain.hire import EventType, HireEvent, Verification
from onboarding.errors import (
    ConfigurationError,
    DeployerError,
    RetryLater,
    SenderError,
    StoreConflict,
    Unavailable,
)
from onboarding.intake import catalog, checks
from onboarding.intake.adapter import FILTERED, METHOD, SILENT, Adapter, Greeting, Headers, UnreadableEvent
from onboarding.intake.arrivals import BULK_AFTER as BULK_AFTER
from onboarding.intake.arrivals import Arrivals as Arrivals
from onboarding.intake.checks import MAX_BODY as MAX_BODY
from onboarding.intake.payload import Unreadable
from onboarding.intake.refusals import Refusals
from onboarding.intake.repeats import RETRIED, gives_way, or_news
from onboarding.intake.repeats import delivery_id as delivery_id
from onboarding.intake.signatures import verify
from onboarding.ports import Delivery, DeliveryStatus, Services, WorkMessage
from onboarding.settings import Settings, SourceSettings

#: Seconds until a sender should try again: a store that does not answer, and a setting that somebody must fix.
RETRY_STORE = 30
RETRY_SETTING = 300

_SOURCE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Event type and reason code of the delivery that holds a verification token.
HANDSHAKE = "handshake"

log = logging.getLogger(__name__)


_arrivals = Arrivals()
_refusals = Refusals()


async def receive(s: Services, source: str, request: web.Request) -> web.Response:
    """Answer one call to `hr/{source}`. Never raises for anything a sender can do."""
    try:
        return await _take(s, source, request)
    except Unreadable as error:
        return web.problem(error.status, error.code, error.message, reason=error.reason, path=error.path)
    except SenderError as error:
        await _refused(s, source, error)
        return web.problem(error.status, error.code, error.message, error.headers)
    except DeployerError as error:
        # The message names settings and what they may be, and nothing that was sent.
        observe.failure(log, "delivery.not_configured", error, code=error.code, what=error.message)
        detail = "This source is not set up completely. Send again later; nothing was taken."
        return web.problem(503, error.code, detail, {"Retry-After": str(RETRY_SETTING)})
    except RetryLater as error:
        observe.failure(log, "delivery.not_stored", error, code=error.code)
        seconds = math.ceil(max(error.retry_after or RETRY_STORE, 1))
        detail = "The delivery could not be stored. Send it again later."
        return web.problem(503, "unavailable", detail, {"Retry-After": str(seconds)})


async def _refused(s: Services, source: str, error: SenderError) -> None:
    """Say so, with the source where it is one of ours: else it is whatever a stranger wrote."""
    known = source if source in s.settings.sources else None
    observe.event(
        log, "delivery.refused", level=logging.WARNING, source=known, code=error.code, status=error.status
    )
    if known is not None and error.status == 401:
        with contextlib.suppress(RetryLater):  # no clock: the answer is the same
            await _refusals.note(s.cases, known, error.code, await s.clock.now())


async def _take(s: Services, source: str, request: web.Request) -> web.Response:
    settings, adapter = _resolve(s.settings, source)
    checks.method(adapter, request)
    checks.size(request)
    greeting = adapter.greet(request)
    if greeting is not None:
        return await _greet(s, settings, adapter, request, greeting)
    checks.length(adapter, request)
    if not settings.secret:
        raise ConfigurationError("No secret is configured for this source.", code="secret_missing")
    now = await s.clock.now()
    verified = verify(adapter.scheme, settings, request.headers, request.body, now)
    headers = {**request.headers, METHOD: request.method.upper()}
    delivery = _delivery(settings, adapter, headers, request.body, verified, now)
    try:
        checks.media_type(adapter, request)
        events = adapter.events(source, request.body, headers)
    except SenderError as error:
        await _keep_unreadable(s, delivery, error)
        raise
    return await _accept(s, adapter, await or_news(s, adapter, delivery), events, now)


def _resolve(settings: Settings, source: str) -> tuple[SourceSettings, Adapter]:
    """A configured source, or an adapter's slug. One answer for everything else, so that nothing is revealed."""
    found = settings.sources.get(source) if _SOURCE.fullmatch(source) else None
    found = found or SourceSettings(source=source, adapter=source)
    adapter = catalog.bound(found, found.adapter)
    if adapter is not None:
        return found, adapter
    if found.adapter != source:
        raise ConfigurationError(
            "ONBOARDING_SOURCES names an adapter that does not exist.", code="no_adapter"
        )
    raise SenderError("There is no such address here.", status=404, code="unknown_source")


async def _greet(
    s: Services, settings: SourceSettings, adapter: Adapter, request: web.Request, greeting: Greeting
) -> web.Response:
    """Answer a handshake or ping. Nothing changes, but for the token that a set-up or a rotation waits for."""
    if greeting.kept is not None:
        await _keep_token(s, settings, adapter, greeting.kept)
    observe.event(log, "delivery.ping", source=settings.source)
    usual = _answer(adapter, None, "ping")
    return web.Response(
        greeting.status or usual.status,
        usual.body if greeting.body is None else greeting.body,
        usual.content_type if greeting.body is None else greeting.content_type,
        greeting.headers,
    )


async def _keep_token(s: Services, settings: SourceSettings, adapter: Adapter, token: str) -> None:
    """One row a source, the newest: whoever sends many cannot fill the store, and a new attempt replaces the old.

    Anybody can send one, so no signature is ever checked with it: the operator proves it at the vendor, who takes only
    the vendor's own, and then sets it as the secret. One that comes while a secret is set is that of the next secret.
    """
    now = await s.clock.now()
    kept = Delivery(
        delivery_id=handshake_id(settings.source),
        source=settings.source,
        adapter=adapter.slug,
        received_at=now,
        status=DeliveryStatus.IGNORED,
        body_sha256=hashlib.sha256(token.encode()).hexdigest(),
        body=token.encode(),
        vendor_event_type=HANDSHAKE,
        reason_code=HANDSHAKE,
    )
    there, inserted = await s.deliveries.put_if_absent(kept)
    if not inserted and (there.body_sha256 != kept.body_sha256 or there.body is None):
        with contextlib.suppress(StoreConflict):  # another one came at the same moment
            await s.deliveries.update(replace(kept, etag=there.etag))


def handshake_id(source: str) -> str:
    """Id of the delivery that holds the newest verification token of a source."""
    return delivery_id(source, f"\0{HANDSHAKE}")


def _delivery(
    settings: SourceSettings,
    adapter: Adapter,
    headers: Headers,
    body: bytes,
    verified: Verification,
    now: datetime,
) -> Delivery:
    return Delivery(
        delivery_id=delivery_id(settings.source, adapter.dedupe_key(headers, body)),
        source=settings.source,
        adapter=adapter.slug,
        received_at=now,
        status=DeliveryStatus.RECEIVED,
        body_sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        headers=adapter.kept_headers(headers),
        verification=verified,
    )


async def _keep_unreadable(s: Services, delivery: Delivery, error: SenderError) -> None:
    """A signed body that we cannot use is our concern too: an operator can see it, and replay it."""
    reason, path = (error.reason, error.path) if isinstance(error, Unreadable) else (error.code, None)
    kept = replace(delivery, status=DeliveryStatus.UNREADABLE, reason_code=reason, reason_detail=path)
    await s.deliveries.put_if_absent(kept)
    observe.event(
        log, "delivery.unreadable", level=logging.WARNING, delivery_id=delivery.delivery_id,
        source=delivery.source, reason=reason,
    )  # fmt: skip


async def _accept(
    s: Services, adapter: Adapter, delivery: Delivery, events: list[HireEvent], now: datetime
) -> web.Response:
    kinds = {event.event_type for event in events}
    if kinds == {EventType.TEST_PING}:
        observe.event(log, "delivery.ping", source=delivery.source)
        return _answer(adapter, None, "ping")
    named = (event.vendor_event_type for event in events if not isinstance(event, UnreadableEvent))
    delivery = replace(delivery, vendor_event_type=next(named, None))
    if kinds <= {EventType.IGNORED, EventType.TEST_PING}:
        filtered = any(FILTERED in event.warnings for event in events)
        result = await _ignore(s, adapter, delivery, FILTERED if filtered else "not_mapped")
    else:
        told = sum(event.event_type not in SILENT for event in events)
        result = await _enqueue(s, delivery, told, now)
    key_id = delivery.verification.key_id if delivery.verification else None
    observe.event(
        log, "delivery.accepted", delivery_id=delivery.delivery_id, source=delivery.source, result=result,
        key_id=key_id, bytes=len(delivery.body or b""), sha256=delivery.body_sha256,
    )  # fmt: skip
    return _answer(adapter, delivery.delivery_id, result)


async def _ignore(s: Services, adapter: Adapter, delivery: Delivery, reason: str) -> str:
    """Kept as seen, pruned, not queued. An operator can replay it once the type is mapped, or let through."""
    body = adapter.prune(delivery.body or b"")
    kept = replace(delivery, status=DeliveryStatus.IGNORED, body=body, reason_code=reason)
    there, inserted = await s.deliveries.put_if_absent(kept)
    return "ignored" if inserted else _duplicate(delivery, there)


class _Turns:
    """One delivery is stored and queued by one request at a time; a repeat in flight waits, and is a duplicate.

    Per process: between processes a repeat may be queued twice, which does nothing twice.
    """

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def of(self, delivery_id: str) -> AsyncIterator[None]:
        lock, waiting = self._locks.get(delivery_id, (asyncio.Lock(), 0))
        self._locks[delivery_id] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[delivery_id]
            if waiting == 1:
                del self._locks[delivery_id]
            else:
                self._locks[delivery_id] = (lock, waiting - 1)


_turns = _Turns()


async def _enqueue(s: Services, delivery: Delivery, events: int, now: datetime) -> str:
    """Store, queue, mark as queued. A repeat of what was stored and not queued is queued again."""
    async with _turns.of(delivery.delivery_id):
        return await _enqueue_alone(s, delivery, events, now)


async def _enqueue_alone(s: Services, delivery: Delivery, events: int, now: datetime) -> str:
    there, inserted = await s.deliveries.put_if_absent(delivery)
    if inserted:
        stored = there
    elif gives_way(s, there, delivery):
        # The sender mended the body, or we the mapping: what can be read replaces what could not, or is gone.
        replays = there.replays + (there.body_sha256 != delivery.body_sha256)
        stored = await s.deliveries.update(replace(delivery, etag=there.etag, replays=replays))
    elif there.status in RETRIED and there.body_sha256 == delivery.body_sha256:
        stored = there
    else:
        return _duplicate(delivery, there)
    queue = await _arrivals.queue_for(s.cases, delivery.source, now, events)
    await s.queue.send(WorkMessage(delivery_id=delivery.delivery_id, why="delivery"), queue=queue)
    await _mark_queued(s, stored, now)
    return "queued"


async def _mark_queued(s: Services, stored: Delivery, now: datetime) -> None:
    """The queue has it, so the sender may go, whatever becomes of this mark: without it a repeat is queued
    once more, which does nothing twice."""
    if stored.status not in RETRIED:
        return  # a repeat of it was faster, and a worker had it
    try:
        await s.deliveries.update(replace(stored, status=DeliveryStatus.QUEUED, queued_at=now))
    except StoreConflict:
        observe.event(log, "delivery.overtaken", delivery_id=stored.delivery_id)  # a worker has it already
    except Unavailable as error:
        observe.failure(log, "delivery.not_marked", error, delivery_id=stored.delivery_id)


def _duplicate(delivery: Delivery, there: Delivery) -> str:
    if there.body_sha256 != delivery.body_sha256:
        observe.event(
            log, "delivery.same_id_other_body", level=logging.WARNING, delivery_id=delivery.delivery_id,
            source=delivery.source, sha256=delivery.body_sha256, first_sha256=there.body_sha256,
        )  # fmt: skip
    return "duplicate"


def _answer(adapter: Adapter, delivery: str | None, result: str) -> web.Response:
    body = {"accepted": True, "delivery_id": delivery, "result": result}
    return web.json_response(adapter.success_status, body)
