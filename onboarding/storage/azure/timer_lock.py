"""Which of several hosts runs the timers: whoever holds the lease of one blob, as with the Functions host.

The Functions host keeps such leases in the container `azure-webjobs-hosts` ("Timer trigger for Azure Functions",
scale-out). The development host uses a blob of its own there. The blob's metadata say who holds it, and up to when
due timers have run, so that the next holder goes on from there.

A holder that died on this machine is not waited for: its lease is broken, but only while the blob is as it was when
the dead holder's name was read in it. Whoever takes the lease counts as holder only once its own name is in the blob,
so no living one can be mistaken for the dead.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, ContainerClient

from onboarding import observe
from onboarding.errors import OnboardingError, StoreConflict
from onboarding.storage.azure.connection import Connection, code_of

log = logging.getLogger(__name__)

CONTAINER = "azure-webjobs-hosts"
BLOB = "locks/onboarding-development-host/timers"
#: Seconds; the service takes 15 to 60.
LEASE = 15
_RENEW = 5.0
#: Seconds before its end from which a lease is not relied on any more.
_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class _Held:
    blob: BlobClient
    lease: BlobLeaseClient


class BlobTimerLock:
    """The lock of one host. `who` names it; `gone` says of such a name that its bearer surely runs no more."""

    def __init__(
        self,
        connection: Connection,
        who: str,
        gone: Callable[[str], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last: datetime | None = None
        self._connection, self._who, self._gone, self._monotonic = connection, who, gone, monotonic
        self._held: _Held | None = None
        self._until = 0.0
        self._one = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def hold(self) -> bool:
        """True if this host holds the lease, or got it now; then `last` is what the holder before has noted."""
        async with self._one:
            if self._held is not None and self._monotonic() < self._until:
                return True
            started = self._monotonic()
            self._held = await self._connection.on_container(CONTAINER, self._take)
            if self._held is None:
                return False
            self._until = started + LEASE - _MARGIN
            if self._renewal is None:
                self._renewal = asyncio.create_task(self._renew())
            return True

    async def done(self, at: datetime) -> None:
        """Note that everything due by `at` has run. StoreConflict if somebody else holds the lease by now."""
        held = self._held
        if held is None:
            raise StoreConflict("somebody else runs the timers by now")
        values = {"holder": self._who, "last": at.isoformat()}

        async def run(_: ContainerClient) -> bool:
            return await _done(held.blob.set_blob_metadata(values, lease=held.lease))

        if not await self._connection.on_container(CONTAINER, run):
            raise StoreConflict("somebody else runs the timers by now")
        self.last = at

    async def close(self) -> None:
        """Let go, so that the next one need not wait."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
            self._renewal = None
        held, self._held = self._held, None
        if held is not None:
            try:
                await self._connection.on_container(CONTAINER, lambda _: _done(held.lease.release()))
            except OnboardingError as exc:
                observe.failure(log, "timer_lock.release_failed", exc)  # it ends by itself

    async def _take(self, container: ContainerClient) -> _Held | None:
        blob = container.get_blob_client(BLOB)
        held = _Held(blob, BlobLeaseClient(blob))
        if not await _acquired(held) and not (await self._inherit(blob) and await _acquired(held)):
            return None
        found = (await blob.get_blob_properties()).metadata
        if not await _done(blob.set_blob_metadata({**found, "holder": self._who}, lease=held.lease)):
            return None
        self.last = datetime.fromisoformat(found["last"]) if "last" in found else None
        return held

    async def _inherit(self, blob: BlobClient) -> bool:
        """Somebody holds it. True if they were gone, and hold it no more."""
        found = await blob.get_blob_properties()
        holder = found.metadata.get("holder", "")
        return self._gone(holder) and await _done(
            BlobLeaseClient(blob).break_lease(
                lease_break_period=0, etag=found.etag, match_condition=MatchConditions.IfNotModified
            )
        )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW)
            async with self._one:
                if self._held is not None:
                    await self._renew_once(self._held)

    async def _renew_once(self, held: _Held) -> None:
        started = self._monotonic()
        try:
            kept = await self._connection.on_container(CONTAINER, lambda _: _done(held.lease.renew()))
        except OnboardingError as exc:
            # It counts until its time is over, and is asked for again then.
            observe.failure(log, "timer_lock.renew_failed", exc)
        else:
            self._held = held if kept else None
            self._until = started + LEASE - _MARGIN


async def _acquired(held: _Held) -> bool:
    try:
        return await _done(held.lease.acquire(LEASE))
    except ResourceNotFoundError as exc:
        if code_of(exc) != "BlobNotFound":
            raise
    await _done(held.blob.upload_blob(b"", overwrite=False))
    return await _done(held.lease.acquire(LEASE))


async def _done(request: Awaitable[Any]) -> bool:
    """False if somebody else's lease, or change, is in the way."""
    try:
        await request
    except HttpResponseError as exc:
        if exc.status_code not in {409, 412}:
            raise
        return False
    return True
