"""Recruiting says a whole record anew with each change of it. What an HR system has said stands before that, in
whatever order they come; recruiting fills gaps, and counts again of somebody whose employment is over."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, Phone
from onboarding.domain.lifecycle import State
from onboarding.domain.phone import phonebook
from onboarding.domain.records import Fetch, Said
from onboarding.intake import catalog, merging
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from tests.support.intake_services import World, secrets_of, source
from tests.support.read_world import post, read_due, read_source, read_world

NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
HRIS = "standard-webhooks"
OFFERED, MOVED = date(2026, 9, 14), date(2026, 10, 1)
CREATED, UPDATED, START_MOVED = EventType.HIRE_CREATED, EventType.HIRE_UPDATED, EventType.START_DATE_CHANGED
CANCELLED, ENDED = EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED


# --- through the readers -------------------------------------------------------------------------------------------

_MILLIS = int(datetime(2026, 9, 14, tzinfo=UTC).timestamp()) * 1000
ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "smartrecruiters": (
        "candidate",
        {"c-1": {"id": "c-1", "firstName": "Ann", "lastName": "Lee", "email": "ann@example.net",
                 "phoneNumber": "+447700900123",
                 "primaryAssignment": {"status": "HIRED", "startDate": "2026-09-14", "job": {"title": "Developer"}}}},
    ),
    "lever": (
        "opportunity",
        {"c-1": {"data": {"id": "c-1", "name": "Ann Lee", "emails": ["ann@example.net"], "archived": {"reason": "r"},
                          "phones": [{"type": "mobile", "value": "+447700900123"}]}},
         "archive_reasons": {"data": [{"id": "r"}]},
         "offers": {"data": [{"status": "signed", "fields": [
             {"identifier": "anticipated_start_date", "value": _MILLIS},
             {"identifier": "job_title", "value": "Developer"}]}]}},
    ),
    "ashby": (
        "application",
        {"application.info": {"success": True, "results": {
            "id": "c-1", "status": "Hired", "candidate": {"id": "c"}, "job": {"title": "Developer"}}},
         "candidate.info": {"success": True, "results": {
             "id": "c", "name": "Ann Lee", "primaryEmailAddress": {"value": "ann@example.net"},
             "phoneNumbers": [{"type": "mobile", "value": "+447700900123"}]}},
         "offer.list": {"success": True, "results": [
             {"acceptanceStatus": "Accepted", "latestVersion": {"startDate": "2026-09-14"}}]}},
    ),
    "workable": (
        "candidate",
        {"c-1": {"candidate": {"id": "c-1", "firstname": "Ann", "lastname": "Lee", "email": "ann@example.net",
                               "phone": "+447700900123", "job": {"title": "Developer"}, "hired_at": "2026-08-01"}}},
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(ANSWERS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    answers = ANSWERS[request.param][1]

    def answer(call: httpx.Request) -> Any:
        return answers[call.url.path.rpartition("/")[2]]

    hris = source(HRIS, HRIS, *secrets_of(catalog.adapters()[HRIS]))
    made = read_world(NOW, answer, read_source(request.param), hris)
    yield made
    made.store.close()


async def hr_says(world: World, at: datetime, **said: Any) -> None:
    body = {"employee_id": "7", "occurred_at": at.isoformat(), **said}
    await post(world, HRIS, body)


async def recruiting_is_read(world: World) -> Case:
    """As one of its events would ask: a number was edited there, or a note written."""
    (slug,) = [name for name in world.services.settings.sources if name != HRIS]
    world.clock.move(hours=1)
    case, now = await world.only_case(), world.clock.at
    if case.state is State.BLOCKED:  # for want of what is read now
        case.state, case.reason_code = State.AWAITING_FETCH, None
    case.fetches[slug] = Fetch(slug, ANSWERS[slug][0], "c-1", asked_at=now, first_asked_at=now, when=now)
    await world.store.cases.save(case)
    await read_due(world)
    return await world.only_case()


@pytest.mark.parametrize("order", [*itertools.permutations(["created", "moved", "read"])])
async def test_what_was_read_in_recruiting_brings_nothing_back(world: World, order: Sequence[str]):
    """The first day, the name and the title are as HR says, whichever word comes first; what HR does not say is known
    from recruiting."""
    said: dict[str, dict[str, Any]] = {
        "created": {"event_type": "hire.created", "given_name": "Ann", "family_name": "Lee", "job_title": "Developer",
                    "start_date": OFFERED.isoformat()},
        "moved": {"event_type": "start_date.changed", "given_name": "Ann", "family_name": "Lee-Wong",
                  "job_title": "Senior developer", "start_date": MOVED.isoformat()},
    }  # fmt: skip
    await hr_says(world, NOW - timedelta(days=9), event_type="hire.updated")
    moments = {"created": NOW - timedelta(days=8), "moved": NOW - timedelta(days=7)}
    for name in order:
        if name == "read":
            await recruiting_is_read(world)
        else:
            await hr_says(world, moments[name], **said[name])
    case = await recruiting_is_read(world)
    hire = case.hire
    assert (case.state, hire.start_date, hire.job_title) == (State.WAITING_START, MOVED, "Senior developer")
    assert hire.listed_name == "Ann Lee-Wong"
    assert (hire.personal_email, [item.raw for item in hire.phones or ()]) == (
        "ann@example.net",
        ["+447700900123"],
    )


async def test_recruiting_alone_is_followed(world: World):
    await hr_says(world, NOW - timedelta(days=9), event_type="hire.updated")
    case = await recruiting_is_read(world)
    assert (case.hire.listed_name, case.hire.job_title) == ("Ann Lee", "Developer")


@pytest.mark.parametrize("order", [*itertools.permutations(["hired", "created", "moved", "noted"])])
@pytest.mark.parametrize("world", ["lever"], indirect=True)
async def test_two_systems_that_share_no_id_end_in_one_case_as_hr_says(world: World, order: Sequence[str]):
    """Joined by the private address, in every order of Lever's messages and the HR system's."""
    ann = {"given_name": "Ann", "personal_email": "ann@example.net"}
    for number, name in enumerate(order):
        world.clock.move(hours=1)
        if name == "created":
            said = {"family_name": "Lee", "start_date": OFFERED.isoformat(), "event_type": "hire.created"}
            await hr_says(world, NOW - timedelta(days=8), **ann, **said)
        elif name == "moved":
            said = {
                "family_name": "Lee-Wong",
                "start_date": MOVED.isoformat(),
                "event_type": "start_date.changed",
            }
            await hr_says(world, NOW - timedelta(days=7), **ann, **said)
        else:
            at, token = int(world.clock.at.timestamp() * 1000), f"token-{number:042d}"
            kind = "candidateHired" if name == "hired" else "candidateArchiveChange"
            said = {"id": token, "event": kind, "token": token}
            await post(world, "lever", {**said, "triggeredAt": at, "data": {"opportunityId": "c-1"}})
    (case,) = [case for case in await world.all_cases() if case.listed]
    assert (case.state, case.hire.start_date, case.hire.listed_name) == (
        State.WAITING_START,
        MOVED,
        "Ann Lee-Wong",
    )
    assert case.hire.phones


# --- events, in any order ------------------------------------------------------------------------------------------


def hr(kind: EventType, hour: int, **said: Any) -> HireEvent:
    at = NOW + timedelta(hours=hour)
    return HireEvent("hris", kind, Hire(employee_id="7", **said), "e", occurred_at=at)


def recruiting(
    kind: EventType, hour: int, *, certainty: Certainty = Certainty.EMPLOYEE, **said: Any
) -> HireEvent:
    at, hire = NOW + timedelta(hours=hour), Hire(candidate_id="c-1", **said)
    return HireEvent("ats", kind, hire, "e", certainty=certainty, occurred_at=at, recruiting=True)


def told(events: Sequence[HireEvent]) -> Case:
    first, now = events[0], NOW + timedelta(days=30)
    case = Case("c_1", first.source, State.RECEIVED, Hire(), NOW, NOW, certainty=first.certainty, begun=False)
    for number, event in enumerate(events):
        apply_event(case, event, Circumstances(f"d_{number}", now, opened=number == 0), now)
    return case


def known(case: Case) -> tuple[State, dict[str, Any]]:
    facts = (
        "given_name",
        "family_name",
        "display_name",
        "job_title",
        "department",
        "start_date",
        "personal_email",
    )
    return case.state, {name: value for name in facts if (value := getattr(case.hire, name)) is not None}


STORIES: dict[str, tuple[list[HireEvent], dict[str, Any]]] = {
    "recruiting speaks last, of the day that HR has moved": (
        [
            recruiting(CREATED, 1, given_name="Ann", family_name="Lee", start_date=OFFERED),
            hr(START_MOVED, 2, start_date=MOVED),
            recruiting(UPDATED, 3, start_date=OFFERED, personal_email="ann@example.net"),
        ],
        {"given_name": "Ann", "family_name": "Lee", "start_date": MOVED, "personal_email": "ann@example.net"},
    ),
    "the offer is moved after HR has said the day": (
        [
            hr(CREATED, 1, given_name="Ann", start_date=MOVED),
            recruiting(START_MOVED, 2, certainty=Certainty.OFFER, start_date=OFFERED),
        ],
        {"given_name": "Ann", "start_date": MOVED},
    ),
    "HR takes the hire back, and recruiting hires again": (
        [
            hr(CREATED, 1, given_name="Ann", family_name="Lee", job_title="Cook", start_date=OFFERED),
            hr(CANCELLED, 2),
            recruiting(CREATED, 3, family_name="Lee-Wong", job_title="Baker", start_date=MOVED),
        ],
        {"given_name": "Ann", "family_name": "Lee-Wong", "job_title": "Baker", "start_date": MOVED},
    ),
    "who left is hired again, and HR says more of it": (
        [
            hr(CREATED, 1, given_name="Ann", family_name="Lee", job_title="Cook", start_date=OFFERED),
            hr(ENDED, 2),
            recruiting(CREATED, 3, job_title="Baker", start_date=MOVED),
            hr(UPDATED, 4, job_title="Head baker"),
            recruiting(UPDATED, 5, job_title="Baker"),
        ],
        {"given_name": "Ann", "family_name": "Lee", "job_title": "Head baker", "start_date": MOVED},
    ),
    "HR goes on to edit the record of who left, and recruiting hires again": (
        [
            recruiting(CREATED, 1, given_name="Ann", job_title="Intern", start_date=OFFERED),
            hr(CREATED, 2, given_name="Ann", job_title="Intern", start_date=OFFERED),
            hr(ENDED, 3),
            hr(UPDATED, 4, given_name="Ann", job_title="Intern", start_date=OFFERED),
            recruiting(CREATED, 5, given_name="Ann", job_title="Baker", start_date=MOVED),
        ],
        {"given_name": "Ann", "job_title": "Baker", "start_date": MOVED},
    ),
    "a name as one text is no better than HR's given and family name": (
        [
            recruiting(CREATED, 1, display_name="Ann Lee", start_date=OFFERED),
            hr(UPDATED, 2, given_name="Ann", family_name="Lee-Wong"),
            recruiting(UPDATED, 3, display_name="ann lee"),
        ],
        {"given_name": "Ann", "family_name": "Lee-Wong", "start_date": OFFERED},
    ),
    "HR has no family name any more": (
        [
            recruiting(CREATED, 1, display_name="Ann Lee", start_date=OFFERED),
            hr(UPDATED, 2, given_name="Ann", family_name="Lee-Wong"),
            replace(hr(UPDATED, 3), cleared=("family_name",)),
        ],
        {"given_name": "Ann", "display_name": "Ann Lee", "start_date": OFFERED},
    ),
    "HR takes its own word back, and recruiting's older one with it": (
        [
            recruiting(CREATED, 1, given_name="Ann", start_date=OFFERED, job_title="Cook", department="Kitchen"),
            hr(UPDATED, 2, start_date=MOVED, job_title="Baker", department="Bakery"),
            replace(hr(UPDATED, 3, start_date=MOVED), cleared=("job_title", "department")),
            recruiting(UPDATED, 4, department="Kitchen"),
        ],
        {"given_name": "Ann", "start_date": MOVED, "department": "Kitchen"},
    ),
    "HR never knew what recruiting has said": (
        [
            recruiting(CREATED, 1, given_name="Ann", start_date=OFFERED, job_title="Cook"),
            replace(hr(UPDATED, 2, start_date=MOVED), cleared=("job_title", "department")),
        ],
        {"given_name": "Ann", "start_date": MOVED, "job_title": "Cook"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_order_in_which_they_speak_makes_no_difference(story: tuple[list[HireEvent], dict[str, Any]]):
    events, facts = story
    for order in itertools.permutations(events):
        if order[0].event_type is not ENDED:
            assert known(told(order)) == (State.WAITING_START, facts)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_no_account_is_made_for_the_day_of_an_offer_that_hr_has_moved_and_then_taken_back(
    order: Sequence[int],
):
    events = [
        recruiting(CREATED, 1, given_name="Ann", start_date=OFFERED),
        hr(UPDATED, 2, start_date=MOVED),
        replace(hr(UPDATED, 3), cleared=("start_date",)),
    ]
    case = told([events[number] for number in order])
    assert (case.state, case.reason_code, case.hire.start_date) == (State.BLOCKED, "missing_start_date", None)


#: Every name shares a word with every other one: whoever shares none is asked about (`intake.other_name`).
FACTS: dict[str, list[Any]] = {
    "given_name": ["Ann", "Ann Mary"],
    "family_name": ["Ann Lee", "Ann Wong"],
    "display_name": ["Ann Ann Lee", "ANN ANN LEE"],
    "job_title": ["Cook", "Baker"],
    "department": ["Kitchen", "Bakery"],
    "start_date": [OFFERED, MOVED],
}


def history(chance: random.Random) -> list[HireEvent]:
    found = []
    for number in range(chance.randint(3, 5)):
        by_hr = chance.random() < 0.5
        kind = chance.choice([CREATED, CREATED, UPDATED, UPDATED, CANCELLED, ENDED if by_hr else CREATED])
        said = {name: chance.choice(values) for name, values in FACTS.items() if chance.random() < 0.5}
        if kind in {CANCELLED, ENDED}:
            said = {}
        hour = chance.randint(1, 60) * 10 + number  # no two at the same moment
        event = (hr if by_hr else recruiting)(kind, hour, **said)
        emptied = [name for name in ("job_title", "department", "start_date") if chance.random() < 0.3]
        if by_hr and kind is UPDATED:
            event = replace(event, cleared=tuple(name for name in emptied if name not in said))
        found.append(event)
    return found


@pytest.mark.parametrize("seed", range(150))
def test_any_story_of_the_two_ends_the_same_in_any_order(seed: int):
    chance = random.Random(seed)
    events = history(chance)
    orders = [order for order in itertools.permutations(events) if order[0].event_type is not ENDED]
    ends = [known(told(order)) for order in chance.sample(orders, min(len(orders), 20))]
    over = {State.CANCELLED, State.CLOSED}
    assert len({str((state, {} if state in over else sorted(facts.items()))) for state, facts in ends}) <= 1


@pytest.mark.parametrize("seed", range(50))
def test_it_makes_no_difference_that_they_spoke_in_two_cases(seed: int):
    events = [event for event in history(random.Random(seed)) if event.event_type in {CREATED, UPDATED}]
    of_hr, of_recruiting = [[event for event in events if event.recruiting is of] for of in (False, True)]
    if of_hr and of_recruiting:
        for one, other in ((of_hr, of_recruiting), (of_recruiting, of_hr)):
            case = told(one)
            merging.join_facts(case, told(other))
            assert known(case)[1] == known(told(events))[1]


# --- what waits ----------------------------------------------------------------------------------------------------

NUMBER = Phone("+447700900123", "mobile")


def test_numbers_that_wait_leave_the_case_with_the_others():
    case = told([hr(CREATED, 1, phones=(NUMBER,)), recruiting(UPDATED, 2, phones=(NUMBER,))])
    assert "phones" in case.behind_said
    case.account = Account("u-1", "ann@contoso.example", "7", NOW)
    phonebook.forget_numbers(case, "key")
    assert not case.hire.phones
    assert (case.behind, case.behind_said) == (Hire(), {})


def test_recruitings_words_of_before_ranks_were_kept_give_way_to_its_own():
    case = told([recruiting(CREATED, 1, given_name="Ann", start_date=OFFERED)])
    case.said = {name: Said(word.at, word.firm, word.delivery, "ats") for name, word in case.said.items()}
    merging.merge(
        case, recruiting(UPDATED, 2, start_date=MOVED), "d_9", NOW + timedelta(days=1), opened=False
    )
    assert case.hire.start_date == MOVED


def test_each_recruiting_system_is_known_for_one():
    recruits = {slug for slug, adapter in catalog.adapters().items() if adapter.recruits}
    assert recruits == {"ashby", "greenhouse", "lever", "smartrecruiters"}
