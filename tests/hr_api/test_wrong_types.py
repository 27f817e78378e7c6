"""Whatever type stands in an answer: a reader raises nothing but what its caller expects.

And keeps no text that a store does not take.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import pytest

from onboarding.domain.hire import FetchRef
from onboarding.errors import OnboardingError
from onboarding.hr_api import HrApis
from onboarding.hr_api.readers import readers
from onboarding.ports import HrRecord
from onboarding.simulator.server import SimulatorThread, running_simulator
from tests.hr_api.test_vendors import PERSON, VENDORS, never, put, settings

WRONG: tuple[Any, ...] = (None, True, 10**30, "\0", [], [["\0"]], [{"x": ["x"]}], {"x": ["x"]})
#: Of whom a reader asks for more than of an ordinary hire.
ODD = {"lever": {"status": "underqualified", "contact": "p-1"}}
CONTRACT = {"profile": VENDORS["deel"][1], "signed_at": "2026-08-01T00:00:00Z", "start_date": "2026-09-01"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(seed=1) as running:
        yield running


@dataclass
class Api:
    """Answers what the pretend API answered, but for `wrong`, which stands at one place of one answer."""

    base: httpx.Client
    answers: dict[str, Any] = field(default_factory=dict)
    at: tuple[str, tuple[Any, ...]] = ("", ())
    wrong: Any = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        key = str(request.url)
        if key not in self.answers:
            told = self.base.request(
                request.method, key, headers=dict(request.headers), content=request.content
            )
            if not told.is_success:
                return httpx.Response(told.status_code)
            self.answers[key] = told.json()
        answer = self.answers[key]
        if key == self.at[0]:
            answer = copy.deepcopy(answer)
            node = answer
            for step in self.at[1][:-1]:
                node = node[step]
            node[self.at[1][-1]] = self.wrong
        return httpx.Response(200, content=json.dumps(answer).encode())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place within an answer."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    for item in value if isinstance(value, list | tuple) else ():
        yield from texts(item)
    if isinstance(value, str):
        yield value


def kinds() -> list[tuple[str, FetchRef]]:
    """One of each kind of record that is read in a way of its own."""
    usual = [(vendor, FetchRef(kind, identifier)) for vendor, (kind, identifier, _) in VENDORS.items()]
    return [*usual, ("deel", FetchRef("contract", "c-1")), ("workable", FetchRef("candidate", "b5d0ef"))]


@pytest.mark.parametrize(("vendor", "ref"), kinds(), ids=lambda item: getattr(item, "kind", item))
async def test_a_wrong_type_anywhere_is_a_finding_and_never_an_error(
    simulator: SimulatorThread, vendor: str, ref: FetchRef
):
    with httpx.Client(base_url=simulator.base_url, timeout=10) as http:
        http.post("/_control/reset", json={"seed": 1})
        put(http, vendor, **ODD.get(vendor, {}))
        http.put("/_control/vendors/deel/people/c-1", json={**PERSON, **CONTRACT})
        http.post("/_control/clock", json={"advance": "PT21S"})
        api = Api(http)
        apis = HrApis(
            settings(simulator.base_url),
            sleep=never,
            fraction=lambda: 0.0,
            transport=httpx.MockTransport(api.handle),
        )
        await apis.read(vendor, ref)
        wanted = [(key, path) for key, answer in api.answers.items() for path in places(answer)]
        assert len(wanted) >= 10
        for api.at in wanted:
            for api.wrong in WRONG:
                record = await outcome(apis, vendor, ref, api)
                kept = texts([asdict(record.hire), record.also_known_as]) if record else ()
                assert not any("\0" in text for text in kept), (api.at, api.wrong)
        await apis.aclose()
    assert ref.kind in readers()[vendor].kinds


async def outcome(apis: HrApis, vendor: str, ref: FetchRef, api: Api) -> HrRecord | None:
    """The record, or None for an error that names who acts."""
    try:
        return await apis.read(vendor, ref)
    except OnboardingError:
        return None
    except Exception as error:
        raise AssertionError(f"{vendor}: {api.wrong!r} at {api.at}: {error!r}") from error
