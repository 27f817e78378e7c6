"""Queue triggers: the listener of one function on one queue.

Semantics of the Storage Queues extension (QueueListener and QueueProcessor of azure-sdk-for-net; host.json
reference, extensions.queues): up to `batchSize` messages at a time, the next batch once no more than
`newBatchThreshold` are running; a lease that is renewed at half-time; return → delete; exception → visible
again after `visibilityTimeout`; at `maxDequeueCount` a copy goes to `<queue>-poison`, and a poison queue has
none of its own: there a failed message just stays leased. A message seen more often than `maxDequeueCount` is
not run at all. An empty queue is polled ever more slowly.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass

from onboarding import observe
from onboarding.devhost import bindings
from onboarding.devhost.config import HostConfig, Options
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.model import POISON, FunctionSpec
from onboarding.errors import OnboardingError
from onboarding.ports import LeasedMessage, QueueHost

log = logging.getLogger(__name__)

#: First wait after an empty poll, in seconds.
MIN_POLL = 0.1


@dataclass(slots=True)
class _Held:
    """A leased message; `message` carries the newest receipt."""

    message: LeasedMessage


class QueueListener:
    """Polls one queue for one function. `queue` is the resolved name."""

    def __init__(
        self,
        spec: FunctionSpec,
        queue: str,
        queues: QueueHost,
        invoker: Invoker,
        config: HostConfig,
        options: Options,
    ) -> None:
        self.spec, self.queue = spec, queue
        self._queues, self._invoker, self._config = queues, invoker, config
        self._lease = options.lease_seconds
        given = options.visibility_seconds
        self._visibility = config.visibility_seconds if given is None else given
        self._longest = max(min(options.poll_seconds, config.max_polling_seconds), MIN_POLL)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    @property
    def busy(self) -> int:
        """Messages held by this listener now."""
        return len(self._tasks)

    def wake(self) -> None:
        """Poll at once instead of waiting for the back-off."""
        self._wake.set()

    def cancel(self) -> None:
        """Leave what runs: the lease will end, and the message come back."""
        for task in self._tasks:
            task.cancel()

    async def run(self) -> None:
        """Poll until cancelled."""
        wait = MIN_POLL
        while True:
            if self.busy > self._config.new_batch_threshold:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                continue
            if await self._poll():
                wait = MIN_POLL
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                # Spread by a fifth either way, as the extension does. Not `wait_for`: before Python 3.12 it swallows a
                # cancellation that comes in the moment of the wake-up, and who stops this listener waits for ever.
                async with asyncio.timeout(wait * random.uniform(0.8, 1.2)):
                    await self._wake.wait()
            wait = min(wait * 2, self._longest)

    async def _poll(self) -> bool:
        """Take one batch and start it. False if there was nothing, or the store did not answer."""
        try:
            messages = await self._queues.receive(self.queue, self._config.batch_size, self._lease)
        except Exception as exc:
            observe.failure(log, "queue.poll_failed", exc, queue=self.queue)
            return False
        for message in messages:
            task = asyncio.create_task(self._process(_Held(message)))
            self._tasks.add(task)
            task.add_done_callback(self._finished)
        return bool(messages)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # What a run has sent to its own queue, or released, is looked for at once.
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            observe.failure(log, "queue.message_lost", error, queue=self.queue)

    async def _process(self, held: _Held) -> None:
        if held.message.dequeue_count > self._config.max_dequeue_count:
            await self._poison(held)
            return
        done = asyncio.Event()
        renewal = asyncio.create_task(self._renew(held, done))
        try:
            good = await self._invoke(held.message)
        finally:
            # Let a renewal that is under way end, so that the receipt in hand is the newest one.
            done.set()
            await renewal
        try:
            if good:
                await self._queues.delete(self.queue, held.message)
            elif held.message.dequeue_count >= self._config.max_dequeue_count:
                await self._poison(held)
            elif not self.queue.endswith(POISON):
                await self._queues.release(self.queue, held.message, self._visibility)
        except OnboardingError as exc:
            # Somebody else holds the message by now; it comes again. The real host only logs this, too.
            observe.failure(log, "queue.settle_failed", exc, queue=self.queue)

    async def _invoke(self, message: LeasedMessage) -> bool:
        try:
            value, overwritten = bindings.queue_message(message)
        except Exception as exc:
            observe.failure(log, "queue.metadata_unreadable", exc, function=self.spec.name)
            return False
        for name in overwritten:
            observe.event(
                log, "queue.metadata_overwritten", level=logging.WARNING, function=self.spec.name, key=name
            )
        return await self._invoker.attempt(self.spec, value)

    async def _poison(self, held: _Held) -> None:
        if self.queue.endswith(POISON):
            # Facts: functions trap 4. The lease runs out and the message comes back, until its time to live.
            observe.event(log, "queue.poison_handler_failed", level=logging.ERROR, queue=self.queue)
            return
        observe.event(log, "queue.poisoned", level=logging.ERROR, queue=self.queue)
        await self._queues.to_poison(self.queue, held.message)

    async def _renew(self, held: _Held, done: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease / 2):
                    await done.wait()
                return
            try:
                held.message = await self._queues.renew(self.queue, held.message, self._lease)
            except Exception as exc:
                observe.failure(log, "queue.renew_failed", exc, queue=self.queue)
