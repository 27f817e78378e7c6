"""Roles, the organization and its policies."""

from __future__ import annotations

from onboarding.simulator.responses import directory, directory_roles
from onboarding.simulator.urls.route import NOT_IN_CHINA, Route

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
        "/directoryRoles",
        directory_roles.list_roles,
        "documented",
        "directoryrole-list",
        "Roles that somebody holds count as activated.",
    ),
    Route(
        "GET",
        "/directoryRoles/{id}/members",
        directory_roles.list_role_members,
        "documented",
        "directoryrole-list-members",
        "No query options; a template id in brackets is not read.",
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
