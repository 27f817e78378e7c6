"""Imported once by the fork server: plays the story, so that a child need not import anything."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from onboarding.simulator.server import running_simulator
from tests.faults import story
from tests.support.host import Tenant
from tests.support.tracing import Tracer


def _warm() -> None:
    with running_simulator(seed=1) as simulator, tempfile.TemporaryDirectory() as folder:
        with Tenant(simulator.base_url) as tenant:
            story.prepare(tenant)
        config: dict[str, Any] = {
            "simulator": simulator.base_url,
            "storage": None,
            "power": False,
            "phase": 0,
            "salt": 1,
            "targets": [],
        }
        asyncio.run(story._play(Path(folder), config, Tracer()))


_warm()
