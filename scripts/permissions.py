"""What the service may do in the tenant, and the call that needs it: the one place where role ids are written.

`docs/permissions.md` shows the same for people; tests compare that page, this table and the calls in
`onboarding/graph/calls_*.py`, so that a call without a row here, or a row without a call, fails.

Sources: Learn "Microsoft Graph permissions reference" and the permission files of
microsoftgraph/microsoft-graph-devx-content (7 August 2026), whose `privilegeLevel` is the level here: higher is
more. The pages "List unifiedRoleAssignments", "List group transitive members", "List organizations", "List users" and
"List temporaryAccessPassMethods" name the wider roles of `COVERS`. Never tried on a live tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Application id of Microsoft Graph, the same in every tenant.
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"


@dataclass(frozen=True, slots=True)
class GraphRole:
    """An application role of Microsoft Graph."""

    name: str
    id: str
    #: Microsoft's `privilegeLevel`, 1 to 5; None: not looked up.
    level: int | None


#: Roles that the service can need. The order is that of the output.
ROLES: Mapping[str, GraphRole] = {
    role.name: role
    for role in (
        GraphRole("User.Read.All", "df021288-bdef-4463-88db-98f22de89214", 3),
        GraphRole("User.ReadWrite.All", "741f803b-c850-494e-b5df-cde7c675a1ca", 4),
        GraphRole("AuditLog.Read.All", "b0afded3-3588-46d8-8b3d-9842eff778da", 3),
        GraphRole("UserAuthenticationMethod.Read.All", "38d9df27-64da-44fd-b7c5-a6fbac20248f", 3),
        GraphRole("UserAuthMethod-TAP.ReadWrite.All", "627169a8-8c15-451c-861a-5b80e383de5c", 3),
        GraphRole("Policy.Read.AuthenticationMethod", "8e3bc81b-d2f3-4b7b-838c-32c88218d2f0", 3),
        GraphRole("RoleManagement.Read.Directory", "483bed4a-2ad3-4361-a73b-c83ccdbdc53c", 3),
        GraphRole("GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6", None),
        GraphRole("Directory.Read.All", "7ab1d382-f21e-4acd-a863-ba3e13f7da61", None),
        GraphRole("GroupMember.ReadWrite.All", "dbaae8cf-10b5-4b86-a4a1-f871c94c6695", 4),
        GraphRole("LicenseAssignment.Read.All", "e2f98668-2877-4f38-a2f4-8202e0717aa1", None),
        GraphRole("LicenseAssignment.ReadWrite.All", "5facf0c1-8979-4e95-abcf-ff3d079771c0", 4),
        GraphRole("User-LifeCycleInfo.Read.All", "8556a004-db57-4d7a-8b82-97a13428e96f", None),
        GraphRole("User-LifeCycleInfo.ReadWrite.All", "925f1248-0f97-47b9-8ec8-538c54e01325", None),
        GraphRole("UserAuthMethod-Phone.ReadWrite.All", "6e85d483-7092-4375-babe-0a94a8213a58", 3),
        GraphRole("Organization.Read.All", "498476ce-e0fe-48b0-b801-37ba7e2685c6", None),
        GraphRole("User.RevokeSessions.All", "77f3a031-c388-4f99-b373-dc68676a979e", 3),
        # Of the feature lost-phone; else only with --allow-broad, where the tenant lacks the granular role.
        GraphRole("UserAuthenticationMethod.ReadWrite.All", "50483e42-d915-4231-9639-7fdb7fd190e5", 4),
    )
}

#: A granular role that an older tenant may lack → the broad one that also does it.
FALLBACK: Mapping[str, str] = {
    "UserAuthMethod-TAP.ReadWrite.All": "UserAuthenticationMethod.ReadWrite.All",
}

#: A role → roles that it makes superfluous, for the calls that we make.
COVERS: Mapping[str, frozenset[str]] = {
    "User.ReadWrite.All": frozenset({"User.Read.All", "User.DeleteRestore.All"}),
    "GroupMember.ReadWrite.All": frozenset({"GroupMember.Read.All"}),
    "LicenseAssignment.ReadWrite.All": frozenset({"LicenseAssignment.Read.All"}),
    "Directory.Read.All": frozenset(
        {
            "User.Read.All",
            "RoleManagement.Read.Directory",
            "Organization.Read.All",
            "GroupMember.Read.All",
            "LicenseAssignment.Read.All",
        }
    ),
    "UserAuthMethod-TAP.ReadWrite.All": frozenset({"UserAuthMethod-TAP.Read.All"}),
    "UserAuthenticationMethod.Read.All": frozenset({"UserAuthMethod-TAP.Read.All"}),
    "UserAuthenticationMethod.ReadWrite.All": frozenset(
        {
            "UserAuthenticationMethod.Read.All",
            "UserAuthMethod-TAP.Read.All",
            "UserAuthMethod-TAP.ReadWrite.All",
        }
    ),
}

#: Never in Entra: there they reach every mailbox of the tenant, whatever Exchange's scope says. The roles that
#: `exchange_sender.py` assigns in Exchange are called "Application " + name.
MAIL_SEND, MAIL_DRAFTS = "Mail.Send", "Mail.ReadWrite"
FORBIDDEN_PREFIX = "Mail."

#: Always on.
CORE = "core"
#: Feature → what it is for. Those of `DEFAULT` are on in the product's default settings.
FEATURES: Mapping[str, str] = {
    CORE: "look people up, read the audit log and the registration report; always on",
    "accounts": "create, enable, restore and disable accounts, set the manager (ONBOARDING_MODE=live)",
    "access-pass": "the first credential (ONBOARDING_FIRST_CREDENTIAL other than none)",
    "role-holders": "compare new user names with those of the people who hold directory roles",
    "methods": "look at one person's methods before anybody is told about them",
    "groups": "put people into groups (groups in the policy)",
    "licences": "assign licences (licences in the policy)",
    "leave-date": "set employeeLeaveDateTime (account.leave_date in the policy)",
    "lost-phone": "delete a lost phone's sign-in method and end the person's sessions, on an approver's word",
    "phone-method": "add HR's phone as authentication method (ONBOARDING_PREPOPULATE_PHONE)",
    "domain-check": "doctor compares ONBOARDING_DOMAIN with the verified domains",
}
#: Features that a policy or a setting switches on: nothing is granted for them unasked.
OPTIONAL = frozenset({"groups", "licences", "leave-date", "lost-phone", "phone-method"})
DEFAULT: tuple[str, ...] = tuple(name for name in FEATURES if name not in OPTIONAL)


@dataclass(frozen=True, slots=True)
class GraphCall:
    """One call that the service makes. `name` is that of the `Call` in `onboarding/graph/calls_*.py`."""

    name: str
    request: str
    #: The least application permission.
    role: str
    #: Features that make it; empty: mail, which Exchange grants.
    features: tuple[str, ...]
    writes: bool = False


_USER = "/users/{id}"
_PASSES = "/users/{id}/authentication/temporaryAccessPassMethods"
_DELETED = "/directory/deletedItems"
_MESSAGES = "/users/{sender}/messages"

CALLS: tuple[GraphCall, ...] = (
    GraphCall("find_users", "GET /users?$filter", "User.Read.All", (CORE,)),
    GraphCall("list_users", "GET /users?$select", "User.Read.All", (CORE,)),
    GraphCall("get_user", f"GET {_USER}", "User.Read.All", (CORE,)),
    GraphCall("get_manager", f"GET {_USER}/manager", "User.Read.All", (CORE,)),
    GraphCall("directory_audits", "GET /auditLogs/directoryAudits", "AuditLog.Read.All", (CORE,)),
    GraphCall(
        "user_registration_details",
        "GET /reports/authenticationMethods/userRegistrationDetails",
        "AuditLog.Read.All",
        (CORE,),
    ),
    GraphCall("create_user", "POST /users", "User.ReadWrite.All", ("accounts",), writes=True),
    GraphCall("set_manager", f"PUT {_USER}/manager/$ref", "User.ReadWrite.All", ("accounts",), writes=True),
    GraphCall("disable_user", f"PATCH {_USER}", "User.ReadWrite.All", ("accounts",), writes=True),
    GraphCall("enable_user", f"PATCH {_USER}", "User.ReadWrite.All", ("accounts",), writes=True),
    GraphCall("set_usage_location", f"PATCH {_USER}", "User.ReadWrite.All", ("accounts",), writes=True),
    GraphCall("set_hire_date", f"PATCH {_USER}", "User.ReadWrite.All", ("accounts",), writes=True),
    GraphCall("find_deleted", f"GET {_DELETED}/microsoft.graph.user", "User.Read.All", (CORE,)),
    GraphCall("get_deleted", f"GET {_DELETED}/{{id}}", "User.Read.All", (CORE,)),
    GraphCall(
        "restore_user",
        f"POST {_DELETED}/{{id}}/restore",
        "User.DeleteRestore.All",
        ("accounts",),
        writes=True,
    ),
    GraphCall("get_leave_date", f"GET {_USER}?$select", "User-LifeCycleInfo.Read.All", ("leave-date",)),
    GraphCall(
        "set_leave_date", f"PATCH {_USER}", "User-LifeCycleInfo.ReadWrite.All", ("leave-date",), writes=True
    ),
    GraphCall("find_groups", "GET /groups?$filter", "GroupMember.Read.All", ("groups",)),
    GraphCall(
        "add_to_group",
        "POST /groups/{id}/members/$ref",
        "GroupMember.ReadWrite.All",
        ("groups",),
        writes=True,
    ),
    GraphCall("subscribed_skus", "GET /subscribedSkus", "LicenseAssignment.Read.All", ("licences",)),
    GraphCall(
        "assign_licenses",
        f"POST {_USER}/assignLicense",
        "LicenseAssignment.ReadWrite.All",
        ("licences",),
        writes=True,
    ),
    GraphCall(
        "add_phone",
        f"POST {_USER}/authentication/phoneMethods",
        "UserAuthMethod-Phone.ReadWrite.All",
        ("phone-method",),
        writes=True,
    ),
    GraphCall(
        "authentication_methods",
        f"GET {_USER}/authentication/methods",
        "UserAuthenticationMethod.Read.All",
        ("methods", "access-pass", "lost-phone"),
    ),
    *(
        GraphCall(
            name,
            f"DELETE {_USER}/authentication/{types}/{{id}}",
            "UserAuthenticationMethod.ReadWrite.All",
            ("lost-phone",),
            writes=True,
        )
        for name, types in (
            ("delete_phone", "phoneMethods"),
            ("delete_authenticator", "microsoftAuthenticatorMethods"),
            ("delete_software_oath", "softwareOathMethods"),
            ("delete_fido2", "fido2Methods"),
        )
    ),
    GraphCall(
        "revoke_sessions",
        f"POST {_USER}/revokeSignInSessions",
        "User.RevokeSessions.All",
        ("lost-phone",),
        writes=True,
    ),
    GraphCall(
        "create_pass", f"POST {_PASSES}", "UserAuthMethod-TAP.ReadWrite.All", ("access-pass",), writes=True
    ),
    GraphCall(
        "void_pass",
        f"DELETE {_PASSES}/{{id}}",
        "UserAuthMethod-TAP.ReadWrite.All",
        ("access-pass",),
        writes=True,
    ),
    GraphCall("passes", f"GET {_PASSES}", "UserAuthMethod-TAP.Read.All", ("access-pass",)),
    GraphCall(
        "access_pass_policy",
        "GET /policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass",
        "Policy.Read.AuthenticationMethod",
        ("access-pass",),
    ),
    GraphCall(
        "role_assignments",
        "GET /roleManagement/directory/roleAssignments?$filter",
        "RoleManagement.Read.Directory",
        ("access-pass",),
    ),
    GraphCall(
        "all_role_assignments",
        "GET /roleManagement/directory/roleAssignments?$expand",
        "RoleManagement.Read.Directory",
        ("role-holders",),
    ),
    GraphCall("role_group_members", "GET /groups/{id}/members", "GroupMember.Read.All", ("role-holders",)),
    GraphCall("memberships", f"GET {_USER}/memberOf", "Directory.Read.All", ("access-pass",)),
    GraphCall("organization", "GET /organization", "Organization.Read.All", ("domain-check",)),
    GraphCall("send_now", "POST /users/{sender}/sendMail", MAIL_SEND, (), writes=True),
    GraphCall("send_draft", f"POST {_MESSAGES}/{{id}}/send", MAIL_SEND, (), writes=True),
    GraphCall("create_draft", f"POST {_MESSAGES}", MAIL_DRAFTS, (), writes=True),
    GraphCall("get_message", f"GET {_MESSAGES}/{{id}}", MAIL_DRAFTS, ()),
)


def calls_of(features: Iterable[str], *, reads_only: bool = False) -> list[GraphCall]:
    """The calls to Graph that these features make. Without the mail calls."""
    on = frozenset(features)
    return [call for call in CALLS if on.intersection(call.features) and not (reads_only and call.writes)]


def least(roles: Iterable[str]) -> list[str]:
    """The roles without those that another one of them covers, in the order of `ROLES`."""
    wanted = frozenset(roles)
    covered = frozenset[str]().union(*(COVERS.get(role, frozenset()) for role in wanted))
    kept = wanted - covered
    unknown = kept - ROLES.keys()
    if unknown:
        raise LookupError(f"no id is known for {', '.join(sorted(unknown))}")
    return [name for name in ROLES if name in kept]


def reasons(role: str, calls: Iterable[GraphCall]) -> list[GraphCall]:
    """The calls among these that this role is for: its own, and those of the roles that it covers."""
    for_these = {role, *COVERS.get(role, ())}
    return [call for call in calls if call.role in for_these]
