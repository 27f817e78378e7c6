"""With nothing but the unpacked package and the standard library, the functions work: a person is hired.

The interpreter is isolated (`-I -S`), so neither this checkout nor its virtual environment can help.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.intake import catalog, signing
from onboarding.simulator.server import running_simulator
from tests.package.building import GENERATED, Built, here, once_a_run
from tests.support import planted
from tests.support.azurite import shared
from tests.support.logscan import child_log

pytestmark = [pytest.mark.xdist_group("package"), pytest.mark.timeout(400)]

#: The planted person's first day; the tenant's clock begins here.
NOW = datetime(2027, 3, 8, 8, 0, tzinfo=UTC)
CALLER = Path(__file__).with_name("call_functions.py")


@pytest.fixture(scope="module")
def built() -> Built:
    return here()


def isolated(script: Path, wwwroot: Path, env: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """What the script prints, run by this Python with nothing but the standard library on its path."""
    with child_log("package").open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", str(script), str(wwwroot)],
            env={"PATH": os.defpath, **env},
            cwd=wwwroot,
            input=json.dumps(given).encode(),
            stdout=subprocess.PIPE,
            stderr=log,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, f"see {log.name}"
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@dataclass
class Seen:
    """What the caller printed, and who and what is in the tenant afterwards."""

    store: str
    said: dict[str, Any]
    users: list[dict[str, Any]]
    mail: list[dict[str, Any]]


@pytest.fixture(scope="module", params=["embedded", "azure"])
def seen(request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One whole hire through the package, on each store."""
    path = tmp_path_factory.mktemp("package") / "store.db"
    return Seen(**once_a_run(f"package-{request.param}", lambda: asdict(hire(request.param, built, path))))


def hire(store: str, built: Built, path: Path) -> Seen:
    env = {
        "ONBOARDING_STORE": store,
        "ONBOARDING_STORE_PATH": str(path),
        "ONBOARDING_GRAPH": "simulated",
        "ONBOARDING_CLOCK": "simulator",
        "ONBOARDING_HASH_KEY": "a-key-of-the-tests",
        "ONBOARDING_SERVICE_DESK": "servicedesk@contoso.example",
        "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": planted.WHSEC,
    }
    if store == "azure":
        env["AzureWebJobsStorage"] = shared().connection_string(shared().account())
    body = planted.body(occurred_at="2027-03-08T07:59:00Z")
    adapter = catalog.adapters()["standard-webhooks"]
    headers = signing.sign(adapter, planted.WHSEC, body, now=NOW, message_id="msg_package")
    given = {"path": "/api/hr/standard-webhooks", "headers": headers, "body": body.decode()}
    with running_simulator(seed=1, start=NOW) as tenant:
        said = isolated(CALLER, built.wwwroot, {**env, "ONBOARDING_GRAPH_BASE_URL": tenant.base_url}, given)
        users = httpx.get(f"{tenant.base_url}/_control/users").json()["items"]
        mail = httpx.get(f"{tenant.base_url}/_control/mail").json()["items"]
    return Seen(store, said, users, mail)


def test_health_and_a_signed_delivery_are_answered(seen: Seen) -> None:
    assert seen.said["health"] == [200, {"status": "ok"}]
    status, said = seen.said["hr"]
    assert (status, said["result"]) == (202, "queued")


def test_queue_messages_make_the_person_an_account_in_the_tenant(seen: Seen) -> None:
    """Store, Graph client, phone and name libraries, templates and locales are all in the package."""
    assert seen.said["delivered"]["onboarding-work"] > 0
    assert seen.said["delivered"]["onboarding-work-poison"] == 0
    (person,) = [user for user in seen.users if user.get("employeeId") == planted.EMPLOYEE]
    assert person["mobilePhone"] == "+49 15199999901", "the deadline is in force, so it may be written"
    assert any(planted.ADDRESS in mail["to"] for mail in seen.mail), "the welcome"


def test_every_module_is_the_package_s_or_the_standard_library_s(seen: Seen, built: Built) -> None:
    standard = tuple(str(Path(sysconfig.get_path(name)).resolve()) + "/" for name in ("stdlib", "platstdlib"))
    inside = str(built.wwwroot) + "/"
    foreign = {
        name: file
        for name, (file, _) in seen.said["modules"].items()
        if not file.startswith(inside)
        and (not str(Path(file).resolve()).startswith(standard) or "site-packages" in file)
        and file != str(CALLER)
    }
    assert foreign == {}
    assert {"function_app", "onboarding.bootstrap", "msgraph", "phonenumbers", "azure.functions"} <= set(
        seen.said["modules"]
    )


def test_what_was_imported_had_its_bytecode_in_the_package(seen: Seen, built: Built) -> None:
    """Nothing wrote any (`-B`), so what is there came out of the zip."""
    packed = set(built.names())
    root = str(built.wwwroot) + "/"
    for name, (file, cached) in seen.said["modules"].items():
        if file.startswith(root) and file.endswith(".py") and f"/{GENERATED}/" not in file:
            assert cached.removeprefix(root) in packed, name


def test_what_only_azure_needs_is_whole_too(built: Built) -> None:
    """The SDKs of the storage account and of the identity, and every compiled module, for this Python."""
    seen = isolated(CALLER.with_name("import_everything.py"), built.wwwroot, {}, {})
    assert seen["failed"] == {}
    assert {"_cffi_backend", "aiohttp._http_parser", "msgspec._core"} <= set(seen["native"])


#: Of each store, by the name of its own modules.
STORES = {"embedded": ["sqlite3"], "azure": ["azure.data", "azure.storage"]}
TENANT = ("msgraph", "kiota_", "azure.identity", "msal", "phonenumbers", "jinja2", "babel")


def test_importing_the_app_imports_no_store_and_no_tenant(seen: Seen) -> None:
    """Design section 7: what every cold start pays, whatever it is started for."""
    heavy = (
        *TENANT,
        *(name for names in STORES.values() for name in names),
        "azure.core",
        "aiohttp",
        "onboarding",
    )
    assert [name for name in seen.said["at_import"] if name.startswith(heavy)] == []


def test_taking_a_delivery_imports_its_store_and_never_the_tenant(seen: Seen) -> None:
    """Nor the other store. The clock of the simulator, which is asked over httpx, is not there in Azure."""
    at_door = seen.said["at_door"]
    for store, names in STORES.items():
        for name in names:
            assert any(each.startswith(name) for each in at_door) is (store == seen.store), name
    assert [name for name in at_door if name.startswith(TENANT)] == []


def test_the_bytecode_is_what_runs_and_not_the_source(built: Built, tmp_path: Path) -> None:
    """Every file of a zip deployment has the same age: bytecode that is checked against it would be thrown away."""
    wwwroot = tmp_path / "wwwroot"
    wwwroot.mkdir()
    shutil.copytree(built.wwwroot / "onboarding", wwwroot / "onboarding")
    for source in wwwroot.rglob("*.py"):
        source.write_text("raise SystemExit('the source was read')\n")
        os.utime(source, (0, 0))
    script = tmp_path / "look.py"
    script.write_text(
        "import json, sys\n"
        "sys.path.append(sys.argv[1])\n"
        "from onboarding.domain import lifecycle\n"
        "print(json.dumps({'file': lifecycle.State.__module__}))\n"
    )
    assert isolated(script, wwwroot, {}, {}) == {"file": "onboarding.domain.lifecycle"}
    shutil.rmtree(wwwroot / "onboarding" / "__pycache__")
    with pytest.raises(AssertionError):
        isolated(script, wwwroot, {}, {})
