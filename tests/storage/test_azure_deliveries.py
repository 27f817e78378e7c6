"""What the azure deliveries add to the contract: bodies as blobs, lists as hints, and whatever a crash leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from azure.storage.blob.aio import ContainerClient

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.errors import StoreConflict
from onboarding.ports import Delivery, DeliveryStatus
from onboarding.settings import Secret, StorageSettings
from onboarding.storage import names
from onboarding.storage.azure import tables
from onboarding.storage.azure.aliases import AzureAliases
from onboarding.storage.azure.bodies import Bodies, digest_of
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.deliveries import AzureDeliveryStore
from tests.storage.stores import T0, case_id, make_delivery
from tests.support.azurite import Shared


class Died(BaseException):
    """As a process that is killed: nobody handles it."""


LATER = T0 + timedelta(days=1)


@pytest.fixture
def connection_string(azurite: Shared) -> str:
    return azurite.connection_string(azurite.account())


@pytest.fixture
async def connection(connection_string: str) -> AsyncIterator[Connection]:
    made = Connection(StorageSettings(connection_string=Secret(connection_string)))
    yield made
    await made.aclose()


@pytest.fixture
def store(connection: Connection) -> AzureDeliveryStore:
    return AzureDeliveryStore(connection)


async def blobs(connection_string: str) -> list[str]:
    async with ContainerClient.from_connection_string(connection_string, names.BODIES) as container:
        return [name async for name in container.list_blob_names()]


async def hints(connection: Connection) -> list[str]:
    """Partition of every list row."""
    rows = await tables.scan(connection, names.DELIVERIES, "PartitionKey ge @a and PartitionKey lt @b", None,
                             a="l_", b="l`")  # fmt: skip
    return [row["PartitionKey"] for row in rows]


async def put(store: AzureDeliveryStore, delivery: Delivery) -> Delivery:
    written, inserted = await store.put_if_absent(delivery)
    assert inserted
    return written


async def test_a_delivery_is_in_one_list_and_has_one_body_through_its_whole_life(
    store: AzureDeliveryStore, connection: Connection, connection_string: str
):
    delivery = await put(store, make_delivery())
    assert await hints(connection) == ["l_open"]
    delivery = await store.update(replace(delivery, status=DeliveryStatus.QUEUED))
    assert await hints(connection) == ["l_open"]
    delivery = await store.update(replace(delivery, status=DeliveryStatus.PROCESSED, body=b"pruned"))
    assert await hints(connection) == ["l_processed"]
    assert len(await blobs(connection_string)) == 1
    delivery = await store.update(delivery.emptied(LATER))
    assert await hints(connection) == ["l_processed_pruned"]
    assert await blobs(connection_string) == []
    await store.remove(delivery)
    assert await hints(connection) == []


async def test_what_a_repeat_with_another_body_wrote_goes_with_the_body_and_is_never_seen(
    store: AzureDeliveryStore, connection: Connection, connection_string: str
):
    """It is not removed at once: an attempt with the very same bytes may be making them the true ones."""
    first = await put(store, make_delivery(body=b"first"))
    there, inserted = await store.put_if_absent(make_delivery(body=b"second", at=LATER))
    assert not inserted
    assert there.body == b"first"
    assert [each.received_at for each in (await store.page()).items] == [first.received_at]
    await store.update(first.emptied(LATER))
    assert await blobs(connection_string) == []


async def test_a_mended_body_survives_another_attempt_with_the_same_bytes(
    store: AzureDeliveryStore, connection: Connection
):
    """Two processes take the mended body at once: the one that comes too late takes nothing away."""
    first = await put(store, make_delivery(status=DeliveryStatus.UNREADABLE, body=b"broken"))
    other = AzureDeliveryStore(connection)
    mended = make_delivery(body=b"mended")

    async def swapped_in_between(delivery_id: str) -> Any:
        row = await read(delivery_id)
        if row is not None and row[1].digest == first_digest:
            await store.update(replace(mended, etag=first.etag))
        return row

    read, first_digest = other._row, digest_of(b"broken")
    other._row = swapped_in_between  # type: ignore[method-assign]
    await other.put_if_absent(mended)
    kept = await store.get(mended.delivery_id)
    assert kept is not None
    assert kept.body == b"mended"


async def test_who_died_before_the_row_left_nothing_that_is_seen(
    store: AzureDeliveryStore, connection_string: str, monkeypatch: pytest.MonkeyPatch
):
    async def dies(*arguments: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr("onboarding.storage.azure.single.insert", dies)
        with pytest.raises(Died):
            await store.put_if_absent(make_delivery(body=b"first"))
    assert (await store.page()).items == []
    assert await store.get(make_delivery().delivery_id) is None
    # The sender comes again, with other bytes: what is stored is what the row says.
    await put(store, make_delivery(body=b"second", at=LATER))
    read = await store.get(make_delivery().delivery_id)
    assert read is not None
    assert read.body == b"second"
    assert len((await store.page()).items) == 1
    # Whoever looks for old ones removes the leftover; erasing removes every body.
    await store.older(DeliveryStatus.RECEIVED, LATER, 9)
    await store.remove(read)
    assert await blobs(connection_string) == []


async def test_who_died_after_the_row_left_a_hint_that_is_seen_through_and_swept(
    store: AzureDeliveryStore, connection: Connection, monkeypatch: pytest.MonkeyPatch
):
    delivery = await put(store, make_delivery())

    async def dies(*arguments: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(AzureDeliveryStore, "_withdraw", dies)
        with pytest.raises(Died):
            await store.update(replace(delivery, status=DeliveryStatus.FAILED))
    assert sorted(await hints(connection)) == ["l_failed", "l_open"]
    assert [each.status for each in (await store.page()).items] == [DeliveryStatus.FAILED]
    assert (await store.page(status="received")).items == []
    assert await store.older(DeliveryStatus.RECEIVED, LATER, 9) == []
    assert sorted(await hints(connection)) == ["l_failed", "l_open"], (
        "it may be somebody's who is just writing"
    )
    monkeypatch.setattr("onboarding.storage.azure.deliveries.ABANDONED", timedelta(seconds=-60))
    assert await store.older(DeliveryStatus.RECEIVED, LATER, 9) == []
    assert await hints(connection) == ["l_failed"]
    assert len(await store.older(DeliveryStatus.FAILED, LATER, 9)) == 1


async def test_a_page_goes_on_behind_many_that_are_of_another_status(store: AzureDeliveryStore):
    for n in range(30):
        status = DeliveryStatus.RECEIVED if n in (0, 29) else DeliveryStatus.QUEUED
        await put(store, make_delivery(n, at=T0 + timedelta(minutes=n), status=status))
    found: list[Delivery] = []
    token = None
    for _ in range(30):
        page = await store.page(status="received", page=token, size=2)
        found += page.items
        token = page.next_page
        if token is None:
            break
    assert [item.received_at for item in found] == [T0 + timedelta(minutes=29), T0]


async def test_of_two_updates_at_once_one_wins_and_it_is_in_the_right_list(
    store: AzureDeliveryStore, connection: Connection
):
    for n in range(10):
        delivery = await put(store, make_delivery(n))
        asked = [replace(delivery, status=each) for each in (DeliveryStatus.FAILED, DeliveryStatus.PROCESSED)]
        answers = await asyncio.gather(*map(store.update, asked), return_exceptions=True)
        assert sum(isinstance(answer, StoreConflict) for answer in answers) == 1
    listed = [item.delivery_id for item in (await store.page()).items]
    assert sorted(listed) == [make_delivery(n).delivery_id for n in range(10)]


async def test_a_body_that_the_lifecycle_rule_took_is_none(store: AzureDeliveryStore, connection: Connection):
    delivery = await put(store, make_delivery())
    await Bodies(connection).keep_only(delivery.delivery_id, "")
    read = await store.get(delivery.delivery_id)
    assert read == replace(delivery, body=None)


async def test_more_case_ids_than_one_property_holds(store: AzureDeliveryStore):
    ids = tuple(case_id(n) for n in range(5000))
    delivery = await put(store, make_delivery(case_ids=ids))
    assert await store.get(delivery.delivery_id) == delivery


async def test_no_key_holds_a_value_of_a_person(connection: Connection):
    """Keys are in URLs, and those in the storage account's logs."""
    aliases = AzureAliases(connection)
    await aliases.claim_alias(Alias(TENANT, AliasKind.UPN, "soren.o'neill@example.com"), case_id(1))
    await aliases.claim_alias(Alias("bamboohr", AliasKind.EMPLOYEE_ID, "4711"), case_id(1))
    rows = await tables.scan(connection, names.ALIASES, "PartitionKey gt @p", None, p="")
    keys = " ".join(row["PartitionKey"] + row["RowKey"] for row in rows)
    assert "neill" not in keys
    assert "4711" not in keys
