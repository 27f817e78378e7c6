"""A SCIM resource in one shape: attribute names lower case, extensions apart, PATCH operations laid into a resource.

RFC 7643, 2.1: attribute names are not told apart by case. RFC 7644, 3.5.2: PATCH. A patch is read as the resource that
it says; what it removes is null there (RFC 7643, 2.5). One entry of several that is removed is passed over, but for a
telephone number (`phones_changed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from onboarding.intake.payload import MAX_DEPTH, Payload, Unreadable

ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"
CORE_URN = "urn:ietf:params:scim:schemas:core:2.0:user:"
#: Where the Enterprise User's attributes, and those of all other extensions, stand in the one shape.
ENTERPRISE, EXTENSIONS = "enterprise", "extensions"
PHONES = "phonenumbers"

#: `name.givenName`, `emails[type eq "work"].value`, `urn:…:User:department`.
_PATH = re.compile(
    r"""(?P<name>[A-Za-z][A-Za-z0-9_$-]{0,99})
        (?:\[\s*type\s+eq\s+"(?P<type>[^"\\]{1,40})"\s*\])?
        (?:\.(?P<sub>[A-Za-z$][A-Za-z0-9_$-]{0,99}))?""",
    re.VERBOSE | re.IGNORECASE,
)
_URN_PATH = re.compile(r"(?P<urn>urn:[A-Za-z0-9:._-]{1,200}):(?P<rest>[A-Za-z][^:]{0,200})", re.IGNORECASE)


def as_payload(said: Payload | None) -> Payload:
    """The one shape of a resource; an empty one for none. Raises Unreadable for a name given twice."""
    if said is None:
        return Payload({})
    found: dict[str, Any] = {}
    extensions: dict[str, Any] = {}
    for key, value in said.value.items():
        name, lowered = key.lower(), _lowered(value, said.path, 1)
        if name == ENTERPRISE_URN:
            _put(found, ENTERPRISE, lowered, said.path)
        elif name.startswith("urn:"):
            _put(extensions, name, lowered, said.path)
        else:
            _put(found, name, lowered, said.path)
    return Payload({**found, EXTENSIONS: extensions or None}, said.path)


def _put(into: dict[str, Any], name: str, value: Any, path: str) -> None:
    if name in into:
        raise Unreadable("duplicate_key", path)
    into[name] = value


def _lowered(value: Any, path: str, depth: int) -> Any:
    """Keys lower case, to the depth that the door takes."""
    if depth > MAX_DEPTH:
        raise Unreadable("too_deep", path)
    if isinstance(value, list):
        return [_lowered(item, path, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, inner in value.items():
        _put(found, key.lower(), _lowered(inner, path, depth + 1), path)
    return found


def places(said: Payload, path: str | None, names: frozenset[str]) -> Iterator[tuple[Payload, str]]:
    """Where an attribute may stand: at `path` (`urn:…:User:HireDate`, `hireDate`); without one, in whatever extension
    has one of the names (lower case), the Enterprise User last.

    RFC 7643, 3.3: attributes of the core urn stand in the resource itself, those of all others under their urn.
    """
    if path is not None:
        urn, _, name = path.lower().rpartition(":")
        if f"{urn}:" in {":", CORE_URN}:
            yield said, name
        if urn and (place := _extension(said, urn)) is not None:
            yield place, name
        return
    for urn in (*(said.optional_object(EXTENSIONS) or ()), ENTERPRISE_URN):
        place = _extension(said, urn)
        yield from ((place, name) for name in place or () if place is not None and name in names)


def _extension(said: Payload, urn: str) -> Payload | None:
    """One extension's attributes. Its urn holds dots, which a path would take for steps."""
    if urn == ENTERPRISE_URN:
        return said.optional_object(ENTERPRISE)
    found = said.optional_object(EXTENSIONS)
    value = found.value.get(urn) if found is not None else None
    if value is not None and not isinstance(value, dict):
        raise Unreadable("expected_object", said.place(EXTENSIONS))
    return Payload(value, said.place(EXTENSIONS)) if value is not None else None


# --- PATCH ---------------------------------------------------------------------------------------------------


def patched(said: Payload) -> Payload:
    """The resource that a PatchOp speaks of: `externalId`, `id` and `meta` beside the operations, and what they set."""
    resource: dict[str, Any] = {}
    for key in ("schemas", "externalId", "id", "meta"):
        if said.has(key):
            resource[key] = said.raw(key)
    for item in said.items("Operations"):
        op, path, value = item.text("op").lower(), item.optional_text("path"), item.raw("value")
        if op not in {"add", "replace", "remove"}:
            raise Unreadable("unknown_value", item.place("op"))
        if op == "remove":
            _remove(resource, path, item)
        elif path is None:
            _merge(resource, value, item)
        else:
            _set(resource, path, value, item)
    return Payload(resource, said.path)


def phones_changed(said: Payload) -> frozenset[str] | None:
    """Types (lower case) of the telephone numbers that a PatchOp replaces or removes; numbers of other types stay.

    None: it says all numbers, or nothing of them. RFC 7644, 3.5.2.1: `add` to a list adds to it.
    """
    types: set[str] = set()
    touched = False
    for op, path in _changes(said):
        parts = _PATH.fullmatch(_within_core(path))
        if parts is None or parts["name"].lower() != PHONES:
            continue
        if parts["type"] is None and op != "add":
            return None
        touched = True
        if parts["type"] is not None and (parts["sub"] or "value").lower() == "value":
            types.add(parts["type"].lower())
    return frozenset(types) if touched else None


def _changes(said: Payload) -> Iterator[tuple[str, str]]:
    """Operation and path of everything that a PatchOp changes."""
    for item in said.items("Operations"):
        path, value = item.optional_text("path"), item.raw("value")
        for place in [path] if path else value if isinstance(value, dict) else ():
            yield item.text("op").lower(), place


def _within_core(path: str) -> str:
    return path[len(CORE_URN) :] if path.lower().startswith(CORE_URN) else path


def _remove(resource: dict[str, Any], path: str | None, item: Payload) -> None:
    if path is not None and "[" not in path:
        _set(resource, path, None, item)


def _merge(resource: dict[str, Any], value: Any, item: Payload) -> None:
    """Without a path the value holds attributes (RFC 7644, 3.5.2.1); Entra writes paths as its keys."""
    if not isinstance(value, dict):
        raise Unreadable("expected_object", item.place("value"))
    for key, inner in value.items():
        if key.lower().startswith("urn:") and isinstance(inner, dict):
            _into(resource, key, item).update(inner)
        else:
            _set(resource, key, inner, item)


def _set(resource: dict[str, Any], path: str, value: Any, item: Payload) -> None:
    path = _within_core(path)
    if (found := _URN_PATH.fullmatch(path)) is not None:
        resource, path = _into(resource, found["urn"], item), found["rest"]
    parts = _PATH.fullmatch(path)
    if parts is None:
        return  # a filter that we do not read: nothing of it is mapped
    name, sub = parts["name"], parts["sub"]
    if parts["type"] is not None:
        _set_typed(resource, name, parts["type"], sub, value, item)
    elif sub is not None:
        _into(resource, name, item)[sub] = value
    elif (
        isinstance(value, list) and isinstance(resource.get(name), list) and item.text("op").lower() == "add"
    ):
        resource[name] = [*resource[name], *value]
    else:
        resource[name] = value


def _set_typed(
    resource: dict[str, Any], name: str, kind: str, sub: str | None, value: Any, item: Payload
) -> None:
    """One entry of a multi-valued attribute, by its type."""
    entries = resource.setdefault(name, [])
    if not isinstance(entries, list):
        raise Unreadable("expected_list", item.place("path"))
    for entry in entries:
        if isinstance(entry, dict) and str(entry.get("type", "")).lower() == kind.lower():
            break
    else:
        entry = {"type": kind}
        entries.append(entry)
    entry.update({sub: value} if sub is not None else value if isinstance(value, dict) else {})


def _into(resource: dict[str, Any], name: str, item: Payload) -> dict[str, Any]:
    found = resource.setdefault(name, {})
    if not isinstance(found, dict):
        raise Unreadable("expected_object", item.place("path"))
    return found
