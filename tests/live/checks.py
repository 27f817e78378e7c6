"""What only a tenant can settle, as calls with expectations. docs/live-tenant-check.md tells each one; a test
compares. A check returns what was otherwise than expected, in words; nothing means as expected.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.live.tenant import Live, told

Check = Callable[[Live], list[str]]
CHECKS: dict[str, Check] = {}

MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"
ALTERNATE = "b6332ec1-7057-4abe-9331-3d72feddfe41"
EMAIL = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
NUMBER, OTHER = "+1 2065550100", "+1 2065550101"
AUDITS, REPORT = "/auditLogs/directoryAudits", "/reports/authenticationMethods/userRegistrationDetails"
#: How long an audit record may take before we call it missing.
AUDIT_PATIENCE = 1800.0


def check(name: str) -> Callable[[Check], Check]:
    def enter(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return enter


def unless(holds: bool, text: str) -> list[str]:
    return [] if holds else [text]


def _phones(key: str) -> str:
    return f"/users/{key}/authentication/phoneMethods"


def _phone(live: Live, key: str, number: str = NUMBER, kind: str = "mobile") -> Any:
    return live.call("POST", _phones(key), {"phoneNumber": number, "phoneType": kind})


@check("user-conflict")
def user_conflict(live: Live) -> list[str]:
    live.user("twin")
    second = live.keep(live.call("POST", "/users", live.user_body("twin")))
    details = second.json().get("error", {}).get("details", [])
    codes = [detail.get("code") for detail in details]
    return unless(
        second.status_code == 400 and "ObjectConflict" in codes, f"a taken name gives {told(second)}"
    )


@check("employee-id")
def employee_id(live: Live) -> list[str]:
    live.user("first", employeeId="ZZLIVE1")
    second = live.keep(live.call("POST", "/users", live.user_body("second", employeeId="ZZLIVE1")))
    return unless(second.status_code == 201, f"a second employeeId of one value gives {told(second)}")


@check("deleted-name")
def deleted_name(live: Live) -> list[str]:
    key = live.user("leaver")
    live.call("DELETE", f"/users/{key}")
    again = live.keep(live.call("POST", "/users", live.user_body("leaver")))
    return unless(again.status_code == 201, f"the name of a soft-deleted user gives {told(again)}")


@check("created-time")
def created_time(live: Live) -> list[str]:
    before = datetime.now(UTC)
    key = live.user("clock")
    read = live.call("GET", f"/users/{key}", select="createdDateTime").json()["createdDateTime"]
    live.note(f"createdDateTime {read} for a request of {before.isoformat()}")
    return unless("." not in read, f"createdDateTime has fractions: {read}")


@check("phone-format")
def phone_format(live: Live) -> list[str]:
    key = live.user("phone")
    bare = _phone(live, key, NUMBER.replace(" ", ""))
    good = _phone(live, key)
    found = unless(bare.status_code == 400, f"a number without the space gives {told(bare)}")
    found += unless(good.status_code == 201, f"the documented format gives {told(good)}")
    live.note(f"a number without the space: {told(bare)}")
    return found + unless(good.json().get("id") == MOBILE, "the mobile phone has another id than documented")


@check("phone-limits")
def phone_limits(live: Live) -> list[str]:
    key = live.user("limits")
    early = _phone(live, key, OTHER, "alternateMobile")
    _phone(live, key)
    second = _phone(live, key, OTHER)
    alternate = _phone(live, key, OTHER, "alternateMobile")
    kept = live.call("DELETE", f"{_phones(key)}/{MOBILE}")
    live.note(
        f"alternate first: {told(early)}; second mobile: {told(second)}; mobile deleted first: {told(kept)}"
    )
    return (
        unless(early.status_code == 400, f"an alternate mobile without a mobile gives {told(early)}")
        + unless(second.status_code == 400, f"a second mobile gives {told(second)}")
        + unless(alternate.status_code == 201, f"an alternate mobile after a mobile gives {told(alternate)}")
        + unless(kept.status_code == 400, f"deleting the mobile before the alternate gives {told(kept)}")
    )


@check("phone-update")
def phone_update(live: Live) -> list[str]:
    key = live.user("update")
    _phone(live, key)
    changed = live.call("PATCH", f"{_phones(key)}/{MOBILE}", {"phoneNumber": OTHER})
    read = live.call("GET", f"{_phones(key)}/{MOBILE}").json()
    found = unless(changed.status_code == 204, f"PATCH of a phone gives {told(changed)}")
    found += unless("value" not in read, "a single method is wrapped in `value`, as some pages show it")
    found += unless("createdDateTime" in read, "a phone method has no createdDateTime")
    return found + unless(read.get("phoneNumber") == OTHER, "the changed number is not read back")


@check("email-method")
def email_method(live: Live) -> list[str]:
    key = live.user("email")
    path = f"/users/{key}/authentication/emailMethods"
    made = live.call("POST", path, {"emailAddress": "live-check@example.com"})
    second = live.call("POST", path, {"emailAddress": "live-check-2@example.com"})
    live.note(f"a second e-mail method: {told(second)}")
    return unless(
        made.status_code == 201 and made.json().get("id") == EMAIL, f"e-mail: {told(made)}"
    ) + unless(second.status_code == 400, f"a second e-mail method gives {told(second)}")


@check("pass-replaced")
def pass_replaced(live: Live) -> list[str]:
    key = live.user("pass")
    path = f"/users/{key}/authentication/temporaryAccessPassMethods"
    first, second = (live.call("POST", path, {"isUsableOnce": True}) for _ in range(2))
    if first.status_code != 201:
        live.note(f"no pass could be made: {told(first)}")
        refused = "Converged UserCredentialPolicy" in first.text
        return unless(first.status_code == 400 and refused, f"without a policy a pass gives {told(first)}")
    listed = live.call("GET", path).json()["value"]
    old = live.call("GET", f"{path}/{first.json()['id']}")
    found = unless(second.status_code == 201, f"a second pass gives {told(second)}")
    found += unless(len(listed) == 1, f"{len(listed)} passes are listed after two were made")
    found += unless(old.status_code == 404, f"the replaced pass reads as {told(old)}")
    return found + unless(listed[0].get("temporaryAccessPass") is None, "a read shows the pass")


@check("pass-lifetime")
def pass_lifetime(live: Live) -> list[str]:
    key = live.user("lifetime")
    path = f"/users/{key}/authentication/temporaryAccessPassMethods"
    refused = live.call("POST", path, {"lifetimeInMinutes": 43201})
    live.note(f"a lifetime beyond 30 days: {told(refused)}")
    return unless(refused.status_code == 400, f"a lifetime beyond 30 days gives {told(refused)}")


def _audits_of(live: Live, key: str, service: str = "Authentication Methods") -> list[dict[str, Any]]:
    clause = f"loggedByService eq '{service}' and targetResources/any(t: t/id eq '{key}')"
    answer = live.call("GET", AUDITS, filter=clause, top="50")
    assert answer.status_code == 200, told(answer)
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


@check("audit-app-actor")
def audit_app_actor(live: Live) -> list[str]:
    key = live.user("audited")
    _phone(live, key)
    waited = live.until(lambda: bool(_audits_of(live, key)), AUDIT_PATIENCE, every=15)
    if waited is None:
        return [f"no audit record of an app's phone method after {AUDIT_PATIENCE:.0f} s"]
    record = _audits_of(live, key)[0]
    live.note(f"seen after {waited:.0f} s: {record['activityDisplayName']} / {record['resultReason']}")
    who = record["initiatedBy"]
    found = unless(
        bool(who.get("app")) and not who.get("user"), "an app's change does not name the app alone"
    )
    found += unless(
        record["activityDisplayName"] == "Admin registered security info",
        f"an app's phone method is logged as {record['activityDisplayName']!r}",
    )
    names = [change["displayName"] for change in record["targetResources"][0]["modifiedProperties"]]
    live.note(f"modifiedProperties: {', '.join(map(str, names))}")
    return found


@check("audit-pass")
def audit_pass(live: Live) -> list[str]:
    key = live.user("auditedpass")
    made = live.call("POST", f"/users/{key}/authentication/temporaryAccessPassMethods", {})
    if made.status_code != 201:
        live.note(f"no pass could be made: {told(made)}")
        return []
    waited = live.until(lambda: bool(_audits_of(live, key)), AUDIT_PATIENCE, every=15)
    if waited is None:
        return [f"no audit record of an app's pass after {AUDIT_PATIENCE:.0f} s"]
    record = _audits_of(live, key)[0]
    live.note(f"{record['activityDisplayName']} / {record['resultReason']} after {waited:.0f} s")
    found = unless(
        not (record["initiatedBy"].get("user") or {}).get("id"), "an app's pass names a user as actor"
    )
    return found + unless(made.json()["temporaryAccessPass"] not in str(record), "the record holds the pass")


@check("audit-order-and-page")
def audit_order_and_page(live: Live) -> list[str]:
    answer = live.call("GET", AUDITS, top="999")
    if answer.status_code != 200:
        return [f"$top=999 gives {told(answer)}"]
    times = [record["activityDateTime"] for record in answer.json()["value"]]
    default = live.call("GET", AUDITS).json()
    size, more = len(default["value"]), "@odata.nextLink" in default
    live.note(f"page size without $top: {size}{'' if more else ' (all there is)'}")
    broken = live.call("GET", AUDITS, skiptoken="made-up")
    return unless(
        times == sorted(times, reverse=True), "records are not newest first without $orderby"
    ) + unless(broken.status_code == 400, f"a made-up skip token gives {told(broken)}")


@check("report-options")
def report_options(live: Live) -> list[str]:
    answer = live.call("GET", REPORT, top="999", select="id,methodsRegistered")
    if answer.status_code == 403:
        code = answer.json()["error"]["code"]
        expected = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        return unless(code == expected, f"without P1 the report gives {told(answer)}")
    return unless(answer.status_code == 200, f"$top and $select on the report give {told(answer)}")


@check("report-age")
def report_age(live: Live) -> list[str]:
    answer = live.call("GET", REPORT, top="100")
    rows = answer.json().get("value", [])
    if answer.status_code != 200 or not rows:
        live.note(f"no rows: {told(answer)}")
        return []
    names = sorted({name for row in rows for name in row["methodsRegistered"]})
    live.note(
        f"ran at {rows[0]['lastUpdatedDateTime']} to {rows[-1]['lastUpdatedDateTime']}; values: {names}"
    )
    alone = live.call("GET", f"{REPORT}/{rows[0]['id']}").json()
    return unless("value" not in alone, "a single row is wrapped in `value`, as the page shows it")


@check("report-new-user")
def report_new_user(live: Live) -> list[str]:
    key = live.user("unreported")
    answer = live.call("GET", f"{REPORT}/{key}")
    return unless(answer.status_code in (403, 404), f"the row of a new, disabled user gives {told(answer)}")


@check("roles-without-options")
def roles_without_options(live: Live) -> list[str]:
    listed = live.call("GET", "/directoryRoles")
    if listed.status_code != 200:
        return [f"directoryRoles gives {told(listed)}"]
    role = listed.json()["value"][0]
    members = live.call("GET", f"/directoryRoles/roleTemplateId={role['roleTemplateId']}/members")
    return unless("@odata.nextLink" not in listed.json(), "directoryRoles is paged") + unless(
        members.status_code == 200, f"members by template id give {told(members)}"
    )


@check("role-assignments-whole")
def role_assignments_whole(live: Live) -> list[str]:
    listed = live.call("GET", "/roleManagement/directory/roleAssignments?$expand=principal")
    if listed.status_code != 200:
        return [f"all role assignments give {told(listed)}"]
    rows = listed.json()["value"]
    kinds = {row["principalId"]: (row.get("principal") or {}).get("@odata.type") for row in rows}
    live.note(
        f"{len(rows)} assignments on the first page; principals: {sorted(map(str, set(kinds.values())))}"
    )
    key = next((key for key, kind in kinds.items() if kind == "#microsoft.graph.user"), "none")
    named = live.call("GET", f"/users?$filter=id in ('{key}')&$select=id,userPrincipalName,employeeId")
    found = [user["id"] for user in named.json().get("value", []) if user.get("userPrincipalName")]
    return unless(None not in kinds.values(), "a principal comes without its type") + unless(
        found == [key], f"a holder by id gives {told(named)}"
    )


@check("conditional-access")
def conditional_access(live: Live) -> list[str]:
    answer = live.call("GET", "/identity/conditionalAccess/policies")
    if answer.status_code != 200:
        live.note(told(answer))
        return unless(answer.status_code == 403, f"Conditional Access gives {told(answer)}")
    guarding = [
        policy["state"]
        for policy in answer.json()["value"]
        if "urn:user:registersecurityinfo" in policy["conditions"]["applications"]["includeUserActions"]
    ]
    live.note(f"policies that guard registering security info: {guarding or 'none'}")
    return []


@check("policies-readable")
def policies_readable(live: Live) -> list[str]:
    methods = live.call("GET", "/policies/authenticationMethodsPolicy")
    administrators = live.call("GET", "/policies/authorizationPolicy")
    if methods.status_code != 200:
        return [f"authenticationMethodsPolicy gives {told(methods)}"]
    campaign = methods.json()["registrationEnforcement"]["authenticationMethodsRegistrationCampaign"]
    live.note(f"migration {methods.json().get('policyMigrationState')}; campaign has {sorted(campaign)}")
    return unless(
        administrators.status_code == 200 and "allowedToUseSSPR" in administrators.json(),
        f"authorizationPolicy gives {told(administrators)}",
    )
