"""Effects on authentication methods together with the audit records that they leave.

Person, administrator and app are told apart nowhere but in `initiatedBy` and in the activity's name.
"""

from __future__ import annotations

from datetime import timedelta

from onboarding.simulator.models import audit
from onboarding.simulator.models.methods import ACCESS_PASS, FIDO, KINDS, PLATFORM, AccessPass, Kind, Method
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant

_NEEDED_ADMIN = 2
_BLOCKED_AFTER = 5


def sspr_methods(person: Person, names: tuple[str, ...], *, is_admin: bool) -> set[str]:
    """The methods among `names` that SSPR accepts from this person; no questions from administrators."""
    usable = {name for name in names if KINDS[name].recovers}
    return usable - {"securityQuestion"} if is_admin else usable


def needed(tenant: Tenant, *, is_admin: bool) -> int:
    """Administrators are under the two-gate policy, whatever the tenant's setting."""
    return max(_NEEDED_ADMIN, tenant.policy.methods_required) if is_admin else tenant.policy.methods_required


def has_enough(tenant: Tenant, person: Person) -> bool:
    names = tuple(method.kind.name for method in person.methods)
    usable = sspr_methods(person, names, is_admin=person.is_admin)
    return len(usable) >= needed(tenant, is_admin=person.is_admin)


def new_id(tenant: Tenant, kind: Kind) -> str:
    """Phones and e-mail have ids that are the same for everybody; passkeys have opaque ones."""
    if kind.fixed_id is not None:
        return kind.fixed_id
    return tenant.ids.key_id() if kind.odata_type in (FIDO, PLATFORM) else tenant.ids.guid()


def add(tenant: Tenant, person: Person, kind: Kind, actor: str, value: str | None) -> Method:
    """Register a method, or change it where the person has it already, with the audit record."""
    now = tenant.now()
    had_enough, existing = has_enough(tenant, person), person.method(kind.name)
    if existing is None:
        method = Method(kind, new_id(tenant, kind), now, actor, value)
        person.methods.append(method)
    else:
        method, existing.value, existing.actor = existing, value, actor
    _record_addition(tenant, person, method, actor, changed=existing is not None)
    if actor == "user":
        _use_pass(tenant, person)
        if not had_enough and has_enough(tenant, person):
            _record_completion(tenant, person)
    person.note(now)
    return method


def _record_addition(tenant: Tenant, person: Person, method: Method, actor: str, *, changed: bool) -> None:
    if actor == "user":
        verb = "updated" if changed else "registered"
        activity, reason = f"User {verb} security info", f"User {verb} {method.kind.user_words}"
    else:
        verb = "changed" if changed else "registered"
        activity = f"Admin {'updated' if changed else 'registered'} security info"
        reason = f"Admin {verb} {method.kind.admin_words}"
    changes = []
    if actor != "user" and method.kind.phone_type is not None:
        # As public KQL reads them: method id, phone type, number.
        changes = [
            audit.modified("PhoneMethodId", None, method.id),
            audit.modified("PhoneType", None, method.kind.phone_type),
            audit.modified("PhoneNumber", None, method.value),
        ]
    tenant.audit.add(
        tenant.now(),
        audit.METHODS,
        activity,
        actor=tenant.actor(actor, person),
        target=person,
        reason=reason,
        operation="Update" if changed else "Add",
        changes=changes,
    )


def _record_completion(tenant: Tenant, person: Person) -> None:
    """The person reached what the tenant requires: one record of each service."""
    me, now = tenant.self_actor(person), tenant.now()
    tenant.audit.add(
        now,
        audit.METHODS,
        "User registered all required security info",
        actor=me,
        target=person,
        reason="User registered all required security info.",
        operation="Add",
    )
    tenant.audit.add(
        now,
        audit.SSPR,
        "User registered for self-service password reset",
        actor=me,
        target=person,
        reason="User registered all required security info.",
    )


def _use_pass(tenant: Tenant, person: Person) -> None:
    """Whoever registers in person has signed in: a pass that is valid now was used for it."""
    granted, now = person.access_pass, tenant.now()
    if granted and granted.start <= now < granted.start + timedelta(minutes=granted.minutes):
        granted.used = True


def grant_pass(tenant: Tenant, person: Person, granted: AccessPass, actor: str) -> None:
    """A new pass replaces the old one. A user who gets one in the portal is logged under the name of an
    ordinary registration (elastic/detection-rules), which is why that name alone proves nothing."""
    person.access_pass = granted
    by_person = actor == "user"
    words = KINDS[ACCESS_PASS].user_words if by_person else KINDS[ACCESS_PASS].admin_words
    who = "User" if by_person else "Admin"
    tenant.audit.add(
        tenant.now(),
        audit.METHODS,
        f"{who} registered security info",
        actor=tenant.actor(actor, person),
        target=person,
        reason=f"{who} registered {words}",
        operation="Add",
    )


def remove(tenant: Tenant, person: Person, name: str, actor: str) -> None:
    """Delete a method that the person has, with its record."""
    kind = KINDS[name]
    if name == ACCESS_PASS:
        person.access_pass = None
    else:
        person.methods = [method for method in person.methods if method.kind.name != name]
    who, words = ("User", kind.user_words) if actor == "user" else ("Admin", kind.admin_words)
    tenant.audit.add(
        tenant.now(),
        audit.METHODS,
        f"{who} deleted security info",
        actor=tenant.actor(actor, person),
        target=person,
        reason=f"{who} deleted {words or kind.name + ' method for user'}",
        operation="Delete",
    )
    person.note(tenant.now())


def cancel(tenant: Tenant, person: Person) -> None:
    """A cancelled registration is logged under a success-sounding name with result failure
    (howto-registration-mfa-sspr-combined-troubleshoot)."""
    tenant.audit.add(
        tenant.now(),
        audit.METHODS,
        "User registered all required security info",
        actor=tenant.self_actor(person),
        target=person,
        result="failure",
        reason="User canceled security info registration.",
        operation="Add",
    )


def review(tenant: Tenant, person: Person) -> None:
    tenant.audit.add(
        tenant.now(),
        audit.METHODS,
        "User reviewed security info",
        actor=tenant.self_actor(person),
        target=person,
        reason="User successfully reviewed security info.",
    )


_INSUFFICIENT = (
    "User's account has insufficient authentication methods defined. Add authentication info to resolve this"
)


def attempt_reset(tenant: Tenant, person: Person, result: str) -> None:
    """One self-service reset: success, no_methods or failed (howto-sspr-reporting)."""
    me, now = tenant.self_actor(person), tenant.now()
    ok = "success" if result == "success" else "failure"
    reason = {
        "success": "Successfully completed reset.",
        "no_methods": _INSUFFICIENT,
        "failed": "User failed to verify the requested authentication method",
    }[result]
    tenant.audit.add(
        now,
        audit.SSPR,
        "Self-service password reset flow activity progress",
        actor=me,
        target=person,
        result=ok,
        reason=reason,
    )
    if result != "no_methods":
        tenant.audit.add(
            now,
            audit.SSPR,
            "Reset password (self-service)",
            actor=me,
            target=person,
            result=ok,
            reason=reason,
        )
    recent = [at for at in person.resets if now - at < timedelta(days=1)]
    person.resets = [*recent, now]
    if len(person.resets) == _BLOCKED_AFTER + 1:
        tenant.audit.add(
            now,
            audit.SSPR,
            "Blocked from self-service password reset",
            actor=me,
            target=person,
            reason="User has made more than 5 attempts in 24 hours",
        )
