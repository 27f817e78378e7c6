"""One SQLite file, used by several processes at once, without holding up the event loop.

Three connections a process, two of them with a thread: one writes, one reads, one looks (in WAL mode readers and
the writer do not wait for each other). A look is a read of a few rows by an index, and runs where it is called: it is
over sooner than a way to a thread and back. Writes that are waiting together share one transaction, each in a savepoint
of its own: many workers cost one sync to disk, and one refused write takes none of the others with it. A write is
answered after the commit.

What survives. A killed process loses nothing that was answered: the log is in the kernel's hands. For power
loss, "lasting" writes (the default) are synced before they are answered (`synchronous=FULL`); the others, the
leases and deletions of queue messages, are written with `synchronous=NORMAL`: after a power failure the newest
of them may be undone, which is a message seen twice. (SQLite: "PRAGMA synchronous", "Write-Ahead Logging".)

The file must be on a local disk: WAL needs shared memory, which network file systems do not have.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from onboarding.errors import OnboardingError, Unavailable
from onboarding.storage.embedded.connection import BUSY_SECONDS, MEMORY, connect, translate

T = TypeVar("T")
Run = Callable[[sqlite3.Connection], T]

#: Writes in one transaction at most, so that another process gets its turn.
BATCH = 64


@dataclass(slots=True)
class _Job:
    run: Run[Any]
    lasting: bool
    future: Future[Any] = field(default_factory=Future)


@dataclass(slots=True)
class _Outcome:
    job: _Job
    result: Any
    refusal: Exception | None

    def tell(self) -> None:
        if self.refusal is None:
            self.job.future.set_result(self.result)
        else:
            self.job.future.set_exception(translate(self.refusal))


class _Lane:
    """A thread with a connection that is opened on first use, and again after an error while opening."""

    def __init__(self, path: str, name: str, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self.executor = ThreadPoolExecutor(1, thread_name_prefix=name)
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
            except OSError as exc:
                reason = exc.strerror or type(exc).__name__
                raise Unavailable(f"ONBOARDING_STORE_PATH cannot be opened: {reason}") from exc
        return self._connection

    def close(self) -> None:
        self.executor.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class EmbeddedDatabase:
    """The file at `path` (":memory:": a private database of this object). Opened on first use.

    `busy_seconds` is how long a write waits for another process's transaction before it is Unavailable.
    """

    def __init__(self, path: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self._writer = _Lane(path, "store-writer", busy_seconds)
        # A database in memory belongs to one connection, so there its reads queue up behind the writes.
        self._reader = self._writer if path == MEMORY else _Lane(path, "store-reader", busy_seconds)
        #: Waits for nobody: what it cannot have at once is read in the reading thread.
        self._looker = None if path == MEMORY else _Lane(path, "store-looker", 0.0)
        self._looking = threading.Lock()
        self._state = threading.Condition()
        self._waiting: list[_Job] = []
        self._busy = False
        self._closed = False

    async def read(self, run: Run[T]) -> T:
        """Run queries in the reading thread. Sees every write that was answered before."""
        if self._closed:
            raise Unavailable("the embedded store was closed")
        if self._reader is self._writer:
            return await self.write(run)
        return await asyncio.wrap_future(self._reader.executor.submit(self._query, run))

    async def look(self, run: Run[T]) -> T:
        """`read` for a few rows that an index names. Does not leave the caller's thread, unless it had to wait; others
        have their turn all the same."""
        await asyncio.sleep(0)
        looker = self._looker
        if self._closed or looker is None or not looker.opened or not self._looking.acquire(blocking=False):
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

        An exception undoes what `run` did and is raised here. `lasting` False: see the module's text.
        """
        job = _Job(run, lasting)
        with self._state:
            if self._closed:
                raise Unavailable("the embedded store was closed")
            self._waiting.append(job)
            self._start()
        result: T = await asyncio.wrap_future(job.future)
        return result

    def close(self) -> None:
        """Finish what is waiting and close the file. Blocks for that long; may be called twice."""
        with self._state:
            self._closed = True
            self._state.wait_for(lambda: not self._busy)
        self._writer.close()
        self._reader.close()
        if self._looker is not None:
            with self._looking:
                self._looker.close()

    def _query(self, run: Run[T]) -> T:
        try:
            return run(self._reader.connection())
        except sqlite3.Error as exc:
            raise translate(exc) from exc

    def _start(self) -> None:
        """Hand what is waiting to the writer, unless it is at work already. `_state` is held."""
        if self._busy or not self._waiting:
            return
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._busy = True
        done = self._writer.executor.submit(self._commit, batch)
        done.add_done_callback(lambda done: self._answer(batch, done))

    def _commit(self, batch: list[_Job]) -> list[_Outcome]:
        """One transaction for the jobs that were not cancelled meanwhile. In the writer's thread."""
        jobs = [job for job in batch if job.future.set_running_or_notify_cancel()]
        connection = self._writer.connection()
        sync = "FULL" if any(job.lasting for job in jobs) else "NORMAL"
        connection.execute(f"PRAGMA synchronous = {sync}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [_Outcome(job, *_in_savepoint(connection, job.run)) for job in jobs]
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return outcomes

    def _answer(self, batch: list[_Job], done: Future[list[_Outcome]]) -> None:
        """Tell everybody how it went, and start the next batch."""
        try:
            failure = done.exception()
            if failure is None:
                for outcome in done.result():
                    outcome.tell()
            else:
                for job in batch:
                    if not job.future.cancelled():
                        job.future.set_exception(translate(failure))
        finally:
            with self._state:
                self._busy = False
                self._start()
                self._state.notify_all()


def _in_savepoint(connection: sqlite3.Connection, run: Run[Any]) -> tuple[Any, Exception | None]:
    """Result or refusal of one job. Any other exception is a bug and undoes the whole batch, loudly."""
    connection.execute("SAVEPOINT job")
    refusal: Exception | None = None
    result = None
    try:
        result = run(connection)
    except (OnboardingError, sqlite3.Error, ValueError, OverflowError) as exc:
        if not connection.in_transaction:
            raise  # SQLite gave the whole transaction up (disk full, out of memory)
        connection.execute("ROLLBACK TO job")
        refusal = exc
    connection.execute("RELEASE job")
    return result, refusal
