"""What each test of the simulator rests on: its mark, read from the sources of the tests without importing them.

documented(page)  the named page of learn.microsoft.com says so
observed(source)  seen in public answers of the real service, at the named place
inferred(why)     our reasoning; only a live tenant can settle it

The mark nearest to a test counts: a decorator, else the class's, else the module's `pytestmark`. At most one
on each. Marks are written out (`@pytest.mark.documented("user-get")`), so that they can be read here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARKS = ("documented", "observed", "inferred")


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """One test function: `basis` is the mark's page, source or reason."""

    mark: str
    basis: str
    file: str
    test: str

    @property
    def sentence(self) -> str:
        """The test's name as words."""
        return self.test.removeprefix("test_").replace("_", " ")


def address(page: str) -> str:
    """A page is named by its path on learn.microsoft.com; without a slash it is of the v1.0 API reference."""
    return f"https://learn.microsoft.com/{page if '/' in page else 'graph/api/' + page}"


def proofs(folder: Path) -> list[Proof]:
    """Every marked test in the `test_*.py` of this folder (not of the folders in it), sorted."""
    found = []
    for path in folder.glob("test_*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found += [
            Proof(mark, basis, path.name, test) for test, mark, basis in _tests(tree.body, _assigned(tree))
        ]
    return sorted(found)


Marked = tuple[str, str]


def _tests(body: Iterable[ast.stmt], outer: Marked | None) -> Iterator[tuple[str, str, str]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _tests(node.body, _first(node.decorator_list) or _assigned(node) or outer)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            nearest = _first(node.decorator_list) or outer
            if nearest is not None:
                yield node.name, *nearest


def _assigned(scope: ast.Module | ast.ClassDef) -> Marked | None:
    """The mark in `pytestmark = ...`, alone or in a list."""
    for node in scope.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets
        ):
            return _first(node.value.elts if isinstance(node.value, ast.List) else [node.value])
    return None


def _first(nodes: Iterable[ast.expr]) -> Marked | None:
    for node in nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in MARKS
            and ast.unparse(node.func.value) == "pytest.mark"
        ):
            return node.func.attr, str(ast.literal_eval(node.args[0]))
    return None
