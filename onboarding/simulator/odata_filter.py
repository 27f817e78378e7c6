"""The grammar of `$filter` over directory objects, as far as their pages document it.

A recursive descent over tokens into a small tree. 400 for text that is no filter, 501 for grammar that is not
modelled (arithmetic, functions other than startsWith and endsWith, `all`). Words compare without regard to case,
since the pages write `NOT`, `OR` and `startswith` too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

from onboarding.simulator.clock import parse_time
from onboarding.simulator.errors import GraphError, bad_request, not_modelled

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?(?![\w-]))"
    r"|(?P<guid>[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"
    r"|(?P<number>-?\d{1,18}(?:\.\d{1,9})?(?![\w-]))"
    r"|(?P<name>[A-Za-z_$@][\w.$@-]*(?:/[\w.$@-]+)*)"
    r"|(?P<mark>[(),:]))",
    re.DOTALL,
)
_COMPARISONS = ("eq", "ne", "ge", "le", "gt", "lt")
_CALLS = ("startswith", "endswith")
#: Deeper nesting is refused: no filter of a page comes near.
_DEEPEST = 40
#: Longest filter; Graph's URLs end far earlier.
_LONGEST = 15_000


@dataclass(frozen=True, slots=True)
class Compare:
    """path op value; op: eq ne ge le gt lt in startswith endswith. A path that ends in `/$count` counts."""

    path: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class Any_:
    """collection/any(v: inner); inside, paths are relative to the element, "" being the element itself."""

    path: str
    inner: Node


@dataclass(frozen=True, slots=True)
class Not:
    inner: Node


@dataclass(frozen=True, slots=True)
class Both:
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Either:
    left: Node
    right: Node


Node: TypeAlias = Compare | Any_ | Not | Both | Either


class _Token(NamedTuple):
    kind: str
    text: str


def _unreadable(why: str) -> GraphError:
    return bad_request(f"Invalid filter clause: {why}")


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        hit = _TOKEN.match(text, at)
        if hit is None or hit.lastgroup is None:
            raise _unreadable(f"Syntax error at position {at} in '{text[:100]}'.")
        found.append(_Token(hit.lastgroup, hit[hit.lastgroup]))
        at = hit.end()
    return found


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> _Token:
        return _Token("end", "") if self.ended else self._tokens[self._at]

    def take(self) -> _Token:
        token = self.peek()
        self._at += 1
        return token

    def word(self, *words: str) -> bool:
        """Take the next token if it is one of these words."""
        if self.peek().kind == "name" and self.peek().text.lower() in words:
            self._at += 1
            return True
        return False

    def mark(self, text: str) -> None:
        if self.take() != _Token("mark", text):
            raise _unreadable(f"'{text}' expected.")

    def either(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _unreadable("The nesting limit is exceeded.")
        found = self.both()
        while self.word("or"):
            found = Either(found, self.both())
        self._depth -= 1
        return found

    def both(self) -> Node:
        found = self.single()
        while self.word("and"):
            found = Both(found, self.single())
        return found

    def single(self) -> Node:
        times = 0
        while self.word("not"):
            times += 1
        found = self.primary()
        for _ in range(2 - times % 2 if times else 0):
            found = Not(found)  # twice for an even number: a `not` is written, whatever it comes to
        return found

    def primary(self) -> Node:
        token = self.take()
        if token == _Token("mark", "("):
            found = self.either()
            self.mark(")")
            return found
        if token.kind != "name":
            raise _unreadable("A property or a function expected.")
        if self.peek() == _Token("mark", "("):
            return self.call(token.text)
        return self.comparison(token.text)

    def call(self, name: str) -> Node:
        if name.lower() in _CALLS:
            self.mark("(")
            path = self.path()
            self.mark(",")
            value = self.literal()
            self.mark(")")
            return Compare(path, name.lower(), value)
        if name.lower().endswith("/any"):
            return self.any(name[: -len("/any")])
        raise not_modelled(f"the function {name[:60]} in $filter")

    def any(self, collection: str) -> Node:
        self.mark("(")
        if self.peek() == _Token("mark", ")"):
            raise not_modelled("any() without a condition in $filter")
        variable = self.path()
        self.mark(":")
        found = self.either()
        self.mark(")")
        return Any_(collection, _relative(found, variable))

    def comparison(self, path: str) -> Node:
        token = self.take()
        op = token.text.lower() if token.kind == "name" else ""
        if op in _COMPARISONS:
            return Compare(path, op, self.literal())
        if op == "in":
            return Compare(path, "in", self.list())
        if op in ("has", "add", "sub", "mul", "div", "mod"):
            raise not_modelled(f"the operator {op} in $filter")
        raise _unreadable("A binary operator expected.")

    def list(self) -> tuple[Any, ...]:
        self.mark("(")
        found = [self.literal()]
        while self.peek() == _Token("mark", ","):
            self.take()
            found.append(self.literal())
        self.mark(")")
        return tuple(found)

    def path(self) -> str:
        token = self.take()
        if token.kind != "name":
            raise _unreadable("A property expected.")
        return token.text

    def literal(self) -> Any:
        token = self.take()
        if token.kind == "name" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        read = _LITERALS.get(token.kind)
        if read is None:
            raise _unreadable("A literal expected; text stands in single quotes.")
        return read(token.text)


def _time(text: str) -> datetime:
    """A date alone is its midnight in UTC."""
    try:
        if "T" not in text:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        return parse_time(text)
    except ValueError:
        raise _unreadable(f"'{text}' is no date and time with an offset.") from None


_WORDS = {"true": True, "false": False, "null": None}
_LITERALS: dict[str, Callable[[str], Any]] = {
    "text": lambda text: text[1:-1].replace("''", "'"),
    "time": _time,
    "guid": str.lower,
    "number": float,
}


def _relative(node: Node, variable: str) -> Node:
    """Paths from the lambda's variable made paths from its element. 501 for a path from elsewhere."""
    if isinstance(node, Compare):
        head, _, rest = node.path.partition("/")
        if head != variable:
            raise not_modelled(f"'{node.path[:60]}' inside a lambda over another variable")
        return Compare(rest, node.op, node.value)
    if isinstance(node, Not):
        return Not(_relative(node.inner, variable))
    if isinstance(node, Any_):
        raise not_modelled("a lambda inside a lambda")
    return type(node)(_relative(node.left, variable), _relative(node.right, variable))


def parse(text: str) -> Node:
    """The tree of a `$filter`. 400 for unreadable text, 501 for grammar that is not modelled."""
    if len(text) > _LONGEST:
        raise _unreadable("The clause is too long.")
    if text.count("'") % 2:
        raise _unreadable("There is an unterminated string literal; double the quotes inside a text.")
    reader = _Reader(_tokens(text))
    found = reader.either()
    if not reader.ended:
        raise _unreadable(f"Syntax error at '{reader.peek().text[:60]}'.")
    return found


def leaves(node: Node, *, turned: bool = False) -> Iterator[tuple[Compare | Any_, bool]]:
    """Comparisons and lambdas, each with whether a `not` stands above it."""
    if isinstance(node, Not):
        yield from leaves(node.inner, turned=True)
    elif isinstance(node, Both | Either):
        yield from leaves(node.left, turned=turned)
        yield from leaves(node.right, turned=turned)
    else:
        yield node, turned
