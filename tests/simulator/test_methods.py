"""What an app can list, add, change and delete of a person's methods, and what stays in the audit log of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.documented("graph/api/resources/phoneauthenticationmethod")

ADELE = "adele@contoso.example"
METHODS = f"/v1.0/users/{ADELE}/authentication"
PHONES, EMAILS = f"{METHODS}/phoneMethods", f"{METHODS}/emailMethods"
MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"
ALTERNATE = "b6332ec1-7057-4abe-9331-3d72feddfe41"
OFFICE = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
EMAIL = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
NUMBER = "+1 2065555555"


@pytest.fixture(autouse=True)
def adele(http: httpx.Client) -> str:
    made = http.post("/_control/users", json={"userPrincipalName": ADELE, "displayName": "Adele"})
    return str(made.json()["id"])


def add(http: httpx.Client, number: Any = NUMBER, kind: Any = "mobile", **more: Any) -> httpx.Response:
    return http.post(PHONES, json={"phoneNumber": number, "phoneType": kind, **more})


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def audits(http: httpx.Client) -> list[dict[str, Any]]:
    query = {"$filter": "loggedByService eq 'Authentication Methods'", "$orderby": "activityDateTime"}
    found: list[dict[str, Any]] = http.get("/v1.0/auditLogs/directoryAudits", params=query).json()["value"]
    return found


def test_a_phone_of_each_type_has_the_type_s_own_id(http: httpx.Client) -> None:
    made = [
        add(http, f"+1 206555555{n}", kind) for n, kind in enumerate(("mobile", "alternateMobile", "office"))
    ]
    assert [(answer.status_code, answer.json()["id"]) for answer in made] == [
        (201, MOBILE),
        (201, ALTERNATE),
        (201, OFFICE),
    ]
    listed = http.get(PHONES).json()["value"]
    assert [phone["phoneType"] for phone in listed] == ["mobile", "alternateMobile", "office"]
    assert http.get(f"{PHONES}/{OFFICE}").json()["phoneNumber"] == "+1 2065555552"


@pytest.mark.inferred(
    "that these are refused is documented; status, code and text of the refusal are seen nowhere"
)
def test_one_phone_of_each_type_and_no_alternate_without_a_mobile(http: httpx.Client) -> None:
    assert error(add(http, kind="alternateMobile")) == (400, "badRequest")
    assert add(http).status_code == 201
    assert error(add(http, "+1 2065555556")) == (400, "badRequest")
    assert add(http, kind="alternateMobile").status_code == 201
    assert error(http.delete(f"{PHONES}/{MOBILE}")) == (400, "badRequest")
    assert [http.delete(f"{PHONES}/{key}").status_code for key in (ALTERNATE, MOBILE, MOBILE)] == [
        204,
        204,
        404,
    ]


@pytest.mark.inferred("the format and that others are rejected are documented; the refusal is seen nowhere")
def test_only_the_documented_number_format_is_accepted(http: httpx.Client) -> None:
    good = ["+1 5555551234", "+1 5555551234x123", "+49 1701234567", "+353 850123456"]
    bad: list[Any] = [
        "+15555551234",
        "+1  5555551234",
        "+55 11 99999-0000",
        "5555551234",
        "001 5555551234",
        "+1 555 555 1234",
    ]
    bad += [
        "",
        " +1 5555551234",
        "+1 5555551234\n",
        "+0 5555551234",
        "+1 ５５５５５５１２３４",
        None,
        15555551234,
        [],
    ]
    for number in bad:
        assert error(add(http, number)) == (400, "badRequest"), number
    for number in good:
        assert add(http, number).status_code == 201, number
        assert http.patch(f"{PHONES}/{MOBILE}", json={"phoneNumber": bad[0]}).status_code == 400
        assert http.delete(f"{PHONES}/{MOBILE}").status_code == 204


@pytest.mark.inferred("the page demands both properties and no smsSignInState; the refusal is seen nowhere")
def test_a_body_without_what_is_required_or_with_what_is_read_only_is_400_and_another_property_501(
    http: httpx.Client,
) -> None:
    for body in (
        {},
        {"phoneNumber": NUMBER},
        {"phoneType": "mobile"},
        {"phoneNumber": NUMBER, "phoneType": "fax"},
    ):
        assert http.post(PHONES, json=body).status_code == 400, body
    assert add(http, kind=["mobile"]).status_code == 400
    assert add(http, smsSignInState="ready").status_code == 400
    assert add(http, isDefault=True).status_code == 501
    assert add(http, **{"@odata.type": "#microsoft.graph.phoneAuthenticationMethod"}).status_code == 201


@pytest.mark.documented("phoneauthenticationmethod-update")
def test_the_number_changes_under_the_same_id_and_the_type_does_not(http: httpx.Client) -> None:
    add(http)
    assert http.patch(f"{PHONES}/{MOBILE}", json={"phoneNumber": "+1 2065555554"}).status_code == 204
    assert http.get(f"{PHONES}/{MOBILE}").json()["phoneNumber"] == "+1 2065555554"
    other = {"phoneNumber": "+1 2065555554", "phoneType": "office"}
    assert http.patch(f"{PHONES}/{MOBILE}", json=other).status_code == 400
    assert http.patch(f"{PHONES}/{OFFICE}", json=other).status_code == 404


@pytest.mark.documented("phoneauthenticationmethod-enablesmssignin")
def test_a_mobile_number_is_tried_for_sms_sign_in_and_must_be_nobody_else_s(http: httpx.Client) -> None:
    other = "bert@contoso.example"
    http.post("/_control/users", json={"userPrincipalName": other})
    path = f"/v1.0/users/{other}/authentication/phoneMethods"
    assert add(http).json()["smsSignInState"] == "ready"
    second = http.post(path, json={"phoneNumber": NUMBER, "phoneType": "mobile"})
    assert second.json()["smsSignInState"] == "phoneNumberNotUnique"
    assert http.post(f"{path}/{MOBILE}/enableSmsSignIn").status_code == 400
    assert http.post(f"{PHONES}/{MOBILE}/disableSmsSignIn").status_code == 204
    assert http.get(f"{PHONES}/{MOBILE}").json()["smsSignInState"] == "notEnabled"
    assert http.post(f"{path}/{MOBILE}/enableSmsSignIn").status_code == 204
    assert http.get(f"{path}/{MOBILE}").json()["smsSignInState"] == "ready"
    add(http, kind="office")
    assert http.post(f"{PHONES}/{OFFICE}/enableSmsSignIn").status_code == 400


def test_what_a_phone_can_be_for_sms_sign_in_is_told(http: httpx.Client) -> None:
    http.post(f"/_control/users/{ADELE}/methods", json={"method": "mobilePhone", "value": NUMBER})
    assert http.get(f"{PHONES}/{MOBILE}").json()["smsSignInState"] == "notConfigured"
    assert add(http, kind="office").json()["smsSignInState"] == "notSupported"
    http.post("/_control/entra", json={"sms_sign_in": False}).raise_for_status()
    assert http.get(f"{PHONES}/{MOBILE}").json()["smsSignInState"] == "notAllowedByPolicy"
    assert http.post(f"{PHONES}/{MOBILE}/enableSmsSignIn").status_code == 400


@pytest.mark.documented("authentication-post-emailmethods")
def test_one_e_mail_method_with_a_fixed_id(http: httpx.Client) -> None:
    made = http.post(EMAILS, json={"emailAddress": "adele@home.example"})
    assert (made.status_code, made.json()["id"]) == (201, EMAIL)
    assert http.post(EMAILS, json={"emailAddress": "b@home.example"}).status_code == 400
    assert http.patch(f"{EMAILS}/{EMAIL}", json={"emailAddress": "c@home.example"}).status_code == 204
    assert [m["emailAddress"] for m in http.get(EMAILS).json()["value"]] == ["c@home.example"]
    assert [http.delete(f"{EMAILS}/{EMAIL}").status_code for _ in range(2)] == [204, 404]
    assert http.get(f"{EMAILS}/{EMAIL}").status_code == 404


@pytest.mark.inferred("no page says which addresses are refused")
def test_what_is_no_address_is_400(http: httpx.Client) -> None:
    for address in ("", "x", "x@", "@x.example", "a b@x.example", "søren@x.example", "a@x", None, 7):
        assert http.post(EMAILS, json={"emailAddress": address}).status_code == 400, address
    assert http.post(EMAILS, json={"emailAddress": "a@x.example", "isDefault": True}).status_code == 501


@pytest.mark.observed(
    "janbakker.tech 2024-02-21, for the words; that an app is named in initiatedBy.app is inferred"
)
def test_every_write_of_an_app_is_recorded_as_by_an_app(http: httpx.Client, adele: str) -> None:
    add(http)
    http.patch(f"{PHONES}/{MOBILE}", json={"phoneNumber": "+1 2065555554"})
    http.delete(f"{PHONES}/{MOBILE}")
    http.post(EMAILS, json={"emailAddress": "adele@home.example"})
    http.delete(f"{EMAILS}/{EMAIL}")
    records = audits(http)
    assert [(r["activityDisplayName"], r["resultReason"]) for r in records[:3]] == [
        ("Admin registered security info", "Admin registered phone method for user"),
        ("Admin updated security info", "Admin changed phone method for user"),
        ("Admin deleted security info", "Admin deleted phone method for user"),
    ]
    assert len(records) == 5
    assert all(r["initiatedBy"]["user"] is None and r["initiatedBy"]["app"]["appId"] for r in records)
    assert {r["targetResources"][0]["id"] for r in records} == {adele}


@pytest.mark.documented("graph/api/resources/authenticationmethods-overview")
def test_each_type_has_its_own_address_and_lists_only_its_own(http: httpx.Client) -> None:
    """Listed, read and deleted by address; what only the person can set up is never added through one."""
    kinds = {
        "microsoftAuthenticatorMethods": "microsoftAuthenticatorPush",
        "fido2Methods": "fido2",
        "windowsHelloForBusinessMethods": "windowsHelloForBusiness",
        "platformCredentialMethods": "macOsSecureEnclaveKey",
        "softwareOathMethods": "softwareOneTimePasscode",
    }
    for kind in kinds.values():
        http.post(f"/_control/users/{ADELE}/methods", json={"method": kind}).raise_for_status()
    for segment in kinds:
        (one,) = http.get(f"{METHODS}/{segment}").json()["value"]
        path = f"{METHODS}/{segment}/{one['id']}"
        read = http.get(path).json()
        assert read.pop("@odata.context").endswith(f"authentication/{segment}/$entity")
        assert read == one
        others = [other for other in kinds if other != segment]
        assert [http.get(f"{METHODS}/{other}/{one['id']}").status_code for other in others] == [404] * 4
        assert http.post(f"{METHODS}/{segment}", json={}).status_code == 501
        assert [http.delete(path).status_code for _ in range(2)] == [204, 404]
    left = http.get(f"{METHODS}/methods").json()["value"]
    assert [method["@odata.type"] for method in left] == ["#microsoft.graph.passwordAuthenticationMethod"]
    assert [r["resultReason"] for r in audits(http)][-1].startswith("Admin deleted ")


@pytest.mark.documented("authentication-list-passwordmethods")
def test_everybody_has_one_password_that_cannot_be_deleted_here(http: httpx.Client) -> None:
    (password,) = http.get(f"{METHODS}/passwordMethods").json()["value"]
    assert password["password"] is None
    path = f"{METHODS}/passwordMethods/{password['id']}"
    assert http.get(path).status_code == 200
    assert http.get(f"{METHODS}/passwordMethods/{MOBILE}").status_code == 404
    assert http.delete(path).status_code == 501


@pytest.mark.inferred(
    "the page on administrators' methods asks for a high role; that an app gets 403 is our reading"
)
def test_methods_of_administrators_are_403_for_an_app(http: httpx.Client) -> None:
    add(http)
    http.post("/_control/users", json={"userPrincipalName": ADELE, "roles": ["Helpdesk Administrator"]})
    answers = [
        add(http, "+1 2065555556", "office"),
        http.patch(f"{PHONES}/{MOBILE}", json={"phoneNumber": "+1 2065555556"}),
        http.delete(f"{PHONES}/{MOBILE}"),
        http.post(f"{PHONES}/{MOBILE}/disableSmsSignIn"),
        http.post(EMAILS, json={"emailAddress": "a@x.example"}),
    ]
    assert [error(answer) for answer in answers] == [(403, "Authorization_RequestDenied")] * len(answers)
    assert http.get(PHONES).json()["value"][0]["phoneNumber"] == NUMBER


@pytest.mark.documented("authentication-list-phonemethods")
def test_the_addresses_take_no_query_options(http: httpx.Client) -> None:
    for path in (PHONES, EMAILS, f"{METHODS}/fido2Methods", f"{METHODS}/passwordMethods"):
        assert http.get(path, params={"$select": "id"}).status_code == 501


@pytest.mark.inferred("the cloud's schema has no such type; the text is that of any unknown segment")
def test_china_has_no_e_mail_methods(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"cloud": "china"}).raise_for_status()
    assert http.get(EMAILS).status_code == 400
    assert http.get(PHONES).status_code == 200


@pytest.mark.observed("MicrosoftDocs/azure-docs issue 111778; glueckkanja/MyWorkID issue 47")
def test_a_pass_is_refused_to_who_is_excluded_from_its_policy(http: httpx.Client, adele: str) -> None:
    http.post("/_control/policy", json={"tap": {"excludeTargets": [adele]}}).raise_for_status()
    refused = http.post(f"{METHODS}/temporaryAccessPassMethods", json={})
    assert error(refused) == (400, "badRequest")
    assert "Converged UserCredentialPolicy" in refused.json()["error"]["message"]


@pytest.mark.inferred("no page says how far ahead a pass may start")
def test_a_start_at_the_end_of_the_calendar_is_refused_and_not_a_fault(http: httpx.Client) -> None:
    body = {"startDateTime": "9999-12-31T23:59:59Z"}
    assert http.post(f"{METHODS}/temporaryAccessPassMethods", json=body).status_code == 400


@pytest.mark.documented("authentication-list-methods")
@pytest.mark.parametrize("given", ["with the person", "later"])
def test_no_phone_is_without_a_number_and_no_e_mail_method_without_an_address(
    http: httpx.Client, given: str
) -> None:
    """Also where the test that made the person named none."""
    names, upn = ("mobilePhone", "officePhone", "email"), "bert@contoso.example"
    held = [{"method": name} for name in names] if given == "with the person" else []
    http.post("/_control/users", json={"userPrincipalName": upn, "methods": held}).raise_for_status()
    for name in [] if held else names:
        http.post(f"/_control/users/{upn}/methods", json={"method": name}).raise_for_status()
    base = f"/v1.0/users/{upn}/authentication"
    phones = http.get(f"{base}/phoneMethods").json()["value"]
    assert len(phones) == 2
    assert all(phone["phoneNumber"].startswith("+1 206555") for phone in phones)
    (address,) = http.get(f"{base}/emailMethods").json()["value"]
    assert address["emailAddress"].endswith("@example.com")
