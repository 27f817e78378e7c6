"""Tables of cases in one test: all that fail are shown together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def check(table: Mapping[Any, Any] | Iterable[tuple[Any, Any]], call: Callable[..., Any]) -> None:
    """`call(*case)` (or `call(case)` where it is no tuple) gives what the table says, for every row."""
    rows = list(table.items() if isinstance(table, Mapping) else table)
    wrong = {}
    for case, expected in rows:
        found = call(*case) if isinstance(case, tuple) else call(case)
        if found != expected:
            wrong[case] = (found, expected)
    assert rows
    assert not wrong, "case → (found, expected):\n" + "\n".join(f"{k!r}: {v!r}" for k, v in wrong.items())
