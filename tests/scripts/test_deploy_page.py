"""docs/deploy.md against what it talks about: scripts, options, names, timers, links, and the example that it gives."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import azure.functions as func
import jsonschema  # type: ignore[import-untyped]
import pytest

import function_app
from onboarding import bootstrap
from onboarding.cli import main as command_line
from onboarding.devhost import ncrontab
from onboarding.domain import phone
from onboarding.domain.lifecycle import State
from onboarding.settings import Settings
from onboarding.simulator.server import running_simulator
from onboarding.storage import names
from scripts import exchange_sender, grant_graph_roles
from tests.support import planted
from tests.support.outer import ENV, Outer, make_case

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
MAIN = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
PARAMETERS = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")
PAGES = ["docs/deploy.md", "docs/permissions.md"]
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S))
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.S))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.is_file(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
            slugs = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]
            assert anchor in slugs, target


def test_scripts_and_their_options_exist() -> None:
    parsers = {"grant_graph_roles": grant_graph_roles.parser(), "exchange_sender": exchange_sender.parser()}
    calls = re.findall(r"python scripts/(\w+)\.py([^\n`|>]*)", PAGE)
    assert {name for name, _ in calls} == parsers.keys()
    for name, rest in calls:
        known = parsers[name].format_help()
        for option in re.findall(r"--[\w-]+", rest):
            assert option in known, f"{name} {option}"
    helps = "".join(parser.format_help() for parser in parsers.values())
    for option in (
        "--reads-only",
        "--without access-pass",
        "--no-drafts",
        "--revoke-unneeded",
        "--remove",
        "--dry-run",
    ):
        assert option.split()[0] in helps
        assert option in PAGE


def test_verbs_of_the_command_line_exist() -> None:
    known = command_line.parser().format_help().split("Exit codes")[0]
    verbs = set(re.findall(r"python -m onboarding (\w+)", PAGE))
    assert verbs
    for verb in verbs:
        assert re.search(rf"\b{verb}\b", known), verb
        assert verb not in command_line.NOT_BUILT, verb


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (\w+)\b", SHELL)):
        assert re.search(rf"^{target}:", makefile, re.M), f"the Makefile has no target {target}"


def test_what_is_set_with_azd_reaches_the_deployment() -> None:
    names = set(re.findall(r"azd env set (\w+)", PAGE)) - {"AZURE_LOCATION"}
    assert names
    for name in names:
        assert re.search(rf"\$\{{{name}[=}}]", PARAMETERS), name


def test_variables_come_from_the_deployment_or_from_the_page_itself() -> None:
    outputs = set(re.findall(r"^output (\w+) ", MAIN, re.M))
    taken = set(re.findall(r"\$\{(\w+)[=}]", PARAMETERS))
    own = set(re.findall(r"^\s*(\w+)=|\bfor (\w+) in", SHELL, re.M))
    own = {name for pair in own for name in pair}
    used = set(re.findall(r"\$\{?([A-Za-z_]\w*)", SHELL + "\n".join(INLINE)))
    asked = set(re.findall(r"azd env get-value (\w+)", PAGE))
    assert used - outputs - taken - own == set()
    assert asked <= outputs


def test_settings_that_are_named_exist() -> None:
    example = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]
    for page in PAGES:
        for name in re.findall(r"\bONBOARDING_\w+", (ROOT / page).read_text(encoding="utf-8")):
            assert name in example, name


def test_secret_names_are_those_of_the_deployment() -> None:
    names = set(re.findall(r"--name (\S+-(?:key|secret)) ", SHELL))
    assert names == {"onboarding-hash-key", "hr-standard-webhooks-secret"}
    assert "'onboarding-hash-key'" in MAIN
    assert "hr-${s.source}-secret'" in MAIN
    assert "hr-${s.source}-secret-previous'" in MAIN


def test_no_secret_is_put_on_a_command_line() -> None:
    assert "--value" not in SHELL


def test_the_warm_instance_costs_what_the_page_says() -> None:
    megabytes = int(re.search(r"param instanceMemoryMB int = (\d+)", MAIN)[1])  # type: ignore[index]
    instances = int(re.search(r"param httpAlwaysReady int = (\d+)", MAIN)[1])  # type: ignore[index]
    assert f"({instances} × {megabytes:,} MB)" in PAGE
    assert f"{instances * megabytes // 1024 * 86_400:,} GB-seconds a day" in PAGE


def test_each_timer_is_listed_with_its_executions_a_day() -> None:
    """A timer that is new here costs money every day: say so in the table "Executions that happen"."""
    source = Path(function_app.__file__).read_text(encoding="utf-8")
    timers = re.findall(r'function_name\("(\w+)"\)\n@app\.timer_trigger\([^)]*schedule="([^"]+)"', source)
    assert len(timers) == source.count("@app.timer_trigger(")
    start, end = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
    expected = {}
    for name, schedule in timers:
        at, count = ncrontab.parse(schedule).after(start), 0
        while at is not None and at <= end:
            at, count = ncrontab.parse(schedule).after(at), count + 1
        expected[name] = str(count)
    rows = PAGE.split("| timer | schedule | executions a day |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    assert {row.split("|")[1].strip("` "): row.split("|")[3].strip() for row in rows} == expected


# --- the example of step 9 --------------------------------------------------------------------------------


class Captured(HTTPServer):
    headers: dict[str, str]
    body: bytes = b""


class Door(BaseHTTPRequestHandler):
    server: Captured

    def do_POST(self) -> None:
        self.server.headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
async def outer() -> AsyncIterator[Outer]:
    made = Outer()
    yield made
    await made.close()


async def test_the_example_sends_a_hire_that_the_door_accepts(outer: Outer) -> None:
    snippet = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(snippet) == 1
    with Captured(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        env = {"HR_URL": url, "HR_SECRET": planted.WHSEC, "HR_MANAGER": "o'neill@contoso.example"}
        done = subprocess.run(
            [sys.executable, "-c", snippet[0]], env=env, timeout=60, capture_output=True, check=False
        )
        thread.join()
        assert done.returncode == 0, done.stderr
    schema = json.loads((ROOT / "docs" / "schemas" / "hire-event.json").read_text(encoding="utf-8"))
    sent = json.loads(server.body)
    jsonschema.validate(sent, schema)
    assert sent["manager"] == {"email": "o'neill@contoso.example"}
    assert phone.directory_phone(phone.normalise(sent["phones"][0]["raw"], [sent["work_country"]])), (
        "a mobile"
    )
    outer.clock.at = datetime.now(UTC)
    answer: func.HttpResponse = await outer.post("standard-webhooks", server.body, server.headers)
    assert answer.status_code == 202
    assert json.loads(answer.get_body())["result"] == "queued"


def curl_headers() -> dict[str, str]:
    """Headers of the last call of step 8, as its shell would send them."""
    call = re.search(r"(curl [^\n]*-H[^`]*?-d '\{\}')", SHELL)
    assert call
    given = re.findall(r"""-H ['"]([\w-]+): ([^'"]+)['"]""", call[1])
    now = str(int(datetime.now(UTC).timestamp()))
    return {name: value.replace("$(date +%s)", now) for name, value in given} | {"content-length": "2"}


async def test_the_checks_of_step_8_answer_as_the_page_says(outer: Outer) -> None:
    headers = curl_headers()
    assert len(headers) == 5
    empty = await outer.post("standard-webhooks", b"", {"content-length": "0"})
    assert (empty.status_code, "code" in json.loads(empty.get_body())) == (400, True)
    wrong = await outer.post("standard-webhooks", b"{}", headers)
    assert (wrong.status_code, json.loads(wrong.get_body())["code"]) == (401, "signature_wrong")
    unknown = await outer.post("no-such-source", b"{}", headers)
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET", "", "secret_missing"),
        ("ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET", "whsec_not base64", "secret_malformed"),
        ("ONBOARDING_SOURCES", "standard-webhooks=standard-webhook", "no_adapter"),
    ],
)
async def test_each_503_of_step_8_has_a_code_that_the_page_explains(
    setting: str, value: str, code: str
) -> None:
    outer = Outer({setting: value})
    try:
        answer = await outer.post("standard-webhooks", b"{}", curl_headers())
    finally:
        await outer.close()
    assert (answer.status_code, json.loads(answer.get_body())["code"]) == (503, code)
    assert f"503 with `{code}`" in PAGE


# --- shell of other steps -----------------------------------------------------------------------------------


def block(start: str) -> str:
    """The one block of shell that holds this text."""
    (found,) = [each for each in re.findall(r"```sh\n(.*?)```", PAGE, re.S) if start in each]
    return str(found)


def sh(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A POSIX shell in this folder, in which `python` is ours and `sleep` is short."""
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("no POSIX shell on this machine")
    python = f"python() {{ PYTHONPATH='{ROOT}' '{sys.executable}' \"$@\"; }}\nsleep() {{ :; }}\n"
    return subprocess.run(
        [shell, "-eu", "-c", python + script],
        cwd=folder,
        env={"PATH": os.defpath, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_block_of_shell_is_shell(tmp_path: Path) -> None:
    for each in re.findall(r"```sh\n(.*?)```", PAGE, re.S):
        done = sh("set -n\n" + each, tmp_path)
        assert done.returncode == 0, (each, done.stderr)


def test_step_3_makes_a_hash_key_and_a_secret_that_the_service_takes(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    made = [line for line in block("hash-key.txt").splitlines() if line.startswith(("openssl", "printf"))]
    assert sh("\n".join(made), tmp_path).returncode == 0
    key, secret = (tmp_path / "hash-key.txt").read_text(), (tmp_path / "hr-secret.txt").read_text()
    assert len(key) >= 32
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert not re.search(r"\s", key + secret), "a line break would be part of the secret"


@pytest.fixture
def tenant() -> Iterator[str]:
    with running_simulator(seed=1) as simulator:
        yield simulator.base_url


def test_step_10_goes_on_with_those_who_waited_for_it_and_with_nobody_else(
    tmp_path: Path, tenant: str
) -> None:
    env = {
        **ENV,
        "ONBOARDING_STORE_PATH": str(tmp_path / "store.db"),
        "ONBOARDING_GRAPH_BASE_URL": tenant,
    }

    async def put() -> None:
        app = bootstrap.build(Settings.from_env(env))
        for number, reason in ((1, "dry_run"), (2, "dry_run"), (3, "no_credential_route")):
            await app.services.cases.create(make_case(number, State.BLOCKED, reason_code=reason))
        await app.aclose()

    asyncio.run(put())
    done = sh(block("Went live"), tmp_path, **env)
    assert done.returncode == 0, done.stderr
    assert "released: 2 of 2 who had stopped" in done.stdout
    assert "c_00000000000000000003" not in done.stdout
    assert list(tmp_path.glob("*.json")) == []
    again = sh(block("Went live"), tmp_path, **env)
    assert again.returncode == 0, again.stderr
    assert "released: 0 of 0 who had stopped" in again.stdout
    assert "→" not in again.stdout, "nobody is released twice"


def test_restoring_empties_and_makes_every_table_of_the_service(tmp_path: Path) -> None:
    says = 'az() { echo "$@"; }\n'
    done = sh(says + block("az storage table delete"), tmp_path, AZURE_STORAGE_ACCOUNT_NAME="stx")
    calls = re.findall(
        r"^storage table (\w+) --name (\w+) --account-name stx --auth-mode login$", done.stdout, re.M
    )
    for verb in ("delete", "create"):
        assert sorted(name for said, name in calls if said == verb) == sorted(names.TABLES)
    assert [said for said, _ in calls] == ["delete"] * len(names.TABLES) + ["create"] * len(names.TABLES)


def test_a_package_that_was_kept_is_deployed_under_its_own_name() -> None:
    """The file that `make package` writes is the newest; going back needs another."""
    assert 'cp build/package.zip "kept/' in SHELL
    assert re.search(r"azd deploy api --from-package kept/\S+\.zip", PAGE.split("**Roll back.**")[1])


def test_a_standard_webhooks_secret_is_described_as_it_is() -> None:
    assert planted.WHSEC.startswith("whsec_")
    assert 24 <= len(base64.b64decode(planted.WHSEC.removeprefix("whsec_"))) <= 64
