"""Sources whose records are read through the real readers, from JSON that a test holds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx

from onboarding.domain.case import Case
from onboarding.hr_api import HrApis
from onboarding.intake import catalog, fetch
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.settings import Secret, SourceSettings
from tests.support.intake_services import World, make_world, secrets_of, signed

_numbers = itertools.count(1)


def read_source(slug: str, **options: Any) -> SourceSettings:
    """A source that can be read."""
    secret = Secret(secrets_of(catalog.adapters()[slug])[0])
    return SourceSettings(
        slug, slug, secret, api_url="https://hr.example", api_token=Secret("token"), options=options
    )


def read_world(at: datetime, answer: Callable[[httpx.Request], Any], *sources: SourceSettings) -> World:
    """`answer` gives the JSON of each request. Close `world.store` when done."""
    world = make_world(*sources)
    world.clock.at = at

    async def never(seconds: float) -> None:
        raise AssertionError("nothing here is tried twice")

    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer(request)))
    settings = world.services.settings
    apis = HrApis(settings, sleep=never, fraction=lambda: 0.5, transport=transport)
    world.services = replace(world.services, hr=apis)
    return world


async def post(world: World, to: str, body: dict[str, Any]) -> None:
    """A delivery to that source; what it asks for is read two minutes later."""
    adapter = catalog.of_source(world.services.settings, to, to)
    assert adapter is not None
    call = signed(adapter, json.dumps(body).encode(), world.clock.at, message_id=f"msg_{next(_numbers)}")
    answer = json.loads((await receive(world.services, to, call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    world.clock.move(minutes=2)
    await read_due(world)


async def read_due(world: World) -> None:
    """Every read that is due is made."""
    for listed in await world.all_cases():
        case: Case | None = listed
        while case is not None and await fetch.advance(world.services, case, world.clock.at):
            case = await world.store.cases.get(case.case_id)
