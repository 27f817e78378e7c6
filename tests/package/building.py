"""The package of each Python, made once for all processes of a run, and kept for the next run if nothing changed.

`here` is for the running Python, out of what is installed; its folder is the unpacked zip. The same code as for
Azure, except for what only costs time: wheels are copied from this environment and not fetched, and the zip is
not compressed. `fetched` is for another Python and takes the wheels that Azure would get. In both, the 16,000
generated modules of msgraph get no bytecode.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import package, package_python
from scripts.package import DEPENDENCIES, Order

ROOT = Path(__file__).parents[2]
OUT = ROOT / "build" / "test-package"
#: Without bytecode in tests.
GENERATED = "msgraph/generated"


@dataclass(frozen=True, slots=True)
class Built:
    """A package, what is said about it, and the folder it was unpacked into."""

    zip: Path
    report: dict[str, Any]
    wwwroot: Path

    @property
    def dependencies(self) -> Path:
        return self.wwwroot / DEPENDENCIES

    def names(self) -> list[str]:
        with zipfile.ZipFile(self.zip) as archive:
            return archive.namelist()


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """One process of the run at a time; the folder of that name."""
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


def once_a_run(name: str, make: Callable[[], Any]) -> Any:
    """What `make` returns (JSON), made by the first process of this run that asks."""
    run = os.environ["TEST_LOGS"]  # tests/support/logscan.py: the folder of this run
    with locked("seen") as folder:
        path = folder / f"{name}.json"
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["run"] == run:
                return kept["value"]
        value = make()
        path.write_text(json.dumps({"run": run, "value": value}), encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))["value"]


@functools.cache
def here() -> Built:
    """For the running Python."""
    python = package_python.RUNNING
    with locked(python) as out:
        order = Order(python, out=out, installed=True, uncompiled=(GENERATED,), deflate=False)
        if _changed(order):
            package.build(order)
            _unpack(out / "package.zip", out / "wwwroot")
            _note(order)
        report = json.loads((out / "package.json").read_text(encoding="utf-8"))
        return Built(out / "package.zip", report, out / "wwwroot")


@functools.cache
def fetched(python: str) -> Path:
    """The app's folder for another Python: the package's parts, not zipped and unpacked again.

    Needs the package index or pip's cache: PackageError without.
    """
    with locked(python) as out:
        order, wwwroot = Order(python, out=out, uncompiled=(GENERATED,)), out / "wwwroot"
        if _changed(order):
            trees, _ = package.assemble(order)
            shutil.rmtree(wwwroot, ignore_errors=True)
            shutil.copytree(trees[""], wwwroot)
            (wwwroot / DEPENDENCIES).parent.mkdir(parents=True)
            (wwwroot / DEPENDENCIES).symlink_to(trees[DEPENDENCIES + "/"].resolve())
            _note(order)
        return wwwroot


def _changed(order: Order) -> bool:
    note = order.out / "made-from.txt"
    return not note.exists() or note.read_text() != package.fingerprint(order)


def _note(order: Order) -> None:
    (order.out / "made-from.txt").write_text(package.fingerprint(order))


def _unpack(zipped: Path, target: Path) -> None:
    """Dependencies that were unpacked there before are kept if they are the same to the byte."""
    with zipfile.ZipFile(zipped) as archive:
        inside = {info.filename: info.CRC for info in archive.infolist()}
        theirs = [name for name in inside if name.startswith(DEPENDENCIES)]
        marker = target.with_name("dependencies.txt")
        state = hashlib.sha256(repr([(name, inside[name]) for name in theirs]).encode()).hexdigest()
        if not target.is_dir() or not marker.exists() or marker.read_text() != state:
            marker.unlink(missing_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            archive.extractall(target, theirs)
            marker.write_text(state)
        for part in target.iterdir():
            if part.is_file():
                part.unlink()
            elif part.name != DEPENDENCIES.split("/")[0]:
                shutil.rmtree(part)
        archive.extractall(target, [name for name in inside if not name.startswith(DEPENDENCIES)])
