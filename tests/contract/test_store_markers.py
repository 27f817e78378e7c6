"""CaseStore: markers (cursors, budgets, switches) and operations."""

from __future__ import annotations

import asyncio

import pytest

from onboarding.errors import StoreConflict
from onboarding.ports import Marker, Operation
from tests.storage.stores import T0, StoreUnderTest, case_id


async def test_a_marker_is_inserted_once(store: StoreUnderTest):
    assert await store.cases.read_marker("cursor") is None
    written = await store.cases.write_marker("cursor", {"seen": ["é", 1, None], "deep": {"a": 0.5}}, None)
    assert await store.cases.read_marker("cursor") == written
    with pytest.raises(StoreConflict):
        await store.cases.write_marker("cursor", {}, None)
    assert await store.cases.read_marker("cursor") == written
    assert await store.cases.read_marker("other") is None


@pytest.mark.parametrize("etag", ["", "0", "2", "x"])
async def test_a_marker_is_replaced_only_as_read(store: StoreUnderTest, etag: str):
    with pytest.raises(StoreConflict):
        await store.cases.write_marker("budget", {"left": 1}, "1")
    first = await store.cases.write_marker("budget", {"left": 5}, None)
    second = await store.cases.write_marker("budget", {"left": 4}, first.etag)
    assert second.etag != first.etag
    with pytest.raises(StoreConflict):
        await store.cases.write_marker("budget", {"left": 3}, first.etag)
    with pytest.raises(StoreConflict):
        await store.cases.write_marker("budget", {"left": 3}, etag if etag != second.etag else "x")
    assert await store.cases.read_marker("budget") == Marker({"left": 4}, second.etag)


async def test_a_budget_taken_by_many_is_not_overdrawn(store: StoreUnderTest):
    clients = (store, store.second())
    await store.cases.write_marker("budget", {"left": 15}, None)

    async def take(client: StoreUnderTest) -> bool:
        while True:
            marker = await client.cases.read_marker("budget")
            assert marker is not None
            if marker.value["left"] == 0:
                return False
            try:
                await client.cases.write_marker("budget", {"left": marker.value["left"] - 1}, marker.etag)
                return True
            except StoreConflict:
                continue

    assert sum(await asyncio.gather(*(take(clients[n % 2]) for n in range(20)))) == 15


async def test_an_operation_is_inserted_and_replaced(store: StoreUnderTest):
    assert await store.cases.get_operation("o_1") is None
    accepted = Operation("o_1", case_id(1), "rerun", "operator:abc", "HR fixed Müller's date", T0, "accepted")
    await store.cases.put_operation(accepted)
    assert await store.cases.get_operation("o_1") == accepted
    done = Operation("o_1", None, "reruns", "operator:abc", "x", T0, "done", "matched=3")
    await store.cases.put_operation(done)
    assert await store.cases.get_operation("o_1") == done
