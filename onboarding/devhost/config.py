"""host.json and the development host's own options."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onboarding.errors import ConfigurationError

_TIMESPAN = re.compile(r"^(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,7})?$")
#: The host's queue lease; renewed at half-time while the function runs.
LEASE_SECONDS = 600.0


def seconds(value: object) -> float:
    """A .NET TimeSpan (`00:00:30`, `1.00:00:00`) in seconds. ValueError otherwise."""
    found = _TIMESPAN.match(value) if isinstance(value, str) else None
    if not found or int(found[2]) > 23 or int(found[3]) > 59 or int(found[4]) > 59:
        raise ValueError("a TimeSpan such as 00:00:30 is expected")
    days, hours, minutes, whole = (int(found[n] or 0) for n in (1, 2, 3, 4))
    return ((days * 24 + hours) * 60 + minutes) * 60 + whole + float(found[5] or 0)


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The part of host.json that is served here, with the host's own defaults."""

    route_prefix: str = "api"
    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    #: Seconds before a failed message is seen again.
    visibility_seconds: float = 0.0
    max_polling_seconds: float = 60.0

    @classmethod
    def read(cls, host_json: Mapping[str, Any]) -> HostConfig:
        """Take what is there; what is wrong is reported by `checks.check` and left at its default."""
        extensions = _mapping(host_json.get("extensions"))
        queues = _mapping(extensions.get("queues"))
        prefix = _mapping(extensions.get("http")).get("routePrefix", "api")
        batch = _whole(queues.get("batchSize"), 16)
        return cls(
            route_prefix=str(prefix).strip("/"),
            batch_size=batch,
            # The real default is half the batch for each core; one core is assumed here.
            new_batch_threshold=_whole(queues.get("newBatchThreshold"), max(batch // 2, 1)),
            max_dequeue_count=_whole(queues.get("maxDequeueCount"), 5),
            visibility_seconds=_span(queues.get("visibilityTimeout"), 0.0),
            max_polling_seconds=_span(queues.get("maxPollingInterval"), 60.0),
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _span(value: object, default: float) -> float:
    try:
        return seconds(value)
    except ValueError:
        return default


def read_host_json(path: Path) -> dict[str, Any]:
    """The file as JSON; an absent file is `{}`. Raises ConfigurationError if it is not an object."""
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as exc:
        raise ConfigurationError(f"{path.name} is not JSON: {exc}") from exc
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path.name} must hold a JSON object.")
    return data


@dataclass(frozen=True, slots=True)
class Options:
    """How this development host runs. Everything that the real host fixes has the real host's default."""

    app: Path = Path("function_app.py")
    host: str = "127.0.0.1"
    port: int = 7071
    #: Exit 1 when the host's start-up checks drop a function.
    strict: bool = False
    #: Ask for keys, as in Azure; off as with `func start`.
    enforce_keys: bool = False
    function_key: str = field(default="", repr=False)
    master_key: str = field(default="", repr=False)
    #: Let X-MS-CLIENT-PRINCIPAL* through, as if App Service Authentication had set them.
    easy_auth: bool = False
    lease_seconds: float = LEASE_SECONDS
    #: None: visibilityTimeout of host.json.
    visibility_seconds: float | None = None
    #: Cap of the queue back-off. The real host takes maxPollingInterval; a developer does not want to wait.
    poll_seconds: float = 1.0
    #: How often timers are looked at, in real seconds.
    tick_seconds: float = 0.5
    #: local.settings.json; None: that file beside the app, else local.settings.example.json.
    settings_file: Path | None = None


def number_from_env(name: str, default: float | None) -> float | None:
    """A positive number of seconds from the environment. Raises ConfigurationError."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as exc:
        raise ConfigurationError(f"{name} must be a number of seconds.") from exc
    if not 0 <= value < float("inf"):
        raise ConfigurationError(f"{name} must be a number of seconds, not negative.")
    return value
