"""The list, the case page, and the forms on it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard import buttons
from onboarding.dashboard.forms import Again, read_form
from onboarding.dashboard.render import page
from onboarding.domain.case import Case
from onboarding.domain.evidence import Status
from onboarding.domain.lifecycle import Event, State, allowed
from onboarding.errors import NotFound, RequestError
from onboarding.followup import sources
from onboarding.followup.messages import recognise
from onboarding.intake.erasure import being_forgotten
from onboarding.operate import actions, cases, desk, forget, in_person, requests, rerun_plan, trouble
from onboarding.operate import found as found_accounts
from onboarding.operate.explain import MEANING, pass_ended
from onboarding.operate.judge import judge
from onboarding.operate.next_step import for_approver, listed_next, next_because, next_words
from onboarding.operate.story import rung_words, said_once, sentence
from onboarding.ports import CaseQuery, CaseSummary, Services
from onboarding.safeguards.stops import waits_for
from onboarding.web import Request, Response

#: Beginning of the name of a check box of the identity checks.
_CHECK = "check_"
#: … of the choices for each method of a lost phone.
_METHOD = "method_"
REFERENCE_LIMIT = 40
#: In the order in which somebody has to look at them.
_STATES = sorted(State, key=lambda state: (state is not State.BLOCKED, list(State).index(state)))


async def overview(s: Services, request: Request, who: Principal) -> Response:
    """`GET dashboard?state=&status=&q=&reason_code=&page=`"""
    given = {name: request.query.get(name, "") for name in ("state", "status", "q", "reason_code")}
    _known_filters(given)
    query = CaseQuery(**{name: value or None for name, value in given.items()})
    found = await s.cases.search(query, request.query.get("page") or None, 50)
    following = urlencode({**given, "page": found.next_page}) if found.next_page else None
    counts = await s.cases.counts()
    now = await s.clock.now()
    return page(
        200,
        "overview.html",
        who=who,
        now=now,
        sources=(await sources.look(s, now)).sentences,
        counts=counts,
        waiting=counts.get(str(State.BLOCKED), 0),
        held=[trouble.stop_json(item)["words"] for item in await trouble.held(s)],
        in_person=partial(in_person.words, accept_reviewed=s.settings.accept_reviewed),
        meaning={str(status): words for status, words in MEANING.items()},
        states=_STATES,
        statuses=list(Status),
        given=given,
        items=[_row(item) for item in found.items],
        filtered=any(given.values()),
        following=following,
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


def _known_filters(given: dict[str, str]) -> None:
    """RequestError (400) for a state or status that does not exist: an empty list would say that nobody has it."""
    for name, known in (("state", State), ("status", Status)):
        if given[name] and given[name] not in set(known):
            raise RequestError(f"There is no such {name}: choose one from the list.", code="unknown_filter")


async def case_page(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/cases/{case_id}`: why this person is stuck, and what happens next."""
    case = await cases.find(s, request.params["case_id"])
    timeline = await s.cases.timeline(case.case_id)
    now = await s.clock.now()
    judged = await judge(s, case, now)
    case = judged.case
    data = cases.case_json(case, timeline, now, judged)
    name = data["hire"]["display_name"] or " ".join(
        filter(
            None, (data["hire"]["preferred_name"] or data["hire"]["given_name"], data["hire"]["family_name"])
        )
    )
    shown = buttons.of(case, who)
    asked = request.query.get("reference", "").strip()[:REFERENCE_LIMIT]
    return page(
        200,
        "case.html",
        again=again,
        asked=asked,
        recognised=recognise(s.settings.hash_key.reveal(), case, asked) if asked else None,
        who=who,
        now=now,
        case=data,
        name=name or "No name yet",
        next_words=next_words(case),
        next_at=None if for_approver(waits_for(case) or case.reason_code) else case.next_action.when,
        accounts=await found_accounts.described(s, case)
        if who.role is not None and who.role >= Role.APPROVER
        else [],
        next_because=next_because(case),
        story=[_told(item) for item in reversed(said_once(data["timeline"]))],
        buttons=shown,
        desk=_desk(s, case, who, now),
        forget=forget.KEPT if _may_forget(case, who) else None,
        token=access.form_token(who, s.settings, now),
        found=list(case.found) if any(b.action in buttons.ANSWERS for b in shown) else [],
        steps=[step["name"] for step in data["steps"]] if any(b.action == "rerun" for b in shown) else [],
        meaning=MEANING[case.status],
        confirmed=in_person.words(case.status, accept_reviewed=s.settings.accept_reviewed),
        pass_status="ended" if pass_ended(case, now) else case.access_pass and str(case.access_pass.status),
        approver_decides=(buttons.waits(case) or rerun_plan.asks_whose(case))
        and (who.role is None or who.role < Role.APPROVER),
        rung_words=rung_words,
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


def _desk(s: Services, case: Case, who: Principal, now: datetime) -> dict[str, Any] | None:
    """What the service desk can do for this person; None: nothing, or not in this role."""
    if who.role is None or who.role < Role.OPERATOR or case.account is None or being_forgotten(case):
        return None
    setting, refused = s.settings.first_credential, desk.no_pass(s, case, now)
    return {
        "approver": who.role >= Role.APPROVER and case.state not in {State.EXCLUDED, State.CANCELLED},
        "new_pass": refused is None and Event.RERUN in allowed(case.state),
        "no_pass": refused.message if refused else None,
        "recipient": "manager, or to the service desk" if setting.endswith("manager") else "service desk",
        "checks": s.policy.desk.identity_checks,
    }


def _row(item: CaseSummary) -> dict[str, Any]:
    """One line of the list."""
    data = {**cases.summary_json(item), "next_words": listed_next(item.next_what, item.reason_code)}
    data["next_at"] = None if for_approver(item.reason_code) else item.next_when
    return data


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """One timeline entry in words."""
    kind, _, person = item["actor"].partition(":")
    return {
        **item,
        "text": sentence(item["action"], item["detail"]),
        "by": kind,
        "who": f"{kind} {person[:8]}" if person else kind,
        "request_id": item["detail"].get("request_id"),
    }


def _may_forget(case: Case, who: Principal) -> bool:
    return who.role is not None and who.role >= Role.APPROVER and not being_forgotten(case)


async def case_action(s: Services, request: Request, who: Principal) -> Response:
    """`POST dashboard/cases/{case_id}/{action}`: a form of the case page; back to that page."""
    action, case_id = request.params["action"], request.params["case_id"]
    if action not in requests.ACTIONS:
        raise NotFound("There is no such action.")
    access.require(who, access.ACTIONS.get(action, Role.OPERATOR))
    values = await read_form(s, request, who)
    # One form for all buttons: the step says something to "run again" only.
    step = values.get("from_step") if action == "rerun" else None
    seen = values.get("plan_hash") if action == "rerun" else None
    # What the page showed is what is answered; the hash of a plan says it, too.
    asked = values.get("reason_code", "")
    answers = action in {"approve", *buttons.ANSWERS} or (
        action == "rerun" and not seen and asked in buttons.answers(who)
    )
    checks = tuple(name.removeprefix(_CHECK) for name in values if name.startswith(_CHECK))
    account = values.get("account") if action in buttons.ANSWERS else None
    ask = actions.Ask(
        who.id,
        values.get("reason", ""),
        step or None,
        seen or None,
        reason_code=(asked or None) if answers else None,
        about=tuple(values.get("about", "").split()) if answers else None,
        answers=buttons.answers(who),
        by_name=True,
        lost=_said(values, "lost"),
        kept=_said(values, "kept"),
        confirmed=checks,
        account=account or None,
    )
    done = await requests.carry_out(s, action, case_id, ask)
    if action == desk.HANDOUT:
        return Response(303, headers={"Location": "handout"})
    gone = action == forget.ACTION and done.status == "done"
    return Response(303, headers={"Location": "../../../dashboard" if gone else f"../{done.case_id}"})


def _said(values: dict[str, str], word: str) -> tuple[str, ...]:
    """Of which methods the form of a lost phone says this."""
    return tuple(
        name.removeprefix(_METHOD)
        for name, value in values.items()
        if name.startswith(_METHOD) and value == word
    )
