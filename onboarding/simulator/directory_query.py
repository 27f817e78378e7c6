"""Lists of directory objects: filter, search, order, pages, count; and which of it needs an advanced query.

Rules and error texts: "Advanced query capabilities on Azure AD objects" (aad-advanced-queries) and its table of
filters by property. An advanced query has `ConsistencyLevel: eventual` and, but for `$search`, `$count=true`. The
header is not part of a nextLink: it must be sent again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from onboarding.simulator import odata_filter as odata
from onboarding.simulator.call import Answer, Call, chosen
from onboarding.simulator.clock import parse_time
from onboarding.simulator.errors import bad_request, not_modelled, unsupported_query
from onboarding.simulator.paging import pack, unpack

#: How a query is served: by default, only as an advanced one, not at all.
DEFAULT, ADVANCED, NEVER = 1, 2, 0
PAGE = 100
Values = Mapping[str, Any]
Row = tuple[int, Values]


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
_TIMES = frozenset({"createdDateTime", "employeeHireDate", "deletedDateTime", "renewedDateTime"})
_FLAGS = frozenset(
    {"accountEnabled", "onPremisesSyncEnabled", "isAssignableToRole", "mailEnabled", "securityEnabled"}
)


# --- filter ------------------------------------------------------------------------------------------


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


def _check(kind: Kind, node: odata.Node, *, advanced: bool) -> None:
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
    """Whether an object passes a filter that `_check` has passed."""
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


# --- search ------------------------------------------------------------------------------------------

_CLAUSE = re.compile(
    r'\s*(?:"(?P<name>\w+):(?P<value>(?:[^"\\]|\\.)*)"|(?P<word>AND|OR)(?=[\s"(])|(?P<mark>[()]))'
)
_SEARCH_NEEDS = (
    "Request with $search query parameter only works through MSGraph with a special request header: "
    "'ConsistencyLevel: eventual'"
)


def _search(kind: Kind, text: str) -> Callable[[Values], bool]:
    """Clauses `"property:value"` joined by AND or by OR. 501 for both mixed and for brackets."""
    clauses, words, at = [], set(), 0
    while at < len(text.rstrip()):
        hit = _CLAUSE.match(text, at)
        if hit is None:
            raise bad_request('Syntax error: clauses of $search are written "property:value".')
        if hit["mark"]:
            raise not_modelled("brackets in $search")
        if hit["word"]:
            words.add(hit["word"])
        else:
            name = next((known for known in kind.searches if known.lower() == hit["name"].lower()), None)
            if name is None:
                raise not_modelled(f"$search on {hit['name'][:60]} of {kind.name}")
            clauses.append((name, re.sub(r"\\(.)", r"\1", hit["value"]).lower()))
        at = hit.end()
    if not clauses or len(words) > 1:
        raise not_modelled("this $search")
    join = all if words != {"OR"} else any
    return lambda values: join(_found(kind, values, name, wanted) for name, wanted in clauses)


def _found(kind: Kind, values: Values, name: str, wanted: str) -> bool:
    held = str(values.get(name) or "").lower()
    if held.startswith(wanted):
        return True
    return kind.searches[name] and any(word.startswith(wanted) for word in re.split(r"[^\w]+", held))


# --- order -------------------------------------------------------------------------------------------


class _Order(NamedTuple):
    name: str
    descending: bool

    def key(self, row: Row) -> tuple[bool, str, int]:
        held = row[1].get(self.name)
        return (held is not None, str(held or "").lower(), row[0])


def _order(kind: Kind, call: Call) -> _Order | None:
    text = call.query.get("$orderby")
    if text is None:
        return None
    words = text.split()
    spelled = {name.lower(): name for name in kind.sorts}
    if len(words) not in (1, 2) or "," in text or (words[1:] and words[1].lower() not in ("asc", "desc")):
        raise not_modelled(f"$orderby={text[:80]}")
    name = spelled.get(words[0].lower())
    advanced = call.eventual and call.counts
    if name is None or ((kind.sorts[name] == ADVANCED or "$filter" in call.query) and not advanced):
        raise unsupported_query("Sorting not supported for current query.")
    return _Order(name, words[-1].lower() == "desc")


# --- lists -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Query:
    """A request's options, checked."""

    names: tuple[str, ...]
    node: odata.Node | None
    order: _Order | None
    test: Callable[[Values], bool]
    counts: bool

    @classmethod
    def of(cls, call: Call, kind: Kind, *, advanced_only: bool = False) -> Query:
        """400 and 501 as the parts say. `advanced_only`: the address itself needs an advanced query."""
        if advanced_only and not (call.eventual and call.counts):
            raise unsupported_query(
                "The specified cast requires the ConsistencyLevel: eventual header and $count=true."
            )
        names = call.selected(kind.selectable, kind.default)
        node = odata.parse(call.query["$filter"]) if "$filter" in call.query else None
        if node is not None:
            _check(kind, node, advanced=call.eventual and call.counts)
        tests: list[Callable[[Values], bool]] = []
        if node is not None:
            tests.append(lambda values: matches(kind, node, values))
        if "$search" in call.query:
            if not call.eventual:
                raise unsupported_query(_SEARCH_NEEDS)
            tests.append(_search(kind, call.query["$search"]))
        # Without the header, $count=true is ignored without a word (aad-advanced-queries).
        counts = call.eventual and call.counts
        return cls(names, node, _order(kind, call), lambda v: all(t(v) for t in tests), counts)


def fragment(call: Call, collection: str, names: Iterable[str], expanded: str = "") -> str:
    """What stands after `$metadata#`."""
    chosen_names = [*names] if "$select" in call.query else []
    inner = ",".join([*chosen_names, *([expanded] if expanded else [])])
    return f"{collection}({inner})" if inner else collection


def listed(
    call: Call,
    kind: Kind,
    query: Query,
    rows: Iterable[Row],
    context: str,
    show: Callable[[Row], dict[str, Any]] | None = None,
) -> Answer:
    """One page. The count is on the first page only (query-parameters)."""
    size, token = call.top(PAGE), _token(call)
    found: Iterable[Row] = (row for row in rows if query.test(row[1]))
    count = None
    if query.counts and token is None:
        found = list(found)
        count = len(found)
    if query.order is not None:
        found = sorted(found, key=query.order.key, reverse=query.order.descending)
    if token is not None:
        found = _after(found, query.order, token)
    page = list(islice(found, size + 1))
    body: dict[str, Any] = {"@odata.context": call.context(context)}
    if count is not None:
        body["@odata.count"] = count
    if len(page) > size:
        last = page[size - 1]
        key = list(query.order.key(last)) if query.order else [last[0]]
        body["@odata.nextLink"] = call.next_link(pack(key))
    render = show or (lambda row: kind.shown(row[1], query.names))
    return Answer(200, body | {"value": [render(row) for row in page[:size]]})


def _token(call: Call) -> list[Any] | None:
    if "$skiptoken" not in call.query:
        return None
    token = unpack(call.query["$skiptoken"])
    shapes = ([int], [bool, str, int])
    if not isinstance(token, list) or [type(part) for part in token] not in shapes:
        raise bad_request("Skip token is invalid.")
    return token


def _after(found: Iterable[Row], order: _Order | None, token: list[Any]) -> Iterator[Row]:
    if (order is None) != (len(token) == 1):
        raise bad_request("Skip token is invalid.")
    reached = tuple(token)
    for row in found:
        key: tuple[Any, ...] = order.key(row) if order else (row[0],)
        if key < reached if order and order.descending else key > reached:
            yield row


def counted(call: Call, kind: Kind, rows: Iterable[Row]) -> Answer:
    """`/$count`: the number alone, as text. 400 without the header."""
    if not call.eventual:
        raise bad_request("$count is not currently supported.")
    advanced = Call(call.method, call.path, call.params, {**call.query, "$count": "true"}, call.headers)
    query = Query.of(advanced, kind)
    number = sum(1 for row in rows if query.test(row[1]))
    return Answer(200, str(number), content_type="text/plain")


# --- expand ------------------------------------------------------------------------------------------

_EXPAND = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<options>[^()]*)\))?\s*")
_MOST_LEVELS = 1000


class Expansion(NamedTuple):
    """One relation to expand: how many levels of it, with which names, and whether those were chosen."""

    names: tuple[str, ...]
    levels: int
    chosen: bool


def expanded(call: Call, relation: str, kind: Kind) -> Expansion | None:
    """The one relation that is modelled, with `$select` and `$levels` (user-list-manager); None where it is not
    asked for. 400 in an advanced query without `$levels`, 501 for other relations and options."""
    text = call.query.get("$expand")
    if text is None:
        return None
    hit = _EXPAND.fullmatch(text)
    if hit is None or hit["name"].lower() != relation.lower():
        raise not_modelled(f"$expand={text[:80]}")
    options = dict(_option(part) for part in (hit["options"] or "").split(";") if part.strip())
    if set(options) - {"$select", "$levels"}:
        raise not_modelled(f"$expand={text[:80]}")
    if call.eventual and "$levels" not in options:
        raise unsupported_query("$expand is not currently supported with advanced queries.")
    names = chosen(options["$select"], kind.selectable) if "$select" in options else kind.default
    return Expansion(names, _levels(options.get("$levels", "1")), "$select" in options)


def _option(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip()


def _levels(text: str) -> int:
    if text.lower() == "max":
        return _MOST_LEVELS
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= _MOST_LEVELS):
        raise bad_request(f"$levels is max or a number from 1 to {_MOST_LEVELS}.")
    return int(text)
