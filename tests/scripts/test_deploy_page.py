"""docs/deploy.md against what it talks about: scripts, options, names, timers, links, and the example that it gives."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import azure.functions as func
import jsonschema  # type: ignore[import-untyped]
import pytest

import function_app
from onboarding.cli import main as command_line
from onboarding.devhost import ncrontab
from scripts import exchange_sender, grant_graph_roles
from tests.support import planted
from tests.support.outer import Outer

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
    own = set(re.findall(r"^\s*(\w+)=", SHELL, re.M)) | {"p"}
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
        env = {"HR_URL": f"http://127.0.0.1:{server.server_address[1]}/", "HR_SECRET": planted.WHSEC}
        done = subprocess.run(
            [sys.executable, "-c", snippet[0]], env=env, timeout=60, capture_output=True, check=False
        )
        thread.join()
        assert done.returncode == 0, done.stderr
    schema = json.loads((ROOT / "docs" / "schemas" / "hire-event.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(server.body), schema)
    outer.clock.at = datetime.now(UTC)
    answer: func.HttpResponse = await outer.post("standard-webhooks", server.body, server.headers)
    assert answer.status_code == 202
    assert json.loads(answer.get_body())["result"] == "queued"


async def test_the_checks_of_step_8_answer_as_the_page_says(outer: Outer) -> None:
    headers = {"content-type": "application/json", "content-length": "2"}
    empty = await outer.post("standard-webhooks", b"", {"content-length": "0"})
    assert (empty.status_code, "code" in json.loads(empty.get_body())) == (400, True)
    unsigned = await outer.post("standard-webhooks", b"{}", headers)
    assert (unsigned.status_code, "code" in json.loads(unsigned.get_body())) == (401, True)
    unknown = await outer.post("no-such-source", b"{}", headers)
    assert unknown.status_code == 404


def test_a_standard_webhooks_secret_is_described_as_it_is() -> None:
    assert planted.WHSEC.startswith("whsec_")
    assert 24 <= len(base64.b64decode(planted.WHSEC.removeprefix("whsec_"))) <= 64
