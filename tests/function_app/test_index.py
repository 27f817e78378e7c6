"""What Azure sees: `function_app.py` is imported with an empty environment, and its functions are these.

Each test starts an interpreter of its own, since what a test run has imported already says nothing.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: What a cold start must not pay for (facts: functions, section 6).
HEAVY = (
    "msgraph", "msgraph_core", "kiota_abstractions", "phonenumbers", "jinja2", "babel", "sqlite3", "httpx", "msal",
    "azure.identity", "azure.storage", "azure.data", "azure.core", "aiohttp", "tenacity", "msgspec", "onboarding",
)  # fmt: skip
ANY = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

INDEX = """
import json, sys, time
began = time.perf_counter()
import azure.functions
between = time.perf_counter()
import function_app
done = time.perf_counter()
modules = sorted(sys.modules)
functions = {}
for f in function_app.app.get_functions():
    (trigger,) = [b for b in json.loads(f.get_function_json())["bindings"] if b["type"].endswith("Trigger")]
    functions[f.get_function_name()] = trigger
print(json.dumps({"library": between - began, "ours": done - between, "modules": modules, "functions": functions}))
"""


def run(code: str, **env: str) -> Any:
    """The last line of what a fresh interpreter prints, as JSON. The environment holds nothing but PATH."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.defpath, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout.splitlines()[-1])


@functools.cache
def index() -> Any:
    return run(INDEX)


def heavy(modules: list[str]) -> set[str]:
    return {name for name in HEAVY for module in modules if module == name or module.startswith(name + ".")}


def http(route: str, *methods: str) -> tuple[Any, ...]:
    return ("httpTrigger", route, sorted(methods or ["GET"]), "anonymous")


def queue(name: str) -> tuple[Any, ...]:
    return ("queueTrigger", name, "AzureWebJobsStorage")


def timer(schedule: str) -> tuple[Any, ...]:
    return ("timerTrigger", schedule, False, True)


#: Routes, queues and schedules that others rely on. HTTP is anonymous at host level: access.py decides.
FUNCTIONS = {
    "hr": http("hr/{source}", *ANY),
    "health": http("health"),
    "dashboard": http("dashboard"),
    "dashboard_case": http("dashboard/cases/{case_id}"),
    "dashboard_action": http("dashboard/cases/{case_id}/{action}", "POST"),
    "dashboard_deliveries": http("dashboard/deliveries"),
    "dashboard_delivery": http("dashboard/deliveries/{delivery_id}"),
    "dashboard_replay": http("dashboard/deliveries/{delivery_id}/replay", "POST"),
    "dashboard_reports": http("dashboard/reports"),
    "case_methods": http("cases/{case_id}/methods"),
    "dashboard_methods": http("dashboard/cases/{case_id}/methods"),
    "dashboard_handout": http("dashboard/cases/{case_id}/handout"),
    "dashboard_case_plan": http("dashboard/cases/{case_id}/plan"),
    "dashboard_plan": http("dashboard/plan"),
    "dashboard_plan_apply": http("dashboard/plan", "POST"),
    "dashboard_reruns": http("dashboard/reruns"),
    "dashboard_rerun_many": http("dashboard/reruns", "POST"),
    "case_plan": http("cases/{case_id}/plan"),
    "plan": http("plan"),
    "plan_apply": http("plan", "POST"),
    "reruns": http("reruns", "POST"),
    "cases": http("cases"),
    "case": http("cases/{case_id}"),
    "case_action": http("cases/{case_id}/{action}", "POST"),
    "trouble": http("trouble"),
    "limit_approve": http("limits/{kind}/approve", "POST"),
    "dashboard_trouble": http("dashboard/trouble"),
    "dashboard_limit": http("dashboard/limits/{kind}/approve", "POST"),
    "operation": http("operations/{operation_id}"),
    "deliveries": http("deliveries"),
    "delivery": http("deliveries/{delivery_id}"),
    "delivery_replay": http("deliveries/{delivery_id}/replay", "POST"),
    "work": queue("onboarding-work"),
    "bulk": queue("onboarding-bulk"),
    "work_poison": queue("onboarding-work-poison"),
    "bulk_poison": queue("onboarding-bulk-poison"),
    "track": timer("0 */5 * * * *"),
    "followup": timer("30 */5 * * * *"),
    "watchdog": timer("45 */5 * * * *"),
    "at_risk": timer("0 10 4 * * *"),
}


def seen(trigger: dict[str, Any]) -> tuple[Any, ...]:
    match trigger["type"]:
        case "httpTrigger":
            return (
                trigger["type"],
                trigger["route"],
                sorted(trigger["methods"]),
                trigger["authLevel"].lower(),
            )
        case "queueTrigger":
            return (trigger["type"], trigger["queueName"], trigger["connection"])
        case "eventHubTrigger":
            return (
                trigger["type"],
                trigger["eventHubName"],
                trigger["connection"],
                trigger["cardinality"].lower(),
            )
        case _:
            return (trigger["type"], trigger["schedule"], trigger["runOnStartup"], trigger["useMonitor"])


def test_the_functions_are_exactly_these_with_an_empty_environment() -> None:
    assert {name: seen(trigger) for name, trigger in index()["functions"].items()} == FUNCTIONS


def test_with_an_event_hub_configured_there_is_one_function_more() -> None:
    stream = ("eventHubTrigger", "%ONBOARDING_AUDIT_HUB%", "AuditHub", "one")
    found = run(INDEX, ONBOARDING_AUDIT_HUB="insights-logs-auditlogs")
    assert {name: seen(trigger) for name, trigger in found["functions"].items()} == {
        **FUNCTIONS,
        "audit_stream": stream,
    }
    assert not heavy(found["modules"])
    assert {
        name: seen(trigger) for name, trigger in run(INDEX, ONBOARDING_AUDIT_HUB=" ")["functions"].items()
    } == (FUNCTIONS)


def test_importing_the_app_imports_nothing_heavy_and_nothing_of_ours() -> None:
    assert heavy(index()["modules"]) == set()


def test_the_check_for_heavy_modules_sees_one_that_is_there() -> None:
    code = "import sqlite3, onboarding.api.views\n" + INDEX
    assert {"sqlite3", "onboarding"} <= heavy(run(code)["modules"])


def test_importing_the_app_costs_little_beside_the_library() -> None:
    """Generous on purpose: the benchmark compares; this catches a heavy import that no list names."""
    assert index()["ours"] < max(1.0 * index()["library"], 0.5)


WEBHOOK = """
import asyncio, json, sys
import azure.functions as func
import function_app
body = b'{}'
def ask(name, **more):
    request = func.HttpRequest(body=more.pop("body", b""), url="http://localhost/api/x", **more)
    return asyncio.get_event_loop_policy().new_event_loop().run_until_complete(getattr(function_app, name)(request))
CALL
print(json.dumps({"status": answer.status_code, "modules": sorted(sys.modules)}))
"""
TENANT = ("msgraph", "msgraph_core", "kiota_abstractions", "msal", "azure.identity", "jinja2", "phonenumbers")


def test_a_webhook_pays_for_the_store_and_never_for_the_tenant(tmp_path: Path) -> None:
    code = """
from datetime import UTC, datetime
from onboarding.intake import catalog, signing
from tests.support import planted
body = planted.body()
adapter = catalog.adapters()["standard-webhooks"]
headers = signing.sign(adapter, planted.WHSEC, body, now=datetime.now(UTC), message_id="m")
answer = ask("hr", method="POST", route_params={"source": "standard-webhooks"}, headers=headers, body=body)
"""
    from tests.support import planted

    seen = run(
        WEBHOOK.replace("CALL", code),
        ONBOARDING_STORE_PATH=str(tmp_path / "store.db"),
        ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET=planted.WHSEC,
    )
    assert seen["status"] == 202
    assert "sqlite3" in seen["modules"]
    assert heavy(seen["modules"]) & set(TENANT) == set()


def test_a_page_never_pays_for_the_tenant(tmp_path: Path) -> None:
    seen = run(
        WEBHOOK.replace("CALL", 'answer = ask("cases", method="GET", route_params={})'),
        ONBOARDING_STORE_PATH=str(tmp_path / "store.db"),
        ONBOARDING_DEV_ROLE="viewer",
    )
    assert seen["status"] == 200
    assert heavy(seen["modules"]) & {"msgraph", "msgraph_core", "msal", "azure.identity"} == set()


def test_host_json_leaves_no_throttle_between_an_hr_system_and_the_door() -> None:
    """The host's own 429 is final for BambooHR and Personio (facts: functions, section 2)."""
    settings = json.loads((ROOT / "host.json").read_text())
    assert settings["extensions"]["http"] == {
        "routePrefix": "api",
        "maxOutstandingRequests": -1,
        "dynamicThrottlesEnabled": False,
    }
    assert settings["extensions"]["queues"]["maxDequeueCount"] == 5
    assert settings["extensionBundle"]["version"] == "[4.*, 5.0.0)"
