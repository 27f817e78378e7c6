"""Who may have the first credential: the manager whom the creating event named, or a read of the HR system."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, ManagerRef
from onboarding.domain.lifecycle import State
from onboarding.intake.merging import READ, drop_dates, join_facts, merge, note_hire
from tests.support.doubles import CASE_ID, T0

ADA, MALLORY = ManagerRef(email="ada@contoso.example"), ManagerRef(email="mallory@contoso.example")
SURE, OFFER, DRAFT = Certainty.EMPLOYEE, Certainty.OFFER, Certainty.DRAFT
CREATED, UPDATED = EventType.HIRE_CREATED, EventType.HIRE_UPDATED
#: Kind, certainty, hour, whom it names, whether it is what was read.
Word = tuple[EventType, Certainty, int, ManagerRef | None, bool]


def word(
    kind: EventType,
    hour: int,
    manager: ManagerRef | None = None,
    certainty: Certainty = SURE,
    *,
    read: bool = False,
) -> Word:
    return kind, certainty, hour, manager, read


def hour(number: int) -> datetime:
    return T0 + timedelta(hours=number)


def blank(case_id: str = CASE_ID) -> Case:
    return Case(case_id, "greenhouse", State.RECEIVED, Hire(), T0, T0, certainty=DRAFT)


def said(case: Case, *words: Word) -> Case:
    """What HR said, in the order in which it came."""
    for number, (kind, certainty, at, manager, read) in enumerate(words):
        came = hour(20 + number)
        event = HireEvent(
            "greenhouse", kind, Hire(manager=manager), "x", certainty=certainty, occurred_at=hour(at)
        )
        merge(case, event, READ if read else f"d_{number}", came, opened=not number)
    return case


def trusted(case: Case) -> ManagerRef | None:
    named = case.manager_named_at is not None and not case.manager_changed
    return case.hire.manager if named else None


@pytest.mark.parametrize("certainty", [DRAFT, OFFER, Certainty.CANDIDATE])
@pytest.mark.parametrize("kind", [CREATED, UPDATED])
def test_what_creates_no_account_names_nobody_for_the_credential(
    kind: EventType, certainty: Certainty
) -> None:
    case = said(blank(), word(kind, 1, MALLORY, certainty), word(CREATED, 2))
    assert (case.hire.manager, trusted(case)) == (MALLORY, None)


def test_an_update_that_opens_the_case_does_not_either() -> None:
    assert trusted(said(blank(), word(UPDATED, 1, MALLORY))) is None
    assert trusted(said(blank(), word(UPDATED, 1, MALLORY), word(CREATED, 2))) is None


def test_the_whole_record_of_an_employee_that_opens_the_case_names_one() -> None:
    """There are systems that send nothing else (SCIM with `post_is_record`, BambooHR's posts)."""

    def record(case: Case, at: int, manager: ManagerRef | None, *, opened: bool = False) -> Case:
        event = HireEvent("scim", UPDATED, Hire(manager=manager), "x", occurred_at=hour(at), snapshot=True)
        merge(case, event, f"d_{at}", hour(20 + at), opened=opened)
        return case

    case = record(blank(), 1, ADA, opened=True)
    assert trusted(case) == ADA
    assert trusted(record(case, 2, MALLORY)) is None
    assert trusted(record(record(blank(), 1, None, opened=True), 2, MALLORY)) is None, "named later"
    drafted = said(blank(), word(UPDATED, 1, MALLORY, DRAFT))
    assert trusted(record(drafted, 2, ADA)) == ADA


@pytest.mark.parametrize("certainty", [DRAFT, OFFER, SURE])
def test_whom_the_hire_names_then_is_trusted_as_of_that_delivery(certainty: Certainty) -> None:
    """The manager's own account has to be older than that."""
    for first in (ADA, MALLORY):
        case = said(blank(), word(UPDATED, 1, first, certainty), word(CREATED, 2, ADA))
        assert (trusted(case), case.manager_named_at) == (ADA, hour(21))


def test_a_read_of_an_employee_is_trusted_and_one_of_an_offer_is_not() -> None:
    offered = word(UPDATED, 1, MALLORY, OFFER, read=True)
    assert trusted(said(blank(), offered)) is None
    assert trusted(said(blank(), offered, word(CREATED, 2))) is None
    assert trusted(said(blank(), offered, word(UPDATED, 3, read=True))) is None, "it names nobody"
    assert trusted(said(blank(), offered, word(UPDATED, 3, MALLORY, read=True))) == MALLORY
    assert trusted(said(blank(), word(CREATED, 1), word(UPDATED, 3, ADA, read=True))) == ADA
    case = said(blank(), word(UPDATED, 1, ADA, read=True), word(UPDATED, 2, ADA))
    assert trusted(case) == ADA, "said once more"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((word(UPDATED, 1, MALLORY, DRAFT), word(CREATED, 2)), None),
        ((word(UPDATED, 1, MALLORY, OFFER), word(CREATED, 2, ADA)), ADA),
        ((word(UPDATED, 3, MALLORY, OFFER), word(CREATED, 2, ADA)), ADA),
        ((word(UPDATED, 1, ADA), word(CREATED, 2, ADA)), ADA),
        ((word(UPDATED, 1, MALLORY), word(CREATED, 2, ADA)), ADA),
        ((word(UPDATED, 3, MALLORY), word(CREATED, 2, ADA)), None),
        ((word(UPDATED, 3, MALLORY), word(CREATED, 2)), None),
        ((word(UPDATED, 1, MALLORY), word(CREATED, 2), word(UPDATED, 3, MALLORY)), None),
        ((word(UPDATED, 1, ADA, DRAFT), word(UPDATED, 3, MALLORY), word(CREATED, 2, ADA)), None),
        ((word(UPDATED, 1, MALLORY, DRAFT), word(CREATED, 2, ADA), word(UPDATED, 3, ADA)), ADA),
    ],
)
def test_it_makes_no_difference_which_of_them_came_first(
    words: tuple[Word, ...], expected: ManagerRef | None
) -> None:
    for order in itertools.permutations(words):
        assert trusted(said(blank(), *order)) == expected, order


def test_in_another_case_it_counts_as_if_it_had_been_said_in_this_one() -> None:
    other = said(blank("c_" + "2" * 20), word(CREATED, 2, ADA))
    for first in (ADA, MALLORY):
        case = said(blank(), word(UPDATED, 1, first, OFFER))
        join_facts(case, other)
        assert (trusted(case), case.manager_named_at) == (ADA, other.manager_named_at)
    case = said(blank(), word(CREATED, 1, MALLORY))
    join_facts(case, other)
    assert (case.hire.manager, trusted(case)) == (ADA, None)
    case = said(blank(), word(CREATED, 2, ADA))
    join_facts(case, said(blank("c_" + "3" * 20), word(UPDATED, 1, MALLORY, DRAFT)))
    assert trusted(case) == ADA


def test_whom_recruiting_named_is_not_trusted_once_the_word_before_theirs_goes() -> None:
    """HR's word on the hire that is over comes before nothing, so the one behind it stands."""
    case = said(blank(), word(CREATED, 1, ADA))
    event = HireEvent("lever", UPDATED, Hire(manager=MALLORY), "x", occurred_at=hour(2), recruiting=True)
    merge(case, event, "d_9", hour(30), opened=False)
    assert trusted(case) == ADA
    drop_dates(case, hour(3))
    assert (case.hire.manager, trusted(case)) == (MALLORY, None)


def test_whom_a_late_hire_brings_to_the_front_is_not_trusted_for_the_one_before() -> None:
    """The hire is noted first where the case is over (`decide`): by that, HR's word leads which had waited."""
    case = blank()
    drop_dates(case, hour(0))

    def hears(source: str, kind: EventType, at: int, manager: ManagerRef | None = None) -> None:
        event = HireEvent(
            source, kind, Hire(manager=manager), "x", occurred_at=hour(at), recruiting=source == "greenhouse"
        )
        note_hire(case, event, hour(at))
        merge(case, event, f"d_{at}", hour(20 + at), opened=False)

    hears("greenhouse", CREATED, 5, ADA)
    hears("hris", UPDATED, 3, MALLORY)
    assert trusted(case) == ADA
    hears("hris", CREATED, 2)
    assert (case.hire.manager, trusted(case)) == (MALLORY, None)
