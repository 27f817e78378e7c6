"""Every reader of the closed package `vendors`, and the client of each source, made on first use."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from onboarding.domain.hire import FetchRef
from onboarding.hr_api import vendors
from onboarding.hr_api.client import Client
from onboarding.hr_api.reader import Reader
from onboarding.ports import HrRecord, ReaderRefused, hr
from onboarding.settings import SourceSettings


@functools.cache
def readers() -> Mapping[str, Reader]:
    """Every reader by slug. TypeError for a file without a `READER`, or of another name."""
    found: dict[str, Reader] = {}
    for item in sorted(pkgutil.iter_modules(vendors.__path__), key=lambda item: item.name):
        reader = getattr(importlib.import_module(f"{vendors.__name__}.{item.name}"), "READER", None)
        if not isinstance(reader, Reader) or reader.slug != item.name.replace("_", "-"):
            raise TypeError(
                f"onboarding/hr_api/vendors/{item.name}.py must define READER, named like its file."
            )
        found[reader.slug] = reader
    return MappingProxyType(found)


class Readers:
    """Reads by source. One client, and so one set of connections, for each source."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]], fraction: Callable[[], float], transport: Any = None
    ) -> None:
        self._sleep, self._fraction, self._transport = sleep, fraction, transport
        self._clients: dict[str, Client] = {}

    def settles_in(self, source: SourceSettings) -> timedelta:
        """How long after an event to wait; nothing where nothing can be read."""
        reader = readers().get(source.adapter)
        return reader.lag if reader else timedelta(0)

    async def read(self, source: SourceSettings, ref: FetchRef) -> HrRecord:
        """Raises ReaderRefused, RecordGone, Throttled, Unavailable."""
        reader = readers().get(source.adapter)
        if reader is None:
            raise ReaderRefused("There is no reader for this source's adapter.", code=hr.NO_READER)
        if ref.kind not in reader.kinds:
            raise ReaderRefused(
                f"The reader {reader.slug} cannot read this kind of record.", code=hr.NO_READER
            )
        return await reader.read(self._client(source, reader), ref)

    def _client(self, source: SourceSettings, reader: Reader) -> Client:
        if source.source not in self._clients:
            self._clients[source.source] = Client(
                source, reader.root, reader.credential, self._sleep, self._fraction, self._transport
            )
        return self._clients[source.source]

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
