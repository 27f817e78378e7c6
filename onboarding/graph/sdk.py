"""What is common to all requests that are built with the SDK. The SDK itself is imported inside functions."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable
from typing import Any

#: Builds a request (kiota RequestInformation) from the SDK's client. Called once an attempt.
Build = Callable[[Any], Any]

_USER = "users.item."
#: Generated modules behind the calls of this package.
SDK_MODULES = (
    "users.users_request_builder",
    _USER + "user_item_request_builder",
    _USER + "manager.manager_request_builder",
    _USER + "manager.ref.ref_request_builder",
    _USER + "member_of.member_of_request_builder",
    _USER + "authentication.authentication_request_builder",
    _USER + "authentication.methods.methods_request_builder",
    _USER + "authentication.temporary_access_pass_methods.temporary_access_pass_methods_request_builder",
    _USER + "authentication.temporary_access_pass_methods.item"
    ".temporary_access_pass_authentication_method_item_request_builder",
    _USER + "messages.messages_request_builder",
    _USER + "messages.item.message_item_request_builder",
    _USER + "messages.item.send.send_request_builder",
    _USER + "send_mail.send_mail_request_builder",
    "audit_logs.audit_logs_request_builder",
    "audit_logs.directory_audits.directory_audits_request_builder",
    "reports.reports_request_builder",
    "reports.authentication_methods.authentication_methods_request_builder",
    "reports.authentication_methods.user_registration_details.user_registration_details_request_builder",
    "policies.policies_request_builder",
    "policies.authentication_methods_policy.authentication_methods_policy_request_builder",
    "policies.authentication_methods_policy.authentication_method_configurations"
    ".authentication_method_configurations_request_builder",
    "policies.authentication_methods_policy.authentication_method_configurations.item"
    ".authentication_method_configuration_item_request_builder",
    _USER + "authentication.phone_methods.phone_methods_request_builder",
    _USER + "authentication.phone_methods.item.phone_authentication_method_item_request_builder",
    _USER + "authentication.microsoft_authenticator_methods.microsoft_authenticator_methods_request_builder",
    _USER + "authentication.microsoft_authenticator_methods.item"
    ".microsoft_authenticator_authentication_method_item_request_builder",
    _USER + "authentication.software_oath_methods.software_oath_methods_request_builder",
    _USER + "authentication.software_oath_methods.item"
    ".software_oath_authentication_method_item_request_builder",
    _USER + "authentication.fido2_methods.fido2_methods_request_builder",
    _USER + "authentication.fido2_methods.item.fido2_authentication_method_item_request_builder",
    _USER + "revoke_sign_in_sessions.revoke_sign_in_sessions_request_builder",
    _USER + "assign_license.assign_license_request_builder",
    _USER + "assign_license.assign_license_post_request_body",
    "groups.groups_request_builder",
    "groups.item.group_item_request_builder",
    "groups.item.members.members_request_builder",
    "groups.item.members.ref.ref_request_builder",
    "subscribed_skus.subscribed_skus_request_builder",
    "directory.directory_request_builder",
    "directory.deleted_items.deleted_items_request_builder",
    "directory.deleted_items.graph_user.graph_user_request_builder",
    "directory.deleted_items.item.directory_object_item_request_builder",
    "directory.deleted_items.item.restore.restore_request_builder",
    "organization.organization_request_builder",
    "role_management.role_management_request_builder",
    "role_management.directory.directory_request_builder",
    "role_management.directory.role_assignments.role_assignments_request_builder",
    "models.user",
    "models.reference_update",
    "models.reference_create",
    "models.assigned_license",
    "models.phone_authentication_method",
    "models.authentication_phone_type",
    "models.temporary_access_pass_authentication_method",
)


def load_sdk() -> None:
    """Import what the calls of this package use, so that no call blocks the event loop with imports.

    The SDK warns about deprecated classes of its own while it is imported; none of them is used here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in SDK_MODULES:
            importlib.import_module(f"msgraph.generated.{name}")


def quoted(value: str) -> str:
    """The inside of an OData string literal: single quotes doubled (OData URL conventions, 5.1.1.6.1)."""
    return value.replace("'", "''")


def user(client: Any, id_or_upn: str) -> Any:
    """The builder of one user; the SDK percent-encodes `'`, `#`, `/` and the like in the path."""
    return client.users.by_user_id(id_or_upn)


def keyed(info: Any) -> Any:
    """A UPN that begins with `$` is asked for as `/users('$x@…')` (user-get); other requests stay as they are."""
    key = info.path_parameters.get("user%2Did")
    if isinstance(key, str) and key.startswith("$"):
        info.url_template = info.url_template.replace("/users/{user%2Did}", "/users('{user%2Did}')")
        info.path_parameters["user%2Did"] = quoted(key)
    return info


def configured(query: Any = None, **headers: str) -> Any:
    """The SDK's request configuration: query parameters and headers."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    configuration: Any = RequestConfiguration(query_parameters=query)
    for name, value in headers.items():
        configuration.headers.add(name, value)
    return configuration


def posted(builder: Any, data: dict[str, Any], **headers: str) -> Any:
    """The request of one of the SDK's builders with JSON of ours, for what is written often and has many fields: the
    SDK's models keep a record of each field that is set."""
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation

    info = RequestInformation(Method.POST, builder.url_template, dict(builder.path_parameters))
    info.configure(configured(**headers))
    info.headers.try_add("Accept", "application/json")
    info.set_stream_content(json.dumps(data, ensure_ascii=False).encode(), "application/json")
    return keyed(info)
