"""Power failures of the embedded store: what a disk has for certain is what the last sync left.

`watch` keeps a copy of the file and its log as they were when a lasting write was answered; `fail` puts it back, as if
nothing after it had reached the disk. A disk may have more, but never less.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from onboarding.storage.embedded.database import EmbeddedDatabase

_FILES = ("store.db", "store.db-wal")
_KEPT = "synced"


def watch(folder: Path, database: EmbeddedDatabase) -> None:
    """From now on, keep what is synced of the store in `folder`."""
    writer: Any = database._writer
    commit = writer._commit
    count = 0

    def kept(jobs: list[Any]) -> None:
        nonlocal count
        with database._looking:  # nobody else in this process writes meanwhile
            commit(jobs)
            if any(job.lasting and job.failure is None for job in jobs):
                count += 1
                fresh = folder / f"{_KEPT}-{os.getpid()}-{count}"
                fresh.mkdir()
                for name in _FILES:
                    shutil.copyfile(folder / name, fresh / name)
                fresh.rename(folder / f"{_KEPT}-{_last(folder) + 1:06}")

    writer._commit = kept


def fail(folder: Path) -> None:
    """The power is gone: only what was synced is left."""
    for path in folder.glob("store.db*"):
        path.unlink()
    if (number := _last(folder)) > 0:
        for name in _FILES:
            shutil.copyfile(folder / f"{_KEPT}-{number:06}" / name, folder / name)


def _last(folder: Path) -> int:
    return max((int(path.name.rpartition("-")[2]) for path in folder.glob(f"{_KEPT}-??????")), default=0)
