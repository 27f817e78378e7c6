"""Two locks: the simulator never runs in Azure and never talks to another machine.

1. It refuses to start where the App Service variables below are set.
2. It binds loopback addresses only, and answers 403 to a peer that is not loopback or that came
   through a proxy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from onboarding.errors import ConfigurationError

#: Set by App Service and Azure Functions for every app they run.
AZURE_MARKS = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "FUNCTIONS_EXTENSION_VERSION")

#: A request with one of these came through a proxy: its real peer is not on this machine.
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-ARR-LOG-ID")


def refuse_in_azure(environ: Mapping[str, str]) -> None:
    """Raise ConfigurationError where this process looks like one that Azure started."""
    found = [name for name in AZURE_MARKS if environ.get(name)]
    if found:
        raise ConfigurationError(
            f"The simulator does not run in Azure: {', '.join(found)} is set. Set ONBOARDING_GRAPH=microsoft."
        )


def is_loopback(host: str | None) -> bool:
    """True for 127.0.0.0/8, ::1, the IPv4-mapped form, and the name localhost."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def refuse_other_hosts(host: str) -> None:
    """Raise ConfigurationError for a bind address that another machine could reach."""
    if not is_loopback(host):
        raise ConfigurationError("The simulator binds loopback addresses only. Use --host 127.0.0.1.")
