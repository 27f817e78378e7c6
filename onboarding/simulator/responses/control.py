"""The control interface over the tenant: clock, faults, report, policy, what it saw and received."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import parse_duration, parse_time, to_micros
from onboarding.simulator.errors import ControlError, GraphError, unauthorized
from onboarding.simulator.models.faults import parse_fault
from onboarding.simulator.models.mail import Message, text_of
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.people import body_of, check_keys


def get_clock(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, {"now": to_micros(tenant.now())})


def move_clock(tenant: Tenant, call: Call) -> Answer:
    """{"to": RFC 3339} or {"advance": ISO 8601 duration}, never backwards."""
    body = body_of(call, "clock")
    check_keys(body, {"to", "advance"}, "clock")
    if len(body) != 1:
        raise ControlError('clock: give either "to" or "advance"')
    try:
        if "to" in body:
            tenant.clock.move_to(parse_time(body["to"]))
        else:
            tenant.clock.advance(parse_duration(body["advance"]))
    except (TypeError, AttributeError):
        raise ControlError("clock: a time or a duration is a string") from None
    except OverflowError:
        raise ControlError("clock: that lies beyond the year 9999") from None
    except ValueError as exc:
        raise ControlError(f"clock: {exc}") from exc
    return get_clock(tenant, call)


def add_fault(tenant: Tenant, call: Call) -> Answer:
    fault = parse_fault(body_of(call, "faults"))
    tenant.faults.append(fault)
    return Answer(201, fault.as_json())


def list_faults(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, {"items": [fault.as_json() for fault in tenant.faults]})


def clear_faults(tenant: Tenant, call: Call) -> Answer:
    tenant.faults.clear()
    return Answer(204)


def set_report(tenant: Tenant, call: Call) -> Answer:
    """{"frozen": bool, "lag_hours": number, "spread_hours": number}. Frozen: the report stays as it is at this
    moment. spread_hours: how much later than that the latest row is."""
    body = body_of(call, "report")
    check_keys(body, {"frozen", "lag_hours", "spread_hours"}, "report")
    hours, spread, frozen = (body.get(name) for name in ("lag_hours", "spread_hours", "frozen"))
    for name, value in (("lag_hours", hours), ("spread_hours", spread)):
        if value is not None and not (_number(value) and 0 <= value <= 10_000):
            raise ControlError(f"report: {name} is a number, 0 or more")
    if not isinstance(frozen, bool | None):
        raise ControlError("report: frozen is true or false")
    report = tenant.report
    if hours is not None:
        report.lag = timedelta(hours=hours)
    if spread is not None:
        report.spread = timedelta(hours=spread)
    if frozen is False:
        report.frozen_at = None
    elif frozen and report.frozen_at is None:
        report.frozen_at = tenant.now() - report.lag
    return get_report(tenant, call)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def get_report(tenant: Tenant, call: Call) -> Answer:
    report = tenant.report
    return Answer(
        200,
        {
            "frozen": report.frozen_at is not None,
            "lag_hours": report.lag.total_seconds() / 3600,
            "spread_hours": report.spread.total_seconds() / 3600,
            "as_of": to_micros(report.as_of(tenant.now())),
        },
    )


def set_policy(tenant: Tenant, call: Call) -> Answer:
    tenant.policy.change(body_of(call, "policy"))
    return get_policy(tenant, call)


def get_policy(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, tenant.policy.as_json())


def mail_json(message: Message) -> dict[str, Any]:
    """A received message; `html` is null for a plain one, and `text` is derived where it was HTML."""
    body = message.content["body"]
    is_html = body["contentType"] == "html"
    return {
        "id": message.immutable_id,
        "to": message.addresses("toRecipients"),
        "cc": message.addresses("ccRecipients"),
        "bcc": message.addresses("bccRecipients"),
        "from": message.sender,
        "subject": message.content.get("subject") or "",
        "text": text_of(body["content"]) if is_html else body["content"],
        "html": body["content"] if is_html else None,
        "sent_at": to_micros(message.sent_at) if message.sent_at else None,
    }


def list_mail(tenant: Tenant, call: Call) -> Answer:
    """Everything that left, newest last. `?to=` keeps what that address received, case ignored."""
    check_keys(dict(call.query), {"to"}, "mail")
    wanted = call.query.get("to", "").lower()
    items = [mail_json(message) for message in tenant.mail.sent]
    if wanted:
        items = [m for m in items if wanted in (a.lower() for a in m["to"] + m["cc"] + m["bcc"])]
    return Answer(200, {"items": items})


def list_requests(tenant: Tenant, call: Call) -> Answer:
    """Calls to Graph and to the pretend HR APIs, in the order of their answers; status 0: no answer went
    out. `?after=n` keeps the later ones."""
    check_keys(dict(call.query), {"after"}, "requests")
    after = call.query.get("after", "0")
    if not after.isascii() or not after.isdigit():
        raise ControlError("requests: after is a whole number")
    return Answer(200, {"items": tenant.requests[int(after) :]})


def reset(tenant: Tenant, call: Call) -> Answer:
    body = body_of(call, "reset") if call.body is not None else {}
    check_keys(body, {"seed"}, "reset")
    seed = body.get("seed", tenant.seed)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise ControlError("reset: seed is a whole number")
    tenant.reset(seed)
    return Answer(200, {"seed": seed, "now": to_micros(tenant.now())})


def get_vendor_person(tenant: Tenant, call: Call) -> Answer:
    """The pretend HR API: any bearer token; 404 for an unknown person."""
    if not call.headers.get("authorization", "").removeprefix("Bearer").strip():
        raise unauthorized()
    key = (call.params["source"], call.params["id"])
    if key not in tenant.vendors:
        raise GraphError(404, "NotFound", "There is no such person.")
    return Answer(200, tenant.vendors[key])
