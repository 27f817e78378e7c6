"""Who holds a directory role: read in few requests, whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from onboarding.errors import DeployerError, PermissionMissing, Throttled, Unavailable
from onboarding.graph.client import GraphConnection
from onboarding.graph.directory import GraphDirectory

ROOT = "http://127.0.0.1:9/v1.0"
USER, GROUP, APP = (f"#microsoft.graph.{kind}" for kind in ("user", "group", "servicePrincipal"))
ASSIGNMENTS, MEMBERS = "/v1.0/roleManagement/directory/roleAssignments", "/v1.0/groups/g1/members"


def held_by(key: str, kind: str | None = USER, **more: Any) -> dict[str, Any]:
    principal = {"@odata.type": kind, "id": key, "displayName": "x"} if kind else None
    return {"id": f"a-{key}", "principalId": key, "roleDefinitionId": "r", "principal": principal, **more}


def person(key: str, number: str | None = None) -> dict[str, Any]:
    return {"id": key, "userPrincipalName": f"{key}@contoso.example", "employeeId": number}


class Tenant:
    """Answers by path: assignments, users by id, members of groups. `said` overrides a path."""

    def __init__(self, *assignments: dict[str, Any], **members: list[dict[str, Any]]) -> None:
        self.assignments, self.members = list(assignments), members
        self.said: dict[str, httpx.Response] = {}
        self.known = {f"u{number}": person(f"u{number}") for number in range(1, 40)}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path in self.said:
            return self.said[path]
        if path == ASSIGNMENTS:
            return self._rows(self.assignments)
        if path == "/v1.0/users":
            asked = request.url.params["$filter"]
            return self._rows([user for key, user in self.known.items() if f"'{key}'" in asked])
        return self._rows(self.members[path.split("/")[3]])

    @staticmethod
    def _rows(rows: list[dict[str, Any]]) -> httpx.Response:
        return httpx.Response(200, json={"value": rows})


async def names(rig) -> list[str]:
    return [user.user_principal_name for user in await rig.directory.role_holders()]


async def test_people_are_named_in_one_request_and_each_of_them_once(rig):
    tenant = Tenant(held_by("u1"), held_by("u2", directoryScopeId="/administrativeUnits/x"), held_by("u1"))
    tenant.known["u1"] = person("u1", "4711")
    rig.reply(tenant)
    found = await rig.directory.role_holders()
    assert [(user.id, user.user_principal_name, user.employee_id) for user in found] == [
        ("u1", "u1@contoso.example", "4711"),
        ("u2", "u2@contoso.example", None),
    ]
    assignments, users = rig.wire.requests
    assert (assignments.url.path, dict(assignments.url.params)) == (ASSIGNMENTS, {"$expand": "principal"})
    assert dict(users.url.params) == {
        "$filter": "id in ('u1','u2')",
        "$select": "id,userPrincipalName,employeeId",
    }


async def test_fifteen_people_fit_into_a_request(rig):
    rig.reply(Tenant(*(held_by(f"u{number}") for number in range(1, 32))))
    assert len(await names(rig)) == 31
    filters = [request.url.params["$filter"] for request in rig.wire.requests[1:]]
    assert [text.count("'u") for text in filters] == [15, 15, 1]


async def test_members_of_a_group_that_holds_a_role_hold_it_too(rig):
    service = {"@odata.type": APP, "id": "s1", "displayName": "x"}
    members = [{"@odata.type": USER, **person("u7")}, service, {"@odata.type": USER, **person("u1")}]
    rig.reply(Tenant(held_by("u1"), held_by("g1", GROUP), held_by("g1", GROUP), g1=members))
    assert await names(rig) == ["u1@contoso.example", "u7@contoso.example"]
    last = rig.wire.requests[-1]
    assert (last.url.path, len(rig.wire.requests)) == (MEMBERS, 3)
    assert dict(last.url.params) == {"$select": "id,userPrincipalName,employeeId", "$top": "999"}


async def test_a_service_principal_has_no_name_to_be_mistaken_for(rig):
    rig.reply(Tenant(held_by("s1", APP)))
    assert await names(rig) == []
    assert len(rig.wire.requests) == 1


@pytest.mark.parametrize(("key", "expected"), [("u3", ["u3@contoso.example"]), ("gone", [])])
async def test_a_principal_without_a_type_is_looked_for_among_the_users(rig, key, expected):
    rig.reply(Tenant(held_by(key, None)))
    assert await names(rig) == expected


async def test_every_list_is_read_to_its_last_page(rig):
    def answer(request: httpx.Request) -> httpx.Response:
        path, second = request.url.path, "skiptoken" in str(request.url)
        rows: list[dict[str, Any]]
        if path == ASSIGNMENTS:
            rows = [held_by("g1", GROUP)] if second else [held_by("u1")]
        elif path == MEMBERS:
            rows = [{"@odata.type": USER, **person("u8" if second else "u7")}]
        else:
            rows = [person("u1")]
        more = (
            {}
            if second or path == "/v1.0/users"
            else {"@odata.nextLink": f"http://127.0.0.1:9{path}?$skiptoken=x"}
        )
        return httpx.Response(200, json={"value": rows, **more})

    rig.reply(answer)
    assert await names(rig) == [f"{key}@contoso.example" for key in ("u1", "u7", "u8")]
    assert len(rig.wire.requests) == 5


async def test_a_group_that_is_gone_since_has_no_members(rig, graph_error):
    tenant = Tenant(held_by("u1"), held_by("g1", GROUP))
    tenant.said[MEMBERS] = graph_error(404, "Request_ResourceNotFound")
    rig.reply(tenant)
    assert await names(rig) == ["u1@contoso.example"]


async def test_somebody_whose_name_is_hidden_makes_no_list_with_a_hole(rig):
    hidden = {"@odata.type": USER, "id": "u9", "userPrincipalName": None, "employeeId": None}
    rig.reply(Tenant(held_by("g1", GROUP), g1=[hidden]))
    with pytest.raises(PermissionMissing, match=r"User\.Read\.All"):
        await rig.directory.role_holders()


@pytest.mark.parametrize(
    ("path", "permission"),
    [(ASSIGNMENTS, r"RoleManagement\.Read\.Directory"), (MEMBERS, r"GroupMember\.Read\.All")],
)
async def test_a_missing_permission_is_named_and_doctor_says_what_follows(rig, graph_error, path, permission):
    tenant = Tenant(held_by("g1", GROUP), g1=[])
    tenant.said[path] = graph_error(403, "Authorization_RequestDenied")
    rig.reply(tenant)
    with pytest.raises(PermissionMissing, match=permission):
        await rig.directory.role_holders()
    assert "protected_names" in await rig.directory._check_holders()


async def test_a_list_that_graph_gives_only_with_a_filter_is_a_refusal_and_no_empty_list(rig, graph_error):
    tenant = Tenant()
    tenant.said[ASSIGNMENTS] = graph_error(400, "Request_UnsupportedQuery")
    rig.reply(tenant)
    with pytest.raises(DeployerError) as caught:
        await rig.directory.role_holders()
    assert caught.value.code == "graph_refused"


@pytest.mark.parametrize("path", [ASSIGNMENTS, "/v1.0/users", MEMBERS])
@pytest.mark.parametrize(("status", "error"), [(503, Unavailable), (429, Throttled)])
async def test_a_tenant_that_does_not_answer_gives_no_list(rig, graph_error, path, status, error):
    tenant = Tenant(held_by("u1"), held_by("g1", GROUP), g1=[])
    tenant.said[path] = graph_error(status, "x")
    rig.reply(tenant)
    with pytest.raises(error):
        await rig.directory.role_holders()


async def test_doctor_asks_whatever_the_first_credential_is(rig, settings):
    rig.reply(httpx.Response(200, json={"value": []}))
    none = GraphConnection(
        replace(settings, first_credential="none"),
        sleep=rig.time.sleep,
        fraction=lambda: 0.5,
        transport=rig.wire,
    )
    assert (await GraphDirectory(none).check())["role_holders"] == "ok"
    await none.aclose()
