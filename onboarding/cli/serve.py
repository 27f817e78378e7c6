"""`serve`: simulator and service in the foreground until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from onboarding.cli import context, processes

FOLDER = Path("build/serve")


def run() -> int:
    """PORT (7071), SIM_PORT (7072); data in a fresh build/serve/ unless KEEP=1; writes build/serve.json."""
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    pair = processes.start(
        FOLDER,
        port=int(os.environ.get("PORT") or 7071),
        sim_port=int(os.environ.get("SIM_PORT") or 7072),
        keep=os.environ.get("KEEP") == "1",
        seed=None,
        logs=False,
    )
    context.SERVE_FILE.write_text(json.dumps(pair.describe(), indent=2) + "\n", encoding="utf-8")
    context.note(f"dashboard  {pair.service}/api/dashboard")
    context.note(f"mailbox    {pair.simulator}/mail")
    context.note(f"details    {context.SERVE_FILE}   (Ctrl-C ends it)")
    try:
        while (code := pair.died()) is None:
            time.sleep(0.3)
        context.note(f"A process ended with exit code {code}.")
        return context.BUG
    except KeyboardInterrupt:
        return context.OK
    finally:
        pair.stop()
        context.SERVE_FILE.unlink(missing_ok=True)


def _interrupt() -> None:
    raise KeyboardInterrupt
