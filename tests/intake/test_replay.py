"""An operator's replay applies a delivery once more, with the settings and the mapping of today."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from onboarding.domain.case import delivery_of
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from onboarding.operate.actions import Ask
from onboarding.operate.deliveries import replay
from onboarding.ports import DeliveryStatus
from onboarding.settings import Secret, Settings, SourceSettings
from tests.support.intake_services import World, make_world, signed

ASK = Ask("operator@contoso.example", "the format of the dates is set now")


def fields_hook(**options: str) -> SourceSettings:
    return SourceSettings("bamboohr", "bamboohr", Secret("s3cret"), options={"hook": "fields", **options})


def employee(identifier: str, **changes: Any) -> dict[str, Any]:
    said = {"First name": "Ada", "Last name": "Byron", "Hire Date": "09/14/2026", **changes}
    return {"id": identifier, "fields": {name: {"value": value} for name, value in said.items()}}


async def post(world: World, *employees: dict[str, Any]) -> str:
    world.clock.move(hours=1)
    source = world.services.settings.sources["bamboohr"]
    adapter = catalog.bound(source, "bamboohr")
    assert adapter is not None
    body = json.dumps({"employees": employees}).encode()
    call = signed(adapter, body, world.clock.at, secret="s3cret")
    answer = json.loads((await receive(world.services, "bamboohr", call)).body)
    await process_delivery(world.services, answer["delivery_id"])
    return str(answer["delivery_id"])


async def again(world: World, delivery_id: str, times: int = 1) -> None:
    """Replayed once, and its message delivered that often."""
    world.clock.move(hours=1)
    await replay(world.services, delivery_id, ASK)
    for _ in range(times):
        await process_delivery(world.services, delivery_id)


def set_options(world: World, **options: str) -> None:
    settings = Settings(sources={"bamboohr": fields_hook(**options)})
    object.__setattr__(world.services, "settings", settings)


async def test_a_processed_delivery_is_applied_with_the_options_of_today():
    world = make_world(fields_hook())
    delivery_id = await post(world, employee("7"), employee("8"))
    assert {case.reason_code for case in await world.all_cases()} == {"missing_start_date"}
    set_options(world, dates="us")
    await again(world, delivery_id, times=3)
    for case in await world.all_cases():
        assert (case.state, case.hire.start_date) == (State.WAITING_START, date(2026, 9, 14))
        assert [item.code for item in case.findings] == []
        actions = await world.actions(case.case_id)
        assert actions.count("hire_complete") == 1, "a message that comes again does nothing"
        assert {delivery_of(seen) for seen in case.deliveries} == {delivery_id}
    assert (await world.delivery(delivery_id)).status is DeliveryStatus.PROCESSED
    world.store.close()


async def test_a_replay_puts_no_old_word_over_a_newer_one():
    world = make_world(fields_hook(dates="us"))
    old = await post(world, employee("7"))
    await post(world, employee("7", **{"Hire Date": "10/01/2026", "First name": "Augusta"}))
    await again(world, old)
    await again(world, old)
    hire = (await world.only_case()).hire
    assert (hire.start_date, hire.given_name) == (date(2026, 10, 1), "Augusta")
    assert len((await world.only_case()).deliveries) == 4
    world.store.close()


def test_what_a_case_has_seen_names_its_delivery():
    assert [delivery_of(seen) for seen in ("d_a", "d_a.2", "d_a#1", "d_a#12.3")] == ["d_a"] * 4
