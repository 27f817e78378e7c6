"""Lever: an opportunity is a candidacy and the contact the person, who is one however many hire them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import httpx
import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog, fetch, process
from onboarding.intake.standing import APPROVE_UNCLEAR
from tests.support.intake_services import World, secrets_of, source
from tests.support.read_world import post, read_due, read_source, read_world

NOW = datetime(2026, 8, 18, tzinfo=UTC)
HIRED, REJECTED = {"reason": "r-hired"}, {"reason": "r-other"}
START, LATER = date(2026, 9, 1), date(2026, 10, 1)
HRIS = "standard-webhooks"
_tokens = iter(range(10_000))


def opportunity(name: str, contact: str | None = "p-1", archived: Any = HIRED, **said: Any) -> dict[str, Any]:
    return {"id": name, "name": "Ann Lee", "contact": contact, "emails": ["ann@example.net"], "archived": archived,
            "phones": [{"type": "mobile", "value": "+447700900123"}], **said}  # fmt: skip


def offers(start: date | None) -> list[dict[str, Any]]:
    """The signed one names the first day, in milliseconds."""
    if start is None:
        return []
    value = int(datetime.combine(start, time.min, UTC).timestamp()) * 1000
    return [{"status": "signed", "fields": [{"identifier": "anticipated_start_date", "value": value}]}]


@pytest.fixture
def lever() -> dict[str, dict[str, Any]]:
    return {"opp-a": opportunity("opp-a"), "opp-b": opportunity("opp-b")}


@pytest.fixture
def starts() -> dict[str, date | None]:
    """First days that the opportunities' offers name, where it is not the usual one."""
    return {}


@pytest.fixture
def world(lever: dict[str, dict[str, Any]], starts: dict[str, date | None]) -> Iterator[World]:
    def answer(request: httpx.Request) -> Any:
        path, query = request.url.path, request.url.params
        if path.endswith("/archive_reasons"):
            return {"data": [{"id": "r-hired", "type": "hired"}]}
        if path.endswith("/offers"):
            return {"data": offers(starts.get(path.split("/")[-2], START))}
        if path.endswith("/opportunities"):
            assert query["archived"] == "true"
            return {"data": [item for item in lever.values() if item["contact"] == query["contact_id"]]}
        return {"data": lever[path.rpartition("/")[2]]}

    made = read_world(
        NOW, answer, read_source("lever"), source(HRIS, HRIS, *secrets_of(catalog.adapters()[HRIS]))
    )
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
async def test_a_hire_that_one_opportunity_takes_back_and_another_one_does_not_goes_on_by_that_one(
    world: World, lever: dict[str, dict[str, Any]], starts: dict[str, date | None], archived: Any
):
    starts["opp-b"] = LATER
    await say(world, "opp-a")
    await say(world, "opp-b")
    lever["opp-b"]["archived"] = archived
    await say(world, "opp-b", "candidateArchiveChange")
    (case,) = await alive(world)
    assert (case.state, case.certainty, case.hire.start_date) == (
        State.WAITING_START,
        Certainty.EMPLOYEE,
        START,
    )
    lever["opp-a"]["archived"] = REJECTED
    await say(world, "opp-a", "candidateArchiveChange")
    (case,) = await alive(world)
    assert case.state is not State.BLOCKED
    assert case.certainty is Certainty.CANDIDATE


@pytest.mark.parametrize("first", ["opp-a", "opp-b"])
async def test_a_hire_that_is_moved_to_another_posting_is_one_hire_whichever_message_comes_first(
    world: World, lever: dict[str, dict[str, Any]], starts: dict[str, date | None], first: str
):
    second = lever.pop("opp-b")
    await say(world, "opp-a")
    lever["opp-a"]["archived"], lever["opp-b"], starts["opp-b"] = REJECTED, second, LATER
    messages = {"opp-a": "candidateArchiveChange", "opp-b": "candidateHired"}
    for name in sorted(messages, key=lambda name: name != first):
        await say(world, name, messages[name])
        (case,) = await alive(world)
        assert (case.state, case.hire.start_date) == (State.WAITING_START, LATER), name
    lever["opp-b"]["archived"] = REJECTED
    await say(world, "opp-b", "candidateArchiveChange")
    (case,) = await alive(world)
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")


@pytest.mark.parametrize(
    ("other", "state", "reason"),
    [
        (date(2019, 3, 1), State.CANCELLED, "cancelled_by_hr"),
        (None, State.BLOCKED, APPROVE_UNCLEAR),
    ],
)
async def test_a_hire_of_years_ago_is_none_of_today_and_an_undated_one_is_asked_about(
    world: World,
    lever: dict[str, dict[str, Any]],
    starts: dict[str, date | None],
    other: date | None,
    state: State,
    reason: str,
):
    starts["opp-b"] = other
    await say(world, "opp-a")
    lever["opp-a"]["archived"] = REJECTED
    await say(world, "opp-a", "candidateArchiveChange")
    (case,) = await alive(world)
    assert (case.state, case.reason_code, case.hire.start_date) == (state, reason, START)


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


async def worked_on(world: World, state: State, reason: str | None) -> None:
    """The one case there is has an account, and is where all was done."""
    case = await world.only_case()
    case.account, case.state, case.reason_code = (
        Account("u-1", "ann@contoso.example", "opp-a", NOW),
        state,
        reason,
    )
    await world.store.cases.save(case)


@pytest.mark.parametrize("start", [LATER, START, None])
async def test_whose_hire_was_taken_back_and_is_hired_by_another_opportunity_is_asked_about(
    world: World, lever: dict[str, dict[str, Any]], starts: dict[str, date | None], start: date | None
):
    second = lever.pop("opp-b")
    await say(world, "opp-a")
    await worked_on(world, State.WAITING_START, None)
    lever["opp-a"]["archived"] = REJECTED
    await say(world, "opp-a", "candidateArchiveChange")
    assert (await world.only_case()).state is State.CANCELLED
    world.clock.move(days=3)
    lever["opp-b"], starts["opp-b"] = second, start
    await say(world, "opp-b")
    (case,) = await alive(world)
    asked = "missing_start_date" if start is None else "needs_approval_rehire"
    assert (case.state, case.reason_code, case.hire.start_date) == (State.BLOCKED, asked, start)


@pytest.mark.parametrize("start", [date(2028, 9, 10), None])
@pytest.mark.parametrize("reason", ["registered", None])
async def test_whose_hire_is_done_with_and_is_hired_again_years_later_is_asked_about(
    world: World,
    lever: dict[str, dict[str, Any]],
    starts: dict[str, date | None],
    start: date | None,
    reason: str | None,
):
    second = lever.pop("opp-b")
    await say(world, "opp-a")
    await worked_on(world, State.CLOSED, reason)
    world.clock.move(days=700)
    lever["opp-b"], starts["opp-b"] = second, start
    await say(world, "opp-b")
    (case,) = await alive(world)
    asked = "missing_start_date" if start is None else "needs_approval_rehire"
    assert (case.state, case.reason_code, case.hire.start_date) == (State.BLOCKED, asked, start)
    assert "reopened" in await world.actions(case.case_id)


async def test_the_same_hire_under_another_opportunity_is_no_second_one(
    world: World, lever: dict[str, dict[str, Any]]
):
    second = lever.pop("opp-b")
    await say(world, "opp-a")
    await worked_on(world, State.CLOSED, "registered")
    lever["opp-b"] = second
    await say(world, "opp-b")
    (case,) = await alive(world)
    assert (case.state, case.hire.start_date) == (State.CLOSED, START)


async def test_whoever_dies_between_joining_and_the_read_has_not_lost_the_second_hire(
    world: World,
    lever: dict[str, dict[str, Any]],
    starts: dict[str, date | None],
    monkeypatch: pytest.MonkeyPatch,
):
    second = lever.pop("opp-b")
    await say(world, "opp-a")
    await worked_on(world, State.CLOSED, "registered")
    world.clock.move(days=700)
    lever["opp-b"], starts["opp-b"] = second, date(2028, 9, 10)
    with monkeypatch.context() as patched:
        patched.setattr(fetch, "apply_event", _dies)
        with pytest.raises(ConnectionError):
            await say(world, "opp-b")
    (case,) = await alive(world)
    await process.reconsider(world.services, case, world.clock.at)
    await read_due(world)
    (case,) = await alive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")


def _dies(*_: Any) -> None:
    raise ConnectionError


async def test_whose_hire_hr_took_back_and_recruiting_announces_again_is_asked_about(world: World):
    """Under an id that nobody knew: only the read shows whose hire it is."""
    said = {"employee_id": "7", "occurred_at": world.clock.at.isoformat()}
    ann = {"given_name": "Ann", "family_name": "Lee", "personal_email": "ann@example.net"}
    await post(world, HRIS, {**said, **ann, "event_type": "hire.created", "start_date": START.isoformat()})
    await worked_on(world, State.WAITING_START, None)
    world.clock.move(hours=1)
    await post(
        world, HRIS, {**said, "occurred_at": world.clock.at.isoformat(), "event_type": "hire.cancelled"}
    )
    assert (await world.only_case()).state is State.CANCELLED
    await say(world, "opp-b")
    (case,) = await alive(world)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
