"""Users and their managers."""

from __future__ import annotations

from onboarding.simulator.responses import deleted, delta, user_queries, users
from onboarding.simulator.urls.route import USER, Route

_LIST = ("$filter", "$select", "$top", "$skiptoken", "$orderby", "$search", "$count")
_DELETED = "/directory/deletedItems/"

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
        user_queries.list_users,
        "documented",
        "user-list",
        "Filters, order and search as the table of aad-advanced-queries has them, over modelled properties. "
        "$expand=manager only. Without the header $count=true is ignored without a word, as documented.",
        options=(*_LIST, "$expand"),
        headers=("consistencylevel",),
        units=2,
    ),
    Route(
        "GET",
        "/users/$count",
        user_queries.count_users,
        "documented",
        "user-list",
        "Without ConsistencyLevel 400, as documented.",
        options=("$filter", "$search"),
        headers=("consistencylevel",),
    ),
    Route(
        "GET",
        "/users/delta",
        delta.delta,
        "documented",
        "user-delta",
        "Pages of 100; manager and other relations are not tracked. After seven days 410 (delta-query-overview); "
        "its code and body are inferred.",
        options=("$select", "$filter", "$skiptoken", "$deltatoken"),
        headers=("prefer",),
        prefers=("return=minimal",),
    ),
    Route(
        "GET",
        USER,
        user_queries.get_user,
        "documented",
        "user-get",
        "$expand=manager only, with $levels as on user-list-manager.",
        options=("$select", "$expand", "$count"),
        headers=("consistencylevel",),
    ),
    Route(
        "PATCH",
        USER,
        users.update_user,
        "observed",
        "user-update",
        "403 for sensitive properties of people with roles or in role-assignable groups; 403 for passwordProfile "
        "where the app has no directory role (policy `app_roles`); read-only properties of synced users with the "
        "text seen in public.",
        quota="write",
    ),
    Route(
        "DELETE",
        USER,
        users.delete_user,
        "documented",
        "user-delete",
        "403 for administrators; the body of that is inferred.",
        quota="write",
    ),
    Route(
        "POST",
        USER + "/revokeSignInSessions",
        users.revoke_sessions,
        "documented",
        "user-revokesigninsessions",
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
    Route(
        "DELETE",
        USER + "/manager/$ref",
        users.remove_manager,
        "documented",
        "user-delete-manager",
        quota="write",
    ),
    Route(
        "GET",
        _DELETED + "microsoft.graph.user",
        deleted.list_deleted,
        "documented",
        "directory-deleteditems-list",
        "The object id before a deleted user's name is seen in public answers.",
        options=_LIST,
        headers=("consistencylevel",),
    ),
    Route(
        "GET",
        _DELETED + "{id}",
        deleted.get_deleted,
        "documented",
        "directory-deleteditems-get",
        "Users only: security groups are deleted for good.",
        options=("$select",),
    ),
    Route(
        "POST",
        _DELETED + "{id}/restore",
        deleted.restore,
        "documented",
        "directory-deleteditems-restore",
        "The body of a conflict is that of a new user's, which is inferred.",
        quota="write",
    ),
    Route(
        "DELETE",
        _DELETED + "{id}",
        deleted.purge,
        "documented",
        "directory-deleteditems-delete",
        "For an app too, as the permission file of 2026 has it; the page read is older and says no.",
        quota="write",
    ),
)
