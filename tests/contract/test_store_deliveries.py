"""DeliveryStore: one row for each delivery, the same one for every repeat of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.domain.hire import Verification
from onboarding.errors import StoreConflict
from onboarding.ports import Delivery, DeliveryStatus
from tests.storage.stores import T0, StoreUnderTest, make_delivery

BODIES = [b"", b"\x00\xff\xfe", "山田 O'Neill Ø ß".encode(), b"x" * 256 * 1024]


async def stored(store: StoreUnderTest, delivery: Delivery) -> Delivery:
    written, inserted = await store.deliveries.put_if_absent(delivery)
    assert inserted
    read = await store.deliveries.get(delivery.delivery_id)
    assert read == written
    return read


@pytest.mark.parametrize("body", BODIES, ids=len)
async def test_a_delivery_comes_back_byte_for_byte(store: StoreUnderTest, body: bytes):
    delivery = make_delivery(
        body=body,
        verification=Verification("hmac-sha256", "previous", True),
        vendor_event_type="hire",
        reason_code="bad_json",
        reason_detail="/person/phones/0",
        case_ids=("c_1", "c_2"),
    )
    read = await stored(store, delivery)
    assert read.etag
    assert replace(read, etag=None) == delivery


async def test_a_repeat_gets_the_first_and_changes_nothing(store: StoreUnderTest):
    first = await stored(store, make_delivery(body=b"first"))
    queued = await store.deliveries.update(replace(first, status=DeliveryStatus.QUEUED))
    again = await store.deliveries.put_if_absent(make_delivery(body=b"second", at=T0 + timedelta(days=1)))
    assert again == (queued, False)
    assert await store.deliveries.get(first.delivery_id) == queued


async def test_of_many_repeats_at_once_one_is_inserted(store: StoreUnderTest):
    clients = (store, store.second())
    delivery = make_delivery()
    answers = await asyncio.gather(*(clients[n % 2].deliveries.put_if_absent(delivery) for n in range(24)))
    assert sum(inserted for _, inserted in answers) == 1
    assert all(replace(there, etag=None) == delivery and there.etag for there, _ in answers)


async def test_an_unknown_delivery_is_none(store: StoreUnderTest):
    assert await store.deliveries.get("d_nothing") is None


async def test_update_is_compare_and_swap(store: StoreUnderTest):
    read = await stored(store, make_delivery())
    queued = await store.deliveries.update(replace(read, status=DeliveryStatus.QUEUED))
    assert queued.etag != read.etag
    with pytest.raises(StoreConflict):
        await store.deliveries.update(replace(read, status=DeliveryStatus.FAILED))
    assert await store.deliveries.get(read.delivery_id) == queued


@pytest.mark.parametrize("etag", [None, "", "0", "999"])
async def test_update_needs_the_etag_that_was_read(store: StoreUnderTest, etag: str | None):
    read = await stored(store, make_delivery())
    with pytest.raises(StoreConflict):
        await store.deliveries.update(replace(read, etag=etag, status=DeliveryStatus.FAILED))
    with pytest.raises(StoreConflict):
        await store.deliveries.update(replace(read, delivery_id="d_missing"))
    assert await store.deliveries.get(read.delivery_id) == read


async def test_a_body_can_be_pruned_and_an_empty_one_is_not_a_pruned_one(store: StoreUnderTest):
    empty = await stored(store, make_delivery(1, body=b""))
    assert empty.body == b""
    read = await stored(store, make_delivery(2))
    await store.deliveries.update(replace(read, body=None))
    pruned = await store.deliveries.get(read.delivery_id)
    assert pruned is not None
    assert pruned.body is None


async def test_pages_are_newest_first_without_bodies(store: StoreUnderTest):
    for n in range(17):
        await store.deliveries.put_if_absent(make_delivery(n, at=T0 + timedelta(hours=n % 3)))
    items: list[Delivery] = []
    token: str | None = None
    while True:
        page = await store.deliveries.page(page=token, size=4)
        items.extend(page.items)
        token = page.next_page
        if token is None:
            break
    assert len({item.delivery_id for item in items}) == len(items) == 17
    assert [item.received_at for item in items] == sorted((i.received_at for i in items), reverse=True)
    assert all(item.body is None and item.etag for item in items)


async def test_pages_are_filtered_by_status_and_source(store: StoreUnderTest):
    for n, status in enumerate(DeliveryStatus):
        for m, source in enumerate(("bamboohr", "greenhouse")):
            await store.deliveries.put_if_absent(make_delivery(10 * n + m, source=source, status=status))
    assert len((await store.deliveries.page()).items) == 12
    assert len((await store.deliveries.page(source="bamboohr")).items) == 6
    failed = await store.deliveries.page(status="failed")
    assert {item.status for item in failed.items} == {DeliveryStatus.FAILED}
    assert len(failed.items) == 2
    both = await store.deliveries.page(status="failed", source="greenhouse", size=1)
    assert [item.source for item in both.items] == ["greenhouse"]
    assert both.next_page is None
    assert (await store.deliveries.page(status="none")).items == []


async def test_a_changed_status_moves_the_delivery_to_the_other_list(store: StoreUnderTest):
    read = await stored(store, make_delivery())
    await store.deliveries.update(replace(read, status=DeliveryStatus.UNREADABLE))
    assert (await store.deliveries.page(status="received")).items == []
    assert len((await store.deliveries.page(status="unreadable")).items) == 1


async def test_old_unpruned_deliveries_are_found_by_status_and_arrival(store: StoreUnderTest):
    for n, status in enumerate(DeliveryStatus):
        for m in range(3):
            await store.deliveries.put_if_absent(
                make_delivery(10 * n + m, at=T0 + timedelta(days=m), status=status)
            )
    found = await store.deliveries.older(
        DeliveryStatus.PROCESSED, T0 + timedelta(days=1, microseconds=1), 9, unpruned=True
    )
    assert sorted(item.received_at for item in found) == [T0, T0 + timedelta(days=1)]
    assert all(item.body is None and item.etag and item.pruned_at is None for item in found)


async def test_what_was_pruned_is_not_found_again_and_stays_among_the_old(store: StoreUnderTest):
    later = T0 + timedelta(days=1)
    for n in range(7):
        await store.deliveries.put_if_absent(make_delivery(n, status=DeliveryStatus.PROCESSED))
    seen: set[str] = set()
    while found := await store.deliveries.older(DeliveryStatus.PROCESSED, later, 3, unpruned=True):
        assert len(found) <= 3
        assert not seen & {item.delivery_id for item in found}, "the same ones again: it would never end"
        for item in found:
            await store.deliveries.update(item.emptied(later))
            seen.add(item.delivery_id)
    assert len(seen) == 7
    old = await store.deliveries.older(DeliveryStatus.PROCESSED, later, 9)
    assert {item.delivery_id for item in old} == seen
    assert {item.pruned_at for item in old} == {later}
    left = await store.deliveries.get(old[0].delivery_id)
    assert left is not None
    assert (left.body, left.headers, left.pruned_at) == (None, {}, later)


async def test_a_body_that_comes_back_is_unpruned_again(store: StoreUnderTest):
    read = await stored(store, make_delivery(status=DeliveryStatus.FAILED))
    emptied = await store.deliveries.update(read.emptied(T0))
    await store.deliveries.update(replace(emptied, body=b"again", pruned_at=None))
    (found,) = await store.deliveries.older(DeliveryStatus.FAILED, T0 + timedelta(days=1), 9, unpruned=True)
    assert found.delivery_id == read.delivery_id
