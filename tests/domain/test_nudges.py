"""Which message of the ladder is due: computed from the case, the policy and the time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from onboarding.domain import calendar
from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Evidence
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.nudges import Due, Nothing, Wait, day_zero, due, rung_key, working_time_of
from onboarding.domain.policy import DEFAULT_LADDER, FollowUpPolicy, Policy, Rung
from onboarding.domain.records import RungRecord, RungStatus

POLICY = Policy()
#: A Monday.
START = date(2026, 10, 5)
CREATED = datetime(2026, 9, 21, 8, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def case(sent: dict[str, datetime] | None = None, *, country: str | None = "DE", **hire: Any) -> Case:
    """Berlin (UTC+2 until 25 October): working time is 07:00 to 15:00 UTC."""
    person = Hire(work_country=country, start_date=START)
    account = Account("u", "u@contoso.example", "m", CREATED)
    made = Case("c", "s", State.FOLLOWING_UP, replace(person, **hire), CREATED, CREATED, account=account)
    for rung, when in (sent or {}).items():
        record(made, rung, when)
    return made


def record(made: Case, rung: str, when: datetime, status: RungStatus = RungStatus.SENT) -> None:
    audience = rung.partition("_")[0] if rung != "welcome" else "person"
    made.rungs[rung_key(made.episode, rung)] = RungRecord(
        rung, made.episode, audience, status, when, sent_at=when
    )


def step(made: Case, now: datetime, policy: Policy = POLICY) -> tuple[str | None, tuple[str, ...]]:
    """(rung that is due, skipped), with both recorded."""
    found = due(made, policy, now)
    for key in found.skipped:
        record(made, key.partition(":")[2], now, RungStatus.SKIPPED)
    if isinstance(found, Due):
        record(made, found.rung.rung, now)
        return found.rung.rung, found.skipped
    return None, found.skipped


def everything(made: Case, now: datetime, policy: Policy = POLICY) -> list[str]:
    sent = []
    while (found := step(made, now, policy))[0]:
        sent.append(str(found[0]))
    return sent


def test_a_person_who_does_nothing_meets_every_rung_once_in_working_time() -> None:
    made, sent, now = case(), [], at(1, 0)
    while now < at(31, 0):
        for rung in everything(made, now):
            assert calendar.is_working(now, working_time_of(made, POLICY))
            sent.append((rung, now.strftime("%a %d %H:%M")))
        now += timedelta(minutes=30)
    assert sent == [
        ("person_day_0", "Mon 05 07:00"),
        ("person_day_2", "Wed 07 07:00"),
        # day 5 is a Saturday
        ("person_day_5", "Mon 12 07:00"),
        ("manager_day_5", "Mon 12 07:00"),
        ("person_day_10", "Thu 15 07:00"),
        ("desk_day_10", "Thu 15 07:00"),
    ]
    assert isinstance(due(made, POLICY, now), Nothing)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(4, 12), Wait(at(5, 7), "next_rung", rung=DEFAULT_LADDER[0])),
        (at(5, 6, 59), Wait(at(5, 7), "next_rung", rung=DEFAULT_LADDER[0])),
        (at(5, 7), Due(DEFAULT_LADDER[0], "1:person_day_0", at(5, 7))),
        (at(5, 14, 59), Due(DEFAULT_LADDER[0], "1:person_day_0", at(5, 7))),
        (at(5, 15), Wait(at(6, 7), "working_time", rung=DEFAULT_LADDER[0])),
    ],
)
def test_the_first_rung(now: datetime, expected: Due | Wait) -> None:
    assert due(case(), POLICY, now) == expected


@pytest.mark.parametrize(
    ("hire", "country", "zone"),
    [
        ({"timezone": "Asia/Tokyo"}, "DE", "Asia/Tokyo"),
        ({"timezone": "Nonsense/Zone"}, "DE", "Europe/Berlin"),
        ({"home_country": "JP"}, "DE", "Europe/Berlin"),
        ({"home_country": "JP"}, None, "Asia/Tokyo"),
        ({"home_country": "Österreich"}, "Atlantis", "Europe/Vienna"),
        ({}, None, "UTC"),
    ],
)
def test_whose_working_time(hire: dict[str, Any], country: str | None, zone: str) -> None:
    assert working_time_of(case(country=country, **hire), POLICY).zone == zone


def test_where_the_weekend_is_friday_and_saturday_a_rung_moves_to_sunday() -> None:
    made = case(country="EG", start_date=date(2026, 10, 2))  # a Friday
    found = due(made, POLICY, at(1, 0))
    assert isinstance(found, Wait)
    assert found.until == datetime(2026, 10, 4, 6, tzinfo=UTC), "Sunday 09:00 in Cairo (UTC+3)"


@pytest.mark.parametrize(
    ("start", "country", "first"),
    [
        (date(2026, 10, 26), "DE", datetime(2026, 10, 26, 8, tzinfo=UTC)),  # clocks went back on Sunday
        (date(2026, 10, 23), "DE", datetime(2026, 10, 23, 7, tzinfo=UTC)),
        (date(2027, 3, 29), "DE", datetime(2027, 3, 30, 7, tzinfo=UTC)),  # forward on Sunday; Easter Monday
        (date(2027, 3, 29), "US", datetime(2027, 3, 29, 13, tzinfo=UTC)),
        (date(2028, 2, 29), "DE", datetime(2028, 2, 29, 8, tzinfo=UTC)),
        (date(2026, 11, 2), "US", datetime(2026, 11, 2, 14, tzinfo=UTC)),
        (date(2026, 12, 26), "DE", datetime(2026, 12, 28, 8, tzinfo=UTC)),
    ],
)
def test_nine_oclock_is_nine_oclock_on_both_sides_of_a_clock_change(
    start: date, country: str, first: datetime
) -> None:
    found = due(case(country=country, start_date=start), POLICY, datetime(2026, 10, 1, tzinfo=UTC))
    assert isinstance(found, Wait)
    assert found.until == first


def test_an_outage_sends_one_message_to_each_audience_and_names_what_it_skips() -> None:
    made = case()
    assert step(made, at(16, 8)) == (
        "person_day_10",
        ("1:person_day_0", "1:person_day_2", "1:person_day_5"),
    )
    assert everything(made, at(16, 8)) == ["manager_day_5", "desk_day_10"]
    assert isinstance(due(made, POLICY, at(30, 8)), Nothing)


def test_two_messages_to_the_person_keep_their_distance_and_others_do_not_wait_for_it() -> None:
    made = case({"person_day_0": at(5, 7), "person_day_2": at(7, 7), "person_day_5": at(14, 14)})
    found = due(made, POLICY, at(15, 8))
    assert isinstance(found, Due)
    assert found.rung.rung == "manager_day_5"
    record(made, "manager_day_5", at(15, 8))
    record(made, "desk_day_10", at(15, 8))
    assert due(made, POLICY, at(15, 8)) == Wait(at(15, 10), "least_gap", rung=DEFAULT_LADDER[4])
    assert isinstance(due(made, POLICY, at(15, 10)), Due)


def test_the_welcome_counts_for_the_distance() -> None:
    made = case({"welcome": at(5, 7)})
    found = due(made, POLICY, at(5, 8))
    assert found == Wait(at(6, 7), "least_gap", rung=DEFAULT_LADDER[0])


@pytest.mark.parametrize("status", [RungStatus.CLAIMED, RungStatus.DRAFTED])
def test_a_rung_that_was_begun_is_finished_first_but_not_at_night(status: RungStatus) -> None:
    made = case()
    record(made, "person_day_0", at(5, 7), status)
    made.rungs["1:person_day_0"].sent_at = None
    found = due(made, POLICY, at(5, 8))
    assert isinstance(found, Due)
    assert (found.rung.rung, found.resume) == ("person_day_0", True)
    assert due(made, POLICY, at(5, 20)) == Wait(at(6, 7), "working_time", rung=DEFAULT_LADDER[0])


@pytest.mark.parametrize("status", [RungStatus.SENT, RungStatus.UNCERTAIN, RungStatus.SKIPPED])
def test_a_final_rung_is_never_due_again(status: RungStatus) -> None:
    made = case()
    record(made, "person_day_0", at(5, 7), status)
    found = due(made, POLICY, at(6, 8))
    assert isinstance(found, Wait)
    assert found.rung == DEFAULT_LADDER[1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, START),
        ({"start_date": None}, date(2026, 9, 21)),
        ({"timezone": "Asia/Tokyo"}, START),
        ({"start_date": date(2026, 9, 1)}, date(2026, 9, 21)),
    ],
)
def test_day_zero_of_the_first_episode(changes: dict[str, Any], expected: date) -> None:
    assert day_zero(case(**changes), POLICY) == expected


def test_day_zero_of_a_later_episode_is_the_local_day_on_which_it_began() -> None:
    made = case(timezone="Asia/Tokyo")
    made.episode, made.episode_started_at = 2, datetime(2026, 10, 20, 16, tzinfo=UTC)
    assert day_zero(made, POLICY) == date(2026, 10, 21)
    found = due(made, POLICY, made.episode_started_at)
    assert isinstance(found, Wait)
    assert found.until == datetime(2026, 10, 21, 0, tzinfo=UTC), "09:00 in Tokyo"


def test_an_adopted_account_is_not_day_zero() -> None:
    made = case()
    assert made.account is not None
    made.account.origin, made.account.created_at = "adopted", at(9, 8)
    assert day_zero(made, POLICY) == START


def test_without_start_date_and_account_nothing_begins() -> None:
    made = case(start_date=None)
    made.account = None
    assert due(made, POLICY, at(5, 8)) == Nothing("no_start_date")


def test_a_new_episode_climbs_the_whole_ladder_again() -> None:
    made = case({rung.rung: at(5, 7) for rung in DEFAULT_LADDER})
    made.episode, made.episode_started_at = 2, at(20, 12)
    found = due(made, POLICY, at(20, 12))
    assert isinstance(found, Due)
    assert found.key == "2:person_day_0"


def ladder(*rungs: Rung, **more: Any) -> Policy:
    return Policy(follow_up=FollowUpPolicy(ladder=rungs, **more))


def test_a_changed_ladder_applies_at_once() -> None:
    made = case({"person_day_0": at(5, 7)})
    changed = ladder(DEFAULT_LADDER[0], Rung("person_day_1", "person", 1, "nudge_last"))
    found = due(made, changed, at(6, 8))
    assert isinstance(found, Due)
    assert found.rung.rung == "person_day_1"
    assert due(made, ladder(DEFAULT_LADDER[0]), at(30, 8)) == Nothing("ladder_done")


def test_a_rung_put_before_one_that_went_out_is_skipped() -> None:
    made = case({"person_day_0": at(5, 7), "person_day_2": at(7, 7)})
    changed = ladder(*DEFAULT_LADDER[:2], Rung("person_day_1", "person", 1, "nudge_third"))
    assert due(made, changed, at(8, 8)) == Nothing("ladder_done", ("1:person_day_1",))


def test_a_renamed_rung_keeps_the_distance_to_the_old_one() -> None:
    made = case({"old_name": at(5, 7)})
    made.rungs["1:old_name"].audience = "person"
    assert isinstance(due(made, POLICY, at(5, 8)), Wait)


def test_a_start_date_that_moves_away_repeats_nothing() -> None:
    made = case({"person_day_0": at(5, 7)})
    made.hire = replace(made.hire, start_date=date(2026, 11, 2))
    found = due(made, POLICY, at(6, 8))
    assert isinstance(found, Wait)
    assert (found.rung, found.until) == (DEFAULT_LADDER[1], at(4, 8, month=11))


def turned_away(made: Case, *moments: datetime) -> Case:
    made.evidence += [
        Evidence(f"r{n}", "audit", Act.RESET_NO_METHODS, By.USER, None, moment)
        for n, moment in enumerate(moments)
    ]
    return made


def test_whoever_is_turned_away_for_want_of_methods_climbs_one_rung_and_the_rest_keeps_its_distance() -> None:
    made = turned_away(case({"person_day_0": at(5, 7)}), at(6, 8))
    assert everything(made, at(6, 8)) == ["person_day_2"]
    assert everything(made, at(8, 16)) == []
    # Day 5 would be Saturday, so Monday at 07:00; 23 hours earlier is Sunday, so Monday again.
    assert everything(made, at(9, 14)) == []
    assert everything(made, at(12, 7)) == ["person_day_5", "manager_day_5"]
    # Day 10 was Thursday at 07:00, now it is Wednesday at 08:00.
    assert everything(made, at(14, 7, 59)) == []
    assert everything(made, at(14, 8)) == ["person_day_10", "desk_day_10"]


def test_many_attempts_in_a_day_are_one_and_another_day_brings_another_rung() -> None:
    burst = [at(6, 8) + timedelta(minutes=n) for n in range(50)]
    assert everything(turned_away(case({"person_day_0": at(5, 7)}), *burst), at(6, 12)) == ["person_day_2"]
    made = turned_away(case({"person_day_0": at(5, 7)}), at(6, 8), at(7, 9))
    everything(made, at(6, 8))
    assert everything(made, at(7, 9)) == ["person_day_5", "manager_day_5"]


def test_an_attempt_before_day_zero_or_in_an_earlier_episode_brings_nothing_nearer() -> None:
    """Anybody can type in somebody else's user name."""
    assert everything(turned_away(case(), at(4, 8)), at(4, 9)) == []
    assert everything(turned_away(case(), at(4, 8)), at(5, 9)) == ["person_day_0"]
    made = turned_away(case(), at(6, 8))
    made.episode, made.episode_started_at = 2, at(12, 8)
    assert everything(made, at(12, 9)) == ["person_day_0"]
    assert everything(made, at(13, 9)) == []


def test_an_attempt_at_night_waits_for_working_time_and_for_the_least_gap() -> None:
    made = turned_away(case({"person_day_0": at(5, 12)}), at(5, 22))
    assert everything(made, at(5, 23)) == []
    assert everything(made, at(6, 7)) == []
    assert everything(made, at(6, 8)) == ["person_day_2"], "20 hours after the first message"


@pytest.mark.parametrize(
    ("end", "now", "over"),
    [
        (date(2026, 10, 6), at(6, 21), False),
        (date(2026, 10, 6), at(6, 22), True),
        (date(2026, 10, 6), at(20, 8), True),
        (None, at(20, 8), False),
    ],
)
def test_after_the_last_day_where_the_person_works_nothing_is_due(
    end: date | None, now: datetime, over: bool
) -> None:
    found = due(case(end_date=end), POLICY, now)
    assert (found == Nothing("employment_ended")) is over
