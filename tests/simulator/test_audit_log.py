"""What readers of the audit log meet: noise of other services, an open set of words, records of every actor."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("graph/api/resources/directoryaudit")

AUDITS = "/v1.0/auditLogs/directoryAudits"
ADELE = "adele@contoso.example"
USER = f"/_control/users/{ADELE}"
METHODS, SSPR, DIRECTORY = "Authentication Methods", "Self-service Password Management", "Core Directory"


@pytest.fixture(autouse=True)
def adele(http: httpx.Client) -> str:
    made = http.post("/_control/users", json={"userPrincipalName": ADELE, "displayName": "Adele Vance"})
    return str(made.json()["id"])


def do(http: httpx.Client, what: str = "methods", **body: Any) -> None:
    http.post(f"{USER}/{what}", json=body).raise_for_status()


def records(http: httpx.Client, clause: str = "", order: str = "activityDateTime") -> list[dict[str, Any]]:
    query = {"$orderby": order, **({"$filter": clause} if clause else {})}
    found: list[dict[str, Any]] = http.get(AUDITS, params=query).raise_for_status().json()["value"]
    return found


def of(http: httpx.Client, service: str) -> list[dict[str, Any]]:
    return records(http, f"loggedByService eq '{service}'")


def test_every_documented_filter_selects_and_others_are_501(http: httpx.Client, adele: str) -> None:
    do(http, method="mobilePhone", value="+1 5555551234")
    do(http, method="email", actor="app")
    do(http, method="email", actor="admin")
    app = of(http, METHODS)[-2]["initiatedBy"]["app"]
    administrator = of(http, METHODS)[-1]["initiatedBy"]["user"]
    one = of(http, METHODS)[0]
    every = len(records(http))
    counts = {
        f"id eq '{one['id']}'": 1,
        f"correlationId eq '{one['correlationId']}'": 1,
        "activityDisplayName eq 'Admin registered security info'": 1,
        "startswith(activityDisplayName, 'Admin ')": 2,
        f"initiatedBy/user/id eq '{adele}'": 3,
        "initiatedBy/user/displayName eq 'Adele Vance'": 3,
        f"initiatedBy/user/userPrincipalName eq '{ADELE}'": 3,
        "startswith(initiatedBy/user/userPrincipalName, 'adele')": 3,
        f"initiatedBy/user/id eq '{administrator['id']}'": 1,
        f"initiatedBy/app/appId eq '{app['appId']}'": 1,
        f"initiatedBy/app/displayName eq '{app['displayName']}'": 1,
        f"targetResources/any(t: t/id eq '{adele}')": every,
        "targetResources/any(t: t/displayName eq 'Adele Vance')": every,
        "targetResources/any(t: startswith(t/displayName, 'Adele'))": every,
        "targetResources/any(t: startswith(t/displayName, 'Bert'))": 0,
        f"activityDateTime eq {one['activityDateTime']} and id eq '{one['id']}'": 1,
        "activityDateTime ge 2099-01-01T00:00:00Z": 0,
        f"loggedByService eq '{METHODS}' and initiatedBy/user/id eq '{adele}'": 2,
    }
    assert {clause: len(records(http, clause)) for clause in counts} == counts
    for clause in (
        "category eq 'UserManagement'",
        "operationType eq 'Add'",
        "startswith(loggedByService, 'Auth')",
        "startswith(initiatedBy/app/displayName, 'x')",
        "targetResources/any(t: startswith(t/id, 'x'))",
        "targetResources/any(t: t/type eq 'User')",
        "activityDateTime gt 2020-01-01T00:00:00Z",
    ):
        assert http.get(AUDITS, params={"$filter": clause}).status_code == 501, clause


@pytest.mark.inferred("strictness of the simulator: what it does not know it does not answer")
def test_an_unknown_filter_is_501_also_where_there_is_nothing_to_find(http: httpx.Client) -> None:
    assert records(http) == []
    assert http.get(AUDITS, params={"$filter": "result eq 'success'"}).status_code == 501
    assert http.get(AUDITS, params={"$filter": "id eq true"}).status_code == 400


@pytest.mark.documented("directoryaudit-get")
def test_one_record_can_be_read_while_it_is_kept(http: httpx.Client) -> None:
    do(http, method="fido2")
    (record,) = records(http)
    read = http.get(f"{AUDITS}/{record['id']}").json()
    assert {name: value for name, value in read.items() if name != "@odata.context"} == record
    assert http.get(f"{AUDITS}/{record['correlationId']}").status_code == 404
    http.post("/_control/clock", json={"advance": "P31D"})
    assert http.get(f"{AUDITS}/{record['id']}").status_code == 404


@pytest.mark.observed("Entra PowerShell, Get-EntraAuditDirectoryLog, examples 1 and 4")
def test_ids_begin_with_the_service_s_name_blank_included(http: httpx.Client) -> None:
    do(http, method="mobilePhone")
    prefixes = {r["loggedByService"]: r["id"].split("_")[0] for r in records(http)}
    assert prefixes == {METHODS: "Authentication Methods", SSPR: "SSPR", DIRECTORY: "Directory"}


@pytest.mark.observed(
    "reprise99/Sentinel-Queries; public hunting queries for StrongAuthenticationUserDetails"
)
def test_core_directory_logs_the_same_change_just_before_and_names_a_service_whoever_acted(
    http: httpx.Client, adele: str
) -> None:
    for actor in ("user", "admin", "app"):
        do(http, method="mobilePhone", actor=actor, value="+1 5555551234")
        noise, counts = [r for r in records(http) if r["loggedByService"] in (DIRECTORY, METHODS)][-2:]
        if actor == "user":
            noise, counts = records(http)[:2]
        assert (noise["loggedByService"], noise["activityDisplayName"]) == (DIRECTORY, "Update user")
        assert noise["initiatedBy"]["app"]["displayName"] == "Azure MFA StrongAuthenticationService"
        assert counts["loggedByService"] == METHODS
        names = [change["displayName"] for change in noise["targetResources"][0]["modifiedProperties"]]
        assert names == ["StrongAuthenticationMethod", "StrongAuthenticationUserDetails"]
        assert "+1 5555551234" in json.dumps(noise)
    before = len(records(http))
    do(http, method="fido2")
    assert len(records(http)) == before + 1  # a passkey is not kept there
    http.post("/_control/audit", json={"noise": False}).raise_for_status()
    do(http, method="email", actor="admin")
    assert len(records(http)) == before + 2


@pytest.mark.documented("entra/identity/authentication/howto-registration-mfa-sspr-combined-troubleshoot")
def test_reasons_come_with_and_without_a_full_stop_and_in_several_words(http: httpx.Client) -> None:
    """The page has a full stop and other names for the methods than logs in public do."""
    http.post("/_control/audit", json={"wording": "mixed"}).raise_for_status()
    for _ in range(60):
        do(http, method="mobilePhone")
        http.delete(f"{USER}/methods/mobilePhone")
    found = [
        r["resultReason"] for r in records(http, "activityDisplayName eq 'User registered security info'")
    ]
    stops = [reason.endswith(".") for reason in found]
    assert {True, False} == set(stops)
    words = {reason.rstrip(".").removeprefix("User registered ") for reason in found}
    assert {"Mobile Phone SMS", "Mobile Phone Call and SMS", "Phone"} < words
    assert "a method under a name of next year" in words
    done = {
        r["resultReason"]
        for r in records(http, "activityDisplayName eq 'User registered all required security info'")
    }
    assert done == {
        "User registered all required security info",
        "User registered all required security info.",
    }


@pytest.mark.inferred("reproducible on purpose; real words vary as the service pleases")
def test_the_same_seed_chooses_the_same_words(http: httpx.Client) -> None:
    def run(seed: int) -> list[str]:
        http.post("/_control/reset", json={"seed": seed})
        http.post("/_control/users", json={"userPrincipalName": ADELE})
        http.post("/_control/audit", json={"wording": "mixed"})
        for _ in range(12):
            do(http, method="microsoftAuthenticatorPush")
        return [r["resultReason"] for r in of(http, METHODS)]

    assert run(5) == run(5) != run(6)


@pytest.mark.observed("public logs with 'User started the registration for ...'; Entra PowerShell example 4")
def test_what_precedes_a_registration_proves_nothing(http: httpx.Client) -> None:
    http.post("/_control/audit", json={"wording": "mixed"}).raise_for_status()
    do(http, method="fido2")
    names = [r["activityDisplayName"] for r in of(http, METHODS)]
    assert names == [
        "Get passkey creation options",
        "User started security info registration",
        "User registered security info",
    ]


@pytest.mark.observed("elastic/detection-rules and public rules that look for an app in initiatedBy")
def test_a_pass_may_stand_under_the_name_of_a_registration_with_an_app_as_actor(http: httpx.Client) -> None:
    http.post("/_control/audit", json={"wording": "mixed"}).raise_for_status()
    path = f"/v1.0/users/{ADELE}/authentication/temporaryAccessPassMethods"
    secrets = [http.post(path, json={}).json()["temporaryAccessPass"] for _ in range(12)]
    found = of(http, METHODS)
    assert {r["activityDisplayName"] for r in found} == {
        "User registered security info",
        "Admin registered security info",
    }
    assert all(r["initiatedBy"]["user"] is None and r["initiatedBy"]["app"]["appId"] for r in found)
    assert not any(secret in json.dumps(found) for secret in secrets)


@pytest.mark.observed("nicolonsky/ITDR hunting query for Temporary Access Passes")
def test_a_pass_tells_its_times_and_use_but_never_itself(http: httpx.Client) -> None:
    path = f"/v1.0/users/{ADELE}/authentication/temporaryAccessPassMethods"
    made = http.post(path, json={"isUsableOnce": True, "lifetimeInMinutes": 60}).json()
    changes = of(http, METHODS)[0]["targetResources"][0]["modifiedProperties"]
    values = {change["displayName"].rsplit(".", 1)[1]: json.loads(change["newValue"]) for change in changes}
    assert (values["Id"], values["AccessPassUsage"]) == (made["id"], "OneTime")
    assert values["StartDateTime"] < values["EndTime"]
    assert made["temporaryAccessPass"] not in http.get(AUDITS).text


@pytest.mark.observed("le0li9ht/Microsoft-Sentinel-Queries EntraID/PasswordReset.md")
def test_a_reset_is_logged_step_by_step_with_the_reasons_seen_in_public(http: httpx.Client) -> None:
    last = {
        "success": ("Reset password (self-service)", "success", "Successfully completed reset."),
        "no_methods": (
            "Self-service password reset flow activity progress",
            "failure",
            "User's account has insufficient authentication methods defined. Add authentication info to resolve "
            "this ",  # the blank is real
        ),
        "cancelled": (
            "Self-service password reset flow activity progress",
            "failure",
            "User cancelled before passing the required authentication methods",
        ),
        "by_admin": ("Reset password (by admin)", "success", "Successfully completed reset."),
    }
    for result, expected in last.items():
        do(http, "sspr", result=result)
        record = of(http, SSPR)[-1]
        assert (record["activityDisplayName"], record["result"], record["resultReason"]) == expected
    first = of(http, SSPR)[0]
    assert (first["result"], first["resultReason"]) == ("success", "User submitted their user ID")
    assert http.post(f"{USER}/sspr", json={"result": "not_enabled"}).status_code == 200
    assert http.post(f"{USER}/sspr", json={"result": "failed"}).status_code == 200


@pytest.mark.documented("entra/identity/authentication/howto-sspr-reporting")
def test_from_the_sixth_attempt_on_nothing_but_the_block_is_logged(http: httpx.Client) -> None:
    for _ in range(8):
        do(http, "sspr", result="success")
    names = [(r["activityDisplayName"], r["result"]) for r in of(http, SSPR)]
    assert names.count(("Reset password (self-service)", "success")) == 5
    assert names.count(("Blocked from self-service password reset", "success")) == 1
    http.post("/_control/clock", json={"advance": "P1D"})
    do(http, "sspr", result="success")
    assert of(http, SSPR)[-1]["activityDisplayName"] == "Reset password (self-service)"


@pytest.mark.documented("entra/identity/authentication/howto-sspr-reporting")
def test_a_cancelled_registration_is_an_unfinished_one_for_the_reset_service(http: httpx.Client) -> None:
    do(http, "cancel")
    (record,) = of(http, SSPR)
    assert record["activityDisplayName"] == "User registered for self-service password reset"
    assert record["result"] == "failure"


@pytest.mark.documented("entra/identity/monitoring-health/reference-reports-data-retention")
def test_a_free_tenant_s_log_begins_when_somebody_first_opens_it(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"tier": "free"})
    http.post("/_control/audit", json={"unopened": True}).raise_for_status()
    do(http, method="fido2")
    http.post("/_control/clock", json={"advance": "PT1M"})
    assert records(http) == []
    do(http, method="email")
    assert {r["resultReason"] for r in of(http, METHODS)} >= {"User registered Email"}
    assert "User registered Fido" not in http.get(AUDITS).text
