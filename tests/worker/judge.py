"""The worker process: Microsoft's runtime library, driven message by message as its proxy worker drives it.

    pythonX.Y -I -S -B judge.py JUDGE WWWROOT

JUDGE is the worker's own folder (what tests/worker/requirements.txt names), WWWROOT the app's, which may appear
only later. Standard input has one host message a line in protobuf's JSON form, standard output one answer a line;
log records go the same way as `rpc_log`, as over the real channel. Each request is a task on the one loop.

What is genuine: on 3.13 all that touches the app (import, indexing, validation of names, annotations and
bindings, decoding and encoding of messages, the loop and the thread pool) is the library that runs in Azure. Not
genuine: the channel itself (gRPC) and this file, which does what `proxy_worker/dispatcher.py` and
`proxy_worker/utils/dependency.py` do (Azure/azure-functions-python-worker; read, not copied).

On 3.11 and 3.12 Azure runs the classic worker. It is in no package index (azure-functions-worker there ends with
1.1.9 of 2020, which knows no function_app.py), so the same library judges, installed although it declares 3.13:
its loader and its validation of functions are the classic worker's, rule for rule (`loader.py`, `functions.py` of
both were compared in 2026-11); they differ in the wording of errors. The classic worker itself has not judged.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

JUDGE, WWWROOT = sys.argv[1:3]
APP_PACKAGES = WWWROOT + "/.python_packages/lib/site-packages"
_LEVELS = {50: 5, 40: 4, 30: 3, 20: 2, 10: 1}
protos: Any = SimpleNamespace()


@dataclass
class WorkerRequest:
    """What the library's functions take."""

    name: str
    request: Any
    properties: dict[str, Any] | None = None


class Channel(logging.Handler):
    """Standard output, which nothing else may write to: what the app prints goes to standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.json: Any = importlib.import_module("google.protobuf.json_format")
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        os.dup2(2, 1)

    def send(self, message: Any) -> None:
        # Through bytes, as over the wire: what protobuf cannot encode fails here.
        told = protos.StreamingMessage.FromString(message.SerializeToString())
        self.out.write(json.dumps(self.json.MessageToDict(told, preserving_proto_field_name=True)) + "\n")

    def emit(self, record: logging.LogRecord) -> None:
        log = protos.RpcLog(
            level=_LEVELS.get(record.levelno, 2), category=record.name, message=self.format(record)
        )
        self.send(protos.StreamingMessage(rpc_log=log))


def forget_modules_of(folder: str) -> None:
    """The worker lets go of what it imported from a folder, so that the app's own copy is imported next.

    Protobuf stays: its compiled part is loaded once in a process.
    """
    places = {
        name: [*(getattr(module, "__path__", None) or ()), getattr(module, "__file__", None) or ""]
        for name, module in list(sys.modules.items())
    }
    for name, paths in places.items():
        if name.split(".")[0] != "google" and any(path.startswith(folder + "/") for path in paths):
            del sys.modules[name]


def prefer_the_app() -> None:
    """The app's packages first, the worker's next, the app's folder last."""
    for folder in (JUDGE, APP_PACKAGES, WWWROOT):
        sys.path[:] = [each for each in sys.path if each != folder]
        sys.path_importer_cache.pop(folder, None)
    forget_modules_of(JUDGE)
    sys.path[:0] = [APP_PACKAGES, JUDGE]
    sys.path.append(WWWROOT)


class Dispatcher:
    """One answer for each request; the library is imported anew when the app's packages come first."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.library: Any = None

    async def answer(self, request: Any) -> None:
        kind = request.WhichOneof("content")
        field, value = await getattr(self, kind)(request)
        self.channel.send(protos.StreamingMessage(request_id=request.request_id, **{field: value}))

    def _reload(self) -> dict[str, Any]:
        self.library = importlib.import_module("azure_functions_runtime")
        self.library.start_threadpool_executor()
        return {"protos": protos, "host": "127.0.0.1"}

    async def worker_init_request(self, request: Any) -> tuple[str, Any]:
        if os.environ.get("WEBSITE_PLACEHOLDER_MODE") != "1":
            prefer_the_app()
        asked = WorkerRequest("WorkerInitRequest", request, self._reload())
        return "worker_init_response", await self.library.worker_init_request(asked)

    async def function_environment_reload_request(self, request: Any) -> tuple[str, Any]:
        prefer_the_app()
        asked = WorkerRequest("FunctionEnvironmentReloadRequest", request, self._reload())
        reloaded = await self.library.function_environment_reload_request(asked)
        return "function_environment_reload_response", reloaded

    async def functions_metadata_request(self, request: Any) -> tuple[str, Any]:
        asked = WorkerRequest("WorkerMetadataRequest", request)
        return "function_metadata_response", await self.library.functions_metadata_request(asked)

    async def function_load_request(self, request: Any) -> tuple[str, Any]:
        asked = WorkerRequest("FunctionLoadRequest", request)
        return "function_load_response", await self.library.function_load_request(asked)

    async def invocation_request(self, request: Any) -> tuple[str, Any]:
        asked = WorkerRequest("FunctionInvocationRequest", request)
        return "invocation_response", await self.library.invocation_request(asked)


def _end_on_fault(task: asyncio.Task[None]) -> None:
    """A fault of the library or of this file must not look like a slow answer."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        traceback.print_exception(fault)
        os._exit(70)


async def main() -> None:
    channel = Channel()
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(channel)
    dispatcher = Dispatcher(channel)
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = channel.json.ParseDict(json.loads(line), protos.StreamingMessage())
        task = asyncio.create_task(dispatcher.answer(request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(_end_on_fault)
    await asyncio.gather(*tasks)
    dispatcher.library.stop_threadpool_executor()


if __name__ == "__main__":
    # As the container starts a worker: where the app's packages will be is on the path before they are there.
    sys.path[:0] = [str(Path(__file__).parent), JUDGE, APP_PACKAGES]
    protos = importlib.import_module("protocol").make()
    asyncio.run(main())
