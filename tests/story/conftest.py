"""A simulator for the run, and a world for each story that ends with the invariants."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onboarding.graph.sdk import load_sdk
from onboarding.simulator.server import SimulatorThread, running_simulator
from tests.story import invariants
from tests.story.world import World
from tests.support.azurite import Shared


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorThread]:
    load_sdk()  # half a second, once
    with running_simulator(seed=1, start=datetime(2026, 9, 1, 6, 0, tzinfo=UTC)) as running:
        yield running


#: The whole story is told on every store in each run; with --every-store all of `ON_EITHER` too. The others need a
#: queue whose clock can be moved.
MAIN = ("test_main_story",)
ON_EITHER = (*MAIN, "test_operators", "test_out_of_order", "test_people", "test_tenant_trouble")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "world_store" in metafunc.fixturenames:
        chosen = ON_EITHER if metafunc.config.getoption("every_store") else MAIN
        module = metafunc.module.__name__.rpartition(".")[2]
        metafunc.parametrize("world_store", ["embedded", "azure"] if module in chosen else ["embedded"])


@pytest.fixture
async def world(
    request: pytest.FixtureRequest,
    simulator: SimulatorThread,
    tmp_path: Path,
    world_store: str,
    azurite: Shared,
) -> AsyncIterator[World]:
    """A furnished tenant and a service, at the story's beginning. What every story promises is checked last."""
    storage = azurite.connection_string(azurite.account()) if world_store == "azure" else None
    main = request.module.__name__.endswith(MAIN)
    story = World(simulator, tmp_path, storage, over_http=main)
    story.furnish()
    logging.getLogger().addHandler(story.log)
    try:
        yield story
        await invariants.check(story)
    finally:
        logging.getLogger().removeHandler(story.log)
        await story.close()
