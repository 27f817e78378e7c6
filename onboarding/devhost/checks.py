"""What the real host and worker check at start, said here before a deployment says it.

`check(functions, host_json, settings)` returns findings and raises nothing. `severity`:
`drop` the host leaves this function out and runs the rest, `app` nothing runs at all, `warn` it runs and will
hurt. Sources: ScriptHost and HttpRoutesManager of azure-functions-host, the binding checks of the Python
worker, "Naming queues and metadata", "Timer trigger for Azure Functions", host.json reference.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onboarding.devhost import bindings, config, ncrontab, routes
from onboarding.devhost.loading import resolve
from onboarding.devhost.model import HTTP, QUEUE, TIMER, FunctionSpec, IndexedFunction, spec_of

_FUNCTION_NAME = re.compile(r"^[a-z][a-z0-9_\-]{0,127}$", re.IGNORECASE | re.ASCII)
_BINDING_NAME = re.compile(r"^(?!.*__)(?:[a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return)$", re.ASCII)
_RESERVED_ROUTES = ("admin", "runtime")
_TRIGGERS = (HTTP, QUEUE, TIMER)
#: (key, lowest, highest) of extensions.queues.
_QUEUE_LIMITS = (("batchSize", 1, 32), ("newBatchThreshold", 0, 1000), ("maxDequeueCount", 1, 1000))


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed check. `function` None: the app or host.json as a whole."""

    function: str | None
    code: str
    message: str
    severity: str = "drop"


def check(
    functions: Sequence[IndexedFunction], host_json: Mapping[str, Any], settings: Mapping[str, str]
) -> list[Finding]:
    """All findings, in the order of definition; host.json first."""
    findings = list(_host_json(host_json))
    kept: list[FunctionSpec] = []
    for spec in map(spec_of, functions):
        found = list(_function(spec, settings, kept))
        findings += found
        if not any(finding.severity != "warn" for finding in found):
            kept.append(spec)
    return findings


def _function(
    spec: FunctionSpec, settings: Mapping[str, str], others: list[FunctionSpec]
) -> Iterable[Finding]:
    def finding(code: str, message: str, severity: str = "drop") -> Finding:
        return Finding(spec.name, code, message, severity)

    for message in _worker(spec):
        yield finding("worker_load", message, "app")
    if not _FUNCTION_NAME.match(spec.name) or spec.name.lower() == "host":
        yield finding("function_name", f"'{spec.name}' is not a valid function name.")
    if spec.name.lower() in {other.name.lower() for other in others}:
        yield finding(
            "function_name_twice", f"The function name must be unique within the function app: '{spec.name}'."
        )
    for name in (str(b.get("name") or "") for b in spec.bindings):
        if not _BINDING_NAME.match(name):
            yield finding(
                "binding_name",
                f"The binding name {name} is invalid. Please assign a valid name to the binding.",
            )
    if spec.trigger not in _TRIGGERS:
        yield finding("not_modelled", "The development host serves HTTP, queue and timer triggers only.")
        return
    for other in spec.bindings:
        kind = str(other.get("type", "")).lower()
        if other is not spec.binding and kind != "http":
            yield finding("not_modelled", f"The development host does not model the binding type '{kind}'.")
    checks: dict[str, Callable[[], Iterable[tuple[str, str]]]] = {
        HTTP: lambda: _http(spec, others),
        QUEUE: lambda: _queue(spec, settings),
        TIMER: lambda: _timer(spec, settings),
    }
    for code, message in checks[spec.trigger]():
        yield finding(code, message)
    if spec.trigger == HTTP and spec.auth_level == "admin":
        yield finding("master_key", "authLevel admin asks for the master key, which opens the host.", "warn")
    connection = str(spec.binding.get("connection") or "AzureWebJobsStorage")
    if spec.trigger == QUEUE and not _has_connection(connection, settings):
        # Here the embedded queue is polled, so this only hurts in Azure.
        message = f"Storage account connection string '{connection}' does not exist."
        yield finding("connection_missing", message, "warn")


def _worker(spec: FunctionSpec) -> Iterable[str]:
    """The Python worker's own load check. One failure there leaves the app without any function."""
    start = f"cannot load the {spec.name} function: "
    parameters = inspect.signature(spec.call).parameters
    declared = {str(b.get("name")) for b in spec.bindings} - {"$return"}
    if unbound := set(parameters) - declared - {"context"}:
        yield start + f"parameters without a binding: {', '.join(sorted(unbound))}"
    if missing := declared - set(parameters):
        yield start + f"bindings without a parameter: {', '.join(sorted(missing))}"
    try:
        hints = typing.get_type_hints(spec.call)
    except (NameError, TypeError, AttributeError) as exc:
        yield start + f"its annotations cannot be resolved ({type(exc).__name__})"
        return
    annotation = hints.get(spec.argument) if spec.trigger in _TRIGGERS else None
    if annotation is not None and not isinstance(annotation, type):
        yield start + f"binding {spec.argument} has invalid non-type annotation {annotation!r}"
    elif annotation is not None and not bindings.accepts(str(spec.binding.get("type")), annotation):
        yield (
            start + f'type of {spec.argument} binding in function.json "{spec.binding.get("type")}" '
            f'does not match its Python annotation "{annotation.__name__}"'
        )
    for name, hint in hints.items():
        if bindings.is_out(hint) and not bindings.is_valid_out(hint):
            yield start + f"binding {name} has invalid non-type annotation {hint!r}"


def _http(spec: FunctionSpec, others: list[FunctionSpec]) -> Iterable[tuple[str, str]]:
    route = spec.route.lower()
    if route.startswith(_RESERVED_ROUTES):
        yield "reserved_route", "The specified route conflicts with one or more built in routes."
        return
    try:
        routes.parse(spec.route)
    except routes.UnsupportedTemplate as exc:
        yield "route_template", f"The route template '{spec.route}' cannot be used: {exc}."
        return
    for other in others:
        if other.trigger == HTTP and other.route.lower() == route and _overlap(spec, other):
            yield (
                "route_twice",
                f"The route specified conflicts with the route defined by function '{other.name}'.",
            )


def _overlap(one: FunctionSpec, other: FunctionSpec) -> bool:
    return one.methods is None or other.methods is None or bool(one.methods & other.methods)


def _has_connection(name: str, settings: Mapping[str, str]) -> bool:
    """A connection string, or the settings of an identity-based connection (`NAME__queueServiceUri` …)."""
    wanted = (name.lower(), f"azurewebjobs{name.lower()}")
    present = {setting.lower().partition("__")[0] for setting in settings}
    return any(item in present for item in wanted)


def _resolved(text: str, settings: Mapping[str, str]) -> tuple[str, str | None]:
    """The text with settings in place, or the host's sentence."""
    try:
        return resolve(text, settings), None
    except KeyError as exc:
        return "", f"'%{exc.args[0]}%' does not resolve to a value."


def _queue(spec: FunctionSpec, settings: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    name, error = _resolved(spec.queue, settings)
    if error:
        yield "setting_missing", error
        return
    # The Queue extension lowers the name before it checks it.
    name = name.lower()
    if not 3 <= len(name) <= 63:
        yield "queue_name", f'A queue name must be from 3 to 63 characters long - "{name}"'
    elif name[0] == "-" or name[-1] == "-":
        yield "queue_name", f'The dash (-) character may not be the first or last letter - "{name}"'
    elif not re.fullmatch(r"[a-z0-9-]+", name):
        yield (
            "queue_name",
            f'A queue name can contain only letters, numbers, and dash(-) characters - "{name}"',
        )
    elif "--" in name:
        yield "queue_name", "A queue name cannot contain consecutive dash(-) characters."


def _timer(spec: FunctionSpec, settings: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    expression, error = _resolved(spec.schedule, settings)
    if error:
        yield "setting_missing", error
        return
    try:
        ncrontab.parse(expression)
    except ncrontab.BadSchedule as exc:
        yield (
            "schedule",
            f"The schedule expression '{expression}' was not recognized as a valid cron expression "
            f"or timespan string ({exc}).",
        )


def _host_json(host_json: Mapping[str, Any]) -> Iterable[Finding]:
    def wrong(message: str) -> Finding:
        return Finding(None, "host_json", message, "app")

    if host_json.get("version") != "2.0":
        yield wrong('host.json must say "version": "2.0".')
    extensions = host_json.get("extensions", {})
    queues = extensions.get("queues", {}) if isinstance(extensions, dict) else {}
    if not isinstance(queues, dict):
        yield wrong("extensions.queues of host.json must be an object.")
        return
    for key, low, high in _QUEUE_LIMITS:
        value = queues.get(key, low)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield wrong(f"extensions.queues.{key} of host.json must be from {low} to {high}.")
    for key, shortest in (("visibilityTimeout", 0.0), ("maxPollingInterval", 0.1)):
        try:
            if key in queues and config.seconds(queues[key]) < shortest:
                yield wrong(f"extensions.queues.{key} of host.json is too short.")
        except ValueError as exc:
            yield wrong(f"extensions.queues.{key} of host.json: {exc}.")
    if queues.get("messageEncoding", "base64") != "base64":
        yield wrong("the development host models extensions.queues.messageEncoding base64 only.")
