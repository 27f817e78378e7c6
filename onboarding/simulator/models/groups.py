"""Groups and who is in them. Members are users and groups; both know the groups that hold them directly.

A membership has a moment from which reads see it ("designing for eventual consistency", devblogs.microsoft.com/
identity); the write itself, and a second write of the same, know it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class Member(Protocol):
    """What a group can hold."""

    id: str
    groups: list[Group]


@dataclass(eq=False)
class Group:
    """`properties` holds Graph's own names and values; `members` the ids with the moment they become visible,
    in the order of joining; `roles` the directory roles that are assigned to the group itself."""

    id: str
    properties: dict[str, Any]
    created: datetime
    visible_at: datetime
    members: dict[str, datetime] = field(default_factory=dict)
    owners: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.properties.get("displayName") or "")

    @property
    def assignable(self) -> bool | None:
        """isAssignableToRole."""
        value = self.properties.get("isAssignableToRole")
        return None if value is None else bool(value)


class Groups:
    """All groups, in the order of creation. A deleted security group is gone for good
    (directory-deleteditems-list)."""

    def __init__(self) -> None:
        self.by_id: dict[str, Group] = {}
        self.in_order: list[Group] = []

    def __iter__(self) -> Iterator[Group]:
        return iter(self.by_id.values())

    def get(self, key: str) -> Group | None:
        return self.by_id.get(key.lower())

    def add(self, group: Group) -> None:
        self.by_id[group.id] = group
        self.in_order.append(group)

    def join(self, group: Group, member: Member, visible_at: datetime) -> None:
        """Once more is the same as once."""
        if member.id not in group.members:
            group.members[member.id] = visible_at
            member.groups.append(group)

    def leave(self, group: Group, member: Member) -> None:
        """Nothing happens to who is no member."""
        if group.members.pop(member.id, None) is not None:
            member.groups.remove(group)

    def replace(self, member: Member, groups: list[Group], at: datetime) -> None:
        """The member is in these groups and in no others."""
        for group in list(member.groups):
            self.leave(group, member)
        for group in groups:
            self.join(group, member, at)

    def delete(self, group: Group, members: list[Member]) -> None:
        """`members` are those that the group holds."""
        for member in members:
            self.leave(group, member)
        for parent in list(group.groups):
            self.leave(parent, group)
        del self.by_id[group.id]


def above(member: Member, at: datetime, *, transitive: bool) -> list[Group]:
    """The groups that hold this member as reads at `at` see it, nearest first, each once."""
    found: dict[str, Group] = {}
    level: list[Member] = [member]
    while level:
        nearest = [
            (group, below)
            for below in level
            for group in below.groups
            if group.id not in found and group.visible_at <= at and group.members[below.id] <= at
        ]
        level = []
        for group, _ in nearest:
            if group.id not in found:
                found[group.id] = group
                level.append(group)
        if not transitive:
            break
    return list(found.values())
