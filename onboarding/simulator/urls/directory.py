"""The organization."""

from __future__ import annotations

from onboarding.simulator.responses import directory
from onboarding.simulator.urls.route import Route

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/organization",
        directory.list_organization,
        "documented",
        "organization-list",
        "Five properties.",
        options=("$select",),
    ),
)
