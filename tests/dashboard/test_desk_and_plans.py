"""The pages of reruns, plans and the service desk: looked at, sent as their forms send them, and by whom."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard import desk, plans
from onboarding.domain.lifecycle import State
from onboarding.operate import actions
from onboarding.operate.asks import Ask
from onboarding.web import Request
from tests.operate.test_desk import CHECKS, at_work
from tests.support import planted
from tests.support.doubles import CASE_ID, World
from tests.support.full_policy import full_case, full_world
from tests.support.outer import Outer, case_id, make_case, rich_case

MISSING: dict[str, Any] = {"reason_code": "permission_missing", "return_state": State.PROVISIONING}
APPROVER = Principal("pretend", Role.APPROVER, pretend=True)


async def page(outer: Outer, name: str, role: str = "operator", **more: Any) -> tuple[int, str]:
    answer = await outer.http(
        name, more.pop("method", "GET"), f"/api/{name}", headers={"x-dev-role": role}, **more
    )
    return answer.status_code, answer.get_body().decode()


def form(outer: Outer, **fields: str) -> bytes:
    token = access.form_token(Principal("pretend", Role.OPERATOR), outer.s.settings, outer.clock.at)
    return urlencode({"token": token, **fields}).encode()


# --- reruns --------------------------------------------------------------------------------------------------


async def test_nobody_is_looked_for_before_a_filter_is_given(outer: Outer) -> None:
    await outer.put(make_case(1, State.BLOCKED, **MISSING))
    _, text = await page(outer, "dashboard_reruns")
    assert "Give a state, a reason code or an HR source" in text
    assert case_id(1) not in text


async def test_the_form_of_the_preview_runs_exactly_that(outer: Outer) -> None:
    for number in (1, 2):
        await outer.put(make_case(number, State.BLOCKED, **MISSING))
    query = {"state": "blocked", "reason_code": "permission_missing"}
    _, text = await page(outer, "dashboard_reruns", query=query)
    assert "2 people found, 2 of those shown can be run again" in text
    assert "reserve username, create account" in text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))
    assert hidden["state"] == "blocked"
    body = urlencode({**hidden, "reason": "granted"}).encode()
    status, done = await page(outer, "dashboard_rerun_many", method="POST", body=body)
    assert (status, done.count("is run again")) == (200, 2)
    assert (await outer.s.cases.get(case_id(1))).state is State.PROVISIONING
    status, again = await page(outer, "dashboard_rerun_many", method="POST", body=body)
    assert status == 409, "a reload repeats nothing"
    assert "It has changed since you looked" in again


async def test_a_viewer_sees_the_preview_without_the_button(outer: Outer) -> None:
    await outer.put(make_case(1, State.BLOCKED, **MISSING))
    _, text = await page(outer, "dashboard_reruns", "viewer", query={"state": "blocked"})
    assert "1 person found" in text
    assert 'method="post"' not in text


async def test_the_list_leads_to_reruns_of_what_it_shows(outer: Outer) -> None:
    _, text = await page(outer, "dashboard", query={"state": "blocked"})
    assert "/api/dashboard/reruns?state=blocked" in text


# --- plans ---------------------------------------------------------------------------------------------------


async def test_the_plan_pages_name_what_would_be_done_and_no_value() -> None:
    world = full_world()
    await world.file(full_case())
    request = Request("GET", "/", {}, {}, {"case_id": CASE_ID}, b"")
    for view in (plans.one, plans.shown):
        text = html.unescape((await view(world.s, request, APPROVER)).body.decode())
        for words in (
            "Create the account zoe.mueller-strauss@contoso.example",
            "to the manager",
            "nudge first",
        ):
            assert words in text
        case = await world.case()
        for value in (case.hire.personal_email, *(phone.raw for phone in case.hire.phones or ())):
            assert not value or value not in text
    world.close()


async def test_a_case_page_offers_the_preview_and_its_form_takes_the_hash(outer: Outer) -> None:
    await outer.put(rich_case(1))
    _, text = await page(outer, "dashboard_case", params={"case_id": case_id(1)})
    assert f'action="/api/dashboard/cases/{case_id(1)}/plan"' in text
    stale = form(outer, reason="x", plan_hash="0" * 32, from_step="")
    params = {"case_id": case_id(1), "action": "rerun"}
    status, _ = await page(outer, "dashboard_action", method="POST", body=stale, params=params)
    assert status == 409


# --- service desk --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("viewer", ()),
        ("operator", ("Page for the person",)),
        ("approver", ("Page for the person", "Lost phone", "Issue a new pass")),
    ],
)
async def test_each_role_sees_what_it_may_do(outer: Outer, role: str, sees: tuple[str, ...]) -> None:
    await outer.put(rich_case(1))
    _, text = await page(outer, "dashboard_case", role, params={"case_id": case_id(1)})
    for words in ("Page for the person", "Lost phone</a>", "Issue a new pass"):
        assert (words in text) is (words.removesuffix("</a>") in sees)


async def test_the_page_is_printed_after_the_reason_and_holds_no_id_of_ours(outer: Outer) -> None:
    await outer.put(rich_case(1))
    params = {"case_id": case_id(1), "action": "handout"}
    answer = await outer.http(
        "dashboard_action",
        "POST",
        "/api/x",
        params=params,
        body=form(outer, reason="came to the desk"),
        headers={"x-dev-role": "operator"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "handout")
    status, text = await page(outer, "dashboard_handout", params={"case_id": case_id(1)})
    assert status == 200
    assert "@media print" in text
    assert case_id(1) not in text
    assert re.findall(r"<a [^>]*>", text) == ['<a href="./">'], (
        "back to the person, without an id on the page"
    )
    assert re.search(r'<p class="tool" lang="en" dir="ltr"><a href="\./">.*To print: Ctrl and P', text)
    assert re.search(r"@media print\{.*\.tool\{display:none\}", text)
    assert planted.PHONE not in text
    entry = (await outer.s.cases.timeline(case_id(1)))[-1]
    assert (entry.action, entry.actor) == ("handout", "operator:pretend")
    assert (await page(outer, "dashboard_handout", "viewer", params={"case_id": case_id(1)}))[0] == 403


async def test_the_lost_phone_is_chosen_from_what_the_tenant_has(world_at_work: World) -> None:
    request = Request("GET", "/", {}, {}, {"case_id": CASE_ID}, b"")
    text = (await desk.methods(world_at_work.s, request, APPROVER)).body.decode()
    assert 'name="method_id-mobilePhone" value="lost" required checked' in text, "the only number is likely"
    assert 'name="method_id-mobilePhone" value="kept"' in text
    assert "a mobile phone" in text
    assert "Nothing said" in text


async def test_the_form_says_of_each_method_what_became_of_it(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outer.put(rich_case(1))
    asked: list[Ask] = []

    async def lost_phone(_s: object, _case: object, _now: object, ask: Ask) -> None:
        asked.append(ask)

    monkeypatch.setitem(actions.ACTIONS, "lost-phone", lost_phone)
    said = {f"method_{n}": ("lost", "kept", "unsaid")[n % 3] for n in range(15)}
    body = form(outer, reason="x", **said)
    params = {"case_id": case_id(1), "action": "lost-phone"}
    status, _ = await page(outer, "dashboard_action", "approver", method="POST", body=body, params=params)
    assert status == 303
    assert asked[0].lost == ("0", "3", "6", "9", "12")
    assert asked[0].kept == ("1", "4", "7", "10", "13")


@pytest.fixture
async def world_at_work() -> Any:
    world = full_world()
    await at_work(world)
    yield world
    world.close()


async def test_where_no_pass_comes_of_it_the_page_says_so_and_every_door_refuses(outer: Outer) -> None:
    case = rich_case(1)
    assert case.account is not None
    case.account.origin = "synced"
    await outer.put(case)
    params = {"case_id": case_id(1)}
    status, text = await page(outer, "dashboard_case", "approver", params=params)
    assert status == 200
    assert "No new pass: The account comes from Active Directory" in text
    assert "Issue a new pass" not in text
    params["action"] = "new-pass"
    boxes = {f"check_{code}": "yes" for code in CHECKS}
    body = form(outer, reason="x", **boxes)
    status, text = await page(outer, "dashboard_action", "approver", method="POST", body=body, params=params)
    assert status == 409
    assert "Active Directory" in text
    body = json.dumps({"reason": "x", "confirmed": list(CHECKS)}).encode()
    headers = {"x-dev-role": "approver", "content-type": "application/json"}
    answer = await outer.http("case_action", "POST", "/api/x", headers=headers, params=params, body=body)
    assert (answer.status_code, json.loads(answer.get_body())["code"]) == (409, "synced_account")


async def test_check_boxes_of_the_form_are_the_checks_of_the_action(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outer.put(rich_case(1))
    asked: list[Ask] = []

    async def new_pass(_s: object, _case: object, _now: object, ask: Ask) -> None:
        asked.append(ask)

    monkeypatch.setitem(actions.ACTIONS, "new-pass", new_pass)
    boxes = {f"check_{code}": "yes" for code in CHECKS}
    params = {"case_id": case_id(1), "action": "new-pass"}
    status, _ = await page(
        outer,
        "dashboard_action",
        "approver",
        method="POST",
        body=form(outer, reason="x", **boxes),
        params=params,
    )
    assert status == 303
    assert sorted(asked[0].confirmed) == sorted(CHECKS)
