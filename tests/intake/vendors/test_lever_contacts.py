"""Lever: an opportunity is a candidacy and the contact the person, who is one however many hire them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import State
from onboarding.intake.standing import APPROVE_UNCLEAR
from tests.support.intake_services import World
from tests.support.read_world import post, read_source, read_world

NOW = datetime(2026, 8, 18, tzinfo=UTC)
HIRED, REJECTED = {"reason": "r-hired"}, {"reason": "r-other"}
SIGNED = {
    "status": "signed",
    "fields": [{"identifier": "anticipated_start_date", "value": 1_788_220_800_000}],
}
_tokens = iter(range(10_000))


def opportunity(name: str, contact: str | None = "p-1", archived: Any = HIRED, **said: Any) -> dict[str, Any]:
    return {"id": name, "name": "Ann Lee", "contact": contact, "emails": ["ann@example.net"], "archived": archived,
            "phones": [{"type": "mobile", "value": "+447700900123"}], **said}  # fmt: skip


@pytest.fixture
def lever() -> dict[str, dict[str, Any]]:
    return {"opp-a": opportunity("opp-a"), "opp-b": opportunity("opp-b")}


@pytest.fixture
def world(lever: dict[str, dict[str, Any]]) -> Iterator[World]:
    def answer(request: httpx.Request) -> Any:
        path, query = request.url.path, request.url.params
        if path.endswith("/archive_reasons"):
            return {"data": [{"id": "r-hired", "type": "hired"}]}
        if path.endswith("/offers"):
            return {"data": [SIGNED]}
        if path.endswith("/opportunities"):
            assert query["archived"] == "true"
            return {"data": [item for item in lever.values() if item["contact"] == query["contact_id"]]}
        return {"data": lever[path.rpartition("/")[2]]}

    made = read_world(NOW, answer, read_source("lever"))
    yield made
    made.store.close()


async def say(world: World, name: str, event: str = "candidateHired") -> None:
    world.clock.move(hours=1)
    at = int(world.clock.at.timestamp() * 1000)
    token = f"token-{next(_tokens):042d}"
    body = {"id": token, "triggeredAt": at, "event": event, "token": token, "data": {"opportunityId": name}}
    await post(world, "lever", body)


async def alive(world: World) -> list[Case]:
    return [case for case in await world.all_cases() if case.reason_code != "joined"]


async def test_a_contact_who_is_hired_by_two_opportunities_is_one_person(world: World):
    await say(world, "opp-a")
    await say(world, "opp-b")
    (case,) = await alive(world)
    assert (case.state, case.hire.display_name) == (State.WAITING_START, "Ann Lee")
    names = [Alias("lever", AliasKind.CANDIDATE_ID, value) for value in ("opp-a", "opp-b", "contact:p-1")]
    assert await world.store.cases.owners(names) == dict.fromkeys(names, case.case_id)
    for name in ("opp-a", "opp-b"):
        await say(world, name, "candidateArchiveChange")
    (case,) = await alive(world)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, date(2026, 9, 1))


async def test_a_case_of_before_contacts_were_read_is_found_by_its_opportunity(
    world: World, lever: dict[str, dict[str, Any]]
):
    lever["opp-a"]["contact"] = None
    await say(world, "opp-a")
    lever["opp-a"]["contact"] = "p-1"
    await say(world, "opp-a", "candidateArchiveChange")
    await say(world, "opp-b")
    (case,) = await alive(world)
    old = Alias("lever", AliasKind.CANDIDATE_ID, "opp-a")
    assert await world.store.cases.owners([old]) == {old: case.case_id}


async def test_two_contacts_are_two_people_whatever_else_is_the_same(
    world: World, lever: dict[str, dict[str, Any]]
):
    lever["opp-b"]["contact"] = "p-2"
    await say(world, "opp-a")
    await say(world, "opp-b")
    assert [case.state for case in await alive(world)] == [State.WAITING_START] * 2


@pytest.mark.parametrize("archived", [REJECTED, None])
async def test_a_hire_that_one_opportunity_takes_back_and_another_one_does_not_is_asked_about(
    world: World, lever: dict[str, dict[str, Any]], archived: Any
):
    await say(world, "opp-a")
    await say(world, "opp-b")
    lever["opp-b"]["archived"] = archived
    await say(world, "opp-b", "candidateArchiveChange")
    (case,) = await alive(world)
    assert (case.state, case.reason_code, case.certainty) == (
        State.BLOCKED,
        APPROVE_UNCLEAR,
        Certainty.EMPLOYEE,
    )
    lever["opp-a"]["archived"] = REJECTED
    await say(world, "opp-a", "candidateArchiveChange")
    (case,) = await alive(world)
    assert case.state is not State.BLOCKED
    assert case.certainty is Certainty.CANDIDATE


async def test_whom_an_hr_system_has_nobody_asks_about(world: World, lever: dict[str, dict[str, Any]]):
    await say(world, "opp-a")
    await say(world, "opp-b")
    (case,) = await alive(world)
    case.ids["bamboohr"] = {"employee_id": "7"}
    await world.store.cases.save(case)
    lever["opp-b"]["archived"] = REJECTED
    await say(world, "opp-b", "candidateArchiveChange")
    (case,) = await alive(world)
    assert (case.state, case.questions) == (State.WAITING_START, [])


@pytest.mark.parametrize("archived", [REJECTED, None])
async def test_a_candidacy_that_led_to_nothing_changes_nothing_of_the_hire(
    world: World, lever: dict[str, dict[str, Any]], archived: Any
):
    """What a message says of itself is not signed: one that calls it a hire touches nobody else's case."""
    await say(world, "opp-a")
    lever["opp-b"]["archived"] = archived
    await say(world, "opp-b")
    first, second = await world.all_cases()
    assert (first.state, first.hire.candidate_id) == (State.WAITING_START, "opp-a")
    assert (second.certainty, second.hire.display_name, second.account) == (Certainty.CANDIDATE, None, None)


async def test_a_hire_that_is_taken_back_for_good_is_over(world: World, lever: dict[str, dict[str, Any]]):
    del lever["opp-b"]
    await say(world, "opp-a")
    lever["opp-a"]["archived"] = REJECTED
    await say(world, "opp-a", "candidateArchiveChange")
    case = await world.only_case()
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")


async def test_somebody_who_has_an_account_gets_no_second_one_by_another_opportunity(world: World):
    await say(world, "opp-a")
    case = await world.only_case()
    case.account = Account("u-1", "ann@contoso.example", "opp-a", NOW)
    await world.store.cases.save(case)
    await say(world, "opp-b")
    (lasting,) = await alive(world)
    assert (lasting.case_id, lasting.account) == (case.case_id, case.account)
