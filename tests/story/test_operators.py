"""What operators do, and what it must not cause."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onboarding.provisioning.plan import steps
from tests.story.world import EMPLOYEE, START, World, only


async def test_a_pause_stops_the_ladder_and_resuming_sends_one_message_and_no_burst(world: World) -> None:
    await world.hire()
    await world.until(1)
    assert (await world.operator("pause"))[0] == 202
    await world.until(9)
    assert only(await world.heard(), "person") == ["welcome", "nudge_first"]
    assert (await world.show())["next_action"]["when"] is None
    assert (await world.operator("resume"))[0] == 202
    await world.until(9, "17:00")
    assert (await world.heard())[3:] == ["nudge_third", "escalate_manager"]
    await world.until(11)
    assert (await world.heard())[5:] == ["nudge_last", "escalate_desk"]


async def test_a_pause_before_the_account_waits_with_it(world: World) -> None:
    await world.hire(start_date=(START + timedelta(days=20)).isoformat())
    assert (await world.operator("pause"))[0] == 202
    await world.until(18, every=timedelta(days=1))
    assert world.ours() == []
    assert (await world.operator("resume"))[0] == 202
    assert len(world.accounts()) == 1


async def test_an_excluded_person_hears_nothing_more(world: World) -> None:
    await world.hire()
    await world.until(1)
    told = await world.heard()
    assert (await world.operator("exclude"))[0] == 202
    await world.until(20, every=timedelta(days=1))
    assert await world.heard() == told
    assert (await world.show())["state"] == "excluded"


async def test_a_rerun_from_any_step_repeats_no_message_and_makes_no_second_account(world: World) -> None:
    """From each in turn, the first ones last: what an earlier rerun has done is done again."""
    await world.hire()
    await world.until(3)
    before = [message for message in await world.heard() if not message.startswith("access_pass")]
    for planned in reversed(steps()):
        assert (await world.operator("rerun", from_step=planned.step.name))[0] == 202
        await world.until(3, "13:00")
        after = [message for message in await world.heard() if not message.startswith("access_pass")]
        assert after == before, planned.step.name
        assert len(world.ours()) == 1, planned.step.name
        assert (await world.show())["state"] == "following_up", planned.step.name
    await world.until(8)
    after = [message for message in await world.heard() if not message.startswith("access_pass")]
    assert after == [*before, "nudge_third", "escalate_manager"]


async def test_a_rerun_of_somebody_who_is_confirmed_ends_confirmed_and_silent(world: World) -> None:
    await world.hire()
    await world.until(1)
    await world.register("microsoftAuthenticatorPush")
    await world.tick()
    told = await world.heard()
    for planned in reversed(steps()):
        assert (await world.operator("rerun", from_step=planned.step.name))[0] == 202
        await world.until(1, "15:00")
        assert await world.heard() == told, "they are in, so not even another pass is sent"
        assert (await world.show())["state"] == "confirmed", planned.step.name
    await world.until(9)
    assert await world.heard() == told


async def test_work_that_fails_again_and_again_is_recorded_and_can_be_rerun(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five deliveries of the message, then poison: an operator sees it on the case."""

    async def fails(*args: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("onboarding.provisioning.runner.advance", fails)
        await world.hire()
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "poison")
    assert (await world.operator("rerun"))[0] == 202
    await world.until(0)
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_a_delivery_that_fails_again_and_again_is_recorded_and_can_be_replayed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("onboarding.intake.process._process", fails)
        await world.hire()
    _, listed = await world.call("deliveries", "GET", "deliveries", "viewer")
    (delivery,) = listed["items"]
    assert (delivery["status"], delivery["reason_code"]) == ("failed", "poison")
    found = delivery["delivery_id"]
    status, _ = await world.call(
        "delivery_replay", "POST", f"deliveries/{found}/replay", body={"reason": "mended"}, delivery_id=found
    )
    assert status == 202
    await world.host.drain()
    assert len(world.accounts()) == 1


async def test_a_dry_run_writes_nothing_and_goes_on_when_it_is_live(world: World) -> None:
    await world.restart(MODE="dry_run")
    await world.hire()
    await world.until(12)
    writes = [
        item for item in world.requests("POST", "PUT", "PATCH", "DELETE") if item["path"].startswith("/v1.0")
    ]
    assert writes == []
    assert world.tenant.mail() == []
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "dry_run")
    await world.restart(MODE="live")
    assert (await world.operator("rerun"))[0] == 202
    assert len(world.accounts(EMPLOYEE)) == 1


async def test_a_service_that_is_switched_to_dry_run_stops_sending(world: World) -> None:
    await world.hire()
    await world.until(1)
    told = len(world.tenant.mail())
    await world.restart(MODE="dry_run")
    asked = world.requests()[-1]["n"]
    await world.until(12)
    later = [item for item in world.requests("POST", "PUT", "PATCH", "DELETE") if item["n"] > asked]
    assert [item for item in later if item["path"].startswith("/v1.0")] == []
    assert len(world.tenant.mail()) == told


async def test_an_operators_action_needs_a_reason_and_a_role(world: World) -> None:
    await world.hire()
    assert (await world.operator("pause", role="viewer"))[0] == 403
    assert (await world.operator("pause", role="none"))[0] == 401
    case_id = (await world.case()).case_id
    path = f"cases/{case_id}/pause"
    status, _ = await world.call(
        "case_action", "POST", path, body={"reason": " "}, case_id=case_id, action="pause"
    )
    assert status == 400
    assert (await world.show())["state"] == "provisioning"


async def test_a_changed_ladder_applies_at_once_and_to_everybody(world: World) -> None:
    """A policy with one rung on day 3: whoever is on day 1 hears on day 3 and never of days 2, 5 and 10."""
    await world.hire()
    await world.until(1)
    ladder = (
        '[[follow_up.ladder]]\nrung = "person_day_3"\naudience = "person"\nday = 3\nmessage = "nudge_last"\n'
    )
    await world.restart(POLICY_FILE=world.policy(ladder))
    await world.until(12)
    assert only(await world.heard(), "person", "desk") == ["welcome", "nudge_first", "nudge_last"]
