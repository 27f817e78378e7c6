"""Published budgets: what counts against which, and what a refusal tells."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from onboarding.simulator.models.throttle import NAMES, Budget, Cost, Refusal, Throttle, budgets, size_of
from onboarding.simulator.server import SimulatorThread
from tests.simulator.graph_calls import advance, ok, person, policy, refused

pytestmark = pytest.mark.documented("graph/throttling-limits")

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADELE = "/v1.0/users/adele@contoso.example"


def limit(cost: Cost, name: str, size: str = "S") -> list[tuple[str, str, int, float]]:
    return [(b.scope, b.limit, b.amount, b.window) for b in budgets(cost, size) if b.name == name]


def test_the_table_of_the_page() -> None:
    read, write = Cost(1, 0), Cost(1, 1, "write")
    own = {size: limit(read, "units", size)[0] for size in "SML"}
    assert [amount for _, _, amount, _ in own.values()] == [3500, 5000, 8000]
    assert {(scope, window) for scope, _, _, window in own.values()} == {("Tenant_Application", 10.0)}
    assert limit(read, "units")[1:] == [("Application", "ReadWrite", 150_000, 20.0)]
    assert limit(write, "writes") == [
        ("Tenant_Application", "Write", 3000, 150.0),
        ("Application", "Write", 70_000, 300.0),
        ("Tenant", "Write", 18_000, 300.0),
    ]
    assert limit(read, "writes") == []
    assert limit(Cost(1, 0, "report"), "reports") == [("Tenant_Application", "ReadWrite", 5, 10.0)]
    assert limit(Cost(1, 0, "report"), "units") == []
    assert limit(Cost(1, 0, "conditional_access"), "conditional_access") == [("Tenant", "ReadWrite", 1, 1.0)]
    mail = Cost(1, 1, "message", "m", message=True)
    assert limit(mail, "mailbox") == [("Tenant_Application", "ReadWrite", 10_000, 600.0)]
    assert limit(mail, "messages")[0][2:] == (30, 60.0)
    assert limit(read, "global") == [("Application", "ReadWrite", 2000, 1.0)]
    assert [size_of(users) for users in (0, 49, 50, 500, 501)] == ["S", "S", "M", "M", "L"]


def test_every_budget_refuses_the_request_after_its_last_and_grants_it_when_its_window_is_over() -> None:
    costs = (
        Cost(7, 0),
        Cost(1, 1, "write"),
        Cost(1, 0, "report"),
        Cost(1, 0, "conditional_access"),
        Cost(1, 0, "activity"),
        Cost(1, 0, "chat"),
        Cost(1, 1, "message", "m", message=True),
    )
    seen: set[Budget] = set()
    for cost in costs:
        for budget in budgets(cost, "S"):
            throttle, only = Throttle(), [budget.name]
            amount = {"units": cost.units, "writes": cost.writes}.get(budget.counts, 1)
            smallest = min(b.amount for b in budgets(cost, "S") if b.name == budget.name)
            for _ in range(max(1, smallest // 50) // amount):
                granted = throttle.spend(cost, NOW, enforced=only, size="S", share=0.02)
                assert not isinstance(granted, Refusal), budget
            after = throttle.spend(cost, NOW, enforced=only, size="S", share=0.02)
            assert isinstance(after, Refusal), budget
            assert after.wait is None if not budget.retry_after else after.wait is not None and after.wait > 0
            later = NOW + timedelta(seconds=after.budget.window)
            assert not isinstance(throttle.spend(cost, later, enforced=only, size="S"), Refusal), budget
            seen.add(after.budget)
    assert {budget.name for budget in seen} == set(NAMES)


def test_two_mailboxes_have_two_budgets() -> None:
    throttle = Throttle()
    for mailbox in ("a", "b"):
        cost = Cost(1, 1, "message", mailbox, message=True)
        granted = [throttle.spend(cost, NOW, enforced=["messages"], size="S") for _ in range(31)]
        assert [isinstance(entry, Refusal) for entry in granted] == [False] * 30 + [True]


@pytest.mark.parametrize("others", ["application_units", "application_writes", "tenant_writes"])
def test_what_others_use_of_a_shared_budget_is_not_there_for_us(others: str) -> None:
    limits = {"application_units": 150_000, "application_writes": 70_000, "tenant_writes": 18_000}
    throttle, cost = Throttle(), Cost(1, 1, "write")
    used = {others: limits[others] - 2}
    found = [throttle.spend(cost, NOW, enforced=["units", "writes"], size="S", others=used) for _ in range(3)]
    assert not any(isinstance(entry, Refusal) for entry in found[:2])
    assert isinstance(found[2], Refusal)
    assert found[2].budget.others == others


def test_costs_of_requests(http: httpx.Client) -> None:
    key = person(http, "anna")
    made = ok(http.post("/_control/groups", json={"displayName": "x"}))["id"]
    for path, units in (
        ("/users", 2),
        ("/users?$top=19", 1),
        ("/users?$top=20", 2),
        ("/users?$select=id", 1),
        ("/users?$expand=manager", 3),
        ("/users?$expand=manager&$select=id&$top=5", 1),
        (f"/users/{key}", 1),
        (f"/users/{key}/memberOf", 2),
        (f"/users/{key}/transitiveMemberOf?$select=id", 1),
        (f"/users/{key}/licenseDetails", 2),
        (f"/groups/{made}/members", 3),
        (f"/groups/{made}/transitiveMembers", 5),
        ("/subscribedSkus", 3),
        ("/organization", 1),
        ("/nothing/like/it", 1),
    ):
        assert http.get("/v1.0" + path).headers["x-ms-resource-unit"] == str(units), path


def test_a_refusal_tells_scope_reason_and_wait(http: httpx.Client) -> None:
    policy(http, quotas=["writes"], quota_share=0.001)
    codes = [http.patch(ADELE, json={"city": "x"}).status_code for _ in range(4)]
    assert codes == [404, 404, 404, 429]
    busy = http.patch(ADELE, json={"city": "x"})
    assert refused(busy) == (429, "TooManyRequests", "Please retry again later.")
    scope, name, app, tenant = busy.headers["x-ms-throttle-scope"].split("/")
    assert (scope, name) == ("Tenant_Application", "Write")
    assert tenant == ok(http.get("/v1.0/organization"))["value"][0]["id"]
    assert app
    assert busy.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert 140 < float(busy.headers["retry-after"]) <= 150
    assert http.get(ADELE).status_code == 404  # reads go on
    advance(http, "PT150S")
    assert http.patch(ADELE, json={"city": "x"}).status_code == 404


def test_an_app_is_told_when_it_nears_its_limit(http: httpx.Client) -> None:
    policy(http, quotas=["units"], quota_share=0.004)  # 14 units
    shares = [http.get("/v1.0/users").headers.get("x-ms-throttle-limit-percentage") for _ in range(8)]
    assert shares == [None] * 5 + ["0.86", "1", None]
    last = http.get("/v1.0/users")
    assert refused(last)[0] == 429
    assert last.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert http.get("/v1.0/auditLogs/directoryAudits").status_code == 200


def test_a_larger_tenant_has_more(http: httpx.Client) -> None:
    policy(http, quotas=["units"], quota_share=0.001)

    def granted() -> int:
        codes = [http.get("/v1.0/organization").status_code for _ in range(12)]
        advance(http, "PT10S")
        return codes.count(200)

    assert granted() == 3
    ok(http.post("/_control/users", json=[{"userPrincipalName": f"p{n}@contoso.example"} for n in range(50)]))
    assert granted() == 5
    policy(http, tenant_size="L")
    assert granted() == 8


def test_a_service_under_load_refuses_below_the_limit(http: httpx.Client) -> None:
    ok(http.post("/_control/faults", json={"mode": "status", "status": 429, "path": "/organization"}))
    busy = http.get("/v1.0/organization")
    assert refused(busy)[0] == 429
    assert busy.headers["x-ms-throttle-information"] == "CPULimitExceeded"
    assert busy.headers["retry-after"] == "2.128"


@pytest.mark.inferred("enforce_quota is ours; it leaves out what concerns one mailbox")
def test_one_switch_enforces_all_but_the_mailboxes(http: httpx.Client) -> None:
    policy(http, enforce_quota=True)
    draft = {"subject": "x"}
    path = "/v1.0/users/onboarding@contoso.example/messages"
    assert [http.post(path, json=draft).status_code for _ in range(31)] == [201] * 31
    assert [http.patch(ADELE, json={}).status_code for _ in range(21)].count(429) == 1


@pytest.mark.documented("graph/throttling-limits")
async def test_a_fifth_request_to_a_mailbox_at_the_same_time_is_refused(sim: SimulatorThread) -> None:
    headers = {"Authorization": "Bearer x"}
    async with httpx.AsyncClient(base_url=sim.base_url, headers=headers) as http:
        await http.post("/_control/policy", json={"quotas": ["mailbox"]})
        fault = {"path": "/users/**", "mode": "delay", "seconds": 0.3, "times": None}
        await http.post("/_control/faults", json=fault)
        box, other = (
            f"/v1.0/users/{name}@contoso.example/messages/x" for name in ("onboarding", "servicedesk")
        )
        answers = await asyncio.gather(*(http.get(box) for _ in range(6)), http.get(other))
        assert sorted(answer.status_code for answer in answers) == [404] * 5 + [429] * 2
        busy = next(answer for answer in answers if answer.status_code == 429)
        assert busy.json()["error"] == {
            **busy.json()["error"],
            "code": "ApplicationThrottled",
            "message": "Application is over its MailboxConcurrency limit.",
        }
        assert (await http.get(box)).status_code == 404  # they have left


@pytest.mark.observed("learn.microsoft.com answers 2258712; office-docs-powershell")
def test_thirty_messages_a_minute_when_it_is_ordered(http: httpx.Client) -> None:
    policy(http, quotas=["messages"])
    message = {"message": {"toRecipients": [{"emailAddress": {"address": "x@y.example"}}]}}
    path = "/v1.0/users/onboarding@contoso.example/sendMail"
    assert [http.post(path, json=message).status_code for _ in range(31)] == [202] * 30 + [429]
