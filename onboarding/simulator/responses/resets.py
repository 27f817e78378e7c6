"""Self-service password resets as the Self-service Password Management service logs them.

Activities: howto-sspr-reporting. Reasons: seen in public logs and hunting queries (le0li9ht/Microsoft-Sentinel-Queries
EntraID/PasswordReset.md, reprise99/Sentinel-Queries), the blank at the end of one of them included.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.simulator.models import audit
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant

_PROGRESS = "Self-service password reset flow activity progress"
_RESET = "Reset password (self-service)"
_BLOCKED = "Blocked from self-service password reset"
_BLOCKED_AFTER = 5
_INSUFFICIENT = (
    "User's account has insufficient authentication methods defined. Add authentication info to resolve this "
)
_BEGIN = (("User submitted their user ID", "success"),)
_VERIFY = (*_BEGIN, ("User was presented with verification options", "success"))
#: How each attempt goes on: (reason, result) of the steps, in order.
_STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    "success": (
        *_VERIFY,
        ("User started the mobile app code verification option", "success"),
        ("User completed the mobile app code verification option", "success"),
        ("User successfully reset password", "success"),
    ),
    "no_methods": (*_BEGIN, (_INSUFFICIENT, "failure")),
    "failed": (*_VERIFY, ("User failed to verify the requested authentication method", "failure")),
    "cancelled": (*_VERIFY, ("User cancelled before passing the required authentication methods", "failure")),
    "not_enabled": (*_BEGIN, ("Password reset is not enabled for this user", "failure")),
}
#: What the control interface can order.
RESULTS = (*_STEPS, "by_admin")


def attempt(tenant: Tenant, person: Person, result: str, at: datetime | None = None) -> None:
    """One attempt. The sixth within 24 hours is blocked, whatever it would have come to."""
    at = at or tenant.now()
    if result == "by_admin":
        _log(tenant, person, "Reset password (by admin)", "Successfully completed reset.", at, tenant.admin)
        return
    me = tenant.self_actor(person)
    recent = [earlier for earlier in person.resets if at - earlier < timedelta(days=1)]
    person.resets = [*recent, at]
    if len(recent) >= _BLOCKED_AFTER:
        _block(tenant, person, at, me, first=len(recent) == _BLOCKED_AFTER)
        return
    for reason, outcome in _STEPS[result]:
        _log(tenant, person, _PROGRESS, reason, at, me, outcome)
    if result == "success":
        _log(tenant, person, _RESET, "Successfully completed reset.", at, me)
    elif result == "failed":
        _log(tenant, person, _RESET, _STEPS[result][-1][0], at, me, "failure")


def _block(tenant: Tenant, person: Person, at: datetime, me: audit.Actor, *, first: bool) -> None:
    """Logged as a success: the block succeeded."""
    if first:
        _log(tenant, person, _BLOCKED, "User has made more than 5 attempts in 24 hours", at, me)
    reason = "User's account is blocked from resetting the password for 24 hours"
    _log(tenant, person, _PROGRESS, reason, at, me, "failure")


def _log(
    tenant: Tenant,
    person: Person,
    activity: str,
    reason: str,
    at: datetime,
    actor: audit.Actor,
    result: str = "success",
) -> None:
    tenant.audit.add(at, audit.SSPR, activity, actor=actor, target=person, result=result, reason=reason)
