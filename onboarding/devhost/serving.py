"""From options to a host: environment, import, checks, parts. The one place where the parts are put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from onboarding.devhost.checks import Finding, check
from onboarding.devhost.clock import HostClock, SimulatorClock, SystemClock
from onboarding.devhost.config import HostConfig, Options, read_host_json
from onboarding.devhost.host import DevHost
from onboarding.devhost.loading import DEV_ROLE, load_functions, prepare_environment
from onboarding.devhost.model import HTTP, QUEUE, TIMER, FunctionSpec, spec_of
from onboarding.ports import QueueHost
from onboarding.settings import Settings

QueueFactory = Callable[[Settings], QueueHost]


def say(line: str) -> None:
    """A line for the developer, on standard error."""
    sys.stderr.write(f"devhost: {line}\n")
    sys.stderr.flush()


def prepare(
    options: Options, *, queue_host: QueueFactory | None = None, clock: HostClock | None = None
) -> DevHost | None:
    """Everything up to listening. None when checks failed and nothing may run (said on standard error).

    `queue_host` makes the queue to poll, by default that of `onboarding.bootstrap.host_side`; `clock` judges the
    timers, by default the clock of the settings. Raises ConfigurationError, AppLoadError.
    """
    used = prepare_environment(options.app, options.settings_file, easy_auth=options.easy_auth)
    say("DEVELOPMENT HOST: pretends to be Azure Functions, on this machine only. Never expose it.")
    say(f"app {options.app}, settings {used.name if used else 'from the environment only'}")
    if options.easy_auth:
        say("imitates App Service Authentication: X-MS-CLIENT-PRINCIPAL headers are believed")
    else:
        say(f"every request has the role '{os.environ.get(DEV_ROLE)}' unless it sends X-Dev-Role")
    host_json = read_host_json(options.app.resolve().parent / "host.json")
    functions = load_functions(options.app)
    environment = dict(os.environ)
    findings = check(functions, host_json, environment)
    specs = _kept([spec_of(function) for function in functions], findings)
    if not _go_on(findings, options):
        return None
    config = HostConfig.read(host_json)
    _list(specs, config)
    return _assemble(specs, config, options, environment, queue_host, clock)


def _go_on(findings: list[Finding], options: Options) -> bool:
    for finding in findings:
        place = f"function '{finding.function}'" if finding.function else "the app"
        word = {"drop": "DROPPED", "app": "NOTHING WOULD RUN", "warn": "warning"}[finding.severity]
        say(f"{word}: {place}: {finding.message}")
    severe = {finding.severity for finding in findings}
    return "app" not in severe and not (options.strict and "drop" in severe)


def _kept(specs: list[FunctionSpec], findings: list[Finding]) -> list[FunctionSpec]:
    """The specs that the host keeps. Of two functions with one name the host keeps the first."""
    seen: set[str] = set()
    kept = []
    dropped = {f.function for f in findings if f.severity != "warn" and f.code != "function_name_twice"}
    for spec in specs:
        if spec.name not in dropped and spec.name.lower() not in seen:
            seen.add(spec.name.lower())
            kept.append(spec)
    return kept


def _list(specs: list[FunctionSpec], config: HostConfig) -> None:
    for spec in specs:
        if spec.trigger == HTTP:
            methods = ",".join(sorted(spec.methods)) if spec.methods else "any method"
            prefix = f"/{config.route_prefix}" if config.route_prefix else ""
            say(f"  {spec.name}: [{methods}] {prefix}/{spec.route} ({spec.auth_level})")
        else:
            say(
                f"  {spec.name}: {'queue ' + spec.queue if spec.trigger == QUEUE else 'timer ' + spec.schedule}"
            )


def _assemble(
    specs: list[FunctionSpec],
    config: HostConfig,
    options: Options,
    environment: Mapping[str, str],
    queue_host: QueueFactory | None,
    clock: HostClock | None,
) -> DevHost:
    kinds = {spec.trigger for spec in specs}
    queues = lock = release = None
    if QUEUE in kinds and queue_host is not None:
        queues = queue_host(Settings.from_env(environment))
    elif QUEUE in kinds:
        # Imported on use: the bootstrap brings the stores, which an app without queues does not need.
        from onboarding.bootstrap import host_side

        side = host_side(Settings.from_env(environment))
        queues, lock, release = side.queues, side.timer_lock, side.aclose
    if clock is None and TIMER in kinds:
        clock = _clock(Settings.from_env(environment))
    return DevHost(
        specs,
        config,
        options,
        clock=clock or SystemClock(),
        queues=queues,
        settings=environment,
        timer_lock=lock,
        release=release,
    )


def _clock(settings: Settings) -> HostClock:
    """The service's clock: the simulator's where the service reads that one."""
    return SimulatorClock(settings.graph_base_url) if settings.clock == "simulator" else SystemClock()
