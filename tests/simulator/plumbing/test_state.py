"""`--state FILE`: the whole tenant outlives a kill, its clock never goes back, a strange file is refused."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.errors import ConfigurationError
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.state import StateFile

WALL = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
ZOE = "/v1.0/users/zoe@contoso.example"


def at(path: Path, wall: datetime = WALL) -> StateFile:
    return StateFile(path, wall=lambda: wall)


class Simulator:
    """`python -m onboarding.simulator --state FILE` in a process that can be killed."""

    def __init__(self, state: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "onboarding.simulator", "--port", str(port), "--state", str(state)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer x"}, trust_env=False
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.http.get("/_control/clock")
                return
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.http.close()
        self.process.send_signal(number)
        self.process.communicate(timeout=20)

    def get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()


@pytest.fixture
def simulators() -> Iterator[list[Simulator]]:
    started: list[Simulator] = []
    yield started
    for simulator in started:
        if simulator.process.poll() is None:
            simulator.end()


def fill(http: httpx.Client) -> None:
    """Something of everything that a tenant holds."""
    mail: dict[str, Any] = {"subject": "山田", "body": {"contentType": "HTML", "content": "<p>ß</p>"}}
    mail["toRecipients"] = [{"emailAddress": {"address": "zoe@contoso.example"}}]
    for method, path, body in (
        (
            "POST",
            "/_control/users",
            {"userPrincipalName": "zoe@contoso.example", "displayName": "Zoë O'Neill"},
        ),
        ("POST", "/_control/users/zoe@contoso.example/methods", {"method": "mobilePhone", "actor": "user"}),
        ("POST", "/_control/clock", {"advance": "P9D"}),
        ("POST", "/_control/policy", {"tier": "p2"}),
        ("POST", "/_control/report", {"frozen": True, "lag_hours": 7}),
        ("POST", "/_control/faults", {"mode": "status", "path": "/users/x", "times": 3}),
        ("PUT", "/_control/vendors/bamboohr/people/7", {"name": "Søren"}),
        ("POST", "/v1.0/users/onboarding@contoso.example/messages", mail),
        ("POST", "/v1.0/users/onboarding@contoso.example/sendMail", {"message": mail}),
    ):
        http.request(method, path, json=body).raise_for_status()


LOOKS = ("users", "policy", "report", "faults", "mail", "requests")


def test_a_killed_simulator_goes_on_with_everything_it_had(
    tmp_path: Path, simulators: list[Simulator]
) -> None:
    state = tmp_path / "simulator.state"
    simulators.append(first := Simulator(state))
    fill(first.http)
    audits = "/v1.0/auditLogs/directoryAudits"
    looks = {name: first.get(f"/_control/{name}") for name in LOOKS}
    records, clock = first.get(audits)["value"], first.get("/_control/clock")["now"]
    first.end()

    simulators.append(again := Simulator(state))
    assert {name: again.get(f"/_control/{name}") for name in LOOKS} == looks
    assert again.get(audits)["value"] == records
    assert again.get("/vendors/bamboohr/people/7") == {"name": "Søren"}
    gone = datetime.fromisoformat(again.get("/_control/clock")["now"]) - datetime.fromisoformat(clock)
    assert timedelta(0) <= gone < timedelta(seconds=60)
    again.http.post("/_control/reset").raise_for_status()
    again.end()

    simulators.append(third := Simulator(state))
    assert third.get("/_control/users")["items"] == []
    assert third.get("/_control/mail")["items"] == []
    assert state.stat().st_mode & 0o777 == 0o600


def test_a_kill_right_after_a_lost_answer_keeps_its_effect(
    tmp_path: Path, simulators: list[Simulator]
) -> None:
    simulators.append(first := Simulator(tmp_path / "s"))
    first.http.post("/_control/users", json={"userPrincipalName": "zoe@contoso.example"})
    first.http.post("/_control/faults", json={"mode": "drop_after_effect", "method": "PATCH"})
    with pytest.raises(httpx.RemoteProtocolError):
        first.http.patch(ZOE, json={"city": "Århus"})
    first.end()
    simulators.append(again := Simulator(tmp_path / "s"))
    assert again.get(f"{ZOE}?$select=city")["city"] == "Århus"
    assert again.get("/_control/faults")["items"] == []


def test_a_fault_that_a_read_used_up_stays_used_up_and_an_orderly_end_keeps_the_reads_in_the_log(
    tmp_path: Path, simulators: list[Simulator]
) -> None:
    simulators.append(first := Simulator(tmp_path / "s"))
    first.http.post("/_control/faults", json={"mode": "status", "times": 2})
    assert first.http.get(ZOE).status_code == 503
    first.end()
    simulators.append(again := Simulator(tmp_path / "s"))
    assert [fault["times"] for fault in again.get("/_control/faults")["items"]] == [1]
    assert again.http.get(ZOE).status_code == 503
    assert again.http.get(ZOE).status_code == 404
    again.end(signal.SIGTERM)
    simulators.append(third := Simulator(tmp_path / "s"))
    assert [entry["status"] for entry in third.get("/_control/requests")["items"]] == [503, 503, 404]


@pytest.mark.parametrize(("away", "expected"), [(timedelta(hours=3), 3), (timedelta(hours=-3), 0)])
def test_the_clock_goes_on_with_the_wall_clock_and_never_back(
    tmp_path: Path, away: timedelta, expected: int
) -> None:
    tenant = Tenant(start=WALL)
    tenant.clock.advance(timedelta(days=40))
    before = tenant.now()
    at(tmp_path / "s").write(tenant)
    loaded = at(tmp_path / "s", WALL + away).load()
    assert loaded is not None
    assert timedelta(0) <= loaded.now() - before - timedelta(hours=expected) < timedelta(seconds=5)


def test_ids_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    tenant = Tenant(seed=7)
    at(tmp_path / "s").write(tenant)
    loaded = at(tmp_path / "s").load()
    assert loaded is not None
    assert [loaded.ids.guid(), loaded.ids.record_id("A")] == [tenant.ids.guid(), tenant.ids.record_id("A")]
    assert loaded.audit._ids is loaded.ids


@pytest.mark.parametrize("count", [0, 127, 128, 129, 400])
def test_a_long_log_comes_back_whole_and_can_grow(tmp_path: Path, count: int) -> None:
    tenant = Tenant()
    for _ in range(2):
        for n in range(count):
            tenant.log(WALL, "GET", f"/{n}", 200)
        at(tmp_path / "s").write(tenant)
        loaded = at(tmp_path / "s").load()
        assert loaded is not None
        assert list(loaded.requests) == list(tenant.requests)
        tenant = loaded


async def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    tenant, state = Tenant(), at(tmp_path / "s")
    await state.keep(tenant)
    assert (tmp_path / "s").exists()
    (tmp_path / "s").unlink()
    await state.keep(tenant)
    assert not (tmp_path / "s").exists()


def test_a_draft_that_a_kill_left_is_in_nobody_s_way(tmp_path: Path) -> None:
    (tmp_path / "s.tmp").write_bytes(b"half")
    at(tmp_path / "s").write(Tenant(seed=3))
    loaded = at(tmp_path / "s").load()
    assert loaded is not None
    assert loaded.seed == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_cut, "damaged"),
        (_flip, "damaged"),
        (lambda path: path.write_bytes(b""), "not a file of the simulator"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "not a file of the simulator"),
        (lambda path: os.chmod(path, 0o644), "not yours alone"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_with_words_and_left_alone(
    tmp_path: Path, damage: Any, words: str
) -> None:
    path = tmp_path / "s"
    at(path).write(Tenant())
    damage(path)
    with pytest.raises(ConfigurationError, match=words):
        at(path).load()
    command = [sys.executable, "-m", "onboarding.simulator", "--port", "1", "--state", str(path)]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30)
    assert ended.returncode == 5
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_of_another_version_or_of_another_domain_is_refused(tmp_path: Path) -> None:
    state = at(tmp_path / "s")
    state._shape = "people methods"
    state.write(Tenant())
    with pytest.raises(ConfigurationError, match="another version"):
        at(tmp_path / "s").load()
    at(tmp_path / "s").write(Tenant(domain="fabrikam.example"))
    command = [sys.executable, "-m", "onboarding.simulator", "--port", "1", "--state", str(tmp_path / "s")]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30)
    assert ended.returncode == 5
    assert "another domain" in ended.stderr
