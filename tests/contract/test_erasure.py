"""Erasure on every store: after `forget`, nothing that lies in it, read past the adapter, names the person."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.policy import Policy, RetentionPolicy
from onboarding.operate import forget, retention
from onboarding.operate.actions import Ask
from onboarding.ports import DeliveryStatus
from tests.storage.stores import StoreUnderTest
from tests.support import people
from tests.support.azurite import shared
from tests.support.doubles import World

ASK = Ask("approver-1", "article 17")


@pytest.fixture
async def world(store: StoreUnderTest) -> Any:
    """The doubles' world over the store under test."""
    made = World()
    memory = made.store
    made.s = replace(
        made.s,
        cases=made.tape.wrap("cases", store.cases),
        deliveries=made.tape.wrap("deliveries", store.deliveries),
        usage=made.tape.wrap("usage", store.usage),
    )
    made.store = store  # type: ignore[assignment]
    yield made
    memory.close()


def raw(store: StoreUnderTest) -> dict[str, str]:
    """Everything that lies in the store, table by table and container by container, in lower case."""
    return _sqlite(store.location) if store.name == "embedded" else _azure(store.location)


def _sqlite(location: str) -> dict[str, str]:
    connection = sqlite3.connect(f"{location}/store.db")
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: [v for row in connection.execute(f"SELECT * FROM {name}") for v in row] for name in names}
    connection.close()
    return {name: _text(values) for name, values in found.items()}


def _azure(account: str) -> dict[str, str]:
    from azure.data.tables import TableServiceClient
    from azure.storage.blob import BlobServiceClient

    where = shared().connection_string(account)
    found: dict[str, str] = {}
    with TableServiceClient.from_connection_string(where) as tables:
        for table in tables.list_tables():
            rows = list(tables.get_table_client(table.name).list_entities())
            found[table.name] = _text([value for row in rows for value in row.values()])
    with BlobServiceClient.from_connection_string(where) as blobs:
        for container in blobs.list_containers():
            client = blobs.get_container_client(container.name)
            values: list[Any] = []
            for blob in client.list_blobs(include=["metadata"]):
                values += [blob.name, str(blob.metadata), client.download_blob(blob.name).readall()]
            found[container.name] = _text(values)
    return found


def _text(values: list[Any]) -> str:
    return "\n".join(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values).lower()


def traces(store: StoreUnderTest) -> set[tuple[str, str]]:
    return {(name, one) for name, text in raw(store).items() for one in people.TRACES if one in text}


async def test_of_a_forgotten_person_nothing_lies_in_the_store(world: World, store: StoreUnderTest) -> None:
    case = await people.employed(world)
    assert len({name for name, _ in traces(store)}) >= 4, "the dump would notice"
    done = await forget.forget(world.s, people.EMPLOYEE_ID, ASK)
    assert done.status == "done"
    assert traces(store) == set()
    assert await store.cases.get(case.case_id) is None
    world.clock.move(minutes=20)
    await retention.prune(world.s)
    assert traces(store) == set()
    kept = await store.cases.get_operation(done.operation_id)
    assert kept is not None
    assert (kept.status, kept.reason) == ("done", "article 17")


async def test_of_an_expired_delivery_no_body_lies_in_the_store(world: World, store: StoreUnderTest) -> None:
    await people.put(world, 1, people.body(), status=DeliveryStatus.UNREADABLE)
    await people.put(world, 2, people.body(), status=DeliveryStatus.PROCESSED)
    assert traces(store)
    world.clock.move(days=91)
    assert (await retention.prune(world.s)).bodies == 2
    assert traces(store) == set()
    assert await retention.prune(world.s) == retention.Pruned()
    world.clock.move(days=310)
    assert (await retention.prune(world.s)).rows == 2
    assert (await store.deliveries.walk()).items == []


async def test_who_left_is_erased_on_every_store(world: World, store: StoreUnderTest) -> None:
    await people.deliver(world, 1, people.body())
    ended = people.body(event_type="hire.cancelled", occurred_at="2026-08-17T07:30:00Z")
    await people.deliver(world, 2, ended)
    world.clock.move(days=8)
    s = replace(world.s, policy=Policy(retention=RetentionPolicy(closed_days=7)))
    assert (await retention.prune(s)).cases == 1
    assert traces(store) == set()
    world.clock.at += timedelta(minutes=20)
    assert (await retention.prune(s)).cases == 0
