"""Who may do what: each assignment is known by its number, has its reason beside it, and is as narrow as it can be."""

from __future__ import annotations

import re

import pytest

from tests.infra.bicep_functions import Reference
from tests.infra.bicep_syntax import Resource, Template, of_type
from tests.infra.deployment import INFRA, ROOT, Deployed

#: Built-in roles by their ids (learn.microsoft.com, "Azure built-in roles").
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
}
#: What the service needs to run, and where.
SERVICE = {
    ("Storage Blob Data Owner", "storage"),
    ("Storage Queue Data Contributor", "storage"),
    ("Storage Table Data Contributor", "storage"),
    ("Key Vault Secrets User", "vault"),
    ("Monitoring Metrics Publisher", "insights"),
}
PERMISSIONS = ROOT / "docs" / "permissions.md"
APP = Reference("identity.app.properties.principalId")
SIGN_IN = Reference("identity.signIn.properties.principalId")
DEPLOYER = "11111111-2222-3333-4444-555555555555"
GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def assignments(template: Template) -> list[Resource]:
    return of_type(template.everything(), "Microsoft.Authorization/roleAssignments")


def role(assignment: Resource) -> str:
    return ROLES[str(assignment.properties["roleDefinitionId"]).rpartition("/")[2]]


def given_to(template: Template, principal: str) -> set[tuple[str, str | None]]:
    return {(role(a), a.scope) for a in assignments(template) if a.properties["principalId"] == principal}


@pytest.fixture
def everything(deployed: Deployed) -> Template:
    return deployed(principalId=DEPLOYER, deployerDataAccess=True)


def test_the_service_has_the_rights_that_it_needs_and_no_other(everything: Template) -> None:
    assert given_to(everything, APP) == SERVICE


def test_the_identity_of_the_sign_in_page_has_no_right_at_all(everything: Template) -> None:
    assert given_to(everything, SIGN_IN) == set()


def test_nobody_gets_a_right_over_resources_only_over_data(everything: Template) -> None:
    """Owner, Contributor and their kind are not in the table, so `role` would not find them."""
    assert {role(assignment) for assignment in assignments(everything)} <= set(ROLES.values())


def test_whoever_deploys_may_put_secrets_in_and_sees_no_case(deployed: Deployed) -> None:
    assert given_to(deployed(principalId=DEPLOYER), DEPLOYER) == {("Key Vault Secrets Officer", "vault")}


def test_whoever_deploys_sees_cases_only_when_that_was_asked_for(everything: Template) -> None:
    data = {(name, scope) for name, scope in SERVICE if scope == "storage"}
    assert given_to(everything, DEPLOYER) == {("Key Vault Secrets Officer", "vault"), *data}


@pytest.mark.parametrize("access", [False, True])
def test_without_a_deployer_only_the_service_has_rights(deployed: Deployed, access: bool) -> None:
    template = deployed(principalId="", deployerDataAccess=access)
    assert {a.properties["principalId"] for a in assignments(template)} == {APP}


def test_the_kind_of_principal_is_always_said(deployed: Deployed) -> None:
    """Without it a fresh identity, not yet replicated in Entra, fails the deployment."""
    template = deployed(principalId=DEPLOYER, principalType="ServicePrincipal", deployerDataAccess=True)
    assert {a.properties["principalType"] for a in assignments(template)} == {"ServicePrincipal"}
    template = deployed(principalId=DEPLOYER, principalType="Group")
    kinds = {a.properties["principalId"]: a.properties["principalType"] for a in assignments(template)}
    assert kinds == {APP: "ServicePrincipal", DEPLOYER: "Group"}


def test_names_are_made_of_scope_principal_and_role_so_that_they_are_stable_and_never_the_same(
    everything: Template,
) -> None:
    names = [assignment.name for assignment in assignments(everything)]
    assert len(names) == len(set(names))
    for assignment in assignments(everything):
        scope = Reference(f"rbac.{assignment.scope}.id")
        guid = str(assignment.properties["roleDefinitionId"]).rpartition("/")[2]
        assert assignment.name == f"guid({scope}, {assignment.properties['principalId']}, {guid})"


def test_each_assignment_has_its_reason_beside_it(everything: Template) -> None:
    for assignment in assignments(everything):
        assert len(assignment.comment.split()) >= 8, assignment.symbol
    for assignment in assignments(everything):
        if assignment.properties["principalId"] == APP:
            assert assignment.comment.startswith(f"{role(assignment)}: "), assignment.symbol


def test_every_id_of_a_role_in_the_bicep_is_in_the_table_and_assignments_stand_in_one_file() -> None:
    found: set[str] = set()
    for path in INFRA.rglob("*.bicep"):
        text = path.read_text(encoding="utf-8")
        found |= set(GUID.findall(text))
        assert ("roleAssignments" in text) == (path.stem == "rbac"), path
    assert found == ROLES.keys()


def test_rights_exist_before_what_needs_them(everything: Template) -> None:
    """The host wants its locks and its package, and the platform the vault, when the app starts first."""
    assert "rbac" in everything.depends_on["functionApp"]


def test_the_table_of_permissions_for_people_says_the_same(everything: Template) -> None:
    rows = re.findall(
        r"^\| ([\w ]+) \| `([0-9a-f-]{36})` \| ([\w ]+) \|", PERMISSIONS.read_text(encoding="utf-8"), re.M
    )
    assert {guid: name for name, guid, _ in rows if guid in ROLES or name in ROLES.values()} == ROLES
    scopes = {"storage account": "storage", "vault": "vault", "Application Insights": "insights"}
    said = {(name, scopes.get(scope, scope)) for name, guid, scope in rows if guid in ROLES}
    assert said == {(role(assignment), assignment.scope) for assignment in assignments(everything)}
