"""What every vendor adapter must do at the door, run over the whole catalog and the captured-shape bytes.

For each vendor: good, tampered, replayed, thin, update before create, cancel, ping. The bytes and their roles stand
in `tests/vendors/<slug>/`, described by `fixtures.toml` (`tests/support/vendor_fixtures.py` says how); a role that a
vendor cannot have is explained by the adapter (`lacks`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from onboarding.domain.hire import EventType
from onboarding.domain.lifecycle import State
from onboarding.errors import Unavailable
from onboarding.hr_api.readers import readers
from onboarding.intake import catalog
from onboarding.intake.adapter import SILENT, Adapter, Evidence, Need, Role
from onboarding.intake.payload import MAX_DEPTH, Unreadable
from onboarding.intake.process import process_delivery
from onboarding.intake.receive import MAX_BODY, handshake_id, receive
from onboarding.intake.scheme import AHEAD_SECONDS
from onboarding.ports import DeliveryStatus
from onboarding.web import Request, Response
from tests.support.intake_services import World, lean, logged, make_world, request, secrets_of, signed
from tests.support.vendor_fixtures import FORM, Fixture, first, fixtures

SLUGS = list(catalog.adapters())
FIXTURES = [fixture for slug in SLUGS for fixture in fixtures(slug)]
MEANT = [fixture for fixture in FIXTURES if fixture.role is not Role.PING or fixture.expected.exists()]
WITHDRAWALS = {EventType.HIRE_CANCELLED, EventType.EMPLOYMENT_TERMINATED, EventType.EMPLOYEE_DELETED}
PLANTED = ("Planted Ødegård", "+49 151 99887766", "planted@secret.example")

BAD_BODIES = {
    "not JSON": b"{'%s': 1}",
    "cut off": b'{"event_type": "hire.created", "name": "%s',
    "nothing but text": b"%s",
    "an array": b'["%s"]',
    "a bare number": b"17",
    "deep nesting": b'{"name": "%s", "x": ' + b"[" * (MAX_DEPTH + 5) + b"]" * (MAX_DEPTH + 5) + b"}",
    "nesting beyond any stack": b'{"name": "%s", "x": ' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}",
    "duplicate keys": b'{"name": "%s", "name": "x"}',
    "duplicate keys deep down": b'{"a": [{"b": {"name": "%s", "name": "%s"}}]}',
    "NaN": b'{"name": "%s", "x": NaN}',
    "infinity": b'{"name": "%s", "x": [-Infinity]}',
    "a number beyond floats": b'{"name": "%s", "x": 1e999}',
    "a huge integer": b'{"name": "%s", "x": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"name": "%s", "x": "\\ud800"}',
    "a lone surrogate as a key": b'{"name": "%s", "\\udc00": 1}',
    "NUL": b'{"name": "%s", "x": "a\\u0000b"}',
    "a raw control character": b'{"name": "%s", "x": "a\x00b"}',
    "not UTF-8": b'{"name": "%s", "x": "\xe9\xff"}',
    "UTF-16": '{"name": 1}'.encode("utf-16"),
}
#: What some vendors cannot use, and others take for an event type that they do not know.
ODD_BODIES = {
    "wrong types": b'{"event_type": ["%s"], "action": {"%s": 1}, "type": ["%s"], "data": "%s"}',
    "a hire without anything": b'{"event_type": "hire.created", "action": "hire_candidate", "payload": "%s"}',
    "empty": b"{}",
}


def plant(template: bytes) -> bytes:
    for value in PLANTED * 2:
        template = template.replace(b"%s", value.encode(), 1)
    return template


def name_of(item: Any) -> str:
    return str(getattr(item, "name", item))


over = functools.partial(pytest.mark.parametrize, ids=name_of)


@pytest.fixture(params=SLUGS)
def hire(request: pytest.FixtureRequest) -> Fixture:
    """The vendor's fixture that is a hire; where all events are thin, that one."""
    found = first(request.param, Role.HIRE) or first(request.param, Role.THIN)
    assert found is not None, f"tests/vendors/{request.param} needs the bytes of a hire"
    return found


@pytest.fixture
def adapter(hire: Fixture) -> Adapter:
    return hire.adapter


@pytest.fixture
def world(hire: Fixture) -> Iterator[World]:
    world = make_world(hire.settings)
    yield world
    world.store.close()


def sent(fixture: Fixture, now: datetime, *, secret: str | None = None, body: bytes | None = None) -> Request:
    """The fixture (or another body under its headers) as the vendor would send it, signed."""
    content = fixture.body if body is None else body
    message_id = hashlib.sha256(content).hexdigest()
    headers = {
        key: value for key, value in fixture.headers.items() if key != fixture.adapter.scheme.id_header
    }
    return signed(
        fixture.adapter,
        content,
        now,
        secret=secret,
        message_id=message_id,
        headers=headers,
        method=fixture.method,
    )


async def worked_off(world: World, fixture: Fixture) -> Response:
    """Posted, and everything that it queued is done."""
    response = await receive(world.services, fixture.slug, sent(fixture, world.clock.at))
    for _, message in list(world.queue.sent):
        if message.delivery_id:
            await process_delivery(world.services, message.delivery_id)
    world.queue.sent.clear()
    return response


def said(response: Response) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(response.body)
    return data


# --- what an adapter says about itself -----------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_an_adapter_has_documents_and_bytes_for_every_role_or_says_why_not(slug: str):
    adapter = catalog.adapters()[slug]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert adapter.documents
    assert all(address.startswith("https://") for address in adapter.documents)
    there = {fixture.role for fixture in fixtures(slug)} - {Role.OTHER}
    absent = set(Role) - {Role.OTHER} - there
    if Role.THIN in there:
        absent -= {Role.HIRE}
        assert {Need.API_URL, Need.API_TOKEN} & set(adapter.needs), "what is thin has to be fetched"
    assert set(adapter.lacks) == absent, "a role has bytes, or `lacks` says why there are none"
    assert all(reason.endswith(".") for reason in (*adapter.lacks.values(), *adapter.doubts))
    assert adapter.success_status in {200, 202}
    assert not {*adapter.scheme.headers, "authorization", "cookie"} & set(adapter.headers)
    if adapter.evidence in {Evidence.SECONDARY, Evidence.UNCONFIRMED}:
        assert adapter.doubts, "say what nobody has confirmed"


@over("fixture", FIXTURES)
def test_a_fixture_names_its_page_and_its_class(fixture: Fixture):
    assert fixture.page.startswith("https://")
    assert fixture.body or fixture.role is Role.PING
    assert not set(fixture.headers) & set(fixture.adapter.scheme.headers), "signatures are made by the test"


@over("fixture", MEANT)
async def test_fixtures_parse_to_the_expected_events(fixture: Fixture):
    events = fixture.adapter.events(fixture.slug, fixture.body, fixture.read_headers)
    assert [lean(event) for event in events] == json.loads(fixture.expected.read_text("utf-8"))


@over("fixture", MEANT)
async def test_a_pruned_body_means_the_same_and_is_free_of_what_is_not_used(fixture: Fixture):
    adapter, headers = fixture.adapter, fixture.read_headers
    pruned = adapter.prune(fixture.body)
    assert adapter.events("x", pruned, headers) == adapter.events("x", fixture.body, headers)
    assert adapter.prune(pruned) == pruned
    assert not [key for key in adapter.pruned_keys if f'"{key}":'.encode() in pruned]


@over("fixture", MEANT)
async def test_what_is_stored_is_enough_for_a_replay(fixture: Fixture):
    """Headers that the mapping reads are among those that are kept."""
    adapter = fixture.adapter
    all_headers = {
        **sent(fixture, datetime.fromisoformat("2026-08-17T10:00Z")).headers,
        **fixture.read_headers,
    }
    kept = adapter.kept_headers(all_headers)
    assert adapter.events("x", fixture.body, kept) == adapter.events("x", fixture.body, all_headers)


# --- good, previous secret, replayed, tampered ---------------------------------------------------------------


async def test_a_signed_delivery_is_stored_queued_and_answered(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at)
    response = await receive(world.services, adapter.slug, call)
    assert response.status == adapter.success_status
    answer = said(response)
    assert answer["accepted"] is True
    assert answer["result"] == "queued"
    assert re.fullmatch(r"d_[a-z2-7]{26}", answer["delivery_id"])
    delivery = await world.delivery(answer["delivery_id"])
    assert delivery.status is DeliveryStatus.QUEUED
    assert delivery.body == call.body
    assert delivery.verification is not None
    assert delivery.verification.key_id == "current"
    assert [message.delivery_id for _, message in world.queue.sent] == [answer["delivery_id"]]


async def test_the_previous_secret_is_accepted_and_named(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at, secret=secrets_of(adapter)[1])
    answer = said(await receive(world.services, adapter.slug, call))
    delivery = await world.delivery(answer["delivery_id"])
    assert delivery.verification is not None
    assert delivery.verification.key_id == "previous"


async def test_a_replay_is_a_duplicate_and_is_queued_once(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at)
    first_answer = said(await receive(world.services, adapter.slug, call))
    again = await receive(world.services, adapter.slug, call)
    assert again.status == adapter.success_status
    assert said(again) == {**first_answer, "result": "duplicate"}
    assert len(world.queue.sent) == 1


async def test_a_missing_signature_is_401(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at)
    headers = {name: value for name, value in call.headers.items() if name not in adapter.scheme.headers}
    response = await receive(world.services, adapter.slug, request(headers, hire.body, hire.method))
    assert (response.status, said(response)["code"]) == (401, "signature_missing")
    assert world.queue.sent == []


JUNK = ["", " ", ",", ";", "v1", "v1,", "v1,,", "v1,%%%", "sha256 ", "sha256 zz", "sha256=00", "v1=zz;v1=", "ü",
        "\ud800", "0" * 64, "0" * 128, "A" * 9000, "Basic", "Basic =", "Bearer", "bearer x"]  # fmt: skip


async def test_junk_for_a_signature_is_401_and_never_an_error(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at)
    bare = {name: value for name, value in call.headers.items() if name not in adapter.scheme.headers}
    for header in adapter.scheme.headers:
        for junk in JUNK:
            for value in (junk, adapter.scheme.prefix + junk):
                headers = {**bare, header: value}
                response = await receive(
                    world.services, adapter.slug, request(headers, hire.body, hire.method)
                )
                assert response.status == 401, (header, value)


async def test_one_changed_byte_is_401(hire: Fixture, adapter: Adapter, world: World):
    if "{body}" not in adapter.scheme.slots or not adapter.scheme.signs:
        assert hire.adapter.doubts, "a body that nobody signs is a hint only: `doubts` says so"
        return
    call = sent(hire, world.clock.at)
    for body in (call.body + b" ", b" " + call.body, call.body[:-1], call.body.replace(b"e", b"E", 1)):
        response = await receive(world.services, adapter.slug, request(dict(call.headers), body, hire.method))
        assert (response.status, said(response)["code"]) == (401, "signature_wrong")


async def test_another_sources_secret_is_401(hire: Fixture, adapter: Adapter, world: World):
    stranger = "whsec_" + "QUJD" * 12 if secrets_of(adapter)[0].startswith("whsec_") else "stranger:stranger"
    call = sent(hire, world.clock.at, secret=stranger)
    assert (await receive(world.services, adapter.slug, call)).status == 401


async def test_a_signed_time_outside_the_tolerance_is_401(hire: Fixture, adapter: Adapter, world: World):
    back = adapter.scheme.tolerance_seconds
    if back is None:
        assert "{ts}" not in adapter.scheme.slots, "a time that is signed is checked"
        return
    if adapter.scheme.from_body is not None:
        world.clock.move(seconds=back + 1)
        assert (await receive(world.services, adapter.slug, sent(hire, world.clock.at))).status in {401}
        return
    ahead, good = min(back, AHEAD_SECONDS), adapter.success_status
    for seconds, status in ((-back, good), (ahead, good), (-back - 1, 401), (ahead + 1, 401)):
        call = sent(hire, world.clock.at + timedelta(seconds=seconds))
        assert (await receive(world.services, adapter.slug, call)).status == status, seconds


# --- thin, update before create, cancel, ping ----------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_thin_event_names_what_to_fetch_and_the_case_waits_for_it(slug: str):
    fixture = first(slug, Role.THIN)
    if fixture is None:
        assert catalog.adapters()[slug].lacks[Role.THIN]
        return
    world = make_world(fixture.settings)
    events = fixture.adapter.events(slug, fixture.body, fixture.read_headers)
    asked = [event.needs_fetch for event in events if event.event_type not in SILENT]
    assert asked
    assert all(ref is not None and ref.kind and ref.id for ref in asked)
    assert (await worked_off(world, fixture)).status == fixture.adapter.success_status
    (case,) = await world.all_cases()
    # Where no reader of that API can be asked, the case says so and waits for an operator instead.
    assert (case.state, case.reason_code) in {(State.AWAITING_FETCH, None), (State.BLOCKED, "no_hr_reader")}
    world.store.close()


@pytest.mark.parametrize("slug", SLUGS)
async def test_an_update_before_its_create_ends_in_the_same_one_case(slug: str):
    update, create = first(slug, Role.UPDATE), first(slug, Role.HIRE) or first(slug, Role.THIN)
    if update is None:
        assert catalog.adapters()[slug].lacks[Role.UPDATE]
        return
    assert create is not None
    ends = []
    for order in ([update, create], [create, update]):
        world = make_world(update.settings)
        for fixture in order:
            await worked_off(world, fixture)
        case = await world.only_case()
        ends.append((case.state, case.reason_code, case.hire.employee_id, case.hire.candidate_id))
        world.store.close()
    assert ends[0] == ends[1]


#: Records that no documented call reads by this id alone. The case says so, until an event names the person.
NOT_READ = {("smartrecruiters", "application"), ("personio", "employment")}


@over("fixture", MEANT)
async def test_whatever_an_event_asks_for_can_be_read(fixture: Fixture):
    known = readers().get(fixture.slug)
    for event in fixture.adapter.events(fixture.slug, fixture.body, fixture.read_headers):
        ref = event.needs_fetch
        if ref is not None and (fixture.slug, ref.kind) not in NOT_READ:
            assert known is not None, "there is no reader"
            assert ref.kind in known.kinds


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_cancelled_hire_goes_no_further(slug: str):
    cancel, create = first(slug, Role.CANCEL), first(slug, Role.HIRE) or first(slug, Role.THIN)
    if cancel is None:
        assert catalog.adapters()[slug].lacks[Role.CANCEL]
        return
    assert create is not None
    events = cancel.adapter.events(slug, cancel.body, cancel.read_headers)
    assert {event.event_type for event in events} <= WITHDRAWALS
    for order in ([create, cancel], [cancel]):
        world = make_world(cancel.settings)
        for fixture in order:
            await worked_off(world, fixture)
        going = {State.WAITING_START, State.PROVISIONING, State.FOLLOWING_UP, State.CONFIRMED}
        assert not {case.state for case in await world.all_cases()} & going
        assert len(await world.all_cases()) <= 1
        world.store.close()


@over("fixture", [fixture for fixture in FIXTURES if fixture.role is Role.PING])
async def test_a_ping_or_handshake_is_answered_and_changes_nothing(fixture: Fixture):
    """But for the one row that holds the newest token, which an operator looks at."""
    world = make_world(fixture.settings)
    call = request(dict(fixture.headers), fixture.body, fixture.method)
    greeting = fixture.adapter.greet(call)
    if greeting is None:
        call = sent(fixture, world.clock.at)
    response = await receive(world.services, fixture.slug, call)
    assert 200 <= response.status < 300
    if greeting is not None and greeting.kept is not None:
        assert world.wire.calls == ["deliveries.put_if_absent"]
        (row,) = (await world.store.deliveries.page()).items
        assert row.delivery_id == handshake_id(fixture.slug)
    else:
        assert world.wire.calls == []
    assert world.queue.sent == []
    world.store.close()


# --- a body that cannot be used ------------------------------------------------------------------------------


async def test_a_signed_body_that_cannot_be_used_is_400_and_kept(
    hire: Fixture, adapter: Adapter, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    for name, template in (BAD_BODIES | ODD_BODIES).items():
        world = make_world(hire.settings)
        body = plant(template)[:MAX_BODY]
        response = await receive(world.services, adapter.slug, sent(hire, world.clock.at, body=body))
        kept = (await world.store.deliveries.page()).items
        if response.status == 401:
            assert adapter.scheme.from_body is not None, name  # it holds no signature that could be read
            assert kept == [], name
        elif response.status == 400 or name not in ODD_BODIES:
            assert (response.status, said(response)["code"]) == (400, "unreadable"), name
            assert [item.reason_code for item in kept] == [said(response)["reason"]], name
            assert (await world.delivery(kept[0].delivery_id)).body == body, name
            assert "Planted" not in str(kept[0].reason_detail), name
        else:
            assert said(response)["result"] == "ignored", name
        assert world.queue.sent == [], name
        text = response.body.decode() + logged(caplog.records)
        assert not [value for value in PLANTED if value in text], name
        caplog.clear()
        world.store.close()


async def test_an_unreadable_delivery_answers_the_same_again(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at, body=b"[")
    status = 400 if adapter.scheme.from_body is None else 401
    assert [(await receive(world.services, adapter.slug, call)).status for _ in range(2)] == [status] * 2


WRONG_TYPES = ["text/plain", "", "application/xml", "application/json; charset=utf-16",
               "multipart/form-data; boundary=x"]  # fmt: skip


async def test_a_wrong_media_type_is_415_after_the_signature_and_kept(
    hire: Fixture, adapter: Adapter, world: World
):
    call = sent(hire, world.clock.at)
    for media_type in WRONG_TYPES:
        wrong = request({**call.headers, "content-type": media_type}, call.body, hire.method)
        response = await receive(world.services, adapter.slug, wrong)
        assert (response.status, said(response)["code"]) == (415, "media_type"), media_type
    zipped = request({**call.headers, "content-encoding": "gzip"}, call.body, hire.method)
    assert (await receive(world.services, adapter.slug, zipped)).status == 415
    page = await world.store.deliveries.page(status="unreadable")
    assert [item.reason_code for item in page.items] == ["media_type"]
    mended = await receive(world.services, adapter.slug, call)
    assert said(mended)["result"] == "queued"


# --- before the signature ------------------------------------------------------------------------------------


async def test_another_method_is_405_with_allow(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at)
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        if method in adapter.methods:
            continue
        response = await receive(world.services, adapter.slug, request(dict(call.headers), call.body, method))
        assert (response.status, response.headers["Allow"]) == (405, ", ".join(adapter.methods)), method


async def test_too_large_is_413_by_announced_and_by_true_length(
    hire: Fixture, adapter: Adapter, world: World
):
    small = sent(hire, world.clock.at)
    announced = request({**small.headers, "content-length": str(MAX_BODY + 1)}, small.body, hire.method)
    large = request(dict(small.headers), b" " * (MAX_BODY + 1), hire.method)
    lying = request({**small.headers, "content-length": "17"}, large.body, hire.method)
    for call in (announced, large, lying):
        response = await receive(world.services, adapter.slug, call)
        assert (response.status, said(response)["code"]) == (413, "too_large")


async def test_without_a_length_411_and_empty_400(hire: Fixture, adapter: Adapter, world: World):
    call = sent(hire, world.clock.at)
    for length in (None, "", "x", "-1", "1, 1", "²"):
        headers = {name: value for name, value in call.headers.items() if name != "content-length"}
        headers |= {} if length is None else {"content-length": length}
        bare = request(headers, call.body, hire.method)
        assert (await receive(world.services, adapter.slug, bare)).status == 411
    nothing = request({**call.headers, "content-length": "0"}, b"", hire.method)
    empty = await receive(world.services, adapter.slug, nothing)
    assert (empty.status, said(empty)["code"]) == (400, "empty_body")


async def test_without_a_secret_503_and_never_401(hire: Fixture, adapter: Adapter):
    world = make_world(replace(hire.settings, secret=None, secret_previous=None))
    call = request({"content-length": "2"}, b"{}", hire.method)
    response = await receive(world.services, adapter.slug, call)
    assert (response.status, said(response)["code"]) == (503, "secret_missing")
    assert int(response.headers["Retry-After"]) > 0
    world.store.close()


@pytest.mark.parametrize("call", ["deliveries.put_if_absent", "queue.send"])
async def test_store_or_queue_down_is_503_and_a_repeat_is_queued(
    hire: Fixture, adapter: Adapter, world: World, call: str
):
    message = sent(hire, world.clock.at)
    world.wire.fail[call] = Unavailable("down", retry_after=2.5)
    response = await receive(world.services, adapter.slug, message)
    assert (response.status, response.headers["Retry-After"]) == (503, "3")
    world.wire.fail.clear()
    again = await receive(world.services, adapter.slug, message)
    assert said(again)["result"] == "queued"
    assert (await world.delivery(said(again)["delivery_id"])).status is DeliveryStatus.QUEUED


# --- nothing of a body anywhere ------------------------------------------------------------------------------


@over("fixture", MEANT)
async def test_no_value_of_a_body_is_logged_from_the_door_to_the_case(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    world = make_world(fixture.settings)
    response = await worked_off(world, fixture)
    assert response.status == fixture.adapter.success_status
    text = logged([record for record in caplog.records if record.name.startswith("onboarding")])
    assert text
    assert not [value for value in values(tree_of(fixture)) if value in text]
    world.store.close()


def tree_of(fixture: Fixture) -> Any:
    if fixture.headers.get("content-type") == FORM:
        return dict(parse_qsl(fixture.body.decode()))
    return json.loads(fixture.body)


def values(tree: Any) -> Iterator[str]:
    """Every text of five characters or more in a body, but for names of event types and the like."""
    if isinstance(tree, dict):
        for inner in tree.values():
            yield from values(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from values(inner)
    elif isinstance(tree, str) and len(tree) >= 5 and not re.fullmatch(r"[a-z_.]+", tree):
        yield tree


ODD: list[Any] = [
    None,
    7,
    -1.5,
    True,
    "",
    " ",
    "x",
    "x" * 2000,
    [],
    [1],
    [None],
    ["x"],
    [{}],
    {},
    {"a": 1},
    {"id": []},
]


@over("fixture", [fixture for fixture in MEANT if fixture.headers.get("content-type") != FORM])
async def test_whatever_stands_anywhere_in_a_body_is_read_or_named(
    fixture: Fixture, pytestconfig: pytest.Config
):
    """Every node that a mapping may touch replaced by odd values: an answer or Unreadable.

    With --every-point by each of them, else by every third in turn.
    """
    every = bool(pytestconfig.getoption("every_point"))
    adapter, headers = fixture.adapter, fixture.read_headers
    tree = json.loads(adapter.prune(fixture.body))
    for number, (parent, key) in enumerate(list(nodes(tree))):
        kept = parent[key]
        for odd in ODD if every else ODD[number % 3 :: 3]:
            parent[key] = odd
            body = json.dumps(tree).encode()
            try:
                adapter.events("x", body, headers)
            except Unreadable as error:
                assert error.path.startswith("$"), (key, odd)  # noqa: PT017
                assert "x" * 50 not in error.message  # noqa: PT017
            else:
                adapter.events("x", adapter.prune(body), headers)
        parent[key] = kept


def nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key or index) of every node, containers before what they hold."""
    for key, inner in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(inner, dict | list):
            yield from nodes(inner)
