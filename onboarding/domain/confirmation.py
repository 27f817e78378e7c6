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
- "Registered all required" names no method: it speaks for listed methods that nobody else is known to have added.
- "Looks good" on the review page is weaker: no new proof of possession. So is an update by the person.
- The report runs up to 36 hours behind, a few rows 24 more (Learn, "Authentication methods activity"): until
  `LISTING_LAG` after an audit event the event is believed and the list is not.
- Administrators need two methods and have no security questions (Learn, "Administrator reset policy differences").

Known weakness: a number has no history. A method id says nothing about a replaced number (facts 2.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from onboarding.domain.case import Act, By, Case, Recoverable, Registration, Status
from onboarding.domain.lifecycle import State
from onboarding.domain.policy import Policy
from onboarding.domain.provenance import METHODS, PASSKEYS, REFUSED, Method, Owner, View, build
from onboarding.settings import Settings

#: Microsoft's own SMS and voice calls end (Learn, "SMS and voice retirement").
PHONE_SERVICE_END = date(2027, 2, 1)
#: `because` and note codes in words, for the views.
BECAUSE: Mapping[str, str] = {
    "excluded_by_operator": "An operator excluded this person.",
    "outside_sspr_scope": "Self-service password reset is not switched on for this person.",
    "no_account": "There is no account yet.",
    "not_looked_at_yet": "Neither the audit log nor the report has said anything about this person yet.",
    "sources_stale": "What is known is too old to say that nothing is registered.",
    "not_in_report": "The person is not in the registration report: disabled, deleted, or too new.",
    "registered_enough": "The person registered enough methods in person.",
    "person_only_method": "The person paired a method that nobody else can add.",
    "reviewed": "The person looked at the methods and agreed, but did not register them.",
    "registered_too_few": "The person registered some methods, not enough.",
    "added_by_administrator": "The methods were added by an administrator or an app.",
    "record_not_kept": "The methods are older than any audit record still kept.",
    "awaiting_audit_record": "A method is listed whose audit record has not arrived yet.",
    "actor_unknown": "An audit record says that a method was added, but not by whom.",
    "awaiting_list": "The person finished registering; the list of methods is not read yet.",
    "method_deleted": "A method that was needed has been deleted.",
    "registration_cancelled": "The person started to register and cancelled.",
    "passkey_only": "Only a passkey is registered, which password reset does not accept.",
    "only_refused_methods": "Only methods that password reset does not accept are registered.",
    "nothing_registered": "No method that password reset accepts is registered.",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the answer depends on."""

    methods_required: int = 1
    #: `report`, `all` or `none`.
    sspr_scope: str = "report"
    writeback: bool = False
    #: From this day on SSPR ignores directory data.
    deadline: date = date(2026, 9, 7)
    #: This service may write the HR phone to `mobilePhone`.
    directory_data: bool = True
    accept_reviewed: bool = False
    #: Audit records are kept this long: 30 days on P1/P2, 7 on Free (Learn, "Data retention").
    audit_retention_days: int = 30
    #: An older list does not carry "nothing is there".
    stale_hours: int = 48

    @classmethod
    def of(cls, settings: Settings, policy: Policy | None = None) -> Rules:
        """Rules of this installation; without a policy its built-in staleness."""
        return cls(
            methods_required=settings.methods_required,
            sspr_scope=settings.sspr_scope,
            writeback=settings.writeback,
            deadline=settings.deadline,
            directory_data=settings.phone_attribute == "mobilePhone",
            accept_reviewed=settings.accept_reviewed,
            stale_hours=(policy or Policy()).follow_up.report_stale_hours,
        )


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer. `because` and `notes` are codes; `counted` are methods, `evidence` ids that carry them."""

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


def assess(case: Case, rules: Rules, now: datetime) -> Assessment:
    """Both answers for one person at `now` (aware). Independent of the order and of repeats of the evidence."""
    view = build(case, rules.methods_required, now)
    status, because = _status(case, rules, view, now)
    if case.confirmed_at and status in {Status.DIRECTORY_ONLY, Status.PARTIAL} and view.lost():
        status, because = Status.REMOVED, "method_deleted"
    if _stale(view, rules, now) and status in _FROM_ABSENCE:
        status, because = Status.UNKNOWN, "sources_stale"
    reviewed = status is Status.USER_REVIEWED
    confirmed = status is Status.USER_REGISTERED or (reviewed and rules.accept_reviewed)
    silent = status in {Status.EXCLUDED, Status.ABSENT} or (
        status is Status.UNATTRIBUTED and view.enough(view.present)
    )
    counted = view.personal | view.agreed if reviewed else view.personal
    return Assessment(
        status=status,
        recoverable=_recoverable(case, rules, view, status, now),
        as_of=view.as_of,
        counted=tuple(sorted(counted)),
        because=because,
        notes=_notes(case, rules, view, now),
        evidence=_carrying(view, counted),
        required=view.required,
        confirmed=confirmed,
        nudge=not confirmed and not silent and case.account is not None,
    )


#: Answers that rest on something *not* being listed: an old list cannot carry them.
_FROM_ABSENCE = {Status.DIRECTORY_ONLY, Status.ABSENT, Status.UNATTRIBUTED}


def _stale(view: View, rules: Rules, now: datetime) -> bool:
    return view.as_of is None or now - view.as_of > timedelta(hours=rules.stale_hours)


def _outside(rules: Rules, registration: Registration | None) -> bool:
    if rules.sspr_scope == "report":
        return registration is not None and registration.sspr_enabled is False
    return rules.sspr_scope == "none"


def _status(case: Case, rules: Rules, view: View, now: datetime) -> tuple[Status, str]:
    if case.state is State.EXCLUDED:
        return Status.EXCLUDED, "excluded_by_operator"
    if case.account is None:
        return Status.UNKNOWN, "no_account"
    if _outside(rules, view.registration):
        return Status.EXCLUDED, "outside_sspr_scope"
    if view.registration and not view.registration.present and view.as_of == view.registration.as_of:
        return Status.ABSENT, "not_in_report"
    if view.enough(view.personal):
        return Status.USER_REGISTERED, "registered_enough" if _audited(view) else "person_only_method"
    if view.agreed and view.enough(view.personal | view.agreed):
        return Status.USER_REVIEWED, "reviewed"
    if view.personal:
        return Status.PARTIAL, "registered_too_few"
    if view.present:
        return _not_personal(case, rules, view, now)
    return _nothing(view)


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
    kept = timedelta(days=rules.audit_retention_days)
    if all(now - _earliest(case, view.methods[name], view) <= kept for name in unclaimed):
        # The record must still be readable, so it is only late; the account was watched since it exists.
        return Status.UNKNOWN, "awaiting_audit_record"
    return Status.UNATTRIBUTED, "record_not_kept"


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
        if view.lost():
            return Status.DIRECTORY_ONLY, "nothing_registered"
        return Status.UNKNOWN, "not_looked_at_yet"
    listed = set(view.registration.methods) - {"password"}
    if listed & PASSKEYS:
        return Status.DIRECTORY_ONLY, "passkey_only"
    if _cancelled(view):
        return Status.DIRECTORY_ONLY, "registration_cancelled"
    if listed & REFUSED:
        return Status.DIRECTORY_ONLY, "only_refused_methods"
    return Status.DIRECTORY_ONLY, "nothing_registered"


def _cancelled(view: View) -> bool:
    """The last thing the person did about registering was to cancel it."""
    acts = [e.act for e in view.events if e.by is By.USER and e.act in {Act.REGISTERED, Act.CANCELLED}]
    return bool(acts) and acts[-1] is Act.CANCELLED


def _recoverable(case: Case, rules: Rules, view: View, status: Status, now: datetime) -> Recoverable:
    account, registration = case.account, view.registration
    if account is None or status is Status.ABSENT:
        return Recoverable.UNKNOWN
    if _outside(rules, registration) or (account.synced and not rules.writeback):
        return Recoverable.NO
    methods, doubt = set(view.present), registration is None or _stale(view, rules, now)
    if now.date() < rules.deadline:
        phone = _directory_phone(case, rules)
        methods |= {"mobilePhone"} if phone else set()
        doubt = doubt or phone is None
    if not view.enough(methods):
        return Recoverable.UNKNOWN if doubt else Recoverable.NO
    in_scope = rules.sspr_scope == "all" or bool(registration and registration.sspr_enabled)
    stale = _stale(view, rules, now) and status is not Status.USER_REGISTERED
    return Recoverable.YES if in_scope and not stale else Recoverable.UNKNOWN


def _directory_phone(case: Case, rules: Rules) -> bool | None:
    """Is there a phone in the directory data? None: an account that others filled, nobody looked.

    Of accounts that we created we know: the step notes it when it wrote the attribute.
    """
    if case.account is None or case.account.origin != "created":
        return None
    step = case.steps.get("create_account")
    return bool(rules.directory_data and step and step.detail and "mobile_phone" in step.detail)


def _notes(case: Case, rules: Rules, view: View, now: datetime) -> tuple[str, ...]:
    listed = set(view.registration.methods) if view.registration else set()
    phones = {"mobilePhone", "alternateMobilePhone", "officePhone"}
    acts = {(event.act, event.method) for event in view.events}
    found = {
        "passkey_does_not_count": bool(listed & PASSKEYS),
        "method_not_known_here": bool(listed - REFUSED - METHODS.keys()),
        "registration_cancelled": _cancelled(view),
        "unreadable_event": (Act.REGISTERED, None) in acts,
        "added_by_administrator": bool(view.owned(Owner.OTHERS)),
        "questions_end_2027_03": "securityQuestion" in view.present,
        "phones_only_end_2027_02": bool(view.present) and view.present <= phones,
        "administrator_needs_two": bool(view.registration and view.registration.is_admin),
        "reset_failed": any(act is Act.RESET_FAILED for act, _ in acts),
        "reset_succeeded": any(act is Act.RESET_SUCCEEDED for act, _ in acts),
        "needs_writeback": bool(case.account and case.account.synced and not rules.writeback),
        "directory_data_counts": now.date() < rules.deadline and bool(_directory_phone(case, rules)),
    }
    return tuple(name for name, holds in found.items() if holds)


def _carrying(view: View, counted: set[str]) -> tuple[str, ...]:
    """Ids of the evidence that the counted methods rest on; a listed row where there is no audit event."""
    found: set[str] = set()
    for name in counted:
        method = view.methods[name]
        rows = [e.id for e in view.events if e.act is Act.LISTED and e.method == name]
        owned = method.evidence if name in view.personal else method.reviewed
        found |= {owned} if owned else set(rows[-1:])
    return tuple(sorted(found))


#: `/authentication/methods` (v1.0) does not show these; the report does (facts 2.6).
NOT_IN_TARGETED_READ = frozenset(
    {"securityQuestion", "hardwareOneTimePasscode", "microsoftAuthenticatorPasswordless"}
)


def merged(known: Registration | None, seen: Registration, *, targeted: bool = False) -> Registration:
    """What is known after `seen`: newer methods win, older rows only fill gaps in the flags.

    `targeted`: one person's methods, read right now, which leaves out some kinds: those stay as known.
    """
    if known is None:
        return seen
    newer, older = (seen, known) if seen.as_of >= known.as_of else (known, seen)
    methods = set(newer.methods)
    if targeted and newer is seen:
        methods |= set(known.methods) & NOT_IN_TARGETED_READ

    def flag(name: str) -> bool | None:
        value: bool | None = getattr(newer, name)
        return getattr(older, name) if value is None else value

    return Registration(
        methods=tuple(sorted(methods)),
        as_of=newer.as_of,
        is_admin=flag("is_admin"),
        sspr_enabled=flag("sspr_enabled"),
        sspr_registered=flag("sspr_registered"),
        sspr_capable=flag("sspr_capable"),
        present=newer.present,
    )
