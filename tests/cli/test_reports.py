"""`report` on the command line, over the pretend tenant: forms, exit codes, data on standard output alone."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.cli import report_options
from onboarding.operate import at_risk, usage
from onboarding.simulator.server import SimulatorThread, running_simulator

Run = Callable[..., Any]
DOMAIN = "contoso.example"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(start=datetime(2026, 11, 23, 9, tzinfo=UTC)) as running:
        yield running


@pytest.fixture
def tenant(
    simulator: SimulatorThread, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    """The service's tenant, with five people of whom one has registered."""
    monkeypatch.setenv("ONBOARDING_GRAPH_BASE_URL", simulator.base_url)
    monkeypatch.setenv("ONBOARDING_CLOCK", "simulator")
    with httpx.Client(base_url=simulator.base_url) as client:
        client.post("/_control/reset", json={"seed": 3}).raise_for_status()
        people: dict[str, dict[str, Any]] = {
            "plain": {
                "department": '=HYPERLINK("http://evil.example")',
                "mobilePhone": "+49 15199999901",
                "createdDateTime": "2026-11-20T08:00:00Z",
            },
            "money": {"department": "Finance", "jobTitle": "Clerk"},
            "root": {"roles": ["Global Administrator"], "department": "IT"},
            "synced": {"onPremisesSyncEnabled": True},
            "done": {"department": "Finance"},
        }
        for name, more in people.items():
            body = {"userPrincipalName": f"{name}@{DOMAIN}", **more}
            made = client.post("/_control/users", json=body)
            assert made.is_success, made.text
        method = {"method": "microsoftAuthenticatorPush", "actor": "user"}
        client.post(f"/_control/users/done@{DOMAIN}/methods", json=method).raise_for_status()
        client.post("/_control/clock", json={"advance": "P3D"}).raise_for_status()
        yield client


def ids(tenant: httpx.Client) -> dict[str, str]:
    return {
        name: tenant.get(f"/_control/users/{name}@{DOMAIN}").json()["id"]
        for name in ("plain", "money", "root", "synced", "done")
    }


def test_the_whole_workforce_and_what_it_costs_in_requests(run: Run, tenant: httpx.Client) -> None:
    before = len(tenant.get("/_control/requests").json()["items"])
    answer = run("report", "at-risk", "--json")
    assert answer.code == 0, answer.err
    said, known = answer.json, ids(tenant)
    rows = {item["object_id"]: item for item in said["items"]}
    assert known["done"] not in rows
    assert {known[name] for name in ("plain", "money", "root", "synced")} <= rows.keys()
    assert said["items"][0]["object_id"] == known["root"]
    assert said["items"][1]["object_id"] == known["money"]
    assert (rows[known["root"]]["first"], rows[known["root"]]["methods_missing"]) == ("administrator", 2)
    assert (rows[known["plain"]]["directory_data"], rows[known["money"]]["directory_data"]) == ("yes", "no")
    assert (rows[known["synced"]]["hybrid"], rows[known["plain"]]["hybrid"]) == ("yes", "no")
    assert {item["little_pc"] for item in rows.values()} == {"unknown"}
    assert rows[known["plain"]]["new"] == "yes"
    asked = tenant.get("/_control/requests").json()["items"][before:]
    paths = [item["path"].partition("?")[0] for item in asked if item["path"].startswith("/v1.0")]
    assert paths.count("/v1.0/reports/authenticationMethods/userRegistrationDetails") == 1
    assert len(paths) <= 4, "users, assignments, their holders, the report"
    for secret in ("plain@", "15199999901"):
        assert secret not in answer.out + answer.err


def test_tables_and_files_hold_no_formula(run: Run, tenant: httpx.Client, tmp_path: Path) -> None:
    answer = run("report", "at-risk", "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert answer.code == 0
    assert tuple(rows[0]) == at_risk.COLUMNS
    evil = [row["department"] for row in rows if "HYPERLINK" in row["department"]]
    assert evil == ['\'=HYPERLINK("http://evil.example")']
    path = tmp_path / "risk.xlsx"
    answer = run("report", "at-risk", "--xlsx", str(path))
    assert (answer.code, answer.out) == (0, "")
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "HYPERLINK" in sheet
    assert "<f>" not in sheet
    assert run("report", "at-risk", "--xlsx", str(path)).code == 5, "a file that is there is not written over"
    assert "at risk" in run("report", "at-risk").out


def test_names_are_there_where_they_are_asked_for(run: Run, tenant: httpx.Client) -> None:
    known = ids(tenant)
    said = run("report", "at-risk", "--names", "--json").json["items"]
    assert {row["object_id"]: row["user_principal_name"] for row in said}[known["plain"]] == f"plain@{DOMAIN}"
    assert list(said[0])[:3] == [*at_risk.NAMES, "object_id"]
    rows = list(csv.DictReader(io.StringIO(run("report", "at-risk", "--names", "--csv").out)))
    assert tuple(rows[0]) == (*at_risk.NAMES, *at_risk.COLUMNS)
    assert f"root@{DOMAIN}" in run("report", "at-risk", "--names").out
    assert "user_principal_name" not in run("report", "at-risk", "--json").out


def test_usage_of_nothing_and_every_form(run: Run, tenant: httpx.Client, tmp_path: Path) -> None:
    said = run("report", "usage", "--json").json
    assert len(said["items"]) == 12
    assert said["total"]["registrations"] == 0
    answer = run("report", "usage", "--by", "department", "--csv")
    assert answer.code == 0
    assert answer.out.startswith("department,registrations,")
    assert "calls_saved" in run("report", "usage", "--csv").out.splitlines()[0]
    assert run("report", "usage", "--xlsx", str(tmp_path / "u.xlsx")).code == 0
    table = run("report", "usage")
    assert "SELF-SERVICE" in table.out
    assert "calls_saved =" in table.err


@pytest.mark.parametrize(
    "argv",
    [
        ("report",),
        ("report", "everything"),
        ("report", "usage", "--by", "manager"),
        ("report", "usage", "--since", "yesterday"),
        ("report", "usage", "--since", "2026-02-01", "--until", "2026-01-01"),
        ("report", "usage", "--json", "--csv"),
    ],
)
def test_what_cannot_be_asked_is_usage(run: Run, env: dict[str, str], argv: tuple[str, ...]) -> None:
    answer = run(*argv)
    assert answer.code == 2
    assert answer.out == ""


def test_a_tenant_that_does_not_answer(run: Run, env: dict[str, str]) -> None:
    assert run("report", "at-risk", "--json").code == 6


def test_a_tenant_without_the_report(run: Run, tenant: httpx.Client) -> None:
    tenant.post("/_control/policy", json={"tier": "free"}).raise_for_status()
    answer = run("report", "at-risk", "--json")
    assert answer.code == 5
    assert answer.out == ""


def test_the_groupings_are_those_of_the_use_case() -> None:
    assert report_options.BY == usage.BY
