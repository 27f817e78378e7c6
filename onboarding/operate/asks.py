"""Who asks for what, and why: what every action of an operator is given."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.domain.case import Case
from onboarding.errors import Refused, RequestError
from onboarding.ports import WORK_QUEUE

REASON_LENGTH = 500
#: Code of an answer to another question than the one that is open.
QUESTION_CHANGED = "question_changed"


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
    #: Graph's ids of the methods on a lost phone; and what the person still has, by id, or by name where it cannot be
    #: deleted here.
    lost: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    #: The question that this person saw, by its reason code, and what it was about (`Case.asked_about`): another one is
    #: not answered (`check_question`). None: not said.
    reason_code: str | None = None
    about: tuple[str, ...] | None = None
    #: Questions (reason codes) that a rerun by this person, of this one case, answers: `rerun_plan.answers`.
    answers: frozenset[str] = frozenset()
    #: Codes of the identity checks that were made.
    confirmed: tuple[str, ...] = ()
    #: Which of the accounts that were found is meant, by user name or object id; None: all of them.
    account: str | None = None


def check_reason(ask: Ask) -> None:
    """RequestError (400) without a reason, or with a text in place of one."""
    if not ask.reason.strip():
        raise RequestError("Give a reason: it is kept with what was done.", code="reason_required")
    if len(ask.reason) > REASON_LENGTH:
        raise RequestError(f"Keep the reason under {REASON_LENGTH} characters.", code="reason_too_long")


def check_question(case: Case, ask: Ask) -> None:
    """Refused where the case does not ask what was answered: the answer came twice, or late."""
    other_code = ask.reason_code is not None and ask.reason_code != case.reason_code
    other_ids = ask.about is not None and set(ask.about) != set(case.asked_about)
    if other_code or other_ids:
        raise Refused(
            "The case does not ask what was answered, or not any more: look at it again.",
            code=QUESTION_CHANGED,
        )
