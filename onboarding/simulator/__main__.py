"""`python -m onboarding.simulator --port 7072`: the pretend tenant in the foreground."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from aiohttp import web

from onboarding.errors import ConfigurationError
from onboarding.simulator.app import build
from onboarding.simulator.clock import parse_time
from onboarding.simulator.locks import refuse_in_azure, refuse_other_hosts
from onboarding.simulator.models.tenant import DEFAULT_DOMAIN, Tenant
from onboarding.simulator.state import StateFile


def main(arguments: list[str] | None = None) -> int:
    """0 after Ctrl-C or SIGTERM, 2 for wrong arguments, 5 where it must not run."""
    parser = argparse.ArgumentParser(prog="python -m onboarding.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=7072)
    parser.add_argument("--seed", type=int, default=1, help="makes ids and passes reproducible")
    parser.add_argument("--domain", default=DEFAULT_DOMAIN, help="verified domain of the pretend company")
    parser.add_argument("--start", type=parse_time, help="where the clock starts (RFC 3339); default now")
    parser.add_argument(
        "--state", type=Path, help="file that keeps the tenant; what it holds goes before --seed and --start"
    )
    chosen = parser.parse_args(arguments)
    try:
        refuse_in_azure(os.environ)
        refuse_other_hosts(chosen.host)
        app = _application(chosen)
    except ConfigurationError as exc:
        sys.stderr.write(f"{exc.message}\n")
        return 5
    sys.stderr.write(f"Pretend tenant {chosen.domain} on http://{chosen.host}:{chosen.port}/\n")
    web.run_app(app, host=chosen.host, port=chosen.port, access_log=None, print=None)
    return 0


def _application(chosen: argparse.Namespace) -> web.Application:
    """With a state file: written once before the first request, so that a folder that cannot be written is
    found at the start, and once more at an orderly end."""
    fresh = Tenant(seed=chosen.seed, domain=chosen.domain, start=chosen.start)
    if chosen.state is None:
        return build(fresh)
    state = StateFile(chosen.state)
    tenant = state.load() or fresh
    if tenant.domain != fresh.domain:
        raise ConfigurationError(
            f"The state file {chosen.state} holds the tenant of another domain than {fresh.domain}: "
            "choose that domain, remove the file, or name another one."
        )
    try:
        state.write(tenant)
    except OSError as exc:
        raise ConfigurationError(f"The state file {chosen.state} cannot be written: {exc.strerror}.") from exc

    async def close(app: web.Application) -> None:
        state.write(tenant)

    app = build(tenant, state.keep)
    app.on_cleanup.append(close)
    return app


if __name__ == "__main__":
    sys.exit(main())
