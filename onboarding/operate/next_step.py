"""What happens next with a case, when and why not earlier, in words.

One table per question; an unknown code is shown as it is, never hidden.
"""

from __future__ import annotations

from onboarding.domain import left_alone
from onboarding.domain.case import Case
from onboarding.domain.missing import BECAUSE
from onboarding.intake.erasure import FORGET
from onboarding.safeguards.stops import waits_for

#: What comes next, in words; `{when}` is filled by the view.
NEXT: dict[str, str] = {
    "provision": "Set up the account",
    "reserve_username": "Reserve a user name",
    "create_account": "Create the account",
    "set_manager": "Set the manager",
    "assign_groups": "Put the account into groups",
    "assign_licenses": "Assign licences",
    "enable_account": "Enable the account",
    "prepopulate_phone": "Add HR's phone as authentication method",
    "set_hire_date": "Write the first day",
    "set_leave_date": "Write the end date",
    "wait_for_mailbox": "Look whether the mailbox is there",
    "issue_access_pass": "Issue the first credential",
    "send_welcome": "Send the welcome",
    "follow_up": "Look whether the person has registered",
    "nudge": "Remind the person",
    "escalate": "Tell somebody above",
    "watch": "Check that the methods are still there",
    "fetch": "Read the person from the HR system",
    "operator": "An operator has to act",
    "await_hire": "HR has to complete the hire",
    "forget": "Erase everything about this person",
    "revoke_pass": "Make the first credential void",
    "disable_account": "An administrator has to decide what becomes of the account",
    left_alone.INCLUDE: "An operator includes the person again, or an administrator disables the account in Entra",
    "none": "Nothing",
}


#: Reasons that HR ends by completing the record; nobody here can.
_HR_COMPLETES = frozenset({"missing_start_date", "missing_name", "missing_employee_id"})
#: What ends a wait that everybody shares.
_HELD_NEXT = {
    "paused_by_limit": "An approver has to approve the limit",
    "held_for_permission": "An administrator has to grant the permission; it is tried again",
    "held_for_tenant": "The tenant is tried again",
}
#: Why it comes later: the code of the wait, in words that follow the time. A code that the sentences above say already,
#: and one that says nothing to people, is None.
_LATER: dict[str, str | None] = {
    "account_in_doubt": "whether the last try succeeded is being looked up",
    "another_account_may_come": "whether Active Directory made another account meanwhile is looked up once more",
    "dry_run": "a dry run sends nothing",
    "in_progress": "work is under way",
    "ladder_done": None,
    "least_gap": "two messages never come close together",
    "mailbox_not_there_yet": "the mailbox is not there yet",
    "message_in_doubt": "whether the last message went out is being looked up",
    "next_rung": None,
    "not_yet_visible": "the tenant does not show the account everywhere yet",
    "pass_called_back": "the first credential of the account before is made void first",
    "pass_in_doubt": "whether a pass was made is being looked up",
    "pass_near_start": "a pass is handed over shortly before the start",
    "start_is_far": "so long before the start",
    "waiting_for_sync": "the account comes from the directory on site",
    "watch_for_removal": "a method that is removed again is noticed until then",
    "working_time": "in working time",
}
#: Why a person has not been read yet: the code of the wait.
FETCHING = {
    "hr_record_gone": "It answers that it has no such record. It is asked once more; then an operator has to act.",
    "unavailable": "It did not answer, and is asked again.",
    "throttled": "It wants fewer requests, and is asked again when it allows.",
}
_LADDER_DONE = (
    "All reminders are sent and nobody above is left to tell. The service looks again once a week, and at once when "
    "the person registers."
)
_NEW_PASS_NEXT, _REST_NEXT = "Make the new pass", "See to what is left of the first day"


def next_words(case: Case) -> str:
    """What happens next, without the time."""
    if case.next_action.what == "follow_up" and case.next_action.why == "ladder_done":
        return _LADDER_DONE
    if (
        case.next_action.what == "provision"
        and case.account is not None
        and case.reason_code not in _HELD_NEXT
    ):
        return _NEW_PASS_NEXT if case.identity_proofed_at is not None else _REST_NEXT
    return listed_next(case.next_action.what, waits_for(case) or case.reason_code)


def next_because(case: Case) -> str | None:
    """Why it happens then and not now; None where nothing is left to say. An unknown code is shown as it is."""
    why = case.next_action.why
    if why in BECAUSE or why in FETCHING or case.next_action.what == FORGET or case.next_action.when is None:
        return None
    return _LATER.get(why, why.replace("_", " "))


def for_approver(reason: str | None) -> bool:
    """No time ends it: the planned look only finds out whether an approver has decided."""
    return reason == "paused_by_limit"


def listed_next(what: str, reason: str | None) -> str:
    """What happens next, as far as a line of a list knows."""
    if reason in _HELD_NEXT:
        return _HELD_NEXT[reason]
    if what == "operator" and (reason or "").startswith("needs_approval_"):
        return "An approver has to decide"
    if what == "operator" and reason in _HR_COMPLETES:
        return "HR has to complete the record"
    return NEXT.get(what, what)
