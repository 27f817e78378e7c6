"""Reruns of everybody whom a filter finds: the form, the preview under it, and the button that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard.forms import Again, read_form
from onboarding.dashboard.render import page
from onboarding.domain.lifecycle import State
from onboarding.operate import reruns
from onboarding.operate.actions import Ask
from onboarding.operate.reruns import FILTERS, Reruns
from onboarding.ports import Services
from onboarding.provisioning import plan
from onboarding.web import Request, Response

#: Result of one case → words.
_RESULTS = {
    "rerun": "is run again",
    "changed": "had changed meanwhile: left alone",
    "refused": "could not be run again",
    "gone": "was erased meanwhile",
}


async def shown(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/reruns?state=&reason_code=&source=&from_step=`: nothing is looked for before a filter is given."""
    given = _given(again.typed if again else request.query)
    found = None
    if any(given[name] for name in FILTERS):
        query = reruns.query_of({name: given[name] for name in FILTERS})
        found = await reruns.preview(s, query, given["from_step"] or None)
    return await _page(s, who, given, found, done=False, again=again)


def _given(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, "").strip() for name in (*FILTERS, "from_step")}


async def carry_out(s: Services, request: Request, who: Principal) -> Response:
    """`POST dashboard/reruns`: the form of that page. Its answer is what was done, so that a reload repeats nothing:
    the plan of before is stale by then."""
    values = await read_form(s, request, who)
    given = _given(values)
    query = reruns.query_of({name: given[name] for name in FILTERS})
    ask = Ask(who.id, values.get("reason", ""), given["from_step"] or None, values.get("plan_hash"))
    return await _page(s, who, given, await reruns.carry_out(s, query, ask), done=True)


async def _page(
    s: Services,
    who: Principal,
    given: dict[str, str],
    found: Reruns | None,
    *,
    done: bool,
    again: Again | None = None,
) -> Response:
    now = await s.clock.now()
    data: dict[str, Any] | None = found.as_json() if found else None
    return page(
        200,
        "reruns.html",
        again=again,
        who=who,
        now=now,
        given=given,
        states=list(State),
        steps=[item.step for item in plan.steps()],
        data=data,
        possible=found.possible if found else 0,
        done=done,
        may=who.role is not None and who.role >= Role.OPERATOR,
        results=_RESULTS,
        token=access.form_token(who, s.settings, now),
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )
