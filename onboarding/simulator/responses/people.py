"""The control interface over people: who exists, and what they, administrators and apps do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import parse_time, to_micros, to_seconds
from onboarding.simulator.errors import ControlError
from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.methods import ACCESS_PASS, KINDS, AccessPass, Method
from onboarding.simulator.models.people import ROLES, Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import properties as rules
from onboarding.simulator.responses import register, resets
from onboarding.simulator.responses.directory_control import put_group
from onboarding.simulator.responses.passes import pass_json
from onboarding.simulator.responses.users import remove

_PLAIN = rules.READABLE - {"id", "createdDateTime", "deletedDateTime"}
_BODY = _PLAIN | {"id", "createdDateTime", "roles", "deleted", "groups", "methods", "manager"}
_ACTORS = ("user", "admin", "app")
_AGE = timedelta(days=400)


def check_keys(body: dict[str, Any], known: frozenset[str] | set[str], what: str) -> None:
    """400 for a key that is not known: nothing is ever ignored."""
    if unknown := sorted(set(body) - known):
        raise ControlError(f"{what}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


def body_of(call: Call, what: str) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise ControlError(f"{what}: the body is a JSON object")
    return call.body


def find(tenant: Tenant, call: Call) -> Person:
    """By object id, deleted ones included, or UPN."""
    key = call.params["id"]
    person = tenant.people.get(key) or tenant.people.by_id.get(key.lower())
    if person is None:
        raise ControlError(f"users: there is no {key!r}", status=404)
    return person


def shown(tenant: Tenant, person: Person) -> dict[str, Any]:
    """Everything about a person, with what Graph never tells (who added a method)."""
    methods: list[dict[str, Any]] = [
        {
            "method": method.kind.name,
            "id": method.id,
            "value": method.value,
            "actor": method.actor,
            "createdDateTime": to_micros(method.created),
        }
        for method in person.methods
    ]
    if person.access_pass is not None:
        granted = pass_json(tenant, person.access_pass)
        methods.append({"method": ACCESS_PASS, "actor": person.access_pass.actor, "value": None, **granted})
    return {
        "id": person.id,
        **person.properties,
        "deleted": person.deleted_at is not None,
        "origin": person.origin,
        "manager": person.manager_id,
        "roles": person.roles,
        "groups": [
            {"id": g.id, "displayName": g.name, "isAssignableToRole": g.assignable} for g in person.groups
        ],
        "methods": methods,
    }


def list_people(tenant: Tenant, call: Call) -> Answer:
    """Everybody but the furniture (mailboxes and the administrator that every tenant starts with)."""
    return Answer(200, {"items": [shown(tenant, p) for p in tenant.people.in_order if p.origin != "tenant"]})


def get_person(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, shown(tenant, find(tenant, call)))


def put_people(tenant: Tenant, call: Call) -> Answer:
    """One object: 201 for a new person, 200 for changes to a live one with that userPrincipalName. A list
    of objects does the same for many and answers {"items"}. All or none."""
    if isinstance(call.body, list):
        if not all(isinstance(entry, dict) for entry in call.body):
            raise ControlError("users: a list holds objects")
        for entry in call.body:
            _check(tenant, entry)
        people = [_put(tenant, entry)[0] for entry in call.body]
        return Answer(201, {"items": [shown(tenant, person) for person in people]})
    body = body_of(call, "users")
    _check(tenant, body)
    person, is_new = _put(tenant, body)
    return Answer(201 if is_new else 200, shown(tenant, person))


def _check(tenant: Tenant, body: dict[str, Any]) -> None:
    check_keys(body, _BODY, "users")
    upn = body.get("userPrincipalName")
    if not isinstance(upn, str) or "@" not in upn:
        raise ControlError("users: userPrincipalName is required")
    roles = body.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(r, str) and (r in ROLES or "-" in r) for r in roles):
        raise ControlError(f"users: roles are template ids or some of: {', '.join(ROLES)}")
    for name in ("deleted", "accountEnabled", "onPremisesSyncEnabled"):
        if not isinstance(body.get(name, False), bool | None):
            raise ControlError(f"users: {name} is true or false")
    if "createdDateTime" in body:
        _time(body["createdDateTime"])
    if (manager := body.get("manager")) is not None and tenant.people.get(str(manager)) is None:
        raise ControlError("users: manager is the id or UPN of an existing user")
    if tenant.people.get(upn) is not None and (fixed := sorted({"id", "createdDateTime"} & set(body))):
        raise ControlError(f"users: {fixed[0]} of an existing user does not change")
    for entry in body.get("methods", []):
        check_keys(entry, {"method", "actor", "value"}, "users: methods")
        if entry.get("method") not in KINDS or entry["method"] == ACCESS_PASS:
            raise ControlError(f"users: unknown method {entry.get('method')!r}")


def _time(text: Any) -> Any:
    try:
        return parse_time(text)
    except (ValueError, TypeError, AttributeError):
        raise ControlError("a time is RFC 3339 with an offset") from None


def _put(tenant: Tenant, body: dict[str, Any]) -> tuple[Person, bool]:
    person = tenant.people.get(body["userPrincipalName"])
    is_new = person is None
    if person is None:
        person = _create(tenant, body)
    else:
        tenant.change_user(person, {name: body[name] for name in _PLAIN & set(body)})
    if "roles" in body:
        person.roles = list(body["roles"])
    if "manager" in body:
        manager = tenant.people.get(str(body["manager"])) if body["manager"] else None
        person.manager_id = manager.id if manager else None
        person.manager_visible_at = None
    if "groups" in body:
        tenant.groups.replace(person, [_group(tenant, entry) for entry in body["groups"]], person.created)
    at = person.created if is_new else tenant.now()
    for entry in body.get("methods", []):
        kind = KINDS[entry["method"]]
        value = register.value_of(person, kind, entry.get("value"))
        # Older than any audit record: this method has no evidence.
        person.methods.append(
            Method(kind, register.new_id(tenant, kind), at, entry.get("actor", "user"), value)
        )
    if body.get("deleted") and person.deleted_at is None:
        remove(tenant, person)
    person.note(at)
    return person, is_new


def _create(tenant: Tenant, body: dict[str, Any]) -> Person:
    upn = body["userPrincipalName"]
    created = _time(body["createdDateTime"]) if "createdDateTime" in body else tenant.now() - _AGE
    local = upn.split("@")[0]
    values: dict[str, Any] = {
        "displayName": local.replace(".", " ").title(),
        "mailNickname": local,
        "mail": upn,
        "accountEnabled": True,
        "userType": "Member",
        "createdDateTime": to_seconds(created),
    }
    values |= {name: body[name] for name in _PLAIN & set(body)}
    key = str(body.get("id") or tenant.ids.guid()).lower()
    if key in tenant.people.by_id:
        raise ControlError("users: this id exists")
    person = Person(key, values, created, created, "control")
    tenant.add_user(person)
    return person


def _group(tenant: Tenant, entry: Any) -> Group:
    if not isinstance(entry, dict):
        raise ControlError("users: groups holds objects")
    check_keys(entry, {"id", "displayName", "isAssignableToRole"}, "users: groups")
    return put_group(tenant, entry)


def _kind(name: Any) -> str:
    if name not in KINDS:
        raise ControlError(f"methods: unknown method {name!r}; known: {', '.join(KINDS)}")
    return str(name)


def _actor(name: Any) -> str:
    if name not in _ACTORS:
        raise ControlError("methods: actor is user, admin or app")
    return str(name)


def add_method(tenant: Tenant, call: Call) -> Answer:
    """{"method", "actor" (default user), "value"}: the method and its audit record."""
    body = body_of(call, "methods")
    check_keys(body, {"method", "actor", "value"}, "methods")
    person, name, actor = find(tenant, call), _kind(body.get("method")), _actor(body.get("actor", "user"))
    value = body.get("value")
    if not isinstance(value, str | None):
        raise ControlError("methods: value is a string")
    kind = KINDS[name]
    if actor != "user" and not kind.admin_may_add:
        raise ControlError(f"methods: only the person can set up {name}")
    if name == ACCESS_PASS:
        policy = tenant.policy.tap
        granted = AccessPass(
            tenant.ids.guid(),
            tenant.ids.access_pass(policy.defaultLength),
            tenant.now(),
            tenant.now(),
            policy.defaultLifetimeInMinutes,
            once=policy.isUsableOnce,
            actor=actor,
        )
        register.grant_pass(tenant, person, granted, actor)
    else:
        register.add(tenant, person, kind, actor, value)
    return Answer(201, shown(tenant, person))


def delete_method(tenant: Tenant, call: Call) -> Answer:
    """`?actor=user|admin|app`, default user."""
    check_keys(dict(call.query), {"actor"}, "methods")
    person, name = find(tenant, call), _kind(call.params["method"])
    has = person.access_pass is not None if name == ACCESS_PASS else person.method(name) is not None
    if not has:
        raise ControlError(f"methods: the person has no {name}", status=404)
    register.remove(tenant, person, name, _actor(call.query.get("actor", "user")))
    return Answer(200, shown(tenant, person))


def _empty(call: Call, what: str) -> None:
    if call.body not in (None, {}):
        raise ControlError(f"{what}: takes no body")


def cancel(tenant: Tenant, call: Call) -> Answer:
    _empty(call, "cancel")
    person = find(tenant, call)
    register.cancel(tenant, person)
    return Answer(200, shown(tenant, person))


def review(tenant: Tenant, call: Call) -> Answer:
    _empty(call, "review")
    person = find(tenant, call)
    register.review(tenant, person)
    return Answer(200, shown(tenant, person))


def attempt_reset(tenant: Tenant, call: Call) -> Answer:
    body = body_of(call, "sspr")
    check_keys(body, {"result"}, "sspr")
    if body.get("result") not in resets.RESULTS:
        raise ControlError(f"sspr: result is one of {', '.join(resets.RESULTS)}")
    person = find(tenant, call)
    resets.attempt(tenant, person, body["result"])
    return Answer(200, shown(tenant, person))
