"""Simulator and service as child processes, on one machine, with a fresh store."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onboarding.errors import ConfigurationError

EXAMPLE = Path("local.settings.example.json")
#: Sources that every local service offers.
SOURCES = ("standard-webhooks", "greenhouse")


def secret_name(source: str) -> str:
    """The environment name of a source's secret."""
    return f"ONBOARDING_HR_{source.upper().replace('-', '_')}_SECRET"


def example_values() -> dict[str, str]:
    """`Values` of local.settings.example.json."""
    values: dict[str, str] = json.loads(EXAMPLE.read_text(encoding="utf-8"))["Values"]
    return values


@dataclass(slots=True)
class Pair:
    """The two running processes and how to reach them."""

    service: str
    simulator: str
    settings: dict[str, str]
    folder: Path
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def secrets(self) -> dict[str, str]:
        """source → the secret its deliveries are signed with."""
        return {source: self.settings[secret_name(source)] for source in SOURCES}

    def describe(self) -> dict[str, Any]:
        """What `build/serve.json` holds."""
        sources = {
            source: {"url": f"{self.service}/api/hr/{source}", "secret": secret}
            for source, secret in self.secrets().items()
        }
        return {
            "service": self.service,
            "simulator": self.simulator,
            "sources": sources,
            "settings": self.settings,
        }

    def stop(self) -> None:
        """End both; the store survives a kill at any moment, so there is nothing to wait for."""
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def died(self) -> int | None:
        """Exit code of the first child that ended, else None."""
        return next((code for child in self.children if (code := child.poll()) is not None), None)


def start(folder: Path, *, port: int, sim_port: int, keep: bool, seed: int | None, logs: bool) -> Pair:
    """Start simulator and service and wait until both answer. `logs`: to files in `folder`, else inherited."""
    for wanted, name in ((port, "PORT"), (sim_port, "SIM_PORT")):
        _refuse_taken(wanted, name)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    simulator, service = f"http://127.0.0.1:{sim_port}", f"http://127.0.0.1:{port}"
    settings = {
        **{name: value for name, value in example_values().items() if name.startswith("ONBOARDING_")},
        **{name: value for name, value in os.environ.items() if name.startswith("ONBOARDING_")},
        "ONBOARDING_STORE": "embedded",
        "ONBOARDING_STORE_PATH": str((folder / "onboarding.db").resolve()),
        "ONBOARDING_GRAPH": "simulated",
        "ONBOARDING_GRAPH_BASE_URL": simulator,
        "ONBOARDING_CLOCK": "simulator",
    }
    pair = Pair(service, simulator, settings, folder)
    env = {**os.environ, **settings}
    seeded = ["--seed", str(seed)] if seed is not None else []
    try:
        simulated = [sys.executable, "-m", "onboarding.simulator", "--port", str(sim_port), *seeded]
        pair.children.append(_child(simulated, env, folder / "simulator.log" if logs else None))
        wait_for(f"{simulator}/_control/clock", pair)
        hosted = [sys.executable, "-m", "onboarding.devhost", "--port", str(port)]
        pair.children.append(_child(hosted, env, folder / "service.log" if logs else None))
        wait_for(f"{service}/api/health", pair)
    except BaseException:
        pair.stop()
        raise
    return pair


def _refuse_taken(port: int, name: str) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ConfigurationError(f"Port {port} is in use: stop what runs there, or set {name}.")


def _child(command: list[str], env: dict[str, str], log: Path | None) -> subprocess.Popen[bytes]:
    if log is None:
        return subprocess.Popen(command, env=env)
    with log.open("ab") as file:
        return subprocess.Popen(command, env=env, stdout=file, stderr=subprocess.STDOUT)


def wait_for(url: str, pair: Pair, seconds: float = 60.0) -> None:
    """Until `url` answers 200. ConfigurationError when a child ended or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (code := pair.died()) is not None:
            raise ConfigurationError(f"A process ended with exit code {code}: see the logs in {pair.folder}.")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback, made above
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ConfigurationError(f"Nothing answers within {seconds:.0f} s: see the logs in {pair.folder}.")
