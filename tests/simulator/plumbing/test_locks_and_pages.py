"""It never runs in Azure, never talks to another machine, and shows itself as pretend."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from onboarding.errors import ConfigurationError
from onboarding.simulator.app import build
from onboarding.simulator.locks import AZURE_MARKS, is_loopback
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.server import SimulatorThread, running_simulator

ROOT = Path(__file__).parents[3]
NASTY = "<script>alert('x')</script> & \"O'Neill\" 山田"


@pytest.mark.parametrize("name", AZURE_MARKS)
def test_lock_one_it_refuses_to_start_in_azure(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "something")
    with pytest.raises(ConfigurationError, match=name):
        build(Tenant())
    with pytest.raises(ConfigurationError, match=name):
        SimulatorThread(Tenant())


def test_lock_one_holds_for_the_command_line() -> None:
    environ = {**os.environ, "WEBSITE_SITE_NAME": "x"}
    command = [sys.executable, "-m", "onboarding.simulator", "--port", "0"]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 5
    assert "does not run in Azure" in ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_lock_two_it_binds_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        SimulatorThread(Tenant(), host=host)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.example", False),
        (None, False),
    ],
)
def test_what_counts_as_this_machine(host: str | None, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"Host": "evil.example"}],
)
@pytest.mark.parametrize("path", ["/", "/_control/users", "/v1.0/users/x", "/vendors/a/people/b", "/nowhere"])
def test_lock_two_what_came_through_a_proxy_or_a_renamed_host_is_403(
    http: httpx.Client, headers: dict[str, str], path: str
) -> None:
    refused = http.get(path, headers=headers)
    assert refused.status_code == 403
    assert refused.headers["x-simulated"] == "true"


def test_lock_two_a_peer_that_is_not_loopback_is_403(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.simulator.app.is_loopback", lambda host: False)
    assert http.get("/_control/clock").status_code == 403


@pytest.mark.parametrize("path", ["/", "/mail", "/_control/clock", "/v1.0/users/x", "/nowhere"])
def test_every_answer_says_that_it_is_simulated(http: httpx.Client, path: str) -> None:
    assert http.get(path).headers["x-simulated"] == "true"


def test_the_pages_show_mail_and_people_escaped(http: httpx.Client) -> None:
    http.post("/_control/users", json={"userPrincipalName": "a@contoso.example", "displayName": NASTY})
    http.post("/_control/users/a@contoso.example/methods", json={"method": "mobilePhone", "actor": "admin"})
    message = {
        "subject": NASTY,
        "body": {"contentType": "Text", "content": NASTY},
        "toRecipients": [{"emailAddress": {"address": "<b>@x.example"}}],
    }
    sent = http.post("/v1.0/users/onboarding@contoso.example/sendMail", json={"message": message})
    assert sent.status_code == 202
    for path in ("/", "/mail"):
        page = http.get(path)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "Pretend tenant" in page.text
        assert "<script" not in page.text
        assert "<b>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "山田" in page.text
    assert "mobilePhone (admin)" in http.get("/").text


def test_an_empty_tenant_has_pages_too(http: httpx.Client) -> None:
    assert "Nobody yet" in http.get("/").text
    assert "No mail yet" in http.get("/mail").text


def test_another_domain_and_its_onmicrosoft_twin_are_verified() -> None:
    with running_simulator(domain="Fabrikam.example") as sim:
        answer = httpx.get(f"{sim.graph_url}/organization", headers={"Authorization": "Bearer x"}).json()
        names = [domain["name"] for domain in answer["value"][0]["verifiedDomains"]]
    assert names == ["fabrikam.example", "fabrikam.onmicrosoft.com"]


def test_a_taken_port_is_an_error_and_not_a_hang(sim: SimulatorThread) -> None:
    with pytest.raises(OSError, match="address already in use"):
        SimulatorThread(Tenant(), port=sim.port).start()


def test_it_imports_nothing_of_ours_but_errors() -> None:
    code = (
        "import sys, onboarding.simulator.__main__;"
        "print([m for m in sys.modules if m.startswith('onboarding.') "
        "and not m.startswith(('onboarding.simulator', 'onboarding.errors'))])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert ended.stdout.strip() == "[]"
