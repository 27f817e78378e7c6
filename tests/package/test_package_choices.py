"""The decisions behind a package, each by itself: which Python, which distributions, which files."""

from __future__ import annotations

import ast
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import package, package_dependencies, package_python
from scripts.package_dependencies import UNUSED, PackageError, closure, environment_for
from tests.package.building import ROOT


def bicep(root: Path, *texts: str) -> Path:
    (root / "infra" / "modules").mkdir(parents=True)
    for number, text in enumerate(texts):
        (root / "infra" / "modules" / f"{number}.bicep").write_text(text)
    return root


def test_the_python_is_the_one_that_the_bicep_names(tmp_path: Path) -> None:
    text = "functionAppConfig: {\n  runtime: {\n    name: 'python'\n    version: '3.13'\n  }\n}\n"
    assert package_python.deployed(bicep(tmp_path, "// nothing", text)) == "3.13"


def test_the_bicep_may_name_it_as_a_parameter(tmp_path: Path) -> None:
    text = "@description('…')\nparam pythonVersion string = '3.11'\n"
    assert package_python.deployed(bicep(tmp_path, text)) == "3.11"


def test_two_pythons_in_the_bicep_are_an_error(tmp_path: Path) -> None:
    root = bicep(
        tmp_path, "param pythonVersion string = '3.11'", "runtime: { name: 'python', version: '3.12' }"
    )
    with pytest.raises(PackageError, match=r"3\.11, 3\.12"):
        package_python.deployed(root)


def test_without_bicep_no_python_is_named(tmp_path: Path) -> None:
    assert package_python.deployed(tmp_path) is None


@pytest.mark.skipif(not (ROOT / "infra").is_dir(), reason="no infra/ in this checkout")
def test_our_bicep_names_a_python_that_the_project_supports() -> None:
    assert package_python.deployed(ROOT) in {"3.11", "3.12", "3.13"}


def test_a_shim_that_refuses_is_not_a_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "shims" / "python3.99"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho not found >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent))
    assert package_python.find("3.99") is None
    real = tmp_path / "versions" / "3.99.1" / "bin" / "python3.99"
    real.parent.mkdir(parents=True)
    real.write_text("#!/bin/sh\necho 3.99\n")
    real.chmod(0o755)
    assert package_python.find("3.99") == str(real), "the version is installed and only not chosen"


def test_the_running_python_is_found_and_an_unknown_one_is_not() -> None:
    assert package_python.find(package_python.RUNNING) == sys.executable
    assert package_python.find("3.0") is None


class Double(metadata.Distribution):
    """A distribution that only says what it needs."""

    def __init__(self, name: str, version: str, *requires: str) -> None:
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in requires)]
        self.text = "Metadata-Version: 2.1\n" + "\n".join(lines) + "\n"

    def read_text(self, filename: str) -> str | None:
        return self.text if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


THERE = {
    "app": Double(
        "app", "1.0", "Under_Score[fast]>=2", 'old; python_version < "3.12"', 'mac; sys_platform == "darwin"'
    ),
    "under-score": Double("under_score", "2.1", 'quick; extra == "fast"', 'slow; extra == "slow"'),
    "quick": Double("quick", "0.1b2", "app"),
    "old": Double("old", "3"),
}


def test_the_closure_follows_extras_and_markers_of_the_platform_and_ends_on_circles() -> None:
    assert list(closure([Requirement("app")], THERE.get, environment_for("3.12"))) == [
        "app",
        "quick",
        "under-score",
    ]
    assert "old" in closure([Requirement("app")], THERE.get, environment_for("3.11"))


def test_a_missing_or_a_wrong_version_is_an_error() -> None:
    with pytest.raises(PackageError, match="absent"):
        closure([Requirement("absent>=1")], THERE.get, environment_for("3.12"))
    with pytest.raises(PackageError, match=r"3 is there"):
        closure([Requirement("old>3")], THERE.get, environment_for("3.12"))


def test_requirements_are_chosen_for_the_target_and_not_for_this_machine() -> None:
    for python, version in (("3.11", "1.26.0"), ("3.12", "1.26.0"), ("3.13", "2.3.0")):
        wanted = package_dependencies.read_requirements(ROOT / "requirements.txt", environment_for(python))
        (library,) = [str(each.specifier) for each in wanted if each.name == "azure-functions"]
        assert library == f"=={version}"


def test_transitive_versions_are_those_that_were_tested_here() -> None:
    environment = environment_for(package_python.RUNNING)
    wanted = package_dependencies.read_requirements(ROOT / "requirements.txt", environment)
    pins = package_dependencies.tested_versions(wanted, environment)
    assert f"azure-core=={metadata.version('azure-core')}" in pins
    assert not any(pin.startswith("msgraph-sdk==") for pin in pins), "named in requirements.txt itself"
    other = environment_for("3.13" if package_python.RUNNING != "3.13" else "3.11")
    elsewhere = package_dependencies.read_requirements(ROOT / "requirements.txt", other)
    there = package_dependencies.tested_versions(elsewhere, other)
    assert f"azure-core=={metadata.version('azure-core')}" in there, "also for a Python with another library"


@pytest.mark.parametrize(
    ("path", "is_ignored"),
    [
        ("onboarding/simulator/app.py", True),
        ("onboarding/simulators.py", False),
        ("onboarding/devhost/__init__.py", True),
        ("local.settings.json", True),
        ("tests/x/test_y.py", True),
        ("onboarding/tests.py", False),
        ("README.md", True),
        ("onboarding/deep/FIDELITY.md", True),
        (".github/workflows/ci.yml", True),
        (".gitignore", True),
        ("function_app.py", False),
        ("host.json", False),
        ("__azurite_db_queue__.json", True),
    ],
)
def test_funcignore_is_read_as_the_tools_read_it(path: str, is_ignored: bool) -> None:
    assert package.ignored(path, package.ignore_patterns(ROOT)) is is_ignored


def imports(path: Path) -> set[str]:
    """Dotted names that a source imports, with `from a import b` as a.b."""
    found: set[str] = set()
    package_name = path.parent.name
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = f"{package_name}.{node.module or ''}".rstrip(".") if node.level else node.module or ""
            found.update(f"{base}.{alias.name}" for alias in node.names)
            found.add(base)
    return found


def test_nothing_imports_what_is_trimmed() -> None:
    """`phonenumbers` itself, and everything of ours. Nobody else in the package needs phonenumbers."""
    trimmed = {
        each.removesuffix(".py").replace("/", ".")
        for each in UNUSED
        if "." not in each or each.endswith(".py")
    }
    assert {"phonenumbers.geocoder", "phonenumbers.geodata", "phonenumbers.timezone"} <= trimmed
    library = Path(str(metadata.distribution("phonenumbers").locate_file("phonenumbers")))
    kept = [p for p in library.glob("*.py") if f"phonenumbers.{p.stem}" not in trimmed]
    sources = [ROOT / "function_app.py", *(ROOT / "onboarding").rglob("*.py"), *kept]
    users = {
        str(path): sorted(
            name for name in imports(path) for each in trimmed if f"{name}.".startswith(f"{each}.")
        )
        for path in sources
    }
    assert {path: names for path, names in users.items() if names} == {}
    everyone = closure(
        package_dependencies.read_requirements(
            ROOT / "requirements.txt", environment_for(package_python.RUNNING)
        ),
        package_dependencies.installed,
        environment_for(package_python.RUNNING),
    )
    needing = [
        name for name, each in everyone.items() if any("phonenumbers" in r for r in each.requires or ())
    ]
    assert needing == []
