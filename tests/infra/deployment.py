"""What the tests of the infrastructure share: where it lies, sample parameters, the functions as Azure sees them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.infra.bicep_syntax import Template

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
#: What has no default.
REQUIRED: dict[str, Any] = {
    "environmentName": "prod",
    "location": "westeurope",
    "domain": "contoso.example",
}
#: One of each kind of HR source.
SOURCES = [
    {"source": "standard-webhooks", "adapter": "standard-webhooks", "previousSecret": True},
    {
        "source": "ats-us",
        "adapter": "greenhouse",
        "apiUrl": "https://api.example/",
        "apiToken": True,
        "events": "hire_*,!*_deleted",
        "options": '{"a": 1}',
    },
]
Deployed = Callable[..., Template]

_INDEX = """
import json, function_app
bindings = lambda f: json.loads(f.get_function_json())["bindings"]
print(json.dumps({f.get_function_name(): bindings(f) for f in function_app.app.get_functions()}))
"""


@functools.cache
def functions() -> dict[str, list[dict[str, Any]]]:
    """Bindings by function name, as Azure would index them (in a fresh process: an app is indexed only once)."""
    done = subprocess.run(
        [sys.executable, "-c", _INDEX],
        cwd=ROOT,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    indexed: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return indexed
