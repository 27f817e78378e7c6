"""When the next requests of a shared budget may be sent: a decision, taken under a lock by whoever keeps the budget.

A budget is `amount` requests in any stretch of `seconds`, whoever sends them. What was granted is remembered as
times, so a grant that nobody uses (its process died) expires by itself when its time has passed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: A grant later than this is none: whoever asks plans the work for then.
AHEAD_SECONDS = 30.0
#: Grants further away than this were given by a clock that has been set back since.
ASTRAY_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Budget:
    """`amount` requests in any `seconds`; `name` names its row in the store."""

    name: str
    amount: int
    seconds: float

    @property
    def block(self) -> int:
        """Most requests in one grant: what is due within a second, so that a dead process takes no more with it."""
        return max(self.amount, math.floor(self.amount / self.seconds))


def grants(budget: Budget, sent: Sequence[float], now: float, wanted: int) -> tuple[list[float], list[float]]:
    """(times at which requests may be sent, what to remember), both ascending, all in seconds of one clock.

    `sent` is what was remembered the last time. At least one time, at most `wanted` and `budget.block`, none but the
    first later than `AHEAD_SECONDS`.
    """
    known = [at for at in sent if at <= now + ASTRAY_SECONDS][-budget.amount :]
    found: list[float] = []
    for _ in range(max(1, min(wanted, budget.block))):
        at = max(now, known[-1]) if known else now
        if len(known) >= budget.amount:
            at = max(at, known[-budget.amount] + budget.seconds)
        if found and at > now + AHEAD_SECONDS:
            break
        found.append(at)
        known = [*known, at][-budget.amount :]
    return found, known


def held(budget: Budget, sent: Sequence[float], now: float, seconds: float) -> list[float]:
    """What to remember so that nothing is granted before `seconds` have passed."""
    known = [at for at in sent if at <= now + ASTRAY_SECONDS][-budget.amount :]
    until = now + min(seconds, ASTRAY_SECONDS) - budget.seconds
    return sorted(max(at, until) for at in [*[until] * (budget.amount - len(known)), *known])
