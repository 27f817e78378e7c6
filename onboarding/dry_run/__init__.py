"""Dry run: reads go through, every write to the tenant is refused, and the case says so.

These stand in front of the real adapters when `ONBOARDING_MODE=dry_run`, so that no use case needs to know.
"""

from __future__ import annotations

from typing import Any, NoReturn

from onboarding.errors import OperatorError


def refuse(what: str) -> NoReturn:
    """Raise OperatorError `dry_run`."""
    raise OperatorError(f"Dry run: would {what}. Set ONBOARDING_MODE=live and rerun.", code="dry_run")


class DryRun:
    """Wraps one adapter: methods named in `writes` refuse, everything else is the adapter's."""

    def __init__(self, adapter: Any, writes: dict[str, str]) -> None:
        self._adapter = adapter
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        if name not in self._writes:
            return getattr(self._adapter, name)
        what = self._writes[name]

        async def refused(*args: object, **kwargs: object) -> NoReturn:
            refuse(what)

        return refused


DIRECTORY_WRITES = {
    "create_user": "create the account",
    "set_manager": "set the manager",
    "disable_user": "disable the account",
    "enable_user": "enable the account",
    "restore_user": "restore the account",
    "revoke_sessions": "end the sessions of the account",
    "set_usage_location": "set the usage location",
    "set_hire_date": "set the first day",
    "set_leave_date": "set the leave date",
    "add_to_group": "add the account to a group",
    "assign_licenses": "assign licences",
}
SECURITY_WRITES = {
    "create_pass": "issue a first credential",
    "void_pass": "void a first credential",
    "delete_method": "delete an authentication method",
    "add_phone": "add a phone as authentication method",
}
MAILER_WRITES = {
    "create_draft": "write a message",
    "send_draft": "send a message",
    "send_now": "send a message",
}
