"""Every route, with the mark that says how far it can be trusted.

documented  the shape and the statuses are those of the named Microsoft page
observed    the page leaves something open that was seen in public answers
inferred    something visible is our reasoning; the note says what

None was checked against a live tenant.
"""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.simulator.call import Handler
from onboarding.simulator.responses import audits, control, directory, mail, people, registrations, users
from onboarding.simulator.responses import authentication as methods


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `path` is under /v1.0 for Graph routes. `options` and `headers` are the modelled query
    options and behaviour-changing headers: others are 501. `quota`: report or write, as published.
    `cloudless`: clouds whose v1.0 schema or documentation has no such call."""

    method: str
    path: str
    handler: Handler
    mark: str
    page: str
    note: str = ""
    options: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    quota: str | None = None
    cloudless: tuple[str, ...] = ()


_USER = "/users/{id}"
_TAP = _USER + "/authentication/temporaryAccessPassMethods"
_MESSAGES = _USER + "/messages"
_REPORT = "/reports/authenticationMethods/userRegistrationDetails"
_POLICY = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/"
_CHINA = ("china",)

GRAPH: tuple[Route, ...] = (
    Route(
        "POST",
        "/users",
        users.create_user,
        "observed",
        "user-post-users",
        "Conflict and invalid-value bodies as seen in public issues. A soft-deleted user's name is free. "
        "New users are visible at once unless a lag is ordered.",
        quota="write",
    ),
    Route(
        "GET",
        "/users",
        users.list_users,
        "documented",
        "user-list",
        "One comparison only: employeeId, userPrincipalName or mail eq. No paging.",
        options=("$filter", "$select"),
    ),
    Route("GET", _USER, users.get_user, "documented", "user-get", options=("$select",)),
    Route(
        "PATCH",
        _USER,
        users.update_user,
        "observed",
        "user-update",
        "403 for sensitive properties of people with roles; 403 for passwordProfile (no directory role on "
        "the app); read-only phones of synced users with the text seen in public.",
        quota="write",
    ),
    Route(
        "PUT", _USER + "/manager/$ref", users.set_manager, "documented", "user-post-manager", quota="write"
    ),
    Route(
        "GET",
        _USER + "/manager",
        users.get_manager,
        "observed",
        "user-list-manager",
        "404 text when nobody is set as seen in public.",
        options=("$select",),
    ),
    Route(
        "GET",
        _USER + "/authentication/methods",
        methods.list_methods,
        "documented",
        "authentication-list-methods",
        "createdDateTime on every type as in the 2026 schema. Security questions and hardware tokens have "
        "no v1.0 type and are not listed.",
    ),
    Route(
        "DELETE",
        _USER + "/authentication/phoneMethods/{method_id}",
        methods.delete_phone,
        "inferred",
        "phoneauthenticationmethod-delete",
        "Refused while an alternate mobile phone is left (documented); the error bodies are inferred.",
        quota="write",
    ),
    Route(
        "POST",
        _TAP,
        methods.create_pass,
        "observed",
        "authentication-post-temporaryaccesspassmethods",
        "Refusals are 400 with the text seen in public; their status is inferred. A start in the past is "
        "accepted. Registering in person within the pass's time marks it as used.",
        quota="write",
        cloudless=_CHINA,
    ),
    Route(
        "GET",
        _TAP,
        methods.list_passes,
        "documented",
        "authentication-list-temporaryaccesspassmethods",
        cloudless=_CHINA,
    ),
    Route(
        "GET",
        _TAP + "/{method_id}",
        methods.get_pass,
        "documented",
        "temporaryaccesspassauthenticationmethod-get",
        cloudless=_CHINA,
    ),
    Route(
        "DELETE",
        _TAP + "/{method_id}",
        methods.delete_pass,
        "documented",
        "temporaryaccesspassauthenticationmethod-delete",
        quota="write",
        cloudless=_CHINA,
    ),
    Route(
        "GET",
        "/roleManagement/directory/roleAssignments",
        directory.list_role_assignments,
        "documented",
        "rbacapplication-list-roleassignments",
        "principalId eq only; no paging.",
        options=("$filter",),
    ),
    Route(
        "GET",
        _USER + "/memberOf",
        directory.list_memberships,
        "documented",
        "user-list-memberof",
        "Groups and directory roles in one list; no paging. Five group properties are modelled.",
        options=("$select",),
    ),
    Route(
        "GET",
        _USER + "/transitiveMemberOf",
        directory.list_memberships,
        "documented",
        "user-list-transitivememberof",
        "As memberOf: there are no nested groups.",
        options=("$select",),
    ),
    Route(
        "GET",
        _USER + "/transitiveMemberOf/microsoft.graph.group",
        directory.list_groups_of,
        "documented",
        "user-list-transitivememberof",
        "Without ConsistencyLevel and $count: 400, text inferred.",
        options=("$select", "$count"),
        headers=("consistencylevel",),
    ),
    Route(
        "GET",
        "/auditLogs/directoryAudits",
        audits.list_audits,
        "observed",
        "directoryaudit-list",
        "Documented filters joined by `and`. Default order (newest first) and page size (999) are inferred. "
        "Reasons as seen in public, otherwise formed alike; an app's change is recorded with "
        "initiatedBy.app. Records appear at once unless a latency is ordered.",
        options=("$filter", "$orderby", "$top", "$skiptoken"),
        quota="report",
        cloudless=_CHINA,
    ),
    Route(
        "GET",
        _REPORT,
        registrations.list_registrations,
        "observed",
        "authenticationmethodsroot-list-userregistrationdetails",
        "$top and $select as public code uses them; page size 100 without $top is inferred. Four hours "
        "late by default (Microsoft: up to 36). Names and SSPR scope are today's, methods are as of then.",
        options=("$filter", "$select", "$top", "$skiptoken"),
        quota="report",
    ),
    Route(
        "GET",
        _REPORT + "/{id}",
        registrations.get_registration,
        "inferred",
        "userregistrationdetails-get",
        "The page wraps the entity in `value` and shows a beta property; answered plain as other entities.",
        quota="report",
    ),
    Route(
        "GET",
        "/organization",
        directory.list_organization,
        "documented",
        "organization-list",
        "Five properties.",
        options=("$select",),
    ),
    Route(
        "GET",
        _POLICY + "{configuration}",
        directory.get_pass_policy,
        "documented",
        "temporaryaccesspassauthenticationmethodconfiguration-get",
        "temporaryAccessPass only, in either spelling of its first letter.",
        cloudless=_CHINA,
    ),
    Route(
        "POST",
        _MESSAGES,
        mail.create_draft,
        "documented",
        "user-post-messages",
        "JSON only; the body comes back as sent, not wrapped in a page.",
        headers=("prefer",),
    ),
    Route(
        "GET",
        _MESSAGES + "/{message_id}",
        mail.get_message,
        "documented",
        "message-get",
        "Sent Items lag only when ordered.",
        options=("$select",),
        headers=("prefer",),
    ),
    Route(
        "POST",
        _MESSAGES + "/{message_id}/send",
        mail.send_draft,
        "documented",
        "message-send",
        "Sending twice is 400, code inferred.",
        headers=("prefer",),
    ),
    Route(
        "DELETE",
        _MESSAGES + "/{message_id}",
        mail.delete_message,
        "documented",
        "message-delete",
        headers=("prefer",),
    ),
    Route(
        "POST",
        _USER + "/sendMail",
        mail.send_mail,
        "observed",
        "user-sendmail",
        "Unknown sender: ErrorInvalidUser; no mailbox: MailboxNotEnabledForRESTAPI, as seen in public.",
    ),
)

_PEOPLE = "/_control/users/{id}"

#: (method, path, handler). No fidelity: nothing like this exists at Microsoft.
CONTROL: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_control/clock", control.get_clock),
    ("POST", "/_control/clock", control.move_clock),
    ("GET", "/_control/users", people.list_people),
    ("POST", "/_control/users", people.put_people),
    ("GET", _PEOPLE, people.get_person),
    ("POST", _PEOPLE + "/methods", people.add_method),
    ("DELETE", _PEOPLE + "/methods/{method}", people.delete_method),
    ("POST", _PEOPLE + "/cancel", people.cancel),
    ("POST", _PEOPLE + "/review", people.review),
    ("POST", _PEOPLE + "/sspr", people.attempt_reset),
    ("GET", "/_control/faults", control.list_faults),
    ("POST", "/_control/faults", control.add_fault),
    ("DELETE", "/_control/faults", control.clear_faults),
    ("GET", "/_control/report", control.get_report),
    ("POST", "/_control/report", control.set_report),
    ("GET", "/_control/policy", control.get_policy),
    ("POST", "/_control/policy", control.set_policy),
    ("GET", "/_control/mail", control.list_mail),
    ("GET", "/_control/requests", control.list_requests),
    ("PUT", "/_control/vendors/{source}/people/{id}", control.put_vendor_person),
    ("DELETE", "/_control/vendors/{source}/people/{id}", control.delete_vendor_person),
    ("POST", "/_control/reset", control.reset),
)

VENDORS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/vendors/{source}/people/{id}", control.get_vendor_person),
)
