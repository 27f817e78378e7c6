"""Groups: who is in them, who may be put in, and what nesting does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.graph_calls import EVENTUAL, advance, create, group, ok, pages, person, policy, refused

pytestmark = pytest.mark.documented("group-post-members")

ROOT = "https://graph.microsoft.com/v1.0"
DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
NEW = {"displayName": "Team", "mailEnabled": False, "mailNickname": "team", "securityEnabled": True}


def add(http: httpx.Client, team: str, key: str, kind: str = "directoryObjects") -> httpx.Response:
    return http.post(f"/v1.0/groups/{team}/members/$ref", json={"@odata.id": f"{ROOT}/{kind}/{key}"})


def members(http: httpx.Client, team: str, kind: str = "members") -> list[str]:
    return [entry["id"] for entry in ok(http.get(f"/v1.0/groups/{team}/{kind}"))["value"]]


def test_a_member_is_added_once_and_the_second_time_refused(http: httpx.Client) -> None:
    team, key = group(http, "Team"), person(http, "anna")
    ok(add(http, team, key))
    assert members(http, team) == [key]
    assert refused(add(http, team, key, "users")) == (
        400,
        "Request_BadRequest",
        "One or more added object references already exist for the following modified properties: 'members'.",
    )
    for unknown in ("00000000-0000-4000-8000-000000000000", "nobody@contoso.example"):
        assert refused(add(http, team, unknown))[:2] == (404, "Request_ResourceNotFound")
    assert refused(add(http, "00000000-0000-4000-8000-000000000000", key))[0] == 404


@pytest.mark.inferred(
    "the pages show the form of a reference; what is none is refused with words of a bad one"
)
def test_references_that_name_nothing_or_another_cloud_are_400(http: httpx.Client) -> None:
    team, key = group(http, "Team"), person(http, "anna")
    for wrong in (
        {"@odata.id": key},
        {"@odata.id": f"{ROOT}/places/{key}"},
        {"@odata.id": f"https://graph.microsoft.us/v1.0/users/{key}"},
        {"@odata.id": 7},
        {"@odata.id": "http://["},
        {},
    ):
        assert refused(http.post(f"/v1.0/groups/{team}/members/$ref", json=wrong))[0] == 400, wrong
    policy(http, cloud="usgov")
    there = {"@odata.id": f"https://graph.microsoft.us/v1.0/users/{key}"}
    ok(http.post(f"/v1.0/groups/{team}/members/$ref", json=there))


def test_up_to_20_members_at_once_all_or_none(http: httpx.Client) -> None:
    team = group(http, "Team")
    keys = [person(http, f"p{n}") for n in range(21)]

    def bind(*given: str) -> httpx.Response:
        body = {"members@odata.bind": [f"{ROOT}/directoryObjects/{key}" for key in given]}
        return http.patch(f"/v1.0/groups/{team}", json=body)

    assert refused(bind(*keys))[0] == 400
    assert refused(bind(keys[0], "00000000-0000-4000-8000-000000000000"))[0] == 404
    assert members(http, team) == []
    ok(bind(*keys[:20]))
    assert members(http, team) == keys[:20]
    assert refused(bind(keys[20], keys[0]))[0] == 400
    assert keys[20] not in members(http, team)
    for wrong in ([], "x", [7], None):
        assert refused(http.patch(f"/v1.0/groups/{team}", json={"members@odata.bind": wrong}))[0] == 400


@pytest.mark.documented("group-delete-members")
def test_who_is_removed_is_out_and_only_the_link_is_deleted(http: httpx.Client) -> None:
    key = person(http, "anna")
    team = group(http, "Team", members=[key])
    path = f"/v1.0/groups/{team}/members/{key}"
    assert refused(http.delete(path))[0] == 501
    ok(http.delete(path + "/$ref"))
    assert members(http, team) == []
    assert refused(http.delete(path + "/$ref"))[0] == 404
    ok(http.get("/v1.0/users/anna@contoso.example"))


def test_role_assignable_groups_are_closed_to_an_app_that_may_not_manage_roles(http: httpx.Client) -> None:
    key, other = person(http, "anna"), person(http, "bert")
    tier = group(http, "Tier 0", isAssignableToRole=True, members=[other])
    bind = {"members@odata.bind": [f"{ROOT}/users/{key}"]}
    refusals = (
        add(http, tier, key),
        http.patch(f"/v1.0/groups/{tier}", json=bind),
        http.delete(f"/v1.0/groups/{tier}/members/{other}/$ref"),
        http.post("/v1.0/groups", json={**NEW, "isAssignableToRole": True}),
        http.delete(f"/v1.0/groups/{tier}"),
    )
    assert [refused(answer) for answer in refusals] == [DENIED] * len(refusals)
    policy(http, app_roles=["RoleManagement.ReadWrite.Directory"])
    ok(add(http, tier, key))
    assert (
        ok(http.post("/v1.0/groups", json={**NEW, "isAssignableToRole": True}))["isAssignableToRole"] is True
    )
    # Now anna is of those whose phones need a high role.
    assert refused(http.patch("/v1.0/users/anna@contoso.example", json={"mobilePhone": "1"})) == DENIED
    ok(http.delete(f"/v1.0/groups/{tier}/members/{key}/$ref"))
    ok(http.patch("/v1.0/users/anna@contoso.example", json={"mobilePhone": "1"}))


@pytest.mark.documented("user-list-transitivememberof")
def test_memberships_go_through_nested_groups_and_each_group_comes_once(http: httpx.Client) -> None:
    key = person(http, "anna", roles=["Directory Readers"])
    inner = group(http, "Inner", members=[key])
    left, right = group(http, "Left", members=[inner]), group(http, "Right", members=[inner])
    top = group(http, "Top", members=[left, right, key])
    ok(add(http, inner, top, "groups"))  # a circle
    path = "/v1.0/users/anna@contoso.example"

    def ids(kind: str) -> list[str]:
        return [
            e["id"] for e in ok(http.get(f"{path}/{kind}?$select=id"))["value"] if "group" in e["@odata.type"]
        ]

    assert ids("memberOf") == [inner, top]
    assert set(ids("transitiveMemberOf")) == {inner, left, right, top}
    assert len(ids("transitiveMemberOf")) == 4
    roles = [e for e in ok(http.get(f"{path}/memberOf"))["value"] if "directoryRole" in e["@odata.type"]]
    assert [role["displayName"] for role in roles] == ["Directory Readers"]
    cast = f"{path}/transitiveMemberOf/microsoft.graph.group"
    found = ok(http.get(f"{cast}?$count=true&$filter=startswith(displayName,'l')", headers=EVENTUAL))
    assert (found["@odata.count"], found["value"][0]["id"]) == (1, left)
    for query, headers in (("", EVENTUAL), ("?$count=true", {})):
        answer = http.get(cast.replace("transitiveM", "m") + query, headers=headers)
        assert refused(answer)[:2] == (400, "Request_UnsupportedQuery")


@pytest.mark.documented("group-list-transitivemembers")
def test_members_of_nested_groups_are_members_transitively(http: httpx.Client) -> None:
    anna, bert = person(http, "anna"), person(http, "bert")
    inner = group(http, "Inner", members=[anna, bert])
    outer = group(http, "Outer", members=[inner, anna])
    assert members(http, outer) == [inner, anna]
    assert sorted(members(http, outer, "transitiveMembers")) == sorted([inner, anna, bert])
    kinds = {e["id"]: e["@odata.type"] for e in ok(http.get(f"/v1.0/groups/{outer}/members"))["value"]}
    assert kinds == {inner: "#microsoft.graph.group", anna: "#microsoft.graph.user"}


@pytest.mark.documented("graph/paging")
def test_members_and_memberships_come_in_pages(http: httpx.Client) -> None:
    people = [{"userPrincipalName": f"p{n}@contoso.example"} for n in range(120)]
    keys = [made["id"] for made in ok(http.post("/_control/users", json=people))["items"]]
    team = group(http, "Team", members=keys)
    found = pages(http, f"/v1.0/groups/{team}/members?$select=displayName")
    assert [len(page["value"]) for page in found] == [100, 20]
    assert set(found[0]["value"][0]) == {"@odata.type", "displayName"}
    counted = ok(http.get(f"/v1.0/groups/{team}/members?$count=true&$top=1", headers=EVENTUAL))
    assert counted["@odata.count"] == 120
    first = ok(http.get(f"/v1.0/groups/{team}/members?$top=50"))
    # Who was read already leaves between two pages: nobody is skipped.
    ok(http.delete(f"/v1.0/groups/{team}/members/{keys[3]}/$ref"))
    rest = pages(http, first["@odata.nextLink"])
    assert [e["id"] for page in rest for e in page["value"]] == keys[50:]
    for n in range(5):
        group(http, f"G{n}", members=[keys[0]])
    lists = pages(http, "/v1.0/users/p0@contoso.example/memberOf?$top=4")
    assert [len(page["value"]) for page in lists] == [4, 2]


@pytest.mark.documented("group-post-groups")
def test_new_groups_are_checked(http: httpx.Client) -> None:
    made = ok(http.post("/v1.0/groups", json=NEW))
    assert ok(http.get(f"/v1.0/groups/{made['id']}"))["securityIdentifier"].startswith("S-1-12-1-")
    wrong: list[dict[str, Any]] = [
        {"displayName": "x" * 257},
        {"displayName": None},
        {"mailNickname": "two words"},
        {"mailNickname": "x" * 65},
        {"mailEnabled": None},
        {"securityEnabled": False},
        {"securityEnabled": "yes"},
        {"isAssignableToRole": "yes"},
        {"members@odata.bind": ["nonsense"]},
        {"members@odata.bind": "x"},
    ]
    for change in wrong:
        assert refused(http.post("/v1.0/groups", json={**NEW, **change}))[:2] == (
            400,
            "Request_BadRequest",
        ), change
    for change in (
        {"groupTypes": ["Unified"], "mailEnabled": True},
        {"theme": "Teal"},
        {"groupTypes": ["DynamicMembership"]},
    ):
        assert refused(http.post("/v1.0/groups", json={**NEW, **change}))[0] == 501, change
    unknown = {**NEW, "members@odata.bind": [f"{ROOT}/users/00000000-0000-4000-8000-000000000000"]}
    assert refused(http.post("/v1.0/groups", json=unknown))[0] == 404


@pytest.mark.documented("group-delete")
def test_a_deleted_group_is_out_of_everything(http: httpx.Client) -> None:
    key = person(http, "anna")
    team = group(http, "Team", members=[key])
    outer = group(http, "Outer", members=[team])
    ok(http.delete(f"/v1.0/groups/{team}"))
    assert refused(http.get(f"/v1.0/groups/{team}"))[0] == 404
    assert members(http, outer) == []
    assert ok(http.get("/v1.0/users/anna@contoso.example/transitiveMemberOf"))["value"] == []


@pytest.mark.documented("group-get")
def test_new_groups_and_memberships_are_seen_late_when_ordered(http: httpx.Client) -> None:
    key = create(http)
    policy(http, replication_lag_seconds=60, member_lag_seconds=30)
    made = ok(http.post("/v1.0/groups", json=NEW))["id"]
    assert refused(http.get(f"/v1.0/groups/{made}"))[0] == 404
    assert refused(add(http, made, key))[0] == 404
    advance(http, "PT1M")
    ok(add(http, made, key))
    assert members(http, made) == []
    assert ok(http.get("/v1.0/users/adele@contoso.example/memberOf"))["value"] == []
    assert refused(add(http, made, key))[0] == 400
    advance(http, "PT30S")
    assert members(http, made) == [key]
    assert len(ok(http.get("/v1.0/users/adele@contoso.example/memberOf"))["value"]) == 1


@pytest.mark.documented("directoryrole-list-members")
def test_roles_that_somebody_holds_are_activated_and_have_members(http: httpx.Client) -> None:
    key = person(http, "boss", roles=["Helpdesk Administrator"])
    roles = {role["displayName"]: role for role in ok(http.get("/v1.0/directoryRoles"))["value"]}
    assert set(roles) == {"Global Administrator", "Helpdesk Administrator"}
    role = roles["Helpdesk Administrator"]
    assert role["id"] != role["roleTemplateId"]
    for name in (role["id"], role["roleTemplateId"], f"roleTemplateId={role['roleTemplateId']}"):
        assert [e["id"] for e in ok(http.get(f"/v1.0/directoryRoles/{name}/members"))["value"]] == [key]
    assert ok(http.get("/v1.0/users/boss@contoso.example/memberOf"))["value"][0]["id"] == role["id"]
    assert refused(http.get(f"/v1.0/directoryRoles/{key}/members"))[0] == 404
    assert refused(http.get("/v1.0/directoryRoles?$select=id"))[0] == 501


@pytest.mark.inferred("no page read says what a write to a group with a membership rule is answered")
def test_a_rule_decides_alone_about_the_members_of_its_group(http: httpx.Client) -> None:
    key = person(http, "anna")
    made = ok(
        http.post("/_control/groups", json={"displayName": "All", "membershipRule": 'user.city -eq "X"'})
    )
    team = made["id"]
    seen = ok(http.get(f"/v1.0/groups/{team}", params={"$select": "groupTypes,membershipRule"}))
    assert (seen["groupTypes"], seen["membershipRule"]) == (["DynamicMembership"], 'user.city -eq "X"')
    assert refused(add(http, team, key))[:2] == (400, "Request_BadRequest")
    assert refused(http.delete(f"/v1.0/groups/{team}/members/{key}/$ref"))[0] == 400
    assert members(http, team) == []


@pytest.mark.documented("group-list")
def test_groups_are_found_by_a_list_of_ids(http: httpx.Client) -> None:
    teams = [group(http, name) for name in ("One", "Two", "Three")]
    wanted = ",".join(f"'{key}'" for key in teams[:2])
    found = ok(http.get("/v1.0/groups", params={"$filter": f"id in ({wanted})", "$select": "id"}))["value"]
    assert sorted(entry["id"] for entry in found) == sorted(teams[:2])


@pytest.mark.inferred("a role-assignable group is a principal like any other; no page shows its row")
def test_a_group_that_holds_a_role_is_its_member_and_the_group_s_members_hold_it_through_it(
    http: httpx.Client,
) -> None:
    key = person(http, "boss")
    tier = group(http, "Tier 0", isAssignableToRole=True, members=[key], roles=["User Administrator"])
    assignments = "/v1.0/roleManagement/directory/roleAssignments"
    (row,) = ok(http.get(f"{assignments}?$filter=principalId eq '{tier}'&$expand=principal"))["value"]
    assert (row["principalId"], row["principal"]["id"]) == (tier, tier)
    assert row["principal"]["@odata.type"] == "#microsoft.graph.group"
    assert ok(http.get(f"{assignments}?$filter=principalId eq '{key}'"))["value"] == []
    template = row["roleDefinitionId"]
    (held,) = ok(http.get(f"/v1.0/directoryRoles/{template}/members?$select=id,userPrincipalName"))["value"]
    assert held == {"@odata.type": "#microsoft.graph.group", "id": tier}

    def roles(path: str) -> list[str]:
        rows = ok(http.get(f"/v1.0/{path}"))["value"]
        return [row["displayName"] for row in rows if row["@odata.type"] == "#microsoft.graph.directoryRole"]

    assert roles(f"users/{key}/memberOf") == []
    assert roles(f"users/{key}/transitiveMemberOf") == ["User Administrator"]
    ok(http.post("/_control/groups", json={"id": tier, "roles": []}))
    assert ok(http.get(f"{assignments}?$filter=principalId eq '{tier}'"))["value"] == []
