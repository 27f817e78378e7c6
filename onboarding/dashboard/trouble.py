"""What is held back for everybody, failures that nobody foresaw, and the form that approves a limit."""

from __future__ import annotations

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard.forms import Again, read_form
from onboarding.dashboard.render import page
from onboarding.domain.policy import LIMITED
from onboarding.errors import RequestError
from onboarding.operate import actions, trouble
from onboarding.ports import Services
from onboarding.web import Request, Response


async def shown(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/trouble`"""
    found, now = await trouble.survey(s), await s.clock.now()
    approved = request.query.get("approved", "")
    may = who.role is not None and who.role >= Role.APPROVER
    return page(
        200,
        "trouble.html",
        again=again,
        who=who,
        now=now,
        stops=[found.stop_json(item) for item in found.stops],
        poison=found.poison,
        more=found.more,
        approved=approved if approved in LIMITED and await trouble.is_approved(s, approved) else None,
        token=access.form_token(who, s.settings, now) if may else None,
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


async def approve(s: Services, request: Request, who: Principal) -> Response:
    """`POST dashboard/limits/{kind}/approve`: the form of that page; back to it."""
    values = await read_form(s, request, who)
    allow = values.get("allow", "").strip()
    if allow and not (allow.isascii() and allow.isdigit() and len(allow) <= 9):
        raise RequestError("How many may be done is a whole number.", code="not_a_number")
    ask = actions.Ask(who.id, values.get("reason", ""))
    await trouble.approve(s, request.params["kind"], ask, int(allow) if allow else None)
    return Response(303, headers={"Location": f"../../trouble?approved={request.params['kind']}"})
