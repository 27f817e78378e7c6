"""Registered methods as Graph prints them, and the per-type addresses: list, get, delete.

Pages: authentication-list-methods and the list, get and delete page of each type.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from onboarding.simulator.call import Answer, Call, Handler
from onboarding.simulator.clock import to_seconds
from onboarding.simulator.errors import resource_not_found
from onboarding.simulator.models.methods import BUILT_IN_ID, Method
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import passes, register
from onboarding.simulator.responses.users import may_touch, must_see

_TYPE = "#microsoft.graph."
PASSWORD = "passwordAuthenticationMethod"  # noqa: S105 - the name of a type


class Typed(NamedTuple):
    """One type with an address of its own. `tagged`: its pages print `@odata.type` though the address fixes it."""

    segment: str
    odata_type: str
    tagged: bool


PHONE = Typed("phoneMethods", "phoneAuthenticationMethod", False)
EMAIL = Typed("emailMethods", "emailAuthenticationMethod", False)
AUTHENTICATOR = Typed("microsoftAuthenticatorMethods", "microsoftAuthenticatorAuthenticationMethod", True)
FIDO = Typed("fido2Methods", "fido2AuthenticationMethod", False)
HELLO = Typed("windowsHelloForBusinessMethods", "windowsHelloForBusinessAuthenticationMethod", True)
PLATFORM = Typed("platformCredentialMethods", "platformCredentialAuthenticationMethod", True)
SOFTWARE_OATH = Typed("softwareOathMethods", "softwareOathAuthenticationMethod", True)


def sms_state(tenant: Tenant, method: Method) -> str:
    """smsSignInState: of a mobile phone, by policy and by what was tried (phoneAuthenticationMethod)."""
    if method.kind.name != "mobilePhone":
        return "notSupported"
    if not tenant.entra.sms_sign_in:
        return "notAllowedByPolicy"
    return method.sms or "notConfigured"


def method_json(tenant: Tenant, method: Method, *, tagged: bool = True) -> dict[str, Any]:
    odata_type = method.kind.odata_type or ""
    own: dict[str, dict[str, Any]] = {
        PHONE.odata_type: {
            "phoneNumber": method.value,
            "phoneType": method.kind.phone_type,
            "smsSignInState": sms_state(tenant, method),
        },
        EMAIL.odata_type: {"emailAddress": method.value},
        AUTHENTICATOR.odata_type: {
            "displayName": method.value or "Pretend phone",
            "deviceTag": "SoftwareTokenActivated",
            "phoneAppVersion": "6.2606.1",
        },
        FIDO.odata_type: {
            "displayName": method.value or "Pretend key",
            "aaGuid": "2fc0579f-8113-47ea-b116-555a8db9202a",
            "model": "NFC key",
            "attestationCertificates": ["dbe793efdf1945e2df25d93653a1e8a3268a9075"],
            "attestationLevel": "attested",
        },
        HELLO.odata_type: {"displayName": method.value or "Pretend PC", "keyStrength": "normal"},
        PLATFORM.odata_type: {
            "displayName": method.value or "Pretend Mac",
            "keyStrength": "normal",
            "platform": "macOS",
        },
        SOFTWARE_OATH.odata_type: {"secretKey": None},
    }
    return {
        **({"@odata.type": _TYPE + odata_type} if tagged else {}),
        "id": method.id,
        "createdDateTime": to_seconds(method.created),
        **own.get(odata_type, {"displayName": method.value}),
    }


def password_json(person: Person) -> dict[str, Any]:
    """Everybody has exactly one, and it is never shown."""
    return {"id": BUILT_IN_ID, "password": None, "createdDateTime": to_seconds(person.created)}


def _unique(person: Person) -> list[Method]:
    """The push and the passwordless kind of one app are two methods with two ids; nothing is shown twice."""
    return list({method.id: method for method in reversed(person.methods)}.values())[::-1]


def list_methods(tenant: Tenant, call: Call) -> Answer:
    """Every method that v1.0 has a type for; the password is always first."""
    person = must_see(tenant, call)
    shown = [{"@odata.type": _TYPE + PASSWORD, **password_json(person)}]
    shown += [method_json(tenant, m) for m in _unique(person) if m.kind.odata_type is not None]
    if person.access_pass is not None:
        kind = {"@odata.type": _TYPE + "temporaryAccessPassAuthenticationMethod"}
        shown.append(kind | passes.pass_json(tenant, person.access_pass))
    context = call.context(f"users('{person.id}')/authentication/methods")
    return Answer(200, {"@odata.context": context, "value": shown})


def _context(call: Call, person: Person, segment: str, *, one: bool) -> str:
    return call.context(f"users('{person.id}')/authentication/{segment}{'/$entity' if one else ''}")


def find(person: Person, typed: Typed, call: Call) -> Method:
    """The method of this type that the path names; 404 otherwise."""
    key = call.params["method_id"]
    found = next((m for m in person.methods if m.id == key and m.kind.odata_type == typed.odata_type), None)
    if found is None:
        raise resource_not_found(key)
    return found


def one_json(tenant: Tenant, call: Call, person: Person, typed: Typed, method: Method) -> dict[str, Any]:
    """A single method with its context."""
    context = {"@odata.context": _context(call, person, typed.segment, one=True)}
    return context | method_json(tenant, method, tagged=typed.tagged)


def lister(typed: Typed) -> Handler:
    def serve(tenant: Tenant, call: Call) -> Answer:
        person = must_see(tenant, call)
        found = [
            method_json(tenant, method, tagged=typed.tagged)
            for method in _unique(person)
            if method.kind.odata_type == typed.odata_type
        ]
        context = _context(call, person, typed.segment, one=False)
        return Answer(200, {"@odata.context": context, "value": found})

    return serve


def getter(typed: Typed) -> Handler:
    """One method, plain: most pages wrap it in `value`, as no entity of Graph is."""

    def serve(tenant: Tenant, call: Call) -> Answer:
        person = must_see(tenant, call)
        return Answer(200, one_json(tenant, call, person, typed, find(person, typed, call)))

    return serve


def deleter(typed: Typed) -> Handler:
    def serve(tenant: Tenant, call: Call) -> Answer:
        person = must_see(tenant, call)
        method = find(person, typed, call)
        may_touch(tenant, person)
        register.remove(tenant, person, method.kind.name, "app")
        return Answer(204)

    return serve


def list_passwords(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    context = _context(call, person, "passwordMethods", one=False)
    return Answer(200, {"@odata.context": context, "value": [password_json(person)]})


def get_password(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    if call.params["method_id"] != BUILT_IN_ID:
        raise resource_not_found(call.params["method_id"])
    context = _context(call, person, "passwordMethods", one=True)
    return Answer(200, {"@odata.context": context, **password_json(person)})
