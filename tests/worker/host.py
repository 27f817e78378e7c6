"""The host's side of the channel: starts a judge, says what a Functions host says, and keeps what it hears."""

from __future__ import annotations

import base64
import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts import package_python
from tests.support.logscan import child_log

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
JUDGE = Path(__file__).with_name("judge.py")
#: What a host of 2026 says it can do.
CAPABILITIES = {"FunctionDataCache": "False", "EnableUserCodeException": "true"}


def install(python: str) -> Path:
    """The worker's own folder for this Python, installed once; RuntimeError with pip's words if it cannot be."""
    command = package_python.find(python)
    assert command is not None
    folder = ROOT / "build" / "worker" / python
    stamp = folder.with_name(f"{python}.installed.txt")
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return folder
    pip = [command, "-m", "pip", "install", "--quiet", "--no-input"]
    pip += ["--disable-pip-version-check", "--upgrade", "--no-compile", "--no-deps", "--target", str(folder)]
    # The runtime library declares 3.13: on an older Python it judges all the same (see judge.py).
    pip += ["--ignore-requires-python", "--requirement", str(REQUIREMENTS)]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    stamp.write_text(wanted, encoding="utf-8")
    return folder


class Failed(AssertionError):
    """The worker answered with a failure; the text is what the host would log."""


class Worker:
    """One worker process. Requests are answered in order unless several are sent at once."""

    def __init__(self, process: subprocess.Popen[str], wwwroot: Path) -> None:
        self._process = process
        self.wwwroot = wwwroot
        #: Log records that came over the channel.
        self.logs: list[dict[str, Any]] = []
        self._log_file = child_log("worker-channel")
        #: Metadata by function name.
        self.functions: dict[str, dict[str, Any]] = {}

    def ask(self, **content: Any) -> dict[str, Any]:
        return self.ask_all([content])[0]

    def ask_all(self, contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send all, then wait for all; answers in the order of the questions."""
        assert self._process.stdin is not None
        ids = [uuid.uuid4().hex for _ in contents]
        for number, content in zip(ids, contents, strict=True):
            self._process.stdin.write(json.dumps({"request_id": number, **content}) + "\n")
        self._process.stdin.flush()
        heard: dict[str, dict[str, Any]] = {}
        while len(heard) < len(ids):
            message = self._read()
            if "rpc_log" in message:
                self.logs.append(message["rpc_log"])
            else:
                heard[message.pop("request_id")] = message
        return [heard[number] for number in ids]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the worker ended with {self._process.wait()}: see {child_log('worker')}")
        message: dict[str, Any] = json.loads(line)
        if "rpc_log" in message:
            with self._log_file.open("a", encoding="utf-8") as file:
                file.write(line)
        return message

    def start(self, app: Path) -> dict[str, Any]:
        """WorkerInitRequest with this app directory; the capabilities that the worker declares."""
        asked = {
            "host_version": "4.1047.100.1",
            "capabilities": CAPABILITIES,
            "function_app_directory": str(app),
        }
        told = self.ask(worker_init_request=asked)["worker_init_response"]
        succeeded(told)
        return dict(told["capabilities"])

    def reload(self, env: Mapping[str, str]) -> None:
        """What happens to a placeholder when an app is put into it: the environment is replaced, then the import."""
        asked = {"environment_variables": dict(env), "function_app_directory": str(self.wwwroot)}
        told = self.ask(function_environment_reload_request=asked)["function_environment_reload_response"]
        succeeded(told)

    def index(self) -> dict[str, dict[str, Any]]:
        """FunctionsMetadataRequest, then a FunctionLoadRequest for each function; metadata by name."""
        asked = {"function_app_directory": str(self.wwwroot)}
        told = self.ask(functions_metadata_request=asked)["function_metadata_response"]
        succeeded(told)
        self.functions = {each["name"]: each for each in told.get("function_metadata_results", [])}
        for each in self.functions.values():
            load = {"function_id": each["function_id"], "metadata": each}
            loaded = self.ask(function_load_request=load)["function_load_response"]
            succeeded(loaded)
            assert loaded["function_id"] == each["function_id"]
        return self.functions

    def invocation(self, name: str, data: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The content of an InvocationRequest."""
        (argument,) = [
            n for n, b in self.functions[name]["bindings"].items() if b["type"].endswith("Trigger")
        ]
        return {
            "invocation_request": {
                "invocation_id": str(uuid.uuid4()),
                "function_id": self.functions[name]["function_id"],
                "input_data": [{"name": argument, "data": data}],
                "trigger_metadata": {**metadata, "sys": as_json({"MethodName": name})},
                "trace_context": {"trace_parent": f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"},
            }
        }

    def http(
        self,
        name: str,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, Any]:
        """The InvocationRequest of one HTTP request, shaped as the host shapes it with RawHttpBodyBytes."""
        http: dict[str, Any] = {
            "method": method,
            "url": f"https://app.example{path}",
            "headers": {key.lower(): value for key, value in headers.items()},
            "params": dict(params),
        }
        if body:
            http["body"] = {"bytes": base64.b64encode(body).decode()}
        metadata = {
            "Headers": as_json(http["headers"]),
            "Query": as_json({}),
            **{key: {"string": value} for key, value in params.items()},
        }
        return self.invocation(name, {"http": http}, metadata)

    def call(
        self,
        name: str,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, dict[str, str], str]:
        """One HTTP request: status, headers, body."""
        return answered(self.ask(**self.http(name, method, path, params or {}, headers or {}, body)))

    def deliver(self, name: str, text: str, dequeue_count: int = 1) -> None:
        """One queue message: its text as a string, its metadata beside it. Failed if the host would deliver again."""
        merged = json.loads(text) if text.startswith("{") else {}
        metadata = {
            "QueueTrigger": {"string": text},
            "Id": {"string": str(uuid.uuid4())},
            "DequeueCount": as_json(dequeue_count),
            "PopReceipt": {"string": "AgAAAAMAAAAAAAAA"},
            "InsertionTime": as_json("2027-03-08T07:59:00+00:00"),
            "ExpirationTime": as_json("9999-12-31T23:59:59.9999999+00:00"),
            "NextVisibleTime": as_json("2027-03-08T08:09:00+00:00"),
            # The host lays a JSON object's properties over the metadata.
            **{key: {"string": str(value)} for key, value in merged.items()},
        }
        told = self.ask(**self.invocation(name, {"string": text}, metadata))["invocation_response"]
        succeeded(told)
        assert "return_value" not in told

    def tick(self, name: str) -> None:
        """One tick of a timer. Failed if the function failed."""
        status = {
            "Last": "2027-03-08T07:50:00+00:00",
            "LastUpdated": "2027-03-08T07:50:00+00:00",
            "Next": "2027-03-08T08:00:00+00:00",
        }
        data = as_json({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False})
        told = self.ask(**self.invocation(name, data, {}))["invocation_response"]
        succeeded(told)


def as_json(value: Any) -> dict[str, str]:
    return {"json": json.dumps(value)}


def succeeded(told: dict[str, Any]) -> None:
    """Failed unless the status is Success (protobuf's JSON leaves Failure out: it is number 0)."""
    result = told.get("result", {})
    if result.get("status") != "Success":
        exception = result.get("exception", {})
        raise Failed(f"{exception.get('message')}\n{exception.get('stack_trace')}")


def answered(told: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    response = told["invocation_response"]
    succeeded(response)
    http = response["return_value"]["http"]
    body = http.get("body", {})
    content = base64.b64decode(body["bytes"]).decode() if "bytes" in body else body.get("string", "")
    return int(http["status_code"]), http.get("headers", {}), content


@contextmanager
def running(python: str, wwwroot: Path, env: Mapping[str, str], folder: Path) -> Iterator[Worker]:
    """A worker process that sees the standard library, its own folder, and the app's."""
    command = package_python.find(python)
    assert command is not None
    with child_log("worker").open("ab") as log:
        process = subprocess.Popen(
            [command, "-I", "-S", "-B", str(JUDGE), str(install(python)), str(wwwroot)],
            env=dict(env),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Worker(process, wwwroot)
            process.stdin.close()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
