"""Provisioning people through the real host and queue, against a sequential script with the SDK, at 50 ms latency."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx

from onboarding.intake import catalog, signing
from tests.bench import processes, tenant
from tests.bench.row import Row, judged

MUST = 5.0
#: A Monday morning in Berlin: everybody starts today, so nothing waits for a day or for working time.
MORNING = "2027-03-08T09:05:00Z"
SCRIPT = "tests.bench.children.sequential_script"


def run(people: int = 60, latency: float = 0.05) -> Row:
    """Both against a simulator of their own that answers every Graph request `latency` seconds late."""
    script, asked_script = _script(people, latency)
    ours, asked = _service(people, latency)
    times = script / ours
    return judged(
        "provisioning",
        f"≥ {MUST:.0f} × a sequential SDK script",
        f"{times:.1f} × ({ours:.1f} s against {script:.1f} s)",
        times >= MUST,
        f"{people} people at {latency * 1000:.0f} ms; ours from the first webhook to the last welcome, "
        f"{asked:.1f} requests a person; the script {asked_script:.1f}",
        {
            "times": times,
            "ours_s": ours,
            "script_s": script,
            "requests": asked,
            "script_requests": asked_script,
        },
    )


def _slow(control: tenant.Control, latency: float) -> None:
    control.manager()
    control.post("/_control/faults", {"mode": "delay", "path": "/v1.0/**", "times": None, "seconds": latency})


def _script(people: int, latency: float) -> tuple[float, float]:
    with processes.simulator(start=MORNING) as base:
        control = tenant.Control(base)
        _slow(control, latency)
        done = processes.report_of(SCRIPT, base, people)
        # One more person was made before the clock started.
        asked = len(control.requests()) / (people + 1)
        control.close()
    return float(done["seconds"]), asked


def _service(people: int, latency: float) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder, processes.simulator(start=MORNING) as base:
        control = tenant.Control(base)
        control.manager()
        env = tenant.settings(f"{folder}/store.db", base)
        with processes.devhost("function_app.py", env) as service:
            # The first request of a process imports the SDK, for the script as well.
            _post(service, control, 0)
            _until_followed(service, 1)
            _slow(control, latency)
            before = len(control.requests())
            begin = time.perf_counter()
            for number in range(1, people + 1):
                _post(service, control, number)
            _until_followed(service, people + 1)
            seconds = time.perf_counter() - begin
        asked = control.requests(before)
        statuses = Counter(item["status"] for item in asked)
        assert not statuses.keys() & {0, 429, 500, 503}, statuses
        control.close()
    return seconds, len(asked) / people


def _post(service: str, control: tenant.Control, number: int) -> None:
    now = datetime.fromisoformat(control.get("/_control/clock")["now"]).astimezone(UTC)
    event = tenant.hire(number, MORNING[:10], (now - timedelta(minutes=1)).isoformat())
    body = json.dumps(event, ensure_ascii=False).encode()
    adapter = catalog.adapters()[tenant.SOURCE]
    headers = signing.sign(adapter, tenant.SECRET, body, now=now, message_id=f"msg_{number:06}")
    answer = httpx.post(f"{service}/api/hr/{tenant.SOURCE}", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 202, answer.text


def _until_followed(service: str, people: int, patience: float = 300.0) -> None:
    """Until so many cases are in follow-up, which is after their last step."""
    deadline = time.perf_counter() + patience
    with httpx.Client(base_url=service, trust_env=False, timeout=30) as client:
        while time.perf_counter() < deadline:
            if _followed(client) >= people:
                return
            time.sleep(0.1)
    raise AssertionError(f"not everybody was provisioned within {patience:.0f} s")


def _followed(client: httpx.Client) -> int:
    found, page = 0, ""
    while True:
        query = {"state": "following_up", **({"page": page} if page else {})}
        listed = client.get("/api/cases", params=query).json()
        found += len(listed["items"])
        page = listed["next_page"]
        if not page:
            return found
