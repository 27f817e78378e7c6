"""A pretend Graph per test; a request that it does not model fails the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scripts.pretend_graph import PretendGraph, serving


@pytest.fixture
def graph() -> Iterator[PretendGraph]:
    with serving(PretendGraph()) as served:
        yield served
    assert served.violations == []
