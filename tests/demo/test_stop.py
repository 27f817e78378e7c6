"""`make demo` at its edges: stopped in the middle, a port that is taken, a folder that is not its own."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.cli import processes
from onboarding.cli.demo import story
from tests.support import doubles

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.xdist_group("demo")]


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(true: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def environment(folder: Path, ports: tuple[int, int], **more: str) -> dict[str, str]:
    named = {"PORT": str(ports[0]), "SIM_PORT": str(ports[1]), "DEMO_FOLDER": str(folder)}
    return {**os.environ, **named, **more}


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "onboarding", "demo", "--once"]


@pytest.mark.parametrize(
    ("whom", "number"),
    [
        ("the demo alone", signal.SIGTERM),
        ("the demo alone", signal.SIGHUP),
        ("the whole group, as a terminal does", signal.SIGINT),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
def test_a_signal_in_the_middle_ends_both_processes_and_exits_0(
    tmp_path: Path, number: signal.Signals, whom: str
) -> None:
    ports = free_ports()
    demo = subprocess.Popen(
        COMMAND,
        env=environment(tmp_path / "data", ports),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        until(lambda: answers(ports[0]))
        started = children(demo.pid)
        assert len(started) == 2
        if whom == "the demo alone":
            demo.send_signal(number)
        else:
            os.killpg(demo.pid, number)
        out, err = demo.communicate(timeout=20)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
    assert (demo.returncode, out) == (0, ""), err
    assert "Traceback" not in err
    assert not [pid for pid in started if alive(pid)]
    assert not answers(ports[0])
    assert not answers(ports[1])


def of(port: int, path: str) -> Any:
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers={"x-dev-role": "viewer"}, trust_env=False)
    return answer.json()["items"]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
@pytest.mark.parametrize("number", [1, 2], ids=["the service", "both"])
def test_what_was_played_when_processes_are_killed_can_be_gone_on_with(tmp_path: Path, number: int) -> None:
    """The demo says how, and what it says works: everybody is there, in the service and in the tenant."""
    ports, folder = free_ports(), tmp_path / "data"
    play = [word for word in COMMAND if word != "--once"]
    given: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "encoding": "utf-8",
        "cwd": ROOT,
        "start_new_session": True,
    }
    demos = [subprocess.Popen(play, env=environment(folder, ports), **given)]
    try:
        until(lambda: answers(ports[0]))
        until(lambda: len(of(ports[0], "/api/cases")) > 4)
        users = {item["id"] for item in of(ports[1], "/_control/users")}
        cases = {item["case_id"] for item in of(ports[0], "/api/cases")}
        for child in children(demos[0].pid)[-number:]:
            os.kill(child, signal.SIGKILL)
        said, _ = demos[0].communicate(timeout=60)
        assert demos[0].returncode == 5
        assert f"DEMO_FOLDER={folder} KEEP=1 make demo" in " ".join(said.split()), said
        demos.append(subprocess.Popen(play, env=environment(folder, ports, KEEP="1"), **given))
        stream = demos[1].stdout
        assert stream is not None
        said = ""
        for line in stream:
            said += line
            if "Ctrl-C ends it" in line:
                break
        assert users <= {item["id"] for item in of(ports[1], "/_control/users")}
        assert cases <= {item["case_id"] for item in of(ports[0], "/api/cases")}
        demos[1].send_signal(signal.SIGTERM)
        demos[1].communicate(timeout=20)
        assert demos[1].returncode == 0
        assert "nothing is played" in said
        assert "It ended before the story did: the rest of the story is not played." in said
    finally:
        for demo in demos:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGKILL)
                demo.wait()


def test_a_port_that_is_taken_is_named_with_the_variable_to_set(tmp_path: Path) -> None:
    ports = free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[1]))
        other.listen()
        demo = subprocess.run(
            COMMAND, env=environment(tmp_path / "data", ports), capture_output=True, encoding="utf-8"
        )
    assert (demo.returncode, demo.stdout) == (5, "")
    assert f"Port {ports[1]}" in demo.stderr
    assert "set SIM_PORT" in demo.stderr


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"PORT": "seven"}, "PORT must be a number"),
        ({"SIM_PORT": "70000"}, "SIM_PORT must be a number"),
        ({"PORT": "7399", "SIM_PORT": "7399"}, "different"),
    ],
)
def test_a_port_that_is_none_is_refused(tmp_path: Path, named: dict[str, str], says: str) -> None:
    env = environment(tmp_path / "data", free_ports(), **named)
    demo = subprocess.run(COMMAND, env=env, capture_output=True, encoding="utf-8")
    assert (demo.returncode, demo.stdout) == (5, "")
    assert says in demo.stderr


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    demo = subprocess.run(
        COMMAND, env=environment(tmp_path, free_ports()), capture_output=True, encoding="utf-8"
    )
    assert demo.returncode == 5
    assert "left alone" in demo.stderr
    assert precious.read_text() == "mine"


def test_a_terminal_gets_a_bar_that_says_what_goes_on(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    env = environment(tmp_path / "data", free_ports(), TERM="xterm", COLUMNS="100")
    demo = subprocess.Popen(COMMAND, env=env, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    shown = ""
    try:
        deadline = time.monotonic() + 40
        while "announce" not in shown and time.monotonic() < deadline:
            shown += os.read(controller, 4096).decode("utf-8", "replace")
        demo.send_signal(signal.SIGINT)
        while demo.poll() is None:
            os.read(controller, 4096)
    except OSError:  # the terminal is closed with the last process
        demo.wait(20)
    finally:
        os.close(controller)
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert demo.returncode == 0
    assert re.search(r"\d+%", shown)
    assert re.search(r"Mon \d\d \w\w\w 06:00", shown)


@pytest.mark.parametrize(
    ("days", "hours", "ahead"),
    [(0, 0, 0), (0, 5.9, 0), (0, 6, 0), (0, 6.1, 7), (1, 0, 6), (6, 23, 1)],
    ids=["Monday at midnight", "just before", "on the dot", "just after", "Tuesday", "Sunday night"],
)
def test_the_story_begins_on_the_next_monday_at_six(days: int, hours: float, ahead: int) -> None:
    monday = doubles.T0.replace(hour=0, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    now = monday + timedelta(days=days, hours=hours)
    begin = story.beginning(now)
    assert begin == monday + timedelta(days=days + ahead, hours=6)
    assert begin >= now


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_whose_exception_got_lost_still_ends_the_next_loop() -> None:
    class Lost:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)  # Python prints what a finaliser raises, and goes on

    with processes.interrupts():
        processes.heed()
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            Lost()
        with pytest.raises(KeyboardInterrupt):
            processes.heed()
    with processes.interrupts():
        processes.heed()
