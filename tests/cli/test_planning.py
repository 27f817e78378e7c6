"""`rerun` and `plan` on the command line: look first, then by hash; a stale one is exit 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onboarding.domain.lifecycle import State
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.provisioning.plan import steps
from tests.support.doubles import T0
from tests.support.outer import case_id, make_case, rich_case

Run = Callable[..., Any]
Put = Callable[..., None]
MISSING = {"reason_code": "permission_missing", "return_state": State.PROVISIONING}


@pytest.fixture
def stuck(put: Put) -> None:
    put(make_case(1, State.BLOCKED, **MISSING), make_case(2, State.BLOCKED, **MISSING), rich_case(3))


@pytest.mark.usefixtures("stuck")
def test_a_filter_is_looked_at_and_then_run_by_its_hash(run: Run) -> None:
    asked = ("rerun", "--state", "blocked", "--reason-code", "permission_missing")
    seen = run(*asked, "--dry-run", "--json")
    assert (seen.code, seen.json["matched"], seen.json["more"]) == (0, 2, 0)
    text = run(*asked, "--dry-run").out
    assert f"plan: {seen.json['plan_hash']}" in text
    assert "reserve_username, create_account" in text
    assert all(item["display_name"] and item["display_name"] in text for item in seen.json["items"])
    done = run(*asked, "--plan-hash", seen.json["plan_hash"], "--reason", "granted", "--json")
    assert (done.code, [item["result"] for item in done.json["items"]]) == (0, ["rerun", "rerun"])
    stale = run(*asked, "--plan-hash", seen.json["plan_hash"], "--reason", "granted")
    assert (stale.code, stale.out) == (5, "")
    assert "changed since the preview" in stale.err


@pytest.mark.usefixtures("stuck")
@pytest.mark.parametrize(
    "argv",
    [
        ["rerun"],
        ["rerun", "x", "--state", "blocked", "--reason", "x"],
        ["rerun", "--state", "blocked", "--reason", "x"],
        ["rerun", "--state", "blocked", "--plan-hash", "x"],
        ["rerun", "--state", "blockd", "--dry-run"],
        ["rerun", case_id(1)],
        ["rerun", "--state", "blocked", "--about", "x", "--dry-run"],
        ["rerun", case_id(1), "--reason", "x", "--from-step", "make_coffee"],
        ["plan", "--limit", "0"],
        ["plan", "--apply", "x"],
    ],
)
def test_what_is_missing_is_exit_2_and_runs_nobody(run: Run, argv: list[str]) -> None:
    answer = run(*argv)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err
    assert run("show", case_id(1), "--json").json["state"] == "blocked"


@pytest.mark.usefixtures("stuck")
def test_one_case_is_previewed_and_run_as_it_was_seen(run: Run) -> None:
    seen = run("rerun", case_id(1), "--dry-run", "--json")
    assert (seen.code, seen.json["possible"]) == (0, True)
    assert "create_account" in run("rerun", case_id(1), "--dry-run").out
    assert run("rerun", case_id(1), "--reason", "x", "--plan-hash", "0" * 32).code == 5
    done = run("rerun", case_id(1), "--reason", "x", "--plan-hash", seen.json["plan_hash"], "--json")
    assert (done.code, done.json["case_id"]) == (0, case_id(1))


def test_where_nothing_would_run_a_sentence_stands_in_place_of_a_table(run: Run, put: Put) -> None:
    done = {item.step.name: StepRecord(StepStatus.DONE, 1, T0) for item in steps()}
    put(rich_case(1, steps=done))
    one = run("rerun", case_id(1), "--dry-run")
    assert one.code == 0
    assert "No step is left to run: the follow-up looks at the person again." in one.out
    assert "STEP" not in one.out
    many = run("rerun", "--state", "blocked", "--dry-run")
    assert (many.code, many.out) == (0, "Nobody matches: nothing would run.\n")
    assert run("rerun", "--state", "blocked", "--dry-run", "--json").json["items"] == []


def test_a_case_that_cannot_be_rerun_is_exit_5_in_the_preview_too(run: Run, put: Put) -> None:
    put(rich_case(1, State.PAUSED, return_state=State.FOLLOWING_UP))
    answer = run("rerun", case_id(1), "--dry-run")
    assert answer.code == 5
    assert "not possible" in answer.out


@pytest.mark.usefixtures("stuck")
def test_the_plan_is_shown_and_a_stale_hash_or_dry_run_is_exit_5(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run("plan", "--json")
    assert (shown.code, shown.json["matched"], shown.json["mode"]) == (0, 1, "live")
    assert f"plan: {shown.json['plan_hash']}" in run("plan").out
    stale = run("plan", "--apply", "0" * 32, "--reason", "x")
    assert (stale.code, stale.out) == (5, "")
    applied = run("plan", "--apply", shown.json["plan_hash"], "--reason", "x")
    assert (applied.code, applied.out) == (0, "released: 0 of 0 who had stopped\n")
    monkeypatch.setenv("ONBOARDING_MODE", "dry_run")
    refused = run("plan", "--apply", shown.json["plan_hash"], "--reason", "x")
    assert refused.code == 5
    assert "ONBOARDING_MODE=live" in refused.err
