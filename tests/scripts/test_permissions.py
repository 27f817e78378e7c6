"""Code, scripts, page and Bicep name the same permissions. Ids are written in one place and compared here."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import onboarding.graph
from onboarding import access
from onboarding.graph.errors import Call
from onboarding.simulator import urls
from scripts import azd_values, permissions
from scripts.role_plan import Wishes, make

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
RBAC = (ROOT / "infra" / "modules" / "rbac.bicep").read_text(encoding="utf-8")
MAIN = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
PARAMETERS = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def code_calls() -> dict[str, Call]:
    """Every call of Graph's that the product describes, by name."""
    found: dict[str, Call] = {}
    for module in pkgutil.iter_modules(onboarding.graph.__path__):
        if module.name.startswith("calls_"):
            members = vars(importlib.import_module(f"onboarding.graph.{module.name}"))
            found.update({value.name: value for value in members.values() if isinstance(value, Call)})
    return found


def table(heading: str) -> list[list[str]]:
    """Rows of the table under a heading of the page, without its head; cells without backquotes."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines: list[str] = []
    for line in section.splitlines():
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            break
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def requests(cell: str) -> set[str]:
    return {part.strip("` ") for part in cell.split("`, `")}


def bicep_roles() -> dict[str, str]:
    """Name → id, as rbac.bicep writes them."""
    block = re.search(r"var roles = \{\n(.*?)\n\}", RBAC, re.S)
    assert block, "rbac.bicep has no `var roles`"
    return dict(re.findall(r"(\w+): '([0-9a-f-]{36})'", block[1]))


# --- code and scripts -------------------------------------------------------------------------------------


def test_every_call_in_the_code_has_its_row_with_the_same_role_and_the_other_way_round() -> None:
    code = {(call.name, call.permission, call.writes) for call in code_calls().values()}
    scripts = {(call.name, call.role, call.writes) for call in permissions.CALLS}
    assert code == scripts
    assert len(permissions.CALLS) == len(scripts)


def test_every_request_is_one_that_the_simulated_tenant_knows() -> None:
    for call in permissions.CALLS:
        method, path = call.request.split("?")[0].split(" ", 1)
        path = re.sub(r"\{\w+\}", "x", path)
        known = [route for route in urls.GRAPH if route.method == method and _fits(route.path, path)]
        assert known, call.request


def _fits(template: str, path: str) -> bool:
    return bool(re.fullmatch("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", template))), path))


def test_mail_calls_belong_to_no_feature_and_all_others_to_one() -> None:
    for call in permissions.CALLS:
        assert bool(call.features) != call.role.startswith(permissions.FORBIDDEN_PREFIX), call.name
        assert set(call.features) <= permissions.FEATURES.keys()


@pytest.mark.parametrize("reads_only", [False, True])
def test_any_choice_of_features_has_ids_for_all_its_roles(reads_only: bool) -> None:
    optional = [name for name in permissions.FEATURES if name != permissions.CORE]
    for number in range(2 ** len(optional)):
        chosen = [name for bit, name in enumerate(optional) if number >> bit & 1]
        calls = permissions.calls_of([permissions.CORE, *chosen], reads_only=reads_only)
        granted = permissions.least(call.role for call in calls)
        allowed = set(granted).union(*(permissions.COVERS.get(role, frozenset()) for role in granted))
        assert {call.role for call in calls} <= allowed
        assert not any("ReadWrite" in role for role in granted) or not reads_only


def test_nothing_is_granted_for_mail_and_nothing_broad_by_itself() -> None:
    tenant = {role.name: role.id for role in permissions.ROLES.values()}
    usual = [name for name in permissions.FEATURES if name != "lost-phone"]
    rows = make(tenant, [], Wishes(features=usual)).rows
    names = {row.role for row in rows}
    assert not any(name.startswith("Mail.") for name in names)
    assert not names & set(permissions.FALLBACK.values()), "asked for by name only"
    asked = make(tenant, [], Wishes(features=list(permissions.FEATURES))).rows
    assert "UserAuthenticationMethod.ReadWrite.All" in {row.role for row in asked}
    assert all(row.why for row in rows)


def test_role_ids_are_written_in_one_place_of_the_scripts() -> None:
    for path in sorted((ROOT / "scripts").glob("*.py")):
        if path.name != "permissions.py":
            ids = set(GUID.findall(path.read_text(encoding="utf-8")))
            assert not ids & {role.id for role in permissions.ROLES.values()}, path.name


# --- the page ---------------------------------------------------------------------------------------------


def test_the_page_lists_each_graph_role_with_its_id_level_features_and_calls() -> None:
    rows = {row[0]: row[1:] for row in table("Microsoft Graph")}
    assert rows.keys() == permissions.ROLES.keys()
    for role in permissions.ROLES.values():
        role_id, level, features, calls = rows[role.name]
        assert role_id == role.id
        assert level == (str(role.level) if role.level else "not looked up")
        own = [call for call in permissions.CALLS if call.role == role.name]
        if own:
            assert set(features.split(", ")) == {name for call in own for name in call.features}
            assert requests(calls) == {call.request for call in own}


def test_roles_without_a_row_are_told_in_the_text() -> None:
    for call in permissions.CALLS:
        if call.role not in permissions.ROLES:
            assert f"`{call.request}`" in PAGE
            assert call.role in PAGE


def test_the_page_names_what_the_default_features_get() -> None:
    sentence = PAGE.split("these six are left:", 1)[1].split("\n\n", 1)[0]
    calls = permissions.calls_of(permissions.DEFAULT)
    assert re.findall(r"`([\w.-]+)`", sentence)
    assert set(re.findall(r"`([\w.-]+)`", sentence)) == set(permissions.least(call.role for call in calls))


def test_what_only_a_policy_or_a_setting_switches_on_is_not_granted_unasked() -> None:
    assert set(permissions.DEFAULT) | permissions.OPTIONAL == permissions.FEATURES.keys()
    roles = permissions.least(call.role for call in permissions.calls_of(permissions.DEFAULT))
    for feature in permissions.OPTIONAL:
        own = {call.role for call in permissions.CALLS if call.features == (feature,) and call.writes}
        assert own, feature
        assert not own & set(roles), feature


def test_the_page_explains_every_feature() -> None:
    section = PAGE.split("| feature | what goes without it |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"^\| `([\w-]+)`", section, re.M)) == permissions.FEATURES.keys()


def test_the_page_lists_the_mail_calls_under_exchange() -> None:
    rows = {row[0].removeprefix("Application "): row[1] for row in table("Exchange Online")}
    assert rows.keys() == {permissions.MAIL_SEND, permissions.MAIL_DRAFTS}
    for role, cell in rows.items():
        assert requests(cell) == {call.request for call in permissions.CALLS if call.role == role}


def test_the_page_and_the_bicep_assign_the_same_azure_roles() -> None:
    page = {row[1]: row[0] for row in table("Azure")}
    bicep = {role_id: name for name, role_id in bicep_roles().items()}
    assert page.keys() == bicep.keys()
    for role_id, name in page.items():
        assert name.replace(" ", "").lower() == bicep[role_id].lower()
    assert set(GUID.findall(RBAC)) == bicep.keys()


def test_no_id_on_the_page_is_of_unknown_origin() -> None:
    known = {role.id for role in permissions.ROLES.values()} | set(bicep_roles().values())
    assert set(GUID.findall(PAGE)) == known


def test_app_roles_are_the_same_in_code_registration_and_page() -> None:
    registered = json.loads((ROOT / "infra" / "app-roles.json").read_text(encoding="utf-8"))
    code = {role.name.lower() for role in access.Role}
    rows = {row[0]: row[1] for row in table("People")}
    assert {role["value"] for role in registered} == code == rows.keys()
    for action, role in access.ACTIONS.items():
        assert action in rows[role.name.lower()]
        assert not [name for name, text in rows.items() if action in text and name != role.name.lower()]


# --- azd --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [azd_values.PRINCIPAL_ID, azd_values.CLIENT_ID, azd_values.SENDER, azd_values.TENANT_ID]
)
def test_what_the_scripts_read_from_azd_is_an_output_of_the_deployment(name: str) -> None:
    assert re.search(rf"^output {name} string = ", MAIN, re.M)


@pytest.mark.parametrize(
    "name", [azd_values.FIRST_CREDENTIAL, azd_values.MAIL_DRAFTS, azd_values.GRAPH_BASE_URL]
)
def test_what_an_operator_sets_with_azd_reaches_the_deployment(name: str) -> None:
    assert re.search(rf"\$\{{{name}[=}}]", PARAMETERS)
