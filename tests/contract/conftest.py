"""Fixtures of the contract suites: `store` is every store in turn, empty and closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.stores import FACTORIES, StoreUnderTest, open_store


@pytest.fixture(params=sorted(FACTORIES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreUnderTest]:
    opened = open_store(request.param, str(tmp_path))
    yield opened
    opened.close_all()
