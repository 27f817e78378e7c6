"""Who could not reset today or soon: one person's row of the registration report, and what the directory says. Pure.

Rules in prose:
- Counted is what SSPR accepts, two methods of one kind once (`provenance.METHODS`); who put it there is not asked: that
  is what `status` of a case is for. Administrators need two kinds, of fewer (`provenance.NOT_FOR_ADMINISTRATORS`).
- In SSPR's scope is who the report says (`isSsprEnabled`), or everybody where `ONBOARDING_SSPR_SCOPE=all`.
- Directory data (`mobilePhone`, `businessPhones`, `otherMails`) counts before the deadline, for people who need one
  method; whether it would be enough for two, nothing tells.
- A synced person without password writeback cannot reset, whatever is registered: that is one setting for all of them,
  and is told apart (`no_writeback`), not as a risk of each.
- What is not known is `unknown`, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntFlag, StrEnum
from typing import Any

from onboarding.domain.evidence import Registration
from onboarding.domain.policy import ReportsPolicy
from onboarding.domain.provenance import METHODS, PHONES, QUESTIONS_END, usable_methods
from onboarding.domain.rules import PHONE_SERVICE_END, Rules

#: Working days of a year in the forecast: 52 weeks of 5, public holidays not taken off.
WORKING_DAYS = 260


_QUESTIONS = frozenset({"securityQuestion"})


class Bit(IntFlag):
    """What is known of one person. For each question with three answers: YES, and KNOWN."""

    LISTED = 1
    GUEST = 2
    ENABLED = 4
    NEW, NEW_KNOWN = 8, 16
    SYNCED, SYNCED_KNOWN = 32, 64
    LITTLE_PC, LITTLE_PC_KNOWN = 128, 256
    FINANCE, DIRECTOR, ADMIN = 512, 1024, 2048
    #: The directory holds a phone or another address.
    DATA, DATA_KNOWN = 4096, 8192
    #: Is in the registration report.
    REPORTED = 16384


class Risk(StrEnum):
    """What is the matter with one person."""

    NONE = "none"
    #: Nothing that SSPR accepts is registered.
    NOTHING = "nothing"
    #: Something is, and one more is needed.
    TOO_FEW = "too_few"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Judged:
    """One content of a row, for administrators or others. `missing`: kinds of methods that are needed still.

    Of those who have enough: `phones_only`, not without phones; `questions_needed`, not without security questions;
    `phones_or_questions`, without either and not without both.
    """

    risk: Risk
    missing: int = 0
    phones_only: bool = False
    questions_needed: bool = False
    phones_or_questions: bool = False


def judge(row: Registration, admin: bool, rules: Rules, now: datetime) -> Judged:
    """What the registered methods add up to."""
    if rules.sspr_scope == "none" or (rules.sspr_scope == "report" and row.sspr_enabled is False):
        return Judged(Risk.OUT_OF_SCOPE)
    required = max(2, rules.methods_required) if admin else rules.methods_required
    usable = usable_methods(admin, now).intersection(row.methods)
    missing = max(0, required - _kinds(usable))
    if missing:
        return Judged(Risk.TOO_FEW if usable else Risk.NOTHING, missing)
    phones = _kinds(usable - PHONES) < required
    asked = _kinds(usable - _QUESTIONS) < required
    either = _kinds(usable - PHONES - _QUESTIONS) < required and not phones and not asked
    return Judged(Risk.NONE, phones_only=phones, questions_needed=asked, phones_or_questions=either)


def _kinds(names: Iterable[str]) -> int:
    return len({METHODS[name] for name in names})


def answer(bits: int, yes: Bit, known: Bit) -> str:
    """`yes`, `no` or `unknown`."""
    return "unknown" if not bits & known else "yes" if bits & yes else "no"


def recoverable(bits: int, found: Judged, rules: Rules, now: datetime) -> str:
    """Would SSPR let this person, at risk, reset today by what the directory holds? `yes`, `no` or `unknown`."""
    if bits & Bit.SYNCED and not rules.writeback:
        return "no"
    if now.date() >= rules.deadline:
        return "no"
    data = answer(bits, Bit.DATA, Bit.DATA_KNOWN)
    if data == "no":
        return "no"
    return "yes" if data == "yes" and found.missing == 1 and found.risk is Risk.NOTHING else "unknown"


def words_match(words: Sequence[str], *texts: str | None) -> bool:
    """Does any word of the policy begin a word of these texts, in any case?"""
    for text in texts:
        said = f" {' '.join((text or '').casefold().replace('-', ' ').replace('/', ' ').split())}"
        if any(f" {word.casefold().strip()}" in said for word in words):
            return True
    return False


def rank(bits: int) -> int:
    """Who comes first: administrators, finance, directors, everybody else."""
    return 0 if bits & Bit.ADMIN else 1 if bits & Bit.FINANCE else 2 if bits & Bit.DIRECTOR else 3


# --- the forecast ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exposed:
    """How many people cannot reset, by since when. Nobody is in two of these.

    Whether Microsoft's end of SMS and calls concerns those who need their phones depends on a provider of the
    company's own.
    """

    #: Whatever the day is.
    now: int = 0
    #: Only until the deadline does the directory's data help these.
    from_deadline: int = 0
    #: Need their security questions, and would without phones have enough until then.
    from_questions_end: int = 0
    #: Need their phones, and not their security questions.
    phones_only: int = 0
    #: Need both.
    phones_and_questions: int = 0
    #: Need one of the two.
    phones_or_questions: int = 0


def forecast(exposed: Exposed, rules: Rules, policy: ReportsPolicy, today: date) -> Iterator[dict[str, Any]]:
    """Calls to the service desk by day: people who cannot reset × calls a person and year ÷ working days a year.

    None on Saturdays and Sundays. `calls_if_phones_end` also counts people who need their phones, from the day on which
    Microsoft's own SMS and calls end, or, where security questions stand in for them, from those questions' end.
    """
    rate = policy.resets_per_person_year / WORKING_DAYS
    for day in (today + timedelta(days=number) for number in range(policy.forecast_days)):
        people = exposed.now
        people += exposed.from_deadline if day >= rules.deadline else 0
        more = exposed.phones_only if day >= PHONE_SERVICE_END else 0
        if day >= QUESTIONS_END:
            people += exposed.from_questions_end + exposed.phones_and_questions
            more += exposed.phones_or_questions
        elif day >= PHONE_SERVICE_END:
            more += exposed.phones_and_questions
        working = day.weekday() < 5
        yield {
            "day": day.isoformat(),
            "people": people,
            "calls": round(people * rate, 1) if working else 0.0,
            "calls_if_phones_end": round((people + more) * rate, 1) if working else 0.0,
        }
