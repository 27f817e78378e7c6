"""The URL of a request that the SDK's builders made: its template expanded (RFC 6570), as the SDK would.

The SDK walks a template of some hundred characters one by one, at each request. Its templates have three kinds of
parts, `{+baseurl}`, `{name}` and `{?name,name}`; what is unlike that, or has a value that is neither text, number nor a
list of texts, is left to the SDK.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

_PART = re.compile(r"\{([^{}]*)\}")
_NAMES = re.compile(r"\??[\w%]+(?:,[\w%]+)*", re.ASCII)
BASE = "+baseurl"
#: Pieces in turn: text, and names between braces.
_Pieces = tuple[str, ...]


def expand(info: Any, base_url: str) -> str:
    """The URL of a RequestInformation. `base_url` fills `{+baseurl}` as it is."""
    pieces = _pieces(info.url_template or "")
    if pieces is None or info.RAW_URL_KEY in info.path_parameters:
        return _by_sdk(info, base_url)
    made: list[str] = []
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            made.append(piece)
        elif piece == BASE:
            made.append(base_url)
        elif piece.startswith("?"):
            query = _query(piece[1:].split(","), info.query_parameters)
            if query is None:
                return _by_sdk(info, base_url)
            made.append(query)
        else:
            value = info.path_parameters.get(piece)
            if not isinstance(value, str):
                return _by_sdk(info, base_url)
            made.append(quote(value, safe=""))
    return "".join(made)


def _query(names: list[str], given: dict[str, Any]) -> str | None:
    """`?name=value&…` in the template's order; None: not ours to write."""
    pairs = []
    for name in names:
        value = given.get(name)
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
def _pieces(template: str) -> _Pieces | None:
    pieces = tuple(_PART.split(template))
    plain = all(piece == BASE or _NAMES.fullmatch(piece) for piece in pieces[1::2])
    return pieces if template and plain else None


def _by_sdk(info: Any, base_url: str) -> str:
    # In a dict of its own: the builders share theirs between requests.
    info.path_parameters = {"baseurl": base_url, **info.path_parameters}
    return str(info.url)
