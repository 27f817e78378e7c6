"""Roles, groups, the organization and its policies."""

from __future__ import annotations

from onboarding.simulator.responses import directory
from onboarding.simulator.urls.route import NOT_IN_CHINA, USER, Route

_POLICY = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/roleManagement/directory/roleAssignments",
        directory.list_role_assignments,
        "documented",
        "rbacapplication-list-roleassignments",
        "principalId eq only; no paging.",
        options=("$filter",),
    ),
    Route(
        "GET",
        USER + "/memberOf",
        directory.list_memberships,
        "documented",
        "user-list-memberof",
        "Groups and directory roles in one list; no paging. Five group properties are modelled.",
        options=("$select",),
    ),
    Route(
        "GET",
        USER + "/transitiveMemberOf",
        directory.list_memberships,
        "documented",
        "user-list-transitivememberof",
        "As memberOf: there are no nested groups.",
        options=("$select",),
    ),
    Route(
        "GET",
        USER + "/transitiveMemberOf/microsoft.graph.group",
        directory.list_groups_of,
        "documented",
        "user-list-transitivememberof",
        "Without ConsistencyLevel and $count: 400, text inferred.",
        options=("$select", "$count"),
        headers=("consistencylevel",),
    ),
    Route(
        "GET",
        "/organization",
        directory.list_organization,
        "documented",
        "organization-list",
        "Five properties.",
        options=("$select",),
    ),
    Route(
        "GET",
        _POLICY + "{configuration}",
        directory.get_pass_policy,
        "documented",
        "temporaryaccesspassauthenticationmethodconfiguration-get",
        "temporaryAccessPass only, in either spelling of its first letter.",
        cloudless=NOT_IN_CHINA,
    ),
)
