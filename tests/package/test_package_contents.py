"""What is in the package: only what runs, nothing secret, bytecode that is used, and the same bytes each time."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from onboarding.domain.policy import Policy
from scripts import package, package_policy, package_python
from scripts.package import APP, DEPENDENCIES, Order
from scripts.package_dependencies import PackageError
from tests.package.building import GENERATED, ROOT, Built, here

pytestmark = [pytest.mark.xdist_group("package"), pytest.mark.timeout(400)]
#: PEP 552: bit 0 says that the second word is a hash, bit 1 that it is checked.
HASH, CHECKED = 0b01, 0b10
TAG = f"cpython-{package_python.RUNNING.replace('.', '')}"


@pytest.fixture(scope="module")
def built() -> Built:
    return here()


@pytest.fixture(scope="module")
def app(built: Built) -> list[str]:
    """Our own files."""
    return [name for name in built.names() if not name.startswith(DEPENDENCIES)]


def test_the_app_is_there_with_its_data(app: list[str]) -> None:
    for name in (
        "function_app.py",
        "host.json",
        "onboarding/bootstrap.py",
        "onboarding/followup/templates/message.html.j2",
        "onboarding/followup/locales/de/LC_MESSAGES/messages.po",
        "onboarding/dashboard/templates/case.html",
    ):
        assert name in app


def test_nothing_that_does_not_run_is_there(app: list[str]) -> None:
    assert {name.split("/")[0] for name in app} <= {*APP, "__pycache__"}
    patterns = ("onboarding/simulator/*", "onboarding/devhost/*", "*tests/*", "docs/*", "*.md", "*.toml")
    ours = [name for name in app if name != package_policy.NAME]
    found = [name for name in ours for pattern in patterns if fnmatchcase(name, pattern)]
    assert found == []
    assert not any("simulator" in name or "devhost" in name for name in app)


def test_no_settings_key_or_secret_is_there(built: Built) -> None:
    forbidden = ("local.settings*", "*.env", ".env*", "*.pfx", "*.key", "*.db", "*.log", "*.sqlite*", ".git*")
    base = [(name, name.rpartition("/")[2]) for name in built.names()]
    assert [name for name, last in base for pattern in forbidden if fnmatchcase(last, pattern)] == []
    values = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
    secrets = [v.encode() for n, v in values.items() if n.endswith("_SECRET") and v]
    assert secrets
    with zipfile.ZipFile(built.zip) as archive:
        for name in built.names():
            if not name.startswith(DEPENDENCIES):
                data = archive.read(name)
                assert not any(secret in data for secret in secrets), name


def test_no_path_of_this_machine_is_there(built: Built) -> None:
    here_ = str(ROOT).encode()
    with zipfile.ZipFile(built.zip) as archive:
        for name in built.names():
            if f"/{GENERATED}/" not in name and name.endswith((".pyc", "entry_points.txt", "METADATA")):
                assert here_ not in archive.read(name), name


def test_each_source_has_bytecode_of_this_python_with_an_unchecked_hash_beside_it(built: Built) -> None:
    with zipfile.ZipFile(built.zip) as archive:
        names = set(archive.namelist())
        sources = [n for n in names if n.endswith(".py") and f"/{GENERATED}/" not in n]
        assert len(sources) == built.report["bytecode"]["files"] + sum(
            not n.startswith(DEPENDENCIES) for n in sources
        )
        for source in sources:
            folder, _, file = source.rpartition("/")
            compiled = f"{folder}/__pycache__/{file[:-3]}.{TAG}.pyc".lstrip("/")
            assert compiled in names, source
            with archive.open(compiled) as stream:
                head = stream.read(16)
            assert head[:4] == importlib.util.MAGIC_NUMBER
            assert int.from_bytes(head[4:8], "little") == HASH, compiled
            if not source.startswith(DEPENDENCIES):
                assert head[8:16] == importlib.util.source_hash(archive.read(source))
        assert all(TAG in n for n in names if n.endswith(".pyc")), "no other Python's"


def test_tracebacks_show_the_path_on_the_platform(built: Built) -> None:
    import marshal

    with zipfile.ZipFile(built.zip) as archive:
        for source, path in (
            ("function_app", "/home/site/wwwroot/function_app.py"),
            (
                f"{DEPENDENCIES}/azure/functions/http",
                f"/home/site/wwwroot/{DEPENDENCIES}/azure/functions/http.py",
            ),
        ):
            folder, _, name = source.rpartition("/")
            code = marshal.loads(archive.read(f"{folder}/__pycache__/{name}.{TAG}.pyc".lstrip("/"))[16:])
            assert code.co_filename == path


def test_the_zip_is_sorted_has_one_time_stamp_and_no_duplicates(built: Built) -> None:
    with zipfile.ZipFile(built.zip) as archive:
        names = archive.namelist()
        assert names == sorted(set(names))
        assert {info.date_time for info in archive.infolist()} == {package.TIMESTAMP}
        assert {info.external_attr for info in archive.infolist()} == {0o100644 << 16}


def test_the_report_says_what_is_in_the_zip(built: Built) -> None:
    import hashlib

    report = built.report
    with zipfile.ZipFile(built.zip) as archive:
        infos = archive.infolist()
    assert report == json.loads((built.zip.parent / "package.json").read_text())
    assert report["files"] == len(infos)
    assert report["unpacked_bytes"] == sum(info.file_size for info in infos)
    assert report["zip_bytes"] == built.zip.stat().st_size
    assert report["sha256"] == hashlib.sha256(built.zip.read_bytes()).hexdigest()
    assert report["python"] == package_python.RUNNING
    there = {n.split("/")[3] for n in built.names() if n.startswith(DEPENDENCIES) and ".dist-info/" in n}
    assert len(there) == len(report["distributions"])
    pinned = re.findall(r"(?m)^([\w-]+)==(\S+)$", (ROOT / "requirements.txt").read_text())
    for name, version in pinned:
        assert report["distributions"][name.lower()] == version


def test_tools_of_tests_and_checks_are_not_there(built: Built) -> None:
    assert not {"pytest", "ruff", "mypy", "hypothesis", "rich", "pip", "setuptools"} & set(
        built.report["distributions"]
    )
    assert not any(n.startswith((f"{DEPENDENCIES}/pip/", f"{DEPENDENCIES}/bin/")) for n in built.names())


def test_licences_and_entry_points_stay(built: Built) -> None:
    """Entry points are read at run time (opentelemetry finds its context by one)."""
    names = built.names()
    assert any("opentelemetry_api" in n and n.endswith("entry_points.txt") for n in names)
    for part in ("msgraph_sdk", "azure_functions", "phonenumbers"):
        assert any(f"/{part}-" in n and "LICENSE" in n.upper() for n in names), part
    assert not any(n.endswith(("/RECORD", "/INSTALLER", "/direct_url.json")) for n in names)


#: A small app, so that building it twice costs nothing.
SMALL = {
    "requirements.txt": "azure-functions==1.26.0; python_version < '3.13'\n"
    "azure-functions==2.3.0; python_version >= '3.13'\n",
    ".funcignore": "*.md\nonboarding/simulator\n",
    "function_app.py": "SEEN = frozenset({'a', 'b', 'c', 'Ø', '山田'})\n",
    "host.json": "{}",
    "onboarding/__init__.py": "",
    "onboarding/simulator/__init__.py": "raise SystemExit\n",
    "onboarding/notes.md": "not deployed",
    "local.settings.json": '{"Values": {"SECRET": "x"}}',
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for name, text in SMALL.items():
        (tmp_path / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "app" / name).write_text(text, encoding="utf-8")
    return tmp_path / "app"


def test_building_twice_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    first = package.build(Order(package_python.RUNNING, small, tmp_path / "1", installed=True))
    for file in small.rglob("*.py"):
        file.touch()
    second = package.build(Order(package_python.RUNNING, small, tmp_path / "2", installed=True))
    assert (tmp_path / "1/package.zip").read_bytes() == (tmp_path / "2/package.zip").read_bytes()
    assert first == second
    again = package.build(Order(package_python.RUNNING, small, tmp_path / "2", installed=True))
    assert again == first, "with the libraries of the last time"


def test_a_changed_line_of_the_app_is_in_the_next_package(small: Path, tmp_path: Path) -> None:
    order = Order(package_python.RUNNING, small, tmp_path / "1", installed=True)
    first = package.build(order)
    (small / "function_app.py").write_text("SEEN = 2\n")
    second = package.build(order)
    assert first["sha256"] != second["sha256"]
    with zipfile.ZipFile(tmp_path / "1/package.zip") as archive:
        assert archive.read("function_app.py") == b"SEEN = 2\n"
        assert not {"local.settings.json", "onboarding/notes.md"} & set(archive.namelist())


def test_the_company_s_policy_goes_along_and_where_it_will_be_is_said(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = Order(package_python.RUNNING, small, tmp_path / "1", installed=True)
    without, before = package.build(order), package.fingerprint(order)
    assert without["policy"] is None
    (small / "policy.toml").write_text("[follow_up]\nwatch_days = 30  # Ø, 山田\n", encoding="utf-8")
    assert package.fingerprint(order) != before
    made = package.build(order)
    with zipfile.ZipFile(tmp_path / "1/package.zip") as archive:
        assert archive.read("policy.toml") == (small / "policy.toml").read_bytes()
    assert made["policy"] == "/home/site/wwwroot/policy.toml"
    package._say(made, tmp_path)
    assert "ONBOARDING_POLICY_FILE is /home/site/wwwroot/policy.toml" in capsys.readouterr().out
    (small / "policy.toml").unlink()
    assert package.build(order) == without, "and is gone again"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[follow_up]\nwatch_day = 30\n", "unknown key"),
        ("[follow_up\n", "cannot be used"),
        (
            '[[follow_up.ladder]]\nrung = "a"\naudience = "desk"\nday = 1\nmessage = "nudge_first"\n',
            "escalate_desk",
        ),
        ('[account]\nusername_pattern = "{vorname}"\n', "username_pattern"),
        ('[account]\nusername_pattern = "{given}" # \xd8\n', "UTF-8"),
    ],
)
def test_a_policy_that_would_stop_the_app_stops_the_build(
    small: Path, tmp_path: Path, text: str, said: str
) -> None:
    (small / "policy.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(PackageError, match=said):
        package.build(Order(package_python.RUNNING, small, tmp_path / "1", installed=True))
    assert not (tmp_path / "1/package.zip").exists()


@pytest.mark.parametrize("key", ["delivered_days", "unresolved_days"])
def test_a_policy_keeps_no_delivery_longer_than_the_storage_account_does(small: Path, key: str) -> None:
    most = package_policy.longest(ROOT)
    assert most == Policy().retention.unresolved_days, "the default may be written into a file"
    (small / "infra").mkdir()
    (small / "infra" / "main.bicep").write_text((ROOT / "infra" / "main.bicep").read_text(encoding="utf-8"))
    (small / "policy.toml").write_text(f"[retention]\n{key} = {most}\n")
    assert package_policy.check(small) == "policy.toml"
    (small / "policy.toml").write_text(f"[retention]\n{key} = {most + 1}\n")
    with pytest.raises(PackageError, match=f"at most {most} in Azure"):
        package_policy.check(small)


def test_without_the_python_of_the_app_there_is_no_bytecode_rather_than_a_wrong_one(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package_python, "find", lambda version: None)
    made = package.build(Order(package_python.RUNNING, small, tmp_path / "1", installed=True))
    assert made["bytecode"] is None
    with zipfile.ZipFile(tmp_path / "1/package.zip") as archive:
        assert not any(name.endswith(".pyc") for name in archive.namelist())
    package._say(made, tmp_path)
    assert "WITHOUT bytecode" in capsys.readouterr().err


def test_a_source_that_the_app_s_python_cannot_compile_stops_the_build(small: Path, tmp_path: Path) -> None:
    (small / "function_app.py").write_text("def f(:\n")
    with pytest.raises(PackageError, match=r"cannot compile: /home/site/wwwroot/function_app\.py"):
        package.build(Order(package_python.RUNNING, small, tmp_path / "1", installed=True))
    assert not (tmp_path / "1/package.zip").exists()


def test_installed_packages_never_pass_for_another_python_s(small: Path, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"not 3\.9"):
        package.build(Order("3.9", small, tmp_path / "1", installed=True))


def test_what_core_tools_and_azd_would_upload_is_the_same_app() -> None:
    """They take every file that .funcignore lets through; so do not leave it to the list in package.py alone."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this checkout is not a git repository: which files are ours is not known")
    patterns = package.ignore_patterns(ROOT)
    uploaded = {name for name in listed.stdout.splitlines() if not package.ignored(name, patterns)}
    ours = set(package.app_files(ROOT))
    assert uploaded - ours == {"requirements.txt"}, "azd builds from it where the zip is not prebuilt"
