"""The host's own start-up checks (facts: functions sections 0 and 1), as a list of findings."""

import json
import sys
import textwrap
import types
from typing import Any

import azure.functions as func
import pytest

from onboarding.devhost.checks import Finding, check

SETTINGS = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "QUEUE": "from-settings",
    "TICK": "0 0 * * * *",
}
HOST_JSON: dict[str, Any] = {"version": "2.0"}
FINE = """
@app.route("cases/{case_id}", methods=["GET"])
async def cases(req: func.HttpRequest) -> func.HttpResponse: ...
@app.route("cases/{case_id}", methods=["POST"])
async def act(req: func.HttpRequest, context: func.Context) -> func.HttpResponse: ...
@app.queue_trigger(arg_name="the_message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
async def work(the_message: "func.QueueMessage") -> None: ...
@app.timer_trigger(arg_name="timer", schedule="%tick%")
def tick(timer) -> None: ...
"""


def functions(code: str) -> list[Any]:
    """Index a small app; annotations are resolved through its module, as in a real one."""
    module = types.ModuleType("function_app_under_check")
    head = "import typing\nimport azure.functions as func\napp = func.FunctionApp()\n"
    exec(head + textwrap.dedent(code), module.__dict__)
    app: func.FunctionApp = module.app
    return list(app.get_functions())


def codes(code: str, settings: dict[str, str] | None = None) -> list[tuple[str | None, str]]:
    found = check(functions(code), HOST_JSON, SETTINGS if settings is None else settings)
    return [(finding.function, finding.code) for finding in found]


def test_a_sound_app_has_no_findings() -> None:
    assert check(functions(FINE), HOST_JSON, SETTINGS) == []


def route(text: str, name: str = "f") -> str:
    return f'@app.route("{text}")\ndef {name}(req: func.HttpRequest) -> str: ...\n'


def queue(name: str) -> str:
    return (
        f'@app.queue_trigger(arg_name="msg", queue_name="{name}", connection="AzureWebJobsStorage")\n'
        "def f(msg: func.QueueMessage) -> None: ...\n"
    )


def timer(schedule: str) -> str:
    return (
        f'@app.timer_trigger(arg_name="t", schedule="{schedule}")\ndef f(t: func.TimerRequest) -> None: ...\n'
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (route("admin/users"), "reserved_route"),
        (route("Administration"), "reserved_route"),
        (route("runtime-info"), "reserved_route"),
        ("@app.route()\ndef admin_page(req: func.HttpRequest): ...", "reserved_route"),
        (route("/leading"), "route_template"),
        (route("x/{a=1}"), "route_template"),
        (
            '@app.route("x", trigger_arg_name="my__req")\ndef f(my__req: func.HttpRequest): ...',
            "binding_name",
        ),
        ('@app.function_name("1st")\n' + route("x"), "function_name"),
        ('@app.function_name("Host")\n' + route("x"), "function_name"),
        ('@app.function_name("straße")\n' + route("x"), "function_name"),
        (queue("has_underscore"), "queue_name"),
        (queue("no"), "queue_name"),
        (queue("x" * 64), "queue_name"),
        (queue("-dash"), "queue_name"),
        (queue("two--dashes"), "queue_name"),
        (queue("größe"), "queue_name"),
        (queue("%NOT_SET%"), "setting_missing"),
        (timer("61 * * * * *"), "schedule"),
        (timer("00:05:00"), "schedule"),
        (timer("%NOT_SET%"), "setting_missing"),
        (
            '@app.blob_trigger(arg_name="b", path="x/y", connection="C")\ndef f(b: func.InputStream): ...',
            "not_modelled",
        ),
        (
            '@app.queue_output(arg_name="out", queue_name="other", connection="C")\n'
            '@app.route("x")\ndef f(req: func.HttpRequest, out: func.Out[str]): ...',
            "not_modelled",
        ),
    ],
)
def test_the_host_drops_a_function_and_runs_the_rest(code: str, expected: str) -> None:
    found = check(functions(FINE + code), HOST_JSON, SETTINGS)
    assert [(finding.code, finding.severity) for finding in found] == [(expected, "drop")]
    assert found[0].function not in {"cases", "act", "work", "tick"}


@pytest.mark.parametrize(
    "code",
    [
        '@app.route("x")\ndef f(req: func.HttpRequest, extra: str): ...',
        '@app.route("x", trigger_arg_name="request")\ndef f(req: func.HttpRequest): ...',
        '@app.route("x")\ndef f(req: func.QueueMessage): ...',
        '@app.route("x")\ndef f(req: typing.Optional[func.HttpRequest]): ...',
        '@app.route("x")\ndef f(req: "func.NoSuchThing"): ...',
        '@app.timer_trigger(arg_name="t", schedule="0 0 * * * *")\ndef f(t: str) -> None: ...',
        '@app.queue_output(arg_name="out", queue_name="other", connection="C")\n'
        '@app.route("x")\ndef f(req: func.HttpRequest, out: func.Out[list[str]]): ...',
    ],
)
def test_one_function_that_the_worker_cannot_load_takes_the_whole_app_down(code: str) -> None:
    found = check(functions(FINE + code), HOST_JSON, SETTINGS)
    assert ("worker_load", "app") in [(finding.code, finding.severity) for finding in found]


def test_a_typing_list_in_an_out_parameter_loads_in_the_worker() -> None:
    code = (
        '@app.queue_output(arg_name="out", queue_name="other", connection="C")\n'
        '@app.route("x")\ndef f(req: func.HttpRequest, out: func.Out[typing.List[str]]): ...'
    )
    assert codes(code) == [("f", "not_modelled")]


def test_the_second_function_with_a_route_and_method_in_common_is_dropped() -> None:
    again = route("Cases/{case_id}", "again")
    assert check(functions(FINE + again), HOST_JSON, SETTINGS) == [
        Finding(
            "again",
            "route_twice",
            "The route specified conflicts with the route defined by function 'cases'.",
        ),
        Finding(
            "again", "route_twice", "The route specified conflicts with the route defined by function 'act'."
        ),
    ]


def test_names_that_differ_in_case_only_are_one_name() -> None:
    assert codes(route("x", "Same") + route("y", "same")) == [("same", "function_name_twice")]


def test_what_runs_and_will_hurt_is_a_warning() -> None:
    admin = '@app.route("x", auth_level=func.AuthLevel.ADMIN)\ndef f(req: func.HttpRequest): ...'
    assert codes(admin) == [("f", "master_key")]
    assert codes(queue("work"), {}) == [("f", "connection_missing")]
    assert codes(queue("work"), {"AzureWebJobsStorage__queueServiceUri": "https://x"}) == []


@pytest.mark.parametrize(
    "host_json",
    [
        {},
        {"version": "1.0"},
        {"version": "2.0", "extensions": {"queues": {"batchSize": 33}}},
        {"version": "2.0", "extensions": {"queues": {"batchSize": True}}},
        {"version": "2.0", "extensions": {"queues": {"maxDequeueCount": 0}}},
        {"version": "2.0", "extensions": {"queues": {"visibilityTimeout": "30"}}},
        {"version": "2.0", "extensions": {"queues": {"maxPollingInterval": "00:00:00.05"}}},
        {"version": "2.0", "extensions": {"queues": {"messageEncoding": "none"}}},
        {"version": "2.0", "extensions": {"queues": []}},
    ],
)
def test_a_wrong_host_json_stops_the_app(host_json: dict[str, Any]) -> None:
    found = check(functions(FINE), host_json, SETTINGS)
    assert [(finding.function, finding.severity) for finding in found] == [(None, "app")]


def test_our_own_app_passes() -> None:
    """The app that is deployed, with its host.json and the documented settings."""
    import importlib.util
    from pathlib import Path

    root = Path(__file__).parents[2]
    spec = importlib.util.spec_from_file_location("function_app_of_ours", root / "function_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    values = json.loads((root / "local.settings.example.json").read_text())["Values"]
    host_json = json.loads((root / "host.json").read_text())
    assert check(list(module.app.get_functions()), host_json, values) == []
