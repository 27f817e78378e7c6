"""The rule of the marks (told in conftest.py) over collected tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onboarding.simulator.marks import MARKS

HERE = Path(__file__).parent
PLUMBING = HERE / "plumbing"
_PAGE = re.compile(r"[a-z0-9][a-z0-9-]*(/[a-z0-9-]+)*")


def nearest(item: pytest.Item) -> list[pytest.Mark]:
    """The marks of fidelity at the nearest place that has any: test, class, module."""
    for node in reversed(item.listchain()):
        found = [mark for mark in node.own_markers if mark.name in MARKS]
        if found:
            return found
    return []


def complaint(item: pytest.Item) -> str | None:
    """What is wrong with the marks of this test; None where nothing is."""
    marks = nearest(item)
    if PLUMBING in item.path.parents:
        return "is plumbing, of no behaviour of Graph, and carries a mark" if marks else None
    if len(marks) != 1:
        return (
            f"carries {len(marks) or 'none'} of the marks {', '.join(MARKS)} at one place; needs exactly one"
        )
    mark = marks[0]
    if len(mark.args) != 1 or mark.kwargs or not isinstance(mark.args[0], str) or not mark.args[0].strip():
        return f"{mark.name} takes one text"
    if mark.name == "documented" and not _PAGE.fullmatch(mark.args[0]):
        return f"documented takes a page's path on learn.microsoft.com, not {mark.args[0]!r}"
    return None
