"""The checks of docs/live-tenant-check.md against a real tenant. Skipped, with the reason, unless one is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.live.checks import CHECKS
from tests.live.tenant import Live, Refused, Target, target


def _target() -> Target | str:
    try:
        return target(os.environ)
    except Refused as exc:
        return str(exc)


WHERE = _target()


@pytest.fixture
def live() -> Iterator[Live]:
    if isinstance(WHERE, str):
        pytest.skip(WHERE)
    opened = Live(WHERE)
    yield opened
    assert opened.close() == []


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", CHECKS)
def test_the_tenant_answers_as_we_expect(
    live: Live, name: str, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    otherwise = CHECKS[name](live)
    for note in live.notes:
        record_property("note", note)
        with capsys.disabled():
            print(f"\n{name}: {note}")
    assert otherwise == []
