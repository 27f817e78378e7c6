"""A fleet of real processes: development hosts on one store, which are killed, and a storage account that goes away.

Hires are posted as an HR system posts them: signed, and again until the answer is 2xx.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from onboarding.intake import catalog, signing
from tests.faults import story
from tests.support import warm
from tests.support.host import Tenant
from tests.support.node import ROOT

#: Seconds of a queue lease here: what a dead host held is seen again after that.
LEASE = 3


class Fleet:
    """Hosts by number. A context that ends them all."""

    def __init__(
        self, folder: Path, tenant: Tenant, simulator: str, storage: str | None, hosts: int = 2
    ) -> None:
        self.folder, self.tenant, self.storage = folder, tenant, storage
        (folder / "policy.toml").write_text(story.POLICY)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")},
            **story.environment(folder, simulator, storage),
            "ONBOARDING_DEV_ROLE": "operator",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.ports = [_free_port() for _ in range(hosts)]
        self.processes: dict[int, warm.Process] = {}

    def __enter__(self) -> Fleet:
        for number in range(len(self.ports)):
            self.start(number)
        for number in range(len(self.ports)):
            self.wait_for(partial(self.healthy, number), 60)
        return self

    def __exit__(self, *args: object) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()

    def start(self, number: int) -> None:
        """Start a host; it answers a little later."""
        seconds = ["--lease-seconds", str(LEASE), "--visibility-seconds", "1", "--poll-seconds", "0.2"]
        with (self.folder / f"host{number}.log").open("ab") as log:
            self.processes[number] = warm.Process(
                "onboarding.devhost", "--port", str(self.ports[number]), *seconds,
                cwd=ROOT, env=self.env, stdout=log.fileno(), stderr=log.fileno(),
            )  # fmt: skip

    def kill(self, number: int) -> None:
        """SIGKILL, whatever it is doing."""
        process = self.processes.pop(number)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def url(self, number: int) -> str:
        return f"http://127.0.0.1:{self.ports[number]}"

    def healthy(self, number: int) -> bool:
        try:
            return httpx.get(f"{self.url(number)}/api/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    # --- what the outside does and sees ------------------------------------------------------------------

    async def post(self, hires: Iterable[int], start: date, *, at_once: int = 16, times: int = 1) -> int:
        """Post each hire `times` times, to the hosts in turn, again until 2xx. Returns the number of attempts."""
        gate = asyncio.Semaphore(at_once)
        async with httpx.AsyncClient(timeout=30) as client:
            jobs = (self._post(client, gate, n, start) for n in hires for _ in range(times))
            return sum(await asyncio.gather(*jobs))

    async def _post(self, client: httpx.AsyncClient, gate: asyncio.Semaphore, n: int, start: date) -> int:
        body = hire(n, start)
        adapter = catalog.adapters()["standard-webhooks"]
        async with gate:
            for attempt in range(1, 200):
                url = f"{self.url((n + attempt) % len(self.ports))}/api/hr/standard-webhooks"
                headers = signing.sign(
                    adapter, story.SECRET, body, now=self.tenant.now(), message_id=f"msg_{n}"
                )
                try:
                    answer = await client.post(url, content=body, headers=headers)
                    if answer.is_success:
                        return attempt
                    assert answer.status_code >= 500, answer.text
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.3)
        raise AssertionError(f"hire {n} was never accepted")

    def cases(self, **query: str) -> list[dict[str, Any]]:
        """Every case of a list, page after page, from whichever host answers."""
        items: list[dict[str, Any]] = []
        page: str | None = None
        while True:
            found = self.get("/api/cases", **query, **({"page": page} if page else {}))
            items += found["items"]
            page = found["next_page"]
            if page is None:
                return items

    def get(self, path: str, **query: str) -> Any:
        """JSON of a GET, from whichever host answers."""
        for number in self.processes:
            try:
                answer = httpx.get(f"{self.url(number)}{path}", params=query, timeout=30)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return answer.json()
        return {"items": [], "next_page": None}

    def wait_for(self, met: Callable[[], bool], seconds: float) -> None:
        """Look until it is so."""
        deadline = time.monotonic() + seconds
        while not met():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))
                items = [(i["state"], i["reason_code"], *i["next_action"].values()) for i in self.cases()]
                raise AssertionError(
                    f"not so after {seconds} s, {self.tenant.now()}: {Counter(items)}\n{logs}"
                )
            time.sleep(0.3)


def hire(n: int, start: date) -> bytes:
    """The delivery of one hire: the same bytes each time."""
    event = {
        "event_type": "hire.created",
        "occurred_at": "2027-03-01T05:59:00Z",
        "employee_id": f"F{n}",
        "given_name": ("Søren", "Zoë", "Łukasz", "Aoife")[n % 4],
        "family_name": f"{('Müller', 'Groß', 'Byrne')[n % 3]}-{_letters(n)}",
        "personal_email": f"person{n}@personal.example",
        "work_country": "Ireland",
        "manager": {"email": story.MANAGER},
        "start_date": start.isoformat(),
        "timezone": "Europe/Dublin",
        "locale": "en-GB",
    }
    return json.dumps(event, ensure_ascii=False).encode()


def _letters(n: int) -> str:
    """A number as a name, so that user names do not collide more than people's do."""
    text = ""
    while True:
        text = chr(ord("a") + n % 26) + text
        n //= 26
        if n == 0:
            return text.capitalize()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
