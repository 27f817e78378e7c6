"""A case's timeline in words. An unknown action, step, act or method is shown as it is, never hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onboarding.domain.evidence import Act
from onboarding.domain.missing import METHOD_WORDS

#: timeline action → words. `{…}` are members of the entry's detail; missing ones are left empty.
TIMELINE: dict[str, str] = {
    "hire_received": "HR announced the hire",
    "hire_updated": "HR changed the record",
    "hire_cancelled": "HR withdrew the hire",
    "hire_complete": "HR has said enough for an account",
    "start_date_moved": "The start date moved by {days} days",
    "reopened": "HR hired the person again (account: {account})",
    "known_before": "Known of the employment before, and counts no more: {status} (as of {as_of})",
    "offer_withdrawn": "An offer was withdrawn; the person is an employee, so nothing changes",
    "application_withdrawn": "Recruiting withdrew one application; the hire stands without it, so nothing changes",
    "withdrawal_outdated": "A withdrawal older than the hire arrived late; nothing changes",
    "termination_planned": "HR announced the end of the employment",
    "employment_ended": "HR ended the employment (account: {account})",
    "candidate_deleted": "Recruiting deleted the candidate",
    "hr_record_deleted": "HR deleted the record (account: {account})",
    "event_recorded": "HR sent an event that changes nothing here",
    "event_kept": "HR sent an event; what it says counts once the person is included again",
    "hr_record_read": "The person was read from the HR system",
    "candidate_record_gone": "The recruiting system has no record of the person any more; HR's own counts",
    "hr_read_retries": "The HR system did not give the record yet; it is asked again ({why})",
    "hr_read_failed": "The HR system could not be read; the work goes on with what is known ({reason})",
    "existing_staff": "The record is that of existing staff and no hire: left alone",
    "withdrawn_before": "HR had withdrawn this hire already ({reason})",
    "said_of_another": "What HR said of the employee number alone ({event}) was about somebody else, as is known now",
    "number_not_shared": "Two people never had the number at once, as is known now: nobody is asked about it any more",
    "maybe_same_person": "Another case may be about the same person ({other})",
    "two_people_known": "One HR system has two ids for the two, so they are two people ({other})",
    "two_people_said": "An approver said, of the other case, that they are two people ({other})",
    "asked_anew": "An approver said one person, where it had been said that they are two ({other}): asked anew",
    "account_not_disabled": "The account was not disabled ({reason}); an administrator has to look",
    "joined": "Another case turned out to be the same person ({other})",
    "joined_into": "This person goes on in another case ({other})",
    "two_cases": "Another case seems to be the same person, but both have accounts, or one that was begun ({other})",
    "pause_joined": "Paused: an operator had paused the case that was joined to this one ({other})",
    "paused_again": "Paused again: an operator had paused this case before HR deleted the record",
    "exclude_joined": "Excluded: an operator had excluded the case that was joined to this one ({other})",
    "provisioning_started": "Provisioning started",
    "username_reserved": "A user name was reserved",
    "username_released": "The reserved user name is free again: no account was made under it",
    "username_taken": "The user name belongs to somebody else; trying the next one",
    "username_tried_again": "The user name is tried once more, and given up if it is still taken",
    "phone_intended": "HR's phone goes into the directory with the account",
    "restore_intended": "A deleted account of this person is about to be restored ({object_id})",
    "account_of_another_case": "The account that was found ({object_id}) belongs to another case ({other})",
    "number_left": "HR's number is on another person's account, so the new one carries a token in its place",
    "mark_changed": "HR corrected its number before the account was made: the account gets the new one",
    "another_account": "Another account carries the same number ({object_id}): an administrator has to merge the two",
    "account_gone": "The account of before is gone for good; another one is made",
    "disable_intended": "The account is about to be disabled",
    "leave_date_intended": "The end date is about to be written",
    "phone_method_intended": "HR's phone is about to be added as authentication method",
    "account_reconsidered": "HR says now that the account is not to be made here ({reason}): whether "
    "somebody uses it is looked at, and if nobody does, it is closed",
    "another_account_looked_for": "HR takes back that the account is not made here: whether another one came meanwhile "
    "is looked for",
    "account_contradicted": "HR says now that no account is made here ({reason}), but this one is the person's already "
    "and stays",
    "account_linked": "The Entra account is linked ({origin})",
    "pass_intended": "A first credential is about to be issued (to the {recipient})",
    "pass_created": "A Temporary Access Pass was created",
    "pass_voided": "A Temporary Access Pass that was of no use, with a former manager, or in doubt, was voided",
    "pass_recall_held": "The pass cannot be made void now ({reason}); it is tried again until an administrator has "
    "mended that",
    "pass_not_voided": "The tenant refused to make the pass void; an administrator has to look",
    "pass_delivered": "The first credential was handed to the {recipient}",
    "step_done": "{done}",
    "step_skipped": "Left out: {step} ({why})",
    "step_waits": "Waiting: {step} ({why}) {object_id}",
    "step_retries": "Will try again: {step} ({why}, try {attempt})",
    "released": "What held this case back has ended ({what}) {reason}",
    "provisioned": "Everything for the first day is set up",
    "blocked": "Blocked: {reason}",
    "message_claimed": "A message is about to be sent: {message}",
    "message_sent": "Message sent: {message} (to the {audience})",
    "message_uncertain": "Nobody can say whether this message went out; it is not sent again: {message}",
    "message_skipped": "Message left out: {message} ({why})",
    "confirmed": "The person confirmed in person: {methods}",
    "evidence": "Evidence arrived: {seen}",
    "status_changed": "Confirmed in person? Was {was}, now {status} ({because})",
    "method_removed": "A needed method is gone; follow-up starts again",
    "came_into_scope": "Password reset is switched on for this person now; follow-up starts",
    "closed": "Watched long enough; nothing is left to do",
    "watchdog_requeued": "Nothing had happened for a while; the watchdog put the case back to work",
    "watchdog_stale_claim": "Something was begun and left ({claim}); the watchdog put the case back to work",
    "hints_mended": "The case was missing from a list and is back ({hints})",
    "rerun": "An operator ran it again: {reason}",
    "approve": "An approver released it: {reason}",
    "other_person": "An approver said that the account is another person's ({object_id}): {reason}",
    "purged": "An approver said that the account was deleted for good ({object_id}): {reason}",
    "without_pass": "An approver said that the case goes on without a pass: {reason}",
    "pause": "An operator paused it: {reason}",
    "resume": "An operator resumed it: {reason}",
    "exclude": "An operator excluded the person: {reason}",
    "lost_phone": "An approver reported a phone as lost ({method}){kept}: {reason}",
    "lost_phone_deleted": "The sign-in method of the lost phone was deleted ({method})",
    "lost_phone_gone": "The sign-in method of the lost phone was gone already ({method})",
    "lost_phone_not_deleted": "The tenant refused to delete the lost phone's sign-in method ({reason}); an "
    "administrator has to act in Entra",
    "lost_phone_held": "Nothing can be done about the lost phone now ({reason}); it is tried again until an "
    "administrator has mended that",
    "lost_phone_refused": "Nothing was done about the lost phone: the account is protected or gone ({reason})",
    "sessions_ended": "All sessions of the account were ended",
    "sessions_not_ended": "The sessions of the account could not be ended ({reason}); an administrator has to act in "
    "Entra",
    "new_pass": "An approver asked for a new pass, the person's identity checked ({checks}): {reason}",
    "handout": "The page for the person was printed: {reason}",
    "forget": "An approver asked to erase everything about this person: {reason}",
}

#: Entries that hold what an operator wrote: shown as written.
_WRITTEN = frozenset(
    {
        "rerun",
        "approve",
        "pause",
        "resume",
        "exclude",
        "forget",
        "released",
        "lost_phone",
        "new_pass",
        "handout",
        "other_person",
        "purged",
        "without_pass",
    }
)

#: What a step writes on its way, and its `step_done` says again: needed by whoever looks after a crash.
_SAID_AGAIN = {"username_reserved": "reserve_username", "pass_delivered": "issue_access_pass"}

#: (step, detail) → words; without a detail, the words for any other.
_DONE: dict[tuple[str, str], str] = {
    ("reserve_username", ""): "A user name was reserved",
    ("reserve_username", "already_reserved"): "The reserved user name stays",
    ("reserve_username", "without_role_holders"): (
        "A user name was reserved; the tenant did not let it be compared with those of administrators"
    ),
    ("create_account", ""): "The account was created",
    ("create_account", "created_with_mobile_phone"): "The account was created, with the mobile phone from HR",
    ("create_account", "adopted"): "The account that was there already was taken over",
    ("create_account", "restored"): "The account of before is this person's again",
    ("create_account", "synced"): "The account came from Active Directory",
    ("create_account", "already_linked"): "The account was linked already",
    ("set_manager", ""): "The manager was set",
    ("assign_groups", ""): "The account is in all groups of the policy",
    (
        "assign_groups",
        "left_out_what_an_administrator_took_away",
    ): "The account is in the groups of the policy, but for those that an administrator took away",
    ("assign_licenses", ""): "The licences were assigned",
    ("set_manager", "by_employee_id_alone"): (
        "The manager is linked in Entra by HR's id in employeeId alone: pass and escalations go to the service desk"
    ),
    ("assign_licenses", "already_licensed"): "The licences were there already",
    ("enable_account", ""): "The account was enabled",
    ("enable_account", "already_enabled"): "The account was enabled already",
    ("prepopulate_phone", ""): "HR's phone was added as authentication method",
    ("set_hire_date", ""): "The first day is in Entra",
    ("set_leave_date", ""): "The end date was written",
    ("set_leave_date", "cleared"): "The end date that this service had written was taken away again",
    ("wait_for_mailbox", ""): "The mailbox is there",
    ("disable_account", ""): "The account was disabled",
    ("disable_account", "already_disabled"): "The account was disabled already",
    ("disable_account", "account_gone"): "The account is gone already",
    ("disable_account", "never_created"): "No account had been created",
    ("issue_access_pass", ""): "The first credential was handed over",
    ("issue_access_pass", "manager"): "The first credential was handed to the manager",
    ("issue_access_pass", "desk"): "The first credential was handed to the service desk",
    ("send_welcome", ""): "The welcome was sent",
    ("send_welcome", "skipped"): "The welcome was left out",
    ("send_welcome", "uncertain"): "Nobody can say whether the welcome went out; it is not sent again",
}

_RUNGS = {"resolved_desk": "that nothing is left to do"}

_WHO = {"user": "the person", "admin": "an administrator", "app": "an app", "unknown": "somebody"}

_METHODS = {**METHOD_WORDS, "unnamed": "a method", "all": "all methods"}

_ACTS = {
    Act.REGISTERED: "registered {method}",
    Act.REVIEWED: 'pressed "looks good"',
    Act.UPDATED: "changed {method}",
    Act.DELETED: "deleted {method}",
    Act.CANCELLED: "cancelled",
    Act.LISTED: "has {method}",
    Act.DOUBTED: "did not say that the person still has {method}",
    Act.RESET_FAILED: "could not reset the password",
    Act.RESET_NO_METHODS: "could not reset the password, for want of methods",
    Act.RESET_BY_ADMIN: "reset the password for the person",
    Act.RESET_SUCCEEDED: "reset the password",
}


def said_once(timeline: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The timeline (oldest first, as `case_json` has it) without entries that a later one says again."""
    kept, done = [], set()
    for item in reversed(timeline):
        if item["action"] == "step_done" and item["detail"].get("detail") != "already_reserved":
            done.add(item["detail"].get("step"))
        elif (step := _SAID_AGAIN.get(item["action"])) in done:
            done.discard(step)
            continue
        kept.append(item)
    return kept[::-1]


def method_words(method: str) -> str:
    """A method's name for people; an unknown one is shown as it is."""
    return _METHODS.get(method, method)


def rung_words(rung: str) -> str:
    """What a message was about."""
    return _RUNGS.get(rung, _plain(rung))


def sentence(action: str, detail: Mapping[str, str]) -> str:
    """One timeline entry in words; an unknown action is shown as it is."""
    words = TIMELINE.get(action)
    if words is None:
        return " ".join([_plain(action), *(f"{k}={v}" for k, v in detail.items())])
    said = dict(detail) if action in _WRITTEN else {name: _plain(value) for name, value in detail.items()}
    said["done"] = _done(detail.get("step", ""), detail.get("detail", ""))
    if kept := detail.get("kept"):
        said["kept"] = f"; the person still has: {kept.replace(',', ', ')}"
    said["seen"] = _seen(detail.get("what", ""))
    said["message"] = rung_words(detail.get("rung", ""))
    text = words.format_map(_Blank(said)).strip()
    return text if action in _WRITTEN else text.replace(" ()", "")


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _plain(code: str) -> str:
    return code.replace("_", " ")


def _done(step: str, detail: str) -> str:
    known = _DONE.get((step, detail)) or _DONE.get((step, ""))
    return known or _plain(f"Done: {step} {detail}").strip()


def _seen(what: str) -> str:
    """`by_act_method,…` as `followup.track` writes it."""
    return ", ".join(_one_seen(code) for code in what.split(","))


def _one_seen(code: str) -> str:
    by, _, rest = code.partition("_")
    act = next((act for act in Act if rest.startswith(f"{act}_")), None)
    if by not in _WHO or act is None:
        return _plain(code)
    method = rest.removeprefix(f"{act}_")
    if act is Act.REGISTERED and method == "temporaryAccessPass":
        return "a Temporary Access Pass was added"
    if act is Act.REGISTERED and method == "all":
        return f"{_WHO[by]} finished registering"
    name = "a Temporary Access Pass" if method == "temporaryAccessPass" else _METHODS.get(method, method)
    return f"{_WHO[by]} {_ACTS[act].format(method=name)}"
