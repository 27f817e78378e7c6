"""Would SSPR let this person reset today? The second of the two questions; `confirmation` states the rules in prose."""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.domain.case import Case
from onboarding.domain.evidence import Act, By, Recoverable, Registration, Status
from onboarding.domain.provenance import (
    DIRECT_LAG,
    LISTING_LAG,
    METHODS,
    PHONES,
    REFUSED,
    View,
)
from onboarding.domain.rules import ENDS, PHONE_SERVICE_END, Rules


def is_stale(view: View, rules: Rules, now: datetime) -> bool:
    as_of, registration = view.absence_as_of, view.registration
    if as_of is None or now - as_of > timedelta(hours=rules.stale_hours):
        return True
    if rules.frozen_as_of is None or registration is None or registration.direct:
        return False
    return as_of <= rules.frozen_as_of


def is_unsaid(view: View, rules: Rules, now: datetime) -> bool:
    """The report, where there is one, is too old to say that the person has not registered more; so is what the audit
    log said of their methods."""
    registration = view.registration
    if registration is None or registration.reported_at is None:
        return False
    heard = view.last(Act.REGISTERED, Act.UPDATED, Act.DELETED)
    if (
        heard is not None
        and heard > registration.newest
        and now - heard <= timedelta(hours=rules.stale_hours)
    ):
        return False
    return is_stale(view, rules, now)


def _is_silent(view: View, rules: Rules, now: datetime) -> bool:
    """The report has stood still for too long to say that what was registered is still there, and nothing else does."""
    registration = view.registration
    if rules.frozen_as_of is None or registration is None or registration.reported_at is None:
        return False
    heard = max(rules.frozen_as_of, view.as_of or rules.frozen_as_of)
    return now - heard > timedelta(hours=rules.stale_hours)


def is_outside(rules: Rules, registration: Registration | None) -> bool:
    if rules.sspr_scope == "report":
        return registration is not None and registration.sspr_enabled is False
    return rules.sspr_scope == "none"


def recoverable(case: Case, rules: Rules, view: View, status: Status, now: datetime) -> Recoverable:
    account, registration = case.account, view.registration
    if account is None or status is Status.ABSENT:
        return Recoverable.UNKNOWN
    if is_outside(rules, registration):
        return Recoverable.NO
    if (word := microsofts_word(rules, view, now)) is not None:
        return word
    if account.synced and not rules.writeback:
        return Recoverable.NO
    methods = set(view.present)
    doubt = registration is None or is_stale(view, rules, now) or _unlisted(view, registration)
    if now.date() < rules.deadline:
        phone = directory_phone(case, rules)
        methods |= {"mobilePhone"} if phone else set()
        doubt = doubt or phone is None
    if not view.enough(methods):
        return Recoverable.UNKNOWN if doubt or report_counts_more(view) else Recoverable.NO
    if now.date() >= PHONE_SERVICE_END and not view.enough(methods - PHONES):
        return Recoverable.UNKNOWN
    in_scope = rules.sspr_scope == "all" or bool(registration and registration.sspr_enabled)
    stale = is_stale(view, rules, now)
    if status is Status.USER_REGISTERED:
        # It rests on what was done; a confirmed person's list is written once a week while it says the same.
        stale = _is_silent(view, rules, now)
    disagrees = report_disagrees(view, methods)
    return Recoverable.YES if in_scope and not stale and not disagrees else Recoverable.UNKNOWN


def microsofts_word(rules: Rules, view: View, now: datetime) -> Recoverable | None:
    """What SSPR itself said at the person's last attempt, where nothing has changed since.

    Before the deadline directory data counted, and before their ends phones and security questions did: what was proved
    then proves nothing after it; nor does an attempt in another role, or by a setting, that took another number of
    methods. Turned away with nothing registered is turned away, whatever the directory holds.
    """
    proved = view.last(Act.RESET_SUCCEEDED, by=By.USER)
    refused = view.last(Act.RESET_NO_METHODS)
    if proved is not None and (refused is None or proved > refused):
        ends = (rules.deadline, *ENDS)
        same_side = not any(proved.date() < end <= now.date() for end in ends)
        deleted = view.last_deletion
        if (
            same_side
            and view.same_role(proved)
            and view.holds(proved, enough=True)
            and (deleted is None or deleted < proved)
            and not _list_since(view, proved)
        ):
            return Recoverable.YES
    elif refused is not None and view.same_role(refused) and view.holds(refused, enough=False):
        added = [view.methods[name] for name in view.present]
        times = [method.at if method.left is True else method.first_listed for method in added]
        if all(at is not None and at <= refused for at in times) and not _registered_since(view, refused):
            return Recoverable.NO
    return None


def _registered_since(view: View, moment: datetime) -> bool:
    """Something that may count, whether a list has it already or not."""
    return any(e.act is Act.REGISTERED and e.at > moment and e.method not in REFUSED for e in view.events)


def _unlisted(view: View, registration: Registration) -> bool:
    """The person registered what the record does not name, after the newest list."""
    return any(
        e.act is Act.REGISTERED
        and e.by is By.USER
        and e.method in {None, "all"}
        and e.at > registration.newest
        for e in view.events
    )


def _list_since(view: View, moment: datetime) -> bool:
    """A list of a later time says that too little is there."""
    registration = view.registration
    if registration is None or view.enough(view.present):
        return False
    return registration.as_of > moment + (DIRECT_LAG if registration.direct else LISTING_LAG)


def called_registered(view: View) -> bool | None:
    """What the report says of this person, by the number of methods that is required now; None: nothing. A row may be
    as old as the report may lag."""
    registration = view.registration
    if registration is None or registration.reported_at is None or registration.sspr_registered is None:
        return None
    said = registration.sspr_registered
    return said if view.holds(registration.reported_at - LISTING_LAG, enough=said) else None


def report_disagrees(view: View, methods: set[str]) -> bool:
    """The report says that this person has not registered enough, where we count enough, of the same methods."""
    if called_registered(view) is not False:
        return False
    return methods <= _reported(view) and view.enough(methods)


def report_counts_more(view: View) -> bool:
    """The report says that this person has registered enough, where we count too little of what it had then."""
    registration = view.registration
    if registration is None or called_registered(view) is not True or not registration.present:
        return False
    # Security questions explain its word also where SSPR does not take them any more.
    return not view.enough(_reported(view) & METHODS.keys())


def unknown_to_us(view: View) -> bool:
    """What the report counts more has a name that this version does not know."""
    return report_counts_more(view) and bool(_reported(view) - METHODS.keys() - REFUSED)


def _reported(view: View) -> set[str]:
    """Methods that the newest row of the report had."""
    registration = view.registration
    if registration is None or registration.reported_at is None:
        return set()
    return set(registration.report_methods if registration.direct else registration.methods)


def directory_phone(case: Case, rules: Rules) -> bool | None:
    """Is there a phone in the directory data? None: an account that others filled, nobody looked.

    Of accounts that we created we know: the step notes it when it wrote the attribute.
    """
    if case.account is None or case.account.origin != "created":
        return None
    step = case.steps.get("create_account")
    return bool(rules.directory_data and step and step.detail and "mobile_phone" in step.detail)
