"""Lists of directory objects: search, order, pages, count, expansion; and which of it needs an advanced query.

Rules and error texts: "Advanced query capabilities on Azure AD objects" (aad-advanced-queries). An advanced query has
`ConsistencyLevel: eventual` and, but for `$search`, `$count=true`. The header is not part of a nextLink: it must be
sent again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from onboarding.simulator import odata_filter as odata
from onboarding.simulator.call import Answer, Call, chosen
from onboarding.simulator.directory_filter import ADVANCED, Kind, Values, check, matches
from onboarding.simulator.errors import bad_request, not_modelled, unsupported_query
from onboarding.simulator.paging import pack, unpack

PAGE = 100
#: Place in the order of creation, and the object.
Row = tuple[int, Values]

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
            check(kind, node, advanced=call.eventual and call.counts)
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
