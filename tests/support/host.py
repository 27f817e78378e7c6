"""The smallest host: posts bytes to `function_app`, delivers its queue messages, runs its timers.

Used where a test needs the real functions and a host that does only what it is told. The development host has
its own tests.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import httpx

import function_app
from onboarding import bootstrap
from onboarding.bootstrap import App
from onboarding.ports import POISON, LeasedMessage

#: Seconds: the real host's. After a kill, the harness lets them pass on the store's wall clock.
LEASE = 600.0
MAX_DEQUEUE = 5
WORKERS = {
    "onboarding-work": function_app.work,
    "onboarding-bulk": function_app.bulk,
    "onboarding-work-poison": function_app.work_poison,
    "onboarding-bulk-poison": function_app.bulk_poison,
}


class Host:
    """One worker process's view of the world. `app` is installed as the process's own."""

    #: Queues that are listened to.
    queues: tuple[str, ...] = tuple(WORKERS)

    def __init__(self, app: App) -> None:
        self.app = app
        bootstrap._app = app

    async def post(self, source: str, body: bytes, headers: Mapping[str, str]) -> func.HttpResponse:
        """A delivery arrives."""
        return await self.http("hr", "POST", f"/api/hr/{source}", {"source": source}, body, headers)

    async def http(
        self,
        name: str,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> func.HttpResponse:
        """Call one HTTP function as the host does."""
        request = func.HttpRequest(
            method=method,
            url=f"http://localhost{path}",
            headers=dict(headers or {}),
            params=query or {},
            route_params=params or {},
            body=body,
        )
        function = getattr(function_app, name)
        response: func.HttpResponse = await function(request)
        return response

    async def drain(self, patience: float = 10.0) -> None:
        """Deliver messages until every queue is empty, waiting for delayed and leased ones."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            worked = False
            for queue in self.queues:
                for message in await self.take(queue):
                    worked = True
                    await self._deliver(queue, WORKERS[queue], message)
            if worked:
                continue
            left = [await self.app.queue_host.depth(queue) for queue in self.queues]
            if not any(visible or hidden for visible, hidden in left):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"queues do not drain: {left}")
            await asyncio.sleep(0.02)

    async def take(self, queue: str) -> list[LeasedMessage]:
        """Lease what is visible."""
        return await self.app.queue_host.receive(queue, 8, LEASE)

    async def _deliver(self, queue: str, function: Any, message: Any) -> None:
        request = _message(message)
        try:
            await function(request)
        except Exception:
            if message.dequeue_count >= MAX_DEQUEUE and not queue.endswith(POISON):
                await self.app.queue_host.to_poison(queue, message)
            else:
                await self.app.queue_host.release(queue, message, 0.0)
        else:
            await self.app.queue_host.delete(queue, message)

    async def settle(self, *timers: str) -> None:
        """Queues, then the named timers (all of them, in the order of the app), draining between."""
        await self.drain()
        for timer in timers or ("track", "followup", "watchdog"):
            await getattr(function_app, timer)(None)
            await self.drain()


def _message(message: LeasedMessage) -> func.QueueMessage:
    """As the worker sees it."""
    from azure.functions.queue import QueueMessage

    return QueueMessage(
        id=message.message_id,
        body=message.body.encode(),
        dequeue_count=message.dequeue_count,
        insertion_time=message.inserted_at,
    )


class Tenant:
    """The simulator's control interface, for tests."""

    def __init__(self, base_url: str) -> None:
        # On the loopback without TLS: reading all certificate authorities would take longer than a story's requests.
        self.http = httpx.Client(base_url=base_url, timeout=30, verify=False)

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Tenant:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def reset(self, seed: int = 1) -> None:
        self.post("/_control/reset", {"seed": seed})

    def now(self) -> datetime:
        return datetime.fromisoformat(self.get("/_control/clock")["now"]).astimezone(UTC)

    def move_to(self, moment: datetime) -> None:
        """Forward only; a moment that has passed is left alone."""
        if moment > self.now():
            self.post("/_control/clock", {"to": moment.astimezone(UTC).isoformat()})

    def user(self, **wanted: str) -> dict[str, Any] | None:
        found = [u for u in self.users() if all(u.get(k) == v for k, v in wanted.items())]
        return found[0] if found else None

    def users(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/_control/users")["items"]
        return items

    def mail(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/_control/mail")["items"]
        return items

    def get(self, path: str, **params: str) -> Any:
        answer = self.http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return json.loads(answer.content) if answer.content else None
