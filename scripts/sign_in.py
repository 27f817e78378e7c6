"""Whose access tokens the scripts use: those of whoever signed in with the Azure CLI."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from scripts.tenant import LOOPBACK, Unreachable, check_root

#: Visibly not a token: sent to the loopback only, for tests.
PRETEND_TOKEN = "pretend-token-for-the-loopback"  # noqa: S105


def tokens(root: str, kind: str, tenant_id: str) -> Callable[[], str]:
    """A function that gives a token for the Graph at `root` (azure-identity caches it). Raises Unreachable.

    `kind`: `cli` (az login) or `default` (DefaultAzureCredential, for pipelines). `tenant_id` may be empty. On
    the loopback a pretend token is given, and no Azure library is loaded.
    """
    root = check_root(root)
    if urlsplit(root).hostname in LOOPBACK:
        return lambda: PRETEND_TOKEN
    # Its warnings repeat what the Azure CLI said, names and addresses included; our own text says what to do.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    from azure.core.exceptions import AzureError
    from azure.identity import AzureCliCredential, DefaultAzureCredential

    credential: AzureCliCredential | DefaultAzureCredential = (
        AzureCliCredential(tenant_id=tenant_id) if kind == "cli" else DefaultAzureCredential()
    )

    def token() -> str:
        try:
            return credential.get_token(f"{root}/.default").token
        except AzureError as exc:
            raise Unreachable(
                f"No token for Graph ({type(exc).__name__}): sign in with `az login --tenant <tenant id>`, in a"
                " national cloud after `az cloud set`."
            ) from exc

    return token
