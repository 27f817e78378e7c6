"""The script that grants Graph roles, against a strict pretend Graph over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from scripts import grant_graph_roles, permissions
from tests.scripts.pretend_graph import (
    CLIENT,
    GRAPH_SP,
    IDENTITY,
    MAIL_SEND_ID,
    OTHER_SP,
    WIDE_ID,
    Fault,
    PretendGraph,
    error,
)

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = [
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Policy.Read.AuthenticationMethod",
    "User.ReadWrite.All",
    "UserAuthMethod-TAP.ReadWrite.All",
    "UserAuthenticationMethod.Read.All",
]
TAP = "UserAuthMethod-TAP.ReadWrite.All"
BROAD = "UserAuthenticationMethod.ReadWrite.All"


def run(graph: PretendGraph, *more: str, waits: list[float] | None = None) -> int:
    argv = ["--principal-id", IDENTITY, "--graph-base-url", graph.root, *more]
    slept = waits if waits is not None else []
    return grant_graph_roles.main(argv, sleep=slept.append)


def states(capsys: pytest.CaptureFixture[str], graph: PretendGraph, *more: str) -> dict[str, str]:
    """Role → state, of a run with --json."""
    capsys.readouterr()
    run(graph, "--json", *more)
    return {row["role"]: row["state"] for row in json.loads(capsys.readouterr().out)["roles"]}


# --- what is granted --------------------------------------------------------------------------------------


def test_the_default_features_get_six_roles_and_no_more(graph: PretendGraph) -> None:
    assert run(graph) == 0
    assert graph.held() == DEFAULT


def test_a_second_run_changes_nothing(graph: PretendGraph, capsys: pytest.CaptureFixture[str]) -> None:
    run(graph)
    before = dict(graph.assignments)
    graph.requests.clear()
    assert run(graph) == 0
    assert graph.writes() == []
    assert graph.assignments == before
    assert set(states(capsys, graph).values()) == {"already"}


def test_a_dry_run_says_what_is_missing_and_writes_nothing(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(graph, "--dry-run") == 1
    assert graph.writes() == []
    assert graph.assignments == {}
    out = capsys.readouterr().out
    assert out.count("would grant") == 6
    assert "POST /users" in out
    run(graph)
    assert run(graph, "--dry-run") == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ["--without", "access-pass"],
            [
                "AuditLog.Read.All",
                "GroupMember.Read.All",
                "Organization.Read.All",
                "RoleManagement.Read.Directory",
                "User.ReadWrite.All",
                "UserAuthenticationMethod.Read.All",
            ],
        ),
        (["--feature", "accounts"], ["AuditLog.Read.All", "User.ReadWrite.All"]),
        (
            [
                "--without",
                "accounts",
                "--without",
                "access-pass",
                "--without",
                "methods",
                "--without",
                "role-holders",
                "--without",
                "domain-check",
            ],
            ["AuditLog.Read.All", "User.Read.All"],
        ),
        (
            ["--reads-only"],
            [
                "AuditLog.Read.All",
                "Directory.Read.All",
                "Policy.Read.AuthenticationMethod",
                "UserAuthenticationMethod.Read.All",
            ],
        ),
        (
            ["--reads-only", "--feature", "methods"],
            ["AuditLog.Read.All", "User.Read.All", "UserAuthenticationMethod.Read.All"],
        ),
    ],
    ids=["no-passes", "accounts-only", "core-only", "dry-run-mode", "reading-two-features"],
)
def test_features_decide_which_roles_are_needed(
    graph: PretendGraph, options: list[str], expected: list[str]
) -> None:
    assert run(graph, *options) == 0
    assert graph.held() == expected


def test_the_azd_environment_names_the_identity_and_switches_passes_off(
    graph: PretendGraph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = tmp_path / "values.env"
    values.write_text(
        f'AZURE_ENV_NAME="o\'neill"\nAPP_IDENTITY_PRINCIPAL_ID="{IDENTITY.upper()}"\nAPP_IDENTITY_CLIENT_ID="{CLIENT}"\n'
        'ONBOARDING_FIRST_CREDENTIAL="none"\n'
    )
    argv = ["--azd-env", str(values), "--graph-base-url", graph.root]
    assert grant_graph_roles.main(argv, sleep=lambda _: None) == 0
    assert TAP not in graph.held()
    assert "Directory.Read.All" not in graph.held()
    assert "ONBOARDING_FIRST_CREDENTIAL is none" in capsys.readouterr().err


def test_json_is_data_only(graph: PretendGraph, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(graph, "--json", "--dry-run") == 1
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert data["identity"] == {"id": IDENTITY, "client_id": CLIENT, "name": "id-onboarding"}
    assert data["dry_run"] is True
    row = next(row for row in data["roles"] if row["role"] == TAP)
    assert row["id"] == permissions.ROLES[TAP].id
    assert row["why"].startswith("POST /users/{id}/authentication/temporaryAccessPassMethods")
    assert data["refused"] == []


# --- what the tenant says about its roles -----------------------------------------------------------------


def test_roles_are_found_by_name_and_a_foreign_id_stops_everything(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "99999999-0000-0000-0000-000000000009"
    for role in graph.roles:
        if role["value"] == "User.ReadWrite.All":
            role["id"] = other
    assert run(graph) == 5
    assert graph.writes() == []
    assert "--accept-ids" in capsys.readouterr().err
    assert run(graph, "--accept-ids") == 0
    assert other in {row["appRoleId"] for row in graph.assignments.values()}
    assert permissions.ROLES["User.ReadWrite.All"].id not in {
        r["appRoleId"] for r in graph.assignments.values()
    }


@pytest.mark.parametrize("how", ["absent", "disabled", "for people only"])
def test_without_the_granular_role_nothing_is_written_until_the_broad_one_is_allowed(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    if how == "absent":
        graph.remove_role(TAP)
    for role in graph.roles:
        if role["value"] == TAP:
            role.update({"isEnabled": False} if how == "disabled" else {"allowedMemberTypes": ["User"]})
    assert run(graph) == 5
    assert graph.writes() == []
    said = capsys.readouterr()
    assert "missing in tenant" in said.out
    assert "--allow-broad" in said.err
    assert run(graph, "--allow-broad") == 0
    said = capsys.readouterr()
    assert f"in place of {TAP}" in said.out
    # The broad one also reads methods: the reading role would be superfluous beside it.
    assert graph.held() == [
        "AuditLog.Read.All", "Directory.Read.All", "Policy.Read.AuthenticationMethod", "User.ReadWrite.All", BROAD,
    ]  # fmt: skip


def test_allow_broad_changes_nothing_where_the_granular_role_exists(graph: PretendGraph) -> None:
    assert run(graph, "--allow-broad") == 0
    assert graph.held() == DEFAULT


def test_a_missing_role_without_a_substitute_is_refused(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    graph.remove_role("AuditLog.Read.All")
    assert run(graph, "--allow-broad") == 5
    assert graph.writes() == []
    assert "AuditLog.Read.All" in capsys.readouterr().err


# --- what must not be there -------------------------------------------------------------------------------


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["real", "dry"])
def test_mail_in_entra_is_refused_because_it_adds_to_the_scope_in_exchange(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str], dry: list[str]
) -> None:
    graph.assign(MAIL_SEND_ID)
    assert run(graph, *dry) == 5
    assert graph.writes() == []
    said = capsys.readouterr()
    assert "every mailbox" in said.err
    assert "forbidden in Entra" in said.out


def test_roles_that_no_feature_needs_are_shown_and_stay(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    graph.assign(WIDE_ID)
    assert run(graph) == 0
    assert "Directory.ReadWrite.All" in graph.held()
    assert "not needed" in capsys.readouterr().out


def test_in_an_emergency_one_command_takes_away_every_role_that_writes(graph: PretendGraph) -> None:
    run(graph)
    assert any("Write" in role for role in graph.held())
    assert run(graph, "--reads-only", "--revoke-unneeded") == 0
    assert graph.held()
    assert not any("Write" in role for role in graph.held())


def test_revoke_unneeded_takes_away_what_no_feature_needs_and_mail(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    graph.assign(WIDE_ID)
    graph.assign(MAIL_SEND_ID)
    graph.assign("77777777-0000-0000-0000-000000000007", resource=OTHER_SP)
    graph.assign("88888888-0000-0000-0000-000000000008")
    assert run(graph, "--revoke-unneeded", "--dry-run") == 1
    assert graph.writes() == []
    assert capsys.readouterr().out.count("would revoke") == 3
    assert run(graph, "--revoke-unneeded") == 0
    assert graph.held() == DEFAULT
    # Roles of other services are not ours to judge.
    assert [row for row in graph.assignments.values() if row["resourceId"] == OTHER_SP]


def test_grants_come_before_revocations(graph: PretendGraph) -> None:
    graph.assign(WIDE_ID)
    run(graph, "--revoke-unneeded")
    kinds = [line.split()[0] for line in graph.writes()]
    assert kinds == ["POST"] * 6 + ["DELETE"]


def test_switching_passes_off_later_offers_their_roles_for_removal(graph: PretendGraph) -> None:
    run(graph)
    assert run(graph, "--without", "access-pass", "--revoke-unneeded") == 0
    assert graph.held() == [
        "AuditLog.Read.All",
        "GroupMember.Read.All",
        "Organization.Read.All",
        "RoleManagement.Read.Directory",
        "User.ReadWrite.All",
        "UserAuthenticationMethod.Read.All",
    ]


# --- whom they are granted to -----------------------------------------------------------------------------


def test_only_a_managed_identity_gets_roles(graph: PretendGraph, capsys: pytest.CaptureFixture[str]) -> None:
    graph.identity["servicePrincipalType"] = "Application"
    assert run(graph) == 5
    assert graph.writes() == []
    assert "not a managed identity" in capsys.readouterr().err


def test_ids_of_two_identities_are_refused(graph: PretendGraph) -> None:
    assert run(graph, "--client-id", "00000000-1111-2222-3333-444444444444") == 5
    assert graph.writes() == []


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--principal-id", "x'; Remove-Item *"],
        ["--principal-id", IDENTITY, "--client-id", "nobody"],
        ["--principal-id", IDENTITY, "--graph-base-url", "http://graph.microsoft.com"],
        ["--principal-id", IDENTITY, "--graph-base-url", "https://graph.microsoft.com/v1.0"],
        ["--azd-env", "/no/such/file"],
    ],
    ids=["no-identity", "no-guid", "bad-client", "plain-http", "with-version", "no-file"],
)
def test_arguments_that_do_not_fit_are_a_usage_error(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert grant_graph_roles.main(argv, sleep=lambda _: None) == 2
    assert capsys.readouterr().out == ""


# --- an eventually consistent, busy, refusing tenant --------------------------------------------------------


def test_assignments_are_read_over_all_pages(graph: PretendGraph) -> None:
    graph.page_size = 1
    for role in DEFAULT:
        graph.assign(permissions.ROLES[role].id)
    assert run(graph) == 0
    assert graph.writes() == []


def test_a_next_page_on_another_host_gets_no_token(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = {"value": [], "@odata.nextLink": "http://127.0.0.1:9/v1.0/more"}
    graph.faults.append(Fault("GET", "/appRoleAssignments", (200, elsewhere, {})))
    assert run(graph) == 5
    assert "another host" in capsys.readouterr().err


def test_throttling_is_waited_out_as_graph_asks_decimals_included(graph: PretendGraph) -> None:
    busy = error(429, "TooManyRequests", "Please retry again later.", Retry_After="2.128")
    graph.faults.append(Fault("POST", "/appRoleAssignedTo", busy, times=2))
    waits: list[float] = []
    assert run(graph, waits=waits) == 0
    assert waits == [2.128, 2.128]
    assert graph.held() == DEFAULT


def test_a_tenant_that_asks_for_too_long_a_wait_is_left_alone(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = error(429, "TooManyRequests", "Please retry again later.", Retry_After="600")
    graph.faults.append(Fault("GET", "/appRoleAssignments", busy))
    assert run(graph) == 6
    assert "600" in capsys.readouterr().err


def test_an_answer_that_was_lost_after_the_effect_is_not_granted_twice(graph: PretendGraph) -> None:
    graph.faults.append(Fault("POST", "/appRoleAssignedTo", drop_after_effect=True))
    assert run(graph) == 0
    assert graph.held() == DEFAULT


def test_a_list_that_lags_ends_in_already_not_in_an_error(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    run(graph)
    graph._hidden = dict.fromkeys(graph.assignments, 99)
    capsys.readouterr()
    assert run(graph, "--wait", "0") == 0
    assert graph.held() == DEFAULT
    assert capsys.readouterr().out.count("already") == 6


def test_new_assignments_are_waited_for_until_lists_show_them(graph: PretendGraph) -> None:
    graph.lag_reads = 3
    waits: list[float] = []
    assert run(graph, waits=waits) == 0
    assert 1 <= len(waits) <= 4


def test_an_identity_that_was_made_a_moment_ago_is_waited_for(graph: PretendGraph) -> None:
    graph.identity_lag, graph.reference_lag = 2, 2
    assert run(graph) == 0
    assert graph.held() == DEFAULT


def test_an_identity_that_does_not_exist_is_not_found(graph: PretendGraph) -> None:
    graph.identity_lag = 1000
    assert run(graph, "--wait", "10") == 3
    assert graph.writes() == []


def test_a_refusal_names_the_role_that_may_do_it(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    graph.faults.append(Fault("POST", "/appRoleAssignedTo", denied, times=9))
    assert run(graph) == 5
    said = capsys.readouterr()
    assert "Privileged Role Administrator" in said.err
    assert "AppRoleAssignment.ReadWrite.All" in said.err
    assert "Application.Read.All" in said.err
    assert "would grant" in said.out


def test_a_stale_sign_in_says_to_sign_in_again(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    graph.faults.append(
        Fault("GET", "/servicePrincipals", error(401, "InvalidAuthenticationToken", "expired"))
    )
    assert run(graph) == 6
    assert "az login" in capsys.readouterr().err


def test_an_unreachable_graph_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--principal-id", IDENTITY, "--graph-base-url", "http://127.0.0.1:9"]
    assert grant_graph_roles.main(argv, sleep=lambda _: None) == 6
    assert "No answer from Graph" in capsys.readouterr().err


def test_what_is_printed_holds_no_token_and_no_text_of_graphs(
    graph: PretendGraph, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = error(400, "Request_BadRequest", "Odd value jordan.o'neill@contoso.example")
    graph.faults.append(Fault("POST", "/appRoleAssignedTo", odd))
    assert run(graph) == 6
    said = "".join(capsys.readouterr())
    assert "o'neill" not in said
    assert "pretend-token" not in said
    assert graph.tokens


# --- crashes and two at once ------------------------------------------------------------------------------


def start(graph: PretendGraph, *more: str) -> subprocess.Popen[bytes]:
    script = [sys.executable, str(ROOT / "scripts" / "grant_graph_roles.py")]
    argv = ["--principal-id", IDENTITY, "--graph-base-url", graph.root, "--wait", "0", *more]
    return subprocess.Popen([*script, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")


def test_a_run_that_is_killed_between_two_grants_is_finished_by_the_next(graph: PretendGraph) -> None:
    started: list[subprocess.Popen[bytes]] = []
    ready = threading.Event()

    def kill(count: int) -> None:
        if count == 3:
            ready.wait(10)
            os.kill(started[0].pid, signal.SIGKILL)

    graph.before_answer = kill
    started.append(start(graph))
    ready.set()
    started[0].communicate(timeout=60)
    assert started[0].returncode == -signal.SIGKILL
    assert len(graph.held()) == 3
    graph.before_answer = None
    assert run(graph) == 0
    assert graph.held() == DEFAULT


def test_two_runs_at_once_grant_each_role_once(graph: PretendGraph) -> None:
    """Both have read an empty list before either writes."""
    barrier = threading.Barrier(2, timeout=30)
    writers: list[str] = []

    def meet() -> None:
        if len(writers) < 2:
            writers.append("one")
            barrier.wait()

    graph.before_write = meet
    both = [start(graph), start(graph)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert graph.held() == DEFAULT
    said = b"".join(out for out, _ in outputs)
    assert said.count(b"granted") == 6
    assert said.count(b"already") == 6


def test_started_as_a_file_from_anywhere_it_finds_its_parts_and_reads_standard_input(
    graph: PretendGraph,
) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "grant_graph_roles.py"), "--azd-env", "-", "--dry-run"]
    done = subprocess.run(
        [*script, "--graph-base-url", graph.root],
        input=f'APP_IDENTITY_PRINCIPAL_ID="{IDENTITY}"\n'.encode(),
        capture_output=True,
        cwd="/",
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert b"would grant" in done.stdout


def test_the_pretend_graph_is_strict(graph: PretendGraph) -> None:
    """The double itself: no token, no version, a duplicate."""
    good = {"authorization": "Bearer pretend-token", "content-type": "application/json"}
    body = {"principalId": IDENTITY, "resourceId": GRAPH_SP, "appRoleId": permissions.ROLES[TAP].id}
    path = f"/v1.0/servicePrincipals/{GRAPH_SP}/appRoleAssignedTo"
    answers = [
        graph.handle("GET", f"/v1.0/servicePrincipals/{IDENTITY}", {}, b""),
        graph.handle("GET", f"/servicePrincipals/{IDENTITY}", good, b""),
        graph.handle("POST", path, good, json.dumps(body).encode()),
        graph.handle("POST", path, good, json.dumps(body).encode()),
        graph.handle("POST", path, good, json.dumps({**body, "appRoleId": WIDE_ID, "note": "x"}).encode()),
    ]
    assert [answer[0] for answer in answers if answer] == [401, 501, 201, 400, 501]
    assert len(graph.violations) == 2
    graph.violations.clear()


def test_without_a_sign_in_it_says_how_to_sign_in_and_nothing_else() -> None:
    """No Azure CLI on the path: nothing is asked of the network, and the library's own words are not repeated."""
    script = [sys.executable, str(ROOT / "scripts" / "grant_graph_roles.py"), "--principal-id", IDENTITY]
    done = subprocess.run(script, capture_output=True, env={"PATH": "/nowhere"}, timeout=60, check=False)
    assert done.returncode == 6
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    assert b"az login" in done.stderr


# --- without a tenant -------------------------------------------------------------------------------------


def test_the_list_is_shown_without_identity_sign_in_or_tenant(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("a tenant was asked")

    monkeypatch.setattr(grant_graph_roles, "Tenant", asked)
    assert grant_graph_roles.main(["--dry-run"]) == 0
    shown = capsys.readouterr()
    listed = [line.split()[0] for line in shown.out.splitlines() if "/" in line]
    assert sorted(listed) == DEFAULT
    assert "No tenant was asked" in shown.err
    assert (
        grant_graph_roles.main(["--dry-run", "--json", "--with", "groups", "--without", "access-pass"]) == 0
    )
    data = json.loads(capsys.readouterr().out)
    assert {row["role"] for row in data["roles"]} > {"GroupMember.ReadWrite.All"}
    assert TAP not in {row["role"] for row in data["roles"]}
    assert all(row["id"] == permissions.ROLES[row["role"]].id and row["why"] for row in data["roles"])


def test_an_environment_that_names_no_identity_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("OTHER=1\n")
    assert grant_graph_roles.main(["--azd-env", str(tmp_path / "env"), "--dry-run"]) == 2
