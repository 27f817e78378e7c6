"""`POST /admin/functions/{name}`: run a function that is not HTTP by hand.

Source: "Manually run a non HTTP-triggered function": 202 as soon as the run was started, 404 for an unknown
name. The queue function gets `input` as its message without the queue being touched.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from onboarding import observe
from onboarding.devhost import bindings
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.model import HTTP, TIMER, FunctionSpec
from onboarding.devhost.timers import Timer
from onboarding.ports import LeasedMessage

log = logging.getLogger(__name__)


class ManualRuns:
    """Starts runs and keeps them until they end."""

    def __init__(self, specs: Sequence[FunctionSpec], timers: Sequence[Timer], invoker: Invoker) -> None:
        self._specs = {spec.name.lower(): spec for spec in specs}
        self._timers = {timer.spec.name: timer for timer in timers}
        self._invoker = invoker
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, name: str, text: str) -> int:
        """HTTP status: 202 started, 404 unknown, 400 for an HTTP function (call its route instead)."""
        spec = self._specs.get(name.lower())
        if spec is None:
            return 404
        if spec.trigger == HTTP:
            return 400
        if spec.trigger == TIMER:
            task: asyncio.Task[object] = asyncio.create_task(self._timers[spec.name].run_now())
        else:
            task = asyncio.create_task(self._message(spec, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return 202

    async def _message(self, spec: FunctionSpec, text: str) -> None:
        message = LeasedMessage(str(uuid.uuid4()), "manual", text, 1, datetime.now(UTC))
        try:
            value, _ = bindings.queue_message(message)
        except Exception as exc:
            observe.failure(log, "queue.metadata_unreadable", exc, function=spec.name)
            return
        await self._invoker.attempt(spec, value)

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
