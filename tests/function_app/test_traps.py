"""The eleven traps of Azure Functions that are known to bite an app like this one.

Each has a check. A check is run on the app as it is, where it passes, and on the app with its guard taken away
(a copy of `function_app.py`, `host.json` or of a module with one place changed, or a patched guard), where it
must fail: a check that cannot fail guards nothing.

Sources: azure-functions-host (ScriptHost, HttpRoutesManager), the Storage Queues extension (QueueProcessor,
QueuesOptions), the Python worker, and "Azure Functions Python developer guide".
"""

from __future__ import annotations

import ast
import asyncio
import base64
import importlib.util
import inspect
import json
import logging
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func
import pytest

import function_app
from onboarding import bootstrap, observe
from onboarding.devhost.checks import check
from onboarding.devhost.config import read_host_json
from onboarding.errors import Unavailable
from onboarding.intake import checks
from onboarding.ports import WorkMessage
from onboarding.storage import messages
from onboarding.storage.embedded.database import EmbeddedDatabase
from tests.support import planted
from tests.support.outer import ENV, Outer

ROOT = Path(__file__).parents[2]
APP = ROOT / "function_app.py"
PARAMS = {"source": "none", "case_id": "x", "action": "rerun", "operation_id": "o", "delivery_id": "d"}
SETTINGS = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
#: Names of a queue trigger's metadata, which a message's own members would overwrite (trap 3).
METADATA = frozenset(
    {"id", "dequeuecount", "insertiontime", "expirationtime", "nextvisibletime", "popreceipt", "queuetrigger"}
)
HTTP = (
    "hr", "health", "dashboard", "dashboard_case", "dashboard_action", "cases", "case", "case_action", "operation",
    "deliveries", "delivery", "delivery_replay", "dashboard_deliveries", "dashboard_delivery", "dashboard_replay",
    "dashboard_reports",
    "dashboard_case_plan", "dashboard_plan", "dashboard_plan_apply", "dashboard_reruns", "dashboard_rerun_many",
    "case_methods", "dashboard_methods", "dashboard_handout", "case_plan", "plan", "plan_apply", "reruns",
)  # fmt: skip


class Broken(AssertionError):
    """The check found the trap."""


def need(condition: object, what: str) -> None:
    if not condition:
        raise Broken(what)


# --- taking a guard away -----------------------------------------------------------------------------------


def changed(file: Path, old: str, new: str) -> str:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"the guard is not where this test looks for it: {old}"
    return text.replace(old, new)


def load(folder: Path, text: str, name: str = "mutated_app") -> ModuleType:
    """A module from source text, under a name of its own."""
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Callable[..., ModuleType]]:
    """`app()` is a fresh copy of the real app, `app(old, new)` one with a place changed."""
    names = [f"mutated_{number}" for number in range(9)]
    unused = iter(names)

    def make(old: str = "", new: str = "") -> ModuleType:
        return load(tmp_path, changed(APP, old, new) if old else APP.read_text("utf-8"), next(unused))

    yield make
    for name in names:
        sys.modules.pop(name, None)


def findings(module: ModuleType, host_json: dict[str, Any] | None = None) -> set[str]:
    """What the host's own start-up checks say, warnings left out."""
    indexed = module.app.get_functions()
    found = check(indexed, host_json or read_host_json(ROOT / "host.json"), SETTINGS)
    return {item.code for item in found if item.severity != "warn"}


def request(name: str, module: ModuleType, **more: Any) -> Awaitable[Any]:
    given = {"method": "GET", "url": f"http://localhost/api/{name}", "route_params": {}, "body": b"", **more}
    answer: Awaitable[Any] = getattr(module, name)(func.HttpRequest(**given))
    return answer


def message(body: bytes) -> func.QueueMessage:
    return func.QueueMessage(id="m", body=body)


# --- 1: no route begins with admin or runtime; 2: names and annotations that the host and worker take ------------


def test_1_no_route_or_function_name_is_one_that_the_host_drops(app: Callable[..., ModuleType]) -> None:
    assert findings(app()) == set()
    assert findings(app('"cases/{case_id}"', '"admin/cases/{case_id}"')) == {"reserved_route"}
    assert findings(app('"health", methods', '"Runtime/health", methods')) == {"reserved_route"}
    # Without a route the function's own name is the route.
    nameless = '@app.function_name("admin_health")\n@app.route(methods=["GET"])'
    old = '@app.function_name("health")\n@app.route("health", methods=["GET"])'
    assert findings(app(old, nameless)) == {"reserved_route"}


def test_2_no_binding_name_or_annotation_is_one_that_the_host_or_worker_refuses(
    app: Callable[..., ModuleType],
) -> None:
    assert findings(app()) == set()
    assert "binding_name" in findings(app('arg_name="timer"', 'arg_name="the__timer"'))
    renamed = findings(app('arg_name="timer"', 'arg_name="clock"'))
    assert renamed == {"worker_load"}, "a binding without a parameter takes the whole app down"
    wrong = findings(app("async def work(msg: func.QueueMessage)", "async def work(msg: list[str])"))
    assert wrong == {"worker_load"}


# --- 3: a message's own members never overwrite the trigger's metadata ----------------------------------------


def check_message_keys(encode: Callable[[WorkMessage], str]) -> None:
    for sent in (WorkMessage(case_id="c_1", why="due"), WorkMessage(delivery_id="d_1", why="delivery")):
        row = json.loads(base64.b64decode(encode(sent), validate=True))
        need(not METADATA & {key.lower() for key in row}, "a member of the message is a name of the metadata")


def check_reads_body_only(source: str) -> None:
    """Metadata may have been overwritten by a foreign message, so nothing decides by it: the count of deliveries
    may only say that a second look is worth while, and is read once, with its type in doubt."""
    names = [node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    need(not {"insertion_time", "pop_receipt"} & set(names), "the app trusts the trigger's metadata")
    need(
        names.count("dequeue_count") == source.count("isinstance(count, int) and count > 1"),
        "the app trusts the trigger's metadata",
    )


def test_3_queue_messages_use_no_name_of_the_metadata(tmp_path: Path) -> None:
    check_message_keys(messages.encode)
    check_reads_body_only(APP.read_text("utf-8"))
    text = changed(ROOT / "onboarding/storage/messages.py", '{"case": message', '{"Id": message')
    with pytest.raises(Broken):
        check_message_keys(load(tmp_path, text, "mutated_messages").encode)
    old = "    await _run("
    with pytest.raises(Broken):
        check_reads_body_only(changed(APP, old, "    if msg.dequeue_count > 3: return\n" + old))


# --- 4: a poison handler never fails -------------------------------------------------------------------------


BAD_MESSAGES = [
    b"",
    b"not json",
    b"\xff\xfe",
    b"[]",
    b"{}",
    b'{"case": 7}',
    b'{"case": "c_x", "delivery": "d_y"}',
]


async def check_poison(module: ModuleType) -> None:
    for handler in (module.work_poison, module.bulk_poison):
        for body in (*BAD_MESSAGES, b'{"case": "c_00000000000000000001"}'):
            try:
                need(await handler(message(body)) is None, "a poison handler returns nothing")
            except Broken:
                raise
            except Exception as exc:
                raise Broken("the poison handler failed: the host would lose the message") from exc


RAISING = '"poison_unrecorded", exc)\n        raise\n'


@pytest.mark.parametrize("fault", ["bad messages", "store down", "no settings"])
async def test_4_the_poison_handler_returns_normally_whatever_happens(
    outer: Outer, app: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async def down(*args: object, **kwargs: object) -> None:
        raise Unavailable("down")

    if fault == "store down":
        monkeypatch.setattr(EmbeddedDatabase, "write", down)
        monkeypatch.setattr(EmbeddedDatabase, "read", down)
    if fault == "no settings":
        monkeypatch.setattr(bootstrap, "_app", None)
        monkeypatch.setenv("ONBOARDING_STORE", "nonsense")
    await check_poison(app())
    with pytest.raises(Broken):
        await check_poison(app('"poison_unrecorded", exc)\n', RAISING))


# --- 5: get_functions() works once ----------------------------------------------------------------------------


COUNT = """
import azure.functions as func
real, calls = func.FunctionApp.get_functions, []
func.FunctionApp.get_functions = lambda self: calls.append(1) or real(self)
from pathlib import Path
from onboarding.devhost.config import Options
from onboarding.devhost.serving import prepare
host = prepare(Options(app=Path("function_app.py"), port=0))
TWICE
assert host is not None
print(len(calls))
"""


def check_indexes_once(more: str = "") -> None:
    env = {"PATH": "/usr/bin:/bin", **ENV}
    code = COUNT.replace("TWICE", more)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    need(done.returncode == 0, done.stderr[-500:])
    need(done.stdout.strip() == "1", "the functions of one app were asked for more than once")


def test_5_the_development_host_asks_for_the_functions_once(app: Callable[..., ModuleType]) -> None:
    check_indexes_once()
    with pytest.raises(Broken, match="unique function name"):
        check_indexes_once("import function_app; function_app.app.get_functions()")


def test_5_a_second_look_at_the_functions_fails_in_the_library(app: Callable[..., ModuleType]) -> None:
    """If this ever works, the caching around it can go."""
    module = app()
    module.app.get_functions()
    with pytest.raises(ValueError, match="unique function name"):
        module.app.get_functions()


# --- 6: HTTP functions return an answer, the others nothing -----------------------------------------------------


async def check_returns(module: ModuleType) -> None:
    for name in HTTP:
        answer = await request(name, module, route_params=PARAMS)
        need(isinstance(answer, func.HttpResponse), f"{name} returned {type(answer).__name__}")
    for name in ("work_poison", "bulk_poison"):
        need(
            await getattr(module, name)(message(b"{}")) is None, f"{name} returned a value without a binding"
        )
    for name in ("followup", "watchdog"):
        need(await getattr(module, name)(None) is None, f"{name} returned a value without a binding")
    for name in ("work", "bulk"):
        done = await getattr(module, name)(message(b'{"case": "c_00000000000000000001"}'))
        need(done is None, f"{name} returned a value without a binding")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    return _encode(response)\n", "    _encode(response)\n"),
        ('    return await _http("operation"', '    await _http("operation"'),
        (
            '    await _run("followup_failed", due.enqueue_due)',
            "    return await due.enqueue_due(_services())",
        ),
        ("async def bulk(msg: func.QueueMessage) -> None:\n", "async def bulk(msg):\n    return 1\n"),
    ],
)
async def test_6_http_functions_answer_and_the_others_return_nothing(
    outer: Outer, app: Callable[..., ModuleType], old: str, new: str
) -> None:
    await check_returns(app())
    with pytest.raises(Broken):
        await check_returns(app(old, new))


# --- 7: nothing blocks the event loop ---------------------------------------------------------------------------


SLOW = 0.5


async def check_loop_goes_on(outer: Outer, module: ModuleType) -> None:
    """While the store takes its time, the loop goes on."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began)

    def slow(connection: Any) -> None:
        time.sleep(SLOW)

    async def ping(self: object) -> None:
        await outer.app.store.database.write(slow)

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(outer.app.services.cases), "ping", ping)
        answer = await request("health", module)
    await asyncio.sleep(0.01)
    watcher.cancel()
    need(answer.status_code == 200, "health failed")
    need(longest < SLOW * 0.8, f"the loop stood still for {longest:.2f} s")


async def test_7_a_slow_store_does_not_hold_up_the_event_loop(
    outer: Outer, app: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_loop_goes_on(outer, app())

    async def inline(self: Any, run: Callable[[Any], Any], *, lasting: bool = True) -> Any:
        return run(None)

    monkeypatch.setattr(EmbeddedDatabase, "write", inline)
    with pytest.raises(Broken, match="stood still"):
        await check_loop_goes_on(outer, app())


async def test_7_a_blocking_call_in_a_function_would_be_seen(
    outer: Outer, app: Callable[..., ModuleType]
) -> None:
    blocking = "        import time\n        time.sleep(0.5)\n        return await views.health(s)"
    with pytest.raises(Broken, match="stood still"):
        await check_loop_goes_on(outer, app("        return await views.health(s)", blocking))


# --- 8: one event loop -------------------------------------------------------------------------------------------

#: Entry points start their own loop: they are not what Azure runs.
ENTRY_POINTS = ("cli", "devhost", "simulator")


def deployed() -> list[Path]:
    found = [path for path in (ROOT / "onboarding").rglob("*.py") if path.parts[-2] not in ENTRY_POINTS]
    return [
        APP,
        *(path for path in found if not {*path.relative_to(ROOT / "onboarding").parts} & {*ENTRY_POINTS}),
    ]


def check_starts_no_loop(source: str) -> None:
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "attr", getattr(node, "id", ""))
        need(name not in {"run_until_complete", "new_event_loop"}, f"starts a loop: {name}")
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "asyncio"
        ):
            need(node.attr not in {"run", "Runner"}, "starts a loop: asyncio.run")


def check_all_async(module: ModuleType) -> None:
    for function in module.app.get_functions():
        need(
            inspect.iscoroutinefunction(function.get_user_function()),
            f"{function.get_function_name()} is not async",
        )


def test_8_every_function_is_a_coroutine_on_the_one_loop(app: Callable[..., ModuleType]) -> None:
    check_all_async(app())
    for path in deployed():
        check_starts_no_loop(path.read_text("utf-8"))
    plain = "def track(timer: func.TimerRequest) -> None:\n    import asyncio\n    asyncio.run(None)\n    return\n"
    old = "async def track(timer: func.TimerRequest) -> None:\n"
    body = changed(APP, old, plain + "async def never() -> None:\n")
    with pytest.raises(Broken, match="not async"):
        check_all_async(app(old, plain + "async def never() -> None:\n"))
    with pytest.raises(Broken, match="starts a loop"):
        check_starts_no_loop(body)


async def test_8_functions_share_the_services_of_their_process(outer: Outer) -> None:
    assert function_app._services() is function_app._services() is outer.app.services


# --- 9: libraries do not log requests and their headers -----------------------------------------------------------


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.names.append(record.name)


@pytest.fixture
def worker_root() -> Iterator[Kept]:
    """The root logger as the Functions worker leaves it, and every library as it comes."""
    kept, root = Kept(), logging.getLogger()
    noisy = [
        logging.getLogger(name)
        for name in (*observe._NOISY, "azure.core.pipeline.policies.http_logging_policy")
    ]
    before = [(logger, logger.level) for logger in (root, *noisy)]
    for logger in noisy:
        logger.setLevel(logging.NOTSET)
    root.setLevel(logging.INFO)
    root.addHandler(kept)
    yield kept
    root.removeHandler(kept)
    for logger, level in before:
        logger.setLevel(level)


def check_quiet(module: ModuleType, kept: Kept) -> None:
    module._services()
    for name in (
        "azure.core.pipeline.policies.http_logging_policy",
        "azure.identity",
        "msal.token_cache",
        "httpx",
    ):
        logging.getLogger(name).info("Request headers: Authorization")
    logging.getLogger("onboarding.x").info("ours")
    need(kept.names == ["onboarding.x"], f"libraries log at INFO: {kept.names}")


async def test_9_libraries_that_log_requests_at_info_are_turned_down(
    outer: Outer, app: Callable[..., ModuleType], worker_root: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_quiet(app(), worker_root)
    for name in observe._NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET)
    monkeypatch.setattr(observe, "_NOISY", ("msal", "httpx"))
    with pytest.raises(Broken, match=r"azure\.core"):
        check_quiet(app(), worker_root)


async def test_9_setting_up_before_the_first_use_is_what_does_it(
    outer: Outer, app: Callable[..., ModuleType], worker_root: Kept
) -> None:
    with pytest.raises(Broken):
        check_quiet(app("        observe.setup()\n", "        pass\n"), worker_root)


# --- 10: base64 on the wire -----------------------------------------------------------------------------------------


def check_wire(encode: Callable[[WorkMessage], str]) -> None:
    wire = encode(WorkMessage(case_id="c_1"))
    try:
        text = base64.b64decode(wire, validate=True).decode("utf-8")
    except ValueError as exc:
        raise Broken("the host would put this message on the poison queue without a word") from exc
    need(messages.from_json(text) == WorkMessage(case_id="c_1"), "the message is not what was sent")
    need(len(wire) < 48 * 1024, "a message is only a look-now")


def test_10_messages_are_base64_as_the_host_expects(app: Callable[..., ModuleType], tmp_path: Path) -> None:
    check_wire(messages.encode)
    old = 'base64.b64encode(text.encode()).decode("ascii")'
    text = changed(ROOT / "onboarding/storage/messages.py", old, "text")
    with pytest.raises(Broken, match="poison"):
        check_wire(load(tmp_path, text, "mutated_messages").encode)


def test_10_host_json_says_base64(app: Callable[..., ModuleType]) -> None:
    plain = json.loads(
        changed(ROOT / "host.json", '"messageEncoding": "base64"', '"messageEncoding": "none"')
    )
    assert findings(app(), plain) == {"host_json"}


# --- 11: a chunked body reaches the function empty -------------------------------------------------------------------


async def check_no_length(outer: Outer) -> None:
    """What the host hands over of a chunked delivery: no length, no body. And of one that says it is empty."""
    signed = outer.signed(b"")
    for headers, status, code in (
        ({**signed, "transfer-encoding": "chunked", "content-length": None}, 411, "length_required"),
        ({**signed, "content-length": "0"}, 400, "empty_body"),
    ):
        answer = await outer.post(
            "standard-webhooks", b"", {k: v for k, v in headers.items() if v is not None}
        )
        said = json.loads(answer.get_body())
        need(answer.status_code == status, f"answered {answer.status_code}")
        need(said.get("code") == code, f"answered {said.get('code')}")
    page = await outer.app.services.deliveries.page()
    need(not page.items, "an empty delivery was kept")


async def test_11_a_body_that_did_not_arrive_is_refused_clearly(
    outer: Outer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_no_length(outer)
    assert (await outer.deliver(planted.body())).status_code == 202, "the same with its body is taken"
    monkeypatch.setattr(checks, "length", lambda adapter, request: None)
    with pytest.raises(Broken):
        await check_no_length(outer)
