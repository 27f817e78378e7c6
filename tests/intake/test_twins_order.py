"""Two systems tell of one person, in any order: what becomes of it does not depend on which word came first."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from onboarding.intake import receive as door
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import Arrivals, receive
from tests.intake.test_twins import ADAPTER, ATS, HRIS, alive
from tests.support.intake_services import hire_body, make_world, secrets_of, signed, source

NAME = {"given_name": "Ann", "family_name": "Lee", "personal_email": "ann@example.net"}


def ats(hour: int, **said: Any) -> tuple[str, dict[str, Any]]:
    return ATS, {"occurred_at": f"2026-08-16T{hour:02d}:00:00Z", "candidate_id": "c-9", **said}


def hris(hour: int, **said: Any) -> tuple[str, dict[str, Any]]:
    return HRIS, {"occurred_at": f"2026-08-16T{hour:02d}:00:00Z", "employee_id": "7", **said}


def payroll(hour: int, **said: Any) -> tuple[str, dict[str, Any]]:
    return PAYROLL, {"occurred_at": f"2026-08-16T{hour:02d}:00:00Z", "employee_id": "P-3", **said}


PAYROLL = "our-payroll"
ANN_MARY = NAME | {"given_name": "Ann Mary"}
UPDATED = {"event_type": "hire.updated"}
STORIES = {
    "HR moves the day": [
        ats(1, **NAME, start_date="2027-02-01"),
        hris(2, **NAME, start_date="2027-02-01"),
        hris(3, event_type="start_date.changed", start_date="2027-02-08"),
        ats(4, **UPDATED, job_title="B"),
    ],
    "HR moves the day by months": [
        ats(1, **NAME, start_date="2027-02-01"),
        hris(2, **NAME, start_date="2027-02-01"),
        hris(3, event_type="start_date.changed", start_date="2027-06-01"),
    ],
    "both move the day by months, HR first": [
        ats(1, **NAME, start_date="2027-02-01"),
        hris(2, **NAME, start_date="2027-06-01"),
        ats(3, event_type="start_date.changed", start_date="2027-06-01"),
    ],
    "HR has a new name and day": [
        ats(1, **NAME, start_date="2027-02-01"),
        hris(1, **NAME, start_date="2027-02-01"),
        hris(2, **UPDATED, given_name="Ann", family_name="Wong", start_date="2027-02-08"),
    ],
    "HR corrects the address": [
        ats(1, **NAME, start_date="2027-02-01"),
        hris(2, **NAME | {"personal_email": "typo@example.net"}, start_date="2027-02-01"),
        hris(3, **UPDATED, personal_email="ann@example.net"),
    ],
    "recruiting corrects the name, days differ": [
        ats(1, **ANN_MARY, start_date="2027-02-01"),
        hris(2, **NAME, start_date="2027-02-08"),
        ats(3, **UPDATED, **NAME, start_date="2027-02-08"),
    ],
    "HR moves a day that was months away": [
        hris(1, **NAME, start_date="2027-06-01"),
        ats(2, **NAME, start_date="2027-02-01"),
        hris(3, event_type="start_date.changed", start_date="2027-02-08"),
    ],
    "HR corrects the name that payroll has right": [
        hris(1, **ANN_MARY, start_date="2027-02-01"),
        ats(1, **ANN_MARY, start_date="2027-02-01"),
        payroll(2, **NAME, start_date="2027-02-01"),
        hris(3, **UPDATED, **NAME, start_date="2027-02-01"),
    ],
    "HR corrects what was joined since": [
        hris(1, **ANN_MARY, start_date="2027-02-01"),
        payroll(1, **NAME, start_date="2027-06-01"),
        ats(1, **ANN_MARY, start_date="2027-02-01"),
        hris(3, **UPDATED, **NAME, start_date="2027-06-01"),
    ],
    "HR corrects a country that contradicted the number": [
        hris(
            1,
            given_name="Ann",
            family_name="Lee",
            employee_number="12",
            work_country="DK",
            start_date="2027-02-01",
        ),
        payroll(
            2,
            given_name="Ann",
            family_name="Lee",
            employee_number="12",
            work_country="SE",
            start_date="2027-02-01",
        ),
        hris(3, **UPDATED, work_country="SE"),
    ],
}


async def _told(events: list[tuple[str, dict[str, Any]]]) -> list[tuple[Any, ...]]:
    made = make_world(
        *(source(name, "standard-webhooks", *secrets_of(ADAPTER)) for name in (ATS, HRIS, PAYROLL))
    )
    nothing = dict.fromkeys(("given_name", "family_name", "start_date", "work_country", "employee_id"))
    for number, (to, said) in enumerate(events):
        made.clock.move(minutes=1)
        call = signed(ADAPTER, hire_body(**nothing | said), made.clock.at, message_id=f"m{number}")
        answer = json.loads((await receive(made.services, to, call)).body)
        await process_delivery(made.services, answer["delivery_id"])
    found = [
        (str(case.state), case.reason_code, case.hire.family_name, str(case.hire.start_date))
        for case in await alive(made)
    ]
    made.store.close()
    return found


@pytest.mark.parametrize("story", STORIES)
async def test_one_person_is_one_case_in_whatever_order_two_systems_are_heard(
    monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    events = STORIES[story]
    wanted = await _told(events)
    assert len(wanted) == 1
    assert wanted[0][:2] == ("waiting_start", None)
    for order in itertools.permutations(events):
        assert await _told(list(order)) == wanted


async def test_a_question_is_none_any_more_once_hr_has_ids_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that shares a mailbox and begins together: whom HR's record shows to be two, nobody is asked about."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    day, bob = {"start_date": "2027-02-01"}, NAME | {"given_name": "Bob"}
    events = [
        hris(2, **NAME, **day),
        ats(1, **bob | {"candidate_id": "c-1"}, **day),  # asked about Ann
        ats(1, **NAME | {"candidate_id": "c-2"}, **day),
        hris(2, **bob | {"employee_id": "8"}, **day),
    ]
    assert sorted(await _told(events[:2]), key=str)[0][1] == "needs_approval_same_person"
    assert [line[:2] for line in await _told(events)] == [("waiting_start", None)] * 2


async def test_what_a_correction_leaves_doubtful_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is asked about changes: the question that is open is compared again, and no second one is opened."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    events = [
        hris(1, **ANN_MARY, start_date="2027-06-01"),
        ats(2, **NAME, start_date="2027-02-01"),
        hris(3, event_type="start_date.changed", start_date="2027-02-08"),  # the names differ still
    ]
    assert {line[:2] for line in await _told(events)} == {
        ("waiting_start", None),
        ("blocked", "needs_approval_same_person"),
    }


async def test_behind_a_mailbox_of_several_each_who_asks_is_compared_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    bob = NAME | {"given_name": "Bob"}
    events = [
        hris(1, **NAME | {"given_name": "Anne"}, start_date="2027-02-01"),
        ats(2, **bob | {"candidate_id": "c-1"}, start_date="2027-02-08"),  # asks about Anne
        ats(2, **NAME | {"candidate_id": "c-2"}, start_date="2027-02-08"),  # asks about Anne
        hris(3, **UPDATED, given_name="Ann"),
    ]
    assert {line[:2] for line in await _told(events[:3])} == {
        ("waiting_start", None),
        ("blocked", "needs_approval_same_person"),
    }
    lines = sorted(await _told(events), key=str)
    assert [line[:2] for line in lines] == [
        ("blocked", "needs_approval_same_person"),  # Bob still
        ("waiting_start", None),
    ]


TM = {"given_name": "Thomas", "family_name": "Müller"}
ONE = TM | {"phones": ["+491701111111"], "work_country": "DE", "start_date": "2027-02-01"}
TWO = TM | {"phones": ["+491702222222"], "work_country": "AT", "start_date": "2027-02-18"}
MISTAKEN = [
    hris(1, **ONE, personal_email="tm1@example.net"),
    hris(2, **UPDATED, personal_email="tm2@example.net"),
    ats(3, **TWO, personal_email="tm1@example.net"),
    ats(4, **ONE | {"candidate_id": "c-10"}, personal_email="tm2@example.net"),
]


@pytest.mark.parametrize("both", [False, True])
async def test_an_address_that_somebody_had_by_a_mistake_joins_nobody(
    monkeypatch: pytest.MonkeyPatch, both: bool
) -> None:
    """HR put in the address of the other Thomas Müller, and corrected it."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    for order in itertools.permutations(MISTAKEN[: 4 if both else 3]):
        found = await _told(list(order))
        assert sorted(item[3] for item in found) == ["2027-02-01", "2027-02-18"]
        assert both or sorted(str(item[1]) for item in found) == ["None", "needs_approval_same_person"]


async def test_a_given_name_that_was_corrected_away_is_no_sameness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sisters with one mailbox begin together; one's form was first filled under the other's name. Where both had
    that name when they met, nothing tells them apart."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    berg = {"family_name": "Berg", "personal_email": "berg@example.net", "start_date": "2027-02-01"}
    events = [ats(1, **berg, given_name="Anna"), ats(2, **UPDATED, **berg, given_name="Berta")]
    hired = hris(3, **berg, given_name="Anna")
    for order in itertools.permutations([*events, hired]):
        found = await _told(list(order))
        if order.index(events[1]) < 2:
            assert len(found) == 2
            assert "needs_approval_same_person" in {item[1] for item in found}


LEE = {"given_name": "Ann", "family_name": "Lee", "start_date": "2027-02-01"}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"family_name": "Wong"}, True),
        ({"given_name": "Anne"}, True),
        ({"family_name": "Wong", "start_date": "2027-02-15"}, True),
        ({"given_name": "Bo", "family_name": "Berg"}, False),  # another person was meant
    ],
)
async def test_a_first_day_and_name_that_were_the_same_once_are_asked_about_in_any_order(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], asked: bool
) -> None:
    """HR corrects the name; recruiting alone knows a private address."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    hired, corrected = hris(2, **LEE), hris(3, **UPDATED, **said)
    for order in itertools.permutations([ats(1, **LEE, personal_email="ann@example.net"), hired, corrected]):
        found = await _told(list(order))
        if asked or order.index(corrected) == 2:
            assert sorted(str(line[1]) for line in found) == ["None", "needs_approval_same_person"]
        else:
            assert [line[1] for line in found] == [None, None]


async def test_names_of_a_script_that_is_read_in_part_are_not_asked_about_by_what_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """王伟 was 李伟, which is read as 李薇 is; written they were two names all the time."""
    monkeypatch.setattr(door, "_arrivals", Arrivals())
    events = [
        hris(1, given_name="伟", family_name="李", start_date="2027-02-01"),
        hris(2, **UPDATED, family_name="王"),
        ats(3, given_name="薇", family_name="李", start_date="2027-02-01"),
    ]
    for order in itertools.permutations(events):
        assert [line[1] for line in await _told(list(order))] == [None, None]
