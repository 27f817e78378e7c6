"""Every target of `make fuzz`, for a moment, by Hypothesis; and that a target sees what it is for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.intake.payload import Unreadable
from tests.fuzz import targets
from tests.support.vendor_fixtures import fixtures

JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(targets.MARK),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
BYTES = st.binary(max_size=120) | JSON_LIKE.map(lambda tree: json.dumps(tree).encode())


@pytest.mark.parametrize("name", targets.names())
def test_seeds_pass(name: str) -> None:
    run = targets.target(name)
    for seed in targets.seeds(name):
        run(seed)


@pytest.mark.parametrize("name", targets.names())
def test_nothing_but_the_named_errors_comes_out(name: str) -> None:
    run = targets.target(name)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 255), st.integers(0, 1), BYTES | st.binary(min_size=2, max_size=12))
    def check(chosen: int, mode: int, rest: bytes) -> None:
        run(bytes([chosen, mode]) + rest if name.startswith("parse:") else rest)

    check()


# --- a target that sees nothing would pass as well -------------------------------------------------------------


def parse_that(does: Any) -> None:
    shape = targets.Shape.of(fixtures("standard-webhooks")[0])
    broken = replace(shape, adapter=replace(shape.adapter, parse=lambda payload, headers: does()))
    targets.check_body(broken, b"{}")


def test_another_exception_is_a_finding() -> None:
    def broken() -> Any:
        raise KeyError("x")

    with pytest.raises(KeyError):
        parse_that(broken)


def test_a_value_in_the_text_of_an_error_is_a_finding() -> None:
    def telling() -> Any:
        raise Unreadable("wrong", "$.name", f"'{targets.MARK}' is no name.")

    with pytest.raises(targets.Leak):
        parse_that(telling)


def test_a_value_among_the_names_of_unmapped_keys_is_a_finding() -> None:
    def telling() -> Any:
        hire = Hire(employee_id="1")
        return [HireEvent("", EventType.HIRE_CREATED, hire, "x", unmapped_keys=(f"$.a={targets.MARK}",))]

    with pytest.raises(targets.Leak):
        parse_that(telling)


def test_a_change_reaches_the_body() -> None:
    body = b'{"a": {"b": "x"}, "c": [1]}'
    made = {targets.changed(body, bytes([at, what])) for at in range(4) for what in range(len(targets.ODD))}
    assert len(made) > 3 * len(targets.ODD)
    assert targets.MARK.encode() in b"".join(made)
