"""The list, the case page, and the forms on it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard.render import page
from onboarding.domain.case import Status
from onboarding.domain.lifecycle import Event, State, allowed
from onboarding.errors import NotFound, RequestError
from onboarding.followup.messages import recognise
from onboarding.operate import actions, cases
from onboarding.operate.explain import NEXT, next_words, sentence
from onboarding.ports import CaseQuery, CaseSummary, Services
from onboarding.web import PROBLEM, Request, Response

#: action → (button, the event it needs in the lifecycle table).
BUTTONS: dict[str, tuple[str, Event]] = {
    "rerun": ("Run again", Event.RERUN),
    "pause": ("Pause", Event.PAUSE),
    "resume": ("Resume", Event.RESUME),
    "exclude": ("Exclude", Event.EXCLUDE),
}
FORM_LIMIT = 8_192
REFERENCE_LIMIT = 40
#: In the order in which somebody has to look at them.
_STATES = sorted(State, key=lambda state: (state is not State.BLOCKED, list(State).index(state)))


async def overview(s: Services, request: Request, who: Principal) -> Response:
    """`GET dashboard?state=&status=&q=&page=`"""
    given = {name: request.query.get(name, "") for name in ("state", "status", "q")}
    query = CaseQuery(state=given["state"] or None, status=given["status"] or None, q=given["q"] or None)
    found = await s.cases.search(query, request.query.get("page") or None, 50)
    following = urlencode({**given, "page": found.next_page}) if found.next_page else None
    return page(
        200,
        "overview.html",
        who=who,
        now=await s.clock.now(),
        counts=await s.cases.counts(),
        states=_STATES,
        statuses=list(Status),
        given=given,
        items=[_row(item) for item in found.items],
        filtered=any(given.values()),
        following=following,
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


async def case_page(s: Services, request: Request, who: Principal) -> Response:
    """`GET dashboard/cases/{case_id}`: why this person is stuck, and what happens next."""
    case = await cases.find(s, request.params["case_id"])
    timeline = await s.cases.timeline(case.case_id)
    now = await s.clock.now()
    data = cases.case_json(case, timeline)
    name = data["hire"]["display_name"] or " ".join(
        filter(
            None, (data["hire"]["preferred_name"] or data["hire"]["given_name"], data["hire"]["family_name"])
        )
    )
    buttons = _buttons(case.state, case.reason_code, who)
    asked = request.query.get("reference", "").strip()[:REFERENCE_LIMIT]
    return page(
        200,
        "case.html",
        asked=asked,
        recognised=recognise(s.settings.hash_key.reveal(), case, asked) if asked else None,
        who=who,
        now=now,
        case=data,
        name=name or "No name yet",
        next_words=next_words(case),
        story=[_told(item) for item in reversed(data["timeline"])],
        buttons=buttons,
        token=access.form_token(who, s.settings, now),
        steps=[step["name"] for step in data["steps"]] if "rerun" in dict(buttons) else [],
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


def _row(item: CaseSummary) -> dict[str, Any]:
    """One line of the list."""
    return {**cases.summary_json(item), "next_words": NEXT.get(item.next_what, item.next_what)}


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """One timeline entry in words. Codes lose their underscores; what an operator wrote stays as it is."""
    kind, _, person = item["actor"].partition(":")
    detail = item["detail"]
    if kind != "operator":
        detail = {name: value.replace("_", " ") for name, value in detail.items()}
    return {
        **item,
        "text": sentence(item["action"], detail),
        "by": kind,
        "who": f"{kind} {person[:8]}" if person else kind,
        "request_id": item["detail"].get("request_id"),
    }


def _buttons(state: State, reason: str | None, who: Principal) -> list[tuple[str, str]]:
    """Buttons that would be accepted now, for this role."""
    if who.role is None or who.role < Role.OPERATOR:
        return []
    events, waits = allowed(state), (reason or "").startswith(actions.APPROVABLE)
    found = [(action, text) for action, (text, event) in BUTTONS.items() if event in events]
    if waits and reason not in actions.ASKED_AGAIN:
        found = [(action, text) for action, text in found if action != "rerun"]
    if state is State.EXCLUDED:
        found.append(("resume", "Include again"))
    if waits and state is State.BLOCKED and who.role >= Role.APPROVER:
        found.insert(0, ("approve", "Approve"))
    return found


async def case_action(s: Services, request: Request, who: Principal) -> Response:
    """`POST dashboard/cases/{case_id}/{action}`: a form of the case page; back to that page."""
    action, case_id = request.params["action"], request.params["case_id"]
    if action not in actions.ACTIONS:
        raise NotFound("There is no such action.")
    access.require(who, access.ACTIONS.get(action, Role.OPERATOR))
    if len(request.body) > FORM_LIMIT:
        raise RequestError("The form is too large.", code="too_large")
    try:
        form = parse_qs(request.body.decode("utf-8"), max_num_fields=10)
    except ValueError as exc:
        raise RequestError("The form cannot be read: open the page again.", code="unreadable") from exc
    values = {name: entries[-1] for name, entries in form.items()}
    access.check_form(request, who, s.settings, await s.clock.now(), values.get("token", ""))
    # One form for all buttons: the step says something to "run again" only.
    step = values.get("from_step") if action == "rerun" else None
    ask = actions.Ask(who.id, values.get("reason", ""), step or None)
    done = await actions.act(s, action, case_id, ask)
    return Response(303, headers={"Location": f"../{done.case_id}"})


def dressed(response: Response) -> Response:
    """A problem as a page: what went wrong and what to do next."""
    if response.content_type != PROBLEM:
        return response
    found: dict[str, Any] = json.loads(response.body)
    dressed_page = page(
        response.status,
        "problem.html",
        status=response.status,
        title=found["title"].capitalize(),
        detail=found["detail"],
        candidates=found.get("candidates", []),
    )
    headers = {**dressed_page.headers, **response.headers}
    return Response(response.status, dressed_page.body, dressed_page.content_type, headers)
