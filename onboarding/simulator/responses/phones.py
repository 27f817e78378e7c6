"""Phone and e-mail methods: what an app can add, change and delete.

Pages: authentication-post-phonemethods, phoneauthenticationmethod-update, -delete, -enablesmssignin,
-disablesmssignin; authentication-post-emailmethods, emailauthenticationmethod-update. They document the rules;
of the refusals only that they happen, so code and text of the 400s are ours (facts 3.4).
"""

from __future__ import annotations

import re
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import GraphError, bad_request, not_modelled
from onboarding.simulator.models.methods import KINDS, Method
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import methods, register
from onboarding.simulator.responses.users import may_touch, must_see

#: `+{country code} {number}x{extension}`: one space, extension optional.
_NUMBER = re.compile(r"\+[1-9][0-9]{0,2} [0-9]{4,14}(x[0-9]{1,10})?")
_ADDRESS = re.compile(r"[\x21-\x3f\x41-\x7e]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_OF_TYPE = {kind.phone_type: kind for kind in KINDS.values() if kind.phone_type is not None}
_MOBILE, _ALTERNATE = "mobilePhone", "alternateMobilePhone"


def refused(message: str) -> GraphError:
    return GraphError(400, "badRequest", message)


def _body(call: Call, known: set[str], read_only: frozenset[str] = frozenset()) -> dict[str, Any]:
    body = {name: value for name, value in call.json_object().items() if name != "@odata.type"}
    if wrong := sorted(set(body) & read_only):
        raise refused(f"The property '{wrong[0]}' is read-only.")
    if unknown := sorted(set(body) - known):
        raise not_modelled(f"the property '{unknown[0]}' in this body")
    return body


def _number(body: dict[str, Any]) -> str:
    number = body.get("phoneNumber")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise refused("The phone number must have the format +{country code} {number}x{extension}.")
    return number


def _sign_in(tenant: Tenant, person: Person, method: Method) -> str:
    """Whether the mobile number can be a sign-in name: nobody else's may be the same."""
    taken = any(
        other.id != person.id
        and other.deleted_at is None
        and any(
            m.kind.name == _MOBILE and m.value == method.value and m.sms == "ready" for m in other.methods
        )
        for other in tenant.people
    )
    return "phoneNumberNotUnique" if taken else "ready"


def _try_sign_in(tenant: Tenant, person: Person, method: Method) -> None:
    """Where the policy allows SMS sign-in, a mobile number that is added or changed is tried for it."""
    if method.kind.name == _MOBILE and tenant.entra.sms_sign_in:
        method.sms = _sign_in(tenant, person, method)


def create_phone(tenant: Tenant, call: Call) -> Answer:
    """201. One phone of each type; no alternate mobile without a mobile."""
    person = must_see(tenant, call)
    body = _body(call, {"phoneNumber", "phoneType"}, frozenset({"id", "smsSignInState"}))
    named = body.get("phoneType")
    kind = _OF_TYPE.get(named) if isinstance(named, str) else None
    if kind is None:
        raise refused("phoneType must be mobile, alternateMobile or office.")
    number = _number(body)
    if person.method(kind.name) is not None:
        raise refused(f"A phone of type {kind.phone_type} exists for this user.")
    if kind.name == _ALTERNATE and person.method(_MOBILE) is None:
        raise refused("A mobile phone must exist before an alternate mobile phone is added.")
    may_touch(tenant, person)
    method = register.add(tenant, person, kind, "app", number)
    _try_sign_in(tenant, person, method)
    return Answer(201, methods.one_json(tenant, call, person, methods.PHONE, method))


def update_phone(tenant: Tenant, call: Call) -> Answer:
    """204. The number changes, the type does not."""
    person = must_see(tenant, call)
    method = methods.find(person, methods.PHONE, call)
    body = _body(call, {"phoneNumber", "phoneType"}, frozenset({"id", "smsSignInState"}))
    if "phoneType" in body and body["phoneType"] != method.kind.phone_type:
        raise refused("The type of a phone cannot be changed.")
    number = _number(body)
    may_touch(tenant, person)
    register.add(tenant, person, method.kind, "app", number)
    _try_sign_in(tenant, person, method)
    return Answer(204)


def delete_phone(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    method = methods.find(person, methods.PHONE, call)
    may_touch(tenant, person)
    if method.kind.name == _MOBILE and person.method(_ALTERNATE) is not None:
        raise refused("Delete or replace the alternate mobile phone first.")
    register.remove(tenant, person, method.kind.name, "app")
    return Answer(204)


def enable_sms_sign_in(tenant: Tenant, call: Call) -> Answer:
    """204 for a mobile phone that the policy allows and that is nobody else's sign-in name."""
    person, method = _for_sms(tenant, call)
    if not tenant.entra.sms_sign_in:
        raise refused("The user is not enabled for SMS sign-in by policy.")
    state = _sign_in(tenant, person, method)
    if state != "ready":
        raise refused("The phone number is used by somebody else for SMS sign-in.")
    method.sms = state
    return Answer(204)


def disable_sms_sign_in(tenant: Tenant, call: Call) -> Answer:
    _, method = _for_sms(tenant, call)
    method.sms = "notEnabled"
    return Answer(204)


def _for_sms(tenant: Tenant, call: Call) -> tuple[Person, Method]:
    if call.body not in (None, {}):
        raise bad_request("The request has no body.")
    person = must_see(tenant, call)
    method = methods.find(person, methods.PHONE, call)
    if method.kind.name != _MOBILE:
        raise refused("SMS sign-in is for the phone of type mobile.")
    may_touch(tenant, person)
    return person, method


def _address(body: dict[str, Any]) -> str:
    address = body.get("emailAddress")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise refused("emailAddress must be an e-mail address.")
    return address


def create_email(tenant: Tenant, call: Call) -> Answer:
    """201. A user has one e-mail method only."""
    person = must_see(tenant, call)
    address = _address(_body(call, {"emailAddress"}, frozenset({"id"})))
    if person.method("email") is not None:
        raise refused("An e-mail method exists for this user.")
    may_touch(tenant, person)
    method = register.add(tenant, person, KINDS["email"], "app", address)
    return Answer(201, methods.one_json(tenant, call, person, methods.EMAIL, method))


def update_email(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    method = methods.find(person, methods.EMAIL, call)
    address = _address(_body(call, {"emailAddress"}, frozenset({"id"})))
    may_touch(tenant, person)
    register.add(tenant, person, method.kind, "app", address)
    return Answer(204)
