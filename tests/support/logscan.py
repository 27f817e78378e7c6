"""A pytest plugin that keeps everything that is logged during a run, and searches it for planted values.

Each process of the run (the controller, each xdist worker) writes two files under `build/test-logs/<run>/`:
`…-lines.log` holds every record of every logger as our log lines show it (JSON, redacted); `…-raw.log` holds the
records of our own loggers as they were made, before any redaction, with the text of exceptions. Redaction is the
second lock; the first is that our code logs nothing personal.

Child processes log elsewhere: a test that starts one sends its output to `child_log(name)`.

At the end the controller reads all files. A planted value in any line fails the run and is named with its place.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onboarding.observe import JsonLines, Redaction
from tests.support import planted

FOLDER = Path("build") / "test-logs"
OURS = ("onboarding", "function_app")
#: The run's folder, in an environment variable so that child processes of tests know it too.
_VARIABLE = "TEST_LOGS"
#: Seconds after which the folder of an earlier run is removed.
_OLD = 3600
_LEAKS = pytest.StashKey[list["Leak"]]()
_HANDLERS = pytest.StashKey[list[logging.Handler]]()


@dataclass(frozen=True, slots=True)
class Leak:
    """A planted value in a log line. The line itself is shown: what is in it is planted."""

    file: Path
    number: int
    marker: str
    line: str

    def __str__(self) -> str:
        return f"{self.file.name}:{self.number}: {self.marker}: {self.line[:300]}"


class RawLines(JsonLines):
    """A record as it was made. A JsonLines by type, so that `observe.setup` puts no filter before it."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {k: v for k, v in vars(record).items() if k not in _BORING}
        parts = [record.name, record.levelname, record.getMessage(), repr(fields)]
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        return " ".join(parts).replace("\n", "\\n").encode("utf-8", "backslashreplace").decode()


#: Attributes of every record that say where it was made; a path may hold a test's name.
_BORING = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime"}


class _Ours(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.name.split(".")[0] in OURS


def scan(files: Iterable[Path]) -> list[Leak]:
    """Every planted value in these files."""
    return [leak for file in files for leak in _scan_one(file)]


def _scan_one(file: Path) -> Iterator[Leak]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if marker := planted.found_in(line):
                yield Leak(file, number, marker, line.strip())


def handlers(folder: Path, process: str) -> list[logging.Handler]:
    """The two handlers of one process. Each record is written at once: a killed process loses none."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = logging.FileHandler(folder / f"{process}-lines.log", encoding="utf-8")
    lines.setFormatter(JsonLines())
    raw = logging.FileHandler(folder / f"{process}-raw.log", encoding="utf-8")
    raw.setFormatter(RawLines())
    raw.addFilter(_Ours())
    return [raw, lines]


def child_log(name: str) -> Path:
    """Where a child process's output has to go so that it is searched too."""
    return Path(os.environ[_VARIABLE]) / f"child-{os.getpid()}-{name}.log"


def pytest_configure(config: pytest.Config) -> None:
    """First of all handlers, so that a filter on a later one cannot change what is kept."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        os.environ[_VARIABLE] = str(_new_folder(config.rootpath / FOLDER))
    made = handlers(Path(os.environ[_VARIABLE]), worker["workerid"] if worker else "main")
    config.stash[_HANDLERS] = made
    root = logging.getLogger()
    root.handlers[:0] = made
    # The Functions worker sets the root logger to INFO.
    root.setLevel(logging.INFO)


def _new_folder(parent: Path) -> Path:
    """A folder for this run alone: two runs in one checkout do not disturb each other."""
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.iterdir():
        if time.time() - old.stat().st_mtime > _OLD:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix="run-", dir=parent))


def pytest_unconfigure(config: pytest.Config) -> None:
    for handler in config.stash.get(_HANDLERS, []):
        logging.getLogger().removeHandler(handler)
        handler.close()


def pytest_runtest_teardown() -> None:
    """pytest keeps its handlers for the whole run: a filter that `observe.setup` put on one leaves with the test."""
    for handler in logging.getLogger().handlers:
        handler.filters[:] = [item for item in handler.filters if not isinstance(item, Redaction)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """On the controller, when every worker has finished: fail the run for a leak."""
    if hasattr(session.config, "workerinput"):
        return
    leaks = scan(sorted(Path(os.environ[_VARIABLE]).glob("*.log")))
    session.config.stash[_LEAKS] = leaks
    if leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if leaks := config.stash.get(_LEAKS, []):
        terminalreporter.section("planted values in the log", red=True)
        for leak in leaks[:50]:
            terminalreporter.line(str(leak))
