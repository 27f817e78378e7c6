"""Trouble as operators see it: dashboard, API, doctor, cases; and what a poisoned message leaves behind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

import function_app
from onboarding.domain.lifecycle import State
from onboarding.operate import doctor, trouble, work
from onboarding.operate.cases import case_json
from onboarding.operate.explain import explain
from onboarding.ports import CaseStore, DeliveryStatus, WorkMessage
from onboarding.safeguards import limits, stops
from onboarding.safeguards.stops import LIMIT, PERMISSION, TENANT, Stop
from onboarding.storage import messages
from tests.dashboard.test_pages import Page
from tests.storage.stores import make_delivery
from tests.support.doubles import T0
from tests.support.outer import Outer, case_id, make_case, rich_case

TEXT = "Graph answered HTTP 403 to set_manager: grant the application permission User.ReadWrite.All"


@pytest.fixture
async def outer() -> AsyncIterator[Outer]:
    made = Outer()
    yield made
    await made.close()


async def hold(cases: CaseStore, *more: Stop) -> None:
    """One stop of each kind, and these."""
    given = (
        Stop(PERMISSION, "set_manager", T0, T0 + timedelta(minutes=4), 2, TEXT, case_id(1)),
        Stop(TENANT, "directory", T0 + timedelta(minutes=1), T0 + timedelta(minutes=2)),
        Stop(LIMIT, "creations", T0 + timedelta(minutes=2), text="500 creations within an hour"),
    )

    def decide(board: stops.Board) -> bool:
        for stop in (*given, *more):
            board.open(stop)
        return True

    await stops.change(cases, decide)


async def call(
    outer: Outer, name: str, role: str, body: Any = None, *, method: str = "GET", **params: str
) -> func.HttpResponse:
    headers = {"x-dev-role": role, "content-type": "application/json"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return await outer.http(name, method, f"/api/{name}", params, data, headers)


async def test_what_is_held_back_is_listed_with_who_ends_it(outer: Outer) -> None:
    await hold(outer.app.services.cases)
    found = json.loads((await call(outer, "trouble", "viewer")).get_body())
    assert [item["id"] for item in found["stops"]] == [
        "permission:set_manager", "tenant:directory", "limit:creations",
    ]  # fmt: skip
    first = found["stops"][0]
    assert first["reason_code"] == "held_for_permission"
    assert first["detail"] == TEXT
    assert (first["tries"], first["next_try"]) == (2, "2026-08-17T08:04:00Z")
    assert all(item["words"] and item["ends"] for item in found["stops"])
    assert found["poison"] == []


async def test_only_an_approver_approves_by_the_api(outer: Outer) -> None:
    cases = outer.app.services.cases
    await hold(cases)

    async def post(role: str, body: Any, kind: str = "creations") -> func.HttpResponse:
        return await call(outer, "limit_approve", role, body, method="POST", kind=kind)

    good = {"reason": "checked with HR", "allow": 2000}
    assert [(await post(role, good)).status_code for role in ("none", "viewer", "operator")] == [
        401,
        403,
        403,
    ]
    for body, code in (({}, 400), ({"reason": "x", "y": 1}, 400), ({"reason": "x", "allow": "9"}, 400),
                       ({"reason": "x", "allow": True}, 400), ({"reason": "x", "allow": 0}, 400)):  # fmt: skip
        assert (await post("approver", body)).status_code == code, body
    assert (await post("approver", good, "firings")).status_code == 404
    assert (await post("approver", good, "passes")).status_code == 409
    done = await post("approver", good)
    assert done.status_code == 202
    operation = await cases.get_operation(json.loads(done.get_body())["operation_id"])
    assert operation is not None
    assert (operation.actor, operation.reason, operation.result) == (
        "pretend",
        "checked with HR",
        "creations:2000",
    )
    board = await stops.read(cases)
    assert board.find(LIMIT, "creations") is None
    assert board.released["limit:creations"].actor == "operator:pretend"
    assert (await limits.read(cases, "creations"))[0].extra > 0


async def page(outer: Outer, name: str, role: str) -> Page:
    answer = await call(outer, name, role)
    assert answer.status_code == 200, answer.get_body()[-300:]
    return Page(answer.get_body())


async def test_the_dashboard_says_it_on_top_and_an_approver_has_a_form(outer: Outer) -> None:
    assert "Nothing is held back" in (await page(outer, "dashboard_trouble", "viewer")).text
    await hold(outer.app.services.cases)
    assert "No more creations" in (await page(outer, "dashboard", "viewer")).text
    for role in ("viewer", "operator"):
        shown = await page(outer, "dashboard_trouble", role)
        assert TEXT in shown.text
        assert not shown.all("form")
        assert "An approver decides" in shown.text
    shown = await page(outer, "dashboard_trouble", "approver")
    (form,) = shown.all("form")
    assert form["action"] == "/api/dashboard/limits/creations/approve"
    fields = {str(item["name"]): str(item.get("value") or "") for item in shown.all("input")}
    body = urlencode({**fields, "reason": "all new", "allow": "40"}).encode()
    for spoilt in (body.replace(b"40", b"4x"), urlencode({"reason": "x", "token": "1.x"}).encode()):
        answer = await call(outer, "dashboard_limit", "approver", spoilt, method="POST", kind="creations")
        assert answer.status_code in {400, 403}
    done = await call(outer, "dashboard_limit", "approver", body, method="POST", kind="creations")
    assert (done.status_code, done.headers["Location"]) == (303, "../../trouble?approved=creations")
    assert (await stops.read(outer.app.services.cases)).find(LIMIT, "creations") is None
    for kind, said in (("creations", True), ("passes", False), ("<b>", False)):
        answer = await outer.http(
            "dashboard_trouble", "GET", "/api/dashboard/trouble", {}, b"", {"x-dev-role": "approver"},
            {"approved": kind},
        )  # fmt: skip
        assert (f"The limit of {kind} is approved" in answer.get_body().decode()) is said


async def test_doctor_has_a_finding_for_each(outer: Outer) -> None:
    s = outer.app.services
    assert [f.text for f in await doctor._held(s)] == ["nothing"]
    await hold(s.cases)
    found = await doctor._held(s)
    assert [f.ok for f in found] == [False] * 3
    assert TEXT in found[0].text


@pytest.mark.parametrize("reason", sorted(stops.HELD))
def test_a_case_that_waits_says_why_and_who_ends_it(reason: str) -> None:
    case = rich_case(1, State.FOLLOWING_UP, reason_code=reason)
    assert explain(case).count(".") >= 3
    assert case_json(case, [])["reason_code"] == reason


# --- poison --------------------------------------------------------------------------------------------------


def message(outer: Outer, given: WorkMessage, count: int) -> Any:
    from azure.functions.queue import QueueMessage

    return QueueMessage(
        id="m", body=messages.text_of(messages.encode(given)).encode(), dequeue_count=count, insertion_time=T0
    )


async def test_what_nobody_foresaw_is_on_the_case_and_grouped_by_its_cause(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(1, 5):
        await outer.put(make_case(n))

    async def broken(s: Any, given: WorkMessage, **more: Any) -> None:
        raise (KeyError if given.case_id != case_id(4) else ZeroDivisionError)("+49 151 2345678")

    monkeypatch.setattr(work, "handle", broken)
    for n in range(1, 5):
        given = WorkMessage(case_id=case_id(n))
        for count in range(1, 6):
            with pytest.raises(RuntimeError):
                await function_app.work(message(outer, given, count))
        await function_app.work_poison(message(outer, given, 1))
    found = await trouble.survey(outer.app.services)
    assert [(group.cause, group.count) for group in found.poison] == [
        ("KeyError in test_views.py:broken", 3), ("ZeroDivisionError in test_views.py:broken", 1),
    ]  # fmt: skip
    case = await outer.app.services.cases.get(case_id(1))
    assert case is not None
    assert (case.state, case.reason_code) == (State.BLOCKED, "poison")
    timeline = await outer.app.services.cases.timeline(case_id(1))
    assert timeline[-1].detail["cause"] == "KeyError in test_views.py:broken"
    assert len(timeline) == 1, "five tries are one entry"
    assert "KeyError in test_views.py:broken" in (await page(outer, "dashboard_trouble", "viewer")).text


async def test_a_delivery_that_is_given_up_on_has_its_cause(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, _ = await outer.app.services.deliveries.put_if_absent(make_delivery())

    async def broken(s: Any, given: WorkMessage, **more: Any) -> None:
        raise LookupError("x")

    monkeypatch.setattr(work, "handle", broken)
    given = WorkMessage(delivery_id=delivery.delivery_id)
    with pytest.raises(RuntimeError):
        await function_app.work(message(outer, given, 1))
    await function_app.work_poison(message(outer, given, 1))
    after = await outer.app.services.deliveries.get(delivery.delivery_id)
    assert after is not None
    assert (after.status, after.reason_code) == (DeliveryStatus.FAILED, "poison")
    assert after.reason_detail == "LookupError in test_views.py:broken"


async def test_a_cause_that_cannot_be_noted_does_not_hide_the_failure(
    outer: Outer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*args: Any, **more: Any) -> None:
        raise ArithmeticError("x")

    monkeypatch.setattr(work, "handle", broken)
    monkeypatch.setattr(work, "fell", broken)
    with pytest.raises(RuntimeError, match="ArithmeticError"):
        await function_app.work(message(outer, WorkMessage(case_id=case_id(1)), 1))
    assert "cause_unrecorded" in caplog.messages


async def test_a_group_shows_some_cases_and_says_when_there_are_more(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "READ", 8)
    for n in range(1, 10):
        await outer.put(make_case(n, State.BLOCKED, reason_code="poison", cause=None))
    found = await trouble.survey(outer.app.services)
    assert found.more
    (group,) = found.poison
    assert (group.cause, group.count, len(group.case_ids)) == (trouble.NO_CAUSE, 8, trouble.SHOWN)
