"""The real functions over a store in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.outer import Outer


@pytest.fixture
async def outer() -> AsyncIterator[Outer]:
    made = Outer()
    yield made
    await made.close()
