"""The one place where ports meet adapters: nothing connects, what cannot work is refused, passwords are good."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from onboarding import bootstrap
from onboarding.bootstrap import SystemEntropy, build
from onboarding.domain.policy import Policy
from onboarding.errors import ConfigurationError, OperatorError, Unavailable
from onboarding.ports import NewUser
from onboarding.settings import Settings

NOWHERE = {"ONBOARDING_STORE_PATH": ":memory:", "ONBOARDING_GRAPH_BASE_URL": "http://127.0.0.1:1"}


def settings(**more: str) -> Settings:
    return Settings.from_env({**NOWHERE, **more})


async def test_building_connects_to_nothing_and_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "store.db"
    app = build(settings(ONBOARDING_STORE_PATH=str(path), ONBOARDING_CLOCK="simulator"))
    await app.aclose()
    assert list(tmp_path.iterdir()) == []


async def test_the_app_of_a_process_is_made_once_and_on_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_app", None)
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    first = bootstrap.app()
    assert bootstrap.app() is first
    await first.aclose()


async def test_a_failed_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is mended needs no restart of the worker to be seen."""
    monkeypatch.setattr(bootstrap, "_app", None)
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ONBOARDING_STORE", "nonsense")
    with pytest.raises(ConfigurationError):
        bootstrap.app()
    monkeypatch.setenv("ONBOARDING_STORE", "embedded")
    await bootstrap.app().aclose()


@pytest.mark.parametrize(
    "more",
    [
        {"ONBOARDING_STORE": "azure"},
        {"ONBOARDING_CLOCK": "simulator", "ONBOARDING_GRAPH": "microsoft"},
        {"ONBOARDING_POLICY_FILE": "/nowhere/policy.toml"},
    ],
)
def test_what_cannot_work_is_refused_and_named(more: dict[str, str]) -> None:
    base = {} if "ONBOARDING_GRAPH" in more else NOWHERE
    with pytest.raises(ConfigurationError) as raised:
        build(Settings.from_env({**base, "ONBOARDING_STORE_PATH": ":memory:", **more}))
    assert next(iter(more)) in raised.value.message


def test_the_policy_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("", encoding="utf-8")
    assert bootstrap.policy_of(settings()) == Policy()
    assert bootstrap.policy_of(settings(ONBOARDING_POLICY_FILE=str(file))) == Policy()


NEW = NewUser("x@contoso.example", "x", "X", "1", "p")


async def test_a_dry_run_refuses_every_write_to_the_tenant() -> None:
    app = build(settings(ONBOARDING_MODE="dry_run"))
    s = app.services
    with pytest.raises(OperatorError) as raised:
        await s.directory.create_user(NEW)
    assert raised.value.code == "dry_run"
    with pytest.raises(OperatorError):
        await s.security.void_pass("u", "p")
    with pytest.raises(OperatorError):
        await s.mailer.send_draft("d")
    await app.aclose()


async def test_a_simulators_clock_that_does_not_answer_is_an_outage() -> None:
    app = build(settings(ONBOARDING_CLOCK="simulator"))
    with pytest.raises(Unavailable):
        await app.services.clock.now()
    await app.aclose()


def test_ids_and_passwords_have_their_forms() -> None:
    entropy = SystemEntropy()
    seen = {entropy.case_id() for _ in range(200)}
    assert len(seen) == 200
    assert all(len(i) == 22 and set(i[2:]) <= set(string.ascii_lowercase + string.digits) for i in seen)
    for password in (entropy.password() for _ in range(200)):
        assert len(password) == 32
        kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, bootstrap._PASSWORD_SYMBOLS)
        assert all(set(password) & set(kind) for kind in kinds)
        assert set(password) <= set("".join(kinds))
    assert all(0 <= entropy.fraction() < 1 for _ in range(200))
