"""The storage account holds what the code expects, and gives nothing away."""

from __future__ import annotations

import json

import pytest

from onboarding.ports import POISON, QUEUES
from onboarding.storage import names
from tests.infra.bicep_syntax import Resource, Template, of_type
from tests.infra.deployment import ROOT, Deployed

ACCOUNT = "Microsoft.Storage/storageAccounts"
PACKAGES = "app-package"
#: Design section 5: the service removes an unresolved delivery after this many days.
UNRESOLVED_DAYS = 90


@pytest.fixture
def template(deployed: Deployed) -> Template:
    return deployed()


def called(template: Template, kind: str) -> list[str]:
    return [resource.name for resource in of_type(template.everything(), f"{ACCOUNT}/{kind}")]


def the(template: Template, kind: str) -> Resource:
    (resource,) = of_type(template.everything(), kind)
    return resource


def test_the_queues_are_those_of_the_code(template: Template) -> None:
    assert sorted(called(template, "queueServices/queues")) == sorted(names.ALL_QUEUES)


def test_every_queue_has_its_poison_twin_and_every_twin_a_queue(template: Template) -> None:
    queues = set(called(template, "queueServices/queues"))
    plain = {name for name in queues if not name.endswith(POISON)}
    assert plain == set(QUEUES)
    assert queues == plain | {name + POISON for name in plain}


def test_every_queue_is_read_by_a_function_and_no_function_reads_another(
    template: Template, triggers: dict[str, dict[str, str]]
) -> None:
    read = [trigger["queueName"] for trigger in triggers.values() if trigger["type"] == "queueTrigger"]
    assert sorted(read) == sorted(called(template, "queueServices/queues"))


def test_the_tables_are_those_of_the_code(template: Template) -> None:
    assert sorted(called(template, "tableServices/tables")) == sorted(names.TABLES)


def test_the_containers_are_those_of_the_code_and_that_of_the_packages(template: Template) -> None:
    assert sorted(called(template, "blobServices/containers")) == sorted([*names.CONTAINERS, PACKAGES])
    for container in of_type(template.everything(), f"{ACCOUNT}/blobServices/containers"):
        assert container.properties["publicAccess"] == "None"


def test_children_belong_to_the_services_of_the_one_account(template: Template) -> None:
    for resource in template.everything():
        if resource.type.startswith(ACCOUNT + "/"):
            parent = resource.parent
            while parent is not None and parent.parent is not None:
                parent = parent.parent
            assert parent is not None, resource.symbol
            assert parent.name == the(template, ACCOUNT).name
    for service in ("blobServices", "queueServices", "tableServices"):
        assert the(template, f"{ACCOUNT}/{service}").name == "default"


def test_identities_only_no_keys_no_anonymous_reader_no_old_tls(template: Template) -> None:
    account = the(template, ACCOUNT)
    assert account.body["kind"] == "StorageV2"
    assert account.properties["allowSharedKeyAccess"] is False
    assert account.properties["defaultToOAuthAuthentication"] is True
    assert account.properties["allowBlobPublicAccess"] is False
    assert account.properties["allowCrossTenantReplication"] is False
    assert account.properties["minimumTlsVersion"] == "TLS1_2"
    assert account.properties["supportsHttpsTrafficOnly"] is True


def test_an_erased_delivery_is_gone_no_soft_delete_and_no_versions(template: Template) -> None:
    blobs = the(template, f"{ACCOUNT}/blobServices").properties
    assert blobs["deleteRetentionPolicy"] == {"enabled": False}
    assert blobs["containerDeleteRetentionPolicy"] == {"enabled": False}
    assert blobs["isVersioningEnabled"] is False


def test_the_lifecycle_rule_removes_raw_deliveries_and_nothing_else_later_than_the_service(
    template: Template,
) -> None:
    (rule,) = the(template, f"{ACCOUNT}/managementPolicies").properties["policy"]["rules"]
    assert rule["enabled"] is True
    assert rule["definition"]["filters"] == {
        "blobTypes": ["blockBlob"],
        "prefixMatch": [f"{names.BODIES}/"],
    }
    actions = rule["definition"]["actions"]
    assert actions == {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 97}}}
    assert actions["baseBlob"]["delete"]["daysAfterModificationGreaterThan"] > UNRESOLVED_DAYS


def test_messages_are_encoded_as_the_trigger_expects_them() -> None:
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    assert host["extensions"]["queues"]["messageEncoding"] == "base64"
