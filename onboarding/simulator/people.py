"""People that act by themselves as the virtual clock goes on, for demos and long runs.

A behaviour is a row of steps: how long after the one before, and what. Each person's waits are drawn by the seed and
their object id, so a run repeats itself. What they do goes the way of the control interface (responses/register.py):
effect, audit record, report later.

A step waits a day when the account is disabled, or when Conditional Access guards the registration of security
information and the person has neither a valid pass nor a method to satisfy it with.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from onboarding.simulator.clock import parse_time
from onboarding.simulator.models.crowd import Plan
from onboarding.simulator.models.methods import KINDS
from onboarding.simulator.models.people import ROLES, Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import register


class Step(NamedTuple):
    """`act` some time between `earliest` and `latest` hours after the step before."""

    earliest: float
    latest: float
    act: str
    method: str | None = None


class Behaviour(NamedTuple):
    says: str
    steps: tuple[Step, ...]


_DAY = 24.0
_APP, _PHONE = "microsoftAuthenticatorPush", "mobilePhone"


def _both(earliest: float, latest: float) -> tuple[Step, ...]:
    """What messages steer to: the Authenticator app and one more method."""
    return Step(earliest, latest, "register", _APP), Step(0.02, 0.2, "register", _PHONE)


BEHAVIOURS: Mapping[str, Behaviour] = {
    "prompt": Behaviour("registers on the first day", _both(1, 8)),
    "slow": Behaviour("registers in the second week", _both(6 * _DAY, 12 * _DAY)),
    "cancels": Behaviour(
        "cancels twice, then registers",
        (Step(1, 8, "cancel"), Step(_DAY, 3 * _DAY, "cancel"), *_both(2 * _DAY, 5 * _DAY)),
    ),
    "passkey_only": Behaviour("registers a passkey and nothing else", (Step(1, 30, "register", "fido2"),)),
    "reviews_only": Behaviour(
        "presses 'looks good' on a phone that an administrator added",
        (Step(1, 6, "admin_registers", _PHONE), Step(_DAY, 3 * _DAY, "review")),
    ),
    "helped_by_admin": Behaviour(
        "has an administrator add a phone, and does nothing",
        (Step(_DAY, 2 * _DAY, "admin_registers", _PHONE),),
    ),
    "deletes_later": Behaviour(
        "registers, and deletes it all a week later",
        (
            *_both(1, 8),
            Step(5 * _DAY, 9 * _DAY, "remove", _APP),
            Step(0.02, 0.2, "remove", _PHONE),
        ),
    ),
    "never": Behaviour("does nothing", ()),
    "on_leave": Behaviour("is away for a month, then registers", _both(25 * _DAY, 35 * _DAY)),
}
#: A person who is held back this often gives up.
_PATIENCE = 90
_LATER = timedelta(days=1)


def start(tenant: Tenant, person: Person, name: str | None, begin: datetime | None = None) -> None:
    """From `begin` on (None: now, or the hire date if that is later) the person follows this behaviour; None:
    does nothing more by themselves."""
    crowd = tenant.crowd
    crowd.latest[person.id] = 0
    if name is None:
        crowd.plans.pop(person.id, None)
        return
    crowd.plans[person.id] = Plan(name, 0, None)
    _schedule(tenant, person, begin or max(tenant.now(), _hire_date(person) or tenant.now()))


def _hire_date(person: Person) -> datetime | None:
    text = person.properties.get("employeeHireDate")
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _schedule(tenant: Tenant, person: Person, after: datetime) -> None:
    plan = tenant.crowd.plans[person.id]
    steps = BEHAVIOURS[plan.behaviour].steps
    if plan.step >= len(steps):
        plan.at = None
        return
    step = steps[plan.step]
    chance = random.Random(f"{tenant.seed} {person.id} {plan.behaviour} {plan.step}")
    _queue(tenant, person, after, timedelta(hours=chance.uniform(step.earliest, step.latest)))


def _queue(tenant: Tenant, person: Person, after: datetime, wait: timedelta) -> None:
    crowd = tenant.crowd
    crowd.numbers += 1
    try:
        at = after + wait
    except OverflowError:  # beyond the calendar nothing comes to pass
        crowd.plans[person.id].at = None
        return
    crowd.plans[person.id].at = at
    crowd.latest[person.id] = crowd.numbers
    heapq.heappush(crowd.queue, (at, crowd.numbers, person.id))


def play(tenant: Tenant) -> None:
    """Everything that is due by now, in the order in which it came to pass."""
    crowd = tenant.crowd
    _enrol(tenant)
    now = tenant.now()
    while crowd.queue and crowd.queue[0][0] <= now:
        at, number, key = heapq.heappop(crowd.queue)
        if crowd.latest.get(key) == number:
            _take(tenant, tenant.people.by_id[key], at)
            tenant.unsaved = True


def _enrol(tenant: Tenant) -> None:
    """Users that the app has created since the last look, where the tenant has a default."""
    crowd, everybody = tenant.crowd, tenant.people.in_order
    for person in everybody[crowd.seen :]:
        if person.origin == "graph" and crowd.default is not None and person.id not in crowd.plans:
            start(
                tenant,
                person,
                chosen(tenant, person),
                max(person.created, _hire_date(person) or person.created),
            )
    crowd.seen = len(everybody)


def chosen(tenant: Tenant, person: Person) -> str | None:
    """The default behaviour, or one of the weighted ones by seed and person."""
    default = tenant.crowd.default
    if not isinstance(default, dict):
        return default
    chance = random.Random(f"{tenant.seed} crowd {person.id}")
    return chance.choices(list(default), weights=list(default.values()))[0]


def _take(tenant: Tenant, person: Person, at: datetime) -> None:
    plan = tenant.crowd.plans[person.id]
    step = BEHAVIOURS[plan.behaviour].steps[plan.step]
    if person.deleted_at is not None or plan.held_back > _PATIENCE:
        plan.at = None
        return
    if _held_back(tenant, person, step, at):
        plan.held_back += 1
        _queue(tenant, person, at, _LATER)
        return
    _ACTS[step.act](tenant, person, step.method, at)
    plan.step += 1
    _schedule(tenant, person, at)


def _held_back(tenant: Tenant, person: Person, step: Step, at: datetime) -> bool:
    if step.act == "admin_registers":
        return False
    if not person.properties.get("accountEnabled"):
        return True
    return step.act in ("register", "cancel") and _guarded(tenant, person, at)


def _guarded(tenant: Tenant, person: Person, at: datetime) -> bool:
    """Conditional Access asks for more than the person has: a pass that is valid now, or a method."""
    roles = {ROLES[role][0] if role in ROLES else role for role in person.roles}
    ids = frozenset({person.id, *roles, *(group.id for group in person.groups)})
    if not tenant.entra.guards_registration(ids):
        return False
    granted = person.access_pass
    usable = (
        granted is not None
        and tenant.policy.tap.enabled
        and not (granted.once and granted.used)
        and granted.start <= at < granted.start + timedelta(minutes=granted.minutes)
    )
    return not usable and not any(method.kind.name != "email" for method in person.methods)


def _register(tenant: Tenant, person: Person, method: str | None, at: datetime) -> None:
    register.add(tenant, person, KINDS[str(method)], "user", None, at)


def _admin_registers(tenant: Tenant, person: Person, method: str | None, at: datetime) -> None:
    register.add(tenant, person, KINDS[str(method)], "admin", None, at)


def _remove(tenant: Tenant, person: Person, method: str | None, at: datetime) -> None:
    """Nothing to do where somebody else removed it before."""
    if person.method(str(method)) is not None:
        register.remove(tenant, person, str(method), "user", at)


def _cancel(tenant: Tenant, person: Person, method: str | None, at: datetime) -> None:
    register.cancel(tenant, person, at)


def _review(tenant: Tenant, person: Person, method: str | None, at: datetime) -> None:
    register.review(tenant, person, at)


_ACTS: Mapping[str, Callable[[Tenant, Person, str | None, datetime], None]] = {
    "register": _register,
    "admin_registers": _admin_registers,
    "remove": _remove,
    "cancel": _cancel,
    "review": _review,
}


def described() -> list[dict[str, Any]]:
    """Every behaviour as the control interface shows it; hours."""
    return [
        {"name": name, "says": behaviour.says, "steps": [step._asdict() for step in behaviour.steps]}
        for name, behaviour in BEHAVIOURS.items()
    ]
