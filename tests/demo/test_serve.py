"""`make serve`: what a stranger's checks rely on (build/serve.json, secrets, KEEP, health, SIGTERM)."""

from __future__ import annotations

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

from onboarding.intake import catalog, signing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.xdist_group("demo")]

ROOT = Path(__file__).resolve().parents[2]
EXPORTED = "a-secret-that-somebody-exported"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, so that build/ of the developer is left alone."""
    for name in ("onboarding", "function_app.py", "host.json", "local.settings.example.json"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


class Serve:
    """One `python -m onboarding serve` in `checkout`."""

    def __init__(self, checkout: Path, **named: str) -> None:
        self.port, self.sim_port = free_port(), free_port()
        self.checkout = checkout
        self.env = {**os.environ, "PYTHONPATH": "", "ONBOARDING_HR_GREENHOUSE_SECRET": EXPORTED, **named}
        ports = {"PORT": str(self.port), "SIM_PORT": str(self.sim_port)}
        self.log = (checkout / "serve.log").open("ab")
        self.process = subprocess.Popen(
            self.command("serve"), cwd=checkout, env={**self.env, **ports}, stdout=self.log, stderr=self.log
        )
        self.http = httpx.Client(timeout=30)

    @staticmethod
    def command(*verb: str) -> list[str]:
        return [sys.executable, "-m", "onboarding", *verb]

    def ready(self) -> dict[str, Any]:
        """Wait for health alone, then read serve.json: there must be no moment between the two."""
        url, deadline = f"http://127.0.0.1:{self.port}/api/health", time.monotonic() + 40
        while True:
            assert self.process.poll() is None, (self.checkout / "serve.log").read_text()
            assert time.monotonic() < deadline
            try:
                if self.http.get(url).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.02)
        found: dict[str, Any] = json.loads((self.checkout / "build/serve.json").read_text())
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(20)
        self.http.close()
        self.log.close()
        return code

    def cli(self, *verb: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in self.env.items() if not name.startswith("ONBOARDING_")}
        return subprocess.run(
            self.command(*verb), cwd=self.checkout, env=env, capture_output=True, encoding="utf-8"
        )


@pytest.fixture
def serves() -> Iterator[list[Serve]]:
    started: list[Serve] = []
    yield started
    for serve in started:
        if serve.process.poll() is None:
            serve.process.send_signal(signal.SIGTERM)
            serve.process.wait(20)
        serve.http.close()
        serve.log.close()


def hire(serve: Serve, found: dict[str, Any]) -> str:
    """Post one signed hire; returns the delivery id."""
    source = found["sources"]["standard-webhooks"]
    now = datetime.fromisoformat(serve.http.get(f"{found['simulator']}/_control/clock").json()["now"])
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
    answer = serve.http.post(source["url"], content=data, headers=headers)
    assert answer.status_code == 202, answer.text
    settled = serve.http.post(f"{found['service']}/_dev/settle", json={"timeout_s": 30})
    assert settled.status_code == 200, settled.text
    return str(answer.json()["delivery_id"])


def kill(serve: Serve) -> None:
    """kill -9 the parent and both children."""
    left = Path(f"/proc/{serve.process.pid}/task/{serve.process.pid}/children").read_text().split()
    serve.stop(signal.SIGKILL)
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)


def test_serve_takes_a_delivery_makes_the_account_and_leaves_nothing_running(
    checkout: Path, serves: list[Serve]
) -> None:
    (checkout / "build").mkdir()
    (checkout / "build/serve.json").write_text('{"service": "http://127.0.0.1:9", "settings": {}}')
    serve = Serve(checkout)
    serves.append(serve)
    found = serve.ready()

    assert found["service"] == f"http://127.0.0.1:{serve.port}"
    assert found["simulator"] == f"http://127.0.0.1:{serve.sim_port}"
    example = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
    standard, greenhouse = found["sources"]["standard-webhooks"], found["sources"]["greenhouse"]
    assert standard == {
        "url": f"{found['service']}/api/hr/standard-webhooks",
        "secret": example["ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET"],
    }
    assert greenhouse == {"url": f"{found['service']}/api/hr/greenhouse", "secret": EXPORTED}

    hire(serve, found)
    users = serve.http.get(f"{found['simulator']}/_control/users").json()["items"]
    assert [u["userPrincipalName"] for u in users] == ["zoe.oneill@contoso.example"]
    listed = serve.cli("cases", "--json")
    assert [c["employee_id"] for c in json.loads(listed.stdout)["items"]] == ["4711"], listed.stderr

    second = serve.cli("serve")
    assert second.returncode == 5
    assert "runs already" in second.stderr

    assert serve.stop() == 0
    for port in (serve.port, serve.sim_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert not (checkout / "build/serve.json").exists()


def test_keep_keeps_the_data_and_without_it_the_folder_is_fresh(checkout: Path, serves: list[Serve]) -> None:
    serves.append(first := Serve(checkout))
    delivery = hire(first, first.ready())
    assert first.stop(signal.SIGINT) == 0
    for keep, expected in (("1", [delivery]), ("", [])):
        serves.append(again := Serve(checkout, KEEP=keep))
        found = again.ready()
        items = again.http.get(f"{found['service']}/api/deliveries").json()["items"]
        assert [item["delivery_id"] for item in items] == expected
        assert again.stop() == 0
    assert "it starts empty" not in (checkout / "serve.log").read_text()


def test_keep_with_nothing_there_says_that_it_starts_empty(checkout: Path, serves: list[Serve]) -> None:
    serves.append(first := Serve(checkout, KEEP="1"))
    first.ready()
    assert first.stop() == 0
    said = (checkout / "serve.log").read_text()
    assert "Nothing is left in build/serve to go on with: it starts empty." in said


def test_keep_keeps_the_tenant_and_its_clock_when_everything_is_killed(
    checkout: Path, serves: list[Serve]
) -> None:
    serves.append(first := Serve(checkout))
    found = first.ready()
    hire(first, found)
    control = f"{found['simulator']}/_control"
    sent = {
        "subject": "山田",
        "body": {"contentType": "text", "content": "ß"},
        "toRecipients": [{"emailAddress": {"address": "zoe@example.net"}}],
    }
    first.http.post(
        f"{found['simulator']}/v1.0/users/onboarding@contoso.example/sendMail",
        json={"message": sent},
        headers={"Authorization": "Bearer pretend"},
    ).raise_for_status()
    first.http.post(f"{control}/clock", json={"advance": "P2D"}).raise_for_status()
    first.http.post(f"{found['service']}/_dev/settle", json={"timeout_s": 30}).raise_for_status()
    users, mail = (first.http.get(f"{control}/{name}").json()["items"] for name in ("users", "mail"))
    assert mail
    case = json.loads(first.cli("cases", "--json").stdout)["items"][0]
    clock = datetime.fromisoformat(first.http.get(f"{control}/clock").json()["now"])
    kill(first)

    serves.append(again := Serve(checkout, KEEP="1"))
    found = again.ready()
    control, service = f"{found['simulator']}/_control", found["service"]
    assert again.http.get(f"{control}/users").json()["items"] == users
    kept = again.http.get(f"{control}/mail").json()["items"]
    assert kept[: len(mail)] == mail
    assert datetime.fromisoformat(again.http.get(f"{control}/clock").json()["now"]) >= clock
    again.http.post(f"{control}/clock", json={"to": case["next_action"]["when"]}).raise_for_status()
    again.http.post(f"{service}/_dev/settle", json={"timeout_s": 30}).raise_for_status()
    after = json.loads(again.cli("cases", "--json").stdout)["items"][0]
    assert after["case_id"] == case["case_id"]
    assert (case["state"], case["next_action"]["what"]) == ("provisioning", "issue_access_pass")
    assert after["next_action"] != case["next_action"]
    assert len(again.http.get(f"{control}/mail").json()["items"]) > len(mail)
    assert len(again.http.get(f"{control}/users").json()["items"]) == 1
    assert again.stop() == 0


def test_what_a_killed_serve_left_behind_does_not_keep_the_next_from_starting(
    checkout: Path, serves: list[Serve]
) -> None:
    serves.append(first := Serve(checkout))
    first.ready()
    kill(first)
    assert (checkout / "build/serve.json").exists()
    serves.append(again := Serve(checkout))
    assert again.ready()["service"] == f"http://127.0.0.1:{again.port}"
    assert again.stop() == 0


def test_a_process_that_ends_by_itself_ends_the_other_and_serve_with_an_error(
    checkout: Path, serves: list[Serve]
) -> None:
    serves.append(serve := Serve(checkout))
    serve.ready()
    simulator = Path(f"/proc/{serve.process.pid}/task/{serve.process.pid}/children").read_text().split()[0]
    os.kill(int(simulator), signal.SIGKILL)
    assert serve.process.wait(20) == 70
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", serve.port)) != 0
