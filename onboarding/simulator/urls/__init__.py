"""Every route, with the mark that says how far it can be trusted.

documented  the shape and the statuses are those of the named Microsoft page
observed    the page leaves something open that was seen in public answers
inferred    something visible is our reasoning; the note says what

None was checked against a live tenant.
"""

from __future__ import annotations

from onboarding.simulator.urls import (
    authentication,
    directory,
    groups,
    licences,
    mail,
    policies,
    reports,
    roles,
    service,
    teams,
    users,
)
from onboarding.simulator.urls.control import CONTROL, VENDORS
from onboarding.simulator.urls.route import Route

GRAPH: tuple[Route, ...] = (
    *users.ROUTES,
    *groups.ROUTES,
    *licences.ROUTES,
    *authentication.ROUTES,
    *directory.ROUTES,
    *roles.ROUTES,
    *policies.ROUTES,
    *reports.ROUTES,
    *mail.ROUTES,
    *teams.ROUTES,
    *service.ROUTES,
)

__all__ = ["CONTROL", "GRAPH", "VENDORS", "Route"]
