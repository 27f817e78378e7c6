"""Imported once by the fork server: everything a child would otherwise spend a second importing."""

from __future__ import annotations

import function_app  # noqa: F401
from onboarding import bootstrap  # noqa: F401
from onboarding.api import views  # noqa: F401
from onboarding.dashboard import pages  # noqa: F401
from onboarding.domain import country
from onboarding.graph import open_graph  # noqa: F401
from onboarding.operate import actions, due, watchdog, work  # noqa: F401
from onboarding.settings import Settings
from tests.faults import story  # noqa: F401

country.alpha2("Germany")


def _warm() -> None:
    """Import what the Graph adapter imports on first use, without a connection."""
    import asyncio

    app = bootstrap.build(Settings.from_env({"ONBOARDING_STORE_PATH": ":memory:"}))
    asyncio.run(app.aclose())


_warm()
