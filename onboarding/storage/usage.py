"""What both stores share of the usage counters: marks, and adding up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from onboarding.domain.usage import Group, UsageEvent

#: Kinds of `UsageRow`, and how the two kinds of marks are kept.
COUNT = "count"
EVENT, PERSON = "e", "p"
MARKS: Mapping[str, str] = {"event": EVENT, "person": PERSON}
KIND_OF_MARK: Mapping[str, str] = {mark: kind for kind, mark in MARKS.items()}
#: Each week is kept in so many parts, by the person: a person's marks are all in one, so the parts' numbers of people
#: add up. The same in every store, so that an export of one goes into another.
PARTS = 4


def part_of(person: str) -> int:
    """The part that a person's events are counted in."""
    return int(_digest("part", person)[:8], 16) % PARTS


def event_mark(event_id: str) -> str:
    """A digest by which an event is known again."""
    return _digest("event", event_id)


def person_mark(person: str, group: Group) -> str:
    """A digest by which a person of a group is known again; another one in each group."""
    return _digest("person", group.kind, group.name, person)


def _digest(*parts: str) -> str:
    # A length before each part: no two lists of parts have one text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def by_week(events: Iterable[UsageEvent]) -> dict[str, list[UsageEvent]]:
    """Events of each week, each id once."""
    found: dict[str, dict[str, UsageEvent]] = {}
    for event in events:
        found.setdefault(event.week, {}).setdefault(event.id, event)
    return {week: list(each.values()) for week, each in found.items()}


def add(counts: dict[str, int], events: Sequence[UsageEvent]) -> None:
    """Each event adds one to its counter."""
    for event in events:
        counts[event.counter] = counts.get(event.counter, 0) + 1


def counts_of(data: bytes) -> dict[str, int]:
    """Counts as they are kept: JSON."""
    return msgspec.json.decode(data, type=dict[str, int])
