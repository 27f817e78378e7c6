"""Settings: read once, every name documented, secrets never shown, and what is for one machine refused in Azure."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from onboarding.errors import ConfigurationError
from onboarding.settings import Secret, Settings

EXAMPLE = Path("local.settings.example.json")
#: A hash key that is fine in Azure.
KEY = "k" * 32
PLANTED = "PLANTED-secret-value"
AZURE = {"WEBSITE_SITE_NAME": "app", "ONBOARDING_HASH_KEY": KEY}


class Watched(Mapping[str, str]):
    """An environment that remembers which names were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_, self.asked = values, set[str]()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_[name]

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return self.values_.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def documented() -> dict[str, str]:
    values: dict[str, str] = json.loads(EXAMPLE.read_text(encoding="utf-8"))["Values"]
    return values


def read(**env: str) -> Settings:
    return Settings.from_env({f"ONBOARDING_{name}": value for name, value in env.items()})


# --- documentation -----------------------------------------------------------------------------------------


def test_every_name_that_is_read_is_documented_and_every_documented_name_is_read() -> None:
    env = Watched({**documented(), **AZURE, "ONBOARDING_DEV_ROLE": ""})
    env.values_.update({"ONBOARDING_STORE": "azure", "ONBOARDING_GRAPH": "microsoft", "ONBOARDING_CLOCK": ""})
    Settings.from_env(env)
    named = {name for name in documented() if name.startswith("ONBOARDING_")}
    per_source = re.compile(
        r"ONBOARDING_HR_.+_(SECRET|SECRET_PREVIOUS|API_URL|API_TOKEN|API_PHONE_FIELDS|EVENTS|OPTIONS)$"
    )
    sources = {name for name in named if per_source.match(name)}
    assert {name for name in env.asked if name.startswith("ONBOARDING_")} - sources == named - sources
    assert sources, "a source is shown by example"


def test_no_other_module_of_the_package_names_a_setting_that_is_not_documented() -> None:
    known = documented().keys() | {"ONBOARDING_HR_"}
    for path in [*Path("onboarding").rglob("*.py"), Path("function_app.py")]:
        for name in re.findall(r"ONBOARDING_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8")):
            assert name in known or name.startswith("ONBOARDING_HR"), f"{path}: {name}"


def test_the_example_is_harmless_and_can_be_read() -> None:
    settings = Settings.from_env(documented())
    assert settings.store == "embedded"
    assert settings.graph == "simulated"
    assert settings.graph_base_url.startswith("http://127.0.0.1:")
    assert settings.domain.endswith(".example")
    assert {"standard-webhooks", "greenhouse"} <= settings.sources.keys()


def test_an_empty_environment_is_a_developers_machine() -> None:
    settings = Settings.from_env({})
    assert (settings.store, settings.graph, settings.mode) == ("embedded", "simulated", "live")
    assert settings.deadline == date(2026, 9, 7)
    assert settings.dev_role is None
    assert not settings.easy_auth
    assert settings.sources == {}


# --- values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("graph", "mode", "expected"),
    [("microsoft", "", "dry_run"), ("simulated", "", "live"), ("microsoft", "live", "live")],
)
def test_with_microsoft_the_default_is_a_dry_run(graph: str, mode: str, expected: str) -> None:
    assert read(GRAPH=graph, MODE=mode).mode == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORE", "mongodb"),
        ("GRAPH", "MICROSOFT"),
        ("CLOCK", "sundial"),
        ("MODE", "lively"),
        ("SSPR_SCOPE", "some"),
        ("FIRST_CREDENTIAL", "post-it"),
        ("PHONE_ATTRIBUTE", "businessPhones"),
        ("DEV_ROLE", "admin"),
        ("DEADLINE", "7.9.2026"),
        ("DEADLINE", "2026-02-29"),
        ("METHODS_REQUIRED", "0"),
        ("METHODS_REQUIRED", "3"),
        ("METHODS_REQUIRED", "²"),
        ("METHODS_REQUIRED", "1.0"),
        ("WRITEBACK", "ja"),
        ("ACCEPT_REVIEWED", "2"),
        ("SENDER", "nobody"),
        ("SENDER", "a@b.example, c@d.example"),
        ("SERVICE_DESK", "Desk <desk@contoso.example>"),
        ("SOURCES", "Workday=workday"),
        ("SOURCES", "workday"),
        ("SOURCES", "a=b=c"),
        ("SOURCES", "a=../b"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_and_its_name_is_said(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(**{name: value})
    assert f"ONBOARDING_{name}" in caught.value.message
    assert value not in caught.value.message


@pytest.mark.parametrize("value", ["", "  "])
def test_blank_is_the_same_as_not_set(value: str) -> None:
    for name in (item.removeprefix("ONBOARDING_") for item in documented() if item.startswith("ONBOARDING_")):
        assert read(**{name: value}) == Settings.from_env({})


def test_sources_are_those_that_are_named_and_those_that_have_a_secret() -> None:
    settings = read(
        SOURCES="workday-dk=workday, emea=standard-webhooks",
        HR_WORKDAY_DK_SECRET=PLANTED,
        HR_WORKDAY_DK_SECRET_PREVIOUS="before",
        HR_WORKDAY_DK_API_URL="https://hr.example/api/",
        HR_WORKDAY_DK_API_TOKEN="token",
        HR_BAMBOOHR_SECRET="b",
    )
    assert settings.sources.keys() == {"workday-dk", "emea", "bamboohr"}
    workday = settings.sources["workday-dk"]
    assert (workday.adapter, workday.api_url) == ("workday", "https://hr.example/api")
    assert workday.secret == Secret(PLANTED)
    assert workday.secret_previous == Secret("before")
    assert workday.api_token == Secret("token")
    assert settings.sources["emea"].secret is None
    assert settings.sources["bamboohr"].adapter == "bamboohr"


def previous(text: str) -> list[str]:
    """The secrets before the last rotation, as they are tried."""
    return [
        secret.reveal()
        for _, secret in read(HR_A_SECRET="s", HR_A_SECRET_PREVIOUS=text).sources["a"].secrets[1:]
    ]


KEYS = [f"{number:032x}" for number in range(15)]


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("before", ["before"]),
        ("short\nshorter\n", ["short", "shorter"]),
        (
            "correct horse battery staple\n\r\n  the one before  \n",
            ["correct horse battery staple", "the one before"],
        ),
        (" ".join(KEYS), KEYS),
        ("\n".join(KEYS), KEYS),
        (f"{KEYS[0]} {KEYS[1]}\n", KEYS[:2]),
    ],
)
def test_secrets_before_stand_a_line_each_or_long_ones_with_blanks_between(
    text: str, secrets: list[str]
) -> None:
    assert previous(text) == secrets


@pytest.mark.parametrize(
    "text", ["correct horse battery staple", f"{KEYS[0]} horse", "a b", "\n".join([*KEYS, "one more"])]
)
def test_a_passphrase_is_not_taken_for_its_words(text: str) -> None:
    """Each word alone would open the door, and the passphrase would not."""
    with pytest.raises(ConfigurationError, match="ONBOARDING_HR_A_SECRET_PREVIOUS") as caught:
        previous(text)
    assert "horse" not in caught.value.message


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_a_blank_secret_is_no_secret(value: str) -> None:
    assert read(SOURCES="a=a", HR_A_SECRET=value).sources["a"].secret is None


# --- secrets -------------------------------------------------------------------------------------------------


def secretive() -> Settings:
    return read(
        HASH_KEY=PLANTED,
        HR_A_SECRET=PLANTED,
        HR_A_SECRET_PREVIOUS=PLANTED,
        HR_A_API_TOKEN=PLANTED,
    )


def test_no_way_of_printing_settings_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    settings = secretive()
    logging.getLogger("x").warning("%s %r", settings, settings.sources)
    shown = [repr(settings), str(settings), f"{settings}", f"{settings.hash_key!s:>40}", caplog.text]
    shown += [repr({item.name: getattr(settings, item.name) for item in fields(settings)})]
    shown += [json.dumps({"key": settings.hash_key}, default=str)]
    assert all(PLANTED not in text for text in shown)
    assert "***" in repr(settings)


def test_copies_and_pickles_of_a_secret_are_refused() -> None:
    settings = secretive()
    for attempt in (lambda: asdict(settings), lambda: copy.deepcopy(settings.hash_key)):
        with pytest.raises(TypeError) as caught:
            attempt()
        assert PLANTED not in str(caught.value)
    with pytest.raises(TypeError):
        pickle.dumps(settings.hash_key)


def test_a_secret_is_revealed_only_by_name_and_compares() -> None:
    secret = Secret(PLANTED)
    assert secret.reveal() == PLANTED
    assert secret == Secret(PLANTED)
    assert secret != Secret("other")
    assert secret != PLANTED
    assert hash(secret) == hash(Secret(PLANTED))
    assert not Secret("")
    assert not hasattr(secret, "__dict__")


# --- Azure ---------------------------------------------------------------------------------------------------


def in_azure(**env: str) -> Settings:
    given = {f"ONBOARDING_{name}": value for name, value in env.items()}
    return Settings.from_env({**AZURE, **given})


def test_in_azure_the_defaults_are_those_of_azure() -> None:
    settings = in_azure()
    assert (settings.store, settings.graph, settings.clock, settings.mode) == (
        "azure",
        "microsoft",
        "system",
        "dry_run",
    )
    assert settings.in_azure


@pytest.mark.parametrize("marker", ["WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("STORE", "embedded"), ("GRAPH", "simulated"), ("CLOCK", "simulator"), ("DEV_ROLE", "viewer")],
)
def test_what_is_for_one_machine_is_refused_in_azure(marker: str, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({marker: "x", "ONBOARDING_HASH_KEY": KEY, f"ONBOARDING_{name}": value})
    assert f"ONBOARDING_{name}" in caught.value.message


@pytest.mark.parametrize("key", ["", "   ", "short", "for-development-only", "development-only-not-a-secret"])
def test_in_azure_the_hash_key_must_be_somebodys_own(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        in_azure(HASH_KEY=key)
    assert "ONBOARDING_HASH_KEY" in caught.value.message
    assert not key.strip() or key not in caught.value.message


def test_the_key_of_the_example_is_among_those_refused_in_azure() -> None:
    with pytest.raises(ConfigurationError):
        in_azure(HASH_KEY=documented()["ONBOARDING_HASH_KEY"])


@pytest.mark.parametrize(
    ("value", "on"), [("True", True), ("true", True), ("False", False), ("1", False), ("", False)]
)
def test_easy_auth_counts_only_when_the_platform_says_so(value: str, on: bool) -> None:
    assert Settings.from_env({"WEBSITE_AUTH_ENABLED": value}).easy_auth is on


@pytest.mark.parametrize(
    "text", ["@Microsoft.KeyVault(VaultName=kv;SecretName=s)", " @microsoft.keyvault(SecretUri=https://x/)"]
)
def test_a_key_vault_reference_that_did_not_resolve_is_never_a_secret(text: str):
    """It reaches the app as its own text, which anybody can write down."""
    settings = read(HR_BAMBOOHR_SECRET=text, HR_BAMBOOHR_SECRET_PREVIOUS=text, HR_BAMBOOHR_API_TOKEN=text)
    assert "bamboohr" not in settings.sources
    both = read(HR_BAMBOOHR_SECRET="s3cret", HR_BAMBOOHR_SECRET_PREVIOUS=text)
    assert both.sources["bamboohr"].secret == Secret("s3cret")
    assert both.sources["bamboohr"].secret_previous is None
    with pytest.raises(ConfigurationError, match="did not resolve"):
        Settings.from_env({**AZURE, "ONBOARDING_HASH_KEY": text})


# --- what a file or a typing error brings along ------------------------------------------------------------


@pytest.mark.parametrize("tail", ["\n", "\r\n", " ", "\t\n"])
def test_white_space_around_a_secret_is_no_part_of_it(tail: str) -> None:
    source = read(
        HR_A_SECRET=PLANTED + tail, HR_A_SECRET_PREVIOUS=tail + "old" + tail, HR_A_API_TOKEN="token" + tail,
        HR_A_API_URL="https://hr.example/" + tail,
    ).sources["a"]  # fmt: skip
    assert source.secret == Secret(PLANTED)
    assert source.secret_previous == Secret("old")
    assert source.api_token == Secret("token")
    assert source.api_url == "https://hr.example"


def test_names_that_nothing_reads_are_kept_apart_and_documented_ones_are_none() -> None:
    assert Settings.from_env(documented()).unknown == ()
    odd = {"ONBOARDING_SERVICEDESK": "x", "ONBOARDING_HR_A_SECRETS": "y", "OTHER": "z"}
    assert Settings.from_env({**documented(), **odd}).unknown == (
        "ONBOARDING_HR_A_SECRETS",
        "ONBOARDING_SERVICEDESK",
    )


@pytest.mark.parametrize(
    ("env", "local"),
    [
        ({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}, True),
        ({"AzureWebJobsStorage": "AccountName=a;AccountKey=b;TableEndpoint=http://localhost:10002/a"}, True),
        ({"AzureWebJobsStorage": "AccountName=a;AccountKey=b;EndpointSuffix=core.windows.net"}, False),
        ({"AzureWebJobsStorage": "TableEndpoint=http://[1"}, False),
        ({"AzureWebJobsStorage__accountName": "acme"}, False),
        ({"AzureWebJobsStorage__tableServiceUri": "http://127.0.0.1:10002/devstoreaccount1"}, True),
        ({}, False),
    ],
)
def test_a_storage_account_on_this_machine_is_known_by_its_address(env: dict[str, str], local: bool) -> None:
    assert Settings.from_env(env).storage.loopback is local
