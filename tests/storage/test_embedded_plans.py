"""No statement of the embedded store reads a table from end to end, however many people there are."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onboarding.domain.case import TENANT, Alias, AliasKind
from onboarding.domain.lifecycle import State
from onboarding.domain.records import NextAction
from onboarding.ports import WORK_QUEUE, CaseQuery, DeliveryStatus, DueRow, Operation, WorkMessage
from onboarding.storage.embedded import EmbeddedStore, deliveries, open_embedded, search
from onboarding.storage.embedded.connection import connect
from tests.storage.stores import T0, case_id, make_case, make_delivery

#: All in one process: the crowd is made once.
pytestmark = pytest.mark.xdist_group("crowd")
PEOPLE = 50_000
#: Instructions of SQLite's machine that one page may take; reading 50,000 rows takes more.
STEPS = 125_000
PERSON = Alias(TENANT, AliasKind.UPN, "anna@example.com")


async def _use_everything(store: EmbeddedStore) -> None:
    cases, host = store.cases, store.queue_host
    case = make_case(1, display_name="Anna")
    case.next_action = NextAction("look", T0, "x")
    await cases.save(await cases.create(case))
    await cases.get(case_id(1))
    await cases.timeline(case_id(1))
    await cases.claim_alias(PERSON, case_id(1))
    await cases.move_alias(PERSON, case_id(1), case_id(2))
    await cases.owners([PERSON] * 3)
    await cases.find_aliases("anna@example.com")
    await cases.release_alias(PERSON, case_id(2))
    await cases.due(T0, 10)
    await cases.postpone(DueRow(case_id(1), T0), T0)
    marker = await cases.write_marker("m", {}, None)
    await cases.write_marker("m", {}, marker.etag)
    await cases.read_marker("m")
    await cases.put_operation(Operation("o", None, "a", "b", "c", T0, "done"))
    await cases.get_operation("o")
    await store.deliveries.put_if_absent(make_delivery(1))
    await store.deliveries.put_if_absent(make_delivery(1))
    read = await store.deliveries.get(make_delivery(1).delivery_id)
    assert read is not None
    await store.deliveries.update(replace(read, body=None))
    for unpruned in (False, True):
        await store.deliveries.older(DeliveryStatus.RECEIVED, T0, 5, unpruned=unpruned)
    for status in (None, "received"):
        for source in (None, "greenhouse"):
            await store.deliveries.put_if_absent(make_delivery(2))
            page = await store.deliveries.page(size=1)
            await store.deliveries.page(status=status, source=source, page=page.next_page)
    for n in range(3):
        await store.queue.send(WorkMessage(case_id=case_id(n)))
    one, two, three = await host.receive(WORK_QUEUE, 3, 30)
    await host.delete(WORK_QUEUE, await host.renew(WORK_QUEUE, one, 30))
    await host.release(WORK_QUEUE, two, 0)
    await host.to_poison(WORK_QUEUE, three)
    await host.depth(WORK_QUEUE)


async def test_every_statement_goes_by_an_index(tmp_path: Path):
    store = open_embedded(str(tmp_path / "store.db"), lambda: datetime.now(UTC))
    statements: set[str] = set()
    await store.database.write(lambda c: c.set_trace_callback(statements.add))
    await store.database.read(lambda c: c.set_trace_callback(statements.add))
    for _ in range(2):  # the first look goes elsewhere, while the connection opens
        await store.database.look(lambda c: c.set_trace_callback(statements.add))
    await _use_everything(store)
    await store.database.read(lambda c: c.set_trace_callback(None))
    planned = [s for s in statements if s.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))]
    assert len(planned) > 30

    def plans(connection: sqlite3.Connection) -> dict[str, list[str]]:
        return {s: [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + s)] for s in planned}

    for statement, plan in (await store.database.read(plans)).items():
        for line in plan:
            # Walking along an index in its order, up to a LIMIT, is how a page is read.
            walk = "LIMIT" in statement and " USING INDEX " in line
            assert not line.startswith("SCAN") or walk or line == "SCAN CONSTANT ROW", (statement, plan)
            assert "TEMP B-TREE" not in line, (statement, plan)
    store.close()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """Search rows of 50,000 people, of whom 40 are Müller, 2,600 are Berg and 12 are blocked."""
    connection = connect(str(tmp_path_factory.mktemp("crowd") / "store.db"))
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for n in range(PEOPLE):
        family = "Müller" if n % 1250 == 7 else "Berg" if n % 19 == 0 else f"Family{n % 9999}"
        case = make_case(
            n,
            at=T0 + timedelta(seconds=n),
            state=State.BLOCKED if n % 4000 == 1 else State.CLOSED,
            display_name=f"Anna {family}",
            employee_id=str(n),
        )
        search.write(connection, n, search.SearchRow.of(case))
    connection.execute("COMMIT")
    yield connection
    connection.close()


QUERIES = [
    CaseQuery(),
    CaseQuery(q="muller"),
    CaseQuery(q="anna"),
    CaseQuery(q="a"),
    CaseQuery(q="anna muller"),
    CaseQuery(q="berg"),
    CaseQuery(q="anna berg"),
    CaseQuery(q="nobody"),
    CaseQuery(q="49999"),
    CaseQuery(employee_id="31415"),
    CaseQuery(state="blocked"),
    CaseQuery(state="blocked", q="anna"),
    CaseQuery(state="closed"),
    CaseQuery(state="closed", source="bamboohr", q="berg"),
    CaseQuery(source="nowhere"),
    CaseQuery(reason_code="none"),
]


def instructions(connection: sqlite3.Connection, work: Callable[[], object]) -> int:
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(tick, 100)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 0)
    return count * 100


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: ",".join(f"{k}={v}" for k, v in _given(q)))
def test_a_page_over_50000_people_does_not_read_them_all(crowd: sqlite3.Connection, query: CaseQuery):
    first = search.search(crowd, query, None, 50)
    token = first.next_page
    assert instructions(crowd, lambda: search.search(crowd, query, None, 50)) < STEPS
    assert instructions(crowd, lambda: search.search(crowd, query, token, 50)) < STEPS
    start = time.perf_counter()
    search.search(crowd, query, None, 50)
    assert time.perf_counter() - start < 0.25


def test_reading_them_all_would_be_noticed(crowd: sqlite3.Connection):
    sql = "SELECT case_id FROM search WHERE words LIKE '%nobody%' ORDER BY updated_at DESC LIMIT 50"
    assert instructions(crowd, lambda: crowd.execute(sql).fetchall()) > 2 * STEPS - 5000


def test_the_right_people_are_found_in_the_crowd(crowd: sqlite3.Connection):
    muller = search.search(crowd, CaseQuery(q="Müller an"), None, 50).items
    # One in 1,250 is, and none of those is at a multiple of nineteen that comes first.
    assert [int(item.case_id[2:]) for item in muller] == list(range(PEOPLE - 1250 + 7, 0, -1250))
    blocked = search.search(crowd, CaseQuery(state="blocked", q="anna"), None, 500).items
    assert len(blocked) == 13
    (one,) = search.search(crowd, CaseQuery(employee_id="31415"), None, 50).items
    assert one.case_id == case_id(31415)


def test_a_walk_through_all_pages_of_a_frequent_name_meets_everybody_once(crowd: sqlite3.Connection):
    token, seen = None, []
    while True:
        page = search.search(crowd, CaseQuery(q="berg"), token, 500)
        seen += [item.case_id for item in page.items]
        token = page.next_page
        if token is None:
            break
    expected = [n for n in range(PEOPLE) if n % 19 == 0 and n % 1250 != 7]
    assert seen == [case_id(n) for n in reversed(expected)]


@pytest.mark.parametrize(
    ("status", "source", "index"),
    [
        (None, None, "deliveries_recent"),
        ("received", None, "deliveries_status"),
        (None, "greenhouse", "deliveries_source"),
    ],
)
def test_a_list_of_deliveries_is_read_in_the_order_of_its_own_index(
    crowd: sqlite3.Connection, status: str | None, source: str | None, index: str
):
    sql, values = deliveries.statement(status, source, None, 50)
    plan = [row[3] for row in crowd.execute("EXPLAIN QUERY PLAN " + sql, values)]
    assert len(plan) == 1
    assert f" USING INDEX {index}" in plan[0]


def _given(query: CaseQuery) -> list[tuple[str, str]]:
    names = ("state", "status", "source", "reason_code", "employee_id", "q")
    return [(name, value) for name in names if (value := getattr(query, name)) is not None]


async def test_old_bodies_are_found_by_their_own_index_however_many_rows_are_kept_without_one():
    store = open_embedded(":memory:", lambda: datetime.now(UTC))
    for n in range(3000):
        await store.deliveries.put_if_absent(make_delivery(n, status=DeliveryStatus.PROCESSED, body=None))
    await store.deliveries.put_if_absent(
        make_delivery(9999, at=T0 + timedelta(days=1), status=DeliveryStatus.PROCESSED)
    )
    sql = "SELECT row FROM deliveries WHERE status = 'processed' AND received_at < 9e18 AND body IS NOT NULL"
    plan = await store.database.read(lambda c: c.execute("EXPLAIN QUERY PLAN " + sql).fetchall())
    assert " USING INDEX deliveries_bodies" in plan[0][3]
    far = T0 + timedelta(days=99)
    count = await store.database.read(
        lambda c: instructions(c, lambda: c.execute(sql + " ORDER BY received_at LIMIT 500").fetchall())
    )
    assert count < 3000
    (found,) = await store.deliveries.older(DeliveryStatus.PROCESSED, far, 500, unpruned=True)
    assert found.delivery_id.endswith("9999")
    store.close()
