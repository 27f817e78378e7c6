"""The embedded file: who has to act when it fails, and writes that share a transaction."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from onboarding.errors import ConfigurationError, DeployerError, StoreConflict, Unavailable
from onboarding.storage.embedded import EmbeddedStore, open_embedded
from onboarding.storage.embedded.database import HANDED, EmbeddedDatabase, repeatable
from onboarding.storage.embedded.schema import VERSION
from tests.storage.stores import T0, case_id, make_case, make_delivery

PLANTED = "Planted-Müller"


def wall() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[EmbeddedStore]:
    opened = open_embedded(str(path), wall)
    yield opened
    opened.close()


@pytest.fixture
def database(path: Path) -> Iterator[EmbeddedDatabase]:
    opened = EmbeddedDatabase(str(path), busy_seconds=0.2)
    yield opened
    opened.close()


def put(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO markers (name, version, value) VALUES (?, 1, '{}')", (name,))


def names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM markers")}


async def test_the_file_is_made_on_first_use_in_wal_mode_for_its_owner_only(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "store.db"
    store = open_embedded(str(path), wall)
    assert not path.parent.exists()
    await store.cases.ping()
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)
    assert await store.database.read(lambda c: c.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
    assert await store.database.read(lambda c: c.execute("PRAGMA user_version").fetchone()) == (VERSION,)
    store.close()


async def test_a_closed_store_says_so_and_may_be_closed_again(store: EmbeddedStore, path: Path):
    await store.cases.ping()
    store.close()
    store.close()
    with pytest.raises(Unavailable):
        await store.cases.ping()
    with pytest.raises(Unavailable):
        await store.cases.get(case_id(1))
    assert [each.name for each in path.parent.iterdir()] == ["store.db"]


async def test_closing_finishes_what_is_waiting(database: EmbeddedDatabase, path: Path):
    waiting = [asyncio.ensure_future(database.write(partial(put, name=str(n)))) for n in range(300)]
    await asyncio.sleep(0)
    database.close()
    await asyncio.gather(*waiting)
    other = sqlite3.connect(path)
    assert len(names(other)) == 300
    other.close()


async def test_several_clients_may_make_a_new_file_at_once(tmp_path: Path):
    for n in range(5):
        stores = [open_embedded(str(tmp_path / f"{n}.db"), wall) for _ in range(8)]
        try:
            await asyncio.gather(*(s.cases.ping() for s in stores), *(s.cases.counts() for s in stores))
        finally:
            for store in stores:
                store.close()


async def test_memory_is_private_and_whole():
    one, two = open_embedded(":memory:", wall), open_embedded(":memory:", wall)
    await one.cases.create(make_case())
    assert await one.cases.get(case_id(1)) is not None
    assert await two.cases.get(case_id(1)) is None
    assert await one.queue_host.depth("onboarding-work") == (0, 0)
    one.close()
    two.close()


# --- a write among others --------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def together(database: EmbeddedDatabase) -> AsyncIterator[None]:
    """Keeps the writer busy inside the block, so that writes that begin there share a transaction."""
    await database.write(lambda c: None)
    free = threading.Event()
    busy = asyncio.ensure_future(database.write(lambda c: free.wait(5)))
    await asyncio.sleep(0.02)
    yield
    await asyncio.sleep(0)
    free.set()
    assert await busy


async def test_a_refused_write_takes_no_other_with_it(database: EmbeddedDatabase):
    def refuse(connection: sqlite3.Connection) -> None:
        put(connection, "half")
        raise StoreConflict("somebody else")

    async with together(database):
        writes = [
            database.write(lambda c: put(c, "before")),
            database.write(refuse),
            database.write(lambda c: put(c, "after")),
        ]
        waiting = asyncio.gather(*writes, return_exceptions=True)
    results = await waiting
    assert [type(result) for result in results] == [type(None), StoreConflict, type(None)]
    assert await database.read(names) == {"before", "after"}


async def test_waiting_writes_share_one_commit(database: EmbeddedDatabase):
    statements: list[str] = []
    await database.write(lambda c: c.set_trace_callback(statements.append))
    async with together(database):
        statements.clear()
        waiting = asyncio.gather(*(database.write(partial(put, name=str(n))) for n in range(20)))
    await waiting
    assert len(await database.read(names)) == 20
    # One for the write that held the thread, one for the twenty.
    assert statements.count("COMMIT") == 2


async def test_lasting_writes_are_synced_and_the_others_are_not(database: EmbeddedDatabase):
    def level(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA synchronous").fetchone()[0])

    full, normal = 2, 1
    assert await database.write(level) == full
    assert await database.write(level, lasting=False) == normal
    async with together(database):
        waiting = asyncio.gather(database.write(level, lasting=False), database.write(level))
    assert tuple(await waiting) == (full, full)


async def looking(database: EmbeddedDatabase) -> None:
    """From now on looks, and writes that need not last, are done where they are called."""
    await database.look(names)


def thread(connection: sqlite3.Connection) -> str:
    connection.execute("UPDATE markers SET version = version + 1")
    return threading.current_thread().name


async def test_a_write_that_need_not_last_is_done_where_it_is_called(database: EmbeddedDatabase):
    here = threading.current_thread().name
    await database.write(partial(put, name="m"))
    await looking(database)
    found = [await database.write(thread, lasting=False) for _ in range(HANDED)]
    # Now and then the writing thread has one: it moves the log into the file.
    assert Counter(found) == {here: HANDED - 1, "store-writer": 1}
    assert await database.write(thread) == "store-writer"
    assert await database.read(lambda c: c.execute("SELECT version FROM markers").fetchone()) == (HANDED + 2,)


async def test_while_somebody_writes_it_waits_with_the_others(database: EmbeddedDatabase):
    await looking(database)
    async with together(database):
        waiting = asyncio.ensure_future(database.write(thread, lasting=False))
        await asyncio.sleep(0.05)
    assert await waiting == "store-writer"


async def test_a_refused_one_leaves_nothing_and_the_next_goes_through(database: EmbeddedDatabase):
    await looking(database)

    def refused(connection: sqlite3.Connection) -> None:
        put(connection, "never")
        raise StoreConflict("somebody else was first")

    with pytest.raises(StoreConflict):
        await database.write(refused, lasting=False)

    def twice(connection: sqlite3.Connection) -> None:
        put(connection, "twice")
        put(connection, "twice")

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(twice, lasting=False)
    await database.write(partial(put, name="later"), lasting=False)
    assert await database.read(names) == {"later"}


async def test_what_is_written_again_anyhow_is_not_synced_until_somebody_asks(database: EmbeddedDatabase):
    levels: list[str] = []
    await database.write(lambda c: c.set_trace_callback(levels.append))

    def asked() -> list[str]:
        found = [text.rpartition(" ")[2] for text in levels if text.startswith("PRAGMA synchronous =")]
        levels.clear()
        return found

    with repeatable():
        await database.write(partial(put, name="by a worker"))
        assert asked() == ["NORMAL"]
        await database.secure()
        assert asked() == ["FULL"]
    await database.write(partial(put, name="by an operator"))
    assert asked() == []  # still FULL
    assert await database.read(names) == {"by a worker", "by an operator"}


async def test_a_bug_in_a_write_is_raised_as_it_is_and_leaves_the_store_working(database: EmbeddedDatabase):
    def bug(connection: sqlite3.Connection) -> None:
        put(connection, "half")
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await database.write(bug)
    await database.write(lambda c: put(c, "next"))
    assert await database.read(names) == {"next"}


async def test_a_write_that_was_cancelled_while_waiting_is_not_done(database: EmbeddedDatabase):
    async with together(database):
        cancelled = asyncio.ensure_future(database.write(lambda c: put(c, "cancelled")))
        kept = asyncio.ensure_future(database.write(lambda c: put(c, "kept")))
        await asyncio.sleep(0)
        cancelled.cancel()
    await kept
    assert cancelled.cancelled()
    assert await database.read(names) == {"kept"}


async def test_the_loop_goes_on_while_another_process_holds_the_file(database: EmbeddedDatabase, path: Path):
    await database.write(lambda c: None)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ticks = 0
    waiting = asyncio.ensure_future(database.write(lambda c: put(c, "x")))
    while not waiting.done():
        await asyncio.sleep(0.005)
        ticks += 1
    with pytest.raises(Unavailable, match="another process") as error:
        await waiting
    assert isinstance(error.value.__cause__, sqlite3.OperationalError)
    assert ticks > 10
    # Reading goes on all the same.
    assert await database.read(names) == set()
    other.execute("ROLLBACK")
    other.close()
    await database.write(lambda c: put(c, "x"))


# --- who has to act --------------------------------------------------------------------------------------


async def test_a_full_disk_is_unavailable_and_undoes_the_write(store: EmbeddedStore):
    await store.cases.create(make_case(1))

    def shrink(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    await store.database.write(shrink)
    big = make_delivery(1, body=b"x" * 1_000_000)
    with pytest.raises(Unavailable, match="full"):
        await store.deliveries.put_if_absent(big)
    assert await store.deliveries.get(big.delivery_id) is None
    assert await store.cases.get(case_id(1)) is not None
    await store.database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000"))
    assert (await store.deliveries.put_if_absent(big))[1]


async def test_a_folder_in_the_way_is_unavailable_until_it_is_gone(path: Path):
    path.mkdir()
    store = open_embedded(str(path), wall)
    with pytest.raises(Unavailable, match="ONBOARDING_STORE_PATH"):
        await store.cases.ping()
    with pytest.raises(Unavailable, match="ONBOARDING_STORE_PATH"):
        await store.cases.get(case_id(1))
    path.rmdir()
    await store.cases.ping()
    store.close()


async def test_a_file_in_the_way_of_the_folder_is_unavailable(path: Path):
    path.write_text("a file")
    store = open_embedded(str(path / "store.db"), wall)
    with pytest.raises(Unavailable, match="ONBOARDING_STORE_PATH"):
        await store.cases.ping()
    store.close()


async def test_a_file_that_is_no_database_is_for_the_deployer(store: EmbeddedStore, path: Path):
    path.write_bytes(b"this is not a database, but it is long enough to be read as a header of one" * 20)
    with pytest.raises(DeployerError) as error:
        await store.cases.ping()
    assert error.value.code == "store_damaged"


async def test_a_database_of_another_program_is_refused_untouched(store: EmbeddedStore, path: Path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (a)")
    other.commit()
    with pytest.raises(ConfigurationError, match="another program"):
        await store.cases.ping()
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    other.close()


async def test_a_file_of_a_newer_version_is_refused(path: Path):
    store = open_embedded(str(path), wall)
    await store.database.write(lambda c: None)
    store.close()
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {VERSION + 1}")
    other.close()
    newer = open_embedded(str(path), wall)
    with pytest.raises(ConfigurationError, match="newer"):
        await newer.cases.ping()
    newer.close()


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"null",
        b"[]",
        b'{"schema":1}',
        b'{"schema":"x"}',
        b'{"schema":0}',
        b"\xff\xfe",
        f'{{"schema":1,"case_id":"c","state":"{PLANTED}"}}'.encode(),
    ],
    ids=range(8),
)
async def test_a_damaged_row_names_the_case_and_none_of_its_values(store: EmbeddedStore, row: bytes):
    await store.cases.create(make_case(1, display_name=PLANTED))
    await store.database.write(lambda c: c.execute("UPDATE cases SET row = ?", (row,)))
    with pytest.raises(DeployerError) as error:
        await store.cases.get(case_id(1))
    assert error.value.code == "store_damaged"
    assert case_id(1) in str(error.value)
    assert PLANTED not in str(error.value)


@pytest.mark.parametrize("table", ["operations", "timeline", "deliveries", "markers"])
async def test_other_damaged_rows_are_said_too(store: EmbeddedStore, table: str):
    rows = {
        "operations": "INSERT INTO operations (operation_id, row) VALUES ('o_1', x'7b')",
        "timeline": "INSERT INTO timeline (case_id, row) VALUES ('c_1', x'7b')",
        "deliveries": "INSERT INTO deliveries VALUES ('d_1', 1, 0, 'received', 's', x'7b', NULL)",
        "markers": "INSERT INTO markers VALUES ('m', 1, '{')",
    }
    await store.database.write(lambda c: c.execute(rows[table]))
    reads = {
        "operations": lambda: store.cases.get_operation("o_1"),
        "timeline": lambda: store.cases.timeline("c_1"),
        "deliveries": lambda: store.deliveries.page(),
        "markers": lambda: store.cases.read_marker("m"),
    }
    with pytest.raises(DeployerError) as error:
        await reads[table]()
    assert error.value.code == "store_damaged"


async def test_text_that_cannot_be_stored_is_a_value_error_without_consequences(database: EmbeddedDatabase):
    async with together(database):
        waiting = asyncio.gather(
            database.write(lambda c: put(c, "\ud800")),
            database.write(lambda c: put(c, "x")),
            return_exceptions=True,
        )
    bad, good = await waiting
    assert isinstance(bad, ValueError)
    assert good is None
    assert await database.read(names) == {"x"}


async def test_accepting_a_delivery_takes_milliseconds(store: EmbeddedStore):
    """Not a benchmark: that is `make bench`. This only notices when a write suddenly costs a poll or a second."""
    took = []
    for n in range(100):
        start = time.perf_counter()
        await store.deliveries.put_if_absent(make_delivery(n))
        took.append(time.perf_counter() - start)
    assert sorted(took)[50] < 0.1


async def test_another_process_that_comes_and_goes_leaves_the_log_alone(tmp_path: Path) -> None:
    """A command beside the running service: what was answered afterwards must be in the file, not in a log
    that nobody can find any more."""
    path = tmp_path / "store.db"
    store = open_embedded(str(path), lambda: T0)
    await store.cases.create(make_case(1))
    await store.cases.get(case_id(1))  # the reader's connection is a second one
    await store.cases.create(make_case(2))
    look = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "print(c.execute('SELECT count(*) FROM cases').fetchone()[0]); c.close()"
    )

    def other_process() -> int:
        return int(subprocess.check_output([sys.executable, "-c", look, str(path)], text=True))

    assert other_process() == 2
    assert path.with_name("store.db-wal").exists()
    await store.cases.create(make_case(3))
    assert other_process() == 3
    store.close()


# --- looks -------------------------------------------------------------------------------------------------------


async def test_a_look_sees_what_was_answered_and_stays_in_the_callers_thread(
    database: EmbeddedDatabase,
) -> None:
    threads = []

    def run(connection: sqlite3.Connection) -> set[str]:
        threads.append(threading.current_thread())
        return names(connection)

    for n in range(3):
        await database.write(partial(put, name=f"m{n}"))
        assert await database.look(run) == {f"m{i}" for i in range(n + 1)}
    assert threads[0] is not threading.current_thread(), "the first one opens the connection"
    assert threads[1:] == [threading.current_thread()] * 2


async def test_others_have_their_turn_beside_somebody_who_looks_without_end(
    database: EmbeddedDatabase,
) -> None:
    await database.look(names)
    turns = 0

    async def other() -> None:
        nonlocal turns
        for _ in range(5):
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.ensure_future(other())
    for _ in range(20):
        await database.look(names)
    assert turns == 5
    await task


async def test_a_look_that_would_have_to_wait_is_read_and_holds_up_no_closing(path: Path) -> None:
    database = EmbeddedDatabase(str(path))
    await database.look(names)
    calls: list[str] = []
    reading, go_on = threading.Event(), threading.Event()

    def busy_here(connection: sqlite3.Connection) -> str:
        calls.append(threading.current_thread().name)
        if len(calls) == 1:
            raise sqlite3.OperationalError("database is locked")
        reading.set()
        assert go_on.wait(5)
        return "read"

    looking = asyncio.ensure_future(database.look(busy_here))
    await asyncio.to_thread(reading.wait, 5)
    closing = asyncio.create_task(asyncio.to_thread(database.close))
    go_on.set()
    assert await asyncio.wait_for(looking, 5) == "read"
    await asyncio.wait_for(closing, 5)
    assert calls[1].startswith("store-reader")
    with pytest.raises(Unavailable):
        await database.look(names)


async def test_a_closing_in_the_loop_does_not_wait_for_a_look_that_went_elsewhere(path: Path) -> None:
    """`close` blocks the loop: a look that had to wait must not hold what it waits for."""
    database = EmbeddedDatabase(str(path))
    await database.look(names)
    tries = 0

    def busy_here(connection: sqlite3.Connection) -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise sqlite3.OperationalError("database is locked")
        return "read"

    looking = asyncio.ensure_future(database.look(busy_here))
    while not tries:
        await asyncio.sleep(0)
    assert not database._looking.locked()
    database.close()
    assert await asyncio.wait_for(looking, 5) == "read"


async def test_a_look_into_a_damaged_file_says_so(database: EmbeddedDatabase) -> None:
    def damaged(connection: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError("malformed")

    await database.look(names)
    with pytest.raises(DeployerError) as caught:
        await database.look(damaged)
    assert caught.value.code == "store_damaged"
