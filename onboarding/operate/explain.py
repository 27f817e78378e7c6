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
from onboarding.operate.next_step import FETCHING
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

#: What a case that is over is held back from.
_OVER_HELD = {
    "revoke_pass": "The first credential is still to be made void.",
    "disable_account": "The account is still to be disabled.",
}
#: What HR says of somebody since they have an account of this service.
_CONTRADICTED = {
    "guest": "HR calls this person a guest by now, but the account is theirs already and stays: an administrator "
    "decides what becomes of it, or HR corrects the record.",
    "synced": "By HR's word now the account of this person comes from Active Directory, but the one of this case "
    "is theirs already and is followed up: an administrator says which of the two stays and disables the other, "
    "or HR corrects the record.",
}
#: Statuses under which it can be that the person never signed in.
_NEVER_SEEN = frozenset({Status.UNKNOWN, Status.ABSENT, Status.DIRECTORY_ONLY, Status.ADMIN_REGISTERED})


#: What an erasure waits for; any other code is a refusal of the tenant.
_ERASING = {
    "asked": "It is done in a moment.",
    "watchdog": "It is done in a moment.",
    "second_look": "It is done in a moment.",
    "work_in_progress": "Work that was under way has to end first.",
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
    elif case.state is State.AWAITING_FETCH and case.next_action.why in FETCHING:
        parts.append(FETCHING[case.next_action.why])
    elif case.watch_ended:
        if case.status is not Status.USER_REGISTERED:
            parts.append(_STATUS[case.status])
    elif case.state is State.EXCLUDED:
        parts += _left_alone(case)
    elif case.state is State.PAUSED:
        parts += _in_doubt(case)
    elif case.state in _OVER and (case.account or _was_looked_for(case)):
        parts += _account_left(case)
    if case.account is not None and case.account.contradicted and case.state not in _OVER:
        parts.append(_CONTRADICTED.get(case.account.contradicted, case.account.contradicted))
    if case.lost_method is not None:
        parts.append(_lost(case.lost_method))
    if case.access_pass is not None and (task := case.access_pass.recall) is not None:
        parts.append(f"The first credential was called back, and is being made void.{_tried(task.code)}")
    if case.state is State.FOLLOWING_UP and now is not None and (ended := _unused_pass(case, now)):
        parts.append(ended)
    return " ".join(parts)


_CLOSED = (
    "By HR's word the account of this person comes from Active Directory: it is waited for, and the one that this "
    "service had made is closed."
)
_AT_WORK = frozenset({State.WAITING_START, State.PROVISIONING})


def _under_way(case: Case) -> str | None:
    """Of somebody who has an account and comes by again: for a new pass, or included again. None: the usual words."""
    if case.account is None or case.state not in _AT_WORK:
        return None
    if case.account.withheld and case.next_action.why == "waiting_for_sync":
        return _CLOSED
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
