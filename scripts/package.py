"""Build the zip that Azure Functions runs: `python -m scripts.package` (also `make package`).

Writes `build/package.zip` and `build/package.json`: the app's own files that .funcignore lets through, its
requirements under `.python_packages/lib/site-packages` as wheels for Linux x86_64 and the Python that the Bicep
names, and unchecked-hash bytecode made by that Python. A `policy.toml` beside function_app.py goes along, if it can be
used (`package_policy`). Same input, same bytes: sorted, one time stamp, no paths
of this machine. (Microsoft Learn: "Python developer reference for Azure Functions", folder of dependencies.)
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import package_dependencies as dependencies
from scripts import package_policy, package_python
from scripts.package_dependencies import PackageError

ROOT = Path(__file__).resolve().parents[1]
#: Of the app's folder, nothing else runs in Azure. The policy is the company's own, and need not be there.
APP = ("function_app.py", "host.json", "onboarding", package_policy.NAME)
DEPENDENCIES = ".python_packages/lib/site-packages"
#: Where the platform puts the package.
WWWROOT = "/home/site/wwwroot"
#: The oldest time that a zip can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Order:
    """What to build."""

    #: Python of the function app, as "3.12".
    python: str
    #: Folder of the app and of requirements.txt.
    root: Path = ROOT
    #: package.zip, package.json and the folder `package/` of the parts go here.
    out: Path = ROOT / "build"
    #: Copy what is installed here in place of asking pip: quick, without network, for the running Python only.
    installed: bool = False
    #: Folders of the dependencies that get no bytecode (tests only: saves their time).
    uncompiled: tuple[str, ...] = ()
    #: Compress the zip.
    deflate: bool = True


# --- the app's own files ----------------------------------------------------------------------------------


def ignore_patterns(root: Path) -> list[str]:
    """The lines of .funcignore (gitignore's form, without its negation, which the file does not use)."""
    lines = (root / ".funcignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.strip().rstrip("/") for line in lines if line.strip() and not line.startswith("#")]
    if any(pattern.startswith("!") for pattern in patterns):
        raise PackageError(".funcignore: patterns that begin with ! are not supported.")
    return patterns


def ignored(path: str, patterns: list[str]) -> bool:
    """True if a pattern names the path or a folder above it; with a slash it counts from the root."""
    parts = path.split("/")
    for pattern in patterns:
        if "/" in pattern:
            above = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
            if any(fnmatch.fnmatchcase(each, pattern.lstrip("/")) for each in above):
                return True
        elif any(fnmatch.fnmatchcase(part, pattern) for part in parts):
            return True
    return False


def app_files(root: Path) -> Iterator[str]:
    """Paths of the app's files that are deployed, sorted."""
    patterns = ignore_patterns(root)
    for name in sorted(APP):
        start = root / name
        files = sorted(start.rglob("*")) if start.is_dir() else [start]
        for file in files:
            path = file.relative_to(root).as_posix()
            if file.is_file() and "__pycache__" not in file.parts and not ignored(path, patterns):
                yield path


# --- building ---------------------------------------------------------------------------------------------


def build(order: Order) -> dict[str, Any]:
    """Write package.zip and package.json; what the latter says. PackageError if it cannot be done."""
    policy = package_policy.check(order.root)
    trees, libraries = assemble(order)
    target = order.out / "package.zip"
    files, unpacked = write_zip(target, trees, order.deflate)
    described = {
        "python": order.python,
        "platform": dependencies.ARCHITECTURE,
        "source": "installed" if order.installed else "wheels",
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "zip_bytes": target.stat().st_size,
        "unpacked_bytes": unpacked,
        "files": files,
        "policy": f"{WWWROOT}/{policy}" if policy else None,
        **libraries,
    }
    (order.out / "package.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    return described


def assemble(order: Order) -> tuple[dict[str, Path], dict[str, Any]]:
    """The package's folders by where they belong, compiled, and what is said about the libraries."""
    running = package_python.RUNNING
    if order.installed and order.python != running:
        raise PackageError(f"Installed packages are those of Python {running}, not {order.python}.")
    parts = order.out / "package" / order.python
    compiler = package_python.find(order.python)
    libraries = _libraries(order, parts, compiler)
    app = parts / "app"
    shutil.rmtree(app, ignore_errors=True)
    for path in app_files(order.root):
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(order.root / path, app / path)
    _compile(compiler, app, WWWROOT, ())
    return {"": app, DEPENDENCIES + "/": parts / "libraries"}, libraries


def _libraries(order: Order, parts: Path, compiler: str | None) -> dict[str, Any]:
    """The tree of requirements at `parts/libraries`, kept from the last time if nothing it rests on changed."""
    tree, stamp = parts / "libraries", parts / "libraries.json"
    environment = dependencies.environment_for(order.python)
    wanted = dependencies.read_requirements(order.root / "requirements.txt", environment)
    pins = dependencies.tested_versions(wanted, environment)
    key = _libraries_key(order, compiler)
    if stamp.exists():
        kept: dict[str, Any] = json.loads(stamp.read_text(encoding="utf-8"))
        if kept.pop("key") == key:
            return kept
    stamp.unlink(missing_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    if order.installed:
        dependencies.copy(wanted, environment, tree)
    else:
        dependencies.fetch(wanted, order.python, pins, tree, compiler)
    trimmed = dependencies.trim(tree)
    there = dependencies.closure(wanted, dependencies.in_tree(tree), environment)
    made = {
        "trimmed_bytes": trimmed,
        "bytecode": _compile(compiler, tree, f"{WWWROOT}/{DEPENDENCIES}", order.uncompiled),
        "distributions": {name: each.version for name, each in there.items()},
    }
    stamp.write_text(json.dumps({"key": key, **made}), encoding="utf-8")
    return made


def _libraries_key(order: Order, compiler: str | None) -> str:
    """A digest of all that the libraries' tree rests on."""
    environment = dependencies.environment_for(order.python)
    wanted = dependencies.read_requirements(order.root / "requirements.txt", environment)
    pins = dependencies.tested_versions(wanted, environment)
    scripts = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("package*.py"))]
    said = [order.python, str(order.installed), *order.uncompiled, str(compiler is None)]
    said += [*map(str, wanted), *pins, *scripts]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()


def fingerprint(order: Order) -> str:
    """A digest of all that a package rests on: same fingerprint, same package."""
    digest = hashlib.sha256(_libraries_key(order, package_python.find(order.python)).encode())
    for path in app_files(order.root):
        digest.update(f"\0{path}\0".encode())
        digest.update((order.root / path).read_bytes())
    return digest.hexdigest()


def _compile(
    compiler: str | None, tree: Path, prefix: str, uncompiled: tuple[str, ...]
) -> dict[str, Any] | None:
    """Bytecode beside each source, or none: that of another version would be dead weight."""
    if compiler is None:
        return None
    helper = Path(__file__).with_name("package_bytecode.py")
    done = subprocess.run(
        [compiler, "-S", "-s", "-B", str(helper), str(tree), prefix, *uncompiled],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackageError(f"Compiling failed:\n{done.stderr}")
    made: dict[str, Any] = json.loads(done.stdout)
    if failed := made.pop("failed"):
        raise PackageError(f"Python {made['python']} cannot compile: {', '.join(failed)}")
    return made


def write_zip(target: Path, trees: dict[str, Path], deflate: bool) -> tuple[int, int]:
    """Write the trees under their prefixes; (files, bytes unpacked). Replaces `target` only when complete."""
    entries = sorted(
        (prefix + file.relative_to(tree).as_posix(), file)
        for prefix, tree in trees.items()
        for file in tree.rglob("*")
        if file.is_file()
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    size = 0
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name, file in entries:
            info = zipfile.ZipInfo(name, TIMESTAMP)
            info.create_system = 3  # Unix, on every machine
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            data = file.read_bytes()
            size += len(data)
            archive.writestr(info, data)
    unfinished.replace(target)
    return len(entries), size


# --- command ----------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """0: built; 1: cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m scripts.package", description="Build build/package.zip.")
    parser.add_argument("--python", help="of the function app (default: what the Bicep names)")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder of the result")
    parser.add_argument("--installed", action="store_true", help="copy what is installed here; no network")
    chosen = parser.parse_args(arguments)
    try:
        named = package_python.deployed(ROOT)
        python = chosen.python or (
            package_python.RUNNING if chosen.installed else named or package_python.DEFAULT
        )
        if named and python != named:
            print(f"Note: the Bicep names Python {named}; this package is for {python}.", file=sys.stderr)
        made = build(Order(python, out=chosen.out, installed=chosen.installed))
    except PackageError as exc:
        print(f"package: {exc}", file=sys.stderr)
        return 1
    _say(made, chosen.out)
    return 0


def _say(made: dict[str, Any], out: Path) -> None:
    mega = 1_000_000
    print(
        f"{out / 'package.zip'}: {made['zip_bytes'] / mega:.1f} MB, {made['unpacked_bytes'] / mega:.0f} MB in "
        f"{made['files']} files unpacked; Python {made['python']} on {made['platform']}; sha256 {made['sha256']}"
    )
    if made["policy"]:
        print(
            f"With your policy: in force while ONBOARDING_POLICY_FILE is {made['policy']} (docs/policy.md)."
        )
    if made["bytecode"] is None:
        print(
            f"WITHOUT bytecode: Python {made['python']} is not on this machine, and another version's would not be "
            f"read. It runs, but each cold start compiles what it imports (seconds). "
            f"Put a python{made['python']} on the PATH and build again.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())
