"""Accounts that nothing is ever written to, as far as one reading of the user shows it.

Break-glass, service, shared, room, sync and guest accounts. The policy names what it knows
(`people.protected_accounts`, `account.protected_names`); the rest is told by what such accounts look like:

- guests: userType, or `#EXT#` in the user principal name (Learn, "Properties of a B2B guest user");
- sync: the names that Entra Connect (`Sync_SERVER_…`) and cloud sync (`ADToAADSyncServiceAccount`) give their own
  accounts, those of their connectors in Active Directory, and Exchange's system mailboxes;
- resource accounts: licences that only rooms, shared phones, call queues and auto attendants hold (Learn, "Product
  names and service plan identifiers for licensing");
- shared, room and equipment mailboxes: sign-in is blocked, there is a mailbox, and no licence (Learn, "Shared
  mailboxes"). A leaver whose mailbox was converted looks the same, and is for an administrator, too.

Who holds a role is not to be seen in a user; `onboarding.safeguards.protection` asks for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from onboarding.domain.policy import Policy

LISTED = "protected_listed"
GUEST = "protected_guest"
SYNC = "protected_sync_account"
RESOURCE = "protected_resource_account"
SHARED = "protected_shared_mailbox"
PRIVILEGED = "protected_privileged"
#: Every reason, for the views and for whoever holds them to it.
REASONS = (LISTED, GUEST, SYNC, RESOURCE, SHARED, PRIVILEGED)

_SYNC_NAMES = re.compile(
    r"sync_[^@]+_[0-9a-f]{8,}|adtoaadsyncserviceaccount[^@]*|(aad|msol)_[0-9a-f]{8,}"
    r"|(systemmailbox|discoverysearchmailbox)\{?[0-9a-f-]{8,}\}?|healthmailbox[^@]*|federatedemail\.[0-9a-f-]{8,}"
)
_SYNC_DISPLAY = "on-premises directory synchronization service account"
#: skuId → Microsoft's short name.
RESOURCE_SKUS = {
    "440eaaa8-b3e0-484b-a8be-62870b9ba70a": "PHONESYSTEM_VIRTUALUSER",
    "6070a4c8-34c6-4937-8dfb-39bbc6397a60": "MEETING_ROOM",
    "4cde982a-ede4-4409-9ae6-b003453c8ea6": "Microsoft_Teams_Rooms_Pro",
    "295a8eb0-f78d-45c7-8b5b-1eed5ed02dff": "MCOCAP",
}


class Seen(Protocol):
    """What is looked at; `ports.DirectoryUser` has it."""

    @property
    def id(self) -> str: ...
    @property
    def user_principal_name(self) -> str: ...
    @property
    def display_name(self) -> str | None: ...
    @property
    def mail(self) -> str | None: ...
    @property
    def account_enabled(self) -> bool | None: ...
    @property
    def user_type(self) -> str | None: ...
    @property
    def licences(self) -> tuple[str, ...] | None: ...


def reason(user: Seen, policy: Policy, addresses: Iterable[str | None], *, ours: bool = False) -> str | None:
    """Why nothing may be written to this account; None: nothing in it says so.

    `addresses` are mailboxes of the service itself. `ours`: made by us, so that "disabled and without a licence" says
    nothing about a mailbox.
    """
    name = user.user_principal_name.casefold()
    local = name.partition("@")[0]
    if _is_listed(user, policy, addresses, name, local):
        return LISTED
    if user.user_type == "Guest" or "#ext#" in name:
        return GUEST
    if _SYNC_NAMES.fullmatch(local) or (user.display_name or "").casefold() == _SYNC_DISPLAY:
        return SYNC
    if any(sku in RESOURCE_SKUS for sku in user.licences or ()):
        return RESOURCE
    if not ours and user.account_enabled is False and user.mail and user.licences == ():
        return SHARED
    return None


def _is_listed(user: Seen, policy: Policy, addresses: Iterable[str | None], name: str, local: str) -> bool:
    listed = {entry.strip().casefold() for entry in policy.people.protected_accounts}
    listed |= {entry.casefold() for entry in addresses if entry}
    names = {entry.strip().casefold() for entry in policy.account.protected_names}
    return bool({user.id.casefold(), name, (user.mail or "").casefold()} & listed or {name, local} & names)
