"""The command line: every verb, its exit codes, data on standard output and all else on standard error."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from onboarding.bootstrap import build
from onboarding.cli import context, verbs
from onboarding.cli import main as command
from onboarding.domain.account import AccountIntent
from onboarding.domain.case import Alias, AliasKind
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import Finding, NextAction
from onboarding.errors import Ambiguous, PermissionMissing, StoreConflict, Unavailable
from onboarding.intake import catalog, receive, signing
from onboarding.operate import doctor
from onboarding.safeguards import stops
from onboarding.settings import Settings
from onboarding.web import Request
from tests.support import planted
from tests.support.doubles import T0
from tests.support.outer import case_id, make_case, rich_case

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "schemas" / "case.json"
Run = Callable[..., Any]
Put = Callable[..., None]

#: Every verb of the design.
BUILT = (
    "serve", "demo", "doctor", "phone", "cases", "show", "deliveries", "rerun", "approve", "pause", "resume", "exclude",
    "track", "followup", "replay", "forget", "export", "import", "names", "vendors", "trouble", "report", "plan",
    "lost-phone", "new-pass", "handout", "other-person", "purged", "without-pass",
)  # fmt: skip
NOT_BUILT = ("enroll",)


# --- usage ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", BUILT)
def test_every_built_verb_explains_itself(run: Run, verb: str) -> None:
    answer = run(verb, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"usage: python -m onboarding {verb}")
    assert answer.err == ""


def test_the_help_names_every_verb_that_is_built_and_the_exit_codes(run: Run) -> None:
    text = run("--help").out
    listed = {words[0] for line in text.splitlines() if line.startswith("    ") and (words := line.split())}
    assert set(BUILT) <= listed
    for code in ("0 ok", "3 not found", "6 store or tenant", "70 bug"):
        assert code in " ".join(text.split())


@pytest.mark.parametrize("verb", NOT_BUILT)
@pytest.mark.parametrize("more", [[], ["--json"], ["--help"], ["x", "--y", "z"]])
def test_a_verb_that_is_not_built_is_exit_2_and_says_so(run: Run, verb: str, more: list[str]) -> None:
    answer = run(verb, *more)
    assert (answer.code, answer.out) == (2, "")
    assert "not built" in answer.err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nonsense"],
        ["show"],
        ["pause", "7"],
        ["pause", "7", "--reason"],
        ["cases", "--nonsense", "x"],
        ["replay", "d_1"],
        ["demo", "--seed", "x"],
        ["pause", "7", "--reason", "x", "--from-step", "y"],
        ["plan", "--limit", "x"],
    ],
)
def test_wrong_usage_is_exit_2_on_standard_error(run: Run, env: object, argv: list[str]) -> None:
    answer = run(*argv)
    assert (answer.code, answer.out) == (2, "")
    assert "usage:" in answer.err


# --- lists and show ---------------------------------------------------------------------------------------------


def test_cases_are_listed_as_a_table_and_as_json(run: Run, put: Put) -> None:
    put(rich_case(1), make_case(2, State.BLOCKED, reason_code="missing_name"))
    table = run("cases")
    assert table.code == 0
    assert table.out.splitlines()[0].split()[:4] == ["CASE", "NAME", "ID", "STATE"]
    assert len(table.out.splitlines()) == 3
    data = run("cases", "--json").json
    assert data.keys() == {"items", "next_page"}
    assert [item["case_id"] for item in data["items"]] == [case_id(2), case_id(1)]
    assert [i["state"] for i in run("cases", "--state", "blocked", "--json").json["items"]] == ["blocked"]
    assert run("cases", "-q", "zzyzx", "--reason-code", "missing_name", "--json").json["items"]
    assert run("cases", "--employee-id", "nobody", "--json").json == {"items": [], "next_page": None}


def test_a_case_without_a_name_has_a_dash_in_its_place(run: Run, put: Put) -> None:
    case = make_case(1, State.AWAITING_FETCH)
    case.hire = Hire(employee_id="67890")
    put(case)
    line = run("cases").out.splitlines()[1]
    assert line.split()[1:3] == ["–", "67890"]


def test_what_only_hr_can_complete_is_not_asked_of_an_operator(run: Run, put: Put) -> None:
    case = make_case(1, State.BLOCKED, reason_code="missing_start_date")
    case.next_action = NextAction("operator", None, "missing_start_date")
    put(case)
    assert "next: HR has to complete the record (missing_start_date)" in run("show", case_id(1)).out


def test_a_further_page_is_announced_on_standard_error(run: Run, put: Put) -> None:
    put(*(make_case(number) for number in range(1, 61)))
    first = run("cases")
    assert len(first.out.splitlines()) == 51
    assert first.err.startswith("More: --page ")
    second = run("cases", "--page", first.err.split()[-1])
    assert len(second.out.splitlines()) == 11
    assert run("cases", "--page", "junk").code == 2


@pytest.mark.parametrize(
    "wanted",
    [
        case_id(1),
        f"{planted.EMPLOYEE}-1",
        f"standard-webhooks:{planted.EMPLOYEE}-1",
        "ZZYZX1.qwxyplanted@contoso.example",
    ],
)
def test_a_case_is_shown_by_any_of_its_ids_and_as_the_schema_says(run: Run, put: Put, wanted: str) -> None:
    put(rich_case(1))
    answer = run("show", wanted, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["case_id"] == case_id(1)
    if SCHEMA.is_file():
        import jsonschema  # type: ignore[import-untyped]

        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(answer.json)
    text = run("show", wanted).out
    assert text.startswith(f"{case_id(1)}  {planted.GIVEN}")
    assert "next: Remind the person at 2026-08-19T08:00:00Z" in text


def test_in_dry_run_the_reserved_name_is_shown_and_called_reserved(run: Run, put: Put) -> None:
    upn = "zoë.o-neill@contoso.example"
    waiting = make_case(1, State.BLOCKED, reason_code="dry_run", intent=AccountIntent(upn, "m", T0))
    put(waiting, rich_case(2, intent=AccountIntent(upn, "m", T0)))
    data = run("show", case_id(1), "--json").json
    assert (data["account"], data["reserved_user_principal_name"]) == (None, upn)
    text = run("show", case_id(1)).out
    assert f"account: none yet; {upn} is reserved, not created" in text
    assert "reserved user name" in data["explanation"]
    assert "python -m onboarding plan" in data["explanation"]
    put(make_case(3, State.BLOCKED, intent=AccountIntent(upn, "m", T0), found_account=upn))
    assert "reserved" not in run("show", case_id(3)).out, "the account that was found is called found"
    created = run("show", case_id(2), "--json").json
    assert created["account"]
    assert created["reserved_user_principal_name"] is None
    assert "reserved" not in run("show", case_id(2)).out.splitlines()[3]


def test_an_empty_list_names_the_store_that_was_asked(
    run: Run, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("cases").err == f"No case matches here. Store: {env['ONBOARDING_STORE_PATH']}\n"
    monkeypatch.setattr(context, "store", lambda app: "azure")
    assert run("cases").err.endswith("Store: azure\n")


def test_the_azure_store_is_not_called_by_a_file_that_it_does_not_use() -> None:
    settings = Settings.from_env(
        {"ONBOARDING_STORE": "azure", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    )
    assert context.store(SimpleNamespace(services=SimpleNamespace(settings=settings))) == "azure"  # type: ignore[arg-type]


def test_a_misspelt_verb_is_shown_the_verbs_that_exist_and_no_other(run: Run) -> None:
    answer = run("shwo")
    assert answer.code == 2
    for verb in NOT_BUILT:
        assert f"'{verb}'" not in answer.err
        assert f"\n    {verb} " not in run("--help").out


def test_what_nobody_has_is_exit_3(run: Run, put: Put) -> None:
    put(rich_case(1))
    for wanted in ("c_" + "9" * 20, "nobody", "greenhouse:1", "", "山田"):
        answer = run("show", wanted, "--json")
        assert (answer.code, answer.out) == (3, "")
        assert answer.err


def test_what_several_people_have_is_exit_4_with_the_candidates(run: Run, put: Put) -> None:
    aliases = {
        Alias("greenhouse", AliasKind.CANDIDATE_ID, "7"): case_id(1),
        Alias("standard-webhooks", AliasKind.EMPLOYEE_NUMBER, "7"): case_id(2),
    }
    put(make_case(1), make_case(2), aliases=aliases)
    for argv in (["show", "7", "--json"], ["pause", "7", "--reason", "x"]):
        answer = run(*argv)
        assert (answer.code, answer.out) == (4, "")
        assert case_id(1) in answer.err
        assert case_id(2) in answer.err
    assert run("show", "greenhouse:7", "--json").json["case_id"] == case_id(1)


# --- actions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "state", "after", "more"),
    [
        ("pause", State.FOLLOWING_UP, "paused", []),
        ("resume", State.PAUSED, "following_up", []),
        ("exclude", State.FOLLOWING_UP, "excluded", []),
        ("approve", State.BLOCKED, "following_up", []),
        ("rerun", State.FOLLOWING_UP, "provisioning", []),
        ("rerun", State.FOLLOWING_UP, "provisioning", ["--from-step", "send_welcome"]),
    ],
)
def test_an_action_says_what_it_did(
    run: Run, put: Put, verb: str, state: State, after: str, more: list[str]
) -> None:
    reason = "needs_approval_adopt" if verb == "approve" else None
    put(rich_case(1, state, reason_code=reason, return_state=State.FOLLOWING_UP))
    answer = run(verb, case_id(1), "--reason", "because", "--json", *more)
    assert (answer.code, answer.err) == (0, "")
    assert answer.json.keys() == {"operation_id", "case_id"}
    shown = run("show", case_id(1), "--json").json
    assert shown["state"] == after
    assert shown["timeline"][-1]["actor"] == "operator:cli"
    assert shown["timeline"][-1]["detail"]["reason"] == "because"


@pytest.mark.parametrize("code", ["needs_approval_lookalike", "username_held"])
def test_the_user_name_that_a_question_is_about_is_shown(run: Run, put: Put, code: str) -> None:
    upn = "lan.lewis@contoso.example"
    asked: dict[str, Any] = {"lookalike": upn} if code.startswith("needs") else {}
    intent = None if asked else AccountIntent(upn, "m", T0)
    put(make_case(3, State.BLOCKED, reason_code=code, intent=intent, **asked))
    assert f"the user name: {upn}" in run("show", case_id(3)).out
    assert run("show", case_id(3), "--json").json["asked_about"] == [upn]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], ["not_this:id-a", "not_this:id-b"]),
        (["--account", "b@contoso.example"], ["not_this:id-b"]),
        (["--account", "id-a"], ["not_this:id-a"]),
    ],
)
def test_an_account_that_was_found_is_another_persons(
    run: Run, put: Put, more: list[str], said: list[str]
) -> None:
    found = {"found_account": "a@contoso.example, b@contoso.example", "found_ids": ["id-a", "id-b"]}
    waiting = {"reason_code": "needs_approval_adopt", "return_state": State.PROVISIONING}
    put(make_case(1, State.BLOCKED, **waiting, **found))
    answer = run("other-person", case_id(1), "--reason", "asked", *more)
    assert (answer.code, answer.out.split(" (")[0]) == (0, "other-person: provisioning")
    told = run("show", case_id(1), "--json").json["timeline"][-1]
    assert told["detail"]["object_id"] == ", ".join(word.partition(":")[2] for word in said)
    assert run("other-person", case_id(1), "--reason", "again").code == 5
    assert run("purged", case_id(1), "--reason", "x").code == 5


def test_the_same_answer_again_is_none_to_the_next_question(run: Run, put: Put, env: dict[str, str]) -> None:
    """Whoever repeats the command a moment later has not seen what is asked by then."""
    waiting = {"reason_code": "needs_approval_adopt", "return_state": State.PROVISIONING}
    put(make_case(1, State.BLOCKED, **waiting, found_account="bob@contoso.example", found_ids=["bob"]))
    answer = ("other-person", case_id(1), "--reason", "Bob has another number")
    assert run(*answer).code == 0
    asyncio.run(_asks_about(env, "own"))
    assert run(*answer).code == 5
    assert run(*answer, "--reason-code", "needs_approval_adopt", "--about", "own").code == 0


async def _asks_about(env: dict[str, str], object_id: str) -> None:
    app = build(Settings.from_env(env))
    case = await app.services.cases.get(case_id(1))
    assert case is not None
    case.apply(Event.BLOCK, reason="needs_approval_adopt")
    case.found_account, case.found_ids = "zoe@contoso.example", [object_id]
    await app.services.cases.save(case)
    await app.aclose()


def test_an_approval_is_for_the_question_that_it_names(run: Run, put: Put) -> None:
    put(rich_case(1, State.BLOCKED, reason_code="needs_approval_adopt", found_ids=["user-7"]))
    approve = ("approve", case_id(1), "--reason", "same", "--json")
    assert run(*approve, "--reason-code", "needs_approval_pass").code == 5
    assert run(*approve, "--about", "user-8").code == 5
    assert run("approve", "limit:creations", "--reason", "x", "--about", "user-8").code == 2
    waits = {"reason_code": "needs_approval_adopt", "return_state": State.PROVISIONING}
    put(rich_case(2, State.BLOCKED, found_ids=["a", "b"], **waits))
    named = ("--reason-code", "needs_approval_adopt", "--about", "b", "--about", "a")
    assert run("approve", case_id(2), "--reason", "same", "--json", *named).code == 0


def test_the_command_line_answers_what_a_rerun_answers(run: Run, put: Put) -> None:
    waits = {"reason_code": "needs_approval_same_person", "return_state": State.WAITING_START}
    put(rich_case(1, State.BLOCKED, maybe_same=case_id(2), **waits))
    assert run("rerun", case_id(1), "--reason", "twins", "--json").code == 5
    assert run("approve", case_id(1), "--reason", "one person", "--json").code == 5
    named = ("--reason-code", "needs_approval_same_person", "--about", case_id(2))
    assert run("rerun", case_id(1), "--reason", "twins", "--json", *named).code == 0
    assert run("show", case_id(1), "--json").json["state"] == "waiting_start"


def test_an_action_in_words(run: Run, put: Put) -> None:
    put(rich_case(1))
    answer = run("pause", case_id(1), "--reason", "because")
    assert answer.out.startswith(f"pause: paused (case {case_id(1)}, operation o_")


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["resume", case_id(1), "--reason", "x"], 5),
        (["approve", case_id(1), "--reason", "x"], 5),
        (["pause", case_id(1), "--reason", " "], 2),
        (["rerun", case_id(1), "--reason", "x", "--from-step", "nonsense"], 2),
        (["pause", "nobody", "--reason", "x"], 3),
        (["replay", "d_none", "--reason", "x"], 3),
    ],
)
def test_a_refused_action_has_its_exit_code_and_a_sentence(
    run: Run, put: Put, argv: list[str], code: int
) -> None:
    put(rich_case(1))
    answer = run(*argv, "--json")
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.strip().endswith(".")
    assert run("show", case_id(1), "--json").json["state"] == "following_up"


def test_deliveries_are_listed_and_replayed(run: Run, env: dict[str, str]) -> None:
    async def deliver() -> str:
        app = build(Settings.from_env(env))
        body = planted.body()
        adapter = catalog.adapters()["standard-webhooks"]
        now = await app.services.clock.now()
        headers = signing.sign(adapter, planted.WHSEC, body, now=now, message_id="m")
        answer = await receive.receive(
            app.services, "standard-webhooks", Request("POST", "/", headers, body=body)
        )
        await app.aclose()
        return str(json.loads(answer.body)["delivery_id"])

    wanted = asyncio.run(deliver())
    data = run("deliveries", "--json").json
    assert [item["delivery_id"] for item in data["items"]] == [wanted]
    assert run("deliveries", "--status", "failed", "--json").json["items"] == []
    text = run("deliveries", "--source", "standard-webhooks").out
    assert wanted in text
    assert planted.found_in(text) is None
    one = run("deliveries", wanted, "--json").json
    assert one["content"]["event_type"] == "aaaa.aaaaaaa"
    text = run("deliveries", wanted).out
    assert "content, masked:" in text
    assert planted.found_in(text) is None
    assert run("deliveries", "d_none").code == 3
    assert run("replay", wanted, "--reason", "mapping mended", "--json").json["case_id"] is None


def test_vendors_says_what_is_set_up_and_what_is_missing(
    run: Run, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONBOARDING_SOURCES", "ats-us=greenhouse")
    data = run("vendors", "--json").json
    found = {item["source"]: item for item in data["sources"]}
    assert found["standard-webhooks"]["ready"] is True
    assert found["ats-us"]["missing"][0].startswith("Set ONBOARDING_HR_ATS_US_SECRET: ")
    assert "scim" in {item["adapter"] for item in data["available"]}
    text = run("vendors").out
    assert "/api/hr/ats-us" in text
    assert "Not set up: " in text
    assert planted.found_in(text) is None
    assert run("vendors", "--token", "ats-us").code == 3
    assert [item["source"] for item in run("vendors", "ats-us", "--json").json["sources"]] == ["ats-us"]
    unknown = run("vendors", "greenhouse")
    assert unknown.code == 3
    assert "Configured: ats-us, " in unknown.err


def test_trouble_is_shown_and_a_limit_approved(run: Run, put: Put, env: dict[str, str]) -> None:
    put(make_case(1))
    assert run("trouble").code == 0
    assert run("trouble", "--json").json == {"stops": [], "poison": [], "poison_complete": True}
    assert run("approve", "limit:creations", "--reason", "x").code == 5

    async def stop() -> None:
        app = build(Settings.from_env(env))
        stopped = stops.Stop(stops.LIMIT, "creations", T0, text="500 creations within an hour")

        def decide(board: stops.Board) -> bool:
            board.open(stopped)
            return True

        await stops.change(app.services.cases, decide)
        await app.aclose()

    asyncio.run(stop())
    shown = run("trouble")
    assert shown.code == 1
    assert "limit:creations: No more creations" in shown.out
    assert "An approver" in shown.out
    assert run("trouble", "--json").json["stops"][0]["id"] == "limit:creations"
    assert run("approve", "limit:none", "--reason", "x").code == 3
    assert run("approve", case_id(1), "--reason", "x", "--allow", "5").code == 2
    done = run("approve", "limit:creations", "--reason", "checked", "--allow", "900", "--json")
    assert (done.code, done.json["case_id"]) == (0, None)
    assert run("trouble").code == 0


def test_followup_puts_on_the_queue_what_is_due(run: Run, put: Put) -> None:
    put(rich_case(1))
    assert run("followup", "--json").json == {"enqueued": 1}
    assert run("followup").out == "enqueued: 0\n"


# --- what cannot be reached ---------------------------------------------------------------------------------------


def test_track_without_a_tenant_is_exit_6(run: Run, env: object) -> None:
    answer = run("track", "--json")
    assert (answer.code, answer.out) == (6, "")
    assert answer.err


def test_doctor_without_a_tenant_is_a_finding_and_exit_1(run: Run, env: object) -> None:
    answer = run("doctor", "--json")
    assert answer.code == 1
    found = {item["what"]: item["ok"] for item in answer.json["findings"]}
    assert found["store"] is True
    assert found["tenant"] is False
    assert planted.found_in(answer.out + answer.err) is None


@pytest.mark.parametrize(
    ("good", "code", "words"), [(True, 0, "ok   store: fine"), (False, 1, "FIX  store: fine")]
)
def test_doctor_in_words(
    run: Run, env: object, monkeypatch: pytest.MonkeyPatch, good: bool, code: int, words: str
) -> None:
    async def examine(s: object) -> list[doctor.Finding]:
        return [doctor.Finding("store", good, "fine")]

    monkeypatch.setattr(doctor, "examine", examine)
    answer = run("doctor")
    assert (answer.code, answer.out.strip()) == (code, words)


@pytest.mark.parametrize("argv", [["cases"], ["show", "7"], ["followup"], ["pause", "7", "--reason", "x"]])
def test_a_store_that_cannot_be_opened_is_exit_6(
    run: Run, env: object, monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    monkeypatch.setenv("ONBOARDING_STORE_PATH", "/proc/nowhere/store.db")
    answer = run(*argv, "--json")
    assert (answer.code, answer.out) == (6, "")
    assert answer.err


@pytest.mark.parametrize(
    ("name", "value"),
    [("ONBOARDING_STORE", "nonsense"), ("ONBOARDING_STORE", "azure"), ("ONBOARDING_DEADLINE", "soon")],
)
def test_a_setting_that_is_wrong_is_exit_5_and_named(
    run: Run, env: object, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    answer = run("cases")
    assert (answer.code, answer.out) == (5, "")
    assert name in answer.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreConflict("x"), 5),
        (Unavailable("x"), 6),
        (PermissionMissing("x"), 6),
        (Ambiguous("x", candidates=["c_1"]), 4),
        (ZeroDivisionError("x"), 70),
        (KeyboardInterrupt(), 0),
    ],
)
def test_each_error_has_its_exit_code(
    run: Run, env: object, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    async def fails(*args: object) -> int:
        raise error

    monkeypatch.setitem(verbs.VERBS, "cases", fails)
    answer = run("cases", "--json")
    assert (answer.code, answer.out) == (code, "")


# --- which store ----------------------------------------------------------------------------------------------------


def served(folder: Path, text: str) -> None:
    (folder / "build").mkdir()
    (folder / "build" / "serve.json").write_text(text)


def test_without_an_environment_the_store_of_make_serve_is_used(
    run: Run, put: Put, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(rich_case(1))
    served(tmp_path, json.dumps({"service": "http://x", "settings": env}))
    for name in env:
        monkeypatch.delenv(name)
    assert len(run("cases", "--json").json["items"]) == 1


def test_an_exported_store_wins_over_the_one_of_make_serve(
    run: Run, put: Put, env: dict[str, str], tmp_path: Path
) -> None:
    put(rich_case(1))
    other = {"ONBOARDING_STORE_PATH": str(tmp_path / "other.db"), "ONBOARDING_MODE": "nonsense"}
    served(tmp_path, json.dumps({"settings": other}))
    assert len(run("cases", "--json").json["items"]) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"settings": 7}', "null", '{"settings": null}', "\x00"])
def test_a_damaged_file_of_make_serve_is_said_and_passed_over(
    run: Run, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    served(tmp_path, text)
    for name in env:
        monkeypatch.delenv(name)
    answer = run("cases", "--json")
    assert (answer.code, answer.json["items"]) == (0, [])
    assert "serve.json" in answer.err


def test_without_a_service_it_is_said_where_the_last_one_left_its_data(
    run: Run, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in env:
        monkeypatch.delenv(name)
    left = Path("build/demo/onboarding.db")
    (tmp_path / left).parent.mkdir(parents=True)
    (tmp_path / left).touch()
    assert f"ONBOARDING_STORE_PATH={left}" in run("cases").err
    assert "left its data" not in run("cases").err, "the store of that folder is there now"


# --- at the edge of the process --------------------------------------------------------------------------------------


def process(env: dict[str, str], *argv: str | bytes) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "onboarding", *argv]
    return subprocess.run(
        line, cwd=ROOT, capture_output=True, env={"PATH": "/usr/bin:/bin", **env}, check=False
    )


def test_names_are_printed_in_any_locale(put: Put, env: dict[str, str]) -> None:
    case = make_case(1)
    case.hire = case.hire.merged(type(case.hire)(display_name="Þórunn 山田"), newer=True)
    put(case)
    for more, argv in (
        ({"LC_ALL": "C"}, ["cases"]),
        ({"PYTHONIOENCODING": "ascii"}, ["cases", "--json"]),
        ({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ["show", case_id(1)]),
    ):
        done = process({**env, **more}, *argv)
        assert done.returncode == 0, done.stderr.decode()
        assert "Þórunn 山田" in done.stdout.decode()


def test_an_argument_that_is_no_text_is_exit_2_not_a_crash(env: dict[str, str]) -> None:
    done = process(env, "show", b"\xff\xfe")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_reader_that_stops_reading_is_no_error() -> None:
    """`… | head -1`: quiet, and exit 0."""
    script = f"{sys.executable} -m onboarding phone --json; echo $? >&2"
    lines = b"DE\t0151 1\n" * 20_000
    done = subprocess.run(
        ["bash", "-c", f"({script}) | head -1"], cwd=ROOT, input=lines, capture_output=True, check=False
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.decode().split() == ["0"]


def test_what_a_library_logs_while_a_verb_runs_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import logging, sys; from onboarding.cli import main, verbs\n"
        "async def noisy(app, args): logging.getLogger('lib').warning('to %s', 'a.b@personal.example'); return 0\n"
        "verbs.VERBS['cases'] = noisy; sys.exit(main.main(['cases']))"
    )
    env = {"PATH": "/usr/bin:/bin", "ONBOARDING_STORE_PATH": ":memory:"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "to <address>" in done.stderr


def test_the_phone_verb_imports_neither_store_nor_tenant() -> None:
    code = (
        "import sys; from onboarding.cli.main import main\n"
        "main(['phone', '/dev/null'])\n"
        "print([m for m in ('sqlite3', 'msgraph', 'jinja2', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() in {"[]", "['httpx']"}


def test_exit_codes_are_those_of_the_design() -> None:
    assert (
        context.OK, context.NEGATIVE, context.USAGE, context.NOT_FOUND, context.AMBIGUOUS, context.REFUSED,
        context.UNREACHABLE, context.BUG,
    ) == (0, 1, 2, 3, 4, 5, 6, 70)  # fmt: skip
    assert set(command.NOT_BUILT) == set(NOT_BUILT)


def test_what_hr_sent_does_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]):
    hostile = "a\r\nb\x1b[2J\u202ec\x9bd\u2066e\x7f"
    context.table(
        [{"id": hostile, "what": "x" * 500}, {"id": "y" * 500, "what": "z"}], [("id", "ID"), ("what", "W")]
    )
    context.out(hostile)
    context.note(hostile)
    context.out_json({"id": hostile})
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[1].startswith(r"a\u000d\u000ab\u001b[2J\u202ec\u009bd\u2066e\u007f ")
    assert lines[1].endswith("x" * 500)
    assert lines[2].startswith("y" * 99 + "… ")
    assert not set(printed.out + printed.err) & {"\r", "\x1b", "\u202e", "\x9b", "\u2066", "\x7f"}
    assert json.loads(printed.out[printed.out.index("{") :]) == {"id": hostile}


def test_what_hr_sent_and_nobody_used_is_shown_on_the_case(run: Run, put: Put) -> None:
    case = make_case(1)
    case.findings = [Finding("unmapped", "famly_name", "d_1", T0)]
    put(case)
    assert (
        "HR sent famly_name: The HR system sent a field that is not used: misspelt"
        in run("show", case_id(1)).out
    )
