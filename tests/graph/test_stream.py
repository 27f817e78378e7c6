"""Messages of the diagnostic stream, in the shapes that are documented and those seen → evidence, or nothing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from onboarding.domain.evidence import Act, By
from onboarding.graph.stream import read
from onboarding.ports import SeenEvidence

PERSON = "0a1b2c3d-0000-4000-8000-000000000001"
ACTIVITY, REASON = "User registered security info", "User registered Mobile Phone SMS"


def outer(inner: Any, **members: Any) -> dict[str, Any]:
    """A record as in Learn "Interpret the Azure AD audit log schema in Azure Monitor", around `inner`."""
    return {
        "time": "2026-11-22T10:00:00.6161822Z",
        "resourceId": "/tenants/7d0a6f5e-0000-4000-8000-000000000001/providers/Microsoft.aadiam",
        "operationName": ACTIVITY,
        "operationVersion": "1.0",
        "category": "AuditLogs",
        "tenantId": "7d0a6f5e-0000-4000-8000-000000000001",
        "resultSignature": "None",
        "durationMs": 0,
        "callerIpAddress": "<null>",
        "correlationId": "c",
        "identity": "Wqz Planted",
        "level": "Informational",
        "properties": inner,
    } | members


def inner(**members: Any) -> dict[str, Any]:
    return {
        "id": "SSGM_6b0e_MCDC4_88453290",
        "category": "UserManagement",
        "correlationId": "c",
        "result": 0,
        "resultReason": REASON,
        "activityDisplayName": ACTIVITY,
        "activityDateTime": "2026-11-22T10:00:00.6161822+00:00",
        "loggedByService": "Authentication Methods",
        "operationType": "Add",
        "initiatedBy": {"user": {"id": PERSON, "displayName": "Wqz Planted"}},
        "targetResources": [
            {"id": PERSON, "displayName": "Wqz Planted", "type": "User", "modifiedProperties": []}
        ],
        "additionalDetails": [],
    } | members


def told(*records: Any) -> list[SeenEvidence]:
    return read(json.dumps({"records": records}).encode())


def one(*records: Any) -> tuple[Act, By, str | None] | None:
    found = told(*records)
    assert len(found) <= 1
    return (found[0].evidence.act, found[0].evidence.by, found[0].evidence.method) if found else None


REGISTERED = (Act.REGISTERED, By.USER, "mobilePhone")


def test_a_record_as_documented_is_read() -> None:
    (seen,) = told(outer(inner()))
    assert (seen.user_id, seen.evidence.id) == (PERSON, "SSGM_6b0e_MCDC4_88453290")
    assert seen.evidence.at == datetime(2026, 11, 22, 10, 0, 0, 616182, tzinfo=UTC)
    assert one(outer(inner())) == REGISTERED


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(0, REGISTERED, id="success by its place, as documented"),
        pytest.param("success", REGISTERED, id="by name"),
        pytest.param("Success", REGISTERED, id="in another case"),
        pytest.param("0", REGISTERED, id="the place as a text"),
        pytest.param(1, None, id="failure by its place"),
        pytest.param("failure", None, id="failure by name"),
        pytest.param(2, None, id="timeout"),
    ],
)
def test_the_result_is_a_place_or_a_name(result: object, expected: object) -> None:
    assert one(outer(inner(result=result))) == expected


def test_a_failure_by_its_place_is_a_cancelled_registration_under_a_finished_ones_name() -> None:
    words = {
        "activityDisplayName": "User registered all required security info",
        "resultReason": "User canceled security info registration.",
    }
    assert one(outer(inner(**words, result=1))) == (Act.CANCELLED, By.USER, None)


@pytest.mark.parametrize(
    "result", [3, -1, 0.5, True, False, "unknownFutureValue", "Succès", [], {}, None, ""]
)
@pytest.mark.parametrize("activity", [ACTIVITY, "User registered all required security info",
                                      "User canceled security info registration"])  # fmt: skip
def test_a_result_that_cannot_be_read_is_no_evidence_so_that_the_audit_log_can_bring_it(
    result: object, activity: str
) -> None:
    assert one(outer(inner(result=result, activityDisplayName=activity))) is None


def test_what_is_empty_inside_is_taken_from_outside() -> None:
    bare = inner(result="", resultReason="", activityDisplayName="", activityDateTime=None)
    assert one(outer(bare, resultType="Success", resultDescription=REASON)) == REGISTERED
    assert one(outer(inner(resultReason=""), resultDescription=REASON)) == REGISTERED
    assert one(outer(inner(resultReason=""))) == (Act.REGISTERED, By.USER, None), "kept, and not understood"


def test_the_empty_actor_of_the_documented_sample_is_nobody() -> None:
    assert one(outer(inner(initiatedBy={}))) == (Act.REGISTERED, By.UNKNOWN, "mobilePhone")


def test_shapes_around_the_record_vary() -> None:
    assert one(outer(json.dumps(inner()))) == REGISTERED
    assert len(read(json.dumps(outer(inner())).encode())) == 1
    assert len(read(json.dumps([outer(inner()), {"records": [outer(inner())]}]).encode())) == 2
    assert told(outer(inner(), category="SignInLogs"), outer("{"), outer(None), "?", None, 3) == []
    assert read(b"\xff not json") == read(b"") == read(b"3") == []
