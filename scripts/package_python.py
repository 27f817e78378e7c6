"""Which Python the function app runs on, and whether this machine has it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.package_dependencies import PackageError

#: If no Bicep names one.
DEFAULT = "3.12"
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def deployed(root: Path) -> str | None:
    """The Python that the Bicep names for the function app, as "3.12"; None if there is no Bicep yet."""
    found: set[str] = set()
    for path in sorted((root / "infra").rglob("*.bicep")):
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(r"\bruntime\s*:\s*\{[^}]*\bversion\s*:\s*'(3\.\d+)'", text))
        found.update(re.findall(r"\bparam\s+pythonVersion\s+string\s*=\s*'(3\.\d+)'", text))
    if len(found) > 1:
        raise PackageError(f"The Bicep names more than one Python: {', '.join(sorted(found))}.")
    return found.pop() if found else None


def find(version: str) -> str | None:
    """A command that really runs CPython `version`, or None."""
    return next((command for command in _candidates(version) if _runs(command, version)), None)


def _candidates(version: str) -> Iterator[str]:
    if version == RUNNING:
        yield sys.executable
    command = shutil.which(f"python{version}")
    if command is None:
        return
    yield command
    # A version manager's shim refuses a version that is installed and not chosen; the real one lies beside it.
    if (folder := Path(command).parent).name == "shims":
        for path in sorted(folder.parent.glob(f"versions/{version}.*/bin/python{version}"), reverse=True):
            yield str(path)


def _runs(command: str, version: str) -> bool:
    asked = [command, "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version
