"""Somebody with a difficult name, known to HR under several ids, and where in a store a trace of them is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.intake import process
from onboarding.operate import due, work
from onboarding.ports import Delivery, DeliveryStatus, WorkMessage
from tests.support.doubles import World

SOURCE = "standard-webhooks"
EMPLOYEE_ID = "PLANTED-EMP-77"
#: An id that only an alias row knows.
ALSO_KNOWN = Alias(SOURCE, AliasKind.CANDIDATE_ID, "application:PLANTED-4619")
PERSON: dict[str, Any] = {
    "event_type": "hire.created",
    "occurred_at": "2026-08-17T07:00:00Z",
    "employee_id": EMPLOYEE_ID,
    "employee_number": "PLANTED-N-9",
    "given_name": "Zzyzx-Plantedname",
    "family_name": "O'Qwxyplanted-Weiß",
    "preferred_name": "山田",
    "personal_email": "planted.person@personal.example",
    "phones": [{"raw": "+49 151 99999901", "label": "mobile"}],
    "work_country": "Germany",
    "manager": {"name": "Wqzplanted Boss", "email": "chef@contoso.example"},
    "start_date": "2026-08-18",
}
#: Whatever of the person could be in a row, in lower case.
TRACES = (
    "planted-emp-77", "planted-n-9", "planted-4619", "zzyzx", "plantedname", "qwxyplanted", "o'qwx", "山田",
    "planted.person", "personal.example", "99999901", "wqzplanted", "user-2", "zoë",
)  # fmt: skip


def body(**said: Any) -> bytes:
    """PERSON, overwritten; None takes a field out."""
    told = {**PERSON, **said}
    return json.dumps({k: v for k, v in told.items() if v is not None}, ensure_ascii=False).encode()


async def put(world: World, number: int, content: bytes, **more: Any) -> Delivery:
    """A delivery as the door stores it, on the queue."""
    values: dict[str, Any] = {
        "status": DeliveryStatus.QUEUED,
        "headers": {"webhook-id": f"msg_{number}", "x-person": "Zzyzx"},
        "received_at": world.clock.at,
        "queued_at": world.clock.at,
        **more,
    }
    made = Delivery(f"d_{number:026d}", SOURCE, SOURCE, body_sha256=f"{number:064d}", body=content, **values)
    stored, _ = await world.store.deliveries.put_if_absent(made)
    return stored


async def deliver(world: World, number: int, content: bytes) -> Delivery:
    """Stored and worked off."""
    made = await put(world, number, content)
    await process.process_delivery(world.s, made.delivery_id)
    found = await world.store.deliveries.get(made.delivery_id)
    assert found is not None
    return found


async def arrived(world: World) -> Case:
    """The person after two deliveries, under every id."""
    await deliver(world, 1, body())
    done = await deliver(world, 2, body(event_type="hire.updated", occurred_at="2026-08-17T07:30:00Z"))
    (case_id,) = done.case_ids
    await world.store.cases.claim_alias(ALSO_KNOWN, case_id)
    return await world.case(case_id)


async def employed(world: World) -> Case:
    """The person in follow-up: account, pass delivered, welcome sent."""
    case = await arrived(world)
    for _ in range(60):
        await run(world)
        case = await world.case(case.case_id)
        if case.state == "following_up" and case.access_pass:
            return case
        world.clock.move(hours=4)
    raise AssertionError(f"never employed: {case.state} {case.reason_code} {case.next_action}")


async def run(world: World) -> None:
    """Timer and worker until nothing is due now. A message that was sent with a delay waits for the next call."""
    delayed: list[tuple[WorkMessage, float]] = []
    for turn in range(50):
        await due.enqueue_due(world.s)
        batch = list(world.queue.sent)
        world.queue.sent.clear()
        delayed += [item for item in batch if turn and item[1]]
        ready = [message for message, delay in batch if not (turn and delay)]
        if not ready:
            world.queue.sent += delayed
            return
        for message in ready:
            await work.handle(world.s, message)
    raise AssertionError("it never comes to rest")


async def recover(world: World, minutes: int = 40) -> None:
    """What timers and workers do in that time after a crash, and nothing else."""
    for _ in range(minutes):
        world.clock.at += timedelta(minutes=1)
        await run(world)


async def dump(world: World) -> dict[str, str]:
    """Every live row of every table, as text in lower case."""

    def read(connection: Any) -> dict[str, str]:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: _text(connection.execute(f"SELECT * FROM {name}").fetchall()) for name in names}

    return await world.store.database.read(read)


def _text(rows: list[tuple[Any, ...]]) -> str:
    values = [value for row in rows for value in row]
    texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]
    return "\n".join(texts).lower()


async def traces(world: World) -> list[tuple[str, str]]:
    """(table, what it still holds of the person)."""
    return [
        (table, trace)
        for table, text in (await dump(world)).items()
        for trace in TRACES
        if trace in text or json.dumps(trace)[1:-1] in text
    ]


def tenant_alias(kind: AliasKind, value: str) -> Alias:
    """An alias in the tenant's own namespace."""
    return Alias(TENANT, kind, value)
