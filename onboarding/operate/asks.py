"""Who asks for what, and why: what every action of an operator is given."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.errors import RequestError
from onboarding.ports import WORK_QUEUE

REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what, and why. `actor` is an opaque principal id, not a name."""

    actor: str
    reason: str
    from_step: str | None = None
    #: The plan of a rerun that this person has seen (`operate.reruns`); None: none was asked for.
    plan_hash: str | None = None
    #: Where the case goes: many at once take the lane of mass arrivals.
    queue: str = WORK_QUEUE
    #: Graph's id of the method on a lost phone.
    method: str | None = None
    #: Questions (reason codes) that a rerun by this person, of this one case, answers: `rerun_plan.answers`.
    answers: frozenset[str] = frozenset()
    #: Codes of the identity checks that were made.
    confirmed: tuple[str, ...] = ()


def check_reason(ask: Ask) -> None:
    """RequestError (400) without a reason, or with a text in place of one."""
    if not ask.reason.strip():
        raise RequestError("Give a reason: it is kept with what was done.", code="reason_required")
    if len(ask.reason) > REASON_LENGTH:
        raise RequestError(f"Keep the reason under {REASON_LENGTH} characters.", code="reason_too_long")
