"""The service desk's pages: which methods a person has, for a lost phone; and the page to print."""

from __future__ import annotations

from onboarding import access
from onboarding.access import Principal
from onboarding.dashboard.forms import Again
from onboarding.dashboard.render import page
from onboarding.operate import desk
from onboarding.operate import handout as printed
from onboarding.operate.story import method_words
from onboarding.ports import Services
from onboarding.web import Request, Response


async def methods(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/cases/{case_id}/methods`: choose the lost one. Read from the tenant now; kept nowhere."""
    data = await desk.methods(s, request.params["case_id"])
    now = await s.clock.now()
    return page(
        200,
        "methods.html",
        again=again,
        who=who,
        now=now,
        data=data,
        words=method_words,
        token=access.form_token(who, s.settings, now),
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


async def handout(s: Services, request: Request, who: Principal) -> Response:
    """`GET dashboard/cases/{case_id}/handout`: to be printed; the button before it keeps the reason."""
    return page(200, "handout.html", handout=await printed.page(s, request.params["case_id"]))
