"""`export` and `import`: a whole store into a file and back, with the exit codes of the design."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onboarding.cli import transfer
from onboarding.domain.lifecycle import State
from onboarding.domain.records import Finding
from tests.support import planted
from tests.support.doubles import T0
from tests.support.outer import case_id, make_case, rich_case

Run = Callable[..., Any]
Put = Callable[..., None]
ROWS = {"marker": 0, "delivery": 0, "case": 3, "alias": 7, "operation": 0, "usage": 0}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """From here on the command line uses another store."""

    def call(name: str) -> None:
        monkeypatch.setenv("ONBOARDING_STORE_PATH", str(tmp_path / name))

    return call


@pytest.fixture
def filled(put: Put) -> None:
    put(rich_case(1), make_case(2, State.BLOCKED, reason_code="missing_name"), rich_case(3))


@pytest.mark.parametrize("name", ["copy.jsonl", "copy.jsonl.gz"])
def test_a_store_goes_into_a_file_and_into_another_store(
    run: Run, filled: None, elsewhere: Callable[[str], None], tmp_path: Path, name: str
) -> None:
    wanted = {number: run("show", case_id(number), "--json").json for number in (1, 2, 3)}
    out = run("export", name, "--json")
    assert (out.code, out.json) == (0, {"file": name, "rows": ROWS})
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    elsewhere("other.db")
    done = run("import", name, "--json")
    assert (done.code, done.json) == (0, {"file": name, "rows": ROWS, "there_already": 0})
    for number, case in wanted.items():
        assert run("show", case_id(number), "--json").json == case
    assert run("show", f"{planted.EMPLOYEE}-1", "--json").json["case_id"] == case_id(1)


def test_without_json_a_line_says_what_was_done(
    run: Run, filled: None, elsewhere: Any, tmp_path: Path
) -> None:
    out = run("export", "copy")
    assert out.out == "export: marker 0, delivery 0, case 3, alias 7, operation 0, usage 0\n"
    assert "keep it as you keep the store" in out.err
    assert "stop the service" in out.err
    assert str(tmp_path / "store.db") in out.err
    elsewhere("other.db")
    done = run("import", "copy")
    assert done.out == "import: marker 0, delivery 0, case 3, alias 7, operation 0, usage 0\n"
    assert str(tmp_path / "other.db") in done.err


def test_progress_is_on_standard_error(
    run: Run, filled: None, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "EVERY", 3)
    out = run("export", "copy", "--json")
    assert "exported: 3 rows" in out.err
    elsewhere("other.db")
    done = run("import", "copy", "--json")
    assert "imported: 10 rows" in done.err
    assert done.json["rows"] == ROWS


def test_a_store_that_is_not_empty_is_exit_5_and_resume_goes_on(
    run: Run, filled: None, elsewhere: Any
) -> None:
    run("export", "copy")
    refused = run("import", "copy", "--json")
    assert (refused.code, refused.out) == (5, "")
    assert "not empty" in refused.err
    assert "--resume" in refused.err
    assert run("import", "copy", "--resume").code == 5, "this store was not filled from it"
    elsewhere("other.db")
    assert run("import", "copy").code == 0
    again = run("import", "copy", "--resume", "--json")
    assert (again.code, again.json["there_already"]) == (0, 3)


def test_a_file_that_is_there_already_is_exit_5_and_stays(run: Run, filled: None, tmp_path: Path) -> None:
    before = (tmp_path / "store.db").read_bytes()
    refused = run("export", "store.db", "--json")
    assert (refused.code, refused.out) == (5, "")
    assert "another name" in refused.err
    assert (tmp_path / "store.db").read_bytes() == before


def test_an_archive_that_is_not_there_is_exit_3(run: Run, env: object) -> None:
    missing = run("import", "nothing")
    assert (missing.code, missing.out) == (3, "")
    assert "No such file" in missing.err


@pytest.mark.parametrize("harm", ["cut", "changed", "junk", "cut.gz"])
def test_a_damaged_archive_is_exit_5_names_the_line_and_no_person(
    run: Run, filled: None, elsewhere: Any, tmp_path: Path, harm: str
) -> None:
    path = tmp_path / ("copy.gz" if harm.endswith(".gz") else "copy")
    run("export", path.name)
    data = path.read_bytes()
    marker = b"Zzyzx" if b"Zzyzx" in data else b""
    damage = {
        "cut": data[: len(data) * 2 // 3],
        "cut.gz": data[: len(data) * 2 // 3],
        "changed": data.replace(marker, b"Yyzzx", 1),
        "junk": data.replace(b'"state":', b'"state":"Zzyzx-Plantedname","x":', 1),
    }
    path.write_bytes(damage[harm])
    elsewhere("other.db")
    refused = run("import", path.name, "--json")
    assert (refused.code, refused.out) == (5, "")
    assert "ine " in refused.err
    assert planted.found_in(refused.err) is None
    assert run("cases", "--json").json["items"] == []
    assert not list(tmp_path.glob(".*.part"))


def test_what_was_exported_is_plain_lines(run: Run, filled: None, tmp_path: Path) -> None:
    """Anybody can read it with what every machine has."""
    run("export", "copy.gz")
    rows = [json.loads(line) for line in gzip.decompress((tmp_path / "copy.gz").read_bytes()).splitlines()]
    assert rows[0]["format"] == "onboarding-archive"
    assert {row["row"] for row in rows} == {"archive", "case", "alias", "end"}
    assert rows[-1]["counts"] == ROWS


def test_values_that_could_not_be_used_are_listed_for_people_programs_and_spreadsheets(
    run: Run, put: Put
) -> None:
    case = rich_case(1)
    case.findings = [Finding("unknown_country", "=work_country", "d_1", T0)]
    put(case)
    data = run("export", "--data-quality", "--json").json
    assert [(item["code"], item["field"], item["employee_id"]) for item in data["items"]] == [
        ("unknown_country", "=work_country", case.employee_key)
    ]
    table = run("export", "--data-quality", "--csv").out.splitlines()
    assert len(table) == 2
    assert ",'=work_country," in table[1]
    assert "unknown_country" in run("export", "--data-quality").out


def test_an_export_without_a_file_or_a_question_is_wrong_usage(run: Run) -> None:
    for argv in (["export"], ["export", "--csv"], ["export", "file", "--csv"]):
        answer = run(*argv)
        assert (answer.code, answer.out) == (2, "")
        assert "usage" in answer.err
