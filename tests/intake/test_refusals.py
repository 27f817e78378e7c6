"""Wrong signatures are seen by operators, and cost the store next to nothing, whoever sends how many."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from onboarding.errors import StoreConflict, Unavailable
from onboarding.intake import catalog, refusals
from onboarding.intake.receive import receive
from onboarding.intake.refusals import DAYS, PREFIX, WRITES
from onboarding.operate import vendors
from tests.support.intake_services import (
    WHSEC,
    WHSEC_OLD,
    World,
    hire_body,
    logged,
    make_world,
    signed,
    source,
)

STANDARD = catalog.adapters()["standard-webhooks"]
HR = "standard-webhooks"


@pytest.fixture
def world() -> Iterator[World]:
    world = make_world(source(HR, HR, WHSEC))
    yield world
    world.store.close()


async def post(world: World, *, secret: str = WHSEC_OLD, to: str = HR, message_id: str = "msg_1") -> int:
    call = signed(STANDARD, hire_body(), world.clock.at, secret=secret, message_id=message_id)
    return (await receive(world.services, to, call)).status


async def counted(world: World) -> Any:
    return await refusals.read(world.store.cases, HR, world.clock.at)


def writes(world: World) -> int:
    return world.wire.calls.count("cases.write_marker")


async def test_a_wrong_signature_is_counted_by_source_and_reason(world: World):
    assert await post(world) == 401
    call = signed(STANDARD, hire_body(), world.clock.at - timedelta(days=1), secret=WHSEC)
    assert (await receive(world.services, HR, call)).status == 401
    found = await counted(world)
    assert dict(found.reasons) == {"signature_expired": 1, "signature_wrong": 1}
    assert (found.number, found.last) == (2, world.clock.at)


async def test_many_cost_few_writes_and_are_told_with_the_next(world: World):
    for _ in range(500):
        assert await post(world) == 401
    assert writes(world) == WRITES
    assert (await counted(world)).number == WRITES, "a lower bound"
    world.clock.move(seconds=61)
    await post(world)
    assert writes(world) == WRITES + 1
    assert (await counted(world)).number == 501
    marker = await world.store.cases.read_marker(PREFIX + HR)
    assert marker is not None
    assert len(json.dumps(dict(marker.value))) < 200


async def test_whoever_names_no_source_of_ours_writes_nothing(world: World, caplog: pytest.LogCaptureFixture):
    for name in ("nobody", "greenhouse", "acme-hr"):
        assert await post(world, to=name) in {404, 503}
    assert world.wire.calls == []
    assert "nobody" not in logged(caplog.records)


async def test_the_log_line_names_a_source_of_ours(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    await post(world)
    (record,) = [record for record in caplog.records if record.message == "delivery.refused"]
    assert f"'source': '{HR}', 'code': 'signature_wrong'" in logged([record])


@pytest.mark.parametrize("error", [Unavailable("down"), StoreConflict("another instance was faster")])
async def test_a_store_that_does_not_answer_changes_no_answer(world: World, error: Exception):
    world.wire.fail["cases.write_marker"] = error
    assert await post(world) == 401
    assert await counted(world) is None
    world.wire.fail.clear()
    assert await post(world) == 401
    assert (await counted(world)).number == 2


async def test_days_that_are_over_go(world: World):
    await post(world)
    world.clock.move(days=DAYS - 1)
    await post(world)
    assert (await counted(world)).number == 2
    world.clock.move(days=1)
    assert (await counted(world)).number == 1
    world.clock.move(days=DAYS)
    assert await counted(world) is None


async def test_the_survey_says_whether_anything_was_accepted_since(world: World):
    assert await post(world) == 401
    (report,) = await vendors.survey(world.services)
    assert report.silent
    assert "wrong signature or token: 1" in (report.refusals or "")
    assert "compare the secret" in (report.refusals or "")
    world.clock.move(minutes=1)
    assert await post(world, secret=WHSEC) == 202
    (report,) = await vendors.survey(world.services)
    assert not report.silent
    assert "compare the secret" not in (report.refusals or "")
    assert report.as_json()["refused"]["reasons"] == {"signature_wrong": 1}
