"""`demo`: start, play, print what happened to whom, and leave the dashboard open."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from onboarding.cli import context, processes
from onboarding.cli.demo import people, story
from onboarding.cli.demo.world import World

FOLDER = Path("build/demo")
PORT, SIM_PORT = 7071, 7072


def run(*, once: bool, seed: int) -> int:
    """Play the demo. With `once` the last line on standard output is the result as JSON; otherwise the
    dashboard stays up until Ctrl-C.
    """
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    console = Console(stderr=True)
    hires = people.hires(seed)
    pair = processes.start(
        FOLDER,
        port=int(os.environ.get("PORT") or PORT),
        sim_port=int(os.environ.get("SIM_PORT") or SIM_PORT),
        keep=False,
        seed=seed,
        logs=True,
    )
    try:
        world = World(pair)
        console.print(f"{len(hires)} people are hired; {story.DAYS} days pass. Nobody here is real.")
        _play(world, hires, console)
        cases = world.cases()
        users = [user for user in world.users() if user.get("employeeId") in {h.employee_id for h in hires}]
        result = {
            "deliveries": world.accepted,
            "users_created": len(users),
            "confirmed": sum(case["state"] == "confirmed" for case in cases),
            "escalated": sum(_escalated(case) for case in cases),
            "blocked": sum(case["state"] == "blocked" for case in cases),
        }
        _keep(world, cases, result)
        console.print(_table(cases, hires))
        console.print(
            f"{world.accepted} deliveries accepted, {world.refused} refused (forged). "
            f"Mailbox, requests and cases: {FOLDER}/"
        )
        if not once:
            console.print(f"dashboard: {pair.service}/api/dashboard   mailbox: {pair.simulator}/mail")
            console.print("Ctrl-C ends it.")
            _stay(pair)
        context.out(json.dumps(result))
        return context.OK
    finally:
        pair.stop()


def _play(world: World, hires: list[people.Person], console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1)
        story.play(
            world,
            hires,
            lambda done, total, words: bar.update(task, completed=done, total=total, description=words),
        )


def _escalated(case: dict[str, Any]) -> bool:
    return any(
        nudge["audience"] in {"manager", "desk"}
        and nudge["status"] in {"sent", "uncertain"}
        and nudge["rung"] != "resolved_desk"
        for nudge in case["nudges"]
    )


def _keep(world: World, cases: list[dict[str, Any]], result: dict[str, int]) -> None:
    """What the tenant saw, for whoever wants to count again."""
    for name, data in (
        ("requests", world.requests()),
        ("mail", world.mail()),
        ("users", world.users()),
        ("cases", cases),
        ("result", result),
    ):
        text = json.dumps(data, ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _table(cases: list[dict[str, Any]], hires: list[people.Person]) -> Table:
    table = Table(title="What happened to whom", title_justify="left")
    for heading in ("Person", "Country", "State", "Confirmed in person", "Messages", "Why"):
        table.add_column(heading, overflow="fold")
    by_id = {case["employee_id"]: case for case in cases}
    order = {"blocked": 0, "following_up": 1, "cancelled": 2, "confirmed": 4}
    known = [(by_id.get(h.employee_id), h) for h in hires]
    for case, hire in sorted(known, key=lambda pair: order.get(pair[0]["state"], 3) if pair[0] else -1):
        name = " ".join(filter(None, (hire.given, hire.family)))
        if case is None:
            table.add_row(name, hire.country, "no case", "", "", "")
            continue
        sent = sum(nudge["status"] == "sent" for nudge in case["nudges"])
        why = f"{hire.note + ': ' if hire.note else ''}{case['explanation']}"
        table.add_row(name, hire.country, case["state"], case["status"], str(sent), why)
    return table


def _stay(pair: processes.Pair) -> None:
    try:
        while pair.died() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        return


def _interrupt() -> None:
    raise KeyboardInterrupt
