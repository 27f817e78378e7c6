"""What the demo says and leaves behind while it stays open, without playing it."""

from __future__ import annotations

import io
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from onboarding.cli import context, processes
from onboarding.cli.demo import report, run
from onboarding.cli.demo.world import World
from onboarding.cli.processes import Pair
from tests.support.doubles import T0

SETTINGS = {
    "ONBOARDING_STORE_PATH": "/tmp/a b/onboarding.db",
    "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": "whsec_ZGV2ZWxvcG1lbnQtb25seS1zZWNyZXQtMDAwMQ==",
    "ONBOARDING_HR_GREENHOUSE_SECRET": "g",
}


def pair(folder: Path, **more: str) -> Pair:
    """A pair that was never started: `died` is told by the test."""
    return Pair("http://127.0.0.1:7171", "http://127.0.0.1:7172", {**SETTINGS, **more}, folder)


@pytest.fixture
def stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`stay(pair)`: the closing lines, and what build/serve.json held meanwhile."""
    monkeypatch.chdir(tmp_path)

    def call(made: Pair) -> tuple[str, str | None]:
        seen: list[str | None] = []

        def died(self: Pair) -> int:
            file = context.SERVE_FILE
            seen.append(file.read_text(encoding="utf-8") if file.exists() else None)
            return 0

        monkeypatch.setattr(Pair, "died", died)
        text = io.StringIO()
        run._stay(Console(file=text, width=100), made)
        return text.getvalue(), seen[0]

    return call


def test_while_it_stays_open_the_other_verbs_find_it_and_nothing_is_left_behind(
    stay: Any, tmp_path: Path
) -> None:
    said, held = stay(pair(tmp_path))
    found = json.loads(held)
    assert found["settings"]["ONBOARDING_STORE_PATH"] == SETTINGS["ONBOARDING_STORE_PATH"]
    assert (found["service"], found["pid"]) == ("http://127.0.0.1:7171", os.getpid())
    assert "terminal   python -m onboarding cases\n" in said
    assert not context.SERVE_FILE.exists()


def test_a_service_that_runs_already_keeps_its_file_and_the_store_is_named(
    stay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.SERVE_FILE.parent.mkdir(exist_ok=True)
    context.SERVE_FILE.write_text('{"service": "http://127.0.0.1:7071", "settings": {}}')
    monkeypatch.setattr(processes, "answers", lambda url: url == "http://127.0.0.1:7071/api/health")
    said, held = stay(pair(tmp_path))
    assert json.loads(held)["service"] == "http://127.0.0.1:7071"
    assert "ONBOARDING_STORE_PATH='/tmp/a b/onboarding.db' python -m onboarding cases" in said
    assert "python -m onboarding approve" not in said
    assert context.SERVE_FILE.exists()


def test_what_a_killed_service_left_is_replaced(stay: Any, tmp_path: Path) -> None:
    context.SERVE_FILE.parent.mkdir(exist_ok=True)
    context.SERVE_FILE.write_text('{"service": "http://127.0.0.1:1", "settings": {}}')
    assert json.loads(stay(pair(tmp_path))[1])["service"] == "http://127.0.0.1:7171"


def test_who_may_approve_and_how_is_said_at_the_end(stay: Any, tmp_path: Path) -> None:
    said = " ".join(stay(pair(tmp_path, ONBOARDING_DEV_ROLE="operator"))[0].split())
    assert "You are operator there" in said
    assert "python -m onboarding approve CASE --reason TEXT" in said
    assert "ONBOARDING_DEV_ROLE=approver make demo" in said
    said = stay(pair(tmp_path, ONBOARDING_DEV_ROLE="approver"))[0]
    assert "You are an approver there" in said
    assert "ONBOARDING_DEV_ROLE" not in said


@pytest.mark.parametrize(
    ("exported", "used"),
    [("approver", {"ONBOARDING_DEV_ROLE": "approver"}), ("", {}), ("aprover", {}), ("none", {})],
)
def test_of_the_environment_only_a_role_that_exists_counts(
    monkeypatch: pytest.MonkeyPatch, exported: str, used: dict[str, str]
) -> None:
    monkeypatch.setenv("ONBOARDING_DEV_ROLE", exported)
    monkeypatch.setenv("ONBOARDING_MODE", "dry_run")
    assert run._role() == used


def test_the_world_reads_cases_whatever_role_the_dashboard_has(tmp_path: Path) -> None:
    world = World(pair(tmp_path))
    assert world.http.headers["x-dev-role"] == "viewer"
    world.http.close()


def test_a_process_that_ends_by_itself_is_told_with_the_way_to_go_on(
    stay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEMO_FOLDER", raising=False)
    said = stay(pair(tmp_path))[0]
    assert "To go on with everybody as they are: KEEP=1 make demo." in said
    monkeypatch.setenv("DEMO_FOLDER", "/tmp/a b")
    assert "DEMO_FOLDER='/tmp/a b' KEEP=1 make demo." in stay(pair(tmp_path))[0]


@pytest.mark.parametrize(
    ("keep", "left", "once", "plays"),
    [
        ("", True, False, True),
        ("1", True, False, False),
        ("1", True, True, True),
        ("1", False, False, True),
        ("yes", True, False, True),
    ],
)
def test_it_goes_on_only_where_it_is_asked_to_and_something_is_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    keep: str,
    left: bool,
    once: bool,
    plays: bool,
) -> None:
    monkeypatch.setenv("KEEP", keep)
    monkeypatch.setenv("DEMO_FOLDER", str(tmp_path))
    if left:
        (tmp_path / processes.STATE).touch()
    done: list[str] = []

    def stands_in(name: str) -> Any:
        def call(*_: object, **__: object) -> int:
            done.append(name)
            return 0

        return call

    for name in ("_run", "_go_on"):
        monkeypatch.setattr(run, name, stands_in(name))
    run.run(once=once, seed=1)
    assert done == ["_run" if plays else "_go_on"]
    assert ("to go on with: the demo plays" in " ".join(capsys.readouterr().err.split())) is (
        keep == "1" and not left and not once
    )


@pytest.mark.parametrize(
    ("number", "ending"), [(3, "2"), (4, " (and 1 more moment)"), (5, " (and 2 more moments)")]
)
def test_moments_that_are_left_out_are_counted_in_grammar(number: int, ending: str) -> None:
    text = io.StringIO()
    with report.Watch(Console(file=text, width=200)) as watch:
        for index in range(number):
            watch.tell(index, number, T0 + timedelta(minutes=index), str(index))
    assert text.getvalue().strip().endswith(ending)


def test_the_announcements_of_a_day_are_one_number() -> None:
    text = io.StringIO()
    with report.Watch(Console(file=text, width=200)) as watch:
        for hour, words in enumerate(
            ["HR sends 4 announcements", "Ada registers", "HR sends 9 announcements"]
        ):
            watch.tell(hour, 3, T0 + timedelta(hours=hour), words)
    assert text.getvalue().endswith("  HR sends 13 announcements; Ada registers\n")
