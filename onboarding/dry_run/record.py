"""What would have been done, in the order in which it would have been, as data without anybody's values.

An action names a role and not an address, attributes and not their values, groups and licences by id. The user name
stands in it: it is what a reader has to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Action:
    """One write that did not happen. `what` is a code of `WORDS`."""

    at: datetime
    what: str
    detail: dict[str, str] = field(default_factory=dict)


#: What → words; `{…}` are members of the detail.
WORDS = {
    "create_account": "Create the account {user_principal_name} ({state}; with {attributes})",
    "restore_account": "Restore the deleted account {user_principal_name}",
    "enable_account": "Enable the account",
    "disable_account": "Disable the account",
    "set_manager": "Set the manager",
    "set_usage_location": "Write the usage location",
    "set_hire_date": "Write the first day",
    "set_leave_date": "Write the end date",
    "clear_leave_date": "Take the end date away again",
    "add_to_group": "Put the account into the group {group}",
    "assign_licences": "Assign the licences {licences}",
    "add_phone": "Add HR's phone as authentication method",
    "create_pass": "Issue a one-time Temporary Access Pass, usable from {usable_from} for {minutes} minutes",
    "revoke_sessions": "End all sessions of the account",
    "delete_method": "Delete the authentication method {method}",
    "void_pass": "Void a Temporary Access Pass",
    "send_message": "Send the message {message} to the {audience}",
}


@dataclass
class Recorder:
    """Collects actions; `now` is the time of the rehearsal."""

    now: Callable[[], datetime]
    actions: list[Action] = field(default_factory=list)

    def note(self, what: str, **detail: object) -> None:
        """One action, now."""
        self.actions.append(Action(self.now(), what, {name: str(value) for name, value in detail.items()}))

    def take(self) -> list[Action]:
        """The actions since the last time."""
        taken, self.actions = self.actions, []
        return taken
