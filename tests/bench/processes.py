"""Child processes of the rows: simulator, page server, development host, and programs that print one JSON line."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bench"
_START_SECONDS = 60.0


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything of ours, and `settings` over it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
    return {**kept, **(settings or {})}


def report_of(module: str, *arguments: object, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run `python -m module arguments` and return the JSON object on the last line it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@contextlib.contextmanager
def serving(
    name: str, command: list[str], url: str, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A child process that answers 200 at `url`; its output goes to `build/bench/<name>.log`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}-{os.getpid()}.log"
    with path.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(child, url, path)
            yield url
        finally:
            child.terminate()
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _wait(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise RuntimeError(f"a child process ended with {child.returncode}: see {log}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {url}: see {log}")


@contextlib.contextmanager
def simulator(*, start: str | None = None) -> Iterator[str]:
    """The pretend tenant in a process of its own; yields its base URL."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = ["-m", "onboarding.simulator", "--port", str(port), *(["--start", start] if start else [])]
    with serving("simulator", command, f"{base}/_control/clock"):
        yield base


@contextlib.contextmanager
def report_pages() -> Iterator[str]:
    """The server of ready-made report pages; `{url}/{rows}` is the root of a tenant with so many people."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with serving("pages", ["-m", "tests.bench.children.report_pages", str(port)], f"{base}/ready"):
        yield base


@contextlib.contextmanager
def devhost(app: str, settings: Mapping[str, str]) -> Iterator[str]:
    """The development host with an app file; yields its base URL."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = ["-m", "onboarding.devhost", "--app", app, "--port", str(port)]
    with serving(f"devhost-{port}", command, f"{base}/admin/host/status", settings):
        yield base
