"""Deliveries: the list with every source above it, one delivery with its shape, and the form that replays it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from onboarding import access
from onboarding.access import Principal, Role
from onboarding.dashboard.forms import Again, read_form
from onboarding.dashboard.render import page
from onboarding.operate import actions, deliveries, vendors
from onboarding.ports import DeliveryStatus, Services
from onboarding.web import Request, Response


async def listing(s: Services, request: Request, who: Principal) -> Response:
    """`GET dashboard/deliveries?status=&source=&page=`"""
    given = {name: request.query.get(name, "") for name in ("status", "source")}
    found = await s.deliveries.page(
        status=DeliveryStatus.asked_for(given["status"]),
        source=given["source"] or None,
        page=request.query.get("page") or None,
    )
    return page(
        200,
        "deliveries.html",
        who=who,
        now=await s.clock.now(),
        given=given,
        statuses=list(DeliveryStatus),
        sources=await vendors.survey(s),
        items=[deliveries.delivery_json(item) for item in found.items],
        following=urlencode({**given, "page": found.next_page}) if found.next_page else None,
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


async def one(s: Services, request: Request, who: Principal, again: Again | None = None) -> Response:
    """`GET dashboard/deliveries/{delivery_id}`: what came, of its body the shape only."""
    delivery = await deliveries.find(s, request.params["delivery_id"])
    data, now = deliveries.shown(delivery), await s.clock.now()
    may = who.role is not None and who.role >= Role.OPERATOR and delivery.body is not None
    return page(
        200,
        "delivery.html",
        again=again,
        who=who,
        now=now,
        delivery=data,
        content=None
        if data["content"] is None
        else json.dumps(data["content"], ensure_ascii=False, indent=2),
        token=access.form_token(who, s.settings, now) if may and data["content"] is not None else None,
        simulated=s.settings.graph == "simulated",
        mode=s.settings.mode,
    )


async def replay(s: Services, request: Request, who: Principal) -> Response:
    """`POST dashboard/deliveries/{delivery_id}/replay`: the form of that page; back to it."""
    values = await read_form(s, request, who)
    delivery_id = request.params["delivery_id"]
    await deliveries.replay(s, delivery_id, actions.Ask(who.id, values.get("reason", "")))
    return Response(303, headers={"Location": f"../{delivery_id}"})
