"""Processes that start warm: forked from one that has imported what hosts import, which takes a host two seconds.

They are processes like others: a pid, a session and memory of their own, ended by any signal. `Process` has what tests
use of `subprocess.Popen`. Tests whose subject is the start itself start an interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.support.node import ROOT


class Process:
    """`python -m module argv…`. `stdin`, `stdout` and `stderr` are file descriptors, which stay the caller's."""

    def __init__(
        self,
        module: str,
        *argv: str,
        cwd: Path,
        env: Mapping[str, str],
        stdout: int,
        stderr: int,
        stdin: int | None = None,
    ) -> None:
        wanted = {"module": module, "argv": argv, "cwd": str(cwd), "env": dict(env)}
        self._nursery = _nursery()
        self.pid = self._nursery.fork(wanted, stdin, stdout, stderr)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; negative: by that signal; None: it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.status(self.pid, 0)
        return self.returncode

    def wait(self, timeout: float | None = 60.0) -> int:
        """TimeoutError when it runs on."""
        if self.returncode is None:
            self.returncode = self._nursery.status(self.pid, timeout)
        if self.returncode is None:
            raise TimeoutError(f"process {self.pid} runs on after {timeout} s")
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing if it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.kill()
        self.wait()


class _Nursery:
    """This process's nursery."""

    def __init__(self) -> None:
        self._said, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.support.nursery", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        self._ended: dict[int, int] = {}
        self._lock = threading.Lock()

    def fork(self, wanted: Mapping[str, object], stdin: int | None, stdout: int, stderr: int) -> int:
        with self._lock, open(os.devnull) as nothing:
            fds = [nothing.fileno() if stdin is None else stdin, stdout, stderr]
            socket.send_fds(self._said, [json.dumps(wanted).encode()], fds)
            while True:
                told = self._hear(60.0)
                assert told is not None, "the nursery does not answer"
                if "status" not in told:
                    return told["pid"]

    def status(self, pid: int, timeout: float | None) -> int | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while pid not in self._ended:
                left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
                if self._hear(left) is None:
                    return None
            return self._ended[pid]

    def _hear(self, timeout: float | None) -> dict[str, int] | None:
        if not select.select([self._said], [], [], timeout)[0]:
            return None
        said = self._said.recv(4096)
        assert said, "the nursery has ended: see its words above"
        told: dict[str, int] = json.loads(said)
        if "status" in told:
            self._ended[told["pid"]] = told["status"]
        return told

    def close(self) -> None:
        self._said.close()
        self._process.wait()


_made: dict[int, _Nursery] = {}


def _nursery() -> _Nursery:
    if (found := _made.get(os.getpid())) is None:
        found = _made[os.getpid()] = _Nursery()
        atexit.register(found.close)
    return found
