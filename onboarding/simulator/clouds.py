"""National clouds: their roots, and what each one's v1.0 lacks.

Roots: "National cloud deployments" (concepts/deployments). What is lacking: the v1.0 schemas of each cloud in
microsoftgraph/msgraph-metadata (August 2026), and pages marked global and US Government only.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

#: Cloud → the hosts of its Graph. The global one also serves GCC; no host of Bleu and Delos was looked up.
HOSTS: Mapping[str, tuple[str, ...]] = {
    "global": ("graph.microsoft.com",),
    "usgov": ("graph.microsoft.us",),
    "usgovdod": ("dod-graph.microsoft.us",),
    "china": ("microsoftgraph.chinacloudapi.cn",),
    "bleu": (),
    "delos": (),
}
CLOUDS = tuple(HOSTS)
_SOVEREIGN = frozenset({"phonemethods", "emailmethods", "temporaryaccesspassmethods"})
#: Cloud → path segments, in lower case, that no path of it has.
LACKS: Mapping[str, frozenset[str]] = {
    "china": frozenset(
        {"emailmethods", "temporaryaccesspassmethods", "authenticationmethodspolicy", "directoryaudits"}
    ),
    "bleu": _SOVEREIGN,
    "delos": _SOVEREIGN,
}


def lacking(cloud: str, path: str) -> str | None:
    """The first segment of a route's path that this cloud does not have; None where all are there."""
    missing = LACKS.get(cloud, frozenset())
    return next((segment for segment in path.split("/") if segment.lower() in missing), None)


def foreign(cloud: str, address: str) -> bool:
    """An address that carries the root of another cloud. What is no known root may be this tenant's."""
    try:
        host = (urlsplit(address).hostname or "").lower()
    except ValueError:
        return False
    return any(host in hosts for name, hosts in HOSTS.items() if name != cloud)
