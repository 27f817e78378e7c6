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


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """One user of the whole directory, as the at-risk report needs them. Numbers and addresses are not in here."""

    id: str
    department: str | None = None
    job_title: str | None = None
    created_at: datetime | None = None
    enabled: bool = True
    guest: bool = False
    synced: bool = False
    #: `mobilePhone`, `businessPhones` or `otherMails` hold something.
    directory_data: bool = False


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

    async def find_by_address(self, address: str) -> list[DirectoryUser]:
        """Users whose UPN or mail equals the address."""
        ...

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        """NotYetVisible when either is not replicated."""
        ...

    async def get_manager(self, user_id: str) -> DirectoryUser | None: ...

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

    def people(self) -> AsyncIterator[Sequence[DirectoryPerson]]:
        """Pages of everybody in the directory, up to 999 each, streamed. A DeployerError of `CANNOT_READ` when the
        tenant will not say."""
        ...

    async def check(self) -> Mapping[str, str]:
        """For doctor: finding code → ok or what is missing. Reads only."""
        ...
