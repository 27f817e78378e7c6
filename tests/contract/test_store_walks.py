"""CaseStore and DeliveryStore: walking everything that is kept, erasing it, and hints that need no mending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind, Case
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction, TimelineEntry
from onboarding.errors import RequestError, StoreConflict
from onboarding.ports import CaseQuery, Delivery, DeliveryStatus, Operation, Page
from tests.storage.stores import NAMES, T0, StoreUnderTest, case_id, full_case, make_case, make_delivery

Walk = Callable[..., Awaitable[Page[Any]]]
VALUES = (
    "",
    " ",
    "007",
    "a/b\\c#d?e",
    "O'Neill; --",
    "%_",
    "山田",
    "straße",
    "𠮷",
    "é",
    "e\u0301",
    "x" * 300,
    "\t\n",
)
WALKS = ("walk", "walk_aliases", "walk_markers", "walk_operations", "deliveries")


def walk_of(store: StoreUnderTest, name: str) -> Walk:
    walk: Walk = store.deliveries.walk if name == "deliveries" else getattr(store.cases, name)
    return walk


async def all_of(walk: Walk, size: int) -> list[Any]:
    """Every item, page by page; no page is larger than asked."""
    items: list[Any] = []
    page: str | None = None
    for _ in range(1000):
        found = await walk(page, size)
        assert len(found.items) <= size
        items += found.items
        page = found.next_page
        if page is None:
            return items
    raise AssertionError("the walk does not end")


def entries(*actions: str) -> list[TimelineEntry]:
    return [TimelineEntry(T0, "service", action) for action in actions]


async def fill(store: StoreUnderTest, count: int) -> None:
    """`count` rows of every kind."""
    for n in range(count):
        await store.cases.create(make_case(n, employee_id=str(n)))
        await store.cases.claim_alias(Alias("s", AliasKind.EMPLOYEE_ID, str(n)), case_id(n))
        await store.cases.write_marker(f"marker {n}", {"n": n}, None)
        await store.cases.put_operation(Operation(f"o_{n}", None, "rerun", "a", "r", T0, "done"))
        await store.deliveries.put_if_absent(make_delivery(n))


def key_of(item: Any) -> str:
    match item:
        case Case():
            return item.case_id
        case Delivery():
            return item.delivery_id
        case Operation():
            return item.operation_id
    return str(item[0])


# --- walks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WALKS)
async def test_an_empty_store_has_one_empty_page(store: StoreUnderTest, name: str):
    found = await walk_of(store, name)()
    assert (list(found.items), found.next_page) == ([], None)


async def test_a_walk_neither_repeats_nor_skips(store: StoreUnderTest):
    await fill(store, 20)
    for name in WALKS:
        for size in (1, 3, 7, 20, 21, 500):
            keys = [key_of(item) for item in await all_of(walk_of(store, name), size)]
            assert len(keys) == len(set(keys)) == 20, (name, size)


@pytest.mark.parametrize("name", WALKS)
async def test_a_size_out_of_range_is_brought_into_it(store: StoreUnderTest, name: str):
    await fill(store, 3)
    walk = walk_of(store, name)
    assert len((await walk(None, 0)).items) <= 1
    assert len(await all_of(lambda page, size: walk(page, 10**9), 10**9)) == 3


@pytest.mark.parametrize("name", WALKS)
@pytest.mark.parametrize(
    "token",
    ["", "x", "!!", "WzFd", "bnVsbA", "eyJhIjoxfQ", "W10", "山田", "\ud800", "../..", "1' OR '1", "[" * 100_000],
    ids=range(12),
)  # fmt: skip
async def test_a_token_that_is_not_ours_is_refused(store: StoreUnderTest, name: str, token: str):
    with pytest.raises(RequestError):
        await walk_of(store, name)(token)


async def test_a_token_of_another_walk_or_list_is_refused(store: StoreUnderTest):
    """Else a walk would begin somewhere in the middle, and what it leaves out would look like all there is."""
    await fill(store, 3)
    lists: dict[str, Walk] = {name: walk_of(store, name) for name in WALKS}
    lists["search"] = lambda page, size: store.cases.search(CaseQuery(), page, size)
    lists["page"] = lambda page, size: store.deliveries.page(page=page, size=size)
    tokens = {name: (await walk(None, 1)).next_page for name, walk in lists.items()}
    for name, walk in lists.items():
        for other, token in tokens.items():
            assert token is not None
            if other == name:
                await walk(token, 1)
            else:
                with pytest.raises(RequestError):
                    await walk(token, 1)


async def test_a_walk_gives_whole_cases_that_can_be_saved(store: StoreUnderTest):
    written = await store.cases.create(full_case(), entries("one"))
    (case,) = await all_of(store.cases.walk, 10)
    assert case == written == await store.cases.get(case_id(1))
    case.episode = 7
    await store.cases.save(case, entries("two"))
    assert [entry.action for entry in await store.cases.timeline(case_id(1))] == ["one", "two"]


async def test_a_walk_gives_every_case_also_the_unlisted_and_those_at_rest(store: StoreUnderTest):
    for n, state in enumerate(State):
        await store.cases.create(make_case(n, state=state))
    joined = make_case(50, state=State.CLOSED)
    joined.reason_code = "joined"
    await store.cases.create(joined)
    found = await all_of(store.cases.walk, 4)
    assert sorted(case.case_id for case in found) == [case_id(n) for n in (*range(len(State)), 50)]
    assert {case.state for case in found} == set(State)


async def test_any_name_and_any_value_survives_a_walk(store: StoreUnderTest):
    for n, (display, given, family) in enumerate(NAMES):
        await store.cases.create(make_case(n, display_name=display, given_name=given, family_name=family))
    aliases = {
        Alias(source, kind, value): case_id(n)
        for n, value in enumerate(VALUES)
        for source, kind in (("bamboohr", AliasKind.EMPLOYEE_ID), (TENANT, AliasKind.UPN), ("é/#", AliasKind.UPN))
    }  # fmt: skip
    for alias, owner in aliases.items():
        await store.cases.claim_alias(alias, owner)
    markers = {f"name {value}": {"value": value, "list": [value, None, 0.5]} for value in VALUES}
    for name, said in markers.items():
        await store.cases.write_marker(name, said, None)
    cases = {case.case_id: case for case in await all_of(store.cases.walk, 3)}
    for n, (display, given, family) in enumerate(NAMES):
        hire = cases[case_id(n)].hire
        assert (hire.display_name, hire.given_name, hire.family_name) == (display, given, family)
    walked = await all_of(store.cases.walk_aliases, 4)
    assert dict(walked) == aliases
    assert len(walked) == len(aliases)
    found = dict(await all_of(store.cases.walk_markers, 4))
    assert {name: marker.value for name, marker in found.items()} == markers
    for name, marker in found.items():
        assert marker == await store.cases.read_marker(name)


async def test_operations_come_back_as_they_were_put_last(store: StoreUnderTest):
    first = Operation("o_1", case_id(1), "rerun", "abc", "HR fixed Müller's date", T0, "accepted")
    last = replace(first, status="done", result="provisioning")
    await store.cases.put_operation(first)
    await store.cases.put_operation(last)
    assert await all_of(store.cases.walk_operations, 5) == [last]


async def test_a_released_alias_is_gone_and_a_moved_one_has_its_new_owner(store: StoreUnderTest):
    kept, gone = (Alias("s", AliasKind.UPN, value) for value in ("kept", "gone"))
    for alias in (kept, gone):
        await store.cases.claim_alias(alias, case_id(1))
    await store.cases.release_alias(gone, case_id(1))
    await store.cases.move_alias(kept, case_id(1), case_id(2))
    assert await all_of(store.cases.walk_aliases, 5) == [(kept, case_id(2))]


async def test_what_changes_while_a_walk_is_under_way_is_not_repeated(store: StoreUnderTest):
    """What was there before and stays is met exactly once, however much is written meanwhile."""
    await fill(store, 12)
    seen: list[Case] = []
    page: str | None = None
    while True:
        found = await store.cases.walk(page, 4)
        seen += found.items
        for case in found.items:
            case.updated_at += timedelta(days=1)
            case.state, case.next_action = State.CLOSED, NextAction("none", None, "x")
            await store.cases.save(case, entries("touched"))
        page = found.next_page
        if page is None:
            break
    assert sorted(case.case_id for case in seen) == [case_id(n) for n in range(12)]


async def test_erasing_what_was_walked_skips_nobody(store: StoreUnderTest):
    await fill(store, 12)
    page: str | None = None
    erased = 0
    while True:
        found = await store.cases.walk(page, 5)
        for case in found.items:
            await store.cases.erase(case)
            erased += 1
        page = found.next_page
        if page is None:
            break
    assert erased == 12
    assert await all_of(store.cases.walk, 5) == []


# --- deliveries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [None, b"", b"\x00\xff\xfe", "Ø ß 山田".encode(), b"x" * 256 * 1024], ids=range(5)
)
async def test_a_walk_gives_deliveries_with_their_bodies_to_the_byte(
    store: StoreUnderTest, body: bytes | None
):
    written, _ = await store.deliveries.put_if_absent(make_delivery(body=body))
    (walked,) = await all_of(store.deliveries.walk, 3)
    assert walked == written == await store.deliveries.get(written.delivery_id)
    assert walked.body == body


async def test_a_walk_gives_deliveries_of_every_status(store: StoreUnderTest):
    for n, status in enumerate(DeliveryStatus):
        await store.deliveries.put_if_absent(make_delivery(n, status=status))
    found = await all_of(store.deliveries.walk, 4)
    assert {delivery.status for delivery in found} == set(DeliveryStatus)
    assert len(found) == len(DeliveryStatus)


async def test_a_removed_delivery_is_nowhere(store: StoreUnderTest):
    gone, kept = [(await store.deliveries.put_if_absent(make_delivery(n)))[0] for n in (1, 2)]
    await store.deliveries.remove(gone)
    assert await store.deliveries.get(gone.delivery_id) is None
    assert [item.delivery_id for item in (await store.deliveries.page()).items] == [kept.delivery_id]
    assert [item.delivery_id for item in await all_of(store.deliveries.walk, 9)] == [kept.delivery_id]
    later = T0 + timedelta(days=1)
    older = await store.deliveries.older(DeliveryStatus.RECEIVED, later, 9)
    assert [item.delivery_id for item in older] == [kept.delivery_id]
    with pytest.raises(StoreConflict):
        await store.deliveries.remove(gone)
    again, inserted = await store.deliveries.put_if_absent(make_delivery(1, body=b"again"))
    assert inserted
    assert (await store.deliveries.get(again.delivery_id)) == again


@pytest.mark.parametrize("etag", [None, "", "0", "999", "x"])
async def test_a_delivery_is_removed_only_as_it_was_read(store: StoreUnderTest, etag: str | None):
    read, _ = await store.deliveries.put_if_absent(make_delivery())
    changed = await store.deliveries.update(replace(read, status=DeliveryStatus.QUEUED))
    for stale in (read, replace(changed, etag=etag)):
        with pytest.raises(StoreConflict):
            await store.deliveries.remove(stale)
    assert await store.deliveries.get(read.delivery_id) == changed
    assert len((await store.deliveries.page(status="queued")).items) == 1


async def test_older_is_by_status_and_arrival_without_bodies(store: StoreUnderTest):
    for n in range(8):
        status = DeliveryStatus.QUEUED if n & 1 else DeliveryStatus.PROCESSED
        await store.deliveries.put_if_absent(make_delivery(n, at=T0 + timedelta(hours=n), status=status))
    found = await store.deliveries.older(DeliveryStatus.QUEUED, T0 + timedelta(hours=5), 9)
    assert sorted(item.delivery_id for item in found) == [make_delivery(n).delivery_id for n in (1, 3)]
    assert all(item.body is None and item.etag for item in found)
    assert len(await store.deliveries.older(DeliveryStatus.QUEUED, T0 + timedelta(hours=9), 2)) == 2
    assert await store.deliveries.older(DeliveryStatus.QUEUED, T0 + timedelta(hours=9), 0) == []
    assert await store.deliveries.older(DeliveryStatus.FAILED, T0 + timedelta(hours=9), 9) == []


# --- erase ---------------------------------------------------------------------------------------------------


async def everywhere(store: StoreUnderTest) -> dict[str, object]:
    """Each place that knows cases, as far as it can be seen from outside."""
    far = T0 + timedelta(days=4000)
    searched: dict[str, object] = {
        q: [item.case_id for item in (await store.cases.search(CaseQuery(q=q))).items]
        for q in ("山田", "taro", "007", case_id(1))
    }
    by_id = await store.cases.search(CaseQuery(employee_id="007"))
    return {
        "get": await store.cases.get(case_id(1)),
        "timeline": await store.cases.timeline(case_id(1)),
        "due": await store.cases.due(far, 9),
        "list": [item.case_id for item in (await store.cases.search(CaseQuery())).items],
        "by_state": [
            item.case_id for item in (await store.cases.search(CaseQuery(state="following_up"))).items
        ],
        "by_id": [item.case_id for item in by_id.items],
        "counts": await store.cases.counts(),
        "walk": await all_of(store.cases.walk, 9),
        **searched,
    }


async def test_an_erased_case_is_in_no_place_any_more(store: StoreUnderTest):
    empty = await everywhere(store)
    case = await store.cases.create(full_case(), entries("one"))
    for n in range(3):
        await store.cases.save(case, entries(f"more_{n}"))
    (row,) = await store.cases.due(T0, 9)
    await store.cases.postpone(row, T0 + timedelta(hours=3))
    filled = await everywhere(store)
    assert all(filled[place] != empty[place] for place in filled), "the test sees every place"
    read = await store.cases.get(case.case_id)
    assert read is not None
    await store.cases.erase(read)
    assert await everywhere(store) == empty
    assert await everywhere(store.second()) == empty


async def test_erasing_one_case_leaves_the_others_alone(store: StoreUnderTest):
    kept = await store.cases.create(full_case(2), entries("kept"))
    other = await store.cases.create(full_case(1), entries("gone"))
    await store.cases.erase(other)
    assert await store.cases.get(kept.case_id) == kept
    assert [entry.action for entry in await store.cases.timeline(kept.case_id)] == ["kept"]
    assert [row.case_id for row in await store.cases.due(T0, 9)] == [kept.case_id]
    for query in (
        CaseQuery(),
        CaseQuery(q="山田"),
        CaseQuery(employee_id="007"),
        CaseQuery(state="following_up"),
    ):
        assert [item.case_id for item in (await store.cases.search(query)).items] == [kept.case_id]
    assert await store.cases.counts() == {"following_up": 1}


async def test_a_case_that_was_changed_since_is_not_erased(store: StoreUnderTest):
    stale = await store.cases.create(full_case(), entries("one"))
    fresh = await store.cases.get(stale.case_id)
    assert fresh is not None
    await store.cases.save(fresh, entries("two"))
    before = await everywhere(store)
    with pytest.raises(StoreConflict):
        await store.cases.erase(stale)
    assert await everywhere(store) == before


@pytest.mark.parametrize("etag", [None, "", "0", "999", "x", "9" * 40])
async def test_erase_needs_the_etag_that_was_read(store: StoreUnderTest, etag: str | None):
    case = await store.cases.create(make_case())
    case.etag = etag
    with pytest.raises(StoreConflict):
        await store.cases.erase(case)
    assert await store.cases.get(case.case_id) is not None


async def test_erasing_twice_and_saving_what_was_erased_are_conflicts(store: StoreUnderTest):
    case = await store.cases.create(full_case(), entries("one"))
    await store.cases.erase(case)
    with pytest.raises(StoreConflict):
        await store.cases.erase(case)
    with pytest.raises(StoreConflict):
        await store.cases.save(case, entries("two"))
    assert await store.cases.get(case.case_id) is None
    assert await store.cases.due(T0 + timedelta(days=1), 9) == []
    assert await store.cases.timeline(case.case_id) == []


async def test_of_an_erasure_and_a_save_at_once_exactly_one_wins(store: StoreUnderTest):
    for n in range(6):
        case = await store.cases.create(full_case(n))
        reading = await store.second().cases.get(case.case_id)
        assert reading is not None
        results = await asyncio.gather(
            store.cases.erase(case), store.cases.save(reading, entries("x")), return_exceptions=True
        )
        assert sum(isinstance(result, StoreConflict) for result in results) == 1
        there = await store.cases.get(case.case_id)
        assert (there is None) is (results[0] is None)
        assert bool(await store.cases.timeline(case.case_id)) is (there is not None)


async def test_an_erased_id_can_be_used_again_and_starts_empty(store: StoreUnderTest):
    await store.cases.erase(await store.cases.create(full_case(), entries("old")))
    await store.cases.create(make_case(1, display_name="Neu"), entries("new"))
    assert [entry.action for entry in await store.cases.timeline(case_id(1))] == ["new"]
    assert [item.display_name for item in (await store.cases.search(CaseQuery())).items] == ["Neu"]
    assert (await store.cases.search(CaseQuery(q="山田"))).items == []
    assert await store.cases.counts() == {"received": 1}


async def test_aliases_are_the_callers(store: StoreUnderTest):
    case = await store.cases.create(make_case())
    alias = Alias("s", AliasKind.EMPLOYEE_ID, "7")
    await store.cases.claim_alias(alias, case.case_id)
    await store.cases.erase(case)
    assert await store.cases.owners([alias]) == {alias: case.case_id}


# --- hints ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", [None, T0 - timedelta(days=400), T0, T0 + timedelta(days=400)])
@pytest.mark.parametrize("state", [State.FOLLOWING_UP, State.BLOCKED, State.CLOSED])
async def test_a_healthy_case_has_nothing_to_mend(store: StoreUnderTest, state: State, when: Any):
    case = full_case()
    case.state, case.next_action = state, NextAction("look", when, "x")
    await store.cases.create(case)
    assert await store.cases.mend(case) == ()
    case.hire = make_case(1, display_name="Ganz Anders", employee_number="8").hire
    case.updated_at += timedelta(hours=1)
    await store.cases.save(case)
    read = await store.cases.get(case.case_id)
    assert read is not None
    assert await store.cases.mend(read) == ()
    assert await store.cases.get(case.case_id) == read


async def test_a_postponed_row_is_nothing_to_mend(store: StoreUnderTest):
    case = full_case()
    await store.cases.create(case)
    (row,) = await store.cases.due(T0, 9)
    until = T0 + timedelta(minutes=15)
    await store.cases.postpone(row, until)
    read = await store.cases.get(case.case_id)
    assert read is not None
    assert await store.cases.mend(read) == ()
    assert [row.when for row in await store.cases.due(until, 9)] == [until]


async def test_an_unlisted_case_has_nothing_to_mend(store: StoreUnderTest):
    case = make_case(state=State.CLOSED)
    case.reason_code = "joined"
    await store.cases.create(case)
    assert await store.cases.mend(case) == ()
    assert (await store.cases.search(CaseQuery())).items == []


async def test_a_sweep_of_a_healthy_store_ends_and_removes_nothing(store: StoreUnderTest):
    for n in range(12):
        case = full_case(n)
        case.hire = make_case(n, display_name=f"Anna Berg {n}", employee_id=str(n)).hire
        await store.cases.create(case, entries("one"))
        case.updated_at += timedelta(hours=1)
        await store.cases.save(case)
    for row in await store.cases.due(T0, 3):
        await store.cases.postpone(row, T0 + timedelta(minutes=15))
    before = [(i.case_id, i.updated_at) for i in (await store.cases.search(CaseQuery())).items]
    page: str | None = None
    for _ in range(1000):
        swept = await store.cases.sweep(page, 5)
        assert swept.removed == 0
        page = swept.next_page
        if page is None:
            break
    assert page is None, "the sweep ends"
    after = [(i.case_id, i.updated_at) for i in (await store.cases.search(CaseQuery())).items]
    assert after == before
    assert len((await store.cases.search(CaseQuery(q="anna b"))).items) == 12
    assert len(await store.cases.due(T0 + timedelta(days=1), 50)) == 12
