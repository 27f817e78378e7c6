"""A store on disk with cases in it, and the command line called as a function."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onboarding.bootstrap import SystemClock, build
from onboarding.cli.main import main
from onboarding.domain.case import Alias, Case, aliases_of
from onboarding.settings import Settings
from tests.support import planted


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("show", "7", "--json")` as typed."""

    def call(*argv: str) -> Answer:
        capsys.readouterr()
        try:
            code = main(argv)
        except SystemExit as exc:
            code = int(exc.code or 0)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


async def _no_wait(self: object, seconds: float) -> None:
    """Attempts at a tenant that is not there need no patience."""


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The environment of a service whose tenant does not answer, in an empty folder."""
    values = {
        "ONBOARDING_STORE_PATH": str(tmp_path / "store.db"),
        "ONBOARDING_GRAPH": "simulated",
        "ONBOARDING_GRAPH_BASE_URL": "http://127.0.0.1:1",
        "ONBOARDING_SERVICE_DESK": "servicedesk@contoso.example",
        "ONBOARDING_HR_STANDARD_WEBHOOKS_SECRET": planted.WHSEC,
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SystemClock, "sleep", _no_wait)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def put(env: dict[str, str]) -> Callable[..., None]:
    """Cases into the store."""

    async def write(cases: tuple[Case, ...], aliases: dict[Alias, str]) -> None:
        app = build(Settings.from_env(env))
        for case in cases:
            await app.services.cases.create(case)
            for alias in aliases_of(case):
                await app.services.cases.claim_alias(alias, case.case_id)
        for alias, owner in aliases.items():
            await app.services.cases.claim_alias(alias, owner)
        await app.aclose()

    def call(*cases: Case, aliases: dict[Alias, str] | None = None) -> None:
        asyncio.run(write(cases, aliases or {}))

    return call
