"""Microsoft's own worker library starts, indexes and runs the packaged app: on the running Python and on 3.13, with
--every-python on each that Azure offers.

The test is the Functions host: it starts the worker as a placeholder, puts the app into it (a cold start on Flex),
and hands it HTTP requests, messages out of the queues of Azurite, and timer ticks. What is genuine and what is not, on
3.13 and before it: tests/worker/judge.py. The app is the deployment package of that Python.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding import bootstrap
from onboarding.intake import catalog, signing
from onboarding.settings import Settings
from onboarding.simulator.server import running_simulator
from scripts import package_python
from scripts.package import DEPENDENCIES
from scripts.package_dependencies import PackageError
from tests.package import building
from tests.support import planted
from tests.support.azurite import shared
from tests.worker import host
from tests.worker.host import Failed, Worker

pytestmark = pytest.mark.timeout(400)

#: The planted person's first day; the tenant's clock begins here.
NOW = datetime(2027, 3, 8, 8, 0, tzinfo=UTC)
WORKERS = {
    "onboarding-work": "work",
    "onboarding-bulk": "bulk",
    "onboarding-work-poison": "work_poison",
    "onboarding-bulk-poison": "bulk_poison",
}
TIMERS = ("track", "followup", "watchdog")
#: The Python whose worker Azure runs is this library; on the others it stands in for an older one.
GENUINE = "3.13"
ON_CI = bool(os.environ.get("CI"))


def _group(python: str) -> str:
    """Tests of one group share a process, and so one package."""
    return "package" if python == package_python.RUNNING else f"worker-{python}"


@dataclass
class Place:
    """A Python with the package made for it."""

    python: str
    wwwroot: Path


@pytest.fixture(
    scope="module",
    params=[pytest.param(v, marks=pytest.mark.xdist_group(_group(v))) for v in ("3.11", "3.12", "3.13")],
)
def place(request: pytest.FixtureRequest) -> Place:
    """Skips, and says why, where a Python or its wheels cannot be had. On CI only a Python may be missing."""
    python: str = request.param
    if python not in {package_python.RUNNING, GENUINE} and not request.config.getoption("every_python"):
        pytest.skip(f"the same judge as on {GENUINE}, over the package of {python}: with --every-python")
    if package_python.find(python) is None:
        pytest.skip(f"python{python} is not on this machine: the worker did not judge the app on it")
    try:
        with building.locked(python):
            host.install(python)
        running = python == package_python.RUNNING
        wwwroot = building.here().wwwroot if running else building.fetched(python)
    except (PackageError, RuntimeError) as exc:
        if ON_CI:
            raise
        pytest.skip(f"the wheels for Python {python} cannot be had (no network?): {exc}")
    return Place(python, wwwroot)


Answer = tuple[int, dict[str, str], str]


@dataclass
class Seen:
    """What came out of one worker's life."""

    before: list[str] = field(default_factory=list)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    at_once: list[Answer] = field(default_factory=list)
    broken: str = ""
    delivered: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORKERS, 0))
    logs: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    mail: list[dict[str, Any]] = field(default_factory=list)


def settings(graph: str) -> dict[str, str]:
    """The app settings. No role for everybody: nobody is signed in here."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": shared().connection_string(shared().account()),
        "ONBOARDING_STORE": "azure",
        "ONBOARDING_GRAPH": "simulated",
        "ONBOARDING_GRAPH_BASE_URL": graph,
        "ONBOARDING_CLOCK": "simulator",
        "ONBOARDING_HASH_KEY": "a-key-of-the-tests",
        "ONBOARDING_SERVICE_DESK": "servicedesk@contoso.example",
        "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": planted.WHSEC,
    }


async def drain(env: dict[str, str], worker: Worker, delivered: dict[str, int]) -> None:
    """Hand the store's queue messages to the worker until none is left. Failed if a function fails."""
    app = bootstrap.build(Settings.from_env(env))
    try:
        for _ in range(2000):
            worked = False
            for queue, function in WORKERS.items():
                for leased in await app.queue_host.receive(queue, 8, 60.0):
                    worked = True
                    delivered[queue] += 1
                    worker.deliver(function, leased.body, leased.dequeue_count)
                    await app.queue_host.delete(queue, leased)
            if not worked:
                depths = [await app.queue_host.depth(queue) for queue in WORKERS]
                if not any(visible or hidden for visible, hidden in depths):
                    return
                await asyncio.sleep(0.05)
        raise AssertionError("the queues do not drain")
    finally:
        await app.aclose()


def signed(body: bytes) -> dict[str, str]:
    adapter = catalog.adapters()["standard-webhooks"]
    return signing.sign(adapter, planted.WHSEC, body, now=NOW, message_id="msg_worker")


def live(worker: Worker, env: dict[str, str], seen: Seen) -> None:
    """From the first request to the last tick."""
    body = planted.body(occurred_at="2027-03-08T07:59:00Z")
    hr, source = "/api/hr/standard-webhooks", {"source": "standard-webhooks"}
    headers = signed(body)
    forged = {**headers, "webhook-signature": "v1,AAAA"}
    seen.answers["health"] = worker.call("health", "GET", "/api/health")
    seen.answers["forged"] = worker.call("hr", "POST", hr, source, forged, body)
    seen.answers["no length"] = worker.call("hr", "POST", hr, source, {}, b"")
    seen.answers["hr"] = worker.call("hr", "POST", hr, source, headers, body)
    seen.answers["nobody"] = worker.call("cases", "GET", "/api/cases")
    seen.answers["page"] = worker.call("dashboard", "GET", "/api/dashboard")
    requests = [worker.http("health", "GET", "/api/health", {}, {}, b"") for _ in range(5)]
    seen.at_once = [host.answered(told) for told in worker.ask_all(requests)]
    with pytest.raises(Failed) as broken:
        worker.deliver("work", f"{planted.GIVEN} {planted.PHONE}")
    seen.broken = str(broken.value)
    worker.deliver("work_poison", f"{planted.GIVEN} {planted.PHONE}")
    asyncio.run(drain(env, worker, seen.delivered))
    for timer in TIMERS:
        worker.tick(timer)
    asyncio.run(drain(env, worker, seen.delivered))


@pytest.fixture(scope="module")
def seen(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A placeholder's start, the app put into it, and one whole hire."""
    folder = tmp_path_factory.mktemp("worker")
    return Seen(**building.once_a_run(f"worker-{place.python}", lambda: asdict(life(place, folder))))


def life(place: Place, folder: Path) -> Seen:
    wwwroot, standby = folder / "wwwroot", folder / "standby"
    standby.mkdir()
    found = Seen()
    with running_simulator(seed=1, start=NOW) as tenant:
        env = settings(tenant.base_url)
        start = {"PATH": os.defpath, "WEBSITE_PLACEHOLDER_MODE": "1", "CONTAINER_NAME": "c"}
        with host.running(place.python, wwwroot, start, folder) as worker:
            worker.start(standby)
            found.before = list(worker.index())
            wwwroot.symlink_to(place.wwwroot)
            worker.reload({"PATH": os.defpath, "WEBSITE_PLACEHOLDER_MODE": "0", **env})
            found.functions = worker.index()
            live(worker, env, found)
            found.logs = worker.logs
        found.users = httpx.get(f"{tenant.base_url}/_control/users").json()["items"]
        found.mail = httpx.get(f"{tenant.base_url}/_control/mail").json()["items"]
    return found


INDEX = """
import json, function_app
functions = function_app.app.get_functions()
print(json.dumps({f.get_function_name(): [json.loads(b) for b in f.get_raw_bindings()] for f in functions}))
"""


def test_a_placeholder_without_an_app_starts_with_no_function(seen: Seen) -> None:
    assert seen.before == []


def test_every_function_of_this_checkout_is_indexed_with_its_bindings(seen: Seen) -> None:
    """Names, routes, methods, levels, queues, connections and schedules, as the host is told them."""
    done = subprocess.run(
        [sys.executable, "-c", INDEX], cwd=host.ROOT, capture_output=True, text=True, check=True
    )
    ours = json.loads(done.stdout)
    assert len(ours) > 15
    told = {name: [json.loads(raw) for raw in each["raw_bindings"]] for name, each in seen.functions.items()}
    assert told == ours
    for each in seen.functions.values():
        assert each["script_file"] == "function_app.py"
        assert "retry_options" not in each, "the host ignores a retry policy on a queue"
        triggers = [b for b in each["bindings"].values() if b["type"].endswith("Trigger")]
        assert len(triggers) == 1


def test_requests_are_answered_through_the_worker_s_own_conversion(seen: Seen) -> None:
    status, headers, body = seen.answers["health"]
    assert (status, json.loads(body), headers["Content-Type"]) == (200, {"status": "ok"}, "application/json")
    status, headers, body = seen.answers["hr"]
    assert (status, json.loads(body)["result"]) == (202, "queued")
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("forged", 401, "signature_wrong"), ("no length", 411, "length_required"), ("nobody", 401, None)],
)
def test_a_refusal_is_an_answer_and_never_a_failed_invocation(
    seen: Seen, name: str, status: int, code: str | None
) -> None:
    got, headers, body = seen.answers[name]
    assert (got, headers["Content-Type"]) == (status, "application/problem+json")
    assert code in (None, json.loads(body)["code"])
    assert planted.found_in(body) is None


def test_a_page_comes_as_html_also_to_nobody(seen: Seen) -> None:
    status, headers, body = seen.answers["page"]
    assert status == 401
    assert headers["Content-Type"].startswith("text/html")
    assert body.lstrip().lower().startswith("<!doctype html")


def test_requests_at_once_are_all_answered(seen: Seen) -> None:
    assert [status for status, _, _ in seen.at_once] == [200] * 5


def test_messages_make_the_person_an_account_and_the_welcome_goes_out(seen: Seen) -> None:
    assert seen.delivered["onboarding-work"] > 0
    assert seen.delivered["onboarding-work-poison"] == 0
    (person,) = [user for user in seen.users if user.get("employeeId") == planted.EMPLOYEE]
    assert person["mobilePhone"] == "+49 15199999901"
    assert any(planted.ADDRESS in mail["to"] for mail in seen.mail)


def test_a_broken_message_fails_so_that_the_host_delivers_again_and_tells_it_no_value(seen: Seen) -> None:
    """The poison handler was given the same message and did not fail: nobody would take it from there."""
    assert seen.broken.startswith("RuntimeError: ")
    assert planted.found_in(seen.broken) is None


def test_the_log_has_our_events_and_no_sdk_s_requests(seen: Seen) -> None:
    """The worker sets the root logger to INFO, and `azure.core` would log each request with its headers."""
    categories = {log["category"].split(".")[0] for log in seen.logs} - {"onboarding", "function_app"}
    worker_s_own = {log["category"] for log in seen.logs if log["category"].startswith("azure")}
    assert categories <= {"azure"}
    assert worker_s_own <= {"azure.functions"}
    assert any(log["category"].startswith("onboarding") for log in seen.logs)


def test_a_worker_that_restarts_with_the_app_in_place_indexes_the_same(
    place: Place, seen: Seen, tmp_path: Path
) -> None:
    """Not a placeholder: WorkerInit imports the app. The environment is empty but for the platform's own."""
    with host.running(place.python, place.wwwroot, {"PATH": os.defpath}, tmp_path) as worker:
        capabilities = worker.start(place.wwwroot)
        assert worker.index().keys() == seen.functions.keys()
        assert capabilities["RawHttpBodyBytes"].lower() == "true"
        assert "HttpUri" not in capabilities, "HTTP streaming would need another kind of function"


#: What the worker must refuse, and a word of its reason.
BAD = {
    "an annotation that is no type": (
        "@app.route('x')\n@app.queue_output(arg_name='out', queue_name='q', connection='C')\n"
        "def x(req: func.HttpRequest, out: func.Out[list[str]]) -> func.HttpResponse: ...\n",
        "invalid non-type annotation",
    ),
    "a parameter without a binding": (
        "@app.route('x')\ndef x(req: func.HttpRequest, more: str) -> func.HttpResponse: ...\n",
        "declared in Python but not in the function definition",
    ),
    "the wrong type for a trigger": (
        "@app.timer_trigger(arg_name='timer', schedule='0 0 0 * * *')\n"
        "async def x(timer: func.QueueMessage) -> None: ...\n",
        "type annotation",
    ),
    "two apps": ("other = func.FunctionApp()\n", "More than one"),
    "an import that is not there": ("import no_such_module\n", "Cannot find module"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_judge_says_no_to(name: str, place: Place, tmp_path: Path) -> None:
    """Otherwise its yes would mean nothing."""
    code, reason = BAD[name]
    wwwroot = tmp_path / "wwwroot"
    (wwwroot / DEPENDENCIES).parent.mkdir(parents=True)
    (wwwroot / DEPENDENCIES).symlink_to((place.wwwroot / DEPENDENCIES).resolve())
    head = "import azure.functions as func\napp = func.FunctionApp()\n"
    (wwwroot / "function_app.py").write_text(head + code)
    with (
        host.running(place.python, wwwroot, {"PATH": os.defpath}, tmp_path) as worker,
        pytest.raises(Failed, match=reason),
    ):
        worker.start(wwwroot)


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.xdist_group("package")
def test_a_judge_that_cannot_be_installed_is_an_error_and_leaves_no_stamp(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = nothing_installed / "requirements.txt"
    wrong.write_text("azure-functions-runtime==0.0.0.no\n")
    monkeypatch.setattr(host, "REQUIREMENTS", wrong)
    with pytest.raises(RuntimeError):
        host.install(package_python.RUNNING)
    assert not list(nothing_installed.rglob("*.installed.txt"))
