"""Health, cases, actions, operations, deliveries."""

from __future__ import annotations

import json
from typing import Any

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.api.errors import RETRY_AFTER
from onboarding.errors import NotFound, RequestError
from onboarding.operate import actions, cases, deliveries, desk, forget, requests, rerun_plan, trouble, whose
from onboarding.operate.without_pass import WITHOUT_PASS
from onboarding.ports import CaseQuery, DeliveryStatus, Services
from onboarding.web import Request, Response, json_response

FILTERS = ("state", "status", "source", "reason_code", "employee_id", "q")
DELIVERY_FILTERS = ("status", "source")
#: The question that is answered, and what it is about.
_QUESTION = ("reason_code", "about")
#: What an action takes beside a reason.
_MEMBERS = {
    "rerun": ("from_step", "plan_hash", *_QUESTION),
    "approve": _QUESTION,
    desk.LOST_PHONE: ("method", "methods", "kept"),
    desk.NEW_PASS: ("confirmed",),
    whose.OTHER_PERSON: ("account", *_QUESTION),
    whose.PURGED: ("account", *_QUESTION),
    WITHOUT_PASS: _QUESTION,
}


async def health(s: Services) -> Response:
    """200, or what the store raises: the trigger answers `degraded` to whatever is wrong."""
    await s.cases.ping()
    return json_response(200, {"status": "ok"})


def degraded() -> Response:
    """503 without detail: this route is anonymous."""
    return json_response(503, {"status": "degraded"}, {"Retry-After": RETRY_AFTER})


async def list_cases(s: Services, request: Request, who: Principal) -> Response:
    """`GET cases?state=&status=&q=&employee_id=&source=&page=`"""
    _only(request, FILTERS)
    query = CaseQuery(**{name: request.query.get(name) or None for name in FILTERS})
    found = await s.cases.search(query, request.query.get("page") or None)
    return json_response(
        200, {"items": [cases.summary_json(item) for item in found.items], "next_page": found.next_page}
    )


async def show_case(s: Services, request: Request, who: Principal) -> Response:
    """`GET cases/{case_id}`; also `SOURCE:ID` or a bare id."""
    return json_response(200, await cases.show(s, request.params["case_id"]))


async def act(s: Services, request: Request, who: Principal) -> Response:
    """`POST cases/{case_id}/{action}` with `{"reason"}` and what `_MEMBERS` names → 202."""
    action = request.params["action"]
    if action not in requests.ACTIONS:
        raise NotFound("There is no such action.")
    access.require(who, access.ACTIONS.get(action, access.Role.OPERATOR))
    access.check_json(request)
    body = body_of(request)
    members = ("reason", *_MEMBERS.get(action, ()))
    if set(body) - set(members):
        raise RequestError(f"The body of {action} takes: {', '.join(members)}.", code="unknown_member")
    ask = actions.Ask(
        who.id,
        text(body, "reason") or "",
        text(body, "from_step"),
        text(body, "plan_hash") or None,
        reason_code=text(body, "reason_code"),
        about=_texts(body, "about") if body.get("about") is not None else None,
        answers=rerun_plan.answers(approver=who.role is Role.APPROVER),
        by_name=True,
        lost=(*filter(None, (text(body, "method"),)), *_texts(body, "methods")),
        kept=_texts(body, "kept"),
        confirmed=_texts(body, "confirmed"),
        account=text(body, "account"),
    )
    operation = await requests.carry_out(s, action, request.params["case_id"], ask)
    answer = {"operation_id": operation.operation_id, "case_id": operation.case_id}
    note = requests.note(action)
    return json_response(202, {**answer, "note": note} if note else answer)


async def list_methods(s: Services, request: Request, who: Principal) -> Response:
    """`GET cases/{case_id}/methods`: what can be deleted when a phone is lost, for an approver."""
    return json_response(200, await desk.methods(s, request.params["case_id"]))


async def show_operation(s: Services, request: Request, who: Principal) -> Response:
    """`GET operations/{operation_id}`"""
    operation = await s.cases.get_operation(request.params["operation_id"])
    if operation is None:
        raise NotFound("There is no operation of this id.")
    operation = await forget.settled(s, operation)
    return json_response(
        200,
        {
            "operation_id": operation.operation_id,
            "case_id": operation.case_id,
            "action": operation.action,
            "actor": operation.actor,
            "reason": operation.reason,
            "at": cases.stamp(operation.at),
            "status": operation.status,
            "result": operation.result,
        },
    )


async def show_trouble(s: Services, request: Request, who: Principal) -> Response:
    """`GET trouble`: what is held back for everybody, and what failed in a way that nobody foresaw."""
    return json_response(200, (await trouble.survey(s)).as_json())


async def approve_limit(s: Services, request: Request, who: Principal) -> Response:
    """`POST limits/{kind}/approve` with `{"reason", "allow"?}` → 202."""
    access.check_json(request)
    body = body_of(request)
    if set(body) - {"reason", "allow"}:
        raise RequestError("The body takes 'reason' and 'allow'.", code="unknown_member")
    allow = body.get("allow")
    if allow is not None and (not isinstance(allow, int) or isinstance(allow, bool)):
        raise RequestError("'allow' must be a whole number.", code="unreadable")
    ask = actions.Ask(who.id, text(body, "reason") or "")
    operation = await trouble.approve(s, request.params["kind"], ask, allow)
    return json_response(202, {"operation_id": operation.operation_id, "case_id": None})


async def list_deliveries(s: Services, request: Request, who: Principal) -> Response:
    """`GET deliveries?status=&source=&page=`"""
    _only(request, DELIVERY_FILTERS)
    found = await s.deliveries.page(
        status=DeliveryStatus.asked_for(request.query.get("status")),
        source=request.query.get("source") or None,
        page=request.query.get("page") or None,
    )
    return json_response(
        200, {"items": [deliveries.delivery_json(d) for d in found.items], "next_page": found.next_page}
    )


async def show_delivery(s: Services, request: Request, who: Principal) -> Response:
    """`GET deliveries/{delivery_id}`: everything, of the body the shape only."""
    return json_response(200, deliveries.shown(await deliveries.find(s, request.params["delivery_id"])))


async def replay_delivery(s: Services, request: Request, who: Principal) -> Response:
    """`POST deliveries/{delivery_id}/replay` with `{"reason"}` → 202."""
    access.check_json(request)
    reason = text(body_of(request), "reason") or ""
    operation = await deliveries.replay(s, request.params["delivery_id"], actions.Ask(who.id, reason))
    return json_response(202, {"operation_id": operation.operation_id, "case_id": operation.case_id})


def _only(request: Request, filters: tuple[str, ...]) -> None:
    """400 for a filter that does not exist: a list that ignored it would answer another question."""
    if set(request.query) - {*filters, "page"}:
        raise RequestError(f"Unknown filter. Known: {', '.join(filters)}, page.", code="unknown_filter")


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a write; 400 where it is not one."""
    try:
        data = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as exc:
        raise RequestError("The body is not JSON.", code="unreadable") from exc
    if not isinstance(data, dict):
        raise RequestError("The body must be a JSON object.", code="unreadable")
    return data


def _texts(body: dict[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts, or nothing."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RequestError(f"'{name}' must be a list of texts.", code="unreadable")
    return tuple(value)


def text(body: dict[str, Any], name: str) -> str | None:
    """A text member, or None."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
        raise RequestError(f"'{name}' must be a text.", code="unreadable")  # a lone surrogate is none
    return value
