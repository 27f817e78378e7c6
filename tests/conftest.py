"""Everything that is logged during a run is searched for planted values (`tests/support/logscan.py`), and tests of
the azure store share one Azurite (`tests/support/azurite.py`).
"""

import pytest

from tests.support.logscan import (
    pytest_configure,
    pytest_runtest_teardown,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_unconfigure,
)

pytest_plugins = ["tests.support.azurite"]

__all__ = [
    "pytest_configure",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--every-point`: also the points of the kill harness that a unit test covers (several minutes)."""
    parser.addoption("--every-point", action="store_true", help="die at every write to the storage account")
