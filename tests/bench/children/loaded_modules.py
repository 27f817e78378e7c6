"""Which heavy modules a process has: after importing function_app, and after it has taken one webhook.

Prints `{"imported": [...], "webhook": [...], "status": 202}`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import tempfile

HEAVY = (
    "msgraph",
    "kiota_abstractions",
    "azure.identity",
    "azure.data",
    "azure.storage",
    "phonenumbers",
    "sqlite3",
)


def loaded() -> list[str]:
    """Those of HEAVY that were imported."""
    return [
        name for name in HEAVY if name in sys.modules or any(m.startswith(name + ".") for m in sys.modules)
    ]


async def webhook(folder: str) -> int:
    """One signed delivery through the real function; the HTTP status."""
    from datetime import UTC, datetime

    from onboarding import bootstrap
    from onboarding.intake import catalog, signing
    from onboarding.settings import Settings
    from tests.bench import tenant
    from tests.support.host import Host

    env = tenant.settings(f"{folder}/store.db", "http://127.0.0.1:9", clock="system")
    host = Host(bootstrap.build(Settings.from_env(env)))
    now = datetime.now(UTC)
    body = json.dumps(tenant.hire(1, "2030-01-07", now.isoformat())).encode()
    headers = signing.sign(
        catalog.adapters()[tenant.SOURCE], tenant.SECRET, body, now=now, message_id="msg_1"
    )
    answer = await host.post(tenant.SOURCE, body, headers)
    await host.app.aclose()
    status: int = answer.status_code
    return status


if __name__ == "__main__":
    importlib.import_module("function_app")
    imported = loaded()
    with tempfile.TemporaryDirectory() as there:
        status = asyncio.run(webhook(there))
    print(json.dumps({"imported": imported, "webhook": loaded(), "status": status}))
