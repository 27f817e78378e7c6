"""Deliveries for operators, the JSON API over them, and doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.access import Forbidden, Principal, Role
from onboarding.api import errors, views
from onboarding.domain.hire import Verification
from onboarding.errors import (
    Ambiguous,
    ConfigurationError,
    IllegalTransition,
    NotFound,
    OperatorError,
    Refused,
    RequestError,
    SenderError,
    StoreConflict,
    Unavailable,
)
from onboarding.followup import sources
from onboarding.intake.refusals import Refusals
from onboarding.operate import deliveries, doctor
from onboarding.operate.actions import Ask
from onboarding.ports import Delivery, DeliveryStatus, WorkMessage
from onboarding.settings import Secret, Settings, SourceSettings
from onboarding.web import Request
from tests.storage.stores import make_delivery
from tests.support.doubles import CASE_ID, T0, World, make_case

MakeWorld = Callable[..., World]
ASK = Ask("o-1", "mapping was mended")
WHO = Principal("o-1", Role.OPERATOR)


async def put(world: World, **changes: Any) -> Delivery:
    delivery = make_delivery(at=T0, **changes)
    await world.store.deliveries.put_if_absent(delivery)
    return delivery


# --- replay ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", DeliveryStatus)
async def test_a_replay_puts_the_delivery_back_and_records_the_operation(
    world: World, status: DeliveryStatus
) -> None:
    delivery = await put(world, status=status, reason_code="x", reason_detail="/a/b", case_ids=(CASE_ID,))
    operation = await deliveries.replay(world.s, delivery.delivery_id, ASK)
    found = await world.store.deliveries.get(delivery.delivery_id)
    assert found is not None
    assert (found.status, found.reason_code, found.reason_detail) == (DeliveryStatus.QUEUED, None, None)
    assert found.body == delivery.body
    assert world.queue.sent == [(WorkMessage(delivery_id=delivery.delivery_id, why="replay"), 0.0)]
    stored = await world.store.cases.get_operation(operation.operation_id)
    assert stored is not None
    assert (stored.status, stored.action, stored.case_id, stored.reason) == (
        "done",
        "replay",
        CASE_ID,
        ASK.reason,
    )


async def test_a_delivery_without_its_body_cannot_be_replayed(world: World) -> None:
    delivery = await put(world, body=None)
    with pytest.raises(Refused):
        await deliveries.replay(world.s, delivery.delivery_id, ASK)
    assert world.queue.sent == []


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_replay_needs_a_reason(world: World, reason: str) -> None:
    delivery = await put(world)
    with pytest.raises(RequestError):
        await deliveries.replay(world.s, delivery.delivery_id, Ask("o-1", reason))


async def test_an_unknown_delivery_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await deliveries.replay(world.s, "d_" + "9" * 26, ASK)


async def test_a_delivery_is_shown_without_its_body_and_headers(world: World) -> None:
    body = b'{"name": "PLANTED"}'
    delivery = await put(
        world, body=body, headers={"x": "PLANTED"}, verification=Verification("hmac", "current", True)
    )
    data = deliveries.delivery_json(delivery)
    assert "PLANTED" not in json.dumps(data)
    assert data["verification"] == {
        "scheme": "hmac",
        "key_id": "current",
        "key_label": None,
        "timestamp_checked": True,
    }
    nothing = {name for name, value in data.items() if value is None}
    assert nothing == {"reason_code", "reason_detail", "vendor_event_type", "pruned_at"}


# --- API ---------------------------------------------------------------------------------------------------


def post(body: bytes, **params: str) -> Request:
    return Request("POST", "/api/x", {"content-type": "application/json"}, {}, params, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"not json",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"reason": ""}',
        b'{"reason": 5}',
        b'{"reason": null}',
        b'{"reason": "x", "force": true}',
        b'{"reason": "x", "from_step": "set_manager"}',
        b'{"reason": "\\ud800"}',
        b"[" * 100_000,
    ],
)
async def test_a_body_that_cannot_be_used_is_400_and_nothing_happens(world: World, body: bytes) -> None:
    before = await world.file(make_case())
    with pytest.raises(RequestError) as caught:
        await views.act(world.s, post(body, case_id=CASE_ID, action="pause"), WHO)
    assert errors.answer(caught.value).status == 400
    assert (await world.case()).etag == before.etag


async def test_an_action_is_answered_with_its_operation(world: World) -> None:
    await world.file(make_case())
    answer = await views.act(
        world.s, post('{"reason": "山田"}'.encode(), case_id=CASE_ID, action="pause"), WHO
    )
    assert answer.status == 202
    data = json.loads(answer.body)
    assert data["case_id"] == CASE_ID
    shown = await views.show_operation(
        world.s, Request("GET", "/x", params={"operation_id": data["operation_id"]}), WHO
    )
    assert json.loads(shown.body) == {
        **data,
        "action": "pause",
        "actor": "o-1",
        "reason": "山田",
        "at": "2026-08-17T08:00:00Z",
        "status": "done",
        "result": "paused",
    }


async def test_approving_needs_an_approver_even_on_the_operators_route(world: World) -> None:
    await world.file(make_case())
    with pytest.raises(Forbidden):
        await views.act(world.s, post(b'{"reason": "x"}', case_id=CASE_ID, action="approve"), WHO)


@pytest.mark.parametrize("action", ["erase", "delete", "", "__class__"])
async def test_an_action_that_is_not_built_is_404(world: World, action: str) -> None:
    with pytest.raises(NotFound):
        await views.act(world.s, post(b'{"reason": "x"}', case_id=CASE_ID, action=action), WHO)


async def test_a_misspelt_filter_is_400_and_not_everybody(world: World) -> None:
    with pytest.raises(RequestError):
        await views.list_cases(world.s, Request("GET", "/x", query={"sate": "blocked"}), WHO)


async def test_a_list_is_filtered_and_shows_no_raw_phone(world: World) -> None:
    await world.file(make_case())
    for query, count in (
        ({}, 1),
        ({"state": "waiting_start"}, 1),
        ({"state": "closed"}, 0),
        ({"q": "mül"}, 1),
    ):
        answer = await views.list_cases(world.s, Request("GET", "/x", query=query), WHO)
        data = json.loads(answer.body)
        assert (len(data["items"]), data["next_page"]) == (count, None)
        assert "3456789" not in answer.body.decode()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SenderError("x", status=413), 413),
        (NotFound("x"), 404),
        (Ambiguous("x", candidates=["c"]), 409),
        (IllegalTransition("x"), 409),
        (Refused("x"), 409),
        (RequestError("x"), 400),
        (Forbidden("x"), 403),
        (StoreConflict("x"), 503),
        (Unavailable("x"), 503),
        (ConfigurationError("x"), 503),
        (OperatorError("x"), 500),
    ],
)
def test_every_error_says_by_its_status_who_acts(error: Any, status: int) -> None:
    answer = errors.answer(error)
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    data = json.loads(answer.body)
    assert (data["status"], data["code"]) == (status, error.code)
    assert ("Retry-After" in answer.headers) is (status == 503)


async def test_health_tells_nothing_but_yes_or_no(world: World) -> None:
    assert (await views.health(world.s)).body == b'{"status":"ok"}'
    world.store.close()
    with pytest.raises(Unavailable):  # which the trigger answers with `degraded`
        await views.health(world.s)
    answer = views.degraded()
    assert (answer.status, answer.body) == (503, b'{"status":"degraded"}')


# --- doctor ------------------------------------------------------------------------------------------------


async def test_doctor_finds_what_is_missing_and_says_what_to_do(make_world: MakeWorld) -> None:
    world = make_world(settings=Settings(service_desk=None))
    found = {item.what: item for item in await doctor.examine(world.s)}
    assert not found["service desk"].ok
    assert "ONBOARDING_SERVICE_DESK" in found["service desk"].text
    assert not found["HR secrets"].ok
    assert found["store"].ok
    assert found["tenant: users"].ok


@pytest.mark.parametrize(("number", "words"), [(0, "0 cases"), (1, "1 case"), (2, "2 cases")])
async def test_doctor_counts_in_grammar(world: World, number: int, words: str) -> None:
    for index in range(number):
        await world.file(make_case(case_id=f"c_{index:020d}"))
    (text,) = [item.text for item in await doctor.examine(world.s) if item.what == "store"]
    assert text.endswith(f", {words}")


async def test_doctor_shows_no_secret(make_world: MakeWorld) -> None:
    source = SourceSettings("a", "a", secret=Secret("PLANTED"))
    world = make_world(settings=replace(Settings(), sources={"a": source}, hash_key=Secret("PLANTED")))
    assert "PLANTED" not in json.dumps([item.as_json() for item in await doctor.examine(world.s)])


async def test_a_tenant_that_cannot_be_reached_is_one_finding_and_not_an_end(world: World) -> None:
    world.faults.before("check", Unavailable("Graph does not answer."))
    found = await doctor.examine(world.s)
    assert len([item for item in found if not item.ok and item.what == "tenant"]) == 1
    assert {"mode", "store", "deadline"} <= {item.what for item in found}


async def test_a_store_that_is_down_is_a_finding_too(world: World) -> None:
    world.store.close()
    assert [item.ok for item in await doctor.examine(world.s) if item.what == "store"] == [False]


@pytest.mark.parametrize(("graph", "todo"), [("simulated", "make serve"), ("microsoft", "run doctor again")])
async def test_doctor_says_what_to_do_about_a_silent_tenant_and_promises_no_retry(
    make_world: MakeWorld, graph: str, todo: str
) -> None:
    world = make_world(settings=Settings(graph=graph))
    world.faults.before("check", Unavailable("Graph does not answer; it is tried again later."))
    (text,) = [item.text for item in await doctor.examine(world.s) if item.what == "tenant"]
    assert todo in text
    assert "later" not in text


SOUND = "whsec_ZGV2ZWxvcG1lbnQtb25seS1zZWNyZXQtMDAwMQ=="


@pytest.mark.parametrize(
    ("source", "ok", "words"),
    [
        (SourceSettings("standard-webhooks", "standard-webhooks", Secret(SOUND)), True, "adapter standard-webhooks"),
        (SourceSettings("emea", "workday", Secret(SOUND)), False, "no adapter 'workday'"),
        (SourceSettings("acme", "acme", Secret(SOUND)), False, "acme=adapter"),
        (SourceSettings("emea", "standard-webhooks", Secret("whsec_%%")), False, "ONBOARDING_HR_EMEA_SECRET "),
        (SourceSettings("e-1", "standard-webhooks", Secret(SOUND), Secret("whsec_%%")), False,
         "ONBOARDING_HR_E_1_SECRET_PREVIOUS "),
        (SourceSettings("emea", "greenhouse"), False, "Set ONBOARDING_HR_EMEA_SECRET"),
        (SourceSettings("bamboohr", "bamboohr", Secret("s" * 32)), False, "Set ONBOARDING_HR_BAMBOOHR_API_URL"),
    ],
)  # fmt: skip
async def test_doctor_looks_at_every_source_as_the_door_would(
    make_world: MakeWorld, source: SourceSettings, ok: bool, words: str
) -> None:
    world = make_world(settings=replace(Settings(), sources={source.source: source}))
    found = {item.what: item for item in await doctor.examine(world.s)}[f"HR source {source.source}"]
    assert found.ok is ok
    assert words in found.text
    assert SOUND not in found.text
    assert "%%" not in found.text


async def test_doctor_names_a_setting_that_nobody_reads(make_world: MakeWorld) -> None:
    settings = Settings.from_env(
        {"ONBOARDING_SERVICEDESK": "d@x.example", "ONBOARDING_HR_A_SECRT": "PLANTED"}
    )
    found = [item for item in await doctor.examine(make_world(settings=settings).s) if not item.ok]
    named = {item.what for item in found if item.what.startswith("setting ")}
    assert named == {"setting ONBOARDING_SERVICEDESK", "setting ONBOARDING_HR_A_SECRT"}
    assert "PLANTED" not in json.dumps([item.as_json() for item in found])


async def test_doctor_says_how_the_evidence_stands(world: World) -> None:
    now = await world.s.clock.now()

    async def said() -> dict[str, tuple[bool, str]]:
        return {item.what: (item.ok, item.text) for item in await doctor.examine(world.s)}

    assert (await said())["audit log"] == (True, "not read yet")
    assert (await said())["registration report"] == (True, "not read yet")
    cursor = {"until": (now - timedelta(days=20)).isoformat()}
    report: dict[str, Any] = {"state": "needs_premium", "at": now.isoformat()}
    marker = await world.s.cases.write_marker(sources.AUDIT_CURSOR, cursor, None)
    state = await world.s.cases.write_marker(sources.REPORT_STATE, report, None)
    ok, text = (await said())["audit log"]
    assert (ok, "longer ago than its records are kept (7 days)" in text) == (False, True)
    ok, text = (await said())["registration report"]
    assert (ok, "no Entra ID P1 or P2" in text) == (True, True)
    report = {"state": "ok", "as_of": now.isoformat(), "unknown_methods": ["brainWave"]}
    await world.s.cases.write_marker(sources.AUDIT_CURSOR, {"until": now.isoformat()}, marker.etag)
    await world.s.cases.write_marker(sources.REPORT_STATE, report, state.etag)
    assert (await said())["audit log"][0]
    ok, text = (await said())["registration report"]
    assert (ok, text.endswith("does not count: brainWave")) == (True, True)


async def test_doctor_tells_of_wrong_signatures_until_something_right_comes(make_world: MakeWorld) -> None:
    world = make_world(
        settings=Settings(sources={"greenhouse": SourceSettings("greenhouse", "greenhouse", Secret("s"))})
    )
    counting = Refusals()

    async def refused(times: int) -> None:
        for _ in range(times):
            await counting.note(world.s.cases, "greenhouse", "signature_wrong", await world.s.clock.now())

    await refused(2)

    async def said() -> list[tuple[bool, str]]:
        return [
            (item.ok, item.text)
            for item in await doctor.examine(world.s)
            if item.what == "signatures of greenhouse"
        ]

    ((ok, text),) = await said()
    assert (ok, "wrong signature or token: 2" in text) == (True, True), "a stranger's, perhaps"
    await refused(1)
    ((ok, text),) = await said()
    assert not ok
    assert "wrong signature or token: 3" in text
    assert "compare the secret" in text
    delivery = make_delivery(at=await world.s.clock.now(), source="greenhouse")
    await world.store.deliveries.put_if_absent(delivery)
    assert [ok for ok, _ in await said()] == [True]
