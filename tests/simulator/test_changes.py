"""Following changes of users: delta links, and subscriptions that are kept but never served."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.graph_calls import advance, create, ok, person, policy, refused

pytestmark = pytest.mark.documented("graph/delta-query-overview")

DELTA = "/v1.0/users/delta"


def round_of(http: httpx.Client, link: str, **kwargs: Any) -> tuple[list[dict[str, Any]], str]:
    """Everything up to the deltaLink, and that link."""
    found: list[dict[str, Any]] = []
    while True:
        page = ok(http.get(link, **kwargs))
        found += page["value"]
        if "@odata.deltaLink" in page:
            return found, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]
        assert "$skiptoken=" in link


def test_a_round_tells_everybody_once_and_the_next_one_what_changed(http: httpx.Client) -> None:
    ok(
        http.post(
            "/_control/users", json=[{"userPrincipalName": f"p{n}@contoso.example"} for n in range(210)]
        )
    )
    everybody, link = round_of(http, f"{DELTA}?$select=displayName,jobTitle")
    assert len({user["id"] for user in everybody}) == len(everybody) == 213
    assert round_of(http, link)[0] == []
    key = ok(http.get("/v1.0/users/p7@contoso.example"))["id"]
    ok(http.patch(f"/v1.0/users/{key}", json={"jobTitle": "CEO"}))
    ok(http.patch(f"/v1.0/users/{key}", json={"city": "Ulm"}))
    ok(http.patch("/v1.0/users/p8@contoso.example", json={"city": "Ulm"}))
    made = create(http)
    changed, later = round_of(http, link)
    assert changed == [
        {"displayName": "P7", "jobTitle": "CEO", "id": key},
        {"displayName": "Adele Vance", "id": made},
    ]
    assert round_of(http, later)[0] == []


def test_a_link_may_be_used_again_and_tells_the_same_again(http: httpx.Client) -> None:
    key = person(http, "anna")
    _, link = round_of(http, DELTA)
    ok(http.patch(f"/v1.0/users/{key}", json={"jobTitle": "CEO"}))
    first, _ = round_of(http, link)
    create(http)
    again, _ = round_of(http, link)
    assert len(first) == 1
    assert again[:1] == first
    assert len(again) == 2


@pytest.mark.documented("graph/delta-query-users")
def test_deletion_is_changed_then_deleted_for_good_and_a_restored_user_is_told_whole(
    http: httpx.Client,
) -> None:
    key = person(http, "anna", jobTitle="CEO")
    _, link = round_of(http, f"{DELTA}?$select=jobTitle")
    ok(http.delete(f"/v1.0/users/{key}"))
    assert round_of(http, link)[0] == [{"id": key, "@removed": {"reason": "changed"}}]
    ok(http.post(f"/v1.0/directory/deletedItems/{key}/restore"))
    assert round_of(http, link)[0] == [{"jobTitle": "CEO", "id": key}]
    ok(http.delete(f"/v1.0/users/{key}"))
    ok(http.delete(f"/v1.0/directory/deletedItems/{key}"))
    assert round_of(http, link)[0] == [{"id": key, "@removed": {"reason": "deleted"}}]
    assert key not in [user["id"] for user in round_of(http, DELTA)[0]]


@pytest.mark.documented("user-delta")
def test_minimal_answers_hold_what_changed_and_nothing_else(http: httpx.Client) -> None:
    key = person(http, "anna", displayName="Anna", jobTitle="CEO")
    _, link = round_of(http, f"{DELTA}?$select=displayName,jobTitle,mobilePhone")
    ok(http.patch(f"/v1.0/users/{key}", json={"jobTitle": None}))
    minimal, _ = round_of(http, link, headers={"Prefer": "return=minimal"})
    assert minimal == [{"jobTitle": None, "id": key}]
    assert round_of(http, link)[0] == [{"displayName": "Anna", "jobTitle": None, "id": key}]


@pytest.mark.documented("user-delta")
def test_a_filter_names_ids_and_50_at_most(http: httpx.Client) -> None:
    first, second = person(http, "a"), person(http, "b")
    person(http, "c")
    clause = f"id eq '{first}' or id eq '{second}'"
    found, link = round_of(http, f"{DELTA}/?$filter={clause}")
    assert [user["id"] for user in found] == [first, second]
    ok(http.patch("/v1.0/users/c@contoso.example", json={"city": "x"}))
    assert round_of(http, link)[0] == []
    many = " or ".join(f"id eq '{n}'" for n in range(51))
    for wrong in (many, "displayName eq 'x'", f"id ne '{first}'", f"id eq '{first}' and id eq '{second}'"):
        assert refused(http.get(DELTA, params={"$filter": wrong}))[0] == 400


def test_from_now_on_is_a_token_of_its_own(http: httpx.Client) -> None:
    person(http, "anna")
    nothing, link = round_of(http, f"{DELTA}?$deltatoken=latest")
    assert nothing == []
    made = create(http)
    assert [user["id"] for user in round_of(http, link)[0]] == [made]


def test_a_token_lives_seven_days(http: httpx.Client) -> None:
    _, link = round_of(http, DELTA)
    advance(http, "P7D")
    advance(http, "PT1S")
    answer = http.get(link)
    assert refused(answer)[0] == 410
    fresh, _ = round_of(http, answer.headers["location"])
    assert len(fresh) == 3
    for other in (f"{DELTA}?$top=5", f"{DELTA}?$orderby=displayName", f"{DELTA}?$expand=manager"):
        assert refused(http.get(other))[0] == 501
    assert refused(http.get(f"{DELTA}?$deltatoken=zzz"))[0] == 400


def test_a_user_who_has_not_replicated_is_told_once_they_have(http: httpx.Client) -> None:
    policy(http, replication_lag_seconds=60)
    made = create(http)
    everybody, link = round_of(http, DELTA)
    assert made not in [user["id"] for user in everybody]
    assert round_of(http, link)[0] == []
    advance(http, "PT1M")
    assert [user["id"] for user in round_of(http, link)[0]] == [made]


# --- subscriptions -----------------------------------------------------------------------------------

WANTED = {
    "changeType": "updated,deleted",
    "notificationUrl": "https://example.org/hook",
    "resource": "users",
    "clientState": "secret",
}


def subscribe(http: httpx.Client, **changes: Any) -> httpx.Response:
    ok(http.post("/_control/clock", json={"to": "2099-01-01T00:00:00Z"}))
    given = {**WANTED, "expirationDateTime": "2099-01-20T00:00:00Z", **changes}
    return http.post("/v1.0/subscriptions", json={k: v for k, v in given.items() if v is not ...})


@pytest.mark.documented("graph/api/resources/subscription")
def test_subscriptions_are_checked(http: httpx.Client) -> None:
    wrong: list[dict[str, Any]] = [
        {"expirationDateTime": "2099-01-30T00:01:00Z"},
        {"expirationDateTime": "2099-12-31T00:00:00Z"},
        {"expirationDateTime": "2098-12-31T00:00:00Z"},
        {"expirationDateTime": "soon"},
        {"expirationDateTime": ...},
        {"changeType": "renamed"},
        {"changeType": ""},
        {"notificationUrl": "http://example.org/hook"},
        {"notificationUrl": "https:///"},
        {"resource": ...},
        {"clientState": "x" * 129},
        {"latestSupportedTlsVersion": "v2"},
        {"lifecycleNotificationUrl": 7},
    ]
    ok(subscribe(http))
    for change in wrong:
        given = {**WANTED, "expirationDateTime": "2099-01-20T00:00:00Z", **change}
        body = {k: v for k, v in given.items() if v is not ...}
        assert refused(http.post("/v1.0/subscriptions", json=body))[0] == 400, change
    for change in ({"resource": "me/messages"}, {"includeResourceData": True}, {"more": 1}):
        given = {**WANTED, "expirationDateTime": "2099-01-20T00:00:00Z", **change}
        assert refused(http.post("/v1.0/subscriptions", json=given))[0] == 501, change


@pytest.mark.documented("subscription-list")
def test_a_subscription_lives_until_its_time_and_can_be_renewed_and_ended(http: httpx.Client) -> None:
    made = ok(subscribe(http, expirationDateTime="2099-01-02T00:00:00Z"))
    path = f"/v1.0/subscriptions/{made['id']}"
    assert made["clientState"] == "secret"
    assert ok(http.get(path))["clientState"] is None
    ok(http.patch(path, json={"expirationDateTime": "2099-01-10T00:00:00Z"}))
    assert refused(http.patch(path, json={"expirationDateTime": "2199-01-10T00:00:00Z"}))[0] == 400
    assert refused(http.patch(path, json={"changeType": "created"}))[0] == 501
    advance(http, "P8D")
    assert [entry["id"] for entry in ok(http.get("/v1.0/subscriptions"))["value"]] == [made["id"]]
    advance(http, "P2D")
    assert ok(http.get("/v1.0/subscriptions"))["value"] == []
    assert refused(http.get(path))[0] == 404
    other = ok(
        http.post("/v1.0/subscriptions", json={**WANTED, "expirationDateTime": "2099-01-20T00:00:00Z"})
    )
    ok(http.delete(f"/v1.0/subscriptions/{other['id']}"))
    assert refused(http.delete(f"/v1.0/subscriptions/{other['id']}"))[0] == 404


@pytest.mark.documented("graph/webhooks")
def test_an_endpoint_that_does_not_answer_the_validation_gets_no_subscription(http: httpx.Client) -> None:
    policy(http, notification_endpoint="fails")
    assert refused(subscribe(http))[0] == 400
    assert ok(http.get("/v1.0/subscriptions"))["value"] == []
