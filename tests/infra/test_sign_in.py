"""Sign-in covers all but the anonymous routes, and its roles are those of the code."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from onboarding import access
from tests.infra.bicep_functions import Reference
from tests.infra.bicep_syntax import Template, of_type
from tests.infra.deployment import INFRA, ROOT, Deployed

CLIENT = "99999999-8888-7777-6666-555555555555"
OTHER = "88888888-7777-6666-5555-444444444444"


def auth(template: Template) -> dict[str, Any]:
    (found,) = [
        resource
        for resource in of_type(template.everything(), "Microsoft.Web/sites/config")
        if resource.name == "authsettingsV2"
    ]
    return dict(found.properties)


def entra(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = auth(template)["identityProviders"]["azureActiveDirectory"]
    return found


def covers(excluded: str, path: str) -> bool:
    """`/*` at the end stands for whatever lies below; nothing else is special."""
    return path.startswith(excluded[:-1]) if excluded.endswith("/*") else path == excluded


@pytest.fixture
def routes(triggers: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Function → an address that reaches it."""
    prefix = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]["routePrefix"]
    return {
        name: f"/{prefix}/" + re.sub(r"\{\w+\}", "value", trigger["route"])
        for name, trigger in triggers.items()
        if trigger["type"].lower() == "httptrigger"
    }


# --- which paths -------------------------------------------------------------------------------------------


def test_only_the_anonymous_routes_of_the_code_are_excluded(
    deployed: Deployed, routes: dict[str, str]
) -> None:
    excluded = auth(deployed(authClientId=CLIENT))["globalValidation"]["excludedPaths"]
    open_routes = {name for name, path in routes.items() if any(covers(each, path) for each in excluded)}
    assert open_routes == {name for name, needed in access.ROUTES.items() if needed is None}
    assert open_routes == {"hr", "health"}


def test_each_excluded_path_is_there_for_a_route(deployed: Deployed, routes: dict[str, str]) -> None:
    for excluded in auth(deployed(authClientId=CLIENT))["globalValidation"]["excludedPaths"]:
        assert any(covers(excluded, path) for path in routes.values()), excluded


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/hr", "/api/hrx/y", "/api/health/x", "/api/cases", "/admin/host", "/.auth/me"]
)
def test_nothing_beside_them_is_excluded(deployed: Deployed, path: str) -> None:
    excluded = auth(deployed(authClientId=CLIENT))["globalValidation"]["excludedPaths"]
    assert not any(covers(each, path) for each in excluded)


def test_the_host_asks_no_key_so_the_code_and_the_sign_in_are_the_only_doors(
    triggers: dict[str, dict[str, Any]],
) -> None:
    levels = {trigger.get("authLevel") for trigger in triggers.values() if "route" in trigger}
    assert {str(level).lower() for level in levels} == {"anonymous"}


# --- what happens at the door ------------------------------------------------------------------------------


def test_a_caller_without_a_sign_in_gets_401_as_the_api_promises(deployed: Deployed) -> None:
    validation = auth(deployed(authClientId=CLIENT))["globalValidation"]
    assert validation["requireAuthentication"] is True
    assert validation["unauthenticatedClientAction"] == "Return401"
    chosen = auth(deployed(authClientId=CLIENT, authUnauthenticatedAction="RedirectToLoginPage"))
    assert chosen["globalValidation"]["unauthenticatedClientAction"] == "RedirectToLoginPage"


def test_only_tokens_of_this_tenant_for_this_registration_are_taken(deployed: Deployed) -> None:
    found = entra(deployed(authClientId=CLIENT, authOtherClientIds=[OTHER]))
    login, tenant = Reference("environment().authentication.loginEndpoint"), Reference("tenant().tenantId")
    assert found["registration"]["openIdIssuer"] == f"{login}{tenant}/v2.0"
    assert found["registration"]["clientId"] == CLIENT
    assert found["validation"]["allowedAudiences"] == [CLIENT, f"api://{CLIENT}"]
    policy = found["validation"]["defaultAuthorizationPolicy"]
    assert policy == {"allowedApplications": [CLIENT, OTHER]}


def test_sign_in_is_over_https_and_keeps_no_tokens(deployed: Deployed) -> None:
    found = auth(deployed(authClientId=CLIENT))
    assert found["platform"]["enabled"] is True
    assert found["httpSettings"]["requireHttps"] is True
    assert found["login"]["tokenStore"] == {"enabled": False}
    assert found["login"]["nonce"]["validateNonce"] is True


def test_no_secret_is_needed_and_the_federated_way_names_the_setting_that_exists(deployed: Deployed) -> None:
    assert "clientSecretSettingName" not in entra(deployed(authClientId=CLIENT))["registration"]
    template = deployed(authClientId=CLIENT, authCredential="managedIdentity")
    name = entra(template)["registration"]["clientSecretSettingName"]
    settings = [
        r for r in of_type(template.everything(), "Microsoft.Web/sites/config") if r.name == "appsettings"
    ]
    assert name in settings[0].properties


def test_without_a_registration_sign_in_is_off_and_the_code_lets_nobody_in(deployed: Deployed) -> None:
    names = [r.name for r in of_type(deployed().everything(), "Microsoft.Web/sites/config")]
    assert names == ["appsettings"]


# --- app roles ---------------------------------------------------------------------------------------------


@pytest.fixture
def app_roles() -> list[dict[str, Any]]:
    roles: list[dict[str, Any]] = json.loads((INFRA / "app-roles.json").read_text(encoding="utf-8"))
    return roles


def test_the_app_roles_are_those_of_the_code(app_roles: list[dict[str, Any]]) -> None:
    assert [role["value"] for role in app_roles] == [role.name.lower() for role in access.Role]


def test_the_app_roles_can_be_given_to_entra_as_they_are(app_roles: list[dict[str, Any]]) -> None:
    """The manifest's `appRoles` (learn.microsoft.com, "Microsoft Entra app manifest")."""
    ids = [role["id"] for role in app_roles]
    assert len(set(ids)) == len(ids)
    for role in app_roles:
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", role["id"])
        assert set(role) == {"id", "value", "displayName", "description", "allowedMemberTypes", "isEnabled"}
        assert role["isEnabled"] is True
        assert set(role["allowedMemberTypes"]) <= {"User", "Application"}


def test_only_a_person_can_approve(app_roles: list[dict[str, Any]]) -> None:
    assert {role["value"]: role["allowedMemberTypes"] for role in app_roles}["approver"] == ["User"]
