"""Faults that a test orders: wrong statuses, lost answers, delays, replication lag.

One fault acts on a request, the first that fits; a replication lag acts beside it. The lag belongs to what the
request does, so a request that a fault (or a quota) refuses leaves it for the next one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onboarding.simulator.errors import ControlError

MODES = ("status", "drop_before", "drop_after_effect", "delay", "replication_lag")
#: Retry-After of the documented 429 sample: seconds with a fraction ("Microsoft Graph throttling guidance").
_SAMPLE_DELAY = 2.128
_KEYS = {"method", "path", "times", "mode", "status", "retry_after", "seconds"}


@dataclass(slots=True)
class Fault:
    """Applies to the next `times` requests (None: until deleted) whose method and path fit.

    path: as the client writes it, without query, with or without `/v1.0`; `*` and `{name}` stand for one
    segment, `**` for any number; absent, `*` alone or `**`: every path. seconds: real seconds for `delay`,
    virtual ones for `replication_lag`. replication_lag on POST /users (or with no path) makes the created
    user invisible for that long; on another path it makes users younger than that invisible to the matching
    request.
    """

    mode: str
    method: str | None
    path: str | None
    pattern: re.Pattern[str]
    times: int | None
    status: int
    retry_after: str | None
    seconds: float

    @property
    def lags(self) -> bool:
        return self.mode == "replication_lag"

    def fits(self, method: str, path: str) -> bool:
        return self.method in (None, method) and self.pattern.fullmatch(path) is not None

    def as_json(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "method": self.method,
            "path": self.path,
            "times": self.times,
            "status": self.status,
            "retry_after": self.retry_after,
            "seconds": self.seconds,
        }


def _pattern(path: str | None) -> re.Pattern[str]:
    if path is None or path in ("*", "**"):
        return re.compile(".*", re.DOTALL)
    bare = path.removeprefix("/v1.0").split("?", 1)[0]
    parts = re.split(r"(\*\*|\*|\{\w+\})", bare)
    made = [{"**": ".*", "*": "[^/]+"}.get(part) or _segment(part) for part in parts]
    return re.compile("(?:/v1\\.0)?" + "".join(made))


def _segment(part: str) -> str:
    return "[^/]+" if part.startswith("{") else re.escape(part)


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """ControlError for an unknown key, mode or type."""
    if unknown := set(body) - _KEYS:
        raise ControlError(f"faults: unknown key {sorted(unknown)[0]!r}; known: {', '.join(sorted(_KEYS))}")
    mode = body.get("mode")
    if mode not in MODES:
        raise ControlError(f"faults: mode must be one of {', '.join(MODES)}")
    times = body.get("times", 1)
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ControlError("faults: times must be a positive whole number, or null for no end")
    status = body.get("status", 503)
    if not isinstance(status, int) or not 400 <= status <= 599:
        raise ControlError("faults: status must be 400 to 599")
    seconds = body.get("seconds", 0)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise ControlError("faults: seconds must be a number, 0 or more")
    method, path, retry_after = (
        body.get("method"),
        body.get("path"),
        body.get("retry_after", _SAMPLE_DELAY if status == 429 else None),
    )
    if not isinstance(method, str | None) or not isinstance(path, str | None):
        raise ControlError("faults: method and path are strings")
    if isinstance(path, str) and not path.startswith(("/", "*")):
        raise ControlError("faults: path begins with /")
    if isinstance(retry_after, bool) or not isinstance(retry_after, int | float | str | None):
        raise ControlError("faults: retry_after is a number of seconds or the header's text")
    verb = None if method in (None, "*") else str(method).upper()
    header = (
        None if retry_after is None else (retry_after if isinstance(retry_after, str) else f"{retry_after:g}")
    )
    return Fault(mode, verb, path, _pattern(path), times, status, header, float(seconds))
