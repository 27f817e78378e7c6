"""Users of the pretend tenant, with the history that a lagging report needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.licences import Licence
from onboarding.simulator.models.methods import AccessPass, Method

#: Role name to template id; True for the roles of "Self-service password reset policies" that carry the
#: two-gate policy. The ids are those of "Microsoft Entra built-in roles".
ROLES: dict[str, tuple[str, bool]] = {
    "Global Administrator": ("62e90394-69f5-4237-9190-012177145e10", True),
    "User Administrator": ("fe930be7-5e62-47db-91af-98c3a49a38b1", True),
    "Authentication Administrator": ("c4e39bd9-1100-46d3-8c65-fb160da0071f", True),
    "Privileged Authentication Administrator": ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", True),
    "Privileged Role Administrator": ("e8611ab8-c189-46e8-94e1-60213ab1f814", True),
    "Helpdesk Administrator": ("729827e3-9c14-49f7-bb1b-9608f156bbb8", True),
    "Password Administrator": ("966707d0-3269-4727-9be2-8c3a10f19b9d", True),
    "Security Administrator": ("194ae4cb-b126-40b2-bd5b-6091b380977d", True),
    "Exchange Administrator": ("29232cdf-9323-42fd-ade2-1d097af3e4de", True),
    "SharePoint Administrator": ("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", True),
    "Directory Readers": ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", False),
}


#: How long a deleted user can be restored (user-delete).
RESTORABLE = timedelta(days=30)


class Snapshot(NamedTuple):
    """What the registration report would say from `at` on."""

    at: datetime
    present: bool
    methods: tuple[str, ...]
    is_admin: bool


@dataclass(eq=False)
class Person:
    """`properties` holds Graph's own names and values. Invisible to reads before `visible_at`.

    groups: those that hold this person directly (models/groups.py keeps them). manager_id is what was written
    last, manager_before what reads see until `manager_visible_at`. mailbox_at: when the mailbox that a licence
    brings is there. past: earlier property sets with the moment at which each ended, for the lagging index.
    purged_at: deleted for good.
    """

    id: str
    properties: dict[str, Any]
    created: datetime
    visible_at: datetime
    origin: str
    deleted_at: datetime | None = None
    manager_id: str | None = None
    roles: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)
    access_pass: AccessPass | None = None
    history: list[Snapshot] = field(default_factory=list)
    resets: list[datetime] = field(default_factory=list)
    manager_before: str | None = None
    manager_visible_at: datetime | None = None
    licences: dict[str, Licence] = field(default_factory=dict)
    mailbox_at: datetime | None = None
    sessions_valid_from: datetime | None = None
    past: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    purged_at: datetime | None = None
    #: Place in the order of creation.
    position: int = -1

    @property
    def upn(self) -> str:
        return str(self.properties["userPrincipalName"])

    @property
    def is_admin(self) -> bool:
        return any(ROLES.get(role, ("", True))[1] for role in self.roles)

    @property
    def sensitive(self) -> bool:
        """Administrators and members of role-assignable groups: their phones and credentials need a high
        role (user-update)."""
        return self.is_admin or any(group.assignable for group in self.groups)

    def manager_seen(self, at: datetime) -> str | None:
        """The manager's id as reads at `at` see it."""
        late = self.manager_visible_at is not None and at < self.manager_visible_at
        return self.manager_before if late else self.manager_id

    def restorable(self, at: datetime) -> bool:
        """Among the deleted items at `at`."""
        return self.deleted_at is not None and self.purged_at is None and at < self.deleted_at + RESTORABLE

    def method(self, kind: str) -> Method | None:
        return next((method for method in self.methods if method.kind.name == kind), None)

    def note(self, at: datetime) -> None:
        """Remember the present state for reports that run later over this moment."""
        present = self.deleted_at is None and bool(self.properties.get("accountEnabled"))
        names = tuple(method.kind.name for method in self.methods)
        self.history.append(Snapshot(at, present, names, self.is_admin))

    def as_of(self, at: datetime) -> Snapshot | None:
        """The latest snapshot not younger than `at`; None when the person did not exist then."""
        for snapshot in reversed(self.history):
            if snapshot.at <= at:
                return snapshot
        return None


class People:
    """All users, deleted ones included, with indexes over the live ones."""

    def __init__(self) -> None:
        self.by_id: dict[str, Person] = {}
        #: In the order of creation; nobody ever leaves it.
        self.in_order: list[Person] = []
        #: Deleted ones by id.
        self.deleted: dict[str, Person] = {}
        self._upn: dict[str, str] = {}
        self._index: dict[tuple[str, str], dict[str, None]] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(self.by_id.values())

    def add(self, person: Person) -> None:
        self.by_id[person.id] = person
        person.position = len(self.in_order)
        self.in_order.append(person)
        if person.deleted_at is None:
            self._enter(person)
        else:
            self.deleted[person.id] = person

    def get(self, key: str) -> Person | None:
        """By object id or UPN (case does not matter), deleted users excluded."""
        person = self.by_id.get(key.lower()) or self.by_id.get(self._upn.get(key.lower(), ""))
        return person if person is not None and person.deleted_at is None else None

    def find(self, name: str, value: str) -> list[Person]:
        """Live users whose `employeeId`, `mail` or `userPrincipalName` equals the value, case ignored."""
        if name == "userPrincipalName":
            person = self.by_id.get(self._upn.get(value.lower(), ""))
            return [person] if person else []
        return [self.by_id[key] for key in self._index.get((name, value.lower()), {})]

    def change(self, person: Person, changes: dict[str, Any]) -> None:
        self._leave(person)
        person.properties.update(changes)
        if person.deleted_at is None:
            self._enter(person)

    def delete(self, person: Person, at: datetime) -> None:
        """Soft delete: the UPN is free again."""
        self._leave(person)
        person.deleted_at = at
        self.deleted[person.id] = person

    def restore(self, person: Person) -> None:
        """Undo a soft delete. The UPN must be free."""
        person.deleted_at = None
        self.deleted.pop(person.id, None)
        self._enter(person)

    def _enter(self, person: Person) -> None:
        self._upn[person.upn.lower()] = person.id
        for name in ("employeeId", "mail"):
            if value := person.properties.get(name):
                self._index.setdefault((name, str(value).lower()), {})[person.id] = None

    def _leave(self, person: Person) -> None:
        if self._upn.get(person.upn.lower()) == person.id:
            del self._upn[person.upn.lower()]
        for name in ("employeeId", "mail"):
            if value := person.properties.get(name):
                self._index.get((name, str(value).lower()), {}).pop(person.id, None)
