"""Members of groups: listed, added, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.directory_query import PAGE, fragment
from onboarding.simulator.errors import bad_reference, bad_request, resource_not_found
from onboarding.simulator.models import audit
from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.paging import pack, unpack
from onboarding.simulator.responses import properties
from onboarding.simulator.responses.group_access import may_change, may_choose, must_see
from onboarding.simulator.responses.group_values import DEFAULT_SET, GROUPS, values
from onboarding.simulator.responses.references import address, referenced
from onboarding.simulator.responses.users import tagged

#: Most relationships in one request.
MOST = 20
_SELECTABLE = properties.USERS.selectable | GROUPS.selectable
Member = Person | Group


def by_id(tenant: Tenant, key: str) -> Member | None:
    """A user, deleted ones included, or a group."""
    return tenant.people.by_id.get(key) or tenant.groups.get(key)


def _live(tenant: Tenant, key: str) -> Member | None:
    return tenant.people.get(key) or tenant.groups.get(key)


def _resolved(tenant: Tenant, call: Call, kind: str, key: str) -> Member:
    """404 for an object that is not there; 404 or 400, as the policy says, while it has not replicated."""
    found = _live(tenant, key)
    fits = {"users": Person, "groups": Group}.get(kind)
    if found is None or (fits is not None and not isinstance(found, fits)):
        raise resource_not_found(key)
    if not tenant.replicated(found, call.lag):
        if tenant.policy.unreplicated_reference == "bad_request":
            raise bad_reference()
        raise resource_not_found(key)
    return found


def bound(tenant: Tenant, call: Call, addresses: Any) -> list[Member]:
    """The objects of an `@odata.bind`, each once. 400 for what is no list of addresses or longer than 20."""
    if not isinstance(addresses, list) or not all(isinstance(text, str) for text in addresses):
        raise bad_request("The value of an @odata.bind is a collection of addresses.")
    if len(addresses) > MOST:
        raise bad_request(f"A maximum of {MOST} references can be added in one request.")
    found = [_resolved(tenant, call, *address(tenant, text)) for text in addresses]
    return list({member.id: member for member in found}.values())


def newcomers(tenant: Tenant, call: Call, group: Group, addresses: Any) -> list[Member]:
    """Who would join. 400 when one of them is in already."""
    if not addresses:
        raise bad_request("The value of an @odata.bind is a collection of addresses.")
    joining = bound(tenant, call, addresses)
    for member in joining:
        _may_join(group, member)
    return joining


def _may_join(group: Group, member: Member) -> None:
    if member.id in group.members:
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    if member is group or (isinstance(member, Group) and group.assignable):
        # A role-assignable group holds no groups ("Use Microsoft Entra groups to manage role assignments").
        raise bad_request("The object cannot be a member of this group.")


def join(tenant: Tenant, group: Group, member: Member) -> None:
    """With its audit record where the member is a person."""
    now = tenant.now()
    tenant.groups.join(group, member, now + timedelta(seconds=tenant.policy.member_lag_seconds))
    _record(tenant, group, member, "Add member to group")


def _record(tenant: Tenant, group: Group, member: Member, activity: str) -> None:
    if isinstance(member, Person):
        change = audit.modified("Group.ObjectID", None, group.id)
        tenant.audit.add(
            tenant.now(), audit.DIRECTORY, activity, actor=tenant.app, target=member, changes=[change]
        )


def add_member(tenant: Tenant, call: Call) -> Answer:
    kind, key = referenced(tenant, call.json_object())
    group = must_see(tenant, call)
    may_change(tenant, group)
    may_choose(group)
    member = _resolved(tenant, call, kind, key)
    _may_join(group, member)
    join(tenant, group, member)
    return Answer(204)


def remove_member(tenant: Tenant, call: Call) -> Answer:
    group = must_see(tenant, call)
    may_change(tenant, group)
    may_choose(group)
    member = by_id(tenant, call.params["member_id"].lower())
    if member is None or member.id not in group.members:
        raise resource_not_found(call.params["member_id"])
    tenant.groups.leave(group, member)
    _record(tenant, group, member, "Remove member from group")
    return Answer(204)


def _seen(tenant: Tenant, call: Call, group: Group) -> Iterator[Member]:
    """Direct members as reads see them."""
    now = tenant.now()
    for key, visible_at in group.members.items():
        member = _live(tenant, key)
        if member is not None and visible_at <= now and tenant.replicated(member, call.lag):
            yield member


def _all_seen(tenant: Tenant, call: Call, group: Group) -> Iterator[Member]:
    """Direct and nested ones, each once."""
    met, waiting = {group.id}, [group]
    while waiting:
        for member in _seen(tenant, call, waiting.pop(0)):
            if member.id not in met:
                met.add(member.id)
                yield member
                if isinstance(member, Group):
                    waiting.append(member)


def list_members(tenant: Tenant, call: Call) -> Answer:
    return _listed(tenant, call, _seen(tenant, call, must_see(tenant, call)))


def list_transitive_members(tenant: Tenant, call: Call) -> Answer:
    return _listed(tenant, call, _all_seen(tenant, call, must_see(tenant, call)))


def _listed(tenant: Tenant, call: Call, found: Iterator[Member]) -> Answer:
    names = call.selected(_SELECTABLE, ())

    def render(member: Member) -> dict[str, Any]:
        if isinstance(member, Person):
            return tagged(tenant, member, _own(names, properties.USERS.selectable) or properties.DEFAULT_SET)
        return tagged_group(member, _own(names, GROUPS.selectable) or DEFAULT_SET)

    return paged(call, list(found), names, render)


def _own(names: tuple[str, ...], selectable: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in selectable)


def tagged_group(group: Group, names: Iterable[str]) -> dict[str, Any]:
    """A group among directory objects names its type."""
    return {"@odata.type": "#microsoft.graph.group", **GROUPS.shown(values(group), names)}


class Identified(Protocol):
    """What a page can hold."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)


def paged(
    call: Call, found: Sequence[T], names: Iterable[str], render: Callable[[T], dict[str, Any]]
) -> Answer:
    """A page of directory objects in their order; `names`: the selected properties. The token holds the id
    reached and its place, for the case that it has left by then."""
    size, token = call.top(PAGE), call.query.get("$skiptoken")
    start = 0
    if token is not None:
        reached = unpack(token)
        if not (isinstance(reached, list) and len(reached) == 2 and isinstance(reached[0], str)):
            raise bad_request("Skip token is invalid.")
        places = [place for place, entry in enumerate(found) if entry.id == reached[0]]
        start = places[0] + 1 if places else reached[1]
    page = found[start : start + size]
    body: dict[str, Any] = {"@odata.context": call.context(fragment(call, "directoryObjects", names))}
    if call.eventual and call.counts and token is None:
        body["@odata.count"] = len(found)
    if start + size < len(found):
        body["@odata.nextLink"] = call.next_link(pack([page[-1].id, start + size]))
    return Answer(200, body | {"value": [render(entry) for entry in page]})
