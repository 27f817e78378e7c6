"""Who the service is, and to whom its token goes."""

import time
from dataclasses import replace

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from onboarding.errors import ConfigurationError, DeployerError, Unavailable
from onboarding.graph.client import GraphConnection
from onboarding.graph.credentials import check_base_url, default_credential
from onboarding.graph.directory import GraphDirectory
from onboarding.ports import NewUser
from onboarding.settings import Settings

GOV = Settings(graph="microsoft", graph_base_url="https://graph.microsoft.us")


class Credential:
    def __init__(self, error: Exception | None = None) -> None:
        self.scopes: list[tuple[str, ...]] = []
        self.error, self.closed = error, False

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        self.scopes.append(scopes)
        if self.error:
            raise self.error
        return AccessToken("real-token", int(time.time()) + 3600)

    async def close(self) -> None:
        self.closed = True


def connect(settings: Settings, credential: Credential | None, seen: list[httpx.Request]) -> GraphConnection:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "u"})

    async def sleep(seconds: float) -> None:
        pass

    return GraphConnection(
        settings, credential, sleep=sleep, fraction=lambda: 0.0, transport=httpx.MockTransport(answer)
    )


async def test_a_national_cloud_is_its_root_and_its_scope():
    credential = Credential()
    seen: list[httpx.Request] = []
    graph = connect(GOV, credential, seen)
    await GraphDirectory(graph).get_user("u")
    assert str(seen[0].url).startswith("https://graph.microsoft.us/v1.0/users/u?")
    assert seen[0].headers["authorization"] == "Bearer real-token"
    assert credential.scopes == [("https://graph.microsoft.us/.default",)]
    await graph.aclose()
    assert credential.closed


async def test_no_token_is_for_the_deployer_and_says_nothing_of_the_credentials_text():
    graph = connect(GOV, Credential(ClientAuthenticationError("secret text")), [])
    with pytest.raises(DeployerError) as caught:
        await GraphDirectory(graph).get_user("u")
    assert caught.value.code == "graph_sign_in"
    assert "secret text" not in str(caught.value)


async def test_a_sign_in_service_that_does_not_answer_passes_and_nothing_was_sent():
    seen: list[httpx.Request] = []
    graph = connect(GOV, Credential(ServiceRequestError("x")), seen)
    with pytest.raises(Unavailable):
        await GraphDirectory(graph).create_user(NewUser("a@b.c", "a", "A", "1", "pw"))
    assert seen == []


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (Settings(graph_base_url="http://simulator.example:7072"), "127.0.0.1"),
        (Settings(graph_base_url="https://graph.microsoft.com"), "127.0.0.1"),
        (Settings(graph_base_url="http://127.0.0.1.evil.example"), "127.0.0.1"),
        (replace(GOV, graph_base_url="http://graph.microsoft.com"), "https"),
        (replace(GOV, graph_base_url="graph.microsoft.com"), "https"),
        (replace(GOV, graph_base_url=""), "https"),
    ],
)
def test_an_address_that_does_not_fit_is_refused_before_anything_is_sent(settings, word):
    with pytest.raises(ConfigurationError, match=word):
        connect(settings, None, [])


@pytest.mark.parametrize("url", ["http://127.0.0.1:7072", "http://localhost:7072/", "http://[::1]:7072"])
async def test_the_loopback_is_fine_over_plain_http(url):
    seen: list[httpx.Request] = []
    graph = connect(Settings(graph_base_url=url), None, seen)
    await GraphDirectory(graph).get_user("u")
    assert str(seen[0].url).startswith(check_base_url(graph.settings) + "/v1.0/users/u")
    assert seen[0].headers["authorization"].startswith("Bearer pretend")


async def test_azure_uses_the_managed_identity_and_a_developer_whoever_is_signed_in():
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    in_azure = default_credential(
        replace(GOV, in_azure=True, azure_client_id="00000000-0000-0000-0000-000000000001")
    )
    at_home = default_credential(GOV)
    assert isinstance(in_azure, ManagedIdentityCredential)
    assert isinstance(at_home, DefaultAzureCredential)
    await in_azure.close()
    await at_home.close()
    assert default_credential(Settings()) is None


async def test_timeouts_are_set_and_the_client_is_made_once():
    graph = connect(Settings(graph_base_url="http://127.0.0.1:1"), None, [])
    directory = GraphDirectory(graph)
    await directory.get_user("u")
    first = graph._http
    await directory.get_user("u")
    assert graph._http is first
    assert first is not None
    assert None not in (first.timeout.connect, first.timeout.read, first.timeout.write, first.timeout.pool)


async def test_closing_what_was_never_used_is_fine():
    await connect(Settings(graph_base_url="http://127.0.0.1:1"), None, []).aclose()
