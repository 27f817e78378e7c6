"""What azd and people are told: parameters, outputs, hooks, workflows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onboarding.settings import PREFIX
from scripts import azd_values
from tests.infra.bicep_syntax import named, parse, text
from tests.infra.deployment import INFRA, REQUIRED, ROOT, SOURCES, Deployed

PARAMETERS = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
AZURE_YAML = (ROOT / "azure.yaml").read_text(encoding="utf-8")
#: Values of azd's own, by parameter.
AZD_KNOWS = {
    "environmentName": "AZURE_ENV_NAME",
    "location": "AZURE_LOCATION",
    "principalId": "AZURE_PRINCIPAL_ID",
}
SUBSTITUTION = re.compile(r"^\$\{([A-Z_]+)(?:=([^}]*))?\}$")


def declared() -> set[str]:
    return {
        text(named(node)[0])
        for node in parse(INFRA / "main.bicep").children
        if node.type == "parameter_declaration"
    }


def variables_of_parameters() -> dict[str, str]:
    """Parameter → variable of azd's environment, for those that have one."""
    found = {
        name: SUBSTITUTION.match(entry["value"]) for name, entry in PARAMETERS.items() if entry["value"] != []
    }
    return {name: match[1] for name, match in found.items() if match}


def filled_in(**environment: str) -> dict[str, object]:
    """The parameter file as azd fills it in: text, with booleans and numbers made of it where that is wanted."""
    values: dict[str, object] = {}
    for name, entry in PARAMETERS.items():
        value = entry["value"]
        if isinstance(value, str):
            found = SUBSTITUTION.match(value)
            assert found, value
            value = environment.get(found[1]) or found[2] or ""
            if value in {"true", "false"}:
                value = value == "true"
            elif re.fullmatch(r"-?\d+", value):
                value = int(value)
        values[name] = value
    return values


# --- parameters --------------------------------------------------------------------------------------------


def test_every_parameter_can_be_set_through_azd_but_the_python_of_the_package() -> None:
    assert declared() - PARAMETERS.keys() == {"pythonVersion"}
    assert PARAMETERS.keys() <= declared()


def test_a_fresh_environment_deploys_with_the_defaults_of_the_bicep(deployed: Deployed) -> None:
    fresh = filled_in(AZURE_ENV_NAME="prod", AZURE_LOCATION="westeurope", ONBOARDING_DOMAIN="contoso.example")
    template, expected = deployed(**fresh), deployed()
    assert [(r.name, r.body) for r in template.everything()] == [
        (r.name, r.body) for r in expected.everything()
    ]
    assert template.outputs == expected.outputs


def test_the_variable_of_a_setting_is_called_like_the_setting(deployed: Deployed) -> None:
    """Whoever knows the setting from the documentation knows what to say to `azd env set`."""
    template = deployed(**REQUIRED)
    (settings,) = [r for r in template.everything() if r.symbol == "appSettings"]
    variables = set(variables_of_parameters().values())
    ours = {name for name in variables if name.startswith(PREFIX)}
    assert ours <= settings.properties.keys()
    chosen = settings.properties.keys() - ours
    fixed = {"ONBOARDING_STORE", "ONBOARDING_GRAPH", "ONBOARDING_SOURCES", "ONBOARDING_HASH_KEY"}
    assert {name for name in chosen if name.startswith(PREFIX)} == fixed


def test_azd_fills_in_what_it_knows() -> None:
    for name, variable in AZD_KNOWS.items():
        assert PARAMETERS[name]["value"] == f"${{{variable}}}"


def test_no_output_takes_the_name_of_a_variable_that_is_read_back_as_a_parameter(deployed: Deployed) -> None:
    """azd keeps outputs as variables of the environment: one of the same name would overwrite what was set."""
    variables = set(variables_of_parameters().values())
    outputs = set(deployed().outputs)
    assert outputs & variables == {"AZURE_LOCATION"}
    assert "AZURE_CLIENT_ID" not in outputs, "would change whom DefaultAzureCredential takes a developer for"


# --- outputs -----------------------------------------------------------------------------------------------


def test_what_the_scripts_read_from_the_environment_of_azd_is_there(deployed: Deployed) -> None:
    asked = {value for name, value in vars(azd_values).items() if name.isupper() and isinstance(value, str)}
    assert "APP_IDENTITY_PRINCIPAL_ID" in asked
    assert asked <= deployed().outputs.keys() | set(variables_of_parameters().values())


def test_outputs_hold_ids_and_addresses_and_no_secret(deployed: Deployed) -> None:
    outputs = deployed(hrSources=SOURCES).outputs
    assert not [name for name in outputs if "CONNECTION" in name or "PASSWORD" in name]
    assert not [value for value in outputs.values() if "@Microsoft.KeyVault" in str(value)]


def test_the_sender_that_people_are_told_of_is_the_one_that_the_code_uses(deployed: Deployed) -> None:
    assert deployed().outputs["SENDER_MAILBOX"] == "onboarding@contoso.example"
    assert deployed(sender="hr@contoso.example").outputs["SENDER_MAILBOX"] == "hr@contoso.example"


# --- azure.yaml and hooks ----------------------------------------------------------------------------------


def test_up_provisions_first_and_deploys_the_package_that_the_packager_writes() -> None:
    steps = re.findall(r"^      - azd: (.*)$", AZURE_YAML, re.M)
    assert steps == ["provision", "deploy api --from-package build/package.zip"]
    assert '"package.zip"' in (ROOT / "scripts" / "package.py").read_text(encoding="utf-8")
    assert "remoteBuild: false" in AZURE_YAML


def test_only_up_builds_so_that_a_package_that_was_kept_is_deployed_as_it_is() -> None:
    """The events of azd that a hook of the project may name; what is built before each deployment cannot go back."""
    events = dict(re.findall(r"^  (\w+):\n    posix:\n      shell: sh\n      run: (.*)$", AZURE_YAML, re.M))
    assert events == {"preup": "make package", "postprovision": "./infra/hooks/postprovision.sh"}
    windows = re.findall(r"^      run: python -m (\S+)$", AZURE_YAML, re.M)
    assert windows == ["scripts.package"]


def test_every_hook_is_there_for_both_kinds_of_machine() -> None:
    hooks = re.findall(r"run: \./(infra/hooks/\S+)", AZURE_YAML)
    assert sorted(hooks) == sorted(path.relative_to(ROOT).as_posix() for path in (INFRA / "hooks").iterdir())
    stems = [Path(hook).stem for hook in hooks]
    assert {stem: stems.count(stem) for stem in stems} == {"prepackage": 2, "postprovision": 2}
    for hook in hooks:
        if hook.endswith(".sh"):
            assert os.access(ROOT / hook, os.X_OK), hook


def posix(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("no POSIX shell on this machine")
    return subprocess.run(
        [shell, str(INFRA / "hooks" / name)],
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_deployment_without_the_package_is_stopped_with_the_right_command() -> None:
    done = posix("prepackage.sh")
    assert done.returncode == 1
    assert "azd deploy api --from-package build/package.zip" in done.stderr


@pytest.fixture
def environment(deployed: Deployed) -> dict[str, str]:
    """Outputs as azd gives them to a hook: text, arrays as JSON."""
    outputs = deployed(hrSources=SOURCES, sender="o'neill@contoso.example").outputs
    return {
        name: json.dumps(value) if isinstance(value, list) else str(value) for name, value in outputs.items()
    }


def test_after_provisioning_every_secret_is_named_once_and_no_value_is_missing(
    environment: dict[str, str],
) -> None:
    done = posix("postprovision.sh", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    for secret in json.loads(environment["SECRETS_TO_SET"]):
        assert done.stdout.count(f"--name {secret} ") == 1, secret
    vault = environment["AZURE_KEY_VAULT_NAME"]
    assert done.stdout.count(f"--vault-name {vault} ") == len(json.loads(environment["SECRETS_TO_SET"]))
    assert environment["SIGN_IN_REDIRECT_URI"] in done.stdout
    assert environment["DASHBOARD_URL"] in done.stdout
    assert '--sender "o\'neill@contoso.example"' in done.stdout


def test_the_hook_needs_nothing_but_outputs_of_the_bicep(environment: dict[str, str]) -> None:
    for name in ("postprovision.sh", "postprovision.ps1"):
        hook = (INFRA / "hooks" / name).read_text(encoding="utf-8")
        used = set(re.findall(r"\$(?:env:|\{)?([A-Z][A-Z_]+)", hook))
        assert used <= environment.keys(), (name, used - environment.keys())


def test_both_hooks_say_the_same() -> None:
    def commands(name: str) -> list[str]:
        hook = (INFRA / "hooks" / name).read_text(encoding="utf-8").replace("$env:", "$")
        return re.findall(r"^ {3}(?:az rest|python|\$SIGN|and ).*$", hook, re.M)

    assert commands("postprovision.sh") == commands("postprovision.ps1")
    assert len(commands("postprovision.sh")) == 6


def test_the_list_of_what_is_left_has_the_numbers_of_the_page() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    heads = {number: title for number, title in re.findall(r"^## (\d+) (.*)$", page, re.M)}
    for name in ("postprovision.sh", "postprovision.ps1"):
        listed = re.findall(r"^(\d)\. (.*)$", (INFRA / "hooks" / name).read_text(encoding="utf-8"), re.M)
        assert [number for number, _ in listed] == ["3", "4", "5", "6", "7"]
        for number, text_ in listed:
            word = {"5": "mail"}.get(number, heads[number].split()[-1 if number in "47" else 0].lower())
            assert word in text_.lower(), (name, number)


def test_the_commands_that_are_printed_are_commands_that_the_scripts_take(
    environment: dict[str, str],
) -> None:
    printed = re.findall(r"python (scripts/\w+\.py) (.*)", posix("postprovision.sh", **environment).stdout)
    assert {script for script, _ in printed} == {"scripts/grant_graph_roles.py", "scripts/exchange_sender.py"}
    for script, arguments in printed:
        done = subprocess.run(
            [sys.executable, script, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        for option in re.findall(r"--[a-z-]+", arguments):
            assert option in done.stdout, (script, option)


# --- README and workflows ----------------------------------------------------------------------------------


def test_the_readme_of_the_folder_names_every_file() -> None:
    readme = (INFRA / "README.md").read_text(encoding="utf-8")
    for path in INFRA.rglob("*"):
        if path.is_file() and path.name != "README.md" and path.parent.name != "hooks":
            assert path.relative_to(INFRA).as_posix() in readme, path
    assert "neither compiled nor deployed by us" in readme


def test_what_the_readme_tells_people_to_set_can_be_set() -> None:
    readme = (INFRA / "README.md").read_text(encoding="utf-8")
    variables = set(variables_of_parameters().values())
    named_there = set(re.findall(r"azd env set ([A-Z_]{3,})", readme)) | set(
        re.findall(r"`([A-Z_]{6,})=", readme)
    )
    assert named_there - {"NAME"} <= variables
    example = re.search(r'"hrSources": \{ "value": (\[.*?\]) \}', readme, re.S)
    assert example is not None
    assert {key for source in json.loads(example[1]) for key in source} == {"source", "adapter"}


def test_workflows_use_actions_of_a_major_version_and_ask_for_no_right_to_write() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = path.read_text(encoding="utf-8")
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", use) for use in re.findall(r"uses: (\S+)", workflow))
        assert re.search(r"^permissions:\n  contents: read$", workflow, re.M), path
        assert "write" not in workflow
    infra = (ROOT / ".github" / "workflows" / "infra.yml").read_text(encoding="utf-8")
    assert "az bicep lint --file infra/main.bicep" in infra
    assert "az bicep build --file infra/main.bicep" in infra
