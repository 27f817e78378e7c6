"""One message of the Event Hub that Entra's diagnostic setting fills (category AuditLogs) → evidence. Pure; takes any
bytes.

Learn "Tutorial: Enable security notifications for audit logs" (facts 2.4): one message holds several records under
`records`, and `properties` of a record has the members of directoryAudit. Shapes vary: `properties` may be a string
of JSON, a record may come alone, and what `properties` lacks stands beside it under the names of Azure Monitor. A text
that is empty there is lacking (Learn "Interpret the Azure AD audit log schema in Azure Monitor" has `"resultReason":
""`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from onboarding.graph.evidence import parse
from onboarding.ports import SeenEvidence

_CATEGORY = "auditlogs"
#: Member of directoryAudit → the outer member that says the same.
_OUTER: Mapping[str, str] = {
    "activityDisplayName": "operationName",
    "activityDateTime": "time",
    "resultReason": "resultDescription",
    "result": "resultType",
    "correlationId": "correlationId",
}


def read(message: bytes) -> list[SeenEvidence]:
    """Evidence in order of the message; nothing of what is no audit record."""
    try:
        data = json.loads(message)
    except (ValueError, RecursionError):
        return []
    return [seen for record in _records(data) if (seen := parse(record)) is not None]


def _records(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for item in data:
            yield from _records(item)
    elif isinstance(data, dict) and isinstance(data.get("records"), list):
        for item in data["records"]:
            yield from _one(item)
    else:
        yield from _one(data)


def _one(record: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(record, dict) or str(record.get("category", _CATEGORY)).casefold() != _CATEGORY:
        return
    inner = record.get("properties")
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except (ValueError, RecursionError):
            return
    if isinstance(inner, dict):
        said = {name: value for name, value in inner.items() if value not in (None, "")}
        yield {name: record.get(outer) for name, outer in _OUTER.items()} | said
