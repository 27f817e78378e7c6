"""Requests about users, managers, roles and the organization.

A `Call` says which permission it needs and how it may be repeated; the function below it builds the request
with the SDK's typed builders, and an account as JSON of ours (`sdk.posted`). Pages of Learn are named by their file
under graph/api.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build, configured, keyed, posted, quoted, user
from onboarding.ports import NewUser

#: Properties that are not in the default set need $select (facts 4.5).
USER = (
    "id",
    "userPrincipalName",
    "employeeId",
    "displayName",
    "mail",
    "accountEnabled",
    "createdDateTime",
    "userType",
    "onPremisesSyncEnabled",
    "usageLocation",
    "employeeHireDate",
    "assignedLicenses",
)

#: What a candidate for a user name is compared with.
HOLDER = ("id", "userPrincipalName", "employeeId")

CREATE_USER = Call("create_user", "User.ReadWrite.All", writes=True, idempotent=False)


def create_user(new: NewUser) -> Build:
    """user-post-users. None is not sent; the password must be changed at the first sign-in."""

    said = {
        "accountEnabled": new.account_enabled,
        "userPrincipalName": new.user_principal_name,
        "mailNickname": new.mail_nickname,
        "displayName": new.display_name,
        "employeeId": new.employee_id,
        "givenName": new.given_name,
        "surname": new.surname,
        "jobTitle": new.job_title,
        "department": new.department,
        "companyName": new.company_name,
        "usageLocation": new.usage_location,
        "preferredLanguage": new.preferred_language,
        "employeeHireDate": new.employee_hire_date.isoformat() if new.employee_hire_date else None,
        "mobilePhone": new.mobile_phone,
        "employeeType": new.employee_type,
        "passwordProfile": {"password": new.password, "forceChangePasswordNextSignIn": True},
    }

    def build(client: Any) -> Any:
        return posted(client.users, {name: value for name, value in said.items() if value is not None})

    return build


GET_USER = Call("get_user", "User.Read.All", may_be_absent=True)


def get_user(id_or_upn: str) -> Build:
    """user-get."""

    def build(client: Any) -> Any:
        from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder

        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=list(USER))
        return keyed(user(client, id_or_upn).to_get_request_information(configured(query)))

    return build


FIND_USERS = Call("find_users", "User.Read.All")


def find_by_employee_id(value: str) -> Build:
    """user-list: employeeId equals a value. No advanced query."""
    return _find_users(f"employeeId eq '{quoted(value)}'")


def find_by_address(address: str, *, aliases: bool) -> Build:
    """user-list: one of these properties equals an address. None of them needs an advanced query, and neither does
    `or`. (user resource: proxyAddresses are filtered by `any`, and hold `smtp:` before each address.)"""
    value = quoted(address)
    wanted = [f"userPrincipalName eq '{value}'", f"mail eq '{value}'"]
    if aliases:
        wanted.append(f"proxyAddresses/any(p:p eq 'smtp:{value}')")
    return _find_users(" or ".join(wanted), *(["proxyAddresses"] * aliases))


def _find_users(wanted: str, *more: str) -> Build:
    def build(client: Any) -> Any:
        from msgraph.generated.users.users_request_builder import UsersRequestBuilder

        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter=wanted, select=[*USER, *more]
        )
        return client.users.to_get_request_information(configured(query))

    return build


#: Most values of an `in` ("filter-query-parameter": 15 expressions in one filter).
IDS = 15


def users_by_id(ids: Sequence[str]) -> Build:
    """user-list: those of at most `IDS` object ids that are users; others are left out. `id in` is no advanced query
    (aad-advanced-queries)."""

    def build(client: Any) -> Any:
        from msgraph.generated.users.users_request_builder import UsersRequestBuilder

        listed = ",".join(f"'{quoted(each)}'" for each in ids)
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter=f"id in ({listed})", select=list(HOLDER)
        )
        return client.users.to_get_request_information(configured(query))

    return build


#: What the at-risk report looks at.
PERSON = (
    "id",
    "department",
    "jobTitle",
    "createdDateTime",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "mobilePhone",
    "businessPhones",
    "otherMails",
)
LIST_USERS = Call("list_users", "User.Read.All")


def list_users(top: int = 999, *, named: bool = False) -> Build:
    """user-list: everybody. 999 is the largest page of users."""
    properties = [*PERSON, "userPrincipalName", "displayName"] if named else list(PERSON)

    def build(client: Any) -> Any:
        from msgraph.generated.users.users_request_builder import UsersRequestBuilder

        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(select=properties, top=top)
        return client.users.to_get_request_information(configured(query))

    return build


SET_MANAGER = Call("set_manager", "User.ReadWrite.All", writes=True)


def set_manager(user_id: str, manager_id: str, root: str) -> Build:
    """user-post-manager (a PUT). The reference carries the root of the same cloud (facts 5)."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.reference_update import ReferenceUpdate

        reference = ReferenceUpdate(odata_id=f"{root}/users/{manager_id}")
        return user(client, user_id).manager.ref.to_put_request_information(reference)

    return build


DISABLE_USER = Call("disable_user", "User.ReadWrite.All", writes=True)


def disable_user(user_id: str) -> Build:
    """user-update: accountEnabled false. A sensitive action: Graph refuses it for people with a role (facts 3.2)."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.user import User

        return user(client, user_id).to_patch_request_information(User(account_enabled=False))

    return build


REVOKE_SESSIONS = Call("revoke_sessions", "User.RevokeSessions.All", writes=True)


def revoke_sessions(user_id: str) -> Build:
    """user-revokesigninsessions: refresh tokens and session cookies end within minutes. Not for external users."""
    return lambda client: user(client, user_id).revoke_sign_in_sessions.to_post_request_information()


GET_MANAGER = Call("get_manager", "User.Read.All", may_be_absent=True)


def get_manager(user_id: str) -> Build:
    """user-list-manager. Without a manager Graph answers 404."""

    def build(client: Any) -> Any:
        from msgraph.generated.users.item.manager.manager_request_builder import ManagerRequestBuilder

        query = ManagerRequestBuilder.ManagerRequestBuilderGetQueryParameters(select=list(USER))
        return user(client, user_id).manager.to_get_request_information(configured(query))

    return build


ROLE_ASSIGNMENTS = Call("role_assignments", "RoleManagement.Read.Directory")


def role_assignments(principal_id: str) -> Build:
    """rbacapplication-list-roleassignments: active assignments, permanent or activated."""

    def build(client: Any) -> Any:
        from msgraph.generated.role_management.directory.role_assignments import (
            role_assignments_request_builder as module,
        )

        parameters = module.RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters
        query = parameters(filter=f"principalId eq '{quoted(principal_id)}'")
        return client.role_management.directory.role_assignments.to_get_request_information(configured(query))

    return build


ALL_ROLE_ASSIGNMENTS = Call("all_role_assignments", "RoleManagement.Read.Directory")


def all_role_assignments() -> Build:
    """rbacapplication-list-roleassignments: active ones of all roles, custom ones and those with a narrow scope
    included, which /directoryRoles lacks. Expanded, since nothing else tells users from groups; the page shows no
    userPrincipalName there."""

    def build(client: Any) -> Any:
        from msgraph.generated.role_management.directory.role_assignments import (
            role_assignments_request_builder as module,
        )

        parameters = module.RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters
        query = parameters(expand=["principal"])
        return client.role_management.directory.role_assignments.to_get_request_information(configured(query))

    return build


ROLE_GROUP_MEMBERS = Call("role_group_members", "GroupMember.Read.All")


def role_group_members(group_id: str) -> Build:
    """group-list-members: direct ones, since a group that holds a role has no groups in it."""

    def build(client: Any) -> Any:
        from msgraph.generated.groups.item.members.members_request_builder import MembersRequestBuilder

        query = MembersRequestBuilder.MembersRequestBuilderGetQueryParameters(select=list(HOLDER), top=999)
        return client.groups.by_group_id(group_id).members.to_get_request_information(configured(query))

    return build


#: The page's least permission names users only; without one for groups they come back without properties.
MEMBERSHIPS = Call("memberships", "Directory.Read.All")


def memberships(user_id: str) -> Build:
    """user-list-memberof: groups and directory roles. Uncast, since a cast is an advanced query with lag."""

    def build(client: Any) -> Any:
        from msgraph.generated.users.item.member_of.member_of_request_builder import MemberOfRequestBuilder

        query = MemberOfRequestBuilder.MemberOfRequestBuilderGetQueryParameters(
            select=["id", "displayName", "isAssignableToRole"]
        )
        return user(client, user_id).member_of.to_get_request_information(configured(query))

    return build


ORGANIZATION = Call("organization", "Organization.Read.All")


def organization() -> Build:
    """organization-list: the verified domains, for doctor."""

    def build(client: Any) -> Any:
        from msgraph.generated.organization.organization_request_builder import OrganizationRequestBuilder

        query = OrganizationRequestBuilder.OrganizationRequestBuilderGetQueryParameters(
            select=["id", "verifiedDomains"]
        )
        return client.organization.to_get_request_information(configured(query))

    return build
