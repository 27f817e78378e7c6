"""What a route says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.simulator.call import Handler, Waiting


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `path` is under /v1.0 for Graph routes. `options` and `headers` are the modelled query
    options and behaviour-changing headers: others are 501; `prefers` the modelled values of Prefer, lower case
    without blanks. `quota`: the published budgets it falls under (models/throttle.py): write, report,
    conditional_access, activity, chat, mailbox (of the user in the path) or message (one more message of that
    mailbox). `units`: its base cost. `cloudless`: clouds that lack it beside what clouds.py says."""

    method: str
    path: str
    handler: Handler | Waiting
    mark: str
    page: str
    note: str = ""
    options: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    quota: str | None = None
    cloudless: tuple[str, ...] = ()
    units: int = 1
    prefers: tuple[str, ...] = ('idtype="immutableid"',)

    @property
    def outlook(self) -> bool:
        """Answered by Exchange: four at a time for one mailbox."""
        return self.quota in ("mailbox", "message")


USER = "/users/{id}"
NOT_IN_CHINA = ("china",)
