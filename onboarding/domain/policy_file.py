"""Reading a policy file: TOML to `policy.Policy`, and what no company can mean is refused with its place."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import fields, is_dataclass
from datetime import time
from typing import Any, get_args, get_type_hints

import msgspec

from onboarding.domain import names, people_policy
from onboarding.domain.policy import (
    LADDER_MESSAGES,
    LEAST_UNRESOLVED_DAYS,
    LONGEST_FORECAST,
    LONGEST_REPEAT_DAYS,
    AccountPolicy,
    DeskPolicy,
    Policy,
    ReportsPolicy,
    RetentionPolicy,
    Rung,
)
from onboarding.errors import ConfigurationError

#: Items of a check list: more is not read, it is clicked.
MOST_CHECKS = 6
_CODE = re.compile(r"[a-z0-9_]{1,40}")
#: Of any number here. More would overflow a date, and nobody means it.
LARGEST = 1_000_000


def load(text: str) -> Policy:
    """Policy from TOML text. Raises ConfigurationError that names the place and what is wrong there."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
        _refuse_unknown(data, Policy, "")
        policy = msgspec.convert(data, Policy, strict=True)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise ConfigurationError(f"The policy file cannot be used: {exc}") from exc
    _check(policy)
    return policy


@functools.cache
def _hints(shape: type) -> dict[str, Any]:
    return get_type_hints(shape)


def _refuse_unknown(given: dict[str, Any], shape: type, path: str) -> None:
    """A misspelt key would silently keep a default; refuse it instead."""
    known = _hints(shape)
    for key, value in given.items():
        if key not in known:
            raise ConfigurationError(
                f"The policy file has an unknown key '{path}{key}'. Known here: {', '.join(sorted(known))}."
            )
        if isinstance(value, dict) and is_dataclass(known[key]):
            _refuse_unknown(value, known[key], f"{path}{key}.")
        listed = get_args(known[key])
        for item in value if listed and isinstance(value, list) else ():
            if isinstance(item, dict):
                _refuse_unknown(item, listed[0], f"{path}{key}.")


def _check(policy: Policy) -> None:
    _check_names(policy.account)
    _check_rehire(policy.account)
    people_policy.check_people(policy.people)
    people_policy.check_groups(policy.groups)
    people_policy.check_licences(policy.licences)
    _check_numbers(policy)
    rungs = [rung.rung for rung in policy.follow_up.ladder]
    if len(set(rungs)) != len(rungs):
        raise ConfigurationError("The policy file names a rung twice; every rung needs its own name.")
    for rung in policy.follow_up.ladder:
        _check_rung(rung)
    if policy.working_time.start >= policy.working_time.end:
        raise ConfigurationError("working_time: start must be before end.")
    _check_retention(policy.retention)
    _check_reports(policy.reports)
    _check_desk(policy.desk)


def _check_reports(reports: ReportsPolicy) -> None:
    """A word of nothing would mean everybody."""
    for name in ("finance_words", "director_words", "little_pc_words"):
        if not all(word.strip() for word in getattr(reports, name)):
            raise ConfigurationError(
                f"reports.{name}: a word is empty; write the beginning of one, or leave it out."
            )
    if reports.least_people < 1 or not 1 <= reports.forecast_days <= LONGEST_FORECAST:
        raise ConfigurationError(
            f"reports: least_people is at least 1, forecast_days from 1 to {LONGEST_FORECAST}."
        )


def _check_desk(desk: DeskPolicy) -> None:
    """A new pass without any check would be given to whoever calls."""
    codes = [check.code for check in desk.identity_checks]
    if not 1 <= len(codes) <= MOST_CHECKS or len(set(codes)) != len(codes):
        raise ConfigurationError(f"desk.identity_checks: 1 to {MOST_CHECKS} checks, each with its own code.")
    for check in desk.identity_checks:
        if not _CODE.fullmatch(check.code) or not check.text.strip():
            raise ConfigurationError(
                "desk.identity_checks: a code has small letters, digits and _, and there is a text to confirm."
            )


def _check_names(account: AccountPolicy) -> None:
    names.check_pattern(account.username_pattern, "account.username_pattern")
    for number, pattern in enumerate(account.username_if_taken, start=1):
        names.check_pattern(pattern, f"account.username_if_taken, number {number}")
    for name in account.protected_names:
        if not names.has_letter(name.partition("@")[0]):
            raise ConfigurationError(
                f"account.protected_names: '{name}' is no user name; write 'jane.doe' or 'jane.doe@example.com'."
            )


def _check_rehire(account: AccountPolicy) -> None:
    if account.rehire not in {"ask", "restore"}:
        raise ConfigurationError("account.rehire: ask or restore.")
    if any(not 0 <= rule.days_before_start <= LARGEST for rule in account.enable):
        raise ConfigurationError(f"account.enable: days_before_start is a number from 0 to {LARGEST}.")


def _check_rung(rung: Rung) -> None:
    """A wrong name would be found out when the first message is due, and stop everybody's reminders then."""
    known = LADDER_MESSAGES.get(rung.audience)
    if known is None or rung.day < 0:
        raise ConfigurationError(
            f"Rung '{rung.rung}': audience is person, manager or desk, and day is 0 or more."
        )
    if rung.message not in known:
        raise ConfigurationError(
            f"Rung '{rung.rung}': message for the audience {rung.audience} is one of: {', '.join(known)}."
        )


def _check_retention(retention: RetentionPolicy) -> None:
    """Nothing is thrown away before it was of use."""
    if retention.unresolved_days < LEAST_UNRESOLVED_DAYS:
        raise ConfigurationError(
            f"retention.unresolved_days: at least {LEAST_UNRESOLVED_DAYS}, or a delivery that waits for an operator "
            "is lost."
        )
    least = max(LONGEST_REPEAT_DAYS, retention.delivered_days, retention.unresolved_days)
    if retention.rows_days < least:
        raise ConfigurationError(
            f"retention.rows_days: at least {least}: HR systems repeat a delivery for days, and a row is not "
            "removed before its body."
        )


def _check_numbers(policy: Policy) -> None:
    """Numbers count something, and times of day are the recipient's own: no zone."""
    for part in fields(policy):
        section = getattr(policy, part.name)
        for item in fields(section):
            name, value = f"{part.name}.{item.name}", getattr(section, item.name)
            if isinstance(value, time) and value.tzinfo is not None:
                raise ConfigurationError(f"{name}: a local time, without a zone.")
            if isinstance(value, (int, float)) and not 0 <= value <= LARGEST:
                raise ConfigurationError(f"{name}: a number from 0 to {LARGEST}.")
    if policy.limits.percent_from < 1:
        raise ConfigurationError(
            "limits.percent_from must be more than 0; switch percentages off one by one."
        )
    shortest = min(policy.retry.first_seconds, policy.retry_first_day.first_seconds)
    if policy.first_credential.lifetime_minutes < 1 or shortest <= 0:
        raise ConfigurationError(
            "first_credential.lifetime_minutes and the first_seconds of retry and retry_first_day must be more than 0."
        )
