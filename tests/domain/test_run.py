"""What was seen before somebody came back is kept, and taken for nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain import run
from onboarding.domain.account import Account
from onboarding.domain.beginning import is_in_use
from onboarding.domain.case import Case
from onboarding.domain.confirmation import assess
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.rules import Rules
from onboarding.followup.evidence import take_events, take_list

MADE = datetime(2026, 9, 21, 8, tzinfo=UTC)
AGAIN = datetime(2027, 9, 1, 8, tzinfo=UTC)
NOW = datetime(2027, 10, 5, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = Rules(sspr_scope="all")
APP, PHONE = "microsoftAuthenticatorPush", "mobilePhone"


def ev(act: Act, by: By, method: str | None, at: datetime) -> Evidence:
    return Evidence(f"{act}-{by}-{method}-{at:%y%m%d%H%M}", "audit", act, by, method, at)


def back(*evidence: Evidence, made: datetime = MADE, again: datetime | None = AGAIN) -> Case:
    case = Case(
        "c_1", "custom", State.FOLLOWING_UP, Hire(), MADE, MADE, account=Account("u", "u@x", "m", made)
    )
    case.rehired_at, case.evidence = again, list(evidence)
    return case


def status(case: Case, *lists: Registration) -> tuple[Status, str]:
    for item in lists:
        take_list(case, item)
    found = assess(case, ALL, NOW)
    return found.status, found.because


def read(at: datetime, *methods: str) -> Registration:
    return Registration(methods, at, direct=True)


def row(at: datetime, *methods: str) -> Registration:
    return Registration(methods, at, is_admin=False, sspr_enabled=True)


BEFORE, SINCE = AGAIN - 30 * DAY, AGAIN + 20 * DAY
PHONE_BEFORE = ev(Act.REGISTERED, By.USER, PHONE, BEFORE)
PHONE_SINCE = ev(Act.REGISTERED, By.USER, PHONE, SINCE)


@pytest.mark.parametrize(
    ("evidence", "lists", "expected"),
    [
        ([PHONE_BEFORE], [], (Status.UNKNOWN, "not_looked_at_yet")),
        ([PHONE_BEFORE], [read(NOW - HOUR)], (Status.DIRECTORY_ONLY, "nothing_registered")),
        ([PHONE_BEFORE], [read(NOW - HOUR, PHONE)], (Status.UNATTRIBUTED, "registered_before")),
        ([], [read(NOW - HOUR, APP)], (Status.USER_REGISTERED, "person_only_method")),
        ([], [row(NOW - HOUR, APP)], (Status.USER_REGISTERED, "person_only_method")),
        ([PHONE_SINCE], [read(NOW - HOUR, PHONE)], (Status.USER_REGISTERED, "registered_enough")),
        # What the first list of this run did not have was added since: its record is on its way.
        ([], [read(SINCE), read(NOW - HOUR, PHONE)], (Status.UNKNOWN, "awaiting_audit_record")),
        (
            [ev(Act.REGISTERED, By.ADMIN, PHONE, SINCE)],
            [read(NOW - HOUR, PHONE)],
            (Status.ADMIN_REGISTERED, "added_by_administrator"),
        ),
        # "All" claims nothing that may have been there, and what was not there.
        (
            [ev(Act.REGISTERED, By.USER, "all", SINCE)],
            [read(NOW - HOUR, PHONE)],
            (Status.UNATTRIBUTED, "registered_before"),
        ),
        (
            [ev(Act.REGISTERED, By.USER, "all", SINCE)],
            [read(SINCE - HOUR), read(SINCE + HOUR, PHONE), row(NOW - HOUR, PHONE)],
            (Status.USER_REGISTERED, "registered_enough"),
        ),
    ],
)
def test_only_what_happened_since_and_what_is_listed_since_counts(
    evidence: list[Evidence], lists: list[Registration], expected: tuple[Status, str]
) -> None:
    assert status(back(*evidence), *lists) == expected


def test_a_row_that_may_be_from_before_is_no_list_of_this_run() -> None:
    case = back()
    assert not take_list(case, row(AGAIN + 59 * HOUR, APP))
    assert (case.registration, case.evidence) == (None, [])
    assert take_list(case, row(AGAIN + 60 * HOUR, APP))
    assert take_list(back(made=AGAIN + HOUR), row(AGAIN + 59 * HOUR, APP)), (
        "another account has no life before"
    )


def test_a_self_service_reset_of_the_employment_before_proves_nothing() -> None:
    case = back(ev(Act.RESET_SUCCEEDED, By.USER, None, BEFORE))
    take_list(case, read(NOW - HOUR))
    assert assess(case, replace(ALL, deadline=BEFORE.date()), NOW).recoverable is Recoverable.NO


@pytest.mark.parametrize(("at", "used"), [(BEFORE, False), (AGAIN, True), (SINCE, True)])
def test_whoever_signed_in_since_is_in_use(at: datetime, used: bool) -> None:
    assert is_in_use(back(ev(Act.REGISTERED, By.USER, PHONE, at))) is used
    assert is_in_use(back(ev(Act.REGISTERED, By.USER, PHONE, at), made=NOW)) is False
    assert is_in_use(back(ev(Act.REGISTERED, By.USER, PHONE, at), again=None))


def test_nothing_is_known_in_a_new_run_and_the_evidence_stays() -> None:
    case = back(PHONE_BEFORE)
    case.status, case.recoverable, case.confirmed_at = Status.USER_REGISTERED, Recoverable.YES, BEFORE
    case.registration = read(BEFORE, PHONE)
    assert run.start_anew(case) == {"status": "user_registered", "confirmed_at": BEFORE.isoformat()}
    known = [case.status, case.recoverable, case.status_as_of, case.confirmed_at, case.registration]
    assert known == [Status.UNKNOWN, Recoverable.UNKNOWN, None, None, None]
    assert case.evidence == [PHONE_BEFORE]
    assert run.start_anew(case) == {}


_MOMENTS = [BEFORE, BEFORE + DAY, AGAIN, SINCE, SINCE + DAY]
_EVENTS = st.builds(
    ev,
    st.sampled_from([Act.REGISTERED, Act.DELETED, Act.UPDATED, Act.REVIEWED]),
    st.sampled_from([By.USER, By.ADMIN]),
    st.sampled_from([APP, PHONE, "email", "all", None]),
    st.sampled_from(_MOMENTS),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_EVENTS, max_size=6), st.sets(st.sampled_from([APP, PHONE, "email"])), st.randoms())
def test_evidence_of_before_changes_nothing_in_whatever_order_it_comes(
    events: list[Evidence], methods: set[str], order: random.Random
) -> None:
    lists = [read(NOW - HOUR, *sorted(methods)), row(AGAIN + DAY, APP, PHONE)]
    of_this = back(*{item.id: item for item in events if item.at >= AGAIN}.values())
    take_list(of_this, lists[0])
    mixed = back()
    seen: list[Evidence | Registration] = [*events, *events, *lists]
    order.shuffle(seen)
    for item in seen:
        if isinstance(item, Registration):
            take_list(mixed, item)
        else:
            take_events(mixed, [item])
    assert assess(mixed, ALL, NOW) == assess(of_this, ALL, NOW)
    assert {item.id for item in events} <= {item.id for item in mixed.evidence}
