"""`serve --store azure`: the same service over Azurite, which comes and goes with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.cli.azurite import SERVICES, Emulator
from onboarding.errors import ConfigurationError
from onboarding.intake import catalog, signing
from onboarding.settings import Secret, StorageSettings
from tests.support.node import ROOT


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, so that build/ of the developer is left alone."""
    if not (ROOT / "node_modules/azurite").is_dir():
        pytest.fail("Azurite is not installed: `make tools` does it (so does `make test`).", pytrace=False)
    for name in ("onboarding", "function_app.py", "host.json", "local.settings.example.json", "node_modules"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def env() -> dict[str, str]:
    port, sim_port, *storage = free_ports(5)
    endpoints = "".join(
        f"{name}Endpoint=http://127.0.0.1:{each}/local;" for name, each in zip(SERVICES, storage, strict=True)
    )
    return {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "SIM_PORT": str(sim_port),
        "KEEP": "1",
        "AzureWebJobsStorage": f"AccountName=local;AccountKey=a2V5;{endpoints}",
    }


@contextlib.contextmanager
def serving(checkout: Path, env: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yields build/serve.json of a service that is ready, and ends it in order."""
    command = [sys.executable, "-m", "onboarding", "serve", "--store", "azure"]
    with (checkout / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=checkout, env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{env['PORT']}/api/health").status_code == 200:
                    break
            assert process.poll() is None, (checkout / "serve.log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield json.loads((checkout / "build/serve.json").read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def hire(found: dict[str, Any]) -> None:
    source = found["sources"]["standard-webhooks"]
    now = datetime.fromisoformat(httpx.get(f"{found['simulator']}/_control/clock").json()["now"])
    body = {
        "schema_version": "1.0",
        "event_type": "hire.created",
        "occurred_at": now.isoformat(),
        "employee_id": "4711",
        "given_name": "Zoë",
        "family_name": "O'Neill",
        "work_country": "Ireland",
        "start_date": (now + timedelta(days=5)).date().isoformat(),
    }
    data = json.dumps(body).encode()
    adapter = catalog.adapters()["standard-webhooks"]
    headers = signing.sign(adapter, source["secret"], data, now=now, message_id="msg_1")
    assert httpx.post(source["url"], content=data, headers=headers).status_code == 202
    settled = httpx.post(f"{found['service']}/_dev/settle", json={"timeout_s": 60}, timeout=90)
    assert settled.json()["settled"], settled.text


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.xdist_group("demo")
def test_a_hire_becomes_an_account_and_is_there_after_a_restart(checkout: Path, env: dict[str, str]):
    with serving(checkout, env) as found:
        hire(found)
        (user,) = httpx.get(f"{found['simulator']}/_control/users").json()["items"]
        assert user["displayName"] == "Zoë O'Neill"
        (case,) = httpx.get(f"{found['service']}/api/cases?employee_id=4711").json()["items"]
        # The other verbs see the same store.
        shown = subprocess.run(
            [sys.executable, "-m", "onboarding", "show", "4711", "--json"],
            cwd=checkout, env={"PATH": env["PATH"]}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert json.loads(shown.stdout)["case_id"] == case["case_id"]
        assert "nclosed" not in shown.stderr
    storage = StorageSettings(connection_string=Secret(env["AzureWebJobsStorage"]))
    assert Emulator.of(storage).listening() == 0, "Azurite outlived the service"
    with serving(checkout, env) as found:
        (again,) = httpx.get(f"{found['service']}/api/cases?employee_id=4711").json()["items"]
        assert again == case


@pytest.mark.parametrize(
    "whole",
    [
        "AccountName=real;AccountKey=a2V5;EndpointSuffix=core.windows.net",
        "AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:2/a;"
        "TableEndpoint=https://real.table.core.windows.net",
        "nonsense",
    ],
)
def test_an_account_elsewhere_is_refused(whole: str):
    """A pretend tenant would work on real cases."""
    with pytest.raises(ConfigurationError, match="AzureWebJobsStorage") as raised:
        Emulator.of(StorageSettings(connection_string=Secret(whole)))
    assert "real" not in raised.value.message
