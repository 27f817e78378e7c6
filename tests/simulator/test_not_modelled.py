"""Requests of Microsoft's pages that the simulator does not model: 501, never an answer that is silently wrong."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.graph_calls import EVENTUAL, group, ok, person, refused

BOX = "/v1.0/users/onboarding@contoso.example"
ROOT = "https://graph.microsoft.com/v1.0"
LOCAL_ACCOUNT = {
    "displayName": "John Smith",
    "identities": [
        {"signInType": "userName", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": "john"}
    ],
    "passwordProfile": {"password": "password-value", "forceChangePasswordNextSignIn": False},
    "passwordPolicies": "DisablePasswordExpiration",
}


def not_modelled(answer: httpx.Response) -> bool:
    return refused(answer)[:2] == (501, "NotImplemented")


@pytest.mark.documented("group-delta")
def test_a_function_is_not_taken_for_the_id_of_a_group(http: httpx.Client) -> None:
    for path in (
        "/groups/delta",
        "/groups/delta()",
        "/groups/microsoft.graph.delta",
        "/directoryRoles/delta",
    ):
        assert not_modelled(http.get(f"/v1.0{path}"))


@pytest.mark.documented("message-delta")
def test_a_function_is_not_taken_for_the_id_of_a_message(http: httpx.Client) -> None:
    assert not_modelled(http.get(f"{BOX}/messages/delta"))


@pytest.mark.documented("directory-deleteditems-list")
def test_a_cast_is_not_taken_for_the_id_of_a_deleted_user(http: httpx.Client) -> None:
    for kind in ("microsoft.graph.group", "graph.application", "microsoft.graph.administrativeUnit"):
        assert not_modelled(http.get(f"/v1.0/directory/deletedItems/{kind}"))


@pytest.mark.documented("fido2authenticationmethod-creationoptions")
def test_a_function_with_arguments_is_not_taken_for_the_id_of_a_method(http: httpx.Client) -> None:
    path = f"/v1.0/users/{person(http, 'ada')}/authentication/fido2Methods/creationOptions"
    assert not_modelled(http.get(path))
    assert not_modelled(http.get(f"{path}(challengeTimeoutInMinutes=10)"))


@pytest.mark.inferred("a count of every collection is OData's own; no page shows one of these")
def test_a_count_is_not_taken_for_an_id(http: httpx.Client) -> None:
    for path in ("/auditLogs/directoryAudits/$count", "/directoryRoles/$count"):
        assert not_modelled(http.get(f"/v1.0{path}", headers=EVENTUAL))


@pytest.mark.documented("user-post-users")
def test_a_local_or_federated_account_is_not_refused_for_what_it_need_not_have(http: httpx.Client) -> None:
    assert not_modelled(http.post("/v1.0/users", json=LOCAL_ACCOUNT))


@pytest.mark.documented("graph/outlook-send-mime-message")
def test_a_message_in_mime_is_not_refused_for_being_no_json(http: httpx.Client) -> None:
    for path in (f"{BOX}/sendMail", f"{BOX}/messages"):
        assert not_modelled(http.post(path, content=b"RnJvbTo=", headers={"Content-Type": "text/plain"}))


@pytest.mark.documented("profilephoto-update")
def test_bytes_to_an_address_that_is_not_modelled(http: httpx.Client) -> None:
    jpeg = {"Content-Type": "image/jpeg"}
    assert not_modelled(http.put(f"{BOX}/photo/$value", content=b"\xff\xd8\xff", headers=jpeg))


@pytest.mark.documented("graph/change-notifications-delivery-event-hubs")
def test_notifications_through_an_event_hub(http: httpx.Client) -> None:
    asked: dict[str, Any] = {
        "changeType": "updated",
        "notificationUrl": "EventHub:https://vault.azure.net/secrets/hub?tenantId=contoso.com",
        "resource": "users",
        "expirationDateTime": "2026-12-01T11:00:00Z",
    }
    assert not_modelled(http.post("/v1.0/subscriptions", json=asked))


@pytest.mark.documented("group-post-members")
def test_members_that_are_neither_users_nor_groups(http: httpx.Client) -> None:
    path = f"/v1.0/groups/{group(http, 'Nurses')}/members/$ref"
    for kind in ("servicePrincipals", "devices", "contacts"):
        assert not_modelled(http.post(path, json={"@odata.id": f"{ROOT}/{kind}/{'0' * 8}-0000"}))


@pytest.mark.documented("graph/aad-advanced-queries")
def test_a_collection_that_holds_anything_is_no_unreadable_filter(http: httpx.Client) -> None:
    query = {"$filter": "NOT assignedLicenses/any()", "$count": "true"}
    assert not_modelled(http.get("/v1.0/users", params=query, headers=EVENTUAL))


@pytest.mark.documented("directoryaudit-list")
def test_a_date_alone_is_a_time_in_a_filter_of_the_log(http: httpx.Client) -> None:
    person(http, "ada")
    ok(http.patch("/v1.0/users/ada@contoso.example", json={"city": "Ulm"}))
    for clause, found in (
        ("activityDateTime le 2021-01-24", False),
        ("activityDateTime ge 2021-01-24", True),
    ):
        page = ok(http.get("/v1.0/auditLogs/directoryAudits", params={"$filter": clause}))
        assert bool(page["value"]) is found


@pytest.mark.inferred("OData's own header, which the pages use without it; an answer would look wrong")
def test_more_or_fewer_annotations_than_usual(http: httpx.Client) -> None:
    path = f"/v1.0/users/{person(http, 'ada')}"
    for wanted in ("none", "full"):
        assert not_modelled(http.get(path, headers={"Accept": f"application/json;odata.metadata={wanted}"}))
    for usual in ("application/json", "application/json;odata.metadata=minimal;odata.streaming=true", "*/*"):
        ok(http.get(path, headers={"Accept": usual}))
