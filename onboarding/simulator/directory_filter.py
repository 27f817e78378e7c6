"""`$filter` over directory objects: what each property can be filtered by, and whether an object passes.

The table is that of "Advanced query capabilities on Azure AD objects" (aad-advanced-queries); what needs an advanced
query and comes without one is refused with the page's texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from onboarding.simulator import odata_filter as odata
from onboarding.simulator.clock import parse_time
from onboarding.simulator.errors import bad_request, not_modelled, unsupported_query

#: How a query is served: by default, only as an advanced one, not at all.
DEFAULT, ADVANCED, NEVER = 1, 2, 0
Values = Mapping[str, Any]


class Support(NamedTuple):
    """One row of the page's table; `ends` is its note on endsWith."""

    eq: int = NEVER
    starts: int = NEVER
    range: int = NEVER
    null: int = NEVER
    ends: int = NEVER


@dataclass(frozen=True)
class Kind:
    """A type of directory object. `filters` by path; `searches`: properties of `$search`, True where words of
    the value count and not only its beginning. `empty`: what a property that was never set is, where not null."""

    name: str
    selectable: frozenset[str]
    default: tuple[str, ...]
    filters: Mapping[str, Support]
    sorts: Mapping[str, int]
    searches: Mapping[str, bool]
    empty: Mapping[str, Any]

    def shown(self, values: Values, names: Iterable[str]) -> dict[str, Any]:
        return {name: values.get(name, self.empty.get(name)) for name in names}


_NEEDS = (
    "Operator '{}' is not supported because the required parameters might be missing. Try adding $count=true "
    "query parameter and ConsistencyLevel:eventual header. Refer to "
    "https://aka.ms/graph-docs/advanced-queries for more information"
)
_TIMES = frozenset(
    {
        "createdDateTime",
        "employeeHireDate",
        "employeeLeaveDateTime",
        "deletedDateTime",
        "renewedDateTime",
    }
)
_FLAGS = frozenset(
    {"accountEnabled", "onPremisesSyncEnabled", "isAssignableToRole", "mailEnabled", "securityEnabled"}
)


def _level(support: Support, leaf: odata.Compare) -> int:
    if leaf.value is None:
        return support.null
    if leaf.op in ("eq", "ne", "in"):
        return support.eq
    if leaf.op in ("ge", "le"):
        return support.range
    return {"startswith": support.starts, "endswith": support.ends}.get(leaf.op, NEVER)


def _paths(leaf: odata.Compare | odata.Any_) -> Iterator[tuple[str, odata.Compare, bool]]:
    """(path as the table names it, comparison, under a `not` inside a lambda)."""
    if isinstance(leaf, odata.Compare):
        yield leaf.path, leaf, False
        return
    for inner, turned in odata.leaves(leaf.inner):
        if isinstance(inner, odata.Compare):
            yield f"{leaf.path}/any" + (f"/{inner.path}" if inner.path else ""), inner, turned


def check(kind: Kind, node: odata.Node, *, advanced: bool) -> None:
    """400 for what the directory does not filter by, or only in an advanced query; 501 for a property that is
    not modelled."""
    for leaf, turned in odata.leaves(node):
        for path, comparison, inner in _paths(leaf):
            spelled = _spelled(kind, path)
            level = _level(kind.filters[spelled], comparison)
            if level == NEVER:
                raise _unsupported(kind, spelled)
            if turned or inner or comparison.op == "ne" or comparison.op == "endswith":
                if not advanced:
                    op = "not" if turned or inner else comparison.op
                    raise unsupported_query(_NEEDS.format("endsWith" if op == "endswith" else op))
            elif level == ADVANCED and not advanced:
                raise _unsupported(kind, spelled)
            _fits(spelled, comparison)


def _spelled(kind: Kind, path: str) -> str:
    found = next((known for known in kind.filters if known.lower() == path.lower()), None)
    if found is None:
        raise not_modelled(f"$filter on {path[:80]} of {kind.name}")
    return found


def _unsupported(kind: Kind, path: str) -> Exception:
    return unsupported_query(
        f"Unsupported or invalid query filter clause specified for property '{path.split('/')[0]}' of resource "
        f"'{kind.name}'."
    )


def _fits(path: str, leaf: odata.Compare) -> None:
    """400 for a literal of another type than the property."""
    wanted: type = str
    if path.endswith("/$count"):
        wanted = float
    elif path in _TIMES:
        wanted = datetime
    elif path in _FLAGS:
        wanted = bool
    given = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    if not all(value is None or isinstance(value, wanted) for value in given):
        raise bad_request(
            f"Invalid filter clause: A binary operator with incompatible types was detected for '{path}'."
        )


def matches(kind: Kind, node: odata.Node, values: Values) -> bool:
    """Whether an object passes a filter that `check` has passed."""
    if isinstance(node, odata.Not):
        return not matches(kind, node.inner, values)
    if isinstance(node, odata.Both):
        return matches(kind, node.left, values) and matches(kind, node.right, values)
    if isinstance(node, odata.Either):
        return matches(kind, node.left, values) or matches(kind, node.right, values)
    if isinstance(node, odata.Any_):
        path = _spelled(kind, next(_paths(node))[0]).split("/")[0]
        return any(_element(node.inner, element) for element in values.get(path) or [])
    path = _spelled(kind, node.path)
    return _compare(_value(values, path), node)


def _element(node: odata.Node, element: Any) -> bool:
    if isinstance(node, odata.Not):
        return not _element(node.inner, element)
    if isinstance(node, odata.Both):
        return _element(node.left, element) and _element(node.right, element)
    if isinstance(node, odata.Either):
        return _element(node.left, element) or _element(node.right, element)
    if isinstance(node, odata.Any_):
        return False
    inner = element.get(node.path) if isinstance(element, dict) else element
    return _compare(inner, node)


def _value(values: Values, path: str) -> Any:
    if path.endswith("/$count"):
        return float(len(values.get(path.removesuffix("/$count")) or []))
    found = values.get(path)
    if path not in _TIMES or not isinstance(found, str):
        return found
    try:
        return parse_time(found)
    except ValueError:
        return None


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _compare(held: Any, leaf: odata.Compare) -> bool:
    """Text without regard to case, as the directory compares it."""
    held, wanted = _fold(held), _fold(leaf.value)
    if leaf.op == "in":
        return held in [_fold(value) for value in leaf.value]
    if leaf.op in ("eq", "ne"):
        return bool(held == wanted) is (leaf.op == "eq")
    if held is None or type(held) is not type(wanted):
        return False
    if leaf.op in ("startswith", "endswith"):
        return bool(held.startswith(wanted) if leaf.op == "startswith" else held.endswith(wanted))
    return bool(held >= wanted if leaf.op == "ge" else held <= wanted)
