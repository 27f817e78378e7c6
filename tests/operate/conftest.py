"""Fixtures: a world over doubles, closed afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.doubles import World


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**kwargs: Any) -> World:
        made.append(World(**kwargs))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
