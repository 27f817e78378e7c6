"""Many hires at once, two hosts, one store: nobody is lost, nobody is there twice, and single hires overtake.

    DRAIN_HIRES=2000 .venv/bin/pytest tests/faults/test_drain.py -k azure -s

posts 2,000 and says what it measured (`-k embedded`: on one SQLite file). By default there are 30.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.ports import Delivery, DeliveryStatus
from tests.bench import tenant
from tests.faults import drain
from tests.support.azurite import Azurite

HIRES = int(os.environ.get("DRAIN_HIRES", "30"))
#: Seconds: far more than it takes, so that a busy machine fails nothing.
PATIENCE = max(240, HIRES)
T0 = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """A connection string; None: the embedded store."""
    if request.param == "embedded":
        yield None
        return
    azurite = Azurite(tmp_path / "azurite", persistent=False)
    azurite.start()
    yield azurite.connection_string()
    azurite.kill()


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("account", ["embedded", "azure"], indirect=True)
async def test_hires_posted_at_once_are_each_one_case_when_the_queues_are_empty(
    account: str | None, tmp_path: Path
) -> None:
    path = str(tmp_path / "store.db")
    with drain.hosts(2, drain.environment(path, account)) as roots:
        store = drain.open_store(path, account)
        flood = await drain.flood(roots, store, HIRES, PATIENCE)
        books = await drain.audit(store, range(HIRES), quiet=[HIRES])
        await drain.closed(store)
    print(f"\n{flood}")
    assert books.wrong == []
    assert books.cases == HIRES + 1
    overtaken = flood.drained - flood.single_at - flood.single_processed
    assert overtaken > 0, "the single hire of another source waited until the end of the flood"


async def test_the_books_see_who_is_missing_who_is_double_and_what_is_half_done(tmp_path: Path) -> None:
    """Or the test above could not fail."""
    path = str(tmp_path / "store.db")
    store = drain.open_store(path, None)
    key, source = drain.delivery_id(0), tenant.SOURCE
    await store.deliveries.put_if_absent(
        Delivery(key, source, source, T0, DeliveryStatus.PROCESSED, "x", b"{}", case_ids=("c_1",))
    )
    for case_id in ("c_1", "c_2"):
        hire = Hire(employee_id="10000")
        await store.cases.create(
            Case(case_id, tenant.SOURCE, State.WAITING_START, hire, created_at=T0, updated_at=T0)
        )
    books = await drain.audit(store, range(2))
    await drain.closed(store)
    assert books.lost == [f"delivery {drain.delivery_id(1)}", "person 10001"]
    assert books.double == ["person 10000: 2 cases"]
    assert len(books.astray) == 2  # a case that has not seen its delivery, and a delivery without a case
    assert books.hints == ["aliases lead to 0 cases"]
