"""ASP.NET Core route templates, as far as HTTP triggers use them.

`{x}`, `{x:int}`, `{x?}`, `{*rest}`, `{**rest}`; a literal wins over a constrained parameter, that over a plain
one, that over a catch-all; names and literals match case-insensitively. Source: "Routing in ASP.NET Core",
route templates and route template precedence. A segment that mixes text and parameters, default values and
other constraints than those below are refused (UnsupportedTemplate), not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(
    r"^\{(?P<stars>\*{0,2})(?P<name>[A-Za-z_][\w-]*)(?P<constraints>(?::[^{}?]+)*)(?P<opt>\??)\}$"
)
_CONSTRAINT = re.compile(r"^(?P<name>[a-zA-Z]+)(?:\((?P<args>\d+(?:,\s*\d+)?)\))?$")
_GUID = re.compile(r"^\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?$")
_INTEGER = re.compile(r"^[+-]?\d+$", re.ASCII)


class UnsupportedTemplate(ValueError):
    """The template is wrong, or uses something that is not modelled here; the text says which segment."""


def _integer(bits: int) -> Callable[[str], bool]:
    limit = 1 << (bits - 1)
    return lambda text: bool(_INTEGER.match(text)) and -limit <= int(text) < limit


_SIMPLE: dict[str, Callable[[str], bool]] = {
    "int": _integer(32),
    "long": _integer(64),
    "guid": lambda text: bool(_GUID.match(text)),
    "bool": lambda text: text.lower() in {"true", "false"},
    "alpha": lambda text: text.isascii() and (text.isalpha() or not text),
}
_WITH_ARGUMENTS: dict[str, Callable[[str, list[int]], bool]] = {
    "minlength": lambda text, n: len(text) >= n[0],
    "maxlength": lambda text, n: len(text) <= n[0],
    "length": lambda text, n: n[0] <= len(text) <= n[-1],
    "min": lambda text, n: _SIMPLE["long"](text) and int(text) >= n[0],
    "max": lambda text, n: _SIMPLE["long"](text) and int(text) <= n[0],
    "range": lambda text, n: _SIMPLE["long"](text) and n[0] <= int(text) <= n[-1],
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a template. `literal` None: a parameter."""

    literal: str | None
    name: str = ""
    optional: bool = False
    catch_all: bool = False
    constraints: tuple[Callable[[str], bool], ...] = ()

    @property
    def rank(self) -> int:
        """Digit of ASP.NET's inbound precedence; lower wins."""
        if self.literal is not None:
            return 1
        return (4 if self.constraints else 5) if self.catch_all else (2 if self.constraints else 3)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template, without prefix."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def precedence(self) -> tuple[int, ...]:
        return tuple(segment.rank for segment in self.segments)

    def match(self, path: str) -> dict[str, str] | None:
        """Route values of a percent-encoded path (relative to the prefix), or None. Values stay strings."""
        parts = [_decode(part) for part in path.strip("/").split("/")] if path.strip("/") else []
        values: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if segment.catch_all:
                rest = "/".join(parts[position:])
                if rest and not _fits(segment, rest):
                    return None
                return {**values, segment.name: rest} if rest else values
            if position >= len(parts):
                # Only the optional tail may be missing.
                return values if all(s.optional or s.catch_all for s in self.segments[position:]) else None
            if not _take(segment, parts[position], values):
                return None
        return values if len(parts) <= len(self.segments) else None


def parse(text: str) -> Template:
    """Parse a route. Raises UnsupportedTemplate."""
    if text.startswith(("/", "~")):
        raise UnsupportedTemplate("a route template cannot start with '/' or '~'")
    segments: list[Segment] = []
    for part in text.split("/") if text else []:
        segment = _segment(part)
        if segments and segments[-1].catch_all:
            raise UnsupportedTemplate("a catch-all parameter must be the last segment")
        if segments and segments[-1].optional and not (segment.optional or segment.catch_all):
            raise UnsupportedTemplate("an optional parameter must be at the end of the template")
        if segment.name and segment.name.lower() in {s.name.lower() for s in segments}:
            raise UnsupportedTemplate(f"the parameter '{segment.name}' appears more than once")
        segments.append(segment)
    return Template(text, tuple(segments))


def _segment(part: str) -> Segment:
    if not part:
        raise UnsupportedTemplate("the separator '/' cannot appear twice in a row or at the end")
    if "{" not in part and "}" not in part:
        if "?" in part:
            raise UnsupportedTemplate("a literal section cannot contain '?'")
        return Segment(literal=part.lower())
    found = _PARAMETER.match(part)
    if not found:
        raise UnsupportedTemplate(f"the segment '{part}' is not '{{name}}' with known parts")
    names = [name for name in found["constraints"].split(":") if name]
    return Segment(
        literal=None,
        name=found["name"],
        optional=bool(found["opt"]),
        catch_all=bool(found["stars"]),
        constraints=tuple(_constraint(name) for name in names),
    )


def _constraint(text: str) -> Callable[[str], bool]:
    found = _CONSTRAINT.match(text)
    name = found["name"].lower() if found else ""
    if found and name in _SIMPLE and not found["args"]:
        return _SIMPLE[name]
    if found and name in _WITH_ARGUMENTS and found["args"]:
        numbers = [int(number) for number in found["args"].split(",")]
        return lambda value: _WITH_ARGUMENTS[name](value, numbers)
    raise UnsupportedTemplate(f"the constraint '{text}' is not modelled by the development host")


def _take(segment: Segment, part: str, values: dict[str, str]) -> bool:
    if segment.literal is not None:
        return part.lower() == segment.literal
    if not part or not _fits(segment, part):
        return False
    values[segment.name] = part
    return True


def _fits(segment: Segment, value: str) -> bool:
    return all(constraint(value) for constraint in segment.constraints)


def _decode(part: str) -> str:
    """Percent-decoding as Kestrel does it: everything but an encoded slash, which stays in its segment."""
    return "%2F".join(unquote(piece) for piece in re.split("%2[fF]", part))
