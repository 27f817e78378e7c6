"""Which calls of Graph's each method of the ports makes, and which of those methods a step reaches."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import ModuleType

from onboarding.followup import deliver
from onboarding.provisioning import existing, pass_guards, step
from onboarding.safeguards import protection

#: `port.method` → names of the calls in `onboarding/graph/calls_*.py`.
GRAPH_CALLS: Mapping[str, tuple[str, ...]] = {
    "directory.create_user": ("create_user",),
    "directory.get_user": ("get_user",),
    "directory.find_by_employee_id": ("find_users",),
    "directory.find_by_address": ("find_users",),
    "directory.set_manager": ("set_manager",),
    "directory.get_manager": ("get_manager",),
    "directory.disable_user": ("disable_user",),
    "directory.enable_user": ("enable_user",),
    "directory.revoke_sessions": ("revoke_sessions",),
    "directory.find_deleted": ("find_deleted",),
    "directory.get_deleted": ("get_deleted",),
    "directory.restore_user": ("restore_user",),
    "directory.set_usage_location": ("set_usage_location",),
    "directory.set_hire_date": ("set_hire_date",),
    "directory.get_leave_date": ("get_leave_date",),
    "directory.set_leave_date": ("set_leave_date",),
    "directory.groups": ("find_groups",),
    "directory.memberships": ("memberships",),
    "directory.add_to_group": ("add_to_group",),
    "directory.licence_units": ("subscribed_skus",),
    "directory.assign_licenses": ("assign_licenses",),
    "security.add_phone": ("add_phone",),
    "directory.role_holders": ("all_role_assignments", "role_group_members", "find_users"),
    "directory.has_privileges": ("role_assignments", "memberships"),
    "security.registration_of": ("authentication_methods",),
    "security.sign_in_methods": ("authentication_methods",),
    "security.delete_method": (
        "delete_phone",
        "delete_authenticator",
        "delete_software_oath",
        "delete_fido2",
    ),
    "security.pass_limits": ("access_pass_policy",),
    "security.create_pass": ("create_pass",),
    "security.passes": ("passes",),
    "security.void_pass": ("void_pass",),
    "mailer.create_draft": ("create_draft",),
    "mailer.send_draft": ("send_draft",),
    "mailer.look_up": ("get_message",),
    "mailer.send_now": ("send_now",),
}
#: What stands in a step → the module in which that goes on.
_LEADS_TO: Mapping[str, ModuleType] = {
    "messages.deliver(": deliver,
    "existing.known(": existing,
    ".writable(": step,
    ".editable(": step,
    "protection.refusal(": protection,
    "pass_guards.standing(": pass_guards,
}
_CALL = re.compile(r"\b(directory|security|mailer)\.(\w+)\(")


def calls_in(module: ModuleType) -> set[str]:
    """`port.method` of every call in the source of this module and of what it leads to."""
    source = inspect.getsource(module)
    found = {".".join(match) for match in _CALL.findall(source)}
    for text, further in _LEADS_TO.items():
        if text in source and further is not module:
            found |= calls_in(further)
    return found
