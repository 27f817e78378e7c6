"""Employee numbers are given again: an end that names one alone is that of whoever had it then, in whatever order HR's
words come; and what is remembered of leavers takes nothing away from somebody whose account is made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain.case import Alias, AliasKind, Case
from onboarding.domain.hire import EventType, Hire, HireEvent, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.domain.records import Said
from onboarding.intake import leavers, merging, process
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from onboarding.operate import work
from onboarding.operate.actions import Ask, act
from onboarding.ports import WORK_QUEUE, Delivery, DeliveryStatus, WorkMessage
from tests.support.doubles import CASE_ID, T0, World, hire, make_case

HIRED, TERMINATED = EventType.HIRE_CREATED, EventType.EMPLOYMENT_TERMINATED
UPDATED, DELETED = EventType.HIRE_UPDATED, EventType.EMPLOYEE_DELETED
ZOE: dict[str, Any] = {
    "employee_id": "z",
    "given_name": "Zoë",
    "family_name": "Müller-Strauß",
    "work_country": "DE",
    "start_date": date(2026, 8, 24),
    "manager": ManagerRef(email="chef@contoso.example"),
}
MONDAY = datetime(2026, 8, 24, 10, tzinfo=UTC)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 8, day, hour, tzinfo=UTC)


@pytest.fixture
def world() -> Iterator[World]:
    opened = World()
    yield opened
    opened.close()


async def comes(
    world: World,
    when: datetime,
    kind: EventType,
    said: datetime | None,
    *,
    cleared: tuple[str, ...] = (),
    **fields: Any,
) -> None:
    """A delivery with one event comes; `said`: when that happened, where the HR system says so."""
    await until(world, when)
    delivery = Delivery(
        f"d_{when:%d%H%M}_{kind}", "bamboohr", "bamboohr", when, DeliveryStatus.QUEUED, "0" * 64, b"{}"
    )
    event = HireEvent("bamboohr", kind, Hire(**fields), "x", occurred_at=said, cleared=cleared)
    await process._apply(world.s, delivery, 0, event, WORK_QUEUE)
    await until(world, when)


async def zoe(world: World) -> Case | None:
    for alias in (
        Alias("bamboohr", AliasKind.EMPLOYEE_ID, "z"),
        Alias("greenhouse", AliasKind.CANDIDATE_ID, "c1"),
    ):
        if found := await world.store.cases.owners([alias]):
            return await world.store.cases.get(found[alias])
    return None


async def until(world: World, when: datetime) -> Case | None:
    """Whatever is due for her by then."""
    while (case := await zoe(world)) and case.wakes_at is not None and case.wakes_at <= when:
        world.clock.at = max(world.clock.at, case.wakes_at)
        await work.handle(world.s, WorkMessage(case_id=case.case_id, why="look"))
    world.clock.at = max(world.clock.at, when)
    return await zoe(world)


def usable(world: World, case: Case) -> int:
    assert case.account is not None
    return len(world.tenant.usable_passes(case.account.id))


# --- whose number it was ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True], ids=["in order", "late"])
@pytest.mark.parametrize("kind", [TERMINATED, DELETED])
async def test_an_end_from_before_she_had_the_number_is_not_hers(
    world: World, late: bool, kind: EventType
) -> None:
    bob = (at(18) if late else at(15), kind, at(15), {"employee_number": "77"})
    words = [
        (at(14), HIRED, at(14), ZOE),
        (at(17), UPDATED, at(17), {"employee_id": "z", "employee_number": "77"}),
    ]
    for when, what, said, fields in sorted([bob, *words], key=lambda item: item[0]):
        await comes(world, when, what, said, **fields)
    case = await until(world, MONDAY)
    assert case is not None
    assert (case.state, case.reason_code, usable(world, case)) == (State.FOLLOWING_UP, None, 1)


async def test_an_end_from_before_is_not_her_last_day_either(world: World) -> None:
    await comes(world, at(17), HIRED, at(17), **ZOE, employee_number="77")
    await comes(world, at(18), TERMINATED, at(15), employee_number="77", end_date=date(2026, 9, 30))
    case = await until(world, MONDAY)
    assert case is not None
    assert (case.state, case.hire.end_date, case.ends_at) == (State.FOLLOWING_UP, None, None)


async def test_an_end_since_she_has_the_number_is_hers(world: World) -> None:
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    await comes(world, at(15), UPDATED, at(15), employee_id="z", employee_number="77")
    await comes(world, at(18), TERMINATED, at(14, 12), employee_number="77")
    case = await zoe(world)
    assert case is not None
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


@pytest.mark.parametrize(
    "numbers",
    [[], ["78"], ["077"], ["78", "77"], [None, "77"]],
    ids=lambda numbers: "-".join(map(str, numbers)),
)
async def test_an_end_of_a_number_that_was_hers_is_hers_whatever_hr_corrected_since(
    world: World, numbers: list[str | None]
) -> None:
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    for hour, number in enumerate(numbers):
        cleared = ("employee_number",) if number is None else ()
        said = at(17, 9 + hour)
        await comes(world, said, UPDATED, said, cleared=cleared, employee_id="z", employee_number=number)
    await comes(world, at(18), TERMINATED, at(16), employee_number="77")
    case = await until(world, MONDAY)
    assert case is not None
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")
    assert [user.account_enabled for user in world.tenant.users.values() if user.id == "user-2"] == [False]


@pytest.mark.parametrize("kind", [TERMINATED, DELETED])
@pytest.mark.parametrize("number", ["78", None])
async def test_an_end_of_a_number_that_hr_took_back_from_her_is_not_hers(
    world: World, number: str | None, kind: EventType
) -> None:
    """Mistyped: it is Bob's, who has no case here."""
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    cleared = ("employee_number",) if number is None else ()
    await comes(world, at(15), UPDATED, at(15), cleared=cleared, employee_id="z", employee_number=number)
    await comes(world, at(20), kind, at(20), employee_number="77")
    case = await until(world, MONDAY)
    assert case is not None
    assert (case.state, case.reason_code, usable(world, case)) == (State.FOLLOWING_UP, None, 1)


CANCELLED = EventType.HIRE_CANCELLED


@pytest.mark.parametrize("left", [True, False], ids=["left", "has another"])
@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        (TERMINATED, State.CLOSED, "employment_ended"),
        (CANCELLED, State.CANCELLED, "cancelled_by_hr"),
        (DELETED, State.BLOCKED, "hr_deleted_record"),
    ],
)
async def test_an_end_of_a_number_that_was_passed_on_is_of_whoever_has_it(
    world: World, kind: EventType, state: State, reason: str, left: bool
) -> None:
    """Both have a case; the number leads to the one who had it first."""
    bob = {**ZOE, "employee_id": "b", "given_name": "Bob", "family_name": "Berg"}
    await comes(world, at(12), HIRED, at(12), **bob, employee_number="77")
    if left:
        await comes(world, at(13), TERMINATED, at(13), employee_id="b", employee_number="77")
    else:
        await comes(world, at(13), UPDATED, at(13), employee_id="b", employee_number="78")
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    case = await zoe(world)
    assert case is not None
    assert case.reason_code == ("needs_approval_shared_id" if left else None)
    if left:
        await act(world.s, "approve", case.case_id, Ask("o-1", "two people"))
    await comes(world, at(20), kind, at(20), employee_number="77")
    case = await zoe(world)
    assert case is not None
    assert (case.state, case.reason_code) == (state, reason)
    found = await world.store.cases.owners([Alias("bamboohr", AliasKind.EMPLOYEE_ID, "b")])
    (other,) = [await world.store.cases.get(case_id) for case_id in found.values()]
    assert other is not None
    assert other.deleted_at is None
    assert (other.state is State.CLOSED, other.state is State.CANCELLED) == (left, False)


@pytest.mark.parametrize("how", ["excluded", "deleted", "paused"])
async def test_so_it_is_where_the_one_before_is_stopped_here(world: World, how: str) -> None:
    """Excluded by an operator before HR ended it with him, or nobody has answered that HR deleted his record."""
    bob = {**ZOE, "employee_id": "b", "given_name": "Bob", "family_name": "Berg"}
    await comes(world, at(12), HIRED, at(12), **bob, employee_number="77")
    alias = Alias("bamboohr", AliasKind.EMPLOYEE_ID, "b")
    his = (await world.store.cases.owners([alias]))[alias]
    if how != "deleted":
        await act(world.s, "exclude" if how == "excluded" else "pause", his, Ask("o-1", "wait"))
    gone = DELETED if how == "deleted" else TERMINATED
    await comes(world, at(13), gone, at(13), employee_id="b", employee_number="77")
    before = await world.store.cases.get(his)
    assert before is not None
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    case = await zoe(world)
    assert case is not None
    await act(world.s, "approve", case.case_id, Ask("o-1", "two people"))
    await comes(world, at(20), CANCELLED, at(20), employee_number="77")
    case = await until(world, MONDAY)
    assert case is not None
    assert (case.state, case.reason_code) == (State.CANCELLED, "cancelled_by_hr")
    assert case.account is None or usable(world, case) == 0
    after = await world.store.cases.get(his)
    assert after is not None
    assert (after.state, after.reason_code) == (before.state, before.reason_code)


async def test_of_a_row_of_before_the_number_is_as_old_as_its_last_word(world: World) -> None:
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    case = await zoe(world)
    assert case is not None
    case.numbers = {}
    await world.store.cases.save(case)
    await comes(world, at(19), UPDATED, at(19), employee_id="z", employee_number="77")
    await comes(world, at(20), TERMINATED, at(18), employee_number="77")
    case = await zoe(world)
    assert case is not None
    assert (case.state, case.reason_code) == (State.CLOSED, "employment_ended")


def test_a_number_is_the_persons_since_the_first_word_of_either_case() -> None:
    lead = make_case(hire=hire(employee_id=None), hired_at=at(10))
    other = make_case("c_" + "2" * 20, hire=hire(employee_number="77"), hired_at=at(10), source="bamboohr")
    other.numbers = {"bamboohr:77": [at(1), at(17)]}
    other.said["employee_number"] = Said(at(17), True, "d_9", "bamboohr")
    merging.join_facts(lead, other)
    assert lead.numbers == {"bamboohr:77": [at(1), at(17)]}


@pytest.mark.parametrize("kind", [UPDATED, EventType.EMPLOYMENT_STARTED])
async def test_without_times_what_was_remembered_of_a_number_is_not_hers_who_was_known_already(
    world: World, kind: EventType
) -> None:
    await comes(world, at(17), HIRED, None, **ZOE)
    await comes(world, at(18), TERMINATED, None, employee_number="77")
    brought = at(19) if kind is UPDATED else at(24, 5)
    await comes(world, brought, kind, None, employee_id="z", employee_number="77")
    case = await until(world, MONDAY)
    assert case is not None
    assert (case.state, case.reason_code, usable(world, case)) == (State.FOLLOWING_UP, None, 1)


@pytest.mark.parametrize(
    ("words", "hers"),
    [
        ([(T0, TERMINATED, None)], True),
        ([(T0, TERMINATED, None), (T0 + timedelta(hours=2), DELETED, "b")], True),
        ([(T0, TERMINATED, None), (T0 - timedelta(days=5), TERMINATED, "b")], True),
        ([(T0, TERMINATED, "b")], False),
        ([(T0, TERMINATED, "b"), (T0 - timedelta(days=10), DELETED, None)], False),
        ([(T0, DELETED, None), (T0, TERMINATED, "b")], False),
    ],
)
async def test_each_word_about_a_number_is_judged_by_what_was_said_with_it(
    world: World, words: list[tuple[datetime, EventType, str | None]], hers: bool
) -> None:
    """Her hire was said the day before, and arrives last. A later word about somebody else takes no end along."""
    for said, kind, employee_id in words:
        event = HireEvent("bamboohr", kind, Hire(employee_id, "77"), "x", occurred_at=said)
        await leavers.remember(world.s, event, "d_1", said, max(said, world.clock.at))
    world.clock.move(hours=3)
    hired = T0 - timedelta(days=1)
    case = make_case(at=world.clock.at, hired_at=hired, hire=hire(employee_id="z"), source="bamboohr")
    event = HireEvent("bamboohr", HIRED, Hire("z", "77"), "x", occurred_at=hired)
    await leavers.recall(world.s, case, event, hired, world.clock.at)
    assert (case.ended_at is not None) is hers


async def test_a_row_of_before_says_of_all_its_words_whose_they_are(world: World) -> None:
    event = HireEvent("bamboohr", TERMINATED, Hire("b", "77"), "x", occurred_at=T0)
    await leavers.remember(world.s, event, "d_1", T0, T0)
    for name, marker in [(name, await world.store.cases.read_marker(name)) for name in ROWS]:
        if marker is not None:
            value = {key: old(told) for key, told in marker.value.items()}
            await world.store.cases.write_marker(name, value, marker.etag)
    hired = T0 - timedelta(hours=3)
    case = make_case(at=T0, hired_at=hired, hire=hire(employee_id="z"), source="bamboohr")
    event = HireEvent("bamboohr", HIRED, Hire("z", "77"), "x", occurred_at=hired)
    await leavers.recall(world.s, case, event, hired, T0)
    assert case.ended_at is None


ROWS = [f"{leavers.MARKER}{digit:x}" for digit in range(16)]


def old(told: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("ended_at."): value for name, value in told.items()}


# --- what an end of before takes along ----------------------------------------------------------------------------


async def interned(world: World) -> None:
    """Recruiting agreed on the first day on the 1st and hired on the 10th; the HR system had ended an internship of
    hers on the 5th, when nobody knew her."""
    case = make_case(hire=hire(employee_id=None, candidate_id="c1"), hired_at=at(10))
    case.said = {"start_date": Said(at(1), True, "d_offer", "greenhouse")}
    await world.file(case)
    await world.store.cases.claim_alias(Alias("greenhouse", AliasKind.CANDIDATE_ID, "c1"), CASE_ID)
    event = HireEvent("bamboohr", TERMINATED, Hire(employee_id="z"), "x", occurred_at=at(5))
    await leavers.remember(world.s, event, "d_e", at(5), world.clock.at)


@pytest.mark.parametrize("day", [19, 26])
async def test_a_first_day_that_an_account_was_made_for_stays(world: World, day: int) -> None:
    await interned(world)
    await until(world, at(day))
    event = HireEvent(
        "bamboohr", UPDATED, Hire(employee_id="z", department="Sales"), "x", occurred_at=at(day)
    )
    case = await world.case()
    await leavers.recall(world.s, case, event, at(day), at(day))
    assert (case.ended_at, case.hire.start_date) == (at(5), date(2026, 8, 24))


@pytest.mark.parametrize("kind", [TERMINATED, EventType.HIRE_CANCELLED])
@pytest.mark.parametrize("day", [18, 26])
async def test_so_it_does_where_the_end_itself_comes_late(world: World, day: int, kind: EventType) -> None:
    case = make_case(hire=hire(employee_id="4711"), hired_at=at(16))
    case.said = {"start_date": Said(at(14), True, "d_1", "greenhouse")}
    await world.file(case)
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    world.clock.at = at(day)
    case = await world.case()
    event = HireEvent("greenhouse", kind, Hire(employee_id="4711"), "x", occurred_at=at(15))
    apply_event(case, event, Circumstances("d_late", at(day)), at(day))
    assert case.account is not None
    assert (case.hire.start_date, case.state in {State.CLOSED, State.CANCELLED}) == (date(2026, 8, 24), False)


@pytest.mark.parametrize("order", [("cancel", "hire"), ("hire", "cancel")])
@pytest.mark.parametrize("announced", [False, True])
async def test_an_end_of_the_hire_before_goes_in_any_order(
    world: World, order: tuple[str, str], announced: bool
) -> None:
    """A fixed term is cancelled, and a minute later the person is hired for good."""
    first = {**ZOE, "end_date": None if announced else date(2026, 8, 28)}
    await comes(world, at(14), HIRED, at(14), **first)
    if announced:
        await comes(world, at(18), TERMINATED, at(18), employee_id="z", end_date=date(2026, 8, 28))
    for minute, word in enumerate(order):
        when = at(19, 10) + timedelta(minutes=10 + minute)
        if word == "cancel":
            await comes(world, when, EventType.HIRE_CANCELLED, at(19, 10), employee_id="z")
        else:
            await comes(world, when, HIRED, at(19, 10) + timedelta(minutes=1), **ZOE)
    case = await zoe(world)
    assert case is not None
    assert (case.hire.start_date, case.hire.end_date, case.ends_at) == (date(2026, 8, 24), None, None)


async def test_so_it_does_where_a_case_that_is_over_is_joined(world: World) -> None:
    case = make_case(hire=hire(employee_id="4711"), hired_at=at(10))
    case.said = {"start_date": Said(at(1), True, "d_1", "greenhouse")}
    await world.file(case)
    await work.handle(world.s, WorkMessage(case_id=CASE_ID, why="look"))
    case = await world.case()
    other = make_case(
        "c_" + "2" * 20,
        hire=hire(employee_id="z", start_date=None, end_date=date(2026, 8, 28)),
        source="bamboohr",
        state=State.CLOSED,
    )
    other.hired_at, other.ended_at = at(2), at(5)
    other.said = {"end_date": Said(at(2), True, "d_2", "bamboohr")}
    merging.join_facts(case, other)
    assert (case.ended_at, case.hire.start_date, case.hire.end_date) == (at(5), date(2026, 8, 24), None)


async def test_a_first_day_of_before_goes_where_nothing_was_made_for_it(world: World) -> None:
    await interned(world)
    event = HireEvent("bamboohr", UPDATED, Hire(employee_id="z"), "x", occurred_at=at(17))
    case = await world.case()
    await leavers.recall(world.s, case, event, at(17), at(17))
    assert case.hire.start_date is None


async def test_a_row_from_before_fields_were_dated_keeps_its_first_day(world: World) -> None:
    case = make_case(hire=hire(employee_id="4711"), ended_at=at(5), hired_at=at(10), hire_as_of=at(10))
    event = HireEvent("greenhouse", UPDATED, Hire(employee_id="4711"), "x", occurred_at=at(17))
    await leavers.recall(world.s, case, event, at(17), at(17))
    assert case.hire.start_date == date(2026, 8, 24)


# --- what an end of a number took, and a correction gives back ----------------------------------------------------


async def comes_back(world: World, kind: EventType, number: str = "78") -> Case:
    """She has an account when an end of her number comes, of which HR says later that it was not hers by then."""
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    case = await until(world, at(20))
    assert case is not None
    assert case.account is not None
    await comes(world, at(20, 10), kind, at(20), employee_number="77")
    await until(world, at(20, 12))
    await comes(world, at(20, 13), UPDATED, at(19), employee_id="z", employee_number=number)
    case = await zoe(world)
    assert case is not None
    return case


@pytest.mark.parametrize("kind", [TERMINATED, CANCELLED])
async def test_whose_account_was_closed_for_it_has_it_back_on_an_approvers_word(
    world: World, kind: EventType
) -> None:
    case = await comes_back(world, kind)
    assert (case.state, case.reason_code) == (State.BLOCKED, "needs_approval_rehire")
    assert case.hire.start_date == date(2026, 8, 24), "the hire was never over"
    await act(world.s, "approve", case.case_id, Ask("o-1", "HR mixed two people up"))
    after = await until(world, MONDAY)
    assert after is not None
    assert after.state in {State.FOLLOWING_UP, State.BLOCKED}
    assert after.account is not None
    assert world.tenant.users[after.account.id].account_enabled


async def test_whose_record_was_deleted_for_it_goes_on_by_herself(world: World) -> None:
    case = await comes_back(world, DELETED)
    assert (case.state, case.reason_code, case.deleted_at) == (State.PROVISIONING, None, None)
    after = await until(world, MONDAY)
    assert after is not None
    assert (after.state, after.reason_code, usable(world, after)) == (State.FOLLOWING_UP, None, 1)


@pytest.mark.parametrize("how", ["exclude", "pause"])
async def test_whom_an_operator_stopped_is_stopped_still(world: World, how: str) -> None:
    await comes(world, at(14), HIRED, at(14), **ZOE, employee_number="77")
    case = await zoe(world)
    assert case is not None
    await act(world.s, how, case.case_id, Ask("o-1", "wait"))
    await comes(world, at(18), DELETED, at(18), employee_number="77")
    await comes(world, at(19), UPDATED, at(17), employee_id="z", employee_number="78")
    case = await zoe(world)
    assert case is not None
    assert (case.deleted_at, case.state) == (None, State.EXCLUDED if how == "exclude" else State.PAUSED)
