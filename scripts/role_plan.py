"""Which roles an identity has, which it needs, and what has to change. Pure: no request is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from scripts import permissions


class State(StrEnum):
    """What became of one role, as it is printed."""

    ALREADY = "already"
    WOULD_GRANT = "would grant"
    GRANTED = "granted"
    MISSING = "missing in tenant"
    NOT_NEEDED = "not needed"
    WOULD_REVOKE = "would revoke"
    REVOKED = "revoked"
    FORBIDDEN = "forbidden in Entra"


#: What a real run would still do.
OPEN = frozenset({State.WOULD_GRANT, State.WOULD_REVOKE})


@dataclass(slots=True)
class Row:
    """One role of the table."""

    role: str
    id: str
    state: State
    #: The calls that need it.
    why: str
    note: str = ""
    #: Ids of the assignments that exist.
    assignments: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "role": self.role,
            "id": self.id or None,
            "state": str(self.state),
            "why": self.why or None,
            "note": self.note or None,
        }


@dataclass(slots=True)
class Plan:
    """The table, and why nothing may be written, if so."""

    rows: list[Row] = field(default_factory=list)
    #: Reasons to refuse, each a sentence that says what to do.
    refusals: list[str] = field(default_factory=list)

    @property
    def changes(self) -> list[Row]:
        return [row for row in self.rows if row.state in OPEN]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller asked for."""

    features: Sequence[str]
    reads_only: bool = False
    allow_broad: bool = False
    accept_ids: bool = False
    revoke_unneeded: bool = False


def app_roles(service_principal: Mapping[str, Any]) -> dict[str, str]:
    """Role name → id, of the roles that an application can hold in this tenant.

    Learn "appRole resource type": `allowedMemberTypes` holds Application, and `isEnabled` is true.
    """
    return {
        str(role["value"]): str(role["id"]).lower()
        for role in service_principal.get("appRoles") or ()
        if role.get("value")
        and role.get("isEnabled") is not False
        and "Application" in (role.get("allowedMemberTypes") or ())
    }


def make(tenant_roles: Mapping[str, str], held: Iterable[Mapping[str, Any]], wishes: Wishes) -> Plan:
    """The plan. `tenant_roles`: `app_roles` of Graph; `held`: the identity's assignments of Graph's roles."""
    plan = Plan()
    calls = permissions.calls_of(wishes.features, reads_only=wishes.reads_only)
    ids: dict[str, list[str]] = {}
    for assignment in held:
        ids.setdefault(str(assignment["appRoleId"]).lower(), []).append(str(assignment["id"]))
    for role in _wanted(tenant_roles, calls, wishes, plan):
        role_id = _tenant_id(role, tenant_roles, wishes, plan)
        existing = tuple(ids.pop(role_id, ()))
        state = State.ALREADY if existing else State.WOULD_GRANT
        if role not in tenant_roles:
            state = State.MISSING
        why = "; ".join(call.request for call in permissions.reasons(role, calls))
        plan.rows.append(Row(role, role_id, state, why, _instead(role, tenant_roles), existing))
    names = {role_id: name for name, role_id in tenant_roles.items()}
    for role_id, existing_ids in sorted(ids.items(), key=lambda item: names.get(item[0], "~")):
        _left_over(names.get(role_id, "unknown role"), role_id, existing_ids, wishes, plan)
    return plan


def _wanted(
    tenant_roles: Mapping[str, str], calls: Iterable[permissions.GraphCall], wishes: Wishes, plan: Plan
) -> list[str]:
    """Least roles, with the broad one in place of a granular one that the tenant lacks, where that is allowed."""
    wanted = set(permissions.least(call.role for call in calls))
    for granular, broad in permissions.FALLBACK.items():
        if granular not in wanted or granular in tenant_roles:
            continue
        if wishes.allow_broad:
            wanted = (wanted - {granular}) | {broad}
        else:
            plan.refusals.append(
                f"This tenant does not have the role {granular}. Leave the feature out (--without access-pass,"
                f" ONBOARDING_FIRST_CREDENTIAL=none), or say --allow-broad: then {broad} is granted, which may"
                " also change everybody's phone numbers and other sign-in methods."
            )
    return permissions.least(wanted)


def _tenant_id(role: str, tenant_roles: Mapping[str, str], wishes: Wishes, plan: Plan) -> str:
    known = permissions.ROLES[role].id
    found = tenant_roles.get(role)
    if found is None:
        if role not in permissions.FALLBACK:
            plan.refusals.append(f"This tenant does not have the role {role}: is this cloud supported?")
        return known
    if found != known and not wishes.accept_ids:
        plan.refusals.append(
            f"{role} has the id {found} in this tenant, and {known} in Microsoft's list: look why, and say"
            " --accept-ids if the tenant is right."
        )
    return found


def _instead(role: str, tenant_roles: Mapping[str, str]) -> str:
    missing = [name for name, broad in permissions.FALLBACK.items() if broad == role]
    return f"broad: in place of {', '.join(missing)}, which this tenant does not have" if missing else ""


def _left_over(name: str, role_id: str, existing: list[str], wishes: Wishes, plan: Plan) -> None:
    """A role that is held and that no feature needs."""
    forbidden = name.startswith(permissions.FORBIDDEN_PREFIX)
    state = State.FORBIDDEN if forbidden else State.NOT_NEEDED
    if wishes.revoke_unneeded:
        state = State.WOULD_REVOKE
    elif forbidden:
        plan.refusals.append(
            f"{name} is granted in Entra. It reaches every mailbox of the tenant and adds to what Exchange grants,"
            " so the scope to one sender would mean nothing. Remove it (--revoke-unneeded), and grant it in"
            " Exchange: scripts/exchange_sender.py."
        )
    note = "reaches every mailbox" if forbidden else "no feature that is on needs it"
    plan.rows.append(Row(name, role_id, state, "", note, tuple(existing)))
