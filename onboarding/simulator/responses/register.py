"""Effects on authentication methods together with the audit records that they leave.

Person, administrator and app are told apart nowhere but in `initiatedBy` and in the activity's name. `at` is when
it came to pass; None: now.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from onboarding.simulator.clock import to_ticks
from onboarding.simulator.models import audit
from onboarding.simulator.models.methods import (
    ACCESS_PASS,
    FIDO,
    KINDS,
    PLATFORM,
    AccessPass,
    Kind,
    Method,
)
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant

_NEEDED_ADMIN = 2


def sspr_methods(names: tuple[str, ...], *, is_admin: bool) -> set[str]:
    """The methods among `names` that SSPR accepts from this person; neither questions nor hardware tokens
    from administrators."""
    usable = {name for name in names if KINDS[name].recovers}
    return usable - {"securityQuestion", "hardwareOneTimePasscode"} if is_admin else usable


def needed(tenant: Tenant, *, is_admin: bool) -> int:
    """Administrators are under the two-gate policy, whatever the tenant's setting."""
    return max(_NEEDED_ADMIN, tenant.policy.methods_required) if is_admin else tenant.policy.methods_required


def has_enough(tenant: Tenant, person: Person) -> bool:
    names = tuple(method.kind.name for method in person.methods)
    usable = sspr_methods(names, is_admin=person.is_admin)
    return len(usable) >= needed(tenant, is_admin=person.is_admin)


def new_id(tenant: Tenant, kind: Kind) -> str:
    """Phones and e-mail have ids that are the same for everybody; passkeys have opaque ones."""
    if kind.fixed_id is not None:
        return kind.fixed_id
    return tenant.ids.key_id() if kind.odata_type in (FIDO, PLATFORM) else tenant.ids.guid()


def value_of(person: Person, kind: Kind, value: str | None) -> str | None:
    """The number or address of a method, which Graph never shows without one: else the directory's, or a made-up
    one. None for the other types."""
    if value is not None or (kind.phone_type is None and kind.name != "email"):
        return value
    made_up = crc32(person.id.encode()) % 100
    if kind.name == "email":
        return f"private{made_up:02}@example.com"
    return str(person.properties.get("mobilePhone") or f"+1 20655501{made_up:02}")


def add(
    tenant: Tenant, person: Person, kind: Kind, actor: str, value: str | None, at: datetime | None = None
) -> Method:
    """Register a method, or change it where the person has it already, with the audit record. `value`: see
    `value_of`."""
    at, value = at or tenant.now(), value_of(person, kind, value)
    had_enough, existing = has_enough(tenant, person), person.method(kind.name)
    if existing is None:
        method = Method(kind, new_id(tenant, kind), at, actor, value)
        person.methods.append(method)
    else:
        method, existing.value, existing.actor = existing, value, actor
    _record_addition(tenant, person, method, actor, at, changed=existing is not None)
    if actor == "user":
        _use_pass(person, at)
        if not had_enough and has_enough(tenant, person):
            _record_completion(tenant, person, at)
    _note(person, at)
    return method


def _note(person: Person, at: datetime) -> None:
    """For the report; its history runs forwards."""
    person.note(max(at, person.history[-1].at) if person.history else at)


def _record(
    tenant: Tenant,
    person: Person,
    activity: str,
    reason: str,
    at: datetime,
    *,
    actor: audit.Actor,
    result: str = "success",
    operation: str = "Update",
    changes: Sequence[dict[str, Any]] = (),
) -> None:
    tenant.audit.add(
        at,
        audit.METHODS,
        activity,
        actor=actor,
        target=person,
        result=result,
        reason=tenant.audit.words.reason(reason),
        operation=operation,
        changes=changes,
    )


def _record_addition(
    tenant: Tenant, person: Person, method: Method, actor: str, at: datetime, *, changed: bool
) -> None:
    kind = method.kind
    _noise(tenant, person, kind, method.value, at)
    if actor == "user":
        verb = "updated" if changed else "registered"
        words = tenant.audit.words.user(kind)
        _begin(tenant, person, kind, words, at)
        activity, reason = f"User {verb} security info", f"User {verb} {words}"
    else:
        verb = "changed" if changed else "registered"
        activity = f"Admin {'updated' if changed else 'registered'} security info"
        reason = f"Admin {verb} {kind.admin_words}"
    changes = []
    if actor != "user" and kind.phone_type is not None:
        # As public KQL reads them: method id, phone type, number.
        changes = [
            audit.modified("PhoneMethodId", None, method.id),
            audit.modified("PhoneType", None, kind.phone_type),
            audit.modified("PhoneNumber", None, method.value),
        ]
    _record(
        tenant,
        person,
        activity,
        reason,
        at,
        actor=tenant.actor(actor, person),
        operation="Update" if changed else "Add",
        changes=changes,
    )


def _begin(tenant: Tenant, person: Person, kind: Kind, words: str, at: datetime) -> None:
    """In a log of mixed words: what precedes the registration and proves nothing."""
    if not tenant.audit.words.mixed:
        return
    me = tenant.self_actor(person)
    if kind.odata_type == FIDO:
        text = "Successfully retrieved passkey creation options."
        _record(tenant, person, "Get passkey creation options", text, at, actor=me)
    started = f"User started the registration for {words}"
    _record(tenant, person, "User started security info registration", started, at, actor=me)


#: What Core Directory calls the places where methods are kept (public hunting queries).
_STRONG = {
    "phoneAuthenticationMethod": "StrongAuthenticationUserDetails",
    "emailAuthenticationMethod": "StrongAuthenticationUserDetails",
    "microsoftAuthenticatorAuthenticationMethod": "StrongAuthenticationPhoneAppDetail",
    "softwareOathAuthenticationMethod": "StrongAuthenticationPhoneAppDetail",
}
_SERVICE = "Azure MFA StrongAuthenticationService"


def _noise(tenant: Tenant, person: Person, kind: Kind, value: str | None, at: datetime) -> None:
    """ "Update user" just before the record that counts; it names a service, whoever acted."""
    name = _STRONG.get(kind.odata_type or "")
    if name is None or not tenant.audit.keeping.noise:
        return
    service = audit.by_service(str(uuid.uuid5(uuid.UUID(tenant.id), _SERVICE)), _SERVICE)
    kept = json.dumps([{"Kind": kind.name, "Value": value}])
    changes = [audit.modified("StrongAuthenticationMethod", "[]", kept), audit.modified(name, "[]", kept)]
    tenant.audit.add(at, audit.DIRECTORY, "Update user", actor=service, target=person, changes=changes)


def _record_completion(tenant: Tenant, person: Person, at: datetime) -> None:
    """The person reached what the tenant requires: one record of each service."""
    me = tenant.self_actor(person)
    done = "User registered all required security info"
    _record(tenant, person, done, f"{done}.", at, actor=me, operation="Add")
    tenant.audit.add(
        at,
        audit.SSPR,
        "User registered for self-service password reset",
        actor=me,
        target=person,
        reason=tenant.audit.words.reason(f"{done}."),
    )


def _use_pass(person: Person, at: datetime) -> None:
    """Whoever registers in person has signed in: a pass that is valid now was used for it."""
    granted = person.access_pass
    if granted and granted.start <= at < granted.start + timedelta(minutes=granted.minutes):
        granted.used = True


def grant_pass(
    tenant: Tenant, person: Person, granted: AccessPass, actor: str, at: datetime | None = None
) -> None:
    """A new pass replaces the old one. A user who gets one in the portal is logged under the name of an
    ordinary registration (elastic/detection-rules), which is why that name alone proves nothing."""
    person.access_pass = granted
    as_user = actor == "user" or (actor == "app" and tenant.audit.words.pass_as_user())
    words = KINDS[ACCESS_PASS].user_words if as_user else KINDS[ACCESS_PASS].admin_words
    who = "User" if as_user else "Admin"
    _record(
        tenant,
        person,
        f"{who} registered security info",
        f"{who} registered {words}",
        at or tenant.now(),
        actor=tenant.actor(actor, person),
        operation="Add",
        changes=_pass_changes(granted),
    )


def _pass_changes(granted: AccessPass) -> list[dict[str, Any]]:
    """Names as public hunting queries read them; never the pass itself."""
    end = granted.start + timedelta(minutes=granted.minutes)
    values = {
        "Id": granted.id,
        "StartDateTime": to_ticks(granted.start),
        "EndTime": to_ticks(end),
        "AccessPassUsage": "OneTime" if granted.once else "MultipleUse",
    }
    prefix = "TemporaryAccessPass.TemporaryAccessPass."
    return [audit.modified(prefix + name, None, value) for name, value in values.items()]


def remove(tenant: Tenant, person: Person, name: str, actor: str, at: datetime | None = None) -> None:
    """Delete a method that the person has, with its record."""
    at, kind = at or tenant.now(), KINDS[name]
    if name == ACCESS_PASS:
        person.access_pass = None
    else:
        person.methods = [method for method in person.methods if method.kind.name != name]
        _noise(tenant, person, kind, None, at)
    if actor == "user":
        who, words = "User", tenant.audit.words.user(kind)
    else:
        who, words = "Admin", kind.admin_words or f"{kind.name} method for user"
    reason = f"{who} deleted {words}"
    _record(
        tenant,
        person,
        f"{who} deleted security info",
        reason,
        at,
        actor=tenant.actor(actor, person),
        operation="Delete",
    )
    _note(person, at)


def cancel(tenant: Tenant, person: Person, at: datetime | None = None) -> None:
    """A cancelled registration is logged under a success-sounding name with result failure
    (howto-registration-mfa-sspr-combined-troubleshoot), and as an unfinished registration for SSPR."""
    at, me = at or tenant.now(), tenant.self_actor(person)
    reason = "User canceled security info registration."
    _record(
        tenant,
        person,
        "User registered all required security info",
        reason,
        at,
        actor=me,
        result="failure",
        operation="Add",
    )
    tenant.audit.add(
        at,
        audit.SSPR,
        "User registered for self-service password reset",
        actor=me,
        target=person,
        result="failure",
        reason=tenant.audit.words.reason(reason),
    )


def review(tenant: Tenant, person: Person, at: datetime | None = None, *, failed: bool = False) -> None:
    """ "Looks good" on the review page."""
    _record(
        tenant,
        person,
        "User reviewed security info",
        "User failed to review security info." if failed else "User successfully reviewed security info.",
        at or tenant.now(),
        actor=tenant.self_actor(person),
        result="failure" if failed else "success",
    )
