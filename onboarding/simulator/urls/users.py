"""Users and their managers."""

from __future__ import annotations

from onboarding.simulator.responses import users
from onboarding.simulator.urls.route import USER, Route

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/users",
        users.create_user,
        "observed",
        "user-post-users",
        "Conflict and invalid-value bodies as seen in public issues. A soft-deleted user's name is free. "
        "New users are visible at once unless a lag is ordered.",
        quota="write",
    ),
    Route(
        "GET",
        "/users",
        users.list_users,
        "documented",
        "user-list",
        "One comparison only: employeeId, userPrincipalName or mail eq. No paging.",
        options=("$filter", "$select"),
    ),
    Route("GET", USER, users.get_user, "documented", "user-get", options=("$select",)),
    Route(
        "PATCH",
        USER,
        users.update_user,
        "observed",
        "user-update",
        "403 for sensitive properties of people with roles; 403 for passwordProfile (no directory role on "
        "the app); read-only phones of synced users with the text seen in public.",
        quota="write",
    ),
    Route("PUT", USER + "/manager/$ref", users.set_manager, "documented", "user-post-manager", quota="write"),
    Route(
        "GET",
        USER + "/manager",
        users.get_manager,
        "observed",
        "user-list-manager",
        "404 text when nobody is set as seen in public.",
        options=("$select",),
    ),
)
