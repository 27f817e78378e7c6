"""The scanner of the test run's own log finds what it is there to find."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from onboarding import observe
from tests.support import logscan, planted

ROOT = Path(__file__).parents[2]
VALUES = [
    planted.GIVEN,
    planted.FAMILY,
    planted.PHONE,
    "015199999901",
    "+4915199999901",
    "+49 (151) 99 99 99 01",
    planted.ADDRESS,
    planted.ADDRESS.upper(),
    planted.EMPLOYEE,
    planted.MANAGER,
    planted.WHSEC,
    planted.GREENHOUSE,
]


@pytest.mark.parametrize("value", VALUES)
def test_each_planted_value_is_recognised_in_a_line(value: str) -> None:
    assert planted.found_in(f"something about {value!r} was logged")


@pytest.mark.parametrize(
    "line", ["", "case c_15199999902 saved", '{"action": "case.saved", "bytes": 1519999990123}']
)
def test_a_harmless_line_is_left_alone(line: str) -> None:
    assert planted.found_in(line) is None


def leaks_of(folder: Path, logger: str, **extra: object) -> list[logscan.Leak]:
    """What the scanner says after one record of `logger`."""
    made = logscan.handlers(folder, "t")
    log = logging.Logger(logger)
    for handler in made:
        log.addHandler(handler)
    log.warning("taken %s", planted.GIVEN if not extra else "nothing", extra=extra)
    for handler in made:
        handler.close()
    return logscan.scan(sorted(folder.glob("*.log")))


def test_a_name_in_a_message_of_ours_is_a_leak(tmp_path: Path) -> None:
    found = leaks_of(tmp_path, "onboarding.intake")
    assert {leak.file.name for leak in found} == {"t-lines.log", "t-raw.log"}


def test_a_name_that_a_library_logs_is_a_leak_of_the_lines(tmp_path: Path) -> None:
    assert [leak.file.name for leak in leaks_of(tmp_path, "httpx")] == ["t-lines.log"]


def test_what_redaction_saves_is_a_leak_all_the_same(tmp_path: Path) -> None:
    """An address is masked in the line; that our code handed it over is the fault that is reported."""
    found = leaks_of(tmp_path, "onboarding.intake", onboarding_fields={"to": planted.ADDRESS})
    assert [leak.file.name for leak in found] == ["t-raw.log"]


def test_a_filter_of_a_later_handler_does_not_hide_what_was_logged(tmp_path: Path) -> None:
    """`observe.setup` adds redaction to handlers that are not ours: the raw file must come before it."""
    log = logging.Logger("onboarding.x")
    made = logscan.handlers(tmp_path, "t")
    later = logging.NullHandler()
    later.addFilter(observe.Redaction())
    for handler in (*made, later):
        log.addHandler(handler)
    log.warning("to %s", planted.ADDRESS)
    for handler in made:
        handler.close()
    assert [leak.file.name for leak in logscan.scan(sorted(tmp_path.glob("*.log")))] == ["t-raw.log"]


CONFTEST = "from tests.support.logscan import *\nfrom tests.support.logscan import pytest_configure\n"
LEAKING = """
import logging
from onboarding import observe
def test_it():
    observe.setup()
    observe.event(logging.getLogger("onboarding.x"), "case.saved", name={value!r})
def test_other():
    pass
"""


@pytest.mark.parametrize(
    ("how", "leak"), [(["-p", "no:xdist"], False), (["-p", "no:xdist"], True), (["-n", "2"], True)]
)
def test_a_run_whose_tests_pass_fails_when_something_leaked(
    tmp_path: Path, how: list[str], leak: bool
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    value = planted.GIVEN if leak else "c_00000000000000000001"
    (tmp_path / "test_it.py").write_text(LEAKING.format(value=value))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *how, str(tmp_path)]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == (1 if leak else 0), done.stdout
    assert ("planted values in the log" in done.stdout) is leak


def test_this_run_is_being_recorded() -> None:
    """If the plugin were not loaded, the scan at the end would find nothing and say so with a green run."""
    kinds = [type(handler.formatter) for handler in logging.getLogger().handlers]
    assert logscan.RawLines in kinds
    assert observe.JsonLines in kinds
    assert logging.getLogger("onboarding.x").isEnabledFor(logging.INFO)
