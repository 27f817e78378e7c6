"""Users, managers and privileges: what goes over the wire, and what the answers become."""

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from onboarding import observe
from onboarding.errors import EffectUnknown, NotYetVisible, OperatorError, PermissionMissing, Unavailable
from onboarding.graph.client import GraphConnection
from onboarding.graph.directory import GraphDirectory
from onboarding.ports import NameTaken, NewUser
from tests.graph.conftest import batched

NEW = NewUser(
    user_principal_name="sean.o'neill@contoso.example",
    mail_nickname="sean.oneill",
    display_name="Seán O'Neill Ørsted-Groß 山田",
    employee_id="E'1",
    password="Xy9!never-logged",
    given_name="Seán",
    surname="O'Neill",
    usage_location="IE",
    employee_hire_date=datetime(2028, 2, 29, tzinfo=UTC),
)
SELECT = (
    "$select=id,userPrincipalName,employeeId,displayName,mail,accountEnabled,createdDateTime,userType,"
    "onPremisesSyncEnabled,usageLocation,employeeHireDate,assignedLicenses"
)


async def test_a_user_is_created_with_what_is_known_and_a_password_to_be_changed(rig):
    rig.reply(
        httpx.Response(201, json={"id": "u1", "userPrincipalName": NEW.user_principal_name, "mail": None})
    )
    user = await rig.directory.create_user(NEW)
    assert rig.wire.target() == "POST /v1.0/users"
    assert rig.wire.body() == {
        "accountEnabled": True,
        "userPrincipalName": "sean.o'neill@contoso.example",
        "mailNickname": "sean.oneill",
        "displayName": "Seán O'Neill Ørsted-Groß 山田",
        "employeeId": "E'1",
        "givenName": "Seán",
        "surname": "O'Neill",
        "usageLocation": "IE",
        "employeeHireDate": "2028-02-29T00:00:00+00:00",
        "passwordProfile": {"password": "Xy9!never-logged", "forceChangePasswordNextSignIn": True},
    }
    assert (user.id, user.employee_id, user.account_enabled) == ("u1", "E'1", True)
    assert user.display_name == NEW.display_name


async def test_every_request_carries_the_token_and_asks_for_json(rig):
    rig.reply(httpx.Response(200, json={"value": []}))
    await rig.directory.find_by_employee_id("1")
    headers = rig.wire.requests[0].headers
    assert headers["authorization"] == "Bearer pretend-token-for-the-simulator"
    assert headers["accept"] == "application/json"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"userPrincipalName":"x"}'])
async def test_a_201_that_names_no_id_is_doubt_not_a_second_account(rig, body):
    rig.reply(httpx.Response(201, content=body))
    with pytest.raises(EffectUnknown):
        await rig.directory.create_user(NEW)
    assert len(rig.wire.requests) == 1


@pytest.mark.parametrize(
    ("upn", "path"),
    [
        ("anna@contoso.example", "/v1.0/users/anna%40contoso.example"),
        ("sean.o'neill@contoso.example", "/v1.0/users/sean.o%27neill%40contoso.example"),
        ("a_b.com#EXT#@c.example", "/v1.0/users/a_b.com%23EXT%23%40c.example"),
        ("a/b?c@c.example", "/v1.0/users/a%2Fb%3Fc%40c.example"),
        ("$anna@c.example", "/v1.0/users('%24anna%40c.example')"),
        ("$o'neill@c.example", "/v1.0/users('%24o%27%27neill%40c.example')"),
        ("../groups", "/v1.0/users/..%2Fgroups"),
    ],
)
async def test_a_upn_in_the_path_names_that_user_and_nothing_else(rig, upn, path):
    rig.reply(httpx.Response(200, json={"id": "u"}))
    await rig.directory.get_user(upn)
    assert rig.wire.target() == f"GET {path}?{SELECT}"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("O'Neill", "%27O%27%27Neill%27"),
        (
            "x' or 1 eq 1 or employeeId eq '",
            "%27x%27%27%20or%201%20eq%201%20or%20employeeId%20eq%20%27%27%27",
        ),
        ("a&$top=1", "%27a%26%24top%3D1%27"),
        ("山", "%27%E5%B1%B1%27"),
        ("a+b#c", "%27a%2Bb%23c%27"),
    ],
)
async def test_quotes_in_a_filter_are_doubled_and_nothing_escapes_the_literal(rig, value, literal):
    rig.reply(httpx.Response(200, json={"value": []}))
    assert await rig.directory.find_by_employee_id(value) == []
    assert rig.wire.target() == f"GET /v1.0/users?$filter=employeeId%20eq%20{literal}&{SELECT}"


async def test_a_user_is_read_with_times_in_utc_and_null_sync_as_not_synced(rig):
    row = {"id": "u", "userPrincipalName": "a@b.c", "createdDateTime": "2026-11-22T10:00:00.1234567Z"}
    rig.reply(httpx.Response(200, json=row | {"onPremisesSyncEnabled": None, "accountEnabled": False}))
    user = await rig.directory.get_user("u")
    assert user.created_at == datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
    assert (user.synced, user.account_enabled, user.mail) == (False, False, None)


async def test_no_such_user_is_none_but_a_404_of_something_else_is_loud(rig, graph_error):
    rig.reply(graph_error(404, "Request_ResourceNotFound"))
    assert await rig.directory.get_user("nobody@contoso.example") is None
    rig.reply(httpx.Response(404, text="<h1>nginx</h1>"))
    with pytest.raises(Exception, match="GRAPH_BASE_URL"):
        await rig.directory.get_user("nobody@contoso.example")


async def test_no_manager_is_none(rig, graph_error):
    rig.reply(graph_error(404, "Request_ResourceNotFound", "Resource 'manager' does not exist"))
    assert await rig.directory.get_manager("u1") is None
    assert rig.wire.target() == f"GET /v1.0/users/u1/manager?{SELECT}"


async def test_an_address_is_looked_for_as_upn_and_as_mail_in_one_request(rig):
    row = {"id": "u", "userPrincipalName": "a@b.c", "mail": "a@b.c"}
    rig.reply(httpx.Response(200, json={"value": [row]}))
    assert [user.id for user in await rig.directory.find_by_address("o'a@b.c")] == ["u"]
    assert [r.url.params["$filter"] for r in rig.wire.requests] == [
        "userPrincipalName eq 'o''a@b.c' or mail eq 'o''a@b.c'"
    ]


async def test_other_addresses_are_looked_for_where_asked(rig):
    proxies = ["SMTP:New@b.c", "smtp:O'A@b.c", "X500:/o=Contoso"]
    row = {"id": "u", "userPrincipalName": "new@b.c", "mail": "new@b.c", "proxyAddresses": proxies}
    rig.reply(httpx.Response(200, json={"value": [row]}))
    (found,) = await rig.directory.find_by_address("o'a@b.c", aliases=True)
    assert found.addresses == ("new@b.c", "o'a@b.c")
    assert "proxyAddresses" in rig.wire.requests[0].url.params["$select"].split(",")
    assert [r.url.params["$filter"] for r in rig.wire.requests] == [
        "userPrincipalName eq 'o''a@b.c' or mail eq 'o''a@b.c' or proxyAddresses/any(p:p eq 'smtp:o''a@b.c')"
    ]


async def test_a_manager_is_set_by_reference_in_the_same_cloud(rig):
    rig.reply(httpx.Response(204))
    await rig.directory.set_manager("u1", "m1")
    assert rig.wire.target() == "PUT /v1.0/users/u1/manager/$ref"
    assert rig.wire.body() == {"@odata.id": "http://127.0.0.1:9/v1.0/users/m1"}


async def test_a_reference_to_what_has_not_replicated_is_waited_for(rig, graph_error):
    rig.reply(graph_error(400, "Request_BadRequest", "Not a valid reference update."))
    with pytest.raises(NotYetVisible):
        await rig.directory.set_manager("u1", "m1")
    rig.reply(graph_error(404, "Directory_ObjectNotFound"))
    with pytest.raises(NotYetVisible):
        await rig.directory.set_manager("u1", "m1")


NONE = httpx.Response(200, json={"value": []})


def _memberships(*rows):
    return [batched(NONE, httpx.Response(200, json={"value": list(rows)}))]


GROUP = {"@odata.type": "#microsoft.graph.group", "id": "g", "displayName": "Staff"}


async def test_privileges_are_role_assignments_activated_roles_and_role_assignable_groups(rig):
    rig.reply(batched(httpx.Response(200, json={"value": [{"id": "ra"}]}), NONE))
    assert await rig.directory.has_privileges("u1") is True
    assert len(rig.wire.requests) == 1
    rig.reply(*_memberships(GROUP | {"isAssignableToRole": True}))
    assert await rig.directory.has_privileges("u1") is True
    rig.reply(*_memberships({"@odata.type": "#microsoft.graph.directoryRole", "id": "r", "displayName": "x"}))
    assert await rig.directory.has_privileges("u1") is True


@pytest.mark.parametrize("assignable", [False, None])
async def test_ordinary_groups_are_no_privilege(rig, assignable):
    unit = {"@odata.type": "#microsoft.graph.administrativeUnit", "id": "a", "displayName": None}
    rig.reply(*_memberships(GROUP | {"isAssignableToRole": assignable}, unit))
    assert await rig.directory.has_privileges("u1") is False


async def test_a_group_whose_properties_are_hidden_is_not_taken_for_harmless(rig):
    hidden = {
        "@odata.type": "#microsoft.graph.group",
        "id": "g",
        "displayName": None,
        "isAssignableToRole": None,
    }
    rig.reply(*_memberships(hidden))
    with pytest.raises(PermissionMissing, match=r"Directory\.Read\.All"):
        await rig.directory.has_privileges("u1")


async def test_privileges_of_a_user_who_has_not_replicated_are_not_denied_but_waited_for(rig, graph_error):
    rig.reply(batched(NONE, graph_error(404, "Request_ResourceNotFound")))
    with pytest.raises(NotYetVisible):
        await rig.directory.has_privileges("u1")


async def test_the_second_page_counts_too(rig):
    first = {
        "value": [GROUP],
        "@odata.nextLink": "http://127.0.0.1:9/v1.0/users/u1/memberOf?$skiptoken=a%3D%27b",
    }
    second = {"value": [GROUP | {"isAssignableToRole": True}]}
    rig.reply(batched(NONE, httpx.Response(200, json=first)), httpx.Response(200, json=second))
    assert await rig.directory.has_privileges("u1") is True
    assert rig.wire.target() == "GET /v1.0/users/u1/memberOf?$skiptoken=a%3D%27b"
    assert rig.wire.requests[-1].headers["authorization"]


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/v1.0/users", "http://127.0.0.1:10/v1.0/x", "//evil.example/x", "/v1.0/x", 5],
)
async def test_a_next_link_to_another_host_gets_neither_request_nor_token(rig, link):
    rig.reply(httpx.Response(200, json={"value": [], "@odata.nextLink": link}))
    with pytest.raises(Exception, match="another host"):
        await rig.directory.find_by_employee_id("1")
    assert len(rig.wire.requests) == 1


async def test_two_pages_at_once_do_not_disturb_each_other(rig):
    """The SDK's builders share one dict of path parameters; a next link must not end up in another request."""
    import asyncio

    def answer(request: httpx.Request) -> httpx.Response:
        if "skiptoken" in str(request.url):
            return httpx.Response(200, json={"value": []})
        link = "http://127.0.0.1:9/v1.0/users?$skiptoken=x"
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

    rig.reply(answer)
    await asyncio.gather(*(rig.directory.find_by_employee_id(str(n)) for n in range(20)))
    asked = [r.url.params["$filter"] for r in rig.wire.requests if "$filter" in r.url.params]
    assert sorted(asked) == sorted(f"employeeId eq '{n}'" for n in range(20))
    assert len(rig.wire.requests) == 40


async def test_request_ids_of_all_answers_reach_the_timeline(rig, graph_error):
    rig.reply(
        graph_error(503, "ServiceUnavailable"),
        httpx.Response(200, json={"value": []}, headers={"request-id": "b"}),
    )
    with observe.request_ids() as ids:
        await rig.directory.find_by_employee_id("1")
    assert ids == ["req-1", "b"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"value": 5}', b"{}"])
async def test_an_unreadable_collection_is_no_empty_collection(rig, body):
    rig.reply(httpx.Response(200, content=body))
    with pytest.raises(Unavailable):
        await rig.directory.find_by_employee_id("1")


async def test_dry_run_sends_no_write_whatever_the_caller_forgot(rig, settings):
    dry = GraphConnection(
        replace(settings, mode="dry_run"), sleep=rig.time.sleep, fraction=lambda: 0.5, transport=rig.wire
    )
    rig.reply(httpx.Response(200, json={"value": []}))
    directory = GraphDirectory(dry)
    assert await directory.find_by_employee_id("1") == []
    with pytest.raises(OperatorError) as caught:
        await directory.create_user(NEW)
    assert caught.value.code == "dry_run"
    with pytest.raises(OperatorError):
        await directory.set_manager("a", "b")
    assert [request.method for request in rig.wire.requests] == ["GET"]
    await dry.aclose()


async def test_doctor_names_each_missing_permission_and_goes_on(rig, graph_error):
    def answer(request):
        if "roleAssignments" in str(request.url):
            return graph_error(403, "Authorization_RequestDenied")
        if "userRegistrationDetails" in str(request.url):
            return graph_error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
        if "organization" in str(request.url):
            return httpx.Response(
                200, json={"value": [{"id": "o", "verifiedDomains": [{"name": "other.example"}]}]}
            )
        return httpx.Response(200, json={"value": [], "state": "enabled"})

    rig.reply(answer)
    findings = await rig.directory.check()
    assert {name for name, text in findings.items() if text == "ok"} == {"users", "access_pass", "audit_log"}
    assert "RoleManagement.Read.Directory" in findings["roles"]
    assert "RoleManagement.Read.Directory" in findings["role_holders"]
    assert "P1" in findings["registration_report"]
    assert "ONBOARDING_DOMAIN" in findings["domain"]


async def test_doctor_stops_when_nobody_is_signed_in(rig, graph_error):
    rig.reply(graph_error(401, "InvalidAuthenticationToken"))
    findings = await rig.directory.check()
    assert list(findings) == ["users"]


async def test_a_taken_name_is_not_an_error_of_ours(rig, graph_error):
    message = "Another object with the same value for property userPrincipalName already exists."
    rig.reply(
        graph_error(
            400,
            "Request_BadRequest",
            message,
            {"code": "ObjectConflict", "message": message, "target": "userPrincipalName"},
        )
    )
    with pytest.raises(NameTaken):
        await rig.directory.create_user(NEW)
    assert len(rig.wire.requests) == 1
