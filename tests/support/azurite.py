"""Azurite, the emulator of Azure Storage: one for a whole run of the tests, and private ones to kill.

The shared one keeps everything in memory and is started by the first test that asks, in whichever process of the
run; every test gets an account of its own, empty and named nowhere else, so nothing has to be cleaned up. It ends
with the run, however that ends: its standard input is a pipe that the run holds open (`leave_with_parent.cjs`).

Measured on two cores (one Azurite for all three services, as here; a process for each gives no more, since the
clients need more CPU than it does): starts in 0.6 s; with the SDKs, 900 table requests, 700 sends or 600 uploads
a second for one process, and 1,100 table requests for two.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.cli.azurite import FIXED, SCRIPT, SERVICES, find_node
from onboarding.settings import Secret, StorageSettings
from tests.support.node import ROOT

_SCRIPT = ROOT / SCRIPT
_PRELOAD = Path(__file__).with_name("leave_with_parent.cjs")
#: The folder of this run, in the environment so that workers and child processes of tests find it.
VARIABLE = "TEST_AZURITE"
FOLDER = ROOT / "build" / "test-azurite"
#: Accounts of the shared one: as many as tests of a run may ask for. (An environment string holds 128 KiB.)
ACCOUNTS = 6000
#: Short, since it stands in that string for every account.
_KEY = base64.b64encode(b"key").decode()
_LISTENING = re.compile(
    r"Azurite (Blob|Queue|Table) service is successfully listening at http://[\d.]+:(\d+)"
)
_OLD = 3600

Ports = dict[str, int]


class Azurite:
    """One process. `folder` gets its log; its data too if it is `persistent`, else they end with it.

    Written data are on the disk after `stop`. A killed one loses up to five seconds of what it has answered (its
    databases are written at intervals), which the real service never does: to test a restart, stop it.
    """

    def __init__(self, folder: Path, *, persistent: bool, accounts: tuple[str, ...] = ("devstoreaccount1",)):
        self.folder, self.persistent, self.accounts = folder, persistent, accounts
        self.ports: Ports = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None

    def start(self, lifeline: int | None = None) -> None:
        """Return once it listens; a second start takes the ports of the first. `lifeline` is the reading end of a
        pipe: when the other end closes, Azurite ends. By default it ends with this process.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "azurite.log"
        if lifeline is None:
            lifeline, self._lifeline = os.pipe()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command(),
                env={**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{name}:{_KEY}" for name in self.accounts)},
                cwd=self.folder,
                stdin=lifeline,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the run of the tests, which then ends it
            )
        os.close(lifeline)
        deadline = time.monotonic() + 30
        while len(found := _listening(log)) < len(SERVICES):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"Azurite did not start:\n{log.read_text()[-2000:]}", pytrace=False)
            time.sleep(0.01)
        self.ports = found

    def stop(self) -> None:
        """End it as an operating system does, data written."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def leave(self) -> None:
        """Its lifeline ends it: this process need not wait for it."""
        if self._process is not None:
            self._process.returncode = 0  # what Popen takes for a process that has been waited for
            self._process = None

    def connection_string(self, account: str | None = None) -> str:
        """What AzureWebJobsStorage would be."""
        return _connection_string(self.ports, account or self.accounts[0])

    def _command(self) -> list[str]:
        node = find_node()
        if node is None or not _SCRIPT.is_file():
            pytest.fail(
                "Azurite is not installed: `make tools` does it (so does `make test`).", pytrace=False
            )
        ports = [
            text for name in SERVICES for text in (f"--{name.lower()}Port", str(self.ports.get(name, 0)))
        ]
        data = ["--location", str(self.folder)] if self.persistent else ["--inMemoryPersistence"]
        return [node.node, "--require", str(_PRELOAD), str(_SCRIPT), *ports, *data, *FIXED]

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None


def _listening(log: Path) -> Ports:
    return {name: int(port) for name, port in _LISTENING.findall(log.read_text())}


def _connection_string(ports: Ports, account: str) -> str:
    endpoints = "".join(f"{name}Endpoint=http://127.0.0.1:{ports[name]}/{account};" for name in SERVICES)
    return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={_KEY};{endpoints}"


# --- the shared one --------------------------------------------------------------------------------------


class Shared:
    """The Azurite of this run, seen from any of its processes, a test's children included."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports: Ports = {}

    def account(self) -> str:
        """The name of an account that no other test has."""
        with _locked(self._folder):
            self._start()
            counter = self._folder / "accounts"
            n = int(counter.read_text()) if counter.exists() else 0
            counter.write_text(str(n + 1))
        if n >= ACCOUNTS:
            pytest.fail(f"more than {ACCOUNTS} tests asked for an account: raise ACCOUNTS", pytrace=False)
        return _name(n)

    def connection_string(self, account: str) -> str:
        """What AzureWebJobsStorage would be for an account that `account` gave."""
        if not self._ports:
            self._ports = json.loads((self._folder / "ports.json").read_text())
        return _connection_string(self._ports, account)

    def settings(self, account: str) -> StorageSettings:
        """The settings of the store for this account."""
        return StorageSettings(connection_string=Secret(self.connection_string(account)))

    def _start(self) -> None:
        ports = self._folder / "ports.json"
        if ports.exists():
            return
        names = tuple(_name(n) for n in range(ACCOUNTS))
        made = Azurite(self._folder, persistent=False, accounts=names)
        # Blocks until somebody holds the other end, which `pytest_configure` does.
        made.start(os.open(self._folder / "lifeline", os.O_RDONLY))
        ports.write_text(json.dumps(made.ports))
        made.leave()


def _name(n: int) -> str:
    return f"test{n:04d}"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@functools.cache
def shared() -> Shared:
    """The Azurite of this run; it starts with the first account that is asked for."""
    return Shared(Path(os.environ[VARIABLE]))


@pytest.fixture
def azurite() -> Shared:
    """The Azurite of this run: `azurite.account()`, `azurite.connection_string(account)`."""
    return shared()


_LIFELINE = pytest.StashKey[tuple[int, Path]]()


def pytest_configure(config: pytest.Config) -> None:
    """On the controller, before any worker: the folder of this run, and the pipe that ends with it."""
    # As in every process of ours (observe.setup): a line with headers for each request is half of what one costs.
    logging.getLogger("azure").setLevel(logging.WARNING)
    if hasattr(config, "workerinput"):
        shared()  # now: some tests have an environment of their own
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        if time.time() - old.stat().st_mtime > _OLD:
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=FOLDER))
    os.mkfifo(folder / "lifeline")
    # For reading too, so that it opens at once.
    config.stash[_LIFELINE] = os.open(folder / "lifeline", os.O_RDWR), folder
    os.environ[VARIABLE] = str(folder)
    shared()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Azurite's standard input ends here."""
    lifeline, folder = config.stash.get(_LIFELINE, (None, None))
    if lifeline is not None and folder is not None:
        os.close(lifeline)
        shutil.rmtree(folder, ignore_errors=True)
