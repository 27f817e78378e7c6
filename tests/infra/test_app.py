"""The app itself: what it runs on, what it is closed to, and what stands around it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from scripts import package_python
from tests.infra.bicep_functions import BicepError, Reference
from tests.infra.bicep_syntax import Resource, Template, of_type
from tests.infra.deployment import INFRA, ROOT, Deployed

SITE = "Microsoft.Web/sites"
#: Type → settings of the platform's logs that go to the workspace.
LOGS = {
    "queueService": {"StorageWrite", "StorageDelete"},
    "vault": {"AuditEvent"},
    "app": {"FunctionAppLogs"},
}


def the(template: Template, kind: str) -> Resource:
    (resource,) = of_type(template.everything(), kind)
    return resource


def config(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = the(template, SITE).properties["functionAppConfig"]
    return found


# --- runtime -----------------------------------------------------------------------------------------------


def test_it_runs_on_flex_consumption_linux(deployed: Deployed) -> None:
    template = deployed()
    plan = the(template, "Microsoft.Web/serverfarms")
    assert plan.body["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert plan.properties["reserved"] is True
    assert the(template, SITE).body["kind"] == "functionapp,linux"
    assert the(template, SITE).properties["serverFarmId"] == Reference("functionapp.plan.id")


def test_the_python_is_the_one_that_the_package_is_built_for(deployed: Deployed) -> None:
    assert config(deployed())["runtime"] == {"name": "python", "version": package_python.deployed(ROOT)}


def test_no_environment_of_azd_can_choose_another_python_than_the_package_s() -> None:
    parameters = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert "pythonVersion" not in parameters


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_that_may_be_chosen_is_supported_and_tested(deployed: Deployed, version: str) -> None:
    assert config(deployed(pythonVersion=version))["runtime"]["version"] == version
    minor = int(version.partition(".")[2])
    required = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    assert required is not None
    assert int(required[1]) <= minor < int(required[2])
    assert f'"{version}"' in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_another_python_is_refused(deployed: Deployed) -> None:
    with pytest.raises(BicepError, match="allowed"):
        deployed(pythonVersion="3.14")


def test_the_functions_library_fits_each_python() -> None:
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^azure-functions==(\d+)\.\S+; python_version (<|>=) \"3\.13\"$", requirements, re.M)
    assert lines == [("1", "<"), ("2", ">=")]


def test_the_package_lies_in_a_container_that_the_app_may_read(deployed: Deployed) -> None:
    template = deployed()
    storage = config(template)["deployment"]["storage"]
    containers = of_type(template.everything(), "Microsoft.Storage/storageAccounts/blobServices/containers")
    endpoint, _, container = storage["value"].rpartition(">")
    assert endpoint + ">" == Reference("storage.account.properties.primaryEndpoints.blob")
    assert container in {resource.name for resource in containers}
    assert storage["type"] == "blobContainer"
    assert storage["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": Reference("identity.app.id"),
    }


# --- size --------------------------------------------------------------------------------------------------


def test_the_web_part_is_kept_warm_and_answers_several_requests_at_a_time(deployed: Deployed) -> None:
    scale = config(deployed())["scaleAndConcurrency"]
    assert scale["alwaysReady"] == [{"name": "http", "instanceCount": 1}]
    assert scale["triggers"] == {"http": {"perInstanceConcurrency": 16}}
    assert (scale["instanceMemoryMB"], scale["maximumInstanceCount"]) == (2048, 40)


def test_size_and_cost_are_parameters(deployed: Deployed) -> None:
    template = deployed(
        httpAlwaysReady=0, httpConcurrency=4, instanceMemoryMB=512, maximumInstanceCount=100,
        storageSku="Standard_ZRS", logRetentionDays=90, logDailyCapGb=2,
    )  # fmt: skip
    scale = config(template)["scaleAndConcurrency"]
    assert scale["alwaysReady"] == []
    assert scale["triggers"]["http"]["perInstanceConcurrency"] == 4
    assert (scale["instanceMemoryMB"], scale["maximumInstanceCount"]) == (512, 100)
    assert the(template, "Microsoft.Storage/storageAccounts").body["sku"] == {"name": "Standard_ZRS"}
    workspace = the(template, "Microsoft.OperationalInsights/workspaces").properties
    assert workspace["retentionInDays"] == 90
    assert workspace["workspaceCapping"] == {"dailyQuotaGb": 2}


def test_the_host_never_turns_a_delivery_away_because_others_wait() -> None:
    """Some HR systems take 429 for a final answer (learn.microsoft.com, host.json: http)."""
    http = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]
    assert (http["maxOutstandingRequests"], http["dynamicThrottlesEnabled"]) == (-1, False)
    assert http["routePrefix"] == "api"


# --- closed doors ------------------------------------------------------------------------------------------


def test_https_only_with_current_tls(deployed: Deployed) -> None:
    app = the(deployed(), SITE).properties
    assert app["httpsOnly"] is True
    assert app["siteConfig"] == {"minTlsVersion": "1.2"}


def test_no_password_opens_the_doors_of_deployment(deployed: Deployed) -> None:
    doors = of_type(deployed().everything(), SITE + "/basicPublishingCredentialsPolicies")
    assert {door.name: door.properties["allow"] for door in doors} == {"ftp": False, "scm": False}
    assert {door.parent.symbol for door in doors if door.parent} == {"app"}


def test_the_vault_is_opened_by_roles_and_its_secrets_cannot_be_destroyed_in_a_hurry(
    deployed: Deployed,
) -> None:
    vault = the(deployed(), "Microsoft.KeyVault/vaults").properties
    assert vault["enableRbacAuthorization"] is True
    assert vault["enablePurgeProtection"] is True
    assert vault["enableSoftDelete"] is True
    assert vault["softDeleteRetentionInDays"] == 90
    assert "accessPolicies" not in vault


def test_a_deleted_vault_can_be_taken_back(deployed: Deployed) -> None:
    kinds = [
        the(deployed(recoverVault=wanted), "Microsoft.KeyVault/vaults").properties["createMode"]
        for wanted in (False, True)
    ]
    assert kinds == ["default", "recover"]


def test_references_to_the_vault_are_read_with_the_identity_that_may(deployed: Deployed) -> None:
    app = the(deployed(), SITE)
    assert app.properties["keyVaultReferenceIdentity"] == Reference("identity.app.id")
    assert app.body["identity"]["type"] == "UserAssigned"
    assert Reference("identity.app.id") in app.body["identity"]["userAssignedIdentities"]


def test_telemetry_is_taken_from_identities_only(deployed: Deployed) -> None:
    insights = the(deployed(), "Microsoft.Insights/components").properties
    assert insights["DisableLocalAuth"] is True
    assert insights["WorkspaceResourceId"] == Reference("monitoring.workspace.id")


# --- logs of the platform ----------------------------------------------------------------------------------


def test_logs_of_queues_vault_and_app_go_to_the_workspace(deployed: Deployed) -> None:
    settings = of_type(deployed().everything(), "Microsoft.Insights/diagnosticSettings")
    found = {
        setting.scope: {log["category"] for log in setting.properties["logs"] if log["enabled"]}
        for setting in settings
    }
    assert found == LOGS
    for setting in settings:
        assert setting.properties["workspaceId"] == Reference("monitoring.workspace.id")


def test_no_log_of_tables_or_blobs_whose_keys_and_names_could_tell_of_people() -> None:
    text = (INFRA / "modules" / "diagnostics.bicep").read_text(encoding="utf-8")
    assert "tableServices" not in text
    assert "blobServices" not in text
    assert "StorageRead" not in text


# --- names, tags, lock -------------------------------------------------------------------------------------


def test_names_keep_the_limits_of_their_kind_and_are_the_same_at_each_deployment(deployed: Deployed) -> None:
    template = deployed(environmentName="a" * 64)
    limits = {
        "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
        "Microsoft.KeyVault/vaults": r"[a-z][a-z0-9-]{1,22}[a-z0-9]",
        SITE: r"[a-z0-9][a-z0-9-]{0,30}[a-z0-9]",
        "Microsoft.Web/serverfarms": r"[a-z0-9-]{1,60}",
        "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-z0-9][a-z0-9_-]{2,127}",
        "Microsoft.OperationalInsights/workspaces": r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]",
        "Microsoft.Resources/resourceGroups": r"[a-z0-9._()-]{1,89}[a-z0-9_()-]",
    }
    for kind, pattern in limits.items():
        for resource in of_type(template.everything(), kind):
            assert re.fullmatch(pattern, resource.name), resource.name
    again = deployed(environmentName="a" * 64)
    assert [r.name for r in template.everything()] == [r.name for r in again.everything()]


def test_two_environments_or_regions_never_share_a_globally_unique_name(deployed: Deployed) -> None:
    kinds = ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", SITE)
    seen: set[str] = set()
    for environment, region in (("prod", "westeurope"), ("test", "westeurope"), ("prod", "northeurope")):
        template = deployed(environmentName=environment, location=region)
        seen |= {the(template, kind).name for kind in kinds}
    assert len(seen) == 3 * len(kinds)


def test_azd_finds_its_environment_on_everything_and_its_service_on_the_app(deployed: Deployed) -> None:
    tagged = [resource for resource in deployed().everything() if "location" in resource.body]
    assert len(tagged) >= 8
    for resource in tagged:
        assert resource.body["tags"]["azd-env-name"] == "prod", resource.symbol
        assert ("azd-service-name" in resource.body["tags"]) == (resource.type == SITE), resource.symbol
    services = re.search(r"^services:\n  (\w+):$", (ROOT / "azure.yaml").read_text(encoding="utf-8"), re.M)
    assert services is not None
    (app,) = of_type(tagged, SITE)
    assert app.body["tags"]["azd-service-name"] == services[1]


def test_the_group_is_locked_last_unless_that_was_declined(deployed: Deployed) -> None:
    lock = the(deployed(), "Microsoft.Authorization/locks")
    assert lock.properties["level"] == "CanNotDelete"
    assert set(deployed().depends_on["lock"]) == {"diagnostics", "auth"}
    assert of_type(deployed(lockResources=False).everything(), "Microsoft.Authorization/locks") == []


# --- the subset that can be checked without a compiler -----------------------------------------------------


@pytest.mark.parametrize("path", sorted(INFRA.rglob("*.bicep")), ids=lambda path: path.stem)
def test_nothing_that_needs_a_registry_or_hides_from_the_offline_checks(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    for word in ("'br/", "'br:", "'ts:"):
        assert word not in text, word
    code = re.sub(r"//.*", "", re.sub(r"'(?:[^'\\\n]|\\.)*'", "''", text))
    for word in ("extension ", "resourceInput<", "!.", "...", "any("):
        assert word not in code, word


def test_the_rules_for_the_real_compiler_are_errors_where_it_matters() -> None:
    rules = json.loads((ROOT / "bicepconfig.json").read_text(encoding="utf-8"))["analyzers"]["core"]["rules"]
    assert {name for name, rule in rules.items() if rule["level"] == "error"} == {
        "no-unused-params",
        "no-unused-vars",
        "no-hardcoded-env-urls",
        "outputs-should-not-contain-secrets",
        "secure-parameter-default",
        "use-recognized-resource-type",
    }
