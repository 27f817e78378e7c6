"""A fresh simulator and a client with a token for each test; and the marks.

Every test of a behaviour of Graph says what it rests on, with exactly one of

    documented(page)  the page's path on learn.microsoft.com; "user-get" stands for "graph/api/user-get"
    observed(source)  where real answers were seen
    inferred(why)     our reasoning; only a live tenant can settle it

The nearest mark counts: on the test (decorator or `pytest.param`), else on its class, else the module's
`pytestmark`. One on the module and another one on a test is therefore one; two on the same place are two.
Tests of the control interface, the locks, the state file and of this folder's own tools are of nothing that
Microsoft has: they live in `plumbing/` and carry none. `python -m onboarding.simulator.fidelity` writes the
marks into FIDELITY.md, so a mark's text is written out, not computed.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from onboarding.simulator.server import SimulatorThread, running_simulator
from tests.simulator.marks import complaint


@pytest.fixture
def sim() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1) as running:
        yield running


@pytest.fixture
def http(sim: SimulatorThread) -> Iterator[httpx.Client]:
    # Plain HTTP: reading the certificates of the machine would cost more than the test.
    headers = {"Authorization": "Bearer pretend"}
    with httpx.Client(base_url=sim.base_url, headers=headers, verify=False) as client:
        yield client


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that breaks the rule fails, whatever else it does."""
    if (wrong := complaint(item)) is not None:
        pytest.fail(f"This test {wrong}.", pytrace=False)
