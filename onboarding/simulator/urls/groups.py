"""Groups, their members, and who is in which."""

from __future__ import annotations

from onboarding.simulator.responses import groups, members, memberships
from onboarding.simulator.urls.route import USER, Route

_GROUP = "/groups/{id}"
_LIST = ("$filter", "$select", "$top", "$skiptoken", "$orderby", "$search", "$count")
_PAGES = ("$select", "$top", "$skiptoken", "$count")
_CAST = "/microsoft.graph.group"

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/groups",
        groups.create_group,
        "documented",
        "group-post-groups",
        "Security groups with assigned members. 403 for isAssignableToRole without "
        "RoleManagement.ReadWrite.Directory (policy `app_roles`).",
        quota="write",
    ),
    Route(
        "GET",
        "/groups",
        groups.list_groups,
        "documented",
        "group-list",
        "Filters, order and search as the table of aad-advanced-queries has them, over modelled properties.",
        options=_LIST,
        headers=("consistencylevel",),
    ),
    Route(
        "GET",
        "/groups/$count",
        groups.count_groups,
        "documented",
        "group-list",
        "Without ConsistencyLevel 400, as documented for users.",
        options=("$filter", "$search"),
        headers=("consistencylevel",),
    ),
    Route("GET", _GROUP, groups.get_group, "documented", "group-get", options=("$select",)),
    Route(
        "PATCH",
        _GROUP,
        groups.update_group,
        "documented",
        "group-post-members",
        "members@odata.bind, 20 at most, all or none; and displayName, description, mailNickname, visibility.",
        quota="write",
    ),
    Route(
        "DELETE",
        _GROUP,
        groups.delete_group,
        "documented",
        "group-delete",
        "At once and for good, as for security groups.",
        quota="write",
    ),
    Route(
        "GET",
        _GROUP + "/members",
        members.list_members,
        "documented",
        "group-list-members",
        "Users and groups; no filters.",
        options=_PAGES,
        headers=("consistencylevel",),
        units=3,
    ),
    Route(
        "GET",
        _GROUP + "/transitiveMembers",
        members.list_transitive_members,
        "documented",
        "group-list-transitivemembers",
        "Users and groups; no filters.",
        options=_PAGES,
        headers=("consistencylevel",),
        units=5,
    ),
    Route(
        "POST",
        _GROUP + "/members/$ref",
        members.add_member,
        "observed",
        "group-post-members",
        "400 for a member with the text seen in public (documented status), 404 for an unknown object. "
        "403 for role-assignable groups without RoleManagement.ReadWrite.Directory. 400 for a group with a membership "
        "rule; code and text inferred.",
        quota="write",
    ),
    Route(
        "DELETE",
        _GROUP + "/members/{member_id}/$ref",
        members.remove_member,
        "documented",
        "group-delete-members",
        "404 for who is no member; its body is inferred. Without $ref, which would delete the member itself: 501.",
        quota="write",
    ),
    Route(
        "GET",
        USER + "/memberOf",
        memberships.list_direct,
        "documented",
        "user-list-memberof",
        "Groups, then directory roles.",
        options=_PAGES,
        headers=("consistencylevel",),
        units=2,
    ),
    Route(
        "GET",
        USER + "/transitiveMemberOf",
        memberships.list_transitive,
        "documented",
        "user-list-transitivememberof",
        "Groups, nearest first, then directory roles.",
        options=_PAGES,
        headers=("consistencylevel",),
        units=2,
    ),
    Route(
        "GET",
        USER + "/memberOf" + _CAST,
        memberships.list_direct_groups,
        "documented",
        "user-list-memberof",
        "Without ConsistencyLevel and $count: 400, text inferred.",
        options=_LIST,
        headers=("consistencylevel",),
        units=2,
    ),
    Route(
        "GET",
        USER + "/transitiveMemberOf" + _CAST,
        memberships.list_transitive_groups,
        "documented",
        "user-list-transitivememberof",
        "Without ConsistencyLevel and $count: 400, text inferred.",
        options=_LIST,
        headers=("consistencylevel",),
        units=2,
    ),
)
