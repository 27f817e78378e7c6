"""Reading the audit log and the registration report: lag, retention, paging, filters, licences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("directoryaudit-list")

AUDITS = "/v1.0/auditLogs/directoryAudits"
REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails"


def person(http: httpx.Client, name: str, **extra: Any) -> str:
    made = http.post("/_control/users", json={"userPrincipalName": f"{name}@contoso.example", **extra})
    made.raise_for_status()
    return str(made.json()["id"])


def register(http: httpx.Client, name: str, method: str = "mobilePhone", actor: str = "user") -> None:
    path = f"/_control/users/{name}@contoso.example/methods"
    http.post(path, json={"method": method, "actor": actor}).raise_for_status()


def advance(http: httpx.Client, duration: str) -> str:
    return str(http.post("/_control/clock", json={"advance": duration}).json()["now"])


def read(http: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    answer = http.get(path, params={f"${k}": v for k, v in query.items()})
    while True:
        answer.raise_for_status()
        found += answer.json()["value"]
        link = answer.json().get("@odata.nextLink")
        if link is None:
            return found
        answer = http.get(link)


def row(http: httpx.Client, key: str) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"{REPORT}/{key}").json()
    return found


# --- audit log ---------------------------------------------------------------------------------------


def test_ids_are_opaque_and_unique_and_not_guids(http: httpx.Client) -> None:
    person(http, "a")
    for _ in range(3):
        register(http, "a")
    ids = [record["id"] for record in read(http, AUDITS)]
    assert len(set(ids)) == len(ids)
    assert all(key.count("_") == 3 for key in ids)


@pytest.mark.inferred("no page names the order without $orderby")
def test_newest_first_unless_ordered(http: httpx.Client) -> None:
    person(http, "a")
    for method in ("fido2", "email", "mobilePhone"):
        register(http, "a", method)
        advance(http, "PT1M")
    newest = [r["activityDateTime"] for r in read(http, AUDITS)]
    oldest = [r["activityDateTime"] for r in read(http, AUDITS, orderby="activityDateTime asc")]
    assert newest == sorted(newest, reverse=True)
    assert oldest == sorted(oldest)
    assert http.get(AUDITS, params={"$orderby": "category"}).status_code == 501


@pytest.mark.documented("graph/api/resources/directoryaudit")
def test_filters_select_by_time_service_and_person(http: httpx.Client) -> None:
    a, b = person(http, "a"), person(http, "b")
    register(http, "a", "fido2")
    middle = advance(http, "PT1H")
    register(http, "a", "email")
    register(http, "b", "email")

    def reasons(clause: str) -> list[str]:
        return [r["resultReason"] for r in read(http, AUDITS, filter=clause, orderby="activityDateTime")]

    mine = f"targetResources/any(t: t/id eq '{a}') and loggedByService eq 'Authentication Methods'"
    assert reasons(mine)[:2] == ["User registered Fido", "User registered Email"]
    assert reasons(f"{mine} and activityDateTime ge {middle}")[0] == "User registered Email"
    assert reasons(f"{mine} and activityDateTime le {middle}") == ["User registered Fido"]
    assert len(reasons(f"initiatedBy/user/id eq '{b}'")) == 3
    assert len(reasons("startswith(activityDisplayName, 'User registered security')")) == 3


@pytest.mark.documented("graph/api/resources/directoryaudit")
def test_category_and_result_are_not_filterable(http: httpx.Client) -> None:
    """They are not in the documented list of filters."""
    person(http, "a")
    register(http, "a")
    for clause in ("category eq 'UserManagement'", "result eq 'success'"):
        assert http.get(AUDITS, params={"$filter": clause}).status_code == 501
    assert http.get(AUDITS, params={"$filter": "activityDateTime ge yesterday"}).status_code == 400


@pytest.mark.inferred("that a listing is frozen at its first page is our reasoning")
@pytest.mark.parametrize("order", ["activityDateTime", "activityDateTime desc"])
def test_pages_show_each_record_once_though_new_ones_arrive(http: httpx.Client, order: str) -> None:
    person(http, "a")
    for _ in range(7):
        register(http, "a")
    whole = [r["id"] for r in read(http, AUDITS, orderby=order)]
    first = http.get(AUDITS, params={"$top": 3, "$orderby": order}).json()
    register(http, "a")
    seen, link = [r["id"] for r in first["value"]], first["@odata.nextLink"]
    while link:
        page = http.get(link).json()
        seen, link = seen + [r["id"] for r in page["value"]], page.get("@odata.nextLink")
    assert seen == whole


@pytest.mark.inferred("the refusal of a made-up token is seen nowhere")
@pytest.mark.parametrize("token", ["x", "WzFd", "!!!"])
def test_a_made_up_skip_token_is_400(http: httpx.Client, token: str) -> None:
    assert http.get(AUDITS, params={"$skiptoken": token}).status_code == 400
    assert http.get(REPORT, params={"$skiptoken": token}).status_code == 400


@pytest.mark.inferred("public clients ask for 999; the page names no maximum")
@pytest.mark.parametrize("top", ["0", "1000", "-1", "x", "１"])
def test_page_sizes_are_1_to_999(http: httpx.Client, top: str) -> None:
    assert http.get(AUDITS, params={"$top": top}).status_code == 400
    assert http.get(REPORT, params={"$top": top}).status_code == 400


@pytest.mark.documented("entra/identity/monitoring-health/reference-reports-data-retention")
def test_records_appear_after_the_latency_and_vanish_after_the_retention(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"audit_latency_minutes": 5, "audit_retention_days": 7})
    person(http, "a")
    register(http, "a")
    assert read(http, AUDITS) == []
    advance(http, "PT5M")
    assert len(read(http, AUDITS)) == 4
    advance(http, "P7D")
    assert read(http, AUDITS) == []


@pytest.mark.documented("entra/identity/monitoring-health/reference-reports-data-retention")
def test_the_free_tier_keeps_seven_days_and_has_no_report(http: httpx.Client) -> None:
    key = person(http, "a")
    register(http, "a")
    advance(http, "P8D")
    assert len(read(http, AUDITS)) == 4
    http.post("/_control/policy", json={"tier": "free"}).raise_for_status()
    assert read(http, AUDITS) == []
    for path in (REPORT, f"{REPORT}/{key}"):
        refused = http.get(path)
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


# --- registration report -----------------------------------------------------------------------------


@pytest.mark.documented("entra/identity/authentication/howto-authentication-methods-activity")
def test_the_report_is_four_hours_late_and_says_when_it_ran(http: httpx.Client) -> None:
    key = person(http, "a")
    register(http, "a")
    assert row(http, key)["methodsRegistered"] == []
    advance(http, "PT3H59M")
    assert row(http, key)["isSsprRegistered"] is False
    now = advance(http, "PT2M")
    late = row(http, key)
    assert late["methodsRegistered"] == ["mobilePhone"]
    ran = datetime.fromisoformat(late["lastUpdatedDateTime"])
    assert round((datetime.fromisoformat(now) - ran).total_seconds() / 60) == 240


@pytest.mark.inferred("a report that stops for days was reported; how it looks then is our reasoning")
def test_a_frozen_report_does_not_move_until_thawed(http: httpx.Client) -> None:
    key = person(http, "a")
    http.post("/_control/report", json={"lag_hours": 0, "frozen": True}).raise_for_status()
    register(http, "a")
    advance(http, "P3D")
    assert row(http, key)["methodsRegistered"] == []
    http.post("/_control/report", json={"frozen": False}).raise_for_status()
    assert row(http, key)["methodsRegistered"] == ["mobilePhone"]


@pytest.mark.documented("entra/identity/authentication/howto-authentication-methods-activity")
def test_disabled_deleted_and_future_people_are_absent_not_unregistered(http: httpx.Client) -> None:
    keys = {name: person(http, name) for name in ("stays", "disabled", "deleted")}
    person(http, "off", accountEnabled=False)
    http.post(
        "/_control/users", json={"userPrincipalName": "disabled@contoso.example", "accountEnabled": False}
    )
    http.post("/_control/users", json={"userPrincipalName": "deleted@contoso.example", "deleted": True})
    assert {r["id"] for r in read(http, REPORT)} == set(keys.values())  # as it was four hours ago
    advance(http, "PT5H")
    assert [r["id"] for r in read(http, REPORT)] == [keys["stays"]]
    assert http.get(f"{REPORT}/{keys['disabled']}").status_code == 404


@pytest.mark.documented("entra/identity/authentication/concept-sspr-howitworks")
@pytest.mark.parametrize(
    ("methods", "required", "registered"),
    [
        (["mobilePhone"], 1, True),
        (["microsoftAuthenticatorPush"], 1, True),
        (["fido2", "windowsHelloForBusiness"], 1, False),
        (["mobilePhone"], 2, False),
        (["mobilePhone", "email"], 2, True),
        (["securityQuestion"], 1, True),
    ],
)
def test_enough_methods_that_sspr_accepts(
    http: httpx.Client, methods: list[str], required: int, registered: bool
) -> None:
    http.post("/_control/policy", json={"methods_required": required})
    key = person(http, "a", methods=[{"method": name} for name in methods])
    got = row(http, key)
    assert (got["isSsprRegistered"], got["isSsprEnabled"], got["isSsprCapable"]) == (
        registered,
        True,
        registered,
    )


@pytest.mark.documented("entra/identity/authentication/concept-sspr-policy")
def test_administrators_need_two_and_questions_do_not_count(http: httpx.Client) -> None:
    def admin(name: str, *methods: str) -> dict[str, Any]:
        held = [{"method": method} for method in methods]
        return row(http, person(http, name, roles=["Global Administrator"], methods=held))

    assert admin("one", "mobilePhone")["isSsprRegistered"] is False
    assert admin("questions", "mobilePhone", "securityQuestion")["isSsprRegistered"] is False
    assert admin("token", "mobilePhone", "hardwareOneTimePasscode")["isSsprRegistered"] is False
    two = admin("two", "mobilePhone", "email")
    assert (two["isSsprRegistered"], two["isAdmin"]) == (True, True)


@pytest.mark.documented("graph/api/resources/userregistrationdetails")
@pytest.mark.parametrize(
    ("scope", "a", "b"), [("all", True, True), ("none", False, False), (["A@contoso.example"], True, False)]
)
def test_scope_decides_who_is_enabled(http: httpx.Client, scope: Any, a: bool, b: bool) -> None:
    keys = [person(http, name, methods=[{"method": "email"}]) for name in "ab"]
    http.post("/_control/policy", json={"sspr_scope": scope}).raise_for_status()
    rows = [row(http, key) for key in keys]
    assert [r["isSsprEnabled"] for r in rows] == [a, b]
    assert [r["isSsprCapable"] for r in rows] == [a, b]


@pytest.mark.documented("authenticationmethodsroot-list-userregistrationdetails")
def test_the_report_pages_filters_and_selects(http: httpx.Client) -> None:
    people = [{"userPrincipalName": f"u{n}@contoso.example"} for n in range(7)]
    people[3]["methods"] = [{"method": "fido2"}]  # type: ignore[assignment]
    http.post("/_control/users", json=people).raise_for_status()
    everybody = read(http, REPORT)
    assert len(everybody) == 7
    assert read(http, REPORT, top=2) == everybody or [r["id"] for r in read(http, REPORT, top=2)] == [
        r["id"] for r in everybody
    ]
    assert read(http, REPORT, top=3, select="id") == [{"id": r["id"]} for r in everybody]
    only = read(http, REPORT, filter="methodsRegistered/any(t:t eq 'fido2')")
    assert [r["userPrincipalName"] for r in only] == ["u3@contoso.example"]
    assert len(read(http, REPORT, filter="isPasswordlessCapable eq false")) == 6
    assert len(read(http, REPORT, filter="startswith(userPrincipalName, 'u')")) == 7
    assert http.get(REPORT, params={"$filter": "userType eq 'member'"}).status_code == 501
    assert http.get(REPORT, params={"$skip": "1"}).status_code == 501


@pytest.mark.documented("entra/identity/monitoring-health/reference-reports-data-retention")
def test_methods_given_with_a_person_are_older_than_any_record(http: httpx.Client) -> None:
    """The existing workforce: registered, and nobody can say by whom."""
    key = person(http, "a", methods=[{"method": "mobilePhone", "actor": "admin"}])
    assert row(http, key)["methodsRegistered"] == ["mobilePhone"]
    assert read(http, AUDITS) == []


@pytest.mark.inferred("no listed value of methodsRegistered is a pass; the beta enumeration has one")
def test_the_pass_is_no_row_of_the_report(http: httpx.Client) -> None:
    key = person(http, "a")
    http.post("/_control/users/a@contoso.example/methods", json={"method": "temporaryAccessPass"})
    advance(http, "PT5H")
    assert row(http, key)["methodsRegistered"] == []


@pytest.mark.documented("entra/identity/authentication/howto-authentication-methods-activity")
def test_some_rows_are_later_than_others_and_stay_so(http: httpx.Client) -> None:
    """Most within 36 hours: each person has a share of the spread of their own."""
    http.post("/_control/report", json={"lag_hours": 4, "spread_hours": 32}).raise_for_status()
    keys = [person(http, f"p{n}") for n in range(12)]
    for n in range(12):
        register(http, f"p{n}")
    shown: dict[int, int] = {}
    for hour in range(4, 37, 4):
        http.post("/_control/clock", json={"advance": "PT4H"})
        for n, key in enumerate(keys):
            if row(http, key)["methodsRegistered"] and n not in shown:
                shown[n] = hour
    assert len(shown) == 12
    assert len(set(shown.values())) > 3
    assert max(shown.values()) <= 36
    runs = {r["lastUpdatedDateTime"] for r in read(http, REPORT)}
    assert len(runs) == 12


@pytest.mark.documented("graph/api/resources/userregistrationdetails")
def test_rows_are_ordered_by_name_where_asked_and_pages_keep_the_order(http: httpx.Client) -> None:
    for name in ("carla", "Anton", "bert"):
        person(http, name)
    for order, expected in (
        ("userPrincipalName", ["Anton", "bert", "carla"]),
        ("userPrincipalName desc", ["carla", "bert", "Anton"]),
        ("userDisplayName asc", ["Anton", "bert", "carla"]),
    ):
        for top in (1, 2, 999):
            rows = read(http, REPORT, orderby=order, top=top)
            assert [r["userPrincipalName"].split("@")[0] for r in rows] == expected, (order, top)
    assert http.get(REPORT, params={"$orderby": "isAdmin"}).status_code == 501
    assert http.get(REPORT, params={"$orderby": " "}).status_code == 501


@pytest.mark.documented("graph/api/resources/userregistrationdetails")
def test_every_documented_filter_of_the_report(http: httpx.Client) -> None:
    person(http, "app", methods=[{"method": "microsoftAuthenticatorPush"}])
    person(http, "key", methods=[{"method": "fido2"}])
    person(http, "boss", roles=["Global Administrator"], methods=[{"method": "email"}])
    counts = {
        "isMfaRegistered eq true": 2,
        "isMfaCapable eq false": 1,
        "isPasswordlessCapable eq true": 1,
        "isSsprRegistered eq true": 1,
        "isSsprCapable eq true": 1,
        "isSsprEnabled eq true": 3,
        "isAdmin eq true": 1,
        "isSystemPreferredAuthenticationMethodEnabled eq true": 3,
        "methodsRegistered/any(m: m eq 'email')": 1,
        "systemPreferredAuthenticationMethods/any(m: m eq 'push')": 1,
        "userPreferredMethodForSecondaryAuthentication eq 'push'": 1,
        "userPrincipalName eq 'APP@contoso.example'": 1,
        "startsWith(userDisplayName, 'ke')": 1,
        "isMfaRegistered eq true and isPasswordlessCapable eq true": 1,
    }
    assert {clause: len(read(http, REPORT, filter=clause)) for clause in counts} == counts


@pytest.mark.inferred("strictness of the simulator: what it does not know it does not answer")
def test_an_unknown_filter_of_the_report_is_501_also_where_nobody_is_listed(http: httpx.Client) -> None:
    assert read(http, REPORT) == []
    assert http.get(REPORT, params={"$filter": "userType eq 'member'"}).status_code == 501
    assert (
        http.get(REPORT, params={"$filter": "lastUpdatedDateTime ge 2020-01-01T00:00:00Z"}).status_code == 501
    )


@pytest.mark.documented("graph/api/resources/userregistrationdetails")
def test_methods_registered_is_an_open_set(http: httpx.Client) -> None:
    key = person(http, "a", methods=[{"method": "unknownFutureMethod"}, {"method": "passKeySynced"}])
    got = row(http, key)
    assert got["methodsRegistered"] == ["unknownFutureMethod", "passKeySynced"]
    assert got["isSsprRegistered"] is False
    assert len(http.get(f"/v1.0/users/{key}/authentication/methods").json()["value"]) == 2
