"""Deliveries for operators: find, show, replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from onboarding.errors import NotFound, Refused
from onboarding.intake.receive import HANDSHAKE
from onboarding.operate import masking
from onboarding.operate.actions import Ask, check_reason
from onboarding.operate.cases import stamp
from onboarding.operate.delivery_words import explain
from onboarding.ports import Delivery, DeliveryStatus, Operation, Services, WorkMessage


async def find(s: Services, delivery_id: str) -> Delivery:
    """One delivery; NotFound if there is none."""
    delivery = await s.deliveries.get(delivery_id)
    if delivery is None:
        raise NotFound("There is no delivery of this id.")
    return delivery


async def replay(s: Services, delivery_id: str, ask: Ask) -> Operation:
    """Process a stored delivery again with today's mapping and settings, also one that was taken over before.

    Safe: what it says counts as of the time when it came, and every later step looks before it acts.
    """
    check_reason(ask)
    delivery = await find(s, delivery_id)
    if delivery.vendor_event_type == HANDSHAKE:
        raise Refused("This is a verification token of a set-up, and no event.", code="not_an_event")
    if delivery.body is None:
        raise Refused("The raw delivery is gone (retention): ask HR to send it again.", code="body_pruned")
    now = await s.clock.now()
    case_id = delivery.case_ids[0] if delivery.case_ids else None
    operation = Operation(
        s.entropy.operation_id(), case_id, "replay", ask.actor, ask.reason.strip(), now, "accepted"
    )
    await s.cases.put_operation(operation)
    queued = replace(
        delivery,
        status=DeliveryStatus.QUEUED,
        reason_code=None,
        reason_detail=None,
        queued_at=now,
        replays=delivery.replays + 1,
    )
    await s.deliveries.update(queued)
    await s.queue.send(WorkMessage(delivery_id=delivery_id, why="replay"))
    await s.cases.put_operation(replace(operation, status="done", result="queued"))
    return operation


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """One delivery without its body."""
    return {
        "delivery_id": delivery.delivery_id,
        "source": delivery.source,
        "adapter": delivery.adapter,
        "received_at": stamp(delivery.received_at),
        "status": str(delivery.status),
        "vendor_event_type": delivery.vendor_event_type,
        "reason_code": delivery.reason_code,
        "reason_detail": delivery.reason_detail,
        "body_sha256": delivery.body_sha256,
        "pruned_at": stamp(delivery.pruned_at),
        "verification": delivery.verification
        and {
            "scheme": delivery.verification.scheme,
            "key_id": delivery.verification.key_id,
            "key_label": delivery.verification.label,
            "timestamp_checked": delivery.verification.timestamp_checked,
        },
        "case_ids": list(delivery.case_ids),
    }


def shown(delivery: Delivery) -> dict[str, Any]:
    """One delivery with the shape of its body: `content`, null once the body is gone. No value of it is shown."""
    body = delivery.body
    hidden = body is None or delivery.vendor_event_type == HANDSHAKE
    return {
        **delivery_json(delivery),
        "explanation": explain(delivery),
        "bytes": None if body is None else len(body),
        "content": None if hidden else masking.body(body or b"", delivery.headers),
    }
