"""`names`: a preview of user names, one answer a line, from the settings and the policy file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.cli.names import POLICY_ONLY
from onboarding.operate.explain import REASONS
from onboarding.simulator.server import running_simulator

ROOT = Path(__file__).parents[2]
Run = Callable[..., Any]
KEYS = {
    "given", "family", "language", "status", "reason", "display_name", "given_name", "surname",
    "user_principal_name", "mail_nickname", "candidates", "refused", "notes", "role_holders",
}  # fmt: skip


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Callable[..., Any]:
    """`names("Anna\\tBerg\\n", "--domain", "x.example")`: lines in a file, options as typed, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(lines: bytes | str, *options: str) -> Any:
        file = tmp_path / "lines"
        file.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
        return run("names", "--json", *options, str(file))

    return call


def objects(answer: Any) -> list[dict[str, Any]]:
    assert (answer.code, answer.err) == (0, "")
    found = [json.loads(line) for line in answer.out.splitlines()]
    assert all(each.keys() == KEYS for each in found)
    assert all(each["reason"] in {None, *REASONS} for each in found)
    assert all((each["status"] == "ok") == (each["reason"] is None) for each in found)
    return found


def local(each: dict[str, Any]) -> str | None:
    upn: str | None = each["user_principal_name"]
    assert upn is None or upn.endswith("@contoso.example")
    return upn.partition("@")[0] if upn else None


def test_lines_are_hires_in_that_order_and_blank_ones_count(names: Callable[..., Any]) -> None:
    found = objects(names("Anna\tSchmidt\tde\nAnna\tSchmidt\r\n\nJörg\tÅberg\tsv\n\tSuharto\nAnna\tSchmidt"))
    assert [local(each) for each in found] == [
        "anna.schmidt", "anna.schmidt2", None, "jorg.aberg", "suharto", "anna.schmidt3",
    ]  # fmt: skip
    assert (found[2]["status"], found[2]["reason"], found[2]["candidates"]) == (
        "blocked",
        "name_unusable",
        [],
    )
    assert found[3]["display_name"] == "Jörg Åberg"
    assert found[1]["mail_nickname"] == "anna.schmidt2"
    assert found[1]["candidates"][:2] == ["anna.schmidt2@contoso.example", "anna.schmidt3@contoso.example"]


def test_one_person_by_options(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run(
        "names", "--json", "--given", "Robert", "--family", "Åberg", "--preferred", "Bob", "--country", "SE",
        "--pattern", "{g}{family}", "--if-taken", "{family}{g}", "--domain", "@X.example", "--count", "3",
    )  # fmt: skip
    (found,) = objects(answer)
    assert found["candidates"] == ["baberg@x.example", "abergb@x.example", "baberg2@x.example"]
    assert (found["given_name"], found["surname"], found["notes"]) == ("Bob", "Åberg", [])


def test_what_is_refused_is_shown_with_its_reason(names: Callable[..., Any]) -> None:
    reserved, lookalike, protected = objects(
        names("Ad\tMin\nLan\tLewis\nIan\tLewis\n", "--protect", "ian.lewis@contoso.example")
    )
    assert reserved["refused"] == [
        {"user_principal_name": "ad.min@contoso.example", "reason": "reserved_word", "resembles": None}
    ]
    assert local(reserved) == "ad.min.user"
    assert (lookalike["status"], lookalike["reason"]) == ("blocked", "needs_approval_lookalike")
    assert lookalike["refused"][0]["resembles"] == "ian.lewis"
    assert local(protected) == "ian.lewis2"
    assert protected["refused"][0]["reason"] == "protected"


def test_holders_of_directory_roles_are_read_when_asked_for(
    names: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_simulator(seed=1) as simulator:
        monkeypatch.setenv("ONBOARDING_GRAPH_BASE_URL", simulator.base_url)
        holder = {"userPrincipalName": "ian.lewis@contoso.example", "roles": ["User Administrator"]}
        httpx.post(f"{simulator.base_url}/_control/users", json=holder).raise_for_status()
        (known,) = objects(names("Lan\tLewis\n", "--role-holders"))
        (unknown,) = objects(names("Lan\tLewis\n"))
    assert (known["reason"], known["role_holders"]) == ("needs_approval_lookalike", True)
    assert known["refused"][0]["resembles"] == "ian.lewis"
    assert (local(unknown), unknown["role_holders"]) == ("lan.lewis", False)


def test_a_tenant_that_does_not_say_who_holds_roles_is_exit_6_and_no_output(
    names: Callable[..., Any], env: dict[str, str]
) -> None:
    answer = names("Lan\tLewis\n", "--role-holders")
    assert (answer.code, answer.out) == (6, "")


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        ("太郎\t山田\tja", ["no_kanji_reading"]),
        ("小明\t王\tzh", ["mandarin_reading"]),
        ("محمد\tالفارسي\tar", ["few_vowels"]),
        ("သူဇာ\tအောင်\tmy", ["letter_by_letter"]),
        ("さくら\tおおの\tja", []),
        ("Anna\tSchmidt\t", []),
    ],
)
def test_doubts_about_the_spelling_are_said(names: Callable[..., Any], line: str, notes: list[str]) -> None:
    assert objects(names(line))[0]["notes"] == notes


def test_a_latin_spelling_leaves_no_doubt(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run(
        "names",
        "--json",
        "--given",
        "太郎",
        "--family",
        "山田",
        "--display",
        "Taro Yamada",
        "--country",
        "JP",
    )
    assert (local(objects(answer)[0]), objects(answer)[0]["notes"]) == ("taro.yamada", [])


def test_the_policy_file_decides(
    names: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[account]\nusername_pattern = "{f}{given}"\nusername_if_taken = ["{given}.{family}"]\n'
        'protected_names = ["ian.lewis"]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ONBOARDING_POLICY_FILE", str(policy))
    found = objects(names("Anna\tBerg\nAnna\tBerg\nAnna\tBerg\n"))
    assert [local(each) for each in found] == ["banna", "anna.berg", "banna2"]
    policy.write_text('[account]\nusername_pattern = "{vorname}"\n', encoding="utf-8")
    answer = names("Anna\tBerg\n")
    assert (answer.code, answer.out) == (5, "")
    assert "no field 'vorname'" in answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--pattern", "{vorname}"), "no field 'vorname'"),
        (("--pattern", "{given}@x"), "'@' cannot be in it"),
        (("--pattern", ""), "it has no field"),
        (("--if-taken", "static"), "it has no field"),
        (("--domain", "contoso"), "example.com"),
        (("--count", "0"), "1 to 200"),
        (("--count", "201"), "1 to 200"),
        (("--given", "\udcff"), "not UTF-8"),
    ],
)
def test_an_option_that_cannot_work_is_exit_2_and_no_output(
    names: Callable[..., Any], options: tuple[str, ...], said: str
) -> None:
    answer = names("Anna\tBerg\n", *options)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_file_that_is_not_there_is_exit_2(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run("names", str(tmp_path / "none"))
    assert (answer.code, answer.out) == (2, "")


def test_bytes_that_are_no_text_are_an_answer_and_not_a_crash(names: Callable[..., Any]) -> None:
    lines = [
        b"Anna\xff\tB\x80erg",
        b"\xed\xa0\x80",
        b"\x00\t\x00",
        b"A\rnna\tBerg",
        b"=cmd|'/c calc'!A1\tx\t\xff",
    ]
    found = objects(names(b"\n".join(lines)))
    assert len(found) == len(lines)
    assert local(found[0]) == "anna.berg"
    assert found[1]["reason"] == "name_unusable"


def test_without_json_every_person_is_a_few_lines_for_people_and_standard_input_is_read(
    tmp_path: Path,
) -> None:
    # Not in the project's folder, where a demo may have left its data, which the command would mention.
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "onboarding", "names", "--protect", "ian.lewis"],
        cwd=tmp_path, input="Lan\tLewis\nAd\tMin\n太郎\t山田\tja\n\n".encode(), capture_output=True, check=False,
        env={**env, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr.decode()) == (0, POLICY_ONLY + "\n")
    text = done.stdout.decode()
    for said in (
        "needs_approval_lookalike",
        "mistaken for ian.lewis",
        "a reserved word",
        "山田太郎",
        "kanji",
        "name_unusable",
    ):
        assert said in text
