"""What the cases must be in the end, worked out in another way: all events of a person, sorted, told once.

The oracle knows nothing of arrival, of aliases or of states that lead to others. It takes the set of events that were
delivered and answers with one line for each person.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
CREATED, UPDATED, MOVED, CANCELLED, ENDED = (
    "hire.created",
    "hire.updated",
    "start_date.changed",
    "hire.cancelled",
    "employment.terminated",
)
WITHDRAWALS = (CANCELLED, ENDED)


@dataclass(frozen=True)
class Told:
    """One event as HR told it. `minute` orders events of a person; no two of one person share it."""

    kind: str
    minute: int
    ids: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...] = ()
    #: Names of fields that HR has emptied.
    cleared: tuple[str, ...] = ()
    #: Of an end: the last day, where it lies ahead. Later than every first day.
    last_day: str | None = None

    @property
    def withdraws(self) -> bool:
        return self.kind in WITHDRAWALS and self.last_day is None

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(minutes=self.minute)

    def body(self) -> dict[str, Any]:
        stamp = self.at.isoformat().replace("+00:00", "Z")
        said = {"event_type": self.kind, "occurred_at": stamp, **dict(self.ids), **dict(self.fields)}
        if self.last_day:
            said["effective_date"] = self.last_day
        return {**said, "cleared_fields": list(self.cleared)} if self.cleared else said


@dataclass
class Expected:
    """One person in the end. `facts` is None where the hire is over: nobody needs to know them then."""

    ids: set[tuple[str, str]] = field(default_factory=set)
    state: str = ""
    reason: str | None = None
    facts: dict[str, str] | None = None


def expected(told: Iterable[Told]) -> list[Expected]:
    """One line for each person of whom a case exists."""
    return [line for line in map(_person, _people(set(told))) if line is not None]


def _people(told: set[Told]) -> list[list[Told]]:
    """Events that share an id, directly or by way of others, are one person's."""
    groups: list[tuple[set[tuple[str, str]], list[Told]]] = []
    for event in sorted(told, key=lambda item: (item.minute, item.kind)):
        ids, events = set(event.ids), [event]
        rest = []
        for known, others in groups:
            if known & ids:
                ids |= known
                events += others
            else:
                rest.append((known, others))
        groups = [*rest, (ids, events)]
    return [sorted(events, key=lambda item: item.minute) for _, events in groups]


def _person(events: list[Told]) -> Expected | None:
    if all(event.kind == ENDED for event in events):
        return None
    line = Expected({key for event in events for key in event.ids})
    standing: str | None = None
    facts: dict[str, str] = {}
    for event in events:
        if event.kind == CREATED:
            standing = None
        elif event.withdraws and (event.kind == ENDED or standing != ENDED):
            standing = event.kind
        if event.withdraws:
            facts.pop("start_date", None)
            facts.pop("end_date", None)
        elif event.last_day:
            facts["end_date"] = event.last_day
        else:
            facts |= dict(event.fields)
            for name in event.cleared:
                facts.pop(name, None)
    if standing is not None:
        line.state = "closed" if standing == ENDED else "cancelled"
        line.reason = "employment_ended" if standing == ENDED else "cancelled_by_hr"
        return line
    line.facts = facts
    missing = "missing_name" if "given_name" not in facts else None
    missing = missing or ("missing_start_date" if "start_date" not in facts else None)
    line.state, line.reason = ("blocked", missing) if missing else ("waiting_start", None)
    return line


def history(random_: random.Random, person: int) -> list[Told]:
    """What HR may tell of one person in a summer: hired, corrected, moved, withdrawn, hired again."""
    employee, candidate = ("employee_id", f"E{person}"), ("candidate_id", f"C{person}")
    minutes = iter(sorted(random_.sample(range(1, 40_000), 12)))
    events = [Told(CREATED, next(minutes), (employee,), _facts(random_, "given_name", "start_date"))]
    for _ in range(random_.randrange(0, 8)):
        kind = random_.choices((UPDATED, MOVED, CANCELLED, ENDED, CREATED), (6, 3, 1, 2, 2))[0]
        names = {
            UPDATED: ("job_title", "department"),
            MOVED: ("start_date",),
            CREATED: ("given_name", "start_date"),
        }
        ids = random_.choice([(employee,), (employee,), (employee, candidate)])
        ids = (employee,) if kind == ENDED else ids  # see test_any_order
        said = list(names.get(kind, ()))
        emptied = [name for name in said if random_.random() < 0.15]
        facts = _facts(random_, *(name for name in said if name not in emptied))
        ahead = kind == ENDED and random_.random() < 0.5
        last_day = _value(random_, "end_date") if ahead else None
        events.append(Told(kind, next(minutes), ids, facts, tuple(emptied), last_day))
    return events


def _facts(random_: random.Random, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, _value(random_, name)) for name in names)


def _value(random_: random.Random, name: str) -> str:
    if name == "start_date":
        return (date(2027, 1, 1) + timedelta(days=random_.randrange(300))).isoformat()
    if name == "end_date":
        return (date(2028, 1, 1) + timedelta(days=random_.randrange(300))).isoformat()
    return f"{name}-{random_.randrange(1000)}"
