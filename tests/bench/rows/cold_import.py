"""Importing function_app.py against importing azure.functions: what a cold start pays before anything is asked."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.processes import ROOT, environment
from tests.bench.row import Row, judged, pairwise

MUST = 1.5
_TIMED = "import time; begin = time.perf_counter(); import {module}; print(time.perf_counter() - begin)"


def run(rounds: int = 21) -> Row:
    """Seconds of the import statement itself, in a fresh interpreter each; .pyc files are there."""
    for module in ("azure.functions", "function_app"):
        _seconds(module)
    found = pairwise(lambda: _seconds("function_app"), lambda: _seconds("azure.functions"), rounds)
    return judged(
        "cold_import",
        f"≤ {MUST} × `import azure.functions`",
        f"{found.value:.2f} × ({found.ours * 1000:.0f} ms against {found.other * 1000:.0f} ms)",
        found.value <= MUST,
        f"{rounds} pairs; without the start of the interpreter, which would flatter the ratio",
        {"ratio": found.value, "ours_s": found.ours, "other_s": found.other},
    )


def _seconds(module: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(module=module)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
