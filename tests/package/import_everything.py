"""Run isolated: import every compiled module of an unpacked package, and the SDKs that only Azure needs.

import_everything.py WWWROOT
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

SDKS = (
    "azure.data.tables.aio",
    "azure.storage.queue.aio",
    "azure.storage.blob.aio",
    "azure.identity.aio",
    "azure.core.pipeline.transport",
    "msgraph.graph_service_client",
    "kiota_authentication_azure.azure_identity_authentication_provider",
    "tzdata",
)


def native(folder: Path) -> list[str]:
    """Dotted names of the compiled modules."""
    paths = (path.relative_to(folder) for path in folder.rglob("*.so"))
    return sorted(".".join([*path.parent.parts, path.name.split(".")[0]]) for path in paths)


def failures(names: list[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as exc:
            found[name] = str(exc)
    return found


if __name__ == "__main__":
    dependencies = Path(sys.argv[1]) / ".python_packages" / "lib" / "site-packages"
    sys.path[:0] = [str(dependencies)]
    compiled = native(dependencies)
    # A compiled module may need its package first (cryptography's binding has no parent of its own).
    failed = failures([*SDKS, *(name for name in compiled if "__mypyc" not in name)])
    print(json.dumps({"native": compiled, "failed": failed}))
