"""`serve`: sources whose events only name the person read the simulator's pretend HR API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from onboarding.cli.serve import read_pretend_hr_apis
from onboarding.domain.hire import FetchRef
from onboarding.hr_api import HrApis
from onboarding.hr_api.readers import readers
from onboarding.settings import Settings
from onboarding.simulator.server import SimulatorThread, running_simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1) as running:
        yield running


async def never(seconds: float) -> None:
    """No patience is needed."""


@pytest.mark.parametrize("vendor", sorted(readers()))
async def test_the_settings_that_serve_adds_read_the_person(simulator: SimulatorThread, vendor: str) -> None:
    settings = {f"ONBOARDING_HR_{vendor.upper()}_SECRET": "s"}
    read_pretend_hr_apis(settings, simulator.base_url)
    person = {"given_name": "Lin", "family_name": "Berg", "start_date": "2026-12-09"}
    with httpx.Client(base_url=simulator.base_url) as http:
        assert http.put(f"/_control/vendors/{vendor}/people/71", json=person).status_code == 204
        assert http.post("/_control/clock", json={"advance": "PT21S"}).is_success  # HiBob shows it late
    apis = HrApis(Settings.from_env(settings), sleep=never, fraction=lambda: 0.0)
    try:
        (kind, *_) = sorted(readers()[vendor].kinds)
        record = await apis.read(vendor, FetchRef(kind, "71"))
    finally:
        await apis.aclose()
    assert "Berg" in (record.hire.family_name or record.hire.display_name or "")


def test_an_api_that_is_set_stays_and_what_sends_whole_people_gets_none() -> None:
    own = {
        "ONBOARDING_SOURCES": "emea=bamboohr",
        "ONBOARDING_HR_EMEA_SECRET": "s",
        "ONBOARDING_HR_HIBOB_API_URL": "https://hibob.example",
        "ONBOARDING_HR_GREENHOUSE_SECRET": "s",
    }
    settings = dict(own)
    read_pretend_hr_apis(settings, "http://127.0.0.1:7072")
    assert {name: text for name, text in settings.items() if name not in own} == {
        "ONBOARDING_HR_EMEA_API_URL": "http://127.0.0.1:7072/vendors/emea",
        "ONBOARDING_HR_EMEA_API_TOKEN": "pretend:token",
    }
