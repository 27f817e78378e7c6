"""The simulator in a thread of its own, for tests and for tools that want it in-process."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from aiohttp import web

from onboarding.simulator.app import build
from onboarding.simulator.locks import refuse_in_azure, refuse_other_hosts
from onboarding.simulator.models.tenant import DEFAULT_DOMAIN, Tenant


class SimulatorThread:
    """`start()` returns once the port answers; `stop()` once it is closed. Port 0 takes a free one."""

    def __init__(self, tenant: Tenant, *, host: str = "127.0.0.1", port: int = 0) -> None:
        refuse_in_azure(os.environ)
        refuse_other_hosts(host)
        self.tenant = tenant
        self.host = host
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    @property
    def base_url(self) -> str:
        """Without a path: /v1.0, /_control and /vendors come after it."""
        return f"http://{self.host}:{self.port}"

    @property
    def graph_url(self) -> str:
        return f"{self.base_url}/v1.0"

    def start(self) -> SimulatorThread:
        """OSError when the port cannot be bound."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(build(self.tenant), access_log=None, shutdown_timeout=0.5)
        try:
            self._loop.run_until_complete(self._open(runner))
        except OSError as exc:
            self._failure = exc
        self._ready.set()
        if self._failure is None:
            self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _open(self, runner: web.AppRunner) -> None:
        await runner.setup()
        site = web.TCPSite(runner, self.host, self.port)
        await site.start()
        self.port = int(runner.addresses[0][1])


@contextmanager
def running_simulator(
    *,
    seed: int = 1,
    domain: str = DEFAULT_DOMAIN,
    start: datetime | None = None,
    port: int = 0,
) -> Iterator[SimulatorThread]:
    """A simulator on a free loopback port: `with running_simulator(seed=1) as sim: sim.base_url`."""
    thread = SimulatorThread(Tenant(seed=seed, domain=domain, start=start), port=port).start()
    try:
        yield thread
    finally:
        thread.stop()
