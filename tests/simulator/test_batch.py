"""`$batch`: the envelope, the order, and what happens inside."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from onboarding.simulator.call import Answer, Call, Incoming
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import batch
from tests.simulator.graph_calls import EVENTUAL, create, new_user, ok, person, policy, refused

pytestmark = pytest.mark.documented("graph/json-batching")

JSON = {"Content-Type": "application/json"}


def request(key: str, method: str = "GET", url: str = "/organization", **more: Any) -> dict[str, Any]:
    return {"id": key, "method": method, "url": url, **more}


def send(http: httpx.Client, *requests: Any, **more: Any) -> httpx.Response:
    return http.post("/v1.0/$batch", json={"requests": list(requests), **more})


def statuses(http: httpx.Client, *requests: Any) -> dict[str, int]:
    return {entry["id"]: entry["status"] for entry in ok(send(http, *requests))["responses"]}


def test_each_request_has_its_own_answer_and_the_whole_is_200(http: httpx.Client) -> None:
    key = person(http, "anna")
    answers = ok(
        send(
            http,
            request("a", url=f"/users/{key}?$select=id"),
            request("B", "PATCH", f"users/{key}", body={"city": "Ulm"}, headers=JSON),
            request("c", url="/users/nobody@contoso.example"),
            request("d", "POST", "/users", body=new_user("new@contoso.example"), headers=JSON),
            request("e", url="/users?$filter=department ne 'x'&$count=true", headers=EVENTUAL),
            request("f", url="/users/$count", headers=EVENTUAL),
            request("g", url="/devices"),
        )
    )["responses"]
    by_id = {entry["id"]: entry for entry in answers}
    assert {name: entry["status"] for name, entry in by_id.items()} == {
        "a": 200,
        "B": 204,
        "c": 404,
        "d": 201,
        "e": 200,
        "f": 200,
        "g": 501,
    }
    assert by_id["a"]["body"]["id"] == key
    assert "body" not in by_id["B"]
    assert by_id["c"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert by_id["f"]["body"] == "5"
    assert "request-id" in by_id["a"]["headers"]
    assert by_id["a"]["headers"]["Content-Type"] == "application/json"


def test_answers_come_in_another_order(http: httpx.Client) -> None:
    answers = ok(send(http, *(request(str(n)) for n in range(5))))["responses"]
    assert [entry["id"] for entry in answers] != [str(n) for n in range(5)]
    assert {entry["id"] for entry in answers} == {str(n) for n in range(5)}


def test_twenty_requests_are_the_most(http: httpx.Client) -> None:
    assert len(statuses(http, *(request(str(n)) for n in range(20)))) == 20
    assert refused(send(http, *(request(str(n)) for n in range(21))))[0] == 400


def test_a_dependant_waits_and_fails_with_what_it_waits_for(http: httpx.Client) -> None:
    made = request("1", "POST", "/users", body=new_user(), headers=JSON)
    path = "/users/adele@contoso.example"
    change = request("2", "PATCH", path, body={"city": "Ulm"}, headers=JSON, dependsOn=["1"])
    read = request("3", url=f"{path}?$select=city", dependsOn=["2"])
    assert statuses(http, read, change, made) == {"1": 201, "2": 204, "3": 200}
    again = statuses(http, read, change, made, request("4"))
    assert again == {"1": 400, "2": 424, "3": 424, "4": 200}
    failed = ok(send(http, made, change))["responses"]
    assert next(entry for entry in failed if entry["id"] == "2")["body"]["error"]["message"]


@pytest.mark.inferred("the page names the rules; no page shows how an envelope that breaks one is refused")
def test_an_envelope_that_breaks_a_rule_is_400_and_nothing_of_it_happens(http: httpx.Client) -> None:
    change = request("1", "POST", "/users", body=new_user(), headers=JSON)
    wrong: list[list[Any]] = [
        [change, request("1")],
        [change, request("2", dependsOn=["3"])],
        [change, request("2", dependsOn=["2"])],
        [change, request("2", dependsOn=["3"]), request("3", dependsOn=["2"])],
        [change, request("2", dependsOn="1")],
        [change, request("2", "POST", "/users", body=new_user())],
        [change, request("2", "FETCH")],
        [change, request("2", url="https://graph.microsoft.com/v1.0/users")],
        [change, request("2", url="")],
        [change, request("2", "POST", "/$batch", body={"requests": []}, headers=JSON)],
        [change, request("2", headers={"ConsistencyLevel": True})],
        [change, {"method": "GET", "url": "/users"}],
        [change, {"id": 2, "method": "GET", "url": "/users"}],
        [change, "GET /users"],
        [],
    ]
    for requests in wrong:
        assert refused(send(http, *requests))[0] == 400, requests[1:]
    assert refused(http.post("/v1.0/$batch", json={"requests": {}}))[0] == 400
    assert refused(http.get("/v1.0/users/adele@contoso.example"))[0] == 404


def test_what_is_not_modelled_is_501_in_the_envelope_too(http: httpx.Client) -> None:
    assert refused(send(http, request("1"), more=True))[0] == 501
    assert refused(send(http, request("1", atomicityGroup="g")))[0] == 501
    picture = request("1", "PUT", "/users/x/photo/$value", body="aGk=", headers={"Content-Type": "image/png"})
    assert refused(send(http, picture))[0] == 501


def test_quotas_and_faults_meet_each_request_by_itself(http: httpx.Client) -> None:
    policy(http, enforce_quota=True)
    audits = [request(str(n), url="/auditLogs/directoryAudits") for n in range(7)]
    answers = ok(send(http, *audits))["responses"]
    assert sorted(entry["status"] for entry in answers) == [200] * 5 + [429] * 2
    busy = next(entry for entry in answers if entry["status"] == 429)
    assert float(busy["headers"]["Retry-After"]) > 0
    ok(http.post("/_control/faults", json={"path": "/users/*", "mode": "status", "status": 503}))
    person(http, "anna")
    both = [request(str(n), url="/users/anna@contoso.example") for n in range(2)]
    assert sorted(statuses(http, *both).values()) == [200, 503]


@pytest.mark.inferred("inside a batch nobody can hang up: a gateway's timeout is the nearest")
def test_a_lost_answer_is_a_timeout_inside_and_its_effect_is_there(http: httpx.Client) -> None:
    made = request("1", "POST", "/users", body=new_user(), headers=JSON)
    for mode, there in (("drop_before", 404), ("drop_after_effect", 200)):
        ok(http.post("/_control/faults", json={"method": "POST", "path": "/users", "mode": mode}))
        assert statuses(http, made, request("2")) == {"1": 504, "2": 200}
        assert http.get("/v1.0/users/adele@contoso.example").status_code == there


@pytest.mark.documented("graph/throttling-limits")
def test_requests_run_at_the_same_time_those_to_outlook_four_at_a_time() -> None:
    running, most = 0, 0

    async def dispatch(asked: Incoming) -> Answer:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0)
        running -= 1
        return Answer(204)

    def at_once(url: str) -> int:
        nonlocal most
        most = 0
        body = {"requests": [request(str(n), url=url) for n in range(12)]}
        answer = asyncio.run(batch.run(Tenant(), Call("POST", "/v1.0/$batch", body=body, dispatch=dispatch)))
        assert len(answer.body["responses"]) == 12
        return most

    assert at_once("/users/onboarding@contoso.example") == 12
    assert at_once("/users/onboarding@contoso.example/messages/x") == 4


@pytest.mark.observed("microsoftgraph/microsoft-graph-docs issues 2886 and 8760")
def test_with_the_budget_of_mailboxes_the_fifth_to_one_mailbox_is_refused(http: httpx.Client) -> None:
    policy(http, quotas=["mailbox"])
    draft = {"subject": "x"}
    path = "/users/onboarding@contoso.example/messages"
    six = [request(str(n), "POST", path, body=draft, headers=JSON) for n in range(6)]
    answers = ok(send(http, *six))["responses"]
    assert sorted(entry["status"] for entry in answers) == [201] * 4 + [429] * 2
    busy = next(entry for entry in answers if entry["status"] == 429)
    assert busy["body"]["error"]["code"] == "ApplicationThrottled"
    assert "MailboxConcurrency" in busy["body"]["error"]["message"]
    one_by_one = [{**six[n], **({"dependsOn": [str(n - 1)]} if n else {})} for n in range(6)]
    assert set(statuses(http, *one_by_one).values()) == {201}


@pytest.mark.inferred("the log is ours")
def test_the_log_marks_what_came_inside(http: httpx.Client) -> None:
    create(http)
    ok(send(http, request("1", url="/users/a%40b"), request("2")))
    items = ok(http.get("/_control/requests", params={"after": 1}))["items"]
    assert [(item["path"], item["status"], item.get("inside")) for item in items] == [
        ("/v1.0/users/a@b", 404, "$batch"),
        ("/v1.0/organization", 200, "$batch"),
        ("/v1.0/$batch", 200, None),
    ]
