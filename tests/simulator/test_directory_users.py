"""Changing users: who may change what, what is late to be seen, and what deletion leaves behind."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from onboarding.simulator.server import SimulatorThread
from tests.simulator.graph_calls import (
    PASSWORD,
    advance,
    create,
    group,
    new_user,
    ok,
    person,
    policy,
    refused,
)

pytestmark = pytest.mark.documented("user-update")

ADELE = "/v1.0/users/adele@contoso.example"
DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
BIN = "/v1.0/directory/deletedItems"


@pytest.mark.documented("graph/api/resources/user")
def test_properties_that_a_read_shows_only_when_asked(http: httpx.Client) -> None:
    given: dict[str, Any] = {
        "employeeId": "HR-7",
        "usageLocation": "DE",
        "otherMails": ["a@home.example"],
        "department": "R&D",
        "employeeHireDate": "2026-01-01T00:00:00Z",
        "employeeType": "Employee",
        "employeeOrgData": {"division": "North", "costCenter": "4711"},
        "passwordPolicies": "DisablePasswordExpiration",
        "companyName": "Contoso",
    }
    create(http, **given)
    by_default = ok(http.get(ADELE))
    assert not set(by_default) & {*given, "accountEnabled", "createdDateTime", "passwordProfile"}
    asked = ok(http.get(ADELE, params={"$select": ",".join([*given, "accountEnabled", "passwordProfile"])}))
    assert {name: asked[name] for name in given} == given
    assert asked["accountEnabled"] is True
    assert asked["passwordProfile"] == {
        "password": None,
        "forceChangePasswordNextSignIn": False,
        "forceChangePasswordNextSignInWithMfa": False,
    }


@pytest.mark.documented("graph/api/resources/user")
def test_limits_of_properties_hold_on_create_and_on_update(http: httpx.Client) -> None:
    create(http)
    long = "x" * 250 + "@y"
    bad: list[tuple[str, Any]] = [
        ("employeeId", "x" * 17),
        ("givenName", "x" * 65),
        ("jobTitle", "x" * 129),
        ("companyName", "x" * 65),
        ("mailNickname", "x" * 65),
        ("mailNickname", "zoë"),
        ("usageLocation", "DEU"),
        ("usageLocation", "de"),
        ("usageLocation", None),
        ("businessPhones", ["1", "2"]),
        ("businessPhones", None),
        ("otherMails", ["zoë@x.example"]),
        ("otherMails", [long]),
        ("otherMails", ["a@b.example"] * 251),
        ("otherMails", "a@b.example"),
        ("preferredLanguage", "German (Germany)"),
        ("passwordPolicies", "None, Whatever"),
        ("employeeOrgData", {"division": 7}),
        ("employeeHireDate", "soon"),
        ("userType", "Robot"),
        ("accountEnabled", None),
        ("displayName", None),
        ("displayName", ""),
        ("userPrincipalName", "a.@contoso.example"),
        ("userPrincipalName", "x" * 65 + "@contoso.example"),
        ("userPrincipalName", "a@fabrikam.example"),
        ("userPrincipalName", None),
    ]
    for name, value in bad:
        changed = http.patch(ADELE, json={name: value})
        assert refused(changed)[:2] == (400, "Request_BadRequest"), (name, value)
        made = http.post("/v1.0/users", json=new_user("b@contoso.example", **{name: value}))
        assert refused(made)[:2] == (400, "Request_BadRequest"), (name, value)


def test_a_user_name_can_change_to_a_free_one_of_the_tenant(http: httpx.Client) -> None:
    key = create(http)
    create(http, "taken@contoso.example")
    for name in ("taken@contoso.example", "TAKEN@contoso.example"):
        answer = http.patch(ADELE, json={"userPrincipalName": name})
        assert refused(answer)[0] == 400
        assert answer.json()["error"]["details"][0]["code"] == "ObjectConflict"
    ok(http.patch(ADELE, json={"userPrincipalName": "Adele@contoso.example"}))
    ok(
        http.patch(
            ADELE, json={"userPrincipalName": "vance@contoso.onmicrosoft.com", "mailNickname": "vance"}
        )
    )
    assert refused(http.get(ADELE))[0] == 404
    assert ok(http.get("/v1.0/users/vance@contoso.onmicrosoft.com"))["id"] == key


@pytest.mark.observed("microsoftgraph/microsoft-graph-docs-contrib issue 8421")
def test_an_address_that_another_one_has_is_a_conflict_of_proxy_addresses(http: httpx.Client) -> None:
    person(http, "boss")
    create(http)
    answer = http.patch(ADELE, json={"mail": "BOSS@contoso.example"})
    assert refused(answer)[0] == 400
    assert answer.json()["error"]["details"][0] == {
        "code": "ObjectConflict",
        "message": "Another object with the same value for property proxyAddresses already exists.",
        "target": "proxyAddresses",
    }
    ok(http.patch("/v1.0/users/boss@contoso.example", json={"mail": "boss@contoso.example"}))


@pytest.mark.inferred(
    "proxyAddresses are unique across directory objects (user resource), and a user name becomes one with the mailbox; "
    "the shape of the refusal is that of issue 8421"
)
def test_a_user_name_that_is_somebody_elses_address_is_a_conflict_of_proxy_addresses(
    http: httpx.Client,
) -> None:
    create(http)
    ok(http.patch(ADELE, json={"mail": "Vance@contoso.example"}))
    made = http.post("/v1.0/users", json=new_user("vance@contoso.example"))
    create(http, "other@contoso.example")
    renamed = http.patch(
        "/v1.0/users/other@contoso.example", json={"userPrincipalName": "vance@contoso.example"}
    )
    for answer in (made, renamed):
        assert refused(answer)[0] == 400
        assert answer.json()["error"]["details"][0]["target"] == "proxyAddresses"
    assert refused(http.get("/v1.0/users/vance@contoso.example"))[0] == 404
    ok(http.patch(ADELE, json={"userPrincipalName": "vance@contoso.example"}))


def test_sensitive_changes_are_refused_for_administrators_only_and_not_to_an_app_with_a_high_role(
    http: httpx.Client,
) -> None:
    person(http, "boss", roles=["User Administrator"])
    person(http, "pim")
    group(http, "Tier 0", isAssignableToRole=True, members=["pim@contoso.example"])
    person(http, "reader", roles=["Directory Readers"])
    changes: list[dict[str, Any]] = [
        {"mobilePhone": "+49 1"},
        {"businessPhones": ["1"]},
        {"otherMails": []},
        {"accountEnabled": False},
        {"onPremisesImmutableId": "x"},
        {"userPrincipalName": "new@contoso.example"},
        {"city": "x", "mobilePhone": "+49 1"},
    ]
    for change in changes:
        for who in ("boss", "pim"):
            assert refused(http.patch(f"/v1.0/users/{who}@contoso.example", json=change)) == DENIED, change
    ok(http.patch("/v1.0/users/boss@contoso.example", json={"city": "x", "department": "IT"}))
    ok(http.patch("/v1.0/users/reader@contoso.example", json={"mobilePhone": "+49 1"}))
    policy(http, app_roles=["Privileged Authentication Administrator"])
    ok(http.patch("/v1.0/users/boss@contoso.example", json={"mobilePhone": "+49 1"}))


@pytest.mark.documented("graph/api/resources/user")
def test_a_password_needs_a_directory_role_and_a_high_one_for_administrators(http: httpx.Client) -> None:
    create(http)
    person(http, "boss", roles=["User Administrator"])
    change = {"passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": True}}
    assert refused(http.patch(ADELE, json=change)) == DENIED
    policy(http, app_roles=["User Administrator"])
    ok(http.patch(ADELE, json=change))
    shown = ok(http.get(ADELE, params={"$select": "passwordProfile"}))["passwordProfile"]
    assert shown["forceChangePasswordNextSignIn"] is True
    assert refused(http.patch(ADELE, json={"passwordProfile": {"password": "short"}}))[0] == 400
    assert refused(http.patch("/v1.0/users/boss@contoso.example", json=change)) == DENIED
    policy(http, app_roles=["Global Administrator"])
    ok(http.patch("/v1.0/users/boss@contoso.example", json=change))
    records = ok(http.get("/v1.0/auditLogs/directoryAudits"))
    assert PASSWORD not in str(records)


@pytest.mark.observed("words of a refusal that many public issues quote")
def test_properties_that_are_mastered_on_premises_are_read_only(http: httpx.Client) -> None:
    person(http, "s", onPremisesSyncEnabled=True)
    for change in ({"mobilePhone": "1"}, {"displayName": "x"}, {"userPrincipalName": "t@contoso.example"}):
        assert "on-premises mastered" in refused(http.patch("/v1.0/users/s@contoso.example", json=change))[2]
    ok(http.patch("/v1.0/users/s@contoso.example", json={"usageLocation": "DE", "otherMails": []}))


@pytest.mark.documented("user-delete")
def test_a_deleted_user_is_gone_from_everywhere_but_the_deleted_items(http: httpx.Client) -> None:
    key = create(http, employeeId="7")
    team = group(http, "Team", members=[key])
    ok(http.delete(ADELE))
    assert refused(http.get(ADELE))[0] == 404
    assert refused(http.delete(ADELE))[0] == 404
    assert ok(http.get("/v1.0/users", params={"$filter": "employeeId eq '7'"}))["value"] == []
    assert ok(http.get(f"/v1.0/groups/{team}/members"))["value"] == []
    assert ok(http.get(f"{BIN}/{key}"))["id"] == key
    shown = ok(http.get(f"{BIN}/microsoft.graph.user?$select=id,deletedDateTime"))["value"]
    assert [user["id"] for user in shown] == [key]
    assert shown[0]["deletedDateTime"].endswith("Z")


@pytest.mark.documented("user-delete")
def test_administrators_are_not_deleted_nor_restored_by_an_app_without_a_high_role(
    http: httpx.Client,
) -> None:
    key = person(http, "boss", roles=["Global Administrator"])
    assert refused(http.delete(f"/v1.0/users/{key}")) == DENIED
    policy(http, app_roles=["Global Administrator"])
    ok(http.delete(f"/v1.0/users/{key}"))
    policy(http, app_roles=[])
    assert refused(http.post(f"{BIN}/{key}/restore")) == DENIED
    assert refused(http.delete(f"{BIN}/{key}")) == DENIED


@pytest.mark.documented("directory-deleteditems-restore")
def test_a_restored_user_has_groups_methods_and_licences_again(http: httpx.Client) -> None:
    key = create(http, employeeId="7", usageLocation="DE")
    team = group(http, "Team", members=[key])
    ok(http.post(f"/_control/users/{key}/methods", json={"method": "mobilePhone"}))
    ok(http.delete(ADELE))
    back = ok(http.post(f"{BIN}/{key}/restore"))
    assert (back["id"], back["userPrincipalName"]) == (key, "adele@contoso.example")
    assert [entry["id"] for entry in ok(http.get(f"{ADELE}/memberOf"))["value"]] == [team]
    assert len(ok(http.get(f"{ADELE}/authentication/methods"))["value"]) == 2
    assert len(ok(http.get("/v1.0/users", params={"$filter": "employeeId eq '7'"}))["value"]) == 1
    assert refused(http.post(f"{BIN}/{key}/restore"))[0] == 404


@pytest.mark.observed("microsoftgraph/entra-powershell issue 1484")
def test_a_name_that_is_taken_by_now_stands_against_a_restore_until_a_new_one_is_given(
    http: httpx.Client,
) -> None:
    key = create(http)
    ok(http.delete(ADELE))
    create(http)
    answer = http.post(f"{BIN}/{key}/restore")
    assert refused(answer)[:2] == (400, "Request_BadRequest")
    assert answer.json()["error"]["details"][0]["target"] == "userPrincipalName"
    for wrong in ({"newUserPrincipalName": "x@fabrikam.example"}, {"newUserPrincipalName": 7}):
        assert refused(http.post(f"{BIN}/{key}/restore", json=wrong))[0] == 400
    back = ok(http.post(f"{BIN}/{key}/restore", json={"newUserPrincipalName": "adele2@contoso.example"}))
    assert back["userPrincipalName"] == "adele2@contoso.example"
    assert ok(http.get("/v1.0/users/adele2@contoso.example"))["id"] == key


@pytest.mark.documented("directory-deleteditems-restore")
def test_an_address_that_is_taken_by_now_is_given_up_on_request(http: httpx.Client) -> None:
    key = person(http, "old", mail="shared@contoso.example")
    ok(http.delete(f"/v1.0/users/{key}"))
    person(http, "new", mail="shared@contoso.example")
    assert refused(http.post(f"{BIN}/{key}/restore"))[0] == 400
    assert ok(http.post(f"{BIN}/{key}/restore", json={"autoReconcileProxyConflict": True}))["mail"] is None


@pytest.mark.documented("directory-deleteditems-restore")
def test_after_30_days_or_a_permanent_deletion_nothing_comes_back(http: httpx.Client) -> None:
    first, second = create(http, "a@contoso.example"), create(http, "b@contoso.example")
    for key in (first, second):
        ok(http.delete(f"/v1.0/users/{key}"))
    ok(http.delete(f"{BIN}/{first}"))
    advance(http, "P29DT23H")
    assert [u["id"] for u in ok(http.get(f"{BIN}/graph.user"))["value"]] == [second]
    advance(http, "PT1H")
    assert ok(http.get(f"{BIN}/microsoft.graph.user"))["value"] == []
    for key in (first, second):
        assert refused(http.post(f"{BIN}/{key}/restore"))[0] == 404
        assert refused(http.delete(f"{BIN}/{key}"))[0] == 404


@pytest.mark.observed("public answers of deletedItems show the object id before the name")
def test_a_deleted_user_s_name_has_the_id_before_it(http: httpx.Client) -> None:
    key = create(http)
    ok(http.delete(ADELE))
    name = ok(http.get(f"{BIN}/{key}"))["userPrincipalName"]
    assert name == key.replace("-", "") + "adele@contoso.example"


@pytest.mark.documented("user-revokesigninsessions")
def test_revoking_sessions_moves_the_moment_from_which_they_are_valid(http: httpx.Client) -> None:
    create(http)
    field = "signInSessionsValidFromDateTime"

    def valid_from() -> str:
        return str(ok(http.get(ADELE, params={"$select": field}))[field])

    before = valid_from()
    advance(http, "PT1H")
    assert ok(http.post(f"{ADELE}/revokeSignInSessions"))["value"] is True
    assert valid_from() > before
    assert refused(http.post(f"{ADELE}/microsoft.graph.revokeSignInSessions", json={"x": 1}))[0] == 400


@pytest.mark.inferred("no page says how late a manager link is; any link may be")
def test_a_new_manager_is_seen_late_and_the_old_one_until_then(
    http: httpx.Client, sim: SimulatorThread
) -> None:
    old, new = person(http, "old"), person(http, "new")
    person(http, "low", manager=old)
    path = "/v1.0/users/low@contoso.example/manager"
    policy(http, manager_lag_seconds=30)
    ok(http.put(path + "/$ref", json={"@odata.id": f"{sim.graph_url}/users/{new}"}))
    assert ok(http.get(path))["id"] == old
    advance(http, "PT30S")
    assert ok(http.get(path))["id"] == new
    ok(http.delete(path + "/$ref"))
    assert ok(http.get(path))["id"] == new
    advance(http, "PT30S")
    assert refused(http.get(path))[0] == 404
    assert refused(http.delete(path + "/$ref"))[0] == 404


@pytest.mark.observed("microsoftgraph/msgraph-bicep-types issue 193, msgraph-sdk-dotnet issue 2508")
def test_a_reference_to_a_user_who_has_not_replicated_is_404_or_400_that_means_wait(
    http: httpx.Client, sim: SimulatorThread
) -> None:
    person(http, "low")
    team = group(http, "Team")
    policy(http, replication_lag_seconds=60)
    key = create(http)
    reference = {"@odata.id": f"{sim.graph_url}/users/{key}"}
    calls = (
        ("PUT", "/v1.0/users/low@contoso.example/manager/$ref", reference),
        ("POST", f"/v1.0/groups/{team}/members/$ref", reference),
        ("PATCH", f"/v1.0/groups/{team}", {"members@odata.bind": [reference["@odata.id"]]}),
    )
    for method, path, body in calls:
        assert refused(http.request(method, path, json=body))[:2] == (404, "Request_ResourceNotFound")
    policy(http, unreplicated_reference="bad_request")
    for method, path, body in calls:
        answer = refused(http.request(method, path, json=body))
        assert answer == (400, "Request_BadRequest", "Not a valid reference update.")
    advance(http, "PT1M")
    assert ok(http.request(*calls[0][:2], json=calls[0][2])) is None
    assert ok(http.request(*calls[1][:2], json=calls[1][2])) is None


@pytest.mark.documented("graph/api/resources/user")
def test_a_leave_date_is_written_to_a_user_who_exists(http: httpx.Client) -> None:
    create(http)
    ok(http.patch(ADELE, json={"employeeLeaveDateTime": "2026-12-31T23:00:00Z"}))
    asked = ok(http.get(ADELE, params={"$select": "employeeLeaveDateTime"}))
    assert asked["employeeLeaveDateTime"] == "2026-12-31T23:00:00Z"
    assert refused(http.patch(ADELE, json={"employeeLeaveDateTime": "soon"}))[:2] == (
        400,
        "Request_BadRequest",
    )


@pytest.mark.documented("user-list")
def test_one_of_two_properties_may_equal_the_value(http: httpx.Client) -> None:
    key = create(http, mail="adele@home.example")
    for address in ("adele@home.example", "ADELE@CONTOSO.EXAMPLE", "nobody@contoso.example"):
        wanted = f"userPrincipalName eq '{address}' or mail eq '{address}'"
        found = ok(http.get("/v1.0/users", params={"$filter": wanted}))["value"]
        assert [entry["id"] for entry in found] == ([] if "nobody" in address else [key])
