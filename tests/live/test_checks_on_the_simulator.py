"""The live checks run against the simulator too, so that they work on the day on which there is a tenant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.simulator.server import SimulatorThread, running_simulator
from tests.live.checks import CHECKS
from tests.live.tenant import PREFIX, Live, Refused, Target, target

PAGE = Path(__file__).parents[2] / "docs" / "live-tenant-check.md"
COMPLETE = {
    "LIVE_TENANT_DOMAIN": "Contoso.example",
    "LIVE_TENANT_ALLOW": "contoso.example",
    "LIVE_TENANT_TOKEN": "secret-token",
}


@pytest.fixture(scope="module")
def sim() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1) as running:
        yield running


@pytest.fixture(scope="module")
def control(sim: SimulatorThread) -> Iterator[Callable[..., Any]]:
    with httpx.Client(base_url=sim.base_url, verify=False) as client:

        def post(path: str, /, **body: Any) -> None:
            client.post(f"/_control/{path}", json=body).raise_for_status()

        yield post


@pytest.fixture
def live(sim: SimulatorThread, control: Callable[..., Any]) -> Iterator[Live]:
    """With replication and audit latency, so that the waiting is exercised: it moves the virtual clock."""
    control("reset", seed=1)
    control("policy", replication_lag_seconds=12, audit_latency_minutes=3)

    def sleep(seconds: float) -> None:
        control("clock", advance=f"PT{seconds:g}S")

    opened = Live(Target("contoso.example", sim.base_url, "x"), sleep=sleep)
    yield opened
    opened.close()


def deleted(sim: SimulatorThread) -> set[str]:
    return {
        entry["path"].rsplit("/", 1)[1]
        for entry in sim.tenant.requests
        if entry["method"] == "DELETE" and re.fullmatch(r"/v1\.0/users/[^/]+", entry["path"])
    }


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_finds_the_simulator_as_expected_and_takes_away_what_it_made(
    sim: SimulatorThread, live: Live, name: str
) -> None:
    assert CHECKS[name](live) == []
    assert live.close() == []
    made = [person for person in sim.tenant.people.in_order if person.origin == "graph"]
    assert {person.id for person in made} <= deleted(sim)
    assert all(person.purged_at is not None and person.upn.startswith(PREFIX) for person in made)


def test_a_check_says_what_was_otherwise(live: Live, control: Callable[..., Any]) -> None:
    """Shown to fail: a check is worth nothing if it accepts anything."""
    phones = "/users/*/authentication/phoneMethods"
    control("faults", method="POST", path=phones, mode="status", status=500, times=4)
    otherwise = CHECKS["phone-limits"](live)
    assert len(otherwise) == 4
    assert all("500 InternalServerError" in text for text in otherwise[:3])
    control("policy", audit_latency_minutes=600)
    (late,) = CHECKS["audit-app-actor"](live)
    assert "no audit record" in late


def test_assignments_that_come_only_with_a_filter_are_said(live: Live, control: Callable[..., Any]) -> None:
    path = "/roleManagement/directory/roleAssignments"
    control("faults", method="GET", path=path, mode="status", status=400)
    (otherwise,) = CHECKS["role-assignments-whole"](live)
    assert "400" in otherwise


def test_a_pass_that_the_policy_forbids_is_no_surprise(live: Live, control: Callable[..., Any]) -> None:
    control("policy", tap=False)
    assert CHECKS["pass-replaced"](live) == []
    assert "Converged UserCredentialPolicy" in live.notes[0]
    assert CHECKS["audit-pass"](live) == []


def test_a_tenant_without_the_licence_is_no_surprise(live: Live, control: Callable[..., Any]) -> None:
    control("policy", tier="free")
    for name in ("report-options", "report-age", "report-new-user"):
        assert CHECKS[name](live) == []


def test_patience_is_kept_when_graph_asks_for_it(live: Live, control: Callable[..., Any]) -> None:
    control("faults", method="GET", path="/directoryRoles", mode="status", status=429, retry_after=7, times=2)
    assert CHECKS["roles-without-options"](live) == []


@pytest.mark.parametrize("missing", COMPLETE)
def test_without_each_setting_nothing_is_opened(missing: str) -> None:
    with pytest.raises(Refused, match=missing):
        target({name: value for name, value in COMPLETE.items() if name != missing})


def test_the_domain_must_be_said_twice_and_the_token_is_not_shown() -> None:
    found = target(COMPLETE)
    assert (found.domain, found.root) == ("contoso.example", "https://graph.microsoft.com")
    assert "secret-token" not in repr(found)
    for name, value in (
        ("LIVE_TENANT_ALLOW", "yes"),
        ("LIVE_TENANT_ALLOW", "other.example"),
        ("LIVE_TENANT_DOMAIN", "nonsense"),
        ("LIVE_TENANT_ROOT", "http://graph.example"),
    ):
        with pytest.raises(Refused, match="LIVE_TENANT"):
            target({**COMPLETE, name: value})


def test_the_page_tells_every_check_and_no_other() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert told == set(CHECKS)
