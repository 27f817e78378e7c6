"""`python -m onboarding.devhost`: settings, refusals, exit codes, signals, and the simulator's clock."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from onboarding.devhost.__main__ import main, read_options
from onboarding.devhost.clock import SimulatorClock
from onboarding.devhost.config import HostConfig, Options, seconds
from onboarding.devhost.host import is_loopback
from onboarding.devhost.loading import AppLoadError, load_functions, prepare_environment, resolve
from onboarding.devhost.serving import prepare
from onboarding.errors import ConfigurationError, Unavailable

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]
HELLO = """
import os
@app.route("hello")
def hello(req: func.HttpRequest) -> str: return os.environ["GREETING"] + os.environ["ONBOARDING_DEV_ROLE"]
"""


def run(app: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "onboarding.devhost", "--app", str(app), "--port", "0", *arguments]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, cwd=app.parent)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, text = process.communicate(timeout=20)
    return process.returncode, text


def wait_for_url(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "listening on" in line:
            return line.split("listening on ")[1].split()[0], said
    raise AssertionError(said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_stops_on_a_signal_even_while_a_thread_works(
    write_app: Write, number: signal.Signals, tmp_path: Path
) -> None:
    code = (
        HELLO
        + '@app.route("long")\ndef long(req: func.HttpRequest) -> str:\n    time.sleep(30)\n    return ""\n'
    )
    app = write_app(code)
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": {"GREETING": "file "}}))
    process = run(app, GREETING="exported ")
    try:
        url, said = wait_for_url(process)
        assert "pretends to be Azure" in said
        assert "role 'operator'" in said
        import aiohttp

        async with aiohttp.ClientSession() as client:
            async with client.get(f"{url}/api/hello") as answer:
                assert await answer.text() == "exported operator"
            held = asyncio.create_task(client.get(f"{url}/api/long"))
            await asyncio.sleep(0.2)
            process.send_signal(number)
            code_, _ = await asyncio.to_thread(finish, process)
            assert code_ == 0
            held.cancel()
            await asyncio.gather(held, return_exceptions=True)
    finally:
        process.kill()
        process.communicate()


def test_a_dropped_function_is_said_and_strict_exits_1(write_app: Write) -> None:
    app = write_app('@app.route("admin/x")\ndef x(req: func.HttpRequest) -> str: return ""\n')
    code, text = finish(run(app, "--strict"))
    assert code == 1
    assert "DROPPED: function 'x': The specified route conflicts with one or more built in routes." in text


@pytest.mark.parametrize(
    ("arguments", "more", "code"),
    [
        ((), {"WEBSITE_SITE_NAME": "app"}, 5),
        ((), {"WEBSITE_INSTANCE_ID": "1"}, 5),
        (("--host", "0.0.0.0"), {}, 5),
        (("--lease-seconds", "0"), {}, 2),
        ((), {"DEVHOST_LEASE_SECONDS": "long"}, 5),
        (("--settings", "nowhere.json"), {}, 5),
    ],
)
def test_what_it_refuses(
    write_app: Write,
    environment: dict[str, str],
    arguments: tuple[str, ...],
    more: dict[str, str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    environment |= more
    try:
        found: object = main(["--app", str(write_app(HELLO)), "--port", "0", *arguments])
    except SystemExit as usage:
        found = usage.code
    assert found == code


def test_an_app_that_cannot_be_imported_is_exit_1(write_app: Write) -> None:
    code, text = finish(run(write_app("import no_such_module\n")))
    assert code == 1
    assert "ModuleNotFoundError" in text
    assert "no function at all" in text


def test_a_settings_file_that_names_an_azure_instance_is_refused(write_app: Write, tmp_path: Path) -> None:
    path = write_app(HELLO)
    (tmp_path / "local.settings.json").write_text('{"Values": {"WEBSITE_INSTANCE_ID": "1"}}')
    with pytest.raises(ConfigurationError):
        prepare_environment(path)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"IsEncrypted": true}', '{"Values": {"A": 1}}', '{"Values": []}']
)
def test_a_settings_file_of_another_shape_is_refused(write_app: Write, tmp_path: Path, text: str) -> None:
    path = write_app(HELLO)
    (tmp_path / "local.settings.json").write_text(text)
    with pytest.raises(ConfigurationError):
        prepare_environment(path)


def test_the_example_settings_serve_where_there_are_no_others(
    write_app: Write, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = write_app(HELLO)
    (tmp_path / "local.settings.example.json").write_text('{"Values": {"A": "example", "PATH": "example"}}')
    assert prepare_environment(path) == tmp_path / "local.settings.example.json"
    assert environment["A"] == "example"
    assert environment["PATH"] != "example"
    (tmp_path / "local.settings.json").write_text('{"Values": {"A": "own"}}')
    environment.pop("A")
    prepare_environment(path)
    assert environment["A"] == "own"


@pytest.mark.parametrize(
    "code",
    ["app2 = func.FunctionApp()", "del app", "1/0", '@app.route("x")\n@app.route("y")\ndef f(req): ...'],
)
def test_an_app_without_exactly_one_function_app_does_not_load(write_app: Write, code: str) -> None:
    with pytest.raises(AppLoadError):
        load_functions(write_app(code))


def test_an_alias_of_the_app_is_the_same_app_and_functions_are_indexed_once(write_app: Write) -> None:
    assert len(load_functions(write_app(HELLO + "alias = app\n"))) == 1


def test_nothing_runs_when_the_worker_could_not_load_one_function(
    write_app: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    app = write_app(HELLO + '@app.route("x")\ndef x(req: func.HttpRequest, more: str) -> str: return ""\n')
    assert prepare(Options(app=app)) is None
    assert "NOTHING WOULD RUN: function 'x'" in capsys.readouterr().err


def test_the_options_and_their_variables(environment: dict[str, str]) -> None:
    plain = read_options([])
    assert (plain.lease_seconds, plain.visibility_seconds, plain.poll_seconds) == (600, None, 1)
    assert plain.function_key != plain.master_key
    assert plain.function_key not in repr(plain)
    environment |= {
        "DEVHOST_LEASE_SECONDS": "5",
        "DEVHOST_VISIBILITY_SECONDS": "0",
        "DEVHOST_POLL_SECONDS": "0.2",
    }
    given = read_options([])
    assert (given.lease_seconds, given.visibility_seconds, given.poll_seconds) == (5, 0, 0.2)
    given = read_options(["--lease-seconds", "7", "--visibility-seconds", "3", "--easy-auth", "--keys"])
    assert (given.lease_seconds, given.visibility_seconds) == (7, 3)
    assert (given.easy_auth, given.enforce_keys) == (True, True)


def test_host_json_with_the_hosts_own_defaults() -> None:
    assert HostConfig.read({}) == HostConfig("api", 16, 8, 5, 0.0, 60.0)
    queues = {"batchSize": 8, "visibilityTimeout": "00:00:30", "maxPollingInterval": "00:00:10"}
    assert HostConfig.read({"extensions": {"queues": queues}}) == HostConfig("api", 8, 4, 5, 30.0, 10.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("00:00:30", 30), ("1.02:03:04", 93784), ("00:00:00.1500000", 0.15), ("23:59:59", 86399)],
)
def test_a_timespan_in_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["30", "24:00:00", "00:60:00", "", None, 30, "-00:00:30"])
def test_what_is_no_timespan(text: object) -> None:
    with pytest.raises(ValueError, match="TimeSpan"):
        seconds(text)


def test_references_to_settings_ignore_case_and_name_what_is_missing() -> None:
    assert resolve("%A%-%b%-50%", {"a": "1", "B": "2"}) == "1-2-50%"
    with pytest.raises(KeyError, match="NAME"):
        resolve("x%NAME%", {})


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1", "a.localhost"])
def test_loopback(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["", "0.0.0.0", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"]
)
def test_not_loopback(name: str) -> None:
    assert not is_loopback(name)


async def test_the_simulators_clock_is_read_anew_each_time() -> None:
    answers: list[Any] = ['{"now": "2028-02-29T23:59:59.5+01:00"}', '{"now": "2028-03-01T00:00:00Z"}']
    answers += ['{"now": "2028-03-01T00:00:00"}', "{}", "[]", "nonsense"]

    async def clock(request: web.Request) -> web.Response:
        return web.Response(text=answers.pop(0), content_type="application/json")

    app = web.Application()
    app.router.add_get("/_control/clock", clock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    source = SimulatorClock(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    assert await source.now() == datetime(2028, 2, 29, 22, 59, 59, 500000, UTC)
    assert await source.now() == datetime(2028, 3, 1, tzinfo=UTC)
    while answers:
        with pytest.raises(Unavailable):
            await source.now()
    await runner.cleanup()
    with pytest.raises(Unavailable):
        await source.now()
    await source.close()
