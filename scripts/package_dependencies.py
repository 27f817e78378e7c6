"""The third-party part of the deployment package: which distributions, from where, and what of them never runs.

Two sources give the same tree: `fetch` lets uv or pip take wheels for another platform and Python (what is deployed),
`copy` takes what is installed in this environment (tests, and only for the Python that runs). Both are checked
against the closure of requirements.txt, because pip evaluates environment markers for the machine it runs on and
not for the platform it is asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

#: glibc of the Functions images is newer than each of these; pip takes exactly the tags it is given (uv: up to the
#: first).
PLATFORMS = tuple(
    f"{tag}_x86_64"
    for tag in (
        "manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17",
        "manylinux2014", "manylinux_2_12", "manylinux2010", "manylinux_2_5", "manylinux1",
    )
)  # fmt: skip
ARCHITECTURE = "linux x86_64"

#: Never imported by anything in the package, which `tests/package/test_trim.py` proves: place names, carriers and
#: time zones of numbers, each read by one module of phonenumbers only, which goes as well; a package's own tests.
UNUSED = (
    "phonenumbers/geodata", "phonenumbers/geocoder.py", "phonenumbers/geocoder.pyi",
    "phonenumbers/carrierdata", "phonenumbers/carrier.py", "phonenumbers/carrier.pyi",
    "phonenumbers/tzdata", "phonenumbers/timezone.py", "phonenumbers/timezone.pyi",
    "certifi/tests",
)  # fmt: skip
#: What an installer writes for itself. Entry points, metadata and licences stay.
INSTALLER_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})

Find = Callable[[str], metadata.Distribution | None]


class PackageError(Exception):
    """The package cannot be built; the text says why and what to do."""


def read_requirements(path: Path, environment: Mapping[str, str]) -> list[Requirement]:
    """The lines of requirements.txt that hold for `environment`, without their markers."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].strip()
        if not text:
            continue
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(dict(environment)):
            requirement.marker = None
            found.append(requirement)
    return found


def environment_for(python: str) -> dict[str, str]:
    """The marker environment of CPython `python` ("3.12") on Linux x86_64. (PEP 508, "Environment Markers".)"""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    full = default_environment()["python_full_version"] if python == running else f"{python}.0"
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": python,
        "sys_platform": "linux",
    }


def closure(
    wanted: Iterable[Requirement], find: Find, environment: Mapping[str, str]
) -> dict[str, metadata.Distribution]:
    """Every distribution that `wanted` needs, by normalised name, sorted. PackageError for a missing one."""
    found: dict[str, metadata.Distribution] = {}
    for requirement, distribution in _walk(wanted, find, environment):
        if distribution is None:
            raise PackageError(f"{requirement} is needed and is not there.")
        if not _fits(requirement, distribution):
            raise PackageError(f"{requirement} is needed, {distribution.version} is there.")
        found[canonicalize_name(requirement.name)] = distribution
    return dict(sorted(found.items()))


def _walk(
    wanted: Iterable[Requirement], find: Find, environment: Mapping[str, str]
) -> Iterator[tuple[Requirement, metadata.Distribution | None]]:
    """Each requirement with what is there for it, then what that requires in turn."""
    seen: set[str] = set()
    todo = list(wanted)
    while todo:
        requirement = todo.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        distribution = find(canonicalize_name(requirement.name))
        yield requirement, distribution
        if distribution is not None:
            todo += _needed_by(distribution, requirement.extras, environment)


def _fits(requirement: Requirement, distribution: metadata.Distribution) -> bool:
    return requirement.specifier.contains(distribution.version, prereleases=True)


def _needed_by(
    distribution: metadata.Distribution, extras: set[str], environment: Mapping[str, str]
) -> list[Requirement]:
    needed = []
    for text in distribution.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**environment, "extra": e}) for e in extras or {""}):
            needed.append(requirement)
    return needed


def installed(name: str) -> metadata.Distribution | None:
    """The distribution in this environment."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def in_tree(tree: Path) -> Find:
    """Looks for distributions in `tree`, by normalised name."""
    there: dict[str, metadata.Distribution] = {
        canonicalize_name(each.name): each for each in metadata.distributions(path=[str(tree)])
    }
    return there.get


def copy(wanted: list[Requirement], environment: Mapping[str, str], tree: Path) -> None:
    """Copy the files of the closure from this environment into `tree`."""
    root, made = str(tree), set[str]()  # texts in place of Path objects: there are 20,000 files
    for distribution in closure(wanted, installed, environment).values():
        if distribution.files is None:
            raise PackageError(f"{distribution.name} does not say which files it has: install it with pip.")
        theirs = str(distribution.locate_file(""))
        for name in map(str, distribution.files):
            if name.endswith(".pyc") or ".." in name.split("/"):
                continue
            folder = os.path.dirname(name)
            if folder not in made:
                os.makedirs(os.path.join(root, folder), exist_ok=True)
                made.add(folder)
            shutil.copyfile(os.path.join(theirs, name), os.path.join(root, name))


def tested_versions(wanted: list[Requirement], environment: Mapping[str, str]) -> list[str]:
    """Pins for what requirements.txt leaves open: what is deployed is what was tested in this environment.

    What another Python needs and this environment lacks, or has in a version that does not fit, pip chooses.
    """
    direct = {canonicalize_name(requirement.name) for requirement in wanted}
    pins = {
        canonicalize_name(requirement.name): distribution.version
        for requirement, distribution in _walk(wanted, installed, environment)
        if distribution is not None and _fits(requirement, distribution)
    }
    return [f"{name}=={version}" for name, version in sorted(pins.items()) if name not in direct]


def fetch(
    wanted: list[Requirement], python: str, constraints: list[str], tree: Path, target: str | None
) -> None:
    """Install wheels for Linux x86_64 and CPython `python` into `tree`, compiled by nobody yet.

    By uv where it stands beside this Python (`make` installs it), else or if that fails by pip. `target` runs that
    Python. Its pip is preferred: markers and `Requires-Python` are judged by what runs pip.
    """
    tree.mkdir(parents=True, exist_ok=True)
    pins = tree.parent / "requirements.txt"
    limits = tree.parent / "constraints.txt"
    pins.write_text("".join(f"{requirement}\n" for requirement in wanted), encoding="utf-8")
    limits.write_text("".join(f"{line}\n" for line in constraints), encoding="utf-8")
    given = ["--requirement", str(pins), "--constraint", str(limits)]
    if not _by_uv(given, python, tree):
        _by_pip(given, python, tree, target)


def _by_uv(given: list[str], python: str, tree: Path) -> bool:
    """False: not here, or it could not (an index that only pip knows, say)."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        return False
    command = [
        str(uv), "pip", "install", "--quiet", "--no-build", "--link-mode", "copy", "--target", str(tree),
        "--python-version", python, "--python-platform", "x86_64-manylinux_2_28",
    ]  # fmt: skip
    done = subprocess.run([*command, *given], capture_output=True, check=False)
    (tree / ".lock").unlink(missing_ok=True)
    return done.returncode == 0


def _by_pip(given: list[str], python: str, tree: Path, target: str | None) -> None:
    command = [
        _with_pip(target), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
        "--no-compile", "--only-binary", ":all:", "--target", str(tree), "--python-version", python,
        "--implementation", "cp", *given,
    ]  # fmt: skip
    for abi in (f"cp{python.replace('.', '')}", "abi3", "none"):
        command += ["--abi", abi]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("WARNING"))
        raise PackageError(f"pip found no set of wheels for Python {python} on {ARCHITECTURE}:\n{said}")


def _with_pip(target: str | None) -> str:
    if target is not None:
        asked = subprocess.run([target, "-m", "pip", "--version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return target
    return sys.executable


def trim(tree: Path) -> int:
    """Remove what never runs; the number of bytes that it had."""
    gone = [tree / "bin", *(tree / each for each in UNUSED)]
    gone += [each for each in tree.rglob("__pycache__")]
    gone += [each for each in tree.glob("*.dist-info/*") if each.name in INSTALLER_FILES]
    freed = 0
    for path in gone:
        if path.is_dir():
            freed += sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
            shutil.rmtree(path)
        elif path.exists():
            freed += path.stat().st_size
            path.unlink()
    return freed
