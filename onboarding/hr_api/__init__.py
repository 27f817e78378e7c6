"""HR systems read through their own APIs: one file for each vendor in `vendors`, one client for all of them.

`open_hr` gives the port. Importing this package imports neither httpx nor a vendor; the first read does. A source is
read by the reader that has the name of its adapter; `ONBOARDING_HR_<SOURCE>_API_URL` is the only host it talks to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from onboarding.domain.hire import FetchRef
from onboarding.ports import HrRecord
from onboarding.settings import Settings, SourceSettings

if TYPE_CHECKING:
    from onboarding.hr_api.readers import Readers


class HrApis:
    """`ports.HrApi` over every configured source. `transport` replaces the network in tests."""

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], Awaitable[None]],
        fraction: Callable[[], float],
        transport: Any = None,
    ) -> None:
        self._settings, self._sleep, self._fraction, self._transport = settings, sleep, fraction, transport
        self._readers: Readers | None = None

    def settles_in(self, source: str) -> timedelta:
        return self._all().settles_in(self._source(source))

    async def read(self, source: str, ref: FetchRef) -> HrRecord:
        return await self._all().read(self._source(source), ref)

    async def aclose(self) -> None:
        """Close connections. Fine when nothing was ever read."""
        if self._readers is not None:
            await self._readers.aclose()

    def _source(self, source: str) -> SourceSettings:
        return self._settings.sources.get(source) or SourceSettings(source, source)

    def _all(self) -> Readers:
        if self._readers is None:
            from onboarding.hr_api.readers import Readers

            self._readers = Readers(self._sleep, self._fraction, self._transport)
        return self._readers


def open_hr(
    settings: Settings, *, sleep: Callable[[float], Awaitable[None]], fraction: Callable[[], float]
) -> HrApis:
    """Connects to nothing yet. `sleep` waits in seconds, `fraction` is in [0, 1) for jitter."""
    return HrApis(settings, sleep=sleep, fraction=fraction)
