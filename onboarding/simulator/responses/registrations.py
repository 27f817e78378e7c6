"""The registration report: hours late, without disabled users, and not free of charge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import to_ticks
from onboarding.simulator.directory_query import fragment
from onboarding.simulator.errors import GraphError, bad_request, not_modelled, resource_not_found
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import Clause, parse_filter
from onboarding.simulator.paging import pack, unpack
from onboarding.simulator.responses.register import needed, sspr_methods

#: No official page size was found; public clients ask for 999.
_REPORT_PAGE = 100
_LONG_AGO = timedelta(days=3650)
_NO_LICENCE = "Neither tenant is B2C or tenant doesn't have premium license"
_BOOLEANS = (
    "isAdmin",
    "isMfaCapable",
    "isMfaRegistered",
    "isPasswordlessCapable",
    "isSsprCapable",
    "isSsprEnabled",
    "isSsprRegistered",
)
ROW = (
    "id",
    "userPrincipalName",
    "userDisplayName",
    "isAdmin",
    "isSsprRegistered",
    "isSsprEnabled",
    "isSsprCapable",
    "isMfaRegistered",
    "isMfaCapable",
    "isPasswordlessCapable",
    "lastUpdatedDateTime",
    "methodsRegistered",
    "isSystemPreferredAuthenticationMethodEnabled",
    "systemPreferredAuthenticationMethods",
    "userPreferredMethodForSecondaryAuthentication",
    "userType",
)
_MFA = {
    "mobilePhone": "sms",
    "alternateMobilePhone": "voiceAlternateMobile",
    "officePhone": "voiceOffice",
    "microsoftAuthenticatorPush": "push",
    "microsoftAuthenticatorPasswordless": "push",
    "softwareOneTimePasscode": "oath",
    "hardwareOneTimePasscode": "oath",
}
_PASSWORDLESS = {
    "fido2",
    "microsoftAuthenticatorPasswordless",
    "passKeyDeviceBound",
    "passKeyDeviceBoundAuthenticator",
    "passKeyDeviceBoundWindowsHello",
    "passKeySynced",
    "windowsHelloForBusiness",
    "macOsSecureEnclaveKey",
}


def _licensed(tenant: Tenant) -> None:
    if tenant.policy.tier == "free":
        raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", _NO_LICENCE)


def report_row(tenant: Tenant, person: Person, at: datetime) -> dict[str, Any] | None:
    """The row as the report of that moment had it, or later by the person's share of the spread; None for who
    did not exist, was disabled or deleted then."""
    at = tenant.report.row_of(person.id, at)
    then = person.as_of(at)
    if then is None or not then.present:
        return None
    enough = _usable(then.methods, then.is_admin) >= needed(tenant, is_admin=then.is_admin)
    enabled = _in_scope(tenant, person)
    names, mfa, passwordless = _shown(then.methods)
    return {
        "id": person.id,
        "userPrincipalName": person.upn,
        "userDisplayName": person.properties.get("displayName"),
        "isAdmin": then.is_admin,
        "isSsprRegistered": enough,
        "isSsprEnabled": enabled,
        "isSsprCapable": enough and enabled,
        "isMfaRegistered": bool(mfa) or passwordless,
        "isMfaCapable": bool(mfa) or passwordless,
        "isPasswordlessCapable": passwordless,
        "lastUpdatedDateTime": to_ticks(at),
        "methodsRegistered": list(names),
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": list(mfa[:1]),
        "userPreferredMethodForSecondaryAuthentication": mfa[0] if mfa else "none",
        "userType": str(person.properties.get("userType") or "Member").lower(),
    }


@lru_cache(maxsize=1024)
def _usable(methods: tuple[str, ...], is_admin: bool) -> int:
    return len(sspr_methods(methods, is_admin=is_admin))


@lru_cache(maxsize=1024)
def _shown(methods: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Names in a row, second factors among them, and whether any is passwordless."""
    names = tuple(name for name in methods if name != "appPassword")
    return names, tuple(_MFA[name] for name in names if name in _MFA), bool(_PASSWORDLESS & set(names))


def _in_scope(tenant: Tenant, person: Person) -> bool:
    scope = tenant.policy.sspr_scope
    if isinstance(scope, str):
        return scope == "all"
    return person.id in scope or person.upn.lower() in {entry.lower() for entry in scope}


_ORDERS = ("userPrincipalName", "userDisplayName")


def list_registrations(tenant: Tenant, call: Call) -> Answer:
    """In the order of creation unless `$orderby` names UPN or display name."""
    _licensed(tenant)
    clauses = parse_filter(call.query["$filter"]) if "$filter" in call.query else []
    for clause in clauses:
        _row_matches(_NOBODY, clause)  # also where there is no row to compare with
    names = call.selected(frozenset(ROW), ROW)
    order = _order(call.query.get("$orderby"))
    size, (at, skip) = call.top(_REPORT_PAGE), _report_position(tenant, call.query.get("$skiptoken"))
    page: list[dict[str, Any]] = []
    token = None
    for position, row in _rows(tenant, at, skip, order):
        if not all(_row_matches(row, clause) for clause in clauses):
            continue
        if len(page) == size:
            token = pack([at.timestamp(), position])
            break
        page.append(row if names is ROW else {name: row[name] for name in names})
    context = call.context(fragment(call, "reports/authenticationMethods/userRegistrationDetails", names))
    body: dict[str, Any] = {"@odata.context": context}
    if token is not None:
        body["@odata.nextLink"] = call.next_link(token)
    return Answer(200, body | {"value": page})


def _order(text: str | None) -> tuple[str, bool] | None:
    """(property, descending); 501 for a property that the page does not name."""
    if text is None:
        return None
    words = text.split()
    if words[:1] and words[0] in _ORDERS and words[1:] in ([], ["asc"], ["desc"]):
        return words[0], words[1:] == ["desc"]
    raise not_modelled(f"$orderby={text} on userRegistrationDetails")


def _report_position(tenant: Tenant, token: str | None) -> tuple[datetime, int]:
    if token is None:
        return tenant.report.as_of(tenant.now()), 0
    saved = unpack(token)
    if not (isinstance(saved, list) and len(saved) == 2 and isinstance(saved[1], int)):
        raise bad_request("Skip token is invalid.")
    try:
        at = datetime.fromtimestamp(float(saved[0]), UTC)
        return max(at, tenant.now() - _LONG_AGO), max(0, saved[1])
    except (TypeError, ValueError, OverflowError, OSError):
        raise bad_request("Skip token is invalid.") from None


def _rows(
    tenant: Tenant, at: datetime, skip: int, order: tuple[str, bool] | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows from position `skip` on. People in the order of creation never change places between pages; an
    ordered listing is sorted whole."""
    everybody = tenant.people.in_order
    if order is None:
        for position in range(skip, len(everybody)):
            row = report_row(tenant, everybody[position], at)
            if row is not None:
                yield position, row
        return
    name, descending = order
    rows = [row for person in everybody if (row := report_row(tenant, person, at)) is not None]
    rows.sort(key=lambda row: (str(row[name] or "").lower(), row["id"]), reverse=descending)
    yield from list(enumerate(rows))[skip:]


_FLAGS = (*_BOOLEANS[1:], "isSystemPreferredAuthenticationMethodEnabled", "isAdmin")
_NOBODY: dict[str, Any] = {
    **dict.fromkeys(ROW),
    "methodsRegistered": [],
    "systemPreferredAuthenticationMethods": [],
}


def _row_matches(row: dict[str, Any], clause: Clause) -> bool:
    """The documented filters of "userRegistrationDetails resource type"."""
    path, op, value = clause.path, clause.op, clause.value
    if op == "eq" and path in _FLAGS and isinstance(value, bool):
        return bool(row[path] is value)
    if path in _ORDERS and isinstance(value, str):
        held = str(row[path] or "").lower()
        if op == "eq":
            return held == value.lower()
        if op == "startswith":
            return held.startswith(value.lower())
    if op == "any" and path in ("methodsRegistered", "systemPreferredAuthenticationMethods"):
        return value in row[path]
    if op == "eq" and path in ("id", "userPreferredMethodForSecondaryAuthentication"):
        return bool(row[path] == value)
    raise not_modelled(f"$filter on {path} with {op} for userRegistrationDetails")


def get_registration(tenant: Tenant, call: Call) -> Answer:
    """One row. The page shows it wrapped in `value`; single entities are not wrapped elsewhere in Graph,
    so it is answered plain."""
    _licensed(tenant)
    person = tenant.people.by_id.get(call.params["id"].lower())
    row = report_row(tenant, person, tenant.report.as_of(tenant.now())) if person else None
    if row is None:
        raise resource_not_found(call.params["id"])
    context = call.context("reports/authenticationMethods/userRegistrationDetails/$entity")
    return Answer(200, {"@odata.context": context, **row})
