"""What a route says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.simulator.call import Handler


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `path` is under /v1.0 for Graph routes. `options` and `headers` are the modelled query
    options and behaviour-changing headers: others are 501. `quota`: report or write, as published.
    `cloudless`: clouds whose v1.0 schema or documentation has no such call."""

    method: str
    path: str
    handler: Handler
    mark: str
    page: str
    note: str = ""
    options: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    quota: str | None = None
    cloudless: tuple[str, ...] = ()


USER = "/users/{id}"
NOT_IN_CHINA = ("china",)
