"""An id that HR gives again to somebody whom another system announced: the one before is told apart before the two
cases of the next one become one. And the same of what is read, with a system that says only that something changed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.hire import Hire, ManagerRef, Phone
from onboarding.domain.lifecycle import State
from onboarding.intake import catalog, fetch
from onboarding.intake import receive as door
from onboarding.intake.process import ask_first, process_delivery
from onboarding.intake.receive import Arrivals, receive
from onboarding.ports import HrRecord
from tests.support.hr_api import HrApi
from tests.support.intake_services import World, hire_body, make_world, secrets_of, signed, source

ADAPTER = catalog.adapters()["standard-webhooks"]
HR, RECRUITING, PAYROLL = "our-hris", "our-ats", "our-payroll"
NOTHING = dict.fromkeys(("employee_id", "given_name", "family_name", "start_date", "work_country"))
CODE = "needs_approval_other_name"
Said = tuple[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def _recruits(monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalog.of_source

    def of_source(settings: Any, name: str, adapter: str) -> Any:
        found = known(settings, name, adapter)
        return replace(found, recruits=True) if found and name == RECRUITING else found

    monkeypatch.setattr(catalog, "of_source", of_source)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = new_world(monkeypatch)
    yield made
    made.store.close()


def new_world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    sources = (source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (HR, RECRUITING, PAYROLL))
    return make_world(*sources)


def said(to: str, kind: str, hour: int, **fields: Any) -> Said:
    return to, {"event_type": kind, "occurred_at": f"2026-08-16T{hour:02d}:00:00Z", **fields}


async def take(world: World, number: int, item: Said) -> None:
    world.clock.move(minutes=1)
    to, fields = item
    call = signed(ADAPTER, hire_body(**{**NOTHING, **fields}), world.clock.at, message_id=f"m{number}")
    answer = json.loads((await receive(world.services, to, call)).body)
    await process_delivery(world.services, answer["delivery_id"])


async def play(world: World, story: tuple[Said, ...] | list[Said]) -> list[Case]:
    for number, item in enumerate(story):
        await take(world, number, item)
    for case in await listed(world):
        await ask_first(world.services, case, world.clock.at)
    return await listed(world)


async def listed(world: World) -> list[Case]:
    return [case for case in await world.all_cases() if case.listed]


def inherits(case: Case) -> list[object]:
    hire = case.hire
    return [item for item in (hire.phones, hire.manager, hire.job_title, case.manager_named_at) if item]


ANNA = {
    "employee_id": "7",
    "given_name": "Anna",
    "family_name": "Berg",
    "personal_email": "anna@private.example",
    "phones": ["+4915112345678"],
    "manager": {"email": "annas-boss@contoso.example"},
    "job_title": "Cook",
    "work_country": "DE",
}
BERT = {
    "given_name": "Bert",
    "family_name": "Colm",
    "personal_email": "bert@private.example",
    "start_date": "2026-10-01",
}
HIRED = said(HR, "hire.created", 1, start_date="2026-09-14", **ANNA)
LEFT = said(HR, "employment.terminated", 3, employee_id="7")
CANCELLED = said(HR, "hire.cancelled", 3, employee_id="7")
NEXT = said(HR, "hire.created", 6, employee_id="7", **BERT)
SAME_DAY = said(HR, "hire.created", 6, employee_id="7", **{**BERT, "start_date": "2026-09-14"})
APPLIED = said(RECRUITING, "hire.created", 5, candidate_id="c-1", **BERT)
CALLED = said(RECRUITING, "hire.created", 5, candidate_id="c-1", preferred_name="Bertie", **BERT)
PAID = said(PAYROLL, "hire.created", 5, employee_id="P3", **BERT)
CANDIDATE = said(HR, "hire.created", 5, candidate_id="c-9", **BERT)
BOTH = said(HR, "hire.created", 6, employee_id="7", candidate_id="c-9", **BERT)
STORIES = {
    "recruiting, left": [HIRED, LEFT, APPLIED, NEXT],
    "recruiting, cancelled": [HIRED, CANCELLED, APPLIED, NEXT],
    "recruiting, never began": [HIRED, APPLIED, NEXT],
    "recruiting, the same first day": [HIRED, LEFT, APPLIED, SAME_DAY],
    "recruiting, another name to be called by": [HIRED, LEFT, CALLED, NEXT],
    "payroll": [HIRED, LEFT, PAID, NEXT],
    "an event with both ids": [HIRED, LEFT, CANDIDATE, BOTH],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_the_next_one_inherits_nothing_whoever_announced_them(
    monkeypatch: pytest.MonkeyPatch, story: list[Said]
) -> None:
    for order in itertools.permutations(story):
        world = new_world(monkeypatch)
        cases = await play(world, order)
        world.store.close()
        told = [item[1]["occurred_at"][11:13] for item in order]
        (case,) = cases
        assert (case.state, case.reason_code) == (State.BLOCKED, CODE), told
        assert (case.hire.given_name, case.hire.personal_email) == ("Bert", BERT["personal_email"]), told
        assert inherits(case) == [], told


@pytest.mark.parametrize("begun", [State.FOLLOWING_UP, State.CLOSED])
async def test_where_the_one_before_had_an_account_both_are_asked(world: World, begun: State) -> None:
    """Also where nothing was left to do for her, and HR has not said that she left."""
    await take(world, 0, HIRED)
    (case,) = await listed(world)
    case.account = Account("o-1", "anna.berg@contoso.example", "7", world.clock.at)
    case.state = begun
    await world.store.cases.save(case)
    story = [LEFT] if begun is State.FOLLOWING_UP else []
    for number, item in enumerate([*story, APPLIED, NEXT], 1):
        await take(world, number, item)
    (case,) = await listed(world)
    assert (case.reason_code, case.questions) == ("needs_approval_rehire", [CODE])
    assert (case.hire.given_name, inherits(case)) == ("Bert", [])


async def test_somebody_whose_time_here_was_done_is_told_apart_without_another_system(world: World) -> None:
    await take(world, 0, HIRED)
    (case,) = await listed(world)
    case.state = State.CLOSED
    await world.store.cases.save(case)
    await take(world, 1, NEXT)
    (case,) = await listed(world)
    assert (case.state, case.reason_code, inherits(case)) == (State.BLOCKED, CODE, [])


async def test_what_comes_late_of_the_one_before_is_compared_with_nobody(world: World) -> None:
    """Payroll knows her by the same address and day: that is no question about the next one."""
    hers = {name: value for name, value in ANNA.items() if name != "employee_id"}
    paid = said(PAYROLL, "hire.created", 2, employee_id="P1", start_date="2026-10-01", **hers)
    his = {name: value for name, value in NEXT[1].items() if name != "personal_email"}
    first, second = await play(world, [paid, (HR, his), HIRED])
    assert [case.others("needs_approval_same_person") for case in (first, second)] == [[], []]


@pytest.mark.parametrize("family_name", ["Berg", "Colm"])
async def test_a_hire_whom_two_systems_announce_is_one_case_and_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, family_name: str
) -> None:
    """Also after a marriage that recruiting has not heard of."""
    offer = said(RECRUITING, "hire.created", 2, candidate_id="c-1", start_date="2026-09-14",
                 given_name="Anna", family_name="Berg", personal_email=ANNA["personal_email"])  # fmt: skip
    married = said(HR, "hire.updated", 4, employee_id="7", family_name=family_name)
    for order in itertools.permutations([HIRED, offer, married]):
        world = new_world(monkeypatch)
        (case,) = await play(world, order)
        world.store.close()
        assert (case.state, case.reason_code) == (State.WAITING_START, None)
        assert (case.hire.family_name, len(inherits(case))) == (family_name, 4)


# --- what is read --------------------------------------------------------------------------------------------------

HIBOB = catalog.adapters()["hibob"]
NOW = datetime(2026, 8, 17, 20, 0, tzinfo=UTC)
HERS = HrRecord(
    Hire(
        employee_id="7",
        given_name="Anna",
        family_name="Berg",
        start_date=date(2026, 9, 1),
        personal_email="anna@private.example",
        phones=(Phone("+4915112345678", "mobile", "m"),),
        manager=ManagerRef(email="annas-boss@contoso.example"),
        status="Active",
    ),
    cleared=("end_date",),
)
HIS = HrRecord(
    Hire(employee_id="7", given_name="Bert", family_name="Colm", start_date=date(2026, 10, 1), status="Active"),
    cleared=("end_date",),
    withheld=("personal_email", "phones[mobile]", "manager"),
)  # fmt: skip
RENAMED = replace(HERS, hire=replace(HERS.hire, family_name="Colm", start_date=date(2026, 10, 1)))
CORRECTED = replace(HERS, hire=replace(HERS.hire, given_name="Bert", family_name="Colm"))


async def read(kinds: list[str], *records: HrRecord) -> Case:
    """Notices of HiBob, which name the person only; at `-` the record is the next one."""
    door._arrivals = Arrivals()
    api, rest = HrApi(records={"7": records[0]}), iter(records[1:])
    world = make_world(source(HIBOB.slug, HIBOB.slug, *secrets_of(HIBOB)))
    world.services = replace(world.services, hr=api)
    world.clock.at = NOW
    for number, kind in enumerate(kinds):
        if kind == "-":
            api.records["7"] = next(rest)
            continue
        stamp = (world.clock.at + timedelta(microseconds=number)).replace(tzinfo=None)
        body = {
            "companyId": 1,
            "type": f"employee.{kind}",
            "triggeredAt": stamp.isoformat(timespec="microseconds"),
            "version": "v2",
            "data": {"employeeId": "7"},
        }
        call = signed(HIBOB, json.dumps(body).encode(), world.clock.at)
        answer = json.loads((await receive(world.services, HIBOB.slug, call)).body)
        await process_delivery(world.services, answer["delivery_id"])
        for _ in range(3):
            world.clock.move(minutes=3)
            (case,) = await world.all_cases()
            await fetch.advance(world.services, case, world.clock.at)
    (case,) = await world.all_cases()
    world.store.close()
    return case


@pytest.mark.parametrize(
    "kinds",
    [
        ["created", "-", "updated"],
        ["created", "-", "created"],
        ["created", "left", "-", "created"],
        ["created", "left", "-", "updated"],
    ],
)
async def test_a_record_that_is_read_is_a_whole_one(kinds: list[str]) -> None:
    case = await read(kinds, HERS, HIS)
    assert (case.state, case.reason_code, case.hire.given_name) == (State.BLOCKED, CODE, "Bert")
    assert [*inherits(case), *filter(None, [case.hire.personal_email])] == []


@pytest.mark.parametrize("record", [HERS, RENAMED, CORRECTED])
async def test_a_record_of_the_same_person_is_read_unasked(record: HrRecord) -> None:
    """A marriage and a moved day; another name altogether, with the same first day."""
    for kinds in (["created", "-", "updated"], ["created", "-", "created"]):
        case = await read(kinds, HERS, record)
        assert (case.state, case.reason_code) == (State.WAITING_START, None)
        assert case.hire.personal_email == "anna@private.example"


async def test_whoever_is_at_work_already_is_not_stopped_by_an_id_of_somebody_else(world: World) -> None:
    for number, item in enumerate([HIRED, LEFT, APPLIED]):
        await take(world, number, item)
    (bert,) = [case for case in await listed(world) if case.hire.given_name == "Bert"]
    bert.account = Account("o-1", "bert.colm@contoso.example", "c-1", world.clock.at)
    bert.state = State.FOLLOWING_UP
    await world.store.cases.save(bert)
    await take(world, 9, NEXT)
    (case,) = [case for case in await listed(world) if case.account is not None]
    assert (case.state, case.reason_code, case.questions) == (State.FOLLOWING_UP, None, [])
    assert case.ids == {RECRUITING: {"candidate_id": "c-1"}, HR: {"employee_id": "7"}}


CANDIDATE_BEFORE = said(RECRUITING, "hire.created", 0, candidate_id="c-0", **{**ANNA, "employee_id": None})


@pytest.mark.parametrize("ended", [LEFT, CANCELLED])
@pytest.mark.parametrize("turned", [False, True])
async def test_where_recruiting_knew_the_one_before_too_the_next_one_has_one_case(
    world: World, ended: Said, turned: bool
) -> None:
    """Two candidates of one system are two people; here the first of them is the one before."""
    then = [NEXT, APPLIED] if turned else [APPLIED, NEXT]
    (case,) = await play(world, [CANDIDATE_BEFORE, HIRED, ended, *then])
    assert (case.state, case.reason_code) == (State.BLOCKED, CODE)
    assert (case.hire.given_name, inherits(case)) == ("Bert", [])
