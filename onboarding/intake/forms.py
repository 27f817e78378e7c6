"""Form-encoded bodies whose names carry brackets, as PHP writes them: `data[changedFields][0]=firstName`.

`read_form` gives the same `Payload` as the JSON form of the same event would, or raises `Unreadable`. Every value
is text. Names that are all digits make a list, in the order of the digits. The URL Standard has no such brackets;
what they mean is PHP's (https://www.php.net/manual/en/language.variables.external.php).
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from onboarding.intake.payload import Payload, Unreadable, read_json

FORM = "application/x-www-form-urlencoded"
#: Most fields of one body. The largest that is taken holds about 6,400 of BambooHR's shortest, which are empty ones; a
#: body of this many keeps a worker busy for about half a second at worst.
MAX_FIELDS = 7000
#: More levels than any event has.
MAX_LEVELS = 8

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM


def form_pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values as they were sent. Raises Unreadable."""
    try:
        text = body.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise Unreadable("not_utf8", "$") from None
    except ValueError:
        raise Unreadable("too_many_fields", "$") from None


def parts(name: str) -> list[str]:
    """`data[changedFields][0]` → `data`, `changedFields`, `0`. Raises Unreadable for unbalanced brackets."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise Unreadable("not_a_form", "$")
    return [found[1], *_PART.findall(found[2])]


def read_form(body: bytes) -> Payload:
    """The object that the form describes. Raises Unreadable; nothing else, whatever the bytes are."""
    tree: dict[str, Any] = {}
    for name, value in form_pairs(body):
        _put(tree, parts(name), value)
    if not tree:
        raise Unreadable("not_a_form", "$")
    # What JSON texts are refused for (NUL, depth) holds here too.
    return read_json(json.dumps(_listed(tree)).encode())


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    if len(path) > MAX_LEVELS:
        raise Unreadable("too_deep", "$")
    *above, last = path
    for key in above:
        tree = tree.setdefault(_key(tree, key), {})
        if not isinstance(tree, dict):
            raise Unreadable("duplicate_key", "$")
    last = _key(tree, last)
    if last in tree:
        raise Unreadable("duplicate_key", "$")
    tree[last] = value


def _key(tree: dict[str, Any], key: str) -> str:
    """`[]` is the next place of a list."""
    return key if key else str(len(tree))


def _listed(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isascii() and key.isdigit() and len(key) < 10 for key in tree):
        return [_listed(tree[key]) for key in sorted(tree, key=int)]
    return {key: _listed(inner) for key, inner in tree.items()}
