"""Strict reading of a body, and typed access to what was read.

`read_json` takes bytes and returns a `Payload`, or raises `Unreadable` with a reason code and the place (a
path such as `$.payload.offer.starts_at`), never a value: the text may be logged and goes back to the sender.
Refused beyond the grammar: duplicate keys, NaN and infinities, integers over 40 digits, nesting over 64, lone
surrogates, NUL. RFC 8259 leaves each of them to the receiver, and each has broken somebody.

The accessors follow Zulip's manner: the call names the type it expects, and the error names the path.
Missing, null and blank are one thing: "not said"; `is_empty` tells them apart for vendors that send whole records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from onboarding.errors import SenderError
from onboarding.intake.dates import instant, iso_date

MAX_DEPTH = 64
MAX_DIGITS = 40
#: Longest text that a mapped field may have. Free text (notes, CVs) is never mapped.
MAX_TEXT = 1024

_BOM = b"\xef\xbb\xbf"
# Strings whole (also an unterminated one, so that the scan stays linear), or one bracket.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Unreadable(SenderError):
    """The body was signed and cannot be used. `reason` is a code, `path` a place; neither holds a value."""

    code = "unreadable"

    def __init__(
        self,
        reason: str,
        path: str,
        hint: str = "Correct the body at this place and send again.",
        status: int = 400,
    ) -> None:
        super().__init__(f"The body cannot be used: {reason} at {path}. {hint}", status=status)
        self.reason = reason
        self.path = path


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands in the tree for something that was refused while reading, until its path is known."""

    reason: str


class _Object(dict[str, Any]):
    """A JSON object that remembers the first key it was given twice."""

    twice: str | None = None


def read_json(body: bytes) -> Payload:
    """The JSON object in `body`. Raises Unreadable; nothing else, whatever the bytes are."""
    tree = read_tree(body)
    if not isinstance(tree, dict):
        raise Unreadable("not_an_object", "$")
    return Payload(tree)


def read_tree(body: bytes) -> Any:
    """The JSON value in `body`, of whatever type. Raises Unreadable; nothing else, whatever the bytes are."""
    try:
        text = body.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Unreadable("not_utf8", f"byte {exc.start}") from None
    _refuse_depth(text)
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=lambda _: _Refused("not_a_number"),
        )
    except json.JSONDecodeError as exc:
        raise Unreadable("not_json", f"character {exc.pos}") from None
    _refuse_inside(tree)
    return tree


def _refuse_depth(text: str) -> None:
    depth = 0
    for found in _STRUCTURE.finditer(text):
        first = found[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable("too_deep", f"character {found.start()}")
        elif first in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        made.twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return made


def _integer(digits: str) -> int | _Refused:
    return int(digits) if len(digits) <= MAX_DIGITS else _Refused("huge_integer")


def _number(text: str) -> float | _Refused:
    value = float(text)
    return value if abs(value) != float("inf") else _Refused("not_a_number")


def _refuse_inside(tree: Any) -> None:
    """Walk without recursion; name the first refused thing by its path."""
    todo: list[tuple[Any, str]] = [(tree, "$")]
    while todo:
        value, path = todo.pop()
        if isinstance(value, _Refused):
            raise Unreadable(value.reason, path)
        if isinstance(value, str):
            _refuse_text(value, path)
        elif isinstance(value, _Object):
            if value.twice is not None:
                raise Unreadable("duplicate_key", _below(path, value.twice))
            for key in value:
                _refuse_text(key, _below(path, key))
            todo.extend((inner, _below(path, key)) for key, inner in value.items())
        elif isinstance(value, list):
            todo.extend((inner, f"{path}[{index}]") for index, inner in enumerate(value))


def _refuse_text(text: str, path: str) -> None:
    if "\0" in text:
        raise Unreadable("nul_character", path)
    if _SURROGATE.search(text):
        raise Unreadable("lone_surrogate", path)


def _below(path: str, key: str) -> str:
    """`path.key`; a key that does not look like a field name may be data, so it is not shown."""
    return f"{path}.{key if _PLAIN_KEY.fullmatch(key) else '<key>'}"


# --- typed access ------------------------------------------------------------------------------------------


class Payload:
    """One JSON object and where it stands. Paths given to the accessors are dotted: `offer.starts_at`."""

    __slots__ = ("_value", "path")

    def __init__(self, value: Mapping[str, Any], path: str = "$") -> None:
        self._value = value
        self.path = path

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    @property
    def value(self) -> Mapping[str, Any]:
        """The object itself, for keys that hold a dot (the accessors take it for a step)."""
        return self._value

    def place(self, path: str) -> str:
        """The full path of `path`, as errors show it."""
        full = self.path
        for key in path.split("."):
            full = _below(full, key)
        return full

    def raw(self, path: str) -> Any:
        """What stands at `path`, None when it or an object on the way is missing or null."""
        value: Any = self._value
        walked = self.path
        for key in path.split("."):
            if value is None:
                return None
            if not isinstance(value, dict):
                raise Unreadable("expected_object", walked)
            value, walked = value.get(key), _below(walked, key)
        return value

    def has(self, path: str) -> bool:
        """Something other than null stands there."""
        return self.raw(path) is not None

    def is_empty(self, path: str) -> bool:
        """The key is there and holds null, blank text or an empty list: said to be empty, not "not said"."""
        above, _, key = path.rpartition(".")
        holder = self.raw(above) if above else self._value
        if not isinstance(holder, dict) or key not in holder:
            return False
        value = holder[key]
        return value is None or value == [] or (isinstance(value, str) and not value.strip())

    def text(self, path: str) -> str:
        """Text that must be there and not be blank."""
        return self._needed(path, self.optional_text(path))

    def optional_text(self, path: str) -> str | None:
        value = self.raw(path)
        if value is None:
            return None
        if not isinstance(value, str):
            raise Unreadable("expected_text", self.place(path))
        return self._short(path, value)

    def identifier(self, path: str) -> str:
        """An id that must be there; see `optional_identifier`."""
        return self._needed(path, self.optional_identifier(path))

    def optional_identifier(self, path: str) -> str | None:
        """An id, given as text or as a whole number. "007" stays "007"."""
        value = self.raw(path)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise Unreadable("expected_id", self.place(path))
        return self._short(path, value) if value is not None else None

    def optional_flag(self, path: str) -> bool | None:
        value = self.raw(path)
        if value is not None and not isinstance(value, bool):
            raise Unreadable("expected_true_or_false", self.place(path))
        return value

    def optional_date(self, path: str, read: Callable[[str], date | None] = iso_date) -> date | None:
        """A date in the one format that `read` knows."""
        text = self.optional_text(path)
        if text is None:
            return None
        found = read(text)
        if found is None:
            raise Unreadable(f"expected_{read.__name__}", self.place(path))
        return found

    def optional_instant(self, path: str) -> datetime | None:
        """RFC 3339 with a zone, as aware UTC."""
        text = self.optional_text(path)
        if text is None:
            return None
        found = instant(text)
        if found is None:
            raise Unreadable("expected_rfc3339_time", self.place(path))
        return found

    def optional_object(self, path: str) -> Payload | None:
        value = self.raw(path)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Unreadable("expected_object", self.place(path))
        return Payload(value, self.place(path))

    def object(self, path: str) -> Payload:
        """An object that must be there."""
        found = self.optional_object(path)
        if found is None:
            raise Unreadable("missing", self.place(path))
        return found

    def list(self, path: str) -> list[Any] | None:
        """A list of anything; None when not said."""
        value = self.raw(path)
        if value is not None and not isinstance(value, list):
            raise Unreadable("expected_list", self.place(path))
        return value

    def items(self, path: str) -> tuple[Payload, ...]:
        """Objects of a list; empty when not said. Nulls in it are passed over."""
        found = []
        for index, value in enumerate(self.list(path) or ()):
            place = f"{self.place(path)}[{index}]"
            if value is None:
                continue
            if not isinstance(value, dict):
                raise Unreadable("expected_object", place)
            found.append(Payload(value, place))
        return tuple(found)

    def texts(self, path: str) -> tuple[str, ...]:
        """Texts of a list; empty when not said."""
        found = self.list(path) or []
        for index, value in enumerate(found):
            if not isinstance(value, str) or len(value) > MAX_TEXT:
                raise Unreadable("expected_text", f"{self.place(path)}[{index}]")
        return tuple(value.strip() for value in found)

    def _needed(self, path: str, value: str | None) -> str:
        if value is None:
            raise Unreadable("missing", self.place(path))
        return value

    def _short(self, path: str, value: str) -> str | None:
        if len(value) > MAX_TEXT:
            raise Unreadable("too_long", self.place(path))
        return value.strip() or None
