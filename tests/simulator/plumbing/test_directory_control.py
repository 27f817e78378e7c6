"""The control interface over groups and licences, and the switches of the directory."""

from __future__ import annotations

import pickle
from typing import Any

import httpx

from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.models.throttle import Cost, Refusal

SKU = "c7df2760-2c81-4ef7-b578-5b5392b571df"


def test_groups_are_made_changed_and_listed(http: httpx.Client) -> None:
    for name in ("anna", "bert"):
        http.post("/_control/users", json={"userPrincipalName": f"{name}@contoso.example"}).raise_for_status()
    made = http.post("/_control/groups", json={"displayName": "Team", "members": ["anna@contoso.example"]})
    assert made.status_code == 201
    key = made.json()["id"]
    changed = http.post("/_control/groups", json={"id": key, "members": ["bert@contoso.example"]})
    assert changed.status_code == 200
    (listed,) = http.get("/_control/groups").json()["items"]
    bert = http.get("/_control/users/bert@contoso.example").json()
    assert listed["members"] == [bert["id"]]
    assert [group["displayName"] for group in bert["groups"]] == ["Team"]
    assert http.get("/_control/users/anna@contoso.example").json()["groups"] == []


def test_groups_of_a_person_replace_the_ones_before(http: httpx.Client) -> None:
    def put(*groups: dict[str, Any]) -> list[str]:
        body = {"userPrincipalName": "anna@contoso.example", "groups": list(groups)}
        answer = http.post("/_control/users", json=body).raise_for_status().json()
        return [group["displayName"] for group in answer["groups"]]

    assert put({"displayName": "A", "id": "a"}, {"displayName": "B", "id": "b"}) == ["A", "B"]
    assert put({"displayName": "B", "id": "b"}) == ["B"]
    assert put() == []


def test_what_cannot_be_meant_is_400_and_changes_nothing(http: httpx.Client) -> None:
    wrong: list[tuple[str, Any]] = [
        ("groups", {"displayName": "x", "colour": "red"}),
        ("groups", {"members": ["nobody@contoso.example"]}),
        ("groups", {"members": "x"}),
        ("groups", {"displayName": "x" * 257}),
        ("groups", {"displayName": "x", "roles": ["User Administrator"]}),
        ("groups", {"displayName": "x", "isAssignableToRole": True, "roles": ["King"]}),
        ("groups", {"displayName": "x", "isAssignableToRole": True, "roles": "User Administrator"}),
        ("groups", []),
        ("skus", {"skuId": "E3"}),
        ("skus", {"skuId": SKU, "enabled": -1}),
        ("skus", {"skuId": SKU, "status": "Free"}),
        ("skus", {"skuId": SKU, "servicePlans": [{"servicePlanId": "x"}]}),
        ("skus", {"skuId": SKU, "price": 1}),
        ("policy", {"quotas": ["everything"]}),
        ("policy", {"quotas": "writes"}),
        ("policy", {"quota_share": 0}),
        ("policy", {"quota_share": 2}),
        ("policy", {"tenant_size": "XL"}),
        ("policy", {"tenant_size": []}),
        ("policy", {"used_by_others": {"tenant_reads": 1}}),
        ("policy", {"used_by_others": {"tenant_writes": -1}}),
        ("policy", {"app_roles": "User Administrator"}),
        ("policy", {"unreplicated_reference": "maybe"}),
        ("policy", {"notification_endpoint": "sleeps"}),
        ("policy", {"index_lag_seconds": -1}),
    ]
    before = [http.get(f"/_control/{name}").text for name in ("groups", "skus", "policy")]
    for name, body in wrong:
        answer = http.post(f"/_control/{name}", json=body)
        assert answer.status_code == 400, (name, body)
        assert answer.json()["error"]["message"]
    assert [http.get(f"/_control/{name}").text for name in ("groups", "skus", "policy")] == before


def test_subscriptions_can_be_looked_at(http: httpx.Client) -> None:
    assert http.get("/_control/subscriptions").json() == {"items": []}


def test_budgets_and_groups_survive_in_a_file_and_requests_under_way_do_not() -> None:
    tenant = Tenant()
    tenant.policy.quotas = ["messages"]
    cost = Cost(1, 1, "message", "m", message=True)
    for _ in range(30):
        tenant.spend(cost)
    assert tenant.throttle.enter("m")
    loaded = pickle.loads(pickle.dumps(tenant))
    assert isinstance(loaded.spend(cost), Refusal)
    assert [loaded.throttle.enter("m") for _ in range(5)] == [True] * 4 + [False]
