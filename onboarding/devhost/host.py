"""The development host: checks, routes, listeners and timers of one app, and the control routes.

    POST /_dev/settle {"timeout_s": 30}    run what is due by now, drain the queues, then answer
    POST /admin/functions/{name}           run a timer or queue function by hand, as the real host
    GET  /admin/host/status

Nothing here is deployed. It gives every caller a role, so it listens on the loopback interface only, answers
only requests that name it so (a page in the developer's browser cannot reach it through a name of its own),
and refuses to run in Azure.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from urllib.parse import urlsplit

from aiohttp import web

from onboarding import observe
from onboarding.devhost import ncrontab
from onboarding.devhost.clock import HostClock
from onboarding.devhost.config import HostConfig, Options
from onboarding.devhost.http_side import HttpSide, has_key
from onboarding.devhost.invoke import Invoker
from onboarding.devhost.loading import resolve
from onboarding.devhost.manual import ManualRuns
from onboarding.devhost.model import HTTP, QUEUE, TIMER, FunctionSpec
from onboarding.devhost.queues import QueueListener
from onboarding.devhost.settle import Settler
from onboarding.devhost.timers import Timer, TimerLock
from onboarding.errors import ConfigurationError, OnboardingError, Unavailable
from onboarding.ports import QueueHost

log = logging.getLogger(__name__)

#: The platform's own limit of a request body (functions service limits).
MAX_BODY = 210 * 1024 * 1024
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(name: str) -> bool:
    """Is this host name or address the machine itself?"""
    name = name.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class DevHost:
    """Serves the functions that passed the checks. Use as `async with`; `url` is set once it listens.

    `timer_lock` decides between several hosts of one store which of them runs the timers (None: there is only this
    one); `release` closes what was opened for this host, at its end.
    """

    def __init__(
        self,
        specs: Sequence[FunctionSpec],
        config: HostConfig,
        options: Options,
        *,
        clock: HostClock,
        queues: QueueHost | None,
        settings: Mapping[str, str],
        timer_lock: TimerLock | None = None,
        release: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        if not is_loopback(options.host):
            raise ConfigurationError(
                f"The development host listens on the loopback interface only, not {options.host}."
            )
        self.url = ""
        self._options, self._clock = options, clock
        self._invoker = Invoker(options.app)
        self._http = HttpSide(
            [s for s in specs if s.trigger == HTTP], config.route_prefix, self._invoker, options
        )
        self.timers = [
            Timer(s, ncrontab.parse(resolve(s.schedule, settings)), clock, self._invoker)
            for s in specs
            if s.trigger == TIMER
        ]
        self.listeners = []
        for spec in (s for s in specs if s.trigger == QUEUE):
            if queues is None:
                raise ConfigurationError("The app has queue triggers, and no queue to poll was given.")
            name = resolve(spec.queue, settings).lower()
            self.listeners.append(QueueListener(spec, name, queues, self._invoker, config, options))
        self._manual = ManualRuns(specs, self.timers, self._invoker)
        self._settler = Settler(
            self.timers, self.listeners, queues, clock, self._invoker, lambda: self._manual.busy, timer_lock
        )
        self._release = release
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> DevHost:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, then poll. OSError when the port is taken."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_post("/_dev/settle", self._settle)
        app.router.add_post("/admin/functions/{name}", self._admin_run)
        app.router.add_get("/admin/host/status", self._status, allow_head=False)
        app.router.add_route("*", "/{path:.*}", self._http.handle)
        # Signatures are made over the bytes as sent: a compressed body stays compressed, as in Azure.
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=0.5)
        await self._runner.setup()
        if self.timers:
            # Before anybody can know that we listen, and move the clock. If it cannot be read yet, the
            # background tick says so and starts the schedules later.
            with contextlib.suppress(Unavailable):
                await self._settler.look()
        await web.TCPSite(self._runner, self._options.host, self._options.port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._tasks = [asyncio.create_task(listener.run()) for listener in self.listeners]
        if self.timers:
            self._tasks.append(asyncio.create_task(self._tick()))

    async def stop(self) -> None:
        """Stop polling and listening; what runs is not waited for (a real host gives no signal either)."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        self._manual.cancel()
        self._settler.cancel()
        for listener in self.listeners:
            listener.cancel()
        # One turn of the loop, so that what was cancelled ends before the loop does.
        await asyncio.sleep(0)
        self._invoker.close()
        await self._clock.close()
        if self._release is not None:
            await self._release()

    @property
    def busy(self) -> bool:
        """Does any function run now?"""
        return bool(self._invoker.running)

    async def _tick(self) -> None:
        reachable = True
        while True:
            try:
                await self._settler.background()
                reachable = True
            except OnboardingError as exc:
                if reachable:
                    observe.failure(log, "timers.clock_unreachable", exc)
                reachable = False
            except Exception as exc:
                observe.failure(log, "timers.tick_failed", exc)
            await asyncio.sleep(self._options.tick_seconds)

    # --- control routes ----------------------------------------------------------------------------------

    async def _settle(self, request: web.Request) -> web.Response:
        try:
            data = await request.json() if request.can_read_body else {}
            timeout = float(data.get("timeout_s", 30))
        except (ValueError, TypeError, AttributeError):
            return web.json_response({"error": 'The body must be {"timeout_s": seconds}.'}, status=400)
        if not 0 <= timeout <= 3600:
            return web.json_response({"error": "timeout_s must be from 0 to 3600."}, status=400)
        report = await self._settler.settle(timeout)
        return web.json_response(report, status=200 if report["settled"] else 504)

    async def _admin_run(self, request: web.Request) -> web.Response:
        if not self._may_administer(request):
            return web.Response(status=401)
        try:
            data = json.loads(await request.read())
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict) or not isinstance(data.get("input", ""), str | None):
            return web.json_response({"error": 'The body must be {} or {"input": "..."}.'}, status=400)
        return web.Response(status=self._manual.start(request.match_info["name"], data.get("input") or ""))

    async def _status(self, request: web.Request) -> web.Response:
        if not self._may_administer(request):
            return web.Response(status=401)
        names = sorted({timer.spec.name for timer in self.timers} | {r.spec.name for r in self._http.routes})
        names += [listener.spec.name for listener in self.listeners]
        return web.json_response({"id": "development-host", "state": "Running", "functions": names})

    def _may_administer(self, request: web.Request) -> bool:
        key = request.headers.get("x-functions-key") or request.query.get("code")
        return not self._options.enforce_keys or has_key(self._options, key, ("master",))

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Only this machine, by its own name; header bytes that are not UTF-8 are a 400, as with Kestrel."""
        if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
            return web.Response(status=421, text="This development host answers on localhost only.\n")
        origin = request.headers.get("Origin")
        control = request.path.startswith(("/_dev/", "/admin/"))
        if control and origin and not is_loopback(urlsplit(origin).hostname or ""):
            return web.Response(status=403, text="Not for pages of other sites.\n")
        for name, value in request.headers.items():
            if any("\ud800" <= letter <= "\udfff" for letter in name + value):
                return web.Response(status=400)
        return await handler(request)
