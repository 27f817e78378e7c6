"""The audit log and the registration report."""

from __future__ import annotations

from onboarding.simulator.responses import audits, registrations
from onboarding.simulator.urls.route import NOT_IN_CHINA, Route

_REPORT = "/reports/authenticationMethods/userRegistrationDetails"

ROUTES: tuple[Route, ...] = (
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
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        "/auditLogs/directoryAudits/{audit_id}",
        audits.get_audit,
        "inferred",
        "directoryaudit-get",
        "The page shows a collection of one; answered plain as other entities. 404 when it is no longer kept.",
        quota="report",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        _REPORT,
        registrations.list_registrations,
        "observed",
        "authenticationmethodsroot-list-userregistrationdetails",
        "$top and $select as public code uses them; page size 100 without $top is inferred. Four hours "
        "late by default (Microsoft: up to 36), each row later still where a spread is ordered. Names and SSPR scope "
        "are today's, methods are as of then.",
        options=("$filter", "$select", "$orderby", "$top", "$skiptoken"),
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
)
