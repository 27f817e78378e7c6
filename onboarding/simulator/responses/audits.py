"""Reading the audit log: late, paged, and kept for some days only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import bad_request, not_modelled
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import Clause, parse_filter
from onboarding.simulator.paging import pack, unpack

#: No official page size was found; public clients ask for 999.
_PAGE = 999


def list_audits(tenant: Tenant, call: Call) -> Answer:
    """Newest first unless `$orderby` says otherwise. Records younger than the latency or older than the
    retention are not there."""
    clauses = parse_filter(call.query["$filter"]) if "$filter" in call.query else []
    descending = _descending(call.query.get("$orderby"))
    size = call.top(_PAGE)
    first, last, position = _window(tenant, clauses, call.query.get("$skiptoken"), descending)
    candidates = _candidates(tenant, clauses, first, last)
    order: Iterable[int] = reversed(candidates) if descending else candidates
    page: list[dict[str, Any]] = []
    more, reached = None, first
    for at in order:
        if position is not None and (at >= position if descending else at <= position):
            continue
        record = tenant.audit.records[at]
        if not all(_audit_matches(record, clause) for clause in clauses):
            continue
        if len(page) == size:
            more = call.next_link(pack([first, last, reached]))
            break
        page.append(record)
        reached = at
    body: dict[str, Any] = {"@odata.context": call.context("auditLogs/directoryAudits")}
    if more is not None:
        body["@odata.nextLink"] = more
    return Answer(200, body | {"value": page})


def _descending(order: str | None) -> bool:
    if order is None:
        return True
    words = order.split()
    if words[:1] != ["activityDateTime"] or words[1:] not in ([], ["asc"], ["desc"]):
        raise not_modelled(f"$orderby={order} on directoryAudits")
    return words[1:] == ["desc"]


def _window(
    tenant: Tenant, clauses: list[Clause], token: str | None, descending: bool
) -> tuple[int, int, int | None]:
    """First and last position of the listing (frozen in the first page's token) and the one reached."""
    if token is not None:
        saved = unpack(token)
        if not (isinstance(saved, list) and len(saved) == 3 and all(isinstance(n, int) for n in saved)):
            raise bad_request("Skip token is invalid.")
        return saved[0], saved[1], saved[2]
    now = tenant.now()
    low, high = now - tenant.policy.retention, now - tenant.policy.latency
    for clause in clauses:
        if clause.path == "activityDateTime" and isinstance(clause.value, datetime):
            low = max(low, clause.value) if clause.op in ("ge", "eq") else low
            high = min(high, clause.value) if clause.op in ("le", "eq") else high
    span = tenant.audit.between(low, high)
    return span.start, span.stop, None


def _candidates(tenant: Tenant, clauses: list[Clause], first: int, last: int) -> list[int] | range:
    for clause in clauses:
        if clause.op == "any" and clause.path == "targetResources/id":
            known = tenant.audit.by_target.get(str(clause.value), [])
            return [at for at in known if first <= at < last]
    return range(first, max(first, last))


def _audit_matches(record: dict[str, Any], clause: Clause) -> bool:
    """The documented filters of "directoryAudit resource type"; 501 for the others."""
    path, op, value = clause.path, clause.op, clause.value
    if path == "activityDateTime" and op in ("eq", "ge", "le"):
        if not isinstance(value, datetime):
            raise bad_request("Invalid filter clause: activityDateTime is compared with a date and time.")
        return True  # the window has applied it
    if op == "eq" and path in ("activityDisplayName", "correlationId", "id", "loggedByService"):
        return bool(record[path] == value)
    if op == "startswith" and path == "activityDisplayName":
        return str(record[path]).startswith(value)
    if op == "eq" and path in ("initiatedBy/user/id", "initiatedBy/app/appId"):
        _, kind, name = path.split("/")
        return bool((record["initiatedBy"][kind] or {}).get(name) == value)
    if op == "any" and path in ("targetResources/id", "targetResources/displayName"):
        name = path.split("/")[1]
        return any(target.get(name) == value for target in record["targetResources"])
    raise not_modelled(f"$filter on {path} with {op} for directoryAudits")
