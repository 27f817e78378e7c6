"""Reading users: one, a page of many, only their number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from onboarding.simulator import odata_filter as odata
from onboarding.simulator.call import Answer, Call
from onboarding.simulator.directory_query import (
    Expansion,
    Query,
    Row,
    counted,
    expanded,
    fragment,
    listed,
)
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.properties import DEFAULT_SET, USERS
from onboarding.simulator.responses.user_values import UserValues, shown
from onboarding.simulator.responses.users import manager_of, must_see, tagged

#: Properties with an index: the usual look-ups do not go through everybody.
_INDEXED = {"employeeid": "employeeId", "mail": "mail", "userprincipalname": "userPrincipalName"}


def get_user(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(USERS.selectable, DEFAULT_SET)
    expansion = expanded(call, "manager", USERS)
    person = must_see(tenant, call)
    context = fragment(call, "users", names, _expansion(expansion)) + "/$entity"
    found = shown(tenant, person, names)
    chain = _managers(tenant, call, person, expansion)
    return Answer(200, {"@odata.context": call.context(context), **found, **chain})


def _expansion(expansion: Expansion | None) -> str:
    if expansion is None:
        return ""
    return f"manager({','.join(expansion.names) if expansion.chosen else ''})"


def _managers(tenant: Tenant, call: Call, person: Person, expansion: Expansion | None) -> dict[str, Any]:
    """The expanded manager, and theirs, as many levels as asked for; nothing where there is none."""
    if expansion is None:
        return {}
    chain: list[Person] = []
    last = person
    while len(chain) < expansion.levels:
        manager = manager_of(tenant, call, last)
        if manager is None or manager is person or manager in chain:
            break
        chain.append(last := manager)
    found: dict[str, Any] = {}
    for manager in reversed(chain):
        found = {"manager": {**tagged(tenant, manager, expansion.names), **found}}
    return found


def list_users(tenant: Tenant, call: Call) -> Answer:
    query = Query.of(call, USERS)
    expansion = expanded(call, "manager", USERS)

    def show(row: Row) -> dict[str, Any]:
        found, values = USERS.shown(row[1], query.names), row[1]
        if not isinstance(values, UserValues):
            return found
        return {**found, **_managers(tenant, call, values.person, expansion)}

    context = fragment(call, "users", query.names, _expansion(expansion))
    return listed(call, USERS, query, rows(tenant, call, query.node), context, show)


def count_users(tenant: Tenant, call: Call) -> Answer:
    return counted(call, USERS, rows(tenant, call))


def rows(tenant: Tenant, call: Call, node: odata.Node | None = None) -> Iterator[Row]:
    """Live users as this request sees them, in the order of creation."""
    if call.eventual:
        yield from _indexed(tenant, call)
        return
    for position, person in _candidates(tenant, node):
        if person.deleted_at is None and tenant.replicated(person, call.lag):
            yield position, UserValues(tenant, person)


def _candidates(tenant: Tenant, node: odata.Node | None) -> Iterator[tuple[int, Person]]:
    """Everybody, or those that an index finds for a filter of one `eq`, or of some with `or` between them."""
    found = _found(tenant, node)
    if found is None:
        yield from enumerate(tenant.people.in_order)
        return
    yield from ((place, found[place]) for place in sorted(found))


def _found(tenant: Tenant, node: odata.Node | None) -> dict[int, Person] | None:
    """By position; None: no index helps."""
    if isinstance(node, odata.Either):
        left, right = _found(tenant, node.left), _found(tenant, node.right)
        return None if left is None or right is None else left | right
    if not isinstance(node, odata.Compare) or node.op != "eq" or not isinstance(node.value, str):
        return None
    name = _INDEXED.get(node.path.lower())
    if name is None:
        return None
    return {person.position: person for person in tenant.people.find(name, node.value)}


def _indexed(tenant: Tenant, call: Call) -> Iterator[Row]:
    """The separate index of advanced queries: everything as it was `index_lag_seconds` ago."""
    at = tenant.now() - timedelta(seconds=tenant.policy.index_lag_seconds)
    for position, person in enumerate(tenant.people.in_order):
        gone = person.deleted_at is not None and person.deleted_at <= at
        seen = person.visible_at <= at and person.created + timedelta(seconds=call.lag) <= at
        if seen and not gone and person.purged_at is None:
            yield position, UserValues(tenant, person, _as_of(person, at))


def _as_of(person: Person, at: datetime) -> dict[str, Any]:
    return next((stored for ended, stored in person.past if ended > at), person.properties)
