"""The control interface: clock, faults, quotas, log, vendors, reset; nothing unknown is ignored."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from onboarding.simulator.server import SimulatorThread, running_simulator

ADELE = {
    "accountEnabled": True,
    "displayName": "Adele",
    "mailNickname": "adele",
    "userPrincipalName": "adele@contoso.example",
    "passwordProfile": {"password": "xWwvJ]6NMw+bWH-d"},
}
PATH = "/v1.0/users/adele@contoso.example"


def fault(http: httpx.Client, **body: Any) -> None:
    http.post("/_control/faults", json=body).raise_for_status()


def log(http: httpx.Client, after: int = 0) -> list[tuple[str, str, int]]:
    items = http.get("/_control/requests", params={"after": after}).json()["items"]
    return [(i["method"], i["path"], i["status"]) for i in items]


# --- clock -------------------------------------------------------------------------------------------


def test_the_clock_starts_at_the_real_now_and_runs_at_real_speed(http: httpx.Client) -> None:
    def now() -> datetime:
        return datetime.fromisoformat(http.get("/_control/clock").json()["now"])

    first = now()
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=2)
    time.sleep(0.05)
    assert timedelta(seconds=0.05) <= now() - first < timedelta(seconds=2)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"to": "2099-03-29T01:30:00+01:00"}, "2099-03-29T00:30:00"),
        ({"to": "2099-02-28T23:59:59.1234567Z"}, "2099-02-28T23:59:59.12"),
    ],
)
def test_the_clock_moves_to_a_time(http: httpx.Client, body: dict[str, str], expected: str) -> None:
    assert http.post("/_control/clock", json=body).json()["now"].startswith(expected)


@pytest.mark.parametrize(
    ("duration", "hours"), [("PT0S", 0), ("PT6H", 6), ("P1DT1H", 25), ("P1W", 168), ("PT90M", 1.5)]
)
def test_the_clock_advances(http: httpx.Client, duration: str, hours: float) -> None:
    before = datetime.fromisoformat(http.get("/_control/clock").json()["now"])
    after = datetime.fromisoformat(http.post("/_control/clock", json={"advance": duration}).json()["now"])
    assert abs(after - before - timedelta(hours=hours)) < timedelta(seconds=2)


@pytest.mark.parametrize(
    "body",
    [
        {"to": "2001-01-01T00:00:00Z"},
        {"to": "2099-01-01T00:00:00"},
        {"to": "tomorrow"},
        {"to": 7},
        {},
        {"advance": "6 hours"},
        {"advance": "PT"},
        {"advance": "-PT1H"},
        {"advance": "P99999999999D"},
        {"to": "2099-01-01T00:00:00Z", "advance": "PT1H"},
        {"seconds": 5},
    ],
)
def test_moves_backwards_and_unreadable_moves_are_400(http: httpx.Client, body: dict[str, Any]) -> None:
    refused = http.post("/_control/clock", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith("clock:")


@pytest.mark.parametrize(
    "to", ["tomorrow", "2099-13-01T00:00:00Z", "2099-01-01T00:00:00", "0001-01-01T00:00:00+23:59", ""]
)
def test_an_unreadable_time_is_refused_in_words_for_people(http: httpx.Client, to: str) -> None:
    message = http.post("/_control/clock", json={"to": to}).json()["error"]["message"]
    assert message == "clock: not an RFC 3339 time with an offset such as 2026-03-01T09:00:00Z"


def test_a_move_beyond_the_calendar_is_refused_in_words_for_people(http: httpx.Client) -> None:
    for advance in ("P99999999999D", "P3000000D"):
        message = http.post("/_control/clock", json={"advance": advance}).json()["error"]["message"]
        assert message == "clock: that lies beyond the year 9999"


def test_a_start_can_be_chosen() -> None:
    with running_simulator(start=datetime(2028, 2, 29, tzinfo=UTC)) as sim:
        assert httpx.get(f"{sim.base_url}/_control/clock").json()["now"].startswith("2028-02-29T00:00:0")


# --- faults ------------------------------------------------------------------------------------------


def test_429_has_a_decimal_retry_after_by_default(http: httpx.Client) -> None:
    fault(http, method="POST", path="/users", mode="status", status=429)
    answer = http.post("/v1.0/users", json=ADELE)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2.128"
    assert answer.json()["error"]["code"] == "TooManyRequests"
    assert http.post("/v1.0/users", json=ADELE).status_code == 201


@pytest.mark.parametrize(
    ("given", "header"), [(0.5, "0.5"), (30, "30"), ("Sun, 06 Nov 1994 08:49:37 GMT",) * 2, (None, None)]
)
def test_retry_after_is_sent_as_ordered(http: httpx.Client, given: Any, header: str | None) -> None:
    fault(http, path="/users", mode="status", status=503, retry_after=given)
    assert http.post("/v1.0/users", json=ADELE).headers.get("retry-after") == header


def test_a_dropped_request_had_no_effect_and_is_logged_with_0(http: httpx.Client) -> None:
    fault(http, method="POST", path="/users", mode="drop_before")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/v1.0/users", json=ADELE)
    assert http.get(PATH).status_code == 404
    assert log(http) == [("POST", "/v1.0/users", 0), ("GET", PATH, 404)]


def test_a_lost_answer_came_after_the_effect(http: httpx.Client) -> None:
    fault(http, method="POST", path="/users", mode="drop_after_effect")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/v1.0/users", json=ADELE)
    assert http.get(PATH).status_code == 200
    assert http.post("/v1.0/users", json=ADELE).json()["error"]["details"][0]["code"] == "ObjectConflict"


def test_a_delay_holds_the_answer_back(http: httpx.Client) -> None:
    fault(http, path="/users", mode="delay", seconds=0.2)
    begun = time.monotonic()
    assert http.post("/v1.0/users", json=ADELE).status_code == 201
    assert time.monotonic() - begun >= 0.2


def test_a_created_user_is_invisible_while_it_replicates_but_its_name_is_taken(
    http: httpx.Client, sim: SimulatorThread
) -> None:
    fault(http, mode="replication_lag", seconds=60)
    http.get(PATH)  # does not use it up: it waits for a creation
    key = http.post("/v1.0/users", json={**ADELE, "employeeId": "7"}).json()["id"]
    boss = http.post("/_control/users", json={"userPrincipalName": "boss@contoso.example"}).json()["id"]
    reference = {"@odata.id": f"{sim.graph_url}/users/{key}"}

    def statuses() -> list[int]:
        return [
            http.get(f"/v1.0/users/{key}").status_code,
            http.get(PATH).status_code,
            http.get(f"/v1.0/users/{key}/authentication/methods").status_code,
            http.post(f"/v1.0/users/{key}/authentication/temporaryAccessPassMethods", json={}).status_code,
            http.put(f"/v1.0/users/{boss}/manager/$ref", json=reference).status_code,
            len(http.get("/v1.0/users", params={"$filter": "employeeId eq '7'"}).json()["value"]),
        ]

    assert statuses() == [404, 404, 404, 404, 404, 0]
    assert http.get(PATH).json()["error"]["code"] == "Request_ResourceNotFound"
    assert http.post("/v1.0/users", json=ADELE).status_code == 400
    http.post("/_control/clock", json={"advance": "PT1M"})
    assert statuses() == [200, 200, 200, 201, 204, 1]


def test_replication_lag_can_be_the_tenant_s_habit(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"replication_lag_seconds": 60})
    http.post("/v1.0/users", json=ADELE)
    assert http.get(PATH).status_code == 404


def test_faults_choose_by_method_and_path_and_count_down(http: httpx.Client) -> None:
    http.post("/v1.0/users", json=ADELE)
    fault(http, method="GET", path="/v1.0/users/{id}", mode="status", status=500, times=2)
    assert http.patch(PATH, json={"city": "x"}).status_code == 204
    assert http.get(PATH + "/manager").status_code == 404
    assert [http.get(PATH).status_code for _ in range(3)] == [500, 500, 200]
    fault(http, path="/users/**", mode="status", status=502, times=None)
    assert [http.get(PATH + "/manager").status_code for _ in range(3)] == [502] * 3
    assert http.delete("/_control/faults").status_code == 204
    assert http.get(PATH).status_code == 200


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("mode", ["drop_after_effect", "delay"])
def test_replication_lag_acts_beside_another_fault(http: httpx.Client, mode: str, order: int) -> None:
    lag: dict[str, Any] = {"mode": "replication_lag", "seconds": 60}
    for body in [lag, {"mode": mode, "method": "POST", "path": "/users"}][::order]:
        fault(http, **body)
    if mode == "delay":
        assert http.post("/v1.0/users", json=ADELE).status_code == 201
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            http.post("/v1.0/users", json=ADELE)
    assert http.get(PATH).status_code == 404
    assert http.get("/_control/faults").json()["items"] == []
    http.post("/_control/clock", json={"advance": "PT1M"})
    assert http.get(PATH).status_code == 200


def test_a_refused_creation_leaves_the_lag_for_the_next(http: httpx.Client) -> None:
    fault(http, mode="replication_lag", seconds=60)
    fault(http, method="POST", path="/users", mode="status", status=503)
    assert http.post("/v1.0/users", json=ADELE).status_code == 503
    assert [item["mode"] for item in http.get("/_control/faults").json()["items"]] == ["replication_lag"]
    assert http.post("/v1.0/users", json=ADELE).status_code == 201
    assert http.get(PATH).status_code == 404


@pytest.mark.parametrize("path", ["*", "**", None])
def test_a_star_alone_means_every_path(http: httpx.Client, path: str | None) -> None:
    fault(http, path=path, mode="status", status=502, times=3)
    for called in (PATH, PATH + "/manager", "/vendors/greenhouse/people/1"):
        assert http.get(called).status_code == 502
    assert http.get(PATH).status_code == 404


def test_used_up_faults_leave_the_list_and_equal_ones_count_each(http: httpx.Client) -> None:
    for _ in range(2):
        fault(http, path="*", mode="status")
    fault(http, path="/nowhere", mode="status", times=None)
    for left in (2, 1, 1):
        http.get(PATH)
        assert len(http.get("/_control/faults").json()["items"]) == left


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "explode"},
        {"mode": "status", "code": 5},
        {"mode": "status", "times": 0},
        {"mode": "delay", "seconds": -1},
        {"mode": "status", "status": 200},
        {"mode": "status", "path": "users"},
        {"mode": "status", "method": 1},
        {},
    ],
)
def test_faults_that_cannot_be_meant_are_400(http: httpx.Client, body: dict[str, Any]) -> None:
    assert http.post("/_control/faults", json=body).status_code == 400


# --- quotas ------------------------------------------------------------------------------------------


def test_published_throttles_hold_only_when_switched_on(http: httpx.Client) -> None:
    audits = "/v1.0/auditLogs/directoryAudits"
    assert [http.get(audits).status_code for _ in range(7)] == [200] * 7
    http.post("/_control/policy", json={"enforce_quota": True})
    assert [http.get(audits).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = http.get("/v1.0/reports/authenticationMethods/userRegistrationDetails")
    assert refused.status_code == 429
    assert 9 < float(refused.headers["retry-after"]) <= 10
    http.post("/_control/clock", json={"advance": "PT10S"})
    assert http.get(audits).status_code == 200


def test_twenty_writes_a_second(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"enforce_quota": True})
    codes = [http.patch(PATH, json={"city": "x"}).status_code for _ in range(21)]
    assert codes == [404] * 20 + [429]


# --- log, vendors, people, reset ---------------------------------------------------------------------


def test_the_log_counts_up_and_holds_graph_and_hr_calls_only(http: httpx.Client) -> None:
    http.get("/_control/users")
    http.get(PATH + "?$select=id,mail")
    http.get("/")
    http.get("/vendors/greenhouse/people/1")
    http.get("/v1.0/users", headers={"Authorization": ""})
    assert log(http) == [
        ("GET", PATH + "?$select=id,mail", 404),
        ("GET", "/vendors/greenhouse/people/1", 404),
        ("GET", "/v1.0/users", 401),
    ]
    assert len(log(http, after=2)) == 1
    entry = http.get("/_control/requests").json()["items"][0]
    assert set(entry) == {"n", "at", "method", "path", "status"}
    assert entry["n"] == 1


def test_the_log_is_readable_however_the_client_encodes(http: httpx.Client) -> None:
    http.get("/v1.0/users/a%40contoso.example?%24select=id")
    http.get("/v1.0/users", params={"$filter": "employeeId eq 'O''Neill'"})
    assert [path for _, path, _ in log(http)] == [
        "/v1.0/users/a@contoso.example?$select=id",
        "/v1.0/users?$filter=employeeId eq 'O''Neill'",
    ]


def test_hr_people_are_served_as_they_were_put(http: httpx.Client) -> None:
    record = {"id": 7, "name": {"first": "Søren", "last": None}, "phones": ["+45 1"]}
    assert http.put("/_control/vendors/bamboohr/people/7", json=record).status_code == 204
    assert http.get("/vendors/bamboohr/people/7").json() == record
    assert http.get("/vendors/greenhouse/people/7").status_code == 404
    assert http.get("/vendors/bamboohr/people/7", headers={"Authorization": ""}).status_code == 401
    fault(http, path="/vendors/bamboohr/people/7", mode="status", status=503, retry_after=1.5)
    assert http.get("/vendors/bamboohr/people/7").headers["retry-after"] == "1.5"


def test_people_can_be_made_one_by_one_or_in_lists_and_changed(http: httpx.Client) -> None:
    made = http.post("/_control/users", json={"userPrincipalName": "boss@contoso.example"})
    assert made.status_code == 201
    age = datetime.now(UTC) - datetime.fromisoformat(made.json()["createdDateTime"])
    assert 399 <= age.days <= 401
    changed = http.post(
        "/_control/users", json={"userPrincipalName": "BOSS@contoso.example", "accountEnabled": False}
    )
    assert (changed.status_code, changed.json()["id"]) == (200, made.json()["id"])
    assert changed.json()["accountEnabled"] is False
    people = [{"userPrincipalName": f"p{n}@contoso.example", "manager": made.json()["id"]} for n in range(3)]
    assert len(http.post("/_control/users", json=people).json()["items"]) == 3
    assert len(http.get("/_control/users").json()["items"]) == 4
    assert http.get("/v1.0/users/p1@contoso.example/manager").json()["id"] == made.json()["id"]


def test_a_deleted_person_stays_visible_to_control_by_id(http: httpx.Client) -> None:
    key = http.post("/_control/users", json={"userPrincipalName": "a@contoso.example"}).json()["id"]
    http.post("/_control/users", json={"userPrincipalName": "a@contoso.example", "deleted": True})
    assert http.get(f"/_control/users/{key}").json()["deleted"] is True
    assert http.get("/_control/users/a@contoso.example").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_control/users", {"userPrincipalName": "x@y.z", "shoeSize": 7}),
        ("POST", "/_control/users", {}),
        ("POST", "/_control/users", {"userPrincipalName": "x@y.z", "roles": ["King"]}),
        ("POST", "/_control/users", {"userPrincipalName": "x@y.z", "methods": [{"method": "owl"}]}),
        ("POST", "/_control/users", {"userPrincipalName": "boss@contoso.example", "id": "x"}),
        ("POST", "/_control/users/boss@contoso.example/methods", {"method": "owl"}),
        ("POST", "/_control/users/boss@contoso.example/methods", {"method": "email", "actor": "cat"}),
        ("POST", "/_control/users/boss@contoso.example/methods", {"method": "email", "by": "user"}),
        ("POST", "/_control/users/boss@contoso.example/sspr", {"result": "maybe"}),
        ("POST", "/_control/users/boss@contoso.example/cancel", {"why": "x"}),
        ("POST", "/_control/report", {"lag": 4}),
        ("POST", "/_control/report", {"lag_hours": "4"}),
        ("POST", "/_control/policy", {"methods_required": 3}),
        ("POST", "/_control/policy", {"tier": "gold"}),
        ("POST", "/_control/policy", {"tap": {"maximumLifetimeInMinutes": 5}}),
        ("POST", "/_control/policy", {"tap": {"length": 5}}),
        ("POST", "/_control/policy", {"unknown": True}),
        ("POST", "/_control/reset", {"seed": "x"}),
        ("POST", "/_control/reset", {"domain": "x"}),
        ("GET", "/_control/mail?from=x", None),
        ("GET", "/_control/requests?after=x", None),
    ],
)
def test_unknown_fields_and_values_are_400_with_a_message(
    http: httpx.Client, method: str, path: str, body: Any
) -> None:
    http.post("/_control/users", json={"userPrincipalName": "boss@contoso.example"})
    before = http.get("/_control/users").text, http.get("/_control/policy").text
    refused = http.request(method, path, json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]
    assert (http.get("/_control/users").text, http.get("/_control/policy").text) == before


def test_a_policy_with_one_bad_key_changes_nothing(http: httpx.Client) -> None:
    http.post("/_control/policy", json={"tier": "p2", "cloud": "moon"})
    assert http.get("/_control/policy").json()["tier"] == "p1"


def test_reset_starts_afresh(http: httpx.Client) -> None:
    http.post("/v1.0/users", json=ADELE)
    http.post("/_control/clock", json={"advance": "P9D"})
    fault(http, mode="status", status=500, times=None)
    http.post("/_control/policy", json={"tier": "free"})
    http.post("/_control/reset", json={"seed": 4}).raise_for_status()
    assert http.get("/_control/users").json()["items"] == []
    assert log(http) == []
    assert http.get("/_control/policy").json()["tier"] == "p1"
    assert http.get(PATH).status_code == 404
    now = datetime.fromisoformat(http.get("/_control/clock").json()["now"])
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=2)


def test_control_bodies_must_be_json(http: httpx.Client) -> None:
    for sent in (b"{", b'{"seed": NaN}'):
        answer = http.post("/_control/reset", content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
    assert http.post("/_control/clock", content=b'{"advance":"PT1H"}').status_code == 400
