"""Fixtures of the contract suites: `store` is every store in turn, empty and closed afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.storage.stores import FACTORIES, PLACES, StoreUnderTest, open_store


@pytest.fixture(params=sorted(FACTORIES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreUnderTest]:
    opened = open_store(request.param, PLACES[request.param](tmp_path))
    yield opened
    await opened.close_all()
