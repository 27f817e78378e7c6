"""Directory roles and their members."""

from __future__ import annotations

from onboarding.simulator.responses import roles
from onboarding.simulator.urls.route import Route

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/directoryRoles",
        roles.list_roles,
        "documented",
        "directoryrole-list",
        "Activated roles only: those that somebody holds, and Global Administrator. No options, no pages.",
    ),
    Route("GET", "/directoryRoles/{role_id}", roles.get_role, "documented", "directoryrole-get"),
    Route(
        "GET",
        "/directoryRoles/{role_id}/members",
        roles.list_members,
        "documented",
        "directoryrole-list-members",
        "By object id, template id or roleTemplateId=…; users, and groups that hold the role; no pages.",
        options=("$select",),
    ),
    Route(
        "GET",
        "/roleManagement/directory/roleAssignments",
        roles.list_assignments,
        "documented",
        "rbacapplication-list-roleassignments",
        "Of users and groups; principalId and roleDefinitionId eq, $expand=principal; no paging.",
        options=("$filter", "$expand"),
    ),
)
