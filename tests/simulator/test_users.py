"""Creating and reading users: what Graph refuses is refused, what it hides is hidden."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("user-post-users")

PASSWORD = "xWwvJ]6NMw+bWH-d"
LONG_LOCAL = "a" * 64


def new(upn: str = "adele@contoso.example", **changes: Any) -> dict[str, Any]:
    body = {
        "accountEnabled": True,
        "displayName": "Adele Vance",
        "mailNickname": "adele",
        "userPrincipalName": upn,
        "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": True},
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def create(http: httpx.Client, *args: Any, **changes: Any) -> httpx.Response:
    return http.post("/v1.0/users", json=new(*args, **changes))


def error(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["error"]
    return found


@pytest.mark.documented("user-list")
def test_a_created_user_is_found_by_id_by_name_in_any_case_and_by_filter(http: httpx.Client) -> None:
    made = create(http, employeeId="HR-7")
    assert made.status_code == 201
    key = made.json()["id"]
    for path in (f"/v1.0/users/{key}", "/v1.0/users/ADELE@contoso.example"):
        assert http.get(path).json()["id"] == key
    for clause in ("employeeId eq 'HR-7'", "userPrincipalName eq 'Adele@Contoso.example'"):
        found = http.get("/v1.0/users", params={"$filter": clause, "$select": "id,employeeId"}).json()
        assert found["value"] == [{"id": key, "employeeId": "HR-7"}]


def test_the_201_holds_the_default_set_only_and_no_read_returns_the_password(http: httpx.Client) -> None:
    made = create(http, employeeId="HR-7", department="R&D").json()
    assert "employeeId" not in made
    assert "department" not in made
    assert "passwordProfile" not in made
    everything = http.get("/_control/users/adele@contoso.example").text
    assert PASSWORD not in everything


@pytest.mark.inferred("examples show whole seconds; that the rest is cut off is the worse reading")
def test_created_date_time_has_whole_seconds_cut_off(http: httpx.Client) -> None:
    """So it can lie up to a second before the request that created the user."""
    http.post("/_control/clock", json={"to": "2099-01-01T00:00:00.9Z"})
    create(http)
    read = http.get("/v1.0/users/adele@contoso.example?$select=createdDateTime").json()
    assert read["createdDateTime"].endswith("Z")
    assert "." not in read["createdDateTime"]
    assert read["createdDateTime"] <= "2099-01-01T00:00:02Z"


@pytest.mark.observed("microsoftgraph/microsoft-graph-docs issue 1508")
@pytest.mark.parametrize("upn", ["adele@contoso.example", "ADELE@CONTOSO.EXAMPLE"])
def test_a_taken_name_is_400_object_conflict_and_not_409(http: httpx.Client, upn: str) -> None:
    create(http)
    second = create(http, upn)
    assert second.status_code == 400
    assert error(second)["code"] == "Request_BadRequest"
    assert error(second)["message"] == (
        "Another object with the same value for property userPrincipalName already exists."
    )
    assert error(second)["details"][0]["code"] == "ObjectConflict"
    assert error(second)["details"][0]["target"] == "userPrincipalName"


@pytest.mark.inferred("no page says whether a deleted user's name is taken")
def test_the_name_of_a_soft_deleted_user_is_free(http: httpx.Client) -> None:
    first = create(http).json()["id"]
    http.post("/_control/users", json={"userPrincipalName": "adele@contoso.example", "deleted": True})
    assert http.get(f"/v1.0/users/{first}").status_code == 404
    second = create(http)
    assert second.status_code == 201
    assert second.json()["id"] != first


@pytest.mark.parametrize(
    "missing", ["accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"]
)
def test_each_required_property_is_required(http: httpx.Client, missing: str) -> None:
    refused = create(http, **{missing: ...}) if missing != "userPrincipalName" else create(http, None)
    assert refused.status_code == 400
    assert missing in error(refused)["message"]


@pytest.mark.documented("graph/api/resources/user")
@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("employeeId", 16),
        ("mailNickname", 64),
        ("givenName", 64),
        ("surname", 64),
        ("displayName", 256),
        ("jobTitle", 128),
        ("department", 64),
        ("companyName", 64),
        ("mobilePhone", 64),
        ("city", 128),
    ],
)
def test_property_limits_hold_to_the_character(http: httpx.Client, name: str, longest: int) -> None:
    assert create(http, "fits@contoso.example", **{name: "x" * longest}).status_code == 201
    refused = create(http, "long@contoso.example", **{name: "x" * (longest + 1)})
    assert refused.status_code == 400
    assert error(refused)["details"][0]["target"] == name


@pytest.mark.documented("graph/api/resources/user")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("usageLocation", "germany"),
        ("usageLocation", "de"),
        ("preferredLanguage", "German (Germany)"),
        ("businessPhones", ["+49 1", "+49 2"]),
        ("businessPhones", "+49 1"),
        ("otherMails", ["zoë@example.org"]),
        ("employeeHireDate", "01.02.2026"),
        ("accountEnabled", "yes"),
        ("mailNickname", "zoë"),
        ("mailNickname", "two words"),
        ("userType", "Robot"),
    ],
)
def test_values_outside_their_form_are_refused(http: httpx.Client, name: str, value: Any) -> None:
    assert create(http, **{name: value}).status_code == 400


@pytest.mark.parametrize(
    "name", ["Søren Ångström", "Groß", "山田 太郎", "O'Neill", "Pelé", "<b>x</b>", "x" * 256]
)
def test_display_names_are_free_text_and_come_back_as_sent(http: httpx.Client, name: str) -> None:
    made = create(http, displayName=name)
    assert made.json()["displayName"] == name
    assert http.get(f"/v1.0/users/{made.json()['id']}").json()["displayName"] == name


@pytest.mark.documented("entra/identity/authentication/concept-sspr-policy")
@pytest.mark.parametrize(
    "upn",
    [
        "o'neill@contoso.example",
        "a.b-c_d!e#f^g~h@contoso.example",
        f"{LONG_LOCAL}@contoso.example",
        "x@contoso.onmicrosoft.com",
    ],
)
def test_names_with_every_legal_character_can_be_created_and_read(http: httpx.Client, upn: str) -> None:
    assert create(http, upn).status_code == 201
    assert http.get("/v1.0/users/" + upn.replace("#", "%23")).json()["userPrincipalName"] == upn
    doubled = upn.replace("'", "''")
    found = http.get("/v1.0/users", params={"$filter": f"userPrincipalName eq '{doubled}'"}).json()["value"]
    assert [user["userPrincipalName"] for user in found] == [upn]


@pytest.mark.documented("entra/identity/authentication/concept-sspr-policy")
@pytest.mark.parametrize(
    "upn",
    [
        "søren@contoso.example",
        "groß@contoso.example",
        "a b@contoso.example",
        "a.@contoso.example",
        f"{LONG_LOCAL}a@contoso.example",
        "no-domain",
        "a@b@contoso.example",
        "a@fabrikam.example",
        "@x",
        7,
    ],
)
def test_names_with_accents_wrong_length_or_unverified_domain_are_refused(
    http: httpx.Client, upn: Any
) -> None:
    refused = create(http, upn)
    assert refused.status_code == 400
    assert error(refused)["code"] == "Request_BadRequest"


@pytest.mark.documented("entra/identity/authentication/concept-sspr-policy")
@pytest.mark.parametrize(
    "password", ["Ab1!xyz", "alllowercaseletters", "Ab1!" * 65, "Pässwörd123!", "lower1234", None, 12345678]
)
def test_weak_passwords_are_refused(http: httpx.Client, password: Any) -> None:
    """8 to 256 characters, three of four classes, no Unicode."""
    assert create(http, passwordProfile={"password": password}).status_code == 400


@pytest.mark.documented("entra/identity/authentication/concept-sspr-policy")
@pytest.mark.parametrize("password", ["Abcdefg1", "abcdefg1!", "Ab1!" * 64])
def test_passwords_of_three_classes_are_accepted(http: httpx.Client, password: str) -> None:
    assert create(http, passwordProfile={"password": password}).status_code == 201


@pytest.mark.inferred("strictness of the simulator: what it does not know it does not answer")
def test_unmodelled_body_properties_options_and_headers_are_501(http: httpx.Client) -> None:
    create(http)
    adele = "/v1.0/users/adele@contoso.example"
    answers = [
        create(http, "b@contoso.example", aboutMe="x"),
        create(http, "b@contoso.example", identities=[{"signInType": "userName"}]),
        create(http, "b@contoso.example", passwordProfile={"password": PASSWORD, "hint": "x"}),
        http.get(adele, params={"$expand": "directReports"}),
        http.get(adele, params={"$select": "signInActivity"}),
        http.get(adele, headers={"If-Match": "x"}),
        http.get(adele, headers={"Prefer": "return=minimal"}),
        http.get("/v1.0/users", params={"$skip": "5"}),
        http.get("/v1.0/users", params={"$filter": "signInActivity/lastSignInDateTime le 2026-01-01"}),
        http.get("/v1.0/users", params={"$filter": "imAddresses/all(i:i eq 'x')"}),
        http.patch(adele, json={"aboutMe": "x"}),
        http.post(adele),
        http.get("/v1.0/me"),
        http.get("/v1.0/groups", params={"$expand": "members"}),
        http.post("/v1.0/$batch", json={"requests": [], "more": 1}),
        http.get("/beta/users"),
    ]
    assert [answer.status_code for answer in answers] == [501] * len(answers)
    assert all(error(answer)["code"] == "NotImplemented" for answer in answers)


@pytest.mark.documented("graph/query-parameters")
def test_a_quote_that_is_not_doubled_is_400(http: httpx.Client) -> None:
    broken = http.get("/v1.0/users", params={"$filter": "employeeId eq 'O'Neill'"})
    assert broken.status_code == 400


@pytest.mark.documented("user-update")
def test_patch_changes_the_named_properties_and_the_indexes(http: httpx.Client) -> None:
    key = create(http, employeeId="1", department="A").json()["id"]
    changed = http.patch(f"/v1.0/users/{key}", json={"employeeId": "2", "mobilePhone": "+49 1701234567"})
    assert changed.status_code == 204
    read = http.get(f"/v1.0/users/{key}?$select=employeeId,department,mobilePhone").json()
    assert (read["employeeId"], read["department"]) == ("2", "A")
    found = [
        http.get("/v1.0/users", params={"$filter": f"employeeId eq '{n}'"}).json()["value"] for n in "12"
    ]
    assert [len(value) for value in found] == [0, 1]
    assert http.patch(f"/v1.0/users/{key}", json={"displayName": None}).status_code == 400


@pytest.mark.documented("user-update")
@pytest.mark.parametrize("name", ["mobilePhone", "businessPhones", "otherMails", "accountEnabled"])
def test_sensitive_properties_of_administrators_are_403_and_other_ones_are_not(
    http: httpx.Client, name: str
) -> None:
    value = {"businessPhones": [], "otherMails": [], "accountEnabled": False}.get(name, "+49 1")
    for boss in (
        {"userPrincipalName": "boss@contoso.example", "roles": ["User Administrator"]},
        {"userPrincipalName": "pim@contoso.example", "groups": [{"isAssignableToRole": True}]},
    ):
        http.post("/_control/users", json=boss).raise_for_status()
        path = f"/v1.0/users/{boss['userPrincipalName']}"
        refused = http.patch(path, json={name: value})
        assert (refused.status_code, error(refused)["code"]) == (403, "Authorization_RequestDenied")
        assert http.patch(path, json={"department": "IT"}).status_code == 204


@pytest.mark.documented("user-update")
def test_an_app_without_a_role_may_not_set_passwords(http: httpx.Client) -> None:
    create(http)
    refused = http.patch(
        "/v1.0/users/adele@contoso.example", json={"passwordProfile": {"password": PASSWORD}}
    )
    assert refused.status_code == 403


@pytest.mark.documented("graph/api/resources/user")
def test_phones_of_synced_users_are_read_only(http: httpx.Client) -> None:
    http.post(
        "/_control/users", json={"userPrincipalName": "s@contoso.example", "onPremisesSyncEnabled": True}
    )
    assert http.patch("/v1.0/users/s@contoso.example", json={"mobilePhone": "+49 1"}).status_code == 400
    assert http.patch("/v1.0/users/s@contoso.example", json={"usageLocation": "DE"}).status_code == 204


@pytest.mark.observed("public answers for users without a manager")
def test_manager_is_404_until_set_and_an_unknown_manager_is_404(http: httpx.Client, sim: Any) -> None:
    key = create(http).json()["id"]
    path = f"/v1.0/users/{key}/manager"
    assert error(http.get(path))["code"] == "Request_ResourceNotFound"
    unknown = {"@odata.id": f"{sim.graph_url}/users/00000000-0000-4000-8000-000000000000"}
    assert http.put(path + "/$ref", json=unknown).status_code == 404
    boss = http.post("/_control/users", json={"userPrincipalName": "boss@contoso.example"}).json()["id"]
    assert http.put(path + "/$ref", json={"@odata.id": f"{sim.graph_url}/users/{boss}"}).status_code == 204
    assert http.get(path).json()["id"] == boss
    assert http.get(path + "?$select=id,accountEnabled").json()["accountEnabled"] is True
    assert http.put(path + "/$ref", json={"@odata.id": "nonsense"}).status_code == 400


@pytest.mark.documented("graph/resolve-auth-errors")
def test_every_call_needs_a_bearer_token(http: httpx.Client) -> None:
    for value in ("", "Bearer", "Basic eDp5"):
        refused = http.get("/v1.0/users/x", headers={"Authorization": value})
        assert (refused.status_code, error(refused)["code"]) == (401, "InvalidAuthenticationToken")


@pytest.mark.documented("graph/errors")
def test_every_answer_has_a_request_id_and_echoes_the_client_s(http: httpx.Client) -> None:
    mine = "5b6e1fbb-0e0e-4f3e-a3a5-3a2d2d4b1c5e"
    answer = http.get("/v1.0/users/nobody@contoso.example", headers={"client-request-id": mine})
    assert answer.status_code == 404
    assert answer.headers["client-request-id"] == mine
    assert error(answer)["innerError"]["client-request-id"] == mine
    assert error(answer)["innerError"]["request-id"] == answer.headers["request-id"]
    assert answer.headers["x-simulated"] == "true"
    assert int(answer.headers["x-ms-resource-unit"]) >= 1
    assert "date" in answer.headers


@pytest.mark.inferred("the text and the code are seen nowhere")
@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"a": NaN}', b"\xff\xfe", b"null"])
def test_a_body_that_is_no_json_object_is_400(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/v1.0/users", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.inferred("reproducible on purpose; real ids are random")
def test_the_same_seed_gives_the_same_ids(http: httpx.Client) -> None:
    def run(seed: int) -> list[str]:
        http.post("/_control/reset", json={"seed": seed})
        http.get("/v1.0/users/nobody@contoso.example")
        return [create(http, f"u{n}@contoso.example").json()["id"] for n in range(3)]

    first, second, other = run(5), run(5), run(6)
    assert first == second
    assert not set(first) & set(other)
