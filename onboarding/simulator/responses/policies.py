"""Authentication methods policy, authorization policy and Conditional Access: what an app can read, and the one
thing of them that it can change.
"""

from __future__ import annotations

import copy
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import to_ticks
from onboarding.simulator.errors import (
    ControlError,
    bad_request,
    not_modelled,
    resource_not_found,
)
from onboarding.simulator.models.entra import REGISTER_SECURITY_INFO, USER_ACTIONS, configuration
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.people import body_of, check_keys

_PASS = "TemporaryAccessPass"  # noqa: S105 - the id of a configuration
_STATES = ("default", "enabled", "disabled")
_METHODS = ("microsoftAuthenticator", "fido2")
_DESCRIPTION = (
    "The tenant-wide policy that controls which authentication methods are allowed in the tenant, authentication "
    "method registration requirements, and self-service password reset settings"
)


def _pass_configuration(tenant: Tenant) -> dict[str, Any]:
    policy = tenant.policy.tap
    return {
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
        "id": _PASS,
        "state": "enabled" if policy.enabled else "disabled",
        "defaultLifetimeInMinutes": policy.defaultLifetimeInMinutes,
        "defaultLength": policy.defaultLength,
        "minimumLifetimeInMinutes": policy.minimumLifetimeInMinutes,
        "maximumLifetimeInMinutes": policy.maximumLifetimeInMinutes,
        "isUsableOnce": policy.isUsableOnce,
        "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": False}],
        "excludeTargets": [{"targetType": "group", "id": entry} for entry in policy.excludeTargets],
    }


def _configurations(tenant: Tenant) -> dict[str, dict[str, Any]]:
    found = {kind: configuration(tenant.entra, kind) for kind in tenant.entra.configurations}
    return {**found, _PASS: _pass_configuration(tenant)}


def get_configuration(tenant: Tenant, call: Call) -> Answer:
    """By id, in either spelling of its first letter."""
    wanted = call.params["configuration"]
    found = {kind.lower(): value for kind, value in _configurations(tenant).items()}.get(wanted.lower())
    if found is None:
        raise not_modelled(f"the configuration of {wanted}")
    context = call.context("authenticationMethodConfigurations/$entity")
    return Answer(200, {"@odata.context": context, **found})


def _methods_policy(tenant: Tenant, call: Call) -> dict[str, Any]:
    entra = tenant.entra
    changed = entra.campaign_set_at
    return {
        "@odata.context": call.context("authenticationMethodsPolicy"),
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": _DESCRIPTION,
        "lastModifiedDateTime": to_ticks(changed) if changed else "2026-01-05T08:00:00.0000000Z",
        "policyVersion": "1.5",
        "policyMigrationState": entra.migration,
        "reconfirmationInDays": None,
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": copy.deepcopy(entra.campaign)
        },
    }


def get_methods_policy(tenant: Tenant, call: Call) -> Answer:
    configurations = list(_configurations(tenant).values())
    found = _methods_policy(tenant, call)
    return Answer(200, found | {"authenticationMethodConfigurations": configurations})


def update_methods_policy(tenant: Tenant, call: Call) -> Answer:
    """registrationEnforcement only. Properties of the campaign that are not sent stay as they are."""
    body = {name: value for name, value in call.json_object().items() if not name.startswith("@odata.")}
    if unknown := sorted(set(body) - {"registrationEnforcement"}):
        raise not_modelled(f"the property '{unknown[0]}' in this body")
    enforcement = _object(body.get("registrationEnforcement"), "registrationEnforcement")
    if unknown := sorted(set(enforcement) - {"authenticationMethodsRegistrationCampaign", "@odata.type"}):
        raise not_modelled(f"the property 'registrationEnforcement/{unknown[0]}'")
    name = "authenticationMethodsRegistrationCampaign"
    change = {k: v for k, v in _object(enforcement.get(name), name).items() if k != "@odata.type"}
    _check_campaign(change)
    tenant.entra.campaign = {**tenant.entra.campaign, **copy.deepcopy(change)}
    tenant.entra.campaign_set_at = tenant.now()
    return Answer(200, _methods_policy(tenant, call))


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_request(f"Invalid value specified for property '{name}'.")
    return value


def _check_campaign(change: dict[str, Any]) -> None:
    """400 outside the limits of authenticationMethodsRegistrationCampaign; 501 for what it does not have."""
    checks = {
        "snoozeDurationInDays": lambda v: isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= 14,
        "state": lambda v: v in _STATES,
        "enforceRegistrationAfterAllowedSnoozes": lambda v: isinstance(v, bool),
        "includeTargets": lambda v: _targets(v, {"id", "targetType", "targetedAuthenticationMethod"}),
        "excludeTargets": lambda v: _targets(v, {"id", "targetType"}),
    }
    for name, value in change.items():
        if name not in checks:
            raise not_modelled(f"the property '{name}' of the registration campaign")
        if not checks[name](value):
            raise bad_request(f"Invalid value specified for property '{name}' of the registration campaign.")


def _targets(value: Any, names: set[str]) -> bool:
    return isinstance(value, list) and all(_target(entry, names) for entry in value)


def _target(entry: Any, names: set[str]) -> bool:
    if not isinstance(entry, dict) or set(entry) - {"@odata.type"} != names:
        return False
    method = entry.get("targetedAuthenticationMethod", _METHODS[0])
    return isinstance(entry["id"], str) and entry["targetType"] in ("user", "group") and method in _METHODS


def get_authorization_policy(tenant: Tenant, call: Call) -> Answer:
    """allowedToUseSSPR is about administrators only (authorizationPolicy)."""
    return Answer(
        200,
        {
            "@odata.context": call.context("policies/authorizationPolicy/$entity"),
            "id": "authorizationPolicy",
            "allowInvitesFrom": "everyone",
            "allowedToSignUpEmailBasedSubscriptions": True,
            "allowedToUseSSPR": tenant.entra.allowed_to_use_sspr,
            "allowEmailVerifiedUsersToJoinOrganization": False,
            "allowUserConsentForRiskyApps": None,
            "blockMsolPowerShell": False,
            "displayName": "Authorization Policy",
            "description": "Used to manage authorization related settings across the company.",
            "defaultUserRolePermissions": {
                "allowedToCreateApps": True,
                "allowedToCreateSecurityGroups": True,
                "allowedToReadOtherUsers": True,
                "permissionGrantPoliciesAssigned": [],
            },
        },
    )


# --- Conditional Access ------------------------------------------------------------------------------

_CA = "conditionalAccess/policies"


def list_conditional_access(tenant: Tenant, call: Call) -> Answer:
    return Answer(
        200,
        {
            "@odata.context": call.context(_CA),
            "value": copy.deepcopy(tenant.entra.conditional_access),
        },
    )


def get_conditional_access(tenant: Tenant, call: Call) -> Answer:
    wanted = call.params["policy_id"].lower()
    found = next((policy for policy in tenant.entra.conditional_access if policy["id"] == wanted), None)
    if found is None:
        raise resource_not_found(call.params["policy_id"])
    return Answer(200, {"@odata.context": call.context(f"{_CA}/$entity"), **copy.deepcopy(found)})


_USERS = ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles")
_CA_KEYS = {"displayName", "state", "includeUserActions", "includeApplications", "builtInControls", *_USERS}
_CA_STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")


def add_conditional_access(tenant: Tenant, call: Call) -> Answer:
    """Control. Without anything: an enforced policy over everybody that guards registering security info with
    multifactor authentication."""
    body = body_of(call, "conditional_access")
    check_keys(body, _CA_KEYS, "conditional_access")
    for name in (*_USERS, "includeUserActions", "includeApplications", "builtInControls"):
        value = body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise ControlError(f"conditional_access: {name} is a list of strings")
    state, name = body.get("state", "enabled"), body.get("displayName", "Guard security info")
    actions = body.get(
        "includeUserActions", [] if "includeApplications" in body else [REGISTER_SECURITY_INFO]
    )
    if state not in _CA_STATES or not isinstance(name, str) or not set(actions) <= set(USER_ACTIONS):
        raise ControlError(
            f"conditional_access: state is one of {', '.join(_CA_STATES)}; includeUserActions of "
            f"{', '.join(USER_ACTIONS)}"
        )
    users = {key: body.get(key, ["All"] if key == "includeUsers" else []) for key in _USERS}
    policy = _conditional_access(tenant, name, state, actions, users, body)
    tenant.entra.conditional_access.append(policy)
    return Answer(201, policy)


def _conditional_access(
    tenant: Tenant, name: str, state: str, actions: list[str], users: dict[str, Any], body: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": tenant.ids.guid(),
        "displayName": name,
        "createdDateTime": to_ticks(tenant.now()),
        "modifiedDateTime": None,
        "state": state,
        "sessionControls": None,
        "conditions": {
            "signInRiskLevels": [],
            "clientAppTypes": ["all"],
            "platforms": None,
            "locations": None,
            "applications": {
                "includeApplications": body.get("includeApplications", []),
                "excludeApplications": [],
                "includeUserActions": actions,
            },
            "users": users,
        },
        "grantControls": {
            "operator": "OR",
            "builtInControls": body.get("builtInControls", ["mfa"]),
            "customAuthenticationFactors": [],
            "termsOfUse": [],
        },
    }


def clear_conditional_access(tenant: Tenant, call: Call) -> Answer:
    tenant.entra.conditional_access.clear()
    return Answer(204)


_ENTRA_KEYS = {"sms_sign_in", "allowed_to_use_sspr", "migration", "configurations"}
_MIGRATION = ("preMigration", "migrationInProgress", "migrationComplete")


def set_entra(tenant: Tenant, call: Call) -> Answer:
    """Control. {"sms_sign_in", "allowed_to_use_sspr", "migration", "configurations": {id: state}}, all or none."""
    body = body_of(call, "entra")
    check_keys(body, _ENTRA_KEYS, "entra")
    entra = tenant.entra
    states = body.get("configurations", {})
    if not isinstance(states, dict) or not set(states) <= set(entra.configurations):
        raise ControlError(f"entra: configurations are {', '.join(entra.configurations)}")
    if not all(state in ("enabled", "disabled") for state in states.values()):
        raise ControlError("entra: a configuration is enabled or disabled")
    if not all(isinstance(body.get(name, True), bool) for name in ("sms_sign_in", "allowed_to_use_sspr")):
        raise ControlError("entra: sms_sign_in and allowed_to_use_sspr are true or false")
    if body.get("migration", entra.migration) not in _MIGRATION:
        raise ControlError(f"entra: migration is one of {', '.join(_MIGRATION)}")
    entra.sms_sign_in = body.get("sms_sign_in", entra.sms_sign_in)
    entra.allowed_to_use_sspr = body.get("allowed_to_use_sspr", entra.allowed_to_use_sspr)
    entra.migration = body.get("migration", entra.migration)
    entra.configurations = {**entra.configurations, **states}
    return get_entra(tenant, call)


def get_entra(tenant: Tenant, call: Call) -> Answer:
    entra = tenant.entra
    return Answer(
        200,
        {
            "sms_sign_in": entra.sms_sign_in,
            "allowed_to_use_sspr": entra.allowed_to_use_sspr,
            "migration": entra.migration,
            "configurations": entra.configurations,
        },
    )
