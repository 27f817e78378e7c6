"""Rules of the evidence that need two orders, a copy of a record, or a change of role to show: raw JSON of Graph in."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from onboarding.domain import roles
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.confirmation import Assessment, assess
from onboarding.domain.evidence import Registration
from onboarding.domain.rules import Rules
from onboarding.followup.evidence import take_list
from tests.sequences.play import PERSON, Story, arrive, new_case

ADMIN = "aaaaaaaa-0000-4000-8000-000000000001"
OFFICE = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
ALL = Rules(sspr_scope="all")


def at(day: str) -> datetime:
    """`20T09:00` of November 2026, UTC."""
    return datetime.fromisoformat(f"2026-11-{day}:00+00:00")


def audit(
    day: str, activity: str, reason: str, actor: str = PERSON, result: str = "success", **more: Any
) -> dict[str, Any]:
    changed = [{"displayName": "Id", "oldValue": None, "newValue": f'"{v}"'} for v in more.get("ids", ())]
    return {
        "audit": {
            "id": more.get("id", f"{activity} {day} {reason}"),
            "result": result,
            "resultReason": reason,
            "activityDisplayName": activity,
            "activityDateTime": f"2026-11-{day}:00Z",
            "loggedByService": more.get("service", "Authentication Methods"),
            "initiatedBy": {"user": {"id": actor}},
            "targetResources": [{"id": PERSON, "type": "User", "modifiedProperties": changed}],
        }
    }


def registered(day: str, what: str, **more: Any) -> dict[str, Any]:
    return audit(day, "User registered security info", f"User registered {what}", **more)


def reset(day: str) -> dict[str, Any]:
    return audit(day, "Reset password (self-service)", "ok", service="Self-service Password Management")


def turned_away(day: str) -> dict[str, Any]:
    return audit(
        day,
        "Self-service password reset flow activity progress",
        "User's account has insufficient authentication methods defined.",
        result="failure",
        service="Self-service Password Management",
    )


def row(day: str, *methods: str, admin: bool = False, enough: bool | None = None) -> dict[str, Any]:
    said = {"isAdmin": admin, "isSsprRegistered": enough, "isSsprEnabled": True, "userType": "member"}
    when = f"2026-11-{day}:00Z"
    return {"row": {"id": PERSON, "lastUpdatedDateTime": when, "methodsRegistered": list(methods), **said}}


def methods_read(day: str, *types: str) -> dict[str, Any]:
    """An answer of `/authentication/methods`."""
    listed = [{"@odata.type": f"#microsoft.graph.{name}AuthenticationMethod", "id": name} for name in types]
    return {"methods": {"value": listed}, "at": f"2026-11-{day}:00+00:00"}


def story(now: str, *arrivals: dict[str, Any], origin: str = "created") -> Story:
    account = {"created_at": "2026-11-02T08:00:00+00:00", "origin": origin}
    return Story("", "", at(now), arrivals, {}, account=account)


def judged(told: Story, rules: Rules = ALL) -> Assessment:
    """The one answer, in whatever order it arrives."""
    found = []
    for order in permutations(told.arrivals):
        case = new_case(told)
        for arrival in order:
            arrive(case, arrival)
        found.append(assess(case, rules, told.now))
    assert all(one == found[0] for one in found)
    return found[0]


@pytest.mark.parametrize(
    ("deleted", "expected"),
    [
        ("temporary access pass method for user", "yes"),
        ("Fido", "yes"),
        ("Passkey", "yes"),
        ("phone method for user", "unknown"),
        ("something new", "unknown"),
    ],
)
def test_only_the_deletion_of_what_a_reset_accepts_takes_back_that_a_reset_worked(
    deleted: str, expected: str
) -> None:
    gone = audit("26T10:00", "Admin deleted security info", f"Admin deleted {deleted}", actor=ADMIN)
    assert judged(story("26T11:00", reset("26T09:00"), gone)).recoverable == expected


APP = "microsoftAuthenticatorPush"


@pytest.mark.parametrize(
    ("attempt", "rows", "expected"),
    [
        # The role is gone, or came: what was said before proves nothing any more, and methods count.
        (turned_away, [("08T09:00", True), ("25T09:00", False)], "yes"),
        (
            turned_away,
            [("08T09:00", True), ("09T09:00", True), ("24T09:00", False), ("25T09:00", False)],
            "yes",
        ),
        (reset, [("08T09:00", False), ("25T09:00", True)], "no"),
        (reset, [("08T09:00", False), ("09T09:00", False), ("24T09:00", True), ("25T09:00", True)], "no"),
        # Between two roles nobody knows which one it was.
        (turned_away, [("08T09:00", True), ("12T09:00", False), ("25T09:00", False)], "yes"),
        # There and back again before the attempt, and after it.
        (
            turned_away,
            [("07T09:00", False), ("08T09:00", True), ("09T09:00", False), ("25T09:00", False)],
            "no",
        ),
        (turned_away, [("07T09:00", False), ("11T09:00", True), ("25T09:00", False)], "yes"),
        # The role was the same before the attempt and ever since.
        (turned_away, [("08T09:00", False), ("25T09:00", False)], "no"),
        (turned_away, [("05T09:00", True), ("08T09:00", False), ("25T09:00", False)], "no"),
        (reset, [("05T09:00", True), ("08T09:00", False), ("25T09:00", False)], "yes"),
    ],
)
def test_what_sspr_said_holds_for_the_role_of_that_time(
    attempt: Any, rows: list[tuple[str, bool]], expected: str
) -> None:
    """An administrator needs two methods, this person has the app: one."""
    listed = [row(day, APP, admin=admin, enough=not admin) for day, admin in rows]
    found = judged(story("25T10:00", attempt("10T09:00"), *listed))
    assert found.recoverable == expected


def test_rows_of_one_role_are_not_all_kept() -> None:
    told = story("30T10:00", *(row(f"{day:02}T09:00", APP) for day in range(3, 29)))
    case = new_case(told)
    for arrival in told.arrivals:
        arrive(case, arrival)
    assert len(case.role_rows) == roles.MOST
    assert (case.role_rows[0], case.role_rows[-1]) == ((at("03T09:00"), False), (at("28T09:00"), False))
    changes = [(at(f"{day:02}T09:00"), day % 2 == 0) for day in range(3, 29)]
    assert roles.kept(changes, []) == changes[-roles.MOST :]


def test_an_older_row_of_another_role_is_written() -> None:
    """Though the newest one says the same as before."""
    case = new_case(story("25T10:00"))
    arrive(case, row("20T09:00", APP))
    older = Registration((APP,), at("15T09:00"), True, True, None)
    assert take_list(case, older)
    assert not take_list(case, older), "once"


def test_a_case_from_before_roles_were_kept_begins_with_the_row_that_it_has() -> None:
    case = new_case(story("25T10:00"))
    arrive(case, row("08T09:00", APP, admin=True))
    stored = json.loads(encode(case))
    del stored["role_rows"]
    case = decode(json.dumps(stored).encode(), "etag")
    arrive(case, turned_away("10T09:00"))
    assert assess(case, ALL, at("10T10:00")).recoverable == "no"
    arrive(case, row("25T09:00", APP))
    assert assess(case, ALL, at("25T10:00")).recoverable == "yes"


def test_a_hardware_token_is_none_of_the_two_methods_of_an_administrator() -> None:
    """Learn "Administrator reset policy differences": two of e-mail, authenticator app, phone."""
    arrivals = (registered("10T09:00", "hardware OATH token"), registered("10T09:05", "Email"))
    names = ("hardwareOneTimePasscode", "email")
    found = judged(story("14T10:00", *arrivals, row("14T09:00", *names, admin=True)))
    assert (found.status, found.recoverable, found.counted) == ("partial", "no", ("email",))
    assert found.missing is not None
    assert "hardware token does not count for administrators" in found.missing
    found = judged(story("14T10:00", *arrivals, row("14T09:00", *names)))
    assert (found.status, found.counted) == ("user_registered", ("email", "hardwareOneTimePasscode"))


def test_an_administrator_with_nothing_but_a_hardware_token_is_told_why() -> None:
    arrivals = (
        registered("10T09:00", "hardware OATH token"),
        row("14T09:00", "hardwareOneTimePasscode", admin=True),
    )
    found = judged(story("14T10:00", *arrivals))
    assert (found.status, found.because) == ("directory_only", "nothing_registered")
    assert "hardware token does not count for administrators" in (found.missing or "")


ENTRA_ALL = "User registered all required security info"


@pytest.mark.parametrize("origin", ["adopted", "synced", "restored"])
@pytest.mark.parametrize(
    ("before", "counted"),
    [
        ((), ("email",)),
        ((row("12T09:00"),), ("email", "mobilePhone")),
        ((row("12T09:00", "fido2"),), ("email", "mobilePhone")),
        ((methods_read("12T09:00", "fido2"),), ("email", "mobilePhone")),
        ((row("12T09:00", "mobilePhone"),), ("email",)),
        # Not in the report is not a list of nothing.
        (({"methods": None, "at": "2026-11-12T09:00:00+00:00"},), ("email",)),
    ],
)
def test_all_claims_nothing_that_an_account_of_others_may_have_had_before(
    origin: str, before: tuple[dict[str, Any], ...], counted: tuple[str, ...]
) -> None:
    """An old phone is not the person's because Entra says that with one more method all is registered."""
    arrivals = (registered("20T09:00", "Email"), audit("20T09:01", ENTRA_ALL, ENTRA_ALL))
    rules = Rules(sspr_scope="all", methods_required=2)
    told = story("22T10:00", *before, *arrivals, row("22T09:00", "email", "mobilePhone"), origin=origin)
    found = judged(told, rules)
    assert (found.counted, found.status) == (counted, "user_registered" if len(counted) == 2 else "partial")


def test_all_claims_what_an_account_made_here_lists_for_the_first_time() -> None:
    told = story("22T10:00", audit("20T09:01", ENTRA_ALL, ENTRA_ALL), row("22T09:00", "email", "mobilePhone"))
    assert judged(told, Rules(sspr_scope="all", methods_required=2)).status == "user_registered"


@pytest.mark.parametrize("before", [methods_read("12T09:00", "fido2"), row("12T09:00", "fido2")])
def test_a_hardware_token_may_have_been_there_before_whatever_was_listed(before: dict[str, Any]) -> None:
    """The read does not show them, and which list was first depends on the order of arrival."""
    arrivals = (before, audit("20T09:01", ENTRA_ALL, ENTRA_ALL), row("22T09:00", "hardwareOneTimePasscode"))
    assert judged(story("22T10:00", *arrivals, origin="adopted")).counted == ()


def test_a_row_that_says_the_same_as_the_read_keeps_an_older_row_out() -> None:
    found = judged(
        story(
            "07T12:00",
            row("05T00:00", enough=False),
            row("05T12:00", "securityQuestion", enough=False),
            methods_read("06T01:00"),
            row("06T05:00", enough=False),
        )
    )
    assert (found.status, found.present) == ("directory_only", ())


@pytest.mark.parametrize(("hour", "written"), [("06T05:00", True), ("05T05:00", False)])
def test_a_row_that_says_the_same_is_written_when_the_last_one_is_half_a_day_old(
    hour: str, written: bool
) -> None:
    """Also where a read of the person's methods is newer than both: rows go on, whatever was read."""
    told = story("07T12:00", row("05T00:00", enough=False), methods_read("06T01:00"))
    case = new_case(told)
    for arrival in told.arrivals:
        arrive(case, arrival)
    assert case.registration is not None
    assert take_list(case, Registration((), at(hour), False, True, False)) is written
    assert case.registration.report_as_of == at(hour)


def test_the_mobile_app_is_no_mobile_phone() -> None:
    ids = ["3179e48a-750b-4051-897c-87b9720928f7"]
    by_desk = audit(
        "05T09:00", "Admin registered security info", "Admin registered phone method for user", ADMIN, ids=ids
    )
    theirs = registered("06T09:00", "Mobile App Notification")
    found = judged(story("09T10:00", by_desk, theirs, row("09T09:00", "mobilePhone")))
    assert "mobilePhone" not in found.counted
    found = judged(
        story("09T10:00", by_desk, registered("06T09:00", "Mobile app"), row("09T09:00", "mobilePhone"))
    )
    assert (found.status, found.counted) == ("admin_registered", ())
    assert "unreadable_event" in found.notes


def thin(record: dict[str, Any], **less: Any) -> dict[str, Any]:
    """The copy of a record that says less, as the diagnostic stream may bring it."""
    target = {**record["audit"]["targetResources"][0], "modifiedProperties": []}
    return {"audit": {**record["audit"], "targetResources": [target], **less}}


def test_the_more_exact_copy_of_a_record_wins_whichever_comes_first() -> None:
    """The stream may leave out which phone an administrator registered."""
    reason = "Admin registered phone method for user"
    full = audit("11T09:00", "Admin registered security info", reason, ADMIN, ids=[OFFICE], id="x")
    own = registered("10T09:00", "Mobile Phone SMS")
    listed = row("13T09:00", "mobilePhone", "officePhone")
    found = judged(story("13T10:00", own, full, thin(full), listed))
    assert (found.status, found.counted) == ("user_registered", ("mobilePhone",))
    assert found == judged(story("13T10:00", own, full, listed))
    nobody = thin(full, initiatedBy={})
    assert found == judged(story("13T10:00", own, full, nobody, listed))


def test_an_administrator_who_registers_a_phone_does_not_take_the_one_that_is_there() -> None:
    """One phone of a kind: an existing one can only be changed."""
    reason = "Admin registered phone method for user"
    new = audit("11T09:00", "Admin registered security info", reason, ADMIN)
    own = registered("10T09:00", "Mobile Phone SMS")
    found = judged(story("13T10:00", own, new, row("13T09:00", "mobilePhone", "officePhone")))
    assert (found.status, found.counted) == ("user_registered", ("mobilePhone",))
    assert "added_by_administrator" in found.notes
    every = [own, registered("10T09:01", "Alternate phone"), registered("10T09:02", "Office phone")]
    found = judged(story("13T10:00", *every, new))
    assert found.counted == (), "none of them can be new: it is not known which was meant"
    changed = audit("11T09:00", "Admin updated security info", "Admin changed phone method for user", ADMIN)
    assert judged(story("13T10:00", own, changed)).counted == ()


def test_a_copy_that_knows_the_method_and_one_that_knows_the_actor_have_one_answer() -> None:
    named = registered("10T09:00", "Email", id="x")
    nobody = thin(named, initiatedBy={})
    unread = thin(named, resultReason="")
    listed = row("13T09:00", "email")
    assert judged(story("13T10:00", nobody, unread, listed)).status == "user_registered"
