"""Tenant-wide policies, Conditional Access and directory roles."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("authenticationmethodspolicy-update")

POLICY = "/v1.0/policies/authenticationMethodsPolicy"
CA = "/v1.0/identity/conditionalAccess/policies"
ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignments"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


def patch(http: httpx.Client, **campaign: Any) -> httpx.Response:
    enforcement = {"authenticationMethodsRegistrationCampaign": campaign}
    return http.patch(POLICY, json={"registrationEnforcement": enforcement})


def campaign(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get(POLICY).json()["registrationEnforcement"]
    return found["authenticationMethodsRegistrationCampaign"]  # type: ignore[no-any-return]


def test_the_registration_campaign_changes_and_what_is_not_sent_stays(http: httpx.Client) -> None:
    before = campaign(http)
    group = {"id": "3ee3a9de-0a86-4e12-a287-9769accf1ba2", "targetType": "group"}
    changed = patch(http, state="enabled", snoozeDurationInDays=0, excludeTargets=[group])
    assert changed.status_code == 200
    assert campaign(http) == before | {
        "state": "enabled",
        "snoozeDurationInDays": 0,
        "excludeTargets": [group],
    }
    assert http.get(POLICY).json()["lastModifiedDateTime"] > "2026"
    passkeys = [{**group, "targetedAuthenticationMethod": "fido2"}]
    assert patch(http, includeTargets=passkeys).status_code == 200
    assert campaign(http)["includeTargets"] == passkeys


@pytest.mark.documented("graph/api/resources/authenticationmethodsregistrationcampaign")
def test_the_campaign_s_limits_hold(http: httpx.Client) -> None:
    before = campaign(http)
    bad: list[dict[str, Any]] = [
        {"snoozeDurationInDays": 15},
        {"snoozeDurationInDays": -1},
        {"snoozeDurationInDays": True},
        {"snoozeDurationInDays": "1"},
        {"state": "on"},
        {"includeTargets": [{"id": "x", "targetType": "group"}]},
        {"includeTargets": [{"id": "x", "targetType": "group", "targetedAuthenticationMethod": "sms"}]},
        {"excludeTargets": [{"id": "x", "targetType": "role"}]},
        {"excludeTargets": "all"},
        {"enforceRegistrationAfterAllowedSnoozes": 3},
    ]
    for change in bad:
        assert patch(http, **change).status_code == 400, change
    for days in (0, 14):
        assert patch(http, snoozeDurationInDays=days).status_code == 200
    assert campaign(http) == before | {"snoozeDurationInDays": 14}


@pytest.mark.inferred("strictness of the simulator: what it does not know it does not answer")
def test_nothing_but_the_registration_enforcement_can_be_changed(http: httpx.Client) -> None:
    unknown: list[dict[str, Any]] = [
        {"policyMigrationState": "preMigration"},
        {"authenticationMethodConfigurations": []},
        {"registrationEnforcement": {"other": {}}},
    ]
    empty: list[dict[str, Any]] = [{}, {"registrationEnforcement": None}, {"registrationEnforcement": {}}]
    for body in unknown:
        assert http.patch(POLICY, json=body).status_code == 501, body
    assert patch(http, colour="red").status_code == 501
    for body in empty:
        assert http.patch(POLICY, json=body).status_code == 400, body
    assert http.patch(f"{POLICY}/authenticationMethodConfigurations/sms", json={}).status_code == 501


@pytest.mark.documented("authenticationmethodspolicy-get")
def test_the_policy_holds_what_each_configuration_says_by_itself(http: httpx.Client) -> None:
    http.post("/_control/entra", json={"configurations": {"Sms": "disabled"}}).raise_for_status()
    http.post("/_control/policy", json={"tap": {"maximumLifetimeInMinutes": 1440}}).raise_for_status()
    listed = http.get(POLICY).json()["authenticationMethodConfigurations"]
    for entry in listed:
        for spelling in (entry["id"], entry["id"].lower(), entry["id"][0].lower() + entry["id"][1:]):
            alone = http.get(f"{POLICY}/authenticationMethodConfigurations/{spelling}").json()
            assert alone.pop("@odata.context")
            assert alone == entry
    states = {entry["id"]: entry["state"] for entry in listed}
    assert states["Sms"] == "disabled"
    assert states["TemporaryAccessPass"] == "enabled"
    assert len(states) == 7
    assert http.get(f"{POLICY}/authenticationMethodConfigurations/X509Certificate").status_code == 501


@pytest.mark.documented("graph/api/resources/authorizationpolicy")
def test_whether_administrators_may_reset_their_own_passwords_is_readable(http: httpx.Client) -> None:
    path = "/v1.0/policies/authorizationPolicy"
    assert http.get(path).json()["allowedToUseSSPR"] is True
    http.post("/_control/entra", json={"allowed_to_use_sspr": False}).raise_for_status()
    assert http.get(path).json()["allowedToUseSSPR"] is False
    assert http.patch(path, json={"allowedToUseSSPR": True}).status_code == 501


@pytest.mark.documented("graph/api/resources/conditionalaccessapplications")
def test_a_policy_that_guards_registration_names_the_user_action(http: httpx.Client) -> None:
    assert http.get(CA).json()["value"] == []
    made = http.post("/_control/conditional_access", json={}).json()
    other = http.post("/_control/conditional_access", json={"includeApplications": ["All"]}).json()
    listed = http.get(CA).json()["value"]
    assert [policy["conditions"]["applications"]["includeUserActions"] for policy in listed] == [
        ["urn:user:registersecurityinfo"],
        [],
    ]
    assert http.get(f"{CA}/{made['id']}").json()["grantControls"]["builtInControls"] == ["mfa"]
    assert http.get(f"{CA}/{other['id'].upper()}").json()["state"] == "enabled"
    assert http.get(f"{CA}/6b5e999b-0ba8-4186-a106-e0296c1c4358").status_code == 404
    assert http.get(CA, params={"$filter": "state eq 'enabled'"}).status_code == 501
    assert http.delete("/_control/conditional_access").status_code == 204
    assert http.get(CA).json()["value"] == []


@pytest.mark.documented("graph/throttling-limits")
def test_conditional_access_takes_one_request_a_second(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"enforce_quota": True}).raise_for_status()
    assert [http.get(CA).status_code for _ in range(2)] == [200, 429]


@pytest.mark.documented("directoryrole-list")
def test_only_activated_roles_are_listed_without_options(http: httpx.Client) -> None:
    def names() -> list[str]:
        return [role["displayName"] for role in http.get("/v1.0/directoryRoles").json()["value"]]

    assert names() == ["Global Administrator"]
    http.post(
        "/_control/users",
        json={"userPrincipalName": "h@contoso.example", "roles": ["Helpdesk Administrator"]},
    ).raise_for_status()
    assert names() == ["Global Administrator", "Helpdesk Administrator"]
    assert http.get("/v1.0/directoryRoles", params={"$filter": "displayName eq 'x'"}).status_code == 501
    assert http.get("/v1.0/directoryRoles", params={"$top": 5}).status_code == 501


@pytest.mark.documented("directoryrole-list-members")
def test_members_of_a_role_by_its_own_id_and_by_the_template_s(http: httpx.Client) -> None:
    boss = {"userPrincipalName": "boss@contoso.example", "roles": ["Global Administrator"]}
    key = http.post("/_control/users", json=boss).json()["id"]
    (role,) = http.get("/v1.0/directoryRoles").json()["value"]
    assert role["id"] != role["roleTemplateId"] == GLOBAL
    for named in (role["id"], GLOBAL, f"roleTemplateId={GLOBAL}", f"roleTemplateId='{GLOBAL}'"):
        assert http.get(f"/v1.0/directoryRoles/{named}").json()["id"] == role["id"]
        members = http.get(f"/v1.0/directoryRoles/{named}/members?$select=id").json()["value"]
        assert key in [member["id"] for member in members]
        assert members[0]["@odata.type"] == "#microsoft.graph.user"
    idle = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
    assert http.get(f"/v1.0/directoryRoles/{idle}/members").status_code == 404
    http.post("/_control/users", json={**boss, "deleted": True})
    assert key not in http.get(f"/v1.0/directoryRoles/{GLOBAL}/members").text


@pytest.mark.documented("rbacapplication-list-roleassignments")
def test_assignments_by_person_and_by_role(http: httpx.Client) -> None:
    keys = {}
    for name, roles in (("a", ["User Administrator"]), ("b", ["User Administrator", "Directory Readers"])):
        body = {"userPrincipalName": f"{name}@contoso.example", "roles": roles}
        keys[name] = http.post("/_control/users", json=body).json()["id"]

    def found(clause: str) -> list[str]:
        rows = http.get(ASSIGNMENTS, params={"$filter": clause}).json()["value"]
        return [row["principalId"] for row in rows]

    administrator = "fe930be7-5e62-47db-91af-98c3a49a38b1"
    assert found(f"roleDefinitionId eq '{administrator}'") == [keys["a"], keys["b"]]
    assert found(f"principalId eq '{keys['b']}'") == [keys["b"]] * 2
    assert found(f"principalId eq '{keys['b']}' and roleDefinitionId eq '{administrator}'") == [keys["b"]]
    assert found("principalId eq '00000000-0000-4000-8000-000000000000'") == []
    assert len(http.get(ASSIGNMENTS).json()["value"]) == 4  # with the administrator that every tenant has
    assert http.get(ASSIGNMENTS, params={"$filter": "directoryScopeId eq '/'"}).status_code == 501
    assert http.get(ASSIGNMENTS, params={"$expand": "roleDefinition"}).status_code == 501
