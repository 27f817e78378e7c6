"""Every route × every caller: who is answered 401, 403, or heard; and nothing personal leaves without a role."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

import function_app
from onboarding import access, bootstrap
from onboarding.access import Role
from onboarding.domain.lifecycle import State
from onboarding.errors import DeployerError, Unavailable
from onboarding.operate.actions import ACTIONS
from onboarding.settings import Settings
from onboarding.storage.embedded.database import EmbeddedDatabase
from tests.support import planted
from tests.support.doubles import T0
from tests.support.outer import AZURE_ROLE_CLAIM, Outer, case_id, principal, rich_case

#: Route → (method, placeholders). `dashboard_action` and the writes get their bodies in `ask`.
CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "hr": ("POST", {"source": "standard-webhooks"}),
    "health": ("GET", {}),
    "dashboard": ("GET", {}),
    "dashboard_case": ("GET", {"case_id": case_id(1)}),
    "dashboard_action": ("POST", {"case_id": case_id(1), "action": "pause"}),
    "dashboard_deliveries": ("GET", {}),
    "dashboard_delivery": ("GET", {"delivery_id": "d_1"}),
    "dashboard_replay": ("POST", {"delivery_id": "d_1"}),
    "dashboard_reports": ("GET", {}),
    "cases": ("GET", {}),
    "case": ("GET", {"case_id": case_id(1)}),
    "case_action": ("POST", {"case_id": case_id(1), "action": "pause"}),
    "trouble": ("GET", {}),
    "limit_approve": ("POST", {"kind": "creations"}),
    "dashboard_trouble": ("GET", {}),
    "dashboard_limit": ("POST", {"kind": "creations"}),
    "operation": ("GET", {"operation_id": "o_1"}),
    "deliveries": ("GET", {}),
    "delivery": ("GET", {"delivery_id": "d_1"}),
    "delivery_replay": ("POST", {"delivery_id": "d_1"}),
    "case_plan": ("GET", {"case_id": case_id(3)}),
    "case_methods": ("GET", {"case_id": case_id(4)}),
    "dashboard_methods": ("GET", {"case_id": case_id(4)}),
    "dashboard_handout": ("GET", {"case_id": case_id(1)}),
    "plan": ("GET", {}),
    "plan_apply": ("POST", {}),
    "reruns": ("POST", {}),
    "dashboard_case_plan": ("GET", {"case_id": case_id(3)}),
    "dashboard_plan": ("GET", {}),
    "dashboard_plan_apply": ("POST", {}),
    "dashboard_reruns": ("GET", {}),
    "dashboard_rerun_many": ("POST", {}),
}
#: JSON bodies of writes that take more than a reason.
BODIES: dict[str, dict[str, Any]] = {
    "reruns": {"filter": {"state": "blocked"}, "dry_run": True},
    "plan_apply": {"reason": "because", "plan_hash": "0"},
}
#: Queries without which a page asks nothing of the store.
QUERIES = {"dashboard_reruns": {"state": "blocked"}}
#: Least role of each route, as the design says it; None: anonymous at the host, and checked otherwise.
LEAST: dict[str, Role | None] = {
    name: None if name in {"hr", "health"} else Role.OPERATOR if call[0] == "POST" else Role.VIEWER
    for name, call in CALLS.items()
}
LEAST |= {
    "limit_approve": Role.APPROVER,
    "dashboard_limit": Role.APPROVER,
    "dashboard_handout": Role.OPERATOR,
}
LEAST |= {"case_methods": Role.APPROVER, "dashboard_methods": Role.APPROVER}
FORMS = tuple(name for name, call in CALLS.items() if name.startswith("dashboard") and call[0] == "POST")
HTML = [name for name in CALLS if name.startswith("dashboard")]
WRITES = [name for name, call in CALLS.items() if call[0] == "POST" and name != "hr"]
JSON_WRITES = [name for name in WRITES if name not in HTML]


def http_functions() -> set[str]:
    """Names of the HTTP functions of the app, from its decorated names."""
    functions = [getattr(value, "_function", None) for value in vars(function_app).values()]
    triggers = {f.get_function_name(): f.get_trigger() for f in functions if f is not None}
    return {name for name, trigger in triggers.items() if trigger.get_binding_name() == "httpTrigger"}


def test_every_http_function_has_an_entry_in_the_access_table_and_in_this_test() -> None:
    assert http_functions() == access.ROUTES.keys() == CALLS.keys()
    assert access.ROUTES == LEAST


def test_a_function_without_an_entry_is_open_to_nobody(outer: Outer) -> None:
    request = function_app._decode(
        func.HttpRequest("GET", "/api/new", body=b"", headers={"x-dev-role": "approver"})
    )
    with pytest.raises(access.Forbidden):
        access.allow("new", request, outer.app.services.settings)


@pytest.fixture
async def full(outer: Outer) -> Outer:
    await outer.put(rich_case(1))
    await outer.put(
        rich_case(2, State.BLOCKED, reason_code="needs_approval_adopt", return_state=State.PROVISIONING)
    )
    await outer.put(rich_case(4, State.EXCLUDED))
    await outer.put(rich_case(3, State.PAUSED, return_state=State.FOLLOWING_UP))
    return outer


async def ask(
    outer: Outer, name: str, headers: dict[str, str] | None = None, **more: Any
) -> func.HttpResponse:
    """One well-formed call of a route; `more` overwrites parts of it."""
    method, params = CALLS[name]
    given: dict[str, Any] = {"params": params, "body": b"", "headers": {}, "query": QUERIES.get(name)}
    if name in JSON_WRITES:
        body = json.dumps(BODIES.get(name, {"reason": "because"})).encode()
        given |= {"body": body, "headers": {"content-type": "application/json"}}
    given |= more
    role = {"x-dev-role": "approver"} if LEAST[name] is Role.APPROVER else {}
    given["headers"] = {**role, **given["headers"], **(headers or {})}
    return await outer.http(name, method, f"/api/{name}", **given)


async def form(outer: Outer, who: str = "pretend", **fields: str) -> bytes:
    token = access.form_token(
        access.Principal(who, Role.OPERATOR), outer.app.services.settings, outer.clock.at
    )
    from urllib.parse import urlencode

    more = {"state": "blocked", "plan_hash": "0"}  # of the forms of plans; the others do not read them
    return urlencode({"token": token, "reason": "because", **more, **fields}).encode()


def expected(least: Role | None, role: Role | None, signed_in: bool) -> int | None:
    """401, 403, or None: heard."""
    if least is None:
        return None
    if not signed_in:
        return 401
    return None if role is not None and role >= least else 403


ROLES: list[tuple[str, Role | None]] = [("none", None), *((role.name.lower(), role) for role in Role)]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("said", "role"), ROLES)
async def test_on_the_development_host_each_route_answers_each_role(
    full: Outer, name: str, said: str, role: Role | None
) -> None:
    body = {"body": await form(full)} if name in FORMS else {}
    answer = await ask(full, name, {"x-dev-role": said}, **body)
    check(name, answer, expected(LEAST[name], role, said != "none"))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("who", ["nobody", "no role", "unknown role", "viewer", "operator", "approver"])
async def test_in_azure_each_route_answers_each_principal(name: str, who: str) -> None:
    """Easy Auth is imitated; X-Dev-Role means nothing there."""
    outer = Outer({"ONBOARDING_DEV_ROLE": "", "WEBSITE_AUTH_ENABLED": "True"})
    await outer.put(rich_case(1))
    roles = {"nobody": None, "no role": [], "unknown role": ["Zzyzx", "operator-of-something"]}.get(
        who, [who]
    )
    headers = {"x-dev-role": "approver"} if roles is None else {"x-ms-client-principal": principal(*roles)}
    role = Role.__members__.get(who.upper())
    own = "11111111-2222-3333-4444-555555555555"
    body = {"body": await form(outer, own)} if name in FORMS else {}
    check(name, await ask(outer, name, headers, **body), expected(LEAST[name], role, roles is not None))
    await outer.close()


def check(name: str, answer: func.HttpResponse, wanted: int | None) -> None:
    if wanted is None:
        assert answer.status_code not in {401, 403} or name == "hr", answer.get_body()
        assert answer.status_code < 500, answer.get_body()
    else:
        assert answer.status_code == wanted, answer.get_body()
        nothing_personal(answer)


def nothing_personal(answer: func.HttpResponse) -> None:
    """No planted value, no case id, in body or headers."""
    text = answer.get_body().decode() + repr(dict(answer.headers))
    assert planted.found_in(text) is None
    assert case_id(1) not in text


FORGED = [
    {"x-ms-client-principal": principal("approver")},
    {"X-MS-CLIENT-PRINCIPAL": principal("approver"), "X-MS-CLIENT-PRINCIPAL-ID": "1"},
    {"x-dev-role": "approver"},
    {"authorization": "Bearer approver"},
    {"x-functions-key": "master"},
]


@pytest.mark.parametrize("name", [name for name, least in LEAST.items() if least])
@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: "+".join(headers))
async def test_a_forged_principal_is_nobody_while_easy_auth_is_off(
    name: str, headers: dict[str, str]
) -> None:
    """A production app whose authentication was not switched on: closed, not open."""
    outer = Outer({"ONBOARDING_DEV_ROLE": "", "WEBSITE_AUTH_ENABLED": "False"})
    await outer.put(rich_case(1))
    answer = await ask(outer, name, headers)
    assert answer.status_code == 401
    nothing_personal(answer)
    await outer.close()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "%%%",
        "AAAA",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b'"x"').decode(),
        base64.b64encode(b"{}").decode(),
        base64.b64encode(b'{"claims": [7]}').decode(),
        base64.b64encode(b'{"claims": [{"typ": "roles"}]}').decode(),
        base64.b64encode(b'{"claims": [{"typ": "roles", "val": "approver"}]}').decode(),
        base64.b64encode(b"[" * 100_000).decode(),
    ],
)
async def test_a_principal_that_cannot_be_read_or_has_no_id_is_nobody(header: str) -> None:
    outer = Outer({"ONBOARDING_DEV_ROLE": "", "WEBSITE_AUTH_ENABLED": "true"})
    answer = await ask(outer, "cases", {"x-ms-client-principal": header})
    assert answer.status_code == 401
    await outer.close()


@pytest.mark.parametrize("claim", ["roles", AZURE_ROLE_CLAIM])
async def test_roles_come_by_either_claim_and_the_highest_counts(claim: str) -> None:
    outer = Outer({"ONBOARDING_DEV_ROLE": "", "WEBSITE_AUTH_ENABLED": "true"})
    await outer.put(rich_case(1))
    headers = {"x-ms-client-principal": principal("viewer", "Operator", claim=claim)}
    assert (await ask(outer, "case_action", headers)).status_code == 202
    await outer.close()


# --- writes need more than a role ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_write_that_another_site_caused_is_403(full: Outer, name: str, site: str) -> None:
    body = {"body": await form(full)} if name in FORMS else {}
    answer = await ask(full, name, {"sec-fetch-site": site}, **body)
    assert answer.status_code == 403
    nothing_personal(answer)


@pytest.mark.parametrize("name", JSON_WRITES)
@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "application/jsonp",
    ],
)
async def test_a_json_write_with_what_a_foreign_form_can_send_is_415(
    full: Outer, name: str, kind: str
) -> None:
    answer = await ask(full, name, {"content-type": kind})
    assert answer.status_code == 415
    assert json.loads(answer.get_body())["code"] == "media_type"


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_a_json_write_with_its_own_media_type_is_taken(full: Outer, kind: str) -> None:
    answer = await ask(full, "case_action", {"content-type": kind, "sec-fetch-site": "same-origin"})
    assert answer.status_code == 202


def tokens(settings: Settings, now: Any) -> dict[str, str]:
    own = access.Principal("pretend", Role.OPERATOR)
    good = access.form_token(own, settings, now)
    stamp, _, signature = good.partition(".")
    return {
        "missing": "",
        "no signature": stamp,
        "wrong signature": f"{stamp}.{'0' * 64}",
        "another time": f"{int(stamp) + 1}.{signature}",
        "another person": access.form_token(access.Principal("other", Role.APPROVER), settings, now),
        "too old": access.form_token(own, settings, now - access.TOKEN_LIFE - timedelta(seconds=1)),
        "of the future": access.form_token(own, settings, now + timedelta(hours=1)),
        "another key": access.form_token(own, Settings(), now),
        "not ASCII": "1.ö",
        "huge": "9" * 500 + ".x",
        "beyond the calendar": "999999999999.x",
        "other digits": "١٢٣.x",
        "negative": f"-{stamp}.{signature}",
    }


@pytest.mark.parametrize("which", list(tokens(Settings(), T0)))
async def test_a_form_without_a_good_token_is_403_and_changes_nothing(full: Outer, which: str) -> None:
    token = tokens(full.app.services.settings, full.clock.at)[which]
    answer = await ask(full, "dashboard_action", body=await form(full, token=token))
    assert answer.status_code == 403, which
    assert b"text/html" in answer.headers["Content-Type"].encode()
    if (
        which != "too old"
    ):  # that one was theirs, and comes again with its page (tests/dashboard/test_again.py)
        nothing_personal(answer)
    case = await full.app.services.cases.get(case_id(1))
    assert case
    assert case.state is State.FOLLOWING_UP


async def test_a_form_with_its_token_is_taken_and_leads_back_to_the_page(full: Outer) -> None:
    answer = await ask(full, "dashboard_action", {"sec-fetch-site": "same-origin"}, body=await form(full))
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"../{case_id(1)}"
    case = await full.app.services.cases.get(case_id(1))
    assert case
    assert case.state is State.PAUSED


@pytest.mark.parametrize(("role", "wanted"), [("viewer", 403), ("operator", 403), ("approver", 202)])
async def test_only_an_approver_approves(full: Outer, role: str, wanted: int) -> None:
    params = {"case_id": case_id(2), "action": "approve"}
    answer = await ask(full, "case_action", {"x-dev-role": role}, params=params)
    assert answer.status_code == wanted
    page = await ask(full, "dashboard_action", {"x-dev-role": role}, params=params, body=await form(full))
    assert (page.status_code == 403) is (wanted == 403)


@pytest.mark.parametrize("action", ["lost-phone", "new-pass", "other-person", "purged", "without-pass"])
@pytest.mark.parametrize(
    ("role", "heard"), [("none", False), ("viewer", False), ("operator", False), ("approver", True)]
)
async def test_only_an_approver_reports_a_lost_phone_or_asks_for_a_pass(
    full: Outer, action: str, role: str, heard: bool
) -> None:
    params = {"case_id": case_id(1), "action": action}
    for name, more in (("case_action", {}), ("dashboard_action", {"body": await form(full)})):
        answer = await ask(full, name, {"x-dev-role": role}, params=params, **more)
        assert (answer.status_code in {401, 403}) is not heard
    case = await full.s.cases.get(case_id(1))
    assert case.lost_method is None
    assert case.identity_proofed_at is None


@pytest.mark.parametrize("action", sorted(ACTIONS))
async def test_no_action_is_open_to_a_viewer(full: Outer, action: str) -> None:
    params = {"case_id": case_id(1), "action": action}
    answer = await ask(full, "case_action", {"x-dev-role": "viewer"}, params=params)
    assert answer.status_code == 403


# --- headers and errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HTML)
@pytest.mark.parametrize("role", ["none", "viewer", "operator"])
@pytest.mark.parametrize("missing", [False, True])
async def test_every_page_keeps_to_itself(full: Outer, name: str, role: str, missing: bool) -> None:
    params = {**CALLS[name][1], **({"case_id": "c_" + "9" * 20} if missing else {})}
    answer = await ask(full, name, {"x-dev-role": role}, params=params, body=b"")
    headers = {key.lower(): value for key, value in answer.headers.items()}
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert b"<script" not in answer.get_body()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("role", ["none", "operator"])
async def test_no_answer_is_cached_or_sniffed(full: Outer, name: str, role: str) -> None:
    answer = await ask(full, name, {"x-dev-role": role})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", ["store down", "crash", "no settings"])
async def test_a_fault_shows_nothing_personal_and_says_who_acts(
    full: Outer, name: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object, **kwargs: object) -> None:
        if fault == "store down":
            raise Unavailable(f"down {planted.GIVEN}")
        raise KeyError(planted.GIVEN, planted.PHONE)

    body = {"body": await form(full)} if name in FORMS else {}
    monkeypatch.setattr(EmbeddedDatabase, "write", broken)
    if fault == "no settings":
        monkeypatch.setattr(bootstrap, "_app", None)
        monkeypatch.setenv("ONBOARDING_STORE", "nonsense")
    headers = full.signed(planted.body()) if name == "hr" else {}
    body = {"body": planted.body()} if name == "hr" else body
    answer = await ask(full, name, headers, **body)
    assert answer.status_code == (500 if fault == "crash" and name not in {"hr", "health"} else 503)
    assert answer.status_code == 500 or int(answer.headers["Retry-After"]) > 0
    nothing_personal(answer)


@pytest.mark.parametrize(
    "error",
    [None, Unavailable("x"), DeployerError("the file is damaged", code="store_damaged"), KeyError("x")],
)
async def test_health_says_ok_or_degraded_and_no_more(
    outer: Outer, error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ping(self: object) -> None:
        if error:
            raise error

    monkeypatch.setattr(type(outer.app.services.cases), "ping", ping)
    answer = await ask(outer, "health")
    wanted = (200, {"status": "ok"}) if error is None else (503, {"status": "degraded"})
    assert (answer.status_code, json.loads(answer.get_body())) == wanted


async def test_health_is_degraded_and_silent_when_the_settings_are_wrong(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_app", None)
    monkeypatch.setenv("ONBOARDING_STORE", "nonsense")
    answer = await ask(outer, "health")
    assert (answer.status_code, json.loads(answer.get_body())) == (503, {"status": "degraded"})
