"""A mass arrival in small, in virtual time: the whole service at the tenant's quotas, beside single hires.

The machine's speed has no part in it, so that what the benchmark says of thousands is asserted here of some dozens.
"""

from __future__ import annotations

import pytest

from tests.bench import tenant, virtual
from tests.bench.row import Verdict
from tests.bench.rows import mass_arrival, write_budget


def test_instances_share_the_budget_of_writes_to_the_full_and_are_never_refused() -> None:
    found = write_budget.run(writes=120, instances=3)
    assert found.verdict is Verdict.OK, found
    assert found.figures["refused"] == 0


def test_without_a_shared_budget_the_same_instances_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark can fail: what is measured is the sharing."""
    from onboarding import bootstrap
    from onboarding.graph.limiter import LocalBudgets

    build = bootstrap.build

    def alone(settings: object, **more: object) -> object:
        options = dict(more.pop("graph_options"))  # type: ignore[call-overload]
        options["budgets"] = LocalBudgets(options["monotonic"])
        return build(settings, graph_options=options, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(bootstrap, "build", alone)
    found = write_budget.run(writes=120, instances=3)
    assert found.figures["refused"] > write_budget.STORM * 120
    assert found.verdict is Verdict.MISSED


def test_a_mass_arrival_goes_at_the_tenants_pace_and_a_single_hire_overtakes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mass_arrival, "EVERY", 1.0)
    found = mass_arrival.run(people=60)
    assert found.verdict is Verdict.OK, found
    assert found.figures["refused"] == 0
    assert found.figures["singles"] >= 3
    assert found.figures["single_p95_s"] < 15


def test_time_jumps_and_stands_while_a_thread_works() -> None:
    import asyncio

    async def main(loop: virtual.VirtualLoop) -> float:
        await asyncio.sleep(3600)
        world = virtual.World(loop, virtual.BEGIN, quotas=[])
        app = await world.instance(tenant.settings(":memory:", "http://127.0.0.1:9"))
        before = loop.virtual
        for _ in range(5):
            await app.services.cases.ping()
        assert loop.virtual == before
        await world.close()
        return loop.virtual

    assert virtual.run(main) >= 3600
