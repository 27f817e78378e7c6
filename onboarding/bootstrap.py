"""Settings → App: the one place where ports meet adapters. A plain function; nothing connects here.

Heavy modules are imported by the adapters on first use: a webhook pays for the store and never for msgraph.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import secrets
import string
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onboarding import dry_run, observe
from onboarding.domain.policy import Policy
from onboarding.domain.policy_file import load
from onboarding.errors import ConfigurationError, Unavailable
from onboarding.ports import Clock, QueueHost, Services
from onboarding.safeguards.circuit import Circuit
from onboarding.safeguards.guard import Guarded
from onboarding.safeguards.holders import HoldersKept
from onboarding.safeguards.limits import Limits
from onboarding.settings import Settings

_ALPHABET = string.ascii_lowercase + string.digits
_PASSWORD_SYMBOLS = "!#$%*+-=?@_"  # noqa: S105 - an alphabet


log = logging.getLogger(__name__)

Wall = Callable[[], datetime]


def system_time() -> datetime:
    """The machine's time, aware UTC."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock."""

    async def now(self) -> datetime:
        return system_time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SimulatorClock:
    """The simulator's clock, asked each time: it may have been moved a moment ago."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/_control/clock"
        self._session: Any = None

    async def now(self) -> datetime:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        try:
            async with self._session.get(self._url) as answer:
                answer.raise_for_status()
                said = await answer.json()
            return datetime.fromisoformat(said["now"]).astimezone(UTC)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as exc:
            raise Unavailable("The simulator's clock does not answer: is the simulator running?") from exc

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


class SystemEntropy:
    """Ids and randomness from the operating system."""

    def case_id(self) -> str:
        return "c_" + self.token(20)

    def operation_id(self) -> str:
        return "o_" + self.token(20)

    def token(self, length: int) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(length))

    def password(self) -> str:
        """32 characters with all four classes (Entra: 8..256 characters, three of four classes)."""
        classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _PASSWORD_SYMBOLS)
        chars = [secrets.choice(chosen) for chosen in classes]
        chars += [secrets.choice("".join(classes)) for _ in range(28)]
        secrets.SystemRandom().shuffle(chars)
        return "".join(chars)

    def fraction(self) -> float:
        return secrets.randbelow(1 << 30) / (1 << 30)


@dataclass(frozen=True, slots=True)
class App:
    """One process's services, what only a host needs, and how to let go of them."""

    services: Services
    queue_host: QueueHost
    store: Any
    graph: Any
    hr: Any

    async def aclose(self) -> None:
        """Close connections; for tests and the CLI (the Functions host gives no shutdown signal)."""
        await self.graph.aclose()
        await self.hr.aclose()
        clock = self.services.clock
        if isinstance(clock, SimulatorClock):
            await clock.aclose()
        await self.store.aclose()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Any = None,
    wall: Wall = system_time,
    graph_options: Mapping[str, Any] | None = None,
) -> App:
    """Put the parts together. Raises ConfigurationError for what cannot work here.

    `wall` is the host's own clock: it judges queue leases of the embedded store, never what is due.
    `graph_options` are those of `GraphConnection`, for tests and benchmarks (`pace`, `transport` and others).
    """
    from onboarding.followup.messages import CatalogueMessages
    from onboarding.graph import open_graph
    from onboarding.hr_api import open_hr
    from onboarding.intake import catalog
    from onboarding.storage.budgets import StoredBudgets

    for source, text in catalog.problems(settings).items():  # its door answers 503; the others work
        observe.event(log, "source.not_configured", level=logging.WARNING, source=source, what=text)
    policy = policy_of(settings)
    clock = clock or _clock(settings)
    entropy = entropy or SystemEntropy()
    store = _store(settings, wall)
    graph = open_graph(
        settings,
        sleep=clock.sleep,
        fraction=entropy.fraction,
        can_draft=settings.mail_drafts,
        **{"budgets": StoredBudgets(store.cases, clock), **(graph_options or {})},
    )
    hr = open_hr(settings, sleep=clock.sleep, fraction=entropy.fraction)
    directory, security, mailer = _guarded(graph, store, clock, policy)
    if settings.mode == "dry_run":
        directory = dry_run.DryRun(directory, dry_run.DIRECTORY_WRITES)
        security = dry_run.DryRun(security, dry_run.SECURITY_WRITES)
        mailer = dry_run.DryRun(mailer, dry_run.MAILER_WRITES)
    services = Services(
        settings=settings,
        policy=policy,
        clock=clock,
        entropy=entropy,
        cases=store.cases,
        deliveries=store.deliveries,
        usage=store.usage,
        queue=store.queue,
        directory=HoldersKept(directory, clock),
        security=security,
        mailer=mailer,
        messages=CatalogueMessages(settings, policy),
        hr=hr,
    )
    return App(services, store.queue_host, store, graph, hr)


def _guarded(graph: Any, store: Any, clock: Clock, policy: Policy) -> tuple[Any, Any, Any]:
    """Directory, SecurityInfo and Mailer behind the limits and the circuits of this process."""
    limits = Limits(store.cases, clock, policy.limits)

    def front(api: str, adapter: Any, writes: Collection[str]) -> Guarded:
        circuit = Circuit(api, store.cases, clock, time.monotonic)
        return Guarded(adapter, circuit, limits, store.secure, writes)

    return (
        front("directory", graph.directory, dry_run.DIRECTORY_WRITES),
        front("security", graph.security, dry_run.SECURITY_WRITES),
        front("mail", graph.mailer, dry_run.MAILER_WRITES),
    )


def policy_of(settings: Settings) -> Policy:
    """The policy file, or the built-in policy."""
    if settings.policy_file is None:
        return Policy()
    try:
        return load(Path(settings.policy_file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(
            "ONBOARDING_POLICY_FILE names a file that cannot be read: it must be there, and be UTF-8 text."
        ) from exc


def _clock(settings: Settings) -> Clock:
    if settings.clock == "simulator":
        if settings.graph != "simulated":
            raise ConfigurationError("ONBOARDING_CLOCK=simulator needs ONBOARDING_GRAPH=simulated.")
        return SimulatorClock(settings.graph_base_url)
    return SystemClock()


def _store(settings: Settings, wall: Wall = system_time) -> Any:
    if settings.store == "azure":
        from onboarding.storage.azure import open_azure

        return open_azure(settings.storage)
    from onboarding.storage.embedded import open_embedded

    return open_embedded(settings.store_path, wall)


_app: App | None = None


def app() -> App:
    """This process's App, made on first use from the environment."""
    global _app
    if _app is None:
        _app = build(Settings.from_env())
    return _app


async def close() -> None:
    """Let go of this process's App, if there is one; for a host that ends in order."""
    global _app
    if _app is not None:
        found, _app = _app, None
        await found.aclose()


@dataclass(frozen=True, slots=True)
class HostSide:
    """What only a host on one machine needs of the store. `timer_lock` None: there is one host only."""

    queues: QueueHost
    timer_lock: Any
    store: Any

    async def aclose(self) -> None:
        """Give the timers back and close connections."""
        if self.timer_lock is not None:
            await self.timer_lock.close()
        await self.store.aclose()


def host_side(settings: Settings) -> HostSide:
    """The receiving side of the queues, for a host on one machine."""
    store = _store(settings)
    lock = None
    if settings.store == "azure":
        from onboarding.storage.azure.timer_lock import BlobTimerLock

        lock = BlobTimerLock(store.connection, f"{platform.node()}/{os.getpid()}", _gone)
    return HostSide(store.queue_host, lock, store)


def _gone(who: str) -> bool:
    """A process of this machine that runs no more. One that has the number of another is waited for."""
    machine, _, number = who.rpartition("/")
    if os.name != "posix" or machine != platform.node() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
