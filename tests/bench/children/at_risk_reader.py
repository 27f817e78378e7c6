"""`python -m tests.bench.children.at_risk_reader GRAPH`: read who is at risk, write every row; one JSON line."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile

from onboarding import bootstrap
from onboarding.operate import at_risk
from onboarding.settings import Settings
from tests.bench.children.report_reader import peak_mb
from tests.bench.tenant import settings


async def _read(env: dict[str, str]) -> dict[str, float]:
    app = bootstrap.build(Settings.from_env(env))
    try:
        found = await at_risk.read(app.services)
        rows = sum(1 for _ in await at_risk.named(app.services, found))
    finally:
        await app.aclose()
    return {"people": len(found.workforce), "rows": rows, "peak_mb": peak_mb()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(_read(settings(f"{folder}/store.db", sys.argv[1])))))


if __name__ == "__main__":
    main()
