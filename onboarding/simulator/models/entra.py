"""What administrators have set beside the pass policy: authentication methods policy, authorization policy,
Conditional Access. In Graph's own JSON where Graph shows it.

Defaults: authenticationmethodspolicy-get and the page of each configuration; conditionalAccessPolicy is empty,
as in a tenant that nobody has configured.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REGISTER_SECURITY_INFO = "urn:user:registersecurityinfo"
USER_ACTIONS = (REGISTER_SECURITY_INFO, "urn:user:registerdevice")
_EVERYBODY = {"targetType": "group", "id": "all_users", "isRegistrationRequired": False}


def _campaign() -> dict[str, Any]:
    return {
        "snoozeDurationInDays": 1,
        "enforceRegistrationAfterAllowedSnoozes": True,
        "state": "default",
        "excludeTargets": [],
        "includeTargets": [
            {
                "id": "all_users",
                "targetType": "group",
                "targetedAuthenticationMethod": "microsoftAuthenticator",
            }
        ],
    }


@dataclass(slots=True)
class Entra:
    """`configurations`: state by configuration id; the pass's is in the pass policy. `sms_sign_in`: SMS may be
    used for sign-in. `allowed_to_use_sspr`: administrators may reset their own passwords."""

    campaign: dict[str, Any] = field(default_factory=_campaign)
    campaign_set_at: datetime | None = None
    migration: str = "migrationComplete"
    configurations: dict[str, str] = field(
        default_factory=lambda: {
            "Fido2": "enabled",
            "MicrosoftAuthenticator": "enabled",
            "Sms": "enabled",
            "Voice": "disabled",
            "SoftwareOath": "enabled",
            "Email": "enabled",
        }
    )
    sms_sign_in: bool = True
    allowed_to_use_sspr: bool = True
    conditional_access: list[dict[str, Any]] = field(default_factory=list)

    def guards_registration(self, person_ids: frozenset[str]) -> bool:
        """Whether an enforced Conditional Access policy guards the registration of security information for
        somebody with these ids (the user's, their roles' and groups')."""
        return any(_guards(policy, person_ids) for policy in self.conditional_access)


def _guards(policy: Mapping[str, Any], person_ids: frozenset[str]) -> bool:
    if policy["state"] != "enabled":
        return False
    conditions = policy["conditions"]
    if REGISTER_SECURITY_INFO not in conditions["applications"]["includeUserActions"]:
        return False
    users = conditions["users"]
    included = {*users["includeUsers"], *users["includeGroups"], *users["includeRoles"]}
    excluded = {*users["excludeUsers"], *users["excludeGroups"], *users["excludeRoles"]}
    return bool(included & (person_ids | {"All"})) and not excluded & person_ids


def _phone_like(kind: str, state: str, **more: Any) -> dict[str, Any]:
    tag = f"#microsoft.graph.{kind[0].lower()}{kind[1:]}AuthenticationMethodConfiguration"
    return {
        "@odata.type": tag,
        "id": kind,
        "state": state,
        "includeTargets": [dict(_EVERYBODY)],
        "excludeTargets": [],
        **more,
    }


def configuration(entra: Entra, kind: str) -> dict[str, Any]:
    """One entry of `authenticationMethodConfigurations`, the pass's aside. KeyError for an unknown one."""
    found = _phone_like(kind, entra.configurations[kind], **copy.deepcopy(_OWN.get(kind, {})))
    if kind == "Sms":
        found["includeTargets"][0]["isUsableForSignIn"] = entra.sms_sign_in
    if kind == "MicrosoftAuthenticator":
        found["includeTargets"][0]["authenticationMode"] = "any"
    return found


def _feature() -> dict[str, Any]:
    return {
        "state": "default",
        "includeTarget": {"targetType": "group", "id": "all_users"},
        "excludeTarget": {"targetType": "group", "id": "00000000-0000-0000-0000-000000000000"},
    }


_OWN: Mapping[str, dict[str, Any]] = {
    "Fido2": {
        "isSelfServiceRegistrationAllowed": True,
        "isAttestationEnforced": True,
        "keyRestrictions": {"isEnforced": False, "enforcementType": "block", "aaGuids": []},
    },
    "MicrosoftAuthenticator": {
        "featureSettings": {
            "displayAppInformationRequiredState": _feature(),
            "displayLocationInformationRequiredState": _feature(),
        }
    },
    "Voice": {"isOfficePhoneAllowed": True},
    "Email": {"allowExternalIdToUseEmailOtp": "default"},
}
