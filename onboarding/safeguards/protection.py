"""The one guard before every write to an account that is there: adopt, restore, enable, disable, pass, method, group,
licence, manager, phone. Whoever writes asks it first, and a test walks every place that writes.

It is not negotiable: no approval and no setting lifts it.
"""

from __future__ import annotations

from onboarding.domain import protected
from onboarding.ports import DirectoryUser, Services


async def refusal(
    s: Services, user: DirectoryUser, *, ours: bool = False, made_now: bool = False
) -> str | None:
    """Reason code why nothing may be written to this account; None: it may.

    `ours`: this service made it. `made_now`: and did so a moment ago, in this very run, so that it cannot hold a role
    yet; then nothing is asked. Raises what the tenant raises; NotYetVisible while it cannot be read.
    """
    found = shown(s, user, ours=ours or made_now)
    if found is None and not made_now and await s.directory.has_privileges(user.id):
        return protected.PRIVILEGED
    return found


def shown(s: Services, user: DirectoryUser, *, ours: bool = False) -> str | None:
    """The same as far as one reading of the user shows it: all but the roles. Nothing is asked."""
    settings = s.settings
    addresses = (settings.sender, settings.service_desk, settings.hr_contact)
    return protected.reason(user, s.policy, addresses, ours=ours)
