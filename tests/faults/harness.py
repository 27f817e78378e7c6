"""Child processes that play the story and die where they are told."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.faults import power, story
from tests.support.host import Tenant
from tests.support.tracing import Point

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.preload"])

#: Last phase of each band: one run can die in every band and meet the next band as if nothing had happened.
BANDS = (0, 2, 5, 7, 11)
#: Within a band a run dies again this many points later, at the earliest: what is left to do is done from there.
APART = 12


#: A point that a clean run met: phase, name, number within the phase.
Recorded = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a story is played: a folder, a simulator, and the storage account (None: the embedded store)."""

    folder: Path
    simulator: str
    storage: str | None = None
    #: Each death is a power failure: of the embedded store only what was synced is left.
    power: bool = False


def run_child(stage: Stage, *, phase: int, salt: int, targets: list[Point]) -> int:
    """Play from `phase` in a new process; returns its exit code."""
    config: dict[str, Any] = {
        "folder": str(stage.folder),
        "simulator": stage.simulator,
        "storage": stage.storage,
        "power": stage.power,
        "phase": phase,
        "salt": salt,
        "targets": targets,
    }
    child = _context.Process(target=story.play, args=(config,))
    child.start()
    child.join(90)
    code = child.exitcode
    if code is None:
        child.kill()
        child.join()
        raise AssertionError(f"the story hangs at {targets}")
    child.close()
    return code


def record(stage: Stage) -> list[Recorded]:
    """Every point that a clean run meets, in order."""
    stage.folder.mkdir(parents=True)
    with Tenant(stage.simulator) as tenant:
        story.prepare(tenant)
    assert run_child(stage, phase=0, salt=1, targets=[]) == 0
    seen = json.loads((stage.folder / "points.json").read_text())
    return [(phase, name, number) for phase, name, number in seen]


def schedules(targets: list[Point], apart: int = APART) -> list[list[Point]]:
    """All targets, packed into runs that die a few times in every band of phases, each time further on.

    With `apart` as long as the list a run dies once in every band.
    """
    bands: list[list[Point]] = [[] for _ in BANDS]
    for target in targets:
        bands[next(index for index, last in enumerate(BANDS) if target[0] <= last)].append(target)
    stretches = [band[start : start + apart] for band in bands for start in range(0, len(band), apart)]
    return [[point for point in row if point is not None] for row in zip_longest(*stretches)]


def killed_at(stage: Stage, tenant: Tenant, targets: list[Point]) -> list[Point]:
    """Die at each target in turn, starting again at the phase that was cut off; play to the end.

    Returns the targets that were not met, because an earlier death changed what came after it.
    """
    stage.folder.mkdir(parents=True)
    story.prepare(tenant)
    left, phase, salt = list(targets), 0, 1
    while True:
        code = run_child(stage, phase=phase, salt=salt, targets=left)
        if code == 0:
            return left
        assert code == story.KILLED, f"exit {code} with {targets}"
        if stage.power:
            power.fail(stage.folder)
        died: Point = tuple(json.loads((stage.folder / "died_at.json").read_text()))
        left.remove(died)
        phase, salt = died[0], salt + 1
