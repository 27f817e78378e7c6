"""Deliveries in the wrong order, twice, at once; HR that changes its mind."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.case import AliasKind
from onboarding.domain.lifecycle import State
from onboarding.ports import WorkMessage
from tests.story.world import BEGIN, EMPLOYEE, START, World, only

GREENHOUSE = Path("tests/vendors/greenhouse")


def ago(minutes: int) -> str:
    return (BEGIN - timedelta(minutes=minutes)).isoformat()


def passes(world: World) -> list[Any]:
    """Temporary Access Passes of the person's account."""
    return [item for item in world.account()["methods"] if "temporaryAccessPass" in str(item)]


async def test_an_update_that_overtakes_its_creation_wins(world: World) -> None:
    """hire.updated (newer) arrives first; the older hire.created only fills gaps."""
    later = (START + timedelta(days=1)).isoformat()
    await world.hire(event_type="hire.updated", occurred_at=ago(5), start_date=later, job_title="Welder")
    await world.hire(occurred_at=ago(60), job_title="Clerk", department="Yard")
    case = await world.case()
    assert case.hire.start_date
    assert case.hire.start_date.isoformat() == later
    assert (case.hire.job_title, case.hire.department) == ("Welder", "Yard")
    assert len(world.accounts()) == 1


async def test_a_cancellation_that_arrives_before_the_creation_stops_it(world: World) -> None:
    await world.hire(event_type="hire.cancelled", occurred_at=ago(5))
    await world.hire(occurred_at=ago(60))
    await world.until(3)
    assert world.ours() == []
    assert (await world.case()).state is State.CANCELLED
    assert await world.heard() == []


async def test_a_newer_creation_after_a_cancellation_brings_the_person_back(world: World) -> None:
    await world.hire(event_type="hire.cancelled", occurred_at=ago(60))
    await world.hire(occurred_at=ago(5))
    assert len(world.accounts()) == 1


async def test_a_cancellation_after_the_account_ends_every_message_and_names_the_account(
    world: World,
) -> None:
    await world.hire()
    await world.until(3)
    told = await world.heard()
    assert "nudge_second" in told
    await world.hire(event_type="hire.cancelled")
    await world.until(20, every=timedelta(days=1))
    assert await world.heard() == told
    shown = await world.show()
    assert shown["state"] == "cancelled"
    assert "account still exists" in shown["explanation"]
    assert shown["next_action"]["what"] == "disable_account"


async def test_a_cancellation_before_the_first_day_disables_the_account_and_deletes_nothing(
    world: World,
) -> None:
    await world.hire()
    await world.until(-3)
    (account,) = world.accounts()
    assert account["accountEnabled"] is True
    await world.hire(event_type="hire.cancelled")
    (account,) = world.accounts()
    assert account["accountEnabled"] is False
    await world.until(20, every=timedelta(days=1))
    shown = await world.show()
    assert (shown["state"], shown["next_action"]["what"]) == ("cancelled", "none")
    assert "account is disabled" in shown["explanation"]
    assert "nudge_first" not in await world.heard()


async def test_a_start_moved_later_before_the_account_waits(world: World) -> None:
    await world.hire(start_date=(START + timedelta(days=30)).isoformat())
    assert world.ours() == []
    await world.hire(event_type="start_date.changed", start_date=(START + timedelta(days=60)).isoformat())
    await world.until(40, every=timedelta(days=2))
    assert world.ours() == []
    await world.until(47, every=timedelta(days=1))
    assert len(world.accounts()) == 1


async def test_a_start_moved_later_after_the_account_moves_pass_and_ladder(world: World) -> None:
    await world.hire()
    assert len(world.accounts()) == 1
    await world.until(-5)
    await world.hire(event_type="start_date.changed", start_date=(START + timedelta(days=14)).isoformat())
    await world.until(10)
    assert await world.heard() == []
    await world.until(14)
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]
    by = {mail.message: mail.at.date() for mail in await world.sent()}
    assert by["access_pass_manager"] == START + timedelta(days=11)
    assert by["nudge_first"] == START + timedelta(days=14)


async def test_a_start_moved_later_after_the_welcome_moves_the_ladder(world: World) -> None:
    await world.hire()
    await world.until(-1)
    assert await world.heard() == ["access_pass_manager", "welcome"]
    assert passes(world)
    await world.hire(event_type="start_date.changed", start_date=(START + timedelta(days=14)).isoformat())
    assert passes(world) == [], "nobody keeps a pass for a day that is no longer the first"
    assert (await world.case()).state is State.PROVISIONING
    await world.until(10)
    assert passes(world) == []
    await world.until(13)
    assert await world.heard() == ["access_pass_manager", "welcome", "access_pass_manager"]
    assert len(passes(world)) == 1
    await world.until(14)
    assert only(await world.heard(), "person") == ["welcome", "nudge_first"]


async def test_a_start_moved_earlier_is_acted_on_at_once(world: World) -> None:
    await world.hire(start_date=(START + timedelta(days=60)).isoformat())
    assert world.ours() == []
    await world.hire(event_type="start_date.changed", start_date=START.isoformat())
    assert len(world.accounts()) == 1
    await world.until(0)
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_a_start_moved_earlier_after_the_account_moves_pass_and_ladder(world: World) -> None:
    await world.hire(start_date=(START + timedelta(days=1)).isoformat())
    assert len(world.accounts()) == 1
    await world.until(-10)
    earlier = START - timedelta(days=5)
    await world.hire(event_type="start_date.changed", start_date=earlier.isoformat())
    await world.until(earlier)
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_a_start_moved_later_in_the_middle_of_the_ladder_repeats_nothing(world: World) -> None:
    await world.hire()
    await world.until(3)
    await world.hire(event_type="start_date.changed", start_date=(START + timedelta(days=14)).isoformat())
    await world.until(13)
    assert only(await world.heard(), "person") == ["welcome", "nudge_first", "nudge_second"]
    await world.until(25)
    assert only(await world.heard(), "person")[3:] == ["nudge_third", "nudge_last"]


async def test_a_new_private_address_is_used_from_the_next_message_on(world: World) -> None:
    await world.hire()
    await world.until(1)
    await world.hire(event_type="hire.updated", personal_email="new.planted.person@personal.example")
    await world.until(3)
    to = {mail.message: mail.to for mail in await world.sent()}
    assert "new.planted.person@personal.example" in to["nudge_second"]
    assert "new.planted.person@personal.example" not in to["nudge_first"]


async def test_a_rehire_into_an_account_that_exists_needs_an_approver(world: World) -> None:
    await world.hire()
    await world.until(1)
    await world.hire(event_type="hire.cancelled")
    world.pass_time(3600)
    await world.hire(start_date=(START + timedelta(days=21)).isoformat())
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_rehire")
    assert (await world.operator("approve"))[0] == 403
    assert (await world.operator("approve", role="approver"))[0] == 202
    await world.until(22)
    assert len(world.accounts()) == 1
    assert (await world.case()).episode == 2


async def test_a_rehire_after_we_disabled_the_account_waits_for_an_approver(world: World) -> None:
    """Who is hired again has the account that there is; it stays disabled until an approver has said so."""
    await world.hire()
    await world.until(-1)
    (account,) = world.accounts()
    assert account["accountEnabled"] is True
    await world.hire(event_type="hire.cancelled")
    await world.tick()
    assert [item["accountEnabled"] for item in world.accounts()] == [False]
    world.pass_time(3600)
    await world.hire(start_date=(START + timedelta(days=21)).isoformat())
    await world.tick()
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_rehire")
    assert shown["hire"]["start_date"] == (START + timedelta(days=21)).isoformat()
    assert [(item["id"], item["accountEnabled"]) for item in world.accounts()] == [(account["id"], False)]


async def test_an_offer_alone_never_creates_an_account(world: World) -> None:
    await world.hire(certainty="offer")
    await world.until(5, every=timedelta(days=1))
    assert world.ours() == []
    shown = await world.show()
    assert (shown["state"], shown["next_action"]["what"]) == ("received", "await_hire")
    assert await world.heard() == []


def greenhouse(name: str, **said: str) -> dict[str, Any]:
    """A captured-shape body, with this story's dates put in."""
    text = (GREENHOUSE / f"{name}.json").read_text(encoding="utf-8")
    for old, new in said.items():
        text = text.replace(_DATES[old], new)
    found: dict[str, Any] = json.loads(text)
    return found


_DATES = {
    "starts": "2026-09-14",
    "offered": "04/15/2026",
    "accepted": "09/21/2026",
    "resolved": "2026-08-20T22:49:14Z",
    "active": "2026-08-28T20:28:09Z",
}


async def test_greenhouse_from_offer_to_hire_to_unhire(world: World) -> None:
    """The offer opens a case without an account; the hire makes it; the unhire ends everything."""
    world.zone = "Europe/London"
    await world.greenhouse(greenhouse("offer_created", offered="10/12/2026"))
    assert world.ours() == []
    await world.greenhouse(greenhouse("hire_candidate", starts=START.isoformat(), resolved=ago(30)))
    (case,) = [case for case in await world.cases() if case.state is not State.CLOSED]
    assert case.account
    (user,) = world.ours()
    assert (user["givenName"], user["surname"]) == ("Zoë", "O'Neill-Ødegård")
    await world.until(0)
    told = await world.heard("35897443")
    assert told == ["access_pass_desk", "welcome", "nudge_first"], "Greenhouse names no manager"
    now = world.now().isoformat()
    await world.greenhouse(greenhouse("unhire_candidate", active=now))
    await world.until(12)
    assert (await world.case("35897443")).state is State.CANCELLED
    assert await world.heard("35897443") == told


async def test_two_people_of_one_name_at_the_same_time_get_two_accounts(world: World) -> None:
    bodies = [world.body(employee_id=f"twin-{n}", given_name="Jens", family_name="Müller") for n in (1, 2)]
    await asyncio.gather(*[world.post(body) for body in bodies])
    await asyncio.gather(*[world.host.drain() for _ in range(4)])
    names = sorted(user["userPrincipalName"] for user in world.ours())
    assert len(names) == 2
    assert len(set(names)) == 2
    assert all(len(world.accounts(f"twin-{n}")) == 1 for n in (1, 2))


async def test_the_same_delivery_five_times_at_once_is_one(world: World) -> None:
    body = world.body()
    answers = await asyncio.gather(*[world.post(body, message_id="msg_same") for _ in range(5)])
    results = sorted(json.loads(answer.get_body())["result"] for answer in answers)
    # "queued" again while nobody knows whether the first message reached the queue.
    assert set(results) <= {"duplicate", "queued"}
    assert "queued" in results
    await asyncio.gather(*[world.host.drain() for _ in range(4)])
    await world.until(1)
    assert len(world.accounts()) == 1
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_many_messages_about_one_case_at_once_send_one_nudge(world: World) -> None:
    """Queues deliver at least once, and several workers listen."""
    await world.hire()
    await world.until(0, "08:30")
    world.tenant.move_to(world.local(0, "09:01"))
    case_id = (await world.case()).case_id
    for _ in range(6):
        await world.host.app.services.queue.send(WorkMessage(case_id=case_id, why="due"))
    await asyncio.gather(*[world.host.drain() for _ in range(6)])
    await world.until(0)
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_one_person_in_two_deliveries_at_once_is_one_case(world: World) -> None:
    first, second = world.body(), world.body(event_type="hire.updated", job_title="Welder")
    await asyncio.gather(world.post(first), world.post(second))
    await asyncio.gather(*[world.host.drain() for _ in range(4)])
    await world.until(0)
    assert len(await world.cases()) == 1
    assert len(world.accounts()) == 1
    assert (await world.case(EMPLOYEE)).hire.job_title == "Welder"
    assert await world.heard() == ["access_pass_manager", "welcome", "nudge_first"]


async def test_a_delivery_that_is_sent_again_days_later_changes_nothing(world: World) -> None:
    body = world.body()
    await world.post(body, message_id="msg_same")
    await world.until(3)
    told, before = await world.heard(), await world.case()
    await world.post(body, message_id="msg_same")
    await world.tick()
    after = await world.case()
    assert await world.heard() == told
    assert after.deliveries == before.deliveries
    owners = await world.host.app.services.cases.find_aliases(EMPLOYEE)
    assert [alias.kind for alias, _ in owners] == [AliasKind.EMPLOYEE_ID]


@pytest.mark.parametrize("how", ["cancelled by HR", "excluded by an operator"])
async def test_a_hire_that_is_over_leaves_no_usable_pass_behind(world: World, how: str) -> None:
    """The pass was handed over on the working day before; the first day never comes."""
    await world.hire()
    await world.until(-2)
    assert (await world.case()).access_pass is not None
    assert world.tenant.get(f"/_control/users/{world.account()['id']}")["methods"]
    if how == "cancelled by HR":
        await world.hire(event_type="hire.cancelled")
        await world.tick()
    else:
        assert (await world.operator("exclude"))[0] == 202
    assert world.tenant.get(f"/_control/users/{world.account()['id']}")["methods"] == []
    shown = await world.show()
    assert shown["first_credential"]["status"] == "void"
    assert shown["next_action"]["what"] == "none"
    assert "pass_voided" in [entry["action"] for entry in shown["timeline"]]


async def test_a_pass_is_made_void_once_the_tenant_answers_again(world: World) -> None:
    await world.hire()
    await world.until(-2)
    world.fault(
        "status", "DELETE", "/users/{id}/authentication/temporaryAccessPassMethods/*", status=503, times=20
    )
    await world.hire(event_type="hire.cancelled")
    world.no_faults()
    await world.jump(-1, "12:00")
    assert (await world.show())["first_credential"]["status"] == "void"


async def test_an_account_with_hrs_number_under_another_name_is_for_an_approver(world: World) -> None:
    """The webhook is switched on, and HR announces people who have long been here."""
    world.tenant.post(
        "/_control/users", {"userPrincipalName": "long.here@contoso.example", "employeeId": EMPLOYEE}
    )
    await world.hire()
    shown = await world.show()
    assert (shown["state"], shown["reason_code"]) == ("blocked", "needs_approval_adopt")
    assert len(world.accounts()) == 1
    assert (await world.operator("approve", role="approver"))[0] == 202
    shown = await world.show()
    assert shown["account"]["user_principal_name"] == "long.here@contoso.example"
    assert shown["account"]["origin"] == "adopted"
    assert len(world.accounts()) == 1
    assert (await world.show("long.here@contoso.example"))["case_id"] == shown["case_id"]
