"""Everything that is logged during a run is searched for planted values (`tests/support/logscan.py`), and tests of
the azure store share one Azurite (`tests/support/azurite.py`).
"""

import gc
import logging

import pytest
from hypothesis import HealthCheck, settings

from tests.support import memory
from tests.support.logscan import (
    pytest_configure,
    pytest_runtest_teardown,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_unconfigure,
)

pytest_plugins = ["tests.support.azurite"]

# A busy machine makes nothing false: neither a deadline nor slow drawing fails a property.
SLOW = [HealthCheck.too_slow]
settings.register_profile("busy", max_examples=30, deadline=None, suppress_health_check=SLOW)
settings.register_profile("full", max_examples=500, deadline=None, suppress_health_check=SLOW)
settings.load_profile("busy")

__all__ = [
    "pytest_configure",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_unconfigure",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What takes minutes and is told, in smaller steps, by other tests of every run."""
    parser.addoption(
        "--every-point",
        action="store_true",
        help="the smallest steps: die at every write to the storage account, put every odd value into every place",
    )
    parser.addoption("--deliveries", default="600", help="deliveries of the shuffled summer")
    parser.addoption("--every-store", action="store_true", help="tell more stories on the azure store")
    parser.addoption("--every-python", action="store_true", help="let the worker judge the app on 3.12 too")


def pytest_sessionstart(session: pytest.Session) -> None:
    """As the service does: the SDKs write every request with its headers at INFO."""
    if session.config.getoption("every_point"):
        settings.load_profile("full")
    logging.getLogger("azure").setLevel(logging.WARNING)
    memory.quick()


def pytest_collection() -> None:
    """Thousands of tests are made, and none of them is garbage before the end."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories and whatever else takes seconds begin first: nobody waits for one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None and "story" not in item.path.parts)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
