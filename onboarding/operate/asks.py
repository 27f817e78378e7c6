"""Who asks for what, and why: what every action of an operator is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from onboarding.domain.case import ABOUT_CASE, Case
from onboarding.errors import Refused, RequestError
from onboarding.ports import WORK_QUEUE, Services

REASON_LENGTH = 500
#: Code of an answer to another question than the one that is open.
QUESTION_CHANGED = "question_changed"
#: A request whose answer was lost is sent again within this.
REPEATED = timedelta(minutes=10)
#: Code of an answer that has to say which question it is to, and does not.
QUESTION_NOT_NAMED = "question_not_named"


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
    #: Only a question that was named is answered (`names_question`): what arrives from outside may be older than the
    #: question, or come twice. All three views say so.
    by_name: bool = False
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


def names_question(case: Case, ask: Ask) -> bool:
    """Whoever answers saw the question that the case is blocked with: named with what it is about, where it is about
    something, or part of the plan whose hash was given. (That it still stands: `check_question`, and the hash.)"""
    if not ask.by_name or ask.plan_hash is not None:
        return True
    return ask.reason_code is not None and (ask.about is not None or not case.asked_about)


async def check_named(s: Services, case: Case, now: datetime, ask: Ask, action: str) -> None:
    """Refused for a word that names no question, where it would be about another case: two cases become one for good,
    and the next question may be about a third one by the time that the word arrives. The same where the very word came
    a moment ago (`REPEATED`): it is the answer to the question before, whatever the case asks by now. `action`: what
    the timeline calls such a word."""
    if names_question(case, ask):
        return
    again = await _came_before(s, case, now, ask, action)
    if not again and case.reason_code not in ABOUT_CASE:
        return
    why = "The same answer came a moment ago, to what the case asked then. " if again else ""
    raise Refused(
        f"{why}Say which question this answers, as the case shows it: reason_code, and in about what asked_about "
        "holds, if anything (the id of the other case, or of the account).",
        code=QUESTION_NOT_NAMED,
    )


async def _came_before(s: Services, case: Case, now: datetime, ask: Ask, action: str) -> bool:
    """The same answer, word for word, of the same person."""
    said = f"operator:{ask.actor}", action, ask.reason.strip()
    story = await s.cases.timeline(case.case_id)
    return any(
        (item.actor, item.action, item.detail.get("reason")) == said and item.at > now - REPEATED
        for item in story
    )
