"""docs/states.md, drawn from the lifecycle table: `python -m onboarding.domain.lifecycle_diagram > docs/states.md`.

A test compares the file with this text, so the picture cannot fall behind the table.
"""

from __future__ import annotations

import sys
from collections import defaultdict

from onboarding.domain.lifecycle import ACTIVE, RESTING, TABLE, Event, Return, State, __doc__

_HEAD = """# States of a case

Generated from `onboarding/domain/lifecycle.py` by `python -m onboarding.domain.lifecycle_diagram > docs/states.md`.
Do not edit by hand: a test compares.
"""
_COMMON = (Event.BLOCK, Event.PAUSE, Event.CANCEL, Event.EXCLUDE, Event.CLOSE, Event.RERUN)


def markdown() -> str:
    """The whole document."""
    prose = (__doc__ or "").partition("Rules in prose:")[2].strip()
    return "\n".join([_HEAD, prose, "", *_diagram(), "", *_common(), "", *_kinds(), ""])


def _diagram() -> list[str]:
    """The way through; what is possible from many states is listed below it, or nobody could read it."""
    lines = ["```mermaid", "stateDiagram-v2", '    state "where the case came from" as came_from']
    lines.append(f"    [*] --> {State.RECEIVED}")
    for (state, event), target in TABLE.items():
        if event not in _COMMON:
            to = "came_from" if isinstance(target, Return) else target
            lines.append(f"    {state} --> {to}: {event}")
    return [*lines, "```"]


def _common() -> list[str]:
    """Events that many states take."""
    sources: dict[tuple[Event, State | Return], list[str]] = defaultdict(list)
    for (state, event), target in TABLE.items():
        if event in _COMMON:
            sources[event, target].append(f"`{state}`")
    rows = [
        f"| `{event}` | {', '.join(sorted(states))} | `{target}` |"
        for (event, target), states in sorted(sources.items())
    ]
    return ["| Event | From | To |", "|---|---|---|", *rows]


def _kinds() -> list[str]:
    """Who has to act."""
    active = ", ".join(f"`{state}`" for state in sorted(ACTIVE))
    resting = ", ".join(f"`{state}`" for state in sorted(RESTING))
    return [
        f"The service works by itself on: {active}.",
        "",
        f"Nothing happens until HR or an operator acts: {resting}.",
    ]


if __name__ == "__main__":
    sys.stdout.write(markdown())
