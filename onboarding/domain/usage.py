"""What is counted of the audit log, and what a usage report makes of the counts. Pure.

A counter is `act:by:method:reason`, in the words of `domain.case`, so that a report of next year can ask what nobody
asks today. Counters only grow: what is taken back is counted as `not:` and the counter. Counts are kept by ISO week of
the event (UTC) and by group: everybody, a department, a country.

Few people in a group are somebody: a group of fewer than `least` people in a week goes into the rest, and where that
rest alone would tell of fewer, the next smallest group goes along. The rule looks at one week and nothing else, so no
two reports can be subtracted from each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from onboarding.domain.evidence import Act, By, Evidence
from onboarding.domain.hire import Hire

#: Kinds of groups, and how a report may be asked for them.
DEPARTMENT, COUNTRY = "department", "country"
KINDS = (DEPARTMENT, COUNTRY)
#: HR does not say.
NOT_SAID = "(not said)"
_LONGEST = 100
_NOTHING = "-"
_NOT = "not:"
#: Begin of the activity's name where Entra turned a person away after too many tries.
_BLOCKED = "blocked from"


@dataclass(frozen=True, slots=True)
class Group:
    """`kind` "" is everybody; its name is empty."""

    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One audit event to be counted once: its id (opaque), its week, its counter."""

    id: str
    week: str
    counter: str


@dataclass(slots=True)
class Cell:
    """Counts of one group in one week. `people`: how many different ones they are about."""

    week: str
    group: Group
    people: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def week_of(at: datetime) -> str:
    """ISO 8601 week in UTC, for example `2026-W45`; sorts by time."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year:04d}-W{week:02d}"


def week_of_day(day: date) -> str:
    """The week of a date."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def monday(week: str) -> date:
    """First day of a week. ValueError for what is none."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def weeks(first: str, last: str) -> list[str]:
    """Every week from `first` to `last`, both included."""
    day, end = monday(first), monday(last)
    found = []
    while day <= end:
        found.append(week_of_day(day))
        day += timedelta(days=7)
    return found


def to_count(events: Iterable[Evidence]) -> list[UsageEvent]:
    """Audit events as counters; a list of methods is none: it says that something is there, not that it was done."""
    return [UsageEvent(e.id, week_of(e.at), _counter(e)) for e in events if e.kind == "audit"]


def to_correct(copies: Iterable[tuple[Evidence, Evidence]]) -> list[UsageEvent]:
    """What the first copy of a record was counted as, taken back, and what a more exact one says, in its place."""
    found = []
    for was, now in copies:
        old, new = _counter(was), _counter(now)
        if now.kind == "audit" and old != new:
            step = f"{now.id} {old} {new}"
            found.append(UsageEvent(f"{step} -", week_of(was.at), _NOT + old))
            found.append(UsageEvent(f"{step} +", week_of(was.at), new))
    return found


def _counter(event: Evidence) -> str:
    reason = _NOTHING
    if event.act is Act.RESET_FAILED:
        reason = "blocked" if (event.said or "").casefold().startswith(_BLOCKED) else "other"
    return ":".join((event.act, event.by, event.method or _NOTHING, reason))


def groups_of(hire: Hire) -> tuple[Group, ...]:
    """Everybody, the department and the country, as HR said them when the event was counted."""
    return (
        Group(),
        Group(DEPARTMENT, " ".join((hire.department or "").split())[:_LONGEST] or NOT_SAID),
        Group(COUNTRY, (hire.work_country or "").strip().upper()[:_LONGEST] or NOT_SAID),
    )


# --- what a report says ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Figures:
    """One row of the report. Everything but `people` counts events."""

    registrations: int = 0
    #: … by an administrator or an app.
    registrations_by_others: int = 0
    #: "Registered all required".
    completed: int = 0
    reviewed: int = 0
    cancelled: int = 0
    deleted: int = 0
    resets_self_service: int = 0
    resets_by_desk: int = 0
    #: Turned away: too little is registered; too many tries; anything else.
    failed_no_methods: int = 0
    failed_blocked: int = 0
    failed_other: int = 0
    #: Method → how often it was registered by the person.
    methods: dict[str, int] = field(default_factory=dict)

    def as_json(self, calls_per_reset: float) -> dict[str, Any]:
        """With `calls_saved`: resets that worked by self-service, times the assumption."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in NUMBERS}
        numbers["calls_saved"] = round(self.resets_self_service * calls_per_reset, 1)
        return numbers | {"methods": dict(sorted(self.methods.items()))}


#: Columns that hold a count, in order.
NUMBERS = (
    "registrations",
    "registrations_by_others",
    "completed",
    "reviewed",
    "cancelled",
    "deleted",
    "resets_self_service",
    "resets_by_desk",
    "failed_no_methods",
    "failed_blocked",
    "failed_other",
)
_ACTS: Mapping[str, str] = {
    Act.REVIEWED: "reviewed",
    Act.CANCELLED: "cancelled",
    Act.DELETED: "deleted",
    Act.RESET_SUCCEEDED: "resets_self_service",
    Act.RESET_BY_ADMIN: "resets_by_desk",
    Act.RESET_NO_METHODS: "failed_no_methods",
}


def figures(counts: Mapping[str, int]) -> Figures:
    """Counters → one row. What no column is about is left out."""
    found, methods = Figures(), Counter[str]()
    for counter, number in counts.items():
        name, count = counter.removeprefix(_NOT), -number if counter.startswith(_NOT) else number
        act, by, method, reason = (name.split(":") + [_NOTHING] * 4)[:4]
        column = _ACTS.get(act)
        if act == Act.REGISTERED:
            column = _registered(by, method)
            if column == "registrations":
                methods["unnamed" if method == _NOTHING else method] += count
        elif act == Act.RESET_FAILED:
            column = "failed_blocked" if reason == "blocked" else "failed_other"
        if column is not None:
            setattr(found, column, getattr(found, column) + count)
    found.methods = {name: count for name, count in methods.items() if count}
    return found


def _registered(by: str, method: str) -> str:
    if by != By.USER:
        return "registrations_by_others"
    return "completed" if method == "all" else "registrations"


@dataclass(slots=True)
class Shown:
    """Groups of one kind over some weeks: those that may be shown, and all others together."""

    groups: dict[str, dict[str, int]] = field(default_factory=dict)
    #: Counts of the weeks and groups that are not shown by name.
    rest: dict[str, int] = field(default_factory=dict)
    #: How many times a group of a week went into the rest.
    hidden: int = 0


def shown(cells: Iterable[Cell], least: int) -> Shown:
    """Sum cells of one kind of group over their weeks, small ones into the rest."""
    by_week: dict[str, list[Cell]] = {}
    for cell in cells:
        by_week.setdefault(cell.week, []).append(cell)
    found = Shown()
    for week in by_week.values():
        named, hidden = _split(week, least)
        found.hidden += len(hidden)
        for cell in named:
            add(found.groups.setdefault(cell.group.name, {}), cell.counts)
        for cell in hidden:
            add(found.rest, cell.counts)
    return found


def _split(cells: list[Cell], least: int) -> tuple[list[Cell], list[Cell]]:
    """Largest groups first; the small ones, and as many more as the rest needs to be of `least` people."""
    ordered = sorted(cells, key=lambda cell: (-cell.people, cell.group.name))
    named = [cell for cell in ordered if cell.people >= least]
    hidden = ordered[len(named) :]
    while hidden and named and sum(cell.people for cell in hidden) < least:
        hidden.insert(0, named.pop())
    return named, hidden


def add(into: dict[str, int], counts: Mapping[str, int]) -> None:
    """Add up."""
    for name, count in counts.items():
        into[name] = into.get(name, 0) + count
