"""One SQLite file, used by several processes at once, without holding up the event loop.

Three connections a process, two of them with a thread: one writes, one reads, one looks (in WAL mode readers and
the writer do not wait for each other). A look is a read of a few rows by an index, and runs where it is called: it is
over sooner than a way to a thread and back. So is a write that need not last, where nobody else writes at that moment.
Writes that are waiting together share one transaction, each in a savepoint of its own: many workers cost one sync to
disk, and one refused write takes none of the others with it. A write is answered after the commit.

What survives. A killed process loses nothing that was answered: the log is in the kernel's hands. For power
loss, "lasting" writes (the default) are synced before they are answered (`synchronous=FULL`). The others are written
with `synchronous=NORMAL`: after a power failure the newest of them may be undone, the last first, so that the file is
as it was a moment before. (SQLite: "PRAGMA synchronous", "Write-Ahead Logging".) These are queue messages (one is seen
twice, or brought back by the due row or the watchdog) and whatever is written in `repeatable`, by workers and timers,
which do again what was undone. Before they do what cannot be undone, all that was written is synced (`secure`).

The file must be on a local disk: WAL needs shared memory, which network file systems do not have.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from onboarding.errors import OnboardingError, Unavailable
from onboarding.storage.embedded.connection import BUSY_SECONDS, MEMORY, connect, translate

T = TypeVar("T")
Run = Callable[[sqlite3.Connection], T]

#: Writes in one transaction at most, so that another process gets its turn.
BATCH = 64
#: Of the writes that are done where they are called, each so-many-th is handed to the writing thread, which moves the
#: log into the file where it has grown long: that waits for the disk.
HANDED = 256


@dataclass(slots=True)
class _Job:
    """What somebody in `loop` waits for."""

    run: Run[Any]
    lasting: bool
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    result: Any = None
    failure: BaseException | None = None

    def tell(self) -> None:
        """In the loop's thread. Whoever does not wait any longer hears nothing."""
        if self.answer.done():
            return
        if self.failure is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(translate(self.failure))


def _tell(jobs: list[_Job]) -> None:
    """In a lane's thread: one call of each loop."""
    loops = {job.loop for job in jobs}
    for loop in loops:
        theirs = [job for job in jobs if job.loop is loop] if len(loops) > 1 else jobs
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits there
            loop.call_soon_threadsafe(_answer, theirs)


def _answer(jobs: list[_Job]) -> None:
    for job in jobs:
        job.tell()


class _Lane:
    """A connection that is opened on first use, and again after an error while opening; and a thread that works with
    it, begun by the first job. Where nobody holds the lane any longer, the thread ends by itself."""

    #: Jobs that are taken at once at most.
    most = 1

    def __init__(self, path: str, name: str, busy_seconds: float) -> None:
        self._path, self._name, self._busy_seconds = path, name, busy_seconds
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None

    @property
    def opened(self) -> bool:
        """The connection is there."""
        return self._connection is not None

    def connection(self) -> sqlite3.Connection:
        """Called in the lane's thread, or by one caller at a time."""
        if self._connection is None:
            try:
                self._connection = connect(self._path, busy_seconds=self._busy_seconds)
                # Where nobody holds the lane any longer: SQLite is told, and need not be found out.
                weakref.finalize(self, self._connection.close).atexit = False
            except OSError as exc:
                reason = exc.strerror or type(exc).__name__
                raise Unavailable(f"ONBOARDING_STORE_PATH cannot be opened: {reason}") from exc
        return self._connection

    def put(self, job: _Job) -> None:
        """Hand over a job; by one caller at a time."""
        if self._thread is None:
            weakref.finalize(self, self._jobs.put, None).atexit = False
            arguments = (self._jobs, self.most, weakref.ref(self))
            self._thread = threading.Thread(target=_serve, args=arguments, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def close(self) -> None:
        """After what was handed over."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def take(self, jobs: list[_Job]) -> None:
        """In the lane's thread: do them, and keep with each how it went."""
        for job in jobs:
            try:
                job.result = job.run(self.connection())
            except BaseException as exc:  # noqa: BLE001 - whatever it is, whoever waits is told
                job.failure = exc


class _Writer(_Lane):
    """One transaction for the jobs that wait together."""

    most = BATCH
    _synchronous = ""

    def take(self, jobs: list[_Job]) -> None:
        """See _Lane."""
        try:
            self._commit([job for job in jobs if not job.answer.cancelled()])
        except BaseException as exc:  # noqa: BLE001 - whatever it is, whoever waits is told
            for job in jobs:
                job.failure = exc

    def _commit(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        connection = self.connection()
        synchronous = "FULL" if any(job.lasting for job in jobs) else "NORMAL"
        if synchronous != self._synchronous:
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._synchronous = synchronous
        connection.execute("BEGIN IMMEDIATE")
        try:
            if len(jobs) == 1:
                if not _alone(connection, jobs[0]):
                    return
            else:
                for job in jobs:
                    _in_savepoint(connection, job)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


#: What a write says no with; it takes no other write with it.
_REFUSALS = (OnboardingError, sqlite3.Error, ValueError, OverflowError)


def _alone(connection: sqlite3.Connection, job: _Job) -> bool:
    """Run the only job of a transaction. False: it said no, and nothing of it is to stay."""
    try:
        job.result = job.run(connection)
    except _REFUSALS as exc:
        job.failure = exc
        return False
    return True


def _in_savepoint(connection: sqlite3.Connection, job: _Job) -> None:
    """Run one of several. Any exception but a refusal is a bug and undoes the whole batch, loudly."""
    connection.execute("SAVEPOINT job")
    try:
        job.result = job.run(connection)
    except _REFUSALS as exc:
        if not connection.in_transaction:
            raise  # SQLite gave the whole transaction up (disk full, out of memory)
        connection.execute("ROLLBACK TO job")
        job.failure = exc
    connection.execute("RELEASE job")


def _briefly(connection: sqlite3.Connection, run: Run[T]) -> T:
    """Run one write in a transaction of its own, if nobody else writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = run(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return result


class _Looker(_Lane):
    """Never waits: not for another process (`busy_seconds` 0), nor for the disk."""

    def connection(self) -> sqlite3.Connection:
        """See _Lane."""
        fresh = self._connection is None
        connection = super().connection()
        if fresh:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection


def _serve(jobs: SimpleQueue[_Job | None], most: int, owner: weakref.ref[_Lane]) -> None:
    """A lane's thread, until it gets None. While it waits it holds nothing but the queue."""
    while (job := jobs.get()) is not None:
        batch = [job, *_more(jobs, most - 1)]
        lane = owner()
        if lane is None:
            return
        lane.take(batch)
        _tell(batch)
        del job, batch, lane


def _more(jobs: SimpleQueue[_Job | None], most: int) -> list[_Job]:
    """What waits already."""
    found: list[_Job] = []
    with contextlib.suppress(Empty):
        while len(found) < most:
            job = jobs.get_nowait()
            if job is None:
                jobs.put(None)  # for the next look
                break
            found.append(job)
    return found


_repeatable: ContextVar[bool] = ContextVar("repeatable", default=False)


@contextmanager
def repeatable() -> Iterator[None]:
    """What is written inside is written again by whoever finds it undone: none of it need be lasting."""
    before = _repeatable.set(True)
    try:
        yield
    finally:
        _repeatable.reset(before)


def ping(connection: sqlite3.Connection) -> int:
    """A write of its own: how many there were."""
    sql = "INSERT INTO pings (n, count) VALUES (1, 1) ON CONFLICT (n) DO UPDATE SET count = count + 1 RETURNING count"
    return int(connection.execute(sql).fetchall()[0][0])


class EmbeddedDatabase:
    """The file at `path` (":memory:": a private database of this object). Opened on first use.

    `busy_seconds` is how long a write waits for another process's transaction before it is Unavailable.
    """

    def __init__(self, path: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._writer = _Writer(path, "store-writer", busy_seconds)
        # A database in memory belongs to one connection, so there its reads queue up behind the writes.
        self._reader = self._writer if path == MEMORY else _Lane(path, "store-reader", busy_seconds)
        #: Waits for nobody: what it cannot have at once is read in the reading thread.
        self._looker = None if path == MEMORY else _Looker(path, "store-looker", 0.0)
        self._looking = threading.Lock()
        self._written = 0
        self._handing = threading.Lock()
        self._closed = False

    async def read(self, run: Run[T]) -> T:
        """Run queries in the reading thread. Sees every write that was answered before."""
        if self._reader is self._writer:
            return await self.write(run)
        return await self._hand(self._reader, run, lasting=True)

    async def look(self, run: Run[T]) -> T:
        """`read` for a few rows that an index names. Does not leave the caller's thread, unless it had to wait; others
        have their turn all the same."""
        await asyncio.sleep(0)
        looker = self._free_looker()
        if looker is None:
            return await self._look_elsewhere(run)
        try:
            return run(looker.connection())
        except sqlite3.OperationalError:
            pass  # it had to wait, or the file is in trouble: the reading thread waits, or says so
        except sqlite3.Error as exc:
            raise translate(exc) from exc
        finally:
            self._looking.release()  # before anything is waited for: `close` waits for this lock
        return await self.read(run)

    def _free_looker(self) -> _Lane | None:
        """The looking lane, opened and locked for the caller, if there is one and nobody has it."""
        looker = self._looker
        if self._closed or looker is None or not looker.opened or not self._looking.acquire(blocking=False):
            return None
        return looker

    async def _look_elsewhere(self, run: Run[T]) -> T:
        """While another thread looks, and when closed. The first look opens the connection, which takes longer."""
        looker = self._looker

        def opening(connection: sqlite3.Connection) -> T:
            if looker is not None and not looker.opened:
                looker.connection()
            return run(connection)

        return await self.read(opening)

    async def write(self, run: Run[T], *, lasting: bool = True) -> T:
        """Run statements in one transaction, which is committed when this returns.

        An exception undoes what `run` did and is raised here. `lasting` False: see the module's text; such a `run` may
        be called twice, and does nothing but run statements.
        """
        lasting = lasting and not _repeatable.get()
        if not lasting and self._looker is not None and self._looker.opened:
            await asyncio.sleep(0)
            self._written += 1
            looker = self._free_looker() if self._written % HANDED else None
            if looker is not None:
                try:
                    return _briefly(looker.connection(), run)
                except sqlite3.OperationalError:
                    pass  # somebody writes, or the file is in trouble: the writing thread waits, or says so
                except sqlite3.Error as exc:
                    raise translate(exc) from exc
                finally:
                    self._looking.release()
        return await self._hand(self._writer, run, lasting=lasting)

    async def secure(self) -> None:
        """Return when whatever was written before, by anybody, would survive a power failure. Those who ask at the same
        moment wait for one sync."""
        await self._hand(self._writer, ping, lasting=True)

    async def _hand(self, lane: _Lane, run: Run[T], *, lasting: bool) -> T:
        loop = asyncio.get_running_loop()
        job = _Job(run, lasting, loop, loop.create_future())
        with self._handing:
            if self._closed:
                raise Unavailable("the embedded store was closed")
            lane.put(job)
        result: T = await job.answer
        return result

    def close(self) -> None:
        """Finish what is waiting and close the file. Blocks for that long; may be called twice."""
        with self._handing:
            self._closed = True
        self._writer.close()
        self._reader.close()
        if self._looker is not None:
            with self._looking:
                self._looker.close()
