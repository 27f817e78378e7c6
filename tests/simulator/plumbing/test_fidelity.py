"""FIDELITY.md, the pairs and the marks: what says how far the simulator can be trusted is itself held."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from onboarding.simulator import fidelity
from onboarding.simulator.marks import Proof, proofs
from onboarding.simulator.urls import GRAPH
from tests.simulator.marks import HERE, PLUMBING, complaint, nearest
from tests.simulator.pairs import PAIRS, differences

#: Marked by the pairs that they replay.
OF_PAIRS = ("test_the_documented_request_gets_the_documented_answer",)


#: One route that has a page for each of its entities.
MANY_PAGES = "authenticationmethodconfiguration-get"


def test_a_pair_names_its_page_and_says_since_when_it_was_checked() -> None:
    pages = {f"{route.method} {route.path}": route.page for route in GRAPH}
    for name, pair in PAIRS.items():
        page = pages[pair["route"]]
        assert pair["page"] == page or (pair["page"].endswith(MANY_PAGES) and page.endswith(MANY_PAGES)), name
        assert pair["checked"] == "from the documentation", name
        assert pair["example"].startswith("Example"), name


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
        assert re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)*", route.page)
        assert route.mark == "documented" or route.note, route.path


def test_fidelity_page_is_generated_from_the_routes_and_the_marks() -> None:
    """`python -m onboarding.simulator.fidelity` writes it."""
    assert fidelity.TARGET.read_text("utf-8") == fidelity.render()


def test_the_page_says_of_every_test_what_pytest_says(request: pytest.FixtureRequest) -> None:
    """The page is written from the sources; the collected tests are the truth. Those of the pairs aside: the
    page lists them by route."""
    written = {(proof.file, proof.test): (proof.mark, proof.basis) for proof in proofs(HERE)}
    collected = {}
    for item in request.session.items:
        name = getattr(item, "originalname", item.name)
        if HERE in item.path.parents and PLUMBING not in item.path.parents and name not in OF_PAIRS:
            (mark,) = nearest(item)
            collected[item.path.name, name] = (mark.name, mark.args[0])
    assert collected.items() <= written.items()


SOURCE = """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.documented("user-get")]
def test_a(): ...
@pytest.mark.inferred("no page says so")
def test_b(): ...
def helper(): ...
@pytest.mark.observed("issue 7")
class TestC:
    def test_d(self): ...
    @pytest.mark.documented("user-list")
    async def test_e(self): ...
"""


def test_the_nearest_mark_is_read_from_the_source(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(SOURCE, encoding="utf-8")
    assert proofs(tmp_path) == [
        Proof("documented", "user-get", "test_x.py", "test_a"),
        Proof("documented", "user-list", "test_x.py", "test_e"),
        Proof("inferred", "no page says so", "test_x.py", "test_b"),
        Proof("observed", "issue 7", "test_x.py", "test_d"),
    ]


class _Node:
    """As much of a collected test as the rule looks at."""

    def __init__(self, folder: Path, *levels: list[pytest.Mark]) -> None:
        self.path, self.nodeid = folder / "test_x.py", "test_x.py::test_a[1]"
        self.nodes = [SimpleNamespace(own_markers=marks) for marks in levels]

    def listchain(self) -> list[SimpleNamespace]:
        return self.nodes


def test_a_test_with_no_mark_with_two_or_with_a_wrong_one_is_complained_about() -> None:
    page, seen = pytest.mark.documented("user-get").mark, pytest.mark.observed("issue 7").mark
    other = [pytest.mark.slow.mark]
    odd = [pytest.mark.inferred.mark, pytest.mark.inferred(" ").mark, pytest.mark.documented("User get").mark]
    good = [
        _Node(PLUMBING, other),
        _Node(HERE, [page], other),
        _Node(HERE, [page], [seen]),
        _Node(HERE, [], [page, *other]),
    ]
    bad = [_Node(HERE, [], other), _Node(HERE, [], [page, seen]), _Node(HERE, [page, seen], [])]
    bad += [_Node(HERE, [page], [mark]) for mark in odd] + [_Node(PLUMBING, [page], [])]
    assert [complaint(cast(pytest.Item, node)) for node in good] == [None] * len(good)
    assert all(complaint(cast(pytest.Item, node)) for node in bad)


def test_every_test_of_a_behaviour_carries_exactly_one_mark(request: pytest.FixtureRequest) -> None:
    """Each one that does not also fails by itself (conftest.py)."""
    items = [item for item in request.session.items if HERE in item.path.parents]
    assert {item.nodeid: why for item in items if (why := complaint(item)) is not None} == {}
