"""Grant the service's identity the Microsoft Graph roles that its features need, and no others.

    python scripts/grant_graph_roles.py --dry-run     # the list of roles; asks no tenant, needs no sign-in
    python scripts/grant_graph_roles.py --principal-id <object id of the identity> --dry-run
    azd env get-values | python scripts/grant_graph_roles.py --azd-env -

Run by somebody with the directory role Privileged Role Administrator, who has signed in with `az login`. Safe to
repeat, to interrupt, and to run twice at once: it looks first, writes what is missing, and takes "already exists"
for done. Roles are found by name in the tenant's own list. Mail is not granted here (`exchange_sender.py`).

Exit codes: 0 done, or nothing to do · 1 a dry run found something to do · 2 usage · 3 no such identity ·
5 refused · 6 not signed in, or Graph not reachable.

Source: Learn "Grant an appRoleAssignment for a service principal", "Assign Microsoft Graph app roles to a managed
identity". Tested against a pretend Graph, not against a live tenant.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

if __package__ in {None, ""}:  # started as a file: the folder above holds the package
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import azd_values, permissions, role_plan
from scripts.role_plan import State
from scripts.sign_in import tokens
from scripts.tenant import (
    NEGATIVE,
    OK,
    Forbidden,
    GraphError,
    NotFound,
    Problem,
    Refused,
    Tenant,
    Usage,
)

PUBLIC_GRAPH = "https://graph.microsoft.com"
WHO_MAY = (
    "To look, Application.Read.All is needed; to grant, the directory role Privileged Role Administrator (or Global"
    " Administrator), with the scopes AppRoleAssignment.ReadWrite.All and Application.Read.All. If the role was"
    " activated a moment ago, sign in again."
)
#: Seconds between two looks while the tenant replicates.
STEP = 5.0
T = TypeVar("T")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="grant_graph_roles.py",
        description="Grant the service's identity the Microsoft Graph roles that its features need.",
        epilog="Features: "
        + "; ".join(f"{name}: {text}" for name, text in permissions.FEATURES.items())
        + ".",
    )
    optional = [name for name in permissions.FEATURES if name != permissions.CORE]
    add = top.add_argument
    add("--principal-id", help=f"object id of the managed identity (azd: {azd_values.PRINCIPAL_ID})")
    add(
        "--client-id", help=f"its client id, to check that both belong together (azd: {azd_values.CLIENT_ID})"
    )
    add("--azd-env", metavar="FILE", help="output of `azd env get-values`; - is standard input")
    add(
        "--feature",
        action="append",
        choices=optional,
        help=f"only this feature (repeat); default: {', '.join(permissions.DEFAULT)}",
    )
    add(
        "--with",
        dest="also",
        action="append",
        choices=sorted(permissions.OPTIONAL),
        default=[],
        help="this feature, too (repeat): those that the policy or a setting switches on",
    )
    add("--without", action="append", choices=optional, default=[], help="all but this feature (repeat)")
    add("--reads-only", action="store_true", help="no writing role: enough for ONBOARDING_MODE=dry_run")
    add("--allow-broad", action="store_true", help="a broad role where the tenant lacks the granular one")
    add("--accept-ids", action="store_true", help="trust the tenant's role ids where they differ from ours")
    add("--revoke-unneeded", action="store_true", help="take away Graph roles that no feature needs")
    add("--dry-run", action="store_true", help="say what would be done; write nothing")
    add("--json", action="store_true", help="the result as JSON on standard output")
    add("--graph-base-url", help=f"root of Graph in a national cloud (azd: {azd_values.GRAPH_BASE_URL})")
    add("--credential", choices=("cli", "default"), default="cli", help="whose sign-in (default: az login)")
    add("--tenant", help=f"tenant id, where the sign-in reaches several (azd: {azd_values.TENANT_ID})")
    add("--wait", type=float, default=60.0, metavar="S", help="seconds to wait for replication (default 60)")
    return top


def main(argv: Sequence[str] | None = None, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Run once; returns the exit code."""
    options = parser().parse_args(argv)
    try:
        principal_id, client_id = _ids(options)
        wishes = _wishes(options)
        if principal_id is None:
            return _list(options, wishes)
        values = options.azd_values
        root = options.graph_base_url or values.get(azd_values.GRAPH_BASE_URL) or PUBLIC_GRAPH
        tenant_id = options.tenant or values.get(azd_values.TENANT_ID) or ""
        tenant = Tenant(root, tokens(root, options.credential, tenant_id), sleep, _note)
        try:
            return _run(options, tenant, principal_id, client_id, wishes)
        finally:
            tenant.close()
    except Problem as exc:
        _note(f"{exc} {WHO_MAY}" if isinstance(exc, Forbidden) else str(exc))
        return exc.exit_code


def _ids(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Principal id and client id; no principal id: a dry run that asks no tenant."""
    try:
        values = azd_values.read(options.azd_env)
        options.azd_values = values
        principal = azd_values.guid(
            options.principal_id or values.get(azd_values.PRINCIPAL_ID), "the principal id"
        )
        client = azd_values.guid(options.client_id or values.get(azd_values.CLIENT_ID), "the client id")
    except (ValueError, OSError) as exc:
        raise Usage(f"The identity's ids cannot be read: {exc}.") from exc
    if principal is None and (options.azd_env or not options.dry_run):
        raise Usage(f"Say which identity: --principal-id, or --azd-env with {azd_values.PRINCIPAL_ID} in it.")
    return principal, client


def _wishes(options: argparse.Namespace) -> role_plan.Wishes:
    chosen = [*(options.feature or permissions.DEFAULT), *options.also]
    dropped = set(options.without)
    if not options.feature and options.azd_values.get(azd_values.FIRST_CREDENTIAL) == "none":
        dropped.add("access-pass")
        _note(f"{azd_values.FIRST_CREDENTIAL} is none in the azd environment: no role for access passes.")
    return role_plan.Wishes(
        features=[permissions.CORE, *(n for n in chosen if n not in {permissions.CORE, *dropped})],
        reads_only=options.reads_only,
        allow_broad=options.allow_broad,
        accept_ids=options.accept_ids,
        revoke_unneeded=options.revoke_unneeded,
    )


def _run(
    options: argparse.Namespace,
    tenant: Tenant,
    principal_id: str,
    client_id: str | None,
    wishes: role_plan.Wishes,
) -> int:
    principal = _patiently(tenant, options.wait, lambda: _principal(tenant, principal_id, client_id))
    graph = tenant.get(f"/servicePrincipals(appId='{permissions.GRAPH_APP_ID}')", select="id,appId,appRoles")
    graph_id = str(graph["id"])
    plan = role_plan.make(role_plan.app_roles(graph), _held(tenant, principal_id, graph_id), wishes)
    try:
        if not plan.refusals and not options.dry_run:
            _apply(tenant, options.wait, plan, principal_id, graph_id)
    finally:
        _show(options, principal, plan, wishes)
    if plan.refusals:
        raise Refused("\n".join(["Nothing was written.", *plan.refusals]))
    return NEGATIVE if plan.changes else OK


def _principal(tenant: Tenant, principal_id: str, client_id: str | None) -> dict[str, Any]:
    """The identity. Raises Refused unless it is a managed identity, and the one that was meant."""
    found = tenant.get(
        f"/servicePrincipals/{principal_id}", select="id,appId,displayName,servicePrincipalType"
    )
    kind = found.get("servicePrincipalType")
    if kind != "ManagedIdentity":
        raise Refused(f"{principal_id} is a service principal of type {kind}, not a managed identity.")
    if client_id is not None and str(found.get("appId")).lower() != client_id:
        raise Refused("The client id and the object id belong to two different identities: check both.")
    return found


def _held(tenant: Tenant, principal_id: str, graph_id: str) -> list[dict[str, Any]]:
    """The identity's assignments of Graph's roles; roles of other services are not ours to judge."""
    rows = tenant.items(f"/servicePrincipals/{principal_id}/appRoleAssignments")
    return [row for row in rows if str(row.get("resourceId")).lower() == graph_id.lower()]


def _apply(tenant: Tenant, wait: float, plan: role_plan.Plan, principal_id: str, graph_id: str) -> None:
    """Grant, then revoke: a run that ends in between leaves a service that works."""
    path = f"/servicePrincipals/{graph_id}/appRoleAssignedTo"
    granted: list[str] = []
    for row in [row for row in plan.rows if row.state is State.WOULD_GRANT]:
        body = {"principalId": principal_id, "resourceId": graph_id, "appRoleId": row.id}
        row.state = _patiently(tenant, wait, partial(_grant, tenant, path, body))
        granted.append(row.id)
    for row in [row for row in plan.rows if row.state is State.WOULD_REVOKE]:
        for assignment in row.assignments:
            _revoke(tenant, f"{path}/{assignment}")
        row.state = State.REVOKED
    if granted and not _visible(tenant, wait, set(granted), principal_id, graph_id):
        _note("Graph accepted the grants and does not list all of them yet; look again with --dry-run.")


def _grant(tenant: Tenant, path: str, body: dict[str, str]) -> State:
    """GRANTED, or ALREADY where another run was faster or the list lagged (observed: a 400, not a 409)."""
    try:
        tenant.post(path, body)
    except GraphError as exc:
        if exc.status == 409 or (exc.status == 400 and "already exists" in exc.said.lower()):
            return State.ALREADY
        if exc.status == 400 and "not a valid reference update" in exc.said.lower():
            raise NotFound("Graph does not see the identity everywhere yet.") from exc
        raise
    return State.GRANTED


def _revoke(tenant: Tenant, path: str) -> None:
    try:
        tenant.delete(path)
    except NotFound:
        _note("One assignment was gone already.")


def _patiently(tenant: Tenant, wait: float, work: Callable[[], T]) -> T:
    """Repeat while Graph says that the object is not there: a fresh identity takes a while to replicate."""
    waited = 0.0
    while True:
        try:
            return work()
        except NotFound:
            if waited >= wait:
                raise
            _note(f"Not visible in the tenant yet; looking again in {STEP:g} s.")
            tenant.wait(STEP)
            waited += STEP


def _visible(tenant: Tenant, wait: float, ids: set[str], principal_id: str, graph_id: str) -> bool:
    """Do lists show the new assignments? The answer to the write is what counts; this only tells the reader."""
    waited = 0.0
    while True:
        seen = {str(row["appRoleId"]).lower() for row in _held(tenant, principal_id, graph_id)}
        if ids <= seen or waited >= wait:
            return ids <= seen
        tenant.wait(STEP)
        waited += STEP


def _show(
    options: argparse.Namespace, principal: dict[str, Any], plan: role_plan.Plan, wishes: role_plan.Wishes
) -> None:
    if options.json:
        identity = {"id": principal.get("id"), "client_id": principal.get("appId")}
        data = {
            "identity": {**identity, "name": principal.get("displayName")},
            "dry_run": options.dry_run,
            "features": list(wishes.features),
            "roles": [row.as_json() for row in plan.rows],
            "refused": plan.refusals,
        }
        print(json.dumps(data, ensure_ascii=False, indent=2))
        return
    print(f"Identity: {principal.get('displayName')} ({principal.get('id')})")
    print(f"Features: {', '.join(wishes.features)}{' (reads only)' if wishes.reads_only else ''}\n")
    cells = [("role", "state", "why")]
    cells += [(r.role, str(r.state), "; ".join(t for t in (r.why, r.note) if t)) for r in plan.rows]
    widths = [max(len(line[i]) for line in cells) for i in range(2)]
    for role, state, why in cells:
        print(f"{role.ljust(widths[0])}  {state.ljust(widths[1])}  {why}".rstrip())


def _list(options: argparse.Namespace, wishes: role_plan.Wishes) -> int:
    """The roles that the features need, from the table alone. No tenant is asked."""
    calls = permissions.calls_of(wishes.features, reads_only=wishes.reads_only)
    needed = permissions.least(call.role for call in calls)
    whys = {
        role: "; ".join(dict.fromkeys(call.request for call in permissions.reasons(role, calls)))
        for role in needed
    }
    if options.json:
        roles = [
            {"role": role, "id": permissions.ROLES[role].id, "state": None, "why": why, "note": None}
            for role, why in whys.items()
        ]
        data = {"identity": None, "dry_run": True, "features": list(wishes.features), "roles": roles}
        print(json.dumps({**data, "refused": []}, ensure_ascii=False, indent=2))
    else:
        print(f"Features: {', '.join(wishes.features)}{' (reads only)' if wishes.reads_only else ''}\n")
        width = max(map(len, ("role", *whys)))
        for role, why in (("role", "why"), *whys.items()):
            print(f"{role.ljust(width)}  {why}")
    _note(
        "No tenant was asked. Which of these an identity has: --principal-id, or --azd-env with"
        f" {azd_values.PRINCIPAL_ID} in it."
    )
    return OK


def _note(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
