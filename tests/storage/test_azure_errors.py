"""What a storage account that cannot be used is told to whoever has to act: no sign-in, no role, no Azurite."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from onboarding.errors import DeployerError, Unavailable
from onboarding.settings import Settings
from onboarding.storage.azure import open_azure
from onboarding.storage.azure.connection import TABLE_ROLE, Connection, translated


def answer(status: int) -> Any:
    return SimpleNamespace(status_code=status, reason="no", headers={}, text=lambda: "")


class NoToken:
    """A developer who has not signed in."""

    async def get_token(self, *scopes: str, **more: Any) -> Any:
        raise CredentialUnavailableError("Please run az login: somebody@contoso.example")

    async def get_token_info(self, *scopes: str, **more: Any) -> Any:
        raise CredentialUnavailableError("Please run az login: somebody@contoso.example")

    async def close(self) -> None:
        """Nothing to let go of."""


async def test_without_a_sign_in_the_text_says_az_login_and_not_a_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "_identity", lambda self: NoToken())
    store = open_azure(Settings.from_env({"AzureWebJobsStorage__accountName": "acme"}).storage)
    try:
        with pytest.raises(DeployerError, match="az login") as caught:
            await store.cases.ping()
    finally:
        await store.aclose()
    assert caught.value.code == "storage_sign_in"
    assert "role" not in caught.value.message
    assert "somebody" not in caught.value.message


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_by_the_account_names_the_role(status: int) -> None:
    with pytest.raises(DeployerError, match=TABLE_ROLE) as caught, translated(TABLE_ROLE):
        raise ClientAuthenticationError("no", response=answer(status))
    assert caught.value.code == "storage_forbidden"


@pytest.mark.parametrize("response", [None, answer(400)])
def test_an_answer_of_the_sign_in_service_is_no_refusal_by_the_account(response: Any) -> None:
    with pytest.raises(DeployerError) as caught, translated(TABLE_ROLE):
        raise ClientAuthenticationError("no", response=response)
    assert caught.value.code == "storage_sign_in"


def test_silence_of_an_account_in_azure_is_a_matter_of_its_network_rules() -> None:
    with pytest.raises(Unavailable, match="network rules"), translated(TABLE_ROLE):
        raise ServiceRequestError("no")


async def test_an_emulator_that_does_not_run_is_to_be_started() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parts = "".join(f"{kind}Endpoint=http://127.0.0.1:{port}/a;" for kind in ("Blob", "Queue", "Table"))
    store = open_azure(
        Settings.from_env({"AzureWebJobsStorage": f"AccountName=a;AccountKey=a2V5;{parts}"}).storage
    )
    try:
        with pytest.raises(Unavailable, match="make serve STORE=azure"):
            await store.cases.ping()
    finally:
        await store.aclose()
