"""Runs functions: `async def` on the one loop, `def` in the worker's thread pool, and counts what runs."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
import os
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from onboarding import observe
from onboarding.devhost import bindings
from onboarding.devhost.model import FunctionSpec
from onboarding.errors import ConfigurationError

log = logging.getLogger(__name__)


def thread_count() -> int:
    """PYTHON_THREADPOOL_THREAD_COUNT, else min(32, cores + 4), as the Python worker does."""
    text = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "").strip()
    if not text:
        return min(32, (os.cpu_count() or 1) + 4)
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 1024:
        raise ConfigurationError("PYTHON_THREADPOOL_THREAD_COUNT must be a whole number from 1 to 1024.")
    return int(text)


@functools.cache
def _takes_context(call: Callable[..., Any]) -> bool:
    return "context" in inspect.signature(call).parameters


class Invoker:
    """Calls user functions. Never lets their exceptions pass unlogged."""

    def __init__(self, app: Path) -> None:
        self._directory = str(app.resolve().parent)
        self._pool = ThreadPoolExecutor(thread_count(), thread_name_prefix="function")
        #: Names of the functions that run now, one entry for each run.
        self.running: list[str] = []
        #: Runs started since the host came up, by function name; settle compares two readings.
        self.runs: Counter[str] = Counter()

    @property
    def started(self) -> int:
        """Runs of all functions since the host came up."""
        return self.runs.total()

    async def call(self, spec: FunctionSpec, value: Any) -> Any:
        """Run once and return its result. What the function raises passes through."""
        arguments: dict[str, Any] = {spec.argument: value}
        if spec.argument != "context" and _takes_context(spec.call):
            arguments["context"] = bindings.Context(uuid.uuid4().hex, spec.name, self._directory)
        self.runs[spec.name] += 1
        self.running.append(spec.name)
        try:
            if inspect.iscoroutinefunction(spec.call):
                return await spec.call(**arguments)
            run = functools.partial(contextvars.copy_context().run, spec.call, **arguments)
            result = await asyncio.get_running_loop().run_in_executor(self._pool, run)
            if inspect.iscoroutine(result):
                # A decorator that is not async hides an async function from the worker: it fails there too.
                result.close()
            return result
        finally:
            self.running.remove(spec.name)

    async def attempt(self, spec: FunctionSpec, value: Any) -> bool:
        """Run a function that returns nothing. False (and a log line) if it raised or returned something."""
        try:
            result = await self.call(spec, value)
            if result is not None:
                raise TypeError("a function without a $return binding returned a value")
        except Exception as exc:
            observe.failure(log, "function.failed", exc, function=spec.name)
            return False
        return True

    def close(self) -> None:
        """Take no more work. Threads that still run are left alone: Azure kills them as well."""
        self._pool.shutdown(wait=False, cancel_futures=True)
