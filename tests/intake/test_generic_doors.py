"""The generic doors beyond the vendor contract: scim, cloudevents and custom, and what a source may set."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from onboarding.errors import ConfigurationError
from onboarding.intake import catalog, field_events
from onboarding.intake.adapter import METHOD, Adapter, UnreadableEvent
from onboarding.intake.dates import DATE_FORMATS
from onboarding.intake.payload import Unreadable
from onboarding.intake.receive import receive
from onboarding.settings import Secret, SourceSettings
from onboarding.web import Request, Response
from tests.support.intake_services import START, World, logged, make_world, request, signed

PERSON = {"employee_id": "7315", "family_name": "Ødegård", "start_date": "2026-09-01"}
EVENT = {"specversion": "1.0", "id": "1", "source": "/hr", "type": "x.hire.created", "data": PERSON}
STRUCTURED = {"content-type": "application/cloudevents+json"}
MAP = {"event": {"default": "hire.created"}, "fields": {"employee_id": "/id"}}


def a_source(slug: str, options: dict[str, Any] | None = None, secret: str = "s3cret") -> SourceSettings:
    return SourceSettings(slug, slug, Secret(secret), options=options or {})


def adapter_of(slug: str, options: dict[str, Any] | None = None) -> Adapter:
    found = catalog.bound(a_source(slug, options), slug)
    assert found is not None
    return found


def said(response: Response) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(response.body)
    return data


def unreadable(adapter: Adapter, body: Any, headers: dict[str, str] | None = None) -> tuple[str, str, int]:
    with pytest.raises(Unreadable) as caught:
        adapter.events("x", body if isinstance(body, bytes) else json.dumps(body).encode(), headers or {})
    return caught.value.reason, caught.value.path, caught.value.status


def misconfigured(slug: str, options: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        catalog.bound(a_source(slug, options), slug)
    assert caught.value.code == "source_options"
    assert caught.value.message.startswith(f"ONBOARDING_HR_{slug.upper()}_OPTIONS")
    return caught.value.message


# --- cloudevents ---------------------------------------------------------------------------------------------


async def ask(world: World, headers: dict[str, str], method: str = "OPTIONS") -> Response:
    return await receive(world.services, "cloudevents", request(headers, b"", method))


async def test_permission_is_granted_to_configured_origins_only_and_changes_nothing():
    world = make_world(a_source("cloudevents", {"origins": ["EventEmitter.example.com"], "rate": 100}))
    origin = {"webhook-request-origin": "eventemitter.example.com"}
    for asked, rate in (("120", "100"), ("60", "60"), ("many", "100"), ("0", "100"), (None, "100")):
        answer = await ask(world, origin | ({"webhook-request-rate": asked} if asked else {}))
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers == {
            "WebHook-Allowed-Origin": "eventemitter.example.com",
            "WebHook-Allowed-Rate": rate,
            "Allow": "POST",
        }
    callback = {"webhook-request-callback": "https://evil.example/confirm"}
    for headers in ({}, {"webhook-request-origin": "evil.example"}, {"webhook-request-origin": "a\r\nx: y"},
                    {"webhook-request-origin": "*"}, callback):  # fmt: skip
        refused = await ask(world, headers)
        assert (refused.status, refused.headers["Allow"]) == (405, "POST")
        assert "WebHook-Allowed-Origin" not in refused.headers
    assert world.wire.calls == []
    world.store.close()


async def test_without_configured_origins_nobody_is_granted_and_a_star_grants_everybody():
    closed, opened = (
        make_world(a_source("cloudevents")),
        make_world(a_source("cloudevents", {"origins": "*"})),
    )
    origin = {"webhook-request-origin": "eventgrid.azure.net", "webhook-request-rate": "7"}
    assert (await ask(closed, origin)).status == 405
    granted = await ask(opened, origin)
    assert granted.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert granted.headers["WebHook-Allowed-Rate"] == "*"
    closed.store.close()
    opened.store.close()


async def test_a_token_in_the_query_is_refused_and_one_in_the_header_is_taken():
    world = make_world(a_source("cloudevents"))
    body = json.dumps(EVENT).encode()
    headers = {**STRUCTURED, "content-length": str(len(body))}
    query = Request("POST", "/", headers=headers, query={"access_token": "s3cret"}, body=body)
    assert (await receive(world.services, "cloudevents", query)).status == 401
    for value in ("Bearer s3cret", "bearer  s3cret", "s3cret"):
        bearer = request({**headers, "authorization": value}, body)
        assert (await receive(world.services, "cloudevents", bearer)).status == 202
    for value in ("Bearer", "Bearer S3cret", "Basic s3cret", "Bearer s3cret x", "s3cre"):
        wrong = request({**headers, "authorization": value}, body)
        assert (await receive(world.services, "cloudevents", wrong)).status == 401
    world.store.close()


async def test_source_and_id_together_name_an_event_in_every_mode():
    world, adapter = make_world(a_source("cloudevents")), adapter_of("cloudevents")

    async def post(body: Any, headers: dict[str, str]) -> str:
        call = signed(adapter, json.dumps(body).encode(), START, secret="s3cret", headers=headers)
        return str(said(await receive(world.services, "cloudevents", call))["result"])

    binary = {"content-type": "application/json", "ce-id": "1", "ce-source": "/hr",
              "ce-specversion": "1.0", "ce-type": "x.hire.created"}  # fmt: skip
    assert await post(EVENT, STRUCTURED) == "queued"
    assert await post({**EVENT, "time": "2026-08-17T09:00:00Z"}, STRUCTURED) == "duplicate"
    assert await post(PERSON, binary) == "duplicate"
    assert await post(PERSON, {**binary, "ce-source": "/other"}) == "queued"
    assert await post({**EVENT, "id": "2"}, STRUCTURED) == "queued"
    world.store.close()


async def test_data_that_is_not_json_is_415_and_kept():
    world, adapter = make_world(a_source("cloudevents")), adapter_of("cloudevents")
    body = json.dumps({**EVENT, "datacontenttype": "text/xml", "data": "<x/>"}).encode()
    call = signed(adapter, body, START, secret="s3cret", headers=STRUCTURED)
    answer = await receive(world.services, "cloudevents", call)
    assert (answer.status, said(answer)["reason"]) == (415, "datacontenttype")
    avro = signed(
        adapter, b"Obj", START, secret="s3cret", headers={"content-type": "application/cloudevents+avro"}
    )
    assert (await receive(world.services, "cloudevents", avro)).status == 415
    assert len((await world.store.deliveries.page(status="unreadable")).items) == 2
    world.store.close()


def test_binary_attributes_are_unquoted_and_percent_decoded_once():
    adapter = adapter_of("cloudevents")
    headers = {"content-type": "application/json", "ce-specversion": "1.0", "ce-type": "hire.created",
               "ce-source": "/hr", "ce-id": '"Euro%20%E2%82%AC \\"x\\" %2520"'}  # fmt: skip
    (event,) = adapter.events("x", json.dumps(PERSON).encode(), headers)
    assert event.vendor_event_id == 'Euro € "x" %20'
    for bad in ("%C0%A0", "%ff", "\udcff"):
        reason, path, _ = unreadable(adapter, PERSON, {**headers, "ce-id": bad})
        assert (reason, path) == ("not_utf8", "$.id")


def test_what_a_cloudevent_must_say_and_which_version_is_read():
    adapter = adapter_of("cloudevents")
    for name in ("id", "source", "specversion", "type"):
        assert unreadable(adapter, {**EVENT, name: ""}, STRUCTURED) == ("missing", f"$.{name}", 400)
        batch = {"content-type": "application/cloudevents-batch+json"}
        assert unreadable(adapter, [{**EVENT, name: None}], batch)[1] == f"$[0].{name}"
        _, bad = adapter.events("x", json.dumps([EVENT, {**EVENT, name: None}]).encode(), batch)
        assert isinstance(bad, UnreadableEvent)
        assert bad.error.path == f"$[1].{name}"
    assert unreadable(adapter, {**EVENT, "specversion": "0.3"}, STRUCTURED)[0] == "unknown_specversion"
    assert unreadable(adapter, {**EVENT, "data": [1]}, STRUCTURED)[:2] == ("expected_object", "$.data")
    assert unreadable(adapter, {**EVENT, "data": None}, STRUCTURED)[0] == "missing_id"
    no_data = {key: value for key, value in EVENT.items() if key != "data"}
    assert unreadable(adapter, {**no_data, "data_base64": "%"}, STRUCTURED)[0] == "not_base64"
    listed = base64.b64encode(b"[]").decode()
    assert unreadable(adapter, {**no_data, "data_base64": listed}, STRUCTURED)[0] == "expected_object"


def test_the_type_says_what_it_means_by_table_by_our_name_or_the_data_does():
    adapter = adapter_of("cloudevents", {"types": {"Hr.Left": "employment.terminated"}})

    def kind(type_: str, **data: Any) -> str:
        body = {**EVENT, "type": type_, "data": {**PERSON, **data}}
        (event,) = adapter.events("x", json.dumps(body).encode(), STRUCTURED)
        return str(event.event_type)

    assert kind("Hr.Left") == "employment.terminated"
    assert kind("hire.cancelled") == "hire.cancelled"
    assert kind("com.x.start_date.changed", event_type="hire.created") == "start_date.changed"
    assert kind("com.x.thing", event_type="hire.updated") == "hire.updated"
    assert kind("com.x.thing") == "ignored"
    assert kind("xhire.created") == "ignored"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"origins": ["https://a.example/"]}, "origins must list DNS names"),
        ({"origins": 7}, "origins must be a list of texts"),
        ({"rate": 0}, "rate must be a whole number from 1 to 100000"),
        ({"types": {"a": "hire.made"}}, "types.a must be one of: hire.created"),
        ({"scim": {"dates": "guess"}}, "scim.dates must be one of"),
        ({"origin": "a"}, "origin means nothing here. Known: origins, rate, scim, types"),
    ],
)
def test_cloudevents_options_are_checked_and_the_message_says_what_to_mend(options: Any, text: str):
    assert text in misconfigured("cloudevents", options)


# --- scim ----------------------------------------------------------------------------------------------------


def scim_hire(resource: dict[str, Any], options: dict[str, Any] | None = None, method: str = "POST") -> Any:
    body = json.dumps({"externalId": "7", **resource}).encode()
    (event,) = adapter_of("scim", options).events("x", body, {METHOD: method})
    return event


URN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.mark.parametrize(
    ("resource", "options", "start"),
    [
        ({ENTERPRISE_USER: {"HireDate": "2026-09-01"}}, {"start_date": f"{ENTERPRISE_USER}:HireDate"}, 1),
        (
            {ENTERPRISE_USER: {"HireDate": "2026-09-01"}},
            {"start_date": f"{ENTERPRISE_USER.lower()}:hiredate"},
            1,
        ),
        ({ENTERPRISE_USER: {"hireDate": "2026-09-01"}}, {}, 1),
        ({ENTERPRISE_USER: {"startDate": "2026-09-02"}, URN: {"HireDate": "2026-09-01"}}, {}, 1),
        ({ENTERPRISE_USER: {"startDate": "2026-09-02"}, URN: {"HireDate": None}}, {}, 2),
        ({ENTERPRISE_USER: {"department": "Ops"}}, {}, None),
        ({"hireDate": "2026-09-01"}, {"start_date": f"{CORE_USER}:hireDate"}, 1),
        ({CORE_USER: {"hireDate": "2026-09-01"}}, {"start_date": f"{CORE_USER}:hireDate"}, 1),
        ({"hireDate": "2026-09-01"}, {"start_date": f"{ENTERPRISE_USER}:hireDate"}, None),
        (
            {"hireDate": "2026-09-01", ENTERPRISE_USER: {"HireDate": "2026-09-02"}},
            {"start_date": "hireDate"},
            1,
        ),
    ],
)
def test_the_start_date_may_stand_in_the_enterprise_user_or_in_the_core(
    resource: dict[str, Any], options: dict[str, Any], start: int | None
):
    event = scim_hire(resource, options)
    assert event.hire.start_date == (start and date(2026, 9, start))
    if options and start:
        assert event.unmapped_keys == ()


def test_a_patch_moves_a_start_date_of_the_enterprise_user_and_of_the_core():
    for urn in (ENTERPRISE_USER, CORE_USER, URN):
        for operation in (
            {"op": "replace", "path": f"{urn}:HireDate", "value": "2026-09-01"},
            {"op": "replace", "value": {f"{urn}:HireDate": "2026-09-01"}},
            {"op": "replace", "value": {urn: {"HireDate": "2026-09-01"}}},
        ):
            body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
            event = scim_hire(body, {"start_date": f"{urn}:HireDate"}, "PATCH")
            assert event.hire.start_date == date(2026, 9, 1), operation


def test_the_start_date_comes_from_the_configured_attribute_in_the_configured_form():
    resource = {URN: {"HireDate": "2026-09-01", "Seniority": "01.02.2020"}, "begin": "03/04/2026"}
    assert scim_hire(resource).hire.start_date == date(2026, 9, 1)
    options = {"start_date": f"{URN}:seniority", "dates": "eu"}
    assert scim_hire(resource, options).hire.start_date == date(2020, 2, 1)
    assert scim_hire(resource, {"start_date": "begin", "dates": "us"}).hire.start_date == date(2026, 3, 4)
    assert scim_hire(resource, {"start_date": "urn:other:1.0:User:HireDate"}).hire.start_date is None
    body = {"externalId": "7", "begin": "03/04/2026"}
    assert unreadable(adapter_of("scim", {"start_date": "begin"}), body)[0] == "expected_iso_day"


def test_inactive_is_a_status_unless_the_source_says_that_it_ends_the_employment():
    assert str(scim_hire({"active": False}).event_type) == "hire.created"
    assert scim_hire({"active": False}).hire.status == "inactive"
    ended = scim_hire({"active": "False"}, {"inactive": "ends"}, "PUT")
    assert str(ended.event_type) == "employment.terminated"
    assert str(scim_hire({"active": True}, {"inactive": "ends"}, "PUT").event_type) == "hire.updated"


def test_a_patch_names_the_person_and_what_cannot_be_read_is_named_by_its_place():
    scim = adapter_of("scim")
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}

    def bad(**operation: Any) -> tuple[str, str]:
        return unreadable(scim, {**patch, "externalId": "7", "Operations": [operation]})[:2]

    assert bad(op="move", path="title") == ("unknown_value", "$.Operations[0].op")
    assert bad(op="add", value="x") == ("expected_object", "$.Operations[0].value")
    assert (
        unreadable(scim, {**patch, "Operations": [{"op": "add", "path": "title", "value": "x"}]})[0]
        == "missing_id"
    )
    for path in ('emails[value ew "x"]', "a b", "", "urn:x", "members[0].x"):
        body = {**patch, "externalId": "7", "Operations": [{"op": "add", "path": path, "value": "x"}]}
        if path:
            assert scim.events("x", json.dumps(body).encode(), {})[0].hire.employee_id == "7"


def test_a_bulk_request_names_people_by_path_or_external_id_and_is_bounded():
    scim = adapter_of("scim")
    one = {"method": "PUT", "path": "/Users/a-1", "data": {"title": "x"}}
    alias = {"method": "PATCH", "path": "/Users/bulkId:q", "data": {"externalId": "b-2", "Operations": []}}
    events = scim.events("x", json.dumps({"Operations": [one, alias]}).encode(), {})
    assert [event.hire.employee_id for event in events] == ["a-1", "b-2"]
    reason, path, _ = unreadable(scim, {"Operations": [one] * 201})
    assert (reason, path) == ("too_many", "$.Operations")
    assert unreadable(scim, {"externalId": "7", "Title": "a", "title": "b"})[0] == "duplicate_key"
    assert unreadable(scim, {"externalId": "7", URN: 5})[0] == "expected_object"


def test_the_same_body_by_another_method_is_another_delivery():
    scim = adapter_of("scim")
    keys = {scim.dedupe_key({METHOD: method}, b"{}") for method in ("POST", "PUT", "PATCH")}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"start": "x"}, "start means nothing here"),
        ({"start_date": "urn:x:"}, "start_date and end_date name an attribute"),
        ({"dates": "dd.mm"}, "dates must be one of: iso"),
        ({"inactive": "maybe"}, "inactive must be one of: record, ends"),
        ({"last_modified": True}, "last_modified must be"),
    ],
)
def test_scim_options_are_checked(options: Any, text: str):
    assert text in misconfigured("scim", options)


# --- custom --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "must say how to read this source: see docs/vendors/custom.md"),
        ({"fields": {"given_name": "/a"}}, "fields must map one of employee_id, employee_number, candidate_id"),
        ({**MAP, "event": {}}, "event.type or default must say what an event means"),
        ({**MAP, "event": {"type": "/t", "default": "hire.created"}}, "one of the two, not both"),
        ({**MAP, "event": {"type": "/t"}}, "event.types must say what the values of type mean"),
        ({**MAP, "event": {"type": "/t", "types": {"a": "hired"}}}, "event.types.a must be one of: hire.created"),
        ({**MAP, "event": {"default": "hired"}}, "event.default must be one of"),
        ({**MAP, "fields": {"employee_id": "id"}}, "fields.employee_id must begin with / (RFC 6901)"),
        ({**MAP, "fields": {"employee_id": "/a~2"}}, "fields.employee_id has a ~ that is neither"),
        ({**MAP, "fields": {"employee_id": 7}}, "fields.employee_id must be a list of texts"),
        ({**MAP, "fields": {"employee_id": "/id", "name": "/n"}}, "fields.name is no field of a hire. Known:"),
        ({**MAP, "fields": {"employee_id": {"at": "/i", "date": "us"}}}, "fields.employee_id.date means nothing"),
        ({**MAP, "phones": [{"label": "mobile"}]}, "phones[0].at or parts must say where"),
        ({**MAP, "phones": [{"at": "/a", "label": "cell"}]}, "phones[0].label must be one of: mobile"),
        ({**MAP, "phones": [{"at": "/a", "types": {"c": "cell"}}]}, "phones[0].types.c must be one of"),
        ({**MAP, "phones": [{"at": "/a", "lable": "x"}]}, "phones[0].lable means nothing here"),
        ({**MAP, "auth": {"kind": "oauth"}}, "auth.kind must be one of: header, basic, hmac"),
        ({**MAP, "auth": {"kind": "hmac"}}, "auth.header is missing: the header that carries the signature"),
        ({**MAP, "auth": {"kind": "hmac", "header": "x", "template": "POST"}}, "template must contain {body}"),
        ({**MAP, "auth": {"kind": "hmac", "header": "x", "template": "{ts}{body}"}}, "name the timestamp's header"),
        ({**MAP, "auth": {"kind": "hmac", "header": "x", "algorithm": "md5"}}, "auth.algorithm must be one of"),
        ({**MAP, "auth": {"kind": "hmac", "header": "x", "tolerance_seconds": 5}}, "proves nothing"),
        ({**MAP, "auth": {"kind": "basic", "header": "x"}}, "auth.header means nothing here"),
        ({**MAP, "event": {"type": "header:Authorization", "types": {"a": "ignored"}}}, "it would be stored"),
        ({**MAP, "field": {}}, "field means nothing here. Known: auth, event, fields, phones, pings"),
        ({**MAP, "pings": {"test": True}}, "pings must be a list of bodies"),
    ],
)  # fmt: skip
def test_a_field_map_is_checked_and_the_message_says_what_to_mend(options: Any, text: str):
    assert text in misconfigured("custom", options)


async def test_a_source_with_a_broken_map_is_503_and_the_log_says_what_to_mend(
    caplog: pytest.LogCaptureFixture,
):
    world = make_world(a_source("custom", {"fields": {"name": "/n"}}))
    answer = await receive(world.services, "custom", request({"content-length": "2"}, b"{}"))
    assert (answer.status, said(answer)["code"]) == (503, "source_options")
    assert "fields" not in answer.body.decode()
    assert "is no field of a hire" in logged(caplog.records)
    world.store.close()


BODY = json.dumps({"id": "7"}).encode()
AUTH: list[tuple[dict[str, Any], str, dict[str, str], dict[str, str]]] = [
    ({}, "s3cret", {"x-onboarding-token": "s3cret"}, {"x-onboarding-token": "s3cre"}),
    ({}, "s3cret", {"authorization": "Bearer s3cret"}, {"authorization": "Bearer x"}),
    ({"header": "X-Api-Key"}, "s3cret", {"x-api-key": "s3cret"}, {"x-onboarding-token": "s3cret"}),
    (
        {"kind": "basic"},
        "hr:s3cret",
        {"authorization": "bAsIc aHI6czNjcmV0"},
        {"authorization": "Basic aHI6czNjcmV1"},
    ),
    (
        {"kind": "hmac", "header": "X-Sig", "algorithm": "sha512", "encoding": "base64", "template": "POST{body}"},
        "s3cret",
        {},  # made by `signed`
        {"x-sig": "00" * 64},
    ),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(AUTH)))
async def test_how_the_sender_proves_itself_is_data(index: int):
    auth, secret, good, bad = AUTH[index]
    source = a_source("custom", {**MAP, "auth": auth}, secret)
    adapter = catalog.bound(source, "custom")
    assert adapter is not None
    if adapter.scheme.signs:
        good = dict(signed(adapter, BODY, START, secret=secret).headers)
    world = make_world(source)
    common = {"content-type": "application/json", "content-length": str(len(BODY))}
    assert (await receive(world.services, "custom", request({**common, **good}, BODY))).status == 202
    assert (await receive(world.services, "custom", request({**common, **bad}, BODY))).status == 401
    world.store.close()


@pytest.mark.parametrize("secret", ["s3cret", "hr:", ":x"])
async def test_a_basic_secret_without_a_user_and_a_password_is_the_deployers(secret: str):
    world = make_world(a_source("custom", {**MAP, "auth": {"kind": "basic"}}, secret))
    call = request({"content-length": "2", "authorization": "Basic eDp5"}, b"{}")
    answer = await receive(world.services, "custom", call)
    assert (answer.status, said(answer)["code"]) == (503, "secret_malformed")
    world.store.close()


def test_a_time_inside_the_signature_header_is_signed_and_checked():
    auth = {"kind": "hmac", "header": "x-sig", "separator": ",", "timestamp_item": "t=", "prefix": "v1=",
            "template": "{ts}.{body}", "tolerance_seconds": 60}  # fmt: skip
    adapter = adapter_of("custom", {**MAP, "auth": auth})
    headers = signed(adapter, BODY, START, secret="s3cret").headers
    assert headers["x-sig"].startswith(f"t={int(START.timestamp())},v1=")


def test_pointers_alternatives_formats_and_places():
    options = {
        "event": {"items": "/people", "type": "body:/kind", "types": {"1": "hire.updated"}, "id": "/n",
                  "effective_date": "/from", "dates": "compact", "certainty": "draft"},
        "fields": {"employee_id": ["/a~1b/~0", "/n"], "department_is_id": "/flag", "manager_id": "/boss",
                   "start_date": {"at": "/start", "dates": "epoch-ms"}},
    }  # fmt: skip
    adapter = adapter_of("custom", options)
    people = [{"a/b": {"~": "007"}, "n": 5, "start": 1788220800000, "from": "20260901", "flag": True, "boss": 3},
              None, {"a/b": {"~": ""}, "n": 6}]  # fmt: skip
    first, second = adapter.events("x", json.dumps({"kind": 1, "people": people}).encode(), {})
    assert (first.hire.employee_id, first.hire.start_date) == ("007", date(2026, 9, 1))
    assert (first.effective_date, first.vendor_event_id, str(first.certainty)) == (
        date(2026, 9, 1),
        "5",
        "draft",
    )
    assert first.hire.department_is_id is True
    assert first.hire.manager is not None
    assert (first.hire.manager.id, second.hire.employee_id) == ("3", "6")

    def bad(person: Any) -> tuple[str, str]:
        return unreadable(adapter, {"kind": 1, "people": [person]})[:2]

    assert bad({"a/b": "x"}) == ("expected_object", "$/people/0/a~1b")
    assert bad({"n": 1, "start": "soon"}) == ("expected_epoch_day", "$/people/0/start")
    assert bad({"n": 1, "flag": "yes"}) == ("expected_true_or_false", "$/people/0/flag")
    assert bad({"n": [1]}) == ("expected_id", "$/people/0/n")
    assert bad({"n": "x" * 2000}) == ("too_long", "$/people/0/n")
    assert unreadable(adapter, {"kind": 1, "people": {}})[:2] == ("expected_list", "$/people")
    assert unreadable(adapter, {"people": [{"n": 1}]})[:2] == ("missing", "$/kind")
    assert unreadable(adapter, {"kind": 1, "people": [{}] * 501})[0] == "too_many"


def test_what_is_kept_is_what_the_map_reads():
    options = {
        "event": {"items": "", "default": "hire.created"},
        "fields": {"employee_id": "/id", "given_name": "/names/0/first"},
        "phones": [{"list": "/tel", "at": "/n", "type": "/t"}],
    }
    adapter = adapter_of("custom", options)
    body = [{"id": 1, "salary": 5, "names": [{"first": "A", "born": "x"}, {"first": "B"}],
             "tel": [{"n": "1", "t": "m", "note": "secret"}]}]  # fmt: skip
    raw = json.dumps(body).encode()
    pruned = json.loads(adapter.prune(raw))
    assert pruned == [{"id": 1, "names": [{"first": "A"}, {}], "tel": [{"n": "1", "t": "m"}]}]
    assert adapter.events("x", adapter.prune(raw), {}) == adapter.events("x", raw, {})


def test_numbers_are_said_also_where_there_are_none():
    adapter = adapter_of("custom", {**MAP, "phones": [{"at": "/p", "extension": "/e"}]})

    def phones(body: dict[str, Any]) -> Any:
        return adapter.events("x", json.dumps({"id": 1, **body}).encode(), {})[0].hire.phones

    assert phones({}) is None
    assert phones({"p": None}) == ()
    assert [(phone.raw, phone.extension) for phone in phones({"p": 49151, "e": 7})] == [("49151", "7")]


@pytest.mark.parametrize(
    ("name", "text", "day"),
    [
        ("iso", "2026-02-28", date(2026, 2, 28)),
        ("iso", "2026-02-28T00:00:00Z", None),
        ("iso-day", "2026-02-28T23:30:00-08:00", date(2026, 2, 28)),
        ("iso-day", "2026-02-28-08:00", date(2026, 2, 28)),
        ("iso-day", "28.02.2026", None),
        ("us", "02/28/2026", date(2026, 2, 28)),
        ("us", "28/02/2026", None),
        ("eu", "28.02.2026", date(2026, 2, 28)),
        ("eu", "28/02/2026", date(2026, 2, 28)),
        ("eu", "02/28/2026", None),
        ("compact", "20260228", date(2026, 2, 28)),
        ("compact", "20260230", None),
        ("epoch-ms", "1772236800000", date(2026, 2, 28)),
        ("epoch-ms", "-99999999999999", None),
        ("epoch-ms", "1.7e12", None),
        ("epoch-ms", "١٧٧٢٢٣٦٨٠٠٠٠٠", None),
    ],
)
def test_a_date_format_is_bound_and_reads_nothing_else(name: str, text: str, day: date | None):
    assert DATE_FORMATS[name](text) == day


def test_a_map_that_is_not_configured_reads_nothing():
    with pytest.raises(ConfigurationError):
        catalog.adapters()["custom"].events("custom", b"{}", {})
    assert field_events.MAX_ITEMS == 500


async def test_the_pings_of_a_set_up_are_answered_unsigned_and_nothing_like_them():
    options = {**MAP, "pings": [{"test": True}, {"data": "JazzHR Verify Event"}]}
    world = make_world(a_source("custom", options))
    good = (b'{"test": true}', b'{ "data":"JazzHR Verify Event" }')
    bad = (b'{"test": 1}', b'{"test": true, "id": 1}', b"{", b'{"test": true}' + b" " * 3000)
    for body, status in [*((body, 202) for body in good), *((body, 401) for body in bad)]:
        call = request({"content-length": str(len(body))}, body)
        assert (await receive(world.services, "custom", call)).status == status, body
    counted = {"cases.read_marker", "cases.write_marker"}  # the refusals
    assert set(world.wire.calls) <= counted
    world.store.close()


# --- what every source may set -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ((), {"hire.created", "hire.updated", "employee.deleted"}),
        (("hire.*",), {"hire.created", "hire.updated"}),
        (("!*.deleted",), {"hire.created", "hire.updated"}),
        (("hire.*", "!*.updated"), {"hire.created"}),
        (("HIRE.*",), set()),
    ],
)
async def test_a_filter_ignores_on_purpose_and_keeps(patterns: tuple[str, ...], taken: set[str]):
    source = replace(a_source("cloudevents"), events=patterns)
    world, adapter = make_world(source), adapter_of("cloudevents")
    for number, kind in enumerate(("hire.created", "hire.updated", "employee.deleted")):
        body = json.dumps({**EVENT, "type": kind, "id": str(number)}).encode()
        call = signed(adapter, body, START, secret="s3cret", headers=STRUCTURED)
        answer = said(await receive(world.services, "cloudevents", call))
        delivery = await world.delivery(answer["delivery_id"])
        if kind in taken:
            assert answer["result"] == "queued"
        else:
            assert (answer["result"], delivery.reason_code) == ("ignored", "filtered")
            assert json.loads(delivery.body or b"")["data"] == PERSON
    assert len(world.queue.sent) == len(taken)
    world.store.close()


# --- values that HR has emptied --------------------------------------------------------------------------------


def test_a_date_without_a_value_is_emptied_in_scim_wherever_it_stands():
    for urn in (ENTERPRISE_USER, URN):
        for options in ({}, {"start_date": f"{urn}:HireDate"}):
            assert scim_hire({urn: {"HireDate": None}}, options, "PUT").cleared == ("start_date",), (
                urn,
                options,
            )
    assert scim_hire({"hireDate": None}, {"start_date": f"{CORE_USER}:hireDate"}, "PUT").cleared == (
        "start_date",
    )
    elsewhere = {URN: {"HireDate": None}, ENTERPRISE_USER: {"startDate": "2026-09-01"}}
    assert scim_hire(elsewhere, {}, "PUT").cleared == ()


def test_an_attribute_without_a_value_is_emptied_in_scim():
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    user: dict[str, Any] = {"externalId": "7", "title": None, "nickName": "", "phoneNumbers": [],
            enterprise: {"department": None, "manager": None, "organization": "Contoso"}}  # fmt: skip
    (event,) = adapter_of("scim").events("x", json.dumps(user).encode(), {METHOD: "PUT"})
    assert event.cleared == ("department", "job_title", "manager", "preferred_name")
    assert event.hire.phones == ()
    remove = [
        {"op": "remove", "path": path}
        for path in (f"{enterprise}:manager", "title", 'emails[type eq "work"]')
    ]
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "externalId": "7",
        "Operations": remove,
    }
    (event,) = adapter_of("scim").events("x", json.dumps(patch).encode(), {METHOD: "PATCH"})
    assert event.cleared == ("job_title", "manager")


def test_the_first_day_in_its_own_attribute_is_emptied_too():
    adapter = adapter_of("scim", {"start_date": "urn:contoso:User:HireDate"})
    for value, cleared in ((None, ("start_date",)), ("", ("start_date",)), ("2026-09-01", ())):
        user: dict[str, Any] = {"externalId": "7", "urn:contoso:User": {"hireDate": value}}
        (event,) = adapter.events("x", json.dumps(user).encode(), {METHOD: "POST"})
        assert event.cleared == cleared
    (event,) = adapter.events("x", b'{"externalId": "7", "urn:contoso:User": {}}', {METHOD: "POST"})
    assert event.cleared == ()


@pytest.mark.parametrize(
    ("said", "reason", "path"),
    [
        ({"cleared_fields": ["employee_id"]}, "unknown_value", "$.cleared_fields[0]"),
        ({"cleared_fields": ["manager", "boss"]}, "unknown_value", "$.cleared_fields[1]"),
        ({"cleared_fields": ["family_name"]}, "said_twice", "$.cleared_fields[0]"),
    ],
)
def test_what_cannot_be_emptied_is_named(said: dict[str, Any], reason: str, path: str):
    body = {"event_type": "hire.updated", **PERSON, **said}
    assert unreadable(adapter_of("standard-webhooks"), body)[:2] == (reason, path)


def test_a_sender_that_posts_everybody_says_so_and_posts_records():
    user = b'{"externalId": "7", "urn:x:User": {"hireDate": "2015-03-01"}}'
    for options, method, kind, snapshot in (
        ({}, "POST", "hire.created", False),
        ({"post": "record"}, "POST", "hire.updated", True),
        ({}, "PUT", "hire.updated", True),
    ):
        (event,) = adapter_of("scim", options).events("x", user, {METHOD: method})
        assert (str(event.event_type), event.snapshot) == (kind, snapshot)
    assert "post must be one of" in misconfigured("scim", {"post": "all"})
