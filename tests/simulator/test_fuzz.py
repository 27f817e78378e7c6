"""Whatever a client sends, Graph's answer is one of Graph's: never a crash, never a shape of its own."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.simulator.call import Answer, Incoming
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.pipeline import Graph
from onboarding.simulator.responses import directory_control, people
from onboarding.simulator.responses.group_values import GROUPS
from onboarding.simulator.responses.properties import USERS
from onboarding.simulator.urls import GRAPH, Route

pytestmark = pytest.mark.documented("graph/errors")

USER, GROUP = "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0", "02bd9fd6-8f93-4758-87c3-1fb73740a315"
UPN = "o'neill@contoso.com"
SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"
ROOT = "https://graph.microsoft.com/v1.0"
NAMES = sorted(USERS.selectable | GROUPS.selectable | {"skuId", "c/issuer", "aboutMe", "x", ""})
WORDS = (
    "eq",
    "ne",
    "NOT",
    "and",
    "OR",
    "in",
    "ge",
    "startswith",
    "endsWith",
    "/any",
    "/$count",
    "has",
    "null",
)
MARKS = (
    "(",
    ")",
    ",",
    ":",
    "'",
    "''",
    " ",
    "c:c",
    "'a'",
    "5",
    "true",
    SKU,
    "2026-01-01",
    "2026-13-01T00:00:00Z",
)
OPTIONS = (
    "$filter",
    "$select",
    "$top",
    "$skiptoken",
    "$deltatoken",
    "$orderby",
    "$search",
    "$count",
    "$expand",
)

scraps = st.lists(st.sampled_from([*NAMES, *WORDS, *MARKS]), max_size=12).map(" ".join)
filters = st.one_of(
    scraps,
    st.builds(
        "{} {} {}".format,
        st.sampled_from(NAMES),
        st.sampled_from(("eq", "ne", "ge", "in")),
        st.sampled_from(("'a'", "null", "true", "('a','b')", "2026-01-01T00:00:00Z", "5")),
    ),
    st.builds(
        "{}({},'{}')".format,
        st.sampled_from(("startswith", "endsWith")),
        st.sampled_from(NAMES),
        st.text(max_size=5),
    ),
    st.builds(
        "{}/any(p:p{} eq 'x')".format, st.sampled_from(NAMES), st.sampled_from(("", "/skuId", "/issuer"))
    ),
)
values = st.one_of(
    filters,
    st.text(max_size=20),
    st.sampled_from(
        ("true", "0", "1", "999", "1000", "9" * 5000, "latest", "displayName desc", "displayName,id")
    ),
    st.sampled_from(
        ('"displayName:a"', '"mail:a" OR "displayName:b"', '"x', "manager", "manager($levels=max)")
    ),
)
FITTING = {
    "$select": st.lists(st.sampled_from(["id", "displayName", "mail", "assignedLicenses"]), min_size=1).map(
        ",".join
    ),
    "$top": st.integers(1, 3).map(str),
    "$count": st.just("true"),
    "$orderby": st.sampled_from(("displayName", "displayName desc", "createdDateTime")),
    "$search": st.sampled_from(('"displayName:a"', '"displayName:a" OR "mail:o"')),
    "$filter": filters,
    "$expand": st.sampled_from(("manager", "manager($select=id)", "manager($levels=max;$select=id)")),
}
leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=12),
    st.sampled_from((UPN, SKU, USER, f"{ROOT}/users/{USER}")),
)
jsons = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES: tuple[dict[str, Any], ...] = (
    {
        "accountEnabled": True,
        "displayName": "A",
        "mailNickname": "a",
        "userPrincipalName": "a@contoso.com",
        "passwordProfile": {"password": "xWwvJ]6NMw+bWH-d"},
    },
    {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True},
    {"members@odata.bind": [f"{ROOT}/users/{USER}"]},
    {"@odata.id": f"{ROOT}/directoryObjects/{USER}"},
    {"addLicenses": [{"skuId": SKU, "disabledPlans": []}], "removeLicenses": []},
    {"requests": [{"id": "1", "method": "GET", "url": "/users"}]},
    {
        "changeType": "updated",
        "notificationUrl": "https://a/b",
        "resource": "users",
        "expirationDateTime": "2026-03-02T00:00:00Z",
    },
    {"message": {"subject": "x", "body": {"contentType": "Text", "content": "x"}, "toRecipients": []}},
    {"expirationDateTime": "2026-03-03T00:00:00Z"},
    {"usageLocation": "DE", "businessPhones": ["+49 1"], "passwordPolicies": "None"},
)


@st.composite
def bodies(draw: st.DrawFn) -> Any:
    """A documented body with up to two of its parts replaced, or any JSON."""
    if not draw(st.integers(0, 4)):
        return draw(jsons)
    body = json.loads(json.dumps(draw(st.sampled_from(BODIES))))
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([*body, "extra"]))
        body[name] = draw(jsons)
    return body


keys = st.one_of(
    st.sampled_from(
        (
            USER,
            GROUP,
            UPN,
            "onboarding@contoso.com",
            "nobody",
            "$x",
            "x/y",
            "'",
            "%",
            "..",
            "microsoft.graph.user",
        )
    ),
    st.text(min_size=1, max_size=8),
)


@st.composite
def requests(draw: st.DrawFn) -> Incoming:
    route: Route = draw(st.sampled_from(GRAPH))
    parts = [quote(draw(keys), safe="") if part.startswith("{") else part for part in route.path.split("/")]
    wild = not draw(st.integers(0, 9))
    allowed = st.sampled_from(OPTIONS if wild or not route.options else route.options)
    names = draw(st.lists(allowed, max_size=3 if wild or route.options else 0, unique=not wild))
    query = tuple(
        (name, draw(FITTING.get(name, values) if draw(st.integers(0, 4)) else values)) for name in names
    )
    headers = {"authorization": "Bearer x"}
    if draw(st.booleans()):
        headers["consistencylevel"] = "eventual"
    if route.headers == ("prefer",) and draw(st.booleans()):
        headers["prefer"] = draw(st.sampled_from(route.prefers))
    path = "/v1.0" + "/".join(parts)
    body = draw(bodies()) if route.method in ("POST", "PATCH", "PUT") else None
    return Incoming(route.method, path, path, query, headers, body, "http://127.0.0.1")


def tenant() -> Tenant:
    made = Tenant(seed=1, domain="contoso.com", start=datetime(2026, 3, 1, tzinfo=UTC))
    made.people.by_id.get("")
    control(
        made,
        people.put_people,
        {"id": USER, "userPrincipalName": UPN, "usageLocation": "DE", "manager": "admin@contoso.com"},
    )
    control(made, directory_control.post_group, {"id": GROUP, "displayName": "a", "members": [USER]})
    return made


def control(made: Tenant, handler: Any, body: Any) -> None:
    from onboarding.simulator.call import Call

    assert handler(made, Call("POST", "/", body=body)).status in (200, 201)


def as_graph_would(asked: Incoming, answer: Answer) -> None:
    sent = json.dumps(answer.body, ensure_ascii=False).encode()  # what goes over the wire
    assert answer.status in (200, 201, 202, 204, 400, 401, 403, 404, 410, 429, 501), (asked, answer)
    if answer.status >= 400:
        assert set(answer.body) == {"error"}, asked
        assert {"code", "message", "innerError"} <= set(answer.body["error"]), asked
        assert all(isinstance(answer.body["error"][name], str) for name in ("code", "message"))
    elif answer.status in (202, 204):
        assert answer.body is None, asked
    elif answer.content_type == "application/json":
        assert isinstance(answer.body, dict), asked
        assert "@odata.context" in answer.body or set(answer.body) == {"responses"}, asked
    assert all("\n" not in value for value in answer.headers.values()), (asked, sent)


@given(st.lists(requests(), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_every_answer_is_one_of_graph_s(sent: list[Incoming]) -> None:
    async def run() -> None:
        graph = Graph(tenant(), GRAPH)
        for asked in sent:
            as_graph_would(asked, await graph.answer(asked))

    asyncio.run(run())


@given(st.lists(requests(), min_size=1, max_size=25), st.lists(st.integers(0, 25), max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_batch_answers_each_of_its_requests(inner: list[Incoming], depends: list[int]) -> None:
    """The same requests inside a batch: one answer an id, or 400 for all."""
    wanted = [
        {
            "id": str(number),
            "method": asked.method,
            "url": asked.path.removeprefix("/v1.0"),
            "headers": {"Content-Type": "application/json"},
            **({} if asked.body is None else {"body": asked.body}),
            "dependsOn": [str(other) for other in depends if other != number],
        }
        for number, asked in enumerate(inner)
    ]

    async def run() -> Answer:
        asked = Incoming(
            "POST",
            "/v1.0/$batch",
            "x",
            (),
            {"authorization": "Bearer x"},
            {"requests": wanted},
            "http://127.0.0.1",
        )
        answer = await Graph(tenant(), GRAPH).answer(asked)
        as_graph_would(asked, answer)
        return answer

    answer = asyncio.run(run())
    if answer.status == 200:
        assert sorted(entry["id"] for entry in answer.body["responses"]) == sorted(
            entry["id"] for entry in wanted
        )


@pytest.mark.parametrize(
    "sent",
    [
        b"[" * 100_000,
        b'{"displayName": "\\ud800"}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe",
        b'{"@odata.id": "http://["}',
    ],
)
def test_bytes_that_trip_parsers_are_400(http: httpx.Client, sent: bytes) -> None:
    for path in (
        "/v1.0/users",
        "/v1.0/groups",
        "/v1.0/$batch",
        f"/v1.0/groups/{GROUP}/members/$ref",
        "/_control/users",
    ):
        answer = http.post(path, content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 404, 501), (path, answer.text)
        assert "message" in answer.json()["error"]


def test_odd_addresses_and_headers_do_no_harm(http: httpx.Client) -> None:
    for path in (
        "/v1.0/users/%ff",
        "/v1.0/users/a%2Fb",
        "/v1.0//users//x",
        "/v1.0/users('')",
        "/v1.0/users?%ff=%fe",
        "/v1.0/",
    ):
        assert http.get(path, headers=[(b"client-request-id", b"\x80 \xff")]).status_code in (
            400,
            404,
            501,
        )
