"""People that act by themselves: the same run for the same seed, in the order of time, and only what they can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.people import BEHAVIOURS, play, start
from onboarding.simulator.state import StateFile

AUDITS = "/v1.0/auditLogs/directoryAudits"
ADELE = "adele@contoso.example"
USER = {
    "accountEnabled": True,
    "displayName": "Adele",
    "mailNickname": "adele",
    "userPrincipalName": ADELE,
    "passwordProfile": {"password": "xWwvJ]6NMw+bWH-d"},
}


def move(http: httpx.Client, days: float) -> None:
    http.post("/_control/clock", json={"advance": f"PT{round(days * 24)}H"}).raise_for_status()


def behave(http: httpx.Client, name: str | None, upn: str = ADELE, **more: Any) -> dict[str, Any]:
    answer = http.post(f"/_control/users/{upn}/behaviour", json={"name": name, **more})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def methods(http: httpx.Client, upn: str = ADELE) -> list[tuple[str, str]]:
    return [(m["method"], m["actor"]) for m in http.get(f"/_control/users/{upn}").json()["methods"]]


def told(http: httpx.Client) -> list[tuple[str, str]]:
    query = {"$filter": "loggedByService eq 'Authentication Methods'", "$orderby": "activityDateTime"}
    found = http.get(AUDITS, params=query).json()["value"]
    return [(r["activityDisplayName"], r["result"]) for r in found]


@pytest.fixture
def adele(http: httpx.Client) -> str:
    return str(http.post("/_control/users", json={"userPrincipalName": ADELE}).json()["id"])


APP, PHONE = "microsoftAuthenticatorPush", "mobilePhone"
#: behaviour → what is registered, and by whom, after so many days.
ENDS: dict[str, list[tuple[float, list[tuple[str, str]]]]] = {
    "prompt": [(0, []), (1, [(APP, "user"), (PHONE, "user")])],
    "slow": [(5.9, []), (12.1, [(APP, "user"), (PHONE, "user")])],
    "cancels": [(1, []), (11, [(APP, "user"), (PHONE, "user")])],
    "passkey_only": [(2, [("fido2", "user")]), (60, [("fido2", "user")])],
    "reviews_only": [(5, [(PHONE, "admin")])],
    "helped_by_admin": [(0.9, []), (3, [(PHONE, "admin")]), (60, [(PHONE, "admin")])],
    "deletes_later": [(1, [(APP, "user"), (PHONE, "user")]), (11, [])],
    "never": [(90, [])],
    "on_leave": [(24, []), (36, [(APP, "user"), (PHONE, "user")])],
}


def test_every_behaviour_ends_as_it_says(http: httpx.Client) -> None:
    assert ENDS.keys() == BEHAVIOURS.keys()
    days = sorted({day for ends in ENDS.values() for day, _ in ends})
    for name in ENDS:
        http.post("/_control/users", json={"userPrincipalName": f"{name}@contoso.example"})
        behave(http, name, f"{name}@contoso.example")
    seen, passed = {}, 0.0
    for day in days:
        move(http, day - passed)
        passed = day
        for name in ENDS:
            seen[name, day] = methods(http, f"{name}@contoso.example")
    wrong = {
        (name, day): (seen[name, day], expected)
        for name, ends in ENDS.items()
        for day, expected in ends
        if seen[name, day] != expected
    }
    assert wrong == {}


def test_each_behaviour_leaves_its_records(http: httpx.Client, adele: str) -> None:
    expected = {
        "cancels": [("User registered all required security info", "failure")] * 2,
        "reviews_only": [
            ("Admin registered security info", "success"),
            ("User reviewed security info", "success"),
        ],
        "deletes_later": [("User registered security info", "success")],
        "helped_by_admin": [("Admin registered security info", "success")],
        "never": [],
    }
    for name, begin in expected.items():
        http.post("/_control/reset", json={"seed": 3})
        http.post("/_control/users", json={"userPrincipalName": ADELE})
        behave(http, name)
        move(http, 20)
        assert told(http)[: len(begin)] == begin, name
        assert told(http) == [] if name == "never" else told(http), name


def test_what_came_to_pass_is_dated_when_it_did_and_in_order(http: httpx.Client) -> None:
    """One jump of a month shows the same as thirty looks."""

    def run(jumps: int) -> list[tuple[str, str]]:
        http.post("/_control/reset", json={"seed": 9})
        http.post("/_control/behaviours", json={"default": {"prompt": 2, "slow": 1, "cancels": 1}})
        http.post("/_control/clock", json={"to": "2099-01-01T00:00:00Z"})
        for n in range(6):
            upn = f"u{n}@contoso.example"
            http.post("/v1.0/users", json={**USER, "mailNickname": f"u{n}", "userPrincipalName": upn})
        for _ in range(jumps):
            move(http, 30 / jumps)
        found = http.get(AUDITS, params={"$orderby": "activityDateTime"}).json()["value"]
        times = [r["activityDateTime"] for r in found]
        assert times == sorted(times)
        return [(r["activityDateTime"][:16], r["activityDisplayName"]) for r in found]

    once = run(1)
    assert len(once) > 20
    assert [name for _, name in once] == [name for _, name in run(15)]


def test_the_report_shows_it_as_of_then(http: httpx.Client, adele: str) -> None:
    behave(http, "prompt")
    move(http, 1)
    row = http.get(f"/v1.0/reports/authenticationMethods/userRegistrationDetails/{adele}").json()
    assert row["methodsRegistered"] == [APP, PHONE]
    http.post("/_control/report", json={"lag_hours": 23.9})
    row = http.get(f"/v1.0/reports/authenticationMethods/userRegistrationDetails/{adele}").json()
    assert row["methodsRegistered"] == []


def test_a_hire_does_nothing_before_the_first_day(http: httpx.Client) -> None:
    http.post("/_control/behaviours", json={"default": "prompt"}).raise_for_status()
    now = datetime.fromisoformat(http.get("/_control/clock").json()["now"])
    first = (now + timedelta(days=10)).strftime("%Y-%m-%dT00:00:00Z")
    assert http.post("/v1.0/users", json={**USER, "employeeHireDate": first}).status_code == 201
    following = http.get(f"/_control/users/{ADELE}/behaviour").json()["next"]
    assert following["act"] == "register"
    assert following["at"] > first
    move(http, 8)
    assert methods(http) == []
    move(http, 3)
    assert methods(http) == [(APP, "user"), (PHONE, "user")]


def test_only_users_that_the_app_creates_follow_the_default(http: httpx.Client, adele: str) -> None:
    http.post("/_control/behaviours", json={"default": "prompt"}).raise_for_status()
    move(http, 2)
    assert methods(http) == []
    assert http.get(f"/_control/users/{ADELE}/behaviour").json()["name"] is None


def test_weights_choose_by_the_seed(http: httpx.Client) -> None:
    def crowd(seed: int) -> list[str]:
        http.post("/_control/reset", json={"seed": seed})
        http.post("/_control/behaviours", json={"default": {"never": 1, "prompt": 1}}).raise_for_status()
        found = []
        for n in range(12):
            upn = f"u{n}@contoso.example"
            http.post("/v1.0/users", json={**USER, "mailNickname": f"u{n}", "userPrincipalName": upn})
            found.append(http.get(f"/_control/users/{upn}/behaviour").json()["name"])
        return found

    first = crowd(1)
    assert first == crowd(1) != crowd(2)
    assert set(first) == {"never", "prompt"}


def test_a_new_behaviour_replaces_the_old_one_and_null_stops(http: httpx.Client, adele: str) -> None:
    behave(http, "prompt")
    behave(http, "passkey_only")
    move(http, 3)
    assert methods(http) == [("fido2", "user")]
    behave(http, "prompt")
    assert behave(http, None) == {"id": adele, "name": None, "next": None}
    move(http, 3)
    assert methods(http) == [("fido2", "user")]


def test_a_disabled_person_waits_and_a_deleted_one_does_nothing_more(http: httpx.Client, adele: str) -> None:
    behave(http, "prompt")
    http.post("/_control/users", json={"userPrincipalName": ADELE, "accountEnabled": False})
    move(http, 5)
    assert methods(http) == []
    http.post("/_control/users", json={"userPrincipalName": ADELE, "accountEnabled": True})
    move(http, 2)
    assert len(methods(http)) == 2
    behave(http, "deletes_later")
    http.post("/_control/users", json={"userPrincipalName": ADELE, "deleted": True})
    before = len(told(http))
    move(http, 20)
    assert len(told(http)) == before


def test_guarded_registration_waits_for_a_pass(http: httpx.Client, adele: str) -> None:
    """Conditional Access on registering security information (policy-all-users-security-info-registration)."""
    http.post("/_control/conditional_access", json={"excludeUsers": ["somebody"]}).raise_for_status()
    behave(http, "prompt")
    move(http, 4)
    assert methods(http) == []
    http.post("/_control/policy", json={"tap": {"maximumLifetimeInMinutes": 43200}})
    path = f"/v1.0/users/{ADELE}/authentication/temporaryAccessPassMethods"
    assert http.post(path, json={"lifetimeInMinutes": 2880}).status_code == 201
    move(http, 2)
    assert [method for method, _ in methods(http)][:2] == [APP, PHONE]


def test_a_policy_that_excludes_the_person_or_only_reports_guards_nothing(
    http: httpx.Client, adele: str
) -> None:
    for policy in (
        {"excludeUsers": [adele]},
        {"state": "enabledForReportingButNotEnforced"},
        {"includeUsers": [], "includeGroups": ["3ee3a9de-0a86-4e12-a287-9769accf1ba2"]},
        {"includeUserActions": ["urn:user:registerdevice"]},
    ):
        http.post("/_control/conditional_access", json=policy).raise_for_status()
    behave(http, "prompt")
    move(http, 1)
    assert len(methods(http)) == 2


def test_what_cannot_be_meant_is_400(http: httpx.Client, adele: str) -> None:
    http.post("/_control/behaviours", json={"default": "never"})
    for path, body in (
        (f"/_control/users/{ADELE}/behaviour", {"name": "lazy"}),
        (f"/_control/users/{ADELE}/behaviour", {}),
        (f"/_control/users/{ADELE}/behaviour", {"name": ["prompt"]}),
        (f"/_control/users/{ADELE}/behaviour", {"name": "prompt", "from": "tomorrow"}),
        ("/_control/behaviours", {}),
        ("/_control/behaviours", {"default": "lazy"}),
        ("/_control/behaviours", {"default": {}}),
        ("/_control/behaviours", {"default": {"prompt": -1}}),
        ("/_control/behaviours", {"default": {"prompt": 0}}),
        ("/_control/behaviours", {"default": ["prompt"]}),
        ("/_control/audit", {"wording": "loud"}),
        ("/_control/audit", {"noise": 1}),
        ("/_control/report", {"spread_hours": -1}),
        ("/_control/entra", {"migration": "never"}),
        ("/_control/entra", {"configurations": {"Pigeon": "enabled"}}),
        ("/_control/entra", {"configurations": {"Sms": "on"}}),
        ("/_control/entra", {"sms_sign_in": "yes"}),
        ("/_control/conditional_access", {"state": "on"}),
        ("/_control/conditional_access", {"includeUserActions": ["urn:user:sleep"]}),
        ("/_control/conditional_access", {"includeUsers": "All"}),
        ("/_control/teams", {"activity_types": "x"}),
        (f"/_control/users/{ADELE}/teams", {"installed": "yes"}),
    ):
        assert http.post(path, json=body).status_code == 400, (path, body)
    assert http.post("/_control/users/nobody/behaviour", json={"name": "never"}).status_code == 404
    assert http.get("/_control/behaviours").json()["default"] == "never"


def test_the_last_year_of_the_calendar_stops_nobody(http: httpx.Client, adele: str) -> None:
    http.post("/_control/clock", json={"to": "9999-12-31T20:00:00Z"}).raise_for_status()
    behave(http, "slow")
    assert http.get("/_control/users").status_code == 200


def test_plans_outlive_the_process(tmp_path: Path) -> None:
    tenant = Tenant(seed=1)
    person = tenant.people.in_order[0]
    start(tenant, person, "on_leave")
    tenant.audit.words.mixed = True
    file = StateFile(tmp_path / "state")
    file.write(tenant)
    loaded = file.load()
    assert loaded is not None
    loaded.people.by_id[person.id].properties["accountEnabled"] = True
    loaded.clock.advance(timedelta(days=40))
    play(loaded)
    assert loaded.audit.words.mixed is True
    assert len(loaded.people.by_id[person.id].methods) == 2
