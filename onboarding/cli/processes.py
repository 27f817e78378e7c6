"""Simulator and service as child processes, on one machine, with a fresh store.

    pair = prepare(folder, env, keep=False)     # ports free? folder fresh? settings; starts nothing
    with interrupts(), pair:                    # whatever happens, both children end
        pair.start()

SIGINT, SIGTERM and SIGHUP all mean "stop": they raise KeyboardInterrupt, but never between starting a child and
noting it, and not while the children are being ended. The children stay in our process group, so whoever kills
the group gets all of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from onboarding.cli.azurite import Emulator
from onboarding.errors import ConfigurationError
from onboarding.intake import catalog
from onboarding.settings import Settings

EXAMPLE = Path("local.settings.example.json")
PORT, SIM_PORT = 7071, 7072
PREFIX = "ONBOARDING_"
STORAGE = "AzureWebJobsStorage"
LOOPBACK = "127.0.0.1"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: In a folder that we made, and may therefore empty.
MARK = ".made-by-onboarding"
#: The pretend tenant of a service that can be stopped and started again; beside the store, in the folder.
STATE = "simulator.state"
STORE_FILE = "onboarding.db"
#: Folders here are ours with or without the mark.
BUILD = Path("build")


def wants_kept() -> bool:
    """KEEP=1: go on with what is there."""
    return os.environ.get("KEEP") == "1"


def secret_name(source: str) -> str:
    """The environment name of a source's secret."""
    return f"{PREFIX}HR_{source.upper().replace('-', '_')}_SECRET"


def example_values() -> dict[str, str]:
    """`Values` of local.settings.example.json. ConfigurationError away from the root of the repository."""
    try:
        text = EXAMPLE.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise ConfigurationError(f"{EXAMPLE} is not here: run this in the root of the repository.") from exc
    values: dict[str, str] = json.loads(text)["Values"]
    return values


# --- signals ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Signals:
    held: bool = False
    pending: bool = False
    #: One came. What a handler raises is lost where Python ignores exceptions, as in a finaliser.
    came: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        if self.held:
            self.pending = True
        else:
            raise KeyboardInterrupt


_signals = _Signals()


@contextlib.contextmanager
def interrupts() -> Iterator[None]:
    """Within it, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt (also where a shell had them ignored)."""
    _signals.came = False
    before = {number: signal.signal(number, _signals) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def heed() -> None:
    """For loops: KeyboardInterrupt if a signal came whose exception got lost."""
    if _signals.came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _held() -> Iterator[None]:
    """Signals wait until the end of this block."""
    _signals.held, _signals.pending = True, False
    try:
        yield
    finally:
        _signals.held = False
    if _signals.pending:
        raise KeyboardInterrupt


# --- the two processes -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Pair:
    """Simulator and service: how to reach them, and their processes. A context that ends them."""

    service: str
    simulator: str
    #: Every ONBOARDING_* setting of the service, and that of its storage account.
    settings: dict[str, str]
    folder: Path
    #: The storage account of the azure store; None: the store is a file.
    emulator: Emulator | None = None
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()

    def secrets(self) -> dict[str, str]:
        """source → the secret its deliveries are signed with: whatever the example or the environment gives one."""
        configured = Settings.from_env(self.settings).sources.values()
        return {
            item.source: item.secret.reveal()
            for item in configured
            if item.secret and catalog.find(item.adapter)
        }

    def describe(self) -> dict[str, Any]:
        """What `build/serve.json` holds: `settings` and `pid` beyond the contract, for the other verbs."""
        sources = {
            source: {"url": f"{self.service}/api/hr/{source}", "secret": secret}
            for source, secret in self.secrets().items()
        }
        return {
            "service": self.service,
            "simulator": self.simulator,
            "sources": sources,
            "pid": os.getpid(),
            "children": [child.pid for child in self.children],
            "settings": self.settings,
        }

    def start(self, *, seed: int | None = None, logs: bool = False, kept: bool = False) -> None:
        """Start both and return when both answer. `logs`: to files in the folder, else inherited. `kept`: the
        tenant lives in a file of the folder and goes on from there, else in memory.

        ConfigurationError when one of them ends or nothing answers in time.
        """
        ports = [url.rpartition(":")[2] for url in (self.simulator, self.service)]
        seeded = ["--seed", str(seed)] if seed is not None else []
        domain = ["--domain", self.settings[f"{PREFIX}DOMAIN"]]
        state = ["--state", str(self.folder / STATE)] if kept else []
        self._start_emulator()
        simulated = ["onboarding.simulator", "--port", ports[0], *domain, *seeded, *state]
        self._child(simulated, self.folder / "simulator.log" if logs else None)
        self._wait_for(f"{self.simulator}/_control/clock")
        self._child(["onboarding.devhost", "--port", ports[1]], self.folder / "service.log" if logs else None)
        self._wait_for(f"{self.service}/api/health")

    def _start_emulator(self) -> None:
        """Azurite, unless one runs already where the settings say: then its data are as they are."""
        emulator = self.emulator
        if emulator is None or emulator.listening():
            return
        log = self.folder / "azurite.log"
        self._spawn(emulator.command(self.folder / "azurite"), emulator.environment, log)
        self._wait_until(lambda: emulator.listening() == len(emulator.ports))

    def stop(self) -> None:
        """End all; the store survives a kill at any moment, so there is nothing to wait for."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave one behind
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def died(self) -> int | None:
        """Exit code of the first child that ended, else None. For loops that wait: it heeds signals."""
        heed()
        return next((code for child in self.children if (code := child.poll()) is not None), None)

    def _child(self, module: list[str], log: Path | None) -> None:
        quiet = {
            name: f"{os.environ.get(name, '')},{LOOPBACK},localhost" for name in ("NO_PROXY", "no_proxy")
        }
        self._spawn([sys.executable, "-m", *module], {**quiet, **self.settings}, log)

    def _spawn(self, command: list[str], env: Mapping[str, str], log: Path | None) -> None:
        others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(log.open("ab")) if log else None
            stack.enter_context(_held())
            self.children.append(
                subprocess.Popen(command, env={**others, **env}, stdout=out, stderr=out and out.fileno())
            )

    def _wait_for(self, url: str) -> None:
        self._wait_until(lambda: answers(url))

    def _wait_until(self, there: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        where = f"see the logs in {self.folder}" if (self.folder / "simulator.log").exists() else "see above"
        while time.monotonic() < deadline:
            if (code := self.died()) is not None:
                raise ConfigurationError(f"A process ended with exit code {code}: {where}.")
            if there():
                return
            time.sleep(0.05)
        raise ConfigurationError(f"Nothing answers within {seconds:.0f} s: {where}.")


def answers(url: str) -> bool:
    """`url` (loopback) answers 200 now. Proxies of the environment are left aside."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


# --- before they start -----------------------------------------------------------------------------------


def prepare(
    folder: Path, exported: Mapping[str, str], *, keep: bool = False, store: str = "embedded"
) -> Pair:
    """Ports PORT and SIM_PORT of the environment are free, `folder` is fresh (`keep`: as it is), settings are
    those of the example with the ONBOARDING_* of `exported` on top; the `azure` store is the Azurite that
    AzureWebJobsStorage of `exported` names, by default the one at the usual ports. Starts nothing.

    Raises ConfigurationError that says what to set.
    """
    port, sim_port = _port("PORT", PORT), _port("SIM_PORT", SIM_PORT)
    if port == sim_port:
        raise ConfigurationError(f"PORT and SIM_PORT are both {port}: give them different ones.")
    _refuse_taken(port, "PORT")
    _refuse_taken(sim_port, "SIM_PORT")
    if not keep:
        _empty(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).touch()
    simulator, service = f"http://{LOOPBACK}:{sim_port}", f"http://{LOOPBACK}:{port}"
    settings = {
        **{name: value for name, value in example_values().items() if name.startswith(PREFIX)},
        **{name: value for name, value in exported.items() if name.startswith(PREFIX)},
        f"{PREFIX}STORE": store,
        f"{PREFIX}STORE_PATH": str((folder / STORE_FILE).resolve()),
        f"{PREFIX}GRAPH": "simulated",
        f"{PREFIX}GRAPH_BASE_URL": simulator,
        f"{PREFIX}CLOCK": "simulator",
        f"{PREFIX}PUBLIC_URL": service,
    }
    emulator = None
    if store == "azure":
        settings[STORAGE] = exported.get(STORAGE, "").strip() or "UseDevelopmentStorage=true"
        emulator = Emulator.of(Settings.from_env(settings).storage)
    return Pair(service, simulator, settings, folder, emulator)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise ConfigurationError(f"{name} must be a number from 1 to 65535.")
    return int(text)


def _refuse_taken(port: int, name: str) -> None:
    with socket.socket() as probe:
        # As our own servers do: a connection that is still closing does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as exc:
            raise ConfigurationError(
                f"Port {port} cannot be used ({exc.strerror}): stop what runs there, or set {name} to another, "
                "for example PORT=7171 SIM_PORT=7172."
            ) from exc


def _empty(folder: Path) -> None:
    """Remove what an earlier run left, and never a folder that is not ours."""
    try:
        if not folder.exists() or not any(folder.iterdir()):
            return
        if not (folder / MARK).exists() and folder.parent != BUILD:
            raise ConfigurationError(f"{folder} holds something else and is left alone: name another folder.")
        shutil.rmtree(folder)
    except OSError as exc:
        raise ConfigurationError(f"{folder} cannot be emptied: {exc.strerror}.") from exc
