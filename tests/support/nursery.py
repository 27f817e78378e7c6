"""Forks processes for `tests.support.warm`: `python -m tests.support.nursery FD`, a socket to the test process.

Imports what a host imports, once; then each request is a fork that runs a module as `python -m` does. One JSON object
a message in both directions: `{module, argv, cwd, env}` with three file descriptors comes in, `{pid}` goes out at once
and `{pid, status}` when it has ended. When the test process ends, so do all.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import traceback
from typing import Any

#: What hosts and children at a store spend their first second with. No `__main__`, and no app: they run these.
PRELOAD = (
    "onboarding.bootstrap",
    "onboarding.cli.context",
    "onboarding.devhost.serving",
    "onboarding.operate.work",
    "onboarding.storage.azure.cases",
    "onboarding.storage.azure.connection",
    "onboarding.storage.azure.deliveries",
    "onboarding.storage.azure.queue",
    "onboarding.storage.azure.timer_lock",
    "tests.storage.stores",
)
LONGEST = 1 << 20


def main(said: socket.socket) -> None:
    for name in PRELOAD:
        __import__(name)
    from onboarding.graph import sdk

    sdk.load_sdk()
    gc.collect()
    gc.freeze()
    ended, wake = socket.socketpair()
    ended.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    look = selectors.DefaultSelector()
    for each in (said, ended):
        look.register(each, selectors.EVENT_READ)
    alive: set[int] = set()
    while True:
        for key, _ in look.select():
            if key.fileobj is ended:
                ended.recv(4096)
                _reap(said, alive)
                continue
            wanted, fds, _, _ = socket.recv_fds(said, LONGEST, 3)
            if not wanted:
                for pid in alive:
                    os.kill(pid, signal.SIGKILL)
                return
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for opened in (said, ended, wake, look):
                    opened.close()
                _run(json.loads(wanted), fds)
            for fd in fds:
                os.close(fd)
            alive.add(pid)
            _say(said, pid=pid)


def _reap(said: socket.socket, alive: set[int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            alive.discard(ended[0])
            _say(said, pid=ended[0], status=os.waitstatus_to_exitcode(ended[1]))


def _say(said: socket.socket, **what: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # it ended: the next look says so
        said.send(json.dumps(what).encode())


def _run(wanted: dict[str, Any], fds: list[int]) -> None:
    """In the fork; never returns."""
    status = 1
    try:
        os.setsid()
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        os.chdir(wanted["cwd"])
        os.environ.clear()
        os.environ.update(wanted["env"])
        sys.argv = [wanted["module"], *wanted["argv"]]
        sys.path[0] = wanted["cwd"]
        runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
