"""What "confirmed" means (design section 2, facts 2.3), as a specification."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.account import Account
from onboarding.domain.case import Case
from onboarding.domain.confirmation import assess
from onboarding.domain.evidence import Act, By, Evidence, Recoverable, Registration, Status
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.domain.lists import merged
from onboarding.domain.missing import BECAUSE
from onboarding.domain.policy import FollowUpPolicy, Policy
from onboarding.domain.records import StepRecord
from onboarding.domain.rules import Rules
from onboarding.settings import Settings

CREATED = datetime(2026, 9, 21, 8, tzinfo=UTC)
NOW = datetime(2026, 10, 5, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = Rules(sspr_scope="all")
TWO = replace(ALL, methods_required=2)


def ev(act: str, by: str, method: str | None, at: datetime = NOW - DAY, name: str = "") -> Evidence:
    return Evidence(name or f"{by}-{act}-{method}-{at:%d%H%M}", "audit", Act(act), By(by), method, at)


def case(
    *evidence: Evidence, methods: tuple[str, ...] | None = (), as_of: datetime = NOW - HOUR, **more: Any
) -> Case:
    """`methods` None: no list was ever read."""
    flags = {k: more.pop(k) for k in ("is_admin", "sspr_enabled", "present") if k in more}
    account = Account("u1", "u@contoso.example", "m", CREATED)
    for name in ("origin", "synced", "created_at"):
        if name in more:
            setattr(account, name, more.pop(name))
    made = Case("c_1", "custom", State.FOLLOWING_UP, Hire(), CREATED, CREATED, account=account)
    made.evidence = list(evidence)
    if methods is not None:
        made.registration = Registration(methods, as_of, **flags)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def status(*evidence: Evidence, rules: Rules = ALL, now: datetime = NOW, **more: Any) -> str:
    return str(assess(case(*evidence, **more), rules, now).status)


@pytest.mark.parametrize("method", ["mobilePhone", "alternateMobilePhone", "officePhone", "email"])
@pytest.mark.parametrize("more", ["softwareOneTimePasscode", "hardwareOneTimePasscode"])
def test_a_method_that_others_can_add_needs_a_record_by_the_person(method: str, more: str) -> None:
    for name in (method, more):
        found = assess(case(ev("registered", "user", name), methods=(name,)), ALL, NOW)
        assert (found.status, found.confirmed, found.counted) == (Status.USER_REGISTERED, True, (name,))
        assert found.evidence == (f"user-registered-{name}-0408" + "00",)
        assert status(methods=(name,)) == "unknown", "listed, nobody known: the record is on its way"


@pytest.mark.parametrize("method", ["microsoftAuthenticatorPush", "securityQuestion"])
def test_a_method_that_only_the_person_can_add_is_personal_evidence_by_itself(method: str) -> None:
    found = assess(case(methods=(method,)), ALL, NOW)
    assert (found.status, found.because) == (Status.USER_REGISTERED, "person_only_method")


@pytest.mark.parametrize(
    "method",
    ["fido2", "passKeyDeviceBound", "passKeyDeviceBoundAuthenticator", "passKeySynced",
     "passKeyDeviceBoundWindowsHello"],
)  # fmt: skip
def test_a_passkey_never_counts_and_is_said_to_be_alone(method: str) -> None:
    found = assess(case(ev("registered", "user", method), methods=(method,)), ALL, NOW)
    assert (found.status, found.because, found.recoverable) == ("directory_only", "passkey_only", "no")
    assert "passkey_does_not_count" in found.notes


@pytest.mark.parametrize(
    "method", ["windowsHelloForBusiness", "temporaryAccessPass", "microsoftAuthenticatorPasswordless"]
)
def test_other_methods_that_sspr_refuses_never_count(method: str) -> None:
    found = assess(case(ev("registered", "user", method), methods=(method,)), ALL, NOW)
    assert (found.status, found.because) == (Status.DIRECTORY_ONLY, "only_refused_methods")


def test_an_unknown_method_is_unknown_and_never_a_failure() -> None:
    found = assess(case(methods=("carrierPigeon", "microsoftAuthenticatorPush")), ALL, NOW)
    assert found.confirmed
    assert "method_not_known_here" in found.notes


PHONE = "mobilePhone"
USER, ADMIN = ev("registered", "user", PHONE), ev("registered", "admin", PHONE)


@pytest.mark.parametrize(
    ("events", "listed", "expected"),
    [
        pytest.param([], (), "directory_only", id="nothing"),
        pytest.param([ADMIN], (PHONE,), "admin_registered", id="by an administrator"),
        pytest.param([ev("registered", "app", PHONE)], (PHONE,), "admin_registered", id="by an app"),
        pytest.param([ADMIN], None, "admin_registered", id="by an administrator, no list read"),
        pytest.param([ev("registered", "unknown", PHONE)], (PHONE,), "unknown", id="by nobody knows whom"),
        pytest.param([USER], (), "user_registered", id="the list is behind the record"),
        pytest.param([USER], None, "user_registered", id="the record alone"),
        pytest.param([USER, ev("updated", "admin", PHONE, NOW - HOUR)], (PHONE,), "admin_registered",
                     id="changed by an administrator later"),
        pytest.param([ev("updated", "admin", PHONE, NOW - 2 * DAY), USER], (PHONE,), "user_registered",
                     id="changed by an administrator before"),
        pytest.param([ADMIN, ev("updated", "user", PHONE, NOW - HOUR)], (PHONE,), "user_reviewed",
                     id="updated by the person is weaker than registered"),
        pytest.param([USER, ev("deleted", "user", PHONE, NOW - HOUR)], (), "directory_only", id="deleted"),
        pytest.param([USER, ev("deleted", "admin", PHONE, NOW - 2 * HOUR)], (PHONE,), "directory_only",
                     id="deleted, the list is behind"),
        pytest.param([USER, ev("deleted", "user", PHONE, NOW - 2 * HOUR), ev("registered", "user", PHONE, NOW - HOUR)],
                     (PHONE,), "user_registered", id="deleted and registered again"),
        pytest.param([ev("registered", "user", PHONE, CREATED - DAY)], (PHONE,), "unknown",
                     id="before the account: somebody else's"),
        pytest.param([ev("registered", "user", PHONE, CREATED)], (PHONE,), "user_registered", id="at once"),
        pytest.param([ev("cancelled", "user", None)], (), "directory_only", id="cancelled"),
        pytest.param([ev("cancelled", "user", "all")], (PHONE,), "unknown", id="cancelled never confirms"),
        pytest.param([ev("registered", "user", None)], (), "directory_only", id="of an unreadable method"),
        pytest.param([ev("registered", "user", "temporaryAccessPass")], (), "directory_only", id="a pass"),
        pytest.param([ev("registered", "user", "all")], (PHONE,), "user_registered", id="all: what is listed"),
        pytest.param([ev("registered", "user", "all")], (), "directory_only", id="all, nothing listed"),
        pytest.param([ev("registered", "user", "all")], None, "unknown", id="all, no list read yet"),
        pytest.param([ADMIN, ev("registered", "user", "all", NOW - 2 * HOUR)], (PHONE,), "admin_registered",
                     id="all does not speak for what an administrator added"),
        pytest.param([ev("registered", "user", "all", NOW - 2 * DAY), ADMIN], (PHONE,), "admin_registered",
                     id="all, then changed by an administrator"),
        pytest.param([ev("registered", "admin", None)], (PHONE,), "admin_registered",
                     id="an administrator added something unnamed"),
        pytest.param([ADMIN, ev("reviewed", "user", "all", NOW - HOUR)], (PHONE,), "user_reviewed", id="reviewed"),
        pytest.param([ev("reviewed", "user", "all", NOW - 2 * DAY), ADMIN], (PHONE,), "admin_registered",
                     id="reviewed, then changed"),
        pytest.param([ev("reviewed", "user", "all")], (), "directory_only", id="reviewed nothing"),
        pytest.param([ev("reset_succeeded", "user", None)], (), "directory_only", id="a reset is no registration"),
        pytest.param([ADMIN], (PHONE, "microsoftAuthenticatorPush"), "user_registered", id="the app beside it"),
    ],
)  # fmt: skip
def test_what_the_evidence_adds_up_to(
    events: list[Evidence], listed: tuple[str, ...] | None, expected: str
) -> None:
    assert status(*events, methods=listed) == expected


@pytest.mark.parametrize(
    ("events", "listed", "expected"),
    [
        pytest.param([USER], (PHONE,), "partial", id="one of two"),
        pytest.param([USER, ev("registered", "admin", "email")], (PHONE, "email"), "partial", id="mixed"),
        pytest.param([USER, ev("registered", "user", "email")], (PHONE, "email"), "user_registered", id="two"),
        pytest.param([], ("microsoftAuthenticatorPush", "softwareOneTimePasscode"), "partial",
                     id="the app's notification and code are one"),
        pytest.param([USER, ev("registered", "user", "alternateMobilePhone")], (PHONE, "alternateMobilePhone"),
                     "partial", id="a mobile and its alternate are one"),
        pytest.param([USER], (PHONE, "microsoftAuthenticatorPush"), "user_registered", id="phone and app"),
        pytest.param([USER, ev("registered", "admin", "email"), ev("reviewed", "user", "all", NOW - HOUR)],
                     (PHONE, "email"), "user_reviewed", id="one registered, one reviewed"),
    ],
)  # fmt: skip
def test_two_required(events: list[Evidence], listed: tuple[str, ...], expected: str) -> None:
    assert status(*events, methods=listed, rules=TWO) == expected


def test_an_administrator_needs_two_and_has_no_security_questions() -> None:
    one = assess(case(USER, methods=(PHONE,), is_admin=True), ALL, NOW)
    assert (one.status, one.required) == (Status.PARTIAL, 2)
    assert "administrator_needs_two" in one.notes
    assert status(USER, methods=(PHONE, "securityQuestion"), is_admin=True) == "partial"
    assert status(USER, methods=(PHONE, "microsoftAuthenticatorPush"), is_admin=True) == "user_registered"


def test_security_questions_count_until_march_2027() -> None:
    last, first = datetime(2027, 2, 28, 23, tzinfo=UTC), datetime(2027, 3, 1, 0, tzinfo=UTC)
    for now, expected in ((last, "user_registered"), (first, "directory_only")):
        assert status(methods=("securityQuestion",), as_of=now - HOUR, now=now) == expected


def test_reviewed_confirms_only_where_the_setting_accepts_it() -> None:
    made = case(ADMIN, ev("reviewed", "user", "all", NOW - HOUR), methods=(PHONE,))
    assert not assess(made, ALL, NOW).confirmed
    assert assess(made, replace(ALL, accept_reviewed=True), NOW).confirmed
    assert assess(made, replace(ALL, accept_reviewed=True), NOW).status == Status.USER_REVIEWED


def test_methods_older_than_any_record_are_unattributed_and_not_nagged() -> None:
    old: dict[str, Any] = {"origin": "adopted", "created_at": NOW - 900 * DAY}
    found = assess(case(methods=(PHONE,), **old), ALL, NOW)
    assert (found.status, found.nudge, found.recoverable) == (Status.UNATTRIBUTED, False, Recoverable.YES)
    two = assess(case(methods=(PHONE,), **old), TWO, NOW)
    assert (two.status, two.nudge, two.recoverable) == (Status.UNATTRIBUTED, True, Recoverable.NO)
    young = assess(case(methods=(PHONE,), origin="adopted"), ALL, NOW)
    assert (young.status, young.because) == (Status.UNKNOWN, "awaiting_audit_record")


@pytest.mark.parametrize(
    ("listed", "created", "records", "expected"),
    [
        # Lost from 22 to 25 September, read again from 25 October on.
        (datetime(2026, 10, 25, 9, tzinfo=UTC), CREATED, (), "unattributed"),
        (datetime(2026, 9, 24, 9, tzinfo=UTC), CREATED, (), "unattributed"),
        (datetime(2026, 10, 28, 9, tzinfo=UTC), CREATED, (), "unknown"),  # the report was behind no longer
        (datetime(2026, 10, 25, 9, tzinfo=UTC), datetime(2026, 9, 26, tzinfo=UTC), (), "unknown"),
        (datetime(2026, 10, 25, 9, tzinfo=UTC), CREATED, ("user",), "user_registered"),
        (datetime(2026, 10, 25, 9, tzinfo=UTC), CREATED, ("admin",), "admin_registered"),
    ],
)
def test_what_may_have_been_added_while_records_were_lost_is_nobodys_and_not_nagged(
    listed: datetime, created: datetime, records: tuple[str, ...], expected: str
) -> None:
    gap = (datetime(2026, 9, 22, tzinfo=UTC), datetime(2026, 9, 25, tzinfo=UTC))
    now = listed + HOUR
    rows = [Evidence("r", "report", Act.LISTED, By.UNKNOWN, PHONE, listed)]
    rows += [ev("registered", by, PHONE, listed - HOUR) for by in records]
    made = case(*rows, methods=(PHONE,), as_of=listed, created_at=created)
    found = assess(made, replace(ALL, audit_gap=gap), now)
    assert (found.status, found.nudge) == (expected, expected in {"unknown", "admin_registered"})
    assert (found.because == "record_lost") == (expected == "unattributed")
    assert replace(ALL, audit_gap=gap).key(now) != ALL.key(now)


@pytest.mark.parametrize(
    ("evidence", "methods", "rules", "fresh", "frozen"),
    [
        ((ADMIN,), (PHONE,), ALL, ("admin_registered", "yes"), ("unknown", "unknown")),
        ((USER,), (PHONE,), TWO, ("partial", "no"), ("unknown", "unknown")),
        ((USER,), (PHONE,), ALL, ("user_registered", "yes"), ("user_registered", "unknown")),
        (
            (),
            ("microsoftAuthenticatorPush",),
            ALL,
            ("user_registered", "yes"),
            ("user_registered", "unknown"),
        ),
        ((), (), ALL, ("directory_only", "no"), ("unknown", "unknown")),
    ],
)
def test_a_report_that_has_stood_still_for_long_says_nothing_of_what_is_missing(
    evidence: tuple[Evidence, ...],
    methods: tuple[str, ...],
    rules: Rules,
    fresh: tuple[str, str],
    frozen: tuple[str, str],
) -> None:
    made, late = case(*evidence, methods=methods), NOW + 20 * DAY
    still = replace(rules, frozen_as_of=NOW - HOUR)
    for when, how, expected in ((NOW, rules, fresh), (late, still, frozen)):
        found = assess(made, how, when)
        assert (found.status, found.recoverable) == expected
    # A read of the person's methods tells.
    made.registration = merged(made.registration, Registration(methods, late, direct=True))
    found = assess(made, still, late + HOUR)
    assert (found.status, found.recoverable) == fresh


def test_what_the_audit_log_says_while_the_report_stands_still_counts() -> None:
    late = NOW + 20 * DAY
    still = replace(ALL, frozen_as_of=NOW - HOUR)
    added = case(ev("registered", "admin", PHONE, late - HOUR), methods=())
    assert assess(added, still, late).status == Status.ADMIN_REGISTERED
    assert assess(added, still, late + 3 * DAY).status == Status.UNKNOWN
    gone = case(ev("deleted", "user", "email", late - HOUR), methods=())
    found = assess(gone, still, late)
    assert (found.status, found.recoverable) == (Status.UNKNOWN, Recoverable.UNKNOWN)
    mine = case(USER, ev("deleted", "user", PHONE, late - HOUR), methods=(PHONE,), confirmed_at=NOW)
    assert assess(mine, still, late).status == Status.REMOVED


EMAIL, OFFICE = ev("registered", "user", "email"), ev("registered", "user", "officePhone")
BOTH = {"methods": (PHONE, "email"), "is_admin": True}
FEBRUARY, JULY = datetime(2027, 2, 15, tzinfo=UTC), datetime(2027, 7, 15, tzinfo=UTC)
OLD_PHONE: dict[str, Any] = {"origin": "adopted", "created_at": NOW - 900 * DAY}


@pytest.mark.parametrize(
    ("evidence", "more", "rules", "now", "said"),
    [
        (
            (USER, EMAIL), BOTH, ALL, NOW,
            "A mobile phone counts until 1 February 2027 (1 July for Global Administrators); "
            "one more method is needed by then beside an email address.",
        ),
        (
            (USER, EMAIL), BOTH, ALL, FEBRUARY,
            "Without phones only an email address is left. Microsoft's SMS and voice calls ended on 1 February 2027, "
            "for Global Administrators they end on 1 July 2027, and which kind of administrator this is the report "
            "does not say: one more method is needed, unless the company has a provider of its own.",
        ),
        (
            (USER, EMAIL), BOTH, ALL, JULY,
            "Without phones only an email address is left. Microsoft's SMS and voice calls ended on 1 February 2027: "
            "one more method is needed, unless the company has a provider of its own.",
        ),
        (
            (USER,), {"methods": (PHONE,)}, ALL, FEBRUARY,
            "Only phones are registered. Microsoft's SMS and voice calls ended on 1 February 2027: "
            "one more method is needed, unless the company has a provider of its own.",
        ),
        (
            (USER, OFFICE), {"methods": (PHONE, "officePhone")}, ALL, NOW,
            "A mobile phone and an office phone alone are enough until 1 February 2027; "
            "one more method is needed by then.",
        ),
        (
            (EMAIL,), {"methods": (PHONE, "email"), **OLD_PHONE}, replace(ALL, methods_required=3), NOW,
            "The person registered an email address; 3 are needed, so one more method of another kind. "
            "Nobody can say who added a mobile phone.",
        ),
        (
            (EMAIL, ADMIN), {"methods": (PHONE, "email")}, replace(ALL, methods_required=3), NOW,
            "The person registered an email address; 3 are needed, so one more method of another kind. "
            "A mobile phone does not count: added by somebody else.",
        ),
        (
            (ADMIN,), {"methods": (PHONE, "email"), **OLD_PHONE}, TWO, NOW,
            "A mobile phone came from an administrator or an app, which does not show that the person can use it: "
            "the person has to register two methods of different kinds. Nobody can say who added an email address.",
        ),
        (
            (ADMIN, ev("reviewed", "user", "all", NOW - 20 * HOUR)), {"methods": (PHONE,), "sspr_enabled": True},
            Rules(accept_reviewed=True), NOW + 20 * DAY,
            "What is known is too old to say that a reset would work. The next report tells. "
            "A mobile phone alone is enough until 1 February 2027; one more method is needed by then.",
        ),
        (
            (ADMIN, ev("reviewed", "user", "all", NOW - 20 * HOUR)), {"methods": (PHONE,)},
            Rules(accept_reviewed=True), NOW,
            "Whether self-service password reset is switched on for this person has not been read yet. "
            "A mobile phone alone is enough until 1 February 2027; one more method is needed by then.",
        ),
        (
            (ev("reset_succeeded", "user", None),), {"methods": None}, ALL, NOW,
            "The person reset the password by self-service; no list of the methods has been read yet.",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_what_is_so_and_no_more(
    evidence: tuple[Evidence, ...], more: dict[str, Any], rules: Rules, now: datetime, said: str
) -> None:
    as_of = NOW - HOUR if rules.accept_reviewed else now - HOUR
    assert assess(case(*evidence, as_of=as_of, **more), rules, now).missing == said


def listed(method: str, at: datetime = NOW - 2 * HOUR) -> Evidence:
    return Evidence(f"report:{method}", "report", Act.LISTED, By.UNKNOWN, method, at)


GONE = ev("deleted", "admin", PHONE, NOW - 2 * HOUR, "gone")
NOBODY = ev("registered", "unknown", PHONE, name="nobody")
PUSH_LISTED = listed("microsoftAuthenticatorPush", NOW - DAY)


@pytest.mark.parametrize(
    ("evidence", "more", "status", "ids"),
    [
        ((USER,), {"methods": (PHONE,)}, "user_registered", [USER.id]),
        ((listed(PHONE), ADMIN), {"methods": (PHONE,)}, "admin_registered", [ADMIN.id]),
        ((USER, GONE), {"confirmed_at": NOW - 10 * HOUR}, "removed", ["gone"]),
        ((PUSH_LISTED,), {"confirmed_at": NOW - 10 * HOUR}, "removed", [PUSH_LISTED.id]),
        ((USER, GONE), {}, "directory_only", ["gone"]),
        ((ev("cancelled", "user", None, name="c"),), {}, "directory_only", ["c"]),
        ((listed("fido2"), ev("registered", "user", "fido2", name="f")), {"methods": ("fido2",)},
         "directory_only", ["report:fido2"]),
        ((), {}, "directory_only", []),
        ((listed(PHONE),), {"methods": (PHONE,), **OLD_PHONE}, "unattributed", ["report:mobilePhone"]),
        ((listed(PHONE),), {"methods": (PHONE,)}, "unknown", ["report:mobilePhone"]),
        ((listed(PHONE), NOBODY), {"methods": (PHONE,)}, "unknown", ["nobody"]),
        ((ev("registered", "user", "all", NOW - HOUR, "all"),), {"methods": None}, "unknown", ["all"]),
        ((listed(PHONE), ADMIN, ev("reviewed", "user", "all", NOW - 2 * HOUR, "r")), {"methods": (PHONE,)},
         "user_reviewed", ["r"]),
        ((ADMIN, ev("reset_no_methods", "user", None, NOW - HOUR, "no")), {"methods": (PHONE,)},
         "admin_registered", [ADMIN.id, "no"]),
    ],
)  # fmt: skip
def test_whatever_decides_is_named(
    evidence: tuple[Evidence, ...], more: dict[str, Any], status: str, ids: list[str]
) -> None:
    found = assess(case(*evidence, **more), ALL, NOW)
    assert (found.status, sorted(found.evidence)) == (status, sorted(ids)), found.because


@pytest.mark.parametrize(
    ("later", "registered", "confirmed"),
    [(61 * HOUR, True, True), (59 * HOUR, True, False), (61 * HOUR, False, False), (61 * HOUR, None, False)],
)
def test_whom_sspr_turned_away_is_not_through_until_the_report_counts_enough(
    later: timedelta, registered: bool | None, confirmed: bool
) -> None:
    away = ev("reset_no_methods", "user", None, NOW - 9 * HOUR)
    made = case(USER, away, methods=(PHONE,))
    found = assess(made, ALL, NOW)
    assert (found.status, found.confirmed, found.nudge) == (Status.USER_REGISTERED, False, True)
    assert found.recoverable == Recoverable.NO
    made.registration = Registration((PHONE,), away.at + later, sspr_registered=registered)
    assert assess(made, ALL, away.at + later).confirmed is confirmed
    more = ev("registered", "user", "email", NOW - HOUR)
    assert assess(case(USER, away, more, methods=(PHONE,)), ALL, NOW).confirmed


def test_a_reviewed_method_that_the_report_does_not_list_any_more_is_removed() -> None:
    accepts = replace(ALL, accept_reviewed=True)
    agreed = ev("reviewed", "user", "all", NOW - 20 * HOUR, "r")
    made = case(ADMIN, agreed, listed(PHONE, NOW - 22 * HOUR), methods=(PHONE,), confirmed_at=NOW)
    assert assess(made, accepts, NOW).confirmed
    later = NOW + 4 * DAY
    made.registration = Registration((), later)
    found = assess(made, accepts, later)
    assert (found.status, found.gone, found.confirmed) == (Status.REMOVED, (PHONE,), False)
    assert found.evidence == ("r",)


def test_the_existing_workforce_with_the_app_is_confirmed_without_any_record() -> None:
    listed = ("microsoftAuthenticatorPush", PHONE)
    assert status(methods=listed, origin="adopted", created_at=NOW - 900 * DAY) == "user_registered"


def test_a_created_account_was_watched_from_the_start() -> None:
    late = NOW + 40 * DAY
    first_seen = Evidence("methods:x", "methods", Act.LISTED, By.UNKNOWN, PHONE, NOW)
    seen = case(first_seen, methods=(PHONE,), as_of=late)
    assert assess(seen, ALL, NOW + DAY).because == "awaiting_audit_record"
    assert assess(seen, ALL, late).status == Status.UNATTRIBUTED


def test_removed_is_who_was_confirmed_and_lost_a_needed_method() -> None:
    gone = ev("deleted", "user", PHONE, NOW - 2 * HOUR)
    assert status(USER, gone, confirmed_at=NOW - 10 * HOUR) == "removed"
    assert status(USER, gone, confirmed_at=None) == "directory_only"
    listed = Evidence("report:a", "report", Act.LISTED, By.UNKNOWN, "microsoftAuthenticatorPush", NOW - DAY)
    assert status(listed, methods=(), confirmed_at=NOW - 10 * HOUR) == "removed"
    again = ev("registered", "user", "email", NOW - HOUR)
    assert status(USER, gone, again, methods=("email",), confirmed_at=NOW - 10 * HOUR) == "user_registered"
    email = ev("registered", "user", "email")
    assert status(USER, email, gone, methods=("email",), confirmed_at=NOW, rules=TWO) == "removed"


def test_more_methods_required_later_is_not_a_removal() -> None:
    assert status(USER, methods=(PHONE,), confirmed_at=NOW, rules=TWO) == "partial"


def test_a_method_gone_from_the_list_for_longer_than_the_report_lags_is_gone() -> None:
    later = NOW + 3 * DAY
    assert status(USER, as_of=later, now=later) == "directory_only"
    assert status(USER, as_of=later, now=later, confirmed_at=NOW) == "removed"


def test_a_deletion_of_an_unnamed_method_is_settled_by_the_next_list() -> None:
    unnamed = ev("deleted", "user", None, NOW - 2 * HOUR)
    assert status(USER, unnamed, methods=(PHONE,), as_of=NOW - HOUR) == "user_registered"
    assert status(USER, unnamed, methods=(PHONE,), as_of=NOW - 3 * HOUR) == "directory_only"


def test_what_rests_on_absence_needs_fresh_sources() -> None:
    assert status(methods=(), as_of=NOW - 47 * HOUR) == "directory_only"
    stale = assess(case(methods=(), as_of=NOW - 49 * HOUR), ALL, NOW)
    assert (stale.status, stale.because, stale.recoverable) == ("unknown", "sources_stale", "unknown")
    never = assess(case(methods=None), ALL, NOW)
    assert (never.status, never.because, never.as_of) == (Status.UNKNOWN, "not_looked_at_yet", None)
    assert status(USER, methods=(PHONE,), as_of=NOW - 20 * DAY, now=NOW + 20 * DAY) == "user_registered"


def test_absent_is_not_unregistered() -> None:
    found = assess(case(methods=(), present=False), ALL, NOW)
    assert (found.status, found.nudge, found.recoverable) == (Status.ABSENT, False, Recoverable.UNKNOWN)


@pytest.mark.parametrize(
    ("scope", "enabled", "expected", "recoverable"),
    [
        ("all", None, "user_registered", "yes"),
        ("all", False, "user_registered", "yes"),
        ("none", True, "excluded", "no"),
        ("report", True, "user_registered", "yes"),
        ("report", False, "excluded", "no"),
        ("report", None, "user_registered", "unknown"),
    ],
)
def test_scope(scope: str, enabled: bool | None, expected: str, recoverable: str) -> None:
    found = assess(case(USER, methods=(PHONE,), sspr_enabled=enabled), replace(ALL, sspr_scope=scope), NOW)
    assert (found.status, found.recoverable) == (expected, recoverable)
    assert found.nudge is False


def test_an_excluded_case_is_excluded_and_a_case_without_account_unknown() -> None:
    assert status(USER, methods=(PHONE,), state=State.EXCLUDED) == "excluded"
    assert status(account=None, methods=None) == "unknown"


@pytest.mark.parametrize(("writeback", "expected"), [(False, "no"), (True, "yes")])
def test_a_synced_person_needs_writeback(writeback: bool, expected: str) -> None:
    found = assess(case(USER, methods=(PHONE,), synced=True), replace(ALL, writeback=writeback), NOW)
    assert (found.status, found.recoverable) == (Status.USER_REGISTERED, expected)


@pytest.mark.parametrize(
    ("deadline", "detail", "origin", "expected"),
    [
        (date(2026, 9, 7), "created_with_mobile_phone", "created", "no"),
        (date(2026, 11, 9), "created_with_mobile_phone", "created", "yes"),
        (date(2026, 11, 9), "created", "created", "no"),
        (date(2026, 11, 9), None, "adopted", "unknown"),
        (date(2026, 10, 5), "created_with_mobile_phone", "created", "no"),
        (date(2026, 10, 6), "created_with_mobile_phone", "created", "yes"),
    ],
)
def test_before_the_deadline_directory_data_still_counts(
    deadline: date, detail: str | None, origin: str, expected: str
) -> None:
    made = case(methods=(), origin=origin, steps={"create_account": StepRecord(detail=detail)})
    found = assess(made, replace(ALL, deadline=deadline), NOW)
    assert (found.status, found.recoverable) == (Status.DIRECTORY_ONLY, expected)


def test_what_an_administrator_added_lets_people_reset_but_does_not_confirm() -> None:
    found = assess(case(ADMIN, methods=(PHONE,)), ALL, NOW)
    assert (found.status, found.recoverable, found.nudge) == (Status.ADMIN_REGISTERED, Recoverable.YES, True)


def test_as_of_is_the_newest_source() -> None:
    assert assess(case(USER, methods=(PHONE,), as_of=NOW - HOUR), ALL, NOW).as_of == NOW - HOUR
    assert assess(case(USER, methods=(), as_of=NOW - 3 * DAY), ALL, NOW).as_of == NOW - DAY


def test_rules_of_settings_and_policy() -> None:
    rules = Rules.of(
        Settings(
            methods_required=2, sspr_scope="all", writeback=True, phone_attribute="none", accept_reviewed=True
        ),
        Policy(follow_up=FollowUpPolicy(report_stale_hours=12)),
    )
    assert rules == Rules(2, "all", True, date(2026, 9, 7), False, True, 30, 12)


_EVENTS = st.builds(
    Evidence,
    id=st.sampled_from([f"e{n}" for n in range(8)]),
    kind=st.sampled_from(["audit", "report"]),
    act=st.sampled_from(list(Act)),
    by=st.sampled_from(list(By)),
    method=st.sampled_from([None, "all", PHONE, "email", "microsoftAuthenticatorPush", "fido2", "Ø山田"]),
    at=st.integers(-80, 80).map(lambda hours: NOW + hours * HOUR),
)


@settings(max_examples=300, deadline=None)
@given(
    events=st.lists(_EVENTS, max_size=10),
    seed=st.integers(),
    listed=st.none() | st.lists(st.sampled_from([PHONE, "email", "microsoftAuthenticatorPush"])).map(tuple),
    required=st.integers(1, 2),
    was=st.none() | st.just(NOW),
)
def test_order_and_repeats_of_evidence_change_nothing(
    events: list[Evidence], seed: int, listed: tuple[str, ...] | None, required: int, was: datetime | None
) -> None:
    rules = replace(ALL, methods_required=required)
    shuffled = [*events, *events[: len(events) // 2]]
    random.Random(seed).shuffle(shuffled)
    one = assess(case(*events, methods=listed, confirmed_at=was), rules, NOW)
    assert one == assess(case(*shuffled, methods=listed, confirmed_at=was), rules, NOW)
    assert one.because in BECAUSE
    assert set(one.counted) <= {PHONE, "email", "microsoftAuthenticatorPush"}
    if one.status is Status.USER_REGISTERED:
        by_person = {e.method for e in events if e.act is Act.REGISTERED and e.by is By.USER}
        addable = {PHONE, "email"} & set(one.counted)
        assert addable <= by_person or "all" in by_person, "nothing counts without a record by the person"


def test_a_newer_list_wins_and_the_report_alone_says_what_only_it_knows() -> None:
    report = Registration(("email", "securityQuestion"), NOW - DAY, True, True, True, True)
    read = Registration(("mobilePhone",), NOW, direct=True)
    assert merged(None, read) == read
    both = merged(report, read)
    assert both.methods == ("mobilePhone", "securityQuestion"), "the targeted read cannot see questions"
    assert (both.as_of, both.report_as_of, both.is_admin, both.sspr_enabled) == (NOW, NOW - DAY, True, True)
    assert merged(read, report) == both
    assert merged(report, replace(read, methods=())).methods == ("securityQuestion",)
    later = Registration(("email",), NOW + 60 * HOUR, False, True, True, True)
    assert merged(both, later) == later


def test_a_row_lags_behind_its_own_time_and_does_not_overrule_what_was_read_after_that() -> None:
    read = Registration(("mobilePhone",), NOW, direct=True)
    behind = Registration(("email", "securityQuestion"), NOW + 59 * HOUR, True, True, True, True)
    both = merged(read, behind)
    assert (both.methods, both.as_of) == (("mobilePhone", "securityQuestion"), NOW)
    assert (both.is_admin, both.report_as_of, both.newest) == (True, NOW + 59 * HOUR, NOW + 59 * HOUR)
    assert merged(behind, read) == both
    away = Registration((), NOW + HOUR, present=False)
    assert not merged(read, away).present, "who is not in the report is disabled, whatever was read"
    assert merged(away, replace(read, as_of=NOW + 2 * HOUR)).present


#: Few moments, so that several fall on one; apart by less and by more than the report lags.
_MOMENTS = st.sampled_from([0, 1, 30, 59, 60, 61, 100]).map(lambda hours: NOW + hours * HOUR)
_LISTS = st.builds(
    Registration,
    methods=st.lists(st.sampled_from([PHONE, "email", "securityQuestion", "microsoftAuthenticatorPush",
                                      "microsoftAuthenticatorPasswordless", "hardwareOneTimePasscode", "Ø山田"]),
                     unique=True)
    .map(sorted).map(tuple),
    as_of=_MOMENTS,
    is_admin=st.booleans(),
    sspr_enabled=st.booleans(),
    direct=st.just(False),
) | st.builds(
    Registration,
    methods=st.lists(st.sampled_from([PHONE, "email", "microsoftAuthenticatorPush"]), unique=True)
    .map(sorted).map(tuple),
    as_of=_MOMENTS,
    present=st.booleans(),
    direct=st.just(True),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(lists=st.lists(_LISTS, min_size=1, max_size=6), seed=st.integers())
def test_the_order_in_which_lists_arrive_changes_nothing(lists: list[Registration], seed: int) -> None:
    shuffled = [*lists, *lists[:2]]
    random.Random(seed).shuffle(shuffled)

    def folded(items: list[Registration]) -> Registration:
        known: Registration | None = None
        for item in items:
            known = merged(known, item)
        assert known is not None
        return known

    assert folded(lists) == folded(shuffled)


# --- what SSPR itself said -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "proved", "now", "expected"),
    [
        ("mobilePhone", datetime(2027, 1, 15, 8, tzinfo=UTC), datetime(2027, 1, 31, 8, tzinfo=UTC), "yes"),
        ("mobilePhone", datetime(2027, 1, 15, 8, tzinfo=UTC), datetime(2027, 2, 10, 8, tzinfo=UTC), "unknown"),
        ("mobilePhone", datetime(2027, 2, 2, 8, tzinfo=UTC), datetime(2027, 2, 10, 8, tzinfo=UTC), "yes"),
        ("securityQuestion", datetime(2027, 2, 27, 8, tzinfo=UTC), datetime(2027, 2, 28, 8, tzinfo=UTC), "yes"),
        ("securityQuestion", datetime(2027, 2, 27, 8, tzinfo=UTC), datetime(2027, 3, 1, 8, tzinfo=UTC), "no"),
        ("microsoftAuthenticatorPush", datetime(2027, 1, 15, 8, tzinfo=UTC),
         datetime(2027, 3, 1, 8, tzinfo=UTC), "yes"),
    ],
)  # fmt: skip
def test_a_reset_proves_nothing_after_the_end_of_what_it_may_have_used(
    method: str, proved: datetime, now: datetime, expected: str
) -> None:
    found = case(
        ev("registered", "user", method, proved - DAY),
        ev("reset_succeeded", "user", None, proved),
        methods=(method,),
        as_of=now - HOUR,
    )
    assert assess(found, ALL, now).recoverable == expected


@pytest.mark.parametrize("as_of", [NOW - HOUR, NOW - 20 * DAY, None])
@pytest.mark.parametrize("deadline", [date(2026, 12, 31), date(2026, 9, 7)])
@pytest.mark.parametrize("listed", [(), ("fido2",)])
def test_turned_away_with_nothing_registered_is_turned_away(
    as_of: datetime | None, deadline: date, listed: tuple[str, ...]
) -> None:
    rules = replace(ALL, deadline=deadline)
    with_phone = {"create_account": StepRecord(detail="created_with_mobile_phone")}
    refused = ev("reset_no_methods", "user", None)
    found = case(refused, methods=listed if as_of else None, as_of=as_of or NOW, steps=with_phone)
    assert assess(found, rules, NOW).recoverable == "no"
    found.evidence.append(ev("registered", "admin", "temporaryAccessPass", NOW - 2 * HOUR))
    assert assess(found, rules, NOW).recoverable == "no", "a pass is nothing to reset with"
    found.evidence.append(ev("registered", "user", "email", NOW - HOUR))
    assert assess(found, rules, NOW).recoverable == "yes", "until something is registered"


def test_turned_away_and_then_finished_with_registering_is_not_turned_away() -> None:
    """The record names no method, and no list has it yet."""
    refused, finished = ev("reset_no_methods", "user", None), ev("registered", "user", "all", NOW - 2 * HOUR)
    assert assess(case(refused, finished, as_of=NOW - 3 * HOUR), ALL, NOW).recoverable != "no"
    assert assess(case(refused, as_of=NOW - 3 * HOUR), ALL, NOW).recoverable == "no"


# --- another number of required methods ----------------------------------------------------------------------

CHANGED = NOW - 2 * DAY
PUSH = "microsoftAuthenticatorPush"
NOW_TWO = replace(TWO, required_since=CHANGED)
NOW_ONE = replace(ALL, required_since=CHANGED)
BEFORE, AFTER = CHANGED - DAY, CHANGED + DAY


@pytest.mark.parametrize(
    ("act", "at", "rules", "expected"),
    [
        pytest.param("reset_succeeded", BEFORE, NOW_TWO, "no", id="enough for one is not enough for two"),
        pytest.param("reset_succeeded", AFTER, NOW_TWO, "yes", id="proved since"),
        pytest.param("reset_succeeded", BEFORE, NOW_ONE, "yes", id="enough for two is enough for one"),
        pytest.param("reset_succeeded", BEFORE, TWO, "yes", id="nothing changed"),
        pytest.param("reset_no_methods", BEFORE, NOW_ONE, "yes", id="too little for two may do for one"),
        pytest.param("reset_no_methods", AFTER, NOW_ONE, "no", id="turned away since"),
        pytest.param(
            "reset_no_methods", BEFORE, NOW_TWO, "no", id="too little for one is too little for two"
        ),
        pytest.param("reset_no_methods", BEFORE, ALL, "no", id="nothing changed, turned away"),
    ],
)
def test_a_reset_by_another_number_of_methods_says_what_it_says_of_this_one(
    act: str, at: datetime, rules: Rules, expected: str
) -> None:
    before = BEFORE - DAY
    found = case(
        ev("registered", "user", PHONE, before),
        ev(act, "user", None, at),
        methods=(PHONE,),
        as_of=BEFORE,
    )
    assert assess(found, replace(rules, stale_hours=24 * 30), NOW).recoverable == expected


def row(said: bool, at: datetime, *methods: str, **flags: Any) -> Registration:
    return Registration(methods, at, sspr_enabled=True, sspr_registered=said, **flags)


LAGS = 60 * HOUR


@pytest.mark.parametrize(
    ("said", "at", "rules", "methods", "expected", "disagrees"),
    [
        # Two, where one was required: the report still says "registered" of one method.
        pytest.param(True, BEFORE, NOW_TWO, (PUSH,), "no", False, id="two: said before"),
        pytest.param(True, CHANGED + LAGS - HOUR, NOW_TWO, (PUSH,), "no", False, id="two: within the lag"),
        pytest.param(True, CHANGED + LAGS, NOW_TWO, (PUSH,), "unknown", True, id="two: said by the new one"),
        pytest.param(True, BEFORE, TWO, (PUSH,), "unknown", True, id="two: nothing changed"),
        # One, where two were.
        pytest.param(False, BEFORE, NOW_ONE, (PUSH,), "yes", False, id="one: said before"),
        pytest.param(False, CHANGED + LAGS, NOW_ONE, (PUSH,), "unknown", True, id="one: said by the new one"),
        pytest.param(False, BEFORE, ALL, (PUSH,), "unknown", True, id="one: nothing changed"),
        # What holds either way.
        pytest.param(False, BEFORE, NOW_TWO, (PUSH, PHONE), "unknown", True, id="too little for one"),
        pytest.param(True, BEFORE, NOW_ONE, (), "unknown", True, id="enough for two"),
    ],
)
def test_what_the_report_said_by_another_number_of_methods_is_not_held_against_anybody(
    said: bool, at: datetime, rules: Rules, methods: tuple[str, ...], expected: str, disagrees: bool
) -> None:
    made, now = case(), max(NOW, at + HOUR)
    made.registration = row(said, at, *methods)
    found = assess(made, replace(rules, stale_hours=24 * 30), now)
    assert found.recoverable == expected
    assert bool({"report_disagrees", "report_counts_more"} & set(found.notes)) is disagrees


@pytest.mark.parametrize("rules", [NOW_ONE, NOW_TWO])
def test_of_administrators_two_are_required_either_way(rules: Rules) -> None:
    made = case(ev("reset_succeeded", "user", None, BEFORE))
    made.role_rows = [(BEFORE - DAY, True)]
    made.registration = row(True, BEFORE - HOUR, PUSH, is_admin=True)
    assert assess(made, replace(rules, stale_hours=24 * 30), NOW).recoverable == "yes"
