"""The infrastructure as a deployment would make it, with parameters of the test's choice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.bicep import deploy
from tests.infra.deployment import INFRA, REQUIRED, Deployed, functions


@pytest.fixture
def deployed() -> Deployed:
    """`deployed(hrSources=…)` → the template; what is not named has a sane value."""
    return lambda **given: deploy(INFRA / "main.bicep", **{**REQUIRED, **given})


@pytest.fixture
def triggers() -> dict[str, dict[str, Any]]:
    """Trigger by function name."""
    return {
        name: next(binding for binding in bindings if binding["type"].lower().endswith("trigger"))
        for name, bindings in functions().items()
    }
