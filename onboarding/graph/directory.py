"""`ports.Directory` on Microsoft Graph: users, managers, privileges. Errors: `onboarding.graph.errors`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from onboarding.errors import (
    DeployerError,
    EffectUnknown,
    NotYetVisible,
    OperatorError,
    PermissionMissing,
    Unavailable,
)
from onboarding.graph import calls_accounts, calls_security
from onboarding.graph import calls_directory as calls
from onboarding.graph.answer import instant
from onboarding.graph.client import GraphConnection
from onboarding.graph.entitlements import GraphEntitlements
from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build
from onboarding.ports import DirectoryPerson, DirectoryUser, NewUser

#: Exists in no tenant.
NOBODY = "00000000-0000-0000-0000-000000000000"
_USER, _GROUP = "#microsoft.graph.user", "#microsoft.graph.group"
_ANY_AUDIT = "loggedByService eq 'Authentication Methods'"


class GraphDirectory(GraphEntitlements):
    """Users in the tenant."""

    def __init__(self, connection: GraphConnection) -> None:
        self._graph = connection

    async def create_user(self, user: NewUser) -> DirectoryUser:
        """POST /users. The 201 carries few properties, so what was sent fills the rest (Learn "Create user").

        `created_at` is None where the answer does not hold it. Raises NameTaken, EffectUnknown, RetryLater,
        OperatorError.
        """
        row = await self._graph.read(calls.CREATE_USER, calls.create_user(user)) or {}
        if not isinstance(row.get("id"), str):
            raise EffectUnknown("Graph created a user and named no id: it is looked up by its name.")
        sent = {
            "userPrincipalName": user.user_principal_name,
            "displayName": user.display_name,
            "employeeId": user.employee_id,
            "accountEnabled": user.account_enabled,
            "usageLocation": user.usage_location,
            "employeeHireDate": user.employee_hire_date.isoformat() if user.employee_hire_date else None,
            "assignedLicenses": [],
        }
        return _user({**sent, **{name: value for name, value in row.items() if value is not None}})

    async def get_user(self, id_or_upn: str) -> DirectoryUser | None:
        """None on 404, which right after a create means "not visible yet"."""
        row = await self._graph.read(calls.GET_USER, calls.get_user(id_or_upn))
        return None if row is None else _user(row)

    async def find_by_employee_id(self, employee_id: str) -> list[DirectoryUser]:
        """All users with this employeeId, which is not unique in Entra. May miss a fresh one (facts 4.4)."""
        rows = await self._graph.items(calls.FIND_USERS, calls.find_by_employee_id(employee_id))
        return [_user(row) for row in rows]

    async def find_by_address(self, address: str, *, aliases: bool = False) -> list[DirectoryUser]:
        """Users whose UPN, mail or (`aliases`) proxy address equals the address; Graph compares without case."""
        rows = await self._graph.items(calls.FIND_USERS, calls.find_by_address(address, aliases=aliases))
        return [_user(row) for row in rows]

    async def set_manager(self, user_id: str, manager_id: str) -> None:
        """Repeating it is harmless. NotYetVisible when either is not replicated."""
        build = calls.set_manager(user_id, manager_id, self._graph.base_url)
        await self._graph.send(calls.SET_MANAGER, build)

    async def disable_user(self, user_id: str) -> None:
        """Repeating it is harmless. NotYetVisible when it is not replicated."""
        await self._graph.send(calls.DISABLE_USER, calls.disable_user(user_id))

    async def revoke_sessions(self, user_id: str) -> None:
        """Everybody has to sign in again. Repeating it is harmless. NotYetVisible when it is not replicated."""
        await self._graph.send(calls.REVOKE_SESSIONS, calls.revoke_sessions(user_id))

    async def enable_user(self, user_id: str) -> None:
        """Repeating it is harmless. NotYetVisible when it is not replicated."""
        await self._graph.send(calls_accounts.ENABLE_USER, calls_accounts.enable_user(user_id))

    async def find_deleted(self, employee_id: str) -> list[DirectoryUser]:
        """Soft-deleted users with this employeeId."""
        rows = await self._graph.items(calls_accounts.FIND_DELETED, calls_accounts.find_deleted(employee_id))
        return [_undeleted(_user(row)) for row in rows]

    async def get_deleted(self, user_id: str) -> DirectoryUser | None:
        """None: not among the deleted ones."""
        row = await self._graph.read(calls_accounts.GET_DELETED, calls_accounts.get_deleted(user_id))
        return None if row is None else _undeleted(_user(row))

    async def restore_user(self, user_id: str) -> None:
        """NotYetVisible when it is not among the deleted ones; NameTaken; EffectUnknown."""
        await self._graph.send(calls_accounts.RESTORE_USER, calls_accounts.restore_user(user_id))

    async def set_usage_location(self, user_id: str, location: str) -> None:
        """usageLocation. Repeating it is harmless."""
        call = calls_accounts.SET_USAGE_LOCATION
        await self._graph.send(call, calls_accounts.set_usage_location(user_id, location))

    async def set_hire_date(self, user_id: str, at: datetime) -> None:
        """employeeHireDate. Repeating it is harmless."""
        await self._graph.send(calls_accounts.SET_HIRE_DATE, calls_accounts.set_hire_date(user_id, at))

    async def get_leave_date(self, user_id: str) -> datetime | None:
        """employeeLeaveDateTime. NotYetVisible when the user is not replicated."""
        call = calls_accounts.GET_LEAVE_DATE
        row = await self._graph.read(call, calls_accounts.get_leave_date(user_id))
        if row is None:
            raise NotYetVisible("The account is not readable yet; waiting for replication.")
        return instant(row.get("employeeLeaveDateTime"))

    async def set_leave_date(self, user_id: str, at: datetime | None) -> None:
        """employeeLeaveDateTime; None empties it. Repeating it is harmless."""
        await self._graph.send(calls_accounts.SET_LEAVE_DATE, calls_accounts.set_leave_date(user_id, at))

    async def get_manager(self, user_id: str) -> DirectoryUser | None:
        """None on 404: without a manager Graph answers so (Learn "List manager")."""
        row = await self._graph.read(calls.GET_MANAGER, calls.get_manager(user_id))
        return None if row is None else _user(row)

    async def has_privileges(self, user_id: str) -> bool:
        """True with any active directory role assignment or membership of a role-assignable group.

        Role-assignable groups cannot be nested, so direct membership is enough (Learn "Use Microsoft Entra
        groups to manage role assignments"). Known weakness: roles that are only *eligible* (Privileged
        Identity Management) are not read. NotYetVisible while the user has not replicated. Two reads in one
        request.
        """
        roles, memberships = await self._graph.collections(
            (calls.ROLE_ASSIGNMENTS, calls.role_assignments(user_id)),
            (calls.MEMBERSHIPS, calls.memberships(user_id)),
        )
        return bool(roles) or any(_privileged(row) for row in memberships)

    async def role_holders(self) -> tuple[DirectoryUser, ...]:
        """One request for the assignments, one for 15 people, one for each group that holds a role.

        Who is only *eligible* (Privileged Identity Management) is not read, as in `has_privileges`; nor are service
        principals, which sign in without a name. A group that is gone since has no members.
        """
        rows = await self._graph.items(calls.ALL_ROLE_ASSIGNMENTS, calls.all_role_assignments())
        ids = list(dict.fromkeys(_principals(rows, {_USER, None})))
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), calls.IDS):
            some = ids[start : start + calls.IDS]
            found += await self._graph.items(calls.FIND_USERS, calls.users_by_id(some))
        for group in dict.fromkeys(_principals(rows, {_GROUP})):
            found += await self._members(group)
        users = [_user(row) for row in found if _is_named(row)]
        return tuple({user.id: user for user in users}.values())

    async def _members(self, group_id: str) -> list[dict[str, Any]]:
        """The users among them."""
        try:
            rows = await self._graph.items(calls.ROLE_GROUP_MEMBERS, calls.role_group_members(group_id))
        except NotYetVisible:
            return []
        return [row for row in rows if row.get("@odata.type") in {_USER, None}]

    async def people(self, *, named: bool = False) -> AsyncIterator[Sequence[DirectoryPerson]]:
        """Everybody, a page of up to 999 at a time: of phones and addresses only whether there are any."""
        async for rows, _ in self._graph.pages(calls.LIST_USERS, calls.list_users(named=named)):
            yield [_person(row) for row in rows if isinstance(row.get("id"), str)]

    async def check(self) -> Mapping[str, str]:
        """For doctor: finding → `ok`, or what is missing and what to do. Reads only, one request each; `role_holders`
        reads all of them, since each of its calls needs its own permission.

        Permissions that only write (users, passes, mail) show themselves at the first write. Raises
        RetryLater when Graph does not answer at all.
        """
        findings: dict[str, str] = {}
        for name, look in self._checks().items():
            try:
                findings[name] = await look()
            except (DeployerError, OperatorError) as exc:
                findings[name] = exc.message
                if exc.code == "graph_sign_in":
                    break
        return findings

    def _checks(self) -> dict[str, Callable[[], Awaitable[str]]]:
        def sent(call: Call, build: Build) -> Callable[[], Awaitable[str]]:
            async def look() -> str:
                await self._graph.send(call, build)
                return "ok"

            return look

        # Without passes, nobody needs the rights that only passes need.
        passes: dict[str, Callable[[], Awaitable[str]]] = {
            "roles": sent(calls.ROLE_ASSIGNMENTS, calls.role_assignments(NOBODY)),
            "access_pass": self._check_pass,
        }
        return {
            "users": sent(calls.FIND_USERS, calls.find_by_employee_id("doctor")),
            "domain": self._check_domain,
            "role_holders": self._check_holders,
            **({} if self._graph.settings.first_credential == "none" else passes),
            "audit_log": sent(calls_security.AUDITS, calls_security.audits(_ANY_AUDIT, 1)),
            "registration_report": sent(calls_security.REPORT, calls_security.registrations(1)),
        }

    async def _check_domain(self) -> str:
        domain = self._graph.settings.domain
        for row in await self._graph.items(calls.ORGANIZATION, calls.organization()):
            names = [str(entry.get("name", "")).lower() for entry in row.get("verifiedDomains") or []]
            if domain in names:
                return "ok"
        return "ONBOARDING_DOMAIN is no verified domain of this tenant: verify it or set another."

    async def _check_holders(self) -> str:
        try:
            await self.role_holders()
        except DeployerError as exc:
            if exc.code == "graph_sign_in":
                raise
            return (
                f"{exc.message} Until then, user names are compared with protected_names of the policy alone."
            )
        return "ok"

    async def _check_pass(self) -> str:
        row = await self._graph.read(calls_security.PASS_POLICY, calls_security.pass_policy()) or {}
        if row.get("state") == "enabled" or self._graph.settings.first_credential == "none":
            return "ok"
        return "The tenant's policy has Temporary Access Pass switched off: enable it for new hires."


def _privileged(row: Mapping[str, Any]) -> bool:
    """One membership. Raises PermissionMissing for a group whose properties are hidden from us.

    Without permission for a type, Graph answers with its id and nulls (Learn "Limited information returned
    for inaccessible member objects"); taking that for "not assignable" would let a pass reach an
    administrator.
    """
    kind = row.get("@odata.type")
    if kind == "#microsoft.graph.directoryRole" or row.get("isAssignableToRole") is True:
        return True
    if kind in {None, _GROUP} and row.get("displayName") is None:
        raise PermissionMissing(
            "Graph hides the properties of a group: grant the application permission"
            f" {calls.MEMBERSHIPS.permission}, with admin consent."
        )
    return False


def _principals(rows: Iterable[Mapping[str, Any]], kinds: set[str | None]) -> list[str]:
    """Object ids of those that hold a role and are of one of these types; None: Graph did not say which."""
    return [
        row["principalId"]
        for row in rows
        if isinstance(row.get("principalId"), str)
        and (row.get("principal") or {}).get("@odata.type") in kinds
    ]


def _is_named(row: Mapping[str, Any]) -> bool:
    """True. PermissionMissing for somebody whose name is hidden from us (as in `_privileged`): a list with holes would
    be taken for the whole one."""
    if not row.get("userPrincipalName"):
        raise PermissionMissing(
            "Graph hides the names of people who hold a role: grant the application permission"
            f" {calls.FIND_USERS.permission}, with admin consent."
        )
    return True


def _user(row: Mapping[str, Any]) -> DirectoryUser:
    if not isinstance(row.get("id"), str):
        raise Unavailable("Graph answered with a user that has no id; it is tried again later.")
    return DirectoryUser(
        id=row["id"],
        user_principal_name=row.get("userPrincipalName") or "",
        employee_id=row.get("employeeId"),
        display_name=row.get("displayName"),
        mail=row.get("mail"),
        account_enabled=row.get("accountEnabled"),
        created_at=instant(row.get("createdDateTime")),
        user_type=row.get("userType"),
        # null means "never synced" (Learn "user resource type", onPremisesSyncEnabled).
        synced=bool(row["onPremisesSyncEnabled"]) if "onPremisesSyncEnabled" in row else None,
        usage_location=row.get("usageLocation"),
        employee_hire_date=instant(row.get("employeeHireDate")),
        licences=_skus(row.get("assignedLicenses")),
        addresses=tuple(_addresses(row.get("proxyAddresses"))),
    )


def _addresses(proxies: Any) -> Iterator[str]:
    """Mail addresses among proxyAddresses (`SMTP:` before the first one, `smtp:` before the others)."""
    for proxy in proxies if isinstance(proxies, list) else ():
        kind, _, address = str(proxy).lower().partition(":")
        if kind == "smtp":
            yield address


def _person(row: Mapping[str, Any]) -> DirectoryPerson:
    def text(name: str) -> str | None:
        value = row.get(name)
        return value if isinstance(value, str) else None

    return DirectoryPerson(
        id=row["id"].lower(),
        department=text("department"),
        job_title=text("jobTitle"),
        created_at=instant(row.get("createdDateTime")),
        enabled=row.get("accountEnabled") is not False,
        guest=(text("userType") or "").casefold() == "guest",
        synced=row.get("onPremisesSyncEnabled") is True,
        directory_data=any(row.get(name) for name in ("mobilePhone", "businessPhones", "otherMails")),
        user_principal_name=text("userPrincipalName"),
        display_name=text("displayName"),
    )


def _undeleted(user: DirectoryUser) -> DirectoryUser:
    """With the name that it had and will have: Entra puts the object id before that of a deleted user (observed)."""
    name = user.user_principal_name.removeprefix(user.id.replace("-", ""))
    return replace(user, user_principal_name=name)


def _skus(held: object) -> tuple[str, ...] | None:
    if not isinstance(held, list):
        return None
    return tuple(str(item["skuId"]).lower() for item in held if isinstance(item, dict) and item.get("skuId"))
