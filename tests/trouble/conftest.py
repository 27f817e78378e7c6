"""Fixtures: a world over doubles, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.doubles import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()
