"""The sentence that says why a case is where it is, and what an operator can do about it.

One table per question; an unknown code is shown as it is, never hidden.
"""

from __future__ import annotations

from datetime import UTC, datetime

from onboarding.domain import left_alone, run
from onboarding.domain.account import LostMethod, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import By, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.missing import BECAUSE
from onboarding.domain.provenance import PASSKEYS
from onboarding.domain.records import StepStatus
from onboarding.intake.erasure import FORGET
from onboarding.operate.reasons import REASONS as REASONS
from onboarding.operate.story import TIMELINE as TIMELINE
from onboarding.operate.story import sentence as sentence
from onboarding.provisioning import out_of_sight
from onboarding.provisioning.steps import disable_account
from onboarding.safeguards.stops import HELD, waits_for

_STATES: dict[State, str] = {
    State.RECEIVED: "HR has announced this person; the hire itself is not complete yet.",
    State.AWAITING_FETCH: "The rest of the record is being read from the HR system.",
    State.WAITING_START: "The start date is still far away; the account will be created nearer to it.",
    State.PROVISIONING: "The account and what belongs to the first day are being set up.",
    State.FOLLOWING_UP: "The account exists; the person has not yet confirmed in person.",
    State.CONFIRMED: "The service watches for a while that the methods stay.",
    State.BLOCKED: "This case waits for an operator.",
    State.PAUSED: "An operator paused this case; nothing is sent until it is resumed.",
    State.CANCELLED: "HR withdrew this hire.",
    State.EXCLUDED: "This person is left alone on purpose.",
    State.CLOSED: "Nothing is left to do.",
}

_WATCH_ENDED = (
    "The person confirmed in person, and the watch is over: nothing is left to do. Should a method that is needed be "
    "removed, or a password reset end for want of methods, follow-up begins again."
)
_OVER = frozenset({State.CANCELLED, State.CLOSED, State.EXCLUDED})

_STATUS: dict[Status, str] = {
    Status.UNKNOWN: "Nobody has looked at the person's methods yet.",
    Status.ABSENT: "The person is not in the registration report: the account is disabled, deleted or very new.",
    Status.DIRECTORY_ONLY: "No method that password reset accepts is registered.",
    Status.ADMIN_REGISTERED: "The methods there were added by an administrator, so the person still has to confirm.",
    Status.UNATTRIBUTED: "Methods exist, but they are older than any record of who added them.",
    Status.PARTIAL: "The person registered something, but not enough.",
    Status.USER_REVIEWED: 'The person pressed "looks good" on existing methods: weaker evidence.',
    Status.USER_REGISTERED: "The person registered enough methods in person.",
    Status.REMOVED: "A method that was needed has been removed.",
    Status.EXCLUDED: "The person is outside the scope of password reset or excluded.",
}

#: What each status means, for whoever reads a list: the sentences of the README.
MEANING: dict[Status, str] = {
    Status.UNKNOWN: "not looked at yet, or the sources are stale",
    Status.ABSENT: "not in the registration report: disabled or deleted accounts are absent, not unregistered",
    Status.DIRECTORY_ONLY: "nothing that SSPR accepts is registered; a passkey alone is here too",
    Status.ADMIN_REGISTERED: "methods exist, and the evidence says that an administrator or an app put them there",
    Status.UNATTRIBUTED: "methods exist, older than any audit record still kept: nobody can say; not nagged",
    Status.PARTIAL: "the person registered some, not enough",
    Status.USER_REVIEWED: 'the person pressed "looks good" on existing methods '
    "(ONBOARDING_ACCEPT_REVIEWED may accept it)",
    Status.USER_REGISTERED: "confirmed: the person registered enough methods that SSPR accepts",
    Status.REMOVED: "was confirmed, then a needed method was deleted: follow-up resumes",
    Status.EXCLUDED: "outside SSPR's scope, or excluded on purpose",
}

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
    "dry_run": "a dry run sends nothing",
    "in_progress": "work is under way",
    "ladder_done": None,
    "least_gap": "two messages never come close together",
    "mailbox_not_there_yet": "the mailbox is not there yet",
    "message_in_doubt": "whether the last message went out is being looked up",
    "next_rung": None,
    "not_yet_visible": "the tenant does not show the account everywhere yet",
    "pass_in_doubt": "whether a pass was made is being looked up",
    "pass_near_start": "a pass is handed over shortly before the start",
    "start_is_far": "so long before the start",
    "waiting_for_sync": "the account comes from the directory on site",
    "watch_for_removal": "a method that is removed again is noticed until then",
    "working_time": "in working time",
}
#: What a case that is over is held back from.
_OVER_HELD = {
    "revoke_pass": "The first credential is still to be made void.",
    "disable_account": "The account is still to be disabled.",
}
_LADDER_DONE = "All reminders are sent and nobody above is left to tell. The service looks again once a day."
#: Statuses under which it can be that the person never signed in.
_NEVER_SEEN = frozenset({Status.UNKNOWN, Status.ABSENT, Status.DIRECTORY_ONLY, Status.ADMIN_REGISTERED})


#: What an erasure waits for; any other code is a refusal of the tenant.
_ERASING = {
    "asked": "It is done in a moment.",
    "watchdog": "It is done in a moment.",
    "second_look": "It is done in a moment.",
    "work_in_progress": "Work that was under way has to end first.",
}


#: Why a person has not been read yet: the code of the wait.
_FETCHING = {
    "hr_record_gone": "It answers that it has no such record. It is asked once more; then an operator has to act.",
    "unavailable": "It did not answer, and is asked again.",
    "throttled": "It wants fewer requests, and is asked again when it allows.",
}


def explain(case: Case, now: datetime | None = None) -> str:
    """One to four sentences for people. Without `now` nothing is said about what has ended since."""
    if case.next_action.what == FORGET:
        why = case.next_action.why
        wait = _ERASING.get(why, f"It waits, and tries again: {why.replace('_', ' ')}.")
        return f"Everything about this person is being erased, on an approver's word. {wait}"
    parts = [_WATCH_ENDED if case.watch_ended else _under_way(case) or _STATES[case.state]]
    if case.state is State.BLOCKED and case.reason_code:
        wrong, todo = REASONS.get(
            case.reason_code, (f"Reason: {case.reason_code}.", "See the timeline, then rerun.")
        )
        parts = [wrong, todo, *_in_doubt(case)]
    elif case.reason_code in HELD:
        parts += REASONS[case.reason_code]
    elif (gone := out_of_sight.missing(case)) is not None:
        parts.append(_out_of_sight(gone.until))
    elif case.state in {State.FOLLOWING_UP, State.CONFIRMED} and case.status is not Status.UNKNOWN:
        # What the last look found is more precise than the status, where the next action says it.
        parts.append(BECAUSE.get(case.next_action.why, _STATUS[case.status]))
    elif case.state is State.AWAITING_FETCH and case.next_action.why in _FETCHING:
        parts.append(_FETCHING[case.next_action.why])
    elif case.watch_ended:
        if case.status is not Status.USER_REGISTERED:
            parts.append(_STATUS[case.status])
    elif case.state is State.EXCLUDED:
        parts += _left_alone(case)
    elif case.state in _OVER and (case.account or _was_looked_for(case)):
        parts += _account_left(case)
    if case.lost_method is not None:
        parts.append(_lost(case.lost_method))
    if case.access_pass is not None and (task := case.access_pass.recall) is not None:
        parts.append(f"The first credential was called back, and is being made void.{_tried(task.code)}")
    if case.state is State.FOLLOWING_UP and now is not None and (ended := _unused_pass(case, now)):
        parts.append(ended)
    return " ".join(parts)


_AT_WORK = frozenset({State.WAITING_START, State.PROVISIONING})


def _under_way(case: Case) -> str | None:
    """Of somebody who has an account and comes by again: for a new pass, or included again. None: the usual words."""
    if case.account is None or case.state not in _AT_WORK:
        return None
    if case.identity_proofed_at is not None:
        return "The account exists; a new pass that an approver asked for is being made."
    if case.state is State.WAITING_START:
        far = case.next_action.why == "start_is_far"
        return (
            "The account exists; the start date is still far away, and what is left for it is done nearer to it."
            if far
            else "The account exists; what is left of the first day is seen to in a moment."
        )
    return None


def _out_of_sight(until: datetime) -> str:
    """An account of before that is nowhere to be found."""
    then = until.astimezone(UTC)
    return (
        "The account of before is neither there nor among the deleted ones; it may only be out of sight, because "
        f"somebody restored it by hand. From {then.day} {then:%B %Y, %H:%M} UTC on another one is made. If it was "
        "deleted for good, an approver says so (purged), and it is made at once."
    )


def _lost(task: LostMethod) -> str:
    """Where the work about a lost phone stands."""
    done = "A lost phone is being taken care of: its sign-in methods are deleted and all sessions end."
    return f"{done}{_tried(task.code)}"


def _tried(code: str | None) -> str:
    """Why the last try did not get through."""
    return f" The tenant did not take it yet ({code.replace('_', ' ')}); it is tried again." if code else ""


def _was_looked_for(case: Case) -> bool:
    """The step that disables accounts has come to rest, without one of this case."""
    record = case.steps.get("disable_account")
    return record is not None and record.status in {StepStatus.DONE, StepStatus.BLOCKED}


def _account_left(case: Case) -> list[str]:
    """What became of the account of a hire that is over."""
    planned, record = case.next_action, case.steps.get("disable_account")
    if left := _pass_left(case):
        return left
    if disable_account.found_none(case):
        return [
            "The tenant shows no account of this hire. Should there be one after all, run the case again."
        ]
    if record is not None and record.status is StepStatus.DONE:
        return ["The account is disabled; whether it is deleted is for an administrator."]
    if planned.what == "disable_account" and planned.when is not None:
        return ["The account is being disabled."]
    refused = REASONS.get(planned.why) if record is not None else None
    return ["The account still exists: disabling it is for an administrator.", *(refused or ())]


def _pass_left(case: Case) -> list[str]:
    """What is done about a first credential that may still be usable, or what holds the work back."""
    planned = case.next_action
    if planned.what in _OVER_HELD and (held := waits_for(case)):
        return [_OVER_HELD[planned.what], *REASONS[held]]
    if planned.what != "revoke_pass":
        return []
    if planned.when is not None:
        return ["The first credential is being made void."]
    return [
        "The first credential could not be made void, and may still be used.",
        *REASONS.get(planned.why, ()),
    ]


def _left_alone(case: Case) -> list[str]:
    """What is open of somebody excluded."""
    parts = _pass_left(case)
    if left_alone.is_open(case):
        may = "The account" if case.account else "An account that may have been created"
        parts.append(
            f"HR withdrew the hire meanwhile. {may} stays as it is as long as the person is excluded: include them "
            "again, and it is disabled where nobody has begun to work with it. Else an administrator disables it in "
            "Entra."
        )
    elif case.account:
        parts.append("Nothing is done to the account.")
    return [*parts, *_in_doubt(case)]


def _in_doubt(case: Case) -> list[str]:
    """An account that nobody looks for: whoever stopped the case did so between the request for it and its answer."""
    name = left_alone.in_doubt(case)
    stopped_itself = any(record.status is StepStatus.BLOCKED for record in case.steps.values())
    if name is None or (stopped_itself and case.state is State.BLOCKED):
        return []
    doubt = f"An account may exist under {name}: whether the last request for it took effect is not known."
    return [
        f"{doubt} An administrator looks in Entra and disables it where the person is not to have it. If the case goes "
        "on, it is found and linked."
    ]


def pass_ended(case: Case, now: datetime) -> bool:
    """A pass was handed over, and its time is over."""
    record = case.access_pass
    return (
        record is not None
        and record.status is PassStatus.DELIVERED
        and record.usable_until is not None
        and record.usable_until <= now
    )


def _unused_pass(case: Case, now: datetime) -> str | None:
    """The commonest reason why nothing happens: the person let the pass go by. None: there is no sign of that."""
    record, listed = case.access_pass, case.registration.methods if case.registration else ()
    if record is None or record.usable_until is None or not pass_ended(case, now):
        return None
    acted = any(item.by is By.USER for item in run.seen(case)) or not PASSKEYS.isdisjoint(listed)
    if acted or case.confirmed_at or case.status not in _NEVER_SEEN:
        return None
    until = record.usable_until.astimezone(UTC)
    return (
        f"The one-time pass ended on {until.day} {until:%B %Y, %H:%M} UTC and no registration followed: "
        'the person may never have signed in. To give a new one, an approver uses "New pass" under "Service desk".'
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
    if why in BECAUSE or why in _FETCHING or case.next_action.what == FORGET or case.next_action.when is None:
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
