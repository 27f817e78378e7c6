"""Which adapters exist: a scan of the closed package `onboarding.intake.vendors`.

One file, one constant `ADAPTER`. Nothing registers itself; a file without the constant is an error at once.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from onboarding.intake import vendors
from onboarding.intake.adapter import Adapter


@functools.cache
def adapters() -> Mapping[str, Adapter]:
    """Every adapter by slug, sorted. Raises TypeError for a vendor file without an `ADAPTER`."""
    found: dict[str, Adapter] = {}
    for item in sorted(pkgutil.iter_modules(vendors.__path__), key=lambda item: item.name):
        adapter = getattr(importlib.import_module(f"{vendors.__name__}.{item.name}"), "ADAPTER", None)
        if not isinstance(adapter, Adapter):
            raise TypeError(f"onboarding/intake/vendors/{item.name}.py must define ADAPTER, an Adapter.")
        if adapter.slug != item.name.replace("_", "-"):
            raise TypeError(
                f"onboarding/intake/vendors/{item.name}.py: the slug must follow the file's name."
            )
        found[adapter.slug] = adapter
    return MappingProxyType(found)


def find(slug: str) -> Adapter | None:
    """The adapter with this slug."""
    return adapters().get(slug)
