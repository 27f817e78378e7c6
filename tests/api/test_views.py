"""The JSON API as the design's contracts say it: lists, show, actions, operations, deliveries."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onboarding.domain.case import AliasKind
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import State
from onboarding.ports import QUEUES, DeliveryStatus
from tests.support import planted
from tests.support.outer import Outer, case_id, make_case, rich_case

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "case.json"
NOWHERE = "c_" + "9" * 20


async def queued(outer: Outer) -> int:
    depths = [await outer.app.queue_host.depth(queue) for queue in QUEUES]
    return sum(visible + hidden for visible, hidden in depths)


async def act(outer: Outer, wanted: str, action: str, body: Any, **more: Any) -> tuple[int, Any]:
    return await outer.json(
        "case_action", "POST", params={"case_id": wanted, "action": action}, body=body, **more
    )


# --- lists ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def many(outer: Outer) -> Outer:
    """120 cases: every third blocked, every tenth of another source."""
    for n in range(1, 121):
        state = State.BLOCKED if n % 3 == 0 else State.FOLLOWING_UP
        reason = "missing_name" if state is State.BLOCKED else None
        source = "greenhouse" if n % 10 == 0 else "standard-webhooks"
        await outer.put(make_case(n, state, reason_code=reason, source=source))
    return outer


async def pages(outer: Outer, **query: str) -> list[list[str]]:
    """Case ids, page by page."""
    found: list[list[str]] = []
    token: str | None = ""
    while token is not None:
        status, data = await outer.json("cases", query={**query, **({"page": token} if token else {})})
        assert status == 200
        assert data.keys() == {"items", "next_page"}
        found.append([item["case_id"] for item in data["items"]])
        token = data["next_page"]
    return found


async def test_an_empty_list_is_a_list(outer: Outer) -> None:
    assert await outer.json("cases") == (200, {"items": [], "next_page": None})


async def test_pages_hold_every_case_once_newest_change_first(many: Outer) -> None:
    found = await pages(many)
    assert len(found) == 3
    assert [item for page in found for item in page] == [case_id(n) for n in range(120, 0, -1)]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"state": "blocked"}, 40),
        ({"state": "blocked", "source": "greenhouse"}, 4),
        ({"status": "unknown"}, 120),
        ({"status": "partial"}, 0),
        ({"reason_code": "missing_name"}, 40),
        ({"employee_id": f"{planted.EMPLOYEE}-7"}, 1),
        ({"q": "zzyzx"}, 120),
        ({"q": "ZZYZX-planted"}, 120),
        ({"q": "o'qwxy"}, 120),
        ({"q": "nobody"}, 0),
        ({"q": "'; DROP TABLE search; --"}, 0),
        ({"q": "%"}, 0),
        ({"state": ""}, 120),
    ],
)
async def test_filters_narrow_the_list(many: Outer, query: dict[str, str], count: int) -> None:
    assert len([item for page in await pages(many, **query) for item in page]) == count


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("cases", {"sate": "blocked"}, "unknown_filter"),
        ("cases", {"": "x"}, "unknown_filter"),
        ("deliveries", {"state": "queued"}, "unknown_filter"),
        ("cases", {"page": "Zzyzx-Plantedname"}, "bad_page_token"),
        ("cases", {"page": "W10"}, "bad_page_token"),
        ("deliveries", {"page": "\u00e9"}, "bad_page_token"),
    ],
)
async def test_an_unknown_filter_or_page_is_400_and_not_an_empty_list(
    outer: Outer, name: str, query: dict[str, str], code: str
) -> None:
    status, said = await outer.json(name, query=query)
    assert (status, said["code"]) == (400, code)
    assert planted.found_in(json.dumps(said)) is None


# --- one case -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        case_id(1),
        f"{planted.EMPLOYEE}-1",
        f"standard-webhooks:{planted.EMPLOYEE}-1",
        "zzyzx1.qwxyplanted@contoso.example",
        "ZZYZX1.QwxyPlanted@Contoso.Example",
        "object-1",
        "standard-webhooks:id:with:colons",
        "id:with:colons",
        f"  {case_id(1)} ",
    ],
)
async def test_a_case_is_shown_by_any_of_its_ids(outer: Outer, wanted: str) -> None:
    await outer.put(rich_case(1))
    await outer.alias("standard-webhooks", AliasKind.EMPLOYEE_NUMBER, "id:with:colons", case_id(1))
    status, data = await outer.json("case", params={"case_id": wanted})
    assert (status, data["case_id"]) == (200, case_id(1))


@pytest.mark.parametrize(
    "wanted", [NOWHERE, "7", "greenhouse:7", ":", "", "c_", "%", "\x00", "山田", "x" * 5000]
)
async def test_an_id_that_nobody_has_is_404_and_is_not_repeated(outer: Outer, wanted: str) -> None:
    await outer.put(rich_case(1))
    status, said = await outer.json("case", params={"case_id": wanted})
    assert (status, said["code"]) == (404, "not_found")
    assert len(wanted) < 4 or wanted not in json.dumps(said, ensure_ascii=False)


async def test_an_id_of_several_people_is_409_with_the_candidates(outer: Outer) -> None:
    for n in (1, 2):
        await outer.put(make_case(n))
    await outer.alias("standard-webhooks", AliasKind.EMPLOYEE_NUMBER, "7", case_id(1))
    await outer.alias("greenhouse", AliasKind.CANDIDATE_ID, "7", case_id(2))
    status, said = await outer.json("case", params={"case_id": "7"})
    assert (status, said["code"]) == (409, "ambiguous")
    assert said["candidates"] == [case_id(1), case_id(2)]
    status, data = await outer.json("case", params={"case_id": "greenhouse:7"})
    assert (status, data["case_id"]) == (200, case_id(2))
    status, said = await act(outer, "7", "pause", {"reason": "which?"})
    assert (status, said["candidates"]) == (409, [case_id(1), case_id(2)])


STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


async def test_absent_is_null_and_times_are_utc(outer: Outer) -> None:
    await outer.put(make_case(1))
    _, data = await outer.json("case", params={"case_id": case_id(1)})
    assert data["account"] is None
    assert data["reason_code"] is None
    assert data["next_action"] == {"what": "start", "when": None, "why": "new"}
    assert data["hire"]["display_name"] is None
    assert data["hire"]["start_date"] == "2026-09-01"
    assert STAMP.match(data["created_at"])
    assert all(STAMP.match(item["at"]) for item in data["timeline"])


async def test_a_phone_number_is_shown_masked(outer: Outer) -> None:
    await outer.put(make_case(1))
    _, data = await outer.json("case", params={"case_id": case_id(1)})
    (phone,) = data["hire"]["phones"]
    assert "9999" not in json.dumps(phone)
    assert phone["label"] == "mobile"


@pytest.mark.parametrize("case", [make_case(1), rich_case(1), *(rich_case(1, state) for state in State)])
async def test_a_case_is_as_the_published_schema_says(outer: Outer, case: Any) -> None:
    if not SCHEMA.is_file():
        pytest.skip("docs/schemas/case.json is not published yet")
    import jsonschema  # type: ignore[import-untyped]

    await outer.put(case)
    _, data = await outer.json("case", params={"case_id": case_id(1)})
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(data)


# --- actions --------------------------------------------------------------------------------------------------------


async def test_whose_an_account_is_can_be_said_of_one_of_several(outer: Outer) -> None:
    found = {"found_account": "a@contoso.example, b@contoso.example", "found_ids": ["id-a", "id-b"]}
    waiting = {"reason_code": "account_of_another_case", "return_state": State.PROVISIONING}
    await outer.put(make_case(1, State.BLOCKED, **waiting, **found))
    for headers, body, wanted in (
        ({"x-dev-role": "operator"}, {"reason": "asked"}, 403),
        ({"x-dev-role": "approver"}, {"reason": " "}, 400),
        ({"x-dev-role": "approver"}, {"reason": "asked", "account": "c@contoso.example"}, 400),
        ({"x-dev-role": "approver"}, {"reason": "asked", "from_step": "set_manager"}, 400),
        ({"x-dev-role": "approver"}, {"reason": "asked", "about": ["id-a"]}, 409),
        ({"x-dev-role": "approver"}, {"reason": "asked", "reason_code": "needs_approval_adopt"}, 409),
        ({"x-dev-role": "approver"}, {"reason": "asked", "account": "B@contoso.example"}, 202),
        ({"x-dev-role": "approver"}, {"reason": "asked"}, 409),
    ):
        status, said = await act(outer, case_id(1), "other-person", body, headers=headers)
        assert status == wanted, said
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    assert (case.state, case.approvals) == (State.PROVISIONING, ["not_this:id-b"])


@pytest.mark.parametrize(
    ("state", "action", "after", "more"),
    [
        (State.FOLLOWING_UP, "rerun", State.PROVISIONING, {}),
        (State.FOLLOWING_UP, "rerun", State.PROVISIONING, {"from_step": "send_welcome"}),
        (State.BLOCKED, "rerun", State.PROVISIONING, {}),
        (State.FOLLOWING_UP, "pause", State.PAUSED, {}),
        (State.PAUSED, "resume", State.FOLLOWING_UP, {}),
        (State.BLOCKED, "approve", State.FOLLOWING_UP, {}),
        (State.CONFIRMED, "exclude", State.EXCLUDED, {}),
        (State.EXCLUDED, "resume", State.WAITING_START, {}),
    ],
)
async def test_an_action_is_202_and_its_operation_tells_what_came_of_it(
    outer: Outer, state: State, action: str, after: State, more: dict[str, str]
) -> None:
    approval = "needs_approval_adopt" if action == "approve" else None
    await outer.put(rich_case(1, state, return_state=State.FOLLOWING_UP, reason_code=approval))
    headers = {"x-dev-role": "approver"}
    status, said = await act(outer, case_id(1), action, {"reason": "  because  ", **more}, headers=headers)
    assert status == 202, said
    assert said.keys() == {"operation_id", "case_id"}
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    assert case.state is after
    status, done = await outer.json("operation", params={"operation_id": said["operation_id"]})
    assert status == 200
    assert (done["status"], done["action"], done["reason"], done["case_id"]) == (
        "done", action, "because", case_id(1)
    )  # fmt: skip
    last = (await outer.app.services.cases.timeline(case_id(1)))[-1]
    assert (last.action, last.actor, last.detail["reason"]) == (action, "operator:pretend", "because")
    # Excluding leaves one thing to do: the pass that was handed over is made void.
    working = after is not State.PAUSED
    assert (await queued(outer) == 1) is working


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "reason_required"),
        ({"reason": ""}, "reason_required"),
        ({"reason": " \n\t "}, "reason_required"),
        ({"reason": None}, "reason_required"),
        ({"reason": 7}, "unreadable"),
        ({"reason": ["x"]}, "unreadable"),
        ({"reason": "x" * 501}, "reason_too_long"),
        ({"reason": "x", "from_step": "send_welcome"}, "unknown_member"),
        ({"reason": "x", "Reason": "y"}, "unknown_member"),
    ],
)
async def test_a_wrong_request_is_400_and_changes_nothing(
    outer: Outer, body: dict[str, Any], code: str
) -> None:
    before = await outer.put(rich_case(1))
    status, said = await act(outer, case_id(1), "pause", body)
    assert (status, said["code"]) == (400, code)
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    assert case.etag == before.etag


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"reason"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"reason": NaN}',
        b'{"reason": "\\ud800"}',
        b'{"reason": ' + b"9" * 5000 + b"}",
        '{"reason": "x"}'.encode("utf-16"),
    ],
)
async def test_a_body_that_is_no_json_object_is_400_or_read_never_500(outer: Outer, body: bytes) -> None:
    await outer.put(rich_case(1))
    headers = {"content-type": "application/json"}
    for name in ("case_action", "delivery_replay"):
        params = {"case_id": case_id(1), "action": "pause", "delivery_id": "d_1"}
        answer = await outer.http(name, "POST", "/api/x", params, body, headers)
        assert answer.status_code in ({400, 202} if name == "case_action" else {400, 404}), answer.get_body()


async def test_what_is_not_in_the_lifecycle_table_is_409_and_changes_nothing(outer: Outer) -> None:
    before = await outer.put(rich_case(1, State.FOLLOWING_UP))
    status, said = await act(outer, case_id(1), "resume", {"reason": "x"})
    assert (status, said["code"]) == (409, "illegal_transition")
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    assert (case.etag, case.state) == (before.etag, State.FOLLOWING_UP)
    assert await queued(outer) == 0


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"reason_code": "needs_approval_adopt"}, 202),
        ({"reason_code": "needs_approval_adopt", "about": ["user-7"]}, 202),
        ({"reason_code": None, "about": None}, 202),
        ({"reason_code": "needs_approval_pass"}, 409),
        ({"reason_code": ""}, 409),
        ({"about": ["user-8"]}, 409),
        ({"about": []}, 409),
        ({"about": "user-7"}, 400),
        ({"found_account": "x"}, 400),
    ],
)
async def test_an_approval_is_bound_to_the_question_that_it_names(
    outer: Outer, more: dict[str, Any], status: int
) -> None:
    waits = {"reason_code": "needs_approval_adopt", "return_state": State.PROVISIONING}
    await outer.put(make_case(1, State.BLOCKED, found_ids=["user-7"], **waits))
    _, shown = await outer.json("case", params={"case_id": case_id(1)})
    assert shown["asked_about"] == ["user-7"]
    headers = {"x-dev-role": "approver"}
    answer = await act(outer, case_id(1), "approve", {"reason": "same", **more}, headers=headers)
    assert answer[0] == status
    if status == 409:
        assert answer[1]["code"] == "question_changed"


@pytest.mark.parametrize(("role", "status"), [("operator", 409), ("approver", 202)])
async def test_that_two_cases_are_two_people_is_an_approvers_word(
    outer: Outer, role: str, status: int
) -> None:
    waits = {"reason_code": "needs_approval_same_person", "return_state": State.WAITING_START}
    await outer.put(make_case(1, State.BLOCKED, maybe_same=case_id(2), **waits))
    headers = {"x-dev-role": role}
    unnamed = await act(outer, case_id(1), "rerun", {"reason": "twins"}, headers=headers)
    assert (unnamed[0], unnamed[1]["code"]) == (409, "illegal_transition")
    if role == "approver":
        yes = await act(outer, case_id(1), "approve", {"reason": "one person"}, headers=headers)
        assert (yes[0], yes[1]["code"]) == (409, "question_not_named")
    named = {"reason_code": "needs_approval_same_person", "about": [case_id(2)]}
    answer = await act(outer, case_id(1), "rerun", {"reason": "twins", **named}, headers=headers)
    assert answer[0] == status
    case = await outer.app.services.cases.get(case_id(1))
    assert case
    assert (case.state is State.BLOCKED) is (role == "operator")


@pytest.mark.parametrize("action", ["approve", "rerun"])
async def test_what_waits_for_nothing_or_lacks_something_is_409(outer: Outer, action: str) -> None:
    await outer.put(rich_case(1, State.RECEIVED, certainty=Certainty.CANDIDATE))
    status, said = await act(outer, case_id(1), action, {"reason": "x"}, headers={"x-dev-role": "approver"})
    assert (status, said["code"]) == (409, "illegal_transition")


async def test_a_step_that_does_not_exist_is_400(outer: Outer) -> None:
    await outer.put(rich_case(1))
    status, _ = await act(outer, case_id(1), "rerun", {"reason": "x", "from_step": "Zzyzx"})
    assert status == 400


@pytest.mark.parametrize("action", ["erase", "delete", "", "PAUSE", "__init__"])
async def test_an_action_that_is_not_built_is_404(outer: Outer, action: str) -> None:
    await outer.put(rich_case(1))
    status, _ = await act(outer, case_id(1), action, {"reason": "x"})
    assert status == 404


async def test_acting_on_a_case_that_is_not_there_is_404(outer: Outer) -> None:
    assert (await act(outer, NOWHERE, "pause", {"reason": "x"}))[0] == 404


@pytest.mark.parametrize("wanted", ["o_1", "", "Zzyzx"])
async def test_an_operation_that_is_not_there_is_404(outer: Outer, wanted: str) -> None:
    assert (await outer.json("operation", params={"operation_id": wanted}))[0] == 404


# --- deliveries ------------------------------------------------------------------------------------------


async def test_deliveries_are_listed_and_shown_without_their_bodies(outer: Outer) -> None:
    for n in range(3):
        outer.clock.at += timedelta(seconds=1)
        answer = await outer.deliver(planted.body(employee_id=f"{planted.EMPLOYEE}-{n}"), f"msg_{n}")
        assert answer.status_code == 202
    status, data = await outer.json("deliveries")
    assert status == 200
    assert len(data["items"]) == 3
    assert data["items"] == sorted(data["items"], key=lambda item: item["received_at"], reverse=True)
    assert planted.found_in(json.dumps(data)) is None
    one = data["items"][0]
    assert one["status"] == "queued"
    assert one["verification"] == {
        "scheme": "standard-webhooks",
        "key_id": "current",
        "key_label": None,
        "timestamp_checked": True,
    }
    status, shown = await outer.json("delivery", params={"delivery_id": one["delivery_id"]})
    assert status == 200
    assert {name: shown[name] for name in one} == one
    assert shown["content"]["event_type"] == "aaaa.aaaaaaa"
    assert planted.found_in(json.dumps(shown)) is None
    assert (await outer.json("deliveries", query={"status": "failed"}))[1]["items"] == []
    assert len((await outer.json("deliveries", query={"source": "standard-webhooks"}))[1]["items"]) == 3


async def test_a_delivery_is_replayed_with_a_reason(outer: Outer) -> None:
    said = json.loads((await outer.deliver(planted.body())).get_body())
    params = {"delivery_id": said["delivery_id"]}
    assert await queued(outer) == 1
    status, data = await outer.json(
        "delivery_replay", "POST", params=params, body={"reason": "mapping mended"}
    )
    assert (status, data.keys()) == (202, {"operation_id", "case_id"})
    assert await queued(outer) == 2
    _, done = await outer.json("operation", params={"operation_id": data["operation_id"]})
    assert (done["action"], done["status"], done["reason"]) == ("replay", "done", "mapping mended")


async def test_a_replay_without_a_reason_is_400_and_of_nothing_404(outer: Outer) -> None:
    said = json.loads((await outer.deliver(planted.body())).get_body())
    params = {"delivery_id": said["delivery_id"]}
    status, answer = await outer.json("delivery_replay", "POST", params=params, body={"reason": " "})
    assert (status, answer["code"]) == (400, "reason_required")
    for name, method in (("delivery", "GET"), ("delivery_replay", "POST")):
        status, _ = await outer.json(name, method, params={"delivery_id": "d_none"}, body={"reason": "x"})
        assert status == 404


async def test_a_delivery_whose_body_is_gone_cannot_be_replayed(outer: Outer) -> None:
    from dataclasses import replace

    said = json.loads((await outer.deliver(planted.body())).get_body())
    stored = await outer.app.services.deliveries.get(said["delivery_id"])
    assert stored
    await outer.app.services.deliveries.update(replace(stored, body=None, status=DeliveryStatus.PROCESSED))
    params = {"delivery_id": said["delivery_id"]}
    status, answer = await outer.json("delivery_replay", "POST", params=params, body={"reason": "x"})
    assert (status, answer["code"]) == (409, "body_pruned")
