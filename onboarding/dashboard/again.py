"""A problem as a page: where a form was not carried out, the page of that form, with the answer and what was typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from onboarding import access
from onboarding.access import Principal
from onboarding.dashboard import deliveries, desk, pages, plans, reports, reruns, trouble
from onboarding.dashboard.forms import Again, title, typed
from onboarding.dashboard.render import page
from onboarding.errors import OnboardingError
from onboarding.operate import desk as service_desk
from onboarding.operate import forget
from onboarding.ports import Services
from onboarding.web import PROBLEM, Request, Response


class View(Protocol):
    """A page that shows a form again."""

    async def __call__(
        self, s: Services, request: Request, who: Principal, again: Again | None = None
    ) -> Response: ...


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a form stands: name of the page's route, for its role, and the page."""

    route: str
    view: View


_CASE = _Place("dashboard_case", pages.case_page)
_METHODS = _Place("dashboard_methods", desk.methods)
_CASE_PLAN = _Place("dashboard_case_plan", plans.one)
#: Route of a form → its page.
_PLACES = {
    "dashboard_limit": _Place("dashboard_trouble", trouble.shown),
    "dashboard_replay": _Place("dashboard_delivery", deliveries.one),
    "dashboard_plan_apply": _Place("dashboard_plan", plans.shown),
    "dashboard_rerun_many": _Place("dashboard_reruns", reruns.shown),
    "dashboard_reports": _Place("dashboard_reports", reports.reports),
}
#: Forms of a person's page beside the one of its buttons.
_OWN_FORMS = frozenset({service_desk.HANDOUT, service_desk.NEW_PASS, forget.ACTION})
#: Where the list is that a page of these routes belongs to.
_LISTS = {
    "dashboard_delivery": ("/api/dashboard/deliveries", "All deliveries"),
    "dashboard_replay": ("/api/dashboard/deliveries", "All deliveries"),
}
_EVERYBODY = ("/api/dashboard", "All people")


async def dressed(
    name: str, response: Response, s: Services | None, request: Request | None, who: Principal | None
) -> Response:
    """The answer of route `name` for people. What is no problem is left as it is; s, request, who: None where the
    request did not come so far."""
    if response.content_type != PROBLEM:
        return response
    found: dict[str, Any] = json.loads(response.body)
    if (
        s is not None
        and request is not None
        and who is not None
        and found["code"] not in {"csrf", "forbidden"}
    ):
        try:
            shown = await _again(name, found, s, request, who)
        except OnboardingError:
            shown = None  # the page has a problem of its own, mostly the same
        if shown is not None:
            return Response(
                shown.status, shown.body, shown.content_type, {**shown.headers, **response.headers}
            )
    return alone(name, response)


async def _again(
    name: str, found: Mapping[str, Any], s: Services, request: Request, who: Principal
) -> Response | None:
    values = dict(request.query) if request.method == "GET" else typed(s, request, who)
    place, form = _place(name, request, values or {})
    if values is None or place is None:
        return None
    access.allow(place.route, request, s.settings)
    again = Again(found["status"], title(found["status"], found["code"]), found["detail"], form, values)
    return await place.view(s, request, who, again)


def _place(name: str, request: Request, values: Mapping[str, str]) -> tuple[_Place | None, str]:
    """The page, and which of its forms."""
    if name == "dashboard_limit":
        return _PLACES[name], request.params.get("kind", "")
    if name != "dashboard_action":
        return _PLACES.get(name), "act"
    action = request.params.get("action", "")
    if action == service_desk.LOST_PHONE:
        return _METHODS, "act"
    if action == "rerun" and values.get("plan_hash"):
        return _CASE_PLAN, "act"
    return _CASE, action if action in _OWN_FORMS else "act"


def alone(name: str, response: Response) -> Response:
    """A problem as a page of its own: what went wrong and what to do next."""
    found: dict[str, Any] = json.loads(response.body)
    address, words = _LISTS.get(name, _EVERYBODY)
    made = page(
        response.status,
        "problem.html",
        status=response.status,
        title=title(found["status"], found["code"]),
        detail=found["detail"],
        candidates=found.get("candidates", []),
        back=address,
        back_words=words,
    )
    return Response(response.status, made.body, made.content_type, {**made.headers, **response.headers})
