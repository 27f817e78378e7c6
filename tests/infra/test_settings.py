"""Every setting that the code reads is set or deliberately is not; none is set that nobody reads."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from onboarding.settings import Settings
from tests.infra.bicep_functions import Reference
from tests.infra.bicep_syntax import Template, of_type
from tests.infra.deployment import ROOT, SOURCES, Deployed, functions

#: Of local.settings.example.json, for one machine: each with the reason why Azure must not have it.
DEVELOPMENT_ONLY = {
    "FUNCTIONS_WORKER_RUNTIME": "Flex Consumption takes it from functionAppConfig and refuses the setting",
    "AzureWebJobsStorage": "a connection string; Azure has AzureWebJobsStorage__… and an identity",
    "ONBOARDING_STORE_PATH": "the file of the embedded store, which is refused in Azure",
    "ONBOARDING_CLOCK": "the simulator's clock is refused in Azure; the system's is the default",
    "ONBOARDING_DEV_ROLE": "a pretend operator, refused in Azure",
    "ONBOARDING_PUBLIC_URL": "App Service names the host in WEBSITE_HOSTNAME; for own domains and for the CLI",
}
#: Read by the host or the platform, not by our code.
PLATFORM = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "AZURE_CLIENT_ID",
    "WEBSITE_AUTH_AAD_ALLOWED_TENANTS",
}
FEDERATED = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
#: Not allowed, or without effect, on Flex Consumption (microsoft/azure-skills, deployment plan reference).
FORBIDDEN = {
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_CONTENTOVERVNET",
    "WEBSITE_VNET_ROUTE_ALL",
    "WEBSITE_DNS_SERVER",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "ENABLE_ORYX_BUILD",
    "WEBSITE_SKIP_CONTENTSHARE_VALIDATION",
    "WEBSITE_MOUNT_ENABLED",
    "AzureWebJobsStorage",
    # Set on Linux Consumption and Flex they do nothing: timers tick in UTC.
    "WEBSITE_TIME_ZONE",
    "TZ",
}
PER_SOURCE = re.compile(
    r"^ONBOARDING_HR_.+_(SECRET|SECRET_PREVIOUS|API_URL|API_TOKEN|API_PHONE_FIELDS|EVENTS|OPTIONS)$"
)
REFERENCE = re.compile(r"^@Microsoft\.KeyVault\(VaultName=([a-z0-9-]+);SecretName=([0-9a-zA-Z-]+)\)$")
IN_AZURE = {"WEBSITE_SITE_NAME": "func", "WEBSITE_AUTH_ENABLED": "True"}


def settings_of(template: Template) -> dict[str, str]:
    (found,) = [
        resource
        for resource in of_type(template.everything(), "Microsoft.Web/sites/config")
        if resource.name == "appsettings"
    ]
    return dict(found.properties)


def documented() -> set[str]:
    example = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))
    return set(example["Values"])


def read_by_the_app(settings: dict[str, str]) -> Settings:
    """What the code makes of the settings once the platform has put the secrets in."""
    resolved = {
        name: f"the-secret-{found[2]}" if (found := REFERENCE.match(value)) else value
        for name, value in settings.items()
    }
    return Settings.from_env({**resolved, **IN_AZURE})


# --- both ways ---------------------------------------------------------------------------------------------


def test_every_documented_setting_is_set_in_azure_or_named_as_development_only(deployed: Deployed) -> None:
    plain = {name for name in documented() if not PER_SOURCE.match(name)}
    assert plain - settings_of(deployed()).keys() == DEVELOPMENT_ONLY.keys()


def test_every_setting_in_azure_is_documented_or_the_platforms(deployed: Deployed) -> None:
    settings = settings_of(deployed(hrSources=SOURCES))
    ours = {name for name in settings if not PER_SOURCE.match(name)}
    assert ours - documented() == PLATFORM


@pytest.mark.parametrize("given", [{}, {"hrSources": SOURCES, "authCredential": "managedIdentity"}])
def test_no_setting_that_the_plan_forbids(deployed: Deployed, given: dict[str, Any]) -> None:
    assert not {name.upper() for name in FORBIDDEN} & {
        name.upper() for name in settings_of(deployed(**given))
    }


def test_every_value_is_text_as_the_platform_wants_it(deployed: Deployed) -> None:
    settings = settings_of(deployed(hrSources=SOURCES, writeback=True, methodsRequired=2))
    assert all(isinstance(value, str) for value in settings.values()), settings
    assert (settings["ONBOARDING_WRITEBACK"], settings["ONBOARDING_METHODS_REQUIRED"]) == ("true", "2")


# --- the code can start with them --------------------------------------------------------------------------


def test_the_code_takes_the_defaults_and_changes_nothing_in_the_tenant(deployed: Deployed) -> None:
    settings = read_by_the_app(settings_of(deployed()))
    assert (settings.store, settings.graph, settings.clock) == ("azure", "microsoft", "system")
    assert settings.mode == "dry_run"
    assert settings.graph_base_url == "https://graph.microsoft.com"
    assert settings.sender == "onboarding@contoso.example"
    assert (settings.service_desk, settings.policy_file) == (None, None)
    assert settings.sources == {}
    assert settings.easy_auth


def test_the_defaults_are_those_of_the_code_where_azure_needs_no_other(deployed: Deployed) -> None:
    there = read_by_the_app(settings_of(deployed(domain="contoso.example")))
    default = Settings()
    names = (
        "deadline", "methods_required", "sspr_scope", "writeback", "mail_drafts", "company_name", "policy_file",
        "accept_reviewed", "first_credential", "phone_attribute", "prepopulate_phone", "domain", "sender",
        "service_desk", "reconfirm_days", "audit_hub",
    )  # fmt: skip
    assert {name: getattr(there, name) for name in names} == {name: getattr(default, name) for name in names}


def test_storage_is_reached_by_the_service_s_own_identity_and_the_three_endpoints(deployed: Deployed) -> None:
    template = deployed()
    settings, storage = settings_of(template), read_by_the_app(settings_of(template)).storage
    identity = Reference("identity.app.properties.clientId")
    assert (storage.connection_string, storage.managed_identity) == (None, True)
    assert storage.client_id == identity == settings["AZURE_CLIENT_ID"]
    for service in ("blob", "queue", "table"):
        endpoint = Reference(f"storage.account.properties.primaryEndpoints.{service}")
        assert getattr(storage, f"{service}_endpoint") == endpoint
    authentication = settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
    assert authentication == f"ClientId={identity};Authorization=AAD"


@pytest.mark.parametrize(
    ("parameter", "value", "field", "expected"),
    [
        ("domain", "fabrikam.example", "domain", "fabrikam.example"),
        ("sender", "hr@fabrikam.example", "sender", "hr@fabrikam.example"),
        ("mailDrafts", False, "mail_drafts", False),
        ("serviceDesk", "desk@fabrikam.example", "service_desk", "desk@fabrikam.example"),
        ("companyName", "O'Neill & Søn ÄG 山田", "company_name", "O'Neill & Søn ÄG 山田"),
        ("mode", "live", "mode", "live"),
        ("deadline", "2026-11-09", "deadline", "2026-11-09"),
        ("methodsRequired", 2, "methods_required", 2),
        ("ssprScope", "all", "sspr_scope", "all"),
        ("writeback", True, "writeback", True),
        ("acceptReviewed", True, "accept_reviewed", True),
        ("reconfirmDays", 90, "reconfirm_days", 90),
        ("auditHub", "insights-logs-auditlogs", "audit_hub", "insights-logs-auditlogs"),
        ("firstCredential", "none", "first_credential", "none"),
        ("phoneAttribute", "none", "phone_attribute", "none"),
        ("prepopulatePhone", True, "prepopulate_phone", True),
        ("policyFile", "/home/site/wwwroot/policy.toml", "policy_file", "/home/site/wwwroot/policy.toml"),
        ("graphBaseUrl", "https://graph.microsoft.us", "graph_base_url", "https://graph.microsoft.us"),
    ],
)
def test_each_parameter_reaches_the_field_that_it_is_named_for(
    deployed: Deployed, parameter: str, value: object, field: str, expected: object
) -> None:
    found = getattr(read_by_the_app(settings_of(deployed(**{parameter: value}))), field)
    assert (found.isoformat() if field == "deadline" else found) == expected


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ("mode", ["dry_run", "live"]),
        ("ssprScope", ["report", "all", "none"]),
        ("firstCredential", ["access_pass_to_manager", "access_pass_to_desk", "none"]),
        ("phoneAttribute", ["mobilePhone", "none"]),
        ("methodsRequired", [1, 2]),
    ],
)
def test_the_code_takes_every_value_that_a_parameter_allows(
    deployed: Deployed, parameter: str, values: list[object]
) -> None:
    for value in values:
        read_by_the_app(settings_of(deployed(**{parameter: value})))


# --- secrets -----------------------------------------------------------------------------------------------


def test_every_secret_is_a_reference_to_the_vault_and_on_the_list_of_what_to_put_in(
    deployed: Deployed,
) -> None:
    template = deployed(hrSources=SOURCES)
    settings = settings_of(template)
    secret = {name for name in settings if re.search(r"_(SECRET|SECRET_PREVIOUS|API_TOKEN|HASH_KEY)$", name)}
    found = {name: REFERENCE.match(settings[name]) for name in secret}
    assert all(found.values()), found
    assert {match[1] for match in found.values() if match} == {template.outputs["AZURE_KEY_VAULT_NAME"]}
    assert sorted(match[2] for match in found.values() if match) == sorted(template.outputs["SECRETS_TO_SET"])
    assert {name for name, value in settings.items() if "@Microsoft.KeyVault" in value} == secret


def test_a_source_gets_what_was_said_of_it_and_nothing_that_is_not_in_the_vault(deployed: Deployed) -> None:
    settings = settings_of(deployed(hrSources=SOURCES))
    assert {name.removeprefix("ONBOARDING_HR_") for name in settings if PER_SOURCE.match(name)} == {
        "STANDARD_WEBHOOKS_SECRET",
        "STANDARD_WEBHOOKS_SECRET_PREVIOUS",
        "ATS_US_SECRET",
        "ATS_US_API_URL",
        "ATS_US_API_TOKEN",
        "ATS_US_EVENTS",
        "ATS_US_OPTIONS",
    }
    sources = read_by_the_app(settings).sources
    assert {name: source.adapter for name, source in sources.items()} == {
        "standard-webhooks": "standard-webhooks",
        "ats-us": "greenhouse",
    }
    assert sources["ats-us"].api_url == "https://api.example"
    assert sources["ats-us"].secret is not None
    assert sources["ats-us"].secret.reveal() == "the-secret-hr-ats-us-secret"
    assert sources["ats-us"].events == ("hire_*", "!*_deleted")
    assert sources["ats-us"].options == {"a": 1}
    assert sources["standard-webhooks"].api_token is None


def test_two_sources_never_share_a_setting(deployed: Deployed) -> None:
    settings = settings_of(
        deployed(hrSources=[{"source": f"ats-{n}", "adapter": "greenhouse"} for n in range(9)])
    )
    assert sum(1 for name in settings if PER_SOURCE.match(name)) == 9
    assert len(read_by_the_app(settings).sources) == 9


def test_no_secret_passes_through_a_deployment() -> None:
    """No secure parameter, no key that is listed, no secret resource: nothing to find in a deployment's history."""
    for path in (ROOT / "infra").rglob("*.bicep"):
        text = path.read_text(encoding="utf-8")
        for word in (
            "@secure",
            "listKeys",
            "listAccountSas",
            "Microsoft.KeyVault/vaults/secrets",
            "getSecret",
        ):
            assert word not in text, f"{path.name}: {word}"


def test_the_setting_of_the_federated_sign_in_is_there_only_when_it_is_used(deployed: Deployed) -> None:
    assert FEDERATED not in settings_of(deployed())
    settings = settings_of(deployed(authCredential="managedIdentity"))
    assert settings[FEDERATED] == Reference("identity.signIn.properties.clientId")


def test_the_connection_of_the_event_hub_is_there_only_with_a_hub(deployed: Deployed) -> None:
    assert not [name for name in settings_of(deployed()) if name.startswith("AuditHub")]
    settings = settings_of(deployed(auditHub="audits", auditHubNamespace="contoso.servicebus.windows.net"))
    assert {name: settings[name] for name in settings if name.startswith("AuditHub")} == {
        "AuditHub__fullyQualifiedNamespace": "contoso.servicebus.windows.net",
        "AuditHub__credential": "managedidentity",
        "AuditHub__clientId": Reference("identity.app.properties.clientId"),
    }


# --- what bindings ask for ---------------------------------------------------------------------------------


def test_every_setting_and_connection_that_a_binding_names_is_set(deployed: Deployed) -> None:
    """The host drops a function whose connection or `%NAME%` it cannot find, with one line in its log."""
    settings = settings_of(deployed())
    for name, bindings in functions().items():
        for binding in bindings:
            for setting in re.findall(r"%(\w+)%", json.dumps(binding)):
                assert setting in settings, (name, setting)
            if "connection" in binding:
                prefix = binding["connection"] + "__"
                assert {
                    prefix + "credential",
                    prefix + "clientId",
                    prefix + "queueServiceUri",
                } <= settings.keys()


def test_timers_tick_in_utc_and_not_at_each_start(triggers: dict[str, dict[str, Any]]) -> None:
    timers = {name: trigger for name, trigger in triggers.items() if trigger["type"] == "timerTrigger"}
    assert {"track", "followup", "watchdog", "at_risk"} <= timers.keys()
    for name, timer in timers.items():
        assert len(timer["schedule"].split()) == 6, name
        assert timer["runOnStartup"] is False, name
