"""`serve`: simulator and service in the foreground until Ctrl-C."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from onboarding.cli import context, processes
from onboarding.errors import ConfigurationError
from onboarding.hr_api.readers import readers
from onboarding.settings import PREFIX, Settings

FOLDER = Path("build/serve")
#: The simulator looks at a token's form only, and this one has every vendor's.
PRETEND_TOKEN = "pretend:token"  # noqa: S105


def run(store: str = "embedded") -> int:
    """PORT (7071), SIM_PORT (7072); data in a fresh build/serve/ unless KEEP=1; writes build/serve.json.

    `store` azure: the store is an Azurite on this machine, which is started too unless one runs there already; then
    its data are kept, whatever KEEP says.

    KEEP=1 keeps the pretend tenant too, and its clock goes on from where it was.

    Exported ONBOARDING_* settings win, secrets included; store, tenant and clock are always those of this
    machine. A source whose events only name the person reads the simulator's pretend HR API, unless its own is set.

    Exit codes: 0 after Ctrl-C or SIGTERM, 5 when it cannot start, 70 when a process ended by itself.
    """
    with processes.interrupts():
        try:
            return _serve(store)
        except KeyboardInterrupt:
            return context.OK


def _serve(store: str) -> int:
    _refuse_second()
    kept = processes.wants_kept()
    if kept and store == "embedded" and not (FOLDER / processes.STORE_FILE).exists():
        context.note(f"Nothing is left in {FOLDER} to go on with: it starts empty.")
    pair = processes.prepare(FOLDER, os.environ, keep=kept, store=store)
    read_pretend_hr_apis(pair.settings, pair.simulator)
    with pair:
        try:
            write(pair)
            pair.start(kept=True)
            write(pair)  # now with the process ids of both
            context.note(f"dashboard  {pair.service}/api/dashboard")
            context.note(f"mailbox    {pair.simulator}/mail")
            context.note(f"details    {context.SERVE_FILE}   (Ctrl-C ends it)")
            while (code := pair.died()) is None:
                time.sleep(0.2)
            context.note(f"A process ended with exit code {code}.")
            return context.BUG
        finally:
            context.SERVE_FILE.unlink(missing_ok=True)


def read_pretend_hr_apis(settings: dict[str, str], simulator: str) -> None:
    """Give every source that has a reader, and no API of its own, the simulator's."""
    for source in Settings.from_env(settings).sources.values():
        if source.adapter in readers() and not (source.api_url or source.api_token):
            name = f"{PREFIX}HR_{source.source.upper().replace('-', '_')}_API"
            settings[f"{name}_URL"] = f"{simulator}/vendors/{source.source}"
            settings[f"{name}_TOKEN"] = PRETEND_TOKEN


def _refuse_second() -> None:
    """A second one from this folder would empty the store under the first. What a kill left behind goes away."""
    if found := running():
        service, stop = found
        raise ConfigurationError(
            f"A service from this folder runs already at {service}: stop it first, with: kill {stop}"
        )
    context.SERVE_FILE.unlink(missing_ok=True)


def running() -> tuple[str, str] | None:
    """Address and process ids of the service that build/serve.json names, if it answers."""
    try:
        found = json.loads(context.SERVE_FILE.read_text(encoding="utf-8"))
        service, pids = str(found["service"]), [found.get("pid"), *found.get("children", ())]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not processes.answers(f"{service}/api/health"):
        return None
    return service, " ".join(str(pid) for pid in pids if pid)


def write(pair: processes.Pair) -> None:
    """Before the service starts: whoever waits for `health` finds the file. Complete or not there at all."""
    draft = context.SERVE_FILE.with_suffix(".tmp")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(pair.describe(), indent=2) + "\n", encoding="utf-8")
    draft.replace(context.SERVE_FILE)
