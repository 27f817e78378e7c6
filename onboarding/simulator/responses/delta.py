"""`users/delta`: everybody once, then what changed.

Links are opaque and hold all options ("Use delta query to track changes in Microsoft Graph data"). A token lives
seven days; a link may be used again and then tells the same changes again, with those made since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from onboarding.simulator import odata_filter as odata
from onboarding.simulator.call import Answer, Call, chosen
from onboarding.simulator.errors import GraphError, bad_request, not_modelled, unsupported_query
from onboarding.simulator.models.changes import UPDATED, Change
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.paging import pack, unpack
from onboarding.simulator.responses.properties import DEFAULT_SET, USERS
from onboarding.simulator.responses.user_values import UserValues

_VALID = timedelta(days=7)
#: Objects of a page: not documented, and not to be relied on.
_PAGE = 100
#: Most objects that a filter may name.
_FILTERED = 50
_NAMES, _IDS, _ISSUED, _LOG, _AT, _UNTIL = "names", "ids", "issued", "log", "at", "until"
State = dict[str, Any]


def delta(tenant: Tenant, call: Call) -> Answer:
    """A page with a nextLink, or the last one with a deltaLink."""
    state = _state(tenant, call)
    entries = _initial(tenant, state) if state[_UNTIL] is None else _later(tenant, call, state)
    page: list[dict[str, Any]] = []
    reached, more = state[_AT], False
    for position, entry in entries:
        if len(page) == _PAGE:
            more = True
            break
        reached = position + 1
        if entry is not None:
            page.append(entry)
    body: dict[str, Any] = {"@odata.context": call.context(_fragment(state))}
    if more:
        body["@odata.nextLink"] = call.link({"$skiptoken": pack({**state, _AT: reached})})
    else:
        body["@odata.deltaLink"] = call.link({"$deltatoken": pack(_next_round(tenant, state))})
    return Answer(200, body | {"value": page})


def _fragment(state: State) -> str:
    return f"users({','.join(state[_NAMES])})" if state[_NAMES] is not None else "users"


def _next_round(tenant: Tenant, state: State) -> State:
    """From where the round that ends now began to look at the log."""
    log = state[_LOG] if state[_UNTIL] is None else state[_UNTIL]
    return {**state, _ISSUED: tenant.now().timestamp(), _LOG: log, _AT: 0, _UNTIL: -1}


def _state(tenant: Tenant, call: Call) -> State:
    """What the link holds, or the beginning. 410 for a token older than seven days."""
    token = call.query.get("$skiptoken") or call.query.get("$deltatoken")
    if not token:
        return _beginning(tenant, call)
    if token.lower() == "latest":
        return {**_beginning(tenant, call), _AT: len(tenant.people.in_order)}
    if len(call.query) > 1:
        raise not_modelled("other query options beside a delta token")
    state = unpack(token)
    if not isinstance(state, dict) or _ISSUED not in state:
        raise bad_request("The delta token is invalid.")
    if tenant.now() - datetime.fromtimestamp(state[_ISSUED], UTC) > _VALID:
        raise GraphError(
            410,
            "syncStateNotFound",
            "The delta token has expired: begin again with a full synchronization.",
            headers={"Location": f"{call.root}{call.path}?$deltatoken="},
        )
    # -1: a round begins with this request and ends at what the log holds now.
    return {**state, _UNTIL: _horizon(tenant, state[_LOG])} if state[_UNTIL] == -1 else state


def _horizon(tenant: Tenant, start: int) -> int:
    """How far the log can be told: to the first change of a user who has not replicated yet."""
    entries = tenant.changes.entries
    for position in range(start, len(entries)):
        person = tenant.people.by_id[entries[position].user_id]
        if person.deleted_at is None and not tenant.replicated(person):
            return position
    return len(entries)


def _beginning(tenant: Tenant, call: Call) -> State:
    text = call.query.get("$select")
    names = list(chosen(text, USERS.selectable)) if text is not None else None
    ids = _filtered(call.query["$filter"]) if "$filter" in call.query else None
    issued = tenant.now().timestamp()
    return {_NAMES: names, _IDS: ids, _ISSUED: issued, _LOG: _horizon(tenant, 0), _AT: 0, _UNTIL: None}


def _filtered(text: str) -> list[str]:
    """`id eq '...' or id eq '...'`, 50 at most."""
    ids = []
    nodes = [odata.parse(text)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, odata.Either):
            nodes += [node.right, node.left]
        elif isinstance(node, odata.Compare) and (node.path.lower(), node.op) == ("id", "eq"):
            ids.append(str(node.value).lower())
        else:
            raise unsupported_query("Delta queries filter by id only.")
    if len(ids) > _FILTERED:
        raise unsupported_query(f"Delta queries filter by {_FILTERED} ids at most.")
    return ids


def _initial(tenant: Tenant, state: State) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Live users by their place in the order of creation."""
    people = tenant.people.in_order
    for position in range(state[_AT], len(people)):
        person = people[position]
        if person.deleted_at is None and tenant.replicated(person) and _wanted(state, person.id):
            yield position, _entry(tenant, person, state[_NAMES], None)


def _wanted(state: State, user_id: str) -> bool:
    return state[_IDS] is None or user_id in state[_IDS]


def _later(tenant: Tenant, call: Call, state: State) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Users with changes between two positions of the log, each once, by place."""
    minimal = bool(call.headers.get("prefer"))
    changed: dict[str, list[Change]] = {}
    for change in tenant.changes.entries[state[_LOG] : state[_UNTIL]]:
        changed.setdefault(change.user_id, []).append(change)
    for place, (user_id, changes) in enumerate(changed.items()):
        if place >= state[_AT]:
            yield place, _told(tenant, state, user_id, changes, minimal=minimal)


def _told(
    tenant: Tenant, state: State, user_id: str, changes: list[Change], *, minimal: bool
) -> dict[str, Any] | None:
    """None where nothing that this query tracks has changed."""
    person = tenant.people.by_id[user_id]
    if not _wanted(state, user_id):
        return None
    if person.deleted_at is not None:
        return {"id": user_id, "@removed": {"reason": _reason(tenant, person)}}
    tracked = {name for change in changes for name in change.names}
    whole = any(change.what != UPDATED for change in changes)
    if state[_NAMES] is not None and not whole:
        tracked &= set(state[_NAMES])
        if not tracked:
            return None
    return _entry(tenant, person, state[_NAMES], tracked if minimal and not whole else None)


def _reason(tenant: Tenant, person: Person) -> str:
    """`changed` while it can be restored, then `deleted`."""
    return "changed" if person.restorable(tenant.now()) else "deleted"


def _entry(tenant: Tenant, person: Person, names: list[str] | None, only: set[str] | None) -> dict[str, Any]:
    """Properties that were never set are left out; the id is always there."""
    values = UserValues(tenant, person)
    wanted = names if names is not None else list(DEFAULT_SET)
    shown = {name: values[name] for name in wanted if name in values and (only is None or name in only)}
    return {**shown, "id": person.id}
