"""Two hosts of one store, as real processes: every message once, the timers by one of them, and by the other when it
is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import textwrap
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onboarding.ports import WORK_QUEUE, WorkMessage
from onboarding.storage.azure import open_azure
from onboarding.storage.messages import from_json
from tests.storage.stores import case_id
from tests.support import warm
from tests.support.azurite import Shared
from tests.support.node import ROOT

#: A message holds its place until both hosts have one (`BOTH` seconds at most): a batch is 8, at most 12 run at once,
#: so that no host can take them all while the other has not looked yet.
BOTH = 20
HOST = {"version": "2.0", "extensions": {"queues": {"batchSize": 8, "newBatchThreshold": 4}}}
APP = """
import asyncio
import os
import time
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

def note(what):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{os.getpid()} {what}\\n")

@app.timer_trigger("timer", schedule="* * * * * *")
def tick(timer: func.TimerRequest):
    note("tick")

@app.queue_trigger("msg", queue_name="onboarding-work", connection="AzureWebJobsStorage")
async def work(msg: func.QueueMessage):
    note(msg.get_body().decode())
    waited = time.monotonic() + BOTH
    while len(workers()) < 2 and time.monotonic() < waited:
        await asyncio.sleep(0.05)

def workers():
    with open(os.environ["NOTES"]) as notes:
        return {line.split()[0] for line in notes if not line.endswith(" tick\\n")}
"""


@dataclass
class Host:
    process: warm.Process
    url: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid


Start = Callable[[], Host]


@pytest.fixture
def account(azurite: Shared) -> str:
    return azurite.account()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.touch()
    return path


@pytest.fixture
def start(azurite: Shared, account: str, notes: Path, tmp_path: Path) -> Iterator[Start]:
    """Start another host of the same store; it listens when this returns."""
    (tmp_path / "host.json").write_text(json.dumps(HOST))
    (tmp_path / "function_app.py").write_text(textwrap.dedent(APP).replace("BOTH", str(BOTH)))
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "ONBOARDING_STORE": "azure",
        "AzureWebJobsStorage": azurite.connection_string(account),
        "NOTES": str(notes),
    }
    with contextlib.ExitStack() as stack:

        def one() -> Host:
            log = tmp_path / f"host-{time.monotonic_ns()}.log"
            argv = ("--port", "0", "--poll-seconds", "0.2")
            with log.open("w") as out:
                process = warm.Process(
                    "onboarding.devhost",
                    *argv,
                    cwd=tmp_path,
                    env=env,
                    stdout=out.fileno(),
                    stderr=out.fileno(),
                )
            stack.enter_context(process)
            wait_for(lambda: "listening on " in log.read_text() or process.poll() is not None, 30)
            said = log.read_text()
            assert process.poll() is None, said
            return Host(process, said.split("listening on ")[1].split()[0], log)

        yield one


def ticks(notes: Path) -> list[int]:
    """Process ids of the ticks so far."""
    lines = notes.read_text().splitlines()
    return [int(line.split()[0]) for line in lines if line.endswith(" tick")]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def settle(host: Host) -> dict[str, Any]:
    request = urllib.request.Request(f"{host.url}/_dev/settle", b'{"timeout_s": 20}', method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


def test_one_host_runs_the_timers_and_the_other_takes_them_over_when_it_is_killed(start: Start, notes: Path):
    first = start()
    second = start()
    wait_for(lambda: len(ticks(notes)) >= 3)
    assert set(ticks(notes)) == {first.pid}
    assert settle(second)["timers"] == "another host runs them"
    assert "timers" not in settle(first)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    before = len(ticks(notes))
    started = time.monotonic()
    wait_for(lambda: len(ticks(notes)) >= before + 2)
    assert set(ticks(notes)[before:]) == {second.pid}
    assert time.monotonic() - started < 8, "the dead holder's lease was waited for"
    # And who ends in order leaves nothing to wait for, nor anything unclosed.
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(10) == 0
    assert "nclosed" not in second.log.read_text()
    third = start()
    before = len(ticks(notes))
    wait_for(lambda: len(ticks(notes)) >= before + 1, 5)
    assert ticks(notes)[-1] == third.pid


async def test_two_hosts_share_the_queues_and_run_each_message_once(
    start: Start, azurite: Shared, account: str, notes: Path
):
    sent = [case_id(n) for n in range(60)]
    store = open_azure(azurite.settings(account))
    try:
        hosts = [start(), start()]
        for each in sent:
            await store.queue.send(WorkMessage(case_id=each))
        assert settle(hosts[0])["settled"]
        assert await store.queue_host.depth(WORK_QUEUE) == (0, 0)
    finally:
        await store.aclose()
    lines = [line.split(" ", 1) for line in notes.read_text().splitlines() if not line.endswith(" tick")]
    assert Counter(from_json(body).case_id for _, body in lines) == Counter(sent)
    assert {int(pid) for pid, _ in lines} == {host.pid for host in hosts}
