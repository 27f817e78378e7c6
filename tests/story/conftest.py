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


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorThread]:
    load_sdk()  # half a second, once
    with running_simulator(seed=1, start=datetime(2026, 9, 1, 6, 0, tzinfo=UTC)) as running:
        yield running


@pytest.fixture
async def world(simulator: SimulatorThread, tmp_path: Path) -> AsyncIterator[World]:
    """A furnished tenant and a service, at the story's beginning. What every story promises is checked last."""
    story = World(simulator, tmp_path)
    story.furnish()
    logging.getLogger().addHandler(story.log)
    try:
        yield story
        await invariants.check(story)
    finally:
        logging.getLogger().removeHandler(story.log)
        await story.close()
