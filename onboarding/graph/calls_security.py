"""Requests about authentication methods, access passes, the audit log and the registration report.

A `Call` says which permission it needs and how it may be repeated; the function below it builds the request
with the SDK's typed builders and models. Pages of Learn are named by their file under graph/api.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onboarding.graph.errors import Call
from onboarding.graph.sdk import Build, configured, user

#: Largest page that Graph gives.
PAGE = 999

METHODS = Call("authentication_methods", "UserAuthenticationMethod.Read.All", may_be_absent=True)


def methods(user_id: str) -> Build:
    """authentication-list-methods. Supports no query options."""
    return lambda client: user(client, user_id).authentication.methods.to_get_request_information()


PASS_POLICY = Call(
    "access_pass_policy", "Policy.Read.AuthenticationMethod", access_pass=True, may_be_absent=True
)


def pass_policy() -> Build:
    """temporaryaccesspassauthenticationmethodconfiguration-get."""

    def build(client: Any) -> Any:
        configurations = client.policies.authentication_methods_policy.authentication_method_configurations
        one = configurations.by_authentication_method_configuration_id("TemporaryAccessPass")
        return one.to_get_request_information()

    return build


CREATE_PASS = Call(
    "create_pass", "UserAuthMethod-TAP.ReadWrite.All", writes=True, idempotent=False, access_pass=True
)


def create_pass(user_id: str, usable_from: datetime, minutes: int) -> Build:
    """authentication-post-temporaryaccesspassmethods. Replaces a pass that exists."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.temporary_access_pass_authentication_method import (
            TemporaryAccessPassAuthenticationMethod,
        )

        model = TemporaryAccessPassAuthenticationMethod(
            start_date_time=usable_from, lifetime_in_minutes=minutes, is_usable_once=True
        )
        return _passes(client, user_id).to_post_request_information(model)

    return build


ADD_PHONE = Call("add_phone", "UserAuthMethod-Phone.ReadWrite.All", writes=True, idempotent=False)


def add_phone(user_id: str, number: str) -> Build:
    """authentication-post-phonemethods, phoneType mobile. A second one of the type is refused."""

    def build(client: Any) -> Any:
        from msgraph.generated.models.authentication_phone_type import AuthenticationPhoneType
        from msgraph.generated.models.phone_authentication_method import PhoneAuthenticationMethod

        model = PhoneAuthenticationMethod(phone_number=number, phone_type=AuthenticationPhoneType.Mobile)
        return user(client, user_id).authentication.phone_methods.to_post_request_information(model)

    return build


#: All of them: the granular roles of the types are newer, and some tenants have none for each of them.
_DELETES = "UserAuthenticationMethod.ReadWrite.All"
DELETE_PHONE = Call("delete_phone", _DELETES, writes=True, may_be_absent=True)
DELETE_AUTHENTICATOR = Call("delete_authenticator", _DELETES, writes=True, may_be_absent=True)
DELETE_SOFTWARE_OATH = Call("delete_software_oath", _DELETES, writes=True, may_be_absent=True)
DELETE_FIDO2 = Call("delete_fido2", _DELETES, writes=True, may_be_absent=True)
#: Name in the report's vocabulary → the call that deletes one, the address of its type, and how the SDK picks one.
DELETABLE: Mapping[str, tuple[Call, str, str]] = {
    **dict.fromkeys(
        ("mobilePhone", "alternateMobilePhone", "officePhone", "phone"),
        (DELETE_PHONE, "phone_methods", "by_phone_authentication_method_id"),
    ),
    **dict.fromkeys(
        ("microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless"),
        (
            DELETE_AUTHENTICATOR,
            "microsoft_authenticator_methods",
            "by_microsoft_authenticator_authentication_method_id",
        ),
    ),
    "softwareOneTimePasscode": (
        DELETE_SOFTWARE_OATH,
        "software_oath_methods",
        "by_software_oath_authentication_method_id",
    ),
    "fido2": (DELETE_FIDO2, "fido2_methods", "by_fido2_authentication_method_id"),
}


def delete_method(user_id: str, method: str, method_id: str) -> Build:
    """phoneauthenticationmethod-delete, microsoftauthenticatorauthenticationmethod-delete,
    softwareoathauthenticationmethod-delete, fido2authenticationmethod-delete. KeyError for another method."""
    _, types, one = DELETABLE[method]

    def build(client: Any) -> Any:
        typed = getattr(user(client, user_id).authentication, types)
        return getattr(typed, one)(method_id).to_delete_request_information()

    return build


PASSES = Call("passes", "UserAuthMethod-TAP.Read.All", access_pass=True)


def passes(user_id: str) -> Build:
    """authentication-list-temporaryaccesspassmethods: without the secret."""
    return lambda client: _passes(client, user_id).to_get_request_information()


VOID_PASS = Call("void_pass", "UserAuthMethod-TAP.ReadWrite.All", writes=True, may_be_absent=True)


def void_pass(user_id: str, pass_id: str) -> Build:
    """temporaryaccesspassauthenticationmethod-delete."""

    def build(client: Any) -> Any:
        one = _passes(client, user_id).by_temporary_access_pass_authentication_method_id(pass_id)
        return one.to_delete_request_information()

    return build


AUDITS = Call("directory_audits", "AuditLog.Read.All", report=True)


def audits(odata_filter: str, top: int = PAGE) -> Build:
    """directoryaudit-list. Filters on activityDateTime (ge, le) and loggedByService (eq) are documented."""

    def build(client: Any) -> Any:
        from msgraph.generated.audit_logs.directory_audits import directory_audits_request_builder as module

        parameters = module.DirectoryAuditsRequestBuilder.DirectoryAuditsRequestBuilderGetQueryParameters
        query = parameters(filter=odata_filter, top=top)
        return client.audit_logs.directory_audits.to_get_request_information(configured(query))

    return build


REPORT = Call("user_registration_details", "AuditLog.Read.All", report=True)


def registrations(top: int = PAGE) -> Build:
    """authenticationmethodsroot-list-userregistrationdetails.

    `$top` is supported by the 2026 schema; `$select` is used by others but documented nowhere, so it is not
    used here, although it would halve the bytes.
    """

    def build(client: Any) -> Any:
        from msgraph.generated.reports.authentication_methods.user_registration_details import (
            user_registration_details_request_builder as module,
        )

        builder = module.UserRegistrationDetailsRequestBuilder
        query = builder.UserRegistrationDetailsRequestBuilderGetQueryParameters(top=top)
        details = client.reports.authentication_methods.user_registration_details
        return details.to_get_request_information(configured(query))

    return build


def _passes(client: Any, user_id: str) -> Any:
    return user(client, user_id).authentication.temporary_access_pass_methods
