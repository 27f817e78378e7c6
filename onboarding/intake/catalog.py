"""Which adapters exist: a scan of the closed package `onboarding.intake.vendors`.

One file, one constant `ADAPTER`. Nothing registers itself; a file without the constant is an error at once.
A configured source is an adapter with that source's filter and options bound to it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from onboarding.errors import ConfigurationError
from onboarding.intake import vendors
from onboarding.intake.adapter import Adapter
from onboarding.settings import Settings, SourceSettings


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


def of_source(settings: Settings, source: str, slug: str) -> Adapter | None:
    """The adapter `slug` as this source is configured; None when there is no such adapter.

    Raises ConfigurationError when the source's options cannot be used, with what to mend.
    """
    configured = settings.sources.get(source)
    return bound(configured or SourceSettings(source, slug), slug)


@functools.lru_cache(maxsize=256)
def bound(source: SourceSettings, slug: str) -> Adapter | None:
    """`slug` may differ from the source's adapter of today: a delivery remembers its own."""
    adapter = find(slug)
    if adapter is None:
        return None
    if adapter.bind is not None:
        adapter = adapter.bind(adapter, source)
    return replace(adapter, patterns=source.events)


def problems(settings: Settings) -> dict[str, str]:
    """source → what to mend, for sources whose adapter is unknown or whose options cannot be used."""
    found: dict[str, str] = {}
    for name, source in sorted(settings.sources.items()):
        try:
            if bound(source, source.adapter) is None:
                known = ", ".join(adapters())
                found[name] = (
                    f"There is no adapter '{source.adapter}': name one in ONBOARDING_SOURCES, as "
                    f"{name}=adapter. Known: {known}."
                )
        except ConfigurationError as error:
            found[name] = error.message
    return found
