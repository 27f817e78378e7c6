"""One record of the directory audit log → one piece of evidence, or nothing. Pure; takes any JSON.

Sources: Learn "directoryAudit resource type", "Audit activities", "Troubleshoot combined security info
registration", "Self-service password reset reports"; reason texts as observed in public (facts 2.1, 2.2).
The set of reasons is open, with and without a full stop: what is not understood becomes method None, never a
wrong method. What decides is the pair of activity *and* result: a cancelled registration is logged under a
success-sounding name with result failure.

Phone numbers sit in `modifiedProperties` and may sit in `resultReason`: neither leaves this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from onboarding.domain.evidence import Act, By, Evidence
from onboarding.domain.provenance import SOME_PHONE
from onboarding.graph.answer import instant
from onboarding.graph.vocabulary import FIXED_IDS, PHONE_TYPES, TEMPORARY_ACCESS_PASS, method_in_words
from onboarding.ports import SeenEvidence

METHODS_SERVICE = "Authentication Methods"
RESET_SERVICE = "Self-service Password Management"
#: The services whose records are evidence (values of `loggedByService`).
SERVICES = (METHODS_SERVICE, RESET_SERVICE)

#: Activity (lower case) → what it does, when it succeeds. "All required" and the review name no method.
_ACTS: Mapping[str, tuple[Act, str | None]] = {
    "user registered security info": (Act.REGISTERED, None),
    "user registered all required security info": (Act.REGISTERED, "all"),
    "user updated security info": (Act.UPDATED, None),
    "user deleted security info": (Act.DELETED, None),
    "user reviewed security info": (Act.REVIEWED, "all"),
    "admin registered security info": (Act.REGISTERED, None),
    "admin updated security info": (Act.UPDATED, None),
    "admin deleted security info": (Act.DELETED, None),
    # Seen in a public detection rule beside "Admin registered security info".
    "create temporary access pass method for user": (Act.REGISTERED, TEMPORARY_ACCESS_PASS),
}
#: Not evidence: started registrations and resets, a changed default (no new proof of a method).
_CANCELLED = frozenset(
    {"user canceled security info registration", "user cancelled security info registration"}
)
_RESET = "reset password (self-service)"
_RESET_BY_ADMIN = "reset password (by admin)"
_RESET_BLOCKED = "blocked from self-service password reset"
_RESET_PROGRESS = "self-service password reset flow activity progress"
#: In the reason of a reset that ended because too little is registered (reprise99/Sentinel-Queries,
#: Audit-FindUsersFailingSSPR: "User's account has insufficient authentication methods defined. …").
_NO_METHODS = "insufficient authentication methods"


def parse(record: Mapping[str, Any]) -> SeenEvidence | None:
    """Evidence of one directoryAudit record; None when it is none, or cannot be tied to one person.

    `by` is USER only when the actor's object id equals the target's: UPNs change and differ in case.
    """
    event_id, target = _text(record.get("id")), _target(record)
    at = instant(record.get("activityDateTime"))
    found = _act(record)
    if not event_id or at is None or target is None or found is None:
        return None
    act, method = found
    activity, user_id = _text(record.get("activityDisplayName")), _text(target.get("id")).lower()
    by = _by(record, user_id, activity)
    if method == SOME_PHONE and by is By.USER and "phone method" not in _reason(record):
        # The page of the combined registration says "Phone" beside "Alternate phone" and "Office phone".
        method = "mobilePhone"
    evidence = Evidence(
        id=event_id,
        kind="audit",
        act=act,
        by=by,
        method=method,
        at=at,
        said=_said(activity),
    )
    return SeenEvidence(user_id, evidence)


def _act(record: Mapping[str, Any]) -> tuple[Act, str | None] | None:
    service = _text(record.get("loggedByService")).casefold()
    activity = " ".join(_text(record.get("activityDisplayName")).casefold().rstrip(". ").split())
    succeeded = _succeeded(record.get("result"))
    if succeeded is None:
        return None
    if service == RESET_SERVICE.casefold():
        return _reset(activity, succeeded, _reason(record))
    if service != METHODS_SERVICE.casefold():
        return None
    if activity in _CANCELLED:
        return Act.CANCELLED, None
    if activity not in _ACTS:
        return None
    if not succeeded:
        return _failed(activity, _reason(record))
    act, method = _ACTS[activity]
    return act, method or _method(record)


#: `operationResult`, by name and by place: the diagnostic stream has the place (Learn "Interpret the Azure AD audit
#: log schema in Azure Monitor" shows `"result": 0`).
_RESULTS: Mapping[str, bool] = {
    "success": True,
    "failure": False,
    "timeout": False,
    "0": True,
    "1": False,
    "2": False,
}


def _succeeded(result: object) -> bool | None:
    """None: not readable, so that this copy of the record is nobody's evidence, and one that is readable can come."""
    if isinstance(result, bool) or not isinstance(result, str | int):
        return None
    return _RESULTS.get(str(result).strip().casefold())


def _failed(activity: str, reason: str) -> tuple[Act, str | None] | None:
    """A failure changed nothing; of a registration it says that the person began and did not finish."""
    registering = activity.startswith("user registered")
    if registering and ("cancel" in reason or activity.endswith("all required security info")):
        return Act.CANCELLED, None
    return None


def _reset(activity: str, succeeded: bool, reason: str) -> tuple[Act, str | None] | None:
    """Progress is logged step by step: only its failures say something that the reset itself does not.

    "User registered for self-service password reset" is left out: the Authentication Methods service says it
    too, and names the method.
    """
    if activity == _RESET_BY_ADMIN:
        return (Act.RESET_BY_ADMIN, None) if succeeded else None
    if activity == _RESET and succeeded:
        return Act.RESET_SUCCEEDED, None
    if activity in {_RESET, _RESET_PROGRESS} and not succeeded:
        return (Act.RESET_NO_METHODS if _NO_METHODS in reason else Act.RESET_FAILED), None
    return (Act.RESET_FAILED, None) if activity == _RESET_BLOCKED else None


def _reason(record: Mapping[str, Any]) -> str:
    return _text(record.get("resultReason")).casefold()


def _target(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The one user that the record is about; None when there is none, or more than one."""
    users = [
        target
        for target in _dicts(record.get("targetResources"))
        if _text(target.get("type")).casefold() == "user" and _text(target.get("id"))
    ]
    ids = {_text(target.get("id")).casefold() for target in users}
    return users[0] if len(ids) == 1 else None


def _by(record: Mapping[str, Any], target_id: str, activity: str) -> By:
    initiated = record.get("initiatedBy")
    initiated = initiated if isinstance(initiated, dict) else {}
    user, app = initiated.get("user"), initiated.get("app")
    actor_id = _text(user.get("id")) if isinstance(user, dict) else ""
    if actor_id:
        itself = actor_id.casefold() == target_id.casefold()
        # An administrator who uses the administrator's page on the own account is not registering in person.
        as_admin = activity.casefold().startswith("admin") or activity.casefold().startswith(_RESET_BY_ADMIN)
        return By.USER if itself and not as_admin else By.ADMIN
    if isinstance(app, dict) and any(_text(app.get(key)) for key in _APP_KEYS):
        return By.APP
    return By.ADMIN if activity.casefold().startswith("admin") else By.UNKNOWN


_APP_KEYS = ("appId", "servicePrincipalId", "displayName", "servicePrincipalName")


def _method(record: Mapping[str, Any]) -> str | None:
    """From the reason; for a phone that the reason does not describe, from the modified properties."""
    named = method_in_words(_text(record.get("resultReason")))
    if named != SOME_PHONE:
        return named
    for value in _modified_values(record):
        found = FIXED_IDS.get(value.casefold()) or PHONE_TYPES.get(value)
        if found:
            return found
    return SOME_PHONE


def _modified_values(record: Mapping[str, Any]) -> Iterator[str]:
    """New and old values, without the quotes of the JSON string that Graph puts them in."""
    for target in _dicts(record.get("targetResources")):
        for changed in _dicts(target.get("modifiedProperties")):
            for key in ("newValue", "oldValue"):
                value = changed.get(key)
                if isinstance(value, str):
                    yield value.strip().strip('"')


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _said(activity: str) -> str | None:
    """The activity's name: letters and plain punctuation only, so that nothing personal can ride along."""
    return " ".join(re.sub(r"[^A-Za-z()' -]", "", activity).split())[:100] or None
