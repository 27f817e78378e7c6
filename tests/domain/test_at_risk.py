"""One row of the report, what it adds up to, and the forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from onboarding.domain.at_risk import (
    Bit,
    Exposed,
    Judged,
    Risk,
    answer,
    forecast,
    judge,
    rank,
    recoverable,
    words_match,
)
from onboarding.domain.evidence import Registration
from onboarding.domain.policy import ReportsPolicy
from onboarding.domain.rules import Rules

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = Rules(deadline=date(2026, 9, 7), writeback=True)
PUSH, OTP = "microsoftAuthenticatorPush", "softwareOneTimePasscode"


def row(*methods: str, enabled: bool | None = True) -> Registration:
    return Registration(methods, NOW, sspr_enabled=enabled)


@pytest.mark.parametrize(
    ("methods", "admin", "required", "risk", "missing"),
    [
        ((), False, 1, Risk.NOTHING, 1),
        (("fido2", "windowsHelloForBusiness", "neverHeardOf"), False, 1, Risk.NOTHING, 1),
        ((PUSH,), False, 1, Risk.NONE, 0),
        ((PUSH,), False, 2, Risk.TOO_FEW, 1),
        ((PUSH, OTP), False, 2, Risk.TOO_FEW, 1),
        ((PUSH, "mobilePhone"), False, 2, Risk.NONE, 0),
        ((), True, 1, Risk.NOTHING, 2),
        ((PUSH,), True, 1, Risk.TOO_FEW, 1),
        ((PUSH, "email"), True, 1, Risk.NONE, 0),
        (("securityQuestion",), False, 1, Risk.NONE, 0),
        (("securityQuestion", PUSH), True, 1, Risk.TOO_FEW, 1),
        (("securityQuestion",), True, 1, Risk.NOTHING, 2),
        (("hardwareOneTimePasscode", "email"), True, 1, Risk.TOO_FEW, 1),
        (("hardwareOneTimePasscode",), True, 1, Risk.NOTHING, 2),
        (("hardwareOneTimePasscode", "email"), False, 2, Risk.NONE, 0),
    ],
)
def test_what_a_row_adds_up_to(
    methods: tuple[str, ...], admin: bool, required: int, risk: Risk, missing: int
) -> None:
    found = judge(row(*methods), admin, replace(RULES, methods_required=required), NOW)
    assert (found.risk, found.missing) == (risk, missing)


def test_scope_is_the_reports_or_the_settings() -> None:
    assert judge(row(enabled=False), False, RULES, NOW).risk is Risk.OUT_OF_SCOPE
    assert judge(row(enabled=None), False, RULES, NOW).risk is Risk.NOTHING
    assert judge(row(enabled=False), False, replace(RULES, sspr_scope="all"), NOW).risk is Risk.NOTHING
    assert judge(row(PUSH), False, replace(RULES, sspr_scope="none"), NOW).risk is Risk.OUT_OF_SCOPE


def test_what_is_enough_only_until_a_known_day_is_told() -> None:
    assert judge(row("mobilePhone"), False, RULES, NOW) == Judged(Risk.NONE, phones_only=True)
    assert judge(row("securityQuestion"), False, RULES, NOW) == Judged(Risk.NONE, questions_needed=True)
    assert judge(row("mobilePhone", PUSH), False, RULES, NOW) == Judged(Risk.NONE)
    two = replace(RULES, methods_required=2)
    assert judge(row("mobilePhone", PUSH), False, two, NOW) == Judged(Risk.NONE, phones_only=True)
    both = row("mobilePhone", "securityQuestion")
    assert judge(both, False, RULES, NOW) == Judged(Risk.NONE, phones_or_questions=True)
    assert judge(both, False, two, NOW) == Judged(Risk.NONE, phones_only=True, questions_needed=True)
    assert judge(row("mobilePhone", "securityQuestion", PUSH), False, RULES, NOW) == Judged(Risk.NONE)
    assert judge(row("mobilePhone", "securityQuestion", PUSH), False, two, NOW) == Judged(
        Risk.NONE, phones_or_questions=True
    )
    march = datetime(2027, 3, 1, tzinfo=UTC)
    assert judge(row("securityQuestion"), False, RULES, march).risk is Risk.NOTHING


DATA, NO_DATA, UNREAD = Bit.DATA | Bit.DATA_KNOWN, Bit.DATA_KNOWN, Bit(0)


@pytest.mark.parametrize(
    ("bits", "found", "today", "writeback", "expected"),
    [
        (DATA, Judged(Risk.NOTHING, 1), date(2026, 9, 6), True, "yes"),
        (DATA, Judged(Risk.NOTHING, 1), date(2026, 9, 7), True, "no"),
        (DATA, Judged(Risk.NOTHING, 2), date(2026, 9, 6), True, "unknown"),
        (DATA, Judged(Risk.TOO_FEW, 1), date(2026, 9, 6), True, "unknown"),
        (NO_DATA, Judged(Risk.NOTHING, 1), date(2026, 9, 6), True, "no"),
        (UNREAD, Judged(Risk.NOTHING, 1), date(2026, 9, 6), True, "unknown"),
        (DATA | Bit.SYNCED, Judged(Risk.NOTHING, 1), date(2026, 9, 6), True, "yes"),
        (DATA | Bit.SYNCED, Judged(Risk.NOTHING, 1), date(2026, 9, 6), False, "no"),
    ],
)
def test_directory_data_helps_before_the_deadline_and_no_guess_is_made(
    bits: Bit, found: Judged, today: date, writeback: bool, expected: str
) -> None:
    at = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    assert recoverable(int(bits), found, replace(RULES, writeback=writeback), at) == expected


def test_three_answers() -> None:
    assert [
        answer(int(bits), Bit.NEW, Bit.NEW_KNOWN) for bits in (Bit(0), Bit.NEW_KNOWN, Bit.NEW | Bit.NEW_KNOWN)
    ] == [
        "unknown",
        "no",
        "yes",
    ]


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (("financ",), "Group Finance", True),
        (("financ",), "Corporate-Finance/Tax", True),
        (("ceo",), "Oceonography", False),
        (("ceo",), "CEO", True),
        (("geschäftsführ",), "Stv. GESCHÄFTSFÜHRER", True),
        (("accounts payable",), "Accounts  Payable EMEA", True),
        (("director",), None, False),
        ((), "Director", False),
    ],
)
def test_words_are_beginnings_of_words(words: tuple[str, ...], text: str | None, expected: bool) -> None:
    assert words_match(words, None, text) is expected


def test_administrators_come_first() -> None:
    both = Bit.FINANCE | Bit.DIRECTOR
    assert [rank(int(bits)) for bits in (both | Bit.ADMIN, both, Bit.DIRECTOR, Bit.LISTED)] == [0, 1, 2, 3]


def test_the_forecast_crosses_the_days_on_which_more_people_are_locked_out() -> None:
    policy = ReportsPolicy(resets_per_person_year=2.6, forecast_days=130)
    rules = replace(RULES, deadline=date(2026, 11, 25))
    days = {
        item["day"]: item for item in forecast(Exposed(100, 50, 7, 1000), rules, policy, date(2026, 11, 23))
    }
    assert len(days) == 130
    assert days["2026-11-24"] == {
        "day": "2026-11-24",
        "people": 100,
        "calls": 1.0,
        "calls_if_phones_end": 1.0,
    }
    assert days["2026-11-25"]["calls"] == 1.5
    assert days["2026-11-28"]["calls"] == days["2026-11-29"]["calls"] == 0.0, "a weekend"
    assert (days["2027-01-29"]["calls"], days["2027-01-29"]["calls_if_phones_end"]) == (1.5, 1.5)
    assert (days["2027-02-01"]["calls"], days["2027-02-01"]["calls_if_phones_end"]) == (1.5, 11.5)
    assert days["2027-03-01"]["people"] == 157


@pytest.mark.parametrize(
    ("exposed", "february", "march"),
    [
        (Exposed(phones_only=1000), (0.0, 10.0), (0.0, 10.0)),
        (Exposed(from_questions_end=1000), (0.0, 0.0), (10.0, 10.0)),
        (Exposed(phones_and_questions=1000), (0.0, 10.0), (10.0, 10.0)),
        (Exposed(phones_or_questions=1000), (0.0, 0.0), (0.0, 10.0)),
    ],
)
def test_nobody_is_forecast_twice_or_forgotten_where_two_things_end(
    exposed: Exposed, february: tuple[float, float], march: tuple[float, float]
) -> None:
    policy = ReportsPolicy(resets_per_person_year=2.6, forecast_days=60)
    days = {item["day"]: item for item in forecast(exposed, RULES, policy, date(2027, 1, 15))}
    for day, expected in (("2027-01-29", (0.0, 0.0)), ("2027-02-26", february), ("2027-03-02", march)):
        assert (days[day]["calls"], days[day]["calls_if_phones_end"]) == expected
