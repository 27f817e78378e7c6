"""The parts of an address. `users('id')` is `users/id` (user-get, for names that begin with `$`)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

_KEYED = re.compile(r"([A-Za-z.]+)\('((?:[^']|'')*)'\)")


class Segment(NamedTuple):
    """One part of a path, decoded. `key`: written in brackets and quotes."""

    text: str
    key: bool = False


def segments(path: str) -> list[Segment]:
    """The parts of a percent-encoded path, empty ones at its end left out."""
    found: list[Segment] = []
    for part in path.strip("/").split("/"):
        text = unquote(part)
        if keyed := _KEYED.fullmatch(text):
            found += [Segment(keyed[1]), Segment(keyed[2].replace("''", "'"), key=True)]
        else:
            found.append(Segment(text))
    return found
