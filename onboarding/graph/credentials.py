"""Who the service is to Graph, and to which hosts its token may go.

Azure: the user-assigned managed identity. A developer's machine: whoever is signed in (DefaultAzureCredential).
`ONBOARDING_GRAPH=simulated`: a pretend token that is sent to the loopback only; no Azure library is loaded.
National clouds differ by the root of Graph alone: scope = root + `/.default` (Learn "National cloud
deployments"); the login host is the credential's own setting (AZURE_AUTHORITY_HOST).
Everything of the SDK and of azure-identity is imported on first use.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from onboarding.errors import ConfigurationError
from onboarding.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Visibly not a token.
PRETEND_TOKEN = "pretend-token-for-the-simulator"  # noqa: S105


def check_base_url(settings: Settings) -> str:
    """The root of Graph without `/v1.0`. ConfigurationError unless https, or the loopback for the simulator."""
    parts = urlsplit(settings.graph_base_url)
    loopback = parts.hostname in LOOPBACK
    if settings.graph == "simulated" and not (loopback and parts.scheme in {"http", "https"}):
        raise ConfigurationError(
            "ONBOARDING_GRAPH_BASE_URL must be on 127.0.0.1 with ONBOARDING_GRAPH=simulated."
        )
    if settings.graph != "simulated" and (parts.scheme != "https" or not parts.hostname):
        raise ConfigurationError(
            "ONBOARDING_GRAPH_BASE_URL must be an https address such as https://graph.microsoft.us."
        )
    return settings.graph_base_url.rstrip("/")


def default_credential(settings: Settings) -> Any:
    """An async azure-identity credential; None for the simulator. The caller closes it."""
    if settings.graph == "simulated":
        return None
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if settings.in_azure:
        return ManagedIdentityCredential(client_id=settings.azure_client_id)
    return DefaultAzureCredential()


def authentication_provider(settings: Settings, credential: Any) -> Any:
    """The SDK's authentication provider. Tokens go to the host of `graph_base_url` and nowhere else.

    kiota asks `allowed_hosts` before each request, also for a next link that an answer names, and sends no
    token over plain http except to the loopback.
    """
    if credential is None:
        return _pretend_provider()
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )

    root = check_base_url(settings)
    return AzureIdentityAuthenticationProvider(
        credential, scopes=[root + "/.default"], allowed_hosts=[urlsplit(root).hostname or ""]
    )


def _pretend_provider() -> Any:
    from kiota_abstractions.authentication import (
        AccessTokenProvider,
        AllowedHostsValidator,
        BaseBearerTokenAuthenticationProvider,
    )

    class PretendTokenProvider(AccessTokenProvider):  # type: ignore[misc, unused-ignore]
        """The same token for every loopback address, none for anything else."""

        def __init__(self) -> None:
            self._hosts = AllowedHostsValidator(sorted(LOOPBACK))

        async def get_authorization_token(
            self, uri: str, additional_authentication_context: dict[str, Any] | None = None
        ) -> str:
            return PRETEND_TOKEN if self._hosts.is_url_host_valid(uri) else ""

        def get_allowed_hosts_validator(self) -> Any:
            return self._hosts

    return BaseBearerTokenAuthenticationProvider(PretendTokenProvider())
