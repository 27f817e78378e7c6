"""Tenant-wide policies: authentication methods, authorization, Conditional Access."""

from __future__ import annotations

from onboarding.simulator.responses import policies
from onboarding.simulator.urls.route import NOT_IN_CHINA, Route

_POLICY = "/policies/authenticationMethodsPolicy"
_CA = "/identity/conditionalAccess/policies"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        _POLICY,
        policies.get_methods_policy,
        "documented",
        "authenticationmethodspolicy-get",
        "policyMigrationState and reconfirmationInDays as in the 2026 schema.",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "PATCH",
        _POLICY,
        policies.update_methods_policy,
        "documented",
        "authenticationmethodspolicy-update",
        "registrationEnforcement only, inside its limits. 200 with the policy (page of 2024; it was 204 before). "
        "enforceRegistrationAfterAllowedSnoozes is accepted: documented, absent from the v1.0 schema.",
        quota="write",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        _POLICY + "/authenticationMethodConfigurations/{configuration}",
        policies.get_configuration,
        "documented",
        "temporaryaccesspassauthenticationmethodconfiguration-get",
        "Pass, SMS, voice, e-mail, Authenticator, FIDO2 and software OATH, each as its page shows it, in either "
        "spelling of its first letter; plain where the page wraps it in `value`.",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        "/policies/authorizationPolicy",
        policies.get_authorization_policy,
        "documented",
        "authorizationpolicy-get",
        "allowedToUseSSPR is about administrators only.",
    ),
    Route(
        "GET",
        _CA,
        policies.list_conditional_access,
        "documented",
        "conditionalaccessroot-list-policies",
        "Without options. Policies come in by the control interface; one that guards the registration of security "
        "info holds back the people that behave by themselves.",
        quota="conditional_access",
    ),
    Route(
        "GET",
        _CA + "/{policy_id}",
        policies.get_conditional_access,
        "documented",
        "conditionalaccesspolicy-get",
        "Without options.",
        quota="conditional_access",
    ),
)
