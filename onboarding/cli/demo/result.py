"""What the demo ended with: the numbers, the folder of raw data, and who belongs together in the table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from onboarding.cli.demo.people import Person
from onboarding.cli.demo.world import World

#: Messages that may have reached somebody.
_OUT = frozenset({"sent", "uncertain"})
#: Groups of the table, worst first: what operators look at comes first.
BLOCKED = "Waits for an operator"
OPEN = "Not confirmed"
TOLD = "Confirmed after somebody above was told"
REMINDED = "Confirmed after a reminder or more"
AT_ONCE = "Confirmed before any reminder"
STOPPED = "Withdrawn by HR"
OTHER = "Anything else"
GROUPS = (BLOCKED, OPEN, TOLD, REMINDED, AT_ONCE, STOPPED, OTHER)

_STATUS = {
    "admin_registered": "what an administrator adds does not count",
    "directory_only": "nothing registered that password reset accepts",
    "removed": "the registered method is gone again, so follow-up began anew",
    "partial": "not enough registered",
    "unknown": "not looked at yet",
    "absent": "not in the registration report",
}
_REASON = {
    "missing_start_date": "goes on by itself when HR sends one",
    "needs_approval_adopt": "an approver checks that it is the same person",
    "cancelled_by_hr": "no account was made",
}


#: Why a number was not used, where the code alone says too little.
_NUMBER = {
    "possible_only": "no valid number",
    "scientific_notation": "its digits are lost",
    "no_region": "no country known",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One person at the end."""

    group: str
    person: Person
    #: Messages to the person, the welcome included.
    messages: int
    #: Who above was told: `manager`, `desk`.
    told: tuple[str, ...]
    why: str
    #: Worth a line of its own.
    notable: bool


def count(world: World, cases: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The numbers of the last line."""
    cases = list(cases)
    return {
        "deliveries": world.accepted,
        "users_created": sum(user["origin"] == "graph" for user in world.users()),
        "confirmed": sum(case["state"] == "confirmed" for case in cases),
        "escalated": sum(bool(_told(case)) for case in cases),
        "blocked": sum(case["state"] == "blocked" for case in cases),
    }


def keep(world: World, folder: Path, cases: list[dict[str, Any]], numbers: Mapping[str, int]) -> None:
    """What HR posted and the tenant saw, for whoever wants to count again."""
    everything = {
        "deliveries": world.posted,
        "requests": world.requests(),
        "mail": world.mail(),
        "users": world.users(),
        "cases": cases,
        "result": numbers,
    }
    for name, data in everything.items():
        text = json.dumps(data, ensure_ascii=False, indent=1)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def rows(hires: Iterable[Person], cases: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One row a person, in the order of the table."""
    by_id = {case["employee_id"]: case for case in cases}
    found = [_row(person, by_id.get(person.employee_id)) for person in hires]
    return sorted(found, key=lambda row: (GROUPS.index(row.group), not row.notable, row.person.name))


def _row(person: Person, case: Mapping[str, Any] | None) -> Row:
    if case is None:
        return Row(OTHER, person, 0, (), "no case", True)
    told = _told(case)
    nudges = [n for n in case["nudges"] if n["audience"] == "person" and n["status"] in _OUT]
    reminders = [n for n in nudges if n["rung"] != "welcome"]
    group = {"blocked": BLOCKED, "following_up": OPEN, "cancelled": STOPPED}.get(case["state"], OTHER)
    if case["state"] == "confirmed":
        group = TOLD if told else REMINDED if reminders else AT_ONCE
    parts = [person.note, _phone(case), _clause(case)]
    notable = bool(person.note) or group in {BLOCKED, STOPPED, OTHER}
    return Row(group, person, len(nudges), told, "; ".join(filter(None, parts)), notable)


def _told(case: Mapping[str, Any]) -> tuple[str, ...]:
    """Audiences above the person that an escalation went to; the note that it is done is none."""
    out = {n["audience"] for n in case["nudges"] if n["status"] in _OUT and n["rung"] != "resolved_desk"}
    return tuple(name for name in ("manager", "desk") if name in out)


def _phone(case: Mapping[str, Any]) -> str:
    """What became of HR's number, where it was not used."""
    bad = [item["reason"] for item in case["hire"]["phones"] if item["status"] != "ok" and item["reason"]]
    return f"number not used: {_NUMBER.get(bad[0], bad[0].replace('_', ' '))}" if bad else ""


def _clause(case: Mapping[str, Any]) -> str:
    """Why the case stands where it stands, in one clause."""
    if case["state"] == "confirmed":
        return _confirmed(case)
    if case["state"] == "following_up":
        return _STATUS.get(case["status"], str(case["status"]))
    if case["state"] == "cancelled" and case["account"]:
        done = any(step["name"] == "disable_account" and step["status"] == "done" for step in case["steps"])
        return "the account is disabled" if done else "the account exists: an administrator decides about it"
    return _REASON.get(case["reason_code"], str(case["reason_code"] or case["state"]))


def _confirmed(case: Mapping[str, Any]) -> str:
    at = next(item["at"] for item in reversed(case["timeline"]) if item["action"] == "confirmed")
    days = (datetime.fromisoformat(at).date() - date.fromisoformat(case["hire"]["start_date"])).days
    return "registered on the first day" if days <= 0 else f"registered on day {days}"
