"""The control interface over people that act by themselves."""

from __future__ import annotations

from typing import Any

from onboarding.simulator import people
from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import parse_time, to_micros
from onboarding.simulator.errors import ControlError
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.people import body_of, check_keys, find


def _shown(tenant: Tenant, person: Person) -> dict[str, Any]:
    plan = tenant.crowd.plans.get(person.id)
    if plan is None:
        return {"id": person.id, "name": None, "next": None}
    steps = people.BEHAVIOURS[plan.behaviour].steps
    following = None
    if plan.at is not None:
        step = steps[plan.step]
        following = {"act": step.act, "method": step.method, "at": to_micros(plan.at)}
    return {"id": person.id, "name": plan.behaviour, "next": following}


def get_behaviour(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, _shown(tenant, find(tenant, call)))


def set_behaviour(tenant: Tenant, call: Call) -> Answer:
    """{"name": behaviour or null, "from": RFC 3339, default now or the later hire date}."""
    body = body_of(call, "behaviour")
    check_keys(body, {"name", "from"}, "behaviour")
    name = body.get("name")
    if "name" not in body or not (name is None or (isinstance(name, str) and name in people.BEHAVIOURS)):
        raise ControlError(f"behaviour: name is null or one of {', '.join(people.BEHAVIOURS)}")
    begin = None
    if "from" in body:
        try:
            begin = max(tenant.now(), parse_time(body["from"]))
        except (ValueError, TypeError, AttributeError):
            raise ControlError("behaviour: from is RFC 3339 with an offset") from None
    person = find(tenant, call)
    people.start(tenant, person, name, begin)
    return Answer(200, _shown(tenant, person))


def get_behaviours(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, {"default": tenant.crowd.default, "items": people.described()})


def set_behaviours(tenant: Tenant, call: Call) -> Answer:
    """{"default": behaviour | {behaviour: weight} | null}: of users that the app creates from now on."""
    body = body_of(call, "behaviours")
    check_keys(body, {"default"}, "behaviours")
    default = body.get("default")
    weights = default if isinstance(default, dict) else {str(default): 1}
    known = default is None or all(name in people.BEHAVIOURS for name in weights)
    if "default" not in body or not known or not all(_weight(value) for value in weights.values()):
        raise ControlError(
            f"behaviours: default is null, one of {', '.join(people.BEHAVIOURS)}, or an object of these with weights"
        )
    if not weights or sum(weights.values()) <= 0:
        raise ControlError("behaviours: some weight must be more than 0")
    tenant.crowd.default = default
    return get_behaviours(tenant, call)


def _weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1_000_000
