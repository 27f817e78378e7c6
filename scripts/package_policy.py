"""The company's policy in the package: `policy.toml` beside function_app.py, read here before Azure reads it.

A policy that cannot be used would stop the whole app (`onboarding.bootstrap`), so it stops the build instead. So does
one that keeps a delivery for longer than the storage account does (the lifecycle rule of infra/main.bicep): the body
would be gone while the case still counts on it.
"""

from __future__ import annotations

import re
from pathlib import Path

from onboarding import bootstrap
from onboarding.errors import ConfigurationError
from onboarding.settings import Settings
from scripts.package_dependencies import PackageError

NAME = "policy.toml"
#: The storage account's rule is the net below the service's own removal: it comes this many days later.
NET_DAYS = 7
_RULE = re.compile(r"^\s*deliveriesDays: (\d+)$", re.M)


def check(root: Path) -> str | None:
    """Name of the policy file of this folder, None without one. PackageError if Azure could not use it."""
    file = root / NAME
    if not file.is_file():
        return None
    try:
        retention = bootstrap.policy_of(Settings(policy_file=str(file))).retention
    except UnicodeDecodeError as exc:
        raise PackageError(f"{NAME}: save it as UTF-8.") from exc
    except ConfigurationError as exc:
        raise PackageError(f"{NAME}: {exc.message}") from exc
    most = longest(root)
    days = max(retention.delivered_days, retention.unresolved_days)
    if most is not None and days > most:
        raise PackageError(
            f"{NAME}: retention.delivered_days and unresolved_days: at most {most} in Azure, where the storage account "
            f"itself removes what is {NET_DAYS} days older (deliveriesDays in infra/main.bicep)."
        )
    return NAME


def longest(root: Path) -> int | None:
    """Days that a policy may keep the body of a delivery in Azure; None where there is no infrastructure."""
    main = root / "infra" / "main.bicep"
    found = _RULE.search(main.read_text(encoding="utf-8")) if main.is_file() else None
    return int(found[1]) - NET_DAYS if found else None
