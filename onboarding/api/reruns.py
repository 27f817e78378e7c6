"""Reruns: of one case with its plan, and of everybody whom a filter finds."""

from __future__ import annotations

from typing import Any

from onboarding import access
from onboarding.access import Principal
from onboarding.api.views import body_of, text
from onboarding.errors import RequestError
from onboarding.operate import reruns
from onboarding.operate.actions import Ask
from onboarding.ports import Services
from onboarding.web import Request, Response, json_response

_MEMBERS = frozenset({"filter", "from_step", "reason", "dry_run", "plan_hash"})


async def rerun_many(s: Services, request: Request, who: Principal) -> Response:
    """`POST reruns {"filter": {"state", "reason_code", "source"}, "from_step", "reason", "dry_run", "plan_hash"}` →
    200 `{"matched", "items", "plan_hash"}`. `dry_run` is true unless it says false, which needs the present hash."""
    access.check_json(request)
    body = body_of(request)
    if set(body) - _MEMBERS:
        raise RequestError(f"The body takes {', '.join(sorted(_MEMBERS))}.", code="unknown_member")
    query = reruns.query_of(_filter(body))
    dry_run = body.get("dry_run", True)
    if not isinstance(dry_run, bool):
        raise RequestError("'dry_run' must be true or false.", code="unreadable")
    from_step = text(body, "from_step")
    if dry_run:
        return json_response(200, (await reruns.preview(s, query, from_step)).as_json())
    ask = Ask(who.id, text(body, "reason") or "", from_step, text(body, "plan_hash"))
    return json_response(200, (await reruns.carry_out(s, query, ask)).as_json())


def _filter(body: dict[str, Any]) -> dict[str, str | None]:
    given = body.get("filter") or {}
    if not isinstance(given, dict):
        raise RequestError("'filter' must be a JSON object.", code="unreadable")
    return {name: text(given, name) for name in given}
