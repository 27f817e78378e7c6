"""Methods, Temporary Access Passes, and the audit records that tell person from administrator."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("authentication-list-methods")

ADELE = "adele@contoso.example"
TAP = f"/v1.0/users/{ADELE}/authentication/temporaryAccessPassMethods"


@pytest.fixture
def adele(http: httpx.Client) -> str:
    made = http.post("/_control/users", json={"userPrincipalName": ADELE, "displayName": "Adele"})
    return str(made.json()["id"])


def register(http: httpx.Client, method: str, actor: str = "user", value: str | None = None) -> None:
    body = {"method": method, "actor": actor, "value": value}
    http.post(f"/_control/users/{ADELE}/methods", json=body).raise_for_status()


def audits(http: httpx.Client, service: str = "Authentication Methods") -> list[dict[str, Any]]:
    query = {"$filter": f"loggedByService eq '{service}'", "$orderby": "activityDateTime"}
    found: list[dict[str, Any]] = http.get("/v1.0/auditLogs/directoryAudits", params=query).json()["value"]
    return found


def test_everybody_has_a_password_method_that_must_not_be_counted(http: httpx.Client, adele: str) -> None:
    listed = http.get(f"/v1.0/users/{adele}/authentication/methods").json()["value"]
    assert [method["@odata.type"] for method in listed] == ["#microsoft.graph.passwordAuthenticationMethod"]


@pytest.mark.documented("graph/api/resources/phoneauthenticationmethod")
def test_methods_have_their_types_and_phones_their_fixed_ids(http: httpx.Client, adele: str) -> None:
    for method in ("mobilePhone", "email", "microsoftAuthenticatorPush", "softwareOneTimePasscode", "fido2"):
        register(http, method, value="+49 1701234567" if method == "mobilePhone" else None)
    register(http, "securityQuestion")
    listed = http.get(f"/v1.0/users/{adele}/authentication/methods").json()["value"][1:]
    names = [m["@odata.type"].removeprefix("#microsoft.graph.") for m in listed]
    assert names == [
        "phoneAuthenticationMethod",
        "emailAuthenticationMethod",
        "microsoftAuthenticatorAuthenticationMethod",
        "softwareOathAuthenticationMethod",
        "fido2AuthenticationMethod",
    ]
    assert listed[0]["id"] == "3179e48a-750b-4051-897c-87b9720928f7"
    assert listed[0]["phoneNumber"] == "+49 1701234567"


@pytest.mark.observed(
    "janbakker.tech 2024-02-21; elastic/detection-rules initial_access_entra_id_temporary_access_pass_created.toml"
)
@pytest.mark.parametrize(
    ("method", "actor", "activity", "reason"),
    [
        ("mobilePhone", "user", "User registered security info", "User registered Mobile Phone SMS"),
        ("fido2", "user", "User registered security info", "User registered Fido"),
        (
            "microsoftAuthenticatorPush",
            "user",
            "User registered security info",
            "User registered Authenticator App with Notification and Code",
        ),
        (
            "temporaryAccessPass",
            "user",
            "User registered security info",
            "User registered temporary access pass method",
        ),
        ("mobilePhone", "admin", "Admin registered security info", "Admin registered phone method for user"),
        ("mobilePhone", "app", "Admin registered security info", "Admin registered phone method for user"),
        (
            "temporaryAccessPass",
            "admin",
            "Admin registered security info",
            "Admin registered temporary access pass method for user",
        ),
    ],
)
def test_records_carry_the_observed_words(
    http: httpx.Client, adele: str, method: str, actor: str, activity: str, reason: str
) -> None:
    register(http, method, actor)
    record = audits(http)[0]
    assert (record["activityDisplayName"], record["resultReason"]) == (activity, reason)
    assert (record["category"], record["result"]) == ("UserManagement", "success")
    assert record["targetResources"][0]["id"] == adele
    assert record["targetResources"][0]["type"] == "User"
    who = record["initiatedBy"]
    if actor == "user":
        assert (who["user"]["id"], who["app"]) == (adele, None)
    elif actor == "admin":
        assert who["user"]["id"] != adele
        assert who["app"] is None
    else:
        assert who["user"] is None
        assert who["app"]["appId"]


@pytest.mark.observed("public KQL that reads modifiedProperties by index")
def test_a_number_that_an_administrator_enters_stands_in_the_record(http: httpx.Client, adele: str) -> None:
    """Why raw records must not be logged: index 0 is the method id, 1 the type, 2 the number, as JSON."""
    register(http, "mobilePhone", "admin", "+1 5555551234")
    changes = audits(http)[0]["targetResources"][0]["modifiedProperties"]
    assert [change["newValue"] for change in changes] == [
        '"3179e48a-750b-4051-897c-87b9720928f7"',
        '"mobile"',
        '"+1 5555551234"',
    ]


@pytest.mark.observed(
    "janbakker.tech 2024-02-21; elastic/detection-rules initial_access_entra_id_temporary_access_pass_created.toml"
)
def test_a_second_number_of_one_type_is_a_change_under_the_same_id(http: httpx.Client, adele: str) -> None:
    register(http, "mobilePhone", "admin", "+1 5555551234")
    register(http, "mobilePhone", "admin", "+1 5555550000")
    last = audits(http)[-1]
    assert (last["activityDisplayName"], last["resultReason"]) == (
        "Admin updated security info",
        "Admin changed phone method for user",
    )
    assert len(http.get(f"/_control/users/{adele}").json()["methods"]) == 1


@pytest.mark.documented("graph/api/resources/authenticationmethods-overview")
@pytest.mark.parametrize(
    "method", ["microsoftAuthenticatorPush", "windowsHelloForBusiness", "securityQuestion"]
)
@pytest.mark.parametrize("actor", ["admin", "app"])
def test_what_only_the_person_can_set_up_no_administrator_can(
    http: httpx.Client, adele: str, method: str, actor: str
) -> None:
    refused = http.post(f"/_control/users/{ADELE}/methods", json={"method": method, "actor": actor})
    assert refused.status_code == 400
    assert audits(http) == []


@pytest.mark.documented("entra/identity/authentication/howto-registration-mfa-sspr-combined-troubleshoot")
def test_completion_is_logged_when_the_required_number_is_reached_and_not_before(
    http: httpx.Client, adele: str
) -> None:
    http.post("/_control/policy", json={"methods_required": 2}).raise_for_status()
    register(http, "fido2")
    register(http, "mobilePhone")
    assert "User registered all required security info" not in [
        r["activityDisplayName"] for r in audits(http)
    ]
    register(http, "email")
    done = audits(http)[-1]
    assert done["activityDisplayName"] == "User registered all required security info"
    assert done["result"] == "success"
    sspr = audits(http, "Self-service Password Management")
    assert [r["activityDisplayName"] for r in sspr] == ["User registered for self-service password reset"]


@pytest.mark.documented("entra/identity/authentication/howto-registration-mfa-sspr-combined-troubleshoot")
def test_a_cancelled_registration_has_a_success_sounding_name_and_fails(
    http: httpx.Client, adele: str
) -> None:
    http.post(f"/_control/users/{ADELE}/cancel").raise_for_status()
    (record,) = audits(http)
    assert record["activityDisplayName"] == "User registered all required security info"
    assert record["result"] == "failure"
    assert record["resultReason"] == "User canceled security info registration."


@pytest.mark.documented("entra/identity/authentication/howto-registration-mfa-sspr-combined-troubleshoot")
def test_review_and_deletions_are_logged(http: httpx.Client, adele: str) -> None:
    register(http, "mobilePhone")
    http.post(f"/_control/users/{ADELE}/review").raise_for_status()
    http.delete(f"/_control/users/{ADELE}/methods/mobilePhone").raise_for_status()
    register(http, "mobilePhone")
    http.delete(f"/_control/users/{ADELE}/methods/mobilePhone?actor=admin").raise_for_status()
    names = [(r["activityDisplayName"], r["resultReason"]) for r in audits(http)]
    assert ("User reviewed security info", "User successfully reviewed security info.") in names
    assert ("User deleted security info", "User deleted Mobile Phone SMS") in names
    assert ("Admin deleted security info", "Admin deleted phone method for user") in names
    assert http.delete(f"/_control/users/{ADELE}/methods/mobilePhone").status_code == 404


@pytest.mark.documented("authentication-post-temporaryaccesspassmethods")
def test_the_pass_is_shown_once_and_never_again(http: httpx.Client, adele: str) -> None:
    made = http.post(TAP, json={"lifetimeInMinutes": 60, "isUsableOnce": True})
    assert made.status_code == 201
    secret, key = made.json()["temporaryAccessPass"], made.json()["id"]
    assert len(secret) == 8
    for path in (TAP, f"{TAP}/{key}", f"/v1.0/users/{ADELE}/authentication/methods", "/_control/users", "/"):
        assert secret not in http.get(path).text
    assert http.get(f"{TAP}/{key}").json()["temporaryAccessPass"] is None


@pytest.mark.documented("authentication-post-temporaryaccesspassmethods")
def test_a_new_pass_replaces_the_old_one(http: httpx.Client, adele: str) -> None:
    first, second = (http.post(TAP, json={}).json()["id"] for _ in range(2))
    assert http.get(f"{TAP}/{first}").status_code == 404
    assert [p["id"] for p in http.get(TAP).json()["value"]] == [second]
    assert http.delete(f"{TAP}/{second}").status_code == 204
    assert http.get(TAP).json()["value"] == []
    assert [r["resultReason"] for r in audits(http)] == [
        "Admin registered temporary access pass method for user",
        "Admin registered temporary access pass method for user",
        "Admin deleted temporary access pass method for user",
    ]
    assert all(r["initiatedBy"]["app"] for r in audits(http))


@pytest.mark.documented("graph/api/resources/temporaryaccesspassauthenticationmethod")
def test_a_pass_is_not_yet_valid_then_valid_then_expired(http: httpx.Client, adele: str) -> None:
    http.post("/_control/clock", json={"to": "2099-02-28T08:00:00Z"})
    key = http.post(TAP, json={"startDateTime": "2099-03-01T08:00:00Z", "lifetimeInMinutes": 60}).json()["id"]

    def reason() -> tuple[bool, str]:
        read = http.get(f"{TAP}/{key}").json()
        return read["isUsable"], read["methodUsabilityReason"]

    assert reason() == (False, "NotYetValid")
    http.post("/_control/clock", json={"to": "2099-03-01T08:00:00Z"})
    assert reason() == (True, "EnabledByPolicy")
    http.post("/_control/policy", json={"tap": False})
    assert reason() == (False, "DisabledByPolicy")
    http.post("/_control/policy", json={"tap": True})
    http.post("/_control/clock", json={"advance": "PT1H"})
    assert reason() == (False, "Expired")


@pytest.mark.inferred(
    "a pass is used by signing in, which Graph does not show; registering in person stands for it"
)
def test_registering_in_person_uses_up_a_one_time_pass(http: httpx.Client, adele: str) -> None:
    key = http.post(TAP, json={"isUsableOnce": True}).json()["id"]
    register(http, "mobilePhone", "admin")
    assert http.get(f"{TAP}/{key}").json()["isUsable"] is True
    register(http, "email")
    assert http.get(f"{TAP}/{key}").json()["methodUsabilityReason"] == "OneTimeUsed"


@pytest.mark.inferred(
    "the page demands a lifetime within the policy; the status of the refusal is seen nowhere"
)
@pytest.mark.parametrize("minutes", [9, 59, 481, 43201, "60", 60.5, True])
def test_a_lifetime_outside_the_policy_is_400(http: httpx.Client, adele: str, minutes: Any) -> None:
    assert http.post(TAP, json={"lifetimeInMinutes": minutes}).status_code == 400
    assert http.get(TAP).json()["value"] == []


@pytest.mark.documented("graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration")
def test_the_tenant_s_limits_hold_and_are_readable(http: httpx.Client, adele: str) -> None:
    limits = {"minimumLifetimeInMinutes": 10, "maximumLifetimeInMinutes": 43200, "isUsableOnce": True}
    http.post("/_control/policy", json={"tap": limits}).raise_for_status()
    assert http.post(TAP, json={"lifetimeInMinutes": 43200}).status_code == 201
    assert http.post(TAP, json={"isUsableOnce": False}).status_code == 400
    assert http.post(TAP, json={}).json()["isUsableOnce"] is True
    path = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"
    assert http.get(path).json()["maximumLifetimeInMinutes"] == 43200
    assert http.get(path.replace("TemporaryAccessPass", "X509Certificate")).status_code == 501


@pytest.mark.observed("MicrosoftDocs/azure-docs issue 111778; glueckkanja/MyWorkID issue 47")
def test_a_pass_is_refused_when_the_policy_is_off_and_for_guests(http: httpx.Client, adele: str) -> None:
    guest = {"userPrincipalName": "g@contoso.example", "userType": "Guest"}
    http.post("/_control/users", json=guest)
    path = "/v1.0/users/g@contoso.example/authentication/temporaryAccessPassMethods"
    refused = http.post(path, json={})
    assert refused.status_code == 400
    assert "external guest" in refused.json()["error"]["message"]
    http.post("/_control/policy", json={"tap": "disabled"})
    refused = http.post(TAP, json={})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith("Converged UserCredentialPolicy does not allow")


@pytest.mark.inferred("the order of deletion is documented, the bodies of the refusals are not")
def test_an_app_can_delete_a_phone_but_not_an_administrator_s(http: httpx.Client, adele: str) -> None:
    register(http, "mobilePhone", value="+1 5555551234")
    register(http, "alternateMobilePhone", value="+1 5555550000")
    mobile = "3179e48a-750b-4051-897c-87b9720928f7"
    path = f"/v1.0/users/{ADELE}/authentication/phoneMethods/"
    assert http.delete(path + mobile).status_code == 400  # an alternate number needs a mobile one
    assert http.delete(path + "b6332ec1-7057-4abe-9331-3d72feddfe41").status_code == 204
    assert http.delete(path + mobile).status_code == 204
    assert http.delete(path + mobile).status_code == 404
    register(http, "mobilePhone")
    http.post("/_control/users", json={"userPrincipalName": ADELE, "roles": ["Helpdesk Administrator"]})
    assert http.delete(path + mobile).status_code == 403


@pytest.mark.documented("user-list-transitivememberof")
def test_roles_and_role_assignable_groups_are_readable(http: httpx.Client, adele: str) -> None:
    http.post(
        "/_control/users",
        json={
            "userPrincipalName": ADELE,
            "roles": ["Global Administrator"],
            "groups": [{"displayName": "PIM", "isAssignableToRole": True}, {"displayName": "All"}],
        },
    ).raise_for_status()
    clause = {"$filter": f"principalId eq '{adele}'"}
    roles = http.get("/v1.0/roleManagement/directory/roleAssignments", params=clause).json()["value"]
    assert [role["roleDefinitionId"] for role in roles] == ["62e90394-69f5-4237-9190-012177145e10"]
    member = http.get(f"/v1.0/users/{adele}/memberOf?$select=id,isAssignableToRole").json()["value"]
    assert [(m["@odata.type"], m.get("isAssignableToRole")) for m in member] == [
        ("#microsoft.graph.group", True),
        ("#microsoft.graph.group", None),
        ("#microsoft.graph.directoryRole", None),
    ]
    cast = f"/v1.0/users/{adele}/transitiveMemberOf/microsoft.graph.group"
    assert http.get(cast).json()["error"]["code"] == "Request_UnsupportedQuery"
    alias = cast.replace("microsoft.graph", "graph")
    assert http.get(alias).json()["error"]["code"] == "Request_UnsupportedQuery"
    counted = http.get(cast + "?$count=true", headers={"ConsistencyLevel": "eventual"}).json()
    assert counted["@odata.count"] == 2


@pytest.mark.inferred("absent from that cloud's schema; the text is that of any unknown segment")
def test_china_has_no_passes_and_no_audit_api(http: httpx.Client, adele: str) -> None:
    http.post("/_control/policy", json={"cloud": "china"}).raise_for_status()
    assert http.post(TAP, json={}).json()["error"]["message"] == (
        "Resource not found for the segment 'temporaryAccessPassMethods'."
    )
    assert http.get("/v1.0/auditLogs/directoryAudits").status_code == 400
    assert http.get(f"/v1.0/users/{ADELE}/authentication/methods").status_code == 200
