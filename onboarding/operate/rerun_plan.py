"""What a rerun of one case would do, and the same on the case itself: one function for both.

`of` runs the preparation on a copy and says which steps would run; its digest is that of everything that decides
about it, and of nothing that an automatic retry changes. Whoever applies a plan names the digest: if it is another by
then, the case has moved on, and nothing is done.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onboarding.domain import protected
from onboarding.domain.case import ABOUT_ACCOUNT, ABOUT_CASE, Case
from onboarding.domain.hire import Certainty
from onboarding.domain.lifecycle import Event, State, allowed
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import IllegalTransition
from onboarding.intake import deletions
from onboarding.intake.erasure import being_forgotten
from onboarding.intake.outcome import APPROVE_SAME_PERSON, HR_DELETED_RECORD, MENDABLE, TWO_ACCOUNTS
from onboarding.intake.planned_reads import read_again
from onboarding.intake.settle import lacking
from onboarding.intake.two_cases import ASKED_ANEW, TWO_PEOPLE
from onboarding.operate import deciding, without_pass
from onboarding.ports import CLAIM_LEASE, Services
from onboarding.provisioning import existing, from_sync, linking, out_of_sight, pass_guards, refused, withdraw
from onboarding.provisioning.plan import names_from, steps
from onboarding.provisioning.step import Step
from onboarding.provisioning.steps import (
    create_account,
    issue_access_pass,
    reserve_username,
)

#: Reason code of a plan that is not the present one.
STALE = "plan_stale"
APPROVABLE = "needs_approval_"
#: Approvals that a step asks for again by itself, so that running it again gives nothing away.
ASKED_AGAIN = frozenset(
    {
        reserve_username.NEEDS_APPROVAL,
        create_account.NEEDS_APPROVAL,
        existing.NEEDS_APPROVAL_RESTORE,
        linking.NEEDS_APPROVAL_INSTEAD,
        issue_access_pass.NEEDS_APPROVAL,
        issue_access_pass.NEEDS_APPROVAL_MANAGER,
    }
)
#: Questions that somebody answers by running one person's case again, by itself; nothing answers them by the way: no
#: filter, no new pass, no end of a stop, and no rerun that was asked for before the question. Reason code → what to do
#: where it is not answered.
_QUESTIONS = {
    HR_DELETED_RECORD: "HR deleted this record, and whether the hire stands is decided person by person: ask HR, then "
    "rerun this case by itself, or exclude it.",
    TWO_ACCOUNTS: "This person has two accounts, and which of them stays is decided person by person: see to the other "
    "one, then rerun this case by itself, or exclude it.",
    create_account.NAME_HELD: "The user name is taken by something that cannot be read here, and whether that may be "
    "this person's account is decided person by person: look in Entra, then rerun this case by itself.",
    APPROVE_SAME_PERSON: "Another case may be about the same person, and an approver decides person by person: by "
    "approving (one person) or by a rerun of this case by itself (two people).",
}
_NAMED = (
    "Say with it which question is answered, as the case shows it: reason_code, and about where it has asked_about; or "
    "give the hash of the plan of this one case."
)
ANSWERED = {code: f"{text} {_NAMED}" for code, text in _QUESTIONS.items()}
#: … and those of them that need an approver.
_APPROVERS = frozenset(code for code in ANSWERED if code.startswith(APPROVABLE))
RERUNNABLE = ASKED_AGAIN | _APPROVERS
#: Questions about an account that was found, which may be another person's.
_WHOSE = ABOUT_ACCOUNT | {linking.ANOTHER_CASE, from_sync.NOT_SYNCED, refused.OWN_STAYS, *protected.REASONS}
_BEFORE_PLAN = frozenset({State.RECEIVED, State.AWAITING_FETCH, State.WAITING_START})


NEXT = {
    State.FOLLOWING_UP: "follow_up",
    State.CONFIRMED: "follow_up",
    State.RECEIVED: "await_hire",
    State.AWAITING_FETCH: "await_hire",
}


#: Actions that are one event of the lifecycle table, in the order in which they are offered.
EVENTS = {"rerun": Event.RERUN, "pause": Event.PAUSE, "resume": Event.RESUME, "exclude": Event.EXCLUDE}


def possible(case: Case) -> list[str]:
    """Actions that this case would take now, by the names that all views use; to erase it is always possible."""
    code = case.reason_code or ""
    waits = case.state is State.BLOCKED and code.startswith(APPROVABLE)
    refused = {"rerun"} if _is_incomplete(case) or (waits and code not in RERUNNABLE) else set()
    taken = allowed(case.state)
    found = ["approve"] if waits else []
    found += [name for name, event in EVENTS.items() if event in taken and name not in refused]
    found += ["rerun"] if withdraw.unfinished(case) else []
    if case.state is State.EXCLUDED:
        found.append("resume")
    found += ["other-person"] if asks_whose(case) else []
    found += ["purged"] if asks_whether_purged(case) else []
    found += [without_pass.WITHOUT_PASS] if without_pass.asks(case) else []
    return [*found, "forget"]


def asks_whose(case: Case) -> bool:
    """The case waits for word about accounts that were found, none of which is its own."""
    own = case.account is not None and case.account.id in case.found_ids
    return case.state is State.BLOCKED and case.reason_code in _WHOSE and bool(case.found_ids) and not own


def asks_whether_purged(case: Case) -> bool:
    """The case asks for a yes about accounts, or waits because one of before is out of sight."""
    asked = case.state is State.BLOCKED and case.reason_code in ABOUT_ACCOUNT and bool(case.found_ids)
    return asked or out_of_sight.missing(case) is not None


def _is_incomplete(case: Case) -> bool:
    """Nothing can be run, and there is no HR system that could be asked for what is missing."""
    return (case.certainty is not Certainty.EMPLOYEE or bool(lacking(case))) and not case.fetches


def apply(case: Case, action: str, *, reason: str | None = None) -> None:
    """`Case.apply`; the refusal names what an operator can do, not events that only HR or time can bring."""
    try:
        case.apply(EVENTS[action], reason=reason)
    except IllegalTransition as exc:
        raise IllegalTransition(
            f"A case in state '{case.state}' cannot take '{action}'. Possible now: {', '.join(possible(case))}."
        ) from exc


def answers(*, approver: bool) -> frozenset[str]:
    """The questions that a rerun of one case can answer, when an operator or an approver asks for it."""
    return (frozenset(ANSWERED) | {pass_guards.LAPSED}) - (frozenset() if approver else _APPROVERS)


def prepare(case: Case, now: datetime, from_step: str | None, answered: Collection[str] = ()) -> str:
    """Put the case where a rerun begins, and say what comes next. Writes nothing: for a copy it is a preview.

    Raises IllegalTransition, also for a question that is not among the `answered`; RequestError for a step that does
    not exist.
    """
    reset = names_from(from_step) if from_step else list(case.steps)
    if left := withdraw.unfinished(case):  # what stood in the way may be gone
        for planned in withdraw.track(case, left):
            case.steps.pop(planned.step.name, None)
        return left
    if _is_incomplete(case):
        raise IllegalTransition(
            "The hire is not complete, so there is nothing to run again yet: HR has to send what is missing."
        )
    code = case.reason_code or ""
    if case.state is State.BLOCKED and code.startswith(APPROVABLE) and code not in RERUNNABLE:
        raise IllegalTransition("This case waits for an approver's word, which a rerun cannot replace.")
    if case.state is State.BLOCKED and code in ANSWERED:
        if code not in answered:
            raise IllegalTransition(ANSWERED[code])
        _decide_by_rerun(case, code)
    if code == pass_guards.LAPSED and code in answered:
        case.identity_proofed_at = None  # no new pass is needed any more
    if code in MENDABLE or lacking(case):
        read_again(case, now)  # whoever asks for another try asks the HR system, too
    if case.state is State.BLOCKED and case.return_state in _BEFORE_PLAN:
        case.apply(Event.UNBLOCK)  # whatever stopped it there, it goes the usual way
    elif case.state is State.BLOCKED and code in {APPROVE_SAME_PERSON, TWO_ACCOUNTS} and from_step is None:
        case.apply(Event.UNBLOCK)  # the answer alone: nothing is run again
    else:
        apply(case, "rerun")
    for name in reset:
        record = case.step(name)
        if from_step or record.status not in {StepStatus.DONE, StepStatus.SKIPPED}:
            case.steps[name] = StepRecord()
    if from_step == issue_access_pass.STEP.name and case.access_pass is not None:
        # Whoever asks for another pass says that the first is of no use.
        case.access_pass.doubt(now - CLAIM_LEASE)
    return NEXT.get(case.state, "provision")


def _decide_by_rerun(case: Case, code: str) -> None:
    """What somebody says by running a case again that stopped for a question."""
    if code == HR_DELETED_RECORD:
        deletions.answer(case)
    elif code == create_account.NAME_HELD and case.intent is not None:
        case.approvals.append(f"{code}:{case.intent.user_principal_name}")
    elif code in ABOUT_CASE and (asked := case.others(code)):
        word = TWO_PEOPLE if code == APPROVE_SAME_PERSON else code
        anew = f"{ASKED_ANEW}:{asked[0]}"
        case.approvals = [*(said for said in case.approvals if said != anew), f"{word}:{asked[0]}"]
        case.answered(code, asked[0])
        if not case.others(TWO_ACCOUNTS):
            case.findings = [item for item in case.findings if item.code != TWO_ACCOUNTS]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rerun of one case would do now. `steps` in their order; empty with `why_not` where it is refused."""

    case_id: str
    state: str
    reason_code: str | None
    steps: Sequence[Step]
    #: The case's records of these steps before the rerun, by name.
    before: dict[str, StepRecord]
    digest: str
    #: Why it is refused, for people; None: it is possible.
    why_not: str | None = None
    #: What a list calls the person; in no digest.
    name: str = ""

    def as_json(self) -> dict[str, Any]:
        """As every view prints it: `now` is where the step stands today."""
        return {
            "case_id": self.case_id,
            "display_name": self.name,
            "state": self.state,
            "reason_code": self.reason_code,
            "possible": self.why_not is None,
            "why_not": self.why_not,
            "steps": [
                {"step": step.name, "outcome": step.outcome, "now": self._now(step.name)}
                for step in self.steps
            ],
            "plan_hash": self.digest,
        }

    def _now(self, name: str) -> str:
        record = self.before.get(name)
        return str(record.status if record else StepStatus.PENDING)


def of(
    s: Services,
    case: Case,
    now: datetime,
    from_step: str | None,
    answered: Collection[str] = frozenset(ANSWERED),
) -> Plan:
    """The plan, as of a rerun that answers these questions. RequestError (400) for a step that does not exist; a case
    that cannot be rerun says so in it."""
    trial, why_not, found = copy.deepcopy(case), None, list[Step]()
    try:
        if being_forgotten(case):
            raise IllegalTransition("This case is being erased; nothing else can be done to it.")
        what = prepare(trial, now, from_step, answered)
        over = trial.state in withdraw.OVER
        found = [item.step for item in withdraw.track(trial, what)] if over else _unfinished(s, trial)
    except IllegalTransition as exc:
        why_not = exc.message
    before = {step.name: case.steps[step.name] for step in found if step.name in case.steps}
    return Plan(
        case.case_id,
        str(case.state),
        case.reason_code,
        found,
        before,
        _digest(s, case, found, from_step),
        why_not,
        case.hire.listed_name,
    )


def _unfinished(s: Services, case: Case) -> list[Step]:
    over = {StepStatus.DONE, StepStatus.SKIPPED}
    return [
        item.step
        for item in steps()
        if item.step.applies(s, case)
        and not (item.step.name in case.steps and case.steps[item.step.name].status in over)
    ]


def _digest(s: Services, case: Case, found: Sequence[Step], from_step: str | None) -> str:
    """Of state, question, account, pass, of which steps are over, and of what decides who is given what; not of tries,
    times and waits."""
    over = {StepStatus.DONE, StepStatus.SKIPPED}
    facts = [
        case.case_id,
        str(case.state),
        case.reason_code,
        case.asked_about,
        str(case.return_state),
        from_step,
        case.account.id if case.account else None,
        str(case.access_pass.status) if case.access_pass else None,
        [step.name for step in found],
        sorted(name for name, record in case.steps.items() if record.status in over),
        deciding.digest(s, case),
    ]
    return hashed(facts)


def hashed(facts: object) -> str:
    """128 bits of SHA-256 over the JSON of these facts, as hex."""
    text = json.dumps(facts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
