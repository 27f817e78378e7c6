"""Audit records as documented and as seen in public → evidence, or nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.evidence import Act, By
from onboarding.graph.evidence import METHODS_SERVICE, RESET_SERVICE, parse
from onboarding.ports import SeenEvidence

PERSON, ADMIN = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"
NUMBER = "+1 5551234567"


def record(activity: str, reason: str = "", **members: Any) -> dict[str, Any]:
    """A directoryAudit record by the person about themselves, changed by `members`."""
    base: dict[str, Any] = {
        "id": "SSGM_6b0e_MCDC4_88453290",
        "category": "UserManagement",
        "correlationId": "c",
        "result": "success",
        "resultReason": reason,
        "activityDisplayName": activity,
        "activityDateTime": "2026-11-22T10:00:00.1234567Z",
        "loggedByService": METHODS_SERVICE,
        "operationType": "Update",
        "initiatedBy": {
            "app": None,
            "user": {"id": PERSON, "userPrincipalName": "a@b.c", "userType": "Member"},
        },
        "targetResources": [{"id": PERSON, "type": "User", "displayName": "Å", "modifiedProperties": []}],
        "additionalDetails": [],
    }
    return base | members


def by(user_id: str | None = None, app: str | None = None) -> dict[str, Any]:
    return {
        "initiatedBy": {
            "user": {"id": user_id} if user_id else None,
            "app": {"appId": app, "displayName": "an app"} if app else None,
        }
    }


def phone(method_id: str | None = None, kind: str | None = None) -> dict[str, Any]:
    names = [("PhoneMethodId", method_id), ("PhoneType", kind), ("PhoneNumber", NUMBER)]
    changes = [{"displayName": n, "oldValue": None, "newValue": f'"{v}"'} for n, v in names if v]
    return {"targetResources": [{"id": PERSON, "type": "User", "modifiedProperties": changes}]}


def read(activity: str, reason: str = "", **members: Any) -> tuple[Act, By, str | None] | None:
    seen = parse(record(activity, reason, **members))
    return None if seen is None else (seen.evidence.act, seen.evidence.by, seen.evidence.method)


def test_a_record_becomes_evidence_with_its_opaque_id_and_time():
    seen = parse(record("User registered security info", "User registered Mobile Phone SMS"))
    assert isinstance(seen, SeenEvidence)
    assert seen.user_id == PERSON
    evidence = seen.evidence
    assert (evidence.id, evidence.kind) == ("SSGM_6b0e_MCDC4_88453290", "audit")
    assert evidence.at == datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
    assert evidence.said == "User registered security info"


@pytest.mark.parametrize(
    ("words", "method"),
    [
        # seen in public
        ("Mobile Phone SMS", "mobilePhone"),
        ("Mobile Phone Call and SMS", "mobilePhone"),
        ("Authenticator App with Notification and Code", "microsoftAuthenticatorPush"),
        ("Fido", "fido2"),
        ("temporary access pass method", "temporaryAccessPass"),
        # formed alike
        ("Authenticator App with Code", "softwareOneTimePasscode"),
        ("Authenticator App with Notification", "microsoftAuthenticatorPush"),
        ("Microsoft Authenticator", "microsoftAuthenticatorPush"),
        ("Passwordless Phone Sign-in", "microsoftAuthenticatorPasswordless"),
        ("Alternate Mobile Phone Call", "alternateMobilePhone"),
        ("Office Phone Call", "officePhone"),
        ("Email", "email"),
        ("Security Questions", "securityQuestion"),
        ("Hardware OATH token", "hardwareOneTimePasscode"),
        ("Software OATH token", "softwareOneTimePasscode"),
        ("Windows Hello for Business", "windowsHelloForBusiness"),
        ("Passkey (device-bound)", "passKeyDeviceBound"),
        ("Passkey in Microsoft Authenticator", "passKeyDeviceBoundAuthenticator"),
        ("App Password", "appPassword"),
        ("QR code", "qrCode"),
        ("Phone", "mobilePhone"),
        ("Alternate phone", "alternateMobilePhone"),
        ("Mobile", "mobilePhone"),
        ("Mobile App Notification", "microsoftAuthenticatorPush"),
        ("Mobile app notification and code", "microsoftAuthenticatorPush"),
        ("Mobile App Code", "softwareOneTimePasscode"),
        ("Email one-time passcode", "email"),
        ("SMS one-time passcode", "mobilePhone"),
        ("one-time passcode by email", "email"),
        ("third-party authenticator app", "softwareOneTimePasscode"),
        ("device-bound key in Microsoft Authenticator", "passKeyDeviceBoundAuthenticator"),
        ("Microsoft Authenticator passkey", "passKeyDeviceBoundAuthenticator"),
        ("Authenticator Lite", "microsoftAuthenticatorPush"),
        ("OATH hardware token", "hardwareOneTimePasscode"),
        ("mobile passwordless", "microsoftAuthenticatorPasswordless"),
        ("AlternateMobilePhoneCall", "alternateMobilePhone"),
        ("OfficePhoneCall", "officePhone"),
        # the older settings of MFA
        ("PhoneAppNotification", "microsoftAuthenticatorPush"),
        ("PhoneAppOTP", "softwareOneTimePasscode"),
        ("OneWaySms", "mobilePhone"),
        ("TwoWayVoiceMobile", "mobilePhone"),
        ("TwoWayVoiceAlternateMobile", "alternateMobilePhone"),
        ("TwoWayVoiceOffice", "officePhone"),
        # the report's own names
        ("microsoftAuthenticatorPush", "microsoftAuthenticatorPush"),
        ("alternateMobilePhone", "alternateMobilePhone"),
        ("passKeyDeviceBoundAuthenticator", "passKeyDeviceBoundAuthenticator"),
        # not understood
        ("Carrier Pigeon", None),
        ("Mobile app", None),
        ("App phone", None),
        ("Phone app", None),
        ("Verified ID on mobile device", None),
        ("Certificate from phone", None),
        ("Face Check", None),
        ("Verified ID by Authenticator", None),
        ("key on a mobile device", None),
        ("", None),
    ],
)
def test_the_reason_names_the_method_with_and_without_full_stop_in_any_case(words, method):
    expected = (Act.REGISTERED, By.USER, method)
    for reason in (
        f"User registered {words}",
        f"User registered {words}.",
        f"USER REGISTERED {words.upper()} ",
    ):
        assert read("User registered security info", reason) == expected


def test_a_cancelled_registration_is_not_a_registration_whatever_its_name_says():
    cancelled = {"result": "failure"}
    reason = "User canceled security info registration."
    done = "User registered all required security info"
    assert read(done, reason, **cancelled) == (Act.CANCELLED, By.USER, None)
    assert read(done, reason.rstrip("."), **cancelled) == (Act.CANCELLED, By.USER, None)
    assert read(done, "User cancelled security info registration", **cancelled) == (
        Act.CANCELLED,
        By.USER,
        None,
    )
    assert read("User registered security info", reason, **cancelled) == (Act.CANCELLED, By.USER, None)
    assert read("User canceled security info registration") == (Act.CANCELLED, By.USER, None)
    assert read("User cancelled security info registration") == (Act.CANCELLED, By.USER, None)


@pytest.mark.parametrize("result", ["failure", "timeout", "unknownFutureValue", None, "", "Success?"])
def test_only_success_registers(result):
    found = read("User registered security info", "User registered Mobile Phone SMS", result=result)
    assert found is None
    found = read("Admin registered security info", "Admin registered phone method for user", result=result)
    assert found is None
    assert (
        read("User deleted security info", "User failed to delete Mobile Phone SMS.", result=result) is None
    )
    assert read("User reviewed security info", "User failed to review security info.", result=result) is None


def test_all_required_speaks_for_all_methods():
    done = "User registered all required security info"
    assert read(done, done + ".") == (Act.REGISTERED, By.USER, "all")


def test_a_review_is_its_own_act():
    found = read("User reviewed security info", "User successfully reviewed security info.")
    assert found == (Act.REVIEWED, By.USER, "all")


def test_deleting_and_updating_name_the_method():
    assert read("User deleted security info", "User deleted Mobile Phone Call and SMS") == (
        Act.DELETED,
        By.USER,
        "mobilePhone",
    )
    assert read("User updated security info", "User updated Email.") == (Act.UPDATED, By.USER, "email")


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        (phone("3179e48a-750b-4051-897c-87b9720928f7"), "mobilePhone"),
        (phone("B6332EC1-7057-4ABE-9331-3D72FEDDFE41"), "alternateMobilePhone"),
        (phone(None, "office"), "officePhone"),
        (phone(), "phone"),
    ],
)
def test_an_administrators_phone_is_told_by_its_fixed_id_or_type(changes, method):
    reason = "Admin registered phone method for user"
    found = read("Admin registered security info", reason, **by(ADMIN), **changes)
    assert found == (Act.REGISTERED, By.ADMIN, method)
    found = read("Admin updated security info", "Admin changed phone method for user", **by(ADMIN), **changes)
    assert found == (Act.UPDATED, By.ADMIN, method)


def test_an_app_is_neither_person_nor_administrator():
    found = read("Admin registered security info", "Admin registered email method for user", **by(app="x"))
    assert found == (Act.REGISTERED, By.APP, "email")


def test_an_access_pass_is_named_as_such_under_each_of_its_names():
    expected = "temporaryAccessPass"
    for activity, reason, who in (
        (
            "Admin registered security info",
            "Admin registered temporary access pass method for user",
            by(ADMIN),
        ),
        ("User registered security info", "User registered temporary access pass method", by(PERSON)),
        ("Create Temporary Access Pass method for user", "", by(ADMIN)),
        ("Admin deleted security info", "Admin deleted temporary access pass method for user", by(app="x")),
    ):
        found = read(activity, reason, **who)
        assert found is not None
        assert found[2] == expected


def test_by_the_person_means_the_same_object_id_not_the_same_name():
    reason = "User registered Mobile Phone SMS"
    activity = "User registered security info"
    assert read(activity, reason, **by(PERSON.upper())) == (Act.REGISTERED, By.USER, "mobilePhone")
    assert read(activity, reason, **by(ADMIN)) == (Act.REGISTERED, By.ADMIN, "mobilePhone")
    same_name = {"initiatedBy": {"user": {"id": ADMIN, "userPrincipalName": "a@b.c"}, "app": None}}
    assert read(activity, reason, **same_name) == (Act.REGISTERED, By.ADMIN, "mobilePhone")
    assert read(activity, reason, **by(app="x")) == (Act.REGISTERED, By.APP, "mobilePhone")
    nobody = {"initiatedBy": {"user": {"id": None, "displayName": None}, "app": {"appId": None}}}
    others: list[dict[str, Any]] = [nobody, {"initiatedBy": None}, {"initiatedBy": {}}, {"initiatedBy": "x"}]
    for unknown in others:
        assert read(activity, reason, **unknown) == (Act.REGISTERED, By.UNKNOWN, "mobilePhone")


def test_an_administrator_on_the_own_account_is_still_an_administrator():
    reason = "Admin registered phone method for user"
    found = read("Admin registered security info", reason, **by(PERSON))
    assert found == (Act.REGISTERED, By.ADMIN, "phone")


@pytest.mark.parametrize(
    "targets",
    [
        [],
        None,
        "x",
        [{"id": PERSON, "type": "Group"}],
        [{"id": None, "type": "User"}],
        [{"type": "User"}],
        [{"id": PERSON, "type": "User"}, {"id": ADMIN, "type": "User"}],
        [None, 5],
    ],
)
def test_without_exactly_one_user_as_target_there_is_no_evidence(targets):
    assert read("User registered security info", "User registered Email", targetResources=targets) is None


def test_other_targets_beside_the_user_do_not_matter():
    targets = [{"id": "p", "type": "Policy"}, {"id": PERSON, "type": "user"}]
    assert read("User registered security info", "User registered Email", targetResources=targets) is not None


@pytest.mark.parametrize(
    "activity",
    [
        "User started security info registration",
        "User changed default security info",
        "Admin started password reset",
        "user started password reset",
        "Get passkey creation options",
        "Update user",
        "",
    ],
)
def test_what_proves_nothing_is_left_out(activity):
    assert read(activity, "User registered Mobile Phone SMS") is None


def test_the_same_words_from_another_service_are_no_evidence():
    for service in ("Core Directory", "", None, RESET_SERVICE):
        assert read("User registered security info", "User registered Email", loggedByService=service) is None


@pytest.mark.parametrize(
    ("activity", "result", "act"),
    [
        ("Reset password (self-service)", "success", Act.RESET_SUCCEEDED),
        ("Reset password (self-service)", "failure", Act.RESET_FAILED),
        ("Self-service password reset flow activity progress", "failure", Act.RESET_FAILED),
        ("Self-service password reset flow activity progress", "success", None),
        ("Blocked from self-service password reset", "success", Act.RESET_FAILED),
        ("User registered for self-service password reset", "success", None),
        ("Reset password (by admin)", "failure", None),
    ],
)
def test_self_service_resets_are_seen_to_fail_and_succeed(activity, result, act):
    found = read(activity, "insufficient", loggedByService=RESET_SERVICE, result=result)
    assert found == (None if act is None else (act, By.USER, None))


@pytest.mark.parametrize(
    "activity", ["Reset password (self-service)", "Self-service password reset flow activity progress"]
)
def test_a_reset_that_ends_for_want_of_methods_is_told_from_other_failures(activity):
    reason = "User's account has insufficient authentication methods defined. Add authentication info to resolve this "
    found = read(activity, reason, loggedByService=RESET_SERVICE, result="failure")
    assert found == (Act.RESET_NO_METHODS, By.USER, None)


def test_a_reset_by_the_service_desk_is_never_the_persons():
    for who in (by(ADMIN), by(PERSON)):
        found = read("Reset password (by admin)", "Done.", loggedByService=RESET_SERVICE, **who)
        assert found == (Act.RESET_BY_ADMIN, By.ADMIN, None)
    found = read("Reset password (by admin)", "Done.", loggedByService=RESET_SERVICE, **by(app="x"))
    assert found == (Act.RESET_BY_ADMIN, By.APP, None)


def test_a_bare_phone_is_the_mobile_one_where_the_person_registered_it():
    assert read("User registered security info", "User registered Phone.") == (
        Act.REGISTERED,
        By.USER,
        "mobilePhone",
    )
    assert read("Admin deleted security info", "Admin deleted phone method for user", **by(ADMIN)) == (
        Act.DELETED,
        By.ADMIN,
        "phone",
    )


def test_no_number_and_no_name_leaves_the_record():
    changes = phone("3179e48a-750b-4051-897c-87b9720928f7")
    reason = f"User registered Mobile Phone SMS {NUMBER} O'Neill"
    seen = parse(record(f"User registered security info. {NUMBER}", reason, **changes))
    assert seen is None  # not an activity that is known
    seen = parse(record("User registered security info", reason, **changes))
    assert "555" not in repr(seen)
    assert "Neill" not in repr(seen)


@pytest.mark.parametrize(
    "missing", ["id", "activityDateTime", "targetResources", "activityDisplayName", "result"]
)
def test_a_record_that_lacks_what_is_needed_is_no_evidence(missing):
    whole = record("User registered security info", "User registered Email")
    values: list[Any] = [None, "", 5, [], {}]
    for value in values:
        assert parse(whole | {missing: value}) is None
    del whole[missing]
    assert parse(whole) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "id",
    "result",
    "resultReason",
    "activityDisplayName",
    "activityDateTime",
    "loggedByService",
    "initiatedBy",
    "targetResources",
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_any_json_is_taken_without_an_exception(members):
    parse(record("User registered security info", "User registered Email") | members)
