"""The directory audit log.

Shape: "directoryAudit resource type" and directoryaudit-list, example 2. Activities and reasons:
reference-audit-activities, howto-registration-mfa-sspr-combined-troubleshoot, howto-sspr-reporting, and
strings seen in public where the pages give none.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onboarding.simulator.clock import to_ticks
from onboarding.simulator.models.ids import Ids
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.record import Record
from onboarding.simulator.models.words import Words

METHODS = "Authentication Methods"
SSPR = "Self-service Password Management"
DIRECTORY = "Core Directory"

_TICK = timedelta(microseconds=1)
#: What ids begin with (Entra PowerShell, Get-EntraAuditDirectoryLog, examples): the blank is real.
_PREFIX = {METHODS: "Authentication Methods", SSPR: "SSPR", DIRECTORY: "Directory"}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `app` set for an app, else a user."""

    user: dict[str, Any] | None
    app: dict[str, Any] | None


def by_user(id: str, name: str, upn: str) -> Actor:
    return Actor(
        {
            "id": id,
            "displayName": name,
            "userPrincipalName": upn,
            "ipAddress": "198.51.100.7",
            "userType": None,
            "homeTenantId": None,
            "homeTenantName": None,
        },
        None,
    )


def by_app(app_id: str, principal_id: str, name: str) -> Actor:
    return Actor(
        None,
        {
            "appId": app_id,
            "displayName": name,
            "servicePrincipalId": principal_id,
            "servicePrincipalName": None,
        },
    )


def by_service(principal_id: str, name: str) -> Actor:
    """One of Microsoft's own services: no application id is told."""
    return Actor(
        None,
        {
            "appId": None,
            "displayName": name,
            "servicePrincipalId": principal_id,
            "servicePrincipalName": None,
        },
    )


def modified(name: str, old: str | None, new: str | None) -> dict[str, Any]:
    """One modified property: values are strings that hold JSON."""
    return {
        "displayName": name,
        "oldValue": None if old is None else json.dumps(old),
        "newValue": None if new is None else json.dumps(new),
    }


@dataclass(slots=True)
class Keeping:
    """What the log holds beside the effects themselves.

    noise: "Update user" records of Core Directory about the same change. collected_from: a Free tenant's log is
    collected only after somebody first opened it; None: long ago.
    """

    noise: bool = True
    collected_from: datetime | None = None
    #: Nobody has opened the log of this tenant yet.
    unopened: bool = False


class AuditLog:
    """Append-only, in the order of the virtual clock."""

    def __init__(self, ids: Ids, seed: int = 0) -> None:
        self._ids = ids
        self.words = Words(seed)
        self.keeping = Keeping()
        self.records: Record[dict[str, Any]] = Record()
        self.times: Record[datetime] = Record()
        self.by_target: dict[str, list[int]] = {}

    def add(
        self,
        at: datetime,
        service: str,
        activity: str,
        *,
        actor: Actor,
        target: Person,
        result: str = "success",
        reason: str = "",
        operation: str = "Update",
        changes: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """No two records have one time, and none is older than the one before it: what came to pass earlier and
        is noticed later is dated after it."""
        at = max(at, self.times[-1] + _TICK) if self.times else at
        record = {
            "id": self._ids.record_id(_PREFIX[service]),
            "category": "UserManagement",
            "correlationId": self._ids.guid(),
            "result": result,
            "resultReason": reason,
            "activityDisplayName": activity,
            "activityDateTime": to_ticks(at),
            "loggedByService": service,
            "operationType": operation,
            "initiatedBy": {"app": actor.app, "user": actor.user},
            "targetResources": [
                {
                    "id": target.id,
                    "displayName": target.properties.get("displayName"),
                    "type": "User",
                    "userPrincipalName": target.upn,
                    "groupType": None,
                    "modifiedProperties": list(changes),
                }
            ],
            "additionalDetails": [],
        }
        self.by_target.setdefault(target.id, []).append(len(self.records))
        self.records.append(record)
        self.times.append(at)
        return record

    def between(self, start: datetime, end: datetime) -> range:
        """Positions of the records with start <= activityDateTime <= end."""
        return range(bisect_left(self.times, start), bisect_right(self.times, end))
