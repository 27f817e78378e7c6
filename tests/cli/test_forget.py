"""`forget ID --reason TEXT`: data on standard output, what is kept on standard error, and the design's exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from onboarding.bootstrap import build
from onboarding.domain.case import Alias, AliasKind
from onboarding.ports import Operation
from onboarding.settings import Settings
from tests.support.doubles import T0
from tests.support.outer import case_id, make_case, rich_case

Run = Callable[..., Any]
Put = Callable[..., None]


def operation(env: dict[str, str], operation_id: str) -> Operation:
    async def read() -> Operation | None:
        app = build(Settings.from_env(env))
        try:
            return await app.services.cases.get_operation(operation_id)
        finally:
            await app.aclose()

    found = asyncio.run(read())
    assert found is not None
    return found


def test_a_person_is_erased_and_what_stays_is_said(run: Run, put: Put, env: dict[str, str]) -> None:
    put(make_case(1))
    answer = run("forget", case_id(1), "--reason", "article 17")
    assert answer.code == 0
    assert answer.out.startswith(f"forget: erased (case {case_id(1)}, operation o_")
    assert "Not erased: the account in Entra" in answer.err
    assert run("show", case_id(1)).code == 3
    assert run("forget", case_id(1), "--reason", "again").code == 3
    done = operation(env, answer.out.split("operation ")[1].split(")")[0])
    assert (done.status, done.actor, done.reason) == ("done", "cli", "article 17")


def test_json_is_data_only(run: Run, put: Put) -> None:
    put(make_case(1))
    answer = run("forget", case_id(1), "--reason", "x", "--json")
    assert answer.json.keys() == {"operation_id", "case_id"}


def test_where_the_tenant_does_not_answer_and_a_pass_is_usable_it_waits(
    run: Run, put: Put, env: dict[str, str]
) -> None:
    case = rich_case(1, rungs={})
    assert case.access_pass is not None
    case.access_pass.usable_until = T0 + timedelta(days=36500)
    put(case)
    answer = run("forget", case_id(1), "--reason", "x")
    assert answer.code == 0
    assert answer.out.startswith("forget: accepted, waits: unavailable")
    assert "being erased" in run("show", case_id(1)).out
    assert run("resume", case_id(1), "--reason", "x").code == 5


def test_wrong_calls_have_their_exit_codes(run: Run, put: Put) -> None:
    put(make_case(1), make_case(2), aliases={
        Alias("a", AliasKind.EMPLOYEE_ID, "7"): case_id(1), Alias("b", AliasKind.EMPLOYEE_ID, "7"): case_id(2),
    })  # fmt: skip
    assert run("forget", case_id(1)).code == 2
    assert run("forget", case_id(1), "--reason", " ").code == 2
    assert run("forget", "nobody", "--reason", "x").code == 3
    assert run("forget", "7", "--reason", "x").code == 4
    assert run("show", case_id(1)).code == 0
