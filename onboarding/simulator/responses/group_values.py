"""Groups: what may be written, and what a read returns.

Properties and limits: "group resource type" and group-post-groups; the default set is that of the answers on
group-get and group-post-groups. Security groups with assigned members only: the others are 501.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from onboarding.simulator.clock import to_seconds
from onboarding.simulator.directory_filter import ADVANCED, DEFAULT, Kind, Support
from onboarding.simulator.errors import bad_request, invalid_value, not_modelled
from onboarding.simulator.models.groups import Group

DEFAULT_SET = (
    "id",
    "deletedDateTime",
    "classification",
    "createdDateTime",
    "description",
    "displayName",
    "expirationDateTime",
    "groupTypes",
    "isAssignableToRole",
    "mail",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "membershipRuleProcessingState",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "renewedDateTime",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "securityEnabled",
    "securityIdentifier",
    "theme",
    "visibility",
    "onPremisesProvisioningErrors",
)
_COLLECTIONS = (
    "groupTypes",
    "proxyAddresses",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "onPremisesProvisioningErrors",
)
_BOTH, _LATE = Support(DEFAULT, DEFAULT, null=ADVANCED), Support(ADVANCED, ADVANCED, null=ADVANCED)
GROUPS = Kind(
    "Group",
    frozenset(DEFAULT_SET),
    DEFAULT_SET,
    {
        "createdDateTime": Support(),
        "description": _LATE,
        "displayName": _BOTH,
        "groupTypes/any": Support(DEFAULT),
        "id": Support(DEFAULT),
        "isAssignableToRole": Support(DEFAULT),
        "mail": _BOTH,
        "mailEnabled": Support(DEFAULT),
        "mailNickname": _BOTH,
        "onPremisesSyncEnabled": Support(DEFAULT, null=ADVANCED),
        "proxyAddresses/any": Support(DEFAULT, DEFAULT),
        "renewedDateTime": Support(DEFAULT, range=DEFAULT),
        "securityEnabled": Support(DEFAULT),
    },
    {"displayName": DEFAULT, "deletedDateTime": ADVANCED},
    {"displayName": True, "description": True, "mail": False, "mailNickname": False},
    {name: [] for name in _COLLECTIONS},
)
_NICKNAME = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}")
_REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")
_WRITABLE = frozenset(
    {*_REQUIRED, "description", "groupTypes", "isAssignableToRole", "visibility", "classification"}
)


def values(group: Group) -> Mapping[str, Any]:
    """Graph's names and values of a group."""
    created = to_seconds(group.created)
    return {
        "createdDateTime": created,
        "renewedDateTime": created,
        "securityEnabled": True,
        "mailEnabled": False,
        "securityIdentifier": _sid(group.id),
        **group.properties,
        "id": group.id,
    }


def _sid(key: str) -> str:
    """S-1-12-1 and four 32-bit numbers, as Entra makes them of the object id's bytes."""
    raw = bytes.fromhex(key.replace("-", "")) if re.fullmatch(r"[0-9a-f-]{36}", key) else b""
    raw = raw if len(raw) == 16 else hashlib.sha256(key.encode()).digest()[:16]
    ordered = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    numbers = [int.from_bytes(ordered[at : at + 4], "little") for at in range(0, 16, 4)]
    return "S-1-12-1-" + "-".join(map(str, numbers))


def check_new(body: Mapping[str, Any]) -> None:
    """400 for a missing or bad property of a new group, 501 for a kind of group that is not modelled."""
    for name in _REQUIRED:
        if body.get(name) is None:
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    check(body)
    if not body["securityEnabled"] and not body["mailEnabled"]:
        raise bad_request("A group is mail-enabled or security-enabled.")


def check(body: Mapping[str, Any]) -> None:
    """The properties of a write, one by one."""
    for name, value in body.items():
        if name.startswith("@odata."):
            continue
        if name not in _WRITABLE:
            raise not_modelled(f"the property '{name[:60]}' of a group")
        if not _fits(name, value):
            raise invalid_value(name, resource="Group")
    if body.get("mailEnabled") or body.get("groupTypes"):
        raise not_modelled("groups with mail or dynamic members")


def _fits(name: str, value: Any) -> bool:
    if name in ("mailEnabled", "securityEnabled"):
        return isinstance(value, bool)
    if name == "isAssignableToRole":
        return isinstance(value, bool | None)
    if name == "groupTypes":
        return isinstance(value, list) and all(isinstance(kind, str) for kind in value)
    if name == "displayName":
        return isinstance(value, str) and 1 <= len(value) <= 256
    if name == "mailNickname":
        return isinstance(value, str) and _NICKNAME.fullmatch(value) is not None
    if name == "visibility":
        return value is None or value in ("Private", "Public", "HiddenMembership")
    return value is None or (isinstance(value, str) and 1 <= len(value) <= 1024)
