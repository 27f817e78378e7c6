"""The buttons of a person's page: which of them would be accepted now, and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.access import Principal, Role
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State, allowed
from onboarding.intake.erasure import being_forgotten
from onboarding.operate import actions, rerun_plan, whose
from onboarding.operate.without_pass import WITHOUT_PASS

#: action → (text of the button, event of the lifecycle table)
BUTTONS: dict[str, tuple[str, Event]] = {
    "rerun": ("Run again", Event.RERUN),
    "pause": ("Pause", Event.PAUSE),
    "resume": ("Resume", Event.RESUME),
    "exclude": ("Exclude", Event.EXCLUDE),
}
#: What an approver can answer beside a yes.
ANSWERS = {
    whose.OTHER_PERSON: "Another person's account",
    whose.PURGED: "Deleted for good",
    WITHOUT_PASS: "Go on without a pass",
}
_DOES = {
    "approve": "yes: the case goes on as it asks.",
    whose.OTHER_PERSON: "no: the account that was found is left alone for good, and this person gets one of their own.",
    whose.PURGED: "the account that was found, or is waited for, was deleted for good in Entra: it is waited for no "
    "longer.",
    WITHOUT_PASS: "no: nobody gets a pass by this case. The rest of the first day and the reminders go on. A new pass "
    'can still be asked for under "Service desk".',
    "rerun": "tries again what is not done, or from the step that is chosen.",
    "pause": "nothing is done or sent until the case is resumed.",
    "resume": "goes on where the case was stopped.",
    "exclude": "the person is left alone: nothing is done or sent, a pass that is out is made void, and no account is "
    'deleted. "Include again" takes it back.',
}
#: … where the question says more exactly what it does.
_DOES_FOR = {
    (
        "approve",
        "needs_approval_adopt",
    ): "yes, it is this person's: the account that was found is linked to the case "
    "and gets what the policy says. Its password stays.",
    (
        "approve",
        "needs_approval_instead",
    ): "yes, the person is to work with the account that was found: the one that the case has is disabled, unless it "
    "comes from Active Directory or somebody works with it already, and the case goes over.",
    (
        whose.OTHER_PERSON,
        "needs_approval_instead",
    ): "no: this person keeps the one that the case has, and the account that was found is left alone for good.",
    (
        "approve",
        "needs_approval_restore",
    ): "yes, it is this person's, and is to be used again: it is restored, and enabled near the start date.",
    (
        "approve",
        "needs_approval_rehire",
    ): "yes, the person is back: an account of before is used again, and enabled near the start date.",
    (
        "approve",
        "needs_approval_pass",
    ): "yes, the identity was checked: one pass is made and goes by mail to the "
    "manager, or to the service desk.",
    ("approve", "needs_approval_manager"): "yes, the new manager is right: the pass goes to them.",
    ("approve", "needs_approval_lookalike"): "yes, the person is real: the user name is given to them.",
    ("approve", "needs_approval_same_person"): "yes, one person: the two cases become one.",
    ("approve", "needs_approval_unclear"): "yes, the person is to begin, or works there: the case goes on.",
    ("approve", "needs_approval_other_name"): "yes, the same person under another name: the case goes on.",
    ("approve", "needs_approval_shared_id"): "yes, two people: this one gets an account of their own.",
    (
        whose.OTHER_PERSON,
        "own_account_stays",
    ): "takes the yes back: the account that was found is left alone for good, and the case goes on with the one that "
    "it has.",
    (
        "rerun",
        "own_account_stays",
    ): "looks again: once an administrator has disabled the account that the case has, the other one is linked.",
    ("rerun", "needs_approval_same_person"): "no, two people: each case goes on by itself.",
}
_ASKS_AGAIN = (
    "looks again, for when something was mended in HR or Entra meanwhile; if nothing was, it asks the same."
)


@dataclass(frozen=True, slots=True)
class Button:
    """One button of the form. `does`: what it does, in a sentence; `primary`: what the case waits for."""

    action: str
    text: str
    does: str
    primary: bool = False


def waits(case: Case) -> bool:
    """An approver has to decide."""
    return case.state is State.BLOCKED and (case.reason_code or "").startswith(actions.APPROVABLE)


def answers(who: Principal) -> frozenset[str]:
    """The questions that this person answers by running one case again."""
    return rerun_plan.answers(approver=who.role is Role.APPROVER)


def of(case: Case, who: Principal) -> list[Button]:
    """Buttons that would be accepted now, for this role."""
    if who.role is None or who.role < Role.OPERATOR or being_forgotten(case):
        return []
    events, waiting = allowed(case.state), waits(case)
    asks = waiting or rerun_plan.asks_whose(case)
    wanted = {"rerun": case.state is State.BLOCKED and not asks, "resume": True}
    found = [
        _button(case, action, text, primary=wanted.get(action, False))
        for action, (text, event) in BUTTONS.items()
        if event in events
        and not (action == "rerun" and waiting and case.reason_code not in actions.ASKED_AGAIN | answers(who))
    ]
    if case.state is State.EXCLUDED:
        found.append(_button(case, "resume", "Include again"))
    if waiting and who.role >= Role.APPROVER:
        found.insert(0, _button(case, "approve", "Approve", primary=True))
    if who.role >= Role.APPROVER:
        found[1:1] = [
            _button(case, action, text)
            for action, text in ANSWERS.items()
            if action in actions.possible(case)
        ]
    return found


def _button(case: Case, action: str, text: str, *, primary: bool = False) -> Button:
    code = case.reason_code or ""
    does = _DOES_FOR.get((action, code)) if case.state is State.BLOCKED else None
    if does is None and action == "rerun" and case.state is State.BLOCKED and code in actions.ASKED_AGAIN:
        does = _ASKS_AGAIN
    return Button(action, text, does or _DOES[action], primary)
