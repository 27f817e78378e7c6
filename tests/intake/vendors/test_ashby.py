"""What Ashby's several deliveries of one act, and of other applications, do to the one case."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime

from onboarding.domain.lifecycle import State
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import receive
from tests.support.intake_services import World, make_world, signed
from tests.support.vendor_fixtures import Fixture, fixtures

BYTES = {item.path.stem: item for item in fixtures("ashby")}
HIRE = BYTES["candidate_hire"]


async def post(world: World, fixture: Fixture, body: bytes | None = None) -> str:
    """The result of the door; what it queued is worked off."""
    call = signed(fixture.adapter, body or fixture.body, world.clock.at)
    result = json.loads((await receive(world.services, "ashby", call)).body)["result"]
    for _, message in world.queue.sent:
        assert message.delivery_id or message.case_id
        if message.delivery_id:
            await process_delivery(world.services, message.delivery_id)
    world.queue.sent.clear()
    return str(result)


def offer(start: str, written: str) -> bytes:
    """An accepted offer with another start date, written at that time."""
    body = json.loads(BYTES["offer_update_accepted"].body)
    body["webhookActionId"] = f"offer of {written}"
    body["data"]["offer"]["latestVersion"] |= {"startDate": start, "createdAt": written}
    return json.dumps(body).encode()


async def test_the_three_deliveries_of_a_hire_are_three_and_one_case_in_any_order():
    names = ("candidate_hire", "application_update_hired", "candidate_stage_change_hired")
    for order in itertools.permutations(names):
        world = make_world(HIRE.settings)
        assert [await post(world, BYTES[name]) for name in order] == ["queued"] * 3, order
        assert [await post(world, BYTES[name]) for name in order] == ["duplicate"] * 3, order
        case = await world.only_case()
        assert (case.state, case.hire.start_date) == (State.WAITING_START, date(2026, 9, 14)), order
        world.store.close()


async def test_another_application_that_is_archived_takes_no_hire_back():
    world = make_world(HIRE.settings)
    await post(world, HIRE)
    await post(world, BYTES["application_update_other_archived"])
    assert (await world.only_case()).state is State.WAITING_START
    await post(world, BYTES["application_update_archived"])
    assert (await world.only_case()).state is State.CANCELLED
    world.store.close()


async def test_an_archive_that_is_older_than_the_hire_and_comes_late_changes_nothing():
    late = BYTES["application_update_archived"].body.replace(b"2026-08-16T12", b"2026-08-14T12")
    world = make_world(HIRE.settings)
    await post(world, HIRE)
    await post(world, BYTES["application_update_archived"], late)
    assert (await world.only_case()).state is State.WAITING_START
    world.store.close()


async def test_after_the_hire_the_offer_written_last_says_when_the_person_starts():
    """A hire outranks offers that came before it (`decide`), so it comes before the newer one here."""
    older, newer = offer("2026-09-07", "2026-08-12T08:00:00Z"), offer("2026-09-28", "2026-08-16T08:00:00Z")
    for order in ((older, HIRE.body, newer), (HIRE.body, older, newer), (HIRE.body, newer, older)):
        world = make_world(HIRE.settings)
        for body in order:
            await post(world, HIRE, body)
        case = await world.only_case()
        assert (case.state, case.hire.start_date) == (State.WAITING_START, date(2026, 9, 28)), order
        world.store.close()


async def test_an_offer_or_an_update_alone_never_leads_to_an_account():
    for name in ("offer_update_accepted", "application_update_active", "offer_create"):
        world = make_world(HIRE.settings)
        await post(world, BYTES["offer_update_accepted"])
        await post(world, BYTES[name])
        case = await world.only_case()
        assert case.state is not State.WAITING_START, name
        assert case.certainty.value == "offer", name
        world.store.close()


async def test_an_application_that_is_put_away_after_the_first_day_takes_nothing_from_whom_hr_has_confirmed():
    """Of whom only recruiting knows, it is taken back all the same: an administrator decides about the account."""
    body = json.loads(BYTES["application_update_archived"].body)
    body["data"]["application"]["updatedAt"] = "2027-02-28T10:00:00Z"
    for known, state in ((True, State.FOLLOWING_UP), (False, State.CANCELLED)):
        world = make_world(HIRE.settings)
        await post(world, HIRE)
        case = await world.only_case()
        case.state = State.FOLLOWING_UP
        if known:
            case.ids = {**case.ids, "bamboohr": {"employee_id": "7"}}
        await world.store.cases.save(case)
        world.clock.at = datetime(2027, 3, 1, tzinfo=UTC)
        assert await post(world, BYTES["application_update_archived"], json.dumps(body).encode()) == "queued"
        assert (await world.only_case()).state is state
        world.store.close()


async def test_one_act_upon_two_people_is_two_deliveries():
    world = make_world(HIRE.settings)
    other = json.loads(HIRE.body)
    other["data"]["application"]["id"] = "0" * 36
    other["data"]["application"]["candidate"] |= {"id": "1" * 36, "name": "Ada Adair"}
    other["data"]["application"]["candidate"].pop("primaryEmailAddress", None)
    assert await post(world, HIRE) == "queued"
    assert await post(world, HIRE, json.dumps(other).encode()) == "queued"
    assert await post(world, HIRE, json.dumps(other).encode()) == "duplicate"
    assert len(await world.all_cases()) == 2
    world.store.close()


def test_a_first_day_that_cannot_be_read_is_told():
    for name, start in (("candidate_hire", "03/01/2027"), ("offer_update_accepted", "1 March")):
        body = json.loads(BYTES[name].body)
        body["data"]["offer"]["latestVersion"]["startDate"] = start
        (event,) = BYTES[name].adapter.events("ashby", json.dumps(body).encode(), {})
        assert (event.hire.start_date, event.warnings) == (None, ("bad_date:start_date",))


async def test_an_application_that_is_put_away_before_its_older_hire_comes_is_withdrawn():
    """Ashby tries a delivery that failed again, after the next one has come."""
    late = json.loads(BYTES["application_update_archived"].body)
    late["data"]["application"]["updatedAt"] = "2026-08-21T11:00:00Z"
    archived = json.dumps(late).encode()
    hire = json.loads(HIRE.body)
    for at, state in (("10:00", State.CANCELLED), ("12:00", State.WAITING_START)):
        hire["data"]["application"]["updatedAt"] = f"2026-08-21T{at}:00Z"
        world = make_world(HIRE.settings)
        world.clock.at = datetime(2026, 8, 22, tzinfo=UTC)
        assert await post(world, BYTES["application_update_archived"], archived) == "queued"
        assert await world.all_cases() == [], "nothing is kept of whom nobody hired but a hash"
        await post(world, HIRE, json.dumps(hire).encode())
        assert (await world.only_case()).state is state, at
        world.store.close()
