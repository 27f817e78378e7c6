"""Every Graph route answers the example of its Microsoft page with the documented status and shape.

Pairs: `documented/*.json`, one example each. `missing` and `extra` name the properties in which the
simulator's answer differs on purpose, each with the reason; any other difference fails.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from onboarding.simulator.server import SimulatorThread, running_simulator
from tests.simulator.pairs import PAIRS, differences, send

ALL = [pytest.param(name, marks=pytest.mark.documented(pair["page"])) for name, pair in PAIRS.items()]


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(seed=7, domain="contoso.com") as running:
        yield running


@pytest.fixture(scope="module")
def client(simulator: SimulatorThread) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=simulator.base_url, headers={"Authorization": "Bearer x"}, verify=False
    ) as opened:
        yield opened


@pytest.mark.parametrize("name", ALL)
def test_the_documented_request_gets_the_documented_answer(client: httpx.Client, name: str) -> None:
    pair, saved = PAIRS[name], dict[str, str]()
    client.post("/_control/reset", json={"seed": 7}).raise_for_status()
    for step in pair.get("prepare", []):
        send(client, step, saved).raise_for_status()
    request = {**pair["request"], "path": "/v1.0" + pair["request"]["path"]}
    response = send(client, request, saved)

    assert response.status_code == pair["response"]["status"], response.text
    documented = pair["response"].get("body")
    if documented is None:
        assert response.content == b""
        return
    missing, extra = set(pair.get("missing", {})), set(pair.get("extra", {}))
    assert differences(documented, response.json(), missing, extra) == []
