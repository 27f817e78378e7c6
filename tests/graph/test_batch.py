"""`$batch`: one request for several reads, and each read's own answer, error and wait."""

from __future__ import annotations

import httpx
import pytest

from onboarding import observe
from onboarding.errors import PermissionMissing, Throttled, Unavailable
from onboarding.graph import batch
from onboarding.graph.errors import Call
from tests.graph.conftest import batched

NONE = httpx.Response(200, json={"value": []})


async def test_a_read_inside_that_is_throttled_is_waited_for_and_asked_again(rig, graph_error):
    slow = graph_error(429, "TooManyRequests", headers={"Retry-After": "2.128"})
    rig.reply(batched(NONE, slow), batched(NONE, NONE))
    assert await rig.directory.has_privileges("u1") is False
    assert len(rig.wire.requests) == 2
    assert rig.time.slept == [2.128]


async def test_a_read_inside_that_is_refused_names_its_own_permission(rig, graph_error):
    rig.reply(batched(graph_error(403, "Authorization_RequestDenied"), NONE))
    with pytest.raises(PermissionMissing, match=r"RoleManagement\.Read\.Directory"):
        await rig.directory.has_privileges("u1")


async def test_a_read_inside_that_waits_for_long_is_handed_on(rig, graph_error):
    rig.reply(batched(NONE, graph_error(429, "X", headers={"Retry-After": "150"})))
    with pytest.raises(Throttled) as caught:
        await rig.directory.has_privileges("u1")
    assert caught.value.retry_after == 150


@pytest.mark.parametrize(
    "answer",
    [
        {"responses": []},
        {"responses": [{"id": "0", "status": 200, "body": {"value": []}}]},
        {"responses": [{"id": "0", "status": "200"}, {"id": "1", "status": 200}]},
        {"responses": ["x", None]},
        {"value": []},
    ],
)
async def test_an_answer_in_part_is_no_answer(rig, answer):
    rig.reply(httpx.Response(200, json=answer))
    with pytest.raises(Unavailable):
        await rig.directory.has_privileges("u1")


async def test_a_gateway_that_fails_the_whole_batch_is_tried_again(rig):
    rig.reply(httpx.Response(503), httpx.ReadTimeout("x"), batched(NONE, NONE))
    assert await rig.directory.has_privileges("u1") is False
    assert len(rig.wire.requests) == 3


async def test_ids_and_fullness_of_the_answers_inside_are_heard(rig):
    headers = {"request-id": "inner-1", "x-ms-throttle-limit-percentage": "1.0"}
    rig.reply(batched(httpx.Response(200, json={"value": []}, headers=headers), NONE))
    with observe.request_ids() as ids:
        await rig.directory.has_privileges("u1")
    assert "inner-1" in ids
    await rig.directory.has_privileges("u1")
    assert rig.time.slept == [pytest.approx(0.5)]


@pytest.mark.parametrize(
    "asks",
    [
        [],
        [(Call("x", "p"), lambda client: None)] * 21,
        [(Call("x", "p", writes=True), lambda client: None)],
        [(Call("x", "p", report=True), lambda client: None)],
    ],
    ids=["none", "21", "a write", "a report"],
)
def test_what_a_batch_is_not_for(asks):
    with pytest.raises(ValueError, match="1 to 20 reads"):
        batch.request(None, "http://127.0.0.1:9/v1.0", asks)
