"""What would be done: for one person if they were run again, and for everybody who waits."""

from __future__ import annotations

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard.forms import Again, read_form
from onboarding.dashboard.render import page
from onboarding.operate import case_plan, plan
from onboarding.operate.actions import Ask
from onboarding.operate.plan import Survey
from onboarding.ports import Services
from onboarding.web import Request, Response

#: A page must come within seconds.
PEOPLE = 25


async def one(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/cases/{case_id}/plan?from_step=`: the preview of a rerun, and the button that does it."""
    given = again.typed if again else request.query
    from_step = given.get("from_step", "").strip() or None
    data = await case_plan.shown(s, request.params["case_id"], from_step)
    now = await s.clock.now()
    return page(
        200,
        "case_plan.html",
        again=again,
        who=who,
        now=now,
        data=data,
        may=who.role is not None and who.role >= Role.OPERATOR,
        token=access.form_token(who, s.settings, now),
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


async def shown(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/plan`: what would be created and sent, before anything is."""
    return await _page(s, who, await plan.survey(s, PEOPLE), done=False, again=again)


async def carry_out(s: Services, request: Request, who: Principal) -> Response:
    """`POST dashboard/plan`: the form of that page. A reload finds the plan stale and repeats nothing."""
    values = await read_form(s, request, who)
    ask = Ask(who.id, values.get("reason", ""), plan_hash=values.get("plan_hash"))
    return await _page(s, who, await plan.carry_out(s, ask, PEOPLE), done=True)


async def _page(
    s: Services, who: Principal, found: Survey, *, done: bool, again: Again | None = None
) -> Response:
    now = await s.clock.now()
    return page(
        200,
        "plan.html",
        again=again,
        who=who,
        now=now,
        data=found.as_json(),
        done=done,
        may=who.role is not None and who.role >= Role.OPERATOR,
        token=access.form_token(who, s.settings, now),
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )
