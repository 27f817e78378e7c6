"""Telling somebody above: the manager in the directory, then the service desk; and that it is done.

Addresses never come from the payload: a manager's is read from the directory by the id that provisioning set.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.nudges import rung_key
from onboarding.domain.records import RungRecord, RungStatus
from onboarding.followup.text import address
from onboarding.ports import DirectoryUser, Services

RESOLVED = "resolved_desk"
#: What may have reached somebody.
_TOLD = frozenset({RungStatus.SENT, RungStatus.UNCERTAIN, RungStatus.DRAFTED, RungStatus.CLAIMED})


def recipients(
    audience: str, manager: DirectoryUser | None, desk: str | None
) -> tuple[tuple[str, ...], str | None]:
    """Addresses, and why there are none: `no_manager`, `manager_disabled`, `no_manager_address`, `no_desk`."""
    if audience == "desk":
        found = address(desk)
        return ((found,), None) if found else ((), "no_desk")
    if manager is None:
        return (), "no_manager"
    if manager.account_enabled is False:
        return (), "manager_disabled"
    found = address(manager.mail) or address(manager.user_principal_name)
    return ((found,), None) if found else ((), "no_manager_address")


async def find(s: Services, case: Case, audience: str) -> tuple[tuple[str, ...], str | None]:
    """`recipients` with the manager read from the directory, if there is one."""
    manager = None
    if audience == "manager" and case.account and case.account.manager_id:
        manager = await s.directory.get_user(case.account.manager_id)
    return recipients(audience, manager, s.settings.service_desk)


def told(case: Case) -> tuple[str, ...]:
    """Audiences above that may have heard in this episode and not yet that it is done; the desk first."""
    if rung_key(case.episode, RESOLVED) in case.rungs and not _open(
        case.rungs[rung_key(case.episode, RESOLVED)]
    ):
        return ()
    heard = {
        record.audience
        for record in case.rungs.values()
        if record.episode == case.episode and record.rung != RESOLVED and record.status in _TOLD
    }
    return tuple(audience for audience in ("desk", "manager") if audience in heard)


def _open(record: RungRecord) -> bool:
    return record.status in {RungStatus.CLAIMED, RungStatus.DRAFTED}
