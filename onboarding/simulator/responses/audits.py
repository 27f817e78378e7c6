"""Reading the audit log: late, paged, and kept for some days only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import ControlError, bad_request, not_modelled, resource_not_found
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import Clause, parse_filter
from onboarding.simulator.paging import pack, unpack
from onboarding.simulator.responses.people import body_of, check_keys

#: No official page size was found; public clients ask for 999.
_PAGE = 999
#: A record that no filter finds.
_NOBODY: dict[str, Any] = {"targetResources": []}


def list_audits(tenant: Tenant, call: Call) -> Answer:
    """Newest first unless `$orderby` says otherwise. Records younger than the latency or older than the
    retention are not there."""
    clauses = parse_filter(call.query["$filter"]) if "$filter" in call.query else []
    for clause in clauses:
        _audit_matches(_NOBODY, clause)  # also where there is no record to compare with
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
        size = len(tenant.audit.records)
        first, last, reached = (min(max(0, place), size) for place in saved)
        return first, last, reached
    first, last = _kept(tenant)
    for clause in clauses:
        if clause.path == "activityDateTime" and isinstance(clause.value, datetime):
            if clause.op in ("ge", "eq"):
                first = max(first, tenant.audit.between(clause.value, clause.value).start)
            if clause.op in ("le", "eq"):
                last = min(last, tenant.audit.between(clause.value, clause.value).stop)
    return first, last, None


def _candidates(tenant: Tenant, clauses: list[Clause], first: int, last: int) -> list[int] | range:
    for clause in clauses:
        if clause.op == "any" and clause.path == "targetResources/id":
            known = tenant.audit.by_target.get(str(clause.value), [])
            return [at for at in known if first <= at < last]
    return range(first, max(first, last))


_EQUAL = ("activityDisplayName", "correlationId", "id", "loggedByService")
_INITIATED = {
    "initiatedBy/user/id",
    "initiatedBy/user/displayName",
    "initiatedBy/user/userPrincipalName",
    "initiatedBy/app/appId",
    "initiatedBy/app/displayName",
}
_STARTS = ("activityDisplayName", "initiatedBy/user/userPrincipalName")


def _audit_matches(record: dict[str, Any], clause: Clause) -> bool:
    """The documented filters of "directoryAudit resource type"; 501 for the others."""
    path, op, value = clause.path, clause.op, clause.value
    if path == "activityDateTime" and op in ("eq", "ge", "le"):
        if not isinstance(value, datetime):
            raise bad_request("Invalid filter clause: activityDateTime is compared with a date and time.")
        return True  # the window has applied it
    if not isinstance(value, str):
        raise bad_request(f"Invalid filter clause: '{path}' is a string.")
    if op == "eq" and (path in _EQUAL or path in _INITIATED):
        return bool(_at(record, path) == value)
    if op == "startswith" and path in _STARTS:
        return str(_at(record, path) or "").startswith(value)
    if op == "any" and path in ("targetResources/id", "targetResources/displayName"):
        return any(target.get(path.split("/")[1]) == value for target in record["targetResources"])
    if op == "any_startswith" and path == "targetResources/displayName":
        names = (str(target.get("displayName") or "") for target in record["targetResources"])
        return any(name.startswith(value) for name in names)
    raise not_modelled(f"$filter on {path} with {op} for directoryAudits")


def _at(record: dict[str, Any], path: str) -> Any:
    """The member at `initiatedBy/user/id`, None where something on the way is."""
    found: Any = record
    for name in path.split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def get_audit(tenant: Tenant, call: Call) -> Answer:
    """One record while it is kept. The page shows a collection; answered plain as other entities."""
    first, last = _kept(tenant)
    for at in range(first, last):
        record = tenant.audit.records[at]
        if record["id"] == call.params["audit_id"]:
            context = call.context("auditLogs/directoryAudits/$entity")
            return Answer(200, {"@odata.context": context, **record})
    raise resource_not_found(call.params["audit_id"])


def _kept(tenant: Tenant) -> tuple[int, int]:
    """Positions of the records that are there now: old enough, young enough, and collected at all."""
    now, keeping = tenant.now(), tenant.audit.keeping
    if keeping.unopened:
        keeping.unopened, keeping.collected_from, tenant.unsaved = False, now, True
    low = now - tenant.policy.retention
    if tenant.policy.tier == "free" and keeping.collected_from is not None:
        low = max(low, keeping.collected_from)
    span = tenant.audit.between(low, now - tenant.policy.latency)
    return span.start, span.stop


# --- control -----------------------------------------------------------------------------------------

_WORDING = ("plain", "mixed")


def get_keeping(tenant: Tenant, call: Call) -> Answer:
    keeping = tenant.audit.keeping
    wording = _WORDING[tenant.audit.words.mixed]
    return Answer(200, {"noise": keeping.noise, "wording": wording, "unopened": keeping.unopened})


def set_keeping(tenant: Tenant, call: Call) -> Answer:
    """{"noise": bool, "wording": "plain" | "mixed", "unopened": bool}: whether Core Directory logs the same changes
    too, which words are used (models/words.py), and whether nobody has opened the log yet."""
    body = body_of(call, "audit")
    check_keys(body, {"noise", "wording", "unopened"}, "audit")
    if not all(isinstance(body.get(name, True), bool) for name in ("noise", "unopened")):
        raise ControlError("audit: noise and unopened are true or false")
    if body.get("wording", "plain") not in _WORDING:
        raise ControlError(f"audit: wording is one of {', '.join(_WORDING)}")
    keeping, words = tenant.audit.keeping, tenant.audit.words
    keeping.noise = body.get("noise", keeping.noise)
    keeping.unopened = body.get("unopened", keeping.unopened)
    words.mixed = body.get("wording", _WORDING[words.mixed]) == "mixed"
    return get_keeping(tenant, call)
