"""The service desk's verbs: usage, refusals and the printed page; what reaches the tenant is told in the story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onboarding.domain.case import Case
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from tests.support.outer import case_id, make_case, rich_case

Run = Callable[..., Any]
ALL_CHECKS = [word for check in Policy().desk.identity_checks for word in ("--confirm", check.code)]
Put = Callable[..., None]


def synced_case(number: int) -> Case:
    """Somebody whose account comes from Active Directory."""
    case = rich_case(number)
    assert case.account is not None
    case.account.origin = "synced"
    return case


def test_the_page_is_printed_and_the_reason_kept(run: Run, put: Put) -> None:
    put(rich_case(1))
    answer = run("handout", case_id(1), "--reason", "came to the desk")
    assert answer.code == 0
    assert "aka.ms/mysecurityinfo" in answer.out
    assert case_id(1) not in answer.out
    data = run("handout", case_id(1), "--reason", "again", "--json").json
    assert data.keys() == {"operation_id", "case_id", "language", "text"}
    told = [
        entry for entry in run("show", case_id(1), "--json").json["timeline"] if entry["action"] == "handout"
    ]
    assert [(entry["actor"], entry["detail"]["reason"]) for entry in told] == [
        ("operator:cli", "came to the desk"),
        ("operator:cli", "again"),
    ]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["handout"], 2),
        (["handout", case_id(1)], 2),
        (["new-pass", case_id(1), "--confirm", "photo_id"], 2),
        (["new-pass", case_id(1), "--reason", "x"], 2),
        (["new-pass", case_id(1), "--reason", "x", "--confirm", "coffee"], 2),
        (["lost-phone", case_id(1), "--method", "m"], 2),
        (["handout", case_id(2), "--reason", "x"], 5),
        (["lost-phone", case_id(2)], 5),
        (["lost-phone", case_id(3)], 5),
        (["lost-phone", case_id(1)], 6),
        (["lost-phone", case_id(1), "--method", "m", "--reason", "x"], 6),
        (["lost-phone", case_id(9)], 3),
        (["new-pass", case_id(4), "--reason", "x", *ALL_CHECKS], 5),
    ],
)
def test_what_cannot_be_done_says_why_and_prints_no_data(
    run: Run, put: Put, argv: list[str], code: int
) -> None:
    put(rich_case(1), make_case(2), rich_case(3, State.EXCLUDED), synced_case(4))
    answer = run(*argv)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err
