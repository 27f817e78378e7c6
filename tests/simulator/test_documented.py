"""Every Graph route answers the example of its Microsoft page with the documented status and shape.

Pairs: `documented/*.json`, one example each. `missing` and `extra` name the properties in which the
simulator's answer differs on purpose, each with the reason; any other difference fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.simulator import fidelity
from onboarding.simulator.server import SimulatorThread, running_simulator
from onboarding.simulator.urls import GRAPH

FOLDER = Path(__file__).parent / "documented"
PAIRS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorThread]:
    with running_simulator(seed=7, domain="contoso.com") as running:
        yield running


@pytest.fixture(scope="module")
def client(simulator: SimulatorThread) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.base_url, headers={"Authorization": "Bearer x"}) as opened:
        yield opened


def kind(value: Any) -> str:
    """The type of a value as far as a client can tell; ids and times are types of their own."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "time" if TIME.fullmatch(value) else "guid" if GUID.fullmatch(value) else "string"
    return {dict: "object", list: "array", type(None): "null"}[type(value)]


def differences(documented: Any, answer: Any, missing: set[str], extra: set[str], at: str = "") -> list[str]:
    """What a reader of the page would not expect in the answer. Null stands for any type."""
    first, second = kind(documented), kind(answer)
    if "null" in (first, second):
        return []
    if first != second:
        return [f"{at or 'body'}: documented {first}, answered {second}"]
    if first == "object":
        found = [f"{at}.{n} is missing" for n in documented if n not in answer and n not in missing]
        found += [f"{at}.{n} is extra" for n in answer if n not in documented and n not in extra]
        for name in documented.keys() & answer.keys():
            found += differences(documented[name], answer[name], missing, extra, f"{at}.{name}")
        return found
    if first == "array" and documented and answer:
        return [d for item in documented for d in _element(item, answer, missing, extra, at)]
    return []


def _element(item: Any, answer: list[Any], missing: set[str], extra: set[str], at: str) -> list[str]:
    """Compare with the element of the same @odata.type where one is named, else with the first."""
    tag = item.get("@odata.type") if isinstance(item, dict) else None
    same = [a for a in answer if tag is None or (isinstance(a, dict) and a.get("@odata.type") == tag)]
    return differences(item, same[0], missing, extra, f"{at}[]") if same else [f"{at}[]: no {tag}"]


def send(client: httpx.Client, step: dict[str, Any], saved: dict[str, str]) -> httpx.Response:
    path = step["path"]
    for name, value in saved.items():
        path = path.replace("{" + name + "}", value)
    response = client.request(step["method"], path, headers=step.get("headers"), json=step.get("body"))
    for name, key in step.get("save", {}).items():
        saved[name] = response.json()[key]
    return response


@pytest.mark.parametrize("name", PAIRS)
def test_the_documented_request_gets_the_documented_answer(client: httpx.Client, name: str) -> None:
    pair, saved = PAIRS[name], dict[str, str]()
    client.post("/_control/reset", json={"seed": 7}).raise_for_status()
    for step in pair.get("prepare", []):
        send(client, step, saved).raise_for_status()
    request = {**pair["request"], "path": "/v1.0" + pair["request"]["path"]}
    response = send(client, request, saved)

    assert response.status_code == pair["response"]["status"], response.text
    documented = pair["response"].get("body")
    if documented is None:
        assert response.content == b""
        return
    missing, extra = set(pair.get("missing", {})), set(pair.get("extra", {}))
    assert differences(documented, response.json(), missing, extra) == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_names_its_page_and_says_since_when_it_was_checked(name: str) -> None:
    pair = PAIRS[name]
    pages = {f"{route.method} {route.path}": route.page for route in GRAPH}
    assert pages[pair["route"]] == pair["page"]
    assert pair["checked"] == "from the documentation"
    assert pair["example"].startswith("Example")


def test_every_graph_route_has_a_pair() -> None:
    covered = {pair["route"] for pair in PAIRS.values()}
    assert {f"{route.method} {route.path}" for route in GRAPH} == covered


def test_the_comparison_sees_a_missing_an_extra_and_a_changed_property() -> None:
    """Shown to fail: the comparison is worth nothing if it accepts anything."""
    page = {"id": "87d349ed-44d7-43e1-9a83-5f2406dee5bd", "n": 1, "list": [{"a": True}]}
    assert differences(page, page, set(), set()) == []
    assert differences(page, {**page, "id": "x"}, set(), set()) == [".id: documented guid, answered string"]
    assert differences(page, {"id": page["id"], "n": 1}, set(), set()) == [".list is missing"]
    assert differences(page, {**page, "more": 1}, set(), set()) == [".more is extra"]
    assert differences(page, {**page, "list": [{"a": 1}]}, set(), set()) == [
        ".list[].a: documented boolean, answered number"
    ]


def test_every_route_has_a_mark_a_page_and_a_reason_where_it_is_not_documented() -> None:
    for route in GRAPH:
        assert route.mark in ("documented", "observed", "inferred")
        assert re.fullmatch(r"[a-z-]+(/[a-z-]+)*", route.page)
        assert route.mark == "documented" or route.note, route.path


def test_fidelity_page_is_generated_from_the_routes() -> None:
    """`python -m onboarding.simulator.fidelity` writes it."""
    assert fidelity.TARGET.read_text("utf-8") == fidelity.render()
