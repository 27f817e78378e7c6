"""Licences: what is free, who may have one, and the mailbox that comes later."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.graph_calls import advance, create, ok, person, policy, refused

pytestmark = pytest.mark.documented("user-assignlicense")

E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
OTHER = "c7df2760-2c81-4ef7-b578-5b5392b571df"
TEAMS = "57ff2da0-773e-42df-b2af-ffb7a2317929"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
ADELE = "/v1.0/users/adele@contoso.example"
MAIL = {
    "message": {
        "subject": "Hello",
        "body": {"contentType": "Text", "content": "x"},
        "toRecipients": [{"emailAddress": {"address": "x@y.example"}}],
    }
}


def assign(http: httpx.Client, *added: Any, removed: Any = (), path: str = ADELE) -> httpx.Response:
    licences = [{"skuId": entry} if isinstance(entry, str) else entry for entry in added]
    return http.post(f"{path}/assignLicense", json={"addLicenses": licences, "removeLicenses": list(removed)})


def units(http: httpx.Client) -> tuple[int, int]:
    """(bought, used) of E3."""
    sku = next(sku for sku in ok(http.get("/v1.0/subscribedSkus"))["value"] if sku["skuId"] == E3)
    return sku["prepaidUnits"]["enabled"], sku["consumedUnits"]


def held(http: httpx.Client) -> list[str]:
    return [entry["skuId"] for entry in ok(http.get(f"{ADELE}/licenseDetails"))["value"]]


def test_a_licence_is_used_until_it_is_taken_back(http: httpx.Client) -> None:
    create(http, usageLocation="DE")
    made = ok(assign(http, {"skuId": E3.upper(), "disabledPlans": [TEAMS]}))
    assert made["assignedLicenses"] == [{"skuId": E3, "disabledPlans": [TEAMS]}]
    assert TEAMS not in [plan["servicePlanId"] for plan in made["assignedPlans"]]
    assert (units(http), held(http)) == ((25, 1), [E3])
    ok(assign(http, E3))  # once more is no second one
    assert units(http) == (25, 1)
    ok(assign(http, removed=[E3]))
    assert (units(http), held(http)) == ((25, 0), [])


@pytest.mark.observed("public repositories and issues; responses/licences.py names them")
def test_refusals_in_the_words_of_the_service(http: httpx.Client) -> None:
    create(http)
    begin = "One or more parameters of the operation 'assignLicense' are missing from the request payload. "
    expected = (
        (assign(http, E3), "License assignment cannot be done for user with invalid usage location."),
        (assign(http, OTHER), f"License {OTHER} does not correspond to a valid company License."),
        (assign(http, removed=[E3]), "User does not have a corresponding license."),
        (
            http.post(f"{ADELE}/assignLicense", json={"removeLicenses": []}),
            begin + "The missing parameters are: addLicenses.",
        ),
        (
            http.post(f"{ADELE}/assignLicense", json={}),
            begin + "The missing parameters are: addLicenses, removeLicenses.",
        ),
        (
            assign(http, "E3"),
            "Cannot convert a primitive value to the expected type 'Edm.Guid'. See the inner exception for more "
            "details.",
        ),
    )
    for answer, message in expected:
        assert refused(answer) == (400, "Request_BadRequest", message)


@pytest.mark.observed("Partner Center's pages and public scripts quote the words")
def test_without_a_free_unit_nobody_gets_one_and_a_deleted_user_s_is_free(http: httpx.Client) -> None:
    ok(http.post("/_control/skus", json={"skuId": E3, "enabled": 1}))
    create(http, usageLocation="DE")
    create(http, "b@contoso.example", usageLocation="DE")
    ok(assign(http, E3))
    status, code, message = refused(assign(http, E3, path="/v1.0/users/b@contoso.example"))
    assert (status, code) == (400, "Request_BadRequest")
    assert message.endswith(f"and SKU {E3} does not have any available licenses.")
    ok(http.delete(ADELE))
    ok(assign(http, E3, path="/v1.0/users/b@contoso.example"))


@pytest.mark.inferred("no page says what these give; that nothing of the request is done is the safe reading")
def test_a_request_with_one_bad_part_does_nothing(http: httpx.Client) -> None:
    create(http, usageLocation="DE")
    ok(http.post("/_control/skus", json={"skuId": OTHER, "enabled": 5}))
    for wrong in (
        assign(http, E3, OTHER.replace("c", "d")),
        assign(http, E3, removed=[E3]),
        assign(http, E3, {"skuId": OTHER, "disabledPlans": [TEAMS]}),
        assign(http, E3, E3),
        assign(http, E3, removed=[OTHER]),
        assign(http, {"disabledPlans": []}),
        assign(http, {"skuId": E3, "disabledPlans": "x"}),
        assign(http, 7),
    ):
        assert refused(wrong)[0] == 400
    assert refused(assign(http, {"skuId": E3, "quantity": 2}))[0] == 501
    assert (units(http), held(http)) == ((25, 0), [])


@pytest.mark.documented("subscribedsku-list")
def test_a_suspended_subscription_has_nothing_to_give(http: httpx.Client) -> None:
    create(http, usageLocation="DE")
    sku = ok(http.post("/_control/skus", json={"skuId": E3, "status": "Suspended"}))
    assert sku["prepaidUnits"] == {"enabled": 0, "lockedOut": 0, "suspended": 25, "warning": 0}
    assert refused(assign(http, E3))[0] == 400
    assert refused(http.get("/v1.0/subscribedSkus?$filter=skuPartNumber eq 'SPE_E3'"))[0] == 501


@pytest.mark.documented("graph/known-issues")
def test_a_mailbox_is_there_15_minutes_after_the_licence_and_the_address_with_it(http: httpx.Client) -> None:
    create(http, usageLocation="DE")

    def send() -> httpx.Response:
        return http.post(f"{ADELE}/sendMail", json=MAIL)

    none = (404, "MailboxNotEnabledForRESTAPI")
    assert refused(send())[:2] == none
    ok(assign(http, {"skuId": E3, "disabledPlans": [EXCHANGE]}))
    advance(http, "PT1H")
    assert refused(send())[:2] == none
    ok(assign(http, E3))
    advance(http, "PT14M")
    assert refused(send())[:2] == none
    assert ok(http.get(ADELE))["mail"] is None
    details = ok(http.get(f"{ADELE}/licenseDetails"))["value"][0]["servicePlans"]
    assert {p["servicePlanName"]: p["provisioningStatus"] for p in details}[
        "EXCHANGE_S_ENTERPRISE"
    ] == "PendingProvisioning"
    advance(http, "PT1M")
    ok(send())
    assert ok(http.get(ADELE))["mail"] == "adele@contoso.example"
    ok(assign(http, removed=[E3]))
    assert refused(send())[:2] == none


@pytest.mark.inferred(
    "a mailbox of people whom a test puts there needs no licence: they stand for the tenant's past"
)
def test_people_of_the_tenant_s_past_have_mailboxes(http: httpx.Client) -> None:
    person(http, "anna")
    ok(http.post("/v1.0/users/anna@contoso.example/sendMail", json=MAIL))


@pytest.mark.inferred("no page says how late a licence is seen; any write may be")
def test_the_answer_to_the_write_knows_what_reads_do_not_see_yet(http: httpx.Client) -> None:
    create(http, usageLocation="DE")
    policy(http, licence_lag_seconds=30)
    assert ok(assign(http, E3))["assignedLicenses"] != []
    assert held(http) == []
    assert ok(http.get(ADELE, params={"$select": "assignedLicenses"}))["assignedLicenses"] == []
    advance(http, "PT30S")
    assert held(http) == [E3]
