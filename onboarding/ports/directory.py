"""Users in the tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NewUser:
    """POST /users. `password` is random, forced to change, and never kept; repr leaves it out."""

    user_principal_name: str
    mail_nickname: str
    display_name: str
    employee_id: str
    password: str = field(repr=False)
    given_name: str | None = None
    surname: str | None = None
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    usage_location: str | None = None
    preferred_language: str | None = None
    employee_hire_date: datetime | None = None
    mobile_phone: str | None = None
    account_enabled: bool = True
    employee_type: str | None = None


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """What the service reads of a user. Fields that were not selected are None."""

    id: str
    user_principal_name: str
    employee_id: str | None = None
    display_name: str | None = None
    mail: str | None = None
    account_enabled: bool | None = None
    created_at: datetime | None = None
    user_type: str | None = None
    synced: bool | None = None
    usage_location: str | None = None
    #: The first day, as far as Entra knows it.
    employee_hire_date: datetime | None = None
    #: skuIds in lower case, held directly or through a group.
    licences: tuple[str, ...] | None = None
    #: Every address (proxyAddresses) in lower case, without `smtp:`. Read by `find_by_address` with `aliases` alone.
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What decides whether somebody may be put into a group. Ids in lower case."""

    id: str
    #: Membership may open a directory role (isAssignableToRole).
    role_assignable: bool
    #: A rule of Entra's decides about members (groupTypes holds DynamicMembership).
    dynamic: bool
    #: Members come from Active Directory.
    synced: bool


@dataclass(frozen=True, slots=True)
class LicenceUnits:
    """One subscription of the company: bought units that nobody holds. `sku` in lower case."""

    sku: str
    free: int
    #: Microsoft's short name, for example SPE_E3.
    name: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence to give: skuId, and the service plans that stay off."""

    sku: str
    disabled_plans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """One user of the whole directory, as the at-risk report needs them. Numbers and addresses are not in here;
    names only where they were asked for."""

    id: str
    department: str | None = None
    job_title: str | None = None
    created_at: datetime | None = None
    enabled: bool = True
    guest: bool = False
    synced: bool = False
    #: `mobilePhone`, `businessPhones` or `otherMails` hold something.
    directory_data: bool = False
    user_principal_name: str | None = None
    display_name: str | None = None


#: Codes of the DeployerErrors by which a tenant says that it will not show something to this service.
CANNOT_READ = frozenset({"permission_missing", "graph_refused"})


class NameTaken(Exception):
    """POST /users said ObjectConflict: another object has this userPrincipalName (or a proxy address)."""


class Directory(Protocol):
    """Users in the tenant. `request_id` of the last call is put into the timeline by the caller."""

    async def create_user(self, user: NewUser) -> DirectoryUser:
        """Raises NameTaken, EffectUnknown (look before trying again), RetryLater, OperatorError."""
        ...

    async def get_user(self, id_or_upn: str) -> DirectoryUser | None:
        """None on 404, which right after a create means "not visible yet"."""
        ...

    async def find_by_employee_id(self, employee_id: str) -> list[DirectoryUser]: ...

    async def find_by_address(self, address: str, *, aliases: bool = False) -> list[DirectoryUser]:
        """Users whose UPN or mail equals the address; with `aliases`, or any of whose other addresses does, and their
        addresses. Those of somebody who left are often another person's."""
        ...

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        """NotYetVisible when either is not replicated."""
        ...

    async def get_manager(self, user_id: str) -> DirectoryUser | None: ...

    async def find_deleted(self, employee_id: str) -> list[DirectoryUser]:
        """Soft-deleted users with this employeeId: they can be restored for 30 days."""
        ...

    async def get_deleted(self, user_id: str) -> DirectoryUser | None:
        """None: not among the deleted ones (alive, gone for good, or not visible)."""
        ...

    async def restore_user(self, user_id: str) -> None:
        """Back as it was, with memberships, licences and methods. NotYetVisible when it is not among the deleted
        ones; NameTaken when somebody else has its name by now; EffectUnknown when no answer came."""
        ...

    async def enable_user(self, user_id: str) -> None:
        """The counterpart of `disable_user`, with the same errors."""
        ...

    async def set_usage_location(self, user_id: str, location: str) -> None:
        """usageLocation, two letters. Repeating it is harmless. NotYetVisible; OperatorError `graph_bad_value`."""
        ...

    async def set_hire_date(self, user_id: str, at: datetime) -> None:
        """employeeHireDate. Repeating it is harmless. NotYetVisible; PermissionMissing."""
        ...

    async def get_leave_date(self, user_id: str) -> datetime | None:
        """employeeLeaveDateTime; None: there is none. NotYetVisible; PermissionMissing."""
        ...

    async def set_leave_date(self, user_id: str, at: datetime | None) -> None:
        """employeeLeaveDateTime; None: empty it. Repeating it is harmless. NotYetVisible; PermissionMissing."""
        ...

    async def groups(self, group_ids: Sequence[str]) -> list[GroupFacts]:
        """Those of these groups that exist."""
        ...

    async def memberships(self, user_id: str) -> frozenset[str]:
        """Ids (lower case) of the groups that hold the user directly. NotYetVisible."""
        ...

    async def add_to_group(self, group_id: str, user_id: str) -> None:
        """Who is a member already stays one. NotYetVisible when either is not replicated."""
        ...

    async def licence_units(self) -> list[LicenceUnits]:
        """What the company has bought for people and can be given now."""
        ...

    async def assign_licenses(self, user_id: str, licences: Sequence[Licence]) -> None:
        """All of them or none; one that the user holds already is no error. OperatorError `no_free_licence`,
        `no_usage_location`; NotYetVisible."""
        ...

    async def revoke_sessions(self, user_id: str) -> None:
        """All sessions end, within minutes. Repeating it is harmless. NotYetVisible; PermissionMissing."""
        ...

    async def disable_user(self, user_id: str) -> None:
        """Nobody can sign in any more. Repeating it is harmless. NotYetVisible when it is not replicated;
        PermissionMissing for people with a role, whom Graph protects."""
        ...

    async def has_privileges(self, user_id: str) -> bool:
        """True with any directory role assignment or membership of a role-assignable group."""
        ...

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        """Everybody with an active assignment of any directory role, their own or that of a group that they are in:
        id, userPrincipalName, employeeId. Who is only eligible for a role is not among them.

        May be an hour old. RetryLater when the tenant does not answer; a DeployerError of `CANNOT_READ` when it will
        not say.
        """
        ...

    def people(self, *, named: bool = False) -> AsyncIterator[Sequence[DirectoryPerson]]:
        """Pages of everybody in the directory, up to 999 each, streamed; `named`: with their names. A DeployerError of
        `CANNOT_READ` when the tenant will not say."""
        ...

    async def check(self) -> Mapping[str, str]:
        """For doctor: finding code → ok or what is missing. Reads only."""
        ...
