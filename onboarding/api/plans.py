"""Plans: of one case (what a rerun would do), and of everybody for whom something is to be done."""

from __future__ import annotations

from onboarding import access
from onboarding.access import Principal
from onboarding.api.views import body_of, text
from onboarding.errors import RequestError
from onboarding.operate import case_plan, plan
from onboarding.operate.actions import Ask
from onboarding.ports import Services
from onboarding.web import Request, Response, json_response


async def one(s: Services, request: Request, who: Principal) -> Response:
    """`GET cases/{case_id}/plan?from_step=`: which steps a rerun would run, and what each would do."""
    if set(request.query) - {"from_step"}:
        raise RequestError("The plan of a case takes 'from_step'.", code="unknown_filter")
    from_step = request.query.get("from_step") or None
    return json_response(200, await case_plan.shown(s, request.params["case_id"], from_step))


async def shown(s: Services, request: Request, who: Principal) -> Response:
    """`GET plan?limit=`: what would be created and sent. Writes nothing."""
    if set(request.query) - {"limit"}:
        raise RequestError("The plan takes 'limit'.", code="unknown_filter")
    return json_response(200, (await plan.survey(s, limit_of(request.query.get("limit")))).as_json())


async def carry_out(s: Services, request: Request, who: Principal) -> Response:
    """`POST plan {"plan_hash", "reason", "limit"?}`: release those who stopped; a stale hash is 409."""
    access.check_json(request)
    body = body_of(request)
    if set(body) - {"plan_hash", "reason", "limit"}:
        raise RequestError("The body takes 'plan_hash', 'reason' and 'limit'.", code="unknown_member")
    limit = body.get("limit", plan.USUAL)
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise RequestError("'limit' must be a whole number.", code="unreadable")
    ask = Ask(who.id, text(body, "reason") or "", plan_hash=text(body, "plan_hash"))
    return json_response(200, (await plan.carry_out(s, ask, limit)).as_json())


def limit_of(given: str | None) -> int:
    """A limit from a query; RequestError (400) for what is no number."""
    if not given:
        return plan.USUAL
    if not (given.isascii() and given.isdigit() and len(given) <= 4):
        raise RequestError("'limit' must be a whole number.", code="unreadable")
    return int(given)
