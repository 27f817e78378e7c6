"""Every benchmark row runs, with sizes too small to say anything about speed: `make bench` must not rot."""

from __future__ import annotations

import importlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bench import __main__ as runner
from tests.bench import row as rows
from tests.bench.row import Row, Verdict

#: Sizes at which a row takes a second or two. A row that is not named takes no size.
TINY: dict[str, dict[str, Any]] = {
    "report_speed": {"rows": 1500, "rounds": 1},
    "report_sdk": {"rows": 1500, "modelled": 2, "rounds": 1},
    "report_memory": {"many": 1500, "few": 100, "rounds": 1},
    "status_requests": {"people": 1500, "chunk": 500},
    "at_risk": {"many": 1500, "few": 100},
    "freshness": {"people": 6},
    "webhook": {"seconds": 0.2, "rounds": 1, "warm_up": 0.1},
    "webhook_azurite": {"seconds": 0.2, "warm_up": 0.1},
    "drain_azurite": {"hires": 20, "counted": 2},
    "cold_import": {"rounds": 1},
    "provisioning": {"people": 1, "latency": 0.0},
    "write_budget": {"writes": 40, "instances": 2},
    "mass_arrival": {"people": 5},
    "followup_due": {"due": 20, "closed": 50, "rounds": 1},
    "ninety_days": {"people": 10, "days": 32, "step": timedelta(days=1)},
    "phone_rate": {"count": 240, "rounds": 1},
}


@pytest.mark.parametrize("name", runner.ROWS)
def test_row_runs_and_says_what_it_measured(name: str, pytestconfig: pytest.Config) -> None:
    """Whether it reaches its mark is for `make bench` alone to say."""
    if name.endswith("_azurite") and not pytestconfig.getoption("every_store"):
        pytest.skip("the same row as on the embedded store: with --every-store")
    found = importlib.import_module(f"tests.bench.rows.{name}").run(**TINY.get(name, {}))
    assert found.name == name
    assert found.must
    assert found.detail
    assert all(isinstance(value, int | float) for value in found.figures.values())


def test_every_row_module_is_run() -> None:
    """A row that nobody runs measures nothing."""
    modules = {path.stem for path in (Path(runner.__file__).parent / "rows").glob("*.py")}
    assert modules == set(runner.ROWS)


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "build" / "bench.json"
    monkeypatch.setattr(runner, "RESULT", path)
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    return path


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.OK, 0), (Verdict.MISSED, 1), (Verdict.NOT_BUILT, 0)])
def test_exit_code_is_one_only_when_a_ratio_is_missed(
    verdict: Verdict,
    code: int,
    result: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(runner, "_run", lambda name: Row(name, "≤ 1", "2", verdict, "x"))
    assert runner.main(["phone_rate"]) == code
    written = json.loads(result.read_text())
    assert written["rows"][0]["verdict"] == verdict.value
    assert verdict.value in capsys.readouterr().out.lower()


def test_a_row_that_breaks_is_missed_and_the_others_still_run(
    result: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "ROWS", ("a_row", "another_row"))
    assert runner.main([]) == 1
    assert [row["verdict"] for row in json.loads(result.read_text())["rows"]] == ["missed", "missed"]
    assert "ModuleNotFoundError" in capsys.readouterr().out


def test_an_unknown_row_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["phone_rate", "no_such_row"]) == 2
    assert "no_such_row" in capsys.readouterr().err


def test_ratio_is_the_median_of_neighbours_not_the_ratio_of_medians() -> None:
    """One slow minute of the machine slows both of a pair."""
    assert rows.ratio([(1.0, 1.0), (10.0, 5.0), (3.0, 1.0)]).value == 2.0
    assert rows.ratio([(1.0, 1.0), (10.0, 5.0), (3.0, 1.0)]).ours == 3.0


@pytest.mark.parametrize(("share", "expected"), [(0.99, 99), (0.5, 50), (1.0, 100), (0.0, 1)])
def test_percentile_is_by_nearest_rank(share: float, expected: int) -> None:
    assert rows.percentile(list(range(100, 0, -1)), share) == expected
