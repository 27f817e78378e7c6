"""Run in an interpreter that sees nothing but an unpacked package and the standard library (`python -I -S -B`).

    call_functions.py WWWROOT < deliveries.json

Imports function_app, asks `health`, posts the signed delivery, delivers the queue messages, ticks the timers, and
prints as JSON what happened and where each module came from. Settings are in the environment, as in Azure.
"""

# ruff: noqa: E402
from __future__ import annotations

import sys

WWWROOT = sys.argv[1]
# The platform's order: the app's packages first, its own folder last.
sys.path[:0] = [WWWROOT + "/.python_packages/lib/site-packages"]
sys.path.append(WWWROOT)

import azure.functions as func

import function_app

AT_IMPORT = sorted(sys.modules)

import asyncio
import json
from typing import Any

WORKERS = {
    "onboarding-work": function_app.work,
    "onboarding-bulk": function_app.bulk,
    "onboarding-work-poison": function_app.work_poison,
    "onboarding-bulk-poison": function_app.bulk_poison,
}


async def ask(function: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    source = path.rpartition("/")[2] if "/hr/" in path else None
    request = func.HttpRequest(
        method=method,
        url=f"https://app.example{path}",
        headers=headers,
        route_params={"source": source} if source else {},
        body=body,
    )
    response: func.HttpResponse = await function(request)
    return response.status_code, json.loads(response.get_body())


async def drain() -> dict[str, int]:
    """Deliver what is in the queues until nothing is left, as the host does; messages by queue."""
    from onboarding import bootstrap

    delivered = dict.fromkeys(WORKERS, 0)
    for _ in range(2000):
        worked = False
        for queue, function in WORKERS.items():
            for leased in await bootstrap.app().queue_host.receive(queue, 8, 60.0):
                worked = True
                delivered[queue] += 1
                await function(func.QueueMessage(id=leased.message_id, body=leased.body.encode()))
                await bootstrap.app().queue_host.delete(queue, leased)
        if not worked:
            depths = [await bootstrap.app().queue_host.depth(queue) for queue in WORKERS]
            if not any(visible or hidden for visible, hidden in depths):
                return delivered
            await asyncio.sleep(0.05)
    raise AssertionError("the queues do not drain")


async def main(given: dict[str, Any]) -> dict[str, Any]:
    from onboarding import bootstrap

    hr = await ask(function_app.hr, "POST", given["path"], given["headers"], given["body"].encode())
    at_door = sorted(set(sys.modules) - set(AT_IMPORT))
    health = await ask(function_app.health, "GET", "/api/health", {}, b"")
    await function_app.work_poison(func.QueueMessage(id="m", body=b"nothing of ours"))
    delivered = await drain()
    timer = func.timer.TimerRequest(past_due=False)
    for tick in (function_app.track, function_app.followup, function_app.watchdog):
        await tick(timer)
    await bootstrap.app().aclose()
    return {
        "health": health,
        "hr": hr,
        "at_import": AT_IMPORT,
        "at_door": at_door,
        "delivered": delivered,
        "modules": {
            name: [module.__file__, module.__spec__.cached]
            for name, module in sorted(sys.modules.items())
            if getattr(module, "__file__", None) and module.__spec__ is not None
        },
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.stdin.read())))))
