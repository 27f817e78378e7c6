"""Did the person confirm in person, and would SSPR let them reset today? (design section 2, facts 2.3)

Pure: `assess(case, rules, now)` folds the case's evidence (audit events, report rows) in order of time into one
owner per method, and counts. Rules in prose:

- SSPR accepts the Authenticator app, OATH codes, phones and e-mail, and security questions until March 2027 (Learn,
  "How it works: Microsoft Entra self-service password reset"). Passkeys, Windows Hello and Temporary Access Pass
  never count. Passwordless phone sign-in is not in that list either: the push method that comes with it is.
- The app's notification *or* code is one method (same page, "Mobile app and SSPR"), a mobile number and its
  alternate are one (`METHODS` names the gate of each).
- A method that only the person can add is personal wherever it is listed. One that an administrator can add
  needs an audit record by the person, after the account was created, and no later deletion or change by others.
  A change by others that does not say what it changed takes the person's word from everything that it may be.
- Of somebody who came back counts what happened since, and what is listed since (`domain.run`); of listed methods that
  an administrator can add nobody can say whose they are, unless they were added since.
- "Registered all required" names no method: it speaks for listed methods that were not known before it and that nobody
  else is known to have added, and for none that is listed for the first time long after.
- When a phone was lost, nothing that was there before confirms any more, but what an approver said that the person
  still has: what stays was registered with a device that somebody else may hold. Registered anew, it counts again.
- "Looks good" on the review page is weaker: no new proof of possession. So is an update by the person. It speaks for
  what was there, and for nothing that is listed for the first time long after.
- The report runs up to 36 hours behind, a few rows 24 more (Learn, "Authentication methods activity"): until
  `LISTING_LAG` after an audit event the event is believed and the list is not. The targeted read is believed after
  minutes, and a row of less than `LISTING_LAG` later does not overrule it.
- Administrators need two methods, and neither security questions nor hardware tokens are among them (Learn,
  "Administrator reset policy differences").
- A self-service reset that succeeded proves that the person can reset, one that ended for want of methods the
  opposite, until something is registered or deleted. Neither says who registered what.
- What Microsoft said by another number of required methods, in the report or at a reset, holds only where it says as
  much of the number that is required now. A row runs behind here, too.
- Microsoft's SMS and voice calls end on 1 February 2027, and on 1 July for Global Administrators and guests, unless the
  company brings a provider of its own, which nothing tells us: from February on whoever has too little without phones
  is `unknown`. So are administrators: the report does not say of which kind they are.

Known weakness: a number has no history. A method id says nothing about a replaced number (facts 2.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from onboarding.domain import run
from onboarding.domain.case import Case
from onboarding.domain.deciding import deciding
from onboarding.domain.evidence import Act, By, Recoverable, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.missing import Found, missing
from onboarding.domain.provenance import (
    HARDWARE_TOKEN,
    LISTING_LAG,
    METHODS,
    PASSKEYS,
    PHONES,
    REFUSED,
    Method,
    Owner,
    View,
    build,
)
from onboarding.domain.recovery import (
    called_registered,
    directory_phone,
    is_outside,
    is_stale,
    is_unsaid,
    microsofts_word,
    recoverable,
    report_counts_more,
    report_disagrees,
    unknown_to_us,
)
from onboarding.domain.rules import PHONE_SERVICE_END, PHONE_SERVICE_END_GLOBAL, Rules


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer. `because` and `notes` are codes; `counted` are methods, `evidence` the ids that decide."""

    status: Status
    recoverable: Recoverable
    as_of: datetime | None
    counted: tuple[str, ...]
    because: str
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    required: int = 1
    #: The status ends the follow-up (`user_reviewed` only where the setting accepts it).
    confirmed: bool = False
    #: The person should hear from us.
    nudge: bool = False
    #: Methods that SSPR accepts and that are there, whoever added them; and the person's own that are gone.
    present: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    #: What is missing until the person has confirmed and can reset, in sentences; None: nothing.
    missing: str | None = None


def assess(case: Case, rules: Rules, now: datetime) -> Assessment:
    """Both answers for one person at `now` (aware). Independent of the order and of repeats of the evidence."""
    view = build(case, rules.methods_required, now, rules.frozen_as_of, rules.required_since)
    status, because = _status(case, rules, view, now)
    weaker = status in _WITHOUT_THE_PERSON or (status is Status.USER_REVIEWED and not rules.accept_reviewed)
    if case.confirmed_at and weaker and view.needed(case.confirmed_at):
        status, because = Status.REMOVED, "phone_lost" if view.doubted() else "method_deleted"
    unattributed = status is Status.UNATTRIBUTED and view.enough(view.present)
    stale = (status in _FROM_ABSENCE and is_stale(view, rules, now)) or (
        status in _NOT_ENOUGH and is_unsaid(view, rules, now)
    )
    if stale:
        status, because = Status.UNKNOWN, "sources_stale"
    reviewed = status is Status.USER_REVIEWED
    word = microsofts_word(rules, view, now)
    locked_out = word is Recoverable.NO
    # Whom SSPR turned away for want of methods is not through, whatever is counted here but by itself.
    confirmed = (status is Status.USER_REGISTERED or (reviewed and rules.accept_reviewed)) and not (
        locked_out and not _counted_since(view)
    )
    silent = status in {Status.EXCLUDED, Status.ABSENT} or (unattributed and not locked_out)
    counted = view.personal | view.agreed if reviewed else view.personal
    can, notes = recoverable(case, rules, view, status, now), _notes(case, rules, view, now)
    found = Found(
        status,
        because,
        can,
        confirmed,
        view.required,
        counted,
        view.present,
        view.gone(),
        notes,
        added=view.owned(Owner.OTHERS) - counted,
        doubted=view.doubted() - counted,
        scope_read=rules.sspr_scope != "report" or bool(view.registration and view.registration.sspr_enabled),
        phones_over_for_all=now.date() >= PHONE_SERVICE_END_GLOBAL,
    )
    return Assessment(
        status=status,
        recoverable=can,
        as_of=view.as_of,
        counted=tuple(sorted(counted)),
        because=because,
        notes=notes,
        evidence=deciding(view, status, because, counted, by_reset=word is not None),
        required=view.required,
        confirmed=confirmed,
        nudge=not confirmed and not silent and case.account is not None,
        present=tuple(sorted(view.present)),
        gone=tuple(sorted(view.gone())),
        missing=missing(found),
    )


#: Was confirmed, and is no longer because something of the person's is gone: `removed`, whatever else is there.
_WITHOUT_THE_PERSON = {
    Status.DIRECTORY_ONLY,
    Status.PARTIAL,
    Status.ADMIN_REGISTERED,
    Status.UNATTRIBUTED,
    Status.UNKNOWN,
}
#: Answers that rest on something *not* being listed: an old list cannot carry them.
_FROM_ABSENCE = {Status.DIRECTORY_ONLY, Status.ABSENT, Status.UNATTRIBUTED}
#: Answers that rest on the person not having registered more.
_NOT_ENOUGH = {Status.ADMIN_REGISTERED, Status.PARTIAL}


def _status(case: Case, rules: Rules, view: View, now: datetime) -> tuple[Status, str]:
    if case.state is State.EXCLUDED:
        return Status.EXCLUDED, "excluded_by_operator"
    if case.account is None:
        return Status.UNKNOWN, "no_account"
    if is_outside(rules, view.registration):
        return Status.EXCLUDED, "outside_sspr_scope"
    if _absent(view):
        return Status.ABSENT, "not_in_report"
    if view.enough(view.personal):
        return Status.USER_REGISTERED, "registered_enough" if _audited(view) else "person_only_method"
    if view.agreed and view.enough(view.personal | view.agreed):
        return Status.USER_REVIEWED, "reviewed"
    if view.doubted():
        return Status.PARTIAL, "phone_lost"
    if view.personal:
        return Status.PARTIAL, "registered_too_few"
    if view.present:
        return _not_personal(case, rules, view, now)
    return _nothing(view)


def _counted_since(view: View) -> bool:
    """The report has called the person registered so long after the last attempt that it cannot be behind it."""
    registration, refused = view.registration, view.last(Act.RESET_NO_METHODS)
    if registration is None or registration.reported_at is None or refused is None:
        return False
    return called_registered(view) is True and registration.reported_at > refused + LISTING_LAG


def _absent(view: View) -> bool:
    """Not in the newest list, and the person has not done anything since, which takes an account that works."""
    registration = view.registration
    if registration is None or registration.present:
        return False
    acted = view.last(Act.REGISTERED, Act.UPDATED, Act.REVIEWED, Act.RESET_SUCCEEDED, by=By.USER)
    return acted is None or acted <= registration.newest


def _audited(view: View) -> bool:
    return any(view.methods[name].evidence for name in view.personal)


def _not_personal(case: Case, rules: Rules, view: View, now: datetime) -> tuple[Status, str]:
    """Methods are there, none of them is known to be the person's."""
    others = view.owned(Owner.OTHERS)
    unclaimed = view.present - others
    if others and not view.enough(unclaimed):
        return Status.ADMIN_REGISTERED, "added_by_administrator"
    if view.owned(Owner.UNKNOWN):
        return Status.UNKNOWN, "actor_unknown"
    if _unread(view) and not others:
        return Status.UNKNOWN, "record_not_understood"
    kept = timedelta(days=rules.audit_retention_days)
    if any(_in_gap(case, view.methods[name], rules) for name in unclaimed):
        return Status.UNATTRIBUTED, "record_lost"
    if any(_from_before(case, view.methods[name], view) for name in unclaimed):
        return Status.UNATTRIBUTED, "registered_before"
    if all(now - _earliest(case, view.methods[name], view) <= kept for name in unclaimed):
        # The record must still be readable, so it is only late; the account was watched since it exists.
        return Status.UNKNOWN, "awaiting_audit_record"
    return Status.UNATTRIBUTED, "record_not_kept"


def _unread(view: View) -> bool:
    """The person registered something, and the record says in words unknown here what."""
    return any(e.act is Act.REGISTERED and e.by is By.USER and e.method is None for e in view.events)


def _in_gap(case: Case, method: Method, rules: Rules) -> bool:
    """It can have been added while records were lost, and has none. What is listed for the first time long after the
    audit log was read again was added since, and its record is only late."""
    if rules.audit_gap is None or method.left is True:
        return False
    assert case.account is not None  # noqa: S101 (asked by _status)
    read_again = rules.audit_gap[1] + timedelta(days=rules.audit_retention_days)
    listed = method.first_listed
    return case.account.created_at < rules.audit_gap[1] and (
        listed is None or rules.audit_gap[0] <= listed <= read_again + LISTING_LAG
    )


def _from_before(case: Case, method: Method, view: View) -> bool:
    """It can have been there when the person came back: of what was done meanwhile nothing was read. What an earlier
    list of this run did not have was added since, and its record is only late."""
    if method.left is True or not run.came_back(case):
        return False
    first = min((e.at for e in view.events if e.act is Act.LISTED), default=None)
    listed = method.first_listed
    return first is None or listed is None or listed <= first + LISTING_LAG


def _earliest(case: Case, method: Method, view: View) -> datetime:
    """The earliest moment at which the method can have been added."""
    assert case.account is not None  # noqa: S101 (asked by _status)
    if case.account.origin != "created":
        return case.account.created_at
    listed = view.registration.as_of if view.registration else case.account.created_at
    return method.at or method.first_listed or listed


def _nothing(view: View) -> tuple[Status, str]:
    finished = [e for e in view.events if e.act is Act.REGISTERED and e.by is By.USER and e.method == "all"]
    as_of = view.registration.as_of if view.registration else None
    if finished and (as_of is None or as_of < finished[-1].at):
        return Status.UNKNOWN, "awaiting_list"
    if view.registration is None:
        if view.gone():
            return Status.DIRECTORY_ONLY, "nothing_registered"
        return Status.UNKNOWN, "not_looked_at_yet"
    if unknown_to_us(view):
        return Status.UNKNOWN, "method_not_known"
    listed = _refused(view)
    if listed & PASSKEYS:
        return Status.DIRECTORY_ONLY, "passkey_only"
    if _cancelled(view):
        return Status.DIRECTORY_ONLY, "registration_cancelled"
    if listed & REFUSED:
        return Status.DIRECTORY_ONLY, "only_refused_methods"
    return Status.DIRECTORY_ONLY, "nothing_registered"


def _refused(view: View) -> set[str]:
    """Methods that are there and that SSPR does not accept: listed, or said by a later audit record."""
    registration = view.registration
    found = set(registration.methods) - METHODS.keys() - {"password"} if registration else set()
    for event in view.events:
        if event.kind != "audit" or event.method not in REFUSED:
            continue
        if registration is None or event.at > registration.as_of:
            (found.discard if event.act is Act.DELETED else found.add)(event.method)
    return found


def _cancelled(view: View) -> bool:
    """The last thing the person did about registering was to cancel it."""
    acts = [e.act for e in view.events if e.by is By.USER and e.act in {Act.REGISTERED, Act.CANCELLED}]
    return bool(acts) and acts[-1] is Act.CANCELLED


def _notes(case: Case, rules: Rules, view: View, now: datetime) -> tuple[str, ...]:
    listed = set(view.registration.methods) if view.registration else set()
    acts = {(event.act, event.method) for event in view.events}
    found = {
        "passkey_does_not_count": bool(_refused(view) & PASSKEYS),
        "method_not_known_here": bool(listed - REFUSED - METHODS.keys()),
        "registration_cancelled": _cancelled(view),
        "unreadable_event": (Act.REGISTERED, None) in acts,
        "added_by_administrator": bool(view.owned(Owner.OTHERS)),
        "questions_end_2027_03": "securityQuestion" in view.present,
        "phones_only_end_2027_02": bool(view.present & PHONES)
        and not view.enough(view.present - PHONES - {"securityQuestion"}),
        "phones_ended": now.date() >= PHONE_SERVICE_END
        and bool(view.present & PHONES)
        and not view.enough(view.present - PHONES),
        "administrator_needs_two": bool(view.registration and view.registration.is_admin),
        "token_not_for_administrators": _token_refused(view),
        "reset_failed": any(act is Act.RESET_FAILED for act, _ in acts),
        "locked_out": any(act is Act.RESET_NO_METHODS for act, _ in acts),
        "reset_succeeded": any(act is Act.RESET_SUCCEEDED for act, _ in acts),
        "reset_by_desk": any(act is Act.RESET_BY_ADMIN for act, _ in acts),
        "report_disagrees": report_disagrees(view, set(view.present)),
        "report_counts_more": report_counts_more(view) and not view.enough(view.present),
        "report_frozen": rules.frozen_as_of is not None,
        "needs_writeback": bool(case.account and case.account.synced and not rules.writeback),
        "directory_data_counts": now.date() < rules.deadline and bool(directory_phone(case, rules)),
    }
    return tuple(name for name, holds in found.items() if holds)


def _token_refused(view: View) -> bool:
    """A hardware token is there, and this is an administrator."""
    return HARDWARE_TOKEN not in view.usable and view.methods[HARDWARE_TOKEN].present(view.registration)
