"""One HR system took a hire back, or ended the employment. Another system's record, which is as it was before, is no
word against that; one that says something new is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import State
from onboarding.domain.records import Fetch
from onboarding.intake import catalog
from onboarding.intake import receive as door
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.intake.receive import Arrivals
from tests.intake.test_recruiting_and_hr import ANSWERS, hr_says
from tests.support.intake_services import World, secrets_of, source
from tests.support.read_world import read_due, read_source, read_world

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
CREATED, UPDATED, MOVED = EventType.HIRE_CREATED, EventType.HIRE_UPDATED, EventType.START_DATE_CHANGED
CANCELLED, ENDED = EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED
#: HRIS says the first, the other HR system the second.
FIRST, SECOND, LATER = date(2026, 9, 7), date(2026, 9, 14), date(2026, 9, 21)
OVER = {State.CANCELLED, State.CLOSED}
HRIS = "standard-webhooks"
ENDS = ["hire.cancelled", "employment.terminated"]


def hris(kind: EventType, hour: int, start: date | None = None, end: date | None = None) -> HireEvent:
    hire = Hire("7", start_date=start, end_date=end)
    if start is not None:
        hire = replace(hire, given_name="Ann", family_name="Lee")
    return HireEvent("hris", kind, hire, "e", occurred_at=NOW + timedelta(hours=hour))


def record(source: str, hour: int, start: date, end: date | None = None, title: str = "Cook") -> HireEvent:
    """A whole record, as it is posted; it has an end date or says that there is none."""
    hire = Hire(
        f"{source}-1", given_name="Ann", family_name="Lee", start_date=start, end_date=end, job_title=title
    )
    cleared = () if end else ("end_date",)
    at = NOW + timedelta(hours=hour)
    return HireEvent(source, UPDATED, hire, "e", occurred_at=at, snapshot=True, cleared=cleared)


def told(*events: HireEvent, account: bool = False) -> Case:
    first, now = events[0], NOW + timedelta(days=1)
    case = Case("c_1", first.source, State.RECEIVED, Hire(), NOW, NOW, certainty=first.certainty, begun=False)
    for number, event in enumerate(events):
        if account and event.event_type in {CANCELLED, ENDED}:
            case.account, case.state = Account("o-1", "ann@c.example", "7", NOW), State.FOLLOWING_UP
        apply_event(case, event, Circumstances(f"d_{number}", now, opened=number == 0), now)
    return case


# --- two HR systems ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("end", [CANCELLED, ENDED])
def test_a_first_day_that_the_other_system_always_said_hires_nobody_again(end: EventType, account: bool):
    events = [
        hris(CREATED, 1, FIRST),
        record("scim", 2, SECOND),
        hris(end, 3),
        record("scim", 4, SECOND, title="Baker"),
    ]
    for first in (events[:2], events[1::-1]):
        case = told(*first, *events[2:], account=account)
        assert case.state in OVER
    moved = [*events[:2], hris(MOVED, 2, FIRST), *events[2:]]
    assert told(*moved, account=account).state in OVER


def test_it_hires_nobody_in_whatever_order_they_are_heard_where_its_own_words_keep_theirs():
    events = [
        hris(CREATED, 1, FIRST),
        record("scim", 2, SECOND),
        hris(CANCELLED, 3),
        record("scim", 4, SECOND),
    ]
    for order in itertools.permutations(range(4)):
        if order.index(1) < order.index(3):
            assert told(*(events[item] for item in order)).state in OVER, order


@pytest.mark.parametrize("end", [CANCELLED, ENDED])
def test_a_new_first_day_is_another_hire_whoever_says_it(end: EventType):
    before = [hris(CREATED, 1, FIRST), record("scim", 2, SECOND), hris(end, 3), record("scim", 4, SECOND)]
    for again in (record("scim", 5, LATER), record("hris", 5, LATER), hris(CREATED, 5, FIRST)):
        case = told(*before, again)
        assert (case.state, case.hire.start_date) == (State.WAITING_START, again.hire.start_date)


def test_each_systems_day_is_compared_with_its_own():
    """The other system's day is later, and was said last; this one hires again for a day before it."""
    before = [hris(CREATED, 1, FIRST), hris(CANCELLED, 3), record("scim", 2, LATER), record("scim", 4, LATER)]
    assert told(*before).state is State.CANCELLED
    case = told(*before, record("hris", 5, SECOND))
    assert (case.state, case.hire.start_date) == (State.WAITING_START, SECOND)


def test_a_record_that_is_as_it_was_two_hires_ago_hires_nobody():
    twice = [hris(CREATED, 1, FIRST), record("scim", 2, SECOND), hris(CANCELLED, 3)]
    twice += [hris(CREATED, 4, date(2026, 9, 10)), hris(CANCELLED, 5), record("scim", 6, SECOND)]
    assert told(*twice).state is State.CANCELLED
    assert told(*twice, record("scim", 7, LATER)).state is State.WAITING_START


def test_a_first_day_of_years_ago_is_no_measure_for_the_hire_that_ended():
    early = [record("scim", 1, date(2024, 1, 8)), hris(ENDED, 2)]
    case = told(*early, hris(CREATED, 3, FIRST), hris(CANCELLED, 4), record("scim", 5, FIRST))
    assert case.state is State.CANCELLED


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("end", [None, date(2026, 12, 31)])
def test_a_record_that_never_knew_of_the_end_does_not_take_it_back(end: date | None, account: bool):
    hired = [hris(CREATED, 1, FIRST), record("scim", 2, FIRST, end)]
    for last_day in (None, NOW.date()):
        ended = hris(ENDED, 3, end=last_day)
        case = told(*hired, ended, record("scim", 4, FIRST, end, title="Baker"), account=account)
        assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


def test_the_system_that_ended_it_takes_it_back():
    hired = [record("scim", 1, FIRST), hris(CREATED, 2, FIRST)]
    left = replace(record("scim", 3, FIRST, NOW.date()), event_type=ENDED)
    assert told(*hired, left).state is State.CLOSED
    assert told(*hired, left, record("hris", 4, FIRST)).state is State.CLOSED
    for end in (None, date(2027, 1, 31)):
        assert told(*hired, left, record("scim", 4, FIRST, end)).state is State.WAITING_START


def test_what_each_system_said_is_in_the_row_and_goes_with_the_rest():
    case = told(hris(CREATED, 1, FIRST), record("scim", 2, SECOND))
    assert {source: word.day for source, word in case.first_days.items()} == {"hris": FIRST, "scim": SECOND}
    assert decode(encode(case), "e").first_days == case.first_days
    assert told(record("scim", 1, date(2019, 1, 7))).first_days == {}  # existing staff


# --- recruiting, through the readers ---------------------------------------------------------------------------------


@pytest.fixture(params=["ashby", "lever", "smartrecruiters"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    answers = ANSWERS[request.param][1]

    def answer(call: httpx.Request) -> Any:
        return answers[call.url.path.rpartition("/")[2]]

    hr = source(HRIS, HRIS, *secrets_of(catalog.adapters()[HRIS]))
    made = read_world(NOW, answer, read_source(request.param), hr)
    yield made
    made.store.close()


ANN = {"given_name": "Ann", "family_name": "Lee", "personal_email": "ann@example.net"}


async def hr_hires(world: World, start: str = FIRST.isoformat()) -> None:
    await hr_says(world, world.clock.at, event_type="hire.created", start_date=start, **ANN)


async def read(world: World, case: Case) -> Case:
    await ask_to_read(world, case)
    return await world.only_case()


async def ask_to_read(world: World, case: Case) -> None:
    """As one of recruiting's events would: a note was written."""
    (slug,) = [name for name in world.services.settings.sources if name != HRIS]
    world.clock.move(hours=1)
    now = world.clock.at
    case.fetches[slug] = Fetch(slug, ANSWERS[slug][0], "c-1", asked_at=now, first_asked_at=now, when=now)
    await world.store.cases.save(case)
    await read_due(world)
    world.clock.move(minutes=5)  # as young as it is, it is read once more
    await read_due(world)


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("end", ENDS)
async def test_recruitings_record_as_it_was_hires_nobody_again(world: World, end: str, account: bool):
    """The offer says a later day than HR."""
    await hr_hires(world)
    case = await read(world, await world.only_case())
    assert (case.state, case.hire.start_date) == (State.WAITING_START, FIRST)
    if account:
        case.account, case.state = Account("o-1", "ann@c.example", "7", world.clock.at), State.FOLLOWING_UP
        await world.store.cases.save(case)
    world.clock.move(hours=1)
    await hr_says(world, world.clock.at, event_type=end)
    before = await world.only_case()
    case = await read(world, before)
    assert (case.state, case.reason_code) == (before.state, before.reason_code)
    assert (case.state in OVER, case.next_action.what) == (True, "disable_account" if account else "none")


@pytest.mark.parametrize("end", ENDS)
async def test_recruitings_later_day_that_is_news_is_asked_about(world: World, end: str):
    """Until then recruiting had said no day of this hire: what it says may be as old as the offer."""
    await hr_hires(world)
    world.clock.move(hours=1)
    await hr_says(world, world.clock.at, event_type=end)
    case = await read(world, await world.only_case())
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")


@pytest.mark.parametrize("end", ENDS)
async def test_a_candidate_whom_a_read_shows_to_be_who_was_withdrawn_is_asked_about(world: World, end: str):
    """Recruiting shows only after HR took the hire back who its candidate is; nothing hired them since."""
    await hr_hires(world)
    world.clock.move(hours=1)
    await hr_says(world, world.clock.at, event_type=end)
    over, candidate = await world.only_case(), await a_candidate(world, State.AWAITING_FETCH)
    world.clock.move(hours=1)
    await ask_to_read(world, candidate)
    found = {case.case_id: (case.state, case.reason_code) for case in await world.all_cases()}
    assert found[over.case_id] == (over.state, over.reason_code)
    assert found[candidate.case_id] == (State.BLOCKED, "needs_approval_same_person")


async def a_candidate(world: World, state: State, **known: Any) -> Case:
    (slug,) = [name for name in world.services.settings.sources if name != HRIS]
    alias = Alias(slug, AliasKind.CANDIDATE_ID, "c-1")
    assert await world.store.cases.claim_alias(alias, "c_candidate") == "c_candidate"
    hire = Hire(candidate_id="c-1", **known)
    case = Case("c_candidate", slug, state, hire, NOW, NOW, certainty=Certainty.CANDIDATE, begun=False)
    case.ids = {slug: {"candidate_id": "c-1"}}
    return await world.store.cases.create(case)


async def test_of_somebody_whom_no_hr_system_knows_recruiting_alone_is_heard(world: World):
    case = await a_candidate(world, State.CANCELLED, start_date=FIRST)
    case.reason_code, case.certainty = "cancelled_by_hr", Certainty.EMPLOYEE
    case.withdrawn_at = case.cancelled_at = NOW
    case = await read(world, case)
    assert (case.state, case.hire.start_date) == (State.WAITING_START, SECOND)
