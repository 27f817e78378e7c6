"""What a pretend tenant holds beside its users: groups, licences, deleted users, phones; and the calls about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from onboarding.errors import NotYetVisible, OperatorError
from onboarding.ports import DirectoryUser, GroupFacts, Licence, LicenceUnits, NameTaken

MAILBOX_AFTER = timedelta(minutes=15)


@dataclass
class Holdings:
    """Ids of groups and SKUs are in lower case."""

    groups: dict[str, GroupFacts] = field(default_factory=dict)
    #: group → ids of its members.
    members: dict[str, set[str]] = field(default_factory=dict)
    #: Every membership that was asked for: (group, user).
    added: list[tuple[str, str]] = field(default_factory=list)
    #: SKU → units that nobody holds.
    units: dict[str, int] = field(default_factory=dict)
    assigned: list[tuple[str, Licence]] = field(default_factory=list)
    #: Licences that bring a mailbox after a quarter of an hour.
    mailbox_skus: set[str] = field(default_factory=set)
    mailbox_at: dict[str, datetime] = field(default_factory=dict)
    deleted: dict[str, DirectoryUser] = field(default_factory=dict)
    restored: list[str] = field(default_factory=list)
    enabled: list[str] = field(default_factory=list)
    leave_dates: dict[str, datetime] = field(default_factory=dict)
    phones: list[tuple[str, str]] = field(default_factory=list)

    def group(self, group_id: str, **facts: bool) -> str:
        given = {"role_assignable": False, "dynamic": False, "synced": False, **facts}
        self.groups[group_id] = GroupFacts(group_id, **given)
        return group_id


class EntitlementCalls:
    """The part of `ports.Directory` that is about holdings, over a `Tenant`."""

    tenant: Any

    async def _run(self, method: str, effect: Any) -> Any:
        return await self.tenant.faults.run(method, effect)

    def _there(self, user_id: str) -> DirectoryUser:
        found: DirectoryUser | None = self.tenant.seen(self.tenant.users.get(user_id))
        if found is None:
            raise NotYetVisible("not there yet")
        return found

    async def find_deleted(self, employee_id: str) -> list[DirectoryUser]:
        def effect() -> list[DirectoryUser]:
            return [u for u in self.tenant.held.deleted.values() if u.employee_id == employee_id]

        found: list[DirectoryUser] = await self._run("find_deleted", effect)
        return found

    async def get_deleted(self, user_id: str) -> DirectoryUser | None:
        found: DirectoryUser | None = await self._run(
            "get_deleted", lambda: self.tenant.held.deleted.get(user_id)
        )
        return found

    async def restore_user(self, user_id: str) -> None:
        def effect() -> None:
            user = self.tenant.held.deleted.get(user_id)
            if user is None:
                raise NotYetVisible("not among the deleted ones")
            if self.tenant.named(user.user_principal_name):
                raise NameTaken
            self.tenant.add(self.tenant.held.deleted.pop(user_id))
            self.tenant.held.restored.append(user_id)

        await self._run("restore_user", effect)

    async def enable_user(self, user_id: str) -> None:
        def effect() -> None:
            self.tenant.replaced(self._there(user_id).id, account_enabled=True)
            self.tenant.held.enabled.append(user_id)

        await self._run("enable_user", effect)

    async def set_usage_location(self, user_id: str, location: str) -> None:
        def effect() -> None:
            self.tenant.replaced(self._there(user_id).id, usage_location=location)

        await self._run("set_usage_location", effect)

    async def set_hire_date(self, user_id: str, at: datetime) -> None:
        def effect() -> None:
            self.tenant.replaced(self._there(user_id).id, employee_hire_date=at)

        await self._run("set_hire_date", effect)

    async def get_leave_date(self, user_id: str) -> datetime | None:
        def effect() -> datetime | None:
            key = self._there(user_id).id
            there = self.tenant.held.leave_dates.get(key)
            return self.tenant.stale(key).get("leave_date", there)  # type: ignore[no-any-return]

        found: datetime | None = await self._run("get_leave_date", effect)
        return found

    async def set_leave_date(self, user_id: str, at: datetime | None) -> None:
        def effect() -> None:
            key = self._there(user_id).id
            before = {"leave_date": self.tenant.held.leave_dates.get(key)}
            self.tenant.writes.append((self.tenant.clock.at, key, before))
            if at is None:
                self.tenant.held.leave_dates.pop(key, None)
            else:
                self.tenant.held.leave_dates[key] = at

        await self._run("set_leave_date", effect)

    async def groups(self, group_ids: Sequence[str]) -> list[GroupFacts]:
        def effect() -> list[GroupFacts]:
            return [self.tenant.held.groups[key] for key in group_ids if key in self.tenant.held.groups]

        found: list[GroupFacts] = await self._run("groups", effect)
        return found

    async def memberships(self, user_id: str) -> frozenset[str]:
        def effect() -> frozenset[str]:
            self._there(user_id)
            return frozenset(g for g, members in self.tenant.held.members.items() if user_id in members)

        found: frozenset[str] = await self._run("memberships", effect)
        return found

    async def add_to_group(self, group_id: str, user_id: str) -> None:
        def effect() -> None:
            self._there(user_id)
            facts = self.tenant.held.groups[group_id]
            assert not facts.role_assignable, "refused by code, before Graph is asked"
            assert not facts.dynamic
            self.tenant.held.members.setdefault(group_id, set()).add(user_id)
            self.tenant.held.added.append((group_id, user_id))

        await self._run("add_to_group", effect)

    async def licence_units(self) -> list[LicenceUnits]:
        def effect() -> list[LicenceUnits]:
            return [LicenceUnits(sku, free) for sku, free in self.tenant.held.units.items()]

        found: list[LicenceUnits] = await self._run("licence_units", effect)
        return found

    async def assign_licenses(self, user_id: str, licences: Sequence[Licence]) -> None:
        def effect() -> None:
            user = self._there(user_id)
            if not user.usage_location:
                raise OperatorError("no usageLocation", code="no_usage_location")
            missing = [item for item in licences if item.sku not in (user.licences or ())]
            if any(self.tenant.held.units.get(item.sku, 0) < 1 for item in missing):
                raise OperatorError("no unit", code="no_free_licence")
            for item in missing:
                self.tenant.held.units[item.sku] -= 1
                self.tenant.held.assigned.append((user_id, item))
                if item.sku in self.tenant.held.mailbox_skus:
                    self.tenant.held.mailbox_at[user_id] = self.tenant.clock.at + MAILBOX_AFTER
            skus = tuple(dict.fromkeys([*(user.licences or ()), *(item.sku for item in licences)]))
            self.tenant.replaced(user_id, licences=skus)

        await self._run("assign_licenses", effect)
