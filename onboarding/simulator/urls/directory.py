"""Memberships and the organization."""

from __future__ import annotations

from onboarding.simulator.responses import directory
from onboarding.simulator.urls.route import USER, Route

ROUTES: tuple[Route, ...] = (
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
)
