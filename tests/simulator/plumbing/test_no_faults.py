"""Whatever a client sends, the simulator answers in Graph's dress: never 500, and 501 where it does not know."""

from __future__ import annotations

import random
import re
from typing import Any

import httpx

from onboarding.simulator.urls import GRAPH, Route
from tests.simulator.pairs import PAIRS

#: Values that a property or an option may be given by mistake.
NASTY: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "x",
    "x" * 300,
    "\x00",
    "\u202e山田😀",
    "'",
    "9999-12-31T23:59:59Z",
    [],
    [None],
    [[]],
    [{"id": []}],
    {},
    {"a": {"a": []}},
)
OPTIONS = ("$filter", "$select", "$orderby", "$top", "$skiptoken", "$expand", "$count")
CLAUSES = (
    "id eq 'x'",
    "id eq",
    "eq eq eq",
    "any(",
    "x/any(t: t eq 'y')",
    "a eq 'b' and",
    "((",
    "'",
    "id eq 'x' or id eq 'y'",
)
TOKENS = (
    "WzFd",
    "WzAsOTk5OTk5LDBd",
    "Wy0xLC0xLC0xXQ",
    "WzFlMzA5LDBd",
    "bnVsbA",
    "W251bGwsMV0",
    "Wy02LjJlMTAsMF0",
)


def bodies() -> dict[tuple[str, str], list[Any]]:
    """The documented bodies by route: what is distorted below."""
    found: dict[tuple[str, str], list[Any]] = {}
    for pair in PAIRS.values():
        method, path = pair["route"].split(" ", 1)
        if pair["request"].get("body") is not None:
            found.setdefault((method, path), []).append(pair["request"]["body"])
    return found


def distorted(body: Any, chance: random.Random) -> Any:
    """The body with one of its values, at any depth, replaced by a nasty one."""
    if isinstance(body, dict) and body and chance.random() < 0.85:
        name = chance.choice(list(body))
        return {**body, name: distorted(body[name], chance)}
    if isinstance(body, list) and body and chance.random() < 0.7:
        return [distorted(body[0], chance), *body[1:]]
    return chance.choice(NASTY)


def address(route: Route, key: str, chance: random.Random) -> str:
    def fill(hit: re.Match[str]) -> str:
        return (
            key
            if hit[1] == "id"
            else chance.choice(("x", "3179e48a-750b-4051-897c-87b9720928f7", "%00", "%F0%9F%98%80"))
        )

    return "/v1.0" + re.sub(r"\{(\w+)\}", fill, route.path)


def test_no_answer_is_a_fault_of_the_simulator(http: httpx.Client) -> None:
    chance, documented = random.Random(1), bodies()
    person = {
        "userPrincipalName": "a@contoso.example",
        "methods": [{"method": "mobilePhone"}, {"method": "email"}],
    }
    key = http.post("/_control/users", json=person).json()["id"]
    wrong = []
    for route in GRAPH:
        for number in range(12):
            query = {}
            if number % 2:
                name = chance.choice(OPTIONS)
                query[name] = chance.choice((*CLAUSES, *TOKENS, *(str(value) for value in NASTY)))
            asked: dict[str, Any] = {"params": query}
            if route.method in ("POST", "PATCH", "PUT"):
                known = documented.get((route.method, route.path), [{}])
                asked["json"] = distorted(chance.choice(known), chance)
                asked["params"] = {}
            answer = http.request(route.method, address(route, key, chance), **asked)
            if answer.status_code >= 500 and answer.status_code != 501:
                wrong.append((route.method, route.path, asked, answer.status_code))
            elif answer.status_code >= 400:
                assert answer.json()["error"]["code"], (route.path, asked)
    assert wrong == []
