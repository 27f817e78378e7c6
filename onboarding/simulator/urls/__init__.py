"""Every route, with the mark that says how far it can be trusted.

documented  the shape and the statuses are those of the named Microsoft page
observed    the page leaves something open that was seen in public answers
inferred    something visible is our reasoning; the note says what

None was checked against a live tenant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TypeVar, cast

from onboarding.simulator.call import Call
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.people import play
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
from onboarding.simulator.urls import control as control_urls
from onboarding.simulator.urls.control import VENDORS
from onboarding.simulator.urls.route import Route

H = TypeVar("H", bound=Callable[..., object])


def _after_the_people(handler: H) -> H:
    """Whoever asks sees what the people that act by themselves have done by then."""

    @wraps(handler)
    def serve(tenant: Tenant, call: Call) -> object:
        play(tenant)
        return handler(tenant, call)

    return cast(H, serve)


CONTROL = tuple((method, path, _after_the_people(handler)) for method, path, handler in control_urls.CONTROL)

_GRAPH: tuple[Route, ...] = (
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

GRAPH: tuple[Route, ...] = tuple(replace(route, handler=_after_the_people(route.handler)) for route in _GRAPH)

__all__ = ["CONTROL", "GRAPH", "VENDORS", "Route"]
