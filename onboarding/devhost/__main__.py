"""`python -m onboarding.devhost`: serve function_app.py on this machine, without the Azure tools.

Exit codes: 0 stopped by a signal, 1 the app or (with --strict) a check failed, 2 usage, 5 refused here.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from onboarding import observe
from onboarding.devhost.config import LEASE_SECONDS, Options, number_from_env
from onboarding.devhost.loading import AppLoadError
from onboarding.devhost.serving import prepare, say
from onboarding.errors import ConfigurationError


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    observe.setup(logging.StreamHandler(sys.stderr))
    try:
        options = read_options(argv)
        return asyncio.run(_serve(options))
    except AppLoadError as exc:
        say(f"error: {exc.message} ({observe.describe(exc.__cause__)})")
        say("In Azure this app would have no function at all, and no log line about it.")
        return 1
    except ConfigurationError as exc:
        say(f"error: {exc.message}")
        return 5
    except OSError as exc:
        say(f"error: cannot listen: {exc.strerror or type(exc).__name__}")
        return 5


def read_options(argv: Sequence[str] | None) -> Options:
    """Command line and DEVHOST_* variables. SystemExit(2) on usage errors, ConfigurationError otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m onboarding.devhost",
        description="Serve an Azure Functions app (Python v2) on one machine. For development only.",
    )
    add = parser.add_argument
    add("--app", type=Path, default=Path("function_app.py"), help="the app (default: function_app.py)")
    add("--host", default="127.0.0.1", help="loopback address to listen on")
    add("--port", type=int, default=7071, help="port; 0 takes a free one")
    add("--settings", type=Path, help="local.settings.json to read instead of the one beside the app")
    add("--strict", action="store_true", help="exit 1 if a start-up check fails")
    add("--keys", action="store_true", help="ask for function keys, as in Azure")
    add("--easy-auth", action="store_true", help="let X-MS-CLIENT-PRINCIPAL* headers through")
    add("--lease-seconds", type=float, help="queue lease (real host: 600)")
    add("--visibility-seconds", type=float, help="wait of a failed message (default: host.json)")
    add("--poll-seconds", type=float, help="longest wait between two polls of an empty queue (default: 1)")
    given = parser.parse_args(argv)
    if min(filter(lambda n: n is not None, (given.lease_seconds, given.poll_seconds)), default=1.0) <= 0:
        parser.error("seconds must be more than 0")
    return Options(
        app=given.app,
        host=given.host,
        port=given.port,
        strict=given.strict,
        enforce_keys=given.keys,
        function_key=os.environ.get("DEVHOST_FUNCTION_KEY") or secrets.token_urlsafe(32),
        master_key=os.environ.get("DEVHOST_MASTER_KEY") or secrets.token_urlsafe(32),
        easy_auth=given.easy_auth,
        lease_seconds=_seconds(given.lease_seconds, "DEVHOST_LEASE_SECONDS", LEASE_SECONDS),
        visibility_seconds=given.visibility_seconds
        if given.visibility_seconds is not None
        else number_from_env("DEVHOST_VISIBILITY_SECONDS", None),
        poll_seconds=_seconds(given.poll_seconds, "DEVHOST_POLL_SECONDS", 1.0),
        settings_file=given.settings,
    )


def _seconds(given: float | None, name: str, default: float) -> float:
    return given if given is not None else (number_from_env(name, None) or default)


async def _serve(options: Options) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    host = prepare(options)
    if host is None:
        return 1
    async with host:
        say(f"listening on {host.url} (Ctrl-C stops)")
        if options.enforce_keys:
            say("keys are asked for: DEVHOST_FUNCTION_KEY and DEVHOST_MASTER_KEY, or made up for this run:")
            say(f"  function {options.function_key}  master {options.master_key}")
        await stop.wait()
        busy = host.busy
    if busy:
        # A thread that still works would keep the process. Azure kills a worker in the same way.
        sys.stderr.flush()
        os._exit(0)
    if "onboarding.bootstrap" in sys.modules:
        # What the functions have opened in this process. The real host gives no such occasion.
        await sys.modules["onboarding.bootstrap"].close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
