"""The URL of a request that the SDK's builders made: its template expanded (RFC 6570), as the SDK would.

The SDK walks a template of some hundred characters one by one, at each request. Its templates have three kinds of
parts, `{+baseurl}`, `{name}` and `{?name,name}`; what is unlike that, or has a value that is neither text, number nor a
list of texts, is left to the SDK. Names of parameters are written plain (`$select`, which the templates have as
`%24select`): what the SDK's ParametersNameDecodingHandler does to each URL at each request, with two more readings of
it, is done once a template. A next link is opaque, and stays as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

_PART = re.compile(r"\{([^{}]*)\}")
_NAMES = re.compile(r"\??[\w%]+(?:,[\w%]+)*", re.ASCII)
#: What is plain in a name: `$`, `-`, `.` and `~`.
_CODES = re.compile(r"%(?:24|2[DdEe]|7[Ee])")
BASE = "+baseurl"
#: Pieces in turn: text, and names between braces.
_Pieces = tuple[str, ...]


def expand(info: Any, base_url: str) -> str:
    """The URL of a RequestInformation. `base_url` fills `{+baseurl}` as it is."""
    if info.RAW_URL_KEY in info.path_parameters:
        return str(info.url)
    pieces = _pieces(info.url_template or "")
    if pieces is None:
        return _by_sdk(info, base_url)
    made: list[str] = []
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            made.append(piece)
        elif piece == BASE:
            made.append(base_url)
        elif piece.startswith("?"):
            query = _query(_names(piece), info.query_parameters)
            if query is None:
                return _by_sdk(info, base_url)
            made.append(query)
        else:
            value = info.path_parameters.get(piece)
            if not isinstance(value, str):
                return _by_sdk(info, base_url)
            made.append(quote(value, safe=""))
    return "".join(made)


def _query(names: Mapping[str, str], given: dict[str, Any]) -> str | None:
    """`?name=value&…` in the template's order; None: not ours to write."""
    pairs = []
    for key, name in names.items():
        value = given.get(key)
        if value is None:
            continue
        if isinstance(value, bool):
            value = str(value).lower()
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(one, (str, int)) for one in values):
            return None
        pairs.append(f"{name}={','.join(quote(str(one), safe='') for one in values)}")
    return "?" + "&".join(pairs) if pairs else ""


@lru_cache(maxsize=256)
def _names(piece: str) -> Mapping[str, str]:
    """Of `?name,name`: as the SDK keeps the values → as it is written."""
    return {name: _plain(name) for name in piece[1:].split(",")}


def _plain(name: str) -> str:
    return _CODES.sub(lambda code: unquote(code[0]), name)


@lru_cache(maxsize=256)
def _pieces(template: str) -> _Pieces | None:
    pieces = tuple(_PART.split(template))
    plain = all(piece == BASE or _NAMES.fullmatch(piece) for piece in pieces[1::2])
    return pieces if template and plain else None


def _by_sdk(info: Any, base_url: str) -> str:
    # In a dict of its own: the builders share theirs between requests.
    info.path_parameters = {"baseurl": base_url, **info.path_parameters}
    path, mark, query = str(info.url).partition("?")
    parts = (part.partition("=") for part in query.split("&"))
    return path + mark + "&".join(_plain(name) + equals + value for name, equals, value in parts)
