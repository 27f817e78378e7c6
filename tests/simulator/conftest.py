"""A fresh simulator and a client with a token for each test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from onboarding.simulator.server import SimulatorThread, running_simulator


@pytest.fixture
def sim() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1) as running:
        yield running


@pytest.fixture
def http(sim: SimulatorThread) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.base_url, headers={"Authorization": "Bearer pretend"}) as client:
        yield client
