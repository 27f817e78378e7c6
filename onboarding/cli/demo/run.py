"""`demo`: start, play, print what happened to whom, and leave the dashboard open; or go on with what a run left."""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path

import httpx
from rich.console import Console

from onboarding.cli import context, processes, serve
from onboarding.cli.demo import people, report, result, story
from onboarding.cli.demo.world import World
from onboarding.errors import ConfigurationError

ROLES = ("viewer", "operator", "approver")
ROLE, STORE, POLICY = "ONBOARDING_DEV_ROLE", "ONBOARDING_STORE_PATH", "ONBOARDING_POLICY_FILE"
#: No public holidays: one seed gives the same numbers on any day.
DEMO_POLICY = Path(__file__).with_name("policy.toml")
COMMAND = "python -m onboarding"


def folder() -> Path:
    """Where the run leaves its store, logs and raw data: DEMO_FOLDER, by default build/demo."""
    return Path(os.environ.get("DEMO_FOLDER") or processes.BUILD / "demo")


def run(*, once: bool, seed: int) -> int:
    """Play the demo. With `once` the last and only line on standard output is the result as JSON; otherwise
    the dashboard stays up until Ctrl-C. KEEP=1, without `once`, plays nothing: service and pretend tenant go on with
    what the last run left in the folder, however it ended.

    Nothing else exported changes it but PORT, SIM_PORT and DEMO_FOLDER, and ONBOARDING_DEV_ROLE what the dashboard
    lets you do afterwards. While it stays up, build/serve.json leads the other verbs to it, unless a `make serve`
    runs from here. Exit codes: 0 also after Ctrl-C, 5 when it cannot start, 70 when a process ended by itself.
    """
    out = report.console()
    with processes.interrupts():
        try:
            kept = processes.wants_kept() and not once
            if kept and (folder() / processes.STATE).exists():
                return _go_on(out)
            if kept:
                out.print(f"Nothing is left in {folder()} to go on with: the demo plays from the beginning.")
            return _run(out, once=once, seed=seed)
        except KeyboardInterrupt:
            out.print("Stopped.")
            return context.OK


def _run(out: Console, *, once: bool, seed: int) -> int:
    hires = people.hires(seed)
    with _pair(keep=False) as pair:
        out.print(f"{len(hires)} people are hired; {story.DAYS} days pass. Nobody here is real.")
        with report.Watch(out) as watch:
            pair.start(seed=seed, logs=True, kept=True)
            world = World(pair)
            try:
                story.play(world, hires, watch.tell)
            except httpx.HTTPError as exc:
                raise _broken(pair) from exc
        cases = world.cases()
        numbers = result.count(world, cases)
        result.keep(world, pair.folder, cases, numbers)
        report.show(out, result.rows(hires, cases), numbers, len(world.posted) - world.accepted)
        out.print(f"Deliveries, mailbox, requests, users and cases: {pair.folder}/*.json", soft_wrap=True)
        if once:
            context.out(json.dumps(numbers))
            return context.OK
        return _stay(out, pair)


def _pair(*, keep: bool) -> processes.Pair:
    pair = processes.prepare(folder(), {POLICY: str(DEMO_POLICY), **_role()}, keep=keep)
    serve.read_pretend_hr_apis(pair.settings, pair.simulator)
    return pair


def _go_on(out: Console) -> int:
    """Service and tenant as the last run left them; their clock has gone on meanwhile."""
    with _pair(keep=True) as pair:
        pair.start(logs=True, kept=True)
        out.print(
            f"Everybody is as the last run left them in {pair.folder}; nothing is played.", soft_wrap=True
        )
        if not (pair.folder / "result.json").exists():
            out.print("It ended before the story did: the rest of the story is not played.")
        return _stay(out, pair)


def _again() -> str:
    """What to type to go on."""
    named = os.environ.get("DEMO_FOLDER")
    return f"{f'DEMO_FOLDER={shlex.quote(named)} ' if named else ''}KEEP=1 make demo"


def _broken(pair: processes.Pair) -> ConfigurationError:
    """One of the two does not answer any more. During Ctrl-C that is no news: they got it as well."""
    time.sleep(0.3)
    return ConfigurationError(
        f"Simulator or service stopped answering: see the logs in {pair.folder}. What was played so far is there: "
        f"{_again()}. To play from the beginning: make demo."
    )


def _role() -> dict[str, str]:
    """The one setting of the environment that counts: it changes nothing of what happens in the demo."""
    wanted = os.environ.get(ROLE, "").strip()
    return {ROLE: wanted} if wanted in ROLES else {}


def _stay(out: Console, pair: processes.Pair) -> int:
    ours = serve.running() is None
    try:
        if ours:
            serve.write(pair)
        return _open(out, pair, ours=ours)
    finally:
        if ours:
            context.SERVE_FILE.unlink(missing_ok=True)


def _open(out: Console, pair: processes.Pair, *, ours: bool) -> int:
    service = pair.service.replace(processes.LOOPBACK, "localhost")
    simulator = pair.simulator.replace(processes.LOOPBACK, "localhost")
    out.print(f"\ndashboard  {service}/api/dashboard", soft_wrap=True)
    out.print(f"mailbox    {simulator}/mail", soft_wrap=True)
    # The file of a `make serve` stays: then the store is named, which is enough for reading.
    store = "" if ours else f"{STORE}={shlex.quote(pair.settings[STORE])} "
    out.print(f"terminal   {store}{COMMAND} cases", soft_wrap=True, markup=False)
    out.print(_may(pair.settings.get(ROLE, "operator"), by_command=ours), soft_wrap=True, markup=False)
    out.print("Ctrl-C ends it.")
    while (code := pair.died()) is None:
        time.sleep(0.2)
    out.print(
        f"A process ended with exit code {code}: see the logs in {pair.folder}. To go on with everybody as they are: "
        f"{_again()}. To play from the beginning: make demo.",
        soft_wrap=True,
        markup=False,
    )
    return context.BUG


def _may(role: str, *, by_command: bool) -> str:
    """Who you are on the dashboard, and how to decide what waits for an approver."""
    if role == "approver":
        return "You are an approver there: whoever waits for an approval has a button for it."
    command = f"with {COMMAND} approve CASE --reason TEXT, or " if by_command else ""
    return (
        f"You are {role} there. Approve what waits for an approver {command}on the dashboard after "
        f"KEEP=1 {ROLE}=approver make demo."
    )
