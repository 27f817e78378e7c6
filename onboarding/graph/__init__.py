"""Microsoft Graph, through msgraph-sdk: `open_graph` gives Directory, SecurityInfo and Mailer.

What each method of the ports costs, in requests without repetitions, and the least application permission:

| Call | Requests | Permission |
|---|---|---|
| Directory.create_user | 1 POST | User.ReadWrite.All |
| Directory.get_user, get_manager | 1 GET | User.Read.All |
| Directory.find_by_employee_id, find_by_address | 1 GET | User.Read.All |
| Directory.find_deleted, get_deleted | 1 GET | User.Read.All |
| Directory.restore_user | 1 POST | User.DeleteRestore.All, which User.ReadWrite.All covers |
| Directory.set_manager | 1 PUT | User.ReadWrite.All |
| Directory.disable_user, enable_user | 1 PATCH | User.ReadWrite.All |
| Directory.set_usage_location, set_hire_date | 1 PATCH | User.ReadWrite.All |
| Directory.get_leave_date | 1 GET | User-LifeCycleInfo.Read.All |
| Directory.set_leave_date | 1 PATCH | User-LifeCycleInfo.ReadWrite.All |
| Directory.groups, for 15 of them | 1 GET | GroupMember.Read.All |
| Directory.memberships | 1 GET | Directory.Read.All |
| Directory.add_to_group | 1 POST | GroupMember.ReadWrite.All |
| Directory.licence_units | 1 GET | LicenseAssignment.Read.All |
| Directory.assign_licenses, of any number | 1 POST | LicenseAssignment.ReadWrite.All |
| Directory.has_privileges | 1 POST of `$batch` with 2 GET | RoleManagement.Read.Directory; Directory.Read.All |
| Directory.role_holders | 1 GET, 1 for 15 of them | RoleManagement.Read.Directory, User.Read.All |
| … and for each group with a role | 1 GET for 999 members | GroupMember.Read.All |
| Directory.check | 6 GET, and those of role_holders | the reading ones of this table; Organization.Read.All |
| SecurityInfo.audit_events | 2 GET for 7 days, and 1 for 999 records more | AuditLog.Read.All |
| SecurityInfo.registration_report | 1 GET for 999 people (100,000 people: 101) | AuditLog.Read.All, Entra ID P1 |
| SecurityInfo.registration_of | 1 GET | UserAuthenticationMethod.Read.All |
| SecurityInfo.pass_limits | 1 GET | Policy.Read.AuthenticationMethod |
| SecurityInfo.create_pass, void_pass | 1 POST, 1 DELETE | UserAuthMethod-TAP.ReadWrite.All |
| SecurityInfo.add_phone | 1 POST | UserAuthMethod-Phone.ReadWrite.All |
| SecurityInfo.sign_in_methods | 1 GET | UserAuthenticationMethod.Read.All |
| SecurityInfo.delete_method | 1 DELETE | UserAuthenticationMethod.ReadWrite.All |
| Directory.revoke_sessions | 1 POST | User.RevokeSessions.All |
| SecurityInfo.passes | 1 GET | UserAuthMethod-TAP.Read.All |
| Mailer.create_draft, look_up | 1 POST, 1 GET | Mail.ReadWrite, scoped to the sender |
| Mailer.send_draft, send_now | 1 POST | Mail.Send, scoped to the sender |

Writes are refused in `ONBOARDING_MODE=dry_run` (OperatorError `dry_run`), whatever the caller forgot.
Importing this package imports neither the SDK nor httpx; the first call does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from onboarding.ports import Directory, Mailer, SecurityInfo
from onboarding.settings import Settings


@dataclass(frozen=True, slots=True)
class Graph:
    """The three ports on one connection, and how to close it."""

    directory: Directory
    security: SecurityInfo
    mailer: Mailer
    aclose: Callable[[], Awaitable[None]]


def open_graph(
    settings: Settings,
    *,
    sleep: Callable[[float], Awaitable[None]],
    fraction: Callable[[], float],
    credential: Any = None,
    can_draft: bool = True,
    **more: Any,
) -> Graph:
    """Connects to nothing yet. `sleep` waits in seconds (`Clock.sleep`), `fraction` is in [0, 1) for jitter
    (`Entropy.fraction`); `more` goes to `GraphConnection` (`budgets`, `pace` and others). ConfigurationError when
    the address of Graph does not fit the settings."""
    from onboarding.graph.client import GraphConnection
    from onboarding.graph.directory import GraphDirectory
    from onboarding.graph.mailer import GraphMailer
    from onboarding.graph.security import GraphSecurityInfo

    connection = GraphConnection(settings, credential, sleep=sleep, fraction=fraction, **more)
    return Graph(
        directory=GraphDirectory(connection),
        security=GraphSecurityInfo(connection),
        mailer=GraphMailer(connection, can_draft=can_draft),
        aclose=connection.aclose,
    )
