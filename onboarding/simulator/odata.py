"""The part of `$filter` that the modelled calls document. Everything else is 501, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from onboarding.simulator.clock import parse_time
from onboarding.simulator.errors import bad_request, not_modelled

_COMPARE = re.compile(r"(?P<path>[\w/]+)\s+(?P<op>eq|ge|le)\s+(?P<value>.+)", re.DOTALL)
_STARTS = re.compile(r"startswith\(\s*(?P<path>[\w/]+)\s*,\s*(?P<value>.+)\)", re.DOTALL | re.IGNORECASE)
_ANY = re.compile(
    r"(?P<path>\w+)/any\(\s*(?P<var>\w+)\s*:\s*(?P=var)(?P<inner>/\w+)?\s+eq\s+(?P<value>.+)\)", re.DOTALL
)
_ANY_STARTS = re.compile(
    r"(?P<path>\w+)/any\(\s*(?P<var>\w+)\s*:\s*startswith\(\s*(?P=var)(?P<inner>/\w+)?\s*,\s*(?P<value>.+)\)\s*\)",
    re.DOTALL | re.IGNORECASE,
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T.+)?")


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `op`: eq, ge, le, startswith, any (eq) or any_startswith; `path` of the last two is
    `collection/property`."""

    path: str
    op: str
    value: Any


def parse_filter(text: str) -> list[Clause]:
    """Clauses joined by `and`. 400 for unreadable text, 501 for grammar that is not modelled."""
    return [_clause(part.strip()) for part in _split(text)]


def _split(text: str) -> list[str]:
    """At ` and ` outside quotes and parentheses."""
    parts, depth, quoted, begin, at = [], 0, False, 0, 0
    while at < len(text):
        letter = text[at]
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif not quoted and depth == 0 and text[at : at + 5].lower() == " and ":
            parts.append(text[begin:at])
            begin = at = at + 5
            continue
        elif not quoted and text[at : at + 4].lower() == " or ":
            raise not_modelled("`or` in $filter")
        at += 1
    if quoted or depth:
        raise bad_request("Invalid filter clause: There is an unterminated string literal or parenthesis.")
    return [*parts, text[begin:]]


def _clause(text: str) -> Clause:
    if hit := _STARTS.fullmatch(text):
        return Clause(hit["path"], "startswith", _literal(hit["value"].strip()))
    if hit := _ANY_STARTS.fullmatch(text):
        return Clause(hit["path"] + (hit["inner"] or ""), "any_startswith", _literal(hit["value"].strip()))
    if hit := _ANY.fullmatch(text):
        return Clause(hit["path"] + (hit["inner"] or ""), "any", _literal(hit["value"].strip()))
    if hit := _COMPARE.fullmatch(text):
        return Clause(hit["path"], hit["op"], _literal(hit["value"].strip()))
    raise not_modelled("this form of $filter")


def _literal(text: str) -> Any:
    """'text' with doubled quotes, true, false, or an unquoted time."""
    if text.startswith("'"):
        inner = text[1:-1]
        if len(text) < 2 or not text.endswith("'") or "'" in inner.replace("''", ""):
            raise bad_request("Invalid filter clause: Syntax error in a string literal; double the quotes.")
        return inner.replace("''", "'")
    if text in ("true", "false"):
        return text == "true"
    if _TIME.fullmatch(text):
        try:
            return parse_time(text if "T" in text else text + "T00:00:00Z")  # a date alone: midnight in UTC
        except ValueError:
            raise bad_request("Invalid filter clause: Unrecognized date and time literal.") from None
    raise bad_request("Invalid filter clause: Could not read a literal.")
