"""Child processes that play the story and die where they are told."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

from tests.faults import story
from tests.support.host import Tenant

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.preload"])

Point = tuple[str, int, str]


def run_child(folder: Path, simulator: str, *, phase: int, salt: int, target: Point | None) -> int:
    """Play from `phase` in a new process; returns its exit code."""
    config: dict[str, Any] = {
        "folder": str(folder),
        "simulator": simulator,
        "phase": phase,
        "salt": salt,
        "target": target,
    }
    child = _context.Process(target=story.play, args=(config,))
    child.start()
    child.join(90)
    if child.exitcode is None:
        child.kill()
        raise AssertionError(f"the story hangs at {target}")
    return child.exitcode


def record(folder: Path, simulator: str) -> list[tuple[str, int]]:
    """Every point that a clean run meets, in order."""
    folder.mkdir(parents=True)
    story.prepare(Tenant(simulator))
    assert run_child(folder, simulator, phase=0, salt=1, target=None) == 0
    return [(name, number) for name, number in json.loads((folder / "points.json").read_text())]


def killed_at(folder: Path, simulator: str, target: Point) -> Tenant:
    """Kill at the point, start again at the phase that was cut off, play to the end. Returns the tenant."""
    folder.mkdir(parents=True)
    tenant = Tenant(simulator)
    story.prepare(tenant)
    code = run_child(folder, simulator, phase=0, salt=1, target=target)
    assert code == story.KILLED, f"the point was not hit: {target} (exit {code})"
    phase = int((folder / "phase").read_text())
    assert run_child(folder, simulator, phase=phase, salt=2, target=None) == 0, f"after {target}"
    return tenant
