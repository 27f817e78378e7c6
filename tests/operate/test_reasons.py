"""Every reason code that the program can give a case has its sentences. The codes are read from the program itself."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onboarding import casework, errors
from onboarding.intake import outcome, standing
from onboarding.operate.next_step import listed_next
from onboarding.operate.reasons import REASONS
from onboarding.provisioning.step import Block
from onboarding.safeguards import stops

ROOT = Path(__file__).parents[2]
#: Code whose errors reach a case. Errors of intake's door are answers to a sender and reach none.
PLACES = ("provisioning", "followup", "graph", "storage", "hr_api", "ports", "dry_run", "operate/work.py")
BLOCKING = (errors.OperatorError, errors.DeployerError)


def modules() -> Iterator[tuple[Any, ast.Module]]:
    """Every module of `PLACES`, loaded and parsed."""
    for place in PLACES:
        path = ROOT / "onboarding" / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield importlib.import_module(name), ast.parse(file.read_text(encoding="utf-8"))


def value(module: Any, node: ast.AST) -> Any:
    """What a name, an attribute or a constant means in this module; None where only a run can tell."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return getattr(module, node.id, None)
    if isinstance(node, ast.Attribute):
        return getattr(value(module, node.value), node.attr, None)
    return None


def codes() -> dict[str, str]:
    """Reason code → a module that gives it."""
    found: dict[str, str] = {}
    for module, tree in modules():
        given: list[Any] = []
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            what = value(module, call.func)
            if what is Block:
                given += [value(module, arg) for arg in call.args]
            elif what is casework.block and len(call.args) > 3:
                given.append(value(module, call.args[3]))
            elif inspect.isclass(what) and issubclass(what, BLOCKING):
                named = [value(module, word.value) for word in call.keywords if word.arg == "code"]
                given += named or [what.code]
        for name, item in vars(module).items():
            if name.startswith("NEEDS_APPROVAL"):
                given.append(item)
            elif inspect.isclass(item) and issubclass(item, BLOCKING):
                given.append(item.code)
        found |= {code: module.__name__ for code in given if isinstance(code, str)}
    for name, item in (vars(outcome) | vars(standing)).items():
        if name.startswith(("MISSING_", "NO_", "HR_", "APPROVE_")) and isinstance(item, str):
            found[item] = outcome.__name__
    return found


def test_every_code_that_the_program_gives_has_its_sentences() -> None:
    given = codes()
    assert given.keys() >= {
        "no_free_username", "needs_approval_adopt", "missing_name", "graph_bad_value", "permission_missing",
        "retries_exhausted", "poison", "dry_run", "hr_sign_in", "disable_after_start", "sender_mailbox",
    }, "the enumeration itself misses what is there"  # fmt: skip
    assert {code: where for code, where in given.items() if code not in REASONS} == {}


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_says_what_is_wrong_and_what_to_do(code: str) -> None:
    wrong, todo = REASONS[code]
    assert wrong.endswith(".")
    assert todo.endswith(".")
    assert wrong[0].isupper()
    assert code == code.lower()


def test_whoever_waits_for_what_everybody_waits_for_is_told_what_ends_it() -> None:
    for reason in stops.REASONS.values():
        assert listed_next("create_account", reason) != listed_next("create_account", None), reason
