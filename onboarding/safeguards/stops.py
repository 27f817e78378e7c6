"""What the service holds back by itself at the moment, for everybody at once: one row in the store.

| kind | what | opened by | ends |
|---|---|---|---|
| `permission` | a step | the tenant refuses it for want of a permission | a probe (one case at a time) gets through |
| `tenant` | an API of the tenant | 5xx and lost connections across cases | the same |
| `limit` | a kind of action | more of it in an hour than the policy allows | an approver |

A case that meets a stop waits with the kind's reason code and is looked at again when the stop ends: `released` says
so, and the follow-up timer sends everybody who waits (`operate.due`). Should that be lost, the case's own due row
brings it back within an hour or two. All writes are compare-and-swap on the one row, which changes when trouble
begins, is probed, or ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from onboarding.domain.account import LostMethod, Recall
from onboarding.domain.case import Case
from onboarding.errors import StoreConflict, Unavailable
from onboarding.ports import CaseStore

MARKER = "stops"
PERMISSION, TENANT, LIMIT = "permission", "tenant", "limit"
#: Kind of a stop → reason code of the cases that wait for its end.
REASONS: Mapping[str, str] = {
    PERMISSION: "held_for_permission",
    TENANT: "held_for_tenant",
    LIMIT: "paused_by_limit",
}
HELD = frozenset(REASONS.values())
#: The `why` of a message that wakes a case whose stop has ended.
RELEASED = "released"
#: Stands among the refused calls for whichever is made.
ANY = "*"
_TRIES = 20


@dataclass(slots=True)
class Stop:
    """One stop. Codes, counts and our own sentences only; nothing of a person."""

    kind: str
    #: A step, an API, or a kind of action.
    what: str
    since: datetime
    #: Nobody probes before; None: no probe ends it.
    until: datetime | None = None
    #: Probes that failed.
    tries: int = 0
    #: What an operator reads: the error's own message, or numbers.
    text: str = ""
    #: Case that met it first, and the one that is asked to probe next.
    raised_by: str | None = None
    standby: str | None = None
    #: Calls of the tenant that were refused, and that nobody has got through since. Empty: it is not known which.
    calls: list[str] = field(default_factory=list)
    #: What the one action counts as that reached a limit: an approval of fewer would not let it go on.
    wanted: int = 1

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.what}"


@dataclass(slots=True)
class Release:
    """The end of a stop, remembered until everybody who waited has been sent."""

    at: datetime
    #: `service`, or `operator:<id>`.
    actor: str = "service"
    reason: str | None = None
    #: Those who wait are still to be sent.
    wake: bool = True


@dataclass(slots=True)
class Board:
    """The row."""

    stops: dict[str, Stop] = field(default_factory=dict)
    released: dict[str, Release] = field(default_factory=dict)
    #: Step → case id → when it was refused while others were not: such a refusal is about this one account.
    suspects: dict[str, dict[str, datetime]] = field(default_factory=dict)

    def find(self, kind: str, what: str) -> Stop | None:
        return self.stops.get(f"{kind}:{what}")

    def open(self, stop: Stop) -> None:
        self.stops[stop.key] = stop
        self.released.pop(stop.key, None)

    def end(self, stop: Stop, release: Release) -> None:
        self.stops.pop(stop.key, None)
        self.released[stop.key] = release


def waits_for(case: Case) -> str | None:
    """The reason code of the stop for whose end the case waits; None: for none.

    A case that is over keeps the reason why it is over, so there the plan alone says it.
    """
    if case.reason_code in HELD:
        return case.reason_code
    planned = case.next_action
    return planned.why if planned.when is not None and planned.why in HELD else None


def beside(case: Case) -> list[Recall | LostMethod]:
    """What is done beside the case's own action and waits for the end of a stop."""
    recall = case.access_pass.recall if case.access_pass is not None else None
    tasks = (recall, case.lost_method)
    return [task for task in tasks if task is not None and task.code in HELD]


async def read(cases: CaseStore) -> Board:
    """What is stopped now. An empty board where nothing ever was."""
    return (await _read(cases))[0]


async def change(cases: CaseStore, decide: Callable[[Board], bool]) -> bool:
    """Write what `decide` makes of the row, unless it answers False; it may be asked again on a newer row.

    Unavailable when others always write first.
    """
    for _ in range(_TRIES):
        board, etag = await _read(cases)
        if not decide(board):
            return False
        value: dict[str, Any] = msgspec.to_builtins(board)
        try:
            await cases.write_marker(MARKER, value, etag)
        except StoreConflict:
            continue
        return True
    raise Unavailable("The list of what is held back is being written by many: it is tried again later.")


async def _read(cases: CaseStore) -> tuple[Board, str | None]:
    marker = await cases.read_marker(MARKER)
    if marker is None:
        return Board(), None
    return msgspec.convert(dict(marker.value), Board), marker.etag


def growing(first: timedelta, tries: int, most: timedelta) -> timedelta:
    """The pause after so many failed probes: doubled each time."""
    return min(first * (1 << min(tries, 20)), most)
